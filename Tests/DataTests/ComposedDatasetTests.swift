import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightData

@Suite struct ComposedDatasetTests {
    private struct Numbers: Dataset {
        let count: Int
        var offset = 0
        subscript(index: Int) -> Int { index + offset }
    }

    @Test func concatenatedSamplesComeInOrder() throws {
        let all = ConcatDataset([Numbers(count: 3), Numbers(count: 0), Numbers(count: 2, offset: 10)])
        #expect(try (0..<all.count).map { try all[$0] } == [0, 1, 2, 10, 11])
        let mixed = ConcatDataset<Int>([Numbers(count: 2), Subset(Numbers(count: 9), indices: [7, 5])])
        #expect(try (0..<4).map { try mixed[$0] } == [0, 1, 7, 5])
        let two = ConcatDataset(all, Subset(all, indices: [4]))
        #expect(two.count == 6)
        #expect(try two[5] == 11)
        for index in [-1, 6] { #expect(throws: TensorError.self) { try two[index] } }
        let batches = DataLoader(two, batchSize: 4).map { $0.toArray(Int.self) }
        #expect(batches == [[0, 1, 2, 10], [11, 11]])
        expectRefusal(by: "ConcatDataset") { ConcatDataset([Numbers(count: .max), Numbers(count: .max)]).count }
    }

    @Test func stackedSamplesArePairs() throws {
        let pairs = StackDataset(Numbers(count: 3), Numbers(count: 3, offset: 5))
        let pair = try pairs[1]
        #expect(pair.0 == 1 && pair.1 == 6)
        for (a, b) in DataLoader(pairs, batchSize: 3) {
            #expect(a.toArray(Int.self) == [0, 1, 2] && b.toArray(Int.self) == [5, 6, 7])
        }
        expectRefusal(by: "StackDataset") { StackDataset(Numbers(count: 3), Numbers(count: 2)).count }
    }

    @Test func samplersTakeWhatTheySay() {
        let subset = SubsetRandomSampler([4, 8, 15, 16])
        let orders = (0..<20).map { subset.indices(of: 20, seed: 1, epoch: $0) }
        #expect(orders.allSatisfy { $0.sorted() == [4, 8, 15, 16] } && Set(orders).count > 5)
        let drawn = RandomSampler(replacement: true, sampleCount: 6000).indices(of: 3, seed: 1, epoch: 0)
        // Mean 2000, deviation 37.
        for sample in 0..<3 { #expect((1800...2200).contains(drawn.count { $0 == sample }), "\(sample)") }
        let long = RandomSampler(sampleCount: 7).indices(of: 3, seed: 1, epoch: 0)
        #expect(
            Array(long[..<3]).sorted() == [0, 1, 2] && Array(long[3..<6]).sorted() == [0, 1, 2] && long.count == 7)
        #expect(RandomSampler(replacement: true, sampleCount: 5).indices(of: 0, seed: 1, epoch: 0).isEmpty)
        expectRefusal(by: "RandomSampler") { RandomSampler(sampleCount: -1) }
        expectRefusal(by: "WeightedRandomSampler") { WeightedRandomSampler(weights: [1], sampleCount: -1) }
    }

    private struct Stream: IterableDataset {
        let count: Int
        var failsAt = Int.max
        func samples() -> SampleStream<Tensor> {
            var next = 0
            return SampleStream {
                guard next < count else { return nil }
                defer { next += 1 }
                if next == failsAt { throw TensorError(.value, in: "Stream", "unreadable") }
                return cat([Tensor([Float(next)]), Tensor.rand([1])])
            }
        }
    }

    @Test func iteratedSamplesMakeBatches() throws {
        func firsts(_ loader: IterableDataLoader<Tensor>) -> [[Float]] {
            loader.map { $0[.all, 0].toArray(Float.self) }
        }
        #expect(firsts(IterableDataLoader(Stream(count: 5), batchSize: 2)) == [[0, 1], [2, 3], [4]])
        #expect(firsts(IterableDataLoader(Stream(count: 5), batchSize: 2, dropLast: true)) == [[0, 1], [2, 3]])
        #expect(
            firsts(IterableDataLoader(ChainDataset([Stream(count: 1), Stream(count: 2)]), batchSize: 9)) == [[0, 0, 1]])
        let shuffled = IterableDataLoader(Stream(count: 100), batchSize: 100, shuffleBuffer: 50, seed: 1)
        let (first, second) = (firsts(shuffled)[0], firsts(shuffled)[0])
        #expect(first.sorted() == (0..<100).map(Float.init) && first != first.sorted() && first != second)
        var iterator = IterableDataLoader(Stream(count: 5, failsAt: 3), batchSize: 2).makeIterator()
        #expect(try iterator.nextBatch() != nil)
        #expect(throws: TensorError.self) { try iterator.nextBatch() }
        #expect(try iterator.nextBatch() == nil)
        iterator = IterableDataLoader(Stream(count: 5, failsAt: 0), batchSize: 2).makeIterator()
        #expect(throws: TensorError.self) { try checked { _ = iterator.next() } }
        expectRefusal(by: "IterableDataLoader") { IterableDataLoader(Stream(count: 1), batchSize: 0) }
    }

    @Test func iterationGoesOnFromItsState() throws {
        func loader(_ seed: UInt64) -> IterableDataLoader<Tensor> {
            IterableDataLoader(Stream(count: 23), batchSize: 4, shuffleBuffer: 6, seed: seed)
        }
        func bits(_ loader: IterableDataLoader<Tensor>) -> [[Float]] { loader.map { $0.toArray(Float.self) } }
        let straight = loader(3)
        let all = bits(straight) + bits(straight)
        for stop in [1, 3, 5] {
            let first = loader(3)
            for _ in first where first.state.batch == stop { break }
            let second = loader(8)
            second.state = try #require(DataLoaderState(first.state.description))
            #expect(bits(second) + bits(second) == Array(all[stop...]), "\(stop)")
        }
        let other = IterableDataLoader(Stream(count: 23), batchSize: 5, shuffleBuffer: 6)
        #expect(other.problem(with: straight.state)?.contains("batchSize") == true)
    }
}
