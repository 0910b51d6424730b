/// A pattern of names such as `layers.*.weight`: `*` matches any text without a dot, `**` any text.
struct NamePattern: Sendable, Equatable {
    private enum Part: Equatable {
        case text([UInt8])
        /// A wildcard, which matches any text; with `dots` the text may contain dots.
        case any(dots: Bool)
    }

    let text: String
    private let parts: [Part]

    init(_ text: String) {
        self.text = text
        var parts: [Part] = []
        var literal: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "*") else {
                literal.append(byte)
                continue
            }
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = []
            let isDouble = bytes.first == byte
            if isDouble { bytes.removeFirst() }
            parts.append(.any(dots: isDouble))
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    /// The number of wildcards.
    var starCount: Int { parts.count { if case .any = $0 { true } else { false } } }

    /// The texts of the wildcards, each as short as possible from left to right; nil if the whole name does not match.
    func match(_ name: String) -> [String]? {
        let bytes = Array(name.utf8)
        var found: [Range<Int>] = []
        guard matches(bytes, from: 0, part: 0, &found) else { return nil }
        return found.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    private func matches(_ bytes: [UInt8], from start: Int, part: Int, _ found: inout [Range<Int>]) -> Bool {
        guard part < parts.count else { return start == bytes.count }
        switch parts[part] {
        case .text(let literal):
            guard bytes[start...].starts(with: literal) else { return false }
            return matches(bytes, from: start + literal.count, part: part + 1, &found)
        case .any(let dots):
            let count = found.count
            var end = start
            while true {
                found.append(start..<end)
                if matches(bytes, from: end, part: part + 1, &found) { return true }
                found.removeSubrange(count...)
                guard end < bytes.count, dots || bytes[end] != UInt8(ascii: ".") else { return false }
                end += 1
            }
        }
    }

    /// The pattern with its wildcards replaced by the texts, in order. There must be at least as many texts as
    /// wildcards.
    func filled(with texts: [String]) -> String {
        var result: [UInt8] = []
        var next = texts.makeIterator()
        for part in parts {
            switch part {
            case .text(let literal): result += literal
            case .any: result += (next.next() ?? "").utf8
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
