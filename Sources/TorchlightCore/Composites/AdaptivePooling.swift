// Average pooling to a given size. Window `i` of `out` over `n` elements reaches from `i n / out` rounded down to
// `(i + 1) n / out` rounded up.

/// The mean of windows whose number is given instead of their size: `[N, C, H, W] -> [N, C, height, width]`.
public func adaptiveAvgPool2d(_ x: Tensor, _ outputSize: Size2) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        guard x.rank == 3 || x.rank == 4, outputSize.height > 0, outputSize.width > 0,
            x.shape.suffix(2).allSatisfy({ $0 > 0 })
        else {
            throw TensorError(
                .shape, in: "adaptiveAvgPool2d", "the input cannot be pooled to this size", got: "size \(outputSize)",
                expected: "[N, C, height, width] and positive sizes", operands: [x])
        }
        let (height, width) = (x.size(-2), x.size(-1))
        if height % outputSize.height == 0 && width % outputSize.width == 0 {
            return avgPool2d(x, Size2(height / outputSize.height, width / outputSize.width))
        }
        try checkFloating(x, in: "adaptiveAvgPool2d")
        // Each direction is a product with the matrix of its window weights.
        let across = x.matmul(averages(width, outputSize.width, x.dtype))
        return averages(height, outputSize.height, x.dtype).mT.matmul(across)
    }
}

/// The mean of windows whose number is given instead of their size: `[N, C, L] -> [N, C, size]`.
public func adaptiveAvgPool1d(_ x: Tensor, _ outputSize: Int) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        guard x.rank == 2 || x.rank == 3, outputSize > 0, x.shape[x.rank - 1] > 0 else {
            throw TensorError(
                .shape, in: "adaptiveAvgPool1d", "the input cannot be pooled to this size", got: "size \(outputSize)",
                expected: "[N, C, length] and a positive size", operands: [x])
        }
        let length = x.size(-1)
        if length % outputSize == 0 { return avgPool1d(x, length / outputSize) }
        try checkFloating(x, in: "adaptiveAvgPool1d")
        return x.matmul(averages(length, outputSize, x.dtype))
    }
}

/// The weights of each element (rows) in each window (columns).
private func averages(_ size: Int, _ windows: Int, _ dtype: DType) -> Tensor {
    var weights = [Double](repeating: 0, count: size * windows)
    for i in 0..<windows {
        let first = i * size / windows
        let last = ((i + 1) * size + windows - 1) / windows
        for place in first..<last { weights[place * windows + i] = 1 / Double(last - first) }
    }
    return Tensor(weights, shape: [size, windows], dtype: dtype)
}
