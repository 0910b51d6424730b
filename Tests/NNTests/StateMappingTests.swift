import TestSupport
import Testing
import Torchlight

@testable import TorchlightNN

@Suite struct StateMappingTests {
    private let one = Tensor.ones(1)

    @Test func patternsMatchWholeNames() {
        func match(_ pattern: String, _ name: String) -> [String]? { NamePattern(pattern).match(name) }
        #expect(match("a.b", "a.b") == [] && match("a.b", "a.bc") == nil && match("a.b", "xa.b") == nil)
        #expect(match("h.*.w", "h.10.w") == ["10"] && match("h.*.w", "h.1.0.w") == nil)
        #expect(match("**.w", "h.1.0.w") == ["h.1.0"] && match("**", "") == [""])
        #expect(match("*.*", "a.b") == ["a", "b"] && match("h*.w", "h12.w") == ["12"])
        #expect(match("**.layer.*.**", "x.layer.y.layer.3.w.b") == ["x", "y", "layer.3.w.b"])
    }

    @Test func rulesApplyInTheirOrder() throws {
        let mapping: StateMapping = [
            .stripPrefix("module."), .rename("h.*.ln_*.weight", to: "blocks.*.norm*.weight"), .drop("**.mask"),
            .rename("blocks.**", to: "layers.**"), .addPrefix("encoder."), .rename("nothing", to: "something"),
        ]
        let result = try mapping.apply(to: [
            "module.h.0.ln_1.weight": one, "module.h.0.mask": one, "head": one,
        ])
        #expect(
            result.sources == ["encoder.layers.0.norm1.weight": "module.h.0.ln_1.weight", "encoder.head": "head"])
        #expect(result.unusedRules == [".rename(\"nothing\", to: \"something\")"])
    }

    @Test func subtreesAndLayoutsAndDTypes() throws {
        let tensors = [
            "encoder.w": Tensor((0..<6).map(Float.init), shape: [2, 3]), "encoder.k": Tensor.ones([3, 3, 1, 2]),
            "encoderx.w": one,
        ]
        let mapping: StateMapping = [
            .subtree("encoder"), .transpose("w"), .permute("k", [3, 2, 0, 1]), .convert("k", to: .bfloat16),
        ]
        let result = try mapping.apply(to: tensors).tensors
        #expect(result.keys.sorted() == ["k", "w"])
        #expect(result["w"]?.shape == [3, 2] && result["w"]?.toArray(Float.self) == [0, 3, 1, 4, 2, 5])
        #expect(result["k"]?.shape == [2, 1, 3, 3] && result["k"]?.dtype == .bfloat16)
    }

    @Test func whatMakesNoSenseIsAnError() {
        func problem(_ mapping: StateMapping, _ tensors: StateDict) -> String {
            do { _ = try mapping.apply(to: tensors) } catch { return "\(error)" }
            return "none"
        }
        #expect(problem([.rename("*.a", to: "a")], ["x.a": one, "y.a": one]) == "load: x.a and y.a both become a")
        #expect(problem([.rename("a.*", to: "*.*")], [:]).contains("more wildcards"))
        #expect(problem([.transpose("a")], ["a": one]).contains("does not match the shape of a, [1]"))
        #expect(problem([.permute("a", [0, 0])], ["a": Tensor.ones(2, 2)]).contains("does not match the shape"))
    }

    private final class Tied: Module {
        let embedding = Linear(3, 4, bias: false)
        let head: Linear
        override init() {
            head = Linear(3, 4, bias: false)
            head.weight = embedding.weight
            super.init()
        }
    }

    @Test func oneNameOfATiedTensorIsEnough() throws {
        let model = Tied()
        try model.load(stateDict: ["embedding.weight": Tensor.ones(4, 3)])
        #expect(model.head.weight.equal(Tensor.ones(4, 3)))
        let report = try model.report(on: [:])
        #expect(report.missing == ["embedding.weight", "head.weight"])
    }

    @Test func reportsSayWhatMatchedAndWhatIsConverted() throws {
        let model = Linear(2, 2)
        let given: StateDict = ["x.weight": Tensor.ones([2, 2], dtype: .bfloat16), "x.bais": Tensor.ones(2)]
        let report = try model.report(on: given, mapping: [.subtree("x"), .drop("y")])
        #expect(
            report.matched.map { "\($0.name) \($0.source) \($0.found) \($0.expected)" } == [
                "weight x.weight bfloat16 float32"
            ])
        #expect(
            report.description
                == "1 matched; 1 missing (bias); 1 unexpected (bais, like bias?); no tensor for .drop(\"y\")")
        #expect(!report.isComplete && report.nearest == ["bais": "bias"])
    }

    @Test func fractionsAreNotLoadedIntoIntegers() throws {
        let model = BatchNorm1d(2)
        var state = model.stateDict()
        state["num_batches_tracked"] = Tensor(1.5)
        let error = #expect(throws: StateDictError.self) { try model.load(stateDict: state, strict: false) }
        #expect(error?.description.contains("num_batches_tracked is float32, the module has int64") == true)
    }

    @Test func assigningTakesOverMemoryAndDType() throws {
        let folder = TemporaryFolder()
        let weight = Tensor((0..<4).map(Float.init), shape: [2, 2])
        try Safetensors.save(["weight": weight.to(.bfloat16), "bias": Tensor([1, 2])], to: folder("w"))
        let model = Linear(2, 2)
        let parameter = model.weight
        let report = try model.load(folder("w"), assigning: true)
        #expect(report.matched.map(\.found) == [.bfloat16, .int64])
        #expect(model.weight === parameter && parameter.dtype == .bfloat16 && parameter.requiresGrad)
        #expect(model.bias?.dtype == .float32 && parameter.toArray(Float.self) == [0, 1, 2, 3])
        // Training changes the memory, not the file.
        noGrad { _ = model.weight.mul_(2) }
        #expect(try Safetensors.load(folder("w"))["weight"]?.toArray(Float.self) == [0, 1, 2, 3])
    }

    @Test func filesOfEveryKindLoadBitForBit() throws {
        let folder = TemporaryFolder()
        let source = Linear(3, 2)
        try source.save(folder("a.safetensors"))
        try NumpyFile.save(source.stateDict(), to: folder("a.npz"))
        try Safetensors.saveShards(
            source.stateDict(), to: folder("a.safetensors.index.json"), shardSize: 1)
        for name in ["a.safetensors", "a.npz", "a.safetensors.index.json"] {
            let model = Linear(3, 2)
            try model.load(folder(name))
            #expect(model.weight.equal(source.weight) && model.bias!.equal(source.bias!), "\(name)")
        }
    }
}
