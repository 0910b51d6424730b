import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// Files of PyTorch's older functions for parametrisations (`weight_g` and `weight_v`, `weight_orig` and `weight_u`) are loaded into
/// modules with the same parametrisation.
@Suite struct OldParametrizationTests {
    private static func random(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor.randn(shape, generator: Generator(seed: seed))
    }

    private static let layers: [(name: String, dim: Int?, make: @Sendable () -> Module, shape: [Int], length: [Int])] =
        [
            ("Linear", 0, { Linear(3, 2) }, [2, 3], [2, 1]),
            ("Linear, the other dimension", 1, { Linear(3, 2) }, [2, 3], [1, 3]),
            ("Linear, one norm", nil, { Linear(3, 2) }, [2, 3], []),
            ("Conv1d", 0, { Conv1d(3, 2, kernelSize: 4) }, [2, 3, 4], [2, 1, 1]),
            ("ConvTranspose1d", 1, { ConvTranspose1d(3, 2, kernelSize: 4) }, [3, 2, 4], [1, 2, 1]),
            ("Conv1d, the last dimension", 2, { Conv1d(3, 2, kernelSize: 4) }, [2, 3, 4], [1, 1, 4]),
        ]

    /// A module that holds another under a name.
    private final class Holder: Module {
        let inner: Module
        init(_ inner: Module) {
            self.inner = inner
            super.init()
        }
    }

    @Test func weightNormTakesThePartsUnderBothNames() throws {
        let folder = TemporaryFolder()
        for (name, dim, make, shape, lengthShape) in Self.layers {
            let (length, direction) = (Self.random(lengthShape, 1), Self.random(shape, 2))
            let bias = Self.random([2], 3)
            for (g, v) in [
                ("weight_g", "weight_v"),
                ("parametrizations.weight.original0", "parametrizations.weight.original1"),
            ] {
                let state = ["inner.\(g)": length, "inner.\(v)": direction, "inner.bias": bias]
                let model = Holder(make().weightNorm(dim: dim))
                #expect(try model.report(on: state).isComplete, "\(name): \(g)")
                try TorchFile.save(state, to: folder("m.pth"))
                let report = try model.load(folder("m.pth"))
                #expect(report.isComplete && report.matched.contains { $0.source == "inner.\(g)" }, "\(name): \(g)")
                let norm = try #require(model.inner.children().compactMap { $0 as? WeightNorm }.first)
                let others = (0..<shape.count).filter { $0 != dim }
                let expected =
                    direction * length / (dim == nil ? direction.norm() : direction.norm(dim: others, keepdim: true))
                #expect(norm.compute().allclose(expected, rtol: 1e-5, atol: 1e-6), "\(name): \(g)")
                #expect(norm.length.equal(length) && norm.direction.equal(direction), "\(name): \(g)")
                // A file of this library has the newer names.
                let other = Holder(make().weightNorm(dim: dim))
                try other.load(stateDict: model.stateDict())
                #expect(other.stateDict().keys.sorted() == model.stateDict().keys.sorted())
                #expect(other.namedState().allSatisfy { $0.tensor.equal(model.stateDict()[$0.name]!) }, "\(name)")
            }
        }
    }

    /// Norms over other dimensions have another shape, which is an error also where their number is equal.
    @Test func normsOfAnotherDimensionAreRefused() throws {
        let model = Linear(3, 3).weightNorm()
        let state = ["weight_g": Tensor.ones([1, 3]), "weight_v": Tensor.ones([3, 3]), "bias": Tensor.ones([3])]
        let before = model.stateDict().mapValues { $0.clone() }
        let error = #expect(throws: StateDictError.self) { try model.load(stateDict: state) }
        #expect(error?.description.contains("original0") == true, "\(error as Any)")
        #expect(model.namedState().allSatisfy { $0.tensor.equal(before[$0.name]!) })
    }

    @Test func otherParametersOfAModuleTakeTheirPartsToo() throws {
        let model = LSTM(2, 2).weightNorm("weight_hh_l0").weightNorm("weight_ih_l0")
        var state = model.stateDict().filter { !$0.key.hasPrefix("parametrizations") }
        for (name, seed) in [("weight_hh_l0", 4), ("weight_ih_l0", 5)] as [(String, UInt64)] {
            state["\(name)_g"] = Self.random([8, 1], seed)
            state["\(name)_v"] = Self.random([8, 2], seed + 2)
        }
        #expect(try model.load(stateDict: state).isComplete)
        #expect(model.stateDict()["parametrizations.weight_hh_l0.original0"]?.equal(state["weight_hh_l0_g"]!) == true)
    }

    @Test func spectralNormTakesThePartsUnderBothNames() throws {
        for (name, make, rows, shape) in [
            ("Linear", { Linear(3, 2) }, 2, [2, 3]),
            ("ConvTranspose1d", { ConvTranspose1d(3, 2, kernelSize: 4) }, 2, [3, 2, 4]),
        ] as [(String, () -> Module, Int, [Int])] {
            let weight = Self.random(shape, 1)
            let (u, v) = (Self.random([rows], 2), Self.random([weight.count / rows], 3))
            for names in [
                ["weight_orig", "weight_u", "weight_v"],
                ["original", "0._u", "0._v"].map { "parametrizations.weight.\($0)" },
            ] {
                let model = make().spectralNorm()
                let state = [names[0]: weight, names[1]: u, names[2]: v, "bias": Tensor.ones([2])]
                #expect(try model.load(stateDict: state).isComplete, "\(name): \(names)")
                model.eval()
                let norm = try #require(model.children().compactMap { $0 as? SpectralNorm }.first)
                #expect(norm.original.equal(weight) && norm.u.equal(u) && norm.v.equal(v), "\(name): \(names)")
            }
        }
    }

    /// Parts that are not complete, or that are there under both names, are reported and not guessed.
    @Test func partsThatAreNotCompleteAreReported() throws {
        let model = Linear(3, 2, bias: false).weightNorm()
        let (g, v) = (Tensor.ones([2, 1]), Tensor.ones([2, 3]))
        let one = #expect(throws: StateDictError.self) { try model.load(stateDict: ["weight_g": g]) }
        #expect(one?.missing.count == 2 && one?.unexpected == ["weight_g"])
        var both = model.stateDict()
        (both["weight_g"], both["weight_v"]) = (g, v)
        #expect(throws: StateDictError.self) { try model.load(stateDict: both) }
        // A module without the parametrisation has the rule for it.
        let plain = Linear(3, 2, bias: false)
        let error = #expect(throws: StateDictError.self) { try plain.load(stateDict: ["weight_g": g, "weight_v": v]) }
        #expect(error?.description.contains(".weightNorm(") == true, "\(error as Any)")
        let parts = ["weight_orig": v, "weight_u": Tensor.ones([2]), "weight_v": Tensor.ones([3])]
        let spectral = #expect(throws: StateDictError.self) { try plain.load(stateDict: parts) }
        #expect(spectral?.description.contains(".spectralNorm(") == true, "\(spectral as Any)")
        try plain.load(stateDict: parts, mapping: [.spectralNorm()])
        // A file of the module without the parametrisation is loaded before it.
        for module in [model, Linear(3, 2, bias: false).spectralNorm(), Linear(3, 2, bias: false).orthogonal()] {
            let bare = #expect(throws: StateDictError.self) { try module.load(stateDict: ["weight": v]) }
            #expect(bare?.description.contains("load the file before weightNorm()") == true, "\(bare as Any)")
        }
    }
}
