import TestSupport
import Testing
import Torchlight

/// Operations on tensors whose sizes are huge: views of one element, and tensors on the meta device, have any number of elements that
/// an Int can count. A call gives a result or a `TensorError`, and so does the backward pass.
@Suite struct HugeShapeTests {
    /// Tensors on the meta device, where nothing is computed, with sizes whose products may not fit an Int.
    final class Shapes {
        private var random: TestRandom
        init(_ label: String) { random = TestRandom(label) }

        func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &random)! }
        func b() -> Bool { Bool.random(using: &random) }
        func d() -> Int { Int.random(in: -3...3, using: &random) }
        func dims(_ rank: Int? = nil) -> [Int] {
            (0..<(rank ?? Int.random(in: 0...4, using: &random))).map { _ in
                pick([0, 1, 2, 3, 4, 1 << 16, 1 << 20, 1 << 31, 1 << 32, 1 << 40, 1 << 61, 1 << 62, Int.max])
            }
        }

        /// A tensor with this number of dimensions and dtype; nil for any.
        func t(_ rank: Int? = nil, _ dtype: DType? = nil) -> Tensor {
            while true {
                let shape = dims(rank)
                let type = dtype ?? pick([.float32, .float32, .float64, .int64, .bool, .complex64, .float16])
                // A shape whose number of elements does not fit is refused; another is tried then.
                let tensor = try? checked {
                    Tensor.empty(shape.map { _ in 1 }, dtype: type, device: .meta).expand(shape)
                }
                guard let tensor else { continue }
                return tensor.dtype.isFloatingPoint && b() ? tensor.requiresGrad_() : tensor
            }
        }
        func f(_ rank: Int? = nil) -> Tensor { t(rank, .float32) }
        func i(_ rank: Int? = nil) -> Tensor { t(rank, .int64) }
        func ts() -> [Tensor] { (0..<Int.random(in: 1...3, using: &random)).map { _ in t() } }
    }

    typealias Call = (name: String, body: @Sendable (Shapes) -> Any)

    private static func backward(_ result: Any) {
        if let tensor = result as? Tensor {
            if tensor.requiresGrad { tensor.abs().sum().backward() }
        } else if let tensors = result as? [Tensor] {
            for tensor in tensors { backward(tensor) }
        } else if let (first, _) = result as? (Tensor, Tensor) {
            backward(first)
        }
    }

    @Test(arguments: calls.indices) func everyCallGivesAResultOrAnError(index: Int) {
        let call = Self.calls[index]
        for round in 0..<40 {
            let shapes = Shapes("\(call.name) \(round)")
            // Lists outside of tensors, such as the indices of padded elements, are refused above 16 MB on any machine.
            Memory.refusingBlocks(above: 16 << 20) {
                do {
                    try checked { Self.backward(call.body(shapes)) }
                } catch is TensorError {
                } catch {
                    Issue.record("\(call.name), round \(round), seed \(TestRandom.seed): \(error)")
                }
            }
        }
    }

    static let calls: [Call] = products + joining + reductions + indexing + shaping + algebra + layers

    private static let products: [Call] = [
        ("kron", { $0.t().kron($0.t()) }),
        ("outer", { $0.t(1).outer($0.t(1)) }),
        ("inner", { $0.t().inner($0.t()) }),
        ("dot", { $0.t(1).dot($0.t(1)) }),
        ("cartesianProd", { cartesianProd($0.ts()) }),
        ("cartesianProd1", { g in cartesianProd([g.t(1), g.t(1), g.t(1)]) }),
        ("blockDiag", { blockDiag($0.ts()) }),
        ("blockDiag2", { g in blockDiag([g.t(2), g.t(2)]) }),
        ("combinations", { $0.t(1).combinations(2, withReplacement: $0.b()) }),
        ("meshgrid", { g in meshgrid([g.t(1), g.t(1), g.t(1)]) }),
        ("cdist", { cdist($0.f(2), $0.f(2), p: $0.pick([0, 1, 2, 3, .infinity])) }),
        ("cdist3", { cdist($0.f(3), $0.f(3), p: $0.pick([0, 1, 2, 3, .infinity])) }),
        ("pdist", { pdist($0.f(2), p: $0.pick([0, 1, 2, .infinity])) }),
        ("bilinear", { bilinear($0.f(2), $0.f(2), $0.f(3), $0.b() ? $0.f(1) : nil) }),
        ("linear", { linear($0.f(), $0.f(2), $0.b() ? $0.f(1) : nil) }),
        ("matmul", { $0.f().matmul($0.f()) }),
        ("bmm", { $0.f(3).bmm($0.f(3)) }),
        ("addmm", { $0.f(2).addmm($0.f(2), $0.f(2)) }),
        ("baddbmm", { $0.f(3).baddbmm($0.f(3), $0.f(3)) }),
        (
            "einsum",
            {
                einsum(
                    $0.pick(["ij,jk->ik", "ij,kl->ijkl", "i,j->ij", "ii->i", "ij->", "bij,bjk->bik"]), $0.f(2), $0.f(2))
            }
        ),
        ("einsum1", { einsum("i,j,k->ijk", $0.f(1), $0.f(1), $0.f(1)) }),
        ("tensordot", { $0.f().tensordot($0.f(), dims: $0.pick([0, 1, 2])) }),
    ]

    private static let joining: [Call] = [
        ("cat", { g in cat(g.ts(), dim: g.d()) }),
        (
            "cat2",
            { g in
                let a = g.f(2); return cat([a, a, a], dim: g.d())
            }
        ),
        (
            "stack",
            { g in
                let a = g.t(); return stack([a, a, a, a], dim: g.d())
            }
        ),
        ("hstack", { hstack($0.ts()) }),
        ("vstack", { vstack($0.ts()) }),
        ("dstack", { dstack($0.ts()) }),
        ("columnStack", { columnStack($0.ts()) }),
        ("add", { $0.t() + $0.t() }),
        ("where", { Tensor.where($0.t(nil, .bool), $0.t(), $0.t()) }),
    ]

    private static let reductions: [Call] = [
        ("sum", { $0.t().sum() }),
        ("mean", { $0.f().mean(dim: [0]) }),
        ("var", { $0.f().var() }),
        ("std", { $0.f().std(dim: [$0.d()]) }),
        ("norm", { $0.f().norm(p: $0.pick([0, 1, 2, 3])) }),
        ("prod", { $0.t().prod() }),
        ("cumsum", { $0.t().cumsum(dim: $0.d()) }),
        ("cumprod", { $0.f().cumprod(dim: $0.d()) }),
        ("logcumsumexp", { $0.f().logcumsumexp(dim: $0.d()) }),
        ("cummax", { $0.f().cummax(dim: $0.d()) }),
        ("sort", { $0.t().sort(dim: $0.d()) }),
        ("argsort", { $0.t().argsort(dim: $0.d()) }),
        ("topk", { $0.t().topk(1) }),
        ("median", { $0.f().median() }),
        ("mediand", { $0.f().median(dim: $0.d()) }),
        ("quantile", { $0.f().quantile(0.3) }),
        ("quantiled", { $0.f().quantile($0.f(1), dim: 0) }),
        ("mode", { $0.t().mode(dim: $0.d()) }),
        ("kth", { $0.f().kthvalue(1, dim: 0) }),
        ("cov", { $0.f(2).cov() }),
        ("corrcoef", { $0.f(2).corrcoef() }),
        ("diff", { $0.f().diff() }),
        ("trapz", { $0.f().trapezoid() }),
        ("gradient", { gradient($0.f(1)) }),
        ("renorm", { $0.f().renorm(p: 2, dim: 0, maxNorm: 1) }),
        ("logsumexp", { $0.f().logsumexp(dim: 0) }),
        ("softmax", { $0.f().softmax(dim: $0.d()) }),
        ("any", { $0.t().any() }),
        ("argmax", { $0.t().argmax(dim: $0.d()) }),
        ("amax", { $0.f().amax(dim: [$0.d()]) }),
        ("aminmax", { $0.f().aminmax() }),
        ("histc", { $0.f().histc() }),
        ("searchsorted", { $0.f(1).searchsorted($0.f()) }),
        ("isin", { $0.t().isin($0.t()) }),
        ("bucketize", { $0.f().bucketize($0.f(1)) }),
    ]

    private static let indexing: [Call] = [
        ("gather", { $0.t().gather($0.d(), $0.i()) }),
        ("takeAlong", { $0.t().takeAlongDim($0.i(), dim: $0.d()) }),
        ("take", { $0.t().take($0.i()) }),
        ("indexSelect", { $0.t().indexSelect($0.d(), $0.i(1)) }),
        ("indexAdd", { $0.f().indexAdd($0.d(), $0.i(1), $0.f()) }),
        ("scatter", { $0.f().scatter($0.d(), $0.i(), $0.f()) }),
        ("scatterAdd", { $0.f().scatterAdd($0.d(), $0.i(), $0.f()) }),
        ("index", { $0.t()[$0.i()] }),
        ("index2", { $0.t()[$0.i(), $0.i()] }),
        ("indexPut", { $0.f().indexPut([$0.i()], $0.f()) }),
        ("maskedFill", { $0.t().maskedFill($0.t(nil, .bool), 1) }),
        ("embedding", { embedding($0.i(), $0.f(2)) }),
        ("embeddingBag", { embeddingBag($0.i(2), $0.f(2)) }),
    ]

    private static let shaping: [Call] = [
        ("oneHot", { oneHot($0.i(), numClasses: 1 << 20) }),
        ("repeatInterleave", { $0.t().repeatInterleave(1 << 20, dim: $0.d()) }),
        ("repeat", { $0.t().repeat(1 << 20, 1 << 20, 1 << 10) }),
        ("tile", { $0.t().tile(1 << 20, 1 << 20) }),
        ("expandAs", { $0.t().expandAs($0.t()) }),
        ("reshape", { $0.t().reshape([-1]) }),
        ("flatten", { $0.t().flatten() }),
        ("unflatten", { $0.t().unflatten(0, [-1, 2]) }),
        ("diag", { $0.t().diag() }),
        ("diagflat", { $0.t().diagflat() }),
        ("diagEmbed", { $0.t().diagEmbed() }),
        ("diagonal", { $0.t().diagonal() }),
        ("tril", { $0.t().tril() }),
        ("rot90", { $0.t().rot90() }),
        ("flip", { $0.t().flip(0) }),
        ("roll", { $0.t().roll(1) }),
        ("roll2", { $0.t().roll(1, dim: $0.d()) }),
        ("unfold", { $0.t().unfold(0, size: 2, step: 1) }),
        ("chunk", { $0.t().chunk(3) }),
        (
            "split",
            { g in
                let a = g.t(); return a.rank > 0 && a.shape[0] > 100 ? a : a.split(2)
            }
        ),
        ("tensorSplit", { $0.t().tensorSplit(3) }),
        ("pad", { $0.f().pad([1, 1], mode: $0.pick([.constant, .reflect, .replicate, .circular])) }),
        ("vander", { vander($0.t(1)) }),
        ("unique", { $0.t().unique() }),
        ("nonzero", { $0.t().nonzero() }),
        ("bincount", { $0.i(1).bincount() }),
        ("broadcast", { broadcastTensors($0.ts()) }),
        ("clone", { $0.t().clone() }),
        ("contiguous", { $0.t().contiguous() }),
        ("to", { $0.t().to(.float64) }),
        ("viewAsReal", { $0.t(nil, .complex64).viewAsReal() }),
        ("zerosLike", { Tensor.zeros(like: $0.t()) }),
    ]

    private static let algebra: [Call] = [
        ("cross", { $0.f().cross($0.f()) }),
        ("addcmul", { $0.f().addcmul($0.f(), $0.f()) }),
        ("lerp", { $0.f().lerp($0.f(), 0.5) }),
        ("pow", { $0.f().pow($0.f()) }),
        ("matrixPower", { $0.f().matrixPower(3) }),
        ("trace", { $0.f(2).trace() }),
        ("logdet", { $0.f().logdet() }),
        ("inv", { LinAlg.inv($0.f()) }),
        ("solve", { LinAlg.solve($0.f(), $0.f()) }),
        ("svd", { LinAlg.svd($0.f()) }),
        ("qr", { LinAlg.qr($0.f()) }),
        ("eigh", { LinAlg.eigh($0.f()) }),
        ("lstsq", { LinAlg.lstsq($0.f(), $0.f()) }),
        ("pinv", { LinAlg.pinv($0.f()) }),
        ("multiDot", { LinAlg.multiDot([$0.f(2), $0.f(2), $0.f(2)]) }),
        ("tensorinv", { LinAlg.tensorinv($0.f(4)) }),
        ("tensorsolve", { LinAlg.tensorsolve($0.f(4), $0.f(2)) }),
        ("matrixExp", { LinAlg.matrixExp($0.f()) }),
        ("luUnpack", { luUnpack($0.f(), $0.i()) }),
        ("householder", { LinAlg.householderProduct($0.f(), $0.f()) }),
        ("matrixNorm", { LinAlg.matrixNorm($0.f()) }),
        ("det", { LinAlg.det($0.f()) }),
        ("cholesky", { LinAlg.cholesky($0.f()) }),
        ("vecdot", { LinAlg.vecdot($0.f(), $0.f()) }),
    ]

    private static let layers: [Call] = [
        ("conv1d", { conv1d($0.f(3), $0.f(3)) }),
        ("conv2d", { conv2d($0.f(4), $0.f(4), padding: $0.pick([0, 1, .same])) }),
        ("convT2d", { convTranspose2d($0.f(4), $0.f(4), stride: $0.pick([1, 2])) }),
        ("conv3d", { conv3d($0.f(5), $0.f(5)) }),
        ("maxPool2d", { maxPool2d($0.f(4), 2) }),
        ("avgPool2d", { avgPool2d($0.f(4), 2) }),
        ("aavg", { adaptiveAvgPool2d($0.f(4), 3) }),
        ("amaxp", { adaptiveMaxPool2d($0.f(4), 3) }),
        ("lpPool", { lpPool2d($0.f(4), 2, 2) }),
        (
            "interp",
            { interpolate($0.f(4), scaleFactor: [2, 2], mode: $0.pick([.nearest, .bilinear, .bicubic, .area])) }
        ),
        (
            "interp2",
            { interpolate($0.f(4), size: [1 << 30, 1 << 30], mode: $0.pick([.nearest, .bilinear, .bicubic, .area])) }
        ),
        ("gridSample", { gridSample($0.f(4), $0.f(4)) }),
        ("affineGrid", { affineGrid($0.f(3), $0.dims(4)) }),
        ("unfold2", { unfold($0.f(4), 2) }),
        ("fold", { fold($0.f(3), [4, 4], 2) }),
        ("pixelShuffle", { pixelShuffle($0.f(4), 2) }),
        ("pixelUnshuffle", { pixelUnshuffle($0.f(4), 2) }),
        ("channelShuffle", { channelShuffle($0.f(4), 2) }),
        (
            "layerNorm",
            { g in
                let x = g.f(); return layerNorm(x, Array(x.shape.suffix(1)))
            }
        ),
        ("batchNorm", { batchNorm($0.f(), nil, nil, training: true) }),
        ("groupNorm", { groupNorm($0.f(), 2) }),
        ("instanceNorm", { instanceNorm($0.f()) }),
        (
            "rmsNorm",
            { g in
                let x = g.f(); return rmsNorm(x, Array(x.shape.suffix(1)))
            }
        ),
        ("lrn", { localResponseNorm($0.f(), size: 3) }),
        ("sdpa", { scaledDotProductAttention($0.f(4), $0.f(4), $0.f(4), isCausal: $0.b()) }),
        (
            "sdpaSame",
            { g in
                let q = g.f(4); return scaledDotProductAttention(q, q, q, isCausal: g.b())
            }
        ),
        ("crossEntropy", { crossEntropy($0.f(2), $0.i(1)) }),
        (
            "ceP",
            { g in
                let x = g.f(3); return crossEntropy(x, x.detach(), labelSmoothing: 0.1)
            }
        ),
        (
            "mse",
            { g in
                let x = g.f(); return mseLoss(x, x.detach())
            }
        ),
        (
            "bce",
            { g in
                let x = g.f(); return binaryCrossEntropyWithLogits(x, x.detach())
            }
        ),
        (
            "kl",
            { g in
                let x = g.f(); return klDiv(x, x.detach())
            }
        ),
        ("ctc", { ctcLoss($0.f(3), $0.i(2), $0.i(1), $0.i(1)) }),
        ("cosineSim", { cosineSimilarity($0.f(), $0.f()) }),
        ("pairwise", { pairwiseDistance($0.f(), $0.f()) }),
        (
            "triplet",
            { g in
                let x = g.f(2); return tripletMarginLoss(x, x, x)
            }
        ),
        ("mmargin", { multiMarginLoss($0.f(2), $0.i(1)) }),
        ("mlmargin", { multilabelMarginLoss($0.f(2), $0.i(2)) }),
        ("glu", { glu($0.f()) }),
        ("dropout", { dropout($0.f(), p: 0.5) }),
        ("dropout2d", { dropout2d($0.f(4), p: 0.5) }),
        ("fft", { FFT.fft($0.f()) }),
        ("fftn", { FFT.fftn($0.f()) }),
        ("rfft", { FFT.rfft($0.f()) }),
        ("irfft", { FFT.irfft($0.t(nil, .complex64)) }),
        ("hfft", { FFT.hfft($0.t(nil, .complex64)) }),
        ("ihfft", { FFT.ihfft($0.f()) }),
        ("fftshift", { FFT.fftshift($0.f()) }),
        ("stft", { $0.f(2).stft(nFFT: 4) }),
        ("multinomial", { multinomial($0.f(2), 2, replacement: true) }),
        ("rrelu", { rrelu($0.f(), training: true) }),
        ("prelu", { prelu($0.f(), $0.f(1)) }),
        ("padSequence", { padSequence($0.ts()) }),
        ("copy_", { $0.f().detach().clone().copy_($0.f()) }),
        ("svdLow", { svdLowrank($0.f(2), q: 2) }),
        ("frac", { fractionalMaxPool2d($0.f(4), 2, outputSize: 2) }),
        ("maxUnpool", { maxUnpool2d($0.f(4), $0.i(4), 2) }),
        ("asum", { $0.t().sumToSize([1]) }),
        ("gumbel", { gumbelSoftmax($0.f()) }),
        ("selectScatter", { $0.f().selectScatter($0.f(), dim: 0, index: 0) }),
        ("put", { $0.f().put($0.i(), $0.f()) }),
        ("groupedMM", { $0.f(3).groupedMM($0.f(3)) }),
        ("scaledMM", { scaledMM($0.t(2, .float16), $0.t(2, .float16), scaleA: $0.f(0), scaleB: $0.f(0)) }),
        ("nested", { NestedTensor($0.ts()).toPaddedTensor() }),
        (
            "lstm",
            {
                let m = LSTM(4, 2, device: .meta); return m($0.f(3))
            }
        ),
        (
            "mha",
            {
                let m = MultiheadAttention(4, 2, device: .meta); let q = $0.f(3); return m(q, q, q)
            }
        ),
        ("linearLayer", { Linear(4, 2, device: .meta)($0.f()) }),
        ("conv2dLayer", { Conv2d(2, 2, kernelSize: 3, padding: 1, device: .meta)($0.f(4)) }),
        ("bn", { BatchNorm2d(2, device: .meta)($0.f(4)) }),
        ("tel", { TransformerEncoderLayer(4, 2, dimFeedforward: 4, device: .meta)($0.f(3)) }),
        ("toSparse", { $0.f(2).toSparse() }),
    ]
}
