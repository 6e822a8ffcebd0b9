/*
 * Shared by the diff_* guests, next to diff_tree.h: one line of output for each call,
 * "index call(args) = result errno", with nothing in it that changes from run to run.
 * The differential runner compares the lines of two runs.
 */
#ifndef KENNEL_TESTS_DIFF_H
#define KENNEL_TESTS_DIFF_H

#include "guest.h"

#include <stdarg.h>

#define DIFF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct diff {
	bool with_path; /* O_PATH too: such a descriptor is the kernel's only where walk and stat are off */
	int index;
	int error; /* of the last call */
	long result;
};

/* The argument "no-path" leaves O_PATH out. */
static inline struct diff diff_start(int argc, char **argv)
{
	return (struct diff){ .with_path = argc < 2 || strcmp(argv[1], "no-path") != 0 };
}

/* What F_GETFL shows, without what doc/BOUNDARY.md says of it. */
static inline unsigned diff_flags(int fd)
{
	unsigned flags = (unsigned)fcntl(fd, F_GETFL) & ~(unsigned)O_NOFOLLOW;

#ifdef __i386__
	flags &= ~(unsigned)O_LARGEFILE;
#endif
	return flags;
}

__attribute__((format(printf, 2, 3))) static inline void diff_show(struct diff *diff, const char *format, ...)
{
	const char *name = diff->result == -1 ? strerrorname_np(diff->error) : NULL;
	char text[9000];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	printf("%04d %s = %ld %s", diff->index++, text, diff->result, diff->result == -1 ? (name ? name : "?") : "");
}

/* A lookup that a mount or a rename elsewhere disturbs begins again, and counts its forty links from where it was. */
#define DIFF_LOOKUPS 4

/* Makes the call and begins its line; the end of the line, or more output, follows. */
#define DIFF_BEGIN(diff, call, ...) \
	do { \
		for (int lookup = 0; lookup < DIFF_LOOKUPS; lookup++) { \
			errno = 0; \
			(diff)->result = (long)(call); \
			(diff)->error = errno; \
			if ((diff)->result != -1 || (diff)->error != ELOOP) \
				break; \
		} \
		diff_show(diff, __VA_ARGS__); \
	} while (0)

#define DIFF(diff, call, ...) \
	do { \
		DIFF_BEGIN(diff, call, __VA_ARGS__); \
		putchar('\n'); \
	} while (0)

static inline void diff_show_status(const struct stat *status)
{
	bool sized = S_ISREG(status->st_mode) || S_ISLNK(status->st_mode);

	printf(" mode %o links %u uid %u gid %u size %lld", (unsigned)status->st_mode,
		S_ISDIR(status->st_mode) ? 0 : (unsigned)status->st_nlink, status->st_uid, status->st_gid,
		sized ? (long long)status->st_size : 0);
}

#endif
