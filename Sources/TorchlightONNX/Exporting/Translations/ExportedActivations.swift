import TorchlightCore

func registerActivations(in table: inout Translations) {
    table.one(Relu.self) { c, _ in
        c.out.isFloatingPoint
            ? c.node("Relu", try c.x(0, c.out)) : c.arithmetic("Max", [try c.x(0, c.out), c.scalar(0)], c.out)
    }
    table.one(LeakyRelu.self) { c, p in
        c.node("LeakyRelu", try c.x(0, c.out), attributes: [("alpha", .float(Float(p.slope)))])
    }
    table.one(Elu.self) { c, p in
        let x = try c.x(0, c.out)
        if p.scale == 1 { return c.node("Elu", x, attributes: [("alpha", .float(Float(p.alpha)))]) }
        return c.node(
            "Selu", x, attributes: [("alpha", .float(Float(p.alpha))), ("gamma", .float(Float(p.scale)))])
    }
    table.one(Gelu.self) { c, _ in
        let x = try c.x(0, c.out)
        return c.opset >= 20 ? c.node("Gelu", x) : c.node("Mul", x, c.normalDistribution(x))
    }
    table.one(GeluTanh.self) { c, _ in
        let x = try c.x(0, c.out)
        if c.opset >= 20 { return c.node("Gelu", x, attributes: [("approximate", .string(Array("tanh".utf8)))]) }
        let cube = c.node("Mul", c.node("Mul", c.node("Mul", x, x), x), c.scalar(0.044715))
        let inner = c.node("Mul", c.node("Add", x, cube), c.scalar((2 / Double.pi).squareRoot()))
        return c.node("Mul", c.node("Mul", x, c.node("Add", c.node("Tanh", inner), c.scalar(1))), c.scalar(0.5))
    }
    table.one(HardSigmoid.self) { c, _ in c.hardSigmoid(try c.x(0, c.out)) }
    table.one(HardSwish.self) { c, _ in
        let x = try c.x(0, c.out)
        return c.opset >= 14 ? c.node("HardSwish", x) : c.node("Mul", x, c.hardSigmoid(x))
    }
    table.one(HardtanhForward.self) { c, p in c.node("Clip", try c.x(0, c.out), c.scalar(p.min), c.scalar(p.max)) }
    table.one(Silu.self) { c, _ in
        let x = try c.x(0, c.out)
        return c.node("Mul", x, c.node("Sigmoid", x))
    }
    table.one(MishForward.self) { c, _ in
        let x = try c.x(0, c.out)
        return c.opset >= 18 ? c.node("Mish", x) : c.node("Mul", x, c.node("Tanh", c.node("Softplus", x)))
    }
    table.one(SoftplusForward.self) { c, p in
        let x = try c.x(0, c.out)
        let scaled = p.beta == 1 ? x : c.node("Mul", x, c.scalar(p.beta))
        let curve = c.node("Softplus", scaled)
        let y = p.beta == 1 ? curve : c.node("Div", curve, c.scalar(p.beta))
        // Above 20 the difference to the operand is below the resolution of float32.
        if p.threshold >= 20 && c.out != .float64 { return y }
        return c.node("Where", c.node("Greater", scaled, c.scalar(p.threshold)), x, y)
    }
    table.one(LogSigmoidForward.self) { c, _ in c.node("Neg", c.node("Softplus", c.node("Neg", try c.x(0, c.out)))) }
    table.one(TanhshrinkForward.self) { c, _ in
        let x = try c.x(0, c.out)
        return c.node("Sub", x, c.node("Tanh", x))
    }
}

extension ExportCall {
    fileprivate func hardSigmoid(_ x: String) -> String {
        node("HardSigmoid", x, attributes: [("alpha", .float(1 / 6)), ("beta", .float(0.5))])
    }
}
