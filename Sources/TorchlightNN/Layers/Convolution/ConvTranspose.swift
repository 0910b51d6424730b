import TorchlightCore

/// Base class of ``ConvTranspose1d``, ``ConvTranspose2d`` and ``ConvTranspose3d``.
public class SpatialTransposedConvolution<Size: SpatialSize>: ConvolutionLayer<Size>, Layer {
    /// The padding of the convolution whose gradient this is: the number of elements removed from both sides of each spatial
    /// dimension of the output. Default: 0.
    public final let padding: Size
    /// The number of elements added at the end of each spatial dimension of the output. Default: 0. With a stride above 1, a
    /// convolution maps inputs of several sizes to the same output size; the output padding selects one of them.
    public final let outputPadding: Size

    /// Creates a transposed convolution.
    ///
    /// - Parameters:
    ///   - inChannels: The number of input channels; `groups` must divide it.
    ///   - outChannels: The number of output channels; `groups` must divide it.
    ///   - kernelSize: The kernel size, one number for all spatial dimensions or one for each.
    ///   - stride: The stride. Default: 1.
    ///   - padding: The number of elements removed from both sides of each spatial dimension of the output. Default: 0.
    ///   - outputPadding: The number of elements added at the end of each spatial dimension of the output; less than the
    ///     stride or the dilation. Default: 0.
    ///   - dilation: The distance between neighbouring elements of the kernel. Default: 1.
    ///   - groups: The number of groups of channels. Default: 1.
    ///   - bias: Whether the layer has a bias. Default: true.
    ///   - dtype: The dtype of the parameters. Default: the default dtype.
    ///   - device: The device of the parameters. Default: the current device.
    ///   - generator: The generator of the initial parameters. Default: the default generator.
    public convenience init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: Size, stride: Size = 1, padding: Size = 0,
        outputPadding: Size = 0, groups: Int = 1, bias: Bool = true, dilation: Size = 1, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            channels: inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }

    /// Creates a transposed convolution. If `channels` is nil, the first input determines the number of input channels.
    init(
        channels: Int?, _ outChannels: Int, kernelSize: Size, stride: Size, padding: Size, outputPadding: Size,
        groups: Int, bias: Bool, dilation: Size, dtype: DType, device: Device, generator: Generator
    ) {
        self.padding = padding
        self.outputPadding = outputPadding
        super.init(
            "ConvTranspose", isTransposed: true, channels, outChannels, kernelSize: kernelSize, stride: stride,
            dilation: dilation, groups: groups, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// Returns the transposed convolution of x with the weight, plus the bias.
    public final func forward(_ x: Tensor) -> Tensor { forward(x, nil) }

    /// Returns the transposed convolution of x with an output of the given size.
    ///
    /// - Parameters:
    ///   - x: The input.
    ///   - outputSize: The spatial sizes of the output, instead of those that `outputPadding` gives; nil to use
    ///     `outputPadding`.
    public final func callAsFunction(_ x: Tensor, outputSize: [Int]?) -> Tensor {
        scope(x) { forward($0, outputSize) }
    }

    private func forward(_ x: Tensor, _ outputSize: [Int]?) -> Tensor {
        initializeParameters(for: x)
        return transposedConvolution(
            x, weight, bias: bias, stride: stride, padding: padding,
            outputPadding: outputSize == nil ? outputPadding : 0, groups: groups, dilation: dilation,
            outputSize: outputSize)
    }

    public override final var extraDescription: String {
        description(padding: padding.perDimension, outputPadding: outputPadding.perDimension)
    }
}

/// Applies a 1-D transposed convolution, the gradient of a convolution with respect to its input, over an input of
/// several channels.
///
/// Shapes: `[N, in, L] -> [N, out, L']`, or without N, where
/// `L' = (L − 1) stride − 2 padding + dilation (k − 1) + outputPadding + 1`.
///
/// Learnable parameters: the weight `[in, out / groups, k]` and the bias `[out]`, both initialised uniformly from −b to
/// b with `b = 1/√(out / groups · k)`.
public class ConvTranspose1d: SpatialTransposedConvolution<Int> {}

/// Applies a 2-D transposed convolution, the gradient of a convolution with respect to its input, over an input of
/// several channels.
///
///     let up = ConvTranspose2d(16, 8, kernelSize: 2, stride: 2)
///     let y = up(x)  // [N, 16, H, W] -> [N, 8, 2 H, 2 W]
///
/// Shapes: `[N, in, H, W] -> [N, out, H', W']`, or without N, where
/// `H' = (H − 1) stride − 2 padding + dilation (k − 1) + outputPadding + 1` and likewise for W'.
///
/// Learnable parameters: the weight `[in, out / groups, kH, kW]` and the bias `[out]`, both initialised uniformly from
/// −b to b with `b = 1/√(out / groups · kH · kW)`.
public class ConvTranspose2d: SpatialTransposedConvolution<Size2> {}

/// Applies a 3-D transposed convolution, the gradient of a convolution with respect to its input, over an input of
/// several channels.
///
/// Shapes: `[N, in, D, H, W] -> [N, out, D', H', W']`, or without N, where
/// `D' = (D − 1) stride − 2 padding + dilation (k − 1) + outputPadding + 1` and likewise for H' and W'.
///
/// Learnable parameters: the weight `[in, out / groups, kD, kH, kW]` and the bias `[out]`, both initialised uniformly
/// from −b to b with `b = 1/√(out / groups · kD · kH · kW)`.
public class ConvTranspose3d: SpatialTransposedConvolution<Size3> {}
