import TestSupport
import Testing
import Torchlight

@testable import TorchlightNN

/// Where all names of a file differ from a module's in one way, the error names the rule, and the rule loads the file.
@Suite struct MappingSuggestionTests {
    private let model = Sequential(Linear(2, 3), BatchNorm1d(3), Linear(3, 1))

    /// What other programs make of names, the rule that takes it back, and names beside the model's.
    private static let changes:
        [(label: String, rename: @Sendable (String) -> String, beside: [String], rule: String, mapping: StateMapping)] =
            [
                ("DDP", { "module." + $0 }, [], #".stripPrefix("module.")"#, [.stripPrefix("module.")]),
                ("compile", { "_orig_mod." + $0 }, [], #".stripPrefix("_orig_mod.")"#, [.stripPrefix("_orig_mod.")]),
                (
                    "both", { "module._orig_mod." + $0 }, [], #".stripPrefix("module._orig_mod.")"#,
                    [.stripPrefix("module._orig_mod.")]
                ),
                (
                    "beside an optimiser", { "model." + $0 }, ["optimizer.state.0.exp_avg", "ema.decay"],
                    #".subtree("model")"#, [.subtree("model")]
                ),
                (
                    "a compiled layer", { $0.prefix(2) + "_orig_mod." + $0.dropFirst(2) }, [],
                    #".rename("**._orig_mod.**", to: "**.**")"#, [.rename("*._orig_mod.**", to: "*.**")]
                ),
                (
                    "TensorFlow's names", { $0.replacing("weight", with: "gamma").replacing("bias", with: "beta") }, [],
                    #".rename("**.gamma", to: "**.weight")"#,
                    [.rename("**.gamma", to: "**.weight"), .rename("**.beta", to: "**.bias")]
                ),
            ]

    @Test(arguments: changes.indices) func theErrorNamesTheRule(index: Int) throws {
        let change = Self.changes[index]
        var tensors: StateDict = [:]
        for (name, tensor) in model.stateDict() { tensors[change.rename(name)] = tensor.clone() }
        for name in change.beside { tensors[name] = Tensor([0.0]) }
        let error = #expect(throws: StateDictError.self) { try model.load(stateDict: tensors) }
        #expect(error?.description.contains(change.rule) == true, "\(change.label): \(error as Any)")
        #expect(error?.description.contains("like ") == false, "\(change.label)")
        try model.load(stateDict: tensors, mapping: change.mapping)
    }

    /// The parts of normalised weights, in the names of both versions of PyTorch.
    @Test(arguments: [
        ("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ])
    func normalisedWeightsAreNamed(length: String, direction: String) throws {
        var tensors = model.stateDict()
        for layer in ["0.", "2."] {
            let removed = tensors.removeValue(forKey: layer + "weight")
            let weight = try #require(removed)
            tensors[layer + length] = weight.norm(dim: 1, keepdim: true)
            tensors[layer + direction] = weight * 2
        }
        let error = #expect(throws: StateDictError.self) { try model.load(stateDict: tensors) }
        #expect(error?.description.contains(".weightNorm(") == true, "\(error as Any)")
        let weight = model.stateDict()["2.weight"]!.clone()
        try model.load(stateDict: tensors, mapping: [.weightNorm()])
        #expect(model.stateDict()["2.weight"]!.allclose(weight))
    }

    @Test func aMissingPrefixIsNamed() throws {
        let tensors = model.stateDict()
        let whole = Wrapper(model)
        let error = #expect(throws: StateDictError.self) { try whole.load(stateDict: tensors) }
        #expect(error?.description.contains(#".addPrefix("body.")"#) == true, "\(error as Any)")
        try whole.load(stateDict: tensors, mapping: [.addPrefix("body.")])
    }

    @Test func aSlipInOneNameIsNoRule() throws {
        var tensors = model.stateDict()
        tensors["0.wieght"] = tensors.removeValue(forKey: "0.weight")
        let error = #expect(throws: StateDictError.self) { try model.load(stateDict: tensors) }
        #expect(error?.description.contains("0.wieght, like 0.weight?") == true && error?.report.suggestion == nil)
    }

    @Test func namesThatDifferInTheirUnicodeFormDoNotMatch() throws {
        let tensors: StateDict = ["cafe\u{301}": Tensor([1.0])]
        let module = Accent()
        let report = try module.report(on: tensors)
        #expect(report.missing.count == 1 && report.unexpected.count == 1 && report.matched.isEmpty)
    }

    @Test func scalesOfQuantisedWeightsAreNamed() throws {
        var tensors = model.stateDict()
        tensors["0.weight_scale_inv"] = Tensor([2.0])
        let error = #expect(throws: StateDictError.self) { try model.load(stateDict: tensors) }
        #expect(error?.description.contains("0.weight_scale_inv is the scale") == true, "\(error as Any)")
    }

    @Test func whatIsMissingBecauseItCannotBeReadIsNamed() throws {
        let folder = TemporaryFolder()
        let model = Linear(2, 2)
        // A weight of an element type without a dtype, which is left out of what is loaded.
        let json = """
            {"bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"weight":{"dtype":"F4","shape":[2,2],"data_offsets":[8,10]}}
            """
        let bytes = withUnsafeBytes(of: UInt64(json.utf8.count).littleEndian, Array.init) + Array(json.utf8)
        try AtomicFile.write(bytes + [UInt8](repeating: 0, count: 10), to: folder("w.safetensors"))
        let error = #expect(throws: IOError.self) { try model.load(folder("w.safetensors")) }
        #expect(
            error?.problem.contains("'weight'") == true && error?.problem.contains("F4") == true, "\(error as Any)")
    }
}

private final class Wrapper: Module {
    let body: Module
    init(_ body: Module) {
        self.body = body
        super.init()
    }
}

private final class Accent: Module {
    @Key("caf\u{e9}") var weight = Parameter(Tensor([1.0]))
}
