/*
 * The calls that nobody can make for another: execve, execveat, chdir, fchdir, mmap and mprotect with PROT_EXEC,
 * on every path worth naming, relative to every kind of descriptor, with broken pointers and broken programs.
 */
#include "diff.h"
#include "diff_tree.h"
#include "tiny.h"

enum { EXEC_DEPTH = 7, EXEC_LONG = 4200 };

struct exec {
	struct diff diff;
	int *error; /* in memory that the children share */
	int fds[10];
	char *long_name;
	const char *const *fd_names;
};

static const char *const exec_fd_names[] = { "file", "file-path", "dir", "dir-path", "program", "program-path", "pipe",
	"closed", "bad", "script" };

/* A child makes the call: 7 and no errno when the program ran. */
#define EXEC(exec, call, ...) \
	do { \
		pid_t exec_child; \
		fflush(stdout); \
		*(exec)->error = 0; \
		exec_child = fork(); \
		if (exec_child == 0) { \
			(call); \
			*(exec)->error = errno; \
			_exit(100); \
		} \
		(exec)->diff.result = guest_wait(exec_child); \
		(exec)->diff.result = *(exec)->error ? -1 : (exec)->diff.result; \
		(exec)->diff.error = *(exec)->error; \
		diff_show(&(exec)->diff, __VA_ARGS__); \
		putchar('\n'); \
	} while (0)

static const char *const exec_paths[] = {
	"good",
	"./good",
	"good/",
	"good/.",
	"good/..",
	"good-link",
	"good-closed",
	"file",
	"shut",
	"dir",
	"dir/",
	"dir/.",
	"dir/..",
	"dir/sub/../up",
	"dir/up/good",
	"dir/up/good-link",
	"link",
	"dirlink",
	"dirlink/",
	"dirlink/..",
	"slashlink",
	"dangling",
	"dangling/",
	"loop",
	"loop/x",
	"fifo",
	"socket",
	"closed",
	"closed/file",
	"closed/..",
	"chain/0",
	"chain/40",
	"chain/41",
	"foreign",
	"foreign/file",
	"foreign/closed",
	"foreign/closed/x",
	"foreign/sticky",
	"missing",
	"missing/below",
	"file/below",
	"",
	".",
	"..",
	"/",
	"//",
	"/dev/null",
	"/dev",
	"/proc",
	"/proc/self/status",
	"/proc/self/cwd",
	"/proc/self/root",
	"/proc/self/fd",
	"/proc/self/cwd/good",
	"/proc/self/root/missing",
	"/proc/1/missing",
	"/root/x",
	"empty",
	"text",
	"executable-text",
	"script",
	"script-space",
	"script-tab",
	"script-argument",
	"script-no-newline",
	"script-relative",
	"script-missing",
	"script-directory",
	"script-shut",
	"script-of-text",
	"script-none",
	"script-blank",
	"script-long",
	"script-cut",
	"script-zero",
	"script-loop",
	"depth/0",
	"depth/3",
	"depth/4",
	"depth/5",
	"depth/6",
	"dynamic",
	"dynamic-missing",
	"dynamic-directory",
	"dynamic-shut",
	"dynamic-text",
	"dynamic-empty",
	"dynamic-script",
	"dynamic-link",
	"dynamic-relative",
	"elf-cut",
	"elf-head",
	"elf-machine",
	"elf-type",
	"elf-phentsize",
	"elf-phnum",
	"elf-phoff",
	"elf-interp-long",
	"elf-interp-open",
	"elf-interp-outside",
	"elf-stack",
#ifndef __i386__
	"elf-no-stack", /* elsewhere it makes all memory executable, which the rules of exec refuse */
#endif
	"setuid",
	"only-execute",
};

static void exec_text(const char *path, const char *format, const char *argument)
{
	char content[9000];

	snprintf(content, sizeof(content), format, argument);
	tiny_write(path, content, strlen(content));
}

