import Testing
import Torchlight

/// A step that runs from its recording costs no more than the same step as written.
@Suite("What a compiled training step costs", .serialized)
struct CompiledStepTests {
    private func expectNoMore(_ label: String, _ model: any Layer, _ x: Tensor, _ y: Tensor) {
        let optimizer = Adam(model.parameters(), lr: 1e-3)
        let body = { (x: Tensor, y: Tensor) -> Tensor in
            optimizer.zeroGrad()
            let logits = model(x)
            let loss = crossEntropy(logits.reshape([-1, logits.size(-1)]), y.reshape([-1]))
            loss.backward()
            optimizer.step()
            return loss.detach()
        }
        let step = compile(body)
        for _ in 0..<3 {
            _ = body(x, y)
            _ = step(x, y)
        }
        let (eager, compiled) = (WorkCounts.of { _ = body(x, y) }, WorkCounts.of { _ = step(x, y) })
        #expect(step.report.graphs == 1, "\(label): \(step.report)")
        #expect(compiled.kernels <= eager.kernels, "\(label)")
        #expect(compiled.allocations <= eager.allocations, "\(label)")
        #expect(compiled.bytes <= eager.bytes, "\(label)")
    }

    @Test func trainingSteps() {
        expectNoMore(
            "perceptron", Sequential(Linear(16, 32), ReLU(), Dropout(0.2), Linear(32, 10)), Tensor.randn([8, 16]),
            Tensor.randint(0, 10, [8]))
        expectNoMore(
            "convolutions",
            Sequential(
                Conv2d(1, 4, kernelSize: 3), BatchNorm2d(4), ReLU(), MaxPool2d(2), Flatten(), Linear(4 * 13 * 13, 10)),
            Tensor.randn([2, 1, 28, 28]), Tensor.randint(0, 10, [2]))
        expectNoMore("GPT block", Block(), Tensor.randint(0, 11, [2, 8]), Tensor.randint(0, 11, [2, 8]))
    }

    private final class Block: Module, Layer {
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
}
