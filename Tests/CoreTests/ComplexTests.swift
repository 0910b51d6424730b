import TestSupport
import Testing
@testable import TorchlightCore

/// Complex numbers: how they are made, seen, printed, converted and differentiated.
@Suite struct ComplexTests {
    private let z = Tensor([Complex<Float>(1, 2), Complex(-3, 0.5), Complex(0, -1)])

    @Test func literalsAndConversions() {
        #expect(Tensor([Complex(1.0, 2.0)]).dtype == .complex64)
        #expect(Tensor([Complex(1.0, 2.0)], dtype: .complex128).dtype == .complex128)
        #expect(z.toArray(Complex<Double>.self) == [Complex(1, 2), Complex(-3, 0.5), Complex(0, -1)])
        #expect(z.to(.float32).toArray(Float.self) == [1, -3, 0])
        #expect(z.to(.bool).toArray(Bool.self) == [true, true, true])
        #expect(Tensor([1, 2]).to(.complex128).toArray(Complex<Double>.self) == [1, 2])
        #expect(z[0].item(Complex<Float>.self) == Complex(1, 2))
        #expect(Tensor(Complex(2.5, 0)).item() == 2.5)
        expectRefusal(by: "item", .value) { Tensor(z[0].item()) }
        expectRefusal(by: "toArray", .value) { Tensor(z.toArray(Float.self)) }
        expectRefusal(by: "fill", .value) { Tensor.zeros([2]).fill(Complex(0, 1)) }
        #expect(Tensor.full([2], Complex(1, -1)).toArray(Complex<Float>.self) == [Complex(1, -1), Complex(1, -1)])
        #expect(Tensor.zeros([1], dtype: .complex64).fill_(Complex(0, 2)).item(Complex<Float>.self) == Complex(0, 2))
    }

    @Test func partsAreViews() {
        let x = z.clone()
        #expect(x.real.toArray(Float.self) == [1, -3, 0] && x.imag.toArray(Float.self) == [2, 0.5, -1])
        x.real.fill_(7)
        x.imag[0] = 5
        #expect(x.toArray(Complex<Float>.self) == [Complex(7, 5), Complex(7, 0.5), Complex(7, -1)])
        let pairs = Tensor([[1.0, 2], [3, 4]])
        pairs.viewAsComplex().mul_(Complex(0, 1))
        expectClose(pairs, [-2, 1, -4, 3])
        #expect(z.conj().imag.toArray(Float.self) == [-2, -0.5, 1])
        expectClose(z.abs(), [2.2360679, 3.0413813, 1])
        expectClose(z.angle(), [1.1071487, 2.9764438, -1.5707963])
        expectRefusal(by: "imag", .dtype) { pairs.imag }
        expectRefusal(by: "viewAsComplex", .shape) { Tensor.ones([3]).viewAsComplex() }
        expectRefusal(by: "viewAsComplex", .shape) { Tensor.ones([2, 2]).t().viewAsComplex() }
        expectRefusal(by: "viewAsReal", .dtype) { pairs.viewAsReal() }
    }

    @Test func whatComplexNumbersDoNotHaveIsRefused() {
        expectRefusal(by: "lt", .dtype) { z < z }
        expectRefusal(by: "maximum", .dtype) { z.maximum(z) }
        expectRefusal(by: "sort", .dtype) { z.sort().values }
        expectRefusal(by: "floor", .dtype) { z.floor() }
        expectRefusal(by: "erf", .dtype) { z.erf() }
        expectRefusal(by: "add_", .dtype) { Tensor.ones([3]).add_(z) }
        expectRefusal(by: "sign", .dtype) { z.sign() }
        expectRefusal(by: "backward", .dtype) {
            let x = z.clone().requiresGrad_()
            x.sum().backward()
            return x
        }
    }

