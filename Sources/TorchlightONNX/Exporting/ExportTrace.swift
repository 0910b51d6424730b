import TorchlightCore

/// A recorded function in which primitives without a translation are decomposed.
struct ExportTrace {
    struct Instruction {
        var primitive: any Primitive
        var operands: [Int]
        var results: [Int]
        var modulePath: String?
    }

    private(set) var values: [Graph.Value] = []
    private(set) var instructions: [Instruction] = []
    private(set) var arguments: [Int] = []
    private(set) var results: [Int] = []
    private let opset: Int
    /// The calls on tensors with elements; nil if their results are constants.
    private var hostCalls: HostCalls?
    /// The values of the results and operands of each of these calls.
    private var hostResults: [Int: [Int]] = [:]
    private var hostTensors: [ObjectIdentifier: Int] = [:]
    /// Whether the function draws random numbers.
    private(set) var hasDraws = false

    /// Records a function without gradients.
    ///
    /// - Parameters:
    ///   - arguments: shapes and dtypes of the arguments.
    ///   - opset: the operator set version of the translations.
    ///   - keepsHostCalls: whether calls on tensors with elements are recorded as instructions.
    init(
        _ arguments: [TensorSpec], opset: Int, keepsHostCalls: Bool, _ body: ([Tensor]) throws -> [Tensor]
    ) throws {
        self.opset = opset
        let hostCalls = keepsHostCalls ? HostCalls() : nil
        self.hostCalls = hostCalls
        let graph =
            if let hostCalls {
                try recordingCalls(with: hostCalls) { try Self.record(arguments, body) }
            } else {
                try Self.record(arguments, body)
            }
        hasDraws = !graph.draws.isEmpty
        for spec in arguments {
            self.arguments.append(add(Graph.Value(spec: spec, origin: .argument(self.arguments.count))))
        }
        results = try lower(graph, self.arguments, path: nil)
    }

    private static func record(
        _ arguments: [TensorSpec], _ body: ([Tensor]) throws -> [Tensor]
    ) throws -> Graph {
        try checked {
            try noGrad {
                var failure: (any Error)?
                let graph = try GraphRecorder.record(
                    "exportONNX", arguments, needGradients: arguments.map { _ in false }, randomness: .different
                ) { (tensors: [Tensor]) throws(TensorError) -> [Tensor] in
                    do { return try body(tensors) } catch let error as TensorError { throw error } catch {
                        failure = error
                        return []
                    }
                }
                if let failure { throw failure }
                return graph
            }
        }
    }

    private mutating func add(_ value: Graph.Value) -> Int {
        values.append(value)
        return values.count - 1
    }

    /// Appends the instructions of a graph, applied to the given values; returns the values of its results.
    private mutating func lower(_ graph: Graph, _ operands: [Int], path: String?) throws -> [Int] {
        var map: [Int: Int] = [:]
        func mapped(_ trace: inout ExportTrace, _ id: Int) -> Int {
            if let known = map[id] { return known }
            let new: Int
            switch graph.values[id].origin {
            case .argument(let index): new = operands[index]
            case .constant(let tensor): new = trace.host(tensor)
            default: new = trace.add(graph.values[id])
            }
            map[id] = new
            return new
        }
        let used = graph.used
        for (i, instruction) in graph.instructions.enumerated() where used[i] {
            let primitive = instruction.primitive
            let inputs = instruction.operands.map { mapped(&self, $0.value) }
            let modulePath = instruction.modulePath ?? path
            let isTranslated = Translations.standard.translates(primitive, opset: opset)
            if !isTranslated, let inner = try Self.decomposition(of: primitive, inputs.map { values[$0].spec }) {
                for (old, new) in zip(instruction.results, try lower(inner, inputs, path: modulePath)) {
                    map[old] = new
                }
                continue
            }
            let number = instructions.count
            let results = instruction.results.map { id in
                add(Graph.Value(spec: graph.values[id].spec, origin: .result(instruction: number)))
            }
            for (old, new) in zip(instruction.results, results) { map[old] = new }
            instructions.append(
                Instruction(primitive: primitive, operands: inputs, results: results, modulePath: modulePath))
        }
        return graph.results.map { mapped(&self, $0.value) }
    }

    /// The value of a tensor with elements; appends the instructions that compute it.
    private mutating func host(_ tensor: Tensor) -> Int {
        if let known = hostTensors[ObjectIdentifier(tensor)] { return known }
        let value: Int
        if let (call, number, output) = hostCalls?.origin(of: tensor) {
            if hostResults[number] == nil {
                let operands = call.inputs.map { host($0) }
                let instruction = instructions.count
                hostResults[number] = call.outputs.map {
                    add(Graph.Value(spec: TensorSpec($0), origin: .result(instruction: instruction)))
                }
                instructions.append(
                    Instruction(
                        primitive: call.primitive, operands: operands, results: hostResults[number]!,
                        modulePath: call.modulePath))
            }
            value = hostResults[number]![output]
        } else {
            value = add(Graph.Value(spec: TensorSpec(tensor), origin: .constant(tensor)))
        }
        hostTensors[ObjectIdentifier(tensor)] = value
        return value
    }

    private static func decomposition(of primitive: any Primitive, _ specs: [TensorSpec]) throws -> Graph? {
        var isComposed = true
        let graph = try record(specs) { tensors in
            guard let results = try primitive.decomposed(Few(tensors)) else {
                isComposed = false
                return []
            }
            return Array(results)
        }
        return isComposed ? graph : nil
    }

