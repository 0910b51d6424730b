/// A size for each of two dimensions, height first: `3` stands for both, `[3, 5]` for each.
public struct Size2: Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The size along the height.
    public var height: Int
    /// The size along the width.
    public var width: Int
    /// Whether it was written as a pair, and is printed as one.
    private let isPair: Bool

    /// One size for both.
    public init(_ both: Int) {
        height = both
        width = both
        isPair = false
    }

    /// A size for each.
    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
        isPair = true
    }

    /// One number for both.
    public init(integerLiteral value: Int) { self.init(value) }

    /// Two sizes, or one for both.
    public init(arrayLiteral elements: Int...) {
        precondition(elements.count == 1 || elements.count == 2, "Size2: expected one or two sizes, got \(elements)")
        self.init(elements[0], elements[elements.count - 1])
    }

    /// "3" or "(3, 5)", as it was written.
    public var description: String { isPair || height != width ? "(\(height), \(width))" : "\(height)" }

    var dims: Dims { Dims(height, width) }
}

extension Size2: Hashable {
    /// Whether the sizes are equal, however they were written.
    public static func == (a: Size2, b: Size2) -> Bool { a.height == b.height && a.width == b.width }
    /// Hashes the sizes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(height)
        hasher.combine(width)
    }
}

/// A size for each of three dimensions, depth first: `3` stands for all, `[3, 5, 5]` for each.
public struct Size3: Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The size along the depth.
    public var depth: Int
    /// The size along the height.
    public var height: Int
    /// The size along the width.
    public var width: Int
    /// Whether it was written as three sizes, and is printed as such.
    private let isTriple: Bool

    /// One size for all.
    public init(_ all: Int) {
        (depth, height, width) = (all, all, all)
        isTriple = false
    }

    /// A size for each.
    public init(_ depth: Int, _ height: Int, _ width: Int) {
        (self.depth, self.height, self.width) = (depth, height, width)
        isTriple = true
    }

    /// One number for all.
    public init(integerLiteral value: Int) { self.init(value) }

    /// Three sizes, or one for all.
    public init(arrayLiteral elements: Int...) {
        precondition(elements.count == 1 || elements.count == 3, "Size3: expected one or three sizes, got \(elements)")
        self.init(elements[0], elements[elements.count / 2], elements[elements.count - 1])
    }

    /// "3" or "(3, 5, 5)", as it was written.
    public var description: String {
        isTriple || height != width || depth != height ? "(\(depth), \(height), \(width))" : "\(depth)"
    }

    var dims: Dims { Dims(depth, height, width) }
}

extension Size3: Hashable {
    /// Whether the sizes are equal, however they were written.
    public static func == (a: Size3, b: Size3) -> Bool { a.dims == b.dims }
    /// Hashes the sizes.
    public func hash(into hasher: inout Hasher) { hasher.combine(dims) }
}

/// What a convolution adds around its input: zeros by number, none, or as many as keep the size.
public struct ConvPadding: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    CustomStringConvertible
{
    /// One number for all dimensions or one for each; nil for `.same`.
    public let sizes: [Int]?

    /// As many zeros as keep the size; needs a stride of 1. An odd number has the extra zero at the end.
    public static let same = ConvPadding(sizes: nil)
    /// No zeros.
    public static let valid = ConvPadding(0)

    private init(sizes: [Int]?) { self.sizes = sizes }
    /// The same number on all sides.
    public init(_ all: Int) { sizes = [all] }
    /// A number along each dimension.
    public init(_ size: Size2) { sizes = [size.height, size.width] }
    /// A number along each dimension.
    public init(_ size: Size3) { sizes = [size.depth, size.height, size.width] }
    /// A number along each dimension.
    public init(_ sizes: [Int]) { self.sizes = sizes }

    /// One number for all.
    public init(integerLiteral value: Int) { self.init(value) }
    /// A size for each dimension, or one for all.
    public init(arrayLiteral elements: Int...) { sizes = elements }

    /// "1", "(1, 2)" or "same".
    public var description: String {
        guard let sizes else { return "same" }
        return sizes.count == 1 ? "\(sizes[0])" : "(" + sizes.map(String.init).joined(separator: ", ") + ")"
    }

    /// A number for each of so many dimensions; nil for `.same`.
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

/// The sizes that adaptive pooling gives a result: `3` for all dimensions, `[3, nil]` for each, where nil keeps a size.
public struct AdaptiveSize: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    CustomStringConvertible
{
    /// One size for all dimensions or one for each.
    public let sizes: [Int?]
    private let isSingle: Bool

