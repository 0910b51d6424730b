import CKernels
import Synchronization

extension Tensor {
    /// Computes the gradients of this tensor with respect to all leaves that it depends on, and adds them to their
    /// `grad`.
    ///
    /// - Parameters:
    ///   - gradient: the gradient of something later with respect to this tensor; may be left out for a single number,
    ///     where it is 1.
    ///   - retainGraph: keep what the graph saved, so that `backward` can be called again.
    ///   - createGraph: record the pass itself, for derivatives of higher order; implies `retainGraph`.
    public func backward(
        gradient: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false, file: StaticString = #fileID,
        line: UInt = #line
    ) {
        do {
            try BackwardPass.run(
                from: [self], gradients: [gradient], targets: nil, retainGraph: retainGraph || createGraph,
                createGraph: createGraph, allowUnused: true)
            if !retainGraph && !createGraph { GraphWatch.passEnded(file: file, line: line) }
        } catch { reportFailure(error) }
    }
}

/// The gradients of `outputs` with respect to `inputs`, without touching any `grad`.
///
/// - Parameters:
///   - gradOutputs: the gradients of the outputs; nil stands for 1 and needs a single number.
///   - createGraph: record the pass, so that its results can be differentiated again; implies `retainGraph`.
///   - allowUnused: give nil for an input that the outputs do not depend on, instead of refusing.
/// - Returns: one gradient for each input.
public func grad(
    outputs: [Tensor], inputs: [Tensor], gradOutputs: [Tensor?]? = nil, retainGraph: Bool = false,
    createGraph: Bool = false, allowUnused: Bool = false
) -> [Tensor?] {
    do {
        return try BackwardPass.run(
            from: outputs, gradients: gradOutputs ?? Array(repeating: nil, count: outputs.count), targets: inputs,
            retainGraph: retainGraph || createGraph, createGraph: createGraph, allowUnused: allowUnused)
    } catch { return inputs.map { fail(error, like: $0) } }
}

/// The gradient of a single number with respect to one tensor.
public func grad(of output: Tensor, withRespectTo input: Tensor, createGraph: Bool = false) -> Tensor {
    grad(outputs: [output], inputs: [input], createGraph: createGraph)[0]
        ?? fail(
            TensorError(.autograd, in: "grad", "the output does not depend on the input"), like: input)
}

/// One walk over the graph: nodes in falling order of creation, each once its outputs' gradients are complete.
struct BackwardPass {
    /// Passes take turns, because the gradients in flight are kept in the nodes. A pass inside a hook or a custom
    /// function is on the same thread and may not touch the nodes of the outer one while they wait.
    private static let turn = RecursiveLock()

    private var queue = NodeHeap()
    private let createGraph: Bool
    private let retainGraph: Bool
    /// With `targets`: what is wanted, and the nodes that lead there.
    private var wanted: [Target: Int] = [:]
    private var results: [Tensor?] = []
    private var useful: Set<ObjectIdentifier>?
    /// By the nodes of the parts.
    private var tilings: [ObjectIdentifier: (tiling: GradientTiling, region: Layout)] = [:]
    private let isAnomalyDetected = threadState.pointee.anomaly > 0

    private enum Target: Hashable {
        case leaf(ObjectIdentifier)
        case output(ObjectIdentifier, Int)
    }

    private init(createGraph: Bool, retainGraph: Bool) {
        self.createGraph = createGraph
        self.retainGraph = retainGraph
    }

    @discardableResult
    static func run(
        from roots: [Tensor], gradients: [Tensor?], targets: [Tensor]?, retainGraph: Bool, createGraph: Bool,
        allowUnused: Bool
    ) throws(TensorError) -> [Tensor?] {
        if roots.contains(where: \.isPlaceholder) { return targets ?? [] }
        turn.lock()
        defer { turn.unlock() }
        var pass = BackwardPass(createGraph: createGraph, retainGraph: retainGraph)
        if let targets { try pass.aim(at: targets, from: roots) }
        let depth = threadState.pointee.grad_disabled
        threadState.pointee.grad_disabled = createGraph ? 0 : depth + 1
        defer { threadState.pointee.grad_disabled = depth }
        // The conversions of the forward pass are recorded; the gradients follow them.
        let autocast = threadState.pointee.autocast
        threadState.pointee.autocast = 0
        defer { threadState.pointee.autocast = autocast }
        do {
            for (root, gradient) in zip(roots, gradients) { try pass.start(at: root, gradient) }
            try pass.walk()
        } catch {
            pass.abandon()
            throw error
        }
        guard let targets else { return [] }
        for (i, result) in pass.results.enumerated() where result == nil && !allowUnused {
            throw TensorError(
                .autograd, in: "grad", "input \(i) has no influence on the outputs",
                fix: "pass allowUnused: true to get nil for it", operands: [targets[i]])
        }
        return pass.results
    }