    @Test func promotion() {
        let table: [(DType, DType, DType)] = [
            (.float32, .complex64, .complex64), (.float64, .complex64, .complex128), (.int64, .complex64, .complex64),
            (.bfloat16, .complex128, .complex128), (.complex64, .complex128, .complex128),
            (.bool, .complex64, .complex64),
        ]
        for (a, b, expected) in table {
            #expect(DType.promote(a, b) == expected && DType.promote(b, a) == expected, "\(a) \(b)")
            let (x, y) = (Tensor.ones([2], dtype: a), Tensor.ones([2], dtype: b))
            #expect((x + y).dtype == expected && (y * x).dtype == expected, "\(a) \(b)")
        }
        #expect((Tensor.ones([2]) * Complex(0, 1)).dtype == .complex64)
        #expect((Tensor.ones([2], dtype: .float64) * Complex(0, 1)).dtype == .complex128)
        #expect((Tensor.ones([2]) * Tensor(Complex(0, 1), dtype: .complex128)).dtype == .complex64)
        #expect((z + 1).dtype == .complex64 && (z * 2.5).dtype == .complex64)
    }

    /// Writes through a view of the parts reach the gradient of the whole, and views see later writes.
    @Test func historyPassesThroughViewsOfParts() {
        let x = z.clone().requiresGrad_()
        let y = x * 2
        y.real.mul_(3)
        // y = 6 Re x + 2 i Im x
        (y.real.sum() + y.imag.sum()).backward()
        #expect(x.grad!.toArray(Complex<Float>.self) == Array(repeating: Complex(6, 2), count: 3))

        let a = Tensor([[1.0, 2], [3, 4]]).requiresGrad_()
        let b = a * 1
        let view = b.viewAsComplex()
        b.mul_(2)
        view.mul_(Complex(0, 1))
        // b = (-2 a1, 2 a0)
        (b * Tensor([[1.0, 10], [1, 10]])).sum().backward()
        expectClose(a.grad!, [20, -2, 20, -2])
    }

    @Test func realOperandsOfComplexResultsGetRealGradients() {
        let x = Tensor([2.0, 3]).requiresGrad_()
        let loss = (x * Complex(1.0, 2)).abs().sum()
        loss.backward()
        #expect(x.grad!.dtype == .float32)
        expectClose(x.grad!, [2.2360679, 2.2360679])
    }

