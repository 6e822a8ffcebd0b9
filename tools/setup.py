"""What `./configure.py --deps demo` and `--deps test` do: install, build, run.

Knows Debian 12 and 13. Installs only what is missing, says so first, and uses apt-get as root or
through sudo; without either it prints the command and stops.
"""

import contextlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

# Names separated by | are alternatives: the first that this system's archive has.
BUILD_PACKAGES = ("gcc libc6-dev ninja-build pkg-config libseccomp-dev libev-dev libcap-dev").split()
TEST_PACKAGES = BUILD_PACKAGES + (
    "libcriterion-dev git clang-format-14|clang-format clang-tidy-14|clang-tidy cppcheck").split()
# Where the archive lacks one of these, tests skip by name.
OPTIONAL_PACKAGES = ("gcc-i686-linux-gnu libc6-dev-i386-cross clang-14|clang libclang-rt-14-dev|libclang-rt-dev "
                     "mandoc zsh fish nodejs curl redis-server nginx wrk postgresql-15|postgresql-17 bind9-dnsutils "
                     "dbus-daemon dbus-bin libglib2.0-bin stress-ng "
                     "qemu-system-x86 qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross").split()


def say(text):
    print(f"kennel: {text}", flush=True)


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def is_installed(package):
    return output_of("dpkg-query", "-W", "-f", "${db:Status-Status}", package) == "installed"


def is_available(package):
    candidate = [line for line in output_of("apt-cache", "policy", package).splitlines() if "Candidate:" in line]
    return bool(candidate) and "(none)" not in candidate[0]


def missing(packages):
    return [names for names in packages if not any(map(is_installed, names.split("|")))]


def chosen(packages):
    """One name per package, once the archive's lists are there; optional ones only if it has them."""
    names = []
    for package in packages:
        known = [name for name in package.split("|") if is_available(name)]
        if known:
            names.append(known[0])
        elif package in OPTIONAL_PACKAGES:
            say(f"not in this system's archive, the tests that need it will be skipped: {package}")
        else:
            names.append(package.split("|")[-1])
    return names


