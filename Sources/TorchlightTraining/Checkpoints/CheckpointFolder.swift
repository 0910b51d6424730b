import Synchronization
import TorchlightIO

/// A folder of training states, of which the last few and the best are kept.
///
///     let checkpoints = try CheckpointFolder("runs/7", keepLast: 3, best: .highest)
///     if let found = try checkpoints.latest() { try found.state.restore(model: model, optimizer: optimizer) }
///     ...
///     try checkpoints.saveInBackground(TrainingState(step: step, model: model, optimizer: optimizer, score: accuracy))
///     ...
///     try checkpoints.wait()
///
/// What is in the folder is known from the files alone: each appears complete or not at all, carries its score and its
/// checksums, and is removed only when a newer one is safe. A process that is killed at any moment, or a device that is
/// full, leaves a folder whose latest state loads. One process at a time may write to a folder.
public final class CheckpointFolder: Sendable {
    /// Which score is the best.
    public enum Best: Sendable {
        case highest, lowest
    }

    /// One file of the folder.
    public struct Entry: Sendable, Equatable {
        /// Its path.
        public let path: String
        /// The number of the save, counted on through all runs; the highest is the latest, whatever its step.
        public let serial: Int
    }

    /// A state that was found, and the newer or better files that could not be read.
    public struct Found: Sendable {
        /// The file.
        public let path: String
        /// What it holds, every checksum compared.
        public let state: TrainingState
        /// Why each file before it was passed over.
        public let skipped: [IOError]
    }

    /// The folder.
    public let path: String
    /// How many of the latest states are kept.
    public let keepLast: Int
    /// Which state is kept besides; nil for none.
    public let best: Best?
    private let background = Mutex<BackgroundTask?>(nil)

    /// Opens a folder, which is created where it does not exist, and removes what killed processes left in it. What others
    /// are writing now is not touched.
    public init(_ path: String, keepLast: Int = 3, best: Best? = nil) throws(IOError) {
        self.path = path
        self.keepLast = max(keepLast, 1)
        self.best = best
        try FileSystem.createDirectories(path)
        for name in FileSystem.names(in: path) {
            // ".checkpoint-000001-step-20.safetensors.<random>.tmp"
            guard let end = name.firstRange(of: Self.suffix), name.hasPrefix("."), name.hasSuffix(".tmp") else {
                continue
            }
            AtomicFile.removeLeftovers(of: "\(path)/\(name[..<end.upperBound].dropFirst())")
        }
    }

    /// The files of the folder, the oldest first.
    public var entries: [Entry] {
        FileSystem.names(in: path).compactMap { name in
            guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix),
                let serial = Int(name.dropFirst(Self.prefix.count).prefix { $0 != "-" })
            else { return nil }
            return Entry(path: "\(path)/\(name)", serial: serial)
        }.sorted { $0.serial < $1.serial }
    }

    /// Saves a state, and then removes those that need not be kept. Waits for a save in the background first.
    ///
    /// - Returns: The path of the new file.
    /// - Throws: `IOError` where this save, or the one in the background, failed. What was there before is untouched.
    @discardableResult
    public func save(_ state: TrainingState) throws(IOError) -> String {
        try wait()
        return try write(state)
    }

    /// Copies the state in memory and saves the copy on a thread of its own, while training goes on.
    ///
    /// - Throws: `IOError` where the save before this one failed. Call ``wait()`` at the end to hear of the last one.
    public func saveInBackground(_ state: TrainingState) throws(IOError) {
        try wait()
        let snapshot = state.snapshot()
        let task = BackgroundTask { () throws(IOError) in _ = try self.write(snapshot) }
        background.withLock { $0 = task }
    }

    /// Waits until nothing is being saved.
    ///
    /// - Throws: `IOError` where the save in the background failed; once.
    public func wait() throws(IOError) {
        let task = background.withLock { task in
            defer { task = nil }
            return task
        }
        try task?.wait()
    }

    /// The state that was saved last. Where its file is damaged, the one before is taken, and so on.
    ///
    /// - Returns: nil for an empty folder.
    /// - Throws: `IOError` where there are files and none can be read.
    public func latest() throws(IOError) -> Found? {
        try wait()
        return try first(of: entries.reversed())
    }

    /// The state with the best score. Where its file is damaged, the next best is taken.
    ///
    /// - Returns: nil where no state has a score, or the folder keeps no best.
    /// - Throws: As ``latest()``.
    public func loadBest() throws(IOError) -> Found? {
        try wait()
        return try first(of: ranked())
    }

    private func first(of entries: some Sequence<Entry>) throws(IOError) -> Found? {
        var skipped: [IOError] = []
        for entry in entries {
            do throws(IOError) {
                let state = try TrainingState(contentsOf: entry.path)
                return Found(path: entry.path, state: state, skipped: skipped)
            } catch {
                skipped.append(error)
            }
        }
        if let error = skipped.first { throw error }
        return nil
    }

    private func write(_ state: TrainingState) throws(IOError) -> String {
        let serial = (entries.last?.serial ?? 0) + 1
        let digits = String(serial)
        let padded = String(repeating: "0", count: max(6 - digits.count, 0)) + digits
        let file = "\(path)/\(Self.prefix)\(padded)-step-\(state.step)\(Self.suffix)"
        try state.save(file)
        try prune()
        return file
    }

    private func prune() throws(IOError) {
        let all = entries
        let kept = best == nil ? nil : ranked().first
        for entry in all.dropLast(keepLast) where entry != kept { try FileSystem.remove(entry.path) }
    }

    /// The files with a score, the best first; of equals the oldest.
    private func ranked() -> [Entry] {
        guard let best else { return [] }
        var scored: [(entry: Entry, score: Double)] = []
        for entry in entries {
            guard let score = (try? TrainingState.summary(of: entry.path))?.score, !score.isNaN else { continue }
            scored.append((entry, best == .highest ? -score : score))
        }
        return scored.sorted { ($0.score, $0.entry.serial) < ($1.score, $1.entry.serial) }.map(\.entry)
    }

    private static let prefix = "checkpoint-"
    private static let suffix = ".safetensors"
}
