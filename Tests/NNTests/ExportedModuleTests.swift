import TestSupport
import Testing
import Torchlight

/// A call of every module, exported, saved, loaded and run, gives what the module gives, twice: its state changes as that of the module.
@Suite("Exported modules") struct ExportedModuleTests {
    /// Modules that compute what elements tell them to: the number of squarings of a matrix exponential.
    static let dependOnElements: Set<String> = ["Orthogonal"]

    @Test("Every module exports and gives the same bits after loading")
    func everyModule() throws {
        let folder = TemporaryFolder()
        for (i, entry) in EveryModule.calls().enumerated() where !Self.dependOnElements.contains(entry.name) {
            do {
                let program = try Generator(seed: 1).asDefault { try export({ () -> [Tensor?] in entry.call() }) }
                let path = folder("\(i).tlp")
                try program.save(path)
                let loaded = try Program.load(path)
                for round in 0..<2 {
                    let seed = UInt64(10 + round)
                    let expected = Generator(seed: seed).asDefault { entry.call() }.compactMap { $0 }
                    let exported = Generator(seed: seed).asDefault { program.run([Tensor]()) }
                    let read = Generator(seed: seed).asDefault { loaded.run([Tensor]()) }
                    #expect(exported.count == expected.count, "\(entry.name)")
                    for (k, wanted) in expected.enumerated() where k < exported.count {
                        #expect(hasSameBits(wanted, exported[k]), "\(entry.name) exported, round \(round)")
                        #expect(hasSameBits(wanted, read[k]), "\(entry.name) loaded, round \(round)")
                    }
                }
            } catch { Issue.record("\(entry.name): \(error)") }
        }
    }
}
