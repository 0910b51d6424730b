@testable import TorchlightNN
import Torchlight

/// A module and a call of it.
struct ModuleCall {
    let module: Module
    /// Calls the module; returns its tensors in order.
    let call: () -> [Tensor?]

    var name: String { "\(type(of: module))" }

    init(_ module: Module, _ call: @escaping () -> [Tensor?]) {
        self.module = module
        self.call = call
    }

    static func layer(_ module: any Layer, _ shape: Int...) -> ModuleCall {
        let x = input(shape)
        return ModuleCall(module) { [module(x)] }
    }

    static func loss(_ module: any Loss, _ input: Tensor = input([2, 3]), _ target: Tensor = target([2, 3]))
        -> ModuleCall
    {
        ModuleCall(module) { [module(input, target)] }
    }

    static func pair(_ module: any PairLayer) -> ModuleCall {
        let (a, b) = (input([2, 3]), input([2, 3]))
        return ModuleCall(module) { [module(a, b)] }
    }

    static func triple(_ module: any TripleLoss, _ target: Tensor = target([2, 3])) -> ModuleCall {
        let (a, b) = (input([2, 3]), input([2, 3]))
        return ModuleCall(module) { [module(a, b, target)] }
    }

    /// Numbers between 0 and 1 that require a gradient: in the domain of every module.
    static func input(_ shape: [Int]) -> Tensor {
        Tensor.empty(shape).uniform_(from: 0.1, to: 0.9, generator: Generator(seed: 5)).requiresGrad_()
    }

    static func target(_ shape: [Int]) -> Tensor { input(shape).detach() }
}

/// One call of each module of the library; a test compares the list with the sources.
enum EveryModule {
    /// Classes that only their subclasses can be made of, rules for parameters, and adapters, which are never called.
    static let bases: Set<String> = [
        "RecurrentLayer", "RecurrentCell", "BorderLayer", "ConvolutionLayer", "SpatialConvolution",
        "SpatialTransposedConvolution", "MaxPoolLayer", "AvgPoolLayer", "LPPoolLayer", "AdaptivePoolLayer",
        "AdaptiveAvgPoolLayer", "AdaptiveMaxPoolLayer",
        "MaxUnpoolLayer", "FractionalMaxPoolLayer", "Parametrization", "WeightNorm", "SpectralNorm",
        "ParametrizationList", "PrunedParameter", "LoRAAdapter", "LayerAdapters", "AdapterRegistry",
    ]

    static func calls() -> [ModuleCall] {
        activations() + convolutions() + pools() + borders() + normalisations() + reshaping() + sequences() + lookups()
            + pairs() + losses()
    }

    private static func activations() -> [ModuleCall] {
        [
            .layer(ReLU(), 2, 3), .layer(ReLU6(), 2, 3), .layer(LeakyReLU(), 2, 3), .layer(ELU(), 2, 3),
            .layer(CELU(), 2, 3), .layer(SELU(), 2, 3), .layer(GELU(), 2, 3), .layer(SiLU(), 2, 3),
            .layer(Mish(), 2, 3), .layer(Sigmoid(), 2, 3), .layer(LogSigmoid(), 2, 3), .layer(Tanh(), 2, 3),
            .layer(Softplus(), 2, 3), .layer(Softsign(), 2, 3), .layer(Hardtanh(), 2, 3), .layer(Hardswish(), 2, 3),
            .layer(Hardsigmoid(), 2, 3), .layer(Softmax(dim: 1), 2, 3), .layer(LogSoftmax(dim: 1), 2, 3),
            .layer(Identity(), 2, 3), .layer(PReLU(), 2, 3), .layer(RReLU(), 2, 3), .layer(GLU(), 2, 4),
            .layer(Hardshrink(), 2, 3), .layer(Softshrink(), 2, 3), .layer(Tanhshrink(), 2, 3),
            .layer(Threshold(0.5, 0.0), 2, 3), .layer(Softmin(dim: 1), 2, 3), .layer(Softmax2d(), 1, 2, 3, 3),
            .layer(Dropout(), 2, 3), .layer(DropoutLayer(), 2, 3), .layer(Dropout1d(), 1, 2, 3),
            .layer(Dropout2d(), 1, 2, 3, 3), .layer(Dropout3d(), 1, 2, 2, 2, 2), .layer(AlphaDropout(), 2, 3),
            .layer(FeatureAlphaDropout(), 1, 2, 3),
        ]
    }

