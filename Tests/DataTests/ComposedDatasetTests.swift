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

    /// Numbers that the workers share out, with a random number each.
    private struct Shared: IterableDataset {
        let count: Int
        var failsAt = Int.max
        func samples() -> SampleStream<(Tensor, Tensor)> {
            let (id, workers) = (WorkerInfo.current?.id ?? 0, WorkerInfo.current?.count ?? 1)
            var next = id
            return SampleStream {
                if next >= failsAt { throw TensorError(.value, in: "Shared", "no more can be read") }
                guard next < count else { return nil }
                defer { next += workers }
                return (Tensor(Double(next)), Tensor.rand([]))
            }
        }
    }

    @Test func workersGiveBatchesInTurn() throws {
        #expect(WorkerInfo.current == nil)
        let plain = IterableDataLoader(Shared(count: 11), batchSize: 1, seed: 5)
        let expected = Dictionary(uniqueKeysWithValues: plain.map { ($0.0.item(Int.self), $0.1.item()) })
        for workers in 1...4 {
            let loader = IterableDataLoader(Shared(count: 11), batchSize: 2, seed: 5, workers: workers, prefetch: 1)
            for _ in 0..<2 {
                let epoch = loader.state.epoch
                let batches = loader.map { ($0.0.toArray(Int.self), $0.1.toArray(Double.self)) }
                // Each sample once, whoever read it, with the numbers that it has without workers.
                #expect(batches.flatMap(\.0).sorted() == Array(0..<11), "\(workers) workers: \(batches)")
                if epoch == 0 {
                    for (numbers, random) in batches {
                        for (number, value) in zip(numbers, random) { #expect(expected[number] == value, "\(number)") }
                    }
                }
                // Worker i gives the batches i, i + n, ...: the first numbers tell whose they are.
                for (place, batch) in batches.prefix(workers).enumerated() {
                    #expect(batch.0[0] == place, "\(workers) workers: \(batches)")
                }
            }
            // A loop that was left is continued where it stood.
            loader.state = DataLoaderState(seed: 5, epoch: 0, batch: 0)
            let whole = loader.map { $0.0.toArray(Int.self) }
            loader.state = DataLoaderState(seed: 5, epoch: 0, batch: 0)
            var first: [[Int]] = []
            for batch in loader {
                first.append(batch.0.toArray(Int.self))
                if first.count == 3 { break }
            }
            let other = IterableDataLoader(Shared(count: 11), batchSize: 2, seed: 1, workers: workers)
            other.state = loader.state
            #expect(first + other.map { $0.0.toArray(Int.self) } == whole, "\(workers) workers")
        }
    }

    @Test func aDataSetThatDoesNotAskGivesAllToEachWorker() {
        let loader = IterableDataLoader(Stream(count: 4), batchSize: 2, workers: 3)
        #expect(loader.flatMap { $0[.all, 0].toArray(Int.self) }.sorted() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
        let two = IterableDataLoader(Stream(count: 4), workers: 2)
        expectRefusal(by: "IterableDataLoader.state") { two.state = loader.state }
        for workers in [-1, 100_000] {
            expectRefusal(by: "IterableDataLoader") { IterableDataLoader(Stream(count: 4), workers: workers).workers }
        }
    }

    @Test func whatAWorkerThrowsEndsTheLoop() throws {
        let loader = IterableDataLoader(Shared(count: 50, failsAt: 20), batchSize: 3, seed: 5, workers: 3)
        let iterator = loader.makeIterator()
        var count = 0
        let error = #expect(throws: TensorError.self) { () throws in
            while try iterator.nextBatch() != nil { count += 1 }
        }
        #expect(error?.problem == "no more can be read" && count > 2)
        #expect(try iterator.nextBatch() == nil)
    }

    @Test func buffersOfWorkersPickInOrdersOfTheirOwn() {
        let loader = IterableDataLoader(Stream(count: 30), shuffleBuffer: 30, seed: 5, workers: 2)
        let order = loader.map { $0[0, 0].item(Int.self) }
        let (even, odd) = (
            order.indices.filter { $0 % 2 == 0 }.map { order[$0] },
            order.indices.filter { $0 % 2 == 1 }.map { order[$0] }
        )
        #expect(even.sorted() == Array(0..<30) && odd.sorted() == Array(0..<30) && even != odd)
    }
}
