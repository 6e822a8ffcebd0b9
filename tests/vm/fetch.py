"""Gets packages of any Debian architecture and suite, from the mirror that this system uses.

apt has its state, cache and sources in a folder of ours each time, so that the system's own
package state is not even read, but for where its mirror is and which key signs it.
"""

import os
import pathlib
import re
import shutil
import subprocess

CONFIGURATION = """
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "{folder}/state";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
"""

# In every command, since apt reads the system's own configuration after ours.
SIGNED = [f"-o{name}=false" for name in (
    "Acquire::AllowInsecureRepositories", "Acquire::AllowWeakRepositories",
    "Acquire::AllowDowngradeToInsecureRepositories", "APT::Get::AllowUnauthenticated")]
KEYRINGS = pathlib.Path("/usr/share/keyrings")


class Unavailable(Exception):
    """What is asked for cannot be had here; says why."""


def output_of(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        raise Unavailable(f"{command[0]}: {(result.stderr.strip().splitlines() or ['failed'])[-1]}")
    return result.stdout


def system_mirror():
    """Where the system's main archive is."""
    codename = re.search(r"^VERSION_CODENAME=(\S+)$", pathlib.Path("/etc/os-release").read_text(encoding="utf-8"), re.M)
    lines = output_of("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
                      "Created-By: Packages").splitlines()
    for line in lines:
        mirror, release, component = line.split()
        if component == "main" and codename and release == codename[1]:
            return mirror
    raise Unavailable("the system's sources of packages name no main archive")


class Archive:
    """One suite for one architecture."""

    def __init__(self, cache, arch, suite):
        self.arch = arch
        self.folder = cache.resolve() / f"{arch}-{suite}"
        self.suite = suite
        self.packages = self.folder / "packages"
        self.environment = {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}

    def apt(self, program, *arguments):
        return output_of(program, *SIGNED, *arguments, env=self.environment, cwd=self.packages)

    def update(self):
        """Fetches the lists, once."""
        if not shutil.which("apt-get"):
            raise Unavailable("no apt-get here")
        if (self.folder / "updated").exists():
            return
        keyring = next(KEYRINGS.glob("debian-archive-keyring.[gp]*"), None)
        if not keyring:
            raise Unavailable("the keys of Debian's archive are not here (debian-archive-keyring)")
        mirror = system_mirror()
        for name in ("state/lists/partial", "cache/archives/partial", "packages"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").touch()
        (self.folder / "sources.list").write_text(
            f"deb [arch={self.arch} signed-by={keyring}] {mirror} {self.suite} main\n", encoding="utf-8")
        (self.folder / "apt.conf").write_text(
            CONFIGURATION.format(arch=self.arch, folder=self.folder), encoding="utf-8")
        self.apt("apt-get", "-q", "update", "--error-on=any")
        (self.folder / "updated").touch()

    def kernel_of(self, package):
        """The image that a package for "the newest kernel of this kind" depends on."""
        found = re.search(r"^Depends:.*?\b(linux-image-\S+)", self.apt("apt-cache", "show", package), re.M)
        return found[1] if found else package

    def unpacked(self, package):
        """The folder with a package's files, downloaded if it is not there yet."""
        place = self.folder / "files" / package
        if not place.exists():
            self.apt("apt-get", "-q", "download", package)
            [archive] = self.packages.glob(f"{package}_*.deb")
            half = place.with_name(f"{package}.half")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(parents=True)
            output_of("dpkg-deb", "-x", str(archive), str(half))
            archive.unlink()
            half.rename(place)
        return place

    def newest(self, package):
        """Like unpacked(), for a package for "the newest kernel"; without asking apt again."""
        link = self.folder / "files" / f"{package}.newest"
        if not link.exists():
            self.update()
            self.unpacked(name := self.kernel_of(package))
            link.symlink_to(name)
        return link.resolve()

    def system(self, packages):
        """The folder with the files of all these packages and of what they depend on."""
        place = self.folder / "+".join(["system", *packages])
        if not place.exists():
            self.update()
            self.apt("apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "install", *packages)
            half = place.with_name("system.half")
            shutil.rmtree(half, ignore_errors=True)
            for name in ("bin", "sbin", "lib", "lib32", "lib64"):
                (half / "usr" / name).mkdir(parents=True)
                (half / name).symlink_to(f"usr/{name}")
            for archive in sorted((self.folder / "cache/archives").glob("*.deb")):
                with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as files:
                    output_of("tar", "-x", "--keep-directory-symlink", "-C", str(half), stdin=files.stdout)
                archive.unlink()
            half.rename(place)
        return place

    def get(self, package):
        if not (self.folder / "files" / package).exists():
            self.update()
        return self.unpacked(package)
