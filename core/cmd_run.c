/*
 * The order of a start (doc/ARCHITECTURE.md): what was inherited is noted, the policy read,
 * descriptors closed; no_new_privs and the Landlock domain; the launcher; then plan and filters,
 * which name our processes; last the payload, which waits until the cage is closed.
 */
#include "core/cmd_run.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/capability.h"
#include "core/cleanup.h"
#include "core/descriptors.h"
#include "core/environment.h"
#include "core/eviction.h"
#include "core/filter.h"
#include "core/grants.h"
#include "core/guard.h"
#include "core/job_control.h"
#include "core/landlock.h"
#include "core/launch.h"
#include "core/launcher.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/payload_limits.h"
#include "core/plan.h"
#include "core/plan_host.h"
#include "core/policy_environment.h"
#include "core/policy_hosts.h"
#include "core/policy_options.h"
#include "core/policy_parse.h"
#include "core/run_options.h"
#include "core/sandbox.h"
#include "core/settle.h"
#include "core/supervisor.h"
#include "core/tmpdir.h"
#include "core/util.h"

#define RUN_ERROR 125

static const char run_help[] = "usage: kennel run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
			       "Runs a command under a policy, which these options make:\n"
			       "%s"
			       "Other options:\n"
			       "  --log FILE|fd:N where refusals are logged; default: standard error\n"
			       "  --keep-fd N     the command gets descriptor N too, besides 0, 1 and 2\n"
			       "  --without NAME  do without a kernel feature: sync-wake-up, recv-ends,\n"
			       "                  pidfd-thread, get-syscall-info, set-syscall-info,\n"
			       "                  entry-result, null-path, landlock,\n"
			       "                  landlock-scope, split-opens\n"
			       "  --help          this text\n"
			       "Exit status: the command's; 128+N when signal N ended it; 125 an error of\n"
			       "Kennel, 126 the command cannot or may not be executed, 127 it was not found.\n";

struct run {
	struct inherited inherited;
	char **words; /* the command line behind "run" */
	struct run_options options;
	struct kfeat features;
	struct plan_host host; /* of our own processes, only those that exist yet */
	struct policy_environment environment;
	struct tmpdir tmpdir;
	int tmpdir_error;
	int log_fd;            /* -1: standard error */
	struct policy *policy; /* until the sandbox takes it */
	struct supervisor supervisor;
	struct sock_fprog filter;
	struct grants grants;
};

static int run_error(const char *what, int error)
{
	fprintf(stderr, "kennel: %s: %s\n", what, strerror(error < 0 ? -error : error));
	return RUN_ERROR;
}

static int run_refuse(const char *why)
{
	fprintf(stderr, "kennel: %s\n", why);
	return RUN_ERROR;
}

/* ${VAR} of policies; the temporary directory has a name when the first policy asks for it. */
static const char *run_lookup(void *context, const char *name)
{
	struct run *run = context;

	if (!str_equal(name, "KENNEL_TMPDIR"))
		return policy_environment_lookup(&run->environment, name);
	if (!run->tmpdir.path[0])
		run->tmpdir_error = tmpdir_name(&run->tmpdir);
	return run->tmpdir_error ? NULL : run->tmpdir.path;
}

/* Everything the caller left open but what the payload and the log get. */
static int run_close_others(const struct run_options *options)
{
	int keep[LAUNCH_KEPT_MAX + 1];
	unsigned count = 0;
	bool log_placed = options->log_fd < 0;

	for (unsigned i = 0; i < options->kept_count; i++) {
		if (!log_placed && options->log_fd <= options->kept[i]) {
			if (options->log_fd < options->kept[i])
				keep[count++] = options->log_fd;
			log_placed = true;
		}
		keep[count++] = options->kept[i];
	}
	if (!log_placed)
		keep[count++] = options->log_fd;
	return descriptors_close_others(keep, count);
}

/* Numbers 0 to 2 must never be one of our own descriptors: others write to them, and the cage closes them. */
static int run_fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd < 0 ? -errno : close(fd);
}

static int run_open_log(struct run *run)
{
	const char *file = run->options.log ? run->options.log : policy_settings(run->policy)->log_file;
	int fd;

	if (run->options.log_fd >= 0 || !file)
		return run->options.log_fd;
	fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

/* What the kernel must have for this policy, in one line. */
static const char *run_missing(const struct run *run)
{
	if ((policy_active_bits(run->policy) || policy_settings(run->policy)->lock != POLICY_LOCK_ON) &&
		kfeat_missing())
		return kfeat_missing();
	if (landlock_wanted(run->policy) && run->features.landlock_abi < 2)
		return "this kernel lacks Landlock (ABI 2), which this policy needs to refuse making and removing "
		       "names outside what the rules allow";
	return NULL;
}

/*
 * Whoever started us may share with us what chdir(), umask() and close() change. A sandbox around this one may
 * not let us part with it; its own processes are then all that can be in it.
 */
static int run_part(void)
{
	return unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) == 0 || errno == EPERM || errno == ENOSYS ? 0 : -errno;
}

