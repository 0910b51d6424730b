import ConformanceReplay
import Foundation
import Testing
import TorchlightIO

/// Replays every third of PyTorch's recorded answers, where they lie beside the checkout.
///
/// `make conformance` replays all of them.
@Suite struct ReplayTests {
    static let directory: String = {
        let shared = ProcessInfo.processInfo.environment["TORCHLIGHT_SHARED"] ?? "../shared"
        return shared + "/conformance"
    }()

    static let families: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }()

    /// The families of which every call is mapped: one that is not is an error there.
    private static let complete: Set<String> = [
        "bfloat16", "nn_activation", "nn_conv", "nn_loss", "nn_misc", "nn_norm", "nn_pool", "nn_vision",
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

    @Test(arguments: families)
    func answersAsRecorded(_ name: String) throws {
        let family = try Family(name, in: Self.directory)
        let known = try listed(name)
        let replayer = Replayer()
        for index in stride(from: 0, to: family.count, by: 3) where !known.contains(family.id(index)) {
            switch replayer.replay(index, of: family) {
            case .failed(let expected, let got):
                Issue.record("\(name) \(family.id(index)): expected \(expected), got \(got)")
            case .notSupported(let reason) where Self.complete.contains(name):
                Issue.record("\(name) \(family.id(index)): \(reason)")
            default: break
            }
        }
    }
}
