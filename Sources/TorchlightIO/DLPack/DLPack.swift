import CDLPack
import TorchlightCore

/// Tensors that other libraries of the process use in place, and theirs here, by DLPack
/// (<https://dmlc.github.io/dlpack/latest/>).
///
///     let exported = try DLPack.export(tensor)            // a DLManagedTensorVersioned *, for a capsule "dltensor_versioned"
///     let shared = try DLPack.adopt(exported)             // the same elements as `tensor`
///
/// Nothing is copied: what one side writes the other sees. Such writes are not counted as in-place operations, so a tensor
/// that autograd has saved must not be written by the other side before the backward pass.
public enum DLPack {
    /// The two layouts of the interface.
    public enum Version: Sendable {
        /// `DLManagedTensor`, up to version 0.8: Python capsules called `dltensor`.
        case v0
        /// `DLManagedTensorVersioned`, from version 1.0: capsules called `dltensor_versioned`.
        case v1
    }

    /// Hands out a tensor's memory.
    ///
    /// The structure holds the memory until its deleter is called, which whoever receives the structure does once; the
    /// tensor itself may go before.
    /// - Returns: A `DLManagedTensor *` or a `DLManagedTensorVersioned *`.
    /// - Throws: `TensorError` for a tensor that needs a gradient, lies in memory that must not be written and goes out
    ///   by version 0, which cannot say so, or is the result of an operation that failed.
    public static func export(
        _ tensor: Tensor, version: Version = .v1
    ) throws(TensorError) -> UnsafeMutableRawPointer {
        guard !tensor.isPlaceholder else {
            throw TensorError(.value, in: "DLPack.export", "the tensor is the result of an operation that failed")
        }
        guard tensor.device == .cpu else {
            throw TensorError(
                .device, in: "DLPack.export", "the memory of this device cannot be handed out", expected: "cpu",
                fix: "export x.to(.cpu)", operands: [tensor])
        }
        guard !tensor.requiresGrad else {
            throw TensorError(
                .autograd, in: "DLPack.export",
                "the other side would write past autograd, and the tensor needs a gradient",
                fix: "export x.detach()", operands: [tensor])
        }
        guard version == .v1 || !tensor.storage.isReadOnly else {
            throw TensorError(
                .value, in: "DLPack.export",
                "the tensor lies in memory that may not be written, which version 0 cannot say",
                fix: "export x.clone(), or use version 1", operands: [tensor])
        }
        switch version {
        case .v0: return UnsafeMutableRawPointer(Exported.legacy(tensor))
        case .v1: return UnsafeMutableRawPointer(Exported.versioned(tensor))
        }
    }

    /// Takes over a tensor of another library.
    ///
    /// The structure belongs to the tensor from then on, and its deleter is called when the last tensor over the memory
    /// goes; it is called too where this function throws. Memory that is marked as read-only stays so: writing to the
    /// tensor is refused.
    /// - Parameter managed: A `DLManagedTensor *` or a `DLManagedTensorVersioned *`. In Python terms: the pointer of a
    ///   capsule, which must be renamed `used_dltensor` (`used_dltensor_versioned`) by the caller.
    /// - Throws: `TensorError` for memory on other devices, elements that have no dtype here, and layouts that make no sense.
    public static func adopt(
        _ managed: UnsafeMutableRawPointer, version: Version = .v1
    ) throws(TensorError) -> Tensor {
        switch version {
        case .v0:
            let pointer = managed.assumingMemoryBound(to: tl_dl_managed_tensor.self)
            let owner = Imported { pointer.pointee.deleter?(pointer) }
            return try tensor(pointer.pointee.tensor, owner: owner, isReadOnly: false)
        case .v1:
            let pointer = managed.assumingMemoryBound(to: tl_dl_managed_tensor_versioned.self)
            let owner = Imported { pointer.pointee.deleter?(pointer) }
            // Of another major version only the deleter may be used.
            guard pointer.pointee.version.major == 1 else {
                throw TensorError(
                    .unsupported, in: "DLPack.adopt", "the structure is of another version",
                    got: "\(pointer.pointee.version.major).\(pointer.pointee.version.minor)", expected: "1.x")
            }
            let isReadOnly = pointer.pointee.flags & UInt64(TL_DL_FLAG_READ_ONLY) != 0
            return try tensor(pointer.pointee.tensor, owner: owner, isReadOnly: isReadOnly)
        }
    }

