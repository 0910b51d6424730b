/// The derivative of a function at a point as a linear function of tangents (forward-mode differentiation): a pass
/// through the computation graph in the order of its creation.
///
/// No operation has a hand-written forward-mode rule. The Jacobian of an element-wise operation is diagonal, so that
/// its gradient rule computes the tangent too. A linear operation is called on the tangents, a multilinear one once per
/// factor. For all other operations the gradient rule, which is linear in the gradient, is transposed: the gradient of
/// this linear function is the product with the tangent.
struct Pushforward {
    let point: Linearization
    /// The nodes between the variables and the outputs, in topological order.
    private let nodes: [Node]

    /// An output of a node.
    private struct NodeOutput: Hashable {
        let node: ObjectIdentifier
        let output: Int
    }

    private typealias Tangents = [NodeOutput: Tensor]

    init(_ point: Linearization) throws(TensorError) {
        self.point = point
        let sources = Set(point.variables.compactMap { $0.currentNode.map { ObjectIdentifier($0) } })
        var found: [Node] = []
        var seen = sources
        var stack = point.outputs.compactMap { $0.requiresGrad ? $0.currentNode : nil }
        while let node = stack.popLast() {
            guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
            found.append(node)
            for input in node.inputs {
                if let next = input.node { stack.append(next) }
            }
        }
        nodes = found.sorted { $0.sequence < $1.sequence }
    }

    /// The tangents of the outputs. nil is a tangent of 0.
    func tangents(_ tangents: [Tensor?]) throws(TensorError) -> [Tensor] {
        let isRecorded = isGradEnabled && (point.dependsOnOthers || tangents.contains { $0?.requiresGrad == true })
        let depth = threadState.pointee.grad_disabled
        threadState.pointee.grad_disabled = isRecorded ? 0 : depth + 1
        defer { threadState.pointee.grad_disabled = depth }
        var known = Tangents()
        var leaves: [ObjectIdentifier: Tensor] = [:]
        for (variable, tangent) in zip(point.variables, tangents) {
            guard let tangent else { continue }
            if let node = variable.currentNode {
                known[NodeOutput(node: ObjectIdentifier(node), output: variable.outputIndex)] = tangent
            } else {
                leaves[ObjectIdentifier(variable)] = tangent
            }
        }
        func tangent(node: Node?, output: Int, leaf: Tensor?) -> Tensor? {
            if let node { return known[NodeOutput(node: ObjectIdentifier(node), output: output)] }
            return leaf.flatMap { leaves[ObjectIdentifier($0)] }
        }
        for node in nodes {
            let inputs = node.inputs.map { tangent(node: $0.node, output: Int($0.outputIndex), leaf: $0.leaf) }
            guard inputs.contains(where: { $0 != nil }) else { continue }
            let results = try NodeTangent(node, inputs, isRecorded: isRecorded).results()
            try throwPendingError()
            for (i, result) in results.enumerated() {
                guard let result else { continue }
                known[NodeOutput(node: ObjectIdentifier(node), output: i)] = result
            }
        }
        return point.outputs.map { output in
            guard output.requiresGrad else { return Tensor.zeros(like: output) }
            return tangent(node: output.currentNode, output: output.outputIndex, leaf: output)
                ?? Tensor.zeros(like: output.detach())
        }
    }
}

/// The tangents of the results of one operation.
private struct NodeTangent {
    private let node: Node
    /// The tangents of the operands; nil for operands without one.
    private let inputs: [Tensor?]
    private let isRecorded: Bool
    private let device: Device

    init(_ node: Node, _ inputs: [Tensor?], isRecorded: Bool) {
        self.node = node
        self.inputs = inputs
        self.isRecorded = isRecorded
        device = inputs.lazy.compactMap { $0 }.first!.device
    }

    func results() throws(TensorError) -> [Tensor?] {
        guard !node.isReleased else {
            throw TensorError(
                .autograd, in: "jvp", "the graph was freed by a backward pass (at \(node.name))",
                fix: "do not call backward() inside the function")
        }
        if let primitive = node.rule as? any Primitive, isPlain {
            switch primitive.algebra {
            case .constant: return []
            case .elementwise: if let result = try elementwise() { return [result] }
            case .linear(let named):
                let linearInputs = named.isEmpty ? Array(0..<node.inputCount) : named
                if let results = try linear(primitive, in: linearInputs) { return results }
            case .multilinear(let factors, let added):
                if let results = try multilinear(primitive, factors.filter { $0 < node.inputCount }, added) {
                    return results
                }
            case .other: break
            }
        }
        return try transposed()
    }

    /// Whether the saved tensors are unpacked unchanged, and the operation is real.
    private var isPlain: Bool {
        node.extra?.packed.isEmpty ?? true && node.inputs.allSatisfy { !$0.dtype.isComplex }
            && node.outputs.allSatisfy { !$0.dtype.isComplex }
    }

