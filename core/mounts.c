/*
 * The tables of mount points that matter to path resolution, read from mountinfo at the start
 * and again when it changes: mounting is refused inside a sandbox, but not outside. Touches
 * none of the mounts: what it says of them is the kernel's list.
 */
#include "core/mounts.h"

#include <ctype.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/kfeat.h"
#include "core/loop.h"
#include "core/supervisor.h"
#include "core/util.h"

#define MOUNTS_FILE "/proc/self/mountinfo"

struct mount_point {
	uint64_t id;
	uint64_t parent;
	size_t length;
	char *name; /* unescaped */
};

struct mount_list {
	struct mount_point *points;
	size_t count;
};

struct mounts {
	struct mount_list all;
	struct mount_list gone; /* since we began, the last of them: somebody may still be there */
	struct mount_list procfs;
	struct mount_list processes; /* what is in the folder of one, mounted elsewhere */
	struct mount_list slow;
	bool protected_symlinks;
	struct supervisor *supervisor; /* NULL: not watched */
	ev_io changed;
	ev_timer begun;
	bool protected_hardlinks;
};

/* Fields 4 and 5 of a mountinfo line; the escapes of space, tab, newline and backslash are octal. */
enum { MOUNTS_FIELD_ROOT = 3, MOUNTS_FIELD_POINT = 4, MOUNTS_OCTAL_DIGITS = 3, MOUNTS_GONE_MAX = 1024 };

static bool mounts_is_octal(const char *text)
{
	for (int i = 0; i < MOUNTS_OCTAL_DIGITS; i++) {
		if (text[i] < '0' || text[i] > '7')
			return false;
	}
	return true;
}

static void mounts_unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (*from == '\\' && mounts_is_octal(from + 1)) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 1 + MOUNTS_OCTAL_DIGITS;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static int mounts_add(struct mount_list *list, uint64_t id, uint64_t parent, const char *point)
{
	struct mount_point *grown;
	AUTO_FREE char *name = strdup(point);

	if (name == NULL)
		return -ENOMEM;
	grown = reallocarray(list->points, list->count + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	list->points = grown;
	grown += list->count++;
	grown->id = id;
	grown->parent = parent;
	grown->length = strlen(name);
	if (grown->length == 1)
		grown->length = 0; /* "/": everything is below it */
	grown->name = take_ptr(name);
	return 0;
}

/* The first ones. */
static void mounts_drop(struct mount_list *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list->points[i].name);
	list->count -= count;
	memmove(list->points, list->points + count, list->count * sizeof(*list->points));
}

static void mounts_clear(struct mount_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->points[i].name);
	free(list->points);
	*list = (struct mount_list){ 0 };
}

static const struct mount_point *mounts_in(const struct mount_list *list, uint64_t id)
{
	for (size_t i = list->count; i-- > 0;) {
		if (list->points[i].id == id)
			return &list->points[i];
	}
	return NULL;
}

/* Which of these are not among those of now; numbers are used again, so the last with a number is the one. */
static int mounts_keep_gone(struct mounts *mounts, const struct mount_list *now)
{
	int error = 0;

	for (size_t i = 0; i < mounts->all.count && error == 0; i++) {
		const struct mount_point *point = &mounts->all.points[i];

		if (mounts_in(now, point->id) == NULL)
			error = mounts_add(&mounts->gone, point->id, point->parent, point->name);
	}
	if (mounts->gone.count > MOUNTS_GONE_MAX)
		mounts_drop(&mounts->gone, mounts->gone.count - MOUNTS_GONE_MAX);
	return error;
}

/* What is read again; those that are gone stay. */
static void mounts_clear_read(struct mounts *mounts)
{
	mounts_clear(&mounts->all);
	mounts_clear(&mounts->procfs);
	mounts_clear(&mounts->processes);
	mounts_clear(&mounts->slow);
}

static bool mounts_point_holds(const struct mount_point *point, const char *name)
{
	return name_is_below(name, point->name, point->length);
}

