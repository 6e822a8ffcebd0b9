#!/usr/bin/env python3
"""Looks at this machine's compiler and libraries for the build.

usage: probe.py program --cc CC --pkg-config PC --version V [--static] [--deps DIR --libraries NAME] OUTDIR
       probe.py compat --cc CC --pkg-config PC OUTDIR
       probe.py tests --cc CC --pkg-config PC OUTDIR

`program` writes OUTDIR/config.h, and the response files OUTDIR/probed.cflags and
OUTDIR/probed.libs that compiler and linker read with @. With --deps it looks for the libraries in
DIR/usr, where NAME is the folder of lib/, and takes what is not there from the compiler's own folders.
`compat` writes OUTDIR/probed.32 and OUTDIR/probed.ilp32, the compilers for guests in the machine's other
ABIs, and `tests` OUTDIR/probed.test_libs and OUTDIR/probed.fuzz (a clang with libFuzzer); what names a compiler
is empty where there is none.
A file keeps its time when its text stays the same. Everything that is missing is named in one
summary, with the Debian package that has it.
"""

import argparse
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

from machines import COMPAT_COMPILERS

# What the program cannot be built without: name, pkg-config name, fallback flags,
# a program that uses it, Debian package.
LIBRARIES = [
    ("libseccomp", "libseccomp", ["-lseccomp"],
     "#include <seccomp.h>\nint main(void) { return seccomp_api_get() == 0; }", "libseccomp-dev"),
    ("libev", "libev", ["-lev", "-lm"],
     "#include <ev.h>\nint main(void) { return ev_version_major() != 4; }", "libev-dev"),
    ("libcap", "libcap", ["-lcap"],
     "#include <sys/capability.h>\nint main(void) { return cap_free(cap_get_proc()); }", "libcap-dev"),
]
CRITERION = ("Criterion", "criterion", ["-lcriterion"],
             "#include <criterion/criterion.h>\nTest(probe, links) { cr_assert(1); }", "libcriterion-dev")

FUZZ_SOURCE = ("int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size)\n"
               "{ return data && size > 1000000; }")

# Compiler flags that not every compiler or target has.
OPTIONAL_CFLAGS = ["-fstack-clash-protection", "-fcf-protection"]

# Targets with longs of 32 bits, and what makes their times and sizes as wide as elsewhere.
IS_NARROW = "_Static_assert(sizeof(long) == 4, \"wide\");"
WIDE_CFLAGS = ["-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"]


TOP = pathlib.Path(__file__).resolve().parent.parent


