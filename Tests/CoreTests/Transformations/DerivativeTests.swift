import TestSupport
import Testing
import TorchlightCore

/// Derivatives by transformations equal those of plain autograd, differences and each other.
@Suite struct DerivativeTests {
    private let random = Generator(seed: 3)
    private func randn(_ shape: Int...) -> Tensor { Tensor.randn(shape, dtype: .float64, generator: random) }
    private func expectSame(_ got: Tensor, _ expected: Tensor, _ label: String, _ distance: Double = 1e-10) {
        expectClose(got, ReferenceArray(expected), .absolute(distance), label)
    }

    private static let functions: [(String, @Sendable (Tensor) -> Tensor)] = [
        ("products", { $0.sin() * $0.flip(0) }), ("softmax", { softmax($0, dim: 0) }),
        ("cumulative", { $0.cumsum(dim: 0).tanh() * $0.exp() }), ("norm", { $0 / $0.norm() }),
        ("matrix", { $0.outer($0).matmul($0.cos()) }), ("logsumexp", { $0.logsumexp(dim: 0) * $0 }),
        ("inverse", { LinAlg.inv($0.diagEmbed() + 3 * Tensor.ones([3, 3], dtype: .float64)).matmul($0) }),
    ]

    @Test func gradientsEqualAutograd() {
        let x = randn(3)
        for (name, f) in Self.functions {
            let leaf = x.clone().requiresGrad_()
            f(leaf).sum().backward()
            let (value, gradient) = valueAndGrad { f($0).sum() }(x)
            expectSame(gradient, leaf.grad!, name)
            expectSame(value, f(x).sum(), name)
            #expect(!gradient.requiresGrad && !value.requiresGrad && x.grad == nil, "\(name)")
        }
    }

    @Test func tangentsEqualDifferencesAndTransposes() {
        let (x, v, w) = (randn(3), randn(3), randn(3))
        for (name, f) in Self.functions {
            let (value, tangent) = jvp(f, primals: x, tangents: v)
            let h = 1e-6
            expectSame(value, f(x), name)
            expectSame(tangent, (f(x + v * h) - f(x - v * h)) / (2 * h), name, 1e-7)
            let (_, pullback) = vjp(f, x)
            expectSame((w * tangent).sum(), (pullback(w) * v).sum(), "\(name): <w, Jv> = <J'w, v>")
            let (_, derivative) = linearize(f, x)
            expectSame(derivative(v), tangent, "\(name): linearize")
            expectSame(jacrev(f)(x).matmul(v), tangent, "\(name): jacrev")
            expectSame(jacfwd(f)(x), jacrev(f)(x), "\(name): jacfwd")
            expectSame(jacfwd(f, chunkSize: 2)(x), jacrev(f, chunkSize: 2)(x), "\(name): chunks")
        }
    }

    @Test func secondDerivatives() {
        let (x, v) = (randn(3), randn(3))
        for (name, f) in Self.functions {
            let scalar: @Sendable (Tensor) -> Tensor = { f($0).pow(2).sum() }
            let second = hessian(scalar)(x)
            expectSame(second, jacrev(jacfwd(scalar))(x), "\(name): jacrev of jacfwd", 1e-9)
            expectSame(second, jacrev(grad(scalar))(x), "\(name): jacrev of grad", 1e-9)
            expectSame(second, second.mT, "\(name): symmetry", 1e-9)
            let (gradient, product) = hvp(scalar, primals: x, tangents: v)
            expectSame(gradient, grad(scalar)(x), "\(name): gradient")
            expectSame(product, second.matmul(v), "\(name): product", 1e-9)
        }
    }

    @Test func transformationsNest() {
        let x = randn(4, 3)
        for (name, f) in Self.functions {
            let scalar: @Sendable (Tensor) -> Tensor = { f($0).sum() }
            let rows = stack((0..<4).map { grad(scalar)(x[$0]) }, dim: 0)
            expectSame(vmap(grad(scalar))(x), rows, "\(name): vmap of grad")
            expectSame(grad { vmap(scalar)($0).sum() }(x), rows, "\(name): grad of vmap")
            let hessians = stack((0..<4).map { hessian(scalar)(x[$0]) }, dim: 0)
            expectSame(vmap(hessian(scalar))(x), hessians, "\(name): vmap of hessian", 1e-9)
            let penalty = grad { vmap(grad(scalar))($0).pow(2).sum() }(x)
            let expected = stack((0..<4).map { 2 * hessian(scalar)(x[$0]).matmul(rows[$0]) }, dim: 0)
            expectSame(penalty, expected, "\(name): grad of vmap of grad", 1e-9)
            let (_, tangent) = jvp({ vmap(f)($0) }, primals: x, tangents: x)
            expectSame(tangent, vmap { jvp(f, primals: $0, tangents: $0).tangent }(x), "\(name): jvp of vmap")
        }
        let cube: (Tensor) -> Tensor = { $0 * $0 * $0 }
        expectSame(grad(grad(grad(cube)))(Tensor(2.0, dtype: .float64)), Tensor(6.0, dtype: .float64), "third")
    }

