/*
 * Calls on sockets that lie: unknown flags, pointers that lead nowhere in every field, arrays that end in the middle,
 * counts beyond all limits; and the signal of who sends to nobody.
 */
#include "diff_ends.h"

static char *sock_edge;         /* the last byte of a page, with nothing behind it */
static volatile int sock_pipes; /* SIGPIPEs that came */

static void sock_pipe(int number)
{
	(void)number;
	sock_pipes++;
}

static void sock_flags(struct diff *diff)
{
	for (enum pair pair = UDP; pair < PAIRS; pair++)
		for (int bit = 0; bit < 32; bit++)
			for (int way = 0; way < 3; way++) {
				struct ends ends;
				struct iovec part = { (void *)(uintptr_t) "flags", 5 };
				struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
				int flags = (int)(1U << bit);

				sock_begin(&ends, pair);
				message.msg_hdr.msg_name = (void *)(uintptr_t)sock_to(&ends);
				message.msg_hdr.msg_namelen = ends.length;
				DIFF(diff,
					way == 0 ? sock_sendto(
							   ends.fds[0], "flags", 5, flags, sock_to(&ends), ends.length)
					: way == 1 ? sock_sendmsg(ends.fds[0], &message.msg_hdr, flags)
						   : sock_sendmmsg(ends.fds[0], &message, 1, flags),
					"%s, flags %x, way %d", sock_names[pair], (unsigned)flags, way);
				sock_end(diff, &ends);
			}
}

struct wrong {
	const char *name;
	struct msghdr message;
};

static struct iovec sock_parts[1100];

static void sock_one_wrong(struct diff *diff, enum pair pair, const char *name, struct msghdr message)
{
	struct mmsghdr many[2] = { { .msg_hdr = { GOOD } } };
	struct ends ends;

	sock_begin(&ends, pair);
	if (ends.length && !message.msg_name && !message.msg_namelen) {
		message.msg_name = &ends.address;
		message.msg_namelen = ends.length;
	}
	many[0].msg_hdr.msg_name = (void *)(uintptr_t)sock_to(&ends);
	many[0].msg_hdr.msg_namelen = ends.length;
	many[1].msg_hdr = message;
	DIFF(diff, sock_some(sock_sendmsg(ends.fds[0], &message, MSG_DONTWAIT | MSG_NOSIGNAL)), "%s: %s",
		sock_names[pair], name);
	DIFF(diff, sock_sendmmsg(ends.fds[0], many, 2, MSG_DONTWAIT | MSG_NOSIGNAL), "  as the second");
	DIFF(diff, (long)many[0].msg_len << 16 | sock_some(many[1].msg_len), "  lengths");
	sock_end(diff, &ends);
}

