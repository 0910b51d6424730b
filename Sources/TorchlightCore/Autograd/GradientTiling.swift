// Gradients of parts written directly into the gradient of the whole.
//
// The gradient of a tensor that was split into parts is the sum of the gradients of the parts, in the worst case one
// tensor of zeros and one addition for each part. Two mechanisms avoid that. A rule may add to an existing sum
// (`GradientContext.sum`). And if the parts are inputs of one node and together cover the tensor, as queries, keys and
// values cover the output of a common linear layer, the rule writes into the regions of the parts in one uninitialised
// gradient (`GradientContext.destinations`).

/// The part that a view selects: `count` indices from `start` along a dimension.
package struct ViewPart: Sendable {
    package var dim: Int
    package var start: Int
    package var count: Int
}

/// The gradient of a tensor that is written part by part.
final class GradientTiling {
    /// Uninitialised: the parts cover it.
    let whole: Tensor
    /// The node whose output this is the gradient of.
    let node: Node
    let output: Int
    /// The number of parts.
    let count: Int
    /// The regions of the parts that have been written.
    var written: [Layout] = []
    /// Whether the gradient of a part was in other memory, so that the parts are passed on separately.
    var isBroken = false

    /// For the view `part` and the other parts of the same output.
    init(of part: Node, count: Int, device: Device) throws(TensorError) {
        node = part.inputs[0].node!
        output = Int(part.inputs[0].outputIndex)
        self.count = count
        whole = try Tensor(
            empty: Layout(shape: part.inputs[0].shape.dims), dtype: part.inputs[0].dtype, device: device)
    }

    /// The gradient of the parts written so far, with zeros elsewhere; nil if there are none.
    func sumOfWritten() throws(TensorError) -> Tensor? {
        if written.isEmpty { return nil }
        let sum = try Tensor.filled(0, shape: whole.layout.shape, dtype: whole.dtype, device: whole.device)
        for region in written {
            Tensor(storage: sum.storage, layout: region, dtype: sum.dtype)
                .copy_(Tensor(storage: whole.storage, layout: region, dtype: whole.dtype))
        }
        return sum
    }

    /// The nodes of the views that select the parts, and the layout of each input's gradient in that of the whole; nil
    /// if the first inputs of a node are not parts that cover one tensor.
    static func find(in node: Node, _ needs: Needs) -> (parts: [Node], layouts: [Layout])? {
        var parts: [Node] = []
        var layouts: [Layout] = []
        for i in 0..<node.rule.destinationInputs {
            guard needs[i], let (part, layout) = part(of: node.inputs[i]) else { return nil }
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

    /// Goes from an input through views of all elements to a view that selects a part.
    private static func part(of input: Node.Slot) -> (part: Node, layout: Layout)? {
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
    /// Whether two layouts map each index to the same memory; the stride of a dimension of size 1 does not matter.
    func addressesSameElements(as other: Layout) -> Bool {
        shape == other.shape && offset == other.offset
            && (0..<rank).allSatisfy { shape[$0] == 1 || strides[$0] == other.strides[$0] }
    }
}
