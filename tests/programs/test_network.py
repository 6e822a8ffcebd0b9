#!/usr/bin/env python3
"""Real clients and servers on the loopback do under a policy that allows just them what they do natively."""

import contextlib
import http.server
import pathlib
import re
import socket
import socketserver
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from bed import (ALL, GIVEN, NATIVE, WORK, Bed, NextDoor, expect_as_native, expect_cannot_serve,  # noqa: E402
                 expect_closed_next_door, expect_served, find, free_port, need, only_words)

import tap  # noqa: E402  (bed knows where it is)


def connect(*addresses):
    return [f"allow/net/connect+{address}" for address in addresses]


def bind(*addresses):
    return [f"allow/net/bind+{address}" for address in addresses]


# ---- curl ------------------------------------------------------------------------------

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(f"the page {self.path}\n".encode() * 1000)

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web(family, address):
    class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
        address_family = family
        daemon_threads = True

    with Server(address, Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        try:
            yield
        finally:
            server.shutdown()


def test_curl_gets_and_posts_over_ipv4_ipv6_and_unix():
    need("curl")
    with Bed() as bed, contextlib.ExitStack() as servers:
        port, path = free_port(2), bed.project / "web.sock"
        servers.enter_context(web(socket.AF_INET, ("127.0.0.1", port)))
        servers.enter_context(web(socket.AF_UNIX, str(path)))
        path.chmod(0o777)
        bed.file("body", "a line of the body\n" * 50000)
        curl = ("curl", "-sSgf", "-H", "Expect:")
        ways = [[f"http://127.0.0.1:{port}/a"], [f"http://localhost:{port}/b", "-4"],
                ["--unix-socket", str(path), "http://there/d"],
                [f"http://127.0.0.1:{port}/[1-20]"], ["-Z", f"http://127.0.0.1:{port}/[1-20]", "-o", "out#1"]]
        rules = [*connect(f"localhost!{port}", path), "allow/net/link+route"]
        if has_ipv6():
            servers.enter_context(web(socket.AF_INET6, ("::1", port)))
            ways.append([f"http://[::1]:{port}/c"])
            rules += connect(f"::1!{port}")
        for way in ways:
            for more in ([], ["--data-binary", "@body"]):
                native = bed.ask(NATIVE, (), *curl, *way, *more)
                assert native.status == 0, native
                for mode in (WORK, ALL):
                    expect_as_native(bed, rules, (*curl, *way, *more), native, mode)
        closed = [(NextDoor(("127.0.0.1", port + 1)), [f"http://127.0.0.1:{port + 1}/"]),
                  (NextDoor(bed.project / "other.sock"), ["--unix-socket", bed.project / "other.sock", "http://x/"])]
        if has_ipv6():
            closed.append((NextDoor(("::1", port + 1)), [f"http://[::1]:{port + 1}/"]))
        for door, way in closed:
            expect_closed_next_door(bed, door, (*curl, *way), rules)


def has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


# ---- git -------------------------------------------------------------------------------

HISTORY = """set -e
git init -q -b main repos/one && cd repos/one
for i in 1 2 3 4 5 6 7 8 9; do
    seq $i 3000 > file$i; mkdir -p d$i; echo $i > d$i/x; git add .
    git -c user.name=T -c user.email=t@example.org commit -qm "change $i"
done
"""


def test_git_clones_over_a_daemon():
    need("git")
    with Bed() as bed:
        port = free_port(2)
        bed.native("sh", "-c", HISTORY)

        def server(at=port):
            return ["git", "daemon", "--listen=127.0.0.1", f"--port={at}", "--reuseaddr", "--export-all",
                    f"--base-path={bed.project}/repos"]

        script = (f"rm -rf clone && git clone -q git://127.0.0.1:{port}/one clone && cd clone && "
                  "git fsck --no-progress && git log --format=%H%s && cat * d*/* 2>/dev/null | cksum && "
                  "git fetch -q && git status --short")
        expect_served(bed, server, ("127.0.0.1", port), [["sh", "-c", script]],
                      (bind(f"127.0.0.1!{port}"), connect(f"127.0.0.1!{port}")))
        expect_closed_next_door(bed, NextDoor(("127.0.0.1", port + 1)),
                                ["git", "ls-remote", f"git://127.0.0.1:{port + 1}/one"],
                                connect(f"127.0.0.1!{port}"))
        expect_cannot_serve(bed, bind(f"127.0.0.1!{port}"), server(port + 1), f"127.0.0.1!{port + 1}")


# ---- redis -----------------------------------------------------------------------------

def test_redis_serves_its_benchmark_and_its_client():
    need("redis-server", "redis-benchmark", "redis-cli")
    with Bed() as bed:
        port, path = free_port(2), bed.project / "redis.sock"

        def server(at=port):
            return ["redis-server", "--port", str(at), "--bind", "127.0.0.1", "--save", "", "--unixsocket", path,
                    "--unixsocketperm", "777"]

        talk = ("flushall", "set a 1", "incrby a 41", "rpush l x y z", "lrange l 0 -1", "hset h f v", "hgetall h",
                "eval 'return redis.call([[get]], [[a]])' 0", "config get maxclients", "get a")
        clients = []
        for way in (["-p", port], ["-s", path]):
            clients.append(["redis-benchmark", *way, "-n", "1000", "-c", "50", "--csv", "-t", "set,get,lpush,mset"])
            clients.append(["redis-benchmark", *way, "-n", "1000", "-c", "20", "-P", "16", "-d", "5000", "--csv", "-t",
                            "set,get"])
            clients.append(["sh", "-c", 'how=$1; shift; for word; do eval "redis-cli $how $word"; done', "sh",
                            " ".join(map(str, way)), *talk])
        expect_served(bed, server, ("127.0.0.1", port), clients,
                      (bind(f"127.0.0.1!{port}", path), connect(f"127.0.0.1!{port}", path)), clean=benchmark_words)
        expect_closed_next_door(bed, NextDoor(("127.0.0.1", port + 1)), ["redis-cli", "-p", port + 1, "ping"],
                                connect(f"127.0.0.1!{port}", path))
        expect_closed_next_door(bed, NextDoor(bed.project / "other.sock"),
                                ["redis-cli", "-s", bed.project / "other.sock", "ping"],
                                connect(f"127.0.0.1!{port}", path))
        expect_cannot_serve(bed, bind(f"127.0.0.1!{port}", path), server(port + 1), f"127.0.0.1!{port + 1}")
        assert not path.exists()


def benchmark_words(text):
    return only_words(text) if '"rps"' in text else text


# ---- nginx -----------------------------------------------------------------------------

NGINX = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 2;
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; default_type text/plain;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port}; listen unix:{folder}/nginx.sock; root {folder}/www;
        location /through/ {{ proxy_pass http://unix:{folder}/nginx.sock:/; }}
    }}
}}
"""


def wrk_words(text):
    if "requests in" in text:
        assert int(re.search(r"(\d+) requests in", text)[1]) > 100, text
        assert "Non-2xx" not in text and "Socket errors" not in text, text
        return "wrk"
    return text


def test_nginx_serves_wrk_and_curl():
    need("nginx", "wrk", "curl")
    with Bed() as bed:
        port = free_port(2)

        def server(at=port):
            return [find("nginx"), "-e", "stderr", "-c",
                    bed.file(f"nginx{at}.conf", NGINX.format(folder=bed.project, port=at))]

        bed.file("www/page", "the page\n" * 2000)
        unix = bed.project / "nginx.sock"
        clients = [["curl", "-sSf", f"http://127.0.0.1:{port}/page"],
                   ["curl", "-sSf", f"http://127.0.0.1:{port}/through/page"],
                   ["curl", "-sSf", "--unix-socket", unix, "http://there/page"],
                   ["wrk", "-t1", "-c20", "-d1s", f"http://127.0.0.1:{port}/page"]]
        expect_served(bed, server, ("127.0.0.1", port), clients,
                      ([*bind(f"127.0.0.1!{port}", unix, "!unnamed"), *connect(unix), "allow/net/sendfd+!unnamed"],
                       connect(f"127.0.0.1!{port}", unix)), clean=wrk_words)
        expect_closed_next_door(bed, NextDoor(("127.0.0.1", port + 1)),
                                ["wrk", "-t1", "-c1", "-d1s", f"http://127.0.0.1:{port + 1}/page"],
                                connect(f"127.0.0.1!{port}"), modes=(WORK,))
        expect_cannot_serve(bed, [*bind(f"127.0.0.1!{port}", unix), "allow/net/sendfd+!unnamed"], server(port + 1),
                            f"127.0.0.1!{port + 1}", modes=(WORK,))


# ---- PostgreSQL ------------------------------------------------------------------------

def pgbench_words(text):
    figures = ("latency", "average", "tps", "initial")
    return "\n".join(line for line in text.splitlines() if not line.startswith(figures))


def postgres_programs():
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if find("initdb"):
        return pathlib.Path(find("initdb")).resolve().parent
    if not folders:
        raise tap.Skip("not installed: initdb")
    return folders[-1].parent


def test_postgresql_serves_pgbench_over_unix_and_tcp():
    programs = postgres_programs()
    with Bed() as bed:
        port, data, name = free_port(2), bed.project / "data", bed.user_name()
        path = bed.project / f".s.PGSQL.{port}"
        bed.native(programs / "initdb", "-D", data, "-N", "-A", "trust", "-U", name, "--no-instructions")
        # Who connects over the UNIX socket is whom the kernel says.
        bed.file("hba", "local all all peer\nhost all all 127.0.0.1/32 trust\n")

        def server(at=port):
            settings = {"unix_socket_directories": bed.project, "listen_addresses": "127.0.0.1", "fsync": "off",
                        "hba_file": bed.project / "hba", "dynamic_shared_memory_type": "mmap"}
            return [programs / "postgres", "-D", data, "-p", str(at),
                    *(word for key, value in settings.items() for word in ("-c", f"{key}={value}"))]

        clients = []
        for host in (bed.project, "127.0.0.1"):
            way = ["-h", host, "-p", str(port), "-U", name]
            clients += [[programs / "pgbench", *way, "-n", "-S", "-c", "8", "-j", "2", "-t", "50", "postgres"],
                        [programs / "pgbench", *way, "-n", "-C", "-c", "2", "-t", "5", "postgres"],
                        [programs / "psql", *way, "-qAtc", "select count(*), sum(aid) from pgbench_accounts; "
                         "select current_user, inet_client_addr()", "postgres"]]
        clients.insert(0, [programs / "pgbench", *way, "-i", "-q", "-n", "-I", "dtgp", "postgres"])
        expect_served(bed, server, path, clients,
                      (bind(f"127.0.0.1!{port}", path), connect(f"127.0.0.1!{port}", path)), clean=pgbench_words,
                      ready=[programs / "pg_isready", "-h", bed.project, "-p", port])
        rules = connect(f"127.0.0.1!{port}", path)
        for host, door in (("127.0.0.1", ("127.0.0.1", port + 1)), (bed.project, bed.project / f".s.PGSQL.{port + 1}")):
            psql = [programs / "psql", "-h", host, "-p", port + 1, "-c", "select 1", "postgres"]
            expect_closed_next_door(bed, NextDoor(door), psql, rules)
        expect_cannot_serve(bed, bind(f"127.0.0.1!{port}", path), server(port + 1), f"127.0.0.1!{port + 1}")


# ---- DNS -------------------------------------------------------------------------------

RESPONDER = """
import asyncio, socket, struct, sys
def answer(question):
    end = question.index(b"\\0", 12) + 5
    kind, = struct.unpack("!H", question[end - 4:end - 2])
    data = {1: bytes([192, 0, 2, 7]), 28: socket.inet_pton(socket.AF_INET6, "2001:db8::7"),
            16: bytes([9]) + b"some text"}.get(kind)
    head = question[:2] + struct.pack("!HHHHH", 0x8580 if data else 0x8583, 1, bool(data), 0, 0)
    record = struct.pack("!HHHIH", 0xc00c, kind, 1, 60, len(data)) + data if data else b""
    return head + question[12:end] + record
