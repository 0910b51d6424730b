import TestSupport
import Testing
import TorchlightCore

/// Normalisations of numbers whose mean is much larger than their deviations, or whose first element lies far from the others,
/// agree with float64: results, running statistics and gradients, in every layout and dtype.
@Suite struct OffsetTests {
    private typealias Normalise = @Sendable (Tensor, Tensor?, Tensor?) -> Tensor

    private static let functions: [(name: String, call: Normalise)] = [
        ("batchNorm", { batchNorm($0, $1, $2, training: true) }),
        ("batchNorm, evaluation", { batchNorm($0, $1, $2, training: false) }),
        ("instanceNorm", { x, _, _ in instanceNorm(x) }),
        ("layerNorm", { x, _, _ in layerNorm(x, Array(x.shape.dropFirst())) }),
        ("groupNorm", { x, _, _ in groupNorm(x, 1) }),
    ]

    /// Numbers that the dtype holds exactly, so that float64 sees the same ones.
    private static func inputs(_ dtype: DType, _ shape: [Int], _ kind: String, _ random: inout TestRandom) -> Tensor {
        let count = shape.reduce(1, *)
        let (offset, step) = dtype == .float32 ? (1e6, 0.25) : dtype == .float16 ? (2000, 2.0) : (256, 2.0)
        var numbers = (0..<count).map { _ in offset + step * Double(Int.random(in: 0..<8, using: &random)) }
        if kind == "first element apart" { numbers[0] = 0 }
        return Tensor(numbers, shape: shape, dtype: dtype)
    }

    private struct Outcome {
        var y: Tensor, mean: Tensor, variance: Tensor, gradient: Tensor
    }

    private static func outcome(
        _ call: Normalise, _ x: Tensor, _ g: Tensor, mean number: Double, statistics: DType
    ) -> Outcome {
        let leaf = x.detach().requiresGrad_()
        let channels = x.shape[1]
        let mean = Tensor.full([channels], number, dtype: statistics)
        let variance = Tensor.full([channels], 4.0, dtype: statistics)
        let y = call(leaf, mean, variance)
        y.backward(gradient: g.to(y.dtype))
        return Outcome(y: y.detach(), mean: mean, variance: variance, gradient: leaf.grad!)
    }

    @Test("Large means and first elements that lie apart", arguments: [DType.float32, .float16, .bfloat16])
    func largeMeans(dtype: DType) {
        for (name, call) in Self.functions {
            for shape in [[6, 3, 40], [4, 2, 9, 7], [512, 4, 1]] {
                for kind in ["large mean", "first element apart"] {
                    for isChannelsLast in [false, true] {
                        // One element in a row has no deviation.
                        if shape[2] == 1 && name == "instanceNorm" { continue }
                        let label = "\(name), \(dtype) \(shape), \(kind), channels last: \(isChannelsLast)"
                        var random = TestRandom(label)
                        var x = Self.inputs(dtype, shape, kind, &random)
                        if isChannelsLast {
                            let last = [0] + Array(2..<shape.count) + [1]
                            let back = [0, shape.count - 1] + Array(1..<(shape.count - 1))
                            x = x.permute(last).contiguous().permute(back)
                        }
                        let g = Tensor(random.values(x.count), shape: shape, dtype: dtype)
                        // Running statistics are float32: float64 gets the same number.
                        let wide = x.to(.float64)
                        let mean = Double(Float(wide.mean().item(Double.self)))
                        let got = Self.outcome(call, x, g, mean: mean, statistics: .float32)
                        let expected = Self.outcome(call, wide, g.to(.float64), mean: mean, statistics: .float64)
                        let unit = Swift.max(Tolerance.unit(dtype), 1e-6)
                        for (what, a, b) in [
                            ("result", got.y, expected.y), ("running mean", got.mean, expected.mean),
                            ("running variance", got.variance, expected.variance),
                            ("gradient", got.gradient, expected.gradient),
                        ] {
                            let scale: Double = Swift.max(b.abs().max().item(), 1e-30)
                            let difference: Double = (a.to(.float64) - b).abs().max().item()
                            #expect(
                                difference <= 16 * unit * scale, "\(label): \(what) off by \(difference) of \(scale)")
                        }
                    }
                }
            }
        }
    }

    @Test("Gradients of higher order of half types are those of float64")
    func secondOrder() {
        for (name, call) in Self.functions where name != "batchNorm, evaluation" {
            for dtype in [DType.float32, .float16] {
                var random = TestRandom("second order, \(name), \(dtype)")
                let x = Self.inputs(dtype, [6, 3, 40], "large mean", &random)
                let g = Tensor(random.values(x.count), shape: x.shape, dtype: dtype)
                func second(_ x: Tensor, _ g: Tensor) -> Tensor {
                    let leaf = x.detach().requiresGrad_()
                    let slope = grad(
                        outputs: [call(leaf, nil, nil)], inputs: [leaf], gradOutputs: [g], createGraph: true)[0]!
                    return grad(outputs: [(slope * g).sum()], inputs: [leaf])[0]!
                }
                let (got, expected) = (second(x, g), second(x.to(.float64), g.to(.float64)))
                let scale: Double = expected.abs().max().item()
                let difference: Double = (got.to(.float64) - expected).abs().max().item()
                let unit = Swift.max(Tolerance.unit(dtype), 1e-5)
                #expect(difference <= 16 * unit * scale, "\(name), \(dtype): \(difference) of \(scale)")
            }
        }
    }
}
