/*
 * The table of mount points that matter to path resolution, read once from
 * mountinfo at the start. Mounting is refused inside a sandbox, so that the table stays
 * true for what a payload can do; mounts made from outside later are not seen.
 */
#include "core/mounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/util.h"

struct mount_point {
	size_t length;
	char *name; /* unescaped */
};

struct mounts {
	struct mount_point *procfs;
	size_t count;
	bool protected_symlinks;
};

/* Field 5 of a mountinfo line; the escapes of space, tab, newline and backslash are octal. */
enum { MOUNTS_FIELD_POINT = 4, MOUNTS_OCTAL_DIGITS = 3 };

static bool mounts_is_octal(const char *text)
{
	for (int i = 0; i < MOUNTS_OCTAL_DIGITS; i++) {
		if (text[i] < '0' || text[i] > '7')
			return false;
	}
	return true;
}

static size_t mounts_unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (*from == '\\' && mounts_is_octal(from + 1)) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 1 + MOUNTS_OCTAL_DIGITS;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

static int mounts_add(struct mounts *mounts, const char *escaped)
{
	struct mount_point *grown;
	AUTO_FREE char *name = strdup(escaped);

	if (name == NULL)
		return -ENOMEM;
	grown = reallocarray(mounts->procfs, mounts->count + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	mounts->procfs = grown;
	grown += mounts->count++;
	grown->length = mounts_unescape(name);
	if (grown->length == 1)
		grown->length = 0; /* "/": everything is below it */
	grown->name = take_ptr(name);
	return 0;
}

static bool mounts_line_is_procfs(const char *line)
{
	/* The number of optional fields varies; a lone "-" ends them. */
	const char *type = strstr(line, " - ");

	return type != NULL && str_starts(type + 3, "proc ");
}

static int mounts_take_line(struct mounts *mounts, char *line)
{
	char *rest = line;
	char *field = NULL;

	if (!mounts_line_is_procfs(line))
		return 0;
	for (int i = 0; i <= MOUNTS_FIELD_POINT; i++)
		field = strsep(&rest, " ");
	return field == NULL ? 0 : mounts_add(mounts, field);
}

static int mounts_read(struct mounts *mounts)
{
	AUTO_FCLOSE FILE *file = fopen("/proc/self/mountinfo", "re");
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	int error = 0;

	if (file == NULL)
		return -errno;
	while (error == 0 && getline(&line, &size, file) >= 0)
		error = mounts_take_line(mounts, line);
	if (error == 0 && ferror(file) != 0)
		error = -EIO;
	return error;
}

/* Unreadable counts as on: it can only refuse what a kernel with it would refuse. */
static bool mounts_read_protected(void)
{
	AUTO_CLOSE int fd = open("/proc/sys/fs/protected_symlinks", O_RDONLY | O_CLOEXEC);
	char value;

	return fd < 0 || read(fd, &value, 1) != 1 || value != '0';
}

struct mounts *mounts_new(void)
{
	struct mounts *mounts = calloc(1, sizeof(*mounts));

	if (mounts == NULL)
		return NULL;
	mounts->protected_symlinks = mounts_read_protected();
	if (mounts_read(mounts) < 0) {
		mounts_free(mounts);
		return NULL;
	}
	return mounts;
}

void mounts_free(struct mounts *mounts)
{
	if (mounts == NULL)
		return;
	for (size_t i = 0; i < mounts->count; i++)
		free(mounts->procfs[i].name);
	free(mounts->procfs);
	free(mounts);
}

bool mounts_below_procfs(const struct mounts *mounts, const char *name)
{
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount_point *point = &mounts->procfs[i];
		char next;

		if (strncmp(name, point->name, point->length) != 0)
			continue;
		next = name[point->length];
		if (next == '\0' || next == '/')
			return true;
	}
	return false;
}

bool mounts_protected_symlinks(const struct mounts *mounts)
{
	return mounts->protected_symlinks;
}
