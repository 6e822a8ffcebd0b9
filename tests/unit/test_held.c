/*
 * What real processes have, against what is held here: a child's directory, program and
 * descriptors, mappings on both roads to them, and files whose mappings have other numbers.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/call.h"
#include "core/held.h"
#include "core/identity_state.h"
#include "core/loop.h"
#include "core/mounts.h"
#include "core/path.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"
#include "tests/unit/forked.h"

#define PAGE ((size_t)getpagesize())
#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox };
static int gone;
static unsigned lifted, lowered;
static bool without_query; /* a kernel before 6.11 */
static bool as_nobody;     /* the identity assumed; lifting ends it */
static char folder[] = "/tmp/held.XXXXXX";

int call_revalidate(struct call *asked)
{
	(void)asked;
	return gone;
}

_Bool identity_lift(struct call *asked)
{
	(void)asked;
	lifted++;
	return as_nobody && seteuid(0) == 0;
}

void identity_lower(struct call *asked)
{
	(void)asked;
	lowered++;
	cr_assert_eq(seteuid(FORKED_NOBODY), 0);
}

/* In place of libc's. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (without_query) {
		errno = ENOTTY;
		return -1;
	}
	return (int)syscall(SYS_ioctl, fd, request, argument);
}

static void held_setup(void)
{
	supervisor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	call.tid = getpid();
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
}

static void held_end(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(held, .init = held_setup, .fini = held_end, .timeout = 180);

/* A child that sleeps, in its own directory; the call is its. */
static void held_start(const char *directory)
{
	int pipes[2];
	char byte;

	cr_assert_eq(pipe2(pipes, O_CLOEXEC), 0);
	call.tid = fork();
	cr_assert_geq(call.tid, 0);
	if (call.tid == 0) {
		setsid();
		alarm(30);
		if (chdir(directory) < 0 || write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
}

static void held_stop(void)
{
	kill(call.tid, SIGKILL);
	waitpid(call.tid, NULL, 0);
}

static int held_file(const char *name, size_t size)
{
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0755);

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void *held_map(int fd)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	cr_assert_neq(page, MAP_FAILED);
	return page;
}

/* 1, 0 or -errno: are both the same object on the same mount? */
static int held_same(int fd, int other_fd)
{
	struct held_identity one, other;
	int error = held_identify(fd, &one);

	if (!error)
		error = held_identify(other_fd, &other);
	if (error < 0)
		return error;
	return one.mount == other.mount && one.inode == other.inode && one.major == other.major &&
	       one.minor == other.minor && ((one.mode ^ other.mode) & S_IFMT) == 0;
}

Test(held, directory_program_and_descriptor_are_those_of_the_process)
{
	struct held_identity proc;
	int file = held_file("a", 1);

	held_start("/proc");
	cr_expect_eq(held_same(held_cwd(&call), open("/proc", O_PATH)), 1);
	cr_expect_eq(held_same(held_cwd(&call), open(".", O_PATH)), 0);
	cr_assert_eq(held_identify(open("/proc", O_PATH), &proc), 0);
	cr_expect_eq(held_cwd_is(&call, &proc), 1);
	cr_expect_eq(held_program_is(&call, &proc), 0);
	cr_expect_eq(held_same(held_program(&call), open("/proc/self/exe", O_PATH)), 1);
	cr_expect_eq(held_same(held_fd(&call, file), file), 1);
	cr_expect_eq(fcntl(held_fd(&call, file), F_GETFD), FD_CLOEXEC);
	held_stop();
}

Test(held, descriptor_that_is_not_open_is_told_apart)
{
	cr_expect_eq(held_fd(&call, 1 << 20), -EBADF);
	cr_expect_eq(held_fd(&call, -1), -EBADF);
	cr_expect_eq(held_fd(&call, AT_FDCWD), -EBADF);
}

static int held_visit_none(void *context, const struct held_area *area)
{
	(void)context;
	(void)area;
	cr_expect(false, "an area of nobody");
	return 0;
}

Test(held, thread_that_is_gone_has_nothing)
{
	held_start("/");
	kill(call.tid, SIGKILL);
	for (unsigned again = 0; again < 2; again++) {
		siginfo_t info;

		/* First a zombie, then nobody. */
		cr_assert_eq(waitid(P_PID, (id_t)call.tid, &info, WEXITED | (again ? 0 : WNOWAIT)), 0);
		gone = again ? -ESRCH : 0;
		cr_expect_eq(held_cwd(&call), -ESRCH);
		cr_expect_eq(held_program(&call), -ESRCH);
		cr_expect_lt(held_fd(&call, 0), 0);
		cr_expect_eq(held_areas(&call, 0, UINT64_MAX, held_visit_none, NULL), -ESRCH);
		without_query = true;
		cr_expect_eq(held_areas(&call, 0, UINT64_MAX, held_visit_none, NULL), -ESRCH);
		without_query = false;
	}
}

Test(held, thread_whose_number_is_somebody_else_s_has_nothing)
{
	gone = -ESRCH;
	cr_expect_eq(held_cwd(&call), -ESRCH);
	cr_expect_eq(held_fd(&call, 0), -ESRCH);
	cr_expect_eq(held_areas(&call, 0, UINT64_MAX, held_visit_none, NULL), -ESRCH);
}

Test(held, links_are_reached_with_our_own_rights)
{
	int cwd;

	if (geteuid() != 0)
		cr_skip_test("needs root to become somebody else");
	held_start("/proc");
	cr_assert_eq(seteuid(FORKED_NOBODY), 0);
	cr_expect_eq(held_cwd(&call), -EACCES);
	as_nobody = true;
	cwd = held_cwd(&call);
	cr_expect_geq(cwd, 0);
	cr_expect(lifted == 2 && lowered == 1 && geteuid() == FORKED_NOBODY);
	as_nobody = false;
	cr_assert_eq(seteuid(0), 0);
	held_stop();
}

Test(held, same_is_the_object_and_not_the_name)
{
	int one = held_file("a", 1);
	int other = held_file("b", 1);

	cr_assert_eq(link("a", "c"), 0);
	cr_expect_eq(held_same(one, open("c", O_PATH)), 1);
	cr_expect_eq(held_same(one, other), 0);
	cr_expect_eq(held_same(one, open(".", O_PATH)), 0);
	cr_expect_eq(held_same(one, -1), -EBADF);
	cr_expect_eq(held_same(-1, one), -EBADF);
}

static void held_expect_bind_differs(void *context)
{
	(void)context;
	FORKED_EXPECT(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	FORKED_EXPECT(mkdir("d", 0755) == 0 && mkdir("e", 0755) == 0 && mount("d", "e", NULL, MS_BIND, NULL) == 0);
	FORKED_EXPECT(held_same(open("d", O_PATH), open("e", O_PATH)) == 0);
	FORKED_EXPECT(held_same(open("e", O_PATH), open("e", O_RDONLY)) == 1);
}

Test(held, same_directory_on_another_mount_is_not_the_same)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to mount");
	cr_expect_eq(forked_run(held_expect_bind_differs, NULL), 0);
}

struct held_list {
	unsigned count;
	unsigned stop_at; /* 0: never */
	struct held_area areas[4096];
	char names[4096][48];
};

static int held_collect(void *context, const struct held_area *area)
{
	struct held_list *list = context;

	if (str_equal(area->name, "[vsyscall]"))
		return 0;
	cr_assert_lt(list->count, ARRAY_SIZE(list->areas));
	snprintf(list->names[list->count], sizeof(list->names[0]), "%s", area->name);
	list->areas[list->count] = *area;
	list->areas[list->count++].name = NULL;
	return list->stop_at && list->count == list->stop_at ? 7 : 0;
}

static int held_list(struct held_list *list, bool query, uint64_t start, uint64_t end)
{
	without_query = !query;
	list->count = 0;
	return held_areas(&call, start, end, held_collect, list);
}

static struct held_list by_query, by_text;

Test(held, both_roads_see_the_same_areas)
{
	int file = held_file("a", PAGE);

	/* Neighbours that do not merge. */
	for (unsigned i = 0; i < 3000; i++)
		cr_assert_neq(mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
				      i % 3 ? MAP_SHARED : MAP_PRIVATE, file, 0),
			MAP_FAILED);
	held_start("/");
	cr_assert_eq(held_list(&by_query, true, 0, UINT64_MAX), 0);
	cr_assert_eq(held_list(&by_text, false, 0, UINT64_MAX), 0);
	cr_assert_gt(by_query.count, 3000);
	cr_assert_eq(by_query.count, by_text.count);
	for (unsigned i = 0; i < by_query.count; i++) {
		const struct held_area *one = &by_query.areas[i], *other = &by_text.areas[i];

		cr_assert(one->start == other->start && one->end == other->end, "%u", i);
		cr_assert(one->readable == other->readable && one->writable == other->writable, "%u", i);
		cr_assert(one->executable == other->executable && one->shared == other->shared, "%u", i);
		cr_assert(one->is_file == other->is_file && one->file.inode == other->file.inode, "%u", i);
		cr_assert(one->file.major == other->file.major && one->file.minor == other->file.minor, "%u", i);
		cr_assert_str_eq(by_query.names[i], by_text.names[i]);
	}
	held_stop();
}

