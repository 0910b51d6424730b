import TestSupport
import Testing
import Torchlight

/// The text of an error; empty for none.
func text(_ error: TensorError?) -> String { error.map { "\($0)" } ?? "" }

/// The program after it was saved and loaded.
func reloaded(_ program: Program) throws -> Program {
    let folder = TemporaryFolder()
    try program.save(folder("p.tlp"))
    return try Program.load(folder("p.tlp"))
}

@Suite("Exported functions") struct ExportTests {
    private func network(_ seed: UInt64 = 1) -> Sequential {
        Generator(seed: seed).asDefault { Sequential(Linear(4, 8), GELU(), LayerNorm(8), Linear(8, 3)) }
    }

    @Test func layerWithNamesAndDynamicBatch() throws {
        let model = network()
        let x = Tensor.randn(5, 4, generator: Generator(seed: 2))
        let program = try reloaded(export(model.eval(), x, dynamic: ["batch": 1...64]))
        #expect(program.inputs.map(\.description) == ["input: float32 [batch, 4]"])
        #expect(program.outputNames == ["output"])
        #expect(program.sizes.map(\.description) == ["batch in 1...64"])
        #expect(program.tensors.map(\.name).sorted() == model.namedParameters().map(\.name).sorted())
        #expect(program.description.contains("[batch, 3]"), "\(program)")
        for n in [1, 2, 5, 33, 64] {
            let input = Tensor.randn(n, 4, generator: Generator(seed: UInt64(n)))
            #expect(hasSameBits(program(input), model(input)), "batch \(n)")
        }
        for shape in [[65, 4], [0, 4], [5, 3], [5]] {
            let error = #expect(throws: TensorError.self) { try checked { program(Tensor.ones(shape)) } }
            #expect(error?.kind == .shape, "\(shape): \(text(error))")
        }
        let error = #expect(throws: TensorError.self) { try checked { program(Tensor.ones([65, 4])) } }
        #expect(text(error).contains("batch") && text(error).contains("1...64"), "\(text(error))")
        #expect(throws: TensorError.self) { try checked { program(Tensor.ones([5, 4], dtype: .float64)) } }
    }

    @Test func severalDynamicSizes() throws {
        let attention = Generator(seed: 3).asDefault { MultiheadAttention(8, 2, batchFirst: true) }.eval()
        let positions = Tensor.randn(32, 8, generator: Generator(seed: 4))
        let f = { (x: Tensor) -> (Tensor, Tensor) in
            let n = x.size(1)
            let h =
                x + positions.narrow(0, start: 0, length: n) + Tensor.arange(n).to(.float32).unsqueeze(-1) / Double(n)
            let (y, weights) = attention(h, h, h)
            return (y.reshape([-1, 8]).mean(dim: 0), weights ?? y)
        }
        let program = try reloaded(
            export(
                f, Tensor.randn(3, 5, 8, generator: Generator(seed: 5)), dynamic: ["batch": 1...16, "length": 2...32]))
        for (batch, length) in [(3, 5), (1, 2), (16, 32), (7, 11)] {
            let x = Tensor.randn(batch, length, 8, generator: Generator(seed: UInt64(batch)))
            let (y, w) = f(x)
            let results = program.run([x])
            #expect(hasSameBits(results[0], y) && hasSameBits(results[1], w), "\(batch) \(length)")
        }
    }

