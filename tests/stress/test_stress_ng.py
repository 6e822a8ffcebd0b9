#!/usr/bin/env python3
"""stress-ng in a sandbox where every call is judged: the supervisor lives on, and needs no more than before.

Batches of stressors run one after another; in between the payload waits, and the supervisor must have as many
descriptors as it had after the first of them, and about as much memory. KENNEL_STRESS_S says for how long the batches
are repeated (all of them take about two minutes); a build with sanitizers must say nothing. What stress-ng itself calls
failed is noted, not judged: much of what it tries is refused on purpose. The samples stay in KENNEL_TABLES.

Whatever stress-ng does is bounded: an ordinary user, a folder of its own, sizes of files and address spaces, and no
writing to /dev/shm; stressors that take a share of the machine's memory are left out.
"""

import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(os.environ.get("KENNEL_TOP", ".")).resolve()
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
TABLES = pathlib.Path(os.environ.get("KENNEL_TABLES", KENNEL.parent / "tests/tables"))
SECONDS = int(os.environ.get("KENNEL_STRESS_S", "1"))
ONLY = os.environ.get("KENNEL_STRESS_ONLY", "")  # batches and stressors, with commas between
NOBODY, EACH_S, BAD_S, BATCH_LIMIT_S, SAMPLE_S = 65534, 1, 10, 600, 0.25
RSS_GROWTH_KB, FDS_MAX = 16 << 10, 512
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
BATCHES = {
    "filesystem": ["--sequential", "1", "--class", "filesystem"],
    "scheduler": ["--sequential", "1", "--class", "scheduler"],
    "signal": ["--sequential", "1", "--class", "interrupt"],
    "pipe": ["--sequential", "1", "--class", "pipe"],
    "bad": ["--sysbadaddr", "1", "--sysinval", "1", "--enosys", "1", "--pathological"],
}
# What needs rights, hardware or a share of the memory, or stops the machine rather than the supervisor.
LEFT_OUT = "binderfs,bind-mount,copy-file,cyclic,fanotify,io,mmapfork,softlockup,sync-file,watchdog"
SMALL = ("--dentries 256 --exec-max 32 --fallocate-bytes 8m --fiemap-bytes 4m --fork-max 8 "
         "--forkheavy-procs 64 --hdd-bytes 4m --iomix-bytes 4m --sendfile-size 256k --vfork-max 8 --vm-splice-bytes 1m "
         "--zombie-max 64").split()
# 2 GiB of addresses each, files of 64 MiB, 1000 processes and 256 descriptors.
SCRIPT = """
ulimit -v 2097152; ulimit -f 131072; ulimit -n 256; ulimit -p 1000; ulimit -c 0
while read -r seconds arguments; do
    rm -rf work; mkdir work
    stress-ng --temp-path work --timeout "$seconds" --verify --oomable --no-rand-seed $arguments 2>&1
    echo "status $?"
done
"""
POLICY = ("sandbox/all:on", "default/all:allow", "deny/all+/nonexistent/***", "deny/write,create,mktemp+/dev/shm/***",
          "log/refused:off")
Sample = collections.namedtuple("Sample", "batch rss_kb fds threads")


class Supervisor:
    """Kennel with its payload, and what it is seen to need."""

    def __init__(self, folder):
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        options = [word for rule in POLICY for word in ("-m", rule)]
        self.errors = open(folder / "errors", "w+b")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen([KENNEL, "run", *options, "--", "sh", "-c", SCRIPT], cwd=folder / "in",
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
                                        errors="replace", start_new_session=True, env=self.environment(), **user)
        self.samples, self.batch, self.over = [], "start", False
        self.sampler = threading.Thread(target=self.watch, daemon=True)
        self.sampler.start()

    @staticmethod
    def environment():
        """A quarantine for freed memory would grow on its own for long."""
        asan = f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=2:thread_local_quarantine_size_kb=64"
        return {**os.environ, "PATH": PATH, "ASAN_OPTIONS": asan.strip(":")}

    def look(self):
        """Other users' processes that may not be dumped do not show their descriptors: -1."""
        folder = pathlib.Path("/proc", str(self.process.pid))
        status = dict(line.split(":", 1) for line in (folder / "status").read_text(encoding="utf-8").splitlines())
        try:
            fds = len(os.listdir(folder / "fd"))
        except PermissionError:
            fds = -1
        sample = Sample(self.batch, int(status["VmRSS"].split()[0]), fds, int(status["Threads"]))
        self.samples.append(sample)
        return sample

    def watch(self):
        while not self.over:
            try:
                self.look()
            except (OSError, KeyError):
                return
            time.sleep(SAMPLE_S)

    def settled(self):
        """A look while nothing goes on; what came last may take a moment to be forgotten."""
        looks = []
        for _ in range(20):
            time.sleep(0.1)
            looks.append(self.look())
        return Sample(self.batch, looks[-1].rss_kb, min(look.fds for look in looks), looks[-1].threads)

    def run(self, name, arguments, seconds):
        """One batch; what stress-ng said."""
        self.batch = name
        self.process.stdin.write(f"{seconds} {' '.join(arguments)}\n")
        self.process.stdin.flush()
        lines = []
        alarm = threading.Timer(BATCH_LIMIT_S, self.process.kill)
        alarm.start()
        for line in self.process.stdout:
            if line.startswith("status "):
                break
            lines.append(line)
        alarm.cancel()
        self.batch = "idle"
        return lines

    def end(self):
        """The exit status, and what Kennel said."""
        self.over = True
        self.process.stdin.close()
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.sampler.join()
        self.errors.seek(0)
        return status, self.errors.read().decode(errors="replace")


