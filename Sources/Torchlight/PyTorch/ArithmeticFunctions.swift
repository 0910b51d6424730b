// Functions of PyTorch for which Torchlight has methods, and functions with the dimension without a label.
// The documentation of each is that of the form which it calls.

/// Returns `x.add(other, alpha: alpha)`.
public func add(_ x: Tensor, _ other: Tensor, alpha: some TensorScalar = 1) -> Tensor { x.add(other, alpha: alpha) }

/// Returns `x.add(other, alpha: alpha)`.
public func add(
    _ x: Tensor, _ other: some TensorScalar, alpha: some TensorScalar = 1
) -> Tensor {
    x.add(other, alpha: alpha)
}

/// Returns `x.addcdiv(a, b, value: value)`.
public func addcdiv(
    _ x: Tensor, _ a: Tensor, _ b: Tensor, value: Double = 1
) -> Tensor {
    x.addcdiv(a, b, value: value)
}

/// Returns `x.addcmul(a, b, value: value)`.
public func addcmul(
    _ x: Tensor, _ a: Tensor, _ b: Tensor, value: Double = 1
) -> Tensor {
    x.addcmul(a, b, value: value)
}

/// Returns `x.asStrided(size, stride: stride, offset: offset)`.
public func asStrided(
    _ x: Tensor, _ size: [Int], stride: [Int], offset: Int? = nil
) -> Tensor {
    x.asStrided(size, stride: stride, offset: offset)
}

/// Returns `x.bitwiseAnd(other)`.
public func bitwiseAnd(_ x: Tensor, _ other: Tensor) -> Tensor { x.bitwiseAnd(other) }

/// Returns `x.bitwiseAnd(other)`.
public func bitwiseAnd(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.bitwiseAnd(other) }

/// Returns `x.bitwiseLeftShift(other)`.
public func bitwiseLeftShift(_ x: Tensor, _ other: Tensor) -> Tensor { x.bitwiseLeftShift(other) }

/// Returns `x.bitwiseLeftShift(other)`.
public func bitwiseLeftShift(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.bitwiseLeftShift(other) }

/// Returns `x.bitwiseNot()`.
public func bitwiseNot(_ x: Tensor) -> Tensor { x.bitwiseNot() }

/// Returns `x.bitwiseOr(other)`.
public func bitwiseOr(_ x: Tensor, _ other: Tensor) -> Tensor { x.bitwiseOr(other) }

/// Returns `x.bitwiseOr(other)`.
public func bitwiseOr(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.bitwiseOr(other) }

/// Returns `x.bitwiseRightShift(other)`.
public func bitwiseRightShift(_ x: Tensor, _ other: Tensor) -> Tensor { x.bitwiseRightShift(other) }

/// Returns `x.bitwiseRightShift(other)`.
public func bitwiseRightShift(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.bitwiseRightShift(other) }

/// Returns `x.bitwiseXor(other)`.
public func bitwiseXor(_ x: Tensor, _ other: Tensor) -> Tensor { x.bitwiseXor(other) }

/// Returns `x.bitwiseXor(other)`.
public func bitwiseXor(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.bitwiseXor(other) }

/// Returns `x.choleskyInverse(upper: upper)`.
public func choleskyInverse(_ x: Tensor, upper: Bool = false) -> Tensor { x.choleskyInverse(upper: upper) }

/// Returns `x.clampMax(max)`.
public func clampMax(_ x: Tensor, _ max: Tensor) -> Tensor { x.clampMax(max) }

/// Returns `x.clampMax(max)`.
public func clampMax(_ x: Tensor, _ max: some TensorScalar) -> Tensor { x.clampMax(max) }

/// Returns `x.clampMin(min)`.
public func clampMin(_ x: Tensor, _ min: Tensor) -> Tensor { x.clampMin(min) }

/// Returns `x.clampMin(min)`.
public func clampMin(_ x: Tensor, _ min: some TensorScalar) -> Tensor { x.clampMin(min) }

