/*
 * The walk over directories. Opens directories to list them, changes nothing, and keeps nothing but names. Where it is
 * not certain it notes an obstacle: what it grants is never taken back.
 */
#include "core/grants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/grants_rules.h"
#include "core/mounts.h"
#include "core/policy.h"
#include "core/policy_words.h"
#include "core/reason.h"
#include "core/util.h"

#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif

#define GRANTS_NAMES_MAX 20000 /* looked at; a walk of that many takes some milliseconds */
#define GRANTS_MAX 4096
#define GRANTS_DEPTH_MAX 64 /* directories in one another: each takes a descriptor, and several PATH_MAX of stack */

static const char unknown_names[] = REASON("this directory cannot be listed, so that its names are not known");

struct grants_walk {
	const struct policy *policy;
	const char *promised;
	struct grants *grants;
	struct mounts *mounts;
	size_t looked_at;
	unsigned depth;
	bool failed; /* out of memory */
	char name[PATH_MAX];
};

static void grants_cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define AUTO_DIR __attribute__((cleanup(grants_cleanup_dir)))

static void grants_object(struct grants_walk *walk, const struct obstacle *obstacle)
{
	grants_note(walk->grants, walk->name, obstacle);
}

/* The rules differ about names in this directory, and Landlock cannot say how. */
static void grants_object_mixed(struct grants_walk *walk, uint64_t mixed, const char *why, const char *instead)
{
	struct obstacle obstacle = grants_mixed_by(walk->policy, walk->name, mixed);

	obstacle.why = why;
	obstacle.instead = instead;
	grants_object(walk, &obstacle);
}

static struct grant *grants_add(struct grants_walk *walk, uint64_t categories, bool beneath)
{
	struct grants *grants = walk->grants;
	struct grant *grant;

	if (!categories || walk->failed)
		return NULL;
	if (grants->count == GRANTS_MAX) {
		grants_object(walk,
			&(struct obstacle){ .category = CAT_COUNT, .why = REASON("too many names for Landlock") });
		return NULL;
	}
	walk->failed = array_grow(&grants->list, grants->count, &grants->capacity, sizeof(*grants->list)) < 0;
	if (walk->failed)
		return NULL;
	grant = &grants->list[grants->count];
	*grant = (struct grant){ .name = strdup(walk->name), .categories = categories, .beneath = beneath };
	walk->failed = !grant->name;
	grants->count += !walk->failed;
	return grant;
}

/* A file in a directory of which some may be read. */
static void grants_file(struct grants_walk *walk, unsigned char type)
{
	bool refused = walk->grants->categories & CAT_BIT(CAT_IOCTL) &&
		       action_refuses(policy_decide_device(walk->policy, walk->name).action);
	struct grant *grant;

	if (action_refuses(policy_decide(walk->policy, CAT_READ, walk->name).action) ||
		(refused && (type == DT_CHR || type == DT_BLK)))
		return;
	grant = grants_add(walk, CAT_BIT(CAT_READ), false);
	if (grant)
		grant->no_device = refused;
}

/* Where names come and go by what the sandbox does besides making and removing names. */
static bool grants_is_restless(int fd)
{
	struct statfs filesystem;
	struct stat status;

	if (fstatfs(fd, &filesystem) < 0 || fstat(fd, &status) < 0)
		return true;
	if (filesystem.f_type == DEVPTS_SUPER_MAGIC)
		return true;
	return filesystem.f_type == PROC_SUPER_MAGIC && status.st_ino == 1;
}

/*
 * Named semaphores are made there, and opened for reading and writing by every C library: the supervisor judges that.
 * What is not there yet cannot be opened for reading alone, which doc/PLAN.md says.
 */
static bool grants_is_shared_memory(const char *name)
{
	return str_equal(name, "/dev/shm");
}

static size_t grants_push(struct grants_walk *walk, const char *entry)
{
	size_t length = strlen(walk->name);
	size_t added = strlen(entry);
	bool root = length == 1;

	if (length + added + 2 > sizeof(walk->name))
		return 0;
	if (!root)
		walk->name[length] = '/';
	memcpy(walk->name + length + !root, entry, added + 1);
	return length;
}

