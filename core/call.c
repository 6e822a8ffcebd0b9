/*
 * Calls in flight: the table, the state machine, and what handlers may ask of a
 * call. Sends nothing: core/dispatch.c and core/notify.c do.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/call.h"
#include "core/call_pool.h"
#include "core/dispatch.h"
#include "core/eviction.h"
#include "core/log.h"
#include "core/notify.h"
#include "core/ptrace.h"
#include "core/remote.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"
#include "core/wait.h"

struct call_pool {
	unsigned limit;
	unsigned touched; /* entries below were used at least once */
	unsigned in_flight;
	struct call *free; /* linked by call->next */
	struct call *oldest;
	struct call *newest;
	struct call calls[]; /* as many as the limit, and one for judging */
};

struct call_pool *call_pool_new(unsigned limit)
{
	struct call_pool *pool = calloc(1, sizeof(*pool) + ((size_t)limit + 1) * sizeof(struct call));

	if (pool)
		pool->limit = limit;
	return pool;
}

void call_pool_free(struct call_pool *pool)
{
	free(pool);
}

static struct call *call_pool_unused(struct call_pool *pool)
{
	struct call *call = pool->free;

	if (call)
		pool->free = call->next;
	else if (pool->touched < pool->limit)
		call = &pool->calls[pool->touched++];
	return call;
}

/* The oldest that waits makes room for the newest. */
static void call_pool_evict(struct call_pool *pool)
{
	struct call *call = pool->oldest;

	while (call && !wait_may_be_left(call))
		call = call->next;
	if (call && eviction_take(call->sandbox, EVICTION_CALL_NS))
		dispatch_abandon(call, EINTR);
}

static struct call *call_pool_begin(struct sandbox *sandbox, struct call *call)
{
	*call = (struct call){ .magic = CALL_MAGIC, .state = CALL_NEW, .sandbox = sandbox };
	sandbox->calls->in_flight++;
	return call;
}

struct call *call_pool_take(struct sandbox *sandbox)
{
	struct call_pool *pool = sandbox->calls;
	struct call *call = call_pool_unused(pool);

	if (!call) {
		call_pool_evict(pool);
		call = call_pool_unused(pool);
	}
	return call ? call_pool_begin(sandbox, call) : NULL;
}

struct call *call_pool_take_spare(struct sandbox *sandbox)
{
	struct call_pool *pool = sandbox->calls;
	struct call *call = &pool->calls[pool->limit];

	assert(!call->magic);
	return call_pool_begin(sandbox, call);
}

void call_pool_give(struct call *call)
{
	struct call_pool *pool = call->sandbox->calls;

	MAGIC_CHECK(call, CALL_MAGIC);
	assert(!call->wait);
	call->magic = 0;
	call->state = CALL_FREE;
	pool->in_flight--;
	if (call == &pool->calls[pool->limit])
		return;
	call->next = pool->free;
	pool->free = call;
}

void call_fill(struct call *call, uint64_t id, pid_t tid, uint32_t audit_arch, int64_t nr, const uint64_t args[6])
{
	call->id = id;
	call->tid = tid;
	call->nr = nr;
	memcpy(call->args, args, sizeof(call->args));
	call->abi = abi_find(audit_arch, nr);
	call->sysno = call->abi ? abi_sysno(call->abi, nr) : SC_none;
	call->handler = handler_find(call->sysno);
}

struct call *call_pool_waiting(const struct call_pool *pool)
{
	return pool->oldest;
}

void call_pool_wait(struct call *call)
{
	struct call_pool *pool = call->sandbox->calls;

	call->prev = pool->newest;
	call->next = NULL;
	if (pool->newest)
		pool->newest->next = call;
	else
		pool->oldest = call;
	pool->newest = call;
}

void call_pool_unwait(struct call *call)
{
	struct call_pool *pool = call->sandbox->calls;

	if (call->prev)
		call->prev->next = call->next;
	else
		pool->oldest = call->next;
	if (call->next)
		call->next->prev = call->prev;
	else
		pool->newest = call->prev;
	call->prev = call->next = NULL;
}

struct call *call_pool_find(const struct call_pool *pool, pid_t tid)
{
	for (struct call *call = pool->oldest; call; call = call->next)
		if (call->tid == tid)
			return call;
	return NULL;
}

unsigned call_pool_in_flight(const struct call_pool *pool)
{
	return pool->in_flight;
}

