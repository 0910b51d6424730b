import TorchlightCore

func registerPools(in table: inout Translations) {
    table.add(MaxPool.self) { c, p in
        let wide: DType = c.out.isFloatingPoint ? c.out : .float32
        let x = try c.x(0, wide)
        let ends = try c.ends(of: p.window, ceilMode: p.ceilMode)
        let attributes =
            p.window.attributes(before: Array(p.window.padding), after: ends) + [
                ("dilations", .ints(Array(p.window.dilation)))
            ]
        guard c.isUsed[1] else { return [c.cast(c.node("MaxPool", x, attributes: attributes), wide, c.out), ""] }
        let results = c.builder.nodes("MaxPool", [x], attributes, outputs: 2)
        // Indices count over all dimensions of the input in the standard, and over the spatial dimensions in
        // Torchlight.
        let size = c.shape(0).dropFirst(2).reduce(Size(c.primitives.map { _ in 1 })) { .combine($0, $1, *) }
        return [c.cast(results[0], wide, c.out), c.node("Mod", results[1], try c.builder.size(size))]
    }
    table.one(AvgPool.self) { c, p in
        let wide: DType = c.out.isFloatingPoint ? c.out : .float32
        let padding = Array(p.window.padding)
        let ends = try c.ends(of: p.window, ceilMode: p.ceilMode)
        let kernel = p.window.kernel.reduce(1, *)
        let isPlain = ends == padding
        let counts = isPlain && (p.countsPadding || padding.allSatisfy { $0 == 0 })
        if isPlain && p.divisor == 0 {
            let attributes = p.window.attributes(before: padding, after: ends)
            let mean = c.node(
                "AveragePool", try c.x(0, wide),
                attributes: attributes + [("count_include_pad", .int(counts ? 1 : 0))])
            return c.cast(mean, wide, c.out)
        }
        // The mean over complete windows with zero padding, multiplied by the ratio of the divisors.
        let rank = c.rank(0)
        let lead = Array(repeating: 0, count: rank - p.window.spatial)
        var x = try c.x(0, wide)
        if padding.contains(where: { $0 > 0 }) || ends.contains(where: { $0 > 0 }) {
            x = c.node("Pad", x, c.ints(lead + padding + lead + ends), c.scalar(0, wide))
        }
        let zeros = padding.map { _ in 0 }
        let mean = c.node("AveragePool", x, attributes: p.window.attributes(before: zeros, after: zeros))
        let factor: String
        if p.divisor != 0 {
            factor = c.scalar(Double(kernel) / Double(p.divisor), wide)
        } else {
            let sizes = try c.fixed(Array(c.shape(0).dropFirst(2)), "the size of an input with rounded up windows")
            factor = c.builder.constant(
                p.divisors(sizes, Array(c.outShape().compactMap(\.fixed).suffix(sizes.count))).to(wide))
        }
        return c.cast(c.node("Mul", mean, factor), wide, c.out)
    }
    table.one(AdaptiveAvgPool.self, hasSizes: true) { c, p in
        let wanted = try c.fixed(try c.sizes(p) { $0.sizes }, "the size of the result")
        if wanted.allSatisfy({ $0 == 1 }) { return c.node("GlobalAveragePool", try c.x(0)) }
        let sizes = try c.fixed(Array(c.shape(0).dropFirst(2)), "the size of the input of an adaptive pool")
        if let window = RegularWindow.regular(sizes, wanted) {
            return c.node("AveragePool", try c.x(0), attributes: window)
        }
        // Along each dimension, the product with a matrix of the weights of the elements.
        var x = try c.x(0)
        for (i, (size, count)) in zip(sizes, wanted).enumerated() {
            var pool = p
            pool.sizes = [count]
            let unit = Tensor.eye(size, dtype: .float64).reshape([1, size, size])
            x = c.resampled(x, try perform(pool, Few(unit))[0].reshape([size, count]).to(c.out), i + 2, c.rank(0))
        }
        return x
    }
    table.add(AdaptiveMaxPool.self, hasSizes: true) { c, p in
        let wanted = try c.fixed(try c.sizes(p) { $0.sizes }, "the size of the result")
        if wanted.allSatisfy({ $0 == 1 }) && !c.isUsed[1] { return [c.node("GlobalMaxPool", try c.x(0)), ""] }
        let sizes = try c.fixed(Array(c.shape(0).dropFirst(2)), "the size of the input of an adaptive pool")
        if let window = RegularWindow.regular(sizes, wanted) {
            let results = c.builder.nodes("MaxPool", [try c.x(0)], window, outputs: c.isUsed[1] ? 2 : 1)
            if !c.isUsed[1] { return [results[0], ""] }
            return [results[0], c.node("Mod", results[1], c.builder.int(sizes.reduce(1, *)))]
        }
        guard !c.isUsed[1] else {
            throw Problem("the indices of windows of several sizes have no operator", kind: .unsupported)
        }
        var x = try c.x(0)
        for (i, (size, count)) in zip(sizes, wanted).enumerated() {
            let parts = (0..<count).map { index -> String in
                let (start, end) = (index * size / count, ((index + 1) * size + count - 1) / count)
                let part = c.node("Slice", x, c.ints([start]), c.ints([end]), c.ints([i + 2]))
                return c.reduce("ReduceMax", part, [i + 2], keepdim: true)
            }
            x = parts.count == 1 ? parts[0] : c.builder.node("Concat", parts, [("axis", .int(i + 2))])
        }
        return [x, ""]
    }
}

