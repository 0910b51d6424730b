import Torchlight

/// Programs as users write them who take no function of the library where a formula will do: layers, losses and optimisers in
/// element-wise operations, products and reductions. Each is measured operation by operation and compiled; the scripts of the peers
/// have the same programs. Runs only if `--only` selects it.
extension Workloads {
    static let naive = Workload(name: "naive") { context in
        for program in NaivePrograms.all() { program.measure(context) }
    }
}

/// A step of a program on fixed tensors; returns the loss or another result.
struct NaiveProgram {
    let name: String
    /// The number of calls in a round.
    let calls: Int
    let step: () -> Tensor

    init(_ name: String, calls: Int, _ step: @escaping () -> Tensor) {
        self.name = name
        self.calls = calls
        self.step = step
    }

    func measure(_ context: BenchContext) {
        context.measure("naive.\(name).eager", warmUp: 3, rounds: 7, inner: calls) { _ = step() }
        let compiled = compile { [step] () -> Tensor in step() }
        context.measure("naive.\(name).compiled", warmUp: 3, rounds: 7, inner: calls) { _ = compiled() }
    }
}

enum NaivePrograms {
    static func all() -> [NaiveProgram] {
        [
            normAndGELU(), focalLoss(), attention(), rotaryEmbedding(), customOptimizer(), physicsLoss(), lstmCell(),
            mixtureOfGaussians(), imageAugmentation(), softmaxRegression(), contrastiveLoss(), treeOfScalars(),
        ]
    }

    /// Computes the gradients of a loss with respect to parameters, as `zeroGrad`, `backward`.
    private static func differentiate(_ loss: Tensor, _ parameters: [Tensor]) -> Tensor {
        for parameter in parameters { parameter.grad = nil }
        loss.backward()
        return loss.detach()
    }

    private static func parameter(_ sizes: Int..., scale: Double = 1) -> Tensor {
        (Tensor.randn(sizes) * scale).detach().requiresGrad_()
    }

    /// Layer normalisation and GELU, forward and backward.
    private static func normAndGELU() -> NaiveProgram {
        let x = parameter(2048, 768)
        let (weight, bias) = (parameter(768), parameter(768))
        return NaiveProgram("norm_and_gelu", calls: 3) {
            let centred = x - x.mean(dim: -1, keepdim: true)
            let variance = (centred * centred).mean(dim: -1, keepdim: true)
            let y = centred / sqrt(variance + 1e-5) * weight + bias
            let z = 0.5 * y * (1 + tanh(0.7978845608 * (y + 0.044715 * y * y * y)))
            return differentiate((z * z).mean(), [x, weight, bias])
        }
    }

    /// The focal loss of 4,096 boxes and 80 classes (Lin et al., 2017).
    private static func focalLoss() -> NaiveProgram {
        let logits = parameter(4096, 80)
        let targets = (Tensor.rand([4096, 80]) .< 0.05).to(.float32)
        return NaiveProgram("focal_loss", calls: 5) {
            let p = 1 / (1 + exp(-logits))
            let crossEntropy = -(targets * log(p + 1e-8) + (1 - targets) * log(1 - p + 1e-8))
            let likelihood = p * targets + (1 - p) * (1 - targets)
            let alpha = 0.25 * targets + 0.75 * (1 - targets)
            let missed = 1 - likelihood
            return differentiate((alpha * missed * missed * crossEntropy).mean(), [logits])
        }
    }

    /// Causal attention of 8 sequences of 128 tokens in 8 heads of 64.
    private static func attention() -> NaiveProgram {
        let (q, k, v) = (parameter(8, 8, 128, 64), parameter(8, 8, 128, 64), parameter(8, 8, 128, 64))
        let mask = Tensor.ones([128, 128]).tril() .== 0
        return NaiveProgram("attention", calls: 2) {
            let scores = matmul(q, k.transpose(-2, -1)) / 8
            let masked = scores.maskedFill(mask, -1e9)
            let exponentials = exp(masked - masked.amax(dim: -1, keepdim: true))
            let weights = exponentials / exponentials.sum(dim: -1, keepdim: true)
            return differentiate(matmul(weights, v).square().mean(), [q, k, v])
        }
    }

