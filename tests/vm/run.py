#!/usr/bin/env python3
"""Boots virtual machines and runs the tests there.

usage: run.py [NAME...]                                every machine, or these
       run.py NAME --only GLOB [--filter SUITE/TEST]   only these test programs (and of these, these tests)
       run.py NAME --shell COMMAND                     a command there, in the folder with kennel, guests and tests

For each machine: configures and builds what it needs, gets its kernel and a busybox, makes an
initramfs, boots it, and collects the results as TAP. All of it is below build/vm, with a table
of all machines at the end (build/vm/table). What a machine needs and this system lacks is said
by name, and the machine skipped. The last line is "N passed, N failed, N skipped".
"""

import argparse
import collections
import fcntl
import fnmatch
import os
import pathlib
import re
import select
import shlex
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tools"))

import fetch  # noqa: E402
import initramfs  # noqa: E402
import run_tests  # noqa: E402
from virtual import EVERYWHERE, LEFT_OUT, MACHINES, MODULES, PACKAGES  # noqa: E402

SLOWER = 8
RACE_MS = "300"
PROGRAM_LIMIT_S = 900
MACHINE_LIMIT_S = 3600
JOBS = 4
DISK_FILESYSTEM = "ext2/ext3"  # busybox's word for ext4, too
LAST = "integration/test_yama"  # it leaves the machine changed
KINDS = ("unit", "integration", "differential")
# What is run without --only: what compares with the system natively and the units that only compute come out the same
# everywhere. Those that remain ask the kernel.
USUAL = ["integration/*", *(f"unit/test_{module}" for module in (
    "abi_probe fds identity inherited job_control kfeat landlock listing mem mounts path payload_limits process procfs "
    "procfs_held socketcall tmpdir wait wait_worker").split())]
# What `.ci/run` has time for, of what a kernel may change: programs, and which of their tests.
QUICK = {"unit/test_kfeat": "*", "unit/test_mem": "*", "unit/test_landlock": "*", "unit/test_fds": "*",
         "integration/test_storm": "*/mkdir_*second",
         "integration/test_guests": "*_watched"}
DISKS = ("kennel", "tmp")  # and before them "files", an archive of what comes to the first
DISK_BYTES = 1 << 30
ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n",
    "etc/shadow": "root:*:1::::::\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
}

Outcome = collections.namedtuple("Outcome", "kernel result programs seconds problem")


class BuildFailed(Exception):
    """Says what could not be built."""


def run(command, what):
    """A step of the build; its output is shown only when it fails."""
    result = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        sys.stdout.write(result.stdout[-4000:])
        raise BuildFailed(f"{what} failed")


def build(triplet, targets):
    """The build folder of a triplet, with those of the targets that it has: some tests are not for machines."""
    if triplet and not shutil.which(f"{triplet}-gcc"):
        raise fetch.Unavailable(f"no {triplet}-gcc")
    folder = f"build/{triplet or 'static'}"
    (TOP / folder).mkdir(parents=True, exist_ok=True)
    with open(TOP / folder / "lock", "w", encoding="ascii") as lock:
        # Two ninjas in one folder lose what they note of dependencies.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build_alone(triplet, folder, targets)


def build_alone(triplet, folder, targets):
    options = ["--cross", triplet] if triplet else ["--variant", "static"]
    if triplet and not (TOP / folder / "deps").exists():
        options += ["--deps", "libs"]
    run(["./configure.py", *options], f"configure.py for {folder}")
    listed = subprocess.run(["ninja", "-f", f"{folder}/build.ninja", "-t", "targets", "all"], cwd=TOP,
                            stdout=subprocess.PIPE, text=True, check=True).stdout
    known = {line.split(":", 1)[0] for line in listed.splitlines()}
    run(["ninja", "-f", f"{folder}/build.ninja", *(name for name in targets if name in known)], f"building {folder}")
    return TOP / folder