Test(held, only_areas_that_overlap_are_visited)
{
	char *pages = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t base = ADDRESS(pages);

	cr_assert_eq(mprotect(pages + PAGE, PAGE, PROT_READ | PROT_EXEC), 0);
	cr_assert_eq(munmap(pages + 3 * PAGE, PAGE), 0);
	for (unsigned query = 0; query < 2; query++) {
		cr_expect_eq(held_list(&by_text, query, base + PAGE, base + 2 * PAGE), 0);
		cr_assert_eq(by_text.count, 1);
		cr_expect(by_text.areas[0].start == base + PAGE && by_text.areas[0].end == base + 2 * PAGE);
		cr_expect(by_text.areas[0].executable && by_text.areas[0].readable && !by_text.areas[0].writable);
		cr_expect_not(by_text.areas[0].is_file || by_text.areas[0].shared);
		held_list(&by_text, query, base + PAGE - 1, base + 2 * PAGE + 1);
		cr_expect_eq(by_text.count, 3);
		held_list(&by_text, query, base + 3 * PAGE, base + 4 * PAGE);
		cr_expect_eq(by_text.count, 0);
		held_list(&by_text, query, base, base);
		cr_expect_eq(by_text.count, 0);
		by_text.stop_at = 2;
		cr_expect_eq(held_list(&by_text, query, base, base + 3 * PAGE), 7);
		cr_expect_eq(by_text.count, 2);
		by_text.stop_at = 0;
	}
}