class Probe:
    def __init__(self, arguments):
        self.cc = shlex.split(arguments.cc)
        self.pkg_config = arguments.pkg_config
        self.static = arguments.static
        self.deps = arguments.deps if arguments.deps and arguments.deps.is_dir() else None
        self.libraries = arguments.libraries
        self.missing = []
        self.remedy = f"--cross {arguments.deps.parent.name} --deps libs" if arguments.deps else "--deps demo"

    def compiles(self, source, flags=(), link=True):
        """True when the compiler takes this source with these flags."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "probe.c")
            path.write_text(source + "\n", encoding="ascii")
            command = [*self.cc, "-D_GNU_SOURCE", str(path), "-o", str(path.with_suffix(".out"))]
            command += [] if link else ["-c"]
            command += ["-static"] if link and self.static else []
            return subprocess.run([*command, *flags], capture_output=True, check=False).returncode == 0

    def has_flag(self, flag):
        return self.compiles("int main(void) { return 0; }", ["-Werror", flag], link=False)

    def deps_flags(self):
        """(cflags, libs) that make the compiler look into the folder of fetched libraries."""
        if not self.deps:
            return [], []
        usr, place = self.deps / "usr", self.libraries
        cflags = [f"-isystem{usr}/include", f"-isystem{usr}/include/{place}"]
        libs = [f"-L{usr}/lib/{place}", f"-L{self.deps}/lib/{place}"]
        # Shared libraries of a later release want a later C library than the compiler's: the target has it.
        return cflags, libs + ([] if self.static else ["-Wl,--allow-shlib-undefined"])

    def package(self, name, *what):
        """What pkg-config says, or None where it or the package is unknown."""
        if self.deps or not shutil.which(self.pkg_config):
            return None
        command = [self.pkg_config, *(["--static"] if self.static else []), *what, name]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        return shlex.split(result.stdout) if result.returncode == 0 else None

    def library(self, name, package, fallback, source, debian):
        """(cflags, libs) of a library; noted as missing when a program does not link with it."""
        cflags = self.package(package, "--cflags") or []
        libs = self.package(package, "--libs") or fallback
        more_cflags, more_libs = self.deps_flags()
        if not self.compiles(source, [*cflags, *more_cflags, *libs, *more_libs]):
            self.missing.append(f"{name} (Debian package {debian})")
        return cflags, libs

    def finish(self):
        if self.missing:
            sys.exit("probe: missing: " + ", ".join(self.missing)
                     + f"\nprobe: `./configure.py {self.remedy}` gets what is missing")


def write_if_changed(path, text):
    if not path.exists() or path.read_text(encoding="ascii") != text:
        path.write_text(text, encoding="ascii")


def response_file(flags):
    return "".join(shlex.quote(flag) + "\n" for flag in dict.fromkeys(flags))


def probe_program(probe, version, folder):
    if not probe.compiles("int main(void) { return 0; }"):
        sys.exit(f"probe: the compiler does not work: {shlex.join(probe.cc)} (Debian packages gcc, libc6-dev)")
    if not probe.compiles('#include "arch/family.h"\n', [f"-I{TOP}"], link=False):
        target = subprocess.run([*probe.cc, "-dumpmachine"], capture_output=True, text=True, check=False)
        sys.exit(f"probe: no module in arch/ for {target.stdout.strip() or 'this architecture'} "
                 "(doc/ADDING_AN_ARCH.md)")
    cflags = [flag for flag in OPTIONAL_CFLAGS if probe.has_flag(flag)]
    cflags += WIDE_CFLAGS if probe.compiles(IS_NARROW, link=False) else []
    more_cflags, libs = probe.deps_flags()
    cflags += more_cflags
    for row in LIBRARIES:
        more_cflags, more_libs = probe.library(*row)
        cflags += more_cflags
        libs += more_libs
    probe.finish()
    lines = ["/* Generated by tools/probe.py: what this machine has. */",
             "#ifndef KENNEL_CONFIG_H", "#define KENNEL_CONFIG_H", "",
             f'#define KENNEL_VERSION "{version}"']
    lines += ["", "#endif", ""]
    write_if_changed(folder / "config.h", "\n".join(lines))
    write_if_changed(folder / "probed.cflags", response_file(cflags))
    write_if_changed(folder / "probed.libs", response_file(libs))


def fuzzes(probe, compiler):
    """True when this compiler links with libFuzzer."""
    probe.cc = [compiler]
    return probe.compiles(FUZZ_SOURCE, ["-fsanitize=fuzzer,address,undefined"])


def probe_compat(probe, folder):
    """The compilers for the other ABIs of the machine that the compiler makes programs for."""
    result = subprocess.run([*probe.cc, "-dumpmachine"], capture_output=True, text=True, check=False)
    compilers = COMPAT_COMPILERS.get(result.stdout.split("-")[0], {})
    probe.static = True
    for name in ("32", "ilp32"):
        probe.cc = shlex.split(compilers.get(name, "false"))
        works = shutil.which(probe.cc[0]) and probe.compiles("int main(void) { return 0; }")
        write_if_changed(folder / f"probed.{name}", f"{compilers[name]}\n" if works else "")


def probe_tests(probe, folder):
    probe.static = False  # Criterion cannot be linked statically
    _, libs = probe.library(*CRITERION)
    probe.finish()
    write_if_changed(folder / "probed.test_libs", response_file(libs))
    fuzzers = [name for name in ("clang-14", "clang") if shutil.which(name) and fuzzes(probe, name)]
    write_if_changed(folder / "probed.fuzz", "".join(f"{name}\n" for name in fuzzers[:1]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["program", "compat", "tests"])
    parser.add_argument("--cc", required=True)
    parser.add_argument("--pkg-config", required=True)
    parser.add_argument("--version", default="0")
    parser.add_argument("--static", action="store_true")
    parser.add_argument("--deps", type=pathlib.Path)
    parser.add_argument("--libraries", default="")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    probe = Probe(arguments)
    if arguments.what == "program":
        probe_program(probe, arguments.version, arguments.folder)
    elif arguments.what == "compat":
        probe_compat(probe, arguments.folder)
    else:
        probe_tests(probe, arguments.folder)


if __name__ == "__main__":
    main()
