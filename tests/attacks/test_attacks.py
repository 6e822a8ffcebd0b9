#!/usr/bin/env python3
"""Attacks on what a sandbox holds, each natively, where it works on something that belongs to the test, and under
Kennel, where it does not; as root and as an ordinary user. The results are a table (attacks.txt), which is shown.
Numbers are those of doc/ATTACKS.md: each is tested here or elsewhere, or there is a reason.

The races take as long as KENNEL_RACE_MS and KENNEL_RACE_TRIES say, at most a minute each; a second without them."""

import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import threading

TOP = pathlib.Path(os.environ.get("KENNEL_TOP", ".")).resolve()
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests/attacks")]

import place  # noqa: E402
import scenarios  # noqa: E402
import tap  # noqa: E402

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
GUESTS = pathlib.Path(os.environ.get("KENNEL_GUESTS", "build/guests")).resolve()
TABLE = pathlib.Path(os.environ.get("KENNEL_TABLES", KENNEL.parent)) / "attacks.txt"
USERS = {"root": 0, "user": place.NOBODY} if os.geteuid() == 0 else {"user": os.geteuid()}
NUMBERS = range(1, 95)
JOBS = 4
DEADLINE_S = 60
RACE_MS = str(min(60000, int(os.environ.get("KENNEL_RACE_MS", "1000"))))
RACE_TRIES = os.environ.get("KENNEL_RACE_TRIES", "20000")
CONTROL_MS, CONTROLS, RETRIES = "100", 100, 5
ONE_SIDED = "wrong nothing was allowed"
COUNTS = re.compile(r"(tries|good|evil|refused|killed) (\d+)")
LINE = re.compile(r"^(works|nothing|refused \S+|wrong .*)$", re.M)

Outcome = collections.namedtuple("Outcome", "line notes text harm")
# (row, user) -> (native, under Kennel)
results, results_lock = {}, threading.Lock()
places = itertools.count()
top = None


def command_of(row, at, tries, milliseconds):
    words = [word.format(**at.words, ms=RACE_MS) for word in shlex.split(row.command)]
    words[0] = str(top.bin / words[0]) if "/" not in words[0] else words[0]
    if row.native == "won":
        # Until both sides were seen, which takes time where others are busy; natively nothing is refused.
        words += [tries, milliseconds, "0" if milliseconds == CONTROL_MS else "20000"]
    return words


def run(row, at, command):
    """Runs it in the place; what came of it."""
    swapper = None
    if row.outside:
        # pylint: disable-next=consider-using-with
        swapper = subprocess.Popen([top.bin / row.outside[0], *row.outside[1:]], cwd=at.box, **at.identity())
    try:
        done = subprocess.run(command, cwd=at.box, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              pass_fds=(at.mark,), start_new_session=True,
                              timeout=DEADLINE_S + int(RACE_MS) / 1000, umask=0o22, **at.identity())
    finally:
        if swapper:
            swapper.kill()
            swapper.wait()
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    text = f"{' '.join(map(str, command))}\nstatus {done.returncode}\n{out[-3000:]}{err[-3000:]}"
    notes = [line for line in out.splitlines() if line.startswith("note:")]
    return Outcome(judge(row, done.returncode, out, err), notes, text, at.harm())


def judge(row, status, out, err):
    """The line of the table."""
    if status < 0 or "Sanitizer" in err or "runtime error:" in err:
        return f"crash ({status})"
    if row.native == "won":
        counts = {name: int(number) for name, number in COUNTS.findall(out)}
        if status not in (0, 1) or "tries" not in counts:
            return f"wrong status {status}"
        if not counts["evil"] and not counts["good"]:
            return ONE_SIDED
        return f"{'won' if counts['evil'] else 'lost'} ({counts['tries']} tries)"
    lines = LINE.findall(out)
    if status > 128 and not lines:
        return f"killed {status - 128}"
    if not lines and status == 0 and not out:
        return "ended"
    return lines[-1] if lines and status == 0 else f"wrong status {status}"


# doc/kennel.5, allow_unsafe/caps
KEPT = ("chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap net_bind_service net_broadcast "
        "net_raw ipc_lock sys_nice sys_resource mknod lease audit_write setfcap").split()


def lesser_root(row, name):
    """What is to end the same is held against a root with the capabilities that a payload keeps."""
    if row.kennel != "same" or name != "root":
        return []
    return ["setpriv", f"--bounding-set=-all,{','.join('+' + kept for kept in KEPT)}", "--"]


def native(row, name, user):
    expected = row.native[name != "root"] if isinstance(row.native, tuple) else row.native
    for _ in range(CONTROLS if expected == "won" else 1):
        with place.Place(top, str(next(places)), row, user) as at:
            outcome = run(row, at, [*lesser_root(row, name), *command_of(row, at, RACE_TRIES, CONTROL_MS)])
        if expected == "won" and outcome.harm and outcome.line.startswith("lost"):
            outcome = outcome._replace(line=outcome.line.replace("lost", "won"))
        if outcome.line.startswith(expected):
            return outcome
    raise AssertionError(f"{row.number} {row.what}: natively {outcome.line}, not {expected}\n{outcome.text}")


