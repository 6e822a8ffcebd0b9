/* The fakes behind fake_open.h. Addresses below the first page are unreadable. */
#include "tests/unit/fake_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "core/access.h"
#include "core/call.h"
#include "core/fds.h"
#include "core/identity.h"
#include "core/identity_state.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/supervisor.h"

struct fake_open fake_open = { .refused_name = "", .worker_object = -1 };

static bool fake_refuses(enum category category, const char *name)
{
	return fake_open.refused & CAT_BIT(category) && strstr(name, fake_open.refused_name);
}

int access_check(struct call *asker, enum category category, const char *name)
{
	(void)asker;
	fake_open.asked |= CAT_BIT(category);
	if (!fake_refuses(category, name))
		return 0;
	return category == CAT_WALK || category == CAT_STAT ? -ENOENT : -EACCES;
}

int access_check_path(struct call *asker, enum category category, const struct path *path)
{
	return path->unnamed ? 0 : access_check(asker, category, path->name);
}

int access_check_filesystem(struct call *asker, int fd)
{
	(void)fd;
	return access_active(asker, CAT_FS) ? access_check(asker, CAT_FS, "filesystem") : 0;
}

int access_check_device(struct call *asker, const char *name)
{
	return access_check(asker, CAT_IOCTL, name);
}

bool access_judges_device(const struct call *asker, const char *name)
{
	return !access_allows(asker, CAT_IOCTL, name);
}

/* mask+, append+ and strict names: in tests/integration. */
const char *access_mask(const struct call *asker, const char *name)
{
	(void)asker;
	(void)name;
	return NULL;
}

bool access_appends(const struct call *asker, const char *name)
{
	(void)asker;
	(void)name;
	return false;
}

int access_check_append(struct call *asker, const char *name, uint64_t flags)
{
	(void)asker;
	(void)name;
	(void)flags;
	return 0;
}

bool access_judges_made(const struct call *asker, const char *name)
{
	(void)asker;
	(void)name;
	return false;
}

int access_check_made(struct call *asker, const char *name)
{
	(void)asker;
	(void)name;
	return 0;
}

void access_wants(struct call *call, uint64_t categories)
{
	call->wants = categories;
}

bool access_allows(const struct call *asker, enum category category, const char *name)
{
	(void)asker;
	return !fake_open.warned && !fake_refuses(category, name);
}

bool access_active(const struct call *asker, enum category category)
{
	(void)asker;
	return fake_open.refused & CAT_BIT(category);
}

bool access_guards_symlinks(const struct call *asker)
{
	(void)asker;
	return false;
}

int access_refuse_link(struct call *asker, bool hard)
{
	(void)asker;
	return hard ? -EPERM : -EACCES;
}

uint64_t call_arg(const struct call *asker, unsigned index)
{
	return asker->args[index];
}

int call_arg_int(const struct call *asker, unsigned index)
{
	return (int)asker->args[index];
}

enum sysno call_sysno(const struct call *asker)
{
	return asker->sysno;
}

void *call_state(struct call *asker)
{
	return asker->private_state;
}

pid_t call_tid(const struct call *asker)
{
	return asker->tid;
}

bool call_is_compat(const struct call *asker)
{
	(void)asker;
	return fake_open.compat;
}

int call_revalidate(struct call *asker)
{
	(void)asker;
	return 0;
}

int call_reserve_fd(struct call *asker)
{
	(void)asker;
	fake_open.reserved++;
	return -EMFILE;
}

int call_wait_ms(struct call *asker, unsigned timeout_ms)
{
	(void)asker;
	fake_open.waits_ms = timeout_ms;
	return 0;
}

int call_wait_worker_open(struct call *asker, int object, uint64_t open_flags)
{
	(void)asker;
	fake_open.worker_object = fcntl(object, F_DUPFD_CLOEXEC, 3);
	fake_open.worker_flags = open_flags;
	return 0;
}

/* Our rights are the target's here: there is nothing to lift. */
bool identity_lift(struct call *asker)
{
	(void)asker;
	return false;
}

void identity_lower(struct call *asker)
{
	(void)asker;
}

bool identity_table_lacks(struct call *asker, unsigned wanted)
{
	(void)asker;
	(void)wanted;
	return fake_open.full;
}

int identity_take_umask(struct call *asker, _Bool *crowded_out)
{
	(void)asker;
	*crowded_out = fake_open.crowded;
	return 0;
}

int fds_open_terminal(struct call *asker, int open_flags)
{
	(void)asker;
	(void)open_flags;
	return -ENXIO;
}

bool supervisor_owns_pid(const struct supervisor *owner, pid_t pid)
{
	(void)owner;
	(void)pid;
	return false;
}

ssize_t mem_read_string(struct call *asker, uint64_t address, char *buffer, size_t size)
{
	const char *string = (const char *)(uintptr_t)address;
	size_t length;

	(void)asker;
	if (address < 4096)
		return -EFAULT;
	length = strnlen(string, size);
	if (length == size)
		return -ENAMETOOLONG;
	memcpy(buffer, string, length + 1);
	return (ssize_t)length;
}

int mem_read_open_how(struct call *asker, uint64_t address, size_t size, struct open_how *how_out)
{
	(void)asker;
	(void)size;
	memcpy(how_out, (const void *)(uintptr_t)address, sizeof(*how_out));
	return 0;
}
