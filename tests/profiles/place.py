"""A place for tests of the profiles: a home with secrets, a project, something outside, and runs of Kennel in it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
# The system's interpreter: its files are where every profile lets them be read, whatever HOME is.
PYTHON = "/usr/bin/python3"
SECRETS = (".ssh/id", ".aws/credentials", ".gnupg/key", ".netrc", ".config/gcloud/token", ".kube/config",
           ".docker/config.json", ".mozilla/cookies", ".bash_history", ".git-credentials", ".npmrc",
           ".local/share/keyrings/login", ".config/google-chrome/Default/Login Data")
NOBODY = 65534


class Result:
    def __init__(self, process, log):
        self.status, self.out, self.err = process.returncode, process.stdout, process.stderr
        self.records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    def __repr__(self):
        return f"status {self.status}\n{self.out}\n{self.err}\n" + "\n".join(map(str, self.records))

    def refused(self, category, path):
        """That such a refusal is logged, with the rule that would allow it as its tip."""
        found = [record for record in self.records if record.get("cap") == category
                 and str(path) in (record.get("path"), record.get("addr"))]
        return bool(found) and all(re.match(rf"allow/([a-z/]+,)*{category}[,+]", record["tip"]) for record in found)


class Place:
    def __enter__(self):
        self.folder = pathlib.Path(os.path.realpath(tempfile.mkdtemp(prefix="kennel-profile-")))
        self.folder.chmod(0o755)
        self.home, self.project, self.outside = (self.folder / name for name in ("home", "project", "outside"))
        self.log = self.folder / "log"
        for path in (self.home, self.project, self.outside):
            path.mkdir()
        self.kennel = shutil.copy(KENNEL, self.folder / "kennel")
        for name in SECRETS:
            self.write(self.home / name, "the secret\n")
        self.write(self.home / "notes", "some notes\n")
        self.write(self.outside / "file", "outside\n")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    @staticmethod
    def write(path, text, mode=0o644):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def file(self, name, text):
        return self.write(self.project / name, text)

    def environment(self):
        kept = {name: os.environ[name] for name in ("UBSAN_OPTIONS", "LSAN_OPTIONS") if name in os.environ}
        return {**kept, "HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                "TERM": "dumb"}

    def words(self, profile, *command, options=()):
        return [str(self.kennel), "run", "-p", profile, *options, "--log", str(self.log), "--", *map(str, command)]

    def run(self, profile, *command, options=(), **more):
        """One run in the project; the log is that of this run."""
        self.log.write_bytes(b"")
        if "user" in more:
            os.chown(self.log, more["user"], more["group"])
        if "input" not in more and "stdin" not in more:
            more["stdin"] = subprocess.DEVNULL
        more.setdefault("stdout", subprocess.PIPE)
        process = subprocess.run(self.words(profile, *command, options=options), stderr=subprocess.PIPE, text=True,
                                 check=False, cwd=self.project, env=self.environment(), timeout=60, **more)
        return Result(process, self.log)

    def run_as_nobody(self, profile, *command, **more):
        """As an ordinary user, when the tests are run by root."""
        if os.geteuid() == 0:
            more.update(user=NOBODY, group=NOBODY, extra_groups=[])
        return self.run(profile, *command, **more)

    def shell(self, profile, script, **more):
        return self.run(profile, "/bin/sh", "-c", script, **more)

    def compile(self, name, text):
        """A C program of the project."""
        source = self.file(f"{name}.c", text)
        subprocess.run(["cc", "-O1", "-o", self.project / name, source], check=True)
        source.unlink()


def expect_clean(result, status=0):
    """It ran as natively: nothing was refused."""
    assert result.status == status and not result.records, result


def expect_refused(place, profile, rows, **more):
    """Each (script, category, path): the shell command fails, and the log says what would allow it."""
    for script, category, path in rows:
        result = place.shell(profile, script, **more)
        assert result.status != 0, (script, result)
        assert "the secret" not in result.out and "some notes" not in result.out, (script, result)
        assert result.refused(category, path), (script, category, path, result)


def expect_no_environment(place, profile):
    """Nobody reads the environment of a process outside; the kernel refuses that even where a rule does not."""
    for who in (os.getpid(), "1"):
        result = place.shell(profile, f"cat /proc/{who}/environ")
        assert result.status != 0 and not result.out, result


def expect_tip_allows(place, profile, script):
    """What the tips of one refused run say, given as options, is what was missing."""
    refused = place.shell(profile, script)
    assert refused.status != 0 and refused.records, refused
    options = [word for record in refused.records for word in ("-m", record["tip"])]
    expect_clean(place.shell(profile, script, options=options))


def version_folder(python=PYTHON):
    """python3.N, as in the names of folders of packages."""
    text = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    return "python" + re.search(r"\d+\.\d+", text)[0]


def has(*programs):
    return all(shutil.which(program, path="/usr/local/bin:/usr/bin:/bin") for program in programs)


sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
