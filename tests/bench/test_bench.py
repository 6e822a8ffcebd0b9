#!/usr/bin/env python3
"""kennel bench: one short run, of which the rows, the JSON and the page are looked at; no figure is judged."""

import functools
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402  (found through the line above)

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
PROGRAMS = KENNEL.parent / "bench"
GROUPS = ["calls", "rules", "processes", "workloads"]
MEASURED = ["native", "filter", "notify-continue", "kennel-emulated"]
OWN = ["native", "filter", "landlock", "notify-continue", "notify-emulate", "ptrace-stop", "ptrace-stops",
       "kennel-off", "kennel-work", "kennel-quiet", "kennel-emulated"]
PEERS = ["bubblewrap", "firejail", "nsjail", "nsjail-notify", "proot", "strace", "gvisor"]
PAIRS = 1


def bench(*words, program=KENNEL, path=None):
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    return subprocess.run([program, "bench", *words], capture_output=True, text=True, check=False, timeout=100,
                          stdin=subprocess.DEVNULL, env=environment)


@functools.cache
def figures():
    """What one run printed, its JSON, and its page."""
    with tempfile.TemporaryDirectory() as folder:
        result = bench("--quick", "--pairs", str(PAIRS), "--no-peers", "--only", ",".join(MEASURED),
                       "--json", f"{folder}/json", "--html", f"{folder}/html")
        assert result.returncode == 0, result
        return (result.stdout, json.loads(pathlib.Path(folder, "json").read_text(encoding="utf-8")),
                pathlib.Path(folder, "html").read_text(encoding="utf-8"))


def rows(group):
    return [row for row in figures()[1]["rows"] if row["group"] == group]


def expect_error(word, *words, **more):
    result = bench(*words, **more)
    assert result.returncode == 125 and not result.stdout, result
    assert word in result.stderr and result.stderr.startswith("kennel bench: "), result.stderr


def test_json_tells_what_the_figures_depend_on():
    told = figures()[1]
    assert told["format"] == 1 and told["pairs"] == PAIRS and told["quick"] is True
    machine = told["machine"]
    assert machine["kernel"] == os.uname().release and machine["cpus"] == len(os.sched_getaffinity(0))
    assert {"cpu", "governor", "load", "load_after", "mitigations", "memory_mb", "smt"} <= set(machine)
    assert [way["name"] for way in told["ways"]] == MEASURED
    assert all(way["about"] and way["command"] is not None for way in told["ways"])


def test_every_row_has_all_its_samples_or_the_reason_why_not():
    for row in figures()[1]["rows"]:
        assert {"group", "name", "place", "unit", "config", "family"} <= set(row), row
        if "missing" in row:
            assert row["missing"] and "value" not in row, row
            continue
        assert len(row["samples"]) == PAIRS and all(sample > 0 for sample in row["samples"]), row
        assert row["value"] == statistics.median(row["samples"]), row
        if "ratio" in row:
            assert row["low"] <= row["ratio"] <= row["high"] and row["pairs"] == PAIRS, row


def test_every_way_has_a_row_for_every_call_and_place():
    calls = [(row["name"], row["place"], row["config"]) for row in rows("calls")]
    names, places = {name for name, _, _ in calls}, {place for _, place, _ in calls}
    assert names == {"getppid", "stat", "open+close", "getdents", "connect"}
    assert places == {"one core", "two cores", "free"}
    assert sorted(calls) == sorted((name, place, way) for name in names for place in places for way in MEASURED)
    for row in rows("calls") + rows("workloads"):
        assert ("ratio" in row) == (row["config"] != "native" and "missing" not in row), row
    assert {(row["name"], row["config"]) for row in rows("workloads")} == {
        (name, way) for name in ("start of a program", "find+tar", "python") for way in MEASURED}


def test_rules_and_processes_are_counted():
    counts = {(row["config"], row["rules"]) for row in rows("rules")}
    assert counts == {(way, count) for way in ("filter", "kennel-emulated")
                      for count in (10, 100, 1000, 10000)}
    assert {(row["config"], row["processes"]) for row in rows("processes")} == {
        (way, count) for way in MEASURED if way != "filter" for count in (1, 8, 64, 512)}
    for row in rows("processes"):
        assert "missing" in row or row["worst"] >= 0.9, row


def test_what_cannot_be_measured_is_named():
    full = [row for row in rows("rules") if row["config"] == "filter" and row["rules"] == 10000]
    assert full and all("4,096 instructions" in row["missing"] for row in full), full
    printed, _, page = figures()
    assert "missing: a filter holds 4,096 instructions" in printed and "4,096 instructions" in page


def test_tables_have_every_way_that_was_measured():
    printed = figures()[0]
    for title in ("ONE CALL", "RULES", "PROCESSES", "JOBS", "IN SHORT"):
        assert f"\n{title}\n" in printed, title
    for way in MEASURED:
        assert len(re.findall(rf"^  {way} +[\d,.]+", printed, re.M)) >= 13, way
    assert "[95 %]" in printed and not re.search(r"\d \[\d", printed), "an interval of fewer than six pairs"


def test_page_loads_nothing_and_is_well_formed():
    page = figures()[2]
    tree = xml.etree.ElementTree.fromstring(page)
    assert not re.search(r"https?:|//[a-z]|\burl\(|@import|\bsrc=|\bhref=", page)
    tags = {element.tag for element in tree.iter()}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "a", "image", "use"}, tags
    assert 'name="viewport"' in page and "prefers-color-scheme: dark" in page


