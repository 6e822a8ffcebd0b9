/*
 * Attacks on what may be executed. evil/prog, a small program that ends with 66, is refused; which way to run it is
 * tried, or what else becomes code, is the first argument.
 */
#include "attack.h"
#include "tiny.h"

#include <sys/personality.h>

extern char **environ;

enum { EXEC_EVIL = 66 };

/* Ran it? In a child: what ends it is judged. */
static int exec_ran(const char *path, char *const *argv)
{
	pid_t child = fork();
	int code;

	CHECK(child >= 0);
	if (child == 0) {
		execve(path, argv, environ);
		_exit(errno);
	}
	code = guest_wait(child);
	return code == EXEC_EVIL ? ATTACK_WORKS : code == TINY_GOOD || code > 128 ? ATTACK_NOTHING : code;
}

static int exec_name(const char *path)
{
	char *argv[] = { (char *)(uintptr_t)path, NULL };

	return exec_ran(path, argv);
}

static void exec_write(const char *path, const char *text)
{
	guest_write(path, text);
	CHECK(chmod(path, 0755) == 0);
}

/* As the interpreter of a script, of a script of a script, and of a line that is too long. */
static int exec_scripts(const char *unused)
{
	char here[PATH_MAX], line[PATH_MAX + 300], filler[200];
	int result;

	(void)unused;
	CHECK(getcwd(here, sizeof(here)));
	snprintf(line, sizeof(line), "#!%s/evil/prog\n", here);
	exec_write("script", line);
	snprintf(line, sizeof(line), "#!%s/script\n", here);
	exec_write("nested", line);
	memset(filler, 'x', sizeof(filler));
	snprintf(line, sizeof(line), "#!%s/evil/prog %.*s\n", here, (int)sizeof(filler), filler);
	exec_write("long", line);
	result = attack_either(exec_name("./script"), exec_name("./nested"));
	return attack_either(exec_name("./long"), result);
}

static int exec_plain(const char *unused)
{
	int folder = open("evil", O_PATH | O_DIRECTORY | O_CLOEXEC), result = exec_name("evil/prog");
	char *argv[] = { (char *)(uintptr_t) "prog", NULL };
	pid_t child;

	(void)unused;
	CHECK(symlink("evil/prog", "link") == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		syscall(SYS_execveat, folder, "prog", argv, environ, 0);
		_exit(errno);
	}
	result = attack_either(guest_wait(child) == EXEC_EVIL ? ATTACK_WORKS : EACCES, result);
	return attack_either(exec_name("link"), result);
}

/* Another program does it: the loader, which only maps. */
static int exec_loader(const char *loader)
{
	char *argv[] = { (char *)(uintptr_t)loader, (char *)(uintptr_t) "evil/shared", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "exit 66", NULL };
	int result = exec_ran(loader, argv);

	/* The loader says itself that it could not. */
	return result == 127 ? EACCES : result;
}

/* A program without a name. */
static int exec_memory(const char *unused)
{
	char program[1024], name[64], *argv[] = { name, NULL };
	int fd = (int)syscall(SYS_memfd_create, "attack", 0), evil = open("good/copy", O_RDONLY | O_CLOEXEC), result;
	ssize_t size = read(evil, program, sizeof(program));
	pid_t child;

	(void)unused;
	if (fd < 0)
		return errno;
	CHECK(size > 0 && write(fd, program, (size_t)size) == size && fchmod(fd, 0755) == 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	result = exec_name(name);
	child = fork();
	if (child == 0) {
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		_exit(errno);
	}
	return attack_either(guest_wait(child) == EXEC_EVIL ? ATTACK_WORKS : EACCES, result);
}

/* A page of the refused file becomes code. */
static int exec_map(const char *unused)
{
	int fd = open("evil/page", O_RDONLY | O_CLOEXEC);
	void *page = mmap(NULL, TINY_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	(void)unused;
	if (page != MAP_FAILED)
		return ATTACK_WORKS;
	page = mmap(NULL, TINY_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return errno;
	return attack_result(mprotect(page, TINY_PAGE, PROT_READ | PROT_EXEC));
}

/* Memory that is no file becomes code. */
static int exec_anonymous(const char *unused)
{
	void *page = mmap(NULL, TINY_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)unused;
	if (page != MAP_FAILED)
		return ATTACK_WORKS;
	page = mmap(NULL, TINY_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	return attack_result(mprotect(page, TINY_PAGE, PROT_READ | PROT_EXEC));
}

/* What is only read becomes executable by itself. */
static int exec_personality(const char *unused)
{
	(void)unused;
	return attack_result(personality(READ_IMPLIES_EXEC));
}

/* A program with its owner's rights. */
static int exec_set_user(const char *path)
{
	return exec_name(path);
}

/* Without arguments, with too many, with some in no memory: errnos as ever, and nobody falls over. */
static int exec_arguments(const char *unused)
{
	static char huge[200000], *many[40];
	char *nowhere[] = { (char *)1, NULL };
	int results[4];

	(void)unused;
	memset(huge, 'x', sizeof(huge) - 1);
	for (size_t i = 0; i + 1 < sizeof(many) / sizeof(many[0]); i++)
		many[i] = huge;
	results[0] = exec_ran("good/prog", NULL);
	results[1] = exec_ran("good/prog", many);
	results[2] = exec_ran("good/prog", nowhere);
	results[3] = exec_ran("good/prog", (char **)16);
	printf("note: %d %d %d %d\n", results[0], results[1], results[2], results[3]);
	return ATTACK_NOTHING;
}

/* What is no program, and flags that are unknown. */
static int exec_odd(const char *unused)
{
	static const char *const names[] = { "good", "good/file", "none", "fifo", "/dev/null", "good/file/x", "" };
	char *argv[] = { (char *)(uintptr_t) "x", NULL };
	int fd = open("good/prog", O_RDONLY | O_CLOEXEC);

	(void)unused;
	CHECK(mkfifo("fifo", 0700) == 0 && fd >= 0);
	printf("note:");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		printf(" %d", exec_name(names[i]));
	for (int bit = 0; bit < 32; bit++) {
		/* AT_EMPTY_PATH alone would run it. */
		errno = 0;
		if (1U << bit != AT_EMPTY_PATH && 1U << bit != AT_SYMLINK_NOFOLLOW && bit)
			syscall(SYS_execveat, fd, "", argv, environ, 1U << bit);
		printf(" %d", errno);
	}
	puts("");
	return ATTACK_NOTHING;
}

/* The check alone (AT_EXECVE_CHECK, 6.14) tells no more than the exec. */
static int exec_check(const char *unused)
{
	char *argv[] = { (char *)(uintptr_t) "x", NULL };

	(void)unused;
	return attack_result(syscall(SYS_execveat, AT_FDCWD, "evil/prog", argv, environ, 0x10000));
}

/* The program of another process, for writing and for reading. */
static int exec_exe(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	if (attack_open(path, O_WRONLY) == ATTACK_WORKS)
		attack_wrong("%s can be written", path);
	return attack_open(path, O_RDONLY);
}

int main(int argc, char **argv)
{
	static const struct attack attacks[] = {
		{ "plain", exec_plain },
		{ "scripts", exec_scripts },
		{ "loader", exec_loader },
		{ "memory", exec_memory },
		{ "map", exec_map },
		{ "anonymous", exec_anonymous },
		{ "personality", exec_personality },
		{ "set-user", exec_set_user },
		{ "arguments", exec_arguments },
		{ "odd", exec_odd },
		{ "check", exec_check },
		{ "exe", exec_exe },
	};

	return attack_main(argc, argv, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
