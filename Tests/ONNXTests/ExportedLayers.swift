import TestSupport
import Torchlight
@testable import TorchlightONNX

/// The layers of the library in evaluation mode.
enum ExportedLayers {
    static let all =
        activations + convolutions + pools + borders + normalisations + reshaping + sequences + pairs + losses

    private static let activations: [NamedCase] = [
        .layer("ReLU", [3]) { ReLU() }, .layer("ReLU6", [3]) { ReLU6() }, .layer("LeakyReLU", [3]) { LeakyReLU() },
        .layer("ELU", [3]) { ELU() }, .layer("CELU", [3]) { CELU() }, .layer("SELU", [3]) { SELU() },
        .layer("GELU", [3]) { GELU() }, .layer("GELUTanh", [3]) { GELU(approximate: .tanh) },
        .layer("GELU13", [3], opset: 13) { GELU() }, .layer("SiLU", [3]) { SiLU() }, .layer("Mish", [3]) { Mish() },
        .layer("Mish13", [3], opset: 13) { Mish() }, .layer("Sigmoid", [3]) { Sigmoid() },
        .layer("LogSigmoid", [3]) { LogSigmoid() }, .layer("Tanh", [3]) { Tanh() },
        .layer("Softplus", [3]) { Softplus() }, .layer("Softsign", [3]) { Softsign() },
        .layer("Hardtanh", [3]) { Hardtanh() }, .layer("Hardswish", [3]) { Hardswish() },
        .layer("Hardsigmoid", [3]) { Hardsigmoid() }, .layer("Softmax", [3]) { Softmax(dim: 1) },
        .layer("LogSoftmax", [3]) { LogSoftmax(dim: 1) }, .layer("Identity", [3]) { Identity() },
        .layer("PReLU", [3]) { PReLU() }, .layer("RReLU", [3]) { RReLU() }, .layer("GLU", [4]) { GLU() },
        .layer("Hardshrink", [3]) { Hardshrink() }, .layer("Softshrink", [3]) { Softshrink() },
        .layer("Tanhshrink", [3]) { Tanhshrink() }, .layer("Threshold", [3]) { Threshold(0.5, 0.0) },
        .layer("Softmin", [3]) { Softmin(dim: 1) }, .layer("Softmax2d", [2, 3, 3]) { Softmax2d() },
        .layer("Dropout", [3]) { Dropout() }, .layer("DropoutLayer", [3]) { DropoutLayer() },
        .layer("Dropout1d", [2, 3]) { Dropout1d() }, .layer("Dropout2d", [2, 3, 3]) { Dropout2d() },
        .layer("Dropout3d", [2, 2, 2, 2]) { Dropout3d() }, .layer("AlphaDropout", [3]) { AlphaDropout() },
        .layer("FeatureAlphaDropout", [2, 3]) { FeatureAlphaDropout() },
    ]

    private static let convolutions: [NamedCase] = [
        .layer("Linear", [3]) { Linear(3, 2) }, .layer("LinearOfSequences", [4, 3]) { Linear(3, 2) },
        .layer("LinearWithoutBias", [4, 3]) { Linear(3, 2, bias: false) }, .layer("LazyLinear", [3]) { LazyLinear(2) },
        .layer("Conv1d", [2, 6]) { Conv1d(2, 3, kernelSize: 2) },
        .layer("Conv2d", [2, 6, 6]) { Conv2d(2, 4, kernelSize: 3, stride: 2, padding: 1, dilation: 2, groups: 2) },
        .layer("Conv2dSame", [2, 5, 6]) { Conv2d(2, 4, kernelSize: 3, padding: .same) },
        .layer("Conv2dReflect", [2, 5, 6]) { Conv2d(2, 4, kernelSize: 3, padding: 1, paddingMode: .reflect) },
        .layer("Conv3d", [2, 3, 4, 3]) { Conv3d(2, 3, kernelSize: 2) },
        .layer("ConvTranspose1d", [2, 4]) { ConvTranspose1d(2, 3, kernelSize: 2) },
        .layer("ConvTranspose2d", [2, 4, 4]) {
            ConvTranspose2d(2, 4, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2)
        },
        .layer("ConvTranspose3d", [2, 3, 3, 3]) { ConvTranspose3d(2, 3, kernelSize: 2) },
        .layer("LazyConv1d", [2, 4]) { LazyConv1d(3, kernelSize: 2) },
        .layer("LazyConv2d", [2, 4, 4]) { LazyConv2d(3, kernelSize: 2) },
        .layer("LazyConv3d", [2, 3, 3, 3]) { LazyConv3d(3, kernelSize: 2) },
        .layer("LazyConvTranspose1d", [2, 4]) { LazyConvTranspose1d(3, kernelSize: 2) },
        .layer("LazyConvTranspose2d", [2, 4, 4]) { LazyConvTranspose2d(3, kernelSize: 2) },
        .layer("LazyConvTranspose3d", [2, 3, 3, 3]) { LazyConvTranspose3d(3, kernelSize: 2) },
    ]

