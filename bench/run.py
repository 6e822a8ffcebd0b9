#!/usr/bin/env python3
"""Measures what Kennel costs, next to native and to the cheapest possible interceptor.

Shows figures and judges nothing: no figure of it ever fails a test. doc/BENCH.md says how to read the table.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True

import jobs  # noqa: E402
import measure  # noqa: E402
import network  # noqa: E402

GROUPS = {"policy": jobs.policy, "calls": jobs.calls, "blocking": jobs.blocking, "trace": jobs.trace,
          "storm": jobs.storm, "startup": jobs.startup, "workloads": jobs.workloads,
          "network": network.network, "memory": jobs.memory}
PROGRAMS = ("calls", "blocked", "startup", "reference", "landlock", "trace_reference", "policy", "nothing",
            "storm_threads")


class Bench:
    """The options, and where things are. Everything is made in one folder, removed at the end."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self.kennel = self.installed(options.kennel, "kennel")
        self.static = self.installed(options.static, "static kennel")
        self.pairs = options.pairs or (6 if options.quick else 30)
        self.startup_pairs = options.startup_pairs or (20 if options.quick else 200)
        self.peers = not options.no_peers
        self.objects = options.build_objects
        self.env = {**jobs.SHARED_ENV, "HOME": folder, "TMPDIR": self.make("tmp")}
        self.outputs = self.make("output")
        self.count = 0

    def make(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def installed(self, path, what):
        if path and os.access(path, os.X_OK):
            return os.path.realpath(path)
        self.say(f"no {what}: its rows are left out")
        return None

    def program(self, name):
        return os.path.join(os.path.realpath(self.options.bin), name)

    def places(self):
        """The last CPU that we may use: the first one takes most interrupts."""
        cpu = max(os.sched_getaffinity(0))
        both = [("pinned", cpu), ("not pinned", None)]
        return [place for place in both if self.options.place in ("both", place[0].replace(" ", "-"))]

    def wants(self, group, name=None):
        only = self.options.only
        if not only:
            return True
        names = [workload.name for workload in jobs.WORKLOADS] if group == "workloads" else []
        return group in only or (name in only if name else any(one in only for one in names))

    def out(self):
        """A fresh file for the output of one command; the last few are overwritten in turn."""
        self.count += 1
        return os.path.join(self.outputs, str(self.count % 8))

    def native(self, argv, folder):
        out = self.out()
        measure.run(argv, folder, self.env, out, 600)
        return out

    def say(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)


def show_machine(facts):
    print(f"Linux {facts['kernel']}, {facts['arch']}, {facts['cpu'] or 'processor unknown'}, {facts['cpus']} CPUs"
          f"{', virtual' if facts['hypervisor'] else ''}, load {facts['load']}, "
          f"SYNC_WAKE_UP {'yes' if facts['sync_wake_up'] else 'no'}")
    print(f"mitigations: {facts['mitigations_option'] or 'as the kernel chose'}; "
          f"not affected by {facts['not_affected_by']} weaknesses, and")
    for name, text in facts["mitigations"].items():
        print(f"    {name}: {text}")


def figure(value, unit):
    return f"{value:,.2f}" if unit in ("ms", "us") and value < 100 else f"{value:,.0f}"


def interval(row, key):
    text = f"{row[key]:.3f} [{row['low']:.3f} {row['high']:.3f}]"
    return text if row["pairs"] >= 6 else text.replace("[", "(").replace("]", ")")


def bound(row):
    """Where a bound was set: what the interval says about it. Throughput has a floor."""
    if "floor" in row:
        met = "reaches" if row["low"] >= row["floor"] else "below" if row["high"] < row["floor"] else "undecided:"
        return f" {met} {row['floor']}"
    if "bound" not in row:
        return ""
    met = "within" if row["high"] <= row["bound"] else "above" if row["low"] > row["bound"] else "undecided:"
    return f" {met} {row['bound']}"


def show_table(title, heads, lines):
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    print(f"\n{title}")
    for line in [heads, ["-" * width for width in widths], *lines]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def ratio_lines(rows):
    """Rows of the same subject and configuration become one line: to native, and to the reference."""
    lines = {}
    for row in rows:
        line = lines.setdefault((row["name"], row["config"]), [row["name"], row["config"], "", "", "", ""])
        if "failed" in row:
            line[2] = f"failed: {row['failed']}"
            continue
        line[2] = figure(row["value"], row["unit"])
        if row["base"] == "native":
            line[3:5] = figure(row["base_value"], row["unit"]), interval(row, "ratio") + bound(row)
        else:
            line[5] = interval(row, "ratio") + bound(row)
    return list(lines.values())


def policy_lines(rows):
    """Two rows of the same number of rules become one line."""
    lines = {}
    for row in rows:
        line = lines.setdefault(row["name"], [row["name"], "", "", "", ""])
        if "compiled" in row["config"]:
            line[1], line[3] = figure(row["value"], "us"), interval(row, "ratio") + bound(row)
        else:
            line[2], line[4] = figure(row["value"], "us"), interval(row, "ratio")
    return list(lines.values())


def startup_lines(rows):
    return [[row["config"], f"failed: {row['failed']}", "", ""] if "failed" in row else
            [row["config"], figure(row["value"], "ms"), figure(row["base_value"], "ms"), interval(row, "difference")]
            for row in rows]


def memory_lines(rows):
    return [[row["config"], row["name"], f"failed: {row['failed']}", "", ""] if "failed" in row else
            [row["config"], row["name"], row["role"], str(row["vm_hwm_kb"]), str(row["pss_kb"] or "unreadable")]
            for row in rows]


def show(group, rows):
    for place in sorted({row["place"] for row in rows}, reverse=True):
        here = [row for row in rows if row["place"] == place]
        pairs = max((row.get("pairs", 0) for row in here), default=0)
        title = f"{group}, {place}, {pairs} pairs" if place else group
        if group == "startup":
            show_table(title, ["/bin/true under", "ms", "alone", "added ms [95 %]"], startup_lines(here))
        elif group == "policy":
            show_table(title, ["a decision", "compiled ns", "list ns", "to the fewest rules [95 %]",
                               "list to compiled [95 %]"], policy_lines(here))
        elif group == "memory":
            show_table(title, ["configuration", "while", "process", "VmHWM kB", "PSS kB"], memory_lines(here))
        else:
            unit = next((row["unit"] for row in here if "unit" in row), "")
            show_table(title, [group, "configuration", unit, "native", "to native [95 %]", "to reference [95 %]"],
                       ratio_lines(here))
    sys.stdout.flush()


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*GROUPS, *(workload.name for workload in jobs.WORKLOADS)]
    parser.add_argument("--kennel", metavar="FILE", help="the program; without it only native, reference and peers")
    parser.add_argument("--static", metavar="FILE", help="its static build, for start-up and memory")
    parser.add_argument("--bin", metavar="DIR", required=True, help=f"where {', '.join(PROGRAMS)} were built")
    parser.add_argument("--json", metavar="FILE", help="write all figures there as well")
    parser.add_argument("--only", metavar="NAME", action="append", choices=names, help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="6 pairs (20 of start-up): a look, not a result")
    parser.add_argument("--pairs", type=int, metavar="N", help="default 30")
    parser.add_argument("--startup-pairs", type=int, metavar="N", help="default 200")
    parser.add_argument("--place", choices=["both", "pinned", "not-pinned"], default="both")
    parser.add_argument("--build-objects", type=int, metavar="N", default=6, help="objects to build, 0: all; default 6")
    parser.add_argument("--no-peers", action="store_true", help="leave out other sandboxes")
    options = parser.parse_args(argv)
    missing = [name for name in PROGRAMS if not os.access(os.path.join(options.bin, name), os.X_OK)]
    if missing:
        parser.error(f"not built: {', '.join(missing)}")
    return options


def measure_groups(bench):
    results = []
    for group, job in GROUPS.items():
        if bench.wants(group):
            bench.say(group)
            rows = job(bench)
            show(group, rows)
            results += rows
    return results


def main():
    options = parse(sys.argv[1:])
    facts = measure.machine()
    show_machine(facts)
    folder = os.path.realpath(tempfile.mkdtemp(prefix="kennel-bench-"))
    try:
        bench = Bench(options, folder)
        results = measure_groups(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": facts, "pairs": bench.pairs, "startup_pairs": bench.startup_pairs,
                       "results": results}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
