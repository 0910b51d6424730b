// The code that the articles of the documentation show, word for word, so that it compiles: ArticleTests finds each
// snippet in here. What a snippet takes for granted are the parameters of its function; none of them is called.
import Torchlight

private func checkpoints(
    _ position: Int, _ model: some Module, _ optimizer: some Optimizer, _ scheduler: LRScheduler,
    _ loader: DataLoader<(Tensor, Tensor)>, _ accuracy: Double, _ train: (Tensor, Tensor) -> Void
) throws {
    var step = position
    do {
        let state = TrainingState(
            step: step, model: model, optimizer: optimizer, scheduler: scheduler, loader: loader,
            metadata: ["note": "first try"])
        try state.save("run.safetensors")
    }
    do {
        let state = try TrainingState(contentsOf: "run.safetensors")
        try state.restore(model: model, optimizer: optimizer, scheduler: scheduler, loader: loader)
        step = state.step
    }
    let checkpoints = try CheckpointFolder("runs/7", keepLast: 3, best: .highest)
    if let found = try checkpoints.latest() {
        try found.state.restore(model: model, optimizer: optimizer, loader: loader)
    }
    for (images, labels) in loader {
        train(images, labels)  // the five steps
        if step % 1000 == 0 {
            try checkpoints.saveInBackground(
                TrainingState(step: step, model: model, optimizer: optimizer, loader: loader, score: accuracy))
        }
    }
    try checkpoints.wait()
}

private func sharing(_ tensor: Tensor, _ pointer: UnsafeMutableRawPointer) throws {
    let exported = try DLPack.export(tensor)  // hand this to the other library
    let shared = try DLPack.adopt(pointer)  // take over what another library exported
    _ = (exported, shared)
}

private func errors(_ model: Linear, _ input: Tensor) throws {
    do {
        let logits = try checked { model(input) }
        print(logits)
    } catch let error as TensorError {
        print(error.operation, error.kind, error.operands)
    }
}

private func loadingWeights(_ model: some Module) throws {
    try model.load("weights.safetensors")  // or .pth, .npz, model.safetensors.index.json
    try model.load(
        "gpt2.safetensors",
        mapping: [
            .stripPrefix("transformer."),
            .rename("h.*.ln_1.*", to: "blocks.*.norm1.*"),
            .rename("h.**", to: "blocks.**"),
            .transpose("blocks.*.attn.c_attn.weight"),
            .drop("blocks.*.attn.bias"),
        ])
}

private func numpyFiles(_ y: Tensor) throws {
    let x = try NumpyFile.load("x.npy")  // one array
    let arrays = try NumpyFile.loadArchive("data.npz")  // arrays by name

    try NumpyFile.save(x, to: "x.npy")
    try NumpyFile.save(["x": x, "y": y], to: "data.npz", compressed: true)
    _ = arrays
}

private func pytorchFiles(_ model: some Module) throws {
    try model.load("resnet18.pth")  // a state dictionary, straight into a module

    let checkpoint = try TorchFile.load("checkpoint.pt")  // anything that torch.save wrote
    let epoch = checkpoint["epoch"]?.int
    for (name, tensor) in checkpoint.tensors { print(name, tensor.shape) }

    try TorchFile.save(model.stateDict(), to: "net.pth")
    try TorchFile.save(["epoch": 3, "model": .stateDict(model.stateDict())], to: "checkpoint.pt")
    _ = epoch
}

private func safetensors(_ w: Tensor, _ b: Tensor, _ tensors: [String: Tensor]) throws {
    do {
        try Safetensors.save(["weight": w, "bias": b], to: "linear.safetensors", metadata: ["epoch": "3"])
        let tensors = try Safetensors.load("linear.safetensors")
        let file = try Safetensors.open("linear.safetensors")  // with notes, in the order of the data
        _ = (tensors, file)
    }
    try Safetensors.saveShards(tensors, to: "model.safetensors.index.json", shardSize: 2 << 30)
    let loaded = try Safetensors.load("model.safetensors.index.json")
    _ = loaded
}

private func mixedPrecision(_ loader: DataLoader<(Tensor, Tensor)>, _ model: Linear, _ optimizer: some Optimizer) {
    for (x, y) in loader {
        let loss = autocast { crossEntropy(model(x), y) }
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
    }
}

