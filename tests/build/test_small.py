#!/usr/bin/env python3
"""The program for boards: built as a user would build it, static, and run."""

import functools
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402  (found through the line above)

FOLDER = "build/static-small"


@functools.cache
def program():
    """Builds it; what a later run of the tests finds is only brought up to date."""
    subprocess.run(["./configure.py", "--small", "--variant", "static"], cwd=TOP, check=True)
    subprocess.run(["ninja", "-f", f"{FOLDER}/build.ninja", f"{FOLDER}/kennel"], cwd=TOP, stdout=subprocess.DEVNULL,
                   check=True)
    return str(TOP / FOLDER / "kennel")


def kennel(*arguments):
    return subprocess.run([program(), *arguments], capture_output=True, text=True, check=False, cwd="/", timeout=60)


def usual(*arguments):
    return subprocess.run([str(TOP / "build/kennel"), *arguments], capture_output=True, text=True, check=False,
                          cwd="/", timeout=60)


def sections():
    output = subprocess.run(["readelf", "-SW", program()], capture_output=True, text=True, check=True).stdout
    return [line.split("]")[1].split()[0] for line in output.splitlines() if "]" in line and "NULL" not in line][1:]


def test_each_profile_runs_a_command():
    for profile in usual("profiles").stdout.split("\n"):
        name = profile.split()[0] if profile.split() else None
        # The first of these is for behind other rules, in the second there is no shell.
        if name and name not in ("secrets", "judge"):
            result = kennel("run", "-p", name, "--", "/bin/sh", "-c", "echo from inside")
            assert (result.returncode, result.stdout) == (0, "from inside\n"), (name, result.stderr)


def test_what_is_refused_is_refused_as_by_the_whole_program():
    with tempfile.TemporaryDirectory(prefix="small-") as folder:
        made = pathlib.Path(folder, "made")
        command = ["run", "-p", "ro", "-m", "deny/read,stat,walk+/etc/passwd", "--", "/bin/sh", "-c",
                   f"cat /etc/passwd; echo text >{made}; cat /etc/os-release"]
        small, whole = kennel(*command), usual(*command)
        assert not made.exists()
    assert (small.returncode, small.stdout) == (whole.returncode, whole.stdout)
    assert small.stdout == pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    for text in ("cat: /etc/passwd", str(made)):
        assert text in small.stderr and text in whole.stderr, small.stderr


def test_commands_that_are_left_out_say_so_in_one_line():
    for command in ("bench", "check", "diff", "explain", "plan"):
        result = kennel(command, "-p", "work")
        assert (result.returncode, result.stdout) == (125, "")
        assert result.stderr == f"kennel: {command}: not in this build (small)\n"


def test_host_names_are_refused_and_addresses_are_not():
    for where, status in (("localhost", 125), ("127.0.0.1", 0)):
        result = kennel("run", "-p", "ro", "-m", f"allow/net/connect+{where}!80", "--", "/bin/true")
        assert result.returncode == status, result.stderr
        assert ("not in this build (small)" in result.stderr) == (status == 125), result.stderr


def test_profiles_have_a_sentence_for_a_comment():
    text = kennel("profiles", "work").stdout
    assert "sandbox/" in text and text.count("#") == 1
    assert kennel("profiles").stdout == usual("profiles").stdout != ""


def test_what_is_used_at_one_time_stands_together():
    there = sections()
    steps = (".text", ".text_start", ".text_load", ".text_plan", ".rodata", ".text_rare")
    order = [there.index(name) for name in steps]
    assert order == sorted(order), there


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "small", sys.argv[1]))
