import Torchlight
import TorchlightIO

extension Replayer {
    /// Makes a module, gives it the recorded state and calls it: its text, results, gradients and state afterwards.
    func replayModule(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        let settings = entry["constructor"]
        let constructor = Call(
            name: entry["module"]!.string!, args: settings?["args"], kwargs: settings?["kwargs"], tensors: tensors)
        let call = Call(name: "forward", args: entry["args"], kwargs: entry["kwargs"], tensors: tensors)
        let mustRaise = entry["raises"]?.bool == true
        do {
            try checked {
                let (module, forward) = try modules.make(constructor)
                let before = try state(entry["state"], tensors)
                try load(before, into: module)
                module.train(entry["mode"]?.string == "train")
                var (answer, made) = (try forward(call), call)
                try call.finish()
                if ReplayDevice.isCompiled && !mustRaise {
                    (answer, made) = try compiled(
                        call, like: answer, restore: { try load(before, into: module) }, forward)
                }
                if mustRaise && ReplayDevice.hasValues { throw Difference(expected: "a refusal", got: "an answer") }
                let text = module.description
                if let wanted = entry["repr"]?.string, text != wanted { throw Difference(expected: wanted, got: text) }
                try compare(answer, made, entry, tensors)
                let tolerance = Tolerance(entry)
                try compareParameters(of: module, entry, tensors, tolerance)
                let changed = try state(entry["state_after"], tensors)
                let after = module.stateDict()
                for (name, wanted) in before.merging(changed, uniquingKeysWith: { _, later in later }) {
                    guard let got = after[name] else { throw Difference(expected: "\(name) afterwards", got: "none") }
                    try tolerance.check(got, wanted, name + " afterwards")
                }
            }
        } catch is TensorError where mustRaise {
        }
    }

    /// The named tensors of a list of entries.
    private func state(_ entries: JSON?, _ tensors: [String: Tensor]) throws -> StateDict {
        var state: StateDict = [:]
        for entry in entries?.elements ?? [] {
            guard let name = entry["name"]?.string, let key = entry["tensor"]?.string, let tensor = tensors[key] else {
                throw NotSupported("an entry of the state cannot be found")
            }
            state[name] = tensor
        }
        return state
    }

    private func load(_ state: StateDict, into module: Module) throws {
        if let dtype = state.values.first(where: { $0.dtype.isFloatingPoint })?.dtype, dtype != .default {
            module.to(dtype)
        }
        try module.load(stateDict: state)
        if ReplayDevice.current != .cpu { module.to(ReplayDevice.current) }
    }

    private func compareParameters(
        of module: Module, _ entry: JSON, _ tensors: [String: Tensor], _ tolerance: Tolerance
    ) throws {
        let parameters = module.namedParameters()
        for expected in entry["grads"]?.elements ?? [] {
            guard let path = expected["input"]?.string, path.hasPrefix(Self.parameterPrefix) else { continue }
            guard let key = expected["tensor"]?.string, let wanted = tensors[key] else {
                throw NotSupported("a recorded gradient cannot be found")
            }
            let name = path.dropFirst(Self.parameterPrefix.count)
            guard let got = parameters.first(where: { $0.name == name })?.tensor.grad else {
                throw Difference(expected: "a gradient of \(path)", got: "none")
            }
            try tolerance.check(got, wanted, "the gradient of \(path)")
        }
    }

    /// What the path of a module's parameter begins with.
    static let parameterPrefix = "param."
}
