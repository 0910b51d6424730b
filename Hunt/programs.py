"""Runs a program with PyTorch and writes down what every statement gave.

A program is a list of statements (README.md), each a dictionary of what JSON can hold. The same statements are run by
`conformance --programs -` with Torchlight.
"""
import copy, math, warnings
import torch

warnings.filterwarnings("ignore")

FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
NAMES = {
    "float32": torch.float32, "float64": torch.float64, "float16": torch.float16, "bfloat16": torch.bfloat16,
    "int64": torch.int64, "int32": torch.int32, "int16": torch.int16, "int8": torch.int8, "uint8": torch.uint8,
    "bool": torch.bool,
}
WIDER = {torch.float16: torch.float32, torch.bfloat16: torch.float32, torch.float32: torch.float64}
NARROWER = {torch.float64: torch.float32}
# What the least precise dtype of a comparison allows: relative and absolute.
TOLERANCES = {
    torch.float64: (1e-8, 1e-9), torch.float32: (2e-5, 2e-6), torch.float16: (6e-3, 2e-3), torch.bfloat16: (4e-2, 3e-2),
}
# Refusals of what an operator means. Others, such as a missing kernel for a dtype, say nothing about ours.
UNIMPLEMENTED = ("not implemented", "not supported", "unsupported", "no kernel", "INTERNAL ASSERT", "not yet implemented", "does not support bool")


class Refusal(Exception):
    """PyTorch refused the statement."""


class Skip(Exception):
    """The statement says nothing about us: PyTorch lacks a kernel for it."""


def dtype_name(dtype):
    return str(dtype).removeprefix("torch.")


def number(value):
    """A Python number as the statements encode it."""
    if isinstance(value, float):
        if math.isnan(value):
            return {"float": "nan"}
        if math.isinf(value):
            return {"float": "inf" if value > 0 else "-inf"}
        return {"float": value} if value == int(value) else value
    return value


def data(tensor):
    """A tensor as the statements encode it."""
    tensor = tensor.detach()
    values = tensor.double() if tensor.dtype in FLOATS else tensor.long()
    values = [number(v) for v in values.reshape(-1).tolist()]
    return {"dtype": dtype_name(tensor.dtype), "shape": list(tensor.shape), "values": values}


