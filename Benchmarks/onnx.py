#!/usr/bin/env python3
"""Times ONNX models in Torchlight beside ONNX Runtime (pip install onnx onnxruntime).

    swift build -c release --product torchlight
    Benchmarks/onnx.py [MODEL.onnx ...] [--torchlight PROGRAM] [--size NAME=NUMBER ...] [--threads 1,2] [--rounds N] [--runs N]

Without models, a ResNet-18 for images of 224 x 224 is written with random weights, and the transformer block of the tests is taken.
Inputs are random; dynamic sizes are 1, or as --size says. Torchlight runs the model compiled, ONNX Runtime on its CPU provider
with all optimisations. A round runs each model once with both, in processes of their own that take turns. A time is the median
over the rounds of the median over the runs without the first; a memory is the median of the peaks of the processes, which for
ONNX Runtime includes Python and NumPy. The outputs must agree.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

# This file has the name of the package that it imports.
sys.path = [path for path in sys.path if os.path.abspath(path) != os.path.dirname(os.path.abspath(__file__))]
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Tests", "ONNXTests", "Fixtures")

WORKER = r"""
import json, statistics, sys, time
import numpy, onnxruntime
model, threads, runs, inputs, outputs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
values = dict(numpy.load(inputs))
times = []
for _ in range(runs + 1):
    start = time.perf_counter(); results = session.run(None, values); times.append(time.perf_counter() - start)
numpy.savez(outputs, **{value.name: result for value, result in zip(session.get_outputs(), results)})
# Not ru_maxrss, which counts the parent before the program started.
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:")) * 1024 / 1e6
print(json.dumps(dict(time=statistics.median(times[1:]) * 1e3, memory=peak)))
"""


def resnet18(path):
    """Writes a ResNet-18 with random weights; batch normalisations are part of the convolutions."""
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    generator = numpy.random.default_rng(0)
    nodes, weights = [], []

    def node(kind, inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [f"value{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def weight(*shape, scale=1.0):
        values = (generator.standard_normal(shape) * scale).astype(numpy.float32)
        weights.append(numpy_helper.from_array(values, f"weight{len(weights)}"))
        return weights[-1].name

    def conv(x, channels, out, size, stride):
        scale = (2 / (channels * size * size)) ** 0.5
        return node("Conv", [x, weight(out, channels, size, size, scale=scale), weight(out, scale=0.1)],
                    kernel_shape=[size, size], strides=[stride, stride], pads=[size // 2] * 4)

    x = node("Relu", [conv("input", 3, 64, 7, 2)])
    x = node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for out in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and out > 64 else 1
            y = node("Relu", [conv(x, channels, out, 3, stride)])
            y = conv(y, out, out, 3, 1)
            if stride != 1 or channels != out:
                x = conv(x, channels, out, 1, stride)
            x, channels = node("Relu", [node("Add", [x, y])]), out
    x = node("Flatten", [node("GlobalAveragePool", [x])])
    nodes.append(helper.make_node("Gemm", [x, weight(1000, 512, scale=0.05), weight(1000)], ["output"], transB=1))
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 224, 224])
    scores = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 1000])
    graph = helper.make_graph(nodes, "resnet18", [image], [scores], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def make_inputs(path, sizes, file):
    """Writes random inputs of a model as .npz and as .npy; returns the arguments of `torchlight onnx run`."""
    import numpy
    import onnx

    model = onnx.load(path, load_external_data=False)
    defaults = {tensor.name for tensor in model.graph.initializer}
    generator = numpy.random.default_rng(1)
    values, arguments = {}, []
    for value in model.graph.input:
        if value.name in defaults:
            continue
        kind = value.type.tensor_type
        shape = [dim.dim_value if dim.HasField("dim_value") else sizes.get(dim.dim_param, 1) for dim in kind.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
        values[value.name] = generator.random(shape).astype(dtype)
        numpy.save(f"{file}.{value.name}.npy", values[value.name])
        arguments += ["--input", f"{value.name}={file}.{value.name}.npy"]
    numpy.savez(file, **values)
    return arguments


def agree(first, second):
    import numpy

    a, b = numpy.load(first), numpy.load(second)
    return sorted(a.files) == sorted(b.files) and all(
        a[name].shape == b[name].shape and numpy.allclose(a[name], b[name], rtol=1e-3, atol=1e-3 * (1 + abs(b[name]).max()))
        for name in a.files)


def call(command, environment=None):
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def run_torchlight(program, model, threads, runs, arguments, output):
    text = call([program, "onnx", "run", model, "--compiled", "--threads", str(threads), "--runs", str(runs + 1),
                 "--output", output] + arguments)
    figures = dict(line.split(": ") for line in text.splitlines() if line.startswith(("time: ", "peak memory: ")))
    return dict(time=float(figures["time"].split()[0]), memory=float(figures["peak memory"].split()[0]))


def run_onnxruntime(model, threads, runs, inputs, output):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    text = call([sys.executable, "-c", WORKER, model, str(threads), str(runs), inputs, output], environment)
    return json.loads(text.strip().split("\n")[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--torchlight", default=".build/release/torchlight")
    parser.add_argument("--size", action="append", default=[])
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    sizes = {text.split("=")[0]: int(text.split("=")[1]) for text in options.size}
    with tempfile.TemporaryDirectory() as folder:
        models = options.models
        if not models:
            models = [os.path.join(folder, "resnet18.onnx")]
            resnet18(models[0])
            models.append(os.path.join(FIXTURES, "transformer_block.onnx"))
        ours, theirs = os.path.join(folder, "torchlight.npz"), os.path.join(folder, "onnxruntime.npz")
        print("| model | threads | Torchlight, ms | ONNX Runtime, ms | times as fast | Torchlight, MB | ONNX Runtime, MB |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        for model in models:
            inputs = os.path.join(folder, "inputs.npz")
            arguments = make_inputs(model, sizes, inputs)
            for threads in map(int, options.threads.split(",")):
                rows = {"torchlight": [], "onnxruntime": []}
                for _ in range(options.rounds):
                    rows["torchlight"].append(
                        run_torchlight(options.torchlight, model, threads, options.runs, arguments, ours))
                    rows["onnxruntime"].append(run_onnxruntime(model, threads, options.runs, inputs, theirs))
                if not agree(ours, theirs):
                    sys.exit(f"{model}: the outputs differ")
                median = {name: {key: statistics.median(row[key] for row in rows[name]) for key in ("time", "memory")}
                          for name in rows}
                a, b = median["torchlight"], median["onnxruntime"]
                print(f"| {os.path.basename(model)} | {threads} | {a['time']:.3f} | {b['time']:.3f} | "
                      f"{b['time'] / a['time']:.2f} | {a['memory']:.0f} | {b['memory']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
