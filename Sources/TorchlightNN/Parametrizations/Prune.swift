import TorchlightCore

/// Pruning of parameters, as `torch.nn.utils.prune`: elements with small scores are set to 0 by a mask.
///
///     Prune.l1Unstructured(layer, amount: 0.3)        // the 30 % of elements with the smallest magnitudes
///     train(layer)                                    // the pruned elements stay 0
///     Prune.remove(layer)                             // an ordinary parameter with zeros
///
/// A pruned parameter `weight` is computed in each call of the module as `weight_orig · weight_mask`; these are its
/// entries in the state dictionary, and `weight_orig` is the learnable parameter. Create the optimiser after the first
/// pruning. Pruning a parameter again combines the masks: a number or fraction refers to the elements that are not
/// pruned.
public enum Prune {
    /// Prunes the elements with the smallest magnitudes.
    ///
    /// - Parameters:
    ///   - module: The module of the parameter.
    ///   - name: The name of the parameter. Default: "weight".
    ///   - amount: The number or fraction of elements to prune.
    ///   - importanceScores: Scores, in the shape of the parameter, whose magnitudes are compared instead. Default: the parameter.
    @discardableResult
    public static func l1Unstructured<M: Module>(
        _ module: M, _ name: String = "weight", amount: PruningAmount, importanceScores: Tensor? = nil
    ) -> M {
        prune(module, name, "l1Unstructured", importanceScores) { value, scores, mask throws(TensorError) in
            try PruningMask.removingElements(scores.abs(), mask, amount, dtype: value.dtype, "l1Unstructured")
        }
    }

    /// Prunes random elements.
    ///
    /// - Parameters:
    ///   - module: The module that holds the parameter.
    ///   - name: The name of the parameter. Default: "weight".
    ///   - amount: The number or fraction of elements to prune.
    ///   - generator: The generator of the random choice. Default: the default generator.
    @discardableResult
    public static func randomUnstructured<M: Module>(
        _ module: M, _ name: String = "weight", amount: PruningAmount, generator: Generator = .default
    ) -> M {
        prune(module, name, "randomUnstructured") { value, _, mask throws(TensorError) in
            let scores = Tensor.rand(value.shape, device: value.device, generator: generator)
            return try PruningMask.removingElements(scores, mask, amount, dtype: value.dtype, "randomUnstructured")
        }
    }

    /// Prunes the channels with the smallest n-norms.
    ///
    ///   - module: The module of the parameter.
    ///   - module: The module that holds the parameter.
    ///   - name: The name of the parameter, which has at least 2 dimensions. Default: "weight".
    ///   - amount: The number or fraction of channels to prune.
    ///   - n: The order of the norm, which may be infinite.
    ///   - dim: The dimension of the channels.
    ///   - importanceScores: Scores, in the shape of the parameter, whose norms are compared instead. Default: the parameter.
    @discardableResult
    public static func lnStructured<M: Module>(
        _ module: M, _ name: String = "weight", amount: PruningAmount, n: Double, dim: Int,
        importanceScores: Tensor? = nil
    ) -> M {
        pruneChannels(module, name, "lnStructured", amount, dim, importanceScores) { scores, others in
            LinAlg.vectorNorm(scores, ord: n, dim: others)
        }
    }

    /// Prunes random channels.
    ///
    /// - Parameters:
    ///   - module: The module of the parameter.
    ///   - name: The name of the parameter, which has at least 2 dimensions. Default: "weight".
    ///   - amount: The number or fraction of channels to prune.
    ///   - dim: The dimension of the channels.
    ///   - generator: The generator of the random choice. Default: the default generator.
    @discardableResult
    public static func randomStructured<M: Module>(
        _ module: M, _ name: String = "weight", amount: PruningAmount, dim: Int, generator: Generator = .default
    ) -> M {
        pruneChannels(module, name, "randomStructured", amount, dim, nil) { value, others in
            let channels = value.shape.indices.filter { !others.contains($0) }.map { value.shape[$0] }
            return Tensor.rand(channels, device: value.device, generator: generator)
        }
    }

