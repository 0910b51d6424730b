import Torchlight
import TorchlightIO

/// A recorded function of tensors with one or two results.
struct RecordedFunction {
    let parameters: Int
    var results = 1
    let call: ([Tensor]) -> [Tensor]

    init(_ parameters: Int, _ call: @escaping ([Tensor]) -> Tensor) {
        self.parameters = parameters
        self.call = { [call($0)] }
    }

    init(_ parameters: Int, results: Int, _ call: @escaping ([Tensor]) -> [Tensor]) {
        (self.parameters, self.results, self.call) = (parameters, results, call)
    }

    /// The function of a recorded name.
    static func named(_ name: String) -> RecordedFunction? {
        switch name {
        case "f01": RecordedFunction(1) { ($0[0].sin() * $0[0]).sum() }
        case "f02": RecordedFunction(1) { (-$0[0].pow(2)).exp().sum() }
        case "f03": RecordedFunction(1) { $0[0].prod() }
        case "f04": RecordedFunction(1) { $0[0].tanh().sum().pow(2) }
        case "f05": RecordedFunction(1) { $0[0].exp().sum().log() }
        case "f06": RecordedFunction(1) { $0[0].sin() * $0[0] }
        case "f07": RecordedFunction(2) { ($0[0].sin() * $0[1].pow(2)).sum() }
        case "f08": RecordedFunction(2) { $0[0].dot($0[1]).pow(2) }
        case "f09": RecordedFunction(2) { $0[0].matmul($0[1]).pow(2).sum() }
        case "f10": RecordedFunction(2) { $0[1].dot($0[0].matmul($0[1])) }
        case "f11": RecordedFunction(2) { $0[1] * $0[0].pow(3).sum() }
        case "f12": RecordedFunction(2) { $0[0].matmul($0[1]).matmul($0[0]).matmul($0[1]).trace() }
        case "f13": RecordedFunction(1) { (sigmoid($0[0]) * sigmoid($0[0]).log()).sum() }
        case "f14": RecordedFunction(1) { (1 + $0[0].pow(2).sum()).sqrt() }
        case "f15": RecordedFunction(1) { $0[0][0] * $0[0][1].pow(2) + $0[0][2].sin() }
        case "f16": RecordedFunction(3) { ($0[0].matmul($0[2]) + $0[1]).tanh().sum() }
        case "f17": RecordedFunction(2) { (softmax($0[0], dim: -1) - $0[1]).pow(2).mean() }
        case "f18":
            RecordedFunction(1) { LinAlg.det($0[0].matmul($0[0].mT) + Tensor.eye(2, device: $0[0].device)).log() }
        case "f19": RecordedFunction(1) { LinAlg.inv($0[0] + 4 * Tensor.eye(2, device: $0[0].device)).sum() }
        case "f20": RecordedFunction(1) { ($0[0][1...] * $0[0].narrow(0, start: 0, length: $0[0].shape[0] - 1)).sum() }
        case "f21": RecordedFunction(1) { (relu($0[0]).pow(2) * $0[0].exp()).sum() }
        case "f22": RecordedFunction(2) { $0[0].outer($0[1]).pow(2).sum() }
        case "f23": RecordedFunction(1) { $0[0].sin() * $0[0] }
        case "f24": RecordedFunction(1) { softmax($0[0], dim: -1) }
        case "f25": RecordedFunction(1) { $0[0].outer($0[0]) }
        case "f26": RecordedFunction(2) { $0[0].matmul($0[1]) }
        case "f27": RecordedFunction(2) { $0[0].matmul($0[1]).tanh() }
        case "f28": RecordedFunction(2) { $0[0] * $0[1] + $0[1].exp() }
        case "f29": RecordedFunction(1) { $0[0].cumsum(dim: 0) * $0[0] }
        case "f30": RecordedFunction(1) { $0[0].mT.matmul($0[0]) }
        case "f31": RecordedFunction(1) { $0[0] / $0[0].norm() }
        case "f32": RecordedFunction(2) { cat([$0[0] * $0[1], $0[0] + $0[1]], dim: 0) }
        case "f33": RecordedFunction(1) { $0[0].exp() * $0[0].cos() }
        case "f34": RecordedFunction(1) { $0[0].sum() * $0[0].pow(2) }
        case "f35": RecordedFunction(1) { LinAlg.inv($0[0] + 4 * Tensor.eye(2, device: $0[0].device)) }
        case "f36": RecordedFunction(1) { $0[0].matmul($0[0]).matmul($0[0]) }
        case "f37": RecordedFunction(1) { Tensor.where($0[0] > 0, $0[0].pow(2), $0[0].sin()) }
        case "f38": RecordedFunction(1) { $0[0].flip(0) * $0[0] }
        case "f39": RecordedFunction(2, results: 2) { [$0[0] * $0[1], $0[0].sin()] }
        case "f40": RecordedFunction(1) { $0[0].logsumexp(dim: -1) * $0[0] }
        case "f41": RecordedFunction(1) { $0[0].max() * $0[0] }
        case "f42": RecordedFunction(1) { $0[0] * 3 }
        default: nil
        }
    }

