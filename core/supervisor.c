/*
 * Theory of operation, once. One process, one loop. Watchers: the listener of each sandbox
 * (core/notify.c), a pidfd for each thread that called (core/tracee.c), the signalfds
 * (core/job_control.c, and core/trace.c for ptrace stops), the launcher's channel
 * (core/launch.c), and what waiting calls hold (core/wait.c, core/ready.c). A call goes notify -> dispatch ->
 * handler -> verdict -> notify; nothing on that way blocks or allocates. Callbacks only mark
 * what dies; the loop frees it at the end of its turn. doc/ARCHITECTURE.md has the pictures.
 */
#include "core/bound.h"
#include "core/brief.h"
#include "core/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/identity_state.h"
#include "core/job_control.h"
#include "core/launch.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/mounts.h"
#include "core/path_long.h"
#include "core/ready.h"
#include "core/remote.h"
#include "core/sandbox.h"
#include "core/trace.h"
#include "core/util.h"
#include "core/wait.h"

/* A descriptor that must be of procfs, so that nothing mounted over it can deceive us later. */
static int supervisor_open_proc(const char *name)
{
	struct statfs filesystem;
	int fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &filesystem) < 0 || filesystem.f_type != PROC_SUPER_MAGIC) {
		close(fd);
		return -ENODEV;
	}
	return fd;
}

static int supervisor_open_descriptors(struct supervisor *supervisor)
{
	supervisor->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (supervisor->root_fd < 0)
		return -errno;
	supervisor->proc_fd = supervisor_open_proc("/proc");
	if (supervisor->proc_fd < 0)
		return supervisor->proc_fd;
	supervisor->self_fd_dir = supervisor_open_proc("/proc/self/fd");
	return supervisor->self_fd_dir < 0 ? supervisor->self_fd_dir : 0;
}

/* A sandbox of many threads needs a descriptor for each. */
static void supervisor_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int supervisor_init(struct supervisor *supervisor, const struct kfeat *features, int log_fd)
{
	int error;

	*supervisor = (struct supervisor){ .magic = SUPERVISOR_MAGIC,
		.features = *features,
		.root_fd = -1,
		.proc_fd = -1,
		.self_fd_dir = -1,
		.pid = getpid() };
	supervisor->log = log_new(log_fd < 0 ? STDERR_FILENO : log_fd);
	supervisor->loop = loop_new();
	supervisor->identity = identity_new();
	supervisor->ready = supervisor->loop ? ready_new(supervisor->loop) : NULL;
	if (!supervisor->log || !supervisor->ready || !supervisor->identity)
		return -ENOMEM;
	error = supervisor_open_descriptors(supervisor);
	if (error)
		return error;
	supervisor->privileged = identity_privileged(supervisor->identity);
	supervisor_raise_limit();
	supervisor->job_control = job_control_new(supervisor);
	return supervisor->job_control ? brief_init(supervisor) : -ENOMEM;
}

int supervisor_reopen(struct supervisor *supervisor, struct sandbox *sandbox, int log_fd, int remote_fd)
{
	supervisor->launcher_pid = getppid();
	supervisor->remote_fd = remote_fd;
	supervisor->loop = NULL;
	supervisor->sandboxes = sandbox;
	supervisor->log = log_new(log_fd);
	supervisor->mounts = mounts_new();
	return supervisor->log && supervisor->mounts ? supervisor_open_descriptors(supervisor) : -ENOMEM;
}

static void supervisor_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void supervisor_free(struct supervisor *supervisor)
{
	MAGIC_CHECK(supervisor, SUPERVISOR_MAGIC);
	while (supervisor->sandboxes)
		sandbox_free(supervisor->sandboxes);
	launch_detach(supervisor);
	trace_free(supervisor->tracer);
	job_control_free(supervisor->job_control);
	brief_free(supervisor);
	mounts_free(supervisor->mounts);
	long_names_free(supervisor->long_names);
	bound_free(supervisor->bound_names);
	ready_free(supervisor->ready);
	loop_free(supervisor->loop);
	identity_free(supervisor->identity);
	log_flush(supervisor->log);
	log_free(supervisor->log);
	supervisor_close(supervisor->root_fd);
	supervisor_close(supervisor->proc_fd);
	supervisor_close(supervisor->self_fd_dir);
	supervisor->magic = 0;
}

bool supervisor_owns_pid(const struct supervisor *supervisor, pid_t pid)
{
	if (pid == supervisor->pid || pid == supervisor->launcher_pid)
		return true;
	if (supervisor->remote_fd)
		return remote_owns_pid(supervisor, pid);
	for (const struct sandbox *sandbox = supervisor->sandboxes; sandbox; sandbox = sandbox->next)
		if (wait_owns_pid(sandbox, pid))
			return true;
	return false;
}
