/* Executable mappings without a kernel in between: what may be mapped, and what is found mapped afterwards. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util.h"
#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

#define PAGE_MAX 65536
#define PAGE ((size_t)getpagesize())
#define EXEC CAT_BIT(CAT_EXEC)
#define RX (PROT_READ | PROT_EXEC)

static char mmap_text[PAGE_MAX];

static int mmap_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0755);

	memset(mmap_text, 'x', PAGE);
	cr_assert(fd >= 0 && write(fd, mmap_text, PAGE) == (ssize_t)PAGE);
	return fd;
}

static void mmap_enter_directory(void)
{
	fake_enter_directory();
	close(mmap_file("other"));
}

TestSuite(mmap, .timeout = 60, .init = mmap_enter_directory, .fini = fake_leave_directory);

static uint64_t mmap_at(uint64_t address, const char *name, int prot)
{
	int fd = mmap_file(name);
	void *at = mmap((void *)(uintptr_t)address, PAGE, prot, MAP_PRIVATE | (address ? MAP_FIXED : 0), fd, 0);

	cr_assert(at != MAP_FAILED);
	close(fd);
	return ADDRESS(at);
}

static uint64_t mmap_anonymous_at(uint64_t address, int prot)
{
	void *at = mmap(
		(void *)(uintptr_t)address, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED : 0), -1, 0);

	cr_assert(at != MAP_FAILED);
	return ADDRESS(at);
}

#define MMAP(descriptor, ...) CALL(.sysno = SC_mmap, ARGS(0, 5, RX, MAP_PRIVATE, FD(descriptor), 0), ##__VA_ARGS__)
#define SHARED_MMAP(descriptor, ...) MMAP(descriptor, .shares_memory = true, ##__VA_ARGS__)

static void mmap_expect_kind(struct call *call, enum verdict_kind kind)
{
	cr_expect_eq(fake_begin(&handler_mmap, call).kind, kind);
	cr_expect_eq(call->args_set, 0);
	fake_cancel(&handler_mmap, call);
}

static void mmap_expect_fails(struct call *call, int error)
{
	struct verdict verdict = fake_begin(&handler_mmap, call);

	cr_expect_eq(verdict.kind, VERDICT_FAIL);
	cr_expect_eq(verdict.value, error, "%ld instead of %d", (long)verdict.value, error);
	fake_cancel(&handler_mmap, call);
}

/* leave() alone: it may run twice. */
static enum verdict_kind mmap_leave_with(struct call *call, uint64_t result)
{
	call->result = (int64_t)result;
	return handler_mmap.leave(call).kind;
}

Test(mmap, shared_memory_is_mapped_without_exec_and_made_executable_after_the_look)
{
	int fd = mmap_file("file");
	struct call *call = SHARED_MMAP(fd);
	uint64_t at;

	cr_expect_eq(fake_begin(&handler_mmap, call).kind, VERDICT_REWRITE);
	cr_expect_eq(call->asked, EXEC);
	cr_expect(str_equal(strrchr(call->asked_name, '/'), "/file"));
	cr_expect_eq(call->args_set, 1u << 2);
	cr_expect_eq(call->args[2], PROT_READ);
	at = mmap_at(0, "file", PROT_READ);
	cr_expect_eq(mmap_leave_with(call, at), VERDICT_CONTINUE);
	cr_expect_eq(call->thens, 1);
	cr_expect(call->then_args[0] == at && call->then_args[1] == PAGE && call->then_args[2] == RX);
	cr_assert_eq(mprotect((void *)(uintptr_t)at, PAGE, RX), 0);
	cr_expect_eq(mmap_leave_with(call, 0), VERDICT_CONTINUE);
	cr_expect_eq(call->thens, 1);
	cr_expect_eq(call->mismatches, 0);
	fake_cancel(&handler_mmap, call);
}

