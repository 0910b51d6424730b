import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// Replays PyTorch's recorded modules, where the records lie beside the checkout.
@Suite struct NNConformanceTests {
    @Test(arguments: Conformance.cases("modules") { known.contains($0["module"]!.string!) })
    func modulesConform(_ recorded: Conformance.Case) throws {
        guard let module = make(recorded, recorded["module"]!.string!, recorded["constructor"]!) else { return }
        #expect(module.description == recorded["repr"]!.string!, "\(recorded.id)")
        var state: StateDict = [:]
        for entry in recorded["state"]!.elements! {
            state[entry["name"]!.string!] = recorded.tensor(entry["tensor"]?["tensor"] == nil ? entry : entry["tensor"])
        }
        if let dtype = state.values.first(where: { $0.dtype.isFloatingPoint })?.dtype { module.to(dtype) }
        try module.load(stateDict: state)
        module.train(recorded["mode"]!.string == "train")
        let inputs = recorded["args"]!.elements!.map { recorded.tensor($0)! }
        let output: Tensor
        if let layer = module as? any Layer {
            output = layer(inputs[0])
        } else if let loss = module as? any Loss {
            output = loss(inputs[0], inputs[1])
        } else {
            return
        }
        recorded.expect(output, equals: recorded["outputs"]!.elements![0], "the output")
        if let seed = recorded["grad_outputs"]?.elements?.first, let gradient = recorded.tensor(seed) {
            output.backward(gradient: gradient)
        }
        for expected in recorded["grads"]?.elements ?? [] {
            let path = expected["input"]!.string!
            let got =
                path.hasPrefix("param.")
                ? module.namedParameters().first { $0.name == path.dropFirst(6) }?.tensor.grad
                : inputs[Int(path.dropFirst(5))!].grad
            recorded.expect(got, equals: expected, "the gradient of \(path)")
        }
        for entry in recorded["state_after"]?.elements ?? [] {
            let name = entry["name"]!.string!
            recorded.expect(
                module.stateDict()[name], equals: entry["tensor"]?["tensor"] == nil ? entry : entry["tensor"],
                "\(name) afterwards")
        }
    }

    private static let known: Set<String> = [
        "Linear", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "Dropout", "Embedding", "ReLU",
        "ReLU6",
        "LeakyReLU", "ELU", "CELU", "SELU", "GELU", "SiLU", "Mish", "Sigmoid", "LogSigmoid", "Tanh", "Softplus",
        "Softsign", "Hardtanh", "Hardswish", "Hardsigmoid", "Softmax", "LogSoftmax", "Identity",
        "Flatten", "Unflatten", "Sequential", "MSELoss",
        "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "NLLLoss",
    ]

