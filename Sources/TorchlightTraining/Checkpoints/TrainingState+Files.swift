import TorchlightCore
import TorchlightData
import TorchlightIO
import TorchlightNN
import TorchlightOptim

// The file of a training state is a safetensors file. Tensors are named `model.*`, `optimizer.*` and `tensors.*`. The
// metadata holds everything else, with a CRC-32 of each tensor's bytes (`crc32.<tensor>`) and a CRC-32 of the metadata
// and of the names, dtypes and shapes of the tensors (`crc32`). Any flipped bit is detected.

extension TrainingState {
    private static let family = "torchlight training state "
    private static let version = "1"

    /// Writes the checkpoint to a file. The file is created complete or not at all, and is synchronised to the disk.
    ///
    /// It is a safetensors file: `torchlight inspect` lists it, and other programs can read its tensors.
    /// - Throws: `IOError` if the file cannot be written; an existing file is not changed then.
    public func save(_ path: String) throws(IOError) {
        AtomicFile.removeLeftovers(of: path)
        var contents: [String: Tensor] = [:]
        for (name, tensor) in model { contents["model.\(name)"] = tensor }
        for (name, tensor) in optimizer?.tensors ?? [:] { contents["optimizer.\(name)"] = tensor }
        for (name, tensor) in tensors { contents["tensors.\(name)"] = tensor }
        var notes = ["format": Self.family + Self.version, "step": "\(step)"]
        for (name, value) in optimizer?.metadata ?? [:] { notes["optimizer.\(name)"] = value }
        for (name, value) in scheduler ?? [:] { notes["scheduler.\(name)"] = value }
        for (name, value) in metadata { notes["metadata.\(name)"] = value }
        if let loader { notes["loader"] = "\(loader)" }
        if let generator { notes["generator"] = "\(generator.seed) \(generator.call)" }
        if let score { notes["score"] = "\(score)" }
        for (name, tensor) in contents where !tensor.isPlaceholder {
            notes["crc32.\(name)"] = tensor.withUnsafeBytes { CRC32.hex(CRC32.of($0)) }
        }
        notes["crc32"] = Self.checksum(
            of: notes, contents.map { ($0.key, Safetensors.typeName(of: $0.value.dtype), $0.value.shape) })
        try Safetensors.save(contents, to: path, metadata: notes)
    }

    /// Reads a checkpoint and verifies every checksum.
    ///
    /// - Throws: `IOError` if the file cannot be read, is not a checkpoint, or is damaged.
    public init(contentsOf path: String) throws(IOError) {
        let file = try Safetensors.open(path)
        var notes = CheckpointMetadata(
            values: Dictionary(file.metadata, uniquingKeysWith: { first, _ in first }), file: path)
        try notes.check(file.tensors.map { ($0.name, Safetensors.typeName(of: $0.tensor.dtype), $0.tensor.shape) })
        self.init(step: try notes.take("step") { Int($0) }, model: [:])
        var optimizerTensors: [String: Tensor] = [:]
        for (name, tensor) in file.tensors {
            let stated = try notes.take("crc32.\(name)") { $0 }
            let found = tensor.withUnsafeBytes { CRC32.hex(CRC32.of($0)) }
            guard stated == found else {
                throw notes.corrupt(
                    "the tensor \(IOError.quoted(name)) has the checksum \(found)", expected: stated)
            }
            // Names are bytes in the file; Swift takes two spellings of an accented letter for equal.
            let isNew: Bool
            if let name = name.without("model.") {
                isNew = model.updateValue(tensor, forKey: name) == nil
            } else if let name = name.without("optimizer.") {
                isNew = optimizerTensors.updateValue(tensor, forKey: name) == nil
            } else if let name = name.without("tensors.") {
                isNew = tensors.updateValue(tensor, forKey: name) == nil
            } else {
                isNew = true
            }
            guard isNew else {
                throw IOError(
                    .unsupported, "checkpoint", file: path,
                    "two names that Unicode takes for equal: \(IOError.quoted(name))",
                    expected: "names that differ as texts")
            }
        }
        let settings = notes.all(under: "optimizer.")
        if !settings.isEmpty { optimizer = OptimizerState(tensors: optimizerTensors, metadata: settings) }
        let schedule = notes.all(under: "scheduler.")
        if !schedule.isEmpty { scheduler = schedule }
        metadata = notes.all(under: "metadata.")
        if notes.values["loader"] != nil { loader = try notes.take("loader") { DataLoaderState($0) } }
        if notes.values["score"] != nil { score = try notes.take("score") { Double($0) } }
        if notes.values["generator"] != nil {
            generator = try notes.take("generator") { text in
                let words = text.split(separator: " ").compactMap { UInt64($0) }
                return words.count == 2 ? Generator.State(seed: words[0], call: words[1]) : nil
            }
        }
    }

