import TestSupport
import Testing
@testable import TorchlightCore

@Suite struct LinAlgTests {
    private func random(_ shape: [Int], _ label: String) -> Tensor {
        var random = TestRandom(label)
        return Tensor(random.values(shape.reduce(1, *), in: -1...1), shape: shape, dtype: .float64)
    }
    private let close = Tolerance(units: 1e4, scale: 4, reason: "a chain of products and solutions")

    // MARK: Refusals

    @Test func singularMatricesAreRefusedByName() {
        let singular = Tensor([[[1.0, 0], [0, 1]], [[1, 2], [2, 4]]])
        let error = expectRefusal(by: "inv", .value) { LinAlg.inv(singular) }
        #expect(error?.description.contains("matrix 1 of the batch is singular") == true)
        expectRefusal(by: "solve", .value) { LinAlg.solve(singular, Tensor([[1.0], [1]])) }
        expectRefusal(by: "luFactor", .value) { LinAlg.luFactor(singular).LU }
        let indefinite = expectRefusal(by: "cholesky", .value) { LinAlg.cholesky(Tensor([[1.0, 2], [2, 1]])) }
        #expect(indefinite?.description.contains("leading minor of order 2") == true)
        let (inverse, info) = LinAlg.invEx(singular)
        expectClose(info, [0, 2], .exact)
        #expect(inverse[1].isnan().all().item() == 1)
    }

    @Test func otherOperandsAreRefused() {
        let rectangle = Tensor.ones(2, 3)
        expectRefusal(by: "inv", .shape) { LinAlg.inv(rectangle) }
        expectRefusal(by: "det", .shape) { LinAlg.det(Tensor.ones(3)) }
        expectRefusal(by: "eigh", .shape) { LinAlg.eigh(rectangle).eigenvalues }
        expectRefusal(by: "solve", .shape) { LinAlg.solve(Tensor.eye(2), Tensor.ones(3, 1)) }
        expectRefusal(by: "solve", .shape) { LinAlg.solve(Tensor.ones(2, 3, 3), Tensor.ones(4, 3, 1)) }
        expectRefusal(by: "solve", .dtype) { LinAlg.solve(Tensor.eye(2), Tensor.ones([2, 1], dtype: .float64)) }
        expectRefusal(by: "svd", .dtype) { LinAlg.svd(Tensor.ones([2, 2], dtype: .bfloat16)).S }
        expectRefusal(by: "svd", .value) { LinAlg.svdvals(Tensor([[Double.nan, 1], [1, 1]])) }
        expectRefusal(by: "eigh", .value) { LinAlg.eigvalsh(Tensor([[Double.nan, 1], [1, 1]])) }
        expectRefusal(by: "matrixNorm", .value) { LinAlg.matrixNorm(rectangle, ord: 3) }
        expectRefusal(by: "cross", .shape) { LinAlg.cross(rectangle, Tensor.ones(2, 1)) }
        expectRefusal(by: "vander", .value) { LinAlg.vander(Tensor.ones(3), N: 1) }
        expectRefusal(by: "tensorinv", .shape) { LinAlg.tensorinv(Tensor.ones(2, 3, 4), ind: 1) }
        expectRefusal(by: "multiDot", .shape) { LinAlg.multiDot([rectangle]) }
        expectRefusal(by: "householderProduct", .shape) { LinAlg.householderProduct(rectangle, Tensor.ones(2)) }
        expectRefusal(by: "lstsq", .shape) { LinAlg.lstsq(rectangle, Tensor.ones(3, 1)).solution }
        expectRefusal(by: "pivotOrder", .dtype) { LinAlg.luUnpack(rectangle, Tensor.ones(2)).P }
        expectRefusal(by: "svd", .autograd) {
            let tall = Tensor.ones(2, 2).requiresGrad_()
            return applyAll(SingularValues(vectors: .none), Few(tall), count: 3)[1]
        }
        expectRefusal(by: "qr", .autograd) {
            let tall = Tensor.ones(3, 2).requiresGrad_()
            LinAlg.qr(tall, mode: .complete).R.sum().backward()
            return tall
        }
    }

