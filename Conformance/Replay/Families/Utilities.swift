import Torchlight
import TorchlightIO

extension Registry {
    /// What `torch.nn.utils` and `torch.optim.swa_utils` do with parameters, gradients and sequences.
    mutating func registerUtilities() {
        registerParametrizations()
        registerPruning()
        registerParameterFunctions()
        registerAveraging()
        registerSequences()
    }

    private mutating func registerParametrizations() {
        register(
            "utils.weight_norm",
            tensor: { call in
                let holder = Holder(try call.tensor(0, "v"))
                let norm = try holder.weightNorm(dim: Self.normDim(call)).parametrization(WeightNorm.self)
                (norm.direction, norm.length) = (try call.tensor(0, "v"), try call.tensor(1, "g"))
                return holder.computed()
            })
        register(
            "utils.weight_norm_init",
            tensors: { call in
                let holder = Holder(try call.tensor(0, "w"))
                let norm = try holder.weightNorm(dim: Self.normDim(call)).parametrization(WeightNorm.self)
                return [norm.length, norm.direction]
            })
        register(
            "utils.spectral_norm",
            tensors: { call in
                let holder = Holder(try call.tensor(0, "w"))
                holder.spectralNorm(
                    powerIterations: try call.int(nil, "n_power_iterations", default: 1),
                    eps: try call.double(nil, "eps", default: 1e-12), dim: try call.int(nil, "dim", default: 0))
                let norm = try holder.parametrization(SpectralNorm.self)
                (norm.original, norm.u, norm.v) = (
                    try call.tensor(0, "w"), try call.tensor(1, "u"), try call.tensor(2, "v")
                )
                holder.train(try call.bool(nil, "training", default: true))
                return [holder.computed(), norm.u, norm.v]
            })
        register(
            "utils.orthogonal",
            tensor: { call in
                let maps: [String: Orthogonal.OrthogonalMap] = [
                    "matrix_exp": .matrixExp, "cayley": .cayley, "householder": .householder,
                ]
                let layer = Orthogonal(
                    try call.choice(nil, "orthogonal_map", maps) ?? .matrixExp,
                    base: try call.optionalTensor(1, "base"))
                return layer(try call.tensor(0, "x"))
            })
        register(
            "utils.parametrized",
            tensors: { call in
                let holder = Holder(try call.tensor(0, "w"))
                switch try call.optionalString(nil, "kind") {
                case "symmetric": break
                case "twice_symmetric": holder.registerParametrization("weight", Doubled())
                case let kind: throw NotSupported("the kind \(kind ?? "none")")
                }
                holder.registerParametrization("weight", Symmetric())
                let weight = holder.weight
                return [weight, holder.removeParametrizations().weight]
            })
    }

    /// PyTorch's -1 stands for one norm of the whole tensor.
    private static func normDim(_ call: Call) throws -> Int? {
        let dim = try call.int(nil, "dim", default: 0)
        return dim == -1 ? nil : dim
    }

    private mutating func registerPruning() {
        func amount(_ call: Call, _ name: String) throws -> PruningAmount {
            switch try call.number(nil, name).scalar {
            case .int(let count): .count(count)
            case let number: .fraction(number.asDouble)
            }
        }
        func masked(_ holder: Holder) throws -> [Tensor] {
            guard let mask = holder.namedBuffers().first(where: { $0.name == "weight_mask" }) else {
                throw NotSupported("nothing was pruned")
            }
            return [mask.tensor, holder.weight]
        }
        register(
            "utils.l1_unstructured",
            tensors: { call in
                let holder = Holder(try call.tensor(0, "w"))
                return try masked(
                    Prune.l1Unstructured(
                        holder, amount: try amount(call, "amount"),
                        importanceScores: try call.optionalTensor(nil, "importance")))
            })
        register(
            "utils.ln_structured",
            tensors: { call in
                let holder = Holder(try call.tensor(0, "w"))
                return try masked(
                    Prune.lnStructured(
                        holder, amount: try amount(call, "amount"), n: try call.number(nil, "n").scalar.asDouble,
                        dim: try call.int(nil, "dim"), importanceScores: try call.optionalTensor(nil, "importance")))
            })
        register(
            "utils.l1_twice",
            tensors: { call in
                let holder = Holder(try call.tensor(0, "w"))
                Prune.l1Unstructured(holder, amount: try amount(call, "first"))
                return try masked(Prune.l1Unstructured(holder, amount: try amount(call, "second")))
            })
        register(
            "utils.global_unstructured",
            tensors: { call in
                let holders = try call.tensors(0, "w").map { Holder($0) }
                Prune.globalUnstructured(holders.map { ($0, "weight") }, amount: try amount(call, "amount"))
                return try holders.map { try masked($0)[0] }
            })
        register(
            "utils.custom_from_mask",
            tensor: { call in
                let holder = Holder(try call.tensor(0, "w"))
                Prune.customFromMask(holder, mask: try call.tensor(1, "mask"))
                return Prune.remove(holder).weight
            })
    }

