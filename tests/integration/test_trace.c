/*
 * What the rules of the categories exec and chdir refuse, in every way there is to ask for it: the errno,
 * the log line, and what goes on as natively.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/arch.h"
#include "core/landlock.h"
#include "core/plan.h"

#define EXEC_RULES "-m", "sandbox/all:off", "-m", "sandbox/exec:on", "-m", "default/exec:allow"
#define SHELL(script) WORDS("/bin/sh", "-c", script)
#define RAN_GOOD 7
#define RAN_EVIL 66
#define REFUSED 100

static struct outcome trace_outcome;

static const char *trace_evil(void)
{
	return fixture_path("evil");
}

/* A tiny program; interpreter may be NULL. */
static void trace_program(const char *kind, const char *path, const char *interpreter)
{
	run_native(WORDS(fixture_guest("make_program"), kind, path, interpreter), &trace_outcome);
	expect_status(&trace_outcome, 0, "make_program");
}

static void trace_script(const char *path, const char *interpreter)
{
	file_write(path, text("#!%s\n", interpreter));
	cr_assert(chmod(path, 0755) == 0);
}

static void trace_enter(void)
{
	fixture_enter();
	setenv("LC_ALL", "C", 1);
	trace_program("good", "good", NULL);
	trace_program("evil", "evil", NULL);
	trace_script("good-script", fixture_path("good"));
	trace_script("evil-script", trace_evil());
	trace_script("nested-script", fixture_path("evil-script"));
	trace_script("relative-script", "./evil");
	trace_program("good", "good-dynamic", fixture_path("good"));
	trace_program("good", "evil-dynamic", trace_evil());
	trace_script("dynamic-script", fixture_path("evil-dynamic"));
	cr_assert(symlink("evil", "evil-link") == 0);
}

TestSuite(trace, .init = trace_enter, .fini = fixture_leave, .timeout = 540);

static void trace_run(const char *rule, const char *const *command)
{
	run_kennel(WORDS(EXEC_RULES, "-m", rule), command, &trace_outcome);
}

static void trace_expect_way(const char *way, const char *file, int status, const char *error)
{
	trace_run(text("deny/exec+%s", trace_evil()), WORDS(fixture_guest("exec_ways"), way, file));
	expect_status(&trace_outcome, status, text("%s %s", way, file));
	cr_assert_str_eq(trace_outcome.out, error, "%s %s: %s instead of %s", way, file, trace_outcome.out, error);
}

static void trace_expect_log(const char *path)
{
	cr_assert(log_count(trace_outcome.err, "cap", "exec", "path", path) == 1 &&
			  log_count(trace_outcome.err, "ctx", "access", NULL, NULL) == 1,
		"not one line about %s:\n%s", path, trace_outcome.err);
}

static void trace_refused_in_all_ways(const char *const *files)
{
	static const char *const ways[] = { "path", "dirfd", "empty", "empty-read", "proc", "dev", "vfork" };

	for (size_t i = 0; files[i]; i++)
		for (size_t k = 0; k < sizeof(ways) / sizeof(ways[0]); k++) {
			trace_expect_way(ways[k], files[i], REFUSED, "EACCES\n");
			trace_expect_log(trace_evil());
		}
}

Test(trace, a_refused_file_is_not_executed_in_any_way)
{
	trace_refused_in_all_ways(WORDS("evil", "./evil", "evil-link", fixture_path("evil")));
}

Test(trace, a_refused_interpreter_of_a_script_is_not_executed)
{
	trace_refused_in_all_ways(WORDS("evil-script", "nested-script", "relative-script"));
}

Test(trace, a_refused_interpreter_of_a_program_is_not_executed)
{
	trace_refused_in_all_ways(WORDS("evil-dynamic", "dynamic-script"));
}

Test(trace, what_is_allowed_runs_in_every_way)
{
	static const char *const ways[] = { "path", "dirfd", "nofollow", "empty", "empty-read", "proc", "dev", "memfd",
		"vfork" };
	static const char *const files[] = { "good", "good-script", "good-dynamic" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++)
			trace_expect_way(ways[i], files[k], RAN_GOOD, "");
	trace_expect_way("path", "missing", REFUSED, "ENOENT\n");
	trace_expect_way("path", "good/x", REFUSED, "ENOTDIR\n");
}

