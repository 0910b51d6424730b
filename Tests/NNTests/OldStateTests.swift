import TestSupport
import Testing
import Torchlight
import TorchlightIO

/// State dicts of earlier versions are brought up to date by the modules themselves.
@Suite struct OldStateTests {
    private static var norms: [(String, () -> Module)] {
        [
            ("BatchNorm", { BatchNorm(2) }), ("BatchNorm1d", { BatchNorm1d(2) }), ("BatchNorm2d", { BatchNorm2d(2) }),
            ("BatchNorm3d", { BatchNorm3d(2, affine: false) }),
            ("InstanceNorm1d", { InstanceNorm1d(2, trackRunningStats: true) }),
            ("InstanceNorm2d", { InstanceNorm2d(2, affine: true, trackRunningStats: true) }),
            ("InstanceNorm3d", { InstanceNorm3d(2, trackRunningStats: true) }),
        ]
    }

    private final class Nested: Module {
        let inner: Module
        let twice: [Module]
        init(_ norm: Module) {
            inner = norm
            twice = [norm, norm]
            super.init()
        }
    }

    @Test func countersOfBatchesThatAreMissingAreZero() throws {
        let folder = TemporaryFolder()
        for (name, make) in norms(nested: true) {
            let model = make()
            noGrad {
                for (key, tensor) in model.namedState() { tensor.fill_(key.hasSuffix("tracked") ? 9 : 3) }
            }
            let old = model.stateDict().filter { !$0.key.hasSuffix("num_batches_tracked") }.mapValues { $0.clone() }
            #expect(try make().report(on: old).isComplete, "\(name)")
            for assigning in [false, true] {
                try model.load(stateDict: old, assigning: assigning)
                for (key, tensor) in model.namedState() {
                    let expected = key.hasSuffix("num_batches_tracked") ? 0 : 3.0
                    #expect(tensor.abs().max().item() == expected, "\(name): \(key)")
                }
            }
            try Safetensors.save(old, to: folder("old.safetensors"))
            try TorchFile.save(old, to: folder("old.pth"))
            for file in ["old.safetensors", "old.pth"] {
                let report = try make().load(folder(file))
                #expect(report.isComplete, "\(name): \(file)")
            }
            // Whatever else is missing is reported, and a layer that is missing as a whole too.
            var gap = old
            gap = gap.filter { !$0.key.hasSuffix("running_var") }
            #expect(throws: StateDictError.self, "\(name)") { try model.load(stateDict: gap) }
            let error = #expect(throws: StateDictError.self, "\(name)") { try model.load(stateDict: [:]) }
            #expect(error?.missing.contains { $0.hasSuffix("num_batches_tracked") } == true, "\(name)")
            var more = old
            more["other"] = Tensor.ones([1])
            #expect(throws: StateDictError.self, "\(name)") { try model.load(stateDict: more) }
        }
        // A counter that is there stays.
        let model = BatchNorm1d(2)
        model.numBatchesTracked!.fill_(5)
        try BatchNorm1d(2).load(stateDict: model.stateDict())
        #expect(model.numBatchesTracked!.item(Int.self) == 5)
        // A layer without statistics asks for none.
        let plain = InstanceNorm1d(2, affine: true)
        #expect(try plain.report(on: plain.stateDict()).isComplete)
    }

    private func norms(nested: Bool) -> [(String, () -> Module)] {
        Self.norms + Self.norms.map { name, make in ("nested \(name)", { Nested(make()) }) }
    }

    @Test func modulesUpgradeWhatEarlierVersionsSaved() throws {
        final class Scale: Module {
            var weight = Parameter(Tensor.ones(2))
            override func upgrade(_ state: inout ModuleState) {
                if let old = state["gamma"] { (state["weight"], state["gamma"]) = (old, nil) }
            }
        }
        final class Two: Module {
            let first = Scale()
            let second = Scale()
        }
        let model = Two()
        let report = try model.load(stateDict: ["first.gamma": Tensor([1.0, 2]), "second.weight": Tensor([3.0, 4])])
        #expect(report.isComplete)
        #expect(model.first.weight.toArray(Float.self) == [1, 2] && model.second.weight.toArray(Float.self) == [3, 4])
    }

    @Test func normalisedWeightsAreMultipliedOut() throws {
        let generator = Generator(seed: 4)
        func random(_ shape: Int...) -> Tensor { Tensor.randn(shape, generator: generator) }
        let (v, g) = (random(3, 4, 2), random(3, 1, 1))
        let weight = v * g / v.square().sum(dim: [1, 2], keepdim: true).sqrt()
        let conv = Conv1d(4, 3, kernelSize: 2)
        for names in [
            ("conv.weight_g", "conv.weight_v"),
            ("conv.parametrizations.weight.original0", "conv.parametrizations.weight.original1"),
        ] {
            let state = [names.0: g, names.1: v, "conv.bias": random(3)]
            let report = try conv.load(stateDict: state, mapping: [.weightNorm(), .subtree("conv")])
            #expect(report.unusedRules.isEmpty && report.isComplete)
            #expect(conv.weight.allclose(weight, rtol: 1e-5, atol: 1e-6), "\(names)")
            #expect(throws: StateDictError.self) {
                try conv.load(stateDict: state, mapping: [.subtree("conv"), .weightNorm("b*")])
            }
        }
        // One length for the whole, one for each of one dimension, and one that does not fit.
        let linear = Linear(4, 3, bias: false)
        let w = random(3, 4)
        try linear.load(stateDict: ["weight_g": Tensor([2.0]), "weight_v": w], mapping: [.weightNorm()])
        #expect(linear.weight.allclose(w * 2 / w.norm(), rtol: 1e-5, atol: 1e-6))
        try linear.load(stateDict: ["weight_g": random(3), "weight_v": w], mapping: [.weightNorm()])
        #expect(throws: StateMappingError.self) {
            try linear.load(stateDict: ["weight_g": random(2), "weight_v": w], mapping: [.weightNorm()])
        }
        // Spectral normalisation, with rows in either dimension.
        for dim in [0, 1] {
            let (u, right) = (random([3, 4][dim]), random([4, 3][dim]))
            let sigma = (u * matmul(dim == 0 ? w : w.mT, right)).sum()
            for names in [
                ["weight_orig", "weight_u", "weight_v"],
                ["original", "0._u", "0._v"].map { "parametrizations.weight.\($0)" },
            ] {
                let state = Dictionary(uniqueKeysWithValues: zip(names, [w, u, right]))
                try linear.load(stateDict: state, mapping: [.spectralNorm(dim: dim)])
                #expect(linear.weight.allclose(w / sigma, rtol: 1e-4, atol: 1e-5), "\(names)")
            }
        }
    }
}