    private static func tensor(
        _ source: tl_dl_tensor, owner: Imported, isReadOnly: Bool
    ) throws(TensorError) -> Tensor {
        func failure(_ problem: String, got: String, expected: String) -> TensorError {
            TensorError(.unsupported, in: "DLPack.adopt", problem, got: got, expected: expected)
        }
        let kind = source.device.device_type
        guard kind == Int32(TL_DL_CPU) || kind == Int32(TL_DL_CUDA_HOST) else {
            throw failure("the memory is not the processor's", got: "device type \(kind)", expected: "1 (CPU)")
        }
        guard let dtype = DType(source.dtype) else {
            throw failure(
                "there is no dtype for the elements",
                got: "code \(source.dtype.code), \(source.dtype.bits) bits, \(source.dtype.lanes) lanes",
                expected: "one of \(DType.allCases.map { "\($0)" }.joined(separator: ", "))")
        }
        guard source.ndim >= 0, source.ndim == 0 || source.shape != nil else {
            throw failure("the shape is missing", got: "\(source.ndim) dimensions", expected: "their sizes")
        }
        guard source.ndim <= maximumRank else {
            throw failure(
                "the tensor has too many dimensions", got: "\(source.ndim)", expected: "at most \(maximumRank)")
        }
        let shape = (0..<Int(source.ndim)).map { Int(source.shape[$0]) }
        var layout = Layout(shape: Dims())
        var size: Int? = shape.allSatisfy { $0 >= 0 } ? 1 : nil
        for extent in shape {
            // Empty tensors may have any other sizes, but those must not overflow either.
            size = size.flatMap { product(max($0, 1), max(extent, 1)) }
        }
        guard let size, product(size, dtype.byteSize) != nil else {
            throw failure("the shape makes no sense", got: "\(shape)", expected: "sizes from 0 that fit into memory")
        }
        layout = Layout(shape: Dims(shape))
        if source.ndim > 0, let strides = source.strides, layout.count > 0 {
            let given = (0..<Int(source.ndim)).map { Int(strides[$0]) }
            let isSound = zip(given, shape).allSatisfy { stride, extent in
                product(abs(clamping: stride), extent).flatMap { product($0, dtype.byteSize * 64) } != nil
            }
            guard isSound else {
                throw failure("the strides make no sense", got: "\(given)", expected: "distances within memory")
            }
            layout = Layout(shape: Dims(shape), strides: Dims(given), offset: 0)
        }
        guard layout.count > 0, let start = source.data.map({ $0 + Int(source.byte_offset) }) else {
            guard layout.count == 0 else {
                throw failure(
                    "the address is missing", got: "shape \(shape)", expected: "one, for a tensor with elements")
            }
            return try Tensor(empty: Dims(shape), dtype: dtype)
        }
        guard UInt(bitPattern: start) % UInt(dtype.byteSize) == 0 else {
            throw failure(
                "the address is not a multiple of the element's size", got: "\(start) for \(dtype)",
                expected: "aligned memory; a copy on the other side is")
        }
        // Negative strides reach below the first element: the storage begins where they end.
        let extent = layout.extent
        let storage = Storage(
            bytes: start + extent.lowerBound * dtype.byteSize, byteCount: extent.count * dtype.byteSize, device: .cpu,
            owner: owner, isReadOnly: isReadOnly)
        return Tensor(
            storage: storage,
            layout: Layout(shape: layout.shape, strides: layout.strides, offset: -extent.lowerBound), dtype: dtype)
    }

    private static func product(_ a: Int, _ b: Int) -> Int? {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? nil : product
    }

    private static func abs(clamping value: Int) -> Int { value == .min ? .max : Swift.abs(value) }
}

