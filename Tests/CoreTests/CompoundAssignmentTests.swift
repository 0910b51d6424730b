import TestSupport
import Testing
import TorchlightCore

/// `x[index] op= y` for every operator, every kind of index, tensors and numbers on the right, integers and floats.
@Suite("Compound assignment")
struct CompoundAssignmentTests {
    /// An operator on Swift numbers, on variables and on parts of tensors.
    struct Operator: Sendable, CustomTestStringConvertible {
        let name: String
        let isForIntegersOnly: Bool
        let number: @Sendable (Double, Double) -> Double
        let part: @Sendable (Tensor, [TensorIndexItem], Tensor) -> Void
        let partByInt: @Sendable (Tensor, [TensorIndexItem], Int) -> Void
        let partByDouble: @Sendable (Tensor, [TensorIndexItem], Double) -> Void
        let variable: @Sendable (inout Tensor, Tensor) -> Void
        let constant: @Sendable (Tensor, Tensor) -> Void
        var testDescription: String { name }
    }

    static let operators: [Operator] = [
        Operator(
            name: "+=", isForIntegersOnly: false, number: { $0 + $1 }, part: { $0[$1] += $2 },
            partByInt: { $0[$1] += $2 }, partByDouble: { $0[$1] += $2 }, variable: { $0 += $1 }, constant: { $0 += $1 }),
        Operator(
            name: "-=", isForIntegersOnly: false, number: { $0 - $1 }, part: { $0[$1] -= $2 },
            partByInt: { $0[$1] -= $2 }, partByDouble: { $0[$1] -= $2 }, variable: { $0 -= $1 }, constant: { $0 -= $1 }),
        Operator(
            name: "*=", isForIntegersOnly: false, number: { $0 * $1 }, part: { $0[$1] *= $2 },
            partByInt: { $0[$1] *= $2 }, partByDouble: { $0[$1] *= $2 }, variable: { $0 *= $1 }, constant: { $0 *= $1 }),
        Operator(
            name: "/=", isForIntegersOnly: false, number: { $0 / $1 }, part: { $0[$1] /= $2 },
            partByInt: { $0[$1] /= $2 }, partByDouble: { $0[$1] /= $2 }, variable: { $0 /= $1 }, constant: { $0 /= $1 }),
        Operator(
            name: "%=", isForIntegersOnly: false, number: { $0 - $1 * ($0 / $1).rounded(.down) },
            part: { $0[$1] %= $2 }, partByInt: { $0[$1] %= $2 }, partByDouble: { $0[$1] %= $2 },
            variable: { $0 %= $1 }, constant: { $0 %= $1 }),
        Operator(
            name: "&=", isForIntegersOnly: true, number: { Double(Int($0) & Int($1)) }, part: { $0[$1] &= $2 },
            partByInt: { $0[$1] &= $2 }, partByDouble: { $0[$1] &= $2 }, variable: { $0 &= $1 }, constant: { $0 &= $1 }),
        Operator(
            name: "|=", isForIntegersOnly: true, number: { Double(Int($0) | Int($1)) }, part: { $0[$1] |= $2 },
            partByInt: { $0[$1] |= $2 }, partByDouble: { $0[$1] |= $2 }, variable: { $0 |= $1 }, constant: { $0 |= $1 }),
        Operator(
            name: "^=", isForIntegersOnly: true, number: { Double(Int($0) ^ Int($1)) }, part: { $0[$1] ^= $2 },
            partByInt: { $0[$1] ^= $2 }, partByDouble: { $0[$1] ^= $2 }, variable: { $0 ^= $1 }, constant: { $0 ^= $1 }),
        Operator(
            name: "<<=", isForIntegersOnly: true, number: { Double(Int($0) << Int($1)) }, part: { $0[$1] <<= $2 },
            partByInt: { $0[$1] <<= $2 }, partByDouble: { $0[$1] <<= $2 }, variable: { $0 <<= $1 },
            constant: { $0 <<= $1 }),
        Operator(
            name: ">>=", isForIntegersOnly: true, number: { Double(Int($0) >> Int($1)) }, part: { $0[$1] >>= $2 },
            partByInt: { $0[$1] >>= $2 }, partByDouble: { $0[$1] >>= $2 }, variable: { $0 >>= $1 },
            constant: { $0 >>= $1 }),
    ]

