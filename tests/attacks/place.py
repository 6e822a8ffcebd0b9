"""Where an attack is run: a fresh tree with something allowed and something refused, a process, listeners and a
terminal that belong to the test, and what is looked at afterwards: whether any of it was harmed."""

import os
import pathlib
import pty
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

NOBODY = 65534
LOADER = next((str(path) for path in pathlib.Path("/").glob("lib*/ld-linux-*.so.*")), "none")


class Top:
    """What all runs share: programs that every user may execute."""

    def __init__(self, kennel, guests):
        self.folder = pathlib.Path(os.path.realpath(tempfile.mkdtemp(prefix="kennel-attacks-")))
        self.folder.chmod(0o755)
        self.bin = self.folder / "bin"
        self.bin.mkdir(mode=0o755)
        self.kennel = shutil.copy(kennel, self.bin / "kennel")
        for guest in [*guests.glob("attack_*"), *guests.glob("race_*"), guests / "flip_names", guests / "make_program"]:
            if guest.is_file() and "." not in guest.name:
                shutil.copy(guest, self.bin / guest.name)
        for kind in ("good", "evil"):
            subprocess.run([self.bin / "make_program", kind, self.bin / kind], check=True)
        for path in self.bin.iterdir():
            path.chmod(0o755)
        shutil.copy(self.bin / "attack_path", self.bin / "unreadable")
        (self.bin / "unreadable").chmod(0o111)
        shutil.copy(guests / "print_rights", self.bin / "set-user")
        (self.bin / "set-user").chmod(0o4755)

    def remove(self):
        shutil.rmtree(self.folder)


