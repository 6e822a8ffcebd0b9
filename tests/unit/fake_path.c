/*
 * The seams of path resolution, faked: memory, access, revalidation, ownership of pids.
 */
#include "tests/unit/fake_path.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/access.h"
#include "core/mem.h"
#include "core/mounts.h"
#include "core/path_long.h"
#include "core/util.h"

void fake_path_open(struct fake_path *fake, pid_t tid)
{
	memset(fake, 0, sizeof(*fake));
	fake->supervisor.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fake->supervisor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fake->supervisor.self_fd_dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fake->supervisor.mounts = mounts_new();
	fake->supervisor.long_names = long_names_new();
	fake->supervisor.features.null_path = true;
	fake->supervisor.pid = getpid();
	fake->supervisor.launcher_pid = getpid();
	fake->supervisor.sandboxes = &fake->sandbox;
	fake->sandbox.magic = SANDBOX_MAGIC;
	fake->sandbox.supervisor = &fake->supervisor;
	fake->sandbox.first_pid = tid;
	fake->call.magic = CALL_MAGIC;
	fake->call.sandbox = &fake->sandbox;
	fake->call.tid = tid;
}

void fake_path_close(struct fake_path *fake)
{
	mounts_free(fake->supervisor.mounts);
	long_names_free(fake->supervisor.long_names);
	close(fake->supervisor.root_fd);
	close(fake->supervisor.proc_fd);
	close(fake->supervisor.self_fd_dir);
}

static bool fake_denies(const struct fake_path *fake, const char *name)
{
	for (size_t i = 0; i < FAKE_DENIED_MAX && fake->denied[i] != NULL; i++) {
		if (str_equal(name, fake->denied[i]))
			return true;
	}
	return false;
}

int access_check(struct call *call, enum category category, const char *name)
{
	struct fake_path *fake = container_of(call, struct fake_path, call);

	(void)category;
	snprintf(fake->asked + strlen(fake->asked), sizeof(fake->asked) - strlen(fake->asked), "%s\n", name);
	return fake_denies(fake, name) ? -ENOENT : 0;
}

bool access_allows(const struct call *call, enum category category, const char *name)
{
	(void)category;
	return !fake_denies(container_of(call, struct fake_path, call), name);
}

bool access_guards_symlinks(const struct call *call)
{
	return container_of(call, struct fake_path, call)->guards_links;
}

int access_refuse_link(struct call *call, bool hard)
{
	container_of(call, struct fake_path, call)->links_refused++;
	return hard ? -EPERM : -EACCES;
}

bool access_active(const struct call *call, enum category category)
{
	return category == CAT_WALK && container_of(call, struct fake_path, call)->walk_active;
}

int call_revalidate(struct call *call)
{
	return container_of(call, struct fake_path, call)->revalidated;
}

bool supervisor_owns_pid(const struct supervisor *supervisor, pid_t pid)
{
	return container_of(supervisor, struct fake_path, supervisor)->owned == pid;
}

/* The target's memory is ours; the null page is not readable. */
ssize_t mem_read_string(struct call *call, uint64_t address, char *buffer, size_t size)
{
	const char *string = (const char *)(uintptr_t)address;
	size_t length;

	(void)call;
	if (address < 4096)
		return -EFAULT;
	length = strnlen(string, size);
	if (length == size)
		return -ENAMETOOLONG;
	memcpy(buffer, string, length + 1);
	return (ssize_t)length;
}
