#!/usr/bin/env python3
"""Writes build.ninja, the only description of how Kennel is built.

With no arguments it writes the committed ./build.ninja (release, into build/). Another
variant or a cross build has a folder and a ninja file of its own:

    ./configure.py --variant static && ninja -f build/static/build.ninja
    ./configure.py --cross aarch64-linux-gnu && ninja -f build/aarch64-linux-gnu/build.ninja
    ./configure.py --small && ninja -f build/small/build.ninja

A cross build is static, unless it is `--variant release`. `--cross TRIPLET --deps libs` fetches the
libraries of that machine into build/TRIPLET/deps, and installs a compiler that is missing.
Nothing about this machine goes into the file: an edge of the build runs tools/probe.py.
`--deps demo` and `--deps test` set up a bare Debian, build, and run (tools/setup.py).
"""

import argparse
import pathlib
import shlex
import sys

TOP = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tools"))

import machines  # noqa: E402  (found through the line above)
import ninja_syntax  # noqa: E402

sys.path.insert(0, str(TOP / "tests/vm"))
import virtual  # noqa: E402

VERSION = "0.1.0"

# ---- Sources, by name ------------------------------------------------------------------

CORE = (
    # main() picks a command; the commands.
    "main cmd_run cmd_bench cmd_check cmd_diff cmd_explain cmd_plan cmd_profiles cmd_quote command_words run_options "
    "explain explain_net explain_print tip policy_diff policy_diff_net policy_diff_print "
    # The supervisor and its objects: sandboxes, processes, threads, calls.
    "supervisor sandbox process tracee loop call dispatch eviction notify wait access job_control "
    "cage cage_caps cage_table cage_needs cage_filter cage_print "
    # What a sandbox can be told, and asked, from inside.
    "runtime runtime_calls "
    # Starting payloads and workers, and keeping watch over them.
    "launch launch_request launcher payload payload_limits environment worker ready remote step channel inherited "
    "descriptors tmpdir settle fatal "
    # The traced side: stops, registers, and what a process really did.
    "trace trace_call trace_signal trace_left trace_then traced ptrace held held_areas held_name program program_call "
    # The target: its memory, descriptors, identity, limits, and what procfs says of it.
    "mem mem_space fds identity limits status procfs inside "
    # Paths.
    "path path_walk path_name path_long path_link mounts slow "
    # The policy: language, rules, patterns, profiles.
    "policy policy_parse policy_command policy_rule policy_setting unsafe policy_transition policy_short policy_path "
    "policy_options policy_vars policy_environment policy_file policy_errors policy_warnings policy_print "
    "category nearest profile "
    "policy_net policy_net_rule policy_hosts address address_pattern address_index netset brief bound mem_message "
    "policy_words policy_files policy_files_command policy_variables policy_rlimit policy_print_payload "
    "policy_print_net policy_print_again policy_cursor policy_lock policy_copy policy_compare policy_change "
    "policy_query ioctl_names filesystem filename pattern pattern_scan pattern_match pattern_quote "
    "pattern_product pattern_names "
    "array matcher matcher_build matcher_late rule_index automaton automaton_build automaton_tokens "
    # The plan and what enforces it: filters, Landlock, what the kernel has.
    "plan plan_abi plan_net plan_trace plan_exec plan_files plan_opens plan_protect plan_host plan_print plan_words "
    "plan_warn grants grants_rules absent filter filter_own bpf_print plan_export guard "
    "surface landlock kfeat abi_probe capability capability_table "
    # The log.
    "log log_access utc json json_print"
).split()

# What a small build has not, and what refuses it there; and what only a static one has not.
LEFT_OUT = """
    cmd_bench cmd_check cmd_diff policy_diff policy_diff_net policy_diff_print pattern_product pattern_names
    cmd_explain explain explain_net explain_print cmd_plan plan_print plan_words plan_export absent bpf_print cage_print
""".split()
IN_ITS_PLACE = ["left_out"]
LEFT_OUT_STATIC = ["policy_hosts"]
IN_ITS_PLACE_STATIC = ["left_out_hosts"]

# One family of system calls per file, and the table that lists them.
HANDLERS = """
    access common readlink stat statfs attr fileattr namei utime xattr ids inotify memfd node rlimit open_flags
    rename socket socket_bind socket_listen socket_name socket_connect socket_send socket_control socket_option
    socket_pair socket_calls table truncate open open_finish open_sticky chdir exec exec_check mmap mprotect setgroups
    list list_entries ioctl fcntl fanotify mask signal
""".split()

# Registers and ABIs; every architecture compiles on every host.
ARCH = """
    arch family layout regs shared_layout x32/abi
""".split()
ARCH_FOLDERS = """
    x86_64 i386 aarch64 arm riscv64 ppc64le s390x mips64el mipsel loongarch64
""".split()
ARCH += [f"{folder}/{name}" for folder in ARCH_FOLDERS for name in ("abi", "layout", "regmap")]

