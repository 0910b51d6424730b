"""What the scripts of all peers share: options, timing, data and the report. It imports no framework."""
import argparse
import gzip
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import time
import traceback


def peak_memory_mb():
    """Peak resident memory of this process in MB; that of getrusage would include the parent's."""
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


class Bench:
    """The groups of one peer, and the figures that they report.

    A group is a function that calls `measure` for each of its figures. Groups run in the order in which they are added.
    """

    def __init__(self, peer, modes=("eager",), dtypes=("float32",)):
        parser = argparse.ArgumentParser(description=f"Times the workloads of WORKLOADS.md in {peer}.")
        parser.add_argument("--only", default="", help="groups, separated by commas (default: all)")
        parser.add_argument("--json", help="file for the figures")
        parser.add_argument("--data", default=os.environ.get("TORCHLIGHT_DATA", ""), help="folder that holds mnist")
        parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", "2")))
        parser.add_argument("--seconds", type=float, default=0.0,
                            help="least time to measure for, after a warm-up of half of it (default: the fixed numbers of calls)")
        parser.add_argument("--quick", action="store_true", help="one round of one call, to see that everything runs")
        parser.add_argument("--mode", default=modes[0], choices=modes)
        parser.add_argument("--dtype", default=dtypes[0], choices=dtypes)
        self.options = parser.parse_args()
        self.groups = {}
        self.results = {}

    def group(self, function):
        """A decorator that adds a group with the name of the function."""
        self.groups[function.__name__] = function
        return function

    def measure(self, name, warm_up, rounds, inner, call, wait=lambda: None, rate=None):
        """Times `call`: the median over rounds of the time of one call. `wait` waits for asynchronous work.

        rate: the unit of the throughput and the amount of one call.
        """
        least = self.options.seconds
        if self.options.quick:
            warm_up, rounds, inner, least = min(warm_up, 1), 1, 1, 0.0
        warm = time.perf_counter() + least / 2
        calls = 0
        while calls < warm_up or time.perf_counter() < warm:
            call()
            calls += 1
            if least:
                wait()
        wait()
        times = []
        end = time.perf_counter() + least
        while len(times) < rounds or time.perf_counter() < end:
            start = time.perf_counter()
            for _ in range(inner):
                call()
            wait()
            times.append((time.perf_counter() - start) / inner)
        self.report(name, statistics.median(times), rate)

    def report(self, name, seconds, rate=None):
        entry = {"seconds": seconds}
        line = f"{name:<28} {seconds * 1000:12.4f} ms"
        if rate:
            unit, amount = rate
            entry[unit] = amount / seconds
            line += f"  {amount / seconds:14.1f} {unit}"
        entry["peak_rss_mb"] = peak_memory_mb()
        self.results[name] = entry
        print(line, flush=True)

    def cold_start(self, code):
        """Times a new process that runs the code."""
        def call():
            subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.measure("cold_start", 0, 5, 1, call)

    def run(self):
        chosen = [name for name in self.options.only.split(",") if name] or list(self.groups)
        for name in chosen:
            if name not in self.groups:
                print(f"{name}: this peer does not have it", file=sys.stderr)
                continue
            try:
                self.groups[name]()
            except Exception as error:
                traceback.print_exc()
                self.results[name] = {"error": f"{type(error).__name__}: {error}"}
        if self.options.json:
            with open(self.options.json, "w") as file:
                json.dump({"threads": self.options.threads, "dtype": self.options.dtype, "results": self.results}, file, indent=1)
        sys.exit(1 if any("error" in entry for entry in self.results.values()) else 0)


def mnist_bytes(folder):
    """The 60,000 training images, as bytes, and their labels; random ones of the same shape where the files are absent."""
    paths = [os.path.join(folder, "mnist", f"train-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1")]
    if not all(os.path.exists(path) for path in paths):
        print("(no MNIST files found: using random images of the same shape)")
        generator = random.Random(0)
        return generator.randbytes(60000 * 784), bytes(generator.randrange(10) for _ in range(60000))
    contents = []
    for path, dimensions in zip(paths, (3, 1)):
        with gzip.open(path) as file:
            data = file.read()
        if struct.unpack(">I", data[:4])[0] != 0x800 + dimensions:
            raise ValueError(f"{path} is no idx file of {dimensions} dimensions")
        contents.append(data[4 + 4 * dimensions:])
    return contents


# vocabulary, context, width, heads, blocks; batch; warm-up, rounds, inner
GPTS = {
    "gpt_nano_train": ((65, 64, 128, 4, 4), 12, (5, 7, 10)),
    "gpt_mini_train": ((65, 256, 384, 6, 6), 8, (2, 5, 1)),
    "gpt2_small_train": ((50257, 256, 768, 12, 12), 1, (1, 3, 1)),
}
MATMULS = (64, 256, 1024, 2048)


def matmul_calls(size):
    return max(1, 200_000_000 // size ** 3)
