"""An initramfs: a cpio archive in the kernel's format (newc), not compressed: reading that takes longer, emulated."""

import lzma
import os
import pathlib
import re
import stat
import zlib


class Initramfs:
    """Directories come before what is in them: add_file() makes those that are missing."""

    def __init__(self):
        self.parts = []
        self.names = set()

    def add(self, name, mode, content=b""):
        header = [len(self.parts) + 1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name.encode()) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in header) + name.encode() + b"\0"
        self.parts += [head, b"\0" * (-len(head) % 4), content, b"\0" * (-len(content) % 4)]
        self.names.add(name)

    def add_directory(self, name):
        if name and name not in self.names:
            self.add_directory(name.rpartition("/")[0])
            self.add(name, stat.S_IFDIR | 0o755)

    def add_file(self, name, content, mode=0o644):
        self.add_directory(name.rpartition("/")[0])
        self.add(name, stat.S_IFREG | mode, content)

    def add_link(self, name, target):
        self.add_directory(name.rpartition("/")[0])
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def add_tree(self, top, left_out):
        """What lies below a folder, with links as they are."""
        for path in sorted(top.rglob("*")):
            name = str(path.relative_to(top))
            if f"{name}/".startswith(left_out):
                continue
            if path.is_symlink():
                self.add_link(name, os.readlink(path))
            elif path.is_dir():
                self.add_directory(name)
            else:
                self.add_file(name, path.read_bytes(), stat.S_IMODE(path.stat().st_mode))

    def write(self, path):
        self.add("TRAILER!!!", 0)
        with open(path, "wb") as file:
            for part in self.parts:
                file.write(part)


class Modules:
    """The modules of an unpacked kernel package, and what they need, in the order of loading."""

    def __init__(self, kernel):
        self.paths = {path.name.split(".")[0].replace("-", "_"): path
                      for place in ("lib/modules", "usr/lib/modules")
                      for path in (kernel / place).glob("*/kernel/**/*.ko*")}
        self.loaded = {}

    @staticmethod
    def content(path):
        data = path.read_bytes()
        if path.suffix == ".xz":
            return lzma.decompress(data)
        return zlib.decompress(data, 31) if path.suffix == ".gz" else data

    def load(self, name):
        """A name that is not there is part of the kernel itself, or the kernel lacks it."""
        if name in self.loaded or name not in self.paths:
            return
        data = self.content(self.paths[name])
        needed = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in needed[1].decode().split(",") if needed else ():
            self.load(other.replace("-", "_"))
        self.loaded[name] = data


def kernel_image(kernel):
    """The file to boot in an unpacked kernel package."""
    return next(path for path in sorted(pathlib.Path(kernel, "boot").iterdir())
                if path.name.startswith(("vmlinuz-", "vmlinux-")))