    @Test func printsAsPyTorch() {
        #expect("\(Tensor(Complex(1.5, -2)))" == "tensor(1.5000-2.j)")
        #expect("\(Tensor([Complex(1.0, 2), Complex(3, -4)]))" == "tensor([1.+2.j, 3.-4.j])")
        #expect(
            "\(Tensor([Complex(0.5, 1), Complex(-2, 10)], dtype: .complex128))"
                == "tensor([ 0.5000+1.j, -2.0000+10.j], dtype=torch.complex128)")
        #expect("\(Tensor(Complex(Double.infinity, -.infinity)))" == "tensor(inf-infj)")
    }

    @Test func productsOfMatrices() {
        var random = TestRandom("complex products")
        for (m, k, n) in [(2, 3, 4), (17, 33, 9), (1, 5, 1)] {
            func draw(_ rows: Int, _ columns: Int) -> Tensor {
                Tensor(random.values(2 * rows * columns, in: -1...1), shape: [rows, columns, 2], dtype: .float64)
                    .viewAsComplex()
            }
            let (a, b) = (draw(m, k), draw(k, n))
            let expected = complex(
                a.real.matmul(b.real) - a.imag.matmul(b.imag), a.real.matmul(b.imag) + a.imag.matmul(b.real))
            for (x, y) in [(a, b), (a.t().contiguous().t(), b), (a, b.t().contiguous().t())] {
                #expect((x.matmul(y) - expected).abs().max().item() < 1e-12, "\(m) \(k) \(n)")
            }
        }
    }

    @Test func logarithmsOfSumsFollowTheLargerNumber() {
        var random = TestRandom("running sums of complex exponentials")
        let x = Tensor(random.values(240, in: -8...8), shape: [3, 40, 2], dtype: .float64).viewAsComplex()
        let running = x.logcumsumexp(dim: 1)
        var one = x.select(1, 0)
        for i in 1..<40 {
            one = x.select(1, i).logaddexp(one)
            #expect((running.select(1, i) - one).abs().max().item() < 1e-10, "element \(i)")
        }
        let far = Tensor([Complex(5, 4)], dtype: .complex128).logaddexp(Tensor([Complex(-30, 1)], dtype: .complex128))
        #expect(abs(far.item(Complex<Double>.self).imag - 4) < 1e-12)
        let none = Tensor([Complex(-.infinity, 0)], dtype: .complex128)
        #expect(none.logaddexp(none).item(Complex<Double>.self).real == -.infinity)
    }

    @Test func productsTakeComplexFactors() {
        let (alpha, beta) = (Complex(2, 3), Complex(0.5, -1))
        let a = Tensor([[Complex(1, 2), 3], [0, Complex(0, 1)]], dtype: .complex128)
        let base = Tensor.ones([2, 2], dtype: .complex128)
        let row = a.select(0, 0)
        let pairs: [(String, Tensor, Tensor)] = [
            ("addmm", base.addmm(a, a, beta: beta, alpha: alpha), base * beta + a.matmul(a) * alpha),
            ("addmv", row.addmv(a, row, beta: beta, alpha: alpha), row * beta + a.matmul(row) * alpha),
            (
                "baddbmm", base.unsqueeze(0).baddbmm(a.unsqueeze(0), a.unsqueeze(0), beta: beta, alpha: alpha),
                (base * beta + a.matmul(a) * alpha).unsqueeze(0)
            ),
            (
                "addbmm", base.addbmm(a.unsqueeze(0), a.unsqueeze(0), beta: beta, alpha: alpha),
                base * beta + a.matmul(a) * alpha
            ),
            ("addr", base.addr(row, row, beta: beta, alpha: alpha), base * beta + row.outer(row) * alpha),
            ("addcmul", base.addcmul(a, a, value: alpha), base + a * a * alpha),
            ("addcdiv", base.addcdiv(a, base, value: alpha), base + a * alpha),
            ("beta 0", (base * Double.nan).addmm(a, a, beta: Complex(0.0), alpha: alpha), a.matmul(a) * alpha),
            ("vdot", row.vdot(row), (row.conj() * row).sum()),
        ]
        for (name, got, wanted) in pairs {
            #expect(got.shape == wanted.shape && got.allclose(wanted), "\(name): \(got), \(wanted)")
        }
    }

    @Test func statisticsOfComplexNumbers() {
        let x = Tensor([[Complex(1, 2), Complex(3, -1), 0], [Complex(0, 1), 2, Complex(1, 1)]], dtype: .complex128)
        let centred = x - x.mean(dim: 1, keepdim: true)
        #expect(x.cov().allclose(centred.matmul(centred.mH) / 2))
        #expect((x.corrcoef().diagonal() - 1).abs().max().item() < 1e-12)
        #expect(TorchlightCore.gradient(x, dim: 1)[0].dtype == .complex128)
        #expect(Tensor.linspace(Complex(0, 0), Complex(3, -3), steps: 4).dtype == .complex64)
        #expect(throws: TensorError.self) { try checked { Tensor.arange(Complex(0, 3)) } }
        #expect(throws: TensorError.self) { try checked { Tensor([Complex(0, 3)]).item(Double.self) } }
    }
}

/// Operations that convert their operand keep the imaginary part.
@Suite struct ComplexCompositeTests {
    private let x = Tensor([Complex<Double>(1, 2), Complex(0, -1), Complex(3, 1)])

    @Test func conjugatesWhereTheDefinitionDoes() {
        // |1 + 2i|² + |-i|² + |3 + i|²
        #expect(x.vdot(x).item(Complex<Double>.self) == Complex(16, 0))
        let variance = x.cov(correction: 0)
        #expect(variance.dtype.isComplex && abs(variance.imag.item()) < 1e-6 && variance.real.item() > 0)
    }

    @Test func differencesAndPowersStayComplex() {
        #expect(gradient(x)[0].dtype == x.dtype && x.corrcoef().dtype == x.dtype)
        #expect(vander(x, N: 2).dtype == x.dtype)
    }
}
