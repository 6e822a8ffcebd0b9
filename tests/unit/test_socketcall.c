/* The calls of the multiplexer that the filter judges where they have numbers of their own: options and pairs. */
#include <asm/socket.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/util.h"
#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

#ifndef SO_RCVTIMEO_OLD
#define SO_RCVTIMEO_OLD SO_RCVTIMEO
#endif

TestSuite(socketcall, .timeout = 60);

/* As 64-bit programs keep them. */
#define WORDS(...) ADDRESS(((uint64_t[]){ __VA_ARGS__ }))

Test(socketcall, arguments_are_checked_in_the_order_of_the_kernel)
{
	int file = open("/dev/null", O_RDONLY);
	const struct {
		uint64_t subcall;
		uint64_t words;
		int error;
	} rows[] = {
		{ SYS_SETSOCKOPT, 1, EFAULT },
		{ SYS_SETSOCKOPT, WORDS(-1, IPPROTO_IP, IP_OPTIONS, 1, -1), EPERM },
		{ SYS_SETSOCKOPT, WORDS(-1, IPPROTO_IPV6, 5, 1, 4), EPERM },
		{ SYS_SETSOCKOPT, WORDS(-1, IPPROTO_IPV6, 6, 1, 4), EPERM },
		{ SYS_SETSOCKOPT, WORDS(-1, IPPROTO_IPV6, 32, 1, 4), EPERM },
		{ SYS_SETSOCKOPT, WORDS(-1, UINT64_C(7) << 32 | IPPROTO_IPV6, 57, 1, 4), EPERM },
		{ SYS_SETSOCKOPT, WORDS(-1, IPPROTO_IP, IP_TOS, 1, 4), EBADF },
		{ SYS_SETSOCKOPT, WORDS(file, IPPROTO_IP, IP_TOS, 1, 4), ENOTSOCK },
		{ SYS_SOCKETPAIR, 1, EFAULT },
		{ SYS_SOCKETPAIR, WORDS(AF_TIPC, SOCK_STREAM, 0, 1), EAFNOSUPPORT },
		{ SYS_SOCKETPAIR, WORDS(AF_UNIX, SOCK_STREAM, 0, 1), EFAULT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(RUN(socketcall, .sysno = SC_socketcall, ARGS(rows[i].subcall, rows[i].words)),
			-rows[i].error, "row %zu", i);
	close(file);
}

static int64_t socketcall_set(int fd, int level, int option, const void *value, int length)
{
	return RUN(socketcall, .sysno = SC_socketcall,
		ARGS(SYS_SETSOCKOPT, WORDS(fd, level, option, (uintptr_t)value, length)));
}

Test(socketcall, options_in_memory_are_set_where_their_values_are_data)
{
	static char long_value[100000] = { 1 };
	int udp = socket(AF_INET, SOCK_DGRAM, 0), one = 1, now = 0;
	socklen_t size = sizeof(now);

	cr_expect_eq(socketcall_set(udp, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)), 0);
	cr_expect(getsockopt(udp, SOL_SOCKET, SO_BROADCAST, &now, &size) == 0 && now == 1);
	cr_expect_eq(socketcall_set(udp, SOL_SOCKET, SO_REUSEADDR, long_value, sizeof(long_value)), 0);
	cr_expect_eq(socketcall_set(udp, SOL_SOCKET, SO_REUSEADDR, &one, -1), -EINVAL);
	cr_expect_eq(socketcall_set(udp, SOL_SOCKET, SO_REUSEADDR, NULL, sizeof(one)), -EFAULT);
	cr_expect_eq(socketcall_set(udp, SOL_SOCKET, SO_REUSEADDR, (void *)1, sizeof(one)), -EFAULT);
	/* What a value points at, or names, would be ours. */
	cr_expect_eq(socketcall_set(udp, SOL_SOCKET, SO_ATTACH_BPF, &one, sizeof(one)), -ENOPROTOOPT);
	cr_expect_eq(socketcall_set(udp, IPPROTO_IP, 64, long_value, 84), -ENOPROTOOPT, "IPT_SO_SET_REPLACE");
	cr_expect_eq(socketcall_set(udp, 283, 4, long_value, 32), -ENOPROTOOPT, "XDP_UMEM_REG");
	cr_expect_eq(socketcall_set(udp, SOL_SOCKET, 4711, &one, sizeof(one)), -ENOPROTOOPT);
	close(udp);
}

Test(socketcall, times_in_memory_are_set_in_the_layout_of_the_caller)
{
	int32_t narrow[] = { 3, 250000 };
	uint32_t *words = mmap((void *)0x20000000, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct timeval now = { 0 };
	socklen_t size = sizeof(now);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	cr_assert_neq(words, MAP_FAILED);
	memcpy(words + 5, narrow, sizeof(narrow));
	memcpy(words, (uint32_t[]){ (uint32_t)fd, SOL_SOCKET, SO_RCVTIMEO_OLD, (uint32_t)(uintptr_t)(words + 5), 8 },
		20);
	cr_expect_eq(RUN(socketcall, .sysno = SC_socketcall, .compat = true, ARGS(SYS_SETSOCKOPT, ADDRESS(words))), 0);
	cr_expect_eq(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &now, &size), 0);
	cr_expect(now.tv_sec == 3 && now.tv_usec >= 240000 && now.tv_usec <= 260000);
	close(fd);
}

Test(socketcall, both_ends_of_a_pair_are_given)
{
	int ends[2] = { -1, -1 };
	char byte = 0;

	cr_expect_eq(RUN(socketcall, .sysno = SC_socketcall,
			     ARGS(SYS_SOCKETPAIR, WORDS(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ADDRESS(ends), 0))),
		0);
	cr_expect(write(ends[0], "x", 1) == 1 && read(ends[1], &byte, 1) == 1 && byte == 'x');
	/* Nobody else has them. */
	close(ends[0]);
	cr_expect_eq(read(ends[1], &byte, 1), 0);
	cr_expect_eq(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
	close(ends[1]);
	cr_expect_eq(RUN(socketcall, .sysno = SC_socketcall,
			     ARGS(SYS_SOCKETPAIR, WORDS(AF_INET, SOCK_STREAM, 0, ADDRESS(ends), 0))),
		-EOPNOTSUPP);
}
