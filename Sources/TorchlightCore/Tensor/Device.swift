import CKernels

/// Where a tensor's storage lies and its operations run.
public struct Device: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The kinds of device.
    public enum Kind: UInt8, Sendable, Hashable, Codable {
        case cpu = 0
        case cuda = 1
        /// Shapes, dtypes and strides without values.
        case meta = 2
        /// A device whose kernels another library brings.
        case external = 3
    }

    /// What the device is.
    public let kind: Kind
    /// Which one of its kind, from 0.
    public let index: Int

    /// The CPU and its memory.
    public static let cpu = Device(kind: .cpu, index: 0)
    /// The first NVIDIA GPU.
    public static let cuda = Device(kind: .cuda, index: 0)
    /// The NVIDIA GPU with this number.
    public static func cuda(_ index: Int) -> Device { Device(kind: .cuda, index: index) }

    /// Tensors without values and without memory: operations on them give the shapes, strides and dtypes of their results
    /// and compute nothing. A model that is built on it takes no memory; `Module.toEmpty(device:)` gives it some.
    public static let meta = Device(kind: .meta, index: 0)

    /// Where tensors are made that are given no device: the CPU, or the device of `withDevice`.
    public static var current: Device { ThreadContext.existing?.defaultDevice ?? .cpu }

    /// The device that another library registered with the kernel interface.
    package static let external = Device(kind: .external, index: 0)

    /// Whether this process can hold tensors on the device.
    public var isAvailable: Bool {
        switch kind {
        case .cpu, .meta: index == 0
        case .cuda, .external: tl_device_is_registered(Int32(kind.rawValue))
        }
    }

    /// The device by its number in the kernel interface.
    package var kernelCode: Int32 {
        @inline(__always) get { Int32(truncatingIfNeeded: kind.rawValue) }
    }

    /// Whether tensors on the device have values.
    @inline(__always)
    package var hasValues: Bool { kind != .meta }

    /// "cpu", "meta" or "cuda:0".
    public var description: String {
        switch kind {
        case .cpu: "cpu"
        case .meta: "meta"
        case .cuda: "cuda:\(index)"
        case .external: tl_device_name(Int32(kind.rawValue)).map { String(cString: $0) } ?? "external:\(index)"
        }
    }

    /// The device as it is written in Swift: ".cpu", ".cuda". One of another library has no name here; it is that of a
    /// tensor on it.
    package var swiftName: String {
        switch kind {
        case .cpu, .meta: ".\(kind)"
        case .cuda: index > 0 ? ".cuda(\(index))" : ".cuda"
        case .external: "y.device"
        }
    }
}

/// Runs the body with another default device: what creation functions and layers take that are given none.
///
///     let model = withDevice(.meta) { GPT(configuration) }       // no memory for the weights
///     print(model.summary(input: [1, 1024], dtype: .int64))
///
/// It holds for the calling thread. Tensors from Swift arrays and numbers follow it too; operations take the device of
/// their operands.
public func withDevice<R, E: Error>(_ device: Device, _ body: () throws(E) -> R) throws(E) -> R {
    let context = ThreadContext.current
    let outer = context.defaultDevice
    context.defaultDevice = device
    defer { context.defaultDevice = outer }
    return try body()
}