/* The successor of (state, event); asserts on a pair that cannot be. */
static enum call_state call_next(enum call_state state, enum call_event event)
{
	if (event == CALL_EVENT_LOST) {
		assert(state != CALL_FREE && state != CALL_GONE);
		return CALL_GONE;
	}
	switch (state) {
	case CALL_NEW:
		assert(event == CALL_EVENT_START);
		return CALL_RUNNING;
	case CALL_RUNNING:
		assert(event == CALL_EVENT_WAIT || event == CALL_EVENT_ANSWER);
		return event == CALL_EVENT_WAIT ? CALL_WAITING : CALL_ANSWERED;
	case CALL_WAITING:
		assert(event == CALL_EVENT_WAKE);
		return CALL_RUNNING;
	case CALL_ANSWERED:
		assert(event == CALL_EVENT_LEAVE);
		return CALL_LEAVING;
	case CALL_FREE:
	case CALL_LEAVING:
	case CALL_GONE:
		break;
	}
	assert(!"a call that is over got another event");
	abort();
}

void call_advance(struct call *call, enum call_event event)
{
	MAGIC_CHECK(call, CALL_MAGIC);
	call->state = call_next(call->state, event);
}

void call_mistaken(struct call *call, const char *what)
{
	if (call->sandbox->mistakes++ == 0)
		log_event(call->sandbox->supervisor->log, "calls", "a mistake: call %ld of thread %d %s",
			(long)call->nr, (int)call->tid, what);
#ifdef KENNEL_CHECKED
	abort();
#endif
}

uint64_t call_arg(const struct call *call, unsigned index)
{
	return abi_arg(call->abi, call->args, index);
}

int call_arg_int(const struct call *call, unsigned index)
{
	return (int)(uint32_t)call->args[index];
}

uint64_t call_arg_pair(const struct call *call, unsigned wide, unsigned pair)
{
	return abi_arg_pair(call->abi, call->args, wide, pair);
}

enum sysno call_sysno(const struct call *call)
{
	return call->sysno;
}

pid_t call_tid(const struct call *call)
{
	return call->tid;
}

void *call_state(struct call *call)
{
	return call->private_state;
}

bool call_is_compat(const struct call *call)
{
	return call->abi->word_bytes == 4;
}

unsigned call_long_bytes(const struct call *call)
{
	return call->abi->long_bytes;
}

unsigned call_kernel_long_bytes(const struct call *call)
{
	return call->abi->kernel_long_bytes;
}

bool call_has_short_ids(const struct call *call)
{
	return call->abi->short_ids;
}

bool call_runs_beside(const struct call *call)
{
	return call->sandbox->supervisor->remote_fd != 0;
}

int call_revalidate(struct call *call)
{
	/* A thread in a ptrace stop does not run, and is not reaped before we do it. */
	if (call->sandbox->supervisor->remote_fd)
		return remote_check(call);
	return call->traced ? 0 : notify_check(call);
}

void call_set_interrupted(struct call *call, int64_t result)
{
	call->interrupted = result;
}

int64_t call_result(const struct call *call)
{
	return call->result;
}

void call_then_mprotect(struct call *call, uint64_t address, uint64_t length, uint64_t prot)
{
	assert(call->traced && call->state == CALL_LEAVING);
	call->then_mprotect = true;
	call->then_args[0] = address;
	call->then_args[1] = length;
	call->then_args[2] = prot;
}

void call_set_arg(struct call *call, unsigned index, uint64_t value)
{
	assert(call->traced && index < 6);
	call->other_args[index] = value;
	call->changed |= (uint8_t)(1U << index);
}

void call_set_sysno(struct call *call, enum sysno sysno)
{
	int32_t nr = abi_nr(call->abi, sysno);

	assert(call->traced && nr >= 0);
	call->nr = nr;
	call->changed |= PTRACE_CHANGES_NR;
}

int call_reserve_fd(struct call *call)
{
	if (call->sandbox->supervisor->remote_fd)
		return remote_reserve_fd(call);
	return notify_place_fd(call, call->sandbox->null_fd, O_CLOEXEC, -1);
}

int call_give_fd(struct call *call, int fd, uint32_t fd_flags)
{
	return call->sandbox->supervisor->remote_fd ? -EOPNOTSUPP : notify_place_fd(call, fd, fd_flags, -1);
}
