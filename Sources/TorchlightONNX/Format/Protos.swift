// The messages of an ONNX file, with the names of the standard (onnx.proto). Unused fields are omitted.

/// The operator set version of a domain that a model or function uses.
package struct OperatorSetProto: Sendable {
    package var domain = ""
    package var version = 0
}

package struct ModelProto: Sendable {
    package var irVersion = 0
    package var producerName = ""
    package var producerVersion = ""
    package var domain = ""
    package var modelVersion = 0
    package var docString = ""
    package var graph: GraphProto?
    package var opsetImports: [OperatorSetProto] = []
    package var metadata: [(key: String, value: String)] = []
    package var functions: [FunctionProto] = []
}

package struct GraphProto: Sendable {
    package var name = ""
    package var docString = ""
    package var nodes: [NodeProto] = []
    package var initializers: [TensorProto] = []
    package var sparseInitializers: [SparseTensorProto] = []
    package var inputs: [ValueInfoProto] = []
    package var outputs: [ValueInfoProto] = []
    package var valueInfos: [ValueInfoProto] = []
}

package struct NodeProto: Sendable {
    package var name = ""
    package var opType = ""
    package var domain = ""
    package var overload = ""
    package var inputs: [String] = []
    package var outputs: [String] = []
    package var attributes: [AttributeProto] = []
}

package struct AttributeProto: Sendable {
    package var name = ""
    /// The name of the function attribute that gives the value; empty for a value of the node.
    package var reference = ""
    package var value = Value.undefined

    package indirect enum Value: Sendable {
        case undefined
        case float(Float)
        case int(Int)
        case string([UInt8])
        case tensor(TensorProto)
        case graph(GraphProto)
        case sparseTensor(SparseTensorProto)
        case type(TypeProto)
        case floats([Float])
        case ints([Int])
        case strings([[UInt8]])
        case tensors([TensorProto])
        case graphs([GraphProto])
        case sparseTensors([SparseTensorProto])
        case types([TypeProto])

        /// The name of the type in the standard, and its number in `AttributeProto.AttributeType`.
        var type: (name: String, number: Int) {
            switch self {
            case .undefined: ("undefined", 0)
            case .float: ("float", 1)
            case .int: ("int", 2)
            case .string: ("string", 3)
            case .tensor: ("tensor", 4)
            case .graph: ("graph", 5)
            case .floats: ("floats", 6)
            case .ints: ("ints", 7)
            case .strings: ("strings", 8)
            case .tensors: ("tensors", 9)
            case .graphs: ("graphs", 10)
            case .sparseTensor: ("sparse tensor", 11)
            case .sparseTensors: ("sparse tensors", 12)
            case .type: ("type", 13)
            case .types: ("types", 14)
            }
        }
    }
}

package struct TensorProto: Sendable {
    package var name = ""
    package var dims: [Int] = []
    package var dataType = 0
    package var floatData: [Float] = []
    package var int32Data: [Int32] = []
    package var int64Data: [Int64] = []
    package var doubleData: [Double] = []
    package var uint64Data: [UInt64] = []
    package var stringData: [[UInt8]] = []
    package var rawData: ByteSlice?
    package var externalData: [(key: String, value: String)] = []
    package var isExternal = false
    package var isSegmented = false
}

package struct SparseTensorProto: Sendable {
    package var values = TensorProto()
    package var indices = TensorProto()
    package var dims: [Int] = []
}

package struct ValueInfoProto: Sendable {
    package var name = ""
    package var type: TypeProto?
}

package indirect enum TypeProto: Sendable {
    case tensor(elementType: Int, shape: [Dimension]?)
    case sparseTensor(elementType: Int, shape: [Dimension]?)
    case sequence(TypeProto?)
    case optional(TypeProto?)
    case map(keyType: Int, value: TypeProto?)

    package enum Dimension: Sendable {
        case size(Int)
        case name(String)
        case unknown
    }
}

package struct FunctionProto: Sendable {
    package var name = ""
    package var domain = ""
    package var overload = ""
    package var inputs: [String] = []
    package var outputs: [String] = []
    package var attributes: [String] = []
    package var defaults: [AttributeProto] = []
    package var nodes: [NodeProto] = []
    package var opsetImports: [OperatorSetProto] = []
}

/// A value in the data files of the tests of the standard: a sequence or an optional.
package struct SequenceProto: Sendable {
    package var elementType = 0
    package var tensors: [TensorProto] = []
    package var sequences: [SequenceProto] = []
    package var optionals: [OptionalProto] = []
}

package struct OptionalProto: Sendable {
    package var elementType = 0
    package var tensor: TensorProto?
    package var sequences: [SequenceProto] = []
}
