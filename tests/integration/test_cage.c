/*
 * The cage around the supervisor, on the real program: what /proc says of it, and what becomes of a process that
 * does, under the very filter, what the supervisor may not.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KILLED (128 + SIGSYS)
#define KINDS_MAX 64

TestSuite(cage, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

static struct outcome cage_outcome;

/* A field of /proc/PID/status, as text. */
static const char *cage_status(pid_t pid, const char *field)
{
	static char status[8192];
	char *found;

	cr_assert(file_read(text("/proc/%d/status", (int)pid), status, sizeof(status)) > 0);
	found = strstr(status, text("\n%s:", field));
	cr_assert(found, "no %s", field);
	found += strlen(field) + 2;
	found += strspn(found, " \t");
	found[strcspn(found, "\n")] = '\0';
	return found;
}

static void cage_expect_status(pid_t pid, const char *field, const char *expected)
{
	const char *found = cage_status(pid, field);

	cr_assert_str_eq(found, expected, "%s: %s, expected %s", field, found, expected);
}

/* The supervisor of a command that sleeps, until it is finished with. */
static void cage_start(const char *const *options, struct running *running)
{
	struct job job = { .options = options, .command = WORDS("/bin/sh", "-c", "echo ready; exec sleep 1000") };

	fixture_start(&job, running);
	cr_assert(wait_for_text(running->out, "ready", 10000), "the command did not start");
}

static void cage_end(struct running *running)
{
	kill(running->pid, SIGTERM);
	fixture_finish(running, &cage_outcome);
	expect_status(&cage_outcome, 128 + SIGTERM, "the command");
}

/* The first child of a process that has this name, 0: none. */
static pid_t cage_child(pid_t parent, const char *name)
{
	static char children[8192];

	if (file_read(text("/proc/%d/task/%d/children", (int)parent, (int)parent), children, sizeof(children)) <= 0)
		return 0;
	for (char *next = children, *end; strtol(next, &end, 10) > 0; next = end) {
		char comm[64];
		pid_t pid = (pid_t)strtol(next, NULL, 10);

		if (file_read(text("/proc/%d/comm", (int)pid), comm, sizeof(comm)) > 0 &&
			!strncmp(comm, name, strlen(name)))
			return pid;
	}
	return 0;
}

/* It enters its own when it has nothing to do for a moment. */
static void cage_expect_launcher(pid_t supervisor)
{
	pid_t launcher = cage_child(supervisor, "kennel-launcher");

	cr_assert(launcher);
	for (unsigned i = 0; i < 500 * fixture_slower() && strcmp(cage_status(launcher, "Seccomp"), "2") != 0; i++)
		sleep_ms(10);
	cage_expect_status(launcher, "Seccomp", "2");
	cage_expect_status(launcher, "NoNewPrivs", "1");
	cage_expect_status(launcher, "CapInh", "0000000000000000");
	if (geteuid() == 0)
		cage_expect_status(launcher, "CapBnd", "0000000000000000");
}

Test(cage, is_around_a_supervisor_that_can_gain_nothing)
{
	const char *const *const options[] = { WORDS("-p", "off"), WORDS(WATCH_ALL), WORDS("-p", "work") };

	for (size_t i = 0; i < 3; i++) {
		struct running running;

		cage_start(options[i], &running);
		cage_expect_status(running.pid, "Seccomp", "2");
		cage_expect_status(running.pid, "NoNewPrivs", "1");
		cage_expect_status(running.pid, "CapInh", "0000000000000000");
		cage_expect_status(running.pid, "CapAmb", "0000000000000000");
		if (geteuid() == 0)
			cage_expect_status(running.pid, "CapBnd", "0000000000000000");
		cage_expect_launcher(running.pid);
		/* Bit 16: SYS_MODULE; nothing that is answered needs it. */
		cr_assert_eq(strtoull(cage_status(running.pid, "CapPrm"), NULL, 16) >> 16 & 1, 0);
		cage_end(&running);
	}
}

Test(cage, leaves_a_supervisor_that_answers_nothing_no_capability_but_to_signal)
{
	struct running running;

	fixture_need_root();
	cage_start(WORDS("-p", "off"), &running);
	cage_expect_status(running.pid, "CapPrm", "0000000000000020");
	cage_end(&running);
}

