/*
 * The values of rules in the net categories, and the command block with its lists. Changes only
 * the loader's policy.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "core/address_pattern.h"
#include "core/policy_net.h"
#include "core/policy_net_rule.h"
#include "core/policy_weight.h"
#include "core/util.h"

static void policy_fail_link(const struct policy_statement *statement)
{
	const char *words[POLICY_LINK_FAMILIES];
	struct policy_hint hint;
	size_t count = 0;

	for (unsigned i = 0; i < POLICY_LINK_FAMILIES; i++)
		if (policy_link_name(i))
			words[count++] = policy_link_name(i);
	policy_statement_fail(statement, statement->value_at,
		"unknown netlink family '%s', expected one such as route%s", policy_value(statement),
		policy_hint_nearest(&hint, policy_value(statement), words, count));
}

/* A word of net/link must match some known family. */
static bool policy_link_known(const char *value)
{
	struct pattern *pattern = NULL;
	const char *error;
	size_t offset;
	bool known = false;

	/* What is no pattern at all is said by who compiles it. */
	if (pattern_new(value, &pattern, &offset, &error))
		return true;
	for (unsigned i = 0; i < POLICY_LINK_FAMILIES; i++)
		known |= policy_link_name(i) && pattern_match(pattern, policy_link_name(i));
	pattern_free(pattern);
	return known;
}

/* Names are looked up before anything runs. */
static uint64_t policy_rule_host_late(const struct policy_statement *statement, struct address_pattern **address_out)
{
	address_pattern_free(*address_out);
	*address_out = NULL;
	statement->loader->unchangeable = true;
	policy_statement_fail(statement, statement->value_at,
		"a running sandbox looks up no host names, expected addresses instead of '%s'",
		policy_value(statement));
	return 0;
}

static uint64_t policy_rule_inet(
	const struct policy_statement *statement, uint64_t categories, struct address_pattern **address_out)
{
	const char *error;
	size_t offset;
	int result;

	if (!(categories & POLICY_INET_BITS) || policy_value(statement)[0] == '!') {
		policy_statement_fail(statement, statement->value_at,
			"expected the name of a UNIX socket: a path, '@' and a name, or '!unnamed'; found '%s'",
			policy_value(statement));
		return 0;
	}
	result = address_pattern_new(policy_value(statement), address_out, &offset, &error);
	if (result == -ENOMEM)
		policy_fail_memory(statement->loader);
	else if (result)
		policy_statement_fail(statement, policy_value_offset(statement, offset), "%s", error);
	else if (statement->loader->running && (*address_out)->host)
		return policy_rule_host_late(statement, address_out);
	return result ? 0 : categories & POLICY_INET_BITS;
}

/* What begins otherwise is the name of no socket: a deny that never matches must not load. */
static bool policy_rule_names_sockets(const char *value)
{
	return strchr("/@*?{", value[0]) || str_equal(value, "!unnamed") || str_equal(value, "\\!unnamed");
}

uint64_t policy_rule_address(
	const struct policy_statement *statement, uint64_t categories, struct address_pattern **address_out)
{
	const char *value = policy_value(statement);
	bool everything = str_equal(value, "/***");

	*address_out = NULL;
	if (!(categories & POLICY_NET_BITS) || (categories & ~POLICY_NET_BITS) || *value == '\0' || everything)
		return categories;
	if (categories == CAT_BIT(CAT_NET_LINK)) {
		if (policy_link_known(value))
			return categories;
		policy_fail_link(statement);
		return 0;
	}
	/* A set that holds net/link: an address is no family. */
	categories &= ~CAT_BIT(CAT_NET_LINK);
	if (policy_rule_names_sockets(value))
		return categories;
	return policy_rule_inet(statement, categories, address_out);
}

static void policy_block(struct policy_loader *loader, char op, const struct network *network)
{
	struct netset *blocked = &policy_settings_edit(loader->policy)->blocked;

	if (op != '+')
		netset_remove(blocked, network, op == '^');
	else if (netset_add(blocked, network))
		policy_fail_memory(loader);
}

/* In a running sandbox the networks are joined: what was added cannot be told any more. */
static bool policy_block_in_time(const struct policy_statement *statement)
{
	if (!statement->loader->running || statement->op == '+')
		return true;
	statement->loader->unchangeable = true;
	policy_statement_fail(statement, policy_name_offset(statement, statement->name),
		"command 'block%c' is not one for a running sandbox", statement->op);
	return false;
}

static bool policy_block_charge(const struct policy_statement *statement, size_t count)
{
	size_t looked_at = 0;

	if (statement->op != '+')
		looked_at = netset_count(&policy_settings(statement->loader->policy)->blocked);
	return policy_charge(
		statement, count * (POLICY_WEIGHT_NETWORK * POLICY_WEIGHT_REMOVAL + looked_at) / POLICY_WEIGHT_REMOVAL);
}

void policy_apply_block(struct policy_statement *statement)
{
	struct policy_loader *loader = statement->loader;
	const char *value = policy_value(statement);
	struct address_pattern *alias = NULL;
	struct network network;
	size_t offset;
	const char *error;

	if (!policy_block_in_time(statement))
		return;
	if (network_parse(value, strlen(value), &network) == 0) {
		if (policy_block_charge(statement, 1))
			policy_block(loader, statement->op, &network);
		return;
	}
	if (strchr(value, '!') || address_pattern_new(value, &alias, &offset, &error) || alias->host) {
		address_pattern_free(alias);
		policy_statement_fail(statement, statement->value_at,
			"expected ADDRESS, ADDRESS/PREFIX or an alias such as linklocal, found '%s'", value);
		return;
	}
	for (size_t i = 0; i < alias->network_count && policy_block_charge(statement, 1); i++)
		policy_block(loader, statement->op, &alias->networks[i]);
	address_pattern_free(alias);
}

/* Without a comment and blanks at either end. */
static const char *policy_network_trim(const char *line, size_t *length)
{
	const char *comment = memchr(line, '#', *length);

	if (comment)
		*length = (size_t)(comment - line);
	while (*length > 0 && isspace((unsigned char)line[*length - 1]))
		--*length;
	while (*length > 0 && isspace((unsigned char)*line)) {
		line++;
		--*length;
	}
	return line;
}

void policy_load_networks(struct policy_loader *loader, const char *text, size_t length, struct policy_place *place)
{
	const char *end = text + length;
	struct network network;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_length = newline ? (size_t)(newline - text) : (size_t)(end - text);
		const char *next = text + line_length + 1;
		const char *line = policy_network_trim(text, &line_length);

		place->line++;
		if (!policy_charge_line(loader, place, line_length > 0 ? POLICY_WEIGHT_NETWORK : 0))
			return;
		if (line_length > 0 && network_parse(line, line_length, &network))
			policy_fail(loader, place, (size_t)(line - text), "expected ADDRESS or ADDRESS/PREFIX");
		else if (line_length > 0)
			policy_block(loader, '+', &network);
		text = next;
	}
}
