import Testing
import TorchlightCore

@testable import TorchlightONNX

/// Strings are compared byte by byte: canonically equivalent ones differ, as in ONNX Runtime, though Swift compares them as equal.
struct StringOperatorTests {
    private static let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// The output of a node for strings.
    private func run(
        _ type: String, _ inputs: [[String]], domain: String = "", opset: Int = 21,
        _ attributes: [(String, AttributeProto.Value)] = []
    ) throws -> ONNXValue {
        let names = inputs.indices.map { "s\($0)" }
        var proto = model(
            [node(type, names, ["y"], domain: domain, attributes)], inputs: [], outputs: ["y"], opset: opset,
            more: names.map { tensorInfo($0, nil, type: .string) })
        if !domain.isEmpty { proto.opsetImports.append(OperatorSetProto(domain: domain, version: 3)) }
        let model = try load(proto)
        let values = zip(names, inputs).map { ($0, ONNXValue.strings(StringTensor($1, shape: [$1.count]))) }
        return try #require(try model.run(values: Dictionary(uniqueKeysWithValues: values))["y"])
    }

    @Test func `Equivalent strings are different values`() throws {
        let (a, b) = (Self.composed, Self.decomposed)
        #expect(a == b && !a.utf8.elementsEqual(b.utf8))
        let keys: AttributeProto.Value = .strings([Self.bytes(a), Self.bytes(b)])
        let ml = "ai.onnx.ml"
        let equal = try run("Equal", [[a, b], [a, a]])
        #expect(equal.tensor?.toArray(Int.self) == [1, 0])
        let hot = try run("OneHotEncoder", [[b, a]], domain: ml, [("cats_strings", keys)])
        #expect(hot.tensor?.toArray(Int.self) == [0, 1, 1, 0])
        let label = try run(
            "LabelEncoder", [[b, a]], domain: ml, [("keys_strings", keys), ("values_int64s", .ints([7, 8]))])
        #expect(label.tensor?.toArray(Int.self) == [8, 7])
        let category = try run(
            "CategoryMapper", [[b, a]], domain: ml, [("cats_strings", keys), ("cats_int64s", .ints([7, 8]))])
        #expect(category.tensor?.toArray(Int.self) == [8, 7])
        let stop = try run(
            "StringNormalizer", [[a, b]], [("stopwords", .strings([Self.bytes(a)])), ("is_case_sensitive", .int(1))])
        guard case .strings(let kept) = stop else { throw Problem("no strings") }
        #expect(kept.elements.map(Self.bytes) == [Self.bytes(b)])
        let counts = try run(
            "TfIdfVectorizer", [[b, b, a]],
            [
                ("mode", .string(Array("TF".utf8))), ("min_gram_length", .int(1)), ("max_gram_length", .int(1)),
                ("max_skip_count", .int(0)), ("ngram_counts", .ints([0])), ("ngram_indexes", .ints([0, 1])),
                ("pool_strings", keys),
            ])
        #expect(counts.tensor?.toArray(Int.self) == [1, 2])
        // A delimiter inside of what Swift takes for one character.
        let split = try run("StringSplit", [[b]], [("delimiter", .string(Array("e".utf8)))])
        guard case .strings(let parts) = split else { throw Problem("no strings") }
        #expect(parts.elements.map(Self.bytes) == [Self.bytes("caf"), [0xcc, 0x81]])
    }
}
