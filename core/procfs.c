/*
 * The rules of procfs for a walk made on behalf of another process. Opens only
 * comm and status files, to learn who is ours and who belongs to the sandbox; the walk itself
 * is made by core/path_walk.c. Processes are judged by held directories, so that a number used
 * again changes nothing: what is held of a process that died is of no use.
 */
#include "core/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/call.h"
#include "core/cleanup.h"
#include "core/identity_state.h"
#include "core/path_name.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

enum {
	PROCFS_ROOT_INODE = 1,
	PROCFS_STATUS_SIZE = 512, /* Name, State, Tgid and PPid come first */
	PROCFS_ANCESTORS = 128,   /* a longer chain of parents counts as outside */
	PROCFS_COMM_SIZE = 32,
	PROCFS_NUMBER_SIZE = 16,
};

struct procfs_status {
	pid_t tgid;
	pid_t ppid;
};

struct procfs_mount {
	uint64_t id;
	uint64_t inode;
	uint32_t major;
	uint32_t minor;
};

/*
 * Names of our own processes. The launcher has its name before it forks, so a worker has one
 * of these from its birth. A program of the sandbox that takes such a name hides only itself.
 */
static const char *const procfs_helpers[] = { "kennel-launcher", "kennel-worker", "kennel-cleaner" };

/* Entries of a process that the kernel guards by the right to ptrace it, and the way to more of them. */
static const char *const procfs_guarded[] = {
	"mem",
	"environ",
	"auxv",
	"maps",
	"smaps",
	"smaps_rollup",
	"numa_maps",
	"pagemap",
	"stack",
	"syscall",
	"personality",
	"io",
	"clear_refs",
	"fd",
	"fdinfo",
	"map_files",
	"ns",
	"cwd",
	"root",
	"exe",
};

/* Of its own process each may follow or read these, and pass through them, whoever it has become... */
static const char *const procfs_own_ways[] = { "", "fd", "fdinfo", "ns", "cwd", "root", "exe" };

/* ...and open these. What is in map_files takes a capability as well. */
static const char *const procfs_own_files[] = { "maps", "smaps", "smaps_rollup", "numa_maps", "fd", "fdinfo", "comm" };

static const char *const procfs_link_dirs[] = { "fd", "fdinfo", "map_files", "ns" };
static const char *const procfs_process_links[] = { "cwd", "root", "exe" };

static bool procfs_in(const char *const *list, size_t count, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(list[i]) == length && memcmp(list[i], name, length) == 0)
			return true;
	}
	return false;
}

/* The number that the whole text is, or -1. The kernel takes no leading zero either. */
static pid_t procfs_number(const char *text, size_t length)
{
	long number = 0;

	if (length == 0 || length > 9 || text[0] == '0')
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return (pid_t)number;
}

static bool procfs_is_guarded(const char *name, size_t length)
{
	return procfs_in(procfs_guarded, ARRAY_SIZE(procfs_guarded), name, length);
}

bool procfs_holds(int fd)
{
	struct statfs info;

	return fstatfs(fd, &info) == 0 && info.f_type == PROC_SUPER_MAGIC;
}

bool procfs_names_ours(const struct supervisor *supervisor, const char *text)
{
	while (*text != '\0') {
		const size_t length = strcspn(text, "/");
		const pid_t pid = procfs_number(text, length);

		if (pid > 0 && supervisor_owns_pid(supervisor, pid))
			return true;
		text += length;
		text += strspn(text, "/");
	}
	return false;
}

/* Cuts the last component off and says where it is. */
static const char *procfs_pop(const char *name, size_t *end, size_t *length_out)
{
	size_t start = *end;

	while (start > 0 && name[start - 1] != '/')
		start--;
	*length_out = *end - start;
	*end = start > 0 ? start - 1 : 0;
	return name + start;
}

/*
 * By the last names of the directory: no other directory of procfs has children of the names that
 * are guarded, so that /proc/irq/30 taken for a process does no harm.
 */
static enum procfs_place procfs_locate_name(const char *name)
{
	size_t end = strlen(name);
	size_t length;
	size_t above_length;
	const char *last = procfs_pop(name, &end, &length);
	const char *above = procfs_pop(name, &end, &above_length);

	if (procfs_number(last, length) > 0)
		return PROCFS_PROCESS;
	if (procfs_number(above, above_length) <= 0)
		return PROCFS_OTHER;
	if (length == 4 && memcmp(last, "task", 4) == 0)
		return PROCFS_TASKS;
	return procfs_in(procfs_link_dirs, ARRAY_SIZE(procfs_link_dirs), last, length) ? PROCFS_LINKS : PROCFS_OTHER;
}

enum procfs_place procfs_locate(const struct supervisor *supervisor, int dir, uint64_t inode)
{
	char name[PATH_NAME_SIZE];

