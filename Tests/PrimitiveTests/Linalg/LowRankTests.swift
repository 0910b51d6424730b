import TestSupport
import Testing
@testable import TorchlightCore

@Suite("Decompositions of low rank, extreme eigenvalues and indefinite matrices")
struct LowRankTests {
    private let close = Tolerance(units: 1e5, scale: 8, reason: "iterations and products")

    private func random(_ shape: [Int], _ label: String) -> Tensor {
        var random = TestRandom(label)
        return Tensor(random.values(shape.reduce(1, *), in: -1...1), shape: shape, dtype: .float64)
    }

    @Test("Matrices of low rank are decomposed exactly", arguments: [[7, 5], [5, 7], [2, 6, 4]])
    func lowRank(_ shape: [Int]) {
        let rank = 2
        let (m, n) = (shape[shape.count - 2], shape[shape.count - 1])
        let batch = Array(shape.dropLast(2))
        let a = random(batch + [m, rank], "left \(shape)").matmul(random(batch + [rank, n], "right \(shape)"))
        let (u, s, v) = svdLowrank(a, q: rank, generator: Generator(seed: 1))
        #expect(u.shape == batch + [m, rank] && s.shape == batch + [rank] && v.shape == batch + [n, rank])
        expectClose((u * s.unsqueeze(-2)).matmul(v.mT), ReferenceArray(a), close)
        expectClose(s, ReferenceArray(LinAlg.svdvals(a).narrow(-1, start: 0, length: rank)), close)
        // A matrix that is subtracted, of a smaller shape.
        let shift = random([1, n], "shift \(shape)")
        let shifted = svdLowrank(a + shift, q: rank, M: shift, generator: Generator(seed: 2))
        expectClose((shifted.U * shifted.S.unsqueeze(-2)).matmul(shifted.V.mT), ReferenceArray(a), close)
        // Without a q, up to 6 singular values.
        #expect(svdLowrank(a, generator: Generator(seed: 3)).S.shape == batch + [min(6, m, n)])
    }

    @Test("Principal components are those of the centred matrix")
    func components() {
        let a = random([8, 3], "samples") + 5
        let (u, s, v) = pcaLowrank(a, generator: Generator(seed: 1))
        let centered = a - a.mean(dim: [0], keepdim: true)
        expectClose((u * s).matmul(v.mT), ReferenceArray(centered), close)
        expectClose(pcaLowrank(a, q: 3, center: false).S, ReferenceArray(LinAlg.svdvals(a)), close)
        expectRefusal(by: "pcaLowrank", .value) { pcaLowrank(a, q: 4).S }
        expectRefusal(by: "svdLowrank", .value) { svdLowrank(a, q: -1).S }
        expectRefusal(by: "svdLowrank", .shape) { svdLowrank(a, M: Tensor.ones([2, 2], dtype: .float64)).S }
        let z = complex(random([6, 4], "real"), random([6, 4], "imag"))
        expectClose(svdLowrank(z, q: 4).S, ReferenceArray(LinAlg.svdvals(z)), close)
    }

    @Test("Gradients through the random decomposition are those of the decomposition")
    func lowRankGradients() {
        let a = random([5, 3], "gradients").requiresGrad_()
        svdLowrank(a, q: 3, generator: Generator(seed: 1)).S.sum().backward()
        let gradient = a.grad!
        a.grad = nil
        LinAlg.svdvals(a).sum().backward()
        expectClose(gradient, ReferenceArray(a.grad!), close)
    }

    @Test("Extreme eigenvalues and their vectors", arguments: [LOBPCGMethod.ortho, .basic], [true, false])
    func eigenvalues(_ method: LOBPCGMethod, _ largest: Bool) {
        let x = random([2, 12, 12], "symmetric")
        let a = x.matmul(x.mT) + Tensor.arange(12).to(.float64).diagEmbed()
        let (values, vectors) = lobpcg(
            a, k: 3, niter: -1, tol: 1e-10, largest: largest, method: method, generator: Generator(seed: 6))
        let all = LinAlg.eigvalsh(a)
        let expected = (largest ? all.flip(-1) : all).narrow(-1, start: 0, length: 3)
        let label = "\(method), largest: \(largest)"
        let loose = Tolerance(units: 1e7, scale: 32, reason: "an iteration that ends at a residual of 1e-10")
        expectClose(values, ReferenceArray(expected), loose, label)
        expectClose(a.matmul(vectors) - vectors * values.unsqueeze(-2), [Double](repeating: 0, count: 72), loose, label)
    }

