/// A value of the interpreter, with the semantics of Python.
enum JinjaValue {
    case undefined(String)
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case list([JinjaValue], isTuple: Bool)
    case dict(JinjaDict)
    case namespace(JinjaNamespace)
    case loop(JinjaLoop)
    case macro(JinjaMacro)
    /// A global function, such as `range`.
    case function(String)
    /// A method of a value.
    indirect case method(JinjaValue, String)

    static func array(_ elements: [JinjaValue]) -> JinjaValue { .list(elements, isTuple: false) }
    static func tuple(_ elements: [JinjaValue]) -> JinjaValue { .list(elements, isTuple: true) }

    init(_ value: TemplateValue) {
        switch value {
        case .null: self = .none
        case .bool(let bool): self = .bool(bool)
        case .int(let int): self = .int(int)
        case .double(let double): self = .float(double)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { JinjaValue($0) })
        case .object(let members):
            var dict = JinjaDict()
            for member in members { dict[.string(member.name)] = JinjaValue(member.value) }
            self = .dict(dict)
        }
    }

    /// Whether the value refers to no other values.
    var isPlain: Bool {
        switch self {
        case .undefined, .none, .bool, .int, .float, .string, .function: true
        case .list, .dict, .namespace, .loop, .macro, .method: false
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }
    var isString: Bool { if case .string = self { true } else { false } }

    /// The name of the type in Python.
    var typeName: String {
        switch self {
        case .undefined: "undefined value"
        case .none: "NoneType"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "str"
        case .list(_, let isTuple): isTuple ? "tuple" : "list"
        case .dict: "dict"
        case .namespace: "Namespace"
        case .loop: "LoopContext"
        case .macro: "Macro"
        case .function, .method: "function"
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let bool): bool
        case .int(let int): int != 0
        case .float(let float): float != 0
        case .string(let text): !text.isEmpty
        case .list(let elements, _): !elements.isEmpty
        case .dict(let dict): !dict.keys.isEmpty
        case .namespace, .loop, .macro, .function, .method: true
        }
    }

    /// The value as a floating-point number; nil for other types.
    var number: Double? {
        switch self {
        case .bool(let bool): bool ? 1 : 0
        case .int(let int): Double(int)
        case .float(let float): float
        default: nil
        }
    }

    /// The value as an integer; nil for other types.
    var integer: Int? {
        switch self {
        case .bool(let bool): bool ? 1 : 0
        case .int(let int): int
        default: nil
        }
    }

    // MARK: Comparison

    static func equal(_ left: JinjaValue, _ right: JinjaValue) -> Bool {
        if let a = left.integer, let b = right.integer { return a == b }
        if let a = left.number, let b = right.number { return a == b }
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        // Python compares strings by code points, Swift by canonical equivalence.
        case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
        case (.list(let a, let isTuple), .list(let b, let isOtherTuple)):
            return isTuple == isOtherTuple && a.count == b.count && zip(a, b).allSatisfy { equal($0, $1) }
        case (.dict(let a), .dict(let b)):
            return a.keys.count == b.keys.count
                && a.keys.allSatisfy { key in
                    guard let x = a[key], let y = b[key] else { return false }
                    return equal(x, y)
                }
        case (.namespace(let a), .namespace(let b)): return a === b
        default: return false
        }
    }

    /// Whether the first value is less than the second one; nil if they cannot be compared.
    static func less(_ left: JinjaValue, _ right: JinjaValue) -> Bool? {
        if let a = left.integer, let b = right.integer { return a < b }
        if let a = left.number, let b = right.number { return a < b }
        switch (left, right) {
        case (.string(let a), .string(let b)):
            return a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
        case (.list(let a, _), .list(let b, _)):
            for (x, y) in zip(a, b) where !equal(x, y) { return less(x, y) }
            return a.count < b.count
        default: return nil
        }
    }

    // MARK: Text

    /// `str(value)`.
    var text: String {
        switch self {
        case .undefined: ""
        case .string(let text): text
        default: repr
        }
    }

    /// `repr(value)`.
    var repr: String {
        switch self {
        case .undefined: return "Undefined"
        case .none: return "None"
        case .bool(let bool): return bool ? "True" : "False"
        case .int(let int): return String(int)
        case .float(let float): return Self.text(float)
        case .string(let text): return Self.quoted(text)
        case .list(let elements, let isTuple):
            let inner = elements.map(\.repr).joined(separator: ", ")
            return isTuple ? "(\(inner)\(elements.count == 1 ? "," : ""))" : "[\(inner)]"
        case .dict(let dict):
            return "{" + dict.keys.map { "\($0.repr): \(dict[$0]!.repr)" }.joined(separator: ", ") + "}"
        case .namespace(let namespace): return "<Namespace \(JinjaValue.dict(namespace.values).repr)>"
        case .loop(let loop): return "<LoopContext \(loop.index + 1)/\(loop.items.count)>"
        case .macro(let macro): return "<Macro '\(macro.name)'>"
        case .function(let name), .method(_, let name): return "<function \(name)>"
        }
    }

    /// A number in Python's format: the shortest digits that round-trip, with an exponent below 1e-4 and from 1e16.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        var text = "\(abs(value))"
        var exponent = 0
        if let e = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: e)...]) ?? 0
            text = String(text[..<e])
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        var digits = String(parts[0]) + (parts.count > 1 ? String(parts[1]) : "")
        // The value is 0.digits · 10^point.
        var point = parts[0].count + exponent
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            point -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        let sign = value.sign == .minus ? "-" : ""
        if digits == "0" { return sign + "0.0" }
        if point > 16 || point < -3 {
            let power = point - 1
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            return sign + digits.prefix(1) + fraction + "e" + (power < 0 ? "-" : "+") + (abs(power) < 10 ? "0" : "")
                + String(abs(power))
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if digits.count <= point { return sign + digits + String(repeating: "0", count: point - digits.count) + ".0" }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    private static func quoted(_ text: String) -> String {
        let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case quote: result.append(contentsOf: "\\\(quote)".unicodeScalars)
            default:
                let hidden = UnicodeClass.other | UnicodeClass.separator
                if scalar == " " || UnicodeClass.mask(scalar.value) & hidden == 0 {
                    result.append(scalar)
                } else {
                    let hex = String(scalar.value, radix: 16)
                    let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
                    let zeros = String(repeating: "0", count: max(width - hex.count, 0))
                    result.append(contentsOf: "\\\(letter)\(zeros)\(hex)".unicodeScalars)
                }
            }
        }
        result.append(quote)
        return String(result)
    }
}

