// Further forms of arguments that PyTorch has: labels such as `unbiased:` and `startDim:`, and arguments without labels.

extension Tensor {
    /// Returns `std(correction: unbiased ? 1 : 0)`.
    public func std(unbiased: Bool) -> Tensor { std(correction: unbiased ? 1 : 0) }
    /// Returns `std(dim: dim, correction: unbiased ? 1 : 0)`.
    public func std(_ dim: Int, unbiased: Bool, keepdim: Bool = false) -> Tensor {
        std(dim: dim, correction: unbiased ? 1 : 0, keepdim: keepdim)
    }
    /// Returns `std(dim: dim, correction: unbiased ? 1 : 0)`.
    public func std(dim: Int, unbiased: Bool, keepdim: Bool = false) -> Tensor {
        std(dim: dim, correction: unbiased ? 1 : 0, keepdim: keepdim)
    }
    /// Returns `var(correction: unbiased ? 1 : 0)`.
    public func `var`(unbiased: Bool) -> Tensor { self.var(correction: unbiased ? 1 : 0) }
    /// Returns `var(dim: dim, correction: unbiased ? 1 : 0)`.
    public func `var`(_ dim: Int, unbiased: Bool, keepdim: Bool = false) -> Tensor {
        self.var(dim: dim, correction: unbiased ? 1 : 0, keepdim: keepdim)
    }
    /// Returns `var(dim: dim, correction: unbiased ? 1 : 0)`.
    public func `var`(dim: Int, unbiased: Bool, keepdim: Bool = false) -> Tensor {
        self.var(dim: dim, correction: unbiased ? 1 : 0, keepdim: keepdim)
    }

    /// Returns `norm(p: p)`.
    public func norm(_ p: Double) -> Tensor { norm(p: p) }
    /// Returns `norm(p: p, dim: dim, keepdim: keepdim)`.
    public func norm(_ p: Double, _ dim: Int, keepdim: Bool = false) -> Tensor {
        norm(p: p, dim: dim, keepdim: keepdim)
    }
    /// Returns `norm(p: p, dim: dim, keepdim: keepdim)`.
    public func norm(_ p: Double, dim: Int, keepdim: Bool = false) -> Tensor { norm(p: p, dim: dim, keepdim: keepdim) }
    /// Returns `topk(k, dim: dim, largest: largest)`.
    public func topk(k: Int, dim: Int = -1, largest: Bool = true) -> (values: Tensor, indices: Tensor) {
        topk(k, dim: dim, largest: largest)
    }
    /// Returns `bincount(weights: weights, minLength: minlength)`.
    public func bincount(weights: Tensor? = nil, minlength: Int) -> Tensor {
        bincount(weights: weights, minLength: minlength)
    }

    /// Returns `flatten(from: startDim, to: endDim)`.
    public func flatten(_ startDim: Int, _ endDim: Int = -1) -> Tensor { flatten(from: startDim, to: endDim) }
    /// Returns `flatten(from: startDim, to: endDim)`.
    public func flatten(startDim: Int, endDim: Int = -1) -> Tensor { flatten(from: startDim, to: endDim) }
    /// Returns `narrow(dim, start: start, length: length)`.
    public func narrow(_ dim: Int, _ start: Int, _ length: Int) -> Tensor {
        narrow(dim, start: start, length: length)
    }
    /// Returns `unfold(dimension, size: size, step: step)`.
    public func unfold(_ dimension: Int, _ size: Int, _ step: Int) -> Tensor {
        unfold(dimension, size: size, step: step)
    }
    /// Returns `unfold(dimension, size: size, step: step)`.
    public func unfold(dimension: Int, size: Int, step: Int) -> Tensor { unfold(dimension, size: size, step: step) }
    /// Returns `transpose(dim0, dim1)`.
    public func transpose(dim0: Int, dim1: Int) -> Tensor { transpose(dim0, dim1) }
    /// Returns `permute(dims)`.
    public func permute(dims: [Int]) -> Tensor { permute(dims) }
    /// Returns `flip(dims)`.
    public func flip(dims: [Int]) -> Tensor { flip(dims) }
    /// Returns `roll(shift, dim: dims)`.
    public func roll(_ shift: Int, dims: Int) -> Tensor { roll(shift, dim: dims) }
    /// Returns `roll(shifts, dim: dims)`.
    public func roll(shifts: Int, dims: Int) -> Tensor { roll(shifts, dim: dims) }
    /// Returns `roll(shifts, dims: dims)`.
    public func roll(shifts: [Int], dims: [Int]) -> Tensor { roll(shifts, dims: dims) }
    /// Returns `tril(diagonal)`.
    public func tril(diagonal: Int) -> Tensor { tril(diagonal) }
    /// Returns `triu(diagonal)`.
    public func triu(diagonal: Int) -> Tensor { triu(diagonal) }