private func firstSteps() {
    let x = Tensor([[1, 2], [3, 4]], dtype: .float32, requiresGrad: true)
    let y = (x * x).sum()
    y.backward()
    print(x.grad!)  // tensor([[2., 4.],
    //         [6., 8.]])
}

private func activationCheckpoints(
    _ blocks: [any Layer], _ model: Sequential, _ input: Tensor, _ y: Tensor
) {
    var x = input
    for block in blocks { x = checkpoint(x) { block($0) } }
    crossEntropy(x, y).backward()
    let out = checkpointSequential(model, segments: 4, x)
    let loss = savedTensorsHooks(
        pack: { $0.dtype == .float32 ? $0.to(.bfloat16) : $0 },
        unpack: { $0.dtype == .bfloat16 ? $0.to(.float32) : $0 }
    ) { crossEntropy(model(x), y) }
    _ = (out, loss)
}

private func gettingStarted1() {
    let a = Tensor([[1.0, 2.0], [3.0, 4.0]])
    let b = Tensor.ones(2, 2)
    print(a + b)  // tensor([[2., 3.],
    //         [4., 5.]])
    print(a.matmul(b))  // tensor([[3., 3.],
    //         [7., 7.]])
    print(a.shape, a.dtype, a.sum().item())  // [2, 2] float32 10.0
}

private func gettingStarted2() {
    let w = Tensor(3.0, requiresGrad: true)
    let loss = pow(w - 1, 2)
    loss.backward()
    print(w.grad!)  // tensor(4.)
}