static void grants_pop(struct grants_walk *walk, size_t length)
{
	walk->name[length] = '\0';
}

static void grants_visit(struct grants_walk *walk, int parent, const char *entry, uint64_t wanted);

/* A name that is not there cannot be read. It may be a mount point for which nobody answers. */
static unsigned char grants_type(int dir, const char *entry, unsigned char told)
{
	struct statx status;

	if (told != DT_UNKNOWN)
		return told;
	if (statx(dir, entry, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &status) < 0)
		return DT_LNK;
	return IFTODT(status.stx_mode);
}

/* What a symlink leads to is judged under its own name. */
static void grants_entry(struct grants_walk *walk, int dir, const char *entry, unsigned char type, uint64_t mixed)
{
	size_t length;

	if (str_equal(entry, ".") || str_equal(entry, "..") || type == DT_LNK)
		return;
	length = grants_push(walk, entry);
	if (!length)
		return;
	if (type == DT_DIR)
		grants_visit(walk, dir, entry, mixed);
	else if (mixed & CAT_BIT(CAT_READ))
		grants_file(walk, type);
	grants_pop(walk, length);
}

/* The directory that is not made yet: empty, and nobody's but the payload's. */
static void grants_promised(struct grants_walk *walk, uint64_t mixed)
{
	const char *slash = walk->promised ? strrchr(walk->promised, '/') : NULL;
	size_t length = slash ? (size_t)(slash - walk->promised) : 0;

	if (!slash || strlen(walk->name) != length || memcmp(walk->name, walk->promised, length) != 0)
		return;
	length = grants_push(walk, slash + 1);
	if (!length)
		return;
	grants_visit(walk, -1, NULL, mixed);
	grants_pop(walk, length);
}

static void grants_list(struct grants_walk *walk, int fd, uint64_t mixed)
{
	int listed = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	AUTO_DIR DIR *dir = listed < 0 ? NULL : fdopendir(listed);
	struct dirent *entry;

	if (listed < 0) {
		grants_object_mixed(walk, mixed, unknown_names, NULL);
	} else if (!dir) {
		close(listed);
		walk->failed = true;
	}
	while (dir && (entry = readdir(dir)) && !walk->failed && !grants_over(walk->grants)) {
		if (++walk->looked_at > GRANTS_NAMES_MAX)
			grants_object(walk, &(struct obstacle){ .category = CAT_COUNT,
						    .why = REASON("too many names would have to be looked at") });
		grants_entry(walk, fd, entry->d_name, grants_type(fd, entry->d_name, entry->d_type), mixed);
	}
}

static void grants_names(struct grants_walk *walk, int fd, uint64_t mixed)
{
	struct grants_children children;

	if (!grants_children(walk->policy, walk->name, mixed, &children)) {
		grants_list(walk, fd, mixed);
	} else {
		for (unsigned i = 0; i < children.count && !walk->failed && !grants_over(walk->grants); i++)
			grants_entry(
				walk, fd, children.names[i], grants_type(fd, children.names[i], DT_UNKNOWN), mixed);
	}
	grants_promised(walk, mixed);
}