static void exec_scripts(const char *folder)
{
	char line[600];

	exec_text("script", "#!%s/good\n", folder);
	exec_text("script-space", "#!   %s/good  \n", folder);
	exec_text("script-tab", "#!\t%s/good\t\n", folder);
	exec_text("script-argument", "#!%s/good  an argument \n", folder);
	exec_text("script-no-newline", "#!%s/good", folder);
	exec_text("script-relative", "#!good%s\n", "");
	exec_text("script-missing", "#!%s/missing\n", folder);
	exec_text("script-directory", "#!%s/dir\n", folder);
	exec_text("script-shut", "#!%s/shut\n", folder);
	exec_text("script-of-text", "#!%s/executable-text\n", folder);
	exec_text("script-none", "#!\n%s", "");
	exec_text("script-blank", "#!   \t \n%s", "");
	exec_text("script-loop", "#!%s/script-loop\n", folder);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	exec_text("script-long", "#!/%s\n", line);
	line[240] = '\0';
	memset(line, '/', 240);
	exec_text("script-cut", "#!%s./good and a longer argument than fits\n", line);
	tiny_write("script-zero", "#!go\0od\n", 8);
	mkdir("depth", 0755);
	exec_text("depth/0", "#!%s/good\n", folder);
	for (int i = 1; i < EXEC_DEPTH; i++) {
		char path[32], before[PATH_MAX + 32];

		snprintf(path, sizeof(path), "depth/%d", i);
		snprintf(before, sizeof(before), "%s/depth/%d", folder, i - 1);
		exec_text(path, "#!%s\n", before);
	}
}

static void exec_dynamic(const char *folder)
{
	static const struct {
		const char *path, *interpreter;
	} files[] = { { "dynamic", "good" }, { "dynamic-missing", "missing" }, { "dynamic-directory", "dir" },
		{ "dynamic-shut", "shut" }, { "dynamic-text", "executable-text" }, { "dynamic-empty", "empty" },
		{ "dynamic-script", "script" }, { "dynamic-link", "good-link" } };
	char interpreter[PATH_MAX + 64];

	for (size_t i = 0; i < DIFF_COUNT(files); i++) {
		snprintf(interpreter, sizeof(interpreter), "%s/%s", folder, files[i].interpreter);
		tiny_program(files[i].path, false, interpreter);
	}
	tiny_program("dynamic-relative", false, "good");
}

static void exec_patch(const char *path, size_t offset, uint32_t value, size_t size)
{
	int fd;

	tiny_program(path, false, "good");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0 && pwrite(fd, &value, size, (off_t)offset) == (ssize_t)size && close(fd) == 0);
}

static void exec_broken(void)
{
	size_t interp = offsetof(struct tiny, interp), stack = offsetof(struct tiny, stack);

	tiny_write("elf-head", ELFMAG, SELFMAG);
	exec_patch("elf-cut", 0, 0x464c457f, 4);
	CHECK(truncate("elf-cut", sizeof(ElfW(Ehdr)) + 8) == 0);
	exec_patch("elf-machine", offsetof(ElfW(Ehdr), e_machine), EM_S390, 2);
	exec_patch("elf-type", offsetof(ElfW(Ehdr), e_type), ET_REL, 2);
	exec_patch("elf-phentsize", offsetof(ElfW(Ehdr), e_phentsize), 1, 2);
	exec_patch("elf-phnum", offsetof(ElfW(Ehdr), e_phnum), 0, 2);
	exec_patch("elf-phoff", offsetof(ElfW(Ehdr), e_phoff), 0x100000, 4);
	exec_patch("elf-interp-long", interp + offsetof(ElfW(Phdr), p_filesz), 5000, 4);
	exec_patch("elf-interp-open", interp + offsetof(ElfW(Phdr), p_filesz), 4, 4);
	exec_patch("elf-interp-outside", interp + offsetof(ElfW(Phdr), p_offset), 0x100000, 4);
	exec_patch("elf-stack", stack + offsetof(ElfW(Phdr), p_flags), PF_R | PF_W, 4);
	exec_patch("elf-no-stack", stack + offsetof(ElfW(Phdr), p_type), PT_NULL, 4);
}

static void exec_make(void)
{
	char folder[PATH_MAX];

	diff_make_tree();
	CHECK(getcwd(folder, sizeof(folder)));
	tiny_program("good", false, NULL);
	tiny_program("setuid", false, NULL);
	tiny_program("only-execute", false, NULL);
	tiny_program("good-closed", false, NULL);
	tiny_write("empty", "", 0);
	tiny_write("executable-text", "plain text\n", 11);
	tiny_write("text", "plain text\n", 11);
	CHECK(chmod("text", 0644) == 0 && chmod("good-closed", 0) == 0 && chmod("setuid", 04755) == 0);
	/* What a supervisor without rights cannot read is refused (doc/BOUNDARY.md). */
	CHECK(chmod("only-execute", geteuid() == 0 ? 0111 : 0555) == 0 && symlink("good", "good-link") == 0);
	exec_scripts(folder);
	exec_dynamic(folder);
	exec_broken();
}