static int run_confine(const struct run *run)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* When the launcher dies its orphans come to us, not to somebody who lets them live. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return -errno;
	return landlock_wanted(run->policy) ? landlock_confine(run->policy, run->host.scopes_signals) : 0;
}

static int run_start_launcher(struct run *run)
{
	struct launcher_options options = { .keep_alive_fd = run->tmpdir.keep_alive_fd,
		.wait_all = policy_settings(run->policy)->wait_all,
		.orphaned = job_control_is_orphaned(),
		.supervisor = &run->supervisor,
		.policy = run->policy };
	int channel = -1;
	int payload = -1;
	pid_t pid = launcher_start(&options, &channel, &payload);

	return pid < 0 ? (int)pid : launch_attach(&run->supervisor, pid, channel, payload);
}

static struct plan *run_plan(struct run *run)
{
	run->host.privileged = run->supervisor.privileged;
	run->host.launcher = run->supervisor.launcher_pid;
	run->host.cleaner = run->tmpdir.cleaner;
	return plan_new(run->policy, &run->host);
}

static int run_build_filters(
	struct run *run, const struct plan *plan, struct sock_filter *guard_code, struct sock_fprog *guard_out)
{
	const struct abi *abis[PLAN_ABIS_MAX];
	unsigned count = plan_host_abis(run->policy, abis);
	int error = guard_build(abis, count, guard_code, guard_out);

	return error ? error : filter_build(plan, abis, count, &run->filter);
}

/* What Landlock decides for the payload: a descriptor, -1: nothing, or -errno. */
static int run_ruleset(const struct run *run, const struct policy *policy)
{
	bool executing = !run->host.ptrace && policy_active(policy, CAT_EXEC) && plan_exec_fits(policy, &run->host);

	if (!executing && !run->host.landlock_reads)
		return -1;
	return landlock_payload_ruleset(
		executing ? policy : NULL, run->host.landlock_reads ? &run->grants : NULL, run->host.scopes_signals);
}

static int run_launch(
	struct run *run, struct sandbox *sandbox, const struct sock_fprog *guard, char *const *environment)
{
	AUTO_CLOSE int ruleset = run_ruleset(run, sandbox->policy);
	struct launch_spec spec = {
		.argv = run->options.command,
		.envp = environment,
		.guard = guard,
		.filter = &run->filter,
		.kept = run->options.kept,
		.kept_count = run->options.kept_count,
		.process_group = getpgrp(),
		.listens = plan_notifies(sandbox->plan),
		.scope_signals = run->filter.len > 0 && run->host.scopes_signals && ruleset < 0,
		.no_core = plan_prepared(sandbox->plan) & (CAT_BIT(CAT_WRITE) | CAT_BIT(CAT_CREATE)),
		.ruleset = ruleset,
		.inherited = &run->inherited,
	};

	if (ruleset < -1)
		return ruleset;

	sandbox->command = run->options.command[0];
	payload_limits_read(sandbox->policy, &spec.limits);
	spec.capabilities = payload_limits_bind(&spec.limits, capability_kept(sandbox->policy));
	/* What binds the payload to its limits takes a capability from it. */
	sandbox->ids_may_differ |= spec.limits.set && run->supervisor.privileged;
	return launch_payload(sandbox, &spec);
}

static int run_launch_environment(struct run *run, struct sandbox *sandbox, const struct sock_fprog *guard)
{
	extern char **environ;
	struct environment environment;
	int error = environment_build(sandbox->policy, environ, &environment);

	if (!error)
		error = run_launch(run, sandbox, guard, environment.variables);
	environment_release(&environment);
	return error;
}

/* The payload has its own of these, and the log another one. */
static void run_close_sent(const struct run *run)
{
	for (unsigned i = 0; i < run->options.kept_count; i++)
		if (run->options.kept[i] > STDERR_FILENO)
			close(run->options.kept[i]);
	if (run->log_fd > STDERR_FILENO)
		close(run->log_fd);
}

/* From a launcher to a payload that is on its way, then the loop. */
static int run_sandbox(struct run *run)
{
	struct sock_filter guard_code[GUARD_LENGTH_MAX];
	struct sock_fprog guard = { 0 };
	struct sandbox *sandbox;
	struct plan *plan = run_plan(run);
	int error;

	settle_step();
	error = plan ? run_build_filters(run, plan, guard_code, &guard) : -ENOMEM;
	if (error) {
		plan_free(plan);
		return run_error("cannot build the filter", error);
	}
	settle_step();
	sandbox = sandbox_new(&run->supervisor, run->policy, plan);
	run->policy = NULL;
	if (!sandbox)
		return run_error("cannot make a sandbox", ENOMEM);
	error = run_launch_environment(run, sandbox, &guard);
	if (!error)
		error = sandbox_prepare_calls(sandbox);
	filter_free(&run->filter);
	if (error)
		return run_error("cannot start the command", error);
	run_close_sent(run);
	loop_run(run->supervisor.loop);
	return sandbox->exit_status;
}

