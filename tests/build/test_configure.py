#!/usr/bin/env python3
"""The build description: what ./configure.py writes is what is committed, on every machine."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402  (found through the line above)


def configure(*arguments):
    command = [sys.executable, str(TOP / "configure.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)


def test_committed_build_file_is_what_configure_writes():
    committed = (TOP / "build.ninja").read_text(encoding="ascii")
    if re.search(r"configure\.py +-", committed):
        raise tap.Skip("this tree was configured with arguments")
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


def refused(*arguments):
    """The one line with which configure.py refuses these."""
    result = configure("--stdout", *arguments)
    assert result.returncode == 1 and result.stdout == "", arguments
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("configure.py: "), result.stderr
    return lines[0]


def test_a_machine_without_a_module_is_refused_in_one_line_that_names_those_there_are():
    for triplet, name in (("hppa-linux-gnu", "hppa"), ("sparc64-linux-gnu", "sparc64"), ("nonsense", "nonsense")):
        line = refused("--cross", triplet)
        assert f"no module for {name}" in line and "aarch64-linux-gnu" in line and "mipsel-linux-gnu" in line, line


def test_a_machine_that_libseccomp_does_not_know_is_refused_in_one_line():
    if shutil.which("loongarch64-linux-gnu-gcc"):
        raise tap.Skip("there is a compiler for it here")
    assert "libseccomp" in refused("--cross", "loongarch64-linux-gnu")


def test_x32_is_refused_as_a_machine_of_its_own():
    assert "x86_64" in refused("--cross", "x86_64-linux-gnux32")


def test_libraries_are_fetched_for_a_cross_build_only():
    refused("--deps", "libs")
    refused("--deps", "demo", "--cross", "aarch64-linux-gnu")


def test_fetching_is_not_repeated_when_the_build_file_is_made_anew():
    sys.path.insert(0, str(TOP))
    module = __import__("configure")
    for argv in (["--cross", "t", "--deps", "libs"], ["--deps=libs", "--cross", "t", "--stdout"]):
        assert module.recorded(argv) == ["--cross", "t"], argv


def foreign_module(name):
    for folder in ("tools", "tests/vm"):
        sys.path.insert(0, str(TOP / folder))
    return __import__(name)


CARELESS = """\
Acquire::AllowInsecureRepositories "true";
Acquire::AllowWeakRepositories "true";
Acquire::AllowDowngradeToInsecureRepositories "true";
APT::Get::AllowUnauthenticated "true";
"""


def assert_careful(dump):
    """What apt makes of it: nothing that nobody signed."""
    for line in CARELESS.splitlines():
        assert line.replace('"true"', '"false"') in dump and line not in dump, line


def test_libraries_must_be_signed_whatever_the_system_allows():
    if not shutil.which("apt-config"):
        raise tap.Skip("no apt-config")
    foreign = foreign_module("foreign")
    outputs = {"sh": "bookworm\n", "apt-get": "mirror: bookworm main\n", "apt-config": CARELESS}
    asked, foreign.setup.output_of = foreign.setup.output_of, lambda program, *_: outputs[program]
    try:
        with tempfile.TemporaryDirectory(prefix="apt-") as folder:
            foreign.write_configuration(pathlib.Path(folder, "apt"), "armhf")
            assert_careful(subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True,
                                          env={**os.environ, "APT_CONFIG": f"{folder}/apt/apt.conf"}).stdout)
    finally:
        foreign.setup.output_of = asked


def test_packages_of_virtual_machines_must_be_signed_whatever_the_system_allows():
    if not shutil.which("apt-config"):
        raise tap.Skip("no apt-config")
    fetch = foreign_module("fetch")
    with tempfile.TemporaryDirectory(prefix="apt-") as folder:
        archive = fetch.Archive(pathlib.Path(folder), "armhf", "bookworm")
        archive.packages.mkdir(parents=True)
        (archive.folder / "apt.conf").write_text(CARELESS, encoding="ascii")
        assert_careful(archive.apt("apt-config", "dump"))


def test_no_package_is_fetched_without_the_keys_of_its_archive():
    fetch = foreign_module("fetch")
    if not shutil.which("apt-get"):
        raise tap.Skip("no apt-get")
    with tempfile.TemporaryDirectory(prefix="apt-") as folder:
        keyrings, fetch.KEYRINGS = fetch.KEYRINGS, pathlib.Path(folder)
        try:
            fetch.Archive(pathlib.Path(folder), "armhf", "bookworm").update()
            raise AssertionError("fetched")
        except fetch.Unavailable as reason:
            assert "keys" in str(reason), reason
        finally:
            fetch.KEYRINGS = keyrings
        assert not list(pathlib.Path(folder).iterdir())


def test_a_cross_build_makes_objects_and_programs_for_the_other_machine():
    triplet = "i686-linux-gnu"
    if not shutil.which(f"{triplet}-gcc"):
        raise tap.Skip(f"no {triplet}-gcc")
    if not (TOP / f"build/{triplet}/deps").is_dir():
        raise tap.Skip(f"./configure.py --cross {triplet} --deps libs was not run")
    with tempfile.TemporaryDirectory(prefix="cross-", dir=TOP / "build") as folder:
        assert configure("--cross", triplet, "--builddir", folder).returncode == 0
        for target in ("obj/core/path.o", "guests/print_state"):  # the whole takes minutes
            subprocess.run(["ninja", "-f", f"{folder}/build.ninja", f"{folder}/{target}"], cwd=TOP,
                           stdout=subprocess.DEVNULL, check=True)
            head = pathlib.Path(folder, target).read_bytes()[:20]
            assert head[:5] == b"\x7fELF\x01" and head[18] == 3, target


def test_arguments_are_recorded_for_the_next_time():
    text = configure("--stdout", "--variant", "debug", "--cflags", "-DA='b c'").stdout
    assert "./configure.py --variant debug --cflags" in text.replace("$\n    ", "")


def test_small_is_for_what_is_installed_only():
    assert "debug" in refused("--small", "--variant", "debug")
    for arguments, folder in ((["--small"], "small"), (["--small", "--variant", "static"], "static-small"),
                              (["--small", "--cross", "mipsel-linux-gnu"], "mipsel-linux-gnu-small"),
                              (["--small", "--cross", "mipsel-linux-gnu", "--variant", "release"],
                               "mipsel-linux-gnu-release-small")):
        text = configure("--stdout", *arguments).stdout
        assert re.search(rf"^builddir = build/{folder}$", text, re.M), arguments
        assert "-Os" in text and "-O2" not in text, arguments
        assert "build test:" not in text, arguments


def test_small_builds_leave_out_commands_and_have_what_refuses_them():
    usual, small, static = (configure("--stdout", *arguments).stdout for arguments in
                            ([], ["--small"], ["--small", "--variant", "static"]))
    for name, builds in (("cmd_plan", (usual,)), ("cmd_check", (usual,)), ("policy_hosts", (usual, small)),
                         ("cmd_run", (usual, small, static)), ("left_out", (small, static)),
                         ("left_out_hosts", (static,))):
        for text in (usual, small, static):
            assert (f"obj/core/{name}.o:" in text) == (text in builds), name


def test_small_builds_for_mips_can_do_without_short_instructions():
    for arguments, short in (([], True), (["--cflags=-mno-mips16"], False)):
        text = configure("--stdout", "--small", "--cross", "mipsel-linux-gnu", *arguments).stdout.replace("$\n    ", "")
        cflags = re.search(r"^cflags = (.*)$", text, re.M)[1].split()
        assert [flag for flag in cflags if flag.endswith("mips16")][-1] == ("-mips16" if short else "-mno-mips16")
    assert "mips16" not in configure("--stdout", "--small", "--cross", "mips64el-linux-gnuabi64").stdout


def test_bare_profiles_have_the_same_rules_and_a_sentence():
    with tempfile.TemporaryDirectory(prefix="embed-") as folder:
        made = []
        for arguments in ([], ["--bare"]):
            subprocess.run([sys.executable, "tools/embed_profiles.py", *arguments, f"{folder}/made.c",
                            *map(str, sorted(TOP.glob("profiles/*.kennel")))], cwd=TOP, check=True)
            text = pathlib.Path(folder, "made.c").read_text(encoding="ascii")
            made.append(re.findall(r'^\t\t"(.*)\\n"', text, re.M))
    whole, bare = made
    rules = [line for line in bare if not line.startswith("#")]
    assert rules == [line for line in whole if line and not line.startswith("#")]
    assert len(rules) > 100 and len(bare) == len(rules) + len(list(TOP.glob("profiles/*.kennel")))


def test_a_command_that_was_left_out_is_refused_in_one_line():
    with tempfile.TemporaryDirectory(prefix="small-") as folder:
        main = pathlib.Path(folder, "main.c")
        main.write_text('#include "core/cmd_plan.h"\nint main(int argc, char **argv)\n'
                        "{\n\treturn cmd_plan(argc - 1, argv + 1);\n}\n", encoding="ascii")
        program = f"{folder}/program"
        subprocess.run(["cc", "-I.", str(main), "core/left_out.c", "-o", program], cwd=TOP, check=True)
        result = subprocess.run([program, "plan", "-p", "work"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (125, "")
    assert result.stderr == "kennel: plan: not in this build (small)\n"


def test_every_source_on_disk_is_listed_by_name():
    text = configure("--stdout").stdout + configure("--stdout", "--small", "--variant", "static").stdout
    words = set(text.replace("$\n", " ").replace("$builddir/", "").split())
    listed = {word.rstrip(":") for word in words}
    found = {str(path.relative_to(TOP)) for pattern in ("core/**/*.c", "handlers/**/*.c", "arch/**/*.c",
                                                        "bench/**/*.c", "tests/**/*.c", "profiles/*.kennel",
                                                        "doc/*.[15]") for path in TOP.glob(pattern)}
    assert not found - listed, f"not in configure.py: {sorted(found - listed)}"


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "build", sys.argv[1]))
