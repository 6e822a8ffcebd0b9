#!/usr/bin/env python3
"""Compiles or links for fuzzing, with a clang that has libFuzzer, where there is one.

usage: build_fuzz.py PROBED OUTPUT INPUT... -- FLAGS...

PROBED is the file in which tools/probe.py names the compiler. Where it is empty, OUTPUT becomes an
empty file that cannot be executed, and tools/run_fuzz.py skips it by name.
"""

import pathlib
import subprocess
import sys


def main(probed, output, *rest):
    inputs, flags = rest[:rest.index("--")], rest[rest.index("--") + 1:]
    compiler = pathlib.Path(probed).read_text(encoding="ascii").strip()
    if compiler:
        return subprocess.run([compiler, *flags, *inputs, "-o", output], check=False).returncode
    pathlib.Path(output).unlink(missing_ok=True)
    pathlib.Path(output).touch(mode=0o644)
    pathlib.Path(output + ".d").write_text(f"{output}: {' '.join(inputs)}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