    private static let pools: [NamedCase] = [
        .layer("MaxPool1d", [2, 6]) { MaxPool1d(2) },
        .layer("MaxPool2d", [2, 7, 7]) { MaxPool2d(3, stride: 2, padding: 1, ceilMode: true) },
        .layer("MaxPool3d", [2, 4, 4, 4]) { MaxPool3d(2) }, .layer("AvgPool1d", [2, 6]) { AvgPool1d(2) },
        .layer("AvgPool2d", [2, 6, 6]) { AvgPool2d(3, stride: 2, padding: 1) },
        .layer("AvgPool2dCeil", [2, 6, 7]) { AvgPool2d(3, stride: 2, padding: 1, ceilMode: true) },
        .layer("AvgPool2dExclude", [2, 6, 6]) { AvgPool2d(3, stride: 2, padding: 1, countIncludePad: false) },
        .layer("AvgPool2dCeilExclude", [2, 6, 7]) {
            AvgPool2d(3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false)
        },
        .layer("AvgPool3d", [2, 4, 4, 4]) { AvgPool3d(2) }, .layer("LPPool1d", [2, 4]) { LPPool1d(2, 2) },
        .layer("LPPool2d", [2, 4, 4]) { LPPool2d(2, 2) }, .layer("LPPool3d", [2, 4, 4, 4]) { LPPool3d(2, 2) },
        .layer("AdaptiveAvgPool1d", [2, 7]) { AdaptiveAvgPool1d(3) },
        .layer("AdaptiveAvgPool2d", [2, 6, 6]) { AdaptiveAvgPool2d(2) },
        .layer("AdaptiveAvgPool2dUneven", [2, 5, 7]) { AdaptiveAvgPool2d([3, 2]) },
        .layer("AdaptiveAvgPool2dOne", [2, 5, 7]) { AdaptiveAvgPool2d(1) },
        .layer("AdaptiveAvgPool3d", [2, 4, 4, 4]) { AdaptiveAvgPool3d(2) },
        .layer("AdaptiveMaxPool1d", [2, 7]) { AdaptiveMaxPool1d(3) },
        .layer("AdaptiveMaxPool2d", [2, 6, 6]) { AdaptiveMaxPool2d(2) },
        .layer("AdaptiveMaxPool3d", [2, 4, 5, 4]) { AdaptiveMaxPool3d(2) },
        NamedCase("MaxPool2dIndices") {
            let pool = MaxPool2d(2)
            return ExportCase(
                pool, inputs: { [ExportCase.numbers([$0[0], 2, 4, 4])] },
                run: {
                    let result = pool.withIndices($0[0])
                    return [result.values, result.indices]
                })
        },
        NamedCase("MaxUnpool2d") {
            let (pool, unpool) = (MaxPool2d(2), MaxUnpool2d(2))
            return ExportCase(
                unpool, inputs: { [ExportCase.numbers([$0[0], 2, 4, 4])] },
                run: {
                    let result = pool.withIndices($0[0])
                    return [unpool(result.values, result.indices)]
                })
        },
    ]

