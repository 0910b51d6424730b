import ConformanceReplay
import Foundation
import Testing
import TorchlightIO

/// Replays every third of PyTorch's recorded answers, where they lie beside the checkout.
///
/// `make conformance` replays all of them. Families that nothing else tests are replayed whole here too.
@Suite struct ReplayTests {
    static let directory: String = {
        let shared = ProcessInfo.processInfo.environment["TORCHLIGHT_SHARED"] ?? "../shared"
        return shared + "/conformance"
    }()

    static let families: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }()

    /// The families of which some calls are not mapped yet.
    private static let unfinished: Set<String> = [
        "inplace", "matmul", "pointwise_binary", "pointwise_other", "pointwise_unary", "reductions", "shape", "special",
    ]

    /// The ids of a family in one of the two lists: exceptions, which stay, and open differences, which should go.
    private func listed(_ family: String) throws -> Set<String> {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let open = try JSON.parse(
            [UInt8](try Data(contentsOf: here.appending(path: "open-differences.json"))), file: "open-differences.json")
        let exceptions = try JSON.parse(
            [UInt8](try Data(contentsOf: here.appending(path: "../../Conformance/exceptions.json"))),
            file: "exceptions.json")
        var ids = Set(open[family]?.elements?.compactMap(\.string) ?? [])
        for entry in exceptions.elements ?? [] where entry["family"]?.string == family {
            ids.formUnion(entry["ids"]?.elements?.compactMap(\.string) ?? [])
        }
        return ids
    }

    /// Why nothing is replayed where the data are absent.
    static let absence: Comment =
        """
        the recorded answers are absent: no families in \(directory); \
        set TORCHLIGHT_SHARED to the folder that holds conformance/
        """

    /// The families that nothing else tests.
    static let whole: Set<String> = ["modules", "optim", "lr_scheduler", "clip_grad"]

    @Test(.enabled(if: !families.isEmpty, absence), arguments: families)
    func answersAsRecorded(_ name: String) throws {
        let family = try Family(name, in: Self.directory)
        let known = try listed(name)
        let replayer = Replayer()
        let step = Self.whole.contains(name) ? 1 : 3
        for index in stride(from: 0, to: family.count, by: step) where !known.contains(family.id(index)) {
            switch replayer.replay(index, of: family) {
            case .failed(let expected, let got):
                Issue.record("\(name) \(family.id(index)): expected \(expected), got \(got)")
            case .notSupported(let reason) where !Self.unfinished.contains(name):
                Issue.record("\(name) \(family.id(index)): \(reason)")
            default: break
            }
        }
    }
}
