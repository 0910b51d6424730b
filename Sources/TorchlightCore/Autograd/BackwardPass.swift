/// One backward pass: runs the nodes in decreasing order of creation, each when the gradients of its outputs are
/// complete.
struct BackwardPass {
    private let context: GradientContext
    private var pending: PendingGradients {
        @inline(__always) get { context.pending }
    }
    private let createGraph: Bool
    private let retainGraph: Bool
    /// With `targets`: the index of each target in the results, and the nodes that lead to targets.
    private var wanted: [Target: Int] = [:]
    private var results: [Tensor?] = []
    /// Targets that are given twice, with the index of the first occurrence.
    private var repeated: [(index: Int, first: Int)] = []
    private var useful: Set<ObjectIdentifier>?
    private var hooked = HookedLeaves()
    /// The tiling that each part belongs to, by the node of the part.
    private var tilings: [ObjectIdentifier: (tiling: GradientTiling, region: Layout)] = [:]
    private let isAnomalyDetected = threadState.pointee.anomaly > 0

    /// Whether the pass computes the gradients of chosen tensors, and accumulates none in a leaf.
    private var isTargeted: Bool { useful != nil }

    private enum Target: Hashable {
        case leaf(ObjectIdentifier)
        case output(ObjectIdentifier, Int)
    }

    private init(_ context: GradientContext, createGraph: Bool, retainGraph: Bool) {
        self.context = context
        self.createGraph = createGraph
        self.retainGraph = retainGraph
    }

    /// Runs a backward pass and returns the gradients of the targets.
    static func run(
        from roots: [Tensor], gradients: [Tensor?], targets: [Tensor]?, retainGraph: Bool, createGraph: Bool,
        allowUnused: Bool
    ) throws(TensorError) -> [Tensor?] {
        if roots.contains(where: \.isPlaceholder) { return targets ?? [] }
        guard gradients.count == roots.count else {
            throw TensorError(
                .value, in: "grad", "the number of gradients is not the number of outputs",
                got: "\(quantity(roots.count, "output")) and \(quantity(gradients.count, "gradient"))",
                expected: "one gradient for each output, nil meaning 1")
        }
        return try GradientContext.forPass { context throws(TensorError) in
            var pass = BackwardPass(context, createGraph: createGraph, retainGraph: retainGraph)
            if let targets { try pass.restrict(to: targets, from: roots) }
            let depth = threadState.pointee.grad_disabled
            threadState.pointee.grad_disabled = createGraph ? 0 : depth + 1
            defer { threadState.pointee.grad_disabled = depth }
            // The conversions by autocast are recorded in the graph, so the gradients are converted too.
            let autocast = threadState.pointee.autocast
            threadState.pointee.autocast = 0
            defer { threadState.pointee.autocast = autocast }
            for (root, gradient) in zip(roots, gradients) { try pass.start(at: root, gradient) }
            let mayAdd = !createGraph && !pass.isAnomalyDetected
            context.keepsGraph = createGraph
            context.addsToNodes = mayAdd
            context.addsToLeaves = mayAdd && !pass.isTargeted
            try pass.runNodes()
            guard let targets else { return [] }
            for (index, first) in pass.repeated { pass.results[index] = pass.results[first] }
            for (i, result) in pass.results.enumerated() where result == nil && !allowUnused {
                throw TensorError(
                    .autograd, in: "grad", "the outputs do not depend on input \(i)",
                    fix: "pass allowUnused: true to get nil for it", operands: [targets[i]])
            }
            return pass.results
        }
    }

