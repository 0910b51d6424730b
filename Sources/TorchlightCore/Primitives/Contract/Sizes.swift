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

/// What a convolution adds around its input: zeros by number, none, or as many as keep the size.
public struct ConvPadding: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    CustomStringConvertible
{
    /// nil for `.same`.
    public let size: Size2?

    /// As many zeros as keep the size; needs a stride of 1. An odd number has the extra zero at the end.
    public static let same = ConvPadding(size: nil)
    /// No zeros.
    public static let valid = ConvPadding(0)

    private init(size: Size2?) { self.size = size }
    /// The same number on all sides.
    public init(_ all: Int) { size = Size2(all) }
    /// A number along each dimension.
    public init(_ size: Size2) { self.size = size }

    /// One number for both.
    public init(integerLiteral value: Int) { self.init(value) }
    /// Two sizes, or one for both.
    public init(arrayLiteral elements: Int...) {
        precondition(
            elements.count == 1 || elements.count == 2, "ConvPadding: expected one or two sizes, got \(elements)")
        size = Size2(elements[0], elements[elements.count - 1])
    }

    /// "1", "(1, 2)" or "same".
    public var description: String { size.map(\.description) ?? "same" }
}

/// The numbers of a window that slides over one to three dimensions.
package struct Window: Sendable, Hashable {
    package var kernel: Dims
    package var stride: Dims
    package var padding: Dims
    package var dilation: Dims

    package var spatial: Int { kernel.count }

    /// Refuses numbers that no window has.
    func check(in operation: String, _ x: Tensor) throws(TensorError) {
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
    func positions(over x: Tensor, ceilMode: Bool = false, in operation: String) throws(TensorError) -> Dims {
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
