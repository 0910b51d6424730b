import TorchlightCore
import TorchlightFiles
import TorchlightOptim

/// Builds the graph of a program for given dynamic sizes, and validates it: each value is written once and before it is
/// read, `infer` of every primitive accepts its operands and returns the dtypes and shapes of the file, and only memory
/// that a program may change is changed.
struct GraphReader {
    private let state: ProgramState
    private var graph = Graph()
    /// For each value, the value whose memory it may share.
    private var roots: [Graph.ValueID] = []
    private var isWritten: [Bool] = []
    private var stated: [(dtype: DType, shape: [Int])?] = []

    /// The graph for sizes in the order of `form.sizes`.
    static func graph(_ form: ProgramForm, _ state: ProgramState, sizes: [Int]) throws(ProgramProblem) -> Graph {
        guard let body = form.json["graph"] else {
            throw ProgramProblem("the program has no graph", expected: "\"graph\"")
        }
        var reader = GraphReader(state: state)
        let json =
            form.sizes.isEmpty ? body : try SizeExpressions.evaluated(body, form.sizeNames, sizes)
        try reader.read(ProgramObject(json, "the graph"), form, form.inputs.map { $0.shape(form.sizeNames, sizes) })
        return reader.graph
    }

    private init(state: ProgramState) { self.state = state }

    private mutating func read(
        _ object: ProgramObject, _ form: ProgramForm, _ shapes: [[Int]]
    ) throws(ProgramProblem) {
        var arguments = [Graph.ValueID?](repeating: nil, count: shapes.count)
        for (id, json) in try object.array("values").enumerated() {
            try addValue(ProgramObject(json, "value \(id)"), id, form, shapes, &arguments)
        }
        for (index, argument) in arguments.enumerated() {
            guard let argument else {
                throw object.invalid("input \(index) has no value", "one value for each input")
            }
            graph.arguments.append(argument)
        }
        let count = graph.values.count
        graph.draws = try object.indices("draws", below: count)
        let drawn = graph.values.indices.filter { if case .draw = graph.values[$0].origin { true } else { false } }
        guard graph.draws.sorted() == drawn else {
            throw object.invalid(
                "the order of the random draws is not a permutation of them", "the \(quantity(drawn.count, "draw"))")
        }
        for (i, json) in try object.array("instructions").enumerated() {
            try addInstruction(ProgramObject(json, "instruction \(i)"), i)
        }
        graph.results = try object.indices("results", below: count).map { Graph.Operand(value: $0, isDetached: true) }
        guard graph.results.count == form.outputNames.count else {
            throw object.invalid(
                "there are \(quantity(graph.results.count, "result")) and \(quantity(form.outputNames.count, "output"))",
                "a name for each result")
        }
        for result in graph.results where !isWritten[result.value] {
            throw object.invalid("result \(result.value) is computed by no instruction", "a computed value")
        }
        for json in try object.array("states") {
            let pair = try object.indices(json, "states", below: count)
            guard pair.count == 2, isWritten[pair[1]], isChangeable(pair[0]), isInitial(pair[0]),
                graph.values[pair[0]].spec.layout.shape == graph.values[pair[1]].spec.layout.shape,
                graph.values[pair[0]].spec.dtype == graph.values[pair[1]].spec.dtype
            else {
                throw object.invalid("a state is not valid", "a tensor and a value of its shape and dtype")
            }
            graph.states.append(Graph.State(initial: pair[0], final: pair[1]))
        }
    }

    // MARK: Values

