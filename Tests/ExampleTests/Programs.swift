import Glibc
import TorchlightIO

struct Failed: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

/// The path of an executable that was built with the tests.
func program(_ name: String) throws -> String {
    var bytes = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &bytes, bytes.count - 1)
    let path = String(decoding: bytes[..<max(length, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    guard FileSystem.isFile("/\(folder)/\(name)") else { throw Failed("there is no program \(name) beside the tests") }
    return "/\(folder)/\(name)"
}

/// Runs a program to its end and gives what it printed; fails if it fails.
@discardableResult
func run(
    _ program: String, _ arguments: [String] = [], in folder: String, environment: [String: String] = [:]
) throws -> String {
    let result = try runAny(program, arguments, in: folder, environment: environment)
    guard result.status == 0 else { throw Failed("\(program) ended with \(result.status): \(result.errors)") }
    return result.output
}

/// Waits for a child process to end and returns its status as the system gives it.
///
/// A signal to this process interrupts the wait, and the status is not written then.
func waitForEnd(of child: pid_t) throws -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
        guard errno == EINTR else { throw Failed("no status of process \(child): \(String(cString: strerror(errno)))") }
    }
    return status
}

/// Runs a program to its end, whatever that is.
func runAny(
    _ program: String, _ arguments: [String] = [], in folder: String, environment: [String: String] = [:]
) throws -> (status: Int32, output: String, errors: String) {
    var texts: [String] = []
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var template = Array("/tmp/torchlight-output-XXXXXX".utf8CString)
    let descriptors = try (0..<2).map { _ in
        template = Array("/tmp/torchlight-output-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Failed("no temporary file") }
        unlink(template)
        // Not for programs that other tests start.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }
    for (number, descriptor) in descriptors.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number + 1))
    }
    var variables: [String] = []
    var next = environ
    while let entry = next.pointee {
        let text = String(cString: entry)
        if !environment.keys.contains(where: { text.hasPrefix("\($0)=") }) { variables.append(text) }
        next += 1
    }
    variables += environment.map { "\($0)=\($1)" }
    // The shell changes the folder; it then becomes the program, so that status and signals are the program's own.
    let command = ["/bin/sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder, program] + arguments
    var argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { for case let text? in argv + envp { free(text) } }
    var child = pid_t()
    guard posix_spawn(&child, "/bin/sh", &actions, nil, &argv, &envp) == 0 else {
        throw Failed("cannot start \(program)")
    }
    let status = try waitForEnd(of: child)
    for descriptor in descriptors {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        lseek(descriptor, 0, SEEK_SET)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        close(descriptor)
        texts.append(String(decoding: bytes, as: UTF8.self))
    }
    return (status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F, texts[0], texts[1])
}
