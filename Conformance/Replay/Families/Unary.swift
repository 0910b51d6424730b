import Torchlight

extension Registry {
    /// Functions of one tensor, and their changing forms.
    mutating func registerUnary() {
        unary("abs", "absolute") { $0.abs() }
        unary("acos", "arccos") { $0.acos() }
        unary("acosh", "arccosh") { $0.acosh() }
        unary("asin", "arcsin") { $0.asin() }
        unary("asinh", "arcsinh") { $0.asinh() }
        unary("atan", "arctan") { $0.atan() }
        unary("atanh", "arctanh") { $0.atanh() }
        unary("bitwise_not", "__invert__") { ~$0 }
        unary("ceil") { $0.ceil() }
        unary("cos") { $0.cos() }
        unary("cosh") { $0.cosh() }
        unary("deg2rad") { $0.deg2rad() }
        unary("digamma", "special.psi", "special.digamma") { $0.digamma() }
        unary("erf", "special.erf") { $0.erf() }
        unary("erfc", "special.erfc") { $0.erfc() }
        unary("erfinv", "special.erfinv") { $0.erfinv() }
        unary("exp") { $0.exp() }
        unary("exp2", "special.exp2") { $0.exp2() }
        unary("expm1", "special.expm1") { $0.expm1() }
        unary("floor") { $0.floor() }
        unary("frac") { $0.frac() }
        unary("isfinite") { $0.isfinite() }
        unary("isinf") { $0.isinf() }
        unary("isnan") { $0.isnan() }
        unary("isneginf") { $0.isneginf() }
        unary("isposinf") { $0.isposinf() }
        unary("lgamma", "special.gammaln") { $0.lgamma() }
        unary("log") { $0.log() }
        unary("log10") { $0.log10() }
        unary("log1p", "special.log1p") { $0.log1p() }
        unary("log2") { $0.log2() }
        unary("logical_not") { $0.logicalNot() }
        unary("neg", "negative") { -$0 }
        unary("positive") { $0.positive() }
        unary("rad2deg") { $0.rad2deg() }
        unary("reciprocal") { $0.reciprocal() }
        unary("rsqrt") { $0.rsqrt() }
        unary("sigmoid", "special.expit", "nn.functional.sigmoid") { $0.sigmoid() }
        unary("sign") { $0.sign() }
        unary("sgn") { $0.sgn() }
        unary("signbit") { $0.signbit() }
        unary("sin") { $0.sin() }
        unary("sinc", "special.sinc") { $0.sinc() }
        unary("sinh") { $0.sinh() }
        unary("sqrt") { $0.sqrt() }
        unary("square") { $0.square() }
        unary("tan") { $0.tan() }
        unary("tanh", "nn.functional.tanh") { $0.tanh() }
        unary("trunc", "fix") { $0.trunc() }
        register(
            "round", "special.round",
            tensor: { call in
                let x = try call.tensor(0)
                guard let decimals = try call.optionalInt(nil, "decimals") else { return x.round() }
                return x.round(decimals: decimals)
            })
        register(
            "round_",
            tensor: { call in
                let x = try call.tensor(0)
                guard let decimals = try call.optionalInt(nil, "decimals") else { return x.round_() }
                return x.round_(decimals: decimals)
            })
        register("logit_", tensor: { call in try call.tensor(0).logit_(eps: try call.optionalDouble(1, "eps")) })
        register(
            "nan_to_num_",
            tensor: { call in
                try call.tensor(0).nanToNum_(
                    nan: try call.double(1, "nan", default: 0), posinf: try call.optionalDouble(2, "posinf"),
                    neginf: try call.optionalDouble(3, "neginf"))
            })
        register(
            "logit", "special.logit",
            tensor: { call in
                try call.tensor(0).logit(eps: try call.optionalDouble(1, "eps"))
            })
        register(
            "nan_to_num",
            tensor: { call in
                try call.tensor(0).nanToNum(
                    nan: try call.double(1, "nan", default: 0), posinf: try call.optionalDouble(2, "posinf"),
                    neginf: try call.optionalDouble(3, "neginf"))
            })
        registerUnaryInPlace()
    }

    private mutating func registerUnaryInPlace() {
        unary("abs_") { $0.abs_() }
        unary("acos_") { $0.acos_() }
        unary("acosh_") { $0.acosh_() }
        unary("asin_") { $0.asin_() }
        unary("asinh_") { $0.asinh_() }
        unary("atan_") { $0.atan_() }
        unary("atanh_") { $0.atanh_() }
        unary("bitwise_not_") { $0.bitwiseNot_() }
        unary("ceil_") { $0.ceil_() }
        unary("cos_") { $0.cos_() }
        unary("cosh_") { $0.cosh_() }
        unary("deg2rad_") { $0.deg2rad_() }
        unary("digamma_") { $0.digamma_() }
        unary("erf_") { $0.erf_() }
        unary("erfc_") { $0.erfc_() }
        unary("erfinv_") { $0.erfinv_() }
        unary("exp_") { $0.exp_() }
        unary("exp2_") { $0.exp2_() }
        unary("expm1_") { $0.expm1_() }
        unary("floor_") { $0.floor_() }
        unary("frac_") { $0.frac_() }
        unary("lgamma_") { $0.lgamma_() }
        unary("log_") { $0.log_() }
        unary("log10_") { $0.log10_() }
        unary("log1p_") { $0.log1p_() }
        unary("log2_") { $0.log2_() }
        unary("logical_not_") { $0.logicalNot_() }
        unary("neg_", "negative_") { $0.neg_() }
        unary("rad2deg_") { $0.rad2deg_() }
        unary("reciprocal_") { $0.reciprocal_() }
        unary("relu_") { $0.relu_() }
        unary("rsqrt_") { $0.rsqrt_() }
        unary("sigmoid_") { $0.sigmoid_() }
        unary("sgn_") { $0.sgn_() }
        unary("sign_") { $0.sign_() }
        unary("sin_") { $0.sin_() }
        unary("sinc_") { $0.sinc_() }
        unary("sinh_") { $0.sinh_() }
        unary("sqrt_") { $0.sqrt_() }
        unary("square_") { $0.square_() }
        unary("tan_") { $0.tan_() }
        unary("tanh_") { $0.tanh_() }
        unary("trunc_", "fix_") { $0.trunc_() }
        unary("zero_") { $0.zero_() }
    }
}
