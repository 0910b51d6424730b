import Foundation
import TestSupport
import Testing
import TorchlightTokenizers

/// What lies in place of a file, a page of a server or a pointer of Git LFS, is named, and no vocabulary.
@Suite struct ReplacedFileTests {
    private let folder = TemporaryFolder()

    @Test func aVocabularyMayBeginWithASpecialToken() throws {
        let path = folder("words.txt")
        try "<s>\n</s>\n[UNK]\na\ntext\n".write(toFile: path, atomically: false, encoding: .utf8)
        #expect(try Tokenizer(path: path).encode("a text").ids == [3, 4])
    }

    @Test(arguments: ["tokenizer.json", "vocab.txt", "tokenizer.model", "other.json", "other.txt"])
    func pagesAndPointersAreNamed(_ name: String) throws {
        for (text, expected) in [
            ("<!DOCTYPE html>\n<html>404</html>\n", "a web page"), ("\u{feff} <html>", "a web page"),
            ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        ] {
            let path = folder(name)
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            for path in [path, name.hasPrefix("other") ? path : folder.path] {
                let error = #expect(throws: (any Error).self) { _ = try Tokenizer(path: path) }
                #expect("\(error as Any)".contains(expected), "\(name): \(error as Any)")
            }
        }
    }
}
