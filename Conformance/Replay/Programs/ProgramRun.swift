import Torchlight
import TorchlightIO

/// One run of a program: its variables by name.
final class ProgramRun {
    private let registry: Registry
    private let makers: ModuleRegistry
    var tensors: [String: Tensor] = [:]
    private var modules: [String: (module: Module, forward: ModuleRegistry.Forward)] = [:]
    private var optimizers: [String: any Optimizer] = [:]
    private var schedules: [String: LRScheduler] = [:]

    init(registry: Registry, modules: ModuleRegistry) {
        self.registry = registry
        makers = modules
    }

    /// Performs a statement and compares what it gave with what was expected of it.
    func perform(_ statement: JSON, _ expectation: JSON) throws {
        let mustFail = expectation["error"]?.bool == true
        do {
            let answers = try checked { try answer(statement) }
            if mustFail { throw ProgramOutcome.Failure(expected: "a refusal", got: Self.summary(answers)) }
            let names = (statement["to"]?.list ?? []).compactMap(\.string)
            for (name, value) in zip(names, answers) {
                if case .tensor(let tensor) = value { tensors[name] = tensor }
            }
            let wanted = expectation["results"]?.elements ?? []
            guard wanted.count == answers.count else {
                throw Difference(expected: "\(wanted.count) results", got: "\(answers.count)")
            }
            for (i, (value, wanted)) in zip(answers, wanted).enumerated() {
                try checked { try compare(value, wanted, "result \(i)") }
                if wanted["fresh"]?.bool == true { try refuseSharing(value, with: statement["args"], "result \(i)") }
            }
        } catch let difference as Difference {
            throw ProgramOutcome.Failure(expected: difference.expected, got: difference.got)
        } catch let error as TensorError {
            if mustFail { return }
            throw ProgramOutcome.Failure(expected: "an answer", got: "\(error)")
        }
    }

    /// Compares every named tensor and its gradient with what it is when PyTorch's program ends.
    func compareEnd(_ final: [JSON.Member]) throws {
        for member in final {
            guard let tensor = try tensor(member.name) else { continue }
            try compare(.tensor(tensor), member.value, member.name)
            guard let wanted = member.value["grad"] else { continue }
            let gradient = tensor.grad.map(Answer.tensor) ?? .nothing
            try compare(gradient, wanted, "the gradient of \(member.name)")
        }
    }

    /// Refuses a result that lies in the memory of an operand, where PyTorch's has memory of its own.
    private func refuseSharing(_ result: Answer, with argument: JSON?, _ label: String) throws {
        guard case .tensor(let tensor) = result, tensor.numel > 0, let argument else { return }
        if let name = argument["tensor"]?.string {
            guard let operand = tensors[name], operand.storage === tensor.storage else { return }
            throw Difference(expected: "\(label) in memory of its own", got: "a view of \(name)")
        }
        for item in argument.list ?? [] { try refuseSharing(result, with: item, label) }
    }

    // MARK: Statements

    private func answer(_ statement: JSON) throws -> [Answer] {
        guard statement["no_grad"]?.bool == true else { return try perform(statement).leaves }
        return try noGrad { try perform(statement).leaves }
    }

    private func perform(_ statement: JSON) throws -> Answer {
        let kind = statement["do"]?.string ?? ""
        switch kind {
        case "tensor": return .tensor(try newTensor(statement))
        case "call": return try call(statement)
        case "update": return try update(statement)
        case "module": return try makeModule(statement)
        case "apply": return try apply(statement)
        case "train":
            try find(modules, statement["of"]).module.train(statement["value"]?.bool ?? true)
            return .list([])
        case "optimizer", "step", "zero_grad", "schedule", "advance": return try optimise(kind, statement)
        default: return try differentiate(kind, statement)
        }
    }

    private func call(_ statement: JSON) throws -> Answer {
        let name = statement["op"]?.string ?? ""
        guard let operation = registry.operations[name] else { throw NotSupported("\(name) is not mapped") }
        let call = arguments(of: name, statement)
        let answer = try operation(call)
        try call.finish()
        return answer
    }

