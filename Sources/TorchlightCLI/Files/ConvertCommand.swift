import ArgumentParser
import Torchlight
import TorchlightIO

/// The command `torchlight convert`.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert a tensor file to another format.",
        discussion: """
            The format of the output follows from its name: .safetensors, .safetensors.index.json (shards with an \
            index), .pth, .pt, .bin or .ckpt, .npz, and .npy for a single tensor. Every element type and every value keeps \
            its bits unless --dtype is given, also types that this program cannot compute with; if the output format \
            does not have the type, nothing is written. The metadata of safetensors is kept; numbers and strings in \
            a .pth file are not.

            In OLD of --rename, * matches any text without a dot and ** any text; the stars in NEW are replaced in order by the \
            matches of those in OLD. "module.**=**" removes a prefix, "**=model.**" adds one, "h.*.weight=layers.*.weight" \
            renames the part before the number.
            """)

    @Argument(help: "The input file, of any format that inspect reads.")
    var input: String
    @Argument(help: "The output file; it is created complete or not at all.")
    var output: String
    @Option(help: "Convert the floating-point tensors to f64, f32, f16 or bf16.")
    var dtype: FloatType?
    @Option(
        parsing: .unconditionalSingleValue,
        help: "Rename tensors: OLD=NEW, with * and ** as above. May be given several times.")
    var rename: [String] = []
    @Option(parsing: .unconditional, help: "Maximum number of bytes of tensor data in each shard.")
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
        let format = try OutputFormat(output, command: "convert")
        let listing = try FileListing(input)
        let (tensors, notes) = try tensors(of: listing)
        let texts = Dictionary(
            listing.format == "safetensors" ? listing.metadata.map { ($0.key, $0.value) } : [],
            uniquingKeysWith: { first, _ in first })
        do {
            try format.write(tensors, to: output, notes: texts, shardSize: shardSize)
        } catch let error as IOError where error.kind == .unsupported && dtype == nil {
            throw Failure("convert: \(error.text)\(advice(on: tensors, for: format))")
        }
        let left = listing.format == "torch" ? listing.metadata.count : 0
        let bytes = tensors.reduce(0) { $0 + $1.byteCount }
        say(
            "\(output): \(quantity(tensors.count, "tensor")), \(quantity(bytes, "byte"))"
                + (left > 0
                    ? "; \(quantity(left, "value")) that \(left == 1 ? "is no tensor was" : "are no tensors were") left out"
                    : ""))
        for note in notes + listing.leftOut.map({ "left out: \($0)" }) { say(note) }
    }

    /// How tensors can be written of which the format does not have the element types; empty if it has all of them.
    private func advice(on tensors: [StoredTensor], for format: OutputFormat) -> String {
        let refused = tensors.filter { !format.holds($0.type) }
        if refused.isEmpty { return "" }
        if refused.allSatisfy({ $0.dtype?.isFloatingPoint == true }) {
            return "; --dtype f32 converts every floating-point tensor"
        }
        let others: [(OutputFormat, String)] = [(.safetensors, ".safetensors"), (.torch, ".pth"), (.npz, ".npz")]
        let names = others.filter { other in tensors.allSatisfy { other.0.holds($0.type) } }.map(\.1)
        return names.isEmpty ? "" : "; a file of the format \(names.joined(separator: " or ")) can hold all tensors"
    }

    /// The tensors to write, and warnings about values that changed.
    func tensors(of listing: FileListing) throws -> (tensors: [StoredTensor], warnings: [String]) {
        var warnings: [String] = []
        var tensors: [StoredTensor] = []
        for (stored, name) in try renamed(listing.entries.compactMap(\.stored)) {
            tensors.append(try converted(stored, to: name, &warnings))
        }
        return (tensors, warnings)
    }

    /// The tensors with their new names.
    private func renamed(_ tensors: [StoredTensor]) throws -> [(StoredTensor, String)] {
        let pairs = rename.map { $0.split(separator: "=", omittingEmptySubsequences: false).map(String.init) }
        let rules = pairs.map { StateMapping.Rule.rename($0[0], to: $0[1]) }
        // The rules depend on the names only.
        let nothing = Tensor.zeros([0])
        func apply(_ rules: [StateMapping.Rule]) throws -> (
            tensors: [(name: String, tensor: Tensor, index: Int)], unusedRules: [Int]
        ) {
            try StateMapping(rules).apply(to: tensors.map { (name: $0.name, tensor: nothing) })
        }
        do {
            let mapped = try apply(rules)
            if let unused = mapped.unusedRules.first {
                var advice = tensors.first.map { "; the first is \(IOError.quoted($0.name))" } ?? ""
                // A single star does not match a dot.
                let wide = pairs[unused].map { $0.replacing("**", with: "*").replacing("*", with: "**") }
                let others = rules.enumerated().map { $0.offset == unused ? .rename(wide[0], to: wide[1]) : $0.element }
                if let again = try? apply(others), !again.unusedRules.contains(unused) {
                    advice = "; * matches text without a dot only; --rename \"\(wide[0])=\(wide[1])\" would match"
                }
                throw Failure("convert: \(input) has no tensor for --rename \"\(rename[unused])\"\(advice)")
            }
            return mapped.tensors.map { (tensors[$0.index], $0.name) }
        } catch let error as StateMappingError {
            // The rules as given on the command line.
            var text = error.problem
            for (rule, given) in zip(rules, rename) { text = text.replacing("\(rule)", with: "--rename \"\(given)\"") }
            throw Failure("convert: \(text)")
        }
    }

    /// A tensor with its new name, in the requested dtype.
    private func converted(_ stored: StoredTensor, to name: String, _ notes: inout [String]) throws -> StoredTensor {
        guard let target = dtype?.dtype, let found = stored.dtype, found.isFloatingPoint, stored.type != "\(target)"
        else {
            return stored.renamed(name)
        }
        let source = try stored.tensor(file: input).detach()
        let (result, infinite, zero) = try checked {
            noGrad {
                let result = source.to(target)
                func count(_ flags: Tensor) -> Int { flags.to(.int64).sum().item(Int.self) }
                return (
                    result, count(result.isinf().logicalAnd(source.isfinite())),
                    count((result .== 0).logicalAnd(source .!= 0))
                )
            }
        }
        let shown = IOError.oneLine(name, limit: 200)
        if infinite > 0 {
            notes.append(
                "warning: \(shown): \(quantity(infinite, "value")) beyond the range of \(target) became infinite")
        }
        if zero > 0 {
            notes.append("warning: \(shown): \(quantity(zero, "value")) too small for \(target) became 0")
        }
        return StoredTensor(name, result)
    }
}