    /// Returns `clamp(min: min, max: max)`.
    public func clamp(_ min: some TensorScalar, _ max: some TensorScalar) -> Tensor { clamp(min: min, max: max) }
    /// Replaces the elements by `clamp(min: min, max: max)`.
    @discardableResult
    public func clamp_(_ min: some TensorScalar, _ max: some TensorScalar) -> Tensor { clamp_(min: min, max: max) }
    /// Returns `maskedFill(mask, value)`.
    public func maskedFill(mask: Tensor, value: some TensorScalar) -> Tensor { maskedFill(mask, value) }
    /// Returns `lerp(end, weight: weight)`.
    public func lerp(_ end: Tensor, _ weight: some TensorScalar) -> Tensor { lerp(end, weight: weight) }
}

/// Returns `x.flatten(from: startDim, to: endDim)`.
public func flatten(_ x: Tensor, _ startDim: Int, _ endDim: Int = -1) -> Tensor {
    x.flatten(from: startDim, to: endDim)
}
/// Returns `x.flatten(from: startDim, to: endDim)`.
public func flatten(_ x: Tensor, startDim: Int, endDim: Int = -1) -> Tensor { x.flatten(from: startDim, to: endDim) }
/// Returns `x.narrow(dim, start: start, length: length)`.
public func narrow(_ x: Tensor, _ dim: Int, _ start: Int, _ length: Int) -> Tensor {
    x.narrow(dim, start: start, length: length)
}
/// Returns `x.tril(diagonal)`.
public func tril(_ x: Tensor, diagonal: Int) -> Tensor { x.tril(diagonal) }
/// Returns `x.triu(diagonal)`.
public func triu(_ x: Tensor, diagonal: Int) -> Tensor { x.triu(diagonal) }
/// Returns `x.norm(p: p)`.
public func norm(_ x: Tensor, _ p: Double) -> Tensor { x.norm(p: p) }
/// Returns `x.std(correction: unbiased ? 1 : 0)`.
public func std(_ x: Tensor, unbiased: Bool) -> Tensor { x.std(correction: unbiased ? 1 : 0) }
/// Returns `x.bincount(weights: weights, minLength: minlength)`.
public func bincount(_ x: Tensor, weights: Tensor? = nil, minlength: Int) -> Tensor {
    x.bincount(weights: weights, minLength: minlength)
}
/// Returns the number of elements, `x.numel`.
public func numel(_ x: Tensor) -> Int { x.count }

/// Returns the larger element of each pair: `maximum(a, b)`.
public func max(_ a: Tensor, _ b: Tensor) -> Tensor { a.maximum(b) }
/// Returns the smaller element of each pair: `minimum(a, b)`.
public func min(_ a: Tensor, _ b: Tensor) -> Tensor { a.minimum(b) }
/// Returns `a * b`.
public func mul(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a * b }
/// Returns `a.div(b, rounding: rounding)`.
public func div(_ a: Tensor, _ b: Tensor, rounding: DivisionRounding = .none) -> Tensor { a.div(b, rounding: rounding) }
/// Returns `a.div(b, rounding: rounding)`.
public func div(_ a: Tensor, _ b: some TensorScalar, rounding: DivisionRounding = .none) -> Tensor {
    a.div(b, rounding: rounding)
}
/// Returns `a.floorDivide(b)`.
public func floorDivide(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a.floorDivide(b) }
/// Returns `x.clamp(min: min, max: max)`.
public func clamp(_ x: Tensor, _ min: some TensorScalar, _ max: some TensorScalar) -> Tensor {
    x.clamp(min: min, max: max)
}
/// Returns `start.lerp(end, weight: weight)`.
public func lerp(_ start: Tensor, _ end: Tensor, _ weight: some TensorScalar) -> Tensor {
    start.lerp(end, weight: weight)
}
/// Returns `leakyRelu(x, negativeSlope: negativeSlope)`.
public func leakyRelu(_ x: Tensor, _ negativeSlope: Double) -> Tensor { leakyRelu(x, negativeSlope: negativeSlope) }
/// Returns `dropout(x, p: p, training: training)`.
public func dropout(_ x: Tensor, _ p: Double, training: Bool = true, generator: Generator = .default) -> Tensor {
    dropout(x, p: p, training: training, generator: generator)
}
/// Returns `oneHot(classes, numClasses: numClasses)`.
public func oneHot(_ classes: Tensor, _ numClasses: Int) -> Tensor { oneHot(classes, numClasses: numClasses) }

