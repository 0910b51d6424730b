import Synchronization

/// Records the operations of a function that runs on tensors with elements, as a ``Graph`` that can run again.
///
/// Tensors are identified by their storage. A storage that the function made is marked with a number; one that existed
/// before is kept in a table. The recorder retains no tensor that the function made.
///
/// Every operand must be a tensor from before the function, the result of a recorded operation or a Swift number. Any
/// other operand is an error, so that nothing is recorded as a constant by accident.
class StepRecorder: CallRecorder {
    var graph = Graph()
    /// The guards of the graph.
    var conditions = GraphConditions()
    /// The source of each result of the function, once it has run.
    var results: [CompiledCall.Result] = []
    /// The gradients of the results; nil if none need gradients.
    var backward: CompiledBackward?
    /// A change that the function makes only once, such as setting the size of a lazy layer. Such a run is not
    /// recorded.
    var oneTimeChange: String?
    /// Whether the graph has all operations of the function.
    var isComplete = false
    /// Whether the gradients of the results are being recorded.
    var isInGradients = false
    /// The number of the recomputation that is being recorded, 0 for none, and the count of recomputations.
    private var recomputation = 0
    private var recomputations = 0
    /// The module paths of the innermost calls, by the identities of the modules.
    private var pathTexts: [[ObjectIdentifier]: String?] = [:]

    private let serial: UInt32
    let firstNode = Node.nextSequence
    private let baseDepth = ThreadContext.current.modulePathDepth
    var inside: [StorageValues] = []
    var outside: [ObjectIdentifier: StorageValues] = [:]
    /// Storages from outside, retained so that no other storage gets their address.
    var retained: [Storage] = []
    var arguments: [ObjectIdentifier: Int] = [:]
    var argumentTensors: [Tensor] = []
    var keys: [Draw: Graph.ValueID] = [:]
    /// The generators that the function made: they start with the same seed in each run, so that their keys are
    /// constants.
    var ownGenerators: [Generator] = []
    /// Tensors that the function made in memory from outside, by a view or `detach()`. As leaves they belong to the
    /// function.
    var ownViews: [ObjectIdentifier: Tensor] = [:]
    /// The stateful objects that the function made, such as optimisers.
    var ownObjects: [AnyObject] = []
    /// The leaves whose gradient was read or set.
    private var knownGradients: Set<ObjectIdentifier> = []
    var written: [StorageValues] = []
    /// The leaves from outside that were used: their `requiresGrad` is a condition.
    var leaves: [ObjectIdentifier: Tensor] = [:]
    /// The tensors from outside that have a history.
    var histories: [Tensor] = []
    let defaultGenerator = Generator.default
    /// The Swift numbers used as operands, by dtype and bits.
    private var scalars: [ScalarBits: Graph.ValueID] = [:]

    /// The bits of a Swift number: 0 and -0 differ, and NaN equals itself.
    private struct ScalarBits: Hashable {
        let dtype: DType
        let real: UInt64
        let imaginary: UInt64

        init(_ scalar: Scalar) {
            dtype = scalar.dtype
            if case .int(let value) = scalar {
                (real, imaginary) = (UInt64(bitPattern: Int64(value)), 0)
            } else {
                (real, imaginary) = (scalar.asComplex.real.bitPattern, scalar.asComplex.imag.bitPattern)
            }
        }
    }

    struct Draw: Hashable {
        let generator: ObjectIdentifier
        let key: RandomKey
    }

    private static let counter = Atomic<UInt32>(0)

    /// The recorder of the calling thread, if a function is being recorded and the calls are not those inside an
    /// operation.
    static var current: StepRecorder? { ThreadContext.existing?.recorder as? StepRecorder }

    init() { serial = Self.counter.add(1, ordering: .relaxed).newValue }

    /// Runs the body with the arguments and records it, with the gradients of its results if they need gradients.
    func record<R, E: Error>(
        _ tensors: [Tensor], slots: (R) -> [Tensor?], _ body: () throws(E) -> R
    ) throws(E) -> R {
        argumentTensors = tensors
        for (i, tensor) in tensors.enumerated() { addArgument(tensor, i) }
        let context = ThreadContext.current
        let (outer, copies, depth) = (context.storageMark, context.autocastCopies, context.autocastDepth)
        // Without this, copies by autocast that were made before would be read in place of the parameters.
        (context.storageMark, context.autocastCopies) = (UInt64(serial) << 32, [:])
        context.autocastDepth = depth + 1
        defer { (context.storageMark, context.autocastCopies, context.autocastDepth) = (outer, copies, depth) }
        return try recordingCalls(with: self) { () throws(E) in
            let result = try body()
            let slots = slots(result)
            if hasPendingError || slots.contains(where: { $0?.isPlaceholder == true }) { return result }
            finish(slots)
            return result
        }
    }

