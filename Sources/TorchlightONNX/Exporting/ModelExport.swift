import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The options of `exportONNX`.
struct ExportRequest {
    var path: String
    var opset: Int
    var dynamic: DynamicDimensions
    var inputNames: [String]?
    var outputNames: [String]?
    var metadata: [String: String]
    var externalData: Bool
    var verify: Bool

    static let opsets = 13...23

    func failure(_ problem: String, expected rule: String = "", _ kind: ONNXError.Kind = .invalid) -> ONNXError {
        ONNXError(kind, file: path, problem, expected: rule)
    }
}

/// Translates a recorded function to an ONNX model.
struct ModelExport {
    private let request: ExportRequest
    private let program: ExportProgram
    private let builder: ExportBuilder
    let inputNames: [String]
    let outputNames: [String]

    /// - Parameters:
    ///   - parameters: the parameters and buffers by name.
    init(
        _ request: ExportRequest, _ examples: ExportSlots, parameters: [(name: String, tensor: Tensor)],
        _ body: ([Tensor]) throws -> ExportSlots
    ) throws {
        self.request = request
        let tensors = examples.tensors
        inputNames = request.inputNames ?? examples.names("input")
        guard inputNames.count == tensors.count else {
            throw Problem(
                "got \(quantity(tensors.count, "example")) and \(quantity(inputNames.count, "input name"))",
                expected: "a name for each example", kind: .invalid)
        }
        let specs = tensors.map { TensorSpec(Layout(shape: $0.layout.shape), $0.dtype) }
        let dynamic = try Self.dynamic(request, zip(inputNames, tensors).map { ($0, $1.shape) })
        var defaultNames: [String] = []
        program = try ExportProgram(specs, dynamic.sizes, dynamic.indices, opset: request.opset) { arguments in
            let results = try body(arguments)
            defaultNames = results.names("output")
            return results.tensors
        }
        outputNames = request.outputNames ?? defaultNames
        guard outputNames.count == defaultNames.count else {
            throw Problem(
                "the function has \(quantity(defaultNames.count, "result"))",
                expected: "\(outputNames.count), one for each output name",
                kind: .invalid)
        }
        let reserved = inputNames + outputNames
        guard Set(reserved).count == reserved.count, !reserved.contains("") else {
            throw Problem(
                "names of inputs and outputs are empty or equal: " + reserved.map(quoted).joined(separator: ", "),
                expected: "different names", kind: .invalid)
        }
        builder = ExportBuilder(
            program, opset: request.opset, parameters: ParameterNames(parameters), reserved: reserved)
    }

    /// The dynamic sizes of the inputs.
    private static func dynamic(
        _ request: ExportRequest, _ inputs: [(name: String, shape: [Int])]
    ) throws(Problem) -> (sizes: [(name: String, range: ClosedRange<Int>?, example: Int)], indices: [[Int?]]) {
        do throws(TensorError) { return try request.dynamic.resolved(for: inputs, in: "exportONNX") } catch {
            let rule = [error.expected, error.fix].compactMap { $0 }.joined(separator: "; ")
            throw Problem(
                error.problem + (error.got.map { ", got \($0)" } ?? ""), expected: rule, kind: .invalid)
        }
    }

    func model() throws -> ModelProto {
        for (value, name) in zip(program.first.arguments, inputNames) { builder.setName(name, of: value) }
        try translate()
        var graph = GraphProto()
        graph.name = "main"
        graph.inputs = zip(program.first.arguments, inputNames).map { builder.info($0, $1) }
        for (value, name) in zip(program.first.results, outputNames) {
            builder.rename(try builder.name(of: value), to: name)
            graph.outputs.append(builder.info(value, name))
        }
        builder.removeUnused(outputs: outputNames)
        graph.nodes = builder.nodes
        graph.initializers = builder.initializers
        graph.valueInfos = builder.valueInfos
        var model = ModelProto()
        model.irVersion = Self.irVersion(of: request.opset)
        model.producerName = "Torchlight"
        model.graph = graph
        model.opsetImports = [OperatorSetProto(domain: "", version: request.opset)]
        model.metadata = request.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return model
    }

    /// The largest accepted difference of the results of the file, relative to the largest element.
    func tolerance(_ dtype: DType) -> Double {
        switch dtype {
        case _ where builder.roundsLess: 5e-2
        case .float64: 1e-10
        case .float16: 1e-2
        case .bfloat16: 5e-2
        default: 1e-4
        }
    }

    /// The file format version that belongs to an operator set version.
    private static func irVersion(of opset: Int) -> Int {
        switch opset {
        case ...14: 7
        case ...18: 8
        case ...20: 9
        case ...22: 10
        default: 11
        }
    }

