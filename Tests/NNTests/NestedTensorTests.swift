import TestSupport
import Testing
import Torchlight

@Suite struct NestedTensorTests {
    private static func sequences(_ tail: Int..., seed: UInt64 = 1) -> [Tensor] {
        let generator = Generator(seed: seed)
        return [3, 1, 0, 4].map { Tensor.randn([$0] + tail, dtype: .float64, generator: generator) }
    }

    @Test func sequencesArePaddedAndUnpadded() {
        let sequences = Self.sequences(2)
        let batch = NestedTensor(sequences)
        #expect(batch.lengths == [3, 1, 0, 4] && batch.offsets == [0, 3, 4, 4, 8] && batch.count == 4)
        #expect(zip(batch.unbind(), sequences).allSatisfy { $0.equal($1) })
        let padded = batch.toPaddedTensor(-1)
        #expect(padded.equal(padSequence(sequences, batchFirst: true, paddingValue: -1)))
        #expect(NestedTensor(padded: padded, lengths: batch.lengths).values.equal(batch.values))
        let longer = batch.toPaddedTensor(7, length: 6)
        #expect(
            longer.shape == [4, 6, 2]
                && longer.narrow(1, start: 4, length: 2).equal(Tensor.full([4, 2, 2], 7, dtype: .float64)))
        #expect(
            batch.paddingMask().equal(
                padSequence(sequences.map { $0.select(1, 0) * 0 }, batchFirst: true, paddingValue: 1) .!= 0))
    }

    @Test func gradientsFlowToTheValues() throws {
        let values = Tensor.randn([8, 2], dtype: .float64, generator: Generator(seed: 2)).requiresGrad_()
        let batch = NestedTensor(values: values, offsets: [0, 3, 4, 4, 8]).map { $0 * 2 }
        batch.toPaddedTensor().sum().backward()
        #expect(try #require(values.grad).equal(Tensor.full([8, 2], 2, dtype: .float64)))
    }

    @Test func attentionIsWithinSequences() {
        let parts = (0..<3).map { NestedTensor(Self.sequences(2, 4, seed: UInt64(3 + $0))) }
        for isCausal in [false, true] {
            let result = scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: isCausal)
            #expect(result.lengths == [3, 1, 0, 4])
            for i in [0, 1, 3] {
                let heads = parts.map { $0[i].transpose(0, 1).unsqueeze(0) }
                let wanted = scaledDotProductAttention(heads[0], heads[1], heads[2], isCausal: isCausal)
                #expect(result[i].allclose(wanted.squeeze(0).transpose(0, 1)), "sequence \(i), causal \(isCausal)")
            }
        }
    }

    @Test func wrongArgumentsAreErrors() {
        let batch = NestedTensor(Self.sequences(2))
        let calls: [(String, () -> Any)] = [
            ("offsets", { NestedTensor(values: Tensor.ones(3), offsets: [0, 4]) }),
            ("no sequence", { NestedTensor([]) }),
            ("sizes", { NestedTensor([Tensor.ones(2, 3), Tensor.ones(2, 4)]) }),
            ("an index", { batch[4] }),
            ("a length", { batch.toPaddedTensor(length: 3) }),
            ("a map", { batch.map { $0.sum(dim: 0) } }),
            ("attention", { scaledDotProductAttention(batch, batch, batch) }),
        ]
        for (name, call) in calls { #expect(throws: TensorError.self, "\(name)") { try checked(call) } }
    }
}