private func gettingStarted3() throws {
    final class Net: Module, Layer {
        let fc1 = Linear(64, 32)
        let fc2 = Linear(32, 10)
        func forward(_ x: Tensor) -> Tensor { fc2(relu(fc1(x.flatten(from: 1)))) }
    }

    manualSeed(0)
    let model = Net()
    let optimizer = Adam(model.parameters(), lr: 1e-2)
    let loader = DataLoader(Digits(split: .train), batchSize: 64, shuffle: true)

    for epoch in 1...10 {
        var total = 0.0
        for (images, labels) in loader {
            optimizer.zeroGrad()
            let loss = crossEntropy(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        }
        print("epoch \(epoch): loss \(total / Double(loader.count))")
    }
    func accuracy(of model: some Layer) -> Double {
        model.eval()
        defer { model.train() }
        var correct = 0.0
        let test = Digits(split: .test)
        for (images, labels) in DataLoader(test, batchSize: 256) {
            let predicted = noGrad { model(images).argmax(dim: 1) }
            correct += (predicted .== labels).sum().item()
        }
        return correct / Double(test.count)
    }
    try model.save("digits.safetensors")

    let copy = Net()
    try copy.load("digits.safetensors")
}

private func tensors1() {
    let a = Tensor([[1, 2], [3, 4]])  // int64, from a nested array
    let b = Tensor([1.5, 2.5])  // float32: Double literals become float32
    let c = Tensor([1.5, 2.5], dtype: .float64)
    let zeros = Tensor.zeros(2, 3)  // float32
    let ones = Tensor.ones([2, 3], dtype: .int32)
    let sevens = Tensor.full([2, 2], 7.5)
    let range = Tensor.arange(0, 10, step: 2)  // [0, 2, 4, 6, 8], int64
    let points = Tensor.linspace(0, 1, steps: 5)
    let identity = Tensor.eye(3)
    let same = Tensor.zeros(like: b)  // shape, dtype and device of b
    _ = (a, c, zeros, ones, sevens, range, points, identity, same)
}

private func tensors2() {
    manualSeed(0)
    let uniform = Tensor.rand(2, 3)  // [0, 1)
    let normal = Tensor.randn([2, 3], dtype: .float64)
    let dice = Tensor.randint(1, 7, [10])  // 1 to 6
    let order = Tensor.randperm(5)
    _ = (uniform, normal, dice, order)
}

private func tensors3() {
    let x = Tensor.zeros(3, 4)
    print(x.shape, x.dtype, x.device)  // [3, 4] float32 cpu
    print(x.ndim, x.numel, x.size(0))  // 2 12 3
    print(x.strides, x.isContiguous)  // [4, 1] true
}

private func tensors4() {
    let halves = Tensor([1.0, 2.0]).to(.bfloat16)
    let counts = Tensor([1.7, -1.7]).to(.int64)  // [1, -1]: rounded toward zero
    _ = (halves, counts)
}

private func tensors5() {
    let t = Tensor.arange(12).reshape(3, 4)
    print(t[0])  // the first row
    print(t[-1, 0])  // one element, 0-dimensional
    print(t[.all, 1])  // the second column
    print(t[0..<2, 1...])  // rows 0 and 1, columns from 1
    print(t[.slice(step: 2)])  // every other row
    print(t[.ellipsis, -1])  // the last index of the last dimension
    print(t[.newAxis].shape)  // [1, 3, 4]
    print(t[Tensor([0, 2])])  // rows 0 and 2
    print(t[t > 5])  // the elements greater than 5
    t[.all, 1] = 0  // assignment writes in place
    t[t > 5] += 1
}

private func tensors6() {
    let v = Tensor.arange(24)
    let grid = v.view(2, 3, 4)  // shares memory
    print(grid.reshape(6, -1).shape)  // [6, 4]
    print(grid.flatten(from: 1).shape)  // [2, 12]
    print(grid.permute(2, 0, 1).shape)  // [4, 2, 3]
    print(grid.transpose(0, 2).shape)  // [4, 3, 2]
    print(grid.unsqueeze(0).shape)  // [1, 2, 3, 4]
    print(grid.sum(dim: 1, keepdim: true).squeeze(1).shape)
    let joined = cat([grid, grid], dim: 0)  // [4, 3, 4]
    let stacked = stack([v, v])  // [2, 24]
    let parts = v.split(10)  // sizes 10, 10, 4
    _ = (joined, stacked, parts)
}

private func tensors7() {
    let m = Tensor([[1.0, 2.0], [3.0, 4.0]])
    let row = Tensor([10.0, 20.0])
    print(m + row, m * 2, 1 / m, -m)
    print(m.matmul(m.T), m * m)  // matrix product, element-wise product
    print(exp(m), m.sqrt(), pow(m, 2))
    print(m > 2, m .== 3, (m > 1) & (m < 4))
    print(m.clamp(min: 1.5, max: 3.5))
}

private func tensors8() {
    let s = Tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
    print(s.sum().item())  // 21.0
    print(s.sum(dim: 0), s.mean(dim: [0, 1]))
    let (values, indices) = s.max(dim: 1)
    print(values, indices, s.argmax(dim: 1))
    print(s.std(), s.var(correction: 0), s.cumsum(dim: 1))
    print((s > 4).any().item(Bool.self))
}

private func tensors9() {
    let p = Tensor.ones(3)
    p.add_(1)
    p.fill_(0)
    p.copy_(Tensor([1.0, 2.0, 3.0]))
    let q = p.clone()  // own memory
    q += 1
}

private func tensors10() {
    let big = withDevice(.meta) { Linear(50_000, 50_000) }
    print(big.parameterCount())
}

private func autograd1() {
    let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    let y = pow(x, 2).sum()
    y.backward()
    print(x.grad!)  // tensor([2., 4., 6.])
}

private func autograd2() {
    let v = Tensor([1.0, 2.0], requiresGrad: true)
    let w = v * 3
    w.backward(gradient: Tensor([1.0, 0.5]))
    print(v.grad!)  // tensor([3.0000, 1.5000])
}

private func autograd3() {
    let weight = Tensor.ones(2, requiresGrad: true)
    let prediction = noGrad { weight * 2 }  // not recorded
    let constant = (weight * 2).detach()  // a tensor without its graph
    noGrad { _ = weight.sub_(0.1) }  // changing a parameter by hand
    print(prediction.requiresGrad, constant.requiresGrad)  // false false
}

private func autograd4() {
    let a = Tensor(2.0, requiresGrad: true)
    let cube = pow(a, 3)
    let first = grad(of: cube, withRespectTo: a, createGraph: true)
    let second = grad(of: first, withRespectTo: a)
    print(first.item(), second.item())  // 12.0 12.0
}

private func autograd5() {
    let z = Tensor([1.0, 2.0], requiresGrad: true)
    let e = exp(z)  // saves its result
    do {
        e.add_(1)
        try checked { e.sum().backward() }
    } catch {
        print(error)  // backward: exp saved a float32 tensor ... and add_ overwrote it since
    }
}

private func autograd6() {
    let h = Tensor.ones(2, requiresGrad: true)
    let handle = h.registerHook { gradient in gradient * 0.5 }
    let inner = h * 2
    inner.retainGrad()  // keeps the gradient of a tensor that is not a leaf
    inner.sum().backward()
    print(h.grad!, inner.grad!)
    handle.remove()
}

private func autograd7() {
    enum Cube: CustomFunction {
        static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
            context.save(inputs[0])
            return [pow(inputs[0], 3)]
        }
        static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
            [gradients[0] * 3 * pow(context.saved[0], 2)]
        }
    }
    let input = Tensor([1.0, -2.0], requiresGrad: true)
    let output = Cube.apply(input)[0]
    output.sum().backward()
}

