/*
 * The flags of the open family: the kernel's rules (build_open_how, build_open_flags,
 * may_open) as pure functions. Written for the values of this architecture, which its
 * 32-bit ABIs share.
 */
#include <errno.h>
#include <linux/openat2.h>

#include "core/category.h"
#include "handlers/open_flags.h"

/* What the C library calls O_LARGEFILE is 0 on 64-bit architectures; the kernel's bit is not. */
#if defined(__arm__) || defined(__aarch64__)
#define OPEN_LARGEFILE 0400000
#elif defined(__powerpc__)
#define OPEN_LARGEFILE 0200000
#elif defined(__mips__)
#define OPEN_LARGEFILE 0x2000
#else
#define OPEN_LARGEFILE 0100000
#endif

#define OPEN_VALID \
	((uint64_t)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | \
		    O_ASYNC | O_DIRECT | OPEN_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | \
		    OPEN_TMPFILE))

#define OPEN_VALID_PATH ((uint64_t)(O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC))

#define OPEN_VALID_RESOLVE \
	((uint64_t)(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | \
		    RESOLVE_IN_ROOT | RESOLVE_CACHED))

#define OPEN_MODE_BITS UINT64_C(07777)

static bool open_flags_makes(uint64_t flags)
{
	return flags & (O_CREAT | OPEN_TMPFILE);
}

void open_flags_forgive(struct open_request *request)
{
	request->flags &= OPEN_VALID;
	if (request->flags & O_PATH)
		request->flags &= OPEN_VALID_PATH;
	request->mode &= OPEN_MODE_BITS;
	if (!open_flags_makes(request->flags))
		request->mode = 0;
	request->large = request->large || request->flags & OPEN_LARGEFILE;
}

bool open_flags_read(uint64_t flags)
{
	return (flags & O_ACCMODE) != O_WRONLY;
}

bool open_flags_write(uint64_t flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

/* -EINVAL for O_CREAT | O_DIRECTORY is 6.4's; older kernels made a file and then failed. */
static bool open_flags_contradict(uint64_t flags)
{
	if ((flags & O_CREAT) && (flags & O_DIRECTORY))
		return true;
	if ((flags & OPEN_TMPFILE) && (!(flags & O_DIRECTORY) || !open_flags_write(flags)))
		return true;
	return (flags & O_PATH) && (flags & ~OPEN_VALID_PATH);
}

int open_flags_check(const struct open_request *request)
{
	uint64_t both = RESOLVE_BENEATH | RESOLVE_IN_ROOT;

	if (request->flags & ~OPEN_VALID || request->resolve & ~OPEN_VALID_RESOLVE)
		return -EINVAL;
	if ((request->resolve & both) == both)
		return -EINVAL;
	if (request->mode & (open_flags_makes(request->flags) ? ~OPEN_MODE_BITS : ~UINT64_C(0)))
		return -EINVAL;
	if (open_flags_contradict(request->flags))
		return -EINVAL;
	/* The kernel may always say that nothing is cached: the caller then asks without the flag. */
	return request->resolve & RESOLVE_CACHED ? -EAGAIN : 0;
}

void open_flags_without_path(struct open_request *request)
{
	if (!(request->flags & O_PATH))
		return;
	request->flags &= ~(uint64_t)O_PATH;
	request->path_only = true;
	request->large = true;
}

/* Reading and writing; O_TRUNC needs the right to write even when only reading is asked for. */
static uint64_t open_flags_access(uint64_t flags)
{
	uint64_t bits = 0;

	if (open_flags_read(flags))
		bits |= CAT_BIT(CAT_READ);
	if (open_flags_write(flags) || flags & O_TRUNC)
		bits |= CAT_BIT(CAT_WRITE);
	return bits;
}

uint64_t open_flags_categories(uint64_t flags)
{
	uint64_t bits;

	if (flags & O_PATH)
		return CAT_BIT(CAT_STAT);
	if (flags & OPEN_TMPFILE)
		return CAT_BIT(CAT_MKTEMP) | CAT_BIT(CAT_WRITE);
	if (flags & O_DIRECTORY)
		return CAT_BIT(CAT_READDIR);
	bits = open_flags_access(flags);
	if (flags & O_TRUNC)
		bits |= CAT_BIT(CAT_TRUNCATE);
	if (flags & O_CREAT)
		bits |= CAT_BIT(CAT_CREATE);
	return bits;
}

uint64_t open_flags_object(uint64_t flags, mode_t type)
{
	if ((flags & O_PATH) || (flags & OPEN_TMPFILE))
		return open_flags_categories(flags);
	if (S_ISDIR(type))
		return CAT_BIT(CAT_READDIR);
	/* Only a regular file loses anything by O_TRUNC. */
	return open_flags_access(flags) | (flags & O_TRUNC && S_ISREG(type) ? CAT_BIT(CAT_TRUNCATE) : 0);
}

int open_flags_refused(uint64_t flags, mode_t type)
{
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if ((flags & O_CREAT) && S_ISDIR(type))
		return -EISDIR;
	if ((flags & O_DIRECTORY) && !S_ISDIR(type))
		return -ENOTDIR;
	if ((flags & O_PATH) || (flags & OPEN_TMPFILE))
		return 0;
	if (S_ISLNK(type))
		return -ELOOP;
	if (S_ISDIR(type) && (open_flags_write(flags) || flags & O_TRUNC))
		return -EISDIR;
	return 0;
}

uint64_t open_flags_ours(uint64_t flags)
{
	if (flags & O_PATH)
		return flags | O_CLOEXEC;
	if (open_flags_added_nonblock(flags))
		flags |= O_NONBLOCK;
	return flags | O_CLOEXEC | O_NOCTTY;
}

uint64_t open_flags_reopen(uint64_t flags)
{
	return open_flags_ours(flags & ~(uint64_t)(O_CREAT | O_EXCL | O_NOFOLLOW));
}

bool open_flags_added_nonblock(uint64_t flags)
{
	/* Neither a directory nor a file that is new for certain can block. */
	if (flags & (O_PATH | O_DIRECTORY | O_NONBLOCK))
		return false;
	return (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
}
