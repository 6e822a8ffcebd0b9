/*
 * Filters that the payload loads over ours: a second listener is refused, and one
 * that fakes chdir and dup2 misleads only the program itself.
 */
#include "guest.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#define NEST_DUP (CALL_HAS(SYS_dup2) ? SYS_dup2 : SYS_dup3)

static void nest_fake(uint32_t nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

/* A listener of our own would let us answer Kennel's calls. */
static void nest_listener(bool native)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, code };
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);

	CHECK(native ? fd >= 0 : fd == -1);
	if (fd >= 0)
		CHECK(close((int)fd) == 0);
}

int main(int argc, char **argv)
{
	bool native = argc > 1 && strcmp(argv[1], "native") == 0;
	char text[16];

	CHECK(mkdir("dir", 0755) == 0 || errno == EEXIST);
	guest_write("file", "outer");
	guest_write("dir/file", "inner");
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	nest_listener(native);
	nest_fake(SYS_chdir);
	CHECK(chdir("dir") == 0 && guest_read("file", text, sizeof(text)) == 5 && strcmp(text, "outer") == 0);
	CHECK(open("dir", O_PATH | O_DIRECTORY) == 3 && open(".", O_PATH | O_DIRECTORY) == 4);
	nest_fake(NEST_DUP);
	CHECK(syscall(NEST_DUP, 4, 3, 0) == 0);
	CHECK((native = openat(3, "file", O_RDONLY) == 5) && read(5, text, sizeof(text)) == 5 &&
		memcmp(text, "inner", 5) == 0);
	return 0;
}