/* The kernel names processes by 15 letters. */
Test(cage, is_around_workers_within_that_of_the_launcher)
{
	struct job job = { .options = WORDS(WATCH_ALL),
		.command = WORDS("/bin/sh", "-c", "mkfifo fifo; echo ready; echo > fifo; exec sleep 1000") };
	struct running running;
	pid_t launcher, worker = 0;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 10000), "the command did not start");
	launcher = cage_child(running.pid, "kennel-launcher");
	cr_assert(launcher);
	for (unsigned i = 0; i < 500 * fixture_slower() && !worker; i++, sleep_ms(10))
		worker = cage_child(launcher, "kennel-worker");
	cr_assert(worker, "no worker opens the FIFO");
	sleep_ms(100);
	cage_expect_launcher(running.pid);
	cage_expect_status(worker, "Seccomp_filters", "2");
	/* SYS_MODULE and SYS_BOOT */
	cr_assert_eq(strtoull(cage_status(worker, "CapPrm"), NULL, 16) & 0x410000, 0);
	cage_end(&running);
}

static int cage_compare_kinds(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the descriptors of a process are, sorted, in one line. */
static const char *cage_kinds(pid_t pid)
{
	const char *folder = text("/proc/%d/fd", (int)pid);
	DIR *list = opendir(folder);
	const char *kinds[KINDS_MAX];
	const char *all = "";
	struct dirent *entry;
	size_t count = 0;

	cr_assert(list);
	while ((entry = readdir(list))) {
		char target[256];
		ssize_t length = readlink(text("%s/%s", folder, entry->d_name), target, sizeof(target) - 1);

		if (entry->d_name[0] == '.' || length < 0 || count == KINDS_MAX)
			continue;
		target[length] = '\0';
		target[strcspn(target, " ")] = '\0';
		if (!strncmp(target, "socket:", 7))
			strcpy(target, "socket");
		else if (!strcmp(entry->d_name, "2"))
			strcpy(target, "stderr");
		else if (strstr(target, "/log"))
			strcpy(target, "log");
		else if (!strncmp(target, "/proc/", 6))
			memmove(target, strrchr(target, '/'), strlen(strrchr(target, '/')) + 1);
		kinds[count++] = text("%s", target);
	}
	closedir(list);
	qsort(kinds, count, sizeof(kinds[0]), cage_compare_kinds);
	for (size_t i = 0; i < count; i++)
		all = text("%s%s%s", all, i ? " " : "", kinds[i]);
	return all;
}

/* The command may be there before we hear that it is, and let go of what it was started with. */
static const char *cage_settled_kinds(pid_t pid, const char *expected)
{
	const char *kinds = cage_kinds(pid);

	for (unsigned i = 0; i < 500 * fixture_slower() && strcmp(kinds, expected) != 0; i++, kinds = cage_kinds(pid))
		sleep_ms(10);
	return kinds;
}

static void cage_expect_kinds(const char *const *options, const char *expected)
{
	struct running running;
	const char *kinds;

	cage_start(options, &running);
	kinds = cage_settled_kinds(running.pid, expected);
	cr_assert_str_eq(kinds, expected, "%s\n, expected\n%s", kinds, expected);
	cage_end(&running);
}

/* Input, output and the stand-in; "/", "/proc" and our own descriptors; the loop's and that of waiting calls. */
static const char without_calls[] = "/ /dev/null /dev/null /dev/null /fd /proc anon_inode:[eventpoll] "
				    "anon_inode:[eventpoll] anon_inode:[pidfd] anon_inode:[signalfd] log socket stderr";

static void cage_leave_open(void)
{
	dup2(open("/dev/zero", O_RDONLY), 40);
	dup2(open("/etc/passwd", O_RDONLY), 41);
}

Test(cage, holds_only_the_descriptors_that_are_needed)
{
	cage_expect_kinds(WORDS("-p", "off", "--log", fixture_path("log")), without_calls);
	cage_expect_kinds(WORDS("-m", "sandbox/all:off", "-m", "sandbox/mkdir:on", "-m", "trace/ptrace:off", "--log",
				  fixture_path("log")),
		"/ /dev/null /dev/null /dev/null /fd /mountinfo /proc anon_inode:[eventpoll] anon_inode:[eventpoll] "
		"anon_inode:[pidfd] anon_inode:[signalfd] anon_inode:seccomp log socket stderr");
}

Test(cage, holds_nothing_that_the_caller_left_open_or_the_command_gets)
{
	struct job job = { .options = WORDS("-p", "off", "--keep-fd", "41", "--log", fixture_path("log")),
		.command = WORDS("/bin/sh", "-c", "readlink /proc/self/fd/41 && echo ready; exec sleep 1000"),
		.prepare = cage_leave_open };
	struct running running;
	const char *kinds;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 10000), "the command did not start");
	kinds = cage_settled_kinds(running.pid, without_calls);
	cr_assert_str_eq(kinds, without_calls, "%s", kinds);
	cage_end(&running);
	cr_assert(strstr(cage_outcome.out, "/etc/passwd"), "%s", cage_outcome.out);
}

