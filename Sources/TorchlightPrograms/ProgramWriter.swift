import TorchlightCore
import TorchlightFiles
import TorchlightOptim

/// Writes a recorded graph as the JSON of a program.
struct ProgramWriter {
    static let format = "torchlight-program"
    static let version = 1

    private let graph: Graph
    private var tensors: ProgramTensors
    private let device: Device
    /// The indices of the tensors that a run of the graph changes.
    private(set) var changed: Set<Int> = []

    /// Encodes the values and instructions of a recording as JSON, and adds its new tensors to the table.
    ///
    /// - Returns: the JSON, and the indices of the tensors that a run changes.
    static func encode(
        _ recording: FunctionRecording, into tensors: inout ProgramTensors, on device: Device
    ) throws(ProgramProblem) -> (json: JSON, changed: Set<Int>) {
        var writer = ProgramWriter(graph: recording.graph.withoutUnusedValues(), tensors: tensors, device: device)
        let json = try writer.json()
        tensors = writer.tensors
        return (json, writer.changed)
    }

    private init(graph: Graph, tensors: ProgramTensors, device: Device) {
        self.graph = graph
        self.tensors = tensors
        self.device = device
    }

    private mutating func json() throws(ProgramProblem) -> JSON {
        var values: [JSON] = []
        for value in graph.values { values.append(try json(value)) }
        var instructions: [JSON] = []
        for instruction in graph.instructions {
            if let json = try json(instruction) { instructions.append(json) }
        }
        var states: [JSON] = []
        for state in graph.states {
            changed.insert(try tensor(of: state.initial))
            states.append([.int(state.initial), .int(state.final)])
        }
        return .object([
            ("values", .array(values)), ("instructions", .array(instructions)), ("states", .array(states)),
            ("draws", .array(graph.draws.map(JSON.int))),
            ("results", .array(graph.results.map { .int($0.value) })),
        ])
    }

    /// The tensor with the initial elements of a value.
    private mutating func tensor(of value: Graph.ValueID) throws(ProgramProblem) -> Int {
        switch graph.values[value].origin {
        case .outside(let tensor): return tensors.index(of: tensor)
        case .gradient(.outside(let leaf)):
            let index = tensors.index(of: leaf)
            return tensors.gradients.first { $0.leaf == index }?.gradient ?? index
        case .argument:
            throw ProgramProblem(
                "the function changes an argument in place",
                expected: "a function that returns its result, or x.clone()")
        default: throw ProgramProblem("the function changes a tensor that does not belong to the program")
        }
    }

    private static func shape(_ spec: TensorSpec) -> JSON { .array(spec.sizes.map(JSON.int)) }

    private mutating func json(_ value: Graph.Value) throws(ProgramProblem) -> JSON {
        let spec = value.spec
        if spec.device != device && !spec.isWrappedScalar && spec.rank > 0 {
            throw ProgramProblem(
                "a program runs on one device", got: "\(spec.device) and \(device)", expected: "one device")
        }
        switch value.origin {
        case .argument(let index): return ["argument": .int(index)]
        case .constant(let tensor):
            if let scalar = tensor.wrappedScalar { return ["number": try encoded(scalar)] }
            return ["tensor": .int(try tensors.index(ofConstant: tensor))]
        case .outside(let tensor): return ["tensor": .int(tensors.index(of: tensor))]
        case .gradient(.outside(let leaf)): return ["gradient": .int(tensors.index(of: leaf))]
        case .gradient(.argument):
            throw ProgramProblem(
                "the function reads the gradient that an argument has", expected: "gradients of tensors of the program")
        case .draw(let generator): return ["draw": .int(tensors.index(of: generator))]
        case .empty: return ["empty": .string("\(spec.dtype)"), "shape": Self.shape(spec)]
        case .result: return ["dtype": .string("\(spec.dtype)"), "shape": Self.shape(spec)]
        }
    }

    private func encoded(_ value: some Encodable) throws(ProgramProblem) -> JSON {
        do { return try JSON.encoding(value) } catch {
            throw ProgramProblem("an attribute cannot be written", got: "\(value)")
        }
    }

    private mutating func json(_ instruction: Graph.Instruction) throws(ProgramProblem) -> JSON? {
        var members: [(String, JSON)] = []
        if let effect = instruction.effect {
            guard let effect = try json(effect, instruction) else { return nil }
            members = effect
        } else {
            var primitive = instruction.primitive
            if primitive is ToDevice {
                throw ProgramProblem(
                    "a program runs on one device", got: "a copy to another device", expected: "one device")
            }
            if var creation = primitive as? any CreationPrimitive {
                creation.device = .cpu
                primitive = creation
            }
            members = [
                ("operation", .string(type(of: primitive).name)), ("attributes", try encoded(primitive)),
            ]
        }
        members.append(("operands", .array(instruction.operands.map { .int($0.value) })))
        members.append(("results", .array(instruction.results.map(JSON.int))))
        if instruction.effect == nil && !instruction.destinations.isEmpty {
            members.append(("places", .array(instruction.destinations.map { $0.map(JSON.int) ?? nil })))
            members.append(("inPlace", JSON(.bool(instruction.isInPlace))))
        }
        if let path = instruction.modulePath { members.append(("module", .string(path))) }
        return .object(members)
    }