Test(mmap, memory_of_one_thread_is_mapped_at_once_and_looked_at_afterwards)
{
	int fd = mmap_file("file");
	struct call *call = MMAP(fd);
	struct call *flipped = MMAP(fd);

	cr_expect_eq(fake_begin(&handler_mmap, call).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_leave(&handler_mmap, call, (int64_t)mmap_at(0, "file", RX)).kind, VERDICT_CONTINUE);
	cr_expect_eq(call->thens, 0);
	cr_expect_eq(fake_begin(&handler_mmap, flipped).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_leave(&handler_mmap, flipped, (int64_t)mmap_at(0, "other", RX)).kind, VERDICT_KILL);
	cr_expect_eq(flipped->mismatches, 1);
	cr_expect_eq(flipped->mismatch_category, CAT_EXEC);
	cr_expect(str_equal(strrchr(flipped->mismatch_checked, '/'), "/file"));
	cr_expect(str_equal(strrchr(flipped->mismatch_found, '/'), "/other"));
}

Test(mmap, anything_but_the_file_at_the_first_look_kills)
{
	int fd = mmap_file("file");
	uint64_t found[] = { mmap_at(0, "other", PROT_READ), mmap_at(0, "other", RX), mmap_anonymous_at(0, PROT_READ) };

	for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
		struct call *call = SHARED_MMAP(fd);

		cr_expect_eq(fake_begin(&handler_mmap, call).kind, VERDICT_REWRITE);
		cr_expect_eq(fake_leave(&handler_mmap, call, (int64_t)found[i]).kind, VERDICT_KILL);
		cr_expect(call->mismatches == 1 && call->thens == 0);
	}
}

Test(mmap, what_is_executable_after_the_mprotect_must_be_the_file)
{
	int fd = mmap_file("file");

	for (int prot = PROT_READ; prot <= RX; prot += PROT_EXEC) {
		struct call *call = SHARED_MMAP(fd);
		uint64_t at = mmap_at(0, "file", PROT_READ);

		fake_begin(&handler_mmap, call);
		cr_expect_eq(mmap_leave_with(call, at), VERDICT_CONTINUE);
		mmap_at(at, "other", prot);
		cr_expect_eq(mmap_leave_with(call, (uint64_t)-ENOMEM), prot == RX ? VERDICT_KILL : VERDICT_CONTINUE);
		cr_expect_eq(call->mismatches, prot == RX);
		fake_cancel(&handler_mmap, call);
	}
}

Test(mmap, a_mapping_that_failed_is_not_looked_at_and_one_that_nobody_can_see_kills)
{
	int fd = mmap_file("file");
	struct call *failed = SHARED_MMAP(fd, .held_error = -EIO);
	struct call *gone = SHARED_MMAP(fd, .held_error = -ESRCH);
	struct call *unseen = SHARED_MMAP(fd, .held_error = -EIO);

	fake_begin(&handler_mmap, failed);
	cr_expect_eq(fake_leave(&handler_mmap, failed, -ENOMEM).kind, VERDICT_CONTINUE);
	fake_begin(&handler_mmap, gone);
	cr_expect_eq(fake_leave(&handler_mmap, gone, 4096).kind, VERDICT_CONTINUE);
	cr_expect_eq(gone->thens, 0);
	fake_begin(&handler_mmap, unseen);
	cr_expect_eq(fake_leave(&handler_mmap, unseen, 4096).kind, VERDICT_KILL);
	cr_expect_eq(unseen->mismatches, 1);
}

Test(mmap, refusals_and_descriptors_that_cannot_be_mapped)
{
	int fd = mmap_file("file");
	int directory = open("dir", O_RDONLY | O_CLOEXEC);

	mmap_expect_fails(SHARED_MMAP(fd, .refused = EXEC), EACCES);
	mmap_expect_fails(MMAP(-1), EBADF);
	mmap_expect_fails(MMAP(999), EBADF);
	/* No rule names it, and the kernel knows best why it cannot be mapped; unless another may change what it is. */
	mmap_expect_kind(MMAP(directory, .refused = EXEC), VERDICT_CONTINUE);
	mmap_expect_fails(SHARED_MMAP(directory), ENODEV);
}