/// Returns `x.combinations(count, withReplacement: withReplacement)`.
public func combinations(
    _ x: Tensor, _ count: Int = 2, withReplacement: Bool = false
) -> Tensor {
    x.combinations(count, withReplacement: withReplacement)
}

/// Returns `x.conjPhysical()`.
public func conjPhysical(_ x: Tensor) -> Tensor { x.conjPhysical() }

/// Returns `x.copysign(other)`.
public func copysign(_ x: Tensor, _ other: Tensor) -> Tensor { x.copysign(other) }

/// Returns `x.copysign(other)`.
public func copysign(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.copysign(other) }

/// Returns `x.deg2rad()`.
public func deg2rad(_ x: Tensor) -> Tensor { x.deg2rad() }

/// Returns `x.eq(other)`.
public func eq(_ x: Tensor, _ other: Tensor) -> Tensor { x.eq(other) }

/// Returns `x.eq(other)`.
public func eq(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.eq(other) }

/// Returns `x.fill(value)`.
public func fill(_ x: Tensor, _ value: some TensorScalar) -> Tensor { x.fill(value) }

/// Returns `x.fill(value)`.
public func fill(_ x: Tensor, _ value: Tensor) -> Tensor { x.fill(value) }

/// Returns `x.fmax(other)`.
public func fmax(_ x: Tensor, _ other: Tensor) -> Tensor { x.fmax(other) }

/// Returns `x.fmin(other)`.
public func fmin(_ x: Tensor, _ other: Tensor) -> Tensor { x.fmin(other) }

/// Returns `x.fmod(other)`.
public func fmod(_ x: Tensor, _ other: Tensor) -> Tensor { x.fmod(other) }

/// Returns `x.fmod(other)`.
public func fmod(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.fmod(other) }

/// Returns `x.ge(other)`.
public func ge(_ x: Tensor, _ other: Tensor) -> Tensor { x.ge(other) }

/// Returns `x.ge(other)`.
public func ge(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.ge(other) }

/// Returns `x.glu(dim: dim)`.
public func glu(_ x: Tensor, _ dim: Int) -> Tensor { x.glu(dim: dim) }

/// Returns `x.gt(other)`.
public func gt(_ x: Tensor, _ other: Tensor) -> Tensor { x.gt(other) }

/// Returns `x.gt(other)`.
public func gt(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.gt(other) }

/// Returns `x.heaviside(values)`.
public func heaviside(_ x: Tensor, _ values: Tensor) -> Tensor { x.heaviside(values) }

/// Returns `x.histogram(edges, weight: weight, density: density)`.
public func histogram(
    _ x: Tensor, _ edges: Tensor, weight: Tensor? = nil, density: Bool = false
) -> (hist: Tensor, binEdges: Tensor) {
    x.histogram(edges, weight: weight, density: density)
}

/// Returns `x.histogram(bins: bins, range: range, weight: weight, density: density)`.
public func histogram(
    _ x: Tensor, bins: Int, range: (Double, Double)? = nil, weight: Tensor? = nil, density: Bool = false
) -> (hist: Tensor, binEdges: Tensor) {
    x.histogram(bins: bins, range: range, weight: weight, density: density)
}

/// Returns `x.i0()`.
public func i0(_ x: Tensor) -> Tensor { x.i0() }

/// Returns `input.igamma(x)`.
public func igamma(_ input: Tensor, _ x: Tensor) -> Tensor { input.igamma(x) }

/// Returns `input.igammac(x)`.
public func igammac(_ input: Tensor, _ x: Tensor) -> Tensor { input.igammac(x) }

/// Returns `x.indexFill(dim, index, value)`.
public func indexFill(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ value: some TensorScalar
) -> Tensor {
    x.indexFill(dim, index, value)
}

/// Returns `x.indexFill(dim, index, value)`.
public func indexFill(
    _ x: Tensor, dim: Int, index: Tensor, value: some TensorScalar
) -> Tensor {
    x.indexFill(dim, index, value)
}

