/*
 * Makes a terminal signal, whose owner is then the foreground group, and a socket, which has none. Arguments: the calls
 * that are refused for the terminal: fcntl, ioctl.
 */
#include "guest.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

static void signal_expect(int result, bool refused)
{
	const int error = result == 0 ? 0 : errno;

	CHECK(error == (refused ? EPERM : 0));
}

int main(int argc, char **argv)
{
	const bool by_fcntl = argc > 1 && strcmp(argv[1], "fcntl") == 0;
	const bool by_ioctl = argc > 2 && strcmp(argv[2], "ioctl") == 0;
	int on = 1, off = 0, pair[2];
	int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	if (terminal < 0)
		guest_skip("no terminals here");
	signal_expect(fcntl(terminal, F_SETFL, O_ASYNC), by_fcntl);
	CHECK(fcntl(terminal, F_SETFL, 0) == 0);
	signal_expect(ioctl(terminal, FIOASYNC, &on), by_ioctl);
	CHECK(by_ioctl || ioctl(terminal, FIOASYNC, &off) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(fcntl(pair[0], F_SETFL, O_ASYNC | O_NONBLOCK) == 0);
	CHECK(fcntl(pair[0], F_GETFL) == (O_RDWR | O_ASYNC | O_NONBLOCK));
	return 0;
}