static void exec_path(struct exec *exec, const char *path, const char *shown)
{
	static const int flags[] = { 0, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, 0x200,
		-1 };
	char *argv[] = { (char *)(uintptr_t) "program", (char *)(uintptr_t) "argument", NULL };

	EXEC(exec, execve(path, argv, environ), "execve(\"%s\")", shown);
	for (size_t i = 0; i < DIFF_COUNT(flags); i++)
		EXEC(exec, syscall(SYS_execveat, AT_FDCWD, path, argv, environ, flags[i]), "execveat(cwd, \"%s\", %x)",
			shown, (unsigned)flags[i]);
	for (size_t i = 0; i < DIFF_COUNT(exec_fd_names); i += 2)
		EXEC(exec, syscall(SYS_execveat, exec->fds[i], path, argv, environ, 0), "execveat(%s, \"%s\", 0)",
			exec_fd_names[i], shown);
}

static void exec_descriptors(struct exec *exec)
{
	static const char *const names[] = { "", "good", "../good", "sub", "/missing", "missing" };
	static const int flags[] = { 0, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW };
	char *argv[] = { (char *)(uintptr_t) "program", NULL };

	for (size_t i = 0; i < DIFF_COUNT(exec_fd_names); i++) {
		for (size_t k = 0; k < DIFF_COUNT(names) * DIFF_COUNT(flags); k++)
			EXEC(exec, syscall(SYS_execveat, exec->fds[i], names[k / 3], argv, environ, flags[k % 3]),
				"execveat(%s, \"%s\", %x)", exec_fd_names[i], names[k / 3], (unsigned)flags[k % 3]);
		EXEC(exec, syscall(SYS_execveat, exec->fds[i], 8, argv, environ, AT_EMPTY_PATH), "execveat(%s, bad)",
			exec_fd_names[i]);
	}
}

static void exec_pointers(struct exec *exec)
{
	static const char *const paths[] = { "good", "missing", "script", "dir" };
	char *argv[] = { (char *)(uintptr_t) "program", NULL };
	char *bad[] = { (char *)8, NULL };
	char *big[] = { malloc(140000), NULL };
	static char *many[70000];

	memset(big[0], 'x', 139999);
	big[0][139999] = '\0';
	for (size_t i = 0; i + 1 < DIFF_COUNT(many); i++)
		many[i] = (char *)(uintptr_t) "an argument that takes some of the room that there is for arguments "
					      "and the environment, which is a quarter of the stack's limit, ";
	for (size_t i = 0; i < DIFF_COUNT(paths); i++) {
		const char *path = paths[i];

		EXEC(exec, syscall(SYS_execve, path, NULL, NULL), "execve(\"%s\", no argv)", path);
		EXEC(exec, syscall(SYS_execve, path, 8, NULL), "execve(\"%s\", bad argv)", path);
		EXEC(exec, syscall(SYS_execve, path, argv, 8), "execve(\"%s\", bad envp)", path);
		EXEC(exec, syscall(SYS_execve, path, bad, NULL), "execve(\"%s\", bad word)", path);
		EXEC(exec, syscall(SYS_execve, path, argv, bad), "execve(\"%s\", bad variable)", path);
		EXEC(exec, syscall(SYS_execve, path, big, NULL), "execve(\"%s\", big word)", path);
		EXEC(exec, syscall(SYS_execve, path, many, NULL), "execve(\"%s\", many words)", path);
		EXEC(exec, syscall(SYS_execve, path, argv, many), "execve(\"%s\", many variables)", path);
	}
	EXEC(exec, syscall(SYS_execve, NULL, argv, NULL), "execve(NULL)");
	EXEC(exec, syscall(SYS_execve, 8, argv, NULL), "execve(bad)");
	EXEC(exec, syscall(SYS_execve, -1L, argv, NULL), "execve(-1)");
	EXEC(exec, syscall(SYS_execveat, AT_FDCWD, 8, argv, NULL, 0), "execveat(bad)");
	EXEC(exec, syscall(SYS_execveat, AT_FDCWD, NULL, argv, NULL, AT_EMPTY_PATH), "execveat(NULL, empty)");
	EXEC(exec, syscall(SYS_execveat, -1, "good", NULL, NULL, -1), "execveat(bad flags, bad fd)");
	EXEC(exec, syscall(SYS_execve, exec->long_name, argv, NULL), "execve(too long)");
	exec->long_name[PATH_MAX - 1] = '\0';
	EXEC(exec, syscall(SYS_execve, exec->long_name, argv, NULL), "execve(longest)");
	exec->long_name[256] = '\0';
	EXEC(exec, syscall(SYS_execve, exec->long_name, argv, NULL), "execve(long name)");
}

