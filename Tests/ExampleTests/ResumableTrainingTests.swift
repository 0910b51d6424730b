import Glibc
import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// Runs the example as a user would whose machine fails again and again.
@Suite("Resumable training")
struct ResumableTrainingTests {
    private let folder = TemporaryFolder()
    private let program: String

    init() throws { program = try ExampleTests.program("ResumableTraining") }

    @Test("Killed at a hundred random moments it ends with the bits of a run that never stopped")
    func survivesKills() throws {
        var random = TestRandom("kills")
        var lastStep = 0
        // On a busy machine a start takes longer: as long as kills come before any progress, later ones wait longer.
        var longest = 90_000.0
        for kill in 1...100 {
            try start(
                folder("killed"), epochs: 100_000, killedAfter: UInt32(Double.random(in: 0...longest, using: &random)))
            let found = try CheckpointFolder(folder("killed")).latest()
            #expect(found != nil || lastStep == 0, "kill \(kill), seed \(TestRandom.seed)")
            #expect(found?.skipped.isEmpty ?? true, "kill \(kill), seed \(TestRandom.seed)")
            let step = found?.state.step ?? 0
            #expect(step >= lastStep, "kill \(kill), seed \(TestRandom.seed)")
            longest = step > lastStep ? max(longest * 0.9, 60_000) : min(longest * 1.2, 5_000_000)
            lastStep = step
        }
        let state = try #require(try CheckpointFolder(folder("killed")).latest()).state
        #expect(lastStep > 0)
        let epochs = "\(state.loader!.epoch + 1)"
        try run(program, [folder("killed"), epochs], in: folder.path)
        try run(program, [folder("whole"), epochs], in: folder.path)
        let killed = try #require(try CheckpointFolder(folder("killed")).latest()).state
        let whole = try #require(try CheckpointFolder(folder("whole")).latest()).state
        #expect(killed.step == whole.step && killed.loader == whole.loader && killed.generator == whole.generator)
        #expect(killed.model.keys.sorted() == whole.model.keys.sorted())
        for (name, tensor) in whole.model { #expect(killed.model[name]!.equal(tensor), "\(name)") }
        for (name, tensor) in whole.optimizer!.tensors {
            #expect(killed.optimizer!.tensors[name]!.equal(tensor), "\(name)")
        }
        // No half-written file is left once the folder was opened again.
        #expect(FileSystem.names(in: folder("killed")).allSatisfy { $0.hasPrefix("checkpoint-") })
    }

    @Test("On a device that is full it stops with an error, and what was saved stays", arguments: [0, 4, 16, 40])
    func survivesAFullDevice(limit: Int) throws {
        // The shell's limit on the size of a file, in blocks of 512 bytes; a write beyond it then fails instead of ending
        // the process by a signal. What is printed passes through a pipe, which has no such limit.
        func runLimited(_ blocks: String) throws -> String {
            let script = "(trap '' XFSZ; ulimit -f \(blocks); \"$@\"; echo \"status $?\") 2>&1 | cat"
            return try run(
                "/bin/sh", ["-c", script, "sh", program, folder("run"), "2"], in: folder.path,
                environment: ["SWIFT_BACKTRACE": "enable=no"])
        }
        try run(program, [folder("run"), "1"], in: folder.path)
        let before = try #require(try CheckpointFolder(folder("run")).latest())
        let failed = try runLimited("\(limit)")
        #expect(failed.contains("File too large") && !failed.contains("status 0"), "\(failed)")
        let after = try #require(try CheckpointFolder(folder("run")).latest())
        #expect(after.skipped.isEmpty && after.path == before.path)
        // With room again it goes on.
        #expect(try runLimited("unlimited").contains("status 0"))
        #expect(try #require(try CheckpointFolder(folder("run")).latest()).state.loader!.epoch == 2)
    }

    /// Starts the program and kills it after some microseconds.
    private func start(_ path: String, epochs: Int, killedAfter delay: UInt32) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        let texts: [String] = [program, path, "\(epochs)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for case let text? in arguments { free(text) } }
        var child = pid_t()
        let failure = posix_spawn(&child, program, &actions, nil, &arguments, environ)
        guard failure == 0 else {
            throw Failed("cannot start \(program): \(String(cString: strerror(failure)))")
        }
        usleep(delay)
        kill(child, SIGKILL)
        let status = try waitForEnd(of: child)
        guard status & 0x7F == SIGKILL else { throw Failed("it ended by itself: \(status)") }
    }
}
