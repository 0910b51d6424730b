// Which of the tensors that share memory has the history of all of them.
//
// A view usually has the base of the tensor that it was made from, so that a base is not itself a view. The exception are
// views of results that nobody else holds: `addmv` returns a view of a product of matrices that only this view refers to.
// For its callers it is a tensor of its own, which further views of it depend on. Their base is therefore the result, and
// the first change of the memory makes the result a base: until then it could be read on several threads.

extension Tensor {
    /// The tensor with the history of the memory: the base that is not a view of this memory itself, or the tensor.
    var historyOwner: Tensor {
        guard let base, base.storage === storage else { return self }
        var owner = base
        while let next = owner.base, next.storage === storage { owner = next }
        return owner
    }

    /// Whether this tensor is a view of another, or a view of a view of it.
    func isView(of other: Tensor) -> Bool {
        var current = base
        while let tensor = current {
            if tensor === other { return true }
            current = tensor.base
        }
        return false
    }

    /// The base of a new view of this tensor.
    var baseOfNewView: Tensor {
        isBaseUnreachable && basesCount < Tensor.maximalBasesCount ? self : base ?? self
    }

    /// Whether only this tensor refers to its base; false without one. A caller that has the base in a variable refers to it too.
    private var isBaseUnreachable: Bool { isKnownUniquelyReferenced(&base) }

    /// The number of tensors from this one to the last base.
    private var basesCount: Int {
        var count = 0
        var current = base
        while let tensor = current {
            count += 1
            current = tensor.base
        }
        return count
    }

    /// A view of a view of a view, each of which replaces the one before, has the base of the last but one from here on.
    private static var maximalBasesCount: Int { 8 }

    /// Makes this view, or a view that it was made from, a base if nobody else refers to the base. Called before the memory
    /// or the history of the view changes.
    func releaseUnreachableBase() {
        if base == nil || mustKeepBase { return }
        if !isBaseUnreachable {
            base?.releaseUnreachableBase()
            return
        }
        refreshView()
        historyStamp = historyOwner.historyStamp
        base = nil
    }

    /// Whether changes of the owner of the history are restricted, also where only the graph refers to it.
    private var mustKeepBase: Bool {
        let owner = historyOwner
        return owner.wasDetached || (owner.requiresGradFlag && owner.node == nil)
    }

    /// Gives a view whose base was changed in place a new node, from the base.
    func refreshView() {
        let owner = historyOwner
        guard owner !== self, historyStamp != owner.historyStamp else { return }
        historyStamp = owner.historyStamp
        let old = node
        node = nil
        requiresGradFlag = owner.requiresGradFlag
        guard requiresGradFlag else { return }
        if owner.dtype == dtype {
            let rule = AsStrided(layout: layout, base: owner.layout)
            node = Node(rule: rule, name: AsStrided.name, inputs: Few(owner), needs: Needs(all: 1), outputs: Few(self))
        } else {
            let (whole, part) = (owner.realsWithHistory(), withoutHistoryAsReals)
            let rule = AsStrided(layout: part.layout, base: whole.layout)
            let region = Node(
                rule: rule, name: AsStrided.name, inputs: Few(whole), needs: Needs(all: 1), outputs: Few(part))
            node = nodeFrom(reals: part, through: region)
        }
        outputIndex = 0
        retainGradAgain(insteadOf: old)
    }
}
