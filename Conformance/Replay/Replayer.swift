import Torchlight
import TorchlightIO

/// What became of a case.
public enum Outcome: Sendable {
    case passed
    case failed(expected: String, got: String)
    case notSupported(String)
}

/// A family of recorded cases with the tensors that they refer to.
public struct Family: Sendable {
    /// The name of the two files.
    public let name: String
    /// The cases as recorded.
    let cases: [JSON]
    let tensors: [String: Tensor]
    /// The number of cases.
    public var count: Int { cases.count }

    /// What a case is called, unique in its family.
    public func id(_ index: Int) -> String { cases[index]["id"]?.string ?? "case \(index)" }

    /// Reads `NAME.json` and, where it is there, `NAME.safetensors`.
    public init(_ name: String, in directory: String) throws {
        self.name = name
        let file = directory + "/" + name + ".json"
        guard let cases = try JSON.parse(try FileSystem.read(file), file: file).elements else {
            throw NotSupported("\(file) holds no list of cases")
        }
        self.cases = cases
        let values = directory + "/" + name + ".safetensors"
        tensors = FileSystem.isFile(values) ? try Safetensors.load(values) : [:]
    }
}

/// Makes recorded calls and compares what they give.
public struct Replayer {
    private let registry = Registry()

    /// A replayer of every operator.
    public init() {}

    /// The name under which a case is filtered.
    public static func operation(_ index: Int, of family: Family) -> String {
        let entry = family.cases[index]
        for field in ["op", "module", "optimizer", "scheduler", "function"] {
            if let name = entry[field]?.string { return name }
        }
        return entry["kind"]?.string ?? ""
    }

    /// Replays one case of a family.
    public func replay(_ index: Int, of family: Family) -> Outcome {
        let entry = family.cases[index]
        do {
            if family.name == "printing" {
                try replayPrinting(entry, family.tensors)
            } else if entry["op"] != nil {
                try replayOperator(entry, family.tensors)
            } else {
                throw NotSupported("no replayer for this kind of case")
            }
            return .passed
        } catch let difference as Difference {
            return .failed(expected: difference.expected, got: difference.got)
        } catch let reason as NotSupported {
            return .notSupported(reason.description)
        } catch {
            return .failed(expected: "an answer", got: "\(error)")
        }
    }

    private func replayOperator(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        let name = entry["op"]!.string!
        let isInPlace = entry["variant"]?.string == "inplace"
        let key = isInPlace && name != "__setitem__" && !name.hasSuffix("_") ? name + "_" : name
        guard let operation = registry.operations[key] else { throw NotSupported("\(key) is not mapped") }
        let call = Call(name: name, args: entry["args"], kwargs: entry["kwargs"], tensors: tensors)
        let mustRaise = entry["raises"]?.bool == true
        do {
            let answer: Answer = try checked {
                if isInPlace { call.replace(0, by: try call.tensor(0).clone()) }
                let answer = try operation(call)
                if let argument = call.unread.first { throw NotSupported("\(argument) is not mapped") }
                return answer
            }
            if mustRaise {
                if entry["optional"]?.bool == true { return }
                throw Difference(expected: "a refusal", got: "an answer")
            }
            try checked { try compare(answer, call, entry, tensors) }
        } catch is TensorError where mustRaise {
        }
    }

    private func compare(_ answer: Answer, _ call: Call, _ entry: JSON, _ tensors: [String: Tensor]) throws {
        let tolerance = Tolerance(entry)
        let expected = entry["outputs"]?.elements ?? []
        var answers: [Answer] = [answer]
        if entry["multiple"]?.bool == true, case .list(let items) = answer { answers = items }
        guard answers.count == expected.count else {
            throw Difference(expected: "\(expected.count) results", got: "\(answers.count)")
        }
        let manners = entry["compare"]?.elements?.map { Tolerance.Manner(rawValue: $0.string ?? "") ?? .exact } ?? []
        for (i, wanted) in expected.enumerated() {
            let manner = i < manners.count ? manners[i] : .exact
            try tolerance.check(answers[i], wanted, "result \(i)", manner: manner, tensors: tensors)
        }
        if let strides = entry["out_strides"]?.elements {
            for (i, wanted) in strides.enumerated() {
                guard let wanted = wanted.elements?.compactMap(\.int), case .tensor(let tensor) = answers[i] else {
                    continue
                }
                if tensor.strides != wanted {
                    throw Difference(expected: "result \(i) with strides \(wanted)", got: "\(tensor.strides)")
                }
            }
        }
        for change in entry["inputs_after"]?.elements ?? [] {
            guard let path = change["input"]?.string, let key = change["tensor"]?.string, let wanted = tensors[key],
                let got = call.leaf(path)
            else { throw NotSupported("a changed input cannot be found") }
            try tolerance.check(got, wanted, path + " afterwards")
        }
        try compareGradients(answers, call, entry, tensors, tolerance)
    }

    private func compareGradients(
        _ answers: [Answer], _ call: Call, _ entry: JSON, _ tensors: [String: Tensor], _ tolerance: Tolerance
    ) throws {
        let seeds = entry["grad_outputs"]?.elements ?? []
        for (i, seed) in seeds.enumerated() {
            guard let key = seed["tensor"]?.string, let gradient = tensors[key], i < answers.count,
                case .tensor(let root) = answers[i]
            else { continue }
            guard root.requiresGrad else {
                throw Difference(expected: "result \(i) to have a gradient", got: "one without")
            }
            root.backward(gradient: gradient, retainGraph: true)
        }
        for expected in entry["grads"]?.elements ?? [] {
            guard let path = expected["input"]?.string, let key = expected["tensor"]?.string,
                let wanted = tensors[key]
            else { throw NotSupported("a recorded gradient cannot be found") }
            guard let got = call.leaf(path)?.grad else {
                throw Difference(expected: "a gradient of \(path)", got: "none")
            }
            try tolerance.check(got, wanted, "the gradient of \(path)")
        }
    }

    private func replayPrinting(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        if entry["kind"] != nil { throw NotSupported("shapes and dtypes print as Swift prints them") }
        if entry["class"] != nil { throw NotSupported("a lone parameter has no public constructor") }
        guard let key = entry["tensor"]?.string, let stored = tensors[key] else {
            throw NotSupported("the tensor cannot be rebuilt")
        }
        var options = PrintOptions()
        for option in entry["printoptions"]?.members ?? [] {
            switch option.name {
            case "precision": options.precision = option.value.int ?? 4
            case "threshold": options.threshold = option.value.int ?? 1000
            case "edgeitems": options.edgeItems = option.value.int ?? 3
            case "linewidth": options.lineWidth = option.value.int ?? 80
            case "sci_mode": options.scientific = option.value.bool
            default: throw NotSupported("the print option \(option.name)")
            }
        }
        let tensor = stored.clone().requiresGrad_(entry["requires_grad"]?.bool == true)
        let text = try checked { tensor.text(options) }
        if text != entry["repr"]?.string { throw Difference(expected: entry["repr"]?.string ?? "", got: text) }
    }
}