/// Returns `x.indexFill(dim, index, value)`.
public func indexFill(
    _ x: Tensor, _ dim: Int, _ index: Tensor, _ value: Tensor
) -> Tensor {
    x.indexFill(dim, index, value)
}

/// Returns `x.indexFill(dim, index, value)`.
public func indexFill(
    _ x: Tensor, dim: Int, index: Tensor, value: Tensor
) -> Tensor {
    x.indexFill(dim, index, value)
}

/// Returns `x.indexPut(indices, values, accumulate: accumulate)`.
public func indexPut(
    _ x: Tensor, _ indices: [Tensor], _ values: Tensor, accumulate: Bool = false
) -> Tensor {
    x.indexPut(indices, values, accumulate: accumulate)
}

/// Returns `x.isNonzero()`.
public func isNonzero(_ x: Tensor) -> Bool { x.isNonzero() }

/// Returns `x.isfinite()`.
public func isfinite(_ x: Tensor) -> Tensor { x.isfinite() }

/// Returns `x.isinf()`.
public func isinf(_ x: Tensor) -> Tensor { x.isinf() }

/// Returns `x.isnan()`.
public func isnan(_ x: Tensor) -> Tensor { x.isnan() }

/// Returns `x.isneginf()`.
public func isneginf(_ x: Tensor) -> Tensor { x.isneginf() }

/// Returns `x.isposinf()`.
public func isposinf(_ x: Tensor) -> Tensor { x.isposinf() }

/// Returns `x.isreal()`.
public func isreal(_ x: Tensor) -> Tensor { x.isreal() }

/// Returns `x.le(other)`.
public func le(_ x: Tensor, _ other: Tensor) -> Tensor { x.le(other) }

/// Returns `x.le(other)`.
public func le(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.le(other) }

/// Returns `x.legendrePolynomialP(n)`.
public func legendrePolynomialP(_ x: Tensor, _ n: Tensor) -> Tensor { x.legendrePolynomialP(n) }

/// Returns `x.lerp(end, weight: weight)`.
public func lerp(_ x: Tensor, _ end: Tensor, weight: Tensor) -> Tensor { x.lerp(end, weight: weight) }

/// Returns `x.lerp(end, weight: weight)`.
public func lerp(_ x: Tensor, _ end: Tensor, weight: some TensorScalar) -> Tensor { x.lerp(end, weight: weight) }

/// Returns `x.logaddexp(other)`.
public func logaddexp(_ x: Tensor, _ other: Tensor) -> Tensor { x.logaddexp(other) }

/// Returns `x.logaddexp2(other)`.
public func logaddexp2(_ x: Tensor, _ other: Tensor) -> Tensor { x.logaddexp2(other) }

/// Returns `x.logicalAnd(other)`.
public func logicalAnd(_ x: Tensor, _ other: Tensor) -> Tensor { x.logicalAnd(other) }

/// Returns `x.logicalNot()`.
public func logicalNot(_ x: Tensor) -> Tensor { x.logicalNot() }

/// Returns `x.logicalOr(other)`.
public func logicalOr(_ x: Tensor, _ other: Tensor) -> Tensor { x.logicalOr(other) }

/// Returns `x.logicalXor(other)`.
public func logicalXor(_ x: Tensor, _ other: Tensor) -> Tensor { x.logicalXor(other) }

/// Returns `x.logit(eps: eps)`.
public func logit(_ x: Tensor, eps: Double? = nil) -> Tensor { x.logit(eps: eps) }

/// Returns `x.lt(other)`.
public func lt(_ x: Tensor, _ other: Tensor) -> Tensor { x.lt(other) }

/// Returns `x.lt(other)`.
public func lt(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.lt(other) }

/// Returns `x.luSolve(lu, pivots)`.
public func luSolve(_ x: Tensor, _ lu: Tensor, _ pivots: Tensor) -> Tensor { x.luSolve(lu, pivots) }

/// Returns `x.matrixExp()`.
public func matrixExp(_ x: Tensor) -> Tensor { x.matrixExp() }

