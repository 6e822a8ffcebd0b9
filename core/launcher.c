/*
 * A poll loop of its own over two descriptors (the supervisor's channel and a signalfd for
 * SIGCHLD); no libev, no policy, no listener: a copy of the listener anywhere would
 * make calls hang for ever after the supervisor's death.
 */
#include "core/launcher.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cage.h"
#include "core/channel.h"
#include "core/descriptors.h"
#include "core/payload.h"
#include "core/settle.h"
#include "core/status.h"
#include "core/util.h"
#include "core/worker.h"

#define LAUNCHER_WORKERS_MAX 4096
#define LAUNCHER_DEPTH 16
#define LAUNCHER_NUDGES 4
#define LAUNCHER_NUDGE_MS 20
#define LAUNCHER_TELL_MS 5
#define LAUNCHER_ROUND_MS 1
#define LAUNCHER_PATIENCE_MS 200
#define LAUNCHER_CHILDREN "/proc/thread-self/children"

struct launcher_worker {
	uint32_t id;
	pid_t pid; /* 0: the slot is free */
};

struct launcher_process {
	pid_t supervisor;
	struct supervisor *copy; /* and its policy, as they were at the fork: for workers */
	struct policy *policy;
	int channel;
	int signals;
	bool wait_all;
	bool orphaned;
	bool led;        /* the payload's group, by the supervisor: who is in it was started by one of the two */
	pid_t first_pid; /* 0: it could not be forked */
	bool first_ended;
	int first_status;
	unsigned nudges;     /* SIGCONTs that the supervisor still gets */
	unsigned buried;     /* workers that the supervisor was not told of yet */
	int payload;         /* the end of the payload's channel that it gets */
	size_t worker_count; /* slots used so far; those behind are not touched */
	struct launcher_worker workers[LAUNCHER_WORKERS_MAX];
};

static void launcher_tell(const struct launcher_process *launcher, enum message_type type, pid_t pid, int status)
{
	struct message message = { .type = type, .pid = pid, .status = status };

	channel_send(launcher->channel, &message, NULL, 0);
}

/*
 * Reaps whatever ended, traced threads too: a process whose threads nobody reaps never ends, so nobody in particular is
 * waited for. The number, or -1 when none is left.
 */
static int launcher_bury(void)
{
	int count = 0;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, __WALL | WNOHANG)) > 0)
		count++;
	return pid < 0 ? -1 : count;
}

static bool launcher_is_worker(const struct launcher_process *launcher, pid_t pid)
{
	for (size_t i = 0; i < launcher->worker_count; i++)
		if (launcher->workers[i].pid == pid)
			return true;
	return false;
}

/* Kills the children but one; how many, and how many of these are workers, which have none of their own. */
static unsigned launcher_kill_round(const struct launcher_process *launcher, pid_t spared, unsigned *workers_out)
{
	pid_t pids[LAUNCHER_WORKERS_MAX + 256];
	unsigned count = status_children(LAUNCHER_CHILDREN, pids, ARRAY_SIZE(pids));
	unsigned killed = 0;

	*workers_out = 0;
	/* A child that is not waited for keeps its number, so kill(2) cannot hit another. */
	for (unsigned i = 0; i < count; i++) {
		if (pids[i] == spared)
			continue;
		kill(pids[i], SIGKILL);
		killed++;
		*workers_out += launcher && launcher_is_worker(launcher, pids[i]);
	}
	return killed;
}

/* A worker that a filesystem holds in the kernel dies when that answers: it is not waited for longer than a moment. */
static void launcher_kill_all(const struct launcher_process *launcher, pid_t spared)
{
	unsigned patience = LAUNCHER_PATIENCE_MS / LAUNCHER_ROUND_MS;

	while (launcher_bury() >= 0 && patience) {
		unsigned workers;
		unsigned killed = launcher_kill_round(launcher, spared, &workers);

		if (spared && !killed)
			return;
		if (killed && workers == killed)
			patience--;
		poll(NULL, 0, LAUNCHER_ROUND_MS);
	}
}

void launcher_kill_children(pid_t spared)
{
	launcher_kill_all(NULL, spared);
}

void launcher_wait(pid_t launcher)
{
	waitpid(launcher, NULL, 0);
}

static void launcher_free_worker(struct launcher_process *launcher, pid_t pid)
{
	for (size_t i = 0; i < launcher->worker_count; i++) {
		if (launcher->workers[i].pid != pid)
			continue;
		launcher->workers[i].pid = 0;
		launcher->buried++;
	}
}

static void launcher_cancel_worker(struct launcher_process *launcher, uint32_t id)
{
	for (size_t i = 0; i < launcher->worker_count; i++)
		if (launcher->workers[i].pid && launcher->workers[i].id == id)
			kill(launcher->workers[i].pid, SIGKILL);
}

