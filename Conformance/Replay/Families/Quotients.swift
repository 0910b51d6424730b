import Torchlight

extension Registry {
    /// Quotients of two operands, whole and with a fraction.
    mutating func registerQuotients() {
        register(
            "div", "divide", "true_divide",
            tensor: { call in
                let rounding = try Self.rounding(call)
                if !call.isTensor(1, "other") {
                    return try call.operand(0, "input").div(try call.number(1, "other"), rounding: rounding)
                }
                let divisor = try call.tensor(1, "other")
                return call.isTensor(0, "input")
                    ? try call.tensor(0).div(divisor, rounding: rounding)
                    : div(try call.number(0, "input"), divisor, rounding: rounding)
            })
        register(
            "div_", "divide_", "true_divide_",
            tensor: { call in
                let x = try call.tensor(0)
                let rounding = try Self.rounding(call)
                if call.isTensor(1, "other") { return x.div_(try call.tensor(1, "other"), rounding: rounding) }
                return x.div_(try call.number(1, "other"), rounding: rounding)
            })
        binary(
            "floor_divide", tensors: { $0.floorDivide($1) }, number: { $0.floorDivide($1) },
            numberFirst: { floorDivide($0, $1) }, numbers: true)
        binary("floor_divide_", tensors: { $0.floorDivide_($1) }, number: { $0.floorDivide_($1) })
    }

    private static func rounding(_ call: Call) throws -> DivisionRounding {
        switch try call.optionalString(nil, "rounding_mode") {
        case nil: .none
        case "floor": .floor
        case "trunc": .trunc
        case let mode?: throw NotSupported("rounding_mode \(mode)")
        }
    }
}
