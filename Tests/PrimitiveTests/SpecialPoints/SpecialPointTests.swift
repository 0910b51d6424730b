import Foundation
import TestSupport
import Testing

@testable import TorchlightCore

/// Values and derivatives at points where careless formulas overflow, underflow or cancel, against numbers that were computed
/// with 400 digits (`record_special_points.py`).
@Suite struct SpecialPointTests {
    private struct Table: Decodable {
        /// Of each function: point, value, first and second derivative.
        let unary: [String: [[Double]]]
        /// Of each function: two operands, the value, both derivatives.
        let binary: [String: [[Double]]]
    }

    private static let table: Table = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let data = try! Data(contentsOf: folder.appendingPathComponent("special_points.json"))
        return try! JSONDecoder().decode(Table.self, from: data)
    }()

    static let unary: [(String, @Sendable (Tensor) -> Tensor)] = [
        ("exp", { $0.exp() }), ("expm1", { $0.expm1() }), ("log", { $0.log() }), ("log1p", { $0.log1p() }),
        ("log2", { $0.log2() }), ("sqrt", { $0.sqrt() }), ("rsqrt", { $0.rsqrt() }),
        ("reciprocal", { $0.reciprocal() }), ("square", { $0.square() }), ("sinh", { $0.sinh() }),
        ("cosh", { $0.cosh() }), ("tanh", { $0.tanh() }), ("asin", { $0.asin() }), ("acos", { $0.acos() }),
        ("atan", { $0.atan() }), ("asinh", { $0.asinh() }), ("acosh", { $0.acosh() }), ("atanh", { $0.atanh() }),
        ("sinc", { $0.sinc() }), ("sigmoid", { $0.sigmoid() }), ("logsigmoid", { logsigmoid($0) }),
        ("softplus", { $0.softplus(threshold: 200) }), ("silu", { silu($0) }), ("gelu", { gelu($0) }),
        ("mish", { mish($0) }), ("tanhshrink", { tanhshrink($0) }), ("erf", { $0.erf() }), ("erfc", { $0.erfc() }),
        ("logit", { $0.logit() }), ("entr", { $0.entr() }), ("i0e", { $0.i0e() }), ("i1e", { $0.i1e() }),
        ("i1", { $0.i1() }), ("besselj1", { $0.besselJ1() }), ("ndtr", { $0.ndtr() }),
        ("erfcx", { $0.erfcx() }), ("log_ndtr", { $0.logNdtr() }),
    ]

    static let binary: [(String, @Sendable (Tensor, Tensor) -> Tensor)] = [
        ("atan2", { $0.atan2($1) }), ("hypot", { $0.hypot($1) }), ("logaddexp", { $0.logaddexp($1) }),
        ("xlogy", { $0.xlogy($1) }), ("div", { $0 / $1 }), ("norm", { stack([$0, $1]).norm() }),
        ("norm3", { stack([$0, $1]).norm(p: 3) }), ("norm1.5", { stack([$0, $1]).norm(p: 1.5) }),
        ("norm-1", { stack([$0, $1]).norm(p: -1) }), ("std", { stack([$0, $1]).std() }),
        ("mean", { stack([$0, $1]).mean() }),
        (
            "cosine",
            { a, b in
                cosineSimilarity(
                    stack([a, b]), Tensor([1.0, 2], dtype: a.dtype, device: a.device), dim: 0, eps: 0)
            }
        ),
    ]

    /// Functions that saturate: their slopes are formulas of the result, exact to the last place of 1 and not of themselves.
    private static let saturating: Set<String> = [
        "expm1", "tanh", "tanhshrink", "sigmoid", "logsigmoid", "softplus", "silu", "gelu", "mish", "i0e", "i1e",
        "cosine", "besselj1", "ndtr", "erfcx",
    ]

    /// Within `units` of the last place of the dtype, relative to the larger of what is expected and `scale`; what the dtype
    /// cannot hold may be infinite or 0.
    private func isClose(
        _ got: Double, _ expected: Double, _ dtype: DType, _ units: Double, scale: Double = 0
    ) -> Bool {
        let (largest, smallest) = dtype == .float32 ? (3.4e38, 1.2e-38) : (1.7e308, 2.3e-308)
        if abs(expected) > largest { return abs(got) > largest / 2 && (got < 0) == (expected < 0) }
        return abs(got - expected) <= units * Tolerance.unit(dtype) * max(abs(expected), scale) + smallest
    }

    @Test(arguments: [DType.float32, .float64])
    func unaryFunctions(_ dtype: DType) {
        for (name, f) in Self.unary {
            for row in Self.table.unary[name]! {
                let x = Tensor(row[0], dtype: dtype, requiresGrad: true)
                let y = f(x)
                let slope = grad(of: y, withRespectTo: x, createGraph: true)
                let label = "\(dtype) \(name) at \(row[0])"
                #expect(y.item() == f(x.detach()).item(), "\(label)")
                #expect(isClose(y.item(), row[1], dtype, 256), "\(label): \(y.item()), expected \(row[1])")
                #expect(
                    isClose(slope.item(), row[2], dtype, 256, scale: Self.saturating.contains(name) ? 1 : 0),
                    "\(label): slope \(slope.item()), expected \(row[2])")
                guard slope.requiresGrad else { continue }
                let second = grad(outputs: [slope], inputs: [x], allowUnused: true)[0]?.item() ?? 0
                #expect(
                    isClose(second, row[3], dtype, 1024, scale: 1),
                    "\(label): second derivative \(second), expected \(row[3])")
            }
        }
    }

    @Test(arguments: [DType.float32, .float64])
    func functionsOfTwo(_ dtype: DType) {
        for (name, f) in Self.binary {
            for row in Self.table.binary[name]! {
                let (a, b) = (
                    Tensor(row[0], dtype: dtype, requiresGrad: true), Tensor(row[1], dtype: dtype, requiresGrad: true)
                )
                let y = f(a, b)
                let slopes = grad(outputs: [y], inputs: [a, b]).map { $0!.item() }
                let label = "\(dtype) \(name) at \(row[0]), \(row[1])"
                #expect(isClose(y.item(), row[2], dtype, 64), "\(label): \(y.item()), expected \(row[2])")
                for i in 0..<2 {
                    #expect(
                        isClose(
                            slopes[i], row[3 + i], dtype, 1024, scale: Self.saturating.contains(name) ? 1 : 0),
                        "\(label): slope \(i) is \(slopes[i]), expected \(row[3 + i])")
                }
            }
        }
    }
}
