import CKernels

// The one road that every operation takes: check and infer, allocate, run the backend's kernel, record.
//
// Nothing here is generic over the primitive: one copy of the road that dispatches dynamically compiles a hundred
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

/// Runs an element-wise primitive of two operands. What most calls are, dense operands of one shape and dtype, takes a
/// shorter road to the same end.
package func apply(_ primitive: any BinaryPrimitive, _ a: Tensor, _ b: Tensor) -> Tensor {
    let state = threadState
    guard a.dtype == b.dtype, a.layout.isContiguous, b.layout.isContiguous, a.layout.shape == b.layout.shape,
        !a.isPlaceholder, !b.isPlaceholder, !a.isWrappedScalar, a.device == .cpu, b.device == .cpu,
        a.dtype == a.dtype.computeType, state.pointee.anomaly == 0
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
    tl_binary_contiguous(
        Int32(truncatingIfNeeded: kernel.rawValue), a.dtype.rawValue, a.data, b.data, out.data, dtype.rawValue,
        Int64(out.count))
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
        case .unavailable: return applyFirst(primitive, Few(a, b))
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
/// A result that has its place, memory that is there already, is written there, without a history; the others get new.
package func perform(
    _ primitive: any Primitive, _ inputs: Few<Tensor>, into places: Few<Tensor?> = Few()
) throws(TensorError) -> Few<Tensor> {
    if isAutocasting { return try performAutocast(primitive, inputs, into: places) }
    var needs = Needs()
    var liesRowByRow = true
    for i in 0..<inputs.count {
        if inputs[i].isPlaceholder { return Few(inputs[i]) }
        if inputs[i].requiresGrad { needs[i] = true }
        if !inputs[i].layout.isContiguous { liesRowByRow = false }
    }
    let specs = try primitive.output(of: inputs)
    let device = try commonDevice(of: inputs, in: primitive.publicName)
    if needs.any {
        if threadState.pointee.grad_disabled > 0 {
            needs = Needs()
        } else if case .unavailable(let reason) = primitive.differentiability {
            throw TensorError(
                .autograd, in: primitive.publicName,
                "it has no derivative and an input requires a gradient: \(reason)",
                fix: "use it under noGrad { } or on x.detach()", operands: Array(inputs))
        }
    }
    var outputs = Few<Tensor>()
    for i in 0..<specs.count {
        if i < places.count, let place = places[i] {
            outputs.append(place)
            continue
        }
        let shape = specs[i].shape
        try checkRank(shape.count, in: primitive.publicName)
        let layout = liesRowByRow ? Layout(shape: shape) : primitive.arrangement(of: inputs, shape: shape)
        outputs.append(try Tensor(empty: layout, dtype: specs[i].dtype, device: device))
    }
    WorkCounts.noteKernel()
    try primitive.run(inputs, into: outputs)
    for place in places { place?.storage.noteWrite(by: primitive.publicName) }
    if threadState.pointee.anomaly > 0 { try checkForward(primitive.publicName, inputs, outputs) }
    if needs.any, places.isEmpty, case .differentiable = primitive.differentiability {
        record(primitive, inputs, outputs, needs)
    }
    return outputs
}

/// Runs a view primitive: another layout of the same storage.
package func applyView(_ primitive: any ViewPrimitive, _ input: Tensor) -> Tensor {
    if input.isPlaceholder { return input }
    let layout: Layout
    do {
        layout = try primitive.view(of: input)
        try checkRank(layout.rank, in: primitive.publicName)
    } catch { return fail(error, like: input) }
    let view = Tensor(storage: input.storage, layout: layout, dtype: input.dtype, base: input.base ?? input)
    if let base = view.base { view.historyStamp = base.historyStamp }
    if threadState.pointee.grad_disabled == 0 && input.requiresGrad && input.dtype.isFloatingPoint {
        record(primitive, Few(input), Few(view), Needs(all: 1))
    }
    return view
}

/// The device that all operands share; 0-dimensional ones on the processor go anywhere.
func commonDevice(of inputs: Few<Tensor>, in operation: String) throws(TensorError) -> Device {
    guard inputs.count > 0 else { return .cpu }
    var device = inputs[0].device
    for i in 1..<max(inputs.count, 1) where inputs[i].device != device {
        if inputs[i].rank == 0 && inputs[i].device == .cpu { continue }
        guard inputs[0].rank == 0 && device == .cpu else {
            throw TensorError(
                .device, in: operation, "the operands lie on different devices", expected: "one device",
                fix: "move one with .to(\(device == .cpu ? ".cpu" : ".cuda"))", operands: Array(inputs))
        }
        device = inputs[i].device
    }
    return device
}

/// Remembers how the outputs came about.
func record(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ needs: Needs) {
    let node = Node(rule: primitive, name: primitive.publicName, inputs: inputs, needs: needs, outputs: outputs)
    node.save(primitive.saved(for: needs), inputs: inputs, outputs: outputs)
    for i in 0..<outputs.count where outputs[i].dtype.isFloatingPoint {
        outputs[i].node = node
        outputs[i].outputIndex = i
        outputs[i].requiresGradFlag = true
    }
}
