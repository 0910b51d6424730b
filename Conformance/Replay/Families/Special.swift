import Torchlight

extension Registry {
    /// The functions of `torch.special`, and those of their kind that have a name of their own.
    mutating func registerSpecial() {
        unary("special.airy_ai") { Special.airyAi($0) }
        unary("special.bessel_j0") { Special.besselJ0($0) }
        unary("special.bessel_j1") { Special.besselJ1($0) }
        unary("special.bessel_y0") { Special.besselY0($0) }
        unary("special.bessel_y1") { Special.besselY1($0) }
        unary("special.modified_bessel_i0") { Special.modifiedBesselI0($0) }
        unary("special.modified_bessel_i1") { Special.modifiedBesselI1($0) }
        unary("special.modified_bessel_k0") { Special.modifiedBesselK0($0) }
        unary("special.modified_bessel_k1") { Special.modifiedBesselK1($0) }
        unary("special.scaled_modified_bessel_k0") { Special.scaledModifiedBesselK0($0) }
        unary("special.scaled_modified_bessel_k1") { Special.scaledModifiedBesselK1($0) }
        unary("special.spherical_bessel_j0") { Special.sphericalBesselJ0($0) }
        unary("i0", "special.i0") { Special.i0($0) }
        unary("i0_") { $0.i0_() }
        unary("special.i0e") { Special.i0e($0) }
        unary("special.i1") { Special.i1($0) }
        unary("special.i1e") { Special.i1e($0) }
        unary("special.entr") { Special.entr($0) }
        unary("special.erfcx") { Special.erfcx($0) }
        unary("special.ndtr") { Special.ndtr($0) }
        unary("special.log_ndtr") { Special.logNdtr($0) }
        unary("special.ndtri") { Special.ndtri($0) }

        register(
            "polygamma", "special.polygamma",
            tensor: { call in
                // The method has the tensor first.
                call.isTensor(0, "input")
                    ? try call.tensor(0).polygamma(try call.int(1, "n"))
                    : Special.polygamma(try call.int(0, "n"), try call.tensor(1))
            })
        register("polygamma_", tensor: { call in try call.tensor(0).polygamma_(try call.int(1, "n")) })
        register(
            "mvlgamma", "special.multigammaln",
            tensor: { call in Special.multigammaln(try call.tensor(0), try call.int(1, "p")) })
        register("mvlgamma_", tensor: { call in try call.tensor(0).mvlgamma_(try call.int(1, "p")) })
        binary("igamma", "special.gammainc", tensors: { Special.gammainc($0, $1) })
        binary("igamma_", tensors: { $0.igamma_($1) })
        binary("igammac", "special.gammaincc", tensors: { Special.gammaincc($0, $1) })
        binary("igammac_", tensors: { $0.igammac_($1) })
        binary(
            "special.xlog1py", tensors: { Special.xlog1py($0, $1) }, number: { Special.xlog1py($0, $1) },
            numberFirst: { Special.xlog1py($0, $1) })
        binary(
            "special.zeta", tensors: { Special.zeta($0, $1) }, number: { Special.zeta($0, $1) },
            numberFirst: { Special.zeta($0, $1) })
        registerPolynomials()
    }

    private mutating func registerPolynomials() {
        polynomial(
            "special.chebyshev_polynomial_t", tensors: { Special.chebyshevPolynomialT($0, $1) },
            degree: { Special.chebyshevPolynomialT($0, $1) },
            numberFirst: { Special.chebyshevPolynomialT($0, $1) })
        polynomial(
            "special.chebyshev_polynomial_u", tensors: { Special.chebyshevPolynomialU($0, $1) },
            degree: { Special.chebyshevPolynomialU($0, $1) },
            numberFirst: { Special.chebyshevPolynomialU($0, $1) })
        polynomial(
            "special.chebyshev_polynomial_v", tensors: { Special.chebyshevPolynomialV($0, $1) },
            degree: { Special.chebyshevPolynomialV($0, $1) },
            numberFirst: { Special.chebyshevPolynomialV($0, $1) })
        polynomial(
            "special.chebyshev_polynomial_w", tensors: { Special.chebyshevPolynomialW($0, $1) },
            degree: { Special.chebyshevPolynomialW($0, $1) },
            numberFirst: { Special.chebyshevPolynomialW($0, $1) })
        polynomial(
            "special.shifted_chebyshev_polynomial_t", tensors: { Special.shiftedChebyshevPolynomialT($0, $1) },
            degree: { Special.shiftedChebyshevPolynomialT($0, $1) },
            numberFirst: { Special.shiftedChebyshevPolynomialT($0, $1) })
        polynomial(
            "special.shifted_chebyshev_polynomial_u", tensors: { Special.shiftedChebyshevPolynomialU($0, $1) },
            degree: { Special.shiftedChebyshevPolynomialU($0, $1) },
            numberFirst: { Special.shiftedChebyshevPolynomialU($0, $1) })
        polynomial(
            "special.shifted_chebyshev_polynomial_v", tensors: { Special.shiftedChebyshevPolynomialV($0, $1) },
            degree: { Special.shiftedChebyshevPolynomialV($0, $1) },
            numberFirst: { Special.shiftedChebyshevPolynomialV($0, $1) })
        polynomial(
            "special.shifted_chebyshev_polynomial_w", tensors: { Special.shiftedChebyshevPolynomialW($0, $1) },
            degree: { Special.shiftedChebyshevPolynomialW($0, $1) },
            numberFirst: { Special.shiftedChebyshevPolynomialW($0, $1) })
        polynomial(
            "special.hermite_polynomial_h", tensors: { Special.hermitePolynomialH($0, $1) },
            degree: { Special.hermitePolynomialH($0, $1) },
            numberFirst: { Special.hermitePolynomialH($0, $1) })
        polynomial(
            "special.hermite_polynomial_he", tensors: { Special.hermitePolynomialHe($0, $1) },
            degree: { Special.hermitePolynomialHe($0, $1) },
            numberFirst: { Special.hermitePolynomialHe($0, $1) })
        polynomial(
            "special.laguerre_polynomial_l", tensors: { Special.laguerrePolynomialL($0, $1) },
            degree: { Special.laguerrePolynomialL($0, $1) },
            numberFirst: { Special.laguerrePolynomialL($0, $1) })
        polynomial(
            "special.legendre_polynomial_p", tensors: { Special.legendrePolynomialP($0, $1) },
            degree: { Special.legendrePolynomialP($0, $1) },
            numberFirst: { Special.legendrePolynomialP($0, $1) })
    }

    /// A polynomial whose degree is a tensor or a number.
    private mutating func polynomial(
        _ name: String, tensors: @escaping (Tensor, Tensor) -> Tensor,
        degree: @escaping (Tensor, any TensorScalar) -> Tensor,
        numberFirst: @escaping (any TensorScalar, Tensor) -> Tensor
    ) {
        register(
            name,
            tensor: { call in
                if !call.isTensor(0, "input") {
                    guard call.isTensor(1, "n") else { throw NotSupported("needs a tensor") }
                    return numberFirst(try call.number(0, "input"), try call.tensor(1, "n"))
                }
                let x = try call.tensor(0)
                return call.isTensor(1, "n") ? tensors(x, try call.tensor(1, "n")) : degree(x, try call.number(1, "n"))
            })
    }
}
