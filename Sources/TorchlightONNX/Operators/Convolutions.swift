import TorchlightCore

func registerConvolutions(in table: inout OperatorTable) {
    table.add("Conv", 2...3) { call in
        let (x, weight) = (try call.tensor(0), try call.tensor(1))
        return try call.like(0, try convolved(call, x, weight, try call.optional(2)))
    }
    table.add("ConvTranspose", 2...3) { call in
        try call.like(0, try transposed(call, try call.tensor(0), try call.tensor(1), try call.optional(2)))
    }
    table.add("DeformConv", since: 19, 3...5, deformed)
    table.add("CausalConvWithState", since: 27, 2...4, causal)
    table.add("Col2Im", since: 18, 3...3, columnsToImage)
}

/// The convolution of a node with its attributes.
func convolved(_ call: Call, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    guard x.rank >= 3, weight.rank == x.rank else {
        throw Problem(
            "an input of shape \(x.shape) with weights of shape \(weight.shape)",
            expected: "[N, C, ...] and [M, C, ...]")
    }
    let groups = try call.int("group", 1)
    let sizes = Array(x.shape[2...])
    let kernel = try call.ints("kernel_shape") ?? Array(weight.shape[2...])
    guard kernel == Array(weight.shape[2...]) else {
        throw Problem("a kernel_shape of \(kernel) with weights of shape \(weight.shape)", kind: .invalid)
    }
    let window = try SpatialWindow(call, sizes: sizes, kernel: kernel)
    let input = window.isSymmetric ? x : window.padded(x, value: 0)
    let padding = window.isSymmetric ? window.before : [Int](repeating: 0, count: sizes.count)
    return try convolved(input, weight, bias, window.strides, padding, window.dilations, groups)
}

func convolved(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ strides: [Int], _ padding: [Int], _ dilations: [Int],
    _ groups: Int
) throws -> Tensor {
    switch strides.count {
    case 1:
        return conv1d(
            x, weight, bias: bias, stride: strides[0], padding: ConvPadding(padding[0]), dilation: dilations[0],
            groups: groups)
    case 2:
        return conv2d(
            x, weight, bias: bias, stride: Size2(strides[0], strides[1]), padding: ConvPadding(padding),
            dilation: Size2(dilations[0], dilations[1]), groups: groups)
    case 3:
        return conv3d(
            x, weight, bias: bias, stride: Size3(strides[0], strides[1], strides[2]), padding: ConvPadding(padding),
            dilation: Size3(dilations[0], dilations[1], dilations[2]), groups: groups)
    default:
        throw Problem(
            "a convolution of \(quantity(strides.count, "dimension"))", expected: "1 to 3", kind: .unsupported)
    }
}

