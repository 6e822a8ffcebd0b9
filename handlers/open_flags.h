/*
 * What the open family was asked for, and the kernel's own rules for flags that make no
 * sense. Pure: no call, no descriptors.
 */
#ifndef KENNEL_HANDLERS_OPEN_FLAGS_H
#define KENNEL_HANDLERS_OPEN_FLAGS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* The bit alone; O_TMPFILE holds O_DIRECTORY too. */
#define OPEN_TMPFILE (O_TMPFILE & ~O_DIRECTORY)

struct open_request {
	int dirfd;
	uint64_t address; /* of the path */
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve; /* RESOLVE_* of openat2 */
	bool large;       /* files of more than 2^31 - 1 bytes may be opened */
	bool path_only;   /* O_PATH was asked for and became reading */
};

/* As open, openat and creat are forgiving: what they ignore is dropped. */
void open_flags_forgive(struct open_request *request);

/* As openat2 is strict, and what is left to check after open_flags_forgive(). 0, -EINVAL, -EAGAIN. */
int open_flags_check(const struct open_request *request);

/*
 * A descriptor of O_PATH cannot be given to another process: the closest that can be is one
 * for reading. The same flags otherwise; what is no file or directory is then refused.
 */
void open_flags_without_path(struct open_request *request);

/* Opening with these flags reads, or changes, what is there. */
bool open_flags_read(uint64_t flags);
bool open_flags_write(uint64_t flags);

/* CAT_BIT()s of what may be asked about a name before its object is known. */
uint64_t open_flags_categories(uint64_t flags);

/* What an object of this type is asked about; 0 where the kernel refuses anyway. */
uint64_t open_flags_object(uint64_t flags, mode_t type);

/* The errno that the kernel gives for an object of this type before it looks at rights. 0 or -errno. */
int open_flags_refused(uint64_t flags, mode_t type);

/* Flags for our own open by name: never blocking, never our terminal, closed on exec. */
uint64_t open_flags_ours(uint64_t flags);

/* The same for an object that exists and is held. */
uint64_t open_flags_reopen(uint64_t flags);

/* True when O_NONBLOCK is there by our doing and has to go again. */
bool open_flags_added_nonblock(uint64_t flags);

#endif
