import TorchlightCore

/// The kernel size, strides, dilations and padding of a convolution or pool.
struct SpatialWindow {
    let kernel: [Int]
    let strides: [Int]
    let dilations: [Int]
    /// The padding at the beginning of each dimension.
    var before: [Int]
    var after: [Int]
    /// Additional padding for windows that begin inside but end outside with `ceil_mode`.
    var overhang: [Int]
    /// The size of the result.
    let output: [Int]

    /// - Parameter sizes: the sizes of the spatial dimensions of the input.
    init(_ call: Call, sizes: [Int], kernel: [Int]) throws {
        let rank = sizes.count
        func list(_ name: String) throws -> [Int] {
            let values = try call.ints(name) ?? [Int](repeating: 1, count: rank)
            guard values.count == rank, values.allSatisfy({ $0 > 0 && $0 < 1 << 40 }) else {
                throw Problem(
                    "the attribute \(name) is \(values.prefix(8))", expected: "\(rank) positive sizes", kind: .invalid)
            }
            return values
        }
        guard kernel.count == rank, kernel.allSatisfy({ $0 > 0 && $0 < 1 << 40 }), rank > 0 else {
            throw Problem("a kernel of \(kernel.prefix(8)) for \(quantity(rank, "dimension"))", kind: .invalid)
        }
        strides = try list("strides")
        dilations = try list("dilations")
        self.kernel = kernel
        let mode = try call.choice("auto_pad", "NOTSET", of: ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
        var pads = [Int](repeating: 0, count: 2 * rank)
        if mode == "NOTSET", let given = try call.ints("pads") {
            guard given.count == 2 * rank, given.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else {
                throw Problem(
                    "the attribute pads is \(given.prefix(8))", expected: quantity(2 * rank, "size"), kind: .invalid)
            }
            pads = given
        }
        let isCeil = try call.flag("ceil_mode")
        (before, after) = (Array(pads[..<rank]), Array(pads[rank...]))
        overhang = [Int](repeating: 0, count: rank)
        var output: [Int] = []
        for dim in 0..<rank {
            let reach = dilations[dim] *| (kernel[dim] - 1) +| 1
            if mode.hasPrefix("SAME") {
                let count = (sizes[dim] + strides[dim] - 1) / strides[dim]
                let total = max(0, (count - 1) * strides[dim] +| reach -| sizes[dim])
                before[dim] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
                after[dim] = total - before[dim]
            }
            let span = sizes[dim] +| before[dim] +| after[dim] -| reach
            guard span >= 0 else {
                throw Problem("a window of \(reach) in a dimension of size \(sizes[dim] +| before[dim] +| after[dim])")
            }
            var count = span / strides[dim] + 1
            if isCeil, span % strides[dim] != 0, count * strides[dim] < sizes[dim] + before[dim] {
                // Windows that would begin in the padding at the end are omitted.
                overhang[dim] = count * strides[dim] + reach - (sizes[dim] + before[dim] + after[dim])
                count += 1
            }
            output.append(count)
        }
        self.output = output
    }

    var hasOverhang: Bool { overhang.contains { $0 > 0 } }
    var isSymmetric: Bool { before == after && !hasOverhang }
    var isDilated: Bool { dilations.contains { $0 > 1 } }

    /// The input with the padding of the window.
    func padded(_ x: Tensor, value: Double, overhanging: Bool = true) -> Tensor {
        var widths: [Int] = []
        for dim in before.indices.reversed() {
            widths += [before[dim], after[dim] + (overhanging ? overhang[dim] : 0)]
        }
        return widths.allSatisfy { $0 == 0 } ? x : x.pad(widths, value: value)
    }

    /// The windows of a padded input `[N, C, spatial...]`: `[N, C, windows..., kernel...]`, with the kernel elements
    /// merged to the last dimension.
    func windows(_ x: Tensor) -> Tensor {
        var result = x
        let rank = kernel.count
        for dim in 0..<rank {
            // Each dimension is split into windows and kernel elements; the latter move to the end.
            let indices = (0..<output[dim]).flatMap { window in
                (0..<kernel[dim]).map { window * strides[dim] + $0 * dilations[dim] }
            }
            result = result.indexSelect(2 + dim, Tensor(indices, shape: [indices.count]))
                .unflatten(2 + dim, [output[dim], kernel[dim]])
            result = result.movedim(3 + dim, result.rank - 1)
        }
        return result.flatten(from: 2 + rank, to: -1)
    }
}
