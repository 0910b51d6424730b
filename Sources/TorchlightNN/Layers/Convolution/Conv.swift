import TorchlightCore

/// What convolutions of one to three dimensions share.
public class SpatialConvolution<Size: SpatialSize>: ConvolutionLayer<Size>, Layer {
    /// Zeros on every side.
    public final let padding: ConvPadding
    /// What the border holds; zeros by default.
    public final let paddingMode: PadMode

    /// A convolution with these settings; both numbers of channels are multiples of the groups.
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

    /// A convolution whose weight is made by its first input where `channels` is nil.
    init(
        channels: Int?, _ outChannels: Int, kernelSize: Size, stride: Size, padding: ConvPadding, dilation: Size,
        groups: Int, bias: Bool, paddingMode: PadMode, dtype: DType, device: Device, generator: Generator
    ) {
        let spatial = Size.spatialDimensions
        if let sizes = padding.sizes, sizes.count != 1 && sizes.count != spatial {
            reportFailure(
                TensorError(
                    .value, in: "Conv\(spatial)d", "the padding is not for \(spatial) dimensions", got: "\(padding)",
                    expected: spatial == 1 ? "one number" : "one number or \(spatial)"))
        }
        self.padding = padding
        self.paddingMode = paddingMode
        super.init(
            "Conv", isTransposed: false, channels, outChannels, kernelSize: kernelSize, stride: stride,
            dilation: dilation, groups: groups, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// The convolution of x.
    public final func forward(_ x: Tensor) -> Tensor {
        settle(for: x)
        // A border that is not of zeros is added first; nothing is left to pad then.
        let hasZeros = paddingMode == .constant
        return convolution(
            hasZeros ? x : x.pad(border, mode: paddingMode), weight, bias: bias, stride: stride,
            padding: hasZeros ? padding : 0, dilation: dilation, groups: groups)
    }

    /// A number for each dimension; nil for `.same`. That the numbers fit was checked when the layer was made.
    private var paddingPerDimension: [Int]? {
        padding.sizes.map { sizes in
            (0..<Size.spatialDimensions).map { sizes.isEmpty ? 0 : sizes[min($0, sizes.count - 1)] }
        }
    }

    /// The widths of the border as `pad` takes them, the last dimension first; for `.same` as much as keeps the size.
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

/// Convolution over one dimension.
///
/// Shapes: `[N, in, L] -> [N, out, L']` with L' = (L + 2·padding − dilation·(k − 1) − 1) / stride + 1, rounded down; the
/// weight is `[out, in / groups, k]`. Weight and bias start uniform within ±1/√(in / groups · k).
public class Conv1d: SpatialConvolution<Int> {}

/// Convolution over two dimensions.
///
/// Shapes: `[N, in, H, W] -> [N, out, H', W']` with H' = (H + 2·padding − dilation·(k − 1) − 1) / stride + 1, rounded
/// down, and so W'; the weight is `[out, in / groups, kH, kW]`. Weight and bias start uniform within
/// ±1/√(in / groups · kH · kW).
public class Conv2d: SpatialConvolution<Size2> {}

/// Convolution over three dimensions.
///
/// Shapes: `[N, in, D, H, W] -> [N, out, D', H', W']` with D' = (D + 2·padding − dilation·(k − 1) − 1) / stride + 1,
/// rounded down, and so H' and W'; the weight is `[out, in / groups, kD, kH, kW]`. Weight and bias start uniform within
/// ±1/√(in / groups · kD · kH · kW).
public class Conv3d: SpatialConvolution<Size3> {}
