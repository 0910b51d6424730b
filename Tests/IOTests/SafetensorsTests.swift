import Glibc
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

@Suite struct SafetensorsTests {
    let folder = TemporaryFolder()

    @Test func readsBackEveryDtypeAndShape() throws {
        var tensors: [String: Tensor] = [
            "scalar": Tensor(2.5), "empty": Tensor.zeros([0, 3]), "bools": Tensor([true, false]),
            "view": Tensor((0..<6).map(Float.init), shape: [2, 3]).permute(1, 0),
            "half": Tensor([BFloat16(1.5)], shape: [1]), "é\n\"": Tensor([1, 2]),
        ]
        for dtype in DType.allCases where dtype != .complex128 {
            tensors["\(dtype)"] = Tensor([1, 0, 1], dtype: dtype)
        }
        try Safetensors.save(tensors, to: folder("a"), metadata: ["z": "1", "a": "ü"])
        let file = try Safetensors.open(folder("a"))
        #expect(file.metadata.map(\.key) == ["a", "z"] && file.metadataValue(for: "a") == "ü")
        #expect(file.tensors.count == tensors.count)
        let loaded = try Safetensors.load(folder("a"))
        for (name, tensor) in tensors {
            let other = try #require(loaded[name])
            #expect(other.shape == tensor.shape && other.dtype == tensor.dtype, "\(name)")
            #expect(other.withUnsafeBytes { Array($0) } == tensor.withUnsafeBytes { Array($0) }, "\(name)")
        }
        #expect(loaded["view"]?.toArray(Float.self) == [0, 3, 1, 4, 2, 5])
        #expect(folder.names == ["a"])
    }

    @Test func theSameTensorsGiveTheSameBytes() throws {
        let (a, b) = (Tensor([1.0, 2]), Tensor([3, 4]))
        try Safetensors.save(["a": a, "b": b], to: folder("1"))
        try Safetensors.save(["b": b, "a": a] as KeyValuePairs, to: folder("2"))
        #expect(try FileSystem.read(folder("1")) == FileSystem.read(folder("2")))
    }

    @Test func loadedTensorsAreTheFilesPagesAndTheirOwn() throws {
        try Safetensors.save(["a": Tensor([1.0, 2])], to: folder("a"))
        let before = try FileSystem.read(folder("a"))
        let tensor = try #require(try Safetensors.load(folder("a"))["a"])
        tensor.withUnsafeMutableBytes { $0.storeBytes(of: Float(7), as: Float.self) }
        #expect(tensor.toArray(Float.self) == [7, 2])
        #expect(try FileSystem.read(folder("a")) == before)
        // Saving over the file that a tensor lies in is safe.
        try Safetensors.save(["a": tensor], to: folder("a"))
        #expect(try Safetensors.load(folder("a"))["a"]?.toArray(Float.self) == [7, 2])
        #expect(tensor.toArray(Float.self) == [7, 2])
    }

