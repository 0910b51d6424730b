import ConformanceReplay
import Foundation
import Testing

/// Replays PyTorch's recorded answers (Conformance/Data), but for the listed exceptions.
///
/// `make conformance` does the same in an optimised build and prints the table.
@Suite struct ReplayTests {
    static let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL.path
    static let families = Family.all(in: Family.folders(ofCheckout: root))

    @Test(arguments: families.map(\.name).filter { !Family.withoutReplayer.contains($0) })
    func answersAsRecorded(_ name: String) throws {
        let folder = try #require(Self.families.first { $0.name == name }).folder
        let family = try Family(name, in: folder)
        let exceptions = try Exceptions(Self.root + "/Conformance/exceptions.json")
        let replayer = Replayer()
        #expect(family.count > 0)
        for index in 0..<family.count where !exceptions.contains(name, family.id(index)) {
            switch replayer.replay(index, of: family) {
            case .passed, .needsValues: break
            case .failed(let expected, let got):
                Issue.record("\(name) \(family.id(index)): expected \(expected), got \(got)")
            case .notSupported(let reason):
                Issue.record("\(name) \(family.id(index)): \(reason)")
            }
        }
    }

    /// A sample of the calls through `compile`: recorded in a first call, and answered by the recorded graph in a second one.
    @Test(arguments: [
        "indexing", "inplace", "matmul", "modules", "nn_loss", "optim", "pointwise_unary", "shape", "sorting",
    ])
    func compiledAnswersAsRecorded(_ name: String) throws {
        let folder = try #require(Self.families.first { $0.name == name }).folder
        let family = try Family(name, in: folder)
        let exceptions = try Exceptions(Self.root + "/Conformance/exceptions.json")
        let replayer = Replayer()
        var passed = 0
        for index in stride(from: 0, to: family.count, by: 5) where !exceptions.contains(name, family.id(index)) {
            switch ReplayDevice.$isCompiled.withValue(true, operation: { replayer.replay(index, of: family) }) {
            case .passed: passed += 1
            case .needsValues: break
            case .failed(let expected, let got):
                Issue.record("\(name) \(family.id(index)): expected \(expected), got \(got)")
            case .notSupported(let reason):
                Issue.record("\(name) \(family.id(index)): \(reason)")
            }
        }
        #expect(passed * 6 > family.count, "most of a fifth of \(family.count)")
    }

    /// The data is in the repository, so that nothing is left out where a folder is missing.
    @Test func everyFamilyIsThere() {
        let own = Set(Family.all(in: [Self.root + "/Conformance/Data"]).map(\.name))
        #expect(own.count >= 37)
        #expect(own.isSuperset(of: Family.withoutReplayer))
    }

    @Test func archivesAreSmall() throws {
        var total = 0
        for folder in ["Data", "Files"] {
            let path = "\(Self.root)/Conformance/\(folder)"
            for file in try FileManager.default.contentsOfDirectory(atPath: path) where file.hasSuffix(".zip") {
                total += try FileManager.default.attributesOfItem(atPath: "\(path)/\(file)")[.size] as? Int ?? 0
            }
        }
        #expect(total <= 8_000_000, "the recorded data has \(total) bytes")
    }
}
