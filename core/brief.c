/*
 * The timer repeats: a signal that comes before the call has begun interrupts nothing. Outside of
 * these calls its signal is blocked. The only handler of a signal in the supervisor.
 *
 * The timer is the kernel's own: the C library's, where it is linked statically, brings in threads, which are a tenth
 * of the program. It is not that of setitimer(), which execve() keeps: somebody may have started us with an alarm set.
 */
#include "core/brief.h"

#include <linux/time_types.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/call.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

/* On the loopback a connection is made in less; who waits for longer waits in the loop. */
static const struct __kernel_itimerspec brief_moment = { .it_value.tv_nsec = 100000, .it_interval.tv_nsec = 500000 };
/* A UNIX socket waits for nothing but room, of which there is none then. */
static const struct __kernel_itimerspec brief_look = { .it_value.tv_nsec = 10000, .it_interval.tv_nsec = 50000 };
static const struct __kernel_itimerspec brief_never = { .it_value.tv_nsec = 0 };

/* With times of 64 bits everywhere (5.1). */
#ifdef SYS_timer_settime64
#define BRIEF_SETTIME SYS_timer_settime64
#else
#define BRIEF_SETTIME SYS_timer_settime
#endif

static int brief_signal(void)
{
	return SIGRTMAX - 1;
}

static void brief_interrupt(int number)
{
	(void)number;
}

int brief_init(struct supervisor *supervisor)
{
	struct sigaction action = { .sa_handler = brief_interrupt };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = brief_signal() };

	if (sigaction(brief_signal(), &action, NULL) < 0)
		return -errno;
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &supervisor->brief_timer) < 0)
		return -errno;
	supervisor->has_brief_timer = true;
	return 0;
}

void brief_free(struct supervisor *supervisor)
{
	if (supervisor->has_brief_timer)
		syscall(SYS_timer_delete, supervisor->brief_timer);
	supervisor->has_brief_timer = false;
}

static void brief_mask(int how)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, brief_signal());
	sigprocmask(how, &mask, NULL);
}

static void brief_begin(const struct call *call, const struct __kernel_itimerspec *moment)
{
	syscall(BRIEF_SETTIME, call->sandbox->supervisor->brief_timer, 0, moment, NULL);
	brief_mask(SIG_UNBLOCK);
}

/* Not within a step that holds one: its own closes are still to come. */
static void brief_end(const struct call *call)
{
	if (call->sandbox->supervisor->brief_held)
		return;
	brief_mask(SIG_BLOCK);
	syscall(BRIEF_SETTIME, call->sandbox->supervisor->brief_timer, 0, &brief_never, NULL);
}

int brief_connect(const struct call *call, int fd, int type, const struct sockaddr *address, socklen_t length)
{
	int error;

	if (type == SOCK_DGRAM)
		return errno_result(connect(fd, address, length));
	brief_begin(call, address->sa_family == AF_UNIX ? &brief_look : &brief_moment);
	error = errno_result(connect(fd, address, length));
	brief_end(call);
	return error;
}

void brief_close(const struct call *call, int fd)
{
	brief_begin(call, &brief_moment);
	close(fd);
	brief_end(call);
}

void brief_hold(const struct call *call)
{
	struct supervisor *supervisor = call->sandbox->supervisor;

	if (!supervisor->brief_held)
		brief_begin(call, &brief_moment);
	supervisor->brief_held = true;
}

void brief_release(const struct call *call)
{
	struct supervisor *supervisor = call->sandbox->supervisor;
	bool held = supervisor->brief_held;

	supervisor->brief_held = false;
	if (held)
		brief_end(call);
}

int brief_accept(const struct call *call, int fd, struct address_bytes *peer_out, int flags)
{
	int accepted;

	peer_out->length = ADDRESS_BYTES_MAX;
	brief_begin(call, &brief_moment);
	accepted = errno_result(accept4(fd, (struct sockaddr *)peer_out->bytes, &peer_out->length, flags));
	brief_end(call);
	if (peer_out->length > ADDRESS_BYTES_MAX)
		peer_out->length = ADDRESS_BYTES_MAX;
	return accepted;
}
