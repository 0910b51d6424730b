/// A position between two batches of a `DataLoader`: all that is needed to continue there.
public struct DataLoaderState: Codable, Sendable {
    /// What the order depends on, besides the epoch.
    public var seed: UInt64
    /// The epoch, counted from 0.
    public var epoch: Int
    /// How many of the epoch's batches have been taken.
    public var batch: Int
    /// What the position is one in: a loader refuses the state of another. Nil in states that name a position alone.
    public internal(set) var source: Source?

    /// What the batches of a loader are made of.
    public struct Source: Codable, Hashable, Sendable {
        /// The number of samples of the data set.
        public let samples: Int
        /// How many samples make a batch.
        public let batchSize: Int
        /// Whether a last batch that is not full is left out.
        public let dropLast: Bool
        /// The type of the sampler.
        public let sampler: String
        /// What tells the order of the epoch's samples from others; nil before the epoch has begun.
        public let order: UInt64?

        /// What does not fit, nil where nothing is different.
        func difference(from other: Source) -> String? {
            func compare<Value: Equatable>(_ name: String, _ path: KeyPath<Source, Value>) -> String? {
                let (saved, here) = (self[keyPath: path], other[keyPath: path])
                return saved == here ? nil : "\(name) was \(saved) when the state was saved, and is \(here)"
            }
            return compare("the number of samples", \.samples) ?? compare("batchSize", \.batchSize)
                ?? compare("dropLast", \.dropLast) ?? compare("the sampler", \.sampler)
                ?? (order == nil || order == other.order
                    ? nil : "the order of the epoch's samples is not the one that the state was saved in")
        }
    }

    /// A position.
    public init(seed: UInt64, epoch: Int = 0, batch: Int = 0) {
        self.seed = seed
        self.epoch = epoch
        self.batch = batch
    }
}

extension DataLoaderState: Hashable {
    /// Whether two states name the same position; what they are positions in is not compared.
    public static func == (a: Self, b: Self) -> Bool { a.seed == b.seed && a.epoch == b.epoch && a.batch == b.batch }

    /// Hashes the position.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(seed)
        hasher.combine(epoch)
        hasher.combine(batch)
    }
}

extension DataLoaderState: LosslessStringConvertible {
    /// `seed 0, epoch 3, batch 17, samples 64, batchSize 8, dropLast false, sampler RandomSampler, order 81985529216486895`:
    /// fit for the metadata of a checkpoint. What follows the batch is left out where it is not known.
    public var description: String {
        var text = "seed \(seed), epoch \(epoch), batch \(batch)"
        if let source {
            text += ", samples \(source.samples), batchSize \(source.batchSize), dropLast \(source.dropLast)"
            text += ", sampler \(source.sampler)"
            if let order = source.order { text += ", order \(order)" }
        }
        return text
    }

    /// Reads back a description.
    public init?(_ description: String) {
        var parts: [Substring: Substring] = [:]
        for part in description.split(separator: ",") {
            let words = part.split(separator: " ", maxSplits: 1)
            // The name of a generic type may hold a comma: what has no name of a part is none.
            if words.count == 2, Self.names.contains(words[0]) { parts[words[0]] = words[1] }
        }
        guard let seed = parts["seed"].flatMap({ UInt64($0) }), let epoch = parts["epoch"].flatMap({ Int($0) }),
            let batch = parts["batch"].flatMap({ Int($0) })
        else { return nil }
        self.init(seed: seed, epoch: epoch, batch: batch)
        if let samples = parts["samples"].flatMap({ Int($0) }), let size = parts["batchSize"].flatMap({ Int($0) }),
            let dropLast = parts["dropLast"].flatMap({ Bool(String($0)) }), let sampler = parts["sampler"]
        {
            source = Source(
                samples: samples, batchSize: size, dropLast: dropLast, sampler: String(sampler),
                order: parts["order"].flatMap { UInt64($0) })
        }
    }

    private static let names: Set<Substring> = [
        "seed", "epoch", "batch", "samples", "batchSize", "dropLast", "sampler", "order",
    ]
}
