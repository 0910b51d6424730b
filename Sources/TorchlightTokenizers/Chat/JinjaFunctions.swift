/// The global functions of templates.
enum JinjaFunctions {
    static let names: Set<String> = ["range", "dict", "namespace", "raise_exception", "strftime_now"]

    static func call(
        _ name: String, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        switch name {
        case "raise_exception": throw ChatTemplate.refusal(call.argument(0, "message")?.text ?? "")
        case "strftime_now":
            return .string(try interpreter.now.text(call.required(0, "format").text))
        case "range":
            guard let first = try call.int(0, "start") else { throw interpreter.failure("range expected an argument") }
            let second = try call.int(1, "stop")
            let (start, stop) = second.map { (first, $0) } ?? (0, first)
            let step = try call.int(2, "step") ?? 1
            guard step != 0 else { throw interpreter.failure("range() arg 3 must not be zero") }
            // The limit of Jinja's sandbox.
            let (distance, overflows) = stop.subtractingReportingOverflow(start)
            guard !overflows, step != .min, abs(distance / step) <= 100_000 else {
                throw interpreter.failure("Range too big. The sandbox blocks ranges larger than 100000.")
            }
            return .array(stride(from: start, to: stop, by: step).map { .int($0) })
        default:
            var values = JinjaDict()
            if let first = call.positional.first {
                switch first {
                case .dict(let dict): values = dict
                case .namespace(let namespace): values = namespace.values
                default:
                    for pair in try interpreter.elements(first, name) {
                        let parts = try interpreter.elements(pair, name)
                        guard parts.count == 2, JinjaDict.canBeKey(parts[0]) else {
                            throw interpreter.failure("\(name) of elements that are not pairs")
                        }
                        values[parts[0]] = parts[1]
                    }
                }
            }
            for (name, value) in call.named { values[.string(name)] = value }
            return name == "dict" ? .dict(values) : .namespace(JinjaNamespace(values))
        }
    }
}

/// The methods of strings, lists, dictionaries and loops that do not modify them.
enum JinjaMethods {
    static let dict: Set<String> = ["get", "items", "keys", "values", "copy"]
    static let list: Set<String> = [
        "index", "count", "copy", "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse",
    ]
    static let string: Set<String> = [
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format", "index", "isalnum",
        "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "join",
        "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust",
        "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper",
        "zfill",
    ]

    static func call(
        _ object: JinjaValue, _ name: String, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        switch object {
        case .string(let text): return try self.call(text, name, call, interpreter)
        case .dict(let dict):
            switch name {
            case "get":
                let key = try call.required(0, "key")
                return dict[key] ?? call.argument(1, "default") ?? .none
            case "keys": return .array(dict.keys)
            case "values": return .array(dict.keys.map { dict[$0]! })
            case "items": return .array(dict.keys.map { .tuple([$0, dict[$0]!]) })
            default: return object
            }
        case .list(let elements, _):
            switch name {
            case "index":
                let value = try call.required(0, "value")
                guard let index = elements.firstIndex(where: { JinjaValue.equal($0, value) }) else {
                    throw interpreter.failure("\(value.repr) is not in list")
                }
                return .int(index)
            case "count":
                let value = try call.required(0, "value")
                return .int(elements.filter { JinjaValue.equal($0, value) }.count)
            case "copy": return object
            default:
                throw interpreter.failure(
                    "access to attribute '\(name)' of 'list' object is unsafe: lists are immutable")
            }
        case .loop(let loop):
            if name == "cycle" {
                guard !call.positional.isEmpty else { throw interpreter.failure("no items for cycling given") }
                return call.positional[loop.index % call.positional.count]
            }
            let isSame = loop.lastChanged.map { JinjaValue.equal(.array($0), .array(call.positional)) } ?? false
            if !call.positional.allSatisfy(\.isPlain) { interpreter.track(loop) }
            loop.lastChanged = call.positional
            return .bool(!isSame)
        default: throw interpreter.failure("'\(name)' is not a method")
        }
    }

