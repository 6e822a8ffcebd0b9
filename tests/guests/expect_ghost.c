/*
 * Every hooked call is ENOSYS, whatever it names, again and again; the rest works. For a policy whose rules
 * are about the categories stat and chdir.
 */
#include "guest.h"

int main(void)
{
	struct stat status;
	char byte = 'x';
	int pipes[2];
	pid_t child;

	for (int i = 0; i < 3; i++) {
		CHECK_ERR(ENOSYS, chdir("/"));
		CHECK_ERR(ENOSYS, chdir("missing"));
		CHECK_ERR(ENOSYS, syscall(SYS_chdir, 8));
		CHECK_ERR(ENOSYS, fchdir(STDIN_FILENO));
		CHECK_ERR(ENOSYS, fchdir(-1));
		CHECK_ERR(ENOSYS, open("/", O_RDONLY));
		CHECK_ERR(ENOSYS, guest_access("/", F_OK));
		CHECK_ERR(ENOSYS, stat("/", &status));
		CHECK_ERR(ENOSYS, guest_readlink("/proc/self/exe", &status, 8));
	}
	CHECK(pipe(pipes) == 0 && write(pipes[1], &byte, 1) == 1 && read(pipes[0], &byte, 1) == 1);
	CHECK(getpid() > 0 && dup(pipes[0]) > 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0)
		_exit(chdir("/") == -1 && errno == ENOSYS ? 3 : 4);
	CHECK(guest_wait(child) == 3);
	puts("as expected");
	return 0;
}
