/*
 * Order matters: the filters are loaded before the listener is told, the release comes
 * only when the supervisor has closed its cage, and what was inherited is given back last.
 */
#include "core/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/capability.h"
#include "core/channel.h"
#include "core/descriptors.h"
#include "core/environment.h"
#include "core/filter.h"
#include "core/landlock.h"
#include "core/launch_request.h"
#include "core/payload_limits.h"

enum payload_step { PAYLOAD_PREPARE, PAYLOAD_EXEC };

/* Says why and ends: the payload never runs half prepared. */
static _Noreturn void payload_fail(int channel, enum payload_step step, int error)
{
	struct message message = { .type = MESSAGE_EXEC_FAILED, .status = error < 0 ? -error : error, .value = step };

	channel_send(channel, &message, NULL, 0);
	_exit(125);
}

/*
 * Kept descriptors go to their numbers, the channel right above the highest of them; everything
 * else is closed. First all are moved out of the way, so that none overwrites another.
 */
static int payload_place_fds(const struct launch_header *header, const int *fds, int *channel)
{
	int above = header->kept_count ? header->kept[header->kept_count - 1] + 1 : 0;
	int moved[LAUNCH_KEPT_MAX];

	*channel = fcntl(*channel, F_DUPFD_CLOEXEC, above);
	if (*channel < 0)
		return -errno;
	for (uint32_t i = 0; i < header->kept_count; i++) {
		moved[i] = fcntl(fds[LAUNCH_FD_KEPT + i], F_DUPFD_CLOEXEC, *channel + 1);
		if (moved[i] < 0)
			return -errno;
	}
	for (uint32_t i = 0; i < header->kept_count; i++)
		if (dup2(moved[i], header->kept[i]) < 0)
			return -errno;
	return 0;
}

static int payload_close_others(const struct launch_header *header, int channel)
{
	int keep[LAUNCH_KEPT_MAX + 1];

	memcpy(keep, header->kept, header->kept_count * sizeof(int));
	keep[header->kept_count] = channel;
	return descriptors_close_others(keep, header->kept_count + 1);
}

static int payload_load_filters(const struct launch_request *request, int *listener_out)
{
	int result = filter_load(&request->guard, 0);

	*listener_out = -1;
	if (result < 0 || !request->filter.len)
		return result < 0 ? result : 0;
	if (!request->header->listens)
		return filter_load(&request->filter, 0);
	result = filter_load(
		&request->filter, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	if (result < 0)
		return result;
	*listener_out = result;
	return 0;
}

/* Tells the supervisor about the listener and waits until it lets us go. */
static int payload_wait_release(int channel, int listener)
{
	struct message message = { .type = MESSAGE_LISTENER, .status = listener, .pid = getpid() };
	int result = channel_send(channel, &message, NULL, 0);

	if (result < 0)
		return result;
	result = channel_receive(channel, false, &message, NULL, 0, NULL);
	if (result <= 0)
		return result < 0 ? result : -EPIPE;
	return message.type == MESSAGE_RELEASE ? 0 : -EPROTO;
}

static int payload_prepare(const struct launch_request *request, const int *fds, int *channel)
{
	const struct launch_header *header = request->header;
	int listener;
	int error;

	/* The launcher is not dumpable; the supervisor must be able to take our listener. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return -errno;
	/* The launcher is in a group of its own; the terminal's signals must reach the payload. */
	if (setpgid(0, header->process_group) < 0 && errno != EPERM)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	error = header->ruleset ? landlock_enter(fds[LAUNCH_FD_KEPT + header->kept_count]) : 0;
	if (!error)
		error = payload_place_fds(header, fds, channel);
	if (!error)
		error = payload_close_others(header, *channel);
	if (!error && header->scope_signals)
		error = landlock_scope_signals();
	if (!error)
		error = capability_drop(header->capabilities, 0);
	/* Before the filter, which answers for this limit. */
	if (!error && header->no_core && setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) < 0)
		error = -errno;
	if (!error)
		error = payload_load_filters(request, &listener);
	if (!error)
		error = payload_wait_release(*channel, listener);
	if (!error && listener >= 0)
		close(listener);
	return error;
}

/* One candidate of the search; PATH entries that are empty mean the current directory. */
static int payload_exec_in(const char *directory, size_t length, char *const *argv, char *const *envp)
{
	char name[PATH_MAX];
	int written = snprintf(name, sizeof(name), "%.*s%s%s", (int)length, directory, length ? "/" : "", argv[0]);

	if (written < 0 || (size_t)written >= sizeof(name))
		return ENAMETOOLONG;
	execve(name, argv, envp);
	return errno;
}

/*
 * As execvp, but what the kernel does not know as a program is not handed to a shell. Returns only
 * when nothing could be executed: the errno to tell.
 */
static int payload_exec(char *const *argv, char *const *envp)
{
	const char *path = environment_value(envp, "PATH");
	int told = ENOENT;

	if (argv[0][0] == '\0')
		return ENOENT;
	if (strchr(argv[0], '/'))
		return payload_exec_in("", 0, argv, envp);
	for (path = path ? path : "/bin:/usr/bin"; path; path = *path ? path + 1 : NULL) {
		size_t length = strcspn(path, ":");
		int error = payload_exec_in(path, length, argv, envp);

		if (error != ENOENT && error != ENOTDIR && told != EACCES)
			told = error;
		if (error != ENOENT && error != ENOTDIR && error != EACCES && error != ENAMETOOLONG)
			break;
		path += length;
	}
	return told;
}

_Noreturn void payload_run(int channel)
{
	struct launch_request request;
	struct message message;
	int fds[CHANNEL_FDS_MAX];
	unsigned count = 0;
	int error = -EPROTO;

	/* A supervisor that gives up before has said why. */
	if (channel_receive(channel, false, &message, fds, CHANNEL_FDS_MAX, &count) <= 0)
		_exit(125);
	if (message.type == MESSAGE_LAUNCH && count >= LAUNCH_FD_KEPT)
		error = launch_request_read(fds[LAUNCH_FD_REQUEST], &request);
	if (!error && request.header->kept_count + LAUNCH_FD_KEPT + request.header->ruleset != count)
		error = -EPROTO;
	if (!error)
		error = payload_prepare(&request, fds, &channel);
	if (error)
		payload_fail(channel, PAYLOAD_PREPARE, error);
	inherited_restore(&request.header->inherited);
	/* Also below what our own descriptors needed. */
	error = payload_limits_apply(&request.header->limits, request.header->no_core);
	if (error)
		payload_fail(channel, PAYLOAD_PREPARE, error);
	payload_fail(channel, PAYLOAD_EXEC, payload_exec(request.argv, request.envp));
}
