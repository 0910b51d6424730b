/// Returns the result of one of two functions, chosen by a tensor.
///
///     let y = cond(x.sum() > 0, then: { x.sqrt() }, else: { -x })
///
/// If the host can read the condition, only the chosen function runs. Inside a function that is being recorded, as by
/// `vmap`, `compile` and `export`, both run and `where` selects between their results, which must then have equal
/// shapes and dtypes. In `compile` and `export`, a function that changes tensors from outside, draws random numbers or
/// steps an optimiser is an error.
///
/// - Parameter condition: a 0-dimensional bool tensor.
public func cond<Result: TensorStructure>(
    _ condition: Tensor, then whenTrue: () -> Result, else whenFalse: () -> Result
) -> Result {
    do throws(TensorError) {
        try checkCondition(condition, in: "cond")
        if isKnown(condition) { return condition.item(Bool.self) ? whenTrue() : whenFalse() }
        let (a, b) = (branch(whenTrue), branch(whenFalse))
        return try selected(condition, a, b, in: "cond")
    } catch {
        let failed = fail(error)
        let result = whenTrue()
        return result.replacing(result.slots.tensors.map { _ in failed })
    }
}

/// Folds a function over the first dimension of tensors: step `i` gets the state and the elements `i`, and returns the
/// next state and an output.
///
///     let (total, sums) = scan({ (sum: Tensor, x: Tensor) in (sum + x, sum + x) }, Tensor(0.0), over: xs)
///
/// Returns the last state, and the outputs of all steps stacked along a new first dimension. Gradients are computed
/// through all steps.
///
/// - Parameters:
///   - body: the step. The shapes and dtypes of the state must not change.
///   - initial: the state before the first step.
///   - inputs: tensors whose dimension 0 are the steps.
///   - reverse: whether the steps run from the last to the first; outputs keep the order of the inputs. Default: false.
public func scan<State: TensorStructure, Input: TensorStructure, Output: TensorStructure>(
    _ body: (State, Input) -> (State, Output), _ initial: State, over inputs: Input, reverse: Bool = false
) -> (state: State, outputs: Output) {
    let sequences = inputs.slots.tensors
    func input(_ i: Int) -> Input { inputs.replacing(sequences.map { $0.select(0, i) }) }
    do throws(TensorError) {
        let length = try steps(of: sequences)
        var state = initial
        var outputs = [Output?](repeating: nil, count: length)
        for i in reverse ? Array((0..<length).reversed()) : Array(0..<length) {
            let (next, output) = body(state, input(i))
            try throwPendingError()
            try checkState(next.slots.tensors, state.slots.tensors, in: "scan")
            state = next
            outputs[i] = output
        }
        guard let first = outputs.first ?? nil else { return (state, try noOutputs(body, initial, inputs)) }
        let parts = outputs.map { $0!.slots.tensors }
        let stacked = parts[0].indices.map { k in stack(parts.map { $0[k] }, dim: 0) }
        return (state, first.replacing(stacked))
    } catch {
        let failed = fail(error)
        let (_, output) = body(initial, inputs.replacing(sequences.map { _ in failed }))
        return (initial, output.replacing(output.slots.tensors.map { _ in failed }))
    }
}

/// The outputs of no steps, with the shapes and dtypes of a step that is only recorded.
private func noOutputs<State: TensorStructure, Input: TensorStructure, Output: TensorStructure>(
    _ body: (State, Input) -> (State, Output), _ initial: State, _ inputs: Input
) throws(TensorError) -> Output {
    let states = initial.slots.tensors
    let sequences = inputs.slots.tensors
    var output: Output?
    let specs =
        states.map { TensorSpec(Layout(shape: $0.layout.shape), $0.dtype, device: $0.device) }
        + sequences.map { TensorSpec(Layout(shape: Dims(Array($0.shape.dropFirst()))), $0.dtype, device: $0.device) }
    let graph = try GraphRecorder.record(
        "scan", specs, needGradients: specs.map { _ in false }, randomness: .same
    ) { tensors in
        let (_, result) = body(
            initial.replacing(Array(tensors[..<states.count])), inputs.replacing(Array(tensors[states.count...])))
        output = result
        return result.slots.tensors
    }
    var empty: [Tensor] = []
    for result in graph.results {
        let spec = graph.values[result.value].spec
        let device = spec.device.represented ?? spec.device
        empty.append(try .filled(0, shape: spec.layout.shape.batch(of: 0), dtype: spec.dtype, device: device))
    }
    return output!.replacing(empty)
}

