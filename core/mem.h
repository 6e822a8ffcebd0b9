/*
 * The target's memory, through process_vm_readv and process_vm_writev only (never
 * /proc/PID/mem: it ignores page protection). Typed readers and writers translate
 * the structures of the caller's ABI into native ones and back.
 */
#ifndef KENNEL_CORE_MEM_H
#define KENNEL_CORE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct call;
struct iovec;
struct open_how;
struct statfs;
struct statx;

/* All len bytes, or -EFAULT; -EACCES when the target cannot be read at all (logged once), -ESRCH. */
int mem_read(struct call *call, uint64_t address, void *buffer, size_t len);

/* False for the kernel's half of the address space, if it has one: it refuses that before it looks (access_ok). */
bool mem_may_be_users(uint64_t address, uint64_t len);

/* As many of len bytes as can be read; -EFAULT when there are none. */
ssize_t mem_read_some(struct call *call, uint64_t address, void *buffer, size_t len);

/*
 * Two places at once: all of the first, or -EFAULT; how many bytes of the second could be read. For what is read with
 * every call of a kind: a request to the kernel costs more than what it copies.
 */
ssize_t mem_read_both(struct call *call, const struct iovec *target, void *first, void *second);

/*
 * A string up to its NUL, never across the end of the readable page before it is needed.
 * The length without NUL, -EFAULT, or -ENAMETOOLONG when no NUL is within size bytes.
 */
ssize_t mem_read_string(struct call *call, uint64_t address, char *buffer, size_t size);

/*
 * All len bytes or -EFAULT; -ESRCH when the call is gone (nothing was written then). The last thing before the
 * answer, which the kernel takes for a living call only: what has further effects calls call_revalidate() again.
 */
int mem_write(struct call *call, uint64_t address, const void *buffer, size_t len);

/*
 * A structure that may grow, of which we know the first bytes: -EINVAL when it is shorter, -E2BIG
 * when bytes that we do not know are not zero (the kernel's copy_struct_from_user).
 */
int mem_read_struct(struct call *call, uint64_t address, size_t size, void *buffer, size_t known);

/* struct open_how of size bytes as openat2 takes it. */
int mem_read_open_how(struct call *call, uint64_t address, size_t size, struct open_how *how_out);

/* Values of `width` bytes, 4 or 8, such as call_long_bytes(); the upper halves of narrow ones are 0. */
int mem_read_longs(struct call *call, uint64_t address, unsigned width, unsigned count, uint64_t *values_out);

/* Two timespecs of utimensat in the caller's layout; time64 for utimensat_time64. */
int mem_read_timespecs(struct call *call, uint64_t address, struct timespec times_out[2]);

/* The layouts in which the stat and statfs calls of an ABI give their result. */
enum stat_layout { STAT_OLD, STAT_NEW, STAT_64, STAT_LAYOUT_COUNT };

/* -EFAULT, or -EOVERFLOW where a value does not fit the layout. */
int mem_write_stat(struct call *call, uint64_t address, enum stat_layout layout, const struct statx *from);
bool mem_statfs64_fits(const struct call *call, uint64_t size);
int mem_write_statfs(struct call *call, uint64_t address, enum stat_layout layout, const struct statfs *from);

#endif
