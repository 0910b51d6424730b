#!/usr/bin/env python3
"""Times the most used operators on a million float32 elements in Torchlight and in PyTorch, and prints the table.

usage: operators.py [--torchlight PROGRAM] [--threads N] [--rounds N] [--seconds S] [--json FILE]

Needs a Python with torch. Every operator runs on matrices of 1000 x 1000 with contiguous rows, and on their transposes; Fourier
transforms run on a signal of 2^20 numbers, or on 16 images of 256 x 256. The two programs run in turn; each operator is measured for S
seconds after a warm-up of half of it. A figure is the median over the rounds of each round's median. Ratios are PyTorch's time over ours:
above 1, Torchlight is faster.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time

import torch
import torch.nn.functional as F


def calls():
    """Each operator as a function of x, y and the other inputs, by the name that Torchlight's workload gives it."""
    return {
        "add": lambda x, y, i: x + y,
        "sub": lambda x, y, i: x - y,
        "mul": lambda x, y, i: x * y,
        "div": lambda x, y, i: x / y,
        "add_scalar": lambda x, y, i: x + 2,
        "mul_scalar": lambda x, y, i: x * 2,
        "add_row": lambda x, y, i: x + i["row"],
        "pow2": lambda x, y, i: x.pow(2),
        "pow": lambda x, y, i: y.pow(1.7),
        "maximum": lambda x, y, i: torch.maximum(x, y),
        "minimum": lambda x, y, i: torch.minimum(x, y),
        "clamp": lambda x, y, i: x.clamp(-1, 1),
        "where": lambda x, y, i: torch.where(i["mask"], x, y),
        "masked_fill": lambda x, y, i: x.masked_fill(i["mask"], 0),
        "eq": lambda x, y, i: x == y,
        "gt": lambda x, y, i: x > y,
        "lerp": lambda x, y, i: x.lerp(y, 0.3),
        "addcmul": lambda x, y, i: x.addcmul(x, y, value=0.5),
        "neg": lambda x, y, i: -x,
        "abs": lambda x, y, i: x.abs(),
        "sign": lambda x, y, i: x.sign(),
        "square": lambda x, y, i: x.square(),
        "sqrt": lambda x, y, i: y.sqrt(),
        "rsqrt": lambda x, y, i: y.rsqrt(),
        "reciprocal": lambda x, y, i: y.reciprocal(),
        "exp": lambda x, y, i: x.exp(),
        "log": lambda x, y, i: y.log(),
        "log1p": lambda x, y, i: y.log1p(),
        "sin": lambda x, y, i: x.sin(),
        "cos": lambda x, y, i: x.cos(),
        "erf": lambda x, y, i: x.erf(),
        "floor": lambda x, y, i: x.floor(),
        "round": lambda x, y, i: x.round(),
        "isnan": lambda x, y, i: x.isnan(),
        "to_bfloat16": lambda x, y, i: x.to(torch.bfloat16),
        "to_int64": lambda x, y, i: x.to(torch.int64),
        "relu": lambda x, y, i: x.relu(),
        "sigmoid": lambda x, y, i: x.sigmoid(),
        "tanh": lambda x, y, i: x.tanh(),
        "gelu": lambda x, y, i: F.gelu(x),
        "silu": lambda x, y, i: F.silu(x),
        "softmax": lambda x, y, i: x.softmax(1),
        "log_softmax": lambda x, y, i: x.log_softmax(1),
        "sum": lambda x, y, i: x.sum(),
        "sum_0": lambda x, y, i: x.sum(0),
        "sum_1": lambda x, y, i: x.sum(1),
        "mean_1": lambda x, y, i: x.mean(1),
        "var_1": lambda x, y, i: x.var(1),
        "max": lambda x, y, i: x.max(),
        "amax_1": lambda x, y, i: x.amax(1),
        "argmax_1": lambda x, y, i: x.argmax(1),
        "norm": lambda x, y, i: x.norm(),
        "cumsum_1": lambda x, y, i: x.cumsum(1),
        "sort_1": lambda x, y, i: x.sort(1).values,
        "topk_1": lambda x, y, i: x.topk(10, 1).values,
        "clone": lambda x, y, i: x.clone(),
        "contiguous": lambda x, y, i: x.contiguous(),
        "cat": lambda x, y, i: torch.cat([x, y], 0),
        "index_select": lambda x, y, i: x.index_select(0, i["rows"]),
        "gather": lambda x, y, i: x.gather(1, i["places"]),
        "scatter_add": lambda x, y, i: x.scatter_add(1, i["places"], y),
        "tril": lambda x, y, i: x.tril(),
        "flip": lambda x, y, i: x.flip(1),
        "roll": lambda x, y, i: x.roll(7, 1),
    }


