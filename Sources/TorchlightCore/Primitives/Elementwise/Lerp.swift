import CKernels

/// `a + weight * (b - a)`: `a` at weight 0, `b` at 1. Floating point only.
package struct Lerp: TernaryPrimitive {
    package static let name = "lerp"
    package static let supportsComplex = true
    package static let kernel = TL_TERNARY_LERP

    package func resultType(of inputs: Specs) throws(TensorError) -> DType {
        let dtype = ResultType.of(inputs[0], inputs[1])
        guard dtype.isDifferentiable else {
            throw .dtype(
                Self.name, Array(inputs), expected: "floating point", fix: "convert it first with .to(.float32)")
        }
        return dtype
    }

    package func saved(for needs: Needs) -> Saved {
        ((needs[0] || needs[1]) ? Saved.input(2) : []).union(needs[2] ? [.input(0), .input(1)] : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        return Few(
            context.needs[0] ? g * (1 - context.input(2).withOwnDType).conj() : nil,
            context.needs[1] ? g * context.input(2).conj() : nil,
            context.needs[2] ? g * (context.input(1) - context.input(0)).conj() : nil)
    }
}

extension Tensor {
    /// Linear interpolation `self + weight * (end - self)`, element by element. Shapes broadcast.
    public func lerp(_ end: Tensor, weight: Tensor) -> Tensor { apply(Lerp(), self, end, weight) }
    /// Linear interpolation `self + weight * (end - self)` with one weight for all elements.
    public func lerp(_ end: Tensor, weight: some TensorScalar) -> Tensor {
        apply(Lerp(), self, end, .wrap(weight.scalar))
    }

    /// Linear interpolation, in place: `self += weight * (end - self)`.
    @discardableResult
    public func lerp_(_ end: Tensor, weight: Tensor) -> Tensor {
        applyInPlace(Lerp(), on: self, Few(self, end, weight), name: "lerp_")
    }

    /// Linear interpolation with one weight for all elements, in place.
    @discardableResult
    public func lerp_(_ end: Tensor, weight: some TensorScalar) -> Tensor { lerp_(end, weight: .wrap(weight.scalar)) }
}
