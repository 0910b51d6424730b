/// The dimensions of the inputs whose sizes an exported function does not fix, with a name for each size.
///
/// A list names the leading dimensions of every input, as far as an input has them; nil leaves a size fixed:
///
///     dynamic: ["batch", "sequence"]
///
/// A dictionary of ranges does so too, and says which sizes are accepted:
///
///     dynamic: ["batch": 1...64, "sequence": 1...1024]
///
/// A dictionary with the names of inputs names their dimensions. Negative dimensions count from the end. It may have ranges for
/// these names, in any order:
///
///     dynamic: ["tokens": [0: "batch", 1: "sequence"], "mask": [1: "sequence"], "sequence": 1...1024]
///
/// Dimensions of one name have one size.
public struct DynamicDimensions: Sendable, Hashable, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// A dynamic size: its name and the sizes that are accepted.
    public struct Size: Sendable, Hashable, CustomStringConvertible {
        /// The name of the size.
        public let name: String
        /// The smallest and the largest size.
        public let range: ClosedRange<Int>

        package init(name: String, range: ClosedRange<Int>) {
            (self.name, self.range) = (name, range)
        }

        /// The name and the range.
        public var description: String { "\(name) in \(range)" }
    }

    /// The range of a size for which none is given.
    package static let defaultRange = 1...65_536

    private var leading: [String?] = []
    private var ranges: [Size] = []
    private var byInput: [String: [Int: String]] = [:]

    /// Names the leading dimensions of every input. nil leaves a size fixed.
    public init(_ leading: [String?]) { self.leading = leading }

    /// Names the leading dimensions of every input. nil leaves a size fixed.
    public init(arrayLiteral elements: String?...) { self.init(elements) }

    /// Names dimensions by input.
    ///
    /// - Parameters:
    ///   - ranges: The accepted sizes for each name that has limits. Default: none.
    ///   - dimensions: For each input with dynamic dimensions, the names by dimension. Negative dimensions count from the end.
    public init(_ ranges: KeyValuePairs<String, ClosedRange<Int>> = [:], of dimensions: [String: [Int: String]]) {
        self.ranges = ranges.map { Size(name: $0.key, range: $0.value) }
        byInput = dimensions
    }

    /// Names the leading dimensions of every input with ranges, or dimensions by input.
    ///
    /// A key with a range is the name of a size. A key with a dictionary is the name of an input; the last of equal ones counts.
    public init(dictionaryLiteral elements: (String, any DynamicDimensionsElement)...) {
        for (key, value) in elements {
            if let range = value as? ClosedRange<Int> { ranges.append(Size(name: key, range: range)) }
            if let dimensions = value as? [Int: String] { byInput[key] = dimensions }
        }
        if byInput.isEmpty { leading = ranges.map(\.name) }
    }

    /// The dynamic sizes of inputs, in the order of ranges and of first use, and for each input the index of the size of each
    /// dimension; nil for fixed sizes. The range of a size is nil if none was given.
    package func resolved(
        for inputs: [(name: String, shape: [Int])], in operation: String
    ) throws(TensorError) -> (sizes: [(name: String, range: ClosedRange<Int>?, example: Int)], indices: [[Int?]]) {
        func invalid(_ problem: String, got: String, expected: String, fix: String? = nil) -> TensorError {
            TensorError(.value, in: operation, problem, got: got, expected: expected, fix: fix)
        }
        let known = inputs.map(\.name)
        if let unknown = byInput.keys.sorted().first(where: { !known.contains($0) }) {
            throw invalid(
                "dynamic: names an input that does not exist", got: unknown, expected: known.joined(separator: " or "))
        }
        let given = leading.compactMap { $0 } + ranges.map(\.name) + byInput.values.flatMap(\.values)
        guard !given.contains("") else {
            throw invalid("the name of a dynamic size is empty", got: "''", expected: "a name, or nil for a fixed size")
        }
        var order: [(name: String, range: ClosedRange<Int>?)] = []
        for size in ranges {
            guard !order.contains(where: { $0.name == size.name }) else {
                throw invalid("two dynamic sizes have one name", got: size.name, expected: "each name once")
            }
            guard size.range.lowerBound >= 0 else {
                throw invalid("a dynamic size is negative", got: "\(size)", expected: "sizes of at least 0")
            }
            order.append((size.name, size.range))
        }
        var examples: [Int: (size: Int, input: String)] = [:]
        var indices: [[Int?]] = []
        for (input, shape) in inputs {
            var names = shape.indices.map { $0 < leading.count ? leading[$0] : nil }
            for (dim, name) in byInput[input] ?? [:] {
                let index = dim < 0 ? dim + shape.count : dim
                guard shape.indices.contains(index) else {
                    throw invalid(
                        "the input \(input) has no dimension \(dim)", got: "shape \(shape)",
                        expected: "dimensions of the input")
                }
                names[index] = name
            }
            indices.append(
                names.map { name in
                    guard let name else { return nil }
                    if let index = order.firstIndex(where: { $0.name == name }) { return index }
                    order.append((name, nil))
                    return order.count - 1
                })
            for (size, index) in zip(shape, indices[indices.count - 1]) {
                guard let index else { continue }
                let name = order[index].name
                if let other = examples[index], other.size != size {
                    throw invalid(
                        "the examples have several sizes \(name)",
                        got: "\(other.size) in the input \(other.input) and \(size) in \(input)",
                        expected: "one size", fix: "name dimensions by input: dynamic: [\"\(input)\": [0: \"\(name)\"]]"
                    )
                }
                examples[index] = (size, input)
            }
        }
        for name in leading.compactMap({ $0 }) where !order.contains(where: { $0.name == name }) {
            order.append((name, nil))
        }
        var sizes: [(name: String, range: ClosedRange<Int>?, example: Int)] = []
        for (index, size) in order.enumerated() {
            guard let example = examples[index]?.size else {
                throw invalid(
                    "no input has the dynamic size", got: size.name, expected: "an input with this dimension")
            }
            guard size.range?.contains(example) != false else {
                throw invalid(
                    "an example is outside of the range of \(size.name)", got: "\(example)",
                    expected: "\(size.range!.lowerBound) to \(size.range!.upperBound)")
            }
            sizes.append((size.name, size.range, example))
        }
        return (sizes, indices)
    }
}

/// What a dictionary literal of ``DynamicDimensions`` has for a key: `ClosedRange<Int>`, the accepted sizes of a name, or
/// `[Int: String]`, the names of the dimensions of an input. Other types do not conform.
public protocol DynamicDimensionsElement: Sendable {}

extension ClosedRange: DynamicDimensionsElement where Bound == Int {}
extension Dictionary: DynamicDimensionsElement where Key == Int, Value == String {}
