/*
 * Words of a command line that several commands of kennel understand in the same way.
 */
#ifndef KENNEL_CORE_COMMAND_WORDS_H
#define KENNEL_CORE_COMMAND_WORDS_H

#include <stdbool.h>

#include "core/policy_parse.h"

/* Loads a word that is a policy: the name of a policy file, or of a profile. False: it is neither. */
bool command_word_policy(struct policy_loader *loader, const char *word);

/* The error for an argument that is no option; own: the command's own options, NULL after the last. */
void command_word_unknown(
	struct policy_loader *loader, const char *command, const char *argument, const char *const *own);

#endif
