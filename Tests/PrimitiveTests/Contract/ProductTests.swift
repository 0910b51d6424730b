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

    @Test func addmmKeepsItsFactorsInDoublePrecision() {
        // None of the factors is a float32: 1/3 and 0.1 lose digits there, and 2^24 + 1 becomes 2^24.
        let (term, a, b) = (Tensor([[3.0]], dtype: .float64), Tensor([[1.0]], dtype: .float64), Tensor([[1.0]]))
        let got = term.addmm(a, b.to(.float64), beta: 1.0 / 3, alpha: 0.1)
        // A fused multiplication and addition rounds once; with factors in float32 the error is 1e-8.
        #expect(abs(got.item(Double.self) - 1.1) < 1e-15)
        let none = Tensor.zeros(1, 0, dtype: .float64)
        #expect(term.addmm(none, none.t(), beta: 0.1).item(Double.self) == 3 * 0.1)
        let factor = (1 << 24) + 1
        for dtype in [DType.int64, .int32] {
            let one = Tensor([[1]], dtype: dtype)
            #expect(one.addmm(one, one, beta: 2, alpha: Double(factor)).item(Int.self) == factor + 2, "\(dtype)")
            let empty = Tensor.zeros(1, 0, dtype: dtype)
            #expect(one.addmm(empty, empty.t(), beta: Double(factor)).item(Int.self) == factor, "\(dtype)")
        }
        let (wide, one) = ((1 << 53) - 1, Tensor([[1]]))
        #expect(one.addmm(one, one, beta: 0, alpha: Double(wide)).item(Int.self) == wide)
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

    /// Sizes for each of the ways in which a linear layer in float32 is computed: few rows, few columns, many of both, little work.
    @Test(arguments: [
        (16, 1024, 1024), (1200, 10, 96), (300, 500, 700), (600, 1024, 64), (7, 9, 200), (4, 700, 400), (37, 1001, 65),
        (128, 530, 200),
    ])
    func linearAgreesWithFloat64(_ m: Int, _ n: Int, _ k: Int) {
        var random = TestRandom("linear \(m) \(n) \(k)")
        let (x, w, bias) = (draw(&random, m, k), draw(&random, n, k), draw(&random, 1, n).flatten())
        let exact = matmul(x.to(.float64), w.to(.float64).mT)
        /// The same matrix as a part of a wider one.
        func part(_ matrix: Tensor) -> Tensor {
            let wide = Tensor.full([matrix.shape[0], k + 5], Double.nan)
            let part = wide.narrow(1, start: 3, length: k)
            part.copy_(matrix)
            return part
        }
        let shift = bias.to(.float64)
        for (left, right, label) in [(x, w, "rows"), (part(x), w, "wide input"), (x, part(w), "wide weight")] {
            expectProduct(linear(left, right), exact, depth: k, label)
            expectProduct(linear(left, right, bias), exact + shift, depth: k, label + " with bias")
        }
        let one = Tensor([0.5]).expand(n)
        expectProduct(linear(x, w, one), exact + 0.5, depth: k, "one number as bias")
        let last = linear(x.narrow(0, start: m - 1, length: 1), w, bias)
        expectProduct(last, exact.narrow(0, start: m - 1, length: 1) + shift, depth: k, "one row")
    }
}

