import Torchlight

extension Registry {
    /// Inverses, equations, factorisations, determinants and norms of matrices.
    mutating func registerLinearAlgebra() {
        registerEquations()
        registerFactorisations()
        registerMeasures()
        registerMatrixFunctions()
    }

    private mutating func registerEquations() {
        unary("linalg.inv", function: LinAlg.inv)
        unary("inverse", function: { $0.inverse() })
        register(
            "linalg.inv_ex",
            tensors: { call in
                let result = LinAlg.invEx(
                    try call.tensor(0), checkErrors: try call.bool(nil, "check_errors"))
                return [result.inverse, result.info]
            })
        register(
            "linalg.solve",
            tensor: { call in
                LinAlg.solve(
                    try call.tensor(0), try call.tensor(1, "B"),
                    left: try call.bool(nil, "left", default: true))
            })
        register(
            "linalg.solve_ex",
            tensors: { call in
                let result = LinAlg.solveEx(
                    try call.tensor(0), try call.tensor(1, "B"),
                    left: try call.bool(nil, "left", default: true),
                    checkErrors: try call.bool(nil, "check_errors"))
                return [result.result, result.info]
            })
        register(
            "linalg.solve_triangular",
            tensor: { call in
                LinAlg.solveTriangular(
                    try call.tensor(0), try call.tensor(1, "B"), upper: try call.bool(nil, "upper"),
                    left: try call.bool(nil, "left", default: true),
                    unitriangular: try call.bool(nil, "unitriangular"))
            })
        register(
            "triangular_solve",
            tensors: { call in
                let result = try call.tensor(0).triangularSolve(
                    try call.tensor(1, "A"), upper: try call.bool(2, "upper", default: true),
                    transpose: try call.bool(3, "transpose"), unitriangular: try call.bool(4, "unitriangular")
                )
                return [result.solution, result.clonedCoefficient]
            })
        register(
            "linalg.lu_solve",
            tensor: { call in
                LinAlg.luSolve(
                    try call.tensor(0, "LU"), try call.tensor(1, "pivots"), try call.tensor(2, "B"),
                    left: try call.bool(nil, "left", default: true), adjoint: try call.bool(nil, "adjoint"))
            })
        register(
            "lu_solve",
            tensor: { call in
                try call.tensor(0).luSolve(try call.tensor(1, "LU_data"), try call.tensor(2, "LU_pivots"))
            })
        register(
            "cholesky_inverse",
            tensor: { call in try call.tensor(0).choleskyInverse(upper: try call.bool(1, "upper")) })
        register(
            "cholesky_solve",
            tensor: { call in
                try call.tensor(0).choleskySolve(
                    try call.tensor(1, "input2"), upper: try call.bool(2, "upper"))
            })
        register(
            "linalg.lstsq",
            tensors: { call in
                let drivers: [String: LinAlg.LeastSquaresDriver] = [
                    "gels": .gels, "gelsy": .gelsy, "gelsd": .gelsd, "gelss": .gelss,
                ]
                let result = LinAlg.lstsq(
                    try call.tensor(0), try call.tensor(1, "B"), rcond: try call.optionalDouble(2, "rcond"),
                    driver: try call.choice(nil, "driver", drivers) ?? .gelsy)
                return [result.solution, result.residuals, result.rank, result.singularValues]
            })
        register(
            "linalg.pinv",
            tensor: { call in
                let limits = try Self.limits(call)
                return LinAlg.pinv(
                    try call.tensor(0), atol: limits.atol, rtol: limits.rtol,
                    hermitian: try call.bool(nil, "hermitian"))
            })
        register(
            "pinverse",
            tensor: { call in
                try call.tensor(0).pinverse(rcond: try call.double(1, "rcond", default: 1e-15))
            })
        register(
            "linalg.tensorinv",
            tensor: { call in
                LinAlg.tensorinv(try call.tensor(0), ind: try call.int(1, "ind", default: 2))
            })
        register(
            "linalg.tensorsolve",
            tensor: { call in
                LinAlg.tensorsolve(
                    try call.tensor(0), try call.tensor(1, "B"), dims: try call.optionalInts(2, "dims"))
            })
    }

