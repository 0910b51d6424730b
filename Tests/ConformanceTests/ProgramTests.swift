import ConformanceReplay
import Foundation
import Testing

/// Runs the programs that random testing beside PyTorch has found to give other results, with what PyTorch gave.
///
/// `make hunt` finds such programs; each stands for a kind of fault that was mended. `Hunt/README.md` describes them.
@Suite struct ProgramTests {
    static let programs: [ProgramText] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs/programs.jsonl")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? ProgramText(String($0)) }
    }()

    @Test func programsAreRead() { #expect(Self.programs.count > 0) }

    @Test(arguments: programs.indices)
    func answersAsPyTorch(_ index: Int) {
        let program = Self.programs[index]
        let outcome = ProgramRunner().run(program)
        guard case .passed = outcome else {
            Issue.record("\(program.name): \(outcome.line)")
            return
        }
    }

    /// A runner that compares nothing would let every program pass.
    @Test(arguments: [
        (#"{"results": [{"dtype": "float32", "shape": [2], "values": [2, 5], "rtol": 0, "atol": 0}]}"#, "element 1"),
        (#"{"results": [{"dtype": "float64", "shape": [2], "values": [2, 4], "rtol": 0, "atol": 0}]}"#, "float64"),
        (#"{"results": [{"dtype": "float32", "shape": [2, 1], "values": [2, 4], "rtol": 0, "atol": 0}]}"#, "[2, 1]"),
        (#"{"error": true}"#, "a refusal"),
    ])
    func findsWhatDiffers(_ expected: String, _ difference: String) throws {
        let tensor = #"{"do": "tensor", "to": ["x"], "data": {"dtype": "float32", "shape": [2], "values": [1, 2]}}"#
        let sum = #"{"do": "call", "to": ["y"], "op": "add", "args": [{"tensor": "x"}, {"tensor": "x"}]}"#
        let given = #"{"results": [{"dtype": "float32", "shape": [2]}]}"#
        let program = try ProgramText(
            #"{"statements": [\#(tensor), \#(sum)], "expected": [\#(given), \#(expected)], "final": {}}"#)
        guard case .differs(let statement, let wanted, _) = ProgramRunner().run(program) else {
            Issue.record("\(expected): no difference was found")
            return
        }
        #expect(statement == 1)
        #expect(wanted.contains(difference), "\(wanted) should name \(difference)")
    }
}
