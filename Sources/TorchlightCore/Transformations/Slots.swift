/// The tensors of an argument list or of a tuple of results, in one list.
struct Slots {
    /// The start of each argument in `slots`, and the end of the last one.
    private(set) var starts = [0]
    private(set) var slots: [Tensor?] = []

    mutating func append(_ value: some TensorStructure) {
        slots += value.tensorSlots
        starts.append(slots.count)
    }

    /// The number of arguments.
    var count: Int { starts.count - 1 }
    /// The tensors that are present.
    var tensors: [Tensor] { slots.compactMap { $0 } }

    private func tensors(of argument: Int) -> [Tensor] {
        slots[starts[argument]..<starts[argument + 1]].compactMap { $0 }
    }

    /// The slots with other tensors for those that are present.
    func replacing(_ tensors: [Tensor]) -> ArraySlice<Tensor?> {
        var next = 0
        return slots.map { slot in
            guard slot != nil else { return nil }
            defer { next += 1 }
            return tensors[next]
        }[...]
    }

    /// One value per argument, repeated for each tensor of the argument.
    func forEachTensor<T>(_ perArgument: [T]) -> [T] {
        (0..<count).flatMap { i in tensors(of: i).map { _ in perArgument[i] } }
    }
}
