#!/usr/bin/env python3
"""The workloads of WORKLOADS.md in TensorFlow: training steps are compiled to graphs (tf.function)."""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy
import tensorflow as tf

from timing import GPTS, MATMULS, Bench, matmul_calls, mnist_bytes

bench = Bench("TensorFlow")
tf.config.threading.set_intra_op_parallelism_threads(bench.options.threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
tf.random.set_seed(0)


# Layers: they keep their variables in a list of the model, which the optimiser updates

class Model:
    def __init__(self):
        self.parameters = []

    def variable(self, value):
        variable = tf.Variable(value)
        self.parameters.append(variable)
        return variable

    def uniform(self, shape, fan_in):
        bound = fan_in ** -0.5
        return self.variable(tf.random.uniform(shape, -bound, bound))

    def linear(self, inputs, outputs):
        w, b = self.uniform((inputs, outputs), inputs), self.uniform((outputs,), inputs)
        return lambda x: tf.nn.bias_add(tf.matmul(x, w) if len(x.shape) == 2 else tf.tensordot(x, w, 1), b)

    def conv(self, inputs, outputs, size, stride=1, padding=0, bias=True):
        w = self.uniform((size, size, inputs, outputs), size * size * inputs)
        b = self.uniform((outputs,), size * size * inputs) if bias else None
        pads = [[0, 0], [padding, padding], [padding, padding], [0, 0]]

        def apply(x):
            y = tf.nn.conv2d(x, w, stride, pads)
            return y if b is None else tf.nn.bias_add(y, b)
        return apply

    def batch_norm(self, width):
        scale, shift = self.variable(tf.ones(width)), self.variable(tf.zeros(width))
        mean, variance = tf.Variable(tf.zeros(width), trainable=False), tf.Variable(tf.ones(width), trainable=False)

        def apply(x, is_training):
            if not is_training:
                return tf.compat.v1.nn.fused_batch_norm(x, scale, shift, mean, variance, 1e-5, is_training=False)[0]
            y, batch_mean, batch_variance = tf.compat.v1.nn.fused_batch_norm(x, scale, shift, epsilon=1e-5)
            mean.assign(0.9 * mean + 0.1 * batch_mean)
            variance.assign(0.9 * variance + 0.1 * batch_variance)
            return y
        return apply

    def layer_norm(self, width):
        scale, shift = self.variable(tf.ones(width)), self.variable(tf.zeros(width))
        return lambda x: layer_norm(x) * scale + shift


def layer_norm(x):
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-5)


class MLP(Model):
    def __init__(self):
        super().__init__()
        self.layers = [self.linear(784, 256), self.linear(256, 128), self.linear(128, 10)]

    def __call__(self, x, is_training):
        for layer in self.layers[:-1]:
            x = tf.nn.relu(layer(x))
            x = tf.nn.dropout(x, 0.2) if is_training else x
        return self.layers[-1](x)


class CNN(Model):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = self.conv(1, 32, 3), self.conv(32, 64, 3)
        self.fc1, self.fc2 = self.linear(9216, 128), self.linear(128, 10)

    def __call__(self, x, is_training):
        x = tf.nn.max_pool2d(tf.nn.relu(self.conv2(tf.nn.relu(self.conv1(x)))), 2, 2, "VALID")
        x = tf.reshape(tf.nn.dropout(x, 0.25) if is_training else x, (-1, 9216))
        x = tf.nn.relu(self.fc1(x))
        return self.fc2(tf.nn.dropout(x, 0.5) if is_training else x)


class ResNet18(Model):
    def __init__(self):
        super().__init__()
        self.stem = self.unit(3, 64, 3, 1, 1)
        self.blocks, width = [], 64
        for channels, first in ((64, 1), (128, 2), (256, 2), (512, 2)):
            for stride in (first, 1):
                shortcut = self.unit(width, channels, 1, stride, 0) if stride != 1 or width != channels else None
                self.blocks.append((self.unit(width, channels, 3, stride, 1), self.unit(channels, channels, 3, 1, 1), shortcut))
                width = channels
        self.head = self.linear(512, 10)

    def unit(self, inputs, outputs, size, stride, padding):
        conv, norm = self.conv(inputs, outputs, size, stride, padding, bias=False), self.batch_norm(outputs)
        return lambda x, is_training: norm(conv(x), is_training)

    def __call__(self, x, is_training):
        x = tf.nn.relu(self.stem(x, is_training))
        for first, second, shortcut in self.blocks:
            y = second(tf.nn.relu(first(x, is_training)), is_training)
            x = tf.nn.relu(y + (shortcut(x, is_training) if shortcut else x))
        return self.head(tf.reduce_mean(x, (1, 2)))


