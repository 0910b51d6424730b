"""The statements about modules, losses and optimisers."""
import torch
from programs import FLOATS, Refusal, data, dtype_name, number


def add_layers(generator):
    """Adds the statements to the generator."""
    for function in (do_module, do_apply, do_functional, do_loss, do_train):
        setattr(generator, function.__name__, function)


def input_for(g, shape, dtype="float32"):
    found = g.pick(lambda t: list(t.shape) == list(shape) and dtype_name(t.dtype) == dtype)
    return g.of(found if found and g.chance(0.6) else g.new(shape, dtype, no_special=True))


def choices(g):
    """The modules that there are: name, arguments, keywords and the shapes that they take."""
    r = g.random.choice
    n, c, d, k, length = r([1, 2, 3]), r([1, 2, 4]), r([2, 3, 4]), r([1, 2, 3]), r([3, 4, 5])
    flag = lambda p=0.5: g.chance(p)
    convolution = {"stride": r([1, 1, 2]), "padding": r([0, 1]), "bias": flag(0.7)}
    if flag(0.3):
        convolution["padding_mode"] = r(["zeros", "reflect", "replicate", "circular"])
    groups = r([1, 1, c])
    recurrent = {"num_layers": r([1, 2]), "batch_first": flag(), "bidirectional": flag(0.3), "bias": flag(0.8)}
    norm = {"affine": flag(0.7), "track_running_stats": flag(0.7)}
    return r([
        ("Linear", [d, k], {"bias": flag(0.8)}, [[n, d]]),
        ("Linear", [d, k], {}, [[n, length, d]]),
        ("Bilinear", [d, c, k], {}, [[n, d], [n, c]]),
        ("Conv1d", [c, groups * k, r([1, 2, 3])], convolution | {"groups": groups, "dilation": r([1, 1, 2])}, [[n, c, 6]]),
        ("Conv2d", [c, groups * k, r([1, 2, 3])], convolution | {"groups": groups}, [[n, c, 4, 5]]),
        ("Conv2d", [c, k, [2, 1]], {"stride": [1, 2], "padding": [1, 0]}, [[n, c, 4, 5]]),
        ("ConvTranspose1d", [c, k, r([1, 2, 3])], {"stride": r([1, 2]), "padding": r([0, 1])}, [[n, c, 4]]),
        ("ConvTranspose2d", [c, k, r([1, 2])], {"stride": r([1, 2])}, [[n, c, 2, 3]]),
        ("BatchNorm1d", [c], norm, [[r([2, 3]), c]]),
        ("BatchNorm1d", [c], norm | {"momentum": r([0.1, 0.5, {"none": True}])}, [[n, c, length]]),
        ("BatchNorm2d", [c], norm, [[n, c, 2, 3]]),
        ("InstanceNorm1d", [c], {"affine": flag()}, [[n, c, length]]),
        ("InstanceNorm2d", [c], norm, [[n, c, 2, 3]]),
        ("GroupNorm", [r([1, c]), c], {}, [[n, c, length]]),
        ("LayerNorm", [[length]], {"elementwise_affine": flag(0.7)}, [[n, c, length]]),
        ("LayerNorm", [[c, length]], {}, [[n, c, length]]),
        ("RMSNorm", [[length]], {}, [[n, c, length]]),
        ("LSTM", [d, k], recurrent | {"proj_size": 1 if k > 1 and flag(0.2) else 0}, [[n, length, d]]),
        ("GRU", [d, k], recurrent, [[n, length, d]]),
        ("RNN", [d, k], recurrent | {"nonlinearity": r(["tanh", "relu"])}, [[n, length, d]]),
        ("LSTMCell", [d, k], {}, [[n, d]]), ("GRUCell", [d, k], {}, [[n, d]]), ("RNNCell", [d, k], {}, [[n, d]]),
        ("MultiheadAttention", [4, r([1, 2, 4])], {"batch_first": flag(), "bias": flag(0.7)}, [[2, length, 4]] * 3),
        ("TransformerEncoderLayer", [4, 2, 5], {"dropout": {"float": 0.0}, "batch_first": True, "norm_first": flag(),
                                                "activation": r(["relu", "gelu"])}, [[2, length, 4]]),
        ("Embedding", [5, k], {"padding_idx": r([{"none": True}, 1])}, ["indices", 5]),
        ("PReLU", [], {}, [[n, d]]), ("PReLU", [c], {}, [[n, c, 2]]),
        ("MaxPool1d", [r([1, 2, 3])], {"stride": r([1, 2]), "ceil_mode": flag()}, [[n, c, 5]]),
        ("MaxPool2d", [r([1, 2])], {"padding": 0, "ceil_mode": flag()}, [[n, c, 4, 5]]),
        ("AvgPool1d", [2], {"stride": r([1, 2]), "padding": r([0, 1]), "count_include_pad": flag()}, [[n, c, 5]]),
        ("AvgPool2d", [2], {"ceil_mode": flag(), "count_include_pad": flag()}, [[n, c, 3, 5]]),
        ("AdaptiveAvgPool1d", [r([1, 2, 3])], {}, [[n, c, 5]]), ("AdaptiveMaxPool1d", [r([1, 2])], {}, [[n, c, 5]]),
        ("AdaptiveAvgPool2d", [[1, 2]], {}, [[n, c, 4, 3]]),
        ("GLU", [], {}, [[n, 4]]), ("Softmax", [], {"dim": r([0, 1, -1])}, [[n, d]]), ("GELU", [], {}, [[n, d]]),
        ("Dropout", [{"float": 0.0}], {}, [[n, d]]), ("Flatten", [], {}, [[n, c, d]]), ("SELU", [], {}, [[n, d]]),
        ("PixelShuffle", [2], {}, [[n, 4, 2, 2]]), ("Upsample", [], {"scale_factor": 2, "mode": r(["nearest", "bilinear"])},
                                                     [[n, c, 2, 3]]),
        ("LocalResponseNorm", [2], {}, [[n, c, 4]]), ("CosineSimilarity", [], {}, [[n, d], [n, d]]),
        ("ReflectionPad1d", [r([1, 2])], {}, [[n, c, 4]]), ("CircularPad1d", [1], {}, [[n, c, 4]]),
    ])


