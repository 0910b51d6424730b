import TestSupport
import Testing
import Torchlight

@Suite("Guesses: layers, losses, modules")
struct LayerGuesses {
    let s = Samples()
    var x: Tensor { s.x }
    var image: Tensor { s.image }

    @Test func layers() {
        let (k, i, o) = (3, 1, 2)
        shape(Linear(3, 4)(x), [2, 4])
        shape(Linear(inFeatures: 3, outFeatures: 4)(x), [2, 4])
        shape(Linear(inFeatures: 3, outFeatures: 4, bias: false)(x), [2, 4])
        shape(Linear(3, 4, bias: false)(x), [2, 4])
        shape(Conv2d(1, 2, 3)(image), [1, 2, 6, 6])
        shape(Conv2d(1, 2, 3, padding: 1)(image), [1, 2, 8, 8])
        shape(Conv2d(1, 2, 3, stride: 2, padding: 1)(image), [1, 2, 4, 4])
        shape(Conv2d(1, 2, 4, 2, 1)(image), [1, 2, 4, 4])
        shape(Conv2d(1, 2, 4, 2, 1, bias: false)(image), [1, 2, 4, 4])
        shape(Conv2d(1, 2, [3, 5])(image), [1, 2, 6, 4])
        shape(Conv2d(1, 2, kernelSize: 3)(image), [1, 2, 6, 6])
        shape(Conv2d(i, o, kernelSize: k)(image), [1, 2, 6, 6])
        shape(Conv2d(i, o, kernelSize: k, padding: k / 2)(image), [1, 2, 8, 8])
        shape(Conv2d(i, o, kernelSize: k, stride: k - 1, padding: 1)(image), [1, 2, 4, 4])
        shape(Conv2d(i, o, k, padding: k / 2)(image), [1, 2, 8, 8])
        shape(Conv2d(i, o, kernelSize: [k, 1])(image), [1, 2, 6, 8])
        shape(Conv2d(i, o, kernelSize: k, padding: .same)(image), [1, 2, 8, 8])
        shape(Conv2d(inChannels: 1, outChannels: 2, kernelSize: 3)(image), [1, 2, 6, 6])
        shape(Conv2d(inChannels: i, outChannels: o, kernelSize: k, padding: 1, bias: false)(image), [1, 2, 8, 8])
        shape(Conv1d(1, 2, 3)(image[0, .all, 0].unsqueeze(0)), [1, 2, 6])
        shape(Conv1d(i, o, kernelSize: k, padding: k / 2)(image[0, .all, 0].unsqueeze(0)), [1, 2, 8])
        shape(ConvTranspose2d(1, 2, 4, 2, 1)(image), [1, 2, 16, 16])
        shape(ConvTranspose2d(1, 2, 4, stride: 2, padding: 1)(image), [1, 2, 16, 16])
        shape(ConvTranspose2d(i, o, kernelSize: k + 1, stride: 2, padding: 1, bias: false)(image), [1, 2, 16, 16])
        shape(MaxPool2d(2)(image), [1, 1, 4, 4])
        shape(MaxPool2d(2, 2)(image), [1, 1, 4, 4])
        shape(MaxPool2d(k - 1)(image), [1, 1, 4, 4])
        shape(MaxPool2d(kernelSize: 2)(image), [1, 1, 4, 4])
        shape(MaxPool2d(kernelSize: 2, stride: 2)(image), [1, 1, 4, 4])
        shape(MaxPool2d(3, stride: 2, padding: 1)(image), [1, 1, 4, 4])
        shape(MaxPool2d(kernelSize: k, stride: 2, padding: k / 2)(image), [1, 1, 4, 4])
        shape(AvgPool2d(2)(image), [1, 1, 4, 4])
        shape(AvgPool2d(2, 2)(image), [1, 1, 4, 4])
        shape(AvgPool2d(kernelSize: k - 1)(image), [1, 1, 4, 4])
        shape(AdaptiveAvgPool2d(1)(image), [1, 1, 1, 1])
        shape(AdaptiveAvgPool2d([1, 1])(image), [1, 1, 1, 1])
        shape(AdaptiveAvgPool2d(k)(image), [1, 1, 3, 3])
        shape(AdaptiveAvgPool2d(outputSize: 2)(image), [1, 1, 2, 2])
        shape(BatchNorm2d(1)(image), [1, 1, 8, 8])
        shape(BatchNorm2d(numFeatures: 1)(image), [1, 1, 8, 8])
        shape(BatchNorm1d(3)(x), [2, 3])
        shape(LayerNorm(3)(x), [2, 3])
        shape(LayerNorm([3])(x), [2, 3])
        shape(LayerNorm(normalizedShape: 3)(x), [2, 3])
        shape(GroupNorm(1, 1)(image), [1, 1, 8, 8])
        shape(GroupNorm(numGroups: 1, numChannels: 1)(image), [1, 1, 8, 8])
        shape(Dropout(0.5)(x), [2, 3])
        shape(Dropout(p: 0.5)(x), [2, 3])
        shape(Dropout()(x), [2, 3])
        shape(Dropout2d(p: 0.25)(image), [1, 1, 8, 8])
        shape(Dropout2d(0.25)(image), [1, 1, 8, 8])
        same(ReLU()(x), x)
        same(ReLU(inplace: true)(x), x)
        same(LeakyReLU(0.2)(-x), -x * 0.2)
        same(LeakyReLU(0.2, inplace: true)(-x), -x * 0.2)
        same(LeakyReLU(negativeSlope: 0.2)(-x), -x * 0.2)
        same(ELU(1.0)(x), x)
        same(Softmax(dim: 1)(x), x.softmax(dim: 1))
        same(Softmax(1)(x), x.softmax(dim: 1))
        same(LogSoftmax(dim: -1)(x), x.logSoftmax(dim: -1))
        same(LogSoftmax(1)(x), x.logSoftmax(dim: 1))
        shape(Flatten()(image), [1, 64])
        shape(Flatten(1)(image), [1, 64])
        shape(Flatten(startDim: 2)(image), [1, 1, 64])
        shape(Unflatten(1, [3, 1])(x), [2, 3, 1])
        shape(Unflatten(dim: 1, unflattenedSize: [3, 1])(x), [2, 3, 1])
        shape(Upsample(scaleFactor: 2)(image), [1, 1, 16, 16])
        shape(Upsample(scaleFactor: 2, mode: .bilinear, alignCorners: true)(image), [1, 1, 16, 16])
        shape(PixelShuffle(2)(image.reshape(1, 4, 4, 4)), [1, 1, 8, 8])
        shape(PixelShuffle(upscaleFactor: 2)(image.reshape(1, 4, 4, 4)), [1, 1, 8, 8])
        shape(Embedding(10, 4)(s.i), [3, 4])
        shape(Embedding(numEmbeddings: 10, embeddingDim: 4)(s.i), [3, 4])
        shape(Embedding(numEmbeddings: 10, embeddingDim: 4, paddingIdx: 0)(s.i), [3, 4])
        shape(Embedding(10, 4, paddingIdx: 0)(s.i), [3, 4])
        same(Embedding.fromPretrained(s.w)(s.i), s.w[s.i])
        shape(LSTM(3, 5)(x.unsqueeze(0)).output, [1, 2, 5])
        shape(LSTM(3, 5, 2)(x.unsqueeze(0)).state.h, [2, 2, 5])
        shape(LSTM(inputSize: 3, hiddenSize: 5, numLayers: 2, batchFirst: true)(x.unsqueeze(0)).0, [1, 2, 5])
        shape(GRU(3, 5, batchFirst: true)(x.unsqueeze(0)).output, [1, 2, 5])
        shape(GRU(inputSize: 3, hiddenSize: 5)(x.unsqueeze(0)).hidden, [1, 2, 5])
        shape(RNN(inputSize: 3, hiddenSize: 5)(x.unsqueeze(0)).output, [1, 2, 5])
        shape(LSTMCell(3, 5)(x).h, [2, 5])
        shape(GRUCell(inputSize: 3, hiddenSize: 5)(x), [2, 5])
        shape(MultiheadAttention(4, 2)(Tensor.ones(2, 1, 4), Tensor.ones(2, 1, 4), Tensor.ones(2, 1, 4)).0, [2, 1, 4])
        shape(TransformerEncoderLayer(dModel: 4, nhead: 2)(Tensor.ones(2, 1, 4)), [2, 1, 4])
        shape(TransformerEncoder(TransformerEncoderLayer(4, 2, 8, 0.1), 2)(Tensor.ones(2, 1, 4)), [2, 1, 4])
        same(MultiheadAttention(embedDim: 4, numHeads: 2).numHeads, 2)
        same(Hardtanh(minVal: 0, maxVal: 1)(x), x.clamp(min: 0, max: 1))
        shape(maxPool2d(image, 2), [1, 1, 4, 4])
        shape(maxPool2d(image, 2, 2), [1, 1, 4, 4])
        shape(maxPool2d(image, k - 1), [1, 1, 4, 4])
        shape(avgPool2d(image, 2), [1, 1, 4, 4])
        shape(avgPool2d(image, k - 1), [1, 1, 4, 4])
        shape(conv2d(image, Tensor.ones(2, 1, 3, 3), padding: 1), [1, 2, 8, 8])
        shape(conv2d(image, Tensor.ones(2, 1, 3, 3), stride: k - 1, padding: k / 2), [1, 2, 4, 4])
        shape(linear(x, Tensor.ones(4, 3), bias: Tensor.zeros(4)), [2, 4])
        shape(interpolate(image, scaleFactor: [2, 2]), [1, 1, 16, 16])
        shape(pixelShuffle(image.reshape(1, 4, 4, 4), 2), [1, 1, 8, 8])
        shape(Sequential(Linear(3, 4), ReLU(), Linear(4, 2))(x), [2, 2])
        shape(Sequential([Linear(3, 4), ReLU(inplace: true), Linear(4, 2)])(x), [2, 2])
    }

