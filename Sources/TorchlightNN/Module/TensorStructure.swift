import TorchlightCore

/// A value made of tensors: what modules take and return, so that hooks see its tensors and may replace them.
///
/// Tensors, packed sequences, and optionals and arrays of these conform. A type of one's own lists its tensors in a fixed
/// order and says how it is made of others:
///
///     struct Boxes: TensorStructure {
///         var corners, scores: Tensor
///         var tensorSlots: [Tensor?] { [corners, scores] }
///         func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Boxes {
///             Boxes(corners: corners.replacingTensors(from: &slots), scores: scores.replacingTensors(from: &slots))
///         }
///     }
public protocol TensorStructure {
    /// The tensors in a fixed order; nil for an optional one that is absent.
    var tensorSlots: [Tensor?] { get }

    /// The same value with other tensors: takes as many elements from the front as ``tensorSlots`` has.
    func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Self
}

extension Tensor: TensorStructure {
    /// The tensor itself.
    public var tensorSlots: [Tensor?] { [self] }
    /// The next tensor; this one where the slot is nil.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Tensor { slots.removeFirst() ?? self }
}

extension Optional: TensorStructure where Wrapped: TensorStructure {
    /// The tensors of the value; one absent tensor where there is no value.
    public var tensorSlots: [Tensor?] { self?.tensorSlots ?? [nil] }

    /// The value of the next tensors. An absent tensor that was given takes the place of nil.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Wrapped? {
        if let self { return self.replacingTensors(from: &slots) }
        return slots.removeFirst() as? Wrapped
    }
}

extension Array: TensorStructure where Element: TensorStructure {
    /// The tensors of all elements.
    public var tensorSlots: [Tensor?] { flatMap(\.tensorSlots) }
    /// The elements with the next tensors.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> [Element] {
        map { $0.replacingTensors(from: &slots) }
    }
}

extension PackedSequence: TensorStructure {
    /// The rows.
    public var tensorSlots: [Tensor?] { [data] }
    /// The same sequences with other rows.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> PackedSequence {
        var replaced = self
        replaced.data = data.replacingTensors(from: &slots)
        return replaced
    }
}
