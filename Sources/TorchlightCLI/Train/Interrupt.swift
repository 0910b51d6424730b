import Glibc
import Synchronization

/// Ctrl-C, seen between two steps. A second one ends the process at once.
enum Interrupt {
    private static let flag = Atomic<Bool>(false)

    static var isRequested: Bool { flag.load(ordering: .relaxed) }

    static func watch() {
        // The first access initialises the flag; a signal handler may only store to it.
        flag.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interrupt.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}
