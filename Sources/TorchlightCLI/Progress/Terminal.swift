import Glibc
import Synchronization
import TorchlightIO

/// The terminal, the clock and the memory of the process.
enum Terminal {
    /// Whether a file descriptor is a terminal.
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The number of columns of a terminal; 80 if it is unknown.
    static func columns(_ descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The first error while writing to standard output; 0 if there is none.
    private static let outputError = Atomic<Int32>(0)

    /// Why writing to standard output failed; nil if it did not. After a failure the program must not exit with status
    /// 0.
    static var outputFailure: Failure? {
        let code = outputError.load(ordering: .relaxed)
        return code == 0 ? nil : Failure("cannot write to standard output: \(String(cString: strerror(code)))")
    }

    /// Prepares the process: signals of failing writes are ignored, so that the writes return errors, and closed
    /// standard streams are opened, so that no other file gets their descriptors.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // Opened with the wrong access mode, so that using it is an error as before.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes text to a file descriptor, and waits if it cannot be written at once. A closed pipe is not an error;
    /// another failure of standard output is stored in ``outputFailure``.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count >= 0 {
                    written += count
                    continue
                }
                switch errno {
                case EINTR: continue
                case EAGAIN:
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&waiting, 1, -1)
                case EPIPE: return
                default:
                    if descriptor == STDOUT_FILENO {
                        _ = outputError.compareExchange(expected: 0, desired: errno, ordering: .relaxed)
                    }
                    return
                }
            }
        }
    }
}

/// Seconds of a monotonic clock.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The peak memory of the process in bytes. (That of getrusage includes the peak of the parent process.)
func peakMemoryBytes() -> Int { memoryBytes("VmHWM:") }

/// The current memory of the process in bytes.
func currentMemoryBytes() -> Int { memoryBytes("VmRSS:") }

/// A value of `/proc/self/status`, which is in kilobytes; 0 if it is missing.
private func memoryBytes(_ name: String) -> Int {
    guard let text = try? FileSystem.read("/proc/self/status") else { return 0 }
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where line.hasPrefix(name) {
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }.map {
            $0 * 1024
        } ?? 0
    }
    return 0
}