    /// The first difference between the instructions and those of another recording; nil if they are equal.
    func difference(from other: ExportTrace) -> String? {
        for (a, b) in zip(instructions, other.instructions) {
            let isSame =
                type(of: a.primitive) == type(of: b.primitive) && a.operands == b.operands && a.results == b.results
            if !isSame {
                let location = a.modulePath.map { " in \($0)" } ?? ""
                return "\(a.primitive.publicName)\(location) becomes \(b.primitive.publicName)"
            }
        }
        if instructions.count != other.instructions.count {
            return "it has \(instructions.count) and \(quantity(other.instructions.count, "operation"))"
        }
        if results != other.results { return "its results are different values" }
        return nil
    }
}

/// The recordings of a function for several choices of the dynamic sizes, which have the same instructions.
struct ExportProgram {
    let traces: [ExportTrace]
    /// The names of the dynamic sizes.
    let sizeNames: [String]
    let plan: SizePlan

    var first: ExportTrace { traces[0] }

    func shape(of value: Int) -> [Size] {
        let shapes = traces.map { $0.values[value].spec.layout.shape }
        return shapes[0].indices.map { dim in Size(shapes.map { $0.count > dim ? $0[dim] : -1 }) }
    }

    func spec(of value: Int) -> TensorSpec { first.values[value].spec }

    /// The index of the dynamic size that equals this size in every recording; nil if there is none.
    func dynamicSize(_ size: Size) -> Int? {
        sizeNames.indices.first { i in zip(plan.points, size.values).allSatisfy { $0[i] == $1 } }
    }

    /// Records a function.
    ///
    /// - Parameters:
    ///   - specs: shapes and dtypes of the example inputs.
    ///   - sizes: the dynamic sizes, with their values in the example.
    ///   - dynamicDims: the index of the dynamic size of each dimension of each input; nil for fixed sizes.
    init(
        _ specs: [TensorSpec], _ sizes: [(name: String, range: ClosedRange<Int>?, example: Int)],
        _ dynamicDims: [[Int?]], opset: Int, _ body: ([Tensor]) throws -> [Tensor]
    ) throws {
        let order = sizes.map(\.name)
        func trace(_ point: [Int], keepsHostCalls: Bool = true) throws -> ExportTrace {
            let changed = zip(specs, dynamicDims).map { spec, dims in
                var shape = spec.layout.shape
                for (dim, index) in dims.enumerated() { if let index { shape[dim] = point[index] } }
                return TensorSpec(Layout(shape: shape), spec.dtype, device: spec.device)
            }
            return try ExportTrace(changed, opset: opset, keepsHostCalls: keepsHostCalls, body)
        }
        // Errors of the recording with the example are thrown.
        let example = try trace(sizes.map(\.example), keepsHostCalls: false)
        // The translation reports random numbers as an error.
        if sizes.isEmpty || example.hasDraws {
            sizeNames = []
            plan = SizePlan(base: [], others: [])
            traces = [example]
            return
        }
        // Size 1 is not used, because it is broadcast and may be a special case.
        var base: [Int] = []
        for (index, (_, range, size)) in sizes.enumerated() {
            var point = base + sizes.map(\.example)[index...]
            // The end of a range is not used, because a slice of a whole table records no operation.
            let choices = size > 1 ? (size > 2 && size == range?.upperBound ? [size - 1, size] : [size]) : [2, 4, 8]
            base.append(
                choices.first { choice in
                    if range?.contains(choice) == false { return false }
                    point[index] = choice
                    return (try? trace(point)) != nil
                } ?? size)
        }
        let first = try trace(base)
        var others: [(Int, Int)] = []
        for (index, (name, range, _)) in sizes.enumerated() {
            let b = base[index]
            // Sizes without a common divisor detect roundings; multiples are for functions that require divisible
            // sizes.
            var found: [Int] = []
            var refusal = range.map { "\($0) contains no two other sizes above 1" } ?? ""
            var isRefused = false
            func fail(_ reason: String) -> Problem {
                Problem(
                    "the operations depend on the dynamic size \(quoted(name)): \(reason)",
                    expected: "the same operations for all sizes; remove the size from dynamic:", kind: .unsupported)
            }
            let candidates = [b + 1, 2 * b + 1, 2 * b, 3 * b, 4 * b, b - 1, b - 2, b / 2, b / 4]
            for size in candidates.filter({ $0 != range?.upperBound }) + candidates.filter({ $0 == range?.upperBound })
            where found.count < 2 && size > 1 && size != b && !found.contains(size) && range?.contains(size) != false {
                var point = base
                point[index] = size
                let other: ExportTrace
                do { other = try trace(point) } catch {
                    // Functions that require divisible sizes throw for other sizes.
                    if !isRefused { refusal = "with size \(size): \(error)" }
                    isRefused = true
                    continue
                }
                if let difference = first.difference(from: other) { throw fail("with size \(size), \(difference)") }
                found.append(size)
            }
            guard found.count == 2 else { throw fail(refusal) }
            others.append((found[0], found[1]))
        }
        sizeNames = order
        plan = SizePlan(base: base, others: others)
        var traces = [first]
        for point in plan.points.dropFirst() {
            let other = try trace(point)
            if let difference = first.difference(from: other) {
                throw Problem(
                    "the operations depend on the dynamic sizes: with \(order.joined(separator: ", ")) of "
                        + "\(point.map(String.init).joined(separator: ", ")), \(difference)",
                    expected: "the same operations for all sizes", kind: .unsupported)
            }
            traces.append(other)
        }
        self.traces = traces
    }
}
