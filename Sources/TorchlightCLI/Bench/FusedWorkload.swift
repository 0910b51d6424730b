import Torchlight

extension Workloads {
    /// Functions that users write out in element-wise operations and reductions of rows, run operation by operation, and as fused
    /// groups that are interpreted and compiled. Runs only if `--only` selects it.
    static let fused = Workload(name: "fused") { context in
        let x = Tensor.randn([10_000_000])
        let y = Tensor.randn([10_000_000])
        let rows = Tensor.randn([4096, 1024])
        let (weight, bias) = (Tensor.randn([1024]), Tensor.randn([1024]))
        try measure(context, "pointwise_10m", [x, y]) { t in
            let left = gelu(t[0] * 1.5 + t[1], approximate: .tanh) * sigmoid(t[1])
            return left + exp(-t[0] * t[0])
        }
        try measure(context, "gelu_by_hand", [rows]) { t in 0.5 * t[0] * (1 + erf(t[0] * 0.7071067811865476)) }
        try measure(context, "layernorm_by_hand", [rows, weight, bias]) { t in
            let centred = t[0] - t[0].mean(dim: -1, keepdim: true)
            let variance = centred.square().mean(dim: -1, keepdim: true)
            return centred * (variance + 1e-5).rsqrt() * t[1] + t[2]
        }
        try measure(context, "softmax_by_hand", [rows]) { t in
            let exponentials = exp(t[0] - t[0].amax(dim: -1, keepdim: true))
            return exponentials / exponentials.sum(dim: -1, keepdim: true)
        }
        let small = Tensor.randn([16_384])
        try measure(context, "ten_operations_16k", [small], inner: 500) { t in
            var z = t[0]
            for i in 0..<5 { z = (z * 0.9 + Double(i)).maximum(t[0]) }
            return z
        }
    }

    private static func measure(
        _ context: BenchContext, _ name: String, _ arguments: [Tensor], inner: Int = 2,
        _ body: @escaping ([Tensor]) -> Tensor
    ) throws {
        let graph = try GraphRecorder.record(
            "compile", arguments.map { TensorSpec($0) }, needGradients: arguments.map { _ in false },
            randomness: .same
        ) { tensors throws(TensorError) in [body(tensors)] }
        let interpreted = optimized(graph, kernels: .interpreted)
        let compiled = optimized(graph, kernels: .automatic)
        KernelCompiler.shared.waitUntilReady()
        let batches = arguments.map { BatchedRun.Batch($0, false) }
        func run(_ graph: Graph) {
            do {
                _ = try BatchedRun.run(graph, batches, size: 1, randomness: .same)
            } catch {
                preconditionFailure("\(error)")
            }
        }
        noGrad {
            context.measure("fused.\(name).eager", warmUp: 3, rounds: 7, inner: inner) { _ = body(arguments) }
            context.measure("fused.\(name).interpreted", warmUp: 3, rounds: 7, inner: inner) { run(interpreted) }
            if compiled.fusedPrograms.allSatisfy(\.isCompiled) {
                context.measure("fused.\(name).compiled", warmUp: 3, rounds: 7, inner: inner) { run(compiled) }
            }
        }
    }
}