class Run:
    """One run of a program. `dtypes` replaces dtypes, to see how far rounding moves the results."""

    def __init__(self, dtypes=None):
        self.dtypes = dtypes or {}
        self.tensors, self.modules, self.optimizers, self.schedules = {}, {}, {}, {}

    # Values of statements

    def dtype(self, dtype):
        return self.dtypes.get(dtype, dtype)

    def decode(self, encoded):
        dtype = self.dtype(NAMES[encoded["dtype"]])
        values = [self.value(v) for v in encoded["values"]]
        return torch.tensor(values, dtype=NAMES[encoded["dtype"]]).reshape(encoded["shape"]).to(dtype)

    def value(self, encoded):
        if isinstance(encoded, list):
            return [self.value(v) for v in encoded]
        if not isinstance(encoded, dict):
            return encoded
        if "tensor" in encoded:
            return self.find(encoded["tensor"])
        if "float" in encoded:
            return float(encoded["float"])
        if "tuple" in encoded:
            return tuple(self.value(v) for v in encoded["tuple"])
        if "slice" in encoded:
            return slice(*encoded["slice"])
        if "ellipsis" in encoded:
            return Ellipsis
        if "none" in encoded:
            return None
        if "dtype" in encoded:
            return self.dtype(NAMES[encoded["dtype"]])
        raise ValueError(encoded)

    def find(self, name):
        if name in self.tensors:
            return self.tensors[name]
        module, _, path = name.partition(".")
        return {**dict(self.modules[module].named_parameters()), **dict(self.modules[module].named_buffers())}[path]

    def arguments(self, statement):
        return ([self.value(a) for a in statement.get("args", [])],
                {k: self.value(v) for k, v in statement.get("kwargs", {}).items()})

    # Statements

    def perform(self, statement):
        """What a statement gives, as a flat list of tensors and numbers."""
        default = torch.get_default_dtype()
        torch.set_default_dtype(self.dtype(torch.float32))
        try:
            with torch.set_grad_enabled(not statement.get("no_grad", False)):
                result = getattr(self, statement["do"])(statement)
        except NotImplementedError as error:
            raise Skip(str(error))
        except (RuntimeError, ValueError, IndexError, TypeError, AssertionError) as error:
            if any(word in str(error) for word in UNIMPLEMENTED):
                raise Skip(str(error))
            raise Refusal(str(error).splitlines()[0] if str(error) else type(error).__name__)
        finally:
            torch.set_default_dtype(default)
        results = list(flat(result))
        for name, value in zip(statement.get("to", []) if isinstance(statement.get("to"), list) else [], results):
            if isinstance(value, torch.Tensor):
                self.tensors[name] = value
        return results

    def tensor(self, s):
        return self.decode(s["data"]).requires_grad_(s.get("requires_grad", False))

    def call(self, s):
        args, kwargs = self.arguments(s)
        return function(s["op"], args)(*args, **kwargs)

    def update(self, s):
        (x, index, value), _ = self.arguments(s)
        if s["op"] == "+=":
            x[index] += value
        elif s["op"] == "-=":
            x[index] -= value
        elif s["op"] == "*=":
            x[index] *= value
        else:
            x[index] /= value
        return x

    def module(self, s):
        args, kwargs = self.arguments(s)
        module = getattr(torch.nn, s["type"])(*args, **kwargs)
        state = {name: self.decode(value) for name, value in s["state"].items()}
        floating = [v.dtype for v in state.values() if v.dtype in FLOATS]
        if floating:
            module = module.to(floating[0])
        module.load_state_dict(state)
        self.modules[s["to"]] = module
        return []

    def apply(self, s):
        args, kwargs = self.arguments(s)
        return self.modules[s["module"]](*args, **kwargs)

    def train(self, s):
        self.modules[s["of"]].train(s["value"])
        return []

    def backward(self, s):
        gradient = self.find(s["gradient"]) if s.get("gradient") else None
        self.find(s["of"]).backward(
            gradient, retain_graph=s.get("retain_graph", False) or s.get("create_graph", False),
            create_graph=s.get("create_graph", False))
        return []

    def grad(self, s):
        seeds = [self.find(n) if n else None for n in s["grad_outputs"]] if s.get("grad_outputs") else None
        return torch.autograd.grad(
            [self.find(n) for n in s["outputs"]], [self.find(n) for n in s["inputs"]], seeds,
            retain_graph=s.get("retain_graph", False) or s.get("create_graph", False),
            create_graph=s.get("create_graph", False), allow_unused=True)

    def take_grad(self, s):
        return self.find(s["of"]).grad

    def hook(self, s):
        scale = float(self.value(s["scale"]))
        self.find(s["of"]).register_hook(lambda gradient: gradient * scale)
        return []

    def retain_grad(self, s):
        self.find(s["of"]).retain_grad()
        return []

    def requires_grad_(self, s):
        self.find(s["of"]).requires_grad_(s.get("value", True))
        return []

    def detach_(self, s):
        self.find(s["of"]).detach_()
        return []

    def optimizer(self, s):
        parameters = []
        for name in s["parameters"]:
            parameters += list(self.modules[name].parameters()) if name in self.modules else [self.find(name)]
        _, kwargs = self.arguments(s)
        self.optimizers[s["to"]] = getattr(torch.optim, s["type"])(parameters, **kwargs)
        return []

    def step(self, s):
        self.optimizers[s["of"]].step()
        return []

    def zero_grad(self, s):
        self.optimizers[s["of"]].zero_grad(set_to_none=s.get("set_to_none", True))
        return []

    def rates(self, optimizer):
        return [float(group["lr"]) for group in optimizer.param_groups]

    def schedule(self, s):
        _, kwargs = self.arguments(s)
        optimizer = self.optimizers[s["of"]]
        self.schedules[s["to"]] = getattr(torch.optim.lr_scheduler, s["type"])(optimizer, **kwargs)
        return self.rates(optimizer)

    def advance(self, s):
        self.schedules[s["of"]].step()
        return self.rates(self.optimizers[s["optimizer"]])

    def named(self):
        """Every tensor by name, with those of the modules."""
        named = dict(self.tensors)
        for name, module in self.modules.items():
            for path, tensor in [*module.named_parameters(), *module.named_buffers()]:
                named[name + "." + path] = tensor
        return named


