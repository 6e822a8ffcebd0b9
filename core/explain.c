/*
 * The answers of kennel explain. The decision is that of core/policy.c; what lies below it is found by
 * going through the rules again. Prints nothing.
 */
#include "core/explain.h"

#include <errno.h>
#include <string.h>

#include "core/explain_net.h"
#include "core/filename.h"
#include "core/pattern.h"
#include "core/policy_files.h"
#include "core/policy_net.h"
#include "core/policy_words.h"
#include "core/surface.h"
#include "core/tip.h"
#include "core/util.h"

#define MADE_BITS \
	(CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_SYMLINK) | CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_MKBDEV) | CAT_BIT(CAT_MKCDEV) | \
		CAT_BIT(CAT_MKFIFO))
#define MASK_BITS (CAT_BIT(CAT_STAT) | CAT_BIT(CAT_READ) | CAT_BIT(CAT_WRITE))
#define APPEND_BITS (CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_TRUNCATE))

static struct decision explain_decide(const struct policy *policy, const struct explain_question *question)
{
	if (question->address || question->is_family)
		return explain_net_decide(policy, question);
	if (question->category == CAT_FS)
		return policy_decide_filesystem(policy, question->name);
	if (question->category == CAT_IOCTL && question->is_request)
		return policy_decide_request(policy, question->request);
	if (question->category == CAT_IOCTL)
		return policy_decide_device(policy, question->name);
	return policy_decide(policy, question->category, question->name);
}

static bool explain_matches(const struct rule *rule, const struct explain_question *question)
{
	if (question->address || question->is_family)
		return explain_net_matches(rule, question);
	if (question->category == CAT_FS)
		return policy_word_is_filesystem(rule, question->name);
	if (question->category == CAT_IOCTL && question->is_request)
		return policy_word_is_request(rule, question->request);
	return pattern_match(rule->pattern, question->name);
}

/* The last match before the rule that decided; of all, for a category that is off. */
static const struct rule *explain_next(
	const struct policy *policy, const struct explain_question *question, const struct rule *decided, bool on)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, question->category, &count);

	if (on)
		count = decided ? (size_t)(decided - rules) : 0;
	for (size_t i = count; i-- > 0;)
		if (explain_matches(&rules[i], question))
			return &rules[i];
	return NULL;
}

/* walk is asked for each directory on the way: the first that is refused is the answer. */
static struct decision explain_walk(const struct policy *policy, const struct explain_question *question, char *name)
{
	struct decision decision = { .action = ACTION_ALLOW };

	for (size_t i = 2; question->name[0] == '/' && question->name[i - 1] != '\0'; i++) {
		if (question->name[i] != '/' && question->name[i] != '\0')
			continue;
		memcpy(name, question->name, i);
		name[i] = '\0';
		decision = policy_decide(policy, CAT_WALK, name);
		if (action_refuses(decision.action))
			return decision;
	}
	return decision;
}

static const struct policy_file *explain_file(
	const struct policy *policy, enum policy_file_kind kind, const struct explain_question *question)
{
	const struct policy_settings *settings = policy_settings(policy);
	uint64_t categories = kind == POLICY_FILE_MASK ? MASK_BITS : APPEND_BITS;

	for (size_t i = settings->file_count; (categories & CAT_BIT(question->category)) && i-- > 0;)
		if (settings->files[i].kind == kind && pattern_match(settings->files[i].pattern, question->name))
			return &settings->files[i];
	return NULL;
}

/* What refuses the request while any category is on; NULL: nothing does. */
static const struct surface_row *explain_surface(const struct policy *policy, const struct explain_question *question)
{
	size_t count;
	const struct surface_row *rows = surface_rows(&count);
	uint64_t active = policy_active_bits(policy);

	for (size_t i = 0; question->is_request && i < count; i++)
		if (rows[i].sysno == SC_ioctl && rows[i].has_condition && rows[i].value == question->request &&
			(rows[i].categories & active) &&
			!(rows[i].ruled && policy_gives_request(policy, question->request)))
			return &rows[i];
	return NULL;
}

