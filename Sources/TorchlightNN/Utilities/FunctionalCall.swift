import TorchlightCore

/// Calls a module with its parameters and buffers replaced by other tensors, as `torch.func.functional_call`.
///
///     let output = functionalCall(model, ["fc.weight": w, "fc.bias": b]) { $0(x) }
///
/// The tensors may be results of operations: gradients flow to what they were computed from. The module has its own tensors
/// again when the call ends. It must not be used from another thread meanwhile.
///
/// - Parameters:
///   - module: The module.
///   - tensors: The tensors by their names in the state dictionary. Parameters and buffers that are not named keep their
///     values. An unknown name is an error.
///   - tieWeights: Whether a tensor that the module holds under several names is replaced everywhere if one of the names is
///     given. Default: true.
///   - strict: Whether every parameter and buffer must be given. Default: false.
///   - body: Calls the module and returns its result.
public func functionalCall<M: Module, Result>(
    _ module: M, _ tensors: [String: Tensor], tieWeights: Bool = true, strict: Bool = false,
    body: (M) throws -> Result
) rethrows -> Result {
    let tensorProperties = tensorProperties(of: module)
    if let error = namesError(tensors, tensorProperties, strict) {
        reportFailure(error)
        return try body(module)
    }
    var tied: [ObjectIdentifier: Tensor] = [:]
    if tieWeights {
        for entry in tensorProperties {
            if let tensor = tensors[entry.name] { tied[ObjectIdentifier(entry.tensor)] = tensor }
        }
    }
    let replaced = tensorProperties.filter { entry in
        guard let tensor = tensors[entry.name] ?? tied[ObjectIdentifier(entry.tensor)] else { return false }
        entry.property?.set(tensor)
        return true
    }
    defer { for entry in replaced { entry.property?.set(entry.tensor) } }
    return try body(module)
}

/// Calls a layer with its parameters and buffers replaced by other tensors; see
/// ``functionalCall(_:_:tieWeights:strict:body:)``.
public func functionalCall(
    _ module: some Layer, _ tensors: [String: Tensor], _ input: Tensor, tieWeights: Bool = true, strict: Bool = false
) -> Tensor {
    functionalCall(module, tensors, tieWeights: tieWeights, strict: strict) { $0(input) }
}

/// A parameter or buffer of a module, and where it is stored.
private struct NamedTensorProperty {
    let name: String
    let tensor: Tensor
    /// Nil where it cannot be replaced.
    let property: TensorProperty?
}

private func tensorProperties(of module: Module) -> [NamedTensorProperty] {
    module.namedModules().flatMap { path, inner in
        let contents = inner.currentContents
        let tensors = contents.parameters + contents.buffers.map { ($0.name, $0.tensor) }
        return tensors.map { name, tensor in
            var property = TensorProperty(name, of: inner)
            // The original and the mask of a pruned parameter are properties of its parametrisation.
            if property == nil { property = inner.prunedProperty(name) }
            return NamedTensorProperty(
                name: path.isEmpty ? name : "\(path).\(name)", tensor: tensor, property: property)
        }
    }
}

private func namesError(_ tensors: [String: Tensor], _ tensorProperties: [NamedTensorProperty], _ strict: Bool)
    -> TensorError?
{
    let known = Set(tensorProperties.map(\.name))
    let unexpected = tensors.keys.filter { !known.contains($0) }.sorted()
    let missing = strict ? known.subtracting(tensors.keys).sorted() : []
    if !unexpected.isEmpty || !missing.isEmpty {
        return TensorError(
            .value, in: "functionalCall", "the names are not those of the module",
            got: "unexpected \(unexpected), missing \(missing)", expected: "names of parameters and buffers")
    }
    let fixed = tensorProperties.filter { $0.property == nil && tensors[$0.name] != nil }.map(\.name)
    guard !fixed.isEmpty else { return nil }
    return TensorError(
        .unsupported, in: "functionalCall", "a tensor is stored where it cannot be replaced", got: "\(fixed)",
        expected: "tensors that are properties of modules, or elements of arrays or dictionaries of tensors")
}