def test_page_shows_every_group_in_plots_and_tables():
    tree = xml.etree.ElementTree.fromstring(figures()[2])
    sections = tree.findall("body/section")
    assert len(sections) == len(GROUPS) + 1
    for section in sections[:-1]:
        assert section.findall(".//figure/svg") and section.findall(".//table"), section.find("h2").text
        assert all(plot.get("aria-label") for plot in section.findall(".//figure/svg"))
    assert [entry.text for entry in tree.findall(".//dt")] == MEASURED
    cells = sum(len(table.findall("tbody/tr")) for table in tree.iter("table"))
    assert cells == len(figures()[1]["rows"])


def test_plots_stay_inside_their_frame():
    for svg in xml.etree.ElementTree.fromstring(figures()[2]).iter("svg"):
        width, height = map(float, svg.get("viewBox").split()[2:])
        for element in svg.iter():
            for name, most in (("x", width), ("x1", width), ("x2", width), ("y", height), ("y1", height)):
                assert 0 <= float(element.get(name, 0)) <= most, (element.attrib, svg.get("aria-label"))


def test_list_names_all_ways_and_measures_nothing():
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(shutil.which("python3"), f"{folder}/python3")
        result = bench("--list", path=folder)
        assert result.returncode == 0 and not result.stderr, result
        lines = dict(re.findall(r"^  (\S+) +(\S.*)$", result.stdout, re.M))
        assert list(lines) == OWN + PEERS
        assert all(lines[peer] == "missing: not installed" for peer in PEERS), lines
        assert not any(lines[way].startswith("missing") for way in OWN if way != "landlock"), lines
        assert list(dict(re.findall(r"^  (\S+) +(\S.*)$", bench("--list", "--no-peers").stdout, re.M))) == OWN


def test_a_peer_that_cannot_run_here_is_named_with_its_reason():
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(shutil.which("python3"), f"{folder}/python3")
        for name, script in (("proot", "echo not on this machine >&2; exit 3"), ("bwrap", 'shift 4; exec "$@"'),
                             ("nsjail", 'echo "--chroot"; exit 1')):
            pathlib.Path(folder, name).write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
            os.chmod(f"{folder}/{name}", 0o755)
        listing = bench("--list", path=folder).stdout
        assert re.search(r"^  proot +missing: cannot run here: status 3: not on this machine$", listing, re.M), listing
        assert re.search(r"^  bubblewrap +namespaces", listing, re.M), listing
        assert re.search(r"^  nsjail-notify +missing: this nsjail has no --seccomp_unotify$", listing, re.M), listing


def test_mechanisms_are_what_they_are_called():
    def status(how, field):
        out = subprocess.check_output([PROGRAMS / "intercept", how, "cat", "/proc/self/status"], text=True)
        return int(re.search(rf"^{field}:\s+(\d+)", out, re.M)[1])

    for how in ("filter", "filter=10", "notify"):
        assert status(how, "Seccomp") == 2 and status(how, "TracerPid") == 0, how
    for how in ("stop", "stops"):
        assert status(how, "Seccomp") == 2 and status(how, "TracerPid") != 0, how
    assert subprocess.run([PROGRAMS / "intercept", "notify", "sh", "-c", "exit 7"], check=False).returncode == 7
    assert subprocess.run([PROGRAMS / "intercept", "stops", "sh", "-c", "exit 7"], check=False).returncode == 7
    cpu = max(os.sched_getaffinity(0))
    pinned = subprocess.check_output([PROGRAMS / "intercept", f"pin={cpu}", "cat", "/proc/self/status"], text=True)
    assert re.search(rf"^Cpus_allowed_list:\s+{cpu}$", pinned, re.M), pinned


def test_a_crowd_that_fails_is_an_error():
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run([PROGRAMS / "crowd", "16", "20", file.name, "open"], capture_output=True, text=True,
                              check=False)
        assert re.fullmatch(r"rate \d+ median_ns \d+ worst_ns \d+\n", done.stdout) and done.returncode == 0, done
    done = subprocess.run([PROGRAMS / "crowd", "16", "20", "/nonexistent", "stat"], capture_output=True, check=False)
    assert done.returncode == 1 and not done.stdout, done


def test_mistakes_are_told_before_anything_is_measured():
    expect_error("unknown option: --fast", "--fast")
    expect_error("--pairs", "--pairs", "0")
    expect_error("--json", "--json")
    expect_error("'everything' is not one of", "--only", "everything")
    expect_error("No such file or directory", "--json", "/nonexistent/figures")


def test_it_works_where_it_is_installed_and_says_so_where_it_is_not():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/bin")
        program = shutil.copy(KENNEL, f"{folder}/bin/kennel")
        expect_error("not installed", "--quick", program=program)
        assert subprocess.run([program, "bench", "--help"], capture_output=True, check=False).returncode == 0
        shutil.copytree(PROGRAMS, f"{folder}/libexec/kennel/bench")
        listing = bench("--list", "--no-peers", program=program)
        assert listing.returncode == 0 and "kennel-emulated   Kennel with" in listing.stdout, listing
        expect_error("cannot run python3", "--list", program=program, path=f"{folder}/bin")


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "bench", sys.argv[1]))
