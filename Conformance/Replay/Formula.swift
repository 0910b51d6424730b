import Glibc

/// An arithmetic expression of one variable as Python writes it: `min(1, (epoch + 1) / 10)`.
///
/// It knows `+ - * / **`, brackets, numbers, the variable, `min` and `max`.
struct Formula: Sendable {
    private typealias Value = @Sendable (Double) -> Double
    private let value: @Sendable (Double) -> Double

    /// Reads the expression.
    init(_ text: String, variable: String) throws {
        var reader = Reader(text: Array(text.utf8), variable: variable)
        value = try reader.sum()
        guard reader.isAtEnd else { throw NotSupported("the formula \(text)") }
    }

    /// The value for a value of the variable.
    func callAsFunction(_ x: Double) -> Double { value(x) }

    /// Descends from sums to products to powers to single values.
    private struct Reader {
        let text: [UInt8]
        let variable: String
        var place = 0

        var isAtEnd: Bool {
            mutating get {
                skipSpaces()
                return place == text.count
            }
        }

        mutating func skipSpaces() { while place < text.count, text[place] == UInt8(ascii: " ") { place += 1 } }

        /// Whether the token comes next, which is then passed.
        mutating func take(_ token: String) -> Bool {
            skipSpaces()
            guard text[place...].starts(with: token.utf8) else { return false }
            place += token.utf8.count
            return true
        }

        mutating func sum() throws -> Value {
            var left = try product()
            while true {
                let first = left
                if take("+") {
                    let second = try product()
                    left = { first($0) + second($0) }
                } else if take("-") {
                    let second = try product()
                    left = { first($0) - second($0) }
                } else {
                    return left
                }
            }
        }

        mutating func product() throws -> Value {
            var left = try signed()
            while true {
                let first = left
                if take("*") {
                    let second = try signed()
                    left = { first($0) * second($0) }
                } else if take("/") {
                    let second = try signed()
                    left = { first($0) / second($0) }
                } else {
                    return left
                }
            }
        }

        /// A sign binds weaker than a power: −2 ** 2 is −4.
        mutating func signed() throws -> Value {
            if take("-") {
                let operand = try signed()
                return { -operand($0) }
            }
            let base = try single()
            guard take("**") else { return base }
            let exponent = try signed()
            return { pow(base($0), exponent($0)) }
        }

        mutating func single() throws -> Value {
            if take("(") {
                let inner = try sum()
                guard take(")") else { throw NotSupported("a bracket stays open") }
                return inner
            }
            if take("min(") { return try choice { Swift.min($0, $1) } }
            if take("max(") { return try choice { Swift.max($0, $1) } }
            if take(variable) { return { $0 } }
            let start = place
            while place < text.count, Self.isOfNumber(text[place]) { place += 1 }
            guard let number = Double(String(decoding: text[start..<place], as: UTF8.self)) else {
                throw NotSupported("the formula \(String(decoding: text, as: UTF8.self))")
            }
            return { _ in number }
        }

        mutating func choice(_ better: @escaping @Sendable (Double, Double) -> Double) throws -> Value {
            var best = try sum()
            while take(",") {
                let (first, second) = (best, try sum())
                best = { better(first($0), second($0)) }
            }
            guard take(")") else { throw NotSupported("a bracket stays open") }
            return best
        }

        static func isOfNumber(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
        }
    }
}
