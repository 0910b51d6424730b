import TestSupport
import Testing
import Torchlight
import TorchlightIO

@testable import TorchlightCLI

@Suite struct FileCommandTests {
    private let folder = TemporaryFolder()

    private func inspect(
        _ path: String, stats: Bool = false, values: Int = 0, json: Bool = false
    ) throws -> String {
        var text = ""
        try Inspect.report(path, stats: stats, values: values, json: json) { text += $0 + "\n" }
        return text
    }

    private func convert(_ arguments: String...) throws {
        let command = try #require(try TorchlightCommand.parseAsRoot(["convert"] + arguments) as? Convert)
        try command.run()
    }

    private func compare(_ a: String, _ b: String, tolerance: Double? = nil) throws -> [String] {
        try Comparison(FileListing(a), FileListing(b), tolerance: tolerance).lines.map(\.text)
    }

    @Test func inspectShowsNamesFiguresAndNotes() throws {
        let path = folder("a.safetensors")
        try Safetensors.save(
            ["w": Tensor([[1.0, -2], [.nan, 4]]), "n": Tensor([1, 2, 3]), "none": Tensor.zeros([0])], to: path,
            metadata: ["epoch": "3\n"])
        let plain = try inspect(path)
        #expect(plain.contains("safetensors") && plain.contains("3 tensors, 7 elements, 40 bytes"))
        #expect(plain.contains("epoch: 3\\u{a}") && plain.contains("float32  [2, 2]"))
        let figures = try inspect(path, stats: true, values: 2)
        #expect(figures.split(separator: "\n").contains { $0.hasPrefix("w ") && $0.hasSuffix("[1.0, -2.0, ...]") })
        #expect(figures.split(separator: "\n").contains { $0.hasPrefix("none ") && $0.hasSuffix("[]") })
        let json = try JSON.parse(Array(inspect(path, stats: true, values: 9, json: true).utf8), file: "json")
        let tensors = try #require(json["tensors"]?.elements)
        let w = try #require(tensors.first { $0["name"]?.string == "w" })
        #expect(w["min"]?.double == -2 && w["max"]?.double == 4 && w["mean"]?.double == 1 && w["nan"]?.int == 1)
        #expect(w["values"]?.elements?.count == 4 && w["values"]?.elements?[2].string == "nan")
        #expect(json["metadata"]?["epoch"]?.string == "3\n" && json["tensor_bytes"]?.int == 40)
    }

    /// A damaged member is listed with its reason beside the others, and the command fails.
    @Test func inspectListsDamagedMembers() throws {
        let path = folder("a.npz")
        try NumpyFile.save(["bad": Tensor([1.0, 2]), "good": Tensor([3.0])], to: path)
        var bytes = try FileSystem.read(path)
        let two = withUnsafeBytes(of: Float(2), Array.init)
        bytes[try #require(bytes.indices.first { bytes[$0...].starts(with: two) })] ^= 1
        try AtomicFile.write(bytes, to: path)
        var text = ""
        let error = #expect(throws: Failure.self) {
            try Inspect.report(path, stats: true, values: 1, json: false) { text += $0 + "\n" }
        }
        #expect(text.contains("good") && text.contains("[3.0]") && text.contains("left out: bad: "), "\(text)")
        #expect(error?.text.contains("1 member is damaged: bad: ") == true, "\(error as Any)")
        #expect(throws: IOError.self) { try convert(path, folder("b.npz")) }
    }

