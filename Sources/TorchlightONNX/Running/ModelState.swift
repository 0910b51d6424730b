import TorchlightCore
import TorchlightIO
import TorchlightNN

extension ONNXModel {
    /// The initialisers of the main graph that are parameters and buffers of the module.
    struct State {
        private(set) var parameters: [(name: String, tensor: Tensor)] = []
        private(set) var buffers: [(name: String, tensor: Tensor)] = []
        private(set) var stateEntries: [(isParameter: Bool, index: Int, type: ONNXElementType)] = []
        private(set) var names: Set<String> = []

        /// Inputs that are buffers, by operator.
        private static let untrained: [String: Set<Int>] = [
            "BatchNormalization": [3, 4], "QuantizeLinear": [1, 2], "DequantizeLinear": [1, 2],
            "QLinearConv": [1, 4, 6], "QLinearMatMul": [1, 4, 6], "Resize": [1, 2], "Upsample": [1], "Clip": [1, 2],
            "Pad": [2], "Range": [0, 1, 2], "Dropout": [1], "OneHot": [2], "NonMaxSuppression": [3, 4], "STFT": [2],
        ]

        init(_ graph: GraphProto, file: String, external: ExternalData?) throws {
            var fixed: Set<String> = []
            for node in graph.nodes {
                for index in Self.untrained[node.opType] ?? [] where index < node.inputs.count {
                    fixed.insert(node.inputs[index])
                }
            }
            for proto in graph.initializers {
                // Integers are mostly shapes, which are kept on the CPU.
                guard let type = ONNXElementType(rawValue: proto.dataType), type.isFloatingPoint, !proto.name.isEmpty
                else { continue }
                let tensor: Tensor
                do {
                    guard case .tensor(let value) = try checked({ try proto.value(external: external) }) else {
                        continue
                    }
                    tensor = value.tensor
                } catch let problem as Problem {
                    throw problem.located(file: file)
                } catch let error as TensorError {
                    throw ONNXError(.malformed, file: file, "the initialiser \(quoted(proto.name)): \(error)")
                }
                guard names.insert(proto.name).inserted else {
                    throw ONNXError(.invalid, file: file, "the initialiser \(quoted(proto.name)) is defined twice")
                }
                let isParameter = type.isExact && !fixed.contains(proto.name)
                stateEntries.append((isParameter, isParameter ? parameters.count : buffers.count, type))
                if isParameter {
                    parameters.append((proto.name, Parameter(tensor)))
                } else {
                    buffers.append((proto.name, tensor))
                }
            }
        }
    }

    /// Validates the inputs of a call against the descriptions in the file.
    struct InputCheck {
        let file: String

        func check(_ values: [String: ONNXValue], _ inputs: [Description]) throws -> [String: ONNXValue] {
            func failed(_ text: String, _ rule: String) -> ONNXError {
                ONNXError(.failed, file: file, text, expected: rule)
            }
            let names = inputs.prefix(20).map { quoted($0.name) }.joined(separator: ", ")
            var result = values
            for name in values.keys.sorted() where !inputs.contains(where: { $0.name == name }) {
                throw failed("the model has no input \(quoted(name))", names.isEmpty ? "no inputs" : names)
            }
            for input in inputs {
                guard let value = values[input.name] else {
                    if input.hasDefault { continue }
                    if case .optional = input.type { continue }
                    throw failed("the input \(quoted(input.name)) is missing", names)
                }
                guard case .tensor(let tensor) = value, let type = input.elementType else { continue }
                if tensor.type != type {
                    // Values of a type without a dtype are passed in the dtype that represents them.
                    guard !type.isExact, tensor.tensor.dtype == type.dtype else {
                        throw failed("the input \(quoted(input.name)) is \(value.kind)", "\(input)")
                    }
                    result[input.name] = .tensor(.wrapping(tensor.tensor, to: type))
                }
                if let shape = input.shape {
                    let sizes = tensor.tensor.shape
                    let fits = shape.count == sizes.count && zip(shape, sizes).allSatisfy { Int($0) ?? $1 == $1 }
                    if !fits { throw failed("the input \(quoted(input.name)) is \(value.kind)", "\(input)") }
                }
            }
            return result
        }
    }
}

extension ModelProto {
    /// Reads a file.
    ///
    /// - Throws: ``ONNXError`` that names the kind of file, if it has no graph and its bytes are those of another kind
    ///   of file: the format has no signature, and fields that are not known are no error of it.
    package init(_ source: ByteSlice, file: String) throws {
        func otherKind() -> ONNXError? {
            let kind = withExtendedLifetime(source.owner) { FileKind.of(source.bytes) }
            guard let name = kind.name, kind != .onnx else { return nil }
            return ONNXError(
                .malformed, file: file, "the file is \(name)", expected: "a model in the format of ONNX")
        }
        do { try self.init(source) } catch let problem as Problem {
            throw otherKind() ?? problem.located(file: file)
        }
        if graph == nil, let error = otherKind() { throw error }
    }
}

extension ONNXModel {
    /// The initialisers of the main graph of a model by name, without its nodes, for conversion to another format.
    ///
    /// - Throws: ``ONNXError`` if the file is malformed, `IOError` if it cannot be read.
    package static func tensors(of path: String) throws -> [(name: String, value: ONNXTensor)] {
        let (model, external) = try read(path)
        return try (model.graph?.initializers ?? []).compactMap { proto -> (name: String, value: ONNXTensor)? in
            do {
                guard case .tensor(let value) = try checked({ try proto.value(external: external) }) else { return nil }
                return (proto.name, value)
            } catch let problem as Problem {
                throw problem.located(file: path)
            }
        }
    }

    /// Reads the messages of a file.
    package static func read(_ path: String) throws -> (model: ModelProto, external: ExternalData) {
        let mapped = try MappedFile(path)
        let model = try ModelProto(ByteSlice(mapped.bytes, owner: mapped), file: path)
        return (model, ExternalData(besideModel: path))
    }

    /// Simplifies a model and writes it to another file.
    ///
    /// - Returns: the number of folded nodes, unused nodes and unused initialisers.
    package static func simplify(_ path: String, to output: String) throws -> ModelProto.Simplification {
        let (original, external) = try read(path)
        var model = original
        let result = try model.simplify(file: path, external: external)
        do { try model.embedExternalData(from: external) } catch let problem as Problem {
            throw problem.located(file: path)
        }
        let bytes = model.serialized()
        // The result is validated before it is written.
        _ = try ONNXModel(bytes: bytes, name: output)
        try AtomicFile.write(bytes, to: output)
        return result
    }
}
