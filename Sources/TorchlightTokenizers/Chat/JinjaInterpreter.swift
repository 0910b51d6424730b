/// Runs a template with bounds on steps and on the size of texts.
final class JinjaInterpreter {
    /// The largest number of statements and expressions that are run.
    static let mostSteps = 5_000_000
    /// The largest text, in bytes, and the largest list.
    static let longestText = 64 << 20
    static let longestList = 1 << 20
    private static let deepest = 120

    enum Flow { case normal, breaks, continues }

    let now: ChatTemplate.Time
    private var stepsLeft = mostSteps
    private var depth = 0
    private var loopDepth = 0
    private(set) var output = ""
    /// Whether output goes to a text that a macro or a block returns.
    private var isCapturing = false
    private var mainCount = 0
    /// The parts of the output that came from generation blocks, in Unicode scalars.
    private(set) var generations: [Range<Int>] = []
    private var captured: [JinjaValue] = []

    init(now: ChatTemplate.Time) { self.now = now }

    static func failure(_ problem: String) -> TokenizerError { TokenizerError("chat template", problem) }
    func failure(_ problem: String) -> TokenizerError { Self.failure(problem) }

    func step() throws(TokenizerError) {
        stepsLeft -= 1
        if stepsLeft < 0 { throw failure("the template takes more than \(Self.mostSteps) steps") }
    }

    func check(_ text: String) throws(TokenizerError) -> String {
        guard text.utf8.count <= Self.longestText else {
            throw failure("a text of more than \(Self.longestText) bytes")
        }
        stepsLeft -= text.utf8.count >> 8
        return text
    }

    func check(_ list: [JinjaValue]) throws(TokenizerError) -> [JinjaValue] {
        guard list.count <= Self.longestList else { throw failure("a list of more than \(Self.longestList) elements") }
        stepsLeft -= list.count >> 4
        return list
    }

    // MARK: Statements

    func run(_ template: [JinjaStatement], _ scope: JinjaScope) throws(TokenizerError) {
        _ = try run(body: template, scope)
    }

    private func write(_ text: String) throws(TokenizerError) {
        output += text
        guard output.utf8.count <= Self.longestText else {
            throw failure("the output has more than \(Self.longestText) bytes")
        }
    }

