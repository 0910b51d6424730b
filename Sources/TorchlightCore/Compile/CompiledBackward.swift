/// The gradients of a compiled function. The last instructions of its graph compute them
/// (`Graph.Instruction.isGradient`).
struct CompiledBackward {
    /// The indices of the results whose gradients are arguments of these instructions, in their order.
    let outputs: [Int]
    /// The leaves whose gradients are computed.
    let sources: [Graph.Leaf]
    /// The index of the first of these gradients in the results of the graph.
    let firstGradient: Int

    /// Attaches a node of the computation graph to the results of a run. Its backward pass runs the gradient
    /// instructions.
    func attach(_ run: PlanRun, to results: inout [Tensor], _ arguments: [Tensor]) {
        // The run retains the results and the node retains the run: without detached results there would be a reference
        // cycle.
        for output in outputs { results[output] = results[output].withoutHistory }
        let outputs = self.outputs.map { results[$0] }
        let sources = self.sources.map { $0.tensor(arguments) }
        let node = Node(
            rule: CompiledRule(run), name: "compiled", inputs: Few(sources), needs: Needs(all: sources.count),
            outputs: Few(outputs))
        for (i, output) in outputs.enumerated() {
            output.node = node
            output.outputIndex = i
            output.requiresGradFlag = true
        }
    }
}

/// The gradient rule of a compiled function.
private final class CompiledRule: GradientRule, @unchecked Sendable {
    private var run: PlanRun?
    /// The versions of the tensors that must not change before the backward pass.
    private let versions: [(tensor: Tensor, version: Int)]

    init(_ run: PlanRun) {
        self.run = run
        versions = run.exposed.map { ($0.withoutHistory, $0.version) }
    }

    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard !context.keepsGraph else {
            throw TensorError(
                .autograd, in: "compile", "a compiled function has no derivatives of higher order",
                fix: "compute them inside the function, or call it inside uncompiled { }")
        }
        for (tensor, version) in versions where tensor.version != version {
            throw TensorError(
                .autograd, in: "backward",
                "a saved tensor of a compiled function was changed in place by \(tensor.storage.lastWriter)",
                fix: "call backward() before the tensor is changed, or pass a clone", operands: [tensor])
        }
        guard var run else { return Few(repeating: nil, count: context.inputCount) }
        let device = context.gradients.lazy.compactMap { $0 }.first?.device ?? .cpu
        var seeds: [Tensor] = []
        for i in 0..<context.gradients.count {
            let shape = context.outputShape(i)
            if let gradient = context.gradients[i] {
                // The graph was recorded for contiguous gradients.
                seeds.append(gradient.contiguous())
            } else {
                seeds.append(try Tensor.filled(0, shape: shape, dtype: context.outputDType(i), device: device))
            }
        }
        return Few(try run.runBackward(seeds).map(Optional.some))
    }

    func releaseSaved() -> Bool {
        defer { run = nil }
        return run != nil
    }

    var heldObject: AnyObject? { nil }
}
