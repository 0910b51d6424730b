import Testing

@testable import TorchlightIO

@Suite struct JSONTests {
    func parse(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8), file: "test.json") }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "12", "-1.5e+10", "1E400", "\"\"", "[]", "{}", "[1,[2,{}],\"a\"]",
        "{\"a\":1,\"b\":[null],\"\":\"\\\"\\\\\\n\\u0001\"}", "\"é😀\"", "123456789012345678901234567890",
    ])
    func writesWhatItReads(text: String) throws {
        #expect(try parse(text).text() == text)
        #expect(try parse(" \n\t\r" + text + " ").text() == text)
    }

    @Test(arguments: [
        "", " ", "nul", "truee", "01", "+1", "1.", ".5", "1e", "-", "0x1", "NaN", "'a'", "\"", "\"\\x\"", "\"\\u12g4\"",
        "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\u{1}\"", "[1,]", "[,1]", "[1 2]", "[1", "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[] []", "\u{feff}[]",
        "/**/1",
        "1\u{0}",
    ])
    func refuses(text: String) {
        #expect(throws: IOError.self) { try parse(text) }
    }

    @Test func refusesBytesThatAreNotUTF8() {
        for bytes: [UInt8] in [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]] {
            #expect(throws: IOError.self) { try JSON.parse(bytes, file: "test.json") }
        }
    }

    @Test func readsEscapes() throws {
        #expect(try parse("\"\\u00e9\\ud83d\\ude00\\b\\f\\/\"").string == "é😀\u{8}\u{c}/")
        // Two spellings of one letter are two names, as the bytes say.
        #expect(try parse("{\"\\u00e9\":1,\"e\\u0301\":2}").members?.count == 2)
    }

    @Test func numbersKeepTheirDigits() throws {
        #expect(try parse("9223372036854775807").int == .max)
        #expect(try parse("9223372036854775808").int == nil)
        #expect(try parse("1.0").int == nil)
        #expect(try parse("0.1").double == 0.1)
    }

    @Test func boundsItsDepth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(try parse(nested(64)).elements?.count == 1)
        #expect(throws: IOError.self) { try parse(nested(65)) }
        #expect(throws: IOError.self) { try parse(String(repeating: "{\"a\":", count: 100_000)) }
    }

    @Test func tellsWhere() throws {
        let error = #expect(throws: IOError.self) { try parse("{\"a\": [1, x]}") }
        #expect(error?.offset == 10)
        #expect(try parse("{\"a\": [1, 2]}")["a"]?.elements?[1].offset == 10)
    }

    @Test func writesWithIndentation() {
        let json: JSON = ["name": "a", "values": [1, 2.5, .double(.infinity)], "empty": [], "none": nil]
        #expect(
            json.text(indented: true) == """
                {
                  "name": "a",
                  "values": [
                    1,
                    2.5,
                    null
                  ],
                  "empty": [],
                  "none": null
                }
                """)
    }
}
