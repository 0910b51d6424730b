import CKernels

// A sum and a scaled product or quotient in one pass.

/// `a + value * b * c`.
package struct AddCMul: TernaryPrimitive {
    package static let name = "addcmul"
    package static let supportsComplex = true
    package static let kernel = TL_TERNARY_ADDCMUL
    package var value: Double
    package var parameter: Double { value }

    package func resultType(of inputs: Specs) throws(TensorError) -> DType {
        let dtype = ResultType.of(inputs)
        guard dtype != .bool else { throw .dtype(Self.name, Array(inputs), expected: "numbers") }
        try Scalar.double(value).check(fits: dtype, in: Self.name)
        return dtype
    }

    package func saved(for needs: Needs) -> Saved {
        (needs[1] ? Saved.input(2) : []).union(needs[2] ? Saved.input(1) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        return Few(
            context.needs[0] ? g : nil, context.needs[1] ? g * (context.input(2).conj() * value) : nil,
            context.needs[2] ? g * (context.input(1).conj() * value) : nil)
    }
}

/// `a + value * b / c`; floating point only.
package struct AddCDiv: TernaryPrimitive {
    package static let name = "addcdiv"
    package static let supportsComplex = true
    package static let kernel = TL_TERNARY_ADDCDIV
    package var value: Double
    package var parameter: Double { value }

    package func resultType(of inputs: Specs) throws(TensorError) -> DType {
        guard ResultType.of(inputs[1], inputs[2]).isDifferentiable else {
            throw .dtype(
                Self.name, Array(inputs), expected: "a floating-point quotient", fix: "write x + value * (b / c)")
        }
        let dtype = ResultType.of(inputs)
        try Scalar.double(value).check(fits: dtype, in: Self.name)
        return dtype
    }

    package func saved(for needs: Needs) -> Saved {
        Saved.input(2).union(needs[2] ? Saved.input(1) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let c = context.input(2).conj()
        return Few(
            context.needs[0] ? g : nil, context.needs[1] ? g * value / c : nil,
            context.needs[2] ? -g * (context.input(1).conj() / c * value) / c : nil)
    }
}

extension Tensor {
    /// `self + value * a * b`, element by element. Shapes broadcast. Default: `value` 1.
    public func addcmul(_ a: Tensor, _ b: Tensor, value: Double = 1) -> Tensor {
        apply(AddCMul(value: value), self, a, b)
    }

    /// `self + value * a / b`, element by element. Shapes broadcast. Default: `value` 1.
    public func addcdiv(_ a: Tensor, _ b: Tensor, value: Double = 1) -> Tensor {
        apply(AddCDiv(value: value), self, a, b)
    }

    /// `self += value * a * b`, in place.
    @discardableResult
    public func addcmul_(_ a: Tensor, _ b: Tensor, value: Double = 1) -> Tensor {
        applyInPlace(AddCMul(value: value), on: self, Few(self, a, b), name: "addcmul_")
    }

    /// `self += value * a / b`, in place.
    @discardableResult
    public func addcdiv_(_ a: Tensor, _ b: Tensor, value: Double = 1) -> Tensor {
        applyInPlace(AddCDiv(value: value), on: self, Few(self, a, b), name: "addcdiv_")
    }
}
