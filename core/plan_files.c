/*
 * The planner's part for requests, flags and pointers that registers hold: ioctl by its request (the
 * low 32 bits, which is what the kernel looks at), what could take O_APPEND off a file, and calls
 * without a name. Pure, as core/plan.c.
 */
#include <errno.h>
#include <fcntl.h>

#include "core/ioctl_names.h"
#include "core/pattern.h"
#include "core/plan_build.h"
#include "core/policy.h"
#include "core/policy_files.h"
#include "core/policy_words.h"
#include "core/reason.h"
#include "handlers/handler.h"

#define WRITE_NOAPPEND 0x20 /* RWF_NOAPPEND, 6.9 */

static const char by_request[] = REASON("the rules decide on requests");
static const char no_name[] = REASON("looks at a descriptor, which no rule is asked about");
static const char appends[] = REASON("append+ promises that a file only grows at its end");

/* What is refused in silence needs nobody; a log line, a signal or a warning does. */
static enum plan_action plan_request_action(const struct plan_builder *builder, enum action action)
{
	if (action == ACTION_ALLOW)
		return PLAN_KERNEL;
	if (action == ACTION_FILTER || (action == ACTION_DENY && !policy_settings(builder->policy)->log_refused))
		return PLAN_REFUSE;
	return PLAN_NOTIFY;
}

static struct plan_entry plan_request_entry(const struct plan_builder *builder, const struct decision *decision)
{
	return (struct plan_entry){
		.sysno = SC_ioctl,
		.action = plan_request_action(builder, decision->action),
		.error = category_errno(CAT_IOCTL),
		.reason = by_request,
		.category = CAT_IOCTL,
		.rule = decision->rule,
	};
}

static void plan_request(struct plan_builder *builder, uint32_t request, enum plan_action otherwise)
{
	struct decision decision = policy_decide_request(builder->policy, request);
	struct plan_entry entry = plan_request_entry(builder, &decision);

	if (entry.action == otherwise)
		return;
	entry.condition_count = 1;
	entry.conditions[0] = plan_bits(1, PLAN_INT_MASK, request);
	plan_add(builder, &entry);
}

static bool plan_request_known(uint32_t request, size_t before)
{
	size_t count;
	const struct ioctl_name *names = ioctl_names(&count);

	for (size_t i = 0; i < before && i < count; i++)
		if (names[i].request == request)
			return true;
	return false;
}

void plan_requests(struct plan_builder *builder)
{
	struct decision rest = policy_decide_requests(builder->policy);
	struct plan_entry last = plan_request_entry(builder, &rest);
	size_t count, rule_count;
	const struct ioctl_name *names = ioctl_names(&count);
	const struct rule *rules = policy_rules(builder->policy, CAT_IOCTL, &rule_count);
	uint32_t number;

	if (builder->open) {
		last.action = PLAN_NOTIFY;
		last.category = policy_active_bits(builder->policy) & CAT_BIT(CAT_IOCTL) ? CAT_IOCTL : CAT_COUNT;
		plan_add(builder, &last);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (!plan_request_known(names[i].request, i))
			plan_request(builder, names[i].request, last.action);
	for (size_t i = 0; i < rule_count; i++)
		if (policy_word_request(pattern_text(rules[i].pattern), &number) && !plan_request_known(number, count))
			plan_request(builder, number, last.action);
	if (last.action != PLAN_KERNEL)
		plan_add(builder, &last);
}

/* fcntl is asked about where it sets flags; writing past O_APPEND is refused. */
void plan_appends(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = { .sysno = sysno, .reason = appends, .category = CAT_COUNT };

	if (!builder->open && !policy_has_files(builder->policy, POLICY_FILE_APPEND))
		return;
	if ((sysno == SC_fcntl || sysno == SC_fcntl64) && handler_find(sysno)) {
		entry.action = PLAN_NOTIFY;
		entry.condition_count = 2;
		entry.conditions[0] = plan_int(1, F_SETFL);
		entry.conditions[1] = plan_bits(2, O_APPEND, 0);
		plan_add(builder, &entry);
	}
	/* The flag lies in memory here. */
	if (sysno == SC_io_setup || sysno == SC_io_submit) {
		entry.action = PLAN_REFUSE;
		entry.error = ENOSYS;
		plan_add(builder, &entry);
	}
	if (sysno == SC_pwritev2) {
		entry.action = PLAN_REFUSE;
		entry.error = EOPNOTSUPP;
		entry.condition_count = 1;
		entry.conditions[0] = plan_bits(PLAN_ARG_WRITE_FLAGS, WRITE_NOAPPEND, WRITE_NOAPPEND);
		plan_add(builder, &entry);
	}
}

/* From 6.11 on these look at their descriptor then; before it they fail (EFAULT). A string lies in memory. */
void plan_nameless(struct plan_builder *builder, enum sysno sysno)
{
	struct plan_entry entry = {
		.sysno = sysno,
		.action = PLAN_KERNEL,
		.condition_count = 1,
		.conditions = { plan_bits(1, UINT64_MAX, 0) },
		.reason = no_name,
	};

	if (sysno != SC_newfstatat && sysno != SC_fstatat64 && sysno != SC_statx)
		return;
	/* ghost! refuses every call that is decided. */
	if (!builder->decided[sysno] || builder->active & CAT_BIT(CAT_STAT) || policy_settings(builder->policy)->ghost)
		return;
	plan_set_cause(builder, CAT_BIT(CAT_WALK), &entry);
	plan_add(builder, &entry);
}