    private mutating func start(at root: Tensor, _ gradient: Tensor?) throws(TensorError) {
        guard root.requiresGrad else {
            throw TensorError(
                .autograd, in: "backward",
                "the tensor requires no gradient: it is neither a leaf that does nor computed from one",
                expected: "a result of tensors with requiresGrad, computed outside noGrad { }", operands: [root])
        }
        var seed: Tensor
        if let gradient {
            guard gradient.layout.shape == root.layout.shape else {
                throw TensorError(
                    .shape, in: "backward", "the gradient does not have the shape of the tensor",
                    expected: "\(root.shape)", operands: [gradient])
            }
            guard gradient.device.accepts(root.device) else {
                throw TensorError(
                    .device, in: "backward", "the gradient is on another device than the tensor",
                    expected: "\(root.device)", operands: [gradient])
            }
            seed = gradient.dtype == root.dtype ? gradient : gradient.to(root.dtype)
        } else {
            guard root.count == 1 else {
                throw TensorError(
                    .shape, in: "backward", "the gradient can be left out only for a tensor of one element",
                    expected: "a tensor of one element",
                    fix: "reduce it first, as in loss.mean().backward(), or pass gradient:", operands: [root])
            }
            guard !root.dtype.isComplex else {
                throw TensorError(
                    .dtype, in: "backward", "the gradient cannot be left out for a complex number",
                    expected: "a real number", fix: "use loss.abs() or loss.real, or pass gradient:", operands: [root])
            }
            seed = try Tensor.filled(1, shape: root.layout.shape, dtype: root.dtype, device: root.device)
        }
        if let node = root.currentNode {
            pending.add(&seed, to: node, output: root.outputIndex, intoNew: createGraph)
        } else {
            try deliver(&seed, to: root, from: nil)
        }
    }

    private mutating func runNodes() throws(TensorError) {
        while let node = pending.pop(&context.gradients) {
            guard !node.isReleased else { throw Self.released(node) }
            if let extra = node.extra { try runHooks(extra, on: &context.gradients) }
            if !wanted.isEmpty { collect(context.gradients, of: node) }
            var needs = Needs()
            let inputs = node.inputs
            if let useful {
                for i in inputs.indices {
                    if let next = inputs[i].node {
                        needs[i] = useful.contains(ObjectIdentifier(next))
                    } else if let leaf = inputs[i].leaf {
                        needs[i] = wanted[.leaf(ObjectIdentifier(leaf))] != nil
                    }
                }
            } else {
                for i in inputs.indices where inputs[i].node != nil || inputs[i].leaf != nil { needs[i] = true }
            }
            if threadState.pointee.recording > 0 && needs.any { try activeRecorder?.passes(through: node) }
            let isInDestination = try isInPlace(context.gradients[0], of: node)
            if needs.any && !isInDestination && !(node.inputCount == 1 && addToRegion(context.gradients[0], of: node)) {
                var destinations: Few<Tensor>?
                if context.addsToNodes && node.rule.destinationInputs > 0 {
                    destinations = try makeDestinations(for: node, needs, context.gradients)
                }
                try context.setNode(node, needs, destinations: destinations)
                try pass(needs, on: node)
            } else {
                context.clearNode()
            }
            if !retainGraph { node.release() }
            if hooked.areCounted { try finishLeaves(of: node) }
        }
        while let leaf = hooked.first { try finish(leaf) }
    }

    /// Adds the gradient of a view to the region of the base's gradient, if that exists; false if it does not, or must
    /// not be written.
    private func addToRegion(_ gradient: Tensor?, of node: Node) -> Bool {
        guard !createGraph, !isAnomalyDetected, let gradient, !gradient.device.isRecording,
            let next = node.inputs[0].node
        else { return false }
        let output = Int(node.inputs[0].outputIndex)
        guard var sum = pending.take(of: next, output: output) else { return false }
        defer { pending.put(sum, of: next, output: output) }
        guard let region = node.rule.region(of: sum.layout) else { return false }
        guard isUniquelyReferenced(&sum), sum.dtype == gradient.dtype, !sum.layout.mayOverlap, !region.mayOverlap else {
            return false
        }
        Tensor(storage: sum.storage, layout: region, dtype: sum.dtype).add_(gradient)
        return true
    }

    /// One gradient tensor for a tensor whose parts are the first inputs of a node and together cover it; nil if they
    /// do not.
    private mutating func makeDestinations(
        for node: Node, _ needs: Needs, _ gradients: Few<Tensor?>
    ) throws(TensorError) -> Few<Tensor>? {
        guard !isTargeted, let device = gradients.compactMap({ $0 }).first?.device, !device.isRecording,
            let found = GradientTiling.find(in: node, needs)
        else { return nil }
        let tiling = try GradientTiling(of: found.parts[0], count: found.parts.count, device: device)
        var destinations = Few<Tensor>()
        for (part, layout) in zip(found.parts, found.layouts) {
            let region = part.rule.region(of: tiling.whole.layout)!
            tilings[ObjectIdentifier(part)] = (tiling, region)
            destinations.append(Tensor(storage: tiling.whole.storage, layout: layout, dtype: tiling.whole.dtype))
        }
        return destinations
    }

