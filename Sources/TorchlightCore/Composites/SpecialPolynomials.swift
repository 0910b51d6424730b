// Orthogonal polynomials, as in `torch.special`. The degree is a tensor or a number, rounded towards 0; a negative degree gives 0.

extension Special {
    /// See ``Tensor/chebyshevPolynomialT(_:)``.
    public static func chebyshevPolynomialT(_ x: Tensor, _ n: Tensor) -> Tensor { x.chebyshevPolynomialT(n) }
    /// See ``Tensor/chebyshevPolynomialT(_:)``.
    public static func chebyshevPolynomialT(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.chebyshevPolynomialT(.wrap(n.scalar))
    }
    /// See ``Tensor/chebyshevPolynomialT(_:)``.
    public static func chebyshevPolynomialT(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).chebyshevPolynomialT(n)
    }
    /// See ``Tensor/chebyshevPolynomialU(_:)``.
    public static func chebyshevPolynomialU(_ x: Tensor, _ n: Tensor) -> Tensor { x.chebyshevPolynomialU(n) }
    /// See ``Tensor/chebyshevPolynomialU(_:)``.
    public static func chebyshevPolynomialU(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.chebyshevPolynomialU(.wrap(n.scalar))
    }
    /// See ``Tensor/chebyshevPolynomialU(_:)``.
    public static func chebyshevPolynomialU(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).chebyshevPolynomialU(n)
    }
    /// See ``Tensor/chebyshevPolynomialV(_:)``.
    public static func chebyshevPolynomialV(_ x: Tensor, _ n: Tensor) -> Tensor { x.chebyshevPolynomialV(n) }
    /// See ``Tensor/chebyshevPolynomialV(_:)``.
    public static func chebyshevPolynomialV(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.chebyshevPolynomialV(.wrap(n.scalar))
    }
    /// See ``Tensor/chebyshevPolynomialV(_:)``.
    public static func chebyshevPolynomialV(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).chebyshevPolynomialV(n)
    }
    /// See ``Tensor/chebyshevPolynomialW(_:)``.
    public static func chebyshevPolynomialW(_ x: Tensor, _ n: Tensor) -> Tensor { x.chebyshevPolynomialW(n) }
    /// See ``Tensor/chebyshevPolynomialW(_:)``.
    public static func chebyshevPolynomialW(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.chebyshevPolynomialW(.wrap(n.scalar))
    }
    /// See ``Tensor/chebyshevPolynomialW(_:)``.
    public static func chebyshevPolynomialW(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).chebyshevPolynomialW(n)
    }
    /// See ``Tensor/shiftedChebyshevPolynomialT(_:)``.
    public static func shiftedChebyshevPolynomialT(_ x: Tensor, _ n: Tensor) -> Tensor {
        x.shiftedChebyshevPolynomialT(n)
    }
    /// See ``Tensor/shiftedChebyshevPolynomialT(_:)``.
    public static func shiftedChebyshevPolynomialT(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.shiftedChebyshevPolynomialT(.wrap(n.scalar))
    }
    /// See ``Tensor/shiftedChebyshevPolynomialT(_:)``.
    public static func shiftedChebyshevPolynomialT(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).shiftedChebyshevPolynomialT(n)
    }
    /// See ``Tensor/shiftedChebyshevPolynomialU(_:)``.
    public static func shiftedChebyshevPolynomialU(_ x: Tensor, _ n: Tensor) -> Tensor {
        x.shiftedChebyshevPolynomialU(n)
    }
    /// See ``Tensor/shiftedChebyshevPolynomialU(_:)``.
    public static func shiftedChebyshevPolynomialU(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.shiftedChebyshevPolynomialU(.wrap(n.scalar))
    }
    /// See ``Tensor/shiftedChebyshevPolynomialU(_:)``.
    public static func shiftedChebyshevPolynomialU(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).shiftedChebyshevPolynomialU(n)
    }
    /// See ``Tensor/shiftedChebyshevPolynomialV(_:)``.
    public static func shiftedChebyshevPolynomialV(_ x: Tensor, _ n: Tensor) -> Tensor {
        x.shiftedChebyshevPolynomialV(n)
    }
    /// See ``Tensor/shiftedChebyshevPolynomialV(_:)``.
    public static func shiftedChebyshevPolynomialV(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.shiftedChebyshevPolynomialV(.wrap(n.scalar))
    }
    /// See ``Tensor/shiftedChebyshevPolynomialV(_:)``.
    public static func shiftedChebyshevPolynomialV(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).shiftedChebyshevPolynomialV(n)
    }
    /// See ``Tensor/shiftedChebyshevPolynomialW(_:)``.
    public static func shiftedChebyshevPolynomialW(_ x: Tensor, _ n: Tensor) -> Tensor {
        x.shiftedChebyshevPolynomialW(n)
    }
    /// See ``Tensor/shiftedChebyshevPolynomialW(_:)``.
    public static func shiftedChebyshevPolynomialW(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.shiftedChebyshevPolynomialW(.wrap(n.scalar))
    }
    /// See ``Tensor/shiftedChebyshevPolynomialW(_:)``.
    public static func shiftedChebyshevPolynomialW(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).shiftedChebyshevPolynomialW(n)
    }
    /// See ``Tensor/hermitePolynomialH(_:)``.
    public static func hermitePolynomialH(_ x: Tensor, _ n: Tensor) -> Tensor { x.hermitePolynomialH(n) }
    /// See ``Tensor/hermitePolynomialH(_:)``.
    public static func hermitePolynomialH(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.hermitePolynomialH(.wrap(n.scalar))
    }
    /// See ``Tensor/hermitePolynomialH(_:)``.
    public static func hermitePolynomialH(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).hermitePolynomialH(n)
    }
    /// See ``Tensor/hermitePolynomialHe(_:)``.
    public static func hermitePolynomialHe(_ x: Tensor, _ n: Tensor) -> Tensor { x.hermitePolynomialHe(n) }
    /// See ``Tensor/hermitePolynomialHe(_:)``.
    public static func hermitePolynomialHe(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.hermitePolynomialHe(.wrap(n.scalar))
    }
    /// See ``Tensor/hermitePolynomialHe(_:)``.
    public static func hermitePolynomialHe(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).hermitePolynomialHe(n)
    }
    /// See ``Tensor/laguerrePolynomialL(_:)``.
    public static func laguerrePolynomialL(_ x: Tensor, _ n: Tensor) -> Tensor { x.laguerrePolynomialL(n) }
    /// See ``Tensor/laguerrePolynomialL(_:)``.
    public static func laguerrePolynomialL(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.laguerrePolynomialL(.wrap(n.scalar))
    }
    /// See ``Tensor/laguerrePolynomialL(_:)``.
    public static func laguerrePolynomialL(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).laguerrePolynomialL(n)
    }
    /// See ``Tensor/legendrePolynomialP(_:)``.
    public static func legendrePolynomialP(_ x: Tensor, _ n: Tensor) -> Tensor { x.legendrePolynomialP(n) }
    /// See ``Tensor/legendrePolynomialP(_:)``.
    public static func legendrePolynomialP(_ x: Tensor, _ n: some TensorScalar) -> Tensor {
        x.legendrePolynomialP(.wrap(n.scalar))
    }
    /// See ``Tensor/legendrePolynomialP(_:)``.
    public static func legendrePolynomialP(_ x: some TensorScalar, _ n: Tensor) -> Tensor {
        Tensor.wrap(x.scalar).legendrePolynomialP(n)
    }
}