    private static func convolutions() -> [ModuleCall] {
        [
            .layer(Linear(3, 2), 2, 3), .layer(MultiheadAttention(4, 2).outProj, 2, 4), .layer(LazyLinear(2), 2, 3),
            .layer(Orthogonal(.matrixExp), 3, 2),
            .layer(Conv1d(2, 3, kernelSize: 2), 1, 2, 4), .layer(Conv2d(2, 3, kernelSize: 2), 1, 2, 4, 4),
            .layer(Conv3d(2, 3, kernelSize: 2), 1, 2, 3, 3, 3),
            .layer(ConvTranspose1d(2, 3, kernelSize: 2), 1, 2, 4),
            .layer(ConvTranspose2d(2, 3, kernelSize: 2), 1, 2, 4, 4),
            .layer(ConvTranspose3d(2, 3, kernelSize: 2), 1, 2, 3, 3, 3),
            .layer(LazyConv1d(3, kernelSize: 2), 1, 2, 4), .layer(LazyConv2d(3, kernelSize: 2), 1, 2, 4, 4),
            .layer(LazyConv3d(3, kernelSize: 2), 1, 2, 3, 3, 3),
            .layer(LazyConvTranspose1d(3, kernelSize: 2), 1, 2, 4),
            .layer(LazyConvTranspose2d(3, kernelSize: 2), 1, 2, 4, 4),
            .layer(LazyConvTranspose3d(3, kernelSize: 2), 1, 2, 3, 3, 3),
        ]
    }

    private static func pools() -> [ModuleCall] {
        func unpooled(_ shape: Int...) -> (Tensor, Tensor) {
            (ModuleCall.input(shape), Tensor.zeros(shape, dtype: .int64))
        }
        let (unpool1, unpool2, unpool3) = (MaxUnpool1d(2), MaxUnpool2d(2), MaxUnpool3d(2))
        let (x1, i1) = unpooled(1, 2, 2)
        let (x2, i2) = unpooled(1, 2, 2, 2)
        let (x3, i3) = unpooled(1, 2, 2, 2, 2)
        let (max1, max2, max3) = (MaxPool1d(2), MaxPool2d(2), MaxPool3d(2))
        let (adaptive1, adaptive2, adaptive3) = (AdaptiveMaxPool1d(2), AdaptiveMaxPool2d(2), AdaptiveMaxPool3d(2))
        func two(_ pair: (values: Tensor, indices: Tensor)) -> [Tensor?] { [pair.values, pair.indices] }
        let (a1, a2, a3) = (
            ModuleCall.input([1, 2, 4]), ModuleCall.input([1, 2, 4, 4]), ModuleCall.input([1, 2, 4, 4, 4])
        )
        return [
            .layer(MaxPool1d(2), 1, 2, 4), .layer(MaxPool2d(2), 1, 2, 4, 4), .layer(MaxPool3d(2), 1, 2, 4, 4, 4),
            ModuleCall(max1) { two(max1.withIndices(a1)) }, ModuleCall(max2) { two(max2.withIndices(a2)) },
            ModuleCall(max3) { two(max3.withIndices(a3)) },
            .layer(AvgPool1d(2), 1, 2, 4), .layer(AvgPool2d(2), 1, 2, 4, 4), .layer(AvgPool3d(2), 1, 2, 4, 4, 4),
            .layer(LPPool1d(2, 2), 1, 2, 4), .layer(LPPool2d(2, 2), 1, 2, 4, 4),
            .layer(LPPool3d(2, 2), 1, 2, 4, 4, 4),
            .layer(FractionalMaxPool2d(2, outputSize: 2, generator: Generator(seed: 1)), 1, 2, 4, 4),
            .layer(FractionalMaxPool3d(2, outputSize: 2, generator: Generator(seed: 1)), 1, 2, 4, 4, 4),
            .layer(AdaptiveAvgPool1d(2), 1, 2, 4), .layer(AdaptiveAvgPool2d(2), 1, 2, 4, 4),
            .layer(AdaptiveAvgPool3d(2), 1, 2, 4, 4, 4), .layer(AdaptiveMaxPool1d(2), 1, 2, 4),
            .layer(AdaptiveMaxPool2d(2), 1, 2, 4, 4), .layer(AdaptiveMaxPool3d(2), 1, 2, 4, 4, 4),
            ModuleCall(adaptive1) { two(adaptive1.withIndices(a1)) },
            ModuleCall(adaptive2) { two(adaptive2.withIndices(a2)) },
            ModuleCall(adaptive3) { two(adaptive3.withIndices(a3)) },
            ModuleCall(unpool1) { [unpool1(x1, i1)] }, ModuleCall(unpool2) { [unpool2(x2, i2)] },
            ModuleCall(unpool3) { [unpool3(x3, i3)] },
        ]
    }

