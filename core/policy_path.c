/*
 * Names as people write them, turned into names as rules know them. Looks symlinks up; changes nothing.
 */
#include "core/policy_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/util.h"

/* Appends the components of path to name, a canonical one; '.' and empty ones vanish. */
int policy_path_append(char name[PATH_MAX], const char *path)
{
	size_t length = str_equal(name, "/") ? 0 : strlen(name);

	while (*path) {
		size_t step = strcspn(path, "/");

		if (step == 2 && memcmp(path, "..", 2) == 0) {
			while (length > 0 && name[--length] != '/')
				continue;
		} else if (step > 0 && !(step == 1 && *path == '.')) {
			if (length + step + 2 > PATH_MAX)
				return -ENAMETOOLONG;
			name[length++] = '/';
			memcpy(name + length, path, step);
			length += step;
		}
		path += step;
		path += *path == '/';
	}
	if (length == 0)
		name[length++] = '/';
	name[length] = '\0';
	return 0;
}

bool policy_path_goes_up(const char *path)
{
	for (;;) {
		size_t step = strcspn(path, "/");

		if (step == 2 && memcmp(path, "..", 2) == 0)
			return true;
		if (path[step] == '\0')
			return false;
		path += step + 1;
	}
}

/* Symlinks followed as far as the path exists, the rest as written. */
int policy_path_canonical(const char *absolute, char name[PATH_MAX])
{
	char existing[PATH_MAX];
	size_t length = strlen(absolute);

	while (length > 0) {
		snprintf(existing, sizeof(existing), "%.*s", (int)length, absolute);
		if (realpath(existing, name))
			return policy_path_append(name, absolute + length);
		while (length > 0 && absolute[length - 1] == '/')
			length--;
		while (length > 0 && absolute[length - 1] != '/')
			length--;
	}
	return -ENOENT;
}

int policy_path_absolute(const char *value, char absolute[PATH_MAX])
{
	size_t length = 0;

	if (value[0] != '/') {
		if (!getcwd(absolute, PATH_MAX - 1))
			return -ENOENT;
		length = strlen(absolute);
		absolute[length++] = '/';
	}
	if (length + strlen(value) >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(absolute + length, value, strlen(value) + 1);
	return 0;
}
