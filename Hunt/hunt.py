#!/usr/bin/env python3
"""Runs random programs with PyTorch and with Torchlight, and prints those whose results differ, as short as they get.

usage: hunt.py --conformance PROGRAM [--seconds N] [--programs N] [--seed N] [--length N] [--findings FILE]
               [--replay FILE] [--record FILE]

A program is data (README.md); `conformance --programs -` runs it through the public interface of Torchlight and compares
every result with PyTorch's. Differences that Docs/Deviations.md describes are counted and not printed: deviations.json says
how they are recognised. --replay runs the programs of a file again, --record writes them anew with what this PyTorch gives.
"""
import argparse, collections, copy, json, math, os, re, select, subprocess, sys, time, traceback

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conformance", default=".build/release/conformance")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--programs", type=int, default=10 ** 9)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--length", type=int, default=14)
    parser.add_argument("--without", default="", help="statements not to make, such as do_update,do_train")
    parser.add_argument("--findings", help="append each program that differs, as a line of JSON")
    parser.add_argument("--replay", help="run the programs of this file instead of random ones")
    parser.add_argument("--record", help="with --replay: write the programs with what this PyTorch gives")
    return parser.parse_args()


class Server:
    """The process that runs programs with Torchlight; a new one after a crash."""

    def __init__(self, program):
        self.command = [program, "--programs", "-"]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"})
        os.set_blocking(self.process.stderr.fileno(), False)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def run(self, program):
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write((json.dumps(program) + "\n").encode())
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], 60)
            line = self.process.stdout.readline() if ready else b""
        except BrokenPipeError:
            line = b""
        if line:
            self.process.stderr.read()
            return json.loads(line)
        self.process.kill()
        self.process.wait()
        os.set_blocking(self.process.stderr.fileno(), True)
        said = self.process.stderr.read().decode(errors="replace")
        self.process = None
        fatal = re.search(r"Fatal error:.*", said)
        return {"outcome": "differs", "statement": -1, "expected": "an answer",
                "got": "the process ended: " + (fatal[0] if fatal else said[-300:].strip() or "no answer in a minute")}


def operation(statements, index):
    """What the statement at which two runs part does."""
    if 0 <= index < len(statements):
        return statements[index].get("op") or statements[index].get("module") or statements[index]["do"]
    names = sorted({s.get("op") or s.get("type") or s["do"] for s in statements if s["do"] != "tensor"})
    return "+".join(names)


def kind(statements, outcome):
    """What differences are counted by: the operations and the message without its numbers."""
    text = re.sub(r"-?\d+(\.\d+)?(e[-+]?\d+)?|nan|inf", "#", outcome["expected"] + " | " + outcome["got"])
    return operation(statements, outcome["statement"]) + ": " + re.sub(r"t#|m#\.\w+", "x", text)


def with_ordinary_values(statements):
    """The statements with other values of floating-point tensors: finite, none like another, and none an integer or 0."""
    changed, count = copy.deepcopy(statements), 0
    for statement in changed:
        data = statement.get("data") or {}
        if "float" not in data.get("dtype", ""):
            continue
        values = []
        for value in data["values"]:
            value = float(value["float"]) if isinstance(value, dict) else value
            count += 1
            # Multiples of the golden ratio lie evenly between the integers.
            shift = 0.15 + 0.7 * (count * 0.6180339887 % 1)
            values.append((math.floor(value) if abs(value) < 100 else 1) + shift)
        data["values"] = values
    return changed