/* With sanitizers nobody is killed: core/cage_filter.h. */
#ifndef __SANITIZE_ADDRESS__

static const char *cage_export(const char *const *policy)
{
	const char *words[16] = { "plan", "--cage", "--bpf", fixture_path("cage.bpf") };
	size_t count = 4;

	while (*policy)
		words[count++] = *policy++;
	run_program(words, &cage_outcome);
	expect_status(&cage_outcome, 0, "plan --bpf");
	return fixture_path("cage.bpf");
}

/* The call, with these arguments, under the supervisor's filter. */
static void cage_expect(const char *program, long number, const char *const *arguments, int expected)
{
	const char *words[10] = { fixture_guest("load_filter"), program, text("%ld", number) };

	for (size_t i = 0; arguments[i]; i++)
		words[3 + i] = arguments[i];
	run_native(words, &cage_outcome);
	cr_assert_eq(cage_outcome.status, expected, "call %ld: %d, expected %d", number, cage_outcome.status, expected);
}

Test(cage, kills_who_starts_a_program_or_a_process_or_changes_himself)
{
	const char *program = cage_export(WORDS(WATCH_ALL));

	cage_expect(program, SYS_getpid, WORDS("0"), 0);
	cage_expect(program, SYS_openat, WORDS("-100", "0", "0"), 0);
	cage_expect(program, SYS_execve, WORDS("0"), KILLED);
	cage_expect(program, SYS_execveat, WORDS("-1"), KILLED);
	cage_expect(program, SYS_clone, WORDS("0"), KILLED);
	cage_expect(program, SYS_clone3, WORDS("0"), KILLED);
	cage_expect(program, SYS_ptrace, WORDS("16", "1"), KILLED); /* PTRACE_ATTACH */
	cage_expect(program, SYS_prctl, WORDS("4", "1"), KILLED);   /* PR_SET_DUMPABLE */
	cage_expect(program, SYS_unshare, WORDS("0"), KILLED);
	cage_expect(program, SYS_mount, WORDS("0"), KILLED);
	cage_expect(program, 100000, WORDS("0"), KILLED);
}

#if defined(SYS_mmap2)
#define CAGE_MMAP SYS_mmap2
#elif !defined(__s390x__) /* its arguments are in memory */
#define CAGE_MMAP SYS_mmap
#endif

Test(cage, kills_who_makes_memory_executable_or_asks_a_device)
{
	const char *program = cage_export(WORDS(WATCH_ALL));
	const char *receive = text("%u", (unsigned)SECCOMP_IOCTL_NOTIF_RECV);
#ifdef CAGE_MMAP
	const char *map = text("%d", MAP_PRIVATE | MAP_ANONYMOUS);

	cage_expect(program, CAGE_MMAP, WORDS("0", "4096", "3", map, "-1", "0"), 0);
	cage_expect(program, CAGE_MMAP, WORDS("0", "4096", "7", map, "-1", "0"), KILLED);
#endif
	cage_expect(program, SYS_mprotect, WORDS("0", "0", "1"), 0);
	cage_expect(program, SYS_mprotect, WORDS("0", "0", "4"), KILLED);
	cage_expect(program, SYS_madvise, WORDS("0", "0", "4"), 0);
	cage_expect(program, SYS_madvise, WORDS("0", "0", "100"), KILLED);
	cage_expect(program, SYS_ioctl, WORDS("0", text("%u", (unsigned)TIOCSTI)), KILLED);
	cage_expect(program, SYS_ioctl, WORDS("0", receive), 0); /* on the listener */
	cage_expect(program, SYS_ioctl, WORDS("1", receive), KILLED);
	cage_expect(program, SYS_write, WORDS("1", "0", "0"), KILLED);
}

