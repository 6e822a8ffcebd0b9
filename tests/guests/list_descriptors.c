/*
 * Prints every open descriptor but the one it lists with; 0 when there are exactly the
 * ones named as arguments (0 1 2 without any).
 */
#include "guest.h"

#include <dirent.h>

static bool list_expects(int fd, int argc, char **argv)
{
	if (fd >= 0 && fd <= 2)
		return true;
	for (int i = 1; i < argc; i++)
		if (atoi(argv[i]) == fd)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int found = 0, wrong = 0;

	CHECK(directory);
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(directory))
			continue;
		printf("%d\n", fd);
		found++;
		wrong += !list_expects(fd, argc, argv);
	}
	return wrong > 0 || found != 2 + argc;
}
