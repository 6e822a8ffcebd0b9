#!/usr/bin/env python3
"""Every profile and random policies under two plans: all opens notified, and as planned. The same guest must see the
same and leave the same, but for what the table in doc/PLAN.md names. KENNEL_PLANS says how many random policies."""

import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ.get("KENNEL_TOP", ".")).resolve()
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
GUESTS = pathlib.Path(os.environ.get("KENNEL_GUESTS", "build/guests")).resolve()
COUNT = int(os.environ.get("KENNEL_PLANS", "60"))
NOBODY = 65534
SEED = int(os.environ.get("KENNEL_SEED", "7"))
PROFILES = ("off", "ro", "work", "build", "judge", "node", "python", "shell", "agent", "server", "secrets")
QUIET = ("-m", "log/refused:off")
CATEGORIES = ("read", "readdir", "write", "create", "truncate", "delete", "rename", "mkdir", "rmdir", "symlink",
              "mkfifo", "chmod", "utime", "mktemp")
# Those with which no open is left to the kernel: seldom on.
OTHERS = ("walk", "stat", "list", "fs", "exec", "chdir", "notify")
SETS = ("read", "readdir", "read,readdir", "read,readdir", "rpath,wpath", "rpath,wpath,cpath,tpath,spath", "cpath",
        "tpath", "delete,rename,rmdir", "write", "truncate", "create", "rename", "mkdir", "all")


def documented():
    """Rows of the table of differences: (call, all notified, as planned)."""
    text = (TOP / "doc/PLAN.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| `?(\w+|anything)`? \| `?(\w+)`? \|", text, re.M)
    assert rows, "doc/PLAN.md has no table of differences"
    return set(rows)


DOCUMENTED = documented()


class Place:
    """A fresh tree for each run, always at the same path: rules name it."""

    def __init__(self):
        self.folder = pathlib.Path(os.path.realpath(tempfile.mkdtemp(prefix="kennel-plans-")))
        self.tree, self.home = self.folder / "place", self.folder / "home"
        self.folder.chmod(0o755)
        for folder in (self.folder / "bin", self.folder / "tmp", self.home):
            folder.mkdir()
            folder.chmod(0o777)
        self.guest = shutil.copy(GUESTS / "plan_calls", self.folder / "bin/plan_calls")
        self.kennel = shutil.copy(KENNEL, self.folder / "bin/kennel")
        # Capabilities show what Landlock would hide: the plans of root are the same.
        self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        # pylint: disable-next=consider-using-with
        self.outside = subprocess.Popen(["sleep", "3600"], stdin=subprocess.DEVNULL, **self.user)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "TMPDIR": str(self.folder / "tmp")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.outside.kill()
        self.outside.wait()
        shutil.rmtree(self.folder)

    def prepare(self):
        shutil.rmtree(self.tree, ignore_errors=True)
        for name in ("a/s", "b/t"):
            (self.tree / name).mkdir(parents=True)
        for name in ("a/f", "a/g", "a/s/f", "b/f", "b/t/f", "c"):
            (self.tree / name).write_text(f"content of {name}\n", encoding="utf-8")
        shutil.copy(self.guest, self.tree / "b/run")
        (self.tree / "a/link").symlink_to("f")
        (self.tree / "a/out").symlink_to("../b/f")
        (self.tree / "b/away").symlink_to("/etc/passwd")
        (self.tree / "b/process").symlink_to(f"/proc/{self.outside.pid}")
        if self.user:
            for path in (self.tree, *self.tree.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)

    def left(self):
        found = []
        for path in sorted(self.tree.rglob("*")):
            status = path.lstat()
            content = path.read_bytes()[:64] if path.is_file() and not path.is_symlink() else b""
            found.append((str(path.relative_to(self.tree)), oct(status.st_mode), content))
        return found

    def run(self, options, forced):
        self.prepare()
        command = [self.kennel, "run", *options, *(("--without", "split-opens") if forced else ()), "--", self.guest]
        done = subprocess.run(command, cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=60, **self.user)
        return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode(), self.left()

    def planned(self, options):
        """The part of the opens for reading: notified, landlock or kernel."""
        done = subprocess.run([self.kennel, "plan", *options], cwd=self.tree, env=self.environment,
                              capture_output=True, check=False, text=True, **self.user)
        ways = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("openat ")
                and ("landlock" in line or "an open for reading" in line)]
        return ways[0] if ways else "notified"


def differs(line_a, line_b):
    """True when two lines differ, and doc/PLAN.md does not say so."""
    a, b = line_a.split(), line_b.split()
    if a == b:
        return False
    if len(a) != 3 or a[:2] != b[:2]:
        return True
    return not any((a[0], before, b[2]) in DOCUMENTED for before in (a[2], "anything"))


