#!/usr/bin/env python3
"""The profiles build, python, node, judge and secrets with real programs: what runs, and what is refused."""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from place import (PYTHON, SECRETS, Place, expect_clean, expect_no_environment, expect_refused,  # noqa: E402
                   expect_tip_allows, has, version_folder)

import tap  # noqa: E402  (place knows where it is)


def need(*programs):
    if not has(*programs):
        raise tap.Skip(f"not installed: {', '.join(programs)}")


def refused_rows(place):
    """What every profile for work refuses alike."""
    return [
        (f"echo x > {place.outside}/new", "write", place.outside / "new"),
        (f"echo x >> {place.outside}/file", "write", place.outside / "file"),
        (f"rm -f {place.outside}/file", "delete", place.outside / "file"),
        (f"cat {place.outside}/file", "read", place.outside / "file"),
        (f"ls {place.outside}", "readdir", place.outside),
        (f"mv {place.outside}/file mine", "rename", place.outside / "file"),
        (f"mkdir {place.home}/new", "mkdir", place.home / "new"),
        ("chmod 600 /etc/passwd", "chmod", "/etc/passwd"),
        ("cat /etc/shadow", "read", "/etc/shadow"),
    ] + [(f"cat '{place.home}/{name}'", "read", place.home / name) for name in SECRETS]


def expect_work_refusals(place, profile):
    rows = refused_rows(place)
    if os.geteuid() != 0:  # The kernel says no before any rule is asked.
        rows = [row for row in rows if "/etc/" not in row[0]]
    expect_refused(place, profile, rows)
    expect_no_environment(place, profile)
    assert (place.outside / "file").read_text(encoding="ascii") == "outside\n"


# ---- build -----------------------------------------------------------------------------

MAKEFILE = """
all: program
program: main.o libgreet.a
\t$(CC) -o $@ main.o -L. -lgreet
libgreet.a: greet.o
\tar rcs $@ $^
check: program
\ttest "$$(./program)" = "hello from a library"
install: program
\tinstall -D program $(DESTDIR)/usr/bin/program
\tinstall -D -m 644 greet.h $(DESTDIR)/usr/include/greet.h
"""


def make_project(place):
    place.file("Makefile", MAKEFILE)
    place.file("greet.h", "void greet(void);\n")
    place.file("greet.c", '#include <stdio.h>\n#include "greet.h"\n'
                          'void greet(void) { puts("hello from a library"); }\n')
    place.file("main.c", '#include "greet.h"\nint main(void) { greet(); return 0; }\n')


def test_build_makes_checks_and_installs_a_project():
    need("cc", "make", "ar")
    with Place() as place:
        make_project(place)
        expect_clean(place.run("build", "make", "-j2", "CFLAGS=-O2 -g -flto -pipe", "check"))
        expect_clean(place.run("build", "make", "install", "DESTDIR=pkg"))
        assert os.access(place.project / "pkg/usr/bin/program", os.X_OK)
        result = place.run("build", "make", "install")
        assert result.status != 0 and not pathlib.Path("/usr/bin/program").exists(), result


def test_build_makes_a_debian_package():
    need("cc", "make", "ar", "dpkg-deb")
    with Place() as place:
        make_project(place)
        place.file("pkg/DEBIAN/control", "Package: greet\nVersion: 1.0\nArchitecture: all\n"
                                         "Maintainer: A <a@example.org>\nDescription: greets\n")
        expect_clean(place.shell("build", "make install DESTDIR=pkg && dpkg-deb --root-owner-group --build pkg "
                                          "greet.deb && dpkg-deb --contents greet.deb"))
        contents = subprocess.run(["dpkg-deb", "--contents", place.project / "greet.deb"], capture_output=True,
                                  text=True, check=True).stdout
        assert "./usr/bin/program" in contents and "root/root" in contents


def test_build_makes_a_source_package_out_of_a_configured_tree():
    need("cc", "make", "tar", "gzip")
    with Place() as place:
        make_project(place)
        place.file("configure", "#!/bin/sh\nset -e\ntmp=$(mktemp -d)\ntrap 'rm -rf $tmp' EXIT\n"
                                "echo 'int main(void) { return 0; }' > $tmp/conftest.c\n"
                                "${CC-cc} -o $tmp/conftest $tmp/conftest.c && $tmp/conftest\n"
                                "cat > config.h <<END\n#define HAVE_CC 1\nEND\n")
        expect_clean(place.shell("build", "sh configure && make && tar -czf greet-1.0.tar.gz --transform "
                                          "s,^,greet-1.0/, Makefile config.h *.c && tar -tzf greet-1.0.tar.gz"))


def test_build_makes_a_python_wheel():
    if subprocess.run([PYTHON, "-c", "import setuptools, wheel"], capture_output=True, check=False).returncode:
        raise tap.Skip("the system's python has no setuptools and wheel")
    with Place() as place:
        place.file("setup.py", "from setuptools import setup\n"
                               "setup(name='greet', version='1.0', py_modules=['greet'])\n")
        place.file("greet.py", "TEXT = 'hello'\n")
        result = place.run("build", PYTHON, "setup.py", "-q", "bdist_wheel")
        assert result.status == 0 and list(place.project.glob("dist/greet-1.0*.whl")), result