    private mutating func start(at root: Tensor, _ gradient: Tensor?) throws(TensorError) {
        guard root.requiresGrad else {
            throw TensorError(
                .autograd, in: "backward", "the tensor requires no gradient and has no history",
                expected: "a result of tensors with requiresGrad, computed outside noGrad { }", operands: [root])
        }
        var seed: Tensor
        if let gradient {
            guard gradient.layout.shape == root.layout.shape else {
                throw TensorError(
                    .shape, in: "backward", "the gradient has another shape than the tensor",
                    expected: "\(root.shape)", operands: [gradient])
            }
            seed = gradient.dtype == root.dtype ? gradient : gradient.to(root.dtype)
        } else {
            guard root.count == 1 else {
                throw TensorError(
                    .shape, in: "backward", "the gradient can be left out only for a single number",
                    expected: "a tensor of one element",
                    fix: "reduce it first, as in loss.mean().backward(), or pass gradient:", operands: [root])
            }
            seed = try Tensor.filled(1, shape: root.layout.shape, dtype: root.dtype, device: root.device)
        }
        if let node = root.currentNode {
            try deliver(&seed, to: node, output: root.outputIndex)
        } else {
            try deliver(&seed, to: root)
        }
    }

    private mutating func walk() throws(TensorError) {
        while let node = queue.pop() {
            node.isQueued = false
            var gradients = Few<Tensor?>()
            for i in 0..<node.outputCount {
                gradients.append(node.outputs[i].pending)
                node.outputs[i].pending = nil
            }
            guard !node.isReleased else { throw Self.released(node) }
            if let extra = node.extra { try runHooks(extra, on: &gradients) }
            if !wanted.isEmpty { collect(gradients, of: node) }
            var needs = Needs()
            for i in 0..<node.inputCount {
                if let next = node.inputs[i].node {
                    needs[i] = useful?.contains(ObjectIdentifier(next)) ?? true
                } else if let leaf = node.inputs[i].leaf {
                    needs[i] = useful == nil || wanted[.leaf(ObjectIdentifier(leaf))] != nil
                }
            }
            let isPlaced = try isInPlace(gradients[0], of: node)
            if needs.any && !isPlaced && !(node.inputCount == 1 && addToRegion(gradients[0], of: node)) {
                let mayAdd = !createGraph && !isAnomalyDetected
                var places: Few<Tensor>?
                if mayAdd && node.rule.placeableInputs > 0 { places = try makePlaces(for: node, needs, gradients) }
                var context: GradientContext? = try GradientContext(
                    node: node, needs: needs, gradients: gradients, keepsGraph: createGraph, addsToNodes: mayAdd,
                    addsToLeaves: mayAdd && useful == nil && wanted.isEmpty, places: places)
                gradients = Few()
                try pass(&context, needs, on: node)
            }
            if !retainGraph { node.release() }
        }
    }

    /// Adds the gradient of a part where it belongs in what other parts have brought already; false where there is nothing
    /// to add to, or it may not be written.
    private func addToRegion(_ gradient: Tensor?, of node: Node) -> Bool {
        guard !createGraph, !isAnomalyDetected, let gradient, let next = node.inputs[0].node else { return false }
        let output = Int(node.inputs[0].outputIndex)
        guard var sum = next.outputs[output].pending, let region = node.rule.region(of: sum.layout) else {
            return false
        }
        next.outputs[output].pending = nil
        defer { next.outputs[output].pending = sum }
        guard isUniquelyHeld(&sum), sum.dtype == gradient.dtype, !sum.layout.mayOverlap, !region.mayOverlap else {
            return false
        }
        Tensor(storage: sum.storage, layout: region, dtype: sum.dtype).add_(gradient)
        return true
    }

