/*
 * Calls that the supervisor has to answer, with arguments that make no sense: pointers to nowhere, to memory that comes
 * and goes or that nobody else can read, numbers that are too large, descriptors that are replaced. Argument: how many
 * milliseconds. Names lead nowhere but below the cwd, descriptors 0 to 20 are files there: never natively as root.
 */
#include "attack.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	CHAOS_WORKERS = 2,
	CHAOS_THREADS = 3,
	CHAOS_FDS = 20,
	CHAOS_HERE = 199,
	CHAOS_OUT = 200,
	CHAOS_PAGE = GUEST_PAGE,
	CHAOS_TEXT = 4096, /* the last of a page */
	CHAOS_TURNS = 3000,
	CHAOS_SIZE = 1 << 16
};

static const long chaos_calls[] = { SYS_open, SYS_openat, SYS_openat2, SYS_creat, SYS_stat, SYS_lstat, SYS_fstat,
	SYS_newfstatat, SYS_statx, SYS_access, SYS_faccessat, SYS_faccessat2, SYS_readlink, SYS_readlinkat, SYS_statfs,
	SYS_fstatfs, SYS_truncate, SYS_ftruncate, SYS_fallocate, SYS_getdents, SYS_getdents64, SYS_rename, SYS_renameat,
	SYS_renameat2, SYS_mkdir, SYS_mkdirat, SYS_rmdir, SYS_unlink, SYS_unlinkat, SYS_link, SYS_linkat, SYS_symlink,
	SYS_symlinkat, SYS_mknod, SYS_mknodat, SYS_chmod, SYS_fchmod, SYS_fchmodat, SYS_fchmodat2, SYS_chown,
	SYS_lchown, SYS_fchown, SYS_fchownat, SYS_utime, SYS_utimes, SYS_futimesat, SYS_utimensat, SYS_setxattr,
	SYS_lsetxattr, SYS_fsetxattr, SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr, SYS_llistxattr,
	SYS_flistxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, SYS_setxattrat, SYS_getxattrat,
	SYS_listxattrat, SYS_removexattrat, SYS_file_getattr, SYS_file_setattr, SYS_inotify_add_watch,
	SYS_fanotify_mark, SYS_memfd_create, SYS_memfd_secret, SYS_chdir, SYS_fchdir, SYS_execve, SYS_execveat,
	SYS_socket, SYS_bind, SYS_connect, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
	SYS_getsockname, SYS_getpeername, SYS_close, SYS_dup3, SYS_fcntl, SYS_setgroups, SYS_capset, SYS_setfsuid,
	SYS_prctl, SYS_prlimit64, SYS_mmap, SYS_mprotect, SYS_umask };

static const char *const chaos_names[] = { "good/file", "evil/file", "good/../evil/file", ".", "good", "evil",
	"good/in", "good/new", "evil/new", "", "/proc/self/fd/3", "/proc/self/fd/7/file", "/proc/thread-self/fd/4",
	"good/file/", "good//in/.", "mine", "evil/prog", "/proc/self/cwd/evil/file", "\xff\n\033",
	"/dev/kennel/lock:off" };

static char *chaos_pages; /* text; text that comes and goes; nothing; read only; beyond the end of a file */
static int chaos_secret = -1;

static char *chaos_text(uint64_t page)
{
	return chaos_pages + (page + 1) * CHAOS_PAGE - CHAOS_TEXT;
}

static uint64_t chaos_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

/* No string of it begins with a slash (47). */
static void chaos_fill(char *page, uint64_t *state)
{
	struct sockaddr_un un = { AF_UNIX, "good/socket" };
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	uint64_t words[64];

	for (size_t i = 0; i < 64; i++)
		words[i] = chaos_next(state) % 3 ? chaos_next(state) % 46 : (uint64_t)(uintptr_t)chaos_pages + i * 8;
	memcpy(page, words, sizeof(words));
	memcpy(page + 512, &un, sizeof(un));
	memcpy(page + 1024, &in, sizeof(in));
	memset(page + 2048, 'x', 1000);
	for (char *at = page + 3072; at < page + CHAOS_TEXT; at += 2)
		memcpy(at, "./", 2);
	memcpy(page + CHAOS_TEXT - 9, "good/file", 9);
}

