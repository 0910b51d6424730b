import CKernels

// The partial inverse of max pooling: what was the largest of its window goes back to its place, among zeros.

/// The partial inverse of max pooling over one to three dimensions; see
/// ``maxUnpool1d(_:_:_:stride:padding:outputSize:)``.
package func maxUnpool<Size: SpatialSize>(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: Size, stride: Size?, padding: Size, outputSize: [Int]?
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            maxUnpool($0(x), indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
        }
    }
    let window = Window(kernelSize, stride: stride, padding: padding)
    let spatial = Size.spatialDimensions
    let operation = "maxUnpool\(spatial)d"
    return orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder || indices.isPlaceholder { return x.isPlaceholder ? x : indices }
        guard x.rank == spatial + 1 || x.rank == spatial + 2 else {
            throw TensorError(
                .shape, in: operation, "the input has not the number of dimensions of \(spatial)-d pooling",
                expected: "[N, C, \(Window.spatialNames(spatial))], or the same without N", operands: [x])
        }
        guard indices.dtype == .int64, indices.shape == x.shape else {
            throw TensorError(
                .shape, in: operation, "the indices do not belong to the input",
                expected: "int64 indices of the input's shape, as \(operation.replacingUnpool)WithIndices gives them",
                operands: [x, indices])
        }
        try window.check(in: operation, x)
        let lead = x.rank - spatial
        var sizes: [Int] = []
        for i in 0..<spatial {
            let (stride, padding, kernel) = (window.stride[i], window.padding[i], window.kernel[i])
            let size = (x.shape[lead + i] - 1) *| stride -| 2 * padding +| kernel
            guard let outputSize else {
                sizes.append(size)
                continue
            }
            // Given for all dimensions, or for the pooled ones.
            guard outputSize.count == spatial || outputSize.count == x.rank else {
                throw TensorError(
                    .value, in: operation, "the output size is not for \(quantity(spatial, "dimension"))",
                    got: "\(outputSize)",
                    expected: quantity(spatial, "size"), operands: [x])
            }
            let wanted = outputSize[outputSize.count - spatial + i]
            guard wanted > size -| stride, wanted < size +| stride else {
                throw TensorError(
                    .value, in: operation, "no input of this size is pooled to that of x", got: "\(outputSize)",
                    expected: "\(size -| stride +| 1) ... \(size +| stride -| 1) in dimension \(lead + i)",
                    operands: [x])
            }
            sizes.append(wanted)
        }
        guard sizes.allSatisfy({ $0 > 0 }), sizes.reduce(1, { $0 * Double($1) }) < 0x1p62 else {
            throw TensorError(
                .shape, in: operation, "there is no such result", got: "a size of \(sizes)",
                expected: "sizes that are positive and fit into memory", operands: [x])
        }
        let area = sizes.reduce(1, *)
        let places = indices.flatten(from: lead)
        if places.count > 0 {
            let low = places.device.hasValues ? withKernel(places) { tl_check_indices($0, 0, Int64(area)) } : -1
            guard low < 0 else {
                throw TensorError(
                    .index, in: operation, "an index lies outside the result", expected: "0 ..< \(area)",
                    operands: [x, indices])
            }
        }
        let zeros = Tensor.zeros(Array(x.shape.prefix(lead)) + [area], dtype: x.dtype, device: x.device)
        return zeros.scatter(lead, places, x.flatten(from: lead)).reshape(Array(x.shape.prefix(lead)) + sizes)
    }
}

extension String {
    /// "maxPool2d" for "maxUnpool2d".
    fileprivate var replacingUnpool: String { "maxPool" + dropFirst("maxUnpool".count) }
}

/// What `maxPool1dWithIndices` gave, put back to its places among zeros: `[N, C, L'] -> [N, C, L]`.
///
/// - Parameters:
///   - indices: int64, of x's shape: positions in the result.
///   - outputSize: the size before pooling, where several are pooled to that of x.
public func maxUnpool1d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
}

/// What `maxPool2dWithIndices` gave, put back to its places among zeros: `[N, C, H', W'] -> [N, C, H, W]`.
///
/// - Parameters:
///   - indices: int64, of x's shape: positions in the result, counted row-major.
///   - outputSize: the sizes before pooling, where several are pooled to those of x.
public func maxUnpool2d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0,
    outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
}

/// What `maxPool3dWithIndices` gave, put back to its places among zeros: `[N, C, D', H', W'] -> [N, C, D, H, W]`.
///
/// - Parameters:
///   - indices: int64, of x's shape: positions in the result, counted row-major.
///   - outputSize: the sizes before pooling, where several are pooled to those of x.
public func maxUnpool3d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: Size3, stride: Size3? = nil, padding: Size3 = 0,
    outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
}