    @Test func containersAuxiliaryAndArguments() {
        let (x, w) = (randn(3), randn(3))
        let f: ([String: [Tensor]], Tensor) -> (Tensor, Tensor) = { p, x in
            let y = p["w"]![0] * x + p["w"]![1]
            return (y.pow(2).sum(), y)
        }
        let parameters = ["w": [w, x]]
        let (value, gradient, auxiliary) = valueAndGrad(hasAux: f)(parameters, x)
        let y = w * x + x
        expectSame(value, y.pow(2).sum(), "value")
        expectSame(gradient["w"]![0], 2 * y * x, "gradient")
        expectSame(gradient["w"]![1], 2 * y, "gradient of the second")
        expectSame(auxiliary, y, "auxiliary")
        #expect(!auxiliary.requiresGrad)
        let both = grad({ ($0 * $1.pow(2)).sum() }, argnums: [1, 0])(w, x)
        expectSame(both[0], 2 * w * x, "argnums 1")
        expectSame(both[1], x.pow(2), "argnums 0")
        let unused = grad { (p: [Tensor]) in p[0].sum() }([w, x])
        expectSame(unused[1], x * 0, "unused argument")
    }

    @Test func gradientsOfOtherTensorsFlowThrough() {
        let (x, w) = (randn(3), randn(3).requiresGrad_())
        grad { (w * $0 * $0).sum() }(x).sum().backward()
        expectSame(w.grad!, 2 * x, "through the gradient")
        let g = noGrad { grad { ($0 * $0).sum() }(x) }
        expectSame(g, 2 * x, "under noGrad")
        let p = x.clone().requiresGrad_()
        vmap { grad { ($0 * $0 * $0).sum() }($0).sum() }(p.unsqueeze(0)).sum().backward()
        expectSame(p.grad!, 6 * x, "through vmap of grad")
    }

    @Test func jacobiansOfStructures() {
        let (x, w) = (randn(3), randn(2, 3))
        let f: ([String: Tensor]) -> [Tensor] = { p in [p["w"]!.matmul(p["x"]!), p["x"]!.sum()] }
        for (name, jacobians) in [("jacrev", jacrev(f)(["w": w, "x": x])), ("jacfwd", jacfwd(f)(["w": w, "x": x]))] {
            #expect(jacobians.count == 2, "\(name)")
            #expect(jacobians[0]["w"]!.shape == [2, 2, 3], "\(name)")
            expectSame(jacobians[0]["x"]!, w, name)
            expectSame(jacobians[1]["x"]!, Tensor.ones([3], dtype: .float64), name)
            expectSame(jacobians[1]["w"]!, w * 0, "\(name), no dependence")
        }
        let g: (Tensor, Tensor) -> Tensor = { ($0 * $1.square()).sum() }
        let blocks = hessian(g, argnums: [0, 1])(x, x)
        expectSame(blocks[0][0], Tensor.zeros([3, 3], dtype: .float64), "block 0, 0")
        expectSame(blocks[0][1], (2 * x).diag(), "block 0, 1")
        expectSame(blocks[1][1], (2 * x).diag(), "block 1, 1")
        expectSame(jacrev(g, argnums: -1)(x, x), 2 * x * x, "the last argument")
        #expect(jacrev { $0.sum() }(Tensor.zeros([0], dtype: .float64)).shape == [0])
        #expect(jacfwd { $0 * 2 }(Tensor.zeros([0], dtype: .float64)).shape == [0, 0])
    }

    @Test func pullbacksAndDerivativesAreUsedAgain() {
        let (x, w, v) = (randn(3), randn(3), randn(3))
        let (y, pullback) = vjp({ (a: Tensor, b: Tensor) in a * b.sin() }, x, w)
        expectSame(y, x * w.sin(), "value")
        for factor in [1.0, 2] {
            let (byX, byW) = pullback(v * factor)
            expectSame(byX, factor * v * w.sin(), "first argument")
            expectSame(byW, factor * v * x * w.cos(), "second argument")
        }
        let (_, derivative) = linearize({ (p: [Tensor]) in [p[0] * p[1]] }, [x, w])
        for factor in [1.0, 2] {
            expectSame(derivative([v * factor, w])[0], factor * v * w + x * w, "linearize")
        }
        // The pullback is linear, and differentiable in its cotangent.
        expectSame(grad { pullback($0).0.sum() }(v), w.sin(), "derivative of a pullback")
    }

