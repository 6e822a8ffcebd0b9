/*
 * All ways to change what is in a file whose descriptor may only append: argument 1 is the file, argument 2
 * leaves out those that only write. Prints the ways that worked; the file is whole again before each.
 */
#include "guest.h"

#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#define CUT_SIZE 8192
#define CUT_ONLY 6        /* so many of the ways cut */
#define CUT_NOAPPEND 0x20 /* RWF_NOAPPEND, 6.9 */

struct cut_range {
	int16_t type, whence;
	int64_t start, length;
	int32_t rest[6];
};

struct cut_exchange {
	uint32_t reserved, donor;
	uint64_t from, to, blocks, moved;
};

static char cut_bytes[CUT_SIZE];

static void cut_request(int fd, unsigned number)
{
	struct cut_range range = { .length = CUT_SIZE / 2 };

	ioctl(fd, _IOW('X', number, struct cut_range), &range);
}

static void cut_unreserve(int fd)
{
	cut_request(fd, 41);
}

static void cut_unreserve64(int fd)
{
	cut_request(fd, 43);
}

static void cut_zero(int fd)
{
	cut_request(fd, 57);
}

static void cut_punch(int fd)
{
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, CUT_SIZE / 2);
}

static void cut_end(int fd)
{
	ftruncate(fd, 1);
}

/* The donor is the file: it gets the other one's blocks. Only ext4 does that. */
static void cut_exchange(int fd)
{
	struct cut_exchange exchange = { .donor = (uint32_t)fd, .blocks = 1 };
	int other = open(".", O_TMPFILE | O_RDWR, 0600);

	cut_bytes[0] = 'B';
	if (write(other, cut_bytes, CUT_SIZE) == CUT_SIZE && fsync(other) == 0 && fsync(fd) == 0)
		ioctl(other, _IOWR('f', 15, struct cut_exchange), &exchange);
	cut_bytes[0] = 'A';
	close(other);
}

static void cut_past_flag(int fd)
{
	struct iovec iovec = { .iov_base = (void *)"B", .iov_len = 1 };

	syscall(SYS_pwritev2, fd, &iovec, 1L, 0L, 0L, (long)CUT_NOAPPEND);
}

static void cut_asynchronous(int fd)
{
	struct iocb block = { .aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t) "B",
		.aio_nbytes = 1,
		.aio_rw_flags = CUT_NOAPPEND };
	struct iocb *blocks = &block;
	struct io_event event;
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 1, &context) == 0 && syscall(SYS_io_submit, context, 1L, &blocks) == 1)
		syscall(SYS_io_getevents, context, 1L, 1L, &event, NULL);
}

static void cut_flag(int fd)
{
	fcntl(fd, F_SETFL, 0);
	pwrite(fd, "B", 1, 0);
}

static const struct {
	const char *name;
	void (*cut)(int fd);
} cut_ways[] = {
	{ "punch", cut_punch },
	{ "end", cut_end },
	{ "unreserve", cut_unreserve },
	{ "unreserve64", cut_unreserve64 },
	{ "zero", cut_zero },
	{ "exchange", cut_exchange },
	{ "noappend", cut_past_flag },
	{ "asynchronous", cut_asynchronous },
	{ "setfl", cut_flag },
};

static bool cut_is_whole(int fd)
{
	static char now[CUT_SIZE];

	return pread(fd, now, CUT_SIZE, 0) == CUT_SIZE && memcmp(now, cut_bytes, CUT_SIZE) == 0;
}

int main(int argc, char **argv)
{
	size_t count = sizeof(cut_ways) / sizeof(cut_ways[0]);
	int reading = argc > 1 ? open(argv[1], O_RDONLY) : -1;

	memset(cut_bytes, 'A', CUT_SIZE);
	if (argc > 2)
		count = CUT_ONLY;
	for (size_t i = 0; i < count; i++) {
		int fd = open(argv[1], O_WRONLY | O_APPEND);

		if (reading < 0 || fd < 0)
			return 1;
		cut_ways[i].cut(fd);
		close(fd);
		if (cut_is_whole(reading))
			continue;
		printf("%s\n", cut_ways[i].name);
		fd = open(argv[1], O_WRONLY);
		if (fd < 0 || ftruncate(fd, CUT_SIZE) < 0 || pwrite(fd, cut_bytes, CUT_SIZE, 0) != CUT_SIZE)
			return 1;
		close(fd);
	}
	return 0;
}
