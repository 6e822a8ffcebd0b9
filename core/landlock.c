/*
 * Raw system calls and our own declarations: the headers of the oldest distribution know
 * less than its backported kernel. Regular files and sockets are not handled here: they come to be
 * in many ways, which the handlers judge.
 */
#include "core/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/category.h"
#include "core/cleanup.h"
#include "core/grants.h"
#include "core/pattern.h"
#include "core/policy.h"
#include "core/util.h"

#define LANDLOCK_RECENT 8u

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset SYS_OF_ALL(444)
#define SYS_landlock_add_rule SYS_OF_ALL(445)
#define SYS_landlock_restrict_self SYS_OF_ALL(446)
#endif

struct landlock_ruleset {
	uint64_t handled_fs;
	uint64_t handled_net; /* 6.7 */
	uint64_t scoped;      /* 6.12 */
};

struct landlock_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

enum {
	LANDLOCK_QUERY_VERSION = 1,
	LANDLOCK_RULE_BENEATH = 1,
	LANDLOCK_SCOPE_OF_SIGNALS = 1 << 1,
};

/* Access rights of the kernel's interface. */
#define LANDLOCK_EXECUTE (UINT64_C(1) << 0)
#define LANDLOCK_READ_FILE (UINT64_C(1) << 2)
#define LANDLOCK_READ_DIR (UINT64_C(1) << 3)
#define LANDLOCK_REMOVE_DIR (UINT64_C(1) << 4)
#define LANDLOCK_REMOVE_FILE (UINT64_C(1) << 5)
#define LANDLOCK_MAKE_CHAR (UINT64_C(1) << 6)
#define LANDLOCK_MAKE_DIR (UINT64_C(1) << 7)
#define LANDLOCK_MAKE_FIFO (UINT64_C(1) << 10)
#define LANDLOCK_MAKE_BLOCK (UINT64_C(1) << 11)
#define LANDLOCK_MAKE_SYM (UINT64_C(1) << 12)
#define LANDLOCK_REFER (UINT64_C(1) << 13) /* ABI 2, 5.19 */

#define LANDLOCK_NAMES \
	(LANDLOCK_REMOVE_DIR | LANDLOCK_REMOVE_FILE | LANDLOCK_MAKE_CHAR | LANDLOCK_MAKE_DIR | LANDLOCK_MAKE_FIFO | \
		LANDLOCK_MAKE_BLOCK | LANDLOCK_MAKE_SYM | LANDLOCK_REFER)

int landlock_abi(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_QUERY_VERSION);

	return version < 0 ? 0 : (int)version;
}

/* What a call that a category allows may ask of the kernel: a move takes and makes names of every type. */
static const struct landlock_need {
	enum category category;
	uint64_t rights;
} landlock_needs[] = {
	{ CAT_DELETE, LANDLOCK_REMOVE_FILE },
	{ CAT_RMDIR, LANDLOCK_REMOVE_DIR },
	{ CAT_MKDIR, LANDLOCK_MAKE_DIR },
	{ CAT_SYMLINK, LANDLOCK_MAKE_SYM },
	{ CAT_MKFIFO, LANDLOCK_MAKE_FIFO },
	{ CAT_MKBDEV, LANDLOCK_MAKE_BLOCK },
	{ CAT_MKCDEV, LANDLOCK_MAKE_CHAR },
	{ CAT_RENAME, LANDLOCK_NAMES },
};

static bool landlock_refused_by_default(const struct policy *policy, enum category category)
{
	return policy_is_on(policy, category) && action_refuses(policy_default(policy, category));
}

/* The rights that every category which needs them refuses by default: 0 while renames are free. */
static uint64_t landlock_handled(const struct policy *policy)
{
	uint64_t handled = LANDLOCK_NAMES;

	for (size_t i = 0; i < ARRAY_SIZE(landlock_needs); i++)
		if (!landlock_refused_by_default(policy, landlock_needs[i].category))
			handled &= ~landlock_needs[i].rights;
	return handled;
}

bool landlock_wanted(const struct policy *policy)
{
	/* A domain is for ever: rules from inside could allow more. */
	if (policy_settings(policy)->lock > POLICY_LOCK_DROP)
		return false;
	return landlock_handled(policy) != 0;
}

