import CKernels

/// An element-wise operation of one operand: a name, a scalar function and a derivative.
///
/// Shapes: `[*] -> [*]`. The result has a dtype of its own by `domain`; half types compute in float32.
package protocol UnaryPrimitive: Primitive {
    /// The scalar function.
    static var kernel: tl_unary_op { get }
    static var domain: UnaryDomain { get }
    /// The scalar function for an operand of this dtype.
    func kernel(for dtype: DType) -> tl_unary_op
    /// Numbers that the scalar function takes besides its operand.
    var parameters: (Double, Double) { get }
    /// The gradient of the operand, given that of the result.
    func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor
}

/// What a unary operation accepts and gives.
package enum UnaryDomain: Sendable {
    /// Floating point; bool and integers are converted to float32 first.
    case floatingPoint
    /// Any number but bool, into the same dtype.
    case number
    /// Any dtype, into the same dtype.
    case any
    /// Floating point only; integers are left as they are where the function is the identity on them.
    case rounding
    /// Bool and integers, into the same dtype.
    case integral
    /// Any dtype, into bool.
    case predicate
}

extension UnaryPrimitive {
    package func kernel(for dtype: DType) -> tl_unary_op { Self.kernel }
    package var parameters: (Double, Double) { (0, 0) }
    package var effects: Effects { .pure }
    package var fusion: FusionClass { .pointwise(.unary(Self.kernel)) }
    package var algebra: Algebra { .elementwise }
    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout { .following(inputs, shape: shape) }
    package var differentiability: Differentiability { .differentiable }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(try unarySpec(Self.name, Self.domain, inputs[0]))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runUnary(Self.kernel, Self.domain, parameters, inputs[0], outputs[0])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(derivative(context.gradient, context))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.call(self, operands.tensors)
    }
}

/// The shape and dtype of the result of an element-wise operation of one operand, after all checks.
func unarySpec(_ name: String, _ domain: UnaryDomain, _ x: TensorSpec) throws(TensorError) -> ResultSpec {
    let dtype: DType
    switch domain {
    case .floatingPoint: dtype = x.dtype.orFloat
    case .number, .rounding:
        guard x.dtype != .bool else {
            throw .dtype(
                name, [x], expected: "a number",
                fix: name == "neg" ? "use logicalNot() for bool" : "convert it first, as in x.to(.int64)")
        }
        dtype = x.dtype
    case .any: dtype = x.dtype
    case .integral:
        guard !x.dtype.isFloatingPoint else { throw .dtype(name, [x], expected: "bool or an integer") }
        dtype = x.dtype
    case .predicate: dtype = .bool
    }
    return ResultSpec(x.layout.shape, dtype)
}

/// A unary operation that is constant almost everywhere or gives bool: no gradient flows through it.
package protocol ConstantUnaryPrimitive: UnaryPrimitive {}

extension ConstantUnaryPrimitive {
    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { gradient * 0 }
}
