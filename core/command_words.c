/*
 * What words of a command line mean. Errors go to the loader, so that all of them are shown.
 */
#include "core/command_words.h"

#include "core/nearest.h"
#include "core/policy_options.h"
#include "core/profile.h"

#define COMMAND_OPTIONS_MAX 32

bool command_word_policy(struct policy_loader *loader, const char *word)
{
	if (policy_file_has_ending(word))
		policy_load_file(loader, word);
	else if (profile_find(word))
		policy_load_profile(loader, word);
	else
		return false;
	return true;
}

void command_word_unknown(
	struct policy_loader *loader, const char *command, const char *argument, const char *const *own)
{
	const char *words[COMMAND_OPTIONS_MAX];
	const char *nearest;
	size_t count = 0;

	for (size_t i = 0; policy_option_name(i) && count < COMMAND_OPTIONS_MAX; i++)
		words[count++] = policy_option_name(i);
	for (; *own && count < COMMAND_OPTIONS_MAX; own++)
		words[count++] = *own;
	nearest = nearest_word(argument, words, count);
	policy_load_error(loader, command, "unknown argument '%s', expected an option%s%s%s", argument,
		nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
}