private func transposed(_ call: Call, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    let rank = x.rank - 2
    guard (1...3).contains(rank), weight.rank == x.rank else {
        throw Problem("an input of shape \(x.shape) with weights of shape \(weight.shape)")
    }
    func list(_ name: String, _ standard: Int) throws -> [Int] {
        let values = try call.ints(name) ?? [Int](repeating: standard, count: rank)
        guard values.count == rank, values.allSatisfy({ $0 >= standard && $0 < 1 << 40 }) else {
            throw Problem(
                "the attribute \(name) is \(values.prefix(8))", expected: quantity(rank, "size"), kind: .invalid)
        }
        return values
    }
    let (strides, dilations) = (try list("strides", 1), try list("dilations", 1))
    var extra = try list("output_padding", 0)
    let groups = try call.int("group", 1)
    let kernel = Array(weight.shape[2...])
    let mode = try call.choice("auto_pad", "NOTSET", of: ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
    var pads = [Int](repeating: 0, count: 2 * rank)
    if mode == "NOTSET", let given = try call.ints("pads") {
        guard given.count == 2 * rank, given.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else {
            throw Problem(
                "the attribute pads is \(given.prefix(8))", expected: quantity(2 * rank, "size"), kind: .invalid)
        }
        pads = given
    }
    let wanted = try call.ints("output_shape")
    for dim in 0..<rank {
        let full = strides[dim] *| (x.shape[2 + dim] - 1) +| dilations[dim] *| (kernel[dim] - 1) +| 1
        var size: Int?
        if let wanted, wanted.count >= rank { size = wanted[wanted.count - rank + dim] }
        if size == nil, mode.hasPrefix("SAME") { size = x.shape[2 + dim] *| strides[dim] }
        guard let size else { continue }
        let total = full +| extra[dim] -| size
        if total < 0 {
            extra[dim] = extra[dim] -| total
            (pads[dim], pads[rank + dim]) = (0, 0)
        } else {
            pads[dim] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
            pads[rank + dim] = total - pads[dim]
        }
    }
    var result: Tensor
    switch rank {
    case 1: result = convTranspose1d(x, weight, stride: strides[0], groups: groups, dilation: dilations[0])
    case 2:
        result = convTranspose2d(
            x, weight, stride: Size2(strides[0], strides[1]), groups: groups,
            dilation: Size2(dilations[0], dilations[1]))
    default:
        result = convTranspose3d(
            x, weight, stride: Size3(strides[0], strides[1], strides[2]), groups: groups,
            dilation: Size3(dilations[0], dilations[1], dilations[2]))
    }
    // The padding is cropped from the full result; the output padding extends it with zeros.
    let widths = (0..<rank).reversed().flatMap { [-pads[$0], extra[$0] - pads[rank + $0]] }
    if widths.contains(where: { $0 != 0 }) {
        try call.check(shape: (0..<rank).map { result.shape[2 + $0] +| extra[$0] })
        result = result.pad(widths)
    }
    guard let bias else { return result }
    return result + bias.reshape([bias.count] + [Int](repeating: 1, count: rank))
}

/// Sums the columns of blocks into images (col2im).
@Sendable private func columnsToImage(_ call: Call) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let (image, block) = (try call.integers(1), try call.integers(2))
    guard x.rank == 3, image.count == block.count, image.allSatisfy({ $0 > 0 }) else {
        throw Problem("columns of shape \(x.shape) for an image of \(image)")
    }
    let window = try SpatialWindow(call, sizes: image, kernel: block)
    let elements = block.reduce(1, *)
    let columns = window.output.reduce(1, *)
    guard x.shape[1] % max(elements, 1) == 0, x.shape[2] == columns else {
        throw Problem(
            "columns of shape \(x.shape)", expected: "\(quantity(columns, "block")) of \(quantity(elements, "element"))"
        )
    }
    let padded = image.indices.map { image[$0] + window.before[$0] + window.after[$0] }
    try call.check(shape: [x.shape[0], x.shape[1] / elements] + padded)
    let total = padded.reduce(1, *)
    // The index in the image of every element of every block.
    let positions = Tensor.arange(0, total, dtype: .int64).reshape([1, 1] + padded)
    let index = window.windows(positions).reshape([columns, elements]).t().reshape([1, 1, elements * columns])
    let (n, c) = (x.shape[0], x.shape[1] / elements)
    let flat = x.reshape([n, c, elements * columns])
    let sum = Tensor.zeros([n, c, total], dtype: x.dtype).scatterAdd(2, index.expand(flat.shape), flat)
    let widths = image.indices.reversed().flatMap { [-window.before[$0], -window.after[$0]] }
    return try call.like(0, sum.reshape([n, c] + padded).pad(widths))
}