class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, who):
        self.transport.sendto(answer(data), who)
async def stream(reader, writer):
    try:
        while True:
            size, = struct.unpack("!H", await reader.readexactly(2))
            reply = answer(await reader.readexactly(size))
            writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()
async def main():
    port = int(sys.argv[1])
    await asyncio.get_running_loop().create_datagram_endpoint(Datagrams, ("127.0.0.1", port))
    await (await asyncio.start_server(stream, "127.0.0.1", port)).serve_forever()
asyncio.run(main())
"""


def test_dig_asks_a_resolver():
    need("dig")
    with Bed() as bed:
        port = free_port(2)
        bed.file("responder.py", RESPONDER)
        dig = ["dig", "+noall", "+answer", "+comments", "+nocookie", "+noedns", "+tries=1", "+time=3", "@127.0.0.1"]
        clients = [[*dig, "-p", str(port), *words] for words in
                   (["one.example", "A"], ["one.example", "AAAA", "+tcp"], ["two.example", "TXT"],
                    ["one.example", "A", "two.example", "TXT", "+tcp", "three.example", "MX"])]
        # It answers datagrams to whoever asks; dig binds its own end first.
        peers = f"allow/net/connect+127.0.0.1!{GIVEN}"
        rules = [*connect(f"127.0.0.1!{port}"), *bind("0.0.0.0!0")]
        expect_served(bed, lambda: ["python3", "responder.py", str(port)], ("127.0.0.1", port), clients,
                      ([*bind(f"127.0.0.1!{port}"), peers], rules), clean=lambda text: re.sub("id: \\d+", "id", text))
        for datagram, more in ((False, ["+tcp"]), (True, ["+notcp", "+time=1"])):
            expect_closed_next_door(bed, NextDoor(("127.0.0.1", port + 1), datagram),
                                    [*dig, "-p", port + 1, "one.example", *more], rules)


# ---- asyncio ---------------------------------------------------------------------------

ECHO = """
import asyncio, sys
async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def main():
    await (await asyncio.start_server(echo, "127.0.0.1", int(sys.argv[1]), backlog=600)).serve_forever()