static void sock_wrong(struct diff *diff)
{
	static struct iovec unreadable = { SOCK_BAD, 5 }, nothing_bad = { SOCK_BAD, 0 }, nothing = { NULL, 0 },
			    negative = { sock_data, (size_t)-1 }, kernel = { SOCK_KERNEL, 5 },
			    nothing_kernel = { SOCK_KERNEL, 0 }, wraps = { sock_data, SIZE_MAX / 2 };
	static struct iovec mixed[3] = { { sock_data, 3 }, { SOCK_BAD, 4 }, { sock_data, 2 } },
			    mixed_kernel[2] = { { sock_data, 3 }, { SOCK_KERNEL, 4 } };
	struct iovec half = { sock_edge - 2, 5 };
	const struct wrong rows[] = {
		{ "good", { GOOD } },
		{ "name null, length 16", { GOOD, .msg_namelen = 16 } },
		{ "name null, length -1", { GOOD, .msg_namelen = (socklen_t)-1 } },
		{ "name bad", { GOOD, .msg_name = SOCK_BAD, .msg_namelen = 16 } },
		{ "name bad, length 0", { GOOD, .msg_name = SOCK_BAD } },
		{ "name bad, length -1", { GOOD, .msg_name = SOCK_BAD, .msg_namelen = (socklen_t)-1 } },
		{ "name bad, length 1000", { GOOD, .msg_name = SOCK_BAD, .msg_namelen = 1000 } },
		{ "name of the kernel", { GOOD, .msg_name = SOCK_KERNEL, .msg_namelen = 16 } },
		{ "name at the edge", { GOOD, .msg_name = sock_edge, .msg_namelen = 16 } },
		{ "name of zeros, long", { GOOD, .msg_name = sock_parts, .msg_namelen = 1000 } },
		{ "parts bad", { .msg_iov = SOCK_BAD, .msg_iovlen = 1 } },
		{ "parts null", { .msg_iov = NULL, .msg_iovlen = 1 } },
		{ "parts null, none", { .msg_iov = NULL } },
		{ "parts bad, none", { .msg_iov = SOCK_BAD } },
		{ "parts at the edge", { .msg_iov = (void *)(sock_edge - 3), .msg_iovlen = 1 } },
		{ "1024 parts", { .msg_iov = sock_parts, .msg_iovlen = 1024 } },
		{ "1025 parts", { .msg_iov = sock_parts, .msg_iovlen = 1025 } },
		{ "parts without number", { .msg_iov = sock_parts, .msg_iovlen = (size_t)-1 } },
		{ "name bad, too many parts",
			{ .msg_iov = sock_parts, .msg_iovlen = 1025, .msg_name = SOCK_BAD, .msg_namelen = 16 } },
		{ "data bad", { .msg_iov = &unreadable, .msg_iovlen = 1 } },
		{ "data bad, no bytes", { .msg_iov = &nothing_bad, .msg_iovlen = 1 } },
		{ "data null, no bytes", { .msg_iov = &nothing, .msg_iovlen = 1 } },
		{ "data of a negative length", { .msg_iov = &negative, .msg_iovlen = 1 } },
		{ "data of the kernel", { .msg_iov = &kernel, .msg_iovlen = 1 } },
		{ "data of the kernel, no bytes", { .msg_iov = &nothing_kernel, .msg_iovlen = 1 } },
		{ "data of half of everything", { .msg_iov = &wraps, .msg_iovlen = 1 } },
		{ "data at the edge", { .msg_iov = &half, .msg_iovlen = 1 } },
		{ "the second of three bad", { .msg_iov = mixed, .msg_iovlen = 3 } },
		{ "the second of the kernel", { .msg_iov = mixed_kernel, .msg_iovlen = 2 } },
		{ "control bad", { GOOD, .msg_control = SOCK_BAD, .msg_controllen = 24 } },
		{ "control bad, no bytes", { GOOD, .msg_control = SOCK_BAD } },
		{ "control bad, few bytes", { GOOD, .msg_control = SOCK_BAD, .msg_controllen = 3 } },
		{ "control null", { GOOD, .msg_controllen = 24 } },
		{ "control at the edge", { GOOD, .msg_control = sock_edge, .msg_controllen = 24 } },
		{ "control of zeros", { GOOD, .msg_control = sock_parts, .msg_controllen = 64 } },
		{ "control and name bad", { GOOD, .msg_name = SOCK_BAD, .msg_namelen = 16, .msg_control = SOCK_BAD,
						  .msg_controllen = 24 } },
		{ "control and data bad",
			{ .msg_iov = &unreadable, .msg_iovlen = 1, .msg_control = SOCK_BAD, .msg_controllen = 24 } },
		{ "flags in the message", { GOOD, .msg_flags = -1 } },
	};

	for (enum pair pair = UDP; pair < PAIRS; pair++) {
		struct ends ends;

		for (size_t i = 0; i < DIFF_COUNT(rows); i++)
			sock_one_wrong(diff, pair, rows[i].name, rows[i].message);
		sock_begin(&ends, pair);
		DIFF(diff, sock_sendmsg(ends.fds[0], SOCK_BAD, 0), "%s: message bad", sock_names[pair]);
		DIFF(diff, sock_sendmsg(ends.fds[0], sock_edge, 0), "message at the edge");
		DIFF(diff, sock_sendmsg(ends.fds[0], SOCK_KERNEL, 0), "message of the kernel");
		DIFF(diff, sock_sendmsg(ends.fds[0], NULL, 0), "message null");
		sock_end(diff, &ends);
	}
}

/* sendto with every pointer, to a socket, a file and nobody. */
static void sock_send(struct diff *diff, int kind, const void *data, size_t size, const void *name, int length)
{
	struct ends ends = { .fds = { kind == PAIRS ? open("/dev/null", O_RDWR) : -1, -1 }, .pair = PAIRS };

	if (kind < PAIRS)
		sock_begin(&ends, (enum pair)kind);
	DIFF(diff, sock_sendto(ends.fds[0], data, size, MSG_DONTWAIT | MSG_NOSIGNAL, name, (socklen_t)length),
		"sendto %d, data of size %x, name of length %d", kind, (unsigned)size, length);
	sock_end(diff, &ends);
}

static void sock_send_data(struct diff *diff, int kind, const void *data, size_t size)
{
	void *const names[] = { NULL, SOCK_BAD, SOCK_KERNEL, sock_edge };
	static const int lengths[] = { 0, 16, -1, 1000, 129 };

	for (size_t n = 0; n < DIFF_COUNT(names); n++)
		for (size_t l = 0; l < DIFF_COUNT(lengths); l++)
			sock_send(diff, kind, data, size, names[n], lengths[l]);
}

