/*
 * chdir and fchdir. Nobody can change the directory of another process, so the kernel goes on with a name that may
 * change under it: what was checked is held here, and compared with the new working directory before the thread
 * goes on. Decides the chdir category; the lookup decides walk.
 */
#include <errno.h>
#include <sys/stat.h>

#include "core/access.h"
#include "core/cleanup.h"
#include "core/held.h"
#include "core/log.h"
#include "core/path.h"
#include "core/util.h"
#include "handlers/common.h"
#include "handlers/handlers.h"

struct chdir_state {
	bool holds;
	int fd; /* O_PATH: the directory that was allowed; keeps its identity from being another's */
	struct held_identity identity;
};

/* Takes over the descriptor when the call may go on. */
static struct verdict chdir_decide(struct call *call, int *fd, const char *name)
{
	struct chdir_state *state = call_state(call);
	int error = held_identify(*fd, &state->identity);

	if (error >= 0 && !S_ISDIR(state->identity.mode))
		error = -ENOTDIR;
	/* Detached or removed, a directory has some name, and what no rule matches is for the default. */
	if (error >= 0)
		error = access_check(call, CAT_CHDIR, name);
	if (error < 0)
		return verdict_fail(error);
	state->fd = take_fd(fd);
	state->holds = true;
	return verdict_continue();
}

static struct verdict chdir_enter_path(struct call *call)
{
	PATH_LOCAL(path);
	int error = common_lookup(call, ARG_NONE, 0, PATH_FOLLOW, &path);

	return error < 0 ? verdict_fail(error) : chdir_decide(call, &path.object, path.name);
}

/* An argument in a register, but what it stands for may change: dup2 by another thread. */
static struct verdict chdir_enter_fd(struct call *call)
{
	PATH_LOCAL(path);
	int AUTO_CLOSE fd = held_fd(call, call_arg_int(call, 0));
	int error = fd < 0 ? fd : path_of_descriptor(call, fd, &path);

	return error < 0 ? verdict_fail(error) : chdir_decide(call, &fd, path.name);
}

static struct verdict chdir_enter(struct call *call)
{
	return call_sysno(call) == SC_fchdir ? chdir_enter_fd(call) : chdir_enter_path(call);
}

static bool chdir_may_walk(const struct call *call, const char *name)
{
	char prefix[PATH_NAME_SIZE];

	for (size_t i = 0; name[i] != '\0'; i++) {
		prefix[i] = name[i];
		prefix[i + 1] = '\0';
		if (i > 0 && (name[i + 1] == '/' || name[i + 1] == '\0') && access_refuses(call, CAT_WALK, prefix))
			return false;
	}
	return true;
}

/* Silent where it is allowed: whoever brought the process there was asked, and logged, at its own entry. */
static bool chdir_may_be(struct call *call, int fd)
{
	PATH_LOCAL(path);

	return path_of_descriptor(call, fd, &path) == 0 && !access_refuses(call, CAT_CHDIR, path.name) &&
	       chdir_may_walk(call, path.name);
}

/* For the log: nothing decides on it. A name may be too long even for the kernel. */
static void chdir_name(int fd, char name[PATH_MAX])
{
	char link[PATH_OF_FD_SIZE];
	ssize_t len;

	path_of_fd(fd, link);
	len = readlink(link, name, PATH_MAX - 1);
	if (len < 0)
		memcpy(name, "unknown", sizeof("unknown"));
	else
		name[len] = '\0';
}

static struct verdict chdir_kill(struct call *call, int held, int cwd)
{
	char checked[PATH_MAX];
	char found[PATH_MAX];

	chdir_name(held, checked);
	chdir_name(cwd, found);
	log_mismatch(call, CAT_CHDIR, checked, found);
	return verdict_kill();
}

static struct verdict chdir_leave(struct call *call)
{
	const struct chdir_state *state = call_state(call);
	const int held = state->holds ? state->fd : -1; /* none: a child that took over a directory */
	int AUTO_CLOSE cwd = -1;

	if (call_result(call) != 0)
		return verdict_continue();
	if (held >= 0 && held_cwd_is(call, &state->identity) == 1)
		return verdict_continue();
	cwd = held_cwd(call);
	/* Threads may share the directory (CLONE_FS): another one may have gone somewhere else that is allowed. */
	if (cwd == -ESRCH || (cwd >= 0 && chdir_may_be(call, cwd)))
		return verdict_continue();
	return chdir_kill(call, held, cwd);
}

static void chdir_cancel(struct call *call)
{
	const struct chdir_state *state = call_state(call);

	if (state->holds)
		close(state->fd);
}

const struct handler handler_chdir = {
	.name = "chdir",
	.flags = H_TRACE | H_EXIT | H_READS_MEM | H_IDENTITY,
	.categories = CAT_BIT(CAT_CHDIR) | CAT_BIT(CAT_WALK),
	.state_size = sizeof(struct chdir_state),
	.enter = chdir_enter,
	.leave = chdir_leave,
	.cancel = chdir_cancel,
};
