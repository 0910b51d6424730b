import TestSupport
import Testing
import Torchlight

@Suite struct TotalNormTests {
    private static func gradients() -> [Tensor] {
        let generator = Generator(seed: 1)
        return [Tensor.randn([2, 3], generator: generator), Tensor.randn([4], generator: generator).unsqueeze(1).mT]
    }

    @Test func theNormIsThatOfOneVector() {
        let tensors = Self.gradients()
        let vector = cat(tensors.map { $0.flatten() })
        for p in [0.5, 1, 2, 3, Double.infinity] {
            let wanted = LinAlg.vectorNorm(vector, ord: p)
            #expect(getTotalNorm(tensors, normType: p).allclose(wanted), "p: \(p)")
        }
        #expect(getTotalNorm([]).item() == 0)
        #expect(getTotalNorm(tensors.map { $0.to(.float64) }).dtype == .float64)
        let infinite = [Tensor([Double.infinity])]
        #expect(getTotalNorm(infinite).item() == .infinity)
        #expect(throws: TensorError.self) { try checked { getTotalNorm(infinite, errorIfNonFinite: true) } }
    }

    /// Gradients of any size are clipped to the same ones: neither the sums of powers nor the factor leave their range.
    @Test(arguments: [1, 2, 3, Double.infinity])
    func gradientsOfAnySizeAreClipped(_ p: Double) {
        let numbers = [[3.0, -4, 0.5], [2.0, -1, 7, 6]]
        func clipped(_ dtype: DType, _ scale: Double) -> [Tensor] {
            let parameters = numbers.map { row in
                let parameter = Parameter(Tensor.zeros([row.count], dtype: dtype))
                parameter.grad = Tensor(row.map { $0 * scale }, dtype: dtype)
                return parameter
            }
            clipGradNorm(parameters, maxNorm: 1, normType: p)
            return parameters.map { $0.grad!.to(.float64) }
        }
        let expected = clipped(.float64, 1e10)
        let cases: [(DType, Double)] = [
            (.float16, 9000), (.bfloat16, 1e37), (.float32, 1e20), (.float32, 4e37), (.float64, 1e200),
            (.float64, 1e306),
        ]
        for (dtype, scale) in cases {
            let tolerance = dtype == .float16 || dtype == .bfloat16 ? 1e-2 : 1e-6
            for (gradient, wanted) in zip(clipped(dtype, scale), expected) {
                let label = "p: \(p), \(dtype), scale: \(scale), \(gradient)"
                #expect(gradient.allclose(wanted, rtol: tolerance), "\(label)")
            }
        }
    }

    @Test(arguments: [0.5, 1, 2, 3, Double.infinity])
    func gradientsWithoutElementsCountAsNothing(_ p: Double) {
        let (empty, three) = (Parameter(Tensor.zeros([0, 4])), Parameter(Tensor.zeros([1])))
        (empty.grad, three.grad) = (Tensor.zeros([0, 4]), Tensor([3.0]))
        #expect(clipGradNorm([empty], maxNorm: 1, normType: p).item() == 0)
        #expect(clipGradNorm([empty, three], maxNorm: 5, normType: p).item() == 3)
    }

    @Test func clippingWithANormIsClipping() {
        func parameters() -> [Tensor] {
            Self.gradients().map { gradient in
                let parameter = Parameter(Tensor.zeros(like: gradient))
                parameter.grad = gradient.clone()
                return parameter
            }
        }
        for maxNorm in [0.5, 100] {
            let (a, b) = (parameters(), parameters())
            clipGradNorm(a, maxNorm: maxNorm)
            clipGradsWithNorm(b, maxNorm: maxNorm, totalNorm: getTotalNorm(b.compactMap(\.grad)))
            #expect(zip(a, b).allSatisfy { $0.grad!.allclose($1.grad!) }, "maxNorm: \(maxNorm)")
        }
        #expect(throws: TensorError.self) {
            try checked { clipGradsWithNorm(parameters(), maxNorm: -1, totalNorm: Tensor(1.0)) }
        }
    }
}
