import TorchlightCore

/// The low-rank adapter of one layer (LoRA; Hu et al., 2021): the layer's weight W acts as `W + s B A`, where A is `[r, in]`,
/// B is `[out, r]` and `s` is ``scaling``. With a ``magnitude`` m it is DoRA (Liu et al., 2024): each output of
/// `W + s B A` is scaled to the norm m, `m · (W + s B A) / ‖W + s B A‖`, and the norm is a constant for gradients.
///
/// The weight of a convolution or embedding is a matrix with the outputs in its rows; A of a convolution is a convolution of
/// the same kernel size to r channels, B one of kernel size 1.
///
/// Learnable parameters: `lora_A`, `lora_B`, and where the settings have them `lora_B_bias` and `lora_magnitude_vector`.
public final class LoRAAdapter: Module {
    /// The weight of the first mapping: `[r, in]`, for a convolution `[r, in, *kernelSize]`.
    @Key public private(set) var a: Tensor
    /// The weight of the second mapping: `[out, r]`, for a convolution `[out, r / groups, 1, ...]`.
    @Key public private(set) var b: Tensor
    /// The bias of the second mapping, `[out]`; nil if there is none.
    @Key public private(set) var bBias: Tensor?
    /// The norms of the outputs' weights, `[out]`, for a convolution `[1, out, 1, ...]`; nil if the adapter is not DoRA.
    @Key public private(set) var magnitude: Tensor?
    /// The rank r.
    public let rank: Int
    /// The scaling numerator α.
    public let alpha: Double
    /// The factor s of `B A`.
    public let scaling: Double
    /// The probability that an element of the input is zeroed in training.
    public let dropout: Double

    /// Creates an adapter for a layer, on its device, in its dtype or in float32 if that is less precise.
    init(_ layer: any AdaptableLayer, _ config: LoRAConfig, rank: Int, alpha: Double, generator: Generator) {
        let mapping = layer.layerMapping
        let (dtype, device) = Self.dtypeAndDevice(of: layer)
        let a = Tensor.zeros(mapping.shapeOfA(rank: rank), dtype: dtype, device: device)
        let b = Tensor.zeros(mapping.shapeOfB(rank: rank), dtype: dtype, device: device)
        Self.initialize(a, b, config.initialization, mapping, rank: rank, generator: generator)
        scaling = config.scaling(rank: rank, alpha: alpha)
        self.rank = rank
        self.alpha = alpha
        dropout = config.dropout
        let bias = config.hasLoRABias ? Tensor.zeros([mapping.outputs], dtype: dtype, device: device) : nil
        _a = Key(wrappedValue: Parameter(a), "lora_A")
        _b = Key(wrappedValue: Parameter(b), "lora_B")
        _bBias = Key(wrappedValue: bias.map { Parameter($0) }, "lora_B_bias")
        _magnitude = Key(wrappedValue: nil, "lora_magnitude_vector")
        super.init()
        if config.usesDoRA {
            let norm = noGrad { directionNorm(layer) }
            magnitude = Parameter(norm.reshape(Self.magnitudeShape(mapping)))
        }
    }

    private static func dtypeAndDevice(of layer: any AdaptableLayer) -> (DType, Device) {
        let tensors = layer.currentContents.parameters.map(\.tensor) + layer.currentContents.buffers.map(\.tensor)
        let device = tensors.first?.device ?? .current
        let dtype = tensors.first { $0.dtype.isFloatingPoint }?.dtype
        return (dtype == .float64 ? .float64 : .float32, device)
    }

    private static func initialize(
        _ a: Tensor, _ b: Tensor, _ initialization: LoRAConfig.Initialization, _ mapping: LayerMapping, rank: Int,
        generator: Generator
    ) {
        func uniform(_ weight: Tensor) {
            let slope = 5.0.squareRoot()
            Initializers.kaimingUniform_(
                weight, nonlinearity: .leakyRelu(negativeSlope: slope), generator: generator)
        }
        switch (initialization, mapping.isEmbedding) {
        case (.random, true):
            Initializers.normal_(a, generator: generator)
            Initializers.normal_(b, generator: generator)
        case (_, true): Initializers.normal_(b, generator: generator)
        case (.standard, false): uniform(a)
        case (.gaussian, false): Initializers.normal_(a, std: 1 / Double(rank), generator: generator)
        case (.random, false):
            uniform(a)
            uniform(b)
        }
    }

    private static func magnitudeShape(_ mapping: LayerMapping) -> [Int] {
        let spatial = mapping.spatialDimensions
        return spatial == 0 ? [mapping.outputs] : [1, mapping.outputs] + Array(repeating: 1, count: spatial)
    }

    public override var extraDescription: String {
        var text = "rank=\(rank), alpha=\(Printed.number(alpha)), scaling=\(Printed.number(scaling))"
        if dropout > 0 { text += ", dropout=\(Printed.number(dropout))" }
        return text
    }
}

// MARK: - Forward pass

