import TorchlightCore

/// Convolution over three dimensions.
///
/// Shapes: `[N, in, D, H, W] -> [N, out, D', H', W']` with D' = (D + 2·padding − dilation·(k − 1) − 1) / stride + 1,
/// rounded down, and so H' and W'; the weight is `[out, in / groups, kD, kH, kW]`. Weight and bias start uniform within
/// ±1/√(in / groups · kD · kH · kW).
public class Conv3d: Module, Layer {
    /// Channels of the input.
    public internal(set) final var inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// The size of the kernel.
    public let kernelSize: Size3
    /// The distance between neighbouring positions of the kernel.
    public let stride: Size3
    /// Zeros on every side.
    public let padding: ConvPadding
    /// The distance between neighbouring elements of the kernel.
    public let dilation: Size3
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// What the border holds; zeros by default.
    public let paddingMode: PadMode
    /// `[out, in / groups, kD, kH, kW]`.
    public var weight: Tensor
    /// `[out]`, or nil.
    public var bias: Tensor?

    /// A convolution with these settings; both numbers of channels are multiples of the groups.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: Size3, stride: Size3 = 1, padding: ConvPadding = 0,
        dilation: Size3 = 1, groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant,
        dtype: DType = .default, device: Device = .cpu, generator: Generator = .default
    ) {
        checkConvolution("Conv3d", inChannels, outChannels, kernelSize.triple, padding, groups)
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.paddingMode = paddingMode
        (weight, self.bias) = defaultWeightAndBias(
            weight: [outChannels, inChannels / max(groups, 1)] + kernelSize.triple, bias: bias,
            dtype: dtype, device: device, generator: generator)
        super.init()
    }

    /// The convolution of x.
    public func forward(_ x: Tensor) -> Tensor {
        if paddingMode == .constant {
            return conv3d(x, weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
        let widths = borderWidths(kernel: kernelSize.triple, dilation: dilation.triple, padding: padding.each(3))
        let padded = x.pad(widths, mode: paddingMode)
        return conv3d(padded, weight, bias: bias, stride: stride, dilation: dilation, groups: groups)
    }

    public override var extraDescription: String {
        describeConvolution(
            inChannels, outChannels, kernel: kernelSize.triple, stride: stride.triple, padding: padding.each(3),
            dilation: dilation.triple, groups: groups, bias: bias != nil,
            paddingMode: paddingMode)
    }
}
