// The partial inverse of max pooling: the maxima are written to their original indices in a tensor of zeros.

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
                .shape, in: operation, "the input has the wrong number of dimensions for \(spatial)-d pooling",
                expected: "[N, C, \(Window.spatialNames(spatial))], or the same without N", operands: [x])
        }
        guard indices.dtype == .int64, indices.shape == x.shape else {
            throw TensorError(
                .shape, in: operation, "the indices do not have dtype int64 and the shape of the input",
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
            // Given for all dimensions, or for the spatial ones.
            guard outputSize.count == spatial || outputSize.count == x.rank else {
                throw TensorError(
                    .value, in: operation, "outputSize does not have \(quantity(spatial, "spatial size"))",
                    got: "\(outputSize)",
                    expected: quantity(spatial, "size"), operands: [x])
            }
            let wanted = outputSize[outputSize.count - spatial + i]
            guard wanted > size -| stride, wanted < size +| stride else {
                throw TensorError(
                    .value, in: operation, "pooling an input of size outputSize does not give the size of x",
                    got: "\(outputSize)",
                    expected: "\(size -| stride +| 1) ... \(size +| stride -| 1) in dimension \(lead + i)",
                    operands: [x])
            }
            sizes.append(wanted)
        }
        guard sizes.allSatisfy({ $0 > 0 }), sizes.reduce(1, { $0 * Double($1) }) < 0x1p62 else {
            throw TensorError(
                .shape, in: operation, "the sizes of the result are invalid", got: "a size of \(sizes)",
                expected: "sizes that are positive and fit into memory", operands: [x])
        }
        let area = sizes.reduce(1, *)
        let flatIndices = indices.flatten(from: lead)
        guard firstIndex(of: flatIndices, below: 0, orAtLeast: area) == nil else {
            throw TensorError(
                .index, in: operation, "an index is out of range of the result", expected: "0 ..< \(area)",
                operands: [x, indices])
        }
        let zeros = Tensor.zeros(Array(x.shape.prefix(lead)) + [area], dtype: x.dtype, device: x.device)
        return zeros.scatter(lead, flatIndices, x.flatten(from: lead)).reshape(Array(x.shape.prefix(lead)) + sizes)
    }
}

extension String {
    /// The name of the pooling function: "maxPool2d" for "maxUnpool2d".
    fileprivate var replacingUnpool: String { "maxPool" + dropFirst("maxUnpool".count) }
}

/// The partial inverse of `maxPool1dWithIndices`: writes the maxima to their indices in a tensor of zeros. `[N, C, L']
/// -> [N, C, L]`, with `L = (L' - 1) stride - 2 padding + kernelSize`.
///
/// - Parameters:
///   - indices: the indices of the maxima in the result, int64, with the shape of `x`.
///   - stride: the stride of the pooling window. Default: `kernelSize`.
///   - padding: the padding of the pooled input. Default: 0.
///   - outputSize: the size of the pooled input, if several sizes give that of `x`.
public func maxUnpool1d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
}

/// The partial inverse of `maxPool2dWithIndices`: writes the maxima to their indices in a tensor of zeros. `[N, C, H',
/// W'] -> [N, C, H, W]`, with `H = (H' - 1) stride - 2 padding + kernelSize`.
///
/// - Parameters:
///   - indices: the row-major indices of the maxima in the result, int64, with the shape of `x`.
///   - stride: the stride of the pooling window. Default: `kernelSize`.
///   - padding: the padding of the pooled input. Default: 0.
///   - outputSize: the sizes of the pooled input, if several sizes give those of `x`.
public func maxUnpool2d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0,
    outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
}

/// The partial inverse of `maxPool3dWithIndices`: writes the maxima to their indices in a tensor of zeros. `[N, C, D',
/// H', W'] -> [N, C, D, H, W]`, with `D = (D' - 1) stride - 2 padding + kernelSize`.
///
/// - Parameters:
///   - indices: the row-major indices of the maxima in the result, int64, with the shape of `x`.
///   - stride: the stride of the pooling window. Default: `kernelSize`.
///   - padding: the padding of the pooled input. Default: 0.
///   - outputSize: the sizes of the pooled input, if several sizes give those of `x`.
public func maxUnpool3d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: Size3, stride: Size3? = nil, padding: Size3 = 0,
    outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
}
