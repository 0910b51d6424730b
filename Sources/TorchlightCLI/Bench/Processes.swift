import ArgumentParser
import Glibc
import Torchlight

/// The process that `cold_start` measures: it adds 1 to two ones, sums them and prints the result.
struct ColdStart: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench-cold-start", shouldDisplay: false)

    func run() {
        let x = Tensor.ones(2)
        say("\((x + 1).sum().item())")
    }
}

/// Runs this program with other arguments and waits for it; its output is discarded.
func runSelf(_ arguments: [String]) throws {
    var bytes = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &bytes, bytes.count - 1)
    guard length > 0 else { throw Failure("bench: cannot find this program") }
    try run(String(decoding: bytes[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self), arguments)
}

/// Runs a program, searched in PATH, and waits for it; its output is discarded.
func run(_ path: String, _ arguments: [String]) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for case let argument? in argv { free(argument) } }
    var child = pid_t()
    guard posix_spawnp(&child, path, &actions, nil, &argv, environ) == 0 else {
        throw Failure("bench: cannot start \(path)")
    }
    var status: Int32 = 0
    // A signal to this process interrupts the wait; the status is not written then.
    while waitpid(child, &status, 0) < 0 {
        guard errno == EINTR else { throw Failure("bench: no status of \(path): \(String(cString: strerror(errno)))") }
    }
    guard status == 0 else { throw Failure("bench: \(path) failed") }
}

/// Copies a file with `cp` and synchronises the copy to the disk.
func copyFile(_ path: String, to copy: String) throws {
    try run("cp", [path, copy])
    let descriptor = open(copy, O_RDONLY)
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Failure("bench: cannot flush \(copy)") }
}

/// Calls `body` with a path of a temporary file, which is removed afterwards.
func withTemporaryFile(_ name: String, _ body: (String) throws -> Void) throws {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let path = "\(folder)/\(getpid())-\(name)"
    defer { unlink(path) }
    try body(path)
}
