import TorchlightCore

/// Base class of ``Conv1d``, ``Conv2d`` and ``Conv3d``.
public class SpatialConvolution<Size: SpatialSize>: ConvolutionLayer<Size>, Layer {
    /// The padding on both sides of each spatial dimension. Default: 0.
    public final let padding: ConvPadding
    /// The padding mode. Default: `.constant`, which pads with zeros.
    public final let paddingMode: PadMode

    /// Creates a convolution.
    ///
    /// - Parameters:
    ///   - inChannels: The number of input channels; `groups` must divide it.
    ///   - outChannels: The number of output channels; `groups` must divide it.
    ///   - kernelSize: The kernel size, one number for all spatial dimensions or one for each.
    ///   - stride: The stride. Default: 1.
    ///   - padding: The padding on both sides of each spatial dimension, one number or one for each; `.same` for the padding
    ///     that keeps the size with a stride of 1, `.valid` for none. Default: 0.
    ///   - dilation: The distance between neighbouring elements of the kernel. Default: 1.
    ///   - groups: The number of groups of channels. Default: 1.
    ///   - bias: Whether the layer has a bias. Default: true.
    ///   - paddingMode: `.constant` (zeros), `.reflect`, `.replicate` or `.circular`. Default: `.constant`.
    ///   - dtype: The dtype of the parameters. Default: the default dtype.
    ///   - device: The device of the parameters. Default: the current device.
    ///   - generator: The generator of the initial parameters. Default: the default generator.
    public convenience init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: Size, stride: Size = 1, padding: ConvPadding = 0,
        dilation: Size = 1, groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            channels: inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device,
            generator: generator)
    }

    /// Creates a convolution. If `channels` is nil, the first input determines the number of input channels.
    init(
        channels: Int?, _ outChannels: Int, kernelSize: Size, stride: Size, padding: ConvPadding, dilation: Size,
        groups: Int, bias: Bool, paddingMode: PadMode, dtype: DType, device: Device, generator: Generator
    ) {
        let spatial = Size.spatialDimensions
        if let sizes = padding.sizes, sizes.count != 1 && sizes.count != spatial {
            reportFailure(
                TensorError(
                    .value, in: "Conv\(spatial)d", "the padding is not for \(quantity(spatial, "dimension"))",
                    got: "\(padding)",
                    expected: spatial == 1 ? "one number" : "one number or \(spatial)"))
        }
        self.padding = padding
        self.paddingMode = paddingMode
        super.init(
            "Conv", isTransposed: false, channels, outChannels, kernelSize: kernelSize, stride: stride,
            dilation: dilation, groups: groups, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// Returns the convolution of x with the weight, plus the bias.
    public final func forward(_ x: Tensor) -> Tensor {
        initializeParameters(for: x)
        return convolve(x, weight, bias: bias, groups: groups)
    }

    /// The convolution of x with a weight, with the stride, padding and dilation of this layer.
    final func convolve(_ x: Tensor, _ weight: Tensor, bias: Tensor?, groups: Int) -> Tensor {
        // A border that is not of zeros is added first; nothing is left to pad then.
        let hasZeros = paddingMode == .constant
        return convolution(
            hasZeros ? x : x.pad(border, mode: paddingMode), weight, bias: bias, stride: stride,
            padding: hasZeros ? padding : 0, dilation: dilation, groups: groups)
    }

    /// The padding of each dimension; nil for `.same`. The initialiser checked the number of sizes.
    private var paddingPerDimension: [Int]? {
        padding.sizes.map { sizes in
            (0..<Size.spatialDimensions).map { sizes.isEmpty ? 0 : sizes[min($0, sizes.count - 1)] }
        }
    }

    /// The padding as an argument of `pad`, last dimension first; for `.same`, the padding that keeps the size.
    private var border: [Int] {
        let (kernel, dilation, padding) = (kernelSize.perDimension, dilation.perDimension, paddingPerDimension)
        return kernel.indices.reversed().flatMap { i in
            if let padding { return [padding[i], padding[i]] }
            let total = Swift.max(dilation[i] *| (kernel[i] -| 1), 0)
            return [total / 2, total - total / 2]
        }
    }

    public override final var extraDescription: String {
        description(padding: paddingPerDimension, paddingMode: paddingMode)
    }
}

/// Applies a 1-D convolution (cross-correlation) over an input of several channels.
///
/// Shapes: `[N, in, L] -> [N, out, L']`, or without N, where
/// `L' = ⌊(L + 2 padding − dilation (k − 1) − 1) / stride + 1⌋`.
///
/// Learnable parameters: the weight `[out, in / groups, k]` and the bias `[out]`, both initialised uniformly from −b to
/// b with `b = 1/√(in / groups · k)`.
public class Conv1d: SpatialConvolution<Int> {}

/// Applies a 2-D convolution (cross-correlation) over an input of several channels.
///
///     let conv = Conv2d(3, 16, kernelSize: 3, padding: 1)
///     let y = conv(x)  // [N, 3, H, W] -> [N, 16, H, W]
///
/// Shapes: `[N, in, H, W] -> [N, out, H', W']`, or without N, where
/// `H' = ⌊(H + 2 padding − dilation (k − 1) − 1) / stride + 1⌋` and likewise for W'.
///
/// With `groups: in` and `out` a multiple of `in`, each input channel has its own kernels (depthwise convolution).
///
/// Learnable parameters: the weight `[out, in / groups, kH, kW]` and the bias `[out]`, both initialised uniformly from
/// −b to b with `b = 1/√(in / groups · kH · kW)`.
public class Conv2d: SpatialConvolution<Size2> {}

/// Applies a 3-D convolution (cross-correlation) over an input of several channels.
///
/// Shapes: `[N, in, D, H, W] -> [N, out, D', H', W']`, or without N, where
/// `D' = ⌊(D + 2 padding − dilation (k − 1) − 1) / stride + 1⌋` and likewise for H' and W'.
///
/// Learnable parameters: the weight `[out, in / groups, kD, kH, kW]` and the bias `[out]`, both initialised uniformly
/// from −b to b with `b = 1/√(in / groups · kD · kH · kW)`.
public class Conv3d: SpatialConvolution<Size3> {}