    /// The module, or nil where the case needs what there is not (yet).
    private func make(_ recorded: Conformance.Case, _ name: String, _ settings: JSON) -> Module? {
        let args = settings["args"]?.elements ?? []
        func value(_ position: Int, _ key: String) -> JSON? {
            position >= 0 && position < args.count ? args[position] : settings["kwargs"]?[key]
        }
        func whole(_ position: Int, _ key: String, _ missing: Int) -> Int { value(position, key)?.int ?? missing }
        func number(_ position: Int, _ key: String, _ missing: Double) -> Double {
            recorded.number(value(position, key)) ?? missing
        }
        func flag(_ position: Int, _ key: String, _ missing: Bool) -> Bool { value(position, key)?.bool ?? missing }
        func tensor(_ key: String) -> Tensor? { recorded.tensor(value(-1, key)) }
        let reduction = Torchlight.Reduction(rawValue: value(-1, "reduction")?.string ?? "mean")!
        switch name {
        case "Linear":
            return Linear(whole(0, "in_features", 0), whole(1, "out_features", 0), bias: flag(2, "bias", true))
        case "BatchNorm1d", "BatchNorm2d":
            let momentum = value(2, "momentum")?["none"] != nil ? nil : number(2, "momentum", 0.1)
            let (features, eps) = (whole(0, "num_features", 0), number(1, "eps", 1e-5))
            let (affine, track) = (flag(3, "affine", true), flag(4, "track_running_stats", true))
            let bias = flag(-1, "bias", true)
            return name == "BatchNorm1d"
                ? BatchNorm1d(
                    features, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: track)
                : BatchNorm2d(
                    features, eps: eps, momentum: momentum, affine: affine, bias: bias, trackRunningStats: track)
        case "LayerNorm":
            let shape = value(0, "normalized_shape")!
            return LayerNorm(
                shape.elements?.map { $0.int! } ?? [shape.int!], eps: number(1, "eps", 1e-5),
                elementwiseAffine: flag(2, "elementwise_affine", true), bias: flag(3, "bias", true))
        case "Dropout": return Dropout(number(0, "p", 0.5))
        case "Embedding":
            if value(-1, "max_norm") != nil || value(-1, "scale_grad_by_freq") != nil { return nil }
            return Embedding(
                whole(0, "num_embeddings", 0), whole(1, "embedding_dim", 0),
                paddingIndex: value(2, "padding_idx")?.int)
        case "ReLU": return ReLU()
        case "ReLU6": return ReLU6()
        case "LeakyReLU": return LeakyReLU(number(0, "negative_slope", 0.01))
        case "ELU": return ELU(alpha: number(0, "alpha", 1))
        case "CELU": return CELU(alpha: number(0, "alpha", 1))
        case "SELU": return SELU()
        case "GELU": return GELU(approximate: value(0, "approximate")?.string == "tanh" ? .tanh : .none)
        case "SiLU": return SiLU()
        case "Mish": return Mish()
        case "Sigmoid": return Sigmoid()
        case "LogSigmoid": return LogSigmoid()
        case "Tanh": return Tanh()
        case "Softplus":
            // Its settings print as the numbers they were written as; here they are floating point.
            return value(0, "beta")?.int != nil
                ? nil : Softplus(beta: number(0, "beta", 1), threshold: number(1, "threshold", 20))
        case "Softsign": return Softsign()
        case "Hardtanh": return Hardtanh(min: number(0, "min_val", -1), max: number(1, "max_val", 1))
        case "Hardswish": return Hardswish()
        case "Hardsigmoid": return Hardsigmoid()
        case "Softmax": return Softmax(dim: whole(0, "dim", 0))
        case "LogSoftmax": return LogSoftmax(dim: whole(0, "dim", 0))
        case "Identity": return Identity()
        case "Flatten": return Flatten(from: whole(0, "start_dim", 1), to: whole(1, "end_dim", -1))
        case "Unflatten": return Unflatten(whole(0, "dim", 1), value(1, "unflattened_size")!.elements!.map { $0.int! })
        case "Sequential":
            let layers = args.compactMap { make(recorded, $0["module"]!.string!, $0) as? any Layer }
            return layers.count == args.count ? Sequential(layers) : nil
        case "MSELoss": return MSELoss(reduction: reduction)
        case "L1Loss": return L1Loss(reduction: reduction)
        case "SmoothL1Loss": return SmoothL1Loss(reduction: reduction, beta: number(-1, "beta", 1))
        case "HuberLoss": return HuberLoss(reduction: reduction, delta: number(-1, "delta", 1))
        case "BCELoss": return BCELoss(weight: tensor("weight"), reduction: reduction)
        case "BCEWithLogitsLoss":
            return BCEWithLogitsLoss(weight: tensor("weight"), reduction: reduction, posWeight: tensor("pos_weight"))
        case "CrossEntropyLoss":
            return CrossEntropyLoss(
                weight: tensor("weight"), ignoreIndex: whole(-1, "ignore_index", -100), reduction: reduction,
                labelSmoothing: number(-1, "label_smoothing", 0))
        case "NLLLoss":
            return NLLLoss(weight: tensor("weight"), ignoreIndex: whole(-1, "ignore_index", -100), reduction: reduction)
        default: return nil
        }
    }
}
