/*
 * Rules as commands that make them again. What was written for more categories and taken away from some can mean
 * more, or be allowed to say more, than the same for those that are left: it is written and taken away again.
 */
#include <string.h>

#include "core/ioctl_names.h"
#include "core/pattern.h"
#include "core/policy_net.h"
#include "core/policy_print.h"
#include "core/policy_words.h"
#include "core/util.h"

static bool policy_again_names_request(const struct rule *rule)
{
	size_t count;
	const struct ioctl_name *names = ioctl_names(&count);
	uint32_t number;

	for (size_t i = 0; i < count; i++)
		if (pattern_match(rule->pattern, names[i].name))
			return true;
	return policy_word_request(pattern_text(rule->pattern), &number);
}

static bool policy_again_names_family(const struct rule *rule)
{
	for (unsigned i = 0; i < POLICY_LINK_FAMILIES; i++)
		if (policy_rule_has_link(rule, i))
			return true;
	return false;
}

/* As the loader reads a command of these categories alone: as words, or with net/link left out. */
static bool policy_again_stands_alone(const struct rule *rule, uint64_t categories)
{
	const char *text = pattern_text(rule->pattern);

	if (categories == CAT_BIT(CAT_NET_LINK))
		return policy_again_names_family(rule) || str_equal(text, "/***");
	if (!(categories & ~POLICY_NET_BITS) && (text[0] == '!' || text[0] == '\\'))
		return str_equal(text, "!unnamed") || str_equal(text, "\\!unnamed");
	if (!(categories & ~POLICY_NET_BITS))
		return !(categories & CAT_BIT(CAT_NET_LINK)) || str_equal(text, "/***");
	if (categories & CAT_BIT(CAT_IOCTL) && !(categories & ~POLICY_WORD_BITS))
		return text[0] == '/' || policy_again_names_request(rule);
	return true;
}

/* Categories that it must be written for, too. */
static uint64_t policy_again_more(const struct rule *rule, uint64_t categories)
{
	uint64_t all = category_enforced();

	if (rule->everything)
		return (categories | CAT_BIT(CAT_EXEC)) == all ? 0 : all & ~categories;
	return policy_again_stands_alone(rule, categories) ? 0 : CAT_BIT(CAT_READ);
}

static void policy_again_command(const struct rule *rule, char op, uint64_t categories, FILE *stream)
{
	fprintf(stream, "%s/", action_name(rule->action));
	policy_print_categories(categories, "", stream);
	fprintf(stream, "%c%s\n", op, pattern_text(rule->pattern));
}

void policy_print_again(const struct rule *rule, uint64_t categories, FILE *stream)
{
	uint64_t more = policy_again_more(rule, categories);

	policy_again_command(rule, '+', categories | more, stream);
	if (more)
		policy_again_command(rule, '-', more, stream);
}
