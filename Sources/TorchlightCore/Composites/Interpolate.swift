// Resampling of images and signals, one dimension after the other.

/// How `interpolate` finds the elements of the result.
public enum InterpolationMode: String, Sendable, Hashable {
    /// The nearest element, of old: at the place of the result's beginning.
    case nearest
    /// The nearest element at the place of the result's middle.
    case nearestExact = "nearest-exact"
    /// Straight lines over one dimension.
    case linear
    /// Straight lines over two dimensions.
    case bilinear
    /// Cubic curves over two dimensions.
    case bicubic
    /// Straight lines over three dimensions.
    case trilinear
    /// The mean of the elements under each result.
    case area

    /// The number of dimensions it is for; nil for any.
    fileprivate var spatial: Int? {
        switch self {
        case .linear: 1
        case .bilinear, .bicubic: 2
        case .trilinear: 3
        case .nearest, .nearestExact, .area: nil
        }
    }
}

/// A signal, image or volume brought to another size: `[N, C, *] -> [N, C, size]`, with one to three spatial dimensions.
///
///     interpolate(x, size: [64, 64], mode: .bilinear)
///     interpolate(x, scaleFactor: [2], mode: .nearest)
///
/// Floating point; the nearest modes take every dtype, so that label maps and masks keep theirs.
///
/// - Parameters:
///   - size: one size for all spatial dimensions or one for each.
///   - scaleFactor: instead of a size; one factor for all or one for each. Sizes are rounded down.
///   - alignCorners: whether the first and last elements stay first and last instead of their outer edges; for modes that
///     draw lines or curves.
///   - recomputeScaleFactor: whether the sizes decide where results lie instead of the factors, which differ where sizes
///     were rounded.
///   - antialias: whether results take all elements under them when a size shrinks; `.bilinear` and `.bicubic`.
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
                .shape, in: "interpolate", "the input has not the number of dimensions of mode .\(mode)",
                expected: mode.spatial.map { "[N, C, \(Window.spatialNames($0))]" }
                    ?? "[N, C, *] with one to three spatial dimensions", operands: [x])
        }
        guard (0..<x.rank).allSatisfy({ x.layout.shape[$0] > 0 || $0 == 0 }) else {
            throw refuse("there is nothing to interpolate", expected: "sizes of at least 1 but for the batch")
        }
        if alignCorners != nil, mode.spatial == nil {
            throw refuse("mode .\(mode) has no corners to align", expected: "alignCorners left out")
        }
        if antialias, mode != .bilinear && mode != .bicubic {
            throw refuse("mode .\(mode) cannot be antialiased", expected: "mode .bilinear or .bicubic")
        }
        var factors: [Double?] = Array(repeating: nil, count: spatial)
        let sizes: [Int]
        switch (size, scaleFactor) {
        case (let size?, nil):
            guard size.count == 1 || size.count == spatial, size.allSatisfy({ $0 > 0 }) else {
                throw refuse(
                    "the size is not for \(quantity(spatial, "dimension"))", got: "\(size)",
                    expected: "one positive size or \(spatial)")
            }
            if recomputeScaleFactor == true {
                throw refuse("there is no factor to compute again", expected: "a scaleFactor instead of a size")
            }
            sizes = size.count == 1 ? Array(repeating: size[0], count: spatial) : size
        case (nil, let factor?):
            let each = factor.count == 1 ? Array(repeating: factor[0], count: spatial) : factor
            let results = each.enumerated().map {
                (Double(x.shape[2 + Swift.min($0, spatial - 1)]) * $1).rounded(.down)
            }
            guard each.count == spatial, results.allSatisfy({ $0 >= 1 && $0 < 0x1p31 }) else {
                throw refuse(
                    "the factors are not for the sizes", got: "\(factor)",
                    expected: "one factor or \(spatial) that leave at least one element")
            }
            sizes = results.map { Int($0) }
            if recomputeScaleFactor != true { factors = each }
        default:
            throw refuse("the size of the result is not clear", expected: "either size or scaleFactor")
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
        // The last dimension first: it costs most, and is done while there is least of the others.
        for i in (0..<spatial).reversed() {
            let rule = ResamplingRule(
                kind: kind, size: x.shape[2 + i], count: sizes[i], alignCorners: alignCorners ?? false,
                factor: factors[i])
            if mode == .nearest || mode == .nearestExact, !x.dtype.isFloatingPoint {
                let places = rule.nearestPlaces
                result = result.indexSelect(2 + i, Tensor(places, shape: [places.count], device: result.device))
            } else {
                result = apply(Resample(dim: 2 + i, rule: rule), result)
            }
        }
        return result
    }
}

/// `interpolate` in mode `.nearest`.
public func upsampleNearest(_ x: Tensor, size: [Int]? = nil, scaleFactor: [Double]? = nil) -> Tensor {
    interpolate(x, size: size, scaleFactor: scaleFactor, mode: .nearest)
}

/// `interpolate` in mode `.bilinear` with aligned corners.
public func upsampleBilinear(_ x: Tensor, size: [Int]? = nil, scaleFactor: [Double]? = nil) -> Tensor {
    interpolate(x, size: size, scaleFactor: scaleFactor, mode: .bilinear, alignCorners: true)
}
