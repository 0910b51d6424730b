// In-place operations: a primitive whose result is written over its target, with the history that autograd needs.

/// Writes the result of `primitive` over `target`, which is usually its first input. Returns the target.
///
/// The rules are PyTorch's: the shape of the target stands; a result of a higher dtype category is refused; a leaf that
/// requires a gradient may not be written while gradients are recorded; what was written through a view
/// reaches the gradient of the tensor that it is a view of; what was overwritten unread gets the gradient 0.
@discardableResult
package func applyInPlace(
    _ primitive: any Primitive, on target: Tensor, _ inputs: Few<Tensor>, name: String
) -> Tensor {
    do {
        try performInPlace(primitive, on: target, inputs, name: name)
        return target
    } catch {
        return fail(error, like: target)
    }
}

package func performInPlace(
    _ primitive: any Primitive, on target: Tensor, _ inputs: Few<Tensor>, name: String
) throws(TensorError) {
    if target.isPlaceholder { return }
    target.releaseUnreachableBase()
    var needs = Needs()
    var hasComplex = false
    for i in 0..<inputs.count {
        if inputs[i].isPlaceholder { return }
        if inputs[i].requiresGrad { needs[i] = true }
        if inputs[i].dtype.isComplex { hasComplex = true }
    }
    if threadState.pointee.grad_disabled > 0 { needs = Needs() }
    let spec = try primitive.infer(Specs(of: inputs))[0]
    if hasComplex { try checkSupportsComplex(primitive, Specs(of: inputs)) }
    let device = try resultDevice(of: primitive, inputs)
    try checkTarget(target, spec: spec, name: name, needsGradient: needs.any, operands: inputs)
    if needs.any { try checkDifferentiable(primitive, inputs) }
    if device.hasValues { try validate(primitive, inputs) }

    // Operands are searched before the target, which may be one of them, is overwritten.
    let isFirstAnomaly = threadState.pointee.anomaly > 0 && !inputs.contains(where: holdsAnomaly)

    var recorded: Node?
    // The history of a view follows from that of its base, whose node records which part was overwritten.
    let hasOldHistory = threadState.pointee.grad_disabled == 0 && target.requiresGrad && target.historyOwner === target
    if needs.any, case .differentiable = primitive.differentiability {
        var rule: any GradientRule = primitive
        var origins = inputs
        if hasOldHistory && !inputs.contains(where: { $0 === target }) {
            rule = OverwrittenHistory(written: primitive)
            needs[inputs.count] = true
            origins.append(target)
        }
        let node = Node(rule: rule, name: primitive.publicName, inputs: origins, needs: needs, outputs: Few(target))
        var kept = inputs
        let saved = primitive.saved(for: needs)
        // What is about to be overwritten is kept as a copy where the gradient reads it.
        for i in 0..<inputs.count
        where saved.contains(.input(i)) && inputs[i].storage === target.storage {
            let copy = try inputs[i].copied()
            // With the history that it has until now, for derivatives of higher order.
            copy.node = inputs[i].currentNode
            copy.outputIndex = inputs[i].outputIndex
            copy.requiresGradFlag = inputs[i].requiresGrad
            kept[i] = copy
        }
        node.save(saved.subtracting(.output(0)), inputs: kept, outputs: Few())
        recorded = node
    } else if hasOldHistory {
        recorded = Node(
            rule: OverwrittenHistory(), name: primitive.publicName, inputs: Few(target), needs: Needs(all: 1),
            outputs: Few(target))
    }

    if threadState.pointee.recording > 0 { recordChange(of: [target]) }
    // A recorded target has no elements, also where constants are written to it.
    if device.hasValues && target.device.hasValues { try executeInPlace(primitive, inputs, on: target, spec, device) }
    target.storage.bumpVersion(by: name)
    if isFirstAnomaly { try checkWritten(name, inputs, target) }
    if threadState.pointee.recording > 0 { recordCall(primitive, inputs, Few(target), .inPlace) }

    if let recorded {
        rebaseHistory(of: target, to: recorded)
        if primitive.saved(for: needs).contains(.output(0)) { recorded.saveOutput(target) }
    } else if threadState.pointee.grad_disabled == 0 && target.requiresGrad {
        // A constant was written through a view: the gradient path through this part of the base ends here.
        rebaseHistory(of: target, to: nil)
    } else if target.historyOwner.wasDetached {
        // Views with the history of before are views of new values now.
        target.historyOwner.historyStamp += 1
    }
}

/// Writes the result of a primitive, which `spec` describes, over the target.
func executeInPlace(
    _ primitive: any Primitive, _ inputs: Few<Tensor>, on target: Tensor, _ spec: ResultSpec, _ device: Device
) throws(TensorError) {
    // An operand that shares memory with the target in another layout, or whose elements are read after others
    // were written, is read from a copy.
    let updates = primitive.effects.isUpdate
    var operands = inputs
    for i in 0..<inputs.count
    where inputs[i].storage === target.storage && (inputs[i].layout != target.layout || (updates && i > 0))
        && inputs[i].layout.extent.overlaps(target.layout.extent)
    {
        operands[i] = try withoutRecording { () throws(TensorError) in try inputs[i].copied() }
    }
    operands = try withAcceptedLayouts(operands, of: primitive)
    let writesElements = updates || primitive.fusion.isPointwise || primitive.effects.isRandom
    if writesElements && (target.layout.isContiguous || primitive.acceptsResult(target.layout)) {
        try execute(primitive, operands, into: Few(target), on: device)
    } else {
        let result = try Tensor(empty: spec.shape, dtype: spec.dtype, device: target.device)
        try execute(primitive, operands, into: Few(result), on: device)
        WorkCounts.noteKernel()
        copyElements(from: result, layout: result.layout, to: target)
    }
}

