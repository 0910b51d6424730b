import Glibc
import Testing
@testable import TorchlightCore

@Suite("Gradients written where they belong")
struct GradientPlacesTests {
    @Test("A table that two layers share gets the sum of both gradients, whichever comes first")
    func tiedTable() {
        let table = Tensor([[1.0, 2], [3, 4], [5, 6]], requiresGrad: true)
        let index = Tensor([2, 0, 2])
        for _ in 0..<2 {
            // The rows first, then the product: going back, the product's gradient is there when the rows' come.
            linear(embedding(index, table), table).sum().backward()
        }
        // d/dT of the sum over i and r of T[index i] . T[r]: the sum of all rows at each named row, and that of the named
        // rows at every row.
        let expected: [Float] = [40, 52, 22, 28, 58, 76]
        #expect(table.grad!.toArray(Float.self) == expected)
    }

    @Test("A gradient that a rule adds to the one before it is left alone where it is read, kept or watched")
    func addingInPlace() {
        let weight = Tensor([[1.0, 2], [3, 4]], requiresGrad: true)
        let x = Tensor([[1.0, 1], [2, 0]])
        linear(x, weight).sum().backward()
        let held = weight.grad!
        #expect(held.toArray(Float.self) == [3, 1, 3, 1])
        // The gradient handed in is the leaf's own.
        linear(x, weight).backward(gradient: held)
        let both: [Float] = [3 + 9, 1 + 3, 3 + 3, 1 + 1]
        #expect(weight.grad!.toArray(Float.self) == both)
        weight.grad = nil
        // A hook sees what arrives, not the sum.
        linear(x, weight).sum().backward()
        var seen: [Float] = []
        let hook = weight.registerHook {
            seen = $0.toArray(Float.self)
            return nil
        }
        linear(x, weight).sum().backward()
        hook.remove()
        #expect(seen == [3, 1, 3, 1])
        #expect(weight.grad!.toArray(Float.self) == [6, 2, 6, 2])
    }

    /// The gradients of a joint tensor of queries, keys and values, cut in three and put to another use besides; `change`
    /// makes of the three what attention gets.
    private func jointGradient(
        reference: Bool, _ change: ([Tensor]) -> [Tensor] = { $0 },
        also: (Tensor, [Tensor]) -> Tensor? = { _, _ in nil }
    ) -> [Double] {
        let values = (0..<2 * 5 * 3 * 4).map { sin(Double($0) * 0.7) }
        let leaf = Tensor(values, dtype: .float64).reshape([2, 5, 12]).requiresGrad_()
        let joint = leaf * 1.5
        let parts = joint.chunk(3, dim: 2)
        let heads = change(parts).map { $0.reshape([2, 5, 2, 2]).transpose(1, 2) }
        let out =
            reference
            ? composedAttention(heads[0], heads[1], heads[2], mask: nil, isCausal: true, scale: 0.7)
            : scaledDotProductAttention(heads[0], heads[1], heads[2], isCausal: true, scale: 0.7)
        var loss = (out * out).sum()
        if let more = also(joint, parts) { loss = loss + more }
        loss.backward()
        return leaf.grad!.toArray(Double.self)
    }

    private func expectAlike(_ a: [Double], _ b: [Double], _ what: Comment) {
        #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }, what)
    }

    @Test("Queries, keys and values that fill one tensor have their gradients written into its own")
    func jointParts() {
        func check(
            _ what: Comment, _ change: @escaping ([Tensor]) -> [Tensor] = { $0 },
            also: (Tensor, [Tensor]) -> Tensor? = { _, _ in nil }
        ) {
            expectAlike(
                jointGradient(reference: false, change, also: also), jointGradient(reference: true, change, also: also),
                what)
        }
        check("alone")
        check("in another order", { [$0[2], $0[0], $0[1]] })
        check("one part twice", { [$0[0], $0[0], $0[2]] })
        check("the whole used too", also: { joint, _ in (joint * joint).sum() })
        for part in 0..<3 {
            check("part \(part) used too", also: { _, parts in (parts[part] * parts[part] * 0.5).sum() })
        }
        check("a part and the whole used too", also: { joint, parts in (joint * parts[1].sum()).sum() })
        check("a part changed on the way", { [$0[0], $0[1] * 2, $0[2]] })
        for part in 0..<3 {
            check(
                "the gradient of part \(part) changed by a hook",
                { parts in
                    _ = parts[part].registerHook { $0 * 3 }
                    return parts
                })
        }
    }
}