/// Windows of adaptive pools that divide their input into equal parts.
private enum RegularWindow {
    static func regular(_ sizes: [Int], _ counts: [Int]) -> Attributes? {
        guard zip(sizes, counts).allSatisfy({ $1 > 0 && $0 > 0 && $0 % $1 == 0 }) else { return nil }
        let kernel = zip(sizes, counts).map { $0 / $1 }
        return [("kernel_shape", .ints(kernel)), ("strides", .ints(kernel))]
    }
}

extension Window {
    fileprivate func attributes(before: [Int], after: [Int]) -> Attributes {
        [
            ("kernel_shape", .ints(Array(kernel))), ("strides", .ints(Array(stride))), ("pads", .ints(before + after)),
        ]
    }
}

extension AvgPool {
    /// The size of a complete window divided by the number of elements counted in each window.
    fileprivate func divisors(_ sizes: [Int], _ counts: [Int]) -> Tensor {
        var result = Tensor.full([], Double(window.kernel.reduce(1, *)), dtype: .float64)
        for (i, (size, count)) in zip(sizes, counts).enumerated() {
            let (kernel, padding) = (window.kernel[i], window.padding[i])
            let lengths = (0..<count).map { index -> Double in
                let start = index * window.stride[i] - padding
                let end = Swift.min(start + kernel, size + padding)
                let counted = countsPadding ? end - start : Swift.min(end, size) - Swift.max(start, 0)
                return Double(counted)
            }
            let shape = sizes.indices.map { $0 == i ? count : 1 }
            result = result / Tensor(lengths, shape: shape, dtype: .float64)
        }
        return result
    }
}

extension ExportCall {
    /// The padding at the end of each dimension. With `ceilMode` it completes the last windows that begin inside the
    /// input or the padding before it.
    fileprivate func ends(of window: Window, ceilMode: Bool) throws -> [Int] {
        guard ceilMode else { return Array(window.padding) }
        return try (0..<window.spatial).map { i in
            let dim = rank(0) - window.spatial + i
            let (sizes, counts) = (shape(0)[dim], outShape()[dim])
            let more = Size.combine(sizes, counts) { size, count in
                let reach = window.dilation[i] * (window.kernel[i] - 1) + 1
                let end = (count - 1) * window.stride[i] + reach
                return Swift.max(end - size - window.padding[i], 0)
            }
            return try fixed(more, "the padding of windows that are rounded up")
        }
    }

    /// The product of one dimension with a matrix `[size, count]`.
    func resampled(_ x: String, _ matrix: Tensor, _ dim: Int, _ rank: Int) -> String {
        var order = Array(0..<rank)
        order.swapAt(dim, rank - 1)
        let product = node("MatMul", transpose(x, order), builder.constant(matrix.contiguous()))
        return transpose(product, order)
    }
}
