import Torchlight

/// A series of sizes, and the work to measure at each.
struct GrowthSeries: Sendable {
    /// The name in results and for `bench-growth-point`.
    let name: String
    let title: String
    /// The unit of the sizes.
    let unit: String
    let sizes: [Int]
    /// The measured parts, with the expected exponent of the growth of time.
    let parts: [(name: String, power: Double)]
    /// The expected exponent of the growth of memory.
    let memoryPower: Double
    let run: @Sendable (Int, GrowthPoint) -> Void

    static let all = [layers, batch, sequence, parameters, nodes, tensors, samples]

    private static let layers = GrowthSeries(
        name: "layers", title: "Layers: a training step of linear layers of 64 with ReLU, 64 rows", unit: "layers",
        sizes: [1, 3, 10, 30, 100, 300, 1000], parts: [("step", 1)], memoryPower: 1
    ) { size, point in
        let layers = (0..<size).map { _ in Linear(64, 64) }
        noGrad {
            // Weights that preserve the scale of the activations, so that no layer computes with denormal numbers.
            for layer in layers { layer.weight.normal_(mean: 0, std: 0.177) }
        }
        let optimizer = SGD(layers.flatMap { $0.parameters() }, lr: 1e-6)
        let x = Tensor.randn([64, 64])
        point.time("step") {
            optimizer.zeroGrad()
            var y = x
            for layer in layers { y = relu(layer(y)) }
            y.mean().backward()
            optimizer.step()
        }
    }

    private static let batch = GrowthSeries(
        name: "batch", title: "Batch: a training step of a perceptron (784, 256, 128, 10)", unit: "rows",
        sizes: [16, 64, 256, 1024, 4096, 16384], parts: [("step", 1)], memoryPower: 1
    ) { size, point in
        let model = MLP()
        let optimizer = Adam(model.parameters(), lr: 1e-3)
        let (x, y) = (Tensor.randn([size, 784]), Tensor.randint(0, 10, [size]))
        point.time("step") {
            optimizer.zeroGrad()
            crossEntropy(model(x), y).backward()
            optimizer.step()
        }
    }

    private static let sequence = GrowthSeries(
        name: "sequence", title: "Sequence: causal attention of 4 heads of 64, forward and backward", unit: "tokens",
        sizes: [128, 256, 512, 1024, 2048, 4096, 8192], parts: [("forward", 2), ("backward", 2)], memoryPower: 1
    ) { size, point in
        let operands = (0..<3).map { _ in Tensor.randn([1, 4, size, 64], requiresGrad: true) }
        let gradient = Tensor.ones([1, 4, size, 64])
        point.time("forward", "backward") { part in
            for operand in operands { operand.grad = nil }
            var y = operands[0]
            part(0) { y = scaledDotProductAttention(operands[0], operands[1], operands[2], isCausal: true) }
            part(1) { y.backward(gradient: gradient) }
        }
    }

    private static let parameters = GrowthSeries(
        name: "parameters", title: "Parameters: a training step of ten linear layers with AdamW, 16 rows",
        unit: "parameters", sizes: [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000], parts: [("step", 1)],
        memoryPower: 1
    ) { size, point in
        let width = Int((Double(size) / 10).squareRoot().rounded())
        let layers = (0..<10).map { _ in Linear(width, width, bias: false) }
        let optimizer = AdamW(layers.flatMap { $0.parameters() }, lr: 1e-4)
        let x = Tensor.randn([16, width])
        point.time("step") {
            optimizer.zeroGrad()
            var y = x
            for layer in layers { y = layer(y) }
            y.square().mean().backward()
            optimizer.step()
        }
    }

    private static let nodes = GrowthSeries(
        name: "nodes", title: "Graph: a chain of additions of four numbers", unit: "operations",
        sizes: powersOfTen(0...7), parts: [("forward", 1), ("backward", 1), ("free", 1)], memoryPower: 1
    ) { size, point in
        let x = Tensor.ones([4], requiresGrad: true)
        let step = Tensor.ones(4)
        point.time("forward", "backward", "free") { part in
            x.grad = nil
            var y = x
            part(0) { for _ in 0..<size { y = y + step } }
            part(1) { y.backward(gradient: step) }
            part(2) { y = x }
        }
    }

    private static let tensors = GrowthSeries(
        name: "tensors", title: "Tensors: four zeros each, all alive at once", unit: "tensors",
        sizes: powersOfTen(0...7), parts: [("make", 1), ("free", 1)], memoryPower: 1
    ) { size, point in
        var kept: [Tensor] = []
        point.time("make", "free") { part in
            kept.reserveCapacity(size)
            part(0) { for _ in 0..<size { kept.append(Tensor.zeros(4)) } }
            part(1) { kept.removeAll(keepingCapacity: true) }
        }
    }

    private static let samples = GrowthSeries(
        name: "samples", title: "Samples: a shuffled epoch of batches of 64 rows of 16 numbers", unit: "samples",
        sizes: powersOfTen(2...7), parts: [("epoch", 1)], memoryPower: 1
    ) { size, point in
        let samples = TensorDataset(Tensor.randn([size, 16]), Tensor.randint(0, 10, [size]))
        let loader = DataLoader(samples, batchSize: 64, shuffle: true)
        point.time("epoch") { for _ in loader {} }
    }

    private static func powersOfTen(_ range: ClosedRange<Int>) -> [Int] {
        range.map { power in (0..<power).reduce(1) { value, _ in value * 10 } }
    }
}

/// Measures the parts of one size of a series, in a separate process.
final class GrowthPoint {
    private(set) var seconds: [(part: String, seconds: Double)] = []

    /// Measures one part.
    func time(_ name: String, _ body: () -> Void) {
        withoutActuallyEscaping(body) { body in time([name]) { part in part(0) { body() } } }
    }

    func time(_ first: String, _ second: String, _ rest: String..., round: ((Int, () -> Void) -> Void) -> Void) {
        time([first, second] + rest, round)
    }

    /// Runs rounds until there are at least seven and a tenth of a second has passed, after a warm-up if rounds are
    /// short; stores the median of each part.
    private func time(_ names: [String], _ round: ((Int, () -> Void) -> Void) -> Void) {
        var times = names.map { _ in [Double]() }
        func once() -> Double {
            let start = monotonicSeconds()
            round { part, body in
                let start = monotonicSeconds()
                body()
                times[part].append(monotonicSeconds() - start)
            }
            return monotonicSeconds() - start
        }
        var total = once()
        if total < 0.5 { for part in times.indices { times[part] = [] } }
        for count in 0..<1000 where count < 7 || total < 0.1 {
            total += once()
            if total > 2 { break }
        }
        seconds = zip(names, times).map { ($0, $1.sorted()[$1.count / 2]) }
    }
}
