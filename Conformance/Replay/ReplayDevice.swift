import Torchlight

/// Where recorded calls are replayed.
public enum ReplayDevice {
    /// Set once, before the first case.
    nonisolated(unsafe) public static var current = Device.cpu

    /// Whether calls of operators and modules are made through `compile`, and the answer is that of a recorded graph.
    @TaskLocal public static var isCompiled = false

    /// Whether results have values to compare; on `Device.meta` shapes, dtypes and strides are compared alone.
    static var hasValues: Bool { current != .meta }

    /// A recorded tensor as an operand, on the device.
    static func copy(_ stored: Tensor) -> Tensor {
        if !hasValues { return Tensor.empty(stored.shape, dtype: stored.dtype, device: current) }
        return current == .cpu ? stored.clone() : stored.to(current)
    }
}
