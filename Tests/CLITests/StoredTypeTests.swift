import ArgumentParser
import TestSupport
import Testing
import Torchlight

@testable import TorchlightCLI
@testable import TorchlightIO

/// What the tool does with element types that have no dtype here, with names and with figures.
@Suite struct StoredTypeTests {
    private let folder = TemporaryFolder()

    private func convert(_ arguments: String...) throws {
        let command = try #require(try TorchlightCommand.parseAsRoot(["convert"] + arguments) as? Convert)
        try command.run()
    }

    private func compare(_ a: String, _ b: String) throws -> [String] {
        try Comparison(FileListing(a), FileListing(b), tolerance: nil).lines.map(\.text)
    }

    private func inspect(_ path: String, values: Int = 0, json: Bool = false) throws -> String {
        var text = ""
        try Inspect.report(path, stats: values > 0, values: values, json: json) { text += $0 + "\n" }
        return text
    }

    /// A safetensors file of one tensor `w` of eight bytes in a type, and a plain one beside it.
    private func write(_ type: String, shape: [Int], _ data: [UInt8], to path: String) throws {
        let header = SafetensorsHeader(
            tensors: [("w", type, shape, data.count), ("plain", "I64", [1], 8)], metadata: nil)
        var bytes = [UInt8](repeating: 0, count: header.entries.map(\.range.upperBound).max()!)
        bytes.replaceSubrange(0..<header.encoded().count, with: header.encoded())
        let range = header.entries.first { $0.name == "w" }!.range
        bytes.replaceSubrange(range, with: data)
        try AtomicFile.write(bytes, to: path)
    }

    static let types: [(name: String, shape: [Int])] = [
        ("U16", [4]), ("U32", [2]), ("U64", [1]), ("F8_E4M3", [8]), ("F8_E5M2", [2, 4]), ("F8_E4M3FNUZ", [8]),
        ("F8_E5M2FNUZ", [8]), ("F8_E8M0", [8]), ("C64", [1]), ("F4", [16]), ("NEW", [8]),
    ]

    @Test(arguments: types.indices) func convertingKeepsTypesAndBits(index: Int) throws {
        let (type, shape) = Self.types[index]
        let data: [UInt8] = [0x38, 0xC0, 0xFF, 0x81, 0x00, 0x80, 0x7F, 0xFE]
        let source = folder("a.safetensors")
        try write(type, shape: shape, data, to: source)
        let listed = try Safetensors.header(of: source).entries.first { $0.name == "w" }
        for (ending, isKept) in [
            ("safetensors", true), ("safetensors.index.json", true), ("pth", !["F4", "NEW"].contains(type)),
            ("npz", type.hasPrefix("U") || type == "C64"),
        ] {
            let path = folder("b.\(ending)")
            guard isKept else {
                #expect(throws: (any Error).self, "\(type) to \(ending)") { try convert(source, path) }
                #expect(!FileSystem.isFile(path), "\(type) to \(ending)")
                continue
            }
            try convert(source, path)
            #expect(try compare(source, path) == [], "\(type) to \(ending)")
            try convert(path, folder("c.safetensors"))
            let back = try Safetensors.header(of: folder("c.safetensors")).entries.first { $0.name == "w" }
            #expect(back?.dtype == type && back?.shape == listed?.shape, "\(type) through \(ending)")
            let bytes = try FileSystem.read(folder("c.safetensors"))
            #expect(Array(bytes[back!.range]) == data, "\(type) through \(ending)")
        }
        try convert(source, folder("d.safetensors"), "--rename", "w=v")
        #expect(try Safetensors.header(of: folder("d.safetensors")).entries.first { $0.name == "v" }?.dtype == type)
    }

    @Test func diffComparesTypesAndBits() throws {
        let data: [UInt8] = [1, 0, 0, 0, 2, 0, 0, 0]
        try write("U32", shape: [2], data, to: folder("a"))
        try Safetensors.save(["w": Tensor([1, 2]), "plain": Tensor([0])], to: folder("b"))
        #expect(try compare(folder("a"), folder("b")) == ["w: U32 and int64; equal values"])
        try write("NEW", shape: [8], data, to: folder("c"))
        try write("NEW", shape: [8], [9] + data.dropFirst(), to: folder("d"))
        #expect(try compare(folder("c"), folder("c")).isEmpty)
        #expect(try compare(folder("c"), folder("d")).first?.contains("different bits") == true)
    }

    @Test func namesAreComparedAsBytes() throws {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        let first = [(key: composed, value: Tensor([1.0])), (key: decomposed, value: Tensor([7.0]))]
        let second = [(key: composed, value: Tensor([1.0])), (key: decomposed, value: Tensor([-7.0]))]
        try Safetensors.save(first, to: folder("a.safetensors"))
        try Safetensors.save(second, to: folder("b.safetensors"))
        let lines = try compare(folder("a.safetensors"), folder("b.safetensors"))
        #expect(lines.count == 1 && lines.first?.hasPrefix(decomposed) == true, "\(lines)")
        try convert(folder("a.safetensors"), folder("c.npz"))
        #expect(try compare(folder("a.safetensors"), folder("c.npz")).isEmpty)
    }

