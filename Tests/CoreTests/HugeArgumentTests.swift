import TestSupport
import Testing
@testable import TorchlightCore

/// Sizes, counts and steps with which arithmetic leaves the range of Int.
@Suite struct HugeArgumentTests {
    @Test func whatHasNoPlaceIsRefused() {
        let four = Tensor.ones([4])
        let refused: [(String, String, () -> Any)] = [
            ("reshape", "reshape", { four.reshape([1 << 40, 1 << 40]) }),
            ("reshape to a wrapped count", "reshape", { Tensor.ones([0]).reshape([1 << 32, 1 << 32]) }),
            ("unflatten", "unflatten", { four.unflatten(0, [1 << 40, 1 << 40]) }),
            ("repeat", "expand", { four.repeat(1 << 40, 1 << 40) }),
            ("repeatInterleave", "expand", { four.repeatInterleave(1 << 62) }),
            (
                "repeatInterleave by a tensor", "repeatInterleave",
                { four.repeatInterleave(Tensor([Int.max, 1, 1, 1]), dim: 0) }
            ),
            ("narrow", "narrow", { four.narrow(0, start: 1, length: Int.max) }),
            ("asStrided", "asStrided", { four.asStrided([2, 2], stride: [Int.max, 1]) }),
            ("asStrided start", "asStrided", { four.asStrided([0], stride: [1], offset: Int.max) }),
            ("oneHot", "oneHot", { oneHot(Tensor([Int.max])) }),
            ("bincount", "zeros", { Tensor([Int.max]).bincount() }),
            ("arange of large numbers", "arange", { Tensor.arange(0.0, 1e30, step: 1.0) }),
            ("arange of all integers", "arange", { Tensor.arange(Int.min, Int.max) }),
            ("arange", "allocate", { Tensor.arange(0, Int.max / 100) }),
            ("eye", "zeros", { Tensor.eye(1 << 40) }),
            ("diagEmbed", "allocate", { four.diagEmbed(offset: Int.min) }),
            ("expand", "expand", { Tensor.ones([1]).expand([1 << 32, 1 << 32]) }),
            ("expand with no elements", "expand", { Tensor.ones([1, 1, 0]).expand([1 << 32, 1 << 32, 0]) }),
            ("expand to a negative size", "expand", { Tensor.ones([1]).expand([-5]) }),
            (
                "broadcast of views", "allocate",
                {
                    Tensor.ones([1, 1]).expand([1 << 40, 1]) + Tensor.ones([1, 1]).expand([1, 1 << 40])
                }
            ),
            ("unfold", "unfold", { four.unfold(0, size: Int.max, step: 1) }),
            ("tensorSplit", "tensorSplit", { four.tensorSplit(1 << 40) }),
            ("chunk of nothing", "chunk", { Tensor.ones([0]).chunk(1 << 40) }),
            ("unbind", "unbind", { Tensor.ones([1]).expand([1 << 40]).unbind() }),
            ("toArray", "toArray", { Tensor.ones([1]).expand([1 << 50]).toArray(Float.self) }),
            ("combinations", "combinations", { Tensor.arange(60).combinations(30) }),
            ("pad", "pad", { four.pad([1 << 46, 0], mode: .replicate) }),
            ("resize_", "allocate", { Tensor.ones([4]).resize_([1 << 40, 1 << 40]) }),
            (
                "convTranspose1d", "convTranspose1d",
                {
                    convTranspose1d(Tensor.ones([1, 1, 3]), Tensor.ones([1, 1, 3]), stride: Int.max)
                }
            ),
            ("generator of a mask", "full", { Tensor.full([1 << 40, 1 << 40], 0) }),
        ]
        for (name, operation, call) in refused { expectRefusal(by: operation, nil, name, call) }
    }

    @Test func stepsThatLeaveEverythingBehind() throws {
        let four = Tensor.arange(4)
        try checked {
            expectClose(four[.slice(0, 4, step: Int.max)], [0], .exact)
            expectClose(four[.slice(1, Int.max, step: Int.max)], [1], .exact)
            expectClose(four[.slice(Int.min, Int.max)], [0, 1, 2, 3], .exact)
            expectClose(four[1...Int.max], [1, 2, 3], .exact)
            expectClose(four[...Int.max], [0, 1, 2, 3], .exact)
            expectClose(four.sliceScatter(Tensor([9]), start: 1, end: Int.max, step: Int.max), [0, 9, 2, 3], .exact)
            expectClose(four.unfold(0, size: 2, step: Int.max), ReferenceArray([0, 1], shape: [1, 2]), .exact)
            expectClose(Tensor.arange(5).roll(Int.min), Tensor.arange(5).roll(Int.min % 5).toArray(Double.self), .exact)
            expectClose(Tensor.arange(5).roll(Int.max), Tensor.arange(5).roll(Int.max % 5).toArray(Double.self), .exact)
            #expect(Tensor.ones([3, 3]).diagonal(offset: Int.min).shape == [0])
            #expect(Tensor.ones([3, 3]).diagonal(offset: Int.max).shape == [0])
            expectClose(Tensor.ones([2, 2]).tril(Int.max), ReferenceArray([1, 1, 1, 1], shape: [2, 2]), .exact)
            expectClose(Tensor.ones([2, 2]).triu(Int.max), ReferenceArray([0, 0, 0, 0], shape: [2, 2]), .exact)
            expectClose(Tensor.arange(Int.max - 2, Int.max), [Double(Int.max - 2), Double(Int.max - 1)], .exact)
            expectClose(
                Tensor.arange(Int.min, Int.max, step: Int.max), [Double(Int.min), -1, Double(Int.max - 1)], .exact)
            #expect(four.split(Int.max).map(\.shape) == [[4]])
            #expect(four.chunk(Int.max).count == 4)
        }
    }

    @Test func choicesInTheirOrder() throws {
        let x = Tensor.arange(4)
        try checked {
            #expect(x.combinations(2).toArray(Int.self) == [0, 1, 0, 2, 0, 3, 1, 2, 1, 3, 2, 3])
            #expect(
                Tensor.arange(2).combinations(3, withReplacement: true).toArray(Int.self)
                    == [0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1])
            #expect(x.combinations(5).shape == [0, 5])
            #expect(x.combinations(4).shape == [1, 4])
            #expect(Tensor.arange(1).combinations(100_000, withReplacement: true).shape == [1, 100_000])
        }
    }

    @Test("A count is the product of the sizes, and fits an Int")
    func countOfLargeViews() throws {
        try checked {
            let view = Tensor.ones([1]).expand([1 << 30, 1 << 28])
            #expect(view.count == 1 << 58)
            #expect(view.narrow(0, start: 0, length: 2).narrow(1, start: 0, length: 3).sum().item() == 6)
        }
    }

    @Test("Memory that the machine does not have is refused before it is written")
    func memoryLimit() throws {
        #expect(Memory.limit > 1 << 28 && Memory.limit < 1 << 56)
        let error = expectRefusal(by: "allocate", .outOfMemory) {
            Tensor.empty([Memory.limit], dtype: .uint8)
        }
        #expect(error?.description.contains("tensors hold") == true)
        expectRefusal(by: "allocate", .outOfMemory) { Tensor.empty([Memory.limit + (1 << 20)], dtype: .uint8) }
        Memory.refusingBlocks(above: 5 << 20) {
            expectRefusal(by: "allocate", .outOfMemory) { Tensor.zeros([6 << 20], dtype: .uint8) }
            #expect(Tensor.zeros([1000]).count == 1000)
        }
        #expect(try checked { Tensor.zeros([6 << 20], dtype: .uint8).count } == 6 << 20)
    }
}
