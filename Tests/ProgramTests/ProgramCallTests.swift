import Foundation
import TestSupport
import Testing
import Torchlight
import TorchlightFiles

/// Calls of programs, and functions for compile and export, that are not valid or are made where others run.
@Suite("Calls of programs") struct ProgramCallTests {
    private static func model() -> Sequential {
        Generator(seed: 1).asDefault { Sequential(Linear(3, 4), GELU(), Linear(4, 2)) }.eval()
    }

    private static func program() throws -> Program {
        try export(model(), Tensor.ones(2, 3), dynamic: ["batch": 1...8])
    }

    @Test func inputsOfAnotherKind() throws {
        let program = try reloaded(Self.program())
        let calls: [(String, String, () -> Void)] = [
            ("a dtype", "float32", { _ = program(Tensor.ones([2, 3], dtype: .float64)) }),
            ("a rank", "[batch, 3]", { _ = program(Tensor.ones(3)) }),
            ("a size", "[batch, 3]", { _ = program(Tensor.ones(2, 4)) }),
            ("a size outside of the range", "1...8", { _ = program(Tensor.ones(9, 3)) }),
            ("a device", "on cpu", { _ = program(Tensor.ones([2, 3], device: .meta)) }),
            ("no input", "the number of inputs is wrong", { _ = program.run([Tensor]()) }),
            ("two inputs", "the number of inputs is wrong", { _ = program(Tensor.ones(2, 3), Tensor.ones(2, 3)) }),
            ("a missing name", "an input is missing", { _ = program.run([String: Tensor]()) }),
            ("an unknown name", "no input of this name", { _ = program.run(["x": Tensor.ones(2, 3)]) }),
            ("a failed operation", "add", { _ = program(Tensor.ones(2, 3) + Tensor.ones(2, 4)) }),
        ]
        for (label, part, call) in calls {
            let text = errorText(call)
            #expect(text.contains(part), "\(label): \(text)")
        }
        let x = Tensor.randn(2, 3, generator: Generator(seed: 2))
        #expect(hasSameBits(program(x), Self.model()(x)))
        // Other strides and offsets are the same input.
        #expect(hasSameBits(program(x.t().contiguous().t()), Self.model()(x)))
        let rows = cat([x, x], dim: 0)
        #expect(hasSameBits(program(rows.narrow(0, start: 2, length: 2)), Self.model()(x)))
        #expect(hasSameBits(program(x.clone().requiresGrad_()), Self.model()(x)) && !program(x).requiresGrad)
    }