    @Test func aPlaceholderFlowsThrough() {
        let error = #expect(throws: TensorError.self) {
            try checked {
                let bad = LinAlg.inv(Tensor.ones(2, 3))
                _ = LinAlg.lu(bad).L.matmul(LinAlg.pinv(bad)) + LinAlg.lstsq(bad, bad).solution
                _ = LinAlg.matrixNorm(bad, ord: .nuc) + LinAlg.cond(bad) + bad.logdet() + LinAlg.matrixExp(bad)
                _ = LinAlg.polar(bad).P + bad.svd(computeUV: false).U + LinAlg.matrixPower(bad, -2)
            }
        }
        #expect(error?.operation == "inv")
    }

    // MARK: Degenerate cases

    @Test func theDeterminantOfASingularMatrixHasAGradient() {
        // The cofactors of [[1, 2], [2, 4]].
        let x = Tensor([[1.0, 2], [2, 4]]).requiresGrad_()
        x.det().backward()
        expectClose(x.grad!, [4, -2, -2, 1], Tolerance(units: 64, scale: 4, reason: "from singular vectors"))
        let batch = Tensor([[[1.0, 2], [2, 4]], [[2, 0], [0, 3]]]).requiresGrad_()
        batch.det().sum().backward()
        expectClose(
            batch.grad!, [4, -2, -2, 1, 3, 0, 0, 2], Tolerance(units: 64, scale: 4, reason: "from singular vectors"))
        #expect(Tensor([[1.0, 2], [2, 4]]).slogdet().logabsdet.item() == -.infinity)
        #expect(Tensor([[-1.0]]).logdet().item().isNaN)
    }

    @Test func rankDeficientMatricesHaveAPseudoInverse() {
        let x = Tensor([[1.0, 2], [2, 4], [3, 6]])
        let p = LinAlg.pinv(x)
        expectClose(x.matmul(p).matmul(x), [1, 2, 2, 4, 3, 6], close)
        expectClose(LinAlg.matrixRank(x), [1], .exact)
        expectClose(LinAlg.matrixRank(Tensor.eye(3), atol: 2), [0], .exact)
        let leaf = Tensor.eye(3).requiresGrad_()
        LinAlg.pinv(leaf).sum().backward()
        // Equal singular values do no harm: the gradient is that of the inverse.
        expectClose(leaf.grad!, [Double](repeating: -1, count: 9), close)
    }

    @Test func conditionNumbersOfSingularMatricesAreInfinite() {
        let x = Tensor([[1.0, 2], [2, 4]])
        #expect(LinAlg.cond(x, p: 1).item() == .infinity)
        #expect(LinAlg.cond(Tensor([[4.0, 0], [0, 2]])).item() == 2)
        #expect(LinAlg.cond(Tensor([[4.0, 0], [0, 2]]), p: -2).item() == 0.5)
    }

    // MARK: Against definitions

    @Test func tallAndCompleteBasesAreOrthonormal() {
        let x = random([2, 5, 3], "complete")
        let (q, r) = LinAlg.qr(x, mode: .complete)
        #expect(q.shape == [2, 5, 5] && r.shape == [2, 5, 3])
        expectClose(q.matmul(r), ReferenceArray(x), close)
        let (none, triangle) = LinAlg.qr(x, mode: .r)
        #expect(none.numel == 0)
        expectClose(triangle, ReferenceArray(LinAlg.qr(x).R), close)
    }

    @Test func reflectionsMultiplyToTheirProduct() {
        let (a, tau) = (random([2, 4, 3], "reflections"), random([2, 2], "factors"))
        var product = Tensor.eye(4, dtype: .float64).expand(2, 4, 4)
        for i in 0..<2 {
            var v = a.narrow(-1, start: i, length: 1).tril(-1 - i)
            v = v + Tensor.eye(4, dtype: .float64).narrow(-1, start: i, length: 1)
            let factor = tau.narrow(-1, start: i, length: 1).unsqueeze(-1)
            product = product.matmul(Tensor.eye(4, dtype: .float64) - factor * v.matmul(v.mT))
        }
        let expected = product.narrow(-1, start: 0, length: 3)
        // Column i of `a` counts below row i only.
        let below = (0..<3).map { a.narrow(-1, start: $0, length: 1).tril(-1 - $0) }
        let columns = cat(below, dim: -1)
        expectClose(LinAlg.householderProduct(columns, tau), ReferenceArray(expected), close)
    }

    @Test func factorisationsSolveFromBothSides() {
        let (a, b) = (random([2, 3, 3], "left") + 3 * Tensor.eye(3, dtype: .float64), random([2, 3, 3], "right"))
        let (lu, pivots) = LinAlg.luFactor(a.flip(-2))
        let flipped = a.flip(-2)
        expectClose(flipped.matmul(LinAlg.luSolve(lu, pivots, b)), ReferenceArray(b), close)
        expectClose(flipped.mT.matmul(LinAlg.luSolve(lu, pivots, b, adjoint: true)), ReferenceArray(b), close)
        expectClose(LinAlg.luSolve(lu, pivots, b, left: false).matmul(flipped), ReferenceArray(b), close)
        expectClose(
            LinAlg.luSolve(lu, pivots, b, left: false, adjoint: true).matmul(flipped.mT), ReferenceArray(b), close)
        let symmetric = a.matmul(a.mT)
        for upper in [false, true] {
            let factor = LinAlg.cholesky(symmetric, upper: upper)
            expectClose(symmetric.matmul(b.choleskySolve(factor, upper: upper)), ReferenceArray(b), close)
            expectClose(
                factor.choleskyInverse(upper: upper), ReferenceArray(LinAlg.inv(symmetric)), close)
        }
        expectClose(
            LinAlg.solve(a, b.select(-1, 0)).unsqueeze(-1),
            ReferenceArray(LinAlg.solve(a, b).narrow(-1, start: 0, length: 1)), close)
    }

    @Test(arguments: [LinAlg.LeastSquaresDriver.gels, .gelsy, .gelsd, .gelss])
    func leastSquaresSatisfyTheNormalEquations(_ driver: LinAlg.LeastSquaresDriver) {
        let (a, b) = (random([2, 5, 3], "tall"), random([2, 5, 2], "sides"))
        let result = LinAlg.lstsq(a, b, driver: driver)
        expectClose(a.mT.matmul(a.matmul(result.solution) - b), [Double](repeating: 0, count: 12), close)
        #expect(result.residuals.shape == (driver == .gelsy ? [0] : [2, 2]))
        #expect(result.rank.shape == (driver == .gels ? [0] : [2]))
        let wide = LinAlg.lstsq(a.mT, random([2, 3], "vector"), driver: driver).solution
        #expect(wide.shape == [2, 5])
    }

    @Test func functionsOfMatrices() {
        let x = random([2, 3, 3], "exponent")
        // exp(A) exp(-A) = 1, and the series for a nilpotent matrix ends.
        let one = ReferenceArray(Tensor.eye(3, dtype: .float64).expand(2, 3, 3))
        // Twice the exponent is the square, also where scaling and squaring come in.
        let half = (x * 8).matrixExp()
        expectClose(
            (x * 16).matrixExp() / half.matmul(half), [Double](repeating: 1, count: 18),
            Tolerance(
                units: 1e7, reason: "an exponential is as badly conditioned as its exponent is large"))
        expectClose(x.matrixExp().matmul((-x).matrixExp()), one, close)
        let nilpotent = Tensor([[0.0, 2, 0], [0, 0, 3], [0, 0, 0]], dtype: .float64)
        expectClose(nilpotent.matrixExp(), [1, 2, 3, 0, 1, 3, 0, 0, 1], close)
        let symmetric = x.matmul(x.mT)
        let root = LinAlg.matrixSqrth(symmetric)
        expectClose(root.matmul(root), ReferenceArray(symmetric), close)
        let (u, p) = LinAlg.polar(x)
        expectClose(u.matmul(p), ReferenceArray(x), close)
        expectClose(u.matmul(u.mT), one, close)
        expectClose(x.matrixPower(5), ReferenceArray(x.matmul(x).matmul(x).matmul(x).matmul(x)), close)
        expectClose(x.matrixPower(-1).matmul(x), one, close)
        expectClose(x.matrixPower(0), one, .exact)
        expectGradients(order: 2, at: [random([2, 2], "exp")], label: "matrixExp") { [$0[0].matrixExp()] }
        expectGradients(order: 1, at: [random([3, 3], "polar")], label: "polar") {
            let (u, p) = LinAlg.polar($0[0] + Tensor.eye(3, dtype: .float64))
            return [u, p]
        }
        expectGradients(order: 2, at: [random([4, 3], "a"), random([2], "tau")], label: "householderProduct") {
            [LinAlg.householderProduct($0[0], $0[1])]
        }
    }

    @Test func chainsAreMultipliedInTheCheapestOrder() {
        let (a, b, c) = (random([2, 30], "a"), random([30, 4], "b"), random([4, 20], "c"))
        let v = random([20], "v")
        expectClose(LinAlg.multiDot([a, b, c, v]), ReferenceArray(a.matmul(b).matmul(c).matmul(v)), close)
        expectClose(LinAlg.multiDot([v, c.mT, b.mT]), ReferenceArray(v.matmul(c.mT).matmul(b.mT)), close)
        #expect(LinAlg.multiDot([v, v]).shape == [])
    }

    @Test func normsOfMatricesFollowTheirDefinitions() {
        let x = Tensor([[1.0, -2], [3, 4]])
        #expect(LinAlg.matrixNorm(x, ord: 1).item() == 6)
        #expect(LinAlg.matrixNorm(x, ord: -1).item() == 4)
        #expect(LinAlg.matrixNorm(x, ord: .infinity).item() == 7)
        #expect(LinAlg.matrixNorm(x, ord: .infinity, keepdim: true).shape == [1, 1])
        #expect(LinAlg.norm(x).item() == LinAlg.matrixNorm(x).item())
        #expect(LinAlg.vectorNorm(x, ord: 0).item() == 4)
        let batch = Tensor.ones(2, 3, 4)
        #expect(LinAlg.matrixNorm(batch, ord: .nuc, dim: (0, 2)).shape == [3])
        #expect(LinAlg.matrixNorm(batch, ord: 2, dim: (2, 0), keepdim: true).shape == [1, 3, 1])
    }
}
