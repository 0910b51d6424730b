import Torchlight

// Layers, losses and what belongs to them.

extension CallTable {
    mutating func addLayers() {
        add("Initializers.dirac_(groups: Int)") { Initializers.dirac_($0.tensor(), groups: $0.int()) }

        add("PReLU.init(_: Int)") { PReLU($0.int(), initial: $0.double(), dtype: $0.dtype())($0.tensor()) }
        add("GLU.init(dim: Int)") { GLU(dim: $0.int())($0.tensor()) }
        add("Softmin.init(dim: Int)") { Softmin(dim: $0.int())($0.tensor()) }

        add("Softmax.init(dim: Int)") { Softmax(dim: $0.int())($0.tensor()) }
        add("LogSoftmax.init(dim: Int)") { LogSoftmax(dim: $0.int())($0.tensor()) }

        add("multiHeadAttentionForward(_: Int, _: Int)") {
            multiHeadAttentionForward(
                $0.tensor(), $0.tensor(), $0.tensor(), $0.int(), $0.int(), $0.maybe($0.tensor()), $0.maybe($0.tensor()),
                $0.maybe($0.tensor()), $0.maybe($0.tensor()), $0.bool(), $0.double(), $0.tensor(),
                $0.maybe($0.tensor()), training: $0.bool(), keyPaddingMask: $0.maybe($0.tensor()),
                needWeights: $0.bool(), attnMask: $0.maybe($0.tensor()), averageAttnWeights: $0.bool(),
                isCausal: $0.bool(), generator: $0.generator)
        }

        add("MultiheadAttention.init(_: Int, _: Int, kdim: Int?, vdim: Int?)") { e in
            let x = e.tensor()
            return MultiheadAttention(
                e.int(), e.int(), dropout: e.double(), bias: e.bool(), addBiasKV: e.bool(), addZeroAttn: e.bool(),
                kdim: e.maybe(e.int()), vdim: e.maybe(e.int()), batchFirst: e.bool(), dtype: e.dtype(),
                generator: e.generator)(x, x, x)
        }

        add(
            "Transformer.init(dModel: Int, nhead: Int, numEncoderLayers: Int, numDecoderLayers: Int, dimFeedforward: Int)"
        ) {
            Transformer(
                dModel: $0.int(), nhead: $0.int(), numEncoderLayers: $0.int(), numDecoderLayers: $0.int(),
                dimFeedforward: $0.int(), dropout: $0.double(), layerNormEps: $0.double(), batchFirst: $0.bool(),
                normFirst: $0.bool(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator)
        }
        add("Transformer.generateSquareSubsequentMask(_: Int)") {
            Transformer.generateSquareSubsequentMask($0.int(), dtype: $0.dtype())
        }
        add("TransformerEncoder.init(numLayers: Int)") {
            TransformerEncoder(TransformerEncoderLayer(2, 1, dimFeedforward: 2), numLayers: $0.int())($0.tensor())
        }
        add("TransformerDecoder.init(numLayers: Int)") {
            TransformerDecoder(TransformerDecoderLayer(2, 1, dimFeedforward: 2), numLayers: $0.int())
        }

        add("TransformerEncoderLayer.init(_: Int, _: Int, dimFeedforward: Int)") {
            TransformerEncoderLayer(
                $0.int(), $0.int(), dimFeedforward: $0.int(), dropout: $0.double(), layerNormEps: $0.double(),
                batchFirst: $0.bool(), normFirst: $0.bool(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator
            )($0.tensor())
        }
        add("TransformerDecoderLayer.init(_: Int, _: Int, dimFeedforward: Int)") {
            TransformerDecoderLayer(
                $0.int(), $0.int(), dimFeedforward: $0.int(), dropout: $0.double(), layerNormEps: $0.double(),
                batchFirst: $0.bool(), normFirst: $0.bool(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator
            )
        }

        add("BatchNorm.init(_: Int)") {
            BatchNorm2d(
                $0.int(), eps: $0.double(), momentum: $0.maybe($0.double()), affine: $0.bool(), bias: $0.bool(),
                trackRunningStats: $0.bool(), dtype: $0.dtype())($0.tensor())
        }

        add("checkpointSequential(segments: Int)") {
            checkpointSequential([ReLU(), ReLU()], segments: $0.int(), $0.tensor(), preserveRandomState: $0.bool())
        }

        add(
            "SpatialConvolution.init(_: Int, _: Int, kernelSize: Size, stride: Size, padding: ConvPadding, dilation: Size, groups: Int)"
        ) {
            (
                Conv1d(
                    $0.int(), $0.int(), kernelSize: $0.int(), stride: $0.int(), padding: $0.padding(),
                    dilation: $0.int(), groups: $0.int(), dtype: $0.dtype(), generator: $0.generator)($0.tensor()),
                Conv2d(
                    $0.int(), $0.int(), kernelSize: $0.size2(), stride: $0.size2(), padding: $0.padding(),
                    dilation: $0.size2(), groups: $0.int(), dtype: $0.dtype(), generator: $0.generator)($0.tensor()),
                Conv3d(
                    $0.int(), $0.int(), kernelSize: $0.size3(), stride: $0.size3(), padding: $0.padding(),
                    dilation: $0.size3(), groups: $0.int(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
            )
        }

        add(
            "SpatialTransposedConvolution.init(_: Int, _: Int, kernelSize: Size, stride: Size, padding: Size, outputPadding: Size, groups: Int, dilation: Size)"
        ) {
            (
                ConvTranspose1d(
                    $0.int(), $0.int(), kernelSize: $0.int(), stride: $0.int(), padding: $0.int(),
                    outputPadding: $0.int(), groups: $0.int(), dilation: $0.int(), dtype: $0.dtype(),
                    generator: $0.generator)($0.tensor()),
                ConvTranspose2d(
                    $0.int(), $0.int(), kernelSize: $0.size2(), stride: $0.size2(), padding: $0.size2(),
                    outputPadding: $0.size2(), groups: $0.int(), dilation: $0.size2(), dtype: $0.dtype(),
                    generator: $0.generator)($0.tensor()),
                ConvTranspose3d(
                    $0.int(), $0.int(), kernelSize: $0.size3(), stride: $0.size3(), padding: $0.size3(),
                    outputPadding: $0.size3(), groups: $0.int(), dilation: $0.size3(), dtype: $0.dtype(),
                    generator: $0.generator)($0.tensor())
            )
        }

        add("LazyConv1d.init(_: Int, kernelSize: Int, stride: Int, padding: ConvPadding, dilation: Int, groups: Int)") {
            LazyConv1d(
                $0.int(), kernelSize: $0.int(), stride: $0.int(), padding: $0.padding(), dilation: $0.int(),
                groups: $0.int(), bias: $0.bool(), paddingMode: $0.pick([.constant, .reflect, .replicate, .circular]),
                dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }
        add(
            "LazyConv2d.init(_: Int, kernelSize: Size2, stride: Size2, padding: ConvPadding, dilation: Size2, groups: Int)"
        ) {
            LazyConv2d(
                $0.int(), kernelSize: $0.size2(), stride: $0.size2(), padding: $0.padding(), dilation: $0.size2(),
                groups: $0.int(), bias: $0.bool(), paddingMode: $0.pick([.constant, .reflect, .replicate, .circular]),
                dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }
        add(
            "LazyConv3d.init(_: Int, kernelSize: Size3, stride: Size3, padding: ConvPadding, dilation: Size3, groups: Int)"
        ) {
            LazyConv3d(
                $0.int(), kernelSize: $0.size3(), stride: $0.size3(), padding: $0.padding(), dilation: $0.size3(),
                groups: $0.int(), bias: $0.bool(), paddingMode: $0.pick([.constant, .reflect, .replicate, .circular]),
                dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }
        add(
            "LazyConvTranspose1d.init(_: Int, kernelSize: Int, stride: Int, padding: Int, outputPadding: Int, groups: Int, dilation: Int)"
        ) {
            LazyConvTranspose1d(
                $0.int(), kernelSize: $0.int(), stride: $0.int(), padding: $0.int(), outputPadding: $0.int(),
                groups: $0.int(), bias: $0.bool(), dilation: $0.int(), dtype: $0.dtype(), generator: $0.generator)(
                    $0.tensor())
        }
        add(
            "LazyConvTranspose2d.init(_: Int, kernelSize: Size2, stride: Size2, padding: Size2, outputPadding: Size2, groups: Int, dilation: Size2)"
        ) {
            LazyConvTranspose2d(
                $0.int(), kernelSize: $0.size2(), stride: $0.size2(), padding: $0.size2(), outputPadding: $0.size2(),
                groups: $0.int(), bias: $0.bool(), dilation: $0.size2(), dtype: $0.dtype(), generator: $0.generator)(
                    $0.tensor())
        }
        add(
            "LazyConvTranspose3d.init(_: Int, kernelSize: Size3, stride: Size3, padding: Size3, outputPadding: Size3, groups: Int, dilation: Size3)"
        ) {
            LazyConvTranspose3d(
                $0.int(), kernelSize: $0.size3(), stride: $0.size3(), padding: $0.size3(), outputPadding: $0.size3(),
                groups: $0.int(), bias: $0.bool(), dilation: $0.size3(), dtype: $0.dtype(), generator: $0.generator)(
                    $0.tensor())
        }

        add("SpatialTransposedConvolution.callAsFunction(outputSize: [Int]?)") {
            (
                ConvTranspose1d(2, 3, kernelSize: 2, stride: 2, generator: $0.generator)(
                    $0.tensor(), outputSize: $0.maybe($0.ints())),
                ConvTranspose2d(2, 3, kernelSize: 2, stride: 2, generator: $0.generator)(
                    $0.tensor(), outputSize: $0.maybe($0.ints())),
                ConvTranspose3d(2, 3, kernelSize: 2, stride: 2, generator: $0.generator)(
                    $0.tensor(), outputSize: $0.maybe($0.ints()))
            )
        }
        add("Module.weightNorm(dim: Int?)") {
            Linear(3, 2, generator: $0.generator).weightNorm(dim: $0.maybe($0.int()))
        }
        add("Module.spectralNorm(powerIterations: Int, dim: Int?)") {
            Linear(3, 2, generator: $0.generator).spectralNorm(
                powerIterations: $0.degree(), dim: $0.maybe($0.int()))
        }
        add("StateMapping.Rule.spectralNorm(dim: Int)") {
            let parts = ["w_orig": Tensor.ones([3, 2]), "w_u": Tensor.ones([3]), "w_v": Tensor.ones([2])]
            do { return try StateMapping([.spectralNorm(dim: $0.int())]).apply(to: parts) } catch {
                return "\(error)"
            }
        }

        add("CosineSimilarity.init(dim: Int)") {
            CosineSimilarity(dim: $0.int(), eps: $0.double())($0.tensor(), $0.tensor())
        }
        add("Bilinear.init(_: Int, _: Int, _: Int)") {
            Bilinear($0.int(), $0.int(), $0.int(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator)(
                $0.tensor(), $0.tensor())
        }

        add("Embedding.init(_: Int, _: Int, paddingIdx: Int?)") {
            Embedding(
                $0.int(), $0.int(), paddingIdx: $0.maybe($0.int()), maxNorm: $0.maybe($0.double()),
                normType: $0.double(), scaleGradByFreq: $0.bool(), dtype: $0.dtype(), generator: $0.generator)(
                    $0.index())
        }
        add("Embedding.init(paddingIdx: Int?)") {
            Embedding(pretrained: $0.tensor(), freeze: $0.bool(), paddingIdx: $0.maybe($0.int()))($0.index())
        }

        add("EmbeddingBag.init(_: Int, _: Int, paddingIdx: Int?)") {
            EmbeddingBag(
                $0.int(), $0.int(), maxNorm: $0.maybe($0.double()), normType: $0.double(), scaleGradByFreq: $0.bool(),
                mode: $0.pick([.sum, .mean, .max]), includeLastOffset: $0.bool(), paddingIdx: $0.maybe($0.int()),
                dtype: $0.dtype(), generator: $0.generator)($0.index())
        }
        add("Flatten.init(from: Int, to: Int)") { Flatten(from: $0.int(), to: $0.int())($0.tensor()) }

        add("Unfold.init(_: Size2, dilation: Size2, padding: Size2, stride: Size2)") {
            Unfold($0.size2(), dilation: $0.size2(), padding: $0.size2(), stride: $0.size2())($0.tensor())
        }
        add("Fold.init(_: Size2, _: Size2, dilation: Size2, padding: Size2, stride: Size2)") {
            Fold($0.size2(), $0.size2(), dilation: $0.size2(), padding: $0.size2(), stride: $0.size2())($0.tensor())
        }

        add("GroupNorm.init(_: Int, _: Int)") {
            GroupNorm($0.int(), $0.int(), eps: $0.double(), affine: $0.bool(), bias: $0.bool(), dtype: $0.dtype())(
                $0.tensor())
        }
        add("RMSNorm.init(_: [Int])") {
            RMSNorm($0.ints(), eps: $0.maybe($0.double()), elementwiseAffine: $0.bool(), dtype: $0.dtype())($0.tensor())
        }
        add("RMSNorm.init(_: Int)") {
            RMSNorm($0.int(), eps: $0.maybe($0.double()), elementwiseAffine: $0.bool(), dtype: $0.dtype())($0.tensor())
        }
        add("LocalResponseNorm.init(_: Int)") {
            LocalResponseNorm($0.int(), alpha: $0.double(), beta: $0.double(), k: $0.double())($0.tensor())
        }

        add("InstanceNorm.init(_: Int)") {
            InstanceNorm2d(
                $0.int(), eps: $0.double(), momentum: $0.double(), affine: $0.bool(), bias: $0.bool(),
                trackRunningStats: $0.bool(), dtype: $0.dtype())($0.tensor())
        }

        add("LayerNorm.init(_: [Int])") {
            LayerNorm($0.ints(), eps: $0.double(), elementwiseAffine: $0.bool(), bias: $0.bool(), dtype: $0.dtype())(
                $0.tensor())
        }
        add("LayerNorm.init(_: Int)") {
            LayerNorm($0.int(), eps: $0.double(), elementwiseAffine: $0.bool(), bias: $0.bool(), dtype: $0.dtype())(
                $0.tensor())
        }

        add("WeightQuantization.int8(group: Int?)") {
            quantize(Linear(64, 4), .int8(group: $0.maybe($0.int()), symmetric: $0.bool()))($0.tensor())
        }
        add("WeightQuantization.int4(group: Int)") {
            quantize(Linear(64, 4), .int4(group: $0.int(), symmetric: $0.bool()))($0.tensor())
        }
        add("Linear.init(_: Int, _: Int)") {
            Linear($0.int(), $0.int(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }

        add("ReflectionPad1d.init(_: PaddingSize)") { ReflectionPad1d($0.widths())($0.tensor()) }
        add("ReflectionPad2d.init(_: PaddingSize)") { ReflectionPad2d($0.widths())($0.tensor()) }
        add("ReflectionPad3d.init(_: PaddingSize)") { ReflectionPad3d($0.widths())($0.tensor()) }
        add("ReplicationPad1d.init(_: PaddingSize)") { ReplicationPad1d($0.widths())($0.tensor()) }
        add("ReplicationPad2d.init(_: PaddingSize)") { ReplicationPad2d($0.widths())($0.tensor()) }
        add("ReplicationPad3d.init(_: PaddingSize)") { ReplicationPad3d($0.widths())($0.tensor()) }
        add("CircularPad1d.init(_: PaddingSize)") { CircularPad1d($0.widths())($0.tensor()) }
        add("CircularPad2d.init(_: PaddingSize)") { CircularPad2d($0.widths())($0.tensor()) }
        add("CircularPad3d.init(_: PaddingSize)") { CircularPad3d($0.widths())($0.tensor()) }
        add("ZeroPad1d.init(_: PaddingSize)") { ZeroPad1d($0.widths())($0.tensor()) }
        add("ZeroPad2d.init(_: PaddingSize)") { ZeroPad2d($0.widths())($0.tensor()) }
        add("ZeroPad3d.init(_: PaddingSize)") { ZeroPad3d($0.widths())($0.tensor()) }
        add("ConstantPad1d.init(_: PaddingSize)") { ConstantPad1d($0.widths(), $0.number())($0.tensor()) }
        add("ConstantPad2d.init(_: PaddingSize)") { ConstantPad2d($0.widths(), $0.number())($0.tensor()) }
        add("ConstantPad3d.init(_: PaddingSize)") { ConstantPad3d($0.widths(), $0.number())($0.tensor()) }

        add("AdaptivePoolLayer.init(_: AdaptiveSize)") {
            (
                AdaptiveAvgPool1d($0.adaptive())($0.tensor()), AdaptiveAvgPool2d($0.adaptive())($0.tensor()),
                AdaptiveMaxPool3d($0.adaptive())($0.tensor())
            )
        }

        add("AvgPoolLayer.init(_: Size, stride: Size?, padding: Size, divisorOverride: Int?)") {
            (
                AvgPool2d(
                    $0.size2(), stride: $0.maybe($0.size2()), padding: $0.size2(), divisorOverride: $0.maybe($0.int()))(
                        $0.tensor()),
                AvgPool3d(
                    $0.size3(), stride: $0.maybe($0.size3()), padding: $0.size3(), divisorOverride: $0.maybe($0.int()))(
                        $0.tensor())
            )
        }
        add("AvgPool1d.init(_: Int, stride: Int?, padding: Int)") {
            AvgPool1d(
                $0.int(), stride: $0.maybe($0.int()), padding: $0.int(), ceilMode: $0.bool(), countIncludePad: $0.bool()
            )($0.tensor())
        }

        add("LPPoolLayer.init(_: Size, stride: Size?)") {
            (
                LPPool1d($0.double(), $0.int(), stride: $0.maybe($0.int()))($0.tensor()),
                LPPool2d($0.double(), $0.size2(), stride: $0.maybe($0.size2()))($0.tensor())
            )
        }

        add("MaxPoolLayer.init(_: Size, stride: Size?, padding: Size, dilation: Size)") {
            (
                MaxPool1d($0.int(), stride: $0.maybe($0.int()), padding: $0.int(), dilation: $0.int())($0.tensor()),
                MaxPool2d($0.size2(), stride: $0.maybe($0.size2()), padding: $0.size2(), dilation: $0.size2())(
                    $0.tensor()),
                MaxPool3d($0.size3(), stride: $0.maybe($0.size3()), padding: $0.size3(), dilation: $0.size3())(
                    $0.tensor())
            )
        }

        add("MaxUnpoolLayer.init(_: Size, stride: Size?, padding: Size)") {
            (
                MaxUnpool1d($0.int(), stride: $0.maybe($0.int()), padding: $0.int())($0.tensor(), $0.index()),
                MaxUnpool2d($0.size2(), stride: $0.maybe($0.size2()), padding: $0.size2())($0.tensor(), $0.index())
            )
        }
        add("MaxUnpoolLayer.callAsFunction(outputSize: [Int]?)") {
            (
                MaxUnpool1d(2)($0.tensor(), $0.index(), outputSize: $0.maybe($0.ints())),
                MaxUnpool2d(2)($0.tensor(), $0.index(), outputSize: $0.maybe($0.ints())),
                MaxUnpool3d(2)($0.tensor(), $0.index(), outputSize: $0.maybe($0.ints()))
            )
        }

        add("PackedSequence.init(batchSizes: [Int], sortedIndices: [Int]?)") {
            PackedSequence(data: $0.tensor(), batchSizes: $0.ints(), sortedIndices: $0.maybe($0.ints()))
        }
        add("packPaddedSequence(lengths: [Int])") {
            packPaddedSequence($0.tensor(), lengths: $0.ints(), batchFirst: $0.bool(), enforceSorted: $0.bool())
        }
        add("padPackedSequence(totalLength: Int?)") {
            padPackedSequence(
                PackedSequence(data: $0.tensor(), batchSizes: $0.ints(), sortedIndices: $0.maybe($0.ints())),
                batchFirst: $0.bool(), paddingValue: $0.double(), totalLength: $0.maybe($0.int()))
        }

        add("RNNCell.init(_: Int, _: Int)") {
            RNNCell($0.int(), $0.int(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }
        add("GRUCell.init(_: Int, _: Int)") {
            GRUCell($0.int(), $0.int(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }
        add("LSTMCell.init(_: Int, _: Int)") {
            LSTMCell($0.int(), $0.int(), bias: $0.bool(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }

        add("RNN.init(_: Int, _: Int, numLayers: Int)") {
            RNN(
                $0.int(), $0.int(), numLayers: $0.int(), bias: $0.bool(), batchFirst: $0.bool(), dropout: $0.double(),
                bidirectional: $0.bool(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }
        add("GRU.init(_: Int, _: Int, numLayers: Int)") {
            GRU(
                $0.int(), $0.int(), numLayers: $0.int(), bias: $0.bool(), batchFirst: $0.bool(), dropout: $0.double(),
                bidirectional: $0.bool(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }
        add("LSTM.init(_: Int, _: Int, numLayers: Int, projSize: Int)") {
            LSTM(
                $0.int(), $0.int(), numLayers: $0.int(), bias: $0.bool(), batchFirst: $0.bool(), dropout: $0.double(),
                bidirectional: $0.bool(), projSize: $0.int(), dtype: $0.dtype(), generator: $0.generator)($0.tensor())
        }

        add("Sequential.subscript(_: Int)") { Sequential([ReLU(), ReLU()])[$0.int()] }

        add("PixelShuffle.init(_: Int)") { PixelShuffle($0.int())($0.tensor()) }
        add("PixelUnshuffle.init(_: Int)") { PixelUnshuffle($0.int())($0.tensor()) }
        add("ChannelShuffle.init(_: Int)") { ChannelShuffle($0.int())($0.tensor()) }

        add("Unflatten.init(_: Int, _: [Int])") { Unflatten($0.int(), $0.ints())($0.tensor()) }

        add("Upsample.init(size: [Int]?)") {
            Upsample(
                size: $0.maybe($0.ints()), scaleFactor: $0.maybe($0.doubles()),
                mode: $0.pick([.nearest, .nearestExact, .linear, .bilinear, .bicubic, .trilinear, .area]),
                alignCorners: $0.maybe($0.bool()), recomputeScaleFactor: $0.maybe($0.bool()))($0.tensor())
        }
        add("UpsamplingNearest2d.init(size: [Int]?)") {
            UpsamplingNearest2d(size: $0.maybe($0.ints()), scaleFactor: $0.maybe($0.doubles()))($0.tensor())
        }
        add("UpsamplingBilinear2d.init(size: [Int]?)") {
            UpsamplingBilinear2d(size: $0.maybe($0.ints()), scaleFactor: $0.maybe($0.doubles()))($0.tensor())
        }

        add("StateMapping.Rule.permute(_: [Int])") { StateMapping.Rule.permute("*", $0.ints()) }

        add("ctcLoss(_: [Int], _: [Int], blank: Int)") {
            ctcLoss(
                $0.tensor(), $0.index(), $0.ints(), $0.ints(), blank: $0.int(), reduction: .mean,
                zeroInfinity: $0.bool())
        }
        add("ctcLoss(blank: Int)") {
            ctcLoss(
                $0.tensor(), $0.index(), $0.index(), $0.index(), blank: $0.int(), reduction: .mean,
                zeroInfinity: $0.bool())
        }

        add("MultiMarginLoss.init(p: Int)") {
            MultiMarginLoss(p: $0.int(), margin: $0.double(), weight: $0.maybe($0.tensor()), reduction: .mean)(
                $0.tensor(), $0.index())
        }
        add("CTCLoss.init(blank: Int)") { CTCLoss(blank: $0.int(), reduction: .mean, zeroInfinity: $0.bool()) }
        add("CTCLoss.callAsFunction(_: [Int], _: [Int])") { CTCLoss()($0.tensor(), $0.index(), $0.ints(), $0.ints()) }
        add("AdaptiveLogSoftmaxWithLoss.init(_: Int, _: Int, cutoffs: [Int])") {
            AdaptiveLogSoftmaxWithLoss(
                $0.int(), $0.int(), cutoffs: $0.ints(), divValue: $0.double(), headBias: $0.bool(), dtype: $0.dtype(),
                generator: $0.generator)($0.tensor(), $0.index())
        }

        add("crossEntropy(ignoreIndex: Int)") {
            crossEntropy(
                $0.tensor(), $0.index(), weight: $0.maybe($0.tensor()), ignoreIndex: $0.int(), reduction: .mean,
                labelSmoothing: $0.double())
        }
        add("nllLoss(ignoreIndex: Int)") {
            nllLoss($0.tensor(), $0.index(), weight: $0.maybe($0.tensor()), ignoreIndex: $0.int(), reduction: .mean)
        }

        add("linearCrossEntropy(ignoreIndex: Int?)") {
            linearCrossEntropy(
                $0.tensor(), $0.tensor(), $0.index(), linearBias: $0.maybe($0.tensor()), weight: $0.maybe($0.tensor()),
                reduction: .mean, ignoreIndex: $0.maybe($0.int()), labelSmoothing: $0.double())
        }
        add("LinearCrossEntropyLoss.init(_: Int, _: Int, outFeatures: [Int], ignoreIndex: Int?)") {
            LinearCrossEntropyLoss(
                $0.int(), $0.int(), outFeatures: $0.ints(), bias: $0.bool(), reduction: .mean,
                weight: $0.maybe($0.tensor()), ignoreIndex: $0.maybe($0.int()), labelSmoothing: $0.double(),
                dtype: $0.dtype(), generator: $0.generator)($0.tensor(), $0.index())
        }

        add("CrossEntropyLoss.init(ignoreIndex: Int)") {
            CrossEntropyLoss(
                weight: $0.maybe($0.tensor()), ignoreIndex: $0.int(), reduction: .mean, labelSmoothing: $0.double())(
                    $0.tensor(), $0.index())
        }
        add("NLLLoss.init(ignoreIndex: Int)") {
            NLLLoss(weight: $0.maybe($0.tensor()), ignoreIndex: $0.int(), reduction: .mean)($0.tensor(), $0.index())
        }

        add("multiMarginLoss(p: Int)") {
            multiMarginLoss(
                $0.tensor(), $0.index(), p: $0.int(), margin: $0.double(), weight: $0.maybe($0.tensor()),
                reduction: .mean)
        }

        add("Layer.summary(input: [Int])") { Sequential([ReLU()]).summary(input: $0.ints(), dtype: $0.dtype()) }
    }
}
