// How numbers of a recorded function depend on dynamic sizes: the function is recorded for several choices of the
// sizes, and each number that differs is interpolated by a polynomial in them.

/// A polynomial in the dynamic sizes with integer coefficients, of degree at most 1 in each size and 2 in total,
/// divided by an integer.
package struct SizePolynomial: Sendable, Hashable {
    package var constant = 0
    /// The coefficient of each dynamic size.
    package var linear: [Int]
    /// The coefficients of products of two different sizes.
    package var products: [Product] = []
    package var divisor = 1

    package struct Product: Sendable, Hashable {
        package var first: Int
        package var second: Int
        package var factor: Int

        package init(first: Int, second: Int, factor: Int) {
            (self.first, self.second, self.factor) = (first, second, factor)
        }
    }

    package init(linear: [Int]) { self.linear = linear }

    /// The value at these sizes; nil if it is not an integer or does not fit in `Int`.
    package func value(at sizes: [Int]) -> Int? {
        var sum = constant
        func add(_ factors: Int...) -> Bool {
            var product = 1
            for factor in factors {
                let (next, overflow) = product.multipliedReportingOverflow(by: factor)
                if overflow { return false }
                product = next
            }
            let (next, overflow) = sum.addingReportingOverflow(product)
            sum = next
            return !overflow
        }
        for (factor, size) in zip(linear, sizes) where !add(factor, size) { return nil }
        for term in products where !add(term.factor, sizes[term.first], sizes[term.second]) { return nil }
        if divisor == 0 || (divisor == -1 && sum == .min) { return nil }
        return sum % divisor == 0 ? sum / divisor : nil
    }

    /// The polynomial as a text, such as `2*batch + 1`.
    package func text(_ names: [String]) -> String {
        var terms = products.map { Self.term($0.factor, "\(names[$0.first])*\(names[$0.second])") }
        for (factor, name) in zip(linear, names) where factor != 0 { terms.append(Self.term(factor, name)) }
        if constant != 0 || terms.isEmpty { terms.append("\(constant)") }
        let sum = terms.joined(separator: " + ").replacing("+ -", with: "- ")
        return divisor == 1 ? sum : terms.count == 1 ? "\(sum)/\(divisor)" : "(\(sum))/\(divisor)"
    }

    private static func term(_ factor: Int, _ name: String) -> String {
        factor == 1 ? name : factor == -1 ? "-\(name)" : "\(factor)*\(name)"
    }

    /// Divides coefficients and divisor by their greatest common divisor.
    fileprivate mutating func reduce() {
        func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? abs(a) : gcd(b, a % b) }
        let common = (linear + products.map(\.factor)).reduce(gcd(constant, divisor), gcd)
        guard common > 0 else { return }
        let signed = divisor < 0 ? -common : common
        constant /= signed
        divisor /= signed
        linear = linear.map { $0 / signed }
        for i in products.indices { products[i].factor /= signed }
    }
}

/// The choices of dynamic sizes for which a function is recorded.
///
/// The choices determine all coefficients of a polynomial; further ones detect functions that are not polynomials.
package struct SizePlan: Sendable {
    /// For each recording, the size of each name.
    package private(set) var points: [[Int]]
    private let count: Int
    /// For each size, its difference between the first recording and the recording that changes only this size.
    private let steps: [Int]

    /// - Parameters:
    ///   - base: the sizes of the first recording.
    ///   - others: two further sizes for each name.
    package init(base: [Int], others: [(Int, Int)]) {
        count = base.count
        steps = zip(others, base).map { $0.0 - $1 }
        points = [base]
        func add(_ changes: [(Int, Int)]) {
            var point = base
            for (index, size) in changes { point[index] = size }
            points.append(point)
        }
        for i in base.indices { add([(i, others[i].0)]) }
        for i in base.indices {
            for j in base.indices.dropFirst(i + 1) { add([(i, others[i].0), (j, others[j].0)]) }
        }
        for i in base.indices { add([(i, others[i].1)]) }
        if count > 1 { add(base.indices.map { ($0, others[$0].1) }) }
    }

    /// The polynomial with these values in the recordings; nil if there is none.
    package func polynomial(of f: [Int]) -> SizePolynomial? {
        // Larger numbers, such as `Int.max` as an end, are not sizes.
        guard count > 0, f.count == points.count, f.allSatisfy({ abs($0 / 2) < 1 << 40 }) else { return nil }
        let scale = steps.reduce(1, *)
        var result = SizePolynomial(linear: Array(repeating: 0, count: count))
        var slopes = (0..<count).map { (f[1 + $0] - f[0]) * (scale / steps[$0]) }
        var mixed: [SizePolynomial.Product] = []
        var next = 1 + count
        for i in 0..<count {
            for j in (i + 1)..<Swift.max(count, i + 1) {
                let difference = f[next] - f[1 + i] - f[1 + j] + f[0]
                if difference != 0 {
                    mixed.append(.init(first: i, second: j, factor: difference * (scale / (steps[i] * steps[j]))))
                }
                next += 1
            }
        }
        // The interpolation polynomial in the differences from the first recording is expanded to one in the sizes.
        let base = points[0]
        result.constant = f[0] * scale - zip(slopes, base).reduce(0) { $0 + $1.0 * $1.1 }
        for term in mixed {
            result.constant += term.factor * base[term.first] * base[term.second]
            slopes[term.first] -= term.factor * base[term.second]
            slopes[term.second] -= term.factor * base[term.first]
        }
        (result.linear, result.products, result.divisor) = (slopes, mixed, scale)
        result.reduce()
        return points.indices.allSatisfy { result.value(at: points[$0]) == f[$0] } ? result : nil
    }
}
