/*
 * Opens and closes a file until there is one of the name "end": whatever happens to the supervisor meanwhile, each
 * open gives the lowest free number.
 */
#include "guest.h"

int main(void)
{
	unsigned long count = 0;

	guest_write("file", "text");
	printf("ready\n");
	fflush(stdout);
	for (; count % 64 || access("end", F_OK) < 0; count++) {
		int fd = open("file", O_RDONLY | O_CLOEXEC);
		char text[8];

		CHECK(fd == 3);
		CHECK(read(fd, text, sizeof(text)) == 4 && close(fd) == 0);
	}
	printf("%lu opens\n", count);
	return 0;
}
