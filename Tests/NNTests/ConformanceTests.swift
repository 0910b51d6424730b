import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// Replays PyTorch's recorded losses, where the records lie beside the checkout.
@Suite struct NNConformanceTests {
    @Test(
        arguments: Conformance.cases("nn_loss") {
            losses.contains(String($0["op"]!.string!.dropFirst("nn.functional.".count))) && $0["raises"]?.bool != true
        })
    func lossesConform(_ recorded: Conformance.Case) {
        let settings = recorded["kwargs"]
        let names = ["args.0", "args.1", "kwargs.weight", "kwargs.pos_weight"]
        let values = recorded["args"]!.elements! + [settings?["weight"] ?? nil, settings?["pos_weight"] ?? nil]
        let tensors = values.map { recorded.tensor($0) }
        guard let x = tensors[0], let y = tensors[1] else { return }
        let weight = tensors[2]
        func number(_ key: String, _ missing: Double) -> Double { recorded.number(settings?[key]) ?? missing }
        let reduction = Torchlight.Reduction(rawValue: settings?["reduction"]?.string ?? "mean")!
        let ignored = settings?["ignore_index"]?.int ?? -100
        let name = recorded["op"]!.string!.dropFirst("nn.functional.".count)
        // What PyTorch only warns about is refused here: losses do not broadcast.
        if !["cross_entropy", "nll_loss"].contains(name), x.shape != y.shape { return }
        let output: Tensor
        switch name {
        case "cross_entropy":
            output = crossEntropy(
                x, y, weight: weight, ignoreIndex: ignored, reduction: reduction,
                labelSmoothing: number("label_smoothing", 0))
        case "nll_loss": output = nllLoss(x, y, weight: weight, ignoreIndex: ignored, reduction: reduction)
        case "mse_loss":
            if weight != nil { return }
            output = mseLoss(x, y, reduction: reduction)
        case "l1_loss":
            if weight != nil { return }
            output = l1Loss(x, y, reduction: reduction)
        case "smooth_l1_loss": output = smoothL1Loss(x, y, reduction: reduction, beta: number("beta", 1))
        case "huber_loss":
            if weight != nil { return }
            output = huberLoss(x, y, reduction: reduction, delta: number("delta", 1))
        case "binary_cross_entropy": output = binaryCrossEntropy(x, y, weight: weight, reduction: reduction)
        default:
            output = binaryCrossEntropyWithLogits(x, y, weight: weight, reduction: reduction, posWeight: tensors[3])
        }
        recorded.expect(output, equals: recorded["outputs"]!.elements![0], "the loss")
        guard let gradient = recorded["grad_outputs"]?.elements?.first.flatMap({ recorded.tensor($0) }) else { return }
        output.backward(gradient: gradient)
        for expected in recorded["grads"]?.elements ?? [] {
            guard let i = names.firstIndex(of: expected["input"]!.string!) else { continue }
            recorded.expect(tensors[i]?.grad, equals: expected, "the gradient of \(names[i])")
        }
    }

    private static let losses: Set<String> = [
        "cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
    ]
}
