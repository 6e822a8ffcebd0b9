/*
 * Runs tests that are written for Criterion, from a static program: each in a process and a
 * process group of its own, which is killed as a whole at its time limit. Results are TAP. It owns
 * the memory that it shares with the tests, through which they say what failed, and the captured
 * output; it must not hand a test any descriptor but 0, 1 and 2.
 *
 * usage: PROGRAM [--tap=FILE] [--jobs=N] [--filter=SUITE/NAME] (* and ? stand for anything)
 *
 * KENNEL_TEST_SLOWER=N in the environment multiplies all time limits.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAID_MAX = 32768, JOBS_MAX = 16, STATUS_ENDED = 99, LIMIT_S = 60, STRAGGLERS_S = 10 };

/* Shared with the process of a test, and with what that forks. */
struct said {
	unsigned failures;
	bool skipped;
	size_t length;
	char text[SAID_MAX];
};

struct job {
	const struct runner_entry *test;
	struct said *said;
	unsigned number;
	pid_t pid; /* 0: free */
	int output;
	long long start_ms, limit_ms;
	bool too_late;
};

struct runner {
	struct job jobs[JOBS_MAX];
	size_t jobs_count;
	FILE *tap;
	const char *filter;
	unsigned slower;
	unsigned started, failed;
};

extern const struct runner_entry *const __start_runner_entries[], *const __stop_runner_entries[];

/* ---- In the process of a test ---- */

static struct said *runner_said;

static void runner_vsay(const char *format, va_list list)
{
	struct said *said = runner_said;
	int length = vsnprintf(said->text + said->length, SAID_MAX - said->length, format, list);

	if (length > 0)
		said->length += (size_t)length;
	if (said->length >= SAID_MAX)
		said->length = SAID_MAX - 1;
}

static void runner_say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	runner_vsay(format, list);
	va_end(list);
}

void runner_failed(const char *file, int line, const char *what, const char *format, ...)
{
	va_list list;

	runner_said->failures++;
	runner_say("%s:%d: not so: %s\n", file, line, what);
	va_start(list, format);
	runner_vsay(format, list);
	va_end(list);
	runner_say("\n");
}

void runner_numbers(long long one, long long other)
{
	runner_say("(%lld, %lld) ", one, other);
}

void runner_strings(const char *one, const char *other)
{
	runner_say("\"%.2000s\", \"%.2000s\": ", one, other);
}

void runner_end(void)
{
	exit(STATUS_ENDED);
}

void runner_skip(const char *format, ...)
{
	va_list list;

	runner_said->skipped = true;
	runner_said->length = 0;
	va_start(list, format);
	runner_vsay(format, list);
	va_end(list);
	exit(STATUS_ENDED);
}

void runner_redirect(int fd)
{
	int memory = memfd_create("redirected", 0);

	if (memory < 0 || dup2(memory, fd) != fd || close(memory))
		abort();
}

bool runner_same_output(int fd, const char *expected)
{
	char buffer[SAID_MAX];
	ssize_t length;

	fflush(NULL);
	length = pread(fd, buffer, sizeof(buffer) - 1, 0);
	buffer[length < 0 ? 0 : length] = '\0';
	if (strcmp(buffer, expected) == 0)
		return true;
	runner_strings(buffer, expected);
	return false;
}

/* ---- In the runner ---- */

static const struct runner_options *runner_suite(const char *suite)
{
	static const struct runner_options none;

	for (const struct runner_entry *const *entry = __start_runner_entries; entry < __stop_runner_entries; entry++)
		if (!(*entry)->run && strcmp((*entry)->suite, suite) == 0)
			return &(*entry)->options;
	return &none;
}

static long long runner_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static _Noreturn void runner_test(const struct runner_entry *test, int output)
{
	const struct runner_options *suite = runner_suite(test->suite);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The first process of a machine starts us with some of them ignored. */
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	setpgid(0, 0);
	if (dup2(output, 1) != 1 || dup2(output, 2) != 2)
		abort();
	close_range(3, ~0U, 0);
	if (suite->init)
		suite->init();
	if (test->options.init)
		test->options.init();
	test->run();
	if (test->options.fini)
		test->options.fini();
	if (suite->fini)
		suite->fini();
	exit(0);
}

static void runner_start(struct runner *runner, struct job *job, const struct runner_entry *test)
{
	double limit = test->options.timeout > 0 ? test->options.timeout : runner_suite(test->suite)->timeout;

	job->test = test;
	job->number = ++runner->started;
	job->too_late = false;
	job->start_ms = runner_now_ms();
	job->limit_ms = (long long)((limit > 0 ? limit : LIMIT_S) * 1000) * runner->slower;
	job->output = memfd_create("output", MFD_CLOEXEC);
	job->said->failures = 0;
	job->said->skipped = false;
	job->said->length = 0;
	job->said->text[0] = '\0';
	fflush(NULL);
	runner_said = job->said;
	job->pid = fork();
	if (job->pid < 0 || job->output < 0) {
		perror("runner");
		exit(1);
	}
	if (job->pid == 0)
		runner_test(test, job->output);
	setpgid(job->pid, job->pid);
}

