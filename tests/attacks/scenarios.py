"""The attacks, by the numbers of doc/ATTACKS.md; 0 is one that has no number there. Data only, for test_attacks.py.

A row is an attack that is run: its command (a guest and its words), the policy, what it says natively and under Kennel
(the beginning of its line; a pair where it differs: root, user). "same" under Kennel: line for line as natively.
A pointer names tests that cover a number elsewhere; the test looks whether they are there."""

import collections
import os

Row = collections.namedtuple("Row", "number what command policy native kennel place outside")

# Everything is judged, and evil can be known of, and nothing else.
KNOWN = ("-m", "default/all:allow", "-m", "filter/all+{box}/evil/***", "-m",
         "allow/walk,stat,list,chdir+{box}/evil/***")
# It is not there at all.
HIDDEN = ("-m", "default/all:allow", "-m", "filter/all+{box}/evil/***")
# What lies in it can be known of.
UNTOUCHED = ("-m", "default/all:allow", "-m", "filter/all+{box}/evil/**", "-m", "allow/walk,stat,chdir+{box}/evil/**")
DENIED = ("-m", "default/all:allow", "-m", "deny/read,walk+{box}/evil/***")
# Nothing else is judged: most is left to the kernel.
READ = ("-m", "sandbox/all:off", "-m", "sandbox/read:on", "-m", "default/read:allow", "-m",
        "filter/read+{box}/evil/***")
FIXED = ("-m", "default/all:allow", "-m", "filter/write,truncate,fown,fattr+{box}/good/***")
WORK = ("-p", "work")
EXEC = ("-m", "sandbox/all:off", "-m", "sandbox/exec:on", "-m", "default/exec:allow", "-m",
        "filter/exec+{box}/evil/***")
STRICT = (*EXEC, "-m", "filter/exec+!memfd:**", "-m", "exec/anonymous:off")
NET = ("-m", "default/all:allow", "-m", "filter/net/connect+127.0.0.1!{port}", "-m",
       "filter/net/bind+127.0.0.1!{free}", "-m",
       "filter/net/connect,net/sendfd+{box}/evil/***", "-m", "filter/net/connect+@kennel-attack-{port}", "-m",
       "filter/read+{box}/evil/***", "-m", "filter/net/sendfd+{box}/taker")
TRACED = ("-m", "sandbox/all:off", "-m", "sandbox/read:on", "-m", "default/read:allow", "-m",
          "filter/read+{box}/evil/***", "-m", "allow_unsafe/ptrace:on")
LOOPBACK = ("-m", "sandbox/all:off", "-m", "sandbox/net:on", "-m", "allow/net/bind+loopback", "-m",
            "allow/net/connect+127.0.0.1", "-m", "filter/net/connect+127.0.0.2", "-m", "filter/net/sendfd+!unnamed")
# Everything is decided by the supervisor, and allowed.
ALL = ("-m", "default/all:allow", "-m", "deny/all+/nonexistent/***")
# As on kernels before 6.12, whose Landlock keeps no signals inside.
OLD = ("--without", "landlock-scope", *KNOWN)
I386 = (*KNOWN, "-m", "abi/i386:on")


def row(number, what, command, policy=KNOWN, native="works", kennel="refused", place="plain", outside=()):
    return Row(number, what, command, policy, native, kennel, place, outside)


def race(number, what, command, policy=UNTOUCHED, place="plain", outside=()):
    """The guest counts what it reached; natively it reaches the evil side within some tries."""
    return Row(number, what, command, policy, "won", "lost", place, outside)


# Only root can make a program that is root's.
SET_USER = "works" if os.geteuid() == 0 else "nothing"
SWAP = ("flip_names", "flip/one", "flip/two")

RACES = [
    race(1, "a thread changes the name while it is opened", "race_files path read"),
    race(2, "a thread changes the name while it is executed", "race_exec thread", EXEC, "programs"),
    race(3, "a thread changes an address while it is connected to", "race_net connect", LOOPBACK),
    race(3, "a thread changes the address of sendto", "race_net sockaddr", LOOPBACK),
    race(4, "a thread changes the pointer to an address in sendmsg", "race_net msghdr", LOOPBACK),
    race(4, "a thread changes the third address of sendmmsg", "race_net third", LOOPBACK),
    race(5, "a thread changes the flags of openat2", "race_files how how",
         ("-m", "default/all:allow", "-m", "filter/write,truncate+{box}/evil/***")),
    race(6, "a symlink is exchanged from outside", "race_files symlink read", place="links", outside=SWAP),
    race(7, "a directory in the middle becomes a symlink", "race_files middle read", place="middle", outside=SWAP),
    race(8, "the directory changes below a relative interpreter", "race_exec cwd", EXEC, "programs"),
    race(9, "the old name of a rename changes", "race_files path rename-old"),
    race(9, "the new name of a rename changes", "race_files path rename-new"),
    race(9, "the new name of a link changes", "race_files path link-new"),
    race(0, "the descriptor that a name begins at is replaced", "race_files dirfd read"),
]