def compare(place, options):
    status_a, out_a, err_a, left_a = place.run(options, forced=True)
    status_b, out_b, err_b, left_b = place.run(options, forced=False)
    about = f"\n{' '.join(map(str, options))}\n{err_a[:500]}\n{err_b[:500]}"
    assert status_a == status_b, f"status {status_a} notified, {status_b} planned{about}"
    a, b = out_a, out_b
    if len(a) != len(b):
        # What a documented difference opened was read, too: a line more or less.
        a, b = ([line for line in lines if not line.startswith("  ")] for lines in (a, b))
    assert len(a) == len(b), f"{len(a)} lines notified, {len(b)} planned{about}"
    wrong = [(one, two) for one, two in zip(a, b) if differs(one, two)]
    assert not wrong, f"{len(wrong)} lines differ (notified, planned): {wrong[:8]}{about}"
    assert left_a == left_b, f"what is left differs{about}\n{set(left_a) ^ set(left_b)}"
    return status_a, len(out_a)


def random_pattern(chance, tree):
    name = chance.choice(("a", "a", "b", "a/f", "a/g", "a/s", "a/s/f", "b/f", "b/t", "c", "new", "a/new", "", ""))
    base = f"{tree}/{name}".rstrip("/")
    return base + chance.choice(("/***", "/***", "/***", "", "", "/*", "/**", "*"))


def random_policy(chance, place):
    """Mostly such as Landlock could express; some that it cannot."""
    on = ["read", "readdir", *(one for one in CATEGORIES[2:] if chance.random() < 0.98)]
    on = chance.sample(on, len(on) - (chance.random() < 0.2))
    options = ["-m", "sandbox/all:off", "-m", f"sandbox/{','.join(on)}:on"]
    for category in OTHERS:
        if chance.random() < 0.03:
            options += ["-m", f"sandbox/{category}:on", "-m", f"default/{category}:allow"]
    options += ["-m", f"log/refused:{'on' if chance.random() < 0.04 else 'off'}"]
    if chance.random() < 0.05:
        options += ["-m", "default/read,readdir:allow"]
    if chance.random() < 0.9:
        options += ["-m", "allow/read+!memfd:**"]
    if chance.random() < 0.3:
        options += ["-m", f"allow/create,{chance.choice(('write', 'read', 'read,write'))}+!memfd:*"]
    if chance.random() < 0.1:
        options += ["-m", "deny/read+!memfd:m"]
    if chance.random() < 0.5:
        options += ["-m", "allow/read,readdir+/{proc,dev,etc}/***"]
    if chance.random() < 0.8:
        options += ["-m", f"allow/rpath+{place.tree}/***"]
    if chance.random() < 0.15:
        options += ["-m", "sandbox/ioctl:on", "-m", "default/ioctl:allow", "-m",
                    f"deny/ioctl+/dev/{chance.choice(('zero', 'null', '{null,zero}', '*', 'z*', '***'))}"]
        if chance.random() < 0.5:
            options += ["-m", "allow/ioctl+/dev/{null,pts/***,shm/***}"]
    for _ in range(chance.randrange(1, 7)):
        action = chance.choice(("allow", "allow", "allow", "deny", "deny", "filter"))
        options += ["-m", f"{action}/{chance.choice(SETS)}+{random_pattern(chance, place.tree)}"]
    if chance.random() < 0.8:
        options += ["-m", f"deny/delete,rename,rmdir,mkdir,create,symlink+{place.tree}{{,/a,/b,/a/s,/b/t}}"]
    # An older kernel, whose domains keep no signals inside.
    if chance.random() < 0.1:
        options += ["--without", "landlock-scope"]
    # The guest is to start.
    return (*options, "-m", f"allow/rpath,lpath,exec+{place.folder}/bin/***")


def test_profiles_are_the_same_under_both_plans():
    with Place() as place:
        for profile in PROFILES:
            # secrets is to stand behind rules of one's own; in the others the guest must be startable.
            before = ("-m", "default/all:allow") if profile == "secrets" else ()
            options = (*before, "-p", profile, "-m", f"allow/read,exec,stat+{place.folder}/bin/***", *QUIET)
            status, _ = compare(place, options)
            assert status in (0, 1, 126), (profile, status)


