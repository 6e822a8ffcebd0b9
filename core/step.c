/*
 * The supervisor's end of the channel of a worker that takes a step: it alone reaches the
 * target's memory, the listener and the other processes. Knows nothing of what the step is.
 */
#include "core/step.h"

#include <errno.h>
#include <string.h>

#include "core/call.h"
#include "core/channel.h"
#include "core/mem.h"
#include "core/notify.h"
#include "core/process.h"
#include "core/remote.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

/* The one moment in which a copy of the listener exists elsewhere: the worker places a descriptor and lets go. */
static int step_lend_listener(const struct call *call, int channel)
{
	const struct message answer = { .type = MESSAGE_ANSWER };

	return channel_post_data(channel, &answer, NULL, 0, notify_listener(call->sandbox));
}

static int step_read(struct call *call, int channel, const struct message *question)
{
	struct message answer = { .type = MESSAGE_ANSWER };
	char data[CHANNEL_DATA_MAX];
	size_t size = (size_t)question->status;

	if (question->status < 0 || size > sizeof(data))
		return -EPROTO;
	answer.status = mem_read(call, question->value, data, size);
	return channel_post_data(channel, &answer, data, answer.status == 0 ? size : 0, -1);
}

int step_answer(struct call *call, int channel, const struct message *question, const void *data, size_t size)
{
	struct message answer = { .type = MESSAGE_ANSWER };

	switch ((enum remote_question)question->id) {
	case REMOTE_READ:
		return step_read(call, channel, question);
	case REMOTE_WRITE:
		answer.status = mem_write(call, question->value, data, size);
		break;
	case REMOTE_CHECK:
		answer.status = call_revalidate(call);
		break;
	case REMOTE_RESERVE:
		answer.status = call_reserve_fd(call);
		break;
	case REMOTE_SIGNAL:
		answer.status = process_signal(call, question->status);
		break;
	case REMOTE_OWNS:
		answer.status = supervisor_owns_pid(call->sandbox->supervisor, question->status);
		break;
	case REMOTE_LISTENER:
		return step_lend_listener(call, channel);
	case REMOTE_PLACED:
		break;
	default:
		return -EPROTO;
	}
	return channel_post_data(channel, &answer, NULL, 0, -1);
}

struct verdict step_verdict(struct call *call, const struct message *message, const void *data, size_t size)
{
	struct verdict verdict;

	if (size != sizeof(verdict))
		return verdict_fail(EIO);
	memcpy(&verdict, data, sizeof(verdict));
	if (message->status)
		sandbox_end(call->sandbox, message->status - 1);
	/* A descriptor was placed by the worker itself: its number is returned. Nothing else can come from there. */
	return verdict.kind == VERDICT_FAIL || verdict.kind == VERDICT_RETURN || verdict.kind == VERDICT_KILL
		       ? verdict
		       : verdict_fail(EIO);
}
