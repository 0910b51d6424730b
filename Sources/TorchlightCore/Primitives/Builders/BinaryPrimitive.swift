import CKernels

/// An element-wise operation of two operands that broadcast: a name, a scalar function and two derivatives.
///
/// Shapes: `[*], [*] -> [*]`, dimensions of size 1 and missing leading ones repeat. Dtypes are promoted (`ResultType`);
/// operands are converted as the kernel reads them, without temporaries.
package protocol BinaryPrimitive: Primitive {
    /// The scalar function.
    static var kernel: tl_binary_op { get }
    static var domain: BinaryDomain { get }
    /// The same for a value.
    var rule: (kernel: tl_binary_op, domain: BinaryDomain) { get }
    /// The scalar function for operands that are promoted to this dtype.
    func kernel(for dtype: DType) -> tl_binary_op
}

/// What a binary operation accepts and gives.
package enum BinaryDomain: Sendable {
    /// Any dtypes, into the promoted one.
    case any
    /// Numbers: bool with bool is refused.
    case number
    /// Numbers; the primitive checks values besides, in `output` or `run` of its own.
    case checkedNumber
    /// Floating point: what promotes to bool or an integer is computed in float32.
    case floatingPoint
    /// Bool and integers.
    case integral
    /// Integers, without bool.
    case shift
    /// Any dtypes, into bool.
    case predicate
}

extension BinaryPrimitive {
    package var rule: (kernel: tl_binary_op, domain: BinaryDomain) { (Self.kernel, Self.domain) }
    package func kernel(for dtype: DType) -> tl_binary_op { rule.kernel }
    package var effects: Effects { .pure }
    package var fusion: FusionClass { .pointwise(.binary(rule.kernel)) }
    package var algebra: Algebra { .elementwise }
    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout { .following(inputs, shape: shape) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(try binarySpec(Self.name, Self.domain, inputs[0], inputs[1]))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runBinary(Self.kernel, Self.domain, inputs[0], inputs[1], outputs[0])
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runElementwise(self)
    }
}

/// The shape and dtype of the result of an element-wise operation of two operands, after all checks.
func binarySpec(
    _ name: String, _ domain: BinaryDomain, _ a: TensorSpec, _ b: TensorSpec
) throws(TensorError) -> ResultSpec {
    guard let shape = Layout.broadcast(a.layout.shape, b.layout.shape) else { throw broadcastError(name, [a, b]) }
    var dtype = ResultType.of(a, b)
    switch domain {
    case .any: break
    case .number, .checkedNumber:
        guard dtype != .bool else {
            throw .dtype(
                name, [a, b], expected: "numbers", fix: "use logicalXor(_:) or convert with .to(.int64)")
        }
    case .floatingPoint: dtype = dtype.orFloat
    case .integral:
        guard !dtype.isFloatingPoint else { throw .dtype(name, [a, b], expected: "bool or integers") }
    case .shift:
        guard dtype.isInteger else { throw .dtype(name, [a, b], expected: "integers") }
    case .predicate: dtype = .bool
    }
    return ResultSpec(shape, dtype)
}

/// A binary operation that gives bool or whole numbers: no gradient flows through it.
package protocol ConstantBinaryPrimitive: BinaryPrimitive {}

extension ConstantBinaryPrimitive {
    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil, nil] }
}

/// The error of shapes that do not broadcast: names the dimension that disagrees.
@inline(never)
package func broadcastError(_ operation: String, _ tensors: [any Described]) -> TensorError {
    let rank = tensors.map(\.rank).max() ?? 0
    var disagreement = ""
    for back in 1...max(rank, 1) {
        let sizes = tensors.compactMap { back <= $0.rank ? $0.layout.shape[$0.rank - back] : nil }.filter { $0 != 1 }
        if Set(sizes).count > 1 {
            disagreement = " in dimension \(-back) (\(sizes.map(String.init).joined(separator: " and ")))"
            break
        }
    }
    return TensorError(
        .shape, in: operation, "the shapes disagree\(disagreement)",
        expected: "equal sizes, or 1, in each dimension counted from the last", operands: tensors)
}
