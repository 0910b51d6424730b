/// A position between two batches of a `DataLoader`: all that is needed to continue there.
public struct DataLoaderState: Codable, Hashable, Sendable {
    /// What the order depends on, besides the epoch.
    public var seed: UInt64
    /// The epoch, counted from 0.
    public var epoch: Int
    /// How many of the epoch's batches have been taken.
    public var batch: Int

    /// A position.
    public init(seed: UInt64, epoch: Int = 0, batch: Int = 0) {
        self.seed = seed
        self.epoch = epoch
        self.batch = batch
    }
}

extension DataLoaderState: LosslessStringConvertible {
    /// `seed 0, epoch 3, batch 17`: fit for the metadata of a checkpoint.
    public var description: String { "seed \(seed), epoch \(epoch), batch \(batch)" }

    /// Reads back a description.
    public init?(_ description: String) {
        let words = description.split { $0 == " " || $0 == "," }
        guard words.count == 6, words[0] == "seed", words[2] == "epoch", words[4] == "batch",
            let seed = UInt64(words[1]), let epoch = Int(words[3]), let batch = Int(words[5])
        else { return nil }
        self.init(seed: seed, epoch: epoch, batch: batch)
    }
}
