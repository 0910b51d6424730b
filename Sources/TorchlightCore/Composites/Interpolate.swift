// Interpolation of signals, images and volumes, one dimension after the other.

/// The interpolation algorithm of `interpolate`.
public enum InterpolationMode: String, Sendable, Hashable {
    /// Nearest neighbour, with the index rounded down: input index `floor(i / scale)`.
    case nearest
    /// Nearest neighbour of the centre of the output element: input index `floor((i + 0.5) / scale)`.
    case nearestExact = "nearest-exact"
    /// Linear interpolation of `[N, C, L]`.
    case linear
    /// Bilinear interpolation of `[N, C, H, W]`.
    case bilinear
    /// Bicubic interpolation of `[N, C, H, W]`.
    case bicubic
    /// Trilinear interpolation of `[N, C, D, H, W]`.
    case trilinear
    /// Adaptive average pooling.
    case area

    /// The number of spatial dimensions that the mode requires; nil for any.
    fileprivate var spatial: Int? {
        switch self {
        case .linear: 1
        case .bilinear, .bicubic: 2
        case .trilinear: 3
        case .nearest, .nearestExact, .area: nil
        }
    }
}

/// Resizes a signal, image or volume by interpolation: `[N, C, *] -> [N, C, size]`, with one to three spatial
/// dimensions.
///
///     interpolate(x, size: [64, 64], mode: .bilinear)
///     interpolate(x, scaleFactor: [2], mode: .nearest)
///
/// Floating-point dtypes; `.nearest` and `.nearestExact` accept every dtype, for label maps and masks.
///
/// - Parameters:
///   - size: the output size, one for all spatial dimensions or one for each.
///   - scaleFactor: the ratio of output to input size, one for all spatial dimensions or one for each; instead of
///     `size`. Output sizes are rounded down.
///   - mode: the interpolation algorithm. Default: `.nearest`.
///   - alignCorners: whether the centres of the corner elements of input and output are aligned instead of their outer
///     edges. For linear and cubic modes. Default: false.
///   - recomputeScaleFactor: whether to compute the scale from the rounded output size instead of using `scaleFactor`.
///     Default: false.
///   - antialias: whether to use an antialiasing filter when downsampling; for `.bilinear` and `.bicubic`. Default:
///     false.
public func interpolate(
    _ x: Tensor, size: [Int]? = nil, scaleFactor: [Double]? = nil, mode: InterpolationMode = .nearest,
    alignCorners: Bool? = nil, recomputeScaleFactor: Bool? = nil, antialias: Bool = false
) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if x.isPlaceholder { return x }
        func refuse(_ problem: String, got: String? = nil, expected: String) -> TensorError {
            TensorError(.value, in: "interpolate", problem, got: got, expected: expected, operands: [x])
        }
        let spatial = x.rank - 2
        guard (1...3).contains(spatial), mode.spatial == nil || mode.spatial == spatial else {
            throw TensorError(
                .shape, in: "interpolate", "the input has the wrong number of dimensions for mode .\(mode)",
                expected: mode.spatial.map { "[N, C, \(Window.spatialNames($0))]" }
                    ?? "[N, C, *] with one to three spatial dimensions", operands: [x])
        }
        guard (0..<x.rank).allSatisfy({ x.layout.shape[$0] > 0 || $0 == 0 }) else {
            throw refuse("the input is empty", expected: "channel and spatial sizes of at least 1")
        }
        if alignCorners != nil, mode.spatial == nil {
            throw refuse("alignCorners has no meaning for mode .\(mode)", expected: "no alignCorners argument")
        }
        if antialias, mode != .bilinear && mode != .bicubic {
            throw refuse("antialias is not supported for mode .\(mode)", expected: "mode .bilinear or .bicubic")
        }
        var factors: [Double?] = Array(repeating: nil, count: spatial)
        let sizes: [Int]
        switch (size, scaleFactor) {
        case (let size?, nil):
            guard size.count == 1 || size.count == spatial, size.allSatisfy({ $0 > 0 }) else {
                throw refuse(
                    "size does not have one entry for each of \(quantity(spatial, "spatial dimension"))",
                    got: "\(size)",
                    expected: "one positive size or \(spatial)")
            }
            if recomputeScaleFactor == true {
                throw refuse("recomputeScaleFactor needs a scaleFactor", expected: "a scaleFactor instead of a size")
            }
            sizes = size.count == 1 ? Array(repeating: size[0], count: spatial) : size
        case (nil, let factor?):
            let each = factor.count == 1 ? Array(repeating: factor[0], count: spatial) : factor
            let results = each.enumerated().map {
                (Double(x.shape[2 + Swift.min($0, spatial - 1)]) * $1).rounded(.down)
            }
            guard each.count == spatial, results.allSatisfy({ $0 >= 1 && $0 < 0x1p31 }) else {
                throw refuse(
                    "scaleFactor has the wrong length or gives an empty result", got: "\(factor)",
                    expected: "one factor or \(spatial), each giving a size of at least 1")
            }
            sizes = results.map { Int($0) }
            if recomputeScaleFactor != true { factors = each }
        default:
            throw refuse("exactly one of size and scaleFactor must be given", expected: "either size or scaleFactor")
        }
        for size in sizes { try checkListSize(size, bytesEach: MemoryLayout<Int>.stride, in: "interpolate") }
        if mode == .area {
            try checkFloating(x, in: "interpolate")
            return apply(AdaptiveAvgPool(sizes: Dims(sizes)), x)
        }
        let kind: ResamplingRule.Kind =
            switch mode {
            case .nearest, .area: .nearest
            case .nearestExact: .nearestExact
            case .linear, .bilinear, .trilinear: antialias ? .antialiasedLinear : .linear
            case .bicubic: antialias ? .antialiasedCubic : .cubic
            }
        var result = x
        // The last dimension first: it costs most, and the others are smallest then.
        for i in (0..<spatial).reversed() {
            let rule = ResamplingRule(
                kind: kind, size: x.shape[2 + i], count: sizes[i], alignCorners: alignCorners ?? false,
                factor: factors[i])
            if mode == .nearest || mode == .nearestExact, !x.dtype.isFloatingPoint {
                let indices = rule.nearestIndices
                result = result.indexSelect(2 + i, Tensor(indices, shape: [indices.count], device: result.device))
            } else {
                result = apply(Resample(dim: 2 + i, rule: rule), result)
            }
        }
        return result
    }
}

/// `interpolate` with mode `.nearest`.
public func upsampleNearest(_ x: Tensor, size: [Int]? = nil, scaleFactor: [Double]? = nil) -> Tensor {
    interpolate(x, size: size, scaleFactor: scaleFactor, mode: .nearest)
}

/// `interpolate` with mode `.bilinear` and `alignCorners: true`.
public func upsampleBilinear(_ x: Tensor, size: [Int]? = nil, scaleFactor: [Double]? = nil) -> Tensor {
    interpolate(x, size: size, scaleFactor: scaleFactor, mode: .bilinear, alignCorners: true)
}
