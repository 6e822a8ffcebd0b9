/*
 * A ring of names that are too long for the kernel. What is remembered is a guess, believed only where the name
 * leads to the object now, piece by piece and without a symlink. Decides nothing.
 */
#include "core/path_long.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cage_call.h"
#include "core/cleanup.h"
#include "core/path_name.h"
#include "core/util.h"

#define LONG_NAMES 64

struct long_key {
	uint64_t mount, inode;
	uint32_t device_major, device_minor;
};

struct long_name {
	struct long_key key; /* mount 0: free */
	char name[PATH_NAME_SIZE];
};

struct long_names {
	unsigned next;
	struct long_name ring[LONG_NAMES];
};

struct long_names *long_names_new(void)
{
	return calloc(1, sizeof(struct long_names));
}

void long_names_free(struct long_names *names)
{
	free(names);
}

void long_way_begin(char way[PATH_NAME_SIZE], const char *name, size_t length)
{
	memcpy(way, name, length);
	way[length] = '\0';
}

void long_way_down(char way[PATH_NAME_SIZE], const char *name)
{
	if (way[0] != '\0' && path_name_join(way, name, strlen(name)) < 0)
		way[0] = '\0';
}

void long_way_up(char way[PATH_NAME_SIZE])
{
	char *slash = strrchr(way, '/');

	if (slash)
		slash[slash == way] = '\0';
}

static bool long_name_key(int fd, struct long_key *key_out)
{
	struct statx info;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &info) < 0 ||
		!(info.stx_mask & STATX_MNT_ID))
		return false;
	*key_out = (struct long_key){ info.stx_mnt_id, info.stx_ino, info.stx_dev_major, info.stx_dev_minor };
	return true;
}

static bool long_name_equal(const struct long_key *a, const struct long_key *b)
{
	return a->mount == b->mount && a->inode == b->inode && a->device_major == b->device_major &&
	       a->device_minor == b->device_minor;
}

static int long_name_open(const struct supervisor *supervisor, int dir, const char *name, uint64_t flags)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW | flags,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)errno_result(cage_call(supervisor, SYS_openat2, dir, name, &how, sizeof(how)));
}

/* The last slash of what the kernel takes at once. A component is shorter than that. */
static char *long_name_slash(char *name)
{
	char *at = name + PATH_MAX - 1;

	while (at > name && *at != '/')
		at--;
	return at > name ? at : NULL;
}

/* Goes one piece further; takes dir over. */
static int long_name_descend(const struct supervisor *supervisor, int dir, char *name, char *slash)
{
	AUTO_CLOSE int from = dir;

	*slash = '\0';
	dir = long_name_open(supervisor, from, name, O_DIRECTORY);
	*slash = '/';
	return dir;
}

bool long_name_leads_to(const struct supervisor *supervisor, int fd, char *name)
{
	struct long_key held, found;
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int last = -1;

	if (name[0] != '/')
		return false;
	while (strlen(name) >= PATH_MAX) {
		char *slash = long_name_slash(name);

		dir = slash ? long_name_descend(supervisor, take_fd(&dir), name, slash) : -1;
		if (dir < 0)
			return false;
		name = slash + 1;
	}
	last = long_name_open(supervisor, dir, name, 0);
	return last >= 0 && long_name_key(fd, &held) && long_name_key(last, &found) && long_name_equal(&held, &found);
}

static struct long_name *long_names_row(struct long_names *names, const struct long_key *key)
{
	for (unsigned i = 0; i < LONG_NAMES; i++)
		if (long_name_equal(&names->ring[i].key, key))
			return &names->ring[i];
	return NULL;
}

void long_names_remember(struct long_names *names, int fd, const char *name)
{
	struct long_key key;
	struct long_name *row;

	if (!names || !long_name_key(fd, &key))
		return;
	row = long_names_row(names, &key);
	if (!row)
		row = &names->ring[names->next++ % LONG_NAMES];
	row->key = key;
	memcpy(row->name, name, strlen(name) + 1);
}

bool long_names_find(const struct supervisor *supervisor, int fd, char name[PATH_NAME_SIZE])
{
	struct long_names *names = supervisor->long_names;
	struct long_key key;
	struct long_name *row = names && long_name_key(fd, &key) ? long_names_row(names, &key) : NULL;

	if (!row || !long_name_leads_to(supervisor, fd, row->name))
		return false;
	memcpy(name, row->name, strlen(row->name) + 1);
	return true;
}
