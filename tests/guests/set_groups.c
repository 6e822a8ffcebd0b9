/*
 * setgroups as root, then as nobody. Arguments: kept|dropped: what a list of three leaves behind.
 */
#include "guest.h"

#include <grp.h>

#define NOBODY 65534
#define GROUPS_TOO_MANY 65537

static void groups_expect(int expected)
{
	gid_t groups[64];
	int count = getgroups(64, groups);

	if (count != expected)
		fprintf(stderr, "%d groups, expected %d\n", count, expected);
	CHECK(count == expected);
}

static void groups_errors(void)
{
	gid_t three[] = { 1, 2, 3 };

	CHECK_ERR(EINVAL, syscall(CALL_SETGROUPS, GROUPS_TOO_MANY, three));
	CHECK_ERR(EINVAL, syscall(CALL_SETGROUPS, -1, three));
	CHECK_ERR(EINVAL, syscall(CALL_SETGROUPS, -1, NULL));
	CHECK_ERR(EFAULT, syscall(CALL_SETGROUPS, 3, NULL));
	CHECK_ERR(EFAULT, syscall(CALL_SETGROUPS, 3, 8));
}

#ifdef SYS_setgroups32
static void groups_short(int after)
{
	uint16_t three[] = { 1, 2, 3 };

	CHECK(syscall(SYS_setgroups, 3, three) == 0);
	groups_expect(after);
	CHECK_ERR(EFAULT, syscall(SYS_setgroups, 3, 8));
	CHECK_ERR(EINVAL, syscall(SYS_setgroups, GROUPS_TOO_MANY, three));
}
#endif

/* The last possible word before memory that is not there. */
static gid_t *groups_at_the_edge(void)
{
	char *pages = mmap(NULL, 2 * GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	gid_t three[] = { 1, 2, 3 };

	CHECK(pages != MAP_FAILED && munmap(pages + GUEST_PAGE, GUEST_PAGE) == 0);
	return memcpy(pages + GUEST_PAGE - sizeof(three), three, sizeof(three));
}

int main(int argc, char **argv)
{
	int after = argc > 1 && strcmp(argv[1], "kept") == 0 ? 3 : 0;
	gid_t three[] = { 1, 2, 3 }, bad[] = { 1, (gid_t)-1 };
	gid_t *edge;

	if (geteuid() != 0)
		guest_skip("needs root");
	edge = groups_at_the_edge();
	groups_errors();
	CHECK(syscall(CALL_SETGROUPS, 3, three) == 0);
	groups_expect(after);
	CHECK(three[0] == 1 && three[1] == 2 && three[2] == 3);
	CHECK(syscall(CALL_SETGROUPS, 3, edge) == 0);
	groups_expect(after);
	CHECK_ERR(EFAULT, syscall(CALL_SETGROUPS, 4, edge));
	groups_expect(after);
	CHECK_ERR(EINVAL, syscall(CALL_SETGROUPS, 2, bad));
	groups_expect(after);
#ifdef SYS_setgroups32
	groups_short(after);
#endif
	CHECK(syscall(CALL_SETGROUPS, 0, NULL) == 0);
	groups_expect(0);
	CHECK(setgroups(3, three) == 0);
	CHECK(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
	CHECK_ERR(EPERM, syscall(CALL_SETGROUPS, 3, three));
	CHECK_ERR(EPERM, syscall(CALL_SETGROUPS, 0, NULL));
	CHECK_ERR(EPERM, syscall(CALL_SETGROUPS, 3, NULL));
	CHECK_ERR(EPERM, syscall(CALL_SETGROUPS, -1, NULL));
	groups_expect(after);
	puts("as expected");
	return 0;
}
