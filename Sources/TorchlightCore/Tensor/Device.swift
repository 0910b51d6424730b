import CKernels

/// The device that holds the memory of a tensor and runs its operations.
public struct Device: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The kinds of device.
    public enum Kind: UInt8, Sendable, Hashable, Codable {
        case cpu = 0
        case cuda = 1
        /// No memory: tensors have a shape, strides and a dtype, but no elements.
        case meta = 2
        /// A device whose kernels another library registers.
        case external = 3
    }

    /// The kind of the device.
    public let kind: Kind
    /// The index of the device among those of its kind, from 0.
    public let index: Int

    /// The CPU.
    public static let cpu = Device(kind: .cpu, index: 0)
    /// The first NVIDIA GPU.
    public static let cuda = Device(kind: .cuda, index: 0)
    /// The NVIDIA GPU with this index.
    public static func cuda(_ index: Int) -> Device { Device(kind: .cuda, index: index) }

    /// The device of tensors without elements. Operations on them compute the shapes, strides and dtypes of their
    /// results, but no elements. A model on this device takes no memory for its parameters; `Module.toEmpty(device:)`
    /// allocates it.
    public static let meta = Device(kind: .meta, index: 0)

    /// The default device of the thread, used by creation functions without a `device` argument: the CPU, unless it was set, here
    /// or by ``setDefaultDevice(_:)``, or inside of `withDevice`. Setting a device that is not available is an error.
    public static var current: Device {
        get { ThreadContext.existing?.defaultDevice ?? .cpu }
        set {
            guard newValue.isAvailable else {
                reportFailure(.unavailable(newValue, in: "setDefaultDevice"))
                return
            }
            ThreadContext.current.defaultDevice = newValue
        }
    }

    /// The device that another library registered with the kernel interface.
    package static let external = Device(kind: .external, index: 0)

    /// Whether this process can create tensors on the device.
    public var isAvailable: Bool {
        switch kind {
        case .cpu: index == 0
        case .meta: index == 0 || represented?.isAvailable == true
        case .cuda, .external: tl_device_is_registered(Int32(kind.rawValue))
        }
    }

    /// The device's code in the kernel interface.
    package var kernelCode: Int32 {
        @inline(__always) get { Int32(truncatingIfNeeded: kind.rawValue) }
    }

    /// Whether tensors on the device have elements.
    @inline(__always)
    package var hasValues: Bool { kind != .meta }

    /// The device of tensors that represent those of another device while a function is recorded, as in `vmap`. They
    /// have a shape, strides and a dtype, but no elements, as on `meta`. Operations accept tensors of the represented
    /// device beside them.
    package static func recording(_ device: Device) -> Device {
        if device.isRecording { return device }
        return Device(kind: .meta, index: 1 + Int(device.kind.rawValue) + 4 * device.index)
    }

    /// The device that the tensors of a recorded function represent; nil for a device that tensors can be moved to.
    package var represented: Device? {
        guard isRecording, let kind = Kind(rawValue: UInt8((index - 1) % 4)) else { return nil }
        return Device(kind: kind, index: (index - 1) / 4)
    }

    /// Whether tensors on the device are those of a function that is being recorded.
    @inline(__always)
    package var isRecording: Bool { kind == .meta && index > 0 }

    /// Whether operations accept tensors of both devices together.
    package func accepts(_ other: Device) -> Bool {
        self == other || represented == other || (other.isRecording && other.represented == self)
    }

    /// The name of the device: "cpu", "meta" or "cuda:0".
    public var description: String {
        switch kind {
        case .cpu: "cpu"
        case .meta: represented.map { "\($0), recorded" } ?? "meta"
        case .cuda: "cuda:\(index)"
        case .external: tl_device_name(Int32(kind.rawValue)).map { String(cString: $0) } ?? "external:\(index)"
        }
    }

    /// The device as a Swift expression, for error texts: ".cpu", ".cuda(1)". A registered device has no constant, so
    /// it is written as the device of some tensor `y`.
    package var swiftName: String {
        switch kind {
        case .cpu, .meta: ".\(kind)"
        case .cuda: index > 0 ? ".cuda(\(index))" : ".cuda"
        case .external: "y.device"
        }
    }
}

/// Runs the body with another default device, which creation functions and layers use if they are given none.
///
///     let model = withDevice(.meta) { GPT(configuration) }       // no memory for the weights
///     print(model.summary(input: [1, 1024], dtype: .int64))
///
/// The default device is set for the calling thread only. It also holds for tensors made from Swift arrays and numbers.
/// Operations on tensors use the device of their operands.
public func withDevice<R, E: Error>(_ device: Device, _ body: () throws(E) -> R) throws(E) -> R {
    let context = ThreadContext.current
    let outer = context.defaultDevice
    context.defaultDevice = device
    defer { context.defaultDevice = outer }
    return try body()
}
