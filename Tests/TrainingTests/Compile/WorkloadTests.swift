import TestSupport
import Testing
import Torchlight

/// Small versions of the benchmark's workloads, and everything that a training loop changes between steps.
@Suite("Compiled training steps equal eager ones") struct WorkloadTests {
    private static let labels = Tensor([0, 2, 1, 2])

    private static func program(
        _ model: any Layer, _ optimizer: any Optimizer, _ inputs: [[Tensor]], clip: Double? = nil
    ) -> TrainingProgram {
        TrainingProgram(model: model, inputs: inputs) { inputs in
            optimizer.zeroGrad()
            let logits = model(inputs[0])
            let loss = crossEntropy(logits.reshape([-1, logits.size(-1)]), inputs[1].reshape([-1]))
            loss.backward()
            if let clip { clipGradNorm(model.parameters(), maxNorm: clip) }
            optimizer.step()
            return [loss.detach()]
        }
    }

    private static func perceptron(_ make: ([Tensor]) -> any Optimizer) -> TrainingProgram {
        let model = Sequential(Linear(6, 8), ReLU(), Linear(8, 3))
        return program(model, make(model.parameters()), [[Tensor.randn([4, 6]), labels]])
    }

    @Test func everyOptimizer() {
        let optimizers: [(String, ([Tensor]) -> any Optimizer)] = [
            ("SGD", { SGD($0, lr: 0.1) }), ("momentum", { SGD($0, lr: 0.1, momentum: 0.9, nesterov: true) }),
            ("Adam", { Adam($0, lr: 0.01) }), ("AMSGrad", { Adam($0, lr: 0.01, amsgrad: true) }),
            ("AdamW", { AdamW($0, lr: 0.01) }), ("NAdam", { NAdam($0) }), ("RAdam", { RAdam($0) }),
            ("Adamax", { Adamax($0) }), ("Adagrad", { Adagrad($0) }), ("Adadelta", { Adadelta($0) }),
            ("RMSprop", { RMSprop($0) }), ("Rprop", { Rprop($0) }), ("ASGD", { ASGD($0) }),
            ("Adafactor", { Adafactor($0) }), ("Muon", { Muon($0.filter { $0.rank == 2 }) }),
        ]
        for (name, make) in optimizers {
            // Biases, which Muon does not have, keep their gradients after the first step: that is another graph.
            expectCompiledEqualsEager(name, graphs: name == "Muon" ? 2 : 1) { Self.perceptron(make) }
        }
    }

    @Test func learningRatesThatChange() {
        expectCompiledEqualsEager("set between steps", graphs: 1) {
            let model = Sequential(Linear(6, 8), Tanh(), Linear(8, 3))
            let optimizer = Adam(model.parameters(), lr: 0.1)
            var program = Self.program(model, optimizer, [[Tensor.randn([4, 6]), Self.labels]])
            program.before = { optimizer.learningRates = [0.1 / Double($0 + 1)] }
            return program
        }
        expectCompiledEqualsEager("a scheduler in the step", graphs: 1) {
            let model = Sequential(Linear(6, 8), Tanh(), Linear(8, 3))
            let optimizer = SGD(model.parameters(), lr: 0.1)
            let scheduler = ExponentialLR(optimizer, gamma: 0.5)
            let inner = Self.program(model, optimizer, [[Tensor.randn([4, 6]), Self.labels]], clip: 0.1)
            return TrainingProgram(model: model, inputs: inner.inputs) {
                defer { scheduler.step() }
                return inner.step($0)
            }
        }
    }

    @Test func convolutionsWithBatchNormAndDropout() {
        expectCompiledEqualsEager("two batch sizes", steps: 6, graphs: 2) {
            let model = Sequential(
                Conv2d(1, 4, kernelSize: 3), BatchNorm2d(4), ReLU(), MaxPool2d(2), Dropout(0.3), Flatten(),
                Linear(36, 3))
            return Self.program(
                model, Adam(model.parameters(), lr: 0.01),
                [
                    [Tensor.randn([4, 1, 8, 8]), Self.labels],
                    [Tensor.randn([2, 1, 8, 8]), Tensor([1, 0])],
                ], clip: 1)
        }
    }

    @Test func modesAndFrozenLayers() {
        expectCompiledEqualsEager("training and evaluation in turn", steps: 6) {
            let model = Sequential(Linear(6, 8), BatchNorm1d(8), Dropout(0.5), Linear(8, 3))
            var program = Self.program(
                model, SGD(model.parameters(), lr: 0.1), [[Tensor.randn([4, 6]), Self.labels]])
            program.before = { model.train($0 % 2 == 0) }
            return program
        }
        expectCompiledEqualsEager("a layer that is frozen later", steps: 6, graphs: 2) {
            let first = Linear(6, 8)
            let model = Sequential(first, ReLU(), Linear(8, 3))
            var program = Self.program(
                model, SGD(model.parameters(), lr: 0.1), [[Tensor.randn([4, 6]), Self.labels]])
            program.before = { if $0 == 3 { first.requiresGrad_(false) } }
            return program
        }
    }

