#!/usr/bin/env python3
"""Makes each system call and allocation of the supervisor fail, one at a time, while a guest makes calls of many kinds.

Whatever fails: the guest's call works or is refused, or the sandbox ends; what is refused is never allowed, nothing
hangs, nothing crashes, no process survives. The points are the calls into libc that faults.c counts, in the process
that was started ("supervisor") and in what it forks ("helpers"). KENNEL_FAULTS says how many points of each policy are
taken; "all" takes every call, with every errno at least once for each place in the source, and KENNEL_FAULTS_ONLY
one, as the table has it. The table of all points and their results goes to KENNEL_TABLES.
"""

import collections
import ctypes
import errno
import functools
import multiprocessing
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(os.environ.get("KENNEL_TOP", ".")).resolve()
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
GUESTS = pathlib.Path(os.environ.get("KENNEL_GUESTS", "build/guests")).resolve()
FAULTS = KENNEL.parent / "tests/faults.so"
TABLES = pathlib.Path(os.environ.get("KENNEL_TABLES", KENNEL.parent / "tests/tables"))
SAMPLE = os.environ.get("KENNEL_FAULTS", "60")
ONLY = os.environ.get("KENNEL_FAULTS_ONLY")
SEED = int(os.environ.get("KENNEL_SEED", "8"))
LIMIT_S, SURVIVAL_S, SIZE_MAX = 60, 1, 1 << 26
NOBODY = 65534
PLACES = ("supervisor", "helpers")
HEADER, RECORD, RECORDS_MAX = struct.Struct("2Ii3I"), struct.Struct("QHHI"), 65536
PR_SET_CHILD_SUBREAPER, ADDR_NO_RANDOMIZE, ERRORS_MAX = 36, 0x40000, 4
GOOD = ("harmless", "refused", "not started", "ended")
# Errnos that stay, once they are there.
LASTING = ("malloc", "calloc", "realloc", "open", "openat", "socket", "memfd_create", "socketpair", "mmap")
Point = collections.namedtuple("Point", "place caller function call number choice kind")
Setup = collections.namedtuple("Setup", "policy port user beside")
Outcome = collections.namedtuple("Outcome", "result detail out err")

# Everything is judged, by notification and by ptrace; and what is left to Landlock.
JUDGED = ("-m", "default/all:allow", "-m", "allow/dpath+/***", "-m", "deny/all+{tree}/{{prot,ghost}}{{,/***}}",
          "-m", "allow/walk,list,stat+{tree}/prot{{,/***}}", "-m", "allow/read+{tree}/prot/lib",
          "-m", "deny/list+{tree}/free/unlisted", "-m", "deny/net/connect,net/sendfd+127.0.0.1!{port}")
PLANNED = ("-m", "sandbox/walk,list,stat,exec,chdir,ioctl,notify,fs,net:off", "-m", "log/refused:off",
           "-m", "allow/read,readdir+/{{usr,lib,lib64,etc}}/***", "-m", "allow/read+!memfd:**",
           "-m", "allow/rpath,wpath,cpath,tpath,spath,fown,fattr+{tree}/free/***",
           "-m", "allow/wpath,cpath,tpath,spath,fown,fattr,rpath+{tree}/{{loose,taken}}",
           "-m", "deny/delete,rename,rmdir+{tree}{{,/free}}")


class Place:
    """A fresh tree for one run."""

    def __init__(self):
        self.folder = pathlib.Path(os.path.realpath(tempfile.mkdtemp(prefix="kennel-faults-")))
        self.tree = self.folder / "t"
        self.folder.chmod(0o755)
        self.sockets = []
        for name in ("prot", "free", "ghost"):
            self.make(self.tree / name, b"SECRET" if name != "free" else b"plain")
        (self.tree / "private").write_bytes(b"SECRET")
        (self.tree / "private").chmod(0o600)
        (self.tree / "mine").mkdir(mode=0o755)
        (self.tree / "mine/file").write_bytes(b"mine")
        (self.tree / "free/unlisted").write_bytes(b"")
        (self.tree / "free/across").symlink_to("../prot/file")
        for path in (self.tree, self.tree / "free"):
            path.chmod(0o777)

    def make(self, folder, content):
        (folder / "empty").mkdir(parents=True)
        (folder / "file").write_bytes(content)
        os.setxattr(folder / "file", "user.old", b"v")
        (folder / "link").symlink_to("file")
        shutil.copy(GUESTS / "meet_faults", folder / "run")
        (folder / "lib").write_bytes(b"\xc3" * 4096)
        (folder / "script").write_bytes(b"#!" + str(self.tree / "free/run").encode() + b"\n")
        (folder / "script").chmod(0o755)
        os.mkfifo(folder / "fifo")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / "socket"))
        listener.listen(64)
        self.sockets.append(listener)
        for name in ("file", "lib", "fifo", "socket"):
            (folder / name).chmod(0o666)

    def left(self):
        """Everything that must not have changed."""
        found = []
        for path in [self.tree / "private", *sorted(self.tree.glob("mine/**/*")), *sorted(self.tree.glob("prot/**/*")),
                     *sorted(self.tree.glob("ghost/**/*"))]:
            status = path.lstat()
            found.append((path.name, status.st_ino, status.st_mode, status.st_uid, status.st_size, status.st_ctime_ns))
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self.sockets:
            listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def children():
    found = []
    for task in pathlib.Path("/proc/self/task").iterdir():
        found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def survivors():
    """What is still there a second after the end; killed then."""
    deadline = time.monotonic() + SURVIVAL_S
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return []
        left = children()
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    names = []
    for pid in left:
        names.append(pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip())
        os.kill(pid, signal.SIGKILL)
    return names