    @Test func losses() {
        let target = Tensor([2, 0])
        let p = x.sigmoid()
        same(crossEntropy(x, target), CrossEntropyLoss()(x, target))
        same(CrossEntropyLoss(ignoreIndex: 0)(x, target), crossEntropy(x, target, ignoreIndex: 0))
        same(CrossEntropyLoss(labelSmoothing: 0.1)(x, target), crossEntropy(x, target, labelSmoothing: 0.1))
        same(CrossEntropyLoss(weight: Tensor.ones(3))(x, target), crossEntropy(x, target))
        same(nllLoss(logSoftmax(x, 1), target), crossEntropy(x, target))
        same(NLLLoss()(x.logSoftmax(dim: 1), target), crossEntropy(x, target))
        same(mseLoss(x, s.y), ((x - s.y) * (x - s.y)).mean())
        same(MSELoss()(x, s.y), mseLoss(x, s.y))
        same(MSELoss(reduction: .sum)(x, s.y), mseLoss(x, s.y, reduction: .sum))
        same(l1Loss(x, s.y), (x - s.y).abs().mean())
        same(smoothL1Loss(x, s.y), SmoothL1Loss()(x, s.y))
        same(huberLoss(x, s.y, delta: 1.0), HuberLoss(delta: 1.0)(x, s.y))
        same(binaryCrossEntropy(p, p.round()), BCELoss()(p, p.round()))
        same(binaryCrossEntropy(p, p, reduction: .sum).shape, [])
        same(binaryCrossEntropyWithLogits(x, p), BCEWithLogitsLoss()(x, p))
        same(klDiv(x.logSoftmax(1), p.softmax(1), reduction: .batchMean).shape, [])
        same(cosineSimilarity(x, x, dim: 1), Tensor.ones(2))
        same(CosineSimilarity(dim: 1)(x, x), Tensor.ones(2))
        same(PairwiseDistance(p: 2)(x, x).shape, [2])
        same(TripletMarginLoss(margin: 1.0)(x, x, s.y).shape, [])
        same(tripletMarginLoss(x, x, s.y, margin: 1.0).shape, [])
        same(-0.5 * (1 + x - x.pow(2) - x.exp()).sum(1), (1 + x - x.pow(2) - x.exp()).sum(dim: 1) * -0.5)
    }