def flat(value):
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from flat(item)
    else:
        yield value


def function(name, args):
    """What a name stands for: below torch, or a method of the first argument."""
    if not name.endswith("_") or name.startswith("nn.init"):
        found = torch
        for part in name.split("."):
            found = getattr(found, part, None)
        if callable(found) and not isinstance(found, (torch.dtype, type)):
            return found
    if name in ("T", "mT", "H", "mH"):
        return lambda x: getattr(x, name)
    if name == "__getitem__":
        return lambda x, index: x[index]
    if name == "__setitem__":
        def assign(x, index, value):
            x[index] = value
            return x
        return assign
    return lambda x, *rest, **kwargs: getattr(x, name)(*rest, **kwargs)


# Expectations


def expectation(value, shadows, views=False, gradient=False, least=None):
    """What a value must be, with a tolerance that covers how far other dtypes move it; `shadows` are its other forms."""
    if value is None:
        return {"none": True}
    if not isinstance(value, torch.Tensor):
        kind = number(value)
        return {"value": kind, "rtol": 1e-9, "atol": 1e-12}
    expected = {"dtype": dtype_name(value.dtype), "shape": list(value.shape)}
    if not gradient:
        expected["requires_grad"] = value.requires_grad
    if views:
        # Along a dimension of one element the stride says nothing.
        expected["strides"] = [stride if size > 1 else None for stride, size in zip(value.stride(), value.shape)]
    rtol, atol = TOLERANCES.get(value.dtype, (0, 0))
    if least is not None and value.dtype in FLOATS:  # what came through it is as inexact
        rtol, atol = max(rtol, TOLERANCES[least][0]), max(atol, TOLERANCES[least][1])
    plain = value.detach().double()
    for shadow, factor in shadows:
        if not isinstance(shadow, torch.Tensor) or shadow.shape != value.shape:
            return expected
        other = shadow.detach().double()
        if value.dtype not in FLOATS:
            if not torch.equal(plain, other):
                return expected
            continue
        finite = torch.isfinite(plain)
        if not torch.equal(finite, torch.isfinite(other)):
            return expected
        if not torch.equal(plain[~finite].nan_to_num(5.0), other[~finite].nan_to_num(5.0)):
            return expected
        if finite.any():
            off = (plain - other)[finite].abs()
            atol = max(atol, 10 * factor * off.max().item())
            if atol > 1e-2 * max(1.0, plain[finite].abs().max().item()) and value.dtype in (torch.float32, torch.float64):
                return expected
    expected |= {"values": data(value)["values"], "rtol": rtol, "atol": atol}
    return expected


VIEWS = {
    "view", "view_as", "transpose", "swapdims", "permute", "movedim", "squeeze", "unsqueeze", "expand", "expand_as", "T",
    "mT", "t", "narrow", "select", "diagonal", "unfold", "split", "chunk", "unbind", "as_strided", "flatten", "unflatten",
    "broadcast_to", "detach", "hsplit", "vsplit", "tensor_split", "transpose_", "unsqueeze_", "squeeze_", "t_", "ravel",
    "reshape",
}


def targets(run, s):
    """The tensors that a statement changes in place."""
    in_place = s["do"] == "update" or s["do"] == "call" and (s["op"].endswith("_") or s["op"] == "__setitem__")
    if not in_place or s["op"].startswith("__get"):
        return []
    try:
        target = run.value(s["args"][0])
    except KeyError:
        return []
    return [target] if isinstance(target, torch.Tensor) else []


def overlap(target, other):
    """Whether an operand lies in the memory of the target in another arrangement."""
    return (isinstance(other, torch.Tensor) and other.untyped_storage().data_ptr() == target.untyped_storage().data_ptr()
            and (other.shape, other.stride(), other.storage_offset())
            != (target.shape, target.stride(), target.storage_offset()))


class Unstable(Exception):
    """A run with other dtypes takes another course, so nothing can be compared."""


