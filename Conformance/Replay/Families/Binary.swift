import Torchlight

extension Registry {
    /// Operators of two operands.
    mutating func registerBinary() {
        binary("mul", "multiply", tensors: { $0 * $1 }, number: { $0 * $1 }, numberFirst: { $0 * $1 })
        reflected("__rmul__", tensors: { $0 * $1 }, numberFirst: { $0 * $1 })
        reflected("__radd__", tensors: { $0 + $1 }, numberFirst: { $0 + $1 })
        reflected("__rsub__", tensors: { $0 - $1 }, numberFirst: { $0 - $1 })
        reflected("__rdiv__", tensors: { $0 / $1 }, numberFirst: { $0 / $1 })
        reflected("__rmod__", tensors: { $0 % $1 }, numberFirst: { $0 % $1 })
        reflected("__rpow__", tensors: { $0.pow($1) }, numberFirst: { pow($0, $1) })
        reflected("__rfloordiv__", tensors: { $0.floorDivide($1) })
        reflected("__rand__", tensors: { $0 & $1 }, numberFirst: { $0 & $1 })
        reflected("__ror__", tensors: { $0 | $1 }, numberFirst: { $0 | $1 })
        reflected("__rxor__", tensors: { $0 ^ $1 }, numberFirst: { $0 ^ $1 })
        reflected("__rmatmul__", tensors: { $0.matmul($1) })
        binary("true_divide", tensors: { $0 / $1 }, number: { $0 / $1 }, numberFirst: { $0 / $1 })
        binary("pow", tensors: { $0.pow($1) }, number: { $0.pow($1) }, numberFirst: { pow($0, $1) })
        binary("float_power", tensors: { $0.floatPower($1) })
        binary("floor_divide", tensors: { $0.floorDivide($1) }, number: { $0.floorDivide($1) })
        binary("remainder", tensors: { $0.remainder($1) }, number: { $0.remainder($1) }, numberFirst: { $0 % $1 })
        binary("fmod", tensors: { $0.fmod($1) }, number: { $0.fmod($1) })
        binary("atan2", "arctan2", tensors: { $0.atan2($1) })
        binary("hypot", tensors: { $0.hypot($1) })
        binary("copysign", tensors: { $0.copysign($1) }, number: { $0.copysign($1) })
        binary("xlogy", "special.xlogy", tensors: { $0.xlogy($1) }, number: { $0.xlogy($1) })
        binary("logaddexp", tensors: { $0.logaddexp($1) })
        binary("heaviside", tensors: { $0.heaviside($1) })
        binary("maximum", tensors: { $0.maximum($1) })
        binary("minimum", tensors: { $0.minimum($1) })
        binary("fmax", tensors: { $0.fmax($1) })
        binary("fmin", tensors: { $0.fmin($1) })
        binary("bitwise_and", "__and__", tensors: { $0 & $1 }, number: { $0 & $1 }, numberFirst: { $0 & $1 })
        binary("bitwise_or", "__or__", tensors: { $0 | $1 }, number: { $0 | $1 }, numberFirst: { $0 | $1 })
        binary("bitwise_xor", "__xor__", tensors: { $0 ^ $1 }, number: { $0 ^ $1 }, numberFirst: { $0 ^ $1 })
        binary("bitwise_left_shift", tensors: { $0 << $1 }, number: { $0 << $1 })
        binary("bitwise_right_shift", tensors: { $0 >> $1 }, number: { $0 >> $1 })
        binary("logical_and", tensors: { $0.logicalAnd($1) })
        binary("logical_or", tensors: { $0.logicalOr($1) })
        binary("logical_xor", tensors: { $0.logicalXor($1) })
        binary("eq", tensors: { $0 .== $1 }, number: { $0 .== $1 })
        binary("ne", "not_equal", tensors: { $0 .!= $1 }, number: { $0 .!= $1 })
        binary("lt", "less", tensors: { $0 < $1 }, number: { $0 < $1 })
        binary("le", "less_equal", tensors: { $0 <= $1 }, number: { $0 <= $1 })
        binary("gt", "greater", tensors: { $0 > $1 }, number: { $0 > $1 })
        binary("ge", "greater_equal", tensors: { $0 >= $1 }, number: { $0 >= $1 })
        register("add", tensor: Self.scaled(tensors: { $0.add($1, alpha: $2) }, number: { $0 + $1 }) { $0 + $1 })
        register(
            "sub", "subtract", tensor: Self.scaled(tensors: { $0.sub($1, alpha: $2) }, number: { $0 - $1 }) { $0 - $1 })
        register(
            "rsub",
            tensor: { call in
                let x = try call.tensor(0)
                let alpha = try call.optionalNumber(2, "alpha") ?? 1
                if call.isTensor(1, "other") { return try call.tensor(1, "other").sub(x, alpha: alpha) }
                return try call.number(1, "other") - x * alpha
            })
        register(
            "div", "divide",
            tensor: { call in
                let rounding = try Self.rounding(call)
                guard call.isTensor(0, "input") else {
                    guard rounding == .none else { throw NotSupported("a number is not divided with rounding") }
                    return try call.number(0, "input") / call.tensor(1, "other")
                }
                let x = try call.tensor(0)
                if call.isTensor(1, "other") { return x.div(try call.tensor(1, "other"), rounding: rounding) }
                return x.div(try call.number(1, "other"), rounding: rounding)
            })
        register(
            "isclose",
            tensor: { call in
                try call.tensor(0).isclose(
                    try call.tensor(1, "other"), rtol: try call.double(2, "rtol", default: 1e-5),
                    atol: try call.double(3, "atol", default: 1e-8), equalNan: try call.bool(4, "equal_nan"))
            })
        register(
            "allclose",
            answer: { call in
                .number(
                    .bool(
                        try call.tensor(0).allclose(
                            try call.tensor(1, "other"), rtol: try call.double(2, "rtol", default: 1e-5),
                            atol: try call.double(3, "atol", default: 1e-8), equalNan: try call.bool(4, "equal_nan"))))
            })
        register("equal", answer: { call in .number(.bool(try call.tensor(0).equal(try call.tensor(1, "other")))) })
        registerBinaryInPlace()
    }

