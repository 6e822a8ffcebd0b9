/*
 * The fixture of the tests that run the real program: folders, jobs with deadlines and
 * their outcome. It owns no state but the cwd and what is below its parent. The
 * processes that end and reap all the rest are in fixture_guard.c, the log in fixture_log.c.
 */
#include "tests/integration/fixture.h"

#include "arch/arch.h"
#include "core/abi_probe.h"
#include "core/util.h"
#include "tests/integration/fixture_guard.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOB_DEADLINE_MS = 20000, WORDS_MAX = 128, PROCESSES_MAX = 32768 };

const char *text(const char *format, ...)
{
	char *result = NULL;
	va_list list;

	va_start(list, format);
	cr_assert(vasprintf(&result, format, list) >= 0);
	va_end(list);
	return result;
}

void note(const char *format, ...)
{
	va_list list;
	char line[512];

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	fprintf(stderr, "note: %s\n", line);
}

void sleep_ms(unsigned ms)
{
	struct timespec rest = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&rest, &rest) && errno == EINTR)
		;
}

unsigned fixture_slower(void)
{
	const char *slower = getenv("KENNEL_TEST_SLOWER");

	return slower && atoi(slower) > 0 ? (unsigned)atoi(slower) : 1;
}

unsigned fixture_rounds(unsigned usual)
{
	return fixture_slower() >= MUCH_SLOWER ? (usual + 9) / 10 : usual;
}

static long long fixture_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void file_write(const char *path, const char *content)
{
	FILE *file = fopen(path, "we");

	cr_assert(file && fputs(content, file) >= 0 && fclose(file) == 0, "cannot write %s", path);
}

long file_read(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = -1;

	while (fd >= 0 && length + 1 < size && (got = read(fd, buffer + length, size - 1 - length)) > 0)
		length += (size_t)got;
	buffer[length] = '\0';
	if (fd >= 0)
		close(fd);
	return got < 0 ? -1 : (long)length;
}

bool wait_for_text(const char *path, const char *word, unsigned wait_ms)
{
	char *buffer = malloc(FIXTURE_TEXT);
	long long end = fixture_now_ms() + wait_ms * fixture_slower();
	bool found;

	do {
		sleep_ms(5);
		found = file_read(path, buffer, FIXTURE_TEXT) > 0 && strstr(buffer, word);
	} while (!found && fixture_now_ms() < end);
	free(buffer);
	return found;
}

const char *fixture_path(const char *name)
{
	char cwd[PATH_MAX];

	cr_assert(getcwd(cwd, sizeof(cwd)) != NULL);
	return name && *name ? text("%s/%s", cwd, name) : text("%s", cwd);
}

/* A name in the folder of this test's own, wherever below it the cwd is. */
static const char *fixture_base(const char *name)
{
	char cwd[PATH_MAX];
	char *base;

	cr_assert(getcwd(cwd, sizeof(cwd)) != NULL);
	base = strstr(cwd, "/kennel-test-");
	cr_assert(base, "the cwd is not the test's");
	return text("%.*s/%s", (int)(base + 1 + strcspn(base + 1, "/") - cwd), cwd, name);
}

void fixture_enter(void)
{
	const char *top = getenv("TMPDIR");
	char *base = strdup(text("%s/kennel-test-XXXXXX", top && *top ? top : "/tmp"));

	umask(022);
	cr_assert(mkdtemp(base) && chmod(base, 0755) == 0, "cannot make %s", base);
	guard_enter(base);
	cr_assert(chdir(base) == 0 && mkdir("bin", 0755) == 0 && mkdir("work", 0755) == 0 && chmod("work", 0777) == 0);
	cr_assert(chdir("work") == 0);
	free(base);
}

void fixture_leave(void)
{
	guard_leave();
}

struct relation {
	pid_t pid, parent;
	bool mine;
};

/* False for zombies, kernel threads' odd lines and processes that just ended. */
static bool fixture_relation(const char *pid, struct relation *out)
{
	char path[64], line[512];
	char *end;
	char state;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if (file_read(path, line, sizeof(line)) <= 0 || !(end = strrchr(line, ')')))
		return false;
	if (sscanf(end + 1, " %c %d", &state, &out->parent) != 2 || state == 'Z' || state == 'X')
		return false;
	out->pid = atoi(pid);
	out->mine = out->parent == getpid();
	return true;
}

static size_t fixture_relations(struct relation *all, size_t max)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (directory && count < max && (entry = readdir(directory)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && fixture_relation(entry->d_name, &all[count]))
			count++;
	if (directory)
		closedir(directory);
	return count;
}

