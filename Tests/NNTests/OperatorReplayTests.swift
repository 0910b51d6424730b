import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// Replays PyTorch's recorded calls of losses, normalisations, activations and what else belongs to networks.
@Suite struct OperatorReplayTests {
    /// Cases that this library answers otherwise on purpose: losses do not broadcast, and silu and mish have their limit
    /// at minus infinity, where the recorded formulas give NaN.
    private static let departures: Set<String> = [
        "nn.functional.silu.float32.0", "nn.functional.silu.bfloat16.0", "nn.functional.mish.float32.0",
        "nn.functional.margin_ranking_loss.float32.2", "nn.functional.margin_ranking_loss.float32.9",
        "nn.functional.margin_ranking_loss.int64.1",
    ]

    @Test(arguments: ["nn_loss", "nn_norm", "nn_activation", "nn_misc"])
    func conforms(_ family: String) {
        for recorded in Conformance.cases(family) where !Self.departures.contains(recorded.id) {
            let name = recorded["op"]!.string!.split(separator: ".").last!
            guard let operation = RecordedOperators.all[String(name)] else {
                Issue.record("\(recorded.id): nothing of this name")
                continue
            }
            let call = RecordedCall(recorded)
            if recorded["raises"]?.bool == true {
                // An argument that cannot be written down is refused by the compiler.
                #expect(throws: TensorError.self, "\(recorded.id)") {
                    try checked { if operation(call) == nil { throw TensorError.inexpressible } }
                }
                continue
            }
            do { try replay(recorded, call, operation) } catch { Issue.record("\(recorded.id): \(error)") }
        }
    }

    private func replay(
        _ recorded: Conformance.Case, _ call: RecordedCall, _ operation: RecordedOperators.Operator
    ) throws {
        try checked {
            guard let results = operation(call) else {
                Issue.record("\(recorded.id): not expressible")
                return
            }
            let outputs = recorded["outputs"]!.elements!.filter { $0["none"] == nil }
            #expect(outputs.count == results.count, "\(recorded.id)")
            for (i, expected) in outputs.enumerated() where i < results.count {
                recorded.expect(results[i], equals: expected, "result \(i)")
            }
            var roots: [(Tensor, Tensor)] = []
            for (i, seed) in (recorded["grad_outputs"]?.elements ?? []).enumerated() {
                guard i < results.count, let gradient = recorded.tensor(seed) else { continue }
                roots.append((results[i], gradient))
            }
            for (root, gradient) in roots { root.backward(gradient: gradient, retainGraph: true) }
            for expected in recorded["grads"]?.elements ?? [] {
                let path = expected["input"]!.string!
                recorded.expect(call.leaves[path]?.grad, equals: expected, "the gradient of \(path)")
            }
            for expected in recorded["inputs_after"]?.elements ?? [] {
                let path = expected["input"]!.string!
                recorded.expect(call.leaves[path], equals: expected, "\(path) afterwards")
            }
        }
    }
}

extension TensorError {
    fileprivate static var inexpressible: TensorError {
        TensorError(.unsupported, in: "replay", "an argument cannot be expressed")
    }
}
