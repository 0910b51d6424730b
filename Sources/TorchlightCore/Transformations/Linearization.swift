/// One evaluation of a function whose derivatives are wanted: variables in place of its arguments, and what it gave for
/// them, with the computation graph between the two.
///
/// A variable of an argument that has a history is a view of the argument, so that derivatives are themselves
/// differentiable by what the argument was computed from.
struct Linearization {
    let operation: String
    let variables: [Tensor]
    let outputs: [Tensor]
    /// Whether the outputs also depend on other tensors that require gradients. Only then the derivatives are recorded.
    let dependsOnOthers: Bool

    init(
        _ operation: String, _ arguments: [Tensor], _ body: ([Tensor]) throws(TensorError) -> [Tensor]
    ) throws(TensorError) {
        self.operation = operation
        var variables: [Tensor] = []
        for argument in arguments { variables.append(try Self.variable(of: argument, in: operation)) }
        self.variables = variables
        outputs = try enableGrad { () throws(TensorError) in try body(variables) }
        try throwPendingError()
        dependsOnOthers = isGradEnabled && Self.reachesOthers(outputs, than: variables)
    }

    private static func variable(of argument: Tensor, in operation: String) throws(TensorError) -> Tensor {
        guard argument.dtype.isDifferentiable else {
            throw TensorError(
                .dtype, in: operation, "there is no derivative by integers",
                expected: "floating-point or complex tensors",
                fix: "convert the argument first, as in x.to(.float32)", operands: [argument])
        }
        if argument.requiresGrad && isGradEnabled {
            return applyView(View(shape: argument.layout.shape), argument)
        }
        if argument.device.isRecording, let recorder = GraphRecorder.current {
            return try recorder.leaf(of: argument).requiresGrad_()
        }
        return argument.detach().requiresGrad_()
    }

    /// Whether a leaf that is none of the variables is reached from the outputs.
    private static func reachesOthers(_ outputs: [Tensor], than variables: [Tensor]) -> Bool {
        let own = Set(variables.map { ObjectIdentifier($0) })
        var seen = Set<ObjectIdentifier>()
        var stack: [Node] = []
        for output in outputs where output.requiresGrad {
            if let node = output.currentNode {
                stack.append(node)
            } else if !own.contains(ObjectIdentifier(output)) {
                return true
            }
        }
        while let node = stack.popLast() {
            guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
            for input in node.inputs {
                if let next = input.node {
                    stack.append(next)
                } else if let leaf = input.leaf, !own.contains(ObjectIdentifier(leaf)) {
                    return true
                }
            }
        }
        return false
    }

    /// An output as the caller of the transformation gets it.
    func value(_ index: Int) -> Tensor { dependsOnOthers ? outputs[index] : outputs[index].detach() }

    /// The products of cotangents with the Jacobian, for each variable. nil stands for a cotangent of 0.
    func pullback(_ cotangents: [Tensor?], retainGraph: Bool) throws(TensorError) -> [Tensor] {
        var roots: [Tensor] = []
        var seeds: [Tensor?] = []
        for (output, cotangent) in zip(outputs, cotangents) {
            guard let cotangent, output.requiresGrad else { continue }
            roots.append(output)
            seeds.append(cotangent)
        }
        let create = isGradEnabled && (dependsOnOthers || seeds.contains { $0!.requiresGrad })
        var gradients = [Tensor?](repeating: nil, count: variables.count)
        if !roots.isEmpty && !variables.isEmpty {
            gradients = try BackwardPass.run(
                from: roots, gradients: seeds, targets: variables, retainGraph: retainGraph || create,
                createGraph: create, allowUnused: true)
        }
        return zip(variables, gradients).map { variable, gradient in gradient ?? Tensor.zeros(like: variable.detach()) }
    }
}

/// Checks that tangents or cotangents have the shapes of what they belong to.
func checkTangents(
    _ tangents: [Tensor], of values: [Tensor], _ noun: String, in operation: String
) throws(TensorError) {
    guard tangents.count == values.count else {
        throw TensorError(
            .value, in: operation, "the number of \(noun)s is not that of the tensors", got: "\(tangents.count)",
            expected: "\(values.count)")
    }
    for (tangent, value) in zip(tangents, values) where tangent.layout.shape != value.layout.shape {
        throw TensorError(
            .shape, in: operation, "a \(noun) has another shape than its tensor", expected: "\(value.shape)",
            operands: [tangent])
    }
    for (tangent, value) in zip(tangents, values)
    where tangent.dtype != value.dtype && value.dtype.isDifferentiable {
        throw TensorError(
            .dtype, in: operation, "a \(noun) has another dtype than its tensor", expected: "\(value.dtype)",
            operands: [tangent])
    }
}
