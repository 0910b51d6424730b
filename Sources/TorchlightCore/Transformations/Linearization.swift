/// One evaluation of a function that is to be differentiated: the variables that replace its arguments, its outputs,
/// and the computation graph between them.
///
/// The variable of an argument with a history is a view of the argument, so that derivatives are differentiable with
/// respect to the tensors from which the argument was computed.
struct Linearization {
    let operation: String
    let variables: [Tensor]
    let outputs: [Tensor]
    /// Whether the outputs also depend on other tensors that require gradients. Only then derivatives are recorded.
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
        dependsOnOthers = isGradEnabled && Self.dependOnOtherLeaves(outputs, besides: variables)
    }

    private static func variable(of argument: Tensor, in operation: String) throws(TensorError) -> Tensor {
        guard argument.dtype.isDifferentiable else {
            throw TensorError(
                .dtype, in: operation, "there is no derivative with respect to integers",
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

    /// Whether the outputs depend on a leaf that is not a variable.
    private static func dependOnOtherLeaves(_ outputs: [Tensor], besides variables: [Tensor]) -> Bool {
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

    /// An output for the caller of the transformation, detached if it depends on no other tensors.
    func value(_ index: Int) -> Tensor { dependsOnOthers ? outputs[index] : outputs[index].detach() }

    /// The vector-Jacobian products of cotangents, for each variable. nil is a cotangent of 0.
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

/// Throws unless tangents or cotangents have the shapes and dtypes of their tensors.
func checkTangents(
    _ tangents: [Tensor], of values: [Tensor], _ noun: String, in operation: String
) throws(TensorError) {
    guard tangents.count == values.count else {
        throw TensorError(
            .value, in: operation, "the number of \(noun)s differs from that of the tensors", got: "\(tangents.count)",
            expected: "\(values.count)")
    }
    for (tangent, value) in zip(tangents, values) where tangent.layout.shape != value.layout.shape {
        throw TensorError(
            .shape, in: operation, "the shape of a \(noun) differs from that of its tensor", expected: "\(value.shape)",
            operands: [tangent])
    }
    for (tangent, value) in zip(tangents, values)
    where tangent.dtype != value.dtype && value.dtype.isDifferentiable {
        throw TensorError(
            .dtype, in: operation, "the dtype of a \(noun) differs from that of its tensor", expected: "\(value.dtype)",
            operands: [tangent])
    }
}
