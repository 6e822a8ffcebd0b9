/*
 * Calls that block, many of each kind: a FIFO without a partner, a file under a lease, a file
 * on a FUSE filesystem that does not answer (tests/guests/serve_fuse.c, mounted on "mnt").
 * Meanwhile another process goes on as if nothing were, and the blocked ones can be ended.
 * Arguments: the part, how many, and for "inside" the program that serves.
 */
#include "guest.h"

#include <dirent.h>
#include <grp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/time.h>

#define BLOCK_MAX 300
#define BLOCK_FUSE_FD 9
#define BLOCK_EINTR 3

static pid_t block_children[BLOCK_MAX];
static size_t block_count;
static const char *block_server;
static atomic_uint *block_signals; /* that handlers have seen, of all processes */

static void block_on_signal(int number)
{
	(void)number;
	atomic_fetch_add(block_signals, 1);
}

static void block_open(const char *name, int flags)
{
	int fd = open(name, flags);

	_exit(fd < 0 && errno == EINTR ? BLOCK_EINTR : fd < 0 ? 4 : 0);
}

/* Every second one restarts. */
static void block_start(const char *name, int flags)
{
	for (size_t i = 0; i < block_count; i++) {
		CHECK((block_children[i] = fork()) >= 0);
		if (block_children[i] == 0) {
			struct sigaction action = { .sa_handler = block_on_signal, .sa_flags = i % 2 ? SA_RESTART : 0 };

			CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
			block_open(name, flags);
		}
	}
}

static int block_compare(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* What a stat takes when nothing else comes in between, in nanoseconds. */
static int64_t block_stat_ns(void)
{
	static int64_t times[1001];
	struct stat status;

	for (size_t i = 0; i < 1001; i++) {
		struct timespec before, after;

		clock_gettime(CLOCK_MONOTONIC, &before);
		CHECK(stat("file", &status) == 0);
		clock_gettime(CLOCK_MONOTONIC, &after);
		times[i] = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
	}
	qsort(times, 1001, sizeof(times[0]), block_compare);
	return times[100];
}

/* How many have ended by themselves, with EINTR. */
static size_t block_interrupted(void)
{
	size_t count = 0;

	for (size_t i = 0; i < block_count; i++) {
		int status;

		if (block_children[i] == 0 || waitpid(block_children[i], &status, WNOHANG) == 0)
			continue;
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == BLOCK_EINTR);
		block_children[i] = 0;
		count++;
	}
	return count;
}

static void block_all(const char *name, int flags)
{
	int64_t alone = block_stat_ns();
	int64_t beside, start;
	size_t ended = 0;

	atomic_store(block_signals, 0);
	block_start(name, flags);
	guest_sleep_ms(500);
	CHECK(block_interrupted() == 0);
	beside = block_stat_ns();
	printf("stat %lld ns alone, %lld ns beside\n", (long long)alone, (long long)beside);
	for (size_t i = 0; i < block_count; i++)
		CHECK(kill(block_children[i], SIGUSR1) == 0);
	start = guest_now_ms();
	while (ended < (block_count + 1) / 2 && guest_now_ms() - start < guest_limit_ms(5000)) {
		guest_sleep_ms(10);
		ended += block_interrupted();
	}
	CHECK(ended == (block_count + 1) / 2);
	/* The others had theirs, too, and wait again. */
	while (atomic_load(block_signals) < block_count && guest_now_ms() - start < guest_limit_ms(5000))
		guest_sleep_ms(10);
	guest_sleep_ms(200);
	CHECK(atomic_load(block_signals) == block_count && block_interrupted() == 0);
	for (size_t i = 0; i < block_count; i++)
		CHECK(block_children[i] == 0 || kill(block_children[i], SIGKILL) == 0);
	for (size_t i = 0; i < block_count; i++)
		CHECK(block_children[i] == 0 || guest_wait(block_children[i]) == 128 + SIGKILL);
	CHECK(guest_now_ms() - start < guest_limit_ms(8000));
}

/* The worker of a call whose process was killed is killed, too, a moment later. */
static void block_nobody_reads(const char *name)
{
	int64_t start = guest_now_ms();
	int fd = open(name, O_WRONLY | O_NONBLOCK);

	for (; fd >= 0 && guest_now_ms() - start < guest_limit_ms(5000); fd = open(name, O_WRONLY | O_NONBLOCK)) {
		close(fd);
		guest_sleep_ms(10);
	}
	CHECK_ERR(ENXIO, open(name, O_WRONLY | O_NONBLOCK));
}

