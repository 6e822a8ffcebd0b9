/*
 * RLIMIT_FSIZE is the caller's: growing a file beyond it fails with EFBIG, whoever
 * carries the call out, and within it succeeds.
 */
#include "guest.h"

#include <sys/resource.h>

int main(void)
{
	struct rlimit limit = { 1000, RLIM_INFINITY };
	struct stat status;
	int fd;

	guest_write("file", "text");
	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK((fd = open("file", O_RDWR)) >= 0);
	CHECK_ERR(EFBIG, truncate("file", 1001));
	CHECK_ERR(EFBIG, ftruncate(fd, 5000));
	CHECK_ERR(EFBIG, fallocate(fd, 0, 0, 1001));
	CHECK(fstat(fd, &status) == 0 && status.st_size == 4);
	CHECK(truncate("file", 1000) == 0 && ftruncate(fd, 999) == 0 && fallocate(fd, 0, 0, 1000) == 0);
	limit.rlim_cur = RLIM_INFINITY;
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0 && truncate("file", 100000) == 0);
	return 0;
}