Test(mmap, a_mount_without_exec_gives_its_own_error)
{
	int fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "dir", "tmpfs", MS_NOEXEC, NULL) < 0)
		cr_skip_test("mounting needs rights");
	fd = mmap_file("dir/file");
	/* Without PROT_EXEC the kernel would map it. */
	mmap_expect_kind(MMAP(fd), VERDICT_CONTINUE);
	mmap_expect_fails(SHARED_MMAP(fd), EPERM);
	mmap_expect_fails(
		CALL(.sysno = SC_mmap, .shares_memory = true, ARGS(0, 0, RX, MAP_PRIVATE, FD(fd), 0)), EINVAL);
	close(fd);
	umount("dir");
}

#define OLD_MMAP(...) CALL(.sysno = SC_old_mmap, .compat = true, .shares_memory = true, __VA_ARGS__)

Test(mmap, the_old_form_runs_as_mmap2_with_the_words_that_were_judged)
{
	int fd = mmap_file("file");
	uint32_t block[] = { 0, 5, RX, MAP_PRIVATE, (uint32_t)fd, 8192 };
	uint32_t odd[] = { 0, 5, RX, MAP_PRIVATE, (uint32_t)fd, 1 };
	uint32_t plain[] = { 1, 2, PROT_READ, MAP_PRIVATE, (uint32_t)fd, 0 };
	uint64_t low = 0x60000000;
	struct call *call = OLD_MMAP(ARGS(ADDRESS(block)));
	struct call *reads = OLD_MMAP(.refused = EXEC, ARGS(ADDRESS(plain)));

	mmap_expect_fails(OLD_MMAP(ARGS(8)), EFAULT);
	mmap_expect_fails(OLD_MMAP(ARGS(ADDRESS(odd))), EINVAL);
	mmap_expect_fails(OLD_MMAP(.refused = EXEC, ARGS(ADDRESS(block))), EACCES);
	cr_expect_eq(fake_begin(&handler_mmap, call).kind, VERDICT_REWRITE);
	cr_expect_eq(call->sysno_set, SC_mmap2);
	cr_expect_eq(call->args_set, 0x3f);
	cr_expect(call->args[1] == 5 && call->args[2] == PROT_READ && call->args[4] == (uint64_t)fd);
	cr_expect_eq(call->args[5], 2);
	cr_assert_eq(mmap_anonymous_at(low, PROT_NONE), low);
	cr_expect_eq(fake_leave(&handler_mmap, call, (int64_t)mmap_at(low, "other", RX)).kind, VERDICT_KILL);
	cr_expect_eq(fake_begin(&handler_mmap, reads).kind, VERDICT_REWRITE);
	cr_expect_eq(reads->sysno_set, SC_mmap2);
	cr_expect(reads->asked == 0 && reads->args[0] == 1 && reads->args[2] == PROT_READ);
	cr_expect_eq(fake_leave(&handler_mmap, reads, 4096).kind, VERDICT_CONTINUE);
}

#define BLOCK_MMAP(...) CALL(.sysno = SC_old_mmap, .shares_memory = true, __VA_ARGS__)
#define BLOCK_REFUSES .refused = EXEC, .refused_name = "/other"

Test(mmap, the_only_form_of_an_abi_stays_in_its_block_and_what_is_executable_then_is_judged)
{
	int fd = mmap_file("file");
	uint64_t block[] = { 0, 5, RX, MAP_PRIVATE, FD(fd), 0 };
	uint64_t odd[] = { 0, 5, RX, MAP_PRIVATE, FD(fd), 1 };
	struct call *good = BLOCK_MMAP(BLOCK_REFUSES, ARGS(ADDRESS(block)));
	struct call *flipped = BLOCK_MMAP(BLOCK_REFUSES, ARGS(ADDRESS(block)));

	mmap_expect_fails(BLOCK_MMAP(ARGS(8)), EFAULT);
	mmap_expect_fails(BLOCK_MMAP(ARGS(ADDRESS(odd))), EINVAL);
	mmap_expect_fails(BLOCK_MMAP(.refused = EXEC, ARGS(ADDRESS(block))), EACCES);
	mmap_at(0, "other", PROT_READ);
	cr_expect_eq(fake_begin(&handler_mmap, good).kind, VERDICT_CONTINUE);
	cr_expect_eq(good->asked, EXEC);
	cr_expect_eq(fake_leave(&handler_mmap, good, (int64_t)mmap_at(0, "file", RX)).kind, VERDICT_CONTINUE);
	cr_expect_eq(good->thens, 0);
	cr_expect_eq(fake_begin(&handler_mmap, flipped).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_leave(&handler_mmap, flipped, (int64_t)mmap_at(0, "other", RX)).kind, VERDICT_KILL);
	cr_expect_eq(flipped->mismatches, 1);
}