/// A deformable convolution, whose kernel elements read the input at learned offsets.
@Sendable private func deformed(_ call: Call) throws -> [ONNXValue] {
    let (x, weight, offset) = (try call.tensor(0), try call.tensor(1), try call.tensor(2))
    guard x.rank == 4, weight.rank == 4, offset.rank == 4 else {
        throw Problem("an input of shape \(x.shape)", expected: "[N, C, H, W]", kind: .unsupported)
    }
    let window = try SpatialWindow(call, sizes: Array(x.shape[2...]), kernel: Array(weight.shape[2...]))
    let (groups, offsetGroups) = (try call.int("group", 1), try call.int("offset_group", 1))
    let (n, c, m) = (x.shape[0], x.shape[1], weight.shape[0])
    let (kh, kw, oh, ow) = (weight.shape[2], weight.shape[3], window.output[0], window.output[1])
    let elements = kh * kw
    guard groups > 0, offsetGroups > 0, c % offsetGroups == 0, c == weight.shape[1] * groups, m % groups == 0,
        offset.shape == [n, offsetGroups * elements * 2, oh, ow]
    else { throw Problem("offsets of shape \(offset.shape) for weights of shape \(weight.shape)") }
    func base(_ count: Int, _ dim: Int) -> Tensor {
        Tensor.arange(0, count, dtype: .int64).to(x.dtype) * window.strides[dim] - window.before[dim]
    }
    func step(_ count: Int, _ dim: Int) -> Tensor {
        Tensor.arange(0, count, dtype: .int64).to(x.dtype) * window.dilations[dim]
    }
    let offsets = offset.reshape([n, offsetGroups, kh, kw, 2, oh, ow])
    let rows = base(oh, 0).reshape([oh, 1]) + step(kh, 0).reshape([kh, 1, 1, 1])
    let columns = base(ow, 1).reshape([1, ow]) + step(kw, 1).reshape([kw, 1, 1])
    let y = offsets.select(4, 0) + rows
    let xs = offsets.select(4, 1) + columns
    // [N, offset groups, channels per group, kernel elements, windows]
    let image = x.reshape([n * offsetGroups, c / offsetGroups, x.shape[2], x.shape[3]])
    let points = elements * oh * ow
    var sampled = bilinear(image, y.reshape([n * offsetGroups, points]), xs.reshape([n * offsetGroups, points]))
    if let mask = try call.optional(4) { sampled = sampled * mask.reshape([n * offsetGroups, 1, points]) }
    let patches = sampled.reshape([n, groups, c / groups * elements, oh * ow])
    let kernels = weight.reshape([1, groups, m / groups, c / groups * elements])
    var result = kernels.matmul(patches).reshape([n, m, oh, ow])
    if let bias = try call.optional(3) { result = result + bias.reshape([m, 1, 1]) }
    return try call.like(0, result)
}

/// Samples images `[N, C, H, W]` at points `[N, P]` by bilinear interpolation, with zeros outside: `[N, C, P]`.
func bilinear(_ x: Tensor, _ rows: Tensor, _ columns: Tensor) -> Tensor {
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let flat = x.reshape([n, c, h * w])
    let (top, left) = (rows.floor(), columns.floor())
    let (dy, dx) = (rows - top, columns - left)
    var result: Tensor?
    for (below, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let (row, column) = (top + below, left + right)
        let isInside = (row >= 0).logicalAnd(row < h).logicalAnd(column >= 0).logicalAnd(column < w)
        let index = (row.clamp(min: 0, max: h - 1) * w + column.clamp(min: 0, max: w - 1)).to(.int64)
        let weight = (below == 1 ? dy : 1 - dy) * (right == 1 ? dx : 1 - dx) * isInside.to(x.dtype)
        let part = flat.gather(2, index.unsqueeze(1).expand([n, c, rows.shape[1]])) * weight.unsqueeze(1)
        result = result.map { $0 + part } ?? part
    }
    return result ?? flat
}

/// A causal depthwise convolution over time, with a state of the last elements of the previous call.
@Sendable private func causal(_ call: Call) throws -> [ONNXValue] {
    let (x, weight) = (try call.tensor(0), try call.tensor(1))
    guard x.rank == 3, weight.rank == 3, weight.shape[0] == x.shape[1], weight.shape[1] == 1 else {
        throw Problem(
            "an input of shape \(x.shape) with weights of shape \(weight.shape)", expected: "[N, C, L] and [C, 1, K]")
    }
    let length = weight.shape[2] - 1
    let state = try call.optional(3) ?? Tensor.zeros([x.shape[0], x.shape[1], length], dtype: x.dtype)
    guard state.shape == [x.shape[0], x.shape[1], length] else { throw Problem("a state of shape \(state.shape)") }
    let joined = cat([state, x], dim: 2)
    var result = try convolved(joined, weight, try call.optional(2), [1], [0], [1], x.shape[1])
    switch try call.choice("activation", "none", of: ["none", "silu", "swish"]) {
    case "none": break
    default: result = result.silu()
    }
    let present = joined.narrow(2, start: joined.shape[2] - length, length: length)
    return try call.like(0, result) + call.like(0, present)
}
