/*
 * Near RLIMIT_NOFILE: the last free number is usable, a full table gives EMFILE, and
 * then nothing is created and nothing truncated.
 */
#include "guest.h"

#include <linux/openat2.h>
#include <sys/resource.h>

#define LIMIT 24

static void full_check_no_effect(void)
{
	struct open_how how = { .flags = O_WRONLY | O_CREAT, .mode = 0600 };
	struct stat status;

	CHECK_ERR(EMFILE, open("made", O_WRONLY | O_CREAT, 0600));
	CHECK_ERR(EMFILE, open("made", O_WRONLY | O_CREAT | O_EXCL, 0600));
	CHECK_ERR(EMFILE, guest_creat("made", 0600));
	CHECK_ERR(EMFILE, syscall(SYS_openat2, AT_FDCWD, "made", &how, sizeof(how)));
	CHECK(lstat("made", &status) == -1 && errno == ENOENT);
	CHECK_ERR(EMFILE, open("file", O_WRONLY | O_TRUNC));
	CHECK(stat("file", &status) == 0 && status.st_size == 4);
	CHECK_ERR(EMFILE, open("file", O_RDONLY));
	CHECK_ERR(EMFILE, open("file", O_PATH));
	CHECK_ERR(EMFILE, open(".", O_TMPFILE | O_WRONLY, 0600));
	CHECK_ERR(EMFILE, memfd_create("full", 0));
}

/* The order of the checks: what is found before a number is taken, and what after. */
static void full_check_order(void)
{
	CHECK_ERR(EINVAL, open("file", O_TMPFILE | O_RDONLY));
	CHECK_ERR(ENOENT, open("", O_RDONLY));
	CHECK_ERR(EFAULT, open((char *)1, O_RDONLY));
	CHECK_ERR(EMFILE, open("missing", O_RDONLY));
	CHECK_ERR(EMFILE, open("file/below", O_RDONLY));
	CHECK(access("file", F_OK) == 0);
}

int main(void)
{
	struct rlimit limit = { LIMIT, LIMIT };
	int fd, last = -1;

	guest_write("file", "text");
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	CHECK(last == LIMIT - 1);
	full_check_no_effect();
	full_check_order();
	CHECK(close(7) == 0);
	CHECK(open("made", O_WRONLY | O_CREAT | O_EXCL, 0600) == 7 && access("made", F_OK) == 0);
	CHECK(close(7) == 0 && open("file", O_WRONLY | O_TRUNC) == 7);
	full_check_order();
	limit.rlim_cur = 5;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0 && close(7) == 0);
	CHECK_ERR(EMFILE, open("file", O_RDONLY));
	CHECK_ERR(EMFILE, open("late", O_WRONLY | O_CREAT, 0600));
	CHECK_ERR(ENOENT, access("late", F_OK));
	return 0;
}
