import ConformanceReplay
import Foundation
import Testing

/// Replays PyTorch's recorded answers, where they lie beside the checkout, but for the listed exceptions.
///
/// `make conformance` does the same in an optimised build and prints the table.
@Suite struct ReplayTests {
    static let shared = ProcessInfo.processInfo.environment["TORCHLIGHT_SHARED"] ?? "../shared"
    static let directory = shared + "/conformance"
    /// Where families lie that are not in the first folder, of those that have a replayer.
    static let furtherDirectory = shared + "/conformance-2"
    static let families: [String] = {
        func names(_ folder: String) -> [String] {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
        }
        return (names(directory) + names(furtherDirectory).filter(Family.further.contains)).sorted()
    }()

    /// Why nothing is replayed where the data are absent.
    static let absence: Comment =
        """
        the recorded answers are absent: no families in \(directory); \
        set TORCHLIGHT_SHARED to the folder that holds conformance/
        """

    @Test(.enabled(if: !families.isEmpty, absence), arguments: families)
    func answersAsRecorded(_ name: String) throws {
        let family = try Family(
            name, in: Family.further.contains(name) ? Self.furtherDirectory : Self.directory)
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
