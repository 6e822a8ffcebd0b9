/*
 * What Landlock is to let the payload read: the hierarchies and single files that the rules of read and readdir allow,
 * found by a walk over the directories about which the rules are not of one mind. Landlock only allows, by inode, a
 * file or a directory with everything below it; where that says something else than the rules, an obstacle is noted,
 * and the supervisor decides.
 */
#ifndef KENNEL_CORE_GRANTS_H
#define KENNEL_CORE_GRANTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/category.h"

struct policy;
struct rule;

/*
 * The categories that can be left to Landlock: of opens for reading. So are rules of ioctl about devices, as rules of
 * read: those that may not be opened may not be read.
 */
#define GRANTS_CATEGORIES (CAT_BIT(CAT_READ) | CAT_BIT(CAT_READDIR))

struct grant {
	char *name;          /* canonical; owned */
	uint64_t categories; /* of GRANTS_CATEGORIES */
	bool beneath;        /* a directory, and everything below it */
	bool no_device;      /* unless it is a device by now */
};

/* Why Landlock would not say the same as the policy. */
struct obstacle {
	enum category category;  /* CAT_COUNT: a setting */
	const struct rule *rule; /* owned by the policy; NULL: the default of the category, or a setting */
	char name[PATH_MAX];     /* where; "": everywhere */
	const char *why;         /* static */
	const char *instead;     /* static: the change that would avoid it; NULL: none */
};

#define GRANTS_OBSTACLES_MAX 12

struct grants {
	uint64_t categories; /* which Landlock has to handle, active or not; and ioctl, where devices are told apart */
	size_t count;
	size_t capacity;
	struct grant *list; /* owned */
	size_t obstacle_count;
	size_t obstacles_wanted;
	struct obstacle *obstacles; /* owned */
};

/*
 * Looks at the file system as it is now, until as many obstacles as wanted (1 to GRANTS_OBSTACLES_MAX) are found. A
 * directory that will be made for the payload (NULL: none) counts as made. 0 or -ENOMEM; grants_free() afterwards, in
 * any case.
 */
int grants_find(const struct policy *policy, const char *promised, size_t obstacles_wanted, struct grants *grants_out);
void grants_free(struct grants *grants);

/* The categories that Landlock would decide exactly as the rules do: all that are active, or 0. */
uint64_t grants_fit(const struct grants *grants);

#endif
