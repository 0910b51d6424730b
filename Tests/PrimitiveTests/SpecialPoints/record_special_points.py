"""Writes special_points.json: values and first and second derivatives of functions at points where careless formulas fail.

The numbers are computed by mpmath with 400 digits at the float32 or float64 number next to the point, so that they are right
where other frameworks are not. Points outside the domain of a function, and kinks, are left out.

    pip install mpmath && python record_special_points.py [NAME...]

With names, only these functions are computed, and the others stay as they are in the file.
"""

import json
import os
import struct
import sys

from mpmath import mp, mpf

mp.dps = 400
PI = mp.pi


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def sinc(x):
    return mpf(1) if x == 0 else mp.sin(PI * x) / (PI * x)


def softplus(x):
    return mp.log1p(mp.exp(x)) if x < 50 else x + mp.exp(-x)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


UNARY = {
    "exp": mp.exp, "expm1": mp.expm1, "log": mp.log, "log1p": mp.log1p, "log2": lambda x: mp.log(x) / mp.log(2),
    "sqrt": mp.sqrt, "rsqrt": lambda x: 1 / mp.sqrt(x), "reciprocal": lambda x: 1 / x, "square": lambda x: x * x,
    "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "asin": mp.asin, "acos": mp.acos, "atan": mp.atan,
    "asinh": mp.asinh, "acosh": mp.acosh, "atanh": mp.atanh, "sinc": sinc, "sigmoid": sigmoid,
    "logsigmoid": lambda x: -softplus(-x), "softplus": softplus, "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2, "mish": lambda x: x * mp.tanh(softplus(x)),
    "tanhshrink": lambda x: x - mp.tanh(x), "erf": mp.erf, "erfc": mp.erfc,
    "logit": lambda x: mp.log(x) - mp.log1p(-x), "entr": lambda x: -x * mp.log(x),
    "i0e": lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), "i1e": lambda x: mp.exp(-abs(x)) * mp.besseli(1, x),
    "i1": lambda x: mp.besseli(1, x), "besselj1": lambda x: mp.besselj(1, x),
    "ndtr": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "log_ndtr": lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2) if x < 0 else mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2),
}
BINARY = {
    "atan2": lambda a, b: mp.atan2(a, b), "hypot": mp.hypot,
    "logaddexp": lambda a, b: max(a, b) + mp.log1p(mp.exp(-abs(a - b))),
    "xlogy": lambda a, b: a * mp.log(b), "div": lambda a, b: a / b,
    "norm": lambda a, b: mp.hypot(a, b),
    "norm3": lambda a, b: mp.cbrt(abs(a) ** 3 + abs(b) ** 3),
    "norm1.5": lambda a, b: (abs(a) ** mpf(1.5) + abs(b) ** mpf(1.5)) ** (1 / mpf(1.5)),
    "norm-1": lambda a, b: 1 / (1 / abs(a) + 1 / abs(b)),
    "std": lambda a, b: abs(a - b) / mp.sqrt(2), "mean": lambda a, b: (a + b) / 2,
    "cosine": lambda a, b: (a + 2 * b) / mp.hypot(a, b) / mp.sqrt(5),
}
POINTS = [0.0, 1e-38, 1e-30, 1e-20, 1e-10, 1e-6, 1e-5, 8.511380292475224e-05, 1e-3, 0.02, 0.3, 0.5, 0.999999, 1.0,
          1.000001, 1.5, 2.0, 5.0, 9.5, 30.0, 1e4, 1e10, 1e20, 1e30, 3e38]
# The first derivative is not smooth there.
KINKS = {"i0e": [0.0], "i1e": [0.0], "entr": [0.0], "sqrt": [0.0], "acosh": [1.0], "asin": [1.0, -1.0],
         "acos": [1.0, -1.0], "hypot": [], "xlogy": []}
PAIRS = [(1.0, 2.0), (1e-20, 1e-20), (1e-30, -1e-30), (1e-38, 3e-38), (1e20, 1e20), (3e30, -1e30), (1e38, 2e38),
         (1e-20, 1.0), (1.0, 1e-25), (1e20, 1.0), (3.0, -4.0), (-2.0, 0.5), (1000.0, 1000.5), (1e-10, -1e-10)]


def number(x):
    """A float64, or a name where it has none."""
    if isinstance(x, mp.mpc) and x.imag != 0:
        return None
    x = x.real if isinstance(x, mp.mpc) else x
    value = float(x)
    return repr(value) if value in (float("inf"), float("-inf")) or value != value else value


def derivative(f, at, orders):
    return mp.diff(f, at, orders)


def main():
    table = {"unary": {}, "binary": {}}
    names = sys.argv[1:]
    if names and os.path.exists("special_points.json"):
        with open("special_points.json") as file:
            table = json.load(file)
    for name, f in UNARY.items():
        if names and name not in names:
            continue
        rows = []
        for point in POINTS + [-p for p in POINTS if p]:
            x = mpf(single(point))
            if point in KINKS.get(name, []):
                continue
            try:
                # Steps of differences are relative, so that the smallest points have neighbours in the domain.
                unit = abs(x) if x else mpf(1)
                slopes = [derivative(lambda t: f(x + t * unit), 0, n) / unit**n for n in (1, 2)]
                row = [number(x), number(f(x))] + [number(s) for s in slopes]
            except (ValueError, ZeroDivisionError, mp.NoConvergence, OverflowError, ArithmeticError):
                continue
            if None not in row and all(isinstance(v, float) for v in row):
                rows.append(row)
        table["unary"][name] = rows
    for name, f in BINARY.items():
        if names and name not in names:
            continue
        rows = []
        for first, second in PAIRS:
            a, b = mpf(single(first)), mpf(single(second))
            try:
                u, v = abs(a), abs(b)
                g = lambda s, t: f(a + s * u, b + t * v)
                slopes = [derivative(g, (0, 0), (1, 0)) / u, derivative(g, (0, 0), (0, 1)) / v]
                row = [number(a), number(b), number(f(a, b))] + [number(s) for s in slopes]
            except (ValueError, ZeroDivisionError, OverflowError, ArithmeticError):
                continue
            if None not in row and all(isinstance(v, float) for v in row):
                rows.append(row)
        table["binary"][name] = rows
    lines = []
    for kind in table:
        body = ",\n".join(f'    {json.dumps(n)}: [\n' + ",\n".join("      " + json.dumps(r) for r in rows) + "]"
                          for n, rows in table[kind].items())
        lines.append(f'  "{kind}": {{\n{body}}}')
    with open("special_points.json", "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


main()
