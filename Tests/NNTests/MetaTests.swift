import TestSupport
import Testing
import Torchlight

/// Models without memory: built, called, summarised and then given memory.
@Suite("Models on the device meta") struct MetaTests {
    private final class Net: Module, Layer {
        let conv = Conv2d(1, 4, kernelSize: 3, padding: 1)
        let norm = BatchNorm2d(4)
        let fc = Linear(4 * 8 * 8, 10)
        func forward(_ x: Tensor) -> Tensor { fc(relu(norm(conv(x))).flatten(from: 1)) }
    }

    @Test("A model is built and called without memory and without a kernel")
    func takesNoMemory() {
        // What this thread allocates: other tests run at the same time.
        var model: TransformerEncoderLayer!
        let construction = WorkCounts.of {
            model = withDevice(.meta) { TransformerEncoderLayer(4096, 32, dimFeedforward: 16384) }
        }
        #expect(model.parameters().allSatisfy { $0.device == .meta })
        #expect(construction.bytes < 1 << 20)
        var output: Tensor?
        let cost = WorkCounts.of { output = model(Tensor.zeros([2, 128, 4096], device: .meta)) }
        #expect(output?.shape == [2, 128, 4096])
        #expect(cost.kernels == 0)
        #expect(cost.bytes < 1 << 20)
    }

    @Test("A training step on meta gives gradients with the shapes of the parameters")
    func trains() {
        let model = withDevice(.meta) { Net() }
        let optimizer = Adam(model.parameters())
        let loss = crossEntropy(
            model(Tensor.zeros([2, 1, 8, 8], device: .meta)), Tensor.zeros([2], dtype: .int64, device: .meta))
        let cost = WorkCounts.of {
            loss.backward()
            clipGradNorm(model.parameters(), maxNorm: 1)
            optimizer.step()
        }
        #expect(cost.kernels == 0)
        for (name, parameter) in model.namedParameters() {
            #expect(parameter.grad?.shape == parameter.shape && parameter.grad?.device == .meta, "\(name)")
        }
    }

    @Test("A summary counts outputs, parameters, multiply-adds and activations, and leaves the model as it was")
    func summarises() {
        let model = Net()
        let weights = model.fc.weight.toArray(Float.self)
        var summary = model.summary(input: [3, 1, 8, 8])
        let cost = WorkCounts.of { summary = model.summary(input: [3, 1, 8, 8]) }
        #expect(cost.kernels == 0)
        let rows = Dictionary(uniqueKeysWithValues: summary.rows.map { ($0.name, $0) })
        #expect(rows["conv"]?.outputShape == [3, 4, 8, 8])
        #expect(rows["conv"]?.multiplyAdds == 3 * 8 * 8 * 4 * 9)
        #expect(rows["conv"]?.activationBytes == 3 * 4 * 8 * 8 * 4)
        #expect(rows["fc"]?.outputShape == [3, 10])
        #expect(rows["fc"]?.multiplyAdds == 3 * 256 * 10)
        #expect(rows["fc"]?.parameterCount == 2570)
        #expect(summary.multiplyAdds == 3 * 8 * 8 * 4 * 9 + 3 * 256 * 10)
        #expect(model.fc.weight.toArray(Float.self) == weights)
        #expect(model.isTraining && model.fc.weight.device == .cpu)
        #expect(model(Tensor.ones([3, 1, 8, 8])).shape == [3, 10])
    }

    @Test("toEmpty gives a model memory, into which a state dict is loaded")
    func toEmpty() throws {
        let source = Net()
        let model = withDevice(.meta) { Net() }
        model.toEmpty(device: .cpu)
        try model.load(stateDict: source.stateDict())
        let x = Tensor.ones([1, 1, 8, 8])
        source.eval()
        model.eval()
        #expect(model(x).equal(source(x)))
    }

    @Test("Values of a meta tensor are refused, with the reason")
    func refusesValues() {
        let x = withDevice(.meta) { Tensor.randn(2, 3) }
        #expect(x.device == .meta)
        for (name, read) in [
            ("item", { _ = x.sum().item() }), ("toArray", { _ = x.toArray(Float.self) }),
            ("toNestedArray", { _ = x.toNestedArray(Float.self) }),
            ("to", { _ = x.to(.cpu) }),
            ("nonzero", { _ = x.nonzero() }),
        ] as [(String, () -> Void)] {
            do {
                try checked { read() }
                Issue.record("\(name) gave values")
            } catch let error as TensorError {
                #expect(error.kind == .device && error.description.contains("meta"), "\(name): \(error)")
            } catch { Issue.record("\(name): \(error)") }
        }
    }

    @Test("Operands on two devices are refused, and the error names both and the fix")
    func refusesMixedDevices() throws {
        let error = try #require(throws: TensorError.self) {
            try checked { Tensor.ones(2, 3) + Tensor.zeros([2, 3], device: .meta) }
        }
        #expect(error.kind == .device)
        #expect(error.description.contains("on meta") && error.description.contains(".to(.meta)"))
    }
}