# The columns of arch/syscalls.tbl; a table that no ABI of the program needs stays in the library.
ABIS = """
    x86_64 i386 x32 aarch64 arm riscv64 ppc64le s390x mips64 mips64n32 mips loongarch64
""".split()
SYSNO_SOURCES = [f"$builddir/gen/sysno_{name}.c" for name in ["names", *ABIS]]

# Policies that are compiled into the program.
PROFILES = """
    off ro work build judge node python shell agent server secrets
""".split()

# Criterion units, one program each: a name, or name+support files of the same folder.
UNIT_TESTS = """
    test_filter+bpf_simulator+fake_policy+all_abis test_guard+bpf_simulator+all_abis test_cage+bpf_simulator
    test_abi+all_abis test_layout+all_abis test_layout_abis+all_abis test_regs+all_abis test_regs_abis+all_abis
    test_sysno+all_abis test_handlers+fake_handlers+fake_access test_names+fake_handlers+fake_access test_mounts
    test_path+path_fixture+fake_path+path_tree test_path_names+path_fixture+fake_path+path_tree
    test_slow+fake_path+path_tree
    test_plan+fake_policy test_category test_identity test_mem test_open test_pattern
    test_policy+policy_fixture test_policy_parse+policy_fixture test_procfs+fake_path+path_tree
    test_procfs_held+fake_path+path_tree
    test_matcher+naive_list test_address_index+naive_address test_policy_bounds+policy_fixture
    test_nearest test_explain+policy_fixture test_open_files+fake_open test_policy_errors
    test_policy_warnings+policy_fixture test_policy_diff+policy_fixture test_policy_file+policy_fixture
    test_profile+policy_fixture test_fds test_cmd_check
    test_utc test_status test_channel test_launch_request test_descriptors+forked test_inherited+forked
    test_json+json_check
    test_log+forked+json_check test_log_access+json_check test_loop test_settle test_call+fake_dispatch+forked
    test_eviction test_wait+wait_fixture+fake_dispatch test_wait_worker+wait_fixture+fake_dispatch
    test_tracee test_process+forked test_kfeat+forked test_abi_probe+forked
    test_landlock+forked+policy_fixture test_tmpdir+forked test_run_options+policy_fixture
    test_job_control+forked
    test_held+forked test_program test_exec+fake_handlers+fake_access test_mmap+fake_handlers+fake_access
    test_chdir+fake_handlers+fake_access test_setgroups+fake_handlers+fake_access
    test_ids+fake_handlers+fake_access test_access
    test_listing+fake_handlers+fake_access test_words+policy_fixture
    test_address test_policy_net+policy_fixture test_plan_net+policy_fixture+all_abis
    test_mem_message+fake_handlers+fake_access
    test_plan_trace+fake_policy+all_abis test_plan_exec+policy_fixture test_plan_opens+policy_fixture
    test_grants+policy_fixture test_policy_transition+policy_fixture
    test_environment+policy_fixture test_payload_limits+forked+policy_fixture
    test_policy_change+policy_fixture test_policy_again+policy_fixture test_bound
    test_capability+forked+policy_fixture test_signal+fake_handlers+fake_access
    test_socketcall+fake_handlers+fake_access
""".split()

# Criterion programs that run the real binary on guests, and what all of them share.
INTEGRATION_TESTS = """
    test_categories test_guests test_launch test_refuse test_death test_policy test_stress test_surface
    test_profiles test_races test_terminal test_reopen test_trace test_trace_jobs test_trace_races
    test_trace_shares test_list test_table test_kills test_blocking test_storm test_payload test_runtime test_net
    test_unsafe test_cage test_machine test_yama test_socketcall
""".split()
INTEGRATION_SUPPORT = """
    fixture fixture_log compare fixture_guard
""".split()

# The same calls natively and under Kennel, compared line by line.
DIFFERENTIAL_TESTS = """
    test_differential
""".split()

# Tests in python.
SCRIPT_TESTS = """
    tests/commands/test_commands.py tests/policies/test_policies.py tests/profiles/test_confined.py
    tests/plans/test_output.py tests/attacks/test_attacks.py
""".split()
# What sanitizers have nothing to say about.
RELEASE_TESTS = """
    tests/build/test_configure.py tests/build/test_small.py tests/doc/test_pages.py tests/doc/test_completion.py
    tests/doc/test_tutorial.py tests/bench/test_bench.py tests/faults/test_faults.py tests/vm/test_runner.py
    tests/plans/test_exact.py tests/profiles/test_real_programs.py tests/profiles/test_networked.py
    tests/programs/test_network.py
""".split()

# Integration tests that need the speed of a release: `ninja test-long` runs them in every variant.
RELEASE_RACES = """
    test_races test_trace_races
""".split()