/* Every line as a comment, as TAP has them. */
static void runner_comment(FILE *tap, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		fprintf(tap, "# %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

/* What a test wrote: all of it when it failed, else only its notes. */
static void runner_show_output(const struct job *job, bool all)
{
	FILE *output = fdopen(job->output, "r");
	char line[4096];

	rewind(output);
	while (fgets(line, sizeof(line), output)) {
		line[strcspn(line, "\n")] = '\0';
		if (all || strncmp(line, "note: ", 6) == 0)
			printf("# %s\n", line);
	}
	fclose(output);
}

/* NULL when the process ended as it should, else what was wrong, in buffer. */
static const char *runner_problem(const struct job *job, int status, char *buffer, size_t size)
{
	const struct runner_options *options = &job->test->options;
	int signaled = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (job->too_late)
		snprintf(buffer, size, "no end within %lld ms", job->limit_ms);
	else if (signaled != options->signal)
		snprintf(buffer, size, "ended by signal %d", signaled);
	else if (!signaled && !job->said->failures && WEXITSTATUS(status) != options->exit_code)
		snprintf(buffer, size, "exit status %d", WEXITSTATUS(status));
	else
		return NULL;
	return buffer;
}

static void runner_ended(struct runner *runner, struct job *job, int status)
{
	const struct runner_entry *test = job->test;
	double seconds = (double)(runner_now_ms() - job->start_ms) / 1000;
	bool skipped = job->said->skipped && !job->too_late && !WIFSIGNALED(status);
	char buffer[128];
	const char *problem = skipped ? NULL : runner_problem(job, status, buffer, sizeof(buffer));
	bool bad = problem || job->said->failures;

	kill(-job->pid, SIGKILL);
	job->pid = 0;
	runner->failed += bad;
	fprintf(runner->tap, "%s %u - %s::%s", bad ? "not ok" : "ok", job->number, test->suite, test->name);
	if (skipped)
		fprintf(runner->tap, " # SKIP %.*s\n", (int)strcspn(job->said->text, "\n"), job->said->text);
	else
		fprintf(runner->tap, " (%.2fs)\n", seconds);
	if (problem)
		fprintf(runner->tap, "# %s\n", problem);
	if (bad)
		runner_comment(runner->tap, job->said->text);
	fflush(runner->tap);
	runner_show_output(job, bad);
	fflush(stdout);
}

static struct job *runner_job(struct runner *runner, pid_t pid)
{
	for (size_t i = 0; i < runner->jobs_count; i++)
		if (runner->jobs[i].pid == pid)
			return &runner->jobs[i];
	return NULL;
}

static void runner_reap(struct runner *runner)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct job *job = runner_job(runner, pid);

		if (job)
			runner_ended(runner, job, status);
	}
}

static bool runner_is_busy(const struct runner *runner)
{
	for (size_t i = 0; i < runner->jobs_count; i++)
		if (runner->jobs[i].pid)
			return true;
	return false;
}

/* Waits for a child to end, for a while; ends those whose time is over. */
static void runner_wait(struct runner *runner)
{
	struct timespec rest = { 0, 50000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &rest);
	runner_reap(runner);
	for (size_t i = 0; i < runner->jobs_count; i++) {
		struct job *job = &runner->jobs[i];

		if (!job->pid || job->too_late || runner_now_ms() - job->start_ms < job->limit_ms)
			continue;
		job->too_late = true;
		kill(-job->pid, SIGKILL);
	}
}

static bool runner_is_wanted(const struct runner *runner, const struct runner_entry *entry)
{
	char name[512];

	if (!entry->run)
		return false;
	snprintf(name, sizeof(name), "%s/%s", entry->suite, entry->name);
	return !runner->filter || fnmatch(runner->filter, name, 0) == 0;
}

static void runner_run(struct runner *runner)
{
	unsigned wanted = 0;

	for (const struct runner_entry *const *entry = __start_runner_entries; entry < __stop_runner_entries; entry++)
		wanted += runner_is_wanted(runner, *entry);
	fprintf(runner->tap, "1..%u\n", wanted);
	for (const struct runner_entry *const *entry = __start_runner_entries; entry < __stop_runner_entries; entry++) {
		struct job *job;

		if (!runner_is_wanted(runner, *entry))
			continue;
		while (!(job = runner_job(runner, 0)))
			runner_wait(runner);
		runner_start(runner, job, *entry);
	}
	while (runner_is_busy(runner))
		runner_wait(runner);
}

/* Guards of a test may live a little longer than it does; they have come to us. */
static void runner_finish(struct runner *runner)
{
	long long end = runner_now_ms() + STRAGGLERS_S * 1000LL * runner->slower;

	while (waitpid(-1, NULL, WNOHANG) >= 0 && runner_now_ms() < end)
		usleep(10000);
	if (waitpid(-1, NULL, WNOHANG) >= 0)
		printf("# processes are left\n");
}

static const char *runner_argument(const char *argument, const char *name)
{
	size_t length = strlen(name);

	return strncmp(argument, name, length) == 0 ? argument + length : NULL;
}

static void runner_parse(struct runner *runner, char **arguments)
{
	const char *value;

	for (; *arguments; arguments++) {
		if ((value = runner_argument(*arguments, "--tap=")))
			runner->tap = fopen(value, "we");
		else if ((value = runner_argument(*arguments, "--jobs=")))
			runner->jobs_count = (size_t)atoi(value);
		else if ((value = runner_argument(*arguments, "--filter=")))
			runner->filter = value;
		else
			runner->tap = NULL;
		if (!runner->tap || runner->jobs_count < 1 || runner->jobs_count > JOBS_MAX) {
			fprintf(stderr, "runner: bad argument: %s\n", *arguments);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	static struct runner runner = { .jobs_count = 1, .slower = 1 };
	const char *slower = getenv("KENNEL_TEST_SLOWER");
	sigset_t set;

	runner.tap = stdout;
	if (argc > 0)
		runner_parse(&runner, argv + 1);
	if (slower && atoi(slower) > 0)
		runner.slower = (unsigned)atoi(slower);
	for (size_t i = 0; i < runner.jobs_count; i++) {
		runner.jobs[i].said =
			mmap(NULL, sizeof(struct said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (runner.jobs[i].said == MAP_FAILED)
			return 1;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	runner_run(&runner);
	runner_finish(&runner);
	return runner.failed ? 1 : 0;
}
