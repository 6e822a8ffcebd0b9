/*
 * Attacks by the numbers of system calls: other ABIs, old and new names of the same call, flags where no filter sees
 * them, filters and tracers of our own. Which one is the first argument.
 */
#include "attack.h"

#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <utime.h>

#ifdef __x86_64__
static long abi_int80(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* The same from 32-bit code: a far call into a copy of it in low memory. */
static long abi_far(long nr, long a)
{
	static const unsigned char code[] = { 0xcd, 0x80, 0xcb }; /* int $0x80; lret */
	char *low =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	/* Not on the stack, which changes. */
	static struct __attribute__((packed)) {
		uint32_t offset;
		uint16_t segment;
	} target;
	long result;

	if (low == MAP_FAILED)
		return -errno;
	memcpy(low, code, sizeof(code));
	target.offset = (uint32_t)(uintptr_t)low;
	target.segment = 0x23;
	__asm__ volatile("mov %%rsp, %%r12; mov %[stack], %%rsp; lcall *%[target]; mov %%r12, %%rsp"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(0L), "d"(0L), [target] "m"(target), [stack] "r"(low + 8000)
			 : "memory", "r8", "r9", "r10", "r11", "r12");
	return (int)result;
}

static const char *abi_low(const char *text)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	CHECK(low != MAP_FAILED);
	return strcpy(low, text);
}

static int abi_stolen(long fd)
{
	return fd < 0 ? (int)-fd : attack_steal((int)fd);
}

static int abi_open_int80(const char *unused)
{
	(void)unused;
	return abi_stolen(abi_int80(5, (long)abi_low("evil/file"), O_RDONLY, 0));
}

static int abi_open_far(const char *unused)
{
	(void)unused;
	return abi_stolen(abi_far(5, (long)abi_low("evil/file")));
}
#else
static int abi_open_int80(const char *unused)
{
	(void)unused;
	return ENOSYS;
}

static int abi_open_far(const char *unused)
{
	(void)unused;
	return ENOSYS;
}
#endif

/* open by its number with the bit of x32. */
static int abi_open_x32(const char *unused)
{
	(void)unused;
	return attack_steal((int)syscall(SYS_openat | 0x40000000, AT_FDCWD, "evil/file", O_RDONLY));
}

static int abi_old_opens(void)
{
	uint64_t how[3] = { O_RDONLY };
	int result = attack_steal((int)syscall(SYS_open, "evil/file", O_RDONLY));

	result =
		attack_either(result, attack_steal((int)syscall(SYS_openat2, AT_FDCWD, "evil/file", how, sizeof(how))));
#ifdef SYS_syscall
	/* mips o32: a call of its own, which makes another. */
	result = attack_either(
		result, attack_steal((int)syscall(SYS_syscall, SYS_openat, AT_FDCWD, "evil/file", O_RDONLY)));
#endif
	result = attack_either(result, attack_result(syscall(SYS_creat, "evil/file", 0600)));
	result = attack_either(result, attack_result(syscall(SYS_open_tree, AT_FDCWD, "evil/file", 0)));
	return attack_either(result, attack_result(syscall(SYS_open_tree_attr, AT_FDCWD, "evil/file", 0, NULL, 0)));
}

static int abi_old_changes(void)
{
	struct timeval times[2] = { { 0, 0 }, { 0, 0 } };
	uint64_t attributes[4] = { 0 };
	int result = attack_result(syscall(SYS_utimes, "evil/file", times));

	result = attack_either(result, attack_result(utime("evil/file", &(struct utimbuf){ 0, 0 })));
	result = attack_either(result, attack_result(syscall(SYS_futimesat, AT_FDCWD, "evil/file", times)));
	result = attack_either(result, attack_result(syscall(SYS_chmod, "evil/file", 0644)));
	result = attack_either(result, attack_result(syscall(SYS_fchmodat2, AT_FDCWD, "evil/file", 0644, 0)));
	result = attack_either(
		result, attack_result(syscall(SYS_setxattrat, AT_FDCWD, "evil/file", 0, "user.a", attributes, 16)));
	result = attack_either(
		result, attack_result(syscall(SYS_file_setattr, AT_FDCWD, "evil/file", attributes, 24, 0)));
	result = attack_either(result, attack_result(syscall(SYS_lchown, "evil/file", getuid(), getgid())));
	return attack_either(result, attack_result(syscall(SYS_mknod, "evil/made", S_IFREG | 0600, 0)));
}

