import TorchlightCore

func registerReductions(in table: inout Translations) {
    func reduction<P: ReductionPrimitive>(_ type: P.Type, _ op: String) {
        table.one(type) { c, p in
            let dims = Array(p.dims)
            switch c.out {
            case .bool, .uint8, .int8, .int16:
                return c.cast(c.reduce(op, try c.x(0, .int32), dims, keepdim: p.keepdim), .int32, c.out)
            default: return c.reduce(op, try c.x(0, c.out), dims, keepdim: p.keepdim)
            }
        }
    }
    reduction(Sum.self, "ReduceSum")
    reduction(Mean.self, "ReduceMean")
    reduction(Prod.self, "ReduceProd")
    reduction(Amax.self, "ReduceMax")
    reduction(Amin.self, "ReduceMin")
    reduction(LogSumExp.self, "ReduceLogSumExp")
    reduction(EuclideanNorm.self, "ReduceL2")

    func truth<P: ReductionPrimitive>(_ type: P.Type, _ op: String) {
        table.one(type) { c, p in
            let dims = Array(p.dims)
            let truth = c.cast(try c.x(0, .bool), .bool, .int32)
            return c.cast(c.reduce(op, truth, dims, keepdim: p.keepdim), .int32, c.out)
        }
    }
    truth(AllTrue.self, "ReduceMin")
    truth(AnyTrue.self, "ReduceMax")

    table.add(Variance.self) { c, p in
        let (x, dims) = (try c.x(0, c.out), Array(p.dims))
        let mean = c.reduce("ReduceMean", x, dims, keepdim: true)
        let distance = c.node("Sub", x, mean)
        let sum = c.reduce("ReduceSum", c.node("Mul", distance, distance), dims, keepdim: p.keepdim)
        var count = Size(c.primitives.map { _ in 1 })
        for dim in dims.isEmpty ? Array(0..<c.rank(0)) : dims { count = .combine(count, c.shape(0)[dim], *) }
        let divisor: String
        if let number = count.fixed {
            divisor = c.scalar(Swift.max(Double(number) - p.correction, 0))
        } else {
            let number = c.node("Squeeze", c.cast(try c.builder.size(count), .int64, c.out))
            divisor = c.node("Max", c.node("Sub", number, c.scalar(p.correction)), c.scalar(0))
        }
        let variance = c.node("Div", sum, divisor)
        let result = p.isRoot ? c.node("Sqrt", variance) : variance
        if !c.isUsed[1] { return [result, ""] }
        if p.keepdim { return [result, mean] }
        return [result, dims.isEmpty ? c.node("Squeeze", mean) : c.squeeze(mean, dims)]
    }
    table.one(ArgExtreme.self) { c, p in
        let op = p.isLargest ? "ArgMax" : "ArgMin"
        let x = c.ordered(try c.x(0), c.dtype(0))
        if let dim = p.dim {
            return c.node(op, x, attributes: [("axis", .int(dim)), ("keepdims", .int(p.keepdim ? 1 : 0))])
        }
        let flat = c.node("Reshape", x, c.ints([-1]))
        let index = c.node(op, flat, attributes: [("axis", .int(0)), ("keepdims", .int(0))])
        return p.keepdim ? c.node("Reshape", index, c.ints(Array(repeating: 1, count: c.rank(0)))) : index
    }
    table.add(Extreme.self) { c, p in
        let x = try c.x(0)
        let attributes: Attributes = [("axis", .int(p.dim)), ("keepdims", .int(p.keepdim ? 1 : 0))]
        let wide = c.dtype(0) == .bool ? DType.int32 : c.dtype(0)
        let ordered = c.cast(x, c.dtype(0), wide)
        var values = ""
        if c.isUsed[0] {
            values = c.cast(
                c.reduce(p.isLargest ? "ReduceMax" : "ReduceMin", ordered, [p.dim], keepdim: p.keepdim), wide, c.out)
        }
        let indices =
            c.isUsed[1]
            ? c.node(p.isLargest ? "ArgMax" : "ArgMin", c.ordered(x, c.dtype(0)), attributes: attributes) : ""
        return [values, indices]
    }
    table.one(CumSum.self) { c, p in
        let wide: DType = c.out.isFloatingPoint || c.out == .int64 ? c.out : .int32
        let sum = c.node(
            "CumSum", try c.x(0, wide), c.builder.int(p.dim), attributes: [("reverse", .int(p.isReversed ? 1 : 0))])
        return c.cast(sum, wide, c.out)
    }
    table.one(CumProd.self) { c, p in
        c.running("ReduceProd", try c.x(0, c.out), p.dim, neutral: c.scalar(1), isReversed: p.isReversed)
    }
    table.one(LogCumSumExp.self) { c, p in
        c.running(
            "ReduceLogSumExp", try c.x(0, c.out), p.dim, neutral: c.scalar(-.infinity), isReversed: false)
    }
    table.add(CumExtreme.self) { c, p in
        guard c.dtype(0).isFloatingPoint else {
            throw Problem("only floating-point numbers are supported", kind: .unsupported)
        }
        guard !c.isUsed[1] else { throw Problem("the indices have no operator", kind: .unsupported) }
        let op = p.isLargest ? "ReduceMax" : "ReduceMin"
        let neutral = c.scalar(p.isLargest ? -.infinity : .infinity)
        return [c.running(op, try c.x(0), p.dim, neutral: neutral, isReversed: false), ""]
    }
}

extension ExportCall {
    /// Small integers and bool as int32, which every implementation can compare.
    fileprivate func ordered(_ x: String, _ dtype: DType) -> String {
        switch dtype {
        case .bool, .uint8, .int8, .int16: cast(x, dtype, .int32)
        default: x
        }
    }

    /// A cumulative reduction along a dimension, as a reduction of rows in which later elements are replaced by
    /// `neutral`.
    fileprivate func running(_ op: String, _ x: String, _ dim: Int, neutral: String, isReversed: Bool) -> String {
        if rank(0) == 0 { return node("Identity", x) }
        // [*, n, *] -> [*, 1, n, *], and a mask [n, n, 1...] of the elements up to each index.
        let length = node("Gather", node("Shape", x), builder.int(dim), attributes: [("axis", .int(0))])
        let range = node("Range", builder.int(0), length, builder.int(1))
        let (rows, columns) = (unsqueeze(range, [1]), unsqueeze(range, [0]))
        var mask = node(isReversed ? "GreaterOrEqual" : "LessOrEqual", columns, rows)
        mask = unsqueeze(mask, Array(2..<(2 + rank(0) - dim - 1)))
        let terms = node("Where", mask, unsqueeze(x, [dim]), neutral)
        return reduce(op, terms, [dim + 1], keepdim: false)
    }
}
