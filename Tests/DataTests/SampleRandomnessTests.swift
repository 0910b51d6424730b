import Foundation
import TestSupport
import Testing
import TorchlightCore

@testable import TorchlightData

/// What is random in a sample depends on its key alone, and nothing random is in step with anything else by accident.
@Suite struct SampleRandomnessTests {
    /// Draws by every means that a data set has, after a decode of varying time.
    private struct Noisy: Dataset {
        let count = 48
        subscript(index: Int) -> Tensor {
            usleep(UInt32.random(in: 0...300))
            var swift = SampleKey.current!.generator
            let permuted = Tensor.randperm(5).to(.float32)
            let dropped = dropout(Tensor.ones([3]), p: 0.5)
            let initial = Tensor.empty([2]).normal_()
            return cat([
                Tensor.rand([1]), Tensor.randn([1]), permuted, dropped, initial, Tensor.empty([2]).uniform_(),
                Tensor.full([2], 0.5).bernoulli(), Tensor([Float.random(in: 0..<1, using: &swift)]),
                Tensor.randint(0, 100, [1]).to(.float32),
            ])
        }
    }

    private static func epochs(_ workers: Int, seed: UInt64 = 7, from state: DataLoaderState? = nil) -> [[Float]] {
        let loader = DataLoader(Noisy(), batchSize: 5, shuffle: true, seed: seed, workers: workers)
        if let state { loader.state = state }
        return (0..<2).flatMap { _ in loader.map { $0.toArray(Float.self) } }
    }

    @Test func drawsOfSamplesDoNotDependOnWorkers() {
        let alone = Self.epochs(0)
        for workers in [0, 1, 4] { #expect(Self.epochs(workers) == alone, "\(workers) workers") }
        #expect(Self.epochs(0, seed: 8) != alone)
        // The second epoch has other numbers than the first, and a resumed run those of the one that never stopped.
        #expect(Set(alone[..<10]).isDisjoint(with: alone[10...]))
        let resumed = Self.epochs(3, from: DataLoaderState(seed: 7, epoch: 0, batch: 4))
        #expect(Array(resumed[..<16]) == Array(alone[4...]))
    }

    @Test(arguments: [0, 3]) func theModelsNumbersAreLeftAlone(workers: Int) {
        // The program's generator is shared with other tests; a generator that is the default one of this thread is not.
        let model = Generator(seed: 1)
        model.asDefault {
            let loader = DataLoader(Noisy(), batchSize: 5, shuffle: true, seed: 7, workers: workers)
            let before = model.state
            for _ in loader {}
            #expect(model.state == before)
        }
    }

    @Test func collatingAndSamplersDrawReproducibly() {
        struct Drawn: Sampler {
            func sampleCount(of count: Int) -> Int { count }
            func indices(of count: Int, seed: UInt64, epoch: Int) -> [Int] { Tensor.randperm(count).toArray(Int.self) }
        }
        struct Plain: Dataset {
            let count = 30
            subscript(index: Int) -> Int { index }
        }
        func run(_ workers: Int) -> [[Float]] {
            let loader = DataLoader(Plain(), batchSize: 4, sampler: Drawn(), seed: 3, workers: workers) { samples in
                Tensor(samples.map { Float($0) }) + Tensor.rand([1])
            }
            return (0..<2).flatMap { _ in loader.map { $0.toArray(Float.self) } }
        }
        let first = run(0)
        #expect(run(0) == first && run(3) == first)
        #expect(Set(first).count == first.count)
        // No two batches were mixed with the same number.
        #expect(Set(first.map { $0[0] - $0[0].rounded(.down) }).count > 12)
    }

    @Test func transformsAndViewsOfASampleAreIndependent() {
        struct Coin: Transform {
            func callAsFunction(_ x: Tensor) -> Tensor {
                var generator = SampleKey.current!.generator
                return cat([x, Tensor([Bool.random(using: &generator) ? 1 : 0 as Float])])
            }
        }
        struct TensorCoin: Transform {
            func callAsFunction(_ x: Tensor) -> Tensor { cat([x, Tensor.full([1], 0.5).bernoulli()]) }
        }
        struct Flips: Dataset {
            let count = 400
            let transform = Compose([Coin(), Coin(), TensorCoin(), TensorCoin()])
            subscript(index: Int) -> (Tensor, Tensor) {
                (transform(Tensor.zeros([0])), transform(Tensor.zeros([0])))
            }
        }
        for (first, second) in DataLoader(Flips(), batchSize: 400, seed: 1) {
            let columns = (0..<4).map { first[.all, $0] } + (0..<4).map { second[.all, $0] }
            for (i, a) in columns.enumerated() {
                #expect((150...250).contains(a.sum().item()), "column \(i)")
                for (j, b) in columns.enumerated() where j > i {
                    // Mean 200, deviation 10.
                    #expect((150...250).contains(a.ne(b).sum().item()), "columns \(i) and \(j)")
                }
            }
        }
        var seen: Set<UInt64> = []
        let key = SampleKey(seed: 1, epoch: 2, index: 3)
        for _ in 0..<100 {
            var generator = key.generator
            seen.insert(generator.next())
        }
        #expect(seen.count == 100)
        let (a, b) = (SampleKey(seed: 1, epoch: 2, index: 3), SampleKey(seed: 1, epoch: 2, index: 3))
        #expect((0..<5).map { _ in a.generator } == (0..<5).map { _ in b.generator })
        #expect(a == b && a.hashValue == b.hashValue)
    }

    @Test func loadersAndSplitsWithoutASeedDiffer() {
        struct Plain: Dataset {
            let count = 100
            subscript(index: Int) -> Int { index }
        }
        func run() -> [[Int]] {
            Generator(seed: 5).asDefault {
                let loaders = (0..<3).map { _ in DataLoader(Plain(), batchSize: 100, shuffle: true) }
                let weighted = (0..<2).map { _ in
                    DataLoader(
                        Plain(), batchSize: 100,
                        sampler: WeightedRandomSampler(weights: Array(repeating: 1, count: 100)))
                }
                let orders = (loaders + weighted).map { Array($0)[0].toArray(Int.self) }
                return orders + (0..<2).map { _ in randomSplit(Plain(), [0.5, 0.5])[0].indices }
            }
        }
        let first = run()
        #expect(Set(first).count == first.count)
        #expect(run() == first)
        // A loader of another seed takes the order over with the state.
        let saved = DataLoader(Plain(), batchSize: 10, shuffle: true)
        var rest: [Int] = []
        var state: DataLoaderState?
        for batch in saved {
            if state != nil { rest += batch.toArray(Int.self) }
            if state == nil, saved.state.batch == 4 { state = saved.state }
        }
        let resumed = DataLoader(Plain(), batchSize: 10, shuffle: true)
        resumed.state = state!
        #expect(resumed.flatMap { $0.toArray(Int.self) } == rest && rest.count == 60)
    }

    @Test func aDefaultGeneratorIsThatOfItsThread() {
        let (outer, inner) = (Generator(seed: 1), Generator(seed: 2))
        let expected = Tensor.rand([4], generator: Generator(seed: 2)).toArray(Float.self)
        outer.asDefault {
            #expect(inner.asDefault { Tensor.rand([4]) }.toArray(Float.self) == expected)
            #expect(Generator.default === outer)
            #expect(throws: TensorError.self) {
                try inner.asDefault { () throws(TensorError) -> Void in throw TensorError(.value, in: "test", "thrown")
                }
            }
            #expect(Generator.default === outer && outer.state.call == 0)
        }
        #expect(Generator.default !== outer)
    }
}
