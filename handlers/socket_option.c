/*
 * setsockopt where its arguments are in memory: judged as in registers, and made here on a duplicate of the socket with
 * a copy of the value. Only options whose values are data, and classic filters: what any other pointer or a descriptor
 * in a value would mean here is not what it means to the caller.
 */
#include <asm/socket.h>
#include <errno.h>
#include <linux/bpf_common.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/mem.h"
#include "core/util.h"
#include "handlers/socket.h"

/* None that is listed reads more, but lists of sources far longer than the kernel takes. */
#define OPTION_VALUE_MAX 4096
#define OPTION_INSTRUCTION_BYTES 8
#define OPTION_ADDRESS_AT 8 /* of the first address in a group's value, behind an int */

#ifndef SO_RCVTIMEO_OLD
#define SO_RCVTIMEO_OLD SO_RCVTIMEO
#define SO_SNDTIMEO_OLD SO_SNDTIMEO
#endif
/* Levels that netinet/in.h does not have. */
#define LEVEL_NETLINK 270
#define LEVEL_TLS 282
/* MCAST_JOIN_GROUP to MCAST_MSFILTER, of both IP levels. */
#define OPTION_GROUP_FIRST 42
#define OPTION_GROUP_LAST 48

struct option_range {
	int level;
	int first;
	int last;
};

/*
 * With a route of the sender's own, as core/plan_net.c has them for registers: IPV6_2292RTHDR, IPV6_2292PKTOPTIONS,
 * IPV6_FLOWLABEL_MGR, IPV6_RTHDR.
 */
static const struct option_range routed[] = {
	{ IPPROTO_IP, IP_OPTIONS, IP_OPTIONS },
	{ IPPROTO_IPV6, 5, 6 },
	{ IPPROTO_IPV6, 32, 32 },
	{ IPPROTO_IPV6, 57, 57 },
};

/* Left out: filters that are descriptors, IPsec, netfilter, multicast routing, and what nobody knows yet. */
static const struct option_range plain[] = {
	{ SOL_SOCKET, 1, 49 },
	{ SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_CBPF },
	{ SOL_SOCKET, 53, 77 },
	{ SOL_SOCKET, 81, 84 }, /* up to SO_INQ, 6.17 */
	/* mips has the old ones elsewhere. */
	{ SOL_SOCKET, SO_LINGER, SO_LINGER },
	{ SOL_SOCKET, SO_OOBINLINE, SO_OOBINLINE },
	{ SOL_SOCKET, SO_REUSEPORT, SO_REUSEPORT },
	{ SOL_SOCKET, SO_SNDBUF, SO_SNDBUF },
	{ SOL_SOCKET, SO_RCVBUF, SO_RCVBUF },
	{ SOL_SOCKET, SO_SNDLOWAT, SO_SNDLOWAT },
	{ SOL_SOCKET, SO_RCVLOWAT, SO_RCVLOWAT },
	{ SOL_SOCKET, SO_SNDTIMEO_OLD, SO_SNDTIMEO_OLD },
	{ SOL_SOCKET, SO_RCVTIMEO_OLD, SO_RCVTIMEO_OLD },
	{ IPPROTO_IP, 1, 15 },
	{ IPPROTO_IP, 18, 26 },
	{ IPPROTO_IP, 32, 51 },
	{ IPPROTO_TCP, 1, 46 },
	{ IPPROTO_IPV6, 1, 11 },
	{ IPPROTO_IPV6, 16, 31 },
	{ IPPROTO_IPV6, 33, 33 },
	{ IPPROTO_IPV6, 36, 36 },
	{ IPPROTO_IPV6, 42, 63 },
	{ IPPROTO_IPV6, 66, 78 },
	{ IPPROTO_UDP, 1, 1 },
	{ IPPROTO_UDP, 100, 104 },
	{ IPPROTO_UDPLITE, 1, 1 },
	{ IPPROTO_UDPLITE, 10, 11 },
	{ IPPROTO_UDPLITE, 100, 104 },
	{ LEVEL_NETLINK, 1, 5 },
	{ LEVEL_NETLINK, 8, 12 },
	{ LEVEL_TLS, 1, 4 },
};

/* struct sock_fprog, whose header is not for handlers. */
struct option_program {
	unsigned short count;
	const void *instructions;
};

struct option_value {
	const void *start; /* NULL: the caller's is */
	socklen_t length;
	_Alignas(8) unsigned char bytes[OPTION_VALUE_MAX + sizeof(int)];
};

static bool option_is_among(const struct option_range *ranges, size_t count, int level, int option)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].level == level && ranges[i].first <= option && option <= ranges[i].last)
			return true;
	return false;
}

