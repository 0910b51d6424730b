import Foundation
import TestSupport
import Testing
@testable import TorchlightCore

/// Mixed precision: which operations convert, once each parameter, and only where it was asked for.
@Suite struct AutocastTests {
    private let generator = Generator(seed: 11)

    private func draw(_ shape: [Int]) -> Tensor {
        Tensor.rand(shape, generator: generator) * 0.5 + 0.25
    }

    /// Something to call on converted operands: `$0` brings them to the dtype under test.
    typealias Call = @Sendable (_ operand: (Tensor) -> Tensor, _ draw: ([Int]) -> Tensor) -> Tensor

    /// What PyTorch 2.15 computes in bfloat16 whatever it is given, on the processor.
    static let lower: [(String, Call)] = [
        ("matmul", { $0($1([3, 3])).matmul($0($1([3, 3]))) }),
        ("matmul of a matrix and a vector", { $0($1([3, 3])).matmul($0($1([3]))) }),
        ("matmul of vectors", { $0($1([3])).matmul($0($1([3]))) }),
        ("mm", { $0($1([3, 3])).mm($0($1([3, 3]))) }),
        ("bmm", { $0($1([2, 3, 3])).bmm($0($1([2, 3, 3]))) }),
        ("addmm", { $0($1([3, 3])).addmm($0($1([3, 3])), $0($1([3, 3]))) }),
        ("baddbmm", { $0($1([1, 3, 3])).baddbmm($0($1([1, 3, 3])), $0($1([1, 3, 3]))) }),
        ("addbmm", { $0($1([3, 3])).addbmm($0($1([1, 3, 3])), $0($1([1, 3, 3]))) }),
        ("inner", { $0($1([3, 3])).inner($0($1([3, 3]))) }),
        ("tensordot", { $0($1([3, 3])).tensordot($0($1([3, 3])), dims: 1) }),
        ("chainMatmul", { chainMatmul([$0($1([3, 3])), $0($1([3, 3])), $0($1([3, 3]))]) }),
        ("einsum, a product", { einsum("ij,jk->ik", $0($1([3, 3])), $0($1([3, 3]))) }),
        ("einsum, a sum of products", { einsum("i,i->", $0($1([3])), $0($1([3]))) }),
        ("multiDot", { LinAlg.multiDot([$0($1([3, 3])), $0($1([3, 3]))]) }),
        ("matrixPower", { $0($1([3, 3])).matrixPower(3) }),
        ("vecdot", { LinAlg.vecdot($0($1([3, 3])), $0($1([3, 3]))) }),
        ("cov", { $0($1([3, 3])).cov() }),
        ("linear", { linear($0($1([3, 3])), $0($1([3, 3])), $0($1([3]))) }),
        ("linear with one output", { linear($0($1([3, 3])), $0($1([3])), $0($1([]))) }),
        ("conv1d", { conv1d($0($1([1, 2, 4])), $0($1([2, 2, 2]))) }),
        ("conv2d", { conv2d($0($1([1, 2, 4, 4])), $0($1([2, 2, 2, 2])), bias: $0($1([2]))) }),
        ("conv2d, same size", { conv2d($0($1([1, 2, 4, 4])), $0($1([2, 2, 2, 2])), padding: .same) }),
        ("conv3d", { conv3d($0($1([1, 1, 3, 3, 3])), $0($1([1, 1, 2, 2, 2]))) }),
        ("convTranspose1d", { convTranspose1d($0($1([1, 2, 4])), $0($1([2, 2, 2]))) }),
        ("convTranspose2d", { convTranspose2d($0($1([1, 2, 4, 4])), $0($1([2, 2, 2, 2])), bias: $0($1([2]))) }),
        ("convTranspose3d", { convTranspose3d($0($1([1, 1, 3, 3, 3])), $0($1([1, 1, 2, 2, 2]))) }),
        ("prelu", { $0($1([3, 3]) - 0.5).prelu($0($1([1]))) }),
        (
            "attention",
            { scaledDotProductAttention($0($1([1, 2, 4, 4])), $0($1([1, 2, 4, 4])), $0($1([1, 2, 4, 4]))) }
        ),
        (
            "attention with a mask",
            {
                scaledDotProductAttention(
                    $0($1([1, 2, 4, 4])), $0($1([1, 2, 4, 4])), $0($1([1, 2, 4, 4])), attnMask: $0($1([4, 4])))
            }
        ),
        ("affineGrid", { affineGrid($0($1([1, 2, 3])), [1, 2, 2, 2]) }),
    ]

