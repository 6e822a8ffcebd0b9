#!/usr/bin/env python3
"""kennel explain, diff, check, profiles and quote as programs use them: words, exit status, JSON."""

import ctypes
import errno
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402  (found through the line above)

KENNEL = str(pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve())


def kennel(*words, cwd=TOP, **more):
    return subprocess.run([KENNEL, *words], capture_output=True, check=False, timeout=30, cwd=cwd, **more)


def expect(status, *words, cwd=TOP, out=None, err=None):
    """The status of one run, and a word in what it prints; an error prints nothing to standard output."""
    result = kennel(*words, cwd=cwd)
    assert result.returncode == status, (words, result)
    assert out is None or out in result.stdout.decode(), (words, result.stdout)
    assert err is None or err in result.stderr.decode(), (words, result.stderr)
    assert (err is not None) == bool(result.stderr), (words, result.stderr)
    return result


# ---- explain ---------------------------------------------------------------------------

def test_explain_says_by_its_status_whether_it_is_allowed():
    expect(0, "explain", "ro", "read", "/etc/passwd", out="allowed")
    expect(1, "explain", "ro", "write", "/etc/passwd", out="refused with EACCES")
    expect(1, "explain", "ro", "read,write", "/etc/passwd")
    expect(0, "explain", "ro", "rpath", "/etc/passwd")
    expect(1, "explain", "-m", "allow/read+/x", "read", "/y")


def test_explain_takes_policies_in_every_form():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "p.kennel").write_text("allow/read+/x\ndeny/read+/y\n", encoding="ascii")
        expect(0, "explain", "p.kennel", "read", "/x", cwd=folder, out="(p.kennel:1)")
        expect(1, "explain", "-P", "p.kennel", "read", "/y", cwd=folder, out="(p.kennel:2)")
        expect(0, "explain", "p.kennel", "-m", "allow/read+/z", "read", "/y", "-m", "allow/read+/y", cwd=folder,
               out="allow/read+/y (-m:2)")
        expect(1, "explain", "-m", "allow/read+/y", "p.kennel", "read", "/y", cwd=folder, out="(p.kennel:2)")
        expect(1, "explain", "ro", "--hide", "/a", "--hide", "/b", "read", "/b/c", out="(--hide:2)")


def test_explain_follows_symlinks_as_the_calls_do():
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        os.mkdir(f"{folder}/real")
        pathlib.Path(folder, "real", "file").touch()
        os.symlink("real", f"{folder}/link")
        os.symlink("file", f"{folder}/real/alias")
        for category, name, judged in (("read", "link/alias", "real/file"), ("delete", "link/alias", "real/alias"),
                                       ("create", "link/new", "real/new"), ("walk", "link/alias", "link/alias"),
                                       ("read", "link/../x", "x"), ("mkdir", "link/", "real"),
                                       ("read", "no/such/../name", "no/name")):
            result = kennel("explain", "off", category, name, "--json", cwd=folder)
            assert json.loads(result.stdout)["answers"][0]["judged"] == f"{folder}/{judged}", (category, name, result)
        result = kennel("explain", "off", "read", "link/alias", "--json", "--literal", cwd=folder)
        assert json.loads(result.stdout)["answers"][0]["judged"] == f"{folder}/link/alias"


def test_explain_knows_the_filesystem_of_a_path():
    expect(1, "explain", "-m", "default/fs:allow", "-m", "deny/fs+proc", "fs", "/proc/self/stat", out="judged as proc")
    expect(125, "explain", "-m", "default/fs:allow", "fs", "/no/such/file", err="No such file")


def test_explain_names_what_is_wrong():
    expect(125, "explain", "ro", "raed", "/x", err="did you mean 'read'?")
    expect(125, "explain", "ro", "chroot", "/", err="not enforced yet")
    expect(125, "explain", "ro", "net/connect", "127.0.0.1", err="expected ADDRESS!PORT")
    expect(125, "explain", "ro", "read", err="expected a category and a name")
    expect(125, "explain", "read", "/x", err="expected a policy")
    expect(125, "explain", "ro", "read", "/x", "/y", err="unexpected argument '/y'")
    expect(125, "explain", "missing.kennel", "read", "/x", err="cannot read 'missing.kennel'")
    expect(125, "explain", "ro", "ioctl", "TCGTES", err="expected an ioctl request")
    expect(125, "explain", "ro", "read", "/" + "x" * 5000, err="File name too long")
    expect(125, "explain", "ro", "read", "/x", "--litral", err="did you mean '--literal'?")