    @Test func inspectReadsEveryKind() throws {
        let x = Tensor((0..<6).map(Float.init), shape: [2, 3])
        try NumpyFile.save(x, to: folder("x.npy"))
        try NumpyFile.save(["x": x], to: folder("x.npz"))
        try TorchFile.save(["epoch": 3, "model": .stateDict(["x": x])], to: folder("x.pth"))
        try Safetensors.saveShards(["x": x], to: folder("x.safetensors.index.json"))
        let idx: [UInt8] = [0, 0, 0x0b, 1, 0, 0, 0, 2, 0xff, 0xfe, 1, 0]
        try AtomicFile.write(idx, to: folder("x.idx"))
        for (name, values) in [
            ("x.npy", "[0.0, 1.0, ...]"), ("x.npz", "[0.0, 1.0, ...]"), ("x.pth", "[0.0, 1.0, ...]"),
            ("x.safetensors.index.json", "[0.0, 1.0, ...]"), ("x.idx", "[-2, 256]"),
        ] {
            #expect(try inspect(folder(name), values: 2).contains(values), "\(name)")
        }
        #expect(try inspect(folder("x.pth")).contains("epoch: 3"))
    }

    @Test func elementsWithoutADtypeAreListed() throws {
        let header = SafetensorsHeader(tensors: [("z", "F4", [4])]).encoded()
        try AtomicFile.write(header + [UInt8](repeating: 0, count: 2), to: folder("a"))
        #expect(try inspect(folder("a")).contains("F4"))
        #expect(throws: IOError.self) { try inspect(folder("a"), stats: true) }
    }

    @Test func figuresOfComplexNumbersAreThoseOfTheirAbsoluteValues() throws {
        let z = Tensor([Complex<Double>(3, 4), Complex(0, 0)])
        try NumpyFile.save(z, to: folder("z.npy"))
        try NumpyFile.save(z + Complex(0, 2), to: folder("w.npy"))
        #expect(try inspect(folder("z.npy"), stats: true).contains(" 5 "))
        let json = try JSON.parse(Array(inspect(folder("z.npy"), values: 1, json: true).utf8), file: "json")
        #expect(json["tensors"]?.elements?.first?["values"]?.elements?.first?.string == "3.0+4.0i")
        let lines = try compare(folder("z.npy"), folder("w.npy"))
        #expect(lines.joined().contains("2 of 2 values differ, by up to 2.0"), "\(lines)")
        #expect(try compare(folder("z.npy"), folder("z.npy")).isEmpty)
    }

    @Test(arguments: ["safetensors", "pth", "npz", "safetensors.index.json", "pt"])
    func convertingThereAndBackKeepsEveryBit(ending: String) throws {
        var tensors: [String: Tensor] = [
            "nan": Tensor([Float(bitPattern: 0x7fc0_1234)]), "empty": Tensor.zeros([2, 0]),
        ]
        // Safetensors has no complex128.
        for dtype in DType.allCases where dtype != .complex128 && (dtype != .bfloat16 || ending != "npz") {
            tensors["\(dtype)"] = Tensor([[1, 0, 1], [0, 1, 1]], dtype: dtype)
        }
        try Safetensors.save(tensors, to: folder("a.safetensors"), metadata: ["k": "v"])
        try convert(folder("a.safetensors"), folder("b.\(ending)"))
        try convert(folder("b.\(ending)"), folder("c.safetensors"))
        let back = try Safetensors.load(folder("c.safetensors"))
        #expect(back.count == tensors.count)
        for (name, tensor) in tensors {
            let other = try #require(back[name])
            #expect(other.dtype == tensor.dtype && other.shape == tensor.shape)
            #expect(other.withUnsafeBytes(Array.init) == tensor.withUnsafeBytes(Array.init), "\(name)")
        }
        #expect(try compare(folder("a.safetensors"), folder("b.\(ending)")).isEmpty)
        if ending.hasPrefix("safetensors") {
            #expect(try Safetensors.open(folder("c.safetensors")).metadataValue(for: "k") == "v")
        }
    }

