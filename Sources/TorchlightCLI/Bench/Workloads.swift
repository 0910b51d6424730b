import Torchlight
import TorchlightIO

/// The reference workloads, in the order in which they run.
enum Workloads {
    static let all = standard + [operators, fused, naive] + decoding

    /// The workloads that run by default.
    static let standard: [Workload] =
        trainingSteps + singleOperations + inference + [dataLoading, checkpointFiles, coldStart]

    // MARK: Training steps

    private static let trainingSteps = [
        Workload(name: "mlp_train") { context in
            let batches = try mnistBatches(context)
            let model = MLP()
            let step = trainingStep(
                context, model, Adam(model.parameters(), lr: 1e-3), batches.map { ($0.flatten(from: 1), $1) })
            context.measure("mlp_train", warmUp: 20, rounds: 7, inner: 200, per: ("samples/s", 64), step)
        },
        Workload(name: "cnn_train") { context in
            let model = CNN()
            let optimizer = SGD(model.parameters(), lr: 0.01, momentum: 0.9)
            let step = trainingStep(context, model, optimizer, try mnistBatches(context))
            context.measure("cnn_train", warmUp: 5, rounds: 5, inner: 15, per: ("samples/s", 64), step)
        },
        Workload(name: "resnet18_train") { context in
            let model = ResNet18()
            let optimizer = SGD(model.parameters(), lr: 0.1, momentum: 0.9, weightDecay: 5e-4)
            let batch = (Tensor.randn([32, 3, 32, 32]), Tensor.randint(0, 10, [32]))
            context.measure(
                "resnet18_train", warmUp: 2, rounds: 5, inner: 1, per: ("samples/s", 32),
                trainingStep(context, model, optimizer, [batch]))
        },
        Workload(name: "lstm_train") { context in
            let model = CharLSTM()
            let batch = (Tensor.randint(0, 65, [32, 64]), Tensor.randint(0, 65, [32, 64]))
            context.measure(
                "lstm_train", warmUp: 3, rounds: 5, inner: 3, per: ("tokens/s", 32 * 64),
                trainingStep(context, model, Adam(model.parameters(), lr: 1e-3), [batch]))
        },
        gpt("gpt_nano_train", GPT.Size(vocabulary: 65, context: 64, width: 128, heads: 4, blocks: 4), 12, (5, 7, 10)),
        gpt("gpt_mini_train", gptMini, 8, (2, 5, 1)),
        gpt("gpt_mini_train_checkpoint", gptMini, 8, (2, 5, 1), isCheckpointed: true),
        gpt(
            "gpt2_small_train", GPT.Size(vocabulary: 50257, context: 256, width: 768, heads: 12, blocks: 12), 1,
            (1, 3, 1)),
    ]

    private static let gptMini = GPT.Size(vocabulary: 65, context: 256, width: 384, heads: 6, blocks: 6)

    private static func gpt(
        _ name: String, _ size: GPT.Size, _ batch: Int, _ timing: (warmUp: Int, rounds: Int, inner: Int),
        isCheckpointed: Bool = false
    ) -> Workload {
        Workload(name: name) { context in
            let model = GPT(size, isCheckpointed: isCheckpointed)
            let shape = [batch, size.context]
            let tokens = (Tensor.randint(0, size.vocabulary, shape), Tensor.randint(0, size.vocabulary, shape))
            context.measure(
                name, warmUp: timing.warmUp, rounds: timing.rounds, inner: timing.inner,
                per: ("tokens/s", Double(batch * size.context)),
                trainingStep(context, model, AdamW(model.parameters(), lr: 3e-4, weightDecay: 0.1), [tokens]))
        }
    }

    /// One training step on the next batch.
    private static func trainingStep(
        _ context: BenchContext, _ model: any Layer, _ optimizer: any Optimizer, _ batches: [(Tensor, Tensor)]
    ) -> () -> Void {
        model.train()
        let isMixed = context.precision == .bfloat16
        var step = { (x: Tensor, y: Tensor) -> Tensor in
            optimizer.zeroGrad()
            let loss = autocast(enabled: isMixed) {
                let logits = model(x)
                return crossEntropy(logits.reshape([-1, logits.size(-1)]), y.reshape([-1]))
            }
            loss.backward()
            optimizer.step()
            return loss
        }
        if context.isCompiled {
            let compiled = compile(step)
            step = { compiled($0, $1) }
        }
        var next = 0
        return {
            let (x, y) = batches[next % batches.count]
            next += 1
            _ = step(x, y)
        }
    }

    /// The MNIST training images, normalised, in file order, in batches of 64.
    private static func mnistBatches(_ context: BenchContext) throws -> [(Tensor, Tensor)] {
        let transform = Compose([ToTensor(), Normalize(mean: 0.1307, std: 0.3081)])
        guard let images = try? MNIST(split: .train, root: context.dataRoot, download: false, transform: transform)
        else {
            say("(no MNIST files found: using random images of the same shape)")
            return (0..<64).map { _ in (Tensor.randn([64, 1, 28, 28]), Tensor.randint(0, 10, [64])) }
        }
        return Array(DataLoader(images, batchSize: 64, dropLast: true))
    }

    // MARK: Single operations