/*
 * Our memory goes as it is: what is freed piece by piece would first be copied, because the launcher's shares it. The
 * launcher said that the sandbox has ended right before it exits, or is gone.
 */
static _Noreturn void run_exit(struct run *run, int status)
{
	eviction_finish(run->supervisor.sandboxes);
	log_flush(run->supervisor.log);
	launcher_wait(run->supervisor.launcher_pid);
	tmpdir_remove(&run->tmpdir);
	exit(status);
}

/* All but the launcher; the cleaner makes its directory in the meantime. 0, or the status after a message. */
static int run_prepare(struct run *run)
{
	bool has_tmpdir = run->tmpdir.path[0];
	int error = capability_drop(capability_kept(run->policy), capability_own(run->policy));

	if (!error && has_tmpdir)
		error = tmpdir_start_cleaner(&run->tmpdir);
	if (has_tmpdir)
		setenv("TMPDIR", run->tmpdir.path, 1);
	if (!error)
		error = supervisor_init(&run->supervisor, &run->features, run->log_fd);
	if (error)
		return run_error("cannot start", error);
	run->supervisor.cleaner_pid = run->tmpdir.cleaner;
	error = has_tmpdir ? tmpdir_wait(&run->tmpdir) : 0;
	if (error)
		return run_error("cannot make the temporary directory", error);
	error = run_confine(run);
	if (!error)
		error = run_start_launcher(run);
	return error ? run_error("cannot start", error) : 0;
}

/* Everybody may read our command line, and with it the rules: the payload, too. Nothing of them is needed any more. */
static void run_hide_options(const struct run *run)
{
	for (char **word = run->words; word < run->options.command; word++)
		memset(*word, 0, strlen(*word));
}

static int run_supervise(struct run *run)
{
	int error, status;

	run->log_fd = run_open_log(run);
	error = run->log_fd < -1 ? run->log_fd : 0;
	run_hide_options(run);
	if (error)
		return run_error("cannot open the log", error);
	status = run_prepare(run);
	if (!status)
		status = run_sandbox(run);
	if (run->supervisor.sandboxes && run->supervisor.sandboxes->ended)
		run_exit(run, status);
	if (run->supervisor.magic)
		supervisor_free(&run->supervisor);
	tmpdir_remove(&run->tmpdir);
	return status;
}

/* The policy of the command line; NULL after messages. */
static struct policy *run_load(struct run *run, int argc, char **argv)
{
	AUTO_POLICY_LOADER struct policy_loader *loader = policy_loader_new(run_lookup, run);

	if (!loader || run_options_parse(&run->options, loader, argc, argv) < 0)
		return NULL;
	return run->options.help ? policy_new() : policy_loader_finish(loader, stderr);
}

static int run_checked(struct run *run)
{
	const char *missing, *promised;
	char why[512];
	int error;

	if (run->options.help)
		return printf(run_help, policy_options_help) < 0 || fflush(stdout) ? RUN_ERROR : 0;
	if (!run->options.command)
		return run_refuse("no command to run (see kennel run --help)");
	kfeat_probe(&run->features);
	for (unsigned i = 0; i < run->options.without_count; i++)
		kfeat_disable(&run->features, run->options.without[i]);
	plan_host_read(run->policy, &run->features, false, &run->host);
	missing = run_missing(run);
	if (!missing)
		missing = plan_host_lacks_abi(run->policy, why, sizeof(why));
	if (!missing)
		missing = payload_limits_refuse(run->policy, why, sizeof(why));
	if (!missing)
		missing = plan_needs_ptrace(run->policy, &run->host, why, sizeof(why));
	if (missing)
		return run_refuse(missing);
	error = run_part();
	if (error)
		return run_error("cannot part with what is shared", error);
	if (run_close_others(&run->options) < 0 || run_fill_stdio() < 0)
		return run_error("cannot close descriptors", EBADF);
	error = policy_hosts_resolve(run->policy, stderr);
	if (error)
		return error == -ENOENT ? RUN_ERROR : run_error("cannot look up host names", error);
	promised = run->tmpdir.path[0] ? run->tmpdir.path : NULL;
	error = plan_host_find_grants(run->policy, promised, 1, &run->host, &run->grants);
	return error ? run_error("cannot look at what may be read", error) : run_supervise(run);
}

int cmd_run(int argc, char **argv)
{
	struct run run = { .words = argv + 1, .tmpdir = TMPDIR_INIT };
	int status;

	settle_step();
	inherited_save(&run.inherited);
	policy_environment_init(&run.environment, NULL);
	run.policy = run_load(&run, argc, argv);
	settle_step();
	status = run.policy ? run_checked(&run) : RUN_ERROR;
	grants_free(&run.grants);
	policy_free(run.policy);
	return status;
}
