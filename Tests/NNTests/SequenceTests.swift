import TestSupport
import Testing
import Torchlight

/// Recurrent layers, packed sequences and attention.
@Suite struct SequenceTests {
    private let generator = Generator(seed: 7)

    private func close(_ a: Tensor, _ b: Tensor, _ label: String) {
        #expect(a.shape == b.shape, "\(label)")
        #expect(a.allclose(b, rtol: 1e-9, atol: 1e-10), "\(label): \(a) \(b)")
    }

    /// What a layer makes of sequences of several lengths is what it makes of each alone, gradients included.
    @Test(arguments: [false, true]) func packedEqualsOneByOne(bidirectional: Bool) {
        let lengths = [2, 5, 3]
        let lstm = LSTM(
            3, 4, numLayers: 2, bidirectional: bidirectional, projSize: 2, dtype: .float64, generator: generator)
        let x = Tensor.randn([5, 3, 3], dtype: .float64, generator: generator)
        let packed = packPaddedSequence(x, lengths: lengths, enforceSorted: false)
        #expect(packed.batchSizes == [3, 3, 2, 1, 1])
        #expect(packed.lengths == lengths)
        let (output, state) = lstm(packed)
        let (padded, back) = padPackedSequence(output)
        #expect(back == lengths)
        (padded.sum() + (state.c * state.c).sum()).backward()
        let gradients = lstm.parameters().map { $0.grad! }
        for parameter in lstm.parameters() { parameter.grad = nil }
        for (n, length) in lengths.enumerated() {
            let (alone, last) = lstm(x.select(1, n).narrow(0, start: 0, length: length))
            close(padded.select(1, n).narrow(0, start: 0, length: length), alone, "sequence \(n)")
            #expect(padded.select(1, n).narrow(0, start: length, length: 5 - length).abs().sum().item() == 0)
            close(state.h.select(1, n), last.h, "the hidden state of sequence \(n)")
            close(state.c.select(1, n), last.c, "the cell state of sequence \(n)")
            (alone.sum() + (last.c * last.c).sum()).backward()
        }
        for (parameter, expected) in zip(lstm.parameters(), gradients) {
            close(parameter.grad!, expected, "a gradient")
        }
    }

