import Synchronization

/// Runs the body with hooks on saved tensors: `pack` is called for each tensor that an operation saves for its
/// gradient, and `unpack` when a backward pass needs it. Only the value that `pack` returns is kept: a tensor of lower
/// precision, a file name, or a function that recomputes it.
///
///     let loss = savedTensorsHooks(
///         pack: { $0.dtype == .float32 ? $0.to(.bfloat16) : $0 },
///         unpack: { $0.dtype == .bfloat16 ? $0.to(.float32) : $0 }
///     ) { crossEntropy(model(x), y) }
///     loss.backward()          // with activations that were rounded to bfloat16
///
/// As `torch.autograd.graph.saved_tensors_hooks`:
///
/// - `pack` is called with each tensor that an operation or a custom function saves, detached: inputs, parameters and
///   outputs of any dtype. It is called during the forward pass.
/// - `unpack` is called with the packed value and must return a tensor with the shape and dtype of the saved one;
///   otherwise `backward` fails. It is called each time a pass reaches the operation.
/// - Neither is recorded, and tensors saved inside of them are not packed. Both are kept until the graph is freed.
/// - A packed value is a snapshot: if `pack` returns a tensor with other memory, later in-place changes of the original
///   have no effect and are not an error. If it returns a tensor that shares memory with the original, in-place changes
///   are not detected either.
/// - Blocks nest: only the innermost hooks are called. A block affects the calling thread only; the backward pass may
///   run on any thread.
@discardableResult
public func savedTensorsHooks<Packed, R, E: Error>(
    pack: @escaping (Tensor) -> Packed, unpack: @escaping (Packed) -> Tensor, _ body: () throws(E) -> R
) throws(E) -> R {
    try SavedTensorHooks.with(FunctionPacker(pack: pack, unpack: unpack), body)
}

/// A packed saved tensor.
protocol PackedTensor: AnyObject {
    func unpack() throws(TensorError) -> Tensor
}

/// Packs the tensors that nodes save.
protocol SavedTensorPacker: AnyObject {
    func pack(_ tensor: Tensor) -> any PackedTensor
}

enum SavedTensorHooks {
    /// The number of open blocks on all threads. If it is 0, nodes skip the thread-local lookup.
    private static let users = Atomic<Int>(0)

    static var areUsed: Bool {
        @inline(__always) get { users.load(ordering: .relaxed) > 0 }
    }

    /// Runs the body with a packer, or without one if nil.
    static func with<R, E: Error>(
        _ packer: (any SavedTensorPacker)?, _ body: () throws(E) -> R
    ) throws(E) -> R {
        let context = ThreadContext.current
        let outer = context.packer
        context.packer = packer
        users.add(1, ordering: .relaxed)
        defer {
            users.subtract(1, ordering: .relaxed)
            context.packer = outer
        }
        return try body()
    }

    /// The packed tensor; nil if this thread has no hooks.
    static func pack(_ tensor: Tensor) -> (any PackedTensor)? {
        ThreadContext.existing?.packer?.pack(tensor)
    }

    /// Runs a user's function without recording or packing.
    fileprivate static func unrecorded<R>(_ body: () -> R) -> R {
        with(nil) { noGrad { withoutAutocast(body) } }
    }
}

private final class FunctionPacker<Packed>: SavedTensorPacker {
    let make: (Tensor) -> Packed
    let restore: (Packed) -> Tensor

    init(pack: @escaping (Tensor) -> Packed, unpack: @escaping (Packed) -> Tensor) {
        make = pack
        restore = unpack
    }

    func pack(_ tensor: Tensor) -> any PackedTensor {
        let value = SavedTensorHooks.unrecorded { make(tensor.withoutHistory) }
        return Value(packer: self, value: value, shape: tensor.layout.shape, dtype: tensor.dtype)
    }

    private final class Value: PackedTensor {
        let packer: FunctionPacker
        let value: Packed
        let shape: Dims
        let dtype: DType

        init(packer: FunctionPacker, value: Packed, shape: Dims, dtype: DType) {
            self.packer = packer
            self.value = value
            self.shape = shape
            self.dtype = dtype
        }

        func unpack() throws(TensorError) -> Tensor {
            let tensor = SavedTensorHooks.unrecorded { packer.restore(value) }
            try throwPendingError()
            guard tensor.layout.shape == shape, tensor.dtype == dtype else {
                throw TensorError(
                    .autograd, in: "savedTensorsHooks", "unpack returned another tensor than the one that was packed",
                    expected: "\(dtype) \(Array(shape))", operands: [tensor])
            }
            return tensor.withoutHistory
        }
    }
}

extension NodeExtra {
    /// The unpacked saved tensors, by the index of the slot.
    func unpack() throws(TensorError) -> [Int: Tensor] {
        var tensors: [Int: Tensor] = [:]
        for (slot, packed) in packed { tensors[slot] = try packed.unpack() }
        return tensors
    }
}