    /// Prunes by a mask, which is multiplied by the current mask of the parameter.
    ///
    /// - Parameters:
    ///   - module: The module of the parameter.
    ///   - name: The name of the parameter. Default: "weight".
    ///   - mask: 0 for the elements to prune and 1 for all others, in the shape of the parameter.
    @discardableResult
    public static func customFromMask<M: Module>(_ module: M, _ name: String = "weight", mask: Tensor) -> M {
        prune(module, name, "customFromMask") { value, _, before throws(TensorError) in
            guard mask.shape == value.shape else {
                throw TensorError(
                    .shape, in: "customFromMask", "the shape of the mask differs from that of the parameter",
                    expected: "\(value.shape)", operands: [mask])
            }
            let mask = mask.detach().to(value.device).to(value.dtype)
            return before.map { $0 * mask } ?? mask.clone()
        }
    }

    /// Registers a mask of ones, which prunes nothing.
    @discardableResult
    public static func identity<M: Module>(_ module: M, _ name: String = "weight") -> M {
        prune(module, name, "identity") { value, _, mask throws(TensorError) in
            mask ?? Tensor.ones(value.shape, dtype: value.dtype, device: value.device)
        }
    }

    /// The criterion of ``globalUnstructured(_:method:amount:importanceScores:generator:)``.
    public enum GlobalMethod: Sendable {
        /// The elements with the smallest magnitudes.
        case l1Unstructured
        /// Random elements.
        case randomUnstructured
    }

    /// Prunes elements of several parameters, which are ranked together.
    ///
    ///     Prune.globalUnstructured([(conv, "weight"), (linear, "weight")], amount: 0.2)
    ///
    /// - Parameters:
    ///   - parameters: The modules with the names of their parameters, at least one.
    ///   - method: The criterion. Default: the smallest magnitudes.
    ///   - amount: The number or fraction of all elements of the parameters to prune.
    ///   - importanceScores: Scores of each parameter, in its shape, whose magnitudes are compared instead. Default: the
    ///     parameters.
    ///   - generator: The generator of the random choice. Default: the default generator.
    public static func globalUnstructured(
        _ parameters: [(module: Module, name: String)], method: GlobalMethod = .l1Unstructured, amount: PruningAmount,
        importanceScores: [Tensor]? = nil, generator: Generator = .default
    ) {
        let operation = "globalUnstructured"
        do throws(TensorError) {
            guard !parameters.isEmpty else {
                throw TensorError(.value, in: operation, "parameters is empty", expected: "at least one")
            }
            guard importanceScores.map({ $0.count == parameters.count }) ?? true else {
                throw TensorError(
                    .value, in: operation, "the number of importance scores differs from that of parameters",
                    got: quantity(importanceScores?.count ?? 0, "tensor"), expected: "\(parameters.count)")
            }
            var scores: [Tensor] = []
            var masks: [Tensor] = []
            var values: [Tensor] = []
            for (index, (module, name)) in parameters.enumerated() {
                let (value, mask) = try current(module, name, operation)
                values.append(value)
                scores.append(try checked(importanceScores?[index] ?? value, isLike: value, operation).flatten())
                masks.append((mask ?? Tensor.ones(value.shape, dtype: value.dtype, device: value.device)).flatten())
            }
            let isPruned = parameters.contains { $0.module.parametrization(of: $0.name) is PrunedParameter }
            var all = cat(scores).abs()
            if method == .randomUnstructured {
                all = Tensor.rand(all.shape, device: all.device, generator: generator)
            }
            let mask = try PruningMask.removingElements(
                all, isPruned ? cat(masks) : nil, amount, dtype: values[0].dtype, operation)
            var start = 0
            for ((module, name), value) in zip(parameters, values) {
                let part = mask.narrow(0, start: start, length: value.count).reshape(value.shape)
                start += value.count
                customFromMask(module, name, mask: part)
            }
        } catch {
            reportFailure(error)
        }
    }

