// Field numbers are those of onnx.proto and onnx-data.proto.

extension OperatorSetProto {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 1: domain = try reader.string()
            case 2: version = try reader.int()
            default: try reader.skip()
            }
        }
    }
}

/// An entry of a list of key-value strings.
private func readEntry(_ reader: ProtobufReader) throws -> (key: String, value: String) {
    var reader = reader
    var entry = (key: "", value: "")
    while try reader.next() {
        switch reader.field {
        case 1: entry.key = try reader.string()
        case 2: entry.value = try reader.string()
        default: try reader.skip()
        }
    }
    return entry
}

extension ModelProto {
    package init(_ source: ByteSlice) throws {
        var reader = ProtobufReader(source)
        while try reader.next() {
            switch reader.field {
            case 1: irVersion = try reader.int()
            case 2: producerName = try reader.string()
            case 3: producerVersion = try reader.string()
            case 4: domain = try reader.string()
            case 5: modelVersion = try reader.int()
            case 6: docString = try reader.string()
            case 7: graph = try GraphProto(try reader.message())
            case 8: opsetImports.append(try OperatorSetProto(try reader.message()))
            case 14: metadata.append(try readEntry(try reader.message()))
            case 25: functions.append(try FunctionProto(try reader.message()))
            default: try reader.skip()
            }
        }
    }
}

extension GraphProto {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 1: nodes.append(try NodeProto(try reader.message()))
            case 2: name = try reader.string()
            case 5: initializers.append(try TensorProto(try reader.message()))
            case 10: docString = try reader.string()
            case 11: inputs.append(try ValueInfoProto(try reader.message()))
            case 12: outputs.append(try ValueInfoProto(try reader.message()))
            case 13: valueInfos.append(try ValueInfoProto(try reader.message()))
            case 15: sparseInitializers.append(try SparseTensorProto(try reader.message()))
            default: try reader.skip()
            }
        }
    }
}

extension NodeProto {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 1: inputs.append(try reader.name())
            case 2: outputs.append(try reader.name())
            case 3: name = try reader.string()
            case 4: opType = try reader.string()
            case 5: attributes.append(try AttributeProto(try reader.message()))
            case 7: domain = try reader.string()
            case 8: overload = try reader.string()
            default: try reader.skip()
            }
        }
        if opType.isEmpty {
            throw Problem("the node \(quoted(name)) has no operator", expected: "an op_type", kind: .malformed)
        }
    }
}

extension ProtobufReader {
    /// A string of a list, whose memory is counted: an empty string has two bytes in the file.
    fileprivate mutating func name() throws -> String {
        try budget.takeString()
        return try string()
    }
}

extension AttributeProto {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        var type = 0
        var found = Found()
        while try reader.next() {
            switch reader.field {
            case 1: name = try reader.string()
            case 2: found.float = try reader.float()
            case 3: found.int = try reader.int()
            case 4: found.string = try reader.bytes().array
            case 5: found.tensor = try TensorProto(try reader.message())
            case 6: found.graph = try GraphProto(try reader.message())
            case 7: try reader.appendFloats(to: &found.floats)
            case 8: try reader.appendInts(to: &found.ints)
            case 9:
                try reader.budget.takeString()
                found.strings.append(try reader.bytes().array)
            case 10: found.tensors.append(try TensorProto(try reader.message()))
            case 11: found.graphs.append(try GraphProto(try reader.message()))
            case 14: found.type = try TypeProto.read(try reader.message())
            case 15: if let type = try TypeProto.read(try reader.message()) { found.types.append(type) }
            case 20: type = try reader.int()
            case 21: reference = try reader.string()
            case 22: found.sparseTensor = try SparseTensorProto(try reader.message())
            case 23: found.sparseTensors.append(try SparseTensorProto(try reader.message()))
            default: try reader.skip()
            }
        }
        value = try found.value(type, name)
    }

    /// The fields of an attribute message, of which its type selects one.
    private struct Found {
        var float: Float?
        var int: Int?
        var string: [UInt8]?
        var tensor: TensorProto?
        var graph: GraphProto?
        var sparseTensor: SparseTensorProto?
        var type: TypeProto?
        var floats: [Float] = []
        var ints: [Int] = []
        var strings: [[UInt8]] = []
        var tensors: [TensorProto] = []
        var graphs: [GraphProto] = []
        var sparseTensors: [SparseTensorProto] = []
        var types: [TypeProto] = []

        func value(_ type: Int, _ name: String) throws -> Value {
            switch type {
            case 1: return .float(float ?? 0)
            case 2: return .int(int ?? 0)
            case 3: return .string(string ?? [])
            case 4: if let tensor { return .tensor(tensor) }
            case 5: if let graph { return .graph(graph) }
            case 6: return .floats(floats)
            case 7: return .ints(ints)
            case 8: return .strings(strings)
            case 9: return .tensors(tensors)
            case 10: return .graphs(graphs)
            case 11: if let sparseTensor { return .sparseTensor(sparseTensor) }
            case 12: return .sparseTensors(sparseTensors)
            case 13: if let self = self.type { return .type(self) }
            case 14: return .types(types)
            case 0: return guess()
            default: break
            }
            throw Problem(
                "the attribute \(quoted(name)) has type \(type) and no value of it", kind: .malformed)
        }

        /// The value of an attribute in a file of the first version, which has no types.
        private func guess() -> Value {
            if let float { return .float(float) }
            if let int { return .int(int) }
            if let string { return .string(string) }
            if let tensor { return .tensor(tensor) }
            if let graph { return .graph(graph) }
            if !floats.isEmpty { return .floats(floats) }
            if !ints.isEmpty { return .ints(ints) }
            if !strings.isEmpty { return .strings(strings) }
            return .undefined
        }
    }
}

