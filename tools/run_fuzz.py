#!/usr/bin/env python3
"""Runs the fuzz targets one after another, each for its part of the time.

usage: run_fuzz.py --builddir DIR --seconds N [--keep] TARGET...

A target starts from tests/fuzz/corpus/NAME. What it finds lies in DIR/fuzz/found, and is run again with
`TARGET FILE`. With --keep the corpus is replaced by the fewest small inputs that reach as much of the code.
The last line, also kept in DIR/fuzz/counts, is "N passed, N failed, N skipped".
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
# An input that takes this long, or so much memory, is a finding.
LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=1024"]
INPUT_MAX = 600
CORPUS_MAX_KB = 64  # of each target


def environment():
    options = {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1", "LC_ALL": "C.UTF-8"}
    return {**options, **os.environ}


def run(command, log, seconds):
    """True when the command found nothing; its output in log."""
    with open(log, "wb") as file, tempfile.TemporaryDirectory(prefix="kennel-fuzz-") as folder:
        try:
            return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=folder,
                                  env=environment(), timeout=seconds + 120, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False


def fuzz(target, seconds, folder):
    """Runs one target; True when it found nothing."""
    name = target.name.removeprefix("fuzz_")
    corpus, fresh, log = TOP / "tests/fuzz/corpus" / name, folder / "new" / name, folder / f"{name}.log"
    fresh.mkdir(parents=True, exist_ok=True)
    dictionary = TOP / "tests/fuzz" / f"{name}.dict"
    command = [target, f"-max_total_time={seconds}", f"-max_len={INPUT_MAX}", *LIMITS, "-print_final_stats=1",
               f"-artifact_prefix={folder}/found/{name}-",
               *([f"-dict={dictionary}"] if dictionary.exists() else []), fresh, corpus]
    good = run(command, log, seconds)
    text = log.read_text(encoding="utf-8", errors="replace")
    done = re.search(r"number_of_executed_units: (\d+)", text)
    if good and not done:
        good = False
    print(f"fuzz/{name}: {done.group(1) if done else 'no'} inputs in {seconds} s, "
          f"{'nothing found' if good else 'FOUND something'}", flush=True)
    if not good:
        for line in text.splitlines()[-60:]:
            print(f"  | {line}", flush=True)
    return good


def keep(target, folder):
    """Makes the corpus small again."""
    name = target.name.removeprefix("fuzz_")
    corpus, fresh, merged = TOP / "tests/fuzz/corpus" / name, folder / "new" / name, folder / "merged"
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir(parents=True)
    command = [target, "-set_cover_merge=1", "-use_counters=0", f"-max_len={INPUT_MAX}", merged, corpus, fresh]
    if not run(command, folder / "merge.log", 600):
        return
    shutil.rmtree(corpus)
    corpus.mkdir()
    size = 0
    for path in sorted(merged.iterdir(), key=lambda path: (path.stat().st_size, path.name)):
        size += path.stat().st_size
        if size <= CORPUS_MAX_KB * 1024:
            shutil.copyfile(path, corpus / path.name[:12])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--builddir", required=True, type=pathlib.Path)
    parser.add_argument("--seconds", required=True, type=int, help="of all targets together")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("targets", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    folder = arguments.builddir.resolve() / "fuzz"
    shutil.rmtree(folder / "found", ignore_errors=True)
    (folder / "found").mkdir(parents=True)
    passed, failed, skipped = [], [], []
    for target in map(pathlib.Path.resolve, arguments.targets):
        if not os.access(target, os.X_OK):
            print(f"skipped: fuzz/{target.name}: no clang with libFuzzer here")
            skipped.append(target)
            continue
        good = fuzz(target, arguments.seconds // len(arguments.targets), folder)
        (passed if good else failed).append(target)
        if good and arguments.keep:
            keep(target, folder)
    counts = f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped"
    (folder / "counts").write_text(counts + "\n", encoding="ascii")
    print(counts, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
