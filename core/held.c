/*
 * Links of /proc/TID opened by number, and the two ways in which the kernel names a file:
 * by the numbers of statx, and by those in a list of mappings.
 */
#include "core/held.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/call.h"
#include "core/cleanup.h"
#include "core/held_areas.h"
#include "core/identity_state.h"
#include "core/path.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

enum { HELD_LINK_SIZE = 48 };

/* /proc/PID/pagemap: in memory or swapped out; of a file, or shared. */
#define HELD_PAGE_THERE (UINT64_C(3) << 62)
#define HELD_PAGE_OF_FILE (UINT64_C(1) << 61)
#define HELD_PAGES_BYTES_MAX (UINT64_C(1) << 32) /* asking for more would keep others waiting */

/* What our own list of mappings says of one. */
struct held_seen {
	bool found;
	struct held_mapping file;
	char name[PATH_MAX];
};

/* -ENOENT: the thread lives and has no such thing; -ESRCH: the thread is gone. */
static int held_open(struct call *call, const char *entry, int flags)
{
	const int proc = call->sandbox->supervisor->proc_fd;
	char link[HELD_LINK_SIZE];
	AUTO_CLOSE int fd = -1;
	int error;

	snprintf(link, sizeof(link), "%d/%s", (int)call->tid, entry);
	fd = errno_result(openat(proc, link, flags | O_CLOEXEC));
	/* A target that changed its ids is not dumpable. */
	if (fd == -EACCES && identity_lift(call)) {
		fd = errno_result(openat(proc, link, flags | O_CLOEXEC));
		identity_lower(call);
	}
	error = call_revalidate(call);
	return error < 0 ? error : take_fd(&fd);
}

static int held_open_own(struct call *call, const char *entry, int flags)
{
	int fd = held_open(call, entry, flags);

	return fd == -ENOENT ? -ESRCH : fd;
}

int held_cwd(struct call *call)
{
	return held_open_own(call, "cwd", O_PATH);
}

int held_program(struct call *call)
{
	return held_open_own(call, "exe", O_PATH);
}

int held_fd(struct call *call, int target_fd)
{
	char entry[24];
	int fd;

	if (target_fd < 0)
		return -EBADF;
	snprintf(entry, sizeof(entry), "fd/%d", target_fd);
	fd = held_open(call, entry, O_PATH);
	return fd == -ENOENT ? -EBADF : fd;
}

/* name: "" for the descriptor itself, else an entry of the directory, links followed. */
static int held_look(int fd, const char *name, struct held_identity *identity_out)
{
	const unsigned wanted = STATX_TYPE | STATX_MODE | STATX_INO | STATX_MNT_ID;
	struct statx status;
	int error = errno_result(statx(fd, name, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, wanted, &status));

	if (error < 0)
		return error;
	if (!(status.stx_mask & STATX_MNT_ID)) /* 5.8 */
		return -EOPNOTSUPP;
	*identity_out = (struct held_identity){ .mount = status.stx_mnt_id,
		.inode = status.stx_ino,
		.major = status.stx_dev_major,
		.minor = status.stx_dev_minor,
		.mode = status.stx_mode };
	return 0;
}

int held_identify(int fd, struct held_identity *identity_out)
{
	return held_look(fd, "", identity_out);
}

static int held_link_is(struct call *call, const char *entry, const struct held_identity *identity)
{
	const int proc = call->sandbox->supervisor->proc_fd;
	char link[HELD_LINK_SIZE];
	struct held_identity found;
	int error;

	snprintf(link, sizeof(link), "%d/%s", (int)call->tid, entry);
	error = held_look(proc, link, &found);
	if (error == -EACCES && identity_lift(call)) {
		error = held_look(proc, link, &found);
		identity_lower(call);
	}
	if (error < 0)
		return error == -ENOENT ? -ESRCH : error;
	return found.mount == identity->mount && found.inode == identity->inode && found.major == identity->major &&
	       found.minor == identity->minor && ((found.mode ^ identity->mode) & S_IFMT) == 0;
}

int held_cwd_is(struct call *call, const struct held_identity *identity)
{
	return held_link_is(call, "cwd", identity);
}

int held_program_is(struct call *call, const struct held_identity *identity)
{
	return held_link_is(call, "exe", identity);
}

int held_areas(struct call *call, uint64_t start, uint64_t end, held_area_fn *visit, void *context)
{
	AUTO_CLOSE int maps = held_open_own(call, "maps", O_RDONLY);

	return maps < 0 ? maps : held_areas_in(maps, start, end, false, visit, context);
}

