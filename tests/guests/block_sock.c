/*
 * What other threads do to a socket while a call on it waits, and what signals leave of calls that have sent something.
 * One line for each; natively the same.
 */
#include "guest.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum what { ACCEPT, ACCEPT_UNIX, CONNECT, CONNECT_UNIX, SEND_UNIX, SEND_STREAM, WHATS };
enum act { NOTHING, NONBLOCK, CLOSE, REPLACE, SHUT, DISSOLVE, LEAVE, ACTS };

static const char *const what_names[WHATS] = { "accept", "accept of unix", "connect", "connect of unix",
	"sendto of unix", "sendmsg of a stream" };
static const char *const act_names[ACTS] = { "nothing", "O_NONBLOCK", "close", "dup2", "shutdown", "dissolve",
	"the other side leaves" };

static volatile sig_atomic_t sock_signals;

/* A call that waits until somebody makes room or comes. */
struct wait {
	enum what what;
	enum act act;
	int fd;    /* of the call */
	int other; /* where somebody makes room */
	int kept;  /* the fd again, where it is closed */
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} address;
	socklen_t length;
};

static void sock_handler(int number)
{
	(void)number;
	sock_signals++;
}

static void sock_catch(int number, int flags)
{
	struct sigaction action = { .sa_handler = sock_handler, .sa_flags = flags };

	CHECK(sigaction(number, &action, NULL) == 0);
	sock_signals = 0;
}

/* Where everything is slower, later: what it is to meet has begun by then. */
static struct timeval sock_after(long ms)
{
	long later_ms = guest_limit_ms(ms);

	return (struct timeval){ later_ms / 1000, later_ms % 1000 * 1000 };
}

/* Again and again: the first may come before the call that it is to meet. With 0 no more. */
static void sock_alarm(long ms)
{
	struct itimerval timer = { .it_value = sock_after(ms), .it_interval = sock_after(ms) };

	CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void sock_address(struct wait *wait, int fd)
{
	wait->length = sizeof(wait->address);
	CHECK(getsockname(fd, &wait->address.any, &wait->length) == 0);
}

static int sock_server(struct wait *wait, int domain, int type, int backlog)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, 0);

	memset(&wait->address, 0, sizeof(wait->address));
	wait->address.any.sa_family = (sa_family_t)domain;
	if (domain == AF_UNIX)
		snprintf(wait->address.un.sun_path, sizeof(wait->address.un.sun_path), "waits");
	else
		wait->address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	unlink("waits");
	CHECK(fd >= 0 && bind(fd, &wait->address.any, domain == AF_UNIX ? sizeof(struct sockaddr_un) : 16) == 0);
	if (backlog >= 0)
		CHECK(listen(fd, backlog) == 0);
	sock_address(wait, fd);
	return fd;
}

static void sock_fill_backlog(struct wait *wait, int domain)
{
	struct pollfd pollfd = { .events = POLLOUT };

	do {
		pollfd.fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(pollfd.fd, &wait->address.any, wait->length) && errno == EAGAIN)
			break;
	} while (poll(&pollfd, 1, 30) == 1);
	close(pollfd.fd);
}

static void sock_begin(struct wait *wait)
{
	bool in = wait->what == ACCEPT || wait->what == CONNECT;
	int domain = in ? AF_INET : AF_UNIX, ends[2];

	wait->kept = -1;
	switch (wait->what) {
	case ACCEPT:
	case ACCEPT_UNIX:
		wait->fd = sock_server(wait, domain, SOCK_STREAM, 8);
		wait->other = fcntl(wait->fd, F_DUPFD_CLOEXEC, 0);
		break;
	case CONNECT:
	case CONNECT_UNIX:
		wait->other = sock_server(wait, domain, SOCK_STREAM, 0);
		sock_fill_backlog(wait, domain);
		wait->fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
		break;
	case SEND_UNIX:
		wait->other = sock_server(wait, AF_UNIX, SOCK_DGRAM, -1);
		wait->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		while (sendto(wait->fd, "x", 1, MSG_DONTWAIT, &wait->address.any, wait->length) == 1)
			;
		break;
	case SEND_STREAM:
	case WHATS:
		CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
		wait->fd = ends[0];
		wait->other = ends[1];
		while (send(ends[0], "xxxxxxxxxxxxxxxx", 16, MSG_DONTWAIT) > 0)
			;
	}
}