static struct launcher_worker *launcher_worker_slot(struct launcher_process *launcher)
{
	for (size_t i = 0; i < launcher->worker_count; i++)
		if (!launcher->workers[i].pid)
			return &launcher->workers[i];
	if (launcher->worker_count == ARRAY_SIZE(launcher->workers))
		return NULL;
	launcher->workers[launcher->worker_count].pid = 0;
	return &launcher->workers[launcher->worker_count++];
}

static void launcher_work(
	struct launcher_process *launcher, const struct message *message, const int *fds, unsigned count)
{
	struct launcher_worker *slot = launcher_worker_slot(launcher);
	pid_t pid = slot && count == WORKER_FD_COUNT ? fork() : -1;

	if (pid == 0 && message->type == MESSAGE_STEP)
		worker_step(launcher->copy, launcher->policy, fds);
	if (pid == 0)
		worker_run(launcher->copy, message, fds);
	if (pid > 0)
		*slot = (struct launcher_worker){ .id = message->id, .pid = pid };
	else
		launcher->buried++;
}

/* Never waited for: the supervisor may have stopped, and be woken by nobody but us. */
static void launcher_tell_buried(struct launcher_process *launcher)
{
	const struct message message = { .type = MESSAGE_BURIED, .status = (int32_t)launcher->buried };

	if (launcher->buried && channel_post(launcher->channel, &message, NULL, 0) != -EAGAIN)
		launcher->buried = 0;
}

/* At once: the payload waits for what it is to be, while the supervisor plans that. */
static int launcher_fork_payload(struct launcher_process *launcher)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(launcher->channel);
		close(launcher->signals);
		payload_run(launcher->payload);
	}
	close(launcher->payload);
	if (pid < 0)
		return -errno;
	launcher->first_pid = pid;
	return 0;
}

/* The cage comes second, because payloads would inherit it: until the supervisor hears of it none is released. */
static void launcher_launch(struct launcher_process *launcher)
{
	int error = launcher_fork_payload(launcher);

	if (!error)
		error = cage_enter_launcher(launcher->copy);
	launcher_tell(launcher, error ? MESSAGE_FAILED : MESSAGE_CAGED, 0, error);
}

static _Noreturn void launcher_end(struct launcher_process *launcher)
{
	launcher_kill_all(launcher, 0);
	if (launcher->first_pid)
		launcher_tell(launcher, MESSAGE_ENDED, launcher->first_pid, launcher->first_status);
	_exit(0);
}

static void launcher_handle(struct launcher_process *launcher)
{
	struct message message;
	int fds[CHANNEL_FDS_MAX];
	unsigned count = 0;
	int result = channel_receive(launcher->channel, false, &message, fds, ARRAY_SIZE(fds), &count);

	if (result <= 0 || message.type == MESSAGE_END)
		launcher_end(launcher);
	if (message.type == MESSAGE_WORK || message.type == MESSAGE_STEP)
		launcher_work(launcher, &message, fds, count);
	else if (message.type == MESSAGE_WORK_CANCEL)
		launcher_cancel_worker(launcher, message.id);
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

static void launcher_ended_child(struct launcher_process *launcher, pid_t pid, int status)
{
	launcher_free_worker(launcher, pid);
	if (pid != launcher->first_pid)
		return;
	launcher->first_ended = true;
	launcher->first_status = status;
	if (!launcher->wait_all)
		launcher_end(launcher);
}

/* True when this process or one below it is neither stopped nor dead. */
static bool launcher_any_runs(pid_t pid, unsigned depth)
{
	pid_t pids[64];
	char name[64];
	char state;
	unsigned count;

	if (status_state(pid, &state) < 0)
		state = 'Z';
	if (!strchr("TtZX", state))
		return true;
	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	count = depth ? status_children(name, pids, ARRAY_SIZE(pids)) : 0;
	for (unsigned i = 0; i < count; i++)
		if (launcher_any_runs(pids[i], depth - 1))
			return true;
	return false;
}

/*
 * The terminal's stops are for the whole job. SIGSTOP was sent to one process: while others
 * of the sandbox run, they need the supervisor, also to send SIGCONT.
 */
static bool launcher_must_serve(const struct launcher_process *launcher, int number)
{
	pid_t pids[256];
	unsigned count = number == SIGSTOP ? status_children(LAUNCHER_CHILDREN, pids, ARRAY_SIZE(pids)) : 0;

	for (unsigned i = 0; i < count; i++)
		if (!launcher_is_worker(launcher, pids[i]) && launcher_any_runs(pids[i], LAUNCHER_DEPTH))
			return true;
	return false;
}

/*
 * We are a parent outside of the group, which makes it a shell's job for the kernel. Where it is none nobody would
 * continue it: nothing has happened. A SIGTTIN would only come again.
 */
static void launcher_stopped(const struct launcher_process *launcher, int number)
{
	if (number == SIGTSTP && launcher->orphaned) {
		if (launcher->led)
			kill(-launcher->supervisor, SIGCONT);
		kill(launcher->first_pid, SIGCONT);
		return;
	}
	if (!launcher_must_serve(launcher, number))
		launcher_tell(launcher, MESSAGE_STOPPED, launcher->first_pid, number);
}

static void launcher_reap(struct launcher_process *launcher)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
		if (WIFSTOPPED(status) && pid == launcher->first_pid)
			launcher_stopped(launcher, WSTOPSIG(status));
		else if (WIFCONTINUED(status) && pid == launcher->first_pid)
			launcher->nudges = LAUNCHER_NUDGES;
		else if (!WIFSTOPPED(status) && !WIFCONTINUED(status))
			launcher_ended_child(launcher, pid, status);
	}
	if (pid < 0 && errno == ECHILD && launcher->first_ended)
		launcher_end(launcher);
}

