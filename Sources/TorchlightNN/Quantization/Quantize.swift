import TorchlightCore

/// A layer with a weight that can be stored in integers.
package protocol QuantizableLayer: Module {
    /// The weight; on `Device.meta`, without memory, while the layer has a quantised one.
    var weight: Tensor { get set }
    /// The weight in integers, `[out, in]`; nil while the layer has one in floating point.
    var quantizedWeight: QuantizedWeight? { get set }
    /// Whether ``weight`` is `[in, out]`.
    var storesTransposedWeight: Bool { get }
    /// Whether the layer looks up rows of its weight.
    var isLookup: Bool { get }
    /// Why the layer cannot be quantised; nil if it can.
    var quantizationObstacle: String? { get }
}

extension QuantizableLayer {
    package var storesTransposedWeight: Bool { false }
    package var isLookup: Bool { false }
    package var quantizationObstacle: String? { nil }

    /// Stores the weight in integers.
    package func setQuantized(_ quantized: QuantizedWeight) {
        let shape = weight.shape
        let dtype = weight.dtype
        quantizedWeight = quantized
        weight = Tensor.empty(shape, dtype: dtype, device: .meta)
    }

    /// The output with the quantised weight. A weight that requires a gradient is an error.
    package func quantizedOutput(_ x: Tensor, _ quantized: QuantizedWeight, _ bias: Tensor?) -> Tensor {
        refusesTraining() ? x : quantized.linear(x, bias)
    }

    /// Reports an error if the weight requires a gradient.
    package func refusesTraining() -> Bool {
        guard weight.requiresGrad else { return false }
        reportFailure(
            TensorError(
                .autograd, in: "\(type(of: self))", "a quantised weight cannot be trained",
                fix: "train other parameters, or call dequantize(model) before training"))
        return true
    }

    /// The weight in floating point, dequantised where the layer has a quantised one.
    package var floatWeight: Tensor {
        guard let quantizedWeight else { return weight }
        let weight = quantizedWeight.dequantized(dtype: weight.dtype)
        return storesTransposedWeight ? weight.t() : weight
    }
}

/// Stores the weights of the linear layers of a model in integers of 8 or 4 bits, in place, and returns the model.
///
///     let model = try AutoModel.load("path/to/Llama-3.2-1B")
///     quantize(model, .int4(group: 64), embeddings: true)
///
/// The layers keep their names and their biases; each weight becomes a ``QuantizedWeight``, which takes a quarter or an eighth of
/// the memory of float32 and makes the generation of text as much faster. Codes and scales are buffers, `fc1.weight.codes` and
/// `fc1.weight.scales` in the state dictionary: they are saved, and loaded into a model with or without quantised layers.
///
/// A quantised weight is not trained: the layers compute the gradients of their inputs and biases, as adapters need them.
/// `dequantize(_:)` undoes the change of type.
///
/// - Parameters:
///   - model: The model, or a layer.
///   - scheme: The number of bits, and what shares a scale.
///   - matching: Patterns of the names of layers: `*` is any text without a dot, `**` any text. Default: all layers. A pattern
///     that no layer matches is an error.
///   - excluding: Patterns of the names of layers to leave as they are, such as `lm_head`. Default: none.
///   - embeddings: Whether ``Embedding`` layers are stored in integers too; an output layer that shares the weight then
///     multiplies with integers. Default: false.
@discardableResult
public func quantize<Model: Module>(
    _ model: Model, _ scheme: WeightQuantization, matching: [String] = ["**"], excluding: [String] = [],
    embeddings: Bool = false
) -> Model {
    let patterns = matching.map(NamePattern.init), excluded = excluding.map(NamePattern.init)
    var matched = Array(repeating: false, count: patterns.count)
    var chosen: [(name: String, layer: any QuantizableLayer)] = []
    for (name, module) in model.namedModules() {
        guard let layer = module as? any QuantizableLayer, embeddings || !layer.isLookup else { continue }
        var isMatched = false
        for (index, pattern) in patterns.enumerated() where pattern.match(name) != nil {
            matched[index] = true
            isMatched = true
        }
        guard isMatched, !excluded.contains(where: { $0.match(name) != nil }) else { continue }
        chosen.append((name, layer))
    }
    if let index = matched.firstIndex(of: false) {
        reportFailure(
            TensorError(
                .value, in: "quantize", "no layer that can be quantised matches the pattern", got: matching[index],
                expected: "a pattern of the names of Linear layers" + (embeddings ? " or Embedding layers" : "")))
        return model
    }
    for (name, layer) in chosen {
        let path = name.isEmpty ? "the layer" : name
        if let obstacle = layer.quantizationObstacle
            ?? (layer.parametrizations.isEmpty ? nil : "its weight is parametrised")
        {
            reportFailure(
                TensorError(
                    .value, in: "quantize", "\(path) cannot be quantised: \(obstacle)", fix: "exclude \(name)"))
            return model
        }
    }
    for (_, layer) in chosen where layer.quantizedWeight == nil {
        let weight = layer.storesTransposedWeight ? layer.weight.t() : layer.weight
        let quantized = QuantizedWeight(weight, scheme)
        if quantized.codes.isPlaceholder { return model }
        layer.setQuantized(quantized)
    }
    return model
}

