/// Parses the tokens of a template.
struct JinjaParser {
    private let tokens: [JinjaToken]
    private var position = 0
    private var depth = 0
    private static let deepest = 200

    private init(_ tokens: [JinjaToken]) { self.tokens = tokens }

    static func parse(_ text: String) throws(TokenizerError) -> [JinjaStatement] {
        var parser = JinjaParser(try JinjaLexer.tokens(text))
        let statements = try parser.parseStatements(until: [])
        guard parser.current == .end else { throw parser.failure("an unexpected end tag") }
        return statements
    }

    // MARK: Tokens

    private var current: JinjaToken.Kind { tokens[position].kind }
    private var next: JinjaToken.Kind { position + 1 < tokens.count ? tokens[position + 1].kind : .end }

    private func failure(_ problem: String) -> TokenizerError {
        TokenizerError("chat template", "\(problem) in line \(tokens[position].line)", expected: "the syntax of Jinja")
    }

    private mutating func advance() { if position < tokens.count - 1 { position += 1 } }

    private mutating func skip(_ symbol: String) -> Bool {
        guard current == .symbol(symbol) else { return false }
        advance()
        return true
    }

    private mutating func skipName(_ name: String) -> Bool {
        guard current == .name(name) else { return false }
        advance()
        return true
    }

    private mutating func require(_ symbol: String) throws(TokenizerError) {
        guard skip(symbol) else { throw failure("'\(symbol)' is missing") }
    }

    private mutating func requireName() throws(TokenizerError) -> String {
        guard case .name(let name) = current else { throw failure("a name is missing") }
        advance()
        return name
    }

    private mutating func endBlock() throws(TokenizerError) {
        guard current == .blockEnd else { throw failure("'%}' is missing") }
        advance()
    }

    // MARK: Statements

