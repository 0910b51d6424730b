import CKernels

// The dispatcher, which every operation goes through: check and infer, allocate, run the kernel, record.
//
// Nothing here is generic over the primitive: one copy of these functions that dispatches dynamically compiles a hundred
// times faster than a copy for each of a hundred primitives, and the call costs a few nanoseconds.

/// Runs a primitive with one result.
package func apply(_ primitive: any Primitive, _ a: Tensor) -> Tensor {
    applyFirst(primitive, Few(a))
}

package func apply(_ primitive: any Primitive, _ a: Tensor, _ b: Tensor) -> Tensor {
    applyFirst(primitive, Few(a, b))
}

package func apply(_ primitive: any Primitive, _ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor {
    applyFirst(primitive, Few(a, b, c))
}

/// Runs an element-wise primitive of two operands. Dense operands of one shape and dtype on the CPU, which most calls
/// have, skip the general steps of `perform`.
package func apply(_ primitive: any BinaryPrimitive, _ a: Tensor, _ b: Tensor) -> Tensor {
    let state = threadState
    guard a.dtype == b.dtype, a.layout.isContiguous, b.layout.isContiguous, a.layout.shape == b.layout.shape,
        !a.isPlaceholder, !b.isPlaceholder, !a.isWrappedScalar, a.device.kind == .cpu, b.device.kind == .cpu,
        a.dtype.isComputedDirectly, state.pointee.anomaly == 0, state.pointee.recording == 0
    else { return applyFirst(primitive, Few(a, b)) }
    let (kernel, domain) = primitive.rule
    let dtype: DType
    switch domain {
    case .any, .number: dtype = a.dtype
    case .predicate: dtype = .bool
    case .floatingPoint where a.dtype.isFloatingPoint: dtype = a.dtype
    default: return applyFirst(primitive, Few(a, b))
    }
    let out: Tensor
    do {
        let layout = a.layout.offset == 0 ? a.layout : Layout(shape: a.layout.shape)
        out = Tensor(
            storage: try Storage(byteCount: layout.count &* dtype.byteSize, device: .cpu), layout: layout, dtype: dtype)
    } catch { return fail(error, like: a) }
    state.pointee.kernels &+= 1
    runContiguousBinary(kernel, a, b, out)
    guard state.pointee.grad_disabled == 0 else { return out }
    var needs = Needs()
    if a.requiresGrad { needs[0] = true }
    if b.requiresGrad { needs[1] = true }
    if needs.any {
        switch primitive.differentiability {
        case .differentiable:
            let node = Node(rule: primitive, name: primitive.publicName, inputCount: 2, outputCount: 1)
            node.setInput(0, a, needs: needs[0])
            node.setInput(1, b, needs: needs[1])
            node.setOutput(0, out)
            let saved = primitive.saved(for: needs)
            if !saved.isEmpty { node.save(saved, inputs: Few(a, b), outputs: Few(out)) }
            out.node = node
            out.requiresGradFlag = true
        case .constant: break
        case .unavailable, .throughDecomposition: return applyFirst(primitive, Few(a, b))
        }
    }
    return out
}

/// The first result of a primitive.
package func applyFirst(_ primitive: any Primitive, _ inputs: Few<Tensor>) -> Tensor {
    do { return try perform(primitive, inputs)[0] } catch { return fail(error, like: inputs.first) }
}

/// All results of a primitive; `count` says how many placeholders a failure yields.
package func applyAll(_ primitive: any Primitive, _ inputs: Few<Tensor>, count: Int) -> Few<Tensor> {
    do {
        let outputs = try perform(primitive, inputs)
        // An input that is a placeholder gives one placeholder back.
        return outputs.count == count ? outputs : Few(repeating: outputs[0], count: count)
    } catch {
        return Few(repeating: fail(error, like: inputs.first), count: count)
    }
}

/// Runs a primitive: the results, or the error that `apply` turns into a trap.
///
/// Where `destinations` has a tensor for a result, the result is written to its memory and has no history; other results have new
/// memory.
package func perform(
    _ primitive: any Primitive, _ inputs: Few<Tensor>, into destinations: Few<Tensor?> = Few()
) throws(TensorError) -> Few<Tensor> {
    if isAutocasting { return try performAutocast(primitive, inputs, into: destinations) }
    var needs = Needs()
    var hasComplex = false
    var isRowMajor = true
    for i in 0..<inputs.count {
        let input = inputs[i]
        if input.isPlaceholder { return Few(input) }
        if input.requiresGrad { needs[i] = true }
        if !input.layout.isContiguous { isRowMajor = false }
        if input.dtype.isComplex { hasComplex = true }
    }
    let specs = try primitive.infer(Specs(of: inputs))
    if hasComplex { try checkSupportsComplex(primitive, Specs(of: inputs)) }
    let device = try resultDevice(of: primitive, inputs)
    if needs.any {
        if threadState.pointee.grad_disabled > 0 {
            needs = Needs()
        } else {
            try checkDifferentiable(primitive, inputs)
            if case .throughDecomposition = primitive.differentiability, destinations.isEmpty,
                let results = try primitive.decomposed(inputs)
            {
                return results
            }
        }
    }
    if device.hasValues { try validate(primitive, inputs) }
    var outputs = Few<Tensor>()
    for i in 0..<specs.count {
        if i < destinations.count, let destination = destinations[i] {
            outputs.append(destination)
            continue
        }
        let spec = specs[i], shape = spec.shape
        if spec.dtype.isComplex { try checkSupportsComplex(primitive, Specs(of: inputs)) }
        try checkRank(shape.count, in: primitive.publicName)
        let layout =
            isRowMajor ? Layout(shape: shape) : primitive.resultLayout(of: Specs(of: inputs), shape: shape)
        outputs.append(try Tensor(empty: layout, dtype: spec.dtype, device: device))
    }
    if !destinations.isEmpty && threadState.pointee.recording > 0 { recordChange(of: destinations.compactMap { $0 }) }
    if device.hasValues {
        try execute(
            primitive, isRowMajor ? inputs : try withAcceptedLayouts(inputs, of: primitive), into: outputs, on: device)
    }
    for destination in destinations { destination?.storage.bumpVersion(by: primitive.publicName) }
    if threadState.pointee.anomaly > 0 {
        try withoutRecording { () throws(TensorError) in try checkForward(primitive.publicName, inputs, outputs) }
    }
    if needs.any, destinations.isEmpty, case .differentiable = primitive.differentiability {
        record(primitive, inputs, outputs, needs)
    }
    if threadState.pointee.recording > 0 { recordCall(primitive, inputs, outputs, .newMemory) }
    return outputs
}

/// Refuses complex operands or results of a primitive that has no meaning, or no kernel, for them.
@inline(never)
func checkSupportsComplex(_ primitive: any Primitive, _ operands: Specs) throws(TensorError) {
    if type(of: primitive).supportsComplex { return }
    throw TensorError(
        .dtype, in: primitive.publicName, "complex numbers are not supported", expected: "real numbers",
        fix: "use x.abs(), x.real or x.viewAsReal()", operands: Array(operands))
}

/// Refuses a primitive without a derivative, for calls with an input that requires a gradient.
func checkDifferentiable(_ primitive: any Primitive, _ inputs: Few<Tensor>) throws(TensorError) {
    guard case .unavailable(let reason) = primitive.differentiability else { return }
    throw TensorError(
        .autograd, in: primitive.publicName, "it has no derivative and an input requires a gradient: \(reason)",
        fix: "use it under noGrad { } or on x.detach()", operands: Array(inputs))
}

/// Checks values before a call. What the check computes and reads is not recorded: it is part of the call.
@inline(__always)
func validate(_ primitive: any Primitive, _ inputs: Few<Tensor>) throws(TensorError) {
    if threadState.pointee.recording == 0 { return try primitive.validate(inputs) }
    try withoutRecording { () throws(TensorError) in try primitive.validate(inputs) }
}

/// Runs the kernels of a primitive on a device that has values.
func execute(
    _ primitive: any Primitive, _ inputs: Few<Tensor>, into outputs: Few<Tensor>, on device: Device
) throws(TensorError) {
    let state = threadState
    state.pointee.kernels &+= 1
    if isEmpty(outputs) { return }
    let recording = state.pointee.recording
    state.pointee.recording = 0
    defer { state.pointee.recording = recording }
    let failures = tl_scratch_failures()
    if device == .cpu {
        try primitive.run(inputs, into: outputs)
        return try checkScratch(since: failures, in: primitive.publicName, operands: inputs)
    }
    do {
        try primitive.run(inputs, into: outputs)
    } catch {
        // The status of a kernel that the device does not have says less than that it has none.
        throw takeMissingKernel(in: primitive.publicName, operands: inputs) ?? error
    }
    if let missing = takeMissingKernel(in: primitive.publicName, operands: inputs) { throw missing }
    try checkScratch(since: failures, in: primitive.publicName, operands: inputs)
}

/// Whether no result has an element. Then no kernel runs: it could loop over the other sizes, such as those of a batch of empty matrices,
/// which may be large.
@inline(__always)
private func isEmpty(_ outputs: Few<Tensor>) -> Bool {
    for i in 0..<outputs.count where outputs[i].layout.count != 0 { return false }
    return true
}

/// The operands as the primitive reads them: row-major copies of those in a layout that it does not accept.
func withAcceptedLayouts(_ inputs: Few<Tensor>, of primitive: any Primitive) throws(TensorError) -> Few<Tensor> {
    var operands = inputs
    for i in 0..<inputs.count where !inputs[i].layout.isContiguous {
        if !primitive.accepts(inputs[i].layout, ofOperand: i) {
            operands[i] = try withoutRecording { () throws(TensorError) in try inputs[i].copied() }
        }
    }
    return operands
}

/// The descriptions of the results of a call on operands that are described: what `perform` would give, without memory.
package func inferResults(
    of primitive: any Primitive, _ inputs: Specs
) throws(TensorError) -> [TensorSpec] {
    let isRowMajor = inputs.allSatisfy(\.layout.isContiguous)
    let device = try resultDevice(of: primitive, inputs)
    var results: [TensorSpec] = []
    let specs = try primitive.infer(inputs)
    for input in inputs where input.dtype.isComplex { try checkSupportsComplex(primitive, inputs) }
    for spec in specs {
        if spec.dtype.isComplex { try checkSupportsComplex(primitive, inputs) }
        try checkRank(spec.shape.count, in: primitive.publicName)
        try checkShape(spec.shape, in: "allocate", .outOfMemory)
        let layout = isRowMajor ? Layout(shape: spec.shape) : primitive.resultLayout(of: inputs, shape: spec.shape)
        results.append(TensorSpec(layout, spec.dtype, device: device))
    }
    if let view = primitive as? any ViewPrimitive {
        results[0].layout = try view.view(of: inputs[0])
        try checkShape(results[0].layout.shape, in: primitive.publicName)
    }
    return results
}

/// Runs a view primitive: another layout of the same storage.
package func applyView(_ primitive: any ViewPrimitive, _ input: Tensor) -> Tensor {
    if input.isPlaceholder { return input }
    let layout: Layout
    do throws(TensorError) {
        layout = try primitive.view(of: TensorSpec(input))
        try checkShape(layout.shape, in: primitive.publicName)
    } catch { return fail(error, like: input) }
    let dtype = primitive.viewType(of: input.dtype)
    let view = Tensor(storage: input.storage, layout: layout, dtype: dtype, base: input.baseOfNewView)
    view.historyStamp = view.historyOwner.historyStamp
    if threadState.pointee.grad_disabled == 0 && input.requiresGrad && input.dtype.isDifferentiable {
        record(primitive, Few(input), Few(view), Needs(all: 1))
    }
    if threadState.pointee.recording > 0 { recordCall(primitive, Few(input), Few(view), .view) }
    return view
}

/// Records the operation in the computation graph of its outputs.
func record(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ needs: Needs) {
    let node = Node(rule: primitive, name: primitive.publicName, inputs: inputs, needs: needs, outputs: outputs)
    node.save(primitive.saved(for: needs), inputs: inputs, outputs: outputs)
    for i in 0..<outputs.count {
        let output = outputs[i]
        guard output.dtype.isDifferentiable else { continue }
        output.node = node
        output.outputIndex = i
        output.requiresGradFlag = true
    }
}