    /// Translates all instructions. One error names all that cannot be translated.
    private func translate() throws {
        let trace = program.first
        for value in trace.values {
            guard case .constant(let tensor) = value.origin, !tensor.device.hasValues else { continue }
            let what = builder.parameterName(of: tensor).map { "the parameter \(quoted($0))" } ?? "a tensor"
            throw Problem(
                "\(what) is on \(tensor.device), which has no elements",
                expected: "parameters with elements, as on .cpu",
                kind: .invalid)
        }
        var uses = [Int](repeating: 0, count: trace.values.count)
        for instruction in trace.instructions { for operand in instruction.operands { uses[operand] += 1 } }
        for result in trace.results { uses[result] += 1 }
        var failures: [String] = []
        for (i, instruction) in trace.instructions.enumerated() {
            builder.modulePath = instruction.modulePath
            let primitives = program.traces.map { $0.instructions[i].primitive }
            if fold(instruction, primitives) { continue }
            let call = ExportCall(
                builder: builder, primitives: primitives, operands: instruction.operands,
                results: instruction.results, isUsed: instruction.results.map { uses[$0] > 0 },
                widens: !Self.movesElements(instruction.primitive))
            do {
                for (value, name) in zip(instruction.results, try results(of: call)) where !name.isEmpty {
                    builder.setName(name, of: value)
                    builder.describe(value)
                }
            } catch {
                let name = instruction.primitive.publicName
                let reason = (error as? Problem).map(Self.text) ?? "\(error)"
                let text = instruction.modulePath.map { "\($0): \(name)" } ?? name
                failures.append(reason.isEmpty ? text : "\(text) (\(reason))")
                // The remaining instructions are translated too, so that the error names all failures.
                for value in instruction.results { builder.setName("unknown", of: value) }
            }
        }
        builder.modulePath = nil
        if failures.isEmpty { return }
        var seen: Set<String> = []
        let distinct = failures.filter { seen.insert($0).inserted }
        throw Problem(
            "\(quantity(distinct.count, "operation")) cannot be exported with opset \(request.opset): "
                + distinct.joined(separator: "; "),
            expected: "operations that the operators of the standard compute", kind: .unsupported)
    }

    /// Whether an operation only moves elements, which implementations support for every type.
    private static func movesElements(_ primitive: any Primitive) -> Bool {
        primitive is View || primitive is Permute || primitive is Squeeze || primitive is Unsqueeze || primitive is Cast
            || primitive is ToDevice
    }

    private static func text(_ problem: Problem) -> String {
        problem.text + (problem.rule.isEmpty ? "" : "; expected \(problem.rule)")
    }

    private func results(of call: ExportCall) throws -> [String] {
        let primitive = call.primitives[0]
        if call.operands.contains(where: builder.isKey) {
            throw Problem("it draws random numbers", kind: .unsupported)
        }
        guard let translation = Translations.standard[primitive], translation.applies(primitive, request.opset) else {
            throw Problem("", kind: .unsupported)
        }
        let first = AnyHashable(primitive)
        if !translation.hasSizes, call.primitives.dropFirst().contains(where: { AnyHashable($0) != first }) {
            throw Problem("its attributes depend on the dynamic sizes", kind: .unsupported)
        }
        for index in 0..<call.count where call.dtype(index).isComplex {
            throw Problem("complex numbers have no operators", kind: .unsupported)
        }
        if call.out.isComplex { throw Problem("complex numbers have no operators", kind: .unsupported) }
        return call.rounded(try translation.run(call, primitive))
    }

    /// Computes an operation on constants during the export; returns whether it did.
    private func fold(_ instruction: ExportTrace.Instruction, _ primitives: [any Primitive]) -> Bool {
        var operands = Few<Tensor>()
        for operand in instruction.operands {
            guard let tensor = builder.tensor(of: operand) else { return false }
            operands.append(tensor)
        }
        let first = AnyHashable(primitives[0])
        guard primitives.allSatisfy({ AnyHashable($0) == first }) else { return false }
        // Results that are much larger than their operands are not folded, as they would enlarge the file.
        let sizes = instruction.results.map { program.shape(of: $0).compactMap(\.fixed).reduce(1, *|) }
        let limit = Swift.max(operands.reduce(0) { $0 +| $1.count }, 1 << 16)
        guard sizes.reduce(0, +|) <= limit else { return false }
        var primitive = primitives[0]
        if primitive is ToDevice {
            builder.setTensor(operands[0], of: instruction.results[0])
            return true
        }
        if var creation = primitive as? any CreationPrimitive {
            creation.device = .cpu
            primitive = creation
        }
        guard let results = try? checked({ try noGrad { try perform(primitive, operands) } }) else { return false }
        for (value, tensor) in zip(instruction.results, results) { builder.setTensor(tensor, of: value) }
        return true
    }
}
