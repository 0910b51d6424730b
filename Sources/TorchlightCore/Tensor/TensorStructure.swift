/// A type that contains tensors: an argument or result of a function that `grad`, `vmap` and the other function
/// transformations take, or an input or output of a module whose hooks receive and replace its tensors.
///
/// ``Tensor``, and optionals, arrays and dictionaries of conforming types conform. A custom type lists its tensors in a
/// fixed order and returns a copy with other tensors:
///
///     struct Boxes: TensorStructure {
///         var corners, scores: Tensor
///         var tensorSlots: [Tensor?] { [corners, scores] }
///         func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Boxes {
///             Boxes(corners: corners.replacingTensors(from: &slots), scores: scores.replacingTensors(from: &slots))
///         }
///     }
public protocol TensorStructure {
    /// The tensors in a fixed order; nil for an optional tensor that is absent.
    var tensorSlots: [Tensor?] { get }

    /// Returns the same value with other tensors. Removes as many elements from the front of `slots` as ``tensorSlots`` has.
    func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Self
}

extension Tensor: TensorStructure {
    /// The tensor itself.
    public var tensorSlots: [Tensor?] { [self] }
    /// The first tensor of `slots`; this tensor if it is nil.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Tensor { slots.removeFirst() ?? self }
}

extension Optional: TensorStructure where Wrapped: TensorStructure {
    /// The tensors of the value; one nil if there is no value.
    public var tensorSlots: [Tensor?] { self?.tensorSlots ?? [nil] }

    /// The value with the first tensors of `slots`. If this is nil, the first tensor of `slots` becomes the value.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> Wrapped? {
        if let self { return self.replacingTensors(from: &slots) }
        return slots.removeFirst() as? Wrapped
    }
}

extension Array: TensorStructure where Element: TensorStructure {
    /// The tensors of all elements.
    public var tensorSlots: [Tensor?] { flatMap(\.tensorSlots) }
    /// The elements with the first tensors of `slots`.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> [Element] {
        map { $0.replacingTensors(from: &slots) }
    }
}

extension Dictionary: TensorStructure where Key: Comparable, Value: TensorStructure {
    /// The tensors of the values, in the order of the keys.
    public var tensorSlots: [Tensor?] { keys.sorted().flatMap { self[$0]!.tensorSlots } }
    /// The dictionary with the first tensors of `slots`, in the order of the keys.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> [Key: Value] {
        var replaced = self
        for key in keys.sorted() { replaced[key] = self[key]!.replacingTensors(from: &slots) }
        return replaced
    }
}
