import ArgumentParser
import Torchlight
import TorchlightIO

/// `torchlight convert`
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the tensors of a file to one of another kind.",
        discussion: """
            The kind of the new file follows from its name: .safetensors, .safetensors.index.json (several files with an \
            index), .pth or .pt, .npz, and .npy for a single tensor. Every value keeps its bits unless --dtype says \
            otherwise. Notes of safetensors are kept; numbers and texts beside the tensors of a .pth file are not.
            """)

    @Argument(help: "The file to read, of any kind that inspect shows.")
    var input: String
    @Argument(help: "The file to write; it appears complete or not at all.")
    var output: String
    @Option(help: "Convert the floating-point tensors to f64, f32, f16 or bf16.")
    var dtype: FloatType?
    @Option(
        parsing: .unconditionalSingleValue,
        help: "Rename tensors: OLD=NEW, with stars as in \"h.*.weight=layers.*.weight\". May be given several times.")
    var rename: [String] = []
    @Option(parsing: .unconditional, help: "How many bytes each file of an index may hold. (default: 5000000000)")
    var shardSize = 5_000_000_000

    enum FloatType: String, ExpressibleByArgument, CaseIterable {
        case f64, f32, f16, bf16

        var dtype: DType {
            switch self {
            case .f64: .float64
            case .f32: .float32
            case .f16: .float16
            case .bf16: .bfloat16
            }
        }
    }

    func validate() throws {
        for text in rename where text.split(separator: "=", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--rename takes OLD=NEW, not \(text).")
        }
        if shardSize < 1 { throw ValidationError("--shard-size must be at least 1, not \(shardSize).") }
    }

    func run() throws {
        let listing = try FileListing(input)
        var given: StateDict = [:]
        for entry in listing.entries {
            guard given.updateValue(entry.tensor!, forKey: entry.name) == nil else {
                throw Failure("convert: \(input) has two tensors with the name \(IOError.quoted(entry.name))")
            }
        }
        let mapping = StateMapping(
            rename.map { text in
                let parts = text.split(separator: "=", omittingEmptySubsequences: false)
                return .rename(String(parts[0]), to: String(parts[1]))
            })
        let mapped = try mapping.apply(to: given)
        if let rule = mapped.unusedRules.first { throw Failure("convert: \(input) has no tensor for \(rule)") }
        let target = dtype?.dtype
        let tensors = try checked {
            mapped.tensors.mapValues { tensor in
                guard let target, tensor.dtype.isFloatingPoint else { return tensor }
                return noGrad { tensor.detach().to(target) }
            }
        }
        try write(tensors, notes: listing.format == "safetensors" ? listing.metadata : [])
        let left = listing.format == "torch" ? listing.metadata.count : 0
        say(
            "\(output): \(tensors.count) tensors, \(tensors.values.reduce(0) { $0 + $1.count * $1.dtype.byteSize }) bytes"
                + (left > 0 ? "; \(left) values that are no tensors were left out" : ""))
    }

    private func write(_ tensors: StateDict, notes: [(key: String, value: String)]) throws {
        let metadata = Dictionary(notes.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        if output.hasSuffix(".safetensors.index.json") {
            try Safetensors.saveShards(tensors, to: output, shardSize: shardSize, metadata: metadata)
        } else if output.hasSuffix(".safetensors") {
            try Safetensors.save(tensors, to: output, metadata: metadata)
        } else if output.hasSuffix(".pth") || output.hasSuffix(".pt") {
            try TorchFile.save(tensors, to: output)
        } else if output.hasSuffix(".npz") {
            try NumpyFile.save(tensors, to: output)
        } else if output.hasSuffix(".npy") {
            guard tensors.count == 1, let tensor = tensors.first?.value else {
                throw Failure(
                    "convert: \(output) can hold one tensor, and \(input) has \(tensors.count); .npz holds many")
            }
            try NumpyFile.save(tensor, to: output)
        } else {
            throw Failure(
                "convert: \(output) names no kind of file; expected .safetensors, .safetensors.index.json, .pth, .pt, .npz or .npy"
            )
        }
    }
}