/* A script in the middle may be refused as well. */
Test(trace, a_refused_script_is_not_executed)
{
	trace_script("outer", fixture_path("good-script"));
	trace_run(
		text("deny/exec+%s", fixture_path("good-script")), WORDS(fixture_guest("exec_ways"), "path", "outer"));
	expect_status(&trace_outcome, REFUSED, "a refused script in the middle");
	trace_expect_log(fixture_path("good-script"));
}

Test(trace, a_memfd_is_not_executed_where_only_named_files_are)
{
	const char *guest = fixture_guest("exec_ways");

	run_kennel(WORDS("-m", "sandbox/all:off", "-m", "sandbox/exec:on", "-m", "default/exec:deny", "-m",
			   text("allow/exec+%s", guest), "-m", text("allow/exec+%s", fixture_path("good"))),
		WORDS(guest, "memfd", "good"), &trace_outcome);
	expect_status(&trace_outcome, REFUSED, "memfd");
	cr_assert_str_eq(trace_outcome.out, "EACCES\n");
}

Test(trace, the_command_itself_is_judged)
{
	trace_run(text("deny/exec+%s", trace_evil()), WORDS("./evil"));
	expect_status(&trace_outcome, 126, "a refused command");
	trace_run(text("deny/exec+%s", trace_evil()), WORDS("./evil-script"));
	expect_status(&trace_outcome, 126, "a refused interpreter of the command");
	trace_run(text("deny/exec+%s", trace_evil()), WORDS("./good"));
	expect_status(&trace_outcome, RAN_GOOD, "the command");
}

/* The loader maps the program: a refused file cannot be run by it either. */
Test(trace, the_loader_cannot_run_a_refused_program)
{
	const char *script = "for l in /lib64/ld-linux-x86-64.so.2 /lib/ld-*.so.* /lib/*/ld-*.so.*; do [ -x $l ] && "
			     "exec $l ./copy escaped; done; exit 78";

	run_native(WORDS("/bin/cp", "/bin/echo", "copy"), &trace_outcome);
	run_native(SHELL(script), &trace_outcome);
	if (trace_outcome.status)
		cr_skip_test("no loader that can be run: %s", trace_outcome.err);
	cr_assert_str_eq(trace_outcome.out, "escaped\n");
	trace_run(text("deny/exec+%s", fixture_path("copy")), SHELL(script));
	cr_assert(trace_outcome.status != 0 && !strstr(trace_outcome.out, "escaped"), "%d %s", trace_outcome.status,
		trace_outcome.out);
	cr_assert(log_count(trace_outcome.err, "cap", "exec", "path", fixture_path("copy")) >= 1, "%s",
		trace_outcome.err);
	trace_run("deny/exec+/nonexistent", SHELL(script));
	expect_status(&trace_outcome, 0, "the loader runs what is allowed");
}

static const char *trace_library(void)
{
	run_native(SHELL("for l in /lib/*/libm.so.6 /lib64/libm.so.6 /lib/libm.so.6; do [ -e $l ] && exec cp $l "
			 "library.so; done; exit 78"),
		&trace_outcome);
	if (trace_outcome.status)
		cr_skip_test("no library to copy");
	return fixture_path("library.so");
}

#define PRELOADED "LD_PRELOAD=$PWD/library.so /bin/echo runs"

Test(trace, a_refused_library_is_not_mapped)
{
	const char *library = trace_library();

	run_native(SHELL(PRELOADED), &trace_outcome);
	cr_assert(trace_outcome.status == 0 && trace_outcome.err[0] == '\0', "%s", trace_outcome.err);
	trace_run(text("deny/exec+%s", library), SHELL(PRELOADED));
	expect_status(&trace_outcome, 0, "what needs no library");
	cr_assert(strstr(trace_outcome.err, "cannot be preloaded") && strstr(trace_outcome.out, "runs"), "%s",
		trace_outcome.err);
	trace_expect_log(library);
}

Test(trace, libraries_are_not_judged_when_the_policy_says_so)
{
	const char *library = trace_library();

	run_kennel(WORDS(EXEC_RULES, "-m", text("deny/exec+%s", library), "-m", "exec/mmap:off"), SHELL(PRELOADED),
		&trace_outcome);
	expect_status(&trace_outcome, 0, "exec/mmap:off");
	cr_assert(!strstr(trace_outcome.err, "cannot be preloaded"), "%s", trace_outcome.err);
}

static void trace_map(const char *guest, const char *rule, const char *expected)
{
	run_kennel(WORDS(EXEC_RULES, ABIS, "-m", rule), WORDS(fixture_guest(guest), "page", expected), &trace_outcome);
	expect_status(&trace_outcome, 0, text("%s %s", guest, rule));
}

