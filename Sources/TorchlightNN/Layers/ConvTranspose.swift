import TorchlightCore

/// Transposed convolution over one dimension: the gradient of a convolution's input, used forwards to enlarge.
///
/// Shapes: `[N, in, L] -> [N, out, L']` with L' = (L − 1)·stride − 2·padding + dilation·(k − 1) +
/// outputPadding + 1; the weight is `[in, out / groups, k]`. Weight and bias start uniform within
/// ±1/√(out / groups · k).
public class ConvTranspose1d: Module, Layer {
    /// Channels of the input.
    public internal(set) final var inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// The size of the kernel.
    public let kernelSize: Int
    /// How far apart the elements of the input lie in the output.
    public let stride: Int
    /// What is left out at every side.
    public let padding: Int
    /// What is added at one side of each dimension, where several sizes are convolved to that of the input.
    public let outputPadding: Int
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// The distance between neighbouring elements of the kernel.
    public let dilation: Int
    /// `[in, out / groups, k]`.
    public var weight: Tensor
    /// `[out]`, or nil.
    public var bias: Tensor?

    /// A transposed convolution with these settings; both numbers of channels are multiples of the groups.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
        outputPadding: Int = 0, groups: Int = 1, bias: Bool = true, dilation: Int = 1, dtype: DType = .default,
        device: Device = .cpu, generator: Generator = .default
    ) {
        checkConvolution(
            "ConvTranspose1d", inChannels, outChannels, [kernelSize], 0, groups)
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.padding = padding
        self.outputPadding = outputPadding
        self.groups = groups
        self.dilation = dilation
        (weight, self.bias) = defaultWeightAndBias(
            weight: [inChannels, outChannels / max(groups, 1)] + [kernelSize], bias: bias, biasSize: outChannels,
            dtype: dtype, device: device, generator: generator)
        super.init()
    }

    /// The transposed convolution of x.
    public func forward(_ x: Tensor) -> Tensor {
        convTranspose1d(
            x, weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
            dilation: dilation)
    }

    public override var extraDescription: String {
        describeConvolution(
            inChannels, outChannels, kernel: [kernelSize], stride: [stride], padding: [padding],
            dilation: [dilation], groups: groups, bias: bias != nil, paddingMode: .constant,
            outputPadding: [outputPadding])
    }
}

/// Transposed convolution over two dimensions: the gradient of a convolution's input, used forwards to enlarge.
///
/// Shapes: `[N, in, H, W] -> [N, out, H', W']` with H' = (H − 1)·stride − 2·padding + dilation·(k − 1) +
/// outputPadding + 1; the weight is `[in, out / groups, kH, kW]`. Weight and bias start uniform within
/// ±1/√(out / groups · kH · kW).
public class ConvTranspose2d: Module, Layer {
    /// Channels of the input.
    public internal(set) final var inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// The size of the kernel.
    public let kernelSize: Size2
    /// How far apart the elements of the input lie in the output.
    public let stride: Size2
    /// What is left out at every side.
    public let padding: Size2
    /// What is added at one side of each dimension, where several sizes are convolved to that of the input.
    public let outputPadding: Size2
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// The distance between neighbouring elements of the kernel.
    public let dilation: Size2
    /// `[in, out / groups, kH, kW]`.
    public var weight: Tensor
    /// `[out]`, or nil.
    public var bias: Tensor?

    /// A transposed convolution with these settings; both numbers of channels are multiples of the groups.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: Size2, stride: Size2 = 1, padding: Size2 = 0,
        outputPadding: Size2 = 0, groups: Int = 1, bias: Bool = true, dilation: Size2 = 1, dtype: DType = .default,
        device: Device = .cpu, generator: Generator = .default
    ) {
        checkConvolution(
            "ConvTranspose2d", inChannels, outChannels, kernelSize.pair, 0, groups)
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.padding = padding
        self.outputPadding = outputPadding
        self.groups = groups
        self.dilation = dilation
        (weight, self.bias) = defaultWeightAndBias(
            weight: [inChannels, outChannels / max(groups, 1)] + kernelSize.pair, bias: bias, biasSize: outChannels,
            dtype: dtype, device: device, generator: generator)
        super.init()
    }

    /// The transposed convolution of x.
    public func forward(_ x: Tensor) -> Tensor {
        convTranspose2d(
            x, weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
            dilation: dilation)
    }

    public override var extraDescription: String {
        describeConvolution(
            inChannels, outChannels, kernel: kernelSize.pair, stride: stride.pair, padding: padding.pair,
            dilation: dilation.pair, groups: groups, bias: bias != nil, paddingMode: .constant,
            outputPadding: outputPadding.pair)
    }
}

/// Transposed convolution over three dimensions: the gradient of a convolution's input, used forwards to enlarge.
///
/// Shapes: `[N, in, D, H, W] -> [N, out, D', H', W']` with D' = (D − 1)·stride − 2·padding + dilation·(k − 1) +
/// outputPadding + 1; the weight is `[in, out / groups, kD, kH, kW]`. Weight and bias start uniform within
/// ±1/√(out / groups · kD · kH · kW).
public class ConvTranspose3d: Module, Layer {
    /// Channels of the input.
    public internal(set) final var inChannels: Int
    /// Channels of the output.
    public let outChannels: Int
    /// The size of the kernel.
    public let kernelSize: Size3
    /// How far apart the elements of the input lie in the output.
    public let stride: Size3
    /// What is left out at every side.
    public let padding: Size3
    /// What is added at one side of each dimension, where several sizes are convolved to that of the input.
    public let outputPadding: Size3
    /// Into how many groups the channels fall that do not see each other.
    public let groups: Int
    /// The distance between neighbouring elements of the kernel.
    public let dilation: Size3
    /// `[in, out / groups, kD, kH, kW]`.
    public var weight: Tensor
    /// `[out]`, or nil.
    public var bias: Tensor?

    /// A transposed convolution with these settings; both numbers of channels are multiples of the groups.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: Size3, stride: Size3 = 1, padding: Size3 = 0,
        outputPadding: Size3 = 0, groups: Int = 1, bias: Bool = true, dilation: Size3 = 1, dtype: DType = .default,
        device: Device = .cpu, generator: Generator = .default
    ) {
        checkConvolution(
            "ConvTranspose3d", inChannels, outChannels, kernelSize.triple, 0, groups)
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.padding = padding
        self.outputPadding = outputPadding
        self.groups = groups
        self.dilation = dilation
        (weight, self.bias) = defaultWeightAndBias(
            weight: [inChannels, outChannels / max(groups, 1)] + kernelSize.triple, bias: bias, biasSize: outChannels,
            dtype: dtype, device: device, generator: generator)
        super.init()
    }

    /// The transposed convolution of x.
    public func forward(_ x: Tensor) -> Tensor {
        convTranspose3d(
            x, weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
            dilation: dilation)
    }

    public override var extraDescription: String {
        describeConvolution(
            inChannels, outChannels, kernel: kernelSize.triple, stride: stride.triple, padding: padding.triple,
            dilation: dilation.triple, groups: groups, bias: bias != nil, paddingMode: .constant,
            outputPadding: outputPadding.triple)
    }
}