	if (inode == PROCFS_ROOT_INODE)
		return PROCFS_ROOT;
	if (path_name_read(supervisor, dir, false, name) < 0)
		return PROCFS_OTHER;
	return procfs_locate_name(name);
}

static pid_t procfs_field(const char *text, const char *label)
{
	const char *at = strstr(text, label);

	return at == NULL ? -1 : (pid_t)strtol(at + strlen(label), NULL, 10);
}

/* A newline in the process's name is escaped by the kernel: labels after one are real. */
static int procfs_read_status(int dir, const char *name, struct procfs_status *status_out)
{
	char text[PROCFS_STATUS_SIZE];
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text) - 1);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	status_out->tgid = procfs_field(text, "\nTgid:\t");
	status_out->ppid = procfs_field(text, "\nPPid:\t");
	return status_out->tgid > 0 ? 0 : -ESRCH;
}

static int procfs_open_pid(const struct supervisor *supervisor, pid_t pid)
{
	char name[PROCFS_NUMBER_SIZE];

	snprintf(name, sizeof(name), "%d", pid);
	return errno_result(openat(supervisor->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int procfs_read_pid(const struct supervisor *supervisor, pid_t pid, struct procfs_status *status_out)
{
	AUTO_CLOSE int dir = procfs_open_pid(supervisor, pid);

	return dir < 0 ? dir : procfs_read_status(dir, "status", status_out);
}

/*
 * The parent of the process of `dir`, held. The number is believed only when the child still names
 * it after its directory was opened, and that directory still answers then: a number used again
 * in between is noticed. -EAGAIN: the child got another parent meanwhile.
 */
static int procfs_open_parent(
	const struct supervisor *supervisor, int dir, struct procfs_status child, struct procfs_status *parent_out)
{
	AUTO_CLOSE int parent = procfs_open_pid(supervisor, child.ppid);
	struct procfs_status again;
	int error = procfs_read_status(dir, "status", &again);

	if (error < 0)
		return error;
	if (parent < 0 || again.ppid != child.ppid || procfs_read_status(parent, "status", parent_out) < 0)
		return -EAGAIN;
	return take_fd(&parent);
}

/*
 * Descent from the launcher, where orphans go too, is the only proof: any number of a member may be
 * another's by now. Which of several sandboxes it would be, is not known by it.
 */
static bool procfs_is_descendant(const struct sandbox *sandbox, int dir, struct procfs_status status)
{
	const struct supervisor *supervisor = sandbox->supervisor;
	AUTO_CLOSE int held = -1;

	if (supervisor->sandboxes != sandbox || sandbox->next != NULL || supervisor_owns_pid(supervisor, status.tgid))
		return false;
	for (int i = 0; i < PROCFS_ANCESTORS && status.ppid > 1; i++) {
		struct procfs_status parent;
		const int child = held < 0 ? dir : held;
		int fd;

		if (status.ppid == supervisor->launcher_pid)
			return true;
		if (supervisor_owns_pid(supervisor, status.ppid))
			return false;
		fd = procfs_open_parent(supervisor, child, status, &parent);
		if (fd == -EAGAIN && procfs_read_status(child, "status", &status) == 0)
			continue;
		if (fd < 0)
			return false;
		if (held >= 0)
			close(held);
		held = fd;
		status = parent;
	}
	return false;
}

/* Is the process of this held directory one of the target's sandbox? */
static bool procfs_is_member(struct call *call, int dir)
{
	struct procfs_status process = { 0 };
	struct procfs_status target = { 0 };

	if (procfs_read_status(dir, "status", &process) < 0)
		return false;
	if (procfs_read_pid(call->sandbox->supervisor, call->tid, &target) == 0 && target.tgid == process.tgid)
		return true;
	return procfs_is_descendant(call->sandbox, dir, process);
}

int procfs_member(struct call *call, int pid)
{
	AUTO_CLOSE int dir = procfs_open_pid(call->sandbox->supervisor, pid);

	return dir < 0 ? dir : procfs_is_member(call, dir);
}

/* The same for PID/fd and the like. */
static bool procfs_is_member_above(struct call *call, int dir)
{
	AUTO_CLOSE int above = errno_result(openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));

	if (above == -EACCES && identity_lift(call)) {
		above = errno_result(openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
		identity_lower(call);
	}
	return above >= 0 && procfs_is_member(call, above);
}

/*
 * Is the process `pid` of this held directory a helper of ours? -ENOENT then. What has died is left
 * to the kernel's errno, what hides its name (hidepid) is nobody that could be told apart.
 */
static int procfs_judge_comm(const struct call *call, int dir, pid_t pid)
{
	char text[PROCFS_COMM_SIZE];
	AUTO_CLOSE int fd = -1;
	ssize_t length;

	if (pid == call->tid)
		return 0;
	fd = openat(dir, "comm", O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (length < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -EACCES;
	if (length > 0 && text[length - 1] == '\n')
		length--;
	return procfs_in(procfs_helpers, ARRAY_SIZE(procfs_helpers), text, (size_t)length) ? -ENOENT : 0;
}

/* Another pid namespace's procfs: its numbers are not ours, so none of its processes exist. */
static bool procfs_is_foreign(const struct supervisor *supervisor, int root)
{
	char text[PATH_LINK_TEXT_SIZE];
	const ssize_t length = readlinkat(root, "self", text, sizeof(text));

	return length < 0 || procfs_number(text, (size_t)length) != supervisor->pid;
}

static bool procfs_is_self(const char *name)
{
	return str_equal(name, "self") || str_equal(name, "thread-self");
}

static int procfs_judge_number(const struct supervisor *supervisor, int dir, enum procfs_place place, const char *name)
{
	const pid_t pid = procfs_number(name, strlen(name));

	if (pid < 0 && !procfs_is_self(name))
		return 0;
	if (pid > 0 && supervisor_owns_pid(supervisor, pid))
		return -ENOENT;
	return place == PROCFS_ROOT && procfs_is_foreign(supervisor, dir) ? -ENOENT : 0;
}

int procfs_judge(struct call *call, int dir, enum procfs_place place, const char *name)
{
	switch (place) {
	case PROCFS_ROOT:
	case PROCFS_TASKS:
		return procfs_judge_number(call->sandbox->supervisor, dir, place, name);
	case PROCFS_PROCESS:
		if (!procfs_is_guarded(name, strlen(name)))
			return 0;
		return procfs_is_member(call, dir) ? 0 : -EACCES;
	case PROCFS_LINKS:
		return procfs_is_member_above(call, dir) ? 0 : -EACCES;
	case PROCFS_OTHER:
		break;
	}
	return 0;
}

int procfs_judge_opened(struct call *call, int fd, enum procfs_place place, const char *name)
{
	const pid_t pid = procfs_number(name, strlen(name));

	if (pid < 0 || (place != PROCFS_ROOT && place != PROCFS_TASKS))
		return 0;
	return procfs_judge_comm(call, fd, pid);
}

static int procfs_read_mount(int fd, struct procfs_mount *mount_out)
{
	struct statx info;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &info) < 0)
		return -errno;
	*mount_out = (struct procfs_mount){ info.stx_mnt_id, info.stx_ino, info.stx_dev_major, info.stx_dev_minor };
	return 0;
}

/*
 * Opens the root of the procfs that the object is on, by the first part of its name; the rest of the
 * name is in *below_out. That is what the dentries say, so it is true also of removed entries,
 * and of names that something is mounted over. -EACCES: it is not on any way to the object.
 */
static int procfs_open_root(int object, char *name, struct procfs_mount *root, const char **below_out)
{
	struct procfs_mount held;
	int error = procfs_read_mount(object, &held);

	for (char *at = name; error == 0 && *at == '/';) {
		AUTO_CLOSE int fd = -1;
		char kept;

		at += 1 + strcspn(at + 1, "/");
		kept = *at;
		*at = '\0';
		fd = open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		*at = kept;
		if (fd < 0 || procfs_read_mount(fd, root) < 0)
			return -EACCES;
		if (root->inode != PROCFS_ROOT_INODE || root->major != held.major || root->minor != held.minor)
			continue;
		/* Another mount of this procfs below it (/proc/sys in containers) is none of a process. */
		if (root->id != held.id && procfs_number(at + 1, strcspn(at + 1, "/")) > 0)
			return -EACCES;
		*below_out = at;
		return take_fd(&fd);
	}
	return -EACCES;
}

/* The entry of the process that is named below it: what follows "task/TID", if that comes first. */
static const char *procfs_entry(const char *below, size_t *length_out)
{
	if (str_starts(below, "/task/")) {
		below += sizeof("/task/") - 1;
		below += strcspn(below, "/");
	}
	below += *below == '/';
	*length_out = strcspn(below, "/");
	return below;
}

/* The number of a dentry never changes: if it is another process's by now, the object is dead. */
static int procfs_judge_owner(struct call *call, pid_t pid, const char *below)
{
	const struct supervisor *supervisor = call->sandbox->supervisor;
	size_t length;
	const char *entry = procfs_entry(below, &length);
	const bool guarded = procfs_is_guarded(entry, length);
	AUTO_CLOSE int dir = -1;
	int error;

	if (supervisor_owns_pid(supervisor, pid))
		return -ENOENT;
	dir = procfs_open_pid(supervisor, pid);
	if (dir < 0)
		return guarded ? -ESRCH : 0;
	error = procfs_judge_comm(call, dir, pid);
	if (error < 0 || !guarded)
		return error;
	return procfs_is_member(call, dir) ? 0 : -EACCES;
}

/* The process that the object belongs to, with the name of the object below it. 0: none; or -errno. */
static pid_t procfs_find_owner(struct call *call, int fd, char name[PATH_NAME_SIZE], const char **below_out)
{
	const struct supervisor *supervisor = call->sandbox->supervisor;
	AUTO_CLOSE int root = -1;
	struct procfs_mount mount;
	size_t length;
	pid_t pid;

	if (path_name_read(supervisor, fd, false, name) < 0)
		return -EACCES;
	root = procfs_open_root(fd, name, &mount, below_out);
	if (root < 0)
		return procfs_names_ours(supervisor, name) ? -ENOENT : -EACCES;
	*below_out += **below_out == '/';
	length = strcspn(*below_out, "/");
	pid = procfs_number(*below_out, length);
	*below_out += length;
	if (pid <= 0)
		return 0;
	return procfs_is_foreign(supervisor, root) ? -ENOENT : pid;
}

int procfs_judge_held(struct call *call, int fd)
{
	char name[PATH_NAME_SIZE];
	const char *below;
	const pid_t pid = procfs_find_owner(call, fd, name, &below);

	return pid <= 0 ? pid : procfs_judge_owner(call, pid, below);
}

/* The object's name below its process, if that is the target's own; else NULL. */
static const char *procfs_below_own(struct call *call, int fd, char name[PATH_NAME_SIZE])
{
	struct procfs_status process = { 0 };
	struct procfs_status target = { 0 };
	const char *below;
	pid_t pid;

	if (!procfs_holds(fd))
		return NULL;
	pid = procfs_find_owner(call, fd, name, &below);
	if (pid <= 0 || procfs_read_pid(call->sandbox->supervisor, pid, &process) < 0 ||
		procfs_read_pid(call->sandbox->supervisor, call->tid, &target) < 0)
		return NULL;
	return process.tgid == target.tgid ? below : NULL;
}

bool procfs_lift_way(struct call *call, int fd)
{
	char name[PATH_NAME_SIZE];
	const char *below = procfs_below_own(call, fd, name);
	size_t length = 0;
	const char *entry = below ? procfs_entry(below, &length) : NULL;

	return entry && procfs_in(procfs_own_ways, ARRAY_SIZE(procfs_own_ways), entry, length) && identity_lift(call);
}

bool procfs_lift_open(struct call *call, int fd, uint64_t flags)
{
	char name[PATH_NAME_SIZE];
	const char *below = procfs_below_own(call, fd, name);
	size_t length = 0;
	const char *entry = below ? procfs_entry(below, &length) : NULL;

	if (!entry || !procfs_in(procfs_own_files, ARRAY_SIZE(procfs_own_files), entry, length))
		return false;
	/* Only a thread's name may be written, and only where it is named as one. */
	if ((flags & O_ACCMODE) != O_RDONLY && (*entry != 'c' || !str_starts(below, "/task/")))
		return false;
	return identity_lift(call);
}

int procfs_open_own(struct call *call, int dir, const char *name, int flags)
{
	int fd = -EACCES;

	if (procfs_lift_way(call, dir)) {
		fd = errno_result(openat(dir, name, O_PATH | O_CLOEXEC | flags));
		identity_lower(call);
	}
	return fd;
}

int procfs_self_text(struct call *call, enum procfs_place place, const char *name, char text[PATH_LINK_TEXT_SIZE])
{
	struct procfs_status target;
	int error;

	if (place != PROCFS_ROOT || !procfs_is_self(name))
		return 0;
	error = procfs_read_pid(call->sandbox->supervisor, call->tid, &target);
	if (error == 0)
		error = call_revalidate(call);
	if (error < 0)
		return error;
	if (name[0] == 's')
		return snprintf(text, PATH_LINK_TEXT_SIZE, "%d", target.tgid);
	return snprintf(text, PATH_LINK_TEXT_SIZE, "%d/task/%d", target.tgid, call->tid);
}

int procfs_held_link(struct call *call, int fd, const char *name, char text[PATH_LINK_TEXT_SIZE])
{
	const char *slash = strrchr(name, '/');
	struct stat info;
	int length;

	/* Only the root of a procfs has entries of these names. */
	if (slash == NULL || !procfs_is_self(slash + 1) || !procfs_holds(fd))
		return 0;
	if (fstat(fd, &info) < 0 || !S_ISLNK(info.st_mode))
		return 0;
	length = procfs_self_text(call, PROCFS_ROOT, slash + 1, text);
	return length < 0 ? length : 0;
}

bool procfs_is_magic(enum procfs_place place, const char *name)
{
	if (place == PROCFS_LINKS)
		return true;
	return place == PROCFS_PROCESS &&
	       procfs_in(procfs_process_links, ARRAY_SIZE(procfs_process_links), name, strlen(name));
}
