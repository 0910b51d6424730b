import TorchlightCore

extension Module {
    /// Adds the changes of the active adapters to the weights, so that the layers run without them.
    ///
    /// The sum is computed in the adapters' dtype and rounded once. ``unmergeAdapters()`` restores the weights bit for bit, from
    /// copies that are kept.
    ///
    /// Errors: a layer whose weight cannot be replaced, is parametrised or belongs to several layers (as the embedding of a
    /// language model whose output layer has the same weight); the adapter of a convolution with groups; an adapter with
    /// a bias in a layer without one. The model is then unchanged.
    ///
    /// - Returns: The model.
    @discardableResult
    public func mergeAdapters() -> Self { merge(keepsWeights: true, "mergeAdapters") }

    /// Restores the weights from before ``mergeAdapters()``, exactly. Returns the model. Does nothing if none are merged.
    @discardableResult
    public func unmergeAdapters() -> Self {
        guard let registry = adapterRegistry, registry.isMerged else { return self }
        for (_, layer, adapters) in adaptedLayers() {
            guard let merged = adapters.merged else { continue }
            if let weight = merged.weight { layer.replaceWeight(weight) }
            if let bias = merged.bias { noGrad { _ = layer.layerBias?.copy_(bias) } }
            adapters.merged = nil
        }
        registry.isMerged = false
        return self
    }

    /// Merges the active adapters into the weights and removes all adapters, as `merge_and_unload` of PEFT. The parameters
    /// stay frozen. Returns the model.
    @discardableResult
    public func mergeAndUnloadAdapters() -> Self {
        merge(keepsWeights: false, "mergeAndUnloadAdapters")
        if let registry = adapterRegistry, registry.isMerged {
            for replacement in registry.replacements { replacement.tensor.requiresGrad_(false) }
            dropAllAdapters()
        }
        return self
    }

    /// Removes all adapters: the model is as before they were added, and frozen. Returns the model.
    @discardableResult
    public func unloadAdapters() -> Self {
        unmergeAdapters()
        setAdapters([])
        dropAllAdapters()
        return self
    }

    private func dropAllAdapters() {
        for (_, layer, _) in adaptedLayers() { layer.dropAdapters() }
        adapterRegistry = nil
    }

    @discardableResult
    private func merge(keepsWeights: Bool, _ operation: String) -> Self {
        guard let registry = adapterRegistry else { return self }
        do throws(TensorError) {
            try checkUnmerged(operation)
            let layers = adaptedLayers().filter { !$0.adapters.active.isEmpty }
            try checkMergeable(layers, operation)
            for (_, layer, adapters) in layers {
                adapters.merged = noGrad { merge(adapters, into: layer, keepsWeights: keepsWeights) }
            }
            registry.isMerged = true
        } catch {
            reportFailure(error)
        }
        return self
    }

    private func merge(
        _ adapters: LayerAdapters, into layer: any AdaptableLayer, keepsWeights: Bool
    ) -> LayerAdapters.Merged {
        let changes = adapters.active.compactMap { adapters.adapters[$0]?.mergedChange(of: layer) }
        let weight = layer.denseWeight.detach()
        let sum = changes.reduce(weight.to(changes[0].weight.dtype)) { $0 + $1.weight }
        let kept = LayerAdapters.Merged(
            weight: keepsWeights ? weight.clone() : nil, bias: keepsWeights ? layer.layerBias?.detach().clone() : nil)
        layer.replaceWeight(sum.to(weight.dtype))
        if let bias = layer.layerBias {
            for change in changes {
                if let added = change.bias { _ = bias.copy_(bias.to(added.dtype) + added) }
            }
        }
        return kept
    }

    private func checkMergeable(
        _ layers: [(path: String, layer: any AdaptableLayer, adapters: LayerAdapters)], _ operation: String
    ) throws(TensorError) {
        var owners: [ObjectIdentifier: Int] = [:]
        for (_, module) in adaptableModules() {
            for (_, tensor) in module.currentContents.parameters { owners[ObjectIdentifier(tensor), default: 0] += 1 }
        }
        let tied = (self as? any OutputLayerOwner)?.tiedEmbedding
        for (path, layer, adapters) in layers {
            func refuse(_ problem: String, fix: String? = nil) -> TensorError {
                TensorError(
                    .value, in: operation, "the adapter of \(path) cannot be merged: \(problem)",
                    expected: "layers that are the same with the change in their weight", fix: fix)
            }
            let weights = layer.currentContents.parameters.filter { $0.name == "weight" }
            if (tied.map { $0 === layer } ?? false)
                || weights.contains(where: { owners[ObjectIdentifier($0.tensor)]! > 1 })
            {
                throw refuse("its weight belongs to another layer too", fix: "keep the adapter, or remove it")
            }
            if (layer as? any QuantizableLayer)?.quantizedWeight != nil {
                throw refuse("its weight is stored in integers", fix: "call dequantize(model) before merging")
            }
            if !layer.isWeightReplaceable { throw refuse("the weight of \(type(of: layer)) cannot be replaced") }
            if layer.isParametrized("weight") { throw refuse("its weight is parametrised") }
            if layer.layerMapping.groups > 1 { throw refuse("the convolution has groups, which the adapter mixes") }
            if layer.layerBias == nil, adapters.active.contains(where: { adapters.adapters[$0]?.bBias != nil }) {
                throw refuse("the adapter has a bias and the layer has none")
            }
        }
    }
}

// MARK: - Combining adapters

