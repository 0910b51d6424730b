import Foundation
import TestSupport
import Testing
import Torchlight
import TorchlightIO

@testable import TorchlightPrograms

/// Damaged, foreign and hostile program files give errors: they do not end the process, and do not take much time or memory.
@Suite("Hostile program files") struct HostileProgramTests {
    /// The JSON and the tensors of a program, to be changed.
    private struct Parts {
        var json: String
        var tensors: [UInt8]

        init(_ program: Program) throws {
            let folder = TemporaryFolder()
            try program.save(folder("p.tlp"))
            let entries = try ZipArchive.contents(of: folder("p.tlp"))
            json = String(decoding: entries.first { $0.name == "program.json" }!.bytes, as: UTF8.self)
            tensors = entries.first { $0.name == "tensors.safetensors" }!.bytes
        }

        func load() throws -> Program {
            let folder = TemporaryFolder()
            let file = try AtomicFile(folder("p.tlp"))
            let writer = ZipWriter(file, path: folder("p.tlp"), operation: "test")
            try writer.add("program.json", Array(json.utf8))
            try writer.add("tensors.safetensors", tensors)
            try writer.finish()
            try file.flush()
            try file.publish()
            return try Program.load(folder("p.tlp"))
        }
    }

    private static func layer() throws -> Program {
        let model = Generator(seed: 1).asDefault { Sequential(Linear(3, 4), ReLU(), BatchNorm1d(4), Dropout(0.5)) }
        return try export(model, Tensor.randn(5, 3, generator: Generator(seed: 2)), dynamic: ["batch": 2...9])
    }

    private static func step() throws -> Program {
        let model = Generator(seed: 1).asDefault { Sequential(Linear(3, 4), Tanh(), Linear(4, 2)) }
        let optimizer = AdamW(model.parameters())
        return try export(
            { (x: Tensor) -> Tensor in
                optimizer.zeroGrad()
                let loss = model(x).square().mean()
                loss.backward()
                clipGradNorm(model.parameters(), maxNorm: 1)
                optimizer.step()
                return loss
            }, Tensor.randn(5, 3, generator: Generator(seed: 2)))
    }

    @Test func brokenRules() throws {
        let parts = try Parts(Self.layer())
        let changes: [(String, String, String)] = [
            ("\"version\":1", "\"version\":7", "version 7"),
            ("torchlight-program", "another", "not a program"),
            ("\"operation\":\"linear\"", "\"operation\":\"launch\"", "no operation 'launch'"),
            ("\"operation\":\"linear\"", "\"operation\":\"fusedGroup\"", "no operation 'fusedGroup'"),
            ("\"operands\":[0,", "\"operands\":[99999,", "numbers below"),
            ("\"operands\":[0,", "\"operands\":[-1,", "numbers below"),
            ("\"dtype\":\"float32\"", "\"dtype\":\"float33\"", "dtype"),
            ("\"shape\":[4,3]", "\"shape\":[3,4]", "as recorded in the program"),
            ("\"shape\":[4,3]", "\"shape\":[4611686018427387904,3]", "as recorded in the program"),
            ("\"outputs\":[\"output\"]", "\"outputs\":[\"output\",\"output\"]", "have the same name"),
            ("\"outputs\":[\"output\"]", "\"outputs\":[\"a\",\"b\"]", "a name for each result"),
            ("\"maximum\":9", "\"maximum\":1", "minimum <= maximum"),
            ("\"argument\":0", "\"argument\":1", "below 1"),
        ]
        for (old, new, text) in changes {
            var changed = parts
            #expect(changed.json.contains(old), "\(old)")
            changed.json = changed.json.replacingOccurrences(of: old, with: new)
            let error = #expect(throws: IOError.self, "\(new)") { try changed.load() }
            #expect(error.map { "\($0)".contains(text) } ?? false, "\(new): \(error.map { "\($0)" } ?? "")")
        }
    }

    @Test func cyclesAndForwardReferences() throws {
        let program = try export({ (x: Tensor) in (x + 1).sin().cos() }, Tensor.ones(3))
        let parts = try Parts(program)
        // The operands of instruction 1 are those of a later one, its own results, or results are written twice.
        for (old, new) in [
            ("\"operands\":[2],\"results\":[3]", "\"operands\":[4],\"results\":[3]"),
            ("\"operands\":[2],\"results\":[3]", "\"operands\":[3],\"results\":[3]"),
            ("\"operands\":[2],\"results\":[3]", "\"operands\":[2],\"results\":[2]"),
            ("\"operands\":[2],\"results\":[3]", "\"operands\":[],\"results\":[3]"),
            ("\"operands\":[2],\"results\":[3]", "\"operands\":[2],\"results\":[3,4]"),
            ("\"operands\":[2],\"results\":[3]", "\"operands\":[2],\"results\":[0]"),
        ] {
            var changed = parts
            #expect(changed.json.contains(old), "\(old) in \(changed.json)")
            changed.json = changed.json.replacingOccurrences(of: old, with: new)
            let error = #expect(throws: IOError.self, "\(new)") { try changed.load() }
            #expect(error.map { "\($0)".contains("instruction") } ?? false, "\(new): \(error.map { "\($0)" } ?? "")")
        }
    }

