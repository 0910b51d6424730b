import TorchlightCore

/// Matrix products and convolutions.
func registerProducts(in table: inout Translations) {
    table.one(Linear.self) { c, _ in
        let (x, weight) = (try c.x(0), try c.x(1))
        if c.rank(0) == 2 && c.out.isFloatingPoint {
            return try c.node("Gemm", x, weight, c.count > 2 ? c.x(2) : "", attributes: [("transB", .int(1))])
        }
        let product = c.node("MatMul", x, c.transpose(weight, [1, 0]))
        return c.count > 2 ? c.node("Add", product, try c.x(2)) : product
    }
    table.one(
        QuantizedLinear.self, where: { p, opset in p.layout.inFeatures > 0 && (opset >= 21 || p.layout.isPerRow8Bit) }
    ) { c, p in
        let weight = c.cast(try c.dequantized(p.layout), .float32, c.out)
        let product = c.node("MatMul", try c.x(0), weight)
        // The input is not rounded: the standard has no quantisation in blocks of features.
        if p.roundsInput { c.builder.roundsLess = true }
        let bias = p.layout.hasOffsets ? 4 : 3
        return c.count > bias ? c.node("Add", product, try c.x(bias)) : product
    }
    table.one(MatMul.self) { c, p in
        func operand(_ index: Int, _ isTransposed: Bool) throws -> String {
            let rank = c.rank(index)
            return try isTransposed
                ? c.transpose(c.x(index), Array(0..<(rank - 2)) + [rank - 1, rank - 2]) : c.x(index)
        }
        return c.arithmetic("MatMul", [try operand(0, p.transposeA), try operand(1, p.transposeB)], c.out)
    }
    table.one(AddMatMul.self) { c, p in
        if c.rank(1) == 2 && c.rank(2) == 2 && c.rank(0) <= 2 && c.out.isFloatingPoint {
            return try c.node(
                "Gemm", c.x(1), c.x(2), p.beta == 0 ? "" : c.x(0),
                attributes: [("alpha", .float(Float(p.alpha))), ("beta", .float(Float(p.beta)))])
        }
        func scaled(_ name: String, _ factor: Double) -> String {
            factor == 1 ? name : c.arithmetic("Mul", [name, c.scalar(factor)], c.out)
        }
        let product = scaled(c.arithmetic("MatMul", [try c.x(1), try c.x(2)], c.out), p.alpha)
        if p.beta == 0 { return product }
        return c.arithmetic("Add", [scaled(try c.x(0), p.beta), product], c.out)
    }
    table.one(Convolution.self) { c, p in
        let inputs = try (0..<c.count).map { try c.x($0) }
        return c.builder.node("Conv", inputs, try c.attributes(of: p, weight: 1))
    }
    table.one(ConvolutionBackwardData.self, hasSizes: true) { c, p in
        try c.requireSame(p, "the convolution") { $0.convolution }
        let convolution = p.convolution
        let window = try c.fixed(Array(c.shape(1).dropFirst(2)), "the kernel size")
        var extra: [Int] = []
        for i in 0..<convolution.spatial {
            let (size, wanted) = (c.shape(0)[i + 2], c.outShape()[i + 2])
            let reach = convolution.dilation[i] * (window[i] - 1) + 1
            let least = Size(size.values.map { ($0 - 1) * convolution.stride[i] - 2 * convolution.padding[i] + reach })
            extra.append(try c.fixed(.combine(wanted, least, -), "the output padding"))
        }
        let attributes = try c.attributes(of: convolution, weight: 1)
        // `output_padding` must be less than the stride in the standard.
        if zip(extra, convolution.stride).allSatisfy({ $0 >= 0 && $0 < $1 }) {
            return c.builder.node(
                "ConvTranspose", [try c.x(0), try c.x(1)], attributes + [("output_padding", .ints(extra))])
        }
        let product = c.builder.node("ConvTranspose", [try c.x(0), try c.x(1)], attributes)
        let zeros = [0, 0] + Array(repeating: 0, count: convolution.spatial)
        return c.node("Pad", product, c.ints(zeros + [0, 0] + extra), c.scalar(0))
    }
    table.one(Determinant.self) { c, _ in c.node("Det", try c.x(0)) }
    table.one(PairDistance.self) { c, p in
        let (a, b) = (c.unsqueeze(try c.x(0), [2]), c.unsqueeze(try c.x(1), [1]))
        let difference = c.node("Sub", a, b)
        return c.norm(p.shift == 0 ? difference : c.node("Add", difference, c.scalar(p.shift)), p.p)
    }
}