    /// One gradient for a tensor whose parts fill it between them, where the first inputs of a node are these parts; nil
    /// where they are not.
    private mutating func makePlaces(
        for node: Node, _ needs: Needs, _ gradients: Few<Tensor?>
    ) throws(TensorError) -> Few<Tensor>? {
        guard useful == nil, wanted.isEmpty, let device = gradients.compactMap({ $0 }).first?.device,
            let found = GradientTiling.find(in: node, needs)
        else { return nil }
        let tiling = try GradientTiling(of: found.parts[0], count: found.parts.count, device: device)
        var places = Few<Tensor>()
        for (part, layout) in zip(found.parts, found.layouts) {
            let region = part.rule.region(of: tiling.whole.layout)!
            tilings[ObjectIdentifier(part)] = (tiling, region)
            places.append(Tensor(storage: tiling.whole.storage, layout: layout, dtype: tiling.whole.dtype))
        }
        return places
    }

    /// Whether the gradient of a part was written where it belongs in that of the whole, which then is handed on with the
    /// last part.
    ///
    /// A part that was used elsewhere too, or whose gradient a hook replaced, has its gradient in other memory. Then those
    /// that were in their places are handed on by themselves, and the others take the way of all parts.
    private mutating func isInPlace(_ gradient: Tensor?, of node: Node) throws(TensorError) -> Bool {
        guard !tilings.isEmpty, let (tiling, region) = tilings.removeValue(forKey: ObjectIdentifier(node)),
            !tiling.isBroken
        else { return false }
        if let gradient, gradient.storage === tiling.whole.storage, gradient.layout.namesSamePlaces(as: region) {
            tiling.placed.append(region)
            guard tiling.placed.count == tiling.count else { return true }
            var whole = tiling.whole
            try deliver(&whole, to: tiling.node, output: tiling.output)
            return true
        }
        tiling.isBroken = true
        if var placed = try tiling.placedAlone() {
            try deliver(&placed, to: tiling.node, output: tiling.output)
        }
        return false
    }

    /// Runs a node's rule and hands each gradient on.
    private mutating func pass(
        _ context: inout GradientContext?, _ needs: Needs, on node: Node
    ) throws(TensorError) {
        var results = try node.rule.gradient(context.unsafelyUnwrapped)
        // The context holds the incoming gradients; a rule that passes one through must not make it look shared.
        context = nil
        if threadState.pointee.checked > 0, let error = ThreadContext.existing?.pendingError { throw error }
        for i in 0..<results.count where i < node.inputCount && needs[i] {
            let isOffered = node.inputs[i].isSumOffered
            node.inputs[i].isSumOffered = false
            guard var gradient = results[i] else { continue }
            results[i] = nil
            // What the rule added to what was there has arrived.
            if isOffered && gradient === sumSoFar(of: node.inputs[i]) { continue }
            if !(node.inputs[i].shape == gradient.layout.shape) {
                gradient = gradient.summed(to: node.inputs[i].shape.dims)
            }
            if gradient.dtype != node.inputs[i].dtype { gradient = gradient.to(node.inputs[i].dtype) }
            if isAnomalyDetected { try checkBackward(node, input: i, gradient) }
            if let next = node.inputs[i].node {
                try deliver(&gradient, to: next, output: Int(node.inputs[i].outputIndex))
            } else if let leaf = node.inputs[i].leaf {
                try deliver(&gradient, to: leaf)
            }
        }
    }

    private func sumSoFar(of input: Node.Slot) -> Tensor? {
        input.node.map { $0.outputs[Int(input.outputIndex)].pending } ?? input.leaf?.gradient
    }

    /// Adds a gradient to a leaf. Takes it: where nobody else holds it, it is kept without a copy.
    private mutating func deliver(_ gradient: inout Tensor, to leaf: Tensor) throws(TensorError) {
        if let hooks = leaf.leafHooks { gradient = try hooks.run(on: gradient) }
        if useful == nil && wanted.isEmpty {
            try accumulate(&gradient, in: leaf)
        } else if let index = wanted[.leaf(ObjectIdentifier(leaf))] {
            results[index] = results[index].map { $0 + gradient } ?? gradient
        }
    }