# Integration tests that take longer than a change should wait for: `ninja test-long`.
LONG_TESTS = """
    test_real_work
""".split()
# Of the scripts, those that run there once more: with 2,000 policies, with every failure, and a minute for each race.
LONG_SCRIPTS = """
    tests/plans/test_exact.py tests/faults/test_faults.py tests/attacks/test_attacks.py
""".split()
# stress-ng in a sandbox, for two minutes: `ninja stress`. For twenty in `ninja test-long`.
STRESS_SCRIPTS = """
    tests/stress/test_stress_ng.py
""".split()
# Of the others, those that run there once more, with a million tries, 1,000 supervisors or 100,000 targets killed.
LONG_RACES = """
    test_races test_trace_races test_kills test_matcher test_address_index
""".split()

# Small standalone programs that the tests run as payload; nearly all also in the machine's ABI with 32-bit registers.
GUESTS = """
    drop_ids fill_descriptors follow_magic ignore_children list_descriptors lose_directories make_nodes
    obey_fsize obey_umask open_flags read_proc read_strings read_xattrs stat_family
    storm_signals truncate_files unshare_threads wait_fifo wait_semaphore attack_supervisor call_int80 call_x32
    close_last flip_names fork_storm hide_memory hold_names nest_filter open_many print_state race_files
    refuse_surface reopen_procs shut_rights try_categories diff_attr diff_change diff_deep diff_look diff_memory
    diff_move diff_open map_program make_program race_exec race_chdir race_mmap exec_threads spawn_many die_stopped
    stop_children set_groups expect_ghost meet_refusals exec_ways map_pages share_supervisor share_spoils share_away
    diff_exec diff_list diff_watch diff_edges diff_errnos storm_threads serve_fuse block_calls tell_inside cut_files
    diff_net diff_self race_net block_net diff_sock diff_sock_state block_sock attack_net plan_calls fill_table
    reuse_pids open_always load_filter refuse_dumpable give_back meet_faults set_options signal_terminal
""".split()
GUESTS_COMPAT = {
    "32": [name for name in GUESTS if name not in ("call_int80", "call_x32", "load_filter", "refuse_dumpable")],
}
# With 32-bit pointers in 64-bit registers: x32, n32.
GUESTS_COMPAT["ilp32"] = GUESTS_COMPAT["32"]
# What tests/attacks tries, natively and under Kennel.
GUESTS += """
    attack_abi attack_chaos attack_deputy attack_device attack_exec attack_ipc attack_life attack_meta attack_path
    attack_proc print_rights
""".split()

# libFuzzer targets, and what of core/ they drive; corpora in tests/fuzz/corpus.
FUZZ_TARGETS = """
    fuzz_parser fuzz_pattern fuzz_matcher fuzz_address
""".split()
FUZZ_CORE = [name for name in CORE
             if name.startswith(("array", "policy", "pattern", "matcher", "automaton", "address"))]
FUZZ_CORE += "category nearest profile ioctl_names json_print netset rule_index filename unsafe".split()
FUZZ_SUPPORT = ["tests/unit/naive_list.c", "tests/unit/naive_address.c", "tests/fuzz/fuzz.c"]
FUZZ_SECONDS, FUZZ_LONG_SECONDS = 20, 600

# Programs that bench/run.py measures with.
BENCHES = """
    calls blocked startup reference trace_reference policy landlock intercept crowd
""".split()
# Static, like the guests: one that is started to be measured, and a guest that counts.
BENCHES_STATIC = ["bench/nothing", "tests/guests/storm_threads"]
# What of them `kennel bench` needs: programs and scripts, side by side in one folder, built and installed.
COMPARE_PROGRAMS = "calls landlock reference intercept crowd".split()
COMPARE_SCRIPTS = "compare ways subjects show page plot jobs measure".split()

MAN_PAGES = """
    doc/kennel.1 doc/kennel-run.1 doc/kennel-check.1 doc/kennel-explain.1 doc/kennel-diff.1 doc/kennel-plan.1
    doc/kennel-bench.1 doc/kennel-profiles.1 doc/kennel-quote.1 doc/kennel.5
""".split()

# Completion files, and where shells look for them below share/.
COMPLETIONS = {
    "doc/completion/kennel.bash": "bash-completion/completions/kennel",
    "doc/completion/_kennel": "zsh/site-functions/_kennel",
    "doc/completion/kennel.fish": "fish/vendor_completions.d/kennel.fish",
}

# ---- Flags -----------------------------------------------------------------------------

WARNINGS = ("-Wall -Wextra -Wshadow -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes "
            "-Wvla -Werror").split()
LANGUAGE = "-std=gnu11 -D_GNU_SOURCE".split()
INCLUDES = "-I. -I$builddir/gen -I$builddir".split()

