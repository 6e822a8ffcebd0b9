"""What is measured: the configurations and peers, the calls (alone, beside blocked ones, traced), the signals, the
start-up, the workloads, the memory.

Every function returns a list of plain dicts, which run.py prints and writes as JSON.
"""
import hashlib
import itertools
import os
import shutil

import measure
from measure import Failure, median, median_interval

SHARED_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "PYTHONHASHSEED": "0",
              "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}

# Every category on, everything allowed, and one rule that never matches: no call can be left to the kernel.
EMULATE = ["-m", "default/all:allow", "-m", "deny/all+/nonexistent/***"]
WORK_ALL = ["-p", "work", "-m", "sandbox/all:on", "-m", "allow/lpath,exec,fs+**", "-m", "allow/exec+!memfd:**",
            "-m", "deny/lpath,exec+/nonexistent/***"]
# The same, but for what needs ptrace.
NOTIFIED = [*EMULATE, "-m", "sandbox/exec,chdir:off"]
# What no log has to tell can be left to Landlock (doc/PLAN.md).
QUIET = ["-p", "work", "-m", "log/refused:off"]
# What the launcher that only sets Landlock lets be read: the hierarchies of the profile work, as far as the jobs need.
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev", "/opt", "/var/lib")

# The categories whose calls need ptrace, and no other.
TRACED = ["-m", "sandbox/all:off", "-m", "sandbox/exec,chdir:on", "-m", "default/exec:allow", "-m",
          "default/chdir:allow", "-m", "deny/exec+/nonexistent/***", "-m", "deny/chdir+/nonexistent/***"]
TRACE_BOUND = 1.3
STORM_BOUND = 1

# Kinds of opens that wait, how many of them at a time, and what a call beside them may cost at most.
BLOCKED = ("fifo", "lease", "fuse", "all")
BLOCKED_COUNT = 65
BLOCKED_BOUND = 1.2

# How a peer is asked to run a command with as little as it can do. Shown only where installed.
PEERS = {
    "bubblewrap": ["bwrap", "--dev-bind", "/", "/", "--"],
    "minijail": ["minijail0", "-n", "--"],
    "proot": ["proot"],
    "strace": ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=openat,newfstatat"],
}


class Config:
    """A way to run a command: what is put in front of it."""

    def __init__(self, name, prefix=()):
        self.name = name
        self.prefix = list(prefix)


NATIVE = Config("native")


def kennel(program, name, options):
    return [Config(name, [program, "run", *options, "--"])] if program else []


def reference(bench, families="all"):
    return Config(f"reference {families}", [bench.program("reference"), families])


def landlock(bench, folder):
    return Config("landlock", [bench.program("landlock"), *SYSTEM, folder, "--"])


def peers(bench):
    if not bench.peers:
        return []
    return [Config(name, prefix) for name, prefix in PEERS.items()
            if shutil.which(prefix[0], path=SHARED_ENV["PATH"])]


def compare(bench, values, config, base, **facts):
    """One row: the medians of both and the ratio of the pairs that were run in the same round."""
    pairs = list(zip(values.get(config, []), values.get(base, [])))
    if not pairs or len(pairs) < bench.pairs:
        return None
    middle, low, high = median_interval([ours / theirs for ours, theirs in pairs])
    return {**facts, "config": config, "base": base, "pairs": len(pairs), "value": median([one for one, _ in pairs]),
            "base_value": median([two for _, two in pairs]), "ratio": middle, "low": low, "high": high}


def compare_all(bench, values, failures, bases, **facts):
    rows = []
    for config in values:
        for base in bases:
            row = compare(bench, values, config, base, **facts) if config != base else None
            if row and (base == "native" or config.startswith("kennel")):
                rows.append(row)
        if config in failures:
            rows.append({**facts, "config": config, "failed": failures[config]})
    return rows


# One call

def read_calls(path):
    """The median of each line's batches, by the name of the call."""
    with open(path, encoding="utf-8") as file:
        lines = [line.split() for line in file if line.strip()]
    return {words[0]: median([float(word) for word in words[1:]]) for words in lines}


