import TorchlightCore

/// A function from the tensor of a sample to a tensor.
///
/// A transform is called like a function: `transform(image)`. A random transform draws from the default generator, as
/// `Tensor.rand` does, or from `SampleKey.current!.generator`, accessed in each call; both belong to the current
/// sample.
public protocol Transform: Sendable {
    /// Whether the transform is element-wise: each element of the result depends only on the value of the element at
    /// the same index.
    ///
    /// Element-wise transforms of byte images are computed once for all 256 byte values and then looked up.
    var isElementwise: Bool { get }

    /// Returns the transformed sample.
    func callAsFunction(_ x: Tensor) -> Tensor
}

extension Transform {
    /// false: the transform is not element-wise.
    public var isElementwise: Bool { false }
}

/// Applies several transforms in order.
///
///     let transform = Compose([ToTensor(), Normalize(mean: 0.1307, std: 0.3081)])
public struct Compose: Transform {
    /// The transforms, in the order of application.
    public let transforms: [any Transform]

    /// Creates a chain of transforms. An empty chain returns its input.
    public init(_ transforms: [any Transform]) { self.transforms = transforms }

    /// Whether all transforms are element-wise.
    public var isElementwise: Bool { transforms.allSatisfy(\.isElementwise) }
    /// Returns the transformed sample.
    public func callAsFunction(_ x: Tensor) -> Tensor { transforms.reduce(x) { $1($0) } }
}

/// Converts an image of bytes to float32 with values in 0...1 and the channel dimension first: `x / maximum`.
///
/// Shapes: uint8 `[H, W]` -> float32 `[1, H, W]`; uint8 `[H, W, C]` -> float32 `[C, H, W]`. A tensor of another dtype
/// is only permuted, and converted to float32 if it is not floating-point. Another number of dimensions is an error.
public struct ToTensor: Transform {
    /// The value that is mapped to 1. Default: 255.
    public let maximum: Double

    /// Creates the transform.
    public init(maximum: Double = 255) { self.maximum = maximum }

    /// true: the transform is element-wise.
    public var isElementwise: Bool { true }

    /// Returns the converted image.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        guard x.rank == 2 || x.rank == 3 else {
            return fail(
                TensorError(
                    .shape, in: "ToTensor", "the input is not an image",
                    expected: "[height, width] or [height, width, channels]",
                    operands: [x]))
        }
        let planes = x.rank == 2 ? x.unsqueeze(0) : x.permute(2, 0, 1).contiguous()
        if x.dtype == .uint8 { return planes.to(.float32) / maximum }
        return x.dtype.isFloatingPoint ? planes : planes.to(.float32)
    }
}

/// Normalises an image with a mean and a standard deviation for each channel: `(x - mean) / std`.
///
/// Shapes: floating-point `[C, *]` -> `[C, *]`.
public struct Normalize: Transform {
    /// The mean of each channel, or a single value for all channels.
    public let mean: [Double]
    /// The standard deviation of each channel, or a single value for all channels.
    public let std: [Double]

    /// Creates the transform with one mean and standard deviation for all channels.
    public init(mean: Double, std: Double) { self.init(mean: [mean], std: [std]) }

    /// Creates the transform with a mean and a standard deviation for each channel. A standard deviation of 0 is an
    /// error.
    public init(mean: [Double], std: [Double]) {
        self.mean = mean
        self.std = std
        if mean.isEmpty || mean.count != std.count || !std.allSatisfy({ $0 != 0 && $0.isFinite }) {
            reportFailure(
                TensorError(
                    .value, in: "Normalize", "the mean or std is invalid", got: "mean \(mean), std \(std)",
                    expected: "as many values in std as in mean, at least one, none of std 0"))
        }
    }

    /// Whether all channels have the same mean and standard deviation.
    public var isElementwise: Bool { mean.count == 1 }

    /// Returns the normalised image. An input that is not floating-point or has another number of channels is an error.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        guard x.dtype.isFloatingPoint, x.rank > 0, mean.count == 1 || x.shape[0] == mean.count else {
            return fail(
                TensorError(
                    .shape, in: "Normalize",
                    "the input is not floating-point, or does not have \(quantity(mean.count, "channel"))",
                    expected: "floating-point [\(mean.count), *]", fix: "apply ToTensor() first", operands: [x]))
        }
        if mean.count == 1 { return (x - mean[0]) / std[0] }
        let shape = [mean.count] + Array(repeating: 1, count: x.rank - 1)
        return (x - Tensor(mean, shape: shape, dtype: x.dtype)) / Tensor(std, shape: shape, dtype: x.dtype)
    }
}
