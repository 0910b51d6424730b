import TorchlightCore
import TorchlightFiles
import TorchlightIO
import TorchlightOptim

// The file is a zip archive with two entries: `program.json` and `tensors.safetensors`. They are stored without
// compression and aligned to 64 bytes, so that the weights can be memory-mapped.

extension Program {
    private static let jsonEntry = "program.json"
    private static let tensorEntry = "tensors.safetensors"
    /// The largest size of the JSON of a program, in bytes.
    private static let jsonLimit = 1 << 28

    /// Writes the program with its current tensors and state to one file. The file is created completely or not at all.
    ///
    /// - Parameter path: the path of the file; by convention it ends in `.tlp`.
    /// - Throws: `IOError` if the file cannot be written.
    public func save(_ path: String) throws(IOError) {
        let (json, entries) = try current(path)
        let stored = entries.map { StoredTensor($0.name, $0.tensor) }
        let file = try AtomicFile(path)
        defer { file.discard() }
        let writer = ZipWriter(file, path: path, operation: "program")
        try writer.add(Self.jsonEntry, Array(json.text().utf8))
        try Safetensors.write(
            stored, path: path, begin: { size throws(IOError) in try writer.begin(Self.tensorEntry, size: size) },
            { bytes throws(IOError) in try writer.write(bytes) })
        try writer.end()
        try writer.finish()
        try file.commit()
    }

    /// The JSON and the tensors of the program with its current state.
    private func current(_ path: String) throws(IOError) -> (json: JSON, tensors: [ProgramTensors.Entry]) {
        let optimizerTensors = Set(form.optimizers.flatMap { $0.state.map(\.tensor) })
        // The tensors of the optimisers are written again, after all others.
        let kept = form.tensors.indices.filter { !optimizerTensors.contains($0) }
        var entries = kept.map { ProgramTensors.Entry(name: form.tensors[$0].name, tensor: state.tensors[$0]) }
        for (leaf, gradient) in form.gradients {
            guard let gradient, let now = state.tensors[leaf].grad, let index = kept.firstIndex(of: gradient) else {
                continue
            }
            entries[index].tensor = now
        }
        let (members, all) = ProgramWriter.state(
            tensors: entries, generators: zip(form.generators, state.generators).map { $0 == nil ? nil : $1 },
            optimizers: state.optimizers, schedulers: state.schedulers, gradients: form.gradients)
        let written = Dictionary(uniqueKeysWithValues: members)
        let root = (form.json.members ?? []).map { ($0.name, written[$0.name] ?? $0.value) }
        return (.object(root), all)
    }

    /// Reads a program file written by ``save(_:)``.
    ///
    /// The tensors are memory-mapped: they are read at first use, and changes do not change the file. The file is
    /// validated: each operation must exist in this version of Torchlight, accept its operands, and return the shapes
    /// and dtypes in the file. A file contains no code, and none runs while it is read.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - device: the device of the program. Default: the CPU.
    ///   - verifiesChecksum: whether the checksum of the tensors is compared, which reads all of them. Default: true.
    /// - Throws: `IOError` if the file cannot be read, is damaged or is not a program file.
    public static func load(
        _ path: String, device: Device = .cpu, verifiesChecksum: Bool = true
    ) throws(IOError) -> Program {
        let mapped = try MappedFile(path)
        return try mapped.withBytes { bytes throws(IOError) in
            guard ZipArchive.isZip(bytes) else {
                throw FileKind.mismatch(bytes, file: path, operation: "program", expected: ([], "a program (.tlp)"))
                    ?? IOError(
                        .malformed, "program", file: path, "the file is not a program",
                        expected: "a zip archive written by Program.save")
            }
            let archive = try ZipArchive(bytes, file: path, operation: "program")
            guard let text = archive[jsonEntry], let data = archive[tensorEntry] else {
                let expected = ([FileKind.program], "a program (.tlp)")
                throw FileKind.mismatch(bytes, file: path, operation: "program", expected: expected)
                    ?? IOError(
                        .malformed, "program", file: path, "the archive is not a program",
                        expected: "the entries \(jsonEntry) and \(tensorEntry)")
            }
            guard !data.isDeflated else {
                throw IOError(
                    .malformed, "program", file: path, "the tensors are compressed", expected: "a stored entry")
            }
            let json = try JSON.parse(try archive.contents(text, limit: jsonLimit), file: path)
            let contents = FileContents(
                try archive.stored(data, verifyingChecksum: verifiesChecksum), owner: mapped, path: path)
            do throws(ProgramProblem) {
                let form = try ProgramForm(json)
                return try Program(form, try tensors(form, contents, device), on: device)
            } catch { throw error.error(file: path) }
        }
    }