/// A dictionary in insertion order.
struct JinjaDict {
    private(set) var keys: [JinjaValue] = []
    private var values: [String: JinjaValue] = [:]

    /// A hashable text that is equal for equal keys; nil for unhashable values.
    private static func name(_ key: JinjaValue) -> String? {
        switch key {
        case .string(let text): "s" + text.unicodeScalars.map { String($0.value, radix: 36) }.joined(separator: ",")
        case .bool, .int: "i\(key.integer!)"
        case .float(let float): float == float.rounded() && abs(float) < 1e15 ? "i\(Int(float))" : "f\(float)"
        case .none: "n"
        case .list(let elements, true):
            elements.reduce("t") { name, element in name.flatMap { a in Self.name(element).map { "\(a)(\($0))" } } }
        default: nil
        }
    }

    static func canBeKey(_ key: JinjaValue) -> Bool { name(key) != nil }

    subscript(key: JinjaValue) -> JinjaValue? {
        get { Self.name(key).flatMap { values[$0] } }
        set {
            guard let name = Self.name(key), let newValue else { return }
            if values.updateValue(newValue, forKey: name) == nil { keys.append(key) }
        }
    }
}

/// An object that can be part of a reference cycle: a scope through a macro that is defined in it, a namespace through
/// an attribute.
protocol JinjaReference: AnyObject {
    /// Whether the interpreter has recorded it.
    var isTracked: Bool { get set }
    /// Releases all values.
    func clear()
}

/// The object of `namespace()`, whose attributes can be assigned inside loops.
final class JinjaNamespace: JinjaReference {
    var values: JinjaDict
    var isTracked = false
    init(_ values: JinjaDict) { self.values = values }

    func clear() { values = JinjaDict() }
}

/// The variable `loop`.
final class JinjaLoop: JinjaReference {
    let items: [JinjaValue]
    let depth: Int
    var index = 0
    var lastChanged: [JinjaValue]?
    var isTracked = false
    /// Runs the loop on other items (recursive loops).
    var recurse: ((JinjaValue) throws(TokenizerError) -> String)?

    init(_ items: [JinjaValue], depth: Int) {
        self.items = items
        self.depth = depth
    }

    func clear() {
        lastChanged = nil
        recurse = nil
    }

    func attribute(_ name: String) -> JinjaValue? {
        switch name {
        case "index": .int(index + 1)
        case "index0": .int(index)
        case "revindex": .int(items.count - index)
        case "revindex0": .int(items.count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == items.count - 1)
        case "length": .int(items.count)
        case "depth": .int(depth)
        case "depth0": .int(depth - 1)
        case "previtem": index > 0 ? items[index - 1] : .undefined("there is no previous item")
        case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("there is no next item")
        case "cycle", "changed": .method(.loop(self), name)
        default: nil
        }
    }
}

/// A macro with the scope of its definition.
final class JinjaMacro {
    let name: String
    let parameters: [(name: String, default: JinjaExpression?)]
    let body: [JinjaStatement]
    let scope: JinjaScope

    init(
        name: String, parameters: [(name: String, default: JinjaExpression?)], body: [JinjaStatement],
        scope: JinjaScope
    ) {
        self.name = name
        self.parameters = parameters
        self.body = body
        self.scope = scope
    }
}

/// A scope of variables, with a parent scope for other names.
final class JinjaScope: JinjaReference {
    var values: [String: JinjaValue] = [:]
    let parent: JinjaScope?
    var isTracked = false

    init(_ parent: JinjaScope?) { self.parent = parent }

    func clear() { values = [:] }

    func value(_ name: String) -> JinjaValue? {
        var scope: JinjaScope? = self
        while let current = scope {
            if let value = current.values[name] { return value }
            scope = current.parent
        }
        return nil
    }
}
