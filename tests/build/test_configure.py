#!/usr/bin/env python3
"""The build description: what ./configure.py writes is what is committed, on every machine."""

import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


class Skip(Exception):
    pass


def configure(*arguments):
    command = [sys.executable, str(TOP / "configure.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)


def test_committed_build_file_is_what_configure_writes():
    committed = (TOP / "build.ninja").read_text(encoding="ascii")
    if re.search(r"configure\.py +-", committed):
        raise Skip("this tree was configured with arguments")
    assert configure("--stdout").stdout == committed


def test_build_file_holds_nothing_of_this_machine():
    text = configure("--stdout").stdout
    assert str(TOP) not in text
    assert not re.search(r"-march|/usr/(include|lib)", text)


def test_each_variant_builds_into_its_own_folder():
    for arguments, folder in ((["--variant", "static"], "build/static"), (["--variant", "debug"], "build/debug"),
                              (["--cross", "aarch64-linux-gnu"], "build/aarch64-linux-gnu")):
        text = configure("--stdout", *arguments).stdout
        assert re.search(rf"^builddir = {folder}$", text, re.M), folder
        assert f"build {folder}/build.ninja: configure" in text, folder


def test_arguments_are_recorded_for_the_next_time():
    text = configure("--stdout", "--variant", "debug", "--cflags", "-DA='b c'").stdout
    assert "./configure.py --variant debug --cflags" in text.replace("$\n    ", "")


def test_every_source_on_disk_is_listed_by_name():
    text = configure("--stdout").stdout
    words = set(text.replace("$\n", " ").replace("$builddir/", "").split())
    listed = {word.rstrip(":") for word in words}
    found = {str(path.relative_to(TOP)) for pattern in ("core/**/*.c", "handlers/**/*.c", "arch/**/*.c",
                                                        "bench/**/*.c", "tests/**/*.c", "profiles/*.kennel",
                                                        "doc/*.[15]") for path in TOP.glob(pattern)}
    assert not found - listed, f"not in configure.py: {sorted(found - listed)}"


def main(tap_path):
    tests = [(name, test) for name, test in sorted(globals().items()) if name.startswith("test_")]
    lines = [f"1..{len(tests)}"]
    for name, test in tests:
        title = "build::" + name.removeprefix("test_")
        try:
            test()
            lines.append(f"ok - {title}")
        except Skip as skip:
            lines.append(f"ok - {title} # SKIP {skip}")
        except AssertionError as error:
            print(f"{title}: {error!r}")
            lines.append(f"not ok - {title}")
    pathlib.Path(tap_path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return any(line.startswith("not ok") for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].removeprefix("--tap=")))
