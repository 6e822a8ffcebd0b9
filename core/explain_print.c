/*
 * Answers of kennel explain, for people and for programs. Names are printed quoted, as rules have them:
 * what reaches a terminal holds no control character.
 */
#include <string.h>

#include "core/address.h"
#include "core/explain.h"
#include "core/json_print.h"
#include "core/pattern.h"
#include "core/policy_files.h"
#include "core/policy_print.h"
#include "core/util.h"

#define EXPLAIN_LABEL "  %-12s"

static void explain_print_name(const char *name, FILE *stream)
{
	char quoted[PATH_MAX * 4 + 1];

	fputs(pattern_quote(name, quoted, sizeof(quoted)) < 0 ? "(too long)" : quoted, stream);
}

/* An address is known to hold nothing that needs quoting, and no pattern. */
static void explain_print_asked(const struct explain_question *question, const char *name, FILE *stream)
{
	if (question->address && question->address->name[0] == '\0')
		fputs(name, stream);
	else
		explain_print_name(name, stream);
}

static void explain_print_origin(const struct rule_origin *origin, FILE *stream)
{
	fputs(" (", stream);
	explain_print_name(origin->file, stream);
	fprintf(stream, ":%u)", origin->line);
}

static const char *explain_effect(enum action action)
{
	static const char *const effects[ACTION_COUNT] = {
		[ACTION_STOP] = ", and SIGSTOP to the process",
		[ACTION_ABORT] = ", and SIGABRT to the process",
		[ACTION_KILL] = ", and SIGKILL to the process",
		[ACTION_PANIC] = ", and the sandbox ends",
		[ACTION_EXIT] = ", and the sandbox ends with this errno as its status",
	};

	return effects[action] ? effects[action] : "";
}

static void explain_print_verdict(
	const struct explain_question *question, const char *given, const struct explain_answer *answer, FILE *stream)
{
	fprintf(stream, "%s ", category_name(question->category));
	explain_print_asked(question, given, stream);
	if (!str_equal(given, answer->name)) {
		fputs(", judged as ", stream);
		explain_print_asked(question, answer->name, stream);
	}
	if (answer->error)
		fprintf(stream, ": refused with %s", strerrorname_np(answer->error));
	else
		fputs(": allowed", stream);
	if (!answer->reason)
		fprintf(stream, "%s%s", answer->logged ? ", logged" : "", explain_effect(answer->decision.action));
	fputc('\n', stream);
}

static void explain_print_decider(const struct policy *policy, const struct explain_question *question,
	const struct rule *rule, const char *label, FILE *stream)
{
	fprintf(stream, EXPLAIN_LABEL, label);
	if (rule) {
		policy_print_rule(policy, rule, stream);
		explain_print_origin(&rule->origin, stream);
	} else if (question->category == CAT_IOCTL && !question->is_request) {
		fputs("no rule of ioctl names this device", stream);
	} else {
		fprintf(stream, "default/%s:%s", category_name(question->category),
			action_name(policy_default(policy, question->category)));
	}
	fputc('\n', stream);
}

static void explain_print_file(const struct policy_file *file, const char *command, const char *what, FILE *stream)
{
	if (!file)
		return;
	fprintf(stream, EXPLAIN_LABEL "%s+%s", "besides", command, file->text);
	explain_print_origin(&file->origin, stream);
	fprintf(stream, ": %s\n", what);
}

void explain_print_text(const struct policy *policy, const struct explain_question *question, const char *given,
	const struct explain_answer *answer, FILE *stream)
{
	explain_print_verdict(question, given, answer, stream);
	if (answer->reason)
		fprintf(stream, EXPLAIN_LABEL "%s\n", "decided by", answer->reason);
	else if (!answer->on)
		fprintf(stream, EXPLAIN_LABEL "sandbox/%s:off\n", "decided by", category_name(question->category));
	else
		explain_print_decider(policy, question, answer->decision.rule, "decided by", stream);
	if (!answer->reason && (answer->decision.rule || !answer->on))
		explain_print_decider(policy, question, answer->next, "else", stream);
	explain_print_file(answer->mask, "mask", "it shows as another file", stream);
	explain_print_file(answer->append, "append", "it can only be appended to", stream);
	if (answer->switches)
		fprintf(stream, EXPLAIN_LABEL "sandbox/%s:on\n", "to refuse", category_name(question->category));
	if (answer->change[0])
		fprintf(stream, EXPLAIN_LABEL "%s\n", answer->error ? "to allow" : "to refuse", answer->change);
}

void explain_print_json(const struct policy *policy, const struct explain_question *question,
	const struct explain_answer *answer, FILE *stream)
{
	fprintf(stream, "{\"category\":\"%s\",", category_name(question->category));
	json_print_member("judged", answer->name, stream);
	fprintf(stream, ",\"allowed\":%s,\"action\":\"%s\",\"on\":%s,\"default\":\"%s\",\"logged\":%s,",
		json_bool(!answer->error), action_name(answer->decision.action), json_bool(answer->on),
		action_name(answer->by_default), json_bool(answer->logged && !answer->reason));
	json_print_member("errno", answer->error ? strerrorname_np(answer->error) : NULL, stream);
	fputs(",\"rule\":", stream);
	policy_print_rule_json(policy, answer->decision.rule, stream);
	fputs(",\"else\":", stream);
	policy_print_rule_json(policy, answer->next, stream);
	fputc(',', stream);
	json_print_member("reason", answer->reason, stream);
	fputc(',', stream);
	json_print_member("mask", answer->mask ? answer->mask->target : NULL, stream);
	fprintf(stream, ",\"append_only\":%s,", json_bool(answer->append));
	fputs("\"change\":[", stream);
	if (answer->switches)
		fprintf(stream, "\"sandbox/%s:on\"", category_name(question->category));
	if (answer->switches && answer->change[0])
		fputc(',', stream);
	if (answer->change[0])
		json_print_string(answer->change, stream);
	fputs("]}", stream);
}