static void trace_maps(const char *guest)
{
	file_write("page", "a page of text");
	run_native(WORDS(fixture_guest(guest), "page", "allowed"), &trace_outcome);
	expect_status(&trace_outcome, 0, "the control");
	trace_map(guest, "deny/exec+/nonexistent", "allowed");
	trace_map(guest, text("deny/exec+%s", fixture_path("page")), "file");
	trace_map(guest, "exec/anonymous:off", "anonymous");
	run_kennel(WORDS(EXEC_RULES, ABIS, "-m", "exec/anonymous:off", "-m", "exec/mmap:off"),
		WORDS(fixture_guest(guest), "page", "anonymous"), &trace_outcome);
	expect_status(&trace_outcome, 0, "files are not judged, memory is");
	trace_run("exec/anonymous:off", WORDS(fixture_guest("exec_ways"), "memfd", "good"));
	expect_status(&trace_outcome, REFUSED, "a memfd is no file");
	trace_run("exec/anonymous:off", WORDS(fixture_guest("exec_ways"), "path", "good"));
	expect_status(&trace_outcome, REFUSED, "its code can be written");
	trace_run("exec/anonymous:off", SHELL("/bin/echo as ever | cat"));
	if (strstr(trace_outcome.err, "asks for an executable stack"))
		cr_skip_test("ordinary programs of this system ask for an executable stack");
	expect_status(&trace_outcome, 0, "ordinary programs");
}

Test(trace, memory_of_a_refused_file_or_of_none_is_not_executable)
{
	trace_maps("map_pages");
}

Test(trace, memory_of_a_32_bit_program_is_judged_as_well)
{
	trace_maps("map_pages.32");
}

Test(trace, memory_of_an_ilp32_program_is_judged_as_well)
{
	trace_maps("map_pages.ilp32");
}

#define CHDIR_RULES "-m", "sandbox/all:off", "-m", "sandbox/chdir:on", "-m", "default/chdir:allow"

Test(trace, a_refused_directory_is_not_entered)
{
	static const char *const scripts[] = { "cd shut", "cd shut/inner", "cd ./open/../shut", "cd to-shut",
		"cd open && cd ../shut", "cd $PWD/shut", "cd -P /proc/self/cwd/shut" };
	const char *rule = text("deny/chdir+%s/***", fixture_path("shut"));

	cr_assert(mkdir("shut", 0755) == 0 && mkdir("shut/inner", 0755) == 0 && mkdir("open", 0755) == 0 &&
		  symlink("shut", "to-shut") == 0);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		run_kennel(
			WORDS(CHDIR_RULES, "-m", rule), SHELL(text("%s && echo entered", scripts[i])), &trace_outcome);
		cr_assert(trace_outcome.status && !strstr(trace_outcome.out, "entered"), "%s", scripts[i]);
		cr_assert(log_count(trace_outcome.err, "cap", "chdir", NULL, NULL) == 1, "%s: %s", scripts[i],
			trace_outcome.err);
	}
	run_kennel(WORDS(CHDIR_RULES, "-m", rule),
		SHELL("cd open && pwd && cd .. && cd /proc/self/fd && cd / && pwd -P"), &trace_outcome);
	expect_status(&trace_outcome, 0, "directories that are allowed");
	cr_assert_str_eq(trace_outcome.out, text("%s\n/\n", fixture_path("open")));
}

/* The payload's only tracer can be ours or its own; with neither hook nothing is traced. */
static void trace_expect_tracer(const char *const *options, bool traced)
{
	const char *at;

	run_kennel(options, WORDS("/bin/grep", "TracerPid", "/proc/self/status"), &trace_outcome);
	expect_status(&trace_outcome, 0, "TracerPid");
	at = strchr(trace_outcome.out, ':');
	cr_assert(at && (atoi(at + 1) != 0) == traced, "%s", trace_outcome.out);
}

Test(trace, nothing_is_traced_without_rules_that_need_it)
{
	trace_expect_tracer(WORDS("-p", "off"), false);
	/* mips: only a tracer can have calls that we answer restarted. */
	trace_expect_tracer(WORDS(WATCH_ALL, "-m", "sandbox/exec,chdir,walk:off"),
		abi_native()->loses_restarts || abi_native()->forgets_skipped);
	trace_expect_tracer(WORDS(EXEC_RULES, "-m", "sandbox/exec:off"), false);
	trace_expect_tracer(WORDS(EXEC_RULES, "-m", "deny/exec+/nonexistent"), true);
	trace_expect_tracer(WORDS(CHDIR_RULES, "-m", "deny/chdir+/nonexistent"), true);
	trace_expect_tracer(WORDS(WATCH_ALL), true);
}