    private static let singleOperations = [
        Workload(name: "op_overhead") { context in
            let a = Tensor.ones(4)
            let b = Tensor.ones(4)
            noGrad { context.measure("op_add_4", warmUp: 1000, rounds: 7, inner: 50000) { _ = a + b } }
            let w = Tensor.ones([4], requiresGrad: true)
            context.measure("op_add_4_grad", warmUp: 1000, rounds: 7, inner: 50000) { _ = w + b }
            context.measure("op_chain_fwd_bwd", warmUp: 100, rounds: 7, inner: 1000) {
                w.grad = nil
                var y = w
                for _ in 0..<10 { y = y * b + b }
                y.sum().backward()
            }
        },
        Workload(name: "pointwise") { context in
            noGrad {
                let x = Tensor.randn([10_000_000])
                let y = Tensor.randn([10_000_000])
                context.measure("pointwise_10m", warmUp: 3, rounds: 7, inner: 2) {
                    let left = gelu(x * 1.5 + y, approximate: .tanh) * sigmoid(y)
                    _ = left + exp(-x * x)
                }
                let z = Tensor.randn([4096, 1024])
                context.measure("softmax_4096x1024", warmUp: 3, rounds: 7, inner: 5) { _ = softmax(z, dim: -1) }
                context.measure("sum_10m", warmUp: 3, rounds: 7, inner: 5) { _ = x.sum() }
                context.measure("layernorm_4096x1024", warmUp: 3, rounds: 7, inner: 5) { _ = layerNorm(z, [1024]) }
                context.measure("transpose_copy_4096", warmUp: 3, rounds: 7, inner: 5) { _ = z.t().contiguous() }
            }
        },
        Workload(name: "matmul") { context in
            noGrad {
                for n in [64, 256, 1024, 2048] {
                    let a = Tensor.randn([n, n])
                    let b = Tensor.randn([n, n])
                    let work = 2 * Double(n * n * n)
                    context.measure(
                        "matmul_\(n)", warmUp: 5, rounds: 7, inner: max(1, 200_000_000 / (n * n * n)),
                        per: ("GFLOP/s", work / 1e9)
                    ) { _ = matmul(a, b) }
                }
            }
        },
        Workload(name: "optimizer_step") { context in
            let parameters = (0..<48).map { _ in Tensor.randn([768, 768], requiresGrad: true) }
            for parameter in parameters { parameter.grad = Tensor.randn([768, 768]) }
            let optimizer = AdamW(parameters, lr: 1e-3, weightDecay: 0.01)
            context.measure("adamw_28m_params", warmUp: 3, rounds: 7, inner: 3) { optimizer.step() }
        },
    ]

    // MARK: Inference

    private static let inference = [
        Workload(name: "infer") { context in
            inferenceMode {
                let mlp = context.prepared(MLP().eval())
                let x = Tensor.randn([1, 784])
                context.measure("mlp_infer_b1", warmUp: 50, rounds: 7, inner: 500) { _ = mlp(x) }
                let resnet = context.prepared(ResNet18().eval())
                let z = Tensor.randn([1, 3, 32, 32])
                context.measure("resnet18_infer_b1", warmUp: 5, rounds: 7, inner: 5) { _ = resnet(z) }
            }
        }
    ]

    // MARK: Loading, saving, starting

    private static let dataLoading = Workload(name: "dataloader") { context in
        let transform = Compose([ToTensor(), Normalize(mean: 0.1307, std: 0.3081)])
        let images = try MNIST(split: .train, root: context.dataRoot, download: false, transform: transform)
        for workers in [0, 2] {
            let loader = DataLoader(images, batchSize: 64, shuffle: true, workers: workers)
            context.measure("dataloader_mnist_w\(workers)", warmUp: 0, rounds: 3, inner: 1, per: ("samples/s", 60000)) {
                for _ in loader {}
            }
        }
    }

    private static let checkpointFiles = Workload(name: "checkpoint") { context in
        let model = GPT(GPT.Size(vocabulary: 50257, context: 1024, width: 768, heads: 12, blocks: 12))
        let gigabytes = Double(model.parameterCount() * 4) / 1e9
        try withTemporaryFile("torchlight-bench.safetensors") { path in
            try context.measure("save_safetensors_124m", warmUp: 1, rounds: 3, inner: 1, per: ("GB/s", gigabytes)) {
                try Safetensors.save(model.stateDict(), to: path)
            }
            try context.measure("load_safetensors_124m", warmUp: 1, rounds: 3, inner: 1, per: ("GB/s", gigabytes)) {
                try model.load(stateDict: Safetensors.load(path))
            }
            // The reference for saving: a plain copy that also replaces a file and is synchronised to the disk.
            try withTemporaryFile("torchlight-bench.copy") { copy in
                try context.measure("copy_file_124m", warmUp: 1, rounds: 3, inner: 1, per: ("GB/s", gigabytes)) {
                    try copyFile(path, to: copy)
                }
            }
        }
        try withTemporaryFile("torchlight-bench.pth") { path in
            try context.measure("save_pth_124m", warmUp: 1, rounds: 3, inner: 1, per: ("GB/s", gigabytes)) {
                try TorchFile.save(model.stateDict(), to: path)
            }
            try context.measure("load_pth_124m", warmUp: 1, rounds: 3, inner: 1, per: ("GB/s", gigabytes)) {
                try model.load(path)
            }
        }
    }

    private static let coldStart = Workload(name: "cold_start") { context in
        try context.measure("cold_start", warmUp: 0, rounds: 5, inner: 1) {
            try runSelf(["bench-cold-start"])
        }
    }
}
