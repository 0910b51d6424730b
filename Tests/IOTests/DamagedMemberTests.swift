import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

/// Archives in which one member is damaged: reading everything is an error that names the member and the function that
/// reads the others; the others are read by name; a listing has the good members and says which are damaged.
@Suite struct DamagedMemberTests {
    private let folder = TemporaryFolder()
    private let count = 64

    private func good() -> Tensor { Tensor.arange(count, dtype: .float32) }

    /// The positions of the data in the file.
    private func data(of bytes: [UInt8], entry name: String) throws -> Range<Int> {
        try bytes.withUnsafeBytes { bytes in
            let archive = try ZipArchive(bytes, file: "a", operation: "test")
            return try #require(archive.entries.first { $0.name == name || $0.name.hasSuffix("/" + name) }).range
        }
    }

    private func check(_ path: String, member: String, asked name: String, _ label: String) throws {
        for read in [{ _ = try TensorFile.load(path) }, { _ = try TensorFile.open(path) }] {
            let error = #expect(throws: IOError.self, "\(label)") { try read() }
            #expect(error?.kind == .malformed, "\(label): \(error as Any)")
            #expect(error?.problem.contains("'\(member)' is damaged") == true, "\(label): \(error as Any)")
            #expect(error?.fix.contains("only:") == true, "\(label): \(error as Any)")
        }
        #expect(try TensorFile.load(path, only: ["good"])["good"]?.equal(good()) == true, "\(label)")
        let error = #expect(throws: IOError.self, "\(label)") { try TensorFile.load(path, only: ["good", name]) }
        #expect(
            error?.kind == .malformed && error?.problem.contains("'\(name)'") == true, "\(label): \(error as Any)")
        let listed = try StoredFile.open(path, skippingDamaged: true)
        #expect(listed.tensors.map(\.name) == ["good"], "\(label)")
        #expect(listed.leftOut.map(\.name) == [name] && listed.leftOut[0].isDamaged, "\(label): \(listed.leftOut)")
        // What converts or compares a file does not lose a tensor in silence.
        #expect(throws: IOError.self, "\(label)") { try StoredFile.open(path) }
    }

    @Test func changedBytesOfAnArchiveOfNumPy() throws {
        for isCompressed in [false, true] {
            let path = folder("a.npz")
            try NumpyFile.save(["bad": good(), "good": good()], to: path, compressed: isCompressed)
            let bytes = try FileSystem.read(path)
            let range = try data(of: bytes, entry: "bad.npy")
            // The last byte of a compressed entry has bits that mean nothing.
            for position in [range.lowerBound + range.count / 2, range.upperBound - (isCompressed ? 8 : 1)] {
                var changed = bytes
                changed[position] ^= 0x10
                try AtomicFile.write(changed, to: path)
                try check(path, member: "bad", asked: "bad", "byte \(position), compressed: \(isCompressed)")
            }
        }
    }

    /// The checksum of a file that was cut off before it was packed is right.
    @Test func arraysThatWereCutOffBeforeTheyWerePacked() throws {
        try NumpyFile.save(good(), to: folder("x.npy"))
        let array = try FileSystem.read(folder("x.npy"))
        for length in [array.count - 1, array.count - 100, 70, 9] {
            for isCompressed in [false, true] {
                let path = folder("a.npz")
                let file = try AtomicFile(path)
                let archive = ZipWriter(file, path: path, operation: "npz")
                for (name, bytes) in [("bad.npy", Array(array.prefix(length))), ("good.npy", array)] {
                    try archive.begin(name, size: bytes.count, deflated: isCompressed)
                    try archive.write(bytes)
                    try archive.end()
                }
                try archive.finish()
                try file.commit()
                try check(path, member: "bad", asked: "bad", "\(length) bytes, compressed: \(isCompressed)")
            }
        }
    }

    @Test func changedBytesOfAFileOfPyTorch() throws {
        let path = folder("a.pth")
        try TorchFile.save(["bad": .tensor(good() + 1), "good": .tensor(good())], to: path)
        let bytes = try FileSystem.read(path)
        let range = try data(of: bytes, entry: "data/0")
        for position in [range.lowerBound, range.upperBound - 1] {
            var changed = bytes
            changed[position] ^= 0x10
            try AtomicFile.write(changed, to: path)
            try check(path, member: "0", asked: "bad", "byte \(position)")
            // Without verification the changed values are read.
            #expect(try TorchFile.load(path, verifyingChecksums: false)["bad"]?.tensor?.equal(good() + 1) == false)
        }
    }
}