static void trace_expect_no_start(const char *const *options, const char *rule)
{
	run_kennel(options, WORDS("/bin/echo", "started"), &trace_outcome);
	cr_assert(trace_outcome.status == 125 && !strstr(trace_outcome.out, "started"), "status %d: %s%s",
		trace_outcome.status, trace_outcome.out, trace_outcome.err);
	cr_assert(strstr(trace_outcome.err, rule), "%s is not named: %s", rule, trace_outcome.err);
}

Test(trace, without_ptrace_rules_that_need_it_are_an_error_that_names_them)
{
	trace_expect_no_start(WORDS(CHDIR_RULES, "-m", "deny/chdir+/nonexistent/***", "-m", "trace/ptrace:off"),
		"deny/chdir+/nonexistent/***");
	trace_expect_no_start(WORDS(EXEC_RULES, "-m", "deny/exec+/nonexistent/x*y", "-m", "trace/ptrace:off"),
		"deny/exec+/nonexistent/x*y");
	run_kennel(WORDS("-m", "trace/ptrace:off", "-m", "sandbox/all:off"), WORDS("/bin/echo", "started"),
		&trace_outcome);
	expect_status(&trace_outcome, 0, "nothing that needs ptrace");
}

#define MAY_TRACE "-m", "sandbox/all:off", "-m", "allow_unsafe/ptrace:on"

static void trace_need_scopes(void)
{
	if (landlock_abi() < LANDLOCK_ABI_SIGNALS)
		cr_skip_test("the kernel lacks scopes of Landlock (Linux 6.12)");
}

Test(trace, a_payload_that_may_trace_cannot_be_traced_by_rules)
{
	trace_need_scopes();
	trace_expect_no_start(WORDS(EXEC_RULES, "-m", "deny/exec+/nonexistent/x", "-m", "allow_unsafe/ptrace:on"),
		"deny/exec+/nonexistent/x");
}

Test(trace, strace_works_in_a_sandbox_that_allows_ptrace)
{
	static char lines[FIXTURE_TEXT];

	fixture_need_program("strace");
	run_kennel(WORDS(MAY_TRACE), WORDS("/usr/bin/strace", "-f", "-o", "out", "/bin/true"), &trace_outcome);
	expect_status(&trace_outcome, 0, "strace");
	cr_assert(file_read("out", lines, sizeof(lines)) > 0 && strstr(lines, "execve(\"/bin/true\"") &&
			  strstr(lines, "exited with 0"),
		"%s", lines);
}

Test(trace, gdb_works_in_a_sandbox_that_allows_ptrace)
{
	const char *const *command = WORDS("/usr/bin/gdb", "-nx", "-batch", "-ex", "catch syscall exit_group", "-ex",
		"run", "-ex", "bt", "-ex", "continue", "/bin/true");

	fixture_need_program("gdb");
	run_native(command, &trace_outcome);
	if (trace_outcome.status || !strstr(trace_outcome.out, "#0"))
		cr_skip_test("gdb does not work natively: %s", trace_outcome.err);
	run_kennel(WORDS(MAY_TRACE), command, &trace_outcome);
	expect_status(&trace_outcome, 0, "gdb");
	cr_assert(strstr(trace_outcome.out, "#0") && strstr(trace_outcome.out, "exited normally"), "%s%s",
		trace_outcome.out, trace_outcome.err);
}

Test(trace, ghost_mode_hides_every_hooked_call)
{
	run_kennel(WORDS("-m", "sandbox/all:off", "-m", "sandbox/stat,chdir:on", "-m", "default/stat,chdir:allow", "-m",
			   "deny/stat,chdir+/nonexistent", "-m", "ghost!"),
		WORDS(fixture_guest("expect_ghost")), &trace_outcome);
	expect_status(&trace_outcome, 0, "expect_ghost");
	cr_assert_str_eq(trace_outcome.out, "as expected\n");
}

