import TestSupport
import Testing
import TorchlightCore
import TorchlightData

@Suite struct DistributedSamplerTests {
    @Test func theProcessesShareTheSamples() {
        for count in [0, 1, 5, 12, 13] {
            for replicas in [1, 3, 4] {
                for shuffle in [false, true] {
                    for dropLast in [false, true] {
                        let label = "\(count) samples, \(replicas) processes, shuffle \(shuffle), dropLast \(dropLast)"
                        let parts = (0..<replicas).map { rank in
                            DistributedSampler(
                                numReplicas: replicas, rank: rank, shuffle: shuffle, dropLast: dropLast
                            ).indices(of: count, seed: 3, epoch: 1)
                        }
                        let size = dropLast ? count / replicas : (count + replicas - 1) / replicas
                        #expect(parts.allSatisfy { $0.count == size }, "\(label)")
                        let all = parts.flatMap { $0 }
                        let distinct = Set(all)
                        #expect(distinct.isSubset(of: 0..<count), "\(label)")
                        #expect(distinct.count == min(all.count, count), "\(label): \(parts)")
                    }
                }
            }
        }
    }

    @Test func everyEpochHasAnotherOrder() {
        let sampler = DistributedSampler(numReplicas: 2, rank: 0)
        func order(_ epoch: Int) -> [Int] { sampler.indices(of: 40, seed: 1, epoch: epoch) }
        #expect(order(0) == order(0) && order(0) != order(1))
        #expect(throws: TensorError.self) { try checked { DistributedSampler(numReplicas: 2, rank: 2) } }
    }

    @Test func samplesAreGroupedIntoBatches() {
        let whole = BatchSampler(SequentialSampler(), batchSize: 3)
        #expect(whole.batches(of: 8, seed: 0, epoch: 0) == [[0, 1, 2], [3, 4, 5], [6, 7]])
        #expect(whole.batchCount(of: 8) == 3)
        let full = BatchSampler(SequentialSampler(), batchSize: 3, dropLast: true)
        #expect(full.batches(of: 8, seed: 0, epoch: 0) == [[0, 1, 2], [3, 4, 5]])
        #expect(throws: TensorError.self) { try checked { BatchSampler(SequentialSampler(), batchSize: 0) } }
    }
}
