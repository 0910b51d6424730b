import Torchlight

extension Registry {
    /// New tensors.
    mutating func registerCreation() {
        register(
            "zeros",
            tensor: { call in
                Tensor.zeros(try call.trailingInts(0, "size"), dtype: try call.optionalDType(nil) ?? .default)
            })
        register(
            "ones",
            tensor: { call in
                Tensor.ones(try call.trailingInts(0, "size"), dtype: try call.optionalDType(nil) ?? .default)
            })
        register(
            "full",
            tensor: { call in
                Tensor.full(
                    try call.ints(0, "size"), try call.number(1, "fill_value"), dtype: try call.optionalDType(nil))
            })
        register(
            "zeros_like",
            tensor: { call in
                Tensor.zeros(like: try call.tensor(0), dtype: try call.optionalDType(nil))
            })
        register(
            "ones_like",
            tensor: { call in
                Tensor.ones(like: try call.tensor(0), dtype: try call.optionalDType(nil))
            })
        register(
            "full_like",
            tensor: { call in
                Tensor.full(
                    like: try call.tensor(0), try call.number(1, "fill_value"), dtype: try call.optionalDType(nil))
            })
        register(
            "eye",
            tensor: { call in
                let rows = try call.int(0, "n")
                return Tensor.eye(
                    rows, try call.int(1, "m", default: rows), dtype: try call.optionalDType(nil) ?? .default,
                    requiresGrad: try call.bool(nil, "requires_grad"))
            })
        register(
            "arange",
            tensor: { call in
                let dtype = try call.optionalDType(nil)
                let (first, second) = (try call.optionalNumber(0, "start"), try call.optionalNumber(1, "end"))
                let step = try call.optionalNumber(2, "step")
                guard let end = second ?? first else { throw NotSupported("needs an end") }
                let start: any TensorScalar = second == nil ? 0 : first ?? 0
                let numbers = [start.scalar, end.scalar, step?.scalar ?? .int(1)]
                var isInteger = true
                for case .double in numbers { isInteger = false }
                if isInteger {
                    return Tensor.arange(numbers[0].asInt, numbers[1].asInt, step: numbers[2].asInt, dtype: dtype)
                }
                return Tensor.arange(numbers[0].asDouble, numbers[1].asDouble, step: numbers[2].asDouble, dtype: dtype)
            })
        register(
            "linspace",
            tensor: { call in
                if call.isTensor(0, "start") || call.isTensor(1, "end") { throw NotSupported("ends that are tensors") }
                return Tensor.linspace(
                    try call.number(0, "start").scalar.asDouble, try call.number(1, "end").scalar.asDouble,
                    steps: try call.int(2, "steps"), dtype: try call.optionalDType(nil) ?? .default)
            })
    }

    /// Conversions and what decides dtypes.
    mutating func registerTypes() {
        register(
            "to",
            tensor: { call in
                let x = try call.tensor(0)
                if call.isTensor(1, "other") { throw NotSupported("the dtype of another tensor") }
                return x.to(try call.dtype(1))
            })
        unary("bfloat16") { $0.to(.bfloat16) }
        unary("half") { $0.to(.float16) }
        unary("float") { $0.to(.float32) }
        unary("double") { $0.to(.float64) }
        unary("bool") { $0.to(.bool) }
        unary("byte") { $0.to(.uint8) }
        unary("char") { $0.to(.int8) }
        unary("short") { $0.to(.int16) }
        unary("int") { $0.to(.int32) }
        unary("long") { $0.to(.int64) }
        register("type_as", tensor: { call in try call.tensor(0).to(try call.tensor(1, "other").dtype) })
        register(
            "promote_types",
            answer: { call in
                .text("\(DType.promote(try call.dtype(0, "type1"), try call.dtype(1, "type2")))")
            })
    }

    /// Products of matrices and vectors.
    mutating func registerProducts() {
        binary("matmul", "linalg.matmul", "__matmul__", tensors: { $0.matmul($1) })
        binary("mm", tensors: { $0.mm($1) })
        binary("bmm", tensors: { $0.bmm($1) })
        binary("mv", tensors: { $0.mv($1) })
        binary("dot", "vdot", tensors: { $0.dot($1) })
        binary("outer", "ger", tensors: { $0.outer($1) })
        register(
            "addmm",
            tensor: { call in
                try call.tensor(0).addmm(
                    try call.tensor(1, "mat1"), try call.tensor(2, "mat2"),
                    beta: try call.double(nil, "beta", default: 1), alpha: try call.double(nil, "alpha", default: 1))
            })
        register(
            "addmm_",
            tensor: { call in
                try call.tensor(0).addmm_(
                    try call.tensor(1, "mat1"), try call.tensor(2, "mat2"),
                    beta: try call.double(nil, "beta", default: 1), alpha: try call.double(nil, "alpha", default: 1))
            })
        register(
            "addmv",
            tensor: { call in
                try call.tensor(0).addmv(
                    try call.tensor(1, "mat"), try call.tensor(2, "vec"),
                    beta: try call.double(nil, "beta", default: 1), alpha: try call.double(nil, "alpha", default: 1))
            })
        register(
            "baddbmm",
            tensor: { call in
                try call.tensor(0).baddbmm(
                    try call.tensor(1, "batch1"), try call.tensor(2, "batch2"),
                    beta: try call.double(nil, "beta", default: 1), alpha: try call.double(nil, "alpha", default: 1))
            })
        register(
            "einsum",
            tensor: { call in
                guard let equation = try call.optionalString(0, "equation") else {
                    throw NotSupported("the other form")
                }
                return Torchlight.einsum(equation, try call.trailingTensors(from: 1))
            })
    }
}