    private mutating func addValue(
        _ object: ProgramObject, _ id: Int, _ form: ProgramForm, _ shapes: [[Int]],
        _ arguments: inout [Graph.ValueID?]
    ) throws(ProgramProblem) {
        let json = object.json
        var isKnown = true
        var claim: (DType, [Int])?
        if json["argument"] != nil {
            let index = try object.index("argument", below: shapes.count)
            guard arguments[index] == nil else {
                throw object.invalid("input \(index) has two values", "one value for each input")
            }
            arguments[index] = id
            let spec = try self.spec(form.inputs[index].dtype, shapes[index], object)
            _ = graph.add(spec, .argument(index))
        } else if json["tensor"] != nil {
            let tensor = state.tensors[try object.index("tensor", below: state.tensors.count)]
            _ = graph.add(TensorSpec(tensor), .outside(tensor))
        } else if json["gradient"] != nil {
            let index = try object.index("gradient", below: state.tensors.count)
            guard let gradient = form.gradients.first(where: { $0.leaf == index })?.gradient else {
                throw object.invalid("tensor \(index) has no initial gradient", "a tensor with a gradient")
            }
            _ = graph.add(TensorSpec(state.tensors[gradient]), .gradient(of: .outside(state.tensors[index])))
        } else if let number = json["number"] {
            do {
                let tensor = Tensor.wrap(try number.decoded(as: Scalar.self))
                _ = graph.add(TensorSpec(tensor), .constant(tensor))
            } catch { throw object.invalid("the number is \(number.text().prefix(60))", "a number") }
        } else if json["draw"] != nil {
            let generator = state.generators[try object.index("draw", below: state.generators.count)]
            _ = graph.add(TensorSpec(Layout(shape: Dims([2])), .int64, device: state.device), .draw(generator))
        } else if json["empty"] != nil {
            _ = graph.add(try spec(try object.dtype("empty"), try object.integers("shape"), object), .empty)
        } else {
            // The dtype and shape of the result of the instruction that writes it.
            claim = (try object.dtype("dtype"), try object.integers("shape"))
            isKnown = false
            _ = graph.add(TensorSpec(Layout(shape: Dims()), .float32, device: state.device), .result(instruction: -1))
        }
        roots.append(id)
        isWritten.append(isKnown)
        stated.append(claim)
    }

    private func spec(_ dtype: DType, _ shape: [Int], _ object: ProgramObject) throws(ProgramProblem) -> TensorSpec {
        do throws(TensorError) {
            try checkShape(Dims(shape), in: "program")
        } catch { throw object.invalid("the shape \(shape.prefix(10)) is too large", "sizes that fit in memory") }
        return TensorSpec(Layout(shape: Dims(shape)), dtype, device: state.device)
    }

    /// Whether a program may change the memory of a value.
    private func isChangeable(_ value: Graph.ValueID) -> Bool {
        switch graph.values[roots[value]].origin {
        case .argument, .constant, .draw: false
        case .outside, .gradient, .empty, .result: !graph.values[value].spec.layout.mayOverlap
        }
    }

    private func isInitial(_ value: Graph.ValueID) -> Bool {
        switch graph.values[value].origin {
        case .outside, .gradient: true
        default: false
        }
    }

    // MARK: Instructions

    private mutating func addInstruction(_ object: ProgramObject, _ number: Int) throws(ProgramProblem) {
        let count = graph.values.count
        let operands = try object.indices("operands", below: count)
        let results = try object.indices("results", below: count)
        for operand in operands where !isWritten[operand] {
            throw object.invalid(
                "it reads value \(operand), which no earlier instruction writes", "operands of earlier instructions")
        }
        for (i, result) in results.enumerated() where isWritten[result] || results[..<i].contains(result) {
            throw object.invalid("it writes value \(result), which is already written", "each value written once")
        }
        let path = object.json["module"]?.string
        var instruction = Graph.Instruction(
            primitive: EffectCall(), operands: operands.map { Graph.Operand(value: $0, isDetached: true) },
            results: results,
            recordsGradient: false, modulePath: path)
        if object.json["effect"] != nil {
            instruction.effect = try effect(object, operands, results)
            for (result, operand) in zip(results, operands) {
                graph.values[result].spec = graph.values[operand].spec
                roots[result] = roots[operand]
            }
        } else {
            let primitive = try primitive(object)
            instruction.primitive = primitive
            try infer(&instruction, object)
        }
        for result in results {
            let spec = graph.values[result].spec
            if let (dtype, shape) = stated[result], spec.dtype != dtype || spec.sizes != shape {
                throw object.invalid(
                    "its result is \(spec.dtype) \(spec.sizes), not the recorded \(dtype) \(shape.prefix(20))",
                    "the result of the operation")
            }
            isWritten[result] = true
            graph.values[result].origin = .result(instruction: number)
        }
        graph.instructions.append(instruction)
    }

