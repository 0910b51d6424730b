/// Discrete Fourier transforms.
///
/// The forward transform of n numbers is `y[k] = sum over j of x[j] e^(-2 pi i j k / n)`; the inverse one has the positive sign and
/// is divided by n. Real numbers become complex ones; integers and bool are converted to float32 first. Any size is fast: sizes
/// with large prime factors take about four times as long as others.
///
///     let spectrum = FFT.rfft(signal)                  // [*, n] -> [*, n / 2 + 1]
///     let again = FFT.irfft(spectrum, n: signal.size(-1))
public enum FFT {
    /// By what a transform of n numbers is divided.
    public enum Norm: Sendable, Hashable {
        /// Nothing for a forward transform, n for an inverse one.
        case backward
        /// The square root of n for both, so that lengths are kept.
        case ortho
        /// n for a forward transform, nothing for an inverse one.
        case forward

        fileprivate func scale(_ count: Int, isInverse: Bool) -> Double {
            switch self {
            case .ortho: 1 / Double(count).squareRoot()
            case .backward: isInverse ? 1 / Double(count) : 1
            case .forward: isInverse ? 1 : 1 / Double(count)
            }
        }
    }

    // MARK: One dimension

    /// The Fourier transform along a dimension, complex.
    ///
    /// - Parameter n: the size that is transformed: more is cut off, and zeros fill what is missing.
    public static func fft(_ x: Tensor, n: Int? = nil, dim: Int = -1, norm: Norm = .backward) -> Tensor {
        complexTransform("fft", x, n.map { [$0] }, [dim], norm, isInverse: false)
    }

    /// The inverse of ``fft(_:n:dim:norm:)``.
    public static func ifft(_ x: Tensor, n: Int? = nil, dim: Int = -1, norm: Norm = .backward) -> Tensor {
        complexTransform("ifft", x, n.map { [$0] }, [dim], norm, isInverse: true)
    }

    /// The Fourier transform of real numbers along a dimension, without the frequencies that are conjugate to others:
    /// `[*, n] -> [*, n / 2 + 1]`.
    public static func rfft(_ x: Tensor, n: Int? = nil, dim: Int = -1, norm: Norm = .backward) -> Tensor {
        fromReal("rfft", x, n.map { [$0] }, [dim], norm, isInverse: false)
    }

    /// The inverse of ``rfft(_:n:dim:norm:)``, real: `[*, m] -> [*, n]`.
    ///
    /// - Parameter n: the size of the result; left out, `2 (m - 1)`.
    public static func irfft(_ x: Tensor, n: Int? = nil, dim: Int = -1, norm: Norm = .backward) -> Tensor {
        toReal("irfft", x, n.map { [$0] }, [dim], norm, isInverse: true)
    }

    /// The Fourier transform of numbers that are conjugate to those at negative positions, of which `x` has the others; real.
    ///
    /// - Parameter n: the size of the result; left out, `2 (m - 1)` for m numbers.
    public static func hfft(_ x: Tensor, n: Int? = nil, dim: Int = -1, norm: Norm = .backward) -> Tensor {
        toReal("hfft", x, n.map { [$0] }, [dim], norm, isInverse: false)
    }

    /// The inverse of ``hfft(_:n:dim:norm:)``.
    public static func ihfft(_ x: Tensor, n: Int? = nil, dim: Int = -1, norm: Norm = .backward) -> Tensor {
        fromReal("ihfft", x, n.map { [$0] }, [dim], norm, isInverse: true)
    }

    // MARK: Two dimensions

    /// The Fourier transform along two dimensions.
    public static func fft2(_ x: Tensor, s: [Int]? = nil, dim: [Int] = [-2, -1], norm: Norm = .backward) -> Tensor {
        complexTransform("fft2", x, s, dim, norm, isInverse: false)
    }
    /// The inverse of ``fft2(_:s:dim:norm:)``.
    public static func ifft2(_ x: Tensor, s: [Int]? = nil, dim: [Int] = [-2, -1], norm: Norm = .backward) -> Tensor {
        complexTransform("ifft2", x, s, dim, norm, isInverse: true)
    }
    /// The Fourier transform of real numbers along two dimensions; the last of them keeps `n / 2 + 1` frequencies.
    public static func rfft2(_ x: Tensor, s: [Int]? = nil, dim: [Int] = [-2, -1], norm: Norm = .backward) -> Tensor {
        fromReal("rfft2", x, s, dim, norm, isInverse: false)
    }
    /// The inverse of ``rfft2(_:s:dim:norm:)``.
    public static func irfft2(_ x: Tensor, s: [Int]? = nil, dim: [Int] = [-2, -1], norm: Norm = .backward) -> Tensor {
        toReal("irfft2", x, s, dim, norm, isInverse: true)
    }
    /// ``hfft(_:n:dim:norm:)`` along two dimensions.
    public static func hfft2(_ x: Tensor, s: [Int]? = nil, dim: [Int] = [-2, -1], norm: Norm = .backward) -> Tensor {
        toReal("hfft2", x, s, dim, norm, isInverse: false)
    }
    /// The inverse of ``hfft2(_:s:dim:norm:)``.
    public static func ihfft2(_ x: Tensor, s: [Int]? = nil, dim: [Int] = [-2, -1], norm: Norm = .backward) -> Tensor {
        fromReal("ihfft2", x, s, dim, norm, isInverse: true)
    }

