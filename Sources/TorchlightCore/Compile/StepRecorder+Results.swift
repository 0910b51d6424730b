// The end of a recording: the results of the function and their gradients.

extension StepRecorder {
    /// Finishes the graph: adds the results, their gradients, and the states of the changed tensors.
    func finish(_ slots: [Tensor?]) {
        if let state = conditions.modules.first(where: { !$0.contentsHold }) {
            oneTimeChange = "a changed parameter, buffer, submodule or hook in \(type(of: state.module))"
        }
        if oneTimeChange != nil { return }
        results = slots.map { slot in
            guard let slot else { return .absent }
            if returnsValuesOnly {
                graph.results.append(use(value(of: slot, in: "return")))
                return .computed(graph.results.count - 1)
            }
            if let argument = arguments[ObjectIdentifier(slot)] { return .argument(argument) }
            let value = value(of: slot, in: "return")
            if !isInside(slot.storage) && (slot.isParameter || isKnown(slot)) { return .same(slot) }
            graph.results.append(use(value))
            return .computed(graph.results.count - 1)
        }
        for state in written where state.owner == .outside && state.value != state.initial {
            graph.states.append(Graph.State(initial: state.initial, final: state.value))
        }
        do throws(TensorError) {
            if !returnsValuesOnly { try addGradients(of: slots) }
            isComplete = true
        } catch { refuse(error) }
        conditions.defaultGenerator = defaultGenerator
        let read = graph.readValues
        for (id, value) in graph.values.enumerated() {
            guard case .outside(let tensor) = value.origin, read[id] else { continue }
            leaves[ObjectIdentifier(tensor)] = nil
            conditions.outside.append(.init(tensor))
        }
        for leaf in leaves.values where arguments[ObjectIdentifier(leaf)] == nil {
            conditions.outside.append(.init(leaf))
        }
        inside = []
        outside = [:]
        retained = []
        (keys, ownGenerators, ownObjects, ownViews) = ([:], [], [], [:])
    }

    /// Records the gradients of the results with respect to the leaves outside of the function. The gradients of the
    /// results are further arguments.
    private func addGradients(of slots: [Tensor?]) throws(TensorError) {
        var outputs: [Tensor] = []
        var indices: [Int] = []
        for (slot, result) in zip(slots, results) {
            guard let slot, case .computed(let index) = result, slot.requiresGrad else { continue }
            if outputs.contains(where: { $0 === slot }) || hasFreedGraph(slot) { continue }
            outputs.append(slot)
            indices.append(index)
        }
        if outputs.isEmpty { return }
        isInGradients = true
        let targets = try boundary(of: outputs)
        var seeds: [Tensor] = []
        for output in outputs {
            let seed = try withoutRecording { () throws(TensorError) in
                try Tensor.filled(1, shape: output.layout.shape, dtype: output.dtype, device: output.device)
            }
            addArgument(seed, graph.arguments.count)
            seeds.append(seed)
        }
        let gradients = try BackwardPass.run(
            from: outputs, gradients: seeds, targets: targets, retainGraph: true, createGraph: false, allowUnused: true)
        let first = graph.results.count
        var sources: [Graph.Leaf] = []
        for (target, gradient) in zip(targets, gradients) {
            guard let gradient else { continue }
            sources.append(leaf(target))
            graph.results.append(use(value(of: gradient, in: "backward")))
        }
        backward = CompiledBackward(outputs: indices, sources: sources, firstGradient: first)
    }

    /// Whether a backward pass in the function has freed the graph of a result, so that the result has no gradient.
    private func hasFreedGraph(_ output: Tensor) -> Bool {
        var seen = Set<ObjectIdentifier>()
        var stack = [output.currentNode].compactMap { $0 }
        while let node = stack.popLast() {
            guard node.sequence >= firstNode, seen.insert(ObjectIdentifier(node)).inserted else { continue }
            if node.isReleased { return true }
            stack += node.inputs.compactMap(\.node)
        }
        return false
    }

    /// The tensors from outside of which results are computed and that need gradients.
    private func boundary(of outputs: [Tensor]) throws(TensorError) -> [Tensor] {
        var targets: [Tensor] = []
        var seen = Set<ObjectIdentifier>()
        var stack = outputs.compactMap(\.currentNode)
        for output in outputs where output.node == nil && !isOwn(output) { targets.append(output) }
        while let node = stack.popLast() {
            guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
            for input in node.inputs {
                if let next = input.node {
                    if next.sequence >= firstNode {
                        stack.append(next)
                    } else {
                        let known = (argumentTensors + histories).first {
                            $0.currentNode === next && $0.outputIndex == Int(input.outputIndex)
                        }
                        guard let known else {
                            throw TensorError(
                                .autograd, in: "compile",
                                "a result depends on a tensor with a history that is no argument and not captured",
                                fix: "pass the tensor as an argument")
                        }
                        if !targets.contains(where: { $0 === known }) { targets.append(known) }
                    }
                } else if let leaf = input.leaf, !isOwn(leaf), !targets.contains(where: { $0 === leaf }) {
                    targets.append(leaf)
                }
            }
        }
        return targets
    }

    /// Whether the tensor itself is known from outside, not only a view of its memory.
    private func isKnown(_ tensor: Tensor) -> Bool {
        guard let state = outside[ObjectIdentifier(tensor.storage)],
            case .outside(let known) = graph.values[state.initial].origin
        else { return false }
        return known === tensor
    }
}