    private static let borders: [NamedCase] = [
        .layer("ReflectionPad1d", [2, 4]) { ReflectionPad1d(1) },
        .layer("ReflectionPad2d", [2, 4, 4]) { ReflectionPad2d(1) },
        .layer("ReflectionPad3d", [2, 4, 4, 4]) { ReflectionPad3d(1) },
        .layer("ReplicationPad1d", [2, 4]) { ReplicationPad1d(1) },
        .layer("ReplicationPad2d", [2, 4, 4]) { ReplicationPad2d(1) },
        .layer("ReplicationPad3d", [2, 4, 4, 4]) { ReplicationPad3d(1) },
        .layer("CircularPad1d", [2, 4]) { CircularPad1d(1) }, .layer("CircularPad2d", [2, 4, 4]) { CircularPad2d(1) },
        .layer("CircularPad3d", [2, 4, 4, 4]) { CircularPad3d(1) }, .layer("ZeroPad1d", [2, 4]) { ZeroPad1d(1) },
        .layer("ZeroPad2d", [2, 4, 4]) { ZeroPad2d(1) }, .layer("ZeroPad3d", [2, 4, 4, 4]) { ZeroPad3d(1) },
        .layer("ConstantPad1d", [2, 4]) { ConstantPad1d(1, 2) },
        .layer("ConstantPad2d", [2, 4, 4]) { ConstantPad2d(1, 2) },
        .layer("ConstantPad3d", [2, 4, 4, 4]) { ConstantPad3d(1, 2) },
    ]

    private static let normalisations: [NamedCase] = [
        .layer("BatchNorm1d", [2]) { BatchNorm1d(2) }, .layer("BatchNorm2d", [2, 3, 3]) { BatchNorm2d(2) },
        .layer("BatchNorm2dPlain", [2, 3, 3]) { BatchNorm2d(2, affine: false) },
        .layer("BatchNorm3d", [2, 2, 2, 2]) { BatchNorm3d(2) }, .layer("InstanceNorm1d", [2, 4]) { InstanceNorm1d(2) },
        .layer("InstanceNorm2d", [2, 3, 3]) { InstanceNorm2d(2, affine: true) },
        .layer("InstanceNorm3d", [2, 2, 2, 2]) { InstanceNorm3d(2) },
        .layer("InstanceNormTracked", [2, 3, 3]) { InstanceNorm2d(2, affine: true, trackRunningStats: true) },
        .layer("LayerNorm", [4, 3]) { LayerNorm(3) },
        .layer("LayerNorm13", [4, 3], opset: 13) { LayerNorm(3) },
        .layer("LayerNormOfTwo", [4, 3]) { LayerNorm([4, 3]) }, .layer("GroupNorm", [4, 3]) { GroupNorm(2, 4) },
        .layer("RMSNorm", [3]) { RMSNorm(3) }, .layer("LocalResponseNorm", [4, 3]) { LocalResponseNorm(2) },
        .layer("CrossMapLRN2d", [4, 3, 3]) { CrossMapLRN2d(3) }, .layer("LazyBatchNorm1d", [2]) { LazyBatchNorm1d() },
        .layer("LazyBatchNorm2d", [2, 3, 3]) { LazyBatchNorm2d() },
        .layer("LazyBatchNorm3d", [2, 2, 2, 2]) { LazyBatchNorm3d() },
        .layer("LazyInstanceNorm1d", [2, 4]) { LazyInstanceNorm1d() },
        .layer("LazyInstanceNorm2d", [2, 3, 3]) { LazyInstanceNorm2d() },
        .layer("LazyInstanceNorm3d", [2, 2, 2, 2]) { LazyInstanceNorm3d() },
    ]

