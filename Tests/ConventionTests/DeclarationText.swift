/// The text of a declaration while its lines are joined.
struct DeclarationText {
    private var text = ""
    private var depth = 0
    private var inString = false
    /// Where the body begins, if there is one.
    private var body: String.Index?

    /// The modifiers that are no part of the interface as it is listed.
    private static let dropped: Set<String> = [
        "public", "override", "final", "convenience", "indirect", "nonisolated", "nonisolated(unsafe)", "lazy", "weak",
        "unowned",
    ]
    private static let kept: Set<String> = [
        "open", "static", "class", "mutating", "nonmutating", "required", "prefix", "postfix", "infix", "isolated",
    ]
    private static let restricted: Set<String> = ["package", "private", "fileprivate", "internal"]

    init(_ line: String) { append(line) }

    /// Whether a parenthesis is open.
    var isOpen: Bool { depth > 0 }
    /// Whether the body has begun.
    var isComplete: Bool { body != nil }
    /// Whether the body goes on in the following lines.
    var opensBody: Bool { body.map { text[$0...] == "{" } ?? false }
    /// Whether there are only attributes yet.
    var isAttribute: Bool { Self.withoutAttributes(text).rest.isEmpty }

    mutating func append(_ line: String) {
        let line = line.firstRange(of: "  //").map { String(line[..<$0.lowerBound]) } ?? line
        if line.hasPrefix("//") { return }
        if !text.isEmpty, text.last != "(", text.last != "[", line.first != ")", line.first != "]" { text += " " }
        for character in line {
            text.append(character)
            if body != nil { continue }
            switch character {
            case "\"": inString.toggle()
            case _ where inString: break
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: body = text.index(before: text.endIndex)
            default: break
            }
        }
        while text.last == " " { text.removeLast() }
    }

    /// The attributes of a declaration, and what follows them.
    private static func withoutAttributes(_ text: String) -> (attributes: [String], rest: String) {
        var attributes: [String] = []
        var rest = text[...]
        while rest.first == "@" {
            var depth = 0
            var inString = false
            let end =
                rest.firstIndex { character in
                    switch character {
                    case "\"": inString.toggle()
                    case "(" where !inString: depth += 1
                    case ")" where !inString: depth -= 1
                    case " " where depth == 0 && !inString: return true
                    default: break
                    }
                    return false
                } ?? rest.endIndex
            attributes.append(String(rest[..<end]))
            rest = rest[end...].drop { $0 == " " }
        }
        return (attributes, String(rest))
    }

    /// The declaration; nil for anything else, such as an import or a statement.
    ///
    /// - Parameter accessors: the first lines of the body.
    func declaration(_ accessors: [String]) -> PublicInterface.Declaration? {
        let (attributes, rest) = Self.withoutAttributes(body.map { String(text[..<$0]) } ?? text)
        var words = rest.split(separator: " ")[...]
        var (isPublic, isRestricted, isReadOnly) = (false, false, false)
        var modifiers: [Substring] = []
        scan: while let word = words.first {
            switch String(word) {
            // "class" is a modifier too: "class func".
            case "class" where !["func", "var", "subscript"].contains(words.dropFirst().first ?? ""): break scan
            case "prefix", "postfix", "infix":
                if words.dropFirst().first == "operator" { break scan }
                modifiers.append(word)
            case let name where Self.kept.contains(name):
                isPublic = isPublic || name == "open"
                modifiers.append(word)
            case let name where Self.dropped.contains(name): isPublic = isPublic || name == "public"
            case let name where Self.restricted.contains(name): isRestricted = true
            case let name where name.hasSuffix("(set)"): isReadOnly = true
            default: break scan
            }
            words = words.dropFirst()
        }
        guard let keyword = words.first.map(String.init) else { return nil }
        let tail = words.dropFirst().joined(separator: " ")
        if ["prefix", "postfix", "infix"].contains(keyword) {
            return PublicInterface.Declaration(
                kind: .operator, name: tail, isPublic: true, inherits: false, condition: "",
                text: words.joined(separator: " "))
        }
        let bare = String(keyword.prefix { $0.isLetter })
        guard let kind = PublicInterface.Kind(rawValue: bare), kind != .operator else { return nil }
        let isSpecial = kind == .`init` || kind == .subscript
        guard isSpecial || bare == keyword else { return nil }
        let name = String(tail.prefix { $0.isLetter || $0.isNumber || "._`".contains($0) })
        var line = (modifiers.map(String.init) + [words.joined(separator: " ")]).joined(separator: " ")
        if kind == .var || kind == .let || kind == .subscript {
            line = Self.withoutInitialValue(line)
            line += Self.access(kind, body.map { String(text[$0...]) }, accessors, isReadOnly: isReadOnly)
        }
        // Cases in the line of their enumeration.
        if kind == .enum, !opensBody, let body { line += " " + text[body...] }
        if let attribute = attributes.first(where: { $0.hasPrefix("@available") }) {
            line = (attribute.contains("unavailable") ? "unavailable " : "deprecated ") + line
        }
        let condition = tail.firstRange(of: " where ").map { String(tail[$0.lowerBound...]) } ?? ""
        let head = tail.dropLast(condition.count)
        return PublicInterface.Declaration(
            kind: kind, name: name, isPublic: isPublic && !isRestricted,
            inherits: kind == .extension && head.contains(":"), condition: condition, text: line)
    }

    /// "var x: Int" of "var x: Int = 0"; without a type the value stays, since it says which type it is.
    private static func withoutInitialValue(_ line: String) -> String {
        var depth = 0
        var hasType = false
        for index in line.indices {
            switch line[index] {
            case "(", "[", "<": depth += 1
            case ")", "]", ">": depth -= 1
            case ":" where depth == 0: hasType = true
            case "=" where depth == 0 && hasType:
                return String(line[..<line.index(before: index)])
            default: break
            }
        }
        return line
    }

    /// " { get }" or " { get set }" of a property or subscript.
    private static func access(
        _ kind: PublicInterface.Kind, _ body: String?, _ accessors: [String], isReadOnly: Bool
    ) -> String {
        if kind == .let || isReadOnly { return " { get }" }
        guard let body else { return " { get set }" }
        // A requirement of a protocol, or a body in one line.
        let isObserver = accessors.contains { $0.hasPrefix("didSet") || $0.hasPrefix("willSet") }
        let setters = [
            "set ", "set(", "_modify", "nonmutating set", "mutating set", "nonmutating _modify", "didSet", "willSet",
        ]
        let canSet =
            isObserver || body.contains(" set ") || body.contains("didSet")
            || accessors.contains { line in setters.contains { line.hasPrefix($0) } }
        return canSet ? " { get set }" : " { get }"
    }
}
