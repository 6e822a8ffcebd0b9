"""Pairs, medians and their intervals; running a command on a clock; facts about the machine.

Knows nothing of what is measured: that is in jobs.py.
"""
import os
import platform
import select
import signal
import subprocess
import time


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def median_interval(values):
    """Median with its 95 % interval from order statistics: no assumption about the distribution.

    With fewer than six values there is no such interval; what comes back then is the whole range.
    """
    ordered = sorted(values)
    count = len(ordered)
    rank, tail, term = 0, 0.0, 0.5 ** count
    while tail + term <= 0.025:
        tail += term
        rank += 1
        term = term * (count - rank + 1) / rank
    low = max(rank - 1, 0)
    return median(ordered), ordered[low], ordered[count - 1 - low]


def rounds(count, configs, run_one):
    """Runs every configuration once a round, forwards and backwards in turn.

    Returns {configuration name: [value of each round]}. One that fails leaves the rounds after it, so that a
    broken candidate costs nobody else a figure; failures come back as {name: reason}.
    """
    values = {config.name: [] for config in configs}
    failures = {}
    for turn in range(count):
        for config in configs if turn % 2 == 0 else reversed(configs):
            if config.name in failures:
                continue
            try:
                values[config.name].append(run_one(config))
            except Failure as failure:
                failures[config.name] = str(failure)
    return values, failures


class Failure(Exception):
    """A command did not do what it should; the text is one line for the table."""


def last_line(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    return lines[-1][:160] if lines else "no message"


def spawn(argv, cwd, env, out_path):
    """Starts a command in a session of its own, its output in files (a pipe could be held open by its children)."""
    with open(out_path, "wb") as out, open(out_path + ".err", "wb") as err:
        return subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                start_new_session=True)


def finish(process, timeout_s, out_path, poll=None):
    """Waits on a pidfd, because Popen.wait with a timeout sleeps in steps. poll() is called every 20 ms."""
    deadline = time.monotonic() + timeout_s
    pidfd = os.pidfd_open(process.pid)
    try:
        while not select.select([pidfd], [], [], 0.02 if poll else timeout_s)[0]:
            if time.monotonic() >= deadline:
                raise Failure(f"took longer than {timeout_s} s")
            if poll:
                poll(process.pid)
        ended = time.perf_counter()
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        os.close(pidfd)
    if status != 0:
        raise Failure(f"status {status}: {last_line(out_path + '.err')}")
    return ended


def run(argv, cwd, env, out_path, timeout_s=120, poll=None):
    """Wall time of one command in seconds; Failure when its status is not 0."""
    started = time.perf_counter()
    try:
        process = spawn(argv, cwd, env, out_path)
    except OSError as error:
        raise Failure(error.strerror) from error
    return finish(process, timeout_s, out_path, poll) - started


class pinned:
    """Everything started inside runs on one CPU; pinned(None) changes nothing."""

    def __init__(self, cpu):
        self.cpu = cpu

    def __enter__(self):
        self.before = os.sched_getaffinity(0)
        if self.cpu is not None:
            os.sched_setaffinity(0, {self.cpu})

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.before)


def read_first(path, prefix=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith(prefix):
                    return line.strip()
    except OSError:
        pass
    return ""


def mitigations():
    """What the kernel says about each weakness of this processor, those that do not affect it only counted."""
    folder = "/sys/devices/system/cpu/vulnerabilities"
    found, unaffected = {}, 0
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        text = read_first(f"{folder}/{name}")
        if text == "Not affected":
            unaffected += 1
        else:
            found[name] = text
    return found, unaffected


def machine():
    found, unaffected = mitigations()
    words = read_first("/proc/cmdline").split()
    return {
        "kernel": platform.release(),
        "arch": platform.machine(),
        "cpu": read_first("/proc/cpuinfo", "model name").partition(":")[2].strip(),
        "cpus": len(os.sched_getaffinity(0)),
        "hypervisor": "hypervisor" in read_first("/proc/cpuinfo", "flags").split(),
        "load": round(os.getloadavg()[0], 2),
        "mitigations": found,
        "not_affected_by": unaffected,
        "mitigations_option": next((word for word in words if word.startswith("mitigations=")), ""),
        "sync_wake_up": tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2]) >= (6, 6),
    }