    /// Lists of indices for a tensor of shape [3, 4, 2].
    private let indices: [(name: String, items: [TensorIndexItem])] = [
        ("position", [.position(1)]),
        ("negative position", [.position(-1), .position(0)]),
        ("element", [.position(2), .position(3), .position(1)]),
        ("slice", [.slice(start: 1, end: 3, step: 1)]),
        ("slice with a step", [.all, .slice(start: 0, end: nil, step: 2)]),
        ("ellipsis", [.ellipsis, .position(1)]),
        ("new dimension", [.newAxis, .position(0)]),
        ("nothing", [.slice(start: 2, end: 2, step: 1)]),
        ("mask of all", [.tensor((Tensor.arange(24).reshape(3, 4, 2) % 3) .== 1)]),
        ("mask of rows", [[true, false, true].mask]),
        ("mask of a middle dimension", [.all, [false, true, true, false].mask]),
        ("mask of two dimensions", [.tensor((Tensor.arange(12).reshape(3, 4) % 5) .== 2)]),
        ("mask of nothing", [[false, false, false].mask]),
        ("mask and position", [[true, false, true].mask, .position(2)]),
        ("positions", [[0, 2].index]),
        ("negative positions", [[-1].index, [-2].index]),
        ("no positions", [([] as [Int]).index]),
        ("positions with repetitions", [[0, 0, 1].index]),
        ("pairs", [[0, 2, 0].index, [3, 1, 2].index]),
        ("pairs apart", [[0, 2].index, .all, [1, 0].index]),
        ("position and positions", [.position(1), [3, 0].index]),
        ("slice and positions", [.slice(start: 1, end: nil, step: 1), [1, 3].index]),
        ("positions and slice", [[2, 0].index, .slice(start: 1, end: 3, step: 1)]),
        ("index tensor of two dimensions", [.all, .tensor(Tensor([[0, 1], [3, 2]]))]),
        ("index tensors that broadcast", [.tensor(Tensor([[0], [2]])), .tensor(Tensor([1, 3]))]),
        ("new dimension and positions", [.newAxis, [1, 0].index]),
        ("positions and new dimension", [[2, 1].index, .newAxis]),
        ("ellipsis and positions", [.ellipsis, [1].index]),
        ("true", [true.index]),
        ("false", [false.index]),
    ]

    private func values(_ isInteger: Bool) -> [Double] {
        (0..<24).map { Double(($0 * 7) % 11 + 1) + (isInteger ? 0 : 0.5) }
    }

    private func start(_ dtype: DType) -> Tensor {
        Tensor(values(!dtype.isFloatingPoint), shape: [3, 4, 2], dtype: dtype)
    }

    /// What is to come of it: the elements that reading the index gives, in its order.
    private func expected(
        _ op: Operator, _ items: [TensorIndexItem], _ dtype: DType, _ right: (Int) -> Double
    ) -> [Double] {
        let old = values(!dtype.isFloatingPoint)
        var new = old
        let places = Tensor.arange(24).reshape(3, 4, 2)[items].toArray(Int.self)
        for (i, place) in places.enumerated() { new[place] = op.number(old[place], right(i)) }
        return new
    }

