// Products that are added with complex factors.

extension Tensor {
    /// `beta * self + alpha * (a @ b)` with complex factors, for matrices: `a [m, k]`, `b [k, n]`; the tensor broadcasts to
    /// `[m, n]`.
    public func addmm<Part: ComplexPart>(
        _ a: Tensor, _ b: Tensor, beta: Complex<Part> = 1, alpha: Complex<Part> = 1
    ) -> Tensor {
        scaled(by: beta, plus: a.mm(b), times: alpha)
    }

    /// `beta * self + alpha * (a @ x)` with complex factors, for a matrix `a [m, k]` and a vector `x [k]`; the tensor broadcasts
    /// to `[m]`.
    public func addmv<Part: ComplexPart>(
        _ a: Tensor, _ x: Tensor, beta: Complex<Part> = 1, alpha: Complex<Part> = 1
    ) -> Tensor {
        scaled(by: beta, plus: a.mv(x), times: alpha)
    }

    /// `beta * self + alpha * (a @ b)` with complex factors, for batches of matrices: `a [b, m, k]`, `b [b, k, n]`; the tensor
    /// broadcasts to `[b, m, n]`.
    public func baddbmm<Part: ComplexPart>(
        _ a: Tensor, _ b: Tensor, beta: Complex<Part> = 1, alpha: Complex<Part> = 1
    ) -> Tensor {
        scaled(by: beta, plus: a.bmm(b), times: alpha)
    }

    /// `beta * self + alpha * sum over i of a[i] @ b[i]` with complex factors: `[m, n], [b, m, k], [b, k, n] -> [m, n]`.
    public func addbmm<Part: ComplexPart>(
        _ a: Tensor, _ b: Tensor, beta: Complex<Part> = 1, alpha: Complex<Part> = 1
    ) -> Tensor {
        scaled(by: beta, plus: a.bmm(b).sum(dim: 0), times: alpha)
    }

    /// `beta * self + alpha * outer(a, b)` with complex factors: `[m, n], [m], [n] -> [m, n]`.
    public func addr<Part: ComplexPart>(
        _ a: Tensor, _ b: Tensor, beta: Complex<Part> = 1, alpha: Complex<Part> = 1
    ) -> Tensor {
        scaled(by: beta, plus: a.outer(b), times: alpha)
    }

    /// `self + value * a * b` with a complex factor, element by element. Shapes broadcast.
    public func addcmul<Part: ComplexPart>(_ a: Tensor, _ b: Tensor, value: Complex<Part>) -> Tensor {
        self + a * b * value
    }

    /// `self + value * a / b` with a complex factor, element by element. Shapes broadcast.
    public func addcdiv<Part: ComplexPart>(_ a: Tensor, _ b: Tensor, value: Complex<Part>) -> Tensor {
        self + a / b * value
    }

    /// The factors multiply as numbers, which widen no dtype but real ones. With `beta` 0 the elements are ignored, NaN too.
    private func scaled<Part: ComplexPart>(
        by beta: Complex<Part>, plus product: Tensor, times alpha: Complex<Part>
    ) -> Tensor {
        if isPlaceholder || product.isPlaceholder { return isPlaceholder ? self : product }
        let base = expand(product.shape)
        return (beta == 0 ? base.maskedFill(Tensor.ones([], dtype: .bool, device: device), 0) : base * beta)
            + product * alpha
    }
}
