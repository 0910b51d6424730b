import Testing

@testable import TorchlightIO

@Suite struct IOErrorTests {
    @Test func readsAsOneLineWithFileOffsetAndRule() {
        let error = IOError(.malformed, "idx", file: "a.idx", offset: 4, "3 dimensions", expected: "1")
        #expect(error.description == "idx: a.idx, byte 4: 3 dimensions; expected 1")
        #expect(IOError(.notFound, "read", file: "b", "gone").description == "read: b: gone")
    }

    @Test func escapesWhatWouldBreakTheLine() {
        let error = IOError(.malformed, "read", file: "a\nb", "found \u{1b}[31m\r\u{2028}")
        #expect(error.description == "read: a\\u{a}b: found \\u{1b}[31m\\u{d}\\u{2028}")
        #expect(IOError.quoted(String(repeating: "x", count: 200)).count == 85)
    }
}
