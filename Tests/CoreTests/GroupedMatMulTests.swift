import TestSupport
import Testing
import TorchlightCore

@Suite struct GroupedMatMulTests {
    private static func random(_ shape: Int..., seed: UInt64) -> Tensor {
        Tensor.randn(shape, dtype: .float64, generator: Generator(seed: seed)).requiresGrad_()
    }

    @Test func rowsHaveTheMatrixOfTheirGroup() throws {
        let (a, b) = (Self.random(7, 3, seed: 1), Self.random(3, 3, 4, seed: 2))
        let result = groupedMM(a, b, offs: [2, 2, 6])
        let rows = [
            a.narrow(0, start: 0, length: 2).mm(b.select(0, 0)), a.narrow(0, start: 2, length: 4).mm(b.select(0, 2)),
        ]
        let wanted = cat(rows + [Tensor.zeros([1, 4], dtype: .float64)])
        #expect(result.allclose(wanted))
        result.sum().backward()
        #expect(try #require(b.grad).select(0, 1).abs().max().item() == 0)
        #expect(try #require(a.grad).narrow(0, start: 6, length: 1).abs().max().item() == 0)
        #expect(groupedMM(a, b, offs: Tensor([2, 2, 6], dtype: .int32)).allclose(wanted))
    }

    @Test func otherGroups() {
        let (a, b) = (Self.random(2, 3, 5, seed: 3), Self.random(2, 5, 4, seed: 4))
        #expect(groupedMM(a, b).allclose(a.bmm(b)))
        let wide = Self.random(5, 6, seed: 5)
        let columns = groupedMM(a, wide, offs: [4, 6])
        #expect(columns.narrow(1, start: 0, length: 4).allclose(a.select(0, 0).mm(wide.narrow(1, start: 0, length: 4))))
        #expect(columns.narrow(1, start: 4, length: 2).allclose(a.select(0, 1).mm(wide.narrow(1, start: 4, length: 2))))
        let (c, d) = (Self.random(2, 6, seed: 6), Self.random(6, 3, seed: 7))
        let inner = groupedMM(c, d, offs: [1, 1, 5])
        #expect(inner.shape == [3, 2, 3] && inner.select(0, 1).abs().max().item() == 0)
        #expect(inner.sum(dim: 0).allclose(c.narrow(1, start: 0, length: 5).mm(d.narrow(0, start: 0, length: 5))))
    }

    @Test func wrongGroupsAreErrors() {
        let (a, b) = (Self.random(7, 3, seed: 1), Self.random(3, 3, 4, seed: 2))
        for offs in [[2, 1, 6], [2, 3], [2, 3, 8], [-1, 2, 3]] {
            #expect(throws: TensorError.self, "\(offs)") { try checked { groupedMM(a, b, offs: offs) } }
        }
        #expect(throws: TensorError.self) { try checked { groupedMM(a, b) } }
        #expect(throws: TensorError.self) { try checked { groupedMM(b, b, offs: [1, 2, 3]) } }
    }

    @Test func scalesAreOfTheMatrixOrOfRowsAndColumns() {
        let a = Tensor([[1, -2], [3, 4]], dtype: .int8)
        let b = Tensor([[5, 6, 7], [-1, 0, 2]], dtype: .int8)
        let product = a.to(.float32).mm(b.to(.float32))
        let whole = scaledMM(a, b, scaleA: Tensor(0.5), scaleB: Tensor([2.0]), outDType: .float32)
        #expect(whole.equal(product))
        let (rows, columns) = (Tensor([[1.0], [2.0]]), Tensor([[1.0, 3.0, 0.5]]))
        let bias = Tensor([1.0, 2, 3])
        let scaled = scaledMM(a, b, scaleA: rows, scaleB: columns, bias: bias, outDType: .float32)
        #expect(scaled.allclose(product * rows * columns + bias))
        #expect(scaledMM(a, b, scaleA: rows, scaleB: columns).dtype == .bfloat16)
        #expect(throws: TensorError.self) { try checked { scaledMM(a, b, scaleA: columns, scaleB: columns) } }
    }
}
