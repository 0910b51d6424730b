import TestSupport
import Testing
import TorchlightCore

@Suite("Further names")
struct OtherNameTests {
    private let x = Tensor([0.3, -0.5, 0.9]), y = Tensor([0.2, 0.7, -0.1])

    @Test("Names of element-wise functions")
    func elementwise() {
        let big = x.abs() + 1
        let pairs: [(String, Tensor, Tensor)] = [
            ("absolute", x.absolute(), x.abs()), ("absolute(_:)", absolute(x), x.abs()),
            ("negative", x.negative(), -x), ("negative(_:)", negative(x), -x),
            ("arccos", x.arccos(), x.acos()), ("arccos(_:)", arccos(x), x.acos()),
            ("arccosh", big.arccosh(), big.acosh()), ("arccosh(_:)", arccosh(big), big.acosh()),
            ("arcsin", x.arcsin(), x.asin()), ("arcsin(_:)", arcsin(x), x.asin()),
            ("arcsinh", x.arcsinh(), x.asinh()), ("arcsinh(_:)", arcsinh(x), x.asinh()),
            ("arctan", x.arctan(), x.atan()), ("arctan(_:)", arctan(x), x.atan()),
            ("arctanh", x.arctanh(), x.atanh()), ("arctanh(_:)", arctanh(x), x.atanh()),
            ("fix", (x * 5).fix(), (x * 5).trunc()), ("fix(_:)", fix(x * 5), (x * 5).trunc()),
            ("arctan2", x.arctan2(y), x.atan2(y)), ("arctan2(_:_:)", arctan2(x, y), x.atan2(y)),
            ("clip", x.clip(min: 0, max: 0.5), x.clamp(min: 0, max: 0.5)),
            ("clip by tensors", x.clip(min: y, max: nil), x.clamp(min: y, max: nil)),
            ("clip(_:)", clip(x, max: 0.5), x.clamp(max: 0.5)),
            ("multiply", x.multiply(y), x * y), ("multiply by a number", x.multiply(2), x * 2),
            ("multiply(_:_:)", multiply(x, y), x * y), ("multiply(_:number)", multiply(x, 2), x * 2),
            ("subtract", x.subtract(y, alpha: 2), x - y * 2), ("subtract a number", x.subtract(1), x - 1),
            ("subtract(_:_:)", subtract(x, y), x - y), ("subtract(_:number)", subtract(x, 1, alpha: 2), x - 2),
            ("rsub", rsub(x, y, alpha: 2), y - x * 2), ("rsub from a number", rsub(x, 1), 1 - x),
            ("divide", x.divide(y), x / y), ("divide by a number", x.divide(2, rounding: .floor), (x / 2).floor()),
            ("divide(_:_:)", divide(x, y, rounding: .trunc), (x / y).trunc()),
            ("divide(_:number)", divide(x, 2), x / 2),
            ("trueDivide", x.trueDivide(y), x / y), ("trueDivide by a number", x.trueDivide(2), x / 2),
            ("trueDivide(_:_:)", trueDivide(x, y), x / y), ("trueDivide(_:number)", trueDivide(x, 2), x / 2),
            ("greater", x.greater(y), x > y), ("greater(_:_:)", greater(x, 0), x > 0),
            ("greaterEqual", x.greaterEqual(y), x >= y), ("greaterEqual(_:_:)", greaterEqual(x, 0), x >= 0),
            ("less", x.less(y), x < y), ("less(_:_:)", less(x, 0), x < 0),
            ("lessEqual", x.lessEqual(y), x <= y), ("lessEqual(_:_:)", lessEqual(x, y), x <= y),
            ("notEqual", x.notEqual(y), x .!= y), ("notEqual(_:_:)", notEqual(x, 0.9), x .!= 0.9),
        ]
        for (name, value, expected) in pairs { #expect(value.equal(expected), "\(name)") }
        #expect(Tensor([1, 3]).trueDivide(2).dtype == .float32)
    }

    @Test("In place")
    func inPlace() {
        let changes: [(String, (Tensor) -> Tensor, (Tensor) -> Tensor)] = [
            ("absolute_", { $0.absolute_() }, { $0.abs() }), ("negative_", { $0.negative_() }, { -$0 }),
            ("arccos_", { $0.arccos_() }, { $0.acos() }), ("arcsin_", { $0.arcsin_() }, { $0.asin() }),
            ("arctan_", { $0.arctan_() }, { $0.atan() }), ("arcsinh_", { $0.arcsinh_() }, { $0.asinh() }),
            ("arctanh_", { $0.arctanh_() }, { $0.atanh() }), ("fix_", { $0.fix_() }, { $0.trunc() }),
            ("arctan2_", { $0.arctan2_(y) }, { $0.atan2(y) }),
            ("clip_", { $0.clip_(min: 0) }, { $0.clamp(min: 0) }),
            ("multiply_", { $0.multiply_(y).multiply_(2) }, { $0 * y * 2 }),
            ("subtract_", { $0.subtract_(y).subtract_(2) }, { $0 - y - 2 }),
            ("divide_", { $0.divide_(y).divide_(2) }, { $0 / y / 2 }),
            ("trueDivide_", { $0.trueDivide_(y).trueDivide_(2) }, { $0 / y / 2 }),
            ("greater_", { $0.greater_(y) }, { ($0 > y).to(.float32) }),
            ("lessEqual_", { $0.lessEqual_(0) }, { ($0 <= 0).to(.float32) }),
            ("notEqual_", { $0.notEqual_(0.9) }, { ($0 .!= 0.9).to(.float32) }),
        ]
        for (name, change, expected) in changes {
            let copy = x.clone()
            let result = change(copy)
            #expect(result === copy, "\(name) returns its tensor")
            #expect(copy.equal(expected(x)), "\(name)")
        }
    }

    @Test("Names of functions of shapes")
    func shapes() {
        let m = Tensor.arange(6).reshape([2, 3]).to(.float32)
        let pairs: [(String, Tensor, Tensor)] = [
            ("adjoint", m.adjoint(), m.mT), ("adjoint(_:)", adjoint(m), m.mT),
            ("argwhere", m.argwhere(), m.nonzero()), ("argwhere(_:)", argwhere(m), m.nonzero()),
            ("broadcastTo", m.broadcastTo([2, 2, 3]), m.expand(2, 2, 3)),
            ("broadcastTo(_:_:)", broadcastTo(m, [1, 2, 3]), m.expand(1, 2, 3)),
            ("expandAs", m[0].expandAs(m), m[0].expand(2, 3)), ("reshapeAs", m.T.reshapeAs(m), m.T.reshape(2, 3)),
            ("viewAs", m.viewAs(m.T), m.view(3, 2)), ("moveaxis", m.moveaxis(0, 1), m.T),
            ("moveaxis(_:)", moveaxis(m, [0, 1], [1, 0]), m.T), ("swapaxes", m.swapaxes(0, 1), m.T),
            ("swapaxes(_:)", swapaxes(m, 0, 1), m.T), ("swapdims", m.swapdims(0, 1), m.T),
            ("swapdims(_:)", swapdims(m, 0, -1), m.T), ("concat", concat([m, m], dim: 1), cat([m, m], dim: 1)),
            ("concatenate", concatenate([m, m]), cat([m, m])), ("rowStack", rowStack([x, y]), stack([x, y])),
            ("ger", x.ger(y), x.outer(y)), ("ger(_:_:)", ger(x, y), x.outer(y)), ("vdot", vdot(x, y), x.dot(y)),
            ("trapz", trapz(x), x.trapezoid()), ("trapz at points", trapz(x, x: y), x.trapezoid(x: y)),
            ("frobeniusNorm", frobeniusNorm(m), m.norm()),
            ("frobeniusNorm over one", frobeniusNorm(m, dim: [1], keepdim: true), m.norm(dim: [1], keepdim: true)),
            ("nuclearNorm", nuclearNorm(m), LinAlg.matrixNorm(m, ord: .nuc)),
        ]
        for (name, value, expected) in pairs { #expect(value.equal(expected), "\(name)") }
        #expect(m.splitWithSizes([1, 2], dim: 1).map(\.shape) == [[2, 1], [2, 2]])
        #expect(splitWithSizes(m, [2], dim: 0).count == 1)
        #expect(m.isSameSize(m + 1) && !isSameSize(m, x))
        #expect(m.elementSize() == 4 && m.nbytes == 24 && m.to(.bool).nbytes == 6)
        #expect(m.typeAs(Tensor([1])).dtype == .int64)
        expectRefusal(by: "nuclearNorm", .shape) { nuclearNorm(x) }
        expectRefusal(by: "frobeniusNorm", .value) { frobeniusNorm(m, dim: [0, 1, 1]) }
        let a = Tensor([[2.0, 1], [1, 3], [0, 1]])
        let (factors, tau) = geqrf(a)
        let tolerance = Tolerance(units: 64, scale: 4, reason: "a factorisation")
        expectClose(orgqr(factors, tau).matmul(factors[.slice(0, 2)].triu()), [2, 1, 1, 3, 0, 1], tolerance)
        expectClose(
            ormqr(factors, tau, a, transpose: true)[.slice(0, 2)], factors[.slice(0, 2)].triu().toArray(Double.self),
            tolerance)
    }

    @Test("Tensors of data, and data of tensors")
    func data() {
        #expect(Tensor.asTensor([1, 2]).dtype == .int64 && Tensor.asarray(2.5).shape == [])
        let leaf = Tensor([1.0, 2]).requiresGrad_()
        #expect(Tensor.asTensor(leaf) === leaf)
        #expect(Tensor.asTensor(leaf, dtype: .float64).requiresGrad)
        #expect(!Tensor.asarray(leaf).requiresGrad && Tensor.asarray(leaf, requiresGrad: true) === leaf)
        let copy = Tensor.asarray(x, copy: true)
        copy.zero_()
        #expect(x[0].item() != 0)
        #expect(Tensor.frombuffer([1, 0, 2, 0, 3, 0], dtype: .int16).toArray(Int.self) == [1, 2, 3])
        #expect(Tensor.frombuffer([9, 1, 0, 2, 0], dtype: .int16, count: 1, offset: 1).toArray(Int.self) == [1])
        expectRefusal(by: "frombuffer", .value) { Tensor.frombuffer([1, 2, 3], dtype: .int16) }
        expectRefusal(by: "frombuffer", .value) { Tensor.frombuffer([1, 2], dtype: .int16, offset: 1) }

        #expect(Tensor([[1, 2], [3, 4]]).tolist().description == "[[1, 2], [3, 4]]")
        #expect(Tensor([1.5]).tolist() == .list([.element(.double(1.5))]))
        #expect(Tensor(true).tolist() == .element(.bool(true)))
        #expect(Tensor.zeros(2, 0).tolist() == .list([.list([]), .list([])]))
        #expect(Tensor([[1], [2]]).tolist().parts[1].parts[0].element == .int(2))
    }

    @Test("New tensors with strides")
    func strided() {
        let column = Tensor.emptyStrided([2, 3], [1, 2])
        #expect(column.strides == [1, 2] && !column.isView && column.storageOffset == 0)
        column.copy_(Tensor.arange(6).reshape([2, 3]).to(.float32))
        #expect(column.toArray(Int.self) == [0, 1, 2, 3, 4, 5])
        #expect(Tensor.emptyPermuted([2, 3, 4], [0, 2, 1]).strides == [12, 1, 3])
        #expect(Tensor.emptyStrided([0, 3], [5, 5], dtype: .int8).shape == [0, 3])
        #expect(column.newEmptyStrided([2], [3], dtype: .int64).dtype == .int64)
        #expect(Tensor.emptyStrided([2, 2], [1, 4], device: .meta).strides == [1, 4])
        expectRefusal(by: "emptyStrided", .shape) { Tensor.emptyStrided([2], [-1]) }
        expectRefusal(by: "emptyStrided", .shape) { Tensor.emptyStrided([2], [1, 1]) }
        expectRefusal(by: "emptyPermuted", .shape) { Tensor.emptyPermuted([2, 2], [0, 0]) }
    }
}
