import TestSupport
import Testing
import Torchlight

@Suite struct ParametrizationTests {
    private static func input(_ shape: Int...) -> Tensor { Tensor.randn(shape, generator: Generator(seed: 2)) }

    private static var layers: [(String, () -> Module, (Module) -> Tensor)] {
        [
            ("Linear", { Linear(4, 3, generator: Generator(seed: 1)) }, { ($0 as! Linear)(input(2, 4)) }),
            (
                "Conv2d", { Conv2d(2, 3, kernelSize: 2, generator: Generator(seed: 1)) },
                { ($0 as! Conv2d)(input(1, 2, 4, 4)) }
            ),
            (
                "ConvTranspose1d", { ConvTranspose1d(2, 3, kernelSize: 2, generator: Generator(seed: 1)) },
                { ($0 as! ConvTranspose1d)(input(1, 2, 4)) }
            ),
            ("Embedding", { Embedding(5, 3, generator: Generator(seed: 1)) }, { ($0 as! Embedding)(Tensor([0, 4])) }),
            (
                "Bilinear", { Bilinear(4, 4, 3, generator: Generator(seed: 1)) },
                { ($0 as! Bilinear)(input(2, 4), input(2, 4)) }
            ),
        ]
    }

    @Test func weightNormComputesTheSameAndTrainsLengthAndDirection() throws {
        for (name, make, call) in Self.layers {
            for dim in [0, nil, -1] as [Int?] {
                let (plain, normed) = (make(), make().weightNorm(dim: dim))
                #expect(call(plain).allclose(call(normed), rtol: 1e-4, atol: 1e-5), "\(name), \(dim as Any)")
                let names = normed.namedParameters().map(\.name)
                #expect(!names.contains("weight"), "\(name)")
                #expect(names.contains("parametrizations.weight.original0"), "\(name): \(names)")
                #expect(names.contains("parametrizations.weight.original1"), "\(name): \(names)")
                call(normed).square().sum().backward()
                for (name, parameter) in normed.namedParameters() {
                    #expect(parameter.grad.map { $0.abs().max().item() > 0 } == true, "\(name) has no gradient")
                }
                // The state goes into another such layer, and through the rule into a plain one.
                let other = make().weightNorm(dim: dim)
                noGrad { for parameter in other.parameters() { parameter.mul_(0.5) } }
                try other.load(stateDict: normed.stateDict())
                #expect(call(other).allclose(call(normed)), "\(name)")
                let bare = make()
                try bare.load(stateDict: normed.stateDict(), mapping: [.weightNorm()])
                #expect(call(bare).allclose(call(normed), rtol: 1e-4, atol: 1e-5), "\(name)")
                // A change of a part shows in the next call.
                noGrad { _ = normed.namedParameters().first { $0.name.hasSuffix("original0") }!.tensor.mul_(2) }
                #expect(!call(bare).allclose(call(normed)), "\(name)")
                let expected = call(normed)
                normed.removeParametrizations()
                #expect(normed.namedParameters().map(\.name) == make().namedParameters().map(\.name), "\(name)")
                #expect(call(normed).allclose(expected, rtol: 1e-4, atol: 1e-5), "\(name)")
            }
        }
    }

    @Test func aLayerThatIsCalledTwiceTrains() {
        let layer = Linear(4, 4, generator: Generator(seed: 1)).weightNorm()
        let optimizer = SGD(layer.parameters(), lr: 0.05)
        let x = Self.input(3, 4)
        var losses: [Double] = []
        for _ in 0..<20 {
            optimizer.zeroGrad()
            let loss = (layer(layer(x).tanh()) - 1).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        }
        #expect(losses.last! < losses[0] * 0.8)
    }

    @Test func spectralNormBoundsTheLargestSingularValue() {
        for (name, make, call) in Self.layers where name != "Bilinear" {
            let layer = make().spectralNorm(generator: Generator(seed: 3))
            for _ in 0..<30 { _ = call(layer) }
            let transposed = name == "ConvTranspose1d"
            let parametrization = layer.children().compactMap { $0 as? SpectralNorm }.first!
            let computed = noGrad { parametrization.compute() }
            let matrix = (transposed ? computed.movedim(1, 0) : computed).reshape([
                computed.shape[transposed ? 1 : 0], -1,
            ])
            #expect(abs(LinAlg.svdvals(matrix).max().item() - 1) < 1e-2, "\(name)")
            // In evaluation the vectors stand still.
            layer.eval()
            let before = parametrization.u.clone()
            #expect(call(layer).allclose(call(layer)), "\(name)")
            #expect(parametrization.u.allclose(before, rtol: 0, atol: 0), "\(name)")
            call(layer).sum().backward()
            #expect(parametrization.original.grad != nil, "\(name)")
        }
    }