static int landlock_add(int ruleset, int fd, uint64_t rights)
{
	struct landlock_beneath rule = { .allowed = rights, .parent_fd = fd };

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

static int landlock_allow(int ruleset, const char *directory, uint64_t rights)
{
	AUTO_CLOSE int fd = open(directory, O_PATH | O_CLOEXEC | O_DIRECTORY);

	/* A hierarchy that does not exist yet can be made by nobody here: nothing to allow. */
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	return landlock_add(ruleset, fd, rights);
}

/* What was granted last and is not in the ruleset yet: most categories name the same few directories. */
struct landlock_grants {
	int ruleset;
	unsigned next;
	struct landlock_grant {
		char *directory; /* NULL: none */
		uint64_t rights;
	} recent[LANDLOCK_RECENT];
};

/* Into the ruleset. */
static int landlock_settle(const struct landlock_grants *grants, struct landlock_grant *grant)
{
	int error = grant->directory ? landlock_allow(grants->ruleset, grant->directory, grant->rights) : 0;

	free(grant->directory);
	grant->directory = NULL;
	return error;
}

static int landlock_grant(struct landlock_grants *grants, const char *directory, uint64_t rights)
{
	struct landlock_grant *grant;
	int error;

	for (unsigned i = 0; i < LANDLOCK_RECENT; i++) {
		grant = &grants->recent[i];
		if (grant->directory && str_equal(grant->directory, directory)) {
			grant->rights |= rights;
			return 0;
		}
	}
	grant = &grants->recent[grants->next++ % LANDLOCK_RECENT];
	error = landlock_settle(grants, grant);
	*grant = (struct landlock_grant){ .directory = strdup(directory), .rights = rights };
	return error ? error : (grant->directory ? 0 : -ENOMEM);
}

/* A pattern with nothing fixed, such as {/a,/b} below: the top directories in which it can match. */
static int landlock_allow_tops(struct landlock_grants *grants, const struct pattern *pattern, uint64_t rights)
{
	DIR *top = opendir("/");
	struct dirent *entry;
	int error = 0;

	if (!top)
		return -errno;
	while (!error && (entry = readdir(top))) {
		char name[sizeof(entry->d_name) + 1];

		snprintf(name, sizeof(name), "/%s", entry->d_name);
		if (entry->d_name[0] != '.' && pattern_cover(pattern, name) != PATTERN_COVERS_NONE)
			error = landlock_grant(grants, name, rights);
	}
	closedir(top);
	return error;
}

/* A literal: one name in a directory, of which the rules judge every other name. */
static int landlock_allow_parent(struct landlock_grants *grants, char *name, uint64_t rights)
{
	char *slash = strrchr(name, '/');

	if (!slash)
		return 0;
	slash[slash == name] = '\0';
	return landlock_grant(grants, name, rights);
}

/*
 * Landlock knows hierarchies only: the deepest directory that holds every match. That is a
 * ceiling, below which the handlers judge each name; "!memfd:" names no file.
 */
static int landlock_allow_pattern(struct landlock_grants *grants, const struct pattern *pattern, uint64_t rights)
{
	char root[PATH_MAX];

	if (pattern_text(pattern)[0] == '!')
		return 0;
	if (!pattern_literal_root(pattern, root, sizeof(root)))
		return landlock_allow_parent(grants, root, rights);
	if (str_equal(root, "/") && pattern_cover(pattern, root) != PATTERN_COVERS_ALL)
		return landlock_allow_tops(grants, pattern, rights);
	return landlock_grant(grants, root, rights);
}

static int landlock_allow_rules(
	struct landlock_grants *grants, const struct policy *policy, enum category category, uint64_t rights)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, category, &count);
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		if (!action_refuses(rules[i].action))
			error = landlock_allow_pattern(grants, rules[i].pattern, rights);
	return error;
}

static int landlock_allow_policy(int ruleset, const struct policy *policy, uint64_t handled)
{
	struct landlock_grants grants = { .ruleset = ruleset };
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(landlock_needs) && !error; i++)
		if (landlock_needs[i].rights & handled)
			error = landlock_allow_rules(
				&grants, policy, landlock_needs[i].category, landlock_needs[i].rights & handled);
	for (unsigned i = 0; i < LANDLOCK_RECENT; i++) {
		int settled = landlock_settle(&grants, &grants.recent[i]);

		error = error ? error : settled;
	}
	return error;
}

