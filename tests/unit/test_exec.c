/*
 * What handler_exec says at the entry of an exec, next to what this kernel says to the same
 * call; and at its event, on processes that really execute something else than what was judged.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/path.h"
#include "core/program.h"
#include "core/util.h"
#include "handlers/handlers.h"
#include "tests/unit/fake_handlers.h"

#define CHECK_ONLY 0x10000 /* AT_EXECVE_CHECK */
#define SCRIPT(interpreter) "#!" interpreter "\n"

static int open_error;
static int implies_exec;
static unsigned refusals_logged;

int program_open(struct call *call, int object)
{
	char name[PATH_OF_FD_SIZE];

	(void)call;
	path_of_fd(object, name);
	return open_error ? open_error : errno_result(open(name, O_RDONLY | O_CLOEXEC));
}

int program_implies_exec(struct call *call)
{
	(void)call;
	return implies_exec;
}

void program_log_refused(struct call *call, const char *name, const char *why)
{
	(void)call;
	cr_assert(name[0] == '/' && why[0] != '\0');
	refusals_logged++;
}

static void make_bytes(const char *name, const void *bytes, size_t size)
{
	int AUTO_CLOSE fd = open(name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0755);

	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
}

static void make_text(const char *name, const char *text)
{
	make_bytes(name, text, strlen(text));
}

/* A program of this host, which somebody may patch. */
static void make_copy(const char *from, const char *to)
{
	int AUTO_CLOSE fd = open(from, O_RDONLY | O_CLOEXEC);
	int AUTO_CLOSE out = open(to, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0755);
	char buffer[65536];
	ssize_t got;

	cr_assert(fd >= 0 && out >= 0);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		cr_assert_eq(write(out, buffer, (size_t)got), got);
}

static void interpreter_of(const char *name, char interpreter[PATH_MAX])
{
	int AUTO_CLOSE fd = open(name, O_RDONLY | O_CLOEXEC);
	struct program program;

	cr_assert(program_read(fd, &program) == 0 && program.kind == PROGRAM_ELF);
	snprintf(interpreter, PATH_MAX, "%s", program.interpreter);
}

/* Puts another, shorter name in the place of the interpreter's. */
static void patch_interpreter(const char *name, const char *interpreter)
{
	int AUTO_CLOSE fd = open(name, O_RDWR | O_CLOEXEC);
	char bytes[4096] = "";
	char old[PATH_MAX];
	char *at;

	interpreter_of(name, old);
	cr_assert(pread(fd, bytes, sizeof(bytes), 0) > 0);
	at = memmem(bytes, sizeof(bytes), old, strlen(old));
	cr_assert(at && strlen(interpreter) < strlen(old));
	cr_assert_gt(pwrite(fd, interpreter, strlen(interpreter) + 1, at - bytes), 0);
}

static void exec_setup(void)
{
	fake_enter_directory();
	make_text("text", "nothing of a program\n");
	make_text("script", SCRIPT("/bin/true"));
	make_text("middle", SCRIPT("script"));
	make_text("lost", SCRIPT("/nonexistent"));
	make_text("blank", SCRIPT(" "));
	make_text("nameless", "#!");
	make_text("into", SCRIPT("dir"));
	make_text("onto", SCRIPT("file"));
	make_text("loop", SCRIPT("./loop"));
	make_text("deep1", SCRIPT("/bin/true"));
	make_text("deep2", SCRIPT("deep1"));
	make_text("deep3", SCRIPT("deep2"));
	make_text("deep4", SCRIPT("deep3"));
	make_text("deep5", SCRIPT("deep4"));
	make_text("deep6", SCRIPT("deep5"));
	cr_assert(mkfifo("fifo", 0755) == 0 && symlink("/proc/self/exe", "magic") == 0);
}

/* A part of the loader's name. */
#if defined(__s390x__) || defined(__powerpc64__)
#define LOADER "/ld64"
#else
#define LOADER "/ld-"
#endif

