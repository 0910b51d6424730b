import Testing
import TorchlightCore
import TorchlightData

@Suite struct DataLoaderTests {
    /// Samples that name themselves.
    struct Numbers: Dataset {
        let count: Int
        var failing: Int?
        struct Broken: Error, CustomStringConvertible { let description = "bad file a.png" }

        subscript(index: Int) -> Int {
            get throws {
                if index == failing { throw Broken() }
                return index
            }
        }
    }

    func epoch<Batch>(_ loader: DataLoader<Batch>, _ value: (Batch) -> Tensor) -> [[Int]] {
        loader.map { value($0).toArray(Int.self) }
    }

    @Test(arguments: [
        (10, 3, false, [3, 3, 3, 1]), (10, 3, true, [3, 3, 3]), (9, 3, false, [3, 3, 3]), (2, 5, false, [2]),
        (2, 5, true, []), (0, 4, false, []), (3, Int.max, false, [3]),
    ])
    func cutsBatches(count: Int, size: Int, dropLast: Bool, expected: [Int]) {
        let loader = DataLoader(Numbers(count: count), batchSize: size, dropLast: dropLast)
        #expect(loader.count == expected.count)
        let batches = epoch(loader) { $0 }
        #expect(batches.map(\.count) == expected)
        #expect(batches.joined().elementsEqual(0..<expected.reduce(0, +)))
    }

    @Test func ordersDependOnSeedAndEpoch() {
        func orders(_ seed: UInt64) -> [[Int]] {
            let loader = DataLoader(Numbers(count: 100), batchSize: 7, shuffle: true, seed: seed)
            return (0..<3).map { _ in Array(epoch(loader) { $0 }.joined()) }
        }
        let first = orders(1)
        for order in first { #expect(order.sorted() == Array(0..<100)) }
        #expect(Set(first).count == 3)
        #expect(orders(1) == first)
        #expect(orders(2) != first)
    }

    @Test func everyPermutationIsAboutAsLikely() {
        var counts: [[Int]: Int] = [:]
        for epoch in 0..<6000 { counts[RandomSampler().indices(of: 3, seed: 5, epoch: epoch), default: 0] += 1 }
        #expect(counts.count == 6)
        // Each count has mean 1000 and deviation 29.
        #expect(counts.values.allSatisfy { (850...1150).contains($0) })
    }

    /// A sample that an operation failed to compute, alone and in a pair.
    @Test(arguments: [0, 2]) func failedOperationsInSamplesAreThrown(workers: Int) {
        struct Failing: Dataset {
            let count = 8
            subscript(index: Int) -> Tensor { Tensor.ones([2]).reshape(index == 5 ? [3] : [2]) }
        }
        struct FailingPairs: Dataset {
            let count = 8
            subscript(index: Int) -> (Tensor, Int) { (Failing()[index], index) }
        }
        func expectShapeError(_ body: () throws -> Void) {
            let error = #expect(throws: TensorError.self) { try checked { try body() } }
            #expect(error?.description.contains("reshape") == true, "\(error?.description ?? "")")
        }
        expectShapeError { for batch in DataLoader(Failing(), batchSize: 4, workers: workers) { _ = batch.sum() } }
        expectShapeError { for (x, _) in DataLoader(FailingPairs(), batchSize: 4, workers: workers) { _ = x.sum() } }
    }

    @Test(arguments: [1, 3]) func workersChangeNothing(workers: Int) {
        let alone = DataLoader(Numbers(count: 1000), batchSize: 7, shuffle: true, seed: 3)
        let helped = DataLoader(Numbers(count: 1000), batchSize: 7, shuffle: true, seed: 3, workers: workers)
        for _ in 0..<3 { #expect(epoch(alone) { $0 } == epoch(helped) { $0 }) }
    }

    /// Samples in which sums of many terms are rounded: how a product is cut decides in which order.
    private struct Products: Dataset {
        let count = 6
        subscript(index: Int) -> Tensor {
            let x = Tensor((0..<65536).map { Float(($0 &* 7919 &+ index) % 10007) / 10007 - 0.5 })
            let many = x.reshape([16, 64, 64])
            return cat([matmul(x.reshape([256, 256]), x.reshape([256, 256])).flatten(), matmul(many, many).flatten()])
        }
    }

    @Test func workersMultiplyAlike() async {
        // In a process of its own, where nobody else changes the number of threads.
        await #expect(processExitsWith: .success) {
            numThreads = 4
            func batches(_ workers: Int) -> [[Float]] {
                DataLoader(Products(), batchSize: 2, workers: workers).map { $0.toArray(Float.self) }
            }
            #expect(batches(2) == batches(0))
        }
    }

    @Test(arguments: [100_000, Int.max]) func moreWorkersThanThereCanBe(workers: Int) {
        let loader = DataLoader(Numbers(count: 20_000), batchSize: 2, workers: workers, prefetch: 1)
        #expect(loader.reduce(0) { $0 + $1.shape[0] } == 20_000, "\(workers) workers")
    }

    @Test(arguments: [0, 2]) func leavingALoopStartsTheNextEpoch(workers: Int) {
        let loader = DataLoader(Numbers(count: 100), batchSize: 10, shuffle: true, seed: 0, workers: workers)
        for _ in loader { break }
        #expect(loader.state.epoch == 0)
        #expect(loader.state.batch == 1)
        let second = epoch(loader) { $0 }
        #expect(second.count == 10)
        #expect(loader.state == .init(seed: 0, epoch: 2, batch: 0))
    }

    @Test(arguments: [0, 2]) func continuesWhereItWasSaved(workers: Int) throws {
        func make() -> DataLoader<Tensor> {
            DataLoader(Numbers(count: 100), batchSize: 8, shuffle: true, seed: 9, workers: workers)
        }
        let whole = make()
        let expected = (0..<3).flatMap { _ in epoch(whole) { $0 } }
        for stop in [0, 1, 12, 13, 20, 26, 38] {
            let first = make()
            var batches: [[Int]] = []
            while batches.count < stop {
                for batch in first {
                    batches.append(batch.toArray(Int.self))
                    if batches.count == stop { break }
                }
            }
            let second = make()
            second.state = try #require(DataLoaderState(first.state.description))
            while batches.count < expected.count { batches += epoch(second) { $0 } }
            #expect(batches == expected, "stopped after \(stop)")
        }
    }

    @Test func joinsPartsByTheirType() throws {
        struct Mixed: Dataset {
            let count = 4
            subscript(index: Int) -> (Tensor, [Int], [String: Double]) {
                (Tensor([Float(index), 0.5]), [index, -index], ["a": Double(index)])
            }
        }
        struct Single: Dataset {
            let count = 3
            subscript(index: Int) -> (Bool, String) { (index == 1, "s\(index)") }
        }
        let batches = Array(DataLoader(Mixed(), batchSize: 2))
        #expect(batches.count == 2)
        let (x, list, named) = batches[0]
        #expect(x.shape == [2, 2] && x.toArray(Float.self) == [0, 0.5, 1, 0.5])
        #expect(list.map(\.dtype) == [.int64, .int64])
        #expect(list[1].toArray(Int.self) == [0, -1])
        #expect(named["a"]?.dtype == .float32 && named["a"]?.toArray(Float.self) == [0, 1])
        for (flags, names) in DataLoader(Single(), batchSize: 3) {
            #expect(flags.dtype == .bool && flags.toArray(Bool.self) == [false, true, false])
            #expect(names == ["s0", "s1", "s2"])
        }
    }

    @Test func joinsByACallersFunction() {
        let loader = DataLoader(Numbers(count: 5), batchSize: 2) { $0.map(String.init).joined(separator: "+") }
        #expect(Array(loader) == ["0+1", "2+3", "4"])
    }

    @Test(arguments: [0, 2]) func errorsReachTheCaller(workers: Int) throws {
        let loader = DataLoader(Numbers(count: 10, failing: 5), batchSize: 2, workers: workers)
        var seen = 0
        let error = #expect(throws: TensorError.self) {
            try checked { for _ in loader { seen += 1 } }
        }
        #expect(seen == 2)
        #expect(error?.description == "DataLoader: a sample could not be loaded: bad file a.png")
        let iterator = DataLoader(Numbers(count: 10, failing: 0), batchSize: 2, workers: workers).makeIterator()
        #expect(throws: Numbers.Broken.self) { try iterator.nextBatch() }
        #expect(try iterator.nextBatch() == nil)
    }