    final class Net: Module, Layer {
        let fc1 = Linear(3, 4)
        let fc2 = Linear(4, 2)
        let blocks = ModuleList([Linear(4, 4), Linear(4, 4)])
        @Buffer var mask = ones(4, 4).tril()
        var scale = Parameter(ones(1))
        let dropout = Dropout(p: 0.1)

        func forward(_ x: Tensor) -> Tensor {
            var x = relu(fc1(x)) * scale
            for block in blocks { x = x + block(x) }
            return logSoftmax(fc2(dropout(x)), 1)
        }
    }

    final class Variational: Module, Forward1 {
        let encoder = Linear(3, 2), decoder = Linear(1, 3)
        func forward(_ x: Tensor) -> (Tensor, Tensor, Tensor) {
            let h = encoder(x)
            let (mean, logVariance) = (h[..., 0..<1], h[..., 1..<2])
            return (sigmoid(decoder(mean)), mean, logVariance)
        }
    }

    final class Recurrent: Module, Forward2 {
        let lstm = LSTM(inputSize: 3, hiddenSize: 4)
        func forward(_ x: Tensor, _ state: LSTM.State?) -> (Tensor, LSTM.State) { lstm(x, state) }
    }

    final class Joint: Module, Forward3 {
        func forward(_ a: Tensor, _ b: Tensor, _ c: Tensor?) -> Tensor { c.map { a + b + $0 } ?? a + b }
    }