    /// What it computes in float32.
    static let float32: [(String, Call)] = [
        ("prod", { call, draw in call(draw([3, 3])).prod() }),
        ("prod over a dimension", { call, draw in call(draw([3, 3])).prod(dim: 0) }),
        ("trace", { call, draw in call(draw([3, 3])).trace() }),
        ("quantile", { call, draw in call(draw([5])).quantile(0.3) }),
        ("nanquantile", { call, draw in call(draw([5])).nanquantile(0.3) }),
        ("cdist", { cdist($0($1([3, 2])), $0($1([4, 2]))) }),
        ("avgPool3d", { avgPool3d($0($1([1, 1, 4, 4, 4])), 2) }),
        ("maxPool3d", { maxPool3d($0($1([1, 1, 4, 4, 4])), 2) }),
        ("adaptiveAvgPool3d", { adaptiveAvgPool3d($0($1([1, 1, 4, 4, 4])), 2) }),
        ("adaptiveMaxPool3d", { adaptiveMaxPool3d($0($1([1, 1, 4, 4, 4])), 2) }),
        ("maxUnpool1d", { maxUnpool1d($0($1([1, 1, 2])), Tensor([0, 2], shape: [1, 1, 2]), 2) }),
        ("maxUnpool2d", { maxUnpool2d($0($1([1, 1, 1, 2])), Tensor([0, 2], shape: [1, 1, 1, 2]), 2) }),
        ("reflected border, 1", { call, draw in call(draw([1, 2, 4])).pad([1, 1], mode: .reflect) }),
        ("reflected border, 2", { call, draw in call(draw([1, 2, 4, 4])).pad([1, 1, 1, 1], mode: .reflect) }),
        ("replicated border, 1", { call, draw in call(draw([1, 2, 4])).pad([1, 1], mode: .replicate) }),
        (
            "replicated border, 3",
            { call, draw in call(draw([1, 1, 3, 3, 3])).pad([1, 1, 1, 1, 1, 1], mode: .replicate) }
        ),
        ("gridSample", { gridSample($0($1([1, 2, 4, 4])), $0($1([1, 2, 2, 2]))) }),
        ("localResponseNorm", { localResponseNorm($0($1([1, 2, 4, 4])), size: 2) }),
        ("cholesky", { call, draw in LinAlg.cholesky(call(positive(draw))) }),
        ("inverse", { call, draw in call(positive(draw)).inverse() }),
        ("qr", { call, draw in LinAlg.qr(call(positive(draw))).R }),
        ("svd", { call, draw in LinAlg.svd(call(positive(draw))).S }),
        ("svdvals", { call, draw in LinAlg.svdvals(call(positive(draw))) }),
        ("eigh", { call, draw in LinAlg.eigh(call(positive(draw))).eigenvectors }),
        ("eigvalsh", { call, draw in LinAlg.eigvalsh(call(positive(draw))) }),
        ("pinverse", { call, draw in call(positive(draw)).pinverse() }),
        ("solve", { call, draw in LinAlg.solve(call(positive(draw)), call(draw([3, 2]))) }),
        ("lstsq", { call, draw in LinAlg.lstsq(call(positive(draw)), call(draw([3, 2]))).solution }),
        ("cond", { call, draw in LinAlg.cond(call(positive(draw))) }),
        ("tensorinv", { call, draw in LinAlg.tensorinv(call(positive(draw)), ind: 1) }),
        ("householderProduct", { call, draw in LinAlg.householderProduct(call(draw([3, 3])), call(draw([3]))) }),
        ("choleskySolve", { call, draw in call(draw([3, 2])).choleskySolve(call(positive(draw))) }),
        ("choleskyInverse", { call, draw in call(positive(draw)).choleskyInverse() }),
        ("matrixSqrth", { call, draw in LinAlg.matrixSqrth(call(positive(draw))) }),
    ]

