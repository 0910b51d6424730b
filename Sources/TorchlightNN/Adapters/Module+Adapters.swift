import TorchlightCore

// Low-rank adapters of a model, as PEFT has them: added by the names of layers, trained while the model is frozen, stacked,
// switched, removed.

extension Module {
    /// Adds a LoRA adapter (Hu et al., 2021) to the layers whose names match, and freezes the other parameters.
    ///
    ///     model.addLoRA(rank: 8, alpha: 16, targets: ["q_proj", "v_proj"])
    ///     let optimizer = AdamW(model.parameters().filter(\.requiresGrad), lr: 1e-3)
    ///
    /// - Parameters:
    ///   - rank: The rank r of the change of each weight. Default: 8.
    ///   - alpha: The scaling numerator: the change is `alpha / rank · B A`. Default: 8.
    ///   - targets: The layers, of types that conform to ``AdaptableLayer``.
    ///   - dropout: The probability that an element of the adapter's input is zeroed in training. Default: 0.
    ///   - name: The name of the adapter. Default: "default".
    ///   - generator: The generator of the initial values.
    /// - Returns: The paths of the layers.
    @discardableResult
    public func addLoRA(
        rank: Int = 8, alpha: Double = 8, targets: ModulePattern, dropout: Double = 0, name: String = "default",
        generator: Generator = .default
    ) -> [String] {
        addAdapter(
            LoRAConfig(rank: rank, alpha: alpha, targets: targets, dropout: dropout), name: name, generator: generator)
    }

    /// Adds an adapter, makes it the only active one, and freezes all parameters but its own.
    ///
    /// Create the optimiser after this call. Adapters are not part of the parameters' names: the state dictionary has the
    /// tensors of the model under the names of before, and those of an adapter under `<layer>.lora.<name>.lora_A` and so on.
    ///
    /// Errors: a name that is taken, empty or has a dot; targets that match no layer or one without an adapter for its type; a
    /// model whose adapters are merged.
    ///
    /// - Parameters:
    ///   - config: The settings.
    ///   - name: The name of the adapter. Default: "default".
    ///   - generator: The generator of the initial values.
    /// - Returns: The paths of the layers.
    @discardableResult
    public func addAdapter(
        _ config: LoRAConfig, name: String = "default", generator: Generator = .default
    ) -> [String] {
        do throws(TensorError) {
            return try insertAdapter(config, name: name, generator: generator, "addAdapter")
        } catch {
            reportFailure(error)
            return []
        }
    }

    /// Adds an adapter; see ``addAdapter(_:name:generator:)``.
    ///
    /// - Parameter operation: The operation that errors name.
    package func insertAdapter(
        _ config: LoRAConfig, name: String, generator: Generator = .default, _ operation: String
    ) throws(TensorError) -> [String] {
        guard !name.isEmpty, !name.contains(".") else {
            throw TensorError(
                .value, in: operation, "the name cannot name an adapter", got: "\"\(name)\"",
                expected: "a text without dots that is not empty")
        }
        guard !adapterNames.contains(name) else {
            throw TensorError(
                .value, in: operation, "the model already has an adapter of this name", got: "\"\(name)\"",
                expected: "a new name", fix: "call removeAdapter(\"\(name)\") first")
        }
        try checkUnmerged(operation)
        let targets = try config.resolvedTargets(in: self, operation)
        let locations = try parametersToReplace(config, targets, operation)
        let registry = adapterRegistry ?? AdapterRegistry()
        if adapterRegistry == nil {
            for parameter in parameters() { parameter.requiresGrad_(false) }
        }
        for target in targets {
            target.layer.ownAdapters().adapters[name] = LoRAAdapter(
                target.layer, config, rank: target.rank, alpha: target.alpha, generator: generator)
            target.layer.layerAdapters?.train(target.layer.isTraining)
        }
        adapterRegistry = registry
        for (location, tensor) in locations {
            let known = registry.originals.first { $0.location == location }
            if known == nil {
                registry.originals.append(.init(location: location, tensor: tensor))
            }
            let start = noGrad { (known?.tensor ?? tensor).detach().clone() }
            registry.replacements.append(.init(adapter: name, location: location, tensor: Parameter(start)))
        }
        registry.configs.append((name, config))
        registry.trainable.insert(name)
        registry.active = [name]
        assignParameters(registry)
        return targets.map(\.path)
    }

