import TorchlightCore

/// Resamples the spatial dimensions to a given size or by a factor, as the function `interpolate`.
///
///     let up = Upsample(scaleFactor: [2], mode: .bilinear)
///     let y = up(x)  // [N, C, H, W] -> [N, C, 2 H, 2 W]
///
/// Shapes: `[N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W]`; the output has other spatial sizes. With a factor, a size becomes
/// `⌊size · factor⌋`.
public class Upsample: Module, Layer {
    /// The output size of all spatial dimensions, or one for each; nil if a factor is given.
    public final let size: [Int]?
    /// The factor of all spatial dimensions, or one for each; nil if a size is given.
    public final let scaleFactor: [Double]?
    /// The interpolation mode. Default: `.nearest`.
    public final let mode: InterpolationMode
    /// Whether the centres of the corner elements of input and output are aligned, instead of the outer edges of the corner
    /// elements; only for the linear and cubic modes. Default: nil, which means false.
    public final let alignCorners: Bool?
    /// Whether the factor used for interpolation is computed from the input and output sizes; the given factor then only
    /// determines the output size. Default: nil, which means false.
    public final let recomputeScaleFactor: Bool?

    /// Creates the layer with either a size or a factor.
    ///
    /// - Parameters:
    ///   - size: The output size of all spatial dimensions, or one for each.
    ///   - scaleFactor: The factor of all spatial dimensions, or one for each.
    ///   - mode: The interpolation mode. Default: `.nearest`.
    ///   - alignCorners: Whether the corner elements are aligned; only for the linear and cubic modes. Default: false.
    ///   - recomputeScaleFactor: Whether the factor is computed again from the sizes. Default: false.
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

    /// Returns x, resampled to the output size.
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

/// ``Upsample`` of images with mode `.nearest`.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`.
public final class UpsamplingNearest2d: Upsample {
    /// Creates the layer with either a size or a factor.
    public init(size: [Int]? = nil, scaleFactor: [Double]? = nil) {
        super.init(size: size, scaleFactor: scaleFactor, mode: .nearest)
    }
}

/// ``Upsample`` of images with mode `.bilinear` and `alignCorners`.
///
/// Shapes: `[N, C, H, W] -> [N, C, H', W']`.
public final class UpsamplingBilinear2d: Upsample {
    /// Creates the layer with either a size or a factor.
    public init(size: [Int]? = nil, scaleFactor: [Double]? = nil) {
        super.init(size: size, scaleFactor: scaleFactor, mode: .bilinear, alignCorners: true)
    }
}
