/*
 * Says by its exit code whether it has rights of its file's owner (66) or not (7), and does nothing else: the tests
 * make a set-user-id program of it.
 */
#include <unistd.h>

int main(void)
{
	return geteuid() != getuid() || getegid() != getgid() ? 66 : 7;
}