    @Test func whatCannotBeSavedLeavesTheOldFile() throws {
        try Safetensors.save(["a": Tensor([1.0])], to: folder("a"))
        let tensor = Tensor([2.0])
        #expect(throws: IOError.self) { try Safetensors.save(["__metadata__": tensor], to: folder("a")) }
        #expect(throws: IOError.self) {
            try Safetensors.save(["x": tensor, "x": tensor] as KeyValuePairs, to: folder("a"))
        }
        #expect(throws: IOError.self) { try Safetensors.save(["x": tensor], to: folder("none/a")) }
        #expect(throws: IOError.self) { try Safetensors.save(["x": tensor], to: "/dev/full") }
        #expect(try Safetensors.load(folder("a"))["a"]?.toArray(Float.self) == [1])
        #expect(folder.names == ["a"])
    }

    @Test func refusesWhatIsNoBool() throws {
        let header = SafetensorsHeader(tensors: [("b", "BOOL", [2])]).encoded()
        try AtomicFile.write(header + [1, 2], to: folder("a"))
        let error = #expect(throws: IOError.self) { try Safetensors.load(folder("a")) }
        #expect(error?.offset == header.count + 1)
    }

    @Test(arguments: Interop.cases("safetensors")) func readsTheValuesOfOtherWriters(file: Interop.Case) throws {
        let loaded: SafetensorsFile
        do { loaded = try Safetensors.open(file.path) } catch {
            #expect(file.expected == "ok_or_error", "\(error)")
            return
        }
        let tree = try JSON.parse(FileSystem.read(file.tree!), file: file.tree!)
        for expected in tree["tensors"]!.elements! {
            let name = expected["name"]!.string!
            // A uint64 beyond int64 is left out, and the others are read.
            if file.expected == "ok_or_error", loaded.leftOut.contains(where: { $0.name == name }) { continue }
            let tensor = try #require(loaded[name])
            #expect(tensor.dtype == dtype(of: expected["dtype"]!.string!))
            guard let values = expected["values"]?.elements else { continue }
            // Of complex numbers the parts in turn.
            let read = (tensor.dtype.isComplex ? tensor.viewAsReal() : tensor).toArray(Double.self)
            for (index, value) in values.enumerated() {
                let number: Double
                switch value.content {
                case .string(let text): number = try #require(Double(text))
                case .bool(let bool): number = bool ? 1 : 0
                default: number = try #require(value.double)
                }
                #expect(read[index] == number || read[index].isNaN && number.isNaN)
            }
        }
    }

    /// The dtype that a type of other systems becomes.
    private func dtype(of name: String) -> DType? {
        switch name {
        case "uint16": .int32
        case "uint32": .int64
        case "float8_e4m3fn", "float8_e5m2": .float16
        default: DType.allCases.first { "\($0)" == name }
        }
    }

    private func write(_ dtype: String, _ data: [UInt8], count: Int) throws -> Tensor {
        let header = SafetensorsHeader(tensors: [("x", dtype, [count])]).encoded()
        try AtomicFile.write(header + data, to: folder("x"))
        return try #require(try Safetensors.load(folder("x"))["x"])
    }

    @Test func widensElementsWithoutADtype() throws {
        let all = (0...UInt8.max).map { $0 }
        let e5m2 = try write("F8_E5M2", all, count: 256).toArray(Float.self)
        #expect(
            e5m2[0x3C] == 1 && e5m2[0xC0] == -2 && e5m2[0x7B] == 57344 && e5m2[0x7C] == .infinity && e5m2[1] == 0x1p-16)
        #expect(e5m2[0x7D].isNaN && e5m2[0x80].sign == .minus)
        let e4m3 = try write("F8_E4M3", all, count: 256).toArray(Float.self)
        #expect(e4m3[0x38] == 1 && e4m3[0xC0] == -2 && e4m3[0x7E] == 448 && e4m3[0x7F].isNaN && e4m3[0xFF].isNaN)
        #expect(e4m3[1] == 0x1p-9 && e4m3[7] == 7 * 0x1p-9 && e4m3[8] == 0x1p-6 && e4m3[0x39] == 1.125)
        #expect(e4m3[0x80].sign == .minus && e4m3[0x80] == 0)
        let e8m0 = try write("F8_E8M0", all, count: 256).toArray(Float.self)
        #expect(e8m0[127] == 1 && e8m0[0] == 0x1p-127 && e8m0[254] == 0x1p127 && e8m0[255].isNaN)
        #expect(try write("U16", [0xFF, 0xFF], count: 1).toArray(Int.self) == [65535])
        #expect(try write("U32", [0xFF, 0xFF, 0xFF, 0xFF], count: 1).toArray(Int.self) == [0xFFFF_FFFF])
        #expect(try write("U64", [1, 0, 0, 0, 0, 0, 0, 0], count: 1).toArray(Int.self) == [1])
        let large = #expect(throws: IOError.self) { try write("U64", Array(repeating: 0xFF, count: 8), count: 1) }
        #expect(large?.offset != nil)
        #expect(
            try write("C64", [0, 0, 128, 63, 0, 0, 0, 192], count: 1).toArray(Complex<Float>.self) == [Complex(1, -2)])
        for (dtype, bytes) in [("F4", 1), ("F6_E2M3", 3), ("F6_E3M2", 3)] {
            let error = #expect(throws: IOError.self) {
                try write(
                    dtype, Array(repeating: 0, count: bytes),
                    count: bytes * 8 / (dtype == "F4" ? 4 : 6))
            }
            #expect(error?.kind == .unsupported, "\(dtype)")
        }
    }

    @Test func aLargeFileOpensWithoutBeingRead() throws {
        // 2 GiB with nothing on the disk: reading it, or taking memory for it, would be noticed.
        let count = 1 << 29
        let header = SafetensorsHeader(tensors: [("big", "F32", [count])]).encoded()
        try AtomicFile.write(header, to: folder("big"))
        // Another test lowers the limit on the size of files for a moment, for the whole process.
        while truncate(folder("big"), header.count + 4 * count) != 0 {
            try #require(errno == EFBIG)
            usleep(10_000)
        }
        Memory.resetPeak()
        let before = Memory.peak
        let tensor = try #require(try Safetensors.load(folder("big"))["big"])
        // Others take some memory meanwhile.
        #expect(tensor.shape == [count] && Memory.peak - before < count)
        #expect(tensor.narrow(0, start: count - 2, length: 2).toArray(Float.self) == [0, 0])
    }
}