    private mutating func registerFactorisations() {
        register(
            "linalg.cholesky",
            tensor: { call in LinAlg.cholesky(try call.tensor(0), upper: try call.bool(nil, "upper")) })
        register(
            "linalg.cholesky_ex",
            tensors: { call in
                let result = LinAlg.choleskyEx(
                    try call.tensor(0), upper: try call.bool(nil, "upper"),
                    checkErrors: try call.bool(nil, "check_errors"))
                return [result.L, result.info]
            })
        register(
            "linalg.qr",
            tensors: { call in
                let modes: [String: LinAlg.QRMode] = ["reduced": .reduced, "complete": .complete, "r": .r]
                let result = LinAlg.qr(
                    try call.tensor(0), mode: try call.choice(1, "mode", modes) ?? .reduced)
                return [result.Q, result.R]
            })
        register(
            "linalg.svd",
            tensors: { call in
                let result = LinAlg.svd(
                    try call.tensor(0), fullMatrices: try call.bool(1, "full_matrices", default: true))
                return [result.U, result.S, result.Vh]
            })
        register(
            "svd",
            tensors: { call in
                let result = try call.tensor(0).svd(
                    some: try call.bool(1, "some", default: true),
                    computeUV: try call.bool(2, "compute_uv", default: true))
                return [result.U, result.S, result.V]
            })
        unary("linalg.svdvals", function: LinAlg.svdvals)
        let triangles: [String: LinAlg.Triangle] = ["L": .lower, "U": .upper]
        register(
            "linalg.eigh",
            tensors: { call in
                let result = LinAlg.eigh(
                    try call.tensor(0), uplo: try call.choice(1, "UPLO", triangles) ?? .lower)
                return [result.eigenvalues, result.eigenvectors]
            })
        register(
            "linalg.eigvalsh",
            tensor: { call in
                LinAlg.eigvalsh(
                    try call.tensor(0), uplo: try call.choice(1, "UPLO", triangles) ?? .lower)
            })
        register(
            "linalg.eig",
            tensors: { call in
                let result = LinAlg.eig(try call.tensor(0))
                return [result.eigenvalues, result.eigenvectors]
            })
        register("linalg.eigvals", tensor: { call in LinAlg.eigvals(try call.tensor(0)) })
        register(
            "linalg.lu_factor_ex",
            tensors: { call in
                try Self.requirePivots(call)
                let result = LinAlg.luFactorEx(
                    try call.tensor(0), checkErrors: try call.bool(nil, "check_errors"))
                return [result.LU, result.pivots, result.info]
            })
        register(
            "linalg.lu_factor",
            tensors: { call in
                try Self.requirePivots(call)
                let result = LinAlg.luFactor(try call.tensor(0))
                return [result.LU, result.pivots]
            })
        register(
            "linalg.ldl_factor",
            tensors: { call in
                let result = LinAlg.ldlFactor(try call.tensor(0), hermitian: try call.bool(nil, "hermitian"))
                return [result.LD, result.pivots]
            })
        register(
            "linalg.ldl_factor_ex",
            tensors: { call in
                let result = LinAlg.ldlFactorEx(
                    try call.tensor(0), hermitian: try call.bool(nil, "hermitian"),
                    checkErrors: try call.bool(nil, "check_errors"))
                return [result.LD, result.pivots, result.info]
            })
        register(
            "linalg.ldl_solve",
            tensor: { call in
                LinAlg.ldlSolve(
                    try call.tensor(0, "LD"), try call.tensor(1, "pivots"), try call.tensor(2, "B"),
                    hermitian: try call.bool(nil, "hermitian"))
            })
        register(
            "linalg.lu",
            tensors: { call in
                try Self.requirePivots(call)
                let result = LinAlg.lu(try call.tensor(0))
                return [result.P, result.L, result.U]
            })
        register(
            "lu_unpack",
            tensors: { call in
                let result = luUnpack(try call.tensor(0), try call.tensor(1, "LU_pivots"))
                return [result.P, result.L, result.U]
            })
        register(
            "linalg.householder_product",
            tensor: { call in LinAlg.householderProduct(try call.tensor(0), try call.tensor(1, "tau")) })
        register(
            "geqrf",
            tensors: { call in
                let result = try call.tensor(0).geqrf()
                return [result.a, result.tau]
            })
        register(
            "ormqr",
            tensor: { call in
                try call.tensor(0).ormqr(
                    try call.tensor(1, "tau"), try call.tensor(2, "other"),
                    left: try call.bool(3, "left", default: true), transpose: try call.bool(4, "transpose"))
            })
        register("orgqr", tensor: { call in try call.tensor(0).orgqr(try call.tensor(1, "input2")) })
        register(
            "linalg.polar",
            tensors: { call in
                let result = LinAlg.polar(try call.tensor(0))
                return [result.U, result.P]
            })
    }

