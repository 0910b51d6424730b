import Testing
import TorchlightCore

@Suite("Gradients")
struct AutogradTests {
    @Test("Gradients add up in a leaf until they are cleared: 2, then 5, then 4")
    func accumulation() {
        let x = Tensor([1.0], requiresGrad: true)
        (x * 2).sum().backward()
        #expect(x.grad!.item() == 2)
        (x * 3).sum().backward()
        #expect(x.grad!.item() == 5)
        x.grad = nil
        (x * 4).sum().backward()
        #expect(x.grad!.item() == 4)
    }

    @Test("A value used several times gets the sum of its gradients")
    func sharedValue() {
        let x = Tensor([3.0], requiresGrad: true)
        let y = x * x
        (y + y * x).sum().backward()  // x² + x³
        #expect(x.grad!.item() == 2 * 3 + 3 * 9)
    }

    @Test("Gradients of broadcast operands are summed to the operand's shape")
    func broadcast() {
        let a = Tensor.ones([2, 3], requiresGrad: true)
        let b = Tensor.ones([3], requiresGrad: true)
        let c = Tensor.ones([2, 1], requiresGrad: true)
        (a * b * c).sum().backward()
        #expect(a.grad!.shape == [2, 3])
        #expect(b.grad!.toArray(Float.self) == [2, 2, 2])
        #expect(c.grad!.shape == [2, 1])
        #expect(c.grad!.toArray(Float.self) == [3, 3])
    }

