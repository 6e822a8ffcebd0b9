#!/usr/bin/env python3
"""The manual pages: each names the options of its command and no other, and is well formed."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402  (found through the line above)

KENNEL = str(pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve())
OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
# Lines of source may be as long as those of the rest of the tree.
LINT_IGNORED = "STYLE: input text line longer than 80 bytes"


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=30, cwd=TOP, **more)


def commands():
    """The names that kennel --help lists."""
    return re.findall(r"^  ([a-z]+) +\S", run(KENNEL, "--help").stdout, re.M)


def options_of(*command):
    """The options that --help of a command lists: what stands first in a line, up to the description."""
    found = set()
    for line in run(KENNEL, *command, "--help").stdout.splitlines():
        if re.match(r"  -", line):
            found |= set(OPTION.findall(re.split(r"\s{2,}", line.strip())[0]))
    return found


def page(name):
    return (TOP / "doc" / name).read_text(encoding="utf-8")


def text_of(name):
    """The page without its markup, as far as options are concerned."""
    text = re.sub(r"\\f[A-Z]|\\-", lambda match: "-" if match[0] == r"\-" else "", page(name))
    return re.sub(r'^\.(TH|SH|SS|so|\\").*$', "", text, flags=re.M).replace('"', " ")


def headings(name):
    """The options that a page describes: the lines below .TP, and the list of policy options."""
    lines = text_of(name).splitlines()
    heads = [line for before, line in zip(lines, lines[1:]) if before.strip() == ".TP"]
    heads += [line for line in lines if line.startswith(".BI -")]
    return {option for line in heads for option in OPTION.findall(line)}


def test_every_command_has_a_page_and_every_page_a_command():
    pages = {path.stem.removeprefix("kennel-") for path in (TOP / "doc").glob("kennel-*.1")}
    assert pages == set(commands()), pages ^ set(commands())


def test_pages_describe_every_option_of_the_command_and_no_other():
    for command in commands():
        options, described = options_of(command), headings(f"kennel-{command}.1")
        assert options, command
        assert described == options, f"{command}: {described ^ options}"
    assert headings("kennel.1") == options_of()


def test_pages_name_no_option_that_does_not_exist():
    known = set().union(*(options_of(command) for command in commands()), options_of(), {"--connect", "--bind"})
    for path in sorted((TOP / "doc").glob("*.[15]")):
        named = {word for word in OPTION.findall(text_of(path.name)) if word.startswith("--")}
        assert not named - known, f"{path.name}: {named - known}"


def test_every_option_that_is_listed_is_taken():
    for command in commands():
        for option in sorted(options_of(command) - {"--help"}):
            alone = ["--list"] if command == "bench" else []  # what it would do, and no more
            result = run(KENNEL, command, option, *alone, env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL)
            assert "unknown argument" not in result.stderr and "unknown option" not in result.stderr, (command, option)


def test_an_option_that_does_not_exist_is_an_error():
    for command in commands():
        if command != "quote":  # takes any string
            assert run(KENNEL, command, "--no-such-option").returncode == 125, command


def test_pages_refer_to_pages_that_exist():
    for path in sorted((TOP / "doc").glob("*.[15]")):
        for name, section in re.findall(r"^\.BR (kennel\S*) \((\d)\)", page(path.name), re.M):
            assert (TOP / "doc" / f"{name.replace(chr(92), '')}.{section}").exists(), (path.name, name)


def test_pages_are_listed_for_installation():
    manifest = (TOP / "configure.py").read_text(encoding="utf-8")
    for path in sorted((TOP / "doc").glob("*.[15]")):
        assert f"doc/{path.name}" in manifest, path.name


def test_pages_are_well_formed_for_mandoc():
    if not shutil.which("mandoc"):
        raise tap.Skip("mandoc is not installed")
    for path in sorted((TOP / "doc").glob("*.[15]")):
        found = [line for line in run("mandoc", "-Tlint", str(path)).stdout.splitlines() if LINT_IGNORED not in line]
        assert not found, "\n".join(found)


def test_pages_are_well_formed_for_groff():
    if not shutil.which("groff") or run("groff", "-man", "-Tascii", "doc/kennel.1").returncode != 0:
        raise tap.Skip("groff is not installed, or without the man macros")
    for path in sorted((TOP / "doc").glob("*.[15]")):
        found = [line for line in run("groff", "-t", "-ww", "-man", "-Tascii", str(path)).stderr.splitlines()
                 if "cannot adjust line" not in line]
        assert not found, "\n".join(found)


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "pages", sys.argv[1]))
