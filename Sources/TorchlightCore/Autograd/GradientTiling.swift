// Gradients written where they belong from the start.
//
// The gradient of a tensor that was cut in parts is put together from those of the parts: at the worst one tensor of zeros
// a part and as many additions. Two things spare that. A rule may add to what others brought (`GradientContext.sum`); and
// where the parts are inputs of one node and fill the tensor between them, as queries, keys and values fill the result
// of their common layer, the rule writes into the places of the parts in one gradient that needs no zeros
// (`GradientContext.places`).

/// What a view picks: `count` neighbours from `start` along a dimension.
package struct ViewPart: Sendable {
    package var dim: Int
    package var start: Int
    package var count: Int
}

/// The gradient of a tensor that is written part by part, until all parts have passed the views between.
final class GradientTiling {
    /// Not initialised: the parts fill it.
    let whole: Tensor
    /// Whose gradient it is.
    let node: Node
    let output: Int
    /// The number of parts.
    let count: Int
    /// The parts that arrived.
    var placed: [Layout] = []
    /// Whether a part arrived from elsewhere, so that each part goes its own way.
    var isBroken = false

    /// For `part` and its neighbours, which are views of the same result.
    init(of part: Node, count: Int, device: Device) throws(TensorError) {
        node = part.inputs[0].node!
        output = Int(part.inputs[0].outputIndex)
        self.count = count
        whole = try Tensor(
            empty: Layout(shape: part.inputs[0].shape.dims), dtype: part.inputs[0].dtype, device: device)
    }

    /// The parts that arrived, with zeros elsewhere; nil where none did.
    func placedAlone() throws(TensorError) -> Tensor? {
        if placed.isEmpty { return nil }
        let sum = try Tensor.filled(0, shape: whole.layout.shape, dtype: whole.dtype, device: whole.device)
        for region in placed {
            copyElements(
                from: whole, layout: region, to: Tensor(storage: sum.storage, layout: region, dtype: sum.dtype))
        }
        return sum
    }

    /// The nodes that pick the parts, and where each input's gradient lies in that of the whole; nil where the first inputs
    /// of a node are not views of parts that fill one tensor.
    static func find(in node: Node, _ needs: Needs) -> (parts: [Node], layouts: [Layout])? {
        var parts: [Node] = []
        var layouts: [Layout] = []
        for i in 0..<node.rule.placeableInputs {
            guard needs[i], let (part, layout) = place(of: node.inputs[i]) else { return nil }
            parts.append(part)
            layouts.append(layout)
        }
        guard let first = parts.first, let root = first.inputs[0].node, let dim = first.rule.part?.dim,
            parts.allSatisfy({
                $0.inputs[0].node === root && $0.inputs[0].outputIndex == first.inputs[0].outputIndex
                    && $0.rule.part?.dim == dim
            })
        else { return nil }
        var end = 0
        for part in parts.compactMap(\.rule.part).sorted(by: { $0.start < $1.start }) {
            guard part.start == end else { return nil }
            end += part.count
        }
        return end == first.inputs[0].shape.dims[dim] ? (parts, layouts) : nil
    }

    /// Down from an input through views of all elements to one that picks a part.
    private static func place(of input: Node.Slot) -> (part: Node, layout: Layout)? {
        var views: [Node] = []
        var next = input.node
        while let node = next, node.inputCount == 1, !node.isReleased, node.inputs[0].node != nil {
            let whole = Layout(shape: node.inputs[0].shape.dims)
            guard var layout = node.rule.region(of: whole), node.inputs[0].dtype == input.dtype else { return nil }
            if node.rule.part != nil {
                for view in views.reversed() {
                    guard let moved = view.rule.region(of: layout) else { return nil }
                    layout = moved
                }
                return (node, layout)
            }
            guard layout.count == whole.count else { return nil }
            views.append(node)
            next = node.inputs[0].node
        }
        return nil
    }
}

extension Layout {
    /// Whether two layouts put each index in the same place; the stride of a dimension of size 1 does not matter.
    func namesSamePlaces(as other: Layout) -> Bool {
        shape == other.shape && offset == other.offset
            && (0..<rank).allSatisfy { shape[$0] == 1 || strides[$0] == other.strides[$0] }
    }
}