/// Gives the quantised layers of a model parameters of floating point again, in place, and returns the model. The values are
/// those of the integers.
///
/// - Parameters:
///   - model: The model.
///   - dtype: The dtype of the parameters. Default: float32.
@discardableResult
public func dequantize<Model: Module>(_ model: Model, dtype: DType = .float32) -> Model {
    for module in model.modules() {
        guard let layer = module as? any QuantizableLayer, let quantized = layer.quantizedWeight else { continue }
        let weight = noGrad { quantized.dequantized(dtype: dtype) }
        if weight.isPlaceholder { return model }
        layer.quantizedWeight = nil
        layer.weight = Parameter(layer.storesTransposedWeight ? weight.t().contiguous() : weight)
    }
    return model
}

extension Module {
    /// The schemes of the quantised layers by name.
    public var quantizedLayers: [(name: String, scheme: WeightQuantization)] {
        namedModules().compactMap { name, module in
            (module as? any QuantizableLayer)?.quantizedWeight.map { (name, $0.scheme) }
        }
    }

    /// Makes the layers quantised whose weights a state dictionary has in integers. The values are loaded afterwards.
    ///
    /// - Parameters:
    ///   - inputs: How the inputs of these layers are multiplied.
    ///   - tensor: The tensors by name.
    /// - Returns: A function that undoes the changes.
    @discardableResult
    package func adoptQuantizedForms(
        inputs: WeightQuantization.Inputs = .int8, from tensor: (String) -> Tensor?
    ) -> () -> Void {
        var before: [(layer: any QuantizableLayer, weight: Tensor, quantized: QuantizedWeight?)] = []
        for (path, module) in namedModules() {
            let name = path.isEmpty ? "weight" : "\(path).weight"
            guard let codes = tensor("\(name).codes"), let scales = tensor("\(name).scales"), tensor(name) == nil,
                let layer = module as? any QuantizableLayer
            else { continue }
            let quantized = QuantizedWeight(
                shape: layer.storesTransposedWeight ? layer.weight.shape.reversed() : layer.weight.shape, codes: codes,
                scales: scales, offsets: tensor("\(name).offsets"),
                inputs: layer.quantizedWeight?.scheme.inputs ?? inputs,
                device: layer.quantizedWeight?.codes.device ?? layer.weight.device)
            guard let quantized else { continue }
            before.append((layer, layer.weight, layer.quantizedWeight))
            layer.setQuantized(quantized)
        }
        return {
            for (layer, weight, quantized) in before {
                layer.quantizedWeight = quantized
                layer.weight = weight
            }
        }
    }

    /// The scales and offsets of quantised layers, which keep their dtype when the model is converted.
    package var quantizationFactors: [Tensor] {
        modules().flatMap { module -> [Tensor] in
            guard let quantized = (module as? any QuantizableLayer)?.quantizedWeight else { return [] }
            return [quantized.scales, quantized.offsets].compactMap { $0 }
        }
    }

    /// Sets the dtype of what quantised layers look up.
    package func setQuantizedDType(_ dtype: DType) {
        for module in modules() {
            guard let layer = module as? any QuantizableLayer, layer.quantizedWeight != nil else { continue }
            layer.weight = layer.weight.to(dtype)
        }
    }
}
