import Synchronization

extension DType {
    /// The dtype of floating-point literals, of creation functions and layers without a `dtype` argument, and of divisions and
    /// functions of integers: float32, unless it was set. A complex number is complex128 where it is float64, else complex64.
    ///
    /// Setting it, also as ``setDefaultDType(_:)``, changes it for the whole process; ``withDefaultDType(_:_:)`` changes it for
    /// one thread while its body runs. It must be floating point.
    public static var `default`: DType {
        @inline(__always) get { DefaultDType.isSet.load(ordering: .relaxed) ? DefaultDType.current : .float32 }
        set {
            guard DefaultDType.accepts(newValue, in: "setDefaultDType") else { return }
            DefaultDType.process.store(newValue.rawValue, ordering: .relaxed)
            DefaultDType.isSet.store(true, ordering: .relaxed)
        }
    }
}

/// The default dtypes of the process and of threads.
private enum DefaultDType {
    /// Whether a default dtype was ever set: until then none is looked up.
    static let isSet = Atomic<Bool>(false)
    static let process = Atomic<Int32>(DType.float32.rawValue)

    @inline(never)
    static var current: DType {
        ThreadContext.existing?.defaultDType ?? DType(rawValue: process.load(ordering: .relaxed)) ?? .float32
    }

    /// Reports dtypes that are not floating point.
    static func accepts(_ dtype: DType, in operation: String) -> Bool {
        if dtype.isFloatingPoint { return true }
        reportFailure(
            TensorError(
                .dtype, in: operation, "the default dtype must be floating point", got: "\(dtype)",
                expected: "float64, float32, float16 or bfloat16"))
        return false
    }
}

/// Sets the default dtype of the process: ``DType/default``. A dtype that is not floating point is an error.
public func setDefaultDType(_ dtype: DType) { DType.default = dtype }

/// The default dtype: ``DType/default``.
public func getDefaultDType() -> DType { .default }

/// Runs the body with another default dtype on this thread. A dtype that is not floating point is an error.
///
///     withDefaultDType(.float64) { Tensor([1.5]).dtype }       // float64
public func withDefaultDType<R, E: Error>(_ dtype: DType, _ body: () throws(E) -> R) throws(E) -> R {
    guard DefaultDType.accepts(dtype, in: "withDefaultDType") else { return try body() }
    DefaultDType.isSet.store(true, ordering: .relaxed)
    let context = ThreadContext.current
    let outer = context.defaultDType
    context.defaultDType = dtype
    defer { context.defaultDType = outer }
    return try body()
}

/// Sets the default device of this thread: ``Device/current``. A device that is not available is an error.
public func setDefaultDevice(_ device: Device) { Device.current = device }

/// The default device of this thread: ``Device/current``.
public func getDefaultDevice() -> Device { .current }

/// The dtype that type promotion gives for two dtypes: ``DType/promote(_:_:)``.
public func promoteTypes(_ a: DType, _ b: DType) -> DType { .promote(a, b) }

/// Whether type promotion allows a conversion: ``DType/canCast(to:)``.
public func canCast(_ from: DType, _ to: DType) -> Bool { from.canCast(to: to) }
