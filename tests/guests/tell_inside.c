/*
 * Speaks to Kennel from inside through /dev/kennel. The first word says which part; "say" runs commands, one a word,
 * and prints the errno of each.
 */
#include "guest.h"

#include <linux/stat.h>
#include <pthread.h>

#define DEVICE "/dev/kennel"

enum tell_way { BY_STAT, BY_LSTAT, BY_FSTATAT, BY_STATX };

static int tell_by(enum tell_way way, const char *path)
{
	struct stat status;
	struct statx wide;

	switch (way) {
	case BY_STAT:
		return stat(path, &status);
	case BY_LSTAT:
		return lstat(path, &status);
	case BY_FSTATAT:
		return fstatat(-1, path, &status, 0);
	case BY_STATX:
		return (int)syscall(SYS_statx, -1, path, 0, STATX_BASIC_STATS, &wide);
	}
	return -1;
}

static int tell(const char *command)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICE "/%s", command);
	return tell_by(BY_STAT, path);
}

static int tell_say(char **words)
{
	for (; *words; words++)
		printf("%s %d\n", *words, tell(*words) == 0 ? 0 : errno);
	return 0;
}

static bool tell_refused(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno != EACCES)
		guest_fail(__FILE__, __LINE__, path, errno);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

/* Every call of the stat family is one way to say it; what is answered looks like a device. */
static void tell_calls(void)
{
	struct stat status;

	for (enum tell_way way = BY_STAT; way <= BY_STATX; way++) {
		guest_write("made", "x");
		CHECK(tell_by(way, DEVICE "/deny/read+/***/made") == 0 && tell_refused("made"));
		CHECK(tell_by(way, "/dev/syd/deny/read-/***/made") == 0 && !tell_refused("made"));
		CHECK_ERR(EINVAL, tell_by(way, DEVICE "/deny/raed+/made"));
	}
	CHECK(stat(DEVICE, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == 0x103);
	CHECK(lstat("/dev/syd", &status) == 0 && S_ISCHR(status.st_mode));
	CHECK(stat(DEVICE "/sandbox/read?", &status) == 0 && S_ISCHR(status.st_mode));
	CHECK_ERR(EINVAL, stat(DEVICE "/", &status));
	/* Other calls know no such file. */
	CHECK_ERR(ENOENT, guest_access(DEVICE "/sandbox/read:off", F_OK));
	CHECK_ERR(ENOENT, guest_readlink(DEVICE, &status, 8));
	CHECK_ERR(ENOENT, open(DEVICE "/sandbox/read:off", O_RDONLY));
	CHECK_ERR(ENOENT, chmod(DEVICE, 0600));
	CHECK_ERR(EINVAL, fstatat(-1, DEVICE "/sandbox/read:off", &status, 0x8000));
	CHECK_ERR(EFAULT, syscall(SYS_statx, -1, DEVICE, 0, STATX_BASIC_STATS, NULL));
	CHECK(tell("sandbox/read?") == 0);
}

/* Nothing but the very words leads there: whoever is handed a name runs no command by it. */
static void tell_ways(void)
{
	static const char *const paths[] = { "link/sandbox/read:off", "deep", "//dev/kennel/sandbox/read:off",
		"/dev//kennel/sandbox/read:off", "/dev/./kennel/sandbox/read:off",
		"/dev/../dev/kennel/sandbox/read:off", "/proc/self/root/dev/kennel/sandbox/read:off",
		"/dev/kennels/sandbox/read:off", "/dev/kenne", "/dev/fd/../kennel/sandbox/read:off",
		"dev/kennel/sandbox/read:off" };
	struct stat status;
	int dev = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char link[64];

	CHECK(dev >= 0 && symlink(DEVICE, "link") == 0 && symlink(DEVICE "/sandbox/read:off", "deep") == 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		CHECK(stat(paths[i], &status) == -1 && errno != EINVAL && errno != EPERM);
		CHECK_ERR(errno, open(paths[i], O_RDONLY));
	}
	CHECK(lstat("deep", &status) == 0 && S_ISLNK(status.st_mode));
	CHECK_ERR(ENOENT, fstatat(dev, "kennel/sandbox/read:off", &status, 0));
	CHECK_ERR(ENOENT, openat(dev, "kennel", O_RDONLY));
	snprintf(link, sizeof(link), "/proc/self/fd/%d/kennel/sandbox/read:off", dev);
	CHECK_ERR(ENOENT, stat(link, &status));
	CHECK(chdir("/dev") == 0);
	CHECK_ERR(ENOENT, stat("kennel/sandbox/read:off", &status));
	CHECK_ERR(ENOENT, stat("./kennel/sandbox/read:off", &status));
	CHECK(tell("sandbox/read?") == 0);
}

/* Text that is no command, or too much of it: an errno, and the policy is what it was. */
static void tell_nonsense(void)
{
	static const char *const wrong[] = { "", "x", "allow/read+", "allow/read+x", "allow/read+/a/",
		"allow/read+/a\n", "allow/read+/a\nsandbox/read:off", "allow/read+/a\x01", "allow/read+/\xff",
		"allow/read+/\xc0\xaf", "allow/read+/${HOME}", "allow/read+/${PATH}", "include /etc/x.kennel",
		"include_profile off", "passenv+A", "setenv!A=B", "clearenv!", "lock:ipc", "lock:", "sandbox/read",
		"sandbox/read?x", "allow/read?", "default/read?", "allow/read+/[", "allow/read+/{", "block+127.0.0.x",
		"?", ":", "# comment" };
	static const char *const late[] = { "limit/calls:3", "limit/workers:3", "abi/i386:on", "trace/ptrace:off",
		"log/file:/tmp/x", "exit/wait_all:on", "rlimit/nofile:3", "allow_unsafe/ptrace:on",
		"allow_unsafe/env:on", "block-127.0.0.1", "block+127.0.0.1", "sandbox/net:on",
		"allow/net/connect+localhost!80", "setuid+0.1", "sandbox/exec:on", "allow/ioctl+TIOCSTI" };
	static char before[65536], after[65536];
	char large[PATH_MAX + 64];
	struct stat status;

	CHECK(guest_read(DEVICE, before, sizeof(before)) > 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_ERR(EINVAL, tell(wrong[i]));
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		CHECK_ERR(EOPNOTSUPP, tell(late[i]));
	memset(large, 'a', sizeof(large));
	memcpy(large, DEVICE "/deny/read+/", strlen(DEVICE "/deny/read+/"));
	large[PATH_MAX] = '\0';
	CHECK_ERR(ENAMETOOLONG, stat(large, &status));
	CHECK(guest_read(DEVICE, after, sizeof(after)) > 0 && strcmp(before, after) == 0);
	/* The longest that there is, one component of thousands of bytes. */
	large[PATH_MAX - 1] = '\0';
	CHECK(stat(large, &status) == 0);
	large[PATH_MAX - 2] = '?';
	CHECK(stat(large, &status) == 0);
	memset(large + strlen(DEVICE "/deny/read+/"), '[', 4000);
	CHECK_ERR(EINVAL, stat(large, &status));
	memset(large + strlen(DEVICE "/"), ' ', 4000);
	CHECK_ERR(EINVAL, stat(large, &status));
}

/* The state is text that nobody can change, read from memory of its own. */
static void tell_state(void)
{
	char text[65536], again[65536], link[64];
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC), other;
	struct stat status;
	ssize_t length;

	CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	length = read(fd, text, sizeof(text));
	CHECK(length > 2 && text[0] == '{' && text[length - 1] == '\n' && fstat(fd, &status) == 0);
	CHECK(status.st_size == length && pread(fd, again, sizeof(again), 0) == length);
	CHECK(memcmp(text, again, (size_t)length) == 0);
	CHECK_ERR(EBADF, write(fd, "x", 1));
	CHECK(ftruncate(fd, 0) == -1 && fchmod(fd, 0777) <= 0);
	CHECK(mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	other = open(link, O_RDWR | O_CLOEXEC);
	CHECK(other < 0 || (write(other, "x", 1) == -1 && ftruncate(other, 0) == -1));
	CHECK(pread(fd, again, sizeof(again), 0) == length && memcmp(text, again, (size_t)length) == 0);
	CHECK_ERR(EACCES, open(DEVICE, O_WRONLY));
	CHECK_ERR(EACCES, open(DEVICE, O_RDWR));
	CHECK_ERR(EACCES, open(DEVICE, O_RDONLY | O_TRUNC));
	CHECK_ERR(EACCES, open(DEVICE, O_PATH));
	CHECK_ERR(EEXIST, open(DEVICE, O_RDONLY | O_CREAT | O_EXCL, 0600));
	CHECK_ERR(ENOTDIR, open(DEVICE, O_RDONLY | O_DIRECTORY));
	CHECK(tell("deny/read+/nonexistent/mark") == 0 && guest_read("/dev/syd", again, sizeof(again)) > length);
	CHECK(strstr(again, "/nonexistent/mark"));
}

static void *tell_thread(void *result)
{
	*(int *)result = tell("deny/read+/nonexistent/thread") == 0 ? 0 : errno;
	return NULL;
}

/* The word is what anybody but the first process is told. */
static void tell_others(const char *word)
{
	pthread_t thread;
	int result = -1;
	pid_t child;

	CHECK(pthread_create(&thread, NULL, tell_thread, &result) == 0 && pthread_join(thread, NULL) == 0);
	CHECK(result == 0);
	child = fork();
	if (child == 0)
		_exit(tell("deny/read+/nonexistent/child") == 0 ? 0 : errno);
	CHECK(guest_wait(child) == atoi(word));
	child = fork();
	if (child == 0)
		_exit(open(DEVICE, O_RDONLY) >= 0 ? 0 : errno);
	CHECK(guest_wait(child) == atoi(word));
	CHECK(tell("sandbox/read?") == 0);
}

#define RACE_ROUNDS 300

static volatile bool race_over;

static void *race_rules(void *pattern)
{
	char add[128], remove[128];

	snprintf(add, sizeof(add), "deny/read,write+%s", (char *)pattern);
	snprintf(remove, sizeof(remove), "deny/read,write^%s", (char *)pattern);
	for (int i = 0; i < RACE_ROUNDS; i++)
		CHECK(tell(add) == 0 && tell(remove) == 0);
	race_over = true;
	return NULL;
}

/* A rule of ours is there for both of its categories, or not at all. */
static void race_judge(const char *text)
{
	static const char both[] = "[\"read\",\"write\"],\"pattern\":\"/nonexistent/race/";
	const char *end = strchr(both, ']');
	const char *rule = text;

	while ((rule = strstr(rule, end)) != NULL) {
		CHECK(rule - text > end - both && memcmp(rule - (end - both), both, (size_t)(end - both)) == 0);
		rule++;
	}
}

static void *race_state(void *unused)
{
	static char text[65536];

	(void)unused;
	while (!race_over) {
		ssize_t length = guest_read(DEVICE, text, sizeof(text));

		CHECK(length > 0 && text[length - 1] == '\n');
		race_judge(text);
	}
	return NULL;
}

/* Two threads change, one reads the state, this one asks for what both are about. */
static void tell_race(void)
{
	static char first[] = "/nonexistent/race/1", second[] = "/nonexistent/race/2";
	pthread_t threads[3];
	char text[65536];

	guest_write("made", "x");
	CHECK(pthread_create(&threads[0], NULL, race_rules, first) == 0);
	CHECK(pthread_create(&threads[1], NULL, race_rules, second) == 0);
	CHECK(pthread_create(&threads[2], NULL, race_state, NULL) == 0);
	while (!race_over)
		CHECK(!tell_refused("made"));
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(guest_read(DEVICE, text, sizeof(text)) > 0 && !strstr(text, "/nonexistent/race/"));
}

/* From the command on every call that is intercepted is ENOSYS, this one too. */
static void tell_ghost(void)
{
	struct stat status;

	CHECK(tell("ghost?") == -1 && errno == ENOENT);
	tell("ghost!");
	CHECK_ERR(ENOSYS, stat("/", &status));
	CHECK_ERR(ENOSYS, tell("ghost?"));
	CHECK_ERR(ENOSYS, open("/", O_RDONLY));
}

/* Natively, or where the lock is on, there is nothing. */
static void tell_nothing(void)
{
	struct stat status;

	CHECK_ERR(ENOENT, stat(DEVICE, &status));
	CHECK_ERR(ENOENT, stat("/dev/syd", &status));
	CHECK_ERR(ENOENT, tell("sandbox/read?"));
	CHECK_ERR(ENOENT, tell("nonsense"));
	CHECK_ERR(ENOENT, tell("lock:on"));
	CHECK_ERR(ENOENT, open(DEVICE, O_RDONLY));
	CHECK_ERR(ENOENT, guest_access(DEVICE, F_OK));
}

/* More rules than anybody needs: refused, and the rest goes on. */
static void tell_many(void)
{
	char command[128];
	unsigned i = 0;

	do
		snprintf(command, sizeof(command), "deny/all+/nonexistent/%u", i);
	while (tell(command) == 0 && ++i < 2000);
	if (errno != ENOSPC)
		guest_fail(__FILE__, __LINE__, command, errno);
	CHECK(i > 100 && i < 2000);
	CHECK(tell("sandbox/read?") == 0 && tell("deny/all^/nonexistent/0") == 0 && tell(command) == 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = { { "calls", tell_calls }, { "ways", tell_ways }, { "nonsense", tell_nonsense },
		{ "state", tell_state }, { "race", tell_race }, { "ghost", tell_ghost }, { "nothing", tell_nothing },
		{ "many", tell_many } };

	CHECK(argc > 1);
	if (strcmp(argv[1], "say") == 0)
		return tell_say(argv + 2);
	if (strcmp(argv[1], "others") == 0 && argc > 2) {
		tell_others(argv[2]);
		return 0;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(argv[1], parts[i].name) != 0)
			continue;
		parts[i].run();
		puts("as expected");
		return 0;
	}
	return 2;
}
