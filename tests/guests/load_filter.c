/*
 * load_filter FILE NUMBER [ARGUMENT]...: loads a seccomp program as it lies in a file, and makes one call, with 0 in
 * the registers for which there are no arguments. Ends with 0 when it returned.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sock_filter code[BPF_MAXINSNS];

int main(int argc, char **argv)
{
	struct sock_fprog program = { .filter = code };
	unsigned long args[6] = { 0 };
	int fd = argc > 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	ssize_t got = fd < 0 ? -1 : read(fd, code, sizeof(code));
	long number;

	if (got <= 0 || got % (ssize_t)sizeof(code[0]))
		return 2;
	program.len = (unsigned short)((size_t)got / sizeof(code[0]));
	number = strtol(argv[2], NULL, 0);
	for (int i = 3; i < argc && i < 9; i++)
		args[i - 3] = strtoul(argv[i], NULL, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return 3;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		return 4;
	syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	syscall(SYS_exit_group, 0);
	return 5;
}