extension LoRAAdapter {
    /// What the adapter adds to the output `y` of the layer for the input `x`.
    ///
    /// - Parameter y: The output of the layer without adapters.
    func change(of layer: any AdaptableLayer, _ x: Tensor, _ y: Tensor) -> Tensor {
        let mapping = layer.layerMapping
        var input = mapping.isEmbedding ? x : x.to(a.dtype)
        let drops = dropout > 0 && isTraining && !mapping.isEmbedding
        if drops { input = TorchlightCore.dropout(input, p: dropout, training: true) }
        let low = layer.mapping(input, by: a)
        let lora = expanded(low, mapping) * scaling
        guard let magnitude else { return lora }
        let spatial = Array(repeating: 1, count: mapping.spatialDimensions)
        let factor = (magnitude.reshape([mapping.outputs]) / directionNorm(layer)).reshape([mapping.outputs] + spatial)
        let base: Tensor
        if drops {
            // As in PEFT, the scaled weight sees the input after dropout too.
            base = layer.mapping(input, by: layer.denseWeight.to(a.dtype))
        } else if let bias = layer.layerBias {
            base = y.to(a.dtype) - bias.to(a.dtype).reshape([mapping.outputs] + spatial)
        } else {
            base = y.to(a.dtype)
        }
        return (factor - 1) * base + factor * lora
    }

    /// The mapping by B.
    private func expanded(_ low: Tensor, _ mapping: LayerMapping) -> Tensor {
        switch mapping.spatialDimensions {
        case 0: linear(low, b, bBias)
        case 1: convolution(low, b, bias: bBias, stride: 1, padding: 0, dilation: 1, groups: mapping.groups)
        case 2:
            convolution(low, b, bias: bBias, stride: Size2(1), padding: 0, dilation: Size2(1), groups: mapping.groups)
        default:
            convolution(low, b, bias: bBias, stride: Size3(1), padding: 0, dilation: Size3(1), groups: mapping.groups)
        }
    }

    /// `‖W + s B A‖` of each output, `[out]`, without gradients.
    private func directionNorm(_ layer: any AdaptableLayer) -> Tensor {
        noGrad {
            let direction = layer.denseWeight.to(a.dtype) + product(like: layer)
            return direction.reshape([direction.shape[0], -1]).square().sum(dim: 1).sqrt()
        }
    }

    /// `s B A` in the shape of the layer's weight.
    private func product(like layer: any AdaptableLayer) -> Tensor {
        let shape = layer.layerMapping.shapeOfA(rank: layer.layerMapping.outputs)
        return (b.reshape([b.shape[0], rank]).matmul(a.reshape([rank, -1])) * scaling).reshape(shape)
    }

    /// The change of the layer's weight and of its bias, which is nil where the adapter has none.
    ///
    /// Not for convolutions with groups, whose adapters mix the groups and equal no weight of such a layer.
    func mergedChange(of layer: any AdaptableLayer) -> (weight: Tensor, bias: Tensor?) {
        noGrad {
            let change = product(like: layer)
            let bias = bBias.map { $0 * scaling }
            guard let magnitude else { return (change, bias) }
            let weight = layer.denseWeight.to(a.dtype)
            let outputs = layer.layerMapping.outputs
            let factor = magnitude.reshape([outputs]) / directionNorm(layer)
            let column = factor.reshape([outputs] + Array(repeating: 1, count: change.rank - 1))
            return (column * (weight + change) - weight, bias.map { factor * $0 })
        }
    }

    /// The change of the weight as a matrix `[out, in]`; nil for DoRA, whose change is not a product of its matrices.
    var matrices: (a: Tensor, b: Tensor)? {
        magnitude == nil && bBias == nil ? (a.detach(), b.detach()) : nil
    }

    /// Copies values into the matrices.
    func setMatrices(a: Tensor, b: Tensor) {
        noGrad {
            _ = self.a.copy_(a.reshape(self.a.shape))
            _ = self.b.copy_(b.reshape(self.b.shape))
        }
    }
}

/// The adapters of one layer, by their names.
final class LayerAdapters: Module {
    var adapters: [String: LoRAAdapter] = [:]
    /// The adapters whose changes are added, in this order.
    var active: [String] = []
    /// The weight and bias without the adapters while they are merged.
    var merged: Merged?

    /// What a merge changed. The tensors are copies, which are nil if unmerging is not wanted.
    struct Merged {
        let weight: Tensor?
        let bias: Tensor?
    }

    override var inlinesItsList: Bool { true }

    /// The output of the layer with its adapters; nil if none changes it.
    func output(of layer: any AdaptableLayer, _ x: Tensor, _ y: Tensor) -> Tensor? {
        guard merged == nil else { return nil }
        var result: Tensor?
        for name in active {
            guard let adapter = adapters[name] else { continue }
            result = (result ?? y) + adapter.change(of: layer, x, y).to(y.dtype)
        }
        return result
    }
}
