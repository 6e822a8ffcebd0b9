/*
 * What threads and processes that share something may spoil for the one whose call is judged: memory, the cwd, the
 * process that execs, the tracer's attention. Arguments: MODE [ms or rounds]. It makes the folders good and evil
 * where they are missing. Counts are printed; exit code 1 when something evil was seen or something good failed.
 */
#include "race.h"
#include "tiny.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { SHARE_AREAS = 4000, SHARE_LOOPERS = 6, SHARE_FORKS = 10, SHARE_THREADS = 64, SHARE_ROOM = 64, SHARE_LIMIT = 30 };

struct share {
	struct race *race;
	const char *self;
	long number; /* milliseconds or rounds */
	int64_t end;
	int good, evil; /* descriptors of a page with a function */
	char *page;
};

static struct share share;
static sigjmp_buf share_back;
static unsigned share_seed;

static int share_random(int below)
{
	share_seed = share_seed * 1103515245 + 12345;
	return (int)(share_seed >> 16) % below;
}

/* Both names work in both folders, since a name that flips cannot say where it is seen from. */
static void share_folder(const char *name, const char *other, bool evil)
{
	char path[64], target[64];

	mkdir(name, 0755);
	snprintf(path, sizeof(path), "%s/%s", name, name);
	CHECK(symlink(".", path) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/%s", name, other);
	snprintf(target, sizeof(target), "../%s", other);
	CHECK(symlink(target, path) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/page", name);
	tiny_function(path, evil);
}

static void share_files(void)
{
	share_folder("good", "evil", false);
	share_folder("evil", "good", true);
	guest_write("evil/mark", "");
	guest_write("good/plain", "");
	tiny_program("good/prog", false, NULL);
	share.good = open("good/page", O_RDONLY);
	share.evil = open("evil/page", O_RDONLY);
	CHECK(share.good >= 0 && share.evil >= 0);
}

static int share_print(void)
{
	race_print(share.race);
	return share.race->evil > 0 || share.race->other > 0;
}

static bool share_goes_on(void)
{
	return !share.race->evil && guest_now_ms() < share.end;
}

static void share_thread(void *(*function)(void *))
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, function, share.race) == 0);
}

static void share_fault(int signal)
{
	siglongjmp(share_back, signal);
}

static int share_call(const char *page)
{
	int (*function)(void);

	memcpy(&function, &page, sizeof(function));
	return sigsetjmp(share_back, 1) == 0 ? function() : 0;
}

static void share_put(int fd)
{
	CHECK(mmap(share.page, TINY_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == share.page);
}

static void share_map(void)
{
	struct sigaction action = { .sa_handler = share_fault, .sa_flags = SA_NODEFER };

	CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
	share.page = mmap(NULL, TINY_PAGE, PROT_READ, MAP_PRIVATE, share.good, 0);
	CHECK(share.page != MAP_FAILED);
}

static void *share_protector(void *argument)
{
	struct race *race = argument;

	while (!race->over)
		mprotect(share.page, TINY_PAGE, PROT_READ | PROT_EXEC);
	return NULL;
}

/* Each try is a process; what it says with its exit code is counted. */
static void share_try(void (*function)(void))
{
	struct race *race = share.race;
	pid_t child;
	int code;

	race->over = false;
	race->tries++;
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		share_seed = (unsigned)getpid() * 7919;
		function();
		_exit(0);
	}
	code = guest_wait(child);
	race->over = true;
	race->good += code == TINY_GOOD;
	race->evil += code == TINY_EVIL;
	if (code != TINY_GOOD && code != TINY_EVIL)
		race_count_end(race, code);
}

/* Without a bit for it in the tables of pages everything that is mapped can be executed. */
static int share_guarded(void)
{
	share_map();
	if (share_call(share.page) != TINY_GOOD)
		return 0;
	puts("this machine executes whatever can be read");
	return GUEST_SKIP;
}

