#!/usr/bin/env python3
"""Times Torchlight and its peers in turn on the same cores, and writes Benchmarks/RESULTS.md.

usage: compare.py [--torchlight PROGRAM] [--data DIR] [--venv DIR] [--peers a,b] [--rounds N] [--cores 0,1] [--only a,b]
                  [--dtype float32|bfloat16] [--quick] [--out FILE]

The scripts in Benchmarks/Peers time the workloads of Benchmarks/WORKLOADS.md and write the same JSON as `torchlight bench`.
The peers are installed from PyPI, in the versions of Peers/versions.txt, into a virtual environment outside the repository;
one that cannot be installed is left out, with a message. DIR of --data holds mnist/train-images-idx3-ubyte.gz and alike;
without it all programs use random images of the same shape. A round runs every group of workloads once with every program,
in a process of its own: what else the machine does hits all alike, and the peak memory of a process is that of the group.
A figure is the median over the rounds. --quick runs every peer once, for a moment, to see that the scripts work.
"""
import argparse, json, math, os, platform, re, statistics, subprocess, sys, tempfile, time

# name: (script, arguments, packages of the virtual environment, groups that it has not or that are as without the arguments)
PEERS = {
    "torch": ("torch_peer.py", [], ["torch", "numpy"], []),
    "torch-compile": ("torch_peer.py", ["--mode", "compile"], ["torch", "numpy"],
                      ["op_overhead", "matmul", "optimizer_step", "dataloader", "checkpoint", "cold_start"]),
    "jax": ("jax_peer.py", [], ["jax", "numpy"], ["naive", "dataloader", "checkpoint"]),
    "tensorflow": ("tensorflow_peer.py", [], ["tensorflow-cpu", "numpy"], ["naive", "checkpoint"]),
}
# The modules of packages that are imported by another name.
MODULES = {"tensorflow-cpu": "tensorflow"}
PEER_SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Peers")

# Each runs in a process of its own.
GROUPS = [
    "mlp_train", "cnn_train", "resnet18_train", "lstm_train", "gpt_nano_train", "gpt_mini_train", "gpt2_small_train",
    "op_overhead", "pointwise", "matmul", "optimizer_step", "naive", "infer", "dataloader", "checkpoint", "cold_start",
]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--torchlight", default=".build/release/torchlight")
    parser.add_argument("--data", default=os.environ.get("TORCHLIGHT_DATA", ""))
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    parser.add_argument("--venv", default=os.path.join(cache, "torchlight", "peers"))
    parser.add_argument("--peers", default="torch,torch-compile")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", default="0,1")
    parser.add_argument("--only", default="")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", default="Benchmarks/RESULTS.md")
    chosen = parser.parse_args()
    chosen.peers = [p for p in chosen.peers.split(",") if p]
    for peer in chosen.peers:
        if peer not in PEERS:
            parser.error(f"there is no peer {peer}; there are {', '.join(PEERS)}")
    chosen.groups = [g for g in chosen.only.split(",") if g] or GROUPS
    for group in chosen.groups:
        if group not in GROUPS:
            parser.error(f"there is no group {group}; there are {', '.join(GROUPS)}")
    if chosen.dtype != "float32" and any(PEERS[peer][0] != "torch_peer.py" for peer in chosen.peers):
        parser.error(f"only the peers torch and torch-compile have a {chosen.dtype}")
    if chosen.rounds < 3:
        parser.error("--rounds must be at least 3: a median of fewer says little")
    return chosen


def environment(chosen):
    """The python of the virtual environment, with the peers' packages in it. Peers that cannot be installed are left out."""
    python = os.path.join(chosen.venv, "bin", "python")
    if not os.path.exists(python):
        done = subprocess.run([sys.executable, "-m", "venv", chosen.venv], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench-compare: no virtual environment can be made in {chosen.venv}; on Debian, python3-venv is needed.\n"
                     f"{done.stdout}{done.stderr}")
    present = []
    for peer in chosen.peers:
        packages = PEERS[peer][2]
        modules = ", ".join(MODULES.get(package, package) for package in packages)
        if subprocess.run([python, "-c", f"import {modules}"], capture_output=True).returncode:
            print(f"Installing {', '.join(packages)} into {chosen.venv}", flush=True)
            versions = os.path.join(PEER_SCRIPTS, "versions.txt")
            install = [python, "-m", "pip", "install", "--quiet", "-c", versions, *packages]
            if subprocess.run(install).returncode:
                print(f"bench-compare: {peer} is left out: {' '.join(install)} failed. Without a network, install it yourself and "
                      f"name the environment with --venv.", flush=True)
                continue
        present.append(peer)
    chosen.peers = present
    if not present:
        sys.exit("bench-compare: none of the peers can be installed, so there is nothing to compare with; `make bench` times "
                 "Torchlight alone")
    return python


def check_scripts(python, chosen):
    """Runs every group of every peer for a moment."""
    failed = []
    for peer in chosen.peers:
        script, options, _, lacking = PEERS[peer]
        for group in chosen.groups:
            if group in lacking:
                continue
            command = [python, os.path.join(PEER_SCRIPTS, script), *options, "--quick", "--only", group]
            done = subprocess.run(command, capture_output=True, text=True)
            print(f"{peer}, {group}: {'failed' if done.returncode else 'runs'}", flush=True)
            if done.returncode:
                failed.append(f"{peer}, {group}:\n{done.stdout}{done.stderr}")
    sys.exit("\n".join(failed) if failed else 0)


