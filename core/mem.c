/*
 * The target's memory: process_vm_readv and process_vm_writev on the thread of a call,
 * and the structures of its ABI turned into native ones. Decides nothing, keeps nothing;
 * whoever acts on what was read asks call_revalidate() first.
 */
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "arch/layout.h"
#include "core/call.h"
#include "core/identity_state.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/remote.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

/* Every page size is a multiple of it: a chunk that ends here never crosses a page. */
#define MEM_PAGE 4096
#define MEM_FIRST 256

typedef ssize_t mem_move(pid_t tid, const struct iovec *local, unsigned long local_count, const struct iovec *remote,
	unsigned long remote_count, unsigned long flags);

/* What a failed access means to the target; an unreadable one is told once per sandbox. */
static int mem_error(struct call *call, int error)
{
	struct sandbox *sandbox = call->sandbox;

	if (error == -ESRCH)
		return -ESRCH;
	if (error != -EPERM)
		return -EFAULT;
	if (!sandbox->blind_logged) {
		sandbox->blind_logged = true;
		log_event(sandbox->supervisor->log, "memory", "thread %d cannot be read: its calls are refused",
			(int)call_tid(call));
	}
	return -EACCES;
}

/* The bytes moved, fewer where the next page is not there, or -errno for the target. */
static ssize_t mem_access_vector(
	struct call *call, mem_move *move, const struct iovec *local, const struct iovec *remote, unsigned count)
{
	ssize_t moved;

	for (unsigned i = 0; i < count; i++)
		if ((uintptr_t)remote[i].iov_base > UINTPTR_MAX - remote[i].iov_len)
			return -EFAULT;
	moved = errno_result(move(call_tid(call), local, count, remote, count, 0));
	/* A target that changed its ids is reached with our capabilities, not with its own. */
	if (moved == -EPERM && identity_lift(call)) {
		moved = errno_result(move(call_tid(call), local, count, remote, count, 0));
		identity_lower(call);
	}
	return moved < 0 ? mem_error(call, (int)moved) : moved;
}

static ssize_t mem_access(struct call *call, mem_move *move, uint64_t address, void *buffer, size_t len)
{
	struct iovec local = { .iov_base = buffer, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };

	return mem_access_vector(call, move, &local, &remote, 1);
}

/* In a worker: page by page, as far as there are any. */
static ssize_t mem_read_remotely(const struct call *call, uint64_t address, unsigned char *buffer, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t chunk = MEM_PAGE - (address + done) % MEM_PAGE;
		int error;

		if (chunk > len - done)
			chunk = len - done;
		error = remote_read(call, address + done, buffer + done, chunk);
		if (error < 0)
			return done ? (ssize_t)done : error;
		done += chunk;
	}
	return (ssize_t)done;
}

ssize_t mem_read_both(struct call *call, const struct iovec *target, void *first, void *second)
{
	const struct iovec local[2] = { { first, target[0].iov_len }, { second, target[1].iov_len } };
	ssize_t got;

	if (call->sandbox->supervisor->remote_fd) {
		got = mem_read(call, (uintptr_t)target[0].iov_base, first, target[0].iov_len);
		return got < 0 ? got : mem_read_some(call, (uintptr_t)target[1].iov_base, second, target[1].iov_len);
	}
	got = mem_access_vector(call, process_vm_readv, local, target, 2);
	if (got < 0)
		return got;
	return (size_t)got < target[0].iov_len ? -EFAULT : got - (ssize_t)target[0].iov_len;
}

ssize_t mem_read_some(struct call *call, uint64_t address, void *buffer, size_t len)
{
	if (!len)
		return 0;
	if (call->sandbox->supervisor->remote_fd)
		return mem_read_remotely(call, address, buffer, len);
	return mem_access(call, process_vm_readv, address, buffer, len);
}

int mem_read(struct call *call, uint64_t address, void *buffer, size_t len)
{
	ssize_t got;

	if (!len)
		return 0;
	if (call->sandbox->supervisor->remote_fd)
		return remote_read(call, address, buffer, len);
	got = mem_access(call, process_vm_readv, address, buffer, len);
	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : -EFAULT;
}

ssize_t mem_read_string(struct call *call, uint64_t address, char *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t chunk = MEM_PAGE - (address + done) % MEM_PAGE;
		const char *end;
		int error;

		/* Most paths are short: copying a page for each costs more than a second look for the long ones. */
		if (!done && chunk > MEM_FIRST)
			chunk = MEM_FIRST;
		if (chunk > size - done)
			chunk = size - done;
		error = mem_read(call, address + done, buffer + done, chunk);
		if (error < 0)
			return error;
		end = memchr(buffer + done, '\0', chunk);
		if (end)
			return end - buffer;
		done += chunk;
	}
	return -ENAMETOOLONG;
}