asyncio.run(main())
"""
ASK = """
import asyncio, hashlib, sys
together = asyncio.Barrier(500) if hasattr(asyncio, "Barrier") else None
async def one(number):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    if together:
        await together.wait()
    got = b""
    for turn in range(3):
        sent = b"%d-%d " % (number, turn) * 500
        writer.write(sent)
        got += await reader.readexactly(len(sent))
    writer.close()
    await writer.wait_closed()
    return got
async def main():
    every = await asyncio.gather(*(one(number) for number in range(500)))
    print(len(every), hashlib.sha256(b"".join(every)).hexdigest())
asyncio.run(main())
"""


def test_asyncio_echoes_to_500_connections():
    need("python3")
    with Bed() as bed:
        port = free_port(2)
        bed.file("echo.py", ECHO)
        bed.file("ask.py", ASK)
        expect_served(bed, lambda: ["python3", "echo.py", str(port)], ("127.0.0.1", port),
                      [["python3", "ask.py", str(port)]], (bind(f"127.0.0.1!{port}"), connect(f"127.0.0.1!{port}")))
        expect_closed_next_door(bed, NextDoor(("127.0.0.1", port + 1)), ["python3", "ask.py", str(port + 1)],
                                connect(f"127.0.0.1!{port}"))
        expect_cannot_serve(bed, bind(f"127.0.0.1!{port}"), ["python3", "echo.py", str(port + 1)],
                            f"127.0.0.1!{port + 1}")


TALK = """
import socket, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for number in range(int(sys.argv[2])):
    client.send(b"x")
    client.recv(1)
