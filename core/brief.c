/*
 * The timer repeats: a signal that comes before the call has begun interrupts nothing. Outside of
 * these calls its signal is blocked. The only handler of a signal in the supervisor.
 */
#include "core/brief.h"

#include <signal.h>
#include <time.h>

#include "core/call.h"
#include "core/sandbox.h"
#include "core/supervisor.h"
#include "core/util.h"

/* On the loopback a connection is made in less; who waits for longer waits in the loop. */
#define BRIEF_FIRST_NS 100000
#define BRIEF_AGAIN_NS 500000

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
	if (timer_create(CLOCK_MONOTONIC, &event, &supervisor->brief_timer) < 0)
		return -errno;
	supervisor->has_brief_timer = true;
	return 0;
}

void brief_free(struct supervisor *supervisor)
{
	if (supervisor->has_brief_timer)
		timer_delete(supervisor->brief_timer);
	supervisor->has_brief_timer = false;
}

static void brief_switch(const struct call *call, bool on)
{
	static const struct itimerspec moment = { .it_value = { .tv_nsec = BRIEF_FIRST_NS },
		.it_interval = { .tv_nsec = BRIEF_AGAIN_NS } };
	static const struct itimerspec never = { .it_value = { 0 } };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, brief_signal());
	if (!on)
		sigprocmask(SIG_BLOCK, &mask, NULL);
	timer_settime(call->sandbox->supervisor->brief_timer, 0, on ? &moment : &never, NULL);
	if (on)
		sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

int brief_connect(const struct call *call, int fd, int type, const struct sockaddr *address, socklen_t length)
{
	int error;

	if (type == SOCK_DGRAM)
		return errno_result(connect(fd, address, length));
	brief_switch(call, true);
	error = errno_result(connect(fd, address, length));
	brief_switch(call, false);
	return error;
}

int brief_accept(const struct call *call, int fd, struct address_bytes *peer_out, int flags)
{
	int accepted;

	peer_out->length = ADDRESS_BYTES_MAX;
	brief_switch(call, true);
	accepted = errno_result(accept4(fd, (struct sockaddr *)peer_out->bytes, &peer_out->length, flags));
	brief_switch(call, false);
	if (peer_out->length > ADDRESS_BYTES_MAX)
		peer_out->length = ADDRESS_BYTES_MAX;
	return accepted;
}
