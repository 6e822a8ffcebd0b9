/*
 * Prints all that a process has from its starter: arguments, environment, cwd, signal
 * mask and dispositions, limits, nice value, umask, dumpable, timer slack, groups.
 */
#include "guest.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static void state_signals(void)
{
	struct sigaction action;
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int number = 1; number < 65; number++) {
		if (sigismember(&mask, number) == 1)
			printf("blocked %d\n", number);
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			printf("ignored %d\n", number);
	}
}

static void state_limits(void)
{
	for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
		struct rlimit limit;

		/* Core files are refused while writing is judged: not as natively, and tested by itself. */
		if (resource != RLIMIT_CORE && getrlimit(resource, &limit) == 0)
			printf("limit %d %llu %llu\n", resource, (unsigned long long)limit.rlim_cur,
				(unsigned long long)limit.rlim_max);
	}
}

static void state_ids(void)
{
	gid_t groups[64];
	int count = getgroups(64, groups);

	printf("ids %u %u %u %u\n", getuid(), geteuid(), getgid(), getegid());
	for (int i = 0; i < count; i++)
		printf("group %u\n", groups[i]);
}

int main(int argc, char **argv, char **environment)
{
	char cwd[PATH_MAX], text[64];
	mode_t mask = umask(0);

	for (int i = 0; i < argc; i++)
		printf("argument %d [%s]\n", i, i ? argv[i] : "");
	for (int i = 0; environment[i]; i++)
		printf("environment [%s]\n", environment[i]);
	printf("cwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	printf("umask %o\n", (unsigned)mask);
	printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	printf("timer slack %d\n", prctl(PR_GET_TIMERSLACK));
	printf("stdin %zd\n", read(0, text, sizeof(text)));
	state_ids();
	state_signals();
	state_limits();
	return 0;
}
