import CKernels
import Synchronization

/// Runs the body without keeping what its operations save for their gradients; the backward pass runs it a second time to
/// get them. The memory of a part of a network is traded for one more forward pass through it.
///
///     for block in blocks { x = checkpoint(x) { block($0) } }
///     loss(x).backward()       // holds the activations of one block at a time
///
/// Results and gradients are those without `checkpoint`, bit for bit, as long as the body computes the same both times. The
/// semantics are those of `torch.utils.checkpoint` with `use_reentrant=False`:
///
/// - The second run has the random numbers, the autocast mode and the gradient mode of the first; generators are left where
///   they are. `preserveRandomState: false` leaves out the random numbers, for bodies that draw none.
/// - Effects of the body happen twice: the running statistics of batch normalisation move twice as far.
/// - Of what the body captures, parameters are the usual case and cost nothing. Activations should be passed as inputs:
///   those of an outer checkpoint are then not kept either, while captured ones are held until the graph is freed.
/// - What the second run computed is freed operation by operation, as the pass goes through the part. A graph that is
///   retained runs the body again in each pass. Checkpoints nest, and work with `grad(outputs:inputs:)` and derivatives of
///   higher order.
/// - Under `noGrad` the body just runs.
///
/// `backward` fails if the second run saves tensors of other shapes, dtypes or another number than the first, or if an
/// input, or a parameter whose value the gradients need, was changed in place since.
///
/// - Parameters:
///   - preserveRandomState: whether the second run draws the random numbers of the first, on every generator.
///   - body: computes the results. It is kept until the graph is freed.
/// - Returns: what the body returns, of any type.
public func checkpoint<R>(preserveRandomState: Bool = true, _ body: @escaping () -> R) -> R {
    checkpoint([], preserveRandomState: preserveRandomState) { _ in body() }
}

/// Runs the body on a tensor without keeping what its operations save; see ``checkpoint(preserveRandomState:_:)``.
public func checkpoint<R>(
    _ input: Tensor, preserveRandomState: Bool = true, _ body: @escaping (Tensor) -> R
) -> R {
    checkpoint([input], preserveRandomState: preserveRandomState) { body($0[0]) }
}

/// Runs the body on two tensors without keeping what its operations save; see ``checkpoint(preserveRandomState:_:)``.
public func checkpoint<R>(
    _ first: Tensor, _ second: Tensor, preserveRandomState: Bool = true, _ body: @escaping (Tensor, Tensor) -> R
) -> R {
    checkpoint([first, second], preserveRandomState: preserveRandomState) { body($0[0], $0[1]) }
}

/// Runs the body on three tensors without keeping what its operations save; see ``checkpoint(preserveRandomState:_:)``.
public func checkpoint<R>(
    _ first: Tensor, _ second: Tensor, _ third: Tensor, preserveRandomState: Bool = true,
    _ body: @escaping (Tensor, Tensor, Tensor) -> R
) -> R {
    checkpoint([first, second, third], preserveRandomState: preserveRandomState) { body($0[0], $0[1], $0[2]) }
}

/// Runs the body on any number of tensors without keeping what its operations save; see
/// ``checkpoint(preserveRandomState:_:)``.
public func checkpoint<R>(
    _ inputs: [Tensor], preserveRandomState: Bool = true, _ body: @escaping ([Tensor]) -> R
) -> R {
    guard isGradEnabled else { return body(inputs) }
    let part = CheckpointedPart(inputs, random: preserveRandomState ? RandomRecord() : nil) { _ = body($0) }
    return part.firstRun { body(inputs) }
}

/// A part of a program that is run again when what its operations saved is needed.
private final class CheckpointedPart: SavedTensorPacker, EndsWithPass {
    /// An input without its history. In a checkpoint inside another it is packed as any tensor that is saved there.
    private struct Input {
        var tensor: Tensor?
        var packed: (any PackedTensor)?
        var version: Int
        var requiresGrad: Bool
    }

    /// What an operation saved in the first run. Of a leaf that learns, which may change before the second, the version too.
    private struct Description {
        var shape: SlotShape
        var dtype: DType
        var leaf: Tensor?
        var version: Int
    }

    private final class Handle: PackedTensor {
        let part: CheckpointedPart
        let index: Int

        init(_ part: CheckpointedPart, _ index: Int) {
            self.part = part
            self.index = index
        }

        func unpack() throws(TensorError) -> Tensor { try part.saved(index) }
    }

    private let inputs: [Input]
    private let body: ([Tensor]) -> Void
    private let random: RandomRecord?
    private let autocast = threadState.pointee.autocast
    private var saved: [Description] = []
    /// What the body saved when it ran again, by pass and index; each is taken once.
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

    /// What was saved under an index, computed again where the pass that runs has not done so yet.
    private func saved(_ index: Int) throws(TensorError) -> Tensor {
        let pending = ThreadContext.current.pass?.pending
        if let pending, let tensor = take(index, pending.id) { return tensor }
        let tensors = try runAgain()
        guard let pending else { return tensors[index] }
        pending.endings.append(self)
        recomputed.withLock { $0[pending.id] = tensors }
        return take(index, pending.id)!
    }

    private func take(_ index: Int, _ pass: UInt64) -> Tensor? {
        recomputed.withLock { $0[pass]?[index].take() }
    }

    func passEnded(_ id: UInt64) { recomputed.withLock { $0[id] = nil } }

    /// Runs the body as it ran at first and gives what its operations save.
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
        withTheModesOfTheFirstRun {
            SavedTensorHooks.with(collector) {
                if let random { drawsTheSame = random.replaying { body(tensors) } } else { body(tensors) }
            }
        }
        try throwPendingError()
        guard drawsTheSame else {
            throw Self.difference("the body drew random numbers more or less often when it ran again for the gradients")
        }
        try check(collector)
        return collector.tensors.map(\.withoutHistory)
    }

    private func withTheModesOfTheFirstRun(_ body: () -> Void) {
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
                "the body did something else when it ran again for the gradients",
                got: "\(quantity(collector.tensors.count, "tensor")) that its operations save",
                expected: "\(saved.count), as in the first run")
        }
        for (i, (tensor, first)) in zip(collector.tensors, saved).enumerated() {
            guard first.shape == tensor.layout.shape, first.dtype == tensor.dtype else {
                throw Self.difference(
                    "an operation saved another tensor when the body ran again for the gradients",
                    got: "\(tensor.dtype) \(tensor.shape)",
                    expected: "\(first.dtype) \(Array(first.shape.dims)), as in the first run")
            }
            guard tensor.version == collector.versions[i] else {
                throw TensorError(
                    .autograd, in: "checkpoint",
                    "an operation saved a tensor for its gradient, and \(tensor.storage.lastWriter) overwrote it since",
                    fix: "use the form of \(tensor.storage.lastWriter) without the underscore", operands: [tensor])
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
            fix: "let the body depend on its inputs and parameters alone, not on what changes between the passes")
    }

    /// Takes what operations save in the second run. Their nodes, which go with the results that are dropped, hold nothing.
    private final class Collector: SavedTensorPacker {
        private(set) var tensors: [Tensor] = []
        private(set) var versions: [Int] = []

        func pack(_ tensor: Tensor) -> any PackedTensor {
            tensors.append(tensor)
            versions.append(tensor.version)
            return Nothing.value
        }
    }

    private final class Nothing: PackedTensor, Sendable {
        static let value = Nothing()

        func unpack() throws(TensorError) -> Tensor {
            throw TensorError(
                .autograd, in: "checkpoint", "a graph that was built to compute activations again has no gradients",
                fix: "use only what the body returned the first time")
        }
    }
}