/* A program that somebody writes to, and one that is removed while it is held. */
static void exec_states(struct exec *exec)
{
	char *argv[] = { (char *)(uintptr_t) "program", NULL };
	int fd = open("setuid", O_WRONLY), gone;

	EXEC(exec, execve("setuid", argv, environ), "execve(being written)");
	close(fd);
	tiny_program("gone", false, NULL);
	gone = open("gone", O_RDONLY | O_CLOEXEC);
	CHECK(gone >= 0 && unlink("gone") == 0);
	EXEC(exec, execve("gone", argv, environ), "execve(removed)");
	EXEC(exec, syscall(SYS_execveat, gone, "", argv, environ, AT_EMPTY_PATH), "execveat(removed, empty)");
	close(gone);
}

static void exec_chdir(struct exec *exec, const char *path, const char *shown)
{
	struct diff *diff = &exec->diff;
	char cwd[PATH_MAX * 2] = "";
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	DIFF_BEGIN(diff, syscall(SYS_chdir, path), "chdir(\"%s\")", shown);
	if (strncmp(path, "/proc", 5) != 0)
		printf(" cwd %s", getcwd(cwd, sizeof(cwd)) ? cwd : "none");
	putchar('\n');
	CHECK(fchdir(here) == 0 && close(here) == 0);
}

static void exec_chdirs(struct exec *exec)
{
	struct diff *diff = &exec->diff;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < DIFF_COUNT(exec_paths); i++)
		exec_chdir(exec, exec_paths[i], exec_paths[i]);
	for (size_t i = 0; i < DIFF_COUNT(exec_fd_names); i++) {
		DIFF(diff, fchdir(exec->fds[i]), "fchdir(%s)", exec_fd_names[i]);
		CHECK(fchdir(here) == 0);
	}
	DIFF(diff, syscall(SYS_chdir, NULL), "chdir(NULL)");
	DIFF(diff, syscall(SYS_chdir, 8), "chdir(bad)");
	DIFF(diff, syscall(SYS_fchdir, 1L << 20), "fchdir(large)");
	DIFF(diff, syscall(SYS_chdir, exec->long_name), "chdir(long)");
	CHECK(mkdir("leaves", 0755) == 0 && chdir("leaves") == 0);
	CHECK(rmdir("../leaves") == 0);
	DIFF(diff, chdir("."), "chdir(., removed)");
	DIFF(diff, chdir("missing"), "chdir(missing, removed)");
	DIFF(diff, chdir(".."), "chdir(.., removed)");
	CHECK(fchdir(here) == 0 && close(here) == 0);
}

/* The address that comes out is not the same each time. */
#define MAP(exec, call, ...) DIFF(&(exec)->diff, (void *)(uintptr_t)(call) == MAP_FAILED ? -1 : 0, __VA_ARGS__)