static void share_mremap(void)
{
	char *room = mmap(NULL, SHARE_ROOM * TINY_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(room != MAP_FAILED);
	share_map();
	share_thread(share_protector);
	for (int i = 0; guest_now_ms() < share.end; i = (i + 1) % SHARE_ROOM) {
		char *away = room + i * TINY_PAGE;

		race_pause(share_random(4000));
		share_put(share.evil);
		race_pause(share_random(500));
		mremap(share.page, TINY_PAGE, TINY_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, away);
		share_put(share.good);
		if (share_call(away) == TINY_EVIL)
			_exit(TINY_EVIL);
		munmap(away, TINY_PAGE);
	}
}

static void *share_forker(void *argument)
{
	struct race *race = argument;
	pid_t child;

	while (!race->over) {
		child = fork();
		if (child == 0) {
			race->evil += share_call(share.page) == TINY_EVIL;
			_exit(0);
		}
		if (child > 0)
			waitpid(child, NULL, 0);
	}
	return NULL;
}

/* A copy of the memory that is made meanwhile; reading of all that is there takes its time. */
static void share_fork(void)
{
	share_map();
	for (int i = 0; i < SHARE_AREAS; i++)
		CHECK(mmap(NULL, TINY_PAGE, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
			MAP_FAILED);
	share_thread(share_protector);
	share_thread(share_forker);
	while (guest_now_ms() < share.end) {
		share_put(share.evil);
		race_pause(share_random(500));
		share_put(share.good);
		race_pause(share_random(500));
	}
}

static void *share_rewriter(void *argument)
{
	struct race *race = argument;

	while (!race->over) {
		mprotect(share.page, TINY_PAGE, PROT_READ | PROT_WRITE);
		/* Not by a pointer: it may be executable, and nothing else, again. */
		(void)!pread(share.evil, share.page, TINY_PAGE, 0);
		race_pause(share_random(4000));
	}
	return NULL;
}

/* The page of a file is executable, and shall be again; meanwhile it is written to. */
static void share_rewrite(void)
{
	share_map();
	share_thread(share_rewriter);
	while (guest_now_ms() < share.end) {
		CHECK(mmap(share.page, TINY_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, share.good, 0) ==
			share.page);
		if (mprotect(share.page, TINY_PAGE, PROT_READ | PROT_EXEC) == 0 && share_call(share.page) == TINY_EVIL)
			_exit(TINY_EVIL);
	}
}

/* The other was killed: so are we, or this is evil. A moment passes between the two. */
static void share_survive(int status)
{
	if (!WIFSIGNALED(status))
		return;
	guest_sleep_ms(200);
	_exit(TINY_EVIL);
}

static int share_protect_alone(void *argument)
{
	share_protector(argument);
	return 0;
}

static void share_vm(void)
{
	int status = 0;
	pid_t other;

	share_map();
	other = race_clone(share_protect_alone, share.race, CLONE_VM);
	while (waitpid(other, &status, WNOHANG) == 0) {
		share_put(share.evil);
		race_pause(share_random(3000));
		share_put(share.good);
		race_pause(share_random(3000));
		share.race->over = guest_now_ms() > share.end;
	}
	share_survive(status);
}

static void *share_mover(void *argument)
{
	struct race *race = argument;

	while (!race->over && guest_now_ms() < share.end)
		if (chdir(race->path))
			race->refused++;
	race->over = true;
	return NULL;
}

static int share_move_alone(void *argument)
{
	share_thread(race_flipper);
	share_mover(argument);
	return 0;
}

static void share_fs(void)
{
	int status = 0;
	pid_t other;

	CHECK(chdir("good") == 0);
	other = race_clone(share_move_alone, share.race, CLONE_FS);
	CHECK(waitpid(other, &status, 0) == other);
	share_survive(status);
}

static void share_exec(void)
{
	CHECK(chdir("good") == 0);
	share_thread(race_flipper);
	share_thread(share_mover);
	usleep((useconds_t)share_random(3000));
	execl(share.self, share.self, "where", NULL);
	_exit(1);
}

static void *share_replacer(void *argument)
{
	(void)argument;
	usleep((useconds_t)share_random(1500));
	execl("good/prog", "prog", NULL);
	_exit(1);
}

/* A page that runs, mapped at once or made so afterwards. */
static void share_map_once(bool at_once)
{
	int flags = at_once ? PROT_READ | PROT_EXEC : PROT_READ;
	void *page = mmap(NULL, TINY_PAGE, flags, MAP_PRIVATE, share.good, 0);

	CHECK(page != MAP_FAILED);
	CHECK(at_once || mprotect(page, TINY_PAGE, PROT_READ | PROT_EXEC) == 0);
	munmap(page, TINY_PAGE);
}

static void share_lead(void)
{
	share_thread(share_replacer);
	for (bool at_once = true;; at_once = !at_once)
		share_map_once(at_once);
}

static void *share_exec_in_vain(void *argument)
{
	char *words[] = { (char *)"plain", NULL };

	for (;;)
		execve("good/plain", words, NULL);
	return argument;
}

/* From now on an execve ends the thread that calls it, and nothing else. */
static void *share_filter(void *argument)
{
	struct sock_filter filter[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { .len = 4, .filter = filter };

	(void)argument;
	usleep((useconds_t)share_random(2000));
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0);
	return NULL;
}

static void share_alone(void)
{
	int64_t end = guest_now_ms() + 20;

	alarm(5);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	/* While somebody execs no thread is made (EAGAIN): that one comes last. */
	share_thread(share_filter);
	share_thread(share_exec_in_vain);
	while (guest_now_ms() < end)
		share_map_once(true);
	_exit(TINY_GOOD);
}

static pid_t share_looper(void)
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		CHECK(chdir("good") == 0 && chdir("..") == 0);
}

/* other: how many took too long. */
static int share_loops(void)
{
	pid_t loopers[SHARE_LOOPERS];

	for (int i = 0; i < SHARE_LOOPERS; i++)
		loopers[i] = share_looper();
	guest_sleep_ms(100);
	for (int i = 0; i < SHARE_FORKS && !share.race->other; i++) {
		int64_t begin = guest_now_ms();
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0)
			_exit(0);
		CHECK(guest_wait(child) == 0);
		share.race->good += guest_now_ms() - begin < share.number;
		share.race->other += guest_now_ms() - begin >= share.number;
	}
	for (int i = 0; i < SHARE_LOOPERS; i++)
		CHECK(kill(loopers[i], SIGKILL) == 0 && guest_wait(loopers[i]) == 128 + SIGKILL);
	return share_print();
}