    @Test func packingRoundTrips() {
        let sequences = [4, 1, 3].map { Tensor.randn([$0, 2], generator: generator) }
        let packed = packSequence(sequences, enforceSorted: false)
        let (padded, lengths) = padPackedSequence(packed, batchFirst: true, paddingValue: -1, totalLength: 6)
        #expect(padded.shape == [3, 6, 2])
        for (n, sequence) in sequences.enumerated() {
            #expect(padded[n][0..<lengths[n]].equal(sequence))
            #expect(
                padded[n].narrow(0, start: lengths[n], length: 6 - lengths[n]).equal(
                    Tensor.full([6 - lengths[n], 2], -1.0)))
        }
    }

    @Test func batchFirstIsTheSameTransposed() throws {
        let gru = GRU(3, 40, batchFirst: true, generator: generator)
        let other = GRU(3, 40)
        try other.load(stateDict: gru.stateDict())
        let x = Tensor.randn([4, 6, 3], generator: generator)
        let (a, h) = gru(x)
        let (b, k) = other(x.transpose(0, 1))
        #expect(a.allclose(b.transpose(0, 1), atol: 1e-6))
        #expect(h.allclose(k, atol: 1e-6))
    }

    @Test func cellsMakeTheSteps() {
        let (lstm, cell) = (LSTM(3, 5, dtype: .float64, generator: generator), LSTMCell(3, 5, dtype: .float64))
        for (to, from) in zip(cell.parameters(), lstm.parameters()) { noGrad { _ = to.copy_(from) } }
        let x = Tensor.randn([4, 2, 3], dtype: .float64, generator: generator)
        let (output, _) = lstm(x)
        var state: LSTM.State?
        for t in 0..<4 {
            state = cell(x[t], state)
            close(state!.h, output[t], "step \(t)")
        }
    }

    @Test func dropoutLiesBetweenLayers() {
        let rnn = RNN(2, 8, numLayers: 2, dropout: 0.5, generator: generator)
        let x = Tensor.randn([3, 1, 2], generator: generator)
        #expect(!rnn(x).output.equal(rnn(x).output))
        rnn.eval()
        #expect(rnn(x).output.equal(rnn(x).output))
    }

    @Test func wrongCallsAreRefused() {
        let lstm = LSTM(3, 4)
        let x = Tensor.randn([5, 2, 3])
        #expect(throws: TensorError.self) { try checked { lstm(Tensor.randn([5, 2, 4])) } }
        #expect(throws: TensorError.self) {
            try checked { lstm(x, (Tensor.zeros([1, 3, 4]), Tensor.zeros([1, 3, 4]))) }
        }
        #expect(throws: TensorError.self) { try checked { packPaddedSequence(x, lengths: [2, 3]) } }
        #expect(throws: TensorError.self) { try checked { packPaddedSequence(x, lengths: [6, 3]) } }
        #expect(throws: TensorError.self) { try checked { LSTM(3, 4, projSize: 4) } }
        #expect(throws: TensorError.self) { try checked { MultiheadAttention(10, 3) } }
    }

    /// The blocks of keys and queries and the composition agree, with masks and without.
    @Test(arguments: [false, true]) func attentionInBlocksEqualsTheWhole(isCausal: Bool) {
        let (q, k, v) = (
            Tensor.randn([2, 3, 150, 8], dtype: .float64, generator: generator).requiresGrad_(),
            Tensor.randn([2, 3, 150, 8], dtype: .float64, generator: generator).requiresGrad_(),
            Tensor.randn([2, 3, 150, 5], dtype: .float64, generator: generator).requiresGrad_()
        )
        // A mask that needs a gradient is added to whole scores.
        let zeros = Tensor.zeros([150, 150], dtype: .float64)
        let mask = isCausal ? Transformer.generateSquareSubsequentMask(150, dtype: .float64) : zeros
        let whole = scaledDotProductAttention(q, k, v, attnMask: mask.requiresGrad_())
        let blocks = scaledDotProductAttention(q, k, v, isCausal: isCausal)
        close(blocks, whole, "the output")
        let seed = Tensor.randn([2, 3, 150, 5], dtype: .float64, generator: generator)
        let a = grad(outputs: [whole], inputs: [q, k, v], gradOutputs: [seed])
        let b = grad(outputs: [blocks], inputs: [q, k, v], gradOutputs: [seed])
        for (x, y) in zip(a, b) { close(y!, x!, "a gradient") }
    }

    @Test func queriesWithoutKeysFindNothing() {
        let mask = Tensor([[true, false], [false, false]])
        let x = Tensor.randn([2, 3], generator: generator).requiresGrad_()
        let y = scaledDotProductAttention(x, x, x, attnMask: mask)
        #expect(y[1].abs().sum().item() == 0)
        y.sum().backward()
        #expect(x.grad!.isfinite().all().item() == 1)
    }

    @Test func ctcTakesOneSample() {
        let x = Tensor.randn([6, 4], generator: generator).logSoftmax(dim: 1)
        let loss = ctcLoss(x, Tensor([1, 2, 2]), [6], [3], reduction: .none)
        #expect(loss.shape == [])
        #expect(loss.item() > 0)
        // Three labels, two of them equal, need four steps.
        let short = x.narrow(0, start: 0, length: 3)
        #expect(ctcLoss(short, Tensor([1, 2, 2]), [3], [3]).item() == .infinity)
        #expect(ctcLoss(short, Tensor([1, 2, 2]), [3], [3], zeroInfinity: true).item() == 0)
    }
}

@Suite struct PackedSequencePartTests {
    @Test func partsThatDoNotFit() {
        let rows = Tensor.ones([5, 2])
        for sizes in [[1, 2, 2], [3, -1, 3], [2, 2], [Int.max, 1], [0, 5]] {
            expectRefusal(by: "PackedSequence", .value, "\(sizes)") { PackedSequence(data: rows, batchSizes: sizes) }
        }
        for order in [[0], [0, 0, 1], [0, 1, 3], [0, 1, -1]] {
            expectRefusal(by: "PackedSequence", .index, "\(order)") {
                PackedSequence(data: rows, batchSizes: [3, 2], sortedIndices: order)
            }
        }
        let sequence = PackedSequence(data: rows, batchSizes: [3, 2], sortedIndices: [2, 0, 1])
        #expect(sequence.lengths == [2, 1, 2])
        expectRefusal(by: "padPackedSequence") { padPackedSequence(sequence, totalLength: Int.max) }
    }

    @Test func layersThatMemoryDoesNotHold() {
        expectRefusal(by: "RNN") { RNN(2, 2, numLayers: Int.max) }
        expectRefusal(by: "TransformerEncoder") {
            TransformerEncoder(TransformerEncoderLayer(2, 1, dimFeedforward: 2), numLayers: 1 << 40)
        }
        expectRefusal(by: "Transformer") { Transformer(dModel: 2, nhead: 1, numEncoderLayers: -1, dimFeedforward: 2) }
    }
}
