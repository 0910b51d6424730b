import Glibc
import TestSupport
@testable import TorchlightCore

/// The records of recurrent layers, attention and the loss of alignments.
enum SequenceRecords {
    private static let types: [DType] = [.float32, .float64]
    private static let floating = DType.real.filter(\.isFloatingPoint)
    private static let composed = "gradients of higher order go another way"
    private static let noEmpty = "as the forward primitive"
    private static let long = Tolerance(units: 64, scale: 4, reason: "a recurrence carries rounding errors on")

    static let all: [PrimitiveRecord] = recurrences + attentions + alignments

    // MARK: Recurrence

    /// A way to run two gates' worth of a cell: two features, or one behind a projection.
    private struct Setting: Sendable {
        var label: String
        var cell: Recurrence.Cell
        var steps: SequenceSteps
        var isReversed = false
        var projected = false

        var hidden: Int { projected ? 2 : 1 }
        var shapes: [[Int]] {
            let rows = cell.gates * hidden
            var shapes = [[steps.rows, rows], [rows, 1], [steps.batch, 1]]
            if cell == .lstm { shapes.append([steps.batch, hidden]) }
            if cell == .gru { shapes.append([rows]) }
            if projected { shapes.append([1, hidden]) }
            return shapes
        }

        func run(_ x: [Tensor]) -> [Tensor] {
            recurrence(
                cell, steps, inputs: x[0], weight: x[1], h0: x[2], c0: cell == .lstm ? x[3] : nil,
                bias: cell == .gru ? x[3] : nil, projection: projected ? x[4] : nil, isReversed: isReversed)
        }

        /// One row at a time, one number at a time.
        func reference(_ x: [ReferenceArray]) -> [ReferenceArray] {
            var (h, c) = (x[2], cell == .lstm ? x[3] : x[2])
            var y = ReferenceArray(shape: [steps.rows, 1]) { _ in 0 }
            func sigmoid(_ v: Double) -> Double { 1 / (1 + exp(-v)) }
            let order = Array(0..<steps.starts.count)
            for t in isReversed ? order.reversed() : order {
                for row in 0..<steps.sizes[t] {
                    let place = steps.starts[t] + row * steps.rowStep
                    let before = h[[row, 0]]
                    func input(_ gate: Int, _ unit: Int) -> Double { x[0][[place, gate * hidden + unit]] }
                    func share(_ gate: Int, _ unit: Int) -> Double { x[1][[gate * hidden + unit, 0]] * before }
                    var next = 0.0
                    for unit in 0..<hidden {
                        func sum(_ gate: Int) -> Double { input(gate, unit) + share(gate, unit) }
                        switch cell {
                        case .tanh: next = tanh(sum(0))
                        case .relu: next = max(sum(0), 0)
                        case .lstm:
                            let now = sigmoid(sum(1)) * c[[row, unit]] + sigmoid(sum(0)) * tanh(sum(2))
                            c[[row, unit]] = now
                            next += sigmoid(sum(3)) * tanh(now) * (projected ? x[4][[0, unit]] : 1)
                        case .gru:
                            func bias(_ gate: Int) -> Double { x[3][[gate]] }
                            let keep = sigmoid(sum(1) + bias(1))
                            let fresh = tanh(input(2, unit) + sigmoid(sum(0) + bias(0)) * (share(2, unit) + bias(2)))
                            next = (1 - keep) * fresh + keep * before
                        }
                    }
                    h[[row, 0]] = next
                    y[[place, 0]] = next
                }
            }
            return cell == .lstm ? [y, h, c] : [y, h]
        }
    }

    private static let dense = SequenceSteps(steps: 2, batch: 1, batchFirst: false)
    private static let settings: [Setting] = [
        Setting(label: "lstm", cell: .lstm, steps: dense),
        Setting(label: "tanh", cell: .tanh, steps: SequenceSteps(steps: 3, batch: 2, batchFirst: false)),
        Setting(label: "relu, batch first", cell: .relu, steps: SequenceSteps(steps: 3, batch: 2, batchFirst: true)),
        Setting(label: "gru", cell: .gru, steps: SequenceSteps(steps: 2, batch: 2, batchFirst: true)),
        Setting(label: "lstm, projected, reversed", cell: .lstm, steps: dense, isReversed: true, projected: true),
        Setting(label: "lstm, packed", cell: .lstm, steps: SequenceSteps(sizes: [2, 1])),
        Setting(label: "gru, packed, reversed", cell: .gru, steps: SequenceSteps(sizes: [2, 2, 1]), isReversed: true),
        Setting(label: "no steps", cell: .lstm, steps: SequenceSteps(steps: 0, batch: 2, batchFirst: false)),
    ]

