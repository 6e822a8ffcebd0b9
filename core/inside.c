/*
 * Reads /proc: of one process by its number, of a group by looking at every process, because its leader may be gone.
 * Which of them are ours to signal is core/procfs.c's decision.
 */
#include "core/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/call.h"
#include "core/cleanup.h"
#include "core/procfs.h"
#include "core/sandbox.h"
#include "core/status.h"
#include "core/supervisor.h"
#include "core/util.h"

int inside_process(struct call *call, pid_t pid)
{
	int member = procfs_member(call, pid);

	if (member < 0)
		return member == -ENOENT ? -ESRCH : member;
	return member ? 0 : -EPERM;
}

/* Field 5 of stat. 0: it is gone. */
static pid_t inside_group_of(int proc, pid_t pid)
{
	int group;

	return status_field(proc, pid, 5, &group) < 0 ? 0 : group;
}

/* What one more process of /proc makes of it: -ESRCH until one is of the group, -EPERM from the first outside on. */
static int inside_with(struct call *call, pid_t group, const char *number, int result)
{
	pid_t pid = *number >= '1' && *number <= '9' ? atoi(number) : 0;
	int error;

	if (!pid || inside_group_of(call->sandbox->supervisor->proc_fd, pid) != group)
		return result;
	error = inside_process(call, pid);
	return error == -ESRCH ? result : error;
}

int inside_group(struct call *call, pid_t group)
{
	int held = openat(call->sandbox->supervisor->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = held < 0 ? NULL : fdopendir(held);
	struct dirent *entry;
	int result = -ESRCH;

	if (!directory) {
		if (held >= 0)
			close(held);
		return -EPERM;
	}
	while ((result == -ESRCH || result == 0) && (entry = readdir(directory)))
		result = inside_with(call, group, entry->d_name, result);
	closedir(directory);
	return result;
}
