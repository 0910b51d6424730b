#!/usr/bin/env python3
"""The workloads of WORKLOADS.md in PyTorch: eager, or with torch.compile (--mode compile)."""
import os
import tempfile

import numpy
import torch
from torch import nn
from torch.nn import functional as F

import torch_naive
from timing import GPTS, MATMULS, Bench, matmul_calls, mnist_bytes

bench = Bench("PyTorch", modes=("eager", "compile"), dtypes=("float32", "bfloat16"))
torch.set_num_threads(bench.options.threads)
torch.manual_seed(0)
IS_MIXED = bench.options.dtype == "bfloat16"


def prepared(model):
    return torch.compile(model) if bench.options.mode == "compile" else model


# Models

def mlp():
    return nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        changes = stride != 1 or inputs != outputs
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)) if changes else nn.Identity()

    def forward(self, x):
        y = self.norm2(self.second(F.relu(self.norm1(self.first(x)))))
        return F.relu(y + self.shortcut(x))


def resnet18():
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    width = 64
    for channels, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Residual(width, channels, stride), Residual(channels, channels, 1)]
        width = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


class CharLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(65, 256)
        self.lstm = nn.LSTM(256, 256, num_layers=2, batch_first=True)
        self.head = nn.Linear(256, 65)

    def forward(self, tokens):
        return self.head(self.lstm(self.embedding(tokens))[0])


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_causal=True)
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, vocabulary, context, width, heads, blocks):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        for table in (self.tokens, self.positions):
            nn.init.normal_(table.weight, std=0.02)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.tokens.weight)


# Training steps

def training(name, model, optimizer, batches, timing, rate):
    model = prepared(model.train())
    position = 0

    def step():
        nonlocal position
        x, y = batches[position % len(batches)]
        position += 1
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=IS_MIXED):
            logits = model(x)
            loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1))
        loss.backward()
        optimizer.step()

    bench.measure(name, *timing, step, rate=rate)


def mnist_batches():
    images, labels = mnist_bytes(bench.options.data)
    images = torch.from_numpy(numpy.frombuffer(images, numpy.uint8).reshape(-1, 1, 28, 28).copy())
    images = ((images.float() / 255 - 0.1307) / 0.3081)[:59968].split(64)
    labels = torch.from_numpy(numpy.frombuffer(labels, numpy.uint8).copy()).long()[:59968].split(64)
    return list(zip(images, labels))


@bench.group
def mlp_train():
    model = mlp()
    batches = [(x.flatten(1), y) for x, y in mnist_batches()]
    training("mlp_train", model, torch.optim.Adam(model.parameters(), lr=1e-3), batches, (20, 7, 200), ("samples/s", 64))


@bench.group
def cnn_train():
    model = cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    training("cnn_train", model, optimizer, mnist_batches(), (5, 5, 15), ("samples/s", 64))


@bench.group
def resnet18_train():
    model = resnet18()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    batch = (torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,)))
    training("resnet18_train", model, optimizer, [batch], (2, 5, 1), ("samples/s", 32))


@bench.group
def lstm_train():
    model = CharLSTM()
    batch = (torch.randint(0, 65, (32, 64)), torch.randint(0, 65, (32, 64)))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    training("lstm_train", model, optimizer, [batch], (3, 5, 3), ("tokens/s", 32 * 64))


def gpt_train(name):
    size, batch, timing = GPTS[name]
    model = GPT(*size)
    tokens = [torch.randint(0, size[0], (batch, size[1])) for _ in range(2)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.1)
    training(name, model, optimizer, [tuple(tokens)], timing, ("tokens/s", batch * size[1]))


@bench.group
def gpt_nano_train():
    gpt_train("gpt_nano_train")


@bench.group
def gpt_mini_train():
    gpt_train("gpt_mini_train")


@bench.group
def gpt2_small_train():
    gpt_train("gpt2_small_train")


# Single operations

