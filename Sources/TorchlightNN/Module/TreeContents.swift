import TorchlightCore

/// The parameters, buffers, submodules and hooks of a module and its submodules at one time, for recorded functions: these hold for
/// the tensors that they were recorded with.
final class TreeContents {
    /// What a module holds. The objects are retained, so that no other one gets the address of one.
    private struct Part {
        let module: Module
        var held: Contents
        let objects: [AnyObject]
        let hooks: [Int]

        init(_ module: Module) {
            self.module = module
            held = module.currentContents
            objects = held.objects
            hooks = module.hooks?.identifiers ?? []
        }

        /// Whether the module still holds the same. Where the memory of its properties is other than it was, as after a forward pass that
        /// keeps its result, its contents are found again.
        var isUnchanged: Bool {
            mutating get {
                if module.hooks != nil || !hooks.isEmpty, (module.hooks?.identifiers ?? []) != hooks { return false }
                if held.areUnchanged(in: module) { return true }
                let now = module.currentContents
                guard now.objects.elementsEqual(objects, by: { $0 === $1 }) else { return false }
                held = now
                return true
            }
        }
    }

    private var parts: [Part]

    init(_ root: Module) { parts = root.modules().map { Part($0) } }

    var areUnchanged: Bool {
        for i in parts.indices where !parts[i].isUnchanged { return false }
        return true
    }
}

extension Contents {
    /// The tensors and modules. A tensor with a history is a result that the module keeps, which each forward pass replaces.
    fileprivate var objects: [AnyObject] {
        var objects: [AnyObject] = []
        for (_, tensor) in parameters where tensor.isLeaf { objects.append(tensor) }
        for buffer in buffers { objects.append(buffer.tensor) }
        for (_, module) in children { objects.append(module) }
        return objects
    }
}