/// Products of half types run in the library's own kernels where the processor has them and through float32 elsewhere: both
/// round the exact sum once, whatever the layout of the operands.
@Suite struct HalfProductTests {
    typealias Operand = @Sendable (inout TestRandom, DType) -> Tensor
    struct Product: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let left: Operand
        let right: Operand
    }

    private static func draw(_ shape: Int...) -> Operand {
        { Tensor($0.values(shape.reduce(1, *)), shape: shape, dtype: .float32).to($1) }
    }
    private static func view(_ source: @escaping Operand, _ change: @escaping @Sendable (Tensor) -> Tensor) -> Operand {
        { change(source(&$0, $1)) }
    }

    static let products: [Product] = [
        Product(testDescription: "rows, rows", left: draw(37, 50), right: draw(50, 23)),
        Product(testDescription: "rows, columns", left: draw(37, 50), right: view(draw(23, 50)) { $0.mT }),
        Product(testDescription: "columns, rows", left: view(draw(50, 37)) { $0.mT }, right: draw(50, 23)),
        Product(
            testDescription: "columns, columns", left: view(draw(50, 37)) { $0.mT }, right: view(draw(23, 50)) { $0.mT }
        ),
        Product(testDescription: "a long sum", left: draw(2, 2000), right: draw(2000, 3)),
        Product(testDescription: "one row", left: draw(1, 50), right: draw(50, 23)),
        Product(
            testDescription: "a row of a wider matrix",
            left: view(draw(9, 60)) { $0.narrow(0, start: 4, length: 1).narrow(1, start: 3, length: 50) },
            right: draw(50, 23)),
        Product(testDescription: "one column", left: draw(37, 50), right: draw(50, 1)),
        Product(
            testDescription: "a column of a wider matrix", left: draw(37, 50),
            right: view(draw(50, 9)) { $0.narrow(1, start: 4, length: 1) }),
        Product(testDescription: "a sum of one", left: draw(37, 1), right: draw(1, 23)),
        Product(
            testDescription: "parts of wider matrices", left: view(draw(37, 60)) { $0.narrow(1, start: 5, length: 50) },
            right: view(draw(50, 31)) { $0.narrow(1, start: 2, length: 23) }),
        Product(
            testDescription: "parts of wider columns",
            left: view(draw(50, 60)) { $0.mT.narrow(0, start: 5, length: 37) },
            right: view(draw(31, 50)) { $0.mT.narrow(1, start: 2, length: 23) }),
        Product(testDescription: "samples", left: draw(5, 37, 50), right: draw(5, 50, 23)),
        Product(
            testDescription: "samples of columns", left: view(draw(5, 50, 37)) { $0.mT },
            right: view(draw(5, 23, 50)) { $0.mT }),
        Product(testDescription: "samples, one matrix", left: draw(5, 37, 50), right: draw(50, 23)),
        Product(
            testDescription: "samples of columns, one matrix", left: view(draw(5, 50, 37)) { $0.mT },
            right: draw(50, 23)),
        Product(testDescription: "one matrix, samples", left: draw(37, 50), right: draw(5, 50, 23)),
        Product(
            testDescription: "one matrix of columns, samples", left: view(draw(50, 37)) { $0.mT },
            right: draw(5, 50, 23)),
        Product(
            testDescription: "heads", left: view(draw(37, 5, 50)) { $0.transpose(0, 1) },
            right: view(draw(23, 5, 50)) { $0.permute(1, 2, 0) }),
        Product(
            testDescription: "samples of heads", left: view(draw(2, 37, 5, 50)) { $0.transpose(1, 2) },
            right: view(draw(2, 50, 5, 23)) { $0.transpose(1, 2) }),
        Product(
            testDescription: "groups of heads", left: draw(2, 6, 7, 50),
            right: view(draw(2, 2, 1, 50, 23)) { $0.expand(2, 2, 3, 50, 23).flatten(from: 1, to: 2) }),
        Product(
            testDescription: "matrices that overlap",
            left: view(draw(5, 57)) { $0.unfold(1, size: 50, step: 1).transpose(0, 1) },
            right: draw(8, 50, 23)),
    ]

    @Test(arguments: products, [DType.bfloat16, .float16])
    func agreesWithFloat64(_ product: Product, _ dtype: DType) {
        var random = TestRandom("half product \(product.testDescription) \(dtype)")
        let (left, right) = (product.left(&random, dtype), product.right(&random, dtype))
        func check(_ got: Tensor, _ exact: Tensor, _ label: String) {
            #expect(got.dtype == dtype)
            // Half a unit of the last place, and what float32 sums lose.
            let error = (got.to(.float64) - exact).abs() - exact.abs() * (dtype == .bfloat16 ? 1.0 / 256 : 1.0 / 2048)
            #expect(error.max().item(Double.self) <= 1e-5, "\(label)")
        }
        let exact = matmul(left.to(.float64), right.to(.float64))
        check(matmul(left, right), exact, "product")
        guard left.rank == 2, right.rank == 2 else { return }
        let term = Tensor(random.values(exact.count), shape: exact.shape, dtype: .float32).to(dtype)
        check(term.addmm(left, right), term.to(.float64) + exact, "added")
        let bias = term.narrow(0, start: 0, length: 1).flatten()
        check(linear(left, right.mT, bias), exact + bias.to(.float64), "linear")
        check(linear(left, right.mT), exact, "linear without a bias")
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