"""


def test_talk_on_a_connection_stays_in_the_kernel():
    need("python3")
    with Bed() as bed:
        port = free_port()
        bed.file("echo.py", ECHO)
        bed.file("talk.py", TALK)
        for mode in (WORK, ALL):
            with bed.serving(mode, bind(f"127.0.0.1!{port}"), ["python3", "echo.py", str(port)],
                             ("127.0.0.1", port)) as server:
                bed.native("python3", "talk.py", str(port), "1")
                before = turns(server.pid)
                bed.native("python3", "talk.py", str(port), "5000")
                assert turns(server.pid) - before < 500, (mode, before, turns(server.pid))


def turns(pid):
    """How often a process went to sleep: a supervisor does after each call that it answers."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", status)[1])


# ---- D-Bus -----------------------------------------------------------------------------

def test_dbus_session_knows_its_users():
    need("dbus-daemon", "dbus-send", "gdbus")
    with Bed() as bed:
        path = bed.project / "bus.sock"
        address = f"unix:path={path}"

        def server():
            return ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog", f"--address={address}"]

        bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"]
        clients = [["dbus-send", f"--bus={address}", "--print-reply=literal", f"--dest={bus[0]}", bus[1],
                    f"{bus[2]}.GetConnectionUnixUser", f"string:{bus[0]}"],
                   ["dbus-send", f"--bus={address}", "--print-reply=literal", f"--dest={bus[0]}", bus[1],
                    f"{bus[2]}.NameHasOwner", "string:org.example"],
                   ["gdbus", "call", "-a", address, "-d", bus[0], "-o", bus[1], "-m", f"{bus[2]}.ListActivatableNames"],
                   ["gdbus", "introspect", "-a", address, "-d", bus[0], "-o", bus[1]]]
        expect_served(bed, server, path, clients, (bind(path), connect(path)))
        expect_closed_next_door(bed, NextDoor(bed.project / "other.sock"),
                                ["dbus-send", f"--bus=unix:path={bed.project}/other.sock", "--print-reply",
                                 f"--dest={bus[0]}", bus[1], f"{bus[2]}.ListNames"], connect(path))


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "network", sys.argv[1]))
