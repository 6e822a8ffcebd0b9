/*
 * A process that makes itself unreadable must gain nothing by it: the prctl pretends to
 * work, and the secret stays shut. Arguments: the path of the secret, and "hide", or "pretend" under Kennel; exit
 * code 3 when it could be read (natively), 0 when not.
 */
#include "guest.h"

#include <sys/prctl.h>

#define HIDE_PIDFD_THREAD O_EXCL

/* Where a thread has no pidfd (before Linux 6.9), Kennel cannot remember what it told somebody without rights. */
static int hide_forgets(const char *how)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), HIDE_PIDFD_THREAD);

	if (fd >= 0)
		close(fd);
	return fd < 0 && geteuid() != 0 && strcmp(how, "pretend") == 0;
}

int main(int argc, char **argv)
{
	char text[16] = "";
	int error;
	int fd;

	CHECK(argc > 1);
	if (argc > 2) {
		CHECK(prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_DUMPABLE) == hide_forgets(argv[2]));
		CHECK(prctl(PR_SET_DUMPABLE, 1) == 0 && prctl(PR_GET_DUMPABLE) == 1);
		CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
	}
	fd = open(argv[1], O_RDONLY);
	error = errno;
	if (fd < 0) {
		CHECK(error == EACCES || error == ENOENT);
		return 0;
	}
	CHECK(read(fd, text, sizeof(text) - 1) >= 0);
	return strncmp(text, "secret", 6) == 0 ? 3 : 1;
}
