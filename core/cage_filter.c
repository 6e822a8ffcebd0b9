/*
 * The native ABI's calls in the order of their numbers, found by halving, so that a call costs six comparisons or
 * seven. libseccomp can halve, too, but takes longer for such a list than a start of Kennel may.
 */
#include "core/cage_filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "core/filter_own.h"
#include "core/plan.h"
#include "core/util.h"

#define CAGE_ROWS_MAX 320
#define CAGE_CALLS_MAX 256
#define CAGE_END UINT16_MAX

/* Numbers in a row of which the same becomes, whatever the arguments; or one call. */
struct cage_span {
	uint32_t first;
	uint32_t last;
	enum sysno sysno; /* the first one */
};

/* The rows of each call, chained in the table's order, and the spans by number. */
struct cage_build {
	struct filter_own own;
	const struct abi *abi;
	const struct cage_facts *facts;
	const struct cage_row *rows;
	uint16_t first[SC_COUNT];
	uint16_t next[CAGE_ROWS_MAX];
	struct cage_span spans[CAGE_CALLS_MAX];
	size_t count;
};

static struct plan_condition cage_filter_condition(
	const struct cage_facts *facts, const struct cage_condition *condition)
{
	struct plan_condition result = { .arg = condition->arg, .mask = UINT32_MAX };

	switch ((enum cage_operand)condition->operand) {
	case CAGE_BITS:
		result.mask = condition->mask;
		result.value = condition->value;
		break;
	case CAGE_NULL:
		result.mask = UINT64_MAX;
		break;
	case CAGE_SELF:
		result.value = (uint32_t)facts->self;
		break;
	case CAGE_LOG_FD:
		result.value = (uint32_t)facts->log_fd;
		break;
	case CAGE_LISTENER:
		result.value = (uint32_t)facts->listener;
		break;
	case CAGE_COOKIE:
		result.mask = UINT64_MAX;
		result.value = facts->cookie;
		break;
	}
	return result;
}

static uint32_t cage_filter_action(const struct cage_row *row)
{
	return row->error ? SECCOMP_RET_ERRNO | (uint32_t)row->error : SECCOMP_RET_ALLOW;
}

static int cage_filter_add_row(struct cage_build *build, const struct cage_row *row)
{
	struct plan_entry entry = { .sysno = row->sysno };

	if (row->condition_count > ARRAY_SIZE(entry.conditions))
		return -E2BIG;
	while (entry.condition_count < row->condition_count) {
		entry.conditions[entry.condition_count] =
			cage_filter_condition(build->facts, &row->conditions[entry.condition_count]);
		entry.condition_count++;
	}
	return filter_own_add(&build->own, build->abi, &entry, cage_filter_action(row));
}

/* What becomes of a call with any arguments; KILL_PROCESS: it depends on them. */
static uint32_t cage_filter_outcome(const struct cage_build *build, enum sysno sysno)
{
	const struct cage_row *row = &build->rows[build->first[sysno]];

	return row->condition_count == 0 ? cage_filter_action(row) : SECCOMP_RET_KILL_PROCESS;
}

static int cage_filter_add_rows(struct cage_build *build, enum sysno sysno)
{
	int error = 0;

	for (uint16_t i = build->first[sysno]; i != CAGE_END && error == 0; i = build->next[i])
		error = cage_filter_add_row(build, &build->rows[i]);
	return error;
}

/* Reached with a number of the span, or with one between it and the next. */
static int cage_filter_add_span(struct cage_build *build, const struct cage_span *span)
{
	bool closed = span + 1 < build->spans + build->count && span[1].first == span->last + 1;
	size_t jump = 0;
	int error = closed ? 0 : filter_own_branch(&build->own, span->last + 1, &jump);

	if (error == 0)
		error = cage_filter_add_rows(build, span->sysno);
	if (error < 0)
		return error;
	if (closed && cage_filter_outcome(build, span->sysno) != SECCOMP_RET_KILL_PROCESS)
		return 0;
	if (!closed)
		filter_own_land(&build->own, jump);
	return filter_own_return(&build->own, CAGE_OTHERWISE);
}

/* The spans from begin to end; what lies below the middle goes first. */
static int cage_filter_add_spans(struct cage_build *build, size_t begin, size_t end)
{
	size_t middle = begin + (end - begin) / 2;
	size_t jump;
	int error;

	if (end - begin == 1)
		return cage_filter_add_span(build, &build->spans[begin]);
	error = filter_own_branch(&build->own, build->spans[middle].first, &jump);
	if (error == 0)
		error = cage_filter_add_spans(build, begin, middle);
	if (error < 0)
		return error;
	filter_own_land(&build->own, jump);
	return cage_filter_add_spans(build, middle, end);
}

/* The first span takes whatever lies below the second: numbers below the first must not get there. */
static int cage_filter_add_all(struct cage_build *build)
{
	size_t jump;
	int error;

	if (build->spans[0].first == 0)
		return cage_filter_add_spans(build, 0, build->count);
	error = filter_own_branch(&build->own, build->spans[0].first, &jump);
	if (error == 0)
		error = filter_own_return(&build->own, CAGE_OTHERWISE);
	if (error < 0)
		return error;
	filter_own_land(&build->own, jump);
	return cage_filter_add_spans(build, 0, build->count);
}

/* Chains the rows that hold, from the last to the first. */
static void cage_filter_chain(struct cage_build *build, size_t row_count)
{
	for (size_t i = 0; i < SC_COUNT; i++)
		build->first[i] = CAGE_END;
	for (size_t i = row_count; i-- > 0;) {
		const struct cage_row *row = &build->rows[i];

		if (!cage_row_holds(row, build->facts->user, build->facts->needs))
			continue;
		build->next[i] = build->first[row->sysno];
		build->first[row->sysno] = (uint16_t)i;
	}
}

static void cage_filter_find_spans(struct cage_build *build)
{
	uint32_t end = build->abi->nr_bias + build->abi->nr_count;

	for (uint32_t nr = build->abi->nr_bias; nr < end && build->count < CAGE_CALLS_MAX; nr++) {
		enum sysno sysno = abi_sysno(build->abi, (int64_t)nr);
		struct cage_span *before = build->count ? &build->spans[build->count - 1] : NULL;
		uint32_t outcome;

		if (sysno == SC_none || build->first[sysno] == CAGE_END)
			continue;
		outcome = cage_filter_outcome(build, sysno);
		if (before && before->last + 1 == nr && outcome != SECCOMP_RET_KILL_PROCESS &&
			outcome == cage_filter_outcome(build, before->sysno))
			before->last = nr;
		else
			build->spans[build->count++] = (struct cage_span){ nr, nr, sysno };
	}
}

int cage_filter_build(const struct cage_facts *facts, struct sock_fprog *out)
{
	struct cage_build build = { .abi = abi_native(), .facts = facts };
	size_t row_count;
	int error;

	build.rows = cage_rows(&row_count);
	assert(row_count <= CAGE_ROWS_MAX);
	cage_filter_chain(&build, row_count);
	cage_filter_find_spans(&build);
	error = filter_own_begin(&build.own, build.abi);
	if (error == 0)
		error = cage_filter_add_all(&build);
	if (error == 0) {
		filter_own_end(&build.own);
		error = filter_own_return(&build.own, CAGE_OTHERWISE);
	}
	if (error < 0) {
		free(build.own.instructions);
		return error;
	}
	*out = (struct sock_fprog){ .len = (unsigned short)build.own.length, .filter = build.own.instructions };
	return 0;
}