static void block_fifo(void)
{
	CHECK(mkfifo("fifo", 0600) == 0);
	block_all("fifo", O_RDONLY);
	block_nobody_reads("fifo");
	block_all("fifo", O_WRONLY);
}

static void block_lease(void)
{
	int fd = open("leased", O_RDONLY | O_CREAT, 0600);

	CHECK(fd >= 0 && signal(SIGIO, SIG_IGN) != SIG_ERR && fcntl(fd, F_SETLEASE, F_RDLCK) == 0);
	block_all("leased", O_WRONLY);
}

static void block_fuse(void)
{
	block_all("mnt/stalled", O_RDONLY);
	block_all("mnt/stuck", O_RDONLY);
	block_all("mnt/dir/../stuck", O_PATH);
}

/* More than there are workers: the oldest gets EINTR, the newest waits. */
static void block_evict(void)
{
	block_start("mnt/stalled", O_RDONLY);
	guest_sleep_ms(1000);
	printf("evicted %zu\n", block_interrupted());
	for (size_t i = 0; i < block_count; i++)
		CHECK(block_children[i] == 0 || kill(block_children[i], SIGKILL) == 0);
}

/* Names and attributes, each the way that the kernel has it. */
static void block_names(void)
{
	struct stat status;
	char text[64];

	CHECK(mkdir("mnt/made", 0750) == 0 && stat("mnt/made", &status) == 0 && status.st_mode == (S_IFDIR | 0750));
	CHECK_ERR(EEXIST, mkdir("mnt/made", 0750));
	CHECK_ERR(ENOENT, stat("mnt/none", &status));
	CHECK_ERR(ENOTDIR, stat("mnt/file/x", &status));
	CHECK(symlink("../file", "mnt/made/up") == 0 && readlink("mnt/made/up", text, sizeof(text)) == 7);
	CHECK(stat("mnt/made/up", &status) == 0 && status.st_size == 4);
	CHECK(rename("mnt/made/up", "mnt/dir/up") == 0 && lstat("mnt/dir/up", &status) == 0);
	CHECK(unlink("mnt/dir/up") == 0 && rmdir("mnt/made") == 0);
	CHECK_ERR(EXDEV, rename("mnt/file", "moved"));
	CHECK_ERR(EBUSY, rmdir("mnt"));
	CHECK(chmod("mnt/file", 0600) == 0 && access("mnt/file", R_OK) == 0);
	CHECK(truncate("mnt/file", 2) == 0 && stat("mnt/file", &status) == 0);
	CHECK(status.st_size == 2 && status.st_mode == (S_IFREG | 0600));
	CHECK(symlink("mnt/file", "into") == 0 && stat("into", &status) == 0 && status.st_size == 2);
	CHECK(symlink("../file", "mnt/out") == 0 && stat("mnt/out", &status) == 0 && unlink("mnt/out") == 0);
}

/* The folder holds one file, however often it is read. */
static void block_list(void)
{
	DIR *dir = opendir("mnt/dir");
	const struct dirent *entry;

	CHECK(dir);
	for (unsigned i = 0; i < 2; i++, rewinddir(dir)) {
		CHECK((entry = readdir(dir)) && strcmp(entry->d_name, "in") == 0);
		CHECK(!readdir(dir));
	}
	CHECK(closedir(dir) == 0);
}