extension Tensor {
    /// Writes what a composite gives over this tensor: the in-place form of an operation that is no primitive.
    package func overwrite(by name: String, _ composite: (Tensor) -> Tensor) -> Tensor {
        // What the composite keeps for its gradient must not be what is about to be overwritten.
        let recorded = requiresGrad && threadState.pointee.grad_disabled == 0
        let result = composite(recorded ? clone() : self)
        return applyInPlace(Cast(dtype: result.dtype), on: self, Few(result), name: name)
    }
}

private func checkTarget(
    _ target: Tensor, spec: ResultSpec, name: String, needsGradient: Bool, operands: Few<Tensor>
) throws(TensorError) {
    guard spec.shape == target.layout.shape else {
        throw TensorError(
            .shape, in: name, "the result has another shape than the tensor that is to hold it",
            got: "result [\(spec.shape.map(String.init).joined(separator: ", "))] for target \(target.shape)",
            expected: "operands that broadcast to the target's shape", operands: Array(operands))
    }
    guard spec.dtype.category <= target.dtype.category else {
        throw TensorError(
            .dtype, in: name, "a \(spec.dtype) result does not fit into a \(target.dtype) tensor",
            fix: "use the form without the underscore, or convert the tensor first", operands: Array(operands))
    }
    try checkWritable(target, name: name, needsGradient: needsGradient)
}

/// Whether a tensor may be written: by memory, and by what autograd needs.
func checkWritable(_ target: Tensor, name: String, needsGradient: Bool) throws(TensorError) {
    guard !target.storage.isReadOnly else {
        throw TensorError(
            .value, in: name, "the tensor lies in memory that may not be written (a mapped file or a constant)",
            fix: "write to x.clone()", operands: [target])
    }
    guard !target.layout.mayOverlap else {
        throw TensorError(
            .value, in: name, "several elements of the tensor share memory, as after expand",
            fix: "write to x.clone()", operands: [target])
    }
    try checkHistory(of: target, name: name, needsGradient: needsGradient)
}

/// Whether a tensor may change as far as autograd is concerned.
func checkHistory(of target: Tensor, name: String, needsGradient: Bool) throws(TensorError) {
    guard threadState.pointee.grad_disabled == 0 else { return }
    let base = target.historyOwner
    if !needsGradient, base !== target, !target.requiresGrad, base.requiresGrad, !base.isLeaf {
        throw TensorError(
            .autograd, in: name,
            "a view that was made under noGrad, of a tensor with a history, is changed in place outside of it, so that "
                + "the gradient of that tensor would be wrong",
            fix: "make the view where gradients are recorded, change it under noGrad { }, or work on x.clone()",
            operands: [target])
    }
    guard target.requiresGrad || needsGradient else { return }
    if target.requiresGrad && target.isLeaf {
        throw TensorError(
            .autograd, in: name, "a leaf that requires a gradient is changed in place",
            fix: "change parameters under noGrad { }, or use the form without the underscore", operands: [target])
    }
    if base !== target, base.isLeaf, base.requiresGrad {
        throw TensorError(
            .autograd, in: name, "a view of a leaf that requires a gradient is changed in place",
            fix: "change parameters under noGrad { }, or work on x.clone()", operands: [target])
    }
}

/// Makes result `output` of `node` the origin of what the tensor holds now, for its base and its other views too; nil says
/// that a constant was written through a view.
func rebaseHistory(of target: Tensor, to node: Node?, output: Int = 0) {
    let base = target.historyOwner
    guard base !== target else {
        let old = target.node
        target.node = node
        target.outputIndex = output
        target.requiresGradFlag = node != nil
        target.historyStamp += 1
        target.retainGradAgain(insteadOf: old)
        return
    }
    // base' = base with the region of the view replaced, as a node over the base's old origin and the new one.
    let written = Tensor(storage: target.storage, layout: target.layout, dtype: target.dtype)
    if let node {
        written.node = node
        written.outputIndex = output
        written.requiresGradFlag = true
    }
    let before = Tensor(storage: base.storage, layout: base.layout, dtype: base.dtype)
    before.node = base.node
    before.outputIndex = base.outputIndex
    before.requiresGradFlag = base.requiresGradFlag
    var needs = Needs()
    needs[0] = before.requiresGradFlag
    needs[1] = node != nil
    if needs.any {
        if base.dtype == target.dtype {
            base.node = Node(
                rule: ScatterView(view: target.layout, base: base.layout), name: ScatterView.name,
                inputs: Few(before, written), needs: needs, outputs: Few(base))
        } else {
            let (whole, part, result) = (
                before.realsWithHistory(), written.realsWithHistory(), base.withoutHistoryAsReals
            )
            let origin = Node(
                rule: ScatterView(view: part.layout, base: whole.layout), name: ScatterView.name,
                inputs: Few(whole, part), needs: needs, outputs: Few(result))
            base.node = base.nodeFrom(reals: result, through: origin)
        }
        base.outputIndex = 0
        base.requiresGradFlag = true
        base.retainGradAgain(insteadOf: before.node)
    }
    // The view is now a part of the rewritten base like any other: what flows through it flows through the base, where hooks
    // and retained gradients see it.
    base.historyStamp += 1
}

/// What an error advises in place of an in-place operation. The operators `+=`, `-=`, `*=` and `/=` have the names of the functions.
func formWithoutUnderscore(_ name: String) -> String {
    let operators = ["add_": "+", "sub_": "-", "mul_": "*", "div_": "/"]
    let form = "the form of \(name) without the underscore"
    return operators[name].map { "\(form) (x = x \($0) y for x \($0)= y)" } ?? form
}
