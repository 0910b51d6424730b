import TorchlightCore

/// Convolution over one dimension.
///
/// Shapes: `[N, in, L] -> [N, out, L']` with L' = (L + 2·padding − dilation·(k − 1) − 1) / stride + 1, rounded down; the
/// weight is `[out, in / groups, k]`. Weight and bias start uniform within ±1/√(in / groups · k).
public class Conv1d: Module, Layer {
    /// Channels of the input.
    public internal(set) final var inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// The size of the kernel.
    public let kernelSize: Int
    /// The distance between neighbouring positions of the kernel.
    public let stride: Int
    /// Zeros on either side.
    public let padding: ConvPadding
    /// The distance between neighbouring elements of the kernel.
    public let dilation: Int
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// What the border holds; zeros by default.
    public let paddingMode: PadMode
    /// `[out, in / groups, k]`.
    public var weight: Tensor
    /// `[out]`, or nil.
    public var bias: Tensor?

    /// A convolution with these settings; both numbers of channels are multiples of the groups.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: ConvPadding = 0,
        dilation: Int = 1, groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant,
        dtype: DType = .default, device: Device = .cpu, generator: Generator = .default
    ) {
        checkConvolution("Conv1d", inChannels, outChannels, [kernelSize], padding, groups)
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.paddingMode = paddingMode
        (weight, self.bias) = defaultWeightAndBias(
            weight: [outChannels, inChannels / max(groups, 1), kernelSize], bias: bias, dtype: dtype, device: device,
            generator: generator)
        super.init()
    }

    /// The convolution of x.
    public func forward(_ x: Tensor) -> Tensor {
        if paddingMode == .constant {
            return conv1d(x, weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
        let widths = borderWidths(kernel: [kernelSize], dilation: [dilation], padding: padding.each(1))
        let padded = x.pad(widths, mode: paddingMode)
        return conv1d(padded, weight, bias: bias, stride: stride, dilation: dilation, groups: groups)
    }

    public override var extraDescription: String {
        describeConvolution(
            inChannels, outChannels, kernel: [kernelSize], stride: [stride], padding: padding.each(1),
            dilation: [dilation], groups: groups, bias: bias != nil,
            paddingMode: paddingMode)
    }
}