    /// The function as one that gives a number.
    func number(_ arguments: [Tensor]) throws -> Tensor {
        // A function with two results has no type that `grad` takes.
        guard results == 1 else { throw TensorError(.shape, in: "grad", "the function has two results") }
        return call(arguments)[0]
    }

    /// The function mapped over examples.
    func mapped(inDims: MappedDims, outDims: MappedDims = 0) -> RecordedFunction {
        let f = call
        func one(_ map: @escaping ([Tensor]) -> Tensor) -> RecordedFunction { RecordedFunction(parameters, map) }
        func two(_ map: @escaping ([Tensor]) -> (Tensor, Tensor)) -> RecordedFunction {
            RecordedFunction(parameters, results: 2) {
                let (a, b) = map($0)
                return [a, b]
            }
        }
        switch (parameters, results) {
        case (1, 1):
            let map = vmap({ f([$0])[0] }, inDims: inDims, outDims: outDims)
            return one { map($0[0]) }
        case (2, 1):
            let map = vmap({ f([$0, $1])[0] }, inDims: inDims, outDims: outDims)
            return one { map($0[0], $0[1]) }
        case (3, 1):
            let map = vmap({ f([$0, $1, $2])[0] }, inDims: inDims, outDims: outDims)
            return one { map($0[0], $0[1], $0[2]) }
        case (1, _):
            let map = vmap({ (a: Tensor) in pair(f([a])) }, inDims: inDims, outDims: outDims)
            return two { map($0[0]) }
        case (2, _):
            let map = vmap({ (a: Tensor, b: Tensor) in pair(f([a, b])) }, inDims: inDims, outDims: outDims)
            return two { map($0[0], $0[1]) }
        default:
            let map = vmap(
                { (a: Tensor, b: Tensor, c: Tensor) in pair(f([a, b, c])) }, inDims: inDims, outDims: outDims)
            return two { map($0[0], $0[1], $0[2]) }
        }
    }
}

private func pair(_ results: [Tensor]) -> (Tensor, Tensor) { (results[0], results.last!) }

/// A transformation of functions with respect to some arguments, for each number of arguments.
private func derivative(
    _ name: String, _ function: RecordedFunction, _ argnums: [Int]
) throws -> RecordedFunction {
    let f = function.call
    func of(
        _ one: @escaping (@escaping (Tensor) -> Tensor) -> (Tensor) -> [Tensor],
        _ two: @escaping (@escaping (Tensor, Tensor) -> Tensor) -> (Tensor, Tensor) -> [Tensor],
        _ three: @escaping (@escaping (Tensor, Tensor, Tensor) -> Tensor) -> (Tensor, Tensor, Tensor) -> [Tensor]
    ) -> RecordedFunction {
        RecordedFunction(function.parameters, results: argnums.count) { x in
            switch x.count {
            case 1: one { f([$0])[0] }(x[0])
            case 2: two { f([$0, $1])[0] }(x[0], x[1])
            default: three { f([$0, $1, $2])[0] }(x[0], x[1], x[2])
            }
        }
    }
    switch name {
    case "grad":
        if function.results > 1 { _ = try function.number([]) }
        return of(
            { grad($0, argnums: argnums) }, { grad($0, argnums: argnums) }, { grad($0, argnums: argnums) })
    case "jacrev" where function.results == 1:
        return of(
            { jacrev($0, argnums: argnums) }, { jacrev($0, argnums: argnums) }, { jacrev($0, argnums: argnums) })
    case "jacfwd" where function.results == 1:
        return of(
            { jacfwd($0, argnums: argnums) }, { jacfwd($0, argnums: argnums) }, { jacfwd($0, argnums: argnums) })
    case "hessian":
        return of(
            {
                let h = hessian($0, argnums: argnums); return { h($0).flatMap { $0 } }
            },
            {
                let h = hessian($0, argnums: argnums); return { h($0, $1).flatMap { $0 } }
            },
            {
                let h = hessian($0, argnums: argnums); return { h($0, $1, $2).flatMap { $0 } }
            })
    default: throw NotSupported("\(name) is not mapped")
    }
}

