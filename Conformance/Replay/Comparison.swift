import Torchlight
import TorchlightIO

/// The accepted distance between a result and the recorded one.
struct Tolerance {
    let relative: Double
    let absolute: Double

    init(_ entry: JSON) {
        relative = entry["rtol"]?.double ?? 0
        absolute = entry["atol"]?.double ?? 0
    }

    /// `|got − expected| ≤ atol + rtol·|expected|`; NaN equals NaN, and infinities must match.
    func accepts(_ got: Double, _ expected: Double) -> Bool {
        if got == expected || (got.isNaN && expected.isNaN) { return true }
        guard got.isFinite, expected.isFinite else { return false }
        return abs(got - expected) <= absolute + relative * abs(expected)
    }

    /// How results are compared, as the data name it.
    enum Manner: String { case exact, abs, shape, set }

    /// Complex numbers are compared by the modulus of their difference, and part by part where one is not finite.
    func accepts(_ got: Complex<Double>, _ expected: Complex<Double>) -> Bool {
        let parts = [got.real, got.imag, expected.real, expected.imag]
        guard parts.allSatisfy(\.isFinite) else {
            return accepts(got.real, expected.real) && accepts(got.imag, expected.imag)
        }
        return (got - expected).abs <= absolute + relative * expected.abs
    }

    private func differs(_ a: [Complex<Double>], _ b: [Complex<Double>], _ manner: Manner) -> Difference? {
        for i in a.indices {
            let isNear = manner == .abs ? accepts(a[i].abs, b[i].abs) : accepts(a[i], b[i])
            if !isNear { return Difference(expected: "element \(i): \(b[i])", got: "\(a[i])") }
        }
        return nil
    }

    /// Rows whose entries may come in any order: each wanted number takes the nearest one that is left.
    private func differenceOfSets(_ a: [Complex<Double>], _ b: [Complex<Double>], row: Int) -> Difference? {
        for order in permutations(a, b, row: row).enumerated() {
            let start = order.offset * row
            for (place, i) in order.element.enumerated() where !accepts(a[start + i], b[start + place]) {
                return Difference(expected: "element \(start + place): \(b[start + place])", got: "\(a[start + i])")
            }
        }
        return nil
    }

    /// For each row, which entry of `got` stands for each entry of `expected`.
    func permutations(_ got: [Complex<Double>], _ expected: [Complex<Double>], row: Int) -> [[Int]] {
        (0..<(row > 0 ? got.count / row : 0)).map { number in
            let start = number * row
            var left = Array(0..<row)
            return (0..<row).map { place in
                let wanted = expected[start + place]
                let nearest = left.indices.min {
                    (got[start + left[$0]] - wanted).abs < (got[start + left[$1]] - wanted).abs
                }!
                return left.remove(at: nearest)
            }
        }
    }

    func check(_ got: Tensor, _ expected: Tensor, _ label: String, manner: Manner = .exact) throws {
        guard got.dtype == expected.dtype, got.shape == expected.shape else {
            throw Difference(
                expected: "\(label) \(expected.dtype) \(expected.shape)", got: "\(got.dtype) \(got.shape)")
        }
        if manner == .shape || got.device == .meta { return }
        if got.dtype.isComplex || manner == .set {
            let (a, b) = (got.detach().toArray(Complex<Double>.self), expected.toArray(Complex<Double>.self))
            let difference = manner == .set ? differenceOfSets(a, b, row: got.shape.last ?? 1) : differs(a, b, manner)
            if let difference { throw Difference(expected: "\(label), \(difference.expected)", got: difference.got) }
        } else if got.dtype.isFloatingPoint {
            let (a, b) = (got.detach().toArray(Double.self), expected.toArray(Double.self))
            for i in a.indices {
                let isNear = manner == .abs ? accepts(abs(a[i]), abs(b[i])) : accepts(a[i], b[i])
                if !isNear {
                    throw Difference(expected: "\(label), element \(i): \(b[i])", got: "\(a[i])")
                }
            }
        } else {
            let (a, b) = (got.toArray(Int.self), expected.toArray(Int.self))
            for i in a.indices where a[i] != b[i] {
                throw Difference(expected: "\(label), element \(i): \(b[i])", got: "\(a[i])")
            }
        }
    }

    func check(
        _ got: Answer, _ expected: JSON, _ label: String, manner: Manner = .exact, tensors: [String: Tensor]
    ) throws {
        if expected["tensor"] != nil {
            guard case .tensor(let tensor) = got, let wanted = tensors.recorded(expected) else {
                throw Difference(expected: "\(label) a tensor", got: "\(got)")
            }
            return try check(tensor, wanted, label, manner: manner)
        }
        if let items = expected.list {
            guard case .list(let answers) = got, answers.count == items.count else {
                throw Difference(expected: "\(label) a list of \(items.count)", got: "\(got)")
            }
            for (i, (answer, item)) in zip(answers, items).enumerated() {
                try check(answer, item, "\(label).\(i)", manner: manner, tensors: tensors)
            }
            return
        }
        switch got {
        case .number(let number):
            if let wanted = expected.number?.scalar, isSame(number, wanted) { return }
        case .text(let text):
            if text == (expected.string ?? expected["dtype"]?.string) { return }
        case .nothing:
            if expected.isNone { return }
        default: break
        }
        throw Difference(expected: "\(label) \(expected.text())", got: "\(got)")
    }

    private func isSame(_ a: Scalar, _ b: Scalar) -> Bool {
        switch (a, b) {
        case (.double, .double), (.double, .int): accepts(a.asDouble, b.asDouble)
        case (.complex(let x), _): accepts(x, b.asComplex)
        default: a == b
        }
    }
}

extension Tolerance {
    /// A cotangent in the order in which the entries of a set came.
    func rearranged(_ cotangent: Tensor, _ got: Tensor, _ expected: Tensor) -> Tensor {
        let (a, b) = (got.detach().toArray(Complex<Double>.self), expected.toArray(Complex<Double>.self))
        let (row, values) = (got.shape.last ?? 1, cotangent.toArray(Complex<Double>.self))
        var moved = values
        for (number, order) in permutations(a, b, row: row).enumerated() {
            for (place, i) in order.enumerated() { moved[number * row + i] = values[number * row + place] }
        }
        return Tensor(moved, shape: cotangent.shape, dtype: cotangent.dtype)
    }
}
