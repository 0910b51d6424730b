import ArgumentParser
import Torchlight
import TorchlightIO

/// `torchlight diff`
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two files tensor by tensor.",
        discussion: """
            The files may be of different kinds. The exit status is 0 where names, dtypes, shapes and all bits agree, 1 where \
            anything differs.
            """)

    @Argument(help: "A file, of any kind that inspect shows.")
    var first: String
    @Argument(help: "Another file.")
    var second: String
    @Flag(help: "Print JSON.")
    var json = false
    @Option(parsing: .unconditional, help: "Take values for equal that differ by no more, whatever their dtypes.")
    var tolerance: Double?

    func validate() throws {
        if let tolerance, !(tolerance >= 0) {
            throw ValidationError("--tolerance must be at least 0, not \(tolerance).")
        }
    }

    func run() throws {
        let comparison = try Comparison(FileListing(first), FileListing(second), tolerance: tolerance)
        if json {
            say(comparison.json(first, second))
        } else if !comparison.lines.isEmpty {
            say(comparison.lines.map(\.text).joined(separator: "\n"))
        }
        let total = comparison.lines.count + comparison.equal
        guard comparison.lines.isEmpty else {
            throw Failure("diff: \(comparison.lines.count) of \(total) tensors differ between \(first) and \(second)")
        }
        if !json { say("\(total) tensors are equal") }
    }
}

/// What differs between two files.
struct Comparison {
    /// One tensor that differs.
    struct Line {
        let name: String
        /// What differs, in words.
        let problem: String
        var text: String { "\(IOError.oneLine(name, limit: 200)): \(problem)" }
    }

    private(set) var lines: [Line] = []
    /// The number of tensors that do not differ.
    private(set) var equal = 0

    init(_ first: FileListing, _ second: FileListing, tolerance: Double?) {
        let others = Dictionary(second.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        for entry in first.entries where seen.insert(entry.name).inserted {
            guard let other = others[entry.name] else {
                lines.append(Line(name: entry.name, problem: "only in \(IOError.oneLine(first.path, limit: 200))"))
                continue
            }
            if let problem = Self.problem(entry, other, tolerance: tolerance) {
                lines.append(Line(name: entry.name, problem: problem))
            } else {
                equal += 1
            }
        }
        for entry in second.entries where seen.insert(entry.name).inserted {
            lines.append(Line(name: entry.name, problem: "only in \(IOError.oneLine(second.path, limit: 200))"))
        }
    }

    private static func problem(_ a: FileListing.Entry, _ b: FileListing.Entry, tolerance: Double?) -> String? {
        guard a.shape == b.shape else { return "\(a.type) \(a.shape) and \(b.type) \(b.shape)" }
        let difference = TensorDifference(a.tensor!, b.tensor!, tolerance: tolerance ?? 0)
        if difference.isBitwiseEqual || tolerance != nil && difference.count == 0 { return nil }
        var parts: [String] = []
        if a.type != b.type { parts.append("\(a.type) and \(b.type)") }
        if difference.count > 0 {
            let count = a.shape.reduce(1, *)
            parts.append("\(difference.count) of \(count) values differ, by up to \(difference.largest)")
        } else {
            parts.append("equal values\(a.type == b.type ? " in other bits" : "")")
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
