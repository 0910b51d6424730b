import Glibc
import TorchlightCore

/// The post-transform of the scores of classifiers and regressors of `ai.onnx.ml`.
enum PostTransform: String, CaseIterable {
    case none = "NONE"
    case softmax = "SOFTMAX"
    case logistic = "LOGISTIC"
    case softmaxZero = "SOFTMAX_ZERO"
    case probit = "PROBIT"

    init(_ call: Call) throws {
        let name = try call.choice("post_transform", "NONE", of: Self.allCases.map(\.rawValue))
        self = Self(rawValue: name) ?? .none
    }

    func apply(_ scores: [Double]) -> [Double] {
        switch self {
        case .none: return scores
        case .logistic: return scores.map { 1 / (1 + exp(-$0)) }
        case .probit:
            return Tensor(scores.map { 2 * $0 - 1 }, shape: [scores.count], dtype: .float64).erfinv()
                .toArray(Double.self).map { $0 * 2.0.squareRoot() }
        case .softmax, .softmaxZero:
            let largest = scores.max() ?? 0
            let powers = scores.map { self == .softmaxZero && $0 == 0 ? 0 : exp($0 - largest) }
            let sum = powers.reduce(0, +)
            return powers.map { sum == 0 ? 0 : $0 / sum }
        }
    }
}

/// The labels of a classifier: integers or strings.
struct ClassLabels {
    let ints: [Int]?
    let strings: [String]?

    init(_ call: Call) throws {
        strings = try call.strings("classlabels_strings")
        ints = try call.ints("classlabels_int64s") ?? call.ints("classlabels_ints")
    }

    var count: Int { strings?.count ?? ints?.count ?? 0 }

    /// The labels at indices, one for each sample.
    func value(at indices: [Int]) throws -> ONNXValue {
        guard indices.allSatisfy({ $0 >= 0 && (count == 0 || $0 < count) }) else {
            throw Problem("more classes than the \(quantity(count, "label"))", kind: .invalid)
        }
        if let strings { return .strings(StringTensor(indices.map { strings[$0] }, shape: [indices.count])) }
        return ONNXValue(Tensor(indices.map { index in ints.map { $0[index] } ?? index }, shape: [indices.count]))
    }

    /// The labels and the scores of a classifier for each sample, after the post-transform.
    ///
    /// A binary classifier may have only the score of the second class.
    func results(_ scores: [[Double]], _ transform: PostTransform, positiveOnly: Bool) throws -> [ONNXValue] {
        var chosen: [Int] = []
        var rows: [Double] = []
        var width = 0
        for sample in scores {
            var row: [Double]
            if sample.count == 1, count == 2 {
                let score = sample[0]
                switch transform {
                case .none where positiveOnly:
                    row = [1 - score, score]
                    chosen.append(score > 0.5 ? 1 : 0)
                case .logistic:
                    row = [transform.apply([-score])[0], transform.apply([score])[0]]
                    chosen.append(score > 0 ? 1 : 0)
                default:
                    row = transform.apply([-score, score])
                    chosen.append(score > 0 ? 1 : 0)
                }
            } else {
                chosen.append(
                    sample.indices.max { sample[$0] < sample[$1] || (sample[$0] == sample[$1] && $0 > $1) } ?? 0)
                row = transform.apply(sample)
            }
            width = row.count
            rows += row
        }
        return [try value(at: chosen), ONNXValue(Tensor(rows, shape: [scores.count, width], dtype: .float32))]
    }
}

/// The samples of an input `[N, F]` or `[F]` as rows of numbers.
func samples(_ call: Call, _ index: Int = 0) throws -> (values: [Double], count: Int, width: Int) {
    let x = try call.tensor(index)
    guard (1...2).contains(x.rank) else { throw Problem("an input of shape \(x.shape)", expected: "[N, F]") }
    let width = x.shape.last ?? 0
    return (x.detach().to(.float64).toArray(Double.self), x.rank == 2 ? x.shape[0] : 1, width)
}
