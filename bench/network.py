"""Throughput of servers and their clients on the loopback, natively and with connect and bind under policy.

Server and client run alike, each in a sandbox of its own, and each pair stays there for all rounds of a place. What
counts is what the client says of itself: nobody's start is in it.
"""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import time

import measure
from jobs import NATIVE, SHARED_ENV, Config, compare_all
from measure import Failure

# Bind and connect judged by address, nothing else; the peers of accept, too.
NET = ["-m", "sandbox/all:off", "-m", "sandbox/net/bind,net/connect:on", "-m", "allow/net/bind+loopback",
       "-m", "allow/net/connect+loopback", "-m", "allow/net/connect+!unnamed", "-m", "allow/inet+/***"]
FLOOR = 0.97
NOBODY = 65534
SEARCH = f"{SHARED_ENV['PATH']}:/usr/sbin:/sbin"

NGINX = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 10000000;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name):
    """Also one that has no link among the commands, as PostgreSQL's."""
    found = shutil.which(name, path=SEARCH)
    if name in ("initdb", "postgres", "pgbench"):
        theirs = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        found = str(theirs[-1]) if theirs else found
    if not found:
        raise Failure(f"not installed: {name}")
    return found


class Redis:
    names = ("redis SET", "redis GET")

    def __init__(self, folder, port):
        self.server = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir",
                       folder]
        self.client = [program("redis-benchmark"), "-p", str(port), "-c", "50", "-n", "60000", "-t", "set,get", "--csv"]

    def prepare(self, run):
        pass

    def read(self, text):
        return [float(re.search(rf'"{name}","([0-9.]+)"', text)[1]) for name in ("SET", "GET")]


class Nginx:
    names = ("nginx, wrk",)

    def __init__(self, folder, port):
        pathlib.Path(folder, "page").write_text("a page\n" * 100, encoding="ascii")
        config = pathlib.Path(folder, "nginx.conf")
        config.write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
        self.server = [program("nginx"), "-e", "stderr", "-c", str(config)]
        self.client = [program("wrk"), "-t1", "-c20", "-d1s", f"http://127.0.0.1:{port}/page"]

    def prepare(self, run):
        pass

    def read(self, text):
        if "Non-2xx" in text or "Socket errors" in text:
            raise Failure("errors among the answers")
        return [float(re.search(r"Requests/sec:\s+([0-9.]+)", text)[1])]


class Postgres:
    """By TCP; Local is the same by its UNIX socket."""
    names = ("pgbench -S, TCP",)
    host = "127.0.0.1"

    def __init__(self, folder, port):
        self.init = [program("initdb"), "-D", f"{folder}/data", "-N", "-A", "trust", "-U", "bench"]
        self.server = [program("postgres"), "-D", f"{folder}/data", "-p", str(port), "-c", "fsync=off", "-c",
                       f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1"]
        self.to = ["-h", self.host or folder, "-p", str(port), "-U", "bench", "-n", "postgres"]
        self.client = [program("pgbench"), "-S", "-c", "4", "-T", "1", *self.to]

    def prepare(self, run):
        run([program("pgbench"), "-i", "-q", *self.to])

    def read(self, text):
        return [float(re.search(r"tps = ([0-9.]+)", text)[1])]


class Local(Postgres):
    names = ("pgbench -S, UNIX",)
    host = None


KINDS = (Redis, Nginx, Postgres, Local)


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Pair:
    """A server under one configuration, and the client that asks it."""

    def __init__(self, bench, kind, config, where):
        self.bench, self.port = bench, free_port()
        self.prefix = [*bench.ordinary, *config.prefix]
        self.folder = bench.make(f"network/{where}-{kind.__name__}-{config.name}".replace(" ", "-"))
        if bench.ordinary:
            os.chown(self.folder, NOBODY, NOBODY)
        self.job = kind(self.folder, self.port)

    def __enter__(self):
        out = os.path.join(self.folder, "noise")
        if hasattr(self.job, "init"):
            self.natively(self.job.init)
        self.process = measure.spawn([*self.prefix, *self.job.server], self.folder, self.bench.env, out)
        deadline = time.monotonic() + 20
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise Failure(f"the server does not answer: {measure.last_line(out + '.err')}")
            time.sleep(0.05)
        time.sleep(0.5)
        self.job.prepare(self.natively)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def natively(self, command):
        measure.run([*self.bench.ordinary, *command], self.folder, self.bench.env, self.bench.out())

    def once(self):
        out = self.bench.out()
        measure.run([*self.prefix, *self.job.client], self.folder, self.bench.env, out)
        with open(out, encoding="utf-8") as file:
            return self.job.read(file.read())


def network_rows(bench, kind, configs, where):
    facts = {"group": "network", "place": where, "unit": "/s"}
    rows = []
    try:
        with contextlib.ExitStack() as stack:
            pairs = {config.name: stack.enter_context(Pair(bench, kind, config, where)) for config in configs}
            values, failures = measure.rounds(bench.pairs, configs, lambda config: pairs[config.name].once())
    except Failure as failure:
        return [{**facts, "name": kind.names[0], "config": "native", "failed": str(failure)}]
    for number, name in enumerate(kind.names):
        each = {config: [run[number] for run in runs] for config, runs in values.items()}
        rows += compare_all(bench, each, failures, ("native",), name=name, **facts)
    return [{**row, "floor": FLOOR} if "ratio" in row else row for row in rows]


def network(bench):
    """Requests of a second. PostgreSQL does not run as root, so nothing does."""
    os.chmod(bench.folder, 0o755)
    bench.ordinary = []
    if os.geteuid() == 0:
        bench.ordinary = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    configs = [NATIVE]
    if bench.kennel:
        configs.append(Config("kennel net", [shutil.copy(bench.kennel, bench.folder), "run", *NET, "--"]))
    rows = []
    for where, cpu in bench.places():
        for kind in KINDS:
            bench.say(f"network, {kind.names[0]}, {where}")
            with measure.pinned(cpu):
                rows += network_rows(bench, kind, configs, where)
    return rows