TestSuite(exec, .timeout = 180, .init = exec_setup, .fini = fake_leave_directory);

static int open_count(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* enter and cancel: 0 for CONTINUE, or -errno; nothing stays open. */
static int enter_and_cancel(struct call *call)
{
	const int count = open_count();
	struct verdict verdict = fake_begin(&handler_exec, call);

	fake_cancel(&handler_exec, call);
	fake_cancel(&handler_exec, call);
	cr_assert_eq(open_count(), count);
	cr_assert(verdict.kind == VERDICT_CONTINUE || verdict.kind == VERDICT_FAIL);
	return verdict.kind == VERDICT_CONTINUE ? 0 : -(int)verdict.value;
}

#define ENTER(...) enter_and_cancel(CALL(__VA_ARGS__))
#define EXECVE(path) .sysno = SC_execve, ARGS(ADDRESS(path))
#define EXECVEAT(fd, path, flags) .sysno = SC_execveat, ARGS(FD(fd), ADDRESS(path), 0, 0, flags)

/* The exec category is on, and refuses what has this in its name. */
#define REFUSES(name) .refused = CAT_BIT(CAT_EXEC), .refused_name = (name)
#define REFUSES_NOTHING REFUSES("\n")

static int kernel_execveat(int dirfd, const char *path, int flags)
{
	char *arguments[] = { (char[]){ "test" }, NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (syscall(SYS_execveat, dirfd, path, arguments, arguments + 1, flags) == 0)
			_exit(0); /* only checked */
		_exit(errno);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -1000;
}

Test(exec, errors_are_the_kernels)
{
	static const char *const names[] = { "/bin/true", "script", "middle", "deep5", "deep6", "loop", "lost", "blank",
		"nameless", "into", "onto", "missing", "dir", "dir/", "file", "link", "fifo", "script/", "script/x", "",
		"/dev/null", "/proc/self/fd", "/nonexistent/x" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		cr_expect_eq(ENTER(EXECVE(names[i]), REFUSES_NOTHING), kernel_execveat(AT_FDCWD, names[i], 0), "%s: %d",
			names[i], kernel_execveat(AT_FDCWD, names[i], 0));
}

Test(exec, execveat_errors_are_the_kernels)
{
	static const struct {
		const char *path;
		int flags;
	} rows[] = { { "script", 0 }, { "link", AT_SYMLINK_NOFOLLOW }, { "magic", AT_SYMLINK_NOFOLLOW },
		{ "script", AT_SYMLINK_NOFOLLOW }, { "", 0 }, { "", AT_EMPTY_PATH }, { "script", 1 }, { "", 1 },
		{ "", 1 | AT_EMPTY_PATH }, { "missing", 1 }, { "script", CHECK_ONLY }, { "file", CHECK_ONLY },
		{ "dir", CHECK_ONLY }, { "missing", CHECK_ONLY }, { "lost", CHECK_ONLY } };

	/* AT_EXECVE_CHECK: 6.14 */
	const bool checks = kernel_execveat(AT_FDCWD, "script", CHECK_ONLY) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && (checks || !(rows[i].flags & CHECK_ONLY)); i++)
		cr_expect_eq(ENTER(EXECVEAT(AT_FDCWD, rows[i].path, rows[i].flags), REFUSES_NOTHING),
			kernel_execveat(AT_FDCWD, rows[i].path, rows[i].flags), "%s %x", rows[i].path, rows[i].flags);
}

Test(exec, bad_pointer_and_bad_descriptor_are_errors)
{
	cr_assert_eq(ENTER(.sysno = SC_execve, ARGS(1), REFUSES_NOTHING), -EFAULT);
	cr_assert_eq(ENTER(.sysno = SC_execveat, ARGS(CWD, 1, 0, 0, 1), REFUSES_NOTHING), -EFAULT);
	cr_assert_eq(ENTER(EXECVEAT(999, "script", 0), REFUSES_NOTHING), -EBADF);
	cr_assert_eq(ENTER(EXECVE("script"), REFUSES_NOTHING, .gone = true), -ESRCH);
}

/* Other formats are for the kernel to refuse, or for binfmt_misc. */
Test(exec, text_is_left_to_the_kernel)
{
	cr_assert_eq(ENTER(EXECVE("text"), REFUSES_NOTHING), 0);
	cr_assert_eq(ENTER(EXECVE("text"), REFUSES("text")), -EACCES);
}

Test(exec, every_file_of_the_chain_is_judged)
{
	static const char *const names[] = { "/middle", "/script", "/true", LOADER };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cr_assert_eq(ENTER(EXECVE("middle"), REFUSES(names[i])), -EACCES, "%s", names[i]);
		cr_assert_eq(ENTER(EXECVEAT(AT_FDCWD, "middle", 0), REFUSES(names[i])), -EACCES);
	}
	cr_assert_eq(ENTER(EXECVE("middle"), REFUSES("/deep1")), 0);
}

Test(exec, descriptor_is_judged_by_the_name_of_its_file)
{
	int AUTO_CLOSE fd = open("script", O_PATH | O_CLOEXEC);
	int AUTO_CLOSE memory = memfd_create("mine", MFD_CLOEXEC);

	cr_assert(write(memory, "text", 4) == 4 && fchmod(memory, 0755) == 0);
	cr_assert_eq(ENTER(EXECVEAT(fd, "", AT_EMPTY_PATH), REFUSES_NOTHING), 0);
	cr_assert_eq(ENTER(EXECVEAT(fd, "", AT_EMPTY_PATH), REFUSES("/script")), -EACCES);
	cr_assert_eq(ENTER(EXECVEAT(memory, "", AT_EMPTY_PATH), REFUSES_NOTHING), 0);
	cr_assert_eq(ENTER(EXECVEAT(memory, "", AT_EMPTY_PATH), REFUSES("memfd:mine")), -EACCES);
	cr_assert_eq(ENTER(EXECVE("magic"), REFUSES("/magic")), 0);
}

Test(exec, check_alone_judges_the_file_and_reads_nothing)
{
	struct call *call = CALL(EXECVEAT(AT_FDCWD, "lost", CHECK_ONLY), REFUSES_NOTHING);

	open_error = -EIO;
	cr_assert_eq(fake_begin(&handler_exec, call).kind, VERDICT_CONTINUE);
	cr_assert_eq(fake_leave(&handler_exec, call, 0).kind, VERDICT_CONTINUE);
	cr_assert_eq(call->mismatches, 0);
	cr_assert_eq(ENTER(EXECVEAT(AT_FDCWD, "lost", CHECK_ONLY), REFUSES("/lost")), -EACCES);
}

Test(exec, content_that_cannot_be_read_is_refused)
{
	open_error = -EACCES;
	cr_assert_eq(ENTER(EXECVE("script"), REFUSES_NOTHING), -EACCES);
	open_error = -ETXTBSY;
	cr_assert_eq(ENTER(EXECVE("script"), REFUSES_NOTHING), -ETXTBSY);
}

/* A file without the right to execute it is never looked into. */
Test(exec, content_is_not_told_to_who_may_not_execute_it)
{
	cr_assert_eq(chmod("lost", 0644), 0);
	cr_assert_eq(ENTER(EXECVE("lost"), REFUSES_NOTHING), -EACCES);
}

#if defined(__x86_64__)

static void make_elf(const char *name, uint32_t type, uint32_t flags)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr entry;
	} file = {
		.header = { .e_ident = ELFMAG,
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1 },
		.entry = { .p_type = type, .p_flags = flags },
	};

	make_bytes(name, &file, sizeof(file));
}

