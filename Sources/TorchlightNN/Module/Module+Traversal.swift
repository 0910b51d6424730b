import TorchlightCore

extension Module {
    /// Returns this module, named "", and all submodules with their paths, such as "encoder.layers.3". Each module appears
    /// once, parents before children.
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

    /// Returns this module and all submodules, each once, parents before children.
    public func modules() -> [Module] { namedModules().map(\.module) }

    /// Returns the immediate submodules with their names.
    public func namedChildren() -> [(name: String, module: Module)] { currentContents.children }

    /// Returns the immediate submodules.
    public func children() -> [Module] { currentContents.children.map(\.module) }

    /// Returns the submodule at a path such as "encoder.layers.3"; nil if there is none. The path "" is this module.
    public func module(at path: String) -> Module? { namedModules().first { $0.name == path }?.module }

    /// Returns the parameters of this module and all submodules with their names, such as "fc1.weight". A shared parameter
    /// appears once, under its first name.
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

    /// Returns the parameters of this module and all submodules, each once. This is the argument of an optimiser.
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

    /// Returns the buffers of this module and all submodules with their names. A shared buffer appears once.
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

    /// Returns the buffers of this module and all submodules, each once.
    public func buffers() -> [Tensor] { namedBuffers().map(\.tensor) }

    /// Returns the total number of elements of the parameters of this module and all submodules. A shared parameter counts
    /// once.
    ///
    /// - Parameter trainableOnly: Whether only parameters that require a gradient count. Default: false.
    public func parameterCount(trainableOnly: Bool = false) -> Int {
        parameters().reduce(0) { $0 + (trainableOnly && !$1.requiresGrad ? 0 : $1.count) }
    }
}

// MARK: - Gradients

extension Module {
    /// Sets whether the parameters of this module and all submodules require gradients. Returns the module.
    @discardableResult
    public func requiresGrad_(_ value: Bool = true) -> Self {
        for parameter in parameters() { parameter.requiresGrad_(value) }
        return self
    }

    /// Freezes all parameters: they no longer require gradients, and optimisers skip them. Returns the module.
    @discardableResult
    public func freeze() -> Self { requiresGrad_(false) }

    /// Makes all parameters require gradients again, after `freeze()`. Returns the module.
    @discardableResult
    public func unfreeze() -> Self { requiresGrad_(true) }

    /// Resets the gradients of all parameters. Call it before each backward pass, which adds to the gradients.
    ///
    /// - Parameter setToNil: Whether the gradients are set to nil; if false, they are filled with 0 in place. Default: true.
    public func zeroGrad(setToNil: Bool = true) {
        for parameter in parameters() { parameter.clearGrad(setToNil: setToNil) }
    }
}
