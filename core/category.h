/*
 * The categories and actions of the rule language (kennel(5)), as data.
 * A category that is not enforced yet is known by name only, so that naming it can
 * be refused with a clear error.
 */
#ifndef KENNEL_CORE_CATEGORY_H
#define KENNEL_CORE_CATEGORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum category {
	CAT_WALK,
	CAT_LIST,
	CAT_STAT,
	CAT_READ,
	CAT_WRITE,
	CAT_EXEC,
	CAT_IOCTL,
	CAT_CREATE,
	CAT_DELETE,
	CAT_RENAME,
	CAT_SYMLINK,
	CAT_TRUNCATE,
	CAT_CHDIR,
	CAT_READDIR,
	CAT_MKDIR,
	CAT_RMDIR,
	CAT_CHOWN,
	CAT_CHGRP,
	CAT_CHMOD,
	CAT_CHATTR,
	CAT_UTIME,
	CAT_CHROOT,
	CAT_MKBDEV,
	CAT_MKCDEV,
	CAT_MKFIFO,
	CAT_MKTEMP,
	CAT_NOTIFY,
	CAT_FS,
	CAT_NET_BIND,
	CAT_NET_CONNECT,
	CAT_NET_SENDFD,
	CAT_NET_LINK,
	CAT_COUNT,
};

#define CAT_BIT(category) (UINT64_C(1) << (category))
#define CAT_ALL_BITS (CAT_BIT(CAT_COUNT) - 1)

enum action {
	ACTION_ALLOW,
	ACTION_WARN,
	ACTION_FILTER,
	ACTION_DENY,
	ACTION_STOP,
	ACTION_ABORT,
	ACTION_KILL,
	ACTION_PANIC,
	ACTION_EXIT,
	ACTION_COUNT,
};

/* allow and warn let a call through, everything else refuses it. */
static inline bool action_refuses(enum action action)
{
	return action != ACTION_ALLOW && action != ACTION_WARN;
}

/* Everything but allow and filter leaves a log line. */
static inline bool action_logs(enum action action)
{
	return action != ACTION_ALLOW && action != ACTION_FILTER;
}

const char *category_name(enum category category);
const char *action_name(enum action action);

/* The categories that this version enforces, as CAT_BIT()s. */
uint64_t category_enforced(void);

/* The errno with which a call refused by this category fails in the target. */
int category_errno(enum category category);

/*
 * One word of a category list ("read", "rpath", "all") as bits, categories that are
 * not enforced included. 0 when no such word exists.
 */
uint64_t category_parse(const char *word);

/* True when the word is a set such as rpath or all, not the name of a category. */
bool category_word_is_set(const char *word);

/* The names of the sets, NULL after the last. */
const char *category_set_name(size_t index);

/* -1 when no such action exists. */
int action_parse(const char *word);

#endif
