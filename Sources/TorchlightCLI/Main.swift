import ArgumentParser
import Glibc
import Torchlight
import TorchlightIO
import TorchlightModels
import TorchlightONNX
import TorchlightTokenizers

/// The command line tool: `torchlight train ...`, `torchlight inspect ...`, `torchlight bench ...`.
@main
struct TorchlightCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torchlight",
        abstract: "Train neural networks, use language models, inspect files, and measure performance.",
        version: "0.1.0",
        subcommands: [
            Train.self, Inspect.self, RunProgram.self, Convert.self, Diff.self, ONNXCommand.self, Generate.self,
            ChatCommand.self, Embed.self, PerplexityCommand.self, Tokenize.self, Bench.self, ColdStart.self,
            GrowthPointCommand.self,
        ])

    /// Exits with status 0 on success, 2 for an invalid command line, and 1 for all other errors, with one line on
    /// standard error.
    static func main() {
        Terminal.prepare()
        do {
            var command = try parseAsRoot()
            try command.run()
            if let failure = Terminal.outputFailure { throw failure }
            Glibc.exit(0)
        } catch let failure as Failure {
            end(failure.text, status: failure.status)
        } catch let error as IOError {
            // The text without the fix, which is Swift code.
            end(error.text)
        } catch let error as ONNXError {
            end("\(error)")
        } catch let error as ModelError {
            end("\(error)")
        } catch let error as TokenizerError {
            end("\(error)")
        } catch let error as TensorError {
            end("\(error)")
        } catch let error as StateMappingError {
            end("\(error)")
        } catch {
            let isHelp = exitCode(for: error) == .success
            let text = fullMessage(for: error)
            Terminal.write(text.hasSuffix("\n") ? text : text + "\n", to: isHelp ? STDOUT_FILENO : STDERR_FILENO)
            if let failure = Terminal.outputFailure { end(failure.text) }
            Glibc.exit(isHelp ? 0 : 2)
        }
    }

    private static func end(_ text: String, status: Int32 = 1) -> Never {
        Terminal.write("error: \(text)\n", to: STDERR_FILENO)
        Glibc.exit(status)
    }
}

/// An error that ends a command: one line for standard error, and the exit status.
struct Failure: Error {
    let text: String
    var status: Int32 = 1

    init(_ text: String, status: Int32 = 1) {
        self.text = text.split(separator: "\n").joined(separator: " ")
        self.status = status
    }
}

/// Writes a line to standard output without buffering.
func say(_ text: String) { writeText(text + "\n") }

/// Writes a part of a line to standard output without buffering.
func writeText(_ text: String) { Terminal.write(text, to: STDOUT_FILENO) }
