import TorchlightCore
import TorchlightIO
import TorchlightNN

/// A model from an ONNX file, which can be run and trained.
///
///     let model = try ONNXModel("model.onnx")
///     let y = model(["input": x])                          // the first output, recorded for gradients
///     let all = try model.run(["input": x])                // every output by name, without gradients
///
/// The floating-point initialisers of the graph are the learnable parameters of the module, with their names in the
/// file. Those that are not trained, such as running means, are buffers. Integer initialisers are not part of the
/// state. Aligned elements, such as those of external data, stay memory-mapped until they are changed; others are
/// copied. Operators run in evaluation mode unless the file specifies training mode.
///
/// Operators of `ai.onnx` in versions 7 to 28 and of `ai.onnx.ml` are supported; the article "ONNX" lists them. If a
/// model needs other operators, an error names all of them.
public final class ONNXModel: Module, Layer {
    /// An input or output of a model.
    public struct Description: Sendable, CustomStringConvertible {
        /// The name in the file.
        public let name: String
        /// The element type; nil for a sequence, an optional or a map.
        public let elementType: ONNXElementType?
        /// The size of each dimension as text: a number, the name of a dynamic size, or "?"; nil if the shape is
        /// unknown.
        public let shape: [String]?
        /// Whether the file has a default value for the input.
        public let hasDefault: Bool
        let type: TypeProto?

        /// `name: float [batch, 3, 224, 224]`.
        public var description: String {
            "\(IOError.oneLine(name, limit: 200)): \(type.map(Self.text) ?? "?")" + (hasDefault ? " (optional)" : "")
        }

        private static func text(_ type: TypeProto) -> String {
            switch type {
            case .tensor(let number, let shape), .sparseTensor(let number, let shape):
                let element = ONNXElementType(rawValue: number)?.description ?? "?"
                return element + (shape.map { " [\($0.map(text).joined(separator: ", "))]" } ?? "")
            case .sequence(let inner): return "sequence of " + (inner.map(text) ?? "?")
            case .optional(let inner): return "optional " + (inner.map(text) ?? "?")
            case .map(let key, let inner):
                return "map of \(ONNXElementType(rawValue: key)?.description ?? "?") to " + (inner.map(text) ?? "?")
            }
        }

        static func text(_ dimension: TypeProto.Dimension) -> String {
            switch dimension {
            case .size(let size): "\(size)"
            case .name(let name): IOError.oneLine(name, limit: 80)
            case .unknown: "?"
            }
        }

        init(_ proto: ValueInfoProto, hasDefault: Bool) {
            name = proto.name
            type = proto.type
            self.hasDefault = hasDefault
            if case .tensor(let number, let dimensions) = proto.type {
                elementType = ONNXElementType(rawValue: number)
                shape = dimensions?.map(Self.text)
            } else {
                elementType = nil
                shape = nil
            }
        }
    }

    /// The inputs of the model, in the order of the file. Initialisers that are also inputs are default values.
    public let inputs: [Description]
    /// The outputs of the model, in the order of the file.
    public let outputs: [Description]
    /// The operator set versions by domain; the standard domain is "ai.onnx".
    public let opsets: [String: Int]
    /// The name of the program that wrote the file.
    public let producer: String
    /// The metadata properties of the model.
    public let metadata: [String: String]
    /// The number of nodes of the main graph by operator, as stored in the file.
    public let operatorCounts: [String: Int]
    let program: Program

    private var weights: NamedTensors
    @Buffer private var constants: NamedTensors
    /// For each initialiser of the module: whether it is a parameter, its index, and its element type.
    private let stateEntries: [(isParameter: Bool, index: Int, type: ONNXElementType)]

    /// Reads a model from a file.
    ///
    /// The file and its external data files are memory-mapped.
    /// - Throws: ``ONNXError`` if the model is malformed or cannot be run, `IOError` if the file cannot be read.
    public convenience init(_ path: String) throws {
        let mapped = try MappedFile(path)
        try self.init(
            ByteSlice(mapped.bytes, owner: mapped), file: path, external: ExternalData(besideModel: path))
    }

    /// Reads a model from the bytes of a file. External data files are an error.
    ///
    /// - Parameters:
    ///   - bytes: the contents of the file.
    ///   - name: the name of the model in errors. Default: "model".
    public convenience init(bytes: [UInt8], name: String = "model") throws {
        try self.init(ByteSlice(bytes), file: name, external: nil)
    }

