/// A function that records its operations in the first call and runs the recorded graph in later calls; see
/// `compile(onNewGraph:verify:_:)`.
public final class CompiledFunction<Failure: Error, Result, each Argument>: @unchecked Sendable {
    private let body: (repeat each Argument) throws(Failure) -> Result
    private let slots: (Result) -> [Tensor?]
    private let replacing: (Result, inout ArraySlice<Tensor?>) -> Result
    private let graphs: CompiledGraphs

    init(
        _ body: @escaping (repeat each Argument) throws(Failure) -> Result,
        slots: @escaping (Result) -> [Tensor?],
        replacing: @escaping (Result, inout ArraySlice<Tensor?>) -> Result, _ graphs: CompiledGraphs
    ) {
        self.body = body
        self.slots = slots
        self.replacing = replacing
        self.graphs = graphs
    }

    /// The counts of calls and graphs, and the reason for recording each graph.
    public var report: CompileReport { graphs.report }

    /// The graph of the latest call, one line for each operation: results with dtype and shape, operands, and the
    /// modules whose `forward` called it. nil before the first call.
    public var graph: String? { graphs.latest?.description }

    /// The graph of the latest call after optimisation: without common subexpressions and dead code, and with fused
    /// groups.
    public var optimizedGraph: String? { graphs.latestOptimized?.description }

    /// The C source of the kernels of the fused groups in the graph of the latest call, with the scalar functions that
    /// they call. Empty for a graph without groups; nil before the first call.
    public var source: String? { graphs.latestOptimized.map { KernelSource.unit($0.fusedPrograms).text } }

    /// Runs the recorded graph and the optimised graph for these arguments, and returns the first operation whose
    /// results differ in a bit; nil if all are equal.
    ///
    ///     if let difference = step.bisect(x, y) { print(difference) }
    ///
    /// The optimised graph uses the kernels that a call would use now; ``ready()`` waits for the compiled ones.
    /// Gradients of the results are compared too, with output gradients of 1. The run changes nothing: in-place
    /// operations write to copies, and steps of optimisers and ``hostCall(_:body:)`` are left out.
    /// ``Verification/every(_:)`` compares the body with the graph.
    ///
    /// A call without a recorded graph for these arguments is an error.
    public func bisect(_ arguments: repeat each Argument) -> GraphDifference? {
        var inputs = CallArguments()
        for argument in repeat each arguments { inputs.add(argument) }
        do throws(TensorError) {
            guard let call = graphs.graph(for: inputs) else {
                throw TensorError(
                    .value, in: "bisect", "no graph was recorded for such a call", got: graphs.reason(inputs),
                    fix: "call the function with these arguments first")
            }
            return try call.bisect(call.plan, inputs.tensors)
        } catch {
            reportFailure(error)
            return nil
        }
    }

    /// Waits until the kernels of the fused groups in all graphs are compiled. Until then they are interpreted, with
    /// equal results.
    public func ready() async { await KernelCompiler.shared.ready() }

    /// The graph of the latest call, as recorded.
    package var recordedGraph: Graph? { graphs.latest }

    /// Calls the function: runs the graph that was recorded for these arguments, or runs and records the body if there
    /// is none.
    public func callAsFunction(_ arguments: repeat each Argument) throws(Failure) -> Result {
        // During another recording, the operations of the body are added to that graph.
        if threadState.pointee.recording > 0 || threadState.pointee.anomaly > 0
            || ThreadContext.existing?.isUncompiled == true
        {
            return try body(repeat each arguments)
        }
        var inputs = CallArguments()
        for argument in repeat each arguments { inputs.add(argument) }
        if inputs.tensors.contains(where: { $0.isPlaceholder || $0.device.isRecording }) {
            return try body(repeat each arguments)
        }
        if let type = inputs.unsupported {
            reportFailure(
                TensorError(
                    .value, in: "compile",
                    "an argument is not a tensor, a structure of tensors or a Hashable value",
                    got: type, expected: "tensors, TensorStructure or Hashable values",
                    fix: "capture the object, or make its type conform to TensorStructure"))
            return try body(repeat each arguments)
        }
        let found = graphs.find(inputs)
        if let call = found.call {
            if !found.isToVerify { return replay(call, inputs.tensors) }
            return try record(inputs, verifying: call, repeat each arguments)
        }
        let reason = graphs.reason(inputs)
        switch graphs.onNewGraph {
        case .record: return try record(inputs, reason: reason, repeat each arguments)
        case .eager: return try body(repeat each arguments)
        case .error:
            if graphs.report.graphs == 0 { return try record(inputs, reason: reason, repeat each arguments) }
            reportFailure(
                TensorError(
                    .value, in: "compile", "no graph was recorded for such a call", got: reason,
                    expected: "arguments that match a recorded graph, since onNewGraph is .error",
                    fix: "use onNewGraph: .record"))
            return try body(repeat each arguments)
        }
    }

    private func replay(_ call: CompiledCall, _ arguments: [Tensor]) -> Result {
        var slots: ArraySlice<Tensor?>
        do throws(TensorError) {
            slots = try call.run(arguments)[...]
        } catch {
            let placeholder = fail(error)
            slots = call.results.map { if case .absent = $0 { nil } else { placeholder } }[...]
        }
        if Result.self == Tensor.self, let tensor = slots[0] { return unsafeBitCast(tensor, to: Result.self) }
        if Result.self == [String: Tensor].self {
            return unsafeBitCast(filled(call.template as! [String: Tensor], from: slots), to: Result.self)
        }
        return replacing(call.template as! Result, &slots)
    }