    /// Whether all results must be values of the graph, without gradients: a program file cannot return a tensor of the
    /// program.
    var returnsValuesOnly: Bool { false }

    /// Reports that the function cannot be recorded.
    func refuse(_ error: TensorError) { reportFailure(error) }

    func willChange(_ tensors: [Tensor]) {}
    func willReplaceGradient(of leaf: Tensor) {}
    func willRun(saving save: () -> () -> Void) {}

    func addArgument(_ tensor: Tensor, _ index: Int) {
        let value = graph.add(TensorSpec(tensor), .argument(index))
        graph.arguments.append(value)
        if arguments[ObjectIdentifier(tensor)] == nil { arguments[ObjectIdentifier(tensor)] = index }
        let region = StorageRegion(tensor)
        if let state = outside[ObjectIdentifier(tensor.storage)] {
            if region != state.base {
                state.isSplit = true
                state.views[region] = value
            }
            return
        }
        add(StorageValues(region, value, .outside), for: tensor.storage)
    }

    private func add(_ state: StorageValues, for storage: Storage) {
        outside[ObjectIdentifier(storage)] = state
        retained.append(storage)
    }

    // MARK: Calls

    func called(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind) {
        if inputs.contains(where: \.isPlaceholder) || outputs.contains(where: \.isPlaceholder) { return }
        if outputs.contains(where: { $0.device.isRecording }) { return }
        if kind == .view, let view = primitive as? any ViewPrimitive {
            state(of: inputs[0], isWrite: true).derive(
                StorageRegion(outputs[0]), by: view, from: StorageRegion(inputs[0]))
            if !(inputs[0].requiresGrad && isGradEnabled) { made(view: outputs[0]) }
            return
        }
        let target = kind == .inPlace ? outputs[0] : nil
        let operands = inputs.map { input in
            use(value(of: input, in: primitive.publicName, isTarget: target?.storage === input.storage))
        }
        var destinations = [Graph.ValueID?](repeating: nil, count: outputs.count)
        for (i, output) in outputs.enumerated() where kind == .inPlace || !isNew(output) {
            destinations[i] = value(of: output, in: primitive.publicName, isTarget: true)
        }
        let isPlaced = destinations.contains { $0 != nil }
        let results = emit(
            primitive, operands, outputs.map { TensorSpec($0) }, destinations: isPlaced ? destinations : [],
            isInPlace: kind == .inPlace)
        for (i, output) in outputs.enumerated() {
            if destinations[i] == nil { hold(output, results[i]) } else { write(results[i], to: output) }
        }
    }

    /// Whether this call made the storage of a result, and no other tensor uses it.
    private func isNew(_ output: Tensor) -> Bool {
        output.storage.recordMark == UInt64(serial) << 32
            && output.layout.count * output.dtype.byteSize == output.storage.byteCount
    }

    func performed(_ effect: GraphEffect, changing changed: [Tensor], reading read: [Tensor]) {
        if case .step = effect.form { checkOwners(of: changed, effect.name) }
        let operands = (changed + read).enumerated().map { i, tensor in
            use(value(of: tensor, in: effect.name, isTarget: i < changed.count))
        }
        let results = emit(
            EffectCall(), operands, changed.map { TensorSpec($0) },
            destinations: operands[..<changed.count].map(\.value),
            effect: effect)
        for (tensor, result) in zip(changed, results) { write(result, to: tensor) }
    }

    /// A step changes the parameters of its optimiser, independent of the arguments of a run.
    private func checkOwners(of changed: [Tensor], _ step: String) {
        for tensor in changed where isInside(tensor.storage) || arguments[ObjectIdentifier(tensor)] != nil {
            let isArgument = !isInside(tensor.storage)
            return refuse(
                TensorError(
                    .value, in: "compile",
                    "\(step) changes \(isArgument ? "an argument" : "a tensor that the function makes"), "
                        + "which is a different tensor in each run",
                    expected: "parameters that are created outside the function",
                    fix: isArgument ? "capture the parameter" : "make the parameter outside the function",
                    operands: [tensor]))
        }
    }

