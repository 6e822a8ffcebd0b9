/*
 * Calls in their oldest form, and what is expected of a call that a machine may not have. Part of guest.h.
 */
#ifndef KENNEL_TESTS_GUESTS_OLD_CALLS_H
#define KENNEL_TESTS_GUESTS_OLD_CALLS_H

#include "calls.h"

/* A call by its number, which must fail with exactly this errno where the machine has it. */
#define CHECK_CALL(error, number, ...) CHECK_ERR(CALL_HAS(number) ? (error) : ENOSYS, syscall(number, __VA_ARGS__))

/* The oldest call for it that the machine has. */
static inline long guest_open(const char *path, long flags, mode_t mode)
{
	return CALL_HAS(SYS_open) ? syscall(SYS_open, path, flags, mode)
				  : syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static inline long guest_creat(const char *path, mode_t mode)
{
	return CALL_HAS(SYS_creat) ? syscall(SYS_creat, path, mode)
				   : syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

static inline long guest_access(const char *path, int mode)
{
	return CALL_HAS(SYS_access) ? syscall(SYS_access, path, mode) : syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

static inline long guest_readlink(const char *path, void *buffer, long size)
{
	return CALL_HAS(SYS_readlink) ? syscall(SYS_readlink, path, buffer, size)
				      : syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size);
}

static inline long guest_mknod(const char *path, mode_t mode, dev_t device)
{
	return CALL_HAS(SYS_mknod) ? syscall(SYS_mknod, path, mode, (unsigned)device)
				   : syscall(SYS_mknodat, AT_FDCWD, path, mode, (unsigned)device);
}

#endif
