/*
 * memfd_create and memfd_secret: files without a directory. The create category
 * decides on the name "!memfd:NAME"; we make the file and hand it over.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/mem.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret (-1) /* arm and mips have none */
#endif

#define MEMFD_PREFIX "!memfd:"
#define MEMFD_NAME_MAX 249 /* the kernel's: NAME_MAX less "memfd:" */

static int memfd_make(const char *name, unsigned flags)
{
	return (int)errno_result(syscall(SYS_memfd_create, name, flags | MFD_CLOEXEC));
}

/* Why a name is refused; but the kernel looks at the flags first. */
static int memfd_name_error(ssize_t len, unsigned flags)
{
	int AUTO_CLOSE fd = memfd_make("", flags);

	if (fd < 0)
		return fd;
	return len == -ENAMETOOLONG ? -EINVAL : (int)len;
}

static struct verdict memfd_enter_create(struct call *call)
{
	char name[sizeof(MEMFD_PREFIX) + MEMFD_NAME_MAX] = MEMFD_PREFIX;
	char *own = name + sizeof(MEMFD_PREFIX) - 1;
	unsigned flags = (unsigned)call_arg_int(call, 1);
	ssize_t len = mem_read_string(call, call_arg(call, 0), own, MEMFD_NAME_MAX + 1);
	int fd;

	if (len < 0)
		return verdict_fail(memfd_name_error(len, flags));
	fd = access_check(call, CAT_CREATE, name);
	if (fd >= 0)
		fd = call_revalidate(call);
	if (fd >= 0)
		fd = memfd_make(own, flags);
	return fd < 0 ? verdict_fail(fd) : verdict_add_fd(fd, O_RDWR | (flags & MFD_CLOEXEC ? O_CLOEXEC : 0));
}

static struct verdict memfd_enter_secret(struct call *call)
{
	unsigned flags = (unsigned)call_arg_int(call, 0);
	int fd = access_check(call, CAT_CREATE, "!memfd_secret:");

	if (fd >= 0)
		fd = call_revalidate(call);
	if (fd >= 0)
		fd = (int)errno_result(syscall(SYS_memfd_secret, flags | O_CLOEXEC));
	return fd < 0 ? verdict_fail(fd) : verdict_add_fd(fd, O_RDWR | (flags & O_CLOEXEC));
}

const struct handler handler_memfd = {
	.name = "memfd",
	.flags = H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CREATE),
	.enter = memfd_enter_create,
};

const struct handler handler_memfd_secret = {
	.name = "memfd_secret",
	.flags = H_IDENTITY,
	.categories = CAT_BIT(CAT_CREATE),
	.enter = memfd_enter_secret,
};