    private static let reshaping: [NamedCase] = [
        .layer("Flatten", [3, 2]) { Flatten() }, .layer("Unflatten", [4]) { Unflatten(1, [2, 2]) },
        .layer("PixelShuffle", [4, 2, 2]) { PixelShuffle(2) },
        .layer("PixelUnshuffle", [1, 4, 4]) { PixelUnshuffle(2) },
        .layer("ChannelShuffle", [4, 2, 2]) { ChannelShuffle(2) },
        .layer("Unfold", [2, 5, 4]) { Unfold(2, dilation: 2, padding: 1, stride: 2) },
        .layer("Fold", [8, 4]) { Fold([3, 3], 2) },
        .layer("UpsampleNearest", [2, 3]) { Upsample(scaleFactor: [2]) },
        .layer("UpsamplingNearest2d", [2, 3, 3]) { UpsamplingNearest2d(scaleFactor: [2]) },
        .layer("UpsamplingBilinear2d", [2, 3, 3]) { UpsamplingBilinear2d(scaleFactor: [2]) },
        .layer("UpsampleBicubic", [2, 4, 3]) { Upsample(size: [7, 5], mode: .bicubic) },
        .layer("UpsampleBilinear", [2, 4, 3]) { Upsample(size: [7, 2], mode: .bilinear) },
        .layer("Sequential", [3]) { Sequential(ReLU(), Linear(3, 2)) },
        NamedCase("Embedding") {
            let table = Embedding(5, 3)
            return ExportCase(
                table, dynamic: ["batch", "sequence"], [2, 3], [4, 5],
                inputs: { [ExportCase.tokens([$0[0], $0[1]], below: 5)] }, run: { [table($0[0])] })
        },
        NamedCase("EmbeddingBag") {
            let bag = EmbeddingBag(5, 3)
            return ExportCase(
                bag, inputs: { [ExportCase.tokens([$0[0], 3], below: 5)] }, run: { [bag($0[0])] })
        },
    ]

    /// A layer on sequences `[length, batch, width]`, or `[batch, length, width]`.
    private static func sequence(
        _ name: String, _ width: Int, batchFirst: Bool = false, opset: Int = 20,
        _ make: @escaping @Sendable () -> (Module, ([Tensor]) -> [Tensor])
    ) -> NamedCase {
        NamedCase(name) {
            let (model, run) = make()
            let names: DynamicDimensions = batchFirst ? ["batch", "length"] : ["length", "batch"]
            return ExportCase(
                model, dynamic: names, opset: opset, [5, 2], [7, 3],
                inputs: { [ExportCase.numbers([$0[0], $0[1], width])] }, run: run)
        }
    }

    private static let sequences: [NamedCase] = [
        sequence("RNN", 3) {
            let rnn = RNN(3, 4, numLayers: 2)
            return (rnn, { [rnn($0[0]).output, rnn($0[0]).hidden] })
        },
        sequence("GRU", 3) {
            let gru = GRU(3, 4, bidirectional: true)
            return (gru, { [gru($0[0]).output, gru($0[0]).hidden] })
        },
        sequence("LSTM", 3) {
            let lstm = LSTM(3, 4, numLayers: 2, bidirectional: true)
            return (
                lstm,
                {
                    let result = lstm($0[0])
                    return [result.output, result.state.h, result.state.c]
                }
            )
        },
        sequence("LSTMBatchFirst", 3, batchFirst: true) {
            let lstm = LSTM(3, 4, batchFirst: true)
            return (lstm, { [lstm($0[0]).output] })
        },
        sequence("LSTMWithoutBias", 3) {
            let lstm = LSTM(3, 4, bias: false)
            return (lstm, { [lstm($0[0]).output] })
        },
        sequence("LSTMProjection", 3) {
            let lstm = LSTM(3, 4, projSize: 2)
            return (
                lstm,
                {
                    let result = lstm($0[0])
                    return [result.output, result.state.h, result.state.c]
                }
            )
        },
        sequence("LSTMProjectionBatchFirst", 3, batchFirst: true) {
            let lstm = LSTM(3, 4, batchFirst: true, bidirectional: true, projSize: 2)
            return (lstm, { [lstm($0[0]).output] })
        },
        NamedCase.layer("RNNCell", [3]) { CellLayer(RNNCell(3, 4)) },
        NamedCase("GRUCell") {
            let cell = GRUCell(3, 4)
            return ExportCase(cell, inputs: { [ExportCase.numbers([$0[0], 3])] }, run: { [cell($0[0])] })
        },
        NamedCase("LSTMCell") {
            let cell = LSTMCell(3, 4)
            return ExportCase(
                cell, inputs: { [ExportCase.numbers([$0[0], 3])] },
                run: {
                    let state = cell($0[0])
                    return [state.h, state.c]
                })
        },
        sequence("MultiheadAttention", 4) {
            let attention = MultiheadAttention(4, 2)
            return (
                attention,
                {
                    let result = attention($0[0], $0[0], $0[0])
                    return [result.output, result.weights!]
                }
            )
        },
        sequence("TransformerEncoder", 4) {
            let layer = TransformerEncoderLayer(4, 2, dimFeedforward: 5)
            let encoder = TransformerEncoder(layer, numLayers: 2)
            return (encoder, { [encoder($0[0])] })
        },
        sequence("TransformerEncoder23", 4, batchFirst: true, opset: 23) {
            let encoder = TransformerEncoderLayer(4, 2, dimFeedforward: 5, batchFirst: true)
            return (encoder, { [encoder($0[0])] })
        },
        sequence("TransformerEncoderMask", 4) {
            let encoder = TransformerEncoderLayer(4, 2, dimFeedforward: 5)
            return (encoder, { [encoder($0[0], srcMask: Transformer.generateSquareSubsequentMask($0[0].size(0)))] })
        },
        sequence("Transformer", 4) {
            let transformer = Transformer(
                dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 5)
            return (transformer, { [transformer($0[0], $0[0])] })
        },
    ]