static long chaos_pointer(uint64_t *state)
{
	static const int offsets[] = { 0, 512, 1024, 2048, 3072, CHAOS_TEXT - 9, CHAOS_TEXT - 1, 8 };
	uint64_t kind = chaos_next(state) % 20;

	if (kind < 10)
		return (long)(uintptr_t)chaos_names[chaos_next(state) % (sizeof(chaos_names) / sizeof(chaos_names[0]))];
	if (kind < 17)
		return (long)(uintptr_t)(chaos_text(chaos_next(state) % 6) + offsets[chaos_next(state) % 8]);
	return kind == 17 ? 0 : kind == 18 ? -(long)(chaos_next(state) % 5000) : (long)chaos_next(state);
}

static long chaos_number(uint64_t *state)
{
	static const long numbers[] = { 0, 1, -1, AT_FDCWD, 2, 8, 16, 24, 110, 255, 4095, 4096, 65536, 65537, INT_MAX,
		INT_MIN, LONG_MAX, LONG_MIN, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_CREAT, O_RDWR | O_CREAT, O_DIRECTORY,
		O_PATH, O_TMPFILE };
	uint64_t kind = chaos_next(state) % 8;

	if (kind < 4)
		return numbers[chaos_next(state) % (sizeof(numbers) / sizeof(numbers[0]))];
	if (kind < 7)
		return (long)(chaos_next(state) % CHAOS_FDS);
	return (long)(1UL << chaos_next(state) % (sizeof(long) * 8));
}

/* What would be waited for, ends all of it, or fills the machine, is left out. */
static bool chaos_spares(long nr, const long *args)
{
	if (nr == SYS_prctl)
		return args[0] != 4 && args[0] != 15; /* PR_SET_DUMPABLE, PR_SET_NAME */
	if (nr == SYS_prlimit64)
		return args[0] != 0 || args[1] != 4; /* RLIMIT_CORE */
	if (nr == SYS_fallocate)
		return args[2] < 0 || args[3] < 0 || args[2] > CHAOS_SIZE || args[3] > CHAOS_SIZE;
	if (nr == SYS_mmap && (args[1] < 0 || args[1] > CHAOS_SIZE))
		return true;
	if (nr == SYS_fcntl)
		return (args[1] & 0xffffffff) == 7 || (args[1] & 0xffffffff) == 38; /* waits for a lock */
	if (nr == SYS_close || nr == SYS_dup3)
		return args[nr == SYS_dup3] < 0 || args[nr == SYS_dup3] > CHAOS_FDS;
	if (nr == SYS_mmap || nr == SYS_mprotect)
		return args[0] != 0 && (args[0] < (long)(uintptr_t)chaos_pages ||
					       args[0] > (long)(uintptr_t)chaos_pages + 5 * CHAOS_PAGE);
	return false;
}

static void *chaos_call(void *seed)
{
	uint64_t state = (uint64_t)(uintptr_t)seed * 0x9e3779b97f4a7c15U + 1;

	for (int turn = 0; turn < CHAOS_TURNS; turn++) {
		long nr = chaos_calls[chaos_next(&state) % (sizeof(chaos_calls) / sizeof(chaos_calls[0]))];
		long args[6];

		for (int i = 0; i < 6; i++)
			args[i] = chaos_next(&state) % 2 ? chaos_pointer(&state) : chaos_number(&state);
		if (!chaos_spares(nr, args))
			syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	}
	return NULL;
}

