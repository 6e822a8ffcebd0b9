/*
 * Printing what kennel diff finds. Settings are compared as kennel check --print shows them, a line each.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/json_print.h"
#include "core/pattern.h"
#include "core/policy_diff.h"
#include "core/policy_net.h"
#include "core/policy_print.h"
#include "core/util.h"

/* A name, and the categories in which the same commands decide on it. */
struct diff_row {
	uint64_t categories;
	enum category category; /* the first of them */
	char *name;             /* owned */
	struct decision a, b;
};

struct diff_print {
	const struct policy *a, *b;
	FILE *stream;
	const char *separator; /* JSON */
	bool json;
	uint64_t inexact;
	struct diff_row *rows;
	size_t row_count;
	size_t next; /* where the next row to be joined is looked for first */
	bool out_of_memory;
	struct policy_diff_result *result;
};

/* ---- Settings ---- */

static char *diff_settings(const struct policy *policy)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	policy_print_settings(policy_settings(policy), stream);
	fclose(stream);
	return text;
}

/* Is this line, with its newline, one of the text's? */
static bool diff_has_line(const char *text, const char *line, size_t length)
{
	while (*text) {
		size_t other = strcspn(text, "\n") + 1;

		if (other == length && memcmp(text, line, length) == 0)
			return true;
		text += other;
	}
	return false;
}

static void diff_print_setting(struct diff_print *print, const char *side, const char *line)
{
	AUTO_FREE char *text = strndup(line, strcspn(line, "\n"));

	print->result->differs = true;
	if (!print->json) {
		fprintf(print->stream, "only in %s: %s\n", side, text ? text : "");
		return;
	}
	fprintf(print->stream, "%s{\"only_in\":\"%s\",", print->separator, side);
	json_print_member("text", text, print->stream);
	fputc('}', print->stream);
	print->separator = ",";
}

/* The lines of one that the other has not; true when there are any. */
static bool diff_print_lines(struct diff_print *print, const char *side, const char *text, const char *other)
{
	bool found = false;

	for (; *text; text += strcspn(text, "\n") + 1) {
		if (diff_has_line(other, text, strcspn(text, "\n") + 1))
			continue;
		diff_print_setting(print, side, text);
		found = true;
	}
	return found;
}

static int diff_print_settings(struct diff_print *print)
{
	AUTO_FREE char *a = diff_settings(print->a);
	AUTO_FREE char *b = diff_settings(print->b);
	bool found;

	if (!a || !b)
		return -ENOMEM;
	found = diff_print_lines(print, "A", a, b);
	found |= diff_print_lines(print, "B", b, a);
	/* Of masks the last decides: the order matters, and here it is all that differs. */
	if (!found && !str_equal(a, b))
		diff_print_setting(print, "B", "the same mask, append and setuid commands in another order");
	return 0;
}

/* ---- Decisions ---- */

static bool diff_same_decider(const struct policy *policy, const struct diff_row *row, enum category category,
	struct decision of_row, struct decision decision)
{
	if (of_row.rule && decision.rule)
		return of_row.rule->sequence == decision.rule->sequence;
	return !of_row.rule && !decision.rule && of_row.action == decision.action &&
	       policy_is_on(policy, row->category) == policy_is_on(policy, category);
}

static bool diff_row_takes(
	const struct diff_print *print, const struct diff_row *row, const struct policy_difference *difference)
{
	return !(row->categories & difference->categories) && str_equal(row->name, difference->name) &&
	       diff_same_decider(print->a, row, difference->category, row->a, difference->a) &&
	       diff_same_decider(print->b, row, difference->category, row->b, difference->b);
}

/* The same commands decide on the same name in several categories: that is one row. */
static void diff_collect(void *context, const struct policy_difference *difference)
{
	struct diff_print *print = context;
	struct diff_row *larger;
	char *name;

	print->result->differs = true;
	/* Categories with the same rules tell their names in the same order: the next one mostly is it. */
	for (size_t i = 0; i < print->row_count; i++) {
		size_t at = (print->next + i) % print->row_count;

		if (!diff_row_takes(print, &print->rows[at], difference))
			continue;
		print->rows[at].categories |= difference->categories;
		print->next = at + 1;
		return;
	}
	larger = reallocarray(print->rows, print->row_count + 1, sizeof(*larger));
	if (larger)
		print->rows = larger;
	name = strdup(difference->name);
	if (!larger || !name) {
		print->out_of_memory = true;
		free(name);
		return;
	}
	larger[print->row_count++] =
		(struct diff_row){ difference->categories, difference->category, name, difference->a, difference->b };
}

