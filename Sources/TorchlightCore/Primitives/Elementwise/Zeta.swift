import CKernels

/// Hurwitz's zeta function, the sum of `(q + k)^-s` over `k >= 0` (Abramowitz and Stegun, 23.2; 6.4.10).
///
/// Infinite at `s = 1` and at the poles `q = 0, -1, ...`; NaN for `s < 1`, and for `q < 0` unless `s` is whole. As in
/// PyTorch, there is a gradient for `q` alone, `-s zeta(s + 1, q)`.
package struct Zeta: BinaryPrimitive {
    package static let name = "zeta"
    package static let kernel = TL_BINARY_ZETA
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        if context.needs[0] { throw .noDerivative(Self.name, "s, its first argument") }
        let s = context.operand(0)
        return Few(nil, -context.gradient * s * (s + 1).zeta(context.input(1)))
    }
}

extension TensorError {
    /// A derivative that is requested and does not exist, with the argument that it would be for.
    static func noDerivative(_ operation: String, _ argument: String) -> TensorError {
        TensorError(
            .autograd, in: operation, "it has no derivative with respect to \(argument)",
            fix: "call it with that argument detached, as in x.detach()")
    }
}

extension Tensor {
    /// The Hurwitz zeta function of `s = self` and `q`: the sum of `(q + k)^-s` over `k >= 0`. Shapes broadcast.
    ///
    /// Infinite at `s = 1` and if `q` is 0 or a negative integer; NaN for `s < 1`, and for `q < 0` unless `s` is an
    /// integer. Only `q` has a gradient.
    public func zeta(_ q: Tensor) -> Tensor { apply(Zeta(), self, q) }
    /// The Hurwitz zeta function of `s = self` and a number `q`.
    public func zeta(_ q: some TensorScalar) -> Tensor { apply(Zeta(), self, .wrap(q.scalar)) }
}