    /// Runs statements and returns what they write.
    private func capture(_ body: [JinjaStatement], _ scope: JinjaScope) throws(TokenizerError) -> String {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("macros and blocks nested more than \(Self.deepest) deep") }
        let (outer, wasCapturing) = (output, isCapturing)
        if !wasCapturing { mainCount = outer.unicodeScalars.count }
        output = ""
        isCapturing = true
        defer {
            output = outer
            isCapturing = wasCapturing
        }
        _ = try run(body: body, scope)
        return output
    }

    private func run(body: [JinjaStatement], _ scope: JinjaScope) throws(TokenizerError) -> Flow {
        for statement in body {
            try step()
            let flow = try run(statement, scope)
            if flow != .normal { return flow }
        }
        return .normal
    }

    private func run(_ statement: JinjaStatement, _ scope: JinjaScope) throws(TokenizerError) -> Flow {
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression): try write(evaluate(expression, scope).text)
        case .ifElse(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition, scope).isTrue {
                return try run(body: branch.body, scope)
            }
            return try run(body: otherwise, scope)
        case .forLoop(let target, let items, let filter, let body, let otherwise, let isRecursive):
            let values = try elements(evaluate(items, scope), "a loop")
            try loop(
                values,
                Loop(target: target, filter: filter, body: body, otherwise: otherwise, isRecursive: isRecursive),
                scope, depth: 1)
        case .set(let target, let expression): try assign(evaluate(expression, scope), to: target, scope)
        case .setBlock(let target, let body, let filter):
            let text = try capture(body, JinjaScope(scope))
            try assign(
                filter.map { filter throws(TokenizerError) in try apply(filter, to: text, scope) } ?? .string(text),
                to: target, scope)
        case .macro(let name, let parameters, let body):
            scope.values[name] = .macro(JinjaMacro(name: name, parameters: parameters, body: body, scope: scope))
        case .callBlock(let call, let parameters, let body):
            guard case .call(let callee, let arguments) = call else { return .normal }
            let caller = JinjaMacro(name: "caller", parameters: parameters, body: body, scope: scope)
            var (positional, named) = try self.arguments(arguments, scope)
            named.append(("caller", .macro(caller)))
            positional = try check(positional)
            try write(self.call(evaluate(callee, scope), positional, named).text)
        case .filterBlock(let filter, let body):
            try write(apply(filter, to: capture(body, JinjaScope(scope)), scope).text)
        case .with(let assignments, let body):
            let inner = JinjaScope(scope)
            for (target, expression) in assignments { try assign(evaluate(expression, scope), to: target, inner) }
            return try run(body: body, inner)
        case .generation(let body):
            let text = try capture(body, JinjaScope(scope))
            let start = isCapturing ? mainCount : output.unicodeScalars.count
            generations.append(start..<start + text.unicodeScalars.count)
            try write(text)
        case .breakLoop:
            guard loopDepth > 0 else { throw failure("break outside a loop") }
            return .breaks
        case .continueLoop:
            guard loopDepth > 0 else { throw failure("continue outside a loop") }
            return .continues
        }
        return .normal
    }

    private func apply(
        _ filter: JinjaExpression, to text: String, _ scope: JinjaScope
    ) throws(TokenizerError) -> JinjaValue {
        captured.append(.string(text))
        defer { captured.removeLast() }
        return try evaluate(filter, scope)
    }

    private struct Loop {
        let target: JinjaTarget
        let filter: JinjaExpression?
        let body: [JinjaStatement]
        let otherwise: [JinjaStatement]
        let isRecursive: Bool
    }

    private func loop(
        _ items: [JinjaValue], _ statement: Loop, _ scope: JinjaScope, depth level: Int
    ) throws(TokenizerError) {
        var items = items
        if let filter = statement.filter {
            var kept: [JinjaValue] = []
            for item in items {
                let inner = JinjaScope(scope)
                try assign(item, to: statement.target, inner)
                if try evaluate(filter, inner).isTrue { kept.append(item) }
            }
            items = kept
        }
        guard !items.isEmpty else {
            _ = try run(body: statement.otherwise, scope)
            return
        }
        let loop = JinjaLoop(items, depth: level)
        if statement.isRecursive {
            loop.recurse = { [unowned self] value throws(TokenizerError) in
                self.depth += 1
                defer { self.depth -= 1 }
                guard self.depth <= Self.deepest else { throw self.failure("a loop nested too deep") }
                let (outer, wasCapturing) = (self.output, self.isCapturing)
                self.output = ""
                self.isCapturing = true
                defer {
                    self.output = outer
                    self.isCapturing = wasCapturing
                }
                try self.loop(self.elements(value, "a loop"), statement, scope, depth: level + 1)
                return self.output
            }
        }
        defer { loop.recurse = nil }
        loopDepth += 1
        defer { loopDepth -= 1 }
        for index in items.indices {
            try step()
            loop.index = index
            let inner = JinjaScope(scope)
            inner.values["loop"] = .loop(loop)
            try assign(items[index], to: statement.target, inner)
            if try run(body: statement.body, inner) == .breaks { break }
        }
    }

    private func assign(_ value: JinjaValue, to target: JinjaTarget, _ scope: JinjaScope) throws(TokenizerError) {
        switch target {
        case .name(let name): scope.values[name] = value
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace)? = scope.value(name) else {
                throw failure("cannot assign attribute on non-namespace object '\(name)'")
            }
            guard !attribute.hasPrefix("_") else { throw failure("an attribute of a namespace that starts with '_'") }
            namespace.values[.string(attribute)] = value
        case .tuple(let targets):
            let values = try elements(value, "an assignment")
            guard values.count == targets.count else {
                throw failure("\(values.count) values to unpack (expected \(targets.count))")
            }
            for (target, value) in zip(targets, values) { try assign(value, to: target, scope) }
        }
    }

    /// The elements of a value that can be iterated.
    func elements(_ value: JinjaValue, _ user: String) throws(TokenizerError) -> [JinjaValue] {
        switch value {
        case .undefined: return []
        case .list(let elements, _): return elements
        case .dict(let dict): return dict.keys
        case .string(let text): return try check(text.unicodeScalars.map { .string(String($0)) })
        case .loop(let loop): return loop.items
        default: throw failure("\(user) over a value of type '\(value.typeName)', which is not iterable")
        }
    }

    // MARK: Expressions

    func evaluate(_ expression: JinjaExpression, _ scope: JinjaScope) throws(TokenizerError) -> JinjaValue {
        try step()
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest * 8 else { throw failure("expressions nested too deep") }
        switch expression {
        case .literal(let value): return value
        case .captured: return captured.last ?? .string("")
        case .name(let name):
            if let value = scope.value(name) { return value }
            return JinjaFunctions.names.contains(name) ? .function(name) : .undefined("'\(name)' is undefined")
        case .list(let elements, let isTuple):
            var values: [JinjaValue] = []
            for element in elements { values.append(try evaluate(element, scope)) }
            return .list(values, isTuple: isTuple)
        case .dict(let members):
            var dict = JinjaDict()
            for (key, value) in members {
                let key = try evaluate(key, scope)
                guard JinjaDict.canBeKey(key) else { throw failure("unhashable type: '\(key.typeName)'") }
                dict[key] = try evaluate(value, scope)
            }
            return .dict(dict)
        case .attribute(let object, let name): return try attribute(evaluate(object, scope), name)
        case .item(let object, let key): return try item(evaluate(object, scope), evaluate(key, scope))
        case .slice(let object, let start, let stop, let stride):
            func bound(_ expression: JinjaExpression?) throws(TokenizerError) -> Int? {
                guard let expression else { return nil }
                let value = try evaluate(expression, scope)
                if case .none = value { return nil }
                guard let integer = value.integer else {
                    throw failure("slice indices must be integers, not '\(value.typeName)'")
                }
                return integer
            }
            return try slice(evaluate(object, scope), bound(start), bound(stop), bound(stride))
        case .call(let callee, let arguments):
            let function = try evaluate(callee, scope)
            let (positional, named) = try self.arguments(arguments, scope)
            return try call(function, positional, named)
        case .filter(let input, let name, let arguments):
            let value = try evaluate(input, scope)
            let (positional, named) = try self.arguments(arguments, scope)
            return try JinjaFilters.apply(name, value, JinjaCall(name, positional, named), self)
        case .test(let input, let name, let arguments, let isNegated):
            let value = try evaluate(input, scope)
            let (positional, named) = try self.arguments(arguments, scope)
            let result = try JinjaTests.apply(name, value, JinjaCall(name, positional, named), self)
            return .bool(result != isNegated)
        case .unary(let symbol, let operand):
            switch try evaluate(operand, scope) {
            case .int(let value):
                guard symbol == "-" else { return .int(value) }
                guard value != .min else { throw failure("a number that is too large") }
                return .int(-value)
            case .bool(let value): return .int((value ? 1 : 0) * (symbol == "-" ? -1 : 1))
            case .float(let value): return .float(symbol == "-" ? -value : value)
            case let value: throw failure("bad operand type for unary \(symbol): '\(value.typeName)'")
            }
        case .binary(let symbol, let left, let right):
            return try JinjaArithmetic.apply(symbol, evaluate(left, scope), evaluate(right, scope), self)
        case .comparison(let first, let rest):
            var left = try evaluate(first, scope)
            for (symbol, expression) in rest {
                let right = try evaluate(expression, scope)
                guard try compare(symbol, left, right) else { return .bool(false) }
                left = right
            }
            return .bool(true)
        case .and(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? try evaluate(right, scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? value : try evaluate(right, scope)
        case .not(let operand): return .bool(try !evaluate(operand, scope).isTrue)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition, scope).isTrue { return try evaluate(then, scope) }
            return try otherwise.map { value throws(TokenizerError) in try evaluate(value, scope) }
                ?? .undefined("the inline if-expression evaluated to false and no else section was defined")
        }
    }

    private func arguments(
        _ arguments: JinjaArguments, _ scope: JinjaScope
    ) throws(TokenizerError) -> ([JinjaValue], [(String, JinjaValue)]) {
        var positional: [JinjaValue] = []
        var named: [(String, JinjaValue)] = []
        for argument in arguments.positional { positional.append(try evaluate(argument, scope)) }
        if let list = arguments.unpackedList { positional += try elements(evaluate(list, scope), "arguments") }
        for (name, argument) in arguments.named { named.append((name, try evaluate(argument, scope))) }
        if let unpacked = arguments.unpackedDict {
            guard case .dict(let dict) = try evaluate(unpacked, scope) else {
                throw failure("** of a value that is no mapping")
            }
            for key in dict.keys { named.append((key.text, dict[key]!)) }
        }
        return (positional, named)
    }

    private func compare(_ symbol: String, _ left: JinjaValue, _ right: JinjaValue) throws(TokenizerError) -> Bool {
        switch symbol {
        case "==": return JinjaValue.equal(left, right)
        case "!=": return !JinjaValue.equal(left, right)
        case "in": return try contains(right, left)
        case "not in": return try !contains(right, left)
        default:
            guard let less = JinjaValue.less(left, right), let greater = JinjaValue.less(right, left) else {
                throw failure("'\(symbol)' not supported between '\(left.typeName)' and '\(right.typeName)'")
            }
            switch symbol {
            case "<": return less
            case ">": return greater
            case "<=": return less || JinjaValue.equal(left, right)
            default: return greater || JinjaValue.equal(left, right)
            }
        }
    }

    /// Whether a container has a value: a text another one, a dictionary a key, a list an element.
    func contains(_ container: JinjaValue, _ value: JinjaValue) throws(TokenizerError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = value else {
                throw failure("'in <string>' requires string as left operand, not \(value.typeName)")
            }
            return JinjaText.find(part, in: text) != nil
        case .dict(let dict): return dict[value] != nil
        default: return try elements(container, "'in'").contains { JinjaValue.equal($0, value) }
        }
    }

    // MARK: Attributes

    /// `object.name`: a method, or else a member.
    func attribute(_ object: JinjaValue, _ name: String) throws(TokenizerError) -> JinjaValue {
        switch object {
        case .undefined(let reason): throw failure(reason)
        case .dict(let dict):
            if JinjaMethods.dict.contains(name) { return .method(object, name) }
            return dict[.string(name)] ?? .undefined("'dict object' has no attribute '\(name)'")
        case .namespace(let namespace):
            return namespace.values[.string(name)] ?? .undefined("'Namespace object' has no attribute '\(name)'")
        case .loop(let loop):
            return loop.attribute(name) ?? .undefined("'LoopContext object' has no attribute '\(name)'")
        case .macro(let macro):
            return name == "name" ? .string(macro.name) : .undefined("'Macro object' has no attribute '\(name)'")
        case .string where JinjaMethods.string.contains(name): return .method(object, name)
        case .list where JinjaMethods.list.contains(name): return .method(object, name)
        default: return .undefined("'\(object.typeName) object' has no attribute '\(name)'")
        }
    }

    /// `object[key]`: a member, or else a method.
    func item(_ object: JinjaValue, _ key: JinjaValue) throws(TokenizerError) -> JinjaValue {
        switch object {
        case .undefined(let reason): throw failure(reason)
        case .dict(let dict):
            if let value = dict[key] { return value }
            if case .string(let name) = key, JinjaMethods.dict.contains(name) { return .method(object, name) }
            return .undefined("'dict object' has no attribute \(key.repr)")
        case .list(let elements, _):
            guard let index = key.integer else { break }
            let at = index < 0 ? index + elements.count : index
            return elements.indices.contains(at)
                ? elements[at] : .undefined("'\(object.typeName) object' has no element \(index)")
        case .string(let text):
            guard let index = key.integer else { break }
            let scalars = text.unicodeScalars
            let at = index < 0 ? index + scalars.count : index
            guard 0..<scalars.count ~= at else { return .undefined("'str object' has no element \(index)") }
            return .string(String(scalars[scalars.index(scalars.startIndex, offsetBy: at)]))
        default: break
        }
        if case .string(let name) = key { return try attribute(object, name) }
        return .undefined("'\(object.typeName) object' has no attribute \(key.repr)")
    }

    private func slice(
        _ object: JinjaValue, _ start: Int?, _ stop: Int?, _ stride: Int?
    ) throws(TokenizerError) -> JinjaValue {
        let step = stride ?? 1
        guard step != 0 else { throw failure("slice step cannot be zero") }
        func indices(_ count: Int) -> [Int] {
            func clamp(_ value: Int, _ low: Int, _ high: Int) -> Int {
                min(max(value < 0 ? (value < -count ? -1 : value + count) : value, low), high)
            }
            var result: [Int] = []
            if step > 0 {
                var at = start.map { clamp($0, 0, count) } ?? 0
                let end = stop.map { clamp($0, 0, count) } ?? count
                while at < end {
                    result.append(at)
                    let (next, overflows) = at.addingReportingOverflow(step)
                    if overflows { break }
                    at = next
                }
            } else {
                var at = start.map { clamp($0, -1, count - 1) } ?? count - 1
                let end = stop.map { clamp($0, -1, count - 1) } ?? -1
                while at > end {
                    result.append(at)
                    let (next, overflows) = at.addingReportingOverflow(step)
                    if overflows { break }
                    at = next
                }
            }
            return result
        }
        switch object {
        case .undefined(let reason): throw failure(reason)
        case .list(let elements, let isTuple):
            return .list(indices(elements.count).map { elements[$0] }, isTuple: isTuple)
        case .string(let text):
            let scalars = Array(text.unicodeScalars)
            var result = String.UnicodeScalarView()
            for index in indices(scalars.count) { result.append(scalars[index]) }
            return .string(String(result))
        default: throw failure("'\(object.typeName)' object is not subscriptable")
        }
    }

    // MARK: Calls

    func call(
        _ function: JinjaValue, _ positional: [JinjaValue], _ named: [(String, JinjaValue)]
    ) throws(TokenizerError) -> JinjaValue {
        switch function {
        case .undefined(let reason): throw failure(reason)
        case .macro(let macro): return .string(try call(macro, positional, named))
        case .function(let name): return try JinjaFunctions.call(name, JinjaCall(name, positional, named), self)
        case .method(let object, let name):
            return try JinjaMethods.call(object, name, JinjaCall(name, positional, named), self)
        case .loop(let loop):
            guard let recurse = loop.recurse, let items = positional.first else {
                throw failure("the loop is not recursive")
            }
            return .string(try recurse(items))
        default: throw failure("'\(function.typeName)' object is not callable")
        }
    }

    private func call(
        _ macro: JinjaMacro, _ positional: [JinjaValue], _ named: [(String, JinjaValue)]
    ) throws(TokenizerError) -> String {
        let scope = JinjaScope(macro.scope)
        var given: [String: JinjaValue] = [:]
        for (name, value) in named { given[name] = value }
        for (index, parameter) in macro.parameters.enumerated() {
            if index < positional.count {
                scope.values[parameter.name] = positional[index]
            } else if let value = given.removeValue(forKey: parameter.name) {
                scope.values[parameter.name] = value
            } else if let value = parameter.default {
                scope.values[parameter.name] = try evaluate(value, scope)
            } else {
                scope.values[parameter.name] = .undefined("parameter '\(parameter.name)' was not provided")
            }
        }
        if let caller = given.removeValue(forKey: "caller") { scope.values["caller"] = caller }
        if positional.count > macro.parameters.count {
            scope.values["varargs"] = .tuple(Array(positional[macro.parameters.count...]))
        } else {
            scope.values["varargs"] = .tuple([])
        }
        var rest = JinjaDict()
        for (name, _) in named { if let value = given[name] { rest[.string(name)] = value } }
        scope.values["kwargs"] = .dict(rest)
        // A loop around the definition is none inside it.
        let outer = loopDepth
        loopDepth = 0
        defer { loopDepth = outer }
        return try capture(macro.body, scope)
    }
}

/// The arguments of a function, filter, test or method.
struct JinjaCall {
    let name: String
    let positional: [JinjaValue]
    let named: [(String, JinjaValue)]

    init(_ name: String, _ positional: [JinjaValue], _ named: [(String, JinjaValue)]) {
        (self.name, self.positional, self.named) = (name, positional, named)
    }

    /// The argument at a position or with a name; nil if it was not given.
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

/// The operators of numbers, texts and lists.
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
                // Python rounds down.
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