static void make_narrow_elf(const char *name, uint32_t type)
{
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr entry;
	} file = {
		.header = { .e_ident = ELFMAG,
			.e_type = ET_EXEC,
			.e_machine = EM_386,
			.e_phoff = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 1 },
		.entry = { .p_type = type },
	};

	make_bytes(name, &file, sizeof(file));
}

Test(exec, executable_stack_is_refused_where_anonymous_memory_is)
{
	make_elf("stack", PT_GNU_STACK, PF_X);
	cr_assert_eq(ENTER(EXECVE("stack"), REFUSES_NOTHING, .anonymous_refused = true), -EACCES);
	cr_assert_eq(refusals_logged, 1);
	cr_assert_eq(ENTER(EXECVE("stack"), REFUSES_NOTHING), 0);
	cr_assert_eq(ENTER(EXECVE("stack"), .anonymous_refused = true), 0); /* exec is off */
	make_elf("stack", PT_GNU_STACK, PF_R);
	cr_assert_eq(ENTER(EXECVE("stack"), REFUSES_NOTHING, .anonymous_refused = true), 0);
	make_elf("stack", PT_NULL, 0);
	cr_assert_eq(ENTER(EXECVE("stack"), REFUSES_NOTHING, .anonymous_refused = true), 0);
}

