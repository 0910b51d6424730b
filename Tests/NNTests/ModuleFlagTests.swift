import TestSupport
import Testing
import Torchlight
import TorchlightNN

/// Every flag of a module has its effect: nothing is accepted and then ignored.
@Suite struct ModuleFlagTests {
    private typealias Call = (Bool) -> [Tensor?]

    private static func g() -> Generator { Generator(seed: 7) }
    private static func x(_ shape: Int...) -> Tensor { Tensor.randn(shape, generator: Generator(seed: 3)) }

    /// The gradient of a weight too, for flags that only change it.
    private static func withGradient(_ output: Tensor, _ module: Module) -> [Tensor?] {
        output.sum().backward()
        return [output] + module.parameters().map(\.grad)
    }

    /// What a module keeps after a call in training.
    private static func withState(_ output: Tensor, _ module: Module) -> [Tensor?] {
        [output] + module.namedState().map(\.tensor)
    }

    private static func shaken<M: Module>(_ module: M) -> M {
        // Biases and scales start at 0 and 1, where they would have no effect.
        noGrad { for p in module.parameters() { p.add_(Tensor.randn(p.shape, generator: g()) * 0.3) } }
        return module
    }

    private static func layer<L: Layer>(_ module: L, _ x: Tensor) -> [Tensor?] { [shaken(module)(x)] }

    private static var flags: [(String, Call)] {
        layers + norms + recurrent + attention + losses
    }

    private static var layers: [(String, Call)] {
        let (x1, x2, x3) = (x(2, 4, 7), x(2, 4, 7, 7), x(1, 4, 5, 5, 5))
        let indices = Tensor([[0, 1, 1], [4, 2, 2]])
        return [
            ("Linear.bias", { layer(Linear(7, 3, bias: $0, generator: g()), x1) }),
            ("Conv1d.bias", { layer(Conv1d(4, 2, kernelSize: 2, bias: $0, generator: g()), x1) }),
            ("Conv2d.bias", { layer(Conv2d(4, 2, kernelSize: 2, bias: $0, generator: g()), x2) }),
            ("Conv3d.bias", { layer(Conv3d(4, 2, kernelSize: 2, bias: $0, generator: g()), x3) }),
            ("ConvTranspose1d.bias", { layer(ConvTranspose1d(4, 2, kernelSize: 2, bias: $0, generator: g()), x1) }),
            ("ConvTranspose2d.bias", { layer(ConvTranspose2d(4, 2, kernelSize: 2, bias: $0, generator: g()), x2) }),
            ("ConvTranspose3d.bias", { layer(ConvTranspose3d(4, 2, kernelSize: 2, bias: $0, generator: g()), x3) }),
            ("Bilinear.bias", { [shaken(Bilinear(7, 7, 2, bias: $0, generator: g()))(x1, x1)] }),
            ("MaxPool1d.ceilMode", { layer(MaxPool1d(2, ceilMode: $0), x1) }),
            ("MaxPool2d.ceilMode", { layer(MaxPool2d(2, ceilMode: $0), x2) }),
            ("MaxPool3d.ceilMode", { layer(MaxPool3d(2, ceilMode: $0), x3) }),
            ("AvgPool1d.ceilMode", { layer(AvgPool1d(2, ceilMode: $0), x1) }),
            ("AvgPool2d.ceilMode", { layer(AvgPool2d(2, ceilMode: $0), x2) }),
            ("AvgPool3d.ceilMode", { layer(AvgPool3d(2, ceilMode: $0), x3) }),
            ("AvgPool1d.countIncludePad", { layer(AvgPool1d(2, padding: 1, countIncludePad: $0), x1) }),
            ("AvgPool2d.countIncludePad", { layer(AvgPool2d(2, padding: 1, countIncludePad: $0), x2) }),
            ("AvgPool3d.countIncludePad", { layer(AvgPool3d(2, padding: 1, countIncludePad: $0), x3) }),
            ("LPPool1d.ceilMode", { layer(LPPool1d(3, 2, ceilMode: $0), x1.abs()) }),
            ("LPPool2d.ceilMode", { layer(LPPool2d(3, 2, ceilMode: $0), x2.abs()) }),
            ("LPPool3d.ceilMode", { layer(LPPool3d(3, 2, ceilMode: $0), x3.abs()) }),
            ("Upsample.alignCorners", { layer(Upsample(scaleFactor: [2], mode: .linear, alignCorners: $0), x1) }),
            ("PairwiseDistance.keepdim", { [PairwiseDistance(keepdim: $0)(x(2, 3), x(2, 3) + 1)] }),
            (
                "Embedding.scaleGradByFreq",
                {
                    let table = Embedding(5, 3, scaleGradByFreq: $0, generator: g())
                    return withGradient(table(indices), table)
                }
            ),
            (
                "EmbeddingBag.scaleGradByFreq",
                {
                    let bag = EmbeddingBag(5, 3, scaleGradByFreq: $0, mode: .sum, generator: g())
                    return withGradient(bag(indices), bag)
                }
            ),
            (
                "EmbeddingBag.includeLastOffset",
                { [EmbeddingBag(5, 3, includeLastOffset: $0, generator: g())(Tensor([0, 1, 2]), Tensor([0, 1, 3]))] }
            ),
        ]
    }

