// The history of views whose dtype is not that of their base: real views of complex tensors, and complex views of real ones.
// Both are viewed as real numbers, so that each element of the view is an element of the base.

extension Tensor {
    /// The same memory as real numbers, with this tensor's history; real numbers are themselves.
    func realsWithHistory() -> Tensor {
        guard dtype.isComplex else { return self }
        let reals = withoutHistoryAsReals
        if requiresGradFlag {
            let node = Node(
                rule: ViewAsReal(), name: ViewAsReal.name, inputs: Few(self), needs: Needs(all: 1), outputs: Few(reals))
            reals.take(node)
        }
        return reals
    }

    /// The same memory as real numbers, without a history; real numbers as another tensor.
    var withoutHistoryAsReals: Tensor {
        dtype.isComplex
            ? Tensor(storage: storage, layout: layout.parts, dtype: dtype.toReal)
            : Tensor(storage: storage, layout: layout, dtype: dtype)
    }

    /// The node of this tensor, given its memory as real numbers with their history.
    func nodeFrom(reals: Tensor, through node: Node) -> Node {
        guard dtype.isComplex else { return node }
        reals.take(node)
        return Node(
            rule: ViewAsComplex(), name: ViewAsComplex.name, inputs: Few(reals), needs: Needs(all: 1),
            outputs: Few(self))
    }

    private func take(_ node: Node) {
        self.node = node
        outputIndex = 0
        requiresGradFlag = true
    }
}
