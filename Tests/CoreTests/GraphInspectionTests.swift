import TestSupport
import Testing
import TorchlightCore

@Suite("Inspection of the computation graph")
struct GraphInspectionTests {
    @Test("Functions and those that get their gradients")
    func functions() throws {
        let x = Tensor([1.0, 2]).requiresGrad_()
        let y = (x * 2).sum()
        let sum = try #require(y.gradFn)
        #expect(sum.name == "SumBackward0" && "\(sum)" == "<SumBackward0>" && x.gradFn == nil)
        let product = try #require(sum.nextFunctions[0].function)
        #expect(product.name == "MulBackward0" && sum.nextFunctions[0].index == 0)
        #expect(product.sequenceNumber < sum.sequenceNumber)
        let next = product.nextFunctions
        let leaf = try #require(next[0].function)
        #expect(leaf.name == "AccumulateGrad" && leaf.variable === x && leaf.nextFunctions.isEmpty)
        #expect(next.count == 2 && next[1].function == nil)
        #expect(y.gradFn == sum && Set([sum, y.gradFn!, product]).count == 2)
        // One of several results.
        let parts = x.sort().values + x.max(dim: 0).values
        let found = try #require(parts.gradFn?.nextFunctions[0].function)
        #expect(found.variable == nil)
    }

    @Test("Metadata lives with the operation")
    func metadata() {
        let x = Tensor([1.0]).requiresGrad_()
        let y = x.exp()
        y.gradFn!.metadata["layer"] = "first"
        #expect(y.gradFn!.metadata["layer"] as? String == "first")
        let leaf = y.gradFn!.nextFunctions[0].function!
        leaf.metadata["layer"] = "none"
        #expect(leaf.metadata.isEmpty)
    }

    @Test("Saved tensors go with a backward pass")
    func savedTensors() {
        let x = Tensor([1.0, 2]).requiresGrad_()
        let y = x.exp()
        #expect(y.gradFn!.savedTensors.map { $0.toArray(Double.self) } == [y.toArray(Double.self)])
        y.sum().backward()
        #expect(y.gradFn!.savedTensors.isEmpty)
    }

    @Test("A drawing names operations, parameters and shapes")
    func drawing() {
        let w = Tensor([[1.0, 2]]).requiresGrad_(), x = Tensor([3.0, 4])
        let y = (w * x).exp().sum()
        y.gradFn!.metadata["note"] = "a \"sum\""
        let text = makeDot(y, params: ["weight": w], showAttributes: true, showSaved: true)
        #expect(text.hasPrefix("digraph {\n") && text.hasSuffix("}\n"))
        for part in [
            "label=\"()\" fillcolor=darkolivegreen1", "label=\"SumBackward0\\nnote: a \\\"sum\\\"\"",
            "label=\"MulBackward0\"", "label=\"ExpBackward0\"", "label=\"AccumulateGrad\"",
            "label=\"weight\\n (1, 2)\" fillcolor=lightblue", "fillcolor=orange",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        // Every operation once, whatever number of paths lead to it.
        let shared = w.exp()
        #expect(makeDot(shared * shared + shared).components(separatedBy: "ExpBackward0").count == 2)
        #expect(makeDot(x).contains("darkolivegreen1") && !makeDot(x).contains("->"))
        var deep = w
        for _ in 0..<20_000 { deep = deep + 1 }
        #expect(makeDot(deep).count > 20_000)
    }
}

extension String {
    fileprivate func components(separatedBy part: String) -> [Substring] {
        split(separator: part, omittingEmptySubsequences: false)
    }
}

@Suite("Gradients compared with differences")
struct GradCheckTests {
    private struct WrongCube: CustomFunction {
        static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
            context.save(inputs[0])
            return [inputs[0] * inputs[0] * inputs[0]]
        }
        static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
            [gradients[0] * 2 * context.saved[0] * context.saved[0]]
        }
    }

    private let x = Tensor([0.5, -1.2, 2], dtype: .float64, requiresGrad: true)

    @Test("Right gradients pass")
    func right() {
        #expect(gradcheck({ [$0[0].sin() * $0[1], $0[0].sum()] }, [x, Tensor([2.0], dtype: .float64)]))
        #expect(gradcheck({ $0.exp() }, x))
        #expect(gradgradcheck({ [$0[0].exp() * $0[0]] }, [x], generator: Generator(seed: 3)))
        #expect(gradgradcheck({ [$0[0] * 3] }, [x], gradOutputs: [Tensor.ones([3], dtype: .float64)]))
        // A result without a gradient has differences of 0, and integers are not compared.
        #expect(gradcheck({ [$0[0].detach() * 0 + 1, $0[0].argmax()] }, [x]))
        let z = Tensor([Complex(0.5, 1), Complex(-1, 0.3)], dtype: .complex128).requiresGrad_()
        #expect(gradcheck({ [$0[0] * $0[0].conj() * $0[0], $0[0].abs()] }, [z]))
        #expect(gradgradcheck({ [$0[0].exp()] }, [z], generator: Generator(seed: 4)))
        #expect(x.grad == nil)
    }

    @Test("Wrong ones are an error that names the place, or false")
    func wrong() {
        let wrong = { (inputs: [Tensor]) in [WrongCube.apply(inputs[0])[0]] }
        let error = expectRefusal(by: "gradcheck", .value) { Tensor(gradcheck(wrong, [x])) }
        #expect(error?.description.contains("element 0 of result 0 and element 0 of input 0") == true)
        #expect(!gradcheck(wrong, [x], raiseException: false))
        // Integers have no gradient, and so the sum is not differentiable with respect to anything.
        expectRefusal(by: "gradcheck", .autograd) { Tensor(gradcheck({ $0 }, [x.detach()])) }
        let random = Generator(seed: 1)
        let noisy = { (inputs: [Tensor]) in
            [inputs[0] * Tensor.rand([3], dtype: .float64, generator: random)]
        }
        #expect(!gradcheck(noisy, [x], raiseException: false))
    }
}
