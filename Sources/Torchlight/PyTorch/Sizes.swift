// Kernel sizes, strides and paddings of convolution and pooling layers in any form: literals, `Int` variables, arrays and
// `Size2` values, with the labels of PyTorch or without. `Conv2d(1, 20, 5)`, `MaxPool2d(2, 2)`, `Conv2d(i, o,
// kernelSize: k, padding: k / 2)`.

/// A size of a kernel, stride or dilation: a number for all dimensions, or one for each.
public protocol SizeValue: Sendable {
    /// One number for all dimensions, or one for each.
    var sizes: [Int] { get }
}

/// A padding of a convolution: a size, or `.same` or `.valid`.
public protocol PaddingValue: Sendable {
    /// The value as the padding of a convolution.
    var padding: ConvPadding { get }
}

extension Int: SizeValue, PaddingValue {
    /// The number, for all dimensions.
    public var sizes: [Int] { [self] }
    /// The same padding for all dimensions.
    public var padding: ConvPadding { ConvPadding(self) }
}
extension Array: SizeValue, PaddingValue where Element == Int {
    /// The numbers, one for each dimension.
    public var sizes: [Int] { self }
    /// A padding for each dimension.
    public var padding: ConvPadding { ConvPadding(self) }
}
extension Size2: SizeValue, PaddingValue {
    /// Height and width.
    public var sizes: [Int] { perDimension }
    /// A padding for each dimension.
    public var padding: ConvPadding { ConvPadding(self) }
}
extension Size3: SizeValue, PaddingValue {
    /// Depth, height and width.
    public var sizes: [Int] { perDimension }
    /// A padding for each dimension.
    public var padding: ConvPadding { ConvPadding(self) }
}
extension ConvPadding: PaddingValue {
    /// The value itself.
    public var padding: ConvPadding { self }
}
extension PaddingValue where Self == ConvPadding {
    /// Padding such that the output has the size of the input; requires stride 1.
    public static var same: ConvPadding { ConvPadding.same }
    /// No padding.
    public static var valid: ConvPadding { ConvPadding.valid }
}

/// The value as the size of a layer. Another number of sizes than one or one for each dimension is an error.
func size<Size: SpatialSize>(_ value: some SizeValue, as type: Size.Type, _ what: String, in operation: String) -> Size
{
    let sizes = value.sizes
    let count = Size.spatialDimensions
    guard sizes.count == 1 || sizes.count == count else {
        reportFailure(
            TensorError(
                .value, in: operation, "the \(what) is not for \(quantity(count, "dimension"))", got: "\(sizes)",
                expected: count == 1 ? "one number" : "one number or \(count)"))
        return 1
    }
    let all = sizes.count == 1 ? Array(repeating: sizes[0], count: count) : sizes
    return switch count {
    case 1: all[0] as! Size
    case 2: (sizes.count == 1 ? Size2(all[0]) : Size2(all[0], all[1])) as! Size
    default: (sizes.count == 1 ? Size3(all[0]) : Size3(all[0], all[1], all[2])) as! Size
    }
}

extension SpatialConvolution {
    /// Creates a convolution, as `init(_:_:kernelSize:stride:padding:dilation:groups:bias:paddingMode:...)`.
    @_disfavoredOverload
    public convenience init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: some SizeValue, stride: some SizeValue = 1,
        padding: some PaddingValue = 0, dilation: some SizeValue = 1, groups: Int = 1, bias: Bool = true,
        paddingMode: PadMode = .constant, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        let name = "Conv\(Size.spatialDimensions)d"
        self.init(
            inChannels, outChannels, kernelSize: size(kernelSize, as: Size.self, "kernel size", in: name),
            stride: size(stride, as: Size.self, "stride", in: name), padding: padding.padding,
            dilation: size(dilation, as: Size.self, "dilation", in: name), groups: groups, bias: bias,
            paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }

