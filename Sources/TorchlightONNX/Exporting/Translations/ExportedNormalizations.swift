import TorchlightCore

func registerNormalizations(in table: inout Translations) {
    func softmax<P: SoftmaxPrimitive>(_ type: P.Type, _ op: String) {
        table.one(type) { c, p in
            if c.rank(0) == 0 {
                return c.squeeze(c.node(op, c.unsqueeze(try c.x(0), [0]), attributes: [("axis", .int(0))]), [0])
            }
            return c.node(op, try c.x(0), attributes: [("axis", .int(p.dim))])
        }
    }
    softmax(Softmax.self, "Softmax")
    softmax(LogSoftmax.self, "LogSoftmax")

    table.add(BatchNorm.self) { c, p in
        try c.requireUnused(from: 1)
        let wide: DType = c.out == .float64 ? .float64 : .float32
        let weight = p.hasWeight ? 1 : nil
        let bias = p.hasBias ? (p.hasWeight ? 2 : 1) : nil
        // Before version 15 all operands must have one dtype.
        let isUniform = (1..<c.count).allSatisfy { c.dtype($0) == c.out }
        if !p.isTraining, let channels = c.shape(0)[1].fixed, isUniform || c.opset >= 15 {
            let dtype = c.dtype(1)
            func parameter(_ index: Int?, _ value: Double) throws -> String {
                if let index { return try c.x(index) }
                return c.builder.constant(Tensor.full([channels], value).to(dtype))
            }
            let y = try c.node(
                "BatchNormalization", c.x(0), parameter(weight, 1), parameter(bias, 0), c.x(c.count - 2),
                c.x(c.count - 1), attributes: [("epsilon", .float(Float(p.epsilon)))])
            return [y] + c.results.dropFirst().map { _ in "" }
        }
        let others = (0..<c.rank(0)).filter { $0 != 1 }
        func column(_ index: Int) throws -> String { c.unsqueeze(try c.x(index, wide), others) }
        let x = try c.x(0, wide)
        var y: String
        if p.isTraining {
            y = c.standardised(x, over: others, p.epsilon, wide)
        } else {
            let variance = c.node("Add", try column(c.count - 1), c.scalar(p.epsilon, wide))
            y = c.node("Div", c.node("Sub", x, try column(c.count - 2)), c.node("Sqrt", variance))
        }
        if let weight { y = c.node("Mul", y, try column(weight)) }
        if let bias { y = c.node("Add", y, try column(bias)) }
        return [c.cast(y, wide, c.out)] + c.results.dropFirst().map { _ in "" }
    }
    table.add(LayerNorm.self) { c, p in
        try c.requireUnused(from: 1)
        let dims = Array((c.rank(0) - p.dims)..<c.rank(0))
        let hasWidth = c.shape(0).suffix(p.dims).allSatisfy { $0.fixed != nil }
        // The operator does not support float32 parameters for half-precision inputs.
        let isUniform = (0..<c.count).allSatisfy { c.dtype($0) == c.out }
        if c.opset >= 17 && p.dims > 0 && hasWidth && isUniform {
            let width = c.shape(0).suffix(p.dims).map { $0.fixed! }
            let weight = try p.hasWeight ? c.x(1) : c.builder.constant(Tensor.ones(width).to(c.out))
            let y = try c.node(
                "LayerNormalization", c.x(0), weight, p.hasBias ? c.x(c.count - 1) : "",
                attributes: [("axis", .int(-p.dims)), ("epsilon", .float(Float(p.epsilon)))])
            return [y, "", ""]
        }
        let wide: DType = c.out == .float64 ? .float64 : .float32
        var y = c.standardised(try c.x(0, wide), over: dims, p.epsilon, wide)
        if p.hasWeight { y = c.node("Mul", y, try c.x(1, wide)) }
        if p.hasBias { y = c.node("Add", y, try c.x(c.count - 1, wide)) }
        return [c.cast(y, wide, c.out), "", ""]
    }
    table.add(CrossEntropyRows.self) { c, p in
        // [n, C] logits; ignored rows use class 0 with weight 0.
        let target = try c.x(1)
        let logits = try c.x(0)
        let zero = c.builder.int(0)
        let isIgnored = c.node("Equal", target, c.builder.int(p.ignoreIndex))
        let index = c.node("Where", isIgnored, zero, target)
        let logs = c.node("LogSoftmax", logits, attributes: [("axis", .int(1))])
        func chosen(_ x: String) -> String {
            c.squeeze(c.node("GatherElements", x, c.unsqueeze(index, [1]), attributes: [("axis", .int(1))]), [1])
        }
        let one = c.scalar(1)
        let weight =
            c.count > 2
            ? c.node("Gather", try c.x(2), index, attributes: [("axis", .int(0))])
            : c.node("Expand", one, c.node("Shape", target))
        let weights = c.node("Where", isIgnored, c.scalar(0), weight)
        var loss = c.node("Mul", c.node("Neg", chosen(logs)), weights)
        if p.labelSmoothing > 0 {
            let weighted = c.count > 2 ? c.node("Mul", logs, try c.x(2)) : logs
            let mean = c.node(
                "Div", c.reduce("ReduceSum", weighted, [1], keepdim: false),
                c.scalar(Double(try c.fixed(c.shape(0)[1], "the number of classes"))))
            let smooth = c.node("Where", isIgnored, c.scalar(0), c.node("Neg", mean))
            loss = c.node(
                "Add", c.node("Mul", loss, c.scalar(1 - p.labelSmoothing)),
                c.node("Mul", smooth, c.scalar(p.labelSmoothing)))
        }
        let logsumexp = c.isUsed[2] ? c.reduce("ReduceLogSumExp", logits, [1], keepdim: false) : ""
        return [loss, weights, logsumexp]
    }
}

extension ExportCall {
    /// `(x - mean) / sqrt(variance + epsilon)` with the mean and biased variance over dimensions. Over no dimensions,
    /// each element is its own mean.
    fileprivate func standardised(_ x: String, over dims: [Int], _ epsilon: Double, _ dtype: DType) -> String {
        func mean(_ x: String) -> String { dims.isEmpty ? x : reduce("ReduceMean", x, dims, keepdim: true) }
        let centred = node("Sub", x, mean(x))
        let variance = mean(node("Mul", centred, centred))
        return node("Div", centred, node("Sqrt", node("Add", variance, scalar(epsilon, dtype))))
    }

    /// Throws if a result that only gradients read is used.
    func requireUnused(from index: Int) throws {
        guard !isUsed[index...].contains(true) else {
            throw Problem("a result that only gradients need is used", kind: .unsupported)
        }
    }
}