    @Test func convertRenamesAndChangesTheDtype() throws {
        try Safetensors.save(
            ["h.0.w": Tensor([1.0, 2.5]), "h.1.w": Tensor([3.0]), "n": Tensor([1])], to: folder("a.safetensors"))
        try convert(
            folder("a.safetensors"), folder("b.pth"), "--dtype", "bf16", "--rename", "h.*.w=layers.*.weight")
        let loaded = try TorchFile.loadTensors(folder("b.pth"))
        #expect(loaded.keys.sorted() == ["layers.0.weight", "layers.1.weight", "n"])
        #expect(loaded["layers.0.weight"]?.dtype == .bfloat16 && loaded["n"]?.dtype == .int64)
        for arguments in [
            ["none.safetensors", "b.npz"], ["a.safetensors", "b.txt"], ["a.safetensors", "b.npy"], ["b.pth", "b.npz"],
            ["a.safetensors", "b.pth", "--rename", "nothing=x"], ["a.safetensors", "b.pth", "--rename", "h.*.w=x"],
        ] {
            #expect(throws: (any Error).self, "\(arguments)") {
                let paths = arguments.prefix(2).map { folder($0) }
                let command = try #require(
                    try TorchlightCommand.parseAsRoot(["convert"] + paths + arguments.dropFirst(2)) as? Convert)
                try command.run()
            }
        }
        #expect(!FileSystem.isFile(folder("b.npz")))
    }

    @Test func diffSaysWhatDiffers() throws {
        let base: [String: Tensor] = [
            "same": Tensor([1.0, .nan]), "value": Tensor([1.0, 2.0, 3.0]), "shape": Tensor([1.0]),
            "dtype": Tensor([1.0]),
            "left": Tensor([1.0]), "zero": Tensor([0.0]), "int": Tensor([Int.max, 1]),
        ]
        var other = base
        other["value"] = Tensor([1.0, 2.5, 3.0])
        other["shape"] = Tensor([[1.0]])
        other["dtype"] = Tensor([1.0], dtype: .bfloat16)
        other["zero"] = Tensor([-0.0])
        other["int"] = Tensor([Int.max - 1, 1])
        other["right"] = other.removeValue(forKey: "left")
        let (a, b) = (folder("a.safetensors"), folder("b.safetensors"))
        try Safetensors.save(base, to: a)
        try Safetensors.save(other, to: b)
        let lines = try compare(a, b)
        for line in [
            "value: 1 of 3 values differ, by up to 0.5", "shape: float32 [1] and float32 [1, 1]",
            "dtype: float32 and bfloat16; equal values", "zero: equal values with different bits",
            "int: 1 of 2 values differ, by up to 1.0", "left: only in \(a)", "right: only in \(b)",
        ] {
            #expect(lines.contains(line), "\(line): \(lines)")
        }
        #expect(lines.count == 7)
        let close = try compare(a, b, tolerance: 0.5).map { String($0.prefix { $0 != ":" }) }
        #expect(close.sorted() == ["int", "left", "right", "shape"])
    }

    /// Every file of other systems, sound or hostile, is shown or refused in one line.
    @Test(
        arguments: ["safetensors", "pth", "npy"].flatMap { Interop.cases($0) }
            + ["safetensors", "pth", "npy", "idx"].flatMap { Interop.cases("hostile/\($0)") })
    func showsOrRefuses(file: Interop.Case) {
        do {
            _ = try inspect(file.path, stats: true, values: 3)
            // Files are told apart by their contents: one that only has the name of another kind is shown as what it is.
            let isDisguised = try FileListing(file.path).format == "torch" && file.path.hasSuffix(".safetensors")
            // Objects beside tensors are left out.
            let isPartial = file.entry["group"]?.string == "arbitrary_global"
            #expect(file.expected != "error" || isDisguised || isPartial)
        } catch {
            #expect(file.expected != "ok", "\(error)")
            #expect(!"\(error)".contains("\n"))
        }
    }

    @Test func whatAPickleWouldHaveRunIsListed() throws {
        let hostile = Interop.cases("hostile/pth").filter { $0.entry["group"]?.string == "code_execution" }
        for file in hostile {
            var text = ""
            let error = #expect(throws: (any Error).self) {
                try Inspect.report(file.path, stats: false, values: 0, json: false) { text += $0 }
            }
            // Names by number (the extension registry) are refused as opcodes: which name is meant the file does not say.
            #expect(text.contains("would ") || "\(error!)".contains("opcode"), "\(file.path)")
        }
    }
}