/* What is behind the end of what can be read, or of what is looked at, is not there. */
static int option_read(struct call *call, uint64_t address, int length, struct option_value *value)
{
	ssize_t got;

	if (length < 0)
		return -EINVAL;
	value->start = NULL;
	value->length = (socklen_t)length;
	if (!address)
		return 0;
	got = mem_read_some(call, address, value->bytes, length < OPTION_VALUE_MAX ? (size_t)length : OPTION_VALUE_MAX);
	if (got < 0)
		return (int)got;
	value->start = value->bytes;
	value->length = (socklen_t)got;
	return 0;
}

/* Two longs: seconds and microseconds. */
static void option_widen_time(struct option_value *value)
{
	int32_t narrow[2];
	long wide[2];

	if (value->length < sizeof(narrow))
		return;
	memcpy(narrow, value->bytes, sizeof(narrow));
	wide[0] = narrow[0];
	wide[1] = narrow[1];
	memcpy(value->bytes, wide, sizeof(wide));
	value->length = sizeof(wide);
}

/* An int, and addresses behind it that begin where a pointer could. */
static void option_widen_group(struct option_value *value)
{
	if (value->length < sizeof(int))
		return;
	memmove(value->bytes + OPTION_ADDRESS_AT, value->bytes + sizeof(int), value->length - sizeof(int));
	memset(value->bytes + sizeof(int), 0, OPTION_ADDRESS_AT - sizeof(int));
	value->length += OPTION_ADDRESS_AT - sizeof(int);
}

/* From the layout of 32-bit programs into ours. All others are the same in both. */
static void option_widen(int level, int option, struct option_value *value)
{
	bool ip = level == IPPROTO_IP || level == IPPROTO_IPV6;

	if (!value->start)
		return;
	if (level == SOL_SOCKET && (option == SO_RCVTIMEO_OLD || option == SO_SNDTIMEO_OLD))
		option_widen_time(value);
	if (ip && option >= OPTION_GROUP_FIRST && option <= OPTION_GROUP_LAST)
		option_widen_group(value);
}

/* Where the instructions are: behind their count, where a pointer may begin. */
static uint64_t option_pointer(const struct option_value *value, unsigned width)
{
	uint32_t narrow;
	uint64_t wide;

	memcpy(&wide, value->bytes + width, sizeof(wide));
	memcpy(&narrow, value->bytes + width, sizeof(narrow));
	return width == sizeof(narrow) ? narrow : wide;
}

static int option_attach(struct call *call, int fd, int option, const struct option_value *value)
{
	const unsigned width = call_long_bytes(call);
	AUTO_FREE void *copy = NULL;
	struct option_program program;
	int error;

	if (!value->start || value->length != 2 * width)
		return value->start ? -EINVAL : -EFAULT;
	memcpy(&program.count, value->bytes, sizeof(program.count));
	if (program.count == 0 || program.count > BPF_MAXINSNS)
		return -EINVAL;
	program.instructions = copy = calloc(program.count, OPTION_INSTRUCTION_BYTES);
	if (!copy)
		return -ENOMEM;
	error = mem_read(call, option_pointer(value, width), copy, program.count * (size_t)OPTION_INSTRUCTION_BYTES);
	if (error == 0)
		error = call_revalidate(call);
	return error < 0 ? error : errno_result(setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program)));
}

static int option_set(struct call *call, int fd, int level, int option, struct option_value *value)
{
	int error;

	if (level == SOL_SOCKET && (option == SO_ATTACH_FILTER || option == SO_ATTACH_REUSEPORT_CBPF))
		return option_attach(call, fd, option, value);
	if (call_long_bytes(call) < sizeof(long))
		option_widen(level, option, value);
	error = call_revalidate(call);
	return error < 0 ? error : errno_result(setsockopt(fd, level, option, value->start, value->length));
}

struct verdict socket_option(struct call *call, const uint64_t *args)
{
	int level = (int)args[1], option = (int)args[2];
	struct option_value value;
	struct socket_job *job;
	int error;

	if (option_is_among(routed, ARRAY_SIZE(routed), level, option))
		return verdict_fail(EPERM);
	job = socket_begin(call, (int)args[0], sizeof(*job), &error);
	if (!job)
		return verdict_fail(error);
	error = option_is_among(plain, ARRAY_SIZE(plain), level, option) ? 0 : -ENOPROTOOPT;
	if (error == 0)
		error = option_read(call, args[3], (int)args[4], &value);
	if (error == 0)
		error = option_set(call, job->fd, level, option, &value);
	return socket_finish(call, verdict_result(error));
}
