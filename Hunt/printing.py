"""Prints a program in Python and in Swift, as a user would write it."""
import re

# How Swift writes what is not the method of the same name with the same arguments in the same order; {0} is the first
# argument, {*} all further ones by place.
SWIFT = {
    "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}", "remainder": "{0} % {1}",
    "neg": "-{0}", "eq": "{0} .== {1}", "ne": "{0} .!= {1}", "lt": "{0} < {1}", "le": "{0} <= {1}", "gt": "{0} > {1}",
    "ge": "{0} >= {1}", "bitwise_and": "{0} & {1}", "bitwise_or": "{0} | {1}", "bitwise_xor": "{0} ^ {1}",
    "bitwise_not": "~{0}", "bitwise_left_shift": "{0} << {1}", "bitwise_right_shift": "{0} >> {1}", "rsub": "{1} - {0}",
    "where": "Tensor.where({0}, {1}, {2})", "clamp": "{0}.clamp(min: {1}, max: {2})",
    "clamp_": "{0}.clamp_(min: {1}, max: {2})", "clamp_min": "{0}.clamp(min: {1})", "clamp_max": "{0}.clamp(max: {1})",
    "lerp": "{0}.lerp({1}, weight: {2})", "lerp_": "{0}.lerp_({1}, weight: {2})",
    "narrow": "{0}.narrow({1}, start: {2}, length: {3})", "unfold": "{0}.unfold({1}, size: {2}, step: {3})",
    "split": "{0}.split({1}, dim: {2})", "chunk": "{0}.chunk({1}, dim: {2})", "tensor_split": "{0}.tensorSplit({1}, dim: {2})",
    "unbind": "{0}.unbind(dim: {1})", "flatten": "{0}.flatten(from: {1}, to: {2})",
    "diagonal": "{0}.diagonal(offset: {1}, dim1: {2}, dim2: {3})", "as_strided": "{0}.asStrided({1}, stride: {2}, offset: {3})",
    "max": "{0}.max(dim: {1})", "min": "{0}.min(dim: {1})", "argmax": "{0}.argmax(dim: {1})", "argmin": "{0}.argmin(dim: {1})",
    "median": "{0}.median(dim: {1})", "nanmedian": "{0}.nanmedian(dim: {1})", "mode": "{0}.mode(dim: {1})",
    "cummax": "{0}.cummax(dim: {1})", "cummin": "{0}.cummin(dim: {1})", "cumsum": "{0}.cumsum(dim: {1})",
    "cumprod": "{0}.cumprod(dim: {1})", "logcumsumexp": "{0}.logcumsumexp(dim: {1})", "softmax": "{0}.softmax(dim: {1})",
    "log_softmax": "{0}.logSoftmax(dim: {1})", "norm": "{0}.norm(p: {1}, dim: {2})", "topk": "{0}.topk({1}, dim: {2}, largest: {3})",
    "kthvalue": "{0}.kthvalue({1}, dim: {2})", "quantile": "{0}.quantile({1})", "diff": "{0}.diff({1}, dim: {2})",
    "cat": "cat({0}, dim: {1})", "stack": "stack({0}, dim: {1})", "hstack": "hstack({0})", "vstack": "vstack({0})",
    "broadcast_tensors": "broadcastTensors([{0}, {1}])", "meshgrid": "meshgrid([{0}, {1}])",
    "block_diag": "blockDiag([{0}, {1}])", "cartesian_prod": "cartesianProd([{0}, {1}])", "roll": "{0}.roll({1}, dims: {2})",
    "repeat_interleave": "{0}.repeatInterleave({1}, dim: {2})", "rot90": "{0}.rot90()", "nn.functional.pad": "{0}.pad({1})",
    "diag_embed": "{0}.diagEmbed(offset: {1})", "renorm": "{0}.renorm(p: {1}, dim: {2}, maxNorm: {3})",
    "einsum": "einsum({0}, {*})", "tensordot": "{0}.tensordot({1}, dims: {2})", "zeros_like": "Tensor.zeros(like: {0})",
    "ones_like": "Tensor.ones(like: {0})", "full_like": "Tensor.full(like: {0}, {1})", "float": "{0}.to(.float32)",
    "double": "{0}.to(.float64)", "half": "{0}.to(.float16)", "bfloat16": "{0}.to(.bfloat16)", "long": "{0}.to(.int64)",
    "int": "{0}.to(.int32)", "short": "{0}.to(.int16)", "char": "{0}.to(.int8)", "byte": "{0}.to(.uint8)",
    "bool": "{0}.to(.bool)", "type_as": "{0}.to({1}.dtype)", "take_along_dim": "{0}.takeAlongDim({1}, dim: {2})",
    "scatter_reduce": "{0}.scatterReduce({1}, {2}, {3}, reduce: .{4})", "matrix_power": "LinAlg.matrixPower({0}, {1})",
    "scatter_reduce_": "{0}.scatterReduce_({1}, {2}, {3}, reduce: .{4})", "T": "{0}.T", "mT": "{0}.mT",
    "index_reduce": "{0}.indexReduce({1}, {2}, {3}, reduce: .{4})", "index_reduce_": "{0}.indexReduce_({1}, {2}, {3}, reduce: .{4})",
    "index_put": "{0}.indexPut({1}, {2}, accumulate: {3})", "index_put_": "{0}.indexPut_({1}, {2}, accumulate: {3})",
    "special.xlog1py": "Special.xlog1py({0}, {1})", "swapdims": "{0}.transpose({1}, {2})",
    "nn.functional.gaussian_nll_loss": "gaussianNLLLoss({0}, {1}, {2})",
    "nn.functional.poisson_nll_loss": "poissonNLLLoss({0}, {1})",
}
FREE = {"prelu", "cdist", "isin", "nn.functional.interpolate"}  # functions, not methods
# The order of settings in Swift, where it is another than that of the statement.
ORDER = [
    "dim", "dimFeedforward", "numLayers", "kernelSize", "dropout", "activation", "correction", "bias", "batchFirst", "normFirst",
    "bidirectional", "projSize", "keepdim",
]
RECURRENT = {"RNN", "LSTM", "GRU"}


