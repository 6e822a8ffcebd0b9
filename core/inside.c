/*
 * Reads /proc: of one process by its number, of a group by looking at every process, because its leader may be gone.
 * Which of them are ours to signal is core/procfs.c's decision.
 */
#include "core/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/call.h"
#include "core/cleanup.h"
#include "core/procfs.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

int inside_process(struct call *call, pid_t pid)
{
	int member = procfs_member(call, pid);

	if (member < 0)
		return member == -ENOENT ? -ESRCH : member;
	return member ? 0 : -EPERM;
}

/* Field 5 of stat, behind a name that may hold anything. 0: it is gone. */
static pid_t inside_group_of(int proc, const char *number)
{
	char text[512];
	AUTO_CLOSE int fd = -1;
	const char *end;
	ssize_t got;
	int group;

	snprintf(text, sizeof(text), "%.20s/stat", number);
	fd = openat(proc, text, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %*d %d", &group) == 1 ? group : 0;
}

/* What one more process of /proc makes of it: -ESRCH until one is of the group, -EPERM from the first outside on. */
static int inside_with(struct call *call, pid_t group, const char *number, int result)
{
	int error;

	if (*number < '1' || *number > '9' || inside_group_of(call->sandbox->supervisor->proc_fd, number) != group)
		return result;
	error = inside_process(call, atoi(number));
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