    /// Makes a pruned parameter an ordinary parameter, in which pruned elements are 0. A parameter that is not pruned
    /// is an error.
    @discardableResult
    public static func remove<M: Module>(_ module: M, _ name: String = "weight") -> M {
        guard module.parametrization(of: name) is PrunedParameter else {
            reportFailure(
                TensorError(
                    .value, in: "Prune.remove", "the parameter \"\(name)\" of \(type(of: module)) is not pruned",
                    expected: "one of \(module.prunedNames)"))
            return module
        }
        return module.removeParametrizations(name)
    }

    /// Returns whether a parameter of the module or of one of its submodules is pruned.
    public static func isPruned(_ module: Module) -> Bool { module.modules().contains { !$0.prunedNames.isEmpty } }

    // MARK: - Registration

    /// The value of a parameter and its mask; the mask is nil if the parameter is not pruned.
    private static func current(
        _ module: Module, _ name: String, _ operation: String
    ) throws(TensorError) -> (value: Tensor, mask: Tensor?) {
        if let pruned = module.parametrization(of: name) as? PrunedParameter {
            return (noGrad { pruned.compute() }, pruned.mask)
        }
        return (try module.plainParameter(name, operation).detach(), nil)
    }

    private static func checked(_ scores: Tensor, isLike value: Tensor, _ operation: String) throws(TensorError)
        -> Tensor
    {
        guard scores.shape == value.shape else {
            throw TensorError(
                .shape, in: operation, "the shape of the importance scores differs from that of the parameter",
                expected: "\(value.shape)", operands: [scores])
        }
        return scores.detach()
    }

    /// Sets the mask of a parameter to the result of the closure for its value, its scores and its current mask.
    private static func prune<M: Module>(
        _ module: M, _ name: String, _ operation: String, _ importanceScores: Tensor? = nil,
        _ makeMask: (_ value: Tensor, _ scores: Tensor, _ mask: Tensor?) throws(TensorError) -> Tensor
    ) -> M {
        do throws(TensorError) {
            let (value, before) = try current(module, name, operation)
            if value.isPlaceholder { return module }
            let scores = try checked(importanceScores ?? value, isLike: value, operation)
            let mask = try makeMask(value, scores, before)
            if let pruned = module.parametrization(of: name) as? PrunedParameter {
                pruned.mask = mask
                module.contents = nil
                module.setParametrized(name, noGrad { pruned.compute().detach() })
                return module
            }
            return module.parametrize(name, operation) { weight throws(TensorError) in
                PrunedParameter(weight, mask: mask)
            }
        } catch {
            reportFailure(error)
            return module
        }
    }

    /// Prunes channels by the scores that the closure computes from the parameter and the dimensions other than `dim`.
    private static func pruneChannels<M: Module>(
        _ module: M, _ name: String, _ operation: String, _ amount: PruningAmount, _ dim: Int,
        _ importanceScores: Tensor?, _ channelScores: (Tensor, [Int]) -> Tensor
    ) -> M {
        prune(module, name, operation, importanceScores) { value, scores, mask throws(TensorError) in
            guard value.rank >= 2 else {
                throw TensorError(
                    .shape, in: operation, "the parameter has fewer than 2 dimensions", expected: "at least 2",
                    operands: [value])
            }
            let dim = try Module.checkedDim(dim, value, operation)
            let others = (0..<value.rank).filter { $0 != dim }
            return try PruningMask.removingChannels(
                channelScores(scores, others),
                mask ?? Tensor.ones(value.shape, dtype: value.dtype, device: value.device), dim: dim,
                isPruned: mask != nil, amount, operation)
        }
    }
}

extension Module {
    /// The names of the pruned parameters of this module, without submodules.
    fileprivate var prunedNames: [String] {
        parametrizations.filter { $0.parametrization is PrunedParameter }.map(\.name)
    }
}
