import CDLPack
import TorchlightCore

/// Shares the memory of tensors with other libraries in the same process by DLPack
/// (<https://dmlc.github.io/dlpack/latest/>).
///
///     let exported = try DLPack.export(tensor)            // a DLManagedTensorVersioned *, for a capsule "dltensor_versioned"
///     let shared = try DLPack.adopt(exported)             // shares memory with `tensor`
///
/// Nothing is copied: writes on one side are visible on the other. They are not counted as in-place operations, so a
/// tensor that autograd has saved must not be written by the other library before the backward pass.
public enum DLPack {
    /// The version of the DLPack structure.
    public enum Version: Sendable {
        /// `DLManagedTensor`, up to version 0.8: Python capsules named `dltensor`.
        case v0
        /// `DLManagedTensorVersioned`, from version 1.0: Python capsules named `dltensor_versioned`.
        case v1
    }

    /// Exports a tensor without copying its memory.
    ///
    /// The structure keeps the memory alive until its deleter is called, which the receiver does once; the tensor
    /// itself may be released earlier.
    /// - Parameters:
    ///   - tensor: a tensor on the CPU that does not require gradients.
    ///   - version: the version of the structure. Default: `.v1`.
    /// - Returns: a `DLManagedTensor *` or a `DLManagedTensorVersioned *`.
    /// - Throws: `TensorError` if the tensor is on another device, requires gradients, is read-only and `version` is
    ///   `.v0`, which has no flag for that, or is the result of an operation that failed.
    public static func export(
        _ tensor: Tensor, version: Version = .v1
    ) throws(TensorError) -> UnsafeMutableRawPointer {
        guard !tensor.isPlaceholder else {
            throw TensorError(.value, in: "DLPack.export", "the tensor is the result of an operation that failed")
        }
        guard tensor.device == .cpu else {
            throw TensorError(
                .device, in: "DLPack.export", "the memory of this device cannot be exported", expected: "cpu",
                fix: "export x.to(.cpu)", operands: [tensor])
        }
        guard !tensor.requiresGrad else {
            throw TensorError(
                .autograd, in: "DLPack.export",
                "the tensor requires gradients, and autograd does not see writes of the other library",
                fix: "export x.detach()", operands: [tensor])
        }
        guard version == .v1 || !tensor.storage.isReadOnly else {
            throw TensorError(
                .value, in: "DLPack.export",
                "the tensor is read-only, and DLPack version 0 has no flag for read-only memory",
                fix: "export x.clone(), or use version 1", operands: [tensor])
        }
        switch version {
        case .v0: return UnsafeMutableRawPointer(Exported.legacy(tensor))
        case .v1: return UnsafeMutableRawPointer(Exported.versioned(tensor))
        }
    }

    /// Imports a tensor of another library without copying its memory.
    ///
    /// The structure belongs to the tensor from then on: its deleter is called when the last tensor that uses the
    /// memory is released, or if this function throws. Memory that is marked read-only stays read-only: writing to the
    /// tensor is an error.
    /// - Parameters:
    ///   - managed: a `DLManagedTensor *` or a `DLManagedTensorVersioned *`. For a Python capsule, its pointer; the
    ///     caller must rename the capsule to `used_dltensor` or `used_dltensor_versioned`.
    ///   - version: the version of the structure. Default: `.v1`.
    /// - Throws: `TensorError` if the memory is not on the CPU, the element type has no dtype, or shape, strides or
    ///   address are invalid.
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
            // In a structure of another major version only the deleter may be used.
            guard pointer.pointee.version.major == 1 else {
                throw TensorError(
                    .unsupported, in: "DLPack.adopt", "the structure has another major version",
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
            throw failure("the memory is not on the CPU", got: "device type \(kind)", expected: "1 (CPU)")
        }
        guard let dtype = DType(source.dtype) else {
            throw failure(
                "the element type is not supported",
                got: "code \(source.dtype.code), \(quantity(source.dtype.bits, "bit")), \(source.dtype.lanes) lanes",
                expected: "one of \(DType.allCases.map { "\($0)" }.joined(separator: ", "))")
        }
        guard source.ndim >= 0, source.ndim == 0 || source.shape != nil else {
            throw failure("the shape is missing", got: quantity(source.ndim, "dimension"), expected: "their sizes")
        }
        guard source.ndim <= maximumRank else {
            throw failure(
                "the tensor has too many dimensions", got: "\(source.ndim)", expected: "at most \(maximumRank)")
        }
        let shape = (0..<Int(source.ndim)).map { Int(source.shape[$0]) }
        var layout = Layout(shape: Dims())
        var size: Int? = shape.allSatisfy { $0 >= 0 } ? 1 : nil
        for extent in shape {
            // An empty tensor may have any other sizes, but their product must not overflow.
            size = size.flatMap { product(max($0, 1), max(extent, 1)) }
        }
        guard let size, product(size, dtype.byteSize) != nil else {
            throw failure(
                "the shape is invalid", got: "\(shape)", expected: "sizes of at least 0 whose product fits into memory")
        }
        layout = Layout(shape: Dims(shape))
        if source.ndim > 0, let strides = source.strides, layout.count > 0 {
            let given = (0..<Int(source.ndim)).map { Int(strides[$0]) }
            let isSound = zip(given, shape).allSatisfy { stride, extent in
                product(abs(clamping: stride), extent).flatMap { product($0, dtype.byteSize * 64) } != nil
            }
            guard isSound else {
                throw failure("the strides are invalid", got: "\(given)", expected: "strides within the address space")
            }
            layout = Layout(shape: Dims(shape), strides: Dims(given), offset: 0)
        }
        guard layout.count > 0, let start = source.data.map({ $0 + Int(source.byte_offset) }) else {
            guard layout.count == 0 else {
                throw failure(
                    "the address is missing", got: "shape \(shape)",
                    expected: "an address, since the tensor has elements")
            }
            return try Tensor(empty: Dims(shape), dtype: dtype)
        }
        guard UInt(bitPattern: start) % UInt(dtype.byteSize) == 0 else {
            throw failure(
                "the address is not a multiple of the element's size", got: "\(start) for \(dtype)",
                expected: "aligned memory, such as a copy made by the other library")
        }
        // With negative strides the storage begins below the first element.
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

/// Keeps the structure of another library until no tensor uses it.
private final class Imported {
    private let release: () -> Void
    init(_ release: @escaping () -> Void) { self.release = release }
    deinit { release() }
}

/// The contents of an exported structure, kept until its deleter is called.
private final class Exported {
    private let storage: Storage
    private let sizes: UnsafeMutablePointer<Int64>
    private let rank: Int

    private init(_ tensor: Tensor) {
        storage = tensor.storage
        rank = tensor.rank
        // One block for both lists; never empty, so that a 0-dimensional tensor has an address too.
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
        case (TL_DL_COMPLEX, 64): self = .complex64
        case (TL_DL_COMPLEX, 128): self = .complex128
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
            case .complex64, .complex128: TL_DL_COMPLEX
            }
        self.init(code: UInt8(code), bits: UInt8(dtype.byteSize * 8), lanes: 1)
    }
}
