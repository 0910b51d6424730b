// Initialisers of layers with the argument labels of PyTorch.

extension Linear {
    /// Creates a linear layer; the sizes have labels.
    public convenience init(
        inFeatures: Int, outFeatures: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(inFeatures, outFeatures, bias: bias, dtype: dtype, device: device, generator: generator)
    }
}

extension Embedding {
    /// Creates an embedding; the sizes have labels.
    public convenience init(
        numEmbeddings: Int, embeddingDim: Int, paddingIdx: Int? = nil, maxNorm: Double? = nil,
        scaleGradByFreq: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            numEmbeddings, embeddingDim, paddingIdx: paddingIdx, maxNorm: maxNorm, scaleGradByFreq: scaleGradByFreq,
            dtype: dtype, device: device, generator: generator)
    }

    /// Creates an embedding from a matrix: `init(pretrained:freeze:paddingIdx:)`.
    public static func fromPretrained(_ weight: Tensor, freeze: Bool = true, paddingIdx: Int? = nil) -> Embedding {
        Embedding(pretrained: weight, freeze: freeze, paddingIdx: paddingIdx)
    }
}

extension Dropout {
    /// Creates a dropout layer; the probability has a label. `inplace` has no effect: the input is not changed.
    public convenience init(p: Double, inplace: Bool = false, generator: Generator? = nil) {
        self.init(p, generator: generator)
    }
}

extension DropoutLayer {
    /// Creates a dropout layer; the probability has a label. `inplace` has no effect: the input is not changed.
    public convenience init(p: Double, inplace: Bool = false, generator: Generator? = nil) {
        self.init(p, generator: generator)
    }
}

extension ReLU {
    /// Creates a ReLU. `inplace` has no effect: the input is not changed.
    public convenience init(inplace: Bool) { self.init() }
}
extension ReLU6 {
    /// Creates a ReLU6. `inplace` has no effect: the input is not changed.
    public convenience init(inplace: Bool) { self.init() }
}
extension SiLU {
    /// Creates a SiLU. `inplace` has no effect: the input is not changed.
    public convenience init(inplace: Bool) { self.init() }
}
extension LeakyReLU {
    /// Creates a leaky ReLU; the slope has a label. `inplace` has no effect: the input is not changed.
    public convenience init(negativeSlope: Double, inplace: Bool = false) { self.init(negativeSlope) }
    /// Creates a leaky ReLU. `inplace` has no effect: the input is not changed.
    public convenience init(_ negativeSlope: Double, inplace: Bool) { self.init(negativeSlope) }
}
extension ELU {
    /// Creates an ELU; `alpha` has no label.
    public convenience init(_ alpha: Double) { self.init(alpha: alpha) }
}
extension Softmax {
    /// Creates a softmax; the dimension has no label.
    public convenience init(_ dim: Int) { self.init(dim: dim) }
}
extension LogSoftmax {
    /// Creates a log-softmax; the dimension has no label.
    public convenience init(_ dim: Int) { self.init(dim: dim) }
}
extension Hardtanh {
    /// Creates a hard tanh with the labels of PyTorch.
    public convenience init(minVal: Double, maxVal: Double) { self.init(min: minVal, max: maxVal) }
}
extension PReLU {
    /// Creates a PReLU with the labels of PyTorch.
    public convenience init(
        numParameters: Int, `init` initial: Double = 0.25, dtype: DType = .default, device: Device = .current
    ) {
        self.init(numParameters, initial: initial, dtype: dtype, device: device)
    }
}

extension Flatten {
    /// Creates a flatten layer; the first dimension has no label.
    public convenience init(_ from: Int) { self.init(from: from) }
    /// Creates a flatten layer with the labels of PyTorch.
    public convenience init(startDim: Int = 1, endDim: Int = -1) { self.init(from: startDim, to: endDim) }
}
extension Unflatten {
    /// Creates an unflatten layer with the labels of PyTorch.
    public convenience init(dim: Int, unflattenedSize: [Int]) { self.init(dim, unflattenedSize) }
}
extension PixelShuffle {
    /// Creates a pixel shuffle; the factor has a label.
    public convenience init(upscaleFactor: Int) { self.init(upscaleFactor) }
}
extension PixelUnshuffle {
    /// Creates the inverse of a pixel shuffle; the factor has a label.
    public convenience init(downscaleFactor: Int) { self.init(downscaleFactor) }
}
extension AdaptivePoolLayer {
    /// Creates an adaptive pooling layer; the output size has a label.
    public convenience init(outputSize: AdaptiveSize) { self.init(outputSize) }
    /// Creates an adaptive pooling layer with the output size of a variable.
    @_disfavoredOverload
    public convenience init(_ outputSize: some SizeValue) {
        let sizes = outputSize.sizes
        self.init(sizes.count == 1 ? AdaptiveSize(sizes[0]) : AdaptiveSize(sizes.map { $0 }))
    }
}

extension Upsample {
    /// Creates an upsampling layer with one factor for all dimensions.
    public convenience init(
        scaleFactor: Double, mode: InterpolationMode = .nearest, alignCorners: Bool? = nil,
        recomputeScaleFactor: Bool? = nil
    ) {
        self.init(
            scaleFactor: [scaleFactor], mode: mode, alignCorners: alignCorners,
            recomputeScaleFactor: recomputeScaleFactor)
    }
}