    private mutating func registerBinaryInPlace() {
        binary("mul_", tensors: { $0.mul_($1) }, number: { $0.mul_($1) })
        binary("pow_", tensors: { $0.pow_($1) }, number: { $0.pow_($1) })
        binary("atan2_", tensors: { $0.atan2_($1) })
        binary("fmod_", tensors: { $0.fmod_($1) })
        binary("remainder_", tensors: { $0.remainder_($1) })
        binary("bitwise_and_", tensors: { $0.bitwiseAnd_($1) })
        binary("bitwise_or_", tensors: { $0.bitwiseOr_($1) })
        binary("bitwise_xor_", tensors: { $0.bitwiseXor_($1) })
        binary("copy_", tensors: { $0.copy_($1) })
        register(
            "add_",
            tensor: { call in
                let x = try call.tensor(0)
                guard call.isTensor(1, "other") else { return x.add_(try call.number(1, "other")) }
                let alpha: any TensorScalar = try call.optionalNumber(2, "alpha") ?? 1
                return x.add_(try call.tensor(1, "other"), alpha: alpha)
            })
        register(
            "sub_",
            tensor: { call in
                let x = try call.tensor(0)
                guard call.isTensor(1, "other") else { return x.sub_(try call.number(1, "other")) }
                let other = try call.tensor(1, "other")
                guard let alpha = try call.optionalNumber(2, "alpha") else { return x.sub_(other) }
                return x.sub_(other, alpha: alpha)
            })
        register(
            "div_",
            tensor: { call in
                let x = try call.tensor(0)
                let rounding = try Self.rounding(call)
                if call.isTensor(1, "other") { return x.div_(try call.tensor(1, "other"), rounding: rounding) }
                return x.div_(try call.number(1, "other"), rounding: rounding)
            })
        register("fill_", tensor: { call in try call.tensor(0).fill_(try call.number(1, "value")) })
    }

    private static func rounding(_ call: Call) throws -> DivisionRounding {
        switch try call.optionalString(nil, "rounding_mode") {
        case nil: .none
        case "floor": .floor
        case "trunc": .trunc
        case let mode?: throw NotSupported("rounding_mode \(mode)")
        }
    }

    /// A sum or a difference with the second operand multiplied.
    private static func scaled(
        tensors: @escaping (Tensor, Tensor, any TensorScalar) -> Tensor,
        number: @escaping (Tensor, any TensorScalar) -> Tensor,
        numberFirst: @escaping (any TensorScalar, Tensor) -> Tensor
    ) -> (Call) throws -> Tensor {
        { call in
            guard call.isTensor(0, "input") else {
                return numberFirst(try call.number(0, "input"), try call.tensor(1, "other"))
            }
            let x = try call.tensor(0)
            guard call.isTensor(1, "other") else { return number(x, try call.number(1, "other")) }
            return tensors(x, try call.tensor(1, "other"), try call.optionalNumber(2, "alpha") ?? 1)
        }
    }
}
