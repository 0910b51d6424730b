import Torchlight

extension Workloads {
    /// The most used operators on a million elements, contiguous and transposed; `Benchmarks/operators.py` measures the
    /// same calls in PyTorch and prints the table. Runs only if `--only` selects it.
    static let operators = Workload(name: "operators") { context in
        try noGrad {
            let input = OperatorInput()
            for (name, operation) in operatorCalls {
                for (suffix, x, y) in [("", input.x, input.y), (".transposed", input.x.t(), input.y.t())] {
                    try measure(context, name + suffix) { operation(x, y, input) }
                }
            }
            let transformed = TransformInput()
            for (name, transform) in transforms { try measure(context, name) { transform(transformed) } }
        }
    }

    private static func measure(_ context: BenchContext, _ name: String, _ operation: () -> Tensor) throws {
        let result = try checked { operation() }
        precondition(!result.isPlaceholder)
        let start = monotonicSeconds()
        _ = operation()
        // Rounds are long enough for the resolution of the clock and the scheduler.
        let inner = max(1, min(200, Int(0.02 / max(monotonicSeconds() - start, 1e-6))))
        context.measure("operator.\(name)", warmUp: 2, rounds: 7, inner: inner) { _ = operation() }
    }

    /// The operands of the calls, of shape [1000, 1000], and other arguments.
    struct OperatorInput {
        let x = Tensor.randn([1000, 1000])
        let y = Tensor.rand([1000, 1000]) + 0.5
        let row = Tensor.randn([1000])
        let mask = Tensor.rand([1000, 1000]) > 0.5
        let rows = Tensor.randint(0, 1000, [1000])
        let indices = Tensor.randint(0, 1000, [1000, 1000])
    }

    /// The operands of the Fourier transforms.
    struct TransformInput {
        let signal = Tensor.randn([1 << 20], dtype: .complex64)
        let images = Tensor.randn([16, 256, 256], dtype: .complex64)
        let sound = Tensor.randn([1 << 20])
        let window = Tensor.hannWindow(1024)
    }

    private typealias Call = (name: String, operation: @Sendable (Tensor, Tensor, OperatorInput) -> Tensor)

    private static let operatorCalls: [Call] = arithmetic + functions + activations + reductions + rearrangements

    private static let arithmetic: [Call] = [
        ("add", { x, y, _ in x + y }),
        ("sub", { x, y, _ in x - y }),
        ("mul", { x, y, _ in x * y }),
        ("div", { x, y, _ in x / y }),
        ("add_scalar", { x, _, _ in x + 2 }),
        ("mul_scalar", { x, _, _ in x * 2 }),
        ("add_row", { x, _, input in x + input.row }),
        ("pow2", { x, _, _ in x.pow(2) }),
        ("pow", { _, y, _ in y.pow(1.7) }),
        ("maximum", { x, y, _ in x.maximum(y) }),
        ("minimum", { x, y, _ in x.minimum(y) }),
        ("clamp", { x, _, _ in x.clamp(min: -1, max: 1) }),
        ("where", { x, y, input in Tensor.where(input.mask, x, y) }),
        ("masked_fill", { x, _, input in x.maskedFill(input.mask, 0) }),
        ("eq", { x, y, _ in x .== y }),
        ("gt", { x, y, _ in x > y }),
        ("lerp", { x, y, _ in x.lerp(y, weight: 0.3) }),
        ("addcmul", { x, y, _ in x.addcmul(x, y, value: 0.5) }),
    ]

    private static let functions: [Call] = [
        ("neg", { x, _, _ in -x }),
        ("abs", { x, _, _ in x.abs() }),
        ("sign", { x, _, _ in x.sign() }),
        ("square", { x, _, _ in x.square() }),
        ("sqrt", { _, y, _ in y.sqrt() }),
        ("rsqrt", { _, y, _ in y.rsqrt() }),
        ("reciprocal", { _, y, _ in y.reciprocal() }),
        ("exp", { x, _, _ in x.exp() }),
        ("log", { _, y, _ in y.log() }),
        ("log1p", { _, y, _ in y.log1p() }),
        ("sin", { x, _, _ in x.sin() }),
        ("cos", { x, _, _ in x.cos() }),
        ("erf", { x, _, _ in x.erf() }),
        ("floor", { x, _, _ in x.floor() }),
        ("round", { x, _, _ in x.round() }),
        ("isnan", { x, _, _ in x.isnan() }),
        ("to_bfloat16", { x, _, _ in x.to(.bfloat16) }),
        ("to_int64", { x, _, _ in x.to(.int64) }),
    ]

    private static let activations: [Call] = [
        ("relu", { x, _, _ in x.relu() }),
        ("sigmoid", { x, _, _ in x.sigmoid() }),
        ("tanh", { x, _, _ in x.tanh() }),
        ("gelu", { x, _, _ in gelu(x) }),
        ("silu", { x, _, _ in silu(x) }),
        ("softmax", { x, _, _ in x.softmax(dim: 1) }),
        ("log_softmax", { x, _, _ in x.logSoftmax(dim: 1) }),
    ]

    private static let reductions: [Call] = [
        ("sum", { x, _, _ in x.sum() }),
        ("sum_0", { x, _, _ in x.sum(dim: 0) }),
        ("sum_1", { x, _, _ in x.sum(dim: 1) }),
        ("mean_1", { x, _, _ in x.mean(dim: 1) }),
        ("var_1", { x, _, _ in x.var(dim: 1) }),
        ("max", { x, _, _ in x.max() }),
        ("amax_1", { x, _, _ in x.amax(dim: 1) }),
        ("argmax_1", { x, _, _ in x.argmax(dim: 1) }),
        ("norm", { x, _, _ in x.norm() }),
        ("cumsum_1", { x, _, _ in x.cumsum(dim: 1) }),
        ("sort_1", { x, _, _ in x.sort(dim: 1).values }),
        ("topk_1", { x, _, _ in x.topk(10, dim: 1).values }),
    ]

    private static let rearrangements: [Call] = [
        ("clone", { x, _, _ in x.clone() }),
        ("contiguous", { x, _, _ in x.contiguous() }),
        ("cat", { x, y, _ in cat([x, y], dim: 0) }),
        ("index_select", { x, _, input in x.indexSelect(0, input.rows) }),
        ("gather", { x, _, input in x.gather(1, input.indices) }),
        ("scatter_add", { x, y, input in x.scatterAdd(1, input.indices, y) }),
        ("tril", { x, _, _ in x.tril() }),
        ("flip", { x, _, _ in x.flip(1) }),
        ("roll", { x, _, _ in x.roll(7, dim: 1) }),
    ]

    private static let transforms: [(name: String, operation: @Sendable (TransformInput) -> Tensor)] = [
        ("fft_1m", { FFT.fft($0.signal) }),
        ("rfft_1m", { FFT.rfft($0.sound) }),
        ("fft2_batch", { FFT.fft2($0.images) }),
        ("stft", { $0.sound.stft(nFFT: 1024, hopLength: 256, window: $0.window, returnComplex: true) }),
    ]
}
