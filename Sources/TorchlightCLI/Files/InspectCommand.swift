import ArgumentParser
import Torchlight
import TorchlightIO

/// The command `torchlight inspect`.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the contents of a tensor file or of a program.",
        discussion: """
            Reads safetensors, PyTorch's .pth, .pt and .bin, the indices of both, NumPy's .npy and .npz, and IDX, detected by \
            their contents, the tensors of .onnx, and programs (.tlp) with their operations. No code in a file is executed; calls that a pickle would make in Python are listed, and so are members that \
            cannot be read. In JSON, NaN and infinities are the strings "nan", "inf" and "-inf" in values and null in \
            statistics.
            """)

    @Argument(help: "The file.")
    var file: String
    @Flag(help: "Print JSON.")
    var json = false
    @Flag(
        help:
            "Compute minimum, maximum, mean and standard deviation of each tensor, and count NaN and infinities."
    )
    var stats = false
    @Option(parsing: .unconditional, help: "Number of values to print of each tensor.")
    var values = 0

    func validate() throws {
        if values < 0 { throw ValidationError("--values must be at least 0, not \(values).") }
    }

    func run() throws {
        try Self.report(file, stats: stats, values: values, json: json) { say($0) }
    }

    static func report(
        _ path: String, stats: Bool, values: Int, json isJSON: Bool, _ say: (String) -> Void
    ) throws {
        if try reportProgram(path, json: isJSON, say) { return }
        let refusals = try refused(path)
        if !refusals.isEmpty, !isJSON {
            for refusal in refusals { say(text(refusal)) }
        }
        let listing: FileListing
        do {
            listing = try FileListing(path, headerOnly: !stats && values == 0, skippingDamaged: true)
        } catch {
            if isJSON, !refusals.isEmpty {
                say(JSON.object([("file", .string(path)), ("would_run", array(refusals))]).text(indented: true))
            }
            throw error
        }
        let figures = try FigureColumns(listing, stats: stats, values: values)
        say(isJSON ? json(listing, figures) : text(listing, figures))
        let damaged = listing.leftOut.filter(\.isDamaged)
        if let first = damaged.first {
            throw Failure(
                "inspect: \(IOError.oneLine(path, limit: 1024)): \(quantity(damaged.count, "member")) "
                    + "\(damaged.count == 1 ? "is" : "are") damaged: \(first)")
        }
    }

    /// The global names in a pickle that would have been loaded or called.
    private static func refused(_ path: String) throws -> [PickleRefusal] {
        let bytes = try MappedFile(path).withBytes { Array($0.prefix(2)) }
        guard bytes == [0x50, 0x4B] || bytes.first == 0x80 else { return [] }
        return (try? TorchFile.refusals(path)) ?? []
    }

    private static func text(_ refusal: PickleRefusal) -> String {
        let what = IOError.oneLine(refusal.call ?? refusal.name, limit: 400)
        return "would \(refusal.call == nil ? "load" : "run") \(what)    (byte \(refusal.offset); not run here)"
    }

    private static func array(_ refusals: [PickleRefusal]) -> JSON {
        .array(
            refusals.map { refusal in
                .object([
                    ("name", .string(refusal.name)), ("byte", .int(refusal.offset)),
                    ("call", refusal.call.map { JSON.string($0) } ?? nil),
                ])
            })
    }

    /// The tensors whose values are shown, by the index of the entry.
    private struct FigureColumns {
        let stats: Bool
        let values: Int
        private(set) var tensors: [Int: Tensor] = [:]

        /// - Throws: `IOError` if values are requested and none can be read.
        init(_ listing: FileListing, stats: Bool, values: Int) throws {
            self.stats = stats
            self.values = values
            guard stats || values > 0 else { return }
            var failure: IOError?
            for (index, entry) in listing.entries.enumerated() {
                do throws(IOError) { tensors[index] = try entry.stored?.tensor(file: listing.path) } catch {
                    failure = failure ?? error
                }
            }
            if tensors.isEmpty, let failure { throw failure }
        }
    }

    // MARK: Text

    private static func text(_ listing: FileListing, _ figures: FigureColumns) -> String {
        let tensorBytes = listing.entries.reduce(0) { $0 + $1.byteCount }
        let elements = listing.entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
        var lines = [
            "\(IOError.oneLine(listing.path, limit: 1000)): \(listing.format), \(bytes(listing.byteCount)); "
                + "\(quantity(listing.entries.count, "tensor")), \(quantity(elements, "element")), \(bytes(tensorBytes))"
        ]
        let shown = 40
        for (key, value) in listing.metadata.prefix(shown) {
            lines.append("  \(IOError.oneLine(key, limit: 100)): \(IOError.oneLine(value, limit: 200))")
        }
        if listing.metadata.count > shown {
            lines.append("  and \(quantity(listing.metadata.count - shown, "more metadata value")), which --json shows")
        }
        for member in listing.leftOut { lines.append("  left out: \(member)") }
        if !listing.entries.isEmpty {
            var table = TextTable(header: ["name", "dtype", "shape", "bytes"], rows: [], numbers: [3])
            if figures.stats {
                table.header += ["min", "max", "mean", "std", "nan", "inf"]
                table.numbers.formUnion(4...9)
            }
            if figures.values > 0 { table.header.append("values") }
            table.rows = listing.entries.enumerated().map { row($0.element, figures.tensors[$0.offset], figures) }
            lines.append(table.description)
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ entry: FileListing.Entry, _ tensor: Tensor?, _ columns: FigureColumns) -> [String] {
        var row = [IOError.oneLine(entry.name, limit: 200), entry.type, "\(entry.shape)", "\(entry.byteCount)"]
        if columns.stats {
            if let tensor {
                let figures = TensorFigures(tensor)
                let numbers = [figures.minimum, figures.maximum, figures.mean, figures.deviation]
                row += numbers.map { figures.finiteCount == 0 ? "-" : short($0) }
                row += ["\(figures.nanCount)", "\(figures.infinityCount)"]
            } else {
                row += Array(repeating: "-", count: 6)
            }
        }
        if columns.values > 0 {
            let first = tensor?.firstElements(columns.values).joined(separator: ", ")
            row.append(first.map { "[\($0)\(tensor!.count > columns.values ? ", ..." : "")]" } ?? "-")
        }
        return row
    }

    private static func bytes(_ count: Int) -> String {
        count < 1024 ? quantity(count, "byte") : "\(count) bytes (\(Memory.text(count)))"
    }

    /// A number with about five digits.
    private static func short(_ value: Double) -> String {
        let magnitude = abs(value)
        if value == value.rounded(), magnitude < 1e6 { return "\(Int(value))" }
        return magnitude >= 1e-4 && magnitude < 1e6
            ? Chart.decimal(value, digits: magnitude < 1 ? 6 : 4) : "\(Float(value))"
    }

    // MARK: JSON

    private static func json(_ listing: FileListing, _ columns: FigureColumns) -> String {
        let tensors = listing.entries.enumerated().map { index, entry -> JSON in
            var members: [(String, JSON)] = [
                ("name", .string(entry.name)), ("dtype", .string(entry.type)),
                ("shape", .array(entry.shape.map(JSON.int))), ("bytes", .int(entry.byteCount)),
            ]
            if let tensor = columns.tensors[index] {
                if columns.stats {
                    let figures = TensorFigures(tensor)
                    members += [
                        ("min", .double(figures.minimum)), ("max", .double(figures.maximum)),
                        ("mean", .double(figures.mean)), ("std", .double(figures.deviation)),
                        ("nan", .int(figures.nanCount)), ("inf", .int(figures.infinityCount)),
                    ]
                }
                if columns.values > 0 {
                    members.append(("values", .array(tensor.firstElements(columns.values).map(number))))
                }
            }
            return .object(members)
        }
        return JSON.object([
            ("file", .string(listing.path)), ("format", .string(listing.format)), ("bytes", .int(listing.byteCount)),
            ("tensor_bytes", .int(listing.entries.reduce(0) { $0 + $1.byteCount })),
            ("metadata", .object(listing.metadata.map { ($0.key, .string($0.value)) })), ("tensors", .array(tensors)),
            (
                "left_out",
                .array(listing.leftOut.map { .object([("name", .string($0.name)), ("reason", .string($0.reason))]) })
            ),
        ]).text(indented: true)
    }

    /// A value as JSON; values that JSON has no number for are strings.
    private static func number(_ text: String) -> JSON {
        switch text {
        case "true", "false": JSON(.bool(text == "true"))
        case "nan", "inf", "-inf": .string(text)
        // Complex numbers, of which JSON has none.
        case _ where text.hasSuffix("i"): .string(text)
        default: JSON(.number(text))
        }
    }
}
