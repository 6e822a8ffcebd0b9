/*
 * The tables behind core/category.h: names, errnos, what is enforced, sets, actions.
 * A category becomes enforced by leaving NOT_ENFORCED, when every call that it
 * filters has a handler. Pure data: no I/O, no state.
 */
#include "core/category.h"

#include <errno.h>

#include "core/util.h"

struct category_row {
	const char *name;
	int error;
};

#define NOT_ENFORCED CAT_BIT(CAT_CHROOT)

static const struct category_row category_rows[CAT_COUNT] = {
	[CAT_WALK] = { "walk", ENOENT },
	[CAT_LIST] = { "list", ENOENT },
	[CAT_STAT] = { "stat", ENOENT },
	[CAT_READ] = { "read", EACCES },
	[CAT_WRITE] = { "write", EACCES },
	[CAT_EXEC] = { "exec", EACCES },
	[CAT_IOCTL] = { "ioctl", EACCES },
	[CAT_CREATE] = { "create", EACCES },
	[CAT_DELETE] = { "delete", EACCES },
	[CAT_RENAME] = { "rename", EACCES },
	[CAT_SYMLINK] = { "symlink", EACCES },
	[CAT_TRUNCATE] = { "truncate", EACCES },
	[CAT_CHDIR] = { "chdir", EACCES },
	[CAT_READDIR] = { "readdir", EACCES },
	[CAT_MKDIR] = { "mkdir", EACCES },
	[CAT_RMDIR] = { "rmdir", EACCES },
	[CAT_CHOWN] = { "chown", EACCES },
	[CAT_CHGRP] = { "chgrp", EACCES },
	[CAT_CHMOD] = { "chmod", EACCES },
	[CAT_CHATTR] = { "chattr", EACCES },
	[CAT_UTIME] = { "utime", EACCES },
	[CAT_CHROOT] = { "chroot", EACCES },
	[CAT_MKBDEV] = { "mkbdev", EACCES },
	[CAT_MKCDEV] = { "mkcdev", EACCES },
	[CAT_MKFIFO] = { "mkfifo", EACCES },
	[CAT_MKTEMP] = { "mktemp", EACCES },
	[CAT_NOTIFY] = { "notify", EACCES },
	[CAT_FS] = { "fs", EACCES },
	[CAT_NET_BIND] = { "net/bind", EADDRNOTAVAIL },
	[CAT_NET_CONNECT] = { "net/connect", ECONNREFUSED },
	[CAT_NET_SENDFD] = { "net/sendfd", EACCES },
	[CAT_NET_LINK] = { "net/link", EACCES },
};

struct category_set {
	const char *name;
	uint64_t bits;
};

#define INET_BITS (CAT_BIT(CAT_NET_BIND) | CAT_BIT(CAT_NET_CONNECT))

static const struct category_set category_sets[] = {
	{ "all", CAT_ALL_BITS },
	{ "all-x", CAT_ALL_BITS & ~CAT_BIT(CAT_EXEC) },
	{ "rpath", CAT_BIT(CAT_READ) | CAT_BIT(CAT_READDIR) },
	{ "lpath", CAT_BIT(CAT_WALK) | CAT_BIT(CAT_LIST) | CAT_BIT(CAT_STAT) | CAT_BIT(CAT_CHDIR) },
	{ "wpath", CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_TRUNCATE) },
	{ "cpath", CAT_BIT(CAT_CREATE) | CAT_BIT(CAT_DELETE) | CAT_BIT(CAT_RENAME) },
	{ "tpath", CAT_BIT(CAT_MKDIR) | CAT_BIT(CAT_RMDIR) | CAT_BIT(CAT_MKTEMP) },
	{ "dpath", CAT_BIT(CAT_MKBDEV) | CAT_BIT(CAT_MKCDEV) },
	{ "spath", CAT_BIT(CAT_MKFIFO) | CAT_BIT(CAT_SYMLINK) },
	{ "fown", CAT_BIT(CAT_CHOWN) | CAT_BIT(CAT_CHGRP) },
	{ "fattr", CAT_BIT(CAT_CHMOD) | CAT_BIT(CAT_CHATTR) | CAT_BIT(CAT_UTIME) },
	{ "net", INET_BITS | CAT_BIT(CAT_NET_SENDFD) | CAT_BIT(CAT_NET_LINK) },
	{ "inet", INET_BITS },
};

static const char *const action_names[ACTION_COUNT] = {
	[ACTION_ALLOW] = "allow",
	[ACTION_WARN] = "warn",
	[ACTION_FILTER] = "filter",
	[ACTION_DENY] = "deny",
	[ACTION_STOP] = "stop",
	[ACTION_ABORT] = "abort",
	[ACTION_KILL] = "kill",
	[ACTION_PANIC] = "panic",
	[ACTION_EXIT] = "exit",
};

const char *category_name(enum category category)
{
	return (unsigned)category < CAT_COUNT ? category_rows[category].name : "unknown";
}

const char *action_name(enum action action)
{
	return (unsigned)action < ACTION_COUNT ? action_names[action] : "unknown";
}

uint64_t category_enforced(void)
{
	return CAT_ALL_BITS & ~NOT_ENFORCED;
}

int category_errno(enum category category)
{
	return (unsigned)category < CAT_COUNT ? category_rows[category].error : EACCES;
}

const char *category_set_name(size_t index)
{
	return index < ARRAY_SIZE(category_sets) ? category_sets[index].name : NULL;
}

uint64_t category_parse(const char *word)
{
	for (unsigned i = 0; i < CAT_COUNT; i++)
		if (str_equal(category_rows[i].name, word))
			return CAT_BIT(i);
	for (size_t i = 0; i < ARRAY_SIZE(category_sets); i++)
		if (str_equal(category_sets[i].name, word))
			return category_sets[i].bits;
	return 0;
}

bool category_word_is_set(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(category_sets); i++)
		if (str_equal(category_sets[i].name, word))
			return true;
	return false;
}

int action_parse(const char *word)
{
	for (int i = 0; i < ACTION_COUNT; i++)
		if (str_equal(action_names[i], word))
			return i;
	return -1;
}