    /// The parameters that an adapter has its own values of.
    private func parametersToReplace(
        _ config: LoRAConfig, _ targets: [LoRAConfig.Target], _ operation: String
    ) throws(TensorError) -> [(location: AdapterRegistry.Location, tensor: Tensor)] {
        let modules = adaptableModules()
        for name in config.modulesToSave {
            guard modules.contains(where: { $0.path == name || $0.path.hasSuffix(".\(name)") }) else {
                throw TensorError(
                    .value, in: operation, "no module has a name of modulesToSave", got: "\"\(name)\"",
                    expected: "the last components of the path of a module",
                    fix: "leave out the output layer of a model that shares the weight of its embedding")
            }
        }
        let tied = (self as? any OutputLayerOwner)?.tiedEmbedding
        let targetPaths = Set(targets.map(\.path))
        var found: [(location: AdapterRegistry.Location, tensor: Tensor)] = []
        for (path, module) in modules {
            let isSaved = config.isSaved(path)
            if isSaved, let tied, tied === module {
                throw TensorError(
                    .value, in: operation,
                    "\(path) cannot be saved with an adapter: its weight is the output layer's too",
                    expected: "modules with weights of their own")
            }
            for (name, tensor) in module.currentContents.parameters {
                let isBias = name == "bias" || name.hasSuffix(".bias")
                let isTrained = config.bias == .all || (config.bias == .loraOnly && targetPaths.contains(path))
                guard isSaved || (isBias && isTrained) else { continue }
                found.append((AdapterRegistry.Location(path: path, name: name), tensor))
            }
        }
        return found
    }

    func checkUnmerged(_ operation: String) throws(TensorError) {
        guard adapterRegistry?.isMerged != true else {
            throw TensorError(
                .value, in: operation, "the adapters of the model are merged into its weights",
                expected: "adapters that are not merged", fix: "call unmergeAdapters() first")
        }
    }

    func checkAdapters(_ names: [String], _ operation: String) throws(TensorError) {
        for name in names where !adapterNames.contains(name) {
            throw TensorError(
                .value, in: operation, "the model has no adapter of this name", got: "\"\(name)\"",
                expected: adapterNames.isEmpty ? "the name of an added adapter" : "one of \(adapterNames)")
        }
        guard Set(names).count == names.count else {
            throw TensorError(
                .value, in: operation, "an adapter is named twice", got: "\(names)", expected: "different names")
        }
    }
}

// MARK: - Choosing adapters

extension Module {
    /// The names of the adapters of this model, in the order of adding.
    public var adapterNames: [String] { adapterRegistry?.configs.map(\.name) ?? [] }

    /// The names of the adapters that change the results, in the order of their sum.
    public var activeAdapters: [String] { adapterRegistry?.active ?? [] }

    /// Whether the active adapters are merged into the weights.
    public var hasMergedAdapters: Bool { adapterRegistry?.isMerged ?? false }

    /// The settings of an adapter; nil if there is no adapter of this name.
    public func adapterConfig(_ name: String = "default") -> LoRAConfig? { adapterRegistry?.config(name) }

    /// Switches to other adapters. The changes of several are added: each is that of the model without adapters.
    ///
    /// Parameters of the active adapters require gradients, unless the adapter was loaded for inference; the others do not.
    /// Adapters that have their own values of the same parameter (`bias`, `modulesToSave`) cannot be active together.
    ///
    /// - Parameter names: The names; empty for the model without adapters.
    /// - Returns: The model.
    @discardableResult
    public func setAdapters(_ names: [String]) -> Self {
        do throws(TensorError) {
            try checkAdapters(names, "setAdapters")
            try checkUnmerged("setAdapters")
            guard let registry = adapterRegistry else { return self }
            let locations = registry.replacements.filter { names.contains($0.adapter) }.map(\.location)
            if let shared = Dictionary(grouping: locations, by: { $0 }).first(where: { $0.value.count > 1 })?.key {
                throw TensorError(
                    .value, in: "setAdapters", "several adapters have their own values of \(shared.fullName)",
                    got: "\(names)", expected: "at most one of them")
            }
            registry.active = names
            assignParameters(registry)
        } catch {
            reportFailure(error)
        }
        return self
    }

