import CKernels

/// The running sum along a dimension, from the front or from the back. Bool and integers give int64.
package struct CumSum: Primitive {
    package static let name = "cumsum"
    package var dim: Int
    /// From the back: the gradient of the sum from the front.
    package var isReversed = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        return Few(ResultSpec(x.layout.shape, x.dtype.isFloatingPoint ? x.dtype : .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        scan(TL_SCAN_SUM, inputs[0], outputs[0], indices: nil, dim, isReversed: isReversed)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(CumSum(dim: dim, isReversed: !isReversed), context.gradient))
    }
    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// Runs a scan along a dimension; from the back it walks both arrays backwards.
func scan(
    _ operation: tl_scan_op, _ x: Tensor, _ out: Tensor, indices: Tensor?, _ dim: Int, isReversed: Bool = false
) {
    if out.count == 0 { return }
    if x.rank == 0 {
        copyElements(from: x, layout: x.layout, to: out)
        if let indices { fill(indices, with: 0) }
        return
    }
    withKernel(x, scanLayout(x.layout, dim, isReversed)) { x in
        withKernel(out, scanLayout(out.layout, dim, isReversed)) { out in
            guard let indices else { return tl_scan(Int32(operation.rawValue), x, out, nil) }
            withKernel(indices, scanLayout(indices.layout, dim, isReversed)) {
                tl_scan(Int32(operation.rawValue), x, out, $0)
            }
        }
    }
}

/// A layout with the scanned dimension last, walked backwards where the scan is.
func scanLayout(_ layout: Layout, _ dim: Int, _ isReversed: Bool) -> Layout {
    var order = Dims()
    for i in 0..<layout.rank where i != dim { order.append(i) }
    order.append(dim)
    let last = layout.permuted(order)
    let size = last.shape[last.rank - 1]
    return isReversed ? last.sliced(last.rank - 1, start: size - 1, count: size, step: -1) : last
}

extension Tensor {
    /// The cumulative sum along a dimension: `[1, 2, 3].cumsum(dim: 0) -> [1, 3, 6]`. bool and integers give int64.
    ///
    /// - Parameter dtype: a dtype to which the tensor is converted first.
    public func cumsum(dim: Int, dtype: DType? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let result = apply(CumSum(dim: try resolve(dim, in: "cumsum")), dtype.map { to($0) } ?? self)
            return dtype.map { result.to($0) } ?? result
        }
    }

    /// The cumulative sum along a dimension, in place.
    @discardableResult
    public func cumsum_(dim: Int, dtype: DType? = nil) -> Tensor {
        overwrite(by: "cumsum_") { $0.cumsum(dim: dim, dtype: dtype) }
    }
}