static int share_untraced(void)
{
	pid_t child = (pid_t)syscall(SYS_clone, CALL_CLONE(CLONE_UNTRACED | SIGCHLD), 0, 0, 0);

	if (child == 0)
		_exit(0);
	puts(child > 0 ? "cloned" : errno == EPERM ? "EPERM" : strerror(errno));
	return 0;
}

static void *share_mapper(void *argument)
{
	for (;;)
		share_map_once(true);
	return argument;
}

static int share_many(void)
{
	for (unsigned i = 0; i < guest_rounds(SHARE_THREADS); i++)
		share_thread(share_mapper);
	puts("ready");
	fflush(stdout);
	share_mapper(NULL);
	return 1;
}

static void share_program_once(void)
{
	pid_t child;

	tiny_program("copy", false, NULL);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		execl("copy", "copy", NULL);
		_exit(errno);
	}
	CHECK(guest_wait(child) == TINY_GOOD);
}

static void share_fifo_once(void)
{
	int reader = open("fifo", O_RDONLY | O_NONBLOCK), writer = open("fifo", O_WRONLY);
	char byte;

	CHECK(reader >= 0 && writer >= 0 && write(writer, "x", 1) == 1 && close(writer) == 0);
	CHECK(read(reader, &byte, 1) == 1);
	CHECK(read(reader, &byte, 1) == 0);
	close(reader);
}

static int share_close(void)
{
	CHECK(mkfifo("fifo", 0600) == 0 || errno == EEXIST);
	for (long i = 0; i < share.number; i++) {
		share_program_once();
		share_fifo_once();
	}
	return 0;
}

static int share_limit(void)
{
	struct rlimit limit = { SHARE_LIMIT, SHARE_LIMIT };
	int low = dup(0), fd;

	for (int i = SHARE_LIMIT; i < 3 * SHARE_LIMIT; i++)
		CHECK(dup2(0, i) == i);
	close(low);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(open("good/page", O_RDONLY) == low);
	CHECK(open("new", O_WRONLY | O_CREAT, 0600) == low + 1);
	for (fd = low + 1; fd < SHARE_LIMIT - 1; fd++)
		CHECK(dup(0) >= 0 || errno == EMFILE);
	CHECK_ERR(EMFILE, open("good/page", O_RDONLY));
	CHECK(close(low) == 0);
	CHECK(open("good/page", O_RDONLY) == low);
	return 0;
}

