/*
 * The differential runner's guest for inotify and fanotify: every flag and mask by itself, odd groups
 * and paths, and then the events that calls on files make, which tell each time a file is opened.
 */
#include "diff.h"

#include <poll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>

enum { ROOM = 65536, FID_GROUP = 0x200, NAME_GROUP = 0x200 | 0x400 | 0x800 };

static char events[ROOM] __attribute__((aligned(8)));

static long watch_fan(int group, unsigned flags, uint64_t mask, int dirfd, const char *path)
{
#if CALL_PAIRS
	return syscall(SYS_fanotify_mark, group, flags, (uint32_t)mask, (uint32_t)(mask >> 32), dirfd, path);
#else
	return syscall(SYS_fanotify_mark, group, flags, mask, dirfd, path);
#endif
}

static long watch_group(unsigned flags)
{
	return syscall(SYS_fanotify_init, flags | FAN_NONBLOCK, O_RDONLY);
}

static void watch_show_inotify(const char *label, int fd)
{
	ssize_t length = read(fd, events, ROOM);

	printf("%s:", label);
	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *event = (const void *)(events + at);

		printf(" %d:%x:%s", event->wd, event->mask, event->len ? event->name : "");
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	putchar('\n');
}

static const char *watch_name(const struct fanotify_event_metadata *event)
{
	const struct fanotify_event_info_fid *info = (const void *)(event + 1);
	const struct file_handle *handle = (const void *)info->handle;

	if (event->event_len <= sizeof(*event) || info->hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME)
		return "";
	return (const char *)handle->f_handle + handle->handle_bytes;
}

/* Events of one name in a row are one: the kernel merges only what the same process did (doc/BOUNDARY.md). */
static void watch_show_fanotify(const char *label, int group)
{
	ssize_t length = read(group, events, ROOM);
	const struct fanotify_event_metadata *event = (const void *)events;
	const char *name = NULL;
	uint64_t mask = 0;

	printf("%s:", label);
	for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
		if (name && strcmp(name, watch_name(event)) != 0) {
			printf(" %llx:%s", (unsigned long long)mask, name);
			mask = 0;
		}
		name = watch_name(event);
		mask |= event->mask;
	}
	printf(" %llx:%s\n", (unsigned long long)mask, name ? name : "nothing");
}

/* truncate() of a name is left out: it shows as an open, too (doc/BOUNDARY.md). */
static void watch_act(void)
{
	char byte = 'x';
	int fd = open("watched/new", O_CREAT | O_WRONLY, 0644);

	CHECK(fd >= 0 && write(fd, &byte, 1) == 1 && close(fd) == 0);
	fd = open("watched/new", O_RDONLY);
	CHECK(fd >= 0 && read(fd, &byte, 1) == 1 && close(fd) == 0);
	fd = open("watched/new", O_RDWR | O_TRUNC);
	CHECK(fd >= 0 && fchmod(fd, 0600) == 0 && close(fd) == 0);
	CHECK(chmod("watched/new", 0644) == 0 && utimensat(AT_FDCWD, "watched/new", NULL, 0) == 0);
	CHECK(link("watched/new", "watched/link") == 0);
	CHECK(rename("watched/new", "watched/moved") == 0 && rename("watched/moved", "other") == 0);
	CHECK(rename("other", "watched/back") == 0 && unlink("watched/link") == 0 && unlink("watched/back") == 0);
	CHECK(mkdir("watched/dir", 0755) == 0 && rmdir("watched/dir") == 0);
	CHECK(symlink("x", "watched/soft") == 0 && unlink("watched/soft") == 0);
	CHECK(access("watched/file", R_OK) == 0 && creat("watched/file", 0644) >= 0);
	fd = open("watched", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0 && syscall(SYS_getdents64, fd, events, ROOM) > 0 && close(fd) == 0);
}

static void watch_events(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int group = (int)watch_group(NAME_GROUP);
	uint64_t mask = FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ATTRIB | FAN_MODIFY | FAN_OPEN |
			FAN_ACCESS | FAN_CLOSE | FAN_ONDIR | FAN_EVENT_ON_CHILD | FAN_DELETE_SELF;

	CHECK(inotify_add_watch(fd, "watched", IN_ALL_EVENTS) == 1);
	CHECK(inotify_add_watch(fd, "watched/file", IN_ALL_EVENTS) == 2);
	if (group >= 0)
		CHECK(watch_fan(group, FAN_MARK_ADD, mask, AT_FDCWD, "watched") == 0);
	watch_act();
	watch_show_inotify("inotify", fd);
	watch_show_fanotify("fanotify", group);
	close(fd);
	close(group);
}

