import CKernels

/// The same values in memory of another device. The gradient is copied back.
///
/// Shapes: `[*] -> [*]`, in the order of the original's dimensions. Dtypes: any. Values cannot be copied from `Device.meta`,
/// which has none.
package struct ToDevice: Primitive {
    package static let name = "toDevice"
    package static let supportsComplex = true
    package var device: Device
    /// The device of the operand and of its gradient.
    package var source: Device

    package var resultDevice: Device? { device }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.device.hasValues || !device.hasValues else {
            throw TensorError(
                .device, in: "to", "a tensor on the device meta has no values to copy",
                expected: "a tensor with values", fix: "use toEmpty(device:) on the module, or make a new tensor",
                operands: [x])
        }
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, out) = (inputs[0], outputs[0])
        try copyBytes(from: x, to: out, count: x.count * x.dtype.byteSize)
    }

    /// Row-major operands only: bytes are copied as they are.
    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.gradient.to(source))
    }
}

/// Copies bytes between dense tensors, from device to device through the host.
private func copyBytes(from source: Tensor, to target: Tensor, count: Int) throws(TensorError) {
    if count == 0 { return }
    let (from, to) = (source.device.kernelCode, target.device.kernelCode)
    let status: Int32
    if source.device == .cpu {
        status = tl_device_copy_from_host(to, target.data, source.data, count)
    } else if target.device == .cpu {
        status = tl_device_copy_to_host(from, target.data, source.data, count)
    } else if from == to {
        status = tl_device_copy_within(from, target.data, source.data, count)
    } else {
        let host = try Tensor(empty: source.layout.shape, dtype: source.dtype, device: .cpu)
        try copyBytes(from: source, to: host, count: count)
        return try copyBytes(from: host, to: target, count: count)
    }
    guard status == 0 else {
        throw TensorError(
            .device, in: "to", "the device could not copy", got: "status \(status) for \(Memory.text(count))",
            operands: [source, target])
    }
}

extension Tensor {
    /// Copies the tensor to another device; returns the tensor itself if it is on that device.
    ///
    /// Gradients flow back to the device of this tensor. On `Device.meta` only shape, strides and dtype are kept.
    public func to(_ device: Device) -> Tensor {
        if device.accepts(self.device) || isPlaceholder { return self }
        // What represents a tensor of one device then represents one of the other.
        let device = self.device.isRecording ? .recording(device) : device
        guard device.isAvailable else { return fail(.unavailable(device, in: "to"), like: self) }
        return apply(ToDevice(device: device, source: self.device), self)
    }
}