def do_module(g):
    kind, args, kwargs, shapes = choices(g)
    name = g.name("m")
    settings = g.run.value(args), {k: g.run.value(v) for k, v in kwargs.items()}
    try:
        module = getattr(torch.nn, kind)(*settings[0], **settings[1])
    except (ValueError, RuntimeError, AssertionError):
        return
    state = {}
    dtype = torch.float64 if g.chance(0.1) else torch.float32
    for path, tensor in module.state_dict().items():
        if tensor.dtype in FLOATS:
            values = [round(g.random.gauss(0, 0.6), 3) for _ in range(tensor.numel())]
            if "var" in path:
                values = [abs(v) + 0.5 for v in values]
            tensor = torch.tensor(values, dtype=dtype).reshape(tensor.shape)
        state[path] = data(tensor)
    if not [t for t in module.state_dict().values() if t.dtype in FLOATS]:
        dtype = torch.float32
    g.add({"do": "module", "to": name, "type": kind, "args": args, "kwargs": kwargs, "state": state})
    if not hasattr(g, "made"):
        g.made = {}
    g.made[name] = (kind, shapes, dtype_name(dtype))
    if g.chance(0.3):
        g.add({"do": "train", "of": name, "value": False})
    call_module(g, name)


def call_module(g, name):
    kind, shapes, dtype = g.made[name]
    kwargs = {}
    if shapes[0] == "indices":
        args = [g.of(g.new(g.shape(g.random.choice([1, 2])), "int64", values=None) if False else g.new(
            [2, 3], "int64", values=[g.random.randrange(shapes[1]) for _ in range(6)]))]
    else:
        args = [input_for(g, shape, dtype) for shape in shapes]
    if kind == "MultiheadAttention":
        kwargs["need_weights"] = g.chance(0.5)
        if g.chance(0.4):
            length = shapes[0][1]
            kwargs["attn_mask"] = g.of(g.new([length, length], "bool", values=[
                int(j > i) for i in range(length) for j in range(length)]))
    results = {"LSTM": 3, "GRU": 2, "RNN": 2, "LSTMCell": 2, "MultiheadAttention": 2}.get(kind, 1)
    if kind == "MultiheadAttention" and not kwargs["need_weights"]:
        results = 1
    if kind == "MultiheadAttention" and not g.run.modules[name].batch_first and "attn_mask" in kwargs:
        return
    g.add({"do": "apply", "to": [g.name() for _ in range(results)], "module": name, "args": args, "kwargs": kwargs})


def do_apply(g):
    if not getattr(g, "made", None):
        return do_module(g)
    name = g.random.choice(list(g.made))
    call_module(g, name)