def test_build_reads_what_was_fetched_and_keeps_caches_to_itself():
    with Place() as place:
        fetched = [place.write(place.home / name, "fetched\n") for name in
                   (".cargo/registry/src/x/lib.rs", "go/pkg/mod/x/x.go", ".m2/repository/x/x.jar")]
        for path in fetched:
            result = place.shell("build", f"cat {path}")
            assert result.out == "fetched\n", result
        expect_refused(place, "build", [(f"echo x >> {fetched[0]}", "write", fetched[0])])
        result = place.shell("build", 'mkdir -p "$XDG_CACHE_HOME" && echo x > "$XDG_CACHE_HOME/x" && echo "$TMPDIR"')
        expect_clean(result)
        assert not pathlib.Path(result.out.strip()).exists()


def test_build_refuses_what_is_none_of_its_business():
    with Place() as place:
        expect_work_refusals(place, "build")
        expect_refused(place, "build", [(f"echo x > {place.folder}/in-tmp", "write", place.folder / "in-tmp")])
        expect_tip_allows(place, "build", f"cat {place.home}/notes")


# ---- python ----------------------------------------------------------------------------

PYTHON_SCRIPT = """
import asyncio, concurrent.futures, ctypes, decimal, hashlib, json, multiprocessing, os, sqlite3, ssl, subprocess, sys
import tempfile, threading, uuid, zlib
from multiprocessing import shared_memory
import local_package.part, site_package

def square(x):
    return x * x

async def talk():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(input())", stdin=-1, stdout=-1)
    out, _ = await process.communicate(b"through a pipe\\n")
    await asyncio.sleep(0.01)
    return out.decode().strip()

if __name__ == "__main__":
    print(local_package.part.VALUE, site_package.VALUE)
    print(subprocess.run(["/bin/sh", "-c", "echo $((6 * 7))"], capture_output=True, check=True).stdout.decode().strip())
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            print(method, sum(pool.map(square, range(10))))
    array = multiprocessing.Array("i", [1, 2, 3])
    worker = multiprocessing.Process(target=array.__setitem__, args=(0, 39))
    worker.start(); worker.join()
    print(sum(array))
    block = shared_memory.SharedMemory(create=True, size=64)
    block.buf[0] = 7; print(block.buf[0]); block.close(); block.unlink()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        print(list(pool.map(square, (2, 3))))
    base = sqlite3.connect("data.db")
    base.execute("pragma journal_mode=wal")
    base.execute("create table t(x)"); base.executemany("insert into t values(?)", [(i,) for i in range(100)])
    base.commit(); print(base.execute("select sum(x) from t").fetchone()); base.close()
    print(asyncio.run(talk()))
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x"); file.flush(); print(os.path.getsize(file.name))
    ssl.create_default_context(); print(ctypes.CDLL(None).getpid() == os.getpid())
    print("done")
"""
PYTHON_OUTPUT = ["1 2", "42", "fork 285", "spawn 285", "forkserver 285", "44", "7", "[4, 9]", "(4950,)",
                 "through a pipe", "1", "True", "done"]


def python_packages(place):
    place.file("local_package/__init__.py", "")
    place.file("local_package/part.py", "VALUE = 1\n")
    place.write(place.home / ".local/lib" / version_folder() / "site-packages/site_package.py", "VALUE = 2\n")


def need_python():
    if not os.access(PYTHON, os.X_OK):
        raise tap.Skip("the system has no python3")


def test_python_runs_its_library_out_of_the_box():
    need_python()
    with Place() as place:
        python_packages(place)
        place.file("x.py", PYTHON_SCRIPT)
        result = place.run("python", PYTHON, "x.py")
        expect_clean(result)
        assert result.out.splitlines() == PYTHON_OUTPUT, result
        assert list(place.project.glob("local_package/__pycache__/part.*.pyc"))
        assert not list(place.home.rglob("__pycache__"))


def test_python_of_whoever_runs_the_tests_starts():
    with Place() as place:
        result = subprocess.run([place.kennel, "run", "-p", "python", "--", "python3", "-c",
                                 "import json; print(json.dumps(1))"], capture_output=True, text=True,
                                check=False, cwd=place.project, timeout=60)
        assert result.returncode == 0 and result.stdout == "1\n", result


def test_python_makes_and_uses_an_environment():
    need_python()
    with Place() as place:
        result = place.shell("python", f"{PYTHON} -m venv --without-pip venv && venv/bin/python -c 'import sys; "
                                       "print(sys.prefix != sys.base_prefix)'")
        expect_clean(result)
        assert result.out == "True\n", result


def test_python_runs_unit_tests():
    need_python()
    with Place() as place:
        place.file("test_x.py", "import unittest, socket\nclass T(unittest.TestCase):\n def test_pair(self):\n"
                                "  a, b = socket.socketpair(); a.sendall(b'x'); self.assertEqual(b.recv(1), b'x')\n")
        expect_clean(place.run("python", PYTHON, "-m", "unittest", "-q"))