/* What we read of a block says nothing about what was mapped: neither how much, nor where. */
Test(mmap, a_block_whose_length_was_another_one_hides_nothing)
{
	const uint64_t lengths[] = { 0, UINT64_MAX, 1 };
	uint64_t at = mmap_at(0, "other", RX);

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		uint64_t block[] = { 0, lengths[i], PROT_READ, MAP_PRIVATE, UINT64_MAX, 0 };
		struct call *call = BLOCK_MMAP(BLOCK_REFUSES, ARGS(ADDRESS(block)));

		cr_expect_eq(fake_begin(&handler_mmap, call).kind, VERDICT_CONTINUE);
		cr_expect_eq(fake_leave(&handler_mmap, call, (int64_t)at - (int64_t)PAGE).kind, VERDICT_KILL);
	}
}

Test(mmap, a_block_that_became_executable_memory_passes_only_where_such_memory_may_be)
{
	uint64_t block[] = { 0, 5, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0 };
	struct call *allowed = BLOCK_MMAP(ARGS(ADDRESS(block)));
	struct call *plain = BLOCK_MMAP(.anonymous_refused = true, ARGS(ADDRESS(block)));
	struct call *refused = BLOCK_MMAP(.anonymous_refused = true, ARGS(ADDRESS(block)));

	cr_expect_eq(fake_begin(&handler_mmap, plain).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_leave(&handler_mmap, plain, (int64_t)mmap_anonymous_at(0, PROT_READ)).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_begin(&handler_mmap, allowed).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_leave(&handler_mmap, allowed, (int64_t)mmap_anonymous_at(0, RX)).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_begin(&handler_mmap, refused).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_leave(&handler_mmap, refused, (int64_t)mmap_anonymous_at(0, RX)).kind, VERDICT_KILL);
}

Test(mmap, the_old_form_cannot_make_executable_memory_that_is_no_file_where_that_is_off)
{
	uint32_t block[] = { 0, 5, RX, MAP_PRIVATE | MAP_ANONYMOUS, UINT32_MAX, 0 };
	struct call *allowed = OLD_MMAP(.refused = EXEC, ARGS(ADDRESS(block)));

	mmap_expect_fails(OLD_MMAP(.anonymous_refused = true, ARGS(ADDRESS(block))), EACCES);
	cr_expect_eq(fake_begin(&handler_mmap, allowed).kind, VERDICT_REWRITE);
	cr_expect(allowed->args[2] == RX && allowed->asked == 0);
	fake_cancel(&handler_mmap, allowed);
}

Test(mmap, a_32_bit_result_in_the_upper_half_is_an_address)
{
	int fd = mmap_file("file");
	uint64_t high = 0xc0000000;
	struct call *call = SHARED_MMAP(fd, .compat = true);

	cr_assert_eq(mmap_anonymous_at(high, PROT_NONE), high);
	mmap_at(high, "file", PROT_READ);
	fake_begin(&handler_mmap, call);
	cr_expect_eq(mmap_leave_with(call, (uint64_t)(int32_t)high), VERDICT_CONTINUE);
	cr_expect_eq(call->then_args[0], high);
	fake_cancel(&handler_mmap, call);
}

Test(mmap, huge_lengths_do_not_wrap_into_a_look_at_nothing)
{
	int fd = mmap_file("file");
	uint64_t at = mmap_at(0, "other", RX);
	struct call *call = SHARED_MMAP(fd);

	call->args[1] = PAGE + 1;
	fake_begin(&handler_mmap, call);
	cr_expect_eq(fake_leave(&handler_mmap, call, (int64_t)(at - PAGE)).kind, VERDICT_KILL);
}