def camel(name):
    """The Swift spelling of a name in snake case; a last underscore stays."""
    tail = "_" if name.endswith("_") and not name.startswith("_") else ""
    first, *rest = name.strip("_").split("_")
    return first + "".join(word.capitalize() for word in rest) + tail


def python_value(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(python_value, value)) + "]"
    if isinstance(value, dict):
        if "tensor" in value:
            return value["tensor"]
        if "float" in value:
            number = float(value["float"])
            return repr(number) if number == number and abs(number) != float("inf") else f'float("{number}")'
        if "tuple" in value:
            items = [python_item(v) for v in value["tuple"]]
            return ", ".join(items) + ("," if len(items) == 1 else "") if items else "()"
        if "dtype" in value:
            return "torch." + value["dtype"]
        return python_item(value)
    return repr(value)


def python_item(value):
    if isinstance(value, dict) and "slice" in value:
        start, end, step = ("" if v is None else str(v) for v in value["slice"])
        return f"{start}:{end}" + (f":{step}" if step else "")
    if isinstance(value, dict) and "ellipsis" in value:
        return "..."
    if isinstance(value, dict) and "none" in value:
        return "None"
    return python_value(value)


def nested(values, shape, show):
    """Values as nested lists; a shape that lists cannot express is left to the caller."""
    if not shape:
        return show(values[0])
    step = len(values) // shape[0] if shape[0] else 0
    return "[" + ", ".join(nested(values[i * step:(i + 1) * step], shape[1:], show) for i in range(shape[0])) + "]"


