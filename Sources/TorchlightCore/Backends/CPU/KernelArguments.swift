import CKernels

// How a tensor is handed to a kernel: its memory, shape, strides and device for the time of the call.

package func withKernel<R>(_ tensor: Tensor, _ layout: Layout, _ body: (UnsafePointer<tl_tensor>) -> R) -> R {
    // Kernels write behind their arrays otherwise.
    precondition(layout.rank <= maximumRank, "a kernel was given a layout of \(layout.rank) dimensions")
    return layout.shape.withPointer { shape in
        layout.strides.withPointer { strides in
            var argument = tl_tensor(
                data: tensor.storage.bytes + layout.offset &* tensor.dtype.byteSize, shape: shape, strides: strides,
                rank: Int32(truncatingIfNeeded: layout.rank), dtype: tensor.dtype.rawValue,
                device: tensor.device.kernelCode)
            return body(&argument)
        }
    }
}

package func withKernel<R>(_ tensor: Tensor, _ body: (UnsafePointer<tl_tensor>) -> R) -> R {
    withKernel(tensor, tensor.layout, body)
}

/// The argument for a tensor that may be left out.
package func withOptionalKernel<R>(_ tensor: Tensor?, _ body: (UnsafePointer<tl_tensor>?) -> R) -> R {
    guard let tensor else { return body(nil) }
    return withKernel(tensor, tensor.layout) { body($0) }
}

package func withKernels<R>(
    _ a: Tensor, _ b: Tensor, _ body: (UnsafePointer<tl_tensor>, UnsafePointer<tl_tensor>) -> R
) -> R {
    withKernel(a, a.layout) { a in withKernel(b, b.layout) { b in body(a, b) } }
}

package func withKernels<R>(
    _ a: Tensor, _ b: Tensor, _ c: Tensor,
    _ body: (UnsafePointer<tl_tensor>, UnsafePointer<tl_tensor>, UnsafePointer<tl_tensor>) -> R
) -> R {
    withKernel(a, a.layout) { a in
        withKernel(b, b.layout) { b in withKernel(c, c.layout) { c in body(a, b, c) } }
    }
}

/// Copies elements with conversion; the layout may be another view of the source's storage.
package func copyElements(from source: Tensor, layout: Layout, to target: Tensor) {
    if target.count == 0 { return }
    withKernel(source, layout.expanded(to: target.layout.shape)) { x in withKernel(target) { out in tl_copy(x, out) } }
}
