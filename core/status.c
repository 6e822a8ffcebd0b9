/*
 * Reads and parses /proc/TID/status and stat. Knows the text formats and nothing else. A line of
 * status cannot be forged: the kernel escapes newlines in the name of a thread.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/status.h"
#include "core/util.h"

#define STAT_TEXT_SIZE 512 /* fields of 20 digits, as far as anybody asks */

enum status_line {
	LINE_UMASK,
	LINE_TGID,
	LINE_UID,
	LINE_GID,
	LINE_FDSIZE,
	LINE_GROUPS,
	LINE_CAPPRM,
	LINE_CAPEFF,
	LINE_COUNT,
};

/* In the kernel's order, so that one pass finds them all. */
static const char *const status_keys[LINE_COUNT] = {
	[LINE_UMASK] = "Umask:",
	[LINE_TGID] = "Tgid:",
	[LINE_UID] = "Uid:",
	[LINE_GID] = "Gid:",
	[LINE_FDSIZE] = "FDSize:",
	[LINE_GROUPS] = "Groups:",
	[LINE_CAPPRM] = "CapPrm:",
	[LINE_CAPEFF] = "CapEff:",
};

/* The next number of the line, or false at its end. */
static bool status_number(const char **cursor, int base, uint64_t *value_out)
{
	const char *start = *cursor;
	char *end;

	while (*start == ' ' || *start == '\t')
		start++;
	if (*start == '\n' || *start == '\0')
		return false;
	*value_out = strtoull(start, &end, base);
	if (end == start)
		return false;
	*cursor = end;
	return true;
}

static int status_ids(const char *cursor, unsigned ids_out[STATUS_ID_COUNT])
{
	for (unsigned i = 0; i < STATUS_ID_COUNT; i++) {
		uint64_t value;

		if (!status_number(&cursor, 10, &value))
			return -EINVAL;
		ids_out[i] = (unsigned)value;
	}
	return 0;
}

static int status_groups(const char *cursor, struct status *status)
{
	uint64_t value;

	status->groups_count = 0;
	while (status_number(&cursor, 10, &value)) {
		if (status->groups_count == STATUS_GROUPS_MAX)
			return -E2BIG;
		status->groups[status->groups_count++] = (gid_t)value;
	}
	return 0;
}

static int status_line(enum status_line line, const char *cursor, struct status *status)
{
	uint64_t value = 0;

	if (line == LINE_UID)
		return status_ids(cursor, status->uid);
	if (line == LINE_GID)
		return status_ids(cursor, status->gid);
	if (line == LINE_GROUPS)
		return status_groups(cursor, status);
	if (!status_number(&cursor, line == LINE_UMASK ? 8 : line < LINE_CAPPRM ? 10 : 16, &value))
		return -EINVAL;
	if (line == LINE_UMASK)
		status->umask = (mode_t)value;
	else if (line == LINE_TGID)
		status->leader = (pid_t)value;
	else if (line == LINE_FDSIZE)
		status->fd_size = (unsigned)value;
	else if (line == LINE_CAPPRM)
		status->permitted = value;
	else
		status->effective = value;
	return 0;
}

int status_parse(const char *text, struct status *status_out)
{
	enum status_line wanted = LINE_UMASK;

	for (const char *line = text; line && wanted < LINE_COUNT;) {
		const char *key = status_keys[wanted];

		if (str_starts(line, key)) {
			int error = status_line(wanted, line + strlen(key), status_out);

			if (error < 0)
				return error;
			wanted++;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return wanted == LINE_COUNT ? 0 : -EINVAL;
}

/* The whole text, with a NUL. 0 or -errno (-ESRCH). */
static int status_load(int proc_fd, pid_t tid, const char *which, char *text, size_t size)
{
	char name[32];
	AUTO_CLOSE int fd = -1;
	ssize_t got;

	snprintf(name, sizeof(name), "%d/%s", (int)tid, which);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* One record: the kernel hands it over in one read when there is room. */
	got = errno_result(read(fd, text, size - 1));
	if (got < 0)
		return (int)got;
	text[got] = '\0';
	return 0;
}

int status_read(int proc_fd, pid_t tid, char *text, struct status *status_out)
{
	int error = status_load(proc_fd, tid, "status", text, STATUS_TEXT_SIZE);

	if (error < 0)
		return error;
	error = status_parse(text, status_out);
	/* A thread that is ending has lost some of the lines. */
	return error == -EINVAL ? -ESRCH : error;
}

/* Loads TID/stat: the index of the space before a field of it, or -errno (-ESRCH). */
static int status_seek(int proc_fd, pid_t tid, unsigned field, char text[STAT_TEXT_SIZE])
{
	int error = status_load(proc_fd, tid, "stat", text, STAT_TEXT_SIZE);
	const char *cursor;

	if (error < 0)
		return error;
	/* Field 2, the name of the thread, may hold anything, but nothing behind its last parenthesis. */
	cursor = strrchr(text, ')');
	for (unsigned at = 2; cursor && at < field; at++)
		cursor = strchr(cursor + 1, ' ');
	return cursor ? (int)(cursor - text) : -ESRCH;
}

int status_field(int proc_fd, pid_t tid, unsigned field, int *value_out)
{
	char text[STAT_TEXT_SIZE];
	char *end;
	int at = status_seek(proc_fd, tid, field, text);

	if (at < 0)
		return at;
	*value_out = (int)strtol(text + at, &end, 10);
	return end == text + at ? -ESRCH : 0;
}

int status_state(pid_t tid, char *state_out)
{
	AUTO_CLOSE int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[STAT_TEXT_SIZE];
	int at = proc_fd < 0 ? -errno : status_seek(proc_fd, tid, 3, text);

	if (at < 0)
		return at;
	*state_out = text[at + 1];
	return *state_out ? 0 : -ESRCH;
}

unsigned status_children(const char *list, pid_t *pids_out, unsigned max)
{
	AUTO_CLOSE int fd = open(list, O_RDONLY | O_CLOEXEC);
	char text[512];
	ssize_t got;
	pid_t pid = 0;
	unsigned count = 0;

	/* A space behind each. A read ends anywhere in the list, also within a number. */
	while (fd >= 0 && count < max && (got = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < got && count < max; i++) {
			if (text[i] == ' ')
				pids_out[count++] = pid;
			pid = text[i] == ' ' ? 0 : pid * 10 + (text[i] - '0');
		}
	}
	return count;
}