    /// The members of an instruction with an effect; nil for an effect that programs leave out.
    private mutating func json(
        _ effect: GraphEffect, _ instruction: Graph.Instruction
    ) throws(ProgramProblem) -> [(String, JSON)]? {
        if case .setGradient(let leaf) = effect.kind {
            // The gradients of arguments are not part of the program.
            guard case .outside(let tensor) = leaf else { return nil }
            let name = instruction.operands.isEmpty ? "clearGradient" : "setGradient"
            return [("effect", .string(name)), ("tensor", .int(tensors.index(of: tensor)))]
        }
        switch effect.form {
        case .check: return nil
        case .none:
            throw ProgramProblem("\(effect.name) runs code of the program, which cannot be saved in a file")
        case .update(let update):
            for operand in instruction.operands.prefix(instruction.results.count) {
                if case .outside(let tensor) = graph.values[operand.value].origin {
                    changed.insert(tensors.index(of: tensor))
                }
            }
            return [
                ("effect", "update"), ("update", .string(type(of: update).name)), ("attributes", try encoded(update)),
            ]
        case .step(let owner):
            if let scheduler = owner as? LRScheduler { return try json(scheduler) }
            guard let optimizer = owner as? any Optimizer, OptimizerClasses.names.contains("\(type(of: optimizer))")
            else {
                throw ProgramProblem(
                    "the state of \(effect.name) cannot be written",
                    expected: "one of " + OptimizerClasses.names.joined(separator: ", "))
            }
            let index = tensors.index(of: optimizer)
            for parameter in optimizer.parameters { changed.insert(tensors.index(of: parameter)) }
            return [("effect", "step"), ("optimizer", .int(index))]
        }
    }

    /// The members of an instruction that steps a scheduler.
    private mutating func json(_ scheduler: LRScheduler) throws(ProgramProblem) -> [(String, JSON)] {
        let optimizer = scheduler.optimizer
        guard SchedulerClasses.settings(of: scheduler) != nil else {
            throw ProgramProblem(
                "the scheduler \(type(of: scheduler)) has code of the program, which cannot be saved in a file",
                expected: "a scheduler of Torchlight without closures")
        }
        guard OptimizerClasses.names.contains("\(type(of: optimizer))") else {
            throw ProgramProblem(
                "the state of \(type(of: optimizer)) cannot be written",
                expected: "one of " + OptimizerClasses.names.joined(separator: ", "))
        }
        let index = tensors.index(of: scheduler)
        for parameter in optimizer.parameters { changed.insert(tensors.index(of: parameter)) }
        return [("effect", "schedule"), ("scheduler", .int(index))]
    }

    // MARK: State

    /// The JSON of the tables of tensors, generators, optimisers, schedulers and gradients, and the tensors including
    /// those of the optimisers.
    static func state(
        tensors: [ProgramTensors.Entry], generators: [Generator?], optimizers: [any Optimizer],
        schedulers: [LRScheduler], gradients: [(leaf: Int, gradient: Int?)]
    ) -> (json: [(String, JSON)], tensors: [ProgramTensors.Entry]) {
        var all = tensors
        var names = Set(tensors.map(\.name))
        let indices = Dictionary(
            tensors.enumerated().map { (ObjectIdentifier($0.element.tensor.storage), $0.offset) },
            uniquingKeysWith: { first, _ in first })
        let optimizersJSON = optimizers.enumerated().map { number, optimizer -> JSON in
            let state = optimizer.state()
            var stored: [(String, JSON)] = []
            for (key, tensor) in state.tensors.sorted(by: { $0.key < $1.key }) {
                var name = "optimizer\(number).\(key)"
                while !names.insert(name).inserted { name += "#" }
                stored.append((key, .int(all.count)))
                all.append(.init(name: name, tensor: tensor))
            }
            var next = 0
            let parameters = optimizer.parameters
            let groups = (0..<optimizer.learningRates.count).map { group -> JSON in
                let count = state.metadata["group.\(group).parameters"].flatMap { Int($0) } ?? 0
                defer { next += count }
                return .array(
                    parameters[next..<min(next + count, parameters.count)].map {
                        .int(indices[ObjectIdentifier($0.storage)] ?? -1)
                    })
            }
            return .object([
                ("class", .string("\(type(of: optimizer))")), ("groups", .array(groups)),
                ("settings", texts(state.metadata)),
                ("state", .object(stored)),
            ])
        }
        let tensorsJSON = all.map { entry -> JSON in
            let layout = entry.tensor.layout
            var members: [(String, JSON)] = [
                ("name", .string(entry.name)), ("dtype", .string("\(entry.tensor.dtype)")),
                ("shape", .array(entry.tensor.shape.map(JSON.int))),
            ]
            if !layout.isContiguous && layout.isDenseInSomeOrder {
                members.append(("strides", .array(layout.strides.map(JSON.int))))
            }
            return .object(members)
        }
        let generatorsJSON = generators.map { generator -> JSON in
            guard let state = generator?.state else { return nil }
            return ["seed": JSON(.number("\(state.seed)")), "call": JSON(.number("\(state.call)"))]
        }
        let schedulersJSON = schedulers.map { scheduler -> JSON in
            [
                "optimizer": .int(optimizers.firstIndex { $0 === scheduler.optimizer } ?? -1),
                "settings": texts(SchedulerClasses.settings(of: scheduler) ?? [:]), "state": texts(scheduler.state()),
            ]
        }
        let members: [(String, JSON)] = [
            ("tensors", .array(tensorsJSON)), ("generators", .array(generatorsJSON)),
            ("optimizers", .array(optimizersJSON)),
            (
                "gradients",
                .array(gradients.map { ["tensor": .int($0.leaf), "gradient": $0.gradient.map(JSON.int) ?? nil] })
            ),
        ]
        // Programs without schedulers stay readable for versions of Torchlight that support none.
        return (schedulers.isEmpty ? members : members + [("schedulers", .array(schedulersJSON))], all)
    }

    private static func texts(_ texts: [String: String]) -> JSON {
        .object(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }
}
