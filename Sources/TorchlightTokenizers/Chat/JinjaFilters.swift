/// The filters of Jinja, without those that read files or other templates.
enum JinjaFilters {
    static let names: Set<String> = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "first",
        "float", "forceescape", "format", "groupby", "indent", "int", "items", "join", "last", "length", "list",
        "lower",
        "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr",
        "slice", "sort", "string", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode",
        "wordcount",
    ]

    static func apply(
        _ name: String, _ value: JinjaValue, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        func text(_ value: String) throws(TokenizerError) -> JinjaValue { .string(try interpreter.check(value)) }
        func items() throws(TokenizerError) -> [JinjaValue] { try interpreter.elements(value, "the filter '\(name)'") }
        switch name {
        case "default", "d":
            let isReplaced = value.isUndefined || call.bool(1, "boolean") == true && !value.isTrue
            return isReplaced ? call.argument(0, "default_value") ?? .string("") : value
        case "length", "count":
            switch value {
            case .undefined: return .int(0)
            case .string(let text): return .int(text.unicodeScalars.count)
            case .list(let elements, _): return .int(elements.count)
            case .dict(let dict): return .int(dict.keys.count)
            case .loop(let loop): return .int(loop.items.count)
            default: throw interpreter.failure("object of type '\(value.typeName)' has no len()")
            }
        case "string": return .string(value.text)
        case "safe": return .string(value.text)
        case "lower": return try text(value.text.lowercased())
        case "upper": return try text(value.text.uppercased())
        case "capitalize": return try text(JinjaText.capitalized(value.text))
        case "title":
            return try text(
                JinjaText.title(value.text) { JinjaText.isSpace($0) || "-({[<".unicodeScalars.contains($0) })
        case "trim": return try text(JinjaText.strip(value.text, call.string(0, "chars")))
        case "replace":
            let old = try call.required(0, "old").text
            let new = try call.required(1, "new").text
            let count = try call.int(2, "count") ?? -1
            return try text(JinjaText.replace(value.text, old, by: new, count: count < 0 ? .max : count))
        case "escape", "e", "forceescape":
            var result = value.text
            for (old, new) in [("&", "&amp;"), (">", "&gt;"), ("<", "&lt;"), ("'", "&#39;"), ("\"", "&#34;")] {
                result = JinjaText.replace(result, old, by: new)
            }
            return try text(result)
        case "urlencode":
            var result = ""
            for byte in value.text.utf8 {
                let scalar = Unicode.Scalar(byte)
                if byte < 0x80,
                    scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || "_.-~/".unicodeScalars.contains(scalar)
                {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                }
            }
            return try text(result)
        case "center":
            return try text(JinjaText.padded(value.text, call.int(0, "width") ?? 80, " ", left: 0.5))
        case "indent": return try text(indent(value.text, call))
        case "truncate": return try text(truncate(value.text, call))
        case "wordcount":
            let parts = value.text.unicodeScalars.split { !UnicodeClass.isWord($0.value) }
            return .int(parts.count)
        case "format":
            return try text(JinjaText.format(value.text, call.positional, interpreter))
        case "tojson": return try text(json(value, call, interpreter))
        case "int": return try integer(value, call)
        case "float":
            if let number = value.number { return .float(number) }
            let parsed = Double(JinjaText.strip(value.text, nil))
            return parsed.map { .float($0) } ?? call.argument(0, "default") ?? .float(0)
        case "abs":
            if let integer = value.integer { return .int(integer == .min ? .max : abs(integer)) }
            guard let number = value.number else { throw interpreter.failure("bad operand type for abs()") }
            return .float(abs(number))
        case "round": return try round(value, call, interpreter)
        case "attr":
            let attribute = try call.required(0, "name").text
            return try interpreter.attribute(value, attribute)
        case "items":
            if value.isUndefined { return .array([]) }
            guard case .dict(let dict) = value else {
                throw interpreter.failure("Can only get item pairs from a mapping.")
            }
            return .array(dict.keys.map { .tuple([$0, dict[$0]!]) })
        case "list": return .array(try items())
        case "first": return try items().first ?? .undefined("No first item, sequence was empty.")
        case "last": return try items().last ?? .undefined("No last item, sequence was empty.")
        case "reverse":
            if case .string(let string) = value {
                return .string(UTF8Text.string(string.unicodeScalars.reversed().map(\.value)))
            }
            return .array(try items().reversed())
        default: return try applyToList(name, value, call, interpreter)
        }
    }

    // MARK: Lists

    private static func applyToList(
        _ name: String, _ value: JinjaValue, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        if name == "dictsort" { return try sortDict(value, call, interpreter) }
        let items = try interpreter.elements(value, "the filter '\(name)'")
        switch name {
        case "join":
            let separator = call.argument(0, "d")?.text ?? ""
            let path = call.argument(1, "attribute").map { $0.text }
            var parts: [String] = []
            for item in items { parts.append(try get(item, path, interpreter).text) }
            return .string(try interpreter.check(parts.joined(separator: separator)))
        case "map": return .array(try map(items, call, interpreter))
        case "select", "reject", "selectattr", "rejectattr":
            return .array(try select(name, items, call, interpreter))
        case "sum":
            let path = call.argument(0, "attribute").flatMap { $0.isTrue ? $0.text : nil }
            var total = call.argument(1, "start") ?? .int(0)
            for item in items {
                total = try JinjaArithmetic.apply("+", total, get(item, path, interpreter), interpreter)
            }
            return total
        case "min", "max":
            let path = call.argument(1, "attribute").map { $0.text }
            let sorted = try sort(items, path, ignoresCase: call.bool(0, "case_sensitive") != true, interpreter)
            guard let best = name == "min" ? sorted.first : sorted.last else {
                return .undefined("No aggregated item, sequence was empty.")
            }
            return best
        case "sort":
            let path = call.argument(2, "attribute").flatMap { $0.isTrue ? $0.text : nil }
            let isReversed = call.bool(0, "reverse") == true
            let ordered = isReversed ? Array(items.reversed()) : items
            let sorted = try sort(ordered, path, ignoresCase: call.bool(1, "case_sensitive") != true, interpreter)
            return .array(isReversed ? sorted.reversed() : sorted)
        case "unique":
            let path = call.argument(1, "attribute").flatMap { $0.isTrue ? $0.text : nil }
            let ignoresCase = call.bool(0, "case_sensitive") != true
            var seen: [JinjaValue] = []
            var result: [JinjaValue] = []
            for item in items {
                let key = folded(try get(item, path, interpreter), ignoresCase)
                try interpreter.step()
                if !seen.contains(where: { JinjaValue.equal($0, key) }) {
                    seen.append(key)
                    result.append(item)
                }
            }
            return .array(result)
        case "groupby":
            let path = try call.required(0, "attribute").text
            var groups: [(JinjaValue, [JinjaValue])] = []
            for item in try sort(items, path, ignoresCase: true, interpreter) {
                let key = try get(item, path, interpreter)
                if let last = groups.last, JinjaValue.equal(last.0, key) {
                    groups[groups.count - 1].1.append(item)
                } else {
                    groups.append((key, [item]))
                }
            }
            return .array(groups.map { .tuple([$0.0, .array($0.1)]) })
        case "batch":
            let count = try call.int(0, "linecount") ?? 0
            guard count > 0 else { throw interpreter.failure("batch of \(count) elements") }
            var batches = stride(from: 0, to: items.count, by: count).map {
                Array(items[$0..<min($0 + count, items.count)])
            }
            if let fill = call.argument(1, "fill_with"), let last = batches.last, last.count < count {
                batches[batches.count - 1] += try interpreter.check(
                    Array(repeating: fill, count: min(count - last.count, JinjaInterpreter.longestList + 1)))
            }
            return .array(batches.map { .array($0) })
        case "slice":
            let count = try call.int(0, "slices") ?? 0
            guard count > 0, count <= JinjaInterpreter.longestList else { throw interpreter.failure("\(count) slices") }
            let (size, extra) = (items.count / count, items.count % count)
            var (parts, start): ([JinjaValue], Int) = ([], 0)
            for index in 0..<count {
                let end = start + size + (index < extra ? 1 : 0)
                var part = Array(items[start..<end])
                if let fill = call.argument(1, "fill_with"), index >= extra, extra > 0 { part.append(fill) }
                parts.append(.array(part))
                start = end
            }
            return .array(parts)
        default: throw interpreter.failure("the unknown filter '\(name)'")
        }
    }

    /// The value at a path such as `function.name`; the value itself for an empty path.
    private static func get(
        _ value: JinjaValue, _ path: String?, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        guard let path else { return value }
        var result = value
        for part in path.split(separator: ".") {
            result = try interpreter.item(result, Int(part).map { .int($0) } ?? .string(String(part)))
        }
        return result
    }

    private static func folded(_ value: JinjaValue, _ ignoresCase: Bool) -> JinjaValue {
        if ignoresCase, case .string(let text) = value { return .string(text.lowercased()) }
        return value
    }

    /// A stable sort.
    private static func sort(
        _ items: [JinjaValue], _ path: String?, ignoresCase: Bool, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> [JinjaValue] {
        var keyed: [(key: [JinjaValue], item: JinjaValue)] = []
        for item in items {
            var keys: [JinjaValue] = []
            for part in (path ?? "").split(separator: ",", omittingEmptySubsequences: false) {
                keys.append(folded(try get(item, part.isEmpty ? nil : String(part), interpreter), ignoresCase))
            }
            keyed.append((keys, item))
        }
        var problem: (JinjaValue, JinjaValue)?
        keyed.sort { left, right in
            for (a, b) in zip(left.key, right.key) where !JinjaValue.equal(a, b) {
                guard let isLess = JinjaValue.less(a, b) else {
                    problem = (a, b)
                    return false
                }
                return isLess
            }
            return false
        }
        if let (a, b) = problem {
            throw interpreter.failure("'<' not supported between '\(a.typeName)' and '\(b.typeName)'")
        }
        return keyed.map(\.item)
    }

    private static func sortDict(
        _ value: JinjaValue, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        guard case .dict(let dict) = value else { throw interpreter.failure("dictsort: the value is not a mapping") }
        let ignoresCase = call.bool(0, "case_sensitive") != true
        let index = try call.string(1, "by") == "value" ? "1" : "0"
        let pairs = dict.keys.map { JinjaValue.tuple([$0, dict[$0]!]) }
        let isReversed = call.bool(2, "reverse") == true
        let sorted = try sort(isReversed ? pairs.reversed() : pairs, index, ignoresCase: ignoresCase, interpreter)
        return .array(isReversed ? sorted.reversed() : sorted)
    }

    private static func map(
        _ items: [JinjaValue], _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> [JinjaValue] {
        var result: [JinjaValue] = []
        if let attribute = call.named.first(where: { $0.0 == "attribute" })?.1 {
            let fallback = call.named.first { $0.0 == "default" }?.1
            for item in items {
                let value = try get(item, attribute.text, interpreter)
                result.append(value.isUndefined ? fallback ?? value : value)
            }
            return result
        }
        let name = try call.required(0, "filter").text
        guard names.contains(name) else { throw interpreter.failure("No filter named '\(name)'.") }
        let inner = JinjaCall(name, Array(call.positional.dropFirst()), call.named)
        for item in items {
            try interpreter.step()
            result.append(try apply(name, item, inner, interpreter))
        }
        return result
    }

    private static func select(
        _ name: String, _ items: [JinjaValue], _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> [JinjaValue] {
        let usesAttribute = name.hasSuffix("attr")
        let path = usesAttribute ? try call.required(0, "attribute").text : nil
        let rest = Array(call.positional.dropFirst(usesAttribute ? 1 : 0))
        let wanted = name.hasPrefix("select")
        var result: [JinjaValue] = []
        for item in items {
            try interpreter.step()
            let value = try get(item, path, interpreter)
            let holds: Bool
            if let test = rest.first {
                guard JinjaTests.names.contains(test.text) else {
                    throw interpreter.failure("No test named '\(test.text)'.")
                }
                let inner = JinjaCall(test.text, Array(rest.dropFirst()), call.named)
                holds = try JinjaTests.apply(test.text, value, inner, interpreter)
            } else {
                holds = value.isTrue
            }
            if holds == wanted { result.append(item) }
        }
        return result
    }

    // MARK: Strings and numbers

    private static func indent(_ text: String, _ call: JinjaCall) throws(TokenizerError) -> String {
        var indentation = "    "
        if case .string(let given)? = call.argument(0, "width") {
            indentation = given
        } else if let width = try call.int(0, "width") {
            guard width <= 10_000 else { throw JinjaInterpreter.failure("an indentation of \(width)") }
            indentation = String(repeating: " ", count: max(width, 0))
        }
        let (first, blank) = (call.bool(1, "first") == true, call.bool(2, "blank") == true)
        guard text.utf8.count < 1 << 20 || indentation.utf8.count < 100 else {
            throw JinjaInterpreter.failure("an indentation of a long text")
        }
        let lines = JinjaText.split(text, "\n")
        let indented = lines.enumerated().map { index, line in
            index == 0 ? (first ? indentation + line : line) : line.isEmpty && !blank ? line : indentation + line
        }
        return indented.joined(separator: "\n")
    }

    private static func truncate(_ text: String, _ call: JinjaCall) throws(TokenizerError) -> String {
        let length = try call.int(0, "length") ?? 255
        let end = try call.string(2, "end") ?? "..."
        let leeway = try call.int(3, "leeway") ?? 5
        let scalars = text.unicodeScalars
        guard scalars.count > length, scalars.count - length > leeway else { return text }
        let kept = length - end.unicodeScalars.count
        guard kept >= 0 else { throw JinjaInterpreter.failure("truncate: a length of \(length)") }
        let cut = String(scalars.prefix(kept))
        if call.bool(1, "killwords") == true { return cut + end }
        guard let space = cut.unicodeScalars.lastIndex(of: " ") else { return cut + end }
        return String(cut.unicodeScalars[..<space]) + end
    }

    private static func integer(_ value: JinjaValue, _ call: JinjaCall) throws(TokenizerError) -> JinjaValue {
        if let integer = value.integer { return .int(integer) }
        let fallback = call.argument(0, "default") ?? .int(0)
        if case .float(let float) = value {
            return Int(exactly: float.rounded(.towardZero)).map { .int($0) } ?? fallback
        }
        guard case .string(let text) = value else { return fallback }
        let base = try call.int(1, "base") ?? 10
        guard 2...36 ~= base else { return fallback }
        var trimmed = JinjaText.strip(text, nil).lowercased()
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where base == radix && trimmed.hasPrefix(prefix) {
            trimmed.removeFirst(2)
        }
        if let integer = Int(JinjaText.replace(trimmed, "_", by: ""), radix: base) { return .int(integer) }
        return Double(trimmed).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .int($0) } ?? fallback
    }

    private static func round(
        _ value: JinjaValue, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        guard let number = value.number else { throw interpreter.failure("round of a value that is not a number") }
        let precision = min(max(try call.int(0, "precision") ?? 0, -300), 300)
        let factor = JinjaText.power(10, Double(precision))
        switch try call.string(1, "method") ?? "common" {
        case "ceil": return .float((number * factor).rounded(.up) / factor)
        case "floor": return .float((number * factor).rounded(.down) / factor)
        case "common":
            // The decimal digits are rounded half to even, as in Python.
            if precision >= 0 { return .float(Double(JinjaText.fixed(number, precision)) ?? number) }
            return .float((number * factor).rounded(.toNearestOrEven) / factor)
        default: throw interpreter.failure("method must be common, ceil or floor")
        }
    }

    private static func json(
        _ value: JinjaValue, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> String {
        // The arguments of `tojson` in transformers: ensure_ascii, indent, separators, sort_keys.
        var indent: Int?
        if let given = call.argument(1, "indent"), !given.isUndefined { indent = try call.int(1, "indent") }
        if let width = indent, width > 100 { throw interpreter.failure("tojson with an indentation of \(width)") }
        indent = indent.map { max($0, 0) }
        var (item, key) = (indent == nil ? ", " : ",", ": ")
        if case .list(let separators, _)? = call.argument(2, "separators") {
            guard separators.count == 2 else { throw interpreter.failure("separators that are not two texts") }
            (item, key) = (separators[0].text, separators[1].text)
        }
        return try JinjaText.json(
            value, indent: indent, item: item, key: key, sorted: call.bool(3, "sort_keys") == true,
            ascii: call.bool(0, "ensure_ascii") == true)
    }
}

/// The tests of Jinja.
enum JinjaTests {
    static let names: Set<String> = [
        "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "==", "escaped", "even", "false", "filter",
        "float", "ge", ">=", "greaterthan", "gt", ">", "in", "integer", "iterable", "le", "<=", "lessthan", "lower",
        "lt",
        "<", "mapping", "ne", "!=", "none", "number", "odd", "sameas", "sequence", "string", "test", "true",
        "undefined",
        "upper",
    ]

    static func apply(
        _ name: String, _ value: JinjaValue, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> Bool {
        func other() throws(TokenizerError) -> JinjaValue { try call.required(0, "other") }
        func less(_ left: JinjaValue, _ right: JinjaValue) throws(TokenizerError) -> Bool {
            guard let result = JinjaValue.less(left, right) else {
                throw interpreter.failure("'\(left.typeName)' and '\(right.typeName)' cannot be compared")
            }
            return result
        }
        func integer() throws(TokenizerError) -> Int {
            guard let integer = value.integer else {
                throw interpreter.failure("the test '\(name)' of a value that is not an integer")
            }
            return integer
        }
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none": if case .none = value { return true } else { return false }
        case "boolean": if case .bool = value { return true } else { return false }
        case "true": if case .bool(true) = value { return true } else { return false }
        case "false": if case .bool(false) = value { return true } else { return false }
        case "integer": if case .int = value { return true } else { return false }
        case "float": if case .float = value { return true } else { return false }
        case "number": return value.number != nil
        case "string": return value.isString
        case "mapping": if case .dict = value { return true } else { return false }
        case "sequence":
            switch value {
            case .string, .list, .dict, .undefined: return true
            default: return false
            }
        case "iterable":
            switch value {
            case .string, .list, .dict, .undefined, .loop: return true
            default: return false
            }
        case "callable":
            switch value {
            case .macro, .function, .method: return true
            default: return false
            }
        case "escaped": return false
        case "even": return try integer() % 2 == 0
        case "odd": return try integer() % 2 != 0
        case "divisibleby":
            guard let divisor = try other().integer, divisor != 0, divisor != -1 else {
                throw interpreter.failure("divisibleby without a divisor")
            }
            return try integer() % divisor == 0
        case "lower": return value.text == value.text.lowercased() && value.text != value.text.uppercased()
        case "upper": return value.text == value.text.uppercased() && value.text != value.text.lowercased()
        case "eq", "equalto", "==": return JinjaValue.equal(value, try other())
        case "ne", "!=": return !JinjaValue.equal(value, try other())
        case "lt", "lessthan", "<": return try less(value, other())
        case "gt", "greaterthan", ">": return try less(other(), value)
        case "le", "<=":
            let other = try other()
            if JinjaValue.equal(value, other) { return true }
            return try less(value, other)
        case "ge", ">=":
            let other = try other()
            if JinjaValue.equal(value, other) { return true }
            return try less(other, value)
        case "in": return try interpreter.contains(other(), value)
        case "sameas":
            let other = try other()
            return value.typeName == other.typeName && JinjaValue.equal(value, other)
        case "filter": return JinjaFilters.names.contains(value.text)
        case "test": return names.contains(value.text)
        default: throw interpreter.failure("the unknown test '\(name)'")
        }
    }
}