# Per variant: compiler flags, linker flags of the program, linker flags of tests
# (Criterion is only a shared library).
VARIANTS = {
    "release": (
        "-O2 -g -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE",
        "-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed",
        "-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed",
    ),
    "debug": (
        "-O1 -g -DKENNEL_CHECKED -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer",
        "-fsanitize=address,undefined",
        "-fsanitize=address,undefined",
    ),
    "static": (
        "-O2 -g -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 "
        "-fno-pie -ffunction-sections -fdata-sections",
        "-static -no-pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack",
        "-no-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed",
    ),
}

# For boards: what is in place of the above with --small. At fixed addresses, because else each pointer in a table needs
# a relocation. No frame is as large as the gap that the kernel keeps below stacks (1 MiB, 4.12), so that none can reach
# past it, and nothing needs to be probed. gcc sees everything at once, and then warns falsely of variables that are set
# where they are used.
SMALL_CFLAGS = ("-Os -flto -DKENNEL_SMALL -DSETTLE_EARLY=1 -fstack-protector-strong -fno-stack-clash-protection "
                "-Werror=frame-larger-than=262144 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fno-pie "
                "-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables "
                "-Wno-maybe-uninitialized")
SMALL_LDFLAGS = ("-no-pie -s -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -Wl,-z,noseparate-code "
                 "-Wl,--build-id=none -Wl,--as-needed")
SMALL = {
    "release": (SMALL_CFLAGS, SMALL_LDFLAGS, ""),
    "static": (SMALL_CFLAGS, "-static -Wl,-T,tools/small.ld " + SMALL_LDFLAGS, ""),
}

# More of both for single machines. mips: instructions of two bytes, which most cores without an operating system of
# servers have; --cflags=-mno-mips16 is for the others. Its linker else leaves room for pages of 64 KiB in the file.
SMALL_MORE = {"mipsel-linux-gnu": ("-mips16", "-Wl,-z,max-page-size=16384")}

# What the linker puts in front, next to our own functions that run while nobody asks for anything (HOT in core/util.h):
# the kernel maps 64 KB around each page of code that is touched.
FIRST = {"static": ["-Wl,-u,ev_run", "-lev"]}


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=VARIANTS, help="default: release; with --cross: static")
    parser.add_argument("--cross", metavar="TRIPLET", help="build for another machine with TRIPLET-gcc")
    parser.add_argument("--small", action="store_true", help="for boards: optimized for size, without optional parts")
    parser.add_argument("--cc", help="the compiler (default: cc)")
    parser.add_argument("--cflags", default="", help="more flags for the compiler")
    parser.add_argument("--ldflags", default="", help="more flags for the linker")
    parser.add_argument("--prefix", default="/usr/local", help="where `ninja install` puts things")
    parser.add_argument("--builddir", help="the build folder (default: build, build/VARIANT or build/TRIPLET)")
    parser.add_argument("--guests", help="take what the tests run from there: a folder that another build made")
    parser.add_argument("--stdout", action="store_true", help="print the ninja file instead of writing it")
    parser.add_argument("--deps", choices=["demo", "test", "libs"],
                        help="install what is missing, build, and run the demonstration or the tests; "
                        "libs: with --cross, fetch the libraries of that machine")
    arguments = parser.parse_args(argv)
    if arguments.deps and (arguments.deps == "libs") != bool(arguments.cross):
        sys.exit("configure.py: --deps libs goes with --cross TRIPLET, --deps demo and --deps test without")
    if arguments.cross and (objection := machines.objection(arguments.cross)):
        sys.exit(f"configure.py: {objection}")
    usual = "static" if arguments.cross else "release"
    arguments.variant = arguments.variant or usual
    if arguments.small and arguments.variant not in SMALL:
        sys.exit(f"configure.py: --small is not for the variant {arguments.variant}; it is for: " + " ".join(SMALL))
    # What is neither of the usual kind nor large has no tests of its own.
    arguments.product_only = bool(arguments.cross or arguments.small)
    parts = [arguments.cross, arguments.variant if arguments.variant != usual else None,
             "small" if arguments.small else None]
    arguments.builddir = arguments.builddir or "/".join(
        ["build", *filter(None, ["-".join(filter(None, parts))])])
    return arguments


def recorded(argv):
    """The arguments that the generator rule repeats."""
    return [argument for argument in argv if argument not in ("--stdout", "--deps", "--deps=libs", "libs")]


# ---- The ninja file --------------------------------------------------------------------

