import CKernels

/// An operation that folds dimensions into one number each.
///
/// Shapes: `[*] -> [*]` without the folded dimensions, or with size 1 in their place where `keepdim` is true.
package protocol ReductionPrimitive: Primitive {
    static var kernel: tl_reduce_op { get }
    /// The dimensions that are folded, counted from the front; empty for all.
    var dims: Dims { get }
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
}

/// The shape and dtype of a reduction's result, after all checks.
func foldSpec(
    _ name: String, _ dims: Dims, _ keepdim: Bool, _ hasIdentity: Bool, _ x: TensorSpec, _ dtype: DType
) throws(TensorError) -> ResultSpec {
    let fold = Fold(of: x.layout, dims: dims)
    if !hasIdentity && fold.length == 0 && fold.keptCount > 0 {
        throw TensorError(
            .shape, in: name, "the fold of no elements has no value",
            expected: "at least one element in the folded dimensions", operands: [x])
    }
    return ResultSpec(fold.shape(keepdim: keepdim), dtype)
}

/// Runs the kernel of a reduction.
func runFold(_ kernel: tl_reduce_op, _ dims: Dims, _ keepdim: Bool, _ x: Tensor, _ out: Tensor) {
    if out.count == 0 { return }
    let fold = Fold(of: x.layout, dims: dims)
    let compute = x.dtype.isFloatingPoint ? x.dtype.computeType : out.dtype.computeType
    withKernel(x, fold.layout) { x in
        withKernel(out, fold.keptLayout(of: out.layout, keepdim: keepdim)) { out in
            tl_reduce(Int32(kernel.rawValue), compute.rawValue, x, Int32(fold.dims.count), out)
        }
    }
}

/// A layout with the dimensions to fold moved to the back.
package struct Fold {
    package let source: Layout
    /// The folded dimensions in rising order.
    package let dims: Dims
    /// The source with the kept dimensions first.
    package let layout: Layout

    package init(of source: Layout, dims requested: Dims) {
        self.source = source
        var dims = Dims()
        var order = Dims()
        for i in 0..<source.rank {
            if requested.isEmpty || requested.contains(i) { dims.append(i) } else { order.append(i) }
        }
        for dim in dims { order.append(dim) }
        self.dims = dims
        layout = source.permuted(order)
    }

    /// The number of elements in each fold.
    package var length: Int {
        var product = 1
        for dim in dims { product *= source.shape[dim] }
        return product
    }

    package var keptCount: Int {
        var product = 1
        for i in 0..<source.rank where !dims.contains(i) { product *= source.shape[i] }
        return product
    }

    package func shape(keepdim: Bool) -> Dims {
        var shape = Dims()
        for i in 0..<source.rank {
            if !dims.contains(i) { shape.append(source.shape[i]) } else if keepdim { shape.append(1) }
        }
        return shape
    }

    /// The layout of a result without the size-1 dimensions of `keepdim`.
    package func keptLayout(of result: Layout, keepdim: Bool) -> Layout {
        keepdim ? result.squeezed(dims) : result
    }
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
