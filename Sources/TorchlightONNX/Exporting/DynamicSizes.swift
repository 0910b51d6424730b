/// The dimensions of the inputs whose sizes an exported model does not fix, with a name for each size.
///
/// A list names the leading dimensions of every input; nil leaves a size fixed:
///
///     dynamic: ["batch", "sequence"]
///
/// A dictionary names dimensions by input:
///
///     dynamic: ["tokens": [0: "batch", 1: "sequence"], "mask": [1: "sequence"]]
///
/// Dimensions of one name have one size.
public struct DynamicSizes: Sendable, Hashable, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    private var leading: [String?] = []
    private var byInput: [String: [Int: String]] = [:]

    /// The names of the leading dimensions of every input, as far as an input has them.
    public init(_ leading: [String?]) { self.leading = leading }

    /// The names by input and dimension.
    public init(byInput: [String: [Int: String]]) { self.byInput = byInput }

    /// The names of the leading dimensions of every input. nil leaves a size fixed.
    public init(arrayLiteral elements: String?...) { self.init(elements) }

    /// Names by input and dimension. The last of equal keys counts.
    public init(dictionaryLiteral elements: (String, [Int: String])...) {
        self.init(byInput: Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }

    /// For each input, the name of each dimension; nil for fixed sizes.
    func names(of inputs: [(name: String, shape: [Int])]) throws -> [[String?]] {
        let known = inputs.map(\.name)
        for name in byInput.keys.sorted() where !known.contains(name) {
            throw Problem(
                "there is no input \(quoted(name)), whose sizes shall be dynamic",
                expected: "one of the inputs " + known.map(quoted).joined(separator: ", "), kind: .invalid)
        }
        guard !leading.contains(""), !byInput.values.contains(where: { $0.values.contains("") }) else {
            throw Problem(
                "the name of a dynamic size is empty", expected: "a name, or nil for a fixed size", kind: .invalid)
        }
        var result: [[String?]] = []
        var sizes: [String: (size: Int, input: String)] = [:]
        for (input, shape) in inputs {
            var names = shape.indices.map { $0 < leading.count ? leading[$0] : nil }
            for (dim, name) in byInput[input] ?? [:] {
                let index = dim < 0 ? dim + shape.count : dim
                guard shape.indices.contains(index) else {
                    throw Problem(
                        "the input \(quoted(input)) has no dimension \(dim)", expected: "0 to \(shape.count - 1)",
                        kind: .invalid)
                }
                names[index] = name
            }
            for (name, size) in zip(names, shape) {
                guard let name else { continue }
                if let other = sizes[name], other.size != size {
                    throw Problem(
                        "the size \(quoted(name)) is \(other.size) in the input \(quoted(other.input)) and \(size) in "
                            + quoted(input),
                        expected: "one size, or names by input: dynamic: [\"\(input)\": [0: \"\(name)\"]]",
                        kind: .invalid)
                }
                sizes[name] = (size, input)
            }
            result.append(names)
        }
        return result
    }
}

/// A size as it is in each recording of a function: one number for each choice of the dynamic sizes.
struct Size: Hashable {
    var values: [Int]

    init(_ values: [Int]) { self.values = values }

    /// The number, if it is the same in every recording.
    var fixed: Int? { values.allSatisfy { $0 == values[0] } ? values[0] : nil }

    static func combine(_ a: Size, _ b: Size, _ body: (Int, Int) -> Int) -> Size {
        Size(zip(a.values, b.values).map(body))
    }
}

extension [Size] {
    /// The numbers, if none depends on a dynamic size.
    var fixed: [Int]? {
        let numbers = compactMap(\.fixed)
        return numbers.count == count ? numbers : nil
    }
}
