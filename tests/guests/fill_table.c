/*
 * More calls at once than Kennel's table has room for. Arguments: the part, and how many processes.
 * "once": each accepts once, and says in an exit status how that ended; "retry": each tries again whenever it is
 * interrupted, while another process makes quick calls.
 */
#include "guest.h"

#include <sys/socket.h>
#include <sys/un.h>

enum { FILL_MAX = 64, FILL_EINTR = 3, FILL_RETRY_MS = 1500, FILL_LATE_MS = 15000 };

static pid_t fill_children[FILL_MAX];
static unsigned fill_count;
static volatile unsigned long *fill_interrupted; /* shared by all */

static int fill_listen(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0 && listen(fd, FILL_MAX) == 0);
	return fd;
}

static _Noreturn void fill_accept(int listener, bool again)
{
	while (accept(listener, NULL, NULL) < 0 && errno == EINTR) {
		__sync_fetch_and_add(fill_interrupted, 1);
		if (!again)
			_exit(FILL_EINTR);
	}
	_exit(errno ? 4 : 0);
}

/* The order of their calls is that of their numbers. */
static void fill_start(int listener, bool again, long apart_ms)
{
	for (unsigned i = 0; i < fill_count; i++) {
		fill_children[i] = fork();
		CHECK(fill_children[i] >= 0);
		if (fill_children[i] == 0)
			fill_accept(listener, again);
		guest_sleep_ms(apart_ms);
	}
}

/* The calls of this very function may make one or the other leave. */
static void fill_end(void)
{
	for (unsigned i = 0; i < fill_count; i++) {
		int status =
			fill_children[i] && kill(fill_children[i], SIGKILL) == 0 ? guest_wait(fill_children[i]) : 0;

		CHECK(status == 0 || status == FILL_EINTR || status == 128 + SIGKILL);
	}
}

/* Prints which of them were interrupted, and lets one of the others through. */
static void fill_once(void)
{
	int status;

	fill_start(fill_listen(), false, 60);
	guest_sleep_ms(200);
	for (unsigned i = 0; i < fill_count; i++) {
		if (waitpid(fill_children[i], &status, WNOHANG) != fill_children[i])
			continue;
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == FILL_EINTR);
		fill_children[i] = 0;
		printf("%u ", i);
	}
	printf("made room\n");
	fill_end();
}

static void fill_retry(void)
{
	struct stat status;
	unsigned long quick = 0;
	int64_t start = guest_now_ms();

	fill_start(fill_listen(), true, 0);
	for (; guest_now_ms() - start < (quick ? FILL_RETRY_MS : FILL_LATE_MS); quick++)
		CHECK(mkdir("made", 0700) == 0 && stat("made", &status) == 0 && rmdir("made") == 0);
	fill_end();
	printf("%lu quick, %lu interrupted in %lld ms\n", quick, *fill_interrupted,
		(long long)(guest_now_ms() - start));
}

int main(int argc, char **argv)
{
	CHECK(argc == 3);
	fill_count = (unsigned)atoi(argv[2]);
	fill_interrupted = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(fill_count <= FILL_MAX && fill_interrupted != MAP_FAILED);
	if (strcmp(argv[1], "once") == 0)
		fill_once();
	else
		fill_retry();
	return 0;
}