def test_explain_lets_no_name_reach_the_terminal_as_it_is():
    result = expect(0, "explain", "off", "read", "--", "-\x1b[2J\x01\x7f")
    assert not any(byte < 0x20 and byte != 0x0a or byte == 0x7f for byte in result.stdout), result.stdout


# ---- diff ------------------------------------------------------------------------------

def test_diff_says_by_its_status_whether_there_is_a_difference():
    assert not expect(0, "diff", "ro", "ro").stdout
    expect(1, "diff", "off", "ro", out="only A allows it")
    expect(1, "diff", "ro", "off", out="only B allows it")
    expect(0, "diff", "ro", "--", "-p", "ro")
    expect(1, "diff", "-p", "ro", "--", "ro", "-m", "exit/wait_all:on", out="only in B: exit/wait_all:on")
    expect(0, "diff", "-m", "allow/read+/a/***", "--", "-m", "allow/read+/a", "-m", "allow/read+/a/**")


def test_diff_does_not_say_the_same_where_it_cannot_know():
    tangled = "/**a" + "?" * 24
    result = kennel("diff", "-m", f"allow/read+{tangled}", "--", "-m", f"allow/read+{tangled}", "-m", "deny/read+/a/b",
                    "-m", "deny/read-/a/b")
    assert result.returncode == 0
    result = kennel("diff", "-m", f"allow/read+{tangled}", "--", "-m", f"allow/read+{tangled}", "-m",
                    f"allow/read+{tangled}")
    assert result.returncode == 125 and b"too many combinations" in result.stdout, result


def test_diff_of_many_rules_comes_to_an_end():
    with tempfile.TemporaryDirectory() as folder:
        for name in "ab":
            pathlib.Path(folder, f"{name}.kennel").write_text("".join(
                f"allow/all+/srv/{name if number % 2 else 'c'}{number}/**/*.{'xyz'[number % 3]}\n"
                for number in range(1500)), encoding="ascii")
        found = json.loads(kennel("diff", "a.kennel", "b.kennel", "--json", cwd=folder).stdout)
        names = {row["name"] for row in found["differences"] if "read" in row["categories"]}
        assert len([name for name in names if name.startswith("/srv/a")]) == 750
        assert len([name for name in names if name.startswith("/srv/b")]) == 750


def test_diff_names_what_is_wrong():
    expect(125, "diff", "ro", err="expected two policies")
    expect(125, "diff", "-p", "ro", err="expected two policies")
    expect(125, "diff", "-p", "ro", "-p", "off", err="with -- between them")
    expect(125, "diff", "ro", "--", err="expected two policies")
    expect(125, "diff", "ro", "wrok", err="expected a .kennel or .syd-3 file or a profile")
    expect(125, "diff", "ro", "--", "-m", "allow/raed+/x", err="did you mean 'read'?")


def test_diff_has_the_same_as_json():
    result = kennel("diff", "ro", "work", "--json")
    found = json.loads(result.stdout)
    assert result.returncode == 1 and found["differs"] and not found["inexact"]
    for row in found["differences"]:
        assert row["a"]["action"] != row["b"]["action"], row
        for side, profile in (("a", "ro"), ("b", "work")):
            answers = json.loads(kennel("explain", profile, ",".join(row["categories"]), "--json", "--literal", "--",
                                        row["name"]).stdout)["answers"]
            assert {answer["action"] for answer in answers} == {row[side]["action"]}, (row, answers)
    assert json.loads(kennel("diff", "ro", "ro", "--json").stdout) == {
        "settings": [], "differences": [], "inexact": [], "differs": False}


# ---- check, profiles, quote ------------------------------------------------------------