    @Test func foreignAndDamagedFiles() throws {
        let folder = TemporaryFolder()
        try Self.layer().save(folder("p.tlp"))
        let bytes = Array(try Data(contentsOf: URL(filePath: folder("p.tlp"))))
        var random = TestRandom("damaged programs")
        func check(_ bytes: [UInt8], _ label: String) throws {
            try Data(bytes).write(to: URL(filePath: folder("d.tlp")))
            do {
                _ = try Program.load(folder("d.tlp"))
                Issue.record("\(label) was read, seed \(TestRandom.seed)")
            } catch {}
        }
        for length in [0, 1, 4, 100, bytes.count / 2, bytes.count - 1] {
            try check(Array(bytes[..<length]), "\(length) bytes")
        }
        try check(Array("{\"format\": \"torchlight-program\"}".utf8), "JSON")
        try check([UInt8](repeating: 0, count: 1000), "zeros")
        // The checksums find a changed byte of an entry.
        let start = try #require(bytes.firstRange(of: Array("{\"format\"".utf8)))
        for _ in 0..<40 {
            var changed = bytes
            let place = Int.random(in: start.lowerBound..<start.lowerBound + 2000, using: &random)
            changed[place] ^= UInt8.random(in: 1...255, using: &random)
            try check(changed, "byte \(place)")
        }
        try NumpyFile.save(Tensor.ones(2), to: folder("x.npy"))
        let error = #expect(throws: IOError.self) { try Program.load(folder("x.npy")) }
        #expect(error.map { "\($0)".contains("NumPy") } ?? false)
        #expect(throws: IOError.self) { try TensorFile.load(folder("p.tlp")) }
    }

    @Test func deepAndRepeatedJSON() throws {
        var parts = try Parts(Self.layer())
        let json = parts.json
        parts.json = String(repeating: "[", count: 100_000)
        #expect(throws: IOError.self) { try parts.load() }
        parts.json = json.replacingOccurrences(of: "\"version\":1", with: "\"version\":1,\"version\":1")
        #expect(throws: IOError.self) { try parts.load() }
        parts.json = json.replacingOccurrences(
            of: "\"attributes\":{",
            with: "\"attributes\":{\"a\":\(String(repeating: "[", count: 70))\(String(repeating: "]", count: 70)),")
        #expect(throws: IOError.self) { try parts.load() }
    }

    /// Any value of the JSON replaced by another one: an error, or a program that runs or reports an error. In a process of its own, so
    /// that a trap is a failure of this test.
    @Test func mutations() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            try HostileProgramTests.runMutations()
        }
        recordStandardError(of: result)
    }

    /// Tries each change in a process of its own, and prints those that end it or take more than 20 seconds.
    private static func runMutations() throws {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGFPE, SIGABRT] { signal(number) { _ in _exit(2) } }
        typealias Fork = @convention(c) () -> pid_t
        let fork = unsafeBitCast(dlsym(nil, "fork"), to: Fork.self)
        var random = TestRandom("mutated programs")
        for (name, program) in [("layer", try layer()), ("step", try step())] {
            let parts = try Parts(program)
            let json = try JSON.parse(Array(parts.json.utf8), file: "")
            for round in 0..<200 {
                var damaged = parts
                damaged.json = changed(json, &random).text()
                let child = fork()
                if child == 0 {
                    alarm(20)
                    attempt(damaged)
                    _exit(0)
                }
                var status: Int32 = 0
                while waitpid(child, &status, 0) < 0 && errno == EINTR {}
                if status == 0 { continue }
                writeToStandardError(
                    "seed \(TestRandom.seed), \(name) \(round), status \(status): \(difference(parts.json, damaged.json))\n"
                )
            }
        }
    }

    /// Loads a program and runs it, if it can be loaded.
    private static func attempt(_ parts: Parts) {
        guard let program = try? parts.load() else { return }
        let inputs = program.inputs.map { input in
            let shape = input.shape.map { size in if case .fixed(let n) = size { Swift.min(n, 64) } else { 3 } }
            return Tensor.ones(shape, dtype: input.dtype)
        }
        _ = try? checked { program.run(inputs) }
    }

    private static func difference(_ a: String, _ b: String) -> String {
        let (first, second) = (Array(a.utf8), Array(b.utf8))
        let start = zip(first, second).prefix { $0 == $1 }.count
        return String(decoding: second[Swift.max(start - 120, 0)..<Swift.min(start + 80, second.count)], as: UTF8.self)
    }

    private static func changed(_ json: JSON, _ random: inout TestRandom) -> JSON {
        switch json.content {
        case .object(let members) where !members.isEmpty && Int.random(in: 0..<12, using: &random) > 0:
            var members = members
            let i = Int.random(in: 0..<members.count, using: &random)
            members[i] = .init(name: members[i].name, value: changed(members[i].value, &random), offset: 0)
            return JSON(.object(members))
        case .array(let elements) where !elements.isEmpty && Int.random(in: 0..<12, using: &random) > 0:
            var elements = elements
            let i = Int.random(in: 0..<elements.count, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: elements.remove(at: i)
            case 1: elements.append(elements[i])
            case 2: elements.swapAt(i, 0)
            default: elements[i] = changed(elements[i], &random)
            }
            return .array(elements)
        case .number(let text):
            let near = (Int(text) ?? 0) &+ Int.random(in: -3...3, using: &random)
            let others = [near, near, near, 0, -1, 1 << 40, Int.max, Int.min]
            return .int(others.randomElement(using: &random)!)
        default:
            let others: [JSON] = [nil, true, 0, -1, 0.5, "x", "float64", "int64", "bool", [], [:], [1, 2], .int(.max)]
            return others.randomElement(using: &random)!
        }
    }
}
