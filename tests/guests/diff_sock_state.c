/*
 * Sockets in every state: listening, bound to every spelling of a name, connected and not any more; names that are told
 * to too little room; control data of every kind, alone and behind other.
 */
#include "diff_ends.h"

#define SOCK_CONTROL 4096

static void sock_show_name(struct diff *diff, int fd, bool peer, void *to, int room, void *length_at)
{
	struct sockaddr_storage name;
	socklen_t length = (socklen_t)room;
	long result;

	memset(&name, 0x55, sizeof(name));
	to = to ? to : &name;
	length_at = length_at ? length_at : &length;
	result = peer ? syscall(SYS_getpeername, fd, to, length_at) : syscall(SYS_getsockname, fd, to, length_at);
	DIFF(diff, result, "  %s with room for %d: length %d, first %x, last %x", peer ? "peer" : "name", room,
		(int)length, name.ss_family, ((unsigned char *)&name)[sizeof(name) - 1]);
}

static void sock_show_names(struct diff *diff, int fd)
{
	static const int rooms[] = { 0, 1, 2, 16, 28, 110, 128, 1000, -1 };

	for (int peer = 0; peer < 2; peer++) {
		for (size_t i = 0; i < DIFF_COUNT(rooms); i++)
			sock_show_name(diff, fd, peer, NULL, rooms[i], NULL);
		sock_show_name(diff, fd, peer, SOCK_BAD, 16, NULL);
		sock_show_name(diff, fd, peer, SOCK_BAD, 0, NULL);
		sock_show_name(diff, fd, peer, NULL, 16, SOCK_BAD);
		sock_show_name(diff, fd, peer, SOCK_KERNEL, -1, SOCK_KERNEL);
	}
}

/* listen with every backlog, on sockets of every kind and in every state. */
static void sock_listens(struct diff *diff)
{
	static const struct sockaddr none = { .sa_family = AF_UNSPEC };
	static const int domains[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	static const int backlogs[] = { 0, 1, -1, INT_MAX };

	for (size_t d = 0; d < DIFF_COUNT(domains) * DIFF_COUNT(types); d++)
		for (size_t b = 0; b < DIFF_COUNT(backlogs); b++) {
			int fd = socket(domains[d / 3], types[d % 3], 0), on = 0;
			socklen_t size = sizeof(on);

			if (fd < 0)
				continue;
			DIFF(diff, listen(fd, backlogs[b]), "listen(%zu, %d)", d, backlogs[b]);
			DIFF(diff, getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size), "  listens %d", on);
			DIFF(diff, listen(fd, backlogs[b]), "  again");
			if (b == 0)
				sock_show_names(diff, fd);
			close(fd);
		}
	for (enum pair pair = UDP; pair < PAIRS; pair++) {
		struct ends ends;

		sock_begin(&ends, pair);
		DIFF(diff, listen(ends.fds[0], 5), "listen(%s) of a connected one", sock_names[pair]);
		sock_show_names(diff, ends.fds[0]);
		sock_show_names(diff, ends.fds[1]);
		DIFF(diff, connect(ends.fds[0], (struct sockaddr *)&none, sizeof(none)), "dissolved");
		DIFF(diff, listen(ends.fds[0], 5), "and listen");
		DIFF(diff, accept4(ends.fds[0], NULL, NULL, 7), "accept4 with wrong flags");
		if (pair != TCP)
			DIFF(diff, accept(ends.fds[1], NULL, NULL), "accept");
		sock_end(diff, &ends);
	}
	sock_show_names(diff, -1);
	sock_show_names(diff, STDIN_FILENO);
}

/* Without what differs from run to run: the way here. */
static const char *sock_path(const struct sockaddr_un *un, socklen_t length)
{
	static char cwd[PATH_MAX], path[PATH_MAX];
	size_t here = getcwd(cwd, sizeof(cwd)) ? strlen(cwd) : 0;

	if (length <= offsetof(struct sockaddr_un, sun_path))
		return "(none)";
	snprintf(path, sizeof(path), "%.*s", (int)(length - offsetof(struct sockaddr_un, sun_path)), un->sun_path);
	if (path[0] == '/' && strncmp(path, cwd, here) == 0)
		memmove(path, path + here, strlen(path + here) + 1);
	return path;
}

union name {
	struct sockaddr_un un;
	struct sockaddr_storage room;
};

static void sock_show_path(struct diff *diff, int fd, bool peer)
{
	union name name = { .room = { 0 } };
	socklen_t length = sizeof(name);
	int result = peer ? getpeername(fd, (struct sockaddr *)&name, &length)
			  : getsockname(fd, (struct sockaddr *)&name, &length);

	DIFF(diff, result, "  %s %s, length %d", peer ? "peer" : "name", sock_path(&name.un, length),
		name.un.sun_path[0] == '/' ? 0 : (int)length);
}

