/// Where a tensor's storage lies and its operations run.
public struct Device: Sendable, Hashable, CustomStringConvertible {
    /// The kinds of device.
    public enum Kind: UInt8, Sendable, Hashable {
        // The values are those of TL_DEVICE_... in the kernel interface.
        case cpu = 0
        case cuda = 1
    }

    /// The device by its number in the kernel interface.
    package var kernelCode: Int32 {
        @inline(__always) get { Int32(truncatingIfNeeded: kind.rawValue) }
    }

    /// What the device is.
    public let kind: Kind
    /// Which one of its kind, from 0.
    public let index: Int

    /// The processor and its memory.
    public static let cpu = Device(kind: .cpu, index: 0)
    /// The first NVIDIA GPU.
    public static let cuda = Device(kind: .cuda, index: 0)
    /// The NVIDIA GPU with this number.
    public static func cuda(_ index: Int) -> Device { Device(kind: .cuda, index: index) }

    /// Whether this process can compute on the device.
    public var isAvailable: Bool { kind == .cpu && index == 0 }

    /// "cpu", or "cuda:0".
    public var description: String { kind == .cpu ? "cpu" : "cuda:\(index)" }
}