    /// Returns the step and the score of a file without reading its tensors.
    static func summary(of path: String) throws(IOError) -> (step: Int, score: Double?) {
        let header = try Safetensors.header(of: path)
        var notes = CheckpointMetadata(
            values: Dictionary(header.metadata ?? [], uniquingKeysWith: { first, _ in first }), file: path)
        try notes.check(header.entries.map { ($0.name, $0.dtype, $0.shape) })
        let score = notes.values["score"] == nil ? nil : try notes.take("score") { Double($0) }
        return (try notes.take("step") { Int($0) }, score)
    }

    /// The checksum of the metadata and of the names, dtypes and shapes of the tensors.
    fileprivate static func checksum(
        of notes: [String: String], _ tensors: [(name: String, dtype: String, shape: [Int])]
    ) -> String {
        var checksum = CRC32()
        func add(_ text: String) {
            // The length in front of each string makes the sequence unambiguous.
            var bytes = Array("\(text.utf8.count):\(text)".utf8)
            bytes.withUnsafeMutableBytes { checksum.update(UnsafeRawBufferPointer($0)) }
        }
        for (name, value) in notes.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
        where name != "crc32" {
            add(name)
            add(value)
        }
        for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            add("\(tensor.name) \(tensor.dtype) \(tensor.shape)")
        }
        return CRC32.hex(checksum.value)
    }

    /// The metadata of a file, with a verified checksum.
    private struct CheckpointMetadata {
        var values: [String: String]
        let file: String

        func check(_ tensors: [(name: String, dtype: String, shape: [Int])]) throws(IOError) {
            guard let format = values["format"], let version = format.without(TrainingState.family) else {
                throw IOError(
                    .unsupported, "checkpoint", file: file, "the file contains no training state",
                    expected: "a file that TrainingState.save wrote; weights alone cannot be resumed")
            }
            guard version == TrainingState.version else {
                throw IOError(
                    .unsupported, "checkpoint", file: file,
                    "the format has version \(IOError.oneLine(version, limit: 20))",
                    expected: "version \(TrainingState.version)")
            }
            let found = TrainingState.checksum(of: values, tensors)
            guard values["crc32"] == found else {
                throw corrupt(
                    "the metadata has the checksum \(found)", expected: values["crc32"] ?? "a checksum in the metadata")
            }
        }

        func corrupt(_ problem: String, expected: String) -> IOError {
            IOError(
                .malformed, "checkpoint", file: file, "the file is damaged: \(problem)",
                expected: IOError.oneLine(expected, limit: 40))
        }

        mutating func take<Value>(_ key: String, _ read: (String) -> Value?) throws(IOError) -> Value {
            guard let value = values.removeValue(forKey: key).flatMap(read) else {
                throw IOError(
                    .malformed, "checkpoint", file: file,
                    "the metadata \(IOError.quoted(key)) is missing or unreadable",
                    expected: "the metadata that TrainingState.save writes")
            }
            return value
        }

        func all(under prefix: String) -> [String: String] {
            var found: [String: String] = [:]
            for (key, value) in values {
                if let name = key.without(prefix) { found[name] = value }
            }
            return found
        }
    }
}

extension String {
    /// The text after a prefix; nil if the string does not begin with it.
    fileprivate func without(_ prefix: String) -> String? {
        // As bytes: a combining mark after the prefix would be a part of its last character.
        utf8.starts(with: prefix.utf8) ? String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
    }
}
