import Synchronization

/// Runs the recorded function of one example for a batch: mapped values have the batch dimension 0.
///
/// Primitives are called by their batching rules on tensors with elements, or on tensors of an outer function that is
/// being recorded, so that autograd and outer transformations record the calls.
package struct BatchedRun {
    package typealias Batch = (tensor: Tensor, isMapped: Bool)

    private let graph: Graph
    private let size: Int
    private var values: [Batch?]
    /// The last instruction that reads each value.
    private var lastUse: [Int]
    /// Whether the arguments are tensors of an outer function that is being recorded.
    private let isNested: Bool

    /// The results of the graph for `size` examples.
    package static func run(
        _ graph: Graph, _ arguments: [Batch], size: Int, randomness: Randomness
    ) throws(TensorError) -> [Batch] {
        // Conversions by autocast are recorded as instructions.
        let state = threadState
        let autocast = state.pointee.autocast
        state.pointee.autocast = 0
        defer { state.pointee.autocast = autocast }
        var run = BatchedRun(graph, arguments, size: size)
        try run.draw(randomness)
        return try run.execute()
    }

    /// The results of a function for `size` examples, all with the batch dimension 0.
    package static func map(
        _ operands: Few<Tensor>, mapped: Needs, size: Int,
        _ body: (Few<Tensor>) throws(TensorError) -> Few<Tensor>
    ) throws(TensorError) -> Few<Tensor> {
        let batches = operands.indices.map { Batch(operands[$0], mapped[$0]) }
        let graph = try GraphRecorder.record(
            "vmap", batches.map(Self.example),
            needGradients: operands.map { isGradEnabled && $0.requiresGrad }, randomness: .error
        ) { tensors throws(TensorError) in Array(try body(Few(tensors))) }
        let results = try run(graph, batches, size: size, randomness: .error)
        return Few(results.map { leading($0, size) })
    }

    /// The description of one example.
    package static func example(_ batch: Batch) -> TensorSpec {
        var shape = batch.tensor.layout.shape
        if batch.isMapped { shape.remove(at: 0) }
        let device = batch.tensor.device
        return TensorSpec(Layout(shape: shape), batch.tensor.dtype, device: device.represented ?? device)
    }

    /// A result with the batch dimension 0.
    package static func leading(_ batch: Batch, _ size: Int) -> Tensor {
        batch.isMapped
            ? batch.tensor : applyView(Expand(shape: batch.tensor.layout.shape.batch(of: size)), batch.tensor)
    }

    private init(_ graph: Graph, _ arguments: [Batch], size: Int) {
        self.graph = graph
        self.size = size
        values = Array(repeating: nil, count: graph.values.count)
        lastUse = Array(repeating: -1, count: graph.values.count)
        isNested = arguments.contains { $0.tensor.device.isRecording }
        for (i, value) in graph.arguments.enumerated() { values[value] = arguments[i] }
        for (i, instruction) in graph.instructions.enumerated() {
            for operand in instruction.operands { lastUse[operand.value] = i }
        }
        for result in graph.results { lastUse[result.value] = .max }
    }

    /// Draws the keys of random operations. With `.different` each example gets its own key, in the order of a loop
    /// over the examples.
    private mutating func draw(_ randomness: Randomness) throws(TensorError) {
        if graph.draws.isEmpty { return }
        let examples = randomness == .different ? size : 1
        var keys = [[Tensor]](repeating: [], count: graph.draws.count)
        for _ in 0..<examples {
            for (j, value) in graph.draws.enumerated() {
                guard case .draw(let generator) = graph.values[value].origin else { continue }
                let device = graph.values[value].spec.device
                keys[j].append(try generator.nextKey(on: device.represented ?? device))
            }
        }
        for (j, value) in graph.draws.enumerated() {
            if randomness == .different {
                let empty = try Tensor.filled(0, shape: [0, 2], dtype: .int64, device: .cpu)
                values[value] = (size > 0 ? stack(keys[j], dim: 0) : empty, true)
            } else {
                values[value] = (keys[j][0], false)
            }
        }
    }

    private mutating func execute() throws(TensorError) -> [Batch] {
        let used = graph.used
        for (i, instruction) in graph.instructions.enumerated() where used[i] {
            var operands = Few<Tensor>()
            var mapped = Needs()
            for (k, operand) in instruction.operands.enumerated() {
                let batch = try value(operand)
                operands.append(batch.tensor)
                mapped[k] = batch.isMapped
            }
            let depth = threadState.pointee.grad_disabled
            if !instruction.recordsGradient { threadState.pointee.grad_disabled = depth + 1 }
            defer { threadState.pointee.grad_disabled = depth }
            let results = try call(instruction, operands, mapped)
            for operand in instruction.operands where lastUse[operand.value] == i { values[operand.value] = nil }
            for (result, tensor) in zip(instruction.results, results) where lastUse[result] > i {
                values[result] = (tensor, mapped.any)
            }
        }
        var results: [Batch] = []
        for result in graph.results { results.append(try value(result)) }
        return results
    }

    private mutating func value(_ operand: Graph.Operand) throws(TensorError) -> Batch {
        var batch: Batch
        if let known = values[operand.value] {
            batch = known
        } else {
            let value = graph.values[operand.value]
            switch value.origin {
            case .constant(let tensor): batch = (tensor, false)
            case .empty:
                batch = (
                    try .filled(
                        0, shape: value.spec.layout.shape, dtype: value.spec.dtype, device: placed(value.spec.device)),
                    false
                )
            case .argument, .draw, .result, .outside, .gradient:
                preconditionFailure("a value of a graph is read before it is written")
            }
            values[operand.value] = batch
        }
        if operand.isDetached && batch.tensor.requiresGrad { batch.tensor = batch.tensor.detach() }
        return batch
    }

    private func call(
        _ instruction: Graph.Instruction, _ operands: Few<Tensor>, _ mapped: Needs
    ) throws(TensorError) -> Few<Tensor> {
        let primitive = placed(instruction.primitive)
        let batched = BatchedOperands(operands, mapped: mapped, size: size)
        if !mapped.any { return try batched.call(primitive, operands) }
        if let results = try primitive.batched(batched) {
            try throwPendingError()
            return results
        }
        // A random operation is run per example in any case.
        if !primitive.effects.isRandom { LoopNotice.give(primitive.publicName, size) }
        return try batched.runLoop(primitive)
    }

    /// The device of a value in this run.
    private func placed(_ device: Device) -> Device { isNested ? device : device.represented ?? device }

    /// A primitive that names a device, with the device of this run.
    private func placed(_ primitive: any Primitive) -> any Primitive {
        isNested ? primitive : primitive.onRepresentedDevice
    }
}

/// Writes a notice, once per primitive, that `vmap` runs it once per example.
package enum LoopNotice {
    private static let known = Mutex<Set<String>>([])

    /// The primitives with a notice so far.
    package static var given: Set<String> { known.withLock { $0 } }

    fileprivate static func give(_ name: String, _ size: Int) {
        guard size > 1, known.withLock({ $0.insert(name).inserted }) else { return }
        writeToStandardError(
            "Torchlight: vmap: \(name) has no batching rule and runs once per example\n")
    }
}