    /// What it computes in the dtype that comes.
    static let unchanged: [(String, Call)] = [
        ("mv", { $0($1([3, 3])).mv($0($1([3]))) }),
        ("dot", { $0($1([3])).dot($0($1([3]))) }),
        ("inner of vectors", { $0($1([3])).inner($0($1([3]))) }),
        ("outer", { $0($1([3])).outer($0($1([3]))) }),
        ("addmv", { $0($1([3])).addmv($0($1([3, 3])), $0($1([3]))) }),
        ("addr", { $0($1([3, 3])).addr($0($1([3])), $0($1([3]))) }),
        ("bilinear", { bilinear($0($1([3, 3])), $0($1([3, 3])), $0($1([2, 3, 3])), $0($1([2]))) }),
        ("einsum without a sum", { einsum("ij,ij->ij", $0($1([3, 3])), $0($1([3, 3]))) }),
        ("kron", { $0($1([3, 3])).kron($0($1([3, 3]))) }),
        ("add", { $0($1([3, 3])) + $0($1([3, 3])) }),
        ("add an integer", { $0($1([3])) + Tensor([1, 2, 3]) }),
        ("exp", { call, draw in call(draw([3])).exp() }),
        ("gelu", { gelu($0($1([3]))) }),
        ("softmax", { softmax($0($1([3, 3])), dim: 1) }),
        ("logSoftmax", { logSoftmax($0($1([3, 3])), dim: 1) }),
        ("sum", { call, draw in call(draw([3])).sum() }),
        ("mean", { call, draw in call(draw([3])).mean() }),
        ("var", { call, draw in call(draw([3])).var() }),
        ("norm", { call, draw in call(draw([3])).norm() }),
        ("cumsum", { call, draw in call(draw([3])).cumsum(dim: 0) }),
        ("cumprod", { call, draw in call(draw([3])).cumprod(dim: 0) }),
        ("layerNorm", { layerNorm($0($1([3, 3])), [3]) }),
        ("rmsNorm", { rmsNorm($0($1([3, 3])), [3]) }),
        ("avgPool2d", { avgPool2d($0($1([1, 2, 4, 4])), 2) }),
        ("maxPool2d", { maxPool2d($0($1([1, 2, 4, 4])), 2) }),
        ("adaptiveAvgPool2d", { adaptiveAvgPool2d($0($1([1, 2, 4, 4])), 2) }),
        ("interpolate", { interpolate($0($1([1, 2, 4, 4])), scaleFactor: [2], mode: .bilinear) }),
        (
            "reflected border, 3",
            { call, draw in call(draw([1, 1, 3, 3, 3])).pad([1, 1, 1, 1, 1, 1], mode: .reflect) }
        ),
        ("circular border", { call, draw in call(draw([1, 2, 4])).pad([1, 1], mode: .circular) }),
        ("pairwiseDistance", { pairwiseDistance($0($1([3, 2])), $0($1([3, 2]))) }),
        ("embedding", { embedding(Tensor([0, 1]), $0($1([3, 2]))) }),
        ("cat", { call, draw in cat([call(draw([3])), call(draw([3]))]) }),
        (
            "in-place product",
            { call, draw in call(draw([3, 3])).clone().addmm_(call(draw([3, 3])), call(draw([3, 3]))) }
        ),
    ]

    private static func positive(_ draw: ([Int]) -> Tensor) -> Tensor {
        let x = draw([3, 3])
        return withoutAutocast { x.matmul(x.mT) + Tensor.eye(3) }
    }

    private func check(_ calls: [(String, Call)], whole: DType?, half: DType?) {
        for (name, call) in calls {
            for (given, expected) in [(DType.float32, whole), (.bfloat16, half), (.float64, nil)] {
                let result = autocast { call({ $0.to(given) }, draw) }
                #expect(result.dtype == expected ?? given, "\(name) of \(given)")
                #expect(result.isfinite().all().item() == 1, "\(name) of \(given): \(result)")
            }
        }
    }

    @Test func productsAreLow() { check(Self.lower, whole: .bfloat16, half: .bfloat16) }
    @Test func whatMustBeExactIsFloat32() { check(Self.float32, whole: .float32, half: .float32) }
    @Test func theRestKeepsItsDType() { check(Self.unchanged, whole: .float32, half: nil) }

    @Test func joiningTakesTheWidestDType() {
        let (x, y) = (draw([3]), draw([3]).to(.bfloat16))
        autocast {
            #expect(cat([y, x]).dtype == .float32)
            #expect(stack([y, x]).dtype == .float32)
            #expect(y.indexCopy(0, Tensor([0]), x[0..<1]).dtype == .float32)
            #expect(x.indexCopy(0, Tensor([0]), y[0..<1]).dtype == .float32)
        }
    }

