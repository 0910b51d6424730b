import Foundation
import TestSupport
import Testing
import TorchlightIO

/// Guesses that Swift cannot accept, and those that it accepts, are type-checked with the compiler that built the tests.
@Suite("Answered guesses")
struct AnsweredTests {
    /// A line of Answered.txt.
    struct Guess {
        let code: String
        let answer: String
    }

    static let folder = "Tests/GuessTests"

    static func guesses() throws -> [Guess] {
        try SourceTree.text("\(folder)/Answered.txt").split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let parts = String(line).components(separatedBy: " => ")
            try #require(parts.count == 2, "a line of Answered.txt is a guess, \" => \", and a text: \(line)")
            return Guess(code: parts[0], answer: parts[1])
        }
    }

    /// The most scopes that the type checker may open for one expression: a measure of its work that does not depend on
    /// the machine. The formulae below take less than 300, the guesses less than 3,000; the compiler gives up at a
    /// million.
    static let largestScopeCount = 3_000

    /// A file with a function for each guess; the names that the guesses use are its parameters.
    private static func source(_ guesses: [Guess]) -> String {
        var text = """
            import Torchlight
            final class Pair: Module {
                func forward(_ a: Tensor, _ b: Tensor) -> (Tensor, Tensor) { (a, b) }
            }

            """
        for (number, guess) in guesses.enumerated() {
            text += """
                func guess\(number)(
                    _ x: Tensor, _ y: Tensor, _ m: Tensor, _ index: Tensor, _ target: Tensor, _ model: Linear, _ pair: Pair,
                    _ optimizer: SGD, _ dataset: TensorDataset<(Tensor, Tensor)>,
                    _ loader: DataLoader<(Tensor, Tensor)>, _ state: StateDict
                ) {
                \(guess.code)
                }

                """
        }
        return text
    }

    /// The first line of the first guess in `source`, and the number of lines of a guess.
    private static let (firstLine, linesEach) = (5, 7)

    @Test("Every guess that Swift cannot accept is answered with the form to write")
    func namesTheRightForm() throws {
        guard let compiler = try Compiler.find() else { return }
        let guesses = try Self.guesses()
        let folder = TemporaryFolder()
        let path = "\(folder.path)/Answered.swift"
        try AtomicFile.write(Array(Self.source(guesses).utf8), to: path)
        let output = try compiler.check(
            [path], in: folder, ["-Xfrontend", "-typo-correction-limit", "-Xfrontend", "1000"])
        var messages: [Int: String] = [:]
        for line in output.split(separator: "\n") where line.hasPrefix(path) {
            let parts = line.dropFirst(path.count + 1).split(separator: ":", maxSplits: 2)
            guard let number = parts.first.flatMap({ Int($0) }), line.contains(": error: ") || line.contains(": note: ")
            else { continue }
            messages[(number - Self.firstLine) / Self.linesEach, default: ""] += line + "\n"
        }
        for (number, guess) in guesses.enumerated() {
            let message = messages[number] ?? ""
            #expect(message.contains("error:"), "it compiles: \(guess.code)")
            #expect(message.contains(guess.answer), "\(guess.code)\n\(message)")
        }
    }

    @Test("There are at least 400 guesses")
    func count() throws {
        let files = try SourceTree.files(in: "\(Self.folder)/Guesses", ["swift"])
        let accepted = files.reduce(0) { $0 + $1.1.matches(of: /(?m)^ +(?:same|shape)\(/).count }
        #expect(accepted + (try Self.guesses().count) >= 400)
    }

    @Test("Guesses and long formulae type-check with bounded work a line")
    func typeChecksFast() throws {
        guard let compiler = try Compiler.find() else { return }
        let folder = TemporaryFolder()
        var paths = ["\(folder.path)/Formulae.swift", "\(folder.path)/Stubs.swift"]
        try AtomicFile.write(Array(Self.formulae.utf8), to: paths[0])
        try AtomicFile.write(Array(Self.stubs.utf8), to: paths[1])
        for (path, text) in try SourceTree.files(in: "\(Self.folder)/Guesses", ["swift"]) {
            // Without the macros of the tests, whose expansions are not what a user writes.
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix("@Suite") && !$0.hasPrefix("import Test") }
                .map { $0.replacing("    @Test func", with: "    func") }
            paths.append("\(folder.path)/\(path)")
            try AtomicFile.write(Array(lines.joined(separator: "\n").utf8), to: paths.last!)
        }
        let output = try compiler.check(
            paths, in: folder, ["-Xfrontend", "-solver-scope-threshold=\(Self.largestScopeCount)"])
        #expect(!output.contains("error:"), "\(output)")
    }

    /// What Checks.swift and TestSupport declare, without the testing library.
    private static let stubs = """
        import Torchlight
        func same(_ got: Tensor, _ expected: Tensor) {}
        func same(_ got: [Tensor], _ expected: [Tensor]) {}
        func same(_ got: (values: Tensor, indices: Tensor), _ expected: (values: Tensor, indices: Tensor)) {}
        func same<T: Equatable>(_ got: T, _ expected: T) {}
        func shape(_ got: Tensor, _ expected: [Int]) {}
        func shape(_ got: Tensor, _ expected: [Int], _ dtype: DType) {}
        struct Samples {
            let x = zeros(2, 3), y = zeros(2, 3), v = zeros(3), w = zeros(3, 2), i = arange(3), image = zeros(1, 1, 8, 8)
        }
        final class TemporaryFolder { let path = "" }
        """

    /// Long expressions of common programs.
    private static let formulae = """
        import Torchlight
        func formulae(_ x: Tensor, _ y: Tensor, _ w: Tensor, _ n: Int, _ lr: Double) -> [Tensor] {
            let kl = -0.5 * (1 + x - x.pow(2) - x.exp()).sum(1).mean()
            let gelu = 0.5 * x * (1 + (0.7978845608 * (x + 0.044715 * x * x * x)).tanh())
            let adam = w - lr * (x / (1 - 0.9)) / ((y / (1 - 0.999)).sqrt() + 1e-8)
            let attention = softmax((x.view(n, 4, -1) • y.view(n, 4, -1).transpose(1, 2)) / Double(n).squareRoot(), -1)
            let iou = (x * y).sum() / (x.sum() + y.sum() - (x * y).sum() + 1e-6)
            let normalised = (x - x.mean(0)) / (x.std(0) + 1e-5) * w + y
            let distance = (x.pow(2).sum(1, keepdim: true) + y.pow(2).sum(1) - 2 * x • y.T).clamp(min: 0).sqrt()
            let polynomial = 1 + 2 * x - 3 * x * x + 4 * x * x * x - 5 * x * x * x * x + 6 * x * x * x * x * x
            let mask = (x[.all, 0] > 0.5) & (x[.all, 1] < 0.5) | (x[.all, 2] .== 1) & !(y[.all, 0] .== 0)
            let indexed = x[..., 0] * 2 + x[..., 1] * 3 - x[0, 1] * y[1, 0] / (x[1, 1] + 1)
            let accuracy = Double((x.argmax(1) .== y.argmax(1)).float().sum()) / Double(x.size(0)) * 100
            let holds = w.item() == 1 + 2 + 2 + 5 + 10
            let total = x[0].item() + y[0].item() * 2 - Double(n) / 3 + Double(x.numel) * 0.5
            return [
                kl, gelu, adam, attention, iou, normalised, distance, polynomial, mask, indexed, Tensor(accuracy),
                Tensor(total), Tensor(holds),
            ]
        }
        """
}
