/*
 * Printing what kennel diff finds. Settings are compared as kennel check --print shows them, a line each.
 */
#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/address_pattern.h"
#include "core/cleanup.h"
#include "core/json_print.h"
#include "core/pattern.h"
#include "core/policy_diff.h"
#include "core/policy_net.h"
#include "core/policy_print.h"
#include "core/util.h"

/* The command that decides, or what else does: the same for all categories that it was written for. */
struct diff_decider {
	unsigned long sequence; /* of the rule */
	unsigned long action;   /* without one */
	unsigned long on;
};

/* A name, and the categories in which the same commands decide on it. */
struct diff_row {
	struct diff_decider by_a, by_b;
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
	struct diff_row **rows; /* in order */
	size_t row_count;
	void *tree; /* of them, by name and deciders */
	bool out_of_memory;
	struct policy_diff_result *result;
};

/* ---- Settings ---- */

/* But for what is blocked. */
static char *diff_settings(const struct policy *policy)
{
	struct policy_settings settings = *policy_settings(policy);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	settings.blocked = (struct netset){ .sealed = true };
	policy_print_settings(&settings, stream);
	fclose(stream);
	return text;
}

static int diff_line_order(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* The text's lines, as the text has them, or sorted; the caller frees the array. */
static char **diff_lines(char *text, bool sorted, size_t *count_out)
{
	size_t count = 0;
	char **lines;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	lines = calloc(count + 1, sizeof(*lines));
	for (size_t i = 0; lines && i < count; i++)
		lines[i] = strsep(&text, "\n");
	if (lines && sorted)
		qsort(lines, count, sizeof(*lines), diff_line_order);
	*count_out = count;
	return lines;
}

static void diff_print_setting(struct diff_print *print, const char *side, const char *line)
{
	print->result->differs = true;
	if (!print->json) {
		fprintf(print->stream, "only in %s: %s\n", side, line);
		return;
	}
	fprintf(print->stream, "%s{\"only_in\":\"%s\",", print->separator, side);
	json_print_member("text", line, print->stream);
	fputc('}', print->stream);
	print->separator = ",";
}

/* The lines of one that the other has not: copies, which are cut up. */
static int diff_print_lines(struct diff_print *print, const char *side, const char *of, const char *other)
{
	AUTO_FREE char *text = strdup(of);
	AUTO_FREE char *other_text = strdup(other);
	size_t count = 0, other_count = 0;
	AUTO_FREE char **lines = text ? diff_lines(text, false, &count) : NULL;
	AUTO_FREE char **others = other_text ? diff_lines(other_text, true, &other_count) : NULL;

	if (!lines || !others)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!bsearch(&lines[i], others, other_count, sizeof(*others), diff_line_order))
			diff_print_setting(print, side, lines[i]);
	return 0;
}

/* What only one of them blocks, whatever networks the lists are made of. */
static int diff_print_blocked(
	struct diff_print *print, const char *side, const struct policy *of, const struct policy *other)
{
	struct netset less = { .sealed = false };
	char before[64];
	int error = netset_subtract(&less, &policy_settings(of)->blocked, &policy_settings(other)->blocked);

	snprintf(before, sizeof(before), print->json ? "{\"only_in\":\"%s\",\"text\":\"block+" : "only in %s: block+",
		side);
	if (netset_count(&less) > 0) {
		struct policy_network_print networks = { print->stream, before, print->json ? "\"}" : "\n",
			print->separator, print->json ? "," : "" };

		policy_print_networks(&less, &networks);
		print->separator = networks.separator;
		print->result->differs = true;
	}
	netset_free(&less);
	return error;
}

static int diff_print_settings(struct diff_print *print)
{
	AUTO_FREE char *a = diff_settings(print->a);
	AUTO_FREE char *b = diff_settings(print->b);
	int error = a && b ? 0 : -ENOMEM;

	error = error ? error : diff_print_lines(print, "A", a, b);
	error = error ? error : diff_print_lines(print, "B", b, a);
	/* Of masks the last decides: the order matters, and here it is all that differs. */
	if (!error && !print->result->differs && !str_equal(a, b))
		diff_print_setting(print, "B", "the same mask, append and setuid commands in another order");
	error = error ? error : diff_print_blocked(print, "A", print->a, print->b);
	return error ? error : diff_print_blocked(print, "B", print->b, print->a);
}

/* ---- Decisions ---- */

static struct diff_decider diff_decider(const struct policy *policy, enum category category, struct decision decision)
{
	if (decision.rule)
		return (struct diff_decider){ .sequence = decision.rule->sequence };
	return (struct diff_decider){ .action = decision.action, .on = policy_is_on(policy, category) };
}

static int diff_row_order(const void *one, const void *other)
{
	const struct diff_row *a = one, *b = other;
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = memcmp(&a->by_a, &b->by_a, sizeof(a->by_a));
	return order ? order : memcmp(&a->by_b, &b->by_b, sizeof(a->by_b));
}

static void diff_row_free(void *context)
{
	struct diff_row *row = context;

	if (row)
		free(row->name);
	free(row);
}

static struct diff_row *diff_row_new(const struct diff_print *print, const struct policy_difference *difference)
{
	struct diff_row *row = calloc(1, sizeof(*row));

	if (!row)
		return NULL;
	*row = (struct diff_row){ .by_a = diff_decider(print->a, difference->category, difference->a),
		.by_b = diff_decider(print->b, difference->category, difference->b),
		.categories = difference->categories,
		.category = difference->category,
		.name = strdup(difference->name),
		.a = difference->a,
		.b = difference->b };
	if (row->name)
		return row;
	free(row);
	return NULL;
}

/* Full at every power of two: then it doubles. */
static int diff_row_append(struct diff_print *print, struct diff_row *row)
{
	size_t count = print->row_count;

	if ((count & (count - 1)) == 0) {
		struct diff_row **larger = reallocarray(print->rows, count ? count * 2 : 1, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		print->rows = larger;
	}
	print->rows[print->row_count++] = row;
	return 0;
}

/* The same commands decide on the same name in several categories: that is one row. */
static void diff_collect(void *context, const struct policy_difference *difference)
{
	struct diff_print *print = context;
	struct diff_row *row = diff_row_new(print, difference);
	struct diff_row **found = row ? tsearch(row, &print->tree, diff_row_order) : NULL;

	print->result->differs = true;
	if (found && *found == row && diff_row_append(print, row) == 0)
		return;
	if (found && *found != row)
		(*found)->categories |= difference->categories;
	else
		print->out_of_memory = true;
	if (!found || *found != row)
		diff_row_free(row);
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

	/* An IP address stands in rules as it is. */
	if (POLICY_NET_BITS & row->categories && address_pattern_is(row->name))
		snprintf(quoted, sizeof(quoted), "%s", row->name);
	else if (pattern_quote(row->name, quoted, sizeof(quoted)) < 0)
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
			diff_print_json(print, print->rows[i]);
		else
			diff_print_text(print, print->rows[i]);
	}
	free(print->rows);
	tdestroy(print->tree, diff_row_free);
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
	diff_print_inexactly(
		print, POLICY_NET_BITS, "too many combinations, or names of hosts: only some addresses were compared");
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