class Guest:
    """One machine: its files, its boot, its results."""

    def __init__(self, name, arguments):
        self.name = name
        self.machine = MACHINES[name]
        self.arguments = arguments
        self.folder = arguments.builddir / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.disk = initramfs.Initramfs()
        self.files = initramfs.Initramfs() if self.machine.disks else self.disk
        self.labels = []

    def add_program(self, name, path, triplet):
        """A program without what only a debugger wants."""
        stripped = path.parent / "stripped" / path.name
        if not stripped.exists() or stripped.stat().st_mtime < path.stat().st_mtime:
            stripped.parent.mkdir(exist_ok=True)
            run([f"{triplet}-strip" if triplet else "strip", "-o", str(stripped), str(path)], f"stripping {path}")
        self.files.add_file(name, stripped.read_bytes(), 0o755)

    def add_system(self, kernel, busybox, system):
        self.disk.add_tree(system, LEFT_OUT)
        if "usr/bin/sh" not in self.disk.names:
            self.disk.add_link("usr/bin/sh", "dash")
        program = next(path for path in (busybox / "bin/busybox", busybox / "usr/bin/busybox") if path.exists())
        self.disk.add_file("usr/bin/busybox", program.read_bytes(), 0o755)
        self.disk.add_file("init", (TOP / "tests/vm/init").read_bytes(), 0o755)
        for name, text in ACCOUNTS.items():
            self.disk.add_file(name, text.encode(), 0o600 if name == "etc/shadow" else 0o644)
        modules = initramfs.Modules(kernel)
        for name in MODULES:
            modules.load(name)
        for number, (name, data) in enumerate(modules.loaded.items()):
            self.disk.add_file(f"kennel/modules/{number:02}-{name}.ko", data)

    def wanted(self, label):
        usual = list(QUICK) if self.arguments.quick else [] if self.arguments.shell else USUAL
        patterns = self.arguments.only or usual
        return any(fnmatch.fnmatch(label, pattern) or fnmatch.fnmatch(label.split("/")[1], pattern)
                   for pattern in patterns)

    def commands(self, built):
        """Adds the test programs; (limit, label, command) of what is to run."""
        labels = [f"{kind}/{path.name}" for kind in KINDS for path in sorted((built / "vm" / kind).glob("test_*"))]
        labels = [label for label in labels if self.wanted(label)]
        labels.sort(key=LAST.__eq__)
        for label in labels:
            self.add_program(f"kennel/tests/{label}", built / "vm" / label, self.machine.triplet)
        if self.arguments.shell:
            return [(MACHINE_LIMIT_S, "shell", self.arguments.shell)]
        return [(PROGRAM_LIMIT_S, label, f"tests/{label} --jobs={1 if label == LAST else JOBS}"
                 f" --filter={shlex.quote(self.filter(label))}") for label in labels]

    def filter(self, label):
        """Which tests of a program are to run."""
        return self.arguments.filter or (QUICK.get(label, "*") if self.arguments.quick else "*")

    def targets(self):
        """What to build: the tests that will run, and their guests; of a quick run those that the sources name."""
        folder = f"build/{self.machine.triplet or 'static'}"
        sources = [path for kind in KINDS for path in sorted((TOP / "tests" / kind).glob("test_*.c"))
                   if self.wanted(f"{kind}/{path.stem}")]
        tests = [f"{folder}/kennel", *(f"{folder}/vm/{path.parent.name}/{path.stem}" for path in sources)]
        if not self.arguments.quick:
            return [*tests, "guests"]
        texts = [path.read_text(encoding="utf-8")
                 for path in [*sources, *(TOP / "tests/integration").glob("fixture*.c")]]
        named = {name for text in texts for name in re.findall(r'"([a-z0-9_]+)"', text)}
        suffixes = ["", *(f".{suffix}" for suffix in self.machine.programs)]
        return [*tests, *(f"{folder}/guests/{path.stem}{suffix}" for path in sorted((TOP / "tests/guests").glob("*.c"))
                          if path.stem in named for suffix in suffixes)]

    def prepare(self):
        """Builds, fetches, and writes the initramfs; the kernel to boot."""
        machine = self.machine
        if not shutil.which(machine.qemu[0]):
            raise fetch.Unavailable(f"no {machine.qemu[0]}")
        built = build(machine.triplet, self.arguments.target or self.targets())
        archive = fetch.Archive(self.arguments.cache, machine.arch, machine.suite)
        kernel = archive.newest(machine.kernel)
        self.add_system(kernel, archive.get("busybox-static"), archive.system(PACKAGES))
        self.add_program("kennel/kennel", built / "kennel", machine.triplet)
        self.disk.add_file("kennel/environment", self.environment().encode())
        lines = self.commands(built)
        self.labels = [label for _, label, _ in lines]
        self.disk.add_file("kennel/run", "".join(f"{limit} {label} {command}\n"
                                                 for limit, label, command in lines).encode())
        self.add_guests(built)
        self.disk.write(self.folder / "initramfs")
        if self.machine.disks:
            self.files.write(self.folder / "files")
            for name in DISKS:
                with open(self.folder / name, "wb") as disk:
                    disk.truncate(DISK_BYTES)
        return initramfs.kernel_image(kernel)

    def add_guests(self, built):
        """The kernel's own, and those in its other ABIs; these were stripped by their linker."""
        for path in sorted((built / "guests").iterdir()):
            if not path.is_file() or not os.access(path, os.X_OK) or path.suffix == ".d":
                continue
            if not path.suffix:
                self.add_program(f"kennel/guests/{path.name}", path, self.machine.triplet)
            elif path.suffix[1:] in self.machine.programs:
                self.files.add_file(f"kennel/guests/{path.name}", path.read_bytes(), 0o755)

    def environment(self):
        values = {"KENNEL": "/tmp/.kennel/kennel", "KENNEL_GUESTS": "/tmp/.kennel/guests", "KENNEL_TOP": "/kennel",
                  "KENNEL_TEST_SLOWER": str(self.arguments.slower), "KENNEL_RACE_MS": RACE_MS,
                  "KENNEL_OWN_MACHINE": "1"}
        return "".join(f"export {name}={value}\n" for name, value in values.items())

    def command(self, image):
        machine = self.machine
        words = (f"quiet loglevel=1 panic=-1 lsm=landlock,yama rdinit=/init console={machine.console} "
                 f"{EVERYWHERE} {machine.arguments}")
        names = ("files", *DISKS) if machine.disks else ()
        disks = [f"file={self.folder / name},format=raw,cache=unsafe,if={machine.disks}" for name in names]
        return [*machine.qemu, *(word for disk in disks for word in ("-drive", disk)), "-accel", "tcg", "-nodefaults",
                "-no-reboot", "-display", "none", "-serial", "stdio", "-smp", str(machine.cpus),
                "-m", str(machine.memory), "-kernel", str(image), "-initrd", str(self.folder / "initramfs"),
                "-append", words]

    def boot(self, image):
        """Runs the machine until it says that it is done; (its output, what went wrong or None)."""
        process = subprocess.Popen(self.command(image), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        output = bytearray()
        console = open(self.folder / "console", "wb", buffering=0)
        end = time.monotonic() + self.arguments.limit
        heard = time.monotonic()
        problem = "the machine ended too early"
        while True:
            ready, _, _ = select.select([process.stdout], [], [], 1)
            data = os.read(process.stdout.fileno(), 65536) if ready else None
            if data:
                output += data
                console.write(data)
                heard = time.monotonic()
                if self.arguments.verbose or self.arguments.shell:
                    sys.stdout.write(data.decode("utf-8", "replace"))
                    sys.stdout.flush()
            if b"\n@done" in output[-200:]:
                problem = None
                break
            if data == b"":
                break
            if time.monotonic() > end or time.monotonic() - heard > PROGRAM_LIMIT_S:
                problem = "no end in time"
                break
        process.kill()
        process.wait()
        console.close()
        return output.decode("utf-8", "replace").replace("\r", ""), problem

    def outcome(self, output, problem, seconds):
        """What the console shows, as results; also kept as TAP."""
        result = run_tests.Result([], [], [])
        programs = {}
        found = dict(re.findall(r"^@begin (\S+)\n(.*?)(?=^@begin|^@done|\Z)", output, re.MULTILINE | re.DOTALL))
        for label in self.labels:
            text = found.get(label, "")
            path = self.folder / "tap" / f"{label.replace('/', '-')}.tap"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            part = run_tests.read_tap(path)
            planned = re.search(r"^1\.\.(\d+)$", text, re.MULTILINE)
            missing = int(planned[1]) - sum(map(len, part)) if planned else 1
            if missing:
                part.failed.append(f"no result of {missing} tests")
            ended = re.search(r"^@end \S+ (\d+) (\S+) (\S+)$", text, re.MULTILINE)
            programs[label] = float(ended[3]) - float(ended[2]) if ended else None
            for total, names in zip(result, part):
                total.extend(f"{label}: {name}" for name in names)
        kernel = re.search(r"^@kernel (\S+)", output, re.MULTILINE)
        filesystem = re.search(r"^@filesystem (\S+)", output, re.MULTILINE)
        if filesystem and filesystem[1] != DISK_FILESYSTEM:
            result.failed.append(f"{self.name}: the tests ran on {filesystem[1]}, not on a disk's filesystem")
        if problem and not self.arguments.shell:
            result.failed.append(f"{self.name}: {problem}")
            print("\n".join(f"  | {line}" for line in output.splitlines()[-20:]))
        return Outcome(kernel[1] if kernel else "?", result, programs, seconds, problem)

    def run(self):
        image = self.prepare()
        start = time.monotonic()
        output, problem = self.boot(image)
        return self.outcome(output, problem, time.monotonic() - start)


def reason_of(skipped):
    """Why, without what differs from test to test."""
    return skipped.split(": ", 2)[-1]


def storm(result):
    """What the signal storms showed: nothing ran twice, or which of them did not pass."""
    bad = [name for name in result.failed if "storm_signals" in name or "test_storm" in name]
    good = [name for name in result.passed if "storm_signals" in name or "test_storm" in name]
    return f"{len(bad)} bad" if bad else f"{len(good)} good" if good else "-"


def report(name, outcome):
    for failed in outcome.result.failed:
        print(f"FAILED: {name}: {failed}")
    for reason, number in collections.Counter(map(reason_of, outcome.result.skipped)).most_common():
        print(f"skipped: {name}: {number} for: {reason}")


def table(outcomes, absent):
    rows = [("machine", "kernel", "passed", "failed", "skipped", "storm", "seconds")]
    for name, outcome in outcomes.items():
        passed, failed, skipped = map(len, outcome.result)
        rows.append((name, outcome.kernel, str(passed), str(failed), str(skipped), storm(outcome.result),
                     f"{outcome.seconds:.0f}"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(lines + [f"{name}: not run: {reason}" for name, reason in absent.items()]) + "\n"


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *MACHINES], help=", ".join(MACHINES))
    parser.add_argument("--only", action="append", metavar="GLOB", help="test programs to run, like test_guests")
    parser.add_argument("--filter", metavar="SUITE/TEST", help="of these, the tests to run; may have * and ?")
    parser.add_argument("--shell", metavar="COMMAND", help="what to run instead of tests")
    parser.add_argument("--quick", action="store_true", help="only what a kernel is likely to change")
    parser.add_argument("--slower", type=int, default=SLOWER, help="multiplies the time limits of tests")
    parser.add_argument("--limit", type=int, default=MACHINE_LIMIT_S, help="seconds for one machine")
    parser.add_argument("--cache", type=pathlib.Path, help="the folder of what is downloaded (build/vm/cache)")
    parser.add_argument("--builddir", type=pathlib.Path, default=TOP / "build/vm")
    parser.add_argument("--target", action="append", help="what to build instead of all")
    parser.add_argument("--verbose", action="store_true", help="show what the machines print")
    arguments = parser.parse_args(argv)
    arguments.builddir = arguments.builddir.resolve()
    arguments.cache = arguments.cache or arguments.builddir / "cache"
    return arguments


def main():
    arguments = parse(sys.argv[1:])
    outcomes, absent = {}, {}
    for name in arguments.names or MACHINES:
        try:
            outcomes[name] = Guest(name, arguments).run()
        except fetch.Unavailable as reason:
            absent[name] = reason
            print(f"skipped: {name}: {reason}", flush=True)
            continue
        except BuildFailed as problem:
            outcomes[name] = Outcome("?", run_tests.Result([], [str(problem)], []), {}, 0, str(problem))
        if not arguments.shell:
            report(name, outcomes[name])
    if arguments.shell:
        return 0
    text = table(outcomes, absent)
    (arguments.builddir / "table").write_text(text, encoding="utf-8")
    print(text, end="")
    totals = [sum(len(outcome.result[i]) for outcome in outcomes.values()) for i in range(3)]
    line = f"{totals[0]} passed, {totals[1]} failed, {totals[2] + len(absent)} skipped"
    (arguments.builddir / "counts").write_text(line + "\n", encoding="ascii")
    print(line, flush=True)
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
