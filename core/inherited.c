/*
 * Signal mask, dispositions and limits as they were when Kennel was started.
 */
#include "core/inherited.h"

#include <stddef.h>

void inherited_save(struct inherited *inherited)
{
	sigprocmask(SIG_SETMASK, NULL, &inherited->mask);
	sigemptyset(&inherited->ignored);
	for (int number = 1; number < NSIG; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			sigaddset(&inherited->ignored, number);
	}
	getrlimit(RLIMIT_NOFILE, &inherited->nofile);
}

void inherited_restore(const struct inherited *inherited)
{
	for (int number = 1; number < NSIG; number++)
		signal(number, sigismember(&inherited->ignored, number) == 1 ? SIG_IGN : SIG_DFL);
	setrlimit(RLIMIT_NOFILE, &inherited->nofile);
	sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
}