    /// Creates a convolution; the sizes have no labels: `Conv2d(3, 64, 4, 2, 1)`.
    public convenience init(
        _ inChannels: Int, _ outChannels: Int, _ kernelSize: some SizeValue, _ stride: some SizeValue,
        _ padding: some PaddingValue = 0, dilation: some SizeValue = 1, groups: Int = 1, bias: Bool = true,
        paddingMode: PadMode = .constant, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }

    /// Creates a convolution; the kernel size has no label: `Conv2d(1, 20, 5, padding: 2)`.
    public convenience init(
        _ inChannels: Int, _ outChannels: Int, _ kernelSize: some SizeValue, stride: some SizeValue = 1,
        padding: some PaddingValue = 0, dilation: some SizeValue = 1, groups: Int = 1, bias: Bool = true,
        paddingMode: PadMode = .constant, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }

    /// Creates a convolution; all sizes have labels.
    public convenience init(
        inChannels: Int, outChannels: Int, kernelSize: some SizeValue, stride: some SizeValue = 1,
        padding: some PaddingValue = 0, dilation: some SizeValue = 1, groups: Int = 1, bias: Bool = true,
        paddingMode: PadMode = .constant, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype, device: device, generator: generator)
    }
}

extension SpatialTransposedConvolution {
    /// Creates a transposed convolution, as `init(_:_:kernelSize:stride:padding:outputPadding:...)`.
    @_disfavoredOverload
    public convenience init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: some SizeValue, stride: some SizeValue = 1,
        padding: some SizeValue = 0, outputPadding: some SizeValue = 0, groups: Int = 1, bias: Bool = true,
        dilation: some SizeValue = 1, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        let name = "ConvTranspose\(Size.spatialDimensions)d"
        self.init(
            inChannels, outChannels, kernelSize: size(kernelSize, as: Size.self, "kernel size", in: name),
            stride: size(stride, as: Size.self, "stride", in: name),
            padding: size(padding, as: Size.self, "padding", in: name),
            outputPadding: size(outputPadding, as: Size.self, "output padding", in: name), groups: groups,
            bias: bias, dilation: size(dilation, as: Size.self, "dilation", in: name), dtype: dtype, device: device,
            generator: generator)
    }

    /// Creates a transposed convolution; the sizes have no labels: `ConvTranspose2d(100, 512, 4, 1, 0)`.
    public convenience init(
        _ inChannels: Int, _ outChannels: Int, _ kernelSize: some SizeValue, _ stride: some SizeValue,
        _ padding: some SizeValue = 0, outputPadding: some SizeValue = 0, groups: Int = 1, bias: Bool = true,
        dilation: some SizeValue = 1, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }

    /// Creates a transposed convolution; the kernel size has no label: `ConvTranspose2d(16, 8, 4, stride: 2)`.
    public convenience init(
        _ inChannels: Int, _ outChannels: Int, _ kernelSize: some SizeValue, stride: some SizeValue = 1,
        padding: some SizeValue = 0, outputPadding: some SizeValue = 0, groups: Int = 1, bias: Bool = true,
        dilation: some SizeValue = 1, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation, dtype: dtype, device: device,
            generator: generator)
    }
}

