/// A JSON value (RFC 8259) with its position in the file.
///
/// Numbers keep their text, so that no digit is lost before they are converted. Objects keep the order of their
/// members; duplicate names are an error.
package struct JSON: Sendable {
    /// A name and its value in an object.
    package struct Member: Sendable {
        package let name: String
        package let value: JSON
        /// The position of the name.
        package let offset: Int

        package init(name: String, value: JSON, offset: Int) {
            self.name = name
            self.value = value
            self.offset = offset
        }
    }

    /// The type and contents of the value.
    package enum Content: Sendable {
        case null
        case bool(Bool)
        case number(String)
        case string(String)
        case array([JSON])
        case object([Member])
    }

    package let content: Content
    /// The position of the first byte of the value; 0 in values that were not parsed.
    package let offset: Int

    package init(_ content: Content, offset: Int = 0) {
        self.content = content
        self.offset = offset
    }

    /// The members of an object; nil for other values.
    package var members: [Member]? { if case .object(let members) = content { members } else { nil } }
    /// The elements of an array; nil for other values.
    package var elements: [JSON]? { if case .array(let elements) = content { elements } else { nil } }
    /// The text of a string; nil for other values.
    package var string: String? { if case .string(let text) = content { text } else { nil } }
    /// The bool; nil for other values.
    package var bool: Bool? { if case .bool(let bool) = content { bool } else { nil } }
    /// The integer, if it is written as one and fits into 64 bits; nil for other values.
    package var int: Int? { if case .number(let text) = content { Int(text) } else { nil } }
    /// The number rounded to float64; nil for other values.
    package var double: Double? { if case .number(let text) = content { Double(text) } else { nil } }
    /// The value of a member of an object; nil if there is none.
    package subscript(name: String) -> JSON? { members?.first { $0.name == name }?.value }

    /// A description for error texts.
    package var summary: String {
        switch content {
        case .null: "null"
        case .bool: "a Boolean value"
        case .number(let text): "the number \(text.prefix(40))"
        case .string(let text): "the string \(IOError.quoted(text))"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral text: String) { self.init(.string(text)) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self.init(.bool(value)) }
    package init(arrayLiteral elements: JSON...) { self.init(.array(elements)) }
    package init(dictionaryLiteral members: (String, JSON)...) { self = .object(members) }
    package init(nilLiteral: ()) { self.init(.null) }

    /// Creates a string.
    package static func string(_ text: String) -> JSON { JSON(.string(text)) }
    /// Creates an integer.
    package static func int(_ value: Int) -> JSON { JSON(.number(String(value))) }
    /// Creates a number in the shortest form that reads back exactly; null for infinities and NaN, which JSON does not
    /// have.
    package static func double(_ value: Double) -> JSON { value.isFinite ? JSON(.number("\(value)")) : nil }
    /// Creates an array.
    package static func array(_ elements: [JSON]) -> JSON { JSON(.array(elements)) }
    /// Creates an object with the members in this order.
    package static func object(_ members: [(String, JSON)]) -> JSON {
        JSON(.object(members.map { Member(name: $0.0, value: $0.1, offset: 0) }))
    }
}

extension JSON {
    /// The value as text: in one line, or indented by two spaces for each level.
    package func text(indented: Bool = false) -> String {
        var text = ""
        write(to: &text, level: indented ? 0 : nil)
        return text
    }

    private func write(to text: inout String, level: Int?) {
        switch content {
        case .null: text += "null"
        case .bool(let bool): text += bool ? "true" : "false"
        case .number(let number): text += number
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            Self.write(elements, between: "[", "]", to: &text, level: level) { element, text, level in
                element.write(to: &text, level: level)
            }
        case .object(let members):
            Self.write(members, between: "{", "}", to: &text, level: level) { member, text, level in
                Self.write(member.name, to: &text)
                text += level == nil ? ":" : ": "
                member.value.write(to: &text, level: level)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], between open: String, _ close: String, to text: inout String, level: Int?,
        each: (Item, inout String, Int?) -> Void
    ) {
        func newLine(_ level: Int?) {
            if let level { text += "\n" + String(repeating: "  ", count: level) }
        }
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            newLine(level.map { $0 + 1 })
            each(item, &text, level.map { $0 + 1 })
        }
        if !items.isEmpty { newLine(level) }
        text += close
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}":
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
