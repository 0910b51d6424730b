// Einstein summation by matrix products.

/// Einstein summation: sums of products of tensors whose dimensions are labelled by letters. Letters that are not in
/// the result are summed over.
///
///     einsum("ik,kj->ij", a, b)          // matrix product
///     einsum("bij->bji", x)              // transpose
///     einsum("...ii->...", x)            // trace of each matrix
///
/// Without `->` the result has the letters that occur once, in alphabetical order, after the dimensions of `...`.
/// Operands are multiplied in pairs from left to right.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor { einsum(equation, operands) }

/// Einstein summation with the operands as an array.
public func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
    orFail(like: operands.first) { () throws(TensorError) in
        if let placeholder = operands.first(where: \.isPlaceholder) { return placeholder }
        return try Einsum(equation, operands).run()
    }
}

private struct Einsum {
    /// A tensor whose dimensions have labels: letters, or -1, -2, ... for those of an ellipsis, counted from its end.
    private struct Term {
        var tensor: Tensor
        var names: [Int]
    }

    private let equation: String
    private var terms: [Term] = []
    private var result: [Int] = []

    init(_ equation: String, _ operands: [Tensor]) throws(TensorError) {
        self.equation = equation
        let text = equation.filter { $0 != " " }
        let sides = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let subscripts = sides[0].split(separator: ",", omittingEmptySubsequences: false)
        guard sides.count == 1 || sides[1].first == ">" else { throw error("the arrow must be written ->", operands) }
        guard subscripts.count == operands.count, !operands.isEmpty else {
            let given = "\(quantity(subscripts.count, "term")) for \(quantity(operands.count, "tensor"))"
            throw error("the equation does not have one term for each tensor: \(given)", operands)
        }
        for (subscript_, operand) in zip(subscripts, operands) {
            terms.append(try Self.diagonals(of: term(String(subscript_), operand, operands)))
        }
        let used = terms.flatMap(\.names)
        let ellipsis = Set(used.filter { $0 < 0 }).sorted()
        if sides.count == 2 {
            let names = try parse(String(sides[1].dropFirst()), operands)
            result = names.flatMap { $0 == 0 ? ellipsis : [$0] }
            guard Set(result).count == result.count else { throw error("the result repeats a letter", operands) }
            guard Set(result).isSubset(of: used) else {
                throw error("the result has a letter that no operand has", operands)
            }
        } else {
            let letters = try subscripts.map { (text) throws(TensorError) in try parse(String(text), operands) }
                .joined().filter { $0 != 0 }
            result = ellipsis + Set(letters).filter { name in letters.filter { $0 == name }.count == 1 }.sorted()
        }
        try checkSizes(operands)
    }

    private func error(_ problem: String, _ operands: [Tensor]) -> TensorError {
        TensorError(
            .value, in: "einsum", problem, got: "\"\(equation)\"",
            expected: "letters for the dimensions of each tensor, as in \"ik,kj->ij\"", operands: operands)
    }

    /// The letters as numbers, with 0 for an ellipsis.
    private func parse(_ text: String, _ operands: [Tensor]) throws(TensorError) -> [Int] {
        var names: [Int] = []
        var dots = 0
        for character in text.unicodeScalars {
            if character == "." {
                dots += 1
                if dots == 3 { names.append(0) }
            } else {
                guard character.properties.isAlphabetic, character.isASCII, dots == 0 || dots == 3 else {
                    throw error("\"\(character)\" is not a letter", operands)
                }
                names.append(Int(character.value))
            }
        }
        guard dots == 0 || dots == 3 else { throw error("an ellipsis must have three dots", operands) }
        return names
    }

    private func term(_ text: String, _ operand: Tensor, _ operands: [Tensor]) throws(TensorError) -> Term {
        let names = try parse(text, operands)
        let free = operand.rank - names.filter { $0 != 0 }.count
        guard free == 0 || (free > 0 && names.contains(0)) else {
            throw error(
                "\"\(text)\" does not label the \(quantity(operand.rank, "dimension")) of its tensor",
                operands)
        }
        return Term(tensor: operand, names: names.flatMap { $0 == 0 ? (0..<free).map { $0 - free } : [$0] })
    }

    /// A repeated letter of one tensor takes its diagonal.
    private static func diagonals(of term: Term) throws(TensorError) -> Term {
        var term = term
        while let (i, j) = repeated(term.names) {
            guard term.tensor.layout.shape[i] == term.tensor.layout.shape[j] else {
                throw TensorError(
                    .shape, in: "einsum", "a repeated letter has dimensions of different sizes",
                    operands: [term.tensor])
            }
            term.tensor = term.tensor.diagonal(dim1: i, dim2: j)
            let name = term.names[i]
            term.names = term.names.filter { $0 != name } + [name]
        }
        return term
    }