extension Replayer {
    /// Transforms a recorded function and compares what the result gives.
    func replayFunction(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        let name = String(entry["op"]!.string!.dropFirst(Self.functionPrefix.count))
        guard let function = RecordedFunction.named(entry["function"]?.string ?? "") else {
            throw NotSupported("\(entry["function"]?.string ?? "") is not mapped")
        }
        let call = Call(name: name, args: entry["args"], kwargs: entry["kwargs"], tensors: tensors)
        let mustRaise = entry["raises"]?.bool == true
        do {
            let answers = try checked { try transform(name, function, call) }
            if let argument = call.unread.first { throw NotSupported("\(argument) is not mapped") }
            if mustRaise {
                // Without values, what is wrong with them does not show.
                if !ReplayDevice.hasValues { return }
                throw Difference(expected: "a refusal", got: "an answer")
            }
            let expected = entry["outputs"]?.elements ?? []
            guard answers.count == expected.count else {
                throw Difference(expected: "\(expected.count) results", got: "\(answers.count)")
            }
            let tolerance = Tolerance(entry)
            for (i, wanted) in expected.enumerated() {
                try tolerance.check(answers[i], wanted, "result \(i)", tensors: tensors)
            }
        } catch is TensorError where mustRaise {
        }
    }

    /// What the names of transformations begin with.
    static let functionPrefix = "func."