    private func record(
        _ inputs: CallArguments, reason: String = "", verifying known: CompiledCall? = nil,
        _ arguments: repeat each Argument
    ) throws(Failure) -> Result {
        let recorder = StepRecorder()
        let key = CallKey(inputs.tensors, inputs.values)
        let result = try recorder.record(inputs.tensors, slots: slots) { () throws(Failure) in
            try body(repeat each arguments)
        }
        if hasPendingError { return result }
        if let change = recorder.oneTimeChange, graphs.noteOneTimeChange() {
            reportFailure(
                TensorError(
                    .value, in: "compile",
                    "the function makes a change in each call that cannot be recorded", got: change,
                    expected: "operations in place, as in buffer.copy_(x)",
                    fix: "make the change outside the function"))
        }
        if !recorder.isComplete { return result }
        do throws(TensorError) {
            if let known {
                try known.graph.check(sameAs: recorder.graph)
            } else {
                // The template contains no tensors.
                var slots = slots(result).map { $0 == nil ? nil : Tensor.placeholder(shape: Dims()) }[...]
                let call = try CompiledCall(key, recorder, template: replacing(result, &slots))
                graphs.add(call, reason: reason)
            }
        } catch { reportFailure(error) }
        return result
    }
}

/// Equal to `template.replacingTensors(from: &slots)`, without looking up the element types at run time.
private func filled(_ template: [String: Tensor], from slots: ArraySlice<Tensor?>) -> [String: Tensor] {
    var filled = template
    for (key, slot) in zip(template.keys.sorted(), slots) { filled[key] = slot }
    return filled
}

/// Returns a function that runs and records `body` in its first call, and runs the recorded graph in later calls.
///
///     let step = compile { (x: Tensor, y: Tensor) in
///         optimizer.zeroGrad()
///         let loss = crossEntropy(model(x), y)
///         loss.backward()
///         optimizer.step()
///         return loss
///     }
///     for (x, y) in loader { print(step(x, y)) }
///
/// Results, parameters, gradients, running statistics and random numbers are those of the body, bit for bit.
///
/// **Arguments and results**: tensors, and arrays, dictionaries, optionals and other ``TensorStructure``s of them; several results are a
/// tuple. Arguments of other types, such as `Int`, `Bool`, `Double` and enumerations, are part of the key.
///
/// **Graphs**: one graph is recorded for each combination of shapes, dtypes, strides, devices and `requiresGrad` of the
/// arguments, of memory shared between arguments, of the values of the other arguments, and of gradient mode, autocast
/// mode, training modes of modules and frozen parameters. The 16 graphs used last are kept. ``CompiledFunction/report``
/// has the reason for recording each.
///
/// **What is recorded**: operations on tensors, in place or not, `backward()`, assignments of gradients, steps of
/// optimisers and learning rate schedulers, gradient clipping, and random numbers. Captured tensors are read and
/// written in each call. Settings of optimisers, such as the learning rate, are read in each call.
///
/// **What is not recorded**: other code in the body, which runs only while a graph is recorded. Branches, loop counts
/// and captured Swift numbers keep the values of that call; `verify` reports it if they change. Reading elements on the
/// host (`item()`, `if` on a value) is an error, unless they are computed only from captured tensors that the body does
/// not change. ``hostCall(_:body:)`` runs code in each call.
///
/// The function may be called from several threads. It runs its body without recording inside another compiled
/// function, inside `vmap` and other transformations, and inside ``uncompiled(_:)`` and `detectAnomalies`.
///
/// - Parameters:
///   - onNewGraph: the behaviour in a call that matches no recorded graph. Default: `.record`.
///   - verify: how often the body is compared with the graph. Default: never.
///   - body: the function.
public func compile<each Argument, each Result: TensorStructure, Failure: Error>(
    onNewGraph: NewGraph = .record, verify: Verification = .never,
    _ body: @escaping (repeat each Argument) throws(Failure) -> (repeat each Result)
) -> CompiledFunction<Failure, (repeat each Result), repeat each Argument> {
    CompiledFunction<Failure, (repeat each Result), repeat each Argument>(
        body,
        slots: { (results: (repeat each Result)) in
            var slots: [Tensor?] = []
            for result in repeat each results { slots += result.tensorSlots }
            return slots
        },
        replacing: { (results: (repeat each Result), slots: inout ArraySlice<Tensor?>) in
            (repeat (each results).replacingTensors(from: &slots))
        }, CompiledGraphs(onNewGraph, verify))
}

// The overloads for tensors name concrete types: with a generic error type, the optimised build of a caller crashes in
// the Swift 6 runtime during the lookup of the metadata of a class with a parameter pack.

/// Returns a compiled function of one tensor; see ``compile(onNewGraph:verify:_:)``.
public func compile(
    onNewGraph: NewGraph = .record, verify: Verification = .never,
    _ body: @escaping (Tensor) -> Tensor
) -> CompiledFunction<Never, Tensor, Tensor> {
    CompiledFunction<Never, Tensor, Tensor>(
        body, slots: { [$0] }, replacing: { $0.replacingTensors(from: &$1) }, CompiledGraphs(onNewGraph, verify))
}

/// Returns a compiled function of two tensors; see ``compile(onNewGraph:verify:_:)``.
public func compile(
    onNewGraph: NewGraph = .record, verify: Verification = .never,
    _ body: @escaping (Tensor, Tensor) -> Tensor
) -> CompiledFunction<Never, Tensor, Tensor, Tensor> {
    CompiledFunction<Never, Tensor, Tensor, Tensor>(
        body, slots: { [$0] }, replacing: { $0.replacingTensors(from: &$1) }, CompiledGraphs(onNewGraph, verify))
}
