import Glibc
import Synchronization
import TorchlightIO

/// What the process knows about its terminal, its clock and its memory.
enum Terminal {
    /// Whether an open file is a terminal.
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The number of columns of a terminal, 80 where it does not say.
    static func columns(_ descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The first error of writing to standard output; 0 where there was none.
    private static let outputError = Atomic<Int32>(0)

    /// Why standard output could not be written, after which the program must not end with success.
    static var outputFailure: Failure? {
        let code = outputError.load(ordering: .relaxed)
        return code == 0 ? nil : Failure("cannot write to standard output: \(String(cString: strerror(code)))")
    }

    /// Prepares the process for writing: signals of writing become errors, and no file that is opened later takes the number
    /// of a standard stream that is closed.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // Opened the wrong way, so that using it is an error as before.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes text to an open file, and waits where it does not take more at once. That a reader went away is no error; any
    /// other failure of standard output is kept in ``outputFailure``.
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

/// Seconds on a clock that never steps back.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The most memory that the process has held at once, in bytes. (What getrusage says begins with what the program that
/// started this one held.)
func peakMemoryBytes() -> Int { memoryBytes("VmHWM:") }

/// The memory that the process holds now, in bytes.
func currentMemoryBytes() -> Int { memoryBytes("VmRSS:") }

/// A line of the kernel's account of this process, which is in kilobytes; 0 where there is none.
private func memoryBytes(_ name: String) -> Int {
    guard let text = try? FileSystem.read("/proc/self/status") else { return 0 }
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where line.hasPrefix(name) {
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }.map {
            $0 * 1024
        } ?? 0
    }
    return 0
}
