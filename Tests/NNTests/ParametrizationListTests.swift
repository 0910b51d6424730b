import TestSupport
import Testing
import Torchlight

@Suite struct ParametrizationListTests {
    private final class Symmetric: Module, Layer {
        func forward(_ x: Tensor) -> Tensor { x.triu() + x.triu(1).mT }
    }

    private final class Exponential: Module, InvertibleParametrization {
        func forward(_ x: Tensor) -> Tensor { x.exp() }
        func rightInverse(_ value: Tensor) -> Tensor { value.log() }
    }

    /// A layer that counts its calls and has a parameter of its own.
    private final class Scaled: Module, Layer {
        var factor = Parameter(Tensor(2.0))
        var calls = 0
        func forward(_ x: Tensor) -> Tensor {
            calls += 1
            return x * factor
        }
    }

    private static func linear(_ size: Int = 3) -> Linear { Linear(size, size, generator: Generator(seed: 1)) }

    @Test func layersAreAppliedInTheirOrder() throws {
        let layer = Self.linear()
        let original = layer.weight.detach().clone()
        layer.registerParametrization("weight", Scaled()).registerParametrization("weight", Symmetric())
        let wanted = (original * 2).triu() + (original * 2).triu(1).mT
        #expect(layer.weight.allclose(wanted))
        #expect(layer.isParametrized("weight") && layer.isParametrized() && !layer.isParametrized("bias"))
        let names = Set(layer.namedParameters().map(\.name))
        #expect(names == ["bias", "parametrizations.weight.original", "parametrizations.weight.0.factor"])
        let x = Tensor.randn([2, 3], generator: Generator(seed: 2))
        layer(x).sum().backward()
        for (name, parameter) in layer.namedParameters() { #expect(parameter.grad != nil, "\(name)") }
        let copy = layer.deepCopy()
        #expect(copy(x).allclose(layer(x)))
        let other = Self.linear().registerParametrization("weight", Scaled())
            .registerParametrization("weight", Symmetric())
        try other.load(stateDict: layer.stateDict())
        #expect(other(x).allclose(layer(x)))
        layer.removeParametrizations()
        #expect(layer.weight.allclose(wanted) && layer.weight.requiresGrad && !layer.isParametrized())
    }

    @Test func theOriginalCanBeLeft() {
        let layer = Self.linear()
        let original = layer.weight.detach().clone()
        layer.registerParametrization("weight", Symmetric()).removeParametrizations(leaveParametrized: false)
        #expect(layer.weight.equal(original))
        #expect(throws: TensorError.self) {
            try checked { Self.linear().weightNorm().removeParametrizations(leaveParametrized: false) }
        }
    }

    @Test func anInverseDeterminesTheOriginal() {
        let layer = Self.linear()
        noGrad { _ = layer.weight.abs_().add_(0.1) }
        let value = layer.weight.detach().clone()
        layer.registerParametrization("weight", Exponential())
        #expect(layer.weight.allclose(value))
        #expect(layer.namedParameters().first { $0.name.hasSuffix("original") }!.tensor.allclose(value.log()))
    }

    @Test func aLayerThatChangesTheShapeIsRefused() {
        #expect(throws: TensorError.self) {
            try checked { Self.linear().registerParametrization("weight", Flatten(from: 0)) }
        }
    }

    @Test func cachedParametersAreComputedOnce() {
        let scaled = Scaled()
        let layer = Self.linear().registerParametrization("weight", scaled)
        let x = Tensor.ones(1, 3)
        let before = scaled.calls
        cachedParametrizations {
            for _ in 0..<3 { _ = layer(x) }
            cachedParametrizations { _ = layer(x) }
        }
        #expect(scaled.calls == before + 1)
        _ = layer(x)
        #expect(scaled.calls == before + 2)
    }

    @Test func orthogonalWeightsAreOrthogonalAndStartAtTheValue() throws {
        for map in [nil, .matrixExp, .cayley, .householder] as [Orthogonal.OrthogonalMap?] {
            for (rows, columns) in [(4, 4), (5, 3), (3, 5)] {
                let label = "\(map.map { "\($0)" } ?? "default"), [\(rows), \(columns)]"
                let layer = Linear(columns, rows, dtype: .float64, generator: Generator(seed: 5))
                Initializers.orthogonal_(layer.weight, generator: Generator(seed: 6))
                let start = layer.weight.detach().clone()
                layer.orthogonal(orthogonalMap: map, generator: Generator(seed: 7))
                #expect(layer.weight.allclose(start, atol: 1e-9), "\(label): the start")
                let x = Tensor.randn([2, columns], dtype: .float64, generator: Generator(seed: 8))
                let optimizer = SGD(layer.parameters(), lr: 0.1)
                for _ in 0..<5 {
                    optimizer.zeroGrad()
                    (layer(x) - 1).square().sum().backward()
                    optimizer.step()
                }
                _ = layer(x)
                let w = layer.weight.detach()
                #expect(!w.allclose(start), "\(label): it trains")
                let gram = rows >= columns ? w.mT.matmul(w) : w.matmul(w.mT)
                let identity = Tensor.eye(min(rows, columns), dtype: .float64)
                #expect(gram.allclose(identity, atol: 1e-9), "\(label)")
                let other = Linear(columns, rows, dtype: .float64).orthogonal(orthogonalMap: map)
                try other.load(stateDict: layer.stateDict())
                #expect(other(x).allclose(layer(x)), "\(label): the state")
            }
        }
    }

    @Test func householderHasAnInverseWithoutTrivialization() {
        for (rows, columns) in [(4, 4), (5, 3), (3, 5)] {
            let layer = Linear(columns, rows, dtype: .float64)
            Initializers.orthogonal_(layer.weight, generator: Generator(seed: 9))
            let start = layer.weight.detach().clone()
            layer.orthogonal(orthogonalMap: .householder, useTrivialization: false)
            #expect(layer.weight.allclose(start, atol: 1e-9), "[\(rows), \(columns)]")
        }
        #expect(throws: TensorError.self) {
            try checked { Self.linear().orthogonal(orthogonalMap: .cayley, useTrivialization: false) }
        }
    }

    @Test func oneNormOfTheWholeParameterHasNoDimensions() throws {
        let layer = Self.linear().weightNorm(dim: nil)
        #expect(layer.stateDict()["parametrizations.weight.original0"]?.shape == [])
        // Earlier versions saved it with a size of 1 in each dimension.
        var state = layer.stateDict()
        state["parametrizations.weight.original0"] = Tensor.full([1, 1], 7.0)
        try layer.load(stateDict: state)
        #expect(layer.stateDict()["parametrizations.weight.original0"]?.item() == 7)
    }
}
