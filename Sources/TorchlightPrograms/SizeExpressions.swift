import TorchlightCore
import TorchlightFiles

/// Expressions of dynamic sizes in the JSON of a program.
///
/// An expression is an object `{"$size": [[2, "batch"], [1]], "divisor": 1, "form": "integer"}`: a sum of products of a
/// factor and sizes, divided by an integer. The form `real` is its value as a floating-point number, `reciprocal` is 1
/// divided by it.
enum SizeExpressions {
    private static let key = "$size"

    // MARK: Writing

    /// Combines the JSON of the recordings of a function at several sizes.
    ///
    /// - Parameters:
    ///   - recordings: the JSON of each recording.
    ///   - names: the names of the sizes.
    static func join(_ recordings: [JSON], _ plan: SizePlan, _ names: [String]) throws(ProgramProblem) -> JSON {
        let first = recordings[0]
        switch first.content {
        case .null, .bool, .string, .number:
            let texts = recordings.map { $0.text() }
            if texts.allSatisfy({ $0 == texts[0] }) { return first }
            guard let expression = expression(recordings, plan, names) else {
                throw ProgramProblem(
                    "a number is not a supported function of the dynamic sizes",
                    got: zip(plan.points, texts).map { "\($1) for \(sizes($0, names))" }.joined(separator: ", "),
                    expected: "sums of products of at most two different sizes, and their reciprocals")
            }
            return expression
        case .array(let elements):
            let lists = recordings.compactMap(\.elements)
            guard lists.count == recordings.count, lists.allSatisfy({ $0.count == elements.count }) else {
                throw structure(recordings, plan, names)
            }
            var joined: [JSON] = []
            for i in elements.indices { joined.append(try join(lists.map { $0[i] }, plan, names)) }
            return .array(joined)
        case .object(let members):
            let objects = recordings.compactMap(\.members)
            guard objects.count == recordings.count,
                objects.allSatisfy({ $0.map(\.name) == members.map(\.name) })
            else { throw structure(recordings, plan, names) }
            var joined: [(String, JSON)] = []
            for i in members.indices {
                joined.append((members[i].name, try join(objects.map { $0[i].value }, plan, names)))
            }
            return .object(joined)
        }
    }

    private static func sizes(_ point: [Int], _ names: [String]) -> String {
        zip(names, point).map { "\($0) = \($1)" }.joined(separator: " and ")
    }

    private static func structure(_ recordings: [JSON], _ plan: SizePlan, _ names: [String]) -> ProgramProblem {
        let texts = recordings.map { String($0.text().prefix(80)) }
        let other = texts.indices.first { texts[$0] != texts[0] } ?? 0
        return ProgramProblem(
            "the operations of the function depend on the dynamic sizes",
            got:
                "\(texts[0]) for \(sizes(plan.points[0], names)), \(texts[other]) for \(sizes(plan.points[other], names))",
            expected: "the same operations for all sizes in the ranges")
    }

    private static func expression(_ recordings: [JSON], _ plan: SizePlan, _ names: [String]) -> JSON? {
        let whole = recordings.compactMap(\.int)
        if whole.count == recordings.count {
            return plan.polynomial(of: whole).map { json($0, names, "integer") }
        }
        let numbers = recordings.compactMap(\.double)
        guard numbers.count == recordings.count else { return nil }
        let reals = numbers.compactMap { Int(exactly: $0) }
        if reals.count == numbers.count, let polynomial = plan.polynomial(of: reals) {
            return json(polynomial, names, "real")
        }
        let divisors = numbers.compactMap { $0 == 0 ? nil : Int(exactly: (1 / $0).rounded()) }
        guard divisors.count == numbers.count, zip(divisors, numbers).allSatisfy({ 1 / Double($0) == $1 }),
            let polynomial = plan.polynomial(of: divisors)
        else { return nil }
        return json(polynomial, names, "reciprocal")
    }

    private static func json(_ polynomial: SizePolynomial, _ names: [String], _ form: String) -> JSON {
        var terms: [JSON] = polynomial.products.map {
            [.int($0.factor), .string(names[$0.first]), .string(names[$0.second])]
        }
        for (factor, name) in zip(polynomial.linear, names) where factor != 0 {
            terms.append([.int(factor), .string(name)])
        }
        if polynomial.constant != 0 || terms.isEmpty { terms.append([.int(polynomial.constant)]) }
        return .object([(key, .array(terms)), ("divisor", .int(polynomial.divisor)), ("form", .string(form))])
    }