    /// Whether the gradient of a part was written to its region of the whole gradient. With the last part the whole
    /// gradient is passed on.
    ///
    /// A part that has other uses, or whose gradient a hook replaced, has its gradient in other memory. Then the parts
    /// written so far are passed on separately, and the others are handled like those of any view.
    private mutating func isInPlace(_ gradient: Tensor?, of node: Node) throws(TensorError) -> Bool {
        guard !tilings.isEmpty, let (tiling, region) = tilings.removeValue(forKey: ObjectIdentifier(node)),
            !tiling.isBroken
        else { return false }
        if let gradient, gradient.storage === tiling.whole.storage, gradient.layout.addressesSameElements(as: region) {
            tiling.written.append(region)
            guard tiling.written.count == tiling.count else { return true }
            var whole = tiling.whole
            pending.add(&whole, to: tiling.node, output: tiling.output, intoNew: createGraph)
            return true
        }
        tiling.isBroken = true
        if var partial = try tiling.sumOfWritten() {
            pending.add(&partial, to: tiling.node, output: tiling.output, intoNew: createGraph)
        }
        return false
    }

    /// Runs the gradient rule of a node and passes each gradient on.
    private mutating func pass(_ needs: Needs, on node: Node) throws(TensorError) {
        var results = try node.rule.gradient(context)
        context.clearNode()
        try throwPendingError()
        if pending.offered.any { removeAddedGradients(&results, of: node) }
        pending.unlockLeaves()
        for i in 0..<results.count where i < node.inputCount && needs[i] {
            guard var gradient = results[i] else { continue }
            results[i] = nil
            if !(node.inputs[i].shape == gradient.layout.shape) {
                gradient = gradient.summed(to: node.inputs[i].shape.dims)
            }
            if gradient.dtype != node.inputs[i].dtype { gradient = gradient.to(node.inputs[i].dtype) }
            if isAnomalyDetected { try checkBackward(node, input: i, gradient) }
            if let next = node.inputs[i].node {
                pending.add(&gradient, to: next, output: Int(node.inputs[i].outputIndex), intoNew: createGraph)
            } else if let leaf = node.inputs[i].leaf {
                try deliver(&gradient, to: leaf, from: node)
            }
        }
    }

    /// Removes the gradients that a rule has already added to an existing sum.
    private mutating func removeAddedGradients(_ results: inout Few<Tensor?>, of node: Node) {
        for i in 0..<results.count where i < node.inputCount && pending.offered[i] {
            let input = node.inputs[i]
            if let next = input.node {
                if results[i] === pending.sum(of: next, output: Int(input.outputIndex)) { results[i] = nil }
            } else if let leaf = input.leaf, results[i] === leaf.gradient {
                results[i] = nil
                if leaf.hasGradientHooks { hooked.record(leaf, from: node, pending) }
            }
        }
        pending.offered = Needs()
    }

    /// Passes a gradient to a leaf: at once, or to the sum that hooks wait for.
    private mutating func deliver(_ gradient: inout Tensor, to leaf: Tensor, from node: Node?) throws(TensorError) {
        if leaf.hasGradientHooks {
            hooked.record(leaf, from: isTargeted ? nil : node, pending)
            if leaf.gradientHooks!.runBefore { return hooked.add(&gradient, to: leaf, intoNew: createGraph) }
        }
        try accept(&gradient, in: leaf)
    }

    /// Accumulates a gradient in a leaf, or in the result of the pass. A gradient without other references is kept
    /// without a copy.
    private mutating func accept(_ gradient: inout Tensor, in leaf: Tensor) throws(TensorError) {
        guard isTargeted else {
            // requiresGrad of the leaf may have been set to false since.
            return leaf.requiresGrad ? try leaf.accumulate(&gradient, isRecorded: createGraph) : ()
        }
        guard let index = wanted[.leaf(ObjectIdentifier(leaf))] else { return }
        guard var sum = results[index].take() else {
            results[index] = gradient
            return
        }
        addGradient(gradient, to: &sum, intoNew: createGraph)
        results[index] = sum
    }

