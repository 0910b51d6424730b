import Testing

@testable import TorchlightTokenizers

private typealias Pattern = TorchlightTokenizers.Regex

/// Regular expressions match as Oniguruma does.
@Suite struct RegexTests {
    private func matches(_ pattern: Pattern, _ text: String) throws -> [String] {
        var text = text
        var found: [String] = []
        try text.withUTF8 { bytes in
            try pattern.forEachMatch(in: bytes) {
                found.append(String(decoding: UnsafeBufferPointer(rebasing: bytes[$0..<$1]), as: UTF8.self))
            }
        }
        return found
    }

    /// Pattern, text and matches, as recorded with the Oniguruma of Hugging Face's tokenizers.
    private static let cases: [(String, String, [String])] = [
        ("a|ab", "abab", ["a", "a"]),
        ("a{2,3}", "aaaaaaa", ["aaa", "aaa"]),
        ("a{2,3}?", "aaaaa", ["aa", "aa"]),
        ("a*", "baac", ["", "aa", ""]),
        ("(?:ab)+", "ababxab", ["abab", "ab"]),
        ("a+?b", "aaab", ["aaab"]),
        ("a++b", "aaab", ["aaab"]),
        ("a++a", "aaa", []),
        ("(?>a+)a", "aaa", []),
        ("x(?=y)", "xyxz", ["x"]),
        ("x(?!y)", "xyxz", ["x"]),
        ("(?<=a)b", "abcb", ["b"]),
        ("(?<!a)b", "abcb", ["b"]),
        ("(?<=ab|c)x", "abxcxax", ["x", "x"]),
        ("^a", "a\na", ["a", "a"]),
        ("a$", "a\na", ["a", "a"]),
        ("\\Aa", "a\na", ["a"]),
        ("a\\z", "a\na", ["a"]),
        ("\\bfoo\\b", "foo food foo", ["foo", "foo"]),
        ("\\Boo", "foo oo", ["oo"]),
        (".", "a\n", ["a"]),
        ("(?m:.)", "a\n", ["a", "\n"]),
        ("[[:alpha:]]+", "ab1é", ["ab", "é"]),
        ("[[:^digit:]]+", "ab1c", ["ab", "c"]),
        ("[a-c&&[^b]]+", "abcb", ["a", "c"]),
        ("[^a-c]", "abd", ["d"]),
        ("[]a]+", "a]b", ["a]"]),
        ("[a\\-z]+", "a-zb", ["a-z"]),
        ("[\\w-]+", "ab-c d", ["ab-c", "d"]),
        ("\\p{Lu}\\p{Ll}*", "Abc Ébc", ["Abc", "Ébc"]),
        ("\\p{^L}+", "ab12", ["12"]),
        ("\\P{L}+", "ab12", ["12"]),
        ("\\p{Han}+", "漢字kana", ["漢字"]),
        ("\\p{Hiragana}+", "ひらカ", ["ひら"]),
        ("(?i)straSSe", "STRASSE", ["STRASSE"]),
        ("(?i:'s)", "'S'ſ's", ["'S", "'ſ", "'s"]),
        ("(?i)[a-c]+", "aBC", ["aBC"]),
        ("a(?i)b|c", "aBaC", ["aB", "aC"]),
        ("\\x41\\u0042", "AB", ["AB"]),
        ("\\h+", "12fg", ["12f"]),
        ("\\R", "a\r\nb\n", ["\r\n", "\n"]),
        ("(?x) a b # comment", "ab", ["ab"]),
        ("a{,2}", "aaa", ["aa", "a"]),
        ("a{x", "a{x", ["a{x"]),
        ("(?:a|b)*?c", "abc", ["abc"]),
        ("(?:a?)*b", "aab", ["aab"]),
        ("\\s+(?!\\S)|\\s+", "a   b  ", ["  ", " ", "  "]),
        ("\\d+", "12٣4", ["12٣4"]),
        ("\\w+", "aⅧ²①ⓐ_\u{301}", ["aⅧ²", "ⓐ_\u{301}"]),
        ("\\s", "\u{85}\u{a0}\u{3000}\u{200b}", ["\u{85}", "\u{a0}", "\u{3000}"]),
        ("", "ab", ["", "", ""]),
    ]

    @Test func matchesAreThoseOfOniguruma() throws {
        for (pattern, text, expected) in Self.cases {
            let found = try matches(Pattern(pattern), text)
            #expect(same(found, expected), "\(pattern) on \(text.debugDescription) gives \(found), not \(expected)")
        }
    }

    @Test func malformedPatternsAreErrors() {
        let patterns = [
            "(", ")", "a)", "[a", "[", "*a", "a{2,1}", "\\p{Nothing}", "\\p{L", "(?z)", "(?<=a*)b", "\\1", "a\\",
            "[b-a]",
            "\\x{110000}", String(repeating: "(", count: 5000), String(repeating: "[", count: 5000),
            "(?:(?:a{1000}){1000}){1000}", "(?:ab){100000}", "a{100001}",
        ]
        for pattern in patterns {
            #expect(throws: TokenizerError.self, "\(pattern.prefix(60))") { _ = try Pattern(pattern) }
        }
    }

    /// Exponential patterns end with an error instead of running for years.
    @Test func exponentialPatternsAreErrors() throws {
        let text = String(repeating: "a", count: 60) + "!"
        for pattern in ["(?:a+)+$", "(?:a|a)*$", "(?:a|aa)+$", "(?:a*)*b", "(?:.*.*.*.*.*.*.*.*.*.*)x"] {
            let pattern = try Pattern(pattern)
            #expect(throws: TokenizerError.self, "\(pattern.pattern)") { _ = try matches(pattern, text) }
        }
    }

    /// The hand-written functions for well-known patterns match as the patterns do.
    @Test func knownPatternsMatchAsTheirExpressions() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let alphabet = Array(
            "abcXYZ  \t\n\r'''sStTdDmlLrRvVeE012²٣Ⅷ.,!?-éßſK漢字かな🙂\u{301}\u{a0}\u{3000}\u{200b}\u{85}\u{2028}"
                .unicodeScalars)
        var texts = Fixtures.texts
        var generator = SeededGenerator(seed)
        for _ in 0..<3000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...14, using: &generator) {
                text.append(alphabet.randomElement(using: &generator)!)
            }
            texts.append(String(text))
        }
        for pattern in [KnownPattern.gpt2Pattern, KnownPattern.llama3Pattern, KnownPattern.qwen2Pattern] {
            #expect(KnownPattern(pattern) != nil)
            let (known, interpreted) = (try Pattern(pattern), try Pattern(interpreting: pattern))
            for text in texts {
                let (left, right) = (try matches(known, text), try matches(interpreted, text))
                #expect(same(left, right), "seed \(seed): \(text.debugDescription) gives \(left), not \(right)")
            }
        }
    }
}
