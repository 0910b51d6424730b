import TorchlightCore

/// The windows of images as columns: `[N, C, H, W] -> [N, C kH kW, windows]`.
public final class Unfold: Module, Layer {
    /// The size of the window.
    public let kernelSize: Size2
    /// The distance between neighbouring elements of a window.
    public let dilation: Size2
    /// Zeros on every side.
    public let padding: Size2
    /// The distance between windows.
    public let stride: Size2

    /// A layer with these windows.
    public init(_ kernelSize: Size2, dilation: Size2 = 1, padding: Size2 = 0, stride: Size2 = 1) {
        self.kernelSize = kernelSize
        self.dilation = dilation
        self.padding = padding
        self.stride = stride
        super.init()
    }

    /// The columns.
    public func forward(_ x: Tensor) -> Tensor {
        unfold(x, kernelSize, dilation: dilation, padding: padding, stride: stride)
    }

    public override var extraDescription: String {
        "kernel_size=\(kernelSize), dilation=\(dilation), padding=\(padding), stride=\(stride)"
    }
}

/// Columns of windows added back into images: `[N, C kH kW, windows] -> [N, C, H, W]`.
public final class Fold: Module, Layer {
    /// Height and width of the images.
    public let outputSize: Size2
    /// The size of the window.
    public let kernelSize: Size2
    /// The distance between neighbouring elements of a window.
    public let dilation: Size2
    /// What the windows reach over on every side.
    public let padding: Size2
    /// The distance between windows.
    public let stride: Size2

    /// A layer with these windows.
    public init(_ outputSize: Size2, _ kernelSize: Size2, dilation: Size2 = 1, padding: Size2 = 0, stride: Size2 = 1) {
        self.outputSize = outputSize
        self.kernelSize = kernelSize
        self.dilation = dilation
        self.padding = padding
        self.stride = stride
        super.init()
    }

    /// The images.
    public func forward(_ x: Tensor) -> Tensor {
        fold(x, outputSize, kernelSize, dilation: dilation, padding: padding, stride: stride)
    }

    public override var extraDescription: String {
        "output_size=\(outputSize), kernel_size=\(kernelSize), dilation=\(dilation), padding=\(padding), "
            + "stride=\(stride)"
    }
}