private func modules1() {
    final class Net: Module, Layer {
        let conv = Conv2d(1, 8, kernelSize: 3, padding: 1)
        let norm = BatchNorm2d(8)
        let fc = Linear(8 * 14 * 14, 10)

        func forward(_ x: Tensor) -> Tensor {
            let h = maxPool2d(relu(norm(conv(x))), 2)
            return fc(h.flatten(from: 1))
        }
    }

    let net = Net()
    print(net)
    print(net(Tensor.randn(2, 1, 28, 28)).shape)  // [2, 10]
}

private func modules2() {
    final class MLP: Module, Layer {
        let layers: [Linear]
        let head: Linear

        init(width: Int, depth: Int) {
            layers = (0..<depth).map { _ in Linear(width, width) }
            head = Linear(width, 1)
        }

        func forward(_ x: Tensor) -> Tensor {
            var x = x
            for layer in layers { x = gelu(layer(x)) }
            return head(x)
        }
    }
}

private func modules3() {
    let model = Sequential(Flatten(), Linear(784, 128), ReLU(), Dropout(0.2), Linear(128, 10))
    _ = model
}

private func modules4(_ query: Tensor, _ memory: Tensor) {
    final class Attend: Module, Forward2 {
        let attention = MultiheadAttention(64, 4, batchFirst: true)
        let norm = LayerNorm(64)

        func forward(_ query: Tensor, _ memory: Tensor) -> (Tensor, Tensor) {
            let (output, weights) = attention(query, memory, memory)
            return (norm(query + output), weights!)
        }
    }
    let (output, weights) = Attend()(query, memory)
    _ = (output, weights)
}

private func modules4b() {
    final class Add: Module {
        func callAsFunction(_ x: Tensor, bias: Tensor? = nil) -> Tensor {
            scope(x, bias) { x, bias in bias.map { x + $0 } ?? x }
        }
    }
}

private func modules5() {
    final class Scale: Module, Layer {
        var factor = Parameter(Tensor.ones(64))  // trained
        @Buffer var offset = Tensor.zeros(64)  // saved, not trained
        @Key("log_temperature") var logTemperature = Parameter(Tensor(0.0))  // named so in files

        func forward(_ x: Tensor) -> Tensor { (x - offset) * factor * exp(logTemperature) }
    }

    let scale = Scale()
    for (name, parameter) in scale.namedParameters() { print(name, parameter.shape) }
}

private func modules6() {
    let layer = Linear(64, 64)
    noGrad {
        Initializers.kaimingNormal_(layer.weight, nonlinearity: .relu)
        Initializers.zeros_(layer.bias!)
    }
    layer.apply { module in
        if let linear = module as? Linear { Initializers.xavierUniform_(linear.weight) }
    }
}

private func modules7() {
    let drop = Dropout(0.5)
    drop.eval()
    print(drop.isTraining)  // false
}

private func modules8() {
    let backbone = Sequential(Linear(64, 64), ReLU())
    backbone.freeze()  // requiresGrad = false for all parameters
    print(backbone.parameterCount(), backbone.parameterCount(trainableOnly: true))
    print(backbone.summary(input: [32, 64]))  // shapes, multiply-adds, bytes; nothing is computed
    backbone.unfreeze()
    backbone.to(.float64)  // converts the parameters in place
}

private func modules9() {
    let observed = Linear(4, 2)
    let handle = observed.registerForwardHook { module, input, output in
        print("\(type(of: module)): \(input.shape) -> \(output.shape)")
        return nil  // nil keeps the output
    }
    _ = observed(Tensor.ones(1, 4))
    handle.remove()
}

