import Torchlight

/// Statistics of the elements of a tensor, computed in chunks.
struct TensorFigures {
    private(set) var finiteCount = 0
    private(set) var nanCount = 0
    private(set) var infinityCount = 0
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity
    private(set) var mean = Double.nan
    private(set) var deviation = Double.nan

    /// Computes minimum, maximum, mean and population standard deviation of the finite elements, and counts the others. Of
    /// complex numbers, these are the figures of the absolute values.
    init(_ tensor: Tensor) {
        var sum = 0.0
        tensor.forEachPiece { values in
            for value in values {
                if value.isNaN {
                    nanCount += 1
                } else if value.isInfinite {
                    infinityCount += 1
                } else {
                    finiteCount += 1
                    sum += value
                    minimum = min(minimum, value)
                    maximum = max(maximum, value)
                }
            }
        }
        guard finiteCount > 0 else { return }
        // A second pass, since the difference of two large sums would lose precision.
        mean = sum / Double(finiteCount)
        var squares = 0.0
        tensor.forEachPiece { values in
            for value in values where value.isFinite { squares += (value - mean) * (value - mean) }
        }
        deviation = (squares / Double(finiteCount)).squareRoot()
    }
}

/// The difference of two tensors of the same shape.
struct TensorDifference {
    /// The number of different elements; NaN equals NaN, and -0 equals 0.
    private(set) var count = 0
    /// The largest difference of two finite values; infinity if one of a pair is not finite.
    private(set) var largest = 0.0

    init(_ a: Tensor, _ b: Tensor, tolerance: Double) {
        // float64 represents every value except large 64-bit integers, which are compared as integers.
        let isInteger = a.dtype == .int64 && b.dtype == .int64
        let isComplex = a.dtype.isComplex || b.dtype.isComplex
        let parts = isComplex ? 2 : 1
        for range in a.ranges {
            let (first, second) = (a.parts(range, isComplex), b.parts(range, isComplex))
            let (exactFirst, exactSecond) =
                isInteger ? (a.piece(range).toArray(Int.self), b.piece(range).toArray(Int.self)) : ([], [])
            for index in 0..<range.count {
                var (isEqual, difference) = (true, 0.0)
                for part in index * parts..<(index + 1) * parts {
                    let (x, y) = (first[part], second[part])
                    if x == y && (!isInteger || exactFirst[part] == exactSecond[part]) || x.isNaN && y.isNaN {
                        continue
                    }
                    isEqual = false
                    var distance = abs(x - y)
                    if isInteger { distance = Double(exactFirst[part].distance(to: exactSecond[part]).magnitude) }
                    if distance.isNaN { distance = .infinity }
                    difference = isComplex ? (difference * difference + distance * distance).squareRoot() : distance
                }
                if isEqual { continue }
                if difference > tolerance { count += 1 }
                largest = max(largest, difference)
            }
        }
    }
}

extension Tensor {
    /// A range of the elements in row-major order.
    fileprivate func piece(_ range: Range<Int>) -> Tensor {
        noGrad { reshape([-1]).narrow(0, start: range.lowerBound, length: range.count) }
    }

    /// The ranges of all elements in row-major order, a million at a time.
    fileprivate var ranges: [Range<Int>] {
        stride(from: 0, to: count, by: 1 << 20).map { $0..<Swift.min($0 + 1 << 20, count) }
    }

    /// Calls `body` for all elements, or the absolute values of complex ones, in row-major order, a million at a time.
    fileprivate func forEachPiece(_ body: ([Double]) -> Void) {
        let dense = contiguous()
        for range in ranges {
            let piece = dense.piece(range)
            body((dtype.isComplex ? noGrad { piece.abs() } : piece).toArray(Double.self))
        }
    }

    /// A range of the elements in row-major order, as complex numbers the real and the imaginary part of each.
    fileprivate func parts(_ range: Range<Int>, _ isComplex: Bool) -> [Double] {
        let piece = piece(range)
        return (isComplex ? noGrad { piece.to(.complex128).viewAsReal() } : piece).toArray(Double.self)
    }

    /// The first elements as strings, each in the shortest form that reads back exactly; every NaN is "nan".
    func firstElements(_ limit: Int) -> [String] {
        let first = piece(0..<Swift.min(limit, count))
        func text<Value: BinaryFloatingPoint & CustomStringConvertible>(_ value: Value) -> String {
            value.isNaN ? "nan" : value.description
        }
        switch dtype {
        case .bool: return first.toArray(Bool.self).map { "\($0)" }
        case .float64: return first.toArray(Double.self).map { text($0) }
        case .float32, .bfloat16: return first.toArray(Float.self).map { text($0) }
        case .float16: return first.toArray(Float16.self).map { text($0) }
        case .complex64: return first.toArray(Complex<Float>.self).map { "\($0)" }
        case .complex128: return first.toArray(Complex<Double>.self).map { "\($0)" }
        default: return first.toArray(Int.self).map { "\($0)" }
        }
    }
}