def do_functional(g):
    r = g.random.choice
    n, c, length = r([1, 2, 3]), r([1, 2, 4]), r([3, 4, 5])
    f = "nn.functional."
    x = lambda *shape: input_for(g, shape)
    name, args, kwargs = r([
        lambda: (f + "layer_norm", [x(n, length), [length]], {}),
        lambda: (f + "softmax", [x(n, length), r([0, 1])], {}),
        lambda: (f + "scaled_dot_product_attention", [x(n, 2, length, c), x(n, 2, length, c), x(n, 2, length, c)],
                 {"is_causal": g.chance(0.5)}),
        lambda: (f + "normalize", [x(n, length)], {"dim": r([0, 1])}),
        lambda: (f + "cosine_similarity", [x(n, length), x(n, length)], {}),
        lambda: (f + "pairwise_distance", [x(n, length), x(n, length)], {}),
        lambda: (f + "one_hot", [g.of(g.new([n], "int64", values=[g.random.randrange(4) for _ in range(n)])), 4], {}),
        lambda: (f + "unfold", [x(n, c, 4, 4), 2], {"stride": r([1, 2])}),
        lambda: (f + "interpolate", [x(n, c, 3, 4)], {"size": [r([2, 5]), r([3, 6])],
                                                      "mode": r(["nearest", "bilinear", "area", "bicubic"])}),
        lambda: (f + "max_pool2d", [x(n, c, 4, 4), 2], {"stride": r([1, 2])}),
        lambda: (f + "avg_pool2d", [x(n, c, 4, 4), 2], {"stride": r([1, 2])}),
        lambda: (f + "conv2d", [x(n, c, 4, 4), x(3, c, 2, 2)], {"stride": r([1, 2]), "padding": r([0, 1])}),
        lambda: (f + "conv1d", [x(n, c, 6), x(2, c, 2)], {"dilation": r([1, 2])}),
        lambda: (f + "batch_norm", [x(2, c, 3), {"none": True}, {"none": True}], {"training": True}),
        lambda: (f + "group_norm", [x(n, c, 3), r([1, c])], {}),
        lambda: (f + "glu", [x(n, 4)], {}),
        lambda: (f + "pixel_shuffle", [x(n, 4, 2, 2), 2], {}),
        lambda: (f + "embedding", [g.of(g.new([3], "int64", values=[0, 2, 2])), x(4, c)], {}),
        lambda: ("prelu", [x(n, c, 2), x(c)], {}),
        lambda: (f + "linear", [x(n, length), x(2, length), x(2)], {}),
    ])()
    g.call(name, args, kwargs)


def do_loss(g):
    r = g.random.choice
    n, c = r([1, 2, 3]), r([2, 3, 4])
    f = "nn.functional."
    kwargs = {"reduction": r(["mean", "sum", "none"])} if g.chance(0.7) else {}
    x = lambda *shape: input_for(g, shape)
    probabilities = lambda *shape: g.of(g.new(shape, "float32", grad=g.chance(0.7), values=[
        round(g.random.uniform(0.02, 0.98), 3) for _ in range(torch.Size(shape).numel())]))
    labels = lambda *shape: g.of(g.new(shape, "int64", values=[
        g.random.choice(list(range(c)) + ([-100] if g.chance(0.1) else []))
        for _ in range(torch.Size(shape).numel())]))
    signs = lambda *shape: g.of(g.new(shape, "float32", grad=False, values=[
        number(g.random.choice([-1.0, 1.0])) for _ in range(torch.Size(shape).numel())]))
    kind = r(["cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "l1_loss", "mse_loss",
              "smooth_l1_loss", "huber_loss", "soft_margin_loss", "hinge_embedding_loss", "margin_ranking_loss",
              "cosine_embedding_loss", "triplet_margin_loss", "poisson_nll_loss", "gaussian_nll_loss", "kl_div",
              "multilabel_soft_margin_loss", "multi_margin_loss"])
    if kind == "cross_entropy":
        args = r([lambda: [x(n, c), labels(n)], lambda: [x(n, c, 2), labels(n, 2)],
                  lambda: [x(n, c), probabilities(n, c)], lambda: [x(c), labels()]])()
        if g.chance(0.3):
            kwargs["label_smoothing"] = 0.1
        if g.chance(0.3):
            kwargs["weight"] = g.of(g.new([c], "float32", grad=False, values=[0.5 + i for i in range(c)]))
    elif kind == "nll_loss":
        args = [x(n, c), labels(n)]
    elif kind == "binary_cross_entropy":
        args = [probabilities(n, c), probabilities(n, c)]
    elif kind in ("soft_margin_loss", "hinge_embedding_loss"):
        args = [x(n, c), signs(n, c)]
    elif kind in ("margin_ranking_loss",):
        args = [x(n), x(n), signs(n)]
    elif kind == "cosine_embedding_loss":
        args = [x(n, c), x(n, c), signs(n)]
    elif kind == "triplet_margin_loss":
        args = [x(n, c), x(n, c), x(n, c)]
    elif kind == "gaussian_nll_loss":
        args = [x(n, c), x(n, c), probabilities(n, c)]
    elif kind == "multi_margin_loss":
        args = [x(n, c), g.of(g.new([n], "int64", values=[g.random.randrange(c) for _ in range(n)]))]
    elif kind == "multilabel_soft_margin_loss":
        args = [x(n, c), probabilities(n, c)]
    else:
        args = [x(n, c), x(n, c)]
    g.call(f + kind, args, kwargs)