    /// `x[index] += value` and its like.
    private func update(_ statement: JSON) throws -> Answer {
        let call = arguments(of: "update", statement)
        let (x, items) = (try call.tensor(0), try call.brackets(1))
        let isTensor = call.isTensor(2, "value")
        switch statement["op"]?.string {
        case "+=": if isTensor { x[items] += try call.tensor(2) } else { x[items] += try call.number(2, "value") }
        case "-=": if isTensor { x[items] -= try call.tensor(2) } else { x[items] -= try call.number(2, "value") }
        case "*=": if isTensor { x[items] *= try call.tensor(2) } else { x[items] *= try call.number(2, "value") }
        case "/=": if isTensor { x[items] /= try call.tensor(2) } else { x[items] /= try call.number(2, "value") }
        case let other: throw NotSupported("the operator \(other ?? "")")
        }
        return .tensor(x)
    }

    private func newTensor(_ statement: JSON) throws -> Tensor {
        guard let data = statement["data"] else { throw NotSupported("a tensor without data") }
        let tensor = try Self.decode(data)
        return statement["requires_grad"]?.bool == true ? tensor.requiresGrad_() : tensor
    }

    private func makeModule(_ statement: JSON) throws -> Answer {
        let name = try word(statement["to"])
        let made = try makers.make(arguments(of: try word(statement["type"]), statement))
        var state: StateDict = [:]
        for member in statement["state"]?.members ?? [] { state[member.name] = try Self.decode(member.value) }
        if let dtype = state.values.first(where: { $0.dtype.isFloatingPoint })?.dtype, dtype != .default {
            made.module.to(dtype)
        }
        try made.module.load(stateDict: state)
        modules[name] = made
        return .list([])
    }

    private func apply(_ statement: JSON) throws -> Answer {
        let call = arguments(of: "forward", statement)
        let answer = try find(modules, statement["module"]).forward(call)
        try call.finish()
        return answer
    }

    private func differentiate(_ kind: String, _ statement: JSON) throws -> Answer {
        switch kind {
        case "backward":
            try variable(statement["of"]).backward(
                gradient: try optionalVariable(statement["gradient"]),
                retainGraph: statement["retain_graph"]?.bool ?? false,
                createGraph: statement["create_graph"]?.bool ?? false)
            return .list([])
        case "grad":
            let outputs = try variables(statement["outputs"])
            let seeds = try (statement["grad_outputs"]?.elements ?? []).map(optionalVariable)
            let gradients = grad(
                outputs: outputs, inputs: try variables(statement["inputs"]), gradOutputs: seeds.isEmpty ? nil : seeds,
                retainGraph: statement["retain_graph"]?.bool ?? false,
                createGraph: statement["create_graph"]?.bool ?? false, allowUnused: true)
            return .list(gradients.map { $0.map(Answer.tensor) ?? .nothing })
        case "take_grad": return try variable(statement["of"]).grad.map(Answer.tensor) ?? .nothing
        case "hook":
            let factor = statement["scale"]?.number?.scalar.asDouble ?? 1
            try variable(statement["of"]).registerHook { $0 * factor }
        case "retain_grad": try variable(statement["of"]).retainGrad()
        case "requires_grad_": _ = try variable(statement["of"]).requiresGrad_(statement["value"]?.bool ?? true)
        case "detach_": _ = try variable(statement["of"]).detach_()
        default: throw NotSupported("the statement \(kind)")
        }
        return .list([])
    }

    private func optimise(_ kind: String, _ statement: JSON) throws -> Answer {
        switch kind {
        case "optimizer":
            let settings = arguments(of: try word(statement["type"]), statement)
            let parameters = try (statement["parameters"]?.elements ?? []).flatMap { item in
                if let module = modules[item.string ?? ""]?.module { return module.parameters() }
                return [try variable(item)]
            }
            optimizers[try word(statement["to"])] = try Optimizers.make(settings, parameters, groups: [])
            try settings.finish()
        case "step": try find(optimizers, statement["of"]).step()
        case "zero_grad":
            try find(optimizers, statement["of"]).zeroGrad(setToNil: statement["set_to_none"]?.bool ?? true)
        case "schedule":
            let settings = arguments(of: try word(statement["type"]), statement)
            let optimizer = try find(optimizers, statement["of"])
            schedules[try word(statement["to"])] = try Schedules.make(settings, optimizer)
            try settings.finish()
            return .list(optimizer.learningRates.map { .number(.double($0)) })
        default:
            try find(schedules, statement["of"]).step()
            return .list(try find(optimizers, statement["optimizer"]).learningRates.map { .number(.double($0)) })
        }
        return .list([])
    }