    private static func call(
        _ text: String, _ name: String, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        func string(_ value: String) throws(TokenizerError) -> JinjaValue { .string(try interpreter.check(value)) }
        func part() throws(TokenizerError) -> String {
            guard case .string(let part) = try call.required(0, "sub") else {
                throw interpreter.failure("\(name) needs a string")
            }
            return part
        }
        let scalars = text.unicodeScalars
        func all(_ condition: (Unicode.Scalar) -> Bool) -> JinjaValue {
            .bool(!scalars.isEmpty && scalars.allSatisfy(condition))
        }
        func mask(_ scalar: Unicode.Scalar) -> UInt32 { UnicodeClass.mask(scalar.value) }
        let decimal = UnicodeClass.Category.nd.mask
        switch name {
        case "strip": return .string(JinjaText.strip(text, try call.string(0, "chars")))
        case "lstrip": return .string(JinjaText.strip(text, try call.string(0, "chars"), right: false))
        case "rstrip": return .string(JinjaText.strip(text, try call.string(0, "chars"), left: false))
        case "lower", "casefold": return try string(text.lowercased())
        case "upper": return try string(text.uppercased())
        case "capitalize": return try string(JinjaText.capitalized(text))
        case "title":
            return try string(JinjaText.title(text) { mask($0) & UnicodeClass.letter == 0 })
        case "swapcase":
            return try string(
                scalars.map {
                    $0.properties.isUppercase ? $0.properties.lowercaseMapping : $0.properties.uppercaseMapping
                }
                .joined())
        case "startswith", "endswith":
            var parts: [JinjaValue] = [try call.required(0, "prefix")]
            if case .list(let elements, true) = parts[0] { parts = elements }
            return .bool(
                parts.contains { part in
                    guard case .string(let part) = part else { return false }
                    return name == "startswith"
                        ? text.utf8.starts(with: part.utf8) : text.utf8.reversed().starts(with: part.utf8.reversed())
                })
        case "removeprefix":
            let part = try part()
            return .string(
                text.utf8.starts(with: part.utf8)
                    ? String(decoding: text.utf8.dropFirst(part.utf8.count), as: UTF8.self) : text)
        case "removesuffix":
            let part = try part()
            let ends = !part.isEmpty && text.utf8.reversed().starts(with: part.utf8.reversed())
            return .string(ends ? String(decoding: text.utf8.dropLast(part.utf8.count), as: UTF8.self) : text)
        case "find", "index", "rfind", "rindex":
            let found = JinjaText.find(try part(), in: text, last: name.hasPrefix("r"))
            if found == nil, name.hasSuffix("index") { throw interpreter.failure("substring not found") }
            return .int(found ?? -1)
        case "count":
            let part = try part()
            return .int(part.isEmpty ? scalars.count + 1 : JinjaText.split(text, part).count - 1)
        case "replace":
            let new = try call.required(1, "new").text
            let count = try call.int(2, "count") ?? -1
            let old = try part()
            let matches = old.isEmpty ? scalars.count + 1 : text.utf8.count / old.utf8.count
            guard new.utf8.isEmpty || matches <= JinjaInterpreter.longestText / new.utf8.count else {
                throw interpreter.failure("a text of more than \(JinjaInterpreter.longestText) bytes")
            }
            return try string(JinjaText.replace(text, old, by: new, count: count < 0 ? .max : count))
        case "split", "rsplit":
            let limit = try call.int(1, "maxsplit") ?? -1
            let most = limit < 0 ? Int.max : limit
            guard let separator = try call.string(0, "sep") else {
                return .array(JinjaText.words(text, limit: most, fromEnd: name == "rsplit").map { .string($0) })
            }
            guard !separator.isEmpty else { throw interpreter.failure("empty separator") }
            let parts =
                name == "split"
                ? JinjaText.split(text, separator, limit: most)
                : JinjaText.splitFromEnd(text, separator, limit: most)
            return .array(try interpreter.check(parts.map { .string($0) }))
        case "splitlines":
            return .array(JinjaText.lines(text, keepsEnds: call.bool(0, "keepends") == true).map { .string($0) })
        case "partition", "rpartition":
            let separator = try part()
            guard !separator.isEmpty else { throw interpreter.failure("empty separator") }
            let parts =
                name == "partition"
                ? JinjaText.split(text, separator, limit: 1) : JinjaText.splitFromEnd(text, separator, limit: 1)
            if parts.count == 2 { return .tuple([.string(parts[0]), .string(separator), .string(parts[1])]) }
            let empty = JinjaValue.string("")
            return .tuple(name == "partition" ? [.string(text), empty, empty] : [empty, empty, .string(text)])
        case "join":
            var parts: [String] = []
            for element in try interpreter.elements(try call.required(0, "iterable"), "join") {
                guard case .string(let part) = element else {
                    throw interpreter.failure(
                        "sequence item \(parts.count): expected str instance, \(element.typeName) found")
                }
                parts.append(part)
            }
            return try string(parts.joined(separator: text))
        case "center", "ljust", "rjust":
            let fill = try call.string(1, "fillchar")?.unicodeScalars.first ?? " "
            let side = name == "center" ? 0.5 : name == "ljust" ? 0 : 1
            return try string(JinjaText.padded(text, call.int(0, "width") ?? 0, fill, left: side))
        case "zfill":
            let width = try call.int(0, "width") ?? 0
            let sign = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.prefix(1)) : ""
            return try string(
                sign + JinjaText.padded(String(text.dropFirst(sign.count)), width - sign.count, "0", left: 1))
        case "expandtabs":
            return try string(
                JinjaText.replace(
                    text, "\t", by: String(repeating: " ", count: min(max(call.int(0, "tabsize") ?? 8, 0), 64))))
        case "format": return try string(format(text, call, interpreter))
        case "isspace": return all(JinjaText.isSpace)
        case "isascii": return .bool(scalars.allSatisfy(\.isASCII))
        case "isalpha": return all { mask($0) & UnicodeClass.letter != 0 }
        case "isalnum": return all { mask($0) & (UnicodeClass.letter | UnicodeClass.number) != 0 }
        case "isdecimal": return all { mask($0) & decimal != 0 }
        case "isdigit", "isnumeric":
            return all {
                mask($0) & decimal != 0
                    || (name == "isnumeric"
                        ? $0.properties.numericType != nil : [.digit, .decimal].contains($0.properties.numericType))
            }
        case "islower": return .bool(text == text.lowercased() && text != text.uppercased())
        case "isupper": return .bool(text == text.uppercased() && text != text.lowercased())
        case "istitle":
            return .bool(
                text == JinjaText.title(text) { mask($0) & UnicodeClass.letter == 0 }
                    && scalars.contains { mask($0) & UnicodeClass.letter != 0 })
        default: throw interpreter.failure("'\(name)' is not a method of a string")
        }
    }

    /// `text.format(...)` with fields such as `{}`, `{0}` and `{name}`, without conversions.
    private static func format(
        _ text: String, _ call: JinjaCall, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> String {
        var result = ""
        var position = 0
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            if scalar == "{" || scalar == "}", scalars.first == scalar {
                scalars.removeFirst()
                result.unicodeScalars.append(scalar)
            } else if scalar == "{" {
                var field = ""
                while let next = scalars.popFirst(), next != "}" { field.unicodeScalars.append(next) }
                let index = field.isEmpty ? position : Int(field)
                if field.isEmpty { position += 1 }
                if let index {
                    guard call.positional.indices.contains(index) else {
                        throw interpreter.failure("Replacement index \(index) out of range for positional args tuple")
                    }
                    result += call.positional[index].text
                } else if let value = call.named.first(where: { $0.0 == field })?.1 {
                    result += value.text
                } else {
                    throw interpreter.failure("the field '{\(field)}' of a format")
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
