/*
 * Names that rules allow and that are not there: Landlock knows files, so that what is made under them later can be
 * used from the next start on.
 */
#ifndef KENNEL_CORE_ABSENT_H
#define KENNEL_CORE_ABSENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy;
struct rule;

#define ABSENT_MAX 16

struct absent {
	size_t count;
	bool more; /* than there is room for */
	struct absent_name {
		char *name;              /* the first part that is missing; owned */
		const struct rule *rule; /* owned by the policy */
	} list[ABSENT_MAX];
};

/*
 * Looks at the file system as it is now, for rules of these categories that spell a name out. A directory that will be
 * made (NULL: none) is not missing. 0 or -ENOMEM; absent_free() afterwards, in any case.
 */
int absent_find(const struct policy *policy, uint64_t categories, const char *promised, struct absent *absent_out);
void absent_free(struct absent *absent);

#endif