int mem_write(struct call *call, uint64_t address, const void *buffer, size_t len)
{
	ssize_t put;
	int error;

	if (!len)
		return 0;
	if (call->sandbox->supervisor->remote_fd)
		return remote_write(call, address, buffer, len);
	/* A tid that was reused is not written to. If it is during the write, the answer finds nobody either. */
	error = call_revalidate(call);
	if (error < 0)
		return error;
	put = mem_access(call, process_vm_writev, address, (void *)(uintptr_t)buffer, len);
	if (put < 0)
		return (int)put;
	return (size_t)put == len ? 0 : -EFAULT;
}

/* The kernel's check_zeroed_user: 0, -E2BIG for a byte that is not zero, or why it cannot be read. */
static int mem_check_zero(struct call *call, uint64_t address, size_t len)
{
	unsigned char chunk[512];

	while (len) {
		size_t part = len < sizeof(chunk) ? len : sizeof(chunk);
		int error = mem_read(call, address, chunk, part);

		if (error < 0)
			return error;
		for (size_t i = 0; i < part; i++)
			if (chunk[i])
				return -E2BIG;
		address += part;
		len -= part;
	}
	return 0;
}

int mem_read_struct(struct call *call, uint64_t address, size_t size, void *buffer, size_t known)
{
	int error;

	if (size < known)
		return -EINVAL;
	if (size > (size_t)sysconf(_SC_PAGESIZE))
		return -E2BIG;
	/* The unknown rest comes first, as in copy_struct_from_user. */
	error = mem_check_zero(call, address + known, size - known);
	return error < 0 ? error : mem_read(call, address, buffer, known);
}

int mem_read_open_how(struct call *call, uint64_t address, size_t size, struct open_how *how_out)
{
	return mem_read_struct(call, address, size, how_out, sizeof(*how_out));
}

int mem_read_longs(struct call *call, uint64_t address, unsigned width, unsigned count, uint64_t *values_out)
{
	int error = mem_read(call, address, values_out, count * (size_t)width);
	uint32_t narrow;

	/* From the last on: none lies where a later one still has to be read. */
	for (unsigned i = count; width == sizeof(narrow) && i-- > 0 && error == 0;) {
		memcpy(&narrow, (const unsigned char *)values_out + i * sizeof(narrow), sizeof(narrow));
		values_out[i] = narrow;
	}
	return error;
}

int mem_read_timespecs(struct call *call, uint64_t address, struct timespec times_out[2])
{
	const bool time64 = call_sysno(call) == SC_utimensat_time64;
	const unsigned width = time64 ? sizeof(uint64_t) : call_kernel_long_bytes(call);
	uint64_t raw[4];
	int error = mem_read_longs(call, address, width, 4, raw);

	if (error < 0)
		return error;
	for (unsigned i = 0; i < 4; i++)
		if (width == sizeof(uint32_t))
			raw[i] = (uint64_t)(int32_t)raw[i];
	for (unsigned i = 0; i < 2; i++) {
		/* A caller with longs of 32 bits leaves the upper half of wide nanoseconds undefined. */
		bool cut = width == sizeof(uint64_t) && call_long_bytes(call) == sizeof(uint32_t);
		uint64_t nsec = cut ? (uint32_t)raw[2 * i + 1] : raw[2 * i + 1];

		times_out[i] = (struct timespec){ .tv_sec = (time_t)raw[2 * i], .tv_nsec = (long)nsec };
	}
	return 0;
}

int mem_write_stat(struct call *call, uint64_t address, enum stat_layout layout, const struct statx *from)
{
	static const enum layout_kind kinds[STAT_LAYOUT_COUNT] = {
		[STAT_OLD] = LAYOUT_STAT_OLD,
		[STAT_NEW] = LAYOUT_STAT,
		[STAT_64] = LAYOUT_STAT64,
	};
	unsigned char buffer[LAYOUT_MAX];
	ssize_t len = layout_stat(call->abi, kinds[layout], from, buffer);

	return len < 0 ? (int)len : mem_write(call, address, buffer, (size_t)len);
}

bool mem_statfs64_fits(const struct call *call, uint64_t size)
{
	return layout_takes(call->abi, LAYOUT_STATFS64, size);
}

int mem_write_statfs(struct call *call, uint64_t address, enum stat_layout layout, const struct statfs *from)
{
	enum layout_kind kind = layout == STAT_64 ? LAYOUT_STATFS64 : LAYOUT_STATFS;
	unsigned char buffer[LAYOUT_MAX];
	ssize_t len = layout_statfs(call->abi, kind, from, buffer);

	return len < 0 ? (int)len : mem_write(call, address, buffer, (size_t)len);
}
