import CKernels
import Synchronization

private struct DeterminismSettings {
    var isEnabled = false
    var isWarnOnly = false
    var fillsUninitializedMemory = true
}

private let settings = Mutex(DeterminismSettings())
/// Whether the mode is on and fills memory, for a quick test.
private let fillsMemory = Atomic<Bool>(false)

private func update(_ change: (inout DeterminismSettings) -> Void) {
    settings.withLock { settings in
        change(&settings)
        fillsMemory.store(settings.isEnabled && settings.fillsUninitializedMemory, ordering: .relaxed)
    }
}

/// Sets whether operations must give the same results each time, as `torch.use_deterministic_algorithms`.
///
/// The operations of Torchlight always do on the CPU, for a given number of threads and instruction set, so that the mode forbids none of
/// them. In the mode the elements of new uninitialised tensors (`Tensor.empty` and the like) are set to NaN, to the
/// largest integer or to true, so that a program that reads them does so reproducibly; see
/// ``fillUninitializedMemory``. It holds for the whole process.
///
/// - Parameters:
///   - mode: whether the mode is on.
///   - warnOnly: whether an operation without a deterministic algorithm, of a device that has some, is to print a warning
///     instead of an error. Default: false.
public func useDeterministicAlgorithms(_ mode: Bool, warnOnly: Bool = false) {
    update {
        $0.isEnabled = mode
        $0.isWarnOnly = mode && warnOnly
    }
}

/// Whether ``useDeterministicAlgorithms(_:warnOnly:)`` is on.
public var areDeterministicAlgorithmsEnabled: Bool { settings.withLock { $0.isEnabled } }

/// Whether ``useDeterministicAlgorithms(_:warnOnly:)`` is on with `warnOnly`.
public var isDeterministicAlgorithmsWarnOnlyEnabled: Bool { settings.withLock { $0.isWarnOnly } }

/// Whether deterministic algorithms, where they are on, set the elements of new uninitialised tensors. Default: true.
public var fillUninitializedMemory: Bool {
    get { settings.withLock { $0.fillsUninitializedMemory } }
    set { update { $0.fillsUninitializedMemory = newValue } }
}

extension Tensor {
    /// This new tensor, which is uninitialised: reported to a recorder, and its elements set if deterministic algorithms are on.
    @inline(__always)
    func uninitialized() -> Tensor {
        activeRecorder?.made(uninitialized: self)
        return fillsMemory.load(ordering: .relaxed) ? filledWithExtreme() : self
    }

    @inline(never)
    private func filledWithExtreme() -> Tensor {
        noGrad {
            if dtype.isDifferentiable { return fill_(Double.nan) }
            return dtype == .bool ? fill_(true) : fill_(iinfo(dtype).max)
        }
    }
}

/// How float32 products of matrices may be computed; see ``setFloat32MatmulPrecision(_:)``.
public enum Float32MatmulPrecision: String, Sendable {
    /// In float32.
    case highest
    /// In formats with a fraction of at least 10 bits, as TensorFloat32 or sums of bfloat16.
    case high
    /// In bfloat16 too.
    case medium
}

private let matmulPrecision = Mutex(Float32MatmulPrecision.highest)

/// Sets which formats products of float32 matrices may be computed in, as `torch.set_float32_matmul_precision`. Default:
/// `.highest`. The CPU computes them in float32 whatever is allowed.
public func setFloat32MatmulPrecision(_ precision: Float32MatmulPrecision) {
    matmulPrecision.withLock { $0 = precision }
}

/// Which formats products of float32 matrices may be computed in; see ``setFloat32MatmulPrecision(_:)``.
public func getFloat32MatmulPrecision() -> Float32MatmulPrecision { matmulPrecision.withLock { $0 } }

/// Sets whether denormal numbers, those below the smallest normal number of a dtype, are read and written as 0, which is faster on
/// some processors. It holds for the calling thread, for the threads that share operations, and for threads that are started later
/// from the calling one. Default: false.
///
/// - Returns: whether the processor has this mode; nothing changes where it has not.
@discardableResult
public func setFlushDenormal(_ flush: Bool) -> Bool { tl_set_flush_denormal(flush) }
