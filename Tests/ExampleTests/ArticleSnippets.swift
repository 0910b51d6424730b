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