extension TensorProto {
    /// Reads one tensor from the bytes of a file.
    package init(_ source: ByteSlice) throws { try self.init(ProtobufReader(source)) }

    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 1: try reader.appendInts(to: &dims)
            case 2: dataType = try reader.int()
            case 3:
                isSegmented = true
                try reader.skip()
            case 4: try reader.appendFloats(to: &floatData)
            case 5: try reader.appendInts(to: &int32Data)
            case 6:
                try reader.budget.takeString()
                stringData.append(try reader.bytes().array)
            case 7: try reader.appendInts(to: &int64Data)
            case 8: name = try reader.string()
            case 9: rawData = try reader.bytes()
            case 10: try reader.appendDoubles(to: &doubleData)
            case 11: try reader.appendInts(to: &uint64Data)
            case 13: externalData.append(try readEntry(try reader.message()))
            case 14: isExternal = try reader.int() == 1
            default: try reader.skip()
            }
        }
    }
}

extension SparseTensorProto {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 1: values = try TensorProto(try reader.message())
            case 2: indices = try TensorProto(try reader.message())
            case 3: try reader.appendInts(to: &dims)
            default: try reader.skip()
            }
        }
    }
}

extension ValueInfoProto {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 1: name = try reader.string()
            case 2: type = try TypeProto.read(try reader.message())
            default: try reader.skip()
            }
        }
    }
}

extension TypeProto {
    static func read(_ reader: ProtobufReader) throws -> TypeProto? {
        var reader = reader
        var result: TypeProto?
        while try reader.next() {
            switch reader.field {
            case 1:
                let (type, shape) = try readTensor(try reader.message())
                result = .tensor(elementType: type, shape: shape)
            case 8:
                let (type, shape) = try readTensor(try reader.message())
                result = .sparseTensor(elementType: type, shape: shape)
            case 4: result = .sequence(try readParts(try reader.message(), field: 1).inner)
            case 9: result = .optional(try readParts(try reader.message(), field: 1).inner)
            case 5:
                let (key, inner) = try readParts(try reader.message(), field: 2)
                result = .map(keyType: key, value: inner)
            default: try reader.skip()
            }
        }
        return result
    }

    private static func readParts(_ reader: ProtobufReader, field: Int) throws -> (key: Int, inner: TypeProto?) {
        var reader = reader
        var parts: (key: Int, inner: TypeProto?) = (0, nil)
        while try reader.next() {
            if reader.field == field {
                parts.inner = try read(try reader.message())
            } else if reader.field == 1, field == 2 {
                parts.key = try reader.int()
            } else {
                try reader.skip()
            }
        }
        return parts
    }

    private static func readTensor(_ reader: ProtobufReader) throws -> (type: Int, shape: [Dimension]?) {
        var reader = reader
        var type = 0
        var shape: [Dimension]?
        while try reader.next() {
            switch reader.field {
            case 1: type = try reader.int()
            case 2:
                var inner = try reader.message()
                var dimensions: [Dimension] = []
                while try inner.next() {
                    if inner.field == 1 {
                        dimensions.append(try readDimension(try inner.message()))
                    } else {
                        try inner.skip()
                    }
                }
                shape = dimensions
            default: try reader.skip()
            }
        }
        return (type, shape)
    }

    private static func readDimension(_ reader: ProtobufReader) throws -> Dimension {
        var reader = reader
        var result = Dimension.unknown
        while try reader.next() {
            switch reader.field {
            case 1: result = .size(try reader.int())
            case 2:
                let name = try reader.string()
                result = name.isEmpty ? .unknown : .name(name)
            default: try reader.skip()
            }
        }
        return result
    }
}

extension FunctionProto {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 1: name = try reader.string()
            case 4: inputs.append(try reader.name())
            case 5: outputs.append(try reader.name())
            case 6: attributes.append(try reader.name())
            case 7: nodes.append(try NodeProto(try reader.message()))
            case 9: opsetImports.append(try OperatorSetProto(try reader.message()))
            case 10: domain = try reader.string()
            case 11: defaults.append(try AttributeProto(try reader.message()))
            case 13: overload = try reader.string()
            default: try reader.skip()
            }
        }
    }
}

extension SequenceProto {
    package init(_ source: ByteSlice) throws { try self.init(ProtobufReader(source)) }

    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 2: elementType = try reader.int()
            case 3: tensors.append(try TensorProto(try reader.message()))
            case 5: sequences.append(try SequenceProto(try reader.message()))
            case 7: optionals.append(try OptionalProto(try reader.message()))
            default: try reader.skip()
            }
        }
    }
}

extension OptionalProto {
    package init(_ source: ByteSlice) throws { try self.init(ProtobufReader(source)) }

    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while try reader.next() {
            switch reader.field {
            case 2: elementType = try reader.int()
            case 3: tensor = try TensorProto(try reader.message())
            case 5: sequences.append(try SequenceProto(try reader.message()))
            default: try reader.skip()
            }
        }
    }
}
