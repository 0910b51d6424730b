import TorchlightCore

extension Module {
    /// This module and all inside it with their paths, this one under "", each once, parents before children.
    public func namedModules() -> [(name: String, module: Module)] {
        var seen = Set<ObjectIdentifier>()
        var found: [(name: String, module: Module)] = []
        collect(prefix: "", &seen, &found)
        return found
    }

    private func collect(
        prefix: String, _ seen: inout Set<ObjectIdentifier>, _ found: inout [(name: String, module: Module)]
    ) {
        guard seen.insert(ObjectIdentifier(self)).inserted else { return }
        found.append((prefix, self))
        for (name, child) in currentContents.children {
            child.collect(prefix: prefix.isEmpty ? name : "\(prefix).\(name)", &seen, &found)
        }
    }

    /// This module and all inside it, each once, parents before children.
    public func modules() -> [Module] { namedModules().map(\.module) }

    /// The modules held directly, with the names of their properties.
    public func namedChildren() -> [(name: String, module: Module)] { currentContents.children }

    /// The modules held directly.
    public func children() -> [Module] { currentContents.children.map(\.module) }

    /// The module at a path such as "encoder.layers.3", nil where there is none; "" is this one.
    public func module(at path: String) -> Module? { namedModules().first { $0.name == path }?.module }

    /// The parameters of this module and all inside it with their paths, shared ones once, under their first name.
    public func namedParameters() -> [(name: String, tensor: Tensor)] {
        var seen = Set<ObjectIdentifier>()
        var found: [(name: String, tensor: Tensor)] = []
        for (path, module) in namedModules() {
            for (name, tensor) in module.currentContents.parameters
            where seen.insert(ObjectIdentifier(tensor)).inserted {
                found.append((path.isEmpty ? name : "\(path).\(name)", tensor))
            }
        }
        return found
    }

    /// The parameters of this module and all inside it, each once: what an optimiser takes.
    public func parameters() -> [Tensor] {
        var seen = Set<ObjectIdentifier>()
        var found: [Tensor] = []
        for module in modules() {
            for (_, tensor) in module.currentContents.parameters
            where seen.insert(ObjectIdentifier(tensor)).inserted {
                found.append(tensor)
            }
        }
        return found
    }

    /// The buffers of this module and all inside it with their paths, shared ones once.
    public func namedBuffers() -> [(name: String, tensor: Tensor)] {
        var seen = Set<ObjectIdentifier>()
        var found: [(name: String, tensor: Tensor)] = []
        for (path, module) in namedModules() {
            for (name, tensor, _) in module.currentContents.buffers
            where seen.insert(ObjectIdentifier(tensor)).inserted {
                found.append((path.isEmpty ? name : "\(path).\(name)", tensor))
            }
        }
        return found
    }

    /// The buffers of this module and all inside it.
    public func buffers() -> [Tensor] { namedBuffers().map(\.tensor) }

    /// The number of trained numbers: the elements of all parameters, or of those that are not frozen.
    public func parameterCount(trainableOnly: Bool = false) -> Int {
        parameters().reduce(0) { $0 + (trainableOnly && !$1.requiresGrad ? 0 : $1.count) }
    }
}

// MARK: - Gradients

extension Module {
    /// Makes all parameters require gradients, or none.
    @discardableResult
    public func requiresGrad_(_ value: Bool = true) -> Self {
        for parameter in parameters() { parameter.requiresGrad_(value) }
        return self
    }

    /// Keeps all parameters as they are: they need no gradient, and optimisers pass them over.
    @discardableResult
    public func freeze() -> Self { requiresGrad_(false) }

    /// Trains the parameters again after `freeze()`.
    @discardableResult
    public func unfreeze() -> Self { requiresGrad_(true) }

    /// Clears the gradients of all parameters; the next backward pass starts from nothing.
    ///
    /// - Parameter setToNil: drop them; with false they are filled with 0 in place and keep their memory.
    public func zeroGrad(setToNil: Bool = true) {
        for parameter in parameters() { parameter.clearGrad(setToNil: setToNil) }
    }
}
