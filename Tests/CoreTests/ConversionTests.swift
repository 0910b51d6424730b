import Testing
import TorchlightCore

@Suite("Conversion and creation")
struct ConversionTests {
    @Test("Swift arrays become tensors of their own type and come back")
    func arrays() throws {
        #expect(Tensor([[1, 2], [3, 4]]).dtype == .int64)
        #expect(Tensor([1.5, 2]).dtype == .float32)
        #expect(Tensor([Double](repeating: 1, count: 2), dtype: .float64).dtype == .float64)
        #expect(Tensor([[[true]]]).shape == [1, 1, 1])
        #expect(Tensor([UInt8(7)]).dtype == .uint8)
        #expect(Tensor([[1.0, 2], [3, 4]]).toNestedArray(Double.self) == [[1, 2], [3, 4]])
        #expect(Tensor([[Int]]()).shape == [0])
        #expect(throws: TensorError.self) { try checked { Tensor([[1, 2], [3]]) } }
    }

    @Test("Every dtype holds what it can, and converts as C does")
    func dtypes() {
        for dtype in DType.allCases {
            let x = Tensor([0.0, 1, 2.75], dtype: dtype)
            #expect(x.dtype == dtype)
            let expected: [Double] =
                dtype == .bool ? [0, 1, 1] : dtype.isFloatingPoint || dtype.isComplex ? [0, 1, 2.75] : [0, 1, 2]
            #expect(x.toArray(Double.self) == expected, "\(dtype)")
        }
        #expect(Tensor([300, -1]).to(.uint8).toArray(Int.self) == [44, 255])
        #expect(Tensor([1.00390625]).to(.bfloat16).item() == 1.0, "ties to even")
    }

    @Test("Promotion: categories first, then width; scalars and single numbers do not widen")
    func promotion() {
        #expect((Tensor([1]) + 0.5).dtype == .float32)
        #expect((Tensor([1], dtype: .int8) + 1000).dtype == .int8)
        #expect((Tensor([1.0], dtype: .float16) + Tensor([1.0], dtype: .bfloat16)).dtype == .float32)
        #expect((Tensor([1.0]) + Tensor(1.0, dtype: .float64)).dtype == .float32)
        #expect((Tensor([1], dtype: .uint8) + Tensor([1], dtype: .int8)).dtype == .int16)
        #expect((Tensor([1]) / Tensor([2])).item() == 0.5)
        #expect((Tensor([true]) + Tensor([true])).dtype == .bool)
    }

    @Test("Creation functions")
    func creation() {
        #expect(Tensor.arange(1.0, 2.0, step: 0.25).toArray(Double.self) == [1, 1.25, 1.5, 1.75])
        #expect(Tensor.arange(5, 0, step: -2).toArray(Int.self) == [5, 3, 1])
        #expect(Tensor.linspace(0, 1, steps: 5).toArray(Double.self) == [0, 0.25, 0.5, 0.75, 1])
        #expect(Tensor.eye(2, 3).toNestedArray(Int.self) == [[1, 0, 0], [0, 1, 0]])
        #expect(Tensor.full([2], true).dtype == .bool)
        #expect(Tensor.zeros(like: Tensor([1, 2])).dtype == .int64)
        #expect(throws: TensorError.self) { try checked { Tensor.zeros([2, -1]) } }
    }

    @Test("Bytes can be read and written in place, and a write counts")
    func bytes() {
        let x = Tensor([1.0, 2])
        let version = x.version
        x.withUnsafeMutableBytes { $0.storeBytes(of: 5, as: Float.self) }
        #expect(x.toArray(Float.self) == [5, 2])
        #expect(x.version == version + 1)
        #expect(x.withUnsafeElements(as: Float.self) { $0.reduce(0, +) } == 7)
        #expect(x.withUnsafeBytes { $0.count } == 8)
    }

    @Test("item() takes tensors of one element only")
    func item() throws {
        #expect(Tensor([[7]]).item(Int.self) == 7)
        #expect(throws: TensorError.self) { try checked { Tensor([1, 2]).item() } }
    }

    @Test("More than eight dimensions work")
    func manyDimensions() {
        let shape = [1, 2, 1, 2, 1, 2, 1, 1, 1, 2]
        let x = Tensor.arange(16).reshape(shape)
        #expect(x.shape == shape)
        #expect(x.permute(Array((0..<10).reversed())).contiguous().shape == shape.reversed())
        #expect((x + x).sum().item() == 240)
    }
}