    private static let recurrences: [PrimitiveRecord] = [
        PrimitiveRecord(
            Recurrence.self, operands: [.real(avoiding: [0])],
            samples: settings.map { setting in
                Sample(
                    setting.label, shapes: setting.shapes, run: { setting.run($0) },
                    reference: { setting.reference($0) })
            }, dtypes: floating, tolerance: long, withoutScalar: ContractRecords.noScalar),
        PrimitiveRecord(
            RecurrenceBackward.self, operands: [.real()],
            samples: settings.dropLast().map { setting in
                Sample(
                    setting.label + ", against the composition", shapes: setting.shapes,
                    run: { gradients($0, createGraph: false) { setting.run($0) } },
                    reference: { operands in
                        gradients(operands.map { $0.tensor(.float64) }, createGraph: true) { setting.run($0) }
                            .map { ReferenceArray($0) }
                    })
            }, dtypes: floating, tolerance: long, gradient: .none(composed), withoutEmpty: noEmpty,
            withoutScalar: ContractRecords.noScalar, operation: "recurrence"),
    ]

    /// The gradients of a weighted sum of all results.
    private static func gradients(
        _ operands: [Tensor], createGraph: Bool, _ f: ([Tensor]) -> [Tensor]
    ) -> [Tensor] {
        let leaves = operands.map { x in
            let leaf = x.detach()
            return leaf.dtype.isFloatingPoint ? leaf.requiresGrad_() : leaf
        }
        let results = f(leaves)
        let seeds = results.enumerated().map { i, result -> Tensor? in
            let numbers = (0..<result.count).map { 0.25 + 0.5 * Double(($0 * 7 + i * 3) % 5) }
            return Tensor(numbers, shape: result.shape, dtype: result.dtype, device: result.device)
        }
        let wanted = leaves.filter(\.requiresGrad)
        return grad(outputs: results, inputs: wanted, gradOutputs: seeds, createGraph: createGraph).map { $0!.detach() }
    }

    // MARK: Attention

    private struct Heads: Sendable {
        var label: String
        var shapes: [[Int]]
        var isCausal = false
        var masks = false
    }

    private static let heads: [Heads] = [
        Heads(label: "two heads", shapes: [[1, 2, 2, 2], [1, 2, 2, 2], [1, 2, 2, 1]]),
        Heads(label: "causal", shapes: [[1, 1, 3, 2], [1, 1, 4, 2], [1, 1, 4, 2]], isCausal: true),
        Heads(label: "shared keys", shapes: [[2, 2, 1, 2], [2, 1, 3, 2], [2, 1, 3, 1]]),
        Heads(label: "added mask", shapes: [[1, 1, 2, 2], [1, 1, 3, 2], [1, 1, 3, 2], [1, 1, 2, 3]], masks: true),
        Heads(label: "several blocks", shapes: [[1, 1, 101, 3], [1, 1, 130, 3], [1, 1, 130, 5]]),
        Heads(
            label: "several blocks, causal", shapes: [[1, 2, 130, 3], [1, 1, 130, 3], [1, 1, 130, 17]], isCausal: true),
        Heads(label: "no keys", shapes: [[1, 1, 2, 3], [1, 1, 0, 3], [1, 1, 0, 2]]),
    ]

    private static let attentions: [PrimitiveRecord] = [
        PrimitiveRecord(
            Attention.self, operands: [.real()],
            samples: heads.map { heads in
                Sample(
                    heads.label, shapes: heads.shapes, run: { [attend($0, heads)] },
                    reference: { [attention($0, heads)] })
            }, dtypes: types, tolerance: Tolerance(units: 256, scale: 4, reason: "sums over a hundred keys"),
            withoutScalar: ContractRecords.noScalar),
        PrimitiveRecord(
            AttentionBackward.self, operands: [.real()],
            samples: heads.filter { !$0.masks }.dropLast().map { heads in
                Sample(
                    heads.label + ", against the composition", shapes: heads.shapes,
                    run: { gradients($0, createGraph: false) { [attend($0, heads)] } },
                    reference: { operands in
                        gradients(operands.map { $0.tensor(.float64) }, createGraph: true) { [attend($0, heads)] }
                            .map { ReferenceArray($0) }
                    })
            }, dtypes: types, tolerance: Tolerance(units: 512, scale: 8, reason: "sums over a hundred queries"),
            gradient: .none(composed), withoutEmpty: noEmpty, withoutScalar: ContractRecords.noScalar,
            operation: "attention"),
    ]

