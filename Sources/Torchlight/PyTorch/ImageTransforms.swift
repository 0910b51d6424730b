// Transforms of torchvision.

/// Applies a function to a sample: `Lambda { $0 * 2 }`.
public struct Lambda: Transform {
    private let function: @Sendable (Tensor) -> Tensor

    /// Creates a transform from a function.
    public init(_ function: @escaping @Sendable (Tensor) -> Tensor) { self.function = function }

    /// Returns the result of the function.
    public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }
}

/// Resizes an image by interpolation: `[C, H, W] -> [C, H', W']`. Bytes are rounded and stay bytes.
///
///     Compose([ToTensor(), Resize(32)])
public struct Resize: Transform {
    /// The size: one number for the shorter side, or height and width.
    public let size: [Int]
    /// The interpolation. Default: `.bilinear`.
    public let mode: InterpolationMode

    /// Creates a transform to an image whose shorter side has this size; the aspect ratio is kept.
    public init(_ size: Int, mode: InterpolationMode = .bilinear) {
        self.size = [size]
        self.mode = mode
    }

    /// Creates a transform to images of height and width `size`.
    public init(_ size: [Int], mode: InterpolationMode = .bilinear) {
        self.size = size
        self.mode = mode
    }

    /// Not available: a size for each dimension is an array.
    @available(*, unavailable, message: "height and width are an array: 'Resize([32, 32])'")
    public init(_ size: (Int, Int), mode: InterpolationMode = .bilinear) { fatalError() }

    /// Returns the resized image.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        guard x.rank == 3, x.count > 0, size.count == 1 || size.count == 2, size.allSatisfy({ $0 > 0 }) else {
            return fail(
                TensorError(
                    .shape, in: "Resize", "the input is not an image, or the size is not positive", got: "\(size)",
                    expected: "[channels, height, width] and one size or two", fix: "apply ToTensor() first",
                    operands: [x]))
        }
        let (height, width) = (x.size(1), x.size(2))
        let shorter = min(height, width)
        let target = size.count == 2 ? size : [height * size[0] / shorter, width * size[0] / shorter]
        let pixels = x.dtype.isFloatingPoint ? x : x.to(.float32)
        let smooth = mode == .bilinear || mode == .bicubic
        let resized = interpolate(
            pixels.unsqueeze(0), size: target, mode: mode, alignCorners: smooth ? false : nil, antialias: smooth
        ).squeeze(0)
        return x.dtype.isFloatingPoint ? resized : resized.round().clamp(min: 0, max: 255).to(x.dtype)
    }
}

/// Mirrors an image along its last dimension with probability `p`: `[*, W] -> [*, W]`.
///
///     Compose([RandomCrop(32, padding: 4), RandomHorizontalFlip(), ToTensor()])
///
/// The random number is drawn from the default generator, which in a loader belongs to the sample.
public struct RandomHorizontalFlip: Transform {
    /// The probability that the image is mirrored. Default: 0.5.
    public let p: Double

    /// Creates the transform. A probability outside 0...1 is an error.
    public init(_ p: Double = 0.5) { self.p = checkedProbability(p, in: "RandomHorizontalFlip") }
    /// Creates the transform; the probability has a label.
    public init(p: Double) { self.init(p) }

    /// Returns the image or its mirror image.
    public func callAsFunction(_ x: Tensor) -> Tensor { isDrawn(p) ? x.flip([-1]) : x }
}

/// Mirrors an image along its second to last dimension with probability `p`: `[*, H, W] -> [*, H, W]`.
///
/// The random number is drawn from the default generator, which in a loader belongs to the sample.
public struct RandomVerticalFlip: Transform {
    /// The probability that the image is mirrored. Default: 0.5.
    public let p: Double

    /// Creates the transform. A probability outside 0...1 is an error.
    public init(_ p: Double = 0.5) { self.p = checkedProbability(p, in: "RandomVerticalFlip") }
    /// Creates the transform; the probability has a label.
    public init(p: Double) { self.init(p) }

    /// Returns the image or its mirror image.
    public func callAsFunction(_ x: Tensor) -> Tensor { isDrawn(p) ? x.flip([-2]) : x }
}

/// Crops the middle of an image: `[*, H, W] -> [*, height, width]`. An image that is smaller is an error.
public struct CenterCrop: Transform {
    /// Height and width of the result.
    public let size: [Int]

    /// Creates a transform to images of `size` by `size`.
    public init(_ size: Int) { self.init([size, size]) }
    /// Creates a transform to images of height and width `size`.
    public init(_ size: [Int]) { self.size = size }

    /// Returns the middle of the image.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        crop(x, to: size, in: "CenterCrop") { ($0 + 1) / 2 }
    }
}

/// Crops a part at a random position of an image: `[*, H, W] -> [*, height, width]`. An image that is smaller is an error.
///
/// The position is drawn from the default generator, which in a loader belongs to the sample.
public struct RandomCrop: Transform {
    /// Height and width of the result.
    public let size: [Int]
    /// The number of zeros that are added at each edge before. Default: 0.
    public let padding: Int

    /// Creates a transform to images of `size` by `size`.
    public init(_ size: Int, padding: Int = 0) { self.init([size, size], padding: padding) }
    /// Creates a transform to images of height and width `size`.
    public init(_ size: [Int], padding: Int = 0) {
        self.size = size
        self.padding = padding
    }

    /// Returns a part of the image.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let padded = padding == 0 ? x : x.pad([padding, padding, padding, padding])
        return crop(padded, to: size, in: "RandomCrop") { free in
            free == 0 ? 0 : Tensor.randint(0, free + 1, [1], device: .cpu).item(Int.self)
        }
    }
}

/// The part of the given size; `start` gives its first index from the number of rows or columns that are left out.
private func crop(_ x: Tensor, to size: [Int], in operation: String, start: (Int) -> Int) -> Tensor {
    guard size.count == 2, x.rank >= 2, size.allSatisfy({ $0 > 0 }), x.size(-2) >= size[0], x.size(-1) >= size[1] else {
        return fail(
            TensorError(
                .shape, in: operation, "the image is smaller than the part, or the size is not positive",
                got: "size \(size)",
                expected: "an image [*, height, width] of at least this size", operands: [x]))
    }
    let top = start(x.size(-2) - size[0])
    let left = start(x.size(-1) - size[1])
    return x.narrow(-2, start: top, length: size[0]).narrow(-1, start: left, length: size[1])
}

private func isDrawn(_ p: Double) -> Bool { Tensor.rand([1], dtype: .float32, device: .cpu).item() < p }

private func checkedProbability(_ p: Double, in operation: String) -> Double {
    if (0...1).contains(p) { return p }
    reportFailure(
        TensorError(
            .value, in: operation, "the probability is out of range", got: "\(p)", expected: "a number from 0 to 1"))
    return 0
}
