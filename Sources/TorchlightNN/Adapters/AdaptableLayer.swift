import TorchlightCore

/// How a layer maps its input to its output, from which the shapes of an adapter's tensors follow.
public enum LayerMapping: Sendable, Equatable {
    /// `y = x Wᵀ + b` over the last dimension.
    case linear(inFeatures: Int, outFeatures: Int)
    /// A lookup of vectors by their indices.
    case embedding(numEmbeddings: Int, embeddingDim: Int)
    /// A convolution with a kernel of these sizes.
    case convolution(inChannels: Int, outChannels: Int, kernelSize: [Int], groups: Int)
}

/// A layer that low-rank adapters can be added to; see ``Module/addLoRA(rank:alpha:targets:dropout:name:generator:)``.
///
/// ``Linear``, ``Embedding``, ``Conv1d``, ``Conv2d`` and ``Conv3d`` conform. A layer of another type that computes `x Wᵀ + b`
/// conforms with its mapping and its weight: adapters do not depend on how it stores the weight, so that the
/// base may be quantised and frozen (QLoRA; Dettmers et al., 2023).
///
///     extension PackedLinear: AdaptableLayer {
///         var layerMapping: LayerMapping { .linear(inFeatures: inFeatures, outFeatures: outFeatures) }
///         var denseWeight: Tensor { dequantized() }
///         var layerBias: Tensor? { bias }
///     }
public protocol AdaptableLayer: Layer {
    /// How the layer maps its input to its output.
    var layerMapping: LayerMapping { get }
    /// The weight in floating point with the outputs in the first dimension: `[out, in]` for a linear layer,
    /// `[embeddingDim, numEmbeddings]` for an embedding, `[out, in / groups, *kernelSize]` for a convolution. It may be a view
    /// or computed. Only DoRA and merging read it.
    var denseWeight: Tensor { get }
    /// The bias, `[out]`; nil if the layer has none.
    var layerBias: Tensor? { get }
    /// Applies the layer's mapping with another weight, whose first dimension is that of the result, and without a bias. A
    /// convolution has one group. The default is `x Wᵀ`.
    func mapping(_ x: Tensor, by weight: Tensor) -> Tensor
    /// Whether ``replaceWeight(_:)`` has an effect. The default is false: adapters of the layer cannot be merged.
    var isWeightReplaceable: Bool { get }
    /// Replaces the weight, in place, by one of the shape of ``denseWeight``. The default does nothing.
    func replaceWeight(_ weight: Tensor)
}

extension AdaptableLayer {
    /// `x Wᵀ`.
    public func mapping(_ x: Tensor, by weight: Tensor) -> Tensor { linear(x, weight) }

    /// False: the weight is not replaced.
    public var isWeightReplaceable: Bool { false }

    /// Does nothing.
    public func replaceWeight(_ weight: Tensor) {}
}

extension LayerMapping {
    /// The number of outputs: the first dimension of the weight.
    var outputs: Int {
        switch self {
        case .linear(_, let count), .embedding(_, let count), .convolution(_, let count, _, _): count
        }
    }

    /// The shape of the weight of the adapter's first mapping, to `rank` outputs.
    func shapeOfA(rank: Int) -> [Int] {
        switch self {
        case .linear(let inputs, _): [rank, inputs]
        case .embedding(let count, _): [rank, count]
        case .convolution(let channels, _, let kernel, _): [rank, channels] + kernel
        }
    }

    /// The shape of the weight of the adapter's second mapping, from `rank` inputs.
    func shapeOfB(rank: Int) -> [Int] {
        switch self {
        case .linear(_, let outputs): [outputs, rank]
        case .embedding(_, let dim): [dim, rank]
        case .convolution(_, let channels, let kernel, let groups):
            [channels, rank / groups] + Array(repeating: 1, count: kernel.count)
        }
    }

    /// The number of groups of channels; 1 for layers that are not a convolution.
    var groups: Int {
        if case .convolution(_, _, _, let groups) = self { groups } else { 1 }
    }

    /// The number of spatial dimensions; 0 for layers that are not a convolution.
    var spatialDimensions: Int {
        if case .convolution(_, _, let kernel, _) = self { kernel.count } else { 0 }
    }

    var isEmbedding: Bool {
        if case .embedding = self { true } else { false }
    }
}

extension Linear: AdaptableLayer {
    /// Whether the weight is in floating point.
    public final var isWeightReplaceable: Bool { quantizedWeight == nil }
    /// A linear mapping.
    public final var layerMapping: LayerMapping { .linear(inFeatures: inFeatures, outFeatures: outFeatures) }
    /// The weight, dequantised if it is stored in integers.
    public final var denseWeight: Tensor { floatWeight }
    /// The bias.
    public final var layerBias: Tensor? { bias }

    /// Copies the values into the weight.
    public final func replaceWeight(_ weight: Tensor) {
        noGrad { _ = self.weight.copy_(weight) }
    }
}

extension Embedding: AdaptableLayer {
    /// Whether the weight is in floating point.
    public var isWeightReplaceable: Bool { quantizedWeight == nil }
    /// An embedding.
    public var layerMapping: LayerMapping { .embedding(numEmbeddings: numEmbeddings, embeddingDim: embeddingDim) }
    /// The transposed weight, dequantised if it is stored in integers.
    public var denseWeight: Tensor { floatWeight.transpose(0, 1) }
    /// Nil: an embedding has no bias.
    public var layerBias: Tensor? { nil }

    /// Looks the indices up in the transposed weight, with the settings of this layer.
    public func mapping(_ x: Tensor, by weight: Tensor) -> Tensor {
        embedding(
            x, weight.transpose(0, 1), paddingIdx: paddingIdx, maxNorm: maxNorm, normType: normType,
            scaleGradByFreq: scaleGradByFreq)
    }

    /// Copies the values into the weight.
    public func replaceWeight(_ weight: Tensor) {
        noGrad { _ = self.weight.copy_(weight.transpose(0, 1)) }
    }
}

extension SpatialConvolution: AdaptableLayer {
    /// True.
    public final var isWeightReplaceable: Bool { true }
    /// A convolution.
    public final var layerMapping: LayerMapping {
        .convolution(
            inChannels: inChannels, outChannels: outChannels, kernelSize: kernelSize.perDimension, groups: groups)
    }
    /// The weight.
    public final var denseWeight: Tensor { weight }
    /// The bias.
    public final var layerBias: Tensor? { bias }

    /// The convolution with another weight, with the stride, padding and dilation of this layer, in one group.
    public final func mapping(_ x: Tensor, by weight: Tensor) -> Tensor {
        convolve(x, weight, bias: nil, groups: 1)
    }

    /// Copies the values into the weight.
    public final func replaceWeight(_ weight: Tensor) {
        noGrad { _ = self.weight.copy_(weight) }
    }
}
