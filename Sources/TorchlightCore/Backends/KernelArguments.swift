import CKernels

/// The arguments of one call of a kernel: each tensor with its memory, shape, strides, dtype and device, at an address
/// that stays valid until the call is over. A tensor that is nil gives NULL.
///
///     withKernelArguments { tl_linear($0(x), $0(weight), $0(bias), $0(out, result)) }
package struct KernelArguments: ~Copyable {
    /// What one argument takes at most: longer shapes lie elsewhere (see `Dims`).
    private static let argumentSize = MemoryLayout<tl_tensor>.stride + 16 * MemoryLayout<Int64>.stride
    /// The size of the buffer on the stack: enough for nine arguments of four dimensions. Swift takes more than 1024
    /// bytes from the heap.
    fileprivate static let stackSize = 1024

    private var next: UnsafeMutableRawPointer
    private var end: UnsafeMutableRawPointer
    /// The last block that was taken because the one before it was full; each begins with the address of the one before
    /// it.
    private var block: UnsafeMutableRawPointer?

    fileprivate init(on stack: UnsafeMutableRawBufferPointer) {
        next = stack.baseAddress!
        end = next + stack.count
    }

    deinit {
        var last = block
        while let block = last {
            last = block.load(as: UnsafeMutableRawPointer?.self)
            tl_deallocate(block, Self.stackSize)
        }
    }

    @inline(__always)
    package mutating func callAsFunction(_ tensor: Tensor?) -> UnsafePointer<tl_tensor>? {
        guard let tensor else { return nil }
        return add(tensor.storage.bytes, tensor.layout, offset: tensor.layout.offset, tensor.dtype, tensor.device)
    }

    /// A tensor under another layout of its storage; both are nil where there is none.
    @inline(__always)
    package mutating func callAsFunction(_ tensor: Tensor?, _ layout: Layout?) -> UnsafePointer<tl_tensor>? {
        guard let tensor, let layout else { return nil }
        return add(tensor.storage.bytes, layout, offset: layout.offset, tensor.dtype, tensor.device)
    }

    /// A tensor under another layout whose offset is relative to that of the tensor.
    @inline(__always)
    package mutating func callAsFunction(
        _ tensor: Tensor, relative layout: borrowing Layout
    ) -> UnsafePointer<tl_tensor> {
        add(
            tensor.storage.bytes, layout, offset: tensor.layout.offset &+ layout.offset, tensor.dtype,
            tensor.device)
    }

    /// A tensor under another shape, which must not take a copy.
    package mutating func callAsFunction(_ tensor: Tensor?, shape: Dims) -> UnsafePointer<tl_tensor>? {
        self(tensor, tensor.map { $0.layout.viewed(as: shape)! })
    }

    /// A dense tensor as one dimension.
    package mutating func callAsFunction(flat tensor: Tensor?) -> UnsafePointer<tl_tensor>? {
        self(tensor, tensor?.layout.flat)
    }

    /// Memory of the host that a kernel of the CPU only reads, or that it may write.
    package mutating func callAsFunction(
        host bytes: UnsafeRawPointer, _ layout: Layout, _ dtype: DType
    ) -> UnsafePointer<tl_tensor>? {
        add(UnsafeMutableRawPointer(mutating: bytes), layout, offset: layout.offset, dtype, .cpu)
    }

    @inline(__always)
    private mutating func add(
        _ bytes: UnsafeMutableRawPointer, _ layout: borrowing Layout, offset: Int, _ dtype: DType, _ device: Device
    ) -> UnsafePointer<tl_tensor> {
        let rank = layout.rank
        // Kernels write behind their arrays otherwise.
        precondition(rank <= maximumRank, "a kernel was given a layout of \(quantity(rank, "dimension"))")
        if next + Self.argumentSize > end { addBlock() }
        let argument = next.assumingMemoryBound(to: tl_tensor.self)
        next += MemoryLayout<tl_tensor>.stride
        // The strides begin where the shape ends.
        let shape = layout.shape.pointer(orCopyAt: next)
        next += layout.shape.inlineSize
        let strides = layout.strides.pointer(orCopyAt: next)
        next += layout.strides.inlineSize
        argument.initialize(
            to: tl_tensor(
                data: bytes + offset &* dtype.byteSize, shape: shape, strides: strides,
                rank: Int32(truncatingIfNeeded: rank), dtype: dtype.rawValue, device: device.kernelCode))
        return UnsafePointer(argument)
    }

    @inline(never)
    private mutating func addBlock() {
        guard let memory = tl_allocate(Self.stackSize) else { fatalError("no memory for the arguments of a kernel") }
        memory.storeBytes(of: block, as: UnsafeMutableRawPointer?.self)
        block = memory
        next = memory + MemoryLayout<UnsafeMutableRawPointer?>.stride
        end = memory + Self.stackSize
    }
}

extension Layout {
    /// A dense layout as one dimension.
    fileprivate var flat: Layout { Layout(shape: Dims(repeating: count, count: 1), offset: offset) }
}

/// Calls a kernel: the body turns tensors into its arguments, any number of them.
@inline(__always)
package func withKernelArguments<R>(_ body: (inout KernelArguments) -> R) -> R {
    withUnsafeTemporaryAllocation(
        byteCount: KernelArguments.stackSize, alignment: MemoryLayout<tl_tensor>.alignment
    ) { stack in
        var arguments = KernelArguments(on: stack)
        return body(&arguments)
    }
}