/* Descriptors, the working directory, and what begins there. */
static void block_descriptors(void)
{
	struct stat status;
	struct statfs fs;
	char text[16];
	int fd, dir;

	CHECK((fd = open("mnt/new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) == 3);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && write(fd, "hello", 5) == 5 && fstat(fd, &status) == 0);
	CHECK(status.st_size == 5 && ftruncate(fd, 3) == 0 && fchmod(fd, 0640) == 0 && fstat(fd, &status) == 0);
	CHECK(status.st_size == 3 && status.st_mode == (S_IFREG | 0640) && close(fd) == 0);
	CHECK(statfs("mnt", &fs) == 0 && fs.f_type == 0x65735546);
	CHECK((dir = open("mnt/dir", O_RDONLY | O_DIRECTORY)) == 3 && (fd = openat(dir, "in", O_RDONLY)) == 4);
	CHECK(read(fd, text, sizeof(text)) == 2 && close(fd) == 0 && fstatat(dir, "..", &status, 0) == 0);
	CHECK(chdir("mnt/dir") == 0 && stat("in", &status) == 0 && stat("../file", &status) == 0);
	CHECK(stat("../../file", &status) == 0 && fchdir(dir) == 0 && chdir("../..") == 0 && close(dir) == 0);
}

/* Closing is waited for by whoever closes, and nobody else. */
static void block_close(void)
{
	struct stat status;
	int64_t start = guest_now_ms();
	int fd = open("mnt/sticky", O_RDONLY);

	CHECK(fd == 3 && stat("file", &status) == 0 && guest_now_ms() - start < guest_limit_ms(500));
	CHECK(close(fd) == 0 && guest_now_ms() - start >= guest_limit_ms(900));
}

/* What is made belongs to whom it should. */
static void block_identity(void)
{
	struct stat status;

	CHECK(chmod("mnt", 0777) == 0 && setgroups(0, NULL) == 0 && setresgid(1234, 1234, 1234) == 0);
	CHECK(setresuid(4321, 4321, 4321) == 0);
	umask(027);
	CHECK(mkdir("mnt/mine", 0777) == 0 && stat("mnt/mine", &status) == 0 && status.st_mode == (S_IFDIR | 0750));
	CHECK(status.st_uid == 4321 && status.st_gid == 1234 && rmdir("mnt/mine") == 0);
	CHECK_ERR(EACCES, open("mnt/file", O_WRONLY));
	CHECK_ERR(EPERM, chmod("mnt/file", 0666));
}

/*
 * What was opened for writing is the caller's alone when it goes on: it waits for our close, which lasts. A signal ends
 * that, and not the open.
 */
static void block_placed(void)
{
	const long pause_ms = guest_limit_ms(400);
	const struct itimerval timer = { .it_value = { pause_ms / 1000, pause_ms % 1000 * 1000 } };
	const struct sigaction action = { .sa_handler = block_on_signal };
	int64_t start = guest_now_ms();

	CHECK(open("mnt/sticky", O_WRONLY | O_CLOEXEC) == 3 && guest_now_ms() - start >= guest_limit_ms(900));
	CHECK(fcntl(3, F_GETFD) == FD_CLOEXEC);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0);
	start = guest_now_ms();
	CHECK(open("mnt/sticky", O_RDWR) == 4 && atomic_load(block_signals) == 1);
	CHECK(guest_now_ms() - start < guest_limit_ms(900));
	CHECK(fcntl(4, F_GETFD) == 0);
	CHECK_ERR(EBADF, fcntl(5, F_GETFD));
}

/* Numbers are the lowest free ones, and no more than the limit allows. */
static void block_limit(void)
{
	struct rlimit limit = { .rlim_cur = 5, .rlim_max = 5 };

	for (int writes = 0; writes < 2; writes++) {
		CHECK(open("mnt/file", writes ? O_WRONLY : O_RDONLY) == 3 && open("mnt/file", O_RDWR) == 4);
		CHECK(close(3) == 0 && open("mnt/dir", O_RDONLY) == 3);
		CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
		CHECK_ERR(EMFILE, open("mnt/file", writes ? O_WRONLY : O_RDONLY));
		CHECK_ERR(EMFILE, open("mnt/never", O_WRONLY | O_CREAT, 0600));
		CHECK_ERR(ENOENT, access("mnt/never", F_OK));
		CHECK(close(3) == 0 && open("mnt/file", O_RDWR) == 3 && close(3) == 0 && close(4) == 0);
	}
}

/* The worker is killed by the test when the descriptor is here, and before the call knows of it. */
static void block_spoiled(void)
{
	printf("pid %d\n", (int)getpid());
	CHECK(open("mnt/sticky", O_WRONLY) == 3 && write(3, "x", 1) == 1);
	CHECK_ERR(EBADF, fcntl(4, F_GETFD));
}

/* Until they are killed: some wait for answers that do not come, others get descriptors all the time. */
static void block_hold(void)
{
	block_start("mnt/stalled", O_RDONLY);
	block_start("mnt/stuck", O_RDONLY);
	guest_sleep_ms(1000);
	printf("ready\n");
	pause();
}

static void block_give(void)
{
	for (size_t i = 0; i < block_count; i++) {
		CHECK((block_children[i] = fork()) >= 0);
		while (block_children[i] == 0) {
			int fd = open("mnt/file", i % 2 ? O_RDWR : O_RDONLY);

			CHECK(fd == 3 && close(fd) == 0);
		}
	}
	printf("ready\n");
	pause();
}

static void block_surface(void)
{
	block_names();
	block_list();
	block_descriptors();
	block_close();
	block_identity();
}

static int block_numbers[3]; /* of a long directory, of one on the filesystem, and of either */
static atomic_bool block_done;

static void *block_swap(void *unused)
{
	while (!block_done) {
		CHECK(dup2(block_numbers[1], block_numbers[2]) >= 0);
		usleep(200);
		CHECK(dup2(block_numbers[0], block_numbers[2]) >= 0);
		usleep(1000);
	}
	return unused;
}

/* "long" is so full of refused names that it takes several turns: meanwhile the descriptor becomes another one. */
static void block_swapped(void)
{
	char entries[4096], name[NAME_MAX + 1];
	pthread_t thread;

	memset(name, 'x', NAME_MAX);
	name[NAME_MAX] = '\0';
	CHECK(mkdir("long", 0700) == 0 && chdir("long") == 0);
	for (unsigned i = 0; i < 6000; i++) {
		memcpy(name, (char[]){ (char)('a' + i / 400), (char)('a' + i / 20 % 20), (char)('a' + i % 20) }, 3);
		CHECK(mknod(name, S_IFREG | 0600, 0) == 0);
	}
	CHECK(chdir("..") == 0);
	block_numbers[0] = open("long", O_RDONLY | O_DIRECTORY);
	block_numbers[1] = open("mnt", O_RDONLY | O_DIRECTORY);
	block_numbers[2] = dup(block_numbers[0]);
	CHECK(block_numbers[2] >= 0 && pthread_create(&thread, NULL, block_swap, NULL) == 0);
	for (unsigned i = 0; i < 200; i++) {
		CHECK(lseek(block_numbers[2], 0, SEEK_SET) == 0);
		CHECK(syscall(SYS_getdents64, block_numbers[2], entries, sizeof(entries)) >= 0);
	}
	block_done = true;
	CHECK(pthread_join(thread, NULL) == 0);
}

static void *block_open_pipe(void *unused)
{
	open("pipe", O_WRONLY);
	return unused;
}

/* Many threads wait, and all end at once. */
static void block_dismissed(void)
{
	pid_t child;

	CHECK(mkfifo("pipe", 0600) == 0 && (child = fork()) >= 0);
	for (size_t i = 0; child == 0 && i < block_count; i++) {
		pthread_t thread;

		CHECK(pthread_create(&thread, NULL, block_open_pipe, NULL) == 0);
	}
	if (child == 0)
		pause();
	sleep(1);
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	printf("ready\n");
	pause();
}

static void block_serve(const char *server)
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		execl(server, server, "9", NULL);
		_exit(1);
	}
	CHECK(close(BLOCK_FUSE_FD) == 0);
}

