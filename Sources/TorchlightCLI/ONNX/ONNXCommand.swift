import ArgumentParser
import Glibc
import Torchlight
import TorchlightIO
import TorchlightONNX

/// The command `torchlight onnx`.
struct ONNXCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "onnx", abstract: "Inspect, check, run, simplify and export ONNX models.",
        subcommands: [
            InspectONNX.self, RunONNX.self, CheckONNX.self, SimplifyONNX.self, ExportONNX.self, ONNXOperators.self,
        ])
}

/// The command `torchlight onnx inspect`.
struct InspectONNX: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "List the inputs, outputs, operators and parameters of a model.")

    @Argument(help: "The model.")
    var file: String

    func run() throws {
        let model = try ONNXModel(file)
        say("file: \(IOError.oneLine(file, limit: 400)), \(quantity(try MappedFile(file).bytes.count, "byte"))")
        if !model.producer.isEmpty { say("producer: \(IOError.oneLine(model.producer, limit: 200))") }
        for (domain, version) in model.opsets.sorted(by: { $0.key < $1.key }) {
            say("opset: \(IOError.oneLine(domain, limit: 80)) \(version)")
        }
        for (key, value) in model.metadata.sorted(by: { $0.key < $1.key }) {
            say("metadata: \(IOError.oneLine(key, limit: 80)) = \(IOError.oneLine(value, limit: 400))")
        }
        for input in model.inputs { say("input: \(input)") }
        for output in model.outputs { say("output: \(output)") }
        let count = model.parameters().reduce(0) { $0 + $1.count }
        say("parameters: \(quantity(model.parameters().count, "tensor")), \(quantity(count, "element"))")
        say("nodes: \(model.operatorCounts.values.reduce(0, +))")
        let counts = model.operatorCounts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        for (name, count) in counts { say("  \(name): \(count)") }
    }
}

/// The command `torchlight onnx check`.
struct CheckONNX: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that a model can be run: its format, graph, operators and versions.",
        discussion: "All operators that are not supported are named in one error, with the version of the model.")

    @Argument(help: "The model.")
    var file: String

    func run() throws {
        let model = try ONNXModel(file)
        say(
            "\(IOError.oneLine(file, limit: 400)): can be run, \(quantity(model.operatorCounts.values.reduce(0, +), "node"))"
        )
    }
}

/// The command `torchlight onnx simplify`.
struct SimplifyONNX: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simplify",
        abstract: "Write a model with constant nodes computed, and without nodes and initialisers that are not used.",
        discussion: "Tensors that are stored in other files become part of the output.")

    @Argument(help: "The model.")
    var file: String
    @Argument(help: "The output file; it is created complete or not at all.")
    var output: String

    func run() throws {
        let result = try ONNXModel.simplify(file, to: output)
        say(
            "\(IOError.oneLine(output, limit: 400)): \(quantity(result.foldedNodes, "node")) computed, "
                + "\(quantity(result.unusedNodes, "node")) and \(quantity(result.unusedInitializers, "initialiser")) removed"
        )
    }
}

/// The command `torchlight onnx operators`.
struct ONNXOperators: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operators", abstract: "List the supported operators as a table in Markdown.")

    func run() throws { say(String(OperatorTable.standard.markdown.dropLast())) }
}

