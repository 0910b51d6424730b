/// Records the calls of a function on tensors without elements as a ``Graph``.
///
/// Tensors are identified by their storage: a storage has one current value, from which its views are computed. Calls
/// on tensors with elements alone run at once and are not recorded; their results are constants of the graph.
package final class GraphRecorder: CallRecorder {
    package private(set) var graph = Graph()
    /// The name of the transformation, for errors.
    private let operation: String
    /// The recorder of the function that calls this transformation; nil if that is not being recorded.
    private let outer: (any CallRecorder)?
    private let randomness: Randomness
    private var states: [ObjectIdentifier: StorageValues] = [:]
    /// The storages of the states, retained so that no other storage gets their address.
    private var storages: [Storage] = []
    private var constants: [ObjectIdentifier: (tensor: Tensor, value: Graph.ValueID)] = [:]
    /// The storages of the constants, which must not change.
    private var constantStorages: Set<ObjectIdentifier> = []
    private var argumentStorages: Set<ObjectIdentifier> = []

    init(_ operation: String, _ randomness: Randomness, outer: (any CallRecorder)?) {
        self.operation = operation
        self.randomness = randomness
        self.outer = outer
    }

    /// The recorder of the calling thread.
    package static var current: GraphRecorder? { ThreadContext.existing?.recorder as? GraphRecorder }

    /// Records the body on tensors without elements of the given descriptions.
    ///
    /// - Parameters:
    ///   - operation: the name of the transformation, for errors.
    ///   - arguments: shapes and dtypes of the arguments; the device is the represented one.
    ///   - needGradients: for each argument, whether it requires a gradient outside of the function.
    package static func record(
        _ operation: String, _ arguments: [TensorSpec], needGradients: [Bool], randomness: Randomness,
        _ body: ([Tensor]) throws(TensorError) -> [Tensor]
    ) throws(TensorError) -> Graph {
        let recorder = GraphRecorder(operation, randomness, outer: ThreadContext.existing?.recorder)
        var tensors: [Tensor] = []
        for (i, spec) in arguments.enumerated() {
            let tensor = try recorder.argument(spec)
            if needGradients[i] && spec.dtype.isDifferentiable { tensor.requiresGradFlag = true }
            tensors.append(tensor)
        }
        let firstNode = Node.nextSequence
        let results = try recordingCalls(with: recorder) { () throws(TensorError) in try body(tensors) }
        try throwPendingError()
        try recorder.checkGradients(of: results, since: firstNode)
        for result in results {
            recorder.graph.results.append(recorder.operand(result))
        }
        return recorder.graph
    }

    /// A further argument of the graph.
    func argument(_ spec: TensorSpec) throws(TensorError) -> Tensor {
        let tensor = try Tensor(empty: spec.layout.shape, dtype: spec.dtype, device: .recording(spec.device))
        let value = graph.add(TensorSpec(tensor), .argument(graph.arguments.count))
        graph.arguments.append(value)
        hold(tensor, value)
        argumentStorages.insert(ObjectIdentifier(tensor.storage))
        return tensor
    }

    /// The value of a tensor of the graph, or of a tensor with elements; nil for a tensor of another graph.
    func known(_ tensor: Tensor) -> Graph.ValueID? {
        if tensor.device.isRecording && states[ObjectIdentifier(tensor.storage)] == nil { return nil }
        return value(of: tensor)
    }

    /// Throws if a gradient from outside would pass through a custom function: the graph has the calls of its forward
    /// pass, which are not recorded for autograd, and not its backward pass.
    private func checkGradients(of results: [Tensor], since firstNode: Int) throws(TensorError) {
        var seen = Set<ObjectIdentifier>()
        var stack = results.compactMap { $0.requiresGrad ? $0.currentNode : nil }
        while let node = stack.popLast() {
            guard node.sequence >= firstNode, seen.insert(ObjectIdentifier(node)).inserted else { continue }
            if node.isCustomFunction {
                throw TensorError(
                    .autograd, in: operation, "a gradient from outside the function passes through \(node.name)",
                    expected: "derivatives of custom functions inside the function",
                    fix: "call grad, vjp or jvp inside \(operation), or detach() the arguments")
            }
            for input in node.inputs {
                if let next = input.node { stack.append(next) }
            }
        }
    }

    // MARK: Calls

    package func called(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind) {
        if inputs.contains(where: \.isPlaceholder) { return }
        if kind == .inPlace { return wrote(primitive, inputs, to: outputs[0]) }
        guard outputs.contains(where: { $0.device.isRecording }) else {
            outer?.called(primitive, inputs, outputs, kind)
            return
        }
        if kind == .view, let view = primitive as? any ViewPrimitive {
            // A view of a tensor of the calling function is recorded by that function.
            if isOuter(inputs[0]) { return outer!.called(primitive, inputs, outputs, kind) }
            state(of: inputs[0]).derive(StorageRegion(outputs[0]), by: view, from: StorageRegion(inputs[0]))
            return
        }
        let results = emit(primitive, inputs.map { operand($0) }, outputs.map { TensorSpec($0) })
        for (output, value) in zip(outputs, results) {
            if output.layout.count * output.dtype.byteSize == output.storage.byteCount {
                hold(output, value)
            } else {
                write(value, to: output)
            }
        }
    }

    package func performed(_ effect: GraphEffect, changing changed: [Tensor], reading read: [Tensor]) {
        guard changed.contains(where: { $0.device.isRecording || isConstant($0.storage) }) else {
            outer?.performed(effect, changing: changed, reading: read)
            return
        }
        reportFailure(
            TensorError(
                .value, in: operation, "\(effect.name) changes tensors inside the function",
                expected: "a function without side effects",
                fix: "call it outside \(operation)"))
    }

    package func willChange(_ tensors: [Tensor]) { outer?.willChange(tensors) }
    package func willReplaceGradient(of leaf: Tensor) { outer?.willReplaceGradient(of: leaf) }
    package func willRun(saving save: () -> () -> Void) { outer?.willRun(saving: save) }
    package func drew(_ key: RandomKey, from generator: Generator, as tensor: Tensor) {
        outer?.drew(key, from: generator, as: tensor)
    }
    package func made(generator: Generator) { outer?.made(generator: generator) }
    package func made(object: AnyObject) { outer?.made(object: object) }
    package func hasMade(_ object: AnyObject) -> Bool { outer?.hasMade(object) ?? false }
    package func made(uninitialized tensor: Tensor) { outer?.made(uninitialized: tensor) }
    package func changed(generator: Generator) { outer?.changed(generator: generator) }
    package func made(constant tensor: Tensor) { outer?.made(constant: tensor) }
    package func readGradient(of leaf: Tensor) { outer?.readGradient(of: leaf) }
    package func setGradient(of leaf: Tensor) { outer?.setGradient(of: leaf) }
    package func passes(through node: Node) throws(TensorError) { try outer?.passes(through: node) }
    package func hostRead(_ tensor: Tensor, in operation: String) { outer?.hostRead(tensor, in: operation) }
    package func hostWrite(_ what: String, _ tensor: Tensor?) { outer?.hostWrite(what, tensor) }
    package func rearranged(_ tensor: Tensor) { outer?.rearranged(tensor) }
    package func entered(_ module: any PathElement, depth: Int) { outer?.entered(module, depth: depth) }

    private func wrote(_ primitive: any Primitive, _ inputs: Few<Tensor>, to target: Tensor) {
        let isOutside = !target.device.isRecording
        if isOutside || argumentStorages.contains(ObjectIdentifier(target.storage)) || isOuter(target) {
            guard !isOutside || isConstant(target.storage) || inputs.contains(where: { $0.device.isRecording }) else {
                outer?.called(primitive, inputs, Few(target), .inPlace)
                return
            }
            return reportFailure(outsideWrite(primitive, target))
        }
        let operands = inputs.map { operand($0) }
        guard let spec = try? inferResults(of: primitive, Specs(of: inputs)).first else { return }
        var value = emit(primitive, operands, [spec])[0]
        if spec.dtype != target.dtype { value = emit(Cast(dtype: target.dtype), [use(value)], [TensorSpec(target)])[0] }
        write(value, to: target)
    }

    private func outsideWrite(_ primitive: any Primitive, _ target: Tensor) -> TensorError {
        let isArgument = argumentStorages.contains(ObjectIdentifier(target.storage))
        return TensorError(
            .value, in: operation,
            "the function changes \(isArgument ? "its argument" : "a captured tensor") in place, by \(primitive.publicName)",
            expected: "a function without side effects",
            fix: isArgument
                ? "change a copy, as in x.clone()"
                : "return the new value, or make the tensor with Tensor.zeros(like: x) from an argument x",
            operands: [target])
    }

    // MARK: Values

    private func use(_ value: Graph.ValueID) -> Graph.Operand { Graph.Operand(value: value, isDetached: false) }

    private func operand(_ tensor: Tensor) -> Graph.Operand {
        Graph.Operand(value: value(of: tensor), isDetached: !tensor.requiresGrad)
    }

    private func emit(
        _ primitive: any Primitive, _ operands: [Graph.Operand], _ results: [TensorSpec],
        recordsGradient: Bool = isGradEnabled
    ) -> [Graph.ValueID] {
        let number = graph.instructions.count
        let ids = results.map { graph.add($0, .result(instruction: number)) }
        graph.instructions.append(
            Graph.Instruction(
                primitive: primitive, operands: operands, results: ids, recordsGradient: recordsGradient,
                modulePath: ThreadContext.existing?.modulePathText))
        return ids
    }

    private func emitOne(
        _ primitive: any Primitive, _ operands: [Graph.ValueID], _ result: TensorSpec
    ) -> Graph.ValueID {
        emit(primitive, operands.map { use($0) }, [result], recordsGradient: true)[0]
    }

    private func value(of tensor: Tensor) -> Graph.ValueID {
        guard tensor.device.isRecording, !isOuter(tensor) else { return constant(tensor) }
        return state(of: tensor).value(at: StorageRegion(tensor), on: tensor.device, emit: emitOne)
    }

    private func write(_ value: Graph.ValueID, to target: Tensor) {
        state(of: target).write(value, to: target, in: operation, emit: emitOne)
    }

    private func hold(_ tensor: Tensor, _ value: Graph.ValueID) {
        add(StorageValues(StorageRegion(tensor), value, .function), for: tensor.storage)
    }

    private func add(_ state: StorageValues, for storage: Storage) {
        states[ObjectIdentifier(storage)] = state
        storages.append(storage)
    }

    private func state(of tensor: Tensor) -> StorageValues {
        if let state = states[ObjectIdentifier(tensor.storage)] { return state }
        // Uninitialised memory.
        let count = tensor.storage.byteCount / tensor.dtype.byteSize
        let isWhole = tensor.layout.count == count && tensor.layout.isContiguous && tensor.layout.offset == 0
        let layout = isWhole ? tensor.layout : Layout(shape: [count])
        let value = graph.add(TensorSpec(layout, tensor.dtype, device: tensor.device), .empty)
        let state = StorageValues(StorageRegion(layout, tensor.dtype), value, .function)
        add(state, for: tensor.storage)
        return state
    }

    /// Whether the tensor belongs to the outer function, which calls this transformation.
    private func isOuter(_ tensor: Tensor) -> Bool {
        guard states[ObjectIdentifier(tensor.storage)] == nil, let outer = outer as? GraphRecorder else { return false }
        return outer.knows(tensor)
    }

    private func knows(_ tensor: Tensor) -> Bool {
        states[ObjectIdentifier(tensor.storage)] != nil || ((outer as? GraphRecorder)?.knows(tensor) ?? false)
    }

    private func isConstant(_ storage: Storage) -> Bool { constantStorages.contains(ObjectIdentifier(storage)) }

    private func constant(_ tensor: Tensor) -> Graph.ValueID {
        if let known = constants[ObjectIdentifier(tensor)] { return known.value }
        let value = graph.add(TensorSpec(tensor), .constant(tensor))
        constants[ObjectIdentifier(tensor)] = (tensor, value)
        constantStorages.insert(ObjectIdentifier(tensor.storage))
        return value
    }

    /// A new leaf with the elements of a tensor, without a gradient to that tensor in the recording and in later runs.
    package func leaf(of tensor: Tensor) throws(TensorError) -> Tensor {
        let leaf = try Tensor(empty: tensor.layout.shape, dtype: tensor.dtype, device: tensor.device)
        let view = View(shape: tensor.layout.shape)
        let operand = Graph.Operand(value: value(of: tensor), isDetached: true)
        hold(leaf, emit(view, [operand], [TensorSpec(leaf)], recordsGradient: false)[0])
        return leaf
    }

    /// The key of a random operation.
    func draw(from generator: Generator, on device: Device) throws(TensorError) -> Tensor {
        guard randomness != .error else {
            throw TensorError(
                .value, in: operation,
                "the function draws random numbers, and randomness is .error",
                got: ".error", expected: ".different or .same",
                fix: "pass randomness: .different, or draw the numbers outside and pass them as an argument")
        }
        let key = try Tensor(empty: Dims([2]), dtype: .int64, device: .recording(device.represented ?? device))
        let value = graph.add(TensorSpec(key), .draw(generator))
        graph.draws.append(value)
        hold(key, value)
        return key
    }
}

/// The random numbers of the examples inside `vmap`.
public enum Randomness: Sendable, Hashable {
    /// Random operations are an error.
    case error
    /// All examples get the same random numbers.
    case same
    /// Each example gets its own random numbers, equal to those in a loop over the examples.
    case different
}

extension TensorError {
    /// The error of a host read of a tensor of a function that is being recorded.
    static func hostRead(of tensor: Tensor, in operation: String) -> TensorError {
        TensorError(
            .device, in: operation, "a tensor of a function that is being recorded, as in vmap, has no values",
            expected: "operations on tensors only",
            fix: "use Tensor.where or cond in place of if, scan or whileLoop in place of loops, or return the tensor",
            operands: [tensor])
    }
}
