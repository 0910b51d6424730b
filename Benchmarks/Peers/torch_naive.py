"""The programs of NaiveWorkload.swift in PyTorch: formulae in element-wise operations, products and reductions.

Each entry is the number of calls in a round, and a function that returns a step. `prepared` compiles the functions that
torch.compile takes as a whole: losses, and updates without gradients; `backward()` runs what that compiled for the gradients.
"""
import torch


def parameter(*sizes, scale=1.0):
    return (torch.randn(sizes) * scale).requires_grad_()


def with_gradients(loss, parameters, prepared):
    """A step: the loss and its gradients."""
    loss = prepared(loss)

    def step():
        for p in parameters:
            p.grad = None
        value = loss()
        value.backward()
        return value.detach()
    return step


def norm_and_gelu(prepared):
    x, weight, bias = parameter(2048, 768), parameter(768), parameter(768)

    def loss():
        centred = x - x.mean(-1, keepdim=True)
        variance = (centred * centred).mean(-1, keepdim=True)
        y = centred / torch.sqrt(variance + 1e-5) * weight + bias
        z = 0.5 * y * (1 + torch.tanh(0.7978845608 * (y + 0.044715 * y * y * y)))
        return (z * z).mean()
    return with_gradients(loss, [x, weight, bias], prepared)


def focal_loss(prepared):
    logits = parameter(4096, 80)
    targets = (torch.rand(4096, 80) < 0.05).float()

    def loss():
        p = 1 / (1 + torch.exp(-logits))
        cross_entropy = -(targets * torch.log(p + 1e-8) + (1 - targets) * torch.log(1 - p + 1e-8))
        likelihood = p * targets + (1 - p) * (1 - targets)
        alpha = 0.25 * targets + 0.75 * (1 - targets)
        missed = 1 - likelihood
        return (alpha * missed * missed * cross_entropy).mean()
    return with_gradients(loss, [logits], prepared)


def attention(prepared):
    q, k, v = (parameter(8, 8, 128, 64) for _ in range(3))
    mask = torch.ones(128, 128).tril() == 0

    def loss():
        scores = q @ k.transpose(-2, -1) / 8
        masked = scores.masked_fill(mask, -1e9)
        exponentials = torch.exp(masked - masked.amax(-1, keepdim=True))
        weights = exponentials / exponentials.sum(-1, keepdim=True)
        return (weights @ v).square().mean()
    return with_gradients(loss, [q, k, v], prepared)


def rotary_embedding(prepared):
    q, k = parameter(8, 256, 8, 64), parameter(8, 256, 8, 64)
    angles = torch.arange(256).float().reshape(256, 1, 1) * torch.exp(torch.arange(32).float() * -0.28)
    cosine, sine = torch.cat([angles.cos(), angles.cos()], -1), torch.cat([angles.sin(), angles.sin()], -1)

    def rotated(x):
        first, second = x.chunk(2, -1)
        return x * cosine + torch.cat([-second, first], -1) * sine
    return with_gradients(lambda: (rotated(q) * rotated(k)).mean(), [q, k], prepared)


def custom_optimizer(prepared):
    parameters = [torch.randn(512, 512) for _ in range(4)]
    gradients = [torch.randn(512, 512) * 0.1 for _ in range(4)]
    means = [torch.zeros(512, 512) for _ in range(4)]
    squares = [torch.zeros(512, 512) for _ in range(4)]
    count = torch.zeros([])

    def update():
        count.add_(1)
        correction1, correction2 = 1 - 0.9 ** count, 1 - 0.999 ** count
        for parameter, gradient, mean, square in zip(parameters, gradients, means, squares):
            gradient = gradient.clamp(-1, 1)
            mean.mul_(0.9).add_(0.1 * gradient)
            square.mul_(0.999).add_(0.001 * gradient * gradient)
            step = mean / correction1 / (torch.sqrt(square / correction2) + 1e-8)
            parameter.sub_(0.001 * (step + 0.01 * parameter))
        return count
    update = prepared(update)

    def step():
        with torch.no_grad():
            return update()
    return step


def physics_loss(prepared):
    w1, b1, w2, b2, w3 = (parameter(1, 64), parameter(64), parameter(64, 64, scale=0.1), parameter(64),
                          parameter(64, 1, scale=0.1))
    points = torch.linspace(-1, 1, 1024).reshape(1024, 1)

    def network(x):
        return torch.tanh(torch.tanh(x @ w1 + b1) @ w2 + b2) @ w3

    def residual(x, u, first, second):
        return ((second + torch.sin(u) * first + u) ** 2).mean()
    # torch.compile has no second derivatives of what it compiled: only the last part can be compiled.
    residual = prepared(residual)
    parameters = [w1, b1, w2, b2, w3]

    def step():
        for p in parameters:
            p.grad = None
        x = points.detach().requires_grad_()
        u = network(x)
        first, = torch.autograd.grad(u.sum(), x, create_graph=True)
        second, = torch.autograd.grad(first.sum(), x, create_graph=True)
        loss = residual(x, u, first, second)
        loss.backward()
        return loss.detach()
    return step


