import TestSupport
import Testing
import Torchlight

/// Sizes and counts at the ends of `Int`: a call gives a result or a `TensorError`, and never ends the process.
@Suite struct ExtremeDistributionArgumentTests {
    private static let shapes: [[Int]] = [
        [.max], [.max, 2], [1 << 40, 1 << 40], [-1], [.min, 3], [0, .max], [2, 0, 1 << 40], [1 << 61, 4],
    ]

    private static let distributions: [(name: String, make: @Sendable () -> any Distribution)] = [
        ("Normal", { Normal(0.0, 1.0) }),
        ("Categorical", { Categorical(probs: Tensor([0.5, 0.5])) }),
        ("OneHotCategorical", { OneHotCategorical(probs: Tensor([0.5, 0.5])) }),
        ("Bernoulli", { Bernoulli(probs: Tensor([0.5])) }),
        ("Beta", { Beta(concentration1: 1.0, concentration0: 2.0) }),
        ("Binomial", { Binomial(totalCount: 3, probs: Tensor([0.5])) }),
        ("Binomial of many", { Binomial(totalCount: Int.max, probs: Tensor([0.5])) }),
        ("Multinomial", { Multinomial(totalCount: 3, probs: Tensor([0.5, 0.5])) }),
        ("Multinomial of many", { Multinomial(totalCount: Int.max, probs: Tensor([0.5, 0.5])) }),
        ("Multinomial of a negative number", { Multinomial(totalCount: Int.min, probs: Tensor([0.5, 0.5])) }),
        ("Dirichlet", { Dirichlet(concentration: Tensor([1.0, 2])) }),
        ("LKJCholesky", { LKJCholesky(dim: 3) }),
        ("LKJCholesky of many rows", { LKJCholesky(dim: .max) }),
        ("MultivariateNormal", { MultivariateNormal(loc: Tensor.zeros([2]), covarianceMatrix: Tensor.eye(2)) }),
        ("Poisson", { Poisson(rate: 3.0) }),
        ("Geometric", { Geometric(probs: Tensor([0.5])) }),
        ("VonMises", { VonMises(loc: 0.0, concentration: 1.0) }),
        ("StudentT", { StudentT(df: 3.0) }),
        ("Gamma", { Gamma(concentration: 1.0, rate: 1.0) }),
        ("Independent", { Independent(Normal(Tensor.zeros([3]), Tensor.ones([3])), 1) }),
        ("Independent of many dimensions", { Independent(Normal(Tensor.zeros([3]), Tensor.ones([3])), .max) }),
        ("RelaxedBernoulli", { RelaxedBernoulli(temperature: Tensor(1.0), probs: Tensor([0.5])) }),
        (
            "MixtureSameFamily",
            {
                MixtureSameFamily(
                    mixtureDistribution: Categorical(probs: Tensor([0.5, 0.5])),
                    componentDistribution: Normal(Tensor.zeros([2]), Tensor.ones([2])))
            }
        ),
        (
            "TransformedDistribution",
            {
                TransformedDistribution(
                    Normal(Tensor.zeros([3]), Tensor.ones([3])), [IndependentTransform(ExpTransform(), .max)])
            }
        ),
    ]

    private func answers(_ label: String, _ body: () throws -> Void) {
        // What no machine has memory for must be refused, and is, on any machine, above 16 MB.
        Memory.refusingBlocks(above: 16 << 20) {
            do { try checked(body) } catch is TensorError {
            } catch { Issue.record("\(label): \(error)") }
        }
    }

    @Test("Samples, expansions and statistics of distributions")
    func distributions() {
        for (name, make) in Self.distributions {
            for shape in Self.shapes {
                answers("\(name).sample(\(shape))") { _ = make().sample(shape, generator: Generator(seed: 1)) }
                answers("\(name).expand(\(shape))") { _ = make().expand(shape) }
                answers("\(name).rsample(\(shape))") {
                    if make().hasRSample { _ = make().rsample(shape, generator: Generator(seed: 1)) }
                }
            }
            answers("\(name).entropy()") { _ = make().entropy() }
            answers("\(name).enumerateSupport()") { _ = make().hasEnumerateSupport ? [make().enumerateSupport()] : [] }
            answers("\(name).mean") { _ = [make().mean, make().variance, make().mode] }
        }
    }

    @Test("Dimensions and lengths of transforms")
    func transforms() {
        let x = Tensor.zeros([2]), y = Tensor.ones([2])
        for number in [Int.max, .min, -1, 1 << 62, 65] {
            let makers: [(String, () -> any DistributionTransform)] = [
                ("IndependentTransform", { IndependentTransform(ExpTransform(), number) }),
                (
                    "nested IndependentTransform",
                    { IndependentTransform(IndependentTransform(ExpTransform(), number), number) }
                ),
                ("AffineTransform", { AffineTransform(loc: 0.0, scale: 1.0, eventDim: number) }),
                ("CatTransform", { CatTransform([ExpTransform(), ExpTransform()], dim: number) }),
                ("lengths of CatTransform", { CatTransform([ExpTransform(), ExpTransform()], lengths: [number, 3]) }),
                ("StackTransform", { StackTransform([ExpTransform(), ExpTransform()], dim: number) }),
                ("ReshapeTransform", { ReshapeTransform(inShape: [number, 2], outShape: [2, number]) }),
                ("StickBreakingTransform", { StickBreakingTransform() }),
                ("CorrCholeskyTransform", { CorrCholeskyTransform() }),
            ]
            for (name, make) in makers {
                answers("\(name) with \(number), forward") { _ = make().forward(x) }
                answers("\(name) with \(number), inverse") { _ = make().inverse(y) }
                answers("\(name) with \(number), determinant") { _ = make().logAbsDetJacobian(x, y) }
                answers("\(name) with \(number), shapes") {
                    _ = make().forwardShape([number])
                    _ = make().inverseShape([number, number])
                }
                answers("\(name) with \(number), constraints") {
                    let transform = make()
                    _ = (transform.domain.eventDim, transform.codomain.eventDim, transform.domain.check(x))
                }
                answers("\(name) with \(number), composed") {
                    _ = ComposeTransform([make(), ExpTransform(), make()]).logAbsDetJacobian(x, y)
                }
            }
        }
    }
}
