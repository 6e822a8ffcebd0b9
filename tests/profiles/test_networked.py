#!/usr/bin/env python3
"""The profiles agent and server, and what build and judge say of the network: real programs, and what is refused."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from place import PYTHON, SECRETS, Place, expect_clean, expect_no_environment, expect_refused, has  # noqa: E402

import tap  # noqa: E402  (place knows where it is)


def need(*programs):
    if not has(*programs):
        raise tap.Skip(f"not installed: {', '.join(programs)}")
    if not os.access(PYTHON, os.X_OK):
        raise tap.Skip("the system has no python3")


@contextlib.contextmanager
def listening(family=socket.AF_INET, address=("127.0.0.1", 0), kind=socket.SOCK_STREAM):
    """A socket of somebody outside of the sandbox, that greets whoever connects."""
    with socket.socket(family, kind) as server:
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen()
            server.settimeout(30)
            threading.Thread(target=greet, args=(server,), daemon=True).start()
        yield server.getsockname()


def greet(server):
    with contextlib.suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"hello")


CONNECT = ("import socket, sys; s = socket.create_connection(('{}', {}), 20); print(s.recv(5).decode()); "
           "s.close()")


def connect(place, profile, host, port, **more):
    return place.run(profile, PYTHON, "-c", CONNECT.format(host, port), **more)


def expect_no_connection(result, address):
    assert result.status == 1 and "Connection refused" in result.err and result.refused("net/connect", address), result
    return next(record["tip"] for record in result.records if record["cap"] == "net/connect")


# Serves itself on the loopback, over a UNIX socket, and passes a descriptor through a pair.
ITSELF = """
import array, os, socket, sys, threading
def talk(family, address):
    server = socket.socket(family)
    server.bind(address)
    server.listen()
    thread = threading.Thread(target=lambda: server.accept()[0].sendall(b"x"))
    thread.start()
    client = socket.socket(family)
    client.connect(server.getsockname())
    print(client.recv(1).decode())
    thread.join()
a, b = socket.socketpair()
socket.send_fds(a, [b"d"], [0]); print(len(socket.recv_fds(b, 1, 1)[1]))
talk(socket.AF_UNIX, "socket")
if len(sys.argv) > 1:
    talk(socket.AF_INET, ("127.0.0.1", 0))
