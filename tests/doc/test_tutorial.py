#!/usr/bin/env python3
"""doc/TUTORIAL.md: every command in it is run, in order, and prints what is shown below it.

A block of code holds commands, each behind `$ ` (further lines of one behind `> `), and what they print. A
line of dots stands for any lines. The folder in which all this happens is shown as /home/ada.
`--write` puts what was printed into the tutorial, to be looked at.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402  (found through the line above)

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
TUTORIAL = TOP / "doc" / "TUTORIAL.md"
SHOWN_HOME = "/home/ada"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


def steps():
    """[command, output that is shown] of the whole tutorial, in order."""
    found = []
    for block in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append([line[2:], ""])
            elif line.startswith("> "):
                found[-1][0] += "\n" + line[2:]
            else:
                found[-1][1] += line + "\n"
    return found


def printed(found):
    """What each command prints, with our own folder under the name that the tutorial gives it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(os.path.realpath(folder))
        (folder / "bin").mkdir()
        (folder / "bin" / "kennel").symlink_to(KENNEL)
        home = folder / "home"
        home.mkdir()
        lines = [f"{{\n{command}\n}} > {folder}/out.{index} 2>&1 < /dev/null"
                 for index, (command, _) in enumerate(found)]
        (folder / "script").write_text("\n".join(lines) + "\n", encoding="utf-8")
        subprocess.run(["bash", "--norc", str(folder / "script")], check=False, cwd=home, timeout=100,
                       env={"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"})
        return [(folder / f"out.{index}").read_text(encoding="utf-8").replace(str(home), SHOWN_HOME)
                for index in range(len(found))]


def agrees(shown, output):
    parts = re.split(r"^\.\.\.\n", shown, flags=re.M)
    return re.fullmatch(".*".join(map(re.escape, parts)), output, re.S) is not None


def test_every_command_prints_what_is_shown():
    found = steps()
    assert len(found) > 20
    wrong = [f"$ {command}\n{output}instead of\n{shown}"
             for (command, shown), output in zip(found, printed(found)) if not agrees(shown, output)]
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_block_of_code_is_run():
    text = TUTORIAL.read_text(encoding="utf-8")
    assert text.count("\n```console\n") * 2 == text.count("\n```"), "a block that is no console"
    assert all(block.startswith("$ ") for block in BLOCK.findall(text))


def test_what_is_shown_is_compared():
    assert agrees("a\n...\nb\n", "a\nx\ny\nb\n") and not agrees("a\n...\nb\n", "a\nx\n") and not agrees("a\n", "a\nb\n")


def write():
    """Puts the real outputs in the place of those that do not agree."""
    text = TUTORIAL.read_text(encoding="utf-8")
    outputs = iter(zip(steps(), printed(steps())))

    def block(match):
        lines = []
        for _ in range(sum(line.startswith("$ ") for line in match[1].splitlines())):
            (command, shown), output = next(outputs)
            lines.append("$ " + command.replace("\n", "\n> ") + "\n" + (shown if agrees(shown, output) else output))
        return "```console\n" + "".join(lines) + "```"

    TUTORIAL.write_text(BLOCK.sub(block, text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(write() if sys.argv[1] == "--write" else tap.run(globals(), "tutorial", sys.argv[1]))
