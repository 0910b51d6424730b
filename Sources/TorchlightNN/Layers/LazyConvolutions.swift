import TorchlightCore

/// A ``Conv1d`` that takes the number of its input channels from the first input, or from the state that is loaded.
///
/// Until then its weight has no elements; it is the same tensor afterwards, so an optimiser may hold it already.
public final class LazyConv1d: Conv1d {
    private let generator: Generator

    /// A layer with these settings.
    public init(
        _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: ConvPadding = 0,
        dilation: Int = 1, groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant,
        dtype: DType = .default, device: Device = .cpu, generator: Generator = .default
    ) {
        self.generator = generator
        super.init(
            0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }

    /// The convolution of x, whose channels settle those of the layer the first time.
    public override func forward(_ x: Tensor) -> Tensor {
        if x.rank > 1 { settle(x.shape[x.rank - 2]) }
        return super.forward(x)
    }

    private func settle(_ channels: Int) {
        guard inChannels == 0, channels > 0 else { return }
        let settled = Conv1d(
            channels, outChannels, kernelSize: kernelSize, groups: groups, bias: bias != nil, dtype: weight.dtype,
            device: weight.device, generator: generator)
        inChannels = channels
        weight.adopt(settled.weight)
        if let bias, let drawn = settled.bias { noGrad { _ = bias.copy_(drawn) } }
    }

    override func willLoad(_ tensor: (String) -> Tensor?) {
        guard let weight = tensor("weight"), weight.rank == 3 else { return }
        settle(weight.shape[1] * groups)
    }

    override var printedName: String { inChannels == 0 ? "LazyConv1d" : "Conv1d" }
}

/// A ``Conv2d`` that takes the number of its input channels from the first input, or from the state that is loaded.
///
/// Until then its weight has no elements; it is the same tensor afterwards, so an optimiser may hold it already.
public final class LazyConv2d: Conv2d {
    private let generator: Generator

    /// A layer with these settings.
    public init(
        _ outChannels: Int, kernelSize: Size2, stride: Size2 = 1, padding: ConvPadding = 0,
        dilation: Size2 = 1, groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant,
        dtype: DType = .default, device: Device = .cpu, generator: Generator = .default
    ) {
        self.generator = generator
        super.init(
            0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }

    /// The convolution of x, whose channels settle those of the layer the first time.
    public override func forward(_ x: Tensor) -> Tensor {
        if x.rank > 2 { settle(x.shape[x.rank - 3]) }
        return super.forward(x)
    }

    private func settle(_ channels: Int) {
        guard inChannels == 0, channels > 0 else { return }
        let settled = Conv2d(
            channels, outChannels, kernelSize: kernelSize, groups: groups, bias: bias != nil, dtype: weight.dtype,
            device: weight.device, generator: generator)
        inChannels = channels
        weight.adopt(settled.weight)
        if let bias, let drawn = settled.bias { noGrad { _ = bias.copy_(drawn) } }
    }

    override func willLoad(_ tensor: (String) -> Tensor?) {
        guard let weight = tensor("weight"), weight.rank == 4 else { return }
        settle(weight.shape[1] * groups)
    }

    override var printedName: String { inChannels == 0 ? "LazyConv2d" : "Conv2d" }
}

/// A ``Conv3d`` that takes the number of its input channels from the first input, or from the state that is loaded.
///
/// Until then its weight has no elements; it is the same tensor afterwards, so an optimiser may hold it already.
public final class LazyConv3d: Conv3d {
    private let generator: Generator

    /// A layer with these settings.
    public init(
        _ outChannels: Int, kernelSize: Size3, stride: Size3 = 1, padding: ConvPadding = 0,
        dilation: Size3 = 1, groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant,
        dtype: DType = .default, device: Device = .cpu, generator: Generator = .default
    ) {
        self.generator = generator
        super.init(
            0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }

    /// The convolution of x, whose channels settle those of the layer the first time.
    public override func forward(_ x: Tensor) -> Tensor {
        if x.rank > 3 { settle(x.shape[x.rank - 4]) }
        return super.forward(x)
    }

    private func settle(_ channels: Int) {
        guard inChannels == 0, channels > 0 else { return }
        let settled = Conv3d(
            channels, outChannels, kernelSize: kernelSize, groups: groups, bias: bias != nil, dtype: weight.dtype,
            device: weight.device, generator: generator)
        inChannels = channels
        weight.adopt(settled.weight)
        if let bias, let drawn = settled.bias { noGrad { _ = bias.copy_(drawn) } }
    }

    override func willLoad(_ tensor: (String) -> Tensor?) {
        guard let weight = tensor("weight"), weight.rank == 5 else { return }
        settle(weight.shape[1] * groups)
    }

    override var printedName: String { inChannels == 0 ? "LazyConv3d" : "Conv3d" }
}

/// A ``ConvTranspose1d`` that takes the number of its input channels from the first input, or from the state that is loaded.
///
/// Until then its weight has no elements; it is the same tensor afterwards, so an optimiser may hold it already.
public final class LazyConvTranspose1d: ConvTranspose1d {
    private let generator: Generator

