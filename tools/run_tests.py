#!/usr/bin/env python3
"""Runs the test programs one after another and counts what came out.

usage: run_tests.py --builddir DIR [--unit P...] [--integration P...] [--differential P...] [--script P...]
                    [--stress P...] [--long P...] [--part NAME] [--guests DIR]

A Criterion program (or a python script with the same option) writes its results as TAP into a
file. The programs find what they need in the environment: KENNEL (the program under test),
KENNEL_GUESTS (the folder of built guests), KENNEL_TOP (the top of the source tree), KENNEL_TABLES
(a folder for tables of differences, which stay in DIR/tests/tables), KENNEL_TEST_SLOWER (by
how much limits within tests are longer; what is set already stays). Their lines
"note: NUMBER WHAT: ..." stay in their logs (DIR/tests/log), and are added up here. Each
runs in a session of its own with a time limit; whatever it leaves behind is killed and named.
The last line, also kept in DIR/tests/counts, is "N passed, N failed, N skipped". With
--part all of that is in DIR/NAME, so that parts may run at the same time.
"""

import argparse
import collections
import ctypes
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
# What hangs is ended. Nothing here is a measure of speed: a shared machine may give us a fifth of itself.
LIMIT_S = {"unit": 300, "integration": 1200, "differential": 2400, "script": 1200, "stress": 2400, "long": 8 * 3600}
SLOWER = 2
# Where a host gives this much of a virtual machine's processors to others, what failed is run again: races are not met
# then, and what was to come first came second. On a machine of one's own nothing is run twice.
STARVED, STARVED_RUNS = 0.2, 3
# Races take as many tries as they can within some seconds, up to 20,000; the long run has a million of each,
# and a million pairs of rules and names instead of 100,000.
LONG_ENVIRONMENT = {"KENNEL_RACE_TRIES": "1000000", "KENNEL_RACE_MS": "3600000", "KENNEL_MATCHER_PAIRS": "1000000",
                    "KENNEL_PLANS": "2000", "KENNEL_SUPERVISOR_KILLS": "500", "KENNEL_TARGET_KILLS": "50000",
                    "KENNEL_FAULTS": "all", "KENNEL_STRESS_S": "1200"}
# The tests of these mostly wait: more of them run at once than there are processors.
WAITING = {"test_guests", "test_blocking", "test_trace_jobs", "test_open_files", "test_terminal", "test_net"}
WAITING_JOBS = 6
# With KENNEL_TEST_HALF, what runs in many ways runs in some with sanitizers and in the others without: all of them
# together, and nothing twice.
HALVES = {
    "release": {"test_guests": "guests/!(*_watched_i386|*_watched_nobody)",
                "test_differential": "differential/!(*_i386_watched_as_root|*_paths_kept_as_root)"},
    "sanitized": {"test_guests": "guests/!(*_native*|*_watched_nobody_i386)",
                  "test_differential": "differential/!(*_as_nobody)"},
}
PR_SET_CHILD_SUBREAPER = 36
TAP_LINE = re.compile(r"^(not ok|ok)\b[ -]*(.*?)(?:\s+# SKIP ?(.*))?$")
NOTE_LINE = re.compile(r"^note: (\d+) ([^:\n\d]+?)(?: of \d+)?:", re.MULTILINE)
LOG_LINES_SHOWN = 80

Result = collections.namedtuple("Result", "passed failed skipped")


def read_tap(path):
    """The lists of names that passed, failed, and were skipped (with the reason)."""
    result = Result([], [], [])
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    for line in text.splitlines():
        match = TAP_LINE.match(line)
        if not match:
            continue
        verdict, name, reason = match.groups()
        name = re.sub(r"\s+\(\d+\.\d+s\)$", "", name.strip())
        if reason is not None:
            result.skipped.append(f"{name}: {reason}")
        elif verdict == "ok":
            result.passed.append(name)
        else:
            result.failed.append(name)
    return result


