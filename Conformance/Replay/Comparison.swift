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
    enum Manner: String { case exact, abs, shape }

    func check(_ got: Tensor, _ expected: Tensor, _ label: String, manner: Manner = .exact) throws {
        guard got.dtype == expected.dtype, got.shape == expected.shape else {
            throw Difference(
                expected: "\(label) \(expected.dtype) \(expected.shape)", got: "\(got.dtype) \(got.shape)")
        }
        if manner == .shape || got.device == .meta { return }
        if got.dtype.isFloatingPoint {
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
        if expected["complex"] != nil { throw NotSupported("complex values") }
        if let key = expected["tensor"]?.string {
            guard case .tensor(let tensor) = got, let wanted = tensors[key] else {
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
        default: a == b
        }
    }
}