Test(cage, knows_our_calls_by_their_cookie)
{
	const char *program = cage_export(WORDS(WATCH_ALL));

	cage_expect(program, SYS_pidfd_open, WORDS("-1", "0", "0", "0", "0", "0"), 0);
	cage_expect(program, SYS_pidfd_open, WORDS("-1", "0", "0", "0", "1", "0"), KILLED);
	cage_expect(program, SYS_pidfd_open, WORDS("-1", "0", "0", "0", "0", "0x100000000"), KILLED);
	cage_expect(program, SYS_openat2, WORDS("-1", "0", "0", "0", "0", "0"), 0);
	cage_expect(program, SYS_openat2, WORDS("-1", "0", "0", "0", "0", "1"), KILLED);
}

Test(cage, has_only_what_the_plan_needs)
{
	const char *program = cage_export(WORDS("-p", "off"));

	cage_expect(program, SYS_getpid, WORDS("0"), 0);
	cage_expect(program, SYS_openat, WORDS("-100", "0", text("%d", O_RDONLY | O_CLOEXEC)), 0);
	cage_expect(program, SYS_openat, WORDS("-100", "0", text("%d", O_WRONLY)), KILLED);
	cage_expect(program, SYS_openat2, WORDS("-1"), KILLED);
	cage_expect(program, SYS_process_vm_readv, WORDS("0"), KILLED);
	cage_expect(program, SYS_setresuid, WORDS("-1", "-1", "-1"), KILLED);
	cage_expect(program, SYS_socket, WORDS("1", "1"), KILLED);
	cage_expect(program, SYS_sendto, WORDS("-1", "0", "0", text("%d", MSG_NOSIGNAL)), 0);
	cage_expect(program, SYS_sendto, WORDS("-1", "0", "0", text("%d", MSG_NOSIGNAL), "4096", "16"), KILLED);
}

#endif

Test(cage, is_printed_call_by_call)
{
	run_program(WORDS("plan", "-p", "work", "--cage"), &cage_outcome);
	expect_status(&cage_outcome, 0, "plan --cage");
	cr_assert(strstr(cage_outcome.out, "The supervisor may make these calls"), "%s", cage_outcome.out);
	cr_assert(strstr(cage_outcome.out, "mprotect           allowed  arg2 lacks PROT_EXEC"), "%s", cage_outcome.out);
	cr_assert(strstr(cage_outcome.out, "arg4 = the cookie, arg5 = the cookie"), "%s", cage_outcome.out);
	cr_assert(strstr(cage_outcome.out, "arg1 = SECCOMP_IOCTL_NOTIF_RECV, arg0 = the listener"));
	cr_assert(!strstr(cage_outcome.out, "execve"), "%s", cage_outcome.out);
	run_program(WORDS("plan", "-p", "off", "--cage"), &cage_outcome);
	cr_assert(!strstr(cage_outcome.out, "openat2"), "%s", cage_outcome.out);
}

Test(cage, that_cannot_be_entered_ends_kennel_before_the_command)
{
	const char *kennel = getenv("KENNEL");

	run_native(
		WORDS(fixture_guest("refuse_dumpable"), kennel, "run", "-p", "off", "/bin/echo", "ran"), &cage_outcome);
	expect_status(&cage_outcome, 125, "without a cage");
	cr_assert_str_eq(cage_outcome.out, "");
	cr_assert(strstr(cage_outcome.err, "kennel: cannot confine the supervisor: Operation not permitted"), "%s",
		cage_outcome.err);
}
