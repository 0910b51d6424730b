/// Runs a template, with limits on steps and on the size of texts.
final class JinjaInterpreter {
    /// The maximum number of executed statements and expressions.
    static let maxSteps = 5_000_000
    /// The maximum size of a text in bytes, and of a list.
    static let longestText = 64 << 20
    static let longestList = 1 << 20
    static let deepest = 120

    enum Flow { case normal, breaks, continues }

    let now: ChatTemplate.Time
    private var stepsLeft = maxSteps
    var depth = 0
    var loopDepth = 0
    private(set) var output = ""
    /// Whether output is appended to the result of a macro or block.
    private var isCapturing = false
    private var mainCount = 0
    /// The ranges of the output in `generation` blocks, in Unicode scalars.
    private(set) var generations: [Range<Int>] = []
    var captured: [JinjaValue] = []
    /// Objects that may be part of a reference cycle.
    private var references: [any JinjaReference] = []

    init(now: ChatTemplate.Time) { self.now = now }

    static func failure(_ problem: String) -> TokenizerError { TokenizerError("chat template", problem) }
    func failure(_ problem: String) -> TokenizerError { Self.failure(problem) }

    /// Records an object that may be part of a reference cycle.
    func track(_ reference: some JinjaReference) {
        if reference.isTracked { return }
        reference.isTracked = true
        references.append(reference)
    }

    /// Breaks reference cycles. No value of the template may be used afterwards.
    func finish() {
        for reference in references { reference.clear() }
        references = []
    }

    func step() throws(TokenizerError) {
        stepsLeft -= 1
        if stepsLeft < 0 { throw failure("the template takes more than \(Self.maxSteps) steps") }
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

    /// Runs statements and returns their output.
    func capture(_ body: [JinjaStatement], _ scope: JinjaScope) throws(TokenizerError) -> String {
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
            track(scope)
            scope.values[name] = .macro(JinjaMacro(name: name, parameters: parameters, body: body, scope: scope))
        case .callBlock(let call, let parameters, let body):
            guard case .call(let callee, let arguments) = call else { return .normal }
            track(scope)
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
        defer { loop.clear() }
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
            if !value.isPlain { track(namespace) }
            namespace.values[.string(attribute)] = value
        case .tuple(let targets):
            let values = try elements(value, "an assignment")
            guard values.count == targets.count else {
                throw failure("\(values.count) values to unpack (expected \(targets.count))")
            }
            for (target, value) in zip(targets, values) { try assign(value, to: target, scope) }
        }
    }

    /// The elements of an iterable value.
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
}
