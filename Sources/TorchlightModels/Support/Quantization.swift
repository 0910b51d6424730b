import TorchlightCore
import TorchlightIO
import TorchlightNN

// The description of quantised layers in `config.json`: the field `quantization_config` with the method `torchlight`. Which layers
// are quantised, and the number of bits and the groups of each, follow from the names and shapes of the tensors.

extension PretrainedModel {
    /// The value of `quant_method` for layers that ``quantize(_:_:matching:excluding:embeddings:)`` made.
    private static let quantizationMethod = "torchlight"

    /// How the inputs of quantised layers are multiplied, by the configuration.
    final var quantizedInputs: WeightQuantization.Inputs {
        configuration["quantization_config"]?["inputs"]?.string.flatMap { .init(rawValue: $0) } ?? .int8
    }

    /// Checks that the quantisation of a configuration is ours.
    final func readQuantization(_ reader: ConfigReader) throws(ModelError) {
        guard let settings = try reader.optionalObject("quantization_config") else { return }
        let method = try settings.string("quant_method", default: "")
        guard method == Self.quantizationMethod else {
            throw ModelError(
                settings.path, "the weights are quantised by the method \(IOError.quoted(method))",
                expected: "weights in floating point, or those that quantize and savePretrained wrote")
        }
        let inputs = try settings.string("inputs", default: WeightQuantization.Inputs.int8.rawValue)
        guard WeightQuantization.Inputs(rawValue: inputs) != nil else {
            throw ModelError(settings.path, "the field inputs is \(IOError.quoted(inputs))", expected: "int8 or float")
        }
    }

    /// The field for the quantised layers that the model has now; nil if there are none.
    final var savedQuantization: JSON? {
        let layers = quantizedLayers
        guard let first = layers.first else { return nil }
        return .object([
            ("quant_method", .string(Self.quantizationMethod)), ("inputs", .string(first.scheme.inputs.rawValue)),
            ("layers", .object(layers.map { ($0.name, .string("\($0.scheme)")) })),
        ])
    }
}