def python(statements):
    """The program in Python."""
    lines = ["import torch"]
    for s in statements:
        names = s.get("to", [])
        to = (", ".join(names) if isinstance(names, list) else names)
        args = [python_value(a) for a in s.get("args", [])]
        keywords = [f"{k}={python_value(v)}" for k, v in s.get("kwargs", {}).items()]
        everything = ", ".join(args + keywords)
        kind = s["do"]
        if kind == "tensor":
            data = s["data"]
            rows = nested(data["values"], data["shape"], python_value) if 0 not in data["shape"] else None
            made = (f"torch.tensor({rows}, dtype=torch.{data['dtype']}" if rows else
                    f"torch.empty({data['shape']}, dtype=torch.{data['dtype']}")
            line = f"{to} = {made}{', requires_grad=True' if s.get('requires_grad') else ''})"
        elif kind == "call":
            line = f"{to} = {python_call(s['op'], args, keywords, everything)}" if to else everything
            if len(names) == 1 and s["op"] in ("split", "chunk", "unbind", "tensor_split"):
                line = line.replace(" =", ", =", 1)
        elif kind == "update":
            line = f"{args[0]}[{args[1]}] {s['op']} {args[2]}"
        elif kind == "module":
            line = f"{to} = torch.nn.{s['type']}({everything})"
            if s["state"]:
                line += f"\n{to}.load_state_dict({{" + ", ".join(
                    f'"{n}": torch.tensor({nested(d["values"], d["shape"], python_value)}, dtype=torch.{d["dtype"]})'
                    for n, d in s["state"].items()) + "})"
        elif kind == "apply":
            line = f"{to} = {s['module']}({everything})"
        elif kind == "train":
            line = f"{s['of']}.train({s['value']})"
        elif kind == "backward":
            settings = [s["gradient"]] if s.get("gradient") else []
            settings += [f"{k}=True" for k in ("retain_graph", "create_graph") if s.get(k)]
            line = f"{s['of']}.backward({', '.join(settings)})"
        elif kind == "grad":
            seeds = f", [{', '.join(map(str, s['grad_outputs']))}]" if s.get("grad_outputs") else ""
            line = (f"{to}{',' if len(names) == 1 else ''} = torch.autograd.grad([{', '.join(s['outputs'])}], "
                    f"[{', '.join(s['inputs'])}]{seeds}" + "".join(
                        f", {k}=True" for k in ("retain_graph", "create_graph") if s.get(k)) + ", allow_unused=True)")
        elif kind == "take_grad":
            line = f"{to} = {s['of']}.grad"
        elif kind == "hook":
            line = f"{s['of']}.register_hook(lambda g: g * {python_value(s['scale'])})"
        elif kind in ("retain_grad", "detach_"):
            line = f"{s['of']}.{kind}()"
        elif kind == "requires_grad_":
            line = f"{s['of']}.requires_grad_({s.get('value', True)})"
        elif kind == "optimizer":
            owners = "[" + ", ".join(p if p.startswith("t") else f"*{p}.parameters()" for p in s["parameters"]) + "]"
            line = f"{to} = torch.optim.{s['type']}({', '.join([owners] + keywords)})"
        elif kind == "schedule":
            line = f"{to} = torch.optim.lr_scheduler.{s['type']}({', '.join([s['of']] + keywords)})"
        elif kind == "zero_grad":
            line = f"{s['of']}.zero_grad(set_to_none={s.get('set_to_none', True)})"
        else:
            line = f"{s['of']}.step()"
        lines.append(f"with torch.no_grad(): {line}" if s.get("no_grad") else line)
    return "\n".join(lines)


def python_call(op, args, keywords, everything):
    if op == "__getitem__":
        return f"{args[0]}[{args[1] or '()'}]"
    if op == "__setitem__":
        return f"{args[0]}; {args[0]}[{args[1] or '()'}] = {args[2]}"
    if op in ("T", "mT"):
        return f"{args[0]}.{op}"
    from programs import function  # the same choice between function and method
    import torch
    found = torch
    for part in op.split("."):
        found = getattr(found, part, None)
    if op.endswith("_") or not callable(found) or isinstance(found, (torch.dtype, type)):
        return f"{args[0]}.{op}({', '.join(args[1:] + keywords)})"
    return f"torch.{op}({everything})"


def swift_value(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(swift_value, value)) + "]"
    if isinstance(value, str):
        return '"' + value + '"'
    if isinstance(value, dict):
        if "tensor" in value:
            return value["tensor"]
        if "float" in value:
            number = float(value["float"])
            if number != number:
                return "Double.nan"
            return repr(number) if abs(number) != float("inf") else ("-" if number < 0 else "") + "Double.infinity"
        if "tuple" in value:
            return ", ".join(map(swift_item, value["tuple"]))
        if "dtype" in value:
            return "." + value["dtype"]
        return swift_item(value)
    return "nil" if value is None else repr(value)