"""


# ---- agent -----------------------------------------------------------------------------

AGENT_SCRIPT = """set -e
cat > hello.c <<'END'
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
END
printf 'hello: hello.c\\n\\tcc -o $@ $<\\n' > Makefile
make -s hello && ./hello
git status --short
git add Makefile hello.c && git commit -qm 'say hello'
git checkout -qb topic && echo '/* more */' >> hello.c && git commit -qam more
git checkout -q main && git merge -q topic && git log --oneline | wc -l
echo x >> Makefile && git stash -q && git stash pop -q && git diff --stat && git checkout -q Makefile
git gc -q && git fsck
grep -rn puts . --include=*.c | head -n 1
find . -name '*.c' | xargs wc -l
mktemp > /dev/null
"""


def repository(place):
    place.write(place.home / ".gitconfig", "[user]\n\tname = T\n\temail = t@example.org\n"
                                          "[init]\n\tdefaultBranch = main\n")
    subprocess.run(["git", "init", "-q"], check=True, cwd=place.project, env=place.environment())
    place.file("start", "x\n")
    subprocess.run("git add . && git commit -qm start", shell=True, check=True, cwd=place.project,
                   env=place.environment())


def test_agent_edits_builds_and_commits():
    need("git", "make", "cc")
    with Place() as place:
        repository(place)
        result = place.shell("agent", AGENT_SCRIPT)
        expect_clean(result)
        assert result.out.startswith("hello\n") and "hello.c:2:" in result.out, result
        log = subprocess.run(["git", "log", "--format=%s"], capture_output=True, text=True, check=True,
                             cwd=place.project, env=place.environment()).stdout
        assert log == "more\nsay hello\nstart\n", log


def test_agent_runs_the_tests_of_a_python_project():
    need()
    with Place() as place:
        place.file("part.py", "def double(x): return 2 * x\n")
        place.file("test_part.py", "import subprocess, sys, unittest, part\nclass T(unittest.TestCase):\n"
                                   "  def test_double(self): self.assertEqual(part.double(2), 4)\n"
                                   "  def test_run(self): subprocess.run([sys.executable, '-c', ''], check=True)\n")
        expect_clean(place.run("agent", PYTHON, "-m", "unittest", "-q"))


def test_agent_sees_no_credentials():
    need()
    with Place() as place:
        for name in SECRETS:
            result = place.run("agent", "cat", place.home / name)
            hidden = [record["path"] for record in result.records if record["cap"] == "walk"]
            assert result.status == 1 and "No such file" in result.err, result
            assert hidden and all(str(place.home / name).startswith(path) for path in hidden), result
            assert place.run("agent", "test", "-e", place.home / name).status == 1, name
        expect_no_environment(place, "agent")
        expect_refused(place, "agent", [(f"cat {place.home}/notes", "read", place.home / "notes"),
                                        (f"ls {place.home}", "readdir", place.home),
                                        (f"echo x > {place.outside}/x", "write", place.outside / "x")])
        result = place.shell("agent", "ls -A ~", options=("--ro", place.home, "-m", "include_profile secrets"))
        assert "notes" in result.out.split() and not {".ssh", ".aws", ".netrc"} & set(result.out.split()), result


def test_agent_plants_nothing_that_git_runs_later():
    need("git")
    with Place() as place:
        repository(place)
        before = (place.project / ".git/config").read_bytes()
        git = place.project / ".git"
        for script in ("echo id > .git/hooks/pre-commit", "git config core.fsmonitor ./x", "echo x >> .git/config",
                       "mv .git other", "rm -rf .git/config", "ln -sf ../x .git/hooks/pre-commit", "chmod 600 start; "
                       "cp start .git/commondir", "mkdir -p .git/modules/a && echo x > .git/modules/a/config",
                       "mkdir y; echo x > y/config; mv -T y .git/modules/a",
                       "mkdir h; echo x > h/post-commit; rm -r .git/hooks; mv -T h .git/hooks"):
            result = place.shell("agent", script)
            assert result.status != 0 and result.records, (script, result)
            assert (git / "config").read_bytes() == before, script
            for name in ("commondir", "hooks/pre-commit", "hooks/post-commit", "modules/a/config"):
                assert not os.path.lexists(git / name), (script, name)


def test_agent_connects_to_listed_hosts_only():
    need()
    with Place() as place, listening() as (host, port):
        tip = expect_no_connection(connect(place, "agent", host, port), f"{host}!{port}")
        assert tip == f"allow/net/connect+{host}!{port}", tip
        result = connect(place, "agent", host, port, options=("-m", tip))
        expect_clean(result)
        assert result.out == "hello\n", result
        result = connect(place, "agent", "192.0.2.1", 443)
        expect_no_connection(result, "192.0.2.1!443")


def test_agent_is_refined_by_a_policy_file():
    need()
    with Place() as place, listening() as (host, port):
        policy = place.write(place.folder / "mine.kennel",
                             f"include_profile agent\nallow/net/connect+localhost!{port}\n")
        place.log.write_bytes(b"")
        for name, status in (("localhost", 0), (host, 0), ("127.0.0.2", 1)):
            result = subprocess.run([place.kennel, "run", "-P", policy, "--log", place.log, "--", PYTHON, "-c",
                                     CONNECT.format(name, port)], capture_output=True, text=True, check=False,
                                    cwd=place.project, env=place.environment(), timeout=60)
            assert result.returncode == status, (name, result)


def test_agent_sends_no_datagram_and_uses_no_socket_of_others():
    need()
    with Place() as place, listening(kind=socket.SOCK_DGRAM) as (host, port):
        result = place.run("agent", PYTHON, "-c", "import socket; s = socket.socket(type=socket.SOCK_DGRAM); "
                                                  f"s.sendto(b'x', ('{host}', {port}))")
        assert result.status == 1 and result.refused("net/connect", f"{host}!{port}"), result
        with listening(socket.AF_UNIX, str(place.outside / "agent.sock")) as name:
            result = place.run("agent", PYTHON, "-c", f"import socket; socket.socket(socket.AF_UNIX).connect('{name}')")
            assert result.status == 1 and result.refused("net/connect", name), result


def test_agent_talks_to_itself_and_is_reached_on_the_loopback():
    need()
    with Place() as place:
        place.file("itself.py", ITSELF)
        result = place.run("agent", PYTHON, "itself.py")
        expect_clean(result)
        assert result.out == "1\nx\n", result
        serve(place, "agent", "127.0.0.1")
        result = place.run("agent", PYTHON, "-m", "http.server", "-b", "0.0.0.0", "0")
        assert result.status == 1 and result.refused("net/bind", "0.0.0.0!0"), result


# ---- server ----------------------------------------------------------------------------

def serve(place, profile, host):
    """Runs a web server in the project, and fetches a file from it."""
    place.file("page", "a page\n")
    place.log.write_bytes(b"")
    words = place.words(profile, PYTHON, "-u", "-m", "http.server", "-b", host, "0")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=place.project,
                          env=place.environment()) as server:
        try:
            port = re.search(r"port (\d+)", server.stdout.readline())[1]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/page", timeout=20) as page:
                assert page.read() == b"a page\n"
        finally:
            server.terminate()
    assert place.log.read_bytes() == b""


SERVER_AND_CLIENT = """
import errno, socket, sys
server = socket.socket()
server.bind(("127.0.0.1", 0)); server.listen()
print(server.getsockname()[1], flush=True)
peer, _ = server.accept()
for address in ((sys.argv[1], int(sys.argv[2])), peer.getpeername(), ("192.0.2.1", 40000)):
    print(errno.errorcode[socket.socket().connect_ex(address)], flush=True)
