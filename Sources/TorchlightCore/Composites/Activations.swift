// Activations composed of other operations.

extension Tensor {
    /// Continuously differentiable ELU: `x` if `x > 0`, else `alpha (exp(x / alpha) - 1)` (Barron, 2017). `alpha` must
    /// not be 0. Default: 1.
    public func celu(alpha: Double = 1) -> Tensor {
        guard alpha != 0 else {
            return fail(
                TensorError(.value, in: "celu", "alpha is 0", expected: "a number other than 0", operands: [self]),
                like: self)
        }
        // A negative alpha would exchange the two cases.
        if alpha < 0 { return Tensor.where(self > 0, self, (clamp(max: 0) / alpha).expm1() * alpha) }
        return (self / alpha).elu() * alpha
    }

    /// Softsign: `x / (1 + |x|)`.
    public func softsign() -> Tensor { self / (abs() + 1) }

    /// Hard shrinkage: `x` if `|x| > lambda`, else 0. NaN stays NaN.
    public func hardshrink(lambda: Double = 0.5) -> Tensor {
        maskedFill((self >= -lambda).logicalAnd(self <= lambda), 0)
    }

    /// Soft shrinkage: `sign(x) max(|x| - lambda, 0)`. `lambda` must be at least 0. Default: 0.5.
    public func softshrink(lambda: Double = 0.5) -> Tensor {
        guard lambda >= 0 else {
            return fail(
                TensorError(
                    .value, in: "softshrink", "lambda is negative", got: "\(lambda)", expected: "at least 0",
                    operands: [self]), like: self)
        }
        return (self - sign() * lambda).maskedFill((self >= -lambda).logicalAnd(self <= lambda), 0)
    }

    /// `x` if `x > threshold`, else `value`, element by element.
    public func threshold(_ threshold: Double, value: Double) -> Tensor {
        maskedFill(self <= threshold, value)
    }

    /// Gated linear unit: `a * sigmoid(b)`, where `a` and `b` are the first and second half of `x` along `dim` (Dauphin
    /// et al., 2016).
    ///
    /// Shapes: `[*, 2n, *] -> [*, n, *]`. An odd size is an error.
    public func glu(dim: Int = -1) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let d = try resolve(dim, in: "glu")
            guard rank > 0, layout.shape[d] % 2 == 0 else {
                throw TensorError(
                    .shape, in: "glu", "the size of the dimension is odd", expected: "an even size in dimension \(dim)",
                    operands: [self])
            }
            let half = layout.shape[d] / 2
            return narrow(d, start: 0, length: half) * narrow(d, start: half, length: half).sigmoid()
        }
    }
}

/// Continuously differentiable ELU: `x` if `x > 0`, else `alpha (exp(x / alpha) - 1)`.
public func celu(_ x: Tensor, alpha: Double = 1) -> Tensor { x.celu(alpha: alpha) }
/// `x / (1 + |x|)`, element by element.
public func softsign(_ x: Tensor) -> Tensor { x.softsign() }
/// Gated linear unit: the first half of `x` along `dim` times the sigmoid of the second.
public func glu(_ x: Tensor, dim: Int = -1) -> Tensor { x.glu(dim: dim) }