    private static func repeated(_ names: [Int]) -> (Int, Int)? {
        for (j, name) in names.enumerated() {
            if let i = names[..<j].firstIndex(of: name) { return (i, j) }
        }
        return nil
    }

    private func checkSizes(_ operands: [Tensor]) throws(TensorError) {
        var sizes: [Int: Int] = [:]
        for term in terms {
            for (name, size) in zip(term.names, term.tensor.shape) {
                let known = sizes[name] ?? 1
                guard known == size || known == 1 || size == 1 else {
                    let letter = name > 0 ? "\"\(Character(UnicodeScalar(UInt8(name))))\"" : "the ellipsis"
                    throw TensorError(
                        .shape, in: "einsum", "\(letter) has two sizes, \(known) and \(size)",
                        got: "\"\(equation)\"",
                        expected: "one size for each letter", operands: operands)
                }
                if known == 1 { sizes[name] = size }
            }
        }
    }

    func run() throws(TensorError) -> Tensor {
        var remaining = terms
        while remaining.count > 1 {
            let (i, j) = remaining.count == 2 ? (0, 1) : smallestPair(of: remaining)
            let later = namesNeeded(after: i, j, of: remaining)
            remaining[i] = Self.product(remaining[i], remaining[j], keeping: later)
            remaining.remove(at: j)
        }
        var left = remaining[0]
        left = Self.summed(left, keeping: Set(result))
        let order = result.map { name in left.names.firstIndex(of: name)! }
        return order == Array(order.indices) ? left.tensor : left.tensor.permute(order)
    }

    /// The pair whose product has the fewest elements, the first of several: from left to right, `ik,jk,k->ij` would multiply the
    /// first two elementwise, in a tensor of three dimensions.
    private func smallestPair(of terms: [Term]) -> (Int, Int) {
        var best = (pair: (0, 1), count: Int.max)
        for j in 1..<terms.count {
            for i in 0..<j {
                let later = namesNeeded(after: i, j, of: terms)
                var sizes: [Int: Int] = [:]
                for term in [terms[i], terms[j]] {
                    for (name, size) in zip(term.names, term.tensor.layout.shape) where later.contains(name) {
                        sizes[name] = Swift.max(sizes[name] ?? 0, size)
                    }
                }
                let count = sizes.values.reduce(1, *|)
                if count < best.count { best = ((i, j), count) }
            }
        }
        return best.pair
    }

    /// The dimensions that the result or other terms than two have.
    private func namesNeeded(after i: Int, _ j: Int, of terms: [Term]) -> Set<Int> {
        var names = Set(result)
        for (number, term) in terms.enumerated() where number != i && number != j { names.formUnion(term.names) }
        return names
    }

    /// The term summed over the dimensions that are not needed later.
    private static func summed(_ term: Term, keeping names: Set<Int>) -> Term {
        let spent = term.names.indices.filter { !names.contains(term.names[$0]) }
        if spent.isEmpty { return term }
        return Term(
            tensor: term.tensor.sum(dim: spent, dtype: term.tensor.dtype),
            names: term.names.filter { names.contains($0) })
    }

    /// The product of two terms: shared dimensions that are needed later are batch dimensions, the others are summed
    /// over.
    private static func product(_ a: Term, _ b: Term, keeping later: Set<Int>) -> Term {
        let a = summed(a, keeping: later.union(b.names))
        let b = summed(b, keeping: later.union(a.names))
        let shared = a.names.filter { b.names.contains($0) }
        let batch = shared.filter { later.contains($0) }
        let inner = shared.filter { !later.contains($0) }
        let rows = a.names.filter { !shared.contains($0) }
        let columns = b.names.filter { !shared.contains($0) }
        func size(_ term: Term, _ name: Int) -> Int { term.tensor.layout.shape[term.names.firstIndex(of: name)!] }
        /// Sizes of shared dimensions; a size of 1 is broadcast.
        func common(_ names: [Int]) -> [Int] {
            names.map { size(a, $0) == 1 ? size(b, $0) : size(a, $0) }
        }
        func arranged(_ term: Term, _ names: [Int]) -> Tensor {
            let moved = term.tensor.permute(names.map { name in term.names.firstIndex(of: name)! })
            return moved.expand(names.map { shared.contains($0) ? common([$0])[0] : size(term, $0) })
        }
        let (batchSizes, innerSizes) = (common(batch), common(inner))
        let (rowSizes, columnSizes) = (rows.map { size(a, $0) }, columns.map { size(b, $0) })
        let k = innerSizes.reduce(1, *)
        let left = arranged(a, batch + rows + inner).reshape(batchSizes + [rowSizes.reduce(1, *), k])
        let right = arranged(b, batch + inner + columns).reshape(batchSizes + [k, columnSizes.reduce(1, *)])
        let out = inner.isEmpty ? left * right : left.matmul(right)
        return Term(tensor: out.reshape(batchSizes + rowSizes + columnSizes), names: batch + rows + columns)
    }
}
