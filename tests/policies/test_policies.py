#!/usr/bin/env python3
"""The corpus of policies: valid ones decide as their .decisions say, invalid ones say their .messages.

A line of a .decisions file is `ACTION CATEGORIES NAME [@[FILE:]LINE]`: what kennel explain answers for
the policy beside it, and the rule that decides (without @: none does). ACTION is that of the language,
or refuse where a setting refuses. A NAME in quotes has python's escapes. Each answer is also put to
the test: the policy with the change that explain proposes behind it must answer the other way.
A .messages file holds every error of the policy beside it, as kennel check prints them; --write
writes these files anew, to be looked at.
"""

import ast
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import tap  # noqa: E402  (found through the line above)

KENNEL = str(pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve())
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/home/u", "WORD": "/srv/data", "STAR": "/a*b",
               "SLASH": "/s/", "EMPTY": ""}
DECISION = re.compile(rb'(\w+) ([a-z/,]+) ("(?:\\.|[^"])*"|\S+)(?: @(\S+))?$')


def kennel(*words, cwd=HERE, **more):
    return subprocess.run([KENNEL, *words], capture_output=True, check=False, cwd=cwd, env=ENVIRONMENT, timeout=30,
                          **more)


def policies(folder):
    return sorted(path for ending in ("kennel", "syd-3") for path in (HERE / folder).glob(f"*.{ending}"))


# ---- Valid ones ------------------------------------------------------------------------

def decisions(path):
    """(action, categories, name, origin or None) of each line beside the policy."""
    beside = path.with_suffix(".decisions")
    for line in beside.read_bytes().splitlines() if beside.exists() else ():
        if line and not line.startswith(b"#"):
            match = DECISION.match(line)
            assert match, f"{beside.name}: {line}"
            name = match[3]
            if name.startswith(b'"'):
                name = ast.literal_eval("b" + name.decode("latin-1"))
            origin = match[4].decode() if match[4] else None
            if origin and ":" not in origin:
                origin = f"{path.name}:{origin}"
            yield match[1].decode(), match[2].decode(), name, origin


def explain(path, categories, name, *options):
    result = kennel("explain", path.name, *options, "--literal", "--json", "--", categories, name, cwd=path.parent)
    assert result.returncode in (0, 1), (path.name, name, result.stderr)
    answers = json.loads(result.stdout)["answers"]
    assert result.returncode == int(any(not answer["allowed"] for answer in answers)), (path.name, name)
    return answers


def expect_answer(path, answer, expected, origin):
    where = f"{path.name}: {answer['category']} {answer['judged']}: {answer}"
    if expected == "refuse":
        assert answer["reason"] and not answer["allowed"], where
        return
    assert answer["action"] == expected and not answer["reason"], where
    assert answer["allowed"] == (expected in ("allow", "warn")), where
    rule = answer["rule"]
    assert (f"{rule['file']}:{rule['line']}" if rule else None) == origin, where


def expect_change(path, answer, name):
    """What explain proposes turns the answer round."""
    options = [word for command in answer["change"] for word in ("-m", command)]
    if options:
        changed = explain(path, answer["category"], name, *options)[0]
        assert changed["allowed"] != answer["allowed"], f"{path.name}: {answer} -> {changed}"


def expect_decisions(path):
    count = 0
    for expected, categories, name, origin in decisions(path):
        for answer in explain(path, categories, name):
            expect_answer(path, answer, expected, origin)
            expect_change(path, answer, name)
            count += 1
    return count


def test_valid_policies_decide_as_documented():
    counts = [expect_decisions(path) for path in policies("valid")]
    assert sum(counts) > 150, counts


def test_policies_of_syd_decide_as_its_users_expect():
    paths = policies("syd")
    assert len(paths) == 20
    for path in paths:
        assert expect_decisions(path) >= 3, path.name


def test_policies_of_syd_run_what_they_allow():
    for name, command, status in (("01-nothing", ["true"], 127), ("02-run-true", ["true"], 0),
                                  ("02-run-true", ["cat", "/etc/passwd"], 1),
                                  ("04-readonly", ["cat", "/etc/passwd"], 0),
                                  ("07-capture-the-flag", ["cat", "/etc/passwd"], 1),
                                  ("07-capture-the-flag", ["cat", "/etc/hostname"], 0),
                                  ("14-masks-and-logs", ["grep", ".", "/proc/version"], 1)):
        result = kennel("run", "-P", f"{name}.syd-3", "--", *command, cwd=HERE / "syd", stdin=subprocess.DEVNULL)
        assert result.returncode == status, (name, command, result.returncode, result.stderr)


def test_valid_policies_print_as_policies_that_are_the_same():
    with tempfile.TemporaryDirectory() as folder:
        for path in policies("valid") + policies("syd"):
            first = kennel("check", "-P", path.name, "--print", cwd=path.parent)
            assert first.returncode == 0, (path.name, first.stderr)
            again = pathlib.Path(folder) / "again.kennel"
            again.write_bytes(first.stdout)
            second = kennel("check", "-P", str(again), "--print")
            assert second.stdout == first.stdout, (path.name, second.stderr)
            # A relative name is taken from another folder there.
            rows = [row for row in decisions(path) if not row[2].startswith(b".")]
            for expected, categories, name, _ in rows:
                for answer in explain(again, categories, name):
                    found = "refuse" if answer["reason"] else answer["action"]
                    assert found == expected, (path.name, expected, name, answer)


def test_valid_policies_have_no_errors_as_json():
    for path in policies("valid") + policies("syd"):
        result = kennel("check", "-P", path.name, "--json", cwd=path.parent)
        assert result.returncode == 0 and json.loads(result.stdout)["errors"] == [], path.name