def swift_item(value):
    if isinstance(value, dict) and "slice" in value:
        start, end, step = value["slice"]
        return f".slice({'nil' if start is None else start}, {'nil' if end is None else end}, step: {step or 1})"
    if isinstance(value, dict) and "ellipsis" in value:
        return ".ellipsis"
    if isinstance(value, dict) and "none" in value:
        return ".newAxis"
    return swift_value(value)


def swift_tensor(data, grad=False):
    dtype = f", dtype: .{data['dtype']}" if data["dtype"] != "bool" else ""
    show = (lambda v: str(bool(v)).lower()) if data["dtype"] == "bool" else swift_value
    shape = f", shape: {data['shape']}" if len(data["shape"]) != 1 or 0 in data["shape"] else ""
    grad = ", requiresGrad: true" if grad else ""
    if 0 in data["shape"]:
        return f"Tensor.zeros({data['shape']}{dtype or ', dtype: .bool'}{grad})"
    return f"Tensor([{', '.join(map(show, data['values']))}]{shape}{dtype}{grad})"


WORDS = {"lr", "betas", "eps", "tMax", "t0"}


def label(name):
    return {"T_max": "tMax", "T_0": "t0", "p": "p"}.get(name, camel(name))


def enumerated(name, value):
    """Words that are cases of an enumeration in Swift."""
    if isinstance(value, str) and name in ("reduction", "rounding_mode", "mode", "padding_mode", "nonlinearity", "activation"):
        return "." + value
    return swift_value(value)


def labelled(module, args):
    """Settings by place in Python that have a name in Swift."""
    name = "kernelSize" if module.startswith("Conv") else "dimFeedforward" if module.startswith("Transformer") else None
    return args[:2] + [f"{name}: {a}" for a in args[2:3]] + args[3:] if name else args


def ordered(keywords, module=""):
    """Settings in the order of the declaration in Swift."""
    def place(keyword):
        name = keyword.split(":")[0]
        # Recurrent layers drop between layers, after what they are made of.
        if module in RECURRENT and name == "dropout":
            return ORDER.index("batchFirst") + 0.5
        return ORDER.index(name) if name in ORDER else len(ORDER)
    return sorted(keywords, key=place)


def takes_index(s):
    """Whether None among the arguments is a new axis, and not something left out."""
    return s["do"] == "update" or s.get("op") in ("__getitem__", "__setitem__")