static void diff_print_decider(const struct diff_print *print, const struct policy *policy, const char *side,
	const struct diff_row *row, const struct decision *decision)
{
	fprintf(print->stream, "  %s  ", side);
	if (decision->rule) {
		policy_print_rule(policy, decision->rule, print->stream);
		fprintf(print->stream, " (%s:%u)\n", decision->rule->origin.file, decision->rule->origin.line);
		return;
	}
	fputs(policy_is_on(policy, row->category) ? "default/" : "sandbox/", print->stream);
	policy_print_categories(row->categories, "", print->stream);
	fprintf(print->stream, ":%s\n", policy_is_on(policy, row->category) ? action_name(decision->action) : "off");
}

static const char *diff_verdict(const struct diff_row *row)
{
	bool a = !action_refuses(row->a.action);
	bool b = !action_refuses(row->b.action);

	if (a != b)
		return a ? "only A allows it" : "only B allows it";
	return a ? "both allow it, one logs it" : "both refuse it, with other effects";
}

static void diff_print_text(const struct diff_print *print, const struct diff_row *row)
{
	char quoted[PATH_MAX * 4];

	if (pattern_quote(row->name, quoted, sizeof(quoted)) < 0)
		snprintf(quoted, sizeof(quoted), "(a long name)");
	policy_print_categories(row->categories, "", print->stream);
	fprintf(print->stream, " %s: %s\n", quoted, diff_verdict(row));
	diff_print_decider(print, print->a, "A", row, &row->a);
	diff_print_decider(print, print->b, "B", row, &row->b);
}

static void diff_print_json_side(
	const struct diff_print *print, const struct policy *policy, const char *side, const struct decision *decision)
{
	fprintf(print->stream, ",\"%s\":{\"allowed\":%s,\"action\":\"%s\",\"rule\":", side,
		json_bool(!action_refuses(decision->action)), action_name(decision->action));
	policy_print_rule_json(policy, decision->rule, print->stream);
	fputc('}', print->stream);
}

static void diff_print_json(const struct diff_print *print, const struct diff_row *row)
{
	fputs("{\"categories\":[", print->stream);
	policy_print_categories(row->categories, "\"", print->stream);
	fputs("],", print->stream);
	json_print_member("name", row->name, print->stream);
	diff_print_json_side(print, print->a, "a", &row->a);
	diff_print_json_side(print, print->b, "b", &row->b);
	fputc('}', print->stream);
}

static void diff_print_rows(struct diff_print *print)
{
	for (size_t i = 0; i < print->row_count; i++) {
		if (print->json && i > 0)
			fputc(',', print->stream);
		if (print->json)
			diff_print_json(print, &print->rows[i]);
		else
			diff_print_text(print, &print->rows[i]);
		free(print->rows[i].name);
	}
	free(print->rows);
}

static void diff_print_inexact(void *context, uint64_t categories)
{
	struct diff_print *print = context;

	print->inexact |= categories;
	print->result->inexact = true;
}

static void diff_print_inexactly(const struct diff_print *print, uint64_t of, const char *why)
{
	if (!(print->inexact & of))
		return;
	policy_print_categories(print->inexact & of, "", print->stream);
	fprintf(print->stream, ": %s\n", why);
}

static void diff_print_end(const struct diff_print *print)
{
	if (print->json) {
		fputs("],\"inexact\":[", print->stream);
		policy_print_categories(print->inexact, "\"", print->stream);
		fprintf(print->stream, "],\"differs\":%s}\n", json_bool(print->result->differs));
		return;
	}
	diff_print_inexactly(
		print, ~POLICY_NET_BITS, "too many combinations to look at: only some names were compared");
	diff_print_inexactly(print, POLICY_NET_BITS, "the rules do not read the same; addresses were not compared");
}

int policy_diff_print(
	const struct policy *a, const struct policy *b, bool json, FILE *stream, struct policy_diff_result *result_out)
{
	struct diff_print print = {
		.a = a, .b = b, .stream = stream, .separator = "", .json = json, .result = result_out
	};
	const struct policy_diff_report report = { diff_collect, diff_print_inexact, &print };
	int error;

	*result_out = (struct policy_diff_result){ .differs = false };
	if (json)
		fputs("{\"settings\":[", stream);
	error = diff_print_settings(&print);
	print.separator = "";
	if (json)
		fputs("],\"differences\":[", stream);
	if (error == 0)
		error = policy_diff(a, b, &report);
	diff_print_rows(&print);
	diff_print_end(&print);
	return print.out_of_memory ? -ENOMEM : error;
}
