import Torchlight
import TorchlightIO

extension Replayer {
    /// Prints a tensor, letter by letter.
    func replayPrinting(_ entry: JSON, _ tensors: [String: Tensor]) throws {
        if entry["kind"] != nil { throw NotSupported("shapes and dtypes print as Swift prints them") }
        if entry["class"] != nil { throw NotSupported("a lone parameter has no public constructor") }
        guard let stored = tensors.recorded(entry) else {
            throw NotSupported("the tensor cannot be rebuilt")
        }
        var options = PrintOptions()
        for option in entry["printoptions"]?.members ?? [] {
            switch option.name {
            case "precision": options.precision = option.value.int ?? 4
            case "threshold": options.threshold = option.value.int ?? 1000
            case "edgeitems": options.edgeItems = option.value.int ?? 3
            case "linewidth": options.lineWidth = option.value.int ?? 80
            case "sci_mode": options.scientific = option.value.bool
            default: throw NotSupported("the print option \(option.name)")
            }
        }
        let tensor = stored.clone().requiresGrad_(entry["requires_grad"]?.bool == true)
        let text = try checked { tensor.text(options) }
        if text != entry["repr"]?.string { throw Difference(expected: entry["repr"]?.string ?? "", got: text) }
    }
}
