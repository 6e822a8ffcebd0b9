/*
 * Printing policies. Rules that one command made are one line again.
 */
#include "core/policy_print.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "core/json_print.h"
#include "core/pattern.h"
#include "core/policy_cursor.h"
#include "core/policy_files.h"
#include "core/unsafe.h"

void policy_print_categories(uint64_t categories, const char *quote, FILE *stream)
{
	const char *separator = "";

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		if (!(categories & CAT_BIT(i)))
			continue;
		fprintf(stream, "%s%s%s%s", separator, quote, category_name((enum category)i), quote);
		separator = ",";
	}
}

static void policy_print_switches(const struct policy *policy, bool on, FILE *stream)
{
	uint64_t categories = 0;

	for (unsigned i = 0; i < CAT_COUNT; i++)
		if ((category_enforced() & CAT_BIT(i)) && policy_is_on(policy, (enum category)i) == on)
			categories |= CAT_BIT(i);
	if (!categories)
		return;
	fputs("sandbox/", stream);
	policy_print_categories(categories, "", stream);
	fputs(on ? ":on\n" : ":off\n", stream);
}

static void policy_print_defaults(const struct policy *policy, enum action action, FILE *stream)
{
	uint64_t categories = 0;

	for (unsigned i = 0; i < CAT_COUNT; i++)
		if ((category_enforced() & CAT_BIT(i)) && policy_default(policy, (enum category)i) == action)
			categories |= CAT_BIT(i);
	if (!categories)
		return;
	fputs("default/", stream);
	policy_print_categories(categories, "", stream);
	fprintf(stream, ":%s\n", action_name(action));
}

static const char *policy_on_off(bool on)
{
	return on ? "on" : "off";
}

static const char *policy_transition_name(enum id_kind kind)
{
	return kind == ID_USER ? "setuid" : "setgid";
}

static const char *policy_file_name(const struct policy_file *file)
{
	return file->kind == POLICY_FILE_MASK ? "mask" : "append";
}

void policy_print_settings(const struct policy_settings *settings, FILE *stream)
{
	char quoted[PATH_MAX * 4 + 1];

	for (unsigned i = 0; i < abi_list_count; i++)
		if (abi_list[i] != abi_native())
			fprintf(stream, "abi/%s:%s\n", abi_list[i]->name,
				policy_on_off(settings->abis & ABI_BIT(abi_list[i])));
	fprintf(stream, "log/refused:%s\n", policy_on_off(settings->log_refused));
	if (settings->log_file && pattern_quote(settings->log_file, quoted, sizeof(quoted)) >= 0)
		fprintf(stream, "log/file:%s\n", quoted);
	fprintf(stream, "exit/wait_all:%s\n", policy_on_off(settings->wait_all));
	fprintf(stream, "limit/calls:%u\nlimit/workers:%u\n", settings->limit_calls, settings->limit_workers);
	fprintf(stream, "trace/ptrace:%s\n", policy_on_off(settings->trace_ptrace));
	fprintf(stream, "exec/mmap:%s\n", policy_on_off(settings->exec_mmap));
	fprintf(stream, "exec/anonymous:%s\n", policy_on_off(settings->exec_anonymous));
	for (int unsafe = 0; unsafe < UNSAFE_COUNT; unsafe++)
		if (unsafe_given(settings, (enum unsafe)unsafe))
			fprintf(stream, "allow_unsafe/%s:on\n", unsafe_name((enum unsafe)unsafe));
	if (!settings->judge_peers)
		fputs("net/accept:off\n", stream);
	if (settings->strict_names)
		fputs("filename/strict:on\n", stream);
	for (size_t i = 0; i < settings->file_count; i++)
		fprintf(stream, "%s+%s\n", policy_file_name(&settings->files[i]), settings->files[i].text);
	if (settings->lock != POLICY_LOCK_ON)
		fprintf(stream, "lock:%s\n", policy_lock_name(settings->lock));
	policy_print_blocked(settings, stream);
	if (settings->ghost)
		fputs("ghost!\n", stream);
	policy_print_payload(settings, stream);
	for (size_t i = 0; i < settings->transition_count; i++)
		fprintf(stream, "%s+%u.%u\n", policy_transition_name(settings->transitions[i].kind),
			settings->transitions[i].from, settings->transitions[i].to);
}

/* Sequences grow. */
const struct rule *policy_print_sibling(const struct policy *policy, enum category category, const struct rule *rule)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rules[middle].sequence < rule->sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && rules[low].sequence == rule->sequence ? &rules[low] : NULL;
}

void policy_print_rule(const struct policy *policy, const struct rule *rule, FILE *stream)
{
	uint64_t categories = CAT_BIT(rule->category);

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		if (policy_print_sibling(policy, (enum category)i, rule))
			categories |= CAT_BIT(i);
	}
	fprintf(stream, "%s/", action_name(rule->action));
	policy_print_categories(categories, "", stream);
	fprintf(stream, "+%s", pattern_text(rule->pattern));
}

void policy_print_rule_json(const struct policy *policy, const struct rule *rule, FILE *stream)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = rule ? open_memstream(&text, &size) : NULL;

	if (!memory) {
		fputs("null", stream);
		return;
	}
	policy_print_rule(policy, rule, memory);
	fclose(memory);
	fputc('{', stream);
	json_print_member("text", text, stream);
	fprintf(stream, ",\"action\":\"%s\",", action_name(rule->action));
	json_print_member("file", rule->origin.file, stream);
	fprintf(stream, ",\"line\":%u}", rule->origin.line);
	free(text);
}