OPTIMIZERS = [
    ("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}), ("SGD", {"lr": 0.05, "momentum": 0.5,
     "dampening": 0.1, "weight_decay": 0.01}), ("Adam", {"lr": 0.1}), ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("AdamW", {"lr": 0.1}), ("RMSprop", {"lr": 0.05, "centered": True}), ("RMSprop", {"lr": 0.05, "momentum": 0.9}),
    ("Adagrad", {"lr": 0.1}), ("Adadelta", {}), ("Adamax", {"lr": 0.1}), ("NAdam", {"lr": 0.1}), ("RAdam", {"lr": 0.1}),
    ("Rprop", {"lr": 0.05}), ("ASGD", {"lr": 0.05}),
]
SCHEDULES = [
    ("StepLR", {"step_size": 2, "gamma": 0.5}), ("ExponentialLR", {"gamma": 0.9}), ("LinearLR", {"total_iters": 3}),
    ("CosineAnnealingLR", {"T_max": 3}), ("MultiStepLR", {"milestones": [1, 3], "gamma": 0.1}),
    ("PolynomialLR", {"total_iters": 3, "power": {"float": 2.0}}), ("ConstantLR", {"total_iters": 2}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2}), ("OneCycleLR", {"max_lr": {"float": 1.0}, "total_steps": 6,
                                                                "cycle_momentum": False}),
]


def do_train(g):
    """A few steps of training: a loss of leaves or of a module, its gradient, a step."""
    leaves = [n for n, t in g.run.tensors.items() if g.is_leaf(t) and t.requires_grad and t.numel()
              and t.dtype in (torch.float32, torch.float64) and torch.isfinite(t).all()]
    modules = [n for n, m in g.run.modules.items() if list(m.parameters())]
    if not leaves and not modules:
        g.new(g.shape(2), "float32", grad=True, no_special=True)
        return
    kind, kwargs = g.random.choice(OPTIMIZERS)
    name = g.name("o")
    chosen = [g.random.choice(modules)] if modules and (not leaves or g.chance(0.5)) else \
        g.random.sample(leaves, min(len(leaves), 2))
    if g.add({"do": "optimizer", "to": name, "type": kind, "kwargs": kwargs, "parameters": chosen}) is None:
        return
    schedule = None
    if g.chance(0.5):
        schedule = g.name("s")
        kind, kwargs = g.random.choice(SCHEDULES)
        g.add({"do": "schedule", "to": schedule, "type": kind, "kwargs": kwargs, "of": name})
    for _ in range(g.random.choice([1, 2, 3])):
        if g.chance(0.8):
            g.add({"do": "zero_grad", "of": name, **({"set_to_none": False} if g.chance(0.2) else {})})
        if chosen[0] in modules:
            call_module(g, chosen[0])
            last = g.statements[-1]
            if last["do"] != "apply" or last["to"][0] not in g.run.tensors:
                return
            root = last["to"][0]
        else:
            root = g.random.choice(chosen)
        if not g.at(root).requires_grad:
            return
        if g.call("square", [g.of(root)]) is None:
            return
        if g.call("sum", [g.of(g.statements[-1]["to"][0])]) is None:
            return
        total = g.statements[-1]["to"][0]
        if not g.at(total).requires_grad:
            return
        g.add({"do": "backward", "of": total})
        g.add({"do": "step", "of": name})
        if schedule:
            g.add({"do": "advance", "of": schedule, "optimizer": name})