static int abi_old_looks(void)
{
	char buffer[512];
	int result = attack_result(syscall(SYS_stat, "evil/file", buffer));

	result = attack_either(result, attack_result(syscall(SYS_lstat, "evil/file", buffer)));
	result = attack_either(result, attack_result(syscall(SYS_access, "evil/file", R_OK)));
	result = attack_either(result, attack_result(syscall(SYS_faccessat2, AT_FDCWD, "evil/file", R_OK, 0)));
	result = attack_either(result, attack_result(syscall(SYS_statx, AT_FDCWD, "evil/file", 0, 0xfff, buffer)));
	result = attack_either(result, attack_result(syscall(SYS_file_getattr, AT_FDCWD, "evil/file", buffer, 24, 0)));
	return attack_either(result, attack_result(syscall(SYS_statfs, "evil/file", buffer)));
}

/* Every name that one deed has had. */
static int abi_aliases(const char *unused)
{
	(void)unused;
	return attack_either(abi_old_opens(), attack_either(abi_old_changes(), abi_old_looks()));
}

/* Numbers above every table: whatever they will mean. */
static int abi_numbers(const char *unused)
{
	static const long numbers[] = {
		CALL_NEW(471), CALL_NEW(472), CALL_NEW(480), CALL_NEW(500), CALL_NEW(511), CALL_NEW(900), CALL_NONE,
#ifndef __arm__ /* keeps those to itself: SIGILL */
		0x3fffffff, -1
#endif
	};
	int result = ENOSYS;

	(void)unused;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (syscall(numbers[i], AT_FDCWD, "evil/file", O_RDONLY, 0, 0, 0) >= 0 || errno != ENOSYS)
			result = errno;
	return result;
}

static int abi_spaces_clone3(const char *unused)
{
	struct clone_args args = { .flags = CLONE_NEWUSER | CLONE_NEWNET, .exit_signal = SIGCHLD };
	long child = syscall(SYS_clone3, &args, sizeof(args));

	(void)unused;
	if (child == 0)
		_exit(0);
	return attack_result(child);
}

/* In a child each: the others stay where they were. */
static int abi_unshare(const char *flag)
{
	return attack_result(unshare((int)strtol(flag, NULL, 16)));
}

static int abi_spaces(const char *unused)
{
	static const char *const flags[] = { "10000000", "10020000", "50000000", "30000000", "18000000", "14000000" };
	int result = ATTACK_NOTHING;

	(void)unused;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		result = attack_either(result, attack_child(abi_unshare, flags[i]));
	return attack_either(result, attack_result(setns(open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), 0)));
}

static long abi_filter(unsigned flags, uint32_t nr, uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* A listener of our own would take calls before the supervisor gets them. */
static int abi_listener(const char *unused)
{
	(void)unused;
	return attack_result(abi_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, SYS_getpid, SECCOMP_RET_USER_NOTIF));
}

/* chdir and dup2 pretend to have happened: who keeps books would now be wrong. */
static int abi_pretend(const char *unused)
{
	int good = open("good", O_RDONLY | O_DIRECTORY | O_CLOEXEC), evil;

	(void)unused;
	CHECK(good >= 0 && abi_filter(0, SYS_fchdir, SECCOMP_RET_ERRNO) == 0);
	CHECK(abi_filter(0, SYS_dup3, SECCOMP_RET_ERRNO) == 0 && fchdir(good) == 0);
	evil = open("evil", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (evil >= 0)
		return attack_steal(openat(evil, "file", O_RDONLY));
	return attack_read("evil/file");
}

/* Allowed when the call begins; the tracer writes another name before the kernel reads it. */
static void abi_rewrite(pid_t child, const char *name)
{
	struct __ptrace_syscall_info info;
	long evil;

	memcpy(&evil, "evil/file", sizeof(evil));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY &&
		info.entry.nr == SYS_openat && info.entry.args[1] == (uintptr_t)name)
		ptrace(PTRACE_POKEDATA, child, name, evil);
}

