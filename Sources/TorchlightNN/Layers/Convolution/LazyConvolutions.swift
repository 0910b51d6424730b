import TorchlightCore

// Layers whose weight is made when the channels of the input are known: from the first input, or from the state that is
// loaded. Until then the weight has no elements; it is the same tensor afterwards, so an optimiser may hold it already.

/// A ``Conv1d`` whose number of input channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, the weight has no elements. It stays the same tensor, so an optimiser may be created before.
public final class LazyConv1d: Conv1d {
    /// Creates the layer. The parameters are those of ``Conv1d``, without `inChannels`.
    public init(
        _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: ConvPadding = 0, dilation: Int = 1,
        groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        super.init(
            channels: nil, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }
}

/// A ``Conv2d`` whose number of input channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, the weight has no elements. It stays the same tensor, so an optimiser may be created before.
public final class LazyConv2d: Conv2d {
    /// Creates the layer. The parameters are those of ``Conv2d``, without `inChannels`.
    public init(
        _ outChannels: Int, kernelSize: Size2, stride: Size2 = 1, padding: ConvPadding = 0, dilation: Size2 = 1,
        groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        super.init(
            channels: nil, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }
}

/// A ``Conv3d`` whose number of input channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, the weight has no elements. It stays the same tensor, so an optimiser may be created before.
public final class LazyConv3d: Conv3d {
    /// Creates the layer. The parameters are those of ``Conv3d``, without `inChannels`.
    public init(
        _ outChannels: Int, kernelSize: Size3, stride: Size3 = 1, padding: ConvPadding = 0, dilation: Size3 = 1,
        groups: Int = 1, bias: Bool = true, paddingMode: PadMode = .constant, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        super.init(
            channels: nil, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }
}

/// A ``ConvTranspose1d`` whose number of input channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, the weight has no elements. It stays the same tensor, so an optimiser may be created before.
public final class LazyConvTranspose1d: ConvTranspose1d {
    /// Creates the layer. The parameters are those of ``ConvTranspose1d``, without `inChannels`.
    public init(
        _ outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
        groups: Int = 1, bias: Bool = true, dilation: Int = 1, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(
            channels: nil, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }
}

/// A ``ConvTranspose2d`` whose number of input channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, the weight has no elements. It stays the same tensor, so an optimiser may be created before.
public final class LazyConvTranspose2d: ConvTranspose2d {
    /// Creates the layer. The parameters are those of ``ConvTranspose2d``, without `inChannels`.
    public init(
        _ outChannels: Int, kernelSize: Size2, stride: Size2 = 1, padding: Size2 = 0, outputPadding: Size2 = 0,
        groups: Int = 1, bias: Bool = true, dilation: Size2 = 1, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(
            channels: nil, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }
}

/// A ``ConvTranspose3d`` whose number of input channels is that of the first input or of the loaded state dictionary.
///
/// Until the number is known, the weight has no elements. It stays the same tensor, so an optimiser may be created before.
public final class LazyConvTranspose3d: ConvTranspose3d {
    /// Creates the layer. The parameters are those of ``ConvTranspose3d``, without `inChannels`.
    public init(
        _ outChannels: Int, kernelSize: Size3, stride: Size3 = 1, padding: Size3 = 0, outputPadding: Size3 = 0,
        groups: Int = 1, bias: Bool = true, dilation: Size3 = 1, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(
            channels: nil, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }
}