/* The program is told what it wrote, everywhere. */
static void sock_path_row(struct diff *diff, const char *path, size_t extra)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX }, client = { .sun_family = AF_UNIX, .sun_path = "dir/./c" };
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + extra);
	int server = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0), taken;
	union name name = { .room = { 0 } };
	socklen_t length = sizeof(name);

	memcpy(un.sun_path, path, strlen(path));
	DIFF(diff, bind(server, (struct sockaddr *)&un, size), "bind %s + %zu",
		sock_path(&un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))), extra);
	DIFF(diff, listen(server, 3), "  listen");
	sock_show_path(diff, server, false);
	DIFF(diff, bind(fd, (struct sockaddr *)&client, sizeof(client)), "  bind the client");
	DIFF(diff, connect(fd, (struct sockaddr *)&un, size), "  connect");
	sock_show_path(diff, fd, false);
	sock_show_path(diff, fd, true);
	if (diff->result == 0) {
		taken = accept(server, (struct sockaddr *)&name, &length);
		DIFF(diff, taken < 0 ? -1 : 0, "  accept %s, length %d", sock_path(&name.un, length), (int)length);
		sock_show_path(diff, taken, false);
		sock_show_path(diff, taken, true);
		close(taken);
	}
	close(server);
	close(fd);
	unlink("dir/c");
	unlink(path);
}

static void sock_paths(struct diff *diff)
{
	static const char *const paths[] = { "s", "./s", "dir/s", "dir/../s", "dir//s", ".//./s", "link/s", "dir/s/",
		"none/s", "s/", ".", "..", "dir", "/", "./.hidden", "././././././././././s",
		".//.//.//.//.//.//.//.//.//.//s", "dir/01234567890123456789012345678901234567890123456789012345" };
	char absolute[PATH_MAX], full[109];

	CHECK(mkdir("dir", 0755) == 0 && symlink("dir", "link") == 0 && getcwd(absolute, 60));
	for (size_t i = 0; i < DIFF_COUNT(paths); i++)
		for (size_t extra = 0; extra < 3; extra++)
			sock_path_row(diff, paths[i], extra == 2 ? 10 : extra);
	strcat(absolute, "/dir/s");
	sock_path_row(diff, absolute, 1);
	snprintf(full, sizeof(full), "dir/%0*d/////////////////////////////////////////s", 1, 0);
	CHECK(mkdir("dir/0", 0755) == 0);
	sock_path_row(diff, full, 0);
	memset(full, 's', 108);
	full[108] = '\0';
	sock_path_row(diff, full, 0);
	memcpy(full,
		"dir/./././././././././././././././././././././././././././././././././././././././././././././././",
		98);
	sock_path_row(diff, full, 0);
}

/* A header behind a header, and what is left. */
static size_t sock_header(char *at, size_t claims, int level, int type, const void *data, size_t size)
{
	struct cmsghdr header = { .cmsg_len = claims, .cmsg_level = level, .cmsg_type = type };

	memcpy(at, &header, sizeof(header));
	memcpy(at + CMSG_LEN(0), data, size);
	return CMSG_SPACE(size);
}

struct control_kind {
	int level, type;
	size_t size;
};

static const struct control_kind sock_kinds[] = {
	{ SOL_SOCKET, SCM_RIGHTS, 4 },
	{ SOL_SOCKET, SCM_CREDENTIALS, 12 },
	{ SOL_SOCKET, SO_MARK, 4 },
	{ SOL_SOCKET, SO_TIMESTAMPING, 4 },
	{ SOL_SOCKET, 61 /* SCM_TXTIME */, 8 },
	{ IPPROTO_IP, IP_TTL, 4 },
	{ IPPROTO_IP, IP_TOS, 4 },
	{ IPPROTO_IP, IP_PKTINFO, 12 },
	{ IPPROTO_IPV6, IPV6_TCLASS, 4 },
	{ 17, 103 /* UDP_SEGMENT */, 2 },
};

/* Descriptor 0, or the caller. */
static size_t sock_control_header(char *at, const struct control_kind *kind, long lie)
{
	static const char zeros[16];
	struct ucred own = { getpid(), geteuid(), getegid() };
	bool speaks = kind->level == SOL_SOCKET && kind->type == SCM_CREDENTIALS;

	return sock_header(at, (size_t)((long)CMSG_LEN(kind->size) + lie), kind->level, kind->type,
		speaks ? (const void *)&own : zeros, kind->size);
}

