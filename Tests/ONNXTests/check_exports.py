"""Checks exported models with onnx.checker and ONNX Runtime.

usage: check_exports.py FOLDER

For each NAME.onnx of the folder, NAME.CALL.inputs.npz has the inputs of a call and NAME.CALL.outputs.npz the outputs of the model that was
exported, and NAME.tolerance by how much they may differ, if not by the tolerance of their dtype. Prints a line for each model: its name, "ok" or "failed", and the largest difference or the reason.
"""

import glob
import os
import sys

import numpy
import onnx
import onnxruntime

TOLERANCES = {"float16": 1e-2, "float32": 2e-4, "float64": 1e-6}


def load(path):
    with numpy.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def check(path):
    onnx.checker.check_model(path, full_check=True)
    for domain in onnx.load(path, load_external_data=False).opset_import:
        if domain.domain:
            raise ValueError(f"the domain {domain.domain} is not that of the standard")
    base = path[: -len(".onnx")]
    calls = sorted(glob.glob(glob.escape(base) + ".*.inputs.npz"))
    if not calls:
        raise ValueError("there are no inputs")
    tolerance = None
    if os.path.exists(base + ".tolerance"):
        with open(base + ".tolerance") as file:
            tolerance = float(file.read())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # Products with weights of integers are computed in float32.
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    wanted = {value.name for value in session.get_inputs()}
    largest = 0.0
    for inputs in calls:
        outputs = load(inputs.replace(".inputs.npz", ".outputs.npz"))
        names = list(outputs)
        results = session.run(names, {name: value for name, value in load(inputs).items() if name in wanted})
        for name, result in zip(names, results):
            expected = outputs[name]
            if result.dtype != expected.dtype or result.shape != expected.shape:
                raise ValueError(f"{name} is {result.dtype} {result.shape}, expected {expected.dtype} {expected.shape}")
            if result.size == 0:
                continue
            a, b = result.astype("float64"), expected.astype("float64")
            if not (numpy.isfinite(a) == numpy.isfinite(b)).all():
                raise ValueError(f"{name} is not finite at other elements")
            finite = numpy.isfinite(b)
            scale = max(1.0, abs(b[finite]).max(initial=0.0))
            difference = abs(a[finite] - b[finite]).max(initial=0.0) / scale
            if difference > (tolerance or TOLERANCES.get(str(expected.dtype), 0.0)):
                raise ValueError(f"{name} differs by {difference:.3g} of the largest element")
            largest = max(largest, difference)
    return largest


failures = 0
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
    name = os.path.basename(path)[: -len(".onnx")]
    try:
        print(name, "ok", f"{check(path):.2g}", flush=True)
    except Exception as error:
        failures += 1
        print(name, "failed", " ".join(str(error).split())[:600], flush=True)
sys.exit(1 if failures else 0)
