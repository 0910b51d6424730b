import TorchlightCore

/// Base class of ``MaxUnpool1d``, ``MaxUnpool2d`` and ``MaxUnpool3d``, the partial inverses of max pooling.
public class MaxUnpoolLayer<Size: SpatialSize>: Module {
    /// The kernel size of the max pooling.
    public final let kernelSize: Size
    /// The stride of the max pooling. Default: the kernel size.
    public final let stride: Size
    /// The padding of the max pooling. Default: 0.
    public final let padding: Size

    /// Creates the layer. The parameters are those of the max pooling.
    ///
    /// - Parameters:
    ///   - kernelSize: The kernel size of the max pooling.
    ///   - stride: The stride of the max pooling. Default: the kernel size.
    ///   - padding: The padding of the max pooling. Default: 0.
    public init(_ kernelSize: Size, stride: Size? = nil, padding: Size = 0) {
        self.kernelSize = kernelSize
        self.stride = stride ?? kernelSize
        self.padding = padding
        super.init()
    }

    /// Returns the values at their indices, and zeros elsewhere.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - indices: The indices of the values.
    ///   - outputSize: The size of the output. Default: the size of the formula above; pooling maps inputs of several sizes to
    ///     the same output size.
    public final func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
        scope(x, indices) { x, indices in
            maxUnpool(x, indices, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
        }
    }

    public override final var extraDescription: String {
        "kernel_size=\(Printed.tuple(kernelSize.perDimension)), stride=\(Printed.tuple(stride.perDimension)), "
            + "padding=\(Printed.tuple(padding.perDimension))"
    }
}

/// Computes a partial inverse of ``MaxPool1d``: places each value at its index and sets all other elements to zero.
///
/// Shapes: values `[N, C, L']` and int64 indices of the same shape, from ``MaxPoolLayer/withIndices(_:)``, `-> [N, C, L]`,
/// where `L = (L' − 1) stride − 2 padding + kernelSize`.
public final class MaxUnpool1d: MaxUnpoolLayer<Int> {}

/// Computes a partial inverse of ``MaxPool2d``: places each value at its index and sets all other elements to zero.
///
/// Shapes: values `[N, C, H', W']` and int64 indices of the same shape, from ``MaxPoolLayer/withIndices(_:)``,
/// `-> [N, C, H, W]`, where `H = (H' − 1) stride − 2 padding + kernelSize` and likewise for W.
public final class MaxUnpool2d: MaxUnpoolLayer<Size2> {}

/// Computes a partial inverse of ``MaxPool3d``: places each value at its index and sets all other elements to zero.
///
/// Shapes: values `[N, C, D', H', W']` and int64 indices of the same shape, from ``MaxPoolLayer/withIndices(_:)``,
/// `-> [N, C, D, H, W]`, where `D = (D' − 1) stride − 2 padding + kernelSize` and likewise for H and W.
public final class MaxUnpool3d: MaxUnpoolLayer<Size3> {}