    func drew(_ key: RandomKey, from generator: Generator, as tensor: Tensor) {
        // A recomputed activation checkpoint uses the keys of its first run.
        let draw = Draw(generator: ObjectIdentifier(generator), key: key)
        if let known = keys[draw] { return hold(tensor, known) }
        if ownGenerators.contains(where: { $0 === generator }) { return made(constant: tensor) }
        let value = graph.add(TensorSpec(tensor), .draw(generator))
        graph.draws.append(value)
        keys[draw] = value
        hold(tensor, value)
    }

    func made(generator: Generator) { ownGenerators.append(generator) }

    func made(object: AnyObject) { ownObjects.append(object) }

    func hasMade(_ object: AnyObject) -> Bool { ownObjects.contains { $0 === object } }

    func made(uninitialized tensor: Tensor) {
        if tensor.storage.recordMark == UInt64(serial) << 32 { _ = addEmpty(tensor) }
    }

    func changed(generator: Generator) {
        if ownGenerators.contains(where: { $0 === generator }) { return }
        hostWrite("the state of a random number generator", nil)
    }

    func made(constant tensor: Tensor) {
        let value = graph.add(TensorSpec(tensor), .constant(tensor.withoutHistory))
        mark(tensor.storage, StorageValues(StorageRegion(tensor), value, .constant))
    }

    func made(view tensor: Tensor) {
        if !isInside(tensor.storage) { ownViews[ObjectIdentifier(tensor)] = tensor }
    }

    // MARK: Gradients

    /// Whether the function made a leaf, whose gradient is then discarded after the call.
    func isOwn(_ leaf: Tensor) -> Bool { isInside(leaf.storage) || ownViews[ObjectIdentifier(leaf)] != nil }

    func readGradient(of leaf: Tensor) {
        guard !isOwn(leaf), knownGradients.insert(ObjectIdentifier(leaf)).inserted else { return }
        let target = self.leaf(leaf)
        conditions.gradients.append(.init(leaf: target, gradient: leaf.gradient.map { TensorSpec($0) }))
        guard let gradient = leaf.gradient, outside[ObjectIdentifier(gradient.storage)] == nil else { return }
        let value = graph.add(TensorSpec(gradient), .gradient(of: target))
        add(StorageValues(StorageRegion(gradient), value, .outside), for: gradient.storage)
    }

    func setGradient(of leaf: Tensor) {
        if isOwn(leaf) { return }
        knownGradients.insert(ObjectIdentifier(leaf))
        let effect = GraphEffect(leaf.gradient == nil ? "clearGradient" : "setGradient", .setGradient(self.leaf(leaf)))
        performed(effect, changing: [], reading: leaf.gradient.map { [$0] } ?? [])
    }

    func passes(through node: Node) throws(TensorError) {
        if node.sequence >= firstNode { return }
        throw TensorError(
            .autograd, in: "compile",
            "backward() in the function passes through an operation outside the function (\(node.name)), whose saved "
                + "tensors are not available in later calls",
            expected: "a loss computed from leaves and detached tensors",
            fix: "detach the argument, or return the loss and call backward() outside")
    }

    func recompute(_ body: () -> Void) {
        let outer = recomputation
        recomputations += 1
        recomputation = recomputations
        defer { recomputation = outer }
        body()
    }

    func recordBranch(_ body: () -> Void) {
        let (begin, draws, known) = (graph.instructions.count, graph.draws.count, inside.count)
        let before = (outside.mapValues(\.value), inside.map(\.value))
        body()
        let changes =
            outside.contains { $1.value != (before.0[$0] ?? $1.initial) }
            || (0..<known).contains { inside[$0].value != before.1[$0] }
        let runsCode = graph.instructions[begin...].contains { instruction in
            guard let effect = instruction.effect else { return false }
            if case .check = effect.form { return false }
            return true
        }
        guard changes || runsCode || graph.draws.count > draws else { return }
        refuse(
            TensorError(
                .value, in: "compile",
                "a function of cond or whileLoop "
                    + (changes
                        ? "changes a tensor from outside in place"
                        : runsCode ? "sets gradients, steps an optimiser or runs code" : "draws random numbers")
                    + ", and both functions run",
                expected: "functions that only return results",
                fix: "return what changes, and change it after cond or whileLoop"))
    }

    func leaf(_ tensor: Tensor) -> Graph.Leaf {
        arguments[ObjectIdentifier(tensor)].map { .argument($0) } ?? .outside(tensor)
    }

    // MARK: The host

