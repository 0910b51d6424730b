/// The arguments of a function, filter, test or method.
struct JinjaCall {
    let name: String
    let positional: [JinjaValue]
    let named: [(String, JinjaValue)]

    init(_ name: String, _ positional: [JinjaValue], _ named: [(String, JinjaValue)]) {
        (self.name, self.positional, self.named) = (name, positional, named)
    }

    /// The argument at an index or with a name; nil if it is missing.
    func argument(_ index: Int, _ name: String) -> JinjaValue? {
        index < positional.count ? positional[index] : named.first { $0.0 == name }?.1
    }

    func string(_ index: Int, _ name: String) throws(TokenizerError) -> String? {
        guard let value = argument(index, name) else { return nil }
        if case .none = value { return nil }
        guard case .string(let text) = value else {
            throw JinjaInterpreter.failure("\(self.name): \(name) must be a string, not '\(value.typeName)'")
        }
        return text
    }

    func int(_ index: Int, _ name: String) throws(TokenizerError) -> Int? {
        guard let value = argument(index, name) else { return nil }
        if case .none = value { return nil }
        guard let integer = value.integer else {
            throw JinjaInterpreter.failure("\(self.name): \(name) must be an integer, not '\(value.typeName)'")
        }
        return integer
    }

    func bool(_ index: Int, _ name: String) -> Bool? { argument(index, name)?.isTrue }

    func required(_ index: Int, _ name: String) throws(TokenizerError) -> JinjaValue {
        guard let value = argument(index, name) else {
            throw JinjaInterpreter.failure("\(self.name): the argument '\(name)' is missing")
        }
        return value
    }
}

/// Arithmetic operators of numbers, strings and lists.
enum JinjaArithmetic {
    static func apply(
        _ symbol: String, _ left: JinjaValue, _ right: JinjaValue, _ interpreter: JinjaInterpreter
    ) throws(TokenizerError) -> JinjaValue {
        func failure() -> TokenizerError {
            for case .undefined(let reason) in [left, right] { return interpreter.failure(reason) }
            return interpreter.failure(
                "unsupported operand types for \(symbol): '\(left.typeName)' and '\(right.typeName)'")
        }
        func whole(_ result: (partialValue: Int, overflow: Bool)) throws(TokenizerError) -> JinjaValue {
            guard !result.overflow else { throw interpreter.failure("a number that is too large") }
            return .int(result.partialValue)
        }
        if symbol == "~" { return .string(try interpreter.check(left.text + right.text)) }
        switch (symbol, left, right) {
        case ("+", .string(let a), .string(let b)): return .string(try interpreter.check(a + b))
        case ("+", .list(let a, let isTuple), .list(let b, _)):
            return .list(try interpreter.check(a + b), isTuple: isTuple)
        case ("*", .string(let text), _), ("*", _, .string(let text)):
            guard let count = left.integer ?? right.integer else { throw failure() }
            guard count <= 0 || text.utf8.count <= JinjaInterpreter.longestText / count else {
                throw interpreter.failure("a text of more than \(JinjaInterpreter.longestText) bytes")
            }
            return .string(try interpreter.check(String(repeating: text, count: max(count, 0))))
        case ("*", .list(let elements, let isTuple), _), ("*", _, .list(let elements, let isTuple)):
            guard let count = left.integer ?? right.integer else { throw failure() }
            guard count <= 0 || elements.count <= JinjaInterpreter.longestList / count else {
                throw interpreter.failure("a list of more than \(JinjaInterpreter.longestList) elements")
            }
            let repeated = (0..<max(count, 0)).flatMap { _ in elements }
            return .list(try interpreter.check(repeated), isTuple: isTuple)
        case ("%", .string(let format), _):
            var arguments = [right]
            if case .list(let elements, true) = right { arguments = elements }
            return .string(try interpreter.check(JinjaText.format(format, arguments, interpreter)))
        default: break
        }
        if let a = left.integer, let b = right.integer, symbol != "/" {
            switch symbol {
            case "+": return try whole(a.addingReportingOverflow(b))
            case "-": return try whole(a.subtractingReportingOverflow(b))
            case "*": return try whole(a.multipliedReportingOverflow(by: b))
            case "//", "%":
                guard b != 0 else { throw interpreter.failure("integer division or modulo by zero") }
                guard b != -1 else { return symbol == "%" ? .int(0) : try whole((0).subtractingReportingOverflow(a)) }
                // Integer division rounds down, as in Python.
                let remainder = a % b
                let isBelow = remainder != 0 && (remainder < 0) != (b < 0)
                return .int(symbol == "//" ? a / b - (isBelow ? 1 : 0) : isBelow ? remainder + b : remainder)
            case "**" where b >= 0:
                var (result, base, exponent) = (1, a, b)
                while exponent > 0 {
                    if exponent & 1 == 1 {
                        guard case .int(let product) = try whole(result.multipliedReportingOverflow(by: base)) else {
                            throw failure()
                        }
                        result = product
                    }
                    exponent >>= 1
                    if exponent > 0 {
                        guard case .int(let square) = try whole(base.multipliedReportingOverflow(by: base)) else {
                            throw failure()
                        }
                        base = square
                    }
                }
                return .int(result)
            default: break
            }
        }
        guard let a = left.number, let b = right.number else { throw failure() }
        switch symbol {
        case "+": return .float(a + b)
        case "-": return .float(a - b)
        case "*": return .float(a * b)
        case "**": return .float(JinjaText.power(a, b))
        default:
            guard b != 0 else { throw interpreter.failure("division by zero") }
            switch symbol {
            case "/": return .float(a / b)
            case "//": return .float((a / b).rounded(.down))
            default: return .float(a - (a / b).rounded(.down) * b)
            }
        }
    }
}