def transforms():
    """The Fourier transforms, each on an input of its own."""
    signal = torch.randn(1 << 20, dtype=torch.complex64)
    images = torch.randn(16, 256, 256, dtype=torch.complex64)
    sound, window = torch.randn(1 << 20), torch.hann_window(1024)
    return {
        "fft_1m": lambda: torch.fft.fft(signal),
        "rfft_1m": lambda: torch.fft.rfft(sound),
        "fft2_batch": lambda: torch.fft.fft2(images),
        "stft": lambda: torch.stft(sound, 1024, 256, window=window, return_complex=True),
    }


def time_call(call, seconds):
    call()
    start = time.perf_counter()
    call()
    inner = max(1, min(200, int(0.02 / max(time.perf_counter() - start, 1e-6))))

    def rounds(least, seconds):
        """The time of a call in rounds of `inner` calls: at least so many rounds, for at least so many seconds."""
        times = []
        end = time.perf_counter() + seconds
        while len(times) < least or time.perf_counter() < end:
            start = time.perf_counter()
            for _ in range(inner):
                call()
            times.append((time.perf_counter() - start) / inner)
        return times

    rounds(2, seconds / 2)
    return statistics.median(rounds(7, seconds))


def time_torch(threads, seconds):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    n = 1000
    x, y = torch.randn(n, n), torch.rand(n, n) + 0.5
    inputs = {
        "row": torch.randn(n), "mask": torch.rand(n, n) > 0.5, "rows": torch.randint(0, n, (n,)),
        "places": torch.randint(0, n, (n, n)),
    }
    figures = {}
    with torch.no_grad():
        for name, call in calls().items():
            for suffix, a, b in (("", x, y), (".transposed", x.t(), y.t())):
                figures[name + suffix] = time_call(lambda: call(a, b, inputs), seconds)
        for name, call in transforms().items():
            figures[name] = time_call(call, seconds)
    return figures


def time_torchlight(program, threads, seconds):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "figures.json")
        command = [program, "bench", "--only", "operators", "--threads", str(threads), "--seconds", str(seconds), "--json",
                   path]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(path) as file:
            results = json.load(file)["results"]
    return {name.removeprefix("operator."): figure["seconds"] for name, figure in results.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--torchlight", default=".build/release/torchlight")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.2, help="how long each operator is measured in a round")
    parser.add_argument("--json", default="", help="where the medians go as well")
    chosen = parser.parse_args()
    ours, theirs = [], []
    for _ in range(chosen.rounds):
        ours.append(time_torchlight(chosen.torchlight, chosen.threads, chosen.seconds))
        theirs.append(time_torch(chosen.threads, chosen.seconds))
    median = lambda rounds: {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    ours, theirs = median(ours), median(theirs)
    if missing := set(ours) ^ set(theirs):
        sys.exit(f"operators: one side lacks {', '.join(sorted(missing))}")
    print("| operator | Torchlight | PyTorch | ratio | transposed: Torchlight | PyTorch | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    ratios = {}
    for name in list(calls()) + list(transforms()):
        cells = [name]
        for key in (name, name + ".transposed"):
            if key not in ours:
                cells += [""] * 3
                continue
            ratios[key] = theirs[key] / ours[key]
            cells += [f"{ours[key] * 1e6:.0f} µs", f"{theirs[key] * 1e6:.0f} µs", f"{ratios[key]:.2f}"]
        print("| " + " | ".join(cells) + " |")
    slow = {name: ratio for name, ratio in ratios.items() if ratio < 1 / 1.5}
    print(f"\nMedian ratio {statistics.median(ratios.values()):.2f} over {len(ratios)} figures, PyTorch {torch.__version__}.")
    if slow:
        print("More than 1.5 times as slow as PyTorch: " + ", ".join(f"{n} ({r:.2f})" for n, r in sorted(slow.items())))
    if chosen.json:
        with open(chosen.json, "w") as file:
            json.dump({"torchlight": ours, "torch": theirs}, file, indent=1)


main()
