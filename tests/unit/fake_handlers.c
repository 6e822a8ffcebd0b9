/* The fakes behind fake_handlers.h. Addresses below the first page are unreadable. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/access.h"
#include "core/fds.h"
#include "core/identity.h"
#include "core/path.h"
#include "core/util.h"
#include "tests/unit/fake_handlers.h"

#define UNREADABLE 4096

static char fake_directory[] = "handlers-XXXXXX";

void fake_enter_directory(void)
{
	cr_assert(chdir("/tmp") == 0 && mkdtemp(fake_directory) && chdir(fake_directory) == 0);
	close(open("file", O_CREAT | O_WRONLY, 0644));
	cr_assert(symlink("file", "link") == 0 && mkdir("dir", 0755) == 0);
}

void fake_leave_directory(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf /tmp/%s", fake_directory);
	cr_assert(chdir("/") == 0 && system(command) == 0);
}

int64_t fake_enter(const struct handler *handler, struct call *call)
{
	struct verdict verdict;

	call->worker_object = -1;
	verdict = handler->enter(call);
	umask(022);
	if (verdict.kind == VERDICT_WAIT)
		return FAKE_WAITS;
	if (handler->cancel)
		handler->cancel(call);
	if (verdict.kind == VERDICT_ADD_FD)
		return verdict.fd;
	return verdict.kind == VERDICT_FAIL ? -verdict.value : verdict.value;
}

uint64_t call_arg(const struct call *call, unsigned index)
{
	return call->args[index];
}

int call_arg_int(const struct call *call, unsigned index)
{
	return (int)call->args[index];
}

uint64_t call_arg_pair(const struct call *call, unsigned wide, unsigned pair)
{
	return call->compat ? call->args[pair] | call->args[pair + 1] << 32 : call->args[wide];
}

enum sysno call_sysno(const struct call *call)
{
	return call->sysno;
}

pid_t call_tid(const struct call *call)
{
	return call->tid ? call->tid : getpid();
}

void *call_state(struct call *call)
{
	return call->state;
}

bool call_is_compat(const struct call *call)
{
	return call->compat;
}

int call_revalidate(struct call *call)
{
	return call->gone ? -ESRCH : 0;
}

int call_wait_worker_open(struct call *call, int object, uint64_t open_flags)
{
	call->worker_object = object;
	call->worker_flags = open_flags;
	return 0;
}

int mem_read(struct call *call, uint64_t address, void *buffer, size_t len)
{
	(void)call;
	if (address < UNREADABLE)
		return -EFAULT;
	memcpy(buffer, (const void *)address, len);
	return 0;
}

ssize_t mem_read_string(struct call *call, uint64_t address, char *buffer, size_t size)
{
	size_t len;

	(void)call;
	if (address < UNREADABLE)
		return -EFAULT;
	len = strnlen((const char *)address, size);
	if (len == size)
		return -ENAMETOOLONG;
	memcpy(buffer, (const char *)address, len + 1);
	return (ssize_t)len;
}

int mem_write(struct call *call, uint64_t address, const void *buffer, size_t len)
{
	(void)call;
	if (address < UNREADABLE)
		return -EFAULT;
	memcpy((void *)address, buffer, len);
	return 0;
}

int mem_read_timespecs(struct call *call, uint64_t address, struct timespec times_out[2])
{
	return mem_read(call, address, times_out, 2 * sizeof(*times_out));
}

int mem_write_stat(struct call *call, uint64_t address, enum stat_layout layout, const struct statx *from)
{
	call->layout = layout;
	return mem_write(call, address, from, sizeof(*from));
}

int mem_write_statfs(struct call *call, uint64_t address, enum stat_layout layout, const struct statfs *from)
{
	call->layout = layout;
	return mem_write(call, address, from, sizeof(*from));
}

int fds_get(struct call *call, int target_fd)
{
	(void)call;
	return errno_result(fcntl(target_fd, F_DUPFD_CLOEXEC, 3));
}

int identity_take_umask(struct call *call, _Bool *crowded_out)
{
	(void)crowded_out;
	call->umask_taken = true;
	umask(call->umask);
	return 0;
}

int identity_take_real(struct call *call)
{
	call->real_taken = true;
	return 0;
}

int access_check(struct call *call, enum category category, const char *name)
{
	call->asked |= CAT_BIT(category);
	snprintf(call->asked_name, sizeof(call->asked_name), "%s", name);
	if (!(call->refused & CAT_BIT(category)))
		return 0;
	return category == CAT_STAT ? -ENOENT : -EACCES;
}

int access_check_path(struct call *call, enum category category, const struct path *path)
{
	return access_check(call, category, path->name);
}

int access_check_move(struct call *call, const char *from, const char *to, bool is_directory)
{
	call->moves++;
	snprintf(call->move_from, sizeof(call->move_from), "%s", from);
	snprintf(call->move_to, sizeof(call->move_to), "%s", to);
	call->move_directory = is_directory;
	return call->move_refused ? -EACCES : 0;
}

void access_wants(struct call *call, uint64_t categories)
{
	call->wants = categories;
}

void path_release(struct path *path)
{
	if (path->object >= 0)
		close(path->object);
	if (path->parent >= 0)
		close(path->parent);
}

size_t path_self_link(const struct path *path, char *buffer, size_t size)
{
	size_t len = strnlen(path->link_text, size);

	memcpy(buffer, path->link_text, len);
	return len;
}

void path_of_fd(int fd, char buffer[PATH_OF_FD_SIZE])
{
	snprintf(buffer, PATH_OF_FD_SIZE, "/proc/self/fd/%d", fd);
}

static void path_name(int fd, char name[PATH_MAX])
{
	char link[PATH_OF_FD_SIZE];
	ssize_t len;

	path_of_fd(fd, link);
	len = readlink(link, name, PATH_MAX - 1);
	name[len < 0 ? 0 : len] = '\0';
}

int path_of_descriptor(struct call *call, int fd, struct path *path)
{
	path->is_fd = true;
	path->unnamed = call->unnamed;
	path_name(fd, path->name);
	return 0;
}

int path_begin_string(struct call *call, int dirfd, const char *string, unsigned flags, struct path *path)
{
	(void)call;
	path->dirfd = dirfd;
	path->flags = flags;
	snprintf(path->string, sizeof(path->string), "%s", string);
	return string[0] || (flags & PATH_EMPTY) ? 0 : -ENOENT;
}

int path_begin(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path)
{
	char string[PATH_MAX];
	ssize_t len;

	if (!address && (flags & PATH_NULL_EMPTY))
		return path_begin_string(call, dirfd, "", flags, path);
	len = mem_read_string(call, address, string, sizeof(string));
	return len < 0 ? (int)len : path_begin_string(call, dirfd, string, flags, path);
}

int path_find(struct call *call, struct path *path)
{
	int how = O_PATH | O_CLOEXEC | (path->flags & PATH_FOLLOW ? 0 : O_NOFOLLOW);

	if (!path->string[0]) {
		path->is_fd = true;
		path->object = path->dirfd == AT_FDCWD ? open(".", how) : fds_get(call, path->dirfd);
	} else {
		path->object = errno_result(openat(path->dirfd, path->string, how));
	}
	path->unnamed = call->unnamed;
	if (path->object >= 0)
		path_name(path->object, path->name);
	return path->object < 0 ? path->object : 0;
}

int path_find_parent(struct call *call, struct path *path)
{
	char directory[PATH_MAX];
	size_t end = strlen(path->string);
	size_t start;
	size_t len;

	(void)call;
	while (end > 1 && path->string[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path->string[start - 1] != '/'; start--)
		;
	snprintf(directory, sizeof(directory), "./%.*s", (int)start, path->string);
	path->parent = errno_result(
		openat(path->dirfd, directory + (path->string[0] == '/' ? 2 : 0), O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (path->parent < 0)
		return path->parent;
	len = strnlen(path->string + start, sizeof(path->base) - 1);
	memcpy(path->base, path->string + start, len);
	path->base[len] = '\0';
	path_name(path->parent, directory);
	len = strlen(directory);
	memcpy(path->name, directory, len);
	path->name[len] = '/';
	snprintf(path->name + len + 1, sizeof(path->name) - len - 1, "%s", path->base);
	return 0;
}

int path_lookup(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path)
{
	int error = path_begin(call, dirfd, address, flags, path);

	return error < 0 ? error : path_find(call, path);
}

int path_lookup_parent(struct call *call, int dirfd, uint64_t address, unsigned flags, struct path *path)
{
	int error = path_begin(call, dirfd, address, flags, path);

	return error < 0 ? error : path_find_parent(call, path);
}

int path_reopen(struct call *call, const struct path *path, uint64_t open_flags)
{
	char name[PATH_OF_FD_SIZE];

	(void)call;
	path_of_fd(path->object, name);
	return errno_result(open(name, (int)open_flags | O_CLOEXEC));
}
