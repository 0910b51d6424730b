import TorchlightCore

/// Extracts sliding blocks of images as columns (im2col).
///
/// Shapes: `[N, C, H, W] -> [N, C kH kW, L]`, where L is the number of blocks, in row-major order:
/// `L = Π ⌊(size + 2 padding − dilation (kernel − 1) − 1) / stride + 1⌋` over height and width. A convolution is the product of
/// its weight, reshaped to `[O, C kH kW]`, with these columns.
public final class Unfold: Module, Layer {
    /// The kernel size: height and width of a block.
    public let kernelSize: Size2
    /// The distance between neighbouring elements of a block. Default: 1.
    public let dilation: Size2
    /// The zero padding on both sides of height and width. Default: 0.
    public let padding: Size2
    /// The distance between neighbouring blocks. Default: 1.
    public let stride: Size2

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - kernelSize: Height and width of a block.
    ///   - dilation: The distance between neighbouring elements of a block. Default: 1.
    ///   - padding: The zero padding on both sides of height and width. Default: 0.
    ///   - stride: The distance between neighbouring blocks. Default: 1.
    public init(_ kernelSize: Size2, dilation: Size2 = 1, padding: Size2 = 0, stride: Size2 = 1) {
        self.kernelSize = kernelSize
        self.dilation = dilation
        self.padding = padding
        self.stride = stride
        super.init()
    }

    /// Returns the blocks as columns: `[N, C, H, W] -> [N, C kH kW, L]`.
    public func forward(_ x: Tensor) -> Tensor {
        unfold(x, kernelSize, dilation: dilation, padding: padding, stride: stride)
    }

    public override var extraDescription: String {
        "kernel_size=\(kernelSize), dilation=\(dilation), padding=\(padding), stride=\(stride)"
    }
}

/// Sums columns of sliding blocks into images (col2im), the adjoint of ``Unfold``.
///
/// Elements in several blocks are summed: `Fold` of `Unfold` multiplies each element by the number of blocks that contain it.
/// Shapes: `[N, C kH kW, L] -> [N, C, H, W]`, where L is the number of blocks; see ``Unfold``.
public final class Fold: Module, Layer {
    /// Height and width of the output.
    public let outputSize: Size2
    /// The kernel size: height and width of a block.
    public let kernelSize: Size2
    /// The distance between neighbouring elements of a block. Default: 1.
    public let dilation: Size2
    /// The padding on both sides of height and width; elements in the padding are dropped. Default: 0.
    public let padding: Size2
    /// The distance between neighbouring blocks. Default: 1.
    public let stride: Size2

    /// Creates the layer.
    ///
    /// - Parameters:
    ///   - outputSize: Height and width of the output.
    ///   - kernelSize: Height and width of a block.
    ///   - dilation: The distance between neighbouring elements of a block. Default: 1.
    ///   - padding: The padding on both sides of height and width. Default: 0.
    ///   - stride: The distance between neighbouring blocks. Default: 1.
    public init(_ outputSize: Size2, _ kernelSize: Size2, dilation: Size2 = 1, padding: Size2 = 0, stride: Size2 = 1) {
        self.outputSize = outputSize
        self.kernelSize = kernelSize
        self.dilation = dilation
        self.padding = padding
        self.stride = stride
        super.init()
    }

    /// Returns the images: `[N, C kH kW, L] -> [N, C, H, W]`.
    public func forward(_ x: Tensor) -> Tensor {
        fold(x, outputSize, kernelSize, dilation: dilation, padding: padding, stride: stride)
    }

    public override var extraDescription: String {
        "output_size=\(outputSize), kernel_size=\(kernelSize), dilation=\(dilation), padding=\(padding), "
            + "stride=\(stride)"
    }
}
