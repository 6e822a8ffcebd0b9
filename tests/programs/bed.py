"""A place where servers and clients run natively or under Kennel, one here and the other there, and both together."""

import contextlib
import os
import pathlib
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "profiles"))

from place import NOBODY, Place, Result  # noqa: E402  (found through the line above)

import tap  # noqa: E402  (place knows where it is)

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

# How a command runs. Files as the profile work has them, or every call of every category answered by Kennel; the
# network is what the rules say, in both.
NATIVE, WORK, ALL = "natively", "work", "all"
OPTIONS = {
    WORK: ("work", ["sandbox/net:on"]),
    ALL: ("off", ["sandbox/all:on", "default/all:allow", "default/net:deny", "deny/all+/nowhere/***"]),
}
# Who may connect to a server in there: not judged, or those whom the kernel gives a port.
GIVEN = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").replace("\t", "-").strip()
PEERS = {WORK: ["net/accept:off"], ALL: [f"allow/net/connect+loopback!{GIVEN}", "allow/net/connect+!unnamed"]}
# Where the server runs, and the client.
APART = [(NATIVE, WORK), (WORK, NATIVE), (NATIVE, ALL), (ALL, NATIVE)]


def need(*programs):
    missing = [name for name in programs if not find(name)]
    if missing:
        raise tap.Skip(f"not installed: {', '.join(missing)}")


def find(program):
    return shutil.which(program, path=PATH)


def free_port(count=1, family=socket.AF_INET, host="127.0.0.1"):
    """The first of that many free ones in a row. Below those that the kernel gives to who asks for none."""
    for port in range(20000 + os.getpid() % 10000, 32000):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for offset in range(count):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    stack.enter_context(socket.socket(family, kind)).bind((host, port + offset))
            return port
    raise tap.Skip("no free port")


def wait_for(what, condition, limit=15):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.01)


def family_of(address):
    if isinstance(address, (str, pathlib.Path)):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def answers(address):
    """That somebody listens there."""
    with socket.socket(family_of(address)) as client:
        return client.connect_ex(address if isinstance(address, tuple) else str(address)) == 0


class NextDoor:
    """A listener that no rule allows: counts who comes, and sends them away. With datagram, receives them."""

    def __init__(self, address, datagram=False):
        self.address, self.datagram, self.count = address, datagram, 0

    def __enter__(self):
        kind = socket.SOCK_DGRAM if self.datagram else socket.SOCK_STREAM
        self.server = socket.socket(family_of(self.address), kind)
        self.server.bind(self.address if isinstance(self.address, tuple) else str(self.address))
        if family_of(self.address) == socket.AF_UNIX:
            os.chmod(self.address, 0o777)
        if not self.datagram:
            self.server.listen()
        self.server.settimeout(0.05)
        self.over = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def serve(self):
        while not self.over:
            with contextlib.suppress(OSError):
                if self.datagram:
                    self.server.recv(1)
                else:
                    self.server.accept()[0].close()
                self.count += 1

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.server.close()

    def name(self):
        """As it stands in the log."""
        if family_of(self.address) == socket.AF_UNIX:
            return str(self.address)
        return f"{self.address[0]}!{self.address[1]}"


class Bed(Place):
    """Everything in it runs as an ordinary user; the project is theirs."""

    def __enter__(self):
        super().__enter__()
        self.user = {}
        if os.geteuid() == 0:
            self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self.own(self.project, self.home)
        return self

    def own(self, *paths):
        for path in paths if self.user else ():
            os.chown(path, NOBODY, NOBODY)

    def user_name(self):
        return pwd.getpwuid(self.user.get("user", os.geteuid())).pw_name

    def environment(self):
        return {**super().environment(), "PATH": PATH, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}

    def words_in(self, mode, rules, command, log):
        if mode == NATIVE:
            return [str(word) for word in command]
        profile, own = OPTIONS[mode]
        options = [word for rule in (*own, *rules) for word in ("-m", str(rule))]
        words = self.words(profile, *command, options=options)
        words[words.index("--log") + 1] = str(log)
        return words

    def fresh_log(self, name):
        log = self.folder / name
        log.write_bytes(b"")
        self.own(log)
        return log

    def ask(self, mode, rules, *command, **more):
        """Runs a client to its end."""
        log = self.fresh_log("log")
        more.setdefault("input", "")
        process = subprocess.run(self.words_in(mode, rules, command, log), capture_output=True, text=True, check=False,
                                 cwd=self.project, env=self.environment(), timeout=60, **self.user, **more)
        return Result(process, log)

    def native(self, *command, **more):
        """What a test needs before it begins."""
        result = self.ask(NATIVE, (), *command, **more)
        assert result.status == 0, result
        return result.out

    def is_there(self, address, ready):
        return answers(address) and (ready is None or self.ask(NATIVE, (), *ready).status == 0)

    @contextlib.contextmanager
    def serving(self, mode, rules, command, address, ready=None):
        """A server that listens there meanwhile (and `ready` says so); nothing that it does may be refused."""
        log = self.fresh_log("log.server")
        noise = self.folder / "noise"
        words = self.words_in(mode, [*rules, *PEERS.get(mode, ())], command, log)
        with open(noise, "wb") as out, subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.project, env=self.environment(),
                start_new_session=True, **self.user) as server:
            try:
                wait_for(f"{mode}: {command[0]}",
                         lambda: self.is_there(address, ready) or server.poll() is not None)
                assert server.poll() is None, (mode, command, noise.read_text(), log.read_text())
                yield server
            finally:
                server.terminate()
                try:
                    server.wait(15)
                except subprocess.TimeoutExpired:
                    os.killpg(server.pid, signal.SIGKILL)
                    raise
        assert log.read_bytes() == b"", (mode, command, log.read_text())


