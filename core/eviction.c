/*
 * Counts evictions and limits their rate, for each sandbox by itself; ends no call: the table of calls and
 * core/wait.c do.
 */
#include "core/eviction.h"

#include "core/log.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

bool eviction_allows(struct eviction *eviction, uint64_t worth_ns, uint64_t now_ns)
{
	uint64_t due = eviction->due_ns > now_ns ? eviction->due_ns : now_ns;

	if (due - now_ns > EVICTION_BURST_NS - worth_ns)
		return false;
	eviction->due_ns = due + worth_ns;
	eviction->count++;
	return true;
}

unsigned long eviction_news(struct eviction *eviction, uint64_t now_ns)
{
	unsigned long news = eviction->count - eviction->told;

	if (eviction->told && now_ns - eviction->told_ns < EVICTION_TELL_NS)
		return 0;
	eviction->told = eviction->count;
	eviction->told_ns = now_ns;
	return news;
}

static void eviction_tell(const struct sandbox *sandbox, unsigned long news)
{
	if (news)
		log_event(sandbox->supervisor->log, "calls",
			"%lu waiting calls failed with EINTR to make room for newer ones (limit/calls, limit/workers)",
			news);
}

bool eviction_take(struct sandbox *sandbox, uint64_t worth_ns)
{
	uint64_t now_ns = (uint64_t)monotonic_ns();

	if (!eviction_allows(&sandbox->eviction, worth_ns, now_ns))
		return false;
	eviction_tell(sandbox, eviction_news(&sandbox->eviction, now_ns));
	return true;
}

void eviction_finish(struct sandbox *sandbox)
{
	eviction_tell(sandbox, eviction_news(&sandbox->eviction, UINT64_MAX));
}