def calls(bench):
    """Nanoseconds of one call. One run of the guest gives all of them, so a round is one run of each configuration."""
    target = os.path.join(bench.folder, "file")
    with open(target, "w", encoding="ascii") as file:
        file.write("a file to look at\n")
    names = ("getppid", "read", "stat", "open+close", "mkdir+rmdir", "create+unlink", "getdents", "connect", "sendto")
    configs = [NATIVE,
               *kennel(bench.kennel, "kennel off", ["-p", "off"]),
               *kennel(bench.kennel, "kennel work", ["-p", "work"]),
               *kennel(bench.kennel, "kennel emulated", EMULATE),
               reference(bench)]

    def one(config):
        out = bench.out()
        measure.run([*config.prefix, bench.program("calls"), "-b", "3", "-u", "1500", target, *names], bench.folder,
                    bench.env, out)
        return read_calls(out)

    rows = []
    for where, cpu in bench.places():
        with measure.pinned(cpu):
            values, failures = measure.rounds(bench.pairs, configs, one)
        for call in names:
            each = {name: [run[call] for run in runs] for name, runs in values.items()}
            rows += compare_all(bench, each, failures, ("native", "reference all"), group="calls", name=call,
                                place=where, unit="ns")
    return rows


# What others wait for

def blocking(bench):
    """A stat while 65 others, or 65 of each kind, are blocked in an open, to the same stat beside none."""
    target = os.path.join(bench.folder, "file")
    with open(target, "w", encoding="ascii") as file:
        file.write("a file to look at\n")
    rows = []
    for kind in BLOCKED if bench.kennel else ():
        mount = [bench.program("blocked"), "mount"] if kind in ("fuse", "all") else []
        configs = [Config(f"kennel, {count} blocked", [*mount, bench.kennel, "run", *EMULATE, "--",
                                                       bench.program("blocked"), kind, str(count)])
                   for count in (0, BLOCKED_COUNT)]

        def one(config):
            out = bench.out()
            measure.run([*config.prefix, bench.program("calls"), "-b", "21", "-u", "1500", target, "stat"],
                        bench.folder, bench.env, out)
            return read_calls(out)["stat"]

        for where, cpu in bench.places():
            with measure.pinned(cpu):
                values, failures = measure.rounds(bench.pairs, configs, one)
            rows += [{**row, "bound": BLOCKED_BOUND} if "ratio" in row else row for row in
                     compare_all(bench, values, failures, (configs[0].name,), group="blocking", name=kind,
                                 place=where, unit="ns")]
    return rows


# The calls that need ptrace

def must_trace(bench, config, traced):
    """A figure of a program that is not traced, or is and should not be, would be of something else."""
    out = bench.out()
    measure.run([*config.prefix, "grep", "^TracerPid:", "/proc/self/status"], bench.folder, bench.env, out)
    if (int(measure.last_line(out).split()[1]) != 0) != traced:
        raise Failure("the command is not traced" if traced else "the command is traced")


def traceable(bench, configs):
    """Those that do trace what they should, or do not; why not, of the others."""
    good, failures = [], {}
    for config, traced in configs:
        try:
            must_trace(bench, config, traced)
            good.append(config)
        except Failure as failure:
            failures[config.name] = str(failure)
    return good, failures


def trace_rows(bench, subject, place, configs, failures):
    """Microseconds of one subject in one place; every configuration has its row, if only with the reason."""
    name, words = subject
    (where, cpu), rows = place, []

    def one(config):
        out = bench.out()
        measure.run([*config.prefix, bench.program("calls"), "-b", "3", *words], bench.folder, bench.env, out)
        return next(iter(read_calls(out).values())) / 1000

    with measure.pinned(cpu):
        values, failed = measure.rounds(bench.pairs, configs, one)
    values = {**values, **{config: [] for config in failures}}
    rows = compare_all(bench, values, {**failures, **failed}, ("native", "reference"), group="trace", name=name,
                       place=where, unit="us")
    for row in rows:
        if row["config"] == "kennel traced" and row.get("base") == "reference" and not name.startswith("mmap"):
            row["bound"] = TRACE_BOUND
    return rows


def trace(bench):
    """Microseconds of what ptrace stops. One run of the guest is of one subject: starting and entering differ."""
    true = shutil.which("true", path="/bin:/usr/bin")
    configs, failures = traceable(bench, [
        (NATIVE, False), (Config("reference", [bench.program("trace_reference")]), True),
        *((config, True) for config in kennel(bench.kennel, "kennel traced", TRACED)),
        *((config, False) for config in kennel(bench.kennel, "kennel off", ["-p", "off"]))])
    if not bench.kennel:
        failures.update({"kennel traced": "no kennel", "kennel off": "no kennel"})
    subjects = [("fork+exec (static)", ["-n", "24", bench.program("nothing"), "fork+exec"]),
                ("fork+exec (dynamic)", ["-n", "24", true, "fork+exec"]),
                ("chdir (traced: entry and exit)", ["-u", "1500", bench.folder, "chdir"]),
                ("mmap+munmap (one thread)", ["-u", "1500", true, "mmap"]),
                ("mmap+munmap (two threads)", ["-u", "1500", "-t", true, "mmap"])]
    return [row for place in bench.places() for subject in subjects
            for row in trace_rows(bench, subject, place, configs, failures)]


