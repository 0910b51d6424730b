import TorchlightFiles

/// A value that a chat template reads: what JSON can hold, with the order of members kept.
public enum TemplateValue: Sendable, Equatable {
    /// Nothing: `null` in JSON, `none` in templates.
    case null
    /// True or false.
    case bool(Bool)
    /// An integer.
    case int(Int)
    /// A number with a fraction.
    case double(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([TemplateValue])
    /// Names with values, in order.
    case object([Member])

    /// A name and its value.
    public struct Member: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value.
        public var value: TemplateValue

        /// Creates a member.
        public init(_ name: String, _ value: TemplateValue) {
            self.name = name
            self.value = value
        }
    }

    /// Parses a value from JSON.
    /// - Parameter text: the text, one value.
    /// - Throws: `IOError` if the text is no JSON.
    public init(json text: String) throws(IOError) {
        self = TemplateValue(try JSON.parse(Array(text.utf8), file: "json"))
    }

    /// A message of a chat with a role and a text.
    public static func message(role: String, content: String) -> TemplateValue {
        .object([Member("role", .string(role)), Member("content", .string(content))])
    }

    init(_ json: JSON) {
        switch json.content {
        case .null: self = .null
        case .bool(let bool): self = .bool(bool)
        case .number(let text):
            let isInteger = !text.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
            if isInteger, let int = Int(text) { self = .int(int) } else { self = .double(Double(text) ?? .nan) }
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { TemplateValue($0) })
        case .object(let members): self = .object(members.map { Member($0.name, TemplateValue($0.value)) })
        }
    }

    /// A member of an object; nil if there is none. Setting nil removes it.
    public subscript(name: String) -> TemplateValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members.first { $0.name == name }?.value
        }
        set {
            guard case .object(var members) = self else { return }
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name, value))
            case (nil, nil): break
            }
            self = .object(members)
        }
    }
}

extension TemplateValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// Creates a text.
    public init(stringLiteral text: String) { self = .string(text) }
    /// Creates an integer.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// Creates a number with a fraction.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// Creates true or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates a list.
    public init(arrayLiteral elements: TemplateValue...) { self = .array(elements) }
    /// Creates names with values, in this order.
    public init(dictionaryLiteral members: (String, TemplateValue)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }
    /// Creates nothing.
    public init(nilLiteral: ()) { self = .null }
}
