import TestSupport
import TorchlightIO

@testable import TorchlightCore

/// PyTorch's recorded calls of linear algebra as calls of ours.
enum LinAlgCalls {
    typealias Operation = OperatorConformanceTests.Operation

    static let all: [String: Operation] = solving.merging(factors) { a, _ in a }.merging(measures) { a, _ in a }
        .merging(products) { a, _ in a }

    private static let solving: [String: Operation] = [
        "linalg.inv": { [LinAlg.inv($0.x)] },
        "inverse": { [$0.x.inverse()] },
        "linalg.inv_ex": { call in
            let result = LinAlg.invEx(call.x)
            return [result.inverse, result.info]
        },
        "linalg.solve": { [LinAlg.solve($0.x, $0.operand(1)!, left: $0.flag(2, "left") ?? true)] },
        "linalg.solve_ex": { call in
            let result = LinAlg.solveEx(call.x, call.operand(1)!)
            return [result.result, result.info]
        },
        "linalg.solve_triangular": { call in
            [
                LinAlg.solveTriangular(
                    call.x, call.operand(1)!, upper: call.flag(9, "upper")!, left: call.flag(9, "left") ?? true,
                    unitriangular: call.flag(9, "unitriangular") ?? false)
            ]
        },
        "triangular_solve": { call in
            let result = call.x.triangularSolve(
                call.operand(1)!, upper: call.flag(2, "upper") ?? true, transpose: call.flag(3, "transpose") ?? false,
                unitriangular: call.flag(4, "unitriangular") ?? false)
            return [result.solution, result.clonedCoefficient]
        },
        "linalg.lu_solve": { call in
            [
                LinAlg.luSolve(
                    call.x, call.operand(1)!, call.operand(2)!, left: call.flag(9, "left") ?? true,
                    adjoint: call.flag(9, "adjoint") ?? false)
            ]
        },
        "lu_solve": { [$0.x.luSolve($0.operand(1)!, $0.operand(2)!)] },
        "cholesky_inverse": { [$0.x.choleskyInverse(upper: $0.flag(1, "upper") ?? false)] },
        "cholesky_solve": { [$0.x.choleskySolve($0.operand(1)!, upper: $0.flag(2, "upper") ?? false)] },
        "linalg.lstsq": { call in
            let drivers: [String: LinAlg.LeastSquaresDriver] = [
                "gels": .gels, "gelsy": .gelsy, "gelsd": .gelsd, "gelss": .gelss,
            ]
            let driver = call.value(3, "driver")?.string.flatMap { drivers[$0] } ?? .gelsy
            let result = LinAlg.lstsq(call.x, call.operand(1)!, rcond: call.number(2, "rcond"), driver: driver)
            return [result.solution, result.residuals, result.rank, result.singularValues]
        },
        "linalg.tensorinv": { [LinAlg.tensorinv($0.x, ind: $0.int(1, "ind") ?? 2)] },
        "linalg.tensorsolve": { call in
            [LinAlg.tensorsolve(call.x, call.operand(1)!, dims: call.value(2, "dims")?.elements?.map { $0.int! })]
        },
        "linalg.pinv": { call in
            [
                LinAlg.pinv(
                    call.x, atol: call.limit("atol"), rtol: call.limit("rtol"),
                    hermitian: call.flag(9, "hermitian") ?? false)
            ]
        },
        "pinverse": { [$0.x.pinverse(rcond: $0.number(1, "rcond") ?? 1e-15)] },
    ]