# Signals

def storm_once(bench, config, call, threads):
    """What the guest counted in half a second of a hundred signals a second for each thread."""
    out = bench.out()
    measure.run([*config.prefix, bench.program("storm_threads"), call, str(threads), "100", "500"], bench.folder,
                bench.env, out)
    words = measure.last_line(out).split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2])}


def storm_window(counts):
    """Microseconds in which a call can be interrupted: its EINTRs by calls and signals of a second."""
    return counts["interrupted"] / counts["calls"] / (counts["signals"] / counts["lived_ns"]) / 1000


def storm_trip(counts):
    return counts["called_ns"] / counts["calls"] / 1000


def storm_figure(bench, config, call, threads):
    """Of Kennel the window, of the reference a round trip."""
    if config.name.startswith("kennel"):
        return storm_window(storm_once(bench, config, call, threads))
    return storm_trip(storm_once(bench, config, call, threads))


def storm(bench):
    """How long a call can be interrupted that natively never is, in round trips of the reference."""
    configs = [*kennel(bench.kennel, "kennel emulated", EMULATE), reference(bench)]
    rows = []
    for where, cpu in bench.places():
        for call, threads in [(call, threads) for call in ("mkdir", "open", "stat") for threads in (1, 2)]:
            facts = {"group": "storm", "name": f"{call}, {threads} thread{'s' if threads > 1 else ''}",
                     "place": where, "unit": "us"}
            with measure.pinned(cpu):
                if storm_once(bench, NATIVE, call, threads)["interrupted"]:
                    rows.append({**facts, "config": "native", "failed": "a call was interrupted natively"})
                    continue
                values, failures = measure.rounds(
                    bench.pairs, configs, lambda config: storm_figure(bench, config, call, threads))
            rows += compare_all(bench, values, failures, ("reference all",), **facts)
    for row in rows:
        if "ratio" in row:
            row["bound"] = STORM_BOUND
    return rows


# Decisions

POLICY_RULES = (10, 1000, 10000)
POLICY_BOUND = 1.5
POLICY_ABOUT = {"rules": "", "rules about addresses": "address-"}


def policy(bench):
    """Nanoseconds of a decision: compiled with more rules to compiled with the fewest, and the list to compiled."""
    rows = []
    for where, cpu in bench.places():
        runs = []
        with measure.pinned(cpu):
            for _ in range(bench.pairs):
                out = bench.out()
                measure.run([bench.program("policy"), "9", *map(str, POLICY_RULES)], bench.folder, bench.env, out)
                runs.append(read_calls(out))
        values = {name: [run[name] for run in runs] for name in runs[0]}
        for (about, prefix), count in itertools.product(POLICY_ABOUT.items(), POLICY_RULES):
            ours, theirs, least = (f"{prefix}{name}" for name in (f"compiled-{count}", f"list-{count}",
                                                                  f"compiled-{POLICY_RULES[0]}"))
            facts = {"group": "policy", "name": f"{count:,} {about}", "place": where, "unit": "ns"}
            rows += [compare(bench, values, ours, least, **facts), compare(bench, values, theirs, ours, **facts)]
            if count == POLICY_RULES[-1]:
                rows[-2]["bound"] = POLICY_BOUND
    return rows


# Start-up

def startup_pairs(bench, command, true):
    out = bench.out()
    measure.run([bench.program("startup"), str(bench.startup_pairs), true, ":::", *command, true], bench.folder,
                bench.env, out)
    with open(out, encoding="ascii") as file:
        return [[int(word) / 1e6 for word in line.split()] for line in file]


def startup_row(pairs, config, where):
    middle, low, high = median_interval([ours - plain for plain, ours in pairs])
    return {"group": "startup", "name": "true", "place": where, "unit": "ms", "config": config, "base": "native",
            "pairs": len(pairs), "value": median([ours for _, ours in pairs]),
            "base_value": median([plain for plain, _ in pairs]), "difference": middle, "low": low, "high": high}


def startup(bench):
    """Milliseconds that a run of /bin/true takes longer than /bin/true: strict pairs, one candidate at a time."""
    true = shutil.which("true", path="/bin:/usr/bin")
    configs = [*kennel(bench.static, "kennel static off", ["-p", "off"]),
               *kennel(bench.static, "kennel static work", ["-p", "work"]),
               *kennel(bench.kennel, "kennel off", ["-p", "off"]),
               *kennel(bench.kennel, "kennel work", ["-p", "work"]),
               reference(bench, "none"), reference(bench), *peers(bench)]
    rows = []
    for where, cpu in bench.places():
        for config in configs:
            try:
                with measure.pinned(cpu):
                    rows.append(startup_row(startup_pairs(bench, config.prefix, true), config.name, where))
            except Failure as failure:
                rows.append({"group": "startup", "name": "true", "place": where, "config": config.name,
                             "failed": str(failure)})
    return rows


