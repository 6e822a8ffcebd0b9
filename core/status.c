/*
 * Reads and parses /proc/TID/status. Knows the text format and nothing else. A line
 * cannot be forged: the kernel escapes newlines in the name of a thread.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/status.h"
#include "core/util.h"

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

int status_read(int proc_fd, pid_t tid, char *text, struct status *status_out)
{
	char name[32];
	AUTO_CLOSE int fd = -1;
	ssize_t got;

	snprintf(name, sizeof(name), "%d/status", (int)tid);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* One record: the kernel hands it over in one read when there is room. */
	got = errno_result(read(fd, text, STATUS_TEXT_SIZE - 1));
	if (got < 0)
		return (int)got;
	text[got] = '\0';
	got = status_parse(text, status_out);
	/* A thread that is ending has lost some of the lines. */
	return got == -EINVAL ? -ESRCH : (int)got;
}
