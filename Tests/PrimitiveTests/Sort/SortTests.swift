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

    @Test func uniqueSlicesAreInLexicographicOrder() {
        let x = Tensor([[1, 2], [0, 5], [1, 2], [0, 4]])
        let rows = x.unique(dim: 0)
        expectClose(rows.values, [0, 4, 0, 5, 1, 2], .exact)
        expectClose(rows.inverse, [2, 1, 2, 0], .exact)
        expectClose(rows.counts, [1, 1, 2], .exact)
        #expect(rows.values.indexSelect(0, rows.inverse).equal(x))
        let columns = Tensor([[2, 1, 2], [0, 3, 0]]).unique(dim: -1)
        #expect(columns.values.toNestedArray(Int.self) == [[1, 2], [3, 0]])
        #expect(Tensor.zeros([0, 2]).unique(dim: 0).values.shape == [0, 2])
        expectRefusal(by: "unique", .index) { Tensor(3).unique(dim: 0).values }
        expectRefusal(by: "unique", .shape) { Tensor.zeros([2, 0]).unique(dim: 0).values }
    }

    @Test func consecutiveEqualsAreOneRun() {
        let found = Tensor([[1, 1], [2, 2], [1, 1]]).uniqueConsecutive()
        expectClose(found.values, [1, 2, 1], .exact)
        expectClose(found.counts, [2, 2, 2], .exact)
        #expect(found.inverse.toNestedArray(Int.self) == [[0, 0], [1, 1], [2, 2]])
        expectClose(Tensor([[1, 1], [1, 1], [2, 1]]).uniqueConsecutive(dim: 0).counts, [2, 1], .exact)
        #expect(Tensor([Double.nan, .nan]).uniqueConsecutive().values.count == 2)
        #expect(Tensor(3.0).uniqueConsecutive().inverse.shape == [])
    }

    @Test func searchFindsPlacesInRowsOfAnyLayout() {
        let row = Tensor([1.0, 3, 3, .nan])
        expectClose(row.searchsorted(Tensor([3.0, .infinity, .nan])), [1, 3, 3], .exact)
        expectClose(row.searchsorted(Tensor([3.0, .infinity, .nan]), right: true), [3, 3, 4], .exact)
        let columns = Tensor([[1, 10], [2, 20], [3, 30]]).t()
        expectClose(columns.searchsorted(Tensor([[2, 9], [20, 99]])), [1, 3, 1, 3], .exact)
        let mixed = Tensor([5, 1, 3])
        expectClose(mixed.searchsorted(Tensor([2, 6]), sorter: mixed.argsort()), [1, 3], .exact)
        // Nothing is cut off where the dtypes differ.
        expectClose(Tensor([1, 2, 3]).searchsorted(2.5), [2], .exact)
        expectClose(Tensor([1, 2, 3]).searchsorted(Tensor([2.5, 9])), [2, 3], .exact)
        expectClose(bucketize(2.5, Tensor([1, 2, 3])), [2], .exact)
        #expect(row.searchsorted(3.0, outInt32: true).dtype == .int32)
        expectClose(Tensor([0.5, 1, 9]).bucketize(Tensor([1.0, 2, 3])), [0, 0, 3], .exact)
    }

    @Test func searchRefusesWhatHasNoRows() {
        let row = Tensor([1.0, 2])
        expectRefusal(by: "searchsorted", .shape) { Tensor(1.0).searchsorted(row) }
        expectRefusal(by: "searchsorted", .shape) { Tensor.ones(2, 3).searchsorted(Tensor.ones(3, 3)) }
        expectRefusal(by: "searchsorted", .shape) { Tensor.ones(2, 3).searchsorted(1.0) }
        expectRefusal(by: "searchsorted", .shape) { row.searchsorted(row, sorter: Tensor([0])) }
        expectRefusal(by: "bucketize", .shape) { row.bucketize(Tensor.ones(2, 2)) }
    }
}
