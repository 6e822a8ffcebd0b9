/*
 * Small helpers without state: container_of, array sizes, checked object magic.
 */
#ifndef KENNEL_CORE_UTIL_H
#define KENNEL_CORE_UTIL_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A small build has no room for the text of each condition. */
#ifdef KENNEL_SMALL
#undef assert
#define assert(condition) ((condition) ? (void)0 : abort())
#endif

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* What runs while nobody asks for anything: side by side in the program, so that few of its pages are needed then. */
#define HOT __attribute__((hot))

/* Every long-lived struct starts with its magic; callbacks check it on entry. */
#define MAGIC_CHECK(object, expected) assert((object) != NULL && (object)->magic == (expected))

static inline bool str_equal(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

static inline bool str_starts(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

/* Is this absolute name the folder with the name of that length (0: the root), or below it? */
static inline bool name_is_below(const char *name, const char *folder, size_t length)
{
	return strncmp(name, folder, length) == 0 && (name[length] == '/' || name[length] == '\0');
}

/* What the kernel puts behind the name of what was removed. Any name may end so. */
#define NAME_REMOVED " (deleted)"

/* The length of the name before that; 0: it does not end so. */
static inline size_t name_removed_length(const char *name)
{
	const size_t length = strlen(name), suffix = sizeof(NAME_REMOVED) - 1;

	return length > suffix && str_equal(name + length - suffix, NAME_REMOVED) ? length - suffix : 0;
}

/* How a line feed is written in a list of mappings: its only escape, not told from these characters. */
#define NAME_LINE_FEED "\\012"

/* Makes the first of them one. False: there is none. */
static inline bool name_line_feed(char *name)
{
	char *at = strstr(name, NAME_LINE_FEED);
	const char *behind = at ? at + sizeof(NAME_LINE_FEED) - 1 : NULL;

	if (!at)
		return false;
	*at = '\n';
	memmove(at + 1, behind, strlen(behind) + 1);
	return true;
}

/* The beginning of a text as a string, cut where the buffer ends. */
static inline void str_cut(char *buffer, size_t size, const char *text, size_t length)
{
	length = length < size ? length : size - 1;
	memcpy(buffer, text, length);
	buffer[length] = '\0';
}

/* The number of a call that is newer than 5.3: the same on all ABIs, after what mips and x32 add. */
#define SYS_OF_ALL(number) (SYS_pidfd_open - 434 + (number))

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The -errno of a call of ours that returned -1, or its result. */
#define errno_result(call) \
	({ \
		__typeof__(call) result_ = (call); \
		result_ < 0 ? (__typeof__(call))-errno : result_; \
	})

/* "/proc/self/fd/N" of our own process for descriptor fd, for calls that know only names. */
#define PATH_OF_FD_SIZE 32
static inline void path_of_fd(int fd, char buffer[PATH_OF_FD_SIZE])
{
	snprintf(buffer, PATH_OF_FD_SIZE, "/proc/self/fd/%d", fd);
}

#endif