PATHS = [
    row(10, "a file is cut or made before it is refused", "attack_path cut"),
    row(23, "other spellings of a refused name", "attack_path spellings"),
    row(23, "a name of 4,095 bytes at the end of memory", "attack_path long"),
    row(23, "a chain of 40 symlinks", "attack_path chain"),
    row(24, "slashes behind names", "attack_path slashes"),
    row(25, "a name that looks like a line of the log", "attack_path forge",
        DENIED, native="refused ENOENT"),
    row(26, "the directory of the secret is moved", "attack_path move-parent"),
    row(26, "the same, where only reading is judged", "attack_path move-parent", READ),
    row(26, "the directory above it is moved, by a descriptor", "attack_path move-above", READ),
    row(26, "the secret gets a second name", "attack_path link", READ),
    row(0, "a file without a name gets a refused one", "attack_path temporary"),
    row(27, "the secret appears below a mount of one's own", "attack_path mount", native=("works", "")),
    row(28, "out of a new root by an old descriptor", "attack_path chroot", native=("works", "refused EPERM")),
    row(29, "by a file handle", "attack_path handle", native=("works", "refused EPERM")),
]

PROC = [
    *(row(18, f"{what} gave its rights away", f"attack_deputy {mode}", ALL, native="nothing", kennel="same")
      for what, mode in (("a program that", "ids"), ("a program that, for files,", "file-ids"),
                         ("root that", "capabilities"), ("a thread that", "thread"))),
    row(11, "the memory behind /proc/self/mem is one's own", "attack_proc self-memory", native="nothing",
        kennel="nothing"),
    row(11, "the memory of another process", "attack_proc other-inside {other}", WORK),
    row(12, "the secret below /proc/self/root and cwd", "attack_proc secret-by-magic"),
    row(12, "the secret below the directory of another process", "attack_proc other-names {other}"),
    row(13, "what is inside of the supervisor", "attack_proc other-inside {kennel}"),
    row(13, "the same, where only reading is judged", "attack_proc other-inside {kennel}", READ),
    row(14, "code changed through /proc/self/mem", "attack_proc patch-code", WORK),
    row(15, "a file for reading is opened again for writing", "attack_proc reopen", FIXED),
    row(16, "a descriptor that is a path only is used", "attack_proc path-only"),
    row(16, "the same, where only reading is judged", "attack_proc path-read", READ),
    row(16, "up from an allowed directory", "attack_proc up", READ),
    row(21, "core_pattern", "attack_proc write /proc/sys/kernel/core_pattern", WORK, native=("works", "refused")),
    row(21, "sysrq-trigger", "attack_proc write /proc/sysrq-trigger", WORK, native=("", "refused")),
    row(21, "drop_caches", "attack_proc write /proc/sys/vm/drop_caches", WORK, native=("works", "refused")),
    row(21, "uevent_helper", "attack_proc write /sys/kernel/uevent_helper", WORK, native=("", "refused")),
    row(22, "own files of /proc that weaken or promote", "attack_proc knobs", WORK),
    row(40, "registering a binary format", "attack_proc write /proc/sys/fs/binfmt_misc/register", WORK, native=("",
        "")),
    row(42, "the program of another process is opened", "attack_exec exe {other}", WORK),
    row(42, "the program of the supervisor is opened", "attack_exec exe {kennel}"),
]

EXECS = [
    row(32, "a refused program is executed by its names", "attack_exec plain", EXEC),
    row(32, "a refused interpreter of scripts, nested, with a long line", "attack_exec scripts", EXEC),
    row(33, "the loader runs a refused program", "attack_exec loader {loader}", EXEC),
    row(34, "a program without a name", "attack_exec memory", STRICT),
    row(35, "a page of a refused file is made executable", "attack_exec map", EXEC),
    row(35, "memory that is no file is made executable", "attack_exec anonymous", STRICT),
    row(35, "the personality that makes all memory executable", "attack_exec personality", EXEC),
    row(36, "a set-user-id program", "attack_exec set-user {root}/bin/set-user", native=("nothing", SET_USER),
        kennel="nothing"),
    row(38, "no arguments, too many, and some in no memory", "attack_exec arguments", native="nothing", kennel="same"),
    row(39, "what is no program", "attack_exec odd", native="nothing", kennel="same"),
    row(43, "the check of an exec without the exec", "attack_exec check", EXEC, native=""),
    row(0, "a program without right to be read reads the secret", "{root}/bin/unreadable spellings", READ,
        native="works", kennel="refused"),
]

