import TorchlightCore
import TorchlightIO
import TorchlightNN

/// Exports a model as an ONNX file, for ONNX Runtime and other programs.
///
///     model.eval()
///     try exportONNX(model, Tensor.randn(1, 3, 224, 224), to: "model.onnx", dynamic: ["batch"])
///
/// The forward pass is recorded on tensors without elements and translated to operators of `ai.onnx`. Parameters and
/// buffers are named by their paths in the module. Values that depend only on parameters are computed during the
/// export.
///
/// With dynamic sizes the function is recorded for several sizes; each number that differs becomes an expression in the
/// dynamic sizes. Functions that read elements of tensors on the host cannot be exported.
///
/// - Parameters:
///   - model: a model in evaluation mode.
///   - example: an example input; the input of the exported model has its shape and dtype.
///   - path: the path of the file, which is created completely or not at all.
///   - opset: the operator set version, 13 to 23. Default: 20.
///   - dynamic: the names of the dynamic sizes. A range limits the sizes for which the function is recorded; it is not
///     stored in the file. Default: no dynamic sizes.
///   - inputName: the name of the input. Default: "input".
///   - outputName: the name of the output. Default: "output".
///   - metadata: metadata properties of the model. Default: none.
///   - externalData: whether the elements of large tensors are stored in the file `PATH.data`; always if the model is
///     larger than 2 GB. Default: false.
///   - verify: whether the file is read, run on the example, and compared with the model. Default: false.
/// - Throws: ``ONNXError`` if the model is in training mode or has operations that cannot be exported, with the paths
///   of the modules of all of them; no file is written. ``ONNXError`` if verification fails; the file is kept.
///   `TensorError` if the model fails on the example or reads elements on the host. `IOError` if a file cannot be
///   written.
public func exportONNX(
    _ model: some Layer, _ example: Tensor, to path: String, opset: Int = 20, dynamic: DynamicDimensions = [],
    inputName: String = "input", outputName: String = "output", metadata: [String: String] = [:],
    externalData: Bool = false, verify: Bool = false
) throws {
    try exportONNX(
        model, example, to: path, opset: opset, dynamic: dynamic, inputNames: [inputName], outputNames: [outputName],
        metadata: metadata, externalData: externalData, verify: verify
    ) { model($0) }
}

/// Exports a function of a model as an ONNX file, for models with several inputs or outputs.
///
///     try exportONNX(
///         model, tokens, mask, to: "model.onnx", dynamic: ["batch", "sequence"], inputNames: ["tokens", "mask"]
///     ) { tokens, mask in
///         model(tokens, mask: mask)
///     }
///
/// Inputs and outputs are tensors or structures of tensors, such as arrays and dictionaries. Each of their tensors is
/// an input or output of the file, in the order of `TensorStructure/tensorSlots`.
///
/// - Parameters:
///   - model: the model, in evaluation mode; its parameters are named by their paths.
///   - example: an example of each argument.
///   - inputNames: the names of the inputs. Default: "input", or "input0", "input1", ... for several; tensors of a
///     dictionary have their keys as names.
///   - outputNames: the names of the outputs. Default: "output", or "output0", "output1", ... for several; tensors of a
///     dictionary have their keys as names.
///   - function: the function to export. It must not read elements of tensors on the host.
///   - path, opset, dynamic, metadata, externalData, verify: as for a layer.
/// - Throws: ``ONNXError``, `TensorError` and `IOError`, as for a layer, and what the function throws.
public func exportONNX<each Input: TensorStructure, Output: TensorStructure>(
    _ model: Module, _ example: repeat each Input, to path: String, opset: Int = 20, dynamic: DynamicDimensions = [],
    inputNames: [String]? = nil, outputNames: [String]? = nil, metadata: [String: String] = [:],
    externalData: Bool = false, verify: Bool = false,
    _ function: (repeat each Input) throws -> Output
) throws {
    try refuseTraining(model, path)
    let request = ExportRequest(
        path: path, opset: opset, dynamic: dynamic, inputNames: inputNames, outputNames: outputNames,
        metadata: metadata, externalData: externalData, verify: verify)
    let parameters = model.namedParameters() + model.namedBuffers()
    try writeONNX(request, ExportSlots(repeat each example), parameters) { tensors in
        var slots = tensors[...]
        return ExportSlots(try function(repeat (each example).replacingTensors(from: &slots)))
    }
}

