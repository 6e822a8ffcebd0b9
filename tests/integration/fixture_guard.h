/*
 * The guards of the fixture. A job runs below a guard of its own, a subreaper that ends
 * and reaps whatever the job left when the test is over, however the test ended; a
 * cleaner then removes the test's folder. Both see the end of the test as the end of a pipe.
 */
#ifndef KENNEL_TESTS_FIXTURE_GUARD_H
#define KENNEL_TESTS_FIXTURE_GUARD_H

#include <sys/types.h>

/* Makes the pipes and the cleaner of this folder. Once for each test. */
void guard_enter(const char *base);

/* Tells guards and cleaner that the test is over, and waits for them. */
void guard_leave(void);

/*
 * Forks a guard, which forks the job: child(argument) must not return. The job's pid; its
 * wait status can be read from *report_out when it has ended.
 */
pid_t guard_start(void (*child)(void *argument), void *argument, int *report_out);

#endif