    package init(_ source: ByteSlice, file: String, external: ExternalData?) throws {
        let model = try ModelProto(source, file: file)
        guard let graph = model.graph else {
            throw ONNXError(.malformed, file: file, "the file has no graph", expected: "a model in the format of ONNX")
        }
        if graph.nodes.isEmpty && graph.outputs.isEmpty {
            throw ONNXError(.malformed, file: file, "the graph is empty", expected: "a model with nodes and outputs")
        }
        let state = try State(graph, file: file, external: external)
        program = try ProgramBuilder(model, file: file, external: external)
            .build(graph, keep: { state.names.contains($0.name) })
        weights = NamedTensors(state.parameters)
        constants = NamedTensors(state.buffers)
        stateEntries = state.stateEntries
        let defaults = Set(graph.initializers.map(\.name))
        inputs = graph.inputs.map { Description($0, hasDefault: defaults.contains($0.name)) }
            // The first versions of the format list every initialiser as an input.
            .filter { !state.names.contains($0.name) || model.irVersion >= 4 }
        outputs = graph.outputs.map { Description($0, hasDefault: false) }
        var versions: [String: Int] = [:]
        for (domain, version) in ProgramBuilder.versions(model.opsetImports) {
            versions[domain.isEmpty ? "ai.onnx" : domain] = version
        }
        opsets = versions
        producer = model.producerName + (model.producerVersion.isEmpty ? "" : " " + model.producerVersion)
        metadata = Dictionary(model.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        operatorCounts = Dictionary(
            graph.nodes.map { (OperatorTable.key(OperatorTable.canonical($0.domain), $0.opType), 1) },
            uniquingKeysWith: +)
        super.init()
        eval()
    }

    public override var extraDescription: String {
        inputs.map(\.description).joined(separator: ", ") + " -> " + outputs.map(\.description).joined(separator: ", ")
    }

    // MARK: - Running

    /// Returns the first output, with gradients, for inputs by name. A wrong call is an error, as for an operation.
    public func callAsFunction(_ inputs: [String: Tensor]) -> Tensor {
        guard let first = outputs.first else {
            return fail(TensorError(.value, in: "ONNXModel", "the model has no outputs"))
        }
        do {
            let results = try scope { try evaluate(inputs.mapValues { ONNXValue($0) }, outputs: [first.name]) }
            if let tensor = results[first.name]?.tensor { return tensor }
            return fail(
                TensorError(.value, in: "ONNXModel", "the first output is not a tensor", fix: "call run(values:)"))
        } catch let error as ONNXError {
            return fail(TensorError(.value, in: "ONNXModel", error.description))
        } catch {
            return fail(TensorError(.value, in: "ONNXModel", "\(error)"))
        }
    }

    /// Returns the first output of a model with one input.
    public func forward(_ x: Tensor) -> Tensor {
        let needed = inputs.filter { !$0.hasDefault }
        guard needed.count == 1 || (needed.isEmpty && inputs.count == 1) else {
            return fail(
                TensorError(
                    .value, in: "ONNXModel", "the model has \(quantity(needed.count, "input"))",
                    got: "1 tensor", fix: "pass the inputs by name: model([\"\(inputs.first?.name ?? "x")\": x, ...])"))
        }
        return self([(needed.first ?? inputs[0]).name: x])
    }

    /// Runs the model without recording gradients. Intermediate values are freed after their last use.
    ///
    /// - Parameters:
    ///   - inputs: the inputs by name, with the dtypes of the file.
    ///   - outputs: the names of the outputs to return. Default: nil, all outputs.
    /// - Returns: the numeric tensor outputs, by name.
    /// - Throws: ``ONNXError`` with the node that failed.
    public func run(_ inputs: [String: Tensor], outputs: [String]? = nil) throws -> [String: Tensor] {
        try run(values: inputs.mapValues { ONNXValue($0) }, outputs: outputs).compactMapValues(\.tensor)
    }

    /// Runs the model on values of any kind; see ``run(_:outputs:)``.
    public func run(values inputs: [String: ONNXValue], outputs: [String]? = nil) throws -> [String: ONNXValue] {
        try noGrad { try evaluate(inputs, outputs: outputs) }
    }

    /// Runs the model and reports the duration of every node, in the order of execution.
    package func run(
        values inputs: [String: ONNXValue], observing observer: @escaping (String, String, Duration) -> Void
    ) throws -> [String: ONNXValue] {
        try noGrad {
            let execution = Execution(program)
            execution.observer = { observer($0.name, $0.opType, $1) }
            return try evaluate(inputs, outputs: nil, execution)
        }
    }

    private func evaluate(
        _ values: [String: ONNXValue], outputs names: [String]?, _ execution: Execution? = nil
    ) throws -> [String: ONNXValue] {
        let checkedValues = try InputCheck(file: program.file).check(values, inputs)
        if let unknown = names?.first(where: { name in !outputs.contains { $0.name == name } }) {
            throw ONNXError(
                .failed, file: program.file, "the model has no output \(quoted(unknown))",
                expected: outputs.prefix(20).map(\.name).joined(separator: ", "))
        }
        let (weights, constants) = (weights.elements, constants.elements)
        let state: [ONNXValue] = stateEntries.map { entry in
            let tensor = entry.isParameter ? weights[entry.index].tensor : constants[entry.index].tensor
            return .tensor(
                entry.type.isExact || tensor.dtype != entry.type.dtype
                    ? ONNXTensor(tensor) : ONNXTensor(tensor, entry.type))
        }
        return try (execution ?? Execution(program)).run(
            checkedValues, state: state, outputs: names.map { Set($0) })
    }
}
