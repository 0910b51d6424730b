import CKernels

/// `a + alpha b` or `a - alpha b`, in one pass and one rounding of the half types.
///
/// The result has the dtype that `a` and `b` give together, whose kind `alpha` may not leave: no fractions for integers,
/// and truth values for bool alone.
package struct AddScaled: Primitive {
    package static let name = "addScaled"
    package var alpha: Scalar
    package var isDifference: Bool
    package var publicName: String { isDifference ? Sub.name : Add.name }

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        let spec = try binarySpec(publicName, isDifference ? Sub.domain : Add.domain, inputs[0], inputs[1])
        let isKept =
            switch alpha {
            case .bool: spec.dtype == .bool
            case .int: true
            case .double: spec.dtype.isFloatingPoint
            }
        guard isKept else {
            throw TensorError(
                .dtype, in: publicName, "alpha is of another kind than the result", got: "alpha \(alpha.text)",
                expected: spec.dtype.isFloatingPoint ? "a number" : "an integer", operands: Array(inputs))
        }
        return Few(spec)
    }

    package func arrangement(of inputs: Few<Tensor>, shape: Dims) -> Layout { .following(inputs, shape: shape) }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let shape = out.layout.shape
        let compute = ResultType.of(inputs[0], inputs[1]).computeType
        // a + alpha b 1, which the kernel of addcmul has.
        let one = try Tensor(filled: 1, shape: Dims(), dtype: compute, device: .cpu)
        withKernel(inputs[0], inputs[0].layout.expanded(to: shape)) { a in
            withKernel(inputs[1], inputs[1].layout.expanded(to: shape)) { b in
                withKernel(one, one.layout.expanded(to: shape)) { one in
                    withKernel(out) { out in
                        withUnsafePointer(to: isDifference ? -alpha.asDouble : alpha.asDouble) {
                            tl_ternary(Int32(AddCMul.kernel.rawValue), compute.rawValue, a, b, one, out, $0)
                        }
                    }
                }
            }
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package var traits: Traits { [.elementwise] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        return Few(
            context.needs[0] ? g : nil,
            context.needs[1] ? g * (isDifference ? -alpha.asDouble : alpha.asDouble) : nil)
    }
}

extension Scalar {
    /// Whether a product with it changes nothing.
    fileprivate var isOne: Bool {
        switch self {
        case .int(1), .double(1): true
        default: false
        }
    }

    fileprivate var text: String {
        switch self {
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        }
    }
}

extension Tensor {
    /// `self + alpha * other`.
    ///
    /// Shapes broadcast. The result has the promoted dtype; for integers alpha must be one too.
    public func add(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor {
        alpha.scalar.isOne
            ? apply(Add(), self, other) : apply(AddScaled(alpha: alpha.scalar, isDifference: false), self, other)
    }
    /// `self + alpha * other` for a number.
    public func add(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        add(.wrap(other.scalar), alpha: alpha)
    }
    /// `self += alpha * other`, in place.
    @discardableResult
    public func add_(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor {
        applyInPlace(
            alpha.scalar.isOne ? Add() : AddScaled(alpha: alpha.scalar, isDifference: false), on: self,
            Few(self, other), name: "add_")
    }
    /// Adds `alpha` times a number in place.
    @discardableResult
    public func add_(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        add_(.wrap(other.scalar), alpha: alpha)
    }

    /// `self - alpha * other`.
    ///
    /// Shapes broadcast. The result has the promoted dtype; for integers alpha must be one too.
    public func sub(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor {
        alpha.scalar.isOne
            ? apply(Sub(), self, other) : apply(AddScaled(alpha: alpha.scalar, isDifference: true), self, other)
    }
    /// `self - alpha * other` for a number.
    public func sub(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        sub(.wrap(other.scalar), alpha: alpha)
    }
    /// `self -= alpha * other`, in place.
    @discardableResult
    public func sub_(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor {
        applyInPlace(
            alpha.scalar.isOne ? Sub() : AddScaled(alpha: alpha.scalar, isDifference: true), on: self,
            Few(self, other), name: "sub_")
    }
    /// Subtracts `alpha` times a number in place.
    @discardableResult
    public func sub_(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        sub_(.wrap(other.scalar), alpha: alpha)
    }
}
