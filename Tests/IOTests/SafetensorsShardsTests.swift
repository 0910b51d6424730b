import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightIO

@Suite struct SafetensorsShardsTests {
    private let folder = TemporaryFolder()
    private var index: String { folder("m.safetensors.index.json") }

    @Test func tensorsAreSpreadAndFoundAgain() throws {
        var tensors: [String: Tensor] = [:]
        for i in 0..<10 { tensors["layer.\(i)"] = Tensor([Float(i), 1, 2, 3]) }
        tensors["empty"] = Tensor.zeros([0])
        try Safetensors.saveShards(tensors, to: index, shardSize: 64, metadata: ["format": "pt"])
        #expect(
            folder.names == (1...3).map { "m-0000\($0)-of-00003.safetensors" } + ["m.safetensors.index.json"])
        let loaded = try Safetensors.load(index)
        #expect(loaded.count == tensors.count)
        for (name, tensor) in tensors { #expect(loaded[name]?.equal(tensor) == true, "\(name)") }
        #expect(try Safetensors.open(index).metadataValue(for: "format") == "pt")
        #expect(try TensorFile.open(index).tensors.count == 11)
        // The files of the index before go when they are no longer named; others stay.
        try AtomicFile.write("x", to: folder("other.safetensors"))
        try Safetensors.saveShards(loaded, to: index, shardSize: 1000)
        #expect(folder.names == ["m-00001-of-00001.safetensors", "m.safetensors.index.json", "other.safetensors"])
        #expect(try Safetensors.load(index)["layer.9"]?.toArray(Float.self) == [9, 1, 2, 3])
    }

    @Test(arguments: [
        "[]", "{}", "{\"weight_map\":[]}", "{\"weight_map\":{\"a\":1}}",
        "{\"weight_map\":{\"a\":\"../x.safetensors\"}}",
        "{\"weight_map\":{\"a\":\"/etc/x.safetensors\"}}", "{\"weight_map\":{\"a\":\"\"}}",
        "{\"weight_map\":{\"a\":\"x.json\"}}",
        "{\"weight_map\":{\"a\":\"none.safetensors\"}}", "{\"weight_map\":{\"b\":\"x.safetensors\"}}",
        "{\"weight_map\":{\"a\":\"x.safetensors\"", "",
    ])
    func refuses(text: String) throws {
        try Safetensors.save(["a": Tensor([1.0])], to: folder("x.safetensors"))
        try AtomicFile.write(text, to: index)
        let error = #expect(throws: IOError.self) { try Safetensors.load(index) }
        #expect(error?.description.contains("\n") == false)
    }

    @Test func namesThatAreNoIndexAreRefused() {
        for name in ["m.safetensors", "m.json", ".safetensors.index.json"] {
            #expect(throws: IOError.self) { try Safetensors.saveShards(["a": Tensor([1.0])], to: folder(name)) }
        }
        #expect(folder.names.isEmpty)
    }
}
