"""Random programs. Each statement is tried with PyTorch while the program grows, so that most of them are answered."""
import random
import torch
from programs import FLOATS, Refusal, Run, Skip, data, dtype_name, number

DTYPES = (["float32"] * 30 + ["float64"] * 6 + ["int64"] * 5 + ["int32", "int16", "int8", "uint8"] + ["bool"] * 3
          + ["float16", "bfloat16"])
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")

UNARY = """abs acos acosh asin asinh atan atanh ceil cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 floor frac
lgamma log log10 log1p log2 logical_not neg positive rad2deg reciprocal rsqrt sigmoid sign sgn sin sinc sinh sqrt square tan
tanh trunc relu isfinite isinf isnan signbit round nan_to_num special.entr special.erfcx special.i0 special.i0e special.i1
special.i1e special.log_ndtr special.ndtr special.ndtri special.bessel_j0 special.bessel_j1 nn.functional.relu6
nn.functional.mish nn.functional.selu nn.functional.silu nn.functional.logsigmoid nn.functional.hardsigmoid
nn.functional.hardswish nn.functional.softsign nn.functional.tanhshrink nn.functional.elu nn.functional.celu
nn.functional.gelu nn.functional.leaky_relu nn.functional.hardtanh nn.functional.softplus nn.functional.hardshrink
nn.functional.softshrink clone contiguous ravel bitwise_not angle isreal conj_physical""".split()
UNARY_IN_PLACE = """abs_ ceil_ cos_ erf_ exp_ expm1_ floor_ frac_ log1p_ neg_ reciprocal_ relu_ sigmoid_ sign_ sin_ sqrt_
square_ tanh_ trunc_ zero_ round_ logical_not_ atan_ sgn_ rsqrt_ log_ tan_ sinh_ cosh_ asinh_ digamma_ lgamma_ erfinv_
bitwise_not_ deg2rad_ exp2_ nan_to_num_""".split()
BINARY = """add sub mul div pow remainder fmod floor_divide maximum minimum fmax fmin atan2 hypot copysign logaddexp
logaddexp2 xlogy special.xlog1py heaviside eq ne lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or
bitwise_xor bitwise_left_shift bitwise_right_shift gcd lcm float_power ldexp nextafter isclose rsub""".split()
TAKES_NUMBER = set("""add sub mul div pow remainder fmod floor_divide copysign xlogy eq ne lt le gt ge bitwise_and bitwise_or
bitwise_xor float_power rsub add_ sub_ mul_ div_ pow_ remainder_ fmod_ floor_divide_ copysign_ xlogy_ eq_ ne_ lt_ le_ gt_ ge_
bitwise_and_ bitwise_or_ bitwise_xor_""".split())
NUMBER_FIRST = "add sub mul div pow remainder floor_divide float_power xlogy".split()
BINARY_IN_PLACE = """add_ sub_ mul_ div_ pow_ remainder_ fmod_ floor_divide_ atan2_ hypot_ copysign_ xlogy_ heaviside_ copy_
eq_ ne_ lt_ le_ gt_ ge_ logical_and_ logical_or_ logical_xor_ bitwise_and_ bitwise_or_ bitwise_xor_ gcd_ lcm_
ldexp_""".split()
REDUCTIONS = "sum mean prod amax amin any all logsumexp nansum nanmean var std norm count_nonzero".split()
ONE_DIM = "argmax argmin max min median nanmedian mode cummax cummin cumsum cumprod logcumsumexp softmax log_softmax".split()


