import TorchlightCore

// Records of whole classes of primitives: what the builders of the primitives share, their tests share too.

extension PrimitiveRecord {
    /// A unary element-wise primitive.
    package static func unary<P: UnaryPrimitive>(
        _ primitive: P.Type, _ operand: Operand = .real(), dtypes: [DType]? = nil,
        resultType: (@Sendable (DType) -> DType)? = nil, tolerance: Tolerance = .elementwise,
        gradient: GradientOrder = .second, operation: String? = nil, inPlace: (@Sendable (Tensor) -> Tensor)? = nil,
        run: @escaping @Sendable (Tensor) -> Tensor, reference: @escaping @Sendable (Double) -> Double
    ) -> PrimitiveRecord {
        let shapes = [[2, 3], [], [0, 3], [37], [2, 1, 3, 2]]
        var inPlaceCall: (@Sendable ([Tensor]) -> Tensor)?
        if let inPlace { inPlaceCall = { inPlace($0[0]) } }
        return PrimitiveRecord(
            primitive, operands: [operand],
            samples: shapes.map { shape in
                Sample(shapes: [shape], run: { [run($0[0])] }, reference: { [$0[0].map(reference)] })
            },
            dtypes: dtypes ?? P.domain.dtypes, resultTypes: { [resultType?($0) ?? P.domain.result(of: $0)] },
            tolerance: tolerance, gradient: gradient, inPlace: inPlaceCall, operation: operation)
    }

    /// A binary element-wise primitive, with broadcasting of both operands.
    package static func binary<P: BinaryPrimitive>(
        _ primitive: P.Type, _ a: Operand = .real(), _ b: Operand = .real(), dtypes: [DType]? = nil,
        resultType: (@Sendable (DType) -> DType)? = nil, tolerance: Tolerance = .elementwise,
        gradient: GradientOrder = .second, inPlace: (@Sendable (Tensor, Tensor) -> Tensor)? = nil,
        run: @escaping @Sendable (Tensor, Tensor) -> Tensor,
        reference: @escaping @Sendable (Double, Double) -> Double
    ) -> PrimitiveRecord {
        let shapes = [
            [[2, 3], [2, 3]], [[2, 3], [3]], [[2, 1], [1, 3]], [[], [2, 2]], [[], []], [[0, 3], [3]], [[37], [37]],
        ]
        var inPlaceCall: (@Sendable ([Tensor]) -> Tensor)?
        if let inPlace { inPlaceCall = { inPlace($0[0], $0[1]) } }
        return PrimitiveRecord(
            primitive, operands: [a, b],
            samples: shapes.map { pair in
                Sample(
                    shapes: pair, run: { [run($0[0], $0[1])] },
                    reference: { [ReferenceArray.combine($0) { reference($0[0], $0[1]) }] })
            },
            dtypes: dtypes ?? P.domain.dtypes,
            resultTypes: { [resultType?($0) ?? P.domain.result(of: $0)] }, tolerance: tolerance, gradient: gradient,
            inPlace: inPlaceCall)
    }

    /// A reduction over dimensions; `run` gets the dimensions (none for all) and `keepdim`.
    package static func reduction<P: Primitive>(
        _ primitive: P.Type, _ operand: Operand = .real(), dtypes: [DType] = DType.real,
        resultType: @escaping @Sendable (DType) -> DType = { $0 }, tolerance: Tolerance = .sums,
        gradient: GradientOrder = .second, emptyFold: Bool = true,
        run: @escaping @Sendable (Tensor, [Int], Bool) -> Tensor,
        reference: @escaping @Sendable ([Double]) -> Double
    ) -> PrimitiveRecord {
        var calls: [(shape: [Int], dims: [Int], keepdim: Bool)] = [
            ([2, 3], [], false), ([2, 3], [1], false), ([2, 3, 4], [0, 2], true), ([3, 2, 2], [0], false),
            ([], [], false),
            ([0, 3], [1], false), ([2, 1, 3], [1], true), ([41], [0], false),
        ]
        if emptyFold { calls += [([0, 3], [0], false), ([0], [], true)] }
        return PrimitiveRecord(
            primitive, operands: [operand],
            samples: calls.map { call in
                Sample(
                    "dim: \(call.dims), keepdim: \(call.keepdim)", shapes: [call.shape],
                    run: { [run($0[0], call.dims, call.keepdim)] },
                    reference: { [$0[0].fold(call.dims, keepdim: call.keepdim, reference)] })
            },
            dtypes: dtypes, resultTypes: { [resultType($0)] }, tolerance: tolerance, gradient: gradient)
    }
}

extension UnaryDomain {
    package var dtypes: [DType] {
        switch self {
        case .floatingPoint, .any, .predicate: DType.real
        case .number, .rounding: DType.real.filter { $0 != .bool }
        case .integral: DType.real.filter { !$0.isFloatingPoint }
        }
    }

    package func result(of dtype: DType) -> DType {
        switch self {
        case .floatingPoint: dtype.isFloatingPoint ? dtype : .float32
        case .number, .rounding, .any, .integral: dtype
        case .predicate: .bool
        }
    }
}

extension BinaryDomain {
    package var dtypes: [DType] {
        switch self {
        case .floatingPoint, .any, .predicate: DType.real
        case .number, .checkedNumber: DType.real.filter { $0 != .bool }
        case .integral: DType.real.filter { !$0.isFloatingPoint }
        case .shift: DType.real.filter { $0.isInteger }
        }
    }

    package func result(of dtype: DType) -> DType {
        switch self {
        case .floatingPoint: dtype.isFloatingPoint ? dtype : .float32
        case .number, .checkedNumber, .any, .integral, .shift: dtype
        case .predicate: .bool
        }
    }
}
