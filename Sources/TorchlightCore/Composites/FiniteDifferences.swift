// Numerical derivatives of sampled functions.

/// Estimates the derivatives of a function along dimensions from its values at equally spaced points: one tensor with
/// the shape of `input` for each dimension.
///
/// Inner points use central differences, `(f[i + 1] - f[i - 1]) / 2h`. The two boundary points use one-sided
/// differences of order `edgeOrder`. Integers are converted to float32.
///
/// - Parameters:
///   - spacing: the distance `h` of the points. Default: 1.
///   - dim: the dimensions. Default: all.
///   - edgeOrder: 1 or 2: one-sided differences through two or three points at the boundaries. Default: 1.
public func gradient(_ input: Tensor, spacing: Double = 1, dim: [Int]? = nil, edgeOrder: Int = 1) -> [Tensor] {
    differences(input, dim, edgeOrder) { (_, _, _) throws(TensorError) in .equal(spacing) }
}

/// Estimates the derivative of a function along one dimension; the result has one element.
public func gradient(_ input: Tensor, spacing: Double = 1, dim: Int, edgeOrder: Int = 1) -> [Tensor] {
    gradient(input, spacing: spacing, dim: [dim], edgeOrder: edgeOrder)
}

/// Estimates the derivatives of a function along dimensions, with a spacing for each dimension.
public func gradient(_ input: Tensor, spacing: [Double], dim: [Int]? = nil, edgeOrder: Int = 1) -> [Tensor] {
    differences(input, dim, edgeOrder) { (i, _, dims) throws(TensorError) in
        guard spacing.count == dims else { throw countError(spacing.count, dims, input) }
        return .equal(spacing[i])
    }
}

/// Estimates the derivatives of a function along dimensions, with a vector of coordinates of the points for each
/// dimension.
///
/// Inner points use the derivative of the parabola through the point and its neighbours at distances `a` and `b`: `(a /
/// b) (f[i + 1] - f[i]) / (a + b) + (b / a) (f[i] - f[i - 1]) / (a + b)`.
public func gradient(_ input: Tensor, spacing: [Tensor], dim: [Int]? = nil, edgeOrder: Int = 1) -> [Tensor] {
    differences(input, dim, edgeOrder) { (i, d, dims) throws(TensorError) in
        guard spacing.count == dims else { throw countError(spacing.count, dims, input) }
        let coordinates = spacing[i]
        guard coordinates.rank == 1, coordinates.count == input.layout.shape[d] else {
            throw TensorError(
                .shape, in: "gradient", "the number of coordinates is not the size of the dimension",
                expected: "a vector of \(input.layout.shape[d])", operands: [input, coordinates])
        }
        return .coordinates(coordinates)
    }
}

private enum PointSpacing {
    case equal(Double)
    case coordinates(Tensor)
}

private func countError(_ count: Int, _ dims: Int, _ input: Tensor) -> TensorError {
    TensorError(
        .value, in: "gradient", "the number of spacings is not the number of dimensions",
        got: "\(count) for \(quantity(dims, "dimension"))",
        expected: "\(dims), or one number for all", operands: [input])
}

private func differences(
    _ input: Tensor, _ dim: [Int]?, _ edgeOrder: Int,
    _ spacing: (_ index: Int, _ dim: Int, _ dims: Int) throws(TensorError) -> PointSpacing
) -> [Tensor] {
    if input.isPlaceholder { return [input] }
    do throws(TensorError) {
        guard edgeOrder == 1 || edgeOrder == 2 else {
            throw TensorError(
                .value, in: "gradient", "edgeOrder is neither 1 nor 2", got: "edgeOrder \(edgeOrder)",
                expected: "1 or 2",
                operands: [input])
        }
        let dims = try input.resolve(dim ?? Array(0..<input.rank), in: "gradient")
        let f = input.dtype.isDifferentiable ? input : input.to(.default)
        var results: [Tensor] = []
        for (i, d) in dims.enumerated() {
            guard input.rank > 0, input.layout.shape[d] > edgeOrder else {
                throw TensorError(
                    .shape, in: "gradient", "a dimension has too few points", got: "dimension \(d)",
                    expected: "at least \(edgeOrder + 1)", operands: [input])
            }
            switch try spacing(i, d, dims.count) {
            case .equal(let step): results.append(equalDifferences(f, d, step, edgeOrder))
            case .coordinates(let coordinates):
                results.append(unequalDifferences(f, d, coordinates.to(f.dtype), edgeOrder))
            }
        }
        return results
    } catch { return [fail(error, like: input)] }
}

private func equalDifferences(_ f: Tensor, _ d: Int, _ step: Double, _ edgeOrder: Int) -> Tensor {
    let size = f.layout.shape[d]
    func point(_ i: Int) -> Tensor { f.narrow(d, start: i, length: 1) }
    let inside = (f.narrow(d, start: 2, length: size - 2) - f.narrow(d, start: 0, length: size - 2)) / (2 * step)
    if edgeOrder == 1 {
        return cat([(point(1) - point(0)) / step, inside, (point(size - 1) - point(size - 2)) / step], dim: d)
    }
    let first = (point(1) * 2 - point(0) * 1.5 - point(2) * 0.5) / step
    let last = (point(size - 1) * 1.5 - point(size - 2) * 2 + point(size - 3) * 0.5) / step
    return cat([first, inside, last], dim: d)
}

private func unequalDifferences(_ f: Tensor, _ d: Int, _ coordinates: Tensor, _ edgeOrder: Int) -> Tensor {
    let size = f.layout.shape[d]
    var column = [Int](repeating: 1, count: f.rank)
    column[d] = size - 1
    let steps = (coordinates.narrow(0, start: 1, length: size - 1) - coordinates.narrow(0, start: 0, length: size - 1))
        .reshape(column)
    let slopes = (f.narrow(d, start: 1, length: size - 1) - f.narrow(d, start: 0, length: size - 1)) / steps
    func part(_ x: Tensor, _ start: Int, _ length: Int) -> Tensor { x.narrow(d, start: start, length: length) }
    let (before, after) = (part(steps, 0, size - 2), part(steps, 1, size - 2))
    let inside = (part(slopes, 0, size - 2) * after + part(slopes, 1, size - 2) * before) / (before + after)
    if edgeOrder == 1 { return cat([part(slopes, 0, 1), inside, part(slopes, size - 2, 1)], dim: d) }
    // The slope of a parabola is linear: from the midpoint of the outer step to the end, `a / 2` away, it changes at
    // the same rate as from the midpoint of the inner step to that of the outer one, which are `(a + b) / 2` apart.
    func edge(_ near: Int, _ next: Int) -> Tensor {
        let (a, b) = (part(steps, near, 1), part(steps, next, 1))
        return part(slopes, near, 1) + (part(slopes, near, 1) - part(slopes, next, 1)) * a / (a + b)
    }
    return cat([edge(0, 1), inside, edge(size - 2, size - 3)], dim: d)
}
