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
    }
}