    private func transform(_ name: String, _ f: RecordedFunction, _ call: Call) throws -> [Answer] {
        let arguments = try (0..<call.count).map { try call.tensor($0) }
        let isList = call.value(nil, "argnums")?.list != nil
        let argnums = isList ? try call.ints(nil, "argnums") : [try call.int(nil, "argnums", default: 0)]
        func dims(_ key: String) throws -> MappedDims {
            guard let value = call.value(nil, key) else { return call.isNone(nil, key) ? nil : 0 }
            guard let list = value.list else { return MappedDims(value.int) }
            return MappedDims(list.map { $0.isNone ? nil : $0.int })
        }
        func list(_ values: [Tensor]) -> [Answer] { values.map { .tensor($0) } }
        func value(_ results: [Tensor]) -> Answer { results.count == 1 ? .tensor(results[0]) : .tensors(results) }
        /// The blocks of a Hessian as they nest.
        func nested(_ blocks: [Tensor]) -> [Answer] {
            guard isList else { return list(blocks) }
            let n = argnums.count
            return (0..<n).map { .tensors(Array(blocks[($0 * n)..<(($0 + 1) * n)])) }
        }
        switch name {
        case "grad", "hessian":
            let results = try derivative(name, f, argnums).call(arguments)
            return name == "hessian" ? nested(results) : list(results)
        case "jacrev", "jacfwd":
            guard f.results > 1 else { return list(try derivative(name, f, argnums).call(arguments)) }
            let chosen = argnums.map { $0 < 0 ? $0 + arguments.count : $0 }
            let point = chosen.map { arguments[$0] }
            func results(_ point: [Tensor]) -> [Tensor] {
                var all = arguments
                for (x, i) in zip(point, chosen) { all[i] = x }
                return f.call(all)
            }
            let jacobians = name == "jacrev" ? jacrev(results)(point) : jacfwd(results)(point)
            return jacobians.map { isList ? .tensors($0) : .tensor($0[0]) }
        case "grad_and_value":
            let function = f.call
            guard f.results == 1 else { throw NotSupported("two results") }
            let all: (value: Tensor, gradients: [Tensor])
            switch f.parameters {
            case 1: all = valueAndGrad({ function([$0])[0] }, argnums: argnums)(arguments[0])
            case 2: all = valueAndGrad({ function([$0, $1])[0] }, argnums: argnums)(arguments[0], arguments[1])
            default:
                all = valueAndGrad({ function([$0, $1, $2])[0] }, argnums: argnums)(
                    arguments[0], arguments[1], arguments[2])
            }
            return [isList ? .tensors(all.gradients) : .tensor(all.gradients[0]), .tensor(all.value)]
        case "vjp":
            let (results, pullback) = vjp(f.call, arguments)
            let cotangents =
                call.isTensor(nil, "cotangents")
                ? [try call.tensor(nil, "cotangents")] : try call.tensors(nil, "cotangents")
            return [value(results), .tensors(pullback(cotangents))]
        case "jvp":
            let (results, tangents) = jvp(f.call, primals: arguments, tangents: try call.tensors(nil, "tangents"))
            return [value(results), value(tangents)]
        case "linearize":
            let (results, derivative) = linearize(f.call, arguments)
            return [value(results), value(derivative(try call.tensors(nil, "tangents")))]
        case "hvp":
            let rest = Array(arguments.dropFirst())
            let (gradient, product) = hvp(
                { f.call([$0] + rest)[0] }, primals: arguments[0], tangents: try call.tensors(nil, "tangents")[0])
            return list([gradient, product])
        case "vmap": return list(f.mapped(inDims: try dims("in_dims"), outDims: try dims("out_dims")).call(arguments))
        case "vmap(grad)", "vmap(jacrev)", "vmap(jacfwd)", "vmap(hessian)":
            let inner = try derivative(String(name.dropFirst(5).dropLast()), f, argnums)
            let results = inner.mapped(inDims: try dims("in_dims")).call(arguments)
            return name == "vmap(hessian)" ? nested(results) : list(results)
        case "vmap(vmap)", "vmap(vmap(grad))":
            let function = name == "vmap(vmap)" ? f : try derivative("grad", f, argnums)
            let inner = function.mapped(inDims: try dims("inner_in_dims"))
            return list(inner.mapped(inDims: try dims("in_dims"), outDims: try dims("out_dims")).call(arguments))
        case "grad(sum(vmap))":
            let map = f.mapped(inDims: try dims("in_dims")).call
            let sum = RecordedFunction(f.parameters) { map($0)[0].sum() }
            return list(try derivative("grad", sum, argnums).call(arguments))
        case "grad(sum(grad))":
            let inner = try derivative("grad", f, [0]).call
            let sum = RecordedFunction(f.parameters) { inner($0)[0].sum() }
            return list(try derivative("grad", sum, argnums).call(arguments))
        case "jacfwd(jacrev)", "jacrev(jacfwd)":
            let (outer, inner) = (String(name.prefix(6)), String(name.dropFirst(7).dropLast()))
            return list(try derivative(outer, try derivative(inner, f, argnums), argnums).call(arguments))
        case "vmap(jvp)":
            let tangents = try call.tensors(nil, "tangents")
            let count = arguments.count
            let inner = RecordedFunction(2 * count, results: 2) { x in
                let (results, tangents) = jvp(f.call, primals: Array(x[..<count]), tangents: Array(x[count...]))
                return [results[0], tangents[0]]
            }
            return list(inner.mapped(inDims: try dims("in_dims")).call(arguments + tangents))
        case "jvp(vmap)":
            let map = f.mapped(inDims: try dims("in_dims")).call
            let (results, tangents) = jvp(map, primals: arguments, tangents: try call.tensors(nil, "tangents"))
            return list([results[0], tangents[0]])
        default: throw NotSupported("\(name) is not mapped")
        }
    }
}