    /// The sum of the results of the gradient rule for the tangent of each operand.
    private func elementwise() throws(TensorError) -> Tensor? {
        let (shape, dtype) = (node.outputs[0].shape.dims, node.outputs[0].dtype)
        var sum: Tensor?
        for (i, tangent) in inputs.enumerated() {
            guard let tangent else { continue }
            let whole = tangent.layout.shape == shape ? tangent : applyView(Expand(shape: shape), tangent)
            var needs = Needs()
            needs[i] = true
            let gradients = try rule(needs, [whole.to(dtype)], keepsGraph: isRecorded)
            guard i < gradients.count, let term = gradients[i] else { continue }
            // The rule sums over a broadcast dimension, so that it is not element-wise.
            guard term.layout.shape == shape else { return nil }
            sum = sum.map { $0 + term } ?? term
        }
        return sum?.to(dtype)
    }

    private func linear(_ primitive: any Primitive, in linearInputs: [Int]) throws(TensorError) -> [Tensor?]? {
        // The operation may be nonlinear in other operands with a tangent.
        guard inputs.indices.allSatisfy({ inputs[$0] == nil || linearInputs.contains($0) }) else { return nil }
        var operands = Few<Tensor>()
        for i in 0..<node.inputCount {
            if linearInputs.contains(i) {
                operands.append(try tangent(i))
            } else {
                guard let saved = operand(i) else { return nil }
                operands.append(saved)
            }
        }
        return try call(primitive, operands)
    }

    private func multilinear(
        _ primitive: any Primitive, _ factors: [Int], _ added: [Int]
    ) throws(TensorError) -> [Tensor?]? {
        guard inputs.indices.allSatisfy({ inputs[$0] == nil || factors.contains($0) || added.contains($0) }) else {
            return nil
        }
        var terms = factors.filter { inputs[$0] != nil }
        // If only added terms have tangents, the product has a factor of 0.
        if terms.isEmpty { terms = [factors[0]] }
        var sum: [Tensor?]?
        for (number, factor) in terms.enumerated() {
            var operands = Few<Tensor>()
            for i in 0..<node.inputCount {
                if i == factor {
                    operands.append(try tangent(i))
                } else if added.contains(i) {
                    operands.append(number == 0 ? try tangent(i) : try zeros(i))
                } else {
                    guard let saved = operand(i) else { return nil }
                    operands.append(saved)
                }
            }
            let results = try call(primitive, operands)
            sum = sum.map { zip($0, results).map { a, b in a! + b! } } ?? results
        }
        return sum
    }

    private func call(_ primitive: any Primitive, _ operands: Few<Tensor>) throws(TensorError) -> [Tensor?] {
        guard let view = primitive as? any ViewPrimitive else {
            return Array(try perform(primitive, operands)).map { $0.dtype.isDifferentiable ? $0 : nil }
        }
        if view is AsStrided { return try transposed() }
        let isView = (try? view.view(of: TensorSpec(operands[0]))) != nil
        return [applyView(view, isView ? operands[0] : operands[0].contiguous())]
    }

    private func tangent(_ input: Int) throws(TensorError) -> Tensor {
        if let tangent = inputs[input] { return tangent }
        return try zeros(input)
    }

    private func zeros(_ input: Int) throws(TensorError) -> Tensor {
        try .filled(0, shape: node.inputs[input].shape.dims, dtype: node.inputs[input].dtype, device: device)
    }

    /// A saved operand, with its history if the pass is recorded.
    private func operand(_ input: Int) -> Tensor? {
        guard let saved = node.inputs[input].saved, node.inputs[input].isVersion(saved.storage.version) else {
            return nil
        }
        return saved
    }

    /// The gradients of the operands, given the gradients of the results.
    private func rule(_ needs: Needs, _ gradients: [Tensor?], keepsGraph: Bool) throws(TensorError) -> [Tensor?] {
        try GradientContext.forPass { context throws(TensorError) in
            context.keepsGraph = keepsGraph
            context.addsToNodes = false
            context.addsToLeaves = false
            context.gradients = Few(gradients)
            try context.setNode(node, needs, destinations: nil)
            return Array(try node.rule.gradient(context))
        }
    }

    /// The tangents as the gradient of the gradient rule with respect to the gradients of the results.
    private func transposed() throws(TensorError) -> [Tensor?] {
        var needs = Needs()
        for (i, input) in inputs.enumerated() where input != nil { needs[i] = true }
        var cotangents: [Tensor?] = []
        for output in node.outputs {
            let isDifferentiable = output.dtype.isDifferentiable
            cotangents.append(
                isDifferentiable
                    ? try Tensor.filled(0, shape: output.shape.dims, dtype: output.dtype, device: device)
                        .requiresGrad_()
                    : nil)
        }
        let gradients = try enableGrad { () throws(TensorError) in try rule(needs, cotangents, keepsGraph: true) }
        var roots: [Tensor] = []
        var seeds: [Tensor?] = []
        for (i, gradient) in gradients.enumerated() where i < inputs.count {
            guard var gradient, let tangent = inputs[i], gradient.requiresGrad else { continue }
            let slot = node.inputs[i]
            if !(slot.shape == gradient.layout.shape) {
                gradient = enableGrad { gradient.summed(to: slot.shape.dims) }
            }
            roots.append(gradient)
            seeds.append(tangent)
        }
        let wanted = cotangents.compactMap { $0 }
        guard !roots.isEmpty else { return [] }
        var found = try BackwardPass.run(
            from: roots, gradients: seeds, targets: wanted, retainGraph: true, createGraph: isRecorded,
            allowUnused: true)
        return cotangents.map { $0 == nil ? nil : found.removeFirst() }
    }
}