    /// Runs the hooks of the leaves whose gradients are complete after this node.
    private mutating func finishLeaves(of node: Node) throws(TensorError) {
        for i in 0..<node.inputCount {
            if let leaf = node.inputs[i].leaf, hooked.removeUse(of: leaf) { try finish(leaf) }
        }
    }

    /// Runs the hooks of a leaf on the sum of its gradients, accumulates the result, and runs the post-accumulation
    /// hooks.
    private mutating func finish(_ leaf: Tensor) throws(TensorError) {
        let sum = hooked.remove(leaf)
        guard let hooks = leaf.gradientHooks else { return }
        if let sum {
            var gradient = try hooks.before.run(on: sum)
            try accept(&gradient, in: leaf)
        }
        if !isTargeted { hooks.after.run(leaf) }
        try throwPendingError()
    }

    private func runHooks(_ extra: NodeExtra, on gradients: inout Few<Tensor?>) throws(TensorError) {
        for (output, hooks) in extra.hooks {
            if let gradient = gradients[output] { gradients[output] = try hooks.run(on: gradient) }
        }
        for (output, holder) in extra.retaining {
            guard let tensor = holder.tensor, let gradient = gradients[output] else { continue }
            let kept = createGraph ? gradient : try gradient.copied()
            tensor.lockGradient()
            tensor.gradient = tensor.gradient.map { $0 + kept } ?? kept
            tensor.unlockGradient()
        }
    }

    private mutating func collect(_ gradients: Few<Tensor?>, of node: Node) {
        for output in 0..<gradients.count {
            guard let index = wanted[.output(ObjectIdentifier(node), output)] else { continue }
            results[index] = gradients[output]
        }
    }

    /// Finds the nodes between the roots and the targets; only these run.
    private mutating func restrict(to targets: [Tensor], from roots: [Tensor]) throws(TensorError) {
        results = Array(repeating: nil, count: targets.count)
        for (i, target) in targets.enumerated() {
            guard target.requiresGrad else {
                throw TensorError(
                    .autograd, in: "grad", "input \(i) does not require a gradient",
                    fix: "call requiresGrad_() before the computation", operands: [target])
            }
            let key =
                target.currentNode.map { Target.output(ObjectIdentifier($0), target.outputIndex) }
                ?? .leaf(ObjectIdentifier(target))
            if let first = wanted[key] {
                repeated.append((i, first))
            } else {
                wanted[key] = i
            }
        }
        // Depth-first search with an explicit stack; a node is useful if it is a target or leads to one.
        var useful = Set<ObjectIdentifier>()
        var seen = Set<ObjectIdentifier>()
        var stack: [(node: Node, next: Int)] = []
        for root in roots {
            if let node = root.currentNode, seen.insert(ObjectIdentifier(node)).inserted { stack.append((node, 0)) }
            while let (node, next) = stack.last {
                let id = ObjectIdentifier(node)
                if next == 0, (0..<node.outputs.count).contains(where: { wanted[.output(id, $0)] != nil }) {
                    useful.insert(id)
                }
                guard next < node.inputs.count else {
                    stack.removeLast()
                    if useful.contains(id), let parent = stack.last { useful.insert(ObjectIdentifier(parent.node)) }
                    continue
                }
                stack[stack.count - 1].next += 1
                if let child = node.inputs[next].node {
                    if seen.insert(ObjectIdentifier(child)).inserted {
                        stack.append((child, 0))
                    } else if useful.contains(ObjectIdentifier(child)) {
                        useful.insert(id)
                    }
                } else if let leaf = node.inputs[next].leaf, wanted[.leaf(ObjectIdentifier(leaf))] != nil {
                    useful.insert(id)
                }
            }
        }
        self.useful = useful
    }

    private static func released(_ node: Node) -> TensorError {
        TensorError(
            .autograd, in: "backward",
            "the graph was freed by an earlier backward pass (at \(node.name))",
            fix: "compute the loss again for each pass, detach() tensors carried over from the last step, "
                + "or pass retainGraph: true to the first pass if you need both")
    }
}
