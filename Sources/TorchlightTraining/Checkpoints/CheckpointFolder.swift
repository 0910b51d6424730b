import Synchronization
import TorchlightIO

/// A directory of checkpoints, which keeps the last few and the best one.
///
///     let checkpoints = try CheckpointFolder("runs/7", keepLast: 3, best: .highest)
///     if let found = try checkpoints.latest() { try found.state.restore(model: model, optimizer: optimizer) }
///     ...
///     try checkpoints.saveInBackground(TrainingState(step: step, model: model, optimizer: optimizer, score: accuracy))
///     ...
///     try checkpoints.wait()
///
/// The contents are determined by the files alone: each file is created complete or not at all, contains its score and
/// its checksums, and is removed only after a newer one was written. If the process is killed or the disk is full, the
/// latest checkpoint in the directory can still be loaded. Only one process at a time may write to a directory.
public final class CheckpointFolder: Sendable {
    /// Whether the highest or the lowest score is the best.
    public enum Best: Sendable {
        case highest, lowest
    }

    /// A checkpoint file of the directory.
    public struct Entry: Sendable, Equatable {
        /// The path of the file.
        public let path: String
        /// The serial number of the save, which increases over all runs; the highest is the latest.
        public let serial: Int
    }

    /// A checkpoint that was loaded, and the errors of files that could not be read.
    public struct Found: Sendable {
        /// The path of the file.
        public let path: String
        /// The training state, with all checksums verified.
        public let state: TrainingState
        /// The errors of the files that were tried before this one.
        public let skipped: [IOError]
    }

    /// The path of the directory.
    public let path: String
    /// The number of latest checkpoints that are kept. Default: 3.
    public let keepLast: Int
    /// Whether the checkpoint with the highest or lowest score is kept too. Default: nil, it is not.
    public let best: Best?
    private let background = Mutex<BackgroundTask?>(nil)

    /// Opens a directory, creates it if it does not exist, and removes temporary files of processes that were killed.
    ///
    /// - Parameters:
    ///   - path: the path of the directory.
    ///   - keepLast: the number of latest checkpoints to keep; values below 1 mean 1. Default: 3.
    ///   - best: also keeps the checkpoint with the highest or lowest score. Default: nil.
    /// - Throws: `IOError` if the directory cannot be created.
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

    /// The checkpoint files of the directory, the oldest first.
    public var entries: [Entry] {
        FileSystem.names(in: path).compactMap { name in
            guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix),
                let serial = Int(name.dropFirst(Self.prefix.count).prefix { $0 != "-" })
            else { return nil }
            return Entry(path: "\(path)/\(name)", serial: serial)
        }.sorted { $0.serial < $1.serial }
    }

    /// Saves a checkpoint and then removes those that are not kept. Waits for a background save first.
    ///
    /// - Returns: the path of the new file.
    /// - Throws: `IOError` if this save or the background save failed. Existing files are not changed then.
    @discardableResult
    public func save(_ state: TrainingState) throws(IOError) -> String {
        try wait()
        return try write(state)
    }

    /// Copies the state in memory and saves the copy on another thread, while training continues.
    ///
    /// - Throws: `IOError` if the previous background save failed. Call ``wait()`` at the end to get the error of the
    ///   last.
    public func saveInBackground(_ state: TrainingState) throws(IOError) {
        try wait()
        let snapshot = state.snapshot()
        let task = BackgroundTask { () throws(IOError) in _ = try self.write(snapshot) }
        background.withLock { $0 = task }
    }

    /// Waits for the background save to finish.
    ///
    /// - Throws: `IOError` if the background save failed; only the first call throws it.
    public func wait() throws(IOError) {
        let task = background.withLock { task in
            defer { task = nil }
            return task
        }
        try task?.wait()
    }

    /// Loads the latest checkpoint. If its file is damaged, the one before it is loaded, and so on.
    ///
    /// - Returns: the checkpoint; nil if the directory has none.
    /// - Throws: `IOError` if there are checkpoints and none can be read.
    public func latest() throws(IOError) -> Found? {
        try wait()
        return try first(of: entries.reversed())
    }

    /// Loads the checkpoint with the best score. If its file is damaged, the next best is loaded, and so on.
    ///
    /// - Returns: the checkpoint; nil if none has a score, or ``best`` is nil.
    /// - Throws: `IOError` if there are checkpoints with a score and none can be read.
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

    /// The files with a score, the best first; at ties the oldest first.
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