/// The command `torchlight onnx run`.
struct RunONNX: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a model on .npy files or random numbers.",
        discussion: """
            Inputs without a file are filled with random numbers between 0 and 1, or with zeros if they are integers. \
            Dynamic sizes are 1 unless --size gives them.
            """)

    @Argument(help: "The model.")
    var file: String
    @Option(
        parsing: .unconditionalSingleValue, help: "An input: NAME=FILE.npy. May be given several times.")
    var input: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: "A dynamic size: NAME=NUMBER. May be given several times.")
    var size: [String] = []
    @Option(parsing: .unconditional, help: "Seed of the random numbers.")
    var seed: UInt64 = 0
    @Option(
        parsing: .unconditional,
        help: "Number of runs; the median time is printed, of several runs without the first.")
    var runs = 1
    @Option(parsing: .unconditional, help: "Number of CPU threads. (default: all)")
    var threads: Int?
    @Flag(help: "Record the operations in the first run and run them compiled afterwards.")
    var compiled = false
    @Flag(help: "Print the time of each operator.")
    var times = false
    @Option(help: "Write the outputs to this .npz or .safetensors file.")
    var output: String?

    func validate() throws {
        for text in input where text.split(separator: "=", maxSplits: 1).count != 2 {
            throw ValidationError("--input takes NAME=FILE.npy, not \(text).")
        }
        for text in size where Int(text.split(separator: "=").last ?? "") == nil || !text.contains("=") {
            throw ValidationError("--size takes NAME=NUMBER, not \(text).")
        }
        if runs < 1 { throw ValidationError("--runs must be at least 1, not \(runs).") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
        if compiled && times {
            throw ValidationError("--times needs operators that run one by one; leave out --compiled.")
        }
    }

    func run() throws {
        if let threads { try useThreads(threads) }
        let model = try ONNXModel(file)
        let inputs = try inputs(of: model)
        // What cannot be written is an error before the runs.
        let format = try output.map { try OutputFormat($0, command: "onnx run") }
        if let output { try AtomicFile.check(output) }
        var results: [String: ONNXValue] = [:]
        var durations: [String: (count: Int, time: Duration)] = [:]
        let step = try compiled ? compiledRun(model, inputs) : nil
        var seconds: [Double] = []
        for _ in 0..<runs {
            durations = [:]
            let start = monotonicSeconds()
            if let step {
                results = try step()
            } else if times {
                results = try model.run(values: inputs) { _, type, time in
                    let before = durations[type] ?? (0, .zero)
                    durations[type] = (before.count + 1, before.time + time)
                }
            } else {
                results = try model.run(values: inputs)
            }
            seconds.append(monotonicSeconds() - start)
        }
        // The first run prepares weights and allocates memory.
        let time = median(runs > 1 ? Array(seconds.dropFirst()) : seconds)
        var tensors: [(name: String, tensor: Tensor)] = []
        for description in model.outputs {
            let name = IOError.oneLine(description.name, limit: 200)
            guard let tensor = results[description.name]?.tensor else {
                say("output: \(name) is no tensor of numbers")
                continue
            }
            say("output: \(name): \(tensor.dtype) \(tensor.shape)\n\(tensor)")
            tensors.append((description.name, tensor))
        }
        say("time: \(Chart.decimal(time * 1000, digits: 4)) ms")
        say("peak memory: \(Chart.decimal(Double(peakMemoryBytes()) / 1e6, digits: 1)) MB")
        for (type, entry) in durations.sorted(by: { $0.value.time > $1.value.time }) {
            say("  \(type): \(quantity(entry.count, "node")), \(entry.time)")
        }
        if let output, let format {
            try format.write(
                tensors.map { StoredTensor($0.name, $0.tensor) }, to: output, notes: [:], shardSize: .max)
        }
    }

    /// The model as a compiled function of its inputs.
    private func compiledRun(
        _ model: ONNXModel, _ inputs: [String: ONNXValue]
    ) throws -> () throws -> [String: ONNXValue] {
        var tensors: [String: Tensor] = [:]
        for (name, value) in inputs {
            guard let tensor = value.tensor else {
                throw Failure("onnx run: the input \(IOError.quoted(name)) is not a tensor; leave out --compiled")
            }
            tensors[name] = tensor
        }
        let step = compile { (x: [String: Tensor]) in try model.run(x) }
        return { try noGrad { try step(tensors).mapValues { ONNXValue($0) } } }
    }

    private func inputs(of model: ONNXModel) throws -> [String: ONNXValue] {
        var files: [String: String] = [:]
        for text in input {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard files.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw Failure("onnx run: two files for the input \(IOError.quoted(parts[0]))")
            }
        }
        if let unknown = files.keys.sorted().first(where: { name in !model.inputs.contains { $0.name == name } }) {
            throw Failure("onnx run: the model has no input \(IOError.quoted(unknown))")
        }
        var sizes: [String: Int] = [:]
        for text in size {
            let parts = text.split(separator: "=").map(String.init)
            guard sizes.updateValue(Int(parts[parts.count - 1]) ?? 1, forKey: parts[0]) == nil else {
                throw Failure("onnx run: two sizes for \(IOError.quoted(parts[0]))")
            }
        }
        let dynamic = Set(model.inputs.flatMap { $0.shape ?? [] }.filter { Int($0) == nil })
        if let unknown = sizes.keys.sorted().first(where: { !dynamic.contains($0) }) {
            throw Failure(
                "onnx run: the model has no dynamic size \(IOError.quoted(unknown)); expected "
                    + (dynamic.isEmpty
                        ? "none" : "one of " + dynamic.sorted().map { IOError.quoted($0) }.joined(separator: ", ")))
        }
        let generator = Generator(seed: seed)
        var values: [String: ONNXValue] = [:]
        for description in model.inputs {
            if let file = files[description.name] {
                values[description.name] = ONNXValue(try NumpyFile.load(file))
                continue
            }
            if description.hasDefault { continue }
            guard let type = description.elementType, let dtype = type.dtype, let shape = description.shape else {
                throw Failure(
                    "onnx run: no values for the input \(IOError.quoted(description.name)), which is no tensor of a known shape; "
                        + "pass --input")
            }
            let numbers = shape.map { Int($0) ?? sizes[$0] ?? 1 }
            values[description.name] = ONNXValue(
                try checked {
                    dtype.isFloatingPoint
                        ? Tensor.rand(numbers, generator: generator).to(dtype) : Tensor.zeros(numbers, dtype: dtype)
                })
        }
        return values
    }
}
