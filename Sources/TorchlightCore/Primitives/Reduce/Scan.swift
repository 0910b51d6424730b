import CKernels

/// Runs a scan along a dimension. A reversed scan reads and writes with negative strides.
func scan(
    _ operation: tl_scan_op, _ x: Tensor, _ out: Tensor, indices: Tensor?, _ dim: Int, isReversed: Bool = false
) {
    if out.count == 0 { return }
    if x.rank == 0 {
        copyElements(from: x, layout: x.layout, to: out)
        if let indices { fill(indices, with: 0) }
        return
    }
    withKernelArguments {
        tl_scan(
            Int32(operation.rawValue), $0(x, scanLayout(x.layout, dim, isReversed)),
            $0(out, scanLayout(out.layout, dim, isReversed)),
            $0(indices, indices.map { scanLayout($0.layout, dim, isReversed) }))
    }
}

/// A layout with the scanned dimension last, and with a negative stride if the scan is reversed.
func scanLayout(_ layout: Layout, _ dim: Int, _ isReversed: Bool) -> Layout {
    var order = Dims()
    for i in 0..<layout.rank where i != dim { order.append(i) }
    order.append(dim)
    let last = layout.permuted(order)
    let size = last.shape[last.rank - 1]
    return isReversed ? last.sliced(last.rank - 1, start: size - 1, count: size, step: -1) : last
}
