#!/usr/bin/env python3
"""The workloads of WORKLOADS.md in JAX: training steps are compiled as a whole, with parameters and state donated."""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy
from jax import lax

from timing import GPTS, MATMULS, Bench, matmul_calls, mnist_bytes

bench = Bench("JAX")
jax.config.update("jax_default_matmul_precision", "highest")
KEYS = iter(jax.random.split(jax.random.key(0), 4096))
NORMAL = lambda *shape: jax.random.normal(next(KEYS), shape)


# Layers: a function that makes the parameters, and one that applies them

def uniform(shape, fan_in):
    bound = fan_in ** -0.5
    return jax.random.uniform(next(KEYS), shape, minval=-bound, maxval=bound)


def linear(inputs, outputs):
    return {"w": uniform((inputs, outputs), inputs), "b": uniform((outputs,), inputs)}


def apply_linear(p, x):
    return x @ p["w"] + p["b"]


def conv(inputs, outputs, size, bias=True):
    p = {"w": uniform((size, size, inputs, outputs), size * size * inputs)}
    return {**p, "b": uniform((outputs,), size * size * inputs)} if bias else p


def apply_conv(p, x, stride=1, padding=0):
    y = lax.conv_general_dilated(
        x, p["w"], (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return y + p["b"] if "b" in p else y


def dropout(x, rate, key):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def norm(width):
    return {"scale": jnp.ones(width), "shift": jnp.zeros(width)}


def layer_norm(x, p=None):
    centred = x - x.mean(-1, keepdims=True)
    y = centred * lax.rsqrt((centred * centred).mean(-1, keepdims=True) + 1e-5)
    return y * p["scale"] + p["shift"] if p else y


# Models: parameters, and a function of parameters, state, input and key (None in inference) that returns output and state

def mlp():
    p = [linear(784, 256), linear(256, 128), linear(128, 10)]

    def forward(p, state, x, key):
        for index, layer in enumerate(p[:-1]):
            x = jax.nn.relu(apply_linear(layer, x))
            if key is not None:
                x = dropout(x, 0.2, jax.random.fold_in(key, index))
        return apply_linear(p[-1], x), state
    return p, {}, forward


def cnn():
    p = [conv(1, 32, 3), conv(32, 64, 3), linear(9216, 128), linear(128, 10)]

    def forward(p, state, x, key):
        x = jax.nn.relu(apply_conv(p[1], jax.nn.relu(apply_conv(p[0], x))))
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        if key is not None:
            x = dropout(x, 0.25, jax.random.fold_in(key, 0))
        x = jax.nn.relu(apply_linear(p[2], x.reshape(x.shape[0], -1)))
        if key is not None:
            x = dropout(x, 0.5, jax.random.fold_in(key, 1))
        return apply_linear(p[3], x), state
    return p, {}, forward


def resnet18():
    p, state = {"head": linear(512, 10)}, {}

    def add(name, inputs, outputs, size):
        p[name] = {"conv": conv(inputs, outputs, size, bias=False), "norm": norm(outputs)}
        state[name] = {"mean": jnp.zeros(outputs), "variance": jnp.ones(outputs)}

    add("stem", 3, 64, 3)
    blocks, width = [], 64
    for channels, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for block_stride in (stride, 1):
            name = f"block{len(blocks)}"
            blocks.append((name, block_stride))
            add(name + ".1", width, channels, 3)
            add(name + ".2", channels, channels, 3)
            if block_stride != 1 or width != channels:
                add(name + ".s", width, channels, 1)
            width = channels

    def forward(p, state, x, key):
        state = dict(state)

        def unit(name, x, stride, padding):
            x = apply_conv(p[name]["conv"], x, stride, padding)
            running = state[name]
            if key is None:
                mean, variance = running["mean"], running["variance"]
            else:
                mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
                count = x.size // x.shape[-1]
                state[name] = {
                    "mean": 0.9 * running["mean"] + 0.1 * mean,
                    "variance": 0.9 * running["variance"] + 0.1 * variance * (count / (count - 1))}
            scale = p[name]["norm"]
            return (x - mean) * (lax.rsqrt(variance + 1e-5) * scale["scale"]) + scale["shift"]

        x = jax.nn.relu(unit("stem", x, 1, 1))
        for name, stride in blocks:
            y = unit(name + ".2", jax.nn.relu(unit(name + ".1", x, stride, 1)), 1, 1)
            x = jax.nn.relu(y + (unit(name + ".s", x, stride, 0) if name + ".s" in p else x))
        return apply_linear(p["head"], x.mean((1, 2))), state
    return p, state, forward


def char_lstm():
    p = {"embedding": NORMAL(65, 256), "head": linear(256, 65),
         "layers": [{"x": linear(256, 1024), "h": linear(256, 1024)} for _ in range(2)]}

    def forward(p, state, tokens, key):
        x = p["embedding"][tokens].swapaxes(0, 1)
        for layer in p["layers"]:
            def step(carry, gates):
                h, c = carry
                i, f, g, o = jnp.split(gates + apply_linear(layer["h"], h), 4, -1)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                return (h, c), h
            zero = jnp.zeros((x.shape[1], 256))
            x = lax.scan(step, (zero, zero), apply_linear(layer["x"], x))[1]
        return apply_linear(p["head"], x).swapaxes(0, 1), state
    return p, {}, forward


def gpt(vocabulary, context, width, heads, blocks):
    p = {"tokens": 0.02 * NORMAL(vocabulary, width), "positions": 0.02 * NORMAL(context, width), "norm": norm(width),
         "blocks": [{"norm1": norm(width), "norm2": norm(width), "qkv": linear(width, 3 * width), "proj": linear(width, width),
                     "up": linear(width, 4 * width), "down": linear(4 * width, width)} for _ in range(blocks)]}

    def forward(p, state, tokens, key):
        batch, length = tokens.shape
        x = p["tokens"][tokens] + p["positions"][:length]
        for block in p["blocks"]:
            q, k, v = jnp.split(apply_linear(block["qkv"], layer_norm(x, block["norm1"])), 3, -1)
            q, k, v = (part.reshape(batch, length, heads, width // heads) for part in (q, k, v))
            mixed = jax.nn.dot_product_attention(q, k, v, is_causal=True)
            x = x + apply_linear(block["proj"], mixed.reshape(batch, length, width))
            hidden = jax.nn.gelu(apply_linear(block["up"], layer_norm(x, block["norm2"])), approximate=True)
            x = x + apply_linear(block["down"], hidden)
        return layer_norm(x, p["norm"]) @ p["tokens"].T, state
    return p, {}, forward


# Optimisers: initial state, and a function of parameter, gradient, state and step that returns parameter and state

def sgd(lr, momentum, decay=0.0):
    def update(p, g, b, t):
        b = momentum * b + g + decay * p
        return p - lr * b, b
    return jnp.zeros_like, update


def adam(lr, decay=0.0):
    def update(p, g, s, t):
        m, v = 0.9 * s[0] + 0.1 * g, 0.999 * s[1] + 0.001 * g * g
        p = p * (1 - lr * decay)
        return p - lr / (1 - 0.9 ** t) * m / (jnp.sqrt(v) / jnp.sqrt(1 - 0.999 ** t) + 1e-8), (m, v)
    return (lambda p: (jnp.zeros_like(p), jnp.zeros_like(p))), update


def update_all(update, leaves, gradients, states, t):
    pairs = [update(p, g, s, t) for p, g, s in zip(leaves, gradients, states)]
    return [p for p, _ in pairs], [s for _, s in pairs]


def training(name, model, optimizer, batches, timing, rate):
    parameters, state, forward = model
    initial, update = optimizer
    leaves, structure = jax.tree.flatten(parameters)

    def loss(leaves, state, x, y, key):
        logits, state = forward(jax.tree.unflatten(structure, leaves), state, x, key)
        logits = logits.reshape(-1, logits.shape[-1])
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y.reshape(-1, 1), 1).mean(), state

    def step(carry, x, y):
        leaves, states, state, t = carry
        key = jax.random.fold_in(jax.random.key(1), t)
        gradients, state = jax.grad(loss, has_aux=True)(leaves, state, x, y, key)
        leaves, states = update_all(update, leaves, gradients, states, t + 1.0)
        return leaves, states, state, t + 1

    step = jax.jit(step, donate_argnums=0)
    # Donated buffers must not be shared.
    carry = (leaves, [initial(p) for p in leaves], state, jnp.zeros((), jnp.int32))
    position = 0

    def call():
        nonlocal carry, position
        carry = step(carry, *batches[position % len(batches)])
        position += 1

    bench.measure(name, *timing, call, lambda: jax.block_until_ready(carry), rate)


def mnist_batches(flat):
    images, labels = mnist_bytes(bench.options.data)
    images = numpy.frombuffer(images, numpy.uint8).astype(numpy.float32)
    images = ((images / 255 - 0.1307) / 0.3081)[:59968 * 784].reshape((937, 64, 784) if flat else (937, 64, 28, 28, 1))
    labels = numpy.frombuffer(labels, numpy.uint8)[:59968].astype(numpy.int32).reshape(937, 64)
    return [(jnp.asarray(x), jnp.asarray(y)) for x, y in zip(images, labels)]


@bench.group
def mlp_train():
    training("mlp_train", mlp(), adam(1e-3), mnist_batches(True), (20, 7, 200), ("samples/s", 64))


@bench.group
def cnn_train():
    training("cnn_train", cnn(), sgd(0.01, 0.9), mnist_batches(False), (5, 5, 15), ("samples/s", 64))


@bench.group
def resnet18_train():
    batch = (NORMAL(32, 32, 32, 3), jax.random.randint(next(KEYS), (32,), 0, 10))
    training("resnet18_train", resnet18(), sgd(0.1, 0.9, 5e-4), [batch], (2, 5, 1), ("samples/s", 32))


@bench.group
def lstm_train():
    batch = tuple(jax.random.randint(next(KEYS), (32, 64), 0, 65) for _ in range(2))
    training("lstm_train", char_lstm(), adam(1e-3), [batch], (3, 5, 3), ("tokens/s", 32 * 64))


def gpt_train(name):
    size, batch, timing = GPTS[name]
    tokens = tuple(jax.random.randint(next(KEYS), (batch, size[1]), 0, size[0]) for _ in range(2))
    training(name, gpt(*size), adam(3e-4, 0.1), [tokens], timing, ("tokens/s", batch * size[1]))


@bench.group
def gpt_nano_train():
    gpt_train("gpt_nano_train")


@bench.group
def gpt_mini_train():
    gpt_train("gpt_mini_train")


@bench.group
def gpt2_small_train():
    gpt_train("gpt2_small_train")


# Single operations; each call waits for its result

@bench.group
def op_overhead():
    a, b = jnp.ones(4), jnp.ones(4)
    bench.measure("op_add_4", 1000, 7, 50000, lambda: (a + b).block_until_ready())


@bench.group
def pointwise():
    x, y, z = NORMAL(10_000_000), NORMAL(10_000_000), NORMAL(4096, 1024)
    calls = {
        "pointwise_10m": (2, lambda x, y: jax.nn.gelu(1.5 * x + y) * jax.nn.sigmoid(y) + jnp.exp(-x * x), (x, y)),
        "softmax_4096x1024": (5, jax.nn.softmax, (z,)),
        "sum_10m": (5, jnp.sum, (x,)),
        "layernorm_4096x1024": (5, layer_norm, (z,)),
        "transpose_copy_4096": (5, lambda z: z.T.copy(), (z,)),
    }
    for name, (inner, function, inputs) in calls.items():
        compiled = jax.jit(function)
        bench.measure(name, 3, 7, inner, lambda: compiled(*inputs).block_until_ready())


@bench.group
def matmul():
    product = jax.jit(jnp.matmul)
    for n in MATMULS:
        a, b = NORMAL(n, n), NORMAL(n, n)
        bench.measure(
            f"matmul_{n}", 5, 7, matmul_calls(n), lambda: product(a, b).block_until_ready(), rate=("GFLOP/s", 2e-9 * n ** 3))


@bench.group
def optimizer_step():
    initial, update = adam(1e-3, 0.01)
    leaves = [NORMAL(768, 768) for _ in range(48)]
    gradients = [NORMAL(768, 768) for _ in range(48)]
    carry = (leaves, [initial(p) for p in leaves], jnp.zeros(()))
    step = jax.jit(
        lambda carry, g: (*update_all(update, carry[0], g, carry[1], carry[2] + 1), carry[2] + 1), donate_argnums=0)

    def call():
        nonlocal carry
        carry = step(carry, gradients)
    bench.measure("adamw_28m_params", 3, 7, 3, call, lambda: jax.block_until_ready(carry))


@bench.group
def infer():
    for name, (p, state, forward), x, timing in (
        ("mlp_infer_b1", mlp(), NORMAL(1, 784), (50, 7, 500)),
        ("resnet18_infer_b1", resnet18(), NORMAL(1, 32, 32, 3), (5, 7, 5)),
    ):
        compiled = jax.jit(lambda p, state, x, forward=forward: forward(p, state, x, None)[0])
        bench.measure(name, *timing, lambda: compiled(p, state, x).block_until_ready())


@bench.group
def cold_start():
    bench.cold_start("import jax.numpy as jnp; print((jnp.ones(2) + 1).sum())")


bench.run()
