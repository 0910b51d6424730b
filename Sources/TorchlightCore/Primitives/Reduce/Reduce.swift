import CKernels

/// Runs the kernel of a reduction.
func runFold(_ kernel: tl_reduce_op, _ dims: Dims, _ keepdim: Bool, _ x: Tensor, _ out: Tensor) {
    if out.count == 0 { return }
    let fold = Fold(of: x.layout, dims: dims)
    let compute = x.dtype.isDifferentiable ? x.dtype.computeType : out.dtype.computeType
    withKernelArguments {
        tl_reduce(
            Int32(kernel.rawValue), compute.rawValue, $0(x, fold.layout), Int32(fold.dims.count),
            $0(out, fold.keptLayout(of: out.layout, keepdim: keepdim)))
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