Test(exec, code_that_can_be_written_is_refused_where_anonymous_memory_is)
{
	make_elf("code", PT_LOAD, PF_R | PF_W | PF_X);
	cr_assert_eq(ENTER(EXECVE("code"), REFUSES_NOTHING, .anonymous_refused = true), -EACCES);
	cr_assert_eq(refusals_logged, 1);
	cr_assert_eq(ENTER(EXECVE("code"), REFUSES_NOTHING), 0);
	make_elf("code", PT_LOAD, PF_R | PF_W);
	cr_assert_eq(ENTER(EXECVE("code"), REFUSES_NOTHING, .anonymous_refused = true), 0);
	make_elf("code", PT_NULL, PF_R | PF_W | PF_X);
	cr_assert_eq(ENTER(EXECVE("code"), REFUSES_NOTHING, .anonymous_refused = true), 0);
}

Test(exec, old_program_with_all_memory_executable_is_refused)
{
	make_narrow_elf("old", PT_NULL);
	cr_assert_eq(ENTER(EXECVE("old"), REFUSES_NOTHING), -EACCES);
	cr_assert_eq(refusals_logged, 1);
	cr_assert_eq(ENTER(EXECVE("old")), 0); /* exec is off */
	make_narrow_elf("old", PT_GNU_STACK);
	cr_assert_eq(ENTER(EXECVE("old"), REFUSES_NOTHING), 0);
}

#endif

/* A child that stops before it executes `path`. */
static pid_t start_child(const char *path)
{
	char *arguments[] = { (char[]){ "test" }, NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execve(path, arguments, arguments + 1);
		_exit(errno);
	}
	cr_assert(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	cr_assert_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)), 0);
	return pid;
}

static void child_exec(pid_t pid)
{
	int status;

	cr_assert_eq(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSTOPPED(status) && status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8), "%x", status);
}

static enum verdict_kind leave_and_end(struct call *call, pid_t pid)
{
	const struct verdict verdict = fake_leave(&handler_exec, call, 0);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return verdict.kind;
}

/* The call is judged, then `executed` is what the kernel finds; the verdict at the event. */
static enum verdict_kind run_exec(struct call *call, const char *executed)
{
	const int count = open_count();
	const pid_t pid = start_child(executed);
	enum verdict_kind kind;

	call->tid = pid;
	cr_assert_eq(fake_begin(&handler_exec, call).kind, VERDICT_CONTINUE);
	child_exec(pid);
	kind = leave_and_end(call, pid);
	cr_assert_eq(open_count(), count);
	cr_assert_eq(call->mismatches, kind == VERDICT_KILL);
	return kind;
}