/// Repeats a function of a state while a condition is true.
///
///     let x = whileLoop({ x in (x * x - 2).abs() > 1e-12 }, { x in (x + 2 / x) / 2 }, Tensor(1.0, dtype: .float64))
///
/// Gradients are computed through the steps that ran.
///
/// - Parameters:
///   - condition: returns a 0-dimensional bool tensor for a state.
///   - body: returns the next state, of the same shapes and dtypes.
///   - initial: the state before the first step.
///   - maximumSteps: the largest number of steps. Required inside a function that is being recorded, as by `vmap`,
///     `compile` and `export`: that many steps are recorded, and steps after the condition is false keep the state. The
///     functions must then not change tensors from outside. Default: no limit.
public func whileLoop<State: TensorStructure>(
    _ condition: (State) -> Tensor, _ body: (State) -> State, _ initial: State, maximumSteps: Int? = nil
) -> State {
    do throws(TensorError) {
        var state = initial
        var step = 0
        while step < maximumSteps ?? .max {
            let goesOn = condition(state)
            try checkCondition(goesOn, in: "whileLoop")
            if isKnown(goesOn) {
                if !goesOn.item(Bool.self) { break }
                let next = body(state)
                try throwPendingError()
                try checkState(next.slots.tensors, state.slots.tensors, in: "whileLoop")
                state = next
            } else {
                guard maximumSteps != nil else {
                    throw TensorError(
                        .value, in: "whileLoop", "the number of steps depends on elements of a recorded tensor",
                        got: "a condition of a recorded function", expected: "maximumSteps",
                        fix: "pass maximumSteps:, or use scan", operands: [goesOn])
                }
                let current = state
                state = try selected(goesOn, branch { body(current) }, current, in: "whileLoop")
            }
            step += 1
        }
        return state
    } catch {
        let failed = fail(error)
        return initial.replacing(initial.slots.tensors.map { _ in failed })
    }
}

/// Whether the host may read a condition: it has elements, and they are the same in each run.
private func isKnown(_ condition: Tensor) -> Bool { condition.device.hasValues && !isRecordingFunction }

/// Runs a function whose results are used for some conditions only.
private func branch<Result>(_ body: () -> Result) -> Result {
    guard let recorder = activeRecorder else { return body() }
    var result: Result?
    recorder.recordBranch { result = body() }
    return result!
}

private func checkCondition(_ condition: Tensor, in operation: String) throws(TensorError) {
    try throwPendingError()
    guard condition.rank == 0, condition.dtype == .bool else {
        throw TensorError(
            .dtype, in: operation, "the condition is not a bool scalar", expected: "a bool tensor of shape []",
            fix: "compare and reduce, as in (x > 0).all()", operands: [condition])
    }
}

private func checkState(_ next: [Tensor], _ state: [Tensor], in operation: String) throws(TensorError) {
    guard next.count == state.count else {
        throw TensorError(
            .value, in: operation, "the functions return different numbers of tensors",
            got: "\(next.count) and \(state.count)", expected: "equal numbers")
    }
    for (a, b) in zip(next, state) where a.layout.shape != b.layout.shape || a.dtype != b.dtype {
        throw TensorError(
            .shape, in: operation, "a tensor changes its shape or dtype", expected: "\(b.dtype) \(b.shape)",
            operands: [a])
    }
}

private func selected<Result: TensorStructure>(
    _ condition: Tensor, _ a: Result, _ b: Result, in operation: String
) throws(TensorError) -> Result {
    let (first, second) = (a.slots.tensors, b.slots.tensors)
    try checkState(first, second, in: operation)
    return a.replacing(zip(first, second).map { Tensor.where(condition, $0, $1) })
}

private func steps(of sequences: [Tensor]) throws(TensorError) -> Int {
    guard let first = sequences.first, sequences.allSatisfy({ $0.rank > 0 }) else {
        throw TensorError(
            .shape, in: "scan", "an input is 0-dimensional, so that it has no steps",
            expected: "at least one input, of one dimension or more",
            operands: sequences)
    }
    let length = first.layout.shape[0]
    guard sequences.allSatisfy({ $0.layout.shape[0] == length }) else {
        throw TensorError(
            .shape, in: "scan", "the inputs have different numbers of steps", expected: "equal first sizes",
            operands: sequences)
    }
    return length
}
