/*
 * Runs a command while others are blocked. blocked KIND COUNT COMMAND...: that many processes wait
 * in an open of KIND (fifo, lease, fuse; all: as many of each) in the current directory meanwhile.
 * blocked mount COMMAND...: a FUSE filesystem that nobody serves is on "slow", for the kind fuse.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKED_MAX 256

static int blocked_error(const char *what)
{
	perror(what);
	return 125;
}

static int blocked_mount(char **command)
{
	char options[96];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	mkdir("slow", 0755);
	if (fd < 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("bench", "slow", "fuse", 0, options) < 0)
		return blocked_error("mount");
	/* While its descriptor is open somewhere, requests wait for ever. */
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	execvp(command[0], command);
	return blocked_error(command[0]);
}

/* What is to be opened, and how; the lease is ours. */
static const char *blocked_prepare(const char *kind, int *flags_out)
{
	int fd;

	*flags_out = O_WRONLY;
	if (!strcmp(kind, "fifo"))
		return mkfifo("fifo", 0600) == 0 || access("fifo", F_OK) == 0 ? "fifo" : NULL;
	if (!strcmp(kind, "fuse"))
		return "slow/file";
	fd = open("leased", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	signal(SIGIO, SIG_IGN);
	return fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0 ? "leased" : NULL;
}

/* Starts so many of a kind, or of each; how many there are, or -1. */
static int blocked_start(const char *kind, int count, pid_t *children)
{
	static const char *const kinds[] = { "fifo", "lease", "fuse" };
	int started = 0;

	for (int k = 0; k < 3; k++) {
		const char *name;
		int flags;

		if (strcmp(kind, "all") != 0 && strcmp(kind, kinds[k]) != 0)
			continue;
		name = blocked_prepare(kinds[k], &flags);
		if (!name)
			return blocked_error(kinds[k]), -1;
		for (int i = 0; i < count; i++) {
			children[started] = fork();
			if (children[started++] == 0)
				_exit(open(name, flags) < 0);
		}
	}
	return started;
}

static int blocked_run(char **command)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	pid_t children[3 * BLOCKED_MAX];
	int count, status, early = 0;

	if (argc >= 3 && !strcmp(argv[1], "mount"))
		return blocked_mount(argv + 2);
	count = argc >= 4 ? atoi(argv[2]) : -1;
	if (count < 0 || count > BLOCKED_MAX)
		return 2;
	count = blocked_start(argv[1], count, children);
	if (count < 0)
		return 125;
	usleep(300000);
	status = blocked_run(argv + 3);
	for (int i = 0; i < count; i++) {
		early += waitpid(children[i], NULL, WNOHANG) != 0;
		kill(children[i], SIGKILL);
	}
	while (wait(NULL) > 0)
		;
	return early ? 3 : status;
}