int held_executable_areas(struct call *call, held_area_fn *visit, void *context)
{
	AUTO_CLOSE int maps = held_open_own(call, "maps", O_RDONLY);

	return maps < 0 ? maps : held_areas_in(maps, 0, UINT64_MAX, true, visit, context);
}

int held_area_was_written(struct call *call, const struct held_area *area)
{
	const uint64_t page = (uint64_t)getpagesize();
	AUTO_CLOSE int map = held_open_own(call, "pagemap", O_RDONLY);
	uint64_t entries[256];

	if (area->end - area->start > HELD_PAGES_BYTES_MAX)
		return 1;
	for (uint64_t at = area->start; map >= 0 && at < area->end;) {
		uint64_t count = (area->end - at) / page;
		ssize_t got;

		if (count > ARRAY_SIZE(entries))
			count = ARRAY_SIZE(entries);
		got = pread(map, entries, count * sizeof(*entries), (off_t)(at / page * sizeof(*entries)));
		/* Nothing is there any more: the memory ended. */
		if (got <= 0)
			return got < 0 ? -errno : -ESRCH;
		for (size_t i = 0; i < (size_t)got / sizeof(*entries); i++)
			if (entries[i] & HELD_PAGE_THERE && !(entries[i] & HELD_PAGE_OF_FILE))
				return 1;
		at += (uint64_t)got / sizeof(*entries) * page;
	}
	return map < 0 ? map : 0;
}

static int held_see(void *context, const struct held_area *area)
{
	struct held_seen *seen = context;

	seen->found = true;
	seen->file = area->file;
	snprintf(seen->name, sizeof(seen->name), "%s", area->name);
	return 1;
}

static int held_see_own_page(const void *page, struct held_seen *seen)
{
	AUTO_CLOSE int maps = errno_result(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
	const uint64_t address = (uintptr_t)page;
	struct statfs system;
	int error;

	if (maps < 0)
		return maps;
	if (fstatfs(maps, &system) < 0 || system.f_type != PROC_SUPER_MAGIC)
		return -EIO;
	error = held_areas_in(maps, address, address + 1, false, held_see, seen);
	return error < 0 ? error : seen->found ? 0 : -EIO;
}

/* O_PATH: opened again, unless opening would do or wait for something. */
static int held_open_for_mapping(int fd)
{
	char name[PATH_OF_FD_SIZE];
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EACCES;
	path_of_fd(fd, name);
	return errno_result(open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

/* The page is never touched: a file that is cut, or empty, can do no harm. */
static int held_see_mapping(int fd, struct held_seen *seen)
{
	AUTO_CLOSE int opened = -1;
	void *page = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	int error;

	seen->found = false;
	seen->file = (struct held_mapping){ 0 };
	seen->name[0] = '\0';
	if (page == MAP_FAILED && errno == EBADF) {
		opened = held_open_for_mapping(fd);
		if (opened < 0)
			return opened;
		page = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, opened, 0);
	}
	if (page == MAP_FAILED)
		return -errno;
	error = held_see_own_page(page, seen);
	munmap(page, 1);
	return error;
}

static bool held_mapping_equal(const struct held_mapping *one, const struct held_mapping *other)
{
	return one->major == other->major && one->minor == other->minor && one->inode == other->inode;
}

int held_mapping_of(int fd, struct held_mapping *mapping_out)
{
	struct held_seen seen;
	int error = held_see_mapping(fd, &seen);

	if (error == 0)
		*mapping_out = seen.file;
	return error;
}

static bool held_area_has_numbers(const struct held_area *area, int fd)
{
	struct held_mapping plain;
	struct statx status;

	if (fd < 0 || !area->is_file || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &status) < 0)
		return false;
	plain = (struct held_mapping){ status.stx_dev_major, status.stx_dev_minor, status.stx_ino };
	return held_mapping_equal(&area->file, &plain);
}

/*
 * The numbers of mappings are not unique where they differ from those of statx: two subvolumes of
 * btrfs, two layers of overlayfs. Names of the same file, as we see it, are equal.
 */
static bool held_area_looks_alike(const struct held_area *area, int fd)
{
	struct held_seen seen;

	return fd >= 0 && area->is_file && held_see_mapping(fd, &seen) == 0 &&
	       held_mapping_equal(&area->file, &seen.file) &&
	       (!area->name || strncmp(area->name, seen.name, sizeof(seen.name) - 1) == 0);
}

bool held_area_is_one_of(const struct held_area *area, const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (held_area_has_numbers(area, fds[i]))
			return true;
	for (unsigned i = 0; i < count; i++)
		if (held_area_looks_alike(area, fds[i]))
			return true;
	return false;
}

bool held_area_is(const struct held_area *area, int fd)
{
	return held_area_is_one_of(area, &fd, 1);
}