@bench.group
def op_overhead():
    a, b = torch.ones(4), torch.ones(4)
    with torch.no_grad():
        bench.measure("op_add_4", 1000, 7, 50000, lambda: a + b)
    w = torch.ones(4, requires_grad=True)
    bench.measure("op_add_4_grad", 1000, 7, 50000, lambda: w + b)

    def chain():
        w.grad = None
        y = w
        for _ in range(10):
            y = y * b + b
        y.sum().backward()
    bench.measure("op_chain_fwd_bwd", 100, 7, 1000, chain)


@bench.group
def pointwise():
    x, y, z = torch.randn(10_000_000), torch.randn(10_000_000), torch.randn(4096, 1024)

    def formula(x, y):
        return F.gelu(1.5 * x + y, approximate="tanh") * torch.sigmoid(y) + torch.exp(-x * x)

    calls = {
        "pointwise_10m": (2, prepared(formula), (x, y)),
        "softmax_4096x1024": (5, prepared(lambda z: torch.softmax(z, -1)), (z,)),
        "sum_10m": (5, prepared(lambda x: x.sum()), (x,)),
        "layernorm_4096x1024": (5, prepared(lambda z: F.layer_norm(z, (1024,))), (z,)),
        "transpose_copy_4096": (5, prepared(lambda z: z.t().contiguous()), (z,)),
    }
    with torch.no_grad():
        for name, (inner, call, inputs) in calls.items():
            bench.measure(name, 3, 7, inner, lambda: call(*inputs))


@bench.group
def matmul():
    with torch.no_grad():
        for n in MATMULS:
            a, b = torch.randn(n, n), torch.randn(n, n)
            bench.measure(f"matmul_{n}", 5, 7, matmul_calls(n), lambda: a @ b, rate=("GFLOP/s", 2e-9 * n ** 3))


@bench.group
def optimizer_step():
    parameters = [torch.randn(768, 768, requires_grad=True) for _ in range(48)]
    for parameter in parameters:
        parameter.grad = torch.randn(768, 768)
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01)
    bench.measure("adamw_28m_params", 3, 7, 3, optimizer.step)


@bench.group
def naive():
    is_compiled = bench.options.mode == "compile"
    for calls, program in torch_naive.PROGRAMS:
        step = program(torch.compile if is_compiled else lambda function: function)
        bench.measure(f"naive.{program.__name__}.{'compiled' if is_compiled else 'eager'}", 3, 7, calls, step)


# Inference, data, files, start

@bench.group
def infer():
    with torch.inference_mode():
        model, row = prepared(mlp().eval()), torch.randn(1, 784)
        bench.measure("mlp_infer_b1", 50, 7, 500, lambda: model(row))
        network, image = prepared(resnet18().eval()), torch.randn(1, 3, 32, 32)
        bench.measure("resnet18_infer_b1", 5, 7, 5, lambda: network(image))


class Images(torch.utils.data.Dataset):
    def __init__(self, images, labels):
        self.images = numpy.frombuffer(images, numpy.uint8).reshape(-1, 28, 28).copy()
        self.labels = labels

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index]).float().div_(255).sub_(0.1307).div_(0.3081)
        return image.unsqueeze(0), self.labels[index]


@bench.group
def dataloader():
    images = Images(*mnist_bytes(bench.options.data))
    if bench.options.quick:
        images = torch.utils.data.Subset(images, range(640))
    for workers in (0, 2):
        loader = torch.utils.data.DataLoader(images, batch_size=64, shuffle=True, num_workers=workers)

        def epoch():
            for _ in loader:
                pass
        bench.measure(f"dataloader_mnist_w{workers}", 0, 3, 1, epoch, rate=("samples/s", len(images)))


@bench.group
def checkpoint():
    model = GPT(50257, 1024, 768, 12, 12)
    size = sum(p.numel() for p in model.parameters()) * 4e-9
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", ".")) as folder:
        path = os.path.join(folder, "gpt.pth")
        bench.measure("save_pth_124m", 1, 3, 1, lambda: torch.save(model.state_dict(), path), rate=("GB/s", size))
        bench.measure(
            "load_pth_124m", 1, 3, 1, lambda: model.load_state_dict(torch.load(path, weights_only=True)), rate=("GB/s", size))


@bench.group
def cold_start():
    bench.cold_start("import torch; print((torch.ones(2) + 1).sum().item())")


bench.run()
