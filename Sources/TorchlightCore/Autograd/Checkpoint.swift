import Synchronization

/// Activation checkpointing: runs the body without saving tensors for the backward pass, which runs the body again to
/// recompute them. This trades one more forward pass through a part of a network for its memory (Chen et al., 2016).
///
///     for block in blocks { x = checkpoint(x) { block($0) } }
///     loss(x).backward()       // holds the activations of one block at a time
///
/// Results and gradients are the same as without `checkpoint`, bit for bit, if the body computes the same in both runs.
/// The semantics are those of `torch.utils.checkpoint` with `use_reentrant=False`:
///
/// - The recomputation uses the random number generator states, the autocast mode and the gradient mode of the first
///   run; afterwards the generators have the states from before. With `preserveRandomState: false` random numbers are
///   not reproduced, for bodies that draw none.
/// - Side effects of the body happen twice: the running statistics of batch normalisation are updated twice.
/// - The body may capture parameters at no cost. Pass activations as inputs: captured activations are held until the
///   graph is freed, while inputs that an outer checkpoint recomputes are not.
/// - Recomputed tensors are freed operation by operation during the backward pass. With a retained graph each pass runs
///   the body again. Checkpoints nest, and support `grad(outputs:inputs:)` and derivatives of higher order.
/// - Under `noGrad` the body just runs.
///
/// `backward` fails if the recomputation saves a different number of tensors or tensors of other shapes or dtypes, or
/// if an input, or a parameter whose value the gradients need, was changed in place after the first run.
///
/// - Parameters:
///   - preserveRandomState: whether the recomputation draws the same random numbers as the first run, on every
///     generator. Default: true.
///   - body: computes the results. It is kept until the graph is freed.
/// - Returns: the result of the body, of any type.
public func checkpoint<R>(preserveRandomState: Bool = true, _ body: @escaping () -> R) -> R {
    checkpoint([], preserveRandomState: preserveRandomState) { _ in body() }
}

/// Runs the body on a tensor with activation checkpointing; see ``checkpoint(preserveRandomState:_:)``.
public func checkpoint<R>(
    _ input: Tensor, preserveRandomState: Bool = true, _ body: @escaping (Tensor) -> R
) -> R {
    checkpoint([input], preserveRandomState: preserveRandomState) { body($0[0]) }
}

/// Runs the body on two tensors with activation checkpointing; see ``checkpoint(preserveRandomState:_:)``.
public func checkpoint<R>(
    _ first: Tensor, _ second: Tensor, preserveRandomState: Bool = true, _ body: @escaping (Tensor, Tensor) -> R
) -> R {
    checkpoint([first, second], preserveRandomState: preserveRandomState) { body($0[0], $0[1]) }
}

/// Runs the body on three tensors with activation checkpointing; see ``checkpoint(preserveRandomState:_:)``.
public func checkpoint<R>(
    _ first: Tensor, _ second: Tensor, _ third: Tensor, preserveRandomState: Bool = true,
    _ body: @escaping (Tensor, Tensor, Tensor) -> R
) -> R {
    checkpoint([first, second, third], preserveRandomState: preserveRandomState) { body($0[0], $0[1], $0[2]) }
}

/// Runs the body on any number of tensors with activation checkpointing; see ``checkpoint(preserveRandomState:_:)``.
public func checkpoint<R>(
    _ inputs: [Tensor], preserveRandomState: Bool = true, _ body: @escaping ([Tensor]) -> R
) -> R {
    guard isGradEnabled else { return body(inputs) }
    let frame = CheckpointFrame(inputs, random: preserveRandomState ? RandomRecord() : nil) { _ = body($0) }
    return frame.firstRun { body(inputs) }
}

/// A checkpointed part of a program, which is run again when its saved tensors are needed.
private final class CheckpointFrame: SavedTensorPacker, BackwardPassObserver {
    /// An input, detached. Inside an outer checkpoint it is packed like any saved tensor.
    private struct Input {
        var tensor: Tensor?
        var packed: (any PackedTensor)?
        var version: Int
        var requiresGrad: Bool
    }

    /// Description of a tensor that an operation saved in the first run. For a leaf that requires a gradient, which may
    /// be changed in place, the version is checked too.
    private struct Description {
        var shape: SlotShape
        var dtype: DType
        var leaf: Tensor?
        var version: Int
    }

    private final class Handle: PackedTensor {
        let frame: CheckpointFrame
        let index: Int

        init(_ frame: CheckpointFrame, _ index: Int) {
            self.frame = frame
            self.index = index
        }

        func unpack() throws(TensorError) -> Tensor { try frame.saved(index) }
    }

    private let inputs: [Input]
    private let body: ([Tensor]) -> Void
    private let random: RandomRecord?
    private let autocast = threadState.pointee.autocast
    private var saved: [Description] = []
    /// The tensors that the body saved in the recomputation, by pass and index; each is taken once.
    private let recomputed = Mutex<[UInt64: [Tensor?]]>([:])

    init(_ inputs: [Tensor], random: RandomRecord?, _ body: @escaping ([Tensor]) -> Void) {
        self.inputs = inputs.map { input in
            let packed = SavedTensorHooks.areUsed ? SavedTensorHooks.pack(input) : nil
            return Input(
                tensor: packed == nil ? input.withoutHistory : nil, packed: packed, version: input.version,
                requiresGrad: input.requiresGrad)
        }
        self.random = random
        self.body = body
    }