/// Keeps the structure of another library until no tensor needs it.
private final class Imported {
    private let release: () -> Void
    init(_ release: @escaping () -> Void) { self.release = release }
    deinit { release() }
}

/// What a structure that was handed out holds until its deleter is called.
private final class Exported {
    private let storage: Storage
    private let sizes: UnsafeMutablePointer<Int64>
    private let rank: Int

    private init(_ tensor: Tensor) {
        storage = tensor.storage
        rank = tensor.rank
        // One block for both lists; never empty, so that there is an address for a single number too.
        sizes = .allocate(capacity: max(2 * rank, 1))
        for (i, extent) in tensor.shape.enumerated() { sizes[i] = Int64(extent) }
        for (i, stride) in tensor.strides.enumerated() { sizes[rank + i] = Int64(stride) }
    }

    deinit { sizes.deallocate() }

    private func describe(_ tensor: Tensor) -> tl_dl_tensor {
        tl_dl_tensor(
            data: tensor.data, device: tl_dl_device(device_type: Int32(TL_DL_CPU), device_id: 0), ndim: Int32(rank),
            dtype: tl_dl_data_type(tensor.dtype), shape: sizes, strides: sizes + rank, byte_offset: 0)
    }

    static func legacy(_ tensor: Tensor) -> UnsafeMutablePointer<tl_dl_managed_tensor> {
        let exported = Exported(tensor)
        let managed = UnsafeMutablePointer<tl_dl_managed_tensor>.allocate(capacity: 1)
        managed.initialize(
            to: tl_dl_managed_tensor(
                tensor: exported.describe(tensor), manager_context: Unmanaged.passRetained(exported).toOpaque(),
                deleter: { managed in
                    guard let managed else { return }
                    Unmanaged<Exported>.fromOpaque(managed.pointee.manager_context).release()
                    managed.deallocate()
                }))
        return managed
    }

    static func versioned(_ tensor: Tensor) -> UnsafeMutablePointer<tl_dl_managed_tensor_versioned> {
        let exported = Exported(tensor)
        let managed = UnsafeMutablePointer<tl_dl_managed_tensor_versioned>.allocate(capacity: 1)
        managed.initialize(
            to: tl_dl_managed_tensor_versioned(
                version: tl_dl_version(major: 1, minor: 0),
                manager_context: Unmanaged.passRetained(exported).toOpaque(),
                deleter: { managed in
                    guard let managed else { return }
                    Unmanaged<Exported>.fromOpaque(managed.pointee.manager_context).release()
                    managed.deallocate()
                }, flags: tensor.storage.isReadOnly ? UInt64(TL_DL_FLAG_READ_ONLY) : 0,
                tensor: exported.describe(tensor)))
        return managed
    }
}

extension DType {
    fileprivate init?(_ type: tl_dl_data_type) {
        guard type.lanes == 1 else { return nil }
        switch (Int(type.code), type.bits) {
        case (TL_DL_FLOAT, 64): self = .float64
        case (TL_DL_FLOAT, 32): self = .float32
        case (TL_DL_FLOAT, 16): self = .float16
        case (TL_DL_BFLOAT, 16): self = .bfloat16
        case (TL_DL_INT, 64): self = .int64
        case (TL_DL_INT, 32): self = .int32
        case (TL_DL_INT, 16): self = .int16
        case (TL_DL_INT, 8): self = .int8
        case (TL_DL_UINT, 8): self = .uint8
        case (TL_DL_BOOL, 8): self = .bool
        default: return nil
        }
    }
}

extension tl_dl_data_type {
    fileprivate init(_ dtype: DType) {
        let code =
            switch dtype {
            case .float64, .float32, .float16: TL_DL_FLOAT
            case .bfloat16: TL_DL_BFLOAT
            case .int64, .int32, .int16, .int8: TL_DL_INT
            case .uint8: TL_DL_UINT
            case .bool: TL_DL_BOOL
            }
        self.init(code: UInt8(code), bits: UInt8(dtype.byteSize * 8), lanes: 1)
    }
}
