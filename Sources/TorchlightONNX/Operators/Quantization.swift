import TorchlightCore

func registerQuantization(in table: inout OperatorTable) {
    table.add("QuantizeLinear", since: 10, 2...3, quantize)
    table.add("DequantizeLinear", since: 10, 2...3, dequantize)
    table.add("DynamicQuantizeLinear", since: 11, 1...1) { call in
        let x = try call.tensor(0)
        let zero = Tensor.zeros([], dtype: x.dtype)
        let (low, high) = (x.amin().minimum(zero), x.amax().maximum(zero))
        let scale = (high - low) / 255
        let safe = Tensor.where(scale .== 0, Tensor.ones([], dtype: x.dtype), scale)
        let zeroPoint = (-low / safe).round().clamp(min: 0.0, max: 255.0)
        let y = ((x / safe).round() + zeroPoint).clamp(min: 0.0, max: 255.0)
        return one(y.to(.uint8)) + one(scale) + one(zeroPoint.to(.uint8))
    }
    table.add("MatMulInteger", since: 10, 2...4) { call in
        let a = try shifted(try call.tensor(0), try call.optional(2), row: true)
        let b = try shifted(try call.tensor(1), try call.optional(3), row: false)
        return one(a.matmul(b).to(.int32))
    }
    table.add("ConvInteger", since: 10, 2...4) { call in
        let x = centred(try call.tensor(0), try call.optional(2), dim: nil)
        let weight = centred(try call.tensor(1), try call.optional(3), dim: 0)
        return one(try convolved(call, x, weight, nil).to(.int32))
    }
    table.add("QLinearMatMul", since: 10, 8...8) { call in
        let a = try shifted(try call.tensor(0), try call.tensor(2), row: true)
        let b = try shifted(try call.tensor(3), try call.tensor(5), row: false)
        let scales =
            try along(try call.tensor(1).to(.float64), a.rank, row: true)
            * (try along(try call.tensor(4).to(.float64), b.rank, row: false))
        let y = a.matmul(b) * scales / (try along(try call.tensor(6).to(.float64), a.rank, row: true))
        return try saturated(call, y.round(), zeroPoint: 7, { try along($0, a.rank, row: true) })
    }
    table.add("QLinearConv", since: 10, 8...9) { call in
        let x = centred(try call.tensor(0), try call.tensor(2), dim: nil)
        let weight = centred(try call.tensor(3), try call.tensor(5), dim: 0)
        let bias = try call.optional(8)?.to(.float64)
        let sum = try convolved(call, x, weight, bias)
        let factor =
            try call.tensor(1).to(.float64) * (try call.tensor(4).to(.float64)) / (try call.tensor(6).to(.float64))
        let spread =
            factor.count == 1
            ? factor.reshape([]) : factor.reshape([factor.count] + [Int](repeating: 1, count: sum.rank - 2))
        return try saturated(call, (sum * spread).round(), zeroPoint: 7) { $0.count == 1 ? $0.reshape([]) : $0 }
    }
}

/// Integers minus a zero point per row or column, in float64, whose products are exact.
private func shifted(_ x: Tensor, _ zeroPoint: Tensor?, row: Bool) throws -> Tensor {
    guard let zeroPoint else { return x.to(.float64) }
    return x.to(.float64) - (try along(zeroPoint.to(.float64), x.rank, row: row))
}

private func along(_ factor: Tensor, _ rank: Int, row: Bool) throws -> Tensor {
    if factor.count == 1 { return factor.reshape([]) }
    if factor.rank == 1 && rank > 1 { return row ? factor.unsqueeze(1) : factor }
    return factor
}

/// Integers minus a zero point, which may have one value per element of a dimension.
private func centred(_ x: Tensor, _ zeroPoint: Tensor?, dim: Int?) -> Tensor {
    guard let zeroPoint else { return x.to(.float64) }
    let zero = zeroPoint.to(.float64)
    guard zero.count > 1, dim == 0 else { return x.to(.float64) - zero.reshape([]) }
    return x.to(.float64) - zero.reshape([zero.count] + [Int](repeating: 1, count: x.rank - 1))
}

private func saturated(
    _ call: Call, _ y: Tensor, zeroPoint: Int, _ aligned: (Tensor) throws -> Tensor
) throws -> [ONNXValue] {
    let typed = try call.typed(zeroPoint)
    let shifted = y + (try aligned(typed.tensor.to(.float64)))
    guard let range = typed.type.range else { return [.tensor(.rounding(shifted.to(.float32), to: typed.type))] }
    return [
        .tensor(.wrapping(shifted.clamp(min: Double(range.low), max: Double(range.high)).to(.int64), to: typed.type))
    ]
}

/// A scale or zero point broadcast to the tensor: one number, one per index of a dimension, or one per block.
private func spread(_ call: Call, _ factor: Tensor, over x: Tensor) throws -> Tensor {
    if factor.count == 1 && factor.rank <= 1 { return factor.reshape([]) }
    let axis = try call.int("axis", 1)
    let block = try call.int("block_size", 0)
    let dim = try call.dim(axis, max(x.rank, 1))
    if factor.rank == 1 && block == 0 {
        guard factor.count == x.shape[dim] else {
            throw Problem("\(quantity(factor.count, "scale")) for the size \(x.shape[dim])")
        }
        return factor.reshape([factor.count] + [Int](repeating: 1, count: x.rank - 1 - dim))
    }
    guard block > 0, factor.rank == x.rank, factor.shape[dim] >= 1,
        factor.shape[dim] == (x.shape[dim] +| block -| 1) / block
    else { throw Problem("scales of shape \(factor.shape) for a tensor of shape \(x.shape) in blocks of \(block)") }
    return factor.repeatInterleave(block, dim: dim).narrow(dim, start: 0, length: x.shape[dim])
}

@Sendable private func quantize(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let scale = try call.tensor(1)
    var type = ONNXElementType.uint8
    if call.has(2) {
        type = try call.typed(2).type
    } else if let number = try call.int("output_dtype"), number != 0 {
        type = try ONNXElementType.read(number, of: "the attribute output_dtype")
    }
    let wide: DType = x.dtype == .float64 ? .float64 : .float32
    let ratio = x.to(wide) / (try spread(call, scale.to(wide), over: x))
    guard let range = type.range else {
        guard type.smallFloat != nil else { throw Problem("no quantisation to \(type)", kind: .unsupported) }
        return [.tensor(.rounding(ratio.to(.float32), to: type, saturate: try call.flag("saturate", true)))]
    }
    var y = ratio.round()
    if let zero = try call.optional(2) { y = y + (try spread(call, zero.to(wide), over: x)) }
    let limited = y.clamp(min: Double(range.low), max: Double(range.high))
    return [.tensor(.wrapping(limited.to(.int64), to: type))]
}

@Sendable private func dequantize(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let scale = try call.typed(1)
    var type = scale.type
    if let number = try call.int("output_dtype"), number != 0 {
        type = try ONNXElementType.read(number, of: "the attribute output_dtype")
    }
    let wide: DType = scale.tensor.dtype == .float64 || x.dtype == .int32 ? .float64 : .float32
    var y = x.to(wide)
    if let zero = try call.optional(2) { y = y - (try spread(call, zero.to(wide), over: x)) }
    y = y * (try spread(call, scale.tensor.to(wide), over: x))
    return [.tensor(.wrapping(y, to: type))]
}