    @Test("Generalised eigenvalues, a preconditioner and a start")
    func generalised() {
        let x = random([9, 9], "a"), y = random([9, 9], "b")
        let one = Tensor.eye(9, dtype: .float64)
        let a = x.matmul(x.mT) + one, b = y.matmul(y.mT) + one
        let expected = LinAlg.eigvals(LinAlg.solve(b, a)).real.sort().values.narrow(0, start: 0, length: 2)
        let loose = Tolerance(units: 1e8, scale: 8, reason: "an iteration that ends at a residual of 1e-9")
        for method in [LOBPCGMethod.ortho, .basic] {
            let found = lobpcg(
                a, k: 2, B: b, X: random([9, 3], "start"), iK: method == .basic ? LinAlg.inv(a) : nil, niter: 500,
                tol: 1e-9, largest: false, method: method)
            expectClose(found.eigenvalues, ReferenceArray(expected), loose, "\(method)")
            expectClose(
                found.eigenvectors.mT.matmul(b).matmul(found.eigenvectors), [1, 0, 0, 1], loose, "\(method)")
        }
        // With a gradient, by the whole decomposition.
        let recorded = lobpcg(a.detach().requiresGrad_(), k: 2, B: b, largest: false)
        expectClose(recorded.eigenvalues.detach(), ReferenceArray(expected), close)
        expectGradients(order: 1, at: [x], label: "lobpcg") { inputs in
            let product = inputs[0].matmul(inputs[0].mT) + one
            let (values, vectors) = lobpcg(product, k: 2, niter: 0, tol: 1e-13)
            return [values, vectors * vectors]
        }
        expectRefusal(by: "lobpcg", .value) { lobpcg(one, k: 4).eigenvalues }
        expectRefusal(by: "lobpcg", .shape) { lobpcg(Tensor.ones(4, 3)).eigenvalues }
        expectRefusal(by: "lobpcg", .shape) { lobpcg(one, B: Tensor.ones([3, 3], dtype: .float64)).eigenvalues }
        #expect(lobpcg(Tensor.ones([2, 6, 6], device: .meta), k: 2).eigenvectors.shape == [2, 6, 2])
        // A matrix that is not symmetric has no such eigenvectors; the iteration ends nevertheless.
        #expect(lobpcg(random([7, 7], "any"), k: 2, niter: .max).eigenvalues.shape == [2])
    }

    @Test("LDL factors solve equations of indefinite matrices")
    func ldl() {
        let x = random([2, 5, 5], "x")
        let symmetric = x + x.mT, side = random([5, 2], "side")
        let (ld, pivots) = LinAlg.ldlFactor(symmetric)
        #expect(pivots.dtype == .int32 && ld.triu(1).any().item() == 0)
        expectClose(
            symmetric.matmul(LinAlg.ldlSolve(ld, pivots, side)), ReferenceArray(side.expand(2, 5, 2)), close)
        // Only the lower triangle is read.
        #expect(LinAlg.ldlFactor(symmetric.tril()).LD.equal(ld))
        let z = complex(x, random([2, 5, 5], "y"))
        let right = complex(side, random([5, 2], "imaginary side"))
        for hermitian in [false, true] {
            let a = hermitian ? z + z.mH : z + z.mT
            let factors = LinAlg.ldlFactor(a, hermitian: hermitian)
            let solution = LinAlg.ldlSolve(factors.LD, factors.pivots, right, hermitian: hermitian)
            expectClose(
                (a.matmul(solution) - right.expand(2, 5, 2)).abs(), [Double](repeating: 0, count: 20), close)
            // The gradient is that of `solve`.
            let gradients = [true, false].map { usesFactors in
                let leaf = right.detach().clone().requiresGrad_()
                let y =
                    usesFactors
                    ? LinAlg.ldlSolve(factors.LD, factors.pivots, leaf, hermitian: hermitian) : LinAlg.solve(a, leaf)
                (y * y.conj()).real.sum().backward()
                return leaf.grad!
            }
            expectClose((gradients[0] - gradients[1]).abs(), [Double](repeating: 0, count: 10), close)
        }
        // A block of size 2, whose pivots are negative.
        #expect((LinAlg.ldlFactor(Tensor([[0.0, 1], [1, 0]])).pivots < 0).all().item() == 1)
        #expect(LinAlg.ldlFactorEx(Tensor.zeros(2, 2)).info.item() == 1)
        expectRefusal(by: "ldlFactor", .value) { LinAlg.ldlFactor(Tensor.zeros(2, 2)).LD }
        expectRefusal(by: "ldlFactor", .value) { LinAlg.ldlFactorEx(Tensor.zeros(2, 2), checkErrors: true).LD }
        expectRefusal(by: "ldlFactor", .shape) { LinAlg.ldlFactor(Tensor.ones(2, 3)).LD }
        expectRefusal(by: "ldlFactor", .autograd) { LinAlg.ldlFactor(x.detach().requiresGrad_()).LD }
        expectRefusal(by: "ldlSolve", .dtype) { LinAlg.ldlSolve(ld, pivots.to(.int64), side) }
        expectRefusal(by: "ldlSolve", .value) { LinAlg.ldlSolve(ld, pivots * 0 + 7, side) }
        expectRefusal(by: "ldlSolve", .value) { LinAlg.ldlSolve(ld, pivots * 0 - 3, side) }
        expectRefusal(by: "ldlSolve", .shape) { LinAlg.ldlSolve(ld, pivots[0], side) }
        expectRefusal(by: "ldlSolve", .autograd) {
            LinAlg.ldlSolve(ld.detach().requiresGrad_(), pivots, side).sum().backward()
        }
    }
}