/* The second says that it is longer, or shorter, than it is. */
static void sock_control_pair(
	struct diff *diff, enum pair pair, const struct control_kind *first, const struct control_kind *second)
{
	static const long lies[] = { 0, -1, 1, -8, 400, -400 };
	static _Alignas(16) char control[SOCK_CONTROL];

	for (size_t lie = 0; lie < DIFF_COUNT(lies); lie++) {
		struct msghdr message = { GOOD, .msg_control = control };
		size_t at = 0;
		struct ends ends;

		memset(control, 0, sizeof(control));
		if (second)
			at = sock_control_header(control, first, 0);
		at += sock_control_header(control + at, second ? second : first, lies[lie]);
		message.msg_controllen = at;
		sock_begin(&ends, pair);
		message.msg_name = (void *)(uintptr_t)sock_to(&ends);
		message.msg_namelen = ends.length;
		DIFF(diff, sock_sendmsg(ends.fds[0], &message, MSG_DONTWAIT | MSG_NOSIGNAL), "%s: control %d %d %ld",
			sock_names[pair], (int)(first - sock_kinds), second ? (int)(second - sock_kinds) : -1,
			lies[lie]);
		sock_end(diff, &ends);
	}
}

static void sock_controls_of(struct diff *diff, enum pair pair)
{
	for (size_t first = 0; first < DIFF_COUNT(sock_kinds); first++)
		for (size_t second = 0; second <= DIFF_COUNT(sock_kinds); second++)
			sock_control_pair(diff, pair, &sock_kinds[first],
				second < DIFF_COUNT(sock_kinds) ? &sock_kinds[second] : NULL);
}

/* As many descriptors as there may be, and one more. */
static void sock_rights(struct diff *diff)
{
	static const size_t counts[] = { 0, 1, 252, 253, 254, 500 };
	static _Alignas(16) char control[SOCK_CONTROL];
	static int numbers[500];

	for (enum pair pair = TCP; pair < PAIRS; pair++)
		for (size_t i = 0; i < DIFF_COUNT(counts) * 2; i++) {
			size_t count = counts[i / 2], at = 0;
			struct msghdr message = { GOOD, .msg_control = control };
			struct ends ends;

			if (i % 2)
				at = sock_header(control, CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS, numbers, 4);
			at += sock_header(
				control + at, CMSG_LEN(4 * count), SOL_SOCKET, SCM_RIGHTS, numbers, 4 * count);
			message.msg_controllen = at;
			sock_begin(&ends, pair);
			DIFF(diff, sock_sendmsg(ends.fds[0], &message, MSG_DONTWAIT | MSG_NOSIGNAL),
				"%s: %zu descriptors, %zu", sock_names[pair], count, i % 2);
			sock_end(diff, &ends);
		}
}

/* Step by step: begun, made, made again, ended, and what is told meanwhile. */
static void sock_states(struct diff *diff)
{
	for (int closed = 0; closed < 2; closed++) {
		struct sockaddr_in address, none = { .sin_family = AF_UNSPEC };
		int listener = loopback_bound(SOCK_STREAM, &address),
		    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
		struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
		socklen_t size = sizeof(error);

		CHECK(closed || listen(listener, 2) == 0);
		for (int turn = 0; turn < 2; turn++) {
			connect(fd, (struct sockaddr *)&address, sizeof(address));
			CHECK(poll(&pollfd, 1, 5000) == 1);
			DIFF(diff, connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect %d, second",
				closed);
			DIFF(diff, getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), "  error %d", error);
			if (!closed)
				DIFF(diff, connect(fd, (struct sockaddr *)&address, sizeof(address)), "  third");
			DIFF(diff, send(fd, "x", 1, MSG_NOSIGNAL), "  send");
			DIFF(diff, sock_sendto(fd, "x", 1, MSG_NOSIGNAL, &address, sizeof(address)), "  sendto");
			DIFF(diff, bind(fd, (struct sockaddr *)&none, sizeof(none)), "  bind");
			DIFF(diff, connect(fd, (struct sockaddr *)&none, sizeof(none)), "  dissolve");
			DIFF(diff, connect(fd, (struct sockaddr *)&none, sizeof(none)), "  dissolve again");
			DIFF(diff, send(fd, "x", 1, MSG_NOSIGNAL), "  send");
		}
		close(fd);
		close(listener);
	}
}

int main(int argc, char **argv)
{
	struct diff diff = diff_start(argc, argv);

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	signal(SIGPIPE, SIG_IGN);
	sock_listens(&diff);
	sock_paths(&diff);
	for (enum pair pair = UDP; pair < PAIRS; pair++)
		sock_controls_of(&diff, pair);
	sock_rights(&diff);
	sock_states(&diff);
	return 0;
}
