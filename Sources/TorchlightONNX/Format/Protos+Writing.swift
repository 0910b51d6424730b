// Field numbers are those of onnx.proto.

extension OperatorSetProto {
    func write(to writer: inout ProtobufWriter) {
        writer.string(1, domain)
        writer.int(2, version)
    }
}

private func writeEntries(_ field: Int, _ entries: [(key: String, value: String)], to writer: inout ProtobufWriter) {
    for entry in entries {
        writer.message(field) {
            $0.string(1, entry.key)
            $0.string(2, entry.value)
        }
    }
}

extension ModelProto {
    /// The bytes of the file.
    package func serialized() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.int(1, irVersion)
        writer.string(2, producerName)
        writer.string(3, producerVersion)
        writer.string(4, domain)
        if modelVersion != 0 { writer.int(5, modelVersion) }
        writer.string(6, docString)
        if let graph { writer.message(7) { graph.write(to: &$0) } }
        for opset in opsetImports { writer.message(8) { opset.write(to: &$0) } }
        writeEntries(14, metadata, to: &writer)
        for function in functions { writer.message(25) { function.write(to: &$0) } }
        return writer.bytes
    }
}

extension GraphProto {
    func write(to writer: inout ProtobufWriter) {
        for node in nodes { writer.message(1) { node.write(to: &$0) } }
        writer.string(2, name)
        for tensor in initializers { writer.message(5) { tensor.write(to: &$0) } }
        writer.string(10, docString)
        for value in inputs { writer.message(11) { value.write(to: &$0) } }
        for value in outputs { writer.message(12) { value.write(to: &$0) } }
        for value in valueInfos { writer.message(13) { value.write(to: &$0) } }
        for tensor in sparseInitializers { writer.message(15) { tensor.write(to: &$0) } }
    }
}

extension NodeProto {
    func write(to writer: inout ProtobufWriter) {
        // Empty names of inputs and outputs are written: they are absent optional values.
        for input in inputs { writer.data(1, input.utf8) }
        for output in outputs { writer.data(2, output.utf8) }
        writer.string(3, name)
        writer.string(4, opType)
        for attribute in attributes { writer.message(5) { attribute.write(to: &$0) } }
        writer.string(7, domain)
        writer.string(8, overload)
    }
}

extension AttributeProto {
    func write(to writer: inout ProtobufWriter) {
        writer.string(1, name)
        switch value {
        case .undefined: break
        case .float(let value): writer.float(2, value)
        case .int(let value): writer.int(3, value)
        case .string(let value): writer.data(4, value)
        case .tensor(let value): writer.message(5) { value.write(to: &$0) }
        case .graph(let value): writer.message(6) { value.write(to: &$0) }
        case .floats(let values): for value in values { writer.float(7, value) }
        case .ints(let values): for value in values { writer.int(8, value) }
        case .strings(let values): for value in values { writer.data(9, value) }
        case .tensors(let values): for value in values { writer.message(10) { value.write(to: &$0) } }
        case .graphs(let values): for value in values { writer.message(11) { value.write(to: &$0) } }
        case .type(let value): writer.message(14) { value.write(to: &$0) }
        case .types(let values): for value in values { writer.message(15) { value.write(to: &$0) } }
        case .sparseTensor(let value): writer.message(22) { value.write(to: &$0) }
        case .sparseTensors(let values): for value in values { writer.message(23) { value.write(to: &$0) } }
        }
        writer.int(20, value.type.number)
        writer.string(21, reference)
    }
}

extension TensorProto {
    func write(to writer: inout ProtobufWriter) {
        writer.packedInts(1, dims)
        writer.int(2, dataType)
        writer.packedFloats(4, floatData)
        writer.packedInts(5, int32Data.map(Int64.init))
        for string in stringData { writer.data(6, string) }
        writer.packedInts(7, int64Data)
        writer.string(8, name)
        if let rawData { withExtendedLifetime(rawData.owner) { writer.data(9, rawData.bytes) } }
        writer.packedDoubles(10, doubleData)
        writer.packedInts(11, uint64Data)
        writeEntries(13, externalData, to: &writer)
        if isExternal { writer.int(14, 1) }
    }
}

extension SparseTensorProto {
    func write(to writer: inout ProtobufWriter) {
        writer.message(1) { values.write(to: &$0) }
        writer.message(2) { indices.write(to: &$0) }
        writer.packedInts(3, dims)
    }
}

extension ValueInfoProto {
    func write(to writer: inout ProtobufWriter) {
        writer.string(1, name)
        if let type { writer.message(2) { type.write(to: &$0) } }
    }
}

extension TypeProto {
    func write(to writer: inout ProtobufWriter) {
        switch self {
        case .tensor(let type, let shape): Self.writeTensor(1, type, shape, to: &writer)
        case .sparseTensor(let type, let shape): Self.writeTensor(8, type, shape, to: &writer)
        case .sequence(let inner): writer.message(4) { if let inner { $0.message(1) { inner.write(to: &$0) } } }
        case .optional(let inner): writer.message(9) { if let inner { $0.message(1) { inner.write(to: &$0) } } }
        case .map(let key, let inner):
            writer.message(5) {
                $0.int(1, key)
                if let inner { $0.message(2) { inner.write(to: &$0) } }
            }
        }
    }

    private static func writeTensor(
        _ field: Int, _ type: Int, _ shape: [Dimension]?, to writer: inout ProtobufWriter
    ) {
        writer.message(field) {
            $0.int(1, type)
            guard let shape else { return }
            $0.message(2) {
                for dimension in shape {
                    $0.message(1) {
                        switch dimension {
                        case .size(let size): $0.int(1, size)
                        case .name(let name): $0.string(2, name)
                        case .unknown: break
                        }
                    }
                }
            }
        }
    }
}

extension FunctionProto {
    func write(to writer: inout ProtobufWriter) {
        writer.string(1, name)
        for input in inputs { writer.data(4, input.utf8) }
        for output in outputs { writer.data(5, output.utf8) }
        for attribute in attributes { writer.data(6, attribute.utf8) }
        for node in nodes { writer.message(7) { node.write(to: &$0) } }
        for opset in opsetImports { writer.message(9) { opset.write(to: &$0) } }
        writer.string(10, domain)
        for attribute in defaults { writer.message(11) { attribute.write(to: &$0) } }
        writer.string(13, overload)
    }
}