class Generator:
    """Grows one program from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.statements = []
        self.run = Run()
        self.count = 0

    # Helpers

    def name(self, prefix="t"):
        self.count += 1
        return f"{prefix}{self.count}"

    def chance(self, p):
        return self.random.random() < p

    def pick(self, wanted=lambda t: True):
        """The name of a tensor, a recent one more often than an old one."""
        def fits(tensor):
            try:
                return wanted(tensor)
            except RuntimeError:  # a view that PyTorch does not let be used any more
                return False
        names = [n for n, t in self.run.tensors.items() if not n.startswith("g") and fits(t)]
        if not names:
            return None
        return names[max(self.random.randrange(len(names)), self.random.randrange(len(names)))]

    def at(self, name):
        return self.run.tensors[name]

    def of(self, name):
        return {"tensor": name}

    def add(self, statement):
        """Tries a statement; keeps it where PyTorch answers, and one refusal in three."""
        names = set(self.run.tensors)
        try:
            results = self.run.perform(statement)
        except Refusal:
            if statement["do"] in ("backward", "grad"):
                if self.chance(0.3):
                    self.statements.append(statement)
                self.stop()  # what a refused pass has added to gradients is not defined
            if self.chance(0.3):
                self.statements.append(statement)
            return None
        except Skip:
            return None
        if statement["do"] == "call" and not statement["op"].endswith("_") and any(
                r is t for r in results for n, t in self.run.tensors.items() if n in names):
            # The operation had nothing to do and gave its operand back. Whether it does is not defined.
            for name in set(self.run.tensors) - names:
                del self.run.tensors[name]
            return None
        if any(isinstance(r, torch.Tensor) and (r.numel() > 400 or r.dtype.is_complex or r.layout != torch.strided)
               for r in results):
            for name in set(self.run.tensors) - names:
                del self.run.tensors[name]
            return None if statement["do"] == "call" and not statement["op"].endswith("_") else self.stop()
        if isinstance(statement.get("to"), list):
            statement["to"] = statement["to"][:len(results)]
        self.statements.append(statement)
        return results

    def stop(self):
        raise StopIteration

    def call(self, op, args, kwargs=None, results=1):
        statement = {"do": "call", "to": [self.name() for _ in range(results)], "op": op, "args": args}
        if kwargs:
            statement["kwargs"] = kwargs
        if self.chance(0.06) and not op.endswith("_"):
            statement["no_grad"] = True
        return self.add(statement)

    def scalar(self):
        return self.random.choice([
            0, 1, 2, -1, 3, -2, {"float": 0.0}, 0.5, -1.5, {"float": 2.0}, 0.1, 1e-3, {"float": 10.0}, 2.5, -0.7])

    def scalar_like(self, tensor):
        return self.random.choice([1, 2, -1, 3]) if tensor.dtype not in FLOATS and self.chance(0.7) else self.scalar()

    def shape(self, rank=None):
        rank = self.random.choice([0, 1, 1, 2, 2, 2, 3, 3, 4]) if rank is None else rank
        return [self.random.choice([1, 2, 2, 3, 3, 4, 5] + ([0] if self.chance(0.05) else [])) for _ in range(rank)]

    def seed(self, tensor):
        """A gradient for a backward pass, used for nothing else: PyTorch may go on to add to its memory."""
        return self.new(tensor.shape, dtype_name(tensor.dtype), grad=False, no_special=True, name=self.name("g"))

    def new(self, shape=None, dtype=None, grad=None, values=None, no_special=False, name=None):
        shape = self.shape() if shape is None else list(shape)
        dtype = dtype or self.random.choice(DTYPES)
        count = 1
        for size in shape:
            count *= size
        if values is None:
            values = self.values(count, dtype, no_special)
        floating = dtype.startswith(("float", "bfloat"))
        if dtype in ("float16", "bfloat16"):
            kept = torch.tensor([float(self.run.value(v)) for v in values], dtype=getattr(torch, dtype))
            values = [number(v) for v in kept.double().tolist()]
        grad = (floating and self.chance(0.5)) if grad is None else grad
        name = name or self.name()
        self.add({"do": "tensor", "to": [name], "data": {"dtype": dtype, "shape": shape, "values": values},
                  **({"requires_grad": True} if grad else {})})
        return name

    def values(self, count, dtype, no_special=False):
        draw = self.random
        if dtype == "bool":
            return [draw.randrange(2) for _ in range(count)]
        if dtype in INTEGERS:
            low, high = draw.choice([(0, 4), (-5, 6), (1, 9)])
            return [draw.randrange(0 if dtype == "uint8" else low, high) for _ in range(count)]
        kind = draw.random()
        if kind < 0.25:  # ties and kinks
            return [number(float(draw.randrange(-3, 4))) for _ in range(count)]
        if kind < 0.40:
            return [number(round(draw.uniform(0.05, 1), 3)) for _ in range(count)]
        if kind < 0.46 and not no_special:
            return [draw.choice([0.5, {"float": "nan"}, {"float": "inf"}, {"float": "-inf"}, {"float": 0.0},
                                 {"float": 1.0}, {"float": -2.0}]) for _ in range(count)]
        return [number(round(draw.gauss(0, 1.5), 3)) for _ in range(count)]

    def any(self, wanted=lambda t: True, fresh=0.1, **new):
        """A tensor that is there, or a new one."""
        name = None if self.chance(fresh) else self.pick(wanted)
        return name or self.new(**new)

    def target(self, wanted=lambda t: True, **new):
        """A tensor to change in place: seldom a leaf that requires a gradient, which may not be changed."""
        return self.any(lambda t: wanted(t) and (not (self.is_leaf(t) and t.requires_grad) or self.chance(0.1)), **new)

    def dim(self, tensor):
        rank = max(tensor.dim(), 1)
        if self.chance(0.02):
            return rank
        return self.random.randrange(-rank, rank)

    def broadcasting(self, tensor):
        """A tensor that broadcasts with another one: one that is there, or a new one."""
        def fits(other):
            try:
                torch.broadcast_shapes(tensor.shape, other.shape)
                return True
            except RuntimeError:
                return False
        if self.chance(0.6):
            name = self.pick(fits)
            if name:
                return name
        shape = [1 if self.chance(0.25) else s for s in tensor.shape]
        if self.chance(0.3):
            shape = shape[self.random.randrange(len(shape) + 1):]
        dtype = dtype_name(tensor.dtype) if self.chance(0.6) else None
        return self.new(shape, dtype)

    # Programs

    def program(self, length, without=()):
        steps = [value for name, value in sorted(vars(Generator).items()) if name.startswith("do_") and name not in without]
        weights = [WEIGHTS.get(step.__name__, 1.0) for step in steps]
        favourite = self.random.choice(steps)  # programs that are about one thing reach deeper than an even mixture
        try:
            for _ in range(self.random.randrange(1, 4)):
                self.new()
            tries = 0
            while len(self.statements) < length and tries < 4 * length:
                tries += 1
                step = favourite if self.chance(0.2) else self.random.choices(steps, weights)[0]
                step(self)
            self.finish()
        except StopIteration:
            pass
        return self.statements

    def has_history(self, tensor):
        try:
            return tensor.requires_grad and tensor.grad_fn is not None
        except RuntimeError:  # a view that may not be used any more
            return False

    def is_leaf(self, tensor):
        try:
            return tensor.is_leaf
        except RuntimeError:  # a view that may not be used any more
            return False

    def finish(self):
        """Ends with the gradients of what there is."""
        roots = [n for n, t in self.run.tensors.items() if self.has_history(t)]
        if not roots:
            return
        for root in self.random.sample(roots, min(len(roots), 2)):
            self.backward(root)

    def backward(self, root):
        tensor = self.at(root)
        statement = {"do": "backward", "of": root}
        if tensor.numel() != 1 or self.chance(0.1):
            statement["gradient"] = self.seed(tensor)
        if self.chance(0.4):
            statement["retain_graph"] = True
        if self.chance(0.05):
            statement["create_graph"] = True
        self.add(statement)

    # Statements

    def do_new(self):
        self.new()

    def do_unary(self):
        name = self.any()
        self.call(self.random.choice(UNARY), [self.of(name)])

    def do_unary_in_place(self):
        name = self.target()
        op = self.random.choice(UNARY_IN_PLACE)
        if op == "logical_not_" and self.at(name).requires_grad:
            return  # PyTorch passes the gradient on as if nothing had been written
        self.call(op, [self.of(name)])

    def do_binary(self):
        a = self.any()
        op = self.random.choice(BINARY)
        if op in TAKES_NUMBER and self.chance(0.3):
            args = [self.of(a), self.scalar_like(self.at(a))]
            if op in NUMBER_FIRST and self.chance(0.4):
                args.reverse()
        else:
            args = [self.of(a), self.of(self.broadcasting(self.at(a)))]
        kwargs = {}
        if op in ("add", "sub") and self.chance(0.2):
            kwargs["alpha"] = self.random.choice([2, -1, 0.5])
        if op == "div" and self.chance(0.3):
            kwargs["rounding_mode"] = self.random.choice(["floor", "trunc"])
        self.call(op, args, kwargs)

    def do_binary_in_place(self):
        a = self.target()
        op = self.random.choice(BINARY_IN_PLACE)
        if op in TAKES_NUMBER and self.chance(0.4):
            args = [self.of(a), self.scalar_like(self.at(a))]
        else:
            args = [self.of(a), self.of(self.broadcasting(self.at(a)))]
        if op[:2] in ("eq", "ne", "lt", "le", "gt", "ge", "lo") and op not in ("gcd_",) and any(
                self.at(arg["tensor"]).requires_grad for arg in args if isinstance(arg, dict) and "tensor" in arg):
            return  # PyTorch passes the gradient on as if nothing had been written
        self.call(op, args)

    def do_three(self):
        a = self.any()
        b, c = self.broadcasting(self.at(a)), self.broadcasting(self.at(a))
        op = self.random.choice(["addcmul", "addcdiv", "lerp", "where", "clamp", "masked_fill", "lerp_", "addcmul_",
                                 "masked_fill_", "clamp_", "clamp_min", "clamp_max"])
        args = [self.of(a), self.of(b), self.of(c)]
        kwargs = {}
        if op.startswith("addc") and self.chance(0.5):
            kwargs["value"] = self.random.choice([0.5, 2, {"float": -1.0}])
        if op.startswith("lerp"):
            if self.chance(0.5):
                args[2] = self.random.choice([0.25, {"float": 2.0}])
        elif op == "where":
            condition = self.call("gt", [self.of(a), 0])
            if condition is None:
                return
            args = [self.of(self.statements[-1]["to"][0]), self.of(a), self.of(b)]
            if self.chance(0.3):
                args[self.random.choice([1, 2])] = self.scalar()
        elif op in ("clamp", "clamp_"):
            if self.chance(0.6):
                args = [self.of(a), self.random.choice([-1, {"float": -0.5}, 0, {"none": True}]),
                        self.random.choice([1, 0.5, {"float": -1.0}, 2])]
        elif op.startswith("clamp"):
            args = [self.of(a), self.scalar_like(self.at(a))]
        elif op.startswith("masked"):
            mask = self.mask(self.at(a))
            args = [self.of(a), self.of(mask), self.scalar_like(self.at(a))]
        self.call(op, args, kwargs)

    def mask(self, tensor):
        found = self.pick(lambda t: t.dtype == torch.bool and t.shape == tensor.shape)
        if found and self.chance(0.5):
            return found
        return self.new(tensor.shape, "bool")

    def do_reduction(self):
        a = self.any()
        op = self.random.choice(REDUCTIONS)
        tensor, kwargs = self.at(a), {}
        if self.chance(0.7) or op == "logsumexp":
            count = self.random.choice([1, 1, 2])
            dims = self.random.sample(range(tensor.dim()), 2) if count == 2 and tensor.dim() > 1 else [self.dim(tensor)]
            kwargs["dim"] = dims if len(dims) > 1 or self.chance(0.5) else dims[0]
            if op == "prod":
                kwargs["dim"] = dims[0]
            if self.chance(0.4) and op not in ("count_nonzero", "prod", "sum") or self.chance(0.2) and "dim" in kwargs and \
                    op != "count_nonzero":
                kwargs["keepdim"] = True
        if op == "norm":
            kwargs["p"] = self.random.choice([1, 2, 2, {"float": "inf"}, 3, 0])
        if op in ("var", "std") and self.chance(0.4):
            kwargs["correction"] = self.random.choice([0, 1, 2])
        if op in ("sum", "mean", "prod") and self.chance(0.15):
            kwargs["dtype"] = {"dtype": self.random.choice(["float64", "float32", "int64"])}
        if op == "norm":
            p = kwargs.pop("p")
            dim = kwargs.pop("dim", [])
            args = [self.of(a), p] + ([dim if isinstance(dim, list) else [dim]] if dim != [] else [])
            return self.call(op, args, kwargs if dim != [] else {})
        self.call(op, [self.of(a)], kwargs)

    def do_along(self):
        a = self.any()
        op = self.random.choice(ONE_DIM)
        tensor = self.at(a)
        if op in ("median", "nanmedian", "mode") and not self.is_distinct(tensor):
            return
        args = [self.of(a)]
        if op in ("max", "min", "argmax", "argmin", "median", "nanmedian") and self.chance(0.3):
            return self.call(op, args)
        args.append(self.dim(tensor))
        self.call(op, args, results=2 if op in ("max", "min", "median", "nanmedian", "mode", "cummax", "cummin") else 1)

    def is_distinct(self, tensor):
        """Whether no element occurs twice: which of them an index names is not defined."""
        return tensor.detach().unique().numel() == tensor.numel() and not tensor.isnan().any()

    def do_order(self):
        a = self.any()
        tensor = self.at(a)
        if not self.is_distinct(tensor):
            return
        op = self.random.choice(["sort", "argsort", "topk", "kthvalue", "msort", "unique", "unique_consecutive", "quantile",
                                 "bincount", "searchsorted", "diff"])
        dim = self.dim(tensor)
        size = tensor.shape[dim] if tensor.dim() and -tensor.dim() <= dim < tensor.dim() else 1
        if op in ("sort", "argsort"):
            self.call(op, [self.of(a)], {"dim": dim, "descending": self.chance(0.5), "stable": True},
                      results=2 if op == "sort" else 1)
        elif op == "topk":
            self.call(op, [self.of(a), self.random.randint(0, size), dim, self.chance(0.6)], results=2)
        elif op == "kthvalue":
            self.call(op, [self.of(a), self.random.randint(1, max(size, 1)), dim], results=2)
        elif op == "unique":
            self.call(op, [self.of(a)], {"return_inverse": True, "return_counts": True}, results=3)
        elif op == "quantile":
            self.call(op, [self.of(a), self.random.choice([0.5, 0.25, {"float": 0.0}, {"float": 1.0}])], {"dim": dim})
        elif op == "searchsorted":
            row = self.new([4], "float32", grad=False, values=[-1, 0, 0.5, {"float": 2.0}])
            self.call(op, [self.of(row), self.of(a)], {"right": self.chance(0.5)})
        elif op == "diff":
            self.call(op, [self.of(a), self.random.choice([1, 1, 2]), dim])
        else:
            self.call(op, [self.of(a)])

    # Shapes and views

    def sizes(self, count, rank):
        """Sizes whose product is the count."""
        sizes = []
        for _ in range(rank - 1):
            divisors = [d for d in range(1, max(count, 1) + 1) if count and count % d == 0] or [1]
            sizes.append(self.random.choice(divisors))
            count //= sizes[-1]
        return sizes + ([count] if rank else [])

    def do_view(self):
        a = self.any(lambda t: t.dim() > 0, shape=self.shape(self.random.choice([1, 2, 3])))
        x = self.at(a)
        dim = self.dim(x)
        inside = x.dim() > 0 and -x.dim() <= dim < x.dim()
        size = x.shape[dim] if inside else 1
        op = self.random.choice(["view", "reshape", "transpose", "permute", "movedim", "squeeze", "unsqueeze", "expand",
                                 "T", "mT", "narrow", "select", "diagonal", "unfold", "split", "chunk", "unbind", "flatten",
                                 "unflatten", "detach", "tensor_split", "as_strided", "swapdims"])
        args, results = [self.of(a)], 1
        if op in ("view", "reshape"):
            sizes = self.sizes(x.numel(), self.random.choice([1, 1, 2, 3]))
            if sizes and self.chance(0.3) and x.numel():
                sizes[self.random.randrange(len(sizes))] = -1
            args.append(sizes)
        elif op in ("transpose", "movedim", "swapdims"):
            args += [dim, self.dim(x)]
        elif op == "permute":
            args.append(self.random.sample(range(x.dim()), x.dim()))
        elif op == "squeeze":
            args += [dim] if self.chance(0.6) else []
        elif op == "unsqueeze":
            args.append(self.random.randrange(-x.dim() - 1, x.dim() + 1))
        elif op == "expand":
            sizes = [s if s != 1 else self.random.choice([1, 2, 3, -1]) for s in x.shape]
            args.append(([self.random.choice([2, 3])] if self.chance(0.3) else []) + sizes)
        elif op == "narrow":
            start = self.random.randint(0, size)
            args += [dim, start, self.random.randint(0, size - start)]
        elif op == "select":
            args += [dim, self.random.randrange(-size, size) if size else 0]
        elif op == "diagonal":
            args += [self.random.choice([0, 0, 1, -1])]
            if x.dim() > 2:
                args += self.random.sample(range(x.dim()), 2)
        elif op == "unfold":
            args += [dim, self.random.randint(0, size), self.random.choice([1, 1, 2])]
        elif op == "split":
            args += [self.random.choice([1, 2]), dim]
            results = -(-size // args[1])
        elif op in ("chunk", "tensor_split"):
            args += [self.random.choice([1, 2, 3]), dim]
            results = 3
        elif op == "unbind":
            args.append(dim)
            results = size
        elif op == "flatten":
            first = self.random.randrange(x.dim())
            args += [first, self.random.randrange(first, x.dim())]
        elif op == "unflatten":
            args += [dim, self.sizes(size, 2)]
        elif op == "as_strided":
            if not self.is_leaf(x) or x.dim() and not x.is_contiguous():
                return
            limit = x.untyped_storage().nbytes() // x.element_size()
            sizes = [self.random.choice([1, 2, 3]), self.random.choice([1, 2])]
            strides = [self.random.choice([0, 1, 2]), self.random.choice([1, 2, 3])]
            offset = self.random.choice([0, 0, 1])
            if offset + sum((n - 1) * s for n, s in zip(sizes, strides)) >= limit:
                return
            args += [sizes, strides, offset]
        self.call(op, args, results=results)

    def do_rearrange(self):
        a = self.any()
        x = self.at(a)
        op = self.random.choice(["flip", "roll", "repeat", "tile", "repeat_interleave", "tril", "triu", "diag", "diag_embed",
                                 "rot90", "cat", "stack", "nn.functional.pad", "fliplr", "hstack", "vstack", "tril_", "triu_",
                                 "fill_diagonal_", "t_", "transpose_", "unsqueeze_", "squeeze_", "broadcast_tensors",
                                 "meshgrid", "block_diag", "cartesian_prod", "trace", "kron", "renorm", "cov"])
        args, kwargs, results = [self.of(a)], {}, 1
        if op == "flip":
            args.append([self.dim(x)])
        elif op == "roll":
            args += [[self.random.choice([1, -1, 2, 5])], [self.dim(x)]] if self.chance(0.7) else [2]
        elif op in ("repeat", "tile"):
            args.append([self.random.choice([1, 2, 2, 0 if self.chance(0.1) else 1]) for _ in range(max(x.dim(), 1))])
        elif op == "repeat_interleave":
            args += [2] + ([self.dim(x)] if self.chance(0.5) else [])
        elif op in ("tril", "triu", "diag", "diag_embed", "tril_", "triu_"):
            args.append(self.random.choice([0, 1, -1]))
        elif op == "fill_diagonal_":
            args.append(self.scalar_like(x))
        elif op in ("cat", "stack"):
            others = [a] + [self.pick(lambda t: t.shape == x.shape) or a for _ in range(self.random.choice([1, 2]))]
            args = [[self.of(n) for n in others], self.dim(x)]
        elif op in ("hstack", "vstack"):
            args = [[self.of(a), self.of(self.pick(lambda t: t.shape == x.shape) or a)]]
        elif op == "nn.functional.pad":
            args.append([self.random.choice([0, 1, 2, -1]) for _ in range(2 * self.random.choice([1, 1, 2]))])
            if self.chance(0.4) and x.dim() in (2, 3):
                args[1] = args[1][:2]
                kwargs["mode"] = self.random.choice(["reflect", "replicate", "circular"])
            elif self.chance(0.3):
                kwargs["value"] = {"float": 1.0}
        elif op == "transpose_":
            args += [self.dim(x), self.dim(x)]
        elif op in ("unsqueeze_", "squeeze_"):
            args.append(self.dim(x))
        elif op in ("broadcast_tensors", "meshgrid", "block_diag", "cartesian_prod"):
            args.append(self.of(self.broadcasting(x)))
            results = 1 if op in ("block_diag", "cartesian_prod") else 2
            if op == "meshgrid":
                kwargs["indexing"] = "ij"
        elif op == "kron":
            args.append(self.of(self.any(lambda t: t.numel() < 7)))
        elif op == "renorm":
            args += [2, self.dim(x), {"float": 1.0}]
        self.call(op, args, kwargs, results)

    # Indexing

    def index(self, x):
        """What stands between brackets."""
        items, used, pairs = [], 0, None
        while used < x.dim() and not self.chance(0.25 if items else 0):
            size = x.shape[used]
            kind = self.random.random()
            if kind < 0.25 and size:
                items.append(self.random.randrange(-size, size))
                used += 1
            elif kind < 0.55:
                bound = lambda: self.random.choice([None, self.random.randint(-size - 1, size + 1)])
                items.append({"slice": [bound(), bound(), self.random.choice([1, 1, 1, 2, None])]})
                used += 1
            elif kind < 0.62:
                items.append({"none": True})
            elif kind < 0.70 and not any(isinstance(i, dict) and "ellipsis" in i for i in items):
                items.append({"ellipsis": True})
                used += self.random.randint(0, 1)
            elif kind < 0.85 and size:
                count = pairs or self.random.choice([1, 2, 3])
                pairs = count
                values = [self.random.randrange(-size, size) for _ in range(count)]
                items.append(values if self.chance(0.5) else self.of(self.new([count], "int64", values=values)))
                used += 1
            elif size:
                mask = self.new([size], "bool") if self.chance(0.6) or used + 1 >= x.dim() else \
                    self.new(x.shape[used:used + 2], "bool")
                used += self.at(mask).dim()
                items.append(self.of(mask))
            else:
                used += 1
                items.append({"slice": [None, None, None]})
        if len(items) == 1 and self.chance(0.5):
            return items[0]
        return {"tuple": items}

    def do_get(self):
        a = self.any(lambda t: t.dim() > 0, shape=self.shape(2))
        self.call("__getitem__", [self.of(a), self.index(self.at(a))])

    def part(self, x, index):
        try:
            return x.detach()[self.run.value(index)]
        except Exception:
            return None

    def value_for(self, x, index):
        if self.chance(0.4):
            return self.scalar_like(x)
        part = self.part(x, index)
        if part is None or part.numel() > 300:
            return self.scalar_like(x)
        shape = [1 if self.chance(0.2) else s for s in part.shape]
        if self.chance(0.2):
            shape = shape[1:]
        return self.of(self.pick(lambda t: list(t.shape) == shape and t.dtype == x.dtype) or
                       self.new(shape, dtype_name(x.dtype)))

    def do_set(self):
        a = self.target(lambda t: t.dim() > 0, shape=self.shape(2))
        index = self.index(self.at(a))
        self.call("__setitem__", [self.of(a), index, self.value_for(self.at(a), index)])

    def do_update(self):
        a = self.target(lambda t: t.dim() > 0 and t.dtype != torch.bool, shape=self.shape(2), dtype="float32")
        x = self.at(a)
        index = self.index(x)
        self.add({"do": "update", "op": self.random.choice(["+=", "-=", "*=", "/="]),
                  "args": [self.of(a), index, self.value_for(x, index)],
                  **({"no_grad": True} if self.chance(0.1) and not x.requires_grad else {})})

    def do_gather(self):
        a = self.any(lambda t: t.dim() > 0, shape=self.shape(2))
        x = self.at(a)
        dim = self.random.randrange(-x.dim(), x.dim()) if x.dim() else 0
        size = x.shape[dim] if x.dim() else 1
        if size == 0:
            return
        op = self.random.choice(["gather", "scatter", "scatter_add", "scatter_reduce", "index_select", "index_add",
                                 "index_copy", "index_fill", "take", "take_along_dim", "masked_select", "masked_scatter",
                                 "nonzero", "index_put", "put", "index_reduce"])
        in_place = "_" if op[:3] in ("sca", "ind", "put") and op != "index_select" and self.chance(0.4) else ""
        def indices(shape, unique=False):
            n = 1
            for s in shape:
                n *= s
            values = self.random.sample(range(size), n) if unique and n <= size else [
                self.random.randrange(max(size, 1)) for _ in range(n)]
            return self.of(self.new(shape, "int64", values=values))
        own = dtype_name(x.dtype)
        kwargs = {}
        shape = [self.random.randint(1, s) if s else 0 for s in x.shape]
        if op in ("gather", "take_along_dim"):
            free = list(x.shape)
            free[dim] = self.random.choice([1, 2, 3])
            index = indices(free if op == "take_along_dim" else
                            [self.random.randint(1, s) if s and i != dim % x.dim() else s for i, s in enumerate(free)])
            args = [dim, index] if op == "gather" else [index, dim]
        elif op.startswith("scatter"):
            if op == "scatter":
                shape[dim] = 1  # the order of writes to one place is not defined
            args = [dim, indices(shape), self.of(self.new(shape, own))]
            if op == "scatter_reduce":
                args.append(self.random.choice(["sum", "prod", "mean", "amax", "amin"]))
                kwargs["include_self"] = self.chance(0.6)
        elif op == "index_select":
            args = [dim, indices([self.random.choice([1, 2, 3])])]
        elif op in ("index_add", "index_copy", "index_reduce"):
            count = self.random.randint(1, size)
            source = list(x.shape)
            source[dim] = count
            args = [dim, indices([count], unique=op == "index_copy"), self.of(self.new(source, own))]
            if op == "index_add" and self.chance(0.3):
                kwargs["alpha"] = 2
            if op == "index_reduce":
                args.append(self.random.choice(["prod", "mean", "amax", "amin"]))
                kwargs["include_self"] = self.chance(0.6)
        elif op == "index_fill":
            args = [dim, indices([2]), self.scalar_like(x)]
        elif op in ("take", "put"):
            n = x.numel()
            values = self.random.sample(range(-n, 0) if self.chance(0.5) else range(n), min(n, 3))
            index = self.of(self.new([len(values)], "int64", values=values))
            args = [index] + ([self.of(self.new([len(values)], own))] if op == "put" else [])
        elif op == "masked_select":
            args = [self.of(self.mask(x))]
        elif op == "masked_scatter":
            args = [self.of(self.mask(x)), self.of(self.new(x.shape, own))]
        elif op == "index_put":
            count = self.random.choice([1, 2])
            size = x.shape[0]
            index = indices([count], unique=True)
            args = [[index], self.of(self.new([count] + list(x.shape[1:]), own)), True]
        else:
            args = []
        self.call(op + in_place, [self.of(a)] + args, kwargs)

    # Products

    def do_product(self):
        op = self.random.choice(["matmul", "matmul", "mm", "bmm", "mv", "dot", "outer", "addmm", "baddbmm", "einsum", "inner",
                                 "tensordot", "nn.functional.linear", "cdist", "linalg.vecdot", "addmv", "addr", "cross",
                                 "linalg.inv", "linalg.det", "linalg.solve", "linalg.cholesky", "matrix_power"])
        dtype = self.random.choice(["float32"] * 6 + ["float64", "int64", "bfloat16"])
        n, m, k, b = (self.random.choice([1, 2, 3, 4]) for _ in range(4))
        def of(*shape):
            found = self.pick(lambda t: list(t.shape) == list(shape) and dtype_name(t.dtype) == dtype)
            return self.of(found if found and self.chance(0.7) else self.new(shape, dtype, no_special=True))
        kwargs = {}
        if op == "matmul":
            args = self.random.choice([
                lambda: [of(n, k), of(k, m)], lambda: [of(k), of(k, m)], lambda: [of(n, k), of(k)],
                lambda: [of(b, n, k), of(k, m)], lambda: [of(b, n, k), of(b, k, m)], lambda: [of(k), of(k)],
                lambda: [of(n, k), of(b, k, m)], lambda: [of(b, 1, n, k), of(m, k, n)], lambda: [of(b, n, k), of(k)]])()
        elif op == "mm":
            args = [of(n, k), of(k, m)]
        elif op == "bmm":
            args = [of(b, n, k), of(b, k, m)]
        elif op == "mv":
            args = [of(n, k), of(k)]
        elif op in ("dot", "inner", "linalg.vecdot"):
            args = [of(k), of(k)]
        elif op == "outer":
            args = [of(n), of(m)]
        elif op == "addmm":
            args = [self.random.choice([lambda: of(n, m), lambda: of(m), lambda: of(1, m)])(), of(n, k), of(k, m)]
        elif op == "baddbmm":
            args = [of(b, n, m), of(b, n, k), of(b, k, m)]
        elif op == "addmv":
            args = [of(n), of(n, k), of(k)]
        elif op == "addr":
            args = [of(n, m), of(n), of(m)]
        elif op == "einsum":
            args = self.random.choice([
                lambda: ["ij,jk->ik", of(n, k), of(k, m)], lambda: ["ij->ji", of(n, m)], lambda: ["ii->i", of(n, n)],
                lambda: ["bij,bjk->bik", of(b, n, k), of(b, k, m)], lambda: ["i,j->ij", of(n), of(m)],
                lambda: ["ij,ij->", of(n, m), of(n, m)], lambda: ["bij,kj->bik", of(b, n, k), of(m, k)],
                lambda: ["...ij->...", of(b, n, m)]])()
        elif op == "tensordot":
            args = [of(n, k), of(k, m), 1]
        elif op == "nn.functional.linear":
            args = [self.random.choice([lambda: of(n, k), lambda: of(b, n, k), lambda: of(k)])(), of(m, k)]
            if self.chance(0.6):
                args.append(of(m))
        elif op == "cdist":
            args = [of(n, k), of(m, k)]
            kwargs["p"] = self.random.choice([{"float": 2.0}, {"float": 1.0}, {"float": "inf"}])
        elif op == "cross":
            args = [of(n, 3), of(n, 3)]
        elif op == "linalg.solve":
            args = [of(n, n), of(n, m)]
        elif op == "matrix_power":
            args = [of(n, n), self.random.choice([0, 1, 2, 3])]
        else:
            args = [of(n, n)]
        if op in ("addmm", "baddbmm", "addmv", "addr") and self.chance(0.4):
            kwargs = {"beta": self.random.choice([0, 2, 0.5]), "alpha": self.random.choice([1, 2, 0.5])}
        self.call(op, args, kwargs)

    # Types

    def do_convert(self):
        a = self.any()
        op = self.random.choice(["float", "double", "long", "int", "bool", "half", "bfloat16", "to", "type_as", "zeros_like",
                                 "ones_like", "full_like", "byte", "short", "char"])
        args = [self.of(a)]
        if op == "to":
            args.append({"dtype": self.random.choice(DTYPES)})
        elif op == "type_as":
            args.append(self.of(self.any()))
        elif op == "full_like":
            args.append(self.scalar_like(self.at(a)))
        if op in ("byte", "char", "short", "int", "long", "to") and self.at(a).dtype in FLOATS:
            # What does not fit is not defined.
            x = self.at(a).detach().double()
            if not bool(torch.isfinite(x).all()) or x.numel() and x.abs().max() > 100 or op in ("byte", "to") and (x < 0).any():
                return
        self.call(op, args)

    # Gradients

    def do_backward(self):
        root = self.pick(lambda t: t.requires_grad)
        if root:
            self.backward(root)

    def do_grad(self):
        root = self.pick(self.has_history)
        leaf = self.pick(lambda t: t.requires_grad)
        if not root:
            return
        tensor = self.at(root)
        statement = {"do": "grad", "to": [self.name()], "outputs": [root], "inputs": [leaf],
                     "create_graph": self.chance(0.6), "retain_graph": self.chance(0.8)}
        if tensor.numel() != 1:
            statement["grad_outputs"] = [self.seed(tensor)]
        if self.chance(0.3):
            statement["inputs"].append(self.pick(lambda t: t.requires_grad))
            statement["to"].append(self.name())
        self.add(statement)

    def do_autograd_state(self):
        kind = self.random.choice(["hook", "retain_grad", "requires_grad_", "detach_", "take_grad"])
        name = self.pick(lambda t: t.requires_grad) if self.chance(0.95) else self.pick()
        if not name:
            return
        statement = {"do": kind, "of": name}
        if kind == "hook":
            statement["scale"] = self.random.choice([{"float": 2.0}, 0.5, {"float": -1.0}])
        elif kind == "requires_grad_":
            statement["of"] = self.pick(lambda t: t.dtype in FLOATS) or name
            statement["value"] = self.chance(0.8)
        elif kind == "take_grad":
            statement["to"] = [self.name()]
            if self.at(name).grad is None:
                return
        self.add(statement)


from generator_layers import add_layers  # noqa: E402
add_layers(Generator)

WEIGHTS = {
    "do_new": 0.6, "do_unary": 2, "do_unary_in_place": 1.2, "do_binary": 3, "do_binary_in_place": 2, "do_three": 1,
    "do_reduction": 1.5, "do_along": 1.2, "do_order": 0.7, "do_view": 4, "do_rearrange": 1.5, "do_get": 1.5, "do_set": 1.5,
    "do_update": 1.2, "do_gather": 1.5, "do_product": 1.5, "do_convert": 0.8, "do_backward": 0.7, "do_grad": 0.8,
    "do_autograd_state": 1.2, "do_module": 1.2, "do_apply": 1.0, "do_functional": 1.0, "do_loss": 1.0, "do_train": 0.5,
}
