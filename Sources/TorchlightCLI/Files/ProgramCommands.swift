import ArgumentParser
import Torchlight
import TorchlightIO

/// The command `torchlight run`.
struct RunProgram: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a program (.tlp) on .npy files.",
        discussion: """
            A program with one input and one output takes --input x.npy and --output y.npy; with several, name them: \
            --input NAME=x.npy. Without --output the outputs are printed. Inputs are converted to the dtype of the program if no number \
            changes.
            """)

    @Argument(help: "The program.")
    var file: String
    @Option(
        parsing: .unconditionalSingleValue, help: "An input: FILE.npy or NAME=FILE.npy. May be given several times.")
    var input: [String] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: "A file for an output: FILE.npy or NAME=FILE.npy. May be given several times.")
    var output: [String] = []
    @Option(parsing: .unconditional, help: "Seed of the random numbers that the program draws.")
    var seed: UInt64?
    @Option(parsing: .unconditional, help: "Number of runs; the outputs are those of the last one.")
    var runs = 1
    @Option(help: "Write the program with its state after the runs to this file.")
    var save: String?

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs must be at least 1, not \(runs).") }
    }

    func run() throws {
        let program = try Program.load(file)
        let files = try byName(input, program.inputs.map(\.name), "input")
        let targets = try byName(output, program.outputNames, "output")
        try AtomicFile.check(
            program.outputNames.compactMap { name in
                targets[name].map { ("the output \(IOError.quoted(name))", $0) }
            } + (save.map { [("the program", $0)] } ?? []))
        var inputs: [Tensor] = []
        for description in program.inputs {
            guard let path = files[description.name] else {
                throw Failure(
                    "run: no file for the input \(IOError.oneLine(description.description, limit: 200)); pass --input")
            }
            inputs.append(try converted(try NumpyFile.load(path), description, path))
        }
        if let seed { manualSeed(seed) }
        var results: [Tensor] = []
        let time = try ContinuousClock().measure { for _ in 0..<runs { results = try checked { program.run(inputs) } } }
        for (name, result) in zip(program.outputNames, results) {
            if let path = targets[name] {
                try NumpyFile.save(result, to: path)
                say(
                    "\(IOError.oneLine(path, limit: 400)): \(IOError.oneLine(name, limit: 200)), \(result.dtype) \(result.shape)"
                )
            } else if targets.isEmpty {
                say("\(IOError.oneLine(name, limit: 200)): \(result.dtype) \(result.shape)\n\(result)")
            }
        }
        say("time: \(time)")
        if let save { try program.save(save) }
    }

    /// Files by the names of inputs or outputs. One without a name is that of the only one.
    private func byName(_ texts: [String], _ names: [String], _ what: String) throws -> [String: String] {
        var files: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            let isNamed = parts.count == 2 && names.contains(parts[0])
            guard isNamed || names.count == 1 else {
                throw Failure(
                    "run: \(IOError.quoted(text)) names no \(what); expected NAME=FILE.npy with one of "
                        + names.map { IOError.quoted($0) }.joined(separator: ", "))
            }
            let name = isNamed ? parts[0] : names[0]
            guard files.updateValue(isNamed ? parts[1] : text, forKey: name) == nil else {
                throw Failure("run: two files for the \(what) \(IOError.quoted(name))")
            }
        }
        return files
    }

    private func converted(_ tensor: Tensor, _ input: ProgramInput, _ path: String) throws -> Tensor {
        if tensor.dtype == input.dtype { return tensor }
        let result = try checked { tensor.to(input.dtype) }
        guard try checked({ result.to(tensor.dtype).equal(tensor) }) else {
            throw Failure(
                "run: \(IOError.oneLine(path, limit: 400)) is \(tensor.dtype) and has numbers that \(input.dtype) does not have"
            )
        }
        return result
    }
}

extension Inspect {
    /// Prints a program: inputs, tensors and operations; false for a file of another kind.
    static func reportProgram(_ path: String, json isJSON: Bool, _ say: (String) -> Void) throws -> Bool {
        let isProgram = try MappedFile(path).withBytes { FileKind.of($0) == .program }
        guard isProgram else { return false }
        let program = try Program.load(path)
        let elements = program.tensors.reduce(0) { $0 + $1.tensor.count }
        if isJSON {
            say(
                JSON.object([
                    ("file", .string(path)), ("format", "program"),
                    ("inputs", .array(program.inputs.map { .string($0.description) })),
                    ("outputs", .array(program.outputNames.map(JSON.string))),
                    ("sizes", .array(program.sizes.map { .string($0.description) })),
                    (
                        "tensors",
                        .array(
                            program.tensors.map {
                                [
                                    "name": .string($0.name), "dtype": .string("\($0.tensor.dtype)"),
                                    "shape": .array($0.tensor.shape.map(JSON.int)),
                                ]
                            })
                    ), ("operations", .array(program.description.split(separator: "\n").map { .string(String($0)) })),
                ]).text(indented: true))
            return true
        }
        say(
            "\(IOError.oneLine(path, limit: 1000)): program; \(quantity(program.tensors.count, "tensor")), "
                + quantity(elements, "element"))
        for input in program.inputs { say("input: \(IOError.oneLine(input.description, limit: 400))") }
        for output in program.outputNames { say("output: \(IOError.oneLine(output, limit: 400))") }
        for size in program.sizes { say("size: \(IOError.oneLine(size.description, limit: 400))") }
        let rows = program.tensors.map {
            [IOError.oneLine($0.name, limit: 200), "\($0.tensor.dtype)", "\($0.tensor.shape)"]
        }
        if !rows.isEmpty { say(TextTable(header: ["name", "dtype", "shape"], rows: rows, numbers: []).description) }
        for line in program.description.split(separator: "\n") { say(IOError.oneLine(String(line), limit: 2000)) }
        return true
    }
}
