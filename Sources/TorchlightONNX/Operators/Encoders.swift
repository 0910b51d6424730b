import TorchlightCore

func registerEncoders(in table: inout OperatorTable) {
    let ml = "ai.onnx.ml"
    table.add("Scaler", 1...1, domain: ml) { call in
        let x = try call.tensor(0).to(.float32)
        func row(_ name: String, _ standard: Float) throws -> Tensor {
            let values = try call.floats(name) ?? [standard]
            return Tensor(values, shape: values.count == 1 ? [] : [values.count])
        }
        return one((x - (try row("offset", 0))) * (try row("scale", 1)))
    }
    table.add("Normalizer", 1...1, domain: ml) { call in
        let x = try call.tensor(0).to(.float32)
        let size: Tensor =
            switch try call.choice("norm", "MAX", of: ["MAX", "L1", "L2"]) {
            case "MAX": x.abs().amax(dim: -1, keepdim: true)
            case "L1": x.abs().sum(dim: -1, keepdim: true)
            default: x.square().sum(dim: -1, keepdim: true).sqrt()
            }
        return one(Tensor.where(size .== 0, x, x / size))
    }
    table.add("Binarizer", 1...1, domain: ml) { call in
        try call.like(0, (try call.tensor(0) > (try call.float("threshold", 0))).to(try call.tensor(0).dtype))
    }
    table.add("Imputer", 1...1, domain: ml) { call in
        let x = try call.tensor(0)
        let isFloat = x.dtype.isFloatingPoint
        let values =
            isFloat
            ? (try call.floats("imputed_value_floats") ?? []).map(Double.init)
            : (try call.ints("imputed_value_int64s") ?? []).map(Double.init)
        guard values.count == 1 || values.count == x.shape.last else {
            throw Problem(
                "\(values.count) imputed values for \(quantity(x.shape.last ?? 0, "feature"))", kind: .invalid)
        }
        let replaced =
            isFloat ? try call.float("replaced_value_float", 0) : Double(try call.int("replaced_value_int64", 0))
        let isMissing = replaced.isNaN ? x.isnan() : x .== replaced
        let filling = Tensor(values, shape: values.count == 1 ? [] : [values.count], dtype: x.dtype)
        return try call.like(0, Tensor.where(isMissing, filling, x))
    }
    table.add("OneHotEncoder", 1...1, domain: ml) { call in
        let keys = try keys(of: try call.value(0))
        let categories: [ONNXKey]
        if let strings = try call.strings("cats_strings") {
            categories = strings.map { .string($0) }
        } else {
            categories = (try call.ints("cats_int64s") ?? []).map { .int($0) }
        }
        let columns = Dictionary(categories.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let allowsOthers = try call.flag("zeros", true)
        let width = categories.count
        let shape = try TorchlightONNX.shape(of: call.value(0))
        try call.check(shape: shape + [width])
        var rows = [Float](repeating: 0, count: keys.count * width)
        for (index, key) in keys.enumerated() {
            if let column = columns[key] {
                rows[index * width + column] = 1
            } else if !allowsOthers {
                throw Problem("\(key) is not one of the categories")
            }
        }
        return one(Tensor(rows, shape: shape + [width]))
    }
    table.add("LabelEncoder", 1...1, domain: ml, encodeLabels)
    table.add("CategoryMapper", 1...1, domain: ml) { call in
        let (strings, ints) = (try call.strings("cats_strings") ?? [], try call.ints("cats_int64s") ?? [])
        let value = try call.value(0)
        let shape = try TorchlightONNX.shape(of: value)
        if case .strings(let texts) = value {
            let table = Dictionary(
                zip(strings.map { ONNXKey.string($0) }, ints), uniquingKeysWith: { first, _ in first })
            let standard = try call.int("default_int64", -1)
            return one(Tensor(texts.elements.map { table[.string($0)] ?? standard }, shape: shape))
        }
        let table = Dictionary(zip(ints, strings), uniquingKeysWith: { first, _ in first })
        let standard = try call.string("default_string", "_Unused")
        return [.strings(StringTensor(try call.integers(0).map { table[$0] ?? standard }, shape: shape))]
    }
    table.add("FeatureVectorizer", 1...Int.max, domain: ml) { call in
        let parts = try call.tensors().map { $0.to(.float32) }.map {
            $0.rank == 1 ? $0.unsqueeze(0) : $0.flatten(from: 1)
        }
        return one(cat(parts, dim: 1))
    }
    table.add("ZipMap", 1...1, domain: ml) { call in
        let (x, count, width) = try samples(call)
        let labels = try ClassLabels(call)
        guard labels.count == width else {
            throw Problem("\(quantity(labels.count, "label")) for \(width) scores", kind: .invalid)
        }
        let keys: [ONNXKey] = labels.strings.map { $0.map { .string($0) } } ?? (labels.ints ?? []).map { .int($0) }
        return [
            .sequence((0..<count).map { row in .map((0..<width).map { (keys[$0], x[row * width + $0]) }) })
        ]
    }
    table.add("DictVectorizer", 1...1, domain: ml) { call in
        let entries = try map(call)
        let keys: [ONNXKey]
        if let strings = try call.strings("string_vocabulary") {
            keys = strings.map { .string($0) }
        } else {
            keys = (try call.ints("int64_vocabulary") ?? []).map { .int($0) }
        }
        let values = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        return one(Tensor(keys.map { values[$0] ?? 0 }, shape: [1, keys.count], dtype: .float32))
    }
    table.add("CastMap", 1...1, domain: ml) { call in
        let entries = try map(call)
        let type = try call.choice("cast_to", "TO_FLOAT", of: ["TO_FLOAT", "TO_STRING", "TO_INT64"])
        var values = entries.map(\.value)
        if try call.choice("map_form", "DENSE", of: ["DENSE", "SPARSE"]) == "SPARSE" {
            let size = try call.int("max_map", 1)
            guard size > 0, size < 1 << 30 else { throw Problem("a map of \(quantity(size, "value"))", kind: .invalid) }
            values = [Double](repeating: 0, count: size)
            for case (.int(let key), let value) in entries where values.indices.contains(key) { values[key] = value }
        }
        if type == "TO_STRING" { return [.strings(StringTensor(values.map { "\($0)" }, shape: [1, values.count]))] }
        return one(Tensor(values, shape: [1, values.count], dtype: type == "TO_INT64" ? .int64 : .float32))
    }
}

private func map(_ call: Call) throws -> [(key: ONNXKey, value: Double)] {
    let value = try call.value(0)
    guard case .map(let entries) = value else { throw Problem("the input is \(value.kind)", expected: "a map") }
    return entries
}

/// The elements of a tensor as keys; numbers are truncated.
private func keys(of value: ONNXValue) throws -> [ONNXKey] {
    switch value {
    case .strings(let strings): return strings.elements.map { .string($0) }
    case .tensor(let tensor): return tensor.tensor.detach().toArray(Int.self).map { .int($0) }
    default: throw Problem("the input is \(value.kind)", expected: "a tensor")
    }
}

@Sendable private func encodeLabels(_ call: Call) throws -> [ONNXValue] {
    let value = try call.value(0)
    let shape = try TorchlightONNX.shape(of: value)
    if call.version < 2 {
        let classes = try call.strings("classes_strings") ?? []
        if case .strings(let texts) = value {
            let table = Dictionary(
                classes.enumerated().map { (ONNXKey.string($1), $0) }, uniquingKeysWith: { first, _ in first })
            let standard = try call.int("default_int64", -1)
            return one(Tensor(texts.elements.map { table[.string($0)] ?? standard }, shape: shape))
        }
        let standard = try call.string("default_string", "_Unused")
        let texts = try call.integers(0).map { classes.indices.contains($0) ? classes[$0] : standard }
        return [.strings(StringTensor(texts, shape: shape))]
    }
    /// A list attribute, in the type that is present.
    func list(_ prefix: String) throws -> ONNXValue? {
        if let strings = try call.strings(prefix + "_strings") {
            return .strings(StringTensor(strings, shape: [strings.count]))
        }
        if let ints = try call.ints(prefix + "_int64s") { return ONNXValue(Tensor(ints, shape: [ints.count])) }
        if let floats = try call.floats(prefix + "_floats") { return ONNXValue(Tensor(floats, shape: [floats.count])) }
        return try call.constant(prefix + "_tensor")
    }
    guard let keyList = try list("keys"), let values = try list("values") else {
        throw Problem("the attributes keys and values are missing", kind: .invalid)
    }
    // Floats are compared by their bits, so that NaN can be a key.
    func codes(_ value: ONNXValue) throws -> [ONNXKey] { try texts(value).map { .string($0) } }
    func texts(_ value: ONNXValue) throws -> [String] {
        switch value {
        case .strings(let strings): return strings.elements
        case .tensor(let tensor):
            if tensor.type.isFloatingPoint {
                return tensor.tensor.detach().to(.float64).toArray(Double.self).map { $0.isNaN ? "nan" : "\($0 + 0)" }
            }
            return tensor.tensor.toArray(Int.self).map { "\($0)" }
        default: throw Problem("the input is \(value.kind)", expected: "a tensor")
        }
    }
    let table = Dictionary(
        try codes(keyList).enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let count = try TorchlightONNX.shape(of: values).reduce(1, *)
    let categoryIndices = try codes(value).map { code -> Int in
        guard let column = table[code], column < count else { return -1 }
        return column
    }
    let standard = try call.constant("default_tensor")
    switch values {
    case .strings(let strings):
        var missing = try call.string("default_string", "_Unused")
        if case .strings(let given) = standard { missing = given.elements.first ?? missing }
        return [.strings(StringTensor(categoryIndices.map { $0 < 0 ? missing : strings.elements[$0] }, shape: shape))]
    case .tensor(let tensor):
        var missing: Tensor
        if let given = standard?.tensor {
            missing = given.flatten()
        } else if tensor.type.isFloatingPoint {
            missing = Tensor([try call.float("default_float", -0.0)], shape: [1], dtype: tensor.tensor.dtype)
        } else {
            missing = Tensor([try call.int("default_int64", -1)], shape: [1], dtype: tensor.tensor.dtype)
        }
        missing = missing.to(tensor.tensor.dtype)
        let all = cat([tensor.tensor.flatten(), missing])
        let index = Tensor(categoryIndices.map { $0 < 0 ? count : $0 }, shape: [categoryIndices.count])
        return [.tensor(ONNXTensor(all.indexSelect(0, index).reshape(shape), tensor.type))]
    default: throw Problem("the values are not a tensor", kind: .invalid)
    }
}
