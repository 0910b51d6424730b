import TorchlightCore

/// Validates a model and assigns slots to its values.
final class ProgramBuilder {
    private let file: String
    private let model: ModelProto
    private let external: ExternalData?
    private let table = OperatorTable.standard
    private var functions: [String: Program.Function] = [:]

    init(_ model: ModelProto, file: String, external: ExternalData?) {
        self.model = model
        self.file = file
        self.external = external
    }

    /// The operator set versions of a graph by domain.
    typealias Opsets = [String: Int]

    /// The names that are visible in a graph, with their slots.
    private final class Scope {
        let outer: Scope?
        let graph = Program.Graph()
        var slots: [String: Int] = [:]
        var captured: [String: Int] = [:]
        let opsets: Opsets

        init(outer: Scope?, opsets: Opsets) {
            self.outer = outer
            self.opsets = opsets
        }

        func define(_ name: String) -> Int {
            let slot = graph.slotCount
            graph.slotCount += 1
            slots[name] = slot
            return slot
        }

        /// The slot of a name, which may be captured from an enclosing graph.
        func find(_ name: String) -> Int? {
            if let slot = slots[name] { return slot }
            guard let outer, let slot = outer.find(name) else { return nil }
            let inner = define(name)
            graph.captures.append((slot, inner))
            return inner
        }
    }

    private func invalid(_ text: String, node: String = "", expected: String = "") -> ONNXError {
        ONNXError(.invalid, file: file, node: node, text, expected: expected)
    }

    /// Builds the program; `keep` returns whether an initialiser of the main graph belongs to the module.
    func build(_ graph: GraphProto, keep: (TensorProto) -> Bool) throws -> Program {
        let opsets = Self.versions(model.opsetImports)
        for function in model.functions {
            let key = OperatorTable.key(OperatorTable.canonical(function.domain), function.name)
            if functions.updateValue(Program.Function(function), forKey: key) != nil {
                throw invalid("the function \(quoted(key)) is defined twice")
            }
        }
        try checkOperators(graph, opsets)
        for (key, function) in functions.sorted(by: { $0.key < $1.key }) { try checkRecursion(key, function) }
        for function in functions.values { try build(function) }
        let scope = Scope(outer: nil, opsets: opsets)
        var state: [(name: String, slot: Int)] = []
        let initializers = graph.initializers.filter { tensor in
            guard keep(tensor) else { return true }
            state.append((tensor.name, scope.define(tensor.name)))
            return false
        }
        try build(graph, initializers, scope)
        ConstantFolding.fold(scope.graph, file: file, external: external)
        return Program(file: file, external: external, main: scope.graph, stateSlots: state)
    }

    static func versions(_ imports: [OperatorSetProto]) -> Opsets {
        Dictionary(
            imports.map { (OperatorTable.canonical($0.domain), $0.version) }, uniquingKeysWith: { max($0, $1) })
    }

    // MARK: - Operators

    /// Throws one error that names all unsupported operators, with the version that the model requires.
    private func checkOperators(_ graph: GraphProto, _ opsets: Opsets) throws {
        var unknown: [String: Int] = [:]
        var order: [String] = []
        func visit(_ nodes: [NodeProto], _ opsets: Opsets) throws {
            for node in nodes {
                let domain = OperatorTable.canonical(node.domain)
                let key = OperatorTable.key(domain, node.opType)
                if functions[key] == nil {
                    let version = opsets[domain]
                    let range = OperatorTable.versions[domain]
                    if let version, let range, !range.contains(version) {
                        throw ONNXError(
                            .unsupported, file: file, node: Program.Node.label(node),
                            "the model needs version \(version) of the operators of \(domain.isEmpty ? "ai.onnx" : domain)",
                            expected: "version \(range.lowerBound) to \(range.upperBound)")
                    }
                    let known = table.find(domain, node.opType)
                    if known == nil || version.map({ $0 < known!.since }) ?? true {
                        let set = domain.isEmpty ? "ai.onnx" : quoted(domain)
                        let text =
                            "\(quoted(node.opType)) of \(set) "
                            + (version.map { "version \($0)" } ?? "without a version")
                        if unknown[text] == nil { order.append(text) }
                        unknown[text, default: 0] += 1
                    }
                }
                for attribute in node.attributes {
                    switch attribute.value {
                    case .graph(let graph): try visit(graph.nodes, opsets)
                    case .graphs(let graphs): for graph in graphs { try visit(graph.nodes, opsets) }
                    default: break
                    }
                }
            }
        }
        try visit(graph.nodes, opsets)
        for function in model.functions { try visit(function.nodes, self.opsets(of: function)) }
        if order.isEmpty { return }
        let names = order.prefix(50).map { "\($0) (\(quantity(unknown[$0] ?? 1, "node")))" }
        throw ONNXError(
            .unsupported, file: file,
            "\(quantity(order.count, "operator is", plural: "operators are")) not supported: "
                + names.joined(separator: ", ") + (order.count > 50 ? ", ..." : ""),
            expected: "operators in the list of the article \"ONNX\"")
    }

    private func opsets(of function: FunctionProto) -> Opsets {
        Self.versions(model.opsetImports).merging(Self.versions(function.opsetImports)) { _, own in own }
    }

    /// Throws if a function calls itself, directly or indirectly.
    private func checkRecursion(_ key: String, _ function: Program.Function) throws {
        var done: Set<String> = []
        var path: [String] = []
        func visit(_ key: String, _ function: Program.Function) throws {
            if done.contains(key) { return }
            if path.contains(key) || path.count > 100 { throw invalid("the function \(quoted(key)) calls itself") }
            path.append(key)
            for called in called(by: function.proto.nodes) {
                if let next = functions[called] { try visit(called, next) }
            }
            path.removeLast()
            done.insert(key)
        }
        try visit(key, function)
    }

