import TorchlightCore

extension OperatorTable {
    /// Functions of one tensor, of floating-point and integer types.
    mutating func unary(
        _ name: String, since: Int = 1, foldable: Bool = false, _ function: @escaping @Sendable (Tensor) -> Tensor
    ) {
        add(name, since: since, 1...1, foldable: foldable) { call in try call.like(0, function(try call.tensor(0))) }
    }
}

func registerElementwise(in table: inout OperatorTable) {
    table.unary("Abs", foldable: true) { $0.dtype == .bool || !$0.dtype.isSigned ? $0 : $0.abs() }
    table.unary("Neg", foldable: true) { -$0 }
    table.unary("Ceil", foldable: true) { $0.ceil() }
    table.unary("Floor", foldable: true) { $0.floor() }
    table.unary("Round", since: 11, foldable: true) { $0.round() }
    table.unary("Sqrt", foldable: true) { $0.sqrt() }
    table.unary("Reciprocal", foldable: true) { $0.reciprocal() }
    table.unary("Exp") { $0.exp() }
    table.unary("Log") { $0.log() }
    table.unary("Sign", since: 9) { $0.sign() }
    table.unary("Erf", since: 9) { $0.erf() }
    table.unary("Sin", since: 7) { $0.sin() }
    table.unary("Cos", since: 7) { $0.cos() }
    table.unary("Tan", since: 7) { $0.tan() }
    table.unary("Asin", since: 7) { $0.asin() }
    table.unary("Acos", since: 7) { $0.acos() }
    table.unary("Atan", since: 7) { $0.atan() }
    table.unary("Sinh", since: 9) { $0.sinh() }
    table.unary("Cosh", since: 9) { $0.cosh() }
    table.unary("Asinh", since: 9) { $0.asinh() }
    table.unary("Acosh", since: 9) { $0.acosh() }
    table.unary("Atanh", since: 9) { $0.atanh() }
    table.unary("Tanh") { $0.tanh() }
    table.add("Identity", 1...1, foldable: true) { [try $0.value(0)] }
    table.add("IsNaN", since: 9, 1...1) { one(try $0.tensor(0).isnan()) }
    table.add("IsInf", since: 10, 1...1) { call in
        let x = try call.tensor(0)
        let positive = try call.flag("detect_positive", true)
        let negative = try call.flag("detect_negative", true)
        if positive && negative { return one(x.isinf()) }
        if positive { return one(x.isposinf()) }
        return one(negative ? x.isneginf() : Tensor.zeros(x.shape, dtype: .bool))
    }
    table.add("Clip", 1...3, foldable: true) { call in
        let x = try call.tensor(0)
        var (low, high): (Tensor?, Tensor?)
        if call.version < 11 {
            low = Tensor.scalarTensor(try call.float("min", -3.402823e38), dtype: x.dtype)
            high = Tensor.scalarTensor(try call.float("max", 3.402823e38), dtype: x.dtype)
        } else {
            try call.checkSameType(0..<3)
            (low, high) = (try call.optional(1), try call.optional(2))
        }
        var result = x
        if let low { result = result.maximum(low) }
        if let high { result = result.minimum(high) }
        return try call.like(0, result)
    }
}
