/*
 * mprotect and pkey_mprotect with PROT_EXEC: memory that becomes executable. Decides the exec category on the names
 * that the kernel gives the mapped files, before the call and after it. A name with several readings must be allowed
 * in each. Owns no state.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/held.h"
#include "core/log.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"
#include "handlers/mprotect.h"

#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT 26
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#endif
#define MPROTECT_HUGE_LEAST 13 /* binary logarithms of sizes, from the smallest page to 1 TiB */
#define MPROTECT_HUGE_MOST 40
#define MPROTECT_TAG_SHIFT 56                   /* no address has bits above; as tags the kernel may ignore them */
#define MPROTECT_LENGTH_MAX (UINT64_C(1) << 32) /* each page is looked at */

struct mprotect_look {
	struct call *call;
	bool after;
};

/* How far a range is there without a hole. */
struct mprotect_cover {
	uint64_t next;
	bool executable; /* has to be */
};

/* What cannot be executed may be made where vm.memfd_noexec refuses all else; before 6.3 nobody knows the flag. */
static int mprotect_memfd(unsigned flags)
{
	int fd = errno_result(memfd_create("", MFD_CLOEXEC | MFD_NOEXEC_SEAL | flags));

	return fd == -EINVAL ? errno_result(memfd_create("", MFD_CLOEXEC | flags)) : fd;
}

/* 1, 0 or -errno. */
static int mprotect_is_beside(const struct held_area *area, unsigned flags)
{
	int AUTO_CLOSE fd = mprotect_memfd(flags);
	struct stat st;

	/* No machine has all sizes of pages, and some have no huge ones. */
	if (fd < 0)
		return flags && (fd == -ENODEV || fd == -EINVAL || fd == -ENOSYS) ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return area->file.major == major(st.st_dev) && area->file.minor == minor(st.st_dev);
}

/*
 * Memory that only looks like a file lies on a mount of the kernel's own, with every memfd of that size of pages. 1, 0,
 * or -errno.
 */
static int mprotect_is_memory(const struct held_area *area)
{
	int found = mprotect_is_beside(area, 0);

	for (unsigned logarithm = MPROTECT_HUGE_LEAST; found == 0 && logarithm <= MPROTECT_HUGE_MOST; logarithm++)
		found = mprotect_is_beside(area, MFD_HUGETLB | logarithm << MFD_HUGE_SHIFT);
	return found;
}

/* What has no file: shared memory and System V segments have one in name only. 1, 0 or -errno. */
static int mprotect_is_anonymous(const struct held_area *area)
{
	if (!area->is_file || area->name[0] == '[')
		return 1;
	if (!name_removed_length(area->name) ||
		!(str_equal(area->name, "/dev/zero" NAME_REMOVED) || str_starts(area->name, "/SYSV") ||
			str_equal(area->name, "/anon_hugepage" NAME_REMOVED)))
		return 0;
	return mprotect_is_memory(area);
}

static int mprotect_is_memory_file(const struct held_area *area)
{
	return str_starts(area->name, "/memfd:") && name_removed_length(area->name) ? mprotect_is_memory(area) : 0;
}

static int mprotect_ask(const struct mprotect_look *look, const char *name)
{
	if (look->after)
		return access_refuses(look->call, CAT_EXEC, name) ? -EACCES : 0;
	return access_check(look->call, CAT_EXEC, name);
}

/* With "\012" as it stands, and as a line feed; with more than one of them nobody can tell. */
static int mprotect_ask_spellings(const struct mprotect_look *look, char *name)
{
	int error = mprotect_ask(look, name);

	if (error < 0 || !name_line_feed(name))
		return error;
	error = mprotect_ask(look, name);
	return error < 0 || !name_line_feed(name) ? error : -EACCES;
}

/* A file that ends in " (deleted)" may be called so, or was deleted: then the name before is the one it had. */
static int mprotect_ask_file(const struct mprotect_look *look, const struct held_area *area, bool memory)
{
	size_t len = strlen(area->name);
	size_t cut = name_removed_length(area->name);
	char name[PATH_MAX];
	int error = 0;

	if (len >= sizeof(name) || (!memory && !held_area_is_where_named(look->call, area)))
		return -EACCES;
	if (!memory) {
		memcpy(name, area->name, len + 1);
		error = mprotect_ask_spellings(look, name);
	}
	if (error < 0 || !cut)
		return error;
	memcpy(name, area->name, cut);
	name[cut] = '\0';
	if (memory)
		name[0] = '!';
	return mprotect_ask_spellings(look, name);
}

/*
 * What was written into a private mapping is memory that is no file. Only an area that is executable already, and
 * could not be written to since, is still the file.
 */
static bool mprotect_may_be_changed(const struct held_area *area)
{
	return !area->shared && (area->writable || !area->executable);
}

/* Another thread may have written to it between our look and the kernel's change. */
static int mprotect_judge_pages(const struct mprotect_look *look, const struct held_area *area)
{
	int written = 0;

	if (look->after && !area->shared && !access_anonymous_memory(look->call))
		written = held_area_was_written(look->call, area);
	return written > 0 ? -EACCES : written;
}

/*
 * What a program wrote into its copy of the kernel's pages is memory that is no file. Those at addresses of the kernel
 * it cannot change.
 */
static int mprotect_judge_kernels(const struct mprotect_look *look, const struct held_area *area)
{
	if (str_equal(area->name, "[vsyscall]") || str_equal(area->name, "[vectors]"))
		return 0;
	if (!look->after && mprotect_may_be_changed(area) && !access_anonymous_memory(look->call))
		return -EACCES;
	return mprotect_judge_pages(look, area);
}

