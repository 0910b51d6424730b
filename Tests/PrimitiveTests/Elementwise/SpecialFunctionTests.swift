import Glibc
import TestSupport
import Testing
@testable import TorchlightCore

extension ElementwiseRecords {
    static let special: [PrimitiveRecord] = [
        .unary(Erf.self, inPlace: { $0.erf_() }, run: { $0.erf() }, reference: { Glibc.erf($0) }),
        .unary(Erfc.self, inPlace: { $0.erfc_() }, run: { $0.erfc() }, reference: { Glibc.erfc($0) }),
        .unary(
            Erfinv.self, .real(-0.9...0.9),
            tolerance: Tolerance(units: 32, reason: "a rational fit and one Newton step"),
            inPlace: { $0.erfinv_() }, run: { $0.erfinv() }, reference: inverseErf),
        .unary(
            Lgamma.self, .real(0.3...6), tolerance: Tolerance(units: 32, reason: "a series"),
            inPlace: { $0.lgamma_() }, run: { $0.lgamma() }, reference: { Glibc.lgamma($0) }),
        .unary(
            Digamma.self, .real(0.3...6), tolerance: Tolerance(units: 64, reason: "a recurrence and a series"),
            inPlace: { $0.digamma_() }, run: { $0.digamma() }, reference: digamma),
        .binary(
            Xlogy.self, .real(0.2...3), .real(0.2...3), inPlace: { $0.xlogy_($1) }, run: { $0.xlogy($1) },
            reference: { $0 == 0 ? 0 : $0 * Glibc.log($1) }),
        .binary(
            LogAddExp.self, run: { $0.logaddexp($1) },
            reference: { max($0, $1) + Glibc.log1p(Glibc.exp(-abs($0 - $1))) }),
        .binary(
            LogAddExp2.self, run: { $0.logaddexp2($1) },
            reference: { max($0, $1) + Glibc.log2(1 + Glibc.exp2(-abs($0 - $1))) }),
        .binary(
            Xlog1py.self, .real(0.2...3), .real(0.2...3), run: { $0.xlog1py($1) },
            reference: { $0 == 0 ? 0 : $0 * Glibc.log1p($1) }),
        .unary(
            Polygamma.self, .real(0.3...6), tolerance: series, run: { $0.polygamma(1) },
            reference: SpecialReferences.trigamma),
        .binary(
            Zeta.self, .real(2.2...6, hasDerivative: false), .real(0.5...4), tolerance: series,
            run: { $0.zeta($1) }, reference: SpecialReferences.zeta),
        .binary(
            Igamma.self, .real(0.5...4, hasDerivative: false), .real(0.3...5), dtypes: floats, tolerance: series,
            inPlace: { $0.igamma_($1) }, run: { $0.igamma($1) },
            reference: SpecialReferences.igamma),
        .binary(
            Igammac.self, .real(0.5...4, hasDerivative: false), .real(0.3...5), dtypes: floats, tolerance: series,
            inPlace: { $0.igammac_($1) }, run: { $0.igammac($1) },
            reference: { 1 - SpecialReferences.igamma($0, $1) }),
        .binary(
            OrthogonalPolynomial.self, .real(-1.5...1.5), Operand(.integers(0...6)), tolerance: series,
            gradient: .none("PyTorch has none"), run: { $0.chebyshevPolynomialT($1) },
            reference: SpecialReferences.chebyshevT),
    ]

    private static let series = Tolerance(units: 64, reason: "a series, and a reference that is one")
    private static let floats: [DType] = [.float16, .bfloat16, .float32, .float64]

