import TorchlightCore

/// Records the calls on tensors with elements in a recorded function, such as `Tensor.arange(x.size(1))`.
///
/// A graph contains only their results, as constants. The calls are needed if a result depends on the dynamic sizes.
/// The recorder of a graph forwards them to the recorder that was active before.
final class HostCalls: CallRecorder {
    struct Call {
        let primitive: any Primitive
        let inputs: [Tensor]
        let outputs: [Tensor]
        let modulePath: String?
    }

    /// A range of elements in memory, which a tensor shares with its aliases, such as the result of `detach()`.
    private struct Elements: Hashable {
        let storage: ObjectIdentifier
        let layout: Layout
        let dtype: DType

        init(_ tensor: Tensor) {
            (storage, layout, dtype) = (ObjectIdentifier(tensor.storage), tensor.layout, tensor.dtype)
        }
    }

    private var calls: [Call] = []
    private var origins: [Elements: (call: Int, output: Int)] = [:]
    /// Storages that were changed in place, retained: the calls do not determine their elements.
    private var changed: [ObjectIdentifier: Storage] = [:]

    func called(_ primitive: any Primitive, _ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ kind: CallKind) {
        if outputs.contains(where: { $0.device.isRecording || $0.isPlaceholder }) { return }
        if kind == .inPlace { return outputs.forEach(recordChange) }
        // A view of a whole tensor has the same elements as its operand, which was recorded before.
        for (index, output) in outputs.enumerated() where origins[Elements(output)] == nil {
            if kind == .view && inputs.contains(where: { Elements($0) == Elements(output) }) { continue }
            origins[Elements(output)] = (calls.count, index)
        }
        calls.append(
            Call(
                primitive: primitive, inputs: Array(inputs), outputs: Array(outputs),
                modulePath: ThreadContext.existing?.modulePathText))
    }

    func performed(_ effect: GraphEffect, changing changed: [Tensor], reading read: [Tensor]) {
        changed.forEach(recordChange)
    }

    func hostWrite(_ what: String, _ tensor: Tensor?) { tensor.map(recordChange) }
    func rearranged(_ tensor: Tensor) { recordChange(tensor) }

    private func recordChange(_ tensor: Tensor) { changed[ObjectIdentifier(tensor.storage)] = tensor.storage }

    /// The call that created a tensor, its number and the index of the result; nil if there is none.
    func origin(of tensor: Tensor) -> (call: Call, number: Int, output: Int)? {
        guard let origin = origins[Elements(tensor)], changed[ObjectIdentifier(tensor.storage)] == nil else {
            return nil
        }
        return (calls[origin.call], origin.call, origin.output)
    }
}
