/*
 * A signalfd for everything that somebody may send us. Only signals sent by a process
 * (si_code <= 0) are passed on: the terminal sends its own to the whole group, payload included.
 */
#include "core/job_control.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cage_call.h"
#include "core/cleanup.h"
#include "core/loop.h"
#include "core/plan.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/trace.h"
#include "core/util.h"

#define JOB_CONTROL_MAGIC 0x4a4f4243U

/* After SIGCONT a shell has reached the whole group by then; if not, the payload needs it from us. */
#define JOB_CONTROL_CONTINUE_AFTER 0.010

struct job_control {
	uint32_t magic;
	struct supervisor *supervisor;
	int fd;
	ev_io readable;
	ev_timer continued;
};

static void job_control_forward(const struct supervisor *supervisor, int number)
{
	for (const struct sandbox *sandbox = supervisor->sandboxes; sandbox; sandbox = sandbox->next)
		if (sandbox->first_pidfd >= 0)
			cage_call(supervisor, SYS_pidfd_send_signal, sandbox->first_pidfd, number, NULL, 0);
}

/* What follows the name in parentheses in /proc/PID/stat: " S PARENT ...", and '\0' and 0 when it cannot be told. */
struct job_control_stat {
	char state;
	pid_t parent;
};

static struct job_control_stat job_control_stat(int proc_fd, pid_t pid)
{
	struct job_control_stat stat = { 0 };
	char name[32], text[512];
	AUTO_CLOSE int fd = -1;
	const char *end;
	ssize_t length;

	snprintf(name, sizeof(name), "%d/stat", (int)pid);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	end = strrchr(text, ')');
	if (end != NULL && strlen(end) > 4) {
		stat.state = end[2];
		stat.parent = (pid_t)strtol(end + 4, NULL, 10);
	}
	return stat;
}

/* Stopped by job control: a traced thread is then in a stop of its tracer's, which only that one can tell apart. */
static bool job_control_is_stopped(const struct supervisor *supervisor, const struct sandbox *sandbox)
{
	if (supervisor->tracer && plan_traces(sandbox->plan))
		return trace_is_stopped(supervisor->tracer, sandbox->first_pid);
	return job_control_stat(supervisor->proc_fd, sandbox->first_pid).state == 'T';
}

static void job_control_continued_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	struct job_control *job_control = container_of(watcher, struct job_control, continued);
	const struct supervisor *supervisor = job_control->supervisor;

	(void)ev;
	(void)events;
	MAGIC_CHECK(job_control, JOB_CONTROL_MAGIC);
	for (const struct sandbox *sandbox = supervisor->sandboxes; sandbox; sandbox = sandbox->next)
		if (sandbox->first_pidfd >= 0 && job_control_is_stopped(supervisor, sandbox))
			cage_call(supervisor, SYS_pidfd_send_signal, sandbox->first_pidfd, SIGCONT, NULL, 0);
}

static void job_control_continue(struct job_control *job_control)
{
	struct ev_loop *ev = loop_ev(job_control->supervisor->loop);

	ev_timer_stop(ev, &job_control->continued);
	ev_timer_set(&job_control->continued, JOB_CONTROL_CONTINUE_AFTER, 0.);
	ev_timer_start(ev, &job_control->continued);
}

static void job_control_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct job_control *job_control = container_of(watcher, struct job_control, readable);
	struct signalfd_siginfo info;

	(void)ev;
	loop_check(events);
	MAGIC_CHECK(job_control, JOB_CONTROL_MAGIC);
	while (read(job_control->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCONT)
			job_control_continue(job_control);
		else if (info.ssi_code <= 0 && info.ssi_code != SI_TIMER &&
			 (pid_t)info.ssi_pid != job_control->supervisor->pid)
			job_control_forward(job_control->supervisor, (int)info.ssi_signo);
	}
}

bool job_control_is_orphaned(void)
{
	AUTO_CLOSE int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t parent = getppid();

	while (parent > 0 && getsid(parent) == getsid(0) && getpgid(parent) == getpgrp())
		parent = job_control_stat(proc_fd, parent).parent;
	return parent <= 0 || getsid(parent) != getsid(0);
}

/* Everything but what the kernel raises for our own faults, our children, and failed writes. */
static void job_control_mask(sigset_t *mask)
{
	static const int ours[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGCHLD, SIGPIPE,
		SIGXFSZ };

	sigfillset(mask);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		sigdelset(mask, ours[i]);
}

struct job_control *job_control_new(struct supervisor *supervisor)
{
	struct job_control *job_control = calloc(1, sizeof(*job_control));
	sigset_t mask;

	if (!job_control)
		return NULL;
	job_control_mask(&mask);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	*job_control = (struct job_control){ .magic = JOB_CONTROL_MAGIC, .supervisor = supervisor, .fd = -1 };
	if (sigprocmask(SIG_SETMASK, &mask, NULL) == 0)
		job_control->fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (job_control->fd < 0) {
		free(job_control);
		return NULL;
	}
	ev_timer_init(&job_control->continued, job_control_continued_cb, 0., 0.);
	ev_io_init(&job_control->readable, job_control_cb, job_control->fd, EV_READ);
	ev_io_start(loop_ev(supervisor->loop), &job_control->readable);
	return job_control;
}

void job_control_free(struct job_control *job_control)
{
	if (!job_control)
		return;
	MAGIC_CHECK(job_control, JOB_CONTROL_MAGIC);
	ev_timer_stop(loop_ev(job_control->supervisor->loop), &job_control->continued);
	ev_io_stop(loop_ev(job_control->supervisor->loop), &job_control->readable);
	close(job_control->fd);
	job_control->magic = 0;
	free(job_control);
}

void job_control_stopped(struct supervisor *supervisor, int number)
{
	sigset_t mask;

	if (supervisor->tracer)
		trace_poll(supervisor->tracer);
	if (supervisor->sandboxes && !job_control_is_stopped(supervisor, supervisor->sandboxes))
		return; /* it runs again already */
	/* The launcher cannot tell who of the traced runs. */
	if (number == SIGSTOP && supervisor->tracer && trace_any_runs(supervisor->tracer))
		return;

	/* Not yet seen signals of the terminal would stop us a second time. */
	job_control_cb(loop_ev(supervisor->loop), &supervisor->job_control->readable, EV_READ);
	sigemptyset(&mask);
	sigaddset(&mask, number);
	signal(number, SIG_DFL);
	kill(supervisor->pid, number);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	/* Here again after SIGCONT. */
	sigprocmask(SIG_BLOCK, &mask, NULL);
}