    /// The functions of `torch.special` of one operand.
    static let distributions: [PrimitiveRecord] = [
        // To the left it grows like e^(x^2), and differences mean little.
        .unary(Erfcx.self, .real(-0.8...3), tolerance: series, run: { $0.erfcx() }, reference: SpecialReferences.erfcx),
        .unary(Ndtr.self, run: { $0.ndtr() }, reference: SpecialReferences.ndtr),
        .unary(LogNdtr.self, tolerance: series, run: { $0.logNdtr() }, reference: SpecialReferences.logNdtr),
        PrimitiveRecord(
            InverseMillsRatio.self, operands: [.real()],
            samples: [[2, 3], [], [0, 3], [37]].map { shape in
                Sample(
                    shapes: [shape], run: { [apply(InverseMillsRatio(), $0[0])] },
                    reference: {
                        [$0[0].map { (2 / Double.pi).squareRoot() / SpecialReferences.erfcx(-$0 * 0.5.squareRoot()) }]
                    })
            }, resultTypes: { [UnaryDomain.floatingPoint.result(of: $0)] }, tolerance: series),
        .unary(
            Ndtri.self, .real(0.05...0.95), tolerance: series, run: { $0.ndtri() }, reference: SpecialReferences.ndtri),
        .unary(
            Sinc.self, .real(0.1...3), inPlace: { $0.sinc_() }, run: { $0.sinc() },
            reference: { Glibc.sin(.pi * $0) / (.pi * $0) }),
        .unary(Logit.self, .real(0.05...0.95), run: { $0.logit() }, reference: { Glibc.log($0 / (1 - $0)) }),
        .unary(Entr.self, .real(0.2...3), run: { $0.entr() }, reference: SpecialReferences.entr),
        .unary(
            AiryAi.self, tolerance: series, gradient: .none("Ai' is not among the functions"), run: { $0.airyAi() },
            reference: SpecialReferences.airyAi),
        .unary(BesselJ0.self, .real(-9...9), tolerance: series, run: { $0.besselJ0() }, reference: Glibc.j0),
        .unary(BesselJ1.self, .real(0.1...9), tolerance: series, run: { $0.besselJ1() }, reference: Glibc.j1),
        .unary(BesselY0.self, .real(0.3...9), tolerance: series, run: { $0.besselY0() }, reference: Glibc.y0),
        .unary(BesselY1.self, .real(0.3...9), tolerance: series, run: { $0.besselY1() }, reference: Glibc.y1),
        .unary(
            I0.self, tolerance: series, inPlace: { $0.i0_() }, run: { $0.i0() }, reference: SpecialReferences.i0),
        .unary(
            I0e.self, .real(0.1...3), tolerance: series, run: { $0.i0e() },
            reference: { SpecialReferences.scaledI(0, $0) }),
        .unary(I1.self, .real(0.1...3), tolerance: series, run: { $0.i1() }, reference: SpecialReferences.i1),
        .unary(
            I1e.self, .real(0.1...3), tolerance: series, run: { $0.i1e() },
            reference: { SpecialReferences.scaledI(1, $0) }),
        .unary(
            ModifiedBesselK0.self, .real(0.3...4), tolerance: series, run: { $0.modifiedBesselK0() },
            reference: { SpecialReferences.k(0, $0) }),
        .unary(
            ModifiedBesselK1.self, .real(0.3...4), tolerance: series, run: { $0.modifiedBesselK1() },
            reference: { SpecialReferences.k(1, $0) }),
        .unary(
            ScaledModifiedBesselK0.self, .real(0.3...4), tolerance: series, run: { $0.scaledModifiedBesselK0() },
            reference: { SpecialReferences.k(0, $0) * Glibc.exp($0) }),
        .unary(
            ScaledModifiedBesselK1.self, .real(0.3...4), tolerance: series, run: { $0.scaledModifiedBesselK1() },
            reference: { SpecialReferences.k(1, $0) * Glibc.exp($0) }),
    ]

    /// By Newton's method on `erf`.
    @Sendable private static func inverseErf(_ y: Double) -> Double {
        if y == 0 { return y }
        if abs(y) >= 1 { return abs(y) > 1 ? .nan : y * .infinity }
        var x = 0.0
        for _ in 0..<60 { x -= (Glibc.erf(x) - y) * Glibc.exp(x * x) * Double.pi.squareRoot() / 2 }
        return x
    }

    /// By the recurrence up to 20 and the asymptotic series there.
    @Sendable private static func digamma(_ value: Double) -> Double {
        if value <= 0 { return value == 0 ? -.infinity : .nan }
        var x = value
        var sum = 0.0
        while x < 20 {
            sum -= 1 / x
            x += 1
        }
        let r = 1 / (x * x)
        return sum + Glibc.log(x) - 0.5 / x - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r / 240)))
    }
}

@Suite struct SpecialFunctionTests {
    @Test func tails() {
        expectClose(
            Tensor([5.0, 10], dtype: .float64).erfc(), [Glibc.erfc(5.0), Glibc.erfc(10.0)],
            Tolerance(units: 64, scale: 0, reason: "relative, although the numbers are tiny"))
        expectClose(Tensor([1.0, -1, 1.5]).erfinv(), [.infinity, -.infinity, .nan], .exact)
        expectClose(
            Tensor([.infinity, 0, -1] as [Double], dtype: .float64).lgamma(), [.infinity, .infinity, .infinity], .exact)
        expectClose(
            Tensor([0.0, 0, 2], dtype: .float64).xlogy(Tensor([0, .nan, 0] as [Double], dtype: .float64)),
            [0, .nan, -.infinity], .exact)
        expectClose(
            Tensor([1000.0, -.infinity]).logaddexp(Tensor([1000.0, -.infinity])), [1000.69314718, -.infinity])
    }