/* Some names below are allowed, others not: each of its own must be known, and stay. */
static void grants_descend(struct grants_walk *walk, int parent, const char *entry, uint64_t mixed)
{
	AUTO_CLOSE int fd = -1;
	struct obstacle obstacle;

	if (mounts_below_slow(walk->mounts, walk->name)) {
		grants_object_mixed(
			walk, mixed, REASON("a process or another machine answers for it, perhaps never"), NULL);
		return;
	}
	if (entry)
		fd = openat(parent, entry, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (entry && fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			grants_object_mixed(walk, mixed, unknown_names, NULL);
		return;
	}
	if (entry && grants_is_restless(fd)) {
		grants_object_mixed(walk, mixed,
			REASON("names come and go there by themselves, and Landlock would not follow"),
			REASON("allow all of it, or nothing in it"));
		return;
	}
	if (!grants_is_shared_memory(walk->name) &&
		grants_may_change(walk->policy, walk->name, fd, walk->promised, &obstacle))
		grants_object(walk, &obstacle);
	if (entry)
		grants_names(walk, fd, mixed);
}

/* What may be read of what is at this name, and below it. */
static struct policy_range grants_range(const struct grants_walk *walk, enum category category)
{
	struct policy_range range = policy_range(walk->policy, category, walk->name);

	if (category == CAT_READ && walk->grants->categories & CAT_BIT(CAT_IOCTL))
		range.may_refuse |= policy_refuses_device(walk->policy, walk->name) != NULL;
	return range;
}

/* walk->name is a directory. `entry` of the directory `parent`; NULL: it is not made yet. */
static void grants_visit(struct grants_walk *walk, int parent, const char *entry, uint64_t wanted)
{
	uint64_t granted = 0, mixed = 0;
	struct obstacle obstacle;

	for (unsigned i = 0; i < CAT_COUNT; i++) {
		struct policy_range range;

		if (!(wanted & CAT_BIT(i)))
			continue;
		range = grants_range(walk, (enum category)i);
		if (range.may_allow)
			*(range.may_refuse ? &mixed : &granted) |= CAT_BIT(i);
	}
	grants_add(walk, granted, true);
	if (mixed & CAT_BIT(CAT_READDIR) && grants_lists_more(walk->policy, walk->name, &obstacle)) {
		grants_object(walk, &obstacle);
		mixed &= ~CAT_BIT(CAT_READDIR);
	}
	if (!mixed || grants_over(walk->grants))
		return;
	if (walk->depth == GRANTS_DEPTH_MAX) {
		grants_object_mixed(
			walk, mixed, REASON("directories lie too deep in one another to look at all of them"), NULL);
		return;
	}
	walk->depth++;
	grants_descend(walk, parent, entry, mixed);
	walk->depth--;
}

static uint64_t grants_categories(const struct policy *policy)
{
	uint64_t active = policy_active_bits(policy);
	uint64_t devices = CAT_BIT(CAT_READ) | CAT_BIT(CAT_IOCTL);

	return (active & GRANTS_CATEGORIES) |
	       (active & CAT_BIT(CAT_IOCTL) && policy_names_devices(policy) ? devices : 0);
}

int grants_find(const struct policy *policy, const char *promised, size_t obstacles_wanted, struct grants *grants_out)
{
	AUTO_FREE struct grants_walk *walk = calloc(1, sizeof(*walk));

	*grants_out = (struct grants){ .categories = grants_categories(policy), .obstacles_wanted = obstacles_wanted };
	grants_out->obstacles = calloc(obstacles_wanted, sizeof(*grants_out->obstacles));
	if (!walk || !grants_out->obstacles)
		return -ENOMEM;
	if (!grants_out->categories)
		return 0;
	*walk = (struct grants_walk){ .policy = policy, .promised = promised, .grants = grants_out, .name = "/" };
	grants_settings(policy, grants_out);
	/* What no walk can mend needs none. */
	if (grants_out->obstacle_count > 0)
		return 0;
	walk->mounts = mounts_new();
	if (walk->mounts)
		grants_visit(walk, AT_FDCWD, "/", grants_out->categories & GRANTS_CATEGORIES);
	else
		grants_note(grants_out, "",
			&(struct obstacle){ .category = CAT_COUNT, .why = REASON("it is not known what is mounted") });
	mounts_free(walk->mounts);
	return walk->failed ? -ENOMEM : 0;
}

void grants_free(struct grants *grants)
{
	for (size_t i = 0; i < grants->count; i++)
		free(grants->list[i].name);
	free(grants->list);
	free(grants->obstacles);
	*grants = (struct grants){ 0 };
}

uint64_t grants_fit(const struct grants *grants)
{
	return grants->obstacle_count > 0 ? 0 : grants->categories;
}
