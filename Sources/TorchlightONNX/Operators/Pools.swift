import TorchlightCore

func registerPools(in table: inout OperatorTable) {
    table.add("MaxPool", 1...1, maxPooled)
    table.add("AveragePool", 1...1, averagePooled)
    table.add("LpPool", 1...1) { call in
        let x = try call.tensor(0)
        let window = try poolWindow(call, x)
        let p = try call.int("p").map(Double.init) ?? call.float("p", 2)
        let parts = window.windows(window.padded(x.abs(), value: 0))
        return try call.like(0, parts.pow(p).sum(dim: -1).pow(1 / p))
    }
    table.add("GlobalAveragePool", 1...1) { call in
        let x = try call.tensor(0)
        return try call.like(0, x.mean(dim: try spatial(x), keepdim: true))
    }
    table.add("GlobalMaxPool", 1...1) { call in
        let x = try call.tensor(0)
        return try call.like(0, x.amax(dim: try spatial(x), keepdim: true))
    }
    table.add("GlobalLpPool", since: 2, 1...1) { call in
        let x = try call.tensor(0)
        let p = try Double(call.int("p", 2))
        return try call.like(0, x.abs().pow(p).sum(dim: try spatial(x), keepdim: true).pow(1 / p))
    }
    table.add("MaxUnpool", since: 9, 2...3) { call in
        let (x, indices) = (try call.tensor(0), try call.tensor(1).to(.int64))
        let rank = x.rank - 2
        guard rank > 0, indices.shape == x.shape else { throw Problem("indices of shape \(indices.shape)") }
        let kernel = try call.ints("kernel_shape") ?? []
        let strides = try call.ints("strides") ?? [Int](repeating: 1, count: rank)
        let pads = try call.ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
        guard kernel.count == rank, strides.count == rank, pads.count == 2 * rank else {
            throw Problem("a kernel of \(kernel) for \(quantity(rank, "dimension"))", kind: .invalid)
        }
        guard (kernel + strides).allSatisfy({ $0 > 0 && $0 < 1 << 40 }), pads.allSatisfy({ $0 >= 0 && $0 < 1 << 40 })
        else {
            throw Problem("a kernel of \(kernel) with strides \(strides) and pads \(pads)", kind: .invalid)
        }
        let natural = (0..<rank).map {
            (x.shape[2 + $0] - 1) *| strides[$0] +| (kernel[$0] - pads[$0] - pads[rank + $0])
        }
        let shape = try call.optionalIntegers(2) ?? Array(x.shape[..<2]) + natural
        guard shape.count == x.rank else { throw Problem("the output shape \(shape)") }
        try call.check(shape: shape, x.dtype)
        try call.check(shape: Array(x.shape[..<2]) + natural, x.dtype)
        // The indices refer to the flattened tensor of the default output shape.
        let all = Array(x.shape[..<2]) + natural
        let total = all.reduce(1, *)
        let filled = Tensor.zeros([total], dtype: x.dtype)
            .scatter(0, try nonNegative(indices.flatten(), size: total), x.flatten()).reshape(all)
        if shape == all { return try call.like(0, filled) }
        let widths = (0..<rank).reversed().flatMap { [0, shape[2 + $0] - natural[$0]] }
        return try call.like(0, filled.pad(widths))
    }
}

private func spatial(_ x: Tensor) throws -> [Int] {
    guard x.rank > 2 else { throw Problem("a tensor of shape \(x.shape)", expected: "[N, C, ...]") }
    return Array(2..<x.rank)
}

private func poolWindow(_ call: Call, _ x: Tensor) throws -> SpatialWindow {
    guard x.rank > 2 else { throw Problem("a tensor of shape \(x.shape)", expected: "[N, C, ...]") }
    guard let kernel = try call.ints("kernel_shape") else {
        throw Problem("the attribute kernel_shape is missing", kind: .invalid)
    }
    return try SpatialWindow(call, sizes: Array(x.shape[2...]), kernel: kernel)
}

@Sendable private func maxPooled(_ call: Call) throws -> [ONNXValue] {
    let typed = try call.typed(0)
    let x = typed.tensor
    let window = try poolWindow(call, x)
    let wantsIndices = call.node.outputs.count > 1 && call.node.outputs[1] != nil
    let fits = window.isSymmetric && zip(window.before, window.kernel).allSatisfy { $0 <= $1 / 2 }
    if fits, !wantsIndices, x.dtype.isFloatingPoint, window.kernel.count == 2 {
        return try call.like(
            0,
            maxPool2d(
                x, Size2(window.kernel[0], window.kernel[1]), stride: Size2(window.strides[0], window.strides[1]),
                padding: Size2(window.before[0], window.before[1]),
                dilation: Size2(window.dilations[0], window.dilations[1])))
    }
    let lowest = typed.type.range.map { Double($0.low) } ?? -Double.infinity
    let parts = window.windows(window.padded(x, value: lowest))
    guard wantsIndices else { return try call.like(0, parts.amax(dim: -1)) }
    // The flat index of each element without padding, with the spatial dimensions in row-major or column-major order.
    let sizes = Array(x.shape[2...])
    let count = sizes.reduce(1, *)
    var positions = Tensor.arange(0, count, dtype: .int64)
    if try call.flag("storage_order") {
        positions = positions.reshape(Array(sizes.reversed())).permute(Array((0..<sizes.count).reversed()))
    } else {
        positions = positions.reshape(sizes)
    }
    let images = x.shape[0] * x.shape[1]
    let offsets = (Tensor.arange(0, images, dtype: .int64) * count).reshape(
        Array(x.shape[..<2]) + [Int](repeating: 1, count: sizes.count))
    let numbers = window.windows(window.padded(positions.reshape([1, 1] + sizes), value: 0)).expand(
        [x.shape[0], x.shape[1]] + window.output + [parts.shape.last ?? 1])
    let best = parts.argmax(dim: -1, keepdim: true)
    let indices = numbers.gather(-1, best).squeeze(-1) + offsets
    return try call.like(0, parts.gather(-1, best).squeeze(-1)) + one(indices)
}

@Sendable private func averagePooled(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let window = try poolWindow(call, x)
    let includesPadding = try call.flag("count_include_pad")
    let fits = window.isSymmetric && !window.isDilated && zip(window.before, window.kernel).allSatisfy { $0 <= $1 / 2 }
    if fits, window.kernel.count == 2 {
        return try call.like(
            0,
            avgPool2d(
                x, Size2(window.kernel[0], window.kernel[1]), stride: Size2(window.strides[0], window.strides[1]),
                padding: Size2(window.before[0], window.before[1]), countIncludePad: includesPadding))
    }
    let sum = window.windows(window.padded(x, value: 0)).sum(dim: -1)
    // The counted elements: those of the input, and of the padding if it is included.
    var counted = Tensor.ones([1, 1] + x.shape[2...], dtype: x.dtype)
    if includesPadding { counted = window.padded(counted, value: 1, overhanging: false) }
    if includesPadding {
        let widths = window.overhang.reversed().flatMap { [0, $0] }
        counted = counted.pad(widths)
    } else {
        counted = window.padded(counted, value: 0)
    }
    return try call.like(0, sum / window.windows(counted).sum(dim: -1))
}