static long sock_call(struct wait *wait)
{
	static char data[64];
	struct iovec part = { data, sizeof(data) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (wait->what == ACCEPT || wait->what == ACCEPT_UNIX)
		return accept(wait->fd, NULL, NULL) >= 0 ? 0 : -1;
	if (wait->what == CONNECT || wait->what == CONNECT_UNIX)
		return connect(wait->fd, &wait->address.any, wait->length);
	if (wait->what == SEND_UNIX)
		return sendto(wait->fd, "y", 1, 0, &wait->address.any, wait->length);
	return sendmsg(wait->fd, &message, 0);
}

/* Lets it go on: somebody comes, or there is room. */
static void sock_release(struct wait *wait)
{
	static char data[4096];
	int fd;

	if (wait->what == ACCEPT || wait->what == ACCEPT_UNIX) {
		fd = socket(wait->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		connect(fd, &wait->address.any, wait->length);
	} else if (wait->what == CONNECT || wait->what == CONNECT_UNIX) {
		for (int i = 0; i < 8; i++) {
			struct pollfd pollfd = { .fd = wait->other, .events = POLLIN };

			if (poll(&pollfd, 1, 20) == 1)
				accept(wait->other, NULL, NULL);
		}
	} else {
		while (recv(wait->other, data, sizeof(data), MSG_DONTWAIT) > 0)
			;
	}
}

static void sock_act(struct wait *wait)
{
	static const struct sockaddr none = { .sa_family = AF_UNSPEC };

	switch (wait->act) {
	case NONBLOCK:
		CHECK(fcntl(wait->fd, F_SETFL, O_NONBLOCK) == 0);
		break;
	case CLOSE:
		close(wait->fd);
		break;
	case REPLACE:
		dup2(STDERR_FILENO, wait->fd);
		break;
	case SHUT:
		shutdown(wait->fd, SHUT_RDWR);
		break;
	case DISSOLVE:
		connect(wait->fd, &none, sizeof(none));
		break;
	case LEAVE:
		close(wait->other);
		break;
	case NOTHING:
	case ACTS:
		break;
	}
}

static void *sock_thread(void *argument)
{
	struct wait *wait = argument;

	guest_sleep_ms(guest_limit_ms(80));
	sock_act(wait);
	guest_sleep_ms(guest_limit_ms(120));
	if (wait->act != LEAVE)
		sock_release(wait);
	return NULL;
}

static void sock_disturb(enum what what, enum act act)
{
	struct wait wait = { .what = what, .act = act };
	pthread_t thread;
	long result;
	int error;

	sock_begin(&wait);
	sock_catch(SIGPIPE, 0);
	CHECK(pthread_create(&thread, NULL, sock_thread, &wait) == 0);
	result = sock_call(&wait);
	error = errno;
	CHECK(pthread_join(thread, NULL) == 0);
	printf("%s, %s: %ld %s, signals %d\n", what_names[what], act_names[act], result,
		result < 0 ? strerrorname_np(error) : "", (int)sock_signals);
	fflush(stdout);
	close(wait.fd);
	close(wait.other);
}

/* A connection that was interrupted is on its way all the same. */
static void sock_connect_again(int domain)
{
	struct wait wait = { .what = domain == AF_UNIX ? CONNECT_UNIX : CONNECT };
	pthread_t thread;
	long first, second, third;
	int errors[3];

	sock_begin(&wait);
	sock_catch(SIGALRM, 0);
	sock_alarm(30);
	first = sock_call(&wait);
	errors[0] = errno;
	sock_alarm(0);
	fcntl(wait.fd, F_SETFL, O_NONBLOCK);
	second = sock_call(&wait);
	errors[1] = errno;
	fcntl(wait.fd, F_SETFL, 0);
	CHECK(pthread_create(&thread, NULL, sock_thread, &wait) == 0);
	third = sock_call(&wait);
	errors[2] = errno;
	CHECK(pthread_join(thread, NULL) == 0);
	printf("interrupted %ld %s, again %ld %s, waiting %ld %s, ", first, strerrorname_np(errors[0]), second,
		strerrorname_np(errors[1]), third, third ? strerrorname_np(errors[2]) : "");
	third = sock_call(&wait);
	printf("once more %ld %s\n", third, third ? strerrorname_np(errno) : "");
	close(wait.fd);
	close(wait.other);
}

/* Some of many messages went, then a signal comes, or the time is over: that many is the result, whoever restarts. */
static void sock_many(int type, int flags, bool limited)
{
	static char data[1 << 20];
	struct iovec part = { data, type == SOCK_STREAM ? sizeof(data) : 1 };
	struct timeval limit = sock_after(40);
	struct mmsghdr messages[300] = { 0 };
	long sent, got = 0, lengths = 0, counted = 0, bytes;
	int ends[2];

	for (int i = 0; i < 300; i++) {
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
	sock_catch(SIGALRM, flags);
	if (limited)
		CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	else
		sock_alarm(60);
	sent = sendmmsg(ends[0], messages, 300, 0);
	sock_alarm(0);
	while ((bytes = recv(ends[1], data, sizeof(data), MSG_DONTWAIT)) > 0) {
		got += bytes;
		counted++;
	}
	for (int i = 0; i < 300; i++)
		lengths += messages[i].msg_len;
	printf("sendmmsg of type %d: some %d, the lengths are what came %d, number %ld, signal %d\n", type,
		sent > 0 && sent < 300, lengths == got, type == SOCK_STREAM ? sent : sent - counted, sock_signals > 0);
	fflush(stdout);
	close(ends[0]);
	close(ends[1]);
}

/* Two processes wait at one listener; each gets one. */
static void sock_shared(void)
{
	struct wait wait = { .what = ACCEPT };
	pid_t children[2];

	sock_begin(&wait);
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(sock_call(&wait) == 0 ? 0 : 1);
	}
	guest_sleep_ms(guest_limit_ms(50));
	for (int i = 0; i < 2; i++)
		sock_release(&wait);
	for (int i = 0; i < 2; i++)
		printf("shared: %d\n", guest_wait(children[i]));
}

/* The file that was named when the call began is the one that is waited for. */
static void sock_replaced(void)
{
	struct wait first = { .what = ACCEPT }, second = { .what = ACCEPT };
	pid_t child;
	int fd;

	sock_begin(&first);
	sock_begin(&second);
	child = fork();
	if (child == 0) {
		pthread_t thread;

		first.act = REPLACE;
		CHECK(dup2(second.fd, STDERR_FILENO) >= 0);
		CHECK(pthread_create(&thread, NULL, sock_thread, &first) == 0);
		fd = accept(first.fd, NULL, NULL);
		CHECK(pthread_join(thread, NULL) == 0);
		sock_address(&second, fd);
		_exit(second.address.in.sin_port == first.address.in.sin_port ? 0 : 1);
	}
	printf("replaced: %d\n", guest_wait(child));
}

/* ---- On "mnt", a FUSE filesystem that answers some requests never (tests/guests/serve_fuse.c) ---- */

static long sock_slow_call(bool binds, int type, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if ((binds ? bind : connect)(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void sock_slow_send(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	CHECK(sendto(fd, "slow", 4, 0, (struct sockaddr *)&un, sizeof(un)) == 4);
	close(fd);
}

static void sock_slow_names(void)
{
	int listener = (int)sock_slow_call(true, SOCK_STREAM, "mnt/s");
	int dgram = (int)sock_slow_call(true, SOCK_DGRAM, "mnt/d");
	union {
		struct sockaddr any;
		struct sockaddr_un un;
	} name = { .un = { 0 } };
	socklen_t length = sizeof(name);
	char data[8];

	CHECK(listener >= 0 && dgram >= 0 && listen(listener, 3) == 0);
	CHECK(sock_slow_call(false, SOCK_STREAM, "mnt/s") >= 0 && accept(listener, NULL, NULL) >= 0);
	CHECK(getsockname(listener, &name.any, &length) == 0);
	CHECK(strcmp(strrchr(name.un.sun_path, '/') ? strrchr(name.un.sun_path, '/') + 1 : name.un.sun_path, "s") == 0);
	sock_slow_send("mnt/d");
	CHECK(recv(dgram, data, sizeof(data), 0) == 4);
	CHECK_ERR(EADDRINUSE, sock_slow_call(true, SOCK_STREAM, "mnt/s"));
	CHECK_ERR(ENOENT, sock_slow_call(true, SOCK_STREAM, "mnt/none/s"));
	CHECK_ERR(ENOTDIR, sock_slow_call(true, SOCK_STREAM, "mnt/file/s"));
	CHECK_ERR(ENOENT, sock_slow_call(false, SOCK_STREAM, "mnt/none"));
	CHECK_ERR(ECONNREFUSED, sock_slow_call(false, SOCK_STREAM, "mnt/file"));
	CHECK_ERR(EPROTOTYPE, sock_slow_call(false, SOCK_STREAM, "mnt/d"));
	CHECK(unlink("mnt/s") == 0 && unlink("mnt/d") == 0);
}

/* Three hang there; everybody else's connections are made, and the three can be killed. */
static void sock_slow_hanging(void)
{
	enum { HANGING = 3, OTHERS = 50 };
	struct wait wait = { .what = ACCEPT_UNIX };
	pid_t children[HANGING];

	sock_begin(&wait);
	for (int i = 0; i < HANGING; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			if (i == 2)
				sock_slow_send("mnt/stuck");
			sock_slow_call(i == 0, SOCK_STREAM, i == 0 ? "mnt/mute" : "mnt/stuck");
			_exit(7);
		}
	}
	guest_sleep_ms(guest_limit_ms(100));
	for (int i = 0; i < OTHERS; i++) {
		sock_release(&wait);
		CHECK(sock_call(&wait) == 0);
	}
	for (int i = 0; i < HANGING; i++) {
		CHECK(waitpid(children[i], NULL, WNOHANG) == 0);
		CHECK(kill(children[i], SIGKILL) == 0 && guest_wait(children[i]) == 128 + SIGKILL);
	}
	puts("undisturbed");
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		sock_slow_names();
		if (strcmp(argv[1], "hanging") == 0) /* natively such a call cannot be killed */
			sock_slow_hanging();
		return 0;
	}
	for (enum what what = ACCEPT; what < WHATS; what++)
		for (enum act act = NOTHING; act < ACTS; act++) {
			bool accepts = what == ACCEPT || what == ACCEPT_UNIX;

			/* There is no other side of a listener, and TCP tries for long when it has gone. */
			if ((accepts || what == CONNECT) && act == LEAVE)
				continue;
			/* doc/BOUNDARY.md: "A connection that takes time". */
			if ((what == CONNECT && act == DISSOLVE) || (what == SEND_UNIX && act == SHUT))
				continue;
			sock_disturb(what, act);
		}
	sock_connect_again(AF_INET);
	sock_connect_again(AF_UNIX);
	for (int limited = 0; limited < 2; limited++)
		for (int restarts = 0; restarts < 2; restarts++) {
			sock_many(SOCK_DGRAM, restarts ? SA_RESTART : 0, limited);
			sock_many(SOCK_STREAM, restarts ? SA_RESTART : 0, limited);
			sock_many(SOCK_SEQPACKET, restarts ? SA_RESTART : 0, limited);
		}
	sock_shared();
	sock_replaced();
	return 0;
}