    /// Rotary embedding of queries and keys `[8, 256, 8, 64]` (Su et al., 2021).
    private static func rotaryEmbedding() -> NaiveProgram {
        let (q, k) = (parameter(8, 256, 8, 64), parameter(8, 256, 8, 64))
        let angles = Tensor.arange(256).to(.float32).reshape([256, 1, 1]) * exp(Tensor.arange(32).to(.float32) * -0.28)
        let (cosine, sine) = (cat([cos(angles), cos(angles)], dim: -1), cat([sin(angles), sin(angles)], dim: -1))
        func rotated(_ x: Tensor) -> Tensor {
            let halves = x.chunk(2, dim: -1)
            return x * cosine + cat([-halves[1], halves[0]], dim: -1) * sine
        }
        return NaiveProgram("rotary_embedding", calls: 3) {
            differentiate((rotated(q) * rotated(k)).mean(), [q, k])
        }
    }

    /// Adam with decoupled weight decay and clipping of each element, in operations on four parameters `[512, 512]`.
    private static func customOptimizer() -> NaiveProgram {
        let parameters = (0..<4).map { _ in Tensor.randn([512, 512]) }
        let gradients = (0..<4).map { _ in Tensor.randn([512, 512]) * 0.1 }
        let means = (0..<4).map { _ in Tensor.zeros([512, 512]) }
        let squares = (0..<4).map { _ in Tensor.zeros([512, 512]) }
        let step = Tensor.zeros([])
        return NaiveProgram("custom_optimizer", calls: 10) {
            noGrad {
                step.add_(1)
                let correction1 = 1 - pow(0.9, step)
                let correction2 = 1 - pow(0.999, step)
                for i in 0..<4 {
                    let gradient = gradients[i].clamp(min: -1, max: 1)
                    means[i].mul_(0.9).add_(0.1 * gradient)
                    squares[i].mul_(0.999).add_(0.001 * gradient * gradient)
                    let update = means[i] / correction1 / (sqrt(squares[i] / correction2) + 1e-8)
                    parameters[i].sub_(0.001 * (update + 0.01 * parameters[i]))
                }
                return step
            }
        }
    }

    /// The residual of the equation u" + sin(u) u' + u = 0 for a network with one hidden layer, with its gradient.
    private static func physicsLoss() -> NaiveProgram {
        let (w1, b1) = (parameter(1, 64), parameter(64))
        let (w2, b2) = (parameter(64, 64, scale: 0.1), parameter(64))
        let w3 = parameter(64, 1, scale: 0.1)
        let points = Tensor.linspace(-1, 1, 1024).reshape([1024, 1])
        return NaiveProgram("physics_loss", calls: 10) {
            let x = points.detach().requiresGrad_()
            let u = matmul(tanh(matmul(tanh(matmul(x, w1) + b1), w2) + b2), w3)
            let first = grad(of: u.sum(), withRespectTo: x, createGraph: true)
            let second = grad(of: first.sum(), withRespectTo: x, createGraph: true)
            let residual = second + sin(u) * first + u
            return differentiate((residual * residual).mean(), [w1, b1, w2, b2, w3])
        }
    }

    /// 32 steps of an LSTM cell of 128 units on 64 sequences.
    private static func lstmCell() -> NaiveProgram {
        let inputs = Tensor.randn([32, 64, 128])
        let (wx, wh, b) = (
            parameter(128, 512, scale: 0.05), parameter(128, 512, scale: 0.05), parameter(512, scale: 0.05)
        )
        return NaiveProgram("lstm_cell", calls: 3) {
            var (h, c) = (Tensor.zeros([64, 128]), Tensor.zeros([64, 128]))
            for t in 0..<32 {
                let gates = (matmul(inputs[t], wx) + matmul(h, wh) + b).chunk(4, dim: 1)
                c = sigmoid(gates[1]) * c + sigmoid(gates[0]) * tanh(gates[2])
                h = sigmoid(gates[3]) * tanh(c)
            }
            return differentiate((h * h).mean(), [wx, wh, b])
        }
    }

    /// The negative log-likelihood of 10,000 points under 16 Gaussians in 8 dimensions.
    private static func mixtureOfGaussians() -> NaiveProgram {
        let x = Tensor.randn([10_000, 8])
        let (means, logDeviations, logits) = (parameter(16, 8), parameter(16, 8, scale: 0.1), parameter(16))
        return NaiveProgram("mixture_of_gaussians", calls: 3) {
            let scaled = (x.unsqueeze(1) - means) * exp(-logDeviations)
            let logDensities = -0.5 * (scaled * scaled).sum(dim: -1) - logDeviations.sum(dim: -1) - 7.3515
            let joint = logDensities + (logits - log(exp(logits).sum()))
            let largest = joint.amax(dim: -1, keepdim: true)
            let likelihood = log(exp(joint - largest).sum(dim: -1)) + largest.squeeze(-1)
            return differentiate(-likelihood.mean(), [means, logDeviations, logits])
        }
    }