    /// One size for all.
    public init(_ all: Int) {
        sizes = [all]
        isSingle = true
    }
    /// A size for each.
    public init(_ sizes: [Int?]) {
        self.sizes = sizes
        isSingle = false
    }
    /// One number for all.
    public init(integerLiteral value: Int) { self.init(value) }
    /// A size for each dimension; nil keeps that of the input.
    public init(arrayLiteral elements: Int?...) { self.init(elements) }

    /// "3", "(3, None)"
    public var description: String {
        if isSingle, let size = sizes[0] { return "\(size)" }
        let texts = sizes.map { $0.map { "\($0)" } ?? "None" }
        return texts.count == 1 ? "(\(texts[0]),)" : "(" + texts.joined(separator: ", ") + ")"
    }

    /// The sizes of the result over the last dimensions of `x`, after the checks.
    func dims(_ spatial: Int, over x: Tensor, in operation: String) throws(TensorError) -> Dims {
        guard x.rank == spatial + 1 || x.rank == spatial + 2 else {
            throw TensorError(
                .shape, in: operation, "the input has not the number of dimensions of \(spatial)-d pooling",
                expected: "[N, C, \(Window.spatialNames(spatial))], or the same without N", operands: [x])
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
                .shape, in: operation, "there is nothing to pool", expected: "sizes of at least 1 but for the batch",
                operands: [x])
        }
        return result
    }
}

/// The numbers of a window that slides over one to three dimensions.
package struct Window: Sendable, Hashable, Codable {
    package var kernel: Dims
    package var stride: Dims
    package var padding: Dims
    package var dilation: Dims

    package var spatial: Int { kernel.count }

    /// The last dimensions as errors name them.
    static func spatialNames(_ spatial: Int) -> String {
        switch spatial {
        case 1: "length"
        case 2: "height, width"
        default: "depth, height, width"
        }
    }

    /// Refuses numbers that no window has.
    func check(in operation: String, _ x: some Described) throws(TensorError) {
        func refuse(_ what: String, _ got: Dims, _ rule: String) -> TensorError {
            TensorError(.value, in: operation, "\(what) is out of range", got: "\(got)", expected: rule, operands: [x])
        }
        // Numbers beyond 32 bits would overflow in the sums below, and no window needs them.
        let limit = Int(Int32.max)
        func holds(_ numbers: Dims, from low: Int) -> Bool { numbers.allSatisfy { $0 >= low && $0 <= limit } }
        guard holds(kernel, from: 1) else { throw refuse("the kernel size", kernel, "1 ... \(limit)") }
        guard holds(stride, from: 1) else { throw refuse("the stride", stride, "1 ... \(limit)") }
        guard holds(dilation, from: 1) else { throw refuse("the dilation", dilation, "1 ... \(limit)") }
        guard holds(padding, from: 0) else { throw refuse("the padding", padding, "0 ... \(limit)") }
    }

    /// The number of positions of the window over `x`, whose last dimensions it slides over.
    func positions(over x: some Described, ceilMode: Bool = false, in operation: String) throws(TensorError) -> Dims {
        var result = Dims()
        let lead = x.rank - spatial
        for i in 0..<spatial {
            let size = x.layout.shape[lead + i]
            let reach = dilation[i] * (kernel[i] - 1) + 1
            let free = size + 2 * padding[i] - reach
            guard free >= 0 && size > 0 else {
                throw TensorError(
                    .shape, in: operation, "the window is larger than the padded input in dimension \(lead + i)",
                    got: "a window that reaches over \(reach) of \(size + 2 * padding[i])",
                    expected: "a smaller kernel or more padding", operands: [x])
            }
            var count = free / stride[i] + 1
            if ceilMode {
                count = (free + stride[i] - 1) / stride[i] + 1
                // The last window must start inside the input or the padding before it.
                if (count - 1) * stride[i] >= size + padding[i] { count -= 1 }
            }
            result.append(count)
        }
        return result
    }
}

/// Up to three numbers as C has them.
func triple(_ dims: Dims) -> (Int64, Int64, Int64) {
    (
        Int64(dims.count > 0 ? dims[0] : 1), Int64(dims.count > 1 ? dims[1] : 1), Int64(dims.count > 2 ? dims[2] : 1)
    )
}