def test_python_refuses_what_is_none_of_its_business():
    need_python()
    with Place() as place:
        expect_work_refusals(place, "python")
        result = place.run("python", PYTHON, "-c", f"import subprocess; open('{place.home}/notes')")
        assert result.status == 1 and "PermissionError" in result.err, result
        assert result.refused("read", place.home / "notes"), result
        result = place.run("python", PYTHON, "-c", "import os; os.mkfifo('/dev/shm/kennel-fifo')")
        assert result.status == 1 and result.refused("mkfifo", "/dev/shm/kennel-fifo"), result
        expect_tip_allows(place, "python", f"cat {place.home}/notes")


def test_python_compiles_silently_nowhere_but_in_the_work():
    need_python()
    with Place() as place:
        place.write(place.outside / "module.py", "VALUE = 3\n")
        place.file("x.py", f"import sys; sys.path.append('{place.outside}'); import module; print(module.VALUE)\n")
        options = ("-m", f"allow/rpath+{place.outside}/***")
        result = place.run("python", PYTHON, "x.py", options=options)
        expect_clean(result)
        assert result.out == "3\n" and not (place.outside / "__pycache__").exists(), result
        result = place.run("work", PYTHON, "x.py", options=options)
        assert result.status == 0 and result.refused("mkdir", place.outside / "__pycache__"), result


# ---- node ------------------------------------------------------------------------------

NODE_SCRIPT = """
const fs = require('fs'), os = require('os'), path = require('path'), zlib = require('zlib');
const { execFileSync, fork, spawn } = require('child_process');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const part = require('part');
if (!isMainThread) {
  parentPort.postMessage([1, 2, 3].reduce((a, b) => a + b));
} else if (process.argv[2] === 'child') {
  process.on('message', (x) => { process.send(x + 1); process.disconnect(); });
} else (async () => {
  console.log(part.value);
  await fs.promises.mkdir('out/deep', { recursive: true });
  await Promise.all([1, 2, 3].map((i) => fs.promises.writeFile(`out/deep/${i}`, 'x'.repeat(i))));
  console.log(fs.readdirSync('out/deep').join(), fs.statSync('out/deep/3').size);
  await require('stream/promises').pipeline(fs.createReadStream('out/deep/3'), zlib.createGzip(),
    fs.createWriteStream('out/3.gz'));
  fs.renameSync('out/deep/1', 'out/1'); fs.rmSync('out/deep', { recursive: true });
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'x-')); fs.rmSync(temporary, { recursive: true });
  console.log(execFileSync('/bin/sh', ['-c', 'echo $((6 * 7))']).toString().trim());
  console.log(await new Promise((done) => new Worker(__filename).on('message', done)));
  const child = fork(__filename, ['child']);
  console.log(await new Promise((done) => { child.on('message', done); child.send(7); }));
  console.log(await new Promise((done) => spawn('sh', ['-c', 'exit 3']).on('exit', done)));
  const { value } = await import('./module.mjs');
  console.log(value, require('crypto').randomBytes(4).length, os.cpus().length > 0);
})();
"""
NODE_OUTPUT = ["part", "1,2,3 3", "42", "6", "8", "3", "module 4 true"]


def test_node_runs_its_library_out_of_the_box():
    need("node")
    with Place() as place:
        place.file("node_modules/part/package.json", '{"name": "part", "main": "lib.js"}')
        place.file("node_modules/part/lib.js", "exports.value = 'part';\n")
        place.write(place.folder / "package.json", "{}")
        place.write(place.folder / "node_modules/other/package.json", "{}")
        place.file("module.mjs", "export const value = 'module';\n")
        place.file("x.js", NODE_SCRIPT)
        result = place.run("node", "node", "x.js")
        expect_clean(result)
        assert result.out.splitlines() == NODE_OUTPUT, result


def test_node_runs_a_test_of_its_own_and_a_package_script():
    need("node", "npm")
    with Place() as place:
        place.file("package.json", '{"name": "x", "version": "1.0.0", "scripts": {"test": "node --test"}}')
        place.file("x.test.js", "require('node:test')('adds', () => require('assert').equal(1 + 1, 2));\n")
        result = place.run("node", "npm", "test", "--offline")
        assert result.status == 0 and "pass 1" in result.out, result
        assert not (place.home / ".npm").exists()


def test_node_refuses_what_is_none_of_its_business():
    need("node")
    with Place() as place:
        expect_work_refusals(place, "node")
        for call, category, path in (("readFileSync", "read", place.home / ".npmrc"),
                                     ("readdirSync", "readdir", place.home),
                                     ("rmSync", "delete", place.outside / "file")):
            result = place.run("node", "node", "-e", f"require('fs').{call}('{path}')")
            assert result.status == 1 and "EACCES" in result.err and result.refused(category, path), result
        result = place.run("node", "node", "-e", f"require('{place.outside}/node_modules/x')")
        assert result.status == 1 and "MODULE_NOT_FOUND" in result.err, result
        expect_tip_allows(place, "node", f"cat {place.home}/notes")


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "profiles", sys.argv[1]))