private func training1() {
    func train(_ model: some Layer, _ loader: DataLoader<(Tensor, Tensor)>, epochs: Int) {
        let optimizer = AdamW(model.parameters(), lr: 1e-3, weightDecay: 0.01)
        let scheduler = CosineAnnealingLR(optimizer, tMax: epochs)
        model.train()
        for _ in 0..<epochs {
            for (inputs, targets) in loader {
                optimizer.zeroGrad()  // 1. clear the gradients
                let outputs = model(inputs)  // 2. forward pass
                let loss = crossEntropy(outputs, targets)  // 3. loss
                loss.backward()  // 4. backward pass
                optimizer.step()  // 5. update
            }
            scheduler.step()
        }
    }
}

private func training2() {
    let logits = Tensor([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]])
    let labels = Tensor([0, 1])
    print(crossEntropy(logits, labels))  // the mean
    print(crossEntropy(logits, labels, reduction: .none))  // [2]
    print(crossEntropy(logits, labels, labelSmoothing: 0.1))
}

private func training3() {
    func optimizer(backbone: Module, head: Module) -> SGD {
        SGD(
            [.init(backbone.parameters()) { $0.lr = 1e-4 }, .init(head.parameters())],
            lr: 0.1, momentum: 0.9)
    }
}

private func training4() {
    func fit(_ model: Linear, _ x: Tensor, _ y: Tensor) {
        let optimizer = LBFGS(model.parameters(), lineSearch: .strongWolfe)
        for _ in 0..<10 {
            optimizer.step {
                optimizer.zeroGrad()
                let loss = mseLoss(model(x), y)
                loss.backward()
                return loss
            }
        }
    }
}

private func training5() {
    func warmup(_ optimizer: any Optimizer) -> LRScheduler {
        SequentialLR(optimizer, milestones: [5]) {
            [LinearLR($0, startFactor: 0.1, totalIters: 5), CosineAnnealingLR($0, tMax: 95)]
        }
    }
}

private func training6() {
    func step(_ model: Linear, _ optimizer: any Optimizer, _ batches: [(Tensor, Tensor)]) {
        optimizer.zeroGrad()
        for (x, y) in batches {  // gradients of several batches add up
            (mseLoss(model(x), y) / batches.count).backward()
        }
        clipGradNorm(model.parameters(), maxNorm: 1)  // returns the norm before clipping
        optimizer.step()
    }
}

private func training7() {
    func average(_ model: Linear, _ optimizer: any Optimizer, _ loss: () -> Tensor) -> Linear {
        let averaged = AveragedModel(model, .exponential(decay: 0.999))
        for _ in 0..<100 {
            optimizer.zeroGrad()
            loss().backward()
            optimizer.step()
            averaged.update(model)
        }
        return averaged.module
    }
}

private func data1() {
    let inputs = Tensor.randn(100, 8)
    let targets = Tensor.randint(0, 3, [100])
    let pairs = TensorDataset(inputs, targets)
    print(pairs.count, pairs[0])
}

private func data2() {
    struct Squares: Dataset {
        let count = 1000
        subscript(index: Int) -> (Tensor, Tensor) {
            let x = Double(index) / 1000
            return (Tensor([x]), Tensor([x * x]))
        }
    }
}

private func data3() {
    let squares = TensorDataset(Tensor.arange(10.0), Tensor.arange(10.0).square())
    let parts = randomSplit(squares, [0.8, 0.2], seed: 1)
    let firstFive = Subset(squares, indices: Array(0..<5))
    print(parts[0].count, parts[1].count, firstFive.count)  // 8 2 5
}

private func data4() {
    let dataset = TensorDataset(Tensor.randn(100, 8), Tensor.randint(0, 3, [100]))
    let loader = DataLoader(dataset, batchSize: 32, shuffle: true, dropLast: true, workers: 2)
    for epoch in 0..<3 {
        for (x, y) in loader {
            print(epoch, x.shape, y.shape)  // [32, 8] [32]
        }
    }
    print(loader.count)  // 3 batches an epoch
}

private func data5() {
    struct Sentences: Dataset {
        let lengths = [3, 5, 2, 7]
        var count: Int { lengths.count }
        subscript(index: Int) -> Tensor { Tensor.ones([lengths[index]], dtype: .int64) }
    }

    let sentences = DataLoader(Sentences(), batchSize: 2) { samples in
        padSequence(samples, batchFirst: true)
    }
    for batch in sentences { print(batch.shape) }  // [2, 5], [2, 7]
}

private func data6() {
    let classes = TensorDataset(Tensor.randn(4, 2), Tensor([0, 0, 0, 1]))
    let balanced = WeightedRandomSampler(weights: [1, 1, 1, 3], sampleCount: 8)
    let batches = DataLoader(classes, batchSize: 4, sampler: balanced)
    _ = batches
}