    /// Brightness, contrast, saturation, gamma, normalisation and noise for 16 images `[3, 224, 224]`.
    private static func imageAugmentation() -> NaiveProgram {
        let images = Tensor.rand([16, 3, 224, 224])
        let noise = Tensor.randn([16, 3, 224, 224])
        let (brightness, contrast) = (Tensor.rand([16, 1, 1, 1]) + 0.5, Tensor.rand([16, 1, 1, 1]) + 0.5)
        let saturation = Tensor.rand([16, 1, 1, 1]) + 0.5
        let mean = Tensor([0.485, 0.456, 0.406]).reshape([3, 1, 1])
        let deviation = Tensor([0.229, 0.224, 0.225]).reshape([3, 1, 1])
        let grey = Tensor([0.299, 0.587, 0.114]).reshape([3, 1, 1])
        return NaiveProgram("image_augmentation", calls: 2) {
            noGrad {
                var x = (images * brightness).clamp(min: 0, max: 1)
                x = ((x - 0.5) * contrast + 0.5).clamp(min: 0, max: 1)
                let luminance = (x * grey).sum(dim: 1, keepdim: true)
                x = (luminance + (x - luminance) * saturation).clamp(min: 0.001, max: 1)
                x = exp(log(x) * 0.8)
                return (x + 0.02 * noise - mean) / deviation
            }
        }
    }

    /// Regression with softmax, weight decay and gradient descent on 1,024 images.
    private static func softmaxRegression() -> NaiveProgram {
        let (x, labels) = (Tensor.rand([1024, 784]), Tensor.randint(0, 10, [1024]))
        let (weight, bias) = (parameter(784, 10, scale: 0.01), parameter(10, scale: 0.01))
        let targets = (labels.unsqueeze(1) .== Tensor.arange(10)).to(.float32)
        return NaiveProgram("softmax_regression", calls: 20) {
            let logits = matmul(x, weight) + bias
            let shifted = logits - logits.amax(dim: 1, keepdim: true)
            let logProbabilities = shifted - log(exp(shifted).sum(dim: 1, keepdim: true))
            let loss = -(targets * logProbabilities).sum(dim: 1).mean() + 1e-4 * (weight * weight).sum()
            let value = differentiate(loss, [weight, bias])
            noGrad { for p in [weight, bias] { p.sub_(0.1 * p.grad!) } }
            return value
        }
    }

    /// The contrastive loss of 256 pairs of vectors of 128 numbers (Chen et al., 2020).
    private static func contrastiveLoss() -> NaiveProgram {
        let (a, b) = (parameter(256, 128), parameter(256, 128))
        let diagonal = Tensor.eye(512) .== 1
        return NaiveProgram("contrastive_loss", calls: 10) {
            let z = cat([a, b])
            let unit = z / sqrt((z * z).sum(dim: 1, keepdim: true) + 1e-8)
            let similarity = (matmul(unit, unit.t()) / 0.5).maskedFill(diagonal, -1e9)
            let positive = (unit * cat([unit[256...], unit[..<256]])).sum(dim: 1) / 0.5
            let largest = similarity.amax(dim: 1, keepdim: true)
            let total = log(exp(similarity - largest).sum(dim: 1)) + largest.squeeze(1)
            return differentiate((total - positive).mean(), [a, b])
        }
    }

    /// An expression of 255 operations on tensors with one element.
    private static func treeOfScalars() -> NaiveProgram {
        let leaves = (0..<64).map { _ in parameter() }
        return NaiveProgram("tree_of_scalars", calls: 100) {
            var level = leaves.map { tanh($0 * 0.5 + 0.1) }
            var isProduct = false
            while level.count > 1 {
                let pairs = stride(from: 0, to: level.count, by: 2).map { (level[$0], level[$0 + 1]) }
                level = pairs.map { left, right in isProduct ? left * right : left + right }
                isProduct.toggle()
            }
            return differentiate(level[0], leaves)
        }
    }
}
