/*
 * Attacks by devices and terminals: typing for somebody else, taking a terminal, making and opening device nodes.
 * The first argument says which, the second is a terminal of the test, or a device.
 */
#include "attack.h"

#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

/* A terminal of our own, which is where this would be allowed natively. */
static int device_own_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int fd;

	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	setsid();
	fd = open(ptsname(master), O_RDWR);
	CHECK(fd >= 0);
	ioctl(fd, TIOCSCTTY, 0);
	return fd;
}

static int device_type(const char *unused)
{
	int fd = device_own_terminal(), result = attack_result(ioctl(fd, TIOCSTI, "x"));

	(void)unused;
	return attack_either(result, attack_result(syscall(SYS_ioctl, fd, TIOCSTI | 1UL << (sizeof(long) * 4), "x")));
}

/* The selection of a console: on any other terminal there is none. */
static int device_paste(const char *unused)
{
	char code = 3;

	(void)unused;
	return attack_result(ioctl(device_own_terminal(), TIOCLINUX, &code));
}

/* A session leader without a terminal opens one: it would be the one that /dev/tty names. */
static int device_take_it(const char *terminal)
{
	int fd;

	setsid();
	fd = open(terminal, O_RDWR | O_CLOEXEC);
	return fd < 0 ? errno : attack_open("/dev/tty", O_RDWR);
}

static int device_take(const char *terminal)
{
	return attack_child(device_take_it, terminal);
}

/* It is somebody else's, and is taken away from him. */
static int device_steal_it(const char *terminal)
{
	int fd;

	setsid();
	fd = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? errno : attack_result(ioctl(fd, TIOCSCTTY, 1));
}

static int device_steal(const char *terminal)
{
	return attack_child(device_steal_it, terminal);
}

static int device_make(const char *unused)
{
	int result = attack_result(mknod("null", S_IFCHR | 0666, makedev(1, 3)));

	(void)unused;
	result = attack_either(result, attack_result(mknodat(AT_FDCWD, "whiteout", S_IFCHR, 0)));
	result = attack_either(result, attack_result(mknod("block", S_IFBLK | 0600, makedev(7, 250))));
	if (result != ATTACK_WORKS)
		return result;
	return attack_open("null", O_RDWR);
}

/* Devices that reach the machine: open is all that is done. */
static int device_open(const char *unused)
{
	static const char *const names[] = { "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/loop-control",
		"/dev/uinput", "/dev/vhost-net", "/dev/vhost-vsock", "/dev/mem", "/dev/port", "/dev/kmsg", "/dev/loop0",
		"/dev/vda", "/dev/userfaultfd", "/dev/mapper/control", "/dev/btrfs-control", "/dev/cpu/0/msr",
		"/dev/console", "/dev/tty0" };
	int result = ATTACK_NOTHING;

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int now = attack_open(names[i], O_RDONLY | O_NONBLOCK | O_NOCTTY);

		if (now != ENOENT && now != ENXIO && now != ENODEV)
			result = attack_either(result, now);
	}
	return result;
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "type", device_type },
		{ "paste", device_paste },
		{ "take", device_take },
		{ "steal", device_steal },
		{ "make", device_make },
		{ "open", device_open },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
