/// The layout and dtype of a tensor in its storage.
struct StorageRegion: Hashable {
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

    let base: StorageRegion
    let owner: Owner
    /// The first and the current value of the base.
    let initial: Graph.ValueID
    var value: Graph.ValueID
    /// The values of the views since the last write.
    var views: [StorageRegion: Graph.ValueID] = [:]
    /// How each view is computed: a view primitive and the layout of its operand.
    var derivations: [StorageRegion: (primitive: any ViewPrimitive, source: StorageRegion)] = [:]
    /// Whether arguments have other layouts of the storage, so that a write would change values that are not computed
    /// from the base.
    var isSplit = false

    init(_ base: StorageRegion, _ value: Graph.ValueID, _ owner: Owner) {
        self.base = base
        self.owner = owner
        self.value = value
        initial = value
    }

    /// Records the primitive that made a view, so that the text of graphs shows the operation of the program.
    func derive(_ region: StorageRegion, by view: any ViewPrimitive, from source: StorageRegion) {
        if region == base || derivations[region] != nil { return }
        // `asStrided` computes any layout from the whole storage.
        if view is AsStrided { return }
        if source != base && derivations[source] == nil { return }
        derivations[region] = (view, source)
    }

    /// Adds an instruction with one result to the graph.
    typealias Emit = (_ primitive: any Primitive, _ operands: [Graph.ValueID], _ result: TensorSpec) -> Graph.ValueID

    /// The value of a view, computed from that of the base.
    func value(at region: StorageRegion, on device: Device, emit: Emit) -> Graph.ValueID {
        if region == base { return value }
        if let known = views[region] { return known }
        let spec = TensorSpec(region.layout, region.dtype, device: device)
        let result: Graph.ValueID
        if let (view, source) = derivations[region] {
            result = emit(view, [value(at: source, on: device, emit: emit)], spec)
        } else if region.dtype == base.dtype {
            result = emit(AsStrided(layout: region.layout, base: base.layout), [value], spec)
        } else {
            // Complex numbers as pairs of real numbers, or the reverse.
            let isComplex = region.dtype.isComplex
            let layout = isComplex ? base.layout.pairs ?? base.layout : base.layout.parts
            let view: any ViewPrimitive = isComplex ? ViewAsComplex() : ViewAsReal()
            let whole = emit(view, [value], TensorSpec(layout, region.dtype, device: device))
            result = emit(AsStrided(layout: region.layout, base: layout), [whole], spec)
        }
        views[region] = result
        return result
    }

    /// Sets the value of the view of a tensor; all other views are computed from it.
    ///
    /// - Parameter operation: the name of the recording, for errors.
    func write(_ new: Graph.ValueID, to target: Tensor, in operation: String, emit: Emit) {
        let region = StorageRegion(target)
        views = [:]
        if region == base {
            value = new
        } else if region.dtype == base.dtype {
            value = emit(
                ScatterView(view: region.layout, base: base.layout), [value, new],
                TensorSpec(base.layout, base.dtype, device: target.device))
            views[region] = new
        } else {
            reportFailure(
                TensorError(
                    .dtype, in: operation, "the function writes to a view of another dtype in place",
                    fix: "compute a new tensor, as with complex(_:_:)", operands: [target]))
        }
    }
}
