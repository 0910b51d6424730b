import CKernels
import Testing
import TorchlightCore

@Suite struct KernelArgumentsTests {
    /// The shape and the strides that a kernel is given.
    private func sizes(_ argument: UnsafePointer<tl_tensor>) -> [[Int]] {
        let rank = Int(argument.pointee.rank)
        return [argument.pointee.shape!, argument.pointee.strides!].map { list in (0..<rank).map { Int(list[$0]) } }
    }

    /// Of few dimensions, of as many as a shape holds itself, of more, and of none; more of them than the stack has room for.
    @Test func manyTensorsOfAllRanksAreValidTogether() {
        let tensors = (0..<60).map { i in
            Tensor.zeros((0..<[4, 0, 8, 1, 9, 64, 3, 2][i % 8]).map { $0 < 5 ? 1 + (i + $0) % 3 : 1 })
        }
        withKernelArguments { arguments in
            var pointers: [UnsafePointer<tl_tensor>] = []
            for tensor in tensors { pointers.append(arguments(tensor)!) }
            for (i, (tensor, pointer)) in zip(tensors, pointers).enumerated() {
                #expect(sizes(pointer) == [tensor.shape, tensor.strides], "tensor \(i)")
                #expect(pointer.pointee.data == tensor.data, "tensor \(i)")
                #expect(pointer.pointee.dtype == tensor.dtype.rawValue, "tensor \(i)")
                #expect(pointer.pointee.device == tensor.device.kernelCode, "tensor \(i)")
            }
        }
    }

    @Test func layoutsAndShapesReplaceThoseOfTheTensor() {
        let x = Tensor.zeros([2, 3, 4])
        withKernelArguments { arguments in
            let transposed = arguments(x, x.layout.transposed(0, 2))!
            let viewed = arguments(x, shape: [6, 4])!
            let flat = arguments(flat: x)!
            let part = arguments(x, x.layout.sliced(1, start: 2, count: 1))!
            #expect(sizes(transposed) == [[4, 3, 2], [1, 4, 12]])
            #expect(sizes(viewed) == [[6, 4], [4, 1]])
            #expect(sizes(flat) == [[24], [1]])
            #expect(part.pointee.data == x.data + 8 * DType.float32.byteSize)
        }
    }

    @Test func aTensorThatIsLeftOutIsNull() {
        let none: Tensor? = nil
        let some: Tensor? = Tensor.zeros([2, 3])
        withKernelArguments { arguments in
            let missing = [arguments(none), arguments(none, nil), arguments(none, shape: [1]), arguments(flat: none)]
            let given = [
                arguments(some), arguments(some, some?.layout), arguments(some, shape: [3, 2]), arguments(flat: some),
            ]
            #expect(missing.allSatisfy { $0 == nil })
            #expect(
                given.map { $0.map(sizes) } == [
                    [[2, 3], [3, 1]], [[2, 3], [3, 1]], [[3, 2], [2, 1]], [[6], [1]],
                ])
        }
    }
}
