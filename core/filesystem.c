/*
 * Asks for the object's mount and looks it up in mountinfo, each time: only the table of
 * that moment says what a mount is, and only policies with rules of fs pay for it.
 */
#include "core/filesystem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/cleanup.h"
#include "core/util.h"

static int filesystem_mount(int fd, unsigned long long *mount_out)
{
	struct statx status;
	int error = errno_result(statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status));

	if (error == 0 && !(status.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	*mount_out = error == 0 ? status.stx_mnt_id : 0;
	return error;
}

/* The number of optional fields varies; a lone "-" ends them, and the type follows. */
static int filesystem_take(const char *line, char buffer[FILESYSTEM_NAME_SIZE])
{
	const char *type = strstr(line, " - ");
	size_t length = type ? strcspn(type + 3, " ") : 0;

	if (length == 0 || length >= FILESYSTEM_NAME_SIZE)
		return -EIO;
	memcpy(buffer, type + 3, length);
	buffer[length] = '\0';
	return 0;
}

int filesystem_name(int fd, char buffer[FILESYSTEM_NAME_SIZE])
{
	AUTO_FCLOSE FILE *file = NULL;
	AUTO_FREE char *line = NULL;
	unsigned long long mount;
	size_t size = 0;
	int error = filesystem_mount(fd, &mount);

	if (error < 0)
		return error;
	file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return -errno;
	while (getline(&line, &size, file) >= 0)
		if (strtoull(line, NULL, 10) == mount)
			return filesystem_take(line, buffer);
	return ferror(file) ? -EIO : -ENOENT;
}
