#!/usr/bin/env python3
"""The runner of the virtual machines tells apart how tests end, and leaves no process behind.

usage: test_runner.py --tap=FILE   (KENNEL_TOP and KENNEL in the environment, as tools/run_tests.py sets them)
"""

import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["KENNEL_TOP"], "tests"))

import tap  # noqa: E402

SAMPLE = pathlib.Path(os.environ["KENNEL"]).parent / "tests/vm/sample"


def sample(*arguments, **environment):
    """(exit status, {test: its line}, all of the output)."""
    result = subprocess.run([SAMPLE, *arguments], capture_output=True, text=True, check=False, timeout=60,
                            env={**os.environ, **environment})
    lines = [line for line in result.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
    return result.returncode, {line.split("::")[1].split()[0]: line for line in lines}, result.stdout


def test_every_end_is_told_apart():
    status, lines, output = sample()
    assert status == 1, status
    good = sorted(name for name, line in lines.items() if line.startswith("ok") and "# SKIP" not in line)
    assert good == ["exits_as_it_should", "passes"], good
    assert lines["is_skipped"].endswith("# SKIP no moon here"), lines["is_skipped"]
    bad = sorted(name for name, line in lines.items() if line.startswith("not ok"))
    assert bad == ["crashes", "exits", "fails_and_goes_on", "fails_at_once", "fails_in_a_child", "hangs"], bad
    assert f"1..{len(lines)}\n" in output and len(lines) == 9, output
    for words in ("said 5", "(2, 3)", '"one", "two"', "reached", "signal 11", "exit status 3", "in the child"):
        assert words in output, (words, output)
    assert "beyond the end" not in output, output


def test_output_is_shown_of_failures_and_notes_of_all():
    _, _, output = sample("--filter=sample/passes")
    assert "# note: 7 things: told" in output and "not told" not in output and "entered" not in output, output
    _, _, output = sample("--filter=sample/crashes")
    assert "# entered" in output, output


def test_a_filter_chooses_and_the_status_is_that_of_the_chosen():
    status, lines, _ = sample("--filter=sample/*s_as_it_should")
    assert status == 0 and list(lines) == ["exits_as_it_should"], lines


def test_a_hanging_test_is_ended_with_its_children_and_later_where_all_is_slower():
    start = time.monotonic()
    status, _, output = sample("--filter=sample/hangs")
    assert status == 1 and "no end within" in output and "are left" not in output, output
    assert time.monotonic() - start < 5
    start = time.monotonic()
    sample("--filter=sample/hangs", KENNEL_TEST_SLOWER="10")
    assert time.monotonic() - start >= 2


def test_several_at_once_give_the_same():
    assert {name: line[:2] for name, line in sample()[1].items()} == \
        {name: line[:2] for name, line in sample("--jobs=4")[1].items()}


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "runner", sys.argv[1]))
