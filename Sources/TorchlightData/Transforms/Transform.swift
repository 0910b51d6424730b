import TorchlightCore

/// A step that makes of one sample's tensor another.
///
/// Transforms are called like functions. One that draws random numbers takes them from the default generator (`Tensor.rand`),
/// or from `SampleKey.current!.generator`, asked for anew in each call; both belong to the sample that is being made.
public protocol Transform: Sendable {
    /// Whether every element of the result depends on the element at its index alone, and not on the index.
    ///
    /// Chains of such transforms are computed once for each of the 256 values of a byte, and looked up from then on.
    var isElementwise: Bool { get }

    /// Transforms a sample.
    func callAsFunction(_ x: Tensor) -> Tensor
}

extension Transform {
    /// Whether a result's element depends on the element at its index alone.
    public var isElementwise: Bool { false }
}

/// Transforms one after another.
///
///     let transform = Compose([ToTensor(), Normalize(mean: 0.1307, std: 0.3081)])
public struct Compose: Transform {
    /// The steps, first to last.
    public let transforms: [any Transform]

    /// A chain of steps; an empty one changes nothing.
    public init(_ transforms: [any Transform]) { self.transforms = transforms }

    /// Whether a result's element depends on the element at its index alone.
    public var isElementwise: Bool { transforms.allSatisfy(\.isElementwise) }
    /// Transforms a sample.
    public func callAsFunction(_ x: Tensor) -> Tensor { transforms.reduce(x) { $1($0) } }
}

/// Turns an image of bytes into numbers from 0 to 1 with the channels first: uint8 `[height, width]` or
/// `[height, width, channels]` -> float32 `[channels, height, width]`, `x / maximum`.
///
/// A tensor that is not uint8 keeps its values and its dtype, converted to float32 where it holds integers.
public struct ToTensor: Transform {
    /// The byte that becomes 1.
    public let maximum: Double

    /// A conversion; 255 is white in nearly every format.
    public init(maximum: Double = 255) { self.maximum = maximum }

    /// Whether a result's element depends on the element at its index alone.
    public var isElementwise: Bool { true }

    /// Transforms a sample.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        guard x.rank == 2 || x.rank == 3 else {
            return fail(
                TensorError(
                    .shape, in: "ToTensor", "not an image", expected: "[height, width] or [height, width, channels]",
                    operands: [x]))
        }
        let planes = x.rank == 2 ? x.unsqueeze(0) : x.permute(2, 0, 1).contiguous()
        if x.dtype == .uint8 { return planes.to(.float32) / maximum }
        return x.dtype.isFloatingPoint ? planes : planes.to(.float32)
    }
}

/// Shifts and scales channels: `(x - mean) / std`, floating-point `[channels, *]` -> the same shape.
public struct Normalize: Transform {
    /// The number to subtract, one for each channel or one for all.
    public let mean: [Double]
    /// The number to divide by, one for each channel or one for all.
    public let std: [Double]

    /// One mean and deviation for all channels.
    public init(mean: Double, std: Double) { self.init(mean: [mean], std: [std]) }

    /// A mean and deviation for each channel; no deviation may be 0.
    public init(mean: [Double], std: [Double]) {
        self.mean = mean
        self.std = std
        if mean.isEmpty || mean.count != std.count || !std.allSatisfy({ $0 != 0 && $0.isFinite }) {
            reportFailure(
                TensorError(
                    .value, in: "Normalize", "unusable figures", got: "mean \(mean), std \(std)",
                    expected: "as many deviations as means, none of them 0"))
        }
    }

    /// Whether a result's element depends on the element at its index alone.
    public var isElementwise: Bool { mean.count == 1 }

    /// Transforms a sample.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        guard x.dtype.isFloatingPoint, x.rank > 0, mean.count == 1 || x.shape[0] == mean.count else {
            return fail(
                TensorError(
                    .shape, in: "Normalize", "the image does not fit \(mean.count) means",
                    expected: "floating-point [\(mean.count), *]", fix: "apply ToTensor() first", operands: [x]))
        }
        if mean.count == 1 { return (x - mean[0]) / std[0] }
        let shape = [mean.count] + Array(repeating: 1, count: x.rank - 1)
        return (x - Tensor(mean, shape: shape, dtype: x.dtype)) / Tensor(std, shape: shape, dtype: x.dtype)
    }
}
