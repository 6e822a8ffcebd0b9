"""The machines that the tests boot: Debian's own kernels under software emulation. Data only.

A kernel is named by the package that depends on the newest one; suites are Debian's. What is
built for a machine comes from the build folder of its cross triplet (None: the static variant
for this machine). `programs` are further ABIs whose guests the kernel runs, by the suffixes of tools/machines.py.
A machine with little memory has `disks` for its files and those of the tests: how qemu names their drives.
"""

import collections

Machine = collections.namedtuple(
    "Machine", "arch suite kernel triplet qemu console arguments cpus memory programs disks")


def machine(arch, kernel, triplet, qemu, console, *, suite="bookworm", arguments="", cpus=2, memory=2048, programs=(),
            disks=None):
    return Machine(arch, suite, kernel, triplet, qemu.split(), console, arguments, cpus, memory, programs, disks)


# The emulator keeps what it translated by address: where programs are at random ones, each start of one translates all
# of it again, which is most of the time. Changing page tables for every call is slow, too.
EVERYWHERE = "norandmaps init_on_alloc=0 mitigations=off"
# Reading another clock is slow under emulation. A busy host may be too late for the kernel's trial of its timer, which
# then panics. Instructions that copy memory byte by byte are a loop of the emulator; these machines do not have them.
# Nor cmpxchg16b, which qemu 7.2 sometimes returns from with other flags: newer kernels allocate memory with it.
FAST = "tsc=reliable no_timer_check"
X86 = "qemu-system-x86_64 -M q35 -cpu max,-erms,-fsrm,-cx16"
ARM64 = "qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on"

MACHINES = {
    "amd64-6.1": machine("amd64", "linux-image-cloud-amd64", None, X86, "ttyS0", arguments=FAST, programs=["32"]),
    "amd64-6.12": machine("amd64", "linux-image-cloud-amd64", None, X86, "ttyS0", suite="trixie", arguments=FAST,
                          programs=["32"]),
    "amd64-x32": machine("amd64", "linux-image-amd64", None, X86, "ttyS0", arguments=f"syscall.x32=y {FAST}",
                         programs=["32", "ilp32"]),
    "i386": machine("i386", "linux-image-686", "i686-linux-gnu", "qemu-system-i386 -M pc", "ttyS0",
                    arguments=FAST),
    "arm64": machine("arm64", "linux-image-cloud-arm64", "aarch64-linux-gnu", ARM64, "ttyAMA0"),
    "arm64-arm": machine("arm64", "linux-image-cloud-arm64", "aarch64-linux-gnu", ARM64, "ttyAMA0",
                         programs=["32"]),
    "armhf": machine("armhf", "linux-image-armmp-lpae", "arm-linux-gnueabihf",
                     "qemu-system-arm -M virt -cpu cortex-a15", "ttyAMA0"),
    "riscv64": machine("riscv64", "linux-image-riscv64", "riscv64-linux-gnu", "qemu-system-riscv64 -M virt", "ttyS0",
                       suite="trixie"),
    "ppc64el": machine("ppc64el", "linux-image-powerpc64le", "powerpc64le-linux-gnu",
                       "qemu-system-ppc64 -M pseries -cpu POWER9", "hvc0"),
    "s390x": machine("s390x", "linux-image-s390x", "s390x-linux-gnu", "qemu-system-s390x -M s390-ccw-virtio",
                     "ttysclp0"),
    # With more than one processor these may hang.
    "mips64el": machine("mips64el", "linux-image-5kc-malta", "mips64el-linux-gnuabi64",
                        "qemu-system-mips64el -M malta -cpu 5KEf", "ttyS0", cpus=1,
                        programs=["32", "ilp32"], disks="ide"),
    # This one uses 256 MB of memory at most.
    "mipsel": machine("mipsel", "linux-image-4kc-malta", "mipsel-linux-gnu", "qemu-system-mipsel -M malta -cpu 24Kf",
                      "ttyS0", cpus=1, memory=512, disks="ide"),
}

# By the folders of arch/ that have another name.
BY_MODULE = {"x86_64": "amd64-6.1", "aarch64": "arm64", "arm": "armhf", "ppc64le": "ppc64el"}

# What tests call, and what is installed with it. What these lack comes from busybox.
PACKAGES = ["bash", "coreutils", "dash", "diffutils", "findutils", "grep", "libc-bin", "sed", "tar",
            "util-linux"]
# Of which nobody needs these.
LEFT_OUT = ("usr/share/", "var/", "usr/lib/systemd/", "etc/", "usr/include/")

# What tests need of the kernel that Debian may have as a module.
MODULES = ["vfat", "nls_cp437", "nls_iso8859-1", "nls_ascii", "nls_utf8", "loop", "fuse", "overlay", "crc32c_generic",
           "ext4", "ata_piix"]
