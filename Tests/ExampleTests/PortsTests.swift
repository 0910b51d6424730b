import TestSupport
import Testing

/// The programs of Examples/Ports at a small size.
@Suite("Ports of PyTorch's programs")
struct PortsTests {
    /// The last line of a program is a name and a number; the number lies in this range.
    static let results: [(name: String, range: ClosedRange<Double>)] = [
        // Of the 360 test images; a network that has not learned is right for a tenth.
        ("mnist", 0.8...1),
        // Bits of 64 pixels; an untrained network has about 44.
        ("vae", 0...36),
        // The grammar leaves a choice of about 2.3 words at each place; there are 13 words.
        ("word_language_model", 1...6),
        ("dcgan", 0.001...20),
        // The average of a random policy is below 25.
        ("reinforce", 25...200),
        // The variance of a sine is 0.5.
        ("time_sequence_prediction", 0...0.1),
        // Decibels above bilinear interpolation.
        ("super_resolution", 0...40),
        ("siamese_network", 0.75...1),
        ("regression", 0...1e-3),
        // Nats a character; equal probabilities give 3.
        ("char_gpt", 0...1.2),
    ]

    @Test("Each learns what it learns in PyTorch", arguments: results.map(\.name))
    func learns(_ name: String) throws {
        let range = try #require(Self.results.first { $0.name == name }).range
        let output = try run(program("Ports"), [name, "--small"], in: "/tmp")
        let last = try #require(output.split(separator: "\n").last, "it prints nothing")
        let value = try #require(last.split(separator: " ").last.flatMap { Double($0) }, "\(output)")
        #expect(range.contains(value), "\(output)")
    }

    @Test("Each is listed, and names its original")
    func isComplete() throws {
        let names = try run(program("Ports"), in: "/tmp").split(separator: "\n").map(String.init)
        #expect(names == Self.results.map(\.name))
        for (path, text) in try SourceTree.files(in: "Examples/Ports", ["swift"])
        where path != "main.swift" && path != "Scale.swift" {
            let head = text.prefix(while: { $0 != "\n" })
            #expect(head.hasPrefix("// pytorch/examples: ") || head.hasPrefix("// nanoGPT"), "\(path)")
            #expect(text.contains("What differs:"), "\(path)")
        }
    }
}
