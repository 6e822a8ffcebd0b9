#!/usr/bin/env python3
"""The profiles judge, shell and secrets: a judge's run, an interactive shell, and what they refuse."""

import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from place import (NOBODY, PYTHON, SECRETS, Place, expect_clean, expect_no_environment,  # noqa: E402
                   expect_refused, has)

import tap  # noqa: E402  (place knows where it is)


# ---- judge -----------------------------------------------------------------------------

SOLUTION = """
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	long number, sum = 0, *all = calloc(1000000, sizeof(*all));

	for (size_t i = 0; scanf("%ld", &number) == 1; i++)
		sum += all[i] = number;
	printf("%ld\\n", sum);
	return 0;
}
"""
# Tries what its first argument names; prints the errno, or nothing where it succeeded.
CHEAT = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int many(void)
{
	int children = 0;

	for (; children < 200; children++) {
		pid_t child = fork();

		if (child < 0)
			break;
		if (child == 0)
			for (;;)
				pause();
	}
	printf("%d children\\n", children);
	return children < 200 ? -1 : 0;
}

static void spin(void)
{
	for (volatile long i = 0;; i++)
		;
}

static int flood(void)
{
	static char block[1 << 20];

	for (int i = 0; i < 100; i++)
		if (write(1, block, sizeof(block)) < 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argv[1], *name = argc > 2 ? argv[2] : "";
	struct stat status;
	int result = 0;

	if (!strcmp(what, "read"))
		result = open(name, O_RDONLY);
	else if (!strcmp(what, "list"))
		result = open(name, O_RDONLY | O_DIRECTORY);
	else if (!strcmp(what, "stat"))
		result = stat(name, &status);
	else if (!strcmp(what, "write"))
		result = open(name, O_WRONLY);
	else if (!strcmp(what, "create"))
		result = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	else if (!strcmp(what, "chmod"))
		result = chmod(name, 0777);
	else if (!strcmp(what, "unlink"))
		result = unlink(name);
	else if (!strcmp(what, "chdir"))
		result = chdir(name);
	else if (!strcmp(what, "exec"))
		result = execl(name, name, NULL);
	else if (!strcmp(what, "memfd"))
		result = memfd_create("x", 0);
	else if (!strcmp(what, "trace"))
		result = (int)ptrace(PTRACE_ATTACH, atoi(name), NULL, NULL);
	else if (!strcmp(what, "kill"))
		result = kill(atoi(name), SIGKILL);
	else if (!strcmp(what, "memory"))
		result = mmap(NULL, 2UL << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
	else if (!strcmp(what, "fork"))
		result = many();
	else if (!strcmp(what, "flood"))
		result = flood();
	else
		spin();
	if (result < 0)
		printf("%s\\n", strerrorname_np(errno));
	fflush(stdout);
	return result < 0;
}
"""


def cheat(place, what, *arguments, options=(), **more):
    return place.run_as_nobody("judge", "./cheat", what, *arguments, options=options, **more)


def compiled(place):
    if not has("cc"):
        raise tap.Skip("no compiler is installed")
    place.compile("solution", SOLUTION)
    place.compile("cheat", CHEAT)
    place.file("input", "1 2 3 4\n")
    return place


def test_judge_runs_a_solution_on_its_input():
    with Place() as place:
        compiled(place)
        for give in ({"input": "1 2 3 4\n"}, {"stdin": "input"}):
            opened = {name: (place.project / value).open(encoding="ascii") if name == "stdin" else value
                      for name, value in give.items()}
            result = place.run_as_nobody("judge", "./solution", **opened)
            expect_clean(result)
            assert result.out == "10\n", result


def test_judge_writes_an_answer_into_a_file_that_is_open_already():
    with Place() as place:
        compiled(place)
        with open(place.folder / "answer", "w", encoding="ascii") as answer:
            expect_clean(place.run_as_nobody("judge", "./solution", input="5 6", stdout=answer))
        assert (place.folder / "answer").read_text(encoding="ascii") == "11\n"


def test_judge_lets_a_program_read_its_own_files_only():
    with Place() as place:
        compiled(place)
        place.file("other", "")
        expect_clean(cheat(place, "read", "input"))
        expect_clean(cheat(place, "list", "."))
        for name in ("/etc/passwd", "/etc/hostname", "/proc/self/maps", place.outside / "file", "../outside/file"):
            result = cheat(place, "read", name)
            assert result.status == 1 and result.out == "EACCES\n", result
            assert name == "/proc/self/maps" or result.refused("read", os.path.normpath(place.project / name)), result
        for name in ("/etc/passwd", "/usr/bin/env", place.outside):
            result = cheat(place, "stat", name)
            assert result.status == 1 and result.out == "ENOENT\n" and not result.records, result


def test_judge_lets_a_program_change_nothing():
    with Place() as place:
        compiled(place)
        place.project.chmod(0o777)
        (place.project / "input").chmod(0o666)
        for what, name, category in (("write", "input", "write"), ("create", "new", "write"),
                                     ("chmod", "cheat", "chmod"), ("create", "/tmp/kennel-judge", "write"),
                                     ("unlink", "input", "delete")):
            result = cheat(place, what, name)
            assert result.status == 1 and result.out == "EACCES\n", (what, result)
            assert result.refused(category, os.path.normpath(place.project / name)), (what, result)
        assert sorted(os.listdir(place.project)) == ["cheat", "input", "solution"]


def test_judge_lets_a_program_run_nothing_else():
    with Place() as place:
        compiled(place)
        for name in ("/bin/sh", "/usr/bin/env", PYTHON):
            result = cheat(place, "exec", name)
            assert result.status == 1 and result.out == "EACCES\n", result
            assert result.refused("exec", os.path.realpath(name)), result
        result = place.run("judge", "/bin/sh", "-c", "true")
        assert result.status == 126, result
        result = cheat(place, "memfd")
        assert result.status == 1 and result.refused("create", "!memfd:x"), result
        assert cheat(place, "chdir", "/").status == 1


def test_judge_lets_a_program_touch_no_other_process():
    with Place() as place:
        compiled(place)
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        with subprocess.Popen(["sleep", "1000"], **who) as other:
            try:
                for what in ("trace", "kill"):
                    result = cheat(place, what, other.pid)
                    assert result.status == 1 and result.out in ("EPERM\n", "ESRCH\n"), (what, result)
                assert other.poll() is None
            finally:
                other.kill()


def test_judge_limits_processes_of_an_ordinary_user():
    with Place() as place:
        compiled(place)
        result = cheat(place, "fork")
        assert result.status == 1 and result.out == "0 children\nEAGAIN\n", result


def test_judge_limits_memory_output_and_time():
    with Place() as place:
        compiled(place)
        result = cheat(place, "memory")
        assert result.status == 1 and result.out == "ENOMEM\n", result
        with open(place.folder / "answer", "w", encoding="ascii") as answer:
            result = cheat(place, "flood", stdout=answer)
        assert result.status == 128 + signal.SIGXFSZ, result
        assert (place.folder / "answer").stat().st_size == 64 << 20
        result = cheat(place, "spin", options=("-m", "rlimit/cpu:1"))
        assert result.status in (128 + signal.SIGXCPU, 128 + signal.SIGKILL), result


def test_judge_takes_another_language_with_a_few_rules():
    if not os.access(PYTHON, os.X_OK):
        raise tap.Skip("the system has no python3")
    with Place() as place:
        place.file("x.py", "print(sum(map(int, input().split())))\n")
        options = ("--exec", "/usr/bin", "-m", "allow/read,readdir,list,stat,exec+/usr/{bin,lib}/***",
                   "-m", "allow/stat,readdir,list+/{,usr}", "-m", "allow/read,stat+/etc/localtime")
        result = place.run_as_nobody("judge", PYTHON, "-S", "-E", "x.py", options=options, input="1 2 3")
        assert result.status == 0 and result.out == "6\n", result
        result = place.run_as_nobody("judge", PYTHON, "-c", "open('/etc/passwd')", options=options)
        assert result.status == 1 and result.refused("read", "/etc/passwd"), result


# ---- shell -----------------------------------------------------------------------------

class Terminal:
    """A command at the other end of a pseudo terminal."""

    def __init__(self, place, *words):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(place.project)
            os.execve(words[0], words, {**place.environment(), "PS1": "ready> "})
        self.text = ""

    def expect(self, word, seconds=20):
        """Waits for the word behind what was found before."""
        deadline = time.monotonic() + seconds
        while word not in self.text:
            assert time.monotonic() < deadline, f"no {word!r} in {self.text!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 4096).decode(errors="replace")
        found, self.text = self.text.split(word, 1)
        return found

    def type(self, keys):
        os.write(self.master, keys.encode())

    def line(self, line, word=None):
        """Types a line; what it prints before the word (then the next prompt)."""
        self.type(line + "\r")
        self.expect("\n")
        found = self.expect(word) if word else ""
        return found + self.expect("ready> ")

    def finish(self):
        self.type("exit 7\r")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    os.read(self.master, 4096)
                except OSError:
                    pass
        raise AssertionError("the shell does not end")

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


def in_terminal(place, profile, session):
    """Runs bash interactively; session(terminal) types into it."""
    if not has("bash"):
        raise tap.Skip("bash is not installed")
    place.log.write_bytes(b"")
    terminal = Terminal(place, *place.words(profile, "/bin/bash", "--norc", "-i"))
    try:
        terminal.expect("ready> ")
        session(terminal)
        assert terminal.finish() == 7
    finally:
        terminal.close()


def job_control(terminal):
    terminal.line("echo hello > file; cat file", "hello")
    terminal.line("sleep 1000 & jobs", "Running")
    terminal.line("kill %1; wait %1; echo status $?", "status 143")
    terminal.type("cat\r")
    terminal.expect("cat")
    time.sleep(0.2)
    terminal.type("\x1a")
    terminal.expect("Stopped")
    terminal.expect("ready> ")
    terminal.line("jobs -l", "Stopped")
    terminal.type("fg\r")
    terminal.expect("cat")
    terminal.type("typed\r")
    terminal.expect("typed")
    terminal.expect("typed")
    terminal.type("\x04")
    terminal.expect("ready> ")
    terminal.type("sleep 1000\r")
    time.sleep(0.2)
    terminal.type("\x03")
    terminal.expect("ready> ")
    terminal.line("echo status $?", "status 130")
    terminal.line("tty", "/dev/pts/")
    terminal.line("stty size && echo fine", "fine")


def test_shell_has_job_control():
    with Place() as place:
        in_terminal(place, "shell", job_control)
        assert (place.project / "file").read_text(encoding="ascii") == "hello\n"
        assert place.log.read_text(encoding="utf-8") == ""
        assert (place.home / ".bash_history").read_text(encoding="ascii") == "the secret\n"


def test_shell_reads_the_home_directory_and_writes_the_project():
    with Place() as place:
        for script, out in ((f"cat {place.home}/notes", "some notes\n"), ("echo x > y; cat y", "x\n"),
                            ("cd; pwd", f"{place.home}\n")):
            result = place.shell("shell", script)
            expect_clean(result)
            assert result.out == out, result
        result = place.shell("shell", "ls -A ~")
        expect_clean(result)
        assert "notes" in result.out, result


def test_shell_refuses_credentials_and_writing_elsewhere():
    with Place() as place:
        expect_refused(place, "shell", [
            (f"echo x >> {place.home}/notes", "write", place.home / "notes"),
            (f"rm {place.home}/notes", "delete", place.home / "notes"),
            (f"echo 'alias ls=rm' >> {place.home}/.bashrc", "write", place.home / ".bashrc"),
            (f"cat {place.outside}/file", "read", place.outside / "file"),
            (f"cp -r {place.home}/.ssh .", "readdir", place.home / ".ssh"),
            (f"ln {place.home}/.netrc mine", "rename", place.home / ".netrc"),
        ] + [(f"cat '{place.home}/{name}'", "read", place.home / name) for name in SECRETS])
        expect_no_environment(place, "shell")


def test_shell_of_somebody_who_lives_in_the_root_directory_does_not_read_devices():
    with Place() as place:
        for name, allowed in (("/etc/passwd", True), ("/dev/mem", False), ("/proc/1/maps", True),
                              ("/srv/x", True)):
            result = subprocess.run([place.kennel, "explain", "shell", "read", name], capture_output=True, check=False,
                                    env={**place.environment(), "HOME": "/"}, cwd=place.project)
            assert result.returncode == int(not allowed), (name, result)


# ---- secrets ---------------------------------------------------------------------------

def test_secrets_hide_where_names_are_judged():
    with Place() as place:
        options = ("-m", "sandbox/walk,stat,list:on", "-m", "default/walk,stat,list:allow",
                   "-m", "include_profile secrets")
        for name in SECRETS:
            result = place.run("shell", "cat", place.home / name, options=options)
            assert result.status == 1 and "No such file" in result.err, result
        result = place.shell("shell", "ls -A ~", options=options)
        shown = result.out.split()
        assert "notes" in shown and ".ssh" not in shown and ".netrc" not in shown and ".config" in shown, result


def test_secrets_are_given_back_by_what_comes_later():
    with Place() as place:
        result = place.shell("shell", "cat ~/.aws/credentials", options=("--ro", f"{place.home}/.aws"))
        expect_clean(result)
        assert result.out == "the secret\n", result


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "confined", sys.argv[1]))
