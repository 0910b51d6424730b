import TorchlightCore

/// Pixel shuffle: rearranges r² channels into r × r pixels (Shi et al., 2016).
///
/// Shapes: `[*, C r², H, W] -> [*, C, H r, W r]`. Use it to increase the resolution in sub-pixel convolution.
public final class PixelShuffle: Module, Layer {
    /// The factor r by which height and width increase.
    public let upscaleFactor: Int

    /// Creates the layer.
    ///
    /// - Parameter upscaleFactor: The factor r by which height and width increase.
    public init(_ upscaleFactor: Int) {
        self.upscaleFactor = upscaleFactor
        super.init()
    }

    /// Returns the rearranged elements: `[*, C r², H, W] -> [*, C, H r, W r]`.
    public func forward(_ x: Tensor) -> Tensor { pixelShuffle(x, upscaleFactor) }

    public override var extraDescription: String { "upscale_factor=\(upscaleFactor)" }
}

/// Pixel unshuffle, the inverse of ``PixelShuffle``: rearranges r × r pixels into r² channels.
///
/// Shapes: `[*, C, H r, W r] -> [*, C r², H, W]`.
public final class PixelUnshuffle: Module, Layer {
    /// The factor r by which height and width decrease.
    public let downscaleFactor: Int

    /// Creates the layer.
    ///
    /// - Parameter downscaleFactor: The factor r by which height and width decrease.
    public init(_ downscaleFactor: Int) {
        self.downscaleFactor = downscaleFactor
        super.init()
    }

    /// Returns the rearranged elements: `[*, C, H r, W r] -> [*, C r², H, W]`.
    public func forward(_ x: Tensor) -> Tensor { pixelUnshuffle(x, downscaleFactor) }

    public override var extraDescription: String { "downscale_factor=\(downscaleFactor)" }
}

/// Channel shuffle: interleaves the channels of groups; channel `g · C/G + c` becomes channel `c · G + g` (Zhang et al.,
/// 2018).
///
/// Shapes: `[N, C, *] -> [N, C, *]`. The number of groups G must divide C.
public final class ChannelShuffle: Module, Layer {
    /// The number of groups G.
    public let groups: Int

    /// Creates the layer.
    ///
    /// - Parameter groups: The number of groups G.
    public init(_ groups: Int) {
        self.groups = groups
        super.init()
    }

    /// Returns x with its channels interleaved.
    public func forward(_ x: Tensor) -> Tensor { channelShuffle(x, groups) }

    public override var extraDescription: String { "groups=\(groups)" }
}