    func firstRun<R>(_ body: () -> R) -> R {
        guard let random else { return SavedTensorHooks.with(self, body) }
        return random.recording { SavedTensorHooks.with(self, body) }
    }

    func pack(_ tensor: Tensor) -> any PackedTensor {
        let isLeaf = tensor.node == nil && tensor.base == nil && tensor.requiresGradFlag
        saved.append(
            Description(
                shape: SlotShape(tensor.layout.shape), dtype: tensor.dtype, leaf: isLeaf ? tensor : nil,
                version: tensor.version))
        return Handle(self, saved.count - 1)
    }

    /// The saved tensor with an index; runs the body again if the current pass has not done so yet.
    private func saved(_ index: Int) throws(TensorError) -> Tensor {
        let pending = ThreadContext.current.pass?.pending
        if let pending, let tensor = take(index, pending.id) { return tensor }
        let tensors = try runAgain()
        guard let pending else { return tensors[index] }
        pending.observers.append(self)
        recomputed.withLock { $0[pending.id] = tensors }
        return take(index, pending.id)!
    }

    private func take(_ index: Int, _ pass: UInt64) -> Tensor? {
        recomputed.withLock { $0[pass]?[index].take() }
    }

    func backwardPassDidEnd(_ id: UInt64) { recomputed.withLock { $0[id] = nil } }

    /// Runs the body again in the modes of the first run and returns the tensors that its operations save.
    private func runAgain() throws(TensorError) -> [Tensor] {
        var tensors: [Tensor] = []
        for input in inputs {
            let tensor: Tensor
            if let packed = input.packed { tensor = try packed.unpack() } else { tensor = input.tensor! }
            guard input.packed != nil || tensor.version == input.version else {
                throw TensorError(
                    .autograd, in: "checkpoint", "an input was changed in place after the first run",
                    fix: "change a copy, as in x.clone().add_(1)", operands: [tensor])
            }
            let operand = tensor.withoutHistory
            operand.requiresGradFlag = input.requiresGrad
            tensors.append(operand)
        }
        let collector = Collector()
        var drawsTheSame = true
        let run = {
            self.withRecordedModes {
                SavedTensorHooks.with(collector) {
                    if let random = self.random {
                        drawsTheSame = random.replaying { self.body(tensors) }
                    } else {
                        self.body(tensors)
                    }
                }
            }
        }
        if let recorder = activeRecorder { recorder.recompute(run) } else { run() }
        try throwPendingError()
        guard drawsTheSame else {
            throw Self.difference("the body drew another number of random numbers when it was recomputed")
        }
        try check(collector)
        return collector.tensors.map(\.withoutHistory)
    }

    private func withRecordedModes(_ body: () -> Void) {
        let (state, context) = (threadState, ThreadContext.current)
        let (outer, copies) = (state.pointee.autocast, context.autocastCopies)
        state.pointee.autocast = autocast
        context.autocastDepth += 1
        context.autocastCopies = [:]
        defer {
            state.pointee.autocast = outer
            context.autocastDepth -= 1
            context.autocastCopies = copies
        }
        enableGrad(body)
    }

    private func check(_ collector: Collector) throws(TensorError) {
        guard collector.tensors.count == saved.count else {
            throw Self.difference(
                "the body saved another number of tensors when it was recomputed",
                got: "\(quantity(collector.tensors.count, "saved tensor"))",
                expected: "\(saved.count), as in the first run")
        }
        for (i, (tensor, first)) in zip(collector.tensors, saved).enumerated() {
            guard first.shape == tensor.layout.shape, first.dtype == tensor.dtype else {
                throw Self.difference(
                    "an operation saved a tensor of another shape or dtype when the body was recomputed",
                    got: "\(tensor.dtype) \(tensor.shape)",
                    expected: "\(first.dtype) \(Array(first.shape.dims)), as in the first run")
            }
            guard tensor.version == collector.versions[i] else {
                throw TensorError(
                    .autograd, in: "checkpoint",
                    "an operation saved a tensor for its gradient, and \(tensor.storage.lastWriter) overwrote it since",
                    fix: "use \(formWithoutUnderscore(tensor.storage.lastWriter))", operands: [tensor])
            }
            guard let leaf = first.leaf, leaf === tensor, tensor.version != first.version else { continue }
            throw TensorError(
                .autograd, in: "checkpoint",
                "\(tensor.storage.lastWriter) changed a parameter in place between the first run and the backward pass",
                fix: "call backward() before the optimiser's step", operands: [tensor])
        }
    }

    private static func difference(_ problem: String, got: String? = nil, expected: String? = nil) -> TensorError {
        TensorError(
            .autograd, in: "checkpoint", problem, got: got, expected: expected,
            fix: "make the body depend only on its inputs and parameters, not on state that changes between the runs")
    }

    /// Collects the tensors that operations save in the recomputation. Their nodes are discarded with the results and
    /// hold nothing.
    private final class Collector: SavedTensorPacker {
        private(set) var tensors: [Tensor] = []
        private(set) var versions: [Int] = []

        func pack(_ tensor: Tensor) -> any PackedTensor {
            tensors.append(tensor)
            versions.append(tensor.version)
            return UnavailableTensor.value
        }
    }

    private final class UnavailableTensor: PackedTensor, Sendable {
        static let value = UnavailableTensor()

        func unpack() throws(TensorError) -> Tensor {
            throw TensorError(
                .autograd, in: "checkpoint", "tensors computed in the recomputation have no gradients",
                fix: "use only the results of the first run")
        }
    }
}
