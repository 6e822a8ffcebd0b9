/*
 * Memory that only the start of a process needed, given back once it has been running for a while.
 */
#ifndef KENNEL_CORE_SETTLE_H
#define KENNEL_CORE_SETTLE_H

#define SETTLE_AFTER_MS 1000 /* most programs have ended before */

/* Boards have more time than memory: what a step of the start needed goes before the next. */
#ifndef SETTLE_EARLY
#define SETTLE_EARLY 0
#endif

/*
 * Free pages of the heap, pages of the stack below the caller's frame, and code, which comes back from the page cache
 * when it is needed. No pointer becomes invalid.
 */
void settle_memory(void);

static inline void settle_step(void)
{
	if (SETTLE_EARLY)
		settle_memory();
}

#endif
