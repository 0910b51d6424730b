import CKernels
import Runtime
import Synchronization

/// Where an operation was called: the first frame of the stack outside the framework.
struct CallSite: Sendable {
    private let backtrace: Backtrace?
    private let modulePath: String?

    init() {
        backtrace = try? Backtrace.capture(limit: 48)
        modulePath = ThreadContext.existing?.modulePathText
    }

    /// "Train.swift:41 in main (in encoder.fc1)", as far as the program's debug information goes.
    var text: String {
        var place: String?
        for frame in backtrace?.symbolicated()?.frames ?? [] {
            guard let source = frame.symbol?.sourceLocation, source.line > 0, Self.isOfTheProgram(source.path) else {
                continue
            }
            place = "\(source.path.split(separator: "/").last ?? "?"):\(source.line)"
            break
        }
        var text = place ?? "an unknown place (build with debug information to see it)"
        if let modulePath { text += " (in \(modulePath))" }
        return text
    }

    /// Whether a frame is the user's: not the framework's own, and not what a macro expanded to.
    static func isOfTheProgram(_ path: String) -> Bool {
        let others = [
            "TorchlightCore/", "TorchlightNN/", "TorchlightOptim/", "TorchlightData/", "TorchlightIO/",
            "TorchlightTraining/", "swiftmacro",
        ]
        // Code that the compiler made, such as initialisers and witnesses of protocols, has a name in angle brackets.
        return !path.isEmpty && !path.contains("<") && !others.contains { path.contains($0) }
    }
}

/// Whether nodes remember where they were made. It costs a stack walk an operation, so only anomaly detection and the
/// watch for kept graphs switch it on.
enum CallSites {
    private static let users = Atomic<Int>(0)

    static var areRecorded: Bool {
        @inline(__always) get { users.load(ordering: .relaxed) > 0 }
    }
    static func begin() { users.add(1, ordering: .relaxed) }
    static func end() { users.subtract(1, ordering: .relaxed) }
    static func capture() -> CallSite { CallSite() }
}
