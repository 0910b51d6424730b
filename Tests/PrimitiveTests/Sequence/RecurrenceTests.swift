import TestSupport
import Testing
@testable import TorchlightCore

/// Sizes at which the kernels cut rows into tiles and chunks, units into panels, and share either among threads: many
/// rows of few units, and few rows of many. The records have a unit or two.
@Suite(.serialized) struct RecurrenceTests {
    private static let cells: [Recurrence.Cell] = [.tanh, .relu, .lstm, .gru]
    private static let places = [
        (steps: SequenceSteps(steps: 3, batch: 71, batchFirst: true), units: 37),
        (steps: SequenceSteps(sizes: [67, 33, 13, 1]), units: 37),
        (steps: SequenceSteps(steps: 3, batch: 7, batchFirst: false), units: 150),
        (steps: SequenceSteps(sizes: [7, 5, 1]), units: 150),
    ]

    /// Inputs, weight, initial states and bias of a cell.
    private func operands(_ cell: Recurrence.Cell, _ steps: SequenceSteps, _ units: Int) -> [Tensor] {
        var random = TestRandom("recurrence \(cell)")
        func draw(_ rows: Int, _ columns: Int, _ scale: Double) -> Tensor {
            Tensor(random.values(rows * columns), shape: [rows, columns], dtype: .float64) * scale
        }
        var operands = [
            draw(steps.rows, cell.gates * units, 1), draw(cell.gates * units, units, 0.1),
            draw(steps.batch, units, 1),
        ]
        if cell == .lstm { operands.append(draw(steps.batch, units, 1)) }
        if cell == .gru { operands.append(draw(1, 3 * units, 1).flatten()) }
        return operands
    }

    /// All results, and the gradients of their sum.
    private func everything(
        _ cell: Recurrence.Cell, _ steps: SequenceSteps, _ operands: [Tensor], _ dtype: DType, createGraph: Bool
    ) -> [Tensor] {
        let leaves = operands.map { $0.to(dtype).detach().requiresGrad_() }
        let results = recurrence(
            cell, steps, inputs: leaves[0], weight: leaves[1], h0: leaves[2], c0: cell == .lstm ? leaves[3] : nil,
            bias: cell == .gru ? leaves[3] : nil)
        let gradients = grad(
            outputs: results, inputs: leaves, gradOutputs: results.map { Tensor.ones($0.shape, dtype: $0.dtype) },
            createGraph: createGraph)
        return (results + gradients.map { $0! }).map { $0.detach() }
    }

    /// Float32 against float64, whose gradients come from the composition of other operations.
    @Test(arguments: cells) func agreesWithTheComposition(_ cell: Recurrence.Cell) {
        for (steps, units) in Self.places {
            let operands = operands(cell, steps, units)
            let got = everything(cell, steps, operands, .float32, createGraph: false)
            let expected = everything(cell, steps, operands, .float64, createGraph: true)
            for (i, (a, b)) in zip(got, expected).enumerated() {
                let error = (a.to(.float64) - b).abs().max().item(Double.self)
                let size = b.abs().max().item(Double.self)
                #expect(error <= 1e-5 * (1 + size), "result \(i) of \(cell), \(steps.batch) rows")
            }
        }
    }

    /// All but the gradient of the weight, a product of matrices that keeps its own rule.
    @Test(arguments: cells) func doesNotDependOnTheNumberOfThreads(_ cell: Recurrence.Cell) {
        let weightGradient = (cell == .lstm ? 3 : 2) + 1
        let threads = numThreads
        defer { numThreads = threads }
        for (steps, units) in Self.places {
            let operands = operands(cell, steps, units)
            numThreads = 1
            let alone = everything(cell, steps, operands, .float32, createGraph: false)
            numThreads = 3
            let shared = everything(cell, steps, operands, .float32, createGraph: false)
            for (i, (a, b)) in zip(alone, shared).enumerated() where i != weightGradient {
                let isSame = a.toArray(Float.self) == b.toArray(Float.self)
                #expect(isSame, "result \(i) of \(cell), \(steps.batch) rows")
            }
        }
    }
}