peer.sendall(b"done")
"""


def test_server_serves_everybody():
    need()
    with Place() as place:
        for host in ("127.0.0.1", "0.0.0.0"):
            serve(place, "server", host)


def test_server_connects_to_nobody():
    need()
    with Place() as place, listening() as (host, port):
        place.file("both.py", SERVER_AND_CLIENT)
        place.log.write_bytes(b"")
        words = place.words("server", PYTHON, "both.py", host, str(port))
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=place.project,
                              env=place.environment()) as server:
            try:
                with socket.create_connection(("127.0.0.1", int(server.stdout.readline())), 20) as client:
                    assert client.recv(4) == b"done"
                assert server.stdout.read().split() == ["ECONNREFUSED"] * 3
            finally:
                server.terminate()
        assert f"allow/net/connect+{host}!{port}" in place.log.read_text(encoding="utf-8")
        expect_no_connection(connect(place, "server", host, port), f"{host}!{port}")


def test_server_refuses_files_as_work_does():
    need()
    with Place() as place:
        expect_refused(place, "server", [(f"echo x > {place.outside}/x", "write", place.outside / "x")]
                       + [(f"cat '{place.home}/{name}'", "read", place.home / name) for name in SECRETS])


# ---- build and judge -------------------------------------------------------------------

def test_build_talks_to_itself_and_not_to_the_network():
    need()
    with Place() as place:
        place.file("itself.py", ITSELF)
        result = place.run("build", PYTHON, "itself.py", "all")
        expect_clean(result)
        assert result.out == "1\nx\nx\n", result
        expect_no_connection(connect(place, "build", "192.0.2.1", 443), "192.0.2.1!443")


SOCKETS = """
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static void say(const char *what, int result)
{
	printf("%s %s\\n", what, result < 0 ? strerrorname_np(errno) : "works");
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };

	inet_aton("127.0.0.1", &to.sin_addr);
	say("connect", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&to, sizeof(to)));
	say("send", sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (void *)&to, sizeof(to)));
	say("bind", bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&any, sizeof(any)));
	say("local", bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&name, sizeof(name)));
	say("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	say("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
	return 0;
}
"""


def test_judge_opens_no_socket():
    need("cc")
    with Place() as place, listening() as (host, port):
        place.compile("sockets", SOCKETS)
        place.project.chmod(0o777)
        result = place.run_as_nobody("judge", "./sockets", port)
        assert result.out == ("connect ECONNREFUSED\nsend ENOTCONN\nbind EADDRNOTAVAIL\nlocal EACCES\n"
                              "raw EPERM\nnetlink EACCES\n"), result
        assert result.refused("net/connect", f"{host}!{port}") and result.refused("net/bind", "0.0.0.0!0"), result
        assert os.listdir(place.project) == ["sockets"]


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "networked", sys.argv[1]))
