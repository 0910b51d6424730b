import Torchlight

extension Registry {
    /// What numbers are made of, which they are among, and what decides their dtypes.
    mutating func registerNumbers() {
        unary("angle") { $0.angle() }
        unary("conj_physical") { $0.conjPhysical() }
        unary("conj_physical_") { $0.conjPhysical_() }
        unary("isreal") { $0.isreal() }
        register(
            "frexp",
            tensors: { call in
                let (mantissa, exponent) = try call.tensor(0).frexp()
                return [mantissa, exponent]
            })
        register(
            "isin",
            tensor: { call in
                // A hint for speed, on which the answer does not depend.
                _ = try call.bool(2, "assume_unique")
                let invert = try call.bool(nil, "invert")
                guard call.isTensor(0, "elements") else {
                    return isin(
                        try call.number(0, "elements"), try call.tensor(1, "test_elements"), invert: invert)
                }
                let x = try call.tensor(0, "elements")
                if call.isTensor(1, "test_elements") {
                    return x.isin(try call.tensor(1, "test_elements"), invert: invert)
                }
                return x.isin(try call.number(1, "test_elements"), invert: invert)
            })
        register(
            "cross",
            tensor: { call in
                try call.tensor(0).cross(try call.tensor(1, "other"), dim: try call.optionalInt(2, "dim"))
            })
        register(
            "fill",
            tensor: { call in
                let x = try call.tensor(0)
                if call.isTensor(1, "value") { return x.fill(try call.tensor(1, "value")) }
                return x.fill(try call.number(1, "value"))
            })
        register(
            "can_cast",
            answer: { call in .number(.bool(try call.dtype(0, "from_").canCast(to: try call.dtype(1, "to")))) })
        register("result_type", answer: { call in .text("\(try Self.resultType(call))") })
    }

    private static func resultType(_ call: Call) throws -> DType {
        switch (call.isTensor(0, "tensor1"), call.isTensor(1, "tensor2")) {
        case (true, true): Torchlight.resultType(try call.tensor(0, "tensor1"), try call.tensor(1, "tensor2"))
        case (true, false): Torchlight.resultType(try call.tensor(0, "tensor1"), try call.number(1, "tensor2"))
        case (false, true): Torchlight.resultType(try call.number(0, "tensor1"), try call.tensor(1, "tensor2"))
        case (false, false): Torchlight.resultType(try call.number(0, "tensor1"), try call.number(1, "tensor2"))
        }
    }
}