    private static func borders() -> [ModuleCall] {
        [
            .layer(ReflectionPad1d(1), 1, 2, 4), .layer(ReflectionPad2d(1), 1, 2, 4, 4),
            .layer(ReflectionPad3d(1), 1, 2, 4, 4, 4), .layer(ReplicationPad1d(1), 1, 2, 4),
            .layer(ReplicationPad2d(1), 1, 2, 4, 4), .layer(ReplicationPad3d(1), 1, 2, 4, 4, 4),
            .layer(CircularPad1d(1), 1, 2, 4), .layer(CircularPad2d(1), 1, 2, 4, 4),
            .layer(CircularPad3d(1), 1, 2, 4, 4, 4), .layer(ZeroPad1d(1), 1, 2, 4), .layer(ZeroPad2d(1), 1, 2, 4, 4),
            .layer(ZeroPad3d(1), 1, 2, 4, 4, 4), .layer(ConstantPad1d(1, 2), 1, 2, 4),
            .layer(ConstantPad2d(1, 2), 1, 2, 4, 4), .layer(ConstantPad3d(1, 2), 1, 2, 4, 4, 4),
        ]
    }

    private static func normalisations() -> [ModuleCall] {
        [
            .layer(BatchNorm(2), 3, 2), .layer(BatchNorm1d(2), 3, 2), .layer(BatchNorm2d(2), 2, 2, 3, 3),
            .layer(BatchNorm3d(2), 2, 2, 2, 2, 2), .layer(InstanceNorm(2), 1, 2, 4),
            .layer(InstanceNorm1d(2), 1, 2, 4), .layer(InstanceNorm2d(2), 1, 2, 3, 3),
            .layer(InstanceNorm3d(2), 1, 2, 2, 2, 2), .layer(LayerNorm(3), 2, 3), .layer(GroupNorm(2, 4), 1, 4, 3),
            .layer(RMSNorm(3), 2, 3), .layer(LocalResponseNorm(2), 1, 4, 3), .layer(CrossMapLRN2d(3), 1, 4, 3, 3),
            .layer(LazyBatchNorm1d(), 3, 2), .layer(LazyBatchNorm2d(), 2, 2, 3, 3),
            .layer(LazyBatchNorm3d(), 2, 2, 2, 2, 2), .layer(LazyInstanceNorm1d(), 1, 2, 4),
            .layer(LazyInstanceNorm2d(), 1, 2, 3, 3), .layer(LazyInstanceNorm3d(), 1, 2, 2, 2, 2),
        ]
    }

    private static func reshaping() -> [ModuleCall] {
        [
            .layer(Flatten(), 2, 3, 2), .layer(Unflatten(1, [2, 2]), 2, 4), .layer(PixelShuffle(2), 1, 4, 2, 2),
            .layer(PixelUnshuffle(2), 1, 1, 4, 4), .layer(ChannelShuffle(2), 1, 4, 2, 2),
            .layer(Unfold(2), 1, 2, 3, 3), .layer(Fold([3, 3], 2), 1, 8, 4),
            .layer(Upsample(scaleFactor: [2]), 1, 2, 3), .layer(UpsamplingNearest2d(scaleFactor: [2]), 1, 2, 3, 3),
            .layer(UpsamplingBilinear2d(scaleFactor: [2]), 1, 2, 3, 3), .layer(Sequential(ReLU(), Linear(3, 2)), 2, 3),
        ]
    }

