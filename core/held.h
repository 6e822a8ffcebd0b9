/*
 * Objects that we hold by descriptor, compared with what a process really has: its
 * working directory, the program that the kernel loaded, the files that it mapped. For
 * the calls that nobody can make for another process and that are checked afterwards.
 */
#ifndef KENNEL_CORE_HELD_H
#define KENNEL_CORE_HELD_H

#include <stdbool.h>
#include <stdint.h>

struct call;

/*
 * O_PATH descriptors of /proc/TID/cwd, /proc/TID/exe and /proc/TID/fd/N of the thread that makes the
 * call (ours to close), or -errno: -ESRCH when it is gone, held_fd: -EBADF when it has no such descriptor.
 * Reached with our own rights where the identity assumed may not.
 */
int held_cwd(struct call *call);
int held_program(struct call *call);
int held_fd(struct call *call, int target_fd);

/* What makes two descriptors one object: the same inode on the same mount. Good as long as one of them is open. */
struct held_identity {
	uint64_t mount;
	uint64_t inode;
	uint32_t major;
	uint32_t minor;
	uint32_t mode; /* type and permissions; only the type is compared */
};

/* 0 or -errno. */
int held_identify(int fd, struct held_identity *identity_out);

/* What /proc/TID/cwd and /proc/TID/exe lead to: 1 when it is that object, 0 when not, or -errno. */
int held_cwd_is(struct call *call, const struct held_identity *identity);
int held_program_is(struct call *call, const struct held_identity *identity);

/* A file as /proc/PID/maps names it: on overlayfs and btrfs not the numbers of stat (pitfall: like with like). */
struct held_mapping {
	unsigned major;
	unsigned minor;
	uint64_t inode;
};

/*
 * How a mapping of this file shows: a page of it is mapped here and our own maps are asked. fd: open for
 * reading, or O_PATH of a regular file, which is opened again for it. 0 or -errno.
 */
int held_mapping_of(int fd, struct held_mapping *mapping_out);

/* One line of /proc/PID/maps (without [vsyscall], where the kernel leaves it out). */
struct held_area {
	uint64_t start;
	uint64_t end;
	bool readable, writable, executable, shared;
	bool is_file; /* has a device and an inode */
	struct held_mapping file;
	const char *name; /* for the log: as the kernel writes it, newlines maybe as \012; valid during the visit */
};

/*
 * Visits the areas of the caller's memory that overlap [start, end), in order, until visit returns not 0;
 * that, or 0, or -errno (-ESRCH, -EACCES) is returned. Bounded memory; areas of any number.
 */
typedef int held_area_fn(void *context, const struct held_area *area);
int held_areas(struct call *call, uint64_t start, uint64_t end, held_area_fn *visit, void *context);

/*
 * Does any page of this private area no longer belong to its file, because it was written to? 1 (also where the area is
 * too large to be asked about), 0 or -errno (CONFIG_PROC_PAGE_MONITOR). To be asked during the visit.
 */
int held_area_was_written(struct call *call, const struct held_area *area);

/* The same for the executable areas of all the memory: cheap where the kernel can pick them (6.11). */
int held_executable_areas(struct call *call, held_area_fn *visit, void *context);

/*
 * True when the area is a mapping of this file; to be asked during the visit. At once where the numbers are those of
 * statx, else through held_mapping_of(). An error is a no.
 */
bool held_area_is(const struct held_area *area, int fd);

/*
 * Does the name of a file's area lead to it, as far as can be told? What was removed, and what nobody may look at, is
 * believed unless a mount has gone: names below it are told without its own. To be asked during the visit.
 */
bool held_area_is_where_named(struct call *call, const struct held_area *area);

/* The same for any of these files; negative ones are none. */
bool held_area_is_one_of(const struct held_area *area, const int *fds, unsigned count);

#endif