    @Test func modules() throws {
        let model = Net()
        shape(model(x), [2, 2])
        model.eval()
        same(model.training, false)
        model.train()
        same(model.training, true)
        same(model.parameters().count, 9)
        same(model.parameters().map { $0.numel }.reduce(0, +), 67)
        same(model.parameters().map { $0.numel() }.reduce(0, +), 67)
        same(model.stateDict().keys.contains("blocks.0.weight"), true)
        same(try model.loadStateDict(model.stateDict()).isComplete, true)
        same(try model.loadStateDict(model.stateDict(), strict: false).isComplete, true)
        same(model.double()(x.double()).dtype, .double)
        same(model.float()(x).dtype, .float)
        same(model.cpu()(x).shape, [2, 2])
        same(model.half().parameters()[0].dtype, .half)
        same(model.to(.float)(x).shape, [2, 2])
        for (name, parameter) in model.namedParameters() {
            same(name.isEmpty || parameter.isLeaf, false == name.isEmpty)
        }
        for parameter in model.parameters() { parameter.data.fill_(0.0) }
        for parameter in model.parameters() { parameter.requiresGrad = false }
        same(model.parameters().allSatisfy { ($0 .== 0).all() }, true)
        for m in model.modules() {
            if let m = m as? Linear { Initializers.xavierUniform_(m.weight) }
        }
        model.apply { m in
            if let m = m as? Linear, let bias = m.bias { Initializers.zeros_(bias) }
        }
        model.zeroGrad()
        model.requiresGrad_(true)
        let (reconstruction, mean, logVariance) = Variational()(x)
        shape(reconstruction, [2, 3])
        same(mean.shape, logVariance.shape)
        let (output, (h, c)) = Recurrent()(x.unsqueeze(1), nil)
        shape(output, [2, 1, 4])
        same(h.shape, c.shape)
        same(Joint()(x, x, nil), x * 2)
        same(Joint()(x, x, x), x * 3)
        same(model.deepCopy().parameters().count, 9)
        let average = AveragedModel(model)
        average.update(model)
        shape(average(x), [2, 2])
        same(model.fc1.bias!.shape, [4])
        same(ModuleList([Linear(3, 4), Linear(4, 5)]).count, 2)
        same(ParameterList([Parameter(ones(2))])[0].requiresGrad, true)
    }

    @Test func files() throws {
        let folder = TemporaryFolder()
        let model = Linear(3, 2)
        try model.save("\(folder.path)/net.pth")
        try model.load("\(folder.path)/net.pth")
        same(try TensorFile.format(of: "\(folder.path)/net.pth").rawValue.hasPrefix("safetensors"), false)
        try save(model.stateDict(), "\(folder.path)/net.pt")
        same(try load("\(folder.path)/net.pt")["weight"]!, model.weight)
        try model.loadStateDict(load("\(folder.path)/net.pt"))
        try model.save("\(folder.path)/net.safetensors")
        same(try load("\(folder.path)/net.safetensors")["bias"]!, model.bias!)
        try saveImage(image, "\(folder.path)/image.png")
        try saveImage(image.repeat(5, 3, 1, 1), "\(folder.path)/grid.png", nrow: 2)
        shape(makeGrid(image.repeat(5, 3, 1, 1), nrow: 2), [3, 32, 22])
        shape(makeGrid(image[0]), [1, 8, 8])
        for name in ["x.npy", "x.pt", "x.safetensors"] {
            try x.save("\(folder.path)/\(name)")
            same(try Tensor.load("\(folder.path)/\(name)"), x)
        }
    }
}