def lstm_cell(prepared):
    inputs = torch.randn(32, 64, 128)
    wx, wh, b = parameter(128, 512, scale=0.05), parameter(128, 512, scale=0.05), parameter(512, scale=0.05)

    def loss():
        h, c = torch.zeros(64, 128), torch.zeros(64, 128)
        for t in range(32):
            i, f, g, o = (inputs[t] @ wx + h @ wh + b).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return (h * h).mean()
    return with_gradients(loss, [wx, wh, b], prepared)


def mixture_of_gaussians(prepared):
    x = torch.randn(10_000, 8)
    means, log_deviations, logits = parameter(16, 8), parameter(16, 8, scale=0.1), parameter(16)

    def loss():
        scaled = (x.unsqueeze(1) - means) * torch.exp(-log_deviations)
        log_densities = -0.5 * (scaled * scaled).sum(-1) - log_deviations.sum(-1) - 7.3515
        joint = log_densities + (logits - torch.log(torch.exp(logits).sum()))
        largest = joint.amax(-1, keepdim=True)
        return -(torch.log(torch.exp(joint - largest).sum(-1)) + largest.squeeze(-1)).mean()
    return with_gradients(loss, [means, log_deviations, logits], prepared)


def image_augmentation(prepared):
    images, noise = torch.rand(16, 3, 224, 224), torch.randn(16, 3, 224, 224)
    brightness, contrast, saturation = (torch.rand(16, 1, 1, 1) + 0.5 for _ in range(3))
    mean, deviation, grey = (
        torch.tensor(numbers).reshape(3, 1, 1)
        for numbers in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], [0.299, 0.587, 0.114]))

    def augmented():
        x = (images * brightness).clamp(0, 1)
        x = ((x - 0.5) * contrast + 0.5).clamp(0, 1)
        luminance = (x * grey).sum(1, keepdim=True)
        x = (luminance + (x - luminance) * saturation).clamp(0.001, 1)
        x = torch.exp(torch.log(x) * 0.8)
        return (x + 0.02 * noise - mean) / deviation
    augmented = prepared(augmented)

    def step():
        with torch.no_grad():
            return augmented()
    return step


def softmax_regression(prepared):
    x, labels = torch.rand(1024, 784), torch.randint(0, 10, (1024,))
    weight, bias = parameter(784, 10, scale=0.01), parameter(10, scale=0.01)
    targets = (labels.unsqueeze(1) == torch.arange(10)).float()

    def loss():
        logits = x @ weight + bias
        shifted = logits - logits.amax(1, keepdim=True)
        log_probabilities = shifted - torch.log(torch.exp(shifted).sum(1, keepdim=True))
        return -(targets * log_probabilities).sum(1).mean() + 1e-4 * (weight * weight).sum()

    def update():
        for p in (weight, bias):
            p.sub_(0.1 * p.grad)
    gradients, update = with_gradients(loss, [weight, bias], prepared), prepared(update)

    def step():
        value = gradients()
        with torch.no_grad():
            update()
        return value
    return step


def contrastive_loss(prepared):
    a, b = parameter(256, 128), parameter(256, 128)
    diagonal = torch.eye(512) == 1

    def loss():
        z = torch.cat([a, b])
        unit = z / torch.sqrt((z * z).sum(1, keepdim=True) + 1e-8)
        similarity = (unit @ unit.t() / 0.5).masked_fill(diagonal, -1e9)
        positive = (unit * torch.cat([unit[256:], unit[:256]])).sum(1) / 0.5
        largest = similarity.amax(1, keepdim=True)
        total = torch.log(torch.exp(similarity - largest).sum(1)) + largest.squeeze(1)
        return (total - positive).mean()
    return with_gradients(loss, [a, b], prepared)


def tree_of_scalars(prepared):
    leaves = [parameter() for _ in range(64)]

    def loss():
        level = [torch.tanh(leaf * 0.5 + 0.1) for leaf in leaves]
        is_product = False
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2])
            level = [left * right if is_product else left + right for left, right in pairs]
            is_product = not is_product
        return level[0]
    return with_gradients(loss, leaves, prepared)


PROGRAMS = [
    (3, norm_and_gelu), (5, focal_loss), (2, attention), (3, rotary_embedding), (10, custom_optimizer),
    (10, physics_loss), (3, lstm_cell), (3, mixture_of_gaussians), (2, image_augmentation), (20, softmax_regression),
    (10, contrastive_loss), (100, tree_of_scalars),
]