def swift(statements):
    """The program in Swift."""
    lines = ["import Torchlight"]
    for s in statements:
        names = s.get("to", [])
        names = names if isinstance(names, list) else [names]
        to = "let " + (names[0] if len(names) == 1 else "(" + ", ".join(names) + ")") + " = " if names else ""
        is_index = takes_index(s)
        args = [swift_value(a) if is_index else "nil" if isinstance(a, dict) and "none" in a else swift_value(a)
                for a in s.get("args", [])]
        keywords = [f"{'rounding' if k == 'rounding_mode' else label(k)}: {enumerated(k, v)}"
                    for k, v in s.get("kwargs", {}).items()]
        kind = s["do"]
        body = None
        if kind == "tensor":
            body = f"{to}{swift_tensor(s['data'], s.get('requires_grad'))}"
        elif kind == "call" and s["op"] == "__setitem__":
            body = f"{args[0]}[{args[1]}] = {args[2]}\n{to}{args[0]}"
        elif kind == "call":
            body = to + swift_call(s, args, keywords)
            if s["op"] in ("split", "chunk", "unbind", "tensor_split", "broadcast_tensors", "meshgrid"):
                body = f"let parts{names[0]} = {swift_call(s, args, keywords)}" + "".join(
                    f"\nlet {n} = parts{names[0]}[{i}]" for i, n in enumerate(names)) if names else body
        elif kind == "update":
            body = f"{args[0]}[{args[1]}] {s['op']} {args[2]}"
        elif kind == "module":
            body = f"{to}{s['type']}({', '.join(labelled(s['type'], args) + ordered(keywords, s['type']))})"
            if s["state"]:
                body += f"\ntry {names[0]}.load(stateDict: [" + ", ".join(
                    f'"{n}": {swift_tensor(d)}' for n, d in s["state"].items()) + "])"
        elif kind == "apply":
            body = f"{to}{s['module']}({', '.join(args + keywords)})"
        elif kind == "train":
            body = f"{s['of']}.train({swift_value(s['value'])})"
        elif kind == "backward":
            settings = [f"gradient: {s['gradient']}"] if s.get("gradient") else []
            settings += [f"{camel(k)}: true" for k in ("retain_graph", "create_graph") if s.get(k)]
            body = f"{s['of']}.backward({', '.join(settings)})"
        elif kind == "grad":
            seeds = f", gradOutputs: [{', '.join(s['grad_outputs'])}]" if s.get("grad_outputs") else ""
            body = (f"let gradients{names[0]} = grad(outputs: [{', '.join(s['outputs'])}], inputs: [{', '.join(s['inputs'])}]"
                    f"{seeds}" + "".join(f", {camel(k)}: true" for k in ("retain_graph", "create_graph") if s.get(k)) +
                    ", allowUnused: true)" + "".join(f"\nlet {n} = gradients{names[0]}[{i}]!" for i, n in enumerate(names)))
        elif kind == "take_grad":
            body = f"{to}{s['of']}.grad!"
        elif kind == "hook":
            body = f"{s['of']}.registerHook {{ $0 * {swift_value(s['scale'])} }}"
        elif kind == "retain_grad":
            body = f"{s['of']}.retainGrad()"
        elif kind == "detach_":
            body = f"_ = {s['of']}.detach_()"
        elif kind == "requires_grad_":
            body = f"_ = {s['of']}.requiresGrad_({swift_value(s.get('value', True))})"
        elif kind == "optimizer":
            owners = " + ".join(f"[{p}]" if p.startswith("t") else f"{p}.parameters()" for p in s["parameters"])
            body = f"{to}{s['type']}({', '.join([owners] + keywords)})"
        elif kind == "schedule":
            body = f"{to}{s['type']}({', '.join([s['of']] + keywords)})"
        elif kind == "zero_grad":
            body = f"{s['of']}.zeroGrad(setToNil: {swift_value(s.get('set_to_none', True))})"
        else:
            body = f"{s['of']}.step()"
        if s.get("no_grad"):
            # The statement itself; the lines after it give names to its parts.
            first, newline, rest = body.partition("\n")
            head, equals, tail = first.partition(" = ")
            first = f"{head} = noGrad {{ {tail} }}" if first.startswith("let ") else f"noGrad {{ {first} }}"
            body = first + newline + rest
        lines.append(body)
    return "\n".join(lines)


def swift_call(s, args, keywords):
    op = s["op"]
    if op == "__getitem__":
        return f"{args[0]}[{args[1]}]"
    form = SWIFT.get(op)
    if form and not (op == "div" and keywords) and not ("alpha: " in "".join(keywords)):
        places = [int(n) for n in re.findall(r"{(\d)}", form)]
        if max(places, default=0) >= len(args):
            # Arguments that were left out.
            form = re.sub(r",? ?(\w+: )?\.?{(\d)}", lambda m: m[0] if int(m[2]) < len(args) else "", form)
        text = form.replace("{*}", ", ".join(args[1:]))
        for i, argument in enumerate(args):
            argument = argument if not re.match(r"^-", argument) or "." in form else f"({argument})"
            text = text.replace("{%d}" % i, argument.strip('"') if ".{%d}" % i in form else argument)
        extra = [k for k in keywords if not k.startswith("stable")]
        return text if not extra or not text.endswith(")") else text[:-1] + ", " + ", ".join(extra) + ")"
    keywords = ordered([k for k in keywords if not k.startswith("stable")])
    if op == "count_nonzero":
        keywords = [re.sub(r"^dim: (-?\d+)$", r"dim: [\1]", k) for k in keywords]
    if op == "pow" and not isinstance(s["args"][0], dict):
        return f"pow({', '.join(args)})"
    parts = op.split(".")
    name = camel(parts[-1])
    if op.startswith("linalg."):
        return f"LinAlg.{name}({', '.join(args + keywords)})"
    if op.startswith("special."):
        return f"Special.{name}({', '.join(args + keywords)})"
    unary = op.startswith("nn.functional.") and len(args) == 1 and op not in FREE
    if (op.startswith("nn.functional.") and not unary) or op in FREE:
        return f"{name}({', '.join(args + keywords)})"
    return f"{args[0]}.{name}({', '.join(args[1:] + keywords)})"
