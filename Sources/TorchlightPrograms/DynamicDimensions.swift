import TorchlightCore

/// The dimensions of the inputs whose sizes a program does not fix, with a name and a range for each size.
///
/// The names in a dictionary literal are those of the leading dimensions of every input, in this order, as far as an input has them:
///
///     dynamic: ["batch": 1...512]
///     dynamic: ["batch": 1...64, "sequence": 1...1024]
///
/// Other dimensions are named by input:
///
///     dynamic: DynamicDimensions(
///         ["batch": 1...64, "sequence": 1...1024],
///         of: ["tokens": [0: "batch", 1: "sequence"], "lengths": [0: "batch"]])
///
/// Dimensions of one name have one size.
public struct DynamicDimensions: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// A dynamic size: its name and the sizes that a program accepts.
    public struct Size: Sendable, Hashable, CustomStringConvertible {
        /// The name of the size.
        public let name: String
        /// The smallest and the largest size.
        public let range: ClosedRange<Int>

        /// The name and the range.
        public var description: String { "\(name) in \(range)" }
    }

    let sizes: [Size]
    private let byInput: [String: [Int: String]]?

    /// Names the leading dimensions of every input.
    public init(dictionaryLiteral elements: (String, ClosedRange<Int>)...) {
        sizes = elements.map { Size(name: $0.0, range: $0.1) }
        byInput = nil
    }

    /// Names dimensions by input.
    ///
    /// - Parameters:
    ///   - sizes: the range of each dynamic size.
    ///   - dimensions: for each input with dynamic dimensions, the names by dimension. Negative dimensions count from the end.
    public init(_ sizes: KeyValuePairs<String, ClosedRange<Int>>, of dimensions: [String: [Int: String]]) {
        self.sizes = sizes.map { Size(name: $0.key, range: $0.value) }
        byInput = dimensions
    }

    /// For each input, the index of the size of each dimension; nil for fixed sizes.
    func indices(of inputs: [(name: String, shape: [Int])]) throws(TensorError) -> [[Int?]] {
        var seen = Set<String>()
        for size in sizes where !seen.insert(size.name).inserted {
            throw invalid("two dynamic sizes have one name", got: size.name, expected: "each name once")
        }
        for size in sizes where size.range.lowerBound < 0 {
            throw invalid("a dynamic size is negative", got: "\(size)", expected: "sizes of at least 0")
        }
        if let unknown = byInput?.keys.sorted().first(where: { name in !inputs.contains { $0.name == name } }) {
            throw invalid(
                "there is no input of this name", got: unknown,
                expected: "one of " + inputs.map(\.name).joined(separator: ", "))
        }
        var result: [[Int?]] = []
        for (input, shape) in inputs {
            var names = [Int?](repeating: nil, count: shape.count)
            if let byInput {
                for (dim, name) in byInput[input] ?? [:] {
                    let index = dim < 0 ? dim + shape.count : dim
                    guard shape.indices.contains(index) else {
                        throw invalid(
                            "the input \(input) has no such dimension", got: "\(dim)",
                            expected: "0 to \(shape.count - 1)")
                    }
                    guard let size = sizes.firstIndex(where: { $0.name == name }) else {
                        throw invalid(
                            "a dimension of \(input) has a name without a range", got: name,
                            expected: "a range for each name")
                    }
                    names[index] = size
                }
            } else {
                for i in sizes.indices.prefix(shape.count) { names[i] = i }
            }
            result.append(names)
        }
        for (index, size) in sizes.enumerated() {
            var known: Int?
            for ((name, shape), names) in zip(inputs, result) {
                for (number, dim) in zip(shape, names) where dim == index {
                    if let known, known != number {
                        throw invalid(
                            "the examples have several sizes \(size.name)", got: "\(known), and \(number) in \(name)",
                            expected: "one size, or names by input: DynamicDimensions(..., of: [...])")
                    }
                    known = number
                }
            }
            guard let known else {
                throw invalid("no input has the dynamic size", got: size.name, expected: "an input with this dimension")
            }
            guard size.range.contains(known) else {
                throw invalid(
                    "an example is outside of the range of \(size.name)", got: "\(known)", expected: "\(size.range)")
            }
        }
        return result
    }

    private func invalid(_ problem: String, got: String, expected: String) -> TensorError {
        TensorError(.value, in: "export", problem, got: got, expected: expected)
    }
}

extension SizePlan {
    /// The sizes for which a function is recorded: that of the examples, and two others in the range of each name. Small numbers behave
    /// in their own way, such as 1, which broadcasts, and equal ones would not be told apart; so they are distinct and above 1 where
    /// the ranges allow it.
    static func inRanges(
        _ sizes: [DynamicDimensions.Size], examples: [Int], avoiding fixed: Set<Int>
    ) throws(TensorError) -> SizePlan {
        var used = fixed
        var chosen: [[Int]] = []
        for (size, example) in zip(sizes, examples) {
            var numbers: [Int] = []
            // The second size is a near one. The third is larger by a factor, to find branches on sizes.
            func take(_ count: Int, from start: Int, _ isGood: (Int) -> Bool) {
                for distance in 0..<256 where numbers.count < count {
                    for candidate in [start + distance, start - distance] {
                        guard numbers.count < count, size.range.contains(candidate), !numbers.contains(candidate),
                            isGood(candidate)
                        else { continue }
                        numbers.append(candidate)
                    }
                }
            }
            for (count, start) in [(2, example), (3, min(2 * example + 1, size.range.upperBound))] {
                take(count, from: start) { $0 > 1 && !used.contains($0) }
                take(count, from: start) { $0 > 1 }
                take(count, from: start) { $0 > 0 }
                take(count, from: start) { _ in true }
            }
            guard numbers.count == 3 else {
                throw TensorError(
                    .value, in: "export", "the range of a dynamic size is too small", got: "\(size)",
                    expected: "at least 3 sizes", fix: "export a program for each size")
            }
            used.formUnion(numbers)
            chosen.append(numbers)
        }
        return SizePlan(base: chosen.map { $0[0] }, others: chosen.map { ($0[1], $0[2]) })
    }
}