    private static var norms: [(String, Call)] {
        let (x1, x2, x3) = (x(3, 4, 7) + 1, x(2, 4, 5, 5) + 1, x(2, 4, 3, 3, 3) + 1)
        var flags: [(String, Call)] = [
            ("LayerNorm.elementwiseAffine", { layer(LayerNorm(7, elementwiseAffine: $0), x1) }),
            ("LayerNorm.bias", { layer(LayerNorm(7, bias: $0), x1) }),
            ("RMSNorm.elementwiseAffine", { layer(RMSNorm(7, elementwiseAffine: $0), x1) }),
            ("GroupNorm.affine", { layer(GroupNorm(2, 4, affine: $0), x1) }),
            ("GroupNorm.bias", { layer(GroupNorm(2, 4, bias: $0), x1) }),
        ]
        func batch(_ name: String, _ x: Tensor, _ make: @escaping (Bool, Bool, Bool) -> TorchlightNN.BatchNorm) {
            flags.append(("\(name).affine", { layer(make($0, true, true), x) }))
            flags.append(("\(name).bias", { layer(make(true, $0, true), x) }))
            flags.append(
                (
                    "\(name).trackRunningStats",
                    {
                        let norm = make(true, true, $0)
                        return [norm.eval()(x)]
                    }
                ))
            flags.append(
                (
                    "\(name) in training and evaluation",
                    {
                        let norm = make(true, true, true)
                        return withState(norm.train($0)(x), norm)
                    }
                ))
        }
        func instance(_ name: String, _ x: Tensor, _ make: @escaping (Bool, Bool, Bool) -> InstanceNorm) {
            flags.append(("\(name).affine", { layer(make($0, true, false), x) }))
            flags.append(("\(name).bias", { layer(make(true, $0, false), x) }))
            flags.append(
                (
                    "\(name).trackRunningStats",
                    {
                        let norm = make(false, true, $0)
                        return [norm.eval()(x)]
                    }
                ))
        }
        batch("BatchNorm1d", x1) { BatchNorm1d(4, affine: $0, bias: $1, trackRunningStats: $2) }
        batch("BatchNorm2d", x2) { BatchNorm2d(4, affine: $0, bias: $1, trackRunningStats: $2) }
        batch("BatchNorm3d", x3) { BatchNorm3d(4, affine: $0, bias: $1, trackRunningStats: $2) }
        instance("InstanceNorm1d", x1) { InstanceNorm1d(4, affine: $0, bias: $1, trackRunningStats: $2) }
        instance("InstanceNorm2d", x2) { InstanceNorm2d(4, affine: $0, bias: $1, trackRunningStats: $2) }
        instance("InstanceNorm3d", x3) { InstanceNorm3d(4, affine: $0, bias: $1, trackRunningStats: $2) }
        let dropouts: [(any Layer, Tensor)] = [
            (Dropout(), x1), (Dropout1d(), x1), (Dropout2d(), x2), (Dropout3d(), x3), (AlphaDropout(), x1),
            (FeatureAlphaDropout(), x1), (RReLU(), x1), (TransformerEncoderLayer(7, 1, dimFeedforward: 4), x1),
            (Sequential(Linear(7, 7), Sequential(Dropout())), x1),
        ]
        for (module, x) in dropouts {
            // In evaluation two calls agree and nothing is drawn; in training they differ.
            flags.append(
                (
                    "\(type(of: module)) in training and evaluation",
                    { isTraining in
                        module.train(isTraining)
                        return [module(x).ne(module(x)).any()]
                    }
                ))
        }
        return flags
    }