# Workloads

class Workload:
    """A job of the ordinary kind. setup() makes its material once, natively; reset() runs before each timed run."""

    def __init__(self, name, command, needs=(), setup=None, reset=None, same_output=True):
        self.name, self.command, self.needs = name, command, needs
        self.setup, self.reset, self.same_output = setup, reset, same_output


def shell(text):
    return ["/bin/sh", "-c", text]


def git_setup(bench, folder):
    """A repository of 400 files and 120 commits, the same bytes on every machine, through git fast-import."""
    stream = []
    for commit in range(120):
        stream.append(f"commit refs/heads/main\ncommitter A <a@example.org> {1700000000 + commit * 60} +0000\n"
                      f"data 9\nchange {commit % 10}\n")
        for number in range(400) if commit == 0 else range(commit % 7, 400, 41):
            text = f"file {number}\n" + "".join(f"line {line} of {commit}\n" for line in range(20 + number % 30))
            stream.append(f"M 100644 inline dir{number % 25}/file{number}.txt\ndata {len(text)}\n{text}\n")
    with open(os.path.join(folder, "stream"), "w", encoding="ascii") as file:
        file.write("".join(stream))
    bench.native(shell("git init -q -b main . && git fast-import --quiet <stream && rm stream && "
                       "git reset -q --hard && sleep 1.1 && git status >/dev/null"), folder)


def script_setup(bench, folder):
    shutil.copy(os.path.join(bench.source, "bench", "workload.sh"), folder)


def objects(bench, folder):
    """Part of this project's own objects: a whole build, thirty times for each, would take hours."""
    out = bench.native(["ninja", "-t", "targets", "all"], folder)
    with open(out, encoding="utf-8") as file:
        names = sorted(line.split(":")[0] for line in file if line.split(":")[0].endswith(".o"))
    ours = [name for name in names if "/core/" in name or "/handlers/" in name]
    return ours[:bench.objects] if bench.objects else ours


def build_setup(bench, folder):
    if not os.path.exists(os.path.join(bench.source, "build.ninja")):
        raise Failure("no build.ninja")
    shutil.copytree(bench.source, folder, dirs_exist_ok=True, symlinks=True,
                    ignore=shutil.ignore_patterns("build", ".git", ".ninja_*", "__pycache__"))
    names = objects(bench, folder)
    if not names:
        raise Failure("no object files in build.ninja")
    with open(os.path.join(folder, "objects"), "w", encoding="utf-8") as file:
        file.write("\n".join(names))
    bench.native(["ninja", "-j2", *names], folder)


def build_reset(folder):
    with open(os.path.join(folder, "objects"), encoding="utf-8") as file:
        for name in file.read().split():
            if os.path.exists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))


WORKLOADS = [
    Workload("find+tar", shell("find /usr/include -xdev | sort | cksum; tar cf - -C /usr include | wc -c"),
             needs=("find", "tar")),
    Workload("git", shell("git status --short && git log --stat | cksum"), needs=("git",), setup=git_setup),
    Workload("python", shell("for i in $(seq 20); do python3 -c 'import json, os, re'; done"),
             needs=("python3",)),
    Workload("script", ["bash", "workload.sh"], needs=("bash",), setup=script_setup),
    Workload("build", shell("exec ninja -j2 $(cat objects)"), needs=("ninja", "cc"), setup=build_setup,
             reset=build_reset, same_output=False),
]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def workload_ready(bench, workload):
    """Its folder with all it needs, or Failure."""
    folder = os.path.join(bench.folder, workload.name)
    missing = [name for name in workload.needs if not shutil.which(name, path=SHARED_ENV["PATH"])]
    if missing:
        raise Failure(f"not installed: {', '.join(missing)}")
    if not os.path.isdir(folder):
        os.mkdir(folder)
        if workload.setup:
            workload.setup(bench, folder)
    return folder


def workload_once(bench, workload, folder, config, expected, poll=None):
    """One timed run; a run whose output is not the native one counts as failed."""
    out = bench.out()
    if workload.reset:
        workload.reset(folder)
    seconds = measure.run([*config.prefix, *workload.command], folder, bench.env, out, 600, poll)
    if workload.same_output and digest(out) != expected.setdefault(workload.name, digest(out)):
        raise Failure("output differs from the native run")
    return seconds * 1000


