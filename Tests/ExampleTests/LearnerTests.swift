import TestSupport
import Testing
import TorchlightIO

/// The programs of Examples/Learner print what was recorded, and what the same program printed in PyTorch.
@Suite("The learner's programs")
struct LearnerTests {
    /// Recorded output by the name of the program.
    static let recorded: [(name: String, output: String)] = {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        guard let bytes = try? FileSystem.read("/\(folder)/LearnerOutput.txt") else { return [] }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "=== ")
        return parts.compactMap { part in
            guard let end = part.firstIndex(of: "\n") else { return nil }
            return (String(part[..<end]), String(part[part.index(after: end)...]))
        }
    }()

    @Test("Each prints what was recorded", arguments: recorded.map(\.name))
    func prints(_ name: String) throws {
        let expected = try #require(Self.recorded.first { $0.name == name }).output
        #expect(try run(program("Learner"), [name], in: "/tmp") == expected)
    }

    @Test("None is without a record")
    func isComplete() throws {
        let programs = try run(program("Learner"), in: "/tmp").split(separator: "\n").map(String.init)
        #expect(programs == Self.recorded.map(\.name))
    }

    /// What a program prints otherwise than PyTorch, beside the way in which Python and Swift write a list, true and nil.
    private static let differences: [String: String] = [
        "t06_numpy": "an array of Swift takes NumPy's place",
        "t08_cat": "split gives an array, which prints brackets",
        "t09_arith": "the type is Double, not float",
        "t10_reduce": "the pair prints as a tuple of Swift",
        "t11_shape": "our error", "t12_broadcast": "our error", "t15_errors": "our errors",
        "a06_inplace_leaf": "our error", "a07_inplace_saved": "our error", "a08_twice": "our error",
        "a09_nonscalar": "our error", "n07_load_mistakes": "our errors and report",
        "n05_modulelist": "a plain array of layers registers",
        "n08_train_eval": "the operation is called BatchNorm", "n09_linear": "the operation is called Linear",
        "n11_pool_act": "a sum of float32 numbers is off by one in the last place",
        "l01_cross_entropy": "the name of the operation is ours",
        "d02_dataset": "a dictionary of Swift has no order, so its values are printed",
        "d05_save_load": "the report of the load is ours", "d07_seed_values": "the random stream is ours",
    ]

    @Test("Each prints what PyTorch printed, but for the differences that are meant")
    func printsAsPyTorch() throws {
        let path = "\(Interop.folder)/learner/programs.json"
        let listed = try #require(JSON.parse(FileSystem.read(path), file: path).elements)
        let originals = Dictionary(
            uniqueKeysWithValues: listed.map { ($0["id"]?.string ?? "", $0["stdout"]?.string ?? "") })
        for (name, output) in Self.recorded where Self.differences[name] == nil {
            let original = try #require(originals[name], "there is no original of \(name)")
            #expect(Self.spelledAlike(output) == Self.spelledAlike(original), "\(name)")
        }
    }

    /// The text with Python's spelling of shapes, dtypes, true, false and nil turned into Swift's.
    private static func spelledAlike(_ text: String) -> String {
        var text = text
        for (python, swift) in [
            ("torch.Size(", "("), ("dtype=torch.", "dtype= "), ("torch.", ""), ("dtype= ", "dtype=torch."),
            ("True", "true"), ("False", "false"), ("None", "nil"), ("'", "\""), (",)", ")"),
        ] {
            text = text.split(separator: python, omittingEmptySubsequences: false).joined(separator: swift)
        }
        // A shape is "(2, 3)" or "([2, 3])" there, "[2, 3]" here.
        return String(text.filter { !"()[]".contains($0) })
    }
}
