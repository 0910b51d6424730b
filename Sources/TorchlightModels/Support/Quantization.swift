import TorchlightCore
import TorchlightIO
import TorchlightNN

// The quantised layers in `config.json`: the field `quantization_config` with the method `torchlight`. The quantised
// layers, their bits and groups are determined by the names and shapes of the tensors.

extension PretrainedModel {
    /// The `quant_method` of layers that ``quantize(_:_:matching:excluding:embeddings:)`` quantised.
    private static let quantizationMethod = "torchlight"

    /// The multiplication of the inputs of quantised layers, from the configuration.
    final var quantizedInputs: WeightQuantization.Inputs {
        configuration["quantization_config"]?["inputs"]?.string.flatMap { .init(rawValue: $0) } ?? .int8
    }

    /// Throws unless the quantisation method of a configuration is `torchlight`.
    final func readQuantization(_ reader: ConfigReader) throws(ModelError) {
        guard let settings = try reader.optionalObject("quantization_config") else { return }
        let method = try settings.string("quant_method", default: "")
        guard method == Self.quantizationMethod else {
            throw ModelError(
                settings.path, "the weights are quantised by the method \(IOError.quoted(method))",
                expected: "weights in floating point, or weights written by quantize and savePretrained")
        }
        let inputs = try settings.string("inputs", default: WeightQuantization.Inputs.int8.rawValue)
        guard WeightQuantization.Inputs(rawValue: inputs) != nil else {
            throw ModelError(settings.path, "the field inputs is \(IOError.quoted(inputs))", expected: "int8 or float")
        }
    }

    /// The field for the current quantised layers; nil if there are none.
    final var savedQuantization: JSON? {
        let layers = quantizedLayers
        guard let first = layers.first else { return nil }
        return .object([
            ("quant_method", .string(Self.quantizationMethod)), ("inputs", .string(first.scheme.inputs.rawValue)),
            ("layers", .object(layers.map { ($0.name, .string("\($0.scheme)")) })),
        ])
    }
}
