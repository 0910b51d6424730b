/// The layout and dtype of a tensor in its storage.
struct StoragePlace: Hashable {
    var layout: Layout
    var dtype: DType

    init(_ layout: Layout, _ dtype: DType) {
        self.layout = layout
        self.dtype = dtype
    }

    init(_ tensor: Tensor) { self.init(tensor.layout, tensor.dtype) }
}

/// The values of a storage while a function is recorded: the value of a base layout, from which all other views are
/// computed.
///
/// The storage is not retained, because a compiled function adds gradients in place only if the reference count allows
/// it.
final class StorageValues {
    enum Owner {
        /// Created by the function.
        case function
        /// A constant of the program, which must not change.
        case constant
        /// Created before the function.
        case outside
    }

    let base: StoragePlace
    let owner: Owner
    /// The first and the current value of the base.
    let initial: Graph.ValueID
    var value: Graph.ValueID
    /// The values of the views since the last write.
    var views: [StoragePlace: Graph.ValueID] = [:]
    /// How each view is computed: a view primitive and the layout of its operand.
    var derivations: [StoragePlace: (primitive: any ViewPrimitive, source: StoragePlace)] = [:]
    /// Whether arguments have other layouts of the storage, so that a write would change values that are not computed
    /// from the base.
    var isSplit = false

    init(_ base: StoragePlace, _ value: Graph.ValueID, _ owner: Owner) {
        self.base = base
        self.owner = owner
        self.value = value
        initial = value
    }

    /// Records the primitive that made a view, so that the text of graphs shows the operation of the program.
    func derive(_ place: StoragePlace, by view: any ViewPrimitive, from source: StoragePlace) {
        if place == base || derivations[place] != nil { return }
        // `asStrided` computes any layout from the whole storage.
        if view is AsStrided { return }
        if source != base && derivations[source] == nil { return }
        derivations[place] = (view, source)
    }

    /// Adds an instruction with one result to the graph.
    typealias Emit = (_ primitive: any Primitive, _ operands: [Graph.ValueID], _ result: TensorSpec) -> Graph.ValueID

    /// The value of a view, computed from that of the base.
    func value(at place: StoragePlace, on device: Device, emit: Emit) -> Graph.ValueID {
        if place == base { return value }
        if let known = views[place] { return known }
        let spec = TensorSpec(place.layout, place.dtype, device: device)
        let result: Graph.ValueID
        if let (view, source) = derivations[place] {
            result = emit(view, [value(at: source, on: device, emit: emit)], spec)
        } else if place.dtype == base.dtype {
            result = emit(AsStrided(layout: place.layout, base: base.layout), [value], spec)
        } else {
            // Complex numbers as pairs of real numbers, or the reverse.
            let isComplex = place.dtype.isComplex
            let layout = isComplex ? base.layout.pairs ?? base.layout : base.layout.parts
            let view: any ViewPrimitive = isComplex ? ViewAsComplex() : ViewAsReal()
            let whole = emit(view, [value], TensorSpec(layout, place.dtype, device: device))
            result = emit(AsStrided(layout: place.layout, base: layout), [whole], spec)
        }
        views[place] = result
        return result
    }

    /// Sets the value of the view of a tensor; all other views are computed from it.
    ///
    /// - Parameter operation: the name of the recording, for errors.
    func write(_ new: Graph.ValueID, to target: Tensor, in operation: String, emit: Emit) {
        let place = StoragePlace(target)
        views = [:]
        if place == base {
            value = new
        } else if place.dtype == base.dtype {
            value = emit(
                ScatterView(view: place.layout, base: base.layout), [value, new],
                TensorSpec(base.layout, base.dtype, device: target.device))
            views[place] = new
        } else {
            reportFailure(
                TensorError(
                    .dtype, in: operation, "the function writes to a view of another dtype in place",
                    fix: "compute a new tensor, as with complex(_:_:)", operands: [target]))
        }
    }
}