    private static func attend(_ x: [Tensor], _ heads: Heads) -> Tensor {
        var operands = Few<Tensor>()
        for operand in x { operands.append(operand) }
        return applyAll(Attention(scale: 0.5, isCausal: heads.isCausal), operands, count: 2)[0]
    }

    private static func attention(_ x: [ReferenceArray], _ heads: Heads) -> ReferenceArray {
        let (q, k, v) = (x[0], x[1], x[2])
        let group = q.shape[1] / max(k.shape[1], 1)
        return ReferenceArray(shape: [q.shape[0], q.shape[2], q.shape[1], v.shape[3]]) { at in
            let (b, i, h, e) = (at[0], at[1], at[2], at[3])
            let keys = heads.isCausal ? min(i + 1, k.shape[2]) : k.shape[2]
            let scores = (0..<keys).map { j in
                let dot = (0..<q.shape[3]).reduce(0.0) { $0 + q[[b, h, i, $1]] * k[[b, h / group, j, $1]] }
                return dot * 0.5 + (heads.masks ? x[3][[b, h, i, j]] : 0)
            }
            let top = scores.max() ?? 0
            let powers = scores.map { exp($0 - top) }
            let sum = powers.reduce(0, +)
            return zip(powers, 0..<keys).reduce(0) { $0 + $1.0 * v[[b, h / group, $1.1, e]] } / (sum > 0 ? sum : 1)
        }
    }

    // MARK: Alignments

    private static let labels = [[1, 2, 0], [1, 1, 2]]
    private static let (inputLengths, targetLengths) = ([3, 4], [2, 3])

    /// The log probabilities with targets and lengths.
    private static func aligned(_ x: Tensor) -> Few<Tensor> {
        var operands = Few(x, Tensor(labels, device: x.device))
        for lengths in [inputLengths, targetLengths] { operands.append(Tensor(lengths, device: x.device)) }
        return operands
    }

    private static func losses(_ x: [Tensor]) -> [Tensor] {
        // The gradient is that of the scores before a log-softmax.
        [applyAll(CTC(), aligned(x[0].dtype.isFloatingPoint ? x[0].logSoftmax(dim: 2) : x[0]), count: 2)[0]]
    }

    private static let alignments: [PrimitiveRecord] = [
        PrimitiveRecord(
            CTC.self, operands: [.real()],
            samples: [
                Sample("two samples", shapes: [[4, 2, 3]], run: { losses($0) }, reference: { [paths($0[0])] }),
                Sample(
                    "no steps", shapes: [[0, 2, 3]],
                    run: { x in
                        let none = Tensor.zeros([2], dtype: .int64, device: x[0].device)
                        let operands = Few<Tensor>([
                            x[0], Tensor.zeros([2, 0], dtype: .int64, device: x[0].device), none, none,
                        ])
                        return [applyAll(CTC(), operands, count: 2)[0]]
                    }, reference: { _ in [ReferenceArray([0, 0], shape: [2])] }),
            ], dtypes: types, tolerance: long, withoutScalar: ContractRecords.noScalar),
        PrimitiveRecord(
            CTCBackward.self, operands: [.real(), .real()],
            samples: [
                Sample(
                    shapes: [[2], [4, 2, 3]],
                    run: { operands in
                        let x = aligned(operands[1])
                        let results = noGrad { applyAll(CTC(), x, count: 2) }
                        return [applyFirst(CTCBackward(), Few<Tensor>([operands[0]] + Array(x) + Array(results)))]
                    }, reference: nil)
            ], dtypes: types, tolerance: long, withoutEmpty: noEmpty, withoutScalar: ContractRecords.noScalar,
            operation: "ctcLoss"),
    ]

    /// The losses by trying every path.
    private static func paths(_ x: ReferenceArray) -> ReferenceArray {
        ReferenceArray(shape: [2]) { at in
            let n = at[0]
            let target = Array(labels[n].prefix(targetLengths[n]))
            let steps = inputLengths[n]
            let p = (0..<steps).map { t in
                let powers = (0..<3).map { exp(x[[t, n, $0]]) }
                return powers.map { $0 / powers.reduce(0, +) }
            }
            var total = 0.0
            for path in ReferenceArray.indices(of: Array(repeating: 3, count: steps)) {
                var said: [Int] = []
                for (t, label) in path.enumerated() where label != 0 && (t == 0 || path[t - 1] != label) {
                    said.append(label)
                }
                if said == target { total += path.enumerated().reduce(1) { $0 * p[$1.offset][$1.element] } }
            }
            return -log(total)
        }
    }
}
