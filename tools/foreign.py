"""What `./configure.py --cross TRIPLET --deps libs` does: a compiler, and the libraries of that machine.

The compiler is a package of this system. The libraries are packages of the other architecture, unpacked into
build/TRIPLET/deps by an apt with a folder of its own, build/TRIPLET/apt: the system's lists, packages and
architectures stay as they are. It asks the mirrors that the system has.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import setup
from machines import FIRST_RELEASE, LAST_RELEASE, MACHINES, NO_RELEASE, RELEASES

# Headers and static libraries, and the shared ones. Names separated by | are alternatives.
PACKAGES = "libseccomp-dev libev-dev libcap-dev libseccomp2 libev4t64|libev4 libcap2".split()
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Stands behind what the system says of getting things, which may have allowed more.
CONFIGURATION = """\
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::Etc "{folder}/etc";
Dir::State "{folder}/state";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
"""


def fail(text):
    sys.exit(f"configure.py: {text}")


def release_of(architecture, codename):
    """The release that has this architecture: this system's, if it does."""
    first, last = FIRST_RELEASE.get(architecture, codename), LAST_RELEASE.get(architecture, codename)
    place = RELEASES.index(codename) if codename in RELEASES else len(RELEASES)
    if first in RELEASES and place < RELEASES.index(first):
        return first
    if last in RELEASES and place > RELEASES.index(last):
        return last
    return codename


def sources(codename, release):
    """The system's sources that are of its own release, with another release in its place."""
    targets = setup.output_of("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
                              "Created-By: Packages")
    lines = []
    for site, name, component in map(str.split, targets.splitlines()):
        if name == codename or name.startswith(f"{codename}-"):
            lines.append(f"deb [signed-by={KEYRING}] {site} {release}{name.removeprefix(codename)} {component}\n")
    return list(dict.fromkeys(lines))


def write_configuration(folder, architecture):
    """A configuration of apt below folder; of the system's, it has how to get things (proxies)."""
    codename = setup.output_of("sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME").strip()
    found = sources(codename, release_of(architecture, codename))
    if not found:
        fail("apt-get knows no source of this system's own release: fetch by hand " + " ".join(PACKAGES))
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("etc/apt.conf.d", "etc/preferences.d", "state/lists/partial", "cache/archives/partial"):
        pathlib.Path(folder, name).mkdir(parents=True)
    pathlib.Path(folder, "state/status").touch()
    pathlib.Path(folder, "etc/sources.list").write_text("".join(found), encoding="ascii")
    text = setup.output_of("apt-config", "dump", "Acquire") + CONFIGURATION.format(
        architecture=architecture, folder=folder)
    pathlib.Path(folder, "apt.conf").write_text(text, encoding="utf-8")


def must(*command, **options):
    if subprocess.run(command, check=False, **options).returncode != 0:
        fail("failed: " + " ".join(command))


def fetch(folder, architecture):
    """Unpacks the libraries into folder/deps; what apt needs for that is in folder/apt until then."""
    apt, deps, archives = folder / "apt", folder / "deps", folder / "apt/cache/archives"
    write_configuration(apt, architecture)
    environment = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
    # One list of several may be missing: what follows shows whether that matters.
    subprocess.run(["apt-get", "-q", "update"], env=environment, check=False)
    os.environ["APT_CONFIG"] = environment["APT_CONFIG"]
    names = setup.chosen(PACKAGES)
    del os.environ["APT_CONFIG"]
    setup.say(f"fetching for {architecture}, into {deps}: " + " ".join(names))
    must("apt-get", "-q", "download", *names, env=environment, cwd=archives)
    shutil.rmtree(deps, ignore_errors=True)
    for package in sorted(archives.glob("*.deb")):
        must("dpkg-deb", "-x", str(package), str(deps))
    shutil.rmtree(apt)


def run(top, triplet):
    architecture = MACHINES[triplet].debian
    if architecture in NO_RELEASE:
        fail(f"Debian has no libraries for {triplet}: put headers and libraries into build/{triplet}/deps/usr")
    if not all(map(shutil.which, ("apt-get", "apt-config", "dpkg-deb"))):
        fail("no apt-get here; needed for " + triplet + " (by their Debian names): " + " ".join(PACKAGES))
    if not shutil.which(f"{triplet}-gcc"):
        setup.install([f"gcc-{triplet.replace('_', '-')}", f"libc6-dev-{architecture}-cross"])
    fetch(top / "build" / triplet, architecture)
    for path in top.glob(f"build/{triplet}*/probed.*"):  # makes the next build look again
        path.unlink()