    @Test("Every operator writes where reading the index would read", arguments: operators, [DType.int64, .float64])
    func table(op: Operator, dtype: DType) {
        if op.isForIntegersOnly && dtype.isFloatingPoint || op.name == "/=" && !dtype.isFloatingPoint { return }
        for (name, items) in indices {
            let label = "\(op.name) \(dtype), \(name)"
            let x = start(dtype)
            let (alias, version) = (x[0], x.version)
            op.partByInt(x, items, 3)
            #expect(x.toArray(Double.self) == expected(op, items, dtype) { _ in 3 }, "\(label), by a number")
            #expect(alias.toArray(Double.self) == x[0].toArray(Double.self), "\(label): a view does not see it")
            #expect(x.version > version, "\(label): the write is not counted")

            let y = start(dtype)
            let shape = y[items].shape
            let right = Tensor.arange(shape.reduce(1, *)).reshape(shape).to(dtype) % 3 + 1
            op.part(y, items, right)
            #expect(
                y.toArray(Double.self) == expected(op, items, dtype) { Double($0 % 3 + 1) }, "\(label), by a tensor")

            guard dtype.isFloatingPoint else { continue }
            let z = start(dtype)
            op.partByDouble(z, items, 2.5)
            #expect(z.toArray(Double.self) == expected(op, items, dtype) { _ in 2.5 }, "\(label), by 2.5")
        }
    }

    @Test("Gradients of parts that are changed agree with finite differences", arguments: operators)
    func gradients(op: Operator) {
        if op.isForIntegersOnly { return }
        for (name, items) in indices where name != "positions with repetitions" {
            let x = start(.float64)
            let shape = x[items].shape
            if shape.contains(0) { continue }
            var random = TestRandom("compound assignment \(op.name) \(name)")
            let right = Tensor(random.values(shape.reduce(1, *), in: 1.2...1.9), shape: shape, dtype: .float64)
            expectGradients(order: name == "pairs" ? 2 : 1, at: [x, right], label: "\(op.name), \(name)") {
                let y = $0[0] * 1.0625
                op.part(y, items, $0[1])
                op.partByDouble(y, items, 1.5)
                return [y * y]
            }
        }
    }

    @Test("Each number of indices, in the brackets as they are written")
    func brackets() {
        let x = Tensor.zeros([2, 2, 2, 2, 2], dtype: .int64)
        x[[0]] += 1
        x[0, [1]] += 10
        x[.all, 0, [0]] += 100
        x[1, .ellipsis, [1]] += 1000
        x[0, 0, 0, [1, 0]] += 10_000
        x[0, 0, 0, 0, [1]] += 100_000
        x[x .== 0] -= 1
        var expected = [Int](repeating: 0, count: 32)
        for i in 0..<32 {
            let (a, b, c, e) = (i / 16, i / 8 % 2, i / 4 % 2, i % 2)
            let d = i / 2 % 2
            if a == 0 { expected[i] += 1 }
            if a == 0 && b == 1 { expected[i] += 10 }
            if b == 0 && c == 0 { expected[i] += 100 }
            if a == 1 && e == 1 { expected[i] += 1000 }
            if a == 0 && b == 0 && c == 0 { expected[i] += 10_000 }
            if a + b + c + d == 0 && e == 1 { expected[i] += 100_000 }
            if expected[i] == 0 { expected[i] = -1 }
        }
        #expect(x.toArray(Int.self) == expected)
    }

    @Test("Variables and constants stay the tensors that they are, in their memory", arguments: operators)
    func identity(op: Operator) {
        let dtype: DType = op.isForIntegersOnly ? .int64 : .float64
        let right = Tensor.full([3, 4, 2], 3, dtype: dtype)
        let x = start(dtype)
        let (view, version) = (x[1...], x.version)
        var variable = x
        op.variable(&variable, right)
        #expect(variable === x && x.version == version + 1, "\(op.name)")
        op.constant(x, right)
        #expect(x.version == version + 2, "\(op.name)")
        let once = values(op.isForIntegersOnly).map { op.number($0, 3) }
        #expect(x.toArray(Double.self) == once.map { op.number($0, 3) }, "\(op.name)")
        #expect(view.toArray(Double.self) == Array(x.toArray(Double.self)[8...]), "\(op.name)")
    }

    @Test("A part that is a view is written once")
    func viewsAreWrittenOnce() {
        let x = Tensor.zeros(3, 4)
        let version = x.version
        x[1] += 1
        x[.all, 1..<3] *= 2
        #expect(x.version == version + 2)
        #expect(x[1].toArray(Double.self) == [1, 2, 2, 1])
        let path = \Tensor.[0]
        x[keyPath: path] -= 1
        #expect(x[0].toArray(Double.self) == [-1, -1, -1, -1])
    }

    @Test("Places that are named several times get one of the values")
    func repetitions() {
        let x = Tensor([1, 2, 3])
        x[[0, 0, 1]] += 1
        #expect(x.toArray(Int.self) == [2, 3, 3])
        x[[2, 2]] += Tensor([10, 20])
        #expect(x.toArray(Int.self) == [2, 3, 23])
    }

    @Test("Parameters in properties, arrays and dictionaries, under noGrad, and gradients")
    func places() {
        final class Model {
            let fixed = Tensor([1.0, 2], requiresGrad: true)
            var variable = Tensor([1.0, 2], requiresGrad: true)
        }
        let model = Model()
        let all = [model.fixed, model.variable]
        let named = ["a": model.fixed]
        noGrad {
            model.fixed += 1
            model.variable -= 1
            model.fixed[[0]] *= 5
            model.variable[model.variable > 0] *= 3
            all[0] += 1
            named["a"]! += 1
            for tensor in all { tensor *= 2 }
        }
        #expect(model.fixed.toArray(Double.self) == [24, 10])
        #expect(model.variable.toArray(Double.self) == [0, 6])
        #expect(all[1] === model.variable)
        (model.fixed * 3).sum().backward()
        let gradient = model.fixed.grad!
        model.fixed.grad! *= 2
        model.fixed.grad![[1]] += 1
        model.fixed.grad? -= 1
        #expect(model.fixed.grad === gradient && gradient.toArray(Double.self) == [5, 6])
    }

    @Test("What does not fit is refused, and nothing is written")
    func refusals() throws {
        let cases: [(String, (Tensor) -> Void)] = [
            ("add_", { $0[[0, 1]] += 0.5 }), ("div_", { $0[$0 > 1] /= 2 }), ("add_", { $0[0] += 0.5 }),
            ("mul", { $0[[0, 1]] *= Tensor([1, 2, 3]) }), ("index", { $0[[7]] += 1 }), ("subscript", { $0[7] += 1 }),
        ]
        for (operation, body) in cases {
            let x = Tensor([1, 2, 3])
            let error = #expect(throws: TensorError.self) { try checked { body(x) } }
            #expect(error?.operation == operation, "\(error!)")
            #expect(x.toArray(Int.self) == [1, 2, 3], "\(operation)")
        }
        let leaf = Tensor([1.0, 2], requiresGrad: true)
        #expect(throws: TensorError.self) { try checked { leaf[[0]] += 1 } }
        #expect(throws: TensorError.self) { try checked { leaf[leaf > 1] *= 0 } }
        #expect(leaf.detach().toArray(Double.self) == [1, 2])
    }

    @Test("Assigning the elements that are there cuts their history where the value has none")
    func sameElements() {
        let x = Tensor([1.0, 2, 3], requiresGrad: true)
        for (value, expected) in [(0, [2.0, 2, 2]), (1, [0, 0, 2]), (2, [0, 0, 2])] {
            x.grad = nil
            let y = x * 2
            switch value {
            case 0: y[0..<2] = y[0..<2]
            case 1: y[0..<2] = y.detach()[0..<2]
            default: y[0..<2] = noGrad { y[0..<2] }
            }
            y.sum().backward()
            #expect(x.grad!.toArray(Double.self) == expected, "value \(value)")
        }
    }
}

extension [Bool] {
    fileprivate var mask: TensorIndexItem { .tensor(Tensor(self)) }
}
