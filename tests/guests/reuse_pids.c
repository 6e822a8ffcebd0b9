/*
 * Processes that are killed in the middle of their calls, by the thousand, where there are few process numbers: each
 * number soon belongs to another, whose names lie at the same address. Every name holds the token of whoever uses
 * it, and no two have the same token, so that a call made for the wrong process shows. Argument: how many to kill.
 * Reads /dev/kennel in the end: nothing may be in flight, and nothing mistaken.
 */
#include "guest.h"

#include <dirent.h>

enum { CHILDREN = 8, ROLES = 4, MAKES = 4, WARM = 200, PIDS = 4096, WRONG = 10, SAME_TRIES = 80, SAME_EACH = 12 };
enum role { MAKER, UNMAKER, WAITER, EXECER };

struct slot {
	pid_t pid;
	unsigned long token;
	volatile unsigned *number; /* how far it is, shared with it */
};

static struct slot slots[CHILDREN];
static char name[64], other[64];
static unsigned long reused, same;
static bool used[PIDS];

static const char *reuse_name(char *buffer, char kind, unsigned long token, unsigned number)
{
	snprintf(buffer, sizeof(name), "%c.%lu.%u", kind, token, number);
	return buffer;
}

static _Noreturn void reuse_wrong(const char *what)
{
	fprintf(stderr, "wrong: %s of %s (%s)\n", what, name, strerror(errno));
	_exit(WRONG);
}

static void reuse_make(void)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		reuse_wrong("make");
	close(fd);
}

/* What it made stays, whatever others do. */
static _Noreturn void reuse_as_maker(const struct slot *slot)
{
	struct stat status;

	for (unsigned number = 0; number < MAKES; number++) {
		reuse_name(name, 'm', slot->token, number);
		*slot->number = number;
		reuse_make();
		*slot->number = number + 1;
		if (stat(name, &status) < 0 || !S_ISREG(status.st_mode))
			reuse_wrong("stat");
	}
	for (unsigned number = 0;; number = (number + 1) % MAKES)
		if (stat(reuse_name(name, 'm', slot->token, number), &status) < 0)
			reuse_wrong("stat");
}

/* What it unmakes is there, and what it makes is not. */
static _Noreturn void reuse_as_unmaker(const struct slot *slot)
{
	for (unsigned number = 0;; number++) {
		reuse_name(name, 'u', slot->token, number);
		*slot->number = number;
		reuse_make();
		if (unlink(name) < 0)
			reuse_wrong("unlink");
	}
}

/* Nobody ever opens the other end. */
static _Noreturn void reuse_as_waiter(const struct slot *slot)
{
	reuse_name(name, 'w', slot->token, 0);
	if (mkfifo(name, 0600) < 0)
		reuse_wrong("mkfifo");
	open(name, O_RDONLY);
	reuse_wrong("end of a wait");
}

static _Noreturn void reuse_as_execer(const char *token)
{
	char *words[] = { (char *)"reuse_pids", (char *)"exec", (char *)(uintptr_t)token, NULL };

	reuse_name(name, 'e', strtoul(token, NULL, 10), 0);
	if (mkdir(name, 0700) < 0 || rmdir(name) < 0)
		reuse_wrong("directory");
	execv("/proc/self/exe", words);
	reuse_wrong("exec");
}

static _Noreturn void reuse_child(enum role role, const struct slot *slot)
{
	char token[32];

	switch (role) {
	case MAKER:
		reuse_as_maker(slot);
	case UNMAKER:
		reuse_as_unmaker(slot);
	case WAITER:
		reuse_as_waiter(slot);
	case EXECER:
		break;
	}
	snprintf(token, sizeof(token), "%lu", slot->token);
	reuse_as_execer(token);
}

/* A child with this number, if that comes soon; 0: with any. Nothing here is a call that waits for the supervisor. */
static pid_t reuse_fork(pid_t wanted)
{
	for (unsigned tries = 0;; tries++) {
		pid_t pid = fork();

		if (pid < 0) {
			CHECK(errno == EAGAIN);
			guest_sleep_ms(1);
		} else if (!wanted || tries >= SAME_TRIES || (pid ? pid : getpid()) == wanted) {
			return pid;
		} else if (pid == 0) {
			_exit(0);
		} else {
			CHECK(waitpid(pid, NULL, 0) == pid);
		}
	}
}

