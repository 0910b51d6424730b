import TestSupport
import Testing
import Torchlight
import TorchlightIO

@testable import TorchlightCLI

struct ProgramCommandTests {
    @Test func `A program is inspected and run`() throws {
        let folder = TemporaryFolder()
        let model = Generator(seed: 1).asDefault { Sequential(Linear(3, 4), ReLU(), Linear(4, 2)) }
        try export(model.eval(), Tensor.ones(2, 3), dynamic: ["batch": 1...8]).save(folder("m.tlp"))
        let x = Tensor.randn(5, 3, generator: Generator(seed: 2))
        try NumpyFile.save(x, to: folder("x.npy"))
        try NumpyFile.save(x.to(.float64), to: folder("x64.npy"))
        try NumpyFile.save(x.to(.float64) / 3, to: folder("third.npy"))
        try RunProgram.parse([folder("m.tlp"), "--input", folder("x.npy"), "--output", folder("y.npy")]).run()
        #expect(try NumpyFile.load(folder("y.npy")).equal(model(x)))
        try RunProgram.parse([
            folder("m.tlp"), "--input", "input=\(folder("x64.npy"))", "--output", "output=\(folder("z.npy"))",
        ])
        .run()
        #expect(try NumpyFile.load(folder("z.npy")).equal(model(x)))
        for arguments in [[], ["--input", folder("third.npy")], ["--input", "a", "--input", "b"]] {
            #expect(throws: (any Error).self, "\(arguments)") {
                try RunProgram.parse([folder("m.tlp")] + arguments).run()
            }
        }
        var lines: [String] = []
        try Inspect.report(folder("m.tlp"), stats: false, values: 0, json: false) { lines.append($0) }
        let text = lines.joined(separator: "\n")
        for part in ["input: input: float32 [batch, 3]", "output: output", "batch in 1...8", "0.weight", "linear("] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        lines = []
        try Inspect.report(folder("m.tlp"), stats: false, values: 0, json: true) { lines.append($0) }
        let json = try JSON.parse(Array(lines.joined().utf8), file: "")
        #expect(json["format"]?.string == "program" && json["tensors"]?.elements?.count == 4)
    }

    /// Of two outputs in one file, only the last would remain.
    @Test func `Outputs have files of their own`() throws {
        let folder = TemporaryFolder()
        let two = { (x: Tensor) -> (Tensor, Tensor) in (x + 1, x * 2) }
        let program = try export({ (x: Tensor) -> [Tensor] in [two(x).0, two(x).1] }, Tensor([1.0]))
        try program.save(folder("two.tlp"))
        try NumpyFile.save(Tensor([1.0]), to: folder("x.npy"))
        try FileSystem.createDirectories(folder("sub"))
        let names = program.outputNames
        func run(_ first: String, _ second: String, _ more: String...) throws {
            try RunProgram.parse(
                [
                    folder("two.tlp"), "--input", folder("x.npy"), "--output", "\(names[0])=\(first)", "--output",
                    "\(names[1])=\(second)",
                ] + more
            ).run()
        }
        for second in [folder("a.npy"), folder("sub/../a.npy"), folder("./a.npy")] {
            let error = #expect(throws: IOError.self) { try run(folder("a.npy"), second) }
            #expect(error?.problem.contains(names[0]) == true && error?.problem.contains(names[1]) == true)
        }
        #expect(throws: IOError.self) { try run(folder("a.npy"), folder("b.npy"), "--save", folder("b.npy")) }
        #expect(throws: IOError.self) { try run(folder("a.npy"), folder("missing/b.npy")) }
        #expect(folder.names.sorted() == ["sub", "two.tlp", "x.npy"])
        try run("/dev/null", "/dev/null")
        try run(folder("a.npy"), folder("b.npy"))
        #expect(try NumpyFile.load(folder("a.npy")).item() == 2.0 && NumpyFile.load(folder("b.npy")).item() == 2.0)
    }

    @Test func `The state after the runs is saved`() throws {
        let folder = TemporaryFolder()
        let w = Tensor([1.0], requiresGrad: true)
        let optimizer = SGD([w], lr: 0.25)
        let step = { (x: Tensor) -> Tensor in
            optimizer.zeroGrad()
            let loss = (w * x).square().sum()
            loss.backward()
            optimizer.step()
            return loss
        }
        try export(step, Tensor([1.0])).save(folder("step.tlp"))
        try NumpyFile.save(Tensor([1.0]), to: folder("x.npy"))
        try RunProgram.parse(
            [folder("step.tlp"), "--input", folder("x.npy"), "--runs", "3", "--save", folder("after.tlp")]).run()
        let program = try Program.load(folder("after.tlp"))
        #expect(program.tensors.first?.tensor.item() == 0.125)
    }
}
