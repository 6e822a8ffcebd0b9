/*
 * The fakes behind fake_handlers.h, except for the rules (fake_access.c). Addresses below the
 * first page are unreadable.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/fds.h"
#include "core/held.h"
#include "core/identity.h"
#include "core/log.h"
#include "core/path.h"
#include "core/process.h"
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

struct verdict fake_begin(const struct handler *handler, struct call *call)
{
	struct verdict verdict;

	call->worker_object = -1;
	verdict = handler->enter(call);
	umask(022);
	return verdict;
}

void fake_cancel(const struct handler *handler, struct call *call)
{
	if (handler->cancel)
		handler->cancel(call);
}

struct verdict fake_leave(const struct handler *handler, struct call *call, int64_t result)
{
	struct verdict verdict;

	call->result = result;
	verdict = handler->leave(call);
	fake_cancel(handler, call);
	return verdict;
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

void process_signal_thread(const struct call *call, int number)
{
	syscall(SYS_tkill, call_tid(call), number);
}

void *call_state(struct call *call)
{
	return call->state;
}

bool call_is_compat(const struct call *call)
{
	return call->compat;
}

unsigned call_long_bytes(const struct call *call)
{
	return call->compat || call->x32 ? 4 : 8;
}

int call_revalidate(struct call *call)
{
	return call->gone ? -ESRCH : 0;
}

int64_t call_result(const struct call *call)
{
	return call->result;
}

void call_set_arg(struct call *call, unsigned index, uint64_t value)
{
	call->args[index] = value;
	call->args_set |= 1u << index;
}

void call_set_sysno(struct call *call, enum sysno sysno)
{
	call->sysno_set = sysno;
}

bool call_runs_beside(const struct call *call)
{
	(void)call;
	return false;
}

bool call_shares_memory(const struct call *call)
{
	return call->shares_memory;
}

void call_then_mprotect(struct call *call, uint64_t address, uint64_t length, uint64_t prot)
{
	call->thens++;
	call->then_args[0] = address;
	call->then_args[1] = length;
	call->then_args[2] = prot;
}

int call_wait_ms(struct call *call, unsigned timeout_ms)
{
	call->waited_ms = timeout_ms;
	return 0;
}

int call_wait_worker_open(struct call *call, int object, uint64_t open_flags)
{
	call->worker_object = object;
	call->worker_flags = open_flags;
	return 0;
}

int mem_read(struct call *call, uint64_t address, void *buffer, size_t len)
{
	struct iovec to = { .iov_base = buffer, .iov_len = len };
	struct iovec from = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };

	(void)call;
	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

ssize_t mem_read_string(struct call *call, uint64_t address, char *buffer, size_t size)
{
	size_t len;

	(void)call;
	if (address < UNREADABLE)
		return -EFAULT;
	len = strnlen((const char *)(uintptr_t)address, size);
	if (len == size)
		return -ENAMETOOLONG;
	memcpy(buffer, (const char *)(uintptr_t)address, len + 1);
	return (ssize_t)len;
}

int mem_write(struct call *call, uint64_t address, const void *buffer, size_t len)
{
	(void)call;
	if (address < UNREADABLE)
		return -EFAULT;
	memcpy((void *)(uintptr_t)address, buffer, len);
	return 0;
}

int mem_read_struct(struct call *call, uint64_t address, size_t size, void *buffer, size_t known)
{
	if (size < known || size > 4096)
		return size < known ? -EINVAL : -E2BIG;
	return mem_read(call, address, buffer, known);
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

bool mem_statfs64_fits(const struct call *call, uint64_t size)
{
	(void)call;
	return size == 84;
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

void identity_mark_changing(struct call *call)
{
	call->marked_changing = true;
}

int identity_pretend_hidden(struct call *call, _Bool hidden)
{
	call->hidden = hidden;
	return 0;
}

_Bool identity_pretends_hidden(struct call *call)
{
	return call->hidden;
}

int identity_ids(struct call *call, _Bool group, struct identity_ids *ids_out)
{
	*ids_out = call->ids[group];
	return call->identity_error;
}

bool identity_acts_with(const struct call *call, unsigned capability)
{
	return call->capabilities >> capability & 1;
}

int identity_capable(struct call *call, unsigned capability)
{
	return call->identity_error ? call->identity_error : (int)(call->capabilities >> capability & 1);
}

int identity_take_real(struct call *call)
{
	call->real_taken = true;
	return 0;
}

void log_mismatch(struct call *call, enum category category, const char *checked, const char *found)
{
	call->mismatches++;
	call->mismatch_category = category;
	snprintf(call->mismatch_checked, sizeof(call->mismatch_checked), "%s", checked ? checked : "");
	snprintf(call->mismatch_found, sizeof(call->mismatch_found), "%s", found);
}

void path_init(struct path *path)
{
	*path = (struct path){ .object = -1, .parent = -1, .held = -1 };
}

void path_release(struct path *path)
{
	if (path->object >= 0)
		close(path->object);
	if (path->parent >= 0)
		close(path->parent);
}

int path_read_link(struct call *call, const struct path *path, char *buffer, size_t size)
{
	(void)call;
	return (int)errno_result((int)readlinkat(path->object, "", buffer, size));
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
	return path->name[0] ? 0 : -ENAMETOOLONG;
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

int path_open_shown(const struct call *call, const char *name)
{
	(void)call;
	return errno_result(open(name, O_PATH | O_CLOEXEC | O_NOFOLLOW));
}

void path_made(struct call *call, const struct path *path, int fd)
{
	(void)call;
	(void)path;
	(void)fd;
}

int path_reopen(struct call *call, const struct path *path, uint64_t open_flags)
{
	char name[PATH_OF_FD_SIZE];

	(void)call;
	path_of_fd(path->object, name);
	return errno_result(open(name, (int)open_flags | O_CLOEXEC));
}

static int held_open(struct call *call, const char *entry)
{
	char name[64];

	if (call->held_error)
		return call->held_error;
	snprintf(name, sizeof(name), "/proc/%d/%s", (int)call_tid(call), entry);
	return errno_result(open(name, O_PATH | O_CLOEXEC));
}

int held_cwd(struct call *call)
{
	return held_open(call, "cwd");
}

int held_program(struct call *call)
{
	if (call->program && !call->held_error)
		return errno_result(open(call->program, O_PATH | O_CLOEXEC));
	return held_open(call, "exe");
}

int held_fd(struct call *call, int target_fd)
{
	char link[PATH_OF_FD_SIZE];
	int fd;

	(void)call;
	path_of_fd(target_fd, link);
	fd = errno_result(open(link, O_PATH | O_CLOEXEC));
	return fd == -ENOENT ? -EBADF : fd;
}

static bool held_parse(char *line, struct held_area *area)
{
	unsigned long start, end;
	unsigned long inode;
	char rights[5];
	int name = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%lx-%lx %4s %*x %x:%x %lu %n", &start, &end, rights, &area->file.major, &area->file.minor,
		    &inode, &name) != 6)
		return false;
	area->start = start;
	area->end = end;
	area->readable = rights[0] == 'r';
	area->writable = rights[1] == 'w';
	area->executable = rights[2] == 'x';
	area->shared = rights[3] == 's';
	area->is_file = inode != 0;
	area->file.inode = inode;
	area->name = line + name;
	return true;
}

static int held_visit(
	struct call *call, uint64_t start, uint64_t end, bool executable, held_area_fn *visit, void *context)
{
	char line[PATH_MAX * 4 + 128];
	FILE AUTO_FCLOSE *maps = NULL;
	int result = 0;

	if (call && call->held_error)
		return call->held_error;
	snprintf(line, sizeof(line), "/proc/%d/maps", (int)(call ? call_tid(call) : getpid()));
	maps = fopen(line, "re");
	if (!maps)
		return -errno;
	while (!result && fgets(line, sizeof(line), maps)) {
		struct held_area area = { 0 };

		if (held_parse(line, &area) && area.start < end && area.end > start && (area.executable || !executable))
			result = visit(context, &area);
	}
	return result;
}

int held_areas(struct call *call, uint64_t start, uint64_t end, held_area_fn *visit, void *context)
{
	return held_visit(call, start, end, false, visit, context);
}

int held_executable_areas(struct call *call, held_area_fn *visit, void *context)
{
	return held_visit(call, 0, UINT64_MAX, true, visit, context);
}

static int held_take_mapping(void *context, const struct held_area *area)
{
	*(struct held_mapping *)context = area->file;
	return 1;
}

int held_mapping_of(int fd, struct held_mapping *mapping_out)
{
	void *page = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	int found;

	if (page == MAP_FAILED)
		return -errno;
	found = held_areas(NULL, ADDRESS(page), ADDRESS(page) + 1, held_take_mapping, mapping_out);
	munmap(page, 1);
	return found < 0 ? found : 0;
}

bool held_area_is(const struct held_area *area, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && area->file.inode == st.st_ino && area->file.major == major(st.st_dev) &&
	       area->file.minor == minor(st.st_dev);
}

bool held_area_is_one_of(const struct held_area *area, const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (fds[i] >= 0 && held_area_is(area, fds[i]))
			return true;
	return false;
}

int held_identify(int fd, struct held_identity *identity_out)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &status) < 0)
		return -errno;
	*identity_out = (struct held_identity){ .mount = status.stx_mnt_id,
		.inode = status.stx_ino,
		.major = status.stx_dev_major,
		.minor = status.stx_dev_minor,
		.mode = status.stx_mode };
	return 0;
}

static int held_link_is(int link, const struct held_identity *identity)
{
	struct held_identity found;
	int error = link < 0 ? link : held_identify(link, &found);

	if (link >= 0)
		close(link);
	return error < 0 ? error : found.mount == identity->mount && found.inode == identity->inode;
}

int held_cwd_is(struct call *call, const struct held_identity *identity)
{
	return held_link_is(held_cwd(call), identity);
}

int held_program_is(struct call *call, const struct held_identity *identity)
{
	return held_link_is(held_program(call), identity);
}
