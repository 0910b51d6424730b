import Testing
import Torchlight

/// What one training step costs once the loop is warm: nothing from the system, and the same kernels and bytes each time.
///
/// The numbers are held exactly. Where a change makes one larger, say why beside it; where it makes one smaller, lower it.
@Suite("What a training step costs", .serialized)
struct StepTests {
    private func expect(kernels: Int, allocations: Int, bytes: Int, _ step: () -> Void) {
        for _ in 0..<3 { step() }
        let steps = (0..<3).map { _ in WorkCounts.of(step) }
        // The least of several, because other suites take blocks from the same pool meanwhile.
        #expect(steps.map(\.systemAllocations).min() == 0, "a step asks the system for memory")
        for step in steps {
            #expect(step.kernels == kernels)
            #expect(step.allocations == allocations)
            #expect(step.bytes == bytes)
        }
    }

    /// The usual loop around a model. The graph goes with the loss: a pass that frees it is noted by the watch for kept
    /// graphs, which counts the nodes of all threads and would take what other suites build for growth.
    private func step(
        _ model: any Layer, _ optimizer: any Optimizer, _ x: Tensor, _ y: Tensor
    ) -> () -> Void {
        {
            optimizer.zeroGrad()
            let logits = model(x)
            crossEntropy(logits.reshape([-1, logits.size(-1)]), y.reshape([-1])).backward(retainGraph: true)
            optimizer.step()
        }
    }

    @Test("a perceptron with dropout and Adam")
    func perceptron() {
        let model = Sequential(Linear(16, 32), ReLU(), Dropout(0.2), Linear(32, 10))
        let (x, y) = (Tensor.randn([8, 16]), Tensor.randint(0, 10, [8]))
        expect(
            kernels: 19, allocations: 22, bytes: 10_668, step(model, Adam(model.parameters(), lr: 1e-3), x, y))
    }

    @Test("a convolutional network with batch normalisation and SGD")
    func convolutional() {
        let model = Sequential(
            Conv2d(1, 4, kernelSize: 3), BatchNorm2d(4), ReLU(), MaxPool2d(2), Flatten(), Linear(4 * 13 * 13, 10))
        let (x, y) = (Tensor.randn([2, 1, 28, 28]), Tensor.randint(0, 10, [2]))
        expect(
            kernels: 23, allocations: 30, bytes: 178_988,
            step(model, SGD(model.parameters(), lr: 0.01, momentum: 0.9), x, y))
    }

    @Test("a block of a GPT with AdamW")
    func block() {
        final class Model: Module, Layer {
            let embedding = Embedding(11, 16)
            let (ln1, ln2) = (LayerNorm(16), LayerNorm(16))
            let (qkv, proj) = (Linear(16, 48), Linear(16, 16))
            let (up, down) = (Linear(16, 64), Linear(64, 16))

            func forward(_ tokens: Tensor) -> Tensor {
                var x = embedding(tokens)
                let (n, t) = (x.size(0), x.size(1))
                let parts = qkv(ln1(x)).chunk(3, dim: 2).map { $0.reshape([n, t, 2, 8]).transpose(1, 2) }
                let heads = scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true)
                x = x + proj(heads.transpose(1, 2).reshape([n, t, 16]))
                x = x + down(gelu(up(ln2(x)), approximate: .tanh))
                return linear(x, embedding.weight)
            }
        }
        let model = Model()
        let (x, y) = (Tensor.randint(0, 11, [2, 8]), Tensor.randint(0, 11, [2, 8]))
        expect(
            kernels: 39, allocations: 46, bytes: 50_772,
            step(model, AdamW(model.parameters(), lr: 1e-3, weightDecay: 0.1), x, y))
    }

    @Test("an LSTM of two layers with Adam")
    func recurrent() {
        final class Model: Module, Layer {
            let embedding = Embedding(11, 8)
            let lstm = LSTM(8, 12, numLayers: 2, batchFirst: true)
            let out = Linear(12, 11)

            func forward(_ tokens: Tensor) -> Tensor { out(lstm(embedding(tokens)).output) }
        }
        let model = Model()
        let (x, y) = (Tensor.randint(0, 11, [2, 6]), Tensor.randint(0, 11, [2, 6]))
        expect(
            kernels: 39, allocations: 54, bytes: 32_484, step(model, Adam(model.parameters(), lr: 1e-3), x, y))
    }

    @Test("views cost no kernel and no bytes")
    func views() {
        let x = Tensor.ones(4)
        let counts = WorkCounts.of {
            let y = x + x
            _ = (y * 2).reshape([2, 2])
        }
        // The sum, the product and the 2, which is a tensor of one number.
        #expect(counts.kernels == 2 && counts.bytes == 40)
        #expect(Memory.statistics.reserved >= Memory.statistics.allocated)
    }
}