/* Nobody serves yet, and whoever waits is killed by the test: that is an error of the call, and no more. */
static void block_orphaned(void)
{
	CHECK_ERR(EIO, open("mnt/file", O_RDONLY));
	CHECK_ERR(EIO, mkdir("mnt/made", 0700));
	block_serve(block_server);
	CHECK(open("mnt/file", O_RDONLY) == 3 && mkdir("mnt/made", 0700) == 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "fifo", block_fifo },
		{ "lease", block_lease },
		{ "fuse", block_fuse },
		{ "evict", block_evict },
		{ "surface", block_surface },
		{ "orphaned", block_orphaned },
		{ "placed", block_placed },
		{ "limit", block_limit },
		{ "spoiled", block_spoiled },
		{ "hold", block_hold },
		{ "give", block_give },
		{ "swapped", block_swapped },
		{ "dismissed", block_dismissed },
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	block_signals = mmap(NULL, sizeof(*block_signals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(block_signals != MAP_FAILED);
	CHECK(argc >= 3);
	block_count = (size_t)atoi(argv[2]);
	CHECK(block_count <= BLOCK_MAX);
	block_server = argc == 4 ? argv[3] : NULL;
	if (block_server && strcmp(argv[1], "orphaned") != 0)
		block_serve(block_server);
	guest_write("file", "text");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(argv[1], parts[i].name) == 0)
			return parts[i].run(), 0;
	return 2;
}