static void share_on_signal(int number)
{
	(void)number;
}

/* Sends these by turns for a while, then the one that is waited for, until it was heard. */
static pid_t share_sender(const int *numbers, size_t count, int last)
{
	pid_t parent = getpid(), child = fork();

	CHECK(child >= 0);
	if (child)
		return child;
	for (size_t i = 0; i < 5 * count; i++) {
		guest_sleep_ms(10);
		kill(parent, numbers[i % count]);
	}
	for (;;) {
		kill(parent, last);
		guest_sleep_ms(10);
	}
}

static bool share_heard(pid_t child)
{
	return kill(child, SIGKILL) == 0 && guest_wait(child) == 128 + SIGKILL;
}

static int share_signals(void)
{
	static const int ignored[] = { SIGCHLD, SIGWINCH, SIGUSR1 }, handled[] = { SIGUSR2 };
	struct sigaction action = { .sa_handler = share_on_signal };
	int queue = epoll_create1(0);
	struct epoll_event event;
	sigset_t wanted;
	pid_t child;

	CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR && sigaction(SIGUSR2, &action, NULL) == 0);
	CHECK(sigaction(SIGTERM, &action, NULL) == 0);
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGALRM);
	CHECK(sigprocmask(SIG_BLOCK, &wanted, NULL) == 0);
	child = share_sender(ignored, 3, SIGALRM);
	CHECK(sigwaitinfo(&wanted, NULL) == SIGALRM && share_heard(child));
	/* It may have sent another one until its end. */
	while (sigtimedwait(&wanted, NULL, &(const struct timespec){ 0 }) == SIGALRM)
		;
	child = share_sender(handled, 1, SIGUSR2);
	CHECK_ERR(EINTR, sigwaitinfo(&wanted, NULL));
	CHECK(share_heard(child));
	share.end = guest_now_ms() + 140;
	child = share_sender(ignored, 3, SIGTERM);
	CHECK_ERR(EINTR, epoll_wait(queue, &event, 1, -1));
	CHECK(guest_now_ms() >= share.end && share_heard(child));
	child = share_sender(handled, 1, SIGUSR2);
	CHECK_ERR(EINTR, epoll_wait(queue, &event, 1, -1));
	CHECK(share_heard(child));
	return 0;
}

/* In tries, for a time or a number of times; or once. */
static const struct {
	const char *name;
	void (*try)(void);
	bool counts;
	int (*once)(void);
} share_modes[] = {
	{ "guarded", NULL, false, share_guarded },
	{ "mremap", share_mremap, false, NULL },
	{ "fork", share_fork, false, NULL },
	{ "rewrite", share_rewrite, false, NULL },
	{ "vm", share_vm, false, NULL },
	{ "fs", share_fs, false, NULL },
	{ "exec", share_exec, false, NULL },
	{ "lead", share_lead, true, NULL },
	{ "alone", share_alone, true, NULL },
	{ "loops", NULL, false, share_loops },
	{ "untraced", NULL, false, share_untraced },
	{ "many", NULL, false, share_many },
	{ "close", NULL, false, share_close },
	{ "limit", NULL, false, share_limit },
	{ "signals", NULL, false, share_signals },
};

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "where") == 0)
		return access("mark", F_OK) == 0 ? TINY_EVIL : TINY_GOOD;
	if (argc < 3)
		return 2;
	share = (struct share){ .race = race_new("good"), .self = argv[0], .number = atol(argv[2]) };
	share.end = guest_now_ms() + share.number;
	share_files();
	for (size_t i = 0; i < sizeof(share_modes) / sizeof(*share_modes); i++) {
		if (strcmp(share_modes[i].name, argv[1]) != 0)
			continue;
		if (share_modes[i].once)
			return share_modes[i].once();
		while (share_modes[i].counts ? share.race->tries < share.number : share_goes_on())
			share_try(share_modes[i].try);
		return share_print();
	}
	return 2;
}