    /// A layer with these settings.
    public init(
        _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
        groups: Int = 1, bias: Bool = true, dilation: Int = 1, dtype: DType = .default, device: Device = .cpu,
        generator: Generator = .default
    ) {
        self.generator = generator
        super.init(
            0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }

    /// The convolution of x, whose channels settle those of the layer the first time.
    public override func forward(_ x: Tensor) -> Tensor {
        if x.rank > 1 { settle(x.shape[x.rank - 2]) }
        return super.forward(x)
    }

    private func settle(_ channels: Int) {
        guard inChannels == 0, channels > 0 else { return }
        let settled = ConvTranspose1d(
            channels, outChannels, kernelSize: kernelSize, groups: groups, bias: bias != nil, dtype: weight.dtype,
            device: weight.device, generator: generator)
        inChannels = channels
        weight.adopt(settled.weight)
        if let bias, let drawn = settled.bias { noGrad { _ = bias.copy_(drawn) } }
    }

    override func willLoad(_ tensor: (String) -> Tensor?) {
        guard let weight = tensor("weight"), weight.rank == 3 else { return }
        settle(weight.shape[0])
    }

    override var printedName: String { inChannels == 0 ? "LazyConvTranspose1d" : "ConvTranspose1d" }
}

/// A ``ConvTranspose2d`` that takes the number of its input channels from the first input, or from the state that is loaded.
///
/// Until then its weight has no elements; it is the same tensor afterwards, so an optimiser may hold it already.
public final class LazyConvTranspose2d: ConvTranspose2d {
    private let generator: Generator

    /// A layer with these settings.
    public init(
        _ outChannels: Int, kernelSize: Size2, stride: Size2 = 1, padding: Size2 = 0, outputPadding: Size2 = 0,
        groups: Int = 1, bias: Bool = true, dilation: Size2 = 1, dtype: DType = .default, device: Device = .cpu,
        generator: Generator = .default
    ) {
        self.generator = generator
        super.init(
            0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }

    /// The convolution of x, whose channels settle those of the layer the first time.
    public override func forward(_ x: Tensor) -> Tensor {
        if x.rank > 2 { settle(x.shape[x.rank - 3]) }
        return super.forward(x)
    }

    private func settle(_ channels: Int) {
        guard inChannels == 0, channels > 0 else { return }
        let settled = ConvTranspose2d(
            channels, outChannels, kernelSize: kernelSize, groups: groups, bias: bias != nil, dtype: weight.dtype,
            device: weight.device, generator: generator)
        inChannels = channels
        weight.adopt(settled.weight)
        if let bias, let drawn = settled.bias { noGrad { _ = bias.copy_(drawn) } }
    }

    override func willLoad(_ tensor: (String) -> Tensor?) {
        guard let weight = tensor("weight"), weight.rank == 4 else { return }
        settle(weight.shape[0])
    }

    override var printedName: String { inChannels == 0 ? "LazyConvTranspose2d" : "ConvTranspose2d" }
}

/// A ``ConvTranspose3d`` that takes the number of its input channels from the first input, or from the state that is loaded.
///
/// Until then its weight has no elements; it is the same tensor afterwards, so an optimiser may hold it already.
public final class LazyConvTranspose3d: ConvTranspose3d {
    private let generator: Generator

    /// A layer with these settings.
    public init(
        _ outChannels: Int, kernelSize: Size3, stride: Size3 = 1, padding: Size3 = 0, outputPadding: Size3 = 0,
        groups: Int = 1, bias: Bool = true, dilation: Size3 = 1, dtype: DType = .default, device: Device = .cpu,
        generator: Generator = .default
    ) {
        self.generator = generator
        super.init(
            0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }

    /// The convolution of x, whose channels settle those of the layer the first time.
    public override func forward(_ x: Tensor) -> Tensor {
        if x.rank > 3 { settle(x.shape[x.rank - 4]) }
        return super.forward(x)
    }

    private func settle(_ channels: Int) {
        guard inChannels == 0, channels > 0 else { return }
        let settled = ConvTranspose3d(
            channels, outChannels, kernelSize: kernelSize, groups: groups, bias: bias != nil, dtype: weight.dtype,
            device: weight.device, generator: generator)
        inChannels = channels
        weight.adopt(settled.weight)
        if let bias, let drawn = settled.bias { noGrad { _ = bias.copy_(drawn) } }
    }

    override func willLoad(_ tensor: (String) -> Tensor?) {
        guard let weight = tensor("weight"), weight.rank == 5 else { return }
        settle(weight.shape[0])
    }

    override var printedName: String { inChannels == 0 ? "LazyConvTranspose3d" : "ConvTranspose3d" }
}
