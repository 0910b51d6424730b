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
