import Glibc
import Synchronization

/// Handles SIGINT, SIGTERM and SIGHUP between two steps. A second signal ends the process at once.
enum Interrupt {
    private static let flag = Atomic<Bool>(false)

    static var isRequested: Bool { flag.load(ordering: .relaxed) }

    static func watch() {
        // The first access initialises the flag; a signal handler may only store to it.
        flag.store(false, ordering: .relaxed)
        var watched = sigset_t()
        sigemptyset(&watched)
        for number in [SIGINT, SIGTERM, SIGHUP] where number != SIGHUP || !isIgnored(number) {
            sigaddset(&watched, number)
            signal(number) { number in
                Interrupt.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
        // A process inherits the blocked signals of the thread that started it.
        pthread_sigmask(SIG_UNBLOCK, &watched, nil)
    }

    /// Whether the signal was ignored when the process started, as with `nohup`.
    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
