import Foundation
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

/// NumPy's arrays and numbers beside tensors, as training scripts keep them in checkpoints.
@Suite struct NumpyPickleTests {
    /// What NumPy 2.4 writes for the values below, and what it wrote under the module names of NumPy 1.
    private static let pickles: [(protocol: String, base64: String)] = [
        (
            "protocol 2",
            """
            gAJ9cQAoWAEAAABmcQFjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpzY2FsYXIKcQJjbnVtcHkKZHR5cGUKcQNYAgAAAGY0cQSJiIdxBVJxBihL
            A1gBAAAAPHEHTk5OSv////9K/////0sAdHEIYmNfY29kZWNzCmVuY29kZQpxCVgFAAAAAADDgD9xClgGAAAAbGF0aW4xcQuGcQxScQ2GcQ5S
            cQ9YAQAAAGRxEGgCaANYAgAAAGY4cRGJiIdxElJxEyhLA2gHTk5OSv////9K/////0sAdHEUYmgJWAkAAAAAAAAAAAACw4BxFWgLhnEWUnEX
            hnEYUnEZWAEAAABpcRpoAmgDWAIAAABpNHEbiYiHcRxScR0oSwNoB05OTkr/////Sv////9LAHRxHmJoCVgIAAAAw7nDv8O/w79xH2gLhnEg
            UnEhhnEiUnEjWAEAAAB1cSRoAmgDWAIAAAB1OHEliYiHcSZScScoSwNoB05OTkr/////Sv////9LAHRxKGJoCVgJAAAAAQAAAAAAAMKAcSlo
            C4ZxKlJxK4ZxLFJxLVgDAAAAdTE2cS5oAmgDWAIAAAB1MnEviYiHcTBScTEoSwNoB05OTkr/////Sv////9LAHRxMmJoCVgEAAAAw7/Dv3Ez
            aAuGcTRScTWGcTZScTdYAQAAAGJxOGgCaANYAgAAAGIxcTmJiIdxOlJxOyhLA1gBAAAAfHE8Tk5OSv////9K/////0sAdHE9YmgJWAEAAAAB
            cT5oC4ZxP1JxQIZxQVJxQlgBAAAAY3FDaAJoA1gDAAAAYzE2cUSJiIdxRVJxRihLA2gHTk5OSv////9K/////0sAdHFHYmgJWBEAAAAAAAAA
            AADDsD8AAAAAAAAAQHFIaAuGcUlScUqGcUtScUxYAQAAAGFxTWNudW1weS5fY29yZS5tdWx0aWFycmF5Cl9yZWNvbnN0cnVjdApxTmNudW1w
            eQpuZGFycmF5CnFPSwCFcVBoCVgBAAAAYnFRaAuGcVJScVOHcVRScVUoSwFLAksDhnFWaAaJaAlYHAAAAAAAwoA/AAAAQAAAQEAAAMKAQAAA
            wqBAAADDgEBxV2gLhnFYUnFZdHFaYlgCAAAAZm9xW2hOaE9LAIVxXGhTh3FdUnFeKEsBSwJLA4ZxX2gDWAIAAABpMnFgiYiHcWFScWIoSwNo
            B05OTkr/////Sv////9LAHRxY2KIaAlYDAAAAAEABAACAAUAAwAGAHFkaAuGcWVScWZ0cWdiWAIAAABiZXFoaE5oT0sAhXFpaFOHcWpScWso
            SwFLAoVxbGgDWAIAAABpNHFtiYiHcW5ScW8oSwNYAQAAAD5xcE5OTkr/////Sv////9LAHRxcWKJaAlYDAAAAAAAAAHDv8O/w7/DvnFyaAuG
            cXNScXR0cXViWAEAAABlcXZoTmhPSwCFcXdoU4dxeFJxeShLAUsASwOGcXpoE4ljX19idWlsdGluX18KYnl0ZXMKcXspUnF8dHF9YlgBAAAA
            enF+aE5oT0sAhXF/aFOHcYBScYEoSwEpaBOJaAlYCAAAAAAAAAAAAB5AcYJoC4Zxg1JxhHRxhWJYAQAAAHNxhmhOaE9LAIVxh2hTh3GIUnGJ
            KEsBSwGFcYpoA1gCAAAAVTNxi4mIh3GMUnGNKEsDaAdOTk5LDEsESwh0cY5iiWgJWAwAAABjAAAAYQAAAHQAAABxj2gLhnGQUnGRdHGSYlgB
            AAAAb3GTaE5oT0sAhXGUaFOHcZVScZYoSwFLAoVxl2gDWAIAAABPOHGYiYiHcZlScZooSwNoPE5OTkr/////Sv////9LP3Rxm2KJXXGcKE5L
            A2V0cZ1iWAEAAABocZ5oTmhPSwCFcZ9oU4dxoFJxoShLAUsBhXGiaANYAgAAAGYycaOJiIdxpFJxpShLA2gHTk5OSv////9K/////0sAdHGm
            YoloCVgCAAAAADhxp2gLhnGoUnGpdHGqYlgCAAAAYm9xq2hOaE9LAIVxrGhTh3GtUnGuKEsBSwKFca9oO4loCVgCAAAAAQBxsGgLhnGxUnGy
            dHGzYnUu
            """
        ),
        (
            "protocol 5",
            """
            gAWVBQQAAAAAAAB9lCiMAWaUjBZudW1weS5fY29yZS5tdWx0aWFycmF5lIwGc2NhbGFylJOUjAVudW1weZSMBWR0eXBllJOUjAJmNJSJiIeU
            UpQoSwOMATyUTk5OSv////9K/////0sAdJRiQwQAAMA/lIaUUpSMAWSUaARoB4wCZjiUiYiHlFKUKEsDaAtOTk5K/////0r/////SwB0lGJD
            CAAAAAAAAALAlIaUUpSMAWmUaARoB4wCaTSUiYiHlFKUKEsDaAtOTk5K/////0r/////SwB0lGJDBPn///+UhpRSlIwBdZRoBGgHjAJ1OJSJ
            iIeUUpQoSwNoC05OTkr/////Sv////9LAHSUYkMIAQAAAAAAAICUhpRSlIwDdTE2lGgEaAeMAnUylImIh5RSlChLA2gLTk5OSv////9K////
            /0sAdJRiQwL//5SGlFKUjAFilGgEaAeMAmIxlImIh5RSlChLA4wBfJROTk5K/////0r/////SwB0lGJDAQGUhpRSlIwBY5RoBGgHjANjMTaU
            iYiHlFKUKEsDaAtOTk5K/////0r/////SwB0lGJDEAAAAAAAAPA/AAAAAAAAAECUhpRSlIwBYZSME251bXB5Ll9jb3JlLm51bWVyaWOUjAtf
            ZnJvbWJ1ZmZlcpSTlCiWGAAAAAAAAAAAAIA/AAAAQAAAQEAAAIBAAACgQAAAwECUaApLAksDhpSMAUOUdJRSlIwCZm+UaEQolgwAAAAAAAAA
            AQAEAAIABQADAAYAlGgHjAJpMpSJiIeUUpQoSwNoC05OTkr/////Sv////9LAHSUYksCSwOGlIwBRpR0lFKUjAJiZZRoRCiWCAAAAAAAAAAA
            AAAB/////pRoB4wCaTSUiYiHlFKUKEsDjAE+lE5OTkr/////Sv////9LAHSUYksChZRoR3SUUpSMAWWUaEQolgAAAAAAAAAAlGgTSwBLA4aU
            aEd0lFKUjAF6lGhEKJYIAAAAAAAAAAAAAAAAAB5AlGgTKWhHdJRSlIwBc5RoRCiWDAAAAAAAAABjAAAAYQAAAHQAAACUaAeMAlUzlImIh5RS
            lChLA2gLTk5OSwxLBEsIdJRiSwGFlGhHdJRSlIwBb5RoAowMX3JlY29uc3RydWN0lJOUaAWMB25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwFL
            AoWUaAeMAk84lImIh5RSlChLA2g0Tk5OSv////9K/////0s/dJRiiV2UKE5LA2V0lGKMAWiUaEQolgIAAAAAAAAAADiUaAeMAmYylImIh5RS
            lChLA2gLTk5OSv////9K/////0sAdJRiSwGFlGhHdJRSlIwCYm+UaEQolgIAAAAAAAAAAQCUaDNLAoWUaEd0lFKUdS4=
            """
        ),
    ]

