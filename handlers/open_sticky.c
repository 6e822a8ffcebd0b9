/*
 * O_CREAT on what is there already, in a sticky directory that others may write to: the
 * kernel refuses it by name, but we open the object that was found, so the rule is kept
 * here (may_create_in_sticky).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "handlers/open_job.h"

/* The value as a digit; unreadable counts as the strictest. */
static int open_sticky_level(const char *name)
{
	AUTO_CLOSE int fd = open(name, O_RDONLY | O_CLOEXEC);
	char digit;

	if (fd < 0 || read(fd, &digit, 1) != 1)
		return 2;
	return digit - '0';
}

static int open_sticky_judge(mode_t dir_mode, mode_t type)
{
	int level = 0;

	if (S_ISREG(type))
		level = open_sticky_level("/proc/sys/fs/protected_regular");
	else if (S_ISFIFO(type))
		level = open_sticky_level("/proc/sys/fs/protected_fifos");
	if ((S_ISREG(type) || S_ISFIFO(type)) && level == 0)
		return 0;
	return dir_mode & S_IWOTH || level >= 2 ? -EACCES : 0;
}

int open_sticky_check(const struct path *path, const struct stat *object)
{
	struct stat dir;

	if (path->parent < 0)
		return 0;
	if (fstat(path->parent, &dir) < 0)
		return -EACCES;
	if (!(dir.st_mode & S_ISVTX) || !(dir.st_mode & (S_IWOTH | S_IWGRP)))
		return 0;
	if (object->st_uid == dir.st_uid || object->st_uid == (uid_t)setfsuid((uid_t)-1))
		return 0;
	return open_sticky_judge(dir.st_mode, object->st_mode);
}
