import TorchlightCore

/// Moves channels into pixels: `[*, C r², H, W] -> [*, C, H r, W r]`.
public final class PixelShuffle: Module, Layer {
    /// The factor r.
    public let upscaleFactor: Int

    /// A layer with this factor.
    public init(_ upscaleFactor: Int) {
        self.upscaleFactor = upscaleFactor
        super.init()
    }

    /// The same elements as a larger image.
    public func forward(_ x: Tensor) -> Tensor { pixelShuffle(x, upscaleFactor) }

    public override var extraDescription: String { "upscale_factor=\(upscaleFactor)" }
}

/// Places become channels: `[*, C, H r, W r] -> [*, C r², H, W]`.
public final class PixelUnshuffle: Module, Layer {
    /// The factor r.
    public let downscaleFactor: Int

    /// A layer with this factor.
    public init(_ downscaleFactor: Int) {
        self.downscaleFactor = downscaleFactor
        super.init()
    }

    /// The same elements as a smaller image.
    public func forward(_ x: Tensor) -> Tensor { pixelUnshuffle(x, downscaleFactor) }

    public override var extraDescription: String { "downscale_factor=\(downscaleFactor)" }
}

/// Groups of channels interleaved: `[N, C, *] -> [N, C, *]`.
public final class ChannelShuffle: Module, Layer {
    /// The number of groups.
    public let groups: Int

    /// A layer with so many groups.
    public init(_ groups: Int) {
        self.groups = groups
        super.init()
    }

    /// The same channels in another order.
    public func forward(_ x: Tensor) -> Tensor { channelShuffle(x, groups) }

    public override var extraDescription: String { "groups=\(groups)" }
}
