#!/usr/bin/env python3
"""What Kennel costs on boards: sizes, memory, start-up, and calls beside the minimal references, in one boot each.

usage: board.py [NAME...]      (armhf and mipsel)

The programs are those of `./configure.py --small`. Times of an emulated processor say nothing by themselves: what
counts is the ratio to the reference, or to the bare program, of the same boot.
"""

import re
import statistics
import subprocess
import sys

import fetch
import run
from virtual import MACHINES

BOARDS = ["armhf", "mipsel"]
ROUNDS = 7
BENCHES = "calls reference trace_reference startup nothing".split()
DYNAMIC_LIMIT, STATIC_LIMIT, MEMORY_LIMIT_KB = 200_000, 1_200_000, 1024


def small(triplet, variant):
    """The stripped program of a small build, as bytes."""
    folder = f"build/{triplet}{'' if variant == 'static' else '-' + variant}-small"
    run.run(["./configure.py", "--small", "--cross", triplet, "--variant", variant], f"configure.py for {folder}")
    run.run(["ninja", "-f", f"{folder}/build.ninja", f"{folder}/kennel"], f"building {folder}")
    stripped = run.TOP / folder / "stripped"
    run.run([f"{triplet}-strip", "-o", str(stripped), f"{folder}/kennel"], f"stripping {folder}")
    return stripped.read_bytes()


class Board(run.Guest):
    """A machine that measures instead of testing."""

    def __init__(self, name, arguments):
        super().__init__(name, arguments)
        self.static = small(self.machine.triplet, "static")
        self.dynamic = small(self.machine.triplet, "release")

    def add_program(self, name, path, triplet):
        if name == "kennel/kennel":
            self.files.add_file(name, self.static, 0o755)
        else:
            super().add_program(name, path, triplet)

    def add_guests(self, built):
        for name in BENCHES:
            self.add_program(f"kennel/bench/{name}", built / "bench" / name, self.machine.triplet)

    def commands(self, built):
        self.files.add_file("kennel/board.sh", (run.TOP / "tests/vm/board.sh").read_bytes(), 0o755)
        return [(run.MACHINE_LIMIT_S, "board", f"./board.sh {ROUNDS}")]

    def show(self, output):
        """One line for each figure, with its ratio where there is another to hold it against."""
        figures = {}
        for name, way, values in re.findall(r"^@figure (\S+) (\S+) (.+)$", output, re.MULTILINE):
            numbers = [float(value) for value in values.split()]
            if numbers:
                figures.setdefault(name, {}).setdefault(way, []).append(statistics.median(numbers))
        print(f"{self.name}: small static {len(self.static):,} bytes (bound {STATIC_LIMIT:,}), "
              f"dynamic {len(self.dynamic):,} (bound {DYNAMIC_LIMIT:,})")
        for name, ways in figures.items():
            if list(ways) == ["kennel"]:
                bound = f" (bound {MEMORY_LIMIT_KB})" if name == "VmHWM-supervisor" else ""
                print(f"{self.name}: {name} {statistics.median(ways['kennel']):.0f} kB{bound}")
                continue
            if "kennel" not in ways:
                print(f"{self.name}: {name}: nothing was measured under Kennel")
                continue
            base = "reference" if "reference" in ways else "native"
            ratios = [ours / theirs for ours, theirs in zip(ways["kennel"], ways[base])]
            times = ", ".join(f"{way} {statistics.median(values) / 1000:.0f} us" for way, values in ways.items())
            print(f"{self.name}: {name}: {times}; Kennel to {base} {statistics.median(ratios):.2f} "
                  f"[{min(ratios):.2f} {max(ratios):.2f}]")
        return bool(figures)


def main():
    names = [name for name in sys.argv[1:] if name in MACHINES] or BOARDS
    rest = [word for word in sys.argv[1:] if word not in MACHINES]
    good = True
    for name in names:
        arguments = run.parse([name, *rest, "--target", "bench", "--target", f"build/{MACHINES[name].triplet}/kennel"])
        try:
            board = Board(name, arguments)
            output, problem = board.boot(board.prepare())
        except (fetch.Unavailable, run.BuildFailed, subprocess.SubprocessError) as reason:
            print(f"{name}: not measured: {reason}")
            good = False
            continue
        good = board.show(output) and not problem and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
