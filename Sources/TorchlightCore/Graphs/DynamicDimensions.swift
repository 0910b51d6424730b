/// The dimensions of the inputs of an exported function whose sizes are dynamic, with a name for each size.
///
/// A list names the leading dimensions of every input; names beyond the dimensions of an input are ignored. nil is a
/// fixed size:
///
///     dynamic: ["batch", "sequence"]
///
/// A dictionary of ranges names the leading dimensions too, with the accepted sizes:
///
///     dynamic: ["batch": 1...64, "sequence": 1...1024]
///
/// A dictionary of input names names dimensions of these inputs. Negative dimensions count from the end. It may also
/// contain ranges for the names of sizes, in any order:
///
///     dynamic: ["tokens": [0: "batch", 1: "sequence"], "mask": [1: "sequence"], "sequence": 1...1024]
///
/// Dimensions with the same name have the same size.
public struct DynamicDimensions: Sendable, Hashable, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// A dynamic size: its name and its range.
    public struct Size: Sendable, Hashable, CustomStringConvertible {
        /// The name of the size.
        public let name: String
        /// The smallest and the largest accepted size.
        public let range: ClosedRange<Int>

        package init(name: String, range: ClosedRange<Int>) {
            (self.name, self.range) = (name, range)
        }

        /// The name and the range.
        public var description: String { "\(name) in \(range)" }
    }

    /// The range of a size without a given range.
    package static let defaultRange = 1...65_536

    private var leading: [String?] = []
    private var ranges: [Size] = []
    private var byInput: [String: [Int: String]] = [:]

    /// Names the leading dimensions of every input. nil is a fixed size.
    public init(_ leading: [String?]) { self.leading = leading }

    /// Names the leading dimensions of every input. nil is a fixed size.
    public init(arrayLiteral elements: String?...) { self.init(elements) }

    /// Names dimensions by input.
    ///
    /// - Parameters:
    ///   - ranges: The accepted sizes by name. Default: no ranges; sizes are then 1 to 65536.
    ///   - dimensions: For each input with dynamic dimensions, the names by dimension. Negative dimensions count from
    ///     the end.
    public init(_ ranges: KeyValuePairs<String, ClosedRange<Int>> = [:], of dimensions: [String: [Int: String]]) {
        self.ranges = ranges.map { Size(name: $0.key, range: $0.value) }
        byInput = dimensions
    }

    /// Names the leading dimensions of every input with ranges, or dimensions by input.
    ///
    /// A key with a range is the name of a size. A key with a dictionary is the name of an input. Of equal keys the
    /// last is used.
    public init(dictionaryLiteral elements: (String, any DynamicDimensionsElement)...) {
        for (key, value) in elements {
            if let range = value as? ClosedRange<Int> { ranges.append(Size(name: key, range: range)) }
            if let dimensions = value as? [Int: String] { byInput[key] = dimensions }
        }
        if byInput.isEmpty { leading = ranges.map(\.name) }
    }

    /// The dynamic sizes of the inputs, in the order of ranges and of first use, and for each input and dimension the
    /// index of its size; nil for fixed sizes. The range of a size is nil if none was given.
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
                throw invalid("two dynamic sizes have the same name", got: size.name, expected: "each name once")
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
                        "the examples have different sizes for \(name)",
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
                    "an example is outside the range of \(size.name)", got: "\(example)",
                    expected: "\(size.range!.lowerBound) to \(size.range!.upperBound)")
            }
            sizes.append((size.name, size.range, example))
        }
        return (sizes, indices)
    }
}

/// A value in a dictionary literal of ``DynamicDimensions``: `ClosedRange<Int>`, the accepted sizes of a name, or
/// `[Int: String]`, the names of the dimensions of an input. Other types must not conform.
public protocol DynamicDimensionsElement: Sendable {}

extension ClosedRange: DynamicDimensionsElement where Bound == Int {}
extension Dictionary: DynamicDimensionsElement where Key == Int, Value == String {}
