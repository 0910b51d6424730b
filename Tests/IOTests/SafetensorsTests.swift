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
        for dtype in DType.allCases { tensors["\(dtype)"] = Tensor([1, 0, 1], dtype: dtype) }
        try Safetensors.save(tensors, to: folder("a"), metadata: ["z": "1", "a": "ü"])
        let file = try Safetensors.open(folder("a"))
        #expect(file.metadata.map(\.key) == ["a", "z"] && file.note("a") == "ü")
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
            let tensor = try #require(loaded[expected["name"]!.string!])
            #expect("\(tensor.dtype)" == expected["dtype"]!.string!)
            guard let values = expected["values"]?.elements else { continue }
            let read = tensor.toArray(Double.self)
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
}
