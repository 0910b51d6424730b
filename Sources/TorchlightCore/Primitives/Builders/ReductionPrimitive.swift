import CKernels

/// A reduction over dimensions.
///
/// Shapes: `[*] -> [*]` without the reduced dimensions, or with size 1 for each of them if `keepdim` is true.
package protocol ReductionPrimitive: Primitive {
    static var kernel: tl_reduce_op { get }
    /// The reduced dimensions, counted from the first; empty for all.
    var dims: Dims { get set }
    var keepdim: Bool { get }
    /// The dtype of the result.
    func resultType(of x: TensorSpec) throws(TensorError) -> DType
    /// Whether a fold of nothing has a value.
    static var hasIdentity: Bool { get }
}

extension ReductionPrimitive {
    package var effects: Effects { .pure }
    package var fusion: FusionClass { .reduction(ReductionKind(Self.kernel)) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        let dtype = try resultType(of: x)
        return Few(try foldSpec(Self.name, dims, keepdim, Self.hasIdentity, x, dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runFold(Self.kernel, dims, keepdim, inputs[0], outputs[0])
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        let rank = operands.rank(0)
        primitive.dims = dims.isEmpty ? Dims(1...Swift.max(rank, 1)) : dims.shifted
        return try operands.runShifted(primitive)
    }
}

/// The shape and dtype of a reduction's result, after all checks.
func foldSpec(
    _ name: String, _ dims: Dims, _ keepdim: Bool, _ hasIdentity: Bool, _ x: TensorSpec, _ dtype: DType
) throws(TensorError) -> ResultSpec {
    try checkDimensions(dims, of: x, in: name)
    let fold = Fold(of: x.layout, dims: dims)
    if !hasIdentity && fold.length == 0 && fold.keptCount > 0 {
        throw TensorError(
            .shape, in: name, "the reduction of no elements is not defined",
            expected: "at least one element in the reduced dimensions", operands: [x])
    }
    return ResultSpec(fold.shape(keepdim: keepdim), dtype)
}

extension Tensor {
    /// A folded gradient or result with size 1 put back where dimensions were folded away, so that it broadcasts.
    package func unfolded(_ dims: Dims, keepdim: Bool, rank: Int) -> Tensor {
        if keepdim { return self }
        var result = self
        for dim in 0..<rank where dims.isEmpty || dims.contains(dim) { result = result.unsqueeze(dim) }
        return result
    }
}