    private mutating func registerParameterFunctions() {
        register("nn.utils.parameters_to_vector", tensor: { call in parametersToVector(try call.tensors(0)) })
        register(
            "utils.vector_to_parameters",
            tensors: { call in
                let vector = try call.tensor(0, "vec")
                let shapes = call.value(nil, "shapes")?.list?.map { $0.list?.compactMap(\.int) ?? [] } ?? []
                let parameters = shapes.map {
                    Parameter(Tensor.zeros($0, dtype: vector.dtype, device: vector.device))
                }
                vectorToParameters(vector, parameters)
                return parameters
            })
        register(
            "nn.utils.fuse_conv_bn_weights",
            tensors: { call in
                let fused = fuseConvBNWeights(
                    try call.tensor(0, "conv_w"), try call.optionalTensor(1, "conv_b"), try call.tensor(2, "bn_rm"),
                    try call.tensor(3, "bn_rv"), eps: try call.number(4, "bn_eps").scalar.asDouble,
                    try call.optionalTensor(5, "bn_w"), try call.optionalTensor(6, "bn_b"),
                    transpose: try call.bool(7, "transpose"))
                return [fused.weight, fused.bias]
            })
        register(
            "nn.utils.fuse_linear_bn_weights",
            tensors: { call in
                let fused = fuseLinearBNWeights(
                    try call.tensor(0, "linear_w"), try call.optionalTensor(1, "linear_b"),
                    try call.tensor(2, "bn_rm"), try call.tensor(3, "bn_rv"),
                    eps: try call.number(4, "bn_eps").scalar.asDouble, try call.optionalTensor(5, "bn_w"),
                    try call.optionalTensor(6, "bn_b"))
                return [fused.weight, fused.bias]
            })
        register(
            "nn.utils.get_total_norm",
            tensor: { call in
                getTotalNorm(
                    try call.tensors(0), normType: try call.double(1, "norm_type", default: 2),
                    errorIfNonFinite: try call.bool(2, "error_if_nonfinite"))
            })
        register(
            "utils.clip_grads_with_norm",
            tensors: { call in
                let parameters = try call.tensors(0, "grads").map { gradient in
                    let parameter = Parameter(Tensor.zeros(like: gradient))
                    parameter.grad = gradient
                    return parameter
                }
                clipGradsWithNorm(
                    parameters, maxNorm: try call.number(1, "max_norm").scalar.asDouble,
                    totalNorm: try call.tensor(2, "total_norm"))
                return parameters.compactMap(\.grad)
            })
    }

