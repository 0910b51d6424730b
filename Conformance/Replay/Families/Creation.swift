import Torchlight
import TorchlightIO

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
                for case .complex in numbers {
                    return Tensor.arange(
                        numbers[0].asComplex, numbers[1].asComplex, step: numbers[2].asComplex, dtype: dtype)
                }
                if isInteger {
                    return Tensor.arange(numbers[0].asInt, numbers[1].asInt, step: numbers[2].asInt, dtype: dtype)
                }
                return Tensor.arange(numbers[0].asDouble, numbers[1].asDouble, step: numbers[2].asDouble, dtype: dtype)
            })
        register(
            "linspace",
            tensor: { call in
                let (steps, dtype) = (try call.int(2, "steps"), try call.optionalDType(nil) ?? .default)
                if let ends = try call.complexNumbers([(0, "start"), (1, "end")]) {
                    return Tensor.linspace(
                        ends[0], ends[1], steps: steps, dtype: try call.optionalDType(nil) ?? .complex64)
                }
                switch (call.isTensor(0, "start"), call.isTensor(1, "end")) {
                case (true, true):
                    return Tensor.linspace(
                        try call.tensor(0, "start"), try call.tensor(1, "end"), steps: steps, dtype: dtype)
                case (true, false):
                    return Tensor.linspace(
                        try call.tensor(0, "start"), try call.real(1, "end"), steps: steps, dtype: dtype)
                case (false, true):
                    return Tensor.linspace(
                        try call.real(0, "start"), try call.tensor(1, "end"), steps: steps, dtype: dtype)
                case (false, false):
                    return Tensor.linspace(
                        try call.real(0, "start"), try call.real(1, "end"), steps: steps, dtype: dtype)
                }
            })
        register(
            "logspace",
            tensor: { call in
                let (steps, dtype) = (try call.int(2, "steps"), try call.optionalDType(nil) ?? .default)
                let base = try call.double(3, "base", default: 10)
                switch (call.isTensor(0, "start"), call.isTensor(1, "end")) {
                case (true, true):
                    return Tensor.logspace(
                        try call.tensor(0, "start"), try call.tensor(1, "end"), steps: steps, base: base, dtype: dtype)
                case (true, false):
                    return Tensor.logspace(
                        try call.tensor(0, "start"), try call.real(1, "end"), steps: steps, base: base, dtype: dtype)
                case (false, true):
                    return Tensor.logspace(
                        try call.real(0, "start"), try call.tensor(1, "end"), steps: steps, base: base, dtype: dtype)
                case (false, false):
                    return Tensor.logspace(
                        try call.real(0, "start"), try call.real(1, "end"), steps: steps, base: base, dtype: dtype)
                }
            })
        register(
            "tril_indices",
            tensor: { call in
                Tensor.trilIndices(
                    try call.int(0, "row"), try call.int(1, "col"), offset: try call.int(2, "offset", default: 0),
                    dtype: try call.optionalDType(nil) ?? .int64)
            })
        register(
            "triu_indices",
            tensor: { call in
                Tensor.triuIndices(
                    try call.int(0, "row"), try call.int(1, "col"), offset: try call.int(2, "offset", default: 0),
                    dtype: try call.optionalDType(nil) ?? .int64)
            })
        register(
            "vander",
            tensor: { call in
                vander(
                    try call.tensor(0, "x"), N: try call.optionalInt(1, "N"),
                    increasing: try call.bool(2, "increasing"))
            })
    }

    /// New tensors of another's dtype, or of a literal.
    mutating func registerNewLike() {
        register(
            "new_zeros",
            tensor: { call in
                try call.tensor(0).newZeros(
                    try call.trailingInts(1, "size"), dtype: try call.optionalDType(nil),
                    requiresGrad: try call.bool(nil, "requires_grad"))
            })
        register(
            "new_ones",
            tensor: { call in
                try call.tensor(0).newOnes(
                    try call.trailingInts(1, "size"), dtype: try call.optionalDType(nil),
                    requiresGrad: try call.bool(nil, "requires_grad"))
            })
        register(
            "new_full",
            tensor: { call in
                try call.tensor(0).newFull(
                    try call.ints(1, "size"), try call.number(2, "fill_value"), dtype: try call.optionalDType(nil),
                    requiresGrad: try call.bool(nil, "requires_grad"))
            })
        register(
            "scalar_tensor",
            tensor: { call in
                Tensor.scalarTensor(
                    try call.number(0, "s"), dtype: try call.optionalDType(nil) ?? .default,
                    requiresGrad: try call.bool(nil, "requires_grad"))
            })
        register(
            "tensor",
            tensor: { call in
                guard let value = call.value(0, "data") else { throw NotSupported("needs data") }
                return try Self.tensor(
                    value, try call.optionalDType(nil), requiresGrad: try call.bool(nil, "requires_grad"))
            })
        register(
            "as_tensor",
            tensor: { call in
                if call.isTensor(0, "data") {
                    return Tensor.asTensor(try call.tensor(0, "data"), dtype: try call.optionalDType(nil))
                }
                guard let value = call.value(0, "data") else { throw NotSupported("needs data") }
                return try Self.tensor(value, try call.optionalDType(nil))
            })
        register(
            "asarray",
            tensor: { call in
                if call.isTensor(0, "obj") {
                    return Tensor.asarray(
                        try call.tensor(0, "obj"), dtype: try call.optionalDType(nil),
                        copy: try call.bool(nil, "copy"), requiresGrad: try call.bool(nil, "requires_grad"))
                }
                guard let value = call.value(0, "obj") else { throw NotSupported("needs data") }
                return try Self.tensor(
                    value, try call.optionalDType(nil), requiresGrad: try call.bool(nil, "requires_grad"))
            })
        register(
            "empty_strided",
            tensor: { call in
                Tensor.emptyStrided(
                    try call.ints(0, "size"), try call.ints(1, "stride"), dtype: try call.optionalDType(nil) ?? .default
                )
            })
        register(
            "new_empty_strided",
            tensor: { call in
                try call.tensor(0).newEmptyStrided(
                    try call.ints(1, "size"), try call.ints(2, "stride"), dtype: try call.optionalDType(nil))
            })
        register(
            "empty_permuted",
            tensor: { call in
                Tensor.emptyPermuted(
                    try call.ints(0, "size"), try call.ints(1, "physical_layout"),
                    dtype: try call.optionalDType(nil) ?? .default)
            })
    }

    /// A tensor of a literal. Its kind is that of its widest number; an empty one counts as fractions.
    private static func tensor(_ value: JSON, _ dtype: DType?, requiresGrad: Bool = false) throws -> Tensor {
        let (numbers, shape) = try literal(value)
        var kinds: [DType: Bool] = [:]
        for number in numbers { kinds[number.scalar.asDType] = true }
        let elements = numbers.map(\.scalar)
        if kinds[.complex128] != nil {
            return Tensor(elements.map(\.asComplex), shape: shape, dtype: dtype, requiresGrad: requiresGrad)
        }
        if kinds[.float64] != nil || kinds.isEmpty {
            return Tensor(elements.map(\.asDouble), shape: shape, dtype: dtype, requiresGrad: requiresGrad)
        }
        if kinds[.int64] != nil {
            return Tensor(elements.map(\.asInt), shape: shape, dtype: dtype, requiresGrad: requiresGrad)
        }
        return Tensor(elements.map { $0.asInt != 0 }, shape: shape, dtype: dtype, requiresGrad: requiresGrad)
    }

    /// The numbers of a nested list in row-major order, and its sizes.
    private static func literal(_ value: JSON) throws -> (numbers: [any TensorScalar], shape: [Int]) {
        if let number = value.number { return ([number], []) }
        guard let items = value.list else { throw NotSupported("the literal \(value.text())") }
        let parts = try items.map(literal)
        return (parts.flatMap(\.numbers), [items.count] + (parts.first?.shape ?? []))
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
        register("type_as", tensor: { call in try call.tensor(0).typeAs(try call.tensor(1, "other")) })
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
        binary("dot", tensors: { $0.dot($1) })
        binary("vdot", tensors: { $0.vdot($1) })
        binary("outer", "ger", tensors: { $0.outer($1) })
        register(
            "addmm",
            tensor: { call in
                if let factors = try call.complexNumbers([(nil, "beta"), (nil, "alpha")]) {
                    return try call.tensor(0).addmm(
                        try call.tensor(1, "mat1"), try call.tensor(2, "mat2"), beta: factors[0], alpha: factors[1])
                }
                return try call.tensor(0).addmm(
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
                if let factors = try call.complexNumbers([(nil, "beta"), (nil, "alpha")]) {
                    return try call.tensor(0).addmv(
                        try call.tensor(1, "mat"), try call.tensor(2, "vec"), beta: factors[0], alpha: factors[1])
                }
                return try call.tensor(0).addmv(
                    try call.tensor(1, "mat"), try call.tensor(2, "vec"),
                    beta: try call.double(nil, "beta", default: 1), alpha: try call.double(nil, "alpha", default: 1))
            })
        register(
            "baddbmm",
            tensor: { call in
                if let factors = try call.complexNumbers([(nil, "beta"), (nil, "alpha")]) {
                    return try call.tensor(0).baddbmm(
                        try call.tensor(1, "batch1"), try call.tensor(2, "batch2"), beta: factors[0], alpha: factors[1])
                }
                return try call.tensor(0).baddbmm(
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

extension Call {
    /// A number as a floating-point one.
    fileprivate func real(_ place: Int, _ name: String) throws -> Double { try number(place, name).scalar.asDouble }
}

extension Scalar {
    /// The dtype that a literal of this kind has.
    fileprivate var asDType: DType {
        switch self {
        case .bool: .bool
        case .int: .int64
        case .double: .float64
        case .complex: .complex128
        }
    }
}
