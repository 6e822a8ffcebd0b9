/*
 * The tables behind core/category.h: names, errnos, what is enforced, sets, actions.
 * A category becomes enforced by changing its row here, when every call that it
 * filters has a handler. Pure data: no I/O, no state.
 */
#include "core/category.h"

#include <errno.h>

#include "core/util.h"

struct category_row {
	const char *name;
	int error;
	bool enforced;
};

static const struct category_row category_rows[CAT_COUNT] = {
	[CAT_WALK] = { "walk", ENOENT, true },
	[CAT_LIST] = { "list", ENOENT, true },
	[CAT_STAT] = { "stat", ENOENT, true },
	[CAT_READ] = { "read", EACCES, true },
	[CAT_WRITE] = { "write", EACCES, true },
	[CAT_EXEC] = { "exec", EACCES, true },
	[CAT_IOCTL] = { "ioctl", EACCES, true },
	[CAT_CREATE] = { "create", EACCES, true },
	[CAT_DELETE] = { "delete", EACCES, true },
	[CAT_RENAME] = { "rename", EACCES, true },
	[CAT_SYMLINK] = { "symlink", EACCES, true },
	[CAT_TRUNCATE] = { "truncate", EACCES, true },
	[CAT_CHDIR] = { "chdir", EACCES, true },
	[CAT_READDIR] = { "readdir", EACCES, true },
	[CAT_MKDIR] = { "mkdir", EACCES, true },
	[CAT_RMDIR] = { "rmdir", EACCES, true },
	[CAT_CHOWN] = { "chown", EACCES, true },
	[CAT_CHGRP] = { "chgrp", EACCES, true },
	[CAT_CHMOD] = { "chmod", EACCES, true },
	[CAT_CHATTR] = { "chattr", EACCES, true },
	[CAT_UTIME] = { "utime", EACCES, true },
	[CAT_CHROOT] = { "chroot", EACCES, false },
	[CAT_MKBDEV] = { "mkbdev", EACCES, true },
	[CAT_MKCDEV] = { "mkcdev", EACCES, true },
	[CAT_MKFIFO] = { "mkfifo", EACCES, true },
	[CAT_MKTEMP] = { "mktemp", EACCES, true },
	[CAT_NOTIFY] = { "notify", EACCES, true },
	[CAT_FS] = { "fs", EACCES, true },
	[CAT_NET_BIND] = { "net/bind", EADDRNOTAVAIL, true },
	[CAT_NET_CONNECT] = { "net/connect", ECONNREFUSED, true },
	[CAT_NET_SENDFD] = { "net/sendfd", EACCES, true },
	[CAT_NET_LINK] = { "net/link", EACCES, true },
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
	uint64_t bits = 0;

	for (unsigned i = 0; i < CAT_COUNT; i++)
		if (category_rows[i].enforced)
			bits |= CAT_BIT(i);
	return bits;
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