ABIS = [
    row(44, "int $0x80", "attack_abi int80", kennel="killed"),
    row(44, "int $0x80 with the ABI on", "attack_abi int80", I386),
    row(45, "the bit of x32", "attack_abi x32", native="refused ENOSYS", kennel="killed"),
    row(46, "int $0x80 from 32-bit code after a far call", "attack_abi far", I386),
    row(46, "the same with the ABI off", "attack_abi far", kennel="killed"),
    row(48, "old and new names of the same call", "attack_abi aliases", HIDDEN),
    row(49, "numbers above the table", "attack_abi numbers", native="refused ENOSYS", kennel="refused ENOSYS"),
    row(50, "namespaces by clone3", "attack_abi spaces-clone3"),
    row(51, "namespaces by unshare and setns", "attack_abi spaces"),
    row(52, "a listener of one's own", "attack_abi listener"),
    row(52, "a filter that pretends chdir and dup3", "attack_abi pretend"),
    row(53, "a tracer changes the name after the entry stop", "attack_abi tracer", TRACED),
    row(53, "a tracer, where none is allowed", "attack_abi tracer"),
    row(54, "a tracee without its filter", "attack_abi suspend", TRACED, native=("works", "refused EPERM")),
    row(55, "a child that no tracer follows", "attack_abi untraced", HIDDEN),
    row(56, "code and devices of the machine", "attack_abi machine", native=("works", "")),
    row(57, "io_uring", "attack_abi ring"),
    row(0, "userfaultfd", "attack_abi fault", native=("works", "")),
]

LIVES = [
    row(59, "memory and tracing of another process", "attack_life memory {other}"),
    row(59, "memory and tracing of the supervisor", "attack_life memory {kennel}"),
    row(59, "descriptors of another process", "attack_life descriptor {other}"),
    row(62, "descriptors of the supervisor, its listener too", "attack_life descriptor {kennel}"),
    *(row(60, f"{what} at {whom}", f"attack_life {attack} {{{who}}}")
      for who, whom in (("other", "another process"), ("kennel", "the supervisor"))
      for what, attack in (("kill", "kill"), ("tkill", "stop"), ("tgkill", "thread-kill"), ("sigqueue", "queue"),
                           ("a pidfd", "pidfd-kill"), ("the owner of a socket", "owner"))),
    row(60, "a signal to the group of another process", "attack_life group {other}"),
    row(60, "a signal to the supervisor's group", "attack_life group {kennel}", kennel="nothing"),
    *(row(60, f"{what} at the supervisor, on older kernels", f"attack_life {attack} {{kennel}}", OLD)
      for what, attack in (("kill", "kill"), ("a pidfd", "pidfd-kill"), ("its group", "group"))),
    row(59, "tracing the supervisor, where tracing is allowed", "attack_life memory {kennel}", TRACED),
    row(59, "tracing another process, where tracing is allowed", "attack_life memory {other}", TRACED),
    row(0, "calls that make no sense", "attack_chaos {ms}", native=None, kennel="nothing"),
    row(0, "a timer for another thread", "attack_life timer {kennel}", native="refused EINVAL"),
    row(61, "priorities and processors of the supervisor", "attack_life priorities {kennel}"),
    row(61, "time that the supervisor may use", "attack_life limit {kennel}"),
    row(63, "a descriptor of the caller", "attack_life inherited {mark}"),
    row(67, "a log that is full", "attack_path spellings", (*DENIED, "-m", "log/file:/dev/full")),
    row(69, "a process that goes on behind all", "attack_life daemon", kennel="ended"),
    row(69, "a sibling that dies beside the first process", "attack_life sibling", native="nothing", kennel="nothing"),
    row(70, "a process that cannot be read", "attack_life hidden"),
    row(71, "names and tracers by prctl", "attack_life name {other}"),
    row(72, "commands to the supervisor while the lock is on", "attack_life command"),
    row(0, "limits of zero", "attack_life limits"),
]

