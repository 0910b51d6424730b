/// Evaluation of expressions: operators, attributes, elements and calls.
extension JinjaInterpreter {
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

    func arguments(
        _ arguments: JinjaArguments, _ scope: JinjaScope
    ) throws(TokenizerError) -> ([JinjaValue], [(String, JinjaValue)]) {
        var positional: [JinjaValue] = []
        var named: [(String, JinjaValue)] = []
        for argument in arguments.positional { positional.append(try evaluate(argument, scope)) }
        if let list = arguments.unpackedList { positional += try elements(evaluate(list, scope), "arguments") }
        for (name, argument) in arguments.named { named.append((name, try evaluate(argument, scope))) }
        if let unpacked = arguments.unpackedDict {
            guard case .dict(let dict) = try evaluate(unpacked, scope) else {
                throw failure("** of a value that is not a mapping")
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

    /// Whether a container contains a value: a string a substring, a dictionary a key, a list an element.
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

    /// `object.name`: a method, or otherwise a member.
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

    /// `object[key]`: a member, or otherwise a method.
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

    func call(
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
        // `break` and `continue` in a macro do not refer to a loop around its definition.
        let outer = loopDepth
        loopDepth = 0
        defer { loopDepth = outer }
        return try capture(macro.body, scope)
    }
}
