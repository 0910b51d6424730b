import TestSupport
import Testing

@testable import TorchlightIO

@Suite struct SafetensorsHeaderTests {
    func file(_ json: String, data: Int = 0) -> [UInt8] {
        withUnsafeBytes(of: UInt64(json.utf8.count).littleEndian, Array.init) + json.utf8
            + [UInt8](repeating: 0, count: data)
    }

    func parse(_ bytes: [UInt8]) throws -> SafetensorsHeader {
        try bytes.withUnsafeBytes { try SafetensorsHeader.parse($0, file: "test.safetensors") }
    }

    @Test func readsEntriesInTheOrderOfTheirData() throws {
        let json = """
            {"b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},\
            "__metadata__":{"x":"1"},"e":{"dtype":"F64","shape":[0],"data_offsets":[4,4]}}
            """
        let header = try parse(file(json, data: 12))
        let start = 8 + json.utf8.count
        #expect(header.entries.map(\.name) == ["a", "e", "b"])
        #expect(header.entries.map(\.shape) == [[4], [0], [2, 1]])
        #expect(header.entries.map(\.range) == [start..<start + 4, start + 4..<start + 4, start + 4..<start + 12])
        #expect(header.metadata?.map(\.key) == ["x"])
    }

    @Test(arguments: [
        ("[]", 0), ("{", 0), ("{} x", 0), ("{}", 1),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}", 5),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4),
        ("{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,4],\"data_offsets\":[0,4]}}", 4),
        ("{\"a\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,0]}}", 0),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4),
        (
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
            2
        ),
        (
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
            3
        ),
        ("{\"__metadata__\":{\"a\":1}}", 0), ("{\"__metadata__\":[]}", 0),
    ])
    func refuses(json: String, data: Int) {
        #expect(throws: IOError.self) { try parse(file(json, data: data)) }
    }

    @Test func neverTrustsTheLength() {
        for length in [UInt64.max, 1 << 63, 100_000_001, 3] {
            let bytes = withUnsafeBytes(of: length.littleEndian, Array.init) + Array("{}".utf8)
            #expect(throws: IOError.self, "\(length)") { try parse(bytes) }
        }
    }

    @Test func readsWhatItWrites() throws {
        let header = SafetensorsHeader(
            tensors: [("b", "U8", [3]), ("w", "F32", [2, 3]), ("a", "F32", []), ("é\"", "I64", [0, 5])],
            metadata: [("z", "1"), ("a", "ü\n")])
        #expect(header.entries.map(\.name) == ["é\"", "a", "w", "b"])
        let encoded = header.encoded()
        #expect(encoded.count % 8 == 0)
        #expect(header.entries.first?.range.lowerBound == encoded.count)
        let parsed = try parse(encoded + [UInt8](repeating: 0, count: 31))
        #expect(parsed.metadata?.map(\.value) == ["1", "ü\n"])
        #expect(parsed == header)
        #expect(try parse(SafetensorsHeader(tensors: []).encoded()).entries.isEmpty)
    }

    @Test(arguments: Interop.cases("safetensors")) func agreesWithOtherWriters(file: Interop.Case) throws {
        let bytes = try FileSystem.read(file.path)
        let header = try parse(bytes)
        let tree = try JSON.parse(FileSystem.read(file.tree!), file: file.tree!)
        let tensors = tree["tensors"]!.elements!
        let names = header.entries.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(names == tensors.map { $0["name"]!.string! })
        for tensor in tensors {
            let entry = header.entries.first { $0.name == tensor["name"]!.string! }
            #expect(entry?.shape == tensor["shape"]!.elements!.map { $0.int! })
        }
        let metadata = tree["metadata"]!.members?.map { [$0.name, $0.value.string!] }
        #expect(header.metadata?.map { [$0.key, $0.value] }.sorted { $0[0] < $1[0] } == metadata)
    }

    @Test(arguments: Interop.cases("hostile/safetensors")) func refusesHostileFiles(file: Interop.Case) throws {
        do {
            _ = try parse(FileSystem.read(file.path))
            #expect(file.expected != "error")
        } catch {
            #expect(file.expected != "ok")
            #expect(!"\(error)".contains("\n"))
        }
    }
}
