/// The dimensions of the inputs whose sizes an exported model does not fix, with a name for each size.
///
/// A list names the leading dimensions of every input; nil leaves a size fixed:
///
///     dynamic: ["batch", "sequence"]
///
/// A dictionary names dimensions by input:
///
///     dynamic: ["tokens": [0: "batch", 1: "sequence"], "mask": [1: "sequence"]]
///
/// Dimensions of one name have one size.
public struct DynamicSizes: Sendable, Hashable, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    private var leading: [String?] = []
    private var byInput: [String: [Int: String]] = [:]

    /// The names of the leading dimensions of every input, as far as an input has them.
    public init(_ leading: [String?]) { self.leading = leading }

    /// The names by input and dimension.
    public init(byInput: [String: [Int: String]]) { self.byInput = byInput }

    /// The names of the leading dimensions of every input. nil leaves a size fixed.
    public init(arrayLiteral elements: String?...) { self.init(elements) }

    /// Names by input and dimension. The last of equal keys counts.
    public init(dictionaryLiteral elements: (String, [Int: String])...) {
        self.init(byInput: Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }

    /// For each input, the name of each dimension; nil for fixed sizes.
    func names(of inputs: [(name: String, shape: [Int])]) throws -> [[String?]] {
        let known = inputs.map(\.name)
        for name in byInput.keys.sorted() where !known.contains(name) {
            throw Problem(
                "there is no input \(quoted(name)), whose sizes shall be dynamic",
                expected: "one of the inputs " + known.map(quoted).joined(separator: ", "), kind: .invalid)
        }
        guard !leading.contains(""), !byInput.values.contains(where: { $0.values.contains("") }) else {
            throw Problem(
                "the name of a dynamic size is empty", expected: "a name, or nil for a fixed size", kind: .invalid)
        }
        var result: [[String?]] = []
        var sizes: [String: (size: Int, input: String)] = [:]
        for (input, shape) in inputs {
            var names = shape.indices.map { $0 < leading.count ? leading[$0] : nil }
            for (dim, name) in byInput[input] ?? [:] {
                let index = dim < 0 ? dim + shape.count : dim
                guard shape.indices.contains(index) else {
                    throw Problem(
                        "the input \(quoted(input)) has no dimension \(dim)", expected: "0 to \(shape.count - 1)",
                        kind: .invalid)
                }
                names[index] = name
            }
            for (name, size) in zip(names, shape) {
                guard let name else { continue }
                if let other = sizes[name], other.size != size {
                    throw Problem(
                        "the size \(quoted(name)) is \(other.size) in the input \(quoted(other.input)) and \(size) in "
                            + quoted(input),
                        expected: "one size, or names by input: dynamic: [\"\(input)\": [0: \"\(name)\"]]",
                        kind: .invalid)
                }
                sizes[name] = (size, input)
            }
            result.append(names)
        }
        return result
    }
}

/// A size as it is in each recording of a function: one number for each choice of the dynamic sizes.
struct Size: Hashable {
    var values: [Int]

    init(_ values: [Int]) { self.values = values }

    /// The number, if it is the same in every recording.
    var fixed: Int? { values.allSatisfy { $0 == values[0] } ? values[0] : nil }

    static func combine(_ a: Size, _ b: Size, _ body: (Int, Int) -> Int) -> Size {
        Size(zip(a.values, b.values).map(body))
    }
}

extension [Size] {
    /// The numbers, if none depends on a dynamic size.
    var fixed: [Int]? {
        let numbers = compactMap(\.fixed)
        return numbers.count == count ? numbers : nil
    }
}

/// A polynomial with integer coefficients in the dynamic sizes, at most the product of two of them, divided by a number.
struct SizePolynomial {
    var constant = 0
    /// The coefficient of each dynamic size.
    var linear: [Int]
    /// The coefficients of products of two different sizes.
    var products: [(first: Int, second: Int, factor: Int)] = []
    var divisor = 1
}

/// The choices of dynamic sizes for which a function is recorded.
///
/// They are so many that each coefficient of a polynomial in the sizes is determined, and some more that tell polynomials from
/// other functions.
struct SizePlan {
    let names: [String]
    /// For each recording, the size of each name.
    private(set) var points: [[Int]]
    /// The difference of each size between the first recording and the one that changes this size alone.
    private let steps: [Int]