    @Test func figuresOfEveryBitPatternAreJSON() throws {
        let nan32 = Float(bitPattern: 0xFFFF_FFFF)
        let signaling = Float(bitPattern: 0x7F80_0001)
        var tensors: [String: Tensor] = [
            "f32": Tensor([
                nan32, signaling, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
            ])
        ]
        tensors["f64"] = Tensor(
            [Double(bitPattern: .max), Double.leastNonzeroMagnitude, -.infinity, Double.greatestFiniteMagnitude],
            dtype: .float64)
        for dtype in [DType.float16, .bfloat16] {
            tensors["\(dtype)"] = Tensor([Float.nan, -.infinity, 1]).to(dtype)
        }
        try Safetensors.save(tensors, to: folder("a"))
        let json = try JSON.parse(Array(inspect(folder("a"), values: 9, json: true).utf8), file: "json")
        for tensor in try #require(json["tensors"]?.elements) {
            let texts = tensor["values"]!.elements!.compactMap(\.string)
            #expect(texts.allSatisfy { ["nan", "inf", "-inf"].contains($0) } && texts.contains("nan"), "\(texts)")
        }
        #expect(try inspect(folder("a"), values: 2).contains("[nan, nan, ...]"))
    }

    @Test func convertSaysWhatADTypeCannotHold() throws {
        try Safetensors.save(["w": Tensor([1e6, 1e-9, 1.0])], to: folder("a.safetensors"))
        let arguments = ["convert", folder("a.safetensors"), folder("b.safetensors"), "--dtype", "f16"]
        let command = try #require(try TorchlightCommand.parseAsRoot(arguments) as? Convert)
        let (tensors, warnings) = try command.tensors(of: FileListing(folder("a.safetensors")))
        #expect(tensors.map(\.type) == ["float16"])
        #expect(
            warnings == [
                "warning: w: 1 value beyond the range of float16 became infinite",
                "warning: w: 1 value too small for float16 became 0",
            ])
    }

    @Test(arguments: ["b.bin", "b.ckpt", "b.PTH", "b.Safetensors", "b.NPZ"]) func endingsOfOutput(name: String) throws {
        try Safetensors.save(["w": Tensor([1.0])], to: folder("a.safetensors"))
        try convert(folder("a.safetensors"), folder(name))
        #expect(try compare(folder("a.safetensors"), folder(name)).isEmpty)
    }

    @Test func adviceNamesFlags() throws {
        try Safetensors.save(
            ["module.a.w": Tensor([1.0]), "h.b": Tensor([1.0], dtype: .bfloat16)], to: folder("a.safetensors"))
        for (arguments, text) in [
            (["b.safetensors", "--rename", "module.*=*"], "--rename \"module.**=**\""),
            (["b.safetensors", "--rename", "none=x"], "--rename \"none=x\""),
            (["b.safetensors", "--rename", "h.b=*"], "--rename \"h.b=*\" has more wildcards"),
            (["b.npz"], "--dtype f32"),
        ] {
            let error = #expect(throws: Failure.self) {
                let paths = [folder("a.safetensors"), folder(arguments[0])]
                let command = try TorchlightCommand.parseAsRoot(["convert"] + paths + arguments.dropFirst()) as? Convert
                try command?.run()
            }
            #expect(error?.text.contains(text) == true && error?.text.contains(".rename(") == false, "\(error as Any)")
        }
    }

    @Test func adviceFitsTheElementType() throws {
        try TorchFile.save(["z": Tensor.zeros([2], dtype: .complex128), "x": Tensor([1.0])], to: folder("a.pth"))
        let failure = #expect(throws: Failure.self) { try convert(folder("a.pth"), folder("b.safetensors")) }
        let text = try #require(failure).text
        #expect(text.hasSuffix("; a file of the format .pth or .npz can hold all tensors"), "\(text)")
        #expect(!text.contains("--dtype"), "\(text)")
    }

    @Test func helpStatesEachDefaultOnce() {
        for command in [TrainMNIST.self, Inspect.self, Convert.self, Diff.self, Bench.self]
            as [any ParsableCommand.Type]
        {
            let text = TorchlightCommand.helpMessage(for: command, columns: 10_000)
            for line in text.split(separator: "\n") { #expect(line.ranges(of: "(default:").count < 2, "\(line)") }
        }
        #expect(TorchlightCommand.helpMessage(for: Convert.self).contains("**"))
    }

    @Test func oneIsSingular() throws {
        try Safetensors.save(["w": Tensor([1.0])], to: folder("a.safetensors"))
        #expect(try inspect(folder("a.safetensors")).contains("1 tensor, 1 element, 4 bytes"))
    }

    @Test func anIndexIsListed() throws {
        try Safetensors.saveShards(["w": Tensor([1.0])], to: folder("a.safetensors.index.json"))
        try TorchFile.save(["v": Tensor([1.0])], to: folder("m.bin"))
        try AtomicFile.write("{\"weight_map\":{\"v\":\"m.bin\"}}", to: folder("m.bin.index.json"))
        for name in ["a.safetensors.index.json", "m.bin.index.json"] {
            #expect(try inspect(folder(name)).contains("1 tensor, 1 element, 4 bytes"), "\(name)")
        }
    }
}