static void reuse_start(unsigned index, pid_t wanted)
{
	static unsigned long last_token = 100000;
	struct slot *slot = &slots[index];

	slot->token = ++last_token;
	*slot->number = 0;
	slot->pid = reuse_fork(wanted);
	if (slot->pid == 0)
		reuse_child((enum role)(index % ROLES), slot);
	same += slot->pid == wanted;
	reused += used[slot->pid % PIDS];
	used[slot->pid % PIDS] = true;
}

static void reuse_expect_none(char kind, unsigned long token, unsigned number)
{
	struct stat status;

	if (lstat(reuse_name(name, kind, token, number), &status) == 0)
		reuse_wrong("a name that nobody made");
}

/* What it left is what it had done, up to the call in which it died. */
static void reuse_check(enum role role, const struct slot *slot, unsigned number)
{
	for (unsigned i = 0; role == MAKER && i < number; i++)
		if (unlink(reuse_name(name, 'm', slot->token, i)) < 0)
			reuse_wrong("a lost name");
	if (role == UNMAKER && number > 0)
		reuse_expect_none('u', slot->token, number - 1);
	if (role == EXECER)
		rmdir(reuse_name(other, 'e', slot->token, 0));
	else
		unlink(reuse_name(other, "muw"[role], slot -> token, number));
	reuse_expect_none("muwe"[role], slot -> token, number + 1);
}

/* Every now and then the next one takes over also the number, as soon as may be. */
static void reuse_kill(unsigned index, bool replace)
{
	const struct slot old = slots[index];
	unsigned number;
	int status;

	CHECK(kill(old.pid, SIGKILL) == 0 && waitpid(old.pid, &status, 0) == old.pid);
	if (WIFEXITED(status))
		_exit(1); /* it has said why */
	number = *old.number;
	if (replace)
		reuse_start(index, rand() % SAME_EACH ? 0 : old.pid);
	reuse_check((enum role)(index % ROLES), &old, number);
}

static void reuse_kill_many(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		unsigned index = (unsigned)rand() % CHILDREN;
		struct timespec rest = { 0, rand() % 4 ? 0 : rand() % 200000 };

		if (rest.tv_nsec)
			nanosleep(&rest, NULL);
		reuse_kill(index, true);
	}
}

static long reuse_state(const char *key)
{
	static char state[65536];
	const char *found = NULL;

	if (guest_read("/dev/kennel", state, sizeof(state)) > 0)
		found = strstr(state, key);
	CHECK(found);
	return strtol(found + strlen(key), NULL, 10);
}

/* This very call is in flight, and nothing else once the dead are noticed. */
static void reuse_expect_rest(void)
{
	int64_t end = guest_now_ms() + 5000;

	while (reuse_state("\"in_flight\":") != 1 && guest_now_ms() < end)
		guest_sleep_ms(20);
	CHECK(reuse_state("\"in_flight\":") == 1);
	CHECK(reuse_state("\"mistakes\":") == 0);
}

static void reuse_expect_no_names(void)
{
	DIR *directory = opendir(".");
	const struct dirent *entry;

	CHECK(directory);
	while ((entry = readdir(directory)))
		if (strchr("muwe", entry->d_name[0]) && entry->d_name[1] == '.') {
			snprintf(name, sizeof(name), "%.60s", entry->d_name);
			reuse_wrong("a name that is left");
		}
	closedir(directory);
}

static void reuse_round(unsigned long count, const char *done, const char *go)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		reuse_start(i, 0);
	reuse_kill_many(count);
	for (unsigned i = 0; i < CHILDREN; i++)
		reuse_kill(i, false);
	reuse_expect_rest();
	reuse_expect_no_names();
	printf("%s: %lu killed, %lu numbers used again, %lu at once\n", done, count, reused, same);
	fflush(stdout);
	while (access(go, F_OK) < 0)
		guest_sleep_ms(20);
}

int main(int argc, char **argv)
{
	unsigned *numbers = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(argc >= 2 && numbers != MAP_FAILED);
	if (argc == 3)
		reuse_as_execer(argv[2]);
	srand((unsigned)guest_now_ms());
	for (unsigned i = 0; i < CHILDREN; i++)
		slots[i].number = &numbers[i * 16];
	reuse_round(WARM, "warm", "go");
	reused = 0;
	reuse_round(strtoul(argv[1], NULL, 10), "done", "end");
	return 0;
}
