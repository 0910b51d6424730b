import TorchlightCore

/// Interpolation, unfolding, and sampling at given coordinates.
func registerImages(in table: inout Translations) {
    table.one(Resample.self, hasSizes: true) { c, p in
        try c.requireSame(p, "the interpolation") { [$0.dim, $0.rule.alignCorners ? 1 : 0] }
        try c.requireSame(p, "the kind of interpolation") { $0.rule.kind }
        let (size, count) = (c.size(p) { $0.rule.size }, c.size(p) { $0.rule.count })
        guard let size = size.fixed, let count = count.fixed else { return try c.resized(p) }
        // The rows of the matrix are the weights of the operand's elements for each element of the result.
        let unit = Tensor.eye(size, dtype: c.out == .float64 ? .float64 : .float32)
        var rows = p
        rows.dim = 0
        let matrix = try perform(rows, Few(unit))[0]
        if p.rule.kind == .nearest || p.rule.kind == .nearestExact {
            return c.gather(try c.x(0), matrix.argmax(dim: 1), p.dim)
        }
        let isLarge = size * count > 1 << 14 && c.rank(0) == 4 && c.opset >= 18
        if isLarge, let resized = try? c.resized(p) { return resized }
        return c.resampled(try c.x(0), matrix.transpose(0, 1).to(c.out), p.dim, c.rank(0))
    }
    table.one(UnfoldWindows.self) { c, p in
        let sizes = try c.fixed(Array(c.shape(0).suffix(2)), "the size of the images")
        var x = try c.x(0)
        // [N, C, H, W] -> [N, C, kh, windows, W] -> [N, C, kh, windows, kw, windows]
        var counts: [Int] = []
        for i in 0..<2 {
            let reach = p.window.dilation[i] * (p.window.kernel[i] - 1) + 1
            let count = (sizes[i] - reach) / p.window.stride[i] + 1
            let offsets = Tensor(
                (0..<p.window.kernel[i]).map { $0 * p.window.dilation[i] }, shape: [p.window.kernel[i], 1])
            let starts = Tensor((0..<count).map { $0 * p.window.stride[i] }, shape: [1, count])
            x = c.gather(x, offsets + starts, 2 + 2 * i)
            counts.append(count)
        }
        return try c.reshape(c.transpose(x, [0, 1, 2, 4, 3, 5]), c.outShape())
    }
    table.one(FoldWindows.self, since: 18) { c, p in
        let wide: DType = c.out.isFloatingPoint ? c.out : .float32
        let padding = Array(p.window.padding)
        let image = c.node(
            "Col2Im", try c.x(0, wide), c.ints(Array(p.size)), c.ints(Array(p.window.kernel)),
            attributes: [
                ("dilations", .ints(Array(p.window.dilation))), ("pads", .ints(padding + padding)),
                ("strides", .ints(Array(p.window.stride))),
            ])
        return c.cast(image, wide, c.out)
    }
    table.one(GridSample.self, since: 16) { c, p in
        if c.opset < 20 && c.rank(0) != 4 { throw Problem("volumes need opset 20", kind: .unsupported) }
        let isNew = c.opset >= 20
        let mode: String =
            switch p.mode {
            case .bilinear: isNew ? "linear" : "bilinear"
            case .nearest: "nearest"
            case .bicubic: isNew ? "cubic" : "bicubic"
            }
        return c.node(
            "GridSample", try c.x(0), try c.x(1),
            attributes: [
                ("mode", .string(Array(mode.utf8))), ("padding_mode", .string(Array(p.border.rawValue.utf8))),
                ("align_corners", .int(p.alignCorners ? 1 : 0)),
            ])
    }
}

extension ExportCall {
    /// Interpolation along one dimension to a size that may depend on the dynamic sizes.
    fileprivate func resized(_ p: Resample) throws -> String {
        let rule = p.rule
        func text(_ value: String) -> AttributeProto.Value { .string(Array(value.utf8)) }
        let isNearest = rule.kind == .nearest || rule.kind == .nearestExact
        var attributes: Attributes = [
            (
                "mode",
                text(
                    isNearest ? "nearest" : rule.kind == .linear || rule.kind == .antialiasedLinear ? "linear" : "cubic"
                )
            )
        ]
        switch rule.kind {
        case .nearest:
            attributes += [("coordinate_transformation_mode", text("asymmetric")), ("nearest_mode", text("floor"))]
        case .nearestExact:
            attributes += [
                ("coordinate_transformation_mode", text("half_pixel")), ("nearest_mode", text("round_prefer_ceil")),
            ]
        default:
            attributes.append(
                ("coordinate_transformation_mode", text(rule.alignCorners ? "align_corners" : "half_pixel")))
        }
        switch rule.kind {
        case .cubic: attributes.append(("cubic_coeff_a", .float(-0.75)))
        case .antialiasedLinear, .antialiasedCubic:
            guard opset >= 18 else { throw Problem("antialiased interpolation needs opset 18", kind: .unsupported) }
            attributes += [("antialias", .int(1)), ("exclude_outside", .int(1))]
            if rule.kind == .antialiasedCubic { attributes.append(("cubic_coeff_a", .float(-0.5))) }
        default: break
        }
        // The dimension becomes the last one of an image with one row, because implementations resize one or two
        // dimensions.
        let rank = self.rank(0)
        var order = Array(0..<rank)
        order.swapAt(p.dim, rank - 1)
        let shape = order.map { self.shape(0)[$0] }
        let ones = Size(primitives.map { _ in 1 })
        let rows = shape.dropLast().reduce(ones) { .combine($0, $1, *) }
        let flat = try reshape(transpose(try x(0), order), [rows, ones, ones, shape[rank - 1]])
        let count = size(p) { $0.rule.count }
        let y: String
        if let factor = rule.factor, factor > 0, !rule.alignCorners {
            try requireSame(p, "the scale factor") { $0.rule.factor }
            let scales = builder.constant(Tensor([1, 1, 1, factor]).to(.float32))
            y = builder.node("Resize", [flat, "", scales], attributes)
        } else {
            y = builder.node("Resize", [flat, "", "", try builder.sizes([rows, ones, ones, count])], attributes)
        }
        let result = shape.dropLast() + [count]
        return transpose(try reshape(y, Array(result)), order)
    }
}