def judge(status, out, err, changed, left, hung, beside):
    """(result, detail). beside: what the policy does not refuse."""
    lines = out.splitlines()
    bad = [line for line in lines if line.startswith(("ALLOWED", "HANGS")) and line not in beside]
    if "SECRET" in out:
        return "ALLOWED", "the secret was read"
    if bad:
        return bad[0].split()[0], "; ".join(bad)
    if changed:
        return "ALLOWED", f"changed: {changed}"
    if hung:
        return "HANGS", f"no end after {LIMIT_S} s; last: {lines[-1:]}"
    if "Sanitizer" in err or "runtime error" in err:
        return "CRASHED", err[:2000]
    if status < 0 or "ssertion" in err:
        return "CRASHED", f"signal {-status}: {err[-300:]}"
    if left:
        return "SURVIVED", " ".join(left)
    if status == 0 and lines[-1:] == ["end"]:
        refused = [line for line in lines if line.startswith(("failed", "died"))]
        return ("refused" if refused else "harmless"), "; ".join(refused[:3])
    if "begin" not in lines:
        return ("not started" if status in (125, 126, 137) else "UNSTARTED"), f"{status}: {err.strip()[-120:]}"
    return "ended", f"{status}: {err.strip()[-120:]}"


def prepare():
    """A place in the source has the same address in each run; and what goes wrong does not fill the machine."""
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE_MAX, SIZE_MAX))


@functools.lru_cache(maxsize=None)
def sanitizer():
    """Its library wants to be the first; what it allocates itself does not fail, then."""
    libraries = subprocess.run(["ldd", KENNEL], capture_output=True, text=True, check=False).stdout
    match = re.search(r"/\S*libasan\S*", libraries)
    return match.group() if match else ""


def run(setup, point):
    """One run under one point; what came of it, the log, and where things lay."""
    policy, port, user, beside = setup
    with Place() as place:
        log, before = place.folder / "log", place.left()
        options = [word.format(tree=place.tree, port=port) for word in policy]
        environment = {"PATH": "/usr/bin:/bin", "LD_PRELOAD": f"{sanitizer()} {FAULTS}", "TMPDIR": str(place.folder),
                       "KENNEL_FAULT": f"{log}:{':'.join(map(str, point))}", "ASAN_OPTIONS": "detect_leaks=0"}
        ids = {"user": user, "group": user, "extra_groups": []} if user else {}
        if user:
            for path in (place.folder, place.tree, *place.tree.rglob("*")):
                os.chown(path, user, user, follow_symlinks=False)
            before = place.left()
        with open(place.folder / "out", "w+b") as out, open(place.folder / "err", "w+b") as err:
            process = subprocess.Popen([KENNEL, "run", *options, "--", place.tree / "free/run", str(port)],
                                       cwd=place.tree, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=err, start_new_session=True, preexec_fn=prepare, **ids)
            try:
                status, hung = process.wait(LIMIT_S), False
            except subprocess.TimeoutExpired:
                process.kill()
                status, hung = process.wait(), True
        left = survivors()
        out = (place.folder / "out").read_text(errors="replace")
        err = (place.folder / "err").read_text(errors="replace")
        changed = [a[0] for a, b in zip(before, place.left()) if a != b]
        changed += ["more or fewer"] if len(before) != len(place.left()) else []
        result, detail = judge(status, out, err, changed, left, hung, beside)
        data = log.read_bytes()
        return Outcome(result, detail, out, err), data, Names((place.folder / "log.map").read_text(encoding="utf-8"))


class Names:
    """Where in the source a call stands."""

    def __init__(self, text):
        lines = text.splitlines()
        self.functions = lines[0].split()
        self.areas = []
        for line in lines[1:]:
            match = re.match(r"(\w+)-(\w+) \S+ (\w+) \S+ \S+ +(/.*)", line)
            if match:
                start, end, offset = (int(word, 16) for word in match.group(1, 2, 3))
                self.areas.append((start, end, offset, match.group(4)))

    def place(self, address):
        """(file, offset) of a return address; of the call itself, that is."""
        for start, end, offset, path in self.areas:
            if start <= address < end:
                return path, address - start + offset - 1
        return "?", 0