/// How adapters are combined to one, as `combination_type` of PEFT.
public enum AdapterCombination: Sendable, Equatable {
    /// The exact weighted sum of the changes; the rank is the sum of the ranks.
    case concatenated
    /// The weighted sums of the matrices, `Σ ±√|w s| A` and `Σ √|w s| B`, which approximate that of the changes. The ranks must
    /// be equal.
    case linear
    /// The best approximation of the weighted sum of the changes of a rank, by singular value decomposition. The rank nil is
    /// the largest of the adapters.
    case svd(rank: Int?)
}

extension Module {
    /// Adds an adapter that is a weighted combination of others, as `add_weighted_adapter` of PEFT. It does not become active.
    ///
    ///     model.addWeightedAdapter([("poems", 0.7), ("chat", 0.3)], name: "both")
    ///     model.setAdapters(["both"])
    ///
    /// Errors: adapters with DoRA, a bias of their own or values of parameters of the model, and adapters of convolutions with
    /// groups.
    ///
    /// - Parameters:
    ///   - adapters: The names of the adapters with their weights, which may be negative.
    ///   - name: The name of the new adapter.
    ///   - combination: How they are combined. Default: exactly, with the sum of the ranks.
    @discardableResult
    public func addWeightedAdapter(
        _ adapters: [(name: String, weight: Double)], name: String, combination: AdapterCombination = .concatenated
    ) -> Self {
        do throws(TensorError) {
            try insertCombination(adapters, name, combination, "addWeightedAdapter")
        } catch {
            reportFailure(error)
        }
        return self
    }

    private func insertCombination(
        _ adapters: [(name: String, weight: Double)], _ name: String, _ combination: AdapterCombination,
        _ operation: String
    ) throws(TensorError) {
        try checkAdapters(adapters.map(\.name), operation)
        try checkUnmerged(operation)
        let configs = adapters.compactMap { adapterConfig($0.name) }
        let ranks = configs.map { config in ([config.rank] + config.rankPattern.map(\.rank)).max()! }
        guard let largest = ranks.max() else {
            throw TensorError(
                .value, in: operation, "there are no adapters to combine", expected: "at least one adapter")
        }
        let own = adapterRegistry?.replacements.contains { replacement in
            adapters.contains { $0.name == replacement.adapter }
        }
        guard own != true else {
            throw TensorError(
                .value, in: operation, "an adapter has its own values of parameters of the model",
                expected: "adapters without bias and modulesToSave")
        }
        let rank: Int
        switch combination {
        case .concatenated: rank = ranks.reduce(0, +)
        case .linear: rank = largest
        case .svd(let wanted): rank = wanted ?? largest
        }
        var paths: [String] = []
        for (path, layer, layerAdapters) in adaptedLayers() {
            let present = adapters.compactMap { layerAdapters.adapters[$0.name] }
            if present.isEmpty { continue }
            paths.append(path)
            guard present.allSatisfy({ $0.matrices != nil }), layer.layerMapping.groups == 1 else {
                throw TensorError(
                    .value, in: operation, "an adapter of \(path) is not a product of two matrices",
                    expected: "adapters without DoRA and bias, of layers without groups")
            }
            if combination == .linear, Set(present.map(\.rank)).count > 1 {
                throw TensorError(
                    .value, in: operation, "the adapters of \(path) have different ranks",
                    got: "\(present.map(\.rank))", expected: "equal ranks", fix: "use .concatenated or .svd(rank: nil)")
            }
        }
        let active = activeAdapters
        let config = LoRAConfig(rank: rank, alpha: Double(rank), targets: .names(paths))
        _ = try insertAdapter(config, name: name, operation)
        noGrad {
            for (_, _, layerAdapters) in adaptedLayers() {
                let parts = adapters.compactMap { pair in
                    layerAdapters.adapters[pair.name].map { (adapter: $0, weight: pair.weight * $0.scaling) }
                }
                if let target = layerAdapters.adapters[name] { target.combine(parts, combination) }
            }
        }
        setAdapters(active)
    }
}

extension LoRAAdapter {
    /// Takes the weighted combination of adapters of the same layer; the weights include the scaling of each.
    fileprivate func combine(_ parts: [(adapter: LoRAAdapter, weight: Double)], _ combination: AdapterCombination) {
        let rows = parts.map { $0.adapter.a.detach().reshape([$0.adapter.rank, -1]) }
        let columns = parts.map { $0.adapter.b.detach().reshape([-1, $0.adapter.rank]) }
        let weights = parts.map(\.weight)
        func sum(_ tensors: [Tensor], _ factors: [Double]) -> Tensor {
            zip(tensors, factors).dropFirst().reduce(tensors[0] * factors[0]) { $0 + $1.0 * $1.1 }
        }
        let rowSum: Tensor
        let columnSum: Tensor
        switch combination {
        case .concatenated:
            rowSum = cat(zip(rows, weights).map { $0 * $1 }, dim: 0)
            columnSum = cat(columns, dim: 1)
        case .linear:
            let roots = weights.map { abs($0).squareRoot() }
            rowSum = sum(rows, zip(roots, weights).map { $1 < 0 ? -$0 : $0 })
            columnSum = sum(columns, roots)
        case .svd:
            let change = sum(zip(columns, rows).map { $0.matmul($1) }, weights)
            let parts = LinAlg.svd(change, fullMatrices: false)
            let count = min(rank, parts.S.shape[0])
            columnSum = (parts.U * parts.S).narrow(1, start: 0, length: count)
            rowSum = parts.Vh.narrow(0, start: 0, length: count)
        }
        // A layer that not all adapters have needs a smaller rank than the new adapter has: the rest is zeros.
        let missing = rank - rowSum.shape[0]
        setMatrices(a: rowSum.pad([0, 0, 0, missing]), b: columnSum.pad([0, missing]))
    }
}
