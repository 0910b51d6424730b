import CKernels

/// An orthogonal polynomial of `x`, whose degree is the second operand, towards 0 to a whole number (Abramowitz and
/// Stegun, chapter 22).
///
/// A negative degree gives 0, as in PyTorch. By the recurrences, so the time grows with the degree. There is no derivative,
/// as in PyTorch.
package struct OrthogonalPolynomial: BinaryPrimitive {
    /// Which polynomials.
    package enum Family: String, Sendable, Hashable, Codable {
        case chebyshevT, chebyshevU, chebyshevV, chebyshevW, hermiteH, hermiteHe, laguerreL, legendreP
        case shiftedChebyshevT, shiftedChebyshevU, shiftedChebyshevV, shiftedChebyshevW
    }
    package static let name = "orthogonalPolynomial"
    package static let kernel = TL_BINARY_CHEBYSHEV_T
    package static let domain = BinaryDomain.floatingPoint
    package var family: Family

    private var choice: (name: String, kernel: tl_binary_op) {
        switch family {
        case .chebyshevT: ("chebyshevPolynomialT", TL_BINARY_CHEBYSHEV_T)
        case .chebyshevU: ("chebyshevPolynomialU", TL_BINARY_CHEBYSHEV_U)
        case .chebyshevV: ("chebyshevPolynomialV", TL_BINARY_CHEBYSHEV_V)
        case .chebyshevW: ("chebyshevPolynomialW", TL_BINARY_CHEBYSHEV_W)
        case .hermiteH: ("hermitePolynomialH", TL_BINARY_HERMITE_H)
        case .hermiteHe: ("hermitePolynomialHe", TL_BINARY_HERMITE_HE)
        case .laguerreL: ("laguerrePolynomialL", TL_BINARY_LAGUERRE_L)
        case .legendreP: ("legendrePolynomialP", TL_BINARY_LEGENDRE_P)
        case .shiftedChebyshevT: ("shiftedChebyshevPolynomialT", TL_BINARY_SHIFTED_CHEBYSHEV_T)
        case .shiftedChebyshevU: ("shiftedChebyshevPolynomialU", TL_BINARY_SHIFTED_CHEBYSHEV_U)
        case .shiftedChebyshevV: ("shiftedChebyshevPolynomialV", TL_BINARY_SHIFTED_CHEBYSHEV_V)
        case .shiftedChebyshevW: ("shiftedChebyshevPolynomialW", TL_BINARY_SHIFTED_CHEBYSHEV_W)
        }
    }
    package var publicName: String { choice.name }
    package var rule: (kernel: tl_binary_op, domain: BinaryDomain) { (choice.kernel, Self.domain) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(try binarySpec(choice.name, Self.domain, inputs[0], inputs[1]))
    }
    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runBinary(choice.kernel, Self.domain, inputs[0], inputs[1], outputs[0])
    }

    package var differentiability: Differentiability {
        .unavailable("orthogonal polynomials are evaluated only, as in PyTorch")
    }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil, nil] }
}

extension Tensor {
    /// The Chebyshev polynomial of the first kind of degree `n`: `T(cos t) = cos(n t)`. It has no gradient.
    public func chebyshevPolynomialT(_ n: Tensor) -> Tensor { polynomial(.chebyshevT, n) }
    /// The Chebyshev polynomial of the second kind of degree `n`: `U(cos t) = sin((n + 1) t) / sin t`. It has no
    /// gradient.
    public func chebyshevPolynomialU(_ n: Tensor) -> Tensor { polynomial(.chebyshevU, n) }
    /// The Chebyshev polynomial of the third kind of degree `n`: `V(cos t) = cos((n + 1/2) t) / cos(t/2)`. It has no
    /// gradient.
    public func chebyshevPolynomialV(_ n: Tensor) -> Tensor { polynomial(.chebyshevV, n) }
    /// The Chebyshev polynomial of the fourth kind of degree `n`: `W(cos t) = sin((n + 1/2) t) / sin(t/2)`. It has no
    /// gradient.
    public func chebyshevPolynomialW(_ n: Tensor) -> Tensor { polynomial(.chebyshevW, n) }
    /// The physicist's Hermite polynomial of degree `n`: `H(k+1) = 2x H(k) - 2k H(k-1)`. It has no gradient.
    public func hermitePolynomialH(_ n: Tensor) -> Tensor { polynomial(.hermiteH, n) }
    /// The probabilist's Hermite polynomial of degree `n`: `He(k+1) = x He(k) - k He(k-1)`. It has no gradient.
    public func hermitePolynomialHe(_ n: Tensor) -> Tensor { polynomial(.hermiteHe, n) }
    /// The Laguerre polynomial of degree `n`: `(k+1) L(k+1) = (2k + 1 - x) L(k) - k L(k-1)`. It has no gradient.
    public func laguerrePolynomialL(_ n: Tensor) -> Tensor { polynomial(.laguerreL, n) }
    /// The Legendre polynomial of degree `n`: `(k+1) P(k+1) = (2k + 1) x P(k) - k P(k-1)`. It has no gradient.
    public func legendrePolynomialP(_ n: Tensor) -> Tensor { polynomial(.legendreP, n) }
    /// The shifted Chebyshev polynomial of the first kind of degree `n`: `T(2x - 1)`, whose zeros are in [0, 1]. It has no
    /// gradient.
    public func shiftedChebyshevPolynomialT(_ n: Tensor) -> Tensor { polynomial(.shiftedChebyshevT, n) }
    /// The shifted Chebyshev polynomial of the second kind of degree `n`: `U(2x - 1)`. It has no gradient.
    public func shiftedChebyshevPolynomialU(_ n: Tensor) -> Tensor { polynomial(.shiftedChebyshevU, n) }
    /// The shifted Chebyshev polynomial of the third kind of degree `n`: `V(2x - 1)`. It has no gradient.
    public func shiftedChebyshevPolynomialV(_ n: Tensor) -> Tensor { polynomial(.shiftedChebyshevV, n) }
    /// The shifted Chebyshev polynomial of the fourth kind of degree `n`: `W(2x - 1)`. It has no gradient.
    public func shiftedChebyshevPolynomialW(_ n: Tensor) -> Tensor { polynomial(.shiftedChebyshevW, n) }

    func polynomial(_ family: OrthogonalPolynomial.Family, _ n: Tensor) -> Tensor {
        apply(OrthogonalPolynomial(family: family), self, n)
    }
}