/// Returns the elements of `a` where the condition is true, and those of `b` elsewhere: `Tensor.where(condition, a, b)`.
public func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor { Tensor.where(condition, a, b) }
/// Returns the elements of `a` where the condition is true, and `b` elsewhere: `Tensor.where(condition, a, b)`.
public func `where`(_ condition: Tensor, _ a: Tensor, _ b: some TensorScalar) -> Tensor {
    Tensor.where(condition, a, b)
}
/// Returns `a` where the condition is true, and the elements of `b` elsewhere: `Tensor.where(condition, a, b)`.
public func `where`(_ condition: Tensor, _ a: some TensorScalar, _ b: Tensor) -> Tensor {
    Tensor.where(condition, a, b)
}
/// Returns `a` where the condition is true, and `b` elsewhere: `Tensor.where(condition, a, b)`.
public func `where`(_ condition: Tensor, _ a: some TensorScalar, _ b: some TensorScalar) -> Tensor {
    Tensor.where(condition, a, b)
}
/// Returns the indices of the elements that are not 0, for each dimension: `Tensor.where(condition)`.
public func `where`(_ condition: Tensor) -> [Tensor] { Tensor.where(condition) }

/// Returns `Tensor.randint(0, high, shape)`.
public func randint(
    _ high: Int, _ shape: [Int], dtype: DType = .int64, device: Device = .current, generator: Generator = .default
) -> Tensor {
    Tensor.randint(0, high, shape, dtype: dtype, device: device, generator: generator)
}
/// Returns `Tensor.randint(0, high, size)`.
public func randint(
    _ high: Int, size: [Int], dtype: DType = .int64, device: Device = .current, generator: Generator = .default
) -> Tensor {
    Tensor.randint(0, high, size, dtype: dtype, device: device, generator: generator)
}

/// Returns `x.asStridedScatter(source, size, stride: stride, offset: offset)`.
public func asStridedScatter(
    _ x: Tensor, _ source: Tensor, _ size: [Int], stride: [Int], offset: Int? = nil
) -> Tensor {
    x.asStridedScatter(source, size, stride: stride, offset: offset)
}
/// Returns `x.sliceScatter(source, dim: dim, start: start, end: end, step: step)`.
public func sliceScatter(
    _ x: Tensor, _ source: Tensor, dim: Int = 0, start: Int? = nil, end: Int? = nil, step: Int = 1
) -> Tensor {
    x.sliceScatter(source, dim: dim, start: start, end: end, step: step)
}

extension Tensor {
    /// Returns `cat(tensors, dim: dim)`.
    public static func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor { Torchlight.cat(tensors, dim) }
    /// Returns `stack(tensors, dim: dim)`.
    public static func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor { Torchlight.stack(tensors, dim) }
}

extension Device {
    /// The device with a name of PyTorch: "cpu", "cuda", "cuda:1" or "meta". Another name is an error.
    ///
    ///     let device = Device(Device.cuda.isAvailable ? "cuda" : "cpu")
    public init(_ name: String) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        let index = parts.count == 1 ? 0 : parts.count == 2 ? Int(parts[1]) : nil
        switch (parts[0], index) {
        case ("cpu", 0?): self = .cpu
        case ("meta", 0?): self = .meta
        case ("cuda", let index?) where index >= 0: self = .cuda(index)
        default:
            reportFailure(
                TensorError(
                    .device, in: "Device", "there is no device with this name", got: "\"\(name)\"",
                    expected: "\"cpu\", \"cuda\", \"cuda:1\" or \"meta\""))
            self = .cpu
        }
    }
}
