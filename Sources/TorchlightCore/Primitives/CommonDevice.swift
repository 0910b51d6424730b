// The device on which a call runs: that of its operands, or the one that the primitive names.

/// Where the results of a call are.
func resultDevice(of primitive: any Primitive, _ inputs: Few<Tensor>) throws(TensorError) -> Device {
    if let device = primitive.resultDevice { return device }
    var common = CommonDevice()
    for i in 0..<inputs.count {
        let input = inputs[i]
        if !common.add(input.device, rank: input.rank) {
            throw common.error(of: primitive, input.device, Array(inputs))
        }
    }
    return common.device
}

/// The same of operands that are only described.
func resultDevice(of primitive: any Primitive, _ inputs: Specs) throws(TensorError) -> Device {
    if let device = primitive.resultDevice { return device }
    var common = CommonDevice()
    for i in 0..<inputs.count {
        let spec = inputs[i]
        if !common.add(spec.device, rank: spec.rank) {
            throw common.error(of: primitive, spec.device, Array(inputs))
        }
    }
    return common.device
}

/// The device that operands share. 0-dimensional operands on the CPU go with any device, whose kernels read them at the
/// launch.
private struct CommonDevice {
    private(set) var device = Device.cpu
    /// Whether all operands so far are 0-dimensional ones on the CPU.
    private var isOpen = true

    /// Takes one more operand; false where it is on another device.
    @inline(__always)
    mutating func add(_ next: Device, rank: Int) -> Bool {
        if next == device {
            if rank > 0 { isOpen = false }
            return true
        }
        if next == .cpu && rank == 0 { return true }
        if next.isRecording && next.represented == device {
            device = next
            isOpen = false
            return true
        }
        if device.isRecording && device.represented == next { return true }
        if !isOpen { return false }
        device = next
        isOpen = false
        return true
    }

    @inline(never)
    func error(of primitive: any Primitive, _ other: Device, _ operands: [any Described]) -> TensorError {
        TensorError(
            .device, in: primitive.publicName, "the operands are on different devices", expected: "one device",
            fix: "move one, as in x.to(\(device == .cpu ? other.swiftName : device.swiftName))", operands: operands)
    }
}