    /// Adds a gradient to a result of a node, which then waits for its turn.
    private mutating func deliver(_ gradient: inout Tensor, to node: Node, output: Int) throws(TensorError) {
        if var sum = node.outputs[output].pending {
            node.outputs[output].pending = nil
            if !createGraph && isUniquelyHeld(&sum) {
                sum.add_(gradient)
            } else {
                sum = sum + gradient
            }
            node.outputs[output].pending = sum
        } else {
            node.outputs[output].pending = gradient
        }
        if !node.isQueued {
            node.isQueued = true
            queue.push(node)
        }
    }

    private func accumulate(_ gradient: inout Tensor, in leaf: Tensor) throws(TensorError) {
        if let sum = leaf.gradient {
            if createGraph || sum.requiresGrad {
                leaf.gradient = sum + gradient
            } else {
                sum.add_(gradient)
            }
        } else if createGraph {
            leaf.gradient = gradient
        } else if isUniquelyHeld(&gradient) && gradient.layout.isDenseInSomeOrder && gradient.layout.count > 0 {
            leaf.gradient = gradient
        } else {
            leaf.gradient = try gradient.copied()
        }
    }

    private func runHooks(_ extra: NodeExtra, on gradients: inout Few<Tensor?>) throws(TensorError) {
        for (output, hooks) in extra.hooks {
            if let gradient = gradients[output] { gradients[output] = try hooks.run(on: gradient) }
        }
        for (output, holder) in extra.retaining {
            guard let tensor = holder.tensor, let gradient = gradients[output] else { continue }
            let kept = createGraph ? gradient : try gradient.copied()
            tensor.gradient = tensor.gradient.map { $0 + kept } ?? kept
        }
    }

    private mutating func collect(_ gradients: Few<Tensor?>, of node: Node) {
        for output in 0..<gradients.count {
            guard let index = wanted[.output(ObjectIdentifier(node), output)] else { continue }
            results[index] = gradients[output]
        }
    }

    /// Finds the nodes between the roots and the targets; only they run.
    private mutating func aim(at targets: [Tensor], from roots: [Tensor]) throws(TensorError) {
        results = Array(repeating: nil, count: targets.count)
        for (i, target) in targets.enumerated() {
            guard target.requiresGrad else {
                throw TensorError(
                    .autograd, in: "grad", "input \(i) does not require a gradient",
                    fix: "call requiresGrad_() before the computation", operands: [target])
            }
            if let node = target.currentNode {
                wanted[.output(ObjectIdentifier(node), target.outputIndex)] = i
            } else {
                wanted[.leaf(ObjectIdentifier(target))] = i
            }
        }
        // Depth first with an explicit stack; a node is useful if it is wanted or leads to something that is.
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

    /// After an error: no gradient may linger in a node.
    private mutating func abandon() {
        while let node = queue.pop() {
            node.isQueued = false
            for i in 0..<node.outputCount { node.outputs[i].pending = nil }
        }
    }

    private static func released(_ node: Node) -> TensorError {
        TensorError(
            .autograd, in: "backward",
            "the graph was freed by an earlier backward pass (at \(node.name))",
            fix: "compute the loss again for each pass, detach() what is carried over from the last step, "
                + "or pass retainGraph: true to the first pass if both are meant")
    }
}

/// Whether nobody but the caller holds the tensor or sees its memory.
private func isUniquelyHeld(_ tensor: inout Tensor) -> Bool {
    isKnownUniquelyReferenced(&tensor) && tensor.ownsStorageAlone
}

/// A binary heap of nodes, the youngest on top.
private struct NodeHeap {
    private var nodes: [Node] = []

    mutating func push(_ node: Node) {
        nodes.append(node)
        var i = nodes.count - 1
        while i > 0 {
            let parent = (i - 1) / 2
            if nodes[parent].sequence >= nodes[i].sequence { break }
            nodes.swapAt(parent, i)
            i = parent
        }
    }

    mutating func pop() -> Node? {
        guard let top = nodes.first else { return nil }
        let last = nodes.removeLast()
        if nodes.isEmpty { return top }
        nodes[0] = last
        var i = 0
        while true {
            var largest = i
            for child in [2 * i + 1, 2 * i + 2]
            where child < nodes.count && nodes[child].sequence > nodes[largest].sequence {
                largest = child
            }
            if largest == i { break }
            nodes.swapAt(i, largest)
            i = largest
        }
        return top
    }
}