    /// Parses statements until a tag with one of these names, which is not consumed.
    private mutating func parseStatements(until ends: Set<String>) throws(TokenizerError) -> [JinjaStatement] {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("tags nested more than \(Self.deepest) deep") }
        var statements: [JinjaStatement] = []
        while true {
            switch current {
            case .end:
                guard ends.isEmpty else { throw failure("\(ends.sorted().joined(separator: " or ")) is missing") }
                return statements
            case .text(let text):
                advance()
                statements.append(.text(text))
            case .variableBegin:
                advance()
                statements.append(.output(try parseTuple()))
                guard current == .variableEnd else { throw failure("'}}' is missing") }
                advance()
            case .blockBegin:
                if case .name(let name) = next, ends.contains(name) { return statements }
                advance()
                statements.append(try parseBlock())
            default: throw failure("an unexpected token")
            }
        }
    }

    /// Parses the body of a tag, and consumes its end tag.
    private mutating func parseBody(until end: String) throws(TokenizerError) -> [JinjaStatement] {
        let body = try parseStatements(until: [end])
        advance()
        advance()
        try endBlock()
        return body
    }

    private mutating func parseBlock() throws(TokenizerError) -> JinjaStatement {
        let name = try requireName()
        switch name {
        case "if": return try parseIf()
        case "for": return try parseFor()
        case "set": return try parseSet()
        case "macro":
            let name = try requireName()
            let parameters = try parseParameters()
            try endBlock()
            return .macro(name, parameters: parameters, body: try parseBody(until: "endmacro"))
        case "call":
            let parameters = current == .symbol("(") ? try parseParameters() : []
            let call = try parseExpression()
            guard case .call = call else { throw failure("'call' without a call") }
            try endBlock()
            return .callBlock(call, parameters: parameters, body: try parseBody(until: "endcall"))
        case "filter":
            var filter = JinjaExpression.captured
            repeat { filter = try parseFilter(filter) } while skip("|")
            try endBlock()
            return .filterBlock(filter, body: try parseBody(until: "endfilter"))
        case "with":
            var assignments: [(JinjaTarget, JinjaExpression)] = []
            while current != .blockEnd {
                if !assignments.isEmpty { try require(",") }
                let target = try parseTarget()
                try require("=")
                assignments.append((target, try parseExpression()))
            }
            try endBlock()
            return .with(assignments, body: try parseBody(until: "endwith"))
        case "generation":
            try endBlock()
            return .generation(try parseBody(until: "endgeneration"))
        case "break":
            try endBlock()
            return .breakLoop
        case "continue":
            try endBlock()
            return .continueLoop
        default: throw failure("the unknown tag '\(name)'")
        }
    }

    private mutating func parseIf() throws(TokenizerError) -> JinjaStatement {
        var branches: [(condition: JinjaExpression, body: [JinjaStatement])] = []
        var otherwise: [JinjaStatement] = []
        var condition = try parseTuple()
        while true {
            try endBlock()
            branches.append((condition, try parseStatements(until: ["elif", "else", "endif"])))
            advance()
            if skipName("elif") {
                condition = try parseTuple()
                continue
            }
            if skipName("else") {
                try endBlock()
                otherwise = try parseStatements(until: ["endif"])
                advance()
            }
            advance()
            try endBlock()
            return .ifElse(branches, otherwise: otherwise)
        }
    }

    private mutating func parseFor() throws(TokenizerError) -> JinjaStatement {
        let target = try parseTarget()
        guard skipName("in") else { throw failure("'in' is missing") }
        // An `if` after the iterable filters its elements.
        let items = try parseTuple(isConditional: false)
        let filter = skipName("if") ? try parseExpression() : nil
        let isRecursive = skipName("recursive")
        try endBlock()
        let body = try parseStatements(until: ["else", "endfor"])
        advance()
        var otherwise: [JinjaStatement] = []
        if skipName("else") {
            try endBlock()
            otherwise = try parseStatements(until: ["endfor"])
            advance()
        }
        advance()
        try endBlock()
        return .forLoop(target, items, filter: filter, body: body, otherwise: otherwise, isRecursive: isRecursive)
    }

    private mutating func parseSet() throws(TokenizerError) -> JinjaStatement {
        let target = try parseTarget()
        if skip("=") {
            let value = try parseTuple()
            try endBlock()
            return .set(target, value)
        }
        var filter: JinjaExpression?
        while skip("|") { filter = try parseFilter(filter ?? .captured) }
        try endBlock()
        return .setBlock(target, body: try parseBody(until: "endset"), filter: filter)
    }

    private mutating func parseTarget() throws(TokenizerError) -> JinjaTarget {
        func single(_ parser: inout JinjaParser) throws(TokenizerError) -> JinjaTarget {
            if parser.skip("(") {
                let target = try parser.parseTarget()
                try parser.require(")")
                return target
            }
            let name = try parser.requireName()
            return parser.skip(".") ? .attribute(name, try parser.requireName()) : .name(name)
        }
        var targets = [try single(&self)]
        while skip(",") {
            guard case .name = current else { break }
            targets.append(try single(&self))
        }
        return targets.count == 1 ? targets[0] : .tuple(targets)
    }

    private mutating func parseParameters() throws(TokenizerError) -> [(name: String, default: JinjaExpression?)] {
        try require("(")
        var parameters: [(name: String, default: JinjaExpression?)] = []
        while !skip(")") {
            if !parameters.isEmpty {
                try require(",")
                if skip(")") { break }
            }
            let name = try requireName()
            parameters.append((name, skip("=") ? try parseExpression() : nil))
        }
        return parameters
    }

    // MARK: Expressions

    private mutating func parseTuple(isConditional: Bool = true) throws(TokenizerError) -> JinjaExpression {
        let first = isConditional ? try parseExpression() : try parseOr()
        guard current == .symbol(",") else { return first }
        var elements = [first]
        while skip(",") {
            switch current {
            case .variableEnd, .blockEnd, .symbol(")"): break
            default:
                elements.append(isConditional ? try parseExpression() : try parseOr())
                continue
            }
            break
        }
        return .list(elements, isTuple: true)
    }

    private mutating func parseExpression() throws(TokenizerError) -> JinjaExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("expressions nested more than \(Self.deepest) deep") }
        var result = try parseOr()
        while skipName("if") {
            let condition = try parseOr()
            let otherwise = skipName("else") ? try parseExpression() : nil
            result = .conditional(condition, then: result, else: otherwise)
        }
        return result
    }

    private mutating func parseOr() throws(TokenizerError) -> JinjaExpression {
        var left = try parseAnd()
        while skipName("or") { left = .or(left, try parseAnd()) }
        return left
    }

    private mutating func parseAnd() throws(TokenizerError) -> JinjaExpression {
        var left = try parseNot()
        while skipName("and") { left = .and(left, try parseNot()) }
        return left
    }

    private mutating func parseNot() throws(TokenizerError) -> JinjaExpression {
        guard current == .name("not") else { return try parseComparison() }
        advance()
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("expressions nested more than \(Self.deepest) deep") }
        return .not(try parseNot())
    }

    private mutating func parseComparison() throws(TokenizerError) -> JinjaExpression {
        let left = try parseSum()
        var rest: [(String, JinjaExpression)] = []
        while true {
            var operation: String?
            switch current {
            case .symbol(let symbol) where ["==", "!=", "<", "<=", ">", ">="].contains(symbol): operation = symbol
            case .name("in"): operation = "in"
            case .name("not") where next == .name("in"):
                advance()
                operation = "not in"
            default: break
            }
            guard let operation else { break }
            advance()
            rest.append((operation, try parseSum()))
        }
        return rest.isEmpty ? left : .comparison(left, rest)
    }

    private mutating func parseSum() throws(TokenizerError) -> JinjaExpression {
        var left = try parseConcatenation()
        while case .symbol(let symbol) = current, symbol == "+" || symbol == "-" {
            advance()
            left = .binary(symbol, left, try parseConcatenation())
        }
        return left
    }

    private mutating func parseConcatenation() throws(TokenizerError) -> JinjaExpression {
        var left = try parseProduct()
        while skip("~") { left = .binary("~", left, try parseProduct()) }
        return left
    }

    private mutating func parseProduct() throws(TokenizerError) -> JinjaExpression {
        var left = try parsePower()
        while case .symbol(let symbol) = current, ["*", "/", "//", "%"].contains(symbol) {
            advance()
            left = .binary(symbol, left, try parsePower())
        }
        return left
    }

    private mutating func parsePower() throws(TokenizerError) -> JinjaExpression {
        var left = try parseUnary()
        while skip("**") { left = .binary("**", left, try parseUnary()) }
        return left
    }

    private mutating func parseUnary(withFilters: Bool = true) throws(TokenizerError) -> JinjaExpression {
        var node: JinjaExpression
        if case .symbol(let symbol) = current, symbol == "-" || symbol == "+" {
            advance()
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.deepest else { throw failure("expressions nested more than \(Self.deepest) deep") }
            node = .unary(symbol, try parseUnary(withFilters: false))
        } else {
            node = try parsePrimary()
        }
        node = try parsePostfix(node)
        return withFilters ? try parseFilters(node) : node
    }

    private mutating func parsePrimary() throws(TokenizerError) -> JinjaExpression {
        switch current {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return .literal(.bool(true))
            case "false", "False": return .literal(.bool(false))
            case "none", "None": return .literal(.none)
            default: return .name(name)
            }
        case .string(var text):
            advance()
            while case .string(let more) = current {
                text += more
                advance()
            }
            return .literal(.string(text))
        case .int(let value):
            advance()
            return .literal(.int(value))
        case .float(let value):
            advance()
            return .literal(.float(value))
        case .symbol("("):
            advance()
            if skip(")") { return .list([], isTuple: true) }
            let inner = try parseTuple()
            try require(")")
            return inner
        case .symbol("["):
            advance()
            var elements: [JinjaExpression] = []
            while !skip("]") {
                if !elements.isEmpty {
                    try require(",")
                    if skip("]") { break }
                }
                elements.append(try parseExpression())
            }
            return .list(elements, isTuple: false)
        case .symbol("{"):
            advance()
            var members: [(JinjaExpression, JinjaExpression)] = []
            while !skip("}") {
                if !members.isEmpty {
                    try require(",")
                    if skip("}") { break }
                }
                let key = try parseExpression()
                try require(":")
                members.append((key, try parseExpression()))
            }
            return .dict(members)
        default: throw failure("an expression is missing")
        }
    }

    private mutating func parsePostfix(_ start: JinjaExpression) throws(TokenizerError) -> JinjaExpression {
        var node = start
        while true {
            if skip(".") {
                if case .int(let index) = current {
                    advance()
                    node = .item(node, .literal(.int(index)))
                } else {
                    node = .attribute(node, try requireName())
                }
            } else if skip("[") {
                node = try parseSubscript(node)
            } else if current == .symbol("(") {
                node = .call(node, try parseArguments())
            } else {
                return node
            }
        }
    }

    private mutating func parseSubscript(_ node: JinjaExpression) throws(TokenizerError) -> JinjaExpression {
        var parts: [JinjaExpression?] = []
        var isSlice = false
        var expected: JinjaExpression?
        while !skip("]") {
            if skip(":") {
                isSlice = true
                parts.append(expected)
                expected = nil
            } else {
                guard expected == nil else { throw failure("']' is missing") }
                expected = try parseTuple()
            }
        }
        guard isSlice else {
            guard let expected else { throw failure("an index is missing") }
            return .item(node, expected)
        }
        parts.append(expected)
        guard parts.count <= 3 else { throw failure("a slice of more than three parts") }
        return .slice(node, parts[0], parts[1], parts.count > 2 ? parts[2] : nil)
    }

    private mutating func parseArguments() throws(TokenizerError) -> JinjaArguments {
        try require("(")
        var arguments = JinjaArguments()
        var isFirst = true
        while !skip(")") {
            if !isFirst {
                try require(",")
                if skip(")") { break }
            }
            isFirst = false
            if skip("*") {
                arguments.unpackedList = try parseExpression()
            } else if skip("**") {
                arguments.unpackedDict = try parseExpression()
            } else if case .name(let name) = current, next == .symbol("=") {
                advance()
                advance()
                arguments.named.append((name, try parseExpression()))
            } else {
                arguments.positional.append(try parseExpression())
            }
        }
        return arguments
    }

    private mutating func parseFilters(_ start: JinjaExpression) throws(TokenizerError) -> JinjaExpression {
        var node = start
        while true {
            if skip("|") {
                node = try parseFilter(node)
            } else if skipName("is") {
                node = try parseTest(node)
            } else if current == .symbol("(") {
                node = .call(node, try parseArguments())
            } else {
                return node
            }
        }
    }

    private mutating func parseFilter(_ input: JinjaExpression) throws(TokenizerError) -> JinjaExpression {
        let name = try requireName()
        let arguments = current == .symbol("(") ? try parseArguments() : JinjaArguments()
        guard JinjaFilters.names.contains(name) else { throw failure("the unknown filter '\(name)'") }
        return .filter(input, name, arguments)
    }

    private mutating func parseTest(_ input: JinjaExpression) throws(TokenizerError) -> JinjaExpression {
        let isNegated = skipName("not")
        let name = try requireName()
        var arguments = JinjaArguments()
        switch current {
        case .symbol("("): arguments = try parseArguments()
        case .name(let word) where !["else", "or", "and", "if", "is", "in", "not", "recursive"].contains(word):
            arguments.positional = [try parsePostfix(parsePrimary())]
        case .string, .int, .float, .symbol("["), .symbol("{"):
            arguments.positional = [try parsePostfix(parsePrimary())]
        default: break
        }
        guard JinjaTests.names.contains(name) else { throw failure("the unknown test '\(name)'") }
        return .test(input, name, arguments, isNegated: isNegated)
    }
}