    // MARK: Any dimensions

    /// The Fourier transform along several dimensions: those of `dim`, else the last ones for which `s` has sizes, else all.
    public static func fftn(_ x: Tensor, s: [Int]? = nil, dim: [Int]? = nil, norm: Norm = .backward) -> Tensor {
        complexTransform("fftn", x, s, dim, norm, isInverse: false)
    }
    /// The inverse of ``fftn(_:s:dim:norm:)``.
    public static func ifftn(_ x: Tensor, s: [Int]? = nil, dim: [Int]? = nil, norm: Norm = .backward) -> Tensor {
        complexTransform("ifftn", x, s, dim, norm, isInverse: true)
    }
    /// The Fourier transform of real numbers along several dimensions; the last of them keeps `n / 2 + 1` frequencies.
    public static func rfftn(_ x: Tensor, s: [Int]? = nil, dim: [Int]? = nil, norm: Norm = .backward) -> Tensor {
        fromReal("rfftn", x, s, dim, norm, isInverse: false)
    }
    /// The inverse of ``rfftn(_:s:dim:norm:)``.
    public static func irfftn(_ x: Tensor, s: [Int]? = nil, dim: [Int]? = nil, norm: Norm = .backward) -> Tensor {
        toReal("irfftn", x, s, dim, norm, isInverse: true)
    }
    /// ``hfft(_:n:dim:norm:)`` along several dimensions.
    public static func hfftn(_ x: Tensor, s: [Int]? = nil, dim: [Int]? = nil, norm: Norm = .backward) -> Tensor {
        toReal("hfftn", x, s, dim, norm, isInverse: false)
    }
    /// The inverse of ``hfftn(_:s:dim:norm:)``.
    public static func ihfftn(_ x: Tensor, s: [Int]? = nil, dim: [Int]? = nil, norm: Norm = .backward) -> Tensor {
        fromReal("ihfftn", x, s, dim, norm, isInverse: true)
    }

    // MARK: Frequencies

    /// The frequencies of a transform of n numbers at a distance of `d`: `[0, 1, ..., (n - 1) / 2, -(n / 2), ..., -1] / (d n)`.
    public static func fftfreq(
        _ n: Int, d: Double = 1, dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        frequencies("fftfreq", n, d) {
            let half = (n - 1) / 2 + 1
            let rising = Tensor.arange(0, half, dtype: dtype, device: device)
            let falling = Tensor.arange(-(n / 2), 0, dtype: dtype, device: device)
            return (cat([rising, falling], dim: 0) * (1 / (Double(n) * d))).requiresGrad_(requiresGrad)
        }
    }

    /// The frequencies of a transform of n real numbers at a distance of `d`: `[0, 1, ..., n / 2] / (d n)`.
    public static func rfftfreq(
        _ n: Int, d: Double = 1, dtype: DType = .default, device: Device = .current, requiresGrad: Bool = false
    ) -> Tensor {
        frequencies("rfftfreq", n, d) {
            (Tensor.arange(0, n / 2 + 1, dtype: dtype, device: device) * (1 / (Double(n) * d)))
                .requiresGrad_(requiresGrad)
        }
    }

    /// Frequencies moved so that 0 comes to the middle of each dimension; all dimensions where none is named.
    public static func fftshift(_ x: Tensor, dim: [Int]? = nil) -> Tensor {
        shifted("fftshift", x, dim) { $0 / 2 }
    }
    /// Frequencies moved so that 0 comes to the middle of a dimension.
    public static func fftshift(_ x: Tensor, dim: Int) -> Tensor { fftshift(x, dim: [dim]) }

    /// The inverse of ``fftshift(_:dim:)-(_,[Int]?)``.
    public static func ifftshift(_ x: Tensor, dim: [Int]? = nil) -> Tensor {
        shifted("ifftshift", x, dim) { ($0 + 1) / 2 }
    }
    /// The inverse of ``fftshift(_:dim:)-(_,Int)``.
    public static func ifftshift(_ x: Tensor, dim: Int) -> Tensor { ifftshift(x, dim: [dim]) }

    private static func shifted(_ operation: String, _ x: Tensor, _ dim: [Int]?, _ by: (Int) -> Int) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            if x.isPlaceholder || x.rank == 0 { return x }
            let dims = try dim.map { d throws(TensorError) in try x.resolve(d, in: operation) } ?? Array(0..<x.rank)
            return x.roll(dims.map { by(x.layout.shape[$0]) }, dims: dims)
        }
    }

    private static func frequencies(_ operation: String, _ n: Int, _ d: Double, _ make: () -> Tensor) -> Tensor {
        guard n > 0, d != 0 else {
            return fail(
                TensorError(
                    .value, in: operation, "there are no frequencies", got: "n \(n), d \(d)",
                    expected: "a positive n and a distance that is not 0"))
        }
        return make()
    }
}