    /// Reads the JSON of a program, with zeros for its tensors: all checks except those of the archive and its tensors.
    ///
    /// - Parameter elementLimit: the largest number of elements of all tensors; more are an error.
    package static func withZeros(json bytes: [UInt8], file: String, elementLimit: Int) throws(IOError) -> Program {
        let json = try JSON.parse(bytes, file: file)
        do throws(ProgramProblem) {
            let form = try ProgramForm(json)
            var tensors: [Tensor] = []
            var left = elementLimit
            for info in form.tensors {
                left -= info.shape.reduce(1) { $0 *| Swift.max($1, 1) }
                guard left >= 0, info.shape.count <= maximumRank else {
                    throw ProgramProblem("the tensors are too large", expected: quantity(elementLimit, "element"))
                }
                tensors.append(try placed(Tensor.zeros(info.shape, dtype: info.dtype), info, .cpu))
            }
            return try Program(form, tensors, on: .cpu)
        } catch { throw error.error(file: file) }
    }

    private static func tensors(
        _ form: ProgramForm, _ contents: FileContents, _ device: Device
    ) throws(ProgramProblem) -> [Tensor] {
        let file: SafetensorsFile
        do throws(IOError) { file = try Safetensors.parse(contents) } catch {
            throw ProgramProblem("its tensors: \(error.problem)", expected: error.rule)
        }
        if let leftOut = file.leftOut.first { throw ProgramProblem("its tensors: \(leftOut)") }
        let byName = Dictionary(
            file.tensors.map { (Array($0.name.utf8), $0.tensor) }, uniquingKeysWith: { first, _ in first })
        var tensors: [Tensor] = []
        for info in form.tensors {
            guard let tensor = byName[Array(info.name.utf8)] else {
                throw ProgramProblem(
                    "the tensor \(IOError.quoted(info.name)) is missing", expected: "a tensor for each name")
            }
            tensors.append(try placed(tensor, info, device))
        }
        guard file.tensors.count == tensors.count else {
            throw ProgramProblem(
                "the file has \(quantity(file.tensors.count, "tensor"))",
                expected: "\(tensors.count), those that the program names")
        }
        return tensors
    }

    /// A tensor of a file on the device, in the memory layout that the program names.
    private static func placed(
        _ tensor: Tensor, _ info: ProgramForm.TensorInfo, _ device: Device
    ) throws(ProgramProblem) -> Tensor {
        guard tensor.shape == info.shape, tensor.dtype == info.dtype else {
            throw ProgramProblem(
                "the tensor \(IOError.quoted(info.name)) is \(tensor.dtype) \(tensor.shape)",
                expected: "\(info.dtype) \(info.shape), as recorded in the program")
        }
        do {
            return try checked {
                try noGrad {
                    var result = device == .cpu ? tensor : tensor.to(device)
                    if let strides = info.strides {
                        guard strides.count == info.shape.count else {
                            throw ProgramProblem("the number of strides differs from the number of sizes")
                        }
                        let layout = Layout(shape: Dims(info.shape), strides: Dims(strides), offset: 0)
                        guard layout.isDenseInSomeOrder, layout.count == 0 || layout.extent == 0..<layout.count else {
                            throw ProgramProblem(
                                "the strides \(strides) of \(IOError.quoted(info.name)) describe memory with gaps"
                            )
                        }
                        let copy = try Tensor(empty: layout, dtype: info.dtype, device: device)
                        result = copy.copy_(result)
                    } else if result.layout.offset != 0 {
                        result = result.clone()
                    }
                    return result
                }
            }
        } catch let problem as ProgramProblem { throw problem } catch {
            throw ProgramProblem("the tensor \(IOError.quoted(info.name)) cannot be read", got: "\(error)")
        }
    }
}
