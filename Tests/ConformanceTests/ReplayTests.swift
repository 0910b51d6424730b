import ConformanceReplay
import Foundation
import Testing

/// Replays PyTorch's recorded answers, where they lie beside the checkout, but for the listed exceptions.
///
/// `make conformance` does the same in an optimised build and prints the table.
@Suite struct ReplayTests {
    static let directory: String = {
        let shared = ProcessInfo.processInfo.environment["TORCHLIGHT_SHARED"] ?? "../shared"
        return shared + "/conformance"
    }()

    static let families: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }()

    /// Why nothing is replayed where the data are absent.
    static let absence: Comment =
        """
        the recorded answers are absent: no families in \(directory); \
        set TORCHLIGHT_SHARED to the folder that holds conformance/
        """

    @Test(.enabled(if: !families.isEmpty, absence), arguments: families)
    func answersAsRecorded(_ name: String) throws {
        let family = try Family(name, in: Self.directory)
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let exceptions = try Exceptions(here.appending(path: "../../Conformance/exceptions.json").path)
        let replayer = Replayer()
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
}
