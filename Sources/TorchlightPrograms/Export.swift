import TorchlightCore
import TorchlightFiles
import TorchlightNN
import TorchlightOptim

/// Records a function as a ``Program``, which can be saved and run without the Swift code of the function.
///
///     let program = try export({ (x: Tensor) in model(x) }, Tensor.randn(8, 3), dynamic: ["batch": 1...512])
///
/// The function runs once on copies of the examples, and with dynamic sizes several times, on examples of other sizes.
/// It may read and change captured tensors, compute gradients, step optimisers and schedulers, and draw random numbers,
/// as a compiled function may. Changes by these runs are undone. Tensors that the function changes are copied to the
/// program; other tensors are shared with the program until it is saved.
///
/// Gradient mode and the modes of the modules are those of the call of `export`: call `model.eval()` for inference.
/// Checks of values that are not part of an operation, such as the range of class indices, are left out.
///
/// - Parameters:
///   - function: the function, of tensors and structures of tensors. Arguments of other types are constants.
///   - examples: the arguments of the function.
///   - dynamic: the dynamic sizes of the inputs. The default range is 1 to 65,536. Default: no dynamic sizes.
///   - inputNames: the names of the inputs. Default: "input", or "input0", "input1", ... for several.
///   - outputNames: the names of the outputs. Default: "output", or "output0", "output1", ... for several.
///   - model: a module whose parameters and buffers give tensors their names. Default: nil; tensors are numbered.
/// - Throws: a `TensorError` that lists everything that cannot be recorded, with call sites; see
///   ``explainCapture(_:_:)``. Errors of the function.
public func export<each Argument, each Result: TensorStructure>(
    _ function: (repeat each Argument) throws -> (repeat each Result), _ examples: repeat each Argument,
    dynamic: DynamicDimensions = [:], inputNames: [String]? = nil, outputNames: [String]? = nil, model: Module? = nil
) throws -> Program {
    var tensors: [Tensor] = []
    for example in repeat each examples {
        if let structure = example as? any TensorStructure { tensors += structure.tensorSlots.compactMap { $0 } }
    }
    return try Exporter(tensors, dynamic, inputNames, outputNames, model).program { resized in
        try recordForExport(function, repeat each examples, resized: resized)
    }
}

/// Records the forward pass of a layer as a ``Program``; see ``export(_:_:dynamic:inputNames:outputNames:model:)``.
///
///     let program = try export(model.eval(), Tensor.randn(1, 3, 224, 224), dynamic: ["batch": 1...64])
public func export(
    _ layer: some Layer, _ example: Tensor, dynamic: DynamicDimensions = [:], inputName: String = "input",
    outputName: String = "output"
) throws -> Program {
    try export(
        { (x: Tensor) -> Tensor in layer(x) }, example, dynamic: dynamic, inputNames: [inputName],
        outputNames: [outputName], model: layer)
}

/// Builds a program from the recordings of a function.
private struct Exporter {
    private let examples: [Tensor]
    private let sizes: [DynamicDimensions.Size]
    private let exampleSizes: [Int]
    private let inputNames: [String]
    private let outputNames: [String]?
    private let dims: [[Int?]]
    private let model: Module?

    init(
        _ examples: [Tensor], _ dynamic: DynamicDimensions, _ inputNames: [String]?, _ outputNames: [String]?,
        _ model: Module?
    ) throws(TensorError) {
        self.examples = examples
        self.outputNames = outputNames
        self.model = model
        self.inputNames = try names(inputNames, "input", examples.count)
        let resolved = try dynamic.resolved(
            for: zip(self.inputNames, examples).map { ($0, $1.shape) }, in: "export")
        sizes = resolved.sizes.map { name, range, example in
            let any = DynamicDimensions.defaultRange
            return DynamicDimensions.Size(
                name: name, range: range ?? min(any.lowerBound, example)...max(any.upperBound, example))
        }
        exampleSizes = resolved.sizes.map(\.example)
        dims = resolved.indices
    }

    func program(
        _ record: ((Int, Tensor) -> Tensor) throws -> FunctionRecording
    ) throws -> Program {
        let plan = try sizePlan()
        var table: ProgramTensors?
        var bodies: [JSON] = []
        var changed: Set<Int> = []
        var count = 0
        let device = examples.first?.device ?? .current
        for point in plan?.points ?? [[]] {
            let recording = try record { index, tensor in resized(tensor, dims[index], point) }
            try check(recording.obstacles)
            count = recording.graph.results.count
            var tensors =
                table
                ?? ProgramTensors(
                    names: (model?.namedParameters() ?? []) + (model?.namedBuffers() ?? []),
                    defaultGenerator: recording.defaultGenerator)
            if table == nil { addGradients(recording, to: &tensors) } else { tensors.beginFurtherRecording() }
            do throws(ProgramProblem) {
                let (json, writes) = try ProgramWriter.encode(recording, into: &tensors, on: device)
                bodies.append(json)
                changed.formUnion(writes)
            } catch { throw error.error(in: "export") }
            table = tensors
        }
        guard let table else { preconditionFailure("a function is recorded at least once") }
        do throws(ProgramProblem) {
            let body =
                try plan.map { plan throws(ProgramProblem) in
                    try SizeExpressions.join(bodies, plan, sizes.map(\.name))
                } ?? bodies[0]
            return try make(body, table, changed, results: count, device)
        } catch { throw error.error(in: "export") }
    }

