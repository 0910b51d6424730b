import TestSupport
import Testing
import TorchlightCore

/// Uses of function transformations, each against a known answer.
@Suite struct TransformationExampleTests {
    private let random = Generator(seed: 8)
    private func randn(_ shape: Int...) -> Tensor { Tensor.randn(shape, dtype: .float64, generator: random) }
    private func expectSame(_ got: Tensor, _ expected: Tensor, _ label: String, _ distance: Double = 1e-10) {
        expectClose(got, ReferenceArray(expected), .absolute(distance), label)
    }

    /// Gradients of single samples, each cut to norm 1 before the mean, as in differentially private training.
    @Test func perSampleGradientClipping() {
        let (w, x, y) = (randn(3), randn(6, 3), randn(6))
        let loss: (Tensor, Tensor, Tensor) -> Tensor = { w, x, y in ((w * x).sum() - y).pow(2) }
        let gradients = vmap(grad(loss), inDims: [nil, 0, 0])(w, x, y)
        let norms = gradients.pow(2).sum(dim: 1, keepdim: true).sqrt()
        let clipped = (gradients / norms.clamp(min: 1)).mean(dim: 0)
        var sum = Tensor.zeros([3], dtype: .float64)
        for i in 0..<6 {
            let g = 2 * ((w * x[i]).sum() - y[i]) * x[i]
            sum = sum + g / max(g.pow(2).sum().sqrt().item(), 1)
        }
        expectSame(clipped, sum / 6, "mean of the clipped gradients")
    }

    /// The gradient through an inner step of gradient descent (Finn et al., 2017).
    @Test func gradientThroughAnInnerStep() {
        let (w, tasks, targets, rate) = (randn(4), randn(3, 4), randn(3, 4), 0.1)
        let outer: (Tensor, Tensor, Tensor) -> Tensor = { w, a, b in
            let inner = grad { w in 0.5 * (w - a).pow(2).sum() }(w)
            return 0.5 * (w - rate * inner - b).pow(2).sum()
        }
        let gradient = grad { w in vmap(outer, inDims: [nil, 0, 0])(w, tasks, targets).mean() }(w)
        let adapted = w - rate * (w - tasks)
        expectSame(gradient, ((1 - rate) * (adapted - targets)).mean(dim: 0), "gradient of the initial weights")
    }

    /// The derivative of the solution of dx/dt = -k x by the rate k, through the steps of the classical method of order 4.
    @Test func derivativeOfASolutionOfADifferentialEquation() {
        let (steps, h) = (100, 0.02)
        func solution(_ k: Tensor, _ x0: Tensor) -> Tensor {
            func slope(_ x: Tensor) -> Tensor { -k * x }
            let times = Tensor.zeros([steps], dtype: .float64)
            return scan(
                { (x: Tensor, _: Tensor) in
                    let a = slope(x)
                    let b = slope(x + a * (h / 2))
                    let c = slope(x + b * (h / 2))
                    let d = slope(x + c * h)
                    return (x + (a + 2 * b + 2 * c + d) * (h / 6), x)
                }, x0, over: times
            ).state
        }
        let (k, x0) = (Tensor([0.5, 1.5], dtype: .float64), Tensor(2.0, dtype: .float64))
        let exact = 2 * (-2.0 * k).exp()
        expectSame(vmap({ solution($0, $1) }, inDims: [0, nil])(k, x0), exact, "solution", 1e-8)
        expectSame(vmap(grad { solution($0, $1) }, inDims: [0, nil])(k, x0), -2.0 * exact, "derivative", 1e-8)
    }

    /// A Newton step by conjugate gradients on products with the Hessian reaches the minimum of a quadratic function.
    @Test func hessianFreeStep() {
        let (m, b, x) = (randn(4, 4), randn(4), randn(4))
        let a = m.matmul(m.mT) + Tensor.eye(4, dtype: .float64)
        let f: (Tensor) -> Tensor = { x in 0.5 * x.dot(a.matmul(x)) - b.dot(x) }
        let gradient = grad(f)(x)
        var (step, residual) = (x * 0, -gradient)
        var direction = residual
        for _ in 0..<4 {
            let product = hvp(f, primals: x, tangents: direction).product
            let length = residual.dot(residual) / direction.dot(product)
            let next = residual - length * product
            step = step + length * direction
            direction = next + next.dot(next) / residual.dot(residual) * direction
            residual = next
        }
        expectSame(a.matmul(x + step), b, "minimum", 1e-8)
    }
}
