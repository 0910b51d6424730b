import ArgumentParser
import Glibc
import Torchlight
import TorchlightIO
import TorchlightModels

/// The command `torchlight chat`.
struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talk with a language model that has a chat template.",
        discussion: """
            Each line of standard input is a message. /reset starts anew, /exit or the end of the input ends the chat. Ctrl-C ends \
            the chat after the current token, and a second one ends the program at once. The turns so far are computed once.
            """)

    @OptionGroup var arguments: ModelArguments
    @OptionGroup var generation: GenerationArguments
    @Option(help: "The system message.")
    var system: String?
    @Flag(help: "Do not print the numbers of tokens and tokens per second after each answer.")
    var quiet = false

    func run() throws {
        Interrupt.watch()
        let isTerminal = Terminal.isTerminal(STDIN_FILENO)
        try runConversation(
            read: {
                if isTerminal { Terminal.write("> ", to: STDERR_FILENO) }
                return Interrupt.isRequested ? nil : readLine()
            }, write: { writeText($0) },
            report: { if !quiet { Terminal.write($0 + "\n", to: STDERR_FILENO) } })
        if Interrupt.isRequested { throw Failure("interrupted", status: 130) }
    }

    /// Answers messages until there are no more.
    ///
    /// - Parameters:
    ///   - read: The next message.
    ///   - write: Is called with each piece of the answers.
    ///   - report: Is called with the speeds of each answer.
    func runConversation(read: () throws -> String?, write: (String) -> Void, report: (String) -> Void) throws {
        let generator = try arguments.generator()
        guard generator.chatTemplates != nil else {
            throw Failure("the model has no chat template; use torchlight generate")
        }
        try generation.apply(to: generator, arguments)
        var chat = Chat(generator, system: system)
        while let line = try read() {
            let message = line.trimmingPrefix { $0.isWhitespace }
            if message.isEmpty { continue }
            if message == "/exit" { return }
            if message == "/reset" {
                chat = Chat(generator, system: system)
                continue
            }
            let answer = try withoutActuallyEscaping(write) { write in
                try chat.answer(String(message)) { piece in
                    write(piece)
                    return !Interrupt.isRequested
                }
            }
            write("\n")
            report(speeds(answer))
        }
    }
}
