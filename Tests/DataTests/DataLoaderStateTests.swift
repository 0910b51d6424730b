import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightData

/// A position knows what it is a position in.
@Suite struct DataLoaderStateTests {
    private static func data(_ count: Int = 64) -> TensorDataset<Tensor> {
        TensorDataset(Tensor.arange(count).to(.float32).reshape([count, 1]))
    }

    /// The state of a loader in the middle of an epoch.
    private static func state(_ loader: DataLoader<Tensor>, after batches: Int) -> DataLoaderState {
        for _ in loader where loader.state.batch == batches { break }
        return loader.state
    }

    @Test func statesOfOtherLoadersAreRefused() throws {
        let weights = Array(repeating: 1.0, count: 64)
        let others: [(String, DataLoader<Tensor>)] = [
            ("batchSize", DataLoader(Self.data(), batchSize: 16, seed: 1)),
            ("batchSize", DataLoader(Self.data(), batchSize: 4, seed: 1)),
            ("the number of samples", DataLoader(Self.data(1000), batchSize: 8, seed: 1)),
            ("the number of samples", DataLoader(Self.data(63), batchSize: 8, seed: 1)),
            ("dropLast", DataLoader(Self.data(), batchSize: 8, dropLast: true, seed: 1)),
            ("the sampler", DataLoader(Self.data(), batchSize: 8, shuffle: true, seed: 1)),
            (
                "the sampler",
                DataLoader(Self.data(), batchSize: 8, sampler: WeightedRandomSampler(weights: weights), seed: 1)
            ),
        ]
        for batches in [0, 3] {
            let saved =
                batches == 0
                ? DataLoader(Self.data(), batchSize: 8, seed: 1).state
                : Self.state(DataLoader(Self.data(), batchSize: 8, seed: 1), after: batches)
            // Through the text of a checkpoint too.
            let read = try #require(DataLoaderState(saved.description))
            #expect(read.source == saved.source && read == saved)
            for (what, other) in others {
                let place = other.state
                for state in [saved, read] {
                    let error = expectRefusal(by: "DataLoader.state", label: "\(what)") { other.state = state }
                    #expect("\(error!)".contains(what), "\(error!)")
                    #expect(other.problem(with: state)?.contains(what) == true)
                    #expect(other.state == place)
                }
            }
            let same = DataLoader(Self.data(), batchSize: 8, seed: 9, workers: 2)
            same.state = read
            #expect(same.state == saved)
        }
        // Other weights give another order.
        let one = DataLoader(Self.data(), batchSize: 8, sampler: WeightedRandomSampler(weights: weights), seed: 1)
        let two = DataLoader(
            Self.data(), batchSize: 8, sampler: WeightedRandomSampler(weights: [5] + weights.dropFirst()), seed: 1)
        #expect(two.problem(with: Self.state(one, after: 2))?.contains("order") == true)
        // A position alone fits where there is such a batch.
        #expect(one.problem(with: DataLoaderState(seed: 1, epoch: 4, batch: 8)) == nil)
        #expect(one.problem(with: DataLoaderState(seed: 1, epoch: 4, batch: 9)) != nil)
        #expect(DataLoaderState("seed 1, epoch 2") == nil)
    }
}

private func expectRefusal(by operation: String, label: String, _ body: () -> Void) -> TensorError? {
    TestSupport.expectRefusal(by: operation, nil, label) { body() }
}