    @Test func functionsMayBranchAndChangeTheirOwnTensors() {
        let f: (Tensor) -> Tensor = { x in
            let y = x * 2
            y.mul_(x)
            y[0...0] = x[1...1]
            return y.sum().item() > 0 ? y.sum() : -y.sum()
        }
        for x in [Tensor([1.0, 2, 3], dtype: .float64), Tensor([1.0, -200, 3], dtype: .float64)] {
            let leaf = x.clone().requiresGrad_()
            f(leaf).backward()
            expectSame(grad(f)(x), leaf.grad!, "grad")
            expectSame(jvp(f, primals: x, tangents: x).tangent, leaf.grad!.dot(x), "jvp")
        }
        let stopped: (Tensor) -> Tensor = { ($0 * $0.detach()).sum() }
        let x = randn(3)
        expectSame(jvp(stopped, primals: x, tangents: x).tangent, x.dot(x), "detach stops tangents")
        expectSame(
            jvp({ x in noGrad { x.sum() } }, primals: x, tangents: x).tangent, x.sum() * 0, "noGrad stops tangents")
        expectSame(jvp({ _ in x.sum() }, primals: x, tangents: x).tangent, x.sum() * 0, "constants")
    }

    @Test func complexFunctions() {
        let (a, b) = (randn(3), randn(3))
        let magnitude: (Tensor, Tensor) -> Tensor = { complex($0, $1).exp().abs().sum() }
        expectSame(grad(magnitude)(a, b), a.exp(), "real part")
        let h: (Tensor) -> Tensor = { complex($0, b).square().real }
        expectSame(jvp(h, primals: a, tangents: b).tangent, 2 * a * b, "jvp through complex numbers")
        expectSame(jacfwd(h)(a), (2 * a).diag(), "jacfwd through complex numbers")
        expectSame(vmap(jacrev(h))(a.unsqueeze(0))[0], (2 * a).diag(), "mapped")
        expectRefusal(by: "jacrev", .dtype) { jacrev { $0 * 2 }(complex(a, b)) }
        expectRefusal(by: "grad", .dtype) { grad { complex($0, b).sum() }(a) }
    }

    private struct Cube: CustomFunction {
        static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
            context.save(inputs[0])
            return [inputs[0] * inputs[0] * inputs[0]]
        }
        static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
            [3 * context.saved[0].square() * gradients[0]]
        }
    }

    @Test func customFunctions() {
        let (x, v) = (randn(3), randn(3))
        let f: (Tensor) -> Tensor = { Cube.apply($0)[0].sum() }
        expectSame(grad(f)(x), 3 * x * x, "grad")
        expectSame(jvp(f, primals: x, tangents: v).tangent, (3 * x * x * v).sum(), "jvp")
        expectSame(hessian(f)(x), (6 * x).diag(), "hessian")
        expectSame(jacrev { Cube.apply($0)[0] }(x), (3 * x * x).diag(), "jacrev")
        let rows = randn(4, 3)
        expectSame(vmap { Cube.apply($0)[0] }(rows), rows * rows * rows, "vmap")
        expectSame(vmap(grad(f))(rows), 3 * rows * rows, "vmap of grad")
        // Its backward pass is not part of what vmap records.
        expectRefusal(by: "vmap", .autograd) { grad { vmap(f)($0).sum() }(rows) }
    }

    @Test func refusals() {
        let x = randn(3)
        func refused(_ label: String, _ body: () -> Void) {
            #expect(throws: TensorError.self, "\(label)") { try checked(body) }
        }
        refused("no number") { _ = grad { $0 * 2 }(x) }
        refused("integers") { _ = grad { ($0 * 2).sum() }(Tensor([1, 2])) }
        refused("no such argument") { _ = grad({ ($0 * $1).sum() }, argnums: 2)(x, x) }
        refused("repeated in argnums") { _ = grad({ ($0 * $1).sum() }, argnums: [0, 0])(x, x) }
        refused("shape of a tangent") { _ = jvp({ $0 * 2 }, primals: x, tangents: randn(4)) }
        refused("shape of a cotangent") {
            let (_, pullback) = vjp({ (x: Tensor) in x * 2 }, x)
            _ = pullback(randn(4))
        }
    }
}
