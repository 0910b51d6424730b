import TestSupport
import Testing
import Torchlight

/// Function transformations inside of compiled and exported functions and around layers, compared with plain autograd and loops.
@Suite("Transformations in programs") struct TransformedProgramTests {
    private static func randn(_ shape: Int..., seed: UInt64) -> Tensor {
        Tensor.randn(shape, dtype: .float64, generator: Generator(seed: seed))
    }

    private func isClose(_ a: Tensor, _ b: Tensor) -> Bool {
        a.shape == b.shape && a.allclose(b, rtol: 1e-9, atol: 1e-11)
    }

    private static let functions: [(String, @Sendable (Tensor) -> Tensor)] = [
        ("grad", { x in grad { (x: Tensor) in (x.sin() * x).sum() }(x) }),
        ("per-sample gradients", { x in vmap(grad { (row: Tensor) in (row.exp() * row.tanh()).sum() })(x) }),
        ("hessian", { x in hessian { (x: Tensor) in (x * x * x).sum() + x.prod() }(x[0]) }),
        ("jacfwd", { x in jacfwd { (x: Tensor) in x.matmul(x.t()).exp() }(x * 0.1) }),
        ("jacrev", { x in jacrev { (x: Tensor) in softmax(x, dim: -1) }(x) }),
        ("hvp", { x in hvp({ (x: Tensor) in (x.square().square()).sum() }, primals: x, tangents: x + 1).1 }),
        ("jvp", { x in jvp({ (x: Tensor) in x.cumsum(dim: 1).log1p() }, primals: x.abs(), tangents: x).1 }),
        ("vmap of sorting", { x in vmap { (row: Tensor) in row.sort().values + row.argmax().to(row.dtype) }(x) }),
        ("scan", { x in scan({ (h: Tensor, x: Tensor) in ((h * x).tanh(), h) }, x[0] * 0, over: x).0 }),
        (
            "gradient of a scan",
            { x in
                grad { (x: Tensor) in
                    scan({ (h: Tensor, x: Tensor) in ((h * x).tanh() + x, h) }, x[0] * 0 + 1, over: x).0.sum()
                }(x)
            }
        ),
        (
            "gradient of cond",
            { x in
                grad { (x: Tensor) in cond(x.sum() .> 0, then: { x.exp() }, else: { x.square() }).sum() }(x)
            }
        ),
        ("linearize", { x in linearize({ (x: Tensor) in (x * x).cumprod(dim: 1) }, x).1(x + 2) }),
    ]

    @Test(arguments: functions.map(\.0)) func compiledAndExported(_ name: String) throws {
        let f = Self.functions.first { $0.0 == name }!.1
        let example = Self.randn(3, 4, seed: 1)
        let compiled = compile { (x: Tensor) in f(x) }
        let program = try reloaded(export({ (x: Tensor) in f(x) }, example))
        for seed in 2..<5 {
            let x = Self.randn(3, 4, seed: UInt64(seed))
            let expected = f(x)
            #expect(hasSameBits(compiled(x), expected), "\(name), compiled, input \(seed)")
            #expect(hasSameBits(program(x), expected), "\(name), exported, input \(seed)")
        }
        #expect(compiled.report.graphs == 1, "\(name): \(compiled.report)")
    }

    /// Layers that take batches, mapped over samples: outputs and gradients of the parameters equal those of a loop.
    @Test func layersMappedOverSamples() {
        let generator = Generator(seed: 7)
        let layers: [(String, Module, [Int], (Module, Tensor) -> Tensor)] = generator.asDefault {
            let attention = MultiheadAttention(8, 2, batchFirst: true).to(.float64)
            let lstm = LSTM(8, 6, batchFirst: true).to(.float64)
            let encoder = TransformerEncoderLayer(8, 2, dimFeedforward: 16, batchFirst: true).to(.float64).eval()
            return [
                ("linear", Linear(8, 3).to(.float64), [8], { ($0 as! Linear)($1) }),
                ("convolution", Conv2d(2, 3, kernelSize: 3).to(.float64), [2, 6, 6], { ($0 as! Conv2d)($1) }),
                (
                    "transposed convolution", ConvTranspose1d(2, 3, kernelSize: 3).to(.float64), [2, 6],
                    { ($0 as! ConvTranspose1d)($1) }
                ),
                ("layer norm", LayerNorm(8).to(.float64), [4, 8], { ($0 as! LayerNorm)($1) }),
                ("group norm", GroupNorm(2, 4).to(.float64), [1, 4, 5], { ($0 as! GroupNorm)($1) }),
                ("attention", attention, [1, 5, 8], { ($0 as! MultiheadAttention)($1, $1, $1).0 }),
                ("lstm", lstm, [1, 5, 8], { ($0 as! LSTM)($1).0 }),
                ("encoder", encoder, [1, 5, 8], { ($0 as! TransformerEncoderLayer)($1) }),
            ]
        }
        for (name, layer, shape, call) in layers {
            var weights: [String: Tensor] = [:]
            for (key, parameter) in layer.namedParameters() { weights[key] = parameter.detach() }
            let loss = { (weights: [String: Tensor], x: Tensor) -> Tensor in
                functionalCall(layer, weights) { call($0, x) }.square().sum()
            }
            let batch = Tensor.randn([3] + shape, dtype: .float64, generator: Generator(seed: 9))
            let gradients = vmap(grad(loss), inDims: [nil, 0])(weights, batch)
            for i in 0..<3 {
                let expected = grad(loss)(weights, batch[i])
                for (key, gradient) in expected {
                    #expect(isClose(gradients[key]![i], gradient), "\(name) \(key), sample \(i)")
                }
            }
        }
    }
}
