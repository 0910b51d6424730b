/// A function that records its operations in its first call and runs the recording in later calls; see `compile(onNewGraph:verify:_:)`.
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

    /// The counts of calls and graphs, and why each graph was recorded.
    public var report: CompileReport { graphs.report }

    /// The graph that ran last, one line for each operation: results with dtype and shape, operands, and the modules whose `forward`
    /// called it. nil before the first call.
    public var graph: String? { graphs.latest?.description }

    /// The graph that ran last as it is run: without common subexpressions and dead code, with groups of operations that go
    /// through memory once.
    public var optimizedGraph: String? { graphs.latestOptimized?.description }

    /// The C source of the kernels of the groups in the graph that ran last, with the scalar functions that they call; empty for a
    /// graph without groups. nil before the first call.
    public var source: String? { graphs.latestOptimized.map { KernelSource.unit($0.fusedPrograms).text } }

    /// Runs the graph that was recorded for such arguments twice, as it was recorded and as it is run, and returns the first operation
    /// whose result differs in a bit. nil if there is none, as it should be.
    ///
    ///     if let difference = step.bisect(x, y) { print(difference) }
    ///
    /// The kernels are those that a call would use now; ``ready()`` waits for compiled ones. Gradients of the results are compared
    /// too, for gradients of 1. Nothing changes: what the graph writes to are copies, and steps of optimisers and ``hostCall(_:body:)``
    /// are left out. Differences between the body and the graph are found by ``Verification/every(_:)``.
    ///
    /// An error if there is no graph for such arguments.
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

    /// Waits until the kernels of the groups in all graphs are compiled. Until then they are interpreted, with the same results.
    public func ready() async { await KernelCompiler.shared.ready() }

    /// The graph that ran last.
    package var recordedGraph: Graph? { graphs.latest }

    /// Calls the function: runs the graph that was recorded for such arguments, or the body if there is none yet.
    public func callAsFunction(_ arguments: repeat each Argument) throws(Failure) -> Result {
        // Inside another recording, the operations of the body become part of that.
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
                    "an argument is neither a tensor, nor a structure of tensors, nor a value that can be compared",
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
                    expected: "a call like an earlier one, since onNewGraph is .error",
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
                    "the function makes a change at each call that cannot be recorded", got: change,
                    expected: "operations in place, as in buffer.copy_(x)", fix: "do it outside of the function"))
        }
        if !recorder.isComplete { return result }
        do throws(TensorError) {
            if let known {
                try known.graph.check(sameAs: recorder.graph)
            } else {
                // The template holds no tensor of the result.
                var slots = slots(result).map { $0 == nil ? nil : Tensor.placeholder(shape: Dims()) }[...]
                let call = try CompiledCall(key, recorder, template: replacing(result, &slots))
                graphs.add(call, reason: reason)
            }
        } catch { reportFailure(error) }
        return result
    }
}

/// `template.replacingTensors(from: &slots)`, which takes longer where the types of the elements are looked up at run time.
private func filled(_ template: [String: Tensor], from slots: ArraySlice<Tensor?>) -> [String: Tensor] {
    var filled = template
    for (key, slot) in zip(template.keys.sorted(), slots) { filled[key] = slot }
    return filled
}

/// Returns a function that does what the body does, and that from the second call on runs the operations that it recorded in the first
/// call, without running the body.
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
/// **Graphs**: a graph is recorded for each combination of shapes, dtypes, strides, devices and `requiresGrad` of the arguments, which
/// arguments share memory, values of the other arguments, gradient mode, autocast, training modes of the modules, and frozen
/// parameters. The last 16 are kept. ``CompiledFunction/report`` says why each was recorded.
///
/// **What is recorded**: operations on tensors, in place or not, `backward()`, gradients that are set or cleared, steps of optimisers
/// and learning rate schedulers, clipping of gradients, random draws. Tensors that the body captures are read and written at each call.
/// Learning rates and other settings of optimisers are those of the call.
///
/// **What is not**: other code in the body runs when a graph is recorded. Branches, loop counts and Swift numbers that are captured are
/// those of that call; `verify` finds out where they change. Reading elements on the host (`item()`, `if` on a value) is an error, unless
/// they follow from captured tensors that the body does not change. Use ``hostCall(_:body:)`` for code that is to run at each call.
///
/// The function may be called from several threads. Inside of another compiled function, of `vmap` or another transformation, and in
/// ``uncompiled(_:)`` and `detectAnomalies`, it runs its body.
///
/// - Parameters:
///   - onNewGraph: what to do in a call for which there is no graph. Default: record one.
///   - verify: how often to check that the body still does what was recorded. Default: never.
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

// The overloads for tensors name concrete types: where the error type is generic, the optimised build of a caller crashes in the Swift 6
// runtime while it looks up the type of a class with a parameter pack.

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
