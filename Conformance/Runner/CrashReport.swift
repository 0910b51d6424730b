import Foundation

/// Names the case that is being replayed on standard error when it crashes, so that a trap says which call it was.
enum CrashReport {
    private static let capacity = 512
    nonisolated(unsafe) private static let text = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
    nonisolated(unsafe) private static var length = 0

    /// Installs the handlers; what they do is safe in a signal handler (a write and an exit).
    static func install() {
        for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGFPE, SIGBUS] {
            Foundation.signal(signal) { number in
                _ = Foundation.write(2, CrashReport.text, CrashReport.length)
                _exit(128 + number)
            }
        }
    }

    /// Says what is about to be replayed.
    static func enter(_ family: String, _ id: String) {
        let line = Array("conformance: \(family) \(id) crashed\n".utf8.prefix(capacity))
        for (i, byte) in line.enumerated() { text[i] = CChar(bitPattern: byte) }
        length = line.count
    }
}