    /// The result is that of rounded operands, added up in float32 and rounded once.
    @Test func roundsOperandsAndResult() {
        let (x, w, b) = (draw([5, 64]), draw([7, 64]), draw([7]))
        func rounded(_ x: Tensor) -> Tensor { x.to(.bfloat16).to(.float64) }
        let exact = linear(rounded(x), rounded(w), rounded(b))
        let got = autocast { linear(x, w, b) }
        // Sums of 64 float32 products may fall on the other side of a tie, one unit of bfloat16 away.
        #expect(got.to(.float64).allclose(exact, rtol: 0x1p-8, atol: 0))
        #expect(autocast(.float16) { linear(x, w, b) }.dtype == .float16)
    }

    @Test func gradientsArriveInTheDTypeOfTheParameters() {
        for isInside in [false, true] {
            let w = draw([4, 4]).requiresGrad_()
            let x = draw([3, 4])
            autocast {
                let loss = linear(x, w).relu().sum()
                #expect(loss.dtype == .bfloat16)
                if isInside { loss.backward() }
            }
            if !isInside { autocast { linear(x, w).relu().sum() }.backward() }
            #expect(w.grad?.dtype == .float32)
            // d/dw sum(x w^T) is the sum of the rows of x, here of their rounded values.
            let rows = x.to(.bfloat16).to(.float32).sum(dim: 0, keepdim: true).expand([4, 4])
            #expect(w.grad!.allclose(rows, rtol: 0x1p-7, atol: 0))
        }
    }

    /// A second derivative goes through the conversions as well.
    @Test func differentiatesTwice() {
        let w = draw([3, 3]).requiresGrad_()
        let x = draw([3, 3])
        let y = autocast { linear(x, w) }.to(.float32).pow(2).sum()
        let first = grad(of: y, withRespectTo: w, createGraph: true)
        let second = grad(of: first.sum(), withRespectTo: w)
        #expect(second.dtype == .float32)
        let exact = 2 * x.mT.matmul(x).sum(dim: 0, keepdim: true).expand([3, 3])
        #expect(second.allclose(exact, rtol: 0.05, atol: 0.05))
    }

    // MARK: Copies of parameters

    private var copies: Int { ThreadContext.current.autocastCopies.count }

