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
            for violation in MemoryLaw.violations() { writeToStandardError(violation + "\n") }
        }
        recordStandardError(of: result)
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
        return all + products() + movements()
    }

    /// Results of n x m from n and m.
    private static func products() -> [Call] {
        let a = Tensor.rand([400, 64]), b = Tensor.rand([300, 64])
        let queries = Tensor.rand([2, 4, 160, 16]), keys = Tensor.rand([2, 4, 200, 16])
        let long = Tensor.rand([500]), sequence = Tensor.rand([60, 8, 32]), weights = Tensor.rand([5, 64, 64])
        var all: [Call] = []
        func add(_ name: String, _ operands: [Tensor], _ run: @escaping ([Tensor]) -> Tensor) {
            all.append((name, operands, run))
        }
        add("matmul", [a, b]) { $0[0].matmul($0[1].t()) }
        add("outer", [long, long]) { $0[0].outer($0[1]) }
        add("kron", [Tensor.rand([20, 20]), Tensor.rand([24, 24])]) { $0[0].kron($0[1]) }
        add("tensordot", [a, b]) { $0[0].tensordot($0[1], dims: [1], [1]) }
        add("bilinear", [a, a, weights]) { bilinear($0[0], $0[1], $0[2], bias: nil) }
        add("einsum of three", [a, b, Tensor.rand([64])]) { einsum("ik,jk,k->ij", $0[0], $0[1], $0[2]) }
        add("scaledDotProductAttention", [queries, keys, keys]) {
            scaledDotProductAttention($0[0], $0[1], $0[2])
        }
        add("scaledDotProductAttention, causal", [queries, queries, queries]) {
            scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)
        }
        add("scaledDotProductAttention with a mask", [queries, keys, keys, Tensor.rand([160, 200])]) {
            scaledDotProductAttention($0[0], $0[1], $0[2], attnMask: $0[3])
        }
        add("cartesianProd", [long, Tensor.rand([200])]) { cartesianProd([$0[0], $0[1]]) }
        add("meshgrid", [long, Tensor.rand([200])]) { stack(meshgrid([$0[0], $0[1]])) }
        add("cosine of all pairs by broadcasting", [sequence.unsqueeze(1), sequence]) {
            cosineSimilarity($0[0], $0[1], dim: -1)
        }
        return all
    }

    /// Elements that are moved, repeated, gathered and resampled.
    private static func movements() -> [Call] {
        let images = Tensor.rand([4, 8, 24, 24]), a = Tensor.rand([400, 64])
        let labels = Tensor.randint(0, 64, [400]), indices = Tensor.randint(0, 400, [900])
        var all: [Call] = []
        func add(_ name: String, _ operands: [Tensor], _ run: @escaping ([Tensor]) -> Tensor) {
            all.append((name, operands, run))
        }
        for mode in [InterpolationMode.nearest, .bilinear, .bicubic, .area] {
            add("interpolate \(mode)", [images]) { interpolate($0[0], size: [48, 40], mode: mode) }
        }
        add("unfold", [images]) { unfold($0[0], 3, padding: 1) }
        add("fold", [Tensor.rand([4, 72, 576])]) { fold($0[0], [24, 24], 3, padding: 1) }
        add("tensor unfold", [a]) { $0[0].unfold(0, size: 5, step: 1) }
        add("gridSample", [images, Tensor.rand([4, 30, 30, 2]) * 2 - 1]) { gridSample($0[0], $0[1]) }
        add("pad", [images]) { $0[0].pad([3, 3, 3, 3], mode: .reflect) }
        add("repeatInterleave", [a]) { $0[0].repeatInterleave(3, dim: 0) }
        add("tile", [a]) { $0[0].tile(2, 3) }
        add("roll", [a]) { $0[0].roll([5], dims: [0]) }
        add("oneHot", [labels]) { oneHot($0[0], numClasses: 64) }
        add("indexSelect", [a, indices]) { $0[0].indexSelect(0, $0[1]) }
        add("advanced index", [a, indices]) { $0[0][$0[1]] }
        add("gather", [a, Tensor.randint(0, 64, [400, 80])]) { $0[0].gather(1, $0[1]) }
        add("scatterAdd", [a, Tensor.randint(0, 64, [400, 64]), a]) { $0[0].scatterAdd(1, $0[1], $0[2]) }
        add("sort", [a]) { $0[0].sort(dim: 1).values }
        add("topk", [a]) { $0[0].topk(5).values }
        add("median", [a]) { $0[0].median(dim: 1).values }
        add("quantile", [a]) { $0[0].quantile(0.3, dim: 1) }
        add("unique", [labels]) { $0[0].unique().values }
        add("where", [a, a]) { Tensor.where($0[0] > 0.5, $0[0], $0[1]) }
        add("maskedSelect", [a]) { $0[0].maskedSelect($0[0] > 0.5) }
        add("tril", [a]) { $0[0].tril() }
        add("diff", [a]) { $0[0].diff() }
        add("logcumsumexp", [a]) { $0[0].logcumsumexp(dim: 1) }
        add("cumprod", [a]) { $0[0].cumprod(dim: 1) }
        add("prod", [a]) { $0[0].prod(dim: 1) }
        add("groupNorm", [images]) { groupNorm($0[0], 4) }
        add("instanceNorm", [images]) { instanceNorm($0[0]) }
        add("localResponseNorm", [images]) { localResponseNorm($0[0], size: 3) }
        add("avgPool2d", [images]) { avgPool2d($0[0], 2) }
        add("adaptiveAvgPool2d", [images]) { adaptiveAvgPool2d($0[0], 5) }
        add("lpPool2d", [images]) { lpPool2d($0[0], 2, 2) }
        return all
    }
}