def expect_as_native(bed, rules, command, native, mode, clean=lambda text: text, **more):
    """A client's status and output are the native ones, and nothing was refused."""
    result = bed.ask(mode, rules, *command, **more)
    assert not result.records and (result.status, clean(result.out)) == (native.status, clean(native.out)), (
        mode, command, native, result)


def expect_served(bed, server, address, clients, rules, clean=lambda text: text, ready=None):
    """
    clients give natively what they give wherever they and their server run. rules: (the server's, the clients').
    server is a function of the mode, so that each can begin afresh.
    """
    theirs, ours = rules
    natively = []
    with bed.serving(NATIVE, (), server(), address, ready):
        for client in clients:
            natively.append(bed.ask(NATIVE, (), *client))
            assert natively[-1].status == 0, natively[-1]
    for one, other in APART:
        with bed.serving(one, theirs, server(), address, ready):
            for client, native in zip(clients, natively):
                expect_as_native(bed, ours, client, native, other, clean)
    expect_served_together(bed, server, ready or ready_words(bed, address), list(zip(clients, natively)),
                           (*theirs, *ours), clean)


# $1: a server's command, $2: that says it is there, $3...: the clients.
TOGETHER = """server=$1 ready=$2; shift 2
eval "exec $server" >/dev/null 2>&1 &
tries=0
until eval "$ready" >/dev/null 2>&1 || [ $((tries += 1)) -gt 300 ]; do sleep 0.02; done
for client; do eval "$client" </dev/null || echo "status $?"; echo "--"; done
kill %1 2>/dev/null || kill $!
wait
"""
READY = """import socket, sys
a = sys.argv[1]
f, a = (socket.AF_UNIX, a) if '/' in a else (socket.AF_INET, ('127.0.0.1', int(a)))
sys.exit(socket.socket(f).connect_ex(a) != 0)
"""


def ready_words(bed, address):
    bed.file("ready.py", READY)
    return ["python3", "ready.py", address[1] if isinstance(address, tuple) else address]


def expect_served_together(bed, server, ready, clients, rules, clean):
    """Server and clients in the same sandbox."""
    for mode in (WORK, ALL):
        words = [shlex.join(map(str, command)) for command in (server(), ready, *(client for client, _ in clients))]
        result = bed.ask(mode, (*rules, *PEERS[mode]), "/bin/sh", "-c", TOGETHER, "sh", *words)
        expected = [clean(native.out) for _, native in clients]
        assert result.status == 0 and not result.records, (mode, result)
        assert [clean(part.removeprefix("\n")) for part in result.out.split("--\n")[:-1]] == expected, (mode, result)


def expect_closed_next_door(bed, door, command, rules, category="net/connect", modes=(WORK, ALL)):
    """A client that natively comes to where no rule allows does not, and the log says what would allow it."""
    with door:
        bed.ask(NATIVE, (), *command)
        wait_for("somebody next door", lambda: door.count > 0)
        before = door.count
        for mode in modes:
            result = bed.ask(mode, rules, *command)
            assert result.status != 0 and result.refused(category, door.name()), (mode, result)
        time.sleep(0.1)
        assert door.count == before, result


def expect_cannot_serve(bed, rules, command, address, modes=(WORK, ALL)):
    """A server that would listen there ends, or stays without."""
    for mode in modes:
        result = bed.ask(mode, rules, *command)
        assert result.refused("net/bind", address), (mode, result)


def only_words(text):
    """What a benchmark tells, without its figures."""
    return re.sub(r"[-+]?\d[\d.,]*(nan)?", "N", text)