/* A name of six thousand bytes, and one of newlines that look like a line. */
Test(held, names_can_neither_forge_nor_hide_an_area)
{
	char component[201];
	void *page;

	memset(component, 'x', 200);
	component[200] = '\0';
	for (unsigned i = 0; i < 70; i++)
		cr_assert(mkdir(component, 0755) == 0 && chdir(component) == 0);
	page = held_map(held_file("a\n7f0000000000-7f0000001000 r-xp 00000000 00:00 0", PAGE));
	for (unsigned query = 0; query < 2; query++) {
		cr_expect_eq(held_list(&by_text, query, ADDRESS(page), ADDRESS(page) + PAGE), 0);
		cr_assert_eq(by_text.count, 1);
		cr_expect(by_text.areas[0].start == ADDRESS(page) && by_text.areas[0].is_file);
		cr_expect_eq(held_list(&by_text, query, 0, UINT64_MAX), 0);
		for (unsigned i = 1; i < by_text.count; i++)
			cr_expect(by_text.areas[i].start >= by_text.areas[i - 1].end, "%u", i);
	}
	cr_assert_eq(chdir(folder), 0);
	page = held_map(held_file("b\n7f0000000000-7f0000001000 r-xp 00000000", PAGE));
	cr_expect_eq(held_list(&by_text, false, ADDRESS(page), ADDRESS(page) + PAGE), 0);
	cr_assert_eq(by_text.count, 1);
	cr_expect_not_null(strstr(by_text.names[0], "/b\\012"), "%s", by_text.names[0]);
}

struct held_question {
	int fd; /* -1: is it where its name says? */
	bool answer;
};

static int held_ask(void *context, const struct held_area *area)
{
	struct held_question *question = context;

	question->answer = question->fd < 0 ? held_area_is_where_named(&call, area) : held_area_is(area, question->fd);
	return 1;
}

static bool held_page_is(const void *page, int fd)
{
	struct held_question question = { .fd = fd };

	FORKED_EXPECT(held_areas(&call, ADDRESS(page), ADDRESS(page) + 1, held_ask, &question) == 1);
	return question.answer;
}

static void *held_map_new(const char *name)
{
	int file = held_file(name, PAGE);
	void *page = held_map(file);

	close(file);
	return page;
}

static void held_expect_named(void *const pages[], const bool expected[])
{
	for (unsigned i = 0; i < 5; i++)
		cr_expect_eq(held_page_is(pages[i], -1), expected[i], "%u", i);
}