def children():
    """(number, name, whether it runs) of the processes whose parent we are."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                head, tail = (entry / "stat").read_text(errors="replace").rsplit(")", 1)
            except OSError:
                continue
            state, parent = tail.split()[:2]
            if int(parent) == os.getpid():
                found.append((int(entry.name), head.split("(", 1)[1], state != "Z"))
    return found


def kill_leftovers():
    """Ends what a finished program left (all of it comes to us, the subreaper); names what still ran."""
    names = []
    deadline = time.monotonic() + 5
    while (left := children()) and time.monotonic() < deadline:
        for pid, name, runs in left:
            if runs:
                names.append(name)
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return names


def processor_s():
    """What ended children have used, theirs included."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def processors_ticks():
    """Of /proc/stat, so far: (what was done, or would have been, and what of it the host gave to others)."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:]]
    idle, waiting, stolen = fields[3], fields[4], fields[7]
    return sum(fields[:8]) - idle - waiting, stolen


def stolen_share(before, after):
    return (after[1] - before[1]) / max(after[0] - before[0], 1)


class Runner:
    def __init__(self, arguments):
        builddir, part = arguments.builddir.resolve(), arguments.part
        self.filters = HALVES.get(os.environ.get("KENNEL_TEST_HALF"), {})
        self.folder = builddir / part
        self.logs = self.folder / "log"
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.tables = self.folder / "tables"
        shutil.rmtree(self.tables, ignore_errors=True)
        self.tables.mkdir()
        self.total = Result([], [], [])
        self.environment = {
            **os.environ,
            "KENNEL": str(builddir / "kennel"),
            "KENNEL_GUESTS": str((arguments.guests or builddir / "guests").resolve()),
            "KENNEL_TOP": str(TOP),
            "KENNEL_TABLES": str(self.tables),
            "LC_ALL": "C.UTF-8",
        }
        self.environment.setdefault("KENNEL_TEST_SLOWER", str(SLOWER))
        self.environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        # Criterion leaks a little by itself.
        self.environment.setdefault("LSAN_OPTIONS", f"suppressions={TOP}/tests/leaks.supp:print_suppressions=0")

    def run(self, kind, program):
        """Runs one program and adds up its results; again where what failed had no processor to run on."""
        # A shell that starts us in the background has these ignored, and so would everything below.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        for _ in range(STARVED_RUNS):
            before = processors_ticks()
            result = self.run_once(kind, program)
            stolen = stolen_share(before, processors_ticks())
            if not result.failed or stolen < STARVED:
                break
            print(f"  not judged: others had {stolen:.0%} of the processors' time", flush=True)
        for total, part in zip(self.total, result):
            total.extend(f"{kind}/{pathlib.Path(program).stem}: {item}" for item in part)

    def run_once(self, kind, program):
        path = pathlib.Path(program)
        log_path, tap_path = self.logs / f"{path.stem}.log", self.logs / f"{path.stem}.tap"
        environment = {**self.environment, **(LONG_ENVIRONMENT if kind == "long" else {})}
        command = ["python3", str(path.resolve())] if path.suffix == ".py" else [str(path.resolve())]
        if path.stem in WAITING:
            command.append(f"--jobs={WAITING_JOBS}")
        if path.stem in self.filters:
            command.append(f"--filter={self.filters[path.stem]}")
        tap_path.unlink(missing_ok=True)
        start, start_used = time.monotonic(), processor_s()
        with open(log_path, "wb") as log:
            process = subprocess.Popen([*command, f"--tap={tap_path}"], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, env=environment, cwd=TOP, start_new_session=True)
            try:
                problem = self.status_problem(process.wait(LIMIT_S[kind]))
            except subprocess.TimeoutExpired:
                problem = f"no end after {LIMIT_S[kind]} s"
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        left = kill_leftovers()
        result = read_tap(tap_path)
        if not any(result) and not problem:
            problem = "no test ran"
        if problem and not result.failed:
            result.failed.append(problem)
        self.report(f"{kind}/{path.stem}", result, time.monotonic() - start, processor_s() - start_used, left)
        self.show_notes(log_path)
        if result.failed:
            self.show_log(log_path)
        return result

    @staticmethod
    def status_problem(status):
        if status == 0:
            return None
        return f"ended by signal {-status}" if status < 0 else f"exit status {status}"

    @staticmethod
    def report(name, result, seconds, used, left):
        counts = f"{len(result.passed)} passed"
        counts += f", {len(result.failed)} FAILED" if result.failed else ""
        counts += f", {len(result.skipped)} skipped" if result.skipped else ""
        print(f"{name}: {counts} ({seconds:.1f} s, {used:.1f} s of a processor)", flush=True)
        if left:
            print(f"  left running and killed: {', '.join(left)}", flush=True)

    @staticmethod
    def show_notes(path):
        noted = collections.defaultdict(list)
        for number, what in NOTE_LINE.findall(path.read_text(encoding="utf-8", errors="replace")):
            noted[what].append(int(number))
        for what, numbers in noted.items():
            print(f"  {sum(numbers)} {what} ({len(numbers)} times, each {min(numbers)} to {max(numbers)})", flush=True)

    @staticmethod
    def show_log(path):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines[-LOG_LINES_SHOWN:]:
            print(f"  | {line}", flush=True)

    def finish(self):
        """Shows the table of attacks, names every skip and failure, then the counts; the exit status."""
        table = self.tables / "attacks.txt"
        print(table.read_text(encoding="utf-8") if table.exists() else "", end="")
        for skipped in self.total.skipped:
            print(f"skipped: {skipped}")
        for failed in self.total.failed:
            print(f"FAILED: {failed}")
        counts = ", ".join(f"{len(part)} {field}" for part, field in zip(self.total, Result._fields))
        (self.folder / "counts").write_text(counts + "\n", encoding="ascii")
        print(counts, flush=True)
        return 1 if self.total.failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--builddir", required=True, type=pathlib.Path)
    parser.add_argument("--part", default="tests")
    parser.add_argument("--guests", type=pathlib.Path, help="where they are (DIR/guests)")
    for kind in LIMIT_S:
        parser.add_argument(f"--{kind}", nargs="*", default=[])
    arguments = parser.parse_args()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    runner = Runner(arguments)
    for kind in LIMIT_S:
        for program in getattr(arguments, kind):
            runner.run(kind, program)
    return runner.finish()


if __name__ == "__main__":
    sys.exit(main())