def other_dtypes(statements):
    """The dtype replacements whose runs show the rounding, each with the factor from their rounding to ours."""
    yield WIDER, 1.0
    if any(s.get("data", {}).get("dtype") == "float64" or "float64" in str(s.get("args", "")) + str(s.get("kwargs", ""))
           or s.get("op") in ("double", "float_power") or "float64" in str(s.get("state", "")) for s in statements):
        yield NARROWER, 2.0 ** -28


def record(statements, name):
    """The program with what PyTorch gives for each statement and at the end."""
    main = Run()
    others = [(Run(dtypes), factor) for dtypes, factor in other_dtypes(statements)]
    expected = []
    # Tensors whose strides are defined: new ones and views of them. Those of other results are a matter of speed.
    laid_out = set()
    # Tensors that have a gradient of their own; other names may stand for the same tensor in one language only.
    owners = {s["to"][0] for s in statements if s["do"] == "tensor"} | {
        s["of"] for s in statements if s["do"] == "retain_grad"}
    refused = False
    # The least precise dtype so far, where it is less than float64.
    least = None
    for s in statements:
        def attempt(run):
            try:
                return run.perform(s)
            except Refusal as refusal:
                return refusal
        written = targets(main, s)
        before = [t.detach().clone() for t in written]
        if any(overlap(t, other) for t in written for other in flat(main.arguments(s)[0]) if other is not t):
            raise Unstable(s)  # what PyTorch reads after it has written is not defined
        dropped = [t for t in written if t._is_view() and t._backward_hooks]
        results = attempt(main)
        if dropped:
            raise Unstable(s)  # PyTorch drops the hooks of a view that is changed in place
        shadows = [(attempt(run), factor) for run, factor in others]
        if any(isinstance(shadow, Refusal) != isinstance(results, Refusal) for shadow, _ in shadows):
            raise Unstable(s)
        if isinstance(results, Refusal):
            if any(not torch.equal(t.detach().nan_to_num(), b.nan_to_num()) for t, b in zip(written, before)):
                raise Unstable(s)  # PyTorch had written a part
            refused = refused or s["do"] in ("backward", "grad")
            expected.append({"error": True, "says": str(results)})
            continue
        if any(len(shadow) != len(results) for shadow, _ in shadows):
            raise Unstable(s)
        for value in results:
            if isinstance(value, torch.Tensor) and value.dtype == torch.float32:
                least = least or torch.float32
            elif isinstance(value, torch.Tensor) and value.dtype in (torch.float16, torch.bfloat16):
                least = torch.bfloat16 if torch.bfloat16 in (least, value.dtype) else torch.float16
        views = s["do"] == "call" and s["op"] in VIEWS and s["args"][0].get("tensor") in laid_out
        if views or s["do"] == "tensor":
            laid_out |= set(s["to"])
        elif s["do"] == "call":
            laid_out -= set(s["to"])
        entry = {"results": [
            expectation(value, [(shadow[i], factor) for shadow, factor in shadows], views, least=least)
            for i, value in enumerate(results)]}
        if s["do"] == "call" and not s["op"].endswith("_"):
            operands = {t.untyped_storage().data_ptr() for t in flat(main.arguments(s)[0]) if isinstance(t, torch.Tensor)}
            for result, value in zip(entry["results"], results):
                if isinstance(value, torch.Tensor) and value.numel() and value.untyped_storage().data_ptr() not in operands:
                    result["fresh"] = True
        if s.get("no_grad") or s["do"] == "grad":  # an operation that changes nothing may return its operand
            for result in entry["results"]:
                result.pop("requires_grad", None)
        expected.append(entry)
    final = {}
    for key, tensor in main.named().items():
        if key.startswith("g"):
            continue
        forms = [(run.named()[key], factor) for run, factor in others]
        final[key] = expectation(tensor, forms, least=least)
        final[key].pop("requires_grad", None)
        if not refused and (key in owners or "." in key):
            final[key]["grad"] = expectation(tensor.grad, [(f.grad, factor) for f, factor in forms],
                                             gradient=True, least=least)
    return {"name": name, "statements": copy.deepcopy(statements), "expected": expected, "final": final}
