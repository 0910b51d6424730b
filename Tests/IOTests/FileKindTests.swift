import CZlib
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

/// Files that are not what their name or their reader expects are named as what they are.
@Suite struct FileKindTests {
    private let folder = TemporaryFolder()

    /// Contents of other kinds, and a text that the message must contain.
    static let foreign: [(label: String, bytes: [UInt8], text: String)] = [
        ("Git LFS", Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".utf8), "git lfs pull"),
        ("HTML", Array("\n <!DOCTYPE html><html><body>404</body></html>".utf8), "web page"),
        ("XML", Array("\u{feff}<?xml version='1.0'?><Error/>".utf8), "web page"),
        ("text", Array("Entry not found".utf8), "text file that begins with 'Entry not found'"),
        ("JSON", Array("{\"hidden_size\": 768, \"vocab_size\": 1}".utf8), "JSON"),
        ("JSON that was cut off", Array("{\"hidden_size\": 768, \"vocab".utf8), "JSON"),
        ("HDF5", [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0], "HDF5"),
        ("GGUF", Array("GGUF\u{3}\0\0\0\0\0\0\0".utf8), "GGUF"),
        ("ONNX", [0x08, 0x07, 0x12, 0x07] + Array("pytorch".utf8) + [0x1a, 0x01, 0x31], "ONNX"),
        ("SavedModel", [0x08, 0x01, 0x12, 0x06, 0x0a, 0x04, 0, 0, 0, 0], "SavedModel"),
        ("GraphDef", [0x0a, 0x09, 0x0a, 0x01, 0x78, 0x12, 0x04, 0, 0, 0, 0], "TensorFlow graph"),
        ("TFLite", [0x1c, 0, 0, 0] + Array("TFL3".utf8) + [0, 0], "TensorFlow Lite"),
        (
            "TensorFlow checkpoint", [1, 2, 3, 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb],
            "TensorFlow checkpoint"
        ),
        ("tar", [UInt8](repeating: 0x61, count: 257) + Array("ustar\0".utf8) + [0, 0, 0, 0], "tar archive"),
        ("PNG", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], "image"),
        ("pickle", [0x80, 4, UInt8(ascii: "N"), UInt8(ascii: ".")], "pickle"),
        ("empty", [], "empty"), ("zeros", [UInt8](repeating: 0, count: 4096), "zeros"),
        ("IDX", [0, 0, 8, 1, 0, 0, 0, 1, 5], "IDX"), ("gzip", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0], "gunzip"),
        ("SQLite", Array("SQLite format 3\0".utf8) + [0x10, 0], "SQLite"),
        ("WAVE", Array("RIFF".utf8) + [0x24, 8, 0, 0] + Array("WAVEfmt ".utf8), "RIFF"),
    ]

    @Test(arguments: foreign.indices) func everyReaderSaysWhatAFileIs(index: Int) throws {
        let (label, bytes, text) = Self.foreign[index]
        for name in ["f.safetensors", "f.pth", "f.bin", "f.npy", "f.npz", "f", "f.safetensors.index.json"] {
            let path = folder(name)
            try AtomicFile.write(bytes, to: path)
            var readers: [(String, () throws -> Void)] = [("TensorFile", { _ = try TensorFile.load(path) })]
            if !name.hasSuffix(".json") {
                readers += [
                    ("Safetensors", { _ = try Safetensors.load(path) }),
                    ("TorchFile", { _ = try TorchFile.load(path) }),
                    ("NumpyFile.load", { _ = try NumpyFile.load(path) }),
                    ("loadArchive", { _ = try NumpyFile.loadArchive(path) }),
                ]
            }
            for (reader, read) in readers where !(label.hasPrefix("JSON") && name.hasSuffix(".json")) {
                let error = #expect(throws: IOError.self, "\(label) as \(name) by \(reader)") { try read() }
                #expect(
                    error?.problem.contains(text) == true && error?.rule.isEmpty == false,
                    "\(label) as \(name) by \(reader): \(error as Any)")
                #expect(error.map { !"\($0)".contains("\n") } == true)
            }
        }
    }

    @Test func anUnknownFileIsNotDescribedByANumber() throws {
        let path = folder("f.safetensors")
        try AtomicFile.write([0x01, 0xf0] + [UInt8](repeating: 0xa7, count: 30), to: path)
        let error = #expect(throws: IOError.self) { try Safetensors.load(path) }
        #expect(
            error?.problem.contains("unknown kind, which begins with the bytes 01 f0 a7") == true, "\(error as Any)")
    }

    @Test func aFileOfAnotherReaderIsNamedAndReadByTensorFile() throws {
        let x = Tensor([1.0, 2])
        try Safetensors.save(["x": x], to: folder("safetensors"))
        try TorchFile.save(["x": x], to: folder("pth"))
        try NumpyFile.save(["x": x], to: folder("npz"))
        try NumpyFile.save(x, to: folder("npy"))
        let readers: [(String, String, (String) throws -> Void)] = [
            ("safetensors", "a safetensors file", { _ = try Safetensors.load($0) }),
            ("pth", "a PyTorch file", { _ = try TorchFile.load($0) }),
            ("npz", "a NumPy archive", { _ = try NumpyFile.loadArchive($0) }),
            ("npy", "a NumPy array", { _ = try NumpyFile.load($0) }),
        ]
        for (name, title, _) in readers {
            #expect(try TensorFile.load(folder(name)).values.first?.equal(x) == true, "\(name)")
            for (other, _, read) in readers where other != name && !(name.hasPrefix("np") && other.hasPrefix("np")) {
                let error = #expect(throws: IOError.self, "\(name) by \(other)") { try read(folder(name)) }
                #expect(error?.problem.contains(title) == true, "\(name) by \(other): \(error as Any)")
                #expect(error?.fix.contains("TensorFile") == true && error?.text.contains("TensorFile") == false)
            }
        }
    }

    @Test func whatWasCutOffSaysHowMuchIsMissing() throws {
        let x = Tensor((0..<100).map(Float.init), shape: [100])
        try Safetensors.save(["a": x, "b": x], to: folder("s"))
        let whole = try FileSystem.read(folder("s"))
        for count in [whole.count - 1, whole.count - 400, whole.count - 700, whole.count - 801, 40, 10] {
            try AtomicFile.write(Array(whole[..<count]), to: folder("cut.safetensors"))
            let error = #expect(throws: IOError.self) { try Safetensors.load(folder("cut.safetensors")) }
            #expect(error?.problem.contains("cut off") == true && error?.offset == count, "\(count): \(error as Any)")
            if count >= whole.count - 800 {
                #expect(error?.problem.contains("\(whole.count - count) of its \(whole.count) bytes") == true)
            }
        }
        try NumpyFile.save(x, to: folder("x.npy"))
        let array = try FileSystem.read(folder("x.npy"))
        try AtomicFile.write(Array(array.dropLast(5)), to: folder("x.npy"))
        let error = #expect(throws: IOError.self) { try NumpyFile.load(folder("x.npy")) }
        #expect(error?.problem.contains("cut off: 5 bytes") == true)
        try TorchFile.save(["x": x], to: folder("x.pth"))
        let archive = try FileSystem.read(folder("x.pth"))
        try AtomicFile.write(Array(archive.dropLast(5)), to: folder("x.pth"))
        #expect(
            #expect(throws: IOError.self) { try TensorFile.load(folder("x.pth")) }?.problem.contains("cut off") == true)
    }
}
