import Synchronization
import Testing
@testable import TorchlightCore

@Suite("Operations of many threads at once")
struct ThreadTests {
    /// Operations of every kind that shares work, on whole numbers small enough that every order of a sum gives the same.
    private static func results(_ caller: Int, _ round: Int) -> [[Float]] {
        let count = 96 * 128
        func whole(_ shift: Int) -> Tensor {
            Tensor((0..<count).map { Float(($0 * 7 + shift) % 5 - 2) }).reshape([96, 128])
        }
        let x = whole(caller), y = whole(round)
        let images = x.reshape([4, 3, 32, 32]),
            kernels = y.narrow(0, start: 0, length: 9).reshape([32, 3, 12]).narrow(2, start: 0, length: 9)
        let convolved = conv2d(images, kernels.reshape([32, 3, 3, 3]), padding: 1)
        return [
            matmul(x, y.transpose(0, 1)), matmul(x.to(.float64), y.to(.float64).transpose(0, 1)).to(.float32),
            (x * y + x).relu(), x.sum(dim: 0), x.cumsum(dim: 1), x.sort(dim: 1).values, convolved,
            cat([x, y], dim: 1).transpose(0, 1).contiguous(),
        ].map { $0.toArray(Float.self) }
    }

    @Test("Sixteen threads get what one gets") func sixteenCallers() {
        let callers = 16, rounds = 6
        let expected = (0..<callers).map { caller in (0..<rounds).map { Self.results(caller, $0) } }
        let wrong = Mutex<[String]>([])
        let threads = (0..<callers).map { caller in
            BackgroundThread {
                for round in 0..<rounds {
                    let found = Self.results(caller, round)
                    for (index, values) in found.enumerated() where values != expected[caller][round][index] {
                        wrong.withLock { $0.append("caller \(caller), round \(round), result \(index)") }
                    }
                }
            }
        }
        for thread in threads { thread?.join() }
        #expect(wrong.withLock { $0 } == [])
    }

    @Test("A thread that keeps its operations gets what others get") func onOneThread() {
        let expected = Self.results(1, 2)
        let found = Mutex<[[Float]]>([])
        BackgroundThread {
            runOperationsInline()
            let results = Self.results(1, 2)
            found.withLock { $0 = results }
        }?.join()
        #expect(found.withLock { $0 } == expected)
    }
}