extension MaxPoolLayer {
    /// Creates a max pooling layer; the stride has no label: `MaxPool2d(2, 2)`.
    public convenience init(
        _ kernelSize: some SizeValue, _ stride: some SizeValue, padding: some SizeValue = 0,
        dilation: some SizeValue = 1, ceilMode: Bool = false
    ) {
        self.init(
            kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    /// Creates a max pooling layer with sizes of any form.
    @_disfavoredOverload
    public convenience init(
        _ kernelSize: some SizeValue, stride: (any SizeValue)? = nil, padding: some SizeValue = 0,
        dilation: some SizeValue = 1, ceilMode: Bool = false
    ) {
        self.init(
            kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }

    /// Creates a max pooling layer; all sizes have labels.
    public convenience init(
        kernelSize: some SizeValue, stride: (any SizeValue)? = nil, padding: some SizeValue = 0,
        dilation: some SizeValue = 1, ceilMode: Bool = false
    ) {
        let name = "MaxPool\(Size.spatialDimensions)d"
        self.init(
            size(kernelSize, as: Size.self, "kernel size", in: name),
            stride: stride.map { size($0, as: Size.self, "stride", in: name) },
            padding: size(padding, as: Size.self, "padding", in: name),
            dilation: size(dilation, as: Size.self, "dilation", in: name), ceilMode: ceilMode)
    }
}

extension AvgPoolLayer {
    /// Creates an average pooling layer; the stride has no label: `AvgPool2d(2, 2)`.
    public convenience init(
        _ kernelSize: some SizeValue, _ stride: some SizeValue, padding: some SizeValue = 0, ceilMode: Bool = false,
        countIncludePad: Bool = true
    ) {
        self.init(
            kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
            countIncludePad: countIncludePad)
    }

    /// Creates an average pooling layer with sizes of any form.
    @_disfavoredOverload
    public convenience init(
        _ kernelSize: some SizeValue, stride: (any SizeValue)? = nil, padding: some SizeValue = 0,
        ceilMode: Bool = false, countIncludePad: Bool = true
    ) {
        self.init(
            kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
            countIncludePad: countIncludePad)
    }

    /// Creates an average pooling layer; all sizes have labels.
    public convenience init(
        kernelSize: some SizeValue, stride: (any SizeValue)? = nil, padding: some SizeValue = 0,
        ceilMode: Bool = false, countIncludePad: Bool = true
    ) {
        let name = "AvgPool\(Size.spatialDimensions)d"
        self.init(
            size(kernelSize, as: Size.self, "kernel size", in: name),
            stride: stride.map { size($0, as: Size.self, "stride", in: name) },
            padding: size(padding, as: Size.self, "padding", in: name), ceilMode: ceilMode,
            countIncludePad: countIncludePad, divisorOverride: nil)
    }
}

/// Returns `maxPool2d` of x with sizes of any form, such as `Int` variables.
@_disfavoredOverload
public func maxPool2d(
    _ x: Tensor, _ kernelSize: some SizeValue, _ stride: (any SizeValue)? = nil, padding: some SizeValue = 0,
    dilation: some SizeValue = 1, ceilMode: Bool = false
) -> Tensor {
    maxPool2d(
        x, size(kernelSize, as: Size2.self, "kernel size", in: "maxPool2d"),
        stride: stride.map { size($0, as: Size2.self, "stride", in: "maxPool2d") },
        padding: size(padding, as: Size2.self, "padding", in: "maxPool2d"),
        dilation: size(dilation, as: Size2.self, "dilation", in: "maxPool2d"), ceilMode: ceilMode)
}

/// Returns `avgPool2d` of x with sizes of any form, such as `Int` variables.
@_disfavoredOverload
public func avgPool2d(
    _ x: Tensor, _ kernelSize: some SizeValue, _ stride: (any SizeValue)? = nil, padding: some SizeValue = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true
) -> Tensor {
    avgPool2d(
        x, size(kernelSize, as: Size2.self, "kernel size", in: "avgPool2d"),
        stride: stride.map { size($0, as: Size2.self, "stride", in: "avgPool2d") },
        padding: size(padding, as: Size2.self, "padding", in: "avgPool2d"), ceilMode: ceilMode,
        countIncludePad: countIncludePad)
}

/// Returns `conv2d` of x with sizes of any form, such as `Int` variables.
@_disfavoredOverload
public func conv2d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: some SizeValue = 1, padding: some PaddingValue = 0,
    dilation: some SizeValue = 1, groups: Int = 1
) -> Tensor {
    conv2d(
        x, weight, bias: bias, stride: size(stride, as: Size2.self, "stride", in: "conv2d"),
        padding: padding.padding, dilation: size(dilation, as: Size2.self, "dilation", in: "conv2d"), groups: groups)
}