/* ---- mprotect ---- */

#define MPROTECT(at, ...) CALL(.sysno = SC_mprotect, ARGS(at, 1, RX), ##__VA_ARGS__)

/* The name that is asked when this memory becomes executable; NULL: none is. */
static void mprotect_expect_asked(uint64_t at, const char *name)
{
	struct call *call = MPROTECT(at);

	cr_expect_eq(fake_begin(&handler_mprotect, call).kind, VERDICT_CONTINUE);
	cr_expect_eq(call->asked, name ? EXEC : 0);
	cr_expect(!name || str_equal(call->asked_name, name), "%s", call->asked_name);
	cr_expect_eq(fake_leave(&handler_mprotect, call, 0).kind, VERDICT_CONTINUE);
}

static enum verdict_kind mprotect_begin(struct call *call)
{
	enum verdict_kind kind = fake_begin(&handler_mprotect, call).kind;

	fake_cancel(&handler_mprotect, call);
	return kind;
}

Test(mmap, mprotect_asks_for_the_files_of_its_range_and_no_others)
{
	uint64_t at = mmap_anonymous_at(0, PROT_NONE);
	struct call *call;

	mmap_at(at, "other", PROT_READ);
	call = MPROTECT(at, .refused = EXEC);
	cr_expect_eq(mprotect_begin(call), VERDICT_FAIL);
	cr_expect(str_equal(strrchr(call->asked_name, '/'), "/other"));
	call = MPROTECT(at, .refused = EXEC, .refused_name = "/file");
	cr_expect_eq(mprotect_begin(call), VERDICT_CONTINUE);
	mmap_at(at, "file", RX);
	cr_expect_eq(mprotect_begin(call), VERDICT_FAIL, "executable already, and refused");
}

Test(mmap, memory_without_a_file_may_be_executable_unless_that_is_off)
{
	void *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	void *attached = segment < 0 ? MAP_FAILED : shmat(segment, NULL, 0);
	uint64_t areas[] = { mmap_anonymous_at(0, PROT_READ), ADDRESS(shared), ADDRESS(attached) };

	if (segment >= 0)
		shmctl(segment, IPC_RMID, NULL);
	cr_assert(shared != MAP_FAILED && attached != MAP_FAILED);
	for (size_t i = 0; i < ARRAY_SIZE(areas); i++) {
		mprotect_expect_asked(areas[i], NULL);
		cr_expect_eq(mprotect_begin(MPROTECT(areas[i], .anonymous_refused = true)), VERDICT_FAIL);
	}
}

Test(mmap, files_in_memory_have_the_name_that_they_were_made_with)
{
	int fd = memfd_create("my code", MFD_CLOEXEC);
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	cr_assert(at != MAP_FAILED);
	mprotect_expect_asked(ADDRESS(at), "!memfd:my code");
}

Test(mmap, a_file_that_is_not_where_its_name_says_is_not_made_executable)
{
	uint64_t at = mmap_at(0, "file", PROT_READ);

	cr_expect_eq(mprotect_begin(MPROTECT(at)), VERDICT_CONTINUE);
	cr_expect_eq(mprotect_begin(MPROTECT(at, .misnamed = true)), VERDICT_FAIL);
	cr_expect_eq(mprotect_begin(MPROTECT(at, .misnamed = true, .mapped_ignored = true)), VERDICT_CONTINUE);
}

Test(mmap, a_file_that_only_looks_like_one_in_memory_is_judged_as_a_file)
{
	const char *names[] = { "/memfd:kennel-test (deleted)", "/SYSV0kennel (deleted)" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct call *call;

		if (access("/", W_OK) < 0)
			cr_skip_test("the root directory cannot be written");
		call = MPROTECT(mmap_at(0, names[i], PROT_READ), .refused = EXEC);
		unlink(names[i]);
		cr_expect_eq(mprotect_begin(call), VERDICT_FAIL);
		cr_expect_eq(call->asked_name[0], '/');
	}
}

