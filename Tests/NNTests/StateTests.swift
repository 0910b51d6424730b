import TestSupport
import Testing
import Torchlight

@Suite struct StateTests {
    @Test func aStateDictRoundTrips() throws {
        let (a, b) = (Net(), Net())
        try b.load(stateDict: a.stateDict())
        let x = Tensor.ones(1, 784)
        let (first, second) = (a(x), b(x))
        #expect(first.equal(second))
        #expect(a.fc1.weight !== b.fc1.weight)
    }

    @Test func strictLoadingReportsEverythingAndChangesNothing() throws {
        let model = Net()
        let before = model.fc1.bias!.clone()
        var state = Net().stateDict()
        state["fc1.wieght"] = state.removeValue(forKey: "fc1.weight")
        state["head.scale"] = Tensor.ones(1)
        state["fc2.weight"] = Tensor.zeros(10, 64)
        let error = #expect(throws: StateDictError.self) { try model.load(stateDict: state) }
        #expect(error?.missing == ["fc1.weight"])
        #expect(error?.unexpected == ["fc1.wieght", "head.scale"])
        #expect(error?.mismatched.map { "\($0.name) \($0.found) \($0.expected)" } == ["fc2.weight [10, 64] [10, 128]"])
        #expect(
            error?.description
                == "load: the state dictionary does not match Net: 1 missing (fc1.weight); 2 unexpected (fc1.wieght, like "
                + "fc1.weight?, head.scale); 1 of another shape (fc2.weight is [10, 64], the module has [10, 128])")
        #expect(model.fc1.bias!.equal(before))
    }

    @Test func looseLoadingReturnsTheNames() throws {
        let model = Net()
        let result = try model.load(
            stateDict: ["fc1.bias": Tensor.ones([128], dtype: .float64), "other": Tensor.ones(1)], strict: false)
        #expect(result.missing == ["fc1.weight", "fc2.weight", "fc2.bias"])
        #expect(result.unexpected == ["other"])
        #expect(model.fc1.bias!.equal(Tensor.ones(128)))
        // Shapes must fit even so.
        #expect(throws: StateDictError.self) {
            try model.load(stateDict: ["fc1.bias": Tensor.ones(1)], strict: false)
        }
    }

    @Test func filesHoldTheWholeState() throws {
        let folder = TemporaryFolder()
        let path = folder("net.safetensors")
        let (a, b) = (Net(), Net())
        try a.save(path, metadata: ["epoch": "3"])
        try b.load(path)
        #expect(a.fc2.weight.equal(b.fc2.weight))
        #expect(throws: StateDictError.self) { try Linear(2, 2).load(path) }
    }
}