/* Marks what has a marked parent; true when something was marked. */
static bool fixture_mark_children(struct relation *all, size_t count, pid_t parent)
{
	bool changed = false;

	for (size_t i = 0; i < count; i++) {
		if (all[i].mine || all[i].parent != parent)
			continue;
		all[i].mine = changed = true;
	}
	return changed;
}

/* Marks whatever descends from this process; the number of those that are not guards. */
static unsigned fixture_mark(struct relation *all, size_t count)
{
	unsigned marked = 0;
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < count; i++)
			changed |= all[i].mine && fixture_mark_children(all, count, all[i].pid);
	}
	for (size_t i = 0; i < count; i++)
		marked += all[i].mine && all[i].parent != getpid();
	return marked;
}

unsigned fixture_descendants(void)
{
	struct relation *all = calloc(PROCESSES_MAX, sizeof(*all));
	unsigned marked = fixture_mark(all, fixture_relations(all, PROCESSES_MAX));

	free(all);
	return marked;
}

bool fixture_all_gone(unsigned wait_ms)
{
	long long end = fixture_now_ms() + wait_ms * fixture_slower();

	do {
		if (fixture_descendants() == 0)
			return true;
		sleep_ms(10);
	} while (fixture_now_ms() < end);
	return false;
}

static void fixture_copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char buffer[65536];
	ssize_t got;

	cr_assert(in >= 0 && out >= 0, "cannot copy %s", from);
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		cr_assert(write(out, buffer, (size_t)got) == got);
	cr_assert(got == 0 && close(in) == 0 && close(out) == 0);
}

/*
 * On a machine of the tests' own a link will do. Emulators may run what a page held before when a copy is made of
 * memory that was a program (s390x with qemu 7.2).
 */
static void fixture_take(const char *from, const char *copy)
{
	if (!getenv("KENNEL_OWN_MACHINE") || link(from, copy) < 0)
		fixture_copy(from, copy);
}

const char *fixture_abis(void)
{
	const char *path = fixture_base("bin/abis.kennel");
	const char *content = "";
	const struct abi *abi;

	for (unsigned i = 0; (abi = abi_at(i)); i++)
		if (abi != abi_native() && abi_probe_runs(abi))
			content = text("%sabi/%s:on\n", content, abi->name);
	file_write(path, content);
	return path;
}

static void fixture_need_abi(const char *name)
{
	const char *suffix = strrchr(name, '.');
	const struct abi *abi;

	for (unsigned i = 0; suffix && (abi = abi_at(i)); i++)
		if (abi != abi_native() && str_equal(suffix, abi->word_bytes == 4 ? ".32" : ".ilp32") &&
			!abi_probe_runs(abi))
			cr_skip_test("this kernel runs no %s programs", abi->name);
}

const char *fixture_guest(const char *name)
{
	const char *folder = getenv("KENNEL_GUESTS");
	const char *from = text("%s/%s", folder ? folder : "build/guests", name);
	const char *copy = fixture_base(text("bin/%s", name));

	fixture_need_abi(name);
	if (access(from, X_OK))
		cr_skip_test("the guest %s was not built", name);
	if (access(copy, X_OK))
		fixture_take(from, copy);
	return copy;
}

void fixture_need_root(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
}

void fixture_need_program(const char *name)
{
	char *path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), *rest = path, *folder;
	bool found = false;

	while (!found && (folder = strsep(&rest, ":")))
		found = access(text("%s/%s", folder, name), X_OK) == 0;
	free(path);
	if (!found)
		cr_skip_test("%s is not installed", name);
}

/* Small systems have a shell and the tools of coreutils, but not these. */
static void fixture_need_command(const char *const *command)
{
	static const char *const names[] = { "bash", "python3" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(command[0], text("/bin/%s", names[i])) == 0 || strcmp(command[0], names[i]) == 0 ||
			(strcmp(command[0], "/usr/bin/env") == 0 && command[1] && strcmp(command[1], names[i]) == 0))
			fixture_need_program(names[i]);
}

/* The program; a copy where another user must be able to reach it. */
static const char *fixture_program(uid_t uid)
{
	const char *program = getenv("KENNEL");
	const char *copy;

	if (!program || access(program, X_OK))
		cr_skip_test("KENNEL does not name the program");
	if (!uid)
		return program;
	copy = fixture_base("bin/kennel");
	if (access(copy, X_OK))
		fixture_take(program, copy);
	return copy;
}

