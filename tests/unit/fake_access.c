/* The rules behind fake_handlers.h: core/access.h, answered from the fields of the call; pages are never written to. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/bound.h"
#include "core/brief.h"
#include "core/fds.h"
#include "core/held.h"
#include "core/identity.h"
#include "core/mem.h"
#include "core/access.h"
#include "core/path.h"
#include "core/util.h"
#include "tests/unit/fake_handlers.h"

int access_check_filesystem(struct call *call, int fd)
{
	(void)fd;
	return access_check(call, CAT_FS, "filesystem");
}

int access_check_request(struct call *call, uint32_t request)
{
	call->asked_request = request;
	return access_check(call, CAT_IOCTL, "request");
}

int access_check_device(struct call *call, const char *name)
{
	return access_check(call, CAT_IOCTL, name);
}

bool access_judges_device(const struct call *call, const char *name)
{
	return access_refuses(call, CAT_IOCTL, name);
}

const char *access_mask(const struct call *call, const char *name)
{
	return call->masked && strstr(name, call->masked) ? call->mask_target : NULL;
}

bool access_appends(const struct call *call, const char *name)
{
	return call->appends && strstr(name, call->appends);
}

int access_check_append(struct call *call, const char *name, uint64_t flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;

	return writes && access_appends(call, name) && !(flags & O_APPEND) ? -EPERM : 0;
}

bool access_judges_made(const struct call *call, const char *name)
{
	return call->unmade && strstr(name, call->unmade);
}

int access_check_made(struct call *call, const char *name)
{
	return access_judges_made(call, name) ? -EINVAL : 0;
}

bool access_transitions(const struct call *call, bool group)
{
	return call->transitions[group];
}

bool access_transition(struct call *call, bool group, uint32_t from, uint32_t to)
{
	(void)group;
	call->transitions_asked++;
	return from == call->transition_from && to == call->transition_to;
}

bool access_guards_hardlinks(const struct call *call)
{
	return call->guards_hardlinks;
}

int access_refuse_link(struct call *call, bool hard)
{
	(void)call;
	return hard ? -EPERM : -EACCES;
}

bool access_refuses(const struct call *call, enum category category, const char *name)
{
	return (call->refused & CAT_BIT(category)) && (!call->refused_name || strstr(name, call->refused_name));
}

bool access_allows(const struct call *call, enum category category, const char *name)
{
	return !call->warned && !access_refuses(call, category, name);
}

bool access_anonymous_memory(const struct call *call)
{
	return !call->anonymous_refused;
}

bool access_active(const struct call *call, enum category category)
{
	return call->refused & CAT_BIT(category);
}

int access_check(struct call *call, enum category category, const char *name)
{
	call->asked |= CAT_BIT(category);
	snprintf(call->asked_name, sizeof(call->asked_name), "%s", name);
	if (!access_refuses(call, category, name))
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

bool access_has_rule(const struct call *call, enum category category, const char *name)
{
	(void)name;
	return !((call->refused | call->by_default) & CAT_BIT(category));
}

void access_wants(struct call *call, uint64_t categories)
{
	call->wants = categories;
}

bool access_mapped_files(const struct call *call)
{
	return !call->mapped_ignored;
}

bool held_area_is_where_named(struct call *call, const struct held_area *area)
{
	return area->is_file && !call->misnamed;
}

/* Sockets: everything is allowed unless its category is refused, and nothing waits. */

int access_check_address(struct call *call, enum category category, const struct address *address)
{
	char name[ADDRESS_TEXT_SIZE];

	address_text(address, name);
	return access_check(call, category, name);
}

int access_check_peer(struct call *call, const struct address *address)
{
	return access_check_address(call, CAT_NET_CONNECT, address);
}

int access_check_link(struct call *call, unsigned family)
{
	(void)family;
	return access_check(call, CAT_NET_LINK, "link");
}

bool access_judges_sockets(const struct call *call)
{
	return access_active(call, CAT_NET_CONNECT);
}