    private static func pair(
        _ name: String, _ make: @escaping @Sendable () -> (Module, (Tensor, Tensor) -> Tensor)
    ) -> NamedCase {
        NamedCase(name) {
            let (model, run) = make()
            return ExportCase(
                model, inputs: { [ExportCase.numbers([$0[0], 3]), ExportCase.numbers([$0[0], 3]).flip([1])] },
                run: { [run($0[0], $0[1])] })
        }
    }

    private static let pairs: [NamedCase] = [
        pair("CosineSimilarity") {
            let layer = CosineSimilarity()
            return (layer, { layer($0, $1) })
        },
        pair("PairwiseDistance") {
            let layer = PairwiseDistance()
            return (layer, { layer($0, $1) })
        },
        pair("Bilinear") {
            let layer = Bilinear(3, 3, 2)
            return (layer, { layer($0, $1) })
        },
    ]

    private static func loss(_ name: String, _ make: @escaping @Sendable () -> any Loss) -> NamedCase {
        pair(name) {
            let loss = make()
            return (loss, { loss($0, $1) })
        }
    }

    private static func classLoss(_ name: String, _ make: @escaping @Sendable () -> any Loss) -> NamedCase {
        NamedCase(name) {
            let loss = make()
            return ExportCase(
                loss, inputs: { [ExportCase.numbers([$0[0], 3]), ExportCase.tokens([$0[0]], below: 3)] },
                run: { [loss($0[0], $0[1])] })
        }
    }

    private static let losses: [NamedCase] = [
        classLoss("CrossEntropyLoss") { CrossEntropyLoss() },
        classLoss("CrossEntropyLossSmoothed") {
            CrossEntropyLoss(weight: Tensor([1.0, 2, 3]), ignoreIndex: 1, labelSmoothing: 0.1)
        },
        classLoss("NLLLoss") { NLLLoss() }, classLoss("MultiMarginLoss") { MultiMarginLoss() },
        loss("MSELoss") { MSELoss() }, loss("L1Loss") { L1Loss() }, loss("SmoothL1Loss") { SmoothL1Loss() },
        loss("HuberLoss") { HuberLoss() }, loss("BCELoss") { BCELoss() },
        loss("BCEWithLogitsLoss") { BCEWithLogitsLoss() }, loss("KLDivLoss") { KLDivLoss() },
        loss("MultiLabelSoftMarginLoss") { MultiLabelSoftMarginLoss() }, loss("SoftMarginLoss") { SoftMarginLoss() },
        loss("HingeEmbeddingLoss") { HingeEmbeddingLoss() }, loss("PoissonNLLLoss") { PoissonNLLLoss() },
    ]
}

/// A recurrent cell as a layer.
private final class CellLayer: Module, Layer {
    let cell: RNNCell

    init(_ cell: RNNCell) {
        self.cell = cell
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { cell(x) }
}