class Deviations:
    """How known differences are recognised: regular expressions for the statement (`operation`), the program, what PyTorch
    gave and says, and what Torchlight gave.

    An entry with `"only": "special values"` is about ties, kinks, poles, zeros, integers, infinities or NaN: the difference
    is known if it goes away with ordinary values.
    """

    def __init__(self):
        with open(os.path.join(HERE, "deviations.json")) as file:
            self.entries = [entry for entry in json.load(file) if not self.is_of_the_past(entry)]

    def is_of_the_past(self, entry):
        """Whether an entry is about versions of PyTorch before the one that is installed."""
        import importlib.metadata
        number = lambda version: [int(part) for part in version.split(".")[:2]]
        return "before" in entry and number(importlib.metadata.version("torch")) >= number(entry["before"])

    def reason(self, program, outcome, differs_with):
        """The reason of the first entry that fits, or None. `differs_with` says whether other statements differ."""
        statements, index = program["statements"], outcome["statement"]
        says = program["expected"][index].get("says", "") if 0 <= index < len(statements) else ""
        text = json.dumps(statements)
        for entry in self.entries:
            if (re.search(entry.get("operation", ""), operation(statements, outcome["statement"]))
                    and re.search(entry.get("expected", ""), outcome["expected"])
                    and re.search(entry.get("program", ""), text)
                    and re.search(entry.get("got", ""), outcome["got"]) and re.search(entry.get("says", ""), says)):
                if entry.get("only") == "special values" and differs_with(with_ordinary_values(statements)):
                    continue
                return entry["reason"]
        return None


