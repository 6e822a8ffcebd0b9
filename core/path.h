/*
 * From (tracee, dirfd, string) to an object and the canonical name on which rules decide. How: doc/ARCHITECTURE.md
 * (fast lexical road, slow held road). Decides the walk category, nothing else.
 */
#ifndef KENNEL_CORE_PATH_H
#define KENNEL_CORE_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct call;
struct open_how;

enum path_flags {
	PATH_FOLLOW = 1 << 0,      /* a symlink in the last place is followed */
	PATH_EMPTY = 1 << 1,       /* AT_EMPTY_PATH: an empty string means dirfd itself */
	PATH_NULL_EMPTY = 1 << 2,  /* a NULL pointer means dirfd itself (statx, newfstatat from 6.11) */
	PATH_NO_SYMLINKS = 1 << 3, /* this and the next: openat2's RESOLVE_ flags */
	PATH_NO_MAGICLINKS = 1 << 4,
	PATH_NO_XDEV = 1 << 5,
	PATH_BENEATH = 1 << 6,
	PATH_IN_ROOT = 1 << 7,
};

#define PATH_LINK_TEXT_SIZE 32 /* "TGID/task/TID" */

/* The kernel takes and tells names below PATH_MAX; a relative string may add as much to its directory's. */
#define PATH_NAME_SIZE (2 * PATH_MAX)

/* A resolved path. Begin with path_init(); path_release() it also after an error, or use PATH_LOCAL. */
struct path {
	int object;   /* O_PATH descriptor of what the name names; -1: missing or not opened */
	int parent;   /* O_PATH descriptor of the directory of the last component, or -1 */
	bool lexical; /* the fast road may be used: name came from the string alone */
	bool is_fd;   /* it was a descriptor of the target, not a name (AT_EMPTY_PATH) */
	bool unnamed; /* pipe, socket, anonymous inode: no rule names it */
	bool trailing_slash;
	bool held_sure;     /* held was at its name when we looked */
	int held;           /* O_PATH descriptor of the directory that a relative string begins at, or -1 */
	size_t held_length; /* of its name, with which `name` begins before the lookup; 0: it has none */
	char link_text[PATH_LINK_TEXT_SIZE]; /* what /proc/self or thread-self says to the target */
	char base[NAME_MAX + 2];             /* last component for *at() calls on parent, trailing slash kept */
	char name[PATH_NAME_SIZE];           /* canonical absolute name; rules decide on it */
	/* what the lookup was asked, kept for the slow road */
	int dirfd;
	unsigned flags;
	char string[PATH_MAX]; /* our copy of the target's string: the only one ever used */
};

/* Without clearing 12 KB of text: it is made for every call. */
void path_init(struct path *path);
void path_release(struct path *path);

/* Declares one that is released at the end of its block. */
#define PATH_LOCAL(variable) \
	struct path variable __attribute__((cleanup(path_release))); \
	path_init(&(variable))

/*
 * Reads the string (once) and says in path->lexical whether path->name is already
 * canonical if no symlink is crossed. Walk is decided on its prefixes. 0 or -errno for the target:
 * EFAULT, ENAMETOOLONG, ENOENT (empty, or refused by walk), EBADF, ENOTDIR.
 */
int path_begin(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path);
/* Same, for a string that is already ours (a socket address). */
int path_begin_string(struct call *call, int dirfd, const char *string, unsigned flags, struct path *path);

/* After path_begin: fills object (O_PATH) and the final name, by either road. */
int path_find(struct call *call, struct path *path);
/*
 * After path_begin, for names about to be made, removed or moved: fills parent, base and name; the last component
 * is not opened and may be missing. A last "." or ".." is left in base: the kernel has its own errno for it.
 */
int path_find_parent(struct call *call, struct path *path);

/*
 * After path_begin, for open with O_CREAT: as path_find, but where the last component is missing object is -1 and
 * parent, base, name say where it is to be made (with PATH_FOLLOW dangling symlinks are followed, too).
 */
int path_find_or_parent(struct call *call, struct path *path);

/*
 * path->lexical only: one openat2() by the absolute name without any link. A descriptor or -errno; -ELOOP, and for
 * relative strings any error, mean: take the slow road (path_find and the like do so by themselves).
 */
int path_open_lexical(struct call *call, const struct path *path, const struct open_how *how);

/* True when the result of path_open_lexical() says nothing about the path itself. */
bool path_lexical_failed(const struct path *path, int error);

/* fd was made at path->name, on the slow road: one too long for the kernel to tell is remembered. */
void path_made(struct call *call, const struct path *path, int fd);

/* What the policy names is held, if no symlink is crossed. O_PATH descriptor or -errno. */
int path_open_shown(const struct call *call, const char *name);

/* Opens the held object again (never by its name). fd or -errno. */
int path_reopen(struct call *call, const struct path *path, uint64_t open_flags);

/* The text of the symlink that was found, as the target is told it: the length, or -errno. */
int path_read_link(struct call *call, const struct path *path, char *buffer, size_t size);

/* One-step forms: path_begin, then path_find or path_find_parent. */
int path_lookup(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path);
int path_lookup_parent(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path);

/*
 * The name of a descriptor that we hold (a duplicate of the target's), for calls on
 * descriptors: fills path->name and path->unnamed, is_fd = true; object stays -1.
 */
int path_of_descriptor(struct call *call, int fd, struct path *path);

#endif