static void explain_refuse(struct explain_answer *answer, int error, const char *reason, const char *change)
{
	answer->switches = false;
	answer->error = error;
	answer->reason = reason;
	snprintf(answer->change, sizeof(answer->change), "%s", change);
}

/* What refuses whatever the rules say, and what would turn that round. */
static void explain_settings(
	const struct policy *policy, const struct explain_question *question, struct explain_answer *answer)
{
	const struct policy_settings *settings = policy_settings(policy);
	const struct surface_row *row = explain_surface(policy, question);
	const char *slash = strrchr(question->name, '/');
	char change[PATH_MAX] = "";

	if (settings->ghost && policy_active(policy, question->category)) {
		explain_refuse(answer, ENOSYS, "ghost!: no call that is decided here is made any more", "");
	} else if (settings->strict_names && slash && (MADE_BITS & CAT_BIT(question->category)) &&
		   filename_hostile(slash + 1)) {
		explain_refuse(answer, EINVAL, "filename/strict:on: no such name is made", "filename/strict:off");
	} else if (row) {
		if (row->ruled)
			snprintf(change, sizeof(change), "allow/ioctl+%s", question->name);
		explain_refuse(answer, row->error, row->reason, change);
	} else if (question->address && question->category == CAT_NET_CONNECT &&
		   policy_blocks(policy, question->address)) {
		explain_refuse(answer, category_errno(CAT_NET_CONNECT), "block+ names this address", "");
	} else if (!settings->exec_anonymous && answer->on && question->category == CAT_EXEC &&
		   question->name[0] == '!') {
		explain_refuse(answer, EACCES, "exec/anonymous:off: memory is not executed", "exec/anonymous:on");
	}
}

static void explain_change(const struct explain_question *question, struct explain_answer *answer)
{
	const char *category = category_name(question->category);
	const char *action = answer->error ? "allow" : "deny";
	const char *whole = answer->error ? question->name : answer->name;
	bool by_rule = answer->on || !action_refuses(answer->next ? answer->next->action : answer->by_default);
	char pattern[TIP_PATTERN_MAX - 64];

	/* An address and a family are written as they are judged, and no patterns. */
	bool verbatim = question->is_family || (question->address && answer->name[0] != '@' && answer->name[0] != '!');

	answer->change[0] = '\0';
	answer->switches = !answer->on;
	/* The root is crossed by every path, and never refused. */
	if (question->category == CAT_WALK && str_equal(answer->name, "/"))
		by_rule = answer->switches = false;
	if (by_rule && verbatim)
		snprintf(answer->change, sizeof(answer->change), "%s/%s+%s", action, category, answer->name);
	else if (by_rule && tip_pattern(answer->name, whole, pattern, sizeof(pattern)))
		snprintf(answer->change, sizeof(answer->change), "%s/%s+%s", action, category, pattern);
}

void explain(const struct policy *policy, const struct explain_question *question, struct explain_answer *answer)
{
	struct explain_question asked = *question;
	bool log_refused = policy_settings(policy)->log_refused;

	answer->on = policy_is_on(policy, question->category);
	answer->by_default = policy_default(policy, question->category);
	answer->reason = NULL;
	snprintf(answer->name, sizeof(answer->name), "%s", question->name);
	if (!answer->on)
		answer->decision = (struct decision){ .action = ACTION_ALLOW };
	else if (question->category == CAT_WALK)
		answer->decision = explain_walk(policy, question, answer->name);
	else
		answer->decision = explain_decide(policy, question);
	asked.name = answer->name;
	answer->next = explain_next(policy, &asked, answer->decision.rule, answer->on);
	answer->error = action_refuses(answer->decision.action) ? category_errno(question->category) : 0;
	answer->logged = action_logs(answer->decision.action) && (!answer->error || log_refused);
	answer->mask = explain_file(policy, POLICY_FILE_MASK, question);
	answer->append = explain_file(policy, POLICY_FILE_APPEND, question);
	explain_change(question, answer);
	explain_settings(policy, question, answer);
}
