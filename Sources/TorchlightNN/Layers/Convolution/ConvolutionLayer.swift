import TorchlightCore

/// Base class of convolutions and transposed convolutions.
public class ConvolutionLayer<Size: SpatialSize>: Module {
    /// The number of input channels.
    public private(set) final var inChannels: Int
    /// The number of output channels.
    public final let outChannels: Int
    /// The kernel size.
    public final let kernelSize: Size
    /// The stride: the distance between neighbouring positions of the kernel, in the input of a convolution, in the output of a
    /// transposed convolution. Default: 1.
    public final let stride: Size
    /// The dilation: the distance between neighbouring elements of the kernel. Default: 1.
    public final let dilation: Size
    /// The number of groups: each group of output channels is computed from one group of input channels. With as many groups
    /// as input channels, the convolution is depthwise. Default: 1.
    public final let groups: Int
    /// The learnable weight: `[out, in / groups, *kernelSize]` for a convolution, `[in, out / groups, *kernelSize]` for a
    /// transposed convolution.
    public final var weight: Tensor
    /// The learnable bias, `[out]`; nil if the layer has none.
    public final var bias: Tensor?
    final let isTransposed: Bool
    /// The generator of the weight of a lazy layer; nil once the number of input channels is known.
    private var lazyGenerator: Generator?

    init(
        _ name: String, isTransposed: Bool, _ inChannels: Int?, _ outChannels: Int, kernelSize: Size, stride: Size,
        dilation: Size, groups: Int, bias: Bool, dtype: DType, device: Device, generator: Generator
    ) {
        checkConvolution(
            "\(name)\(Size.spatialDimensions)d", inChannels ?? 0, outChannels, kernelSize.perDimension, groups)
        self.isTransposed = isTransposed
        self.inChannels = inChannels ?? 0
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.dilation = dilation
        self.groups = groups
        if inChannels == nil { lazyGenerator = generator }
        (weight, self.bias) = defaultWeightAndBias(
            weight: Self.weightShape(isTransposed, inChannels ?? 0, outChannels, groups, kernelSize), bias: bias,
            biasSize: outChannels, dtype: dtype, device: device, generator: generator)
        super.init()
    }

    private static func weightShape(
        _ isTransposed: Bool, _ inChannels: Int, _ outChannels: Int, _ groups: Int, _ kernelSize: Size
    ) -> [Int] {
        let groups = max(groups, 1)
        let channels = isTransposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups]
        return channels + kernelSize.perDimension
    }

    /// Creates the weight of a lazy layer when it gets its first input.
    final func initializeParameters(for x: Tensor) {
        guard lazyGenerator != nil, x.rank > Size.spatialDimensions else { return }
        initializeParameters(inChannels: x.shape[x.rank - Size.spatialDimensions - 1])
    }

    private func initializeParameters(inChannels: Int) {
        guard let generator = lazyGenerator, inChannels > 0 else { return }
        checkConvolution(printedName, inChannels, outChannels, kernelSize.perDimension, groups)
        let drawn = defaultWeightAndBias(
            weight: Self.weightShape(isTransposed, inChannels, outChannels, groups, kernelSize), bias: bias != nil,
            biasSize: outChannels, dtype: weight.dtype, device: weight.device, generator: generator)
        lazyGenerator = nil
        self.inChannels = inChannels
        weight.adopt(drawn.weight)
        if let bias, let drawn = drawn.bias { noGrad { _ = bias.copy_(drawn) } }
    }

    override final func willLoad(_ tensor: (String) -> Tensor?) {
        guard lazyGenerator != nil, let weight = tensor("weight"), weight.rank == Size.spatialDimensions + 2 else {
            return
        }
        initializeParameters(inChannels: isTransposed ? weight.shape[0] : weight.shape[1] *| groups)
    }

    /// "LazyConv2d" until the number of input channels is known, "Conv2d" afterwards.
    override final var printedName: String {
        let name = super.printedName
        return lazyGenerator == nil && name.hasPrefix("Lazy") ? String(name.dropFirst("Lazy".count)) : name
    }

    /// The settings in PyTorch's text format, without defaults. `padding` is nil for `.same`.
    final func description(padding: [Int]?, outputPadding: [Int] = [], paddingMode: PadMode = .constant) -> String {
        var text = "\(inChannels), \(outChannels), kernel_size=\(Printed.tuple(kernelSize.perDimension))"
        text += ", stride=\(Printed.tuple(stride.perDimension))"
        if let padding {
            if padding.contains(where: { $0 != 0 }) { text += ", padding=\(Printed.tuple(padding))" }
        } else {
            text += ", padding=same"
        }
        if dilation != 1 { text += ", dilation=\(Printed.tuple(dilation.perDimension))" }
        if outputPadding.contains(where: { $0 != 0 }) { text += ", output_padding=\(Printed.tuple(outputPadding))" }
        if groups != 1 { text += ", groups=\(groups)" }
        if bias == nil { text += ", bias=False" }
        if paddingMode != .constant { text += ", padding_mode=\(paddingMode)" }
        return text
    }
}

/// Reports an error if the groups do not divide the channels or the kernel is empty.
private func checkConvolution(_ name: String, _ inChannels: Int, _ outChannels: Int, _ kernel: [Int], _ groups: Int) {
    let isWhole = groups > 0 && inChannels % groups == 0 && outChannels % groups == 0
    if !isWhole {
        reportFailure(
            TensorError(
                .value, in: name, "the channels cannot be split into equal groups",
                got: "\(inChannels) and \(quantity(outChannels, "channel")), \(quantity(groups, "group"))",
                expected: "multiples of the number of groups"))
    } else if kernel.contains(where: { $0 < 1 }) {
        reportFailure(
            TensorError(.value, in: name, "the kernel is empty", got: "\(kernel)", expected: "sizes of at least 1"))
    }
}