Test(exec, what_was_judged_may_run)
{
	cr_assert_eq(run_exec(CALL(EXECVE("/bin/true"), REFUSES_NOTHING), "/bin/true"), VERDICT_CONTINUE);
	cr_assert_eq(run_exec(CALL(EXECVE("middle"), REFUSES_NOTHING), "middle"), VERDICT_CONTINUE);
	cr_assert_eq(run_exec(CALL(EXECVE("/bin/true"), REFUSES_NOTHING, .anonymous_refused = true), "/bin/true"),
		VERDICT_CONTINUE);
}

Test(exec, another_program_is_killed_and_both_are_named)
{
	struct call *call = CALL(EXECVE("/bin/true"), REFUSES_NOTHING);

	cr_assert_eq(run_exec(call, "/bin/cat"), VERDICT_KILL);
	cr_assert_eq(call->mismatch_category, CAT_EXEC);
	cr_assert(strstr(call->mismatch_checked, "/true") && strstr(call->mismatch_found, "/cat"));
}

Test(exec, another_interpreter_of_a_script_is_killed)
{
	const pid_t pid = start_child("script");
	struct call *call = CALL(EXECVE("script"), REFUSES_NOTHING, .tid = pid);

	cr_assert_eq(fake_begin(&handler_exec, call).kind, VERDICT_CONTINUE);
	make_text("script", SCRIPT("/bin/cat"));
	child_exec(pid);
	cr_assert_eq(leave_and_end(call, pid), VERDICT_KILL);
	cr_assert_str_eq(strrchr(call->mismatch_found, '/'), "/cat");
}

static void make_program_with_loader(void)
{
	char interpreter[PATH_MAX];

	interpreter_of("/bin/true", interpreter);
	make_copy(interpreter, "loader1");
	make_copy(interpreter, "loader2");
	make_copy("/bin/true", "program");
	patch_interpreter("program", "loader1");
}

Test(exec, loader_of_the_working_directory_may_run)
{
	make_program_with_loader();
	cr_assert_eq(run_exec(CALL(EXECVE("program"), REFUSES_NOTHING), "program"), VERDICT_CONTINUE);
	cr_assert_eq(ENTER(EXECVE("program"), REFUSES("/loader1")), -EACCES);
}

Test(exec, another_loader_is_killed)
{
	struct call *call = CALL(EXECVE("program"), REFUSES_NOTHING);
	pid_t pid;

	make_program_with_loader();
	pid = call->tid = start_child("program");
	cr_assert_eq(fake_begin(&handler_exec, call).kind, VERDICT_CONTINUE);
	cr_assert_eq(rename("loader2", "loader1"), 0);
	child_exec(pid);
	cr_assert_eq(leave_and_end(call, pid), VERDICT_KILL);
	cr_assert_str_eq(strrchr(call->mismatch_found, '/'), "/loader1");
}

#if defined(__x86_64__)

