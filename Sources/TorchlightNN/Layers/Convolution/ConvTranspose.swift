import TorchlightCore

/// What transposed convolutions of one to three dimensions share: the gradient of a convolution's input, used forwards to
/// enlarge.
public class SpatialTransposedConvolution<Size: SpatialSize>: ConvolutionLayer<Size>, Layer {
    /// The number of elements that are left out at every side of the result.
    public final let padding: Size
    /// The number of elements that are added at the end of each dimension of the result: where the stride is above 1,
    /// results of several sizes belong to one input.
    public final let outputPadding: Size

    /// A transposed convolution with these settings; both numbers of channels are multiples of the groups.
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

    /// A transposed convolution whose weight is made by its first input where `channels` is nil.
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

    /// The transposed convolution of x.
    public final func forward(_ x: Tensor) -> Tensor { forward(x, nil) }

    /// The transposed convolution of x with a result of these sizes, instead of those that the layer's output padding gives:
    /// where the stride is above 1, results of several sizes belong to one input.
    public final func callAsFunction(_ x: Tensor, outputSize: [Int]?) -> Tensor {
        scope(x) { forward($0, outputSize) }
    }

    private func forward(_ x: Tensor, _ outputSize: [Int]?) -> Tensor {
        settle(for: x)
        return transposedConvolution(
            x, weight, bias: bias, stride: stride, padding: padding,
            outputPadding: outputSize == nil ? outputPadding : 0, groups: groups, dilation: dilation,
            outputSize: outputSize)
    }

    public override final var extraDescription: String {
        description(padding: padding.perDimension, outputPadding: outputPadding.perDimension)
    }
}

/// Transposed convolution over one dimension: the gradient of a convolution's input, used forwards to enlarge.
///
/// Shapes: `[N, in, L] -> [N, out, L']` with L' = (L − 1)·stride − 2·padding + dilation·(k − 1) +
/// outputPadding + 1; the weight is `[in, out / groups, k]`. Weight and bias start uniform within
/// ±1/√(out / groups · k).
public class ConvTranspose1d: SpatialTransposedConvolution<Int> {}

/// Transposed convolution over two dimensions: the gradient of a convolution's input, used forwards to enlarge.
///
/// Shapes: `[N, in, H, W] -> [N, out, H', W']` with H' = (H − 1)·stride − 2·padding + dilation·(k − 1) +
/// outputPadding + 1; the weight is `[in, out / groups, kH, kW]`. Weight and bias start uniform within
/// ±1/√(out / groups · kH · kW).
public class ConvTranspose2d: SpatialTransposedConvolution<Size2> {}

/// Transposed convolution over three dimensions: the gradient of a convolution's input, used forwards to enlarge.
///
/// Shapes: `[N, in, D, H, W] -> [N, out, D', H', W']` with D' = (D − 1)·stride − 2·padding + dilation·(k − 1) +
/// outputPadding + 1; the weight is `[in, out / groups, kD, kH, kW]`. Weight and bias start uniform within
/// ±1/√(out / groups · kD · kH · kW).
public class ConvTranspose3d: SpatialTransposedConvolution<Size3> {}
