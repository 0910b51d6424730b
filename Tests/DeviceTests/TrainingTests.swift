import GuardedDevice
import TestSupport
import Testing
import Torchlight

/// Whole models on a device whose memory the host cannot touch: what they compute goes through the dispatcher, and is what
/// they compute on the CPU.
@Suite("Training on another device") struct TrainingTests {
    private final class Net: Module, Layer {
        // Generators of their own: tests that run beside these draw from the default one.
        let conv = Conv2d(1, 4, kernelSize: 3, padding: 1, generator: Generator(seed: 3))
        let norm = BatchNorm2d(4)
        let pool = MaxPool2d(2)
        let dropout = Dropout(0.25, generator: Generator(seed: 5))
        let fc = Linear(4 * 4 * 4, 10, generator: Generator(seed: 4))
        func forward(_ x: Tensor) -> Tensor { fc(dropout(pool(relu(norm(conv(x)))).flatten(from: 1))) }
    }

    /// The losses of some steps on digits that ship with the package.
    private func losses(
        on device: Device, steps: Int = 6, _ optimizer: ([Tensor]) -> any Optimizer
    ) -> [Float] {
        let model = Net().to(device)
        let optimizer = optimizer(model.parameters())
        let data = Digits(split: .train)
        var losses: [Float] = []
        for (images, labels) in DataLoader(data, batchSize: 32, shuffle: true, seed: 1) {
            if losses.count == steps { break }
            let (x, y) = (images.to(device), labels.to(device))
            optimizer.zeroGrad()
            let loss = crossEntropy(model(x), y, labelSmoothing: 0.1)
            loss.backward()
            clipGradNorm(model.parameters(), maxNorm: 1)
            optimizer.step()
            #expect(loss.device == device)
            losses.append(loss.item(Float.self))
        }
        return losses
    }

    @Test("Convolution, batch norm, dropout, clipping and each kind of optimiser give the CPU's losses, bit for bit")
    func trainsAsOnTheCPU() throws {
        let device = try #require(Device.guarded)
        let optimizers: [(String, ([Tensor]) -> any Optimizer)] = [
            ("SGD", { SGD($0, lr: 0.1, momentum: 0.9, nesterov: true) }), ("Adam", { Adam($0, lr: 0.01) }),
            ("AdamW", { AdamW($0, lr: 0.01) }), ("NAdam", { NAdam($0) }), ("RAdam", { RAdam($0) }),
            ("Adamax", { Adamax($0) }), ("Adagrad", { Adagrad($0) }), ("Adadelta", { Adadelta($0) }),
            ("RMSprop", { RMSprop($0, momentum: 0.5) }), ("Rprop", { Rprop($0) }), ("ASGD", { ASGD($0) }),
            ("Adafactor", { Adafactor($0) }),
        ]
        for (name, make) in optimizers {
            let expected = losses(on: .cpu, make)
            let found = losses(on: device, make)
            #expect(found == expected, "\(name)")
            #expect(!expected.contains { !$0.isFinite }, "\(name)")
        }
    }

    @Test("Recurrent layers, attention and transformers give the CPU's results and gradients, bit for bit")
    func sequencesAsOnTheCPU() throws {
        let device = try #require(Device.guarded)
        // One set of weights, moved from device to device: tests that run beside this one draw from the same generator.
        let embedding = Embedding(11, 8)
        let lstm = LSTM(8, 8)
        let gru = GRU(8, 8)
        let layer = TransformerEncoderLayer(8, 2, dimFeedforward: 16, dropout: 0)
        func run(_ device: Device) -> [Tensor] {
            for module in [embedding, lstm, gru, layer] as [Module] {
                module.zeroGrad()
                module.to(device)
            }
            let tokens = Tensor((0..<12).map { $0 * 5 % 11 }, shape: [4, 3]).to(device)
            let y = layer(gru(lstm(embedding(tokens)).output).output)
            y.square().mean().backward()
            let gradients = (embedding.parameters() + lstm.parameters() + gru.parameters() + layer.parameters())
                .compactMap(\.grad)
            return ([y.detach()] + gradients).map { $0.to(.cpu).clone() }
        }
        let expected = run(.cpu)
        let found = run(device)
        #expect(found.count == expected.count)
        for (a, b) in zip(found, expected) { #expect(a.equal(b)) }
    }

    @Test("Values and limits on the CPU go to the device of what they are for")
    func takesValuesOfTheCPU() throws {
        let device = try #require(Device.guarded)
        func results(_ device: Device) -> [Tensor] {
            let x = Tensor.arange(0, 12, dtype: .float64).reshape([4, 3]).to(device)
            x[Tensor([0, 2])] = Tensor([7.0, 8, 9], dtype: .float64)
            x[1] = Tensor([1.0, 2, 3], dtype: .float64)
            x[x > 8.5] = Tensor(0.5, dtype: .float64)
            return [x, x.pinverse(rcond: 1e-3), LinAlg.matrixRank(x, rtol: 1e-3)].map { $0.to(.cpu) }
        }
        for (found, expected) in zip(results(device), results(.cpu)) { #expect(found.equal(expected)) }
    }

    @Test("A model is saved from the device and loaded into one on it")
    func savesAndLoads() throws {
        let device = try #require(Device.guarded)
        let folder = TemporaryFolder()
        let source = Net().to(device)
        try source.save(folder("net.safetensors"))
        let model = Net().to(device)
        try model.load(folder("net.safetensors"))
        for (a, b) in zip(source.parameters(), model.parameters()) {
            #expect(b.device == device)
            #expect(a.equal(b))
        }
        #expect(source.fc.weight.description.contains("device='guarded'"))
    }
}
