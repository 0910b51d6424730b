import TestSupport
import Testing
import TorchlightCore

@Suite struct MembershipTests {
    @Test func findsElementsAmongFewAndMany() {
        var random = TestRandom(seed: 7)
        for size in [0, 1, 8, 9, 16, 100] {
            let test = (0..<size).map { _ in Int.random(in: -50...50, using: &random) }
            let x = (0..<60).map { _ in Int.random(in: -60...60, using: &random) }
            let found = Tensor(x, shape: [3, 20]).isin(Tensor(test, shape: [size]))
            #expect(found.toArray(Bool.self) == x.map(test.contains), "seed 7, \(size) elements")
            #expect(found.shape == [3, 20] && found.dtype == .bool)
        }
    }

    @Test func promotesAndInverts() {
        let x = Tensor([1, 2])
        #expect(x.isin(Tensor([1.5, 2])).toArray(Bool.self) == [false, true])
        #expect(x.isin(Tensor([2]), invert: true).toArray(Bool.self) == [true, false])
        #expect(x.isin(2).toArray(Bool.self) == [false, true])
        #expect(isin(2.0, x).toArray(Bool.self) == [true])
        #expect(isin(3, x).shape == [])
    }

    @Test func nanIsNowhere() {
        let many = Tensor((0..<20).map(Double.init) + [.nan])
        let x = Tensor([.nan, 3, -1, 19, 20, .infinity] as [Double])
        #expect(x.isin(many).toArray(Bool.self) == [false, true, false, true, false, false])
    }

    @Test func dtypesOfResults() {
        #expect(resultType(Tensor([1]), Tensor([1.0])) == .float32)
        #expect(resultType(Tensor([1], dtype: .int8), 3) == .int8)
        #expect(resultType(Tensor([1], dtype: .int8), 3.5) == .float32)
        #expect(resultType(true, Tensor([1.0], dtype: .float16)) == .float16)
        #expect(resultType(1, 2.5) == .float32 && resultType(1, true) == .int64)
        #expect(DType.bool.canCast(to: .int8) && DType.int64.canCast(to: .float16))
        #expect(DType.float64.canCast(to: .float16))
        #expect(!DType.int8.canCast(to: .bool) && !DType.float16.canCast(to: .int64))
    }

    @Test func choosesBetweenNumbers() {
        let condition = Tensor([true, false])
        #expect(Tensor.where(condition, 1, 0).dtype == .int64)
        #expect(Tensor.where(condition, 1.0, 0).toArray(Float.self) == [1, 0])
        let places = Tensor.where(Tensor([[true, false], [false, true]]))
        #expect(places.map { $0.toArray(Int.self) } == [[0, 1], [0, 1]])
    }

    @Test func fillsWithTensors() throws {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let filled = x.fill(3)
        filled.sum().backward()
        #expect(filled.toArray(Float.self) == [3, 3] && x.grad!.toArray(Float.self) == [0, 0])
        let value = Tensor(4.0, requiresGrad: true)
        x.fill(value).sum().backward()
        #expect(value.grad!.item() == 2)
        #expect(Tensor([1, 2]).fill_(Tensor(7.9)).toArray(Int.self) == [7, 7])
        #expect(throws: TensorError.self) { try checked { Tensor([1, 2]).fill(Tensor([1, 2])) } }
    }
}
