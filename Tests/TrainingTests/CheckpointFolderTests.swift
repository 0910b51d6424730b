import Glibc
import TestSupport
import Testing
import Torchlight
import TorchlightIO

@Suite struct CheckpointFolderTests {
    private let folder = TemporaryFolder()
    private let model = Linear(2, 2)

    private func state(_ step: Int, score: Double? = nil) -> TrainingState {
        TrainingState(step: step, model: model, generator: nil, score: score)
    }

    @Test func keepsTheLastFewAndTheBest() throws {
        let checkpoints = try CheckpointFolder(folder("run"), keepLast: 2, best: .highest)
        #expect(try checkpoints.latest() == nil && checkpoints.loadBest() == nil)
        for (step, score) in [(1, 0.2), (2, 0.9), (3, .nan), (4, 0.9), (5, 0.1)] {
            try checkpoints.save(state(step, score: score))
        }
        #expect(
            folder.namesIn("run") == [2, 4, 5].map { "checkpoint-00000\($0)-step-\($0).safetensors" })
        #expect(try checkpoints.latest()?.state.step == 5)
        #expect(try checkpoints.loadBest()?.state.step == 2)
        // A run that went back to an earlier step goes on from there: the last save is the latest.
        try CheckpointFolder(folder("run"), keepLast: 1, best: .lowest).save(state(3))
        let names = folder.namesIn("run")
        #expect(names == ["checkpoint-000005-step-5.safetensors", "checkpoint-000006-step-3.safetensors"])
        #expect(try CheckpointFolder(folder("run")).latest()?.state.step == 3)
    }

    @Test func aDamagedFileIsPassedOver() throws {
        let checkpoints = try CheckpointFolder(folder.path, best: .lowest)
        for step in 1...3 { try checkpoints.save(state(step, score: -Double(step))) }
        for (entry, steps) in zip(checkpoints.entries.reversed(), [2, 1]) {
            var bytes = try FileSystem.read(entry.path)
            bytes[bytes.count - 1] ^= 1
            try AtomicFile.write(bytes, to: entry.path)
            let found = try #require(try checkpoints.latest())
            #expect(found.state.step == steps && found.skipped.count == 3 - steps)
            #expect(try checkpoints.loadBest()?.state.step == steps)
        }
        try AtomicFile.write("nothing", to: checkpoints.entries[0].path)
        #expect(throws: IOError.self) { try checkpoints.latest() }
    }

    @Test func theBackgroundSavesWhatWasThereWhenItWasAsked() throws {
        let checkpoints = try CheckpointFolder(folder.path, keepLast: 10)
        for step in 1...5 {
            noGrad { _ = model.weight.fill_(Double(step)) }
            try checkpoints.saveInBackground(state(step))
            noGrad { _ = model.weight.fill_(-1) }
        }
        try checkpoints.wait()
        for (number, entry) in checkpoints.entries.enumerated() {
            let weight = try #require(try TrainingState(contentsOf: entry.path).model["weight"])
            #expect(weight.toArray(Int.self) == Array(repeating: number + 1, count: 4))
        }
        #expect(checkpoints.entries.count == 5)
    }

    @Test func theBackgroundReportsItsFailureOnce() throws {
        let checkpoints = try CheckpointFolder(folder("run"))
        rmdir(folder("run"))
        try checkpoints.saveInBackground(state(1))
        #expect(throws: IOError.self) { try checkpoints.wait() }
        try checkpoints.wait()
    }

    /// What nobody writes any more goes; a file that is being written, by whichever process, is locked and stays.
    @Test func leftoversOfTheDeadAreRemoved() throws {
        let checkpoints = try CheckpointFolder(folder.path)
        let path = try checkpoints.save(state(1))
        let name = FileSystem.name(of: path)
        let dead = [folder(".\(name).2147483647-1.tmp"), folder(".\(name).0123456789abcdef.tmp")]
        for leftover in dead + [folder(".other.tmp")] { try AtomicFile.write("half", to: leftover) }
        let alive = try AtomicFile(path)
        try alive.write(Array("half".utf8))
        let reader = try CheckpointFolder(folder.path)
        #expect(try reader.latest()?.state.step == 1)
        #expect(!dead.contains { FileSystem.isFile($0) } && FileSystem.isFile(folder(".other.tmp")))
        try alive.commit()
        #expect(try FileSystem.read(path) == Array("half".utf8))
    }

    /// A trainer that saves and an evaluator that asks for the latest state, in two processes.
    @Test func anotherProcessThatLooksDisturbsNothing() async throws {
        setenv("TORCHLIGHT_TEST_RUN", folder.path, 1)
        try CheckpointFolder(folder.path).save(state(0))
        async let trainer: Void = Self.trainer()
        async let evaluator: Void = Self.evaluator()
        _ = await (trainer, evaluator)
        #expect(try CheckpointFolder(folder.path).latest()?.state.step == 60)
        #expect(folder.names.count == 3, "\(folder.names)")
    }

    private static func trainer() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let checkpoints = try CheckpointFolder(String(cString: getenv("TORCHLIGHT_TEST_RUN")), keepLast: 3)
            let model = Linear(64, 64)
            for step in 1...60 { try checkpoints.save(TrainingState(step: step, model: model, generator: nil)) }
            exit(7)
        }
    }

    private static func evaluator() async {
        await #expect(processExitsWith: .exitCode(7)) {
            for _ in 0..<60 {
                let found = try CheckpointFolder(String(cString: getenv("TORCHLIGHT_TEST_RUN"))).latest()
                // What is there can be read at once; older files may go meanwhile.
                if found == nil || found!.skipped.contains(where: { $0.kind != .notFound }) { exit(1) }
                usleep(2000)
            }
            exit(7)
        }
    }
}

extension TemporaryFolder {
    fileprivate func namesIn(_ name: String) -> [String] { FileSystem.names(in: self(name)) }
}