    private func called(by nodes: [NodeProto]) -> Set<String> {
        var names: Set<String> = []
        for node in nodes {
            names.insert(OperatorTable.key(OperatorTable.canonical(node.domain), node.opType))
            for attribute in node.attributes {
                if case .graph(let graph) = attribute.value { names.formUnion(called(by: graph.nodes)) }
            }
        }
        return names
    }

    private func build(_ function: Program.Function) throws {
        let proto = function.proto
        let scope = Scope(outer: nil, opsets: opsets(of: proto))
        var graph = GraphProto()
        graph.nodes = proto.nodes
        graph.inputs = proto.inputs.map { ValueInfoProto(name: $0) }
        graph.outputs = proto.outputs.map { ValueInfoProto(name: $0) }
        try build(graph, [], scope)
        function.graph.inputs = scope.graph.inputs
        function.graph.outputs = scope.graph.outputs
        function.graph.nodes = scope.graph.nodes
        function.graph.constants = scope.graph.constants
        function.graph.slotCount = scope.graph.slotCount
    }

    // MARK: - Graphs

    private func build(_ proto: GraphProto, _ initializers: [TensorProto], _ scope: Scope) throws {
        let graph = scope.graph
        for tensor in initializers {
            if tensor.name.isEmpty { throw invalid("an initialiser has no name") }
            if scope.slots[tensor.name] != nil {
                throw invalid("the initialiser \(quoted(tensor.name)) is defined twice")
            }
            graph.constants.append((scope.define(tensor.name), try value(of: tensor)))
        }
        for sparse in proto.sparseInitializers {
            let name = sparse.values.name
            if name.isEmpty || scope.slots[name] != nil {
                throw invalid("a sparse initialiser has the name \(quoted(name))", expected: "a unique name")
            }
            do { graph.constants.append((scope.define(name), try sparse.value(external: external))) } catch let problem
                as Problem
            { throw problem.located(file: file) }
        }
        var inputNames: Set<String> = []
        for input in proto.inputs {
            if !inputNames.insert(input.name).inserted {
                throw invalid("the input \(quoted(input.name)) is defined twice")
            }
            graph.inputs.append((input.name, scope.slots[input.name] ?? scope.define(input.name)))
        }
        for node in try Self.sorted(proto.nodes, file: file) { graph.nodes.append(try build(node, scope)) }
        for output in proto.outputs {
            guard let slot = scope.find(output.name) else {
                throw invalid("no node computes the output \(quoted(output.name))")
            }
            graph.outputs.append((output.name, slot))
        }
        graph.names = scope.slots
        markReleases(graph)
    }

    private func value(of tensor: TensorProto) throws -> ONNXValue {
        do { return try checked { try tensor.value(external: external) } } catch let problem as Problem {
            throw problem.located(file: file)
        } catch let error as TensorError {
            throw ONNXError(.malformed, file: file, "the initialiser \(quoted(tensor.name)): \(error)")
        }
    }

    private func build(_ proto: NodeProto, _ scope: Scope) throws -> Program.Node {
        let label = Program.Node.label(proto)
        var names: Set<String> = []
        for attribute in proto.attributes where !names.insert(attribute.name).inserted {
            throw invalid("the attribute \(quoted(attribute.name)) is defined twice", node: label)
        }
        let domain = OperatorTable.canonical(proto.domain)
        let key = OperatorTable.key(domain, proto.opType)
        let body: Program.Node.Body
        var allowed = 0...Int.max
        if let function = functions[key] {
            body = .function(function)
            allowed = 0...function.proto.inputs.count
        } else if let known = table.find(domain, proto.opType) {
            body = .builtin(known)
            allowed = known.inputs
        } else {
            throw invalid("the operator is not known", node: label)
        }
        if !allowed.contains(proto.inputs.count) {
            throw invalid(
                "the node has \(quantity(proto.inputs.count, "input"))", node: label,
                expected: allowed.upperBound == .max
                    ? "at least \(allowed.lowerBound)"
                    : allowed.lowerBound == allowed.upperBound
                        ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) to \(allowed.upperBound)")
        }
        let inputs: [Int?] = try proto.inputs.map { name in
            if name.isEmpty { return nil }
            guard let slot = scope.find(name) else {
                throw invalid("no node computes the input \(quoted(name))", node: label)
            }
            return slot
        }
        var subgraphs: [String: Program.Graph] = [:]
        for attribute in proto.attributes {
            guard case .graph(let graph) = attribute.value else { continue }
            let inner = Scope(outer: scope, opsets: scope.opsets)
            do { try build(graph, graph.initializers, inner) } catch let error as ONNXError {
                throw error.node.isEmpty
                    ? ONNXError(error.kind, file: file, node: label, error.problem, expected: error.rule) : error
            }
            subgraphs[attribute.name] = inner.graph
        }
        let outputs: [Int?] = try proto.outputs.map { name in
            if name.isEmpty { return nil }
            if scope.slots[name] != nil { throw invalid("\(quoted(name)) is computed twice", node: label) }
            return scope.define(name)
        }
        return Program.Node(
            proto, version: scope.opsets[domain] ?? 0, body: body, inputs: inputs, outputs: outputs,
            subgraphs: subgraphs)
    }

    /// Marks values for release after the last node that reads them.
    private func markReleases(_ graph: Program.Graph) {
        var kept = Set(graph.outputs.map(\.slot))
        for node in graph.nodes.reversed() {
            let used =
                node.inputs.compactMap { $0 } + node.outputs.compactMap { $0 }
                + node.subgraphs.values.flatMap { $0.captures.map(\.outer) }
            node.releases = used.filter { kept.insert($0).inserted }
        }
    }
}
