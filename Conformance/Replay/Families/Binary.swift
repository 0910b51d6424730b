import Torchlight

extension Registry {
    /// Operators of two operands.
    mutating func registerBinary() {
        binary(
            "mul", "multiply", tensors: { $0 * $1 }, number: { $0 * $1 }, numberFirst: { $0 * $1 }, numbers: true)
        reflected("__rmul__", tensors: { $0 * $1 }, numberFirst: { $0 * $1 })
        reflected("__radd__", tensors: { $0 + $1 }, numberFirst: { $0 + $1 })
        reflected("__rsub__", tensors: { $0 - $1 }, numberFirst: { $0 - $1 })
        reflected("__rdiv__", tensors: { $0 / $1 }, numberFirst: { $0 / $1 })
        reflected("__rmod__", tensors: { $0 % $1 }, numberFirst: { $0 % $1 })
        reflected("__rpow__", tensors: { $0.pow($1) }, numberFirst: { pow($0, $1) })
        reflected("__rfloordiv__", tensors: { $0.floorDivide($1) }, numberFirst: { floorDivide($0, $1) })
        reflected("__rand__", tensors: { $0 & $1 }, numberFirst: { $0 & $1 })
        reflected("__ror__", tensors: { $0 | $1 }, numberFirst: { $0 | $1 })
        reflected("__rxor__", tensors: { $0 ^ $1 }, numberFirst: { $0 ^ $1 })
        reflected("__rmatmul__", tensors: { $0.matmul($1) })
        binary("pow", tensors: { $0.pow($1) }, number: { $0.pow($1) }, numberFirst: { pow($0, $1) })
        binary(
            "float_power", tensors: { $0.floatPower($1) }, number: { $0.floatPower($1) },
            numberFirst: { floatPower($0, $1) })
        binary("remainder", tensors: { $0.remainder($1) }, number: { $0.remainder($1) }, numberFirst: { $0 % $1 })
        binary("fmod", tensors: { $0.fmod($1) }, number: { $0.fmod($1) })
        binary("atan2", "arctan2", tensors: { $0.atan2($1) })
        binary("hypot", tensors: { $0.hypot($1) })
        binary("copysign", tensors: { $0.copysign($1) }, number: { $0.copysign($1) })
        binary(
            "xlogy", "special.xlogy", tensors: { $0.xlogy($1) }, number: { $0.xlogy($1) },
            numberFirst: { xlogy($0, $1) })
        binary("logaddexp", tensors: { $0.logaddexp($1) })
        binary("logaddexp2", tensors: { $0.logaddexp2($1) })
        binary("ldexp", tensors: { $0.ldexp($1) })
        binary("nextafter", tensors: { $0.nextafter($1) })
        binary("gcd", tensors: { $0.gcd($1) })
        binary("lcm", tensors: { $0.lcm($1) })
        binary("heaviside", tensors: { $0.heaviside($1) })
        binary("maximum", tensors: { $0.maximum($1) })
        binary("minimum", tensors: { $0.minimum($1) })
        binary("fmax", tensors: { $0.fmax($1) })
        binary("fmin", tensors: { $0.fmin($1) })
        binary("bitwise_and", "__and__", tensors: { $0 & $1 }, number: { $0 & $1 }, numberFirst: { $0 & $1 })
        binary("bitwise_or", "__or__", tensors: { $0 | $1 }, number: { $0 | $1 }, numberFirst: { $0 | $1 })
        binary("bitwise_xor", "__xor__", tensors: { $0 ^ $1 }, number: { $0 ^ $1 }, numberFirst: { $0 ^ $1 })
        binary("bitwise_left_shift", tensors: { $0 << $1 }, number: { $0 << $1 }, numberFirst: { $0 << $1 })
        binary("bitwise_right_shift", tensors: { $0 >> $1 }, number: { $0 >> $1 }, numberFirst: { $0 >> $1 })
        binary("logical_and", tensors: { $0.logicalAnd($1) })
        binary("logical_or", tensors: { $0.logicalOr($1) })
        binary("logical_xor", tensors: { $0.logicalXor($1) })
        binary("eq", tensors: { $0 .== $1 }, number: { $0 .== $1 })
        binary("ne", "not_equal", tensors: { $0 .!= $1 }, number: { $0 .!= $1 })
        binary("lt", "less", tensors: { $0 < $1 }, number: { $0 < $1 })
        binary("le", "less_equal", tensors: { $0 <= $1 }, number: { $0 <= $1 })
        binary("gt", "greater", tensors: { $0 > $1 }, number: { $0 > $1 })
        binary("ge", "greater_equal", tensors: { $0 >= $1 }, number: { $0 >= $1 })
        register(
            "add",
            tensor: Self.scaled(tensors: { $0.add($1, alpha: $2) }, number: { $0.add($1, alpha: $2) }) { $0 + $1 })
        register(
            "sub", "subtract",
            tensor: Self.scaled(tensors: { $0.sub($1, alpha: $2) }, number: { $0.sub($1, alpha: $2) }) { $0 - $1 })
        register(
            "rsub",
            tensor: { call in
                let x = try call.tensor(0)
                let alpha = try call.optionalNumber(2, "alpha") ?? 1
                if call.isTensor(1, "other") { return try call.tensor(1, "other").sub(x, alpha: alpha) }
                return try call.number(1, "other") - x * alpha
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
        binary("float_power_", tensors: { $0.floatPower_($1) }, number: { $0.floatPower_($1) })
        binary("atan2_", "arctan2_", tensors: { $0.atan2_($1) })
        binary("hypot_", tensors: { $0.hypot_($1) })
        binary("copysign_", tensors: { $0.copysign_($1) }, number: { $0.copysign_($1) })
        binary("xlogy_", tensors: { $0.xlogy_($1) }, number: { $0.xlogy_($1) })
        binary("heaviside_", tensors: { $0.heaviside_($1) })
        binary("ldexp_", tensors: { $0.ldexp_($1) })
        binary("nextafter_", tensors: { $0.nextafter_($1) })
        binary("gcd_", tensors: { $0.gcd_($1) })
        binary("lcm_", tensors: { $0.lcm_($1) })
        binary("fmod_", tensors: { $0.fmod_($1) }, number: { $0.fmod_($1) })
        binary("remainder_", tensors: { $0.remainder_($1) }, number: { $0.remainder_($1) })
        binary("bitwise_and_", tensors: { $0.bitwiseAnd_($1) }, number: { $0.bitwiseAnd_($1) })
        binary("bitwise_or_", tensors: { $0.bitwiseOr_($1) }, number: { $0.bitwiseOr_($1) })
        binary("bitwise_xor_", tensors: { $0.bitwiseXor_($1) }, number: { $0.bitwiseXor_($1) })
        binary("bitwise_left_shift_", tensors: { $0.bitwiseLeftShift_($1) }, number: { $0.bitwiseLeftShift_($1) })
        binary("bitwise_right_shift_", tensors: { $0.bitwiseRightShift_($1) }, number: { $0.bitwiseRightShift_($1) })
        binary("logical_and_", tensors: { $0.logicalAnd_($1) })
        binary("logical_or_", tensors: { $0.logicalOr_($1) })
        binary("logical_xor_", tensors: { $0.logicalXor_($1) })
        binary("eq_", tensors: { $0.eq_($1) }, number: { $0.eq_($1) })
        binary("ne_", "not_equal_", tensors: { $0.ne_($1) }, number: { $0.ne_($1) })
        binary("lt_", "less_", tensors: { $0.lt_($1) }, number: { $0.lt_($1) })
        binary("le_", "less_equal_", tensors: { $0.le_($1) }, number: { $0.le_($1) })
        binary("gt_", "greater_", tensors: { $0.gt_($1) }, number: { $0.gt_($1) })
        binary("ge_", "greater_equal_", tensors: { $0.ge_($1) }, number: { $0.ge_($1) })
        binary("copy_", tensors: { $0.copy_($1) })
        register(
            "add_", tensor: Self.scaled(tensors: { $0.add_($1, alpha: $2) }, number: { $0.add_($1, alpha: $2) }))
        register(
            "sub_", "subtract_",
            tensor: Self.scaled(tensors: { $0.sub_($1, alpha: $2) }, number: { $0.sub_($1, alpha: $2) }))
        register(
            "fill_",
            tensor: { call in
                let x = try call.tensor(0)
                if call.isTensor(1, "value") { return x.fill_(try call.tensor(1, "value")) }
                return x.fill_(try call.number(1, "value"))
            })
    }

    /// A sum or a difference with the second operand multiplied.
    private static func scaled(
        tensors: @escaping (Tensor, Tensor, any TensorScalar) -> Tensor,
        number: @escaping (Tensor, any TensorScalar, any TensorScalar) -> Tensor,
        numberFirst: ((any TensorScalar, Tensor) -> Tensor)? = nil
    ) -> (Call) throws -> Tensor {
        { call in
            let alpha = try call.optionalNumber(2, "alpha") ?? 1
            guard call.isTensor(1, "other") else {
                return number(try call.operand(0, "input"), try call.number(1, "other"), alpha)
            }
            let other = try call.tensor(1, "other")
            guard !call.isTensor(0, "input") else { return tensors(try call.tensor(0), other, alpha) }
            guard let numberFirst else { throw NotSupported("needs a tensor") }
            return numberFirst(try call.number(0, "input"), other * alpha)
        }
    }
}