    @Test func attentionComputesItsOutputProjection() {
        let attention = MultiheadAttention(4, 2, generator: Generator(seed: 1))
        let x = Self.input(3, 1, 4)
        let expected = attention(x, x, x).output
        attention.outProj.weightNorm()
        #expect(attention(x, x, x).output.allclose(expected, rtol: 1e-4, atol: 1e-5))
        noGrad { _ = attention.outProj.namedParameters().first { $0.name.hasSuffix("original0") }!.tensor.mul_(3) }
        #expect(!attention(x, x, x).output.allclose(expected, rtol: 1e-2, atol: 1e-2))
    }

    @Test func whatHasNoPropertyIsRefused() {
        expectRefusal(by: "weightNorm") { Linear(2, 2).weightNorm("weights") }
        expectRefusal(by: "weightNorm") { LSTM(2, 2).weightNorm("weight_hh_l1") }
        expectRefusal(by: "weightNorm") { Linear(2, 2).weightNorm().weightNorm() }
        expectRefusal(by: "weightNorm") { Linear(2, 2).weightNorm(dim: 2) }
        expectRefusal(by: "spectralNorm") { Linear(2, 2).spectralNorm("bias") }
        expectRefusal(by: "removeParametrizations") { Linear(2, 2).removeParametrizations() }
        let frozen = Linear(2, 2).freeze().weightNorm()
        #expect(frozen.parameters().allSatisfy { !$0.requiresGrad })
    }

    /// The weights of recurrent layers lie in a list and not in properties.
    @Test func recurrentLayersComputeTheirWeights() throws {
        let makes: [(String, () -> Module, (Module) -> Tensor)] = [
            (
                "LSTM", { LSTM(3, 2, numLayers: 2, bidirectional: true, generator: Generator(seed: 1)) },
                { ($0 as! LSTM)(Self.input(4, 2, 3)).output }
            ),
            ("GRU", { GRU(3, 2, generator: Generator(seed: 1)) }, { ($0 as! GRU)(Self.input(4, 2, 3)).output }),
            ("RNN", { RNN(3, 2, generator: Generator(seed: 1)) }, { ($0 as! RNN)(Self.input(4, 2, 3)).output }),
        ]
        for (name, make, call) in makes {
            for weight in ["weight_hh_l0", "weight_ih_l0"] {
                let (plain, normed) = (make(), make().weightNorm(weight))
                #expect(call(plain).allclose(call(normed), rtol: 1e-4, atol: 1e-5), "\(name)")
                let names = normed.namedParameters().map(\.name)
                #expect(!names.contains(weight), "\(name): \(names)")
                #expect(names.contains("parametrizations.\(weight).original0"), "\(name): \(names)")
                call(normed).square().sum().backward()
                for (name, parameter) in normed.namedParameters() {
                    #expect(parameter.grad.map { $0.abs().max().item() > 0 } == true, "\(name) has no gradient")
                }
                let bare = make()
                noGrad { for parameter in bare.parameters() { parameter.mul_(0.5) } }
                try bare.load(stateDict: normed.stateDict(), mapping: [.weightNorm()])
                #expect(call(bare).allclose(call(normed), rtol: 1e-4, atol: 1e-5), "\(name)")
                noGrad { _ = normed.namedParameters().first { $0.name.hasSuffix("original0") }!.tensor.mul_(2) }
                #expect(!call(bare).allclose(call(normed)), "\(name)")
                let expected = call(normed)
                normed.removeParametrizations(weight)
                #expect(normed.namedParameters().map(\.name) == make().namedParameters().map(\.name), "\(name)")
                #expect(call(normed).allclose(expected, rtol: 1e-4, atol: 1e-5), "\(name)")
            }
        }
        let spectral = LSTM(3, 2, generator: Generator(seed: 1)).spectralNorm(
            "weight_hh_l0", generator: Generator(seed: 3))
        for _ in 0..<30 { _ = spectral(Self.input(4, 2, 3)) }
        let parametrization = spectral.children().compactMap { $0 as? SpectralNorm }.first!
        #expect(abs(LinAlg.svdvals(noGrad { parametrization.compute() }).max().item() - 1) < 1e-2)
    }
}
