import CKernels
import Synchronization

/// Runs the body; what its operations keep for their gradients goes through `pack`, and comes back through `unpack` when a
/// backward pass needs it. Only what `pack` returns is held meanwhile: a copy of lower precision, a file, a recipe.
///
///     let loss = savedTensorsHooks(
///         pack: { $0.dtype == .float32 ? $0.to(.bfloat16) : $0 },
///         unpack: { $0.dtype == .bfloat16 ? $0.to(.float32) : $0 }
///     ) { crossEntropy(model(x), y) }
///     loss.backward()          // with activations that were rounded to bfloat16
///
/// As `torch.autograd.graph.saved_tensors_hooks`:
///
/// - `pack` gets each tensor that an operation or a custom function saves, without its history: inputs, parameters and
///   results, of any dtype. It is called inside the forward pass.
/// - `unpack` gets what `pack` made of it and gives a tensor of the shape and dtype of the saved one; another is an error
///   of `backward`. It is called each time that a pass comes to the operation, and not where none does.
/// - Neither is recorded, and what they save themselves is not packed. Both are kept until the graph is freed.
/// - What is packed is a copy of that moment: if `pack` returns a tensor of other memory, later changes in place of the
///   original are not seen and not refused. One that shares the memory of the original is not watched for them either.
/// - Blocks nest: the innermost hooks alone are asked. A block is of its thread; the backward pass may run on any.
@discardableResult
public func savedTensorsHooks<Packed, R, E: Error>(
    pack: @escaping (Tensor) -> Packed, unpack: @escaping (Packed) -> Tensor, _ body: () throws(E) -> R
) throws(E) -> R {
    try SavedTensorHooks.with(FunctionPacker(pack: pack, unpack: unpack), body)
}

/// What stands for a saved tensor until a backward pass needs it.
protocol PackedTensor: AnyObject {
    func unpack() throws(TensorError) -> Tensor
}

/// Turns tensors that nodes save into something else.
protocol SavedTensorPacker: AnyObject {
    func pack(_ tensor: Tensor) -> any PackedTensor
}

enum SavedTensorHooks {
    /// How many blocks are open on all threads, so that without any a node asks for nothing of its thread.
    private static let users = Atomic<Int>(0)

    static var areUsed: Bool {
        @inline(__always) get { users.load(ordering: .relaxed) > 0 }
    }

    /// Runs the body with a packer, or with none.
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

    /// What stands for a tensor; nil where this thread has no hooks.
    static func pack(_ tensor: Tensor) -> (any PackedTensor)? {
        ThreadContext.existing?.packer?.pack(tensor)
    }

    /// Runs a function of the user's that is not to be recorded or packed itself.
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
    /// What was packed, by the index of the slot.
    func unpack() throws(TensorError) -> [Int: Tensor] {
        var tensors: [Int: Tensor] = [:]
        for (slot, packed) in packed { tensors[slot] = try packed.unpack() }
        return tensors
    }
}
