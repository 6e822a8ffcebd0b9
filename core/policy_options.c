/*
 * The table of the policy options. Takes arguments apart; what they mean is the loader's.
 */
#include "core/policy_options.h"

#include <string.h>

#include "core/util.h"

const char policy_options_help[] = "  -p PROFILE      a policy that is part of the program: see kennel profiles\n"
				   "  -P FILE         a policy file (.kennel or .syd-3)\n"
				   "  -m COMMAND      one command of the rule language, see kennel(5)\n"
				   "  --ro PATH       allow reading and executing PATH and everything below it\n"
				   "  --rw PATH       the same, and changing them\n"
				   "  --hide PATH     PATH and everything below it do not exist\n"
				   "  --exec PATH     allow executing PATH and everything below it\n"
				   "  --connect ADDR  ADDR may be connected to: ADDRESS/PREFIX!PORT, NAME!PORT,\n"
				   "                  a path, @abstract, or an alias such as loopback!80\n"
				   "  --bind ADDR     ADDR may be bound\n"
				   "Policy options apply in the order in which they are given; the last rule that\n"
				   "matches decides.\n";

struct policy_option {
	const char *name; /* with its dashes */
	void (*load)(struct policy_loader *loader, const char *value);
	const char *takes;
};

static const struct policy_option policy_options[] = {
	{ "-p", policy_load_profile, "the name of a profile" },
	{ "-P", policy_load_file, "a policy file" },
	{ "-m", policy_load_command, "a command of the rule language" },
	{ "--ro", NULL, "a path" },
	{ "--rw", NULL, "a path" },
	{ "--hide", NULL, "a path" },
	{ "--exec", NULL, "a path" },
	{ "--connect", NULL, "an address" },
	{ "--bind", NULL, "an address" },
};

const char *policy_option_name(size_t index)
{
	return index < ARRAY_SIZE(policy_options) ? policy_options[index].name : NULL;
}

/* What stands behind the option in the same argument; NULL: this is another option. */
static const char *policy_option_rest(const struct policy_option *option, const char *argument)
{
	size_t length = strlen(option->name);

	if (strncmp(argument, option->name, length) != 0)
		return NULL;
	if (option->name[1] == '-' && argument[length] != '\0' && argument[length] != '=')
		return NULL;
	return argument + length;
}

static void policy_option_apply(struct policy_loader *loader, const struct policy_option *option, const char *value)
{
	if (!value)
		policy_load_error(loader, option->name, "expected %s", option->takes);
	else if (option->load)
		option->load(loader, value);
	else
		policy_load_short(loader, option->name + 2, value);
}

bool policy_options_take(struct policy_loader *loader, int argc, char **argv, int *index)
{
	for (size_t i = 0; *index < argc && i < ARRAY_SIZE(policy_options); i++) {
		const char *value = policy_option_rest(&policy_options[i], argv[*index]);

		if (!value)
			continue;
		++*index;
		if (*value == '\0') {
			value = *index < argc ? argv[*index] : NULL;
			*index += value != NULL;
		} else if (*value == '=' && policy_options[i].name[1] == '-') {
			value++;
		}
		policy_option_apply(loader, &policy_options[i], value);
		return true;
	}
	return false;
}
