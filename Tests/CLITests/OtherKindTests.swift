import CZlib
import TestSupport
import Testing
import Torchlight
import TorchlightIO
import TorchlightModels
import TorchlightONNX

@testable import TorchlightCLI

/// Every reader says what a file of another kind is: a table of readers and kinds.
@Suite struct OtherKindTests {
    private let folder = TemporaryFolder()

    /// Kinds of files that no reader below reads, with a text of the error.
    static let kinds: [(label: String, bytes: [UInt8], text: String)] = [
        ("Git LFS", Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".utf8), "git lfs pull"),
        ("HTML", Array("\n<!DOCTYPE html>\n<html><body>404</body></html>".utf8), "web page"),
        ("XML", Array("\u{feff}<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>".utf8), "web page"),
        ("an answer", Array("{\"error\": \"Repository not found\"}".utf8), "'Repository not found'"),
        ("another answer", Array("{\"error\": {\"message\": \"no access\", \"code\": 3}}".utf8), "'no access'"),
        ("empty", [], "empty file"),
        ("gzip", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 4, 0], "gzip"),
        ("zip", zip, "zip archive"),
        ("HDF5", [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] + [UInt8](repeating: 0, count: 60), "HDF5"),
        ("zeros", [UInt8](repeating: 0, count: 4096), "file of zeros"),
        ("PNG", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13], "an image"),
        ("xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4], "xz file"),
        ("7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4], "7z archive"),
        ("tar", [UInt8](repeating: 0x61, count: 257) + Array("ustar\0".utf8) + [0, 0, 0, 0], "tar archive"),
        ("SQLite", Array("SQLite format 3\0".utf8) + [0x10, 0], "SQLite"),
        ("a pickle", [0x80, 4, UInt8(ascii: "N"), UInt8(ascii: ".")], "pickle"),
    ]

    /// An archive with one entry that is no array, no pickle and no program.
    private static let zip: [UInt8] = {
        let folder = TemporaryFolder()
        let path = folder("a.zip")
        guard let file = try? AtomicFile(path) else { return [] }
        let writer = ZipWriter(file, path: path, operation: "zip")
        do {
            try writer.add("readme.txt", [1, 2, 3])
            try writer.finish()
            try file.commit()
        } catch { return [] }
        return (try? FileSystem.read(path)) ?? []
    }()

    /// Readers by the name of a file that they read; the folder has no other file.
    static let readers: [(label: String, name: String, read: @Sendable (String) throws -> Void)] = [
        ("TensorFile of .safetensors", "f.safetensors", { _ = try TensorFile.load($0) }),
        ("TensorFile of .pth", "f.pth", { _ = try TensorFile.load($0) }),
        ("TensorFile of .npz", "f.npz", { _ = try TensorFile.load($0) }),
        ("Safetensors", "f.safetensors", { _ = try Safetensors.load($0) }),
        ("TorchFile .pt", "f.pt", { _ = try TorchFile.load($0) }),
        ("TorchFile .ckpt", "f.ckpt", { _ = try TorchFile.load($0) }),
        ("TorchFile .bin", "f.bin", { _ = try TorchFile.load($0) }),
        ("NumpyFile .npy", "f.npy", { _ = try NumpyFile.load($0) }),
        ("NumpyFile .npz", "f.npz", { _ = try NumpyFile.loadArchive($0) }),
        ("an index", "f.safetensors.index.json", { _ = try Safetensors.load($0) }),
        ("GGUFFile", "f.gguf", { _ = try GGUFFile($0) }),
        ("Tokenizer of .gguf", "f.gguf", { _ = try Tokenizer(path: $0) }),
        ("ChatTemplates of .gguf", "f.gguf", { _ = try ChatTemplates(path: $0) }),
        ("tokenizer.json", "tokenizer.json", { _ = try Tokenizer(path: $0) }),
        ("tokenizer.model", "tokenizer.model", { _ = try Tokenizer(path: $0) }),
        ("vocab.txt", "vocab.txt", { _ = try Tokenizer(path: $0) }),
        ("chat_template.jinja", "chat_template.jinja", { _ = try ChatTemplates(path: FileSystem.directory(of: $0)) }),
        ("ONNXModel", "f.onnx", { _ = try ONNXModel($0) }),
        ("the tensors of .onnx", "f.onnx", { _ = try ONNXModel.tensors(of: $0) }),
        ("onnx inspect", "f.onnx", { try InspectONNX.parse([$0]).run() }),
        ("onnx check", "f.onnx", { try CheckONNX.parse([$0]).run() }),
        ("onnx run", "f.onnx", { try RunONNX.parse([$0]).run() }),
        ("onnx simplify", "f.onnx", { try SimplifyONNX.parse([$0, $0 + ".out"]).run() }),
        ("config.json", "config.json", { _ = try AutoModel.load(FileSystem.directory(of: $0)) }),
        ("a program", "f.tlp", { _ = try Program.load($0) }),
        ("inspect .onnx", "f.onnx", { try Inspect.report($0, stats: false, values: 0, json: false) { _ in } }),
        (
            "inspect .safetensors", "f.safetensors",
            { try Inspect.report($0, stats: false, values: 0, json: false) { _ in } }
        ),
        ("inspect .tlp", "f.tlp", { try Inspect.report($0, stats: false, values: 0, json: false) { _ in } }),
        ("inspect .idx", "f.idx", { try Inspect.report($0, stats: false, values: 0, json: false) { _ in } }),
        ("inspect .jpg", "f.jpg", { try Inspect.report($0, stats: false, values: 0, json: false) { _ in } }),
    ]

    @Test(arguments: kinds.indices) func everyReaderSaysWhatAFileIs(index: Int) throws {
        let (label, bytes, text) = Self.kinds[index]
        for (number, (reader, name, read)) in Self.readers.enumerated() {
            // IDX files are decompressed, and a template is text of any form.
            if reader == "inspect .idx", label == "gzip" { continue }
            if reader == "chat_template.jinja", label.hasSuffix("answer") { continue }
            let path = folder("\(number)/\(name)")
            try FileSystem.createDirectories(folder("\(number)"))
            try AtomicFile.write(bytes, to: path)
            let error = #expect(throws: (any Error).self, "\(label) by \(reader)") { try read(path) }
            let message = "\(error as Any)"
            #expect(message.contains(text), "\(label) by \(reader): \(message)")
            #expect(message.contains("expected"), "\(label) by \(reader): \(message)")
        }
    }

    /// A vocabulary is text that may begin with the letters of a signature.
    @Test func aVocabularyMayBeginLikeAnotherFile() throws {
        for first in ["#!", "GGUF", "BZh", "{", "<s>", "RIFF"] {
            try AtomicFile.write(Array("\(first)\n[UNK]\na\ntext\n".utf8), to: folder("vocab.txt"))
            #expect(try Tokenizer(path: folder("vocab.txt")).encode("a text").ids == [2, 3], "\(first)")
        }
    }

    /// Files that a reader reads under the name of another format are read, as under any other name.
    @Test func inspectReadsFilesByTheirContents() throws {
        let x = Tensor([1.0, 2])
        try Safetensors.save(["x": x], to: folder("s.onnx"))
        try TorchFile.save(["x": x], to: folder("t.onnx"))
        try NumpyFile.save(x, to: folder("n.onnx"))
        for (name, format) in [("s", "safetensors"), ("t", "torch"), ("n", "npy")] {
            #expect(try FileListing(folder("\(name).onnx")).format == format)
            let error = #expect(throws: (any Error).self) { _ = try ONNXModel(folder("\(name).onnx")) }
            #expect("\(error as Any)".contains("the file is a"), "\(error as Any)")
        }
    }
}
