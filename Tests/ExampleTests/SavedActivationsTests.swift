import TestSupport
import Testing

/// Runs the example that holds activations in four ways.
@Suite("Saved activations")
struct SavedActivationsTests {
    @Test("Rounded, stored and recomputed activations take less memory, and the latter two give the same gradients")
    func ways() throws {
        let folder = TemporaryFolder()
        let output = try run(program("SavedActivations"), [folder.path], in: folder.path)
        var held: [String: Double] = [:]
        var difference: [String: Double] = [:]
        for line in output.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            let words = parts[1].split(separator: " ")
            held[parts[0]] = Double(words[0])
            difference[parts[0]] = Double(words[words.count - 1])
        }
        #expect(held.count == 4, "\(output)")
        let plain = try #require(held["as they are"])
        #expect(try #require(held["bfloat16"]) < plain * 0.6, "\(output)")
        #expect(try #require(held["in files"]) < plain * 0.2, "\(output)")
        #expect(try #require(held["computed again"]) < plain * 0.2, "\(output)")
        #expect(difference["in files"] == 0 && difference["computed again"] == 0, "\(output)")
        let rounded = try #require(difference["bfloat16"])
        #expect(rounded > 0 && rounded < 0.02, "\(output)")
    }
}