private func data7() {
    let transform = Compose([ToTensor(maximum: 16), Normalize(mean: 0.3, std: 0.4)])
    let digits = Digits(split: .train, transform: transform)

    struct Noise: Transform {
        let scale: Double
        func callAsFunction(_ x: Tensor) -> Tensor { x + Tensor.randn(like: x) * scale }
    }
    let noisy = Digits(split: .train, transform: Compose([ToTensor(maximum: 16), Noise(scale: 0.1)]))
    _ = (digits, noisy)
}

private func data8() {
    struct Counter: IterableDataset {
        let limit: Int
        func samples() throws -> SampleStream<Tensor> {
            SampleStream((0..<limit).lazy.map { Tensor(Double($0)) })
        }
    }
    let stream = IterableDataLoader(Counter(limit: 10), batchSize: 4, shuffleBuffer: 8)
    for batch in stream { print(batch.shape) }
}

private func saving1() throws {
    let model = Sequential(Linear(4, 8), ReLU(), Linear(8, 2))
    try model.save("model.safetensors")

    let restored = Sequential(Linear(4, 8), ReLU(), Linear(8, 2))
    try restored.load("model.safetensors")
}

private func saving2() throws {
    let layer = Linear(4, 2)
    let state = layer.stateDict()  // [String: Tensor]
    print(state.keys.sorted())  // ["bias", "weight"]
    let report = try layer.load(stateDict: state)
    print(report)
}

private func saving3() throws {
    let network = Linear(4, 2)
    try TorchFile.save(network.stateDict(), to: "net.pth")  // torch.load reads it
    try network.load("net.pth")  // reads what torch.save wrote
}

private func saving4() throws {
    let x = Tensor.randn(3, 4)
    try Safetensors.save(["x": x], to: "tensors.safetensors")
    let loaded = try Safetensors.load("tensors.safetensors")["x"]!
    try NumpyFile.save(x, to: "x.npy")
    let array = try NumpyFile.load("x.npy")
    let file = try TensorFile.load("tensors.safetensors")  // any format that is known
    _ = (loaded, array, file)
}

private func performance1() {
    print(numThreads, instructionSet)  // such as: 8 avx2
    numThreads = 4
}

private func performance2() {
    Memory.resetPeak()
    let y = Tensor.randn(1000, 1000).matmul(Tensor.randn(1000, 1000))
    print(Memory.allocated, Memory.peak, Memory.reserved, y.shape)
}

private func performance3() {
    let layer = Linear(64, 64)
    let input = Tensor.randn(32, 64)
    let counts = WorkCounts.of { _ = layer(input) }
    print(counts.kernels, counts.allocations, counts.bytes)
}

private func debugging1() {
    let x = Tensor.randn(3, 4)
    print(x, x.shape, x.dtype)
    print(x.isfinite().all().item(Bool.self), x.min().item(), x.max().item())
    PrintOptions.current.precision = 8
}

private func debugging2() {
    func step(_ model: Linear, _ x: Tensor, _ y: Tensor) throws {
        try checked {
            detectAnomalies {
                mseLoss(model(x), y).backward()
            }
        }
    }
}

private func debugging3() {
    func train(_ model: Linear, _ loader: DataLoader<(Tensor, Tensor)>, _ optimizer: any Optimizer) {
        let doctor = TrainingDoctor(model)
        for (x, y) in loader {
            optimizer.zeroGrad()
            let loss = mseLoss(model(x), y)
            loss.backward()
            doctor.observe(loss)
            optimizer.step()
        }
        print(model.gradientReport())
    }
}

private func distributions(_ policy: Categorical, _ reward: Tensor, _ rawScale: Tensor) {
    let generator = Generator(seed: 0)
    let normal = Normal(loc: 0, scale: Tensor([1, 2.0]))  // batchShape [2], eventShape []
    let draws = normal.sample(100, generator: generator)  // [100, 2], without gradients
    let score = normal.logProb(draws)  // [100, 2]
    let vectors = Independent(normal, 1)  // batchShape [], eventShape [2]
    _ = (score, vectors)
    do {
        let action = policy.sample(generator: generator)
        let loss = -policy.logProb(action) * reward
        _ = loss
    }
    let scale = bijectTo(.positive)(rawScale)
    _ = scale
}
