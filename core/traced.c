/*
 * A hash table by thread id. A number in it is the thread's for as long as it is there:
 * the kernel gives it to nobody else before we have reaped the thread.
 */
#include "core/traced.h"

#include <stdlib.h>

#include "core/util.h"

static unsigned traced_bucket(pid_t tid)
{
	return (unsigned)tid % TRACED_BUCKETS;
}

struct traced *traced_find(const struct traced_table *table, pid_t tid)
{
	struct traced *traced = table->buckets[traced_bucket(tid)];

	while (traced && traced->tid != tid)
		traced = traced->next;
	return traced;
}

struct traced *traced_add(struct traced_table *table, struct sandbox *sandbox, pid_t tid)
{
	struct traced **bucket = &table->buckets[traced_bucket(tid)];
	struct traced *traced = calloc(1, sizeof(*traced));

	if (!traced)
		return NULL;
	*traced = (struct traced){ .tid = tid,
		.sandbox = sandbox,
		.fresh = true,
		.shares_directory = true,
		.shares_memory = true,
		.next = *bucket };
	*bucket = traced;
	table->count++;
	return traced;
}

void traced_drop_then(struct traced *traced)
{
	free(traced->then);
	traced->then = NULL;
}

static void traced_unqueue(struct traced_table *table, struct traced *traced)
{
	if (!traced->queued)
		return;
	if (traced->earlier)
		traced->earlier->later = traced->later;
	else
		table->first = traced->later;
	if (traced->later)
		traced->later->earlier = traced->earlier;
	else
		table->last = traced->earlier;
	traced->later = traced->earlier = NULL;
	traced->queued = false;
}

void traced_queue(struct traced_table *table, struct traced *traced, const struct stop *stop)
{
	traced_unqueue(table, traced);
	if (traced->parked)
		table->parked--;
	traced->parked = false;
	traced->stop = *stop;
	traced->queued = true;
	traced->earlier = table->last;
	if (table->last)
		table->last->later = traced;
	else
		table->first = traced;
	table->last = traced;
}

struct traced *traced_dequeue(struct traced_table *table)
{
	struct traced *traced = table->first;

	if (traced)
		traced_unqueue(table, traced);
	return traced;
}

void traced_park(struct traced_table *table, struct traced *traced)
{
	if (!traced->parked)
		table->parked++;
	traced->parked = true;
}

void traced_unpark(struct traced_table *table, struct traced *traced)
{
	struct stop stop = traced->stop;

	if (traced->parked)
		traced_queue(table, traced, &stop);
}

void traced_remove(struct traced_table *table, struct traced *traced)
{
	struct traced **slot = &table->buckets[traced_bucket(traced->tid)];

	assert(!traced->call && !traced->holds_memory);
	traced_unqueue(table, traced);
	if (traced->parked)
		table->parked--;
	while (*slot != traced)
		slot = &(*slot)->next;
	*slot = traced->next;
	table->count--;
	traced_drop_then(traced);
	free(traced);
}

struct traced *traced_next(const struct traced_table *table, const struct traced *last)
{
	unsigned bucket = last ? traced_bucket(last->tid) + 1 : 0;

	if (last && last->next)
		return last->next;
	while (bucket < TRACED_BUCKETS && !table->buckets[bucket])
		bucket++;
	return bucket < TRACED_BUCKETS ? table->buckets[bucket] : NULL;
}
