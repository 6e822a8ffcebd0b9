/*
 * What several families of handlers share: which arguments of a call say what, and how
 * a path or a descriptor among them becomes an object with a name.
 */
#ifndef KENNEL_HANDLERS_COMMON_H
#define KENNEL_HANDLERS_COMMON_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/util.h"
#include "handlers/handler.h"

struct path;

/* In a row: the call has no such argument. */
#define ARG_NONE (-1)

/*
 * The row of this call in a const table whose rows begin with the call's identity. A
 * call without a row means that table.c and the family disagree.
 */
#define COMMON_ROW(rows, call) \
	({ \
		enum sysno wanted_ = call_sysno(call); \
		size_t row_ = 0; \
		while (row_ < ARRAY_SIZE(rows) && (rows)[row_].sysno != wanted_) \
			row_++; \
		assert(row_ < ARRAY_SIZE(rows)); \
		&(rows)[row_]; \
	})

/* The argument as an int, or `otherwise` for ARG_NONE. */
int common_arg(const struct call *call, int index, int otherwise);

/* PATH_FOLLOW and PATH_EMPTY as AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH say. */
unsigned common_path_flags(unsigned at_flags);

/* path_lookup() and path_lookup_parent() of arguments; dirfd ARG_NONE: AT_FDCWD. */
int common_lookup(struct call *call, int dirfd, unsigned string, unsigned path_flags, struct path *path);
int common_lookup_parent(struct call *call, int dirfd, unsigned string, struct path *path);

/* A duplicate of the descriptor that is argument `index`, and its name. fd (ours to close) or -errno. */
int common_descriptor(struct call *call, unsigned index, struct path *path);

/*
 * What dirfd, a string and at_flags name, for calls to which an empty string with AT_EMPTY_PATH is the
 * descriptor itself, which then may not be O_PATH: *fd_out is its duplicate (ours to close, also after
 * an error), or -1: path->object is held. 0 or -errno.
 */
int common_object(
	struct call *call, unsigned dirfd, unsigned string, unsigned at_flags, struct path *path, int *fd_out);

/* True when this kernel has no call of that number: the target is to see ENOSYS. */
bool common_call_is_missing(long number);

/* Puts what mask+ shows in the place of the object: 1 when it does, 0, or -errno of the target. */
int common_mask(const struct call *call, struct path *path);

/* What base in parent is now, symlinks not followed: 0 with its mode, or -errno. */
int common_base_mode(const struct path *path, mode_t *mode_out);

/* ".", ".." and the root, which no call makes, removes or moves. */
bool common_base_is_fixed(const struct path *path);

/* Says that what a call is about to make, no directory, is new: 0, -EEXIST, or why nobody can tell. */
int common_check_new(const struct path *path);

/* What takes a name away asks whether it may write there before it looks for it: -EROFS in the place of the error. */
int common_read_only(const struct path *path, int error);

/*
 * May this name be made, or taken away? What is there, or not, is said first (EEXIST, ENOENT),
 * then the rules of the category decide.
 */
int common_check_make(struct call *call, const struct path *path, enum category category);
int common_check_remove(struct call *call, const struct path *path, enum category category);

#endif
