/*
 * Raw system calls and our own declarations: the headers of the oldest distribution know
 * less than its backported kernel. Regular files and sockets are not handled here: the
 * create category judges every way to make them.
 */
#include "core/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/category.h"
#include "core/cleanup.h"
#include "core/pattern.h"
#include "core/policy.h"
#include "core/util.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
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

bool landlock_wanted(const struct policy *policy)
{
	static const enum category needed[] = { CAT_WRITE, CAT_CREATE };

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!policy_is_on(policy, needed[i]) || !action_refuses(policy_default(policy, needed[i])))
			return false;
	return true;
}

static int landlock_allow(int ruleset, const char *directory, uint64_t rights)
{
	AUTO_CLOSE int fd = open(directory, O_PATH | O_CLOEXEC | O_DIRECTORY);
	struct landlock_beneath rule = { .allowed = rights, .parent_fd = fd };

	/* A hierarchy that does not exist yet can be made by nobody here: nothing to allow. */
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

/* A pattern with nothing fixed, such as {/a,/b} below: the top directories in which it can match. */
static int landlock_allow_tops(int ruleset, const struct pattern *pattern)
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
			error = landlock_allow(ruleset, name, LANDLOCK_NAMES);
	}
	closedir(top);
	return error;
}

/* A literal: one name in a directory, of which the rules judge every other name. */
static int landlock_allow_parent(int ruleset, char *name)
{
	char *slash = strrchr(name, '/');

	if (!slash)
		return 0;
	slash[slash == name] = '\0';
	return landlock_allow(ruleset, name, LANDLOCK_NAMES);
}

/*
 * Landlock knows hierarchies only: the deepest directory that holds every match. That is a
 * ceiling, below which the handlers judge each name; "!memfd:" names no file.
 */
static int landlock_allow_pattern(int ruleset, const struct pattern *pattern)
{
	char root[PATH_MAX];

	if (pattern_text(pattern)[0] == '!')
		return 0;
	if (!pattern_literal_root(pattern, root, sizeof(root)))
		return landlock_allow_parent(ruleset, root);
	if (str_equal(root, "/") && pattern_cover(pattern, root) != PATTERN_COVERS_ALL)
		return landlock_allow_tops(ruleset, pattern);
	return landlock_allow(ruleset, root, LANDLOCK_NAMES);
}

static int landlock_allow_rules(int ruleset, const struct policy *policy)
{
	size_t count;
	const struct rule *rules = policy_rules(policy, CAT_CREATE, &count);
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		if (!action_refuses(rules[i].action))
			error = landlock_allow_pattern(ruleset, rules[i].pattern);
	return error;
}

static int landlock_enter(int ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

int landlock_confine(const struct policy *policy)
{
	struct landlock_ruleset attributes = { .handled_fs = LANDLOCK_NAMES };
	AUTO_CLOSE int ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_fs), 0);
	int error;

	if (ruleset < 0)
		return -errno;
	error = landlock_allow_rules(ruleset, policy);
	return error ? error : landlock_enter(ruleset);
}

int landlock_scope_signals(void)
{
	/* Every domain refuses moves between directories unless it grants them. */
	struct landlock_ruleset attributes = { .handled_fs = LANDLOCK_REFER, .scoped = LANDLOCK_SCOPE_OF_SIGNALS };
	AUTO_CLOSE int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	int error;

	if (ruleset < 0)
		return -errno;
	error = landlock_allow(ruleset, "/", LANDLOCK_REFER);
	return error ? error : landlock_enter(ruleset);
}