    @Test func dynamicSizesByInput() throws {
        let f = { (a: Tensor, b: Tensor) in a.matmul(b.t()) / Double(b.size(0)) }
        let program = try export(
            f, Tensor.randn(3, 4, generator: Generator(seed: 1)), Tensor.randn(5, 4, generator: Generator(seed: 2)),
            dynamic: ["n": 1...9, "a": [0: "n"], "b": [-2: "m"]],
            inputNames: ["a", "b"], outputNames: ["scores"])
        let (a, b) = (
            Tensor.randn(7, 4, generator: Generator(seed: 3)), Tensor.randn(2, 4, generator: Generator(seed: 4))
        )
        #expect(hasSameBits(program.run(["a": a, "b": b])["scores"]!, f(a, b)))
        #expect(program.sizes.map(\.description) == ["n in 1...9", "m in 1...65536"])
        let leading = try export({ (x: Tensor) in x.exp() }, a, dynamic: ["batch", nil])
        #expect(leading.sizes.map(\.name) == ["batch"] && hasSameBits(leading.run([b])[0], b.exp()))
        for dynamic: DynamicDimensions in [
            ["n": 1...2], ["n": 1...9, "k": 1...9, "l": 1...9], DynamicDimensions(["n": 1...9], of: ["c": [0: "n"]]),
            DynamicDimensions(["n": 1...9], of: ["a": [2: "n"]]), DynamicDimensions(["n": 1...9], of: ["a": [0: "m"]]),
            DynamicDimensions(["n": 1...9, "n": 2...9], of: ["a": [0: "n"]]), ["n": -1...9], [""], ["a": [0: ""]],
        ] {
            #expect(throws: TensorError.self, "\(dynamic)") {
                try export(f, a, b, dynamic: dynamic, inputNames: ["a", "b"])
            }
        }
    }

    @Test func otherOperationsForOtherSizesAreNamed() throws {
        let f = { (x: Tensor) in x.size(0) > 6 ? x * 2 : x + 1 }
        let error = #expect(throws: TensorError.self) {
            try export(f, Tensor.ones(5, 2), dynamic: ["batch": 1...64])
        }
        #expect(text(error).contains("batch"), "\(text(error))")
    }

    @Test func exportLeavesEverythingAsItWas() throws {
        let model = Generator(seed: 1).asDefault { Sequential(Linear(4, 4), BatchNorm1d(4), Dropout(0.5)) }
        let generator = Generator(seed: 8)
        let optimizer = AdamW(model.parameters(), lr: 0.1)
        let before = model.stateDict().mapValues { $0.clone() }
        let step = { (x: Tensor) -> Tensor in
            optimizer.zeroGrad()
            let loss = model(x).square().mean()
            loss.backward()
            optimizer.step()
            return loss
        }
        try generator.asDefault {
            let x = Tensor.ones(6, 4) + Tensor.arange(6.0).unsqueeze(1)
            let state = generator.state
            _ = try export(step, x, dynamic: ["batch": 2...32])
            #expect(generator.state == state)
        }
        for (name, tensor) in model.stateDict() { #expect(hasSameBits(tensor, before[name]!), "\(name)") }
        #expect(model.parameters().allSatisfy { $0.grad == nil })
        #expect(optimizer.state().tensors.isEmpty)
    }

    @Test(arguments: ["SGD", "AdamW", "Muon", "RMSprop"])
    func trainingStepGoesOnAfterLoading(_ name: String) throws {
        let model = network()
        let optimizer: any Optimizer =
            switch name {
            case "SGD": SGD(model.parameters(), lr: 0.05, momentum: 0.9, nesterov: true)
            case "AdamW": AdamW(model.parameters(), lr: 0.01)
            case "Muon": Muon(model.parameters().filter { $0.rank == 2 })
            default: RMSprop(model.parameters(), lr: 0.01)
            }
        let step = { (x: Tensor, y: Tensor) -> (Tensor, Tensor) in
            optimizer.zeroGrad()
            let loss = crossEntropy(model(x), y)
            loss.backward()
            let norm = clipGradNorm(model.parameters(), maxNorm: 0.5)
            clipGradValue(model.parameters(), 0.2)
            optimizer.step()
            return (loss, norm)
        }
        func batch(_ n: Int) -> (Tensor, Tensor) {
            let generator = Generator(seed: UInt64(100 + n))
            return (Tensor.randn(6, 4, generator: generator), Tensor.randint(0, 3, [6], generator: generator))
        }
        // The state of an optimiser in the middle of the training is exported with the step.
        for n in 0..<2 { _ = step(batch(n).0, batch(n).1) }
        let exported = try export(step, batch(0).0, batch(0).1, model: model)
        var program = try reloaded(exported)
        for n in 2..<8 {
            let (x, y) = batch(n)
            let (loss, norm) = step(x, y)
            for (program, label) in [(exported, "exported"), (program, "loaded")] {
                let results = program.run([x, y])
                #expect(hasSameBits(results[0], loss) && hasSameBits(results[1], norm), "\(name), \(label), step \(n)")
            }
            if n == 4 { program = try reloaded(program) }
        }
        let trained = Dictionary(uniqueKeysWithValues: program.tensors.map { ($0.name, $0.tensor) })
        for (key, tensor) in model.namedParameters() {
            #expect(hasSameBits(try #require(trained[key], "\(key)"), tensor), "\(name) \(key)")
        }
    }

    @Test func gradientsThatAccumulate() throws {
        let w = Tensor.ones(3, requiresGrad: true)
        let f = { (x: Tensor) -> Tensor in
            (w * x).sum().backward()
            return w.grad! * 2
        }
        let fresh = try export(f, Tensor([1.0, 2, 3]))
        #expect(fresh(Tensor([1.0, 2, 3])).toArray() == [2, 4, 6])
        let error = #expect(throws: TensorError.self) { try checked { fresh(Tensor([1.0, 2, 3])) } }
        #expect(text(error).contains("zeroGrad"), "\(text(error))")
        w.grad = Tensor([1.0, 1, 1])
        let program = try reloaded(export(f, Tensor([1.0, 2, 3])))
        #expect(w.grad!.toArray() == [1, 1, 1])
        #expect(program(Tensor([1.0, 2, 3])).toArray() == [4, 6, 8])
        #expect(try reloaded(program)(Tensor([1.0, 2, 3])).toArray() == [6, 10, 14])
    }

    @Test func generatorsGoOnAfterLoading() throws {
        let own = Generator(seed: 4)
        let f = { (x: Tensor) in x + Tensor.randn(3, generator: own) }
        let program = try export(f, Tensor.zeros(3))
        _ = program(Tensor.zeros(3))
        let loaded = try reloaded(program)
        _ = f(Tensor.zeros(3))
        #expect(hasSameBits(loaded(Tensor.zeros(3)), f(Tensor.zeros(3))))
    }

    @Test func resultsDoNotShareMemoryWithTheProgram() throws {
        let w = Tensor([1.0, 2])
        let program = try export(
            { (x: Tensor) -> (Tensor, Tensor, Tensor) in (w, x, w.narrow(0, start: 1, length: 1)) }, Tensor([3.0]))
        let x = Tensor([3.0])
        for result in program.run([x]) { result.zero_() }
        #expect(program.run([x]).map { $0.toArray() } == [[1, 2], [3], [2]])
        #expect(x.item() == 3 && w.toArray() == [1, 2])
    }

    @Test func memoryLayoutsSurvive() throws {
        let model = Generator(seed: 1).asDefault { Conv2d(3, 4, kernelSize: 3) }
        let w = Tensor.randn(5, 4, generator: Generator(seed: 2)).t().contiguous().t()
        let f = { (x: Tensor) in model(x).flatten(1).mean(dim: 0)[0] * w }
        let x = Tensor.randn(2, 3, 6, 6, generator: Generator(seed: 3))
        #expect(hasSameBits(try reloaded(export(f, x))(x), f(x)))
    }

    @Test func whatCannotBeExported() throws {
        let functions: [(String, (Tensor) -> Tensor)] = [
            ("is read on the host", { $0 * $0.sum().item() }),
            (
                "hostCall",
                { x in
                    hostCall {}; return x
                }
            ),
            ("depends on elements", { $0.maskedSelect($0 .> 0) }),
            ("changes an argument", { $0.add_(1) }),
        ]
        for (part, f) in functions {
            let error = #expect(throws: TensorError.self, "\(part)") { try export(f, Tensor([1.0, -2])) }
            #expect(text(error).contains(part), "\(part): \(text(error))")
        }
        #expect(throws: TensorError.self) { try export({ (x: Tensor) in x.matmul(x) }, Tensor.ones(2, 3)) }
        struct Stop: Error {}
        #expect(throws: Stop.self) { try export({ (x: Tensor) -> Tensor in throw Stop() }, Tensor.ones(2)) }
    }

    @Test func obstaclesAreFoundAtOnce() throws {
        let counter = Tensor([0.0])
        let report = try explainCapture(
            { (x: Tensor) -> Tensor in
                if x.sum().item() > 0 { counter.add_(1) }
                let kept = x.maskedSelect(x .> 0)
                hostCall(kept) { _ in }
                return kept.mean() + x.max().item()
            }, Tensor([1.0, -2, 3]))
        let texts = report.obstacles.map(\.description)
        #expect(!report.canBeExported && counter.item() == 0)
        #expect(texts.count(where: { $0.contains("read on the host") }) >= 2, "\(report)")
        #expect(
            texts.contains { $0.contains("depends on elements") } && texts.contains { $0.contains("hostCall") },
            "\(report)")
        #expect(texts.allSatisfy { $0.contains("ExportTests.swift:") }, "\(report)")
        #expect(try explainCapture({ (x: Tensor) in relu(x) }, Tensor([1.0])).canBeExported)
    }
}