    private static let factors: [String: Operation] = [
        "linalg.cholesky": { [LinAlg.cholesky($0.x, upper: $0.flag(9, "upper") ?? false)] },
        "linalg.cholesky_ex": { call in
            let result = LinAlg.choleskyEx(call.x, upper: call.flag(9, "upper") ?? false)
            return [result.L, result.info]
        },
        "linalg.qr": { call in
            let modes: [String: LinAlg.QRMode] = ["reduced": .reduced, "complete": .complete, "r": .r]
            let result = LinAlg.qr(call.x, mode: call.value(1, "mode")?.string.flatMap { modes[$0] } ?? .reduced)
            return [result.Q, result.R]
        },
        "linalg.svd": { call in
            let result = LinAlg.svd(call.x, fullMatrices: call.flag(1, "full_matrices") ?? true)
            return [result.U, result.S, result.Vh]
        },
        "svd": { call in
            let result = call.x.svd(some: call.flag(1, "some") ?? true, computeUV: call.flag(2, "compute_uv") ?? true)
            return [result.U, result.S, result.V]
        },
        "linalg.svdvals": { [LinAlg.svdvals($0.x)] },
        "linalg.eigh": { call in
            let result = LinAlg.eigh(call.x, uplo: call.triangle)
            return [result.eigenvalues, result.eigenvectors]
        },
        "linalg.eigvalsh": { [LinAlg.eigvalsh($0.x, uplo: $0.triangle)] },
        "linalg.lu_factor": { call in
            let result = LinAlg.luFactor(call.x)
            return [result.LU, result.pivots]
        },
        "linalg.lu": { call in
            let result = LinAlg.lu(call.x)
            return [result.P, result.L, result.U]
        },
        "lu_unpack": { call in
            let result = luUnpack(call.x, call.operand(1)!)
            return [result.P, result.L, result.U]
        },
        "linalg.householder_product": { [LinAlg.householderProduct($0.x, $0.operand(1)!)] },
        "orgqr": { [$0.x.orgqr($0.operand(1)!)] },
        "linalg.polar": { call in
            let result = LinAlg.polar(call.x)
            return [result.U, result.P]
        },
        "linalg.matrix_sqrth": { [LinAlg.matrixSqrth($0.x)] },
    ]

    private static let measures: [String: Operation] = [
        "linalg.det": { [LinAlg.det($0.x)] }, "det": { [$0.x.det()] }, "logdet": { [$0.x.logdet()] },
        "linalg.slogdet": { call in
            let result = LinAlg.slogdet(call.x)
            return [result.sign, result.logabsdet]
        },
        "slogdet": { call in
            let result = call.x.slogdet()
            return [result.sign, result.logabsdet]
        },
        "linalg.vector_norm": { call in
            let dims = call.dims(2)
            return [
                LinAlg.vectorNorm(
                    call.x, ord: call.number(1, "ord") ?? 2, dim: dims.isEmpty ? nil : dims,
                    keepdim: call.flag(3, "keepdim") ?? false, dtype: call.dtype())
            ]
        },
        "linalg.matrix_norm": { call in
            let dims = call.dims(2)
            return [
                LinAlg.matrixNorm(
                    call.x, ord: call.order(1, "ord") ?? .fro, dim: dims.isEmpty ? (-2, -1) : (dims[0], dims[1]),
                    keepdim: call.flag(3, "keepdim") ?? false, dtype: call.dtype())
            ]
        },
        "linalg.norm": { call in
            let dims = call.dims(2)
            return [
                LinAlg.norm(
                    call.x, ord: call.order(1, "ord"), dim: dims.isEmpty ? nil : dims,
                    keepdim: call.flag(3, "keepdim") ?? false, dtype: call.dtype())
            ]
        },
        "linalg.cond": { [LinAlg.cond($0.x, p: $0.order(1, "p"))] },
        "linalg.matrix_rank": { call in
            [
                LinAlg.matrixRank(
                    call.x, atol: call.limit("atol"), rtol: call.limit("rtol"),
                    hermitian: call.flag(9, "hermitian") ?? false)
            ]
        },
    ]

    private static let products: [String: Operation] = [
        "linalg.matrix_power": { [LinAlg.matrixPower($0.x, $0.int(1, "n")!)] },
        "matrix_power": { [$0.x.matrixPower($0.int(1, "n")!)] },
        "linalg.cross": { [LinAlg.cross($0.x, $0.operand(1)!, dim: $0.int(9, "dim") ?? -1)] },
        "linalg.vander": { [LinAlg.vander($0.x, N: $0.int(9, "N"))] },
        "linalg.diagonal": { call in
            [
                LinAlg.diagonal(
                    call.x, offset: call.int(9, "offset") ?? 0, dim1: call.int(9, "dim1") ?? -2,
                    dim2: call.int(9, "dim2") ?? -1)
            ]
        },
    ]
}

extension OperatorConformanceTests.Call {
    var triangle: LinAlg.Triangle { value(1, "UPLO")?.string == "U" ? .upper : .lower }

    func order(_ place: Int, _ name: String) -> NormOrder? {
        switch value(place, name)?.string {
        case "fro": return .fro
        case "nuc": return .nuc
        default: return number(place, name).map { .p($0) }
        }
    }

    /// A limit that is a number or a tensor of numbers.
    func limit(_ name: String) -> Tensor? {
        recorded.tensor(value(9, name)) ?? number(9, name).map { Tensor($0, dtype: .float64) }
    }
}
