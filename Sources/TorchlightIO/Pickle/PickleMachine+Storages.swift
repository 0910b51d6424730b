extension PickleMachine {
    /// Makes the storages that are values of the result, and not only the memory of tensors, vectors of their elements: of bytes, if
    /// they state no element type (`torch.UntypedStorage`).
    mutating func readStoragesAsTensors(from root: PickleRef) {
        guard !views.isEmpty else { return }
        // Arguments of calls are objects too, so only objects that the result refers to are searched.
        var isSeen = Array(repeating: false, count: objects.count)
        var open: [PickleRef] = [root]
        while let ref = open.popLast() {
            guard case .object(let index) = ref, !isSeen[index] else { continue }
            isSeen[index] = true
            switch objects[index] {
            case .list(let refs), .tuple(let refs), .set(let refs): open += refs
            case .dictionary(let refs, _):
                open += refs
                if let attributes = attributes[index] { open.append(attributes) }
            case .foreign(let object):
                open += object.items
                if let state = object.state { open.append(state) }
            case .storage(let number):
                let view = views[number]
                objects[index] = .tensor(tensors.count)
                tensors.append(
                    PickleTensor(
                        storage: view.storage, element: view.element ?? FileElement(.uint8), offset: view.start,
                        shape: [view.count], strides: [1], requiresGrad: false))
            default: break
            }
        }
    }
}