def root_prefix():
    """What makes a command run as root: nothing, sudo, or None when there is no way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
        if quiet or sys.stdin.isatty():
            return ["sudo"]
    return None


def install(packages):
    """Installs what is missing; True when something was."""
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        say("no apt-get here; needed (by their Debian names): " + " ".join(packages))
        return False
    needed = missing(packages)
    if not needed:
        return False
    prefix = root_prefix()
    if prefix is None:
        required = chosen(package for package in needed if package not in OPTIONAL_PACKAGES)
        if not required:
            return False
        say("packages are missing, and there are no rights to install them. As root, run:")
        print("    apt-get update && apt-get install -y --no-install-recommends " + " ".join(required), flush=True)
        sys.exit(1)
    say("missing, will be installed with apt-get: " + " ".join(needed))
    subprocess.run([*prefix, "apt-get", "-q", "update"], check=False)
    names = chosen(needed)
    if not names:
        return False
    say("installing: " + " ".join(names))
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "install", "-y",
               "--no-install-recommends", *names]
    if subprocess.run(command, check=False).returncode != 0:
        say("installing failed: " + shlex.join(command))
        sys.exit(1)
    return True


def forget_probes(top):
    """Makes the next build look at the machine again."""
    for path in [*top.glob("build/probed.*"), *top.glob("build/*/probed.*")]:
        path.unlink()


def step(top, *command):
    say(shlex.join(command))
    return subprocess.run(command, cwd=top, check=False).returncode == 0


# ---- The demonstration -----------------------------------------------------------------

DEMO_SCRIPT = """
show() { echo "\\$ $1"; eval "$1"; echo; }
show "echo hello > note; cat note"
show "head -n 1 /etc/passwd"
show "echo oops > ../outside/file"
show "cat secret"
true
"""


def demo(top):
    """Runs a script under the policy `work`; each of what it shows is also checked."""
    with tempfile.TemporaryDirectory(prefix="kennel-demo-") as folder:
        work, outside, log = (pathlib.Path(folder, name) for name in ("work", "outside", "log"))
        work.mkdir()
        outside.mkdir()
        (work / "demo.sh").write_text(DEMO_SCRIPT, encoding="ascii")
        (work / "secret").write_text("the secret\n", encoding="ascii")
        say("in a fresh folder: build/kennel run -p work --hide $PWD/secret --log ../log -- sh demo.sh")
        command = [str(top / "build/kennel"), "run", "-p", "work", "--hide", str(work / "secret"),
                   "--log", str(log), "--", "sh", "demo.sh"]
        result = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        print("\n" + "".join(f"    {line}\n" for line in result.stdout.splitlines()), flush=True)
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
        refused = [line for line in lines if line.get("tip")]
        for line in refused:
            say(f"logged: {line['sys']} of {line['path']} refused ({line['cap']}); to allow it: -m '{line['tip']}'")
        facts = {
            "the script ran, and wrote in its own directory": result.returncode == 0 and (work / "note").exists(),
            "it could not write outside": not (outside / "file").exists(),
            "what was hidden did not exist for it": "the secret" not in result.stdout,
            "each refusal left a line in the log, with the rule that would allow it": len(refused) == 2,
        }
    for fact, holds in facts.items():
        say(f"{'yes' if holds else 'NO'}: {fact}")
    return all(facts.values())


# ---- The tests -------------------------------------------------------------------------

COUNTS = ("build/tests/counts", "build/fuzz/counts", "build/vm/counts", "build/debug/tests/counts",
          "build/debug/unit/counts", "build/debug/stress/counts")


def counts(top):
    """The sum of what the test runs counted, as one line."""
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for path in map(top.joinpath, COUNTS):
        if path.exists():
            for part in path.read_text(encoding="ascii").strip().split(", "):
                number, word = part.split()
                total[word] += int(number)
    return ", ".join(f"{number} {word}" for word, number in total.items())


# Tests wait a lot. What judges the source, and builds what is tested next, takes the time that they leave. A quarter of
# the states takes the analyzer a quarter of its time; `ninja style` looks at all. Guests are the same everywhere.
BESIDE = """
python3 tools/check_style.py --builddir build --states 60000
status=$?
python3 configure.py --variant debug --guests build/guests && ninja -f build/debug/build.ninja test-programs || status=1
exit $status
"""
# So do two virtual machines, with an older kernel and with another processor, and with ASan and UBSan the units and
# some of the stress (`ninja stress` is all of it). Not through ninja, which runs at the same time.
MACHINES = """
units=$(ninja -f build/debug/build.ninja -t commands test-unit | tail -n 1)
${units:-false}
status=$?
python3 tests/vm/run.py --quick amd64-6.1 arm64 || status=1
export KENNEL_STRESS_ONLY=filesystem,bad
python3 tools/run_tests.py --builddir build/debug --part stress --stress tests/stress/test_stress_ng.py || status=1
exit $status
"""


@contextlib.contextmanager
def beside(top, script):
    """Runs a shell script at the lowest priority meanwhile; its output comes in one piece. Gives how to wait for it."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(["nice", "-n", "19", "sh", "-c", script], cwd=top, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

        def wait():
            good = process.wait() == 0
            output.seek(0)
            sys.stdout.write(output.read())
            return good

        try:
            yield wait
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def tests(top):
    """Release tests, style and some fuzzing, then the tests again under ASan and UBSan, and stress; the counts last."""
    for path in map(top.joinpath, COUNTS):
        path.unlink(missing_ok=True)
    good = step(top, "ninja", "build/compile_commands.json", "test-programs")
    say("meanwhile: style, and the programs with ASan and UBSan")
    with beside(top, BESIDE) as wait:
        good = step(top, "env", "KENNEL_TEST_HALF=release", "ninja", "-k", "0", "test", "fuzz") and good
        good = wait() and good
    say("meanwhile: units with ASan and UBSan, virtual machines, and stress-ng")
    with beside(top, MACHINES) as wait:
        good = step(top, "env", "KENNEL_TEST_HALF=sanitized", "ninja", "-f", "build/debug/build.ninja",
                    "test-sandboxes") and good
        good = wait() and good
    say("all is well" if good else "FAILED, see above")
    print(counts(top), flush=True)
    return good


def run(top, what):
    if install(TEST_PACKAGES + OPTIONAL_PACKAGES if what == "test" else BUILD_PACKAGES):
        forget_probes(top)
    if what == "test":
        return 0 if tests(top) else 1
    return 0 if step(top, "ninja") and demo(top) else 1
