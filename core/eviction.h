/*
 * How often the oldest waiting call of a sandbox may be ended to make room for a newer one: without a limit those
 * who try again would chase each other as fast as they can be answered.
 */
#ifndef KENNEL_CORE_EVICTION_H
#define KENNEL_CORE_EVICTION_H

#include <stdbool.h>
#include <stdint.h>

/* What each is worth, at the steady rate, and how much may be spent at once. A worker is a process. */
#define EVICTION_CALL_NS UINT64_C(500000)
#define EVICTION_WORKER_NS UINT64_C(4000000)
#define EVICTION_BURST_NS UINT64_C(1000000000)
#define EVICTION_TELL_NS UINT64_C(1000000000)

struct sandbox;

struct eviction {
	uint64_t due_ns; /* when all would have been, had they come at the steady rate */
	unsigned long count;
	unsigned long told; /* how many of them the log knows of */
	uint64_t told_ns;
};

/* True: one more may be made now, and is counted. */
bool eviction_allows(struct eviction *eviction, uint64_t worth_ns, uint64_t now_ns);

/* How many the log is to be told of now: the first at once, then what came in a second. 0: none. */
unsigned long eviction_news(struct eviction *eviction, uint64_t now_ns);

/* Both, by the clock and into the log. False: nobody makes room now. */
bool eviction_take(struct sandbox *sandbox, uint64_t worth_ns);

/* Tells the log the rest, in the end. */
void eviction_finish(struct sandbox *sandbox);

#endif
