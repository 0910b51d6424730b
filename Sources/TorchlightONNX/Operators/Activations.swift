import TorchlightCore

func registerActivations(in table: inout OperatorTable) {
    table.unary("Relu") { $0.relu() }
    table.unary("Sigmoid") { $0.sigmoid() }
    table.unary("Softsign") { $0.softsign() }
    table.unary("HardSwish", since: 14) { $0.hardswish() }
    table.unary("Mish", since: 18) { $0.mish() }
    table.unary("Softplus") { x in
        // log(1 + exp(x)) without the overflow of exp.
        x.relu() + (-x.abs()).exp().log1p()
    }
    table.add("LeakyRelu", 1...1) { call in
        try call.like(0, try call.tensor(0).leakyRelu(negativeSlope: try call.float("alpha", 0.01)))
    }
    table.add("PRelu", 2...2) { call in
        let (x, slope) = (try call.tensor(0), try call.tensor(1))
        return try call.like(0, Tensor.where(x < 0, x * slope, x))
    }
    table.add("Elu", 1...1) { try $0.like(0, try $0.tensor(0).elu(alpha: try $0.float("alpha", 1))) }
    table.add("Celu", since: 12, 1...1) { try $0.like(0, try $0.tensor(0).celu(alpha: try $0.float("alpha", 1))) }
    table.add("Selu", 1...1) { call in
        let alpha = try call.float("alpha", 1.67326319217681884765625)
        let gamma = try call.float("gamma", 1.05070102214813232421875)
        return try call.like(0, try call.tensor(0).elu(alpha: alpha) * gamma)
    }
    table.add("HardSigmoid", 1...1) { call in
        let (alpha, beta) = (try call.float("alpha", Double(Float(0.2))), try call.float("beta", 0.5))
        return try call.like(0, (try call.tensor(0) * alpha + beta).clamp(min: 0.0, max: 1.0))
    }
    table.add("ThresholdedRelu", since: 10, 1...1) { call in
        let x = try call.tensor(0)
        let alpha = try call.float("alpha", 1)
        return try call.like(0, Tensor.where(x > alpha, x, Tensor.zeros(like: x)))
    }
    table.add("Gelu", since: 20, 1...1) { call in
        let approximate = try call.choice("approximate", "none", of: ["none", "tanh"])
        return try call.like(0, try call.tensor(0).gelu(approximate: approximate == "tanh" ? .tanh : .none))
    }
    table.add("Swish", since: 24, 1...1) { call in
        let x = try call.tensor(0)
        let alpha = try call.float("alpha", 1)
        return try call.like(0, alpha == 1 ? x.silu() : x * (x * alpha).sigmoid())
    }
    table.add("SwiGLU", since: 28, 2...2) { call in
        try call.checkSameType(0..<2)
        let (gate, value) = (try call.tensor(0), try call.tensor(1))
        guard gate.shape == value.shape else { throw Problem("inputs of shapes \(gate.shape) and \(value.shape)") }
        return try call.like(0, gate * (gate * (try call.float("alpha", 1))).sigmoid() * value)
    }
    table.add("Shrink", since: 9, 1...1) { call in
        let x = try call.tensor(0)
        let (lambda, bias) = (try call.float("lambd", 0.5), try call.float("bias", 0))
        let zero = Tensor.zeros(like: x)
        return try call.like(
            0, Tensor.where(x < -lambda, x + bias, Tensor.where(x > lambda, x - bias, zero)))
    }
    table.add("Softmax", 1...1) { try alongAxis($0) { $0.softmax(dim: $1) } }
    table.add("LogSoftmax", 1...1) { try alongAxis($0) { $0.logSoftmax(dim: $1) } }
    table.add("Hardmax", 1...1) { call in
        try alongAxis(call) { x, dim in
            let first = x.argmax(dim: dim, keepdim: true)
            return Tensor.zeros(like: x).scatter(dim, first, Tensor.ones(first.shape, dtype: x.dtype))
        }
    }
}

/// Since version 13 along one dimension; before over this and all later dimensions.
private func alongAxis(_ call: Call, _ function: (Tensor, Int) -> Tensor) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    if call.version >= 13 {
        return try call.like(0, function(x, try call.dim(try call.int("axis", -1), max(x.rank, 1))))
    }
    let axis = try call.int("axis", 1)
    let dim = axis < 0 ? axis + x.rank : axis
    guard dim >= 0, dim <= x.rank else { throw Problem("the axis \(axis) of \(quantity(x.rank, "dimension"))") }
    let rows = x.shape[..<dim].reduce(1, *)
    let columns = x.shape[dim...].reduce(1, *)
    return try call.like(0, function(x.reshape([rows, columns]), 1).reshape(x.shape))
}