static bool mounts_list_holds(const struct mount_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (mounts_point_holds(&list->points[i], name))
			return true;
	}
	return false;
}

/* Whoever answers for the filesystem is a process or another machine. type ends with a space. */
static bool mounts_type_is_slow(const char *type)
{
	static const char *const types[] = { "fuse ", "fuse.", "fuseblk ", "autofs ", "nfs ", "nfs4 ", "cifs ", "smb3 ",
		"9p ", "ceph ", "afs ", "coda ", "lustre ", "orangefs ", "gfs2 ", "ocfs2 " };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_starts(type, types[i]))
			return true;
	return false;
}

/*
 * With a root that hangs everything does, us included. And below a procfs is only the
 * trigger of binfmt_misc, which the first process of the machine serves.
 */
static bool mounts_is_waited_for(const struct mounts *mounts, const char *type, const char *point)
{
	return mounts_type_is_slow(type) && !str_equal(point, "/") && !mounts_list_holds(&mounts->procfs, point);
}

static int mounts_take_line(struct mounts *mounts, char *line)
{
	/* The number of optional fields varies; a lone "-" ends them. */
	const char *type = strstr(line, " - ");
	char *rest = line;
	const uint64_t id = strtoull(line, &rest, 10);
	const uint64_t parent = strtoull(rest, NULL, 10);
	const char *root = "";
	char *field = NULL;
	int error;

	if (type == NULL)
		return 0;
	type += 3;
	rest = line;
	for (int i = 0; i <= MOUNTS_FIELD_POINT; i++) {
		field = strsep(&rest, " ");
		if (i == MOUNTS_FIELD_ROOT && field != NULL)
			root = field;
	}
	if (field == NULL)
		return 0;
	mounts_unescape(field);
	error = mounts_add(&mounts->all, id, parent, field);
	if (error == 0 && str_starts(type, "proc ")) {
		error = mounts_add(&mounts->procfs, id, parent, field);
		return error == 0 && root[0] == '/' && isdigit((unsigned char)root[1])
			       ? mounts_add(&mounts->processes, id, parent, field)
			       : error;
	}
	return error == 0 && mounts_is_waited_for(mounts, type, field) ? mounts_add(&mounts->slow, id, parent, field)
								       : error;
}

static int mounts_read(struct mounts *mounts)
{
	AUTO_FCLOSE FILE *file = fopen(MOUNTS_FILE, "re");
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	int error = 0;

	if (file == NULL)
		return -errno;
	while (error == 0 && getline(&line, &size, file) >= 0)
		error = mounts_take_line(mounts, line);
	if (error == 0 && ferror(file) != 0)
		error = -EIO;
	return error;
}

struct mounts *mounts_new(void)
{
	struct mounts *mounts = calloc(1, sizeof(*mounts));

	if (mounts == NULL)
		return NULL;
	/* Unreadable counts as on: it can only refuse what a kernel with it would refuse. */
	mounts->protected_symlinks = kfeat_setting("/proc/sys/fs/protected_symlinks") != 0;
	mounts->protected_hardlinks = kfeat_setting("/proc/sys/fs/protected_hardlinks") != 0;
	if (mounts_read(mounts) < 0) {
		mounts_free(mounts);
		return NULL;
	}
	return mounts;
}

/* A table that cannot be read again stays as it was. */
static void mounts_read_again(struct mounts *mounts)
{
	struct mounts now = { 0 };

	if (mounts_read(&now) < 0 || mounts_keep_gone(mounts, &now.all) < 0) {
		mounts_clear_read(&now);
		return;
	}
	mounts_clear_read(mounts);
	mounts->all = now.all;
	mounts->procfs = now.procfs;
	mounts->processes = now.processes;
	mounts->slow = now.slow;
}

/* The kernel tells each change once, to whoever asks first by this descriptor: us, or the loop. */
void mounts_refresh(struct mounts *mounts)
{
	struct pollfd changed = { .fd = mounts->supervisor ? mounts->changed.fd : -1, .events = POLLPRI };

	if (poll(&changed, 1, 0) > 0)
		mounts_read_again(mounts);
}