    /// A program is no operation: it is refused where a function is recorded.
    @Test func programsInsideOfRecordedFunctions() throws {
        let program = try Self.program()
        let x = Tensor.ones(2, 3)
        let f = compile { (x: Tensor) in program(x) }
        #expect(errorText { _ = f(x) }.contains("a program runs inside a function that is being recorded"))
        #expect(errorText { _ = try export({ (x: Tensor) in program(x) }, x) }.contains("a program runs inside"))
        #expect(
            errorText { _ = vmap { (row: Tensor) in program(row.unsqueeze(0)) }(x) }.contains("a program runs inside"))
        let read = hostReading(program)
        #expect(hasSameBits(read(x), program(x)))
    }

    /// A compiled function may run a program on the host.
    private func hostReading(_ program: Program) -> (Tensor) -> Tensor {
        compile { (x: Tensor) -> Tensor in
            let result = Tensor.zeros(2, 2)
            hostCall(x) { result.copy_(program($0[0])) }
            return result * 1
        }.callAsFunction
    }

    @Test func callsFromSeveralThreads() throws {
        let program = try reloaded(Self.program())
        let model = Self.model()
        let inputs = (1...8).map { Tensor.randn($0, 3, generator: Generator(seed: UInt64($0))) }
        let expected = inputs.map { model($0) }
        let differences = Differences()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for i in 0..<24 where !hasSameBits(program(inputs[(i + thread) % 8]), expected[(i + thread) % 8]) {
                differences.add()
            }
        }
        #expect(differences.count == 0)
    }

    private final class Differences: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var count = 0
        func add() { lock.withLock { count += 1 } }
    }

    /// What the model becomes later is not that of the program, but for tensors that both share.
    @Test func modelsThatChangeAfterTheExport() throws {
        let model = Self.model()
        let x = Tensor.ones(2, 3)
        let program = try export(model, x)
        let expected = model(x).detach()
        (model[0] as! Linear).weight = Parameter(Tensor.zeros(4, 3))
        model.append(Linear(2, 2))
        #expect(hasSameBits(program(x), expected))
        let loaded = try reloaded(program)
        noGrad { _ = (model[2] as! Linear).weight.fill_(0) }
        #expect(!hasSameBits(program(x), expected) && hasSameBits(loaded(x), expected))
    }

    /// Memory that the host writes to is not part of a recording.
    @Test func writesWithoutAnOperation() {
        let w = Tensor.zeros(2)
        let writes: [(String, String, (Tensor) -> Tensor)] = [
            (
                "the bytes of a captured tensor", "the host changes",
                { x in
                    w.withUnsafeMutableBytes { $0.storeBytes(of: 1, as: Float.self) }
                    return x + w
                }
            ),
            (
                "the bytes of an argument", "the host changes",
                { x in
                    x.withUnsafeMutableBytes { $0.storeBytes(of: 1, as: Float.self) }
                    return x + 1
                }
            ),
            (
                "the bytes of a computed tensor", "the host changes",
                { x in
                    let y = x + 1
                    y.withUnsafeMutableBytes { $0.storeBytes(of: 1, as: Float.self) }
                    return y
                }
            ),
            (
                "the default generator", "the state of a random number generator",
                { x in
                    Generator.default.manualSeed(3)
                    return x + Tensor.rand([2])
                }
            ),
        ]
        for (label, part, function) in writes {
            Generator(seed: 5).asDefault {
                let compiled = compile { (x: Tensor) in function(x) }
                let text = errorText { _ = compiled(Tensor.ones(2)) }
                #expect(text.contains(part), "compile, \(label): \(text)")
                let exported = #expect(throws: TensorError.self, "export, \(label)") {
                    try export({ (x: Tensor) in function(x) }, Tensor.ones(2))
                }
                #expect("\(exported.map { "\($0)" } ?? "")".contains(part), "export, \(label)")
            }
        }
    }

    /// Recursion ends where Swift code ends it, and an exported function is one that calls itself without a recording of its own.
    @Test func recursion() throws {
        func power(_ x: Tensor, _ n: Int) -> Tensor { n == 0 ? Tensor.ones(like: x) : x * power(x, n - 1) }
        let program = try reloaded(export({ (x: Tensor) in power(x, 5) }, Tensor.ones(3)))
        let x = Tensor([1.0, 2, -3])
        #expect(hasSameBits(program(x), power(x, 5)))
        final class Box { var call: ((Tensor) -> Tensor)? }
        let box = Box()
        var depth = 0
        let f = compile { (x: Tensor) -> Tensor in
            depth += 1
            defer { depth -= 1 }
            return depth < 4 ? box.call!(x * 2) : x
        }
        box.call = { f($0) }
        #expect(f(x).toArray() == [8, 16, -24] && f(x).toArray() == [8, 16, -24])
        #expect(f.report.graphs == 1)
        box.call = nil
    }

    @Test func filesThatCannotBeWritten() throws {
        let program = try Self.program()
        let folder = TemporaryFolder()
        for path in ["/proc/none/p.tlp", folder("missing/p.tlp"), "", "/dev/full/p.tlp"] {
            #expect(throws: IOError.self, "\(path)") { try program.save(path) }
        }
        #expect(throws: IOError.self) { try Program.load(folder("none.tlp")) }
        // A file that is there stays as it was if another one cannot be written in its place.
        try program.save(folder("p.tlp"))
        let before = try Data(contentsOf: URL(filePath: folder("p.tlp")))
        #expect(throws: (any Error).self) { try program.save(folder("p.tlp/q.tlp")) }
        #expect(try Data(contentsOf: URL(filePath: folder("p.tlp"))) == before)
    }
}
