import Testing
import Torchlight

// What fourteen programs of different fields wrote first: a VAE, a GAN, forecasts with an LSTM, a transformer, a graph network, deep
// Q-learning, a physics-informed network, modules, datasets, schedulers, mixed precision, metrics, indexing and linear algebra.
@Suite("Guesses: forms of whole programs")
struct ProgramGuesses {
    let s = Samples()
    var x: Tensor { s.x }
    var y: Tensor { s.y }
    var v: Tensor { s.v }

    @Test func namespaces() {
        let a = Tensor([[4.0, 1], [1, 3]])
        same(linalg.inv(a), LinAlg.inv(a))
        same(linalg.norm(x), LinAlg.norm(x))
        same(fft.rfft(v), FFT.rfft(v))
        same(special.erf(v), Special.erf(v))
    }

    @Test func gradients() {
        let w = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
        same(grad(w * w, w, gradOutputs: onesLike(w))[0], w * 2)
        same(grad(w * w, w, onesLike(w), createGraph: true)[0], w * 2)
        same(grad(w * w, [w], onesLike(w)), [w * 2])
        same(grad(outputs: (w * w).sum(), inputs: w, createGraph: true)[0], w * 2)
        same(grad(outputs: (w * w).sum(), inputs: [w]), [w * 2])
        let first = grad((w * w * w).sum(), w, retainGraph: true, createGraph: true)[0]
        same(grad(first.sum(), w)[0], w * 6)
        same(jacobian({ $0 * $0 }, v), (v * 2).diag())
        same(hessian({ ($0 * $0 * $0).sum() }, v), (v * 6).diag())
        same(setGradEnabled(false) { (w * 2).requiresGrad }, false)
        same(setGradEnabled(true) { (w * 2).requiresGrad }, true)
        same(detectAnomaly { (w * 2).sum() }.item(), 12)
        let layer = Linear(3, 2)
        same(checkpoint(layer, x), layer(x))
        same(checkpoint(layer, x, useReentrant: false), layer(x))
        same(checkpoint({ relu($0) }, x), x)
        same(checkpoint({ $0 + $1 }, x, y), x + y)
        same(noGrad { compile(layer)(x) }, layer(x).detach())
        same(autocast(dtype: .bfloat16) { layer(x) }.dtype, .bfloat16)
    }

    @Test func argumentsWithoutLabels() {
        same(zeros(2).normal_(1, 0), ones(2))
        same(zeros(2).uniform_(1, 1), ones(2))
        same(zeros(2).bernoulli_(1), ones(2))
        same(Tensor([Double.nan]).nanToNum(2), Tensor([2.0]))
        same(nanToNum(Tensor([Double.nan]), 2), Tensor([2.0]))
        same(x.sort(1, true), x.sort(dim: 1, descending: true))
        same(x.argsort(1, true), x.argsort(dim: 1, descending: true))
        same(x.topk(2, 1, true, true), x.topk(2, dim: 1))
        same(lerp(x, y, Tensor(0.5)), x.lerp(y, weight: 0.5))
        same(trapz(v, Tensor([0.0, 1, 3])), trapezoid(v, x: Tensor([0.0, 1, 3])))
        same(multinomial(Tensor([0.0, 1]), numSamples: 1), Tensor([1]))
        same(tensordot(x, y, dims: ([0, 1], [0, 1])), (x * y).sum())
        same(bucketize(v, Tensor([1.5, 2.5])), v.bucketize(Tensor([1.5, 2.5])))
        same(v.isin([1, 2]), Tensor([false, true, true]))
        same(v.isin([1.0, 2.0]), Tensor([false, true, true]))
        same(maxPool2d(s.image, kernelSize: 2, stride: 2), maxPool2d(s.image, 2))
        same(avgPool2d(s.image, kernelSize: 2), avgPool2d(s.image, 2))
        same(unfold(s.image, kernelSize: 3, padding: 1), unfold(s.image, 3, padding: 1))
        shape(interpolate(s.image, scaleFactor: 2), [1, 1, 16, 16])
        shape(ReLU(true)(x), [2, 3])
        same(randint(5, [2]).shape, [2])
        same(sum([x, y, x]), x + y + x)
        same(sum([Tensor]()), Tensor(0))
    }

