import TorchlightCore

func registerCreation(in table: inout OperatorTable) {
    table.add("Constant", 0...0, foldable: true) { call in
        if let value = try call.constant("value") ?? call.constant("sparse_value") { return [value] }
        if let value = try call.float("value_float") { return one(Tensor(value, dtype: .float32)) }
        if let value = try call.int("value_int") { return one(Tensor(value)) }
        if let values = try call.floats("value_floats") { return one(Tensor(values, shape: [values.count])) }
        if let values = try call.ints("value_ints") { return one(Tensor(values, shape: [values.count])) }
        if let value = try call.string("value_string") { return [.strings(StringTensor([value], shape: []))] }
        if let values = try call.strings("value_strings") {
            return [.strings(StringTensor(values, shape: [values.count]))]
        }
        throw Problem("the constant has no value", kind: .invalid)
    }
    table.add("ConstantOfShape", since: 9, 1...1) { call in
        let shape = try call.integers(0)
        guard let value = try call.constant("value") else {
            try call.check(shape: shape)
            return one(Tensor.zeros(shape, dtype: .float32))
        }
        guard case .tensor(let tensor) = value, tensor.tensor.count == 1 else {
            throw Problem("the value is \(value.kind)", expected: "a tensor of one element", kind: .invalid)
        }
        try call.check(shape: shape, tensor.tensor.dtype)
        return [.tensor(ONNXTensor(tensor.tensor.reshape([]).expand(shape).contiguous(), tensor.type))]
    }
    table.add("Range", since: 11, 3...3) { call in
        try call.checkSameType(0..<3)
        let type = try call.typed(0)
        if type.type.isInteger {
            let (start, limit, delta) = (try call.integer(0), try call.integer(1), try call.integer(2))
            guard delta != 0 else { throw Problem("a range with step 0") }
            let count = max(0, Int(saturating: ((Double(limit) - Double(start)) / Double(delta)).rounded(.up)))
            try call.check(shape: [count], .int64)
            return try call.like(0, Tensor.arange(0, count, dtype: .int64) * delta + start)
        }
        let (start, limit, delta) = (try call.number(0), try call.number(1), try call.number(2))
        let count = max(0, Int(saturating: ((limit - start) / delta).rounded(.up)))
        guard delta != 0, (limit - start).isFinite else {
            throw Problem("a range from \(start) to \(limit) by \(delta)")
        }
        try call.check(shape: [count], .float64)
        return try call.like(0, Tensor.arange(0, count, dtype: .int64).to(.float64) * delta + start)
    }
    table.add("EyeLike", since: 9, 1...1) { call in
        let source = try call.typed(0)
        guard source.tensor.rank == 2 else {
            throw Problem("a tensor of shape \(source.tensor.shape)", expected: "a matrix")
        }
        let type = try call.int("dtype").map { try ONNXElementType.read($0, of: "the attribute dtype") } ?? source.type
        let (rows, columns) = (source.tensor.shape[0], source.tensor.shape[1])
        let k = try call.int("k", 0)
        let row = Tensor.arange(0, rows, dtype: .int64).unsqueeze(1)
        let isOne = row + max(min(k, columns), -rows) .== Tensor.arange(0, columns, dtype: .int64)
        return [.tensor(.wrapping(isOne, to: type))]
    }
    table.add("RandomNormal", 0...0) { try random($0, shape: nil, normal: true) }
    table.add("RandomUniform", 0...0) { try random($0, shape: nil, normal: false) }
    table.add("RandomNormalLike", 1...1) { try random($0, shape: try $0.tensor(0).shape, normal: true) }
    table.add("RandomUniformLike", 1...1) { try random($0, shape: try $0.tensor(0).shape, normal: false) }
    table.add("Bernoulli", since: 15, 1...1) { call in
        let x = try call.typed(0)
        let type = try call.int("dtype").map { try ONNXElementType.read($0, of: "the attribute dtype") } ?? x.type
        let drawn = x.tensor.to(.float32).bernoulli(generator: try generator(call))
        return [.tensor(.wrapping(drawn, to: type))]
    }
    table.add("Multinomial", since: 7, 1...1) { call in
        // The inputs are log-probabilities, which need not be normalised.
        let probabilities = try call.tensor(0).to(.float32).softmax(dim: -1)
        let count = try call.int("sample_size", 1)
        try call.check(shape: [probabilities.shape.first ?? 1, count], .int64)
        let drawn = probabilities.multinomial(count, replacement: true, generator: try generator(call))
        return one(drawn.to(try call.int("dtype", 6) == 7 ? .int64 : .int32))
    }
    table.add("Dropout", 1...3) { call in
        let x = try call.tensor(0)
        var isTraining = false
        var ratio = 0.5
        if call.version < 12 {
            ratio = try call.float("ratio", 0.5)
        } else {
            if call.has(1) { ratio = try call.number(1) }
            if let flag = try call.optional(2) { isTraining = flag.item(Bool.self) }
        }
        guard isTraining, ratio > 0 else { return try call.like(0, x) + one(Tensor.ones(x.shape, dtype: .bool)) }
        guard ratio < 1 else { throw Problem("a ratio of \(ratio)", expected: "a number below 1") }
        let mask = Tensor.rand(x.shape, generator: try generator(call)) >= ratio
        return try call.like(0, x * mask.to(x.dtype) / (1 - ratio)) + one(mask)
    }
}

/// A generator with the seed of the node, an integer or a float; the default generator without a seed.
private func generator(_ call: Call) throws -> Generator {
    guard let seed = try call.seed() else { return .default }
    return Generator(seed: seed)
}

private func random(_ call: Call, shape: [Int]?, normal: Bool) throws -> [ONNXValue] {
    guard let shape = try shape ?? call.ints("shape") else {
        throw Problem("the attribute shape is missing", kind: .invalid)
    }
    let like = shape.isEmpty || !call.has(0) ? ONNXElementType.float : try call.typed(0).type
    let type = try call.int("dtype").map { try ONNXElementType.read($0, of: "the attribute dtype") } ?? like
    try call.check(shape: shape)
    let generator = try generator(call)
    let drawn: Tensor
    if normal {
        drawn = Tensor.randn(shape, generator: generator) * (try call.float("scale", 1)) + (try call.float("mean", 0))
    } else {
        let (low, high) = (try call.float("low", 0), try call.float("high", 1))
        drawn = Tensor.rand(shape, generator: generator) * (high - low) + low
    }
    return [.tensor(.wrapping(drawn, to: type))]
}