def workload_configs(bench, folder):
    return [NATIVE, landlock(bench, folder),
            *kennel(bench.kennel, "kennel work quiet", QUIET),
            *kennel(bench.kennel, "kennel work quiet, --hide", [*QUIET, "--hide", "/nonexistent"]),
            *kennel(bench.kennel, "kennel work", ["-p", "work"]),
            *kennel(bench.kennel, "kennel notified", NOTIFIED),
            *kennel(bench.kennel, "kennel work, all on", WORK_ALL),
            reference(bench), *peers(bench)]


def workload_rows(bench, workload):
    expected = {}
    folder = workload_ready(bench, workload)
    workload_once(bench, workload, folder, NATIVE, expected)
    rows = []
    for where, cpu in bench.places():
        bench.say(f"workload {workload.name}, {where}")
        with measure.pinned(cpu):
            values, failures = measure.rounds(bench.pairs, workload_configs(bench, folder),
                                              lambda config: workload_once(bench, workload, folder, config, expected))
        rows += compare_all(bench, values, failures, ("native", "landlock", "reference all", "bubblewrap"),
                            group="workloads", name=workload.name, place=where, unit="ms")
    return rows


def workloads(bench):
    rows = []
    for workload in WORKLOADS:
        if not bench.wants("workloads", workload.name):
            continue
        try:
            rows += workload_rows(bench, workload)
        except Failure as failure:
            rows.append({"group": "workloads", "name": workload.name, "place": "", "config": "native",
                         "failed": str(failure)})
    return rows


# Memory

class MemoryWatch:
    """Collects the peak of each process that runs the program which was started, while a command runs."""

    def __init__(self):
        self.seen = {}

    def poll(self, root):
        program = same_program(root, None)
        for pid in descendants(root):
            if program and same_program(pid, program):
                try:
                    self.note(pid, root)
                except OSError:
                    pass

    def note(self, pid, root):
        entry = self.seen.setdefault(pid, {"polls": 0, "vm_hwm_kb": 0, "pss_kb": 0, "role": "launcher"})
        entry["polls"] += 1
        entry["vm_hwm_kb"] = max(entry["vm_hwm_kb"], field_kb(f"/proc/{pid}/status", "VmHWM:"))
        if holds_listener(pid) or (pid == root and not self.supervised()):
            entry["role"] = "supervisor"
        if entry["polls"] % 5 == 1:
            entry["pss_kb"] = max(entry["pss_kb"], field_kb(f"/proc/{pid}/smaps_rollup", "Pss:"))

    def supervised(self):
        return any(entry["role"] == "supervisor" for entry in self.seen.values())

    def rows(self, config, workload):
        """What was seen only for a moment is the payload before its exec, not ours."""
        lasting = [entry for entry in self.seen.values() if entry["polls"] >= 5]
        return [{"group": "memory", "name": workload, "place": "", "config": config, **entry}
                for entry in sorted(lasting, key=lambda entry: entry["role"], reverse=True)]


def same_program(pid, program):
    try:
        found = os.stat(f"/proc/{pid}/exe")
    except OSError:
        return None
    identity = (found.st_dev, found.st_ino)
    return identity if program in (None, identity) else None


def descendants(root):
    found = [root]
    for pid in found:
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                found += [int(word) for word in file.read().split()]
        except OSError:
            pass
    return found


def field_kb(path, name):
    words = measure.read_first(path, name).split()
    return int(words[1]) if len(words) > 1 else 0


def holds_listener(pid):
    try:
        names = os.listdir(f"/proc/{pid}/fd")
        return any("seccomp" in os.readlink(f"/proc/{pid}/fd/{name}") for name in names)
    except OSError:
        return False


def memory(bench):
    """Peak memory of supervisor and launcher while this project is built (or the script runs, where it cannot be)."""
    configs = [*kennel(bench.static, "kennel static work", ["-p", "work"]),
               *kennel(bench.kennel, "kennel work", ["-p", "work"]),
               *kennel(bench.kennel, "kennel work, all on", WORK_ALL), reference(bench)]
    workload = WORKLOADS[-1]
    try:
        folder = workload_ready(bench, workload)
    except Failure:
        workload = WORKLOADS[-2]
        folder = workload_ready(bench, workload)
    rows = []
    for config in configs:
        watch = MemoryWatch()
        try:
            workload_once(bench, workload, folder, config, {}, watch.poll)
            rows += watch.rows(config.name, workload.name)
        except Failure as failure:
            rows.append({"group": "memory", "name": workload.name, "place": "", "config": config.name,
                         "failed": str(failure)})
    return rows
