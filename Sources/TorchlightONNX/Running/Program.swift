import TorchlightCore

/// A model that was validated and prepared for running, without its parameters.
final class Program: @unchecked Sendable {
    /// A node with value slots instead of names.
    final class Node: @unchecked Sendable {
        let name: String
        let opType: String
        let domain: String
        let version: Int
        let attributes: [String: AttributeProto]
        let body: Body
        /// The slots of the inputs; nil for an absent one.
        let inputs: [Int?]
        let outputs: [Int?]
        let subgraphs: [String: Graph]
        /// The slots whose values no later node reads.
        var releases: [Int] = []

        enum Body {
            case builtin(Operator)
            case function(Function)
        }

        init(
            _ proto: NodeProto, version: Int, body: Body, inputs: [Int?], outputs: [Int?], subgraphs: [String: Graph]
        ) {
            name = proto.name
            opType = proto.opType
            domain = OperatorTable.canonical(proto.domain)
            self.version = version
            attributes = Dictionary(proto.attributes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            self.body = body
            self.inputs = inputs
            self.outputs = outputs
            self.subgraphs = subgraphs
        }

        /// The node in error texts: `name (Operator)`.
        var label: String { Self.label(name, opType, domain) }

        static func label(_ proto: NodeProto) -> String { label(proto.name, proto.opType, proto.domain) }

        private static func label(_ name: String, _ opType: String, _ domain: String) -> String {
            let kind = quoted(OperatorTable.key(OperatorTable.canonical(domain), opType)).dropFirst().dropLast()
            return name.isEmpty ? String(kind) : "\(quoted(name)) (\(kind))"
        }
    }

    /// A graph with value slots instead of names.
    final class Graph: @unchecked Sendable {
        var inputs: [(name: String, slot: Int)] = []
        var outputs: [(name: String, slot: Int)] = []
        /// The values that exist before the first node.
        var constants: [(slot: Int, value: ONNXValue)] = []
        /// The captured values of the enclosing graph: its slot, and the slot in this graph.
        var captures: [(outer: Int, inner: Int)] = []
        var nodes: [Node] = []
        var slotCount = 0
        /// The slots of the values by name.
        var names: [String: Int] = [:]
    }

    /// A local function of the model.
    final class Function: @unchecked Sendable {
        let proto: FunctionProto
        var graph = Graph()

        init(_ proto: FunctionProto) { self.proto = proto }

        var name: String { OperatorTable.key(OperatorTable.canonical(proto.domain), proto.name) }
    }

    let file: String
    let external: ExternalData?
    let main: Graph
    /// The slots of the initialisers that are parameters and buffers of the module.
    let stateSlots: [(name: String, slot: Int)]

    init(file: String, external: ExternalData?, main: Graph, stateSlots: [(name: String, slot: Int)]) {
        self.file = file
        self.external = external
        self.main = main
        self.stateSlots = stateSlots
    }
}