def test_the_profile_work_reads_at_the_price_of_landlock():
    """What is run is what is printed: of its own processes Kennel hides what it is asked about, Landlock does not."""
    script = "cat /proc/$PPID/comm; rm -r ./* && ! rmdir ../place && echo kept"
    with Place() as place:
        for options, way, seen in ((("-p", "work"), "notified", ""),
                                   (("-p", "work", *QUIET), "landlock", "kennel-launcher\n")):
            place.prepare()
            assert place.planned(options) == way, (options, way)
            done = subprocess.run([place.kennel, "run", *options, "--", "sh", "-c", script], cwd=place.tree,
                                  env=place.environment, capture_output=True, check=False, text=True, **place.user)
            assert (done.returncode, done.stdout) == (0, seen + "kept\n"), (options, done)


def test_the_policy_of_the_page_is_the_same_under_both_plans():
    text = (TOP / "doc/PLAN.md").read_text(encoding="utf-8")
    with Place() as place:
        page = place.folder / "bin/page.kennel"
        page.write_text(text.split("```\n")[1], encoding="utf-8")
        status, lines = compare(place, ("-P", page, "-m", f"allow/rpath+{place.folder}/bin/***"))
        assert status == 0 and lines > 500, (status, lines)


def test_devices_that_may_not_be_opened_are_the_same_under_both_plans():
    base = ("-m", "sandbox/all:off", "-m", "sandbox/read,readdir,wpath,cpath,tpath,spath,mkfifo,ioctl:on", *QUIET, "-m",
            "default/ioctl:allow", "-m", "allow/read,write+!memfd:**", "-m", "allow/read+/dev/{null,zero}")
    with Place() as place:
        start = ("-m", f"allow/rpath+{place.tree}/***", "-m", f"allow/read+{place.folder}/bin/***")
        for rules, way in ((("deny/ioctl+/dev/zero",), "landlock"),
                           (("deny/ioctl+/dev/***", "allow/ioctl+/dev/null"), "landlock"),
                           (("default/ioctl:deny", "deny/ioctl+/**/zero", f"allow/ioctl+{place.folder}/***"),
                            "landlock"),
                           (("sandbox/read,readdir:off", "deny/ioctl+/dev/zero"), "landlock"),
                           (("log/refused:on", "deny/ioctl+/dev/zero"), "notified"),
                           (("warn/ioctl+/dev/null", "deny/ioctl+/dev/zero"), "notified")):
            options = (*base, *start, *(word for rule in rules for word in ("-m", rule)))
            assert compare(place, options)[0] == 0, rules
            lines = place.run(options, forced=False)[1]
            assert {"read /dev/zero EACCES", "read /dev/null ok", "read a/f ok"} <= set(lines), rules
            place.prepare()
            assert place.planned(options) == way, (rules, place.planned(options))


def test_what_is_mounted_over_keeps_its_name_as_when_all_opens_are_notified():
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        raise tap.Skip("mounting needs root")
    with Place() as place:
        place.prepare()
        script = ('cd a && mount -t tmpfs none "$PWD" && umask 022 && echo over > "$PWD/f" && '
                  'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"')
        options = ["-m", "sandbox/all:off", "-m", "sandbox/read,wpath,cpath,tpath,spath,mkfifo:on", *QUIET, "-m",
                   "allow/read+!memfd:**", "-m", "allow/read+/{usr,bin,lib,lib64,etc}/***"]
        both, neither = [(0, b"content of a/f\n"), (0, b"over\n")], [(1, b"")] * 2
        # Landlock knows neither that /a/f, below the mount, has a name that is allowed, nor that it is refused.
        for rules, expected in ((f"allow/read+{place.folder}/***", both), (f"allow/read+{place.tree}/a/***", both),
                                (f"allow/read+{place.folder}/***;deny/read+{place.tree}/a/***", neither)):
            for forced in ((), ("--without", "split-opens")):
                told = [word for rule in rules.split(";") for word in ("-m", rule)]
                for name, result in zip(("f", f"{place.tree}/a/f"), expected):
                    command = [place.kennel, "run", *options, *told, *forced, "--", "cat", name]
                    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *command], cwd=place.tree,
                                          env=place.environment, stdin=subprocess.DEVNULL, capture_output=True,
                                          check=False, timeout=60)
                    assert (done.returncode, done.stdout) == result, (rules, forced, name, done)


def test_random_policies_are_the_same_under_both_plans():
    chance = random.Random(SEED)
    ways, lines = collections.Counter(), 0
    with Place() as place:
        for _ in range(COUNT):
            options = random_policy(chance, place)
            status, count = compare(place, options)
            lines += count if status == 0 else 0
            place.prepare()
            ways[place.planned(options)] += 1
    print(f"note: {COUNT} policies, {lines} lines; opens for reading: {dict(ways)}")
    # A comparison of two plans that are the same would say nothing.
    assert lines > COUNT * 100, lines
    assert ways["landlock"] * 5 > COUNT, ways


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "plans", sys.argv[1]))