static void sock_sends(struct diff *diff)
{
	static const size_t sizes[] = { 0, 1, 5, (size_t)-1, SIZE_MAX / 2, 70000 };
	void *const pointers[] = { sock_data, SOCK_BAD, SOCK_KERNEL, NULL, sock_edge };

	for (int kind = UDP; kind < PAIRS + 2; kind++)
		for (size_t i = 0; i < DIFF_COUNT(pointers) * DIFF_COUNT(sizes); i++) {
			void *data = pointers[i / DIFF_COUNT(sizes)];
			size_t size = sizes[i % DIFF_COUNT(sizes)];

			/* What lies behind is another every time. */
			if (data != sock_data || size <= sizeof(sock_data))
				sock_send_data(diff, kind, data, size);
		}
}

static void sock_many_row(struct diff *diff, enum pair pair, void *messages, unsigned count, const char *name)
{
	struct ends ends;

	sock_begin(&ends, pair);
	DIFF(diff, sock_sendmmsg(ends.fds[0], messages, count, MSG_DONTWAIT | MSG_NOSIGNAL), "%s: %s, %u",
		sock_names[pair], name, count);
	sock_end(diff, &ends);
}

/* Arrays that end, that cannot be written, and that are longer than any: two messages and a half, or three. */
static void sock_many_counts(struct diff *diff, enum pair pair, char *room, bool readonly, bool cut)
{
	static const unsigned counts[] = { 0, 1, 2, 3, 1024, 1025, UINT_MAX };
	struct mmsghdr *array = (void *)(room + GUEST_PAGE - 3 * sizeof(*array) + (cut ? sizeof(*array) / 2 : 0));

	for (size_t c = 0; c < DIFF_COUNT(counts); c++) {
		CHECK(mprotect(room, GUEST_PAGE, PROT_READ | PROT_WRITE) == 0);
		for (int i = 0; i < (cut ? 2 : 3); i++)
			array[i] = (struct mmsghdr){ .msg_hdr = { GOOD }, .msg_len = 77 };
		CHECK(mprotect(room, GUEST_PAGE, PROT_READ | (readonly ? 0 : PROT_WRITE)) == 0);
		sock_many_row(
			diff, pair, array, counts[c], readonly ? "array that cannot be written" : "array that ends");
		DIFF(diff, array[0].msg_len << 8 | array[1].msg_len, "  lengths");
	}
}

static void sock_many(struct diff *diff)
{
	char *room = mmap(NULL, 2 * GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(room != MAP_FAILED && mprotect(room + GUEST_PAGE, GUEST_PAGE, PROT_NONE) == 0);
	for (int way = 0; way < 4; way++)
		for (enum pair pair = UDP; pair < PAIRS; pair++)
			if (pair != UDP_FREE)
				sock_many_counts(diff, pair, room, way & 1, way & 2);
	munmap(room, 2 * GUEST_PAGE);
}

static bool sock_pending(const char *label)
{
	char status[4096], *at;

	CHECK(guest_read("/proc/thread-self/status", status, sizeof(status)) > 0);
	at = strstr(status, label);
	return at && strtoull(at + strlen(label), NULL, 16) >> (SIGPIPE - 1) & 1;
}

/* The thread that sends to nobody gets the signal, once. */
static void sock_signals(struct diff *diff)
{
	sigset_t set, old;

	signal(SIGPIPE, sock_pipe);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	for (enum pair pair = TCP; pair < PAIRS; pair++)
		for (int way = 0; way < 8; way++) {
			struct mmsghdr message = { .msg_hdr = { GOOD } };
			struct timespec now = { 0 };
			int flags = way & 1 ? MSG_NOSIGNAL : 0;
			struct ends ends;

			sock_begin(&ends, pair);
			shutdown(ends.fds[0], SHUT_WR);
			sock_pipes = 0;
			if (way & 2)
				sigprocmask(SIG_BLOCK, &set, &old);
			DIFF(diff,
				way & 4 ? sock_sendmmsg(ends.fds[0], &message, 1, flags)
					: sock_sendmsg(ends.fds[0], &message.msg_hdr, flags),
				"%s to nobody, way %d", sock_names[pair], way);
			DIFF(diff, sock_pipes, "  signals, pending %d %d", sock_pending("SigPnd:"),
				sock_pending("ShdPnd:"));
			if (way & 2) {
				sigtimedwait(&set, NULL, &now);
				sigprocmask(SIG_SETMASK, &old, NULL);
			}
			sock_end(diff, &ends);
		}
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);
	char *room = mmap(NULL, 2 * GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	CHECK(room != MAP_FAILED && mprotect(room + GUEST_PAGE, GUEST_PAGE, PROT_NONE) == 0);
	sock_edge = room + GUEST_PAGE - 1;
	signal(SIGPIPE, SIG_IGN);
	sock_flags(&diff);
	sock_wrong(&diff);
	sock_sends(&diff);
	sock_many(&diff);
	sock_signals(&diff);
	return 0;
}