int landlock_enter(int ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

/* A descriptor or -errno. */
static int landlock_create(uint64_t handled, bool scope_signals)
{
	struct landlock_ruleset attributes = { .handled_fs = handled,
		.scoped = scope_signals ? LANDLOCK_SCOPE_OF_SIGNALS : 0 };
	/* An older kernel knows a shorter one. */
	size_t size = scope_signals ? sizeof(attributes) : sizeof(attributes.handled_fs);
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);

	return ruleset < 0 ? -errno : ruleset;
}

int landlock_confine(const struct policy *policy, bool scope_signals)
{
	uint64_t handled = landlock_handled(policy);
	AUTO_CLOSE int ruleset = landlock_create(handled, scope_signals);
	int error;

	if (ruleset < 0)
		return ruleset;
	error = landlock_allow_policy(ruleset, policy, handled);
	return error ? error : landlock_enter(ruleset);
}

int landlock_scope_signals(void)
{
	/* Every domain refuses moves between directories unless it grants them. */
	AUTO_CLOSE int ruleset = landlock_create(LANDLOCK_REFER, true);
	int error;

	if (ruleset < 0)
		return ruleset;
	error = landlock_allow(ruleset, "/", LANDLOCK_REFER);
	return error ? error : landlock_enter(ruleset);
}

/* The names of rules are canonical: what is reached through a symlink is not what a rule means. */
static int landlock_open_canonical(const char *name)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* There is nothing, or not what was meant: to be left out. */
static int landlock_not_canonical(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -ELOOP ? 0 : error;
}

/* One file, or a hierarchy. What is not there can be made by nobody (core/plan_exec.c). */
static int landlock_allow_execute(int ruleset, const struct pattern *pattern)
{
	char root[PATH_MAX];
	bool many = pattern_literal_root(pattern, root, sizeof(root));
	AUTO_CLOSE int fd = landlock_open_canonical(root);
	struct stat status;

	if (fd < 0)
		return landlock_not_canonical(fd);
	if (fstat(fd, &status) < 0)
		return -errno;
	/* A rule on a directory would be one on everything below. */
	if (!S_ISREG(status.st_mode) && !(many && S_ISDIR(status.st_mode)))
		return 0;
	return landlock_add(ruleset, fd, LANDLOCK_EXECUTE);
}

static int landlock_allow_executing(int ruleset, const struct policy *policy)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_EXEC, &count);
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		if (rules[i].action == ACTION_ALLOW)
			error = landlock_allow_execute(ruleset, rules[i].pattern);
	return error;
}

static uint64_t landlock_reading(uint64_t categories)
{
	return (categories & CAT_BIT(CAT_READ) ? LANDLOCK_READ_FILE : 0) |
	       (categories & CAT_BIT(CAT_READDIR) ? LANDLOCK_READ_DIR : 0);
}

/*
 * What has become another kind of thing, or a symlink, since it was looked at is left out, and what nobody else may
 * look at: FUSE of another user. Its server is not asked, who may never answer.
 */
static int landlock_allow_reading(int ruleset, const struct grant *grant)
{
	AUTO_CLOSE int fd = landlock_open_canonical(grant->name);
	struct statx status;

	if (fd < 0)
		return landlock_not_canonical(fd);
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) < 0)
		return errno == EACCES ? 0 : -errno;
	/* A rule on a directory would be one on everything below. */
	if ((S_ISDIR(status.stx_mode) != 0) != grant->beneath)
		return 0;
	if (grant->no_device && (S_ISCHR(status.stx_mode) || S_ISBLK(status.stx_mode)))
		return 0;
	return landlock_add(ruleset, fd, landlock_reading(grant->categories));
}

int landlock_payload_ruleset(const struct policy *policy, const struct grants *grants, bool scope_signals)
{
	/* Every domain refuses moves between directories unless it grants them. */
	uint64_t handled =
		LANDLOCK_REFER | (policy ? LANDLOCK_EXECUTE : 0) | (grants ? landlock_reading(grants->categories) : 0);
	AUTO_CLOSE int ruleset = landlock_create(handled, scope_signals);
	int error;

	if (ruleset < 0)
		return ruleset;
	error = landlock_allow(ruleset, "/", LANDLOCK_REFER);
	if (!error && policy)
		error = landlock_allow_executing(ruleset, policy);
	for (size_t i = 0; grants && i < grants->count && !error; i++)
		error = landlock_allow_reading(ruleset, &grants->list[i]);
	return error ? error : take_fd(&ruleset);
}