    func hostRead(_ tensor: Tensor, in operation: String) {
        let storage = tensor.storage
        guard isInside(storage) || outside[ObjectIdentifier(storage)] != nil else { return conditions.addRead(tensor) }
        if isConstant(storage) || tensor.wrappedScalar != nil { return }
        let known = isInside(storage) && !isMarked(storage) ? nil : sources(of: value(of: tensor, in: operation))
        guard let known else { return refuse(hostReadError(of: tensor, in: operation)) }
        for source in known { conditions.addRead(source) }
    }

    /// The tensors from outside that a value is computed from, if it depends on nothing else: no argument, random
    /// number or tensor that the function changes. nil otherwise.
    private func sources(of value: Graph.ValueID) -> [Tensor]? {
        var sources: [Tensor] = []
        var seen = Set<Graph.ValueID>()
        var stack = [value]
        while let id = stack.popLast() {
            guard seen.insert(id).inserted else { continue }
            switch graph.values[id].origin {
            case .constant: break
            case .outside(let tensor):
                if outside[ObjectIdentifier(tensor.storage)]?.value != id { return nil }
                sources.append(tensor)
            case .result(let number):
                let instruction = graph.instructions[number]
                guard graph.isPure(instruction) else { return nil }
                stack += instruction.operands.map(\.value)
            case .argument, .gradient, .draw, .empty: return nil
            }
        }
        return sources
    }

    func hostReadError(of tensor: Tensor, in operation: String) -> TensorError {
        .compiledHostRead(of: tensor, in: operation)
    }

    func hostWrite(_ what: String, _ tensor: Tensor?) {
        if let tensor, isInside(tensor.storage), tensor.storage.recordMark == UInt64(serial) << 32 { return }
        refuse(
            TensorError(
                .value, in: "compile", "the host changes \(what), which later runs do not repeat",
                expected: "operations on tensors", fix: "change it outside the function, or inside hostCall { }",
                operands: tensor.map { [$0] } ?? []))
    }

    func rearranged(_ tensor: Tensor) {
        if !isInside(tensor.storage) {
            oneTimeChange = "a changed shape or storage of a tensor from outside of \(tensor.dtype) \(tensor.shape)"
        }
    }

    func entered(_ module: any PathElement, depth: Int) {
        if depth == baseDepth && !conditions.modules.contains(where: { $0.module === module }) {
            conditions.modules.append(.init(module))
        }
    }

    // MARK: Values

    func use(_ value: Graph.ValueID) -> Graph.Operand { Graph.Operand(value: value, isDetached: true) }

    private func emit(
        _ primitive: any Primitive, _ operands: [Graph.Operand], _ results: [TensorSpec],
        destinations: [Graph.ValueID?] = [], isInPlace: Bool = false, effect: GraphEffect? = nil
    ) -> [Graph.ValueID] {
        let number = graph.instructions.count
        let ids = results.map { graph.add($0, .result(instruction: number)) }
        var instruction = Graph.Instruction(
            primitive: primitive, operands: operands, results: ids, recordsGradient: false, modulePath: path,
            destinations: destinations, effect: effect)
        instruction.isInPlace = isInPlace
        instruction.isGradient = isInGradients
        instruction.recomputation = recomputation
        graph.instructions.append(instruction)
        return ids
    }

    private var path: String? {
        guard let context = ThreadContext.existing else { return nil }
        let modules = context.modulePathIdentities
        if modules.isEmpty { return nil }
        if let known = pathTexts[modules] { return known }
        let text = context.modulePathText
        pathTexts[modules] = text
        return text
    }

    func isInside(_ storage: Storage) -> Bool { storage.recordMark >> 32 == UInt64(serial) }

    /// Whether a storage of the function contains elements of a recorded operation or of the program.
    private func isMarked(_ storage: Storage) -> Bool { storage.recordMark & 0xffff_ffff > 0 }

    private func isConstant(_ storage: Storage) -> Bool {
        isInside(storage) && isMarked(storage) && inside[Int(storage.recordMark & 0xffff_ffff) - 1].owner == .constant
    }

    private func mark(_ storage: Storage, _ state: StorageValues) {
        inside.append(state)
        storage.recordMark = UInt64(serial) << 32 | UInt64(inside.count)
    }

    private func hold(_ tensor: Tensor, _ value: Graph.ValueID) {
        mark(tensor.storage, StorageValues(StorageRegion(tensor), value, .function))
    }

    /// The value of a tensor. With `isTarget` the tensor is about to be overwritten, and uninitialised memory is
    /// allowed.
    func value(of tensor: Tensor, in operation: String, isTarget: Bool = false) -> Graph.ValueID {
        if let scalar = tensor.wrappedScalar {
            let bits = ScalarBits(scalar)
            if let known = scalars[bits] { return known }
            let value = graph.add(TensorSpec(tensor), .constant(tensor))
            scalars[bits] = value
            return value
        }
        let state = state(of: tensor, in: operation, isWrite: isTarget)
        return state.value(at: StorageRegion(tensor), on: tensor.device, emit: emitOne)
    }

