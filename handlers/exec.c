/*
 * execve and execveat at their entry: the file, every interpreter of a chain of scripts,
 * and the ELF interpreter are found, judged and held; exec_check.c compares with what was
 * loaded. Decides the exec category. Must not let the kernel load a file whose content was not seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/mem.h"
#include "core/path.h"
#include "handlers/common.h"
#include "handlers/exec_job.h"
#include "handlers/handlers.h"

#ifndef AT_EXECVE_CHECK /* 6.14 */
#define AT_EXECVE_CHECK 0x10000
#endif

#define EXEC_MEMFD "!memfd:" /* the name that rules know memory files by */

enum {
	EXEC_FLAGS = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_EXECVE_CHECK,
	EXEC_INTERPRETERS_MAX = 5, /* of scripts, one after the other; the kernel's limit since 5.8 */
};

_Static_assert(sizeof(struct exec_state) <= CALL_STATE_MAX, "state of an exec");

struct exec_row {
	enum sysno sysno;
	int dirfd;
	int flags;
	unsigned path;
};

static const struct exec_row exec_rows[] = {
	/* call, dirfd, flags, path */
	{ SC_execve, ARG_NONE, ARG_NONE, 0 },
	{ SC_execveat, 0, 4, 1 },
};

/* Unknown flags are seen after the string was read and before it is looked up. */
static int exec_flags_error(struct call *call, const struct exec_row *row, unsigned flags)
{
	char string[PATH_MAX];
	const ssize_t len = mem_read_string(call, call_arg(call, row->path), string, sizeof(string));

	if (len < 0)
		return (int)len;
	return len == 0 && !(flags & AT_EMPTY_PATH) ? -ENOENT : -EINVAL;
}

/* What the kernel says to the file itself comes first, so that its content is not told to who may not execute it. */
static int exec_judge(struct call *call, const struct path *path)
{
	struct stat st;
	int error = errno_result(fstatat(path->object, "", &st, AT_EMPTY_PATH));

	if (error < 0)
		return error;
	if (!S_ISREG(st.st_mode))
		return S_ISLNK(st.st_mode) ? -ELOOP : -EACCES;
	error = (int)errno_result(syscall(SYS_faccessat2, path->object, "", X_OK, AT_EMPTY_PATH | AT_EACCESS));
	/* Memory files are files to the rules, and memory to exec/anonymous. */
	if (error >= 0 && access_active(call, CAT_EXEC) && str_starts(path->name, EXEC_MEMFD) &&
		!access_anonymous_memory(call))
		error = -EACCES;
	return error < 0 ? error : access_check_path(call, CAT_EXEC, path);
}

/* An interpreter, found from the working directory as the kernel does. */
static int exec_find_interpreter(struct call *call, const char *name, struct path *path)
{
	int error;

	path_release(path);
	path_init(path);
	error = path_begin_string(call, AT_FDCWD, name, PATH_FOLLOW, path);
	if (error == 0)
		error = path_find(call, path);
	return error < 0 ? error : exec_judge(call, path);
}

/* What a program asks of its memory may not make executable what no rule has seen. */
static int exec_judge_memory(struct call *call, const struct program *program, const char *name)
{
	const char *why = NULL;

	if (!access_active(call, CAT_EXEC))
		return 0;
	if (program->executable_stack && !access_anonymous_memory(call))
		why = "it asks for an executable stack";
	if (program->writable_code && !access_anonymous_memory(call))
		why = "it asks for code that can be written";
	if (program->reads_execute)
		why = "without PT_GNU_STACK, all of its memory would be executable";
	if (why)
		program_log_refused(call, name, why);
	return why ? -EACCES : 0;
}

/* The end of the chain: path leads to an ELF program and is used up. */
static int exec_follow_elf(
	struct call *call, struct exec_state *state, const struct program *program, struct path *path)
{
	int error = exec_judge_memory(call, program, path->name);

	if (error < 0 || program->interpreter[0] == '\0')
		return error;
	error = exec_find_interpreter(call, program->interpreter, path);
	if (error < 0)
		return error;
	state->files[EXEC_INTERPRETER] = program_open(call, path->object);
	return state->files[EXEC_INTERPRETER] < 0 ? state->files[EXEC_INTERPRETER] : 0;
}

/* From the file, found and judged, to what the kernel will load; path is used up. */
static int exec_follow(struct call *call, struct exec_state *state, struct path *path)
{
	struct program program;
	int error = 0;

	for (unsigned depth = 0; error == 0 && depth <= EXEC_INTERPRETERS_MAX; depth++) {
		AUTO_CLOSE int fd = program_open(call, path->object);

		error = fd < 0 ? fd : program_read(fd, &program);
		if (error == 0 && program.kind != PROGRAM_SCRIPT) {
			state->kind = program.kind;
			state->files[EXEC_PROGRAM] = take_fd(&fd);
			return program.kind == PROGRAM_ELF ? exec_follow_elf(call, state, &program, path) : 0;
		}
		if (error == 0)
			error = exec_find_interpreter(call, program.interpreter, path);
	}
	return error < 0 ? error : -ELOOP;
}

static struct verdict exec_enter(struct call *call)
{
	const struct exec_row *row = COMMON_ROW(exec_rows, call);
	const unsigned flags = (unsigned)common_arg(call, row->flags, 0);
	struct exec_state *state = call_state(call);
	PATH_LOCAL(path);
	int error;

	/* Stopped only because other calls are traced: the supervisor must know of an exec that is under way. */
	if (!access_active(call, CAT_EXEC) && !access_active(call, CAT_WALK))
		return verdict_continue();
	if (flags & ~(unsigned)EXEC_FLAGS)
		return verdict_fail(exec_flags_error(call, row, flags));
	*state = (struct exec_state){ .holds = true, .files = { -1, -1 } };
	state->check_only = (flags & AT_EXECVE_CHECK) != 0;
	error = common_lookup(call, row->dirfd, row->path, common_path_flags(flags), &path);
	if (error == 0)
		error = exec_judge(call, &path);
	/* The kernel does not look into a file that it only checks. */
	if (error == 0 && !state->check_only)
		error = exec_follow(call, state, &path);
	if (error == 0)
		error = call_revalidate(call);
	return error < 0 ? verdict_fail(error) : verdict_continue();
}

static struct verdict exec_leave(struct call *call)
{
	const struct exec_state *state = call_state(call);

	return call_result(call) < 0 || !state->holds || state->check_only ? verdict_continue()
									   : exec_check(call, state);
}

static void exec_cancel(struct call *call)
{
	struct exec_state *state = call_state(call);

	if (!state->holds)
		return;
	state->holds = false;
	cleanup_close(&state->files[EXEC_PROGRAM]);
	cleanup_close(&state->files[EXEC_INTERPRETER]);
}

const struct handler handler_exec = {
	.name = "exec",
	.flags = H_TRACE | H_EXIT | H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_EXEC) | CAT_BIT(CAT_WALK),
	.state_size = sizeof(struct exec_state),
	.enter = exec_enter,
	.leave = exec_leave,
	.cancel = exec_cancel,
};
