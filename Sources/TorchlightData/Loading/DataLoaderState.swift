/// The position of a `DataLoader` between two batches: what it needs to continue there.
public struct DataLoaderState: Codable, Sendable {
    /// The seed of the loader.
    public var seed: UInt64
    /// The epoch, counted from 0.
    public var epoch: Int
    /// The number of batches of the epoch that were taken.
    public var batch: Int
    /// The loader that the position belongs to: another loader rejects the state. nil for a state created from a
    /// position.
    public internal(set) var source: Source?

    /// The properties of a loader that its batches depend on.
    public struct Source: Codable, Hashable, Sendable {
        /// The number of samples of the dataset.
        public let samples: Int
        /// The number of samples in a batch.
        public let batchSize: Int
        /// Whether the last batch is dropped if it is incomplete.
        public let dropLast: Bool
        /// The name of the sampler's type.
        public let sampler: String
        /// A digest of the order of the epoch's samples; nil before the epoch has begun.
        public let order: UInt64?

        /// Describes the first difference; nil if there is none.
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

    /// Creates a position.
    ///
    /// - Parameters:
    ///   - seed: the seed of the loader.
    ///   - epoch: the epoch, counted from 0. Default: 0.
    ///   - batch: the number of batches of the epoch that were taken. Default: 0.
    public init(seed: UInt64, epoch: Int = 0, batch: Int = 0) {
        self.seed = seed
        self.epoch = epoch
        self.batch = batch
    }
}

extension DataLoaderState: Hashable {
    /// Whether two states have the same seed, epoch and batch; ``source`` is not compared.
    public static func == (a: Self, b: Self) -> Bool { a.seed == b.seed && a.epoch == b.epoch && a.batch == b.batch }

    /// Hashes seed, epoch and batch.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(seed)
        hasher.combine(epoch)
        hasher.combine(batch)
    }
}

extension DataLoaderState: LosslessStringConvertible {
    /// A string for the metadata of a checkpoint, such as
    /// `seed 0, epoch 3, batch 17, samples 64, batchSize 8, dropLast false, sampler RandomSampler, order 81985529216486895`.
    /// The parts after the batch are those of ``source``; they are missing if it is nil.
    public var description: String {
        var text = "seed \(seed), epoch \(epoch), batch \(batch)"
        if let source {
            text += ", samples \(source.samples), batchSize \(source.batchSize), dropLast \(source.dropLast)"
            text += ", sampler \(source.sampler)"
            if let order = source.order { text += ", order \(order)" }
        }
        return text
    }

    /// Parses a description.
    public init?(_ description: String) {
        var parts: [Substring: Substring] = [:]
        for part in description.split(separator: ",") {
            let words = part.split(separator: " ", maxSplits: 1)
            // The name of a generic type can contain a comma: parts without a known name are ignored.
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