    private static var recurrent: [(String, Call)] {
        let input = x(3, 3, 4)
        let cell = x(2, 4)
        func result(_ layer: RNN) -> [Tensor?] { [shaken(layer)(input).output] }
        func result(_ layer: GRU) -> [Tensor?] { [shaken(layer)(input).output] }
        func result(_ layer: LSTM) -> [Tensor?] { [shaken(layer)(input).output] }
        return [
            ("RNN.bias", { result(RNN(4, 3, bias: $0, generator: g())) }),
            ("RNN.batchFirst", { result(RNN(4, 3, batchFirst: $0, generator: g())) }),
            ("RNN.bidirectional", { result(RNN(4, 3, bidirectional: $0, generator: g())) }),
            ("GRU.bias", { result(GRU(4, 3, bias: $0, generator: g())) }),
            ("GRU.batchFirst", { result(GRU(4, 3, batchFirst: $0, generator: g())) }),
            ("GRU.bidirectional", { result(GRU(4, 3, bidirectional: $0, generator: g())) }),
            ("LSTM.bias", { result(LSTM(4, 3, bias: $0, generator: g())) }),
            ("LSTM.batchFirst", { result(LSTM(4, 3, batchFirst: $0, generator: g())) }),
            ("LSTM.bidirectional", { result(LSTM(4, 3, bidirectional: $0, generator: g())) }),
            ("RNNCell.bias", { [shaken(RNNCell(4, 3, bias: $0, generator: g()))(cell)] }),
            ("GRUCell.bias", { [shaken(GRUCell(4, 3, bias: $0, generator: g()))(cell)] }),
            ("LSTMCell.bias", { [shaken(LSTMCell(4, 3, bias: $0, generator: g()))(cell).h] }),
            (
                "LSTM.dropout in training and evaluation",
                {
                    let layer = LSTM(4, 3, numLayers: 2, dropout: 0.5, generator: g())
                    layer.train($0)
                    return [layer(input).output.ne(layer(input).output).any()]
                }
            ),
        ]
    }

    private static var attention: [(String, Call)] {
        let input = x(3, 3, 4)
        func attend(_ m: MultiheadAttention, needWeights: Bool = true, average: Bool = true, causal: Bool = false)
            -> [Tensor?]
        {
            let (output, weights) = shaken(m)(
                input, input, input, needWeights: needWeights, averageAttnWeights: average, isCausal: causal)
            return [output, weights]
        }
        func encode(_ bias: Bool = true, _ batchFirst: Bool = false, _ normFirst: Bool = false) -> [Tensor?] {
            layer(
                TransformerEncoderLayer(
                    4, 2, dimFeedforward: 8, dropout: 0, batchFirst: batchFirst, normFirst: normFirst, bias: bias,
                    generator: g()), input)
        }
        func decode(_ bias: Bool = true, _ batchFirst: Bool = false, _ normFirst: Bool = false) -> [Tensor?] {
            let module = TransformerDecoderLayer(
                4, 2, dimFeedforward: 8, dropout: 0, batchFirst: batchFirst, normFirst: normFirst, bias: bias,
                generator: g())
            return [shaken(module)(input, input * 2)]
        }
        func transform(_ bias: Bool = true, _ batchFirst: Bool = false, _ normFirst: Bool = false) -> [Tensor?] {
            let module = Transformer(
                dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 8, dropout: 0,
                batchFirst: batchFirst, normFirst: normFirst, bias: bias, generator: g())
            return [shaken(module)(input, input * 2)]
        }
        return [
            ("MultiheadAttention.bias", { attend(MultiheadAttention(4, 2, bias: $0, generator: g())) }),
            ("MultiheadAttention.addBiasKV", { attend(MultiheadAttention(4, 2, addBiasKV: $0, generator: g())) }),
            ("MultiheadAttention.addZeroAttn", { attend(MultiheadAttention(4, 2, addZeroAttn: $0, generator: g())) }),
            ("MultiheadAttention.batchFirst", { attend(MultiheadAttention(4, 2, batchFirst: $0, generator: g())) }),
            ("MultiheadAttention needWeights", { attend(MultiheadAttention(4, 2, generator: g()), needWeights: $0) }),
            (
                "MultiheadAttention averageAttnWeights",
                { attend(MultiheadAttention(4, 2, generator: g()), average: $0) }
            ),
            ("MultiheadAttention isCausal", { attend(MultiheadAttention(4, 2, generator: g()), causal: $0) }),
            ("TransformerEncoderLayer.bias", { encode($0) }),
            ("TransformerEncoderLayer.batchFirst", { encode(true, $0) }),
            ("TransformerEncoderLayer.normFirst", { encode(true, false, $0) }),
            ("TransformerDecoderLayer.bias", { decode($0) }),
            ("TransformerDecoderLayer.batchFirst", { decode(true, $0) }),
            ("TransformerDecoderLayer.normFirst", { decode(true, false, $0) }),
            ("Transformer.bias", { transform($0) }), ("Transformer.batchFirst", { transform(true, $0) }),
            ("Transformer.normFirst", { transform(true, false, $0) }),
        ]
    }

