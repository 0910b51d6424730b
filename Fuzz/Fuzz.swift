import TorchlightCore
import TorchlightData
import TorchlightIO
import TorchlightONNX
import TorchlightPrograms
import TorchlightTokenizers

/// The readers of files. For all bytes that libFuzzer generates, a reader returns or throws an `IOError`.
private enum Reader: String, CaseIterable {
    case safetensors, shards, pth, pickle, npy, zip, gzip, idx, json, onnx, tokenizer, template, gguf, program

    /// The first argument of the program.
    static let chosen: Reader = {
        guard let reader = CommandLine.arguments.dropFirst().first.flatMap(Reader.init) else {
            fatalError("the first argument is one of \(allCases.map(\.rawValue))")
        }
        return reader
    }()

    func read(_ bytes: UnsafeRawBufferPointer) throws {
        switch self {
        case .safetensors: _ = try SafetensorsHeader.parse(bytes, file: "fuzz")
        case .shards:
            let index = try ShardIndex(Array(bytes), file: "fuzz")
            precondition(index.entries.allSatisfy { index.files.contains($0.file) })
        case .pth:
            // Without checksums, because nearly every changed file has a wrong checksum.
            let value = try TorchFile.parse(FileContents(bytes, path: "fuzz"), verifyingChecksums: false)
            Self.look(at: value)
        case .pickle:
            let (value, refusals) = TorchFile.readPickle(bytes, file: "fuzz")
            if let value { Self.look(at: value) }
            precondition(refusals.allSatisfy { $0.offset < bytes.count })
        case .npy:
            let contents = FileContents(bytes, path: "fuzz")
            for (_, array) in try NumpyFile.parse(contents, verifyingChecksums: false) {
                Self.readElements(of: array)
            }
        case .zip:
            let archive = try ZipArchive(bytes, file: "fuzz", operation: "zip")
            for entry in archive.entries {
                _ = try? archive.contents(entry, limit: 1 << 20, verifyingChecksum: false)
            }
        case .gzip: _ = try Gzip.inflate(Array(bytes), limit: 1 << 20, file: "fuzz")
        case .idx: _ = try IDX.parse(Array(bytes), file: "fuzz")
        case .onnx:
            // The model is checked and not run, because operators are not a part of the reader.
            do { _ = try ONNXModel(bytes: Array(bytes), name: "fuzz") } catch let error as ONNXError {
                precondition("\(error)".utf8.allSatisfy { $0 >= 0x20 }, "an error of more than one line")
            }
        case .json: Self.look(at: try JSON.parse(bytes, file: "fuzz"))
        case .tokenizer:
            let tokenizer = try Tokenizer(json: Array(bytes), file: "fuzz")
            if let encoding = try? tokenizer.encode("A text, with  12 words.", pair: "na\u{ef}ve \u{6f22}") {
                _ = try? tokenizer.decode(encoding.ids)
            }
        case .gguf:
            let header = try GGUFHeader(bytes, file: "fuzz")
            precondition(header.entries.allSatisfy { $0.range.upperBound <= bytes.count })
            if let tokenizer = try? Tokenizer(gguf: header, path: "fuzz") { _ = try? tokenizer.encode("A text") }
        case .program:
            _ = try Program.withZeros(json: Array(bytes), file: "fuzz", elementLimit: 1 << 16).description
        case .template:
            let template = try? ChatTemplate(String(decoding: bytes, as: UTF8.self))
            _ = try? template?.render(messages: [.message(role: "user", content: "a text")])
        }
    }

    /// Reads every element and every value.
    private static func look(at value: TorchValue) {
        _ = value.description
        for (_, tensor) in value.tensors where tensor.count < 1 << 16 {
            readElements(of: tensor)
        }
    }

    private static func readElements(of tensor: Tensor) {
        let parts = tensor.dtype.isComplex ? tensor.viewAsReal() : tensor
        precondition(parts.toArray(Double.self).count == parts.count)
    }

    /// Checks that parsing the text of a parsed value gives the same value.
    private static func look(at json: JSON) {
        let text = json.text()
        let bytes = Array(text.utf8)
        guard let again = try? JSON.parse(bytes, file: "fuzz") else { fatalError("\(text) does not parse") }
        precondition(again.text() == text)
    }
}

/// Extracts the pickles from archives of PyTorch, as seeds for the reader of pickles: `Fuzz pickles FOLDER ARCHIVE...`
private func extractPickles(_ archives: ArraySlice<String>, to folder: String) {
    for path in archives {
        guard let bytes = try? FileSystem.read(path) else { continue }
        bytes.withUnsafeBytes { bytes in
            guard let archive = try? ZipArchive(bytes, file: path, operation: "zip"),
                let entry = archive.entries.first(where: { $0.name.hasSuffix("/data.pkl") }),
                let pickle = try? archive.contents(entry, limit: 1 << 20, verifyingChecksum: false)
            else { return }
            try? AtomicFile.write(pickle, to: "\(folder)/\(FileSystem.name(of: path)).pkl")
        }
    }
}

/// libFuzzer's loop, for programs with a main function of their own.
@_silgen_name("LLVMFuzzerRunDriver") private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The program: `Fuzz READER [libFuzzer's options] [folders of inputs]`; `make fuzz` runs it for all of them. The package manager gives the main function of a
/// product this name.
@_cdecl("Fuzz_main") public func fuzzMain(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
    if CommandLine.arguments.count > 2, CommandLine.arguments[1] == "pickles" {
        extractPickles(CommandLine.arguments.dropFirst(3), to: CommandLine.arguments[2])
        return 0
    }
    if CommandLine.arguments.count > 2, CommandLine.arguments[1] == "programs" {
        ProgramSeeds.write(to: CommandLine.arguments[2])
        return 0
    }
    _ = Reader.chosen
    // The name of the reader is not an argument of libFuzzer.
    arguments[1] = arguments[0]
    var count = count - 1
    var rest = arguments + 1
    return runFuzzer(&count, &rest, test)
}

/// Runs the reader on one input. The name is that of the function which libFuzzer's main function calls.
@_cdecl("LLVMFuzzerTestOneInput") public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try Reader.chosen.read(UnsafeRawBufferPointer(start: count > 0 ? start : nil, count: count))
    } catch {
        precondition("\(error)".utf8.allSatisfy { $0 >= 0x20 }, "an error of more than one line")
    }
    return 0
}
