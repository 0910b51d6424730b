/// How gradients flow through the results of a compiled function. The last instructions of its graph compute them
/// (`Graph.Instruction.isGradient`).
struct CompiledBackward {
    /// The results of the graph whose gradients are arguments of that part, in their order.
    let outputs: [Int]
    /// The tensors whose gradients it computes.
    let sources: [Graph.Leaf]
    /// The first of these gradients among the results of the graph.
    let firstGradient: Int

    /// Gives the results of a run a node of the computation graph, which runs the part for gradients.
    func attach(_ run: PlanRun, to results: inout [Tensor], _ arguments: [Tensor]) {
        // The run holds the results, and the node holds the run.
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
    /// What the program must not have changed when gradients are computed.
    private let versions: [(tensor: Tensor, version: Int)]

    init(_ run: PlanRun) {
        self.run = run
        versions = run.exposed.map { ($0.withoutHistory, $0.version) }
    }

    func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard !context.keepsGraph else {
            throw TensorError(
                .autograd, in: "compile", "derivatives of higher order do not flow through a compiled function",
                fix: "compute them inside of the function, or call it inside uncompiled { }")
        }
        for (tensor, version) in versions where tensor.version != version {
            throw TensorError(
                .autograd, in: "backward",
                "a compiled function needs a tensor for its gradient that \(tensor.storage.lastWriter) overwrote since",
                fix: "call backward() before the tensor is changed, or pass a clone", operands: [tensor])
        }
        guard var run else { return Few(repeating: nil, count: context.inputCount) }
        let device = context.gradients.lazy.compactMap { $0 }.first?.device ?? .cpu
        var seeds: [Tensor] = []
        for i in 0..<context.gradients.count {
            let shape = context.outputShape(i)
            if let gradient = context.gradients[i] {
                // Row by row, as it was recorded.
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