    // MARK: Reading

    /// The JSON with the expressions evaluated for given sizes.
    static func evaluated(_ json: JSON, _ names: [String], _ sizes: [Int]) throws(ProgramProblem) -> JSON {
        switch json.content {
        case .null, .bool, .string, .number: return json
        case .array(let elements):
            var result: [JSON] = []
            result.reserveCapacity(elements.count)
            for element in elements { result.append(try evaluated(element, names, sizes)) }
            return JSON(.array(result), offset: json.offset)
        case .object(let members):
            if members.first?.name == key { return try number(json, names, sizes) }
            var result: [JSON.Member] = []
            result.reserveCapacity(members.count)
            for member in members {
                result.append(
                    JSON.Member(
                        name: member.name, value: try evaluated(member.value, names, sizes), offset: member.offset))
            }
            return JSON(.object(result), offset: json.offset)
        }
    }

    private static func number(_ json: JSON, _ names: [String], _ sizes: [Int]) throws(ProgramProblem) -> JSON {
        let (polynomial, form) = try parsed(json, names)
        guard let value = polynomial.value(at: sizes) else {
            throw ProgramProblem(
                "the number \(polynomial.text(names)) is not an integer for these sizes", got: Self.sizes(sizes, names),
                expected: "sizes for which all numbers are integers of 64 bits", offset: json.offset)
        }
        let text =
            switch form {
            case "real": "\(Double(value))"
            case "reciprocal": "\(1 / Double(value))"
            default: "\(value)"
            }
        guard text != "inf" else {
            throw ProgramProblem(
                "1 is divided by \(polynomial.text(names)), which is 0", got: Self.sizes(sizes, names),
                offset: json.offset)
        }
        return JSON(.number(text), offset: json.offset)
    }

    private static func parsed(
        _ json: JSON, _ names: [String]
    ) throws(ProgramProblem) -> (polynomial: SizePolynomial, form: String) {
        func invalid(_ json: JSON) -> ProgramProblem {
            ProgramProblem(
                "a number of dynamic sizes is not valid", got: json.summary,
                expected: "\"$size\": terms of a factor and at most two names, \"divisor\", \"form\"",
                offset: json.offset)
        }
        guard let terms = json[key]?.elements, let divisor = json["divisor"]?.int, divisor != 0,
            let form = json["form"]?.string, ["integer", "real", "reciprocal"].contains(form)
        else { throw invalid(json) }
        var polynomial = SizePolynomial(linear: Array(repeating: 0, count: names.count))
        polynomial.divisor = divisor
        for term in terms {
            guard let parts = term.elements, (1...3).contains(parts.count), let factor = parts[0].int else {
                throw invalid(term)
            }
            let indices = parts.dropFirst().compactMap { part in part.string.flatMap { names.firstIndex(of: $0) } }
            guard indices.count == parts.count - 1 else { throw invalid(term) }
            switch indices.count {
            case 0: polynomial.constant = factor
            case 1: polynomial.linear[indices[0]] = factor
            default: polynomial.products.append(.init(first: indices[0], second: indices[1], factor: factor))
            }
        }
        return (polynomial, form)
    }

    /// The text of a number or an expression, such as `2*batch + 1`.
    static func text(_ json: JSON, _ names: [String]) -> String {
        guard let (polynomial, form) = try? parsed(json, names) else { return json.text() }
        let text = polynomial.text(names)
        return form == "reciprocal" ? "1 / (\(text))" : text
    }
}

/// An error in the JSON of a program.
struct ProgramProblem: Error {
    let problem: String
    let got: String?
    let expected: String
    /// The byte offset in `program.json`; nil if unknown.
    let offset: Int?

    init(_ problem: String, got: String? = nil, expected: String = "", offset: Int? = nil) {
        self.problem = problem
        self.got = got
        self.expected = expected
        self.offset = offset
    }

    /// The error of an operation.
    func error(in operation: String) -> TensorError {
        TensorError(.value, in: operation, problem, got: got, expected: expected.isEmpty ? nil : expected)
    }

    /// The error of a file.
    func error(file: String) -> IOError {
        IOError(
            .malformed, "program", file: file,
            problem + (got.map { ": \($0)" } ?? "")
                + (offset.map { ", at byte \($0) of program.json" } ?? ""), expected: expected)
    }
}