static void mounts_changed_cb(struct ev_loop *ev, ev_io *watcher, int events)
{
	(void)ev;
	loop_check(events);
	mounts_read_again(container_of(watcher, struct mounts, changed));
}

static void mounts_begun_cb(struct ev_loop *ev, ev_timer *watcher, int events)
{
	(void)ev;
	(void)events;
	mounts_read_again(container_of(watcher, struct mounts, begun));
}

int mounts_watch(struct mounts *mounts, struct supervisor *supervisor)
{
	const int fd = open(MOUNTS_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	mounts->supervisor = supervisor;
	/* It is always readable and never writable: a change is reported as an error, which wakes both. */
	ev_io_init(&mounts->changed, mounts_changed_cb, fd, EV_WRITE);
	ev_io_start(loop_ev(supervisor->loop), &mounts->changed);
	/* What changed before the first turn, which begins to watch, is not reported (6.18): timers come behind. */
	ev_timer_init(&mounts->begun, mounts_begun_cb, 0, 0);
	ev_timer_start(loop_ev(supervisor->loop), &mounts->begun);
	return 0;
}

void mounts_free(struct mounts *mounts)
{
	if (mounts == NULL)
		return;
	if (mounts->supervisor != NULL) {
		ev_timer_stop(loop_ev(mounts->supervisor->loop), &mounts->begun);
		ev_io_stop(loop_ev(mounts->supervisor->loop), &mounts->changed);
		close(mounts->changed.fd);
	}
	mounts_clear_read(mounts);
	mounts_clear(&mounts->gone);
	free(mounts);
}

bool mounts_below_procfs(const struct mounts *mounts, const char *name)
{
	return mounts_list_holds(&mounts->procfs, name);
}

/* Each mount on the way of the name must carry this one: what covers a part of the way does not. */
bool mounts_lead_to(const struct mounts *mounts, uint64_t id, const char *name)
{
	const struct mount_point *point = mounts_in(&mounts->all, id);
	size_t met = 0, carrying = 0;

	for (size_t i = 0; i < mounts->all.count; i++)
		met += mounts_point_holds(&mounts->all.points[i], name);
	for (; point != NULL && carrying <= met; carrying++) {
		if (!mounts_point_holds(point, name))
			return false;
		point = point->parent == point->id ? NULL : mounts_in(&mounts->all, point->parent);
	}
	return carrying > 0 && carrying == met;
}

bool mounts_shows_process(const struct mounts *mounts, uint64_t id)
{
	return mounts_in(&mounts->processes, id) != NULL;
}

enum mount_state mounts_point(const struct mounts *mounts, uint64_t id, const char **point_out)
{
	const struct mount_point *there = mounts_in(&mounts->all, id);
	const struct mount_point *point = there != NULL ? there : mounts_in(&mounts->gone, id);

	if (point == NULL)
		return MOUNT_NEVER_SEEN;
	*point_out = point->length == 0 ? "" : point->name;
	if (there != NULL)
		return MOUNT_THERE;
	return mounts_in(&mounts->all, point->parent) != NULL ? MOUNT_GONE : MOUNT_GONE_WITH_OTHERS;
}

bool mounts_any_gone(const struct mounts *mounts)
{
	return mounts->gone.count != 0;
}

bool mounts_any_slow(const struct mounts *mounts)
{
	return mounts->slow.count != 0;
}

bool mounts_below_slow(const struct mounts *mounts, const char *name)
{
	return mounts_list_holds(&mounts->slow, name);
}

bool mounts_is_slow(const struct mounts *mounts, uint64_t id)
{
	return mounts_in(&mounts->slow, id) != NULL;
}

bool mounts_protected_symlinks(const struct mounts *mounts)
{
	return mounts->protected_symlinks;
}

bool mounts_protected_hardlinks(const struct mounts *mounts)
{
	return mounts->protected_hardlinks;
}