static void patch_stack(const char *name)
{
	int AUTO_CLOSE fd = open(name, O_RDWR | O_CLOEXEC);
	Elf64_Ehdr header;
	Elf64_Phdr entry;
	off_t at;

	cr_assert_eq(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (at = (off_t)header.e_phoff;; at += (off_t)sizeof(entry)) {
		cr_assert_eq(pread(fd, &entry, sizeof(entry), at), sizeof(entry));
		if (entry.p_type == PT_GNU_STACK)
			break;
	}
	entry.p_flags |= PF_X;
	cr_assert_eq(pwrite(fd, &entry, sizeof(entry), at), sizeof(entry));
}

Test(exec, stack_that_became_executable_is_killed_where_anonymous_memory_is_refused)
{
	struct call *call = CALL(EXECVE("program"), REFUSES_NOTHING, .anonymous_refused = true);
	pid_t pid;

	make_copy("/bin/true", "program");
	pid = call->tid = start_child("program");
	cr_assert_eq(fake_begin(&handler_exec, call).kind, VERDICT_CONTINUE);
	patch_stack("program");
	child_exec(pid);
	cr_assert_eq(leave_and_end(call, pid), VERDICT_KILL);
	cr_assert_str_eq(call->mismatch_found, "executable memory");
	cr_assert_eq(run_exec(CALL(EXECVE("program"), REFUSES_NOTHING), "program"), VERDICT_CONTINUE);
}

#endif

/* With binfmt_misc, anything may be loaded for a file: its own name decides. */
Test(exec, program_behind_another_format_is_judged_by_its_name)
{
	cr_assert_eq(run_exec(CALL(EXECVE("text"), REFUSES_NOTHING), "/bin/true"), VERDICT_CONTINUE);
	cr_assert_eq(run_exec(CALL(EXECVE("text"), REFUSES("/true")), "/bin/true"), VERDICT_KILL);
	cr_assert_eq(run_exec(CALL(EXECVE("text"), REFUSES(LOADER)), "/bin/true"), VERDICT_KILL);
}

#define WALK_REFUSES(name) .refused = CAT_BIT(CAT_WALK), .refused_name = (name)

Test(exec, another_program_needs_only_walk_where_exec_is_off)
{
	struct call *call = CALL(EXECVE("/bin/cat"), WALK_REFUSES("/true"));

	cr_assert_eq(run_exec(CALL(EXECVE("/bin/cat"), WALK_REFUSES("/echo")), "/bin/true"), VERDICT_CONTINUE);
	cr_assert_eq(run_exec(call, "/bin/true"), VERDICT_KILL);
	cr_assert_eq(call->mismatch_category, CAT_WALK);
}

/* Deleted while it runs, a file has no name that could be judged. */
Test(exec, loader_without_a_name_is_killed)
{
	struct call *call = CALL(EXECVE("text"), REFUSES_NOTHING);
	pid_t pid;

	make_program_with_loader();
	pid = call->tid = start_child("program");
	cr_assert_eq(fake_begin(&handler_exec, call).kind, VERDICT_CONTINUE);
	child_exec(pid);
	cr_assert_eq(unlink("loader1"), 0);
	cr_assert_eq(leave_and_end(call, pid), VERDICT_KILL);
}

Test(exec, memory_that_is_all_executable_is_killed)
{
	struct call *call = CALL(EXECVE("/bin/true"), REFUSES_NOTHING);

	implies_exec = 1;
	cr_assert_eq(run_exec(call, "/bin/true"), VERDICT_KILL);
	cr_assert_str_eq(call->mismatch_found, "READ_IMPLIES_EXEC");
	cr_assert_eq(run_exec(CALL(EXECVE("/bin/true")), "/bin/true"), VERDICT_CONTINUE); /* exec is off */
}

Test(exec, what_cannot_be_examined_is_killed_unless_it_is_gone)
{
	implies_exec = -EACCES;
	cr_assert_eq(run_exec(CALL(EXECVE("/bin/true"), REFUSES_NOTHING), "/bin/true"), VERDICT_KILL);
	implies_exec = -ESRCH;
	cr_assert_eq(run_exec(CALL(EXECVE("/bin/true"), REFUSES_NOTHING), "/bin/true"), VERDICT_CONTINUE);
	implies_exec = 0;
	cr_assert_eq(
		run_exec(CALL(EXECVE("/bin/true"), REFUSES_NOTHING, .held_error = -EACCES), "/bin/true"), VERDICT_KILL);
	cr_assert_eq(run_exec(CALL(EXECVE("/bin/true"), REFUSES_NOTHING, .held_error = -ESRCH), "/bin/true"),
		VERDICT_CONTINUE);
}

Test(exec, call_that_failed_is_not_examined)
{
	struct call *call = CALL(EXECVE("script"), REFUSES_NOTHING, .held_error = -EACCES);

	cr_assert_eq(fake_begin(&handler_exec, call).kind, VERDICT_CONTINUE);
	cr_assert_eq(fake_leave(&handler_exec, call, -E2BIG).kind, VERDICT_CONTINUE);
	cr_assert_eq(call->mismatches, 0);
}
