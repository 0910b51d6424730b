// Coding of Swift values as JSON. Numbers are exact: integers with all digits, floating-point numbers in the shortest form that
// reads back, infinities and NaN as the strings "inf", "-inf" and "nan".

extension JSON {
    /// The JSON of an encodable value.
    package static func encoding(_ value: some Encodable) throws -> JSON {
        let node = EncodedNode()
        try value.encode(to: JSONValueEncoder(node: node, codingPath: []))
        return node.json
    }

    /// A decodable value from JSON.
    ///
    /// - Throws: `DecodingError` if the JSON does not describe one.
    package func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
        try Value(from: JSONValueDecoder(json: self, codingPath: []))
    }
}

/// A value while it is encoded.
private final class EncodedNode {
    enum Content {
        case value(JSON)
        case array([EncodedNode])
        case object([(String, EncodedNode)])
    }

    var content = Content.value(nil)

    var json: JSON {
        switch content {
        case .value(let json): json
        case .array(let elements): .array(elements.map(\.json))
        case .object(let members): .object(members.map { ($0.0, $0.1.json) })
        }
    }

    func append() -> EncodedNode {
        let node = EncodedNode()
        var elements: [EncodedNode] = []
        if case .array(let known) = content { elements = known }
        content = .value(nil)
        elements.append(node)
        content = .array(elements)
        return node
    }

    func add(_ name: String) -> EncodedNode {
        let node = EncodedNode()
        var members: [(String, EncodedNode)] = []
        if case .object(let known) = content { members = known }
        content = .value(nil)
        members.append((name, node))
        content = .object(members)
        return node
    }

    func set(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
        content = .value(
            value.isFinite ? JSON(.number("\(value)")) : .string(value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"))
    }
    func set(_ value: some BinaryInteger) { content = .value(JSON(.number("\(value)"))) }

    /// Encodes a value, simple ones without a container.
    func encode(_ value: some Encodable, _ path: [any CodingKey]) throws {
        switch value {
        case let value as Bool: content = .value(JSON(.bool(value)))
        case let value as String: content = .value(.string(value))
        case let value as Double: set(value)
        case let value as Float: set(value)
        case let value as any BinaryInteger: content = .value(JSON(.number("\(value)")))
        default: try value.encode(to: JSONValueEncoder(node: self, codingPath: path))
        }
    }
}

private struct JSONValueEncoder: Encoder {
    let node: EncodedNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .value = node.content { node.content = .object([]) }
        return KeyedEncodingContainer(KeyedEncoder(node: node, codingPath: codingPath))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.content = .array([])
        return ListEncoder(node: node, codingPath: codingPath)
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { ValueEncoder(node: node, codingPath: codingPath) }
}

private struct KeyedEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: EncodedNode
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { _ = node.add(key.stringValue) }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        try node.add(key.stringValue).encode(value, codingPath + [key])
    }
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        JSONValueEncoder(node: node.add(key.stringValue), codingPath: codingPath + [key]).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        JSONValueEncoder(node: node.add(key.stringValue), codingPath: codingPath + [key]).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { JSONValueEncoder(node: node.add("super"), codingPath: codingPath) }
    func superEncoder(forKey key: Key) -> any Encoder {
        JSONValueEncoder(node: node.add(key.stringValue), codingPath: codingPath + [key])
    }
}

private struct ListEncoder: UnkeyedEncodingContainer {
    let node: EncodedNode
    let codingPath: [any CodingKey]
    var count: Int { if case .array(let elements) = node.content { elements.count } else { 0 } }

    func encodeNil() { _ = node.append() }
    func encode(_ value: some Encodable) throws { try node.append().encode(value, codingPath) }
    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        JSONValueEncoder(node: node.append(), codingPath: codingPath).container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        JSONValueEncoder(node: node.append(), codingPath: codingPath).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { JSONValueEncoder(node: node.append(), codingPath: codingPath) }
}

private struct ValueEncoder: SingleValueEncodingContainer {
    let node: EncodedNode
    let codingPath: [any CodingKey]

    func encodeNil() { node.content = .value(nil) }
    func encode(_ value: some Encodable) throws { try node.encode(value, codingPath) }
}

private struct JSONValueDecoder: Decoder {
    let json: JSON
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let members = json.members else { throw mismatch("an object") }
        return KeyedDecodingContainer(KeyedDecoder(members: members, codingPath: codingPath))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let elements = json.elements else { throw mismatch("an array") }
        return ListDecoder(elements: elements, codingPath: codingPath)
    }
    func singleValueContainer() -> any SingleValueDecodingContainer { ValueDecoder(decoder: self) }

    func mismatch(_ expected: String) -> DecodingError {
        DecodingError.dataCorrupted(
            .init(codingPath: codingPath, debugDescription: "\(json.summary) is not \(expected)"))
    }

    /// Decodes a value, simple ones without a container.
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        switch type {
        case is Bool.Type:
            guard let value = json.bool else { throw mismatch("a Boolean value") }
            return value as! Value
        case is String.Type:
            guard let value = json.string else { throw mismatch("a string") }
            return value as! Value
        case is Double.Type: return try number(Double.self) as! Value
        case is Float.Type: return try number(Float.self) as! Value
        case let integer as any FixedWidthInteger.Type: return try whole(integer) as! Value
        default: return try Value(from: self)
        }
    }

    private func number<Value: BinaryFloatingPoint & LosslessStringConvertible>(_ type: Value.Type) throws -> Value {
        switch json.content {
        case .number(let text):
            guard let value = Value(text) else { throw mismatch("a number") }
            return value
        case .string("inf"): return .infinity
        case .string("-inf"): return -.infinity
        case .string("nan"): return .nan
        default: throw mismatch("a number")
        }
    }

    private func whole<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        guard case .number(let text) = json.content, let value = Value(text) else {
            throw mismatch("an integer between \(Value.min) and \(Value.max)")
        }
        return value
    }
}

private struct KeyedDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [JSON.Member]
    let codingPath: [any CodingKey]
    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

    func contains(_ key: Key) -> Bool { members.contains { $0.name == key.stringValue } }

    private func decoder(_ key: Key) throws -> JSONValueDecoder {
        guard let member = members.first(where: { $0.name == key.stringValue }) else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: codingPath, debugDescription: "\(key.stringValue) is missing"))
        }
        return JSONValueDecoder(json: member.value, codingPath: codingPath + [key])
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        if case .null = try decoder(key).json.content { true } else { false }
    }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try decoder(key).decode(type)
    }
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try decoder(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder {
        guard let member = members.first(where: { $0.name == "super" }) else {
            throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: "super is missing"))
        }
        return JSONValueDecoder(json: member.value, codingPath: codingPath)
    }
    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}

private struct ListDecoder: UnkeyedDecodingContainer {
    let elements: [JSON]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(elements: [JSON], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex == elements.count }

    private mutating func next() throws -> JSONValueDecoder {
        guard !isAtEnd else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: codingPath, debugDescription: "the array has only \(elements.count) elements"))
        }
        defer { currentIndex += 1 }
        return JSONValueDecoder(json: elements[currentIndex], codingPath: codingPath)
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, case .null = elements[currentIndex].content else { return false }
        currentIndex += 1
        return true
    }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().decode(type) }
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct ValueDecoder: SingleValueDecodingContainer {
    let decoder: JSONValueDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { if case .null = decoder.json.content { true } else { false } }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.decode(type) }
}