static void exec_maps(struct exec *exec)
{
	static const int flags[] = { MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE, 0, MAP_PRIVATE | MAP_FIXED };
	static const int protections[] = { PROT_EXEC, PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC,
		PROT_READ, PROT_EXEC | 0x100 };
	char *place = mmap(NULL, 2 * GUEST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(place != MAP_FAILED);
	for (size_t i = 0; i < DIFF_COUNT(exec_fd_names); i++)
		for (size_t k = 0; k < DIFF_COUNT(flags) * DIFF_COUNT(protections); k++)
			MAP(exec,
				mmap(place + k % 2 * 16, GUEST_PAGE, protections[k % 5], flags[k / 5], exec->fds[i], 0),
				"mmap(%s, prot %x, flags %x)", exec_fd_names[i], protections[k % 5], flags[k / 5]);
	for (size_t i = 0; i < DIFF_COUNT(exec_fd_names); i++) {
		MAP(exec, mmap(NULL, 0, PROT_EXEC, MAP_PRIVATE, exec->fds[i], 0), "mmap(%s, empty)", exec_fd_names[i]);
		MAP(exec, mmap(NULL, 1L << (sizeof(long) * 8 - 2), PROT_EXEC, MAP_PRIVATE, exec->fds[i], 0),
			"mmap(%s, huge)", exec_fd_names[i]);
		MAP(exec, mmap(NULL, GUEST_PAGE, PROT_EXEC | PROT_READ, MAP_PRIVATE, exec->fds[i], GUEST_PAGE),
			"mmap(%s, behind)", exec_fd_names[i]);
		MAP(exec, syscall(SYS_mmap, NULL, GUEST_PAGE, PROT_EXEC, MAP_PRIVATE, exec->fds[i], 7), "mmap(%s, odd)",
			exec_fd_names[i]);
	}
#ifdef __i386__
	MAP(exec, syscall(SYS_mmap, 8), "mmap(8)");
	MAP(exec, syscall(SYS_mmap, NULL), "mmap(NULL)");
#endif
	MAP(exec, mmap(NULL, GUEST_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "mmap(anonymous)");
}

static void exec_mprotects(struct exec *exec)
{
	static const int protections[] = { PROT_EXEC, PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC, 0x100,
		PROT_EXEC | PROT_GROWSDOWN, PROT_EXEC | PROT_GROWSUP | PROT_GROWSDOWN };
	struct diff *diff = &exec->diff;
	char *page = mmap(NULL, 2 * GUEST_PAGE, PROT_READ, MAP_PRIVATE, exec->fds[4], 0);

	CHECK(page != MAP_FAILED && munmap(page + GUEST_PAGE, GUEST_PAGE) == 0);
	for (size_t i = 0; i < DIFF_COUNT(protections); i++) {
		DIFF(diff, mprotect(page, GUEST_PAGE, protections[i]), "mprotect(%x)", (unsigned)protections[i]);
		DIFF(diff, mprotect(page, 0, protections[i]), "mprotect(%x, empty)", (unsigned)protections[i]);
		DIFF(diff, mprotect(page + 1, GUEST_PAGE, protections[i]), "mprotect(%x, odd)",
			(unsigned)protections[i]);
		DIFF(diff, mprotect((void *)8192, 4096, protections[i]), "mprotect(%x, none)",
			(unsigned)protections[i]);
		DIFF(diff, mprotect(page, (size_t)-4096, protections[i]), "mprotect(%x, all)",
			(unsigned)protections[i]);
		DIFF(diff, syscall(SYS_pkey_mprotect, page, GUEST_PAGE, protections[i], -1), "pkey_mprotect(%x, -1)",
			(unsigned)protections[i]);
		DIFF(diff, syscall(SYS_pkey_mprotect, page, GUEST_PAGE, protections[i], 99), "pkey_mprotect(%x, 99)",
			(unsigned)protections[i]);
	}
}

static void exec_open(struct exec *exec)
{
	int pipes[2];

	CHECK(pipe2(pipes, O_CLOEXEC) == 0);
	exec->fds[0] = open("file", O_RDONLY | O_CLOEXEC);
	exec->fds[1] = exec->diff.with_path ? open("file", O_PATH | O_CLOEXEC) : -1;
	exec->fds[2] = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	exec->fds[3] = exec->diff.with_path ? open("dir", O_PATH | O_CLOEXEC) : -1;
	exec->fds[4] = open("good", O_RDONLY);
	exec->fds[5] = exec->diff.with_path ? open("good", O_PATH) : -1;
	exec->fds[6] = pipes[0];
	exec->fds[7] = open("text", O_WRONLY | O_CLOEXEC);
	exec->fds[8] = 987;
	exec->fds[9] = open("script", O_RDONLY | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	struct exec exec = { .diff = diff_start(argc, argv) };

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	exec.error = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	exec.long_name = malloc(EXEC_LONG);
	CHECK(exec.long_name && (void *)exec.error != MAP_FAILED);
	memset(exec.long_name, '/', EXEC_LONG - 1);
	memset(exec.long_name, 'n', 300);
	exec.long_name[EXEC_LONG - 1] = '\0';
	exec_make();
	exec_open(&exec);
	for (size_t i = 0; i < DIFF_COUNT(exec_paths); i++)
		exec_path(&exec, exec_paths[i], exec_paths[i]);
	exec_descriptors(&exec);
	exec_pointers(&exec);
	exec_states(&exec);
	exec_chdirs(&exec);
	exec_maps(&exec);
	exec_mprotects(&exec);
	return 0;
}
