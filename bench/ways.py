"""The ways to intercept a command that `kennel bench` compares: bare mechanisms, Kennel, and what else is installed.

A way is what is put in front of a command. One that cannot be had here stays in the list, with the reason.
"""
import os
import shutil
import subprocess

import jobs
import measure

# How a peer is asked to run a command with as little as it can do: where its file tree is ours, and no more.
PEERS = [
    ("bubblewrap", ["bwrap", "--dev-bind", "/", "/", "--"], "namespaces, all of the file tree bound"),
    ("firejail", ["firejail", "--quiet", "--noprofile", "--"], "namespaces and a filter, without a profile"),
    ("nsjail", ["nsjail", "-Q", "-Mo", "--chroot", "/", "--rw", "--keep_env", "--disable_rlimits",
                "--disable_clone_newnet", "--cwd", "{folder}", "--"], "namespaces, all of the file tree bound"),
    ("nsjail-notify", ["nsjail", "-Q", "-Mo", "--chroot", "/", "--rw", "--keep_env", "--disable_rlimits",
                       "--disable_clone_newnet", "--seccomp_unotify", "--cwd", "{folder}", "--"],
     "the same with seccomp notifications, which only watch"),
    ("proot", ["proot"], "ptrace, paths translated; newer ones behind a seccomp filter"),
    ("strace", ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=openat,newfstatat"],
     "ptrace behind a seccomp filter, opens and stats printed to /dev/null"),
    ("gvisor", ["runsc", "--rootless", "--ignore-cgroups", "--network=host", "do", "-quiet", "-force-overlay=false"],
     "a kernel of its own, as runsc do runs it"),
]
# Only of a newer one; its help says so.
NEEDS_OPTION = {"nsjail-notify": "--seccomp_unotify"}
NATIVE = "native"


class Way:
    """What is put in front of a command; family says which colour it has, missing why it cannot be measured."""

    def __init__(self, name, family, prefix, about):
        self.name, self.family, self.prefix, self.about = name, family, prefix, about
        self.missing = None

    def command(self, folder, argv):
        return [*(word.replace("{folder}", folder) for word in self.prefix), *argv]

    def with_prefix(self, name, prefix):
        return Way(name, self.family, prefix, self.about)


def own(bench):
    """The mechanisms, from the cheapest on, and Kennel, which is made of them."""
    intercept, landlock, reference = (bench.program(name) for name in ("intercept", "landlock", "reference"))
    kennel = [bench.kennel, "run"]
    return [
        Way(NATIVE, "native", [], "nothing in front of it: what everything is held against"),
        Way("filter", "kernel", [intercept, "filter"], "a seccomp filter (BPF) that looks at the number and allows"),
        Way("landlock", "kernel", [landlock, "/", "--"], "a Landlock domain that allows reading everything, no more"),
        Way("notify-continue", "notify", [intercept, "notify"],
            "a supervisor is told of each call (seccomp notification) and lets the kernel do it"),
        Way("notify-emulate", "notify", [reference, "all"],
            "the cheapest supervisor that does the call itself and gives back the result; it decides nothing"),
        Way("ptrace-stop", "trace", [intercept, "stop"], "a tracer stops the thread at each call, before it is done"),
        Way("ptrace-stops", "trace", [intercept, "stops"], "a tracer stops the thread before each call and after it"),
        Way("kennel-off", "kennel", [*kennel, "-p", "off", "--"], "Kennel with a policy that leaves all to the kernel"),
        Way("kennel-work", "kennel", [*kennel, "-p", "work", "--"], "Kennel with its everyday policy"),
        Way("kennel-quiet", "kennel", [*kennel, "-p", "work", "-m", "log/refused:off", "--"],
            "the same without a log of refusals, so that more of them can be left to the kernel"),
        Way("kennel-emulated", "kennel", [*kennel, *jobs.EMULATE, "--"],
            "Kennel with every category on and a rule that never matches: no call of them is left to the kernel"),
    ]


def has_option(program, option):
    result = subprocess.run([program, "--help"], capture_output=True, text=True, errors="replace", check=False,
                            stdin=subprocess.DEVNULL, timeout=20)
    return option in result.stdout + result.stderr


def find_peer(way):
    """Puts its program's path in place; or why it cannot be asked into missing."""
    program = shutil.which(way.prefix[0])
    option = NEEDS_OPTION.get(way.name)
    if not program:
        way.missing = "not installed"
    elif option and not has_option(program, option):
        way.missing = f"this {way.prefix[0]} has no {option}"
    else:
        way.prefix = [program, *way.prefix[1:]]


def try_out(bench, way):
    """Why it cannot run a command that does nothing, or None."""
    try:
        measure.run(way.command(bench.folder, [bench.true]), bench.folder, bench.env, os.path.join(bench.folder, "try"),
                    30)
    except measure.Failure as failure:
        return f"cannot run here: {failure}"
    return None


def find(bench):
    """All of them; those with a reason in missing are named and not measured."""
    ways = own(bench)
    for name, prefix, about in PEERS if bench.peers else []:
        ways.append(Way(name, "peer", prefix, about))
        find_peer(ways[-1])
    for way in ways:
        way.missing = way.missing or try_out(bench, way)
    return ways
