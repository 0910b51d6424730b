import CHeapCount
import Foundation
import Testing
import Torchlight

@testable import TorchlightCore

/// What small operations take from the heap besides the elements: the numbers are held exactly, so that a change which
/// makes an operation dearer shows, and one that makes it cheaper is written down here. They are those of a debug build; with
/// optimisation they are the same or lower.
@Suite("Blocks from the heap", .enabled(if: heap_count() >= 0, "malloc can be counted here"))
struct HeapTests {
    /// The fewest blocks that a run of the body takes, after runs that set up what is kept.
    ///
    /// Runs during which the source lines of calls are recorded do not count: tests that run at the same time have them
    /// recorded, for all threads, and each line takes blocks.
    private func blocks(_ body: () -> Void) -> Int {
        var fewest = Int.max
        var runs = 0
        while runs < 8 {
            let wereRecorded = CallSites.areRecorded
            let before = heap_count()
            body()
            let taken = Int(heap_count() - before)
            if wereRecorded || CallSites.areRecorded {
                Thread.sleep(forTimeInterval: 0.001)
                continue
            }
            fewest = min(fewest, taken)
            runs += 1
        }
        return fewest
    }

    @Test("An addition takes a tensor and its storage; one that is recorded a node besides")
    func addition() {
        let a = Tensor.ones(4)
        let b = Tensor.ones(4)
        let w = Tensor.ones([4], requiresGrad: true)
        #expect(blocks { _ = a } == 0)
        #expect(blocks { noGrad { _ = a + b } } == 2)
        #expect(blocks { _ = w + b } == 3)
    }

    @Test("A linear layer")
    func linearLayer() {
        let layer = Linear(8, 8)
        let x = Tensor.ones(2, 8)
        #expect(blocks { noGrad { _ = layer(x) } } == 3)
        #expect(blocks { _ = layer(x) } == 4)
    }

    @Test("A backward pass over ten products and ten sums")
    func backward() {
        let b = Tensor.ones(4)
        let w = Tensor.ones([4], requiresGrad: true)
        func forward() -> Tensor {
            var y = w
            for _ in 0..<10 { y = y * b + b }
            return y.sum()
        }
        let recorded = blocks { _ = forward() }
        #expect(recorded == 70)
        #expect(
            blocks {
                w.grad = nil
                forward().backward()
            } - recorded == 54)
    }
}