int brief_connect(const struct call *call, int fd, int type, const struct sockaddr *address, socklen_t length)
{
	(void)call;
	(void)type;
	return errno_result(connect(fd, address, length));
}

int brief_accept(const struct call *call, int fd, struct address_bytes *peer_out, int flags)
{
	(void)call;
	peer_out->length = ADDRESS_BYTES_MAX;
	return errno_result(accept4(fd, (struct sockaddr *)peer_out->bytes, &peer_out->length, flags));
}

int identity_take_effective(struct call *call)
{
	return call->identity_error;
}

int identity_claim(struct call *call, struct ucred *own_out)
{
	*own_out = (struct ucred){ .pid = getpid(), .uid = getuid(), .gid = getgid() };
	return call->identity_error;
}

int identity_check_claim(struct call *call, const struct ucred *claim)
{
	return claim->pid == getpid() ? call->identity_error : -EPERM;
}

_Bool identity_lift_claims(struct call *call)
{
	(void)call;
	return false;
}

void identity_lower(struct call *call)
{
	(void)call;
}

void call_set_interrupted(struct call *call, int64_t result)
{
	(void)call;
	(void)result;
}

int call_wait_fd(struct call *call, int fd, short events, int timeout_ms)
{
	(void)fd;
	(void)events;
	(void)timeout_ms;
	call->waited_ms = 0;
	return 0;
}

void call_settle(struct call *call)
{
	(void)call;
}

unsigned call_kernel_long_bytes(const struct call *call)
{
	return call->compat ? 4 : 8;
}

bool call_has_short_ids(const struct call *call)
{
	return call->compat;
}

ssize_t mem_read_some(struct call *call, uint64_t address, void *buffer, size_t len)
{
	return mem_read(call, address, buffer, len) == 0 ? (ssize_t)len : -EFAULT;
}

unsigned call_retry_ms(const struct call *call)
{
	(void)call;
	return 0;
}

void fds_put(struct call *call, int fd)
{
	(void)call;
	close(fd);
}

int fds_get_unchecked(struct call *call, int target_fd)
{
	return fds_get(call, target_fd);
}

_Bool identity_table_lacks(struct call *call, unsigned wanted)
{
	(void)call;
	return wanted > 2;
}

int call_give_fd(struct call *call, int fd, uint32_t fd_flags)
{
	(void)call;
	return fcntl(fd, fd_flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
}

int mem_read_longs(struct call *call, uint64_t address, unsigned width, unsigned count, uint64_t *values_out)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t narrow = 0;
		int error = width == 4 ? mem_read(call, address + 4 * i, &narrow, 4)
				       : mem_read(call, address + 8 * i, &values_out[i], 8);

		if (error < 0)
			return error;
		if (width == 4)
			values_out[i] = narrow;
	}
	return 0;
}

ssize_t mem_read_both(struct call *call, const struct iovec *target, void *first, void *second)
{
	int error = mem_read(call, (uintptr_t)target[0].iov_base, first, target[0].iov_len);

	if (error < 0)
		return error;
	error = mem_read(call, (uintptr_t)target[1].iov_base, second, target[1].iov_len);
	return error < 0 ? 0 : (ssize_t)target[1].iov_len;
}

bool access_refuses_address(const struct call *call, enum category category, const struct address *address)
{
	(void)address;
	return call->refused & CAT_BIT(category);
}

/* No numbers: names are bound as they are. */
size_t bound_begin(struct call *call, const char *written, const char *base, char name_out[BOUND_NAME_MAX + 1])
{
	(void)call;
	(void)written;
	return strlen(strcpy(name_out, base));
}

void bound_keep(struct call *call, const char *written, const char *name)
{
	(void)call;
	(void)written;
	(void)name;
}

const char *bound_written(const struct call *call, const char *name)
{
	(void)call;
	return name;
}

void bound_tell(const struct call *call, struct address_bytes *bytes)
{
	(void)call;
	(void)bytes;
}

int held_area_was_written(struct call *call, const struct held_area *area)
{
	(void)call;
	(void)area;
	return 0;
}
