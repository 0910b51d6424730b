import TestSupport
import Testing
@testable import TorchlightCore

@Suite struct ProductTests {
    @Test func matmulNamesTheInnerSizesAndTheTranspose() throws {
        let error = try #require(
            expectRefusal(by: "matmul", .shape) { matmul(.ones(3, 4), .ones(5, 4)) })
        #expect(
            error.description
                == "matmul: the inner sizes 4 and 5 disagree, got float32 [3, 4] and float32 [5, 4]; expected the last size "
                + "of the first operand to equal the second to last of the second; transpose the second operand, as in b.mT"
        )
        let exchanged = try #require(expectRefusal(by: "matmul", .shape) { matmul(.ones(4, 5), .ones(3, 4)) })
        #expect(exchanged.fix == "exchange the operands")
        let flat = try #require(expectRefusal(by: "matmul", .shape) { matmul(.ones(8, 3, 4), .ones(12, 5)) })
        #expect(flat.fix?.contains("flatten(from: 1)") == true)
    }

    @Test func matmulRefusesNumbersAndMixedDTypes() {
        expectRefusal(by: "matmul", .shape) { matmul(Tensor(2.0), .ones(2, 2)) }
        expectRefusal(by: "matmul", .dtype) { matmul(.ones(2, 2, dtype: .float64), .ones(2, 2)) }
        expectRefusal(by: "matmul", .shape) { matmul(.ones(2, 3, 4), .ones(3, 4, 2)) }
        expectRefusal(by: "bmm", .shape) { Tensor.ones(2, 3, 4).bmm(.ones(3, 4, 2)) }
        expectRefusal(by: "mv", .shape) { Tensor.ones(2, 3).mv(.ones(3, 1)) }
    }

    @Test func linearSaysWhatFits() throws {
        let error = try #require(
            expectRefusal(by: "linear", .shape) { linear(.ones(64, 1, 28, 28), .ones(10, 784)) })
        #expect(error.fix == "flatten each sample, as in x.flatten(from: 1)")
        expectRefusal(by: "linear", .shape) { linear(.ones(2, 3), .ones(4, 3), .ones(3)) }
    }

    @Test func addmmWithoutTheTermDoesNotReadIt() {
        let term = Tensor.full([2, 2], Double.nan)
        expectClose(term.addmm(.ones(2, 3), .ones(3, 2), beta: 0), [3, 3, 3, 3])
    }

    @Test func addmmInPlaceMayReadItself() {
        let a = Tensor([[1.0, 2], [3, 4]])
        a.addmm_(a, a)
        expectClose(a, [8, 12, 18, 26])
    }

    @Test func narrowerProducts() {
        let a = Tensor([[1.0, 2], [3, 4]])
        let v = Tensor([1.0, -1])
        expectClose(a.mm(a), [7, 10, 15, 22])
        expectClose(a.mv(v), [-1, -1])
        expectClose(v.dot(v), [2])
        expectClose(v.outer(v), [1, -1, -1, 1])
        expectClose(v.addmv(a, v), [0, -2])
    }

    /// The gradient of a shared weight is one product over all rows, not one a sample and a sum.
    @Test func gradientOfASharedMatrixKeepsItsShape() {
        let x = Tensor.ones(5, 2, 3).requiresGrad_()
        let w = Tensor.ones(3, 4).requiresGrad_()
        matmul(x, w).sum().backward()
        #expect(w.grad?.shape == [3, 4])
        expectClose(w.grad!, [Double](repeating: 10, count: 12))
    }
}

/// Sizes at which float32 goes to the blocked product, with parts of tiles on every side.
@Suite struct BlockedProductTests {
    private func draw(_ random: inout TestRandom, _ rows: Int, _ columns: Int) -> Tensor {
        Tensor(random.values(rows * columns), shape: [rows, columns], dtype: .float32)
    }

    /// Compares with the product in float64; `depth` roundings at most.
    private func expectProduct(
        _ got: Tensor, _ expected: Tensor, depth: Int, _ label: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = (got.to(.float64) - expected).abs().max().item(Double.self)
        #expect(error <= 2e-7 * Double(depth), "\(label)", sourceLocation: sourceLocation)
    }

    @Test(arguments: [(131, 77, 301), (263, 289, 900), (64, 1100, 1024)])
    func agreesWithFloat64(_ m: Int, _ n: Int, _ k: Int) {
        var random = TestRandom("blocked product \(m) \(n) \(k)")
        let (a, b, c) = (draw(&random, m, k), draw(&random, k, n), draw(&random, m, n))
        let exact = matmul(a.to(.float64), b.to(.float64))
        let (across, down) = (a.mT.contiguous().mT, b.mT.contiguous().mT)
        for (left, right, label) in [(a, b, "NN"), (a, down, "NT"), (across, b, "TN"), (across, down, "TT")] {
            expectProduct(matmul(left, right), exact, depth: k, label)
            expectProduct(
                c.addmm(left, right, beta: 0.5, alpha: -2), c.to(.float64) * 0.5 - exact * 2, depth: 2 * k,
                label + " scaled and added")
        }
        let bias = draw(&random, 1, n).flatten()
        expectProduct(linear(a, b.mT, bias), exact + bias.to(.float64), depth: k, "linear with a view")
        expectProduct(linear(a, b.mT.contiguous(), bias), exact + bias.to(.float64), depth: k, "linear")
    }
}

@Suite struct EinsumTests {
    @Test func namesWhatItSums() {
        let a = Tensor([[1.0, 2], [3, 4]])
        let v = Tensor([1.0, -1])
        expectClose(einsum("ik,kj->ij", a, a), [7, 10, 15, 22])
        expectClose(einsum("ij->ji", a), [1, 3, 2, 4])
        expectClose(einsum("ii", a), [5])
        expectClose(einsum("ii->i", a), [1, 4])
        expectClose(einsum("i,j", v, v), [1, -1, -1, 1])
        expectClose(einsum("i,ij,j->", v, a, v), [0])
        expectClose(einsum("...j,j->...", a, v), [-1, -1])
        expectClose(einsum("ij,ij->i", a, a), [5, 25])
    }

    @Test func refusesWhatDoesNotFit() {
        let a = Tensor.ones(2, 3)
        expectRefusal(by: "einsum", .value) { einsum("ij,jk", a) }
        expectRefusal(by: "einsum", .value) { einsum("ijk->i", a) }
        expectRefusal(by: "einsum", .value) { einsum("ij->ik", a) }
        expectRefusal(by: "einsum", .value) { einsum("i?->i", a) }
        expectRefusal(by: "einsum", .shape) { einsum("ij,jk->ik", a, a) }
    }

    @Test func hasGradients() {
        var random = TestRandom("einsum")
        let a = Tensor(random.values(12), shape: [2, 3, 2], dtype: .float64)
        let b = Tensor(random.values(6), shape: [2, 3], dtype: .float64)
        expectGradients(order: 2, at: [a, b], label: "einsum") { [einsum("bij,bi->bj", $0[0], $0[1])] }
    }
}
