import Foundation
import TestSupport

/// The public functions, initialisers and subscripts of a module that take integers, read from its sources.
enum PublicDeclarations {
    /// Types of parameters that are integers, or hold integers that the caller gives.
    private static let integers: Set<String> = [
        "Int", "Size", "Size2", "Size3", "ConvPadding", "AdaptiveSize", "PaddingSize", "TensorIndex", "TensorIndexItem",
    ]

    /// "Tensor.narrow(_: Int, start: Int, length: Int)": the enclosing type, the name and the integer parameters.
    static func takingIntegers(in module: String) throws -> Set<String> {
        var names: Set<String> = []
        for (_, text) in try SourceTree.files(in: "Sources/\(module)", ["swift"]) {
            names.formUnion(declarations(in: text))
        }
        return names
    }

    static func declarations(in text: String) -> Set<String> {
        var names: Set<String> = []
        var enclosing: [(indent: Int, name: String)] = []
        let lines = text.components(separatedBy: "\n").map(withoutComment)
        for (number, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            var words = line.split(whereSeparator: { $0 == " " }).map(String.init)[...]
            while let word = words.first, word.hasPrefix("@") { words = words.dropFirst() }
            var isPublic = false
            let modifiers: Set<String> = [
                "public", "open", "package", "private", "fileprivate", "final", "static", "convenience", "override",
                "mutating", "required", "indirect",
            ]
            while let word = words.first, modifiers.contains(word) {
                isPublic = isPublic || word == "public" || word == "open"
                words = words.dropFirst()
            }
            guard let keyword = words.first else { continue }
            if ["extension", "struct", "class", "enum", "protocol"].contains(keyword),
                let second = words.dropFirst().first
            {
                enclosing.removeAll { $0.indent >= indent }
                enclosing.append(
                    (indent, String(second.prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" })))
                continue
            }
            // A deprecated name stands for another, which is in the table.
            if number > 0, lines[number - 1].contains("@available(*, deprecated") { continue }
            guard isPublic, let name = functionName(words.joined(separator: " ")) else { continue }
            let parameters = self.parameters(from: lines[number...])
            let wanted = parameters.filter { parameter in
                !parameter.type.contains("->") && !integers.isDisjoint(with: identifiers(parameter.type))
            }
            if wanted.isEmpty { continue }
            let labels = wanted.map { "\(name == "subscript" && $0.hasOneName ? "_" : $0.label): \($0.type)" }
            let outer = enclosing.filter { $0.indent < indent }.map { $0.name + "." }.joined()
            names.insert("\(outer)\(name)(\(labels.joined(separator: ", ")))")
        }
        return names
    }

    private static func withoutComment(_ line: String) -> String {
        line.range(of: "//").map { String(line[..<$0.lowerBound]) } ?? line
    }

    /// "narrow" of "func narrow(...", "init" of "init?(...".
    private static func functionName(_ declaration: String) -> String? {
        for keyword in ["init", "subscript"] where declaration.hasPrefix(keyword) {
            let rest = declaration.dropFirst(keyword.count)
            if let next = rest.first, "(?<".contains(next) { return keyword }
        }
        guard declaration.hasPrefix("func ") else { return nil }
        let name = declaration.dropFirst("func ".count).drop { $0 == "`" }.prefix {
            $0.isLetter || $0.isNumber || $0 == "_"
        }
        return name.isEmpty ? nil : String(name)
    }

    private static func identifiers(_ type: String) -> Set<String> {
        Set(type.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
    }

    private struct Parameter {
        let label: String
        let hasOneName: Bool
        let type: String
    }

    /// The parameters of a declaration that starts in the first line, with their types and without default values.
    private static func parameters(from lines: ArraySlice<String>) -> [Parameter] {
        var text = ""
        var depth = 0
        var (parts, isOpen): ([String], Bool) = ([], false)
        // Generic parameters stand before the parenthesis: only what is inside one counts.
        scan: for line in lines.prefix(40) {
            for character in line + " " {
                if !isOpen {
                    if character == "(" { isOpen = true }
                    continue
                }
                switch character {
                case "(", "[", "{", "<": depth += 1
                case ")" where depth == 0: break scan
                case ")", "]", "}": depth -= 1
                case ">" where text.last != "-": depth -= 1
                case "," where depth == 0:
                    parts.append(text)
                    text = ""
                    continue
                default: break
                }
                text.append(character)
            }
        }
        return (parts + [text]).compactMap { part in
            guard let colon = part.firstIndex(of: ":") else { return nil }
            let names = part[..<colon].split(separator: " ").filter { !$0.hasPrefix("@") }
            guard let first = names.first else { return nil }
            let type = withoutDefault(part[part.index(after: colon)...]).split(separator: " ")
                .filter { !$0.hasPrefix("@") }.joined(separator: " ")
            return Parameter(
                label: first.trimmingCharacters(in: ["`"]), hasOneName: names.count == 1, type: type)
        }
    }

    private static func withoutDefault(_ type: Substring) -> Substring {
        var depth = 0
        for index in type.indices {
            switch type[index] {
            case "(", "[", "{": depth += 1
            case ")", "]", "}": depth -= 1
            case "=" where depth == 0: return type[..<index]
            default: break
            }
        }
        return type
    }
}