    @Test("Parts of a tensor, overlapping and beside the whole, add up in its gradient")
    func parts() {
        let x = Tensor.ones([3, 4], requiresGrad: true)
        let y = x * 2
        let whole = y * 10
        var sum = y[0].sum() + y[1..., .slice(0, 4, step: 2)].sum() * 3 + y[0, 1] * 5 + whole.sum()
        for row in 0..<3 { sum = sum + y[row].sum() }
        sum.backward()
        #expect(
            x.grad!.toNestedArray(Float.self) == [[24, 34, 24, 24], [28, 22, 28, 22], [28, 22, 28, 22]])
    }

    @Test("Two leaves never share the memory of a gradient")
    func gradientsAreSeparate() {
        let a = Tensor([1.0, 2], requiresGrad: true)
        let b = Tensor([3.0, 4], requiresGrad: true)
        let c = a + b
        c.sum().backward()
        a.grad!.mul_(10)
        #expect(b.grad!.toArray(Float.self) == [1, 1])
        (a + b).backward(gradient: Tensor([1.0, 1]))
        #expect(a.grad!.toArray(Float.self) == [11, 11])
        #expect(b.grad!.toArray(Float.self) == [2, 2])
    }

    @Test("noGrad and detach cut the history; enableGrad restores it inside")
    func modes() {
        let x = Tensor([1.0], requiresGrad: true)
        #expect(!noGrad { x * 2 }.requiresGrad)
        #expect(noGrad { enableGrad { x * 2 } }.requiresGrad)
        #expect(!(x * 2).detach().requiresGrad)
        #expect(!inferenceMode { x * 2 }.requiresGrad)
        let y = x * 2
        (y.detach() * x).sum().backward()
        #expect(x.grad!.item() == 2)
    }

    @Test("A second pass over a freed graph is refused and says what to do; a retained graph allows it")
    func retainedGraphs() throws {
        let x = Tensor([2.0], requiresGrad: true)
        let y = (x * x).sum()
        y.backward(retainGraph: true)
        y.backward()
        #expect(x.grad!.item() == 8)
        let error = #expect(throws: TensorError.self) { try checked { y.backward() } }
        #expect(error!.description.contains("freed by an earlier backward pass"))
        #expect(error!.description.contains("retainGraph: true"))
    }

    @Test("Derivatives of derivatives")
    func higherOrders() {
        let x = Tensor([2.0], dtype: .float64, requiresGrad: true)
        let y = (x * x * x * x).sum()  // x⁴
        let first = grad(of: y, withRespectTo: x, createGraph: true)
        #expect(first.item() == 32)
        let second = grad(of: first.sum(), withRespectTo: x, createGraph: true)
        #expect(second.item() == 48)
        let third = grad(of: second.sum(), withRespectTo: x)
        #expect(third.item() == 48)
        #expect(x.grad == nil, "grad(of:withRespectTo:) leaves .grad alone")
    }

    @Test("Gradients of chosen inputs, leaves and intermediate results, nil for unused ones only on request")
    func chosenInputs() throws {
        let x = Tensor([1.0], requiresGrad: true)
        let unused = Tensor([1.0], requiresGrad: true)
        let middle = x * 3
        let out = (middle * middle).sum()
        let gradients = grad(outputs: [out], inputs: [middle, x, unused], retainGraph: true, allowUnused: true)
        #expect(gradients[0]!.item() == 6)
        #expect(gradients[1]!.item() == 18)
        #expect(gradients[2] == nil)
        #expect(throws: TensorError.self) { try checked { grad(outputs: [out], inputs: [unused]) } }
    }

    @Test("Hooks see and replace gradients, of leaves and of results, until they are removed")
    func hooks() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        var seen: [Double] = []
        let doubling = x.registerHook { $0 * 2 }
        let y = x * 3
        y.registerHook {
            seen = $0.toArray(Double.self)
            return nil
        }
        y.sum().backward()
        #expect(seen == [1, 1])
        #expect(x.grad!.toArray(Float.self) == [6, 6])
        doubling.remove()
        x.grad = nil
        (x * 3).sum().backward()
        #expect(x.grad!.toArray(Float.self) == [3, 3])
    }

    @Test("retainGrad keeps the gradient of a result")
    func retainGrad() {
        let x = Tensor([1.0], requiresGrad: true)
        let y = x * 2
        y.retainGrad()
        (y * 5).sum().backward()
        #expect(y.grad!.item() == 5)
    }

    @Test("backward of more than one number needs a gradient; of a constant it is refused")
    func refusals() throws {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let many = #expect(throws: TensorError.self) { try checked { (x * 2).backward() } }
        #expect(many!.description.contains("a tensor of one element"))
        let constant = #expect(throws: TensorError.self) { try checked { Tensor([1.0]).sum().backward() } }
        #expect(constant!.description.contains("requires no gradient"))
        let integers = #expect(throws: TensorError.self) { try checked { Tensor([1, 2]).requiresGrad_() } }
        #expect(integers!.kind == .dtype)
    }

    @Test("A custom function computes and differentiates as it says, twice")
    func customFunctions() throws {
        struct Cube: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
                context.save(inputs[0])
                return [inputs[0] * inputs[0] * inputs[0]]
            }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
                [gradients[0] * 3 * context.saved[0] * context.saved[0]]
            }
        }
        let x = Tensor([2.0], dtype: .float64, requiresGrad: true)
        let y = Cube.apply(x)[0]
        #expect(y.item() == 8)
        let first = grad(of: y.sum(), withRespectTo: x, createGraph: true)
        #expect(first.item() == 12)
        #expect(grad(of: first.sum(), withRespectTo: x).item() == 12)

        let broken = Cube.apply(x)
        noGrad { x.add_(1) }
        #expect(throws: TensorError.self) { try checked { broken[0].sum().backward() } }
    }

    @Test("An operation without a derivative fails at the call, never by losing the gradient")
    func constantsCarryNoGradient() {
        let x = Tensor([1.5], requiresGrad: true)
        #expect(!(x > 1).requiresGrad)
        #expect(!x.to(.int64).requiresGrad)
        #expect(x.to(.float64).requiresGrad)
    }

    @Test("Anomaly detection names the operation whose result, or whose gradient, is no number")
    func anomalies() throws {
        let x = Tensor([-1.0], requiresGrad: true)
        let forward = #expect(throws: TensorError.self) { try checked { detectAnomalies { log(x) } } }
        #expect(forward!.operation == "log")
        #expect(forward!.description.contains("not a number"))
        struct Spoilt: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] { [inputs[0] + 0] }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
                [Tensor.full(like: gradients[0], Double.nan)]
            }
        }
        // Not in a closure of the macro's, which has no line of its own.
        var backward = ""
        do {
            try checked { detectAnomalies { Spoilt.apply(x)[0].sum().backward() } }
        } catch { backward = "\(error)" }
        #expect(backward.contains("the gradient of Spoilt for its operand 0"))
        #expect(backward.contains("AutogradTests.swift"), "says where it was called: \(backward)")
    }
}
