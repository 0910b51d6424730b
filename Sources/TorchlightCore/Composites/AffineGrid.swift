/// Creates the sampling grid of affine transformations, for `gridSample`.
///
/// Output position `(x, y)` samples the input at `theta @ [x, y, 1]`; coordinates are normalised to `[-1, 1]`.
///
/// Shapes: `theta [N, 2, 3] -> [N, H, W, 2]` for a size `[N, C, H, W]`, or `[N, 3, 4] -> [N, D, H, W, 3]` for `[N, C,
/// D, H, W]`. Floating-point dtypes.
///
/// - Parameters:
///   - theta: the affine matrices.
///   - size: the size of the output of `gridSample`.
///   - alignCorners: whether -1 and 1 are the centres of the first and last elements instead of their outer edges.
///     Default: false. Use the same value for `gridSample`.
public func affineGrid(_ theta: Tensor, _ size: [Int], alignCorners: Bool = false) -> Tensor {
    orFail(like: theta) { () throws(TensorError) in
        if theta.isPlaceholder { return theta }
        try checkFloating(theta, in: "affineGrid")
        let spatial = size.count - 2
        guard spatial == 2 || spatial == 3, size.allSatisfy({ $0 > 0 }), theta.shape == [size[0], spatial, spatial + 1]
        else {
            throw TensorError(
                .shape, in: "affineGrid", "the shape of theta does not match the size", got: "size \(size)",
                expected: "[N, 2, 3] for a size [N, C, H, W], or [N, 3, 4] for [N, C, D, H, W]", operands: [theta])
        }
        let sizes = Array(size.dropFirst(2))
        // The coordinates of every output position and a 1, with the last dimension first.
        var columns: [Tensor] = []
        for i in (0..<spatial).reversed() {
            let n = sizes[i]
            let ends = alignCorners ? 1 : Double(n - 1) / Double(n)
            let step = 2 * ends / Double(max(n - 1, 1))
            let line = Tensor.arange(0, n, dtype: .float64, device: theta.device) * step - (n > 1 ? ends : 0)
            var shape = Array(repeating: 1, count: spatial)
            shape[i] = n
            columns.append(line.to(theta.dtype).reshape(shape).expand(sizes))
        }
        columns.append(Tensor.ones(sizes, dtype: theta.dtype, device: theta.device))
        let homogeneous = stack(columns, dim: spatial).reshape([-1, spatial + 1])
        return homogeneous.matmul(theta.mT).reshape([size[0]] + sizes + [spatial])
    }
}
