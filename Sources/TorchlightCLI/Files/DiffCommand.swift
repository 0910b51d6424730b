import ArgumentParser
import Torchlight
import TorchlightIO

/// The command `torchlight diff`.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare the tensors of two files.",
        discussion: """
            The files may have different formats. The exit status is 0 if names, dtypes, shapes and all bits are equal, 1 if \
            anything differs.
            """)

    @Argument(help: "A file, of any format that inspect reads.")
    var first: String
    @Argument(help: "The other file.")
    var second: String
    @Flag(help: "Print JSON.")
    var json = false
    @Option(
        parsing: .unconditional,
        help: "Treat values as equal that differ by at most this much, also with different dtypes.")
    var tolerance: Double?

    func validate() throws {
        if let tolerance, !(tolerance >= 0) {
            throw ValidationError("--tolerance must be at least 0, not \(tolerance).")
        }
    }

    func run() throws {
        let files = (try FileListing(first), try FileListing(second))
        let comparison = try Comparison(files.0, files.1, tolerance: tolerance)
        if !json {
            for file in [files.0, files.1] {
                for member in file.leftOut { say("not compared: \(IOError.oneLine(file.path, limit: 200)): \(member)") }
            }
        }
        if json {
            say(comparison.json(first, second))
        } else if !comparison.lines.isEmpty {
            say(comparison.lines.map(\.text).joined(separator: "\n"))
        }
        let total = comparison.lines.count + comparison.equal
        guard comparison.lines.isEmpty else {
            throw Failure(
                "diff: \(comparison.lines.count) of \(quantity(total, "tensor")) differ between \(first) and \(second)")
        }
        if !json { say("\(quantity(total, "tensor")) \(total == 1 ? "is" : "are") equal") }
    }
}

/// The differences between two files.
struct Comparison {
    /// A tensor that differs.
    struct Line {
        let name: String
        /// A description of the difference.
        let problem: String
        var text: String { "\(IOError.oneLine(name, limit: 200)): \(problem)" }
    }

    private(set) var lines: [Line] = []
    /// The number of equal tensors.
    private(set) var equal = 0

    init(_ first: FileListing, _ second: FileListing, tolerance: Double?) throws {
        // Names are compared as bytes: Swift compares canonically equivalent strings as equal.
        let others = Dictionary(
            second.entries.map { (Array($0.name.utf8), $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<[UInt8]> = []
        for entry in first.entries where seen.insert(Array(entry.name.utf8)).inserted {
            guard let other = others[Array(entry.name.utf8)] else {
                lines.append(Line(name: entry.name, problem: "only in \(IOError.oneLine(first.path, limit: 200))"))
                continue
            }
            if let problem = try Self.problem((entry, first.path), (other, second.path), tolerance: tolerance) {
                lines.append(Line(name: entry.name, problem: problem))
            } else {
                equal += 1
            }
        }
        for entry in second.entries where seen.insert(Array(entry.name.utf8)).inserted {
            lines.append(Line(name: entry.name, problem: "only in \(IOError.oneLine(second.path, limit: 200))"))
        }
    }

    private static func problem(
        _ first: (entry: FileListing.Entry, path: String), _ second: (entry: FileListing.Entry, path: String),
        tolerance: Double?
    ) throws -> String? {
        let (a, b) = (first.entry, second.entry)
        guard a.shape == b.shape else { return "\(a.type) \(a.shape) and \(b.type) \(b.shape)" }
        let isSameType = a.stored!.type == b.stored!.type
        let areSameBits = isSameType && a.stored!.hasSameBits(as: b.stored!)
        if areSameBits { return nil }
        guard a.stored?.problem == nil, b.stored?.problem == nil else {
            return isSameType ? "different bits; values of type \(a.type) cannot be read" : "\(a.type) and \(b.type)"
        }
        let difference = TensorDifference(
            try a.stored!.tensor(file: first.path), try b.stored!.tensor(file: second.path), tolerance: tolerance ?? 0)
        if tolerance != nil && difference.count == 0 { return nil }
        var parts: [String] = []
        if !isSameType { parts.append("\(a.type) and \(b.type)") }
        if difference.count > 0 {
            let count = a.shape.reduce(1, *)
            parts.append("\(difference.count) of \(quantity(count, "value")) differ, by up to \(difference.largest)")
        } else {
            parts.append("equal values\(isSameType ? " with different bits" : "")")
        }
        return parts.joined(separator: "; ")
    }

    func json(_ first: String, _ second: String) -> String {
        JSON.object([
            ("first", .string(first)), ("second", .string(second)), ("equal", .int(equal)),
            (
                "different",
                .array(lines.map { .object([("name", .string($0.name)), ("problem", .string($0.problem))]) })
            ),
        ]).text(indented: true)
    }
}
