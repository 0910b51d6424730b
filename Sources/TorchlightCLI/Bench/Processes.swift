import ArgumentParser
import Glibc
import Torchlight

/// What `cold_start` times: a new process that adds 1 to two ones, sums them and prints the number.
struct ColdStart: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench-cold-start", shouldDisplay: false)

    func run() {
        let x = Tensor.ones(2)
        say("\((x + 1).sum().item())")
    }
}

/// Runs this program with other arguments and waits for it; its output is thrown away.
func runSelf(_ arguments: [String]) throws {
    var bytes = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &bytes, bytes.count - 1)
    guard length > 0 else { throw Failure("bench: cannot find this program") }
    let path = String(decoding: bytes[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for case let argument? in argv { free(argument) } }
    var child = pid_t()
    guard posix_spawn(&child, path, &actions, nil, &argv, environ) == 0 else {
        throw Failure("bench: cannot start a process")
    }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    guard status == 0 else { throw Failure("bench: the started process failed") }
}

/// A path for a file that is removed afterwards.
func withTemporaryFile(_ name: String, _ body: (String) throws -> Void) throws {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let path = "\(folder)/\(getpid())-\(name)"
    defer { unlink(path) }
    try body(path)
}
