import Testing
@testable import TorchlightCore

@Suite("Which inputs need gradients, and what is saved, for any number of inputs")
struct GradientFlagTests {
    @Test("Needs holds any set of indices")
    func needs() {
        var needs = Needs()
        #expect(!needs.any)
        let chosen = [0, 5, 62, 63, 64, 65, 127, 128, 200, 1000]
        for index in chosen { needs[index] = true }
        for index in 0..<1100 { #expect(needs[index] == chosen.contains(index), "index \(index)") }
        for index in chosen {
            #expect(needs.any, "before \(index) is cleared")
            needs[index] = false
            #expect(!needs[index], "index \(index)")
        }
        #expect(!needs.any)
        for count in [0, 1, 63, 64, 65, 128, 130] {
            let all = Needs(all: count)
            #expect((0..<200).allSatisfy { all[$0] == ($0 < count) }, "all \(count)")
        }
        var copy = Needs(all: 70)
        let original = copy
        copy[69] = false
        #expect(original[69] && !copy[69])
    }

    @Test("What is saved beyond the last index is never less than was named")
    func saved() {
        for index in [0, 30, 31, 32, 63, 64, 100] {
            #expect(Saved.input(index).contains(.input(index)), "input \(index)")
            #expect(Saved.output(index).contains(.output(index)), "output \(index)")
            #expect(!Saved.input(index).contains(.output(index)), "input \(index)")
            #expect(!Saved.output(index).contains(.input(index)), "output \(index)")
        }
    }

    @Test("cat of 200 tensors gives those that need a gradient theirs, and no others", arguments: [false, true])
    func manyParts(asLeaves: Bool) {
        let learning = [0, 1, 62, 63, 64, 65, 99, 127, 128, 199]
        let leaves = (0..<200).map { Tensor([Double($0), 1], requiresGrad: learning.contains($0)) }
        let parts = asLeaves ? leaves : leaves.map { $0 * 2 }
        let weights = Tensor.arange(400).to(.float32)
        (cat(parts) * weights).sum().backward()
        let factor: Float = asLeaves ? 1 : 2
        for (i, leaf) in leaves.enumerated() {
            let expected: [Float]? =
                learning.contains(i) ? [Float(2 * i) * factor, Float(2 * i + 1) * factor] : nil
            #expect(leaf.grad?.toArray(Float.self) == expected, "part \(i)")
        }
    }

    @Test("grad of one of 200 parts, whichever it is", arguments: [0, 62, 63, 64, 150, 199])
    func oneOfMany(wanted: Int) {
        let leaves = (0..<200).map { Tensor([Double($0)], requiresGrad: true) }
        let joint = cat(leaves)
        let gradient = grad(outputs: [(joint * joint).sum()], inputs: [leaves[wanted]])[0]!
        #expect(gradient.item() == Double(2 * wanted))
        #expect(leaves.allSatisfy { $0.grad == nil })
    }

    @Test("stack of 100, twice differentiated")
    func stackSecondOrder() {
        let leaves = (0..<100).map { Tensor([Double($0) / 10], dtype: .float64, requiresGrad: true) }
        let joint = stack(leaves)
        let cubes = (joint * joint * joint).sum()
        let first = grad(outputs: [cubes], inputs: leaves, createGraph: true)
        let second = grad(outputs: first.map { $0!.sum() }, inputs: leaves)
        for i in 0..<100 {
            let x = Double(i) / 10
            #expect(abs(first[i]!.item() - 3 * x * x) < 1e-9, "first derivative \(i)")
            #expect(abs(second[i]!.item() - 6 * x) < 1e-9, "second derivative \(i)")
        }
    }

    @Test("An input that is named twice gets its gradient twice")
    func repeatedInputs() throws {
        let x = Tensor([3.0], requiresGrad: true)
        let y = x * x
        let found = try checked { grad(outputs: [(y * y).sum()], inputs: [x, y, x, y]) }
        #expect(found.map { $0!.item() } == [108, 18, 108, 18])
    }
}
