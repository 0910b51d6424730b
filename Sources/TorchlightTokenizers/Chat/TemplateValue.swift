import TorchlightFiles

/// A value for a chat template: a JSON value with ordered members.
public enum TemplateValue: Sendable, Equatable {
    /// `null` in JSON, `none` in templates.
    case null
    /// A Boolean.
    case bool(Bool)
    /// An integer.
    case int(Int)
    /// A floating-point number.
    case double(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([TemplateValue])
    /// An object: names with values, in order.
    case object([Member])

    /// A member of an object: a name and its value.
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
    /// - Parameter text: the JSON text of one value.
    /// - Throws: `IOError` if the text is not valid JSON.
    public init(json text: String) throws(IOError) {
        self = TemplateValue(try JSON.parse(Array(text.utf8), file: "json"))
    }

    /// Returns a message of a chat with a role and a content.
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

    /// The member of an object with a name; nil if there is none. Assigning nil removes it.
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
    /// Creates a string.
    public init(stringLiteral text: String) { self = .string(text) }
    /// Creates an integer.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// Creates a floating-point number.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// Creates a Boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates an array.
    public init(arrayLiteral elements: TemplateValue...) { self = .array(elements) }
    /// Creates an object with members in this order.
    public init(dictionaryLiteral members: (String, TemplateValue)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }
    /// Creates null.
    public init(nilLiteral: ()) { self = .null }
}