class Place:
    """One run's own: "box" is its working directory. Of the rest it has what the row needs."""

    def __init__(self, top, name, row, user):
        self.top, self.user = top, user
        self.folder = top.folder / name
        self.box = self.folder / "box"
        self.box.mkdir(parents=True)
        self.words = {"box": self.box, "root": top.folder, "loader": LOADER}
        self.open_sockets, self.received, self.terminals, self.other = [], [], [], None
        self.make_tree(row.place)
        if "_exec" in row.command:
            self.make_programs()
        if "attack_ipc" in row.command:
            self.make_sockets()
        for path in (self.folder, self.box, *self.box.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
        if re.search(r"{(other|kennel|terminal|taken)}", row.command):
            self.make_other()
        self.mark = self.words["mark"] = os.open(self.box / "evil/file", os.O_RDONLY)  # was not given to the sandbox
        self.before = self.look()

    def make_other(self):
        """A process and its terminal, and another terminal."""
        self.terminals = [*pty.openpty(), *pty.openpty()]
        for word, fd in (("terminal", self.terminals[1]), ("taken", self.terminals[3])):
            self.words[word] = os.ttyname(fd)
            os.chown(os.ttyname(fd), self.user, -1)
        # pylint: disable-next=consider-using-with
        self.other = subprocess.Popen(["setsid", "-c", "sleep", "600"], cwd=self.box, stdin=self.terminals[3],
                                      **self.identity())
        self.words["other"] = self.words["kennel"] = self.other.pid
        while not pathlib.Path(f"/proc/{self.other.pid}/cmdline").read_bytes().startswith(b"sleep"):
            time.sleep(0.001)

    def identity(self):
        return {"user": self.user, "group": self.user, "extra_groups": []} if os.geteuid() == 0 else {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.other:
            self.other.kill()
            self.other.wait()
        for one in self.open_sockets:
            one.close()
        for fd in (*self.terminals, self.mark):
            os.close(fd)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            # Directories that their owner may not enter.
            subprocess.run(["chmod", "-R", "u+rwx", self.folder], check=False)
            shutil.rmtree(self.folder)

    def make_tree(self, kind):
        for folder in ("good/in", "evil/in"):
            (self.box / folder).mkdir(parents=True)
        for name, content in (("good/file", "allowed\n"), ("good/fixed", "fixed"), ("evil/file", "secret"),
                              ("mine", "mine\n")):
            (self.box / name).write_text(content, encoding="ascii")
        (self.box / "evil/link").symlink_to("file")
        self.make_flip(self.box / "flip", kind)

    def make_programs(self):
        for name, to in (("good", "good/prog"), ("evil", "evil/prog"), ("evil", "good/copy")):
            shutil.copy(self.top.bin / name, self.box / to)
        (self.box / "evil/page").write_bytes(bytes(4096))
        shutil.copy(os.path.realpath("/bin/sh"), self.box / "evil/shared")

    @staticmethod
    def make_flip(flip, kind):
        if kind == "middle":
            (flip / "one").mkdir(parents=True)
            (flip / "one/file").write_text("allowed\n", encoding="ascii")
        elif kind == "links":
            flip.mkdir()
            (flip / "one").symlink_to("../good")
        if flip.exists():
            (flip / "two").symlink_to("../evil")

    def serve(self, one, address, give=None):
        one.bind(address)
        if one.type & socket.SOCK_STREAM:
            one.listen(16)
        self.open_sockets.append(one)
        threading.Thread(target=self.receive, args=(one, give), daemon=True).start()
        return one

    def receive(self, one, give):
        """Notes what comes, until the socket is closed."""
        try:
            while True:
                if one.type == socket.SOCK_DGRAM:
                    self.received.append(one.recv(100))
                    continue
                peer, _ = one.accept()
                with peer:
                    self.answer(one, peer, give)
        except OSError:
            pass

    def answer(self, one, peer, give):
        if give:
            fd = os.open(give, os.O_RDONLY | os.O_DIRECTORY)
            socket.send_fds(peer, [b"x"], [fd])
            os.close(fd)
            return
        if one.getsockname() != str(self.box / "taker"):
            self.received.append(b"connection")
        peer.settimeout(5)
        _, fds, _, _ = socket.recv_fds(peer, 10, 1)
        for fd in fds:
            self.received.append(b"descriptor")
            os.close(fd)

    def make_sockets(self):
        tcp = self.serve(socket.socket(), ("127.0.0.1", 0))
        port = self.words["port"] = tcp.getsockname()[1]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.words["free"] = free.getsockname()[1]
        self.serve(socket.socket(type=socket.SOCK_DGRAM), ("127.0.0.1", port))
        self.serve(socket.socket(socket.AF_UNIX), f"\0kennel-attack-{port}")
        self.serve(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), str(self.box / "evil/datagrams"))
        for name, give in (("evil/socket", None), ("taker", None), ("good/giver", self.box / "evil")):
            self.serve(socket.socket(socket.AF_UNIX), str(self.box / name), give)

    def look(self):
        """What nobody may change: all below evil, and the other process."""
        found = {}
        for path in (self.box / "evil", *sorted((self.box / "evil").rglob("*"))):
            if not os.path.lexists(path):
                continue
            status = path.lstat()
            found[str(path)] = (status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_size,
                                status.st_ctime_ns)
        found["other"] = self.look_other()
        return found

    def look_other(self):
        if not self.other:
            return "none"
        pid = self.other.pid
        if self.other.poll() is not None:
            return "dead"
        status, limits, stat = (pathlib.Path(f"/proc/{pid}/{name}").read_text(encoding="ascii")
                                for name in ("status", "limits", "stat"))
        words = stat.rsplit(")", 1)[1].split()
        # Whether it is stopped, its terminal, tracer, policy, processors, limits.
        return (words[0] in "TtZ", words[4], re.search(r"TracerPid:\t(\d+)", status)[1], words[38],
                sorted(os.sched_getaffinity(pid)), limits)

    def harm(self):
        """What is not as it was, in words; empty when all is."""
        now = self.look()
        changed = [f"{key}: {self.before.get(key)} became {now.get(key)}" for key in {*now, *self.before}
                   if now.get(key) != self.before.get(key)]
        return changed + [f"received {one}" for one in self.received]
