import TorchlightCore

/// Padding sizes of a padding layer: one size for all sides, as in `2`, or the sizes before and after the last dimension, then
/// before and after the second last dimension and so on, as in `[left, right, top, bottom]`.
public struct PaddingSize: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    /// One size for all sides, or one for each side.
    public let sizes: [Int]

    /// Creates equal padding on all sides.
    public init(_ all: Int) { sizes = [all] }
    /// Creates padding with a size for each side.
    public init(_ sizes: [Int]) { self.sizes = sizes }
    /// Creates equal padding on all sides.
    public init(integerLiteral value: Int) { self.init(value) }
    /// Creates padding with a size for each side.
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// One size for all sides, or one for each side.
    @available(*, deprecated, renamed: "sizes")
    public var widths: [Int] { sizes }
}

/// The earlier name of ``PaddingSize``.
@available(*, deprecated, renamed: "PaddingSize")
public typealias PadWidths = PaddingSize

/// Base class of the padding layers.
public class BorderLayer: Module, Layer {
    /// The padding sizes before and after the last dimension, then before and after the second last dimension and so on.
    public final let padding: [Int]
    /// The padding mode.
    public final let mode: PadMode
    /// The value of the padding with mode `.constant`.
    public final let value: Scalar

    init(_ name: String, _ padding: PaddingSize, _ spatial: Int, _ mode: PadMode, value: Scalar = .int(0)) {
        let sizes = padding.sizes
        if sizes.count != 1 && sizes.count != 2 * spatial {
            reportFailure(
                TensorError(
                    .value, in: name, "the number of padding sizes does not match \(quantity(spatial, "dimension"))",
                    got: "\(sizes)",
                    expected: "1 size for all sides, or \(quantity(2 * spatial, "size"))"))
        }
        self.padding = sizes.count == 1 ? Array(repeating: sizes[0], count: 2 * spatial) : sizes
        self.mode = mode
        self.value = value
        super.init()
    }

    /// Returns x with padding.
    public final func forward(_ x: Tensor) -> Tensor {
        switch value {
        case .bool(let value): x.pad(padding, mode: mode, value: value)
        case .int(let value): x.pad(padding, mode: mode, value: value)
        case .double(let value): x.pad(padding, mode: mode, value: value)
        case .complex(let value): x.pad(padding, mode: mode, value: value)
        }
    }

    public override var extraDescription: String { Printed.tuple(padding) }
}

/// Pads the last dimension by reflecting the input at its edges, without repeating the edge elements (reflection
/// padding).
///
/// Shapes: `[*, L] -> [*, before + L + after]`. A padding must be smaller than the size of its dimension.
/// `ReflectionPad1d(2)` maps `[0, 1, 2, 3]` to `[2, 1, 0, 1, 2, 3, 2, 1]`.
public final class ReflectionPad1d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ReflectionPad1d", padding, 1, .reflect) }
}

/// Pads the last two dimensions by reflecting the input at its edges, without repeating the edge elements (reflection
/// padding).
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`. A padding must be smaller than the size of its
/// dimension.
public final class ReflectionPad2d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ReflectionPad2d", padding, 2, .reflect) }
}

/// Pads the last three dimensions by reflecting the input at its edges, without repeating the edge elements
/// (reflection padding).
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`. A padding must be smaller
/// than the size of its dimension.
public final class ReflectionPad3d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom, front, back]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ReflectionPad3d", padding, 3, .reflect) }
}

/// Pads the last dimension by repeating the elements at the edges (replication padding).
///
/// Shapes: `[*, L] -> [*, before + L + after]`. `ReplicationPad1d(2)` maps `[0, 1, 2, 3]` to
/// `[0, 0, 0, 1, 2, 3, 3, 3]`.
public final class ReplicationPad1d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ReplicationPad1d", padding, 1, .replicate) }
}

/// Pads the last two dimensions by repeating the elements at the edges (replication padding).
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`.
public final class ReplicationPad2d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ReplicationPad2d", padding, 2, .replicate) }
}

/// Pads the last three dimensions by repeating the elements at the edges (replication padding).
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`.
public final class ReplicationPad3d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom, front, back]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ReplicationPad3d", padding, 3, .replicate) }
}

/// Pads the last dimension with the elements of the opposite side (circular padding).
///
/// Shapes: `[*, L] -> [*, before + L + after]`. A padding must not be larger than the size of its dimension.
/// `CircularPad1d(2)` maps `[0, 1, 2, 3]` to `[2, 3, 0, 1, 2, 3, 0, 1]`.
public final class CircularPad1d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("CircularPad1d", padding, 1, .circular) }
}

/// Pads the last two dimensions with the elements of the opposite side (circular padding).
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`. A padding must not be larger than the size of its
/// dimension.
public final class CircularPad2d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("CircularPad2d", padding, 2, .circular) }
}

/// Pads the last three dimensions with the elements of the opposite side (circular padding).
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`. A padding must not be larger
/// than the size of its dimension.
public final class CircularPad3d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom, front, back]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("CircularPad3d", padding, 3, .circular) }
}

/// Pads the last dimension with zeros.
///
/// Shapes: `[*, L] -> [*, before + L + after]`.
public final class ZeroPad1d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ZeroPad1d", padding, 1, .constant) }
}

/// Pads the last two dimensions with zeros.
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`.
public final class ZeroPad2d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ZeroPad2d", padding, 2, .constant) }
}

/// Pads the last three dimensions with zeros.
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`.
public final class ZeroPad3d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom, front, back]`. Negative sizes crop.
    public init(_ padding: PaddingSize) { super.init("ZeroPad3d", padding, 3, .constant) }
}

/// Pads the last dimension with a constant value.
///
/// Shapes: `[*, L] -> [*, before + L + after]`.
public final class ConstantPad1d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right]`. Negative sizes crop.
    public init(_ padding: PaddingSize, _ value: some TensorScalar) {
        super.init("ConstantPad1d", padding, 1, .constant, value: value.scalar)
    }

    public override var extraDescription: String { describeConstant }
}

/// Pads the last two dimensions with a constant value.
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`.
public final class ConstantPad2d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom]`. Negative sizes crop.
    public init(_ padding: PaddingSize, _ value: some TensorScalar) {
        super.init("ConstantPad2d", padding, 2, .constant, value: value.scalar)
    }

    public override var extraDescription: String { describeConstant }
}

/// Pads the last three dimensions with a constant value.
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`.
public final class ConstantPad3d: BorderLayer {
    /// Creates the layer with one padding size for all sides, or `[left, right, top, bottom, front, back]`. Negative sizes crop.
    public init(_ padding: PaddingSize, _ value: some TensorScalar) {
        super.init("ConstantPad3d", padding, 3, .constant, value: value.scalar)
    }

    public override var extraDescription: String { describeConstant }
}

extension BorderLayer {
    fileprivate var describeConstant: String {
        "padding=\(Printed.tuple(padding)), value=\(Printed.scalar(value))"
    }
}
