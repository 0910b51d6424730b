import Foundation
import TestSupport

/// The public declarations of a module, read from its sources: one line each, with the type that they belong to.
///
/// It relies on the format that `make lint` requires: the indentation shows what belongs to what.
///
///     Tensor: func narrow(_ dim: Int, start: Int, length: Int) -> Tensor
///     Linear: let weight: Tensor { get }
struct PublicInterface {
    /// The sources of a module.
    typealias Sources = [(path: String, text: String)]

    /// Types of all modules by name: whether they are public. Those of other packages are not in it.
    private let types: [String: Bool]

    /// Knows the types that the sources of all modules declare.
    init(modules: [Sources]) {
        var types: [String: Bool] = [:]
        for (_, text) in modules.joined() {
            Self.scan(text) { declaration, scopes in
                guard declaration.kind.declaresType else { return }
                let name = (scopes.map(\.name) + [declaration.name]).joined(separator: ".")
                let isPublic = declaration.isPublic && scopes.allSatisfy { types[$0.path] ?? true }
                types[name] = (types[name] ?? false) || isPublic
            }
        }
        self.types = types
    }

    /// The lines of a module, sorted.
    func lines(of sources: Sources) -> [String] {
        var lines: Set<String> = []
        for (_, text) in sources {
            Self.scan(text) { declaration, scopes in
                if let line = line(declaration, in: scopes) { lines.insert(line) }
            }
        }
        return lines.sorted()
    }

    private func line(_ declaration: Declaration, in scopes: [Scope]) -> String? {
        // A type that is declared nowhere here belongs to another package.
        guard scopes.allSatisfy({ types[$0.path] ?? true }) else { return nil }
        let scope = scopes.last
        let isMember = scope?.kind == .protocol || (scope?.kind == .enum && declaration.kind == .case)
        switch declaration.kind {
        case .extension:
            guard declaration.inherits, types[declaration.name] ?? true else { return nil }
            return declaration.text
        case .operator: return declaration.text
        default:
            guard declaration.isPublic || isMember else { return nil }
            return (scope.map { "\($0.path)\($0.condition): " } ?? "") + declaration.text
        }
    }
}

extension PublicInterface {
    /// What a declaration is.
    enum Kind: String {
        case `struct`, `class`, `enum`, `protocol`, `actor`, `extension`
        case `func`, `init`, `subscript`, `var`, `let`, `case`, `typealias`, `associatedtype`
        case `operator`

        var declaresType: Bool {
            switch self {
            case .struct, .class, .enum, .protocol, .actor: true
            default: false
            }
        }
        var hasMembers: Bool { declaresType || self == .extension }
    }

    /// The type or extension around a declaration.
    struct Scope {
        let indent: Int
        let kind: Kind
        let name: String
        /// The name with the names of the types around it.
        let path: String
        /// The condition of an extension: " where Element: Tensor".
        let condition: String
    }

    struct Declaration {
        let kind: Kind
        let name: String
        let isPublic: Bool
        /// Whether a type or an extension names protocols.
        let inherits: Bool
        let condition: String
        /// The declaration without access level and body, on one line.
        let text: String
    }

    /// Calls a closure with every declaration at the level of a file or type, and the types around it.
    static func scan(_ text: String, _ body: (Declaration, [Scope]) -> Void) {
        let bytes = Array(text.utf8)
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let indents = lines.map { line in line.prefix { $0 == UInt8(ascii: " ") }.count }
        func string(_ index: Int) -> String { String(decoding: lines[index].dropFirst(indents[index]), as: UTF8.self) }

        var scopes: [Scope] = []
        var index = 0
        while index < lines.count {
            let (line, indent) = (lines[index], indents[index])
            defer { index += 1 }
            guard indent < line.count else { continue }
            let first = line[line.startIndex + indent]
            let isLetter = (first | 32 >= 97 && first | 32 <= 122) || first == UInt8(ascii: "@")
            while let scope = scopes.last, scope.indent >= indent { scopes.removeLast() }
            guard isLetter, indent == (scopes.last.map { $0.indent + 4 } ?? 0) else { continue }

            // Join the lines of the declaration: to its body, or to the next line that is not indented further.
            var builder = DeclarationText(string(index))
            while !builder.isComplete, index + 1 < lines.count {
                let next = index + 1
                let isEmpty = indents[next] == lines[next].count
                // A closing bracket, and a condition, stand at the indentation of the declaration.
                let goesOn =
                    !isEmpty
                    && (indents[next] > indent
                        || ")]>{".utf8.contains(lines[next][lines[next].startIndex + indents[next]])
                        || lines[next].dropFirst(indent).starts(with: "where ".utf8))
                if !builder.isOpen, !builder.isAttribute, !goesOn { break }
                index = next
                if !isEmpty { builder.append(string(next)) }
            }
            // The body, for what it says about setting: its lines one level deeper.
            var accessors: [String] = []
            if builder.opensBody {
                var inner = index + 1
                while inner < lines.count, indents[inner] > indent || indents[inner] == lines[inner].count {
                    if indents[inner] == indent + 4 { accessors.append(string(inner)) }
                    inner += 1
                    if accessors.count > 12 { break }
                }
            }
            guard let declaration = builder.declaration(accessors) else { continue }
            body(declaration, scopes)
            if declaration.kind.hasMembers, builder.opensBody {
                let path = (scopes.map(\.path).last.map { $0 + "." } ?? "") + declaration.name
                scopes.append(
                    Scope(
                        indent: indent, kind: declaration.kind, name: declaration.name, path: path,
                        condition: declaration.kind == .extension ? declaration.condition : ""))
            }
        }
    }
}