Test(mmap, names_with_two_readings_must_be_allowed_in_both)
{
	uint64_t feed = mmap_at(0, "a\nb", PROT_READ);
	uint64_t feeds = mmap_at(0, "a\nb\nc", PROT_READ);
	uint64_t deleted = mmap_at(0, "was", PROT_READ);

	unlink("was");
	cr_expect_eq(mprotect_begin(MPROTECT(feed)), VERDICT_CONTINUE);
	cr_expect_eq(mprotect_begin(MPROTECT(feed, .refused = EXEC, .refused_name = "a\nb")), VERDICT_FAIL);
	cr_expect_eq(mprotect_begin(MPROTECT(feed, .refused = EXEC, .refused_name = "a\\012b")), VERDICT_FAIL);
	cr_expect_eq(mprotect_begin(MPROTECT(feeds)), VERDICT_FAIL, "nobody can tell");
	cr_expect_eq(mprotect_begin(MPROTECT(deleted)), VERDICT_CONTINUE);
	cr_expect_eq(mprotect_begin(MPROTECT(deleted, .refused = EXEC, .refused_name = "was")), VERDICT_FAIL);
	cr_expect_eq(mprotect_begin(MPROTECT(deleted, .refused = EXEC, .refused_name = "(deleted)")), VERDICT_FAIL);
}

Test(mmap, what_mprotect_made_executable_is_judged_again_whatever_its_result)
{
	uint64_t at = mmap_at(0, "file", PROT_READ);
	struct call *flipped = MPROTECT(at, .refused = EXEC, .refused_name = "/other");
	struct call *harmless = MPROTECT(at, .refused = EXEC, .refused_name = "/other");
	struct call *warned = MPROTECT(at, .warned = true);

	cr_expect_eq(fake_begin(&handler_mprotect, warned).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_leave(&handler_mprotect, warned, 0).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_begin(&handler_mprotect, harmless).kind, VERDICT_CONTINUE);
	cr_expect_eq(fake_begin(&handler_mprotect, flipped).kind, VERDICT_CONTINUE);
	mmap_at(at, "other", PROT_READ);
	cr_expect_eq(fake_leave(&handler_mprotect, harmless, 0).kind, VERDICT_CONTINUE);
	mmap_at(at, "other", RX);
	cr_expect_eq(fake_leave(&handler_mprotect, flipped, -ENOMEM).kind, VERDICT_KILL);
	cr_expect_eq(flipped->mismatches, 1);
	cr_expect(str_equal(strrchr(flipped->mismatch_found, '/'), "/other"));
}

Test(mmap, mprotect_of_what_nobody_can_look_at_fails_before_and_kills_after)
{
	struct call *gone = MPROTECT(PAGE);
	struct call *unseen = MPROTECT(PAGE);

	cr_expect_eq(mprotect_begin(MPROTECT(PAGE, .held_error = -EIO)), VERDICT_FAIL);
	cr_expect_eq(mprotect_begin(gone), VERDICT_CONTINUE);
	gone->held_error = -ESRCH;
	cr_expect_eq(fake_leave(&handler_mprotect, gone, 0).kind, VERDICT_CONTINUE);
	cr_expect_eq(mprotect_begin(unseen), VERDICT_CONTINUE);
	unseen->held_error = -EIO;
	cr_expect_eq(fake_leave(&handler_mprotect, unseen, 0).kind, VERDICT_KILL);
}

Test(mmap, addresses_with_tags_and_ranges_past_the_end_are_no_way_around)
{
	uint64_t at = mmap_at(0, "other", PROT_READ);
	struct call *tagged = MPROTECT(at | UINT64_C(1) << 60, .refused = EXEC);
	struct call *endless = MPROTECT(at, .refused = EXEC);

	endless->args[1] = UINT64_MAX;
	cr_expect_eq(mprotect_begin(tagged), VERDICT_FAIL);
	cr_expect_eq(tagged->asked, 0);
	mprotect_begin(endless); /* the kernel says ENOMEM; it must not be a crash here */
}