# ---- Invalid ones ----------------------------------------------------------------------

def test_invalid_policies_say_all_their_errors_at_once():
    for path in policies("invalid"):
        result = kennel("check", "-P", path.name, cwd=path.parent)
        assert result.returncode == 125 and not result.stdout, path.name
        expected = path.with_suffix(".messages").read_bytes()
        assert result.stderr == expected, f"{path.name}:\n{result.stderr.decode()}"


def test_invalid_policies_say_the_same_as_json():
    for path in policies("invalid"):
        result = kennel("check", "-P", path.name, "--json", cwd=path.parent)
        assert result.returncode == 125 and not result.stderr, path.name
        found = json.loads(result.stdout)
        lines = path.with_suffix(".messages").read_text(encoding="utf-8", errors="replace").splitlines()
        assert found["error_count"] == len(found["errors"]) == len(lines), path.name
        for error, line in zip(found["errors"], lines):
            assert line.startswith(f"{error['file']}:{error['line']}:{error['column']}: "), line
            assert (error["nearest"] is None) == ("did you mean" not in line), line
            assert error["nearest"] is None or f"(did you mean '{error['nearest']}'?)" in line, line
            assert error["expected"] is None or f"expected {error['expected']}" in line, line
            assert error["expected"] or not re.search(r": expected |, expected ", line), line


def test_nothing_runs_with_a_policy_that_has_an_error():
    with tempfile.TemporaryDirectory() as folder:
        for path in policies("invalid"):
            result = kennel("run", "-P", path.name, "--", "touch", f"{folder}/made", cwd=path.parent)
            assert result.returncode == 125, path.name
        assert not os.listdir(folder)


# ---- Files that are no policies --------------------------------------------------------

def refused(path, word, *, cwd):
    result = kennel("check", "-P", str(path), cwd=cwd)
    assert result.returncode == 125 and word in result.stderr.decode(), result.stderr


def test_files_that_others_could_have_written_are_refused():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        inner, outer = folder / "inner.kennel", folder / "outer.kennel"
        inner.write_text("allow/read+/x\n", encoding="ascii")
        outer.write_text("include inner.kennel\n", encoding="ascii")
        inner.chmod(0o666)
        for path in (inner, outer):
            refused(path, "expected a file that not everybody may write", cwd=folder)
        inner.chmod(0o644)
        assert kennel("check", "-P", str(outer)).returncode == 0
        if os.geteuid() != 0:
            raise tap.Skip("only root can give a file away")
        os.chown(inner, 65534, 65534)
        for path in (inner, outer):
            refused(path, "expected a file that belongs to root or to you", cwd=folder)


def test_what_is_no_regular_file_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        os.mkfifo(folder / "fifo.kennel")
        (folder / "folder.kennel").mkdir()
        (folder / "null.kennel").symlink_to("/dev/null")
        (folder / "outer.kennel").write_text("include fifo.kennel\n", encoding="ascii")
        for name in ("fifo.kennel", "folder.kennel", "null.kennel", "outer.kennel"):
            refused(name, "expected a regular file", cwd=folder)
        refused("missing.kennel", "No such file", cwd=folder)
        refused("missing.txt", "expected the name of a .kennel, .syd-3, .ipset or .netset file", cwd=folder)


def test_includes_go_sixteen_deep_and_no_deeper():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "1.kennel").write_text("allow/read+/x\n", encoding="ascii")
        for depth in range(2, 18):
            (folder / f"{depth}.kennel").write_text(f"include {depth - 1}.kennel\n", encoding="ascii")
        assert kennel("check", "-P", "16.kennel", cwd=folder).returncode == 0
        refused("17.kennel", "2.kennel:1:9: expected at most 16 includes within each other", cwd=folder)


def test_what_is_too_much_is_refused_in_bounded_time():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "junk.kennel").write_bytes(bytes(range(256)) * 4096)
        refused("junk.kennel", "and ", cwd=folder)
        (folder / "long.kennel").write_bytes(b"allow/read+/" + b"a" * 40000 + b"\n")
        refused("long.kennel", "expected a line of at most", cwd=folder)
        with open(folder / "huge.kennel", "wb") as file:
            file.truncate(1 << 40)
        refused("huge.kennel", "expected at most 16 MiB of policy", cwd=folder)
        (folder / "twice.kennel").write_text("include one.kennel\n" * 1100, encoding="ascii")
        (folder / "one.kennel").write_text("allow/read+/x\n", encoding="ascii")
        refused("twice.kennel", "expected at most 1024 policy files", cwd=folder)
        (folder / "braces.kennel").write_text("allow/read+/" + "{a,b}" * 9 + "\n", encoding="ascii")
        refused("braces.kennel", "expected at most 256 alternatives", cwd=folder)
        (folder / "braces.kennel").write_text("allow/read+/" + "{a,b}" * 200 + "\n", encoding="ascii")
        refused("braces.kennel", "expected fewer or shorter alternatives", cwd=folder)


def write_rules(path, count):
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"allow/read+/{number:x}\n" for number in range(count))


def test_many_rules_load_and_too_many_are_refused():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "many.kennel"
        write_rules(path, 200000)
        answer, = explain(path, "read", f"/{200000 - 1:x}")
        assert answer["rule"]["line"] == 200000
        write_rules(path, 1000000)
        refused(path, "expected at most 16 MiB of policy", cwd=folder)


def write_messages():
    for path in policies("invalid"):
        path.with_suffix(".messages").write_bytes(kennel("check", "-P", path.name, cwd=path.parent).stderr)


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        sys.exit(write_messages())
    sys.exit(tap.run(globals(), "policies", sys.argv[1]))