@functools.lru_cache(maxsize=None)
def source_line(path, offset):
    if pathlib.Path(path) != KENNEL:
        return f"{pathlib.Path(path).name}+{offset:#x}"
    command = ["addr2line", "-i", "-f", "-e", path, hex(offset)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    # What libc's headers put in between is no place of ours.
    function, line = next((pair for pair in zip(lines[::2], lines[1::2]) if "/include/" not in pair[1]), lines[:2])
    line = line.split(" ")[0].replace(f"{TOP}/", "")
    return f"{line} {function.split('.')[0]}"


def where(names, record):
    caller, function, _, argument = record
    name = names.functions[function]
    if name in ("ioctl", "syscall", "fcntl", "prctl"):
        name += f"({argument:#x})"
    return f"{name} at {source_line(*names.place(caller))}"


def records(data):
    """Of each place the calls, in their order."""
    counts = HEADER.unpack_from(data)
    first = HEADER.size + RECORD.size
    for place in range(len(PLACES)):
        assert counts[place] < RECORDS_MAX, "more calls than faults.c has room for"
        start = first + place * RECORDS_MAX * RECORD.size
        yield list(RECORD.iter_unpack(data[start:start + counts[place] * RECORD.size]))


def points(data, names):
    """For each place in the source and each system call that it served: some of its calls, one errno after another."""
    for place, calls in enumerate(records(data)):
        groups = collections.Counter((caller, function, served) for caller, function, served, _ in calls)
        sites = set()
        for (caller, function, served), count in groups.items():
            for choice, number in enumerate(sorted({0, count // 2, count - 1})):
                yield Point(place, caller, function, served, number, choice, "once")
            if (caller, function) not in sites:
                sites.add((caller, function))
                for choice in range(1, ERRORS_MAX):
                    yield Point(place, caller, function, served, 0, choice, "once")
                if names.functions[function] in LASTING:
                    yield Point(place, caller, function, served, 0, 0, "on")


def attempt(setup, point):
    """One run; a line of the table."""
    outcome, data, names = run(setup, point)
    _, _, error, count, _, _ = HEADER.unpack_from(data)
    if not count:
        return point, outcome, "not reached", ""
    site = where(names, RECORD.unpack_from(data, HEADER.size))
    # Before anything is started libseccomp may fall over its own lack of memory.
    if outcome.result == "CRASHED" and "libseccomp" in site and "begin" not in outcome.out:
        outcome = outcome._replace(result="not started")
    return point, outcome, site, errno.errorcode[error]


def adopt():
    """What a run leaves behind comes to the process that made it."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def need_attributes():
    with tempfile.NamedTemporaryFile() as file:
        try:
            os.setxattr(file.name, "user.old", b"v")
        except OSError as error:
            raise tap.Skip("no user attributes in the folder for temporary files") from error


def check(name, policy, user):
    need_attributes()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(type=socket.SOCK_DGRAM) as quiet:
        port = listener.getsockname()[1] if name == "judged" else 0
        quiet.bind(("127.0.0.1", port))
        nothing = Point(0, 0, 0, 0, 0, 0, "once")
        adopt()
        outcome, data, names = run(Setup(policy, port, user, ()), nothing)
        beside = tuple({line for line in outcome.out.splitlines() if line.startswith("ALLOWED")})
        assert name == "planned" or not beside, outcome
        setup = Setup(policy, port, user, beside)
        outcome, data, names = run(setup, nothing)
        assert outcome.result == "harmless", outcome
        every = list(dict.fromkeys(points(data, names)))
        chosen = every
        if SAMPLE != "all":
            chosen = random.Random(SEED).sample(every, min(int(SAMPLE), len(every)))
        if ONLY:
            *numbers, kind = ONLY.split(":")
            chosen = [Point(*map(int, numbers), kind)]
        with multiprocessing.get_context("fork").Pool(initializer=adopt) as pool:
            lines = pool.map(functools.partial(attempt, setup), chosen, chunksize=4)
    report(name, lines, len(every))


def report(name, lines, known):
    TABLES.mkdir(parents=True, exist_ok=True)
    with open(TABLES / f"faults.{name}.txt", "w", encoding="utf-8") as table:
        for point, outcome, site, error in sorted(lines, key=lambda line: (line[2], line[0])):
            detail = " ".join(outcome.detail.replace("\0", "").split())
            table.write(f"{outcome.result:12} {PLACES[point.place]:10} {error:8} {point.kind:4} {site}"
                        f"   [{':'.join(map(str, point))}] {detail}\n")
    results = collections.Counter(outcome.result for _, outcome, _, _ in lines)
    sites = {site for _, _, site, _ in lines}
    for result, count in sorted(results.items()):
        print(f"note: {count} failures {result}: of {len(lines)} at {len(sites)} places, of {known} points ({name})")
    wrong = [(point, site, error, outcome.result, outcome.detail) for point, outcome, site, error in lines
             if outcome.result not in GOOD]
    if ONLY:
        print(lines)
    assert not wrong, "\n".join(map(str, wrong[:20]))


def test_no_failure_of_the_supervisor_allows_what_every_call_is_judged_on():
    check("judged", JUDGED, 0)


def test_no_failure_of_the_supervisor_allows_what_a_plan_leaves_to_the_kernel():
    check("planned", PLANNED, NOBODY if os.geteuid() == 0 else 0)


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "faults", sys.argv[1]))
