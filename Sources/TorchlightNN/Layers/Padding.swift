import TorchlightCore

/// The widths of a border: `2` on every side, or before and after the last dimension, then the one in front of it, ...
public struct PadWidths: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    /// One width for every side or one for each.
    public let widths: [Int]

    /// One width for every side.
    public init(_ all: Int) { widths = [all] }
    /// A width for each side.
    public init(_ widths: [Int]) { self.widths = widths }
    /// One width for every side.
    public init(integerLiteral value: Int) { self.init(value) }
    /// A width for each side.
    public init(arrayLiteral elements: Int...) { self.init(elements) }
}

/// What the layers that put a border around a tensor share.
public class BorderLayer: Module, Layer {
    /// Before and after the last dimension, then the one in front of it, ...
    public final let padding: [Int]
    /// What the border holds.
    public final let mode: PadMode
    /// The number in a `.constant` border.
    public final let value: Scalar

    init(_ name: String, _ padding: PadWidths, _ spatial: Int, _ mode: PadMode, value: Scalar = .int(0)) {
        let widths = padding.widths
        if widths.count != 1 && widths.count != 2 * spatial {
            reportFailure(
                TensorError(
                    .value, in: name, "the widths are not for \(spatial) dimensions", got: "\(widths)",
                    expected: "one width or \(2 * spatial)"))
        }
        self.padding = widths.count == 1 ? Array(repeating: widths[0], count: 2 * spatial) : widths
        self.mode = mode
        self.value = value
        super.init()
    }

    /// x with its border.
    public final func forward(_ x: Tensor) -> Tensor {
        switch value {
        case .bool(let value): x.pad(padding, mode: mode, value: value)
        case .int(let value): x.pad(padding, mode: mode, value: value)
        case .double(let value): x.pad(padding, mode: mode, value: value)
        }
    }

    public override var extraDescription: String { Printed.tuple(padding) }
}

/// A border around the last dimension that mirrors the elements at the edge, without the edge itself.
///
/// Shapes: `[*, L] -> [*, before + L + after]`.
public final class ReflectionPad1d: BorderLayer {
    /// A border of one width, or of `[left, right]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ReflectionPad1d", padding, 1, .reflect) }
}

/// A border around the last two dimensions that mirrors the elements at the edge, without the edge itself.
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`.
public final class ReflectionPad2d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ReflectionPad2d", padding, 2, .reflect) }
}

/// A border around the last three dimensions that mirrors the elements at the edge, without the edge itself.
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`.
public final class ReflectionPad3d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom, front, back]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ReflectionPad3d", padding, 3, .reflect) }
}

/// A border around the last dimension that repeats the element at the edge.
///
/// Shapes: `[*, L] -> [*, before + L + after]`.
public final class ReplicationPad1d: BorderLayer {
    /// A border of one width, or of `[left, right]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ReplicationPad1d", padding, 1, .replicate) }
}

/// A border around the last two dimensions that repeats the element at the edge.
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`.
public final class ReplicationPad2d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ReplicationPad2d", padding, 2, .replicate) }
}

/// A border around the last three dimensions that repeats the element at the edge.
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`.
public final class ReplicationPad3d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom, front, back]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ReplicationPad3d", padding, 3, .replicate) }
}

/// A border around the last dimension that continues with the elements from the other side.
///
/// Shapes: `[*, L] -> [*, before + L + after]`.
public final class CircularPad1d: BorderLayer {
    /// A border of one width, or of `[left, right]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("CircularPad1d", padding, 1, .circular) }
}

/// A border around the last two dimensions that continues with the elements from the other side.
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`.
public final class CircularPad2d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("CircularPad2d", padding, 2, .circular) }
}

/// A border around the last three dimensions that continues with the elements from the other side.
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`.
public final class CircularPad3d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom, front, back]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("CircularPad3d", padding, 3, .circular) }
}

/// A border around the last dimension that holds zeros.
///
/// Shapes: `[*, L] -> [*, before + L + after]`.
public final class ZeroPad1d: BorderLayer {
    /// A border of one width, or of `[left, right]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ZeroPad1d", padding, 1, .constant) }
}

/// A border around the last two dimensions that holds zeros.
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`.
public final class ZeroPad2d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ZeroPad2d", padding, 2, .constant) }
}

/// A border around the last three dimensions that holds zeros.
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`.
public final class ZeroPad3d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom, front, back]`; negative widths cut.
    public init(_ padding: PadWidths) { super.init("ZeroPad3d", padding, 3, .constant) }
}

/// A border around the last dimension that holds one number.
///
/// Shapes: `[*, L] -> [*, before + L + after]`.
public final class ConstantPad1d: BorderLayer {
    /// A border of one width, or of `[left, right]`; negative widths cut.
    public init(_ padding: PadWidths, _ value: some TensorScalar) {
        super.init("ConstantPad1d", padding, 1, .constant, value: value.scalar)
    }

    public override var extraDescription: String { describeConstant }
}

/// A border around the last two dimensions that holds one number.
///
/// Shapes: `[*, H, W] -> [*, top + H + bottom, left + W + right]`.
public final class ConstantPad2d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom]`; negative widths cut.
    public init(_ padding: PadWidths, _ value: some TensorScalar) {
        super.init("ConstantPad2d", padding, 2, .constant, value: value.scalar)
    }

    public override var extraDescription: String { describeConstant }
}

/// A border around the last three dimensions that holds one number.
///
/// Shapes: `[*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]`.
public final class ConstantPad3d: BorderLayer {
    /// A border of one width, or of `[left, right, top, bottom, front, back]`; negative widths cut.
    public init(_ padding: PadWidths, _ value: some TensorScalar) {
        super.init("ConstantPad3d", padding, 3, .constant, value: value.scalar)
    }

    public override var extraDescription: String { describeConstant }
}

extension BorderLayer {
    fileprivate var describeConstant: String {
        "padding=\(Printed.tuple(padding)), value=\(Printed.scalar(value))"
    }
}
