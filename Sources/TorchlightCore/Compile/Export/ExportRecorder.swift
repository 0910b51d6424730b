/// Records a function for a program file.
///
/// Obstacles are collected and the function continues with the elements of the run, so that one run finds all of them.
/// Changes of the run are undone afterwards: tensors from outside, gradients, and the states of optimisers and
/// generators.
final class ExportRecorder: StepRecorder {
    /// The obstacles, in the order of execution.
    private(set) var obstacles: [CaptureObstacle] = []
    /// Closures that restore the state before the run, in the order of the changes.
    private var restorations: [() -> Void] = []
    private var savedStorages: [ObjectIdentifier: Storage] = [:]
    private var savedLeaves: [ObjectIdentifier: Tensor] = [:]
    private var savedGenerators: [ObjectIdentifier: Generator] = [:]

    override var returnsValuesOnly: Bool { true }

    /// Runs and records the function, and undoes its changes; see `FunctionRecording`.
    static func record(
        _ arguments: [Tensor], _ body: () throws -> [Tensor?]
    ) throws -> FunctionRecording {
        let first = try attempt(arguments, body)
        // A lazy layer got its size in the first run.
        guard first.oneTimeChange != nil else { return try first.recording() }
        return try attempt(arguments, body).recording()
    }

    private static func attempt(_ arguments: [Tensor], _ body: () throws -> [Tensor?]) throws -> ExportRecorder {
        let recorder = ExportRecorder()
        defer { recorder.restore() }
        _ = try checked { try recorder.record(arguments, slots: { $0 }, body) }
        return recorder
    }

    private func recording() throws(TensorError) -> FunctionRecording {
        if let oneTimeChange {
            throw TensorError(
                .value, in: "export", "the function changes a tensor in each call in a way that cannot be recorded",
                got: "a tensor of \(oneTimeChange)", fix: "make the change outside the function")
        }
        let written = Set(graph.states.map(\.initial))
        for (id, value) in graph.values.enumerated() {
            guard case .outside(let tensor) = value.origin, written.contains(id),
                conditions.read.contains(where: { $0.tensor.storage === tensor.storage })
            else { continue }
            obstacles.append(
                CaptureObstacle(
                    TensorError(
                        .value, in: "export",
                        "the host reads elements of a tensor that the function changes, which differ in later runs",
                        expected: "operations on tensors only", operands: [tensor]), site: nil))
        }
        return FunctionRecording(
            graph: graph, gradients: conditions.gradients, defaultGenerator: conditions.defaultGenerator,
            obstacles: obstacles)
    }

    // MARK: Obstacles

    override func refuse(_ error: TensorError) {
        add(CaptureObstacle(TensorError(error, in: "export"), site: CallSite()))
    }

    private func add(_ obstacle: CaptureObstacle) {
        if !obstacles.contains(obstacle) { obstacles.append(obstacle) }
    }

    override func hostReadError(of tensor: Tensor, in operation: String) -> TensorError {
        TensorError(
            .value, in: "export", "an argument or a tensor that is computed in the function is read on the host",
            got: "\(operation) of \(tensor.dtype) \(tensor.shape)", expected: "operations on tensors only",
            fix: "return the tensor, use Tensor.where or cond in place of if, or read it outside the function")
    }

    override func called(
        _ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind
    ) {
        if primitive.hasSizeOfValues {
            refuse(
                TensorError(
                    .shape, in: "export", "the shape of the result of \(primitive.publicName) depends on elements",
                    expected: "shapes that depend only on the shapes of the arguments",
                    fix: "use Tensor.where or a mask, and keep all elements", operands: Array(inputs)))
        }
        super.called(primitive, inputs, outputs, kind)
    }

    override func performed(_ effect: GraphEffect, changing changed: [Tensor], reading read: [Tensor]) {
        if case .none = effect.form, !effect.kind.setsGradient {
            refuse(
                TensorError(
                    .unsupported, in: "export",
                    "\(effect.name) runs code of the program, which cannot be saved in a file",
                    expected: "operations on tensors, gradients and steps of optimisers",
                    fix: "call it outside the function"))
        }
        if case .step(let owner) = effect.form, hasMade(owner) {
            refuse(
                TensorError(
                    .unsupported, in: "export", "\(effect.name) is called on an optimiser that the function creates",
                    expected: "an optimiser that is created outside the function",
                    fix: "create the optimiser outside the function"))
        }
        super.performed(effect, changing: changed, reading: read)
    }

    // MARK: Undoing

    private func restore() {
        withoutRecording {
            noGrad { for restoration in restorations.reversed() { restoration() } }
        }
        (restorations, savedStorages, savedLeaves, savedGenerators) = ([], [:], [:], [:])
    }

    override func willChange(_ tensors: [Tensor]) {
        for tensor in tensors {
            let storage = tensor.storage
            guard !isInside(storage), !tensor.isPlaceholder, tensor.device.hasValues,
                savedStorages.updateValue(storage, forKey: ObjectIdentifier(storage)) == nil
            else { continue }
            let region = wholeRegion(of: tensor)
            let whole = Tensor(storage: storage, layout: region.layout, dtype: region.dtype)
            guard let copy = try? whole.copied() else { continue }
            restorations.append { whole.copy_(copy) }
        }
    }

    override func willReplaceGradient(of leaf: Tensor) {
        guard !isInside(leaf.storage), savedLeaves.updateValue(leaf, forKey: ObjectIdentifier(leaf)) == nil else {
            return
        }
        let gradient = leaf.gradient
        restorations.append { leaf.gradient = gradient }
    }

    override func willRun(saving save: () -> () -> Void) { restorations.append(save()) }

    override func drew(_ key: RandomKey, from generator: Generator, as tensor: Tensor) {
        if savedGenerators.updateValue(generator, forKey: ObjectIdentifier(generator)) == nil {
            let state = Generator.State(seed: key.seed, call: key.call)
            restorations.append { generator.state = state }
        }
        super.drew(key, from: generator, as: tensor)
    }
}

/// A function recorded for a program file.
package struct FunctionRecording {
    package var graph: Graph
    /// The leaves whose gradient the function reads before it sets it, with their gradients before the run.
    package var gradients: [GraphConditions.Gradient]
    /// The default generator during the recording.
    package var defaultGenerator: Generator
    /// The obstacles. If there are any, the graph is incomplete.
    package var obstacles: [CaptureObstacle]

    package init(
        graph: Graph, gradients: [GraphConditions.Gradient] = [], defaultGenerator: Generator = .default,
        obstacles: [CaptureObstacle] = []
    ) {
        self.graph = graph
        self.gradients = gradients
        self.defaultGenerator = defaultGenerator
        self.obstacles = obstacles
    }

    /// Runs and records a function, and undoes its changes.
    ///
    /// - Parameters:
    ///   - arguments: the arguments, contiguous and with memory that no other tensor uses.
    ///   - body: the function; it returns its results.
    package static func record(
        _ arguments: [Tensor], _ body: () throws -> [Tensor?]
    ) throws -> FunctionRecording { try ExportRecorder.record(arguments, body) }
}
