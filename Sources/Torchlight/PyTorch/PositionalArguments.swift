// Arguments that have no label in PyTorch, or another one.

extension Tensor {
    /// Fills the tensor with normally distributed numbers: `normal_(mean: mean, std: std)`.
    @discardableResult
    public func normal_(_ mean: Double, _ std: Double = 1, generator: Generator = .default) -> Tensor {
        normal_(mean: mean, std: std, generator: generator)
    }
    /// Fills the tensor with uniformly distributed numbers: `uniform_(from: from, to: to)`.
    @discardableResult
    public func uniform_(_ from: Double, _ to: Double, generator: Generator = .default) -> Tensor {
        uniform_(from: from, to: to, generator: generator)
    }
    /// Fills the tensor with 1 with probability `p`, otherwise with 0: `bernoulli_(p: p)`.
    @discardableResult
    public func bernoulli_(_ p: Double, generator: Generator = .default) -> Tensor {
        bernoulli_(p: p, generator: generator)
    }
    /// Returns `nanToNum(nan: nan, posinf: posinf, neginf: neginf)`.
    public func nanToNum(_ nan: Double, posinf: Double? = nil, neginf: Double? = nil) -> Tensor {
        nanToNum(nan: nan, posinf: posinf, neginf: neginf)
    }
    /// Returns `sort(dim: dim, descending: descending)`.
    public func sort(_ dim: Int, _ descending: Bool) -> (values: Tensor, indices: Tensor) {
        sort(dim: dim, descending: descending)
    }
    /// Returns `argsort(dim: dim, descending: descending)`.
    public func argsort(_ dim: Int, _ descending: Bool) -> Tensor { argsort(dim: dim, descending: descending) }
    /// Returns `topk(k, dim: dim, largest: largest)`. `sorted` has no effect: the values are sorted.
    public func topk(
        _ k: Int, _ dim: Int, _ largest: Bool, _ sorted: Bool = true
    ) -> (values: Tensor, indices: Tensor) {
        topk(k, dim: dim, largest: largest)
    }
    /// Returns `lerp(end, weight: weight)`.
    public func lerp(_ end: Tensor, _ weight: Tensor) -> Tensor { lerp(end, weight: weight) }
    /// Returns `multinomial(numSamples, replacement: replacement)`.
    public func multinomial(
        numSamples: Int, replacement: Bool = false, generator: Generator = .default
    ) -> Tensor {
        multinomial(numSamples, replacement: replacement, generator: generator)
    }
    /// Whether each element is among the numbers: `isin(Tensor(test))`.
    public func isin(_ test: [Int], invert: Bool = false) -> Tensor { isin(Tensor(test), invert: invert) }
    /// Whether each element is among the numbers: `isin(Tensor(test))`.
    public func isin(_ test: [Double], invert: Bool = false) -> Tensor { isin(Tensor(test), invert: invert) }
    /// The sorted values of `unique()`, where a tensor is expected: `x.unique().shape`.
    @_disfavoredOverload
    public func unique(dim: Int? = nil) -> Tensor { (unique(dim: dim) as Unique).values }
    /// Not available: the indices of each dimension are `Tensor.where`.
    @available(
        *, unavailable, message: "the indices of each dimension are 'Tensor.where(x)', a tensor for each dimension"
    )
    public func nonzero(asTuple: Bool) -> [Tensor] { Tensor.where(self) }
    /// Not available: the result always has `values`, `inverse` and `counts`.
    @available(*, unavailable, message: "'x.unique()' has 'values', 'inverse' and 'counts'")
    public func unique(sorted: Bool = true, returnInverse: Bool = false, returnCounts: Bool = false) -> Tensor {
        fatalError()
    }
}

