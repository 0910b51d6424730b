/// The padding of a convolution: a number of zeros, `.valid` or `.same`.
public struct ConvPadding: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    CustomStringConvertible
{
    /// The padding of all dimensions, or of each; nil for `.same`.
    public let sizes: [Int]?

    /// Padding such that the output has the size of the input; requires stride 1. If the total is odd, the extra zero
    /// is added at the end.
    public static let same = ConvPadding(sizes: nil)
    /// No padding.
    public static let valid = ConvPadding(0)

    private init(sizes: [Int]?) { self.sizes = sizes }
    /// The same padding for all dimensions.
    public init(_ all: Int) { sizes = [all] }
    /// A padding for each dimension.
    public init(_ size: Size2) { sizes = [size.height, size.width] }
    /// A padding for each dimension.
    public init(_ size: Size3) { sizes = [size.depth, size.height, size.width] }
    /// A padding for each dimension.
    public init(_ sizes: [Int]) { self.sizes = sizes }

    /// The same padding for all dimensions.
    public init(integerLiteral value: Int) { self.init(value) }
    /// A padding for each dimension, or one for all.
    public init(arrayLiteral elements: Int...) { sizes = elements }

    /// The padding as text: "1", "(1, 2)" or "same".
    public var description: String {
        guard let sizes else { return "same" }
        return sizes.count == 1 ? "\(sizes[0])" : "(" + sizes.map(String.init).joined(separator: ", ") + ")"
    }

    /// A number for each dimension; nil for `.same`.
    package func each(_ spatial: Int, in operation: String) throws(TensorError) -> [Int]? {
        guard let sizes else { return nil }
        guard sizes.count == 1 || sizes.count == spatial else {
            throw TensorError(
                .value, in: operation, "the padding is not for \(quantity(spatial, "dimension"))", got: "\(self)",
                expected: spatial == 1 ? "one number" : "one number or \(spatial)")
        }
        return sizes.count == 1 ? Array(repeating: sizes[0], count: spatial) : sizes
    }
}

/// The output size of adaptive pooling: `3` for all dimensions, or `[3, nil]` with a size for each; nil keeps the size
/// of the input.
public struct AdaptiveSize: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    CustomStringConvertible
{
    /// The output size of all dimensions, or of each; nil keeps the size of the input.
    public let sizes: [Int?]
    private let isSingle: Bool

    /// The same output size for all dimensions.
    public init(_ all: Int) {
        sizes = [all]
        isSingle = true
    }
    /// An output size for each dimension.
    public init(_ sizes: [Int?]) {
        self.sizes = sizes
        isSingle = false
    }
    /// The same output size for all dimensions.
    public init(integerLiteral value: Int) { self.init(value) }
    /// An output size for each dimension; nil keeps the size of the input.
    public init(arrayLiteral elements: Int?...) { self.init(elements) }

    /// The output size as text: "3" or "(3, None)".
    public var description: String {
        if isSingle, let size = sizes[0] { return "\(size)" }
        let texts = sizes.map { $0.map { "\($0)" } ?? "None" }
        return texts.count == 1 ? "(\(texts[0]),)" : "(" + texts.joined(separator: ", ") + ")"
    }

    /// The sizes of the result over the last dimensions of `x`, after the checks.
    func dims(_ spatial: Int, over x: Tensor, in operation: String) throws(TensorError) -> Dims {
        guard x.rank == spatial + 1 || x.rank == spatial + 2 else {
            throw Window.rankError(spatial, takesOneImage: true, in: operation, x)
        }
        guard sizes.count == spatial || isSingle else {
            throw TensorError(
                .value, in: operation, "the output size is not for \(quantity(spatial, "dimension"))", got: "\(self)",
                expected: spatial == 1 ? "one size" : "one size or \(spatial)", operands: [x])
        }
        let lead = x.rank - spatial
        var result = Dims()
        for i in 0..<spatial { result.append((isSingle ? sizes[0] : sizes[i]) ?? x.layout.shape[lead + i]) }
        guard result.allSatisfy({ $0 >= 0 }) else {
            throw TensorError(
                .value, in: operation, "a size of the output is negative", got: "\(self)",
                expected: "sizes that are not negative", operands: [x])
        }
        guard (0..<x.rank).allSatisfy({ x.layout.shape[$0] > 0 || (lead == 2 && $0 == 0) }) else {
            throw TensorError(
                .shape, in: operation, "the input has a dimension of size 0",
                expected: "sizes of at least 1, except that of the batch",
                operands: [x])
        }
        return result
    }
}
