import TestSupport
import Testing
@testable import TorchlightCore

/// What autograd accepts, refuses and frees where programs go beyond forward, backward and step.
@Suite("Rules of autograd")
struct AutogradRuleTests {
    private func leaf(_ values: [Double]) -> Tensor { Tensor(values, dtype: .float64, requiresGrad: true) }
    private func values(_ tensor: Tensor?) -> [Double]? { tensor?.toArray(Double.self) }

    // MARK: Passes over one graph

    @Test("A second pass is refused only by operations that saved something", arguments: [false, true])
    func secondPass(savesSomething: Bool) throws {
        let w = leaf([1, 2, 3, 4, 5, 6])
        let shared = savesSomething ? (w * w).reshape(2, 3).T : w.reshape(2, 3).T
        (shared[0] * 2).sum().backward()
        if savesSomething {
            let error = #expect(throws: TensorError.self) { try checked { shared[1].sum().backward() } }
            #expect(error!.description.contains("freed by an earlier backward pass (at mul)"), "\(error!)")
        } else {
            shared[1].sum().backward()
            #expect(values(w.grad) == [2, 1, 0, 2, 1, 0])
        }
    }

    @Test("A custom function that saved nothing can be passed again, one that saved something cannot")
    func secondPassOfCustomFunctions() throws {
        struct Twice: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] { [inputs[0] * 2] }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] { [gradients[0] * 2] }
        }
        struct Saving: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
                context.save(inputs[0])
                return [inputs[0] * 2]
            }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] { [gradients[0] * 2] }
        }
        let x = leaf([1])
        let y = Twice.apply(x)[0]
        y.backward()
        y.backward()
        #expect(values(x.grad) == [4])
        let z = Saving.apply(x)[0]
        z.backward()
        #expect(throws: TensorError.self) { try checked { z.backward() } }
    }

    @Test("What is packed by hooks counts as saved")
    func secondPassOfPackedTensors() throws {
        let x = leaf([3])
        let y = savedTensorsHooks(pack: { $0 }, unpack: { $0 }) { x * x }
        y.backward()
        #expect(throws: TensorError.self) { try checked { y.backward() } }
    }

    // MARK: Gradients that do not fit

    @Test("Gradients of another number, shape or device are refused")
    func wrongGradients() throws {
        let x = leaf([1, 2])
        let y = x * 2
        let elsewhere = Tensor.ones([2], dtype: .float64, device: .meta)
        let cases: [(String, TensorError.Kind, () -> Void)] = [
            ("fewer gradients than outputs", .value, { _ = grad(outputs: [y, y], inputs: [x], gradOutputs: [y]) }),
            ("more gradients than outputs", .value, { _ = grad(outputs: [y], inputs: [x], gradOutputs: [y, y]) }),
            ("shape", .shape, { y.backward(gradient: Tensor([1.0])) }),
            ("shape of a leaf", .shape, { x.backward(gradient: Tensor([[1.0, 1]])) }),
            ("device", .device, { y.backward(gradient: elsewhere) }),
            ("device of a leaf", .device, { x.backward(gradient: elsewhere) }),
            ("grad of another shape", .shape, { x.grad = Tensor([1.0], dtype: .float64) }),
            ("grad of another dtype", .shape, { x.grad = Tensor([1.0, 2], dtype: .float32) }),
            ("grad on another device", .shape, { x.grad = elsewhere }),
            ("grad of itself", .autograd, { x.grad = x }),
        ]
        for (what, kind, body) in cases {
            let error = #expect(throws: TensorError.self, "\(what)") { try checked { body() } }
            #expect(error?.kind == kind, "\(what): \(error!)")
            #expect(x.grad == nil, "\(what)")
        }
    }

    @Test("A hook that returns a gradient of another shape, dtype or device is refused, on leaves and on results")
    func wrongGradientsOfHooks() throws {
        let hooks: [(String, (Tensor) -> Tensor?)] = [
            ("shape", { $0.sum() }), ("dtype", { $0.to(.float32) }),
            ("device", { Tensor.ones($0.shape, dtype: $0.dtype, device: .meta) }),
        ]
        for (what, hook) in hooks {
            for isLeaf in [true, false] {
                let x = leaf([1, 2])
                let y = x * 1
                (isLeaf ? x : y).registerHook(hook)
                let error = #expect(throws: TensorError.self, "\(what), leaf: \(isLeaf)") {
                    try checked { (y * 2).sum().backward() }
                }
                #expect(error?.operation == "registerHook", "\(what), leaf: \(isLeaf)")
                #expect(x.grad == nil, "\(what), leaf: \(isLeaf)")
            }
        }
    }

    // MARK: In-place operations

    /// In-place operations that need no second tensor with a gradient.
    private static let changes: [(name: String, change: @Sendable (Tensor) -> Void)] = [
        ("mul_", { $0.mul_(3) }), ("add_", { $0.add_(1) }), ("sub_", { $0.sub_(1) }), ("div_", { $0.div_(2) }),
        ("pow_", { $0.pow_(2) }), ("fill_", { $0.fill_(0) }), ("zero_", { $0.zero_() }), ("relu_", { $0.relu_() }),
        ("clamp_", { $0.clamp_(max: 0) }), ("sigmoid_", { $0.sigmoid_() }), ("exp_", { $0.exp_() }),
        ("neg_", { $0.neg_() }), ("floor_", { $0.floor_() }), ("gt_", { $0.gt_(1) }),
        ("uniform_", { $0.uniform_(generator: Generator(seed: 1)) }),
        ("bernoulli_", { $0.bernoulli_(generator: Generator(seed: 1)) }), ("copy_", { $0.copy_(Tensor([7.0])) }),
        ("maskedFill_", { $0.maskedFill_($0.detach() > 0, 0) }), ("indexFill_", { $0.indexFill_(0, Tensor([0]), 9) }),
        ("indexPut_", { $0.indexPut_([Tensor([0])], Tensor([9.0])) }), ("cumsum_", { $0.cumsum_(dim: 0) }),
        ("renorm_", { $0.unsqueeze(0).renorm_(p: 2, dim: 0, maxNorm: 0.1) }), ("logit_", { $0.logit_(eps: 0.1) }),
        ("+=", { $0 += 1 }), ("[0] =", { $0[0] = 0 }), ("[0] *=", { $0[0] *= 2 }), ("[[0]] =", { $0[[0]] = 0 }),
        ("[[0]] +=", { $0[[0]] += 1 }), ("[mask] *=", { $0[$0.detach() > 0] *= 0 }),
        ("withUnsafeMutableBytes", { $0.withUnsafeMutableBytes { if !$0.isEmpty { $0[0] = 1 } } }),
        ("transpose_", { $0.transpose_(0, 0).t_() }),
    ]

    @Test("A view made under noGrad of a result is not changed outside of it, by any operation")
    func viewsFromNoGrad() {
        let views: [(String, (Tensor) -> Tensor)] = [
            ("slice", { y in noGrad { y[0..<2] } }), ("part of split", { y in noGrad { y.split(2) }[0] }),
            ("part of chunk", { y in noGrad { y.chunk(2) }[1] }), ("view", { y in noGrad { y.view([4]) } }),
            (
                "view of a view",
                { y in
                    let v = y[0..<3]; return noGrad { v[0..<2] }
                }
            ),
            ("in inferenceMode", { y in inferenceMode { y[0..<2] } }),
            (
                "recorded view of it",
                { y in
                    let v = noGrad { y[0..<3] }; return v[0..<2]
                }
            ),
            (
                "result of a helper",
                { y in
                    func part(_ x: Tensor) -> Tensor { noGrad { x.narrow(0, start: 1, length: 2) } }; return part(y)
                }
            ),
        ]
        for (kind, view) in views {
            for (name, change) in Self.changes where name != "transpose_" {
                let x = leaf([1, 2, 3, 4])
                let y = x * 1
                let part = view(y)
                let error = #expect(throws: TensorError.self, "\(name), \(kind)") { try checked { change(part) } }
                #expect(error?.kind == .autograd, "\(name), \(kind): \(error!)")
                #expect(values(y) == [1, 2, 3, 4], "\(name), \(kind): written nevertheless")
            }
        }
    }

    @Test("Neither leaves that require a gradient nor views of them are changed outside of noGrad, by any operation")
    func leaves() {
        for (name, change) in Self.changes {
            for isView in [false, true] where !(isView && name == "transpose_") {
                let x = leaf([1, 2])
                let error = #expect(throws: TensorError.self, "\(name), view: \(isView)") {
                    try checked { change(isView ? x[0..<2] : x) }
                }
                #expect(error?.kind == .autograd, "\(name), view: \(isView): \(error!)")
                #expect(values(x.detach()) == [1, 2], "\(name), view: \(isView): written nevertheless")
            }
        }
    }

    @Test("Parts of a split tensor may be changed in place, and the gradient follows")
    func parts() {
        let ways: [(String, (Tensor) -> [Tensor])] = [
            ("split", { $0.split(2) }), ("chunk", { $0.chunk(2) }), ("unbind", { $0.view([2, 2]).unbind() }),
        ]
        for (name, split) in ways {
            let x = leaf([1, 2, 3, 4])
            let y = x * 1
            let parts = split(y)
            parts[0].mul_(5)
            parts[1].zero_()
            (y.sum() + parts[0].sum()).backward()
            #expect(values(x.grad) == [10, 10, 0, 0], "\(name)")
        }
    }

    @Test("detach_ leaves the views of before their history, until the memory changes")
    func detachedBase() {
        let x = leaf([1, 2])
        let y = x * 3
        let view = y[0]
        y.detach_()
        #expect(!y.requiresGrad && view.requiresGrad)
        (view * 2 + y.sum()).backward()
        #expect(values(x.grad) == [6, 0])
        let z = x * 3
        let (first, second) = (z[0], z[1])
        z.detach_()
        second.mul_(2)
        #expect(z.requiresGrad, "the part that was changed has a history")
        z.fill_(0)
        #expect((z.sum() + first + second).item() == 0)
        x.grad = nil
        let u = x * 3
        let part = u[0]
        u.detach_().fill_(7)
        #expect(!part.requiresGrad && part.item() == 7)
    }

    @Test("An operation in place gives the gradients of the plain one to a retained gradient too")
    func retainedGradients() {
        let x = leaf([1, 2, 3, 4])
        let ways: [(String, (Tensor) -> Void, [Double])] = [
            ("mul_", { $0.mul_(2) }, [2, 2, 2, 2]),
            (
                "+=",
                {
                    var y = $0; y += 1
                }, [1, 1, 1, 1]
            ),
            ("slice", { $0[0..<2] = 0 }, [0, 0, 1, 1]), ("slice +=", { $0[0..<2] += 3 }, [1, 1, 1, 1]),
            ("mask", { $0[$0 > 2] *= 5 }, [1, 1, 5, 5]), ("relu_", { $0.relu_() }, [1, 1, 1, 1]),
            ("view", { $0.view([2, 2])[0].mul_(3) }, [3, 3, 1, 1]), ("t_", { $0.unsqueeze_(0).t_() }, [1, 1, 1, 1]),
        ]
        for (name, change, expected) in ways {
            x.grad = nil
            let y = x * 1
            let part = y[0]
            y.retainGrad()
            part.retainGrad()
            change(y)
            (y.sum() + part * 10).backward()
            #expect(y.grad?.toArray(Double.self).last == 1, "\(name)")
            #expect(part.grad?.item() == 10 || name == "t_", "\(name): \(part.grad as Any)")
            var with = expected
            with[0] += 10 * expected[0]
            #expect(values(x.grad) == with, "\(name)")
        }
    }

    // MARK: Custom functions

    private struct Tenfold: CustomFunction {
        static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] { inputs }
        static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
            gradients.map { $0 * 10 }
        }
    }

    @Test("A custom function that returns its input shares its memory: a change of one is a change of the other")
    func passedOnInputs() throws {
        let x = leaf([1, 2])
        let y = x * 1
        let z = Tenfold.apply(y)[0]
        z.mul_(3)
        #expect(values(y) == [3, 6])
        (y + z).sum().backward()
        #expect(values(x.grad) == [60, 60])
        let w = leaf([1])
        #expect(throws: TensorError.self) { try checked { Tenfold.apply(w)[0].add_(1) } }
        #expect(values(w.detach()) == [1])
    }

    @Test(
        "Results that a custom function keeps, as they are, as views or among its values, do not keep themselves alive")
    func keptResults() {
        struct Keeping: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
                let y = inputs[0].exp()
                context.save(y, y.unsqueeze(0), y[0..<1])
                context.values["result"] = y
                context.values["list"] = [y, y.T]
                return [y]
            }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
                let value = context.values["result"] as! Tensor
                return [gradients[0] * context.saved[1].squeeze(0) + 0 * value]
            }
        }
        weak var result: Tensor?
        weak var storage: Storage?
        let x = leaf([0, 1])
        do {
            let y = Keeping.apply(x)[0]
            result = y
            storage = y.storage
        }
        #expect(result == nil && storage == nil)
        Keeping.apply(x)[0].sum().backward()
        #expect(abs(x.grad![1].item() - 2.718281828459045) < 1e-12)
    }

    // MARK: Bytes

    @Test("A refused write hands out no bytes")
    func refusedWrites() throws {
        let mapped = Array<Float>(repeating: 0, count: 4)
        let readOnly = mapped.withUnsafeBytes { bytes in
            Tensor(
                storage: Storage(
                    bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress!), byteCount: bytes.count, device: .cpu,
                    owner: Tensor([0.0]), isReadOnly: true), layout: Layout(shape: [4]), dtype: .float32)
        }
        let matrix = Tensor.zeros([4, 4])
        let result = leaf([1, 2]) * 2
        let refused: [(String, Tensor)] = [
            ("column", matrix[.all, 0]), ("transposed", matrix.T), ("expanded", Tensor([1.0]).expand(4)),
            ("read-only", readOnly), ("leaf", leaf([1, 2])), ("view of a leaf", leaf([1, 2])[0..<1]),
            ("result", result), ("view under noGrad of a result", noGrad { result[0..<1] }),
            ("without values", Tensor.zeros([4], device: .meta)),
        ]
        for (what, tensor) in refused {
            var count = -1
            #expect(throws: TensorError.self, "\(what)") {
                try checked { tensor.withUnsafeMutableBytes { count = $0.count } }
            }
            #expect(count == 0, "\(what)")
        }
        #expect(matrix.sum().item() == 0)
        var counts: [Int] = []
        let meta = Tensor.zeros([1000], device: .meta)
        _ = try? checked { meta.withUnsafeBytes { counts.append($0.count) } }
        _ = try? checked { meta.withUnsafeElements(as: Float.self) { counts.append($0.count) } }
        _ = try? checked { matrix.withUnsafeElements(as: Double.self) { counts.append($0.count) } }
        let failed = { Tensor.zeros([1000]).add_(Tensor.ones([3])) }
        _ = try? checked { failed().withUnsafeBytes { counts.append($0.count) } }
        _ = try? checked { failed().withUnsafeMutableBytes { counts.append($0.count) } }
        _ = try? checked { failed().withUnsafeElements(as: Float.self) { counts.append($0.count) } }
        #expect(counts == [0, 0, 0, 0, 0, 0])
        noGrad { result.withUnsafeMutableBytes { bytes in for i in bytes.indices { bytes[i] = 0 } } }
        #expect(values(result) == [0, 0])
    }

    // MARK: Messages

    @Test("The place of a call is a line of the program")
    func places() {
        let cases: [(String, Bool)] = [
            ("/home/user/Train/main.swift", true), ("<compiler-generated>", false), ("/<compiler-generated>", false),
            ("", false), ("/x/Sources/TorchlightCore/Tensor/Tensor.swift", false),
            ("/x/Sources/TorchlightTraining/Loop.swift", false),
            ("/tmp/swift-generated-sources/@__swiftmacro_1.swift", false),
        ]
        for (path, expected) in cases { #expect(CallSite.isUserCode(path) == expected, "\(path)") }
    }

    @Test("A number and its noun agree")
    func nouns() throws {
        #expect(quantity(1, "element") == "1 element" && quantity(0, "element") == "0 elements")
        #expect(
            quantity(1, "index", plural: "indices") == "1 index"
                && quantity(2, "index", plural: "indices") == "2 indices")
        let error = #expect(throws: TensorError.self) { try checked { Tensor([1.0]).reshape(2) } }
        #expect(
            error!.description.contains("does not fit 1 element;") || error!.description.contains("fit 1 element, got"))
    }
}
