import TorchlightCore

/// Convolution over two dimensions.
///
/// Shapes: `[N, in, H, W] -> [N, out, H', W']` with H' = (H + 2·padding − dilation·(k − 1) − 1) / stride + 1, rounded
/// down, and so W'; the weight is `[out, in / groups, kH, kW]`. Weight and bias start uniform within
/// ±1/√(in / groups · kH · kW).
public class Conv2d: Module, Layer {
    /// Channels of the input.
    public internal(set) final var inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// The size of the kernel.
    public let kernelSize: Size2
    /// The distance between neighbouring positions of the kernel.
    public let stride: Size2
    /// Zeros on every side.
    public let padding: ConvPadding
    /// The distance between neighbouring elements of the kernel.
    public let dilation: Size2
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// What the border holds; zeros by default.
    public let paddingMode: PadMode
    /// `[out, in / groups, kH, kW]`.
    public var weight: Tensor
    /// `[out]`, or nil.
    public var bias: Tensor?

    /// A convolution with these settings; both numbers of channels are multiples of the groups.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: Size2, stride: Size2 = 1, padding: ConvPadding = 0,
        dilation: Size2 = 1, groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant,
        dtype: DType = .default, device: Device = .cpu, generator: Generator = .default
    ) {
        checkConvolution("Conv2d", inChannels, outChannels, kernelSize.pair, padding, groups)
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.paddingMode = paddingMode
        (weight, self.bias) = defaultWeightAndBias(
            weight: [outChannels, inChannels / max(groups, 1), kernelSize.height, kernelSize.width], bias: bias,
            dtype: dtype, device: device, generator: generator)
        super.init()
    }

    /// The convolution of x.
    public func forward(_ x: Tensor) -> Tensor {
        if paddingMode == .constant {
            return conv2d(x, weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
        let widths = borderWidths(kernel: kernelSize.pair, dilation: dilation.pair, padding: padding.each(2))
        let padded = x.pad(widths, mode: paddingMode)
        return conv2d(padded, weight, bias: bias, stride: stride, dilation: dilation, groups: groups)
    }

    public override var extraDescription: String {
        describeConvolution(
            inChannels, outChannels, kernel: kernelSize.pair, stride: stride.pair, padding: padding.each(2),
            dilation: dilation.pair, groups: groups, bias: bias != nil,
            paddingMode: paddingMode)
    }
}