static int abi_tracer(const char *unused)
{
	static char name[16] __attribute__((aligned(8))) = "good/file";
	pid_t child = fork();
	int status;

	(void)unused;
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(errno);
		raise(SIGSTOP);
		status = attack_steal(openat(AT_FDCWD, name, O_RDONLY));
		_exit(status == ATTACK_NOTHING ? 255 : status);
	}
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD);
		abi_rewrite(child, name);
		ptrace(PTRACE_SYSCALL, child, NULL, 0);
	}
	if (!WIFEXITED(status))
		attack_wrong("the tracee ended with %x", (unsigned)status);
	return WEXITSTATUS(status) == 255 ? ATTACK_NOTHING : WEXITSTATUS(status);
}

/* A tracee without its filter, as checkpointing wants it. */
static int abi_suspend(const char *unused)
{
	pid_t child = fork();
	int result;

	(void)unused;
	if (child == 0)
		for (;;)
			pause();
	result = attack_result(ptrace(PTRACE_SEIZE, child, NULL, 0x200000 /* PTRACE_O_SUSPEND_SECCOMP */));
	kill(child, SIGKILL);
	guest_wait(child);
	return result;
}

/* A child that no tracer follows. */
static int abi_untraced(const char *unused)
{
	pid_t child = (pid_t)syscall(SYS_clone, CALL_CLONE(CLONE_UNTRACED | SIGCHLD), NULL, NULL, 0);

	(void)unused;
	if (child < 0)
		return errno;
	if (child == 0)
		_exit(chdir("evil") ? errno : 0);
	return guest_wait(child);
}

static int abi_ring(const char *unused)
{
	unsigned char parameters[120] = "";
	int result = attack_result(syscall(SYS_io_uring_setup, 4, parameters));

	(void)unused;
	if (syscall(SYS_io_uring_enter, 0, 0, 0, 0, NULL, 0) == -1 && result == ENOSYS && errno != ENOSYS)
		attack_wrong("io_uring_enter reaches the kernel");
	return result;
}

/* A keyring of this process only. */
static int abi_keys(const char *unused)
{
	long key = syscall(SYS_add_key, "user", "kennel-attack", "x", 1UL, KEY_SPEC_PROCESS_KEYRING);

	(void)unused;
	if (key < 0)
		return errno;
	syscall(SYS_keyctl, KEYCTL_REVOKE, key);
	return ATTACK_WORKS;
}

static int abi_perf(const char *unused)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .exclude_kernel = 1 };

	(void)unused;
	return attack_result(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

/* What changes the machine, asked for in a way that changes nothing. */
static int abi_machine(const char *unused)
{
	uint32_t map[18] = { 2, 4, 4, 1 }; /* an array of one number */
	int result = attack_result(syscall(SYS_bpf, 0, map, sizeof(map)));

	(void)unused;
	result = attack_either(result, attack_result(syscall(SYS_init_module, "", 0UL, "")));
	result = attack_either(result, attack_result(syscall(SYS_swapon, "good/file", 0)));
	result = attack_either(result, attack_result(syscall(SYS_quotactl, 0, NULL, 0, NULL)));
	return attack_either(result, attack_result(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL)));
}

static int abi_fault(const char *unused)
{
	(void)unused;
	return attack_result(syscall(SYS_userfaultfd, O_CLOEXEC | 1));
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "int80", abi_open_int80 },
		{ "far", abi_open_far },
		{ "x32", abi_open_x32 },
		{ "aliases", abi_aliases },
		{ "numbers", abi_numbers },
		{ "spaces-clone3", abi_spaces_clone3 },
		{ "spaces", abi_spaces },
		{ "listener", abi_listener },
		{ "pretend", abi_pretend },
		{ "tracer", abi_tracer },
		{ "suspend", abi_suspend },
		{ "untraced", abi_untraced },
		{ "ring", abi_ring },
		{ "keys", abi_keys },
		{ "perf", abi_perf },
		{ "machine", abi_machine },
		{ "fault", abi_fault },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
