/*
 * A storm of signals with SA_RESTART while calls are made: none fails, none is done
 * twice (mkdir would say EEXIST), none returns the kernel's inner errno 512. Without
 * SA_RESTART only EINTR may appear (argument "plain").
 */
#include "guest.h"

#include <sys/time.h>

enum { STORM_US = 700, STORM_MOST_US = 200000, STORM_PATIENCE = 50 };

static volatile sig_atomic_t storm_count, storm_since_call, storm_us = STORM_US;
static int storm_interrupted;

static void storm_set(int us)
{
	struct itimerval often = { { 0, us }, { 0, us } };

	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

/* Where a call takes longer than from one signal to the next, it would begin again for ever: there are fewer then. */
static void storm_on_signal(int number)
{
	(void)number;
	storm_count++;
	if (++storm_since_call < STORM_PATIENCE || storm_us > STORM_MOST_US)
		return;
	storm_since_call = 0;
	storm_us *= 2;
	storm_set(storm_us);
}

/* True when the call was interrupted and is to be made again. */
static bool storm_again(bool plain, long result)
{
	if (result == -1 && errno == EINTR && plain) {
		storm_interrupted++;
		return true;
	}
	if (result < 0)
		guest_fail(__FILE__, __LINE__, "a call under signals", errno);
	return false;
}

#define STORM(call) \
	({ \
		long result_; \
		do \
			result_ = (call); \
		while (storm_again(plain, result_)); \
		storm_since_call = 0; \
		result_; \
	})

int main(int argc, char **argv)
{
	bool plain = argc > 1 && strcmp(argv[1], "plain") == 0;
	struct sigaction action = { .sa_handler = storm_on_signal, .sa_flags = plain ? 0 : SA_RESTART };
	int64_t end = guest_now_ms() + 1500, late = guest_now_ms() + guest_limit_ms(15000);
	struct stat status;
	long rounds = 0;

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	storm_set(storm_us);
	while (guest_now_ms() < end || (guest_now_ms() < late && (storm_count <= 100 || rounds <= 20))) {
		int fd = (int)STORM(open("file", O_RDWR | O_CREAT, 0600));

		STORM(mkdir("dir", 0700));
		STORM(stat("file", &status));
		STORM(fstat(fd, &status));
		STORM(access("dir", F_OK));
		STORM(ftruncate(fd, rounds % 100));
		STORM(rename("dir", "moved"));
		STORM(rmdir("moved"));
		CHECK(close(fd) == 0);
		STORM(unlink("file"));
		rounds++;
	}
	storm_us = STORM_MOST_US + 1;
	storm_set(0);
	CHECK(storm_count > (int)guest_rounds(100) && rounds > (long)guest_rounds(20));
	printf("rounds %ld, signals %d, interrupted %d\n", rounds, (int)storm_count, storm_interrupted);
	return 0;
}