    private static func sequences() -> [ModuleCall] {
        let (rnn, gru, lstm) = (RNN(3, 4), GRU(3, 4), LSTM(3, 4))
        let (rnnCell, gruCell, lstmCell) = (RNNCell(3, 4), GRUCell(3, 4), LSTMCell(3, 4))
        let attention = MultiheadAttention(4, 2)
        let encoderLayer = TransformerEncoderLayer(4, 2, dimFeedforward: 5)
        let decoderLayer = TransformerDecoderLayer(4, 2, dimFeedforward: 5)
        let encoder = TransformerEncoder(encoderLayer, numLayers: 1)
        let decoder = TransformerDecoder(decoderLayer, numLayers: 1)
        let transformer = Transformer(
            dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 5)
        let (x, y) = (ModuleCall.input([5, 2, 3]), ModuleCall.input([5, 2, 4]))
        let packed = packPaddedSequence(x.detach(), lengths: [5, 2])
        packed.data.requiresGrad_()
        let mask = Transformer.generateSquareSubsequentMask(5)
        return [
            ModuleCall(rnn) {
                let result = rnn(x)
                return [result.output, result.hidden]
            },
            ModuleCall(gru) {
                let result = gru(packed)
                return [result.output.data, result.hidden]
            },
            ModuleCall(lstm) {
                let result = lstm(x)
                return [result.output, result.state.h, result.state.c]
            },
            ModuleCall(lstm) {
                let result = lstm(packed)
                return [result.output.data, result.state.h, result.state.c]
            },
            ModuleCall(rnnCell) { [rnnCell(x[0])] }, ModuleCall(gruCell) { [gruCell(x[0])] },
            ModuleCall(lstmCell) {
                let state = lstmCell(x[0])
                return [state.h, state.c]
            },
            ModuleCall(attention) {
                let result = attention(y, y, y)
                return [result.output, result.weights]
            },
            .layer(encoderLayer, 5, 2, 4), ModuleCall(encoderLayer) { [encoderLayer(y, srcMask: mask)] },
            .layer(encoder, 5, 2, 4), ModuleCall(encoder) { [encoder(y, mask: mask)] },
            ModuleCall(decoderLayer) { [decoderLayer(y, y, tgtMask: mask)] },
            ModuleCall(decoder) { [decoder(y, y)] }, ModuleCall(transformer) { [transformer(y, y, tgtMask: mask)] },
        ]
    }

    private static func lookups() -> [ModuleCall] {
        let (table, bag) = (Embedding(5, 3), EmbeddingBag(5, 3))
        let indices = Tensor([[0, 1], [4, 2]])
        return [
            ModuleCall(table) { [table(indices)] }, ModuleCall(bag) { [bag(indices)] },
            ModuleCall(bag) { [bag(Tensor([0, 1, 4]), Tensor([0, 2]))] },
        ]
    }

    private static func pairs() -> [ModuleCall] {
        [.pair(CosineSimilarity()), .pair(PairwiseDistance()), .pair(Bilinear(3, 3, 2))]
    }

    private static func losses() -> [ModuleCall] {
        let labels = Tensor([0, 2])
        let signs = Tensor([[1.0, -1, 1], [-1, 1, 1]])
        let ctc = CTCLoss()
        let logProbs = ModuleCall.target([4, 1, 3]).logSoftmax(dim: 2).requiresGrad_()
        let adaptive = AdaptiveLogSoftmaxWithLoss(3, 6, cutoffs: [2], divValue: 1)
        let input = ModuleCall.input([2, 3])
        return [
            .loss(CrossEntropyLoss(), input, labels), .loss(NLLLoss(), input, labels), .loss(MSELoss()),
            .loss(L1Loss()), .loss(SmoothL1Loss()), .loss(HuberLoss()), .loss(BCELoss()), .loss(BCEWithLogitsLoss()),
            .loss(KLDivLoss()), .loss(MultiMarginLoss(), input, labels), .loss(MultiLabelSoftMarginLoss()),
            .loss(SoftMarginLoss(), input, signs), .loss(HingeEmbeddingLoss(), input, signs),
            .loss(MultiLabelMarginLoss(), input, Tensor([[0, -1, -1], [2, 1, -1]])), .loss(PoissonNLLLoss()),
            .loss(LinearCrossEntropyLoss(3, 4), input, labels),
            .triple(MarginRankingLoss(), signs), .triple(CosineEmbeddingLoss(), Tensor([1.0, -1])),
            .triple(GaussianNLLLoss()), .triple(TripletMarginLoss()), .triple(TripletMarginWithDistanceLoss()),
            ModuleCall(ctc) { [ctc(logProbs, Tensor([[1, 2]]), [4], [2])] },
            ModuleCall(ctc) { [ctc(logProbs, Tensor([[1, 2]]), Tensor([4]), Tensor([2]))] },
            ModuleCall(adaptive) {
                let result = adaptive(input, Tensor([1, 5]))
                return [result.output, result.loss]
            },
        ]
    }
}
