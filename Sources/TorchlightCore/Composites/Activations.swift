// Activations that others express.

extension Tensor {
    /// `x` where it is positive, else `alpha (e^(x / alpha) - 1)` (Barron 2017).
    public func celu(alpha: Double = 1) -> Tensor {
        guard alpha != 0 else {
            return fail(
                TensorError(.value, in: "celu", "alpha is 0", expected: "another number", operands: [self]), like: self)
        }
        // A negative alpha would swap the sides.
        if alpha < 0 { return Tensor.where(self > 0, self, (clamp(max: 0) / alpha).expm1() * alpha) }
        return (self / alpha).elu() * alpha
    }

    /// `x / (1 + |x|)`.
    public func softsign() -> Tensor { self / (abs() + 1) }

    /// `x` outside `[-lambda, lambda]`, else 0.
    public func hardshrink(lambda: Double = 0.5) -> Tensor {
        maskedFill((self >= -lambda).logicalAnd(self <= lambda), 0)
    }

    /// `x` moved towards 0 by lambda, and 0 within it.
    public func softshrink(lambda: Double = 0.5) -> Tensor {
        guard lambda >= 0 else {
            return fail(
                TensorError(
                    .value, in: "softshrink", "lambda is negative", got: "\(lambda)", expected: "at least 0",
                    operands: [self]), like: self)
        }
        return (self - sign() * lambda).maskedFill((self >= -lambda).logicalAnd(self <= lambda), 0)
    }

    /// `x` where it exceeds the threshold, else the value.
    public func threshold(_ threshold: Double, value: Double) -> Tensor {
        maskedFill(self <= threshold, value)
    }

    /// The first half of a dimension times the sigmoid of the second: `[2n] -> [n]` (Dauphin et al. 2016).
    public func glu(dim: Int = -1) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let d = try resolve(dim, in: "glu")
            guard rank > 0, layout.shape[d] % 2 == 0 else {
                throw TensorError(
                    .shape, in: "glu", "the dimension cannot be halved", expected: "an even size in dimension \(dim)",
                    operands: [self])
            }
            let half = layout.shape[d] / 2
            return narrow(d, start: 0, length: half) * narrow(d, start: half, length: half).sigmoid()
        }
    }
}

/// `x` where it is positive, else `alpha (e^(x / alpha) - 1)`.
public func celu(_ x: Tensor, alpha: Double = 1) -> Tensor { x.celu(alpha: alpha) }
/// `x / (1 + |x|)`, element by element.
public func softsign(_ x: Tensor) -> Tensor { x.softsign() }
/// The first half of a dimension times the sigmoid of the second.
public func glu(_ x: Tensor, dim: Int = -1) -> Tensor { x.glu(dim: dim) }