    @Test func derivativesLeftOfZero() {
        // The gradients of lgamma, twice, across the reflection.
        expectGradients(order: 2, at: [Tensor([-1.4, -0.6, 0.4, 0.51], dtype: .float64)], label: "lgamma") {
            [$0[0].lgamma()]
        }
        expectGradients(order: 2, at: [Tensor([-0.6, 0.4, 2.5], dtype: .float64)], label: "digamma") {
            [$0[0].digamma()]
        }
    }

    @Test func derivativesOfOneOperandAlone() throws {
        let a = Tensor([0.7, 2.5, 4], dtype: .float64)
        expectGradients(order: 2, at: [Tensor([0.5, 2.6, 9], dtype: .float64)], label: "igamma") { [a.igamma($0[0])] }
        expectGradients(order: 2, at: [Tensor([0.5, 2.6, 9], dtype: .float64)], label: "igammac") { [a.igammac($0[0])] }
        expectGradients(order: 2, at: [Tensor([0.5, 2.6, 9], dtype: .float64)], label: "zeta") {
            [(a + 1).zeta($0[0])]
        }
        // The other operand has no derivative, and the call back says so.
        for function in [{ $0.igamma($1) }, { $0.igammac($1) }, { $0.zeta($1) }] as [(Tensor, Tensor) -> Tensor] {
            #expect(throws: TensorError.self) {
                try checked { function(Tensor([2.5]).requiresGrad_(), Tensor([1.5])).sum().backward() }
            }
        }
        #expect(throws: TensorError.self) { try checked { Tensor([1.0]).requiresGrad_().airyAi() } }
        #expect(throws: TensorError.self) {
            try checked { Tensor([1.0]).requiresGrad_().legendrePolynomialP(Tensor([2])) }
        }
    }

    @Test func derivativesAtZero() {
        for (name, function, slope) in [
            ("besselJ1", { $0.besselJ1() }, 0.5), ("i1", { $0.i1() }, 0.5), ("i1e", { $0.i1e() }, 0.5),
            ("besselJ0", { $0.besselJ0() }, 0), ("i0", { $0.i0() }, 0),
        ] as [(String, (Tensor) -> Tensor, Double)] {
            let x = Tensor([0.0, -0.5], dtype: .float64).requiresGrad_()
            function(x).sum().backward()
            #expect(x.grad?[0].item(Double.self) == slope, "\(name)")
        }
    }

    @Test func ordersOfPolygamma() {
        let x = Tensor([-1.6, 0.4, 3], dtype: .float64)
        expectClose(x.polygamma(0), x.digamma().toArray(Double.self), .exact)
        // By the recurrence psi_n(x + 1) = psi_n(x) + (-1)^n n! / x^(n+1), across the reflection too.
        var factorial = 1.0
        for n in 1..<6 {
            factorial *= Double(n)
            let sign = n % 2 == 0 ? 1.0 : -1.0
            let next = x.polygamma(n) + x.pow(-Double(n) - 1) * (sign * factorial)
            expectClose((x + 1).polygamma(n), next.toArray(Double.self), Tolerance(units: 4096, reason: "they cancel"))
        }
        expectGradients(order: 2, at: [x], label: "polygamma(2)") { [$0[0].polygamma(2)] }
        #expect(throws: TensorError.self) { try checked { x.polygamma(-1) } }
        #expect(throws: TensorError.self) { try checked { x.mvlgamma(0) } }
        // log Gamma_2(x) = log(pi)/2 + log Gamma(x) + log Gamma(x - 1/2)
        let expected = 0.5 * Glibc.log(Double.pi) + Glibc.lgamma(3.0) + Glibc.lgamma(2.5)
        expectClose(Tensor([3.0], dtype: .float64).mvlgamma(2), [expected])
    }

    @Test func incompleteGammaOfEverySize() {
        // P and Q add up to 1 on both sides of every change of method, and Q(a, x) grows with a.
        for a in [1e-20, 1e-3, 0.5, 1, 19.5, 199, 201, 1e4, 1e10, 1e18] {
            let ratio = Tensor([0.0, 0.01, 0.69, 0.71, 0.99, 1, 1.01, 1.29, 1.31, 3], dtype: .float64)
            let (p, q) = (
                Tensor([a], dtype: .float64).igamma(ratio * a), Tensor([a], dtype: .float64).igammac(ratio * a)
            )
            expectClose(p + q, [Double](repeating: 1, count: 10), Tolerance(units: 1e4, reason: "large exponents"))
        }
        expectClose(
            Tensor([0.0, 0, -1, 1, .infinity], dtype: .float64).igamma(
                Tensor([0, 1, 1, .infinity, 1] as [Double], dtype: .float64)), [.nan, 1, .nan, 1, 0], .exact)
    }

    @Test func polynomialsOfEveryFamily() {
        let x = Tensor([-1.0, -0.5, 0.3, 1, 1.5], dtype: .float64)
        let square = x * x
        let families: [(Tensor, Tensor)] = [
            (Special.chebyshevPolynomialT(x, 2), square * 2 - 1), (Special.chebyshevPolynomialU(x, 2), square * 4 - 1),
            (Special.chebyshevPolynomialV(x, 2), square * 4 - x * 2 - 1),
            (Special.chebyshevPolynomialW(x, 2), square * 4 + x * 2 - 1),
            (Special.hermitePolynomialH(x, 2), square * 4 - 2), (Special.hermitePolynomialHe(x, 2), square - 1),
            (Special.laguerrePolynomialL(x, 2), square * 0.5 - x * 2 + 1),
            (Special.legendrePolynomialP(x, 2), square * 1.5 - 0.5),
        ]
        for (value, expected) in families { expectClose(value, expected.toArray(Double.self)) }
        expectClose(Special.chebyshevPolynomialT(x, -1), [0, 0, 0, 0, 0], .exact)
        // A degree is rounded towards 0.
        expectClose(Special.legendrePolynomialP(x, 1.9), x.toArray(Double.self))
        let moved = x * 2 - 1
        let shifted: [(Tensor, Tensor)] = [
            (Special.shiftedChebyshevPolynomialT(x, 5), Special.chebyshevPolynomialT(moved, 5)),
            (Special.shiftedChebyshevPolynomialU(x, 5), Special.chebyshevPolynomialU(moved, 5)),
            (Special.shiftedChebyshevPolynomialV(x, 5), Special.chebyshevPolynomialV(moved, 5)),
            (Special.shiftedChebyshevPolynomialW(x, 5), Special.chebyshevPolynomialW(moved, 5)),
            (Special.shiftedChebyshevPolynomialT(0.5, Tensor([80.0])), Tensor([1.0])),
        ]
        for (value, expected) in shifted {
            expectClose(
                value, expected.toArray(Double.self), Tolerance(units: 256, reason: "an argument that was rounded"))
        }
    }

    @Test func scaledBesselFunctionsNeitherOverflowNorVanish() {
        let x = Tensor([0, 1e-30, 700, 1e30, .infinity, -1, .nan] as [Double], dtype: .float64)
        // sqrt(pi / 2x) (1 - 1 / 8x) and (1 + 3 / 8x) far from 0.
        let far = (Double.pi / 1400).squareRoot()
        let tolerance = Tolerance(units: 1e10, scale: 0, reason: "the first terms of an asymptotic series")
        let (k0, k1) = (x.scaledModifiedBesselK0(), x.scaledModifiedBesselK1())
        expectClose(k0[.slice(2, 3)], [far * (1 - 1 / 5600 + 9 / (2 * 5600.0 * 5600))], tolerance)
        expectClose(k1[.slice(2, 3)], [far * (1 + 3 / 5600.0 - 15 / (2 * 5600.0 * 5600))], tolerance)
        expectClose(
            k0.indexSelect(0, Tensor([0, 3, 4, 5, 6])),
            [.infinity, (Double.pi / 2e30).squareRoot(), 0, .nan, .nan])
        expectClose(
            k1.indexSelect(0, Tensor([0, 1, 4, 5, 6])), [.infinity, 1e30, 0, .nan, .nan])
    }

    @Test func sphericalBesselFunctions() {
        let x = Tensor([0, 1e-8, 0.3, -0.3, 2, -20, .infinity, .nan] as [Double], dtype: .float64)
        expectClose(
            x.sphericalBesselJ0(),
            [1, 1, Glibc.sin(0.3) / 0.3, Glibc.sin(0.3) / 0.3, Glibc.sin(2.0) / 2, Glibc.sin(20.0) / 20, 0, .nan])
        #expect(Special.sphericalBesselJ0(Tensor([2])).dtype == .float32)
        expectRefusal(by: "sphericalBesselJ0", .dtype) {
            Special.sphericalBesselJ0(Tensor.zeros([1], dtype: .complex64))
        }
        expectGradients(
            order: 2, at: [Tensor([0.0, 0.2, -0.49, 0.51, 3], dtype: .float64)], label: "sphericalBesselJ0"
        ) { [$0[0].sphericalBesselJ0()] }
    }
}