extension QuantizedLayout {
    /// Whether the weight has 8 bits and one scale per output feature, which `DequantizeLinear` supports since version
    /// 13.
    fileprivate var isPerRow8Bit: Bool { bits == 8 && groups == 1 }
}

extension ExportCall {
    /// The weight `[in, out]` of a quantised layer in float32: integers, followed by `DequantizeLinear`.
    fileprivate func dequantized(_ layout: QuantizedLayout) throws -> String {
        guard let codes = tensor(1), let scales = tensor(2), !layout.hasOffsets || tensor(3) != nil else {
            throw Problem("the weight depends on the inputs", kind: .unsupported)
        }
        func name(_ index: Int) -> String? { builder.tensor(of: operands[index]).flatMap(builder.parameterName) }
        /// Scales or offsets: `[groups, out]`.
        func factors(_ packed: Tensor) -> Tensor {
            noGrad {
                packed.to(.float32).transpose(0, 1).reshape([layout.groups, layout.panels * 16])
                    .narrow(1, start: 0, length: layout.outFeatures).contiguous()
            }
        }
        let numbers = noGrad { layout.centredCodes(codes, dtype: .int64).t().contiguous() }
        let type: ONNXElementType =
            switch (layout.bits, layout.hasOffsets) {
            case (8, false): .int8
            case (8, true): .uint8
            case (_, false): .int4
            case (_, true): .uint4
            }
        let integers = builder.constant(numbers, as: type, named: name(1))
        let isWhole = layout.groups == 1
        func spread(_ factors: Tensor) -> Tensor { isWhole ? factors.squeeze(0) : factors }
        let scale = builder.constant(spread(factors(scales)), named: name(2))
        let weight = node(
            "DequantizeLinear", integers, scale,
            attributes: isWhole ? [("axis", .int(1))] : [("axis", .int(0)), ("block_size", .int(layout.group))])
        guard layout.hasOffsets, let offsets = tensor(3) else { return weight }
        let shift = builder.constant(factors(offsets), named: name(3))
        if isWhole { return node("Add", weight, shift) }
        // [groups, out] -> [in, out]
        let group = Tensor((0..<layout.inFeatures).map { $0 / layout.group }, shape: [layout.inFeatures])
        return node("Add", weight, gather(shift, group, 0))
    }

    fileprivate func attributes(of p: Convolution, weight: Int) throws -> Attributes {
        let kernel = try fixed(Array(shape(weight).dropFirst(2)), "the kernel size")
        let padding = Array(p.padding)
        return [
            ("kernel_shape", .ints(kernel)), ("strides", .ints(Array(p.stride))), ("pads", .ints(padding + padding)),
            ("dilations", .ints(Array(p.dilation))), ("group", .int(p.groups)),
        ]
    }

    /// The p-norm along the last dimension.
    fileprivate func norm(_ x: String, _ p: Double) -> String {
        switch p {
        case 0:
            let isCounted = node("Not", node("Equal", x, scalar(0)))
            return reduce("ReduceSum", cast(isCounted, .bool, out), [-1], keepdim: false)
        case 1: return reduce("ReduceL1", x, [-1], keepdim: false)
        case 2: return reduce("ReduceL2", x, [-1], keepdim: false)
        case .infinity: return reduce("ReduceMax", node("Abs", x), [-1], keepdim: false)
        default:
            let sum = reduce("ReduceSum", node("Pow", node("Abs", x), scalar(p)), [-1], keepdim: false)
            return node("Pow", sum, scalar(1 / p))
        }
    }
}
