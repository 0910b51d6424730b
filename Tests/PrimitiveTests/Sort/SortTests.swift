import TestSupport
import Testing
@testable import TorchlightCore

@Suite struct SortTests {
    @Test func nanIsTheLargest() {
        let x = Tensor([2.0, .nan, -.infinity, 1])
        expectClose(x.sort().values, [-.infinity, 1, 2, .nan])
        expectClose(x.sort(descending: true).indices, [1, 0, 3, 2], .exact)
        expectClose(x.topk(2).values, [.nan, 2])
    }

    @Test func topkRefusesTooMany() {
        expectRefusal(by: "topk", .value) { Tensor([1.0, 2]).topk(3).values }
        expectRefusal(by: "sort", .index) { Tensor([1.0, 2]).sort(dim: 2).values }
    }

    @Test func uniqueCountsAndFindsBack() {
        let found = Tensor([[3, 1, 3], [1, 1, 7]]).unique()
        expectClose(found.values, [1, 3, 7], .exact)
        expectClose(found.inverse, [1, 0, 1, 0, 0, 2], .exact)
        #expect(found.inverse.shape == [2, 3])
        expectClose(found.counts, [3, 2, 1], .exact)
        #expect(Tensor.zeros(0).unique().counts.shape == [0])
    }

    @Test func sortedEqualsStayInOrder() {
        let x = Tensor([1, 0, 1, 0])
        expectClose(x.argsort(), [1, 3, 0, 2], .exact)
        expectClose(x.argsort(descending: true), [0, 2, 1, 3], .exact)
    }
}