Test(held, names_count_where_they_lead_to_what_is_mapped_or_nothing_can_be_compared)
{
	void *pages[5];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cr_skip_test("mounting needs rights");
	cr_expect_not(held_page_is(held_map_new("unknown"), -1), "without a list of mounts");
	cr_assert(mkdir("there", 0755) == 0 && mkdir("gone", 0755) == 0 && mkdir("over", 0755) == 0 &&
		  mount("none", "gone", "tmpfs", 0, NULL) == 0);
	supervisor.loop = loop_new();
	supervisor.mounts = mounts_new();
	cr_assert_eq(mounts_watch(supervisor.mounts, &supervisor), 0);
	ev_run(loop_ev(supervisor.loop), EVRUN_NOWAIT);
	pages[0] = held_map_new("there/file");
	pages[1] = held_map_new("there/a\nb");
	pages[2] = held_map_new("there/removed");
	pages[3] = held_map_new("over/file");
	pages[4] = held_map_new("gone/file");
	cr_assert_eq(unlink("there/removed"), 0);
	held_expect_named(pages, (bool[]){ true, true, true, true, true });
	cr_assert_eq(mount("none", "over", "tmpfs", 0, NULL), 0);
	held_expect_named(pages, (bool[]){ true, true, true, false, true });
	cr_assert_eq(umount2("gone", MNT_DETACH), 0);
	held_expect_named(pages, (bool[]){ true, true, false, false, false });
	cr_assert_eq(umount2("over", MNT_DETACH), 0);
	mounts_free(supervisor.mounts);
	loop_free(supervisor.loop);
}

Test(held, mapping_is_recognized)
{
	int file = held_file("a", PAGE);
	int other = held_file("b", PAGE);
	void *page = held_map(file);

	for (unsigned query = 0; query < 2; query++) {
		without_query = !query;
		cr_expect(held_page_is(page, file));
		cr_expect(held_page_is(page, open("a", O_PATH)));
		cr_expect_not(held_page_is(page, other));
		cr_expect_not(held_page_is(page, -1));
		cr_expect_not(held_page_is(&call, file));
	}
	cr_assert_eq(unlink("a"), 0);
	cr_expect(held_page_is(page, file));
}

Test(held, mapping_of_a_file_has_its_numbers)
{
	struct held_mapping mapping;
	struct statx status;
	int file = held_file("empty", 0);
	int pipes[2];

	cr_assert_eq(statx(file, "", AT_EMPTY_PATH, STATX_INO, &status), 0);
	for (unsigned query = 0; query < 2; query++) {
		without_query = !query;
		cr_expect_eq(held_mapping_of(file, &mapping), 0);
		cr_expect_eq(mapping.inode, status.stx_ino);
		memset(&mapping, 0, sizeof(mapping));
		cr_expect_eq(held_mapping_of(open("empty", O_PATH), &mapping), 0);
		cr_expect_eq(mapping.inode, status.stx_ino);
	}
	cr_assert_eq(pipe(pipes), 0);
	cr_expect_eq(held_mapping_of(pipes[0], &mapping), -ENODEV);
	cr_expect_eq(held_mapping_of(open(".", O_PATH), &mapping), -EACCES);
	cr_expect_eq(held_mapping_of(-1, &mapping), -EBADF);
}

/* Layers on two filesystems: numbers of stat that no mapping has. */
static void held_expect_overlay(void *context)
{
	void *page, *lower;
	int file, other;

	(void)context;
	FORKED_EXPECT(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	FORKED_EXPECT(mkdir("l", 0755) == 0 && mkdir("t", 0755) == 0 && mkdir("o", 0755) == 0);
	close(held_file("l/a", PAGE));
	close(held_file("l/b", PAGE));
	FORKED_EXPECT(mount("none", "t", "tmpfs", 0, NULL) == 0);
	FORKED_EXPECT(mkdir("t/u", 0755) == 0 && mkdir("t/w", 0755) == 0);
	close(held_file("t/u/c", PAGE));
	if (mount("none", "o", "overlay", 0, "lowerdir=l,upperdir=t/u,workdir=t/w") < 0)
		_exit(77);
	call.tid = getpid();
	for (unsigned query = 0; query < 2; query++) {
		without_query = !query;
		file = open("o/a", O_RDONLY);
		other = open("o/b", O_RDONLY);
		page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
		lower = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, open("l/a", O_RDONLY), 0);
		FORKED_EXPECT(held_page_is(page, file));
		FORKED_EXPECT(held_page_is(page, open("o/a", O_PATH)));
		FORKED_EXPECT(!held_page_is(page, other));
		FORKED_EXPECT(!held_page_is(lower, file));
		FORKED_EXPECT(!held_page_is(page, open("o/c", O_RDONLY)));
		FORKED_EXPECT(held_page_is(
			mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open("o/c", O_RDONLY), 0), open("o/c", O_PATH)));
	}
}

Test(held, mapping_on_overlayfs_is_recognized)
{
	int status;

	if (geteuid() != 0)
		cr_skip_test("needs root to mount");
	status = forked_run(held_expect_overlay, NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("no overlayfs here");
	cr_expect_eq(status, 0);
}
