import TorchlightCore

/// Brings signals, images or volumes to another size, as `interpolate` does.
///
/// Shapes: `[N, C, *] -> [N, C, size]`.
public class Upsample: Module, Layer {
    /// One size for all spatial dimensions or one for each, or nil.
    public final let size: [Int]?
    /// One factor for all spatial dimensions or one for each, or nil.
    public final let scaleFactor: [Double]?
    /// How the elements of the result are found.
    public final let mode: InterpolationMode
    /// Whether the first and last elements stay first and last.
    public final let alignCorners: Bool?
    /// Whether the sizes decide where results lie instead of the factors.
    public final let recomputeScaleFactor: Bool?

    /// A layer with either a size or a factor.
    public init(
        size: [Int]? = nil, scaleFactor: [Double]? = nil, mode: InterpolationMode = .nearest,
        alignCorners: Bool? = nil, recomputeScaleFactor: Bool? = nil
    ) {
        self.size = size
        self.scaleFactor = scaleFactor
        self.mode = mode
        self.alignCorners = alignCorners
        self.recomputeScaleFactor = recomputeScaleFactor
        super.init()
    }

    /// The same in the new size.
    public final func forward(_ x: Tensor) -> Tensor {
        interpolate(
            x, size: size, scaleFactor: scaleFactor, mode: mode, alignCorners: alignCorners,
            recomputeScaleFactor: recomputeScaleFactor)
    }

    public override var extraDescription: String {
        var text = ""
        if let scaleFactor {
            let factors = scaleFactor.map(Printed.number)
            text = "scale_factor=" + (factors.count == 1 ? factors[0] : "(" + factors.joined(separator: ", ") + ")")
        } else if let size {
            text = "size=" + (size.count == 1 ? "\(size[0])" : Printed.tuple(size))
        }
        return text + ", mode='\(mode.rawValue)'"
    }
}

/// ``Upsample`` of images in mode `.nearest`: `[N, C, H, W] -> [N, C, H', W']`.
public final class UpsamplingNearest2d: Upsample {
    /// A layer with either a size or a factor.
    public init(size: [Int]? = nil, scaleFactor: [Double]? = nil) {
        super.init(size: size, scaleFactor: scaleFactor, mode: .nearest)
    }
}

/// ``Upsample`` of images in mode `.bilinear` with aligned corners: `[N, C, H, W] -> [N, C, H', W']`.
public final class UpsamplingBilinear2d: Upsample {
    /// A layer with either a size or a factor.
    public init(size: [Int]? = nil, scaleFactor: [Double]? = nil) {
        super.init(size: size, scaleFactor: scaleFactor, mode: .bilinear, alignCorners: true)
    }
}
