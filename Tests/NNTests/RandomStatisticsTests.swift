import Foundation
import TestSupport
import Testing
import Torchlight

/// Random tensors have the distributions that they are said to have.
@Suite struct RandomStatisticsTests {
    private static let count = 40_000

    /// The distance of the sample's distribution function from the true one, in units in which 2 is exceeded once in 1,500 samples
    /// (Kolmogorov and Smirnov).
    private static func distance(_ x: Tensor, _ distribution: (Double) -> Double) -> Double {
        let sorted = x.to(.float64).reshape([-1]).toArray(Double.self).sorted()
        let n = Double(sorted.count)
        var largest = 0.0
        for (i, value) in sorted.enumerated() {
            let p = distribution(value)
            largest = max(largest, abs(p - Double(i) / n), abs(p - Double(i + 1) / n))
        }
        return largest * n.squareRoot()
    }

    /// The part of the standard normal distribution in [a, b], by whichever tail is exact.
    private static func mass(_ a: Double, _ b: Double) -> Double {
        func upper(_ x: Double) -> Double { erfc(x / 2.0.squareRoot()) / 2 }
        return a > 0 ? upper(a) - upper(b) : upper(-b) - upper(-a)
    }

    @Test func truncatedNormalsFollowTheirDistribution() {
        let cases: [(mean: Double, std: Double, from: Double, to: Double)] = [
            (0, 1, -2, 2), (0, 1, -0.01, 0.01), (0, 1, 0.9, 1.1), (0, 1, 3, 3.5), (0, 1, -3.5, -3), (0, 1, 8, 9),
            (0, 1, -9, -8), (0, 1, 0, .infinity), (0, 1, -.infinity, -1), (0, 1, -.infinity, .infinity), (2, 0.5, 3, 9),
            (5, 2, -1, 5.5), (0, 0.02, -2, 2), (0, 1, 20, 21), (1, 1, -25, -22),
        ]
        for (seed, (mean, std, from, to)) in cases.enumerated() {
            let label = "mean \(mean), std \(std) in \(from)...\(to)"
            let x = Tensor.empty([Self.count], dtype: .float64)
            Initializers.truncNormal_(
                x, mean: mean, std: std, from: from, to: to, generator: Generator(seed: UInt64(seed) + 3))
            #expect(x.min().item() >= from && x.max().item() <= to, "\(label)")
            let (a, b) = ((from - mean) / std, (to - mean) / std)
            let all = Self.mass(a, b)
            let distance = Self.distance(x) { Self.mass(a, ($0 - mean) / std) / all }
            #expect(distance < 2, "\(label): \(distance)")
            #expect((x .== from).logicalOr(x .== to).sum().item() == 0, "\(label): draws at the bounds")
        }
        // Far beyond where the distribution function underflows: exponential with rate |a|.
        for (from, to) in [(50.0, Double.infinity), (-Double.infinity, -50)] {
            let x = Tensor.empty([Self.count], dtype: .float64)
            Initializers.truncNormal_(x, from: from, to: to, generator: Generator(seed: 5))
            let distance = Self.distance(x.abs()) { 1 - exp(-($0 - 50) * ($0 + 50) / 2) }
            #expect(distance < 2, "\(from)...\(to): \(distance)")
        }
        let narrow = Initializers.truncNormal_(
            Tensor.empty([Self.count], dtype: .float64), from: 1, to: 1 + 1e-9, generator: Generator(seed: 5))
        #expect(Self.distance(narrow) { ($0 - 1) / 1e-9 } < 2)
        // In parts, in other dtypes, on views, and with nothing to fill.
        let long = Initializers.truncNormal_(
            Tensor.empty([1_100, 1_000]), from: 0, to: 1, generator: Generator(seed: 1))
        #expect(Self.distance(long.narrow(0, start: 1_040, length: 40)) { Self.mass(0, $0) / Self.mass(0, 1) } < 2)
        let view = Tensor.zeros([100, 200]).transpose(0, 1)
        Initializers.truncNormal_(view, from: 1, to: 2, generator: Generator(seed: 1))
        #expect(view.min().item() >= 1 && view.std().item() > 0.1)
        let half = Initializers.truncNormal_(Tensor.empty([1_000], dtype: .bfloat16), generator: Generator(seed: 1))
        #expect(half.abs().max().item() <= 2)
        #expect(Initializers.truncNormal_(Tensor.empty([0])).count == 0)
        for (mean, std, from, to) in [
            (0.0, 0.0, -1.0, 1.0), (0, 1, 1, 1), (0, 1, 2, 1), (.nan, 1, 0, 1), (0, -1, 0, 1),
        ] {
            expectRefusal(by: "truncNormal_") {
                Initializers.truncNormal_(Tensor.empty([2]), mean: mean, std: std, from: from, to: to)
            }
        }
        expectRefusal(by: "truncNormal_", .dtype) { Initializers.truncNormal_(Tensor.zeros([2], dtype: .int64)) }
    }