    private static var losses: [(String, Call)] {
        let (a, b, c) = (x(2, 3), x(2, 3) * 0.5 + 1, x(2, 3) * -1 + 0.2)
        let counts = Tensor([[3.0, 2, 5], [1, 4, 2]], dtype: .float32)
        return [
            ("KLDivLoss.logTarget", { [KLDivLoss(logTarget: $0)(a, b.abs())] }),
            ("PoissonNLLLoss.logInput", { [PoissonNLLLoss(logInput: $0)(a.abs(), counts)] }),
            ("PoissonNLLLoss.full", { [PoissonNLLLoss(full: $0)(a, counts)] }),
            ("GaussianNLLLoss.full", { [GaussianNLLLoss(full: $0)(a, b, c.abs())] }),
            ("TripletMarginLoss.swap", { [TripletMarginLoss(margin: 5, swap: $0)(a, b, a + 2)] }),
            (
                "TripletMarginWithDistanceLoss.swap",
                { [TripletMarginWithDistanceLoss(margin: 5, swap: $0)(a, b, a + 2)] }
            ),
            (
                "CTCLoss.zeroInfinity",
                { [CTCLoss(zeroInfinity: $0)(x(1, 1, 3).logSoftmax(dim: 2), Tensor([[1, 2]]), [1], [2])] }
            ),
            (
                "LinearCrossEntropyLoss.bias",
                { [shaken(LinearCrossEntropyLoss(3, 4, bias: $0, generator: g()))(a, Tensor([0, 2]))] }
            ),
            (
                "AdaptiveLogSoftmaxWithLoss.headBias",
                {
                    [
                        shaken(
                            AdaptiveLogSoftmaxWithLoss(3, 6, cutoffs: [2], divValue: 1, headBias: $0, generator: g()))(
                                a, Tensor([1, 5])
                            ).loss
                    ]
                }
            ),
        ]
    }

    @Test func everyFlagChangesTheResult() {
        for (name, call) in Self.flags {
            let (off, on) = (call(false), call(true))
            let isSame =
                off.count == on.count
                && zip(off, on).allSatisfy { a, b in
                    guard let a, let b else { return a == nil && b == nil }
                    return a.shape == b.shape && a.to(.float32).allclose(b.to(.float32), equalNan: true)
                }
            #expect(!isSame, "\(name) has no effect")
        }
    }

    @Test func frozenParametersOfEveryModuleStay() {
        for entry in EveryModule.calls() where !entry.module.parameters().isEmpty {
            let module = entry.module
            _ = entry.call()
            let parameters = module.parameters()
            for (i, parameter) in parameters.enumerated() where i % 2 == 0 { parameter.requiresGrad_(false) }
            let tracked = entry.call().compactMap { $0 }.filter { $0.requiresGrad && $0.dtype.isFloatingPoint }
            if let first = tracked.first { first.sum().backward() }
            for (i, parameter) in parameters.enumerated() where i % 2 == 0 {
                #expect(parameter.grad == nil, "\(entry.name): frozen parameter \(i) has a gradient")
            }
            #expect(module.freeze().parameters().allSatisfy { !$0.requiresGrad }, "\(entry.name)")
            #expect(module.parameters().count == parameters.count, "\(entry.name)")
        }
    }

    @Test func modesOfEveryModuleReachAllInside() {
        for entry in EveryModule.calls() {
            _ = entry.call()
            for mode in [false, true] {
                entry.module.train(mode)
                #expect(entry.module.modules().allSatisfy { $0.isTraining == mode }, "\(entry.name)")
            }
            // In evaluation two calls agree.
            entry.module.eval()
            let (a, b) = (entry.call(), entry.call())
            for (a, b) in zip(a, b) {
                guard let a, let b else { continue }
                #expect(a.detach().allclose(b.detach(), rtol: 0, atol: 0, equalNan: true), "\(entry.name)")
            }
        }
    }
}
