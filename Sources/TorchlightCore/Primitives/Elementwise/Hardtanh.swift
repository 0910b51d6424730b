import CKernels

/// `x` clamped to `[min, max]`. The gradient is 0 at and beyond both ends.
package struct HardtanhForward: UnaryPrimitive {
    package static let name = "hardtanh"
    package static let kernel = TL_UNARY_HARDTANH
    package static let domain = UnaryDomain.floatingPoint
    package var min: Double
    package var max: Double
    package var parameters: (Double, Double) { (min, max) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        guard min <= max else {
            throw TensorError(
                .value, in: Self.name, "the lower bound is greater than the upper one", got: "\(min) and \(max)",
                expected: "min <= max", operands: Array(inputs))
        }
        return Few(ResultSpec(inputs[0].layout.shape, inputs[0].dtype.orFloat))
    }

    package func saved(for needs: Needs) -> Saved { .input(0) }

    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        return Tensor.where((x <= min).logicalOr(x >= max), .zeros(like: gradient), gradient)
    }
}

extension Tensor {
    /// Hard tanh: clamps elements to `[min, max]`. Default: -1 and 1. The dtype of integers is kept.
    public func hardtanh(min: Double = -1, max: Double = 1) -> Tensor {
        dtype.isInteger
            ? clamp(min: Int(saturating: min), max: Int(saturating: max))
            : apply(HardtanhForward(min: min, max: max), self)
    }
    /// Hard tanh, in place.
    @discardableResult
    public func hardtanh_(min: Double = -1, max: Double = 1) -> Tensor {
        dtype.isInteger
            ? clamp_(min: Int(saturating: min), max: Int(saturating: max))
            : applyInPlace(HardtanhForward(min: min, max: max), on: self, Few(self), name: "hardtanh_")
    }

    /// `min(max(x, 0), 6)` (Howard et al., 2017).
    public func relu6() -> Tensor { hardtanh(min: 0, max: 6) }
}

/// Hard tanh: clamps elements to `[min, max]`. Default: -1 and 1.
public func hardtanh(_ x: Tensor, min: Double = -1, max: Double = 1) -> Tensor { x.hardtanh(min: min, max: max) }

/// `min(max(x, 0), 6)`, element by element (Howard et al., 2017).
public func relu6(_ x: Tensor) -> Tensor { x.relu6() }