    private mutating func registerAveraging() {
        register(
            "utils.averaged",
            tensors: { call in
                let steps = try call.nestedTensors(0, "steps")
                let model = Holders(steps.first ?? [])
                let decay = try call.optionalDouble(nil, "decay")
                _ = try call.bool(nil, "swa")
                let averaged = AveragedModel(model, decay.map { .exponential(decay: $0) } ?? .mean)
                var results: [Tensor] = []
                for parameters in steps {
                    noGrad { for (mine, new) in zip(model.parameters(), parameters) { mine.copy_(new) } }
                    averaged.update(model)
                    results += averaged.module.parameters().map { $0.detach().clone() }
                }
                return results + [averaged.updateCount]
            })
        register(
            "utils.update_bn",
            tensors: { call in
                let batches = try call.tensors(0, "batches")
                let norm = BatchNorm1d(
                    batches.first?.shape[1] ?? 0, momentum: try call.optionalDouble(nil, "momentum"),
                    device: ReplayDevice.current)
                updateBatchNorm(norm, batches) { _ = norm($0) }
                return [norm.runningMean, norm.runningVar, norm.numBatchesTracked].compactMap { $0 }
            })
        register(
            "utils.swalr",
            tensor: { call in
                let optimizer = SGD(
                    [Parameter(Tensor.ones(1))], lr: try call.number(0, "initial_lr").scalar.asDouble)
                let schedule = SWALR(
                    optimizer, swaLR: try call.number(1, "swa_lr").scalar.asDouble,
                    annealEpochs: try call.int(2, "anneal_epochs"),
                    annealStrategy: try call.choice(3, "anneal_strategy") ?? .cos)
                var rates = optimizer.learningRates
                for _ in 0..<(try call.int(4, "steps")) {
                    schedule.step()
                    rates += optimizer.learningRates
                }
                return Tensor(rates, dtype: .float64)
            })
    }

    private mutating func registerSequences() {
        register(
            "utils.packed",
            tensors: { call in
                let batchFirst = try call.bool(nil, "batch_first")
                let packed = packPaddedSequence(
                    try call.tensor(0), lengths: try call.ints(nil, "lengths"), batchFirst: batchFirst,
                    enforceSorted: try call.bool(nil, "enforce_sorted", default: true))
                let padded = padPackedSequence(packed, batchFirst: batchFirst)
                return [packed.data, Tensor(packed.batchSizes), padded.output, Tensor(padded.lengths)]
            })
        register(
            "nn.utils.rnn.pad_sequence",
            tensor: { call in
                padSequence(
                    try call.tensors(0, "sequences"), batchFirst: try call.bool(1, "batch_first"),
                    paddingValue: try call.double(2, "padding_value", default: 0),
                    paddingSide: try call.choice(3, "padding_side") ?? .right)
            })
        register(
            "nn.utils.rnn.unpad_sequence",
            tensors: { call in
                unpadSequence(
                    try call.tensor(0, "padded_sequences"),
                    lengths: try call.tensor(1, "lengths").toArray(Int.self),
                    batchFirst: try call.bool(2, "batch_first"))
            })
    }
}

extension Call {
    /// A list of lists of tensors.
    fileprivate func nestedTensors(_ place: Int, _ name: String) throws -> [[Tensor]] {
        guard let lists = value(place, name)?.list else { throw NotSupported("needs \(name)") }
        return try lists.enumerated().map { i, list in
            try (list.list ?? []).enumerated().compactMap { j, item in try decode(item, at: "args.\(place).\(i).\(j)") }
        }
    }
}

/// A module of one parameter, which it returns.
private final class Holder: Module, Layer {
    var weight: Tensor

    init(_ weight: Tensor) {
        self.weight = Parameter(weight.detach().clone())
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { weight }

    /// The parameter as a call computes it.
    func computed() -> Tensor { self(weight.detach()) }

    /// The parametrisation of the parameter.
    func parametrization<P: Parametrization>(_: P.Type) throws -> P {
        guard let found = module(at: "parametrizations.weight") as? P else {
            throw NotSupported("the parameter is not parametrised")
        }
        return found
    }
}

/// A module of several parameters.
private final class Holders: Module {
    let weights: [Tensor]

    init(_ weights: [Tensor]) {
        self.weights = weights.map { Parameter($0.detach().clone()) }
        super.init()
    }
}

private final class Symmetric: Module, Layer {
    func forward(_ x: Tensor) -> Tensor { x.triu() + x.triu(1).mT }
}

private final class Doubled: Module, Layer {
    func forward(_ x: Tensor) -> Tensor { x * 2 }
}