    private final class Recurrent: Module, Layer {
        let embedding = Embedding(11, 8)
        let lstm = LSTM(8, 12, numLayers: 2, batchFirst: true, dropout: 0.2)
        let out = Linear(12, 11)

        func forward(_ tokens: Tensor) -> Tensor { out(lstm(embedding(tokens)).output) }
    }

    private final class Block: Module, Layer {
        let embedding = Embedding(11, 16)
        let (ln1, ln2) = (LayerNorm(16), LayerNorm(16))
        let (qkv, proj) = (Linear(16, 48), Linear(16, 16))
        let (up, down) = (Linear(16, 64), Linear(64, 16))
        let dropout = Dropout(0.1)

        func forward(_ tokens: Tensor) -> Tensor {
            var x = embedding(tokens)
            let (n, t) = (x.size(0), x.size(1))
            let parts = qkv(ln1(x)).chunk(3, dim: 2).map { $0.reshape([n, t, 2, 8]).transpose(1, 2) }
            let heads = scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true)
            x = x + dropout(proj(heads.transpose(1, 2).reshape([n, t, 16])))
            x = x + down(gelu(up(ln2(x)), approximate: .tanh))
            return linear(x, embedding.weight)
        }
    }

    private final class Residual: Module, Layer {
        let (conv1, conv2) = (Conv2d(3, 3, kernelSize: 3, padding: 1), Conv2d(3, 3, kernelSize: 3, padding: 1))
        let (bn1, bn2) = (BatchNorm2d(3), BatchNorm2d(3))
        let out = Linear(3, 3)

        func forward(_ x: Tensor) -> Tensor {
            let y = relu(bn2(conv2(relu(bn1(conv1(x))))) + x)
            return out(y.mean(dim: [2, 3]))
        }
    }

    @Test func sequencesAndResidualNetworks() {
        let tokens = { [[Tensor.randint(0, 11, [2, 6]), Tensor.randint(0, 11, [2, 6])]] }
        expectCompiledEqualsEager("LSTM", graphs: 1) {
            let model = Recurrent()
            return Self.program(model, Adam(model.parameters(), lr: 0.01), tokens(), clip: 0.5)
        }
        expectCompiledEqualsEager("GPT", graphs: 1) {
            let model = Block()
            return Self.program(model, AdamW(model.parameters(), lr: 0.01), tokens())
        }
        expectCompiledEqualsEager("residual network", graphs: 1) {
            let model = Residual()
            return Self.program(
                model, SGD(model.parameters(), lr: 0.1, momentum: 0.9), [[Tensor.randn([4, 3, 6, 6]), Self.labels]])
        }
    }

    @Test func autocastAndAccumulatedGradients() {
        expectCompiledEqualsEager("autocast", graphs: 1) {
            let model = Block()
            let optimizer = AdamW(model.parameters(), lr: 0.01)
            return TrainingProgram(
                model: model, inputs: [[Tensor.randint(0, 11, [2, 6]), Tensor.randint(0, 11, [2, 6])]]
            ) { inputs in
                let loss = autocast { crossEntropy(model(inputs[0]).reshape([-1, 11]), inputs[1].reshape([-1])) }
                optimizer.zeroGrad()
                loss.backward()
                optimizer.step()
                return [loss.detach()]
            }
        }
        // The first step finds no gradients, the others add to them.
        expectCompiledEqualsEager("gradients that are never cleared", graphs: 2) {
            let model = Sequential(Linear(6, 8), ReLU(), Linear(8, 3))
            let optimizer = SGD(model.parameters(), lr: 0.01)
            return TrainingProgram(model: model, inputs: [[Tensor.randn([4, 6]), Self.labels]]) { inputs in
                let loss = crossEntropy(model(inputs[0]), inputs[1])
                loss.backward()
                optimizer.step()
                return [loss.detach()]
            }
        }
    }

    @Test func compiledModelsInAnEagerLoop() {
        func train(_ isCompiled: Bool) -> [Tensor] {
            Generator(seed: 3).asDefault {
                let model = Sequential(Linear(6, 8), BatchNorm1d(8), ReLU(), Linear(8, 3))
                let optimizer = Adam(model.parameters(), lr: 0.01)
                let compiled = model.compiled()
                let x = Tensor.randn([4, 6])
                for _ in 0..<4 {
                    optimizer.zeroGrad()
                    crossEntropy(isCompiled ? compiled(x) : model(x), Self.labels).backward()
                    optimizer.step()
                }
                if isCompiled { #expect(compiled.report.graphs == 1 && compiled.report.replays == 3) }
                return (model.parameters() + model.buffers()).map { $0.detach() }
            }
        }
        for (a, b) in zip(train(false), train(true)) { #expect(hasSameBits(a, b), "\(a.shape)") }
    }
}
