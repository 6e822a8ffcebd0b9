/*
 * The target's descriptors and its terminal, reached from outside. Descriptors belong
 * to the thread, not to the process: the thread is asked, or nobody is.
 */
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/brief.h"
#include "core/cage_call.h"
#include "core/call.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/identity_state.h"
#include "core/log.h"
#include "core/sandbox.h"
#include "core/slow.h"
#include "core/status.h"
#include "core/supervisor.h"
#include "core/tracee.h"
#include "core/util.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* 6.9 */
#endif

/* Majors of the slave sides of pseudo terminals. */
#define FDS_PTS_FIRST 136
#define FDS_PTS_LAST 143

static int fds_pidfd_open(const struct call *call, pid_t tid, unsigned flags)
{
	return errno_result((int)cage_call(call->sandbox->supervisor, SYS_pidfd_open, tid, flags, 0, 0));
}

static int fds_blind(struct call *call)
{
	struct sandbox *sandbox = call->sandbox;

	if (!sandbox->blind_logged) {
		sandbox->blind_logged = true;
		log_event(sandbox->supervisor->log, "descriptors",
			"the descriptors of thread %d cannot be reached: its calls are refused", (int)call_tid(call));
	}
	return -EACCES;
}

/* Without PIDFD_THREAD only a leader can be asked, so it must share its table with the thread. */
static int fds_pidfd_leader(struct call *call)
{
	pid_t tid = call_tid(call);
	pid_t leader = identity_leader(call);
	long same;

	if (leader < 0 || leader == tid)
		return leader < 0 ? leader : fds_pidfd_open(call, tid, 0);
	same = syscall(SYS_kcmp, tid, leader, KCMP_FILES, 0, 0);
	if (same < 0 && errno == EPERM && identity_lift(call)) {
		same = syscall(SYS_kcmp, tid, leader, KCMP_FILES, 0, 0);
		identity_lower(call);
	}
	return same == 0 ? fds_pidfd_open(call, leader, 0) : -EPERM;
}

/* A pidfd whose descriptors are the calling thread's. */
static int fds_pidfd(struct call *call)
{
	if (call->sandbox->supervisor->features.pidfd_thread)
		return fds_pidfd_open(call, call_tid(call), PIDFD_THREAD);
	return fds_pidfd_leader(call);
}

static int fds_duplicate(struct call *call, int pidfd, int target_fd)
{
	const struct supervisor *supervisor = call->sandbox->supervisor;
	int fd = errno_result((int)cage_call(supervisor, SYS_pidfd_getfd, pidfd, target_fd, 0, 0));

	if (fd == -EPERM && identity_lift(call)) {
		fd = errno_result((int)cage_call(supervisor, SYS_pidfd_getfd, pidfd, target_fd, 0, 0));
		identity_lower(call);
	}
	return fd;
}

/* 0, or why it is not to be touched here: there is none with that number, or it may hang. */
static int fds_check_number(struct call *call, int target_fd)
{
	char link[48];

	if (target_fd < 0)
		return -EBADF;
	if (!slow_matters(call))
		return 0;
	snprintf(link, sizeof(link), "%d/fd/%d", (int)call_tid(call), target_fd);
	return slow_link(call, link) ? -SLOW_ERROR : 0;
}

static int fds_get_by(struct call *call, int pidfd, int target_fd)
{
	int fd = pidfd < 0 ? pidfd : fds_duplicate(call, pidfd, target_fd);

	return fd == -EPERM ? fds_blind(call) : fd;
}

static bool fds_is_socket(int fd)
{
	socklen_t size = sizeof(int);
	int type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

void fds_put(struct call *call, int fd)
{
	if (fds_is_socket(fd))
		brief_close(call, fd);
	else
		close(fd);
}

static int fds_get_checked(struct call *call, int target_fd)
{
	AUTO_CLOSE int pidfd = -1;
	int error = fds_check_number(call, target_fd);
	int fd;

	if (error < 0)
		return error;
	pidfd = fds_pidfd(call);
	fd = fds_get_by(call, pidfd, target_fd);
	error = call_revalidate(call);
	if (error < 0 && fd >= 0)
		fds_put(call, fd);
	return error < 0 ? error : fd;
}

int fds_get_unchecked(struct call *call, int target_fd)
{
	int error;

	if (!call->sandbox->supervisor->features.pidfd_thread || !call->sandbox->tracees)
		return fds_get_checked(call, target_fd);
	error = fds_check_number(call, target_fd);
	return error < 0 ? error : fds_get_by(call, tracee_pidfd(call), target_fd);
}

/* It may be the last one when its step closes it. */
int fds_get(struct call *call, int target_fd)
{
	int fd = fds_get_checked(call, target_fd);

	if (fd >= 0 && fds_is_socket(fd))
		brief_hold(call);
	return fd;
}

/* Field 7 of stat: the controlling terminal as the kernel encodes devices, 0 for none. */
static int fds_tty_of(struct call *call, pid_t tid, dev_t *device_out)
{
	int encoded;
	int error = status_field(call->sandbox->supervisor->proc_fd, tid, 7, &encoded);

	if (error < 0)
		return error;
	*device_out = makedev(
		((unsigned)encoded >> 8) & 0xfff, ((unsigned)encoded & 0xff) | (((unsigned)encoded >> 12) & 0xfff00));
	return 0;
}

/* By its name, believed only if it is that device. */
static int fds_open_pts(dev_t device, int open_flags)
{
	unsigned type = major(device);
	AUTO_CLOSE int fd = -1;
	struct stat opened;
	char name[32];

	if (type < FDS_PTS_FIRST || type > FDS_PTS_LAST)
		return -ENXIO;
	snprintf(name, sizeof(name), "/dev/pts/%u", (type - FDS_PTS_FIRST) * 256 + minor(device));
	fd = open(name, open_flags);
	if (fd < 0)
		return errno == ENOENT ? -ENXIO : -errno;
	if (fstat(fd, &opened) < 0 || !S_ISCHR(opened.st_mode) || opened.st_rdev != device)
		return -ENXIO;
	return take_fd(&fd);
}

int fds_open_terminal(struct call *call, int open_flags)
{
	dev_t device = 0;
	dev_t own = 0;
	int error = fds_tty_of(call, call_tid(call), &device);

	if (!error)
		error = fds_tty_of(call, call->sandbox->supervisor->pid, &own);
	if (!error)
		error = call_revalidate(call);
	if (error < 0)
		return error;
	if (device == 0)
		return -ENXIO;
	open_flags |= O_NOCTTY | O_CLOEXEC;
	if (device == own)
		return errno_result(open("/dev/tty", open_flags));
	return fds_open_pts(device, open_flags);
}
