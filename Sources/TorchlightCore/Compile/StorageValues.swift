/// The elements that a tensor has of a storage.
struct StoragePlace: Hashable {
    var layout: Layout
    var dtype: DType

    init(_ layout: Layout, _ dtype: DType) {
        self.layout = layout
        self.dtype = dtype
    }

    init(_ tensor: Tensor) { self.init(tensor.layout, tensor.dtype) }
}

/// What a storage holds while a function is recorded: the value of one place, from which those of all other places are computed.
///
/// It does not retain the storage: whether gradients are added up in place depends on how many references there are.
final class StorageValues {
    enum Owner {
        /// It was made by the function.
        case function
        /// A constant of the program, which must not change.
        case constant
        /// It existed before.
        case outside
    }

    let base: StoragePlace
    let owner: Owner
    /// What the base holds at first, and now.
    let initial: Graph.ValueID
    var value: Graph.ValueID
    /// The values of the views since the last write.
    var views: [StoragePlace: Graph.ValueID] = [:]
    /// How views are computed: by a primitive from another place.
    var derivations: [StoragePlace: (primitive: any ViewPrimitive, source: StoragePlace)] = [:]
    /// Whether arguments have other places of the storage, so that a write would change values that are not computed from the base.
    var isSplit = false

    init(_ base: StoragePlace, _ value: Graph.ValueID, _ owner: Owner) {
        self.base = base
        self.owner = owner
        self.value = value
        initial = value
    }

    /// Notes how a view was made, so that graphs show the operation of the program.
    func derive(_ place: StoragePlace, by view: any ViewPrimitive, from source: StoragePlace) {
        if place == base || derivations[place] != nil { return }
        // Any layout of the storage is one of the whole storage.
        if view is AsStrided { return }
        if source != base && derivations[source] == nil { return }
        derivations[place] = (view, source)
    }
}