/// Returns `x.matrixPower(n)`.
public func matrixPower(_ x: Tensor, _ n: Int) -> Tensor { x.matrixPower(n) }

/// Returns `x.mul(other)`.
public func mul(_ x: Tensor, _ other: Tensor) -> Tensor { x.mul(other) }

/// Returns `x.mvlgamma(p)`.
public func mvlgamma(_ x: Tensor, _ p: Int) -> Tensor { x.mvlgamma(p) }

/// Returns `x.nanToNum(nan: nan, posinf: posinf, neginf: neginf)`.
public func nanToNum(
    _ x: Tensor, nan: Double = 0, posinf: Double? = nil, neginf: Double? = nil
) -> Tensor {
    x.nanToNum(nan: nan, posinf: posinf, neginf: neginf)
}

/// Returns `x.ne(other)`.
public func ne(_ x: Tensor, _ other: Tensor) -> Tensor { x.ne(other) }

/// Returns `x.ne(other)`.
public func ne(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.ne(other) }

/// Returns `x.neg()`.
public func neg(_ x: Tensor) -> Tensor { x.neg() }

/// Returns `x.nonzeroStatic(size: size, fillValue: fillValue)`.
public func nonzeroStatic(
    _ x: Tensor, size: Int, fillValue: Int = -1
) -> Tensor {
    x.nonzeroStatic(size: size, fillValue: fillValue)
}

/// Returns `x.pad(widths, mode: mode, value: value)`.
public func pad(
    _ x: Tensor, _ widths: [Int], mode: PadMode = .constant, value: some TensorScalar = 0
) -> Tensor {
    x.pad(widths, mode: mode, value: value)
}

/// Returns `x.polygamma(n)`.
public func polygamma(_ x: Tensor, _ n: Int) -> Tensor { x.polygamma(n) }

/// Returns `x.positive()`.
public func positive(_ x: Tensor) -> Tensor { x.positive() }

/// Returns `x.rad2deg()`.
public func rad2deg(_ x: Tensor) -> Tensor { x.rad2deg() }

/// Returns `x.remainder(other)`.
public func remainder(_ x: Tensor, _ other: Tensor) -> Tensor { x.remainder(other) }

/// Returns `x.remainder(other)`.
public func remainder(_ x: Tensor, _ other: some TensorScalar) -> Tensor { x.remainder(other) }

/// Returns `x.resolveConj()`.
public func resolveConj(_ x: Tensor) -> Tensor { x.resolveConj() }

/// Returns `x.sgn()`.
public func sgn(_ x: Tensor) -> Tensor { x.sgn() }

/// Returns `x.signbit()`.
public func signbit(_ x: Tensor) -> Tensor { x.signbit() }

/// Returns `x.sinc()`.
public func sinc(_ x: Tensor) -> Tensor { x.sinc() }

/// Returns `x.sub(other, alpha: alpha)`.
public func sub(_ x: Tensor, _ other: Tensor, alpha: some TensorScalar = 1) -> Tensor { x.sub(other, alpha: alpha) }

/// Returns `x.sub(other, alpha: alpha)`.
public func sub(
    _ x: Tensor, _ other: some TensorScalar, alpha: some TensorScalar = 1
) -> Tensor {
    x.sub(other, alpha: alpha)
}

/// Returns `x.triangularSolve(a, upper: upper, transpose: transpose, unitriangular: unitriangular)`.
public func triangularSolve(
    _ x: Tensor, _ a: Tensor, upper: Bool = true, transpose: Bool = false, unitriangular: Bool = false
) -> (solution: Tensor, clonedCoefficient: Tensor) {
    x.triangularSolve(a, upper: upper, transpose: transpose, unitriangular: unitriangular)
}

/// Returns `cosineSimilarity(a, b, dim: dim, eps: eps)`.
public func cosineSimilarity(
    _ a: Tensor, _ b: Tensor, _ dim: Int, eps: Double = 1e-8
) -> Tensor {
    cosineSimilarity(a, b, dim: dim, eps: eps)
}
