/*
 * The bounded table of calls in flight of one sandbox. Its size is the policy's
 * limit/calls; pages that were never needed are never touched.
 */
#ifndef KENNEL_CORE_CALL_POOL_H
#define KENNEL_CORE_CALL_POOL_H

#include <stdint.h>
#include <sys/types.h>

struct call;
struct call_pool;
struct sandbox;

struct call_pool *call_pool_new(unsigned limit);
void call_pool_free(struct call_pool *pool);

/*
 * A free call of this sandbox. When the table is full the oldest waiting call is answered
 * EINTR and its place taken; NULL when none waits, or too many made room of late: a moment later there may be one.
 */
struct call *call_pool_take(struct sandbox *sandbox);

/* The one that is always there, for what is looked at and over before anything else is: never two at a time. */
struct call *call_pool_take_spare(struct sandbox *sandbox);

/* Back into the table; the call must be free of everything it held. */
void call_pool_give(struct call *call);

/* Fills a call that was taken from what the kernel reported. */
void call_fill(struct call *call, uint64_t id, pid_t tid, uint32_t audit_arch, int64_t nr, const uint64_t args[6]);

/* The waiting calls, oldest first (linked by call->next). */
struct call *call_pool_waiting(const struct call_pool *pool);
void call_pool_wait(struct call *call);
void call_pool_unwait(struct call *call);

/* The waiting call of this thread, or NULL: a thread has at most one call. */
struct call *call_pool_find(const struct call_pool *pool, pid_t tid);

unsigned call_pool_in_flight(const struct call_pool *pool);

#endif
