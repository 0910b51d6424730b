import Torchlight
import TorchlightIO

extension Replayer {
    /// Calls an operator: results, strides, changed inputs and gradients, or the refusal.
    func replayOperator(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        let name = entry["op"]!.string!
        let isInPlace = entry["variant"]?.string == "inplace"
        let key = isInPlace && name != "__setitem__" && !name.hasSuffix("_") ? name + "_" : name
        guard let operation = registry.operations[key] else { throw NotSupported("\(key) is not mapped") }
        let call = Call(name: name, args: entry["args"], kwargs: entry["kwargs"], tensors: tensors)
        let mustRaise = entry["raises"]?.bool == true
        do {
            let makeCall = { (call: Call) throws in
                if isInPlace { call.replace(0, by: try call.tensor(0).clone()) }
                return try operation(call)
            }
            let (answer, made) = try checked {
                let answer = try makeCall(call)
                if let argument = call.unread.first { throw NotSupported("\(argument) is not mapped") }
                return ReplayDevice.isCompiled && !mustRaise
                    ? try compiled(call, like: answer, makeCall) : (answer, call)
            }
            if mustRaise {
                // Without values, what is wrong with them does not show.
                if entry["optional"]?.bool == true || !ReplayDevice.hasValues { return }
                throw Difference(expected: "a refusal", got: "an answer")
            }
            try checked {
                try compare(answer, made, entry, tensors)
                if !ReplayDevice.isCompiled { try checkViews(of: answer, made) }
            }
        } catch is TensorError where mustRaise {
        } catch let reason as NotSupported where mustRaise && reason.isExcludedByTypes {
        }
    }

    /// Compares what a call gave and changed, and the gradients of its arguments, with what was recorded.
    func compare(_ answer: Answer, _ call: Call, _ entry: JSON, _ tensors: [String: Tensor]) throws {
        let tolerance = Tolerance(entry)
        let expected = entry["outputs"]?.elements ?? []
        var answers: [Answer] = [answer]
        if entry["multiple"]?.bool == true, case .list(let items) = answer { answers = items }
        guard answers.count == expected.count else {
            throw Difference(expected: "\(expected.count) results", got: "\(answers.count)")
        }
        let manners = entry["compare"]?.elements?.map { Tolerance.Manner(rawValue: $0.string ?? "") ?? .exact } ?? []
        for (i, wanted) in expected.enumerated() {
            let manner = i < manners.count ? manners[i] : .exact
            try tolerance.check(answers[i], wanted, "result \(i)", manner: manner, tensors: tensors)
        }
        if let strides = entry["out_strides"]?.elements {
            for (i, wanted) in strides.enumerated() {
                guard let wanted = wanted.elements?.compactMap(\.int), case .tensor(let tensor) = answers[i] else {
                    continue
                }
                if tensor.strides != wanted {
                    throw Difference(expected: "result \(i) with strides \(wanted)", got: "\(tensor.strides)")
                }
            }
        }
        for change in entry["inputs_after"]?.elements ?? [] {
            guard let path = change["input"]?.string, let key = change["tensor"]?.string, let wanted = tensors[key],
                let got = call.leaf(path)
            else { throw NotSupported("a changed input cannot be found") }
            try tolerance.check(got, wanted, path + " afterwards")
        }
        try compareGradients(answers, call, entry, tensors, tolerance, expected, manners)
    }

    /// Changes each result in place that is not a view of an argument, and checks that a view of it depends on it: what a
    /// function computed is a tensor of its own for its callers, also where it is a view of what they do not see.
    private func checkViews(of answer: Answer, _ call: Call) throws {
        for (i, leaf) in answer.leaves.enumerated() {
            guard case .tensor(let result) = leaf, result.requiresGrad, !result.isLeaf, result.count > 0,
                !call.usedTensors.contains(where: { $0.storage === result.storage }),
                // Elements of an expanded result share memory: it cannot be changed.
                !result.layout.mayOverlap
            else { continue }
            let view = result.unsqueeze(0)
            try checked { _ = result.mul_(2) }
            if grad(outputs: [view], inputs: [result], gradOutputs: [onesLike(view)], allowUnused: true)[0] == nil {
                throw Difference(expected: "a gradient of a view of result \(i) with respect to it", got: "none")
            }
        }
    }

    private func compareGradients(
        _ answers: [Answer], _ call: Call, _ entry: JSON, _ tensors: [String: Tensor], _ tolerance: Tolerance,
        _ expected: [JSON], _ manners: [Tolerance.Manner]
    ) throws {
        let seeds = entry["grad_outputs"]?.elements ?? []
        let roots = answers.flatMap(\.leaves)
        for (i, seed) in seeds.enumerated() {
            guard var gradient = tensors.recorded(seed), i < roots.count, case .tensor(let root) = roots[i] else {
                continue
            }
            guard root.requiresGrad else {
                throw Difference(expected: "result \(i) to have a gradient", got: "one without")
            }
            // The cotangent of a set goes with the entries that it was recorded for.
            if i < manners.count, manners[i] == .set, ReplayDevice.hasValues, let wanted = tensors.recorded(expected[i])
            {
                gradient = tolerance.rearranged(gradient, root, wanted)
            }
            root.backward(gradient: ReplayDevice.copy(gradient), retainGraph: true)
        }
        for expected in entry["grads"]?.elements ?? [] {
            guard let path = expected["input"]?.string, let wanted = tensors.recorded(expected) else {
                throw NotSupported("a recorded gradient cannot be found")
            }
            if path.hasPrefix(Self.parameterPrefix) { continue }
            guard let got = call.leaf(path)?.grad else {
                throw Difference(expected: "a gradient of \(path)", got: "none")
            }
            try tolerance.check(got, wanted, "the gradient of \(path)")
        }
    }
}
