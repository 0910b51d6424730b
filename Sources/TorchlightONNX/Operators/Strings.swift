import TorchlightCore

func registerStrings(in table: inout OperatorTable) {
    table.add("StringConcat", since: 20, 2...2) { call in
        let (a, b) = (try call.strings(0), try call.strings(1))
        guard let shape = broadcastShapes(a.shape, b.shape) else {
            throw Problem("strings of the shapes \(a.shape) and \(b.shape)")
        }
        let (first, second) = (a.moved { $0.expand(shape) }, b.moved { $0.expand(shape) })
        return [.strings(StringTensor(zip(first.elements, second.elements).map { $0 + $1 }, shape: shape))]
    }
    table.add("StringSplit", since: 20, 1...1) { call in
        let texts = try call.strings(0)
        let limit = try call.int("maxsplit") ?? .max
        let delimiter = try call.string("delimiter", "")
        let parts = texts.elements.map { split($0, delimiter, limit) }
        let width = parts.map(\.count).max() ?? 0
        let padded = parts.flatMap { $0 + [String](repeating: "", count: width - $0.count) }
        return [.strings(StringTensor(padded, shape: texts.shape + [width]))]
            + one(Tensor(parts.map(\.count), shape: texts.shape))
    }
    table.add("StringNormalizer", since: 10, 1...1) { call in
        let texts = try call.strings(0)
        let change = try call.choice("case_change_action", "NONE", of: ["NONE", "LOWER", "UPPER"])
        let isSensitive = try call.flag("is_case_sensitive")
        let stopwords = Set(
            (try call.strings("stopwords") ?? []).map { ONNXKey.string(isSensitive ? $0 : $0.lowercased()) })
        guard texts.shape.count == 1 || (texts.shape.count == 2 && texts.shape[0] == 1) else {
            throw Problem("strings of shape \(texts.shape)", expected: "[C] or [1, C]")
        }
        var kept = texts.elements.filter { !stopwords.contains(.string(isSensitive ? $0 : $0.lowercased())) }
        switch change {
        case "LOWER": kept = kept.map { $0.lowercased() }
        case "UPPER": kept = kept.map { $0.uppercased() }
        default: break
        }
        if kept.isEmpty { kept = [""] }
        return [.strings(StringTensor(kept, shape: texts.shape.dropLast() + [kept.count]))]
    }
    table.add("RegexFullMatch", since: 20, 1...1) { call in
        let texts = try call.strings(0)
        let pattern = try call.string("pattern", "")
        let regex: Regex<AnyRegexOutput>
        // Word boundaries are between single characters, as in RE2, not those of the words of a language.
        do { regex = try Regex(pattern).wordBoundaryKind(.simple) } catch {
            throw Problem("the pattern \(quoted(pattern)) is not a regular expression", kind: .invalid)
        }
        return one(Tensor(try texts.elements.map { try regex.wholeMatch(in: $0) != nil }, shape: texts.shape))
    }
    table.add("TfIdfVectorizer", since: 9, 1...1, countNgrams)
}

/// Splits a text at delimiters; an empty delimiter is any white space.
private func split(_ text: String, _ delimiter: String, _ limit: Int) -> [String] {
    if delimiter.isEmpty {
        var parts: [String] = []
        var rest = text[...]
        while true {
            rest = rest.drop { $0.isWhitespace }
            if rest.isEmpty { return parts }
            if parts.count == limit {
                while rest.last?.isWhitespace == true { rest.removeLast() }
                return parts + [String(rest)]
            }
            parts.append(String(rest.prefix { !$0.isWhitespace }))
            rest = rest.drop { !$0.isWhitespace }
        }
    }
    var parts: [String] = []
    var rest = text[...]
    while parts.count < limit, let found = rest.unicodeScalars.firstRange(of: delimiter.unicodeScalars) {
        parts.append(String(rest[..<found.lowerBound]))
        rest = rest[found.upperBound...]
    }
    return parts + [String(rest)]
}

@Sendable private func countNgrams(_ call: Call) throws -> [ONNXValue] {
    let mode = try call.choice("mode", "TF", of: ["TF", "IDF", "TFIDF"])
    let starts = try call.ints("ngram_counts") ?? []
    let columns = try call.ints("ngram_indexes") ?? []
    let pool = (try call.strings("pool_strings") ?? (try call.ints("pool_int64s") ?? []).map { "\($0)" })
        .map { ONNXKey.string($0) }
    let weights = try call.floats("weights")
    let (least, most) = (try call.int("min_gram_length", 1), try call.int("max_gram_length", 1))
    let skips = try call.int("max_skip_count", 0)
    guard least > 0, most >= least, (0...1000).contains(skips), columns.allSatisfy({ $0 >= 0 && $0 < 1 << 30 }),
        starts.allSatisfy({ (0...pool.count).contains($0) }), starts == starts.sorted(), most <= pool.count
    else { throw Problem("the attributes of the n-grams are inconsistent", kind: .invalid) }
    // The column of each n-gram.
    var table: [[ONNXKey]: Int] = [:]
    var number = 0
    for (index, start) in starts.enumerated() {
        let size = index + 1
        let end = size < starts.count ? starts[size] : pool.count
        for first in stride(from: start, to: end - size + 1, by: size) {
            guard number < columns.count else { throw Problem("more n-grams than ngram_indexes", kind: .invalid) }
            if table[Array(pool[first..<(first + size)])] == nil { table[Array(pool[first..<(first + size)])] = number }
            number += 1
        }
    }
    let texts: StringTensor
    if case .strings(let strings) = try call.value(0) {
        texts = strings
    } else {
        texts = StringTensor(try call.integers(0).map { "\($0)" }, shape: try call.tensor(0).shape)
    }
    guard texts.shape.count <= 2 else { throw Problem("an input of shape \(texts.shape)", expected: "[C] or [N, C]") }
    let width = (columns.max() ?? -1) + 1
    let length = texts.shape.last ?? 1
    let rows = texts.shape.count == 2 ? texts.shape[0] : 1
    try call.check(shape: [rows, width])
    var counts = [Float](repeating: 0, count: rows * width)
    for row in 0..<rows {
        let words = texts.elements[(row * length)..<((row + 1) * length)].map { ONNXKey.string($0) }
        for size in least...most {
            for skip in 0...(size == 1 ? 0 : skips) {
                let step = skip + 1
                for first in 0..<max(0, words.count - (size - 1) * step) {
                    let gram = (0..<size).map { words[first + $0 * step] }
                    guard let found = table[gram] else { continue }
                    let position = row * width + columns[found]
                    let weight = weights.map { found < $0.count ? $0[found] : 1 } ?? 1
                    switch mode {
                    case "TF": counts[position] += 1
                    case "IDF": counts[position] = weight
                    default: counts[position] += weight
                    }
                }
            }
        }
    }
    return one(Tensor(counts, shape: texts.shape.count == 2 ? [rows, width] : [width]))
}