    @Test func factoriesAndInitialisersFollowTheirDistributions() {
        func normal(_ std: Double) -> (Double) -> Double { { erfc(-$0 / std / 2.0.squareRoot()) / 2 } }
        func uniform(_ bound: Double) -> (Double) -> Double { { ($0 / bound + 1) / 2 } }
        func empty() -> Tensor { Tensor.empty([100, 400]) }
        let generator = Generator(seed: 11)
        let cases: [(String, Tensor, (Double) -> Double)] = [
            ("rand", Tensor.rand([Self.count], generator: generator), { $0 }),
            ("randn", Tensor.randn([Self.count], generator: generator), normal(1)),
            ("normal", Tensor.normal(mean: 0, std: 3, [Self.count], generator: generator), normal(3)),
            ("uniform_", Tensor.empty([Self.count]).uniform_(from: -2, to: 2, generator: generator), uniform(2)),
            (
                "xavierUniform_", Initializers.xavierUniform_(empty(), gain: 2, generator: generator),
                uniform(2 * (6.0 / 500).squareRoot())
            ),
            (
                "xavierNormal_", Initializers.xavierNormal_(empty(), generator: generator),
                normal((2.0 / 500).squareRoot())
            ),
            (
                "kaimingUniform_", Initializers.kaimingUniform_(empty(), nonlinearity: .relu, generator: generator),
                uniform((6.0 / 400).squareRoot())
            ),
            (
                "kaimingNormal_",
                Initializers.kaimingNormal_(empty(), mode: .fanOut, nonlinearity: .linear, generator: generator),
                normal(0.1)
            ),
            ("Linear", Linear(400, 100, generator: generator).weight, uniform(0.05)),
            ("Conv2d", Conv2d(16, 100, kernelSize: 5, generator: generator).weight, uniform(0.05)),
            ("Embedding", Embedding(100, 400, generator: generator).weight, normal(1)),
        ]
        for (name, x, distribution) in cases {
            let distance = Self.distance(x.detach(), distribution)
            #expect(distance < 2, "\(name): \(distance)")
        }
        // Layers of one size have weights of their own.
        #expect(!Linear(3, 3).weight.allclose(Linear(3, 3).weight))
    }

    @Test func extremeProbabilitiesAndRangesAreExact() {
        let generator = Generator(seed: 1)
        let x = Tensor.ones([1000])
        for (p, expected) in [(0.0, 1.0), (1.0, 0.0)] {
            #expect((dropout(x, p: p, generator: generator) .== expected).all().item() == 1, "dropout \(p)")
            #expect((Tensor.empty([1000]).bernoulli_(p: 1 - p, generator: generator) .== expected).all().item() == 1)
            #expect((Tensor.full([1000], 1 - p).bernoulli(generator: generator) .== expected).all().item() == 1)
        }
        #expect((Tensor.empty([100]).uniform_(from: 3, to: 3, generator: generator) .== 3).all().item() == 1)
        #expect((Tensor.empty([100]).normal_(mean: 2, std: 0, generator: generator) .== 2).all().item() == 1)
        #expect((Tensor.randint(5, 6, [100], generator: generator) .== 5).all().item() == 1)
        #expect(Tensor.randperm(1, generator: generator).toArray(Int.self) == [0])
        #expect(Tensor.randperm(0, generator: generator).count == 0)
    }

