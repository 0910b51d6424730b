import Testing
@testable import TorchlightCore

@Suite("Hooks on saved tensors")
struct SavedTensorHookTests {
    @Test("What is saved goes through pack, and comes back through unpack in the pass")
    func roundTrip() {
        let a = Tensor([2.0, 3], requiresGrad: true)
        let b = Tensor([5.0, 7], requiresGrad: true)
        var (packed, unpacked) = (0, 0)
        let y = savedTensorsHooks(
            pack: { tensor -> [Float] in
                packed += 1
                #expect(!tensor.requiresGrad)
                return tensor.toArray(Float.self)
            },
            unpack: { values -> Tensor in
                unpacked += 1
                return Tensor(values)
            }
        ) { (a * b).exp().log() }
        #expect(packed == 4, "two factors, the result of exp, the operand of log")
        #expect(unpacked == 0)
        y.sum().backward(retainGraph: true)
        #expect(unpacked == 4)
        let gradients = (a.grad!.toArray(Float.self), b.grad!.toArray(Float.self))
        #expect(zip(gradients.0, [5, 7]).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(zip(gradients.1, [2, 3]).allSatisfy { abs($0 - $1) < 1e-3 })
        y.sum().backward()
        #expect(unpacked == 8)
        // Outside, nothing is packed.
        (a * b).sum().backward()
        #expect(packed == 4)
    }

    @Test("The innermost hooks are asked; what they compute is neither recorded nor packed")
    func nesting() {
        let x = Tensor([2.0], requiresGrad: true)
        var calls: [String] = []
        func hooks(_ name: String, _ body: () -> Tensor) -> Tensor {
            savedTensorsHooks(
                pack: { tensor -> Tensor in
                    calls.append(name)
                    let copy = tensor * 1
                    #expect(!copy.requiresGrad)
                    return copy
                },
                unpack: { $0 * 1 }, body)
        }
        let y = hooks("outer") { hooks("inner") { x.exp() } * 1 + x.sin() }
        #expect(calls == ["inner", "outer"] || calls == ["inner", "outer", "outer"], "\(calls)")
        y.sum().backward()
        #expect(x.grad!.item() != 0)
    }

    @Test("Derivatives of higher order go through packed tensors")
    func higherOrders() {
        let x = Tensor([2.0], dtype: .float64, requiresGrad: true)
        func derivatives(_ make: () -> Tensor) -> [Double] {
            var value = make()
            return (0..<3).map { _ in
                value = grad(of: value.sum(), withRespectTo: x, createGraph: true)
                return value.item()
            }
        }
        let plain = derivatives { (x * x).exp() * x }
        let packed = derivatives {
            savedTensorsHooks(
                pack: { $0.toArray(Double.self) }, unpack: { Tensor($0, dtype: .float64) }
            ) { (x * x).exp() * x }
        }
        #expect(packed == plain)
    }

    @Test("Packed values are snapshots; where nothing was packed, changes in place are still refused")
    func snapshots() throws {
        let x = Tensor([2.0], requiresGrad: true)
        let y = x * 1
        let z = savedTensorsHooks(pack: { $0.clone() }, unpack: { $0 }) { y * y }
        noGrad { _ = y.mul_(10) }
        z.sum().backward()
        #expect(x.grad!.item() == 4)
        let u = x * 1
        let v = u * u
        noGrad { _ = u.mul_(10) }
        #expect(throws: TensorError.self) { try checked { v.sum().backward() } }
    }

    @Test("Another shape or dtype than was saved is an error")
    func refusals() throws {
        let x = Tensor([2.0, 3], requiresGrad: true)
        for (what, unpack) in [
            ("shape", { (x: Tensor) -> Tensor in x[0..<1] }), ("dtype", { (x: Tensor) -> Tensor in x.to(.float64) }),
        ] {
            let y = savedTensorsHooks(pack: { $0 }, unpack: unpack) { x.exp() }
            let error = #expect(throws: TensorError.self, "\(what)") { try checked { y.sum().backward() } }
            #expect(error?.description.contains("unpack returned") == true, "\(what)")
        }
    }

    @Test("What was packed is dropped when the graph is freed, with a pass and without")
    func lifetime() {
        final class Held {}
        weak var first: Held?
        let x = Tensor([1.0], requiresGrad: true)
        func make() -> Tensor {
            savedTensorsHooks(
                pack: { tensor -> (Held, Tensor) in
                    let held = Held()
                    first = held
                    return (held, tensor)
                }, unpack: { $0.1 }
            ) { x.exp() }
        }
        do {
            let y = make()
            #expect(first != nil)
            y.sum().backward()
            #expect(first == nil)
        }
        do { _ = make() }
        #expect(first == nil)
    }
}
