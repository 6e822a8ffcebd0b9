/*
 * What core/grants.c asks of rules and settings: pure but for one look at a name. Nobody else includes this.
 */
#ifndef KENNEL_CORE_GRANTS_RULES_H
#define KENNEL_CORE_GRANTS_RULES_H

#include "core/grants.h"

/* Adds a copy, at this name, unless there are as many already. */
void grants_note(struct grants *grants, const char *name, const struct obstacle *obstacle);

/* No further obstacle would be noted: there is no use in looking on. */
bool grants_over(const struct grants *grants);

/* Notes what no look at the file system can mend: actions that are not silent, memory files, other kinds of rules. */
void grants_settings(const struct policy *policy, struct grants *grants);

/* The rule by which names in this directory differ. */
struct obstacle grants_mixed_by(const struct policy *policy, const char *directory, uint64_t mixed);

/* Names directly in a directory, once each. */
#define GRANTS_CHILDREN_MAX 32
struct grants_children {
	unsigned count;
	char names[GRANTS_CHILDREN_MAX][NAME_MAX + 1];
};

/*
 * The only names in a directory that rules of these categories can allow, or below which they can: false when those
 * cannot be told without listing it.
 */
bool grants_children(
	const struct policy *policy, const char *directory, uint64_t categories, struct grants_children *children_out);

/* True, with the obstacle, when the directory itself may be listed: Landlock would let all below it be listed, too. */
bool grants_lists_more(const struct policy *policy, const char *directory, struct obstacle *obstacle_out);

/* True, with the obstacle, when the sandbox could make, remove or move a name directly in the directory `fd`. */
bool grants_may_change(const struct policy *policy, const char *directory, int fd, const char *promised,
	struct obstacle *obstacle_out);

#endif