    /// - Parameters:
    ///   - base: the sizes of the first recording.
    ///   - others: two further sizes for each name.
    init(names: [String], base: [Int], others: [(Int, Int)]) {
        self.names = names
        steps = zip(others, base).map { $0.0 - $1 }
        points = [base]
        func add(_ changes: [(Int, Int)]) {
            var point = base
            for (index, size) in changes { point[index] = size }
            points.append(point)
        }
        for i in names.indices { add([(i, others[i].0)]) }
        for i in names.indices {
            for j in names.indices.dropFirst(i + 1) { add([(i, others[i].0), (j, others[j].0)]) }
        }
        for i in names.indices { add([(i, others[i].1)]) }
        if names.count > 1 { add(names.indices.map { ($0, others[$0].1) }) }
    }

    /// The dynamic size that has these values.
    func name(of size: Size) -> Int? {
        names.indices.first { i in zip(points, size.values).allSatisfy { $0[i] == $1 } }
    }

    /// The polynomial that has these values; nil if there is none.
    func polynomial(of size: Size) -> SizePolynomial? {
        let (count, f) = (names.count, size.values)
        guard count > 0, f.count == points.count else { return nil }
        let scale = steps.reduce(1, *)
        var result = SizePolynomial(linear: Array(repeating: 0, count: count))
        var slopes = (0..<count).map { (f[1 + $0] - f[0]) * (scale / steps[$0]) }
        var mixed: [(Int, Int, Int)] = []
        var next = 1 + count
        for i in 0..<count {
            for j in (i + 1)..<Swift.max(count, i + 1) {
                let difference = f[next] - f[1 + i] - f[1 + j] + f[0]
                if difference != 0 { mixed.append((i, j, difference * (scale / (steps[i] * steps[j])))) }
                next += 1
            }
        }
        // The interpolation is a polynomial in the differences from the first recording, which is expanded here.
        let base = points[0]
        result.constant = f[0] * scale - zip(slopes, base).reduce(0) { $0 + $1.0 * $1.1 }
        for (i, j, factor) in mixed {
            result.constant += factor * base[i] * base[j]
            slopes[i] -= factor * base[j]
            slopes[j] -= factor * base[i]
            result.products.append((i, j, factor))
        }
        result.linear = slopes
        result.divisor = scale
        result.reduce()
        return points.indices.allSatisfy { result.value(at: points[$0]) == f[$0] } ? result : nil
    }
}

extension SizePolynomial {
    /// Divides coefficients and divisor by their greatest common divisor.
    fileprivate mutating func reduce() {
        func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? abs(a) : gcd(b, a % b) }
        let common = (linear + products.map(\.factor)).reduce(gcd(constant, divisor), gcd)
        guard common > 0 else { return }
        let signed = divisor < 0 ? -common : common
        constant /= signed
        divisor /= signed
        linear = linear.map { $0 / signed }
        products = products.map { ($0.first, $0.second, $0.factor / signed) }
    }

    /// The value, if it is a whole number.
    func value(at point: [Int]) -> Int? {
        var sum = constant
        for (factor, size) in zip(linear, point) { sum += factor * size }
        for term in products { sum += term.factor * point[term.first] * point[term.second] }
        return sum % divisor == 0 ? sum / divisor : nil
    }

    /// The polynomial as a text, such as `2*batch + 1`.
    func text(_ names: [String]) -> String {
        var terms: [String] = []
        for term in products { terms.append(Self.term(term.factor, "\(names[term.first])*\(names[term.second])")) }
        for (factor, name) in zip(linear, names) where factor != 0 { terms.append(Self.term(factor, name)) }
        if constant != 0 || terms.isEmpty { terms.append("\(constant)") }
        let sum = terms.joined(separator: " + ")
        return divisor == 1 ? sum : "(\(sum))/\(divisor)"
    }

    private static func term(_ factor: Int, _ name: String) -> String { factor == 1 ? name : "\(factor)*\(name)" }
}
