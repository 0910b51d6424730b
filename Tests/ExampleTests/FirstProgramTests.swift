import Glibc
import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// Runs the README's first program as a user would, on a small real set in the form of MNIST.
@Suite("The first program")
struct FirstProgramTests {
    @Test("It compiles as it stands, learns, and saves its weights")
    func learns() throws {
        let folder = TemporaryFolder()
        try folder.writeDigits(as: "mnist")
        let output = try run(program("FirstProgram"), in: folder.path, environment: ["TORCHLIGHT_DATA": folder.path])
        let lines = output.split(separator: "\n")
        #expect(lines.count == 5, "\(output)")
        let accuracy = lines.last.flatMap { Double($0.split(separator: " ").last ?? "") } ?? 0
        #expect(accuracy > 0.85, "\(output)")
        let weights = try Safetensors.load("\(folder.path)/net.safetensors")
        #expect(weights.keys.sorted() == ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"])
    }

    @Test("It is the program that the README shows")
    func isTheReadmes() throws {
        let readme = try Repository.text("README.md")
        let example = try Repository.text("Examples/FirstProgram/main.swift")
        let shown = readme.parts(between: "```swift\n", and: "```")
        let body = example.drop(while: { $0 != "\n" }).dropFirst()
        #expect(shown.contains(String(body)), "the first program of the README and Examples/FirstProgram differ")
    }
}

extension TemporaryFolder {
    /// The digits that ship with the package, each pixel three wide and with a border: 28x28, as MNIST's files hold them.
    func writeDigits(as name: String) throws {
        try FileSystem.createDirectories("\(path)/\(name)")
        for (split, prefix) in [(DataSplit.train, "train"), (.test, "t10k")] {
            let digits = Digits(split: split)
            let labels = digits.images.labels
            var pixels: [UInt8] = [0, 0, 8, 3] + bigEndian(labels.count) + bigEndian(28) + bigEndian(28)
            for i in 0..<labels.count {
                let small = digits.images.image(i).toNestedArray(UInt8.self)
                for row in 0..<28 {
                    for column in 0..<28 {
                        let (r, c) = ((row - 2) / 3, (column - 2) / 3)
                        let isInside = row >= 2 && column >= 2 && r < 8 && c < 8
                        pixels.append(isInside ? UInt8(min(255, Int(small[r][c]) * 16)) : 0)
                    }
                }
            }
            try AtomicFile.write(pixels, to: "\(path)/\(name)/\(prefix)-images-idx3-ubyte")
            try AtomicFile.write(
                [0, 0, 8, 1] + bigEndian(labels.count) + labels, to: "\(path)/\(name)/\(prefix)-labels-idx1-ubyte")
        }
    }

    private func bigEndian(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
