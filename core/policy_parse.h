/*
 * Loading policies: commands of the rule language from the command line (-m), files (-P),
 * profiles (-p) and the short options, in the order they are given. Errors are
 * collected and printed by policy_loader_finish(); with one of them there is no policy.
 */
#ifndef KENNEL_CORE_POLICY_PARSE_H
#define KENNEL_CORE_POLICY_PARSE_H

#include <stdio.h>

#include "core/policy.h"
#include "core/policy_vars.h"

struct policy_loader;

/* lookup answers ${VAR}: see core/policy_environment.h. NULL only when memory is exhausted. */
struct policy_loader *policy_loader_new(policy_lookup_fn *lookup, void *lookup_context);
void policy_loader_free(struct policy_loader *loader);

static inline void policy_loader_cleanup(struct policy_loader **loader)
{
	policy_loader_free(*loader);
}

#define AUTO_POLICY_LOADER __attribute__((cleanup(policy_loader_cleanup)))

/* One command, as after -m. */
void policy_load_command(struct policy_loader *loader, const char *text);

/* A .kennel or .syd-3 file. */
void policy_load_file(struct policy_loader *loader, const char *path);

/* True for the name of a file that can be a policy. */
bool policy_file_has_ending(const char *path);

/* A profile that is compiled into the program. */
void policy_load_profile(struct policy_loader *loader, const char *name);

/*
 * A short option by its name without dashes (ro, rw, hide, exec, connect, bind) and what follows
 * it. Paths may be relative to the current directory.
 */
void policy_load_short(struct policy_loader *loader, const char *option, const char *value);

/* A list of categories and sets as bits, those that are enforced; 0 after an error. */
uint64_t policy_load_categories(struct policy_loader *loader, const char *option, const char *list);

/* An error of the command line itself, such as an option without its value. */
__attribute__((format(printf, 3, 4))) void policy_load_error(
	struct policy_loader *loader, const char *option, const char *format, ...);

unsigned long policy_loader_errors(const struct policy_loader *loader);

/*
 * The policy, sealed and now the caller's; or NULL, when all errors have been printed
 * to stream (NULL: nowhere), one a line. The loader is of no further use but to be freed.
 */
struct policy *policy_loader_finish(struct policy_loader *loader, FILE *stream);

/* The errors so far as a JSON array, at most POLICY_ERRORS_SHOWN of them; no newline. */
void policy_loader_print_json(const struct policy_loader *loader, FILE *stream);

#endif