// MARK: - Sizes and passes

extension FFT {
    /// The dimensions of a transform and the size of each.
    private static func plan(
        _ operation: String, _ x: Tensor, _ sizes: [Int]?, _ dim: [Int]?
    ) throws(TensorError) -> [(dim: Int, size: Int?)] {
        guard x.rank > 0 else {
            throw TensorError(
                .shape, in: operation, "a 0-dimensional tensor cannot be transformed",
                expected: "at least one dimension", operands: [x])
        }
        if let sizes, let dim, sizes.count != dim.count {
            throw TensorError(
                .value, in: operation, "there is not a size for each dimension", got: "s \(sizes), dim \(dim)",
                operands: [x])
        }
        if let sizes, sizes.count > x.rank {
            throw TensorError(
                .value, in: operation, "there are more sizes than dimensions", got: "s \(sizes)", operands: [x])
        }
        let dims = try x.resolve(
            dim ?? (sizes.map { Array((x.rank - $0.count)..<x.rank) } ?? Array(0..<x.rank)), in: operation)
        for size in sizes ?? [] where size < 1 && size != -1 {
            throw TensorError(
                .value, in: operation, "a size is not positive", got: "\(size)", expected: "at least 1, or -1",
                operands: [x])
        }
        return dims.enumerated().map { i, d in
            (d, sizes.flatMap { $0[i] == -1 ? nil : $0[i] })
        }
    }

    private static func prepared(_ operation: String, _ x: Tensor) throws(TensorError) -> Tensor {
        if x.dtype == .float16 || x.dtype == .bfloat16 {
            throw .dtype(
                operation, [x], expected: "float32, float64 or complex numbers", fix: "convert it, as in x.to(.float32)"
            )
        }
        return x.dtype.isDifferentiable ? x : x.to(.default)
    }

    private static func complexTransform(
        _ operation: String, _ x: Tensor, _ sizes: [Int]?, _ dim: [Int]?, _ norm: Norm, isInverse: Bool
    ) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            if x.isPlaceholder { return x }
            let plan = try plan(operation, x, sizes, dim)
            var y = try prepared(operation, x)
            y = y.to(y.dtype.toComplex)
            return passes(y, plan, norm, isInverse: isInverse)
        }
    }

    /// The complex transform along the planned dimensions, after cutting and filling.
    private static func passes(
        _ x: Tensor, _ plan: [(dim: Int, size: Int?)], _ norm: Norm, isInverse: Bool
    ) -> Tensor {
        var y = x
        var (dims, count) = (Dims(), 1)
        for (dim, size) in plan {
            if let size { y = y.resized(dim, to: size) }
            dims.append(dim)
            count *|= y.layout.shape[dim]
        }
        if dims.isEmpty { return y }
        return apply(
            FourierTransform(dims: dims, isInverse: isInverse, scale: norm.scale(count, isInverse: isInverse)), y)
    }

    /// From real numbers: the last dimension by the transform of real ones, the others after it.
    private static func fromReal(
        _ operation: String, _ x: Tensor, _ sizes: [Int]?, _ dim: [Int]?, _ norm: Norm, isInverse: Bool
    ) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            if x.isPlaceholder { return x }
            var plan = try plan(operation, x, sizes, dim)
            var y = try prepared(operation, x)
            guard !y.dtype.isComplex else {
                throw .dtype(operation, [x], expected: "real numbers", fix: "use FFT.fft for complex ones")
            }
            guard let last = plan.popLast() else {
                throw TensorError(.value, in: operation, "no dimension is named", operands: [x])
            }
            if let size = last.size { y = y.resized(last.dim, to: size) }
            let scale = norm.scale(y.layout.shape[last.dim], isInverse: isInverse)
            y = apply(RealFourierTransform(dim: last.dim, scale: scale), y)
            if isInverse { y = y.conj() }
            return passes(y, plan, norm, isInverse: isInverse)
        }
    }

    /// To real numbers: the last dimension by the transform to real ones, the others before it.
    private static func toReal(
        _ operation: String, _ x: Tensor, _ sizes: [Int]?, _ dim: [Int]?, _ norm: Norm, isInverse: Bool
    ) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            if x.isPlaceholder { return x }
            var plan = try plan(operation, x, sizes, dim)
            guard let last = plan.popLast() else {
                throw TensorError(.value, in: operation, "no dimension is named", operands: [x])
            }
            var y = try prepared(operation, x)
            y = y.to(y.dtype.toComplex)
            let size = last.size ?? 2 * (y.layout.shape[last.dim] - 1)
            guard size >= 1 else {
                throw TensorError(
                    .value, in: operation, "the result would be empty", got: "size \(size)",
                    expected: "at least 1", fix: "pass the size of the result", operands: [x])
            }
            y = passes(y.resized(last.dim, to: size / 2 + 1), plan, norm, isInverse: isInverse)
            if !isInverse { y = y.conj() }
            return apply(
                InverseRealFourierTransform(
                    dim: last.dim, size: size, scale: norm.scale(size, isInverse: isInverse)), y)
        }
    }
}