class Build:
    """Writes one ninja file from the lists above."""

    def __init__(self, arguments, argv):
        self.arguments = arguments
        self.argv = recorded(argv)
        self.writer = ninja_syntax.Writer()
        self.used = []
        self.builddir = arguments.builddir
        self.manifest = "build.ninja" if self.builddir == "build" else f"{self.builddir}/build.ninja"
        self.tool_prefix = f"{arguments.cross}-" if arguments.cross else ""

    def source(self, path):
        self.used.append(path)
        return path

    def generate(self):
        self.write_variables()
        self.write_rules()
        self.write_generated()
        self.write_program()
        self.write_guests()
        if not self.arguments.product_only:
            self.write_tests()
            self.write_fuzz()
            self.write_style()
        if not self.arguments.small:
            self.write_vm()
            self.write_benches()
        self.write_install()
        self.write_manifest()
        missing = [path for path in self.used if not (TOP / path).exists()]
        if missing:
            sys.exit("configure.py: listed but not there: " + " ".join(missing))
        return self.writer.text()

    def write_variables(self):
        writer = self.writer
        cflags, ldflags, test_ldflags = (SMALL if self.arguments.small else VARIANTS)[self.arguments.variant]
        if self.arguments.small and self.arguments.cross in SMALL_MORE:
            more_cflags, more_ldflags = SMALL_MORE[self.arguments.cross]
            cflags, ldflags = f"{cflags} {more_cflags}", f"{ldflags} {more_ldflags}"
        cc = self.arguments.cc or (f"{self.tool_prefix}gcc" if self.tool_prefix else "cc")
        writer.comment("Generated by configure.py: change that, not this.")
        writer.newline()
        writer.variable("ninja_required_version", "1.5")
        writer.variable("builddir", self.builddir)
        writer.variable("cc", cc)
        writer.variable("ar", f"{self.tool_prefix}{'gcc-ar' if self.arguments.small else 'ar'}")
        writer.variable("pkg_config", f"{self.tool_prefix}pkg-config")
        writer.variable("python", "python3")
        writer.variable("prefix", self.arguments.prefix)
        writer.variable("warnings", WARNINGS)
        writer.variable("language", LANGUAGE)
        writer.variable("includes", INCLUDES)
        writer.variable("cflags", f"{cflags} {self.arguments.cflags}".strip())
        writer.variable("ldflags", f"{ldflags} {self.arguments.ldflags}".strip())
        writer.variable("test_ldflags", f"{test_ldflags} {self.arguments.ldflags}".strip())
        writer.newline()

    def write_rules(self):
        writer = self.writer
        compile_command = "$cc $language $warnings $includes -MMD -MF $out.d"
        writer.rule("cc", f"{compile_command} @$builddir/probed.cflags $cflags -c $in -o $out",
                    depfile="$out.d", deps="gcc", description="CC $out")
        writer.rule("ar", "rm -f $out && $ar crs $out $in", description="AR $out")
        writer.rule("link", "$cc $cflags $first $in $ldflags @$builddir/probed.libs -o $out", description="LINK $out")
        writer.rule("link_test", "$cc $cflags $in $test_ldflags @$builddir/probed.libs "
                    "@$builddir/probed.test_libs -o $out", description="LINK $out")
        writer.rule("guest", f"{compile_command} -O1 -g -static -Wl,-z,noexecstack $in -o $out",
                    depfile="$out.d", deps="gcc", description="GUEST $out")
        writer.rule("guest_compat", "$python tools/build_compat.py $builddir/probed.$abi $out $in "
                    "-- $language $warnings $includes -MMD -MF $out.d -O1 -s -static -Wl,-z,noexecstack",
                    depfile="$out.d", deps="gcc", description="GUEST $out")
        writer.rule("preload", f"{compile_command} -O1 -g -fPIC -shared $in -o $out",
                    depfile="$out.d", deps="gcc", description="PRELOAD $out")
        writer.rule("fuzz_cc", "$python tools/build_fuzz.py $builddir/probed.fuzz $out $in -- $language $includes "
                    "-MMD -MF $out.d -O1 -g $fuzz_flags -c", depfile="$out.d", deps="gcc", description="FUZZ $out")
        writer.rule("fuzz_link", "$python tools/build_fuzz.py $builddir/probed.fuzz $out $in -- $fuzz_flags",
                    description="FUZZ $out")
        writer.rule("python", "$python $in $builddir/gen/sysno.h", description="PYTHON $out")
        bare = " --bare" if self.arguments.small else ""
        writer.rule("embed", f"$python tools/embed_profiles.py{bare} $out $in", description="EMBED $out")
        static = " --static" if self.arguments.variant == "static" else ""
        writer.rule("copy", "cp $in $out", description="COPY $out")
        writer.rule("probe", f"$python tools/probe.py $what --cc '$cc' --pkg-config $pkg_config "
                    f"--version {VERSION}{static}{self.deps_options()} $builddir", restat="1",
                    description="PROBE $what")
        writer.rule("compdb", "ninja -f $in -t compdb cc guest > $out", description="COMPDB $out")
        writer.rule("command", "$command", pool="console", description="$label")
        writer.newline()

    def deps_options(self):
        cross = self.arguments.cross
        return f" --deps build/{cross}/deps --libraries {machines.library_folder(cross)}" if cross else ""

    def write_generated(self):
        writer = self.writer
        writer.comment("What this machine has, and the sources that are made from tables.")
        writer.build(["$builddir/config.h", "$builddir/probed.cflags", "$builddir/probed.libs"], "probe",
                     implicit=["tools/probe.py", "tools/machines.py"], what="program")
        writer.build(["$builddir/gen/sysno.h", *SYSNO_SOURCES], "python",
                     [self.source("tools/gen_sysno.py"), self.source("arch/syscalls.tbl")])
        profiles = [self.source(f"profiles/{name}.kennel") for name in PROFILES]
        writer.build("$builddir/gen/profiles.c", "embed", profiles, implicit="tools/embed_profiles.py")
        writer.newline()

    def objects(self, paths, **variables):
        """Compile edges; the objects that come out."""
        made = []
        for path in paths:
            stem = path.removeprefix("$builddir/").removesuffix(".c")
            made.append(f"$builddir/obj/{stem}.o")
            self.writer.build(made[-1], "cc", path,
                              implicit=["$builddir/config.h", "$builddir/probed.cflags"],
                              order_only="$builddir/gen/sysno.h", **variables)
        return made

    def sources(self, folder, names):
        return [self.source(f"{folder}/{name}.c") for name in names]

    def program(self, output, rule, objects, implicit=(), **variables):
        self.writer.build(output, rule, [*objects, "$builddir/libkennel.a"],
                          implicit=["$builddir/probed.libs", *implicit], **variables)
        return output

    def core(self):
        """What of core/ is in this build."""
        names = list(CORE)
        if self.arguments.small:
            names = [name for name in names if name not in LEFT_OUT] + IN_ITS_PLACE
        if self.arguments.small and self.arguments.variant == "static":
            names = [name for name in names if name not in LEFT_OUT_STATIC] + IN_ITS_PLACE_STATIC
        return names

    def write_program(self):
        writer = self.writer
        writer.comment("The library is everything but main(); the program, the tests and benches link it.")
        library = self.sources("core", [name for name in self.core() if name != "main"])
        library += self.sources("handlers", HANDLERS) + self.sources("arch", ARCH)
        library += [*SYSNO_SOURCES, "$builddir/gen/profiles.c"]
        writer.build("$builddir/libkennel.a", "ar", self.objects(library))
        self.program("$builddir/kennel", "link", self.objects(self.sources("core", ["main"])),
                     [self.source("tools/small.ld")] if self.arguments.small else [],
                     first=FIRST.get(self.arguments.variant, []))
        writer.build("$builddir/compile_commands.json", "compdb", self.manifest)
        writer.default(["$builddir/kennel", "$builddir/compile_commands.json"])
        writer.newline()

    def write_guests(self):
        writer = self.writer
        writer.comment("Guests: standalone, never with sanitizers, so that they behave as on any system.")
        made = []
        if self.arguments.guests:
            writer.build("guests", "phony", [])
            return
        for name in GUESTS:
            made.append(f"$builddir/guests/{name}")
            writer.build(made[-1], "guest", self.source(f"tests/guests/{name}.c"))
        for abi, names in GUESTS_COMPAT.items():
            for name in names:
                made.append(f"$builddir/guests/{name}.{abi}")
                writer.build(made[-1], "guest_compat", self.source(f"tests/guests/{name}.c"), abi=abi,
                             implicit=["tools/build_compat.py", f"$builddir/probed.{abi}"])
        writer.build([f"$builddir/probed.{abi}" for abi in GUESTS_COMPAT], "probe",
                     implicit=["tools/probe.py", "tools/machines.py"], what="compat")
        writer.build("guests", "phony", made)
        writer.newline()

    def write_tests(self):
        writer = self.writer
        writer.comment("Tests: one program per file.")
        writer.build(["$builddir/probed.test_libs", "$builddir/probed.fuzz"], "probe",
                     implicit=["tools/probe.py", "tools/machines.py"], what="tests")
        compiled = {}
        units = self.test_programs("unit", UNIT_TESTS, [], compiled)
        shared = self.objects(self.sources("tests/integration", INTEGRATION_SUPPORT))
        integration = self.test_programs("integration", INTEGRATION_TESTS, shared, compiled)
        differential = self.test_programs("differential", DIFFERENTIAL_TESTS, shared, compiled)
        long = self.test_programs("integration", LONG_TESTS, shared, compiled)
        long += [path for path in units + integration if path.split("/")[-1] in LONG_RACES]
        stress = [self.source(path) for path in STRESS_SCRIPTS]
        long += LONG_SCRIPTS + stress
        if self.arguments.variant != "release":
            integration = [path for path in integration if path.split("/")[-1] not in RELEASE_RACES]
        scripts = [self.source(path) for path in SCRIPT_TESTS]
        scripts += [self.source(path) for path in RELEASE_TESTS if self.arguments.variant == "release"]
        writer.build("$builddir/tests/faults.so", "preload", self.source("tests/faults/faults.c"))
        more = ["$builddir/tests/faults.so"]
        if self.arguments.variant == "release":
            more.append(self.program("$builddir/tests/vm/sample", "link",
                                     self.vm_objects(["tests/vm/sample.c", "tests/vm/runner.c"])))
        writer.build("test-more", "phony", more)
        writer.build("test-programs", "phony", [*units, *integration, *differential, *long, "$builddir/kennel",
                                                "guests", "test-more"])
        self.run_tests("test", ["--unit", *units, "--integration", *integration, "--differential", *differential,
                                "--script", *scripts], units + integration + differential + scripts)
        self.run_tests("test-unit", ["--part", "unit", "--unit", *units], units)
        self.run_tests("test-sandboxes", ["--integration", *integration, "--differential", *differential, "--script",
                                          *scripts], integration + differential + scripts)
        self.run_tests("test-long", ["--long", *long], long)
        self.run_tests("stress", ["--part", "stress", "--stress", *stress], stress)
        writer.newline()

    def test_programs(self, folder, entries, shared, compiled):
        """One linked program per entry; support files are compiled once."""
        made = []
        for entry in entries:
            objects = []
            for name in entry.split("+"):
                path = f"tests/{folder}/{name}.c"
                if path not in compiled:
                    compiled[path] = self.objects([self.source(path)])
                objects += compiled[path]
            output = f"$builddir/tests/{folder}/{entry.split('+')[0]}"
            made.append(self.program(output, "link_test", objects + shared, ["$builddir/probed.test_libs"]))
        return made

    def run_tests(self, name, arguments, needed):
        options = f"--guests {self.arguments.guests} " if self.arguments.guests else ""
        command = f"$python tools/run_tests.py --builddir $builddir {options}{' '.join(arguments)}"
        self.always(name, command, [*needed, "$builddir/kennel", "compare", "guests", "test-more",
                                    "tools/run_tests.py"])

    def always(self, name, command, needed=()):
        """A target that runs its command whenever it is asked for; its output never exists."""
        output = f"$builddir/always/{name}"
        self.writer.build(output, "command", implicit=needed, command=command, label=name)
        self.writer.build(name, "phony", output)

    def write_vm(self):
        """Static test programs for virtual machines, with a runner of ours; the release build starts the machines."""
        if self.arguments.variant == "release":
            self.writer.comment("Virtual machines with other kernels and processors.")
            self.always("test-vm", "$python tests/vm/run.py")
            for name in virtual.MACHINES:
                self.always(f"test-vm-{name}", f"$python tests/vm/run.py {name}")
            for name, machine in virtual.BY_MODULE.items():
                self.writer.build(f"test-vm-{name}", "phony", f"test-vm-{machine}")
        if self.arguments.variant != "static":
            return
        self.writer.comment("Test programs for virtual machines.")
        runner = self.vm_objects(["tests/vm/runner.c"])
        shared = runner + self.vm_objects(f"tests/integration/{name}.c" for name in INTEGRATION_SUPPORT)
        compiled = {}
        made = []
        for folder, entries, more in (("unit", UNIT_TESTS, runner), ("integration", INTEGRATION_TESTS, shared),
                                      ("differential", DIFFERENTIAL_TESTS, shared)):
            for entry in entries:
                paths = [f"tests/{folder}/{name}.c" for name in entry.split("+")]
                for path in paths:
                    if path not in compiled:
                        [compiled[path]] = self.vm_objects([path])
                objects = [compiled[path] for path in paths] + more
                made.append(self.program(f"$builddir/vm/{folder}/{entry.split('+')[0]}", "link", objects))
        self.writer.build("vm-tests", "phony", [*made, "$builddir/kennel", "guests"])
        self.writer.newline()

    def vm_objects(self, paths):
        """As objects(), with our Criterion instead of the real one."""
        made = []
        for path in paths:
            made.append(f"$builddir/vm/obj/{path.removesuffix('.c')}.o")
            self.writer.build(made[-1], "cc", self.source(path),
                              implicit=["$builddir/config.h", "$builddir/probed.cflags"],
                              order_only="$builddir/gen/sysno.h", includes=["-Itests/vm/include", *INCLUDES])
        return made

    def write_fuzz(self):
        """The sources once more, with clang's coverage and sanitizers; only of the release variant."""
        if self.arguments.variant != "release":
            return
        self.writer.comment("Fuzz targets, where there is a clang for them.")
        shared = [f"core/{name}.c" for name in FUZZ_CORE] + [f"arch/{name}.c" for name in ARCH] + FUZZ_SUPPORT
        shared = [self.source(path) for path in shared] + [*SYSNO_SOURCES, "$builddir/gen/profiles.c"]
        objects = self.fuzz_objects(shared)
        targets = []
        for name in FUZZ_TARGETS:
            targets.append(f"$builddir/tests/fuzz/{name}")
            own = self.fuzz_objects([self.source(f"tests/fuzz/{name}.c")])
            self.writer.build(targets[-1], "fuzz_link", own + objects, implicit="tools/build_fuzz.py",
                              fuzz_flags="-fsanitize=fuzzer,address,undefined")
        command = "$python tools/run_fuzz.py --builddir $builddir --seconds"
        needed = [*targets, "tools/run_fuzz.py"]
        self.always("fuzz", f"{command} {FUZZ_SECONDS} {' '.join(targets)}", needed)
        self.always("fuzz-long", f"{command} {FUZZ_LONG_SECONDS} {' '.join(targets)}", needed)
        self.writer.newline()

    def fuzz_objects(self, paths):
        made = []
        for path in paths:
            stem = path.removeprefix("$builddir/").removesuffix(".c")
            made.append(f"$builddir/fuzz/obj/{stem}.o")
            self.writer.build(made[-1], "fuzz_cc", path,
                              implicit=["$builddir/config.h", "$builddir/probed.fuzz", "tools/build_fuzz.py"],
                              order_only="$builddir/gen/sysno.h",
                              fuzz_flags="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all")
        return made

    def write_style(self):
        self.writer.comment("Style, benches, installation.")
        self.always("style", "$python tools/check_style.py --builddir $builddir",
                    ["tools/check_style.py", "$builddir/compile_commands.json", "$builddir/config.h",
                     "$builddir/gen/sysno.h"])

    def write_benches(self):
        made = []
        for path in self.sources("bench", BENCHES):
            output = "$builddir/" + path.removesuffix(".c")
            made.append(self.program(output, "link", self.objects([path])))
        for name in COMPARE_SCRIPTS:
            self.writer.build(f"$builddir/bench/{name}.py", "copy", self.source(f"bench/{name}.py"))
        self.writer.build("compare", "phony", self.compare_parts())
        self.writer.default("compare")
        for path in BENCHES_STATIC:
            made.append(f"$builddir/bench/{path.split('/')[-1]}")
            self.writer.build(made[-1], "guest", self.source(f"{path}.c"))
        if self.arguments.product_only:
            self.writer.build("bench", "phony", made)
            return
        command = ("$python bench/run.py --kennel $builddir/kennel --static build/static/kennel --bin $builddir/bench "
                   "--json $builddir/bench/figures.json")
        self.always("bench", command, [*made, "$builddir/kennel", self.source("bench/run.py")])

    def compare_parts(self):
        """What `kennel bench` runs; none where that is left out."""
        names = [*COMPARE_PROGRAMS, *(f"{name}.py" for name in COMPARE_SCRIPTS)]
        return [] if self.arguments.small else [f"$builddir/bench/{name}" for name in names]

    def write_install(self):
        pages = [self.source(path) for path in MAN_PAGES]
        to = '"$${DESTDIR}$${PREFIX:-$prefix}"'
        commands = [f"install -D -m 755 $builddir/kennel {to}/bin/kennel"]
        for page in pages:
            section = page.rsplit(".", 1)[1]
            commands.append(f"install -D -m 644 {page} {to}/share/man/man{section}/{page.split('/')[-1]}")
        for path, place in COMPLETIONS.items():
            commands.append(f"install -D -m 644 {self.source(path)} {to}/share/{place}")
        for path in self.compare_parts():
            mode = 644 if path.endswith(".py") else 755
            commands.append(f"install -D -m {mode} {path} {to}/libexec/kennel/bench/{path.split('/')[-1]}")
        self.always("install", " && ".join(commands),
                    ["$builddir/kennel", *self.compare_parts(), *pages, *COMPLETIONS])
        self.writer.newline()

    def write_manifest(self):
        writer = self.writer
        writer.comment("This file writes itself again when its generator changes.")
        command = shlex.join(["./configure.py", *self.argv]).replace("$", "$$")
        writer.rule("configure", f"$python {command}", generator="1", description="CONFIGURE")
        writer.build(self.manifest, "configure",
                     implicit=["configure.py", "tools/machines.py", "tools/ninja_syntax.py"])


def main(argv):
    arguments = parse_arguments(argv)
    if arguments.deps == "libs":
        import foreign  # pylint: disable=import-outside-toplevel
        foreign.run(TOP, arguments.cross)
    elif arguments.deps:
        import setup  # pylint: disable=import-outside-toplevel
        return setup.run(TOP, arguments.deps)
    build = Build(arguments, argv)
    text = build.generate()
    if arguments.stdout:
        sys.stdout.write(text)
        return 0
    path = TOP / build.manifest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