/// Exports a function of tensors as an ONNX file. Captured tensors become initialisers.
///
///     try exportONNX(x, y, to: "distance.onnx") { x, y in (x - y).norm(dim: -1) }
///
/// - Parameters:
///   - example: an example of each argument.
///   - function: the function to export. It must not read elements of tensors on the host.
///   - path, opset, dynamic, inputNames, outputNames, metadata, externalData, verify: as for a model.
/// - Throws: ``ONNXError``, `TensorError` and `IOError`, as for a layer, and what the function throws.
public func exportONNX<each Input: TensorStructure, Output: TensorStructure>(
    _ example: repeat each Input, to path: String, opset: Int = 20, dynamic: DynamicDimensions = [],
    inputNames: [String]? = nil, outputNames: [String]? = nil, metadata: [String: String] = [:],
    externalData: Bool = false, verify: Bool = false,
    _ function: (repeat each Input) throws -> Output
) throws {
    let request = ExportRequest(
        path: path, opset: opset, dynamic: dynamic, inputNames: inputNames, outputNames: outputNames,
        metadata: metadata, externalData: externalData, verify: verify)
    try writeONNX(request, ExportSlots(repeat each example), []) { tensors in
        var slots = tensors[...]
        return ExportSlots(try function(repeat (each example).replacingTensors(from: &slots)))
    }
}

/// Throws if the model is in training mode.
private func refuseTraining(_ model: Module, _ path: String) throws {
    let training = model.namedModules().filter { $0.module.isTraining }
    guard let first = training.first else { return }
    let location = first.name.isEmpty ? "" : ", from \(quoted(first.name)) on"
    throw ONNXError(
        .invalid, file: path,
        "the model is in training mode (\(quantity(training.count, "module"))\(location)), in which dropout draws random numbers "
            + "and batch normalisation uses the statistics of the batch",
        expected: "a model in evaluation mode; call model.eval()")
}

private func writeONNX(
    _ request: ExportRequest, _ examples: ExportSlots, _ parameters: [(name: String, tensor: Tensor)],
    _ function: ([Tensor?]) throws -> ExportSlots
) throws {
    guard ExportRequest.opsets.contains(request.opset) else {
        throw request.failure(
            "opset \(request.opset) is not supported",
            expected: "\(ExportRequest.opsets.lowerBound) to \(ExportRequest.opsets.upperBound)")
    }
    let tensors = examples.tensors
    // Arguments that are nil in the example are nil in the file.
    func call(_ arguments: [Tensor]) throws -> ExportSlots { try function(examples.replacing(arguments)) }
    do {
        let export = try ModelExport(request, examples, parameters: parameters, call)
        let model = try export.model()
        try model.write(to: request.path, externalData: request.externalData)
        if request.verify {
            try compare(request, export, tensors, try noGrad { try checked { try call(tensors).tensors } })
        }
    } catch let problem as Problem {
        throw problem.located(file: request.path)
    }
}

/// Compares the written file with the results of the function on the examples.
private func compare(
    _ request: ExportRequest, _ export: ModelExport, _ examples: [Tensor], _ results: [Tensor]
) throws {
    let read = try ONNXModel(request.path)
    let used = Set(read.inputs.map(\.name))
    let inputs = zip(export.inputNames, examples).filter { used.contains($0.0) }
    let outputs = try read.run(Dictionary(uniqueKeysWithValues: inputs.map { ($0, $1.detach()) }))
    for (expected, name) in zip(results, export.outputNames) {
        guard let actual = outputs[name], actual.dtype == expected.dtype, actual.shape == expected.shape else {
            throw request.failure(
                "the output \(quoted(name)) of the file has another shape or dtype than that of the model",
                expected: "\(expected.dtype) \(expected.shape)", .failed)
        }
        if expected.count == 0 { continue }
        let tolerance = export.tolerance(expected.dtype)
        let (a, b) = (expected.to(.float64), actual.to(.float64))
        let scale = Tensor.where(a.isfinite(), a.abs(), 0.0).amax().item()
        guard a.allclose(b, rtol: tolerance, atol: tolerance * Swift.max(scale, 1), equalNan: true) else {
            throw request.failure(
                "the output \(quoted(name)) of the file differs from that of the model by up to \((a - b).abs().amax().item())",
                expected: "at most \(tolerance) of the largest element, \(scale)", .failed)
        }
    }
}