static void trace_groups(const char *guest, const char *const *options, const char *expected)
{
	fixture_need_root();
	run_kennel(options, WORDS(fixture_guest(guest), expected), &trace_outcome);
#ifdef __riscv
	/* Nothing else changes the first argument of a call that has begun: whoever makes it is killed. */
	if (strstr(trace_outcome.err, "its registers could not be written"))
		cr_skip_test("the kernel lacks PTRACE_SET_SYSCALL_INFO (Linux 6.16)");
#endif
	expect_status(&trace_outcome, 0, text("%s %s", guest, expected));
}

#define GROUP_RULES "-m", "sandbox/all:off", ABIS

Test(trace, setgroups_drops_all_groups_where_transitions_are_named)
{
	trace_groups("set_groups", WORDS(GROUP_RULES, "-m", "setgid+0.65534"), "dropped");
	trace_groups("set_groups", WORDS(GROUP_RULES, "-m", "setuid+0.65534", "-m", "setgid+0.65534"), "dropped");
}

Test(trace, setgroups_is_the_kernels_where_none_is_named)
{
	trace_groups("set_groups", WORDS(GROUP_RULES), "kept");
	trace_groups("set_groups", NULL, "kept");
}

Test(trace, setgroups_of_a_32_bit_caller_drops_all_groups)
{
	trace_groups("set_groups.32", NULL, "kept");
	trace_groups("set_groups.32", WORDS(GROUP_RULES), "kept");
	trace_groups("set_groups.32", WORDS(GROUP_RULES, "-m", "setgid+0.65534"), "dropped");
}

Test(trace, setgroups_of_an_ilp32_caller_drops_all_groups)
{
	trace_groups("set_groups.ilp32", NULL, "kept");
	trace_groups("set_groups.ilp32", WORDS(GROUP_RULES), "kept");
	trace_groups("set_groups.ilp32", WORDS(GROUP_RULES, "-m", "setgid+0.65534"), "dropped");
}

/* The registers of riscv64 do not hold the first argument of a call that has begun. */
static bool trace_can_be_without(const char *const *off)
{
#ifdef __riscv
	for (size_t i = 0; i < 3 && off[i]; i++)
		if (strcmp(off[i], "get-syscall-info") == 0)
			return false;
#endif
	(void)off;
	return true;
}

/* The same refusals, with each way to read and write the registers of a stop. */
static void trace_matrix(const char *guest, const char *abi)
{
	static const char *const without[][3] = { { NULL }, { "set-syscall-info" }, { "get-syscall-info" },
		{ "entry-result" }, { "set-syscall-info", "entry-result" }, { "get-syscall-info", "entry-result" },
		{ "set-syscall-info", "get-syscall-info", "entry-result" } };
	static const char *const calls[][3] = { { "chdir", "shut", "/" }, { "exec", "evil", "good" } };

	if (access("shut", F_OK))
		cr_assert(mkdir("shut", 0755) == 0);
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]) * 2; i++) {
		const char *const *off = without[i / 2], *const *call = calls[i % 2];
		const char *options[32] = { "-m", "sandbox/all:off", ABIS, "-m", "sandbox/exec,chdir:on", "-m",
			"default/exec,chdir:allow", "-m", text("deny/exec+%s", trace_evil()), "-m",
			text("deny/chdir+%s/***", fixture_path("shut")) };
		size_t count = 12;

		if (!trace_can_be_without(off))
			continue;
		for (size_t k = 0; k < 3 && off[k]; k++) {
			options[count++] = "--without";
			options[count++] = off[k];
		}
		run_kennel(options,
			WORDS(fixture_guest(guest), abi, call[0], fixture_path(call[1]),
				call[2][0] == '/' ? call[2] : fixture_path(call[2])),
			&trace_outcome);
		expect_status(&trace_outcome, 0,
			text("%s %s %s without %s %s %s", guest, abi, call[0], off[0] ? off[0] : "nothing",
				off[0] && off[1] ? off[1] : "", off[0] && off[1] && off[2] ? off[2] : ""));
	}
}

Test(trace, refusals_work_with_every_way_to_set_a_result)
{
	trace_matrix("meet_refusals", "native");
}

Test(trace, refusals_of_a_32_bit_program_work_with_every_way_to_set_a_result)
{
	trace_matrix("meet_refusals.32", "native");
}

Test(trace, refusals_of_an_ilp32_program_work_with_every_way_to_set_a_result)
{
	trace_matrix("meet_refusals.ilp32", "native");
}

Test(trace, refusals_of_int80_work_with_every_way_to_set_a_result)
{
	trace_matrix("meet_refusals", "int80");
}
