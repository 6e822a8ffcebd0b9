#!/usr/bin/env python3
"""What kennel plan prints: costs, reasons, the rules by which hot calls leave the kernel, and what old kernels lack."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ.get("KENNEL_TOP", ".")).resolve()
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
NOBODY = 65534
# What Landlock can say: no name outside of the project is made, moved or removed.
READS = ("-m", "sandbox/all:off", "-m", "sandbox/read,readdir,wpath,cpath,tpath,spath,mkfifo:on", "-m",
         "log/refused:off", "-m", "allow/read,write,create+!memfd:**", "-m", "allow/read,readdir+/{usr,etc,proc}/***")


class Place:
    """A folder, and a program that an ordinary user may run: capabilities change the plan."""

    def __enter__(self):
        self.folder = pathlib.Path(os.path.realpath(tempfile.mkdtemp(prefix="kennel-plans-")))
        self.folder.chmod(0o777)
        self.kennel = shutil.copy(KENNEL, self.folder / "kennel")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def plan(self, *options, status=0):
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run([self.kennel, "plan", *map(str, options)], cwd=self.folder, capture_output=True,
                              check=False, text=True, **user)
        assert done.returncode == status, done
        return done.stdout if status == 0 else done.stderr

    def json(self, *options):
        return json.loads(self.plan(*options, "--json"))

    def reads(self, *options):
        """What happens to an open for reading, and the warnings about it."""
        made = self.json(*options)
        ways = [row["action"] for row in made["calls"] if row["call"] == "openat"
                and ("landlock" == row["action"] or "for reading" in row["reason"])]
        warnings = [row["warning"] for row in made["warnings"] if "for reading" in row["warning"]]
        return (ways or ["notified"])[0], warnings


def test_what_landlock_can_say_is_left_to_it():
    with Place() as place:
        way, warnings = place.reads(*READS, "-m", f"allow/rpath,wpath,cpath,tpath,spath+{place.folder}/***",
                                    "-m", f"deny/delete,rename,rmdir+{place.folder}")
        assert (way, warnings) == ("landlock", []), (way, warnings)


def test_the_policy_of_the_page_needs_nobody_to_read():
    text = (TOP / "doc/PLAN.md").read_text(encoding="utf-8")
    with Place() as place:
        (place.folder / "page.kennel").write_text(text.split("```\n")[1], encoding="utf-8")
        way, warnings = place.reads("-P", place.folder / "page.kennel")
        assert (way, warnings) == ("landlock", []), (way, warnings)
        leaving = [line for line in place.plan("-P", place.folder / "page.kennel").splitlines() if "warning" in line]
        assert not leaving, leaving


def test_reads_stay_in_the_kernel_where_only_writing_is_judged():
    with Place() as place:
        assert place.reads("-p", "off", "-m", "sandbox/write:on") == ("kernel", [])


def test_a_rule_that_forces_reads_out_is_named_with_what_would_avoid_it():
    cases = (
        (("allow/readdir+/",), "-m:6 allow/readdir+/ in /: Landlock would let every directory below"),
        (("deny/read+/proc/kcore",), "-m:6 deny/read+/proc/kcore in /proc: names come and go there"),
        (("allow/read,mkdir+/usr/*",), "allow/mkdir+/usr/* in /usr: the sandbox may change names"),
        (("deny/read+!memfd:**",), "default/read:deny: Landlock lets memory files be opened again "
                                   "(allow/read+!memfd:** would do)"),
        (("mask+/etc/passwd",), "mask+ shows other files, so that each is looked at"),
        (("lock:read",), "the policy can be asked for from inside (lock:on would do)"),
        (("log/refused:on",), "default/read:deny: Landlock neither logs nor stops "
                              "(log/refused:off, or filter would do)"),
        (("kill/read+/etc/shadow",), "-m:6 kill/read+/etc/shadow: Landlock neither logs nor stops"),
        (("sandbox/stat:on",), "stat is asked about each, and Landlock does not know it (sandbox/stat:off would do)"),
        (("sandbox/mkdir:off",), "sandbox/mkdir:off in /: the sandbox may change names"),
    )
    with Place() as place:
        for commands, expected in cases:
            # A directory in which one name is refused: it must be known, and stay.
            words = [word for command in (*commands, "deny/read+/usr/none") for word in ("-m", command)]
            way, warnings = place.reads(*READS, *words)
            assert way == "notified" and any(expected in line for line in warnings), (commands, way, warnings)


def test_a_name_that_somebody_made_forges_no_line():
    with Place() as place:
        made = [place.folder / name for name in ("a\x1b[1m\nwarning: b", "\\" * 255)]
        for folder in made:
            folder.mkdir(mode=0)
        for options in ((), ("--json",)):
            text = place.plan(*READS, "-m", f"allow/read+{place.folder}/***", "-m",
                              f"deny/read+{place.folder}/**/x", *options)
            assert "\x1b" not in text and "\nwarning: b" not in text and "x1b[1m" in text, text
            assert not options or len(json.loads(text)["warnings"]) >= len(made), text
        for folder in made:
            folder.chmod(0o700)


def test_an_old_kernel_is_named_with_what_is_lost():
    with Place() as place:
        way, warnings = place.reads(*READS, "--without", "landlock")
        assert way == "notified" and any("no Landlock of ABI 2" in line for line in warnings), warnings
        assert place.reads(*READS, "--without", "landlock-scope")[0] == "landlock"
        lost = [row["warning"] for row in place.json(*READS, "--without", "landlock-scope")["warnings"]]
        assert any("keeps no signals inside" in line for line in lost), lost
        # Without a domain of the payload's own, nothing hides us in /proc.
        assert place.reads("-p", "off", "-m", "sandbox/write:on", "--without", "landlock-scope")[0] == "notified"


def test_hot_calls_that_leave_the_kernel_are_named():
    with Place() as place:
        text = place.plan("-p", "off", "-m", "sandbox/stat,list:on", "-m", "default/stat,list:allow", "-m",
                          "deny/stat+/x")
        assert "warning: looking at files leaves the kernel (newfstatat is notified): -m:3 deny/stat+/x" in text, text
        assert "listing directories" not in text, text
        assert place.plan("-p", "off").count("warning") == 0


def test_a_mask_is_named_where_it_makes_calls_leave_the_kernel():
    with Place() as place:
        text = place.plan("-m", "sandbox/all:off", "-m", "mask+/x")
        assert "(newfstatat is notified): mask+ shows other files" in text, text
        assert "sandbox/stat:off" not in text, text


def test_landlock_is_left_out_where_it_would_spare_no_open():
    """What may not be read cannot be executed under it: a rule that forces opens out must not refuse programs, too."""
    with Place() as place:
        assert "landlock" in place.plan(*READS, "--why", "execve")
        assert "landlock" not in place.plan(*READS, "-m", "sandbox/stat:on", "--why", "execve")


def absent(place, *options):
    """The names that are listed as missing, each with its rule."""
    made = place.json(*options)
    return [(row["name"], row["rule"]) for row in made["absent"]], made["more_absent"]


def test_names_that_are_not_there_are_listed_where_landlock_decides():
    with Place() as place:
        (place.folder / "there/in").mkdir(parents=True)
        rules = ("-m", f"allow/read,readdir+{place.folder}/{{there,none}}/in/***",
                 "-m", f"allow/read+{place.folder}/there/{{in,out}}/x", "-m", f"allow/read+{place.folder}/th*/y",
                 "-m", f"allow/read+{place.folder}/refused", "-m", f"deny/read+{place.folder}/refused")
        first = f"-m:6 allow/read+{place.folder}/{{there,none}}/in/***"
        second = f"-m:7 allow/read+{place.folder}/there/{{in,out}}/x"
        expected = [(f"{place.folder}/none", first), (f"{place.folder}/there/out", second)]
        assert place.reads(*READS, *rules) == ("landlock", [])
        assert absent(place, *READS, *rules) == (expected, False), absent(place, *READS, *rules)
        lines = place.plan(*READS, *rules).splitlines()
        start = lines.index("# Not there: what is made under these names can be used from the next start on")
        assert [tuple(line.split(maxsplit=1)) for line in lines[start + 1:start + 3]] == expected, lines[start:]
        # Where the supervisor decides, names that are made later are read.
        assert absent(place, *READS, *rules, "-m", "log/refused:on") == ([], False)
        (place.folder / "none").mkdir()
        (place.folder / "there/out").mkdir()
        later = [(f"{place.folder}/none/in", first), (f"{place.folder}/there/out/x", second)]
        assert absent(place, *READS, *rules) == (later, False), absent(place, *READS, *rules)


def test_programs_that_are_not_there_are_listed_where_landlock_decides():
    quiet = ("-m", "sandbox/all:off", "-m", "sandbox/exec,write,create,delete,rename,mkdir,rmdir,symlink:on", "-m",
             "log/refused:off", "-m", "exec/mmap:off", "-m", "allow/exec+/usr/***")
    with Place() as place:
        rule = ("-m", f"allow/exec+{place.folder}/none")
        assert absent(place, *quiet, *rule, "-m", "trace/ptrace:off")[0] == [
            (f"{place.folder}/none", f"-m:6 allow/exec+{place.folder}/none")]
        assert absent(place, *quiet, *rule) == ([], False)


def test_the_list_of_names_that_are_not_there_is_bounded():
    with Place() as place:
        for count, more in ((16, False), (17, True)):
            names = ",".join(f"n{number}" for number in range(count))
            found = absent(place, *READS, "-m", f"allow/read+{place.folder}/{{{names}}}")
            assert (len(found[0]), found[1]) == (16, more), found
            text = place.plan(*READS, "-m", f"allow/read+{place.folder}/{{{names}}}")
            assert ("\nand more\n" in text) == more, text


def test_every_entry_has_a_cost():
    with Place() as place:
        for options in (("-p", "work"), ("-m", "sandbox/net:off"), READS):
            for row in place.json(*options)["calls"]:
                expected = {"refused": "none", "kernel": "none", "landlock": "check", "notified": "round-trip",
                            "traced": "stops"}[row["action"]]
                assert row["cost"] == expected, row


def test_why_shows_one_call_in_the_order_of_decision():
    with Place() as place:
        lines = place.plan(*READS, "--why", "openat").splitlines()
        ways = [line.split(": ")[1].split(" ")[0] for line in lines if line.startswith("openat, ")]
        assert ways == ["kernel", "landlock", "notified"], lines
        assert "otherwise: kernel" in place.plan(*READS, "--why", "getpid")
        assert "no such system call" in place.plan("--why", "opnat", status=125)
        assert "expected a system call" in place.plan("--why", status=125)
        assert "no such kernel feature" in place.plan("--without", "x", status=125)


def test_arguments_have_their_names():
    expected = ("flags without O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE", "resource = RLIMIT_CORE",
                "command = F_SETOWN", "request = TIOCSTI, or 3 others", "flags with CLONE_NEWNS, or 6 others",
                "flags within CLONE_FS|CLONE_FILES|CLONE_SYSVSEM",
                "process = Kennel's own",
                "which = PRIO_PROCESS and who = Kennel's own", "domain = AF_INET and type = SOCK_RAW and protocol = 0")
    with Place() as place:
        text = place.plan("-p", "ro", "-m", "sandbox/net:on", "-m", "log/refused:off")
        assert not [words for words in expected if f" {words}  " not in text], text
        assert not re.search(r"\barg[0-6]\b", text), text
        text = place.plan("-m", "sandbox/all:off", "-m", "sandbox/walk:on")
        assert " path = NULL  " in text, text


def test_what_the_kernel_keeps_is_blamed_on_no_rule():
    with Place() as place:
        assert "\n  finds a name and no more" in place.plan("-p", "ro", "--why", "openat")
        assert "O_PATH  " in place.plan("-p", "ro") and ": finds a name" not in place.plan("-p", "ro")


def test_a_policy_that_judges_nothing_is_one_line():
    with Place() as place:
        assert place.plan("-p", "off").split(": ", 1)[1].startswith("all "), place.plan("-p", "off")
        assert len(place.plan("-p", "off").splitlines()) == 1, place.plan("-p", "off")


def test_requests_of_one_reason_are_one_line():
    with Place() as place:
        lines = [line for line in place.plan("-p", "work").splitlines() if line.startswith("ioctl ")]
        assert 3 < len(lines) < 15, lines
        assert place.plan("-p", "work", "--why", "ioctl").count("refused EOPNOTSUPP") > 15


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "output", sys.argv[1]))
