import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// Replays PyTorch's recorded modules of several inputs or outputs: print, state, results and gradients.
@Suite struct ModuleReplayTests {
    @Test func modulesConform() throws {
        for recorded in Conformance.cases("modules") {
            let constructor = recorded["constructor"]!
            let settings = RecordedCall(recorded, constructor["args"], constructor["kwargs"])
            guard let (module, forward) = RecordedModules.make(recorded["module"]!.string!, settings) else { continue }
            do { try replay(recorded, module, forward) } catch { Issue.record("\(recorded.id): \(error)") }
        }
    }

    private func replay(_ recorded: Conformance.Case, _ module: Module, _ forward: RecordedModules.Forward) throws {
        // A bound that was written as a whole number is printed as one there; here it is floating point.
        if recorded["module"]!.string != "Softshrink" {
            #expect(module.description == recorded["repr"]!.string!, "\(recorded.id)")
        }
        var state: StateDict = [:]
        for entry in recorded["state"]!.elements! { state[entry["name"]!.string!] = recorded.tensor(entry) }
        try checked {
            try module.load(stateDict: state)
            module.train(recorded["mode"]!.string == "train")
            let call = RecordedCall(recorded)
            let results = forward(call)
            var outputs: [JSON] = []
            func flatten(_ value: JSON) {
                if let list = value.elements { list.forEach(flatten) } else { outputs.append(value) }
            }
            recorded["outputs"]!.elements!.forEach(flatten)
            outputs.removeAll { $0["none"] != nil }
            #expect(outputs.count == results.count, "\(recorded.id)")
            for (i, expected) in outputs.enumerated() where i < results.count {
                recorded.expect(results[i], equals: expected, "result \(i)")
            }
            for (i, seed) in (recorded["grad_outputs"]?.elements ?? []).enumerated() where i < results.count {
                if let gradient = recorded.tensor(seed) { results[i].backward(gradient: gradient, retainGraph: true) }
            }
            for expected in recorded["grads"]?.elements ?? [] {
                let path = expected["input"]!.string!
                let got =
                    path.hasPrefix("param.")
                    ? module.namedParameters().first { $0.name == path.dropFirst(6) }?.tensor.grad
                    : call.leaves[path]?.grad
                recorded.expect(got, equals: expected, "the gradient of \(path)")
            }
            for entry in recorded["state_after"]?.elements ?? [] {
                let name = entry["name"]!.string!
                recorded.expect(module.stateDict()[name], equals: entry, "\(name) afterwards")
            }
        }
    }
}