    private func value(_ bytes: [UInt8]) throws -> TorchValue {
        try #require(bytes.withUnsafeBytes { TorchFile.readPickle($0, file: "a.pkl").value })
    }

    @Test(arguments: pickles.indices, ["numpy._core", "numpy.core"])
    func arraysAndNumbersAreRead(_ index: Int, _ module: String) throws {
        let (name, base64) = Self.pickles[index]
        var bytes = [UInt8](try #require(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)))
        if module == "numpy.core" {
            guard index == 0 else { return }  // the lengths of names are written in later protocols
            let text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
            bytes = Array(
                text.replacingOccurrences(of: "numpy._core", with: module).unicodeScalars.map { UInt8($0.value) })
        }
        let value = try value(bytes)
        func item(_ key: String) throws -> TorchValue {
            try #require(value.dictionary?.items.first { $0.key.string == key }?.value, "\(name): \(key)")
        }
        #expect(try item("f").double == 1.5, "\(name)")
        #expect(try item("d").double == -2.25, "\(name)")
        #expect(try item("i").int == -7, "\(name)")
        #expect(try item("u16").int == 65535, "\(name)")
        #expect("\(try item("b"))" == "True", "\(name)")
        guard case .complex(let real, let imaginary) = try item("c") else {
            Issue.record("\(name): \(try item("c"))")
            return
        }
        #expect(real == 1 && imaginary == 2, "\(name)")
        func array(_ key: String) throws -> Tensor { try #require(try item(key).tensor, "\(name): \(key)") }
        #expect(try array("a").dtype == .float32 && array("a").shape == [2, 3], "\(name)")
        #expect(try array("a").toArray(Double.self) == [1, 2, 3, 4, 5, 6], "\(name)")
        #expect(try array("fo").dtype == .int16 && array("fo").strides == [1, 2], "\(name)")
        #expect(try array("fo").toArray(Int.self) == [1, 2, 3, 4, 5, 6], "\(name)")
        #expect(try array("be").toArray(Int.self) == [1, -2], "\(name)")
        #expect(try array("e").shape == [0, 3] && array("e").dtype == .float64, "\(name)")
        #expect(try array("z").shape == [] && array("z").item() == 7.5, "\(name)")
        #expect(try array("h").dtype == .float16 && array("h").item() == 0.5, "\(name)")
        #expect(try array("bo").dtype == .bool && array("bo").toArray(Int.self) == [1, 0], "\(name)")
        // What is no number stays an object with the reason, and closes nothing.
        for (key, reason) in [("s", "U3"), ("o", "O8"), ("u", "uint64")] {
            guard case .object(let object) = try item(key) else {
                Issue.record("\(name): \(key) is \(try item(key))")
                continue
            }
            #expect(object.reason.contains(reason), "\(name): \(object.reason)")
        }
    }

    /// Bytes that are changed or cut off anywhere give a value, or an error of the reader.
    @Test func damagedArraysAreRefused() throws {
        for (name, base64) in Self.pickles {
            let bytes = [UInt8](try #require(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)))
            var random = TestRandom("damaged \(name)")
            for _ in 0..<300 {
                var changed = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                changed.withUnsafeBytes { _ = TorchFile.readPickle($0, file: "a.pkl") }
            }
        }
    }
}