void policy_print_text(const struct policy *policy, FILE *stream)
{
	struct policy_cursor cursor = { .policy = policy };
	const struct rule *rule;
	uint64_t categories;

	policy_print_switches(policy, true, stream);
	policy_print_switches(policy, false, stream);
	for (int action = 0; action < ACTION_COUNT; action++)
		policy_print_defaults(policy, (enum action)action, stream);
	policy_print_settings(policy_settings(policy), stream);
	while ((rule = policy_cursor_next(&cursor, &categories)) != NULL)
		policy_print_again(rule, categories, stream);
}

static void policy_json_categories(const struct policy *policy, FILE *stream)
{
	const char *separator = "";

	fputs("\"categories\":{", stream);
	for (unsigned i = 0; i < CAT_COUNT; i++) {
		enum category category = (enum category)i;

		if (!(category_enforced() & CAT_BIT(i)))
			continue;
		fprintf(stream, "%s\"%s\":{\"on\":%s,\"default\":\"%s\"}", separator, category_name(category),
			json_bool(policy_is_on(policy, category)), action_name(policy_default(policy, category)));
		separator = ",";
	}
	fputs("}", stream);
}

static void policy_json_settings(const struct policy_settings *settings, FILE *stream)
{
	fputs(",\"settings\":{", stream);
	for (unsigned i = 0; i < abi_list_count; i++)
		if (abi_list[i] != abi_native())
			fprintf(stream, "\"abi_%s\":%s,", abi_list[i]->name,
				json_bool(settings->abis & ABI_BIT(abi_list[i])));
	fprintf(stream, "\"log_refused\":%s,\"log_file\":", json_bool(settings->log_refused));
	if (settings->log_file)
		json_print_string(settings->log_file, stream);
	else
		fputs("null", stream);
	fprintf(stream, ",\"wait_all\":%s,\"limit_calls\":%u,\"limit_workers\":%u", json_bool(settings->wait_all),
		settings->limit_calls, settings->limit_workers);
	fprintf(stream, ",\"trace_ptrace\":%s,\"exec_mmap\":%s,\"exec_anonymous\":%s",
		json_bool(settings->trace_ptrace), json_bool(settings->exec_mmap), json_bool(settings->exec_anonymous));
	fprintf(stream, ",\"ghost\":%s,\"strict_names\":%s,\"lock\":\"%s\"", json_bool(settings->ghost),
		json_bool(settings->strict_names), policy_lock_name(settings->lock));
	for (int unsafe = 0; unsafe < UNSAFE_COUNT; unsafe++)
		fprintf(stream, ",\"unsafe_%s\":%s", unsafe_name((enum unsafe)unsafe),
			json_bool(unsafe_given(settings, (enum unsafe)unsafe)));
	fprintf(stream, ",\"net_accept\":%s}", json_bool(settings->judge_peers));
}

static void policy_json_transitions(const struct policy_settings *settings, FILE *stream)
{
	fputs(",\"transitions\":[", stream);
	for (size_t i = 0; i < settings->transition_count; i++) {
		const struct policy_transition *transition = &settings->transitions[i];

		fprintf(stream, "%s{\"call\":\"%s\",\"from\":%u,\"to\":%u,\"file\":", i > 0 ? "," : "",
			policy_transition_name(transition->kind), transition->from, transition->to);
		json_print_string(transition->origin.file, stream);
		fprintf(stream, ",\"line\":%u}", transition->origin.line);
	}
	fputs("]", stream);
}

static void policy_json_files(const struct policy_settings *settings, FILE *stream)
{
	fputs(",\"files\":[", stream);
	for (size_t i = 0; i < settings->file_count; i++) {
		const struct policy_file *file = &settings->files[i];

		fprintf(stream, "%s{\"command\":\"%s\",\"value\":", i > 0 ? "," : "", policy_file_name(file));
		json_print_string(file->text, stream);
		fputs(",\"file\":", stream);
		json_print_string(file->origin.file, stream);
		fprintf(stream, ",\"line\":%u}", file->origin.line);
	}
	fputs("]", stream);
}

static void policy_json_rule(const struct rule *rule, uint64_t categories, FILE *stream)
{
	fprintf(stream, "{\"action\":\"%s\",\"categories\":[", action_name(rule->action));
	policy_print_categories(categories, "\"", stream);
	fputs("],\"pattern\":", stream);
	json_print_string(pattern_text(rule->pattern), stream);
	fputs(",\"file\":", stream);
	json_print_string(rule->origin.file, stream);
	fprintf(stream, ",\"line\":%u}", rule->origin.line);
}

void policy_print_members(const struct policy *policy, FILE *stream)
{
	struct policy_cursor cursor = { .policy = policy };
	const char *separator = "";
	const struct rule *rule;
	uint64_t categories;

	policy_json_categories(policy, stream);
	policy_json_settings(policy_settings(policy), stream);
	policy_json_transitions(policy_settings(policy), stream);
	policy_json_files(policy_settings(policy), stream);
	policy_print_payload_json(policy_settings(policy), stream);
	policy_print_blocked_json(policy_settings(policy), stream);
	fputs(",\"rules\":[", stream);
	while ((rule = policy_cursor_next(&cursor, &categories)) != NULL) {
		fputs(separator, stream);
		policy_json_rule(rule, categories, stream);
		separator = ",";
	}
	fputs("]", stream);
}
