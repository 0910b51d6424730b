import TorchlightCore

/// The adapters that were added to a model, in the order of adding. It is kept by the module that `addAdapter` was called on.
final class AdapterRegistry: Module {
    /// The settings of each adapter.
    var configs: [(name: String, config: LoRAConfig)] = []
    /// The adapters that change the results, in this order.
    var active: [String] = []
    /// The adapters whose parameters require gradients while they are active.
    var trainable: Set<String> = []
    /// The values that adapters have for parameters of the model: of `modulesToSave` and of biases.
    var replacements: [Replacement] = []
    /// The values of those parameters without adapters.
    var originals: [Original] = []
    /// Whether the active adapters are merged into the weights.
    var isMerged = false

    /// The module path and name of a parameter.
    struct Location: Hashable {
        let path: String
        let name: String
        var fullName: String { path.isEmpty ? name : "\(path).\(name)" }
    }

    struct Replacement {
        let adapter: String
        let location: Location
        let tensor: Tensor
    }

    struct Original {
        let location: Location
        let tensor: Tensor
    }

    func config(_ name: String) -> LoRAConfig? { configs.first { $0.name == name }?.config }
}

extension Module {
    /// This module and its submodules with their paths, without the adapters.
    final func adaptableModules() -> [(path: String, module: Module)] {
        namedModules().filter { !($0.module is LayerAdapters) && !($0.module is LoRAAdapter) }
            .map { ($0.name, $0.module) }
    }

    /// The layers that have adapters.
    final func adaptedLayers() -> [(path: String, layer: any AdaptableLayer, adapters: LayerAdapters)] {
        adaptableModules().compactMap { path, module in
            guard let adapters = module.layerAdapters, let layer = module as? any AdaptableLayer else { return nil }
            return (path, layer, adapters)
        }
    }

    /// The output of the layer with its adapters.
    final func adaptedOutputs(_ inputs: [Tensor?], _ outputs: [Tensor?]) -> [Tensor?] {
        guard let layerAdapters, let layer = self as? any AdaptableLayer, let x = inputs.first ?? nil,
            let y = outputs.first ?? nil, !y.isPlaceholder,
            let changed = layerAdapters.output(of: layer, x, y)
        else { return outputs }
        return [changed] + outputs.dropFirst()
    }

    /// The adapters of this layer; creates an empty set if it has none.
    final func ownAdapters() -> LayerAdapters {
        if let layerAdapters { return layerAdapters }
        let new = LayerAdapters()
        new.train(isTraining)
        layerAdapters = new
        contents = nil
        ownHooks.addsAdapters = true
        return new
    }

    /// Removes the adapters of this layer, or one of them.
    final func dropAdapters(_ name: String? = nil) {
        guard let adapters = layerAdapters else { return }
        if let name { adapters.adapters[name] = nil } else { adapters.adapters = [:] }
        adapters.active.removeAll { adapters.adapters[$0] == nil }
        guard adapters.adapters.isEmpty else { return }
        layerAdapters = nil
        contents = nil
        ownHooks.addsAdapters = false
        if let hooks, hooks.isEmpty, hooks.observers.isEmpty { self.hooks = nil }
    }

    /// Gives the parameters that adapters replace the values of the active adapters, or those without adapters.
    final func assignParameters(_ registry: AdapterRegistry) {
        let modules = Dictionary(
            adaptableModules().map { ($0.path, $0.module) }, uniquingKeysWith: { first, _ in first })
        for original in registry.originals {
            let own = registry.replacements.last {
                $0.location == original.location && registry.active.contains($0.adapter)
            }
            guard let module = modules[original.location.path] else { continue }
            TensorProperty(original.location.name, of: module)?.set(own?.tensor ?? original.tensor)
            module.contents = nil
        }
        for replacement in registry.replacements {
            replacement.tensor.requiresGrad_(
                registry.active.contains(replacement.adapter) && registry.trainable.contains(replacement.adapter))
        }
        for (_, _, adapters) in adaptedLayers() {
            for (name, adapter) in adapters.adapters {
                adapter.requiresGrad_(registry.active.contains(name) && registry.trainable.contains(name))
            }
            adapters.active = registry.active.filter { adapters.adapters[$0] != nil }
        }
    }
}

extension Module {
    /// The state of the model under its names, without that of adapters: ``namedState()`` where it has none.
    package func namedStateWithoutAdapters() -> [(name: String, tensor: Tensor)] {
        if adapterRegistry == nil { return namedState() }
        let adapters = Set(adaptedLayers().flatMap { $0.adapters.parameters().map { ObjectIdentifier($0) } })
        return namedState().filter { !adapters.contains(ObjectIdentifier($0.tensor)) }
    }
}