static void watch_inotify(struct diff *diff)
{
	static const char *const paths[] = { "watched", "watched/", "watched/file", "watched/file/", "soft", "soft/",
		"dangling", "missing", "", "fifo", "secret", "secret/x", "/proc/self", "/dev/null", "." };
	int fd = inotify_init1(IN_NONBLOCK), file = open("watched/file", O_RDONLY);

	for (int bit = 0; bit < 32; bit++) {
		DIFF(diff, inotify_add_watch(fd, "watched", 1U << bit), "inotify_add_watch(bit %d)", bit);
		DIFF(diff, inotify_add_watch(fd, "soft", IN_OPEN | 1U << bit), "inotify_add_watch(soft, %d)", bit);
	}
	for (size_t i = 0; i < DIFF_COUNT(paths); i++) {
		DIFF(diff, inotify_add_watch(fd, paths[i], IN_OPEN), "inotify_add_watch(%s)", paths[i]);
		DIFF(diff, inotify_add_watch(fd, paths[i], IN_OPEN | IN_ONLYDIR), "only a directory: %s", paths[i]);
		DIFF(diff, inotify_add_watch(fd, paths[i], IN_OPEN | IN_DONT_FOLLOW), "not followed: %s", paths[i]);
	}
	DIFF(diff, inotify_add_watch(-1, "watched", IN_OPEN), "inotify_add_watch(-1)");
	DIFF(diff, inotify_add_watch(-1, "watched", 0), "inotify_add_watch(-1, nothing)");
	DIFF(diff, inotify_add_watch(file, "watched", IN_OPEN), "inotify_add_watch(of a file)");
	DIFF(diff, inotify_add_watch(fd, (char *)8, IN_OPEN), "inotify_add_watch(8)");
	DIFF(diff, inotify_add_watch(fd, (char *)8, 0), "inotify_add_watch(8, nothing)");
	DIFF(diff, inotify_rm_watch(fd, 1), "inotify_rm_watch");
	close(fd);
	close(file);
}

static void watch_fanotify_paths(struct diff *diff, int group)
{
	static const char *const paths[] = { "watched", "watched/", "watched/file", "watched/file/", "soft", "soft/",
		"dangling", "missing", "", "fifo", "secret", "secret/x", "." };
	static const unsigned ways[] = { FAN_MARK_ADD, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW,
		FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_MARK_REMOVE,
		FAN_MARK_ADD | FAN_MARK_ONLYDIR | FAN_MARK_DONT_FOLLOW, FAN_MARK_FLUSH };

	for (size_t i = 0; i < DIFF_COUNT(paths) * DIFF_COUNT(ways); i++) {
		const char *path = paths[i / DIFF_COUNT(ways)];
		unsigned way = ways[i % DIFF_COUNT(ways)];

		DIFF(diff, watch_fan(group, way, FAN_OPEN, AT_FDCWD, path), "fanotify_mark(%x, %s)", way, path);
	}
}

static void watch_fanotify_wrong(struct diff *diff, int group)
{
	int directory = open("watched", O_RDONLY | O_DIRECTORY), file = open("watched/file", O_RDONLY);

	DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, directory, NULL), "a descriptor alone");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, directory, "file"), "below a descriptor");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, file, NULL), "a file's descriptor alone");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_OPEN, file, NULL), "and no directory");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, NULL), "no path and no descriptor");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, 999, NULL), "no such descriptor");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, 999, "file"), "below no such descriptor");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, file, "file"), "below a file");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, (char *)8), "a path that cannot be read");
	DIFF(diff, watch_fan(group, FAN_MARK_ADD, 0, AT_FDCWD, (char *)8), "nor is a mask there");
	DIFF(diff, watch_fan(-1, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "watched"), "no group");
	DIFF(diff, watch_fan(-1, FAN_MARK_ADD, 0, AT_FDCWD, "watched"), "no group, no mask");
	DIFF(diff, watch_fan(file, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "watched"), "a file for a group");
	DIFF(diff, watch_fan(group, FAN_MARK_FLUSH, 0, 999, (char *)8), "a flush looks at no path");
	if (diff->with_path) {
		int path = open("watched", O_PATH);

		DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, path, NULL), "an O_PATH descriptor alone");
		DIFF(diff, watch_fan(group, FAN_MARK_ADD, FAN_OPEN, path, "file"), "below an O_PATH descriptor");
		close(path);
	}
	close(directory);
	close(file);
}

static void watch_fanotify(struct diff *diff, unsigned kind)
{
	int group;

	DIFF(diff, (group = (int)watch_group(kind)) >= 0 ? 0 : -1, "fanotify_init(%x)", kind);
	/* The bits of whole mounts and filesystems are refused here: doc/BOUNDARY.md. So is being asked. */
	for (int bit = 0; bit < 32; bit++)
		if (!((1U << bit) & (FAN_MARK_MOUNT | FAN_MARK_FILESYSTEM)))
			DIFF(diff, watch_fan(group, 1U << bit, FAN_OPEN, AT_FDCWD, "watched"), "mark flag %d", bit);
	for (int bit = 0; bit < 64; bit++)
		if (!((UINT64_C(1) << bit) & UINT64_C(0x170000)))
			DIFF(diff, watch_fan(group, FAN_MARK_ADD, UINT64_C(1) << bit, AT_FDCWD, "watched"),
				"mask bit %d", bit);
	watch_fanotify_paths(diff, group);
	watch_fanotify_wrong(diff, group);
	close(group);
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	CHECK(mkdir("watched", 0755) == 0 && mkdir("secret", 0) == 0 && mkfifo("fifo", 0644) == 0);
	guest_write("watched/file", "x");
	CHECK(symlink("watched", "soft") == 0 && symlink("missing", "dangling") == 0);
	watch_inotify(&diff);
	watch_fanotify(&diff, FID_GROUP);
	watch_fanotify(&diff, NAME_GROUP);
	watch_events();
	fflush(stdout);
	return 0;
}