static int fixture_output(char name[FIXTURE_NAME], const char *kind)
{
	int fd;

	snprintf(name, FIXTURE_NAME, "%s.XXXXXX", fixture_base(kind));
	fd = mkostemp(name, O_CLOEXEC);
	cr_assert(fd >= 0 && fchmod(fd, 0666) == 0);
	return fd;
}

struct launch {
	const struct job *job;
	char **words;
	int out, err;
};

static void fixture_child(void *argument)
{
	const struct launch *launch = argument;
	const struct job *job = launch->job;
	uid_t uid = job->uid;
	int in = open(job->input ? job->input : "/dev/null", O_RDONLY);

	setsid();
	if (in < 0 || dup2(in, 0) < 0 || dup2(launch->out, 1) < 0 || dup2(launch->err, 2) < 0 ||
		syscall(SYS_close_range, 3, ~0U, 0))
		_exit(121);
	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		_exit(122);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (job->prepare)
		job->prepare();
	execvp(launch->words[0], launch->words);
	_exit(123);
}

static size_t fixture_words(const struct job *job, char **words)
{
	size_t count = 0;

	if (job->options) {
		words[count++] = strdup(fixture_program(job->uid));
		words[count++] = strdup("run");
		for (size_t i = 0; job->options[i]; i++)
			words[count++] = strdup(job->options[i]);
		words[count++] = strdup("--");
	}
	for (size_t i = 0; job->command[i]; i++)
		words[count++] = strdup(job->command[i]);
	cr_assert(count < WORDS_MAX);
	words[count] = NULL;
	return count;
}

void fixture_drop_capabilities(void)
{
	for (unsigned long number = 0; prctl(PR_CAPBSET_READ, number) >= 0; number++)
		if (!(FIXTURE_CAPABILITIES >> number & 1))
			prctl(PR_CAPBSET_DROP, number);
}

void fixture_start(const struct job *job, struct running *running)
{
	char *words[WORDS_MAX] = { NULL };
	struct launch launch;
	size_t count;

	fixture_need_command(job->command);
	count = fixture_words(job, words);
	launch =
		(struct launch){ job, words, fixture_output(running->out, "out"), fixture_output(running->err, "err") };
	running->deadline_ms = (job->deadline_ms ? job->deadline_ms : JOB_DEADLINE_MS) * fixture_slower();
	running->pid = guard_start(fixture_child, &launch, &running->report);
	close(launch.out);
	close(launch.err);
	for (size_t i = 0; i < count; i++)
		free(words[i]);
}

/* False when the deadline comes first. */
static bool fixture_wait(struct running *running, int *status)
{
	struct pollfd ready = { .fd = running->report, .events = POLLIN };
	int got;

	do
		got = poll(&ready, 1, (int)running->deadline_ms);
	while (got < 0 && errno == EINTR);
	return got > 0 && read(running->report, status, sizeof(*status)) == sizeof(*status);
}

void fixture_finish(struct running *running, struct outcome *outcome)
{
	int status = 0;
	bool in_time = fixture_wait(running, &status);

	/* not reaped before the guard reports it: the number is still the job's */
	if (!in_time)
		kill(running->pid, SIGKILL);
	close(running->report);
	file_read(running->out, outcome->out, sizeof(outcome->out));
	file_read(running->err, outcome->err, sizeof(outcome->err));
	outcome->signaled = in_time && WIFSIGNALED(status);
	outcome->status = !in_time ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	running->pid = -1;
}

void fixture_run(const struct job *job, struct outcome *outcome)
{
	struct running running;

	fixture_start(job, &running);
	fixture_finish(&running, outcome);
}

void run_kennel(const char *const *options, const char *const *command, struct outcome *outcome)
{
	fixture_run(&(struct job){ .options = options, .command = command }, outcome);
}

void run_native(const char *const *command, struct outcome *outcome)
{
	fixture_run(&(struct job){ .command = command }, outcome);
}

void run_program(const char *const *words, struct outcome *outcome)
{
	const char *all[WORDS_MAX] = { fixture_program(0) };

	for (size_t i = 0; words[i] && i + 2 < WORDS_MAX; i++)
		all[i + 1] = words[i];
	run_native(all, outcome);
}

void expect_status(const struct outcome *outcome, int expected, const char *what)
{
	if (outcome->status == GUEST_SKIP && expected != GUEST_SKIP)
		cr_skip_test("%s: %.200s", what, outcome->err);
	cr_assert(outcome->status == expected, "%s: status %d%s, expected %d\nout: %.2000s\nerr: %.4000s", what,
		outcome->status, outcome->status == -1 ? " (too late)" : "", expected, outcome->out, outcome->err);
}