def test_check_warns_and_is_content():
    expect(0, "check", "-m", "allow/read+/a/b", "-m", "deny/read+/a/***", err="-m:1: warning: allow/read+/a/b never")
    found = json.loads(kennel("check", "-m", "allow/read+/a/b", "-m", "deny/read+/a/***", "--json").stdout)
    assert [warning["rule"]["line"] for warning in found["warnings"]] == [1]
    assert found["warnings"][0]["covered_by"]["text"] == "deny/read+/a/***" and found["system"] is None


def test_check_says_as_json_what_the_system_lacks():
    result = kennel("check", "-p", "off", "-m", "trace/ptrace:off", "-m", "sandbox/chdir:on", "--json")
    assert result.returncode == 125 and "ptrace is off" in json.loads(result.stdout)["system"]


def test_profiles_are_listed_and_printed():
    listed = json.loads(kennel("profiles", "--json").stdout)
    files = {path.stem: path.read_text(encoding="ascii") for path in (TOP / "profiles").glob("*.kennel")}
    assert {profile["name"] for profile in listed} == set(files)
    lines = kennel("profiles").stdout.decode().splitlines()
    for profile, line in zip(listed, lines, strict=True):
        assert line.split(maxsplit=1) == [profile["name"], profile["description"]] and profile["description"]
        assert kennel("profiles", profile["name"]).stdout.decode() == files[profile["name"]]
        assert json.loads(kennel("profiles", profile["name"], "--json").stdout)["text"] == files[profile["name"]]
    expect(125, "profiles", "wrok", err="did you mean 'work'?")
    expect(125, "profiles", "ro", "off", err="expected one NAME at most")


def test_what_is_quoted_stands_for_itself():
    generator = random.Random(5)
    for _ in range(40):
        name = bytes(generator.choice(b"ab*?[]{},:!+#$\\ \t\n\x01\x7f\xc3\xbc\xff-~") for _ in range(8))
        quoted = kennel("quote", "--", b"/q/" + name).stdout.removesuffix(b"\n")
        expect(0, "explain", "-m", b"allow/read+" + quoted, "read", "--literal", "--", b"/q/" + name)
        expect(1, "explain", "-m", b"allow/read+" + quoted, "read", "--literal", "--", b"/q/x" + name)


def test_quote_takes_many_and_at_least_one():
    assert expect(0, "quote", "a*", "b").stdout == b"a\\*\nb\n"
    assert expect(0, "quote", "--", "--help").stdout == b"--help\n"
    expect(125, "quote", err="expected a string")


def hide(number):
    """A filter around the command that knows a system call no more."""
    def load():
        code = struct.pack("HBBIHBBIHBBIHBBI", 0x20, 0, 0, 0, 0x15, 0, 1, number, 0x06, 0, 0, 0x50000 | errno.ENOSYS,
                           0x06, 0, 0, 0x7FFF0000)
        memory = ctypes.create_string_buffer(code, len(code))
        program = struct.pack("HxxxxxxP" if ctypes.sizeof(ctypes.c_void_p) == 8 else "HxxP", 4,
                              ctypes.addressof(memory))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0
        assert libc.prctl(22, 2, program, 0, 0) == 0
    return load


def test_what_the_kernel_lacks_is_one_line():
    for number, word in ((434, "pidfd_open"), (437, "openat2"), (438, "pidfd_getfd"), (444, "Landlock")):
        result = kennel("run", "-p", "work", "--", "true", preexec_fn=hide(number))
        lines = result.stderr.decode().splitlines()
        assert result.returncode == 125 and len(lines) == 1 and word in lines[0], (number, result)
    assert kennel("run", "-p", "off", "--", "true", preexec_fn=hide(437)).returncode == 0


def test_an_abi_that_the_kernel_lacks_is_refused():
    works = ctypes.CDLL(None).syscall(0x40000000 | 39) > 0
    for words in (("run", "-p", "off", "-m", "abi/x32:on", "--", "true"), ("check", "-m", "abi/x32:on"),
                  ("plan", "-p", "off", "-m", "abi/x32:on")):
        result = kennel(*words)
        assert result.returncode == (0 if works else 125), (words, result)
        assert works or b"x32" in result.stderr, (words, result)
    expect(0, "explain", "-m", "abi/x32:on", "-p", "off", "read", "/")


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "commands", sys.argv[1]))
