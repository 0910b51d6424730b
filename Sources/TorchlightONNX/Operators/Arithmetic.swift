import TorchlightCore

extension OperatorTable {
    /// Broadcasting functions of two tensors of one type.
    mutating func binary(
        _ name: String, since: Int = 1, foldable: Bool = true,
        _ function: @escaping @Sendable (Call, Tensor, Tensor) throws -> Tensor
    ) {
        add(name, since: since, 2...2, foldable: foldable) { call in
            try call.checkSameType(0..<2)
            return try call.like(0, try function(call, try call.tensor(0), try call.tensor(1)))
        }
    }

    /// Broadcasting functions of any number of tensors of one type.
    fileprivate mutating func variadic(_ name: String, _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
        add(name, 1...Int.max, foldable: true) { call in
            try call.checkSameType(call.inputs.indices)
            var result = try call.tensor(0)
            for index in 1..<max(call.inputs.count, 1) { result = function(result, try call.tensor(index)) }
            return try call.like(0, result)
        }
    }
}

func registerArithmetic(in table: inout OperatorTable) {
    table.binary("Add") { _, a, b in a + b }
    table.binary("Sub") { _, a, b in a - b }
    table.binary("Mul") { _, a, b in a * b }
    table.binary("Div") { _, a, b in
        // Integer division truncates; a division by zero is an error.
        guard a.dtype.isInteger else { return a / b }
        if (b .== 0).any().item(Bool.self) { throw Problem("an integer is divided by 0") }
        return a.div(b, rounding: .trunc)
    }
    table.binary("Mod", since: 10) { call, a, b in
        if a.dtype.isInteger, (b .== 0).any().item(Bool.self) { throw Problem("an integer is divided by 0") }
        return try call.flag("fmod") ? a.fmod(b) : a.remainder(b)
    }
    table.variadic("Max") { $0.maximum($1) }
    table.variadic("Min") { $0.minimum($1) }
    table.variadic("Sum") { $0 + $1 }
    table.add("Mean", 1...Int.max) { call in
        try call.checkSameType(call.inputs.indices)
        var sum = try call.tensor(0)
        for index in 1..<max(call.inputs.count, 1) { sum = sum + (try call.tensor(index)) }
        return try call.like(0, sum / call.inputs.count)
    }
    table.add("Pow", 2...2, foldable: true) { call in
        // The result has the type of the base; the exponent may have another type.
        let (base, exponent) = (try call.tensor(0), try call.tensor(1))
        if base.dtype.isInteger {
            return try call.like(0, base.to(.float64).pow(exponent.to(.float64)).trunc())
        }
        return try call.like(0, base.pow(exponent.dtype == base.dtype ? exponent : exponent.to(base.dtype)))
    }
    table.add("BitShift", since: 11, 2...2) { call in
        try call.checkSameType(0..<2)
        let typed = try call.typed(0)
        let (x, count) = (typed.tensor.to(.int64), try call.tensor(1).to(.int64))
        let direction = try call.choice("direction", "", of: ["LEFT", "RIGHT"])
        // Shifts by the bit width or more give 0, or -1 for the right shift of a negative number.
        let isBeyond = count >= typed.type.bitCount
        if direction == "LEFT" {
            let shifted = x << count.clamp(max: 63)
            return try call.like(0, Tensor.where(isBeyond, Tensor.zeros(like: shifted), shifted))
        }
        if typed.type == .uint64 {
            // The right shift of an unsigned number fills with zeros.
            let mask = (Tensor.full([], Int.max, dtype: .int64) >> (count - 1).clamp(min: 0, max: 63))
            let shifted = Tensor.where(count .== 0, x, (x >> count.clamp(max: 63)) & mask)
            return try call.like(0, Tensor.where(isBeyond, Tensor.zeros(like: shifted), shifted))
        }
        return try call.like(0, x >> count.clamp(max: 63))
    }
    table.binary("BitwiseAnd", since: 18) { _, a, b in a & b }
    table.binary("BitwiseOr", since: 18) { _, a, b in a | b }
    table.binary("BitwiseXor", since: 18) { _, a, b in a ^ b }
    table.unary("BitwiseNot", since: 18) { $0.bitwiseNot() }
    table.add("CumSum", since: 11, 2...2) { try cumulative($0, 0) { $0.cumsum(dim: $1, dtype: $0.dtype) } }
    table.add("CumProd", since: 26, 2...2) { try cumulative($0, 1) { $0.cumprod(dim: $1, dtype: $0.dtype) } }
}

private func cumulative(_ call: Call, _ first: Int, _ function: (Tensor, Int) -> Tensor) throws -> [ONNXValue] {
    var x = try call.tensor(0)
    let dim = try call.dim(try call.integer(1), x.rank)
    let reverse = try call.flag("reverse")
    if reverse { x = x.flip([dim]) }
    var result = function(x, dim)
    if try call.flag("exclusive"), x.shape[dim] > 0 {
        var shape = x.shape
        shape[dim] = 1
        result = cat(
            [Tensor.full(shape, first, dtype: x.dtype), result.narrow(dim, start: 0, length: x.shape[dim] - 1)],
            dim: dim)
    }
    return try call.like(0, reverse ? result.flip([dim]) : result)
}
