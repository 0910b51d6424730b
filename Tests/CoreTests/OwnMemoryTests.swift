import Testing
import TorchlightCore

/// What is no view has memory of its own, also where there was nothing to move: changing it leaves the operand alone.
@Suite struct OwnMemoryTests {
    static let operations: [(name: String, shape: [Int], apply: @Sendable (Tensor) -> Tensor)] = [
        ("repeatInterleave, one element", [1], { $0.repeatInterleave(3) }),
        ("repeatInterleave, once", [3], { $0.repeatInterleave(1) }),
        ("repeatInterleave, a number", [], { $0.repeatInterleave(2) }),
        ("repeatInterleave along a dimension", [1, 2], { $0.repeatInterleave(2, dim: 0) }),
        ("repeatInterleave by counts", [3], { $0.repeatInterleave(Tensor([1]), dim: 0) }),
        ("repeat, once", [2], { $0.repeat(1) }),
        ("repeat, one element", [1], { $0.repeat(3) }),
        ("tile", [1, 1], { $0.tile(2) }),
        ("roll", [3], { $0.roll(0) }),
        ("roll, all round", [3], { $0.roll(3) }),
        ("flip", [1], { $0.flip(0) }),
        ("rot90", [2, 2], { $0.rot90(0) }),
        ("fliplr", [1, 1], { $0.fliplr() }),
        ("pixelShuffle", [1, 4, 1, 1], { pixelShuffle($0, 2) }),
        ("pixelShuffle, factor 1", [1, 2, 2, 2], { pixelShuffle($0, 1) }),
        ("pixelUnshuffle", [1, 1, 2, 2], { pixelUnshuffle($0, 2) }),
        ("channelShuffle", [1, 2, 2, 2], { channelShuffle($0, 1) }),
        ("kron", [1], { $0.kron(Tensor.ones([1], dtype: .float32)) }),
        ("diag of a matrix", [1, 1], { $0.diag() }),
        ("nanToNum", [2], { $0.nanToNum() }),
        ("pad by nothing", [2], { $0.pad([0, 0]) }),
        ("pad by a reflected border of nothing", [2], { $0.pad([0, 0], mode: .reflect) }),
        ("pad by a circular border of nothing", [2, 2], { $0.pad([0, 0, 0, 0], mode: .circular) }),
        ("pad by no widths", [2], { $0.pad([], mode: .replicate) }),
        ("ravel of every second element", [4], { $0[.slice(0, 4, step: 2)].ravel() }),
        ("cat of one", [2], { cat([$0]) }),
        ("stack of one", [2], { stack([$0]) }),
    ]

    @Test(arguments: operations.indices)
    func operandsStayAsTheyAre(_ index: Int) {
        let (name, shape, apply) = Self.operations[index]
        let x = Tensor.ones(shape, dtype: .float32)
        let result = apply(x)
        #expect(result.storage !== x.storage, "\(name) returned a view")
        result.add_(1)
        #expect(x.equal(Tensor.ones(shape, dtype: .float32)), "\(name): the operand is \(x)")
    }

    @Test func integersWithoutNaNAreCopied() {
        let x = Tensor([1, 2])
        x.nanToNum().add_(1)
        #expect(x.toArray(Int.self) == [1, 2])
    }
}