    @Test func partsAsTuples() {
        let (a, b, c) = x.chunk(3, dim: -1)
        same(cat([a, b, c], dim: -1), x)
        let (p, q) = x.split(1)
        same(stack([p[0], q[0]]), x)
        let (r, t) = x.split([1, 2], dim: 1)
        same([r.size(1), t.size(1)], [1, 2])
        let (first, second) = x.unbind(0)
        same(stack([first, second]), x)
        let (rows, columns) = meshgrid(arange(2), arange(3))
        same(rows.shape, columns.shape)
        let parts = x.chunk(3, dim: 1)
        same(parts.count, 3)
    }

    @Test func listsOfElements() {
        let ids: [Int] = s.i.tolist()
        same(ids, [0, 2, 1])
        let rows: [[Double]] = x.tolist()
        same(rows, [[0, 1, 2], [3, 4, 5]])
        same([Float](v), [3, 1, 2])
        same(Tensor([1, 1, 2]).unique().shape, [2])
        let values: Tensor = unique(Tensor([1, 1, 2]))
        same(values, Tensor([1, 2]))
    }

    @Test func numbers() {
        same(sqrt(16), 4)
        let headDim = 16
        same(x / sqrt(headDim), x / 4)
        same(pow(2.0, 3.0), 8)
        same(exp(0.0), 1)
        same(log(1.0), 0)
        same(sin(0.0), 0)
        same(cos(0.0), 1)
        same(tanh(0.0), 0)
    }

    @Test func creation() {
        same(hannWindow(4), Tensor.hannWindow(4))
        same(hammingWindow(4), Tensor.hammingWindow(4))
        same(bartlettWindow(4), Tensor.bartlettWindow(4))
        same(blackmanWindow(4), Tensor.blackmanWindow(4))
        same(kaiserWindow(4, beta: 3), Tensor.kaiserWindow(4, beta: 3))
        same(trilIndices(3, 3), Tensor.trilIndices(3, 3))
        same(triuIndices(3, 3, offset: 1), Tensor.triuIndices(3, 3, offset: 1))
        same(asTensor([1, 2]), Tensor([1, 2]))
        same(randintLike(x, 5, 6), x * 0 + 5)
        same(
            sparseCooTensor(Tensor([[0, 1], [1, 0]]), Tensor([1.0, 2]), [2, 2]).toDense(), Tensor([[0.0, 1], [2, 0]]))
        same(Generator(seed: 0).manualSeed(3).seed, 3)
        same(x.nelement(), 6)
        same(x.to(dtype: .float64, device: .cpu).dtype, .float64)
    }

    @Test func modules() throws {
        let model = Sequential(Linear(3, 4), ReLU(), Linear(4, 2))
        same(model.getSubmodule("0") === model[0], true)
        same(model[-1] === model[2], true)
        same(model.getParameter("2.bias"), model.parameters()[3])
        same(deepcopy(model) === model, false)
        let report = try model.loadStateDict(model.stateDict(), strict: false)
        same(report.missingKeys + report.unexpectedKeys, [])
        var shapes: [[Int]] = []
        let handle = model.registerForwardHook { module, input, output in
            shapes.append(output.shape)
        }
        _ = model(x)
        handle.remove()
        same(shapes, [[2, 2]])
        shape(spectralNorm(Linear(3, 4))(x), [2, 4])
        shape(weightNorm(Linear(3, 4), name: "weight")(x), [2, 4])
        same(summary(model, [2, 3]).description, model.summary(input: [2, 3]).description)
        let average = AveragedModel(model)
        average.updateParameters(model)
        same(average.module.parameters().count, 4)
        same(model.to(dtype: .float64, device: .cpu).parameters()[0].dtype, .float64)
    }

    @Test func data() {
        let dataset = TensorDataset(x, Tensor([0, 1]))
        same(Subset(dataset, Tensor([1, 0])).count, 2)
        same(randomSplit(dataset, lengths: [0.5, 0.5]).map(\.count), [1, 1])
        let sampler = WeightedRandomSampler(Tensor([0.0, 1.0]), 3, replacement: true)
        same(DataLoader(dataset, batchSize: 3, sampler: sampler).sampleCount, 3)
        let image = arange(16.0).reshape(1, 4, 4)
        same(RandomHorizontalFlip(p: 1)(image), image.flip([-1]))
        same(RandomHorizontalFlip(p: 0)(image), image)
        same(RandomVerticalFlip(p: 1)(image), image.flip([-2]))
        same(CenterCrop(2)(image), image[.all, 1..<3, 1..<3])
        same(RandomCrop(4)(image), image)
        shape(RandomCrop(4, padding: 2)(image), [1, 4, 4])
        shape(Compose([RandomCrop([2, 3]), Resize([4, 4])])(image), [1, 4, 4])
    }
}