class Hunt:
    def __init__(self, chosen):
        self.chosen = chosen
        self.server = Server(chosen.conformance)
        self.deviations = Deviations()
        # Kinds of difference; known deviations; and programs, statements, discarded and crashes of PyTorch.
        self.counts, self.known, self.totals = collections.Counter(), collections.Counter(), collections.Counter()

    def outcome(self, statements, name="program"):
        """What comes of a program: (program, outcome), or None where PyTorch's answer says nothing."""
        from programs import Skip, Unstable, record
        try:
            program = record(statements, name)
        except (Unstable, Skip, KeyError, AttributeError, StopIteration):
            return None
        except Exception as error:  # a statement that shrinking made meaningless
            if os.environ.get("HUNT_DEBUG"):
                raise
            return None
        return program, self.server.run(program)

    def differs(self, statements, wanted):
        found = self.outcome(statements)
        return (found is not None and found[1]["outcome"] == "differs"
                and (found[1]["got"].startswith("the process") == wanted.startswith("the process"))
                and (found[1]["expected"].split()[:2] == ["a", "refusal"]) == (wanted == "a refusal"))

    def still_differs(self, statements):
        found = self.outcome(statements)
        return found is not None and found[1]["outcome"] == "differs"

    def examine(self, name, statements):
        """Runs a program, and shrinks and prints it where the results differ."""
        from printing import python, swift
        from shrink import shrink
        found = self.outcome(statements, name)
        if found is None:
            self.totals["discarded"] += 1
            return
        self.totals["programs"] += 1
        self.totals["statements"] += len(statements)
        program, outcome = found
        if outcome["outcome"] == "passed":
            return
        if outcome["outcome"] == "not supported":
            self.counts["not mapped: " + outcome["reason"].split(": ", 1)[-1]] += 1
            return
        reason = self.deviations.reason(program, outcome, self.still_differs)
        if reason:
            self.known[reason] += 1
            return
        first = kind(statements, outcome)
        if self.counts["seen " + first] >= 3:
            self.counts["seen " + first] += 1
            return
        self.counts["seen " + first] += 1
        wanted = "a refusal" if outcome["expected"] == "a refusal" else outcome["got"]
        short = shrink(statements, lambda s: self.differs(s, wanted))
        found = self.outcome(short, name)
        if found is None or found[1]["outcome"] != "differs":
            short, found = statements, (program, outcome)
        program, outcome = found
        reason = self.deviations.reason(program, outcome, self.still_differs)
        if reason:
            self.known[reason] += 1
            return
        label = kind(short, outcome)
        self.counts[label] += 1
        if self.counts[label] > 1:
            return
        says = [e["says"] for e in program["expected"] if e.get("says")]
        print(f"\n=== {name}, {len(short)} statements: {label}")
        print(f"expected {outcome['expected']}\ngot {outcome['got']}")
        if outcome["expected"] == "a refusal":
            print("PyTorch says:", says[-1] if says else "")
        print("--- PyTorch\n" + python(short) + "\n--- Swift\n" + swift(short), flush=True)
        if self.chosen.findings:
            with open(self.chosen.findings, "a") as file:
                file.write(json.dumps({**program, "kind": label}) + "\n")

    def random(self):
        # A run makes dozens of programs a second: runs that follow each other must not repeat them.
        seed = self.chosen.seed if self.chosen.seed is not None else int(time.time()) * 1_000_000
        print(f"hunt: random programs from seed {seed} for {self.chosen.seconds:.0f} seconds", flush=True)
        end = time.time() + self.chosen.seconds
        while time.time() < end and self.totals["programs"] < self.chosen.programs:
            seed = self.batch(seed, end)
        self.report(seed)

    def batch(self, seed, end):
        """Runs some hundred seeds in a process of its own, because some programs crash PyTorch; returns the next seed.

        After every program the process sends what it has counted so far.
        """
        receiver, sender = os.pipe()
        child = os.fork()
        if child == 0:
            import torch
            from generator import Generator
            torch.set_num_threads(1)
            status = 1
            try:
                with os.fdopen(sender, "w") as file:
                    for seed in range(seed, seed + 500):
                        if time.time() > end or self.totals["programs"] >= self.chosen.programs:
                            break
                        statements = Generator(seed).program(self.chosen.length, self.chosen.without.split(","))
                        if statements:
                            self.examine(f"seed {seed}", statements)
                        file.write(json.dumps([seed + 1, self.counts, self.known, self.totals]) + "\n")
                        file.flush()
                status = 0
            except Exception:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                self.server.stop()
                os._exit(status)
        os.close(sender)
        with os.fdopen(receiver) as file:
            for line in file:
                seed, *counters = json.loads(line)
                self.counts, self.known, self.totals = map(collections.Counter, counters)
        _, status = os.waitpid(child, 0)
        if status:
            crashed = os.WIFSIGNALED(status)
            print(f"hunt: {'PyTorch crashed' if crashed else 'the generator failed'} at seed {seed}", flush=True)
            self.totals["crashes"] += 1
            seed += 1
        return seed

    def replay(self):
        lines = []
        with open(self.chosen.replay) as file:
            for line in file:
                program = json.loads(line)
                if self.chosen.record:
                    from programs import record
                    program = record(program["statements"], program["name"])
                    for entry in program["expected"]:
                        entry.pop("says", None)
                    lines.append(json.dumps(program, separators=(",", ":")))
                else:
                    outcome = self.server.run(program)
                    self.totals["programs"] += 1
                    if outcome["outcome"] != "passed":
                        self.counts[program["name"]] += 1
                        print(program["name"], outcome, flush=True)
        if self.chosen.record:
            with open(self.chosen.record, "w") as file:
                file.write("".join(line + "\n" for line in lines))
        self.report(None)

    def report(self, seed):
        differences = {k: n for k, n in self.counts.items() if not k.startswith("seen ")}
        totals = self.totals
        print(f"\nhunt: {totals['programs']} programs of {totals['statements']} statements; {totals['discarded']} left out "
              f"because rounding decides their course, {totals['crashes']} because PyTorch or the generator failed; "
              f"{sum(self.known.values())} known deviations; {len(differences)} kinds of difference"
              + (f"; the next seed is {seed}" if seed else ""))
        for reason, count in self.known.most_common():
            print(f"  known, {count}: {reason}")
        for label, count in sorted(differences.items(), key=lambda item: -item[1]):
            print(f"  {count}: {label}")


def main():
    chosen = arguments()
    hunt = Hunt(chosen)
    if chosen.replay:
        hunt.replay()
    else:
        hunt.random()
    sys.exit(1 if any(not k.startswith("seen ") for k in hunt.counts) else 0)


if __name__ == "__main__":
    main()