    /// Sets whether the parameters of an adapter require gradients while it is active.
    @discardableResult
    public func setAdapter(_ name: String, trainable: Bool) -> Self {
        do throws(TensorError) {
            try checkAdapters([name], "setAdapter")
            guard let registry = adapterRegistry else { return self }
            if trainable { registry.trainable.insert(name) } else { registry.trainable.remove(name) }
            assignParameters(registry)
        } catch {
            reportFailure(error)
        }
        return self
    }

    /// Runs a closure with the model without its adapters, as `disable_adapter` of PEFT. Merged adapters are an error.
    public func withoutAdapters<Result>(_ body: () throws -> Result) rethrows -> Result {
        let names = activeAdapters
        setAdapters([])
        defer { setAdapters(names) }
        return try body()
    }

    /// Removes an adapter. If it was active, the others stay as they are. Returns the model.
    @discardableResult
    public func removeAdapter(_ name: String) -> Self {
        do throws(TensorError) {
            try checkAdapters([name], "removeAdapter")
            try checkUnmerged("removeAdapter")
            guard let registry = adapterRegistry else { return self }
            registry.active.removeAll { $0 == name }
            assignParameters(registry)
            for (_, layer, _) in adaptedLayers() { layer.dropAdapters(name) }
            registry.configs.removeAll { $0.name == name }
            registry.trainable.remove(name)
            registry.replacements.removeAll { $0.adapter == name }
            registry.originals.removeAll { original in
                !registry.replacements.contains { $0.location == original.location }
            }
            if registry.configs.isEmpty { adapterRegistry = nil }
        } catch {
            reportFailure(error)
        }
        return self
    }

    /// The parameters that are saved with an adapter: those of its matrices, by the layer's path and their names there, and
    /// its own values of parameters of the model, by their names in the model.
    package func adapterTensors(
        _ name: String
    ) -> (layers: [(path: String, adapter: LoRAAdapter)], parameters: [(path: String, name: String, tensor: Tensor)]) {
        let layers = adaptedLayers().compactMap { path, _, adapters in adapters.adapters[name].map { (path, $0) } }
        let own = adapterRegistry?.replacements.filter { $0.adapter == name } ?? []
        return (layers, own.map { ($0.location.path, $0.location.name, $0.tensor) })
    }
}

// MARK: - Freezing

extension Module {
    /// Freezes the parameters whose names match: they no longer require gradients.
    ///
    ///     model.freeze(matching: "transformer.h.0.**")
    ///
    /// - Parameter pattern: A name such as `transformer.wte.weight`; `*` matches any text without a dot, `**` any text. A pattern
    ///   that no parameter matches is an error.
    /// - Returns: The names of the parameters.
    @discardableResult
    public func freeze(matching pattern: String) -> [String] {
        setRequiresGrad(false, matching: pattern, "freeze")
    }

    /// Makes the parameters whose names match require gradients; see ``freeze(matching:)``.
    @discardableResult
    public func unfreeze(matching pattern: String) -> [String] {
        setRequiresGrad(true, matching: pattern, "unfreeze")
    }

    private func setRequiresGrad(_ value: Bool, matching pattern: String, _ operation: String) -> [String] {
        let matcher = NamePattern(pattern)
        let parameters = namedParameters()
        let matched = parameters.filter { matcher.match($0.name) != nil }
        if matched.isEmpty {
            reportFailure(
                TensorError(
                    .value, in: operation, "no parameter matches the pattern", got: "\"\(pattern)\"",
                    expected: "names such as \(parameters.prefix(3).map(\.name).joined(separator: ", "))"))
        }
        for (_, tensor) in matched { tensor.requiresGrad_(value) }
        return matched.map(\.name)
    }
}
