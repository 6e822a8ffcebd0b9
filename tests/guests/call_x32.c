/*
 * Calls with bit 30 in their number, as x32 programs make them. Where the kernel has no
 * x32 they give ENOSYS natively; under Kennel they must kill whatever the kernel has.
 */
#include "guest.h"

#ifdef __x86_64__
int main(int argc, char **argv)
{
	static const long numbers[] = { 39, 257, 0, 520, 547, 59 };
	long nr = argc > 1 ? numbers[atoi(argv[1]) % 6] : 39;
	long result = syscall(nr | 0x40000000, 0, 0, 0, 0);

	fprintf(stderr, "number %ld with bit 30: result %ld, %s\n", nr, result, strerror(errno));
	return result == -1 && errno == ENOSYS ? 4 : 5;
}
#else
int main(void)
{
	guest_skip("x32 numbers need a 64-bit build");
}
#endif
