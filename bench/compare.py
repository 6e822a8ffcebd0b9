#!/usr/bin/env python3
"""kennel bench: the ways to intercept system calls, side by side, on the machine of whoever asks.

Runs without root; shows figures and judges nothing. compare.py KENNEL [OPTION]...: the program that asks is the one
that is measured, and kennel-bench(1) describes its options. The programs that measure lie beside this file.
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
import page  # noqa: E402
import show  # noqa: E402
import subjects  # noqa: E402
import ways  # noqa: E402

EXIT_ERROR = 125


class Bench:
    """The options, and where things are. Everything is made in one folder, removed at the end."""

    def __init__(self, options, folder):
        self.kennel = os.path.realpath(options.kennel)
        self.folder = folder
        self.pairs = options.pairs or (6 if options.quick else 30)
        self.batch_us = "500" if options.quick else "1500"
        self.crowd_ms = "100" if options.quick else "200"
        self.peers = options.peers
        self.env = {**jobs.SHARED_ENV, "HOME": folder, "TMPDIR": os.path.join(folder, "tmp")}
        self.true = shutil.which("true", path="/bin:/usr/bin")
        self.count = 0
        self.groups = subjects.GROUPS
        os.mkdir(self.env["TMPDIR"])
        self.ways = ways.find(self)

    def choose(self, names):
        """Of groups and ways only those that were named; without one of a kind, all of it. Native always stays."""
        known = {*self.groups, *(way.name for way in self.ways)}
        unknown = [name for name in names if name not in known]
        if unknown:
            fail(f"--only: '{unknown[0]}' is not one of {'; '.join(sorted(known))}")
        groups = {name: group for name, group in self.groups.items() if name in names}
        chosen = [way for way in self.ways if way.name in names]
        self.groups = groups or self.groups
        if chosen:
            self.ways = [way for way in self.ways if way in chosen or way.name == ways.NATIVE]

    def program(self, name):
        return os.path.join(os.path.dirname(os.path.realpath(__file__)), name)

    def out(self):
        """A fresh file for the output of one command; the last few are overwritten in turn."""
        self.count += 1
        return os.path.join(self.folder, f"output.{self.count % 8}")

    def say(self, text):
        print(f"kennel bench: {text}", file=sys.stderr, flush=True)


def fail(text):
    print(f"kennel bench: {text}", file=sys.stderr)
    sys.exit(EXIT_ERROR)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        fail(f"{message.replace('unrecognized arguments', 'unknown option')} (see kennel bench --help)")


def pairs(text):
    count = int(text)
    if not 1 <= count <= 10000:
        raise ValueError
    return count


def parse(argv):
    parser = Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("kennel")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pairs", type=pairs)
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    parser.add_argument("--html")
    parser.add_argument("--peers", action="store_true", default=True)
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args(argv)


def writable(path):
    """Opened before an hour of measuring, not after it."""
    try:
        return open(path, "w", encoding="utf-8") if path else None
    except OSError as error:
        return fail(f"{path}: {error.strerror}")


def machine():
    """What the figures depend on: jobs that ran beside them show in the load."""
    facts = measure.machine()
    governor = measure.read_first("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    memory = measure.read_first("/proc/meminfo", "MemTotal:").split()
    return {**facts, "governor": governor or "not told", "memory_mb": int(memory[1]) // 1024 if memory else 0,
            "smt": measure.read_first("/sys/devices/system/cpu/smt/active") == "1"}


def measure_all(bench):
    rows = []
    for group in bench.groups.values():
        made = group(bench)
        show.table(made, bench.ways)
        rows += made
    return rows


def report(bench, options, folder):
    files = {"json": writable(options.json), "html": writable(options.html)}
    facts = machine()
    show.machine(facts)
    rows = measure_all(bench)
    facts["load_after"] = round(os.getloadavg()[0], 2)
    figures = {"format": 1, "pairs": bench.pairs, "quick": options.quick, "machine": facts,
               "ways": [{"name": way.name, "family": way.family, "about": way.about, "missing": way.missing,
                         "command": [word.replace(folder, "FOLDER") for word in way.prefix]} for way in bench.ways],
               "rows": rows}
    show.short(figures)
    for kind, file in files.items():
        if file:
            with file:
                file.write(json.dumps(figures, indent=1) + "\n" if kind == "json" else page.page(figures))


def main():
    options = parse(sys.argv[1:])
    folder = os.path.realpath(tempfile.mkdtemp(prefix="kennel-bench-"))
    try:
        bench = Bench(options, folder)
        bench.choose([name.strip() for name in options.only.split(",")] if options.only else [])
        if options.list:
            show.listing(bench)
        else:
            report(bench, options, folder)
    except KeyboardInterrupt:
        fail("interrupted")
    except OSError as error:
        fail(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