NETS = [
    row(74, "an address in other spellings", "attack_ipc spellings {port}", NET),
    row(74, "the same for datagrams", "attack_ipc spellings-udp {port}", NET),
    row(74, "a socket that is connected anew", "attack_ipc reconnect {port}", NET),
    row(75, "one refused message among several", "attack_ipc third {port}", NET),
    row(76, "a port under other numbers of the socket", "attack_ipc bind-duplicates {free}", NET),
    row(77, "a socket below a refused directory", "attack_ipc unix evil/socket", NET),
    row(77, "an abstract socket of somebody outside", "attack_ipc unix @kennel-attack-{port}", NET),
    row(78, "a directory that was handed over", "attack_ipc directory good/giver", NET),
    row(78, "a descriptor goes out", "attack_ipc give taker", NET),
    row(79, "families of sockets", "attack_ipc families", (*KNOWN, "-m", "default/net/link:filter")),
    row(74, "a connection made by its first data", "attack_ipc fast-open {port}", NET),
    row(77, "a datagram to a socket below a refused directory", "attack_ipc datagram evil/datagrams", NET),
    row(0, "a socket is made below a refused directory", "attack_ipc bind-unix evil/new"),
    row(0, "lengths that no message has", "attack_ipc sizes", native="nothing", kennel="same"),
]

DEVICES = [
    row(17, "a terminal is taken over", "attack_device take {terminal}"),
    row(82, "typing into a terminal", "attack_device type", native=("works", "")),
    row(83, "pasting on a console", "attack_device paste", native="refused ENOTTY"),
    row(86, "device nodes", "attack_device make", native=("works", "")),
    row(87, "devices of the machine", "attack_device open", WORK, native=("works", "")),
]

METAS = [
    row(88, "whether a hidden file is there", "attack_meta oracle", HIDDEN),
    row(88, "a hidden name in a listing", "attack_meta listing", HIDDEN, kennel="nothing"),
    row(88, "watching what is hidden", "attack_meta watch", HIDDEN),
    row(89, "attributes of a refused file", "attack_meta change"),
    row(89, "attributes of a refused symlink", "attack_meta change-link"),
    row(90, "attributes that give rights", "attack_meta rights", FIXED),
    row(91, "flags through a descriptor for reading", "attack_meta flags", FIXED),
    row(91, "a directory that tells by signals", "attack_meta notify"),
]

FAMILIES = {"races": RACES, "paths": PATHS, "proc": PROC, "exec": EXECS, "abi": ABIS, "life": LIVES, "net": NETS,
            "devices": DEVICES, "metadata": METAS}

# (number, what, tests that cover it elsewhere)
POINTERS = [
    (19, "umask, limits and groups of the caller", ["integration/test_guests.c::obey_umask",
                                                   "integration/test_guests.c::obey_fsize",
                                                   "integration/test_guests.c::fill_descriptors"]),
    (20, "whom a server sees", ["integration/test_net.c::the_other_side_is_told_the_identity_of_the_caller"]),
    (30, "what patterns mean", ["integration/test_refuse.c::patterns_stop_where_they_say"]),
    (31, "mounted over", ["plans/test_exact.py::"
                          "test_what_is_mounted_over_keeps_its_name_as_when_all_opens_are_notified"]),
    (37, "the environment", ["integration/test_payload.c::neither_the_loaders_nor_secret_variables_are_passed"]),
    (41, "a command with dashes", ["integration/test_launch.c::a_command_is_found_along_path_and_keeps_its_dashes"]),
    (64, "calls that block", ["integration/test_stress.c::more_waiting_calls_than_workers_do_not_stop_the_others",
                              "integration/test_net.c::hundreds_of_connects_that_wait_slow_nobody_down"]),
    (65, "signals during calls", ["integration/test_stress.c::a_hundred_pipelines_complete"]),
    (66, "the death of the supervisor", ["integration/test_death.c::of_the_supervisor_ends_a_storm_of_double_forks",
                                         "integration/test_death.c::of_the_supervisor_ends_calls_that_wait"]),
    (67, "a log that nobody reads", ["integration/test_launch.c::a_log_that_nobody_reads_holds_up_nothing"]),
    (68, "many processes", ["integration/test_stress.c::many_short_processes_leave_nothing_in_the_supervisor",
                            "integration/test_payload.c::limits_bind_whoever_runs_it"]),
    (81, "addresses of sockets", ["integration/test_net.c::unix_sockets_are_told_by_the_name_that_they_were_bound_to"]),
    (84, "the terminal afterwards", ["integration/test_terminal.c::stop_continue_and_interrupt_work_under_work"]),
    (85, "control sequences",
     ["integration/test_refuse.c::names_with_odd_bytes_forge_no_log_line_and_match_bytewise"]),
    (92, "what Kennel removes", ["unit/test_tmpdir.c::link_in_place_of_the_directory_is_not_followed",
                                 "unit/test_tmpdir.c::removal_takes_everything_inside_and_nothing_outside"]),
]