    private func make(
        _ body: JSON, _ table: ProgramTensors, _ changed: Set<Int>, results: Int, _ device: Device
    ) throws(ProgramProblem) -> Program {
        let outputs: [String]
        do throws(TensorError) { outputs = try names(outputNames, "output", results) } catch {
            throw ProgramProblem(error.problem, got: error.got, expected: error.expected ?? "")
        }
        let (state, entries) = ProgramWriter.state(
            tensors: table.entries, generators: table.generators, optimizers: table.optimizers,
            schedulers: table.schedulers, gradients: table.gradients)
        let json = JSON.object(
            [
                ("format", .string(ProgramWriter.format)), ("version", .int(ProgramWriter.version)),
                (
                    "sizes",
                    .array(
                        sizes.map {
                            [
                                "name": .string($0.name), "minimum": .int($0.range.lowerBound),
                                "maximum": .int($0.range.upperBound),
                            ]
                        })
                ),
                ("inputs", .array(examples.indices.map(input))), ("outputs", .array(outputs.map(JSON.string))),
            ] + state + [("graph", body)])
        // The program changes copies, so that the state of the caller is unchanged.
        let own = changed.union(table.entries.count..<entries.count).union(table.gradients.compactMap(\.gradient))
            .union(table.gradients.map(\.leaf))
        var tensors: [Tensor] = []
        for (index, entry) in entries.enumerated() {
            do throws(TensorError) { tensors.append(try stored(entry.tensor, copying: own.contains(index))) } catch {
                throw ProgramProblem("the tensor \(entry.name) cannot be copied", got: error.problem)
            }
        }
        return try Program(try ProgramForm(json), tensors, on: device)
    }

    /// A tensor of the program in the layout of a file.
    private func stored(_ tensor: Tensor, copying: Bool) throws(TensorError) -> Tensor {
        let layout = tensor.layout
        if !copying && layout.offset == 0 && layout.isDenseInSomeOrder { return tensor.detach() }
        let target =
            layout.isDenseInSomeOrder
            ? Layout(shape: layout.shape, strides: layout.strides, offset: 0) : Layout(shape: layout.shape)
        let copy = try Tensor(empty: target, dtype: tensor.dtype, device: tensor.device)
        return noGrad { copy.copy_(tensor.detach()) }
    }

    private func input(_ index: Int) -> JSON {
        let shape = zip(examples[index].shape, dims[index]).map { size, name -> JSON in
            name.map { .string(sizes[$0].name) } ?? .int(size)
        }
        return [
            "name": .string(inputNames[index]), "dtype": .string("\(examples[index].dtype)"), "shape": .array(shape),
        ]
    }

    /// The sizes of the recordings; nil if no size is dynamic.
    private func sizePlan() throws(TensorError) -> SizePlan? {
        if sizes.isEmpty { return nil }
        var fixed = Set<Int>()
        for (example, indices) in zip(examples, dims) {
            for (size, index) in zip(example.shape, indices) where index == nil { fixed.insert(size) }
        }
        return try .inRanges(sizes, examples: exampleSizes, avoiding: fixed)
    }

    /// An example resized by repeating its elements.
    private func resized(_ example: Tensor, _ dims: [Int?], _ point: [Int]) -> Tensor {
        var result = example
        for (dim, index) in dims.enumerated() {
            guard let index, !point.isEmpty, result.shape[dim] != point[index] else { continue }
            let size = result.shape[dim]
            if size == 0 {
                var shape = result.shape
                shape[dim] = point[index]
                result = Tensor.zeros(shape, dtype: result.dtype, device: result.device)
            } else {
                let indices = Tensor((0..<point[index]).map { $0 % size }, device: result.device)
                result = result.indexSelect(dim, indices)
            }
        }
        return result
    }

    private func addGradients(_ recording: FunctionRecording, to table: inout ProgramTensors) {
        for condition in recording.gradients {
            guard case .outside(let leaf) = condition.leaf else { continue }
            let index = table.index(of: leaf)
            let gradient = condition.gradient == nil ? nil : leaf.grad
            table.gradients.append((index, gradient.map { table.add($0, "\(table.entries[index].name).grad") }))
        }
    }

    private func check(_ obstacles: [CaptureObstacle]) throws(TensorError) {
        guard let first = obstacles.first else { return }
        if obstacles.count == 1 && first.callSite == nil { throw first.error }
        throw TensorError(
            first.error.kind, in: "export",
            "the function cannot be recorded: "
                + obstacles.map { obstacle in
                    obstacle.error.problem + (obstacle.error.got.map { ", got \($0)" } ?? "")
                        + (obstacle.callSite.map { ", at \($0)" } ?? "")
                }.joined(separator: "; "), expected: first.error.expected, fix: first.error.fix)
    }
}

/// The given names, or numbered ones.
private func names(_ given: [String]?, _ noun: String, _ count: Int) throws(TensorError) -> [String] {
    let names = given ?? (count == 1 ? [noun] : (0..<count).map { "\(noun)\($0)" })
    guard names.count == count, Set(names).count == count else {
        throw TensorError(
            .value, in: "export", "the \(noun) names are not unique, or not one for each \(noun)",
            got: "\(names)",
            expected: "\(quantity(count, "name")), each once")
    }
    return names
}