    // MARK: Variables

    private func arguments(of name: String, _ statement: JSON) -> Call {
        Call(name: name, args: statement["args"], kwargs: statement["kwargs"], variables: tensors)
    }

    private func word(_ value: JSON?) throws -> String {
        guard let word = value?.string else { throw NotSupported("a statement lacks a name") }
        return word
    }

    private func find<Value>(_ values: [String: Value], _ name: JSON?) throws -> Value {
        guard let value = values[try word(name)] else { throw NotSupported("nothing is called \(try word(name))") }
        return value
    }

    /// A tensor by its name, or a module's parameter or buffer as `module.name`; nil where the name is no tensor.
    private func tensor(_ name: String) throws -> Tensor? {
        if let tensor = tensors[name] { return tensor }
        guard let dot = name.firstIndex(of: "."), let module = modules[String(name[..<dot])]?.module else { return nil }
        let path = name[name.index(after: dot)...]
        return (module.namedParameters() + module.namedBuffers()).first { $0.name == path }?.tensor
    }

    private func variable(_ name: JSON?) throws -> Tensor {
        guard let tensor = try tensor(try word(name)) else { throw NotSupported("no tensor \(try word(name))") }
        return tensor
    }

    private func optionalVariable(_ name: JSON?) throws -> Tensor? {
        guard let name, !name.isNone else { return nil }
        return try variable(name)
    }

    private func variables(_ names: JSON?) throws -> [Tensor] { try (names?.elements ?? []).map(variable) }

    // MARK: Values

    /// A tensor from `{"dtype": ..., "shape": [...], "values": [...]}`.
    private static func decode(_ data: JSON) throws -> Tensor {
        let name = data["dtype"]?.string
        guard let dtype = DType.allCases.first(where: { "\($0)" == name }), let values = data["values"]?.elements else {
            throw NotSupported("a tensor needs a dtype and values")
        }
        let shape = (data["shape"]?.elements ?? []).compactMap(\.int)
        let numbers = values.compactMap { $0.number?.scalar }
        switch dtype {
        case .bool: return Tensor(numbers.map { $0.asInt != 0 }, shape: shape)
        case _ where dtype.isFloatingPoint: return Tensor(numbers.map(\.asDouble), shape: shape, dtype: dtype)
        default: return Tensor(numbers.map(\.asInt), shape: shape, dtype: dtype)
        }
    }

    private func compare(_ got: Answer, _ wanted: JSON, _ label: String) throws {
        guard wanted["dtype"] != nil else {
            return try Tolerance(wanted).check(got, wanted["value"] ?? wanted, label, tensors: [:])
        }
        guard case .tensor(let tensor) = got else { throw Difference(expected: "\(label) a tensor", got: "\(got)") }
        let shape = (wanted["shape"]?.elements ?? []).compactMap(\.int)
        let dtype = wanted["dtype"]?.string ?? ""
        guard "\(tensor.dtype)" == dtype, tensor.shape == shape else {
            throw Difference(expected: "\(label) \(dtype) \(shape)", got: "\(tensor.dtype) \(tensor.shape)")
        }
        if let requiresGrad = wanted["requires_grad"]?.bool, tensor.requiresGrad != requiresGrad {
            throw Difference(expected: "\(label) requires_grad \(requiresGrad)", got: "\(tensor.requiresGrad)")
        }
        for (dim, stride) in (wanted["strides"]?.elements ?? []).enumerated() where tensor.numel > 0 {
            if let stride = stride.int, tensor.strides[dim] != stride {
                throw Difference(
                    expected: "\(label) with stride \(stride) in dimension \(dim)", got: "\(tensor.strides)")
            }
        }
        guard wanted["values"] != nil else { return }
        try Tolerance(wanted).check(tensor, try Self.decode(wanted), label)
    }

    private static func summary(_ answers: [Answer]) -> String {
        answers.isEmpty
            ? "an answer"
            : answers.map { answer in
                if case .tensor(let tensor) = answer { return "\(tensor.dtype) \(tensor.shape)" }
                return "\(answer)"
            }.joined(separator: ", ")
    }
}
