// Rearrangements of channels and spatial positions by reshapes and transposes.

extension TensorError {
    fileprivate static func shuffle(
        _ operation: String, _ x: Tensor, _ factor: Int, _ expected: String
    ) -> TensorError {
        TensorError(
            .shape, in: operation, "the sizes are not divisible by the factor or the number of groups",
            got: "\(factor)", expected: expected, operands: [x])
    }
}

/// Pixel shuffle: rearranges channels to spatial positions, `[*, C r², H, W] -> [*, C, H r, W r]`, where `r` is the
/// upscale factor (Shi et al., 2016). Any dtype.
public func pixelShuffle(_ x: Tensor, _ upscaleFactor: Int) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        let r = upscaleFactor
        guard x.rank >= 3, r > 0, r < 1 << 20, x.size(-3) % (r * r) == 0 else {
            throw .shuffle(
                "pixelShuffle", x, r, "[*, C, H, W] with channels divisible by the square of the factor")
        }
        let (lead, c, h, w) = (Array(x.shape.dropLast(3)), x.size(-3) / (r * r), x.size(-2), x.size(-1))
        let n = lead.count
        return x.reshape(lead + [c, r, r, h, w]).permute(Array(0..<n) + [n, n + 3, n + 1, n + 4, n + 2])
            .reshape(lead + [c, h * r, w * r]).copiedIfShared(with: x)
    }
}

/// The inverse of `pixelShuffle`: rearranges spatial positions to channels, `[*, C, H r, W r] -> [*, C r², H, W]`. Any
/// dtype.
public func pixelUnshuffle(_ x: Tensor, _ downscaleFactor: Int) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        let r = downscaleFactor
        guard x.rank >= 3, r > 0, r < 1 << 20, x.size(-2) % r == 0, x.size(-1) % r == 0 else {
            throw .shuffle("pixelUnshuffle", x, r, "[*, C, H, W] with height and width divisible by the factor")
        }
        let (lead, c, h, w) = (Array(x.shape.dropLast(3)), x.size(-3), x.size(-2) / r, x.size(-1) / r)
        let n = lead.count
        return x.reshape(lead + [c, h, r, w, r]).permute(Array(0..<n) + [n, n + 2, n + 4, n + 1, n + 3])
            .reshape(lead + [c * r * r, h, w]).copiedIfShared(with: x)
    }
}

/// Channel shuffle: interleaves the groups of channels of `[N, C, *]`; channel `g C/G + c` becomes `c G + g` (Zhang et
/// al., 2018). Any dtype.
public func channelShuffle(_ x: Tensor, _ groups: Int) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        guard x.rank >= 3, groups > 0, x.size(1) % groups == 0 else {
            throw .shuffle("channelShuffle", x, groups, "[N, C, *] with channels divisible by the groups")
        }
        let shape = x.shape
        return x.reshape([shape[0], groups, shape[1] / groups] + shape.dropFirst(2)).transpose(1, 2).reshape(shape)
            .copiedIfShared(with: x)
    }
}
