import TestSupport
import Testing
import Torchlight

/// No operation takes much more memory than its operands and results have: what is n x m is not computed by way of n x m x d.
/// The peak is that of the whole process, so that it is measured in one of its own.
@Suite("Peaks of memory")
struct MemoryTests {
    @Test("the forward and the backward pass of each operation stay within a multiple of operands and results")
    func peaks() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            let violations = MemoryLaw.violations()
            for violation in violations { writeToStandardError(violation + "\n") }
            if !violations.isEmpty { fatalError("\(violations.count) operations take more memory than they may") }
        }
        if let text = result.map({ String(decoding: $0.standardErrorContent, as: UTF8.self) }), !text.isEmpty {
            Issue.record("\(text)")
        }
    }
}

enum MemoryLaw {
    /// How many times the bytes of operands and results an operation may take, and its backward pass; smaller tables, such as
    /// indices, and the blocks of threads come on top.
    static let forward = 4.5, backward = 6.0, slack = 1 << 18

    typealias Call = (name: String, operands: [Tensor], run: ([Tensor]) -> Tensor)

    static func violations() -> [String] {
        var all: [String] = []
        for call in calls() {
            // The first run sets up what is kept, such as plans of oneDNN.
            _ = noGrad { call.run(call.operands) }
            var result: Tensor?
            let plain = peak { result = noGrad { call.run(call.operands) } }
            let bytes = call.operands.reduce(0) { $0 + size($1) } + size(result!)
            result = nil
            report("forward", call.name, plain, bytes, forward, &all)
            guard call.operands.contains(where: { $0.dtype.isFloatingPoint }) else { continue }
            let leaves = call.operands.map { $0.dtype.isFloatingPoint ? $0.detach().requiresGrad_() : $0 }
            let whole = peak {
                let y = call.run(leaves)
                if y.requiresGrad { y.sum().backward() }
            }
            report("forward and backward", call.name, whole, bytes, forward + backward, &all)
        }
        return all
    }

    private static func report(
        _ title: String, _ name: String, _ peak: Int, _ bytes: Int, _ limit: Double, _ all: inout [String]
    ) {
        guard Double(peak - slack) > limit * Double(bytes) else { return }
        let ratio = (Double(peak) / Double(bytes) * 10).rounded() / 10
        all.append("\(name), \(title): \(peak) bytes, \(ratio) times operands and results; allowed \(limit) times")
    }

    private static func peak(_ body: () -> Void) -> Int {
        Memory.resetPeak()
        let before = Memory.allocated
        body()
        return Memory.peak - before
    }

    /// Of what lies in memory: broadcast dimensions count once.
    private static func size(_ x: Tensor) -> Int {
        zip(x.shape, x.strides).reduce(x.dtype.byteSize) { $1.1 == 0 ? $0 : $0 * $1.0 }
    }

    private static func calls() -> [Call] {
        let a = Tensor.rand([400, 64]), b = Tensor.rand([300, 64])
        let positive = a + 0.5, labels = Tensor.randint(0, 64, [400])
        let batch = Tensor.rand([8, 16, 32, 32]), images = Tensor.rand([4, 8, 24, 24])
        let filters = Tensor.rand([8, 8, 3, 3]), probabilities = a * 0.9 + 0.05
        var all: [Call] = []
        func add(_ name: String, _ operands: [Tensor], _ run: @escaping ([Tensor]) -> Tensor) {
            all.append((name, operands, run))
        }
        for p in [0.5, 1, 2, 3, Double.infinity] {
            add("cdist p = \(p)", [a, b]) { cdist($0[0], $0[1], p: p) }
            add("pdist p = \(p)", [a]) { pdist($0[0], p: p) }
            add("pairwiseDistance p = \(p)", [a.unsqueeze(1), b]) { pairwiseDistance($0[0], $0[1], p: p) }
        }
        add("batched cdist", [Tensor.rand([4, 100, 48]), Tensor.rand([90, 48])]) { cdist($0[0], $0[1]) }
        add("cosineSimilarity", [a.unsqueeze(1), b]) { cosineSimilarity($0[0], $0[1], dim: -1) }
        add("norm", [a]) { $0[0].norm(dim: 1) }
        add("einsum", [a, b]) { einsum("ik,jk->ij", $0[0], $0[1]) }
        add("cov", [a]) { $0[0].cov() }
        add("std", [a]) { $0[0].std(dim: 1) }
        add("mean", [a]) { $0[0].mean(dim: 1) }
        add("logsumexp", [a]) { $0[0].logsumexp(dim: 1) }
        add("softmax", [a]) { $0[0].softmax(dim: 1) }
        add("cumsum", [a]) { $0[0].cumsum(dim: 1) }
        add("layerNorm", [a]) { layerNorm($0[0], [64]) }
        add("rmsNorm", [a]) { rmsNorm($0[0], [64]) }
        add("batchNorm", [batch]) { batchNorm($0[0], nil, nil, training: true) }
        add("embedding", [labels, b]) { embedding($0[0], $0[1]) }
        add("crossEntropy", [a, labels]) { crossEntropy($0[0], $0[1]) }
        add("binaryCrossEntropy", [probabilities, a]) { binaryCrossEntropy($0[0], $0[1]) }
        add("multilabelMarginLoss", [a, Tensor.arange(64).expand([400, 64]).contiguous()]) {
            multilabelMarginLoss($0[0], $0[1])
        }
        add("tripletMarginLoss", [a, positive, probabilities]) { tripletMarginLoss($0[0], $0[1], $0[2]) }
        add("conv2d", [images, filters]) { conv2d($0[0], $0[1], padding: 1) }
        add("convTranspose2d, output padding of the stride", [images, filters]) {
            convTranspose2d($0[0], $0[1], stride: 2, outputPadding: 2, dilation: 3)
        }
        add("maxPool2d", [images]) { maxPool2d($0[0], 2) }
        add("atan2", [a, positive]) { $0[0].atan2($0[1]) }
        return all
    }
}
