"""The machines that Kennel can be built for: a compiler's triplet, and what Debian calls things.

A row here and a folder of arch/ make a new one: see doc/ADDING_AN_ARCH.md.
"""

import collections
import subprocess

# The folder of arch/, Debian's name of the architecture, and its folder for libraries where that is not the triplet.
Machine = collections.namedtuple("Machine", "module debian libraries", defaults=[""])

MACHINES = {
    "x86_64-linux-gnu": Machine("x86_64", "amd64"),
    "i686-linux-gnu": Machine("i386", "i386", "i386-linux-gnu"),
    "aarch64-linux-gnu": Machine("aarch64", "arm64"),
    "arm-linux-gnueabihf": Machine("arm", "armhf"),
    "riscv64-linux-gnu": Machine("riscv64", "riscv64"),
    "powerpc64le-linux-gnu": Machine("ppc64le", "ppc64el"),
    "s390x-linux-gnu": Machine("s390x", "s390x"),
    "mips64el-linux-gnuabi64": Machine("mips64el", "mips64el"),
    "mipsel-linux-gnu": Machine("mipsel", "mipsel"),
    "loongarch64-linux-gnu": Machine("loongarch64", "loong64"),
}

# Debian's releases, in order; the first or the last that has an architecture, where not all of them do.
RELEASES = ["bookworm", "trixie"]
FIRST_RELEASE = {"riscv64": "trixie"}
LAST_RELEASE = {"mipsel": "bookworm", "mips64el": "bookworm"}
NO_RELEASE = {"loong64"}

# The compilers for programs in the other ABIs of a machine, by the first part of its triplet: `32` is an ABI with
# 32-bit registers, `ilp32` one with pointers of 32 bits in registers of 64.
COMPAT_COMPILERS = {
    "x86_64": {"32": "i686-linux-gnu-gcc", "ilp32": "x86_64-linux-gnux32-gcc"},
    "aarch64": {"32": "arm-linux-gnueabihf-gcc"},
    "mips64el": {"32": "mipsel-linux-gnu-gcc", "ilp32": "mips64el-linux-gnuabi64-gcc -mabi=n32"},
}


def library_folder(triplet):
    return MACHINES[triplet].libraries or triplet


def knows_loongarch64(triplet):
    """True when there is a compiler for it, with a libseccomp that has this architecture."""
    source = "#include <seccomp.h>\nint token = SCMP_ARCH_LOONGARCH64;\n"
    try:
        return subprocess.run([f"{triplet}-gcc", "-fsyntax-only", "-x", "c", "-"], input=source, text=True,
                              capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def objection(triplet):
    """Why Kennel is not built for this machine, in one line; None when it is."""
    if triplet == "x86_64-linux-gnux32":
        return "x32 is for guests only: Kennel for x86_64 has x32 programs under policy (abi/x32:on)"
    if triplet not in MACHINES:
        return f"no module for {triplet.split('-')[0]} ({triplet}); there are: " + " ".join(MACHINES)
    if MACHINES[triplet].module == "loongarch64" and not knows_loongarch64(triplet):
        return "loongarch64: needs libseccomp 2.6, which the compiler for it has to find; 2.5.4 does not know it"
    return None