    /// As in PyTorch, `dropout2d` takes 3 dimensions for a batch of signals, `dropout1d` and `dropout3d` take one dimension less
    /// than with a batch for one sample.
    @Test func channelDropoutDropsChannelsOfSamples() {
        typealias Dropout = (Tensor, Generator) -> Tensor
        let cases: [(name: String, shape: [Int], channels: Int, call: Dropout)] = [
            ("dropout1d", [300, 4], 1, { dropout1d($0, generator: $1) }),
            ("dropout1d", [20, 15, 4], 2, { dropout1d($0, generator: $1) }),
            ("dropout2d", [20, 15, 4], 2, { dropout2d($0, generator: $1) }),
            ("Dropout2d", [20, 15, 4], 2, { Dropout2d(generator: $1)($0) }),
            ("dropout2d", [20, 15, 2, 2], 2, { dropout2d($0, generator: $1) }),
            ("dropout3d", [300, 2, 2, 1], 1, { dropout3d($0, generator: $1) }),
            ("dropout3d", [20, 15, 2, 2, 1], 2, { dropout3d($0, generator: $1) }),
        ]
        for (name, shape, channels, call) in cases {
            let y = call(Tensor.ones(shape), Generator(seed: 5))
            let rows = y.reshape([300, 4]).toNestedArray(Float.self)
            let label = "\(name) \(shape), \(channels) dimensions of channels"
            for row in rows { #expect(row == [0, 0, 0, 0] || row == [2, 2, 2, 2], "\(label): \(row)") }
            let kept = rows.filter { $0[0] == 2 }.count
            #expect(kept > 110 && kept < 190, "\(label): \(kept) of 300 channels are kept")
        }
        for rank in [2, 5] {
            #expect(throws: TensorError.self) {
                try checked { dropout2d(Tensor.ones(Array(repeating: 2, count: rank))) }
            }
        }
    }

    @Test func multinomialFollowsItsWeights() {
        let generator = Generator(seed: 3)
        let weights = Tensor([[1.0, 0, 3, 6, 0], [0, 0, 0, 2, 0], [5, 5, 5, 5, 5]])
        let drawn = weights.multinomial(20_000, replacement: true, generator: generator)
        #expect(drawn.shape == [3, 20_000] && drawn.dtype == .int64)
        for (row, shares) in [[0.1, 0, 0.3, 0.6, 0], [0, 0, 0, 1, 0], [0.2, 0.2, 0.2, 0.2, 0.2]].enumerated() {
            for (i, share) in shares.enumerated() {
                let found = (drawn[row] .== i).sum().item() / 20_000
                // Five deviations.
                #expect(
                    abs(found - share) <= 5 * (share * (1 - share) / 20_000).squareRoot(), "row \(row), \(i): \(found)")
            }
        }
        // Without replacement: no position twice, none of weight 0, the first by its weight.
        var first = [0, 0, 0]
        for _ in 0..<3000 {
            let picked = Tensor([1.0, 0, 3, 6], dtype: .float32).multinomial(3, generator: generator).toArray(Int.self)
            #expect(picked.sorted() == [0, 2, 3])
            first[[0: 0, 2: 1, 3: 2][picked[0]]!] += 1
        }
        for (found, share) in zip(first, [0.1, 0.3, 0.6]) {
            #expect(abs(Double(found) / 3000 - share) < 5 * (share * (1 - share) / 3000).squareRoot(), "\(first)")
        }
        #expect(Tensor([4.0]).multinomial(3, replacement: true, generator: generator).toArray(Int.self) == [0, 0, 0])
        #expect(Tensor([0, 1e-300, 0], dtype: .float64).multinomial(1, generator: generator).toArray(Int.self) == [1])
        // The same key, the same numbers; and no gradient.
        #expect(
            weights.multinomial(2, replacement: true, generator: Generator(seed: 1)).toArray(Int.self)
                == weights.multinomial(2, replacement: true, generator: Generator(seed: 1)).toArray(Int.self))
        #expect(!Tensor([1.0, 2], requiresGrad: true).multinomial(1, generator: generator).requiresGrad)
        for (bad, count, replacement) in [
            ([1.0, -1], 1, true), ([0, 0], 1, true), ([.nan, 1], 1, true), ([.infinity, 1], 1, true),
            ([1, 0], 2, false),
            ([1, 1], 3, false), ([1, 1], 0, true),
        ] as [([Double], Int, Bool)] {
            expectRefusal(by: "multinomial", nil, "\(bad), \(count)") {
                Tensor(bad).multinomial(count, replacement: replacement)
            }
        }
        expectRefusal(by: "multinomial") { Tensor.ones([2, 2, 2]).multinomial(1) }
        expectRefusal(by: "multinomial") { Tensor([1, 2]).multinomial(1) }
        #expect(Tensor.ones([2, 3], device: .meta).multinomial(2).shape == [2, 2])
    }
}