/// Returns `x.bucketize(boundaries, right: right)`.
public func bucketize(_ x: Tensor, _ boundaries: Tensor, right: Bool = false, outInt32: Bool = false) -> Tensor {
    x.bucketize(boundaries, right: right, outInt32: outInt32)
}
/// The sorted values of `x.unique()`, where a tensor is expected.
@_disfavoredOverload
public func unique(_ x: Tensor, dim: Int? = nil) -> Tensor { (x.unique(dim: dim) as Tensor.Unique).values }
/// Returns `start.lerp(end, weight: weight)`.
public func lerp(_ start: Tensor, _ end: Tensor, _ weight: Tensor) -> Tensor { start.lerp(end, weight: weight) }
/// Returns `x.nanToNum(nan: nan, posinf: posinf, neginf: neginf)`.
public func nanToNum(_ x: Tensor, _ nan: Double, posinf: Double? = nil, neginf: Double? = nil) -> Tensor {
    x.nanToNum(nan: nan, posinf: posinf, neginf: neginf)
}
/// Returns `weights.multinomial(numSamples, replacement: replacement)`.
public func multinomial(
    _ weights: Tensor, numSamples: Int, replacement: Bool = false, generator: Generator = .default
) -> Tensor {
    weights.multinomial(numSamples, replacement: replacement, generator: generator)
}
/// Returns `trapezoid(y, x: x, dim: dim)`.
public func trapezoid(_ y: Tensor, _ x: Tensor, dim: Int = -1) -> Tensor { trapezoid(y, x: x, dim: dim) }
/// Returns `trapezoid(y, x: x, dim: dim)`.
public func trapz(_ y: Tensor, _ x: Tensor, dim: Int = -1) -> Tensor { trapezoid(y, x: x, dim: dim) }
/// Returns `trapezoid(y, x: x, dim: dim)`.
public func trapz(_ y: Tensor, x: Tensor, dim: Int = -1) -> Tensor { trapezoid(y, x: x, dim: dim) }
/// Returns `tensordot(a, b, dims: dims.0, dims.1)`.
public func tensordot(_ a: Tensor, _ b: Tensor, dims: ([Int], [Int])) -> Tensor {
    tensordot(a, b, dims: dims.0, dims.1)
}
/// Returns `meshgrid([a, b, ...], indexing: indexing)`.
public func meshgrid(_ vectors: Tensor..., indexing: GridIndexing = .ij) -> [Tensor] {
    meshgrid(vectors, indexing: indexing)
}
/// Returns `cartesianProd([a, b, ...])`.
public func cartesianProd(_ vectors: Tensor...) -> Tensor { cartesianProd(vectors) }
/// Not available: the result always has `values`, `inverse` and `counts`.
@available(*, unavailable, message: "'unique(x)' has 'values', 'inverse' and 'counts'")
public func unique(
    _ x: Tensor, sorted: Bool = true, returnInverse: Bool = false, returnCounts: Bool = false
) -> (Tensor, Tensor, Tensor) { fatalError() }
/// Not available: names are in camel case.
@available(*, unavailable, renamed: "stdMean(_:)")
public func std_mean(_ x: Tensor) -> (Tensor, Tensor) { fatalError() }
/// Returns the sum of tensors of one shape, or of shapes that broadcast: `tensors[0] + tensors[1] + ...`. Without tensors it is
/// a tensor with the value 0.
public func sum(_ tensors: [Tensor]) -> Tensor {
    guard let first = tensors.first else { return Tensor(0) }
    return tensors.dropFirst().reduce(first, +)
}
/// Returns `interpolate(x, scaleFactor: [scaleFactor, ...])`, with the same factor for each spatial dimension.
public func interpolate(
    _ x: Tensor, scaleFactor: Double, mode: InterpolationMode = .nearest, alignCorners: Bool? = nil,
    antialias: Bool = false
) -> Tensor {
    interpolate(
        x, scaleFactor: Array(repeating: scaleFactor, count: max(x.rank - 2, 1)), mode: mode,
        alignCorners: alignCorners,
        antialias: antialias)
}

/// Returns `maxPool2d(x, kernelSize, stride: stride, padding: padding, ...)`.
public func maxPool2d(
    _ x: Tensor, kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0, dilation: Size2 = 1,
    ceilMode: Bool = false
) -> Tensor {
    maxPool2d(x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
}
/// Returns `avgPool2d(x, kernelSize, stride: stride, padding: padding, ...)`.
public func avgPool2d(
    _ x: Tensor, kernelSize: Size2, stride: Size2? = nil, padding: Size2 = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true
) -> Tensor {
    avgPool2d(x, kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad)
}
/// Returns `unfold(x, kernelSize, dilation: dilation, padding: padding, stride: stride)`.
public func unfold(
    _ x: Tensor, kernelSize: Size2, dilation: Size2 = 1, padding: Size2 = 0, stride: Size2 = 1
) -> Tensor {
    unfold(x, kernelSize, dilation: dilation, padding: padding, stride: stride)
}

extension ReLU {
    /// Creates a ReLU. `inplace` has no effect: the input is not changed.
    public convenience init(_ inplace: Bool) { self.init() }
}
extension ReLU6 {
    /// Creates a ReLU6. `inplace` has no effect: the input is not changed.
    public convenience init(_ inplace: Bool) { self.init() }
}
extension SiLU {
    /// Creates a SiLU. `inplace` has no effect: the input is not changed.
    public convenience init(_ inplace: Bool) { self.init() }
}

extension TransformerEncoder {
    /// Returns the output for sequences of which some elements are padding.
    public func callAsFunction(_ src: Tensor, srcKeyPaddingMask: Tensor?) -> Tensor {
        self(src, mask: nil, srcKeyPaddingMask: srcKeyPaddingMask)
    }
}

extension Generator {
    /// Not available: a generator serves all devices.
    @available(*, unavailable, message: "a generator serves all devices: 'Generator(seed: 0)'")
    public convenience init(device: String) { fatalError() }
    /// Not available: a generator is created from a seed.
    @available(*, unavailable, message: "a generator is created from a seed: 'Generator(seed: 0)'")
    public convenience init() { fatalError() }
}

/// Not available: a padding that depends on the kernel size is `.same`.
@available(*, unavailable, message: "write '.same' or '.valid'")
extension String: PaddingValue {
    /// Not available.
    public var padding: ConvPadding { .valid }
}
