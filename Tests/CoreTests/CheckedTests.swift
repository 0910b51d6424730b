import Testing
import TorchlightCore

@Suite("Errors")
struct CheckedTests {
    @Test("Inside checked the first mistake is thrown at the end, and the code between goes on")
    func firstMistakeWins() throws {
        var reached = false
        let error = #expect(throws: TensorError.self) {
            try checked {
                let bad = Tensor.ones(2, 3) + Tensor.ones(4)
                let further = exp(bad) * 2 + matmul(bad, bad)
                reached = true
                return further
            }
        }
        #expect(reached)
        #expect(error!.operation == "add" && error!.kind == .shape)
        #expect(
            error!.description
                == "add: the shapes disagree in dimension -1 (3 and 4), got float32 [2, 3] and float32 [4]; "
                + "expected equal sizes, or 1, in each dimension counted from the last")
        #expect(error!.operands.map(\.shape) == [[2, 3], [4]])
    }

    @Test("Scopes nest, and what succeeds is returned")
    func nesting() throws {
        let value = try checked {
            let inner = try? checked { Tensor.ones(2) + Tensor.ones(3) }
            #expect(inner == nil)
            return (Tensor.ones(2) + 1).sum().item()
        }
        #expect(value == 4)
    }

    /// The tensors after an error are as many as without it, so that code that selects one goes on to the end of `checked`.
    @Test("Splitting after an error gives as many tensors as without it")
    func splitting() throws {
        let x = Tensor.ones([6, 6, 6]), y = Tensor.ones([5])
        let splits: [(String, Int, (Tensor) -> [Tensor])] = [
            ("chunk", 3, { $0.chunk(3) }), ("split", 2, { $0.split([2, 4]) }),
            ("tensorSplit", 4, { $0.tensorSplit(4) }), ("tensorSplit at", 3, { $0.tensorSplit(at: [1, 2]) }),
            ("hsplit", 2, { $0.hsplit(2) }), ("vsplit at", 2, { $0.vsplit(at: [1]) }), ("dsplit", 3, { $0.dsplit(3) }),
        ]
        for (name, count, split) in splits {
            #expect(split(x).count == count, "\(name)")
            #expect(throws: TensorError.self, "\(name)") { try checked { _ = split(x + y)[count - 1] + 1 } }
        }
        for (name, count, split) in splits where name != "split" {
            #expect(throws: TensorError.self, "\(name) of a number") {
                try checked { _ = split(Tensor(1))[count - 1] + 1 }
            }
        }
    }

    @Test("Devices that are not there are refused with a reason")
    func devices() throws {
        let error = #expect(throws: TensorError.self) { try checked { Tensor.ones(2).to(.cuda) } }
        #expect(error!.kind == .device && error!.description.contains("cuda:0"))
    }

    @Test("Memory that the system does not give is an error, not the end")
    func outOfMemory() throws {
        let error = #expect(throws: TensorError.self) { try checked { Tensor.zeros([1 << 50], dtype: .float64) } }
        #expect(error!.kind == .outOfMemory)
        #expect(error!.description.contains("tensors hold"))
        #expect((Tensor.ones(2) + 1).sum().item() == 4)
    }

    #if os(Linux)
        @Test("Outside checked a mistake traps")
        func traps() async {
            await #expect(processExitsWith: .failure) { _ = Tensor.ones(2) + Tensor.ones(3) }
        }
    #endif
}