def run(command, group, chosen):
    """The figures of one program for a group: {name: {seconds, ...}}."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "figures.json")
        command = ["taskset", "-c", chosen.cores, *command, "--json", path, "--only", group]
        if chosen.data:
            command += ["--data", chosen.data]
        if chosen.dtype != "float32":
            command += ["--dtype", chosen.dtype]
        threads = str(len(chosen.cores.split(",")))
        done = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": threads}, stdout=subprocess.DEVNULL)
        if done.returncode or not os.path.exists(path):
            return {}
        with open(path) as file:
            report = json.load(file)
        return report.get("results", report)


def machine():
    model = "unknown processor"
    flags = ""
    with open("/proc/cpuinfo") as file:
        text = file.read()
    if found := re.search(r"model name\s*: (.*)", text):
        model = found[1]
    if found := re.search(r"flags\s*: (.*)", text):
        flags = found[1]
    sets = [s for s in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if s in flags.split()]
    return f"{model}, {', '.join(sets) or 'no vector extensions named'}; Linux {platform.release()}"


def versions(python, chosen):
    found = []
    for package in sorted({m for p in chosen.peers for m in PEERS[p][2]}):
        code = f"import importlib.metadata as m; print(m.version('{package}'))"
        version = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()
        found.append(f"{package} {version}")
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return ", ".join([f"Torchlight {revision}", *found])


def shown(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def report(rounds, python, chosen):
    """The text of RESULTS.md. `rounds[program]` is a list of the figures of each round."""
    ours = rounds["torchlight"]
    several = len(chosen.peers) > 1
    names = list(dict.fromkeys(name for figures in ours for name in figures))

    def series(program, name, key="seconds"):
        return [f[name][key] for f in rounds[program] if key in f.get(name, {})]

    lines = [
        "# Results", "",
        f"Written by `make bench-compare` on {time.strftime('%Y-%m-%d')}. Every program ran {chosen.rounds} times in turn on",
        f"cores {chosen.cores}, each group of workloads in a separate process, whose peak memory is in the last columns.",
        "A figure is the median, the spread is (largest - smallest) / median of Torchlight, a ratio is the peer's time divided by",
        "Torchlight's: above 1, Torchlight is faster. With several peers, the least ratio is that of the fastest one.", "",
        f"- Machine: {machine()}", f"- Versions: {versions(python, chosen)}",
        *(["- Training steps in mixed precision (autocast, bfloat16)"] if chosen.dtype == "bfloat16" else []), "",
        "| workload | ours | spread | " + " | ".join(f"{p} | ratio" for p in chosen.peers)
        + (" | least ratio" if several else "") + " | peak memory, ours | peers |",
        "|---|--:|--:|" + "--:|--:|" * len(chosen.peers) + "--:|" * several + "--:|--:|",
    ]
    ratios, least = {peer: [] for peer in chosen.peers}, []
    for name in names:
        times = series("torchlight", name)
        if not times:
            continue
        middle = statistics.median(times)
        cells = [name, shown(middle), f"{100 * (max(times) - min(times)) / middle:.0f} %"]
        memory, to_best = [], []
        for peer in chosen.peers:
            theirs = series(peer, name)
            if not theirs:
                cells += ["-", "-"]
                continue
            ratio = statistics.median(theirs) / middle
            ratios[peer].append(ratio)
            to_best.append(ratio)
            cells += [shown(statistics.median(theirs)), f"{ratio:.2f}"]
            memory += [f"{statistics.median(series(peer, name, 'peak_rss_mb')):.0f} MB"]
        if several:
            cells.append(f"{min(to_best):.2f}" if to_best else "-")
            least += [min(to_best)] if to_best else []
        cells += [f"{statistics.median(series('torchlight', name, 'peak_rss_mb')):.0f} MB", " / ".join(memory) or "-"]
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    for peer, all_ratios in ratios.items():
        if all_ratios:
            mean = math.exp(statistics.mean(math.log(r) for r in all_ratios))
            lines.append(f"Geometric mean over {len(all_ratios)} figures against {peer}: {mean:.2f}")
    if least:
        mean = math.exp(statistics.mean(math.log(r) for r in least))
        lines.append(f"Geometric mean over {len(least)} figures against the fastest peer of each: {mean:.2f}")
    growth = os.path.join(os.path.dirname(chosen.out), "GROWTH.md")
    if os.path.exists(growth):
        with open(growth) as file:
            text = file.read()
        lines += ["", "## How cost grows", "", "From [GROWTH.md](GROWTH.md), which `make bench-growth` writes.", ""]
        lines += [line for line in text.split("\n## ")[0].splitlines() if line.startswith(("|", "!"))]
        lines.insert(lines.index(next(line for line in lines if line.startswith("!["))) + 1, "")
    return "\n".join(lines) + "\n"


def main():
    chosen = arguments()
    python = environment(chosen)
    if chosen.quick:
        check_scripts(python, chosen)
    commands = {"torchlight": [chosen.torchlight, "bench"]}
    for peer in chosen.peers:
        script, options, *_ = PEERS[peer]
        commands[peer] = [python, os.path.join(PEER_SCRIPTS, script), *options]
    rounds = {program: [] for program in commands}
    for number in range(chosen.rounds):
        for program in commands:
            rounds[program].append({})
        for group in chosen.groups:
            for program, command in commands.items():
                if program in PEERS and group in PEERS[program][3]:
                    continue
                print(f"round {number + 1} of {chosen.rounds}: {group}, {program}", flush=True)
                rounds[program][number].update(run(command, group, chosen))
    with open(chosen.out, "w") as file:
        file.write(report(rounds, python, chosen))
    print(f"wrote {chosen.out}")


main()
