// Packing, rounding and decoding of quantised weights, in operations that run on every device.

extension QuantizedLayout {
    /// Codes uint8 `[out, in]` in the packed order.
    package func packed(codes: Tensor) -> Tensor {
        let filled = codes.pad([0, width - inFeatures, 0, panels * 16 - outFeatures], value: zero)
        if bits == 8 {
            return filled.reshape([panels, 16, width / 4, 4]).permute(0, 2, 1, 3).reshape(codeShape)
        }
        let halves = filled.reshape([panels, 16, width / 8, 2, 4]).permute(3, 0, 2, 1, 4)
        return (halves.select(0, 0) | halves.select(0, 1) << 4).reshape(codeShape)
    }

    /// Scales or offsets `[out, groups]` in the packed order.
    package func packed(factors: Tensor) -> Tensor {
        packedFactors(factors.pad([0, 0, 0, panels * 16 - outFeatures]).reshape([panels, 16, groups]))
    }

    /// Scales or offsets `[panels, 16, groups]` in the packed order.
    func packedFactors(_ factors: Tensor) -> Tensor {
        factors.reshape([panels, 16, groups]).transpose(1, 2).contiguous()
    }

    /// The codes of whole panels, uint8 `[rows, width]`.
    private func unpacked(_ codes: Tensor) -> Tensor {
        let panels = codes.shape[0]
        if bits == 8 {
            return codes.reshape([panels, width / 4, 16, 4]).transpose(1, 2).reshape([panels * 16, width])
        }
        return stack([codes & 15, codes >> 4], dim: 2).reshape([panels, width / 8, 2, 16, 4])
            .permute(0, 3, 1, 2, 4).reshape([panels * 16, width])
    }

    /// The codes minus the code of 0, `[out, in]`; with offsets the codes themselves.
    package func centredCodes(_ codes: Tensor, dtype: DType) -> Tensor {
        let numbers = unpacked(codes).narrow(0, start: 0, length: outFeatures)
            .narrow(1, start: 0, length: inFeatures).to(dtype)
        return hasOffsets ? numbers : numbers - zero
    }

    /// A matrix `[out, in]` in groups, `[panels · 16, groups, group]`, filled up with 0.
    func grouped(_ weight: Tensor) -> Tensor {
        weight.pad([0, groups * group - inFeatures, 0, panels * 16 - outFeatures])
            .reshape([panels * 16, groups, group])
    }

    /// The weight, `[out, in]`.
    package func dequantized(_ codes: Tensor, _ scales: Tensor, _ offsets: Tensor?, dtype: DType) -> Tensor {
        decoded(codes, scales, offsets, dtype: dtype).narrow(0, start: 0, length: outFeatures)
    }

    /// The weight of whole panels, `[rows, in]`.
    private func decoded(_ codes: Tensor, _ scales: Tensor, _ offsets: Tensor?, dtype: DType) -> Tensor {
        // Half types would round the weight twice.
        let type: DType = dtype == .float64 ? .float64 : .float32
        let rows = codes.shape[0] * 16
        var numbers = unpacked(codes).to(type)
        if !hasOffsets { numbers = numbers - zero }
        let groupedNumbers = numbers.pad([0, groups * group - width]).reshape([rows, groups, group])
        func factors(_ packed: Tensor) -> Tensor { packed.to(type).transpose(1, 2).reshape([rows, groups, 1]) }
        var weight = groupedNumbers * factors(scales)
        if let offsets { weight = weight + factors(offsets) }
        return weight.reshape([rows, groups * group]).narrow(1, start: 0, length: inFeatures).to(dtype)
    }

    /// Rows of the weight, `[*] -> [*, in]`, without decoding the others.
    package func rows(
        _ indices: Tensor, _ codes: Tensor, _ scales: Tensor, _ offsets: Tensor?, dtype: DType
    ) -> Tensor {
        let flat = indices.reshape([-1]).to(.int64)
        let count = flat.shape[0]
        let panel = flat.floorDivide(16)
        let decoded = decoded(
            codes.indexSelect(0, panel), scales.indexSelect(0, panel), offsets?.indexSelect(0, panel), dtype: dtype)
        let lanes = flat - panel * 16 + Tensor.arange(count, dtype: .int64, device: flat.device) * 16
        return decoded.indexSelect(0, lanes).reshape(indices.shape + [inFeatures])
    }

    /// The input rounded to int8 in blocks of 32 features, as the kernel rounds it.
    func rounded(_ x: Tensor) -> Tensor {
        let type: DType = x.dtype == .float64 ? .float64 : .float32
        let lead = Array(x.shape.dropLast())
        let blocks = x.to(type).pad([0, width - inFeatures]).reshape(lead + [width / 32, 32])
        let largest = blocks.abs().amax(dim: -1, keepdim: true)
        let inverse = Tensor.where(largest .== 0, 0, 127 / largest)
        let result = (blocks * inverse).round() * (largest / 127)
        return result.reshape(lead + [width]).narrow(-1, start: 0, length: inFeatures).to(x.dtype)
    }

    /// Codes, scales and offsets of a weight `[out, in]`, rounded to the nearest.
    ///
    /// Without offsets 8 bits have the scale `max|w| / 127`. Of 4 bits the scale is the weight of largest magnitude divided
    /// by -8, or a smaller one if that has a smaller squared error in its group. With offsets the codes reach from the
    /// smallest weight of a group to the largest.
    package func quantized(_ weight: Tensor, scaleType: DType) -> (codes: Tensor, scales: Tensor, offsets: Tensor?) {
        let levels = bits == 8 ? 255 : 15
        let groups = grouped(weight.to(.float32))
        func stored(_ factors: Tensor) -> Tensor { factors.to(scaleType).to(.float32) }
        func codes(_ scale: Tensor, _ offset: Tensor?) -> Tensor {
            let inverse = Tensor.where(scale .== 0, 0, 1 / scale)
            let steps = offset.map { (groups - $0) * inverse } ?? groups * inverse + zero
            return steps.round().clamp(min: bits == 8 && offset == nil ? 1 : 0, max: levels)
        }
        var scale: Tensor
        var offset: Tensor?
        if hasOffsets {
            let smallest = groups.amin(dim: -1, keepdim: true)
            offset = stored(smallest)
            scale = stored((groups.amax(dim: -1, keepdim: true) - smallest) / levels)
        } else if bits == 8 {
            scale = stored(groups.abs().amax(dim: -1, keepdim: true) / 127)
        } else {
            let (low, high) = (groups.amin(dim: -1, keepdim: true), groups.amax(dim: -1, keepdim: true))
            let extreme = Tensor.where(low.abs() > high, low, high)
            func error(_ scale: Tensor) -> Tensor {
                ((codes(scale, nil) - zero) * scale - groups).square().sum(dim: -1, keepdim: true)
            }
            scale = stored(extreme / -8)
            var least = error(scale)
            for factor in [0.95, 0.9, 0.85, 0.8] {
                let candidate = stored(extreme * (factor / -8))
                let candidateError = error(candidate)
                let isBetter = candidateError < least
                scale = Tensor.where(isBetter, candidate, scale)
                least = Tensor.where(isBetter, candidateError, least)
            }
        }
        let rows = panels * 16
        let packedCodes = codes(scale, offset).to(.uint8).reshape([rows, self.groups * group])
            .narrow(1, start: 0, length: inFeatures).narrow(0, start: 0, length: outFeatures)
        return (
            packed(codes: packedCodes), packedFactors(scale).to(scaleType),
            offset.map { packedFactors($0).to(scaleType) }
        )
    }
}
