import Glibc
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

    /// Writes text to an open file; a reader that went away is no error here.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count < 0, errno != EINTR { return }
                written += max(count, 0)
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
