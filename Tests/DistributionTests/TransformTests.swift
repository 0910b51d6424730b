import TestSupport
import Testing
import Torchlight

@Suite struct TransformTests {
    /// Transforms with a domain of numbers or vectors.
    static var transforms: [(String, any DistributionTransform, [Int])] {
        [
            ("exp", ExpTransform(), [4]), ("power", PowerTransform(exponent: 2.5), [4]),
            ("sigmoid", SigmoidTransform(), [4]), ("softplus", SoftplusTransform(), [4]),
            ("tanh", TanhTransform(), [4]),
            ("affine", AffineTransform(loc: 1, scale: -2), [4]),
            (
                "affine of vectors",
                AffineTransform(loc: 1, scale: Tensor([1, -2, 3, 4.0], dtype: .float64), eventDim: 1), [4]
            ),
            ("stick breaking", StickBreakingTransform(), [3]), ("correlations", CorrCholeskyTransform(), [6]),
            ("compose", ComposeTransform([AffineTransform(loc: 0.5, scale: 2), TanhTransform()]), [4]),
            ("independent", IndependentTransform(ExpTransform(), 1), [4]),
            ("reshape", ReshapeTransform(inShape: [4], outShape: [2, 2]), [4]),
            ("cat", CatTransform([ExpTransform(), TanhTransform()], dim: -1, lengths: [1, 3]), [4]),
            ("stack", StackTransform([ExpTransform(), TanhTransform()], dim: -1), [2]),
            ("cdf", CumulativeDistributionTransform(Normal(loc: 1, scale: 2)), [4]),
        ]
    }

    private func argument(_ shape: [Int], _ transform: any DistributionTransform) -> Tensor {
        let x = Tensor.randn([2] + shape, dtype: .float64, generator: Generator(seed: 3))
        if case .greaterThan = transform.domain { return x.exp() }
        return x
    }

    @Test(arguments: transforms.indices)
    func inversesAndShapes(_ index: Int) {
        let (name, transform, shape) = Self.transforms[index]
        let x = argument(shape, transform)
        let y = transform(x)
        #expect(transform.inverse(y).allclose(x, rtol: 1e-6, atol: 1e-8), "\(name)")
        #expect(transform.inv(y).allclose(x, rtol: 1e-6, atol: 1e-8), "\(name)")
        #expect(transform.forwardShape(x.shape) == y.shape && transform.inverseShape(y.shape) == x.shape, "\(name)")
        #expect(transform.codomain.check(y).all().item(Bool.self), "\(name)")
        #expect(transform.logAbsDetJacobian(x).shape == Array(x.shape.dropLast(transform.domain.eventDim)), "\(name)")
    }

    /// The logarithm of the determinant beside that of the Jacobian by automatic differentiation.
    @Test(arguments: transforms.indices)
    func determinantsAreThoseOfTheJacobian(_ index: Int) {
        let (name, transform, shape) = Self.transforms[index]
        let x = argument(shape, transform).select(0, 0).detach().requiresGrad_()
        var y = transform(x)
        // As many coordinates of the result as there are of the argument.
        if name == "stick breaking" { y = y.narrow(0, start: 0, length: 3) }
        if name == "correlations" {
            y = cat((1..<4).map { y.select(0, $0).narrow(0, start: 0, length: $0) })
        }
        let rows = y.flatten().unbind().map { grad(outputs: [$0], inputs: [x], retainGraph: true)[0]! }
        let expected = LinAlg.slogdet(stack(rows)).logabsdet.item()
        #expect(abs(transform.logAbsDetJacobian(x).sum().item() - expected) < 1e-6, "\(name)")
    }

    @Test func constraintsAreReached() {
        let x = Tensor.randn([5, 3], dtype: .float64, generator: Generator(seed: 1))
        for constraint in [
            Constraint.positive, .unitInterval, .interval(-2, 5), .lessThan(3), .greaterThan(1), .simplex,
            .independent(.positive, 1), .corrCholesky,
        ] {
            #expect(constraint.check(bijectTo(constraint)(x)).all().item(Bool.self), "\(constraint)")
            #expect(constraint.check(transformTo(constraint)(x)).all().item(Bool.self), "\(constraint)")
        }
        let square = Tensor.randn([4, 3, 3], dtype: .float64, generator: Generator(seed: 2))
        for constraint in [Constraint.lowerCholesky, .positiveDefinite] {
            #expect(constraint.check(transformTo(constraint)(square)).all().item(Bool.self), "\(constraint)")
        }
        expectRefusal(by: "bijectTo", .unsupported) { bijectTo(.boolean)(x) }
    }

    /// The logistic distribution as the transform of a uniform one, and a decreasing transform.
    @Test func transformedDistributionsFollowTheChangeOfVariables() {
        let logistic = TransformedDistribution(Uniform(low: 0, high: 1), [SigmoidTransform().inv])
        let x = Tensor([-1, 0, 2.0])
        #expect(logistic.logProb(x).allclose(-x - 2 * (-x).softplus(), rtol: 1e-4, atol: 1e-5))
        #expect(logistic.cdf(x).allclose(x.sigmoid(), rtol: 1e-5))
        let flipped = TransformedDistribution(Exponential(rate: 1), [AffineTransform(loc: 0, scale: -1)])
        #expect(flipped.cdf(Tensor(-1.0)).allclose(Tensor(Float(0.36787944)), rtol: 1e-5))
        #expect(flipped.icdf(Tensor(0.36787944)).allclose(Tensor(Float(-1)), rtol: 1e-5))
        let same = TransformedDistribution(Normal(loc: 1, scale: 2), [ExpTransform()])
        let logNormal = LogNormal(loc: 1, scale: 2)
        let y = Tensor([0.5, 3])
        #expect(same.logProb(y).allclose(logNormal.logProb(y), rtol: 1e-5))
        #expect(klDivergence(same, logNormal).item() == 0)
    }
}
