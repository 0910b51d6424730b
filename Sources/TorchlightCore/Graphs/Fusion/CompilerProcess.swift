import CKernels
import Glibc

/// The C compiler, run as a separate process.
struct CompilerProcess {
    /// The absolute path of the compiler.
    let path: String
    /// Size and modification time of the file, which identify the installed version.
    let identity: String

    /// The compiler named by TORCHLIGHT_COMPILER, or the first clang on the search path. nil if there is none, or if
    /// the variable is "none".
    static func find() -> CompilerProcess? {
        let requested = environment("TORCHLIGHT_COMPILER")
        if requested == "none" { return nil }
        if let requested { return CompilerProcess(path: requested) }
        for folder in (environment("PATH") ?? "/usr/local/bin:/usr/bin").split(separator: ":")
        where folder.hasPrefix("/") {
            if let compiler = CompilerProcess(path: folder + "/clang") { return compiler }
        }
        return nil
    }

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// nil if the file cannot be executed.
    init?(path: String) {
        var status = stat()
        guard path.hasPrefix("/"), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0
        else { return nil }
        self.path = path
        identity = "\(path) \(status.st_size) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)"
    }

    /// The compiler flags: those of the kernels of the library, for the instruction set in use.
    static var flags: [String] {
        let target: [String] =
            switch String(cString: tl_instruction_set()) {
            case "avx512": avx2 + ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"]
            case "avx2": avx2
            default: []
            }
        return [
            "-x", "c", "-std=gnu17", "-O3", "-shared", "-fPIC", "-fno-math-errno", "-ffp-contract=on", "-w",
            "-DTL_HAS_HALF=\(hasHalf ? 1 : 0)",
        ] + target
    }

    private static let avx2 = ["-mavx2", "-mfma", "-mf16c", "-mbmi", "-mbmi2", "-mlzcnt", "-mpopcnt"]

    private static var hasHalf: Bool {
        #if arch(arm64)
            true
        #else
            String(cString: tl_instruction_set()) != "baseline"
        #endif
    }

    /// The reason that a library was not compiled.
    enum Failure: Error {
        case notStarted(CInt)
        case exitStatus(CInt)
        case timeLimit
    }

    /// Compiles a file to a shared library. Terminates the compiler after `seconds`.
    func compile(_ source: String, to library: String, seconds: Double) throws(Failure) {
        let arguments = [path] + Self.flags + ["-o", library, source, "-lm"]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The compiler runs in its own process group, so that its child processes are terminated with it, and with
        // default signal handlers.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var process = pid_t()
        let pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let status = posix_spawn(&process, path, &actions, &attributes, pointers, environ)
        guard status == 0 else { throw .notStarted(status) }
        try wait(for: process, seconds: seconds)
    }

    private func wait(for process: pid_t, seconds: Double) throws(Failure) {
        var waited = 0.0
        var step = 0.001
        while true {
            var status: CInt = 0
            let answer = waitpid(process, &status, WNOHANG)
            if answer == process {
                guard status == 0 else { throw .exitStatus(status) }
                return
            }
            // The program ignores SIGCHLD, so that the exit status is not available.
            if answer < 0 && errno != EINTR { throw .exitStatus(-1) }
            if waited > seconds {
                kill(-process, SIGKILL)
                waitpid(process, &status, 0)
                throw .timeLimit
            }
            usleep(UInt32(step * 1e6))
            waited += step
            step = min(step * 1.5, 0.02)
        }
    }
}