/* The second page is there and is not. */
static void *chaos_flip(void *seed)
{
	uint64_t state = (uint64_t)(uintptr_t)seed + 99;
	char *page = chaos_pages + CHAOS_PAGE;

	for (;;) {
		munmap(page, CHAOS_PAGE);
		page = mmap(page, CHAOS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (page != MAP_FAILED)
			chaos_fill(chaos_text(1), &state);
	}
	return NULL;
}

static void chaos_memory(uint64_t seed)
{
	int file = open("good/file", O_RDONLY | O_CLOEXEC);
	uint64_t state = seed + 7;

	chaos_pages = mmap(NULL, 6 * CHAOS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 4; i++)
		chaos_fill(chaos_text((uint64_t)i), &state);
	munmap(chaos_pages + 2 * CHAOS_PAGE, CHAOS_PAGE);
	mprotect(chaos_pages + 3 * CHAOS_PAGE, CHAOS_PAGE, PROT_READ);
	mmap(chaos_pages + 4 * CHAOS_PAGE, CHAOS_PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, CHAOS_PAGE);
	chaos_secret = (int)syscall(SYS_memfd_secret, 0);
	if (chaos_secret >= 0 && ftruncate(chaos_secret, CHAOS_PAGE) == 0)
		mmap(chaos_pages + 5 * CHAOS_PAGE, CHAOS_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			chaos_secret, 0);
}

static _Noreturn void chaos_worker(uint64_t seed)
{
	pthread_t thread;

	for (int fd = 0; fd <= CHAOS_FDS; fd++)
		open(fd % 3 ? "good/file" : "good", fd % 3 ? O_RDWR : O_RDONLY | O_DIRECTORY);
	chaos_memory(seed);
	alarm(2);
	pthread_create(&thread, NULL, chaos_flip, (void *)(uintptr_t)seed);
	for (uint64_t i = 1; i < CHAOS_THREADS; i++)
		pthread_create(&thread, NULL, chaos_call, (void *)(uintptr_t)(seed * 8 + i));
	chaos_call((void *)(uintptr_t)(seed * 8));
	_exit(0);
}

/* The one before left it in any state. */
static void chaos_repair(uint64_t seed)
{
	char aside[32];

	fchmod(CHAOS_HERE, 0755);
	snprintf(aside, sizeof(aside), "old%lu", (unsigned long)seed);
	rename("good", aside);
	mkdir("good", 0755);
	chmod("good", 0755);
	mkdir("good/in", 0755);
	close(open("good/file", O_WRONLY | O_CREAT | O_TRUNC, 0644));
}

int main(int argc, char **argv)
{
	int64_t end = guest_now_ms() + (argc > 1 ? atol(argv[1]) : 1000);
	uint64_t seed = (uint64_t)(argc > 2 ? atol(argv[2]) : getpid());
	int running = 0;

	/* Nothing of this may grow. */
	CHECK(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ CHAOS_SIZE, CHAOS_SIZE }) == 0 &&
		signal(SIGXFSZ, SIG_IGN) == 0);
	CHECK(setrlimit(RLIMIT_AS, &(struct rlimit){ 1 << 28, 1 << 28 }) == 0);
	/* What we were started with is nobody's to try; nobody can reach where the result goes. */
	CHECK(dup2(1, CHAOS_OUT) == CHAOS_OUT && fcntl(CHAOS_OUT, F_SETFD, FD_CLOEXEC) == 0);
	CHECK(dup2(open(".", O_RDONLY | O_DIRECTORY), CHAOS_HERE) == CHAOS_HERE);
	CHECK(syscall(SYS_close_range, 0, CHAOS_HERE - 1, 0) == 0);
	while (guest_now_ms() < end || running > 0) {
		pid_t child = -1;

		if (running < CHAOS_WORKERS && guest_now_ms() < end) {
			chaos_repair(seed);
			child = fork();
		}
		if (child == 0)
			chaos_worker(seed);
		running += child > 0;
		seed += child > 0;
		if (running == CHAOS_WORKERS || guest_now_ms() >= end)
			running -= waitpid(-1, NULL, 0) > 0;
	}
	return dprintf(CHAOS_OUT, "nothing\n") < 0;
}