def guarded_once(row, user):
    with place.Place(top, str(next(places)), row, user) as at:
        words = command_of(row, at, RACE_TRIES, RACE_MS)
        options = [word.format(**at.words) for word in row.policy]
        command = [str(top.kennel), "run", *options, "--", *words]
        if "{kennel}" in row.command:
            # The shell becomes Kennel, and so knows its number.
            assert words[-1] == str(at.other.pid)
            command = ["sh", "-c", 'exec "$@" $$', "sh", *command[:-1]]
        return run(row, at, command)


def guarded(row, name, user, natively):
    outcome = guarded_once(row, user)
    for _ in range(RETRIES):
        # Where others are busy, whoever flips may never have had a processor.
        if outcome.line != ONE_SIDED:
            break
        outcome = guarded_once(row, user)
    expected = row.kennel[name != "root"] if isinstance(row.kennel, tuple) else row.kennel
    about = f"{row.number} {row.what}: as {name} {outcome.line}"
    if expected == "same":
        text = f"{about}\n{natively.text}\n{outcome.text}"
        assert (outcome.line, outcome.notes) == (natively.line, natively.notes), text
    else:
        assert outcome.line.startswith(expected) and not outcome.line.startswith("works"), f"{about}\n{outcome.text}"
    assert not outcome.harm, f"{about}: {outcome.harm}\n{outcome.text}"
    if "forge" in row.command:
        records = [json.loads(line) for line in outcome.text.splitlines() if line.startswith("{")]
        assert records and all(record["act"] == "deny" for record in records), outcome.text
    return outcome


def attack(row, name):
    """Both runs of a row as this user; the error, or None."""
    natively = under = "failed"
    error = None
    try:
        outcome = None
        natively = "not run"
        if row.native is not None:
            outcome = native(row, name, USERS[name])
            natively = outcome.line
        under = guarded(row, name, USERS[name], outcome).line
    except Exception as failure:  # pylint: disable=broad-except  (any error is a failure of this row alone)
        error = f"as {name}: {row.number} {row.what}: {type(failure).__name__} {failure}"
    with results_lock:
        results[row, name] = (natively, under)
    return error


def check(family):
    jobs = [(row, name) for row in scenarios.FAMILIES[family] for name in USERS]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        errors = [error for error in pool.map(lambda job: attack(*job), jobs) if error]
    assert not errors, "\n".join(errors)


def test_races():
    check("races")


def test_paths():
    check("paths")


def test_proc():
    check("proc")


def test_exec():
    check("exec")


def test_abi():
    check("abi")


def test_life():
    check("life")


def test_net():
    check("net")


def test_devices():
    check("devices")


def test_metadata():
    check("metadata")


def documented():
    """The numbers of doc/ATTACKS.md: those that are tested, and those that are not."""
    text = (TOP / "doc/ATTACKS.md").read_text(encoding="utf-8")
    tested, reasons = text.split("## Not tested")
    return [[int(number) for number in re.findall(r"^\| (\d+) \|", part, re.M)] for part in (tested, reasons)]


def test_the_page_has_each_number_once():
    tested, reasons = documented()
    rows = {row.number for rows in scenarios.FAMILIES.values() for row in rows if row.number}
    covered = rows | {number for number, *_ in scenarios.POINTERS}
    assert sorted(tested + reasons) == list(NUMBERS), set(NUMBERS) ^ set(tested + reasons)
    assert covered == set(tested), covered ^ set(tested)


def test_the_tests_that_rows_point_to_are_there():
    for number, _, names in scenarios.POINTERS:
        for name in names:
            path, test = name.split("::")
            text = (TOP / "tests" / path).read_text(encoding="utf-8")
            assert re.search(rf"\b{test}\b", text), (number, name)


def write_table():
    ways = "".join(f"{f'{name}: natively':25}{f'{name}: under Kennel':25}" for name in USERS)
    lines = [f"{'':3}{'attack':62}{ways}"]
    rows = sorted((row for rows in scenarios.FAMILIES.values() for row in rows), key=lambda row: row.number or 99)
    for row in rows:
        cells = [cell for name in USERS for cell in results.get((row, name), ("not run", "not run"))]
        lines.append(f"{row.number or '':<3}{row.what:62}" + "".join(f"{cell:25}" for cell in cells))
    lines += [f"{number:<3}{what:62}{' '.join(names)}" for number, what, names in scenarios.POINTERS]
    TABLE.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))
    print(f"note: {len(results)} attacks: natively and under Kennel")


def main():
    global top  # pylint: disable=global-statement
    top = place.Top(KENNEL, GUESTS)
    try:
        status = tap.run(globals(), "attacks", sys.argv[1])
    finally:
        top.remove()
    write_table()
    return status


if __name__ == "__main__":
    sys.exit(main())
