import TorchlightCore
@testable import TorchlightONNX

/// Makes a node; attributes are named values.
func node(
    _ type: String, _ inputs: [String], _ outputs: [String], domain: String = "",
    _ attributes: [(String, AttributeProto.Value)] = []
) -> NodeProto {
    var node = NodeProto()
    node.opType = type
    node.domain = domain
    node.inputs = inputs
    node.outputs = outputs
    node.attributes = attributes.map { AttributeProto(name: $0.0, value: $0.1) }
    return node
}

func tensorInfo(_ name: String, _ shape: [TypeProto.Dimension]?, type: ONNXElementType = .float) -> ValueInfoProto {
    ValueInfoProto(name: name, type: .tensor(elementType: type.rawValue, shape: shape))
}

func initializer(_ name: String, _ tensor: Tensor) -> TensorProto {
    ONNXValue(tensor).proto(named: name)!
}

/// A model of nodes whose inputs are float tensors of any shape, followed by others.
func model(
    _ nodes: [NodeProto], inputs: [String], outputs: [String], initializers: [TensorProto] = [], opset: Int = 17,
    more: [ValueInfoProto] = []
) -> ModelProto {
    var graph = GraphProto()
    graph.name = "test"
    graph.nodes = nodes
    graph.inputs = inputs.map { tensorInfo($0, nil) } + more
    graph.outputs = outputs.map { tensorInfo($0, nil) }
    graph.initializers = initializers
    var model = ModelProto()
    model.irVersion = 8
    model.graph = graph
    model.opsetImports = [OperatorSetProto(domain: "", version: opset)]
    return model
}

func load(_ model: ModelProto) throws -> ONNXModel { try ONNXModel(bytes: model.serialized(), name: "test") }