static void launcher_prepare(struct launcher_process *launcher)
{
	sigset_t mask;

	/* Out of the terminal's group: its signals are for the payload. */
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "kennel-launcher", 0, 0, 0);
	sigfillset(&mask);
	if (sigprocmask(SIG_SETMASK, &mask, NULL) < 0)
		_exit(125);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	launcher->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Without the list of its children it could not keep what it promises. */
	if (launcher->signals < 0 || access(LAUNCHER_CHILDREN, R_OK) < 0)
		_exit(125);
}

/*
 * The first process runs again, perhaps woken from inside. The supervisor, which stopped itself, hears no
 * message; and a SIGCONT that comes just before it stops is lost, so one is not enough.
 */
static HOT void launcher_nudge(struct launcher_process *launcher)
{
	if (launcher->nudges) {
		launcher->nudges--;
		kill(launcher->supervisor, SIGCONT);
	}
}

static HOT int launcher_patience(const struct launcher_process *launcher, bool settled)
{
	if (launcher->buried)
		return LAUNCHER_TELL_MS;
	if (launcher->nudges)
		return LAUNCHER_NUDGE_MS;
	return settled ? -1 : SETTLE_AFTER_MS;
}

static HOT _Noreturn void launcher_main(struct launcher_process *launcher)
{
	struct pollfd watched[2];
	bool settled = false;

	launcher_prepare(launcher);
	launcher_launch(launcher);
	watched[0] = (struct pollfd){ .fd = launcher->channel, .events = POLLIN };
	watched[1] = (struct pollfd){ .fd = launcher->signals, .events = POLLIN };
	for (;;) {
		struct signalfd_siginfo ignored;
		int ready;

		launcher_nudge(launcher);
		launcher_tell_buried(launcher);
		ready = poll(watched, ARRAY_SIZE(watched), launcher_patience(launcher, settled));
		if (ready == 0 && !launcher->nudges && !launcher->buried && !settled) {
			settle_memory();
			settled = true;
		}
		if (ready <= 0)
			continue;
		if (watched[1].revents) {
			while (read(launcher->signals, &ignored, sizeof(ignored)) > 0)
				;
			launcher_reap(launcher);
		}
		if (watched[0].revents)
			launcher_handle(launcher);
	}
}

static int launcher_order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The launcher needs no more than these; a pipe of the payload's held here would never end. */
static void launcher_close_others(int channel, int payload, int keep_alive_fd)
{
	int keep[] = { channel, payload, keep_alive_fd };
	unsigned none = keep_alive_fd < 0; /* the first, then */

	qsort(keep, ARRAY_SIZE(keep), sizeof(keep[0]), launcher_order);
	descriptors_close_others(keep + none, ARRAY_SIZE(keep) - none);
}

static int launcher_pairs(int channels[2], int payloads[2])
{
	int error = channel_pair(channels);

	if (error < 0)
		return error;
	error = channel_pair(payloads);
	if (error < 0) {
		close(channels[0]);
		close(channels[1]);
	}
	return error;
}

pid_t launcher_start(const struct launcher_options *options, int *channel_out, int *payload_out)
{
	struct launcher_process *launcher;
	pid_t supervisor = getpid();
	int channels[2];
	int payloads[2];
	int error = launcher_pairs(channels, payloads);
	pid_t pid;

	if (error < 0)
		return error;
	launcher = malloc(sizeof(*launcher));
	pid = launcher ? fork() : -1;
	if (pid == 0) {
		memset(launcher, 0, offsetof(struct launcher_process, workers));
		launcher->supervisor = supervisor;
		launcher->channel = channels[1];
		launcher->payload = payloads[1];
		launcher->wait_all = options->wait_all;
		launcher->orphaned = options->orphaned;
		launcher->led = getpgrp() == supervisor;
		launcher->copy = options->supervisor;
		launcher->policy = options->policy;
		launcher_close_others(channels[1], payloads[1], options->keep_alive_fd);
		launcher_main(launcher);
	}
	free(launcher);
	close(channels[1]);
	close(payloads[1]);
	if (pid < 0) {
		close(channels[0]);
		close(payloads[0]);
		return -EAGAIN;
	}
	*channel_out = channels[0];
	*payload_out = payloads[0];
	return pid;
}