    @Test func convertsAParameterOnce() throws {
        let w = draw([4, 4]).requiresGrad_()
        let (x, y) = (draw([2, 4]), draw([2, 4]))
        try autocast {
            let first = linear(x, w)
            let copy = try #require(ThreadContext.current.autocastCopies.values.first?.copy)
            // Twice in one block, and in one inside it: all three products record the same conversion.
            let second = matmul(y, w)
            let third = autocast { linear(y, w) }
            #expect(copies == 1)
            for product in [first, second, third] { #expect(product.node?.inputs[1].node === copy.node) }
            (first.sum() + second.sum() + third.sum()).backward()
        }
        #expect(copies == 0)
        let whole = linear(x, w).sum() + matmul(y, w).sum() + linear(y, w).sum()
        let expected = grad(of: whole, withRespectTo: w)
        #expect(w.grad!.allclose(expected, rtol: 0.02, atol: 0.02))
    }

    @Test func noticesAChangedParameter() {
        let w = Tensor.ones([1, 1]).requiresGrad_()
        let x = Tensor.ones([1, 1])
        autocast {
            #expect(linear(x, w).item() == 1)
            noGrad { _ = w.mul_(3) }
            #expect(linear(x, w).item() == 3)
            linear(x, w).sum().backward()
            // The backward pass took the conversion's node with it: the next pass makes its own.
            linear(x, w).sum().backward()
        }
        #expect(w.grad?.item() == 2)
    }

    /// A copy that was made without recording is not given to a pass that records.
    @Test func copiesOfPredictionsCarryNoGradient() {
        let w = draw([2, 2]).requiresGrad_()
        let x = draw([1, 2])
        autocast {
            noGrad { _ = linear(x, w) }
            #expect(linear(x, w).requiresGrad)
            linear(x, w).sum().backward()
            #expect(!noGrad { linear(x, w) }.requiresGrad)
        }
        #expect(w.grad != nil)
    }

    @Test func keepsNothingOfActivations() {
        let x = draw([2, 2])
        autocast {
            _ = linear(x, x)
            #expect(copies == 0)
        }
    }

    // MARK: Blocks

    @Test func blocksNest() {
        let x = draw([2, 2])
        #expect(!isAutocastEnabled)
        #expect(autocastDType == nil)
        autocast {
            #expect(autocastDType == .bfloat16)
            #expect(x.matmul(x).dtype == .bfloat16)
            autocast(enabled: false) {
                #expect(!isAutocastEnabled)
                #expect(x.matmul(x).dtype == .float32)
                autocast(.float16) { #expect(x.matmul(x).dtype == .float16) }
            }
            #expect(autocastDType == .bfloat16)
        }
        #expect(x.matmul(x).dtype == .float32)
    }

    @Test func endsWithAnError() {
        struct Stop: Error {}
        #expect(throws: Stop.self) { try autocast { throw Stop() } }
        #expect(!isAutocastEnabled)
        expectRefusal(by: "matmul") { autocast { draw([2, 3]).matmul(draw([2, 3])) } }
        #expect(!isAutocastEnabled)
    }

    @Test func concernsItsThreadAlone() {
        let x = draw([2, 2])
        autocast {
            nonisolated(unsafe) var other: DType?
            let thread = Thread { other = x.matmul(x).dtype }
            thread.start()
            while !thread.isFinished { usleep(100) }
            #expect(other == .float32)
        }
    }

    @Test func refusesOtherDTypes() throws {
        let error = try #require(expectRefusal(by: "autocast", .dtype) { autocast(.int64) { draw([1]) } })
        #expect(
            error.description
                == "autocast: operations cannot run in this precision, got int64; expected bfloat16 or float16; "
                + "use autocast(.bfloat16)")
        expectRefusal(by: "autocast", .dtype) { autocast(.float32) { draw([1]) } }
        // What is switched off is not refused.
        #expect(autocast(.float32, enabled: false) { draw([1]).dtype } == .float32)
    }

    /// Layer and batch normalisation take float32 parameters beside a bfloat16 input, and give their gradients in float32.
    @Test func normalisesHalvesWithFloat32Parameters() {
        let x = draw([4, 6]).to(.bfloat16)
        let (w, b) = (draw([6]).requiresGrad_(), draw([6]).requiresGrad_())
        let whole = x.to(.float32)
        let mean = Tensor.zeros([6])
        let variance = Tensor.ones([6])
        for (name, norm) in [
            ("layerNorm", { (x: Tensor, w: Tensor, b: Tensor) in layerNorm(x, [6], w, b) }),
            ("batchNorm", { batchNorm($0, mean.clone(), variance.clone(), $1, $2, training: true) }),
            ("batchNorm in evaluation", { batchNorm($0, mean, variance, $1, $2) }),
            ("rmsNorm", { x, w, _ in rmsNorm(x, [6], w) }),
            ("groupNorm", { groupNorm($0, 2, $1, $2) }),
        ] as [(String, (Tensor, Tensor, Tensor) -> Tensor)] {
            let y = norm(x, w, b)
            #expect(y.dtype == .bfloat16, "\(name)")
            let exact = norm(whole, w, b)
            #expect(y.to(.float32).allclose(exact, rtol: 0x1p-7, atol: 0x1p-6), "\(name)")
            let wanted = name == "rmsNorm" ? [w] : [w, b]
            let seed = draw([4, 6]).to(.bfloat16)
            let got = grad(outputs: [y], inputs: wanted, gradOutputs: [seed])
            let expected = grad(outputs: [exact], inputs: wanted, gradOutputs: [seed.to(.float32)])
            for (a, b) in zip(got.compactMap { $0 }, expected.compactMap { $0 }) {
                #expect(a.dtype == .float32, "\(name)")
                #expect(a.allclose(b, rtol: 0.02, atol: 0.02), "\(name)")
            }
        }
        expectRefusal(by: "layerNorm", .dtype) { layerNorm(whole, [6], w.detach().to(.bfloat16)) }
        expectRefusal(by: "batchNorm", .dtype) {
            batchNorm(whole, nil, nil, w.detach().to(.bfloat16), training: true)
        }
    }
}