def failed(lines):
    """The stressors that did not say what they should, with the first reason."""
    found = {}
    for line in lines:
        match = re.match(r"stress-ng: (?:fail|error): +\[\d+\] +([\w-]+): (.*)", line)
        if match and match.group(1) not in ("stress-ng", "unsuccessful"):
            found.setdefault(match.group(1), match.group(2).strip())
    return found


def report(supervisor, idle, wrong):
    TABLES.mkdir(parents=True, exist_ok=True)
    with open(TABLES / "stress.txt", "w", encoding="utf-8") as table:
        table.write("batch        VmRSS kB, least and most   descriptors, least and most\n")
        for batch in dict.fromkeys(sample.batch for sample in supervisor.samples):
            rss = [sample.rss_kb for sample in supervisor.samples if sample.batch == batch]
            fds = [sample.fds for sample in supervisor.samples if sample.batch == batch]
            table.write(f"{batch:12} {min(rss):8} {max(rss):8}            {min(fds):5} {max(fds):5}\n")
        table.write("".join(f"after {sample.batch:10} {sample}\n" for sample in idle))
        table.write("".join(f"{name}: {reason}\n" for name, reason in sorted(wrong.items())))
    rss, fds = [sample.rss_kb for sample in idle], [sample.fds for sample in idle]
    print(f"note: {len(idle)} batches of stress-ng: at rest {fds} descriptors, {rss} kB; "
          f"at most {max(sample.fds for sample in supervisor.samples)} descriptors, "
          f"{max(sample.rss_kb for sample in supervisor.samples)} kB")
    print(f"note: {len(wrong)} stressors not content: {', '.join(sorted(wrong))}")


def stress(folder):
    (folder / "in").mkdir()
    if os.geteuid() == 0:
        os.chown(folder / "in", NOBODY, NOBODY)
    folder.chmod(0o755)
    supervisor, idle, wrong, end = Supervisor(folder), [], {}, time.monotonic() + SECONDS
    batches = {name: BATCHES.get(name, [f"--{name}", "1"]) for name in ONLY.split(",") if name} or BATCHES
    try:
        while not idle or (time.monotonic() < end and supervisor.process.poll() is None):
            for name, arguments in batches.items():
                lines = supervisor.run(name, [*arguments, *SMALL, "--exclude", LEFT_OUT],
                                       BAD_S if name == "bad" else EACH_S)
                print(f"{name}:\n{''.join(lines)}", flush=True)
                assert supervisor.process.poll() is None, f"the sandbox ended in {name}"
                assert any("run completed" in line for line in lines), "stress-ng did not run"
                idle.append(supervisor.settled()._replace(batch=name))
                wrong.update(failed(lines))
    finally:
        status, errors = supervisor.end()
        print(errors[-4000:])
    report(supervisor, idle, wrong)
    assert status == 0, f"exit status {status}"
    assert "Sanitizer" not in errors and "runtime error" not in errors
    assert all(sample.fds == idle[0].fds for sample in idle), "descriptors are left open"
    assert idle[-1].rss_kb < idle[0].rss_kb + RSS_GROWTH_KB, "memory grows"
    assert max(sample.fds for sample in supervisor.samples) < FDS_MAX


def test_the_supervisor_outlives_stress_ng_and_needs_no_more_afterwards():
    if not shutil.which("stress-ng", path=PATH):
        raise tap.Skip("not installed: stress-ng")
    with tempfile.TemporaryDirectory(prefix="kennel-stress-") as folder:
        stress(pathlib.Path(folder))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.exit(tap.run(globals(), "stress", sys.argv[1]))
