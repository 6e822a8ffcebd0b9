/*
 * One blocking open by a held object, or one step of a handler. Holds nothing but the reply
 * channel and the object or the log; for a step also what the supervisor has for look-ups, made anew.
 */
#include "core/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cage.h"
#include "core/call.h"
#include "core/call_pool.h"
#include "core/channel.h"
#include "core/dispatch.h"
#include "core/notify.h"
#include "core/path.h"
#include "core/remote.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

#define WORKER_REPLY 20
#define WORKER_OTHER 21

static int worker_keep_only(int first, int second)
{
	/* Above what the launcher has, below what a small RLIMIT_NOFILE allows; then the rest is closed. */
	if (dup3(first, WORKER_REPLY, O_CLOEXEC) < 0 || dup3(second, WORKER_OTHER, O_CLOEXEC) < 0)
		return -errno;
	if (close_range(0, WORKER_REPLY - 1, 0) < 0 || close_range(WORKER_OTHER + 1, ~0U, 0) < 0)
		return -errno;
	return 0;
}

/* Says who we are: the first message of every worker. */
static void worker_begin(const int *fds)
{
	const struct message hello = { .type = MESSAGE_WORKER, .pid = getpid() };

	if (worker_keep_only(fds[WORKER_FD_REPLY], fds[WORKER_FD_OBJECT]) < 0)
		_exit(1);
	prctl(PR_SET_NAME, "kennel-worker", 0, 0, 0);
	channel_send(WORKER_REPLY, &hello, NULL, 0);
}

_Noreturn void worker_run(const struct supervisor *supervisor, const struct message *message, const int *fds)
{
	struct message reply = { .type = MESSAGE_WORKED };
	int fd = -1;

	worker_begin(fds);
	reply.status = cage_enter_worker(supervisor, SC_none);
	if (reply.status == 0)
		reply.status = identity_become(&message->identity);
	if (reply.status == 0) {
		fd = remote_open(WORKER_OTHER, message->value);
		reply.status = fd < 0 ? fd : 0;
	}
	channel_send(WORKER_REPLY, &reply, &fd, fd >= 0 ? 1 : 0);
	_exit(0);
}

static int worker_receive_call(struct sandbox *sandbox, struct call *call)
{
	struct message message;
	struct remote_call remote;
	size_t size = sizeof(remote);
	int fd;

	if (channel_receive_data(WORKER_REPLY, false, &message, &remote, &size, &fd) != 1 || size != sizeof(remote))
		return -EPROTO;
	sandbox->ids_may_differ = remote.ids_may_differ;
	memcpy(sandbox->id, remote.sandbox_id, sizeof(sandbox->id));
	call_fill(call, remote.id, remote.tid, remote.audit_arch, remote.nr, remote.args);
	return call->handler ? 0 : -ENOSYS;
}

/*
 * The supervisor never has the descriptor: closing one of a slow mount may hang, too. Nothing happens between the loan
 * of the listener and its end but the one request, which a target that is stopped or dies does not hold up.
 */
static int worker_place(struct call *call, const struct verdict *verdict)
{
	int listener = remote_listener(call);
	int number;

	if (listener < 0)
		return listener;
	number = notify_place_lent(call, listener, verdict->fd, verdict->fd_flags, (int)verdict->value);
	close(listener);
	return number;
}

/* As the dispatcher does it. Where our copy goes first, the supervisor knows the answer meanwhile. */
static struct verdict worker_give(struct call *call, const struct verdict *verdict)
{
	int number = worker_place(call, verdict);

	if (number >= 0 && verdict->alone) {
		remote_placed(call, number);
		close(verdict->fd);
	}
	return verdict_result(number);
}

_Noreturn void worker_step(struct supervisor *supervisor, struct policy *policy, const int *fds)
{
	struct sandbox sandbox = { .magic = SANDBOX_MAGIC, .supervisor = supervisor, .policy = policy };
	struct call call = { .magic = CALL_MAGIC, .state = CALL_RUNNING, .sandbox = &sandbox, .may_block = true };
	struct verdict verdict;

	worker_begin(fds);
	if (supervisor_reopen(supervisor, &sandbox, WORKER_OTHER, WORKER_REPLY) < 0 ||
		worker_receive_call(&sandbox, &call) < 0 || cage_enter_worker(supervisor, call.sysno) < 0)
		_exit(1);
	verdict = dispatch_step(&call, NULL);
	while (verdict.kind == VERDICT_WAIT)
		verdict = dispatch_step(&call, &call.wake);
	if (verdict.kind == VERDICT_ADD_FD)
		verdict = worker_give(&call, &verdict);
	remote_tell(supervisor, &verdict, sandbox.ending, sandbox.exit_override);
	_exit(0);
}
