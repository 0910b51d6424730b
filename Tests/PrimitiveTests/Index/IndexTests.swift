import TestSupport
import Testing
@testable import TorchlightCore

@Suite struct IndexTests {
    @Test func errorsNameTheIndexItsPlaceAndTheSize() throws {
        let x = Tensor.ones(3, 5)
        let error = try #require(expectRefusal(by: "gather", .index) { x.gather(1, Tensor([[0, 1], [4, 5]])) })
        #expect(error.problem == "index 5 at [1, 1] is out of range for dimension 1")
        #expect(error.expected == "0 ... 4")
        let row = try #require(expectRefusal(by: "embedding", .index) { embedding(Tensor([0, 3]), x) })
        #expect(row.problem == "index 3 at [1] is out of range for dimension 0")
        expectRefusal(by: "indexSelect", .index) { x.indexSelect(0, Tensor([-1])) }
        expectRefusal(by: "indexSelect", .dtype) { x.indexSelect(0, Tensor([1.0])) }
        let both = try #require(
            expectRefusal(by: "index", .index) { x.indexGet([Tensor([0]), Tensor([-6])]) })
        #expect(both.problem == "index -6 at [0] is out of range for dimension 1")
        #expect(both.expected == "-5 ... 4")
        expectRefusal(by: "scatter", .index) { x.clone().scatter_(0, Tensor([[3]]), 1) }
    }

    @Test func aRefusedWriteChangesNothing() {
        let x = Tensor.zeros(3)
        expectRefusal(by: "indexAdd", .index) { x.indexAdd_(0, Tensor([0, 7]), .ones(2)) }
        expectClose(x, [0, 0, 0])
        #expect(x.version == 0)
    }

    @Test func singleNumbersHaveOnePosition() {
        let x = Tensor(5.0)
        expectClose(x.indexSelect(0, Tensor(0)), [5])
        expectClose(x.gather(0, Tensor(0)), [5])
        expectClose(x.scatter(0, Tensor(0), Tensor(7.0)), [7])
        expectClose(x.indexAdd(0, Tensor([0, 0]), Tensor([1.0, 2])), [8])
        #expect(x.indexFill(0, Tensor([0]), 1).shape == [])
    }

    @Test func filledValueHasTheGradientOfItsPlaces() {
        let value = Tensor(2.0).requiresGrad_()
        Tensor.zeros(3, 2).indexFill(0, Tensor([1, 1, 2]), value).sum().backward()
        expectClose(value.grad!, [4])
    }

    @Test func takingMayCountFromTheEnd() {
        expectClose(Tensor([1, 2, 3]).take(Tensor([-1, 0])), [3, 1], .exact)
        expectClose(Tensor([[1, 2, 3]]).takeAlongDim(Tensor([[-1]]), dim: 1), [3], .exact)
    }

    @Test func embeddingPaddingGetsNoGradient() {
        let table = Tensor.ones(3, 2).requiresGrad_()
        embedding(Tensor([0, 1, 1, 2]), table, paddingIdx: 1).sum().backward()
        expectClose(table.grad!, [1, 1, 0, 0, 1, 1])
        expectRefusal(by: "embedding", .index) { embedding(Tensor([0]), table, paddingIdx: 3) }
    }

    @Test func scatterPutsNumbersAndSources() {
        let index = Tensor([[0], [2]])
        expectClose(Tensor.zeros(2, 3).scatter(1, index, 4), [4, 0, 0, 0, 0, 4])
        // The source may be larger than the index.
        expectClose(Tensor.zeros(2, 3).scatter(1, index, Tensor([[1.0, 2], [3, 4]])), [1, 0, 0, 0, 0, 3])
        expectRefusal(by: "scatter", .shape) { Tensor.zeros(2, 3).scatter(1, index, Tensor([[1.0]])) }
    }

    @Test func scatterReduceWithAndWithoutItself() {
        let x = Tensor([1.0, 2, 3, 4], dtype: .float64)
        let index = Tensor([0, 0, 2])
        let source = Tensor([5.0, 7, 9], dtype: .float64)
        expectClose(x.scatterReduce(0, index, source, reduce: .prod), [35, 2, 27, 4])
        expectClose(x.scatterReduce(0, index, source, reduce: .mean), [13.0 / 3, 2, 6, 4])
        expectClose(x.scatterReduce(0, index, source, reduce: .mean, includeSelf: false), [6, 2, 9, 4])
        expectClose(x.scatterReduce(0, index, source, reduce: .amin, includeSelf: false), [5, 2, 9, 4])
        expectGradients(order: 2, at: [x, source], label: "prod") {
            [$0[0].scatterReduce(0, index, $0[1], reduce: .prod)]
        }
        expectGradients(order: 1, at: [Tensor([0.0, 2], dtype: .float64), Tensor([3.0, 0, 0], dtype: .float64)]) {
            [$0[0].scatterReduce(0, Tensor([0, 1, 1]), $0[1], reduce: .prod)]
        }
    }

    @Test func takeAndTakeAlongDim() {
        let x = Tensor([[3.0, 1, 2], [9, 7, 8]])
        expectClose(x.take(Tensor([[0, 5]])), [3, 8])
        expectClose(x.takeAlongDim(x.argsort(dim: 1), dim: 1), [1, 2, 3, 7, 8, 9])
    }

    @Test func catAndStackSayWhatDiffers() throws {
        let error = try #require(expectRefusal(by: "cat", .shape) { cat([.ones(2, 3), .ones(2, 4)]) })
        #expect(error.problem == "tensor 1 differs from the first in dimension 1")
        expectRefusal(by: "cat", .value) { cat([]) }
        expectRefusal(by: "cat", .shape) { cat([.ones(2, 3), .ones(3)]) }
        expectRefusal(by: "stack", .shape) { stack([.ones(2), .ones(3)]) }
        #expect(stack([.ones(2), .ones(2)], dim: -1).shape == [2, 2])
        #expect(cat([Tensor([1]), Tensor([1.5])]).dtype == .float32)
    }

    @Test func maskedScatterCountsItsSource() {
        let mask = Tensor([true, true, false])
        expectRefusal(by: "maskedScatter", .shape) { Tensor.zeros(3).maskedScatter(mask, .ones(1)) }
        expectRefusal(by: "maskedSelect", .dtype) { Tensor.zeros(3).maskedSelect(.ones(3)) }
    }

    @Test func writesThroughViewsReachTheBase() {
        let x = Tensor.zeros(2, 3)
        x.t().indexCopy_(0, Tensor([2, 0]), Tensor([[1.0, 2], [3, 4]]))
        expectClose(x, [3, 0, 1, 4, 0, 2])
        expectClose(Tensor([1, 2, 3]).indexFill(0, Tensor([-1, 0]), 7), [7, 2, 7])
        expectRefusal(by: "scatter", .index) { Tensor([1, 2, 3]).indexFill(0, Tensor([-4]), 7) }
        x.select(1, 1).indexFill_(0, Tensor([1]), 9)
        expectClose(x, [3, 0, 1, 4, 9, 2])
        expectClose(x.indexFill(1, Tensor([0, 2]), 7), [7, 0, 7, 7, 9, 7])
    }

    @Test func sourcesMayLieInTheTarget() {
        let x = Tensor([[1.0, 2], [3, 4]])
        x.indexAdd_(0, Tensor([1, 0]), x)
        expectClose(x, [4, 6, 4, 6])
    }

    @Test func putCountsThroughTheFlattenedTensor() {
        let x = Tensor.zeros(2, 3)
        expectClose(x.put(Tensor([1, -1]), Tensor([5.0, 7])), [0, 5, 0, 0, 0, 7])
        expectClose(x.put(Tensor([[1], [1]]), Tensor([5.0, 7]), accumulate: true), [0, 12, 0, 0, 0, 0])
        // The transposed tensor does not lie in one row.
        x.t().put_(Tensor([1, -2]), Tensor([5.0, 7]))
        expectClose(x, [0, 0, 7, 5, 0, 0])
        expectRefusal(by: "put", .index) { x.put(Tensor([6]), Tensor([1.0])) }
        expectRefusal(by: "put", .shape) { x.put(Tensor([1, 2]), Tensor([1.0])) }
        expectRefusal(by: "put_", .dtype) { x.put_(Tensor([1]), Tensor([1])) }
    }

    @Test func masksNameThePlacesOfIndexPut() {
        let x = Tensor.zeros(2, 3)
        let mask = Tensor([[true, false, true], [false, true, false]])
        expectClose(x.indexPut([mask], Tensor([1.0, 2, 3])), [1, 0, 2, 0, 3, 0])
        expectClose(x.indexPut([Tensor([false, true])], Tensor(4.0)), [0, 0, 0, 4, 4, 4])
        expectClose(x.indexPut([Tensor([0, 1]), Tensor([-1, 0])], Tensor(1.0)), [0, 0, 1, 1, 0, 0])
        expectRefusal(by: "indexPut", .index) { x.indexPut([Tensor([true, false, true])], Tensor(1.0)) }
        expectRefusal(by: "indexPut", .shape) { x.indexPut([mask], Tensor.ones(2)) }
    }

    @Test func placesOfAMaskAreRowsOrColumns() {
        let mask = Tensor([[true, false], [true, true]])
        let places = Tensor.where(mask)
        expectClose(places[0], [0, 1, 1], .exact)
        expectClose(places[1], [0, 0, 1], .exact)
        #expect(Tensor.where(Tensor(true)).map(\.shape) == [[1]])
        #expect(mask.nonzeroStatic(size: 2).toNestedArray(Int.self) == [[0, 0], [1, 0]])
        #expect(mask.nonzeroStatic(size: 4, fillValue: 9)[3].toArray(Int.self) == [9, 9])
        expectRefusal(by: "nonzeroStatic", .value) { mask.nonzeroStatic(size: -1) }
    }

    @Test func coordinatesUndoFlattening() {
        let positions = Tensor.arange(24).to(.int32)
        let found = unravelIndex(positions, [2, 3, 4])
        expectClose((found[0] * 3 + found[1]) * 4 + found[2], (0..<24).map(Double.init), .exact)
        expectRefusal(by: "unravelIndex", .dtype) { unravelIndex(Tensor([1.0]), [2])[0] }
        expectRefusal(by: "unravelIndex", .shape) { unravelIndex(Tensor([1]), [2, -1])[0] }
    }

    @Test func slicesAreCombinedAtPositions() {
        let (x, index, source) = (Tensor([[1.0], [2], [3]]), Tensor([0, 2, 0]), Tensor([[4.0], [5], [6]]))
        expectClose(x.indexReduce(0, index, source, reduce: .mean), [11.0 / 3, 2, 4])
        expectClose(x.indexReduce(0, index, source, reduce: .mean, includeSelf: false), [5, 2, 5])
        expectClose(x.indexReduce(0, index, source, reduce: .prod), [24, 2, 15])
        expectClose(x.clone().indexReduce_(0, index, source, reduce: .amin, includeSelf: false), [4, 2, 5])
        expectClose(x.clone().indexReduce_(0, index, source, reduce: .amax), [6, 2, 5])
        expectClose(Tensor([7]).indexReduce(0, Tensor([0]), Tensor([2]), reduce: .mean), [4], .exact)
    }

    @Test func aRefusedCombinationChangesNothing() {
        let x = Tensor.ones(3)
        expectRefusal(by: "scatter", .dtype) {
            x.scatterReduce_(0, Tensor([0]), Tensor([1]), reduce: .sum, includeSelf: false)
        }
        expectClose(x, [1, 1, 1])
    }

    @Test func scatterAddsAndMultiplies() {
        let x = Tensor([1.0, 2, 3])
        expectClose(x.scatter(0, Tensor([0, 0]), Tensor([4.0, 5]), reduce: .add), [10, 2, 3])
        expectClose(x.scatter(0, Tensor([0, 0]), 2, reduce: .multiply), [4, 2, 3])
        expectClose(x.scatter_(0, Tensor([2]), 2, reduce: .multiply), [1, 2, 6])
    }
}
