import Torchlight

extension Registry {
    /// Functions of three operands, limits and choices.
    mutating func registerPointwise() {
        register(
            "clamp", "clip",
            tensor: { call in
                let x = try call.tensor(0)
                if call.isTensor(1, "min") || call.isTensor(2, "max") {
                    return x.clamp(min: try call.optionalTensor(1, "min"), max: try call.optionalTensor(2, "max"))
                }
                return x.clamp(min: try call.optionalNumber(1, "min"), max: try call.optionalNumber(2, "max"))
            })
        register(
            "clamp_", "clip_",
            tensor: { call in
                let x = try call.tensor(0)
                if call.isTensor(1, "min") || call.isTensor(2, "max") {
                    return x.clamp_(min: try call.optionalTensor(1, "min"), max: try call.optionalTensor(2, "max"))
                }
                return x.clamp_(min: try call.optionalNumber(1, "min"), max: try call.optionalNumber(2, "max"))
            })
        binary("clamp_min_", tensors: { $0.clampMin_($1) }, number: { $0.clampMin_($1) })
        binary("clamp_max_", tensors: { $0.clampMax_($1) }, number: { $0.clampMax_($1) })
        register(
            "clamp_min",
            tensor: { call in
                let x = try call.tensor(0)
                return call.isTensor(1, "min")
                    ? x.clampMin(try call.tensor(1, "min")) : x.clamp(min: try call.number(1, "min"))
            })
        register(
            "clamp_max",
            tensor: { call in
                let x = try call.tensor(0)
                return call.isTensor(1, "max")
                    ? x.clampMax(try call.tensor(1, "max")) : x.clamp(max: try call.number(1, "max"))
            })
        register(
            "addcmul",
            tensor: { call in
                if let value = try call.complexNumbers([(nil, "value")]) {
                    return try call.tensor(0).addcmul(try call.tensor(1), try call.tensor(2), value: value[0])
                }
                return try call.tensor(0).addcmul(
                    try call.tensor(1), try call.tensor(2), value: try call.double(nil, "value", default: 1))
            })
        register(
            "addcdiv",
            tensor: { call in
                if let value = try call.complexNumbers([(nil, "value")]) {
                    return try call.tensor(0).addcdiv(try call.tensor(1), try call.tensor(2), value: value[0])
                }
                return try call.tensor(0).addcdiv(
                    try call.tensor(1), try call.tensor(2), value: try call.double(nil, "value", default: 1))
            })
        register(
            "addcmul_",
            tensor: { call in
                try call.tensor(0).addcmul_(
                    try call.tensor(1), try call.tensor(2), value: try call.double(nil, "value", default: 1))
            })
        register(
            "addcdiv_",
            tensor: { call in
                try call.tensor(0).addcdiv_(
                    try call.tensor(1), try call.tensor(2), value: try call.double(nil, "value", default: 1))
            })
        register(
            "lerp",
            tensor: { call in
                let (a, b) = (try call.tensor(0), try call.tensor(1))
                if call.isTensor(2, "weight") { return a.lerp(b, weight: try call.tensor(2, "weight")) }
                return a.lerp(b, weight: try call.number(2, "weight"))
            })
        register(
            "lerp_",
            tensor: { call in
                let (a, b) = (try call.tensor(0), try call.tensor(1))
                if call.isTensor(2, "weight") { return a.lerp_(b, weight: try call.tensor(2, "weight")) }
                return a.lerp_(b, weight: try call.number(2, "weight"))
            })
        register(
            "masked_fill",
            tensor: { call in
                let (x, mask) = (try call.tensor(0), try call.tensor(1))
                if call.isTensor(2, "value") { return x.maskedFill(mask, try call.tensor(2, "value")) }
                return x.maskedFill(mask, try call.number(2, "value"))
            })
        register(
            "masked_fill_",
            tensor: { call in
                let (x, mask) = (try call.tensor(0), try call.tensor(1))
                if call.isTensor(2, "value") { return x.maskedFill_(mask, try call.tensor(2, "value")) }
                return x.maskedFill_(mask, try call.number(2, "value"))
            })
        register(
            "where",
            answer: { call in
                let condition = try call.tensor(0, "condition")
                guard call.has(1, "input") else { return .tensors(Tensor.where(condition)) }
                let result =
                    switch (call.isTensor(1, "input"), call.isTensor(2, "other")) {
                    case (true, true): Tensor.where(condition, try call.tensor(1), try call.tensor(2, "other"))
                    case (true, false): Tensor.where(condition, try call.tensor(1), try call.number(2, "other"))
                    case (false, true):
                        Tensor.where(condition, try call.number(1, "input"), try call.tensor(2, "other"))
                    case (false, false):
                        Tensor.where(condition, try call.number(1, "input"), try call.number(2, "other"))
                    }
                return .tensor(result)
            })
    }
}