extension TorchlightNN.BatchNorm {
    /// Creates a batch normalisation; the number of features has a label.
    public convenience init(
        numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
        trackRunningStats: Bool = true, dtype: DType = .default, device: Device = .current
    ) {
        self.init(
            numFeatures, eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats,
            dtype: dtype, device: device)
    }
}
extension InstanceNorm {
    /// Creates an instance normalisation; the number of features has a label.
    public convenience init(
        numFeatures: Int, eps: Double = 1e-5, momentum: Double = 0.1, affine: Bool = false,
        trackRunningStats: Bool = false, dtype: DType = .default, device: Device = .current
    ) {
        self.init(
            numFeatures, eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats,
            dtype: dtype, device: device)
    }
}
extension LayerNorm {
    /// Creates a layer normalisation; the shape has a label.
    public convenience init(
        normalizedShape: [Int], eps: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true,
        dtype: DType = .default, device: Device = .current
    ) {
        self.init(
            normalizedShape, eps: eps, elementwiseAffine: elementwiseAffine, bias: bias, dtype: dtype, device: device)
    }
    /// Creates a layer normalisation of the last dimension; its size has a label.
    public convenience init(
        normalizedShape: Int, eps: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true,
        dtype: DType = .default, device: Device = .current
    ) {
        self.init(
            [normalizedShape], eps: eps, elementwiseAffine: elementwiseAffine, bias: bias, dtype: dtype,
            device: device)
    }
}
extension GroupNorm {
    /// Creates a group normalisation; the sizes have labels.
    public convenience init(
        numGroups: Int, numChannels: Int, eps: Double = 1e-5, affine: Bool = true, dtype: DType = .default,
        device: Device = .current
    ) {
        self.init(numGroups, numChannels, eps: eps, affine: affine, dtype: dtype, device: device)
    }
}

extension LSTM {
    /// Creates an LSTM; the sizes have labels.
    public convenience init(
        inputSize: Int, hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false, projSize: Int = 0, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional, projSize: projSize, dtype: dtype, device: device, generator: generator)
    }
    /// Creates an LSTM; the number of layers has no label.
    public convenience init(
        _ inputSize: Int, _ hiddenSize: Int, _ numLayers: Int, bias: Bool = true, batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional, dtype: dtype, device: device, generator: generator)
    }
}
extension GRU {
    /// Creates a GRU; the sizes have labels.
    public convenience init(
        inputSize: Int, hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional, dtype: dtype, device: device, generator: generator)
    }
    /// Creates a GRU; the number of layers has no label.
    public convenience init(
        _ inputSize: Int, _ hiddenSize: Int, _ numLayers: Int, bias: Bool = true, batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(
            inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional, dtype: dtype, device: device, generator: generator)
    }
}
extension RNN {
    /// Creates an RNN; the sizes have labels.
    public convenience init(
        inputSize: Int, hiddenSize: Int, numLayers: Int = 1, nonlinearity: RecurrentNonlinearity = .tanh,
        bias: Bool = true, batchFirst: Bool = false, dropout: Double = 0, bidirectional: Bool = false,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            inputSize, hiddenSize, numLayers: numLayers, nonlinearity: nonlinearity, bias: bias,
            batchFirst: batchFirst, dropout: dropout, bidirectional: bidirectional, dtype: dtype, device: device,
            generator: generator)
    }
}
extension LSTMCell {
    /// Creates an LSTM cell; the sizes have labels.
    public convenience init(
        inputSize: Int, hiddenSize: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(inputSize, hiddenSize, bias: bias, dtype: dtype, device: device, generator: generator)
    }
}
extension GRUCell {
    /// Creates a GRU cell; the sizes have labels.
    public convenience init(
        inputSize: Int, hiddenSize: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        self.init(inputSize, hiddenSize, bias: bias, dtype: dtype, device: device, generator: generator)
    }
}

extension MultiheadAttention {
    /// Creates a multi-head attention; the sizes have labels.
    public convenience init(
        embedDim: Int, numHeads: Int, dropout: Double = 0, bias: Bool = true, kdim: Int? = nil, vdim: Int? = nil,
        batchFirst: Bool = false, dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            embedDim, numHeads, dropout: dropout, bias: bias, kdim: kdim, vdim: vdim, batchFirst: batchFirst,
            dtype: dtype, device: device, generator: generator)
    }
}
extension TransformerEncoderLayer {
    /// Creates an encoder layer; the sizes have labels.
    public convenience init(
        dModel: Int, nhead: Int, dimFeedforward: Int = 2048, dropout: Double = 0.1,
        activation: TransformerActivation = .relu, batchFirst: Bool = false, normFirst: Bool = false,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            dModel, nhead, dimFeedforward: dimFeedforward, dropout: dropout, activation: activation,
            batchFirst: batchFirst, normFirst: normFirst, dtype: dtype, device: device, generator: generator)
    }
    /// Creates an encoder layer; the size of the feed-forward network and the dropout have no labels.
    public convenience init(
        _ dModel: Int, _ nhead: Int, _ dimFeedforward: Int, _ dropout: Double = 0.1,
        activation: TransformerActivation = .relu, batchFirst: Bool = false, normFirst: Bool = false,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.init(
            dModel, nhead, dimFeedforward: dimFeedforward, dropout: dropout, activation: activation,
            batchFirst: batchFirst, normFirst: normFirst, dtype: dtype, device: device, generator: generator)
    }
}
extension TransformerEncoder {
    /// Creates an encoder of copies of a layer; the number of layers has no label.
    public convenience init(_ layer: TransformerEncoderLayer, _ numLayers: Int, norm: LayerNorm? = nil) {
        self.init(layer, numLayers: numLayers, norm: norm)
    }
}

/// An array of modules: its elements are children of the module that stores it, as of `nn.ModuleList`.
public typealias ModuleList<Element: Module> = [Element]
/// An array of parameters: its elements are parameters of the module that stores it, as of `nn.ParameterList`.
public typealias ParameterList = [Tensor]