    private func primitive(_ object: ProgramObject) throws(ProgramProblem) -> any Primitive {
        let name = try object.string("operation")
        guard let type = AllPrimitives.byName[name], name != FusedGroup.name else {
            throw object.invalid(
                "there is no operation \(IOError.quoted(name))", "an operation of this version of Torchlight")
        }
        guard let attributes = object.json["attributes"] else {
            throw object.invalid("the attributes are missing", "an object")
        }
        func decoded<P: Primitive>(_ type: P.Type) throws(ProgramProblem) -> any Primitive {
            do { return try attributes.decoded(as: type) } catch {
                throw object.invalid(
                    "the attributes of \(name) are not valid: \(Self.text(error))", "those of the operation")
            }
        }
        let primitive = try decoded(type)
        guard !primitive.hasSizeOfValues, !(primitive is ToDevice) else {
            throw object.invalid(
                "\(name) cannot be part of a program", "operations whose result shapes depend only on input shapes")
        }
        guard var creation = primitive as? any CreationPrimitive else { return primitive }
        creation.device = state.device
        return creation
    }

    /// A short text of a decoding error.
    private static func text(_ error: any Error) -> String {
        switch error {
        case DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context),
            DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            context.codingPath.map(\.stringValue).joined(separator: ".") + " " + context.debugDescription
        default: "\(error)"
        }
    }

    /// Sets the descriptions of the results of a call.
    private mutating func infer(_ instruction: inout Graph.Instruction, _ object: ProgramObject) throws(ProgramProblem)
    {
        let primitive = instruction.primitive
        let operands = instruction.operands.map(\.value)
        let specs: [TensorSpec]
        do throws(TensorError) {
            specs = try OperandCheck.inferResults(of: primitive, operands.map { graph.values[$0].spec })
        } catch { throw object.invalid("\(error)", "operands that the operation accepts") }
        guard specs.count == instruction.results.count else {
            throw object.invalid(
                "\(primitive.publicName) has \(quantity(specs.count, "result")), not the recorded \(instruction.results.count)",
                "the results of the operation")
        }
        for (spec, result) in zip(specs, instruction.results) {
            guard spec.device == state.device || spec.rank == 0 else {
                throw object.invalid("its result is on \(spec.device)", "\(state.device)")
            }
            graph.values[result].spec = spec
        }
        try checkMemory(primitive, operands, instruction.results, object)
        if primitive is any ViewPrimitive { roots[instruction.results[0]] = roots[operands[0]] }
        guard object.json["places"] != nil else { return }
        let destinations = try object.array("places")
        instruction.isInPlace = object.json["inPlace"]?.bool ?? false
        guard destinations.count == specs.count, !(primitive is any ViewPrimitive),
            !instruction.isInPlace || specs.count == 1
        else {
            throw object.invalid("places does not have one element for each result", "a value or null for each result")
        }
        for (i, json) in destinations.enumerated() {
            if case .null = json.content {
                instruction.destinations.append(nil)
                continue
            }
            guard let destination = json.int, graph.values.indices.contains(destination), isWritten[destination],
                isChangeable(destination)
            else {
                throw object.invalid("result \(i) is written to \(json.summary)", "a value that may be changed")
            }
            let target = graph.values[destination].spec
            guard target.layout.shape == specs[i].layout.shape,
                instruction.isInPlace
                    ? specs[i].dtype.category <= target.dtype.category : specs[i].dtype == target.dtype
            else {
                throw object.invalid(
                    "result \(i), \(specs[i].dtype) \(specs[i].sizes), is written to \(target.dtype) \(target.sizes)",
                    "a value of its shape and dtype")
            }
            instruction.destinations.append(destination)
            graph.values[instruction.results[i]].spec = target
            roots[instruction.results[i]] = roots[destination]
        }
    }

    /// Throws if a layout among the attributes of a view exceeds the memory of its operand.
    private func checkMemory(
        _ primitive: any Primitive, _ operands: [Graph.ValueID], _ results: [Graph.ValueID], _ object: ProgramObject
    ) throws(ProgramProblem) {
        guard primitive is any ViewPrimitive else { return }
        let limit = 1 << 56
        let (root, view) = (graph.values[roots[operands[0]]].spec, graph.values[results[0]].spec)
        let (size, elements) = (root.layout.extent.upperBound, view.layout.extent)
        guard elements.lowerBound >= 0, elements.upperBound <= limit,
            elements.isEmpty || elements.upperBound * view.dtype.byteSize <= size * root.dtype.byteSize
        else {
            throw object.invalid(
                "\(primitive.publicName) accesses the elements \(elements) of memory", "elements of its operand")
        }
    }

    // MARK: Effects

    private func effect(
        _ object: ProgramObject, _ operands: [Graph.ValueID], _ results: [Graph.ValueID]
    ) throws(ProgramProblem) -> GraphEffect {
        let name = try object.string("effect")
        guard results.count <= operands.count, operands.prefix(results.count).allSatisfy(isChangeable) else {
            throw object.invalid(
                "it changes values that a program may not change", "tensors of the program and computed values")
        }
        switch name {
        case "setGradient", "clearGradient":
            let leaf = state.tensors[try object.index("tensor", below: state.tensors.count)]
            guard results.isEmpty, operands.count == (name == "setGradient" ? 1 : 0) else {
                throw object.invalid(
                    "\(name) has \(quantity(operands.count, "operand"))", "one gradient to set, none to clear")
            }
            if let operand = operands.first {
                let spec = graph.values[operand].spec
                guard spec.layout.shape == leaf.layout.shape, spec.dtype == leaf.dtype else {
                    throw object.invalid(
                        "the gradient is \(spec.dtype) \(spec.sizes)", "\(leaf.dtype) \(leaf.shape), as the tensor")
                }
            }
            return GraphEffect(name, .setGradient(.outside(leaf)))
        case "update":
            let kind = try object.string("update")
            guard let type = GradientUpdates.all.first(where: { $0.name == kind }) else {
                throw object.invalid(
                    "there is no update \(IOError.quoted(kind))", "an update of this version of Torchlight")
            }
            guard let attributes = object.json["attributes"] else {
                throw object.invalid("the attributes are missing", "an object")
            }
            let update: any GraphUpdate
            do { update = try attributes.decoded(as: type) } catch {
                throw object.invalid(
                    "the attributes of \(kind) are not valid: \(Self.text(error))", "those of the update")
            }
            do throws(TensorError) {
                try update.check(operands.map { graph.values[$0].spec }, changed: results.count)
            } catch { throw object.invalid("\(error)", "operands that the update accepts") }
            return GraphEffect(kind, .update, .update(update)) {
                [device = state.device, count = results.count] tensors in
                performUpdate(kind, of: Array(tensors[..<count]), on: device) { update.run(tensors) }
            }
        case "step":
            let optimizer = state.optimizers[try object.index("optimizer", below: state.optimizers.count)]
            return GraphEffect("\(type(of: optimizer)).step", .update, .step(of: optimizer)) { _ in optimizer.step() }
        case "schedule":
            let scheduler = state.schedulers[try object.index("scheduler", below: state.schedulers.count)]
            return try schedule(scheduler, object, operands, results)
        default:
            throw object.invalid(
                "there is no effect \(IOError.quoted(name))", "setGradient, clearGradient, update, step or schedule")
        }
    }

    /// The step of a scheduler. A scheduler that reads a metric has it as operand.
    private func schedule(
        _ scheduler: LRScheduler, _ object: ProgramObject, _ operands: [Graph.ValueID], _ results: [Graph.ValueID]
    ) throws(ProgramProblem) -> GraphEffect {
        let plateau = scheduler as? ReduceLROnPlateau
        guard results.isEmpty, operands.count == (plateau == nil ? 0 : 1) else {
            throw object.invalid(
                "the step of \(type(of: scheduler)) has \(quantity(operands.count, "operand"))",
                plateau == nil ? "no operand" : "one metric")
        }
        for operand in operands {
            let spec = graph.values[operand].spec
            guard spec.layout.count == 1, !spec.dtype.isComplex else {
                throw object.invalid("the metric is \(spec.dtype) \(spec.sizes)", "a real tensor with one element")
            }
        }
        return GraphEffect("\(type(of: scheduler)).step", .call, .step(of: scheduler)) { tensors in
            if let plateau { plateau.step(tensors[0]) } else { scheduler.step() }
        }
    }
}