    private mutating func registerMeasures() {
        unary("linalg.det", function: LinAlg.det)
        unary("det", function: { $0.det() })
        unary("logdet", function: { $0.logdet() })
        register(
            "linalg.slogdet",
            tensors: { call in
                let result = LinAlg.slogdet(try call.tensor(0))
                return [result.sign, result.logabsdet]
            })
        register(
            "slogdet",
            tensors: { call in
                let result = try call.tensor(0).slogdet()
                return [result.sign, result.logabsdet]
            })
        register(
            "linalg.vector_norm",
            tensor: { call in
                LinAlg.vectorNorm(
                    try call.tensor(0), ord: try call.double(1, "ord", default: 2),
                    dim: try call.optionalInts(2, "dim"), keepdim: try call.bool(3, "keepdim"),
                    dtype: try call.optionalDType(nil))
            })
        register(
            "linalg.matrix_norm",
            tensor: { call in
                let dims = try call.ints(2, "dim", default: [-2, -1])
                guard dims.count == 2 else { throw NotSupported("a matrix has two dimensions") }
                return LinAlg.matrixNorm(
                    try call.tensor(0), ord: try Self.order(call, 1, "ord") ?? .fro, dim: (dims[0], dims[1]),
                    keepdim: try call.bool(3, "keepdim"), dtype: try call.optionalDType(nil))
            })
        register(
            "linalg.norm",
            tensor: { call in
                LinAlg.norm(
                    try call.tensor(0), ord: try Self.order(call, 1, "ord"),
                    dim: try call.optionalInts(2, "dim"),
                    keepdim: try call.bool(3, "keepdim"), dtype: try call.optionalDType(nil))
            })
        register(
            "linalg.cond",
            tensor: { call in LinAlg.cond(try call.tensor(0), p: try Self.order(call, 1, "p")) })
        register(
            "linalg.matrix_rank",
            tensor: { call in
                let limits = try Self.limits(call)
                return LinAlg.matrixRank(
                    try call.tensor(0), atol: limits.atol, rtol: limits.rtol,
                    hermitian: try call.bool(nil, "hermitian"))
            })
    }

    private mutating func registerMatrixFunctions() {
        register(
            "linalg.matrix_power", "matrix_power",
            tensor: { call in try call.tensor(0).matrixPower(try call.int(1, "n")) })
        unary("linalg.matrix_exp", "matrix_exp", function: LinAlg.matrixExp)
        unary("linalg.matrix_sqrth", function: LinAlg.matrixSqrth)
        register(
            "linalg.multi_dot", tensor: { call in LinAlg.multiDot(try call.tensors(0)) })
        register(
            "linalg.cross",
            tensor: { call in
                LinAlg.cross(
                    try call.tensor(0), try call.tensor(1, "other"),
                    dim: try call.int(nil, "dim", default: -1))
            })
        register(
            "linalg.vander",
            tensor: { call in LinAlg.vander(try call.tensor(0), N: try call.optionalInt(nil, "N")) })
        register(
            "linalg.diagonal",
            tensor: { call in
                LinAlg.diagonal(
                    try call.tensor(0), offset: try call.int(nil, "offset", default: 0),
                    dim1: try call.int(nil, "dim1", default: -2), dim2: try call.int(nil, "dim2", default: -1))
            })
    }

    private static func order(_ call: Call, _ place: Int, _ name: String) throws -> NormOrder? {
        switch call.value(place, name)?.string {
        case "fro": return .fro
        case "nuc": return .nuc
        default: return try call.optionalDouble(place, name).map { .p($0) }
        }
    }

    /// The limits of a rank: numbers, or tensors with one for each matrix.
    private static func limits(_ call: Call) throws -> (atol: Tensor?, rtol: Tensor?) {
        func limit(_ name: String) throws -> Tensor? {
            if call.isTensor(nil, name) { return try call.tensor(nil, name) }
            return try call.optionalDouble(nil, name).map { Tensor($0, dtype: .float64) }
        }
        return (try limit("atol"), try limit("rtol"))
    }

    private static func requirePivots(_ call: Call) throws {
        guard try call.bool(nil, "pivot", default: true) else {
            throw NotSupported("factorises with row exchanges")
        }
    }
}
