import TorchlightCore

/// The tensors of the arguments or results of an exported function, with the keys of dictionaries as names.
struct ExportSlots {
    private var slots: [Tensor?] = []
    private var keys: [String?] = []

    init<each Value: TensorStructure>(_ values: repeat each Value) {
        for value in repeat each values {
            let new = value.tensorSlots
            slots += new
            if let dictionary = value as? [String: Tensor] {
                keys += dictionary.keys.sorted()
            } else {
                keys += new.map { _ in nil }
            }
        }
    }

    /// The tensors that are present.
    var tensors: [Tensor] { slots.compactMap { $0 } }

    /// The default names: the key of a dictionary, or the base name, with a number if there are several tensors.
    func names(_ base: String) -> [String] {
        let present = zip(slots, keys).filter { $0.0 != nil }.map { $0.1 }
        return present.enumerated().map { $1 ?? (present.count == 1 ? base : "\(base)\($0)") }
    }

    /// The slots with other tensors for those that are present.
    func replacing(_ tensors: [Tensor]) -> [Tensor?] {
        var next = tensors[...]
        return slots.map { $0 == nil ? nil : next.removeFirst() }
    }
}
