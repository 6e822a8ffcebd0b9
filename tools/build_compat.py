#!/usr/bin/env python3
"""Builds a guest with the compiler for another ABI of the same machine, where there is one.

usage: build_compat.py PROBED OUTPUT SOURCE -- FLAGS...

PROBED is the file in which tools/probe.py names the compiler. Where it is empty, OUTPUT becomes an
empty file that cannot be executed, and the tests that need it skip by name.
"""

import pathlib
import shlex
import subprocess
import sys


def main(probed, output, source, separator, *flags):
    assert separator == "--"
    compiler = shlex.split(pathlib.Path(probed).read_text(encoding="ascii"))
    if compiler:
        return subprocess.run([*compiler, *flags, source, "-o", output], check=False).returncode
    pathlib.Path(output).unlink(missing_ok=True)
    pathlib.Path(output).touch(mode=0o644)
    pathlib.Path(output + ".d").write_text(f"{output}: {source}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
