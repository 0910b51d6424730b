import Testing
import TorchlightIO

/// What the documentation shows compiles: every snippet of an article is in a file ArticleSnippets*.swift.
@Suite("Articles")
struct ArticleTests {
    static let folder = "Docs/Torchlight.docc"
    static let articles = FileSystem.names(in: "\(Repository.root)/\(folder)").filter { $0.hasSuffix(".md") }.sorted()

    @Test("Each snippet is code that these tests compile", arguments: articles)
    func snippetsCompile(_ article: String) throws {
        let compiled = try ["ArticleSnippets", "ArticleSnippets+Libraries", "ArticleSnippets+Concurrency"].map {
            characters(of: try Repository.text("Tests/ExampleTests/\($0).swift"))
        }.joined()
        for snippet in try Repository.text("\(Self.folder)/\(article)").parts(between: "```swift\n", and: "```") {
            let wanted = characters(of: snippet.split(separator: "import Torchlight\n").joined())
            #expect(!wanted.isEmpty && compiled.contains(wanted), "\(article) shows code that is not compiled")
        }
    }

    @Test("The first page leads to every article")
    func firstPageNamesAll() throws {
        let first = try Repository.text("\(Self.folder)/Torchlight.md")
        for article in Self.articles where article != "Torchlight.md" {
            #expect(first.contains("<doc:\(article.dropLast(3))>"), "\(article)")
        }
    }

    /// Without white space, in which a page and a source file differ.
    private func characters(of text: String) -> String { text.filter { !$0.isWhitespace } }
}