    @Test func samplesThatDifferAreAnError() {
        struct Ragged: Dataset {
            let count = 2
            subscript(index: Int) -> Tensor { Tensor.zeros([index + 1]) }
        }
        let error = #expect(throws: TensorError.self) {
            try checked { for _ in DataLoader(Ragged(), batchSize: 2) {} }
        }
        #expect(error?.operation == "collate")
    }

    @Test func wrongSizesAreRefused() {
        for (size, workers) in [(0, 0), (-1, 0), (1, -1)] {
            let error = #expect(throws: TensorError.self) {
                try checked { _ = DataLoader(Numbers(count: 3), batchSize: size, workers: workers) }
            }
            #expect(error?.description.contains("batchSize at least 1") == true)
        }
        #expect(throws: TensorError.self) {
            try checked { DataLoader(Numbers(count: 3)).state = .init(seed: 0, epoch: 0, batch: 4) }
        }
    }

    @Test(arguments: [0, 2]) func aSamplesChanceDependsOnItsKeyAlone(workers: Int) {
        struct Noisy: Dataset {
            let count = 20
            subscript(index: Int) -> (Int, Int) {
                var generator = SampleKey.current!.generator
                return (index, Int(truncatingIfNeeded: generator.next() >> 1))
            }
        }
        let loader = DataLoader(Noisy(), batchSize: 3, shuffle: true, seed: 4, workers: workers)
        for epoch in 0..<2 {
            for (indices, values) in loader {
                for (index, value) in zip(indices.toArray(Int.self), values.toArray(Int.self)) {
                    var generator = SampleKey(seed: 4, epoch: epoch, index: index).generator
                    #expect(value == Int(truncatingIfNeeded: generator.next() >> 1))
                }
            }
        }
        #expect(SampleKey.current == nil)
    }

    @Test func weightsDecideHowOftenASampleComes() {
        let sampler = WeightedRandomSampler(weights: [1, 0, 3], sampleCount: 4000)
        let loader = DataLoader(Numbers(count: 3), batchSize: 100, sampler: sampler)
        let drawn = Array(epoch(loader) { $0 }.joined())
        #expect(drawn.count == 4000)
        #expect(!drawn.contains(1))
        // Mean 1000, deviation 27.
        #expect((850...1150).contains(drawn.count { $0 == 0 }))
    }
}
