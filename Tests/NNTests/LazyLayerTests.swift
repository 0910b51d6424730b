import TestSupport
import Testing
import Torchlight

@Suite struct LazyLayerTests {
    private static func calls() -> [(String, any Layer, any Layer, [Int])] {
        [
            ("Linear", LazyLinear(3, generator: Generator(seed: 1)), Linear(5, 3), [2, 5]),
            ("BatchNorm1d", LazyBatchNorm1d(), BatchNorm1d(5), [2, 5]),
            ("BatchNorm2d", LazyBatchNorm2d(), BatchNorm2d(5), [2, 5, 3, 3]),
            ("BatchNorm3d", LazyBatchNorm3d(), BatchNorm3d(5), [2, 5, 2, 3, 3]),
            ("InstanceNorm1d", LazyInstanceNorm1d(affine: true), InstanceNorm1d(5, affine: true), [2, 5, 4]),
            (
                "InstanceNorm2d", LazyInstanceNorm2d(affine: true, trackRunningStats: true),
                InstanceNorm2d(5, affine: true, trackRunningStats: true), [2, 5, 3, 3]
            ),
            ("InstanceNorm3d", LazyInstanceNorm3d(), InstanceNorm3d(5), [2, 5, 2, 3, 3]),
        ]
    }

    @Test func theFirstInputDeterminesTheSizes() throws {
        for (name, lazy, plain, shape) in Self.calls() {
            let before = lazy.parameters()
            #expect("\(lazy)".hasPrefix("Lazy\(name)("), "\(name): \(lazy)")
            let x = Tensor.randn(shape, generator: Generator(seed: 2))
            let y = lazy(x)
            #expect(y.shape == plain(x).shape, "\(name)")
            #expect("\(lazy)" == "\(plain)", "\(name)")
            #expect(zip(before, lazy.parameters()).allSatisfy { $0 === $1 }, "\(name): the tensors stay the same")
            #expect(lazy.stateDict().mapValues(\.shape) == plain.stateDict().mapValues(\.shape), "\(name)")
            try plain.load(stateDict: lazy.stateDict())
            lazy.eval()
            plain.eval()
            #expect(lazy(x).allclose(plain(x), atol: 1e-6), "\(name)")
            if lazy.parameters().isEmpty { continue }
            lazy.train()
            lazy(x).sum().backward()
            #expect(lazy.parameters().allSatisfy { $0.grad?.shape == $0.shape }, "\(name)")
        }
    }

    @Test func aLoadedStateDeterminesTheSizes() throws {
        for ((name, lazy, plain, shape), (_, _, source, _)) in zip(Self.calls(), Self.calls()) {
            let x = Tensor.randn(shape, generator: Generator(seed: 3))
            if source.parameters().isEmpty { continue }
            _ = source(x)
            try lazy.load(stateDict: source.stateDict())
            try plain.load(stateDict: source.stateDict())
            lazy.eval()
            plain.eval()
            #expect("\(lazy)" == "\(plain)", "\(name)")
            #expect(lazy(x).allclose(plain(x), atol: 1e-6), "\(name)")
        }
    }

    @Test func crossMapNormalisationOfOddSizesIsLocalResponseNormalisation() {
        let x = Tensor.randn([2, 7, 2, 3], dtype: .float64, generator: Generator(seed: 4))
        for size in [1, 3, 5, 15] {
            let a = CrossMapLRN2d(size, alpha: 0.3, beta: 0.6, k: 1.5)(x)
            #expect(a.allclose(LocalResponseNorm(size, alpha: 0.3, beta: 0.6, k: 1.5)(x)), "size \(size)")
        }
        // The sum of size 4 is over the channel and its two neighbours, divided by 4.
        let padded = x.square().pad([0, 0, 0, 0, 1, 1])
        let sum = (0..<3).map { padded.narrow(1, start: $0, length: 7) }.reduce(Tensor.zeros(like: x)) { $0 + $1 }
        let wanted = x / (sum * (0.3 / 4) + 1).pow(0.75)
        #expect(CrossMapLRN2d(4, alpha: 0.3)(x).allclose(wanted))
        #expect(throws: TensorError.self) { try checked { CrossMapLRN2d(3)(Tensor.ones(2, 3, 4)) } }
    }
}