class CharLSTM(Model):
    def __init__(self):
        super().__init__()
        self.embedding = self.variable(tf.random.normal((65, 256)))
        self.layers = [(self.linear(256, 1024), self.linear(256, 1024)) for _ in range(2)]
        self.head = self.linear(256, 65)

    def __call__(self, tokens, is_training):
        x = tf.gather(self.embedding, tokens)
        for from_input, from_hidden in self.layers:
            gates = tf.unstack(from_input(x), axis=1)
            h = c = tf.zeros((tokens.shape[0], 256))
            outputs = []
            for step in gates:
                i, f, g, o = tf.split(step + from_hidden(h), 4, -1)
                c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
                h = tf.sigmoid(o) * tf.tanh(c)
                outputs.append(h)
            x = tf.stack(outputs, 1)
        return self.head(x)


class GPT(Model):
    def __init__(self, vocabulary, context, width, heads, blocks):
        super().__init__()
        self.heads = heads
        self.tokens = self.variable(tf.random.normal((vocabulary, width), stddev=0.02))
        self.positions = self.variable(tf.random.normal((context, width), stddev=0.02))
        self.blocks = [
            (self.layer_norm(width), self.linear(width, 3 * width), self.linear(width, width), self.layer_norm(width),
             self.linear(width, 4 * width), self.linear(4 * width, width)) for _ in range(blocks)]
        self.norm = self.layer_norm(width)

    def __call__(self, tokens, is_training):
        batch, length = tokens.shape
        x = tf.gather(self.tokens, tokens) + self.positions[:length]
        width = x.shape[-1]
        mask = (tf.linalg.band_part(tf.ones((length, length)), -1, 0) - 1) * 1e9
        for norm1, qkv, proj, norm2, up, down in self.blocks:
            parts = tf.reshape(qkv(norm1(x)), (batch, length, 3, self.heads, width // self.heads))
            q, k, v = tf.unstack(tf.transpose(parts, (2, 0, 3, 1, 4)))
            scores = tf.matmul(q, k, transpose_b=True) * (width // self.heads) ** -0.5 + mask
            mixed = tf.reshape(tf.transpose(tf.matmul(tf.nn.softmax(scores), v), (0, 2, 1, 3)), (batch, length, width))
            x = x + proj(mixed)
            x = x + down(tf.nn.gelu(up(norm2(x)), approximate=True))
        return tf.matmul(tf.reshape(self.norm(x), (-1, width)), self.tokens, transpose_b=True)


# Optimisers: they make the state of a parameter and update it in place

def sgd(lr, momentum, decay=0.0):
    def update(p, g, state, t):
        state[0].assign(momentum * state[0] + g + decay * p)
        p.assign_sub(lr * state[0])
    return 1, update


def adam(lr, decay=0.0):
    def update(p, g, state, t):
        m, v = state
        m.assign(0.9 * m + 0.1 * g)
        v.assign(0.999 * v + 0.001 * g * g)
        bias = tf.sqrt(1 - 0.999 ** t)
        p.assign(p * (1 - lr * decay) - lr / (1 - 0.9 ** t) * m / (tf.sqrt(v) / bias + 1e-8))
    return 2, update


def updater(optimizer, parameters):
    count, update = optimizer
    states = [[tf.Variable(tf.zeros_like(p), trainable=False) for _ in range(count)] for p in parameters]
    steps = tf.Variable(0.0, trainable=False)

    def apply(gradients):
        t = steps.assign_add(1.0)
        for p, g, state in zip(parameters, gradients, states):
            update(p, tf.convert_to_tensor(g), state, t)
    return apply


def training(name, model, optimizer, batches, timing, rate):
    update = updater(optimizer, model.parameters)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                tf.reshape(y, (-1,)), tf.reshape(logits, (-1, logits.shape[-1])))
            loss = tf.reduce_mean(losses)
        update(tape.gradient(loss, model.parameters))

    position = 0

    def call():
        nonlocal position
        step(*batches[position % len(batches)])
        position += 1
    bench.measure(name, *timing, call, lambda: model.parameters[0].numpy(), rate)


def mnist_batches(shape):
    images, labels = mnist_bytes(bench.options.data)
    images = numpy.frombuffer(images, numpy.uint8).astype(numpy.float32)
    images = ((images / 255 - 0.1307) / 0.3081)[:59968 * 784].reshape(937, 64, *shape)
    labels = numpy.frombuffer(labels, numpy.uint8)[:59968].astype(numpy.int32).reshape(937, 64)
    return [(tf.constant(x), tf.constant(y)) for x, y in zip(images, labels)]


def tokens(batch, length, vocabulary):
    return tuple(tf.random.uniform((batch, length), 0, vocabulary, tf.int32) for _ in range(2))


@bench.group
def mlp_train():
    training("mlp_train", MLP(), adam(1e-3), mnist_batches((784,)), (20, 7, 200), ("samples/s", 64))


@bench.group
def cnn_train():
    training("cnn_train", CNN(), sgd(0.01, 0.9), mnist_batches((28, 28, 1)), (5, 5, 15), ("samples/s", 64))


@bench.group
def resnet18_train():
    batch = (tf.random.normal((32, 32, 32, 3)), tf.random.uniform((32,), 0, 10, tf.int32))
    training("resnet18_train", ResNet18(), sgd(0.1, 0.9, 5e-4), [batch], (2, 5, 1), ("samples/s", 32))


@bench.group
def lstm_train():
    training("lstm_train", CharLSTM(), adam(1e-3), [tokens(32, 64, 65)], (3, 5, 3), ("tokens/s", 32 * 64))


def gpt_train(name):
    size, batch, timing = GPTS[name]
    training(name, GPT(*size), adam(3e-4, 0.1), [tokens(batch, size[1], size[0])], timing, ("tokens/s", batch * size[1]))


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
    a, b = tf.ones(4), tf.ones(4)
    bench.measure("op_add_4", 1000, 7, 50000, lambda: a + b)


@bench.group
def pointwise():
    x, y, z = tf.random.normal((10_000_000,)), tf.random.normal((10_000_000,)), tf.random.normal((4096, 1024))
    calls = {
        "pointwise_10m": (2, lambda x, y: tf.nn.gelu(1.5 * x + y, True) * tf.sigmoid(y) + tf.exp(-x * x), (x, y)),
        "softmax_4096x1024": (5, tf.nn.softmax, (z,)),
        "sum_10m": (5, tf.reduce_sum, (x,)),
        "layernorm_4096x1024": (5, layer_norm, (z,)),
        "transpose_copy_4096": (5, tf.transpose, (z,)),
    }
    for name, (inner, function, inputs) in calls.items():
        compiled = tf.function(function)
        bench.measure(name, 3, 7, inner, lambda: compiled(*inputs))


@bench.group
def matmul():
    for n in MATMULS:
        a, b = tf.random.normal((n, n)), tf.random.normal((n, n))
        bench.measure(f"matmul_{n}", 5, 7, matmul_calls(n), lambda: tf.matmul(a, b), rate=("GFLOP/s", 2e-9 * n ** 3))


@bench.group
def optimizer_step():
    parameters = [tf.Variable(tf.random.normal((768, 768))) for _ in range(48)]
    gradients = [tf.random.normal((768, 768)) for _ in range(48)]
    step = tf.function(updater(adam(1e-3, 0.01), parameters))
    bench.measure("adamw_28m_params", 3, 7, 3, lambda: step(gradients), lambda: parameters[0].numpy())


@bench.group
def infer():
    for name, model, x, timing in (
        ("mlp_infer_b1", MLP(), tf.random.normal((1, 784)), (50, 7, 500)),
        ("resnet18_infer_b1", ResNet18(), tf.random.normal((1, 32, 32, 3)), (5, 7, 5)),
    ):
        compiled = tf.function(lambda x, model=model: model(x, False))
        bench.measure(name, *timing, lambda: compiled(x))


@bench.group
def dataloader():
    images, labels = mnist_bytes(bench.options.data)
    count = 640 if bench.options.quick else 60000
    images = numpy.frombuffer(images, numpy.uint8).reshape(-1, 28, 28, 1)[:count]
    labels = numpy.frombuffer(labels, numpy.uint8).astype(numpy.int32)[:count]

    def convert(image, label):
        return (tf.cast(image, tf.float32) / 255 - 0.1307) / 0.3081, label

    for workers in (0, 2):
        items = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(count)
        batches = items.map(convert, num_parallel_calls=workers or None).batch(64)
        batches = batches.prefetch(2) if workers else batches

        def epoch():
            for _ in batches:
                pass
        bench.measure(f"dataloader_mnist_w{workers}", 0, 3, 1, epoch, rate=("samples/s", count))


@bench.group
def cold_start():
    bench.cold_start("import tensorflow as tf; print(float(tf.reduce_sum(tf.ones(2) + 1)))")


bench.run()
