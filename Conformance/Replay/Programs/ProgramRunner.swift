import Torchlight
import TorchlightIO

/// Runs programs over named tensors, modules, optimisers and schedules, and compares them with what PyTorch gave.
///
/// A program is `{"statements": [...], "expected": [...], "final": {...}}`. What PyTorch gave lies beside each statement:
/// `{"error": true}` for a refusal, `{"results": [...]}` otherwise, and `final` holds every tensor and its gradient when the
/// program has ended. `Hunt/README.md` describes the statements. The operators, modules, optimisers and schedules are those
/// of the recorded calls.
public struct ProgramRunner {
    let registry = Registry()
    let modules = ModuleRegistry()

    /// A runner of every operator, module, optimiser and schedule.
    public init() {}

    /// Runs a program.
    public func run(_ program: ProgramText) -> ProgramOutcome {
        let run = ProgramRun(registry: registry, modules: modules)
        let statements = program.json["statements"]?.elements ?? []
        let expected = program.json["expected"]?.elements ?? []
        guard statements.count == expected.count else {
            return .notSupported("\(statements.count) statements and \(expected.count) results")
        }
        for (i, (statement, expectation)) in zip(statements, expected).enumerated() {
            do {
                try run.perform(statement, expectation)
            } catch let outcome as ProgramOutcome.Failure {
                return .differs(statement: i, expected: outcome.expected, got: outcome.got)
            } catch let reason as NotSupported {
                return .notSupported("statement \(i): \(reason)")
            } catch {
                return .differs(statement: i, expected: "an answer", got: "\(error)")
            }
        }
        do {
            try run.compareEnd(program.json["final"]?.members ?? [])
        } catch let difference as Difference {
            return .differs(statement: statements.count, expected: difference.expected, got: difference.got)
        } catch {
            return .differs(statement: statements.count, expected: "an answer", got: "\(error)")
        }
        return .passed
    }
}

/// A program as read from one line of JSON.
public struct ProgramText: Sendable {
    let json: JSON

    /// Reads one line.
    public init(_ line: String) throws { json = try JSON.parse(Array(line.utf8), file: "program") }

    /// What the program is called in reports.
    public var name: String { json["name"]?.string ?? "program" }
}

/// What became of a program.
public enum ProgramOutcome: Sendable {
    case passed
    /// The first statement whose result differs, or the number of statements where only the end does.
    case differs(statement: Int, expected: String, got: String)
    case notSupported(String)

    struct Failure: Error {
        let expected: String
        let got: String
    }

    /// The outcome as one line of JSON, for the program that generates programs.
    public var line: String {
        let answer: JSON =
            switch self {
            case .passed: ["outcome": "passed"]
            case .differs(let statement, let expected, let got):
                [
                    "outcome": "differs", "statement": .int(statement), "expected": .string(expected),
                    "got": .string(got),
                ]
            case .notSupported(let reason): ["outcome": "not supported", "reason": .string(reason)]
            }
        return answer.text()
    }
}