static int mprotect_judge_file(const struct mprotect_look *look, const struct held_area *area)
{
	int memory = mprotect_is_memory_file(area);
	int error;

	if (memory < 0)
		return memory;
	if (!look->after && (memory || mprotect_may_be_changed(area)) && !access_anonymous_memory(look->call))
		return -EACCES;
	error = mprotect_judge_pages(look, area);
	return error == 0 && access_mapped_files(look->call) ? mprotect_ask_file(look, area, memory) : error;
}

/* The kernel's own pages are in every memory; nobody can give these names to others. arm has the last two. */
static bool mprotect_is_of_kernel(const struct held_area *area)
{
	static const char *const names[] = { "[vdso]", "[vsyscall]", "[vectors]", "[sigpage]" };

	for (size_t i = 0; !area->is_file && i < ARRAY_SIZE(names); i++)
		if (str_equal(area->name, names[i]))
			return true;
	return false;
}

static int mprotect_judge(const struct mprotect_look *look, const struct held_area *area)
{
	int anonymous;

	if (mprotect_is_of_kernel(area))
		return mprotect_judge_kernels(look, area);
	anonymous = mprotect_is_anonymous(area);
	if (anonymous < 0)
		return anonymous;
	if (!anonymous)
		return mprotect_judge_file(look, area);
	return access_anonymous_memory(look->call) ? 0 : -EACCES;
}

/* Also what is executable already: after the call nobody can tell which area was. */
static int mprotect_visit(void *context, const struct held_area *area)
{
	const struct mprotect_look *look = context;
	int error;

	if (look->after && !area->executable)
		return 0;
	error = mprotect_judge(look, area);
	if (error < 0 && look->after)
		log_mismatch(look->call, CAT_EXEC, NULL, area->name);
	return error;
}

static int mprotect_cover(void *context, const struct held_area *area)
{
	struct mprotect_cover *cover = context;

	if (area->start > cover->next || (cover->executable && !area->executable))
		return 1;
	cover->next = area->end;
	return 0;
}

int mprotect_covers(struct call *call, uint64_t start, uint64_t end, bool executable)
{
	struct mprotect_cover cover = { .next = start, .executable = executable };
	int found = held_areas(call, start, end, mprotect_cover, &cover);

	return found < 0 ? found : found == 0 && cover.next >= end;
}

/*
 * What became executable must still be so after we looked: a thread that put something else there may have used it, and
 * taken it away before the look, or between the looks at an area and at its pages. To put the judged mapping back it
 * would need a call that waits for this look.
 */
static int mprotect_look_whole(struct call *call, uint64_t start, uint64_t end, bool after)
{
	int covers = mprotect_covers(call, start, end, after);

	if (covers != 0)
		return covers < 0 ? covers : 0;
	if (after)
		log_mismatch(call, CAT_EXEC, NULL, "memory that was taken away");
	return after ? -EACCES : -ENOMEM;
}

static int mprotect_look(struct call *call, bool after)
{
	const uint64_t in_page = (uint64_t)getpagesize() - 1;
	const uint64_t start = call_arg(call, 0);
	const uint64_t length = (call_arg(call, 1) + in_page) & ~in_page;
	/* With exec/anonymous whatever is executed could be copied into memory of its own. */
	const bool whole =
		length > 0 && !(start & in_page) && call_shares_memory(call) && !access_anonymous_memory(call);
	struct mprotect_look look = { .call = call, .after = after };
	int error = held_areas(call, start, start + length, mprotect_visit, &look);

	/* An empty range, or one past the end, is the kernel's to refuse. */
	if (error < 0 || !whole || (after && call_result(call) == -EINVAL))
		return error;
	return mprotect_look_whole(call, start, start + length, after);
}

static struct verdict mprotect_enter(struct call *call)
{
	int error;

	if (call_arg(call, 0) >> MPROTECT_TAG_SHIFT)
		return verdict_fail(ENOMEM);
	if (!access_anonymous_memory(call) &&
		((call_arg(call, 2) & PROT_WRITE) || call_arg(call, 1) > MPROTECT_LENGTH_MAX))
		return verdict_fail(EACCES);
	error = mprotect_look(call, false);
	return error < 0 ? verdict_fail(error) : verdict_continue();
}

static struct verdict mprotect_found(int error)
{
	return error < 0 && error != -ESRCH ? verdict_kill() : verdict_continue();
}

/* Whatever the result: a call that fails at a hole has changed what lies before it. */
static struct verdict mprotect_leave(struct call *call)
{
	return mprotect_found(mprotect_look(call, true));
}

struct verdict mprotect_judge_memory(struct call *call)
{
	struct mprotect_look look = { .call = call, .after = true };

	return mprotect_found(held_executable_areas(call, mprotect_visit, &look));
}

const struct handler handler_mprotect = {
	.name = "mprotect",
	.flags = H_TRACE | H_EXIT | H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_EXEC),
	.enter = mprotect_enter,
	.leave = mprotect_leave,
};

/*
 * A page must not be moved away between the kernel's change and the look at it: where memory is shared, the
 * tracer lets one of these calls run at a time. Nothing else about a move is decided.
 */
static struct verdict mremap_enter(struct call *call)
{
	(void)call;
	return verdict_continue();
}

const struct handler handler_mremap = {
	.name = "mremap",
	.flags = H_TRACE,
	.categories = CAT_BIT(CAT_EXEC),
	.enter = mremap_enter,
};