    private func state(of tensor: Tensor, in operation: String = "", isWrite: Bool) -> StorageValues {
        let storage = tensor.storage
        if isInside(storage) {
            let index = Int(storage.recordMark & 0xffff_ffff)
            if index > 0 { return inside[index - 1] }
            if tensor.isWrappedScalar {
                made(constant: tensor)
                return inside[inside.count - 1]
            }
            if !isWrite { refuse(Self.unclaimed(tensor, operation)) }
            return addEmpty(tensor)
        }
        if tensor.node == nil && tensor.base == nil && (tensor.isParameter || tensor.requiresGradFlag) && !isOwn(tensor)
        {
            leaves[ObjectIdentifier(tensor)] = tensor
        }
        if let node = tensor.node, node.sequence < firstNode, !histories.contains(where: { $0 === tensor }) {
            histories.append(tensor)
        }
        if let state = outside[ObjectIdentifier(storage)] { return state }
        let region = wholeRegion(of: tensor)
        let whole =
            region == StorageRegion(tensor)
            ? tensor : Tensor(storage: storage, layout: region.layout, dtype: region.dtype)
        let state = StorageValues(region, graph.add(TensorSpec(whole), .outside(whole)), .outside)
        add(state, for: storage)
        return state
    }

    /// Adds the state of uninitialised memory. It is a vector unless the tensor has the whole storage in row-major
    /// order, as program files describe no other layouts.
    private func addEmpty(_ tensor: Tensor) -> StorageValues {
        var region = wholeRegion(of: tensor)
        if !region.layout.isContiguous { region.layout = Layout(shape: [region.layout.count]) }
        let spec = TensorSpec(region.layout, region.dtype, device: tensor.device)
        let state = StorageValues(region, graph.add(spec, .empty), .function)
        mark(tensor.storage, state)
        return state
    }

    /// The layout of the tensor, if it has all elements of its storage; otherwise that of the storage as a vector.
    func wholeRegion(of tensor: Tensor) -> StorageRegion {
        let count = tensor.storage.byteCount / tensor.dtype.byteSize
        let isWhole = tensor.layout.count == count && tensor.layout.isDenseInSomeOrder && tensor.layout.offset == 0
        return StorageRegion(isWhole ? tensor.layout : Layout(shape: [count]), tensor.dtype)
    }

    private func emitOne(
        _ primitive: any Primitive, _ operands: [Graph.ValueID], _ result: TensorSpec
    ) -> Graph.ValueID {
        emit(primitive, operands.map { use($0) }, [result])[0]
    }

    private func write(_ value: Graph.ValueID, to target: Tensor) {
        let state = state(of: target, isWrite: true)
        if state.isSplit { refuse(Self.splitWrite(target)) }
        if state.owner == .outside && !written.contains(where: { $0 === state }) { written.append(state) }
        state.write(value, to: target, in: "compile", emit: emitOne)
    }

    private static func unclaimed(_ tensor: Tensor, _ operation: String) -> TensorError {
        TensorError(
            .value, in: "compile",
            "\(operation) reads a tensor that the function made without an operation, such as one read from a file",
            expected: "tensors from operations, from arguments or from outside the function",
            fix: "make the tensor outside the function and pass it as an argument", operands: [tensor])
    }

    private static func splitWrite(_ tensor: Tensor) -> TensorError {
        TensorError(
            .value, in: "compile",
            "the function changes an argument in place that shares memory with another argument of another shape or offset",
            expected: "arguments that share no memory", fix: "pass clones, as in x.clone()", operands: [tensor])
    }
}

extension TensorError {
    /// The error of a read on the host whose result would differ in another run.
    static func compiledHostRead(of tensor: Tensor, in operation: String) -> TensorError {
        TensorError(
            .value, in: "compile", "an argument or a tensor that is computed in the function is read on the host",
            got: "\(operation) of \(tensor.dtype) \(tensor.shape)", expected: "operations on tensors only",
            fix: "return the tensor, use Tensor.where in place of if, or read it inside hostCall(x) { }")
    }
}

/// Whether a compiled function is being recorded on the calling thread: code must then not depend on the elements of
/// tensors.
package var isRecordingFunction: Bool { threadState.pointee.recording > 0 && StepRecorder.current != nil }
