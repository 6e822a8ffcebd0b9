/*
 * Reads /proc/TID through the procfs descriptor that the supervisor holds.
 */
#include "core/process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cage_call.h"
#include "core/call.h"
#include "core/cleanup.h"
#include "core/identity_state.h"
#include "core/remote.h"
#include "core/sandbox.h"
#include "core/status.h"
#include "core/supervisor.h"
#include "core/tracee.h"
#include "core/util.h"

#ifndef PIDFD_SIGNAL_THREAD_GROUP
#define PIDFD_SIGNAL_THREAD_GROUP (1U << 1) /* 6.9 */
#endif

static int process_open(const struct call *call, const char *file)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%d/%s", (int)call->tid, file);
	fd = openat(call->sandbox->supervisor->proc_fd, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static ssize_t process_read(const struct call *call, const char *file, char *buffer, size_t size)
{
	AUTO_CLOSE int fd = process_open(call, file);
	ssize_t length;

	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	length = read(fd, buffer, size - 1);
	if (length < 0)
		return -errno;
	buffer[length] = '\0';
	return length;
}

static uint64_t process_field(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtoull(line + strlen(name), NULL, 10) : 0;
}

/* Hexadecimal digits, the last ones of the first signals: 16, or 32 on mips. */
static struct process_signals process_signals(const char *status, const char *name)
{
	const char *line = strstr(status, name);
	struct process_signals signals = { 0 };

	if (!line)
		return signals;
	line += strlen(name);
	for (line += strspn(line, "\t"); isxdigit((unsigned char)*line); line++) {
		signals.words[1] = signals.words[1] << 4 | signals.words[0] >> 60;
		signals.words[0] = signals.words[0] << 4 | (uint64_t)(*line <= '9' ? *line - '0' : *line - 'a' + 10);
	}
	return signals;
}

int process_status_read(struct call *call, struct process_status *status_out)
{
	char text[STATUS_TEXT_SIZE]; /* the groups stand before the signals */
	ssize_t length = process_read(call, "status", text, sizeof(text));

	if (length < 0)
		return (int)length;
	/* Field names start a line; the first line, Name, has its newlines escaped by the kernel. */
	*status_out = (struct process_status){
		.tgid = (pid_t)process_field(text, "\nTgid:"),
		.uid = (uid_t)process_field(text, "\nUid:"),
		.pending_thread = process_signals(text, "\nSigPnd:"),
		.pending_shared = process_signals(text, "\nShdPnd:"),
		.blocked = process_signals(text, "\nSigBlk:"),
		.ignored = process_signals(text, "\nSigIgn:"),
		.caught = process_signals(text, "\nSigCgt:"),
	};
	return 0;
}

/* "number 0x1 0x2 0x3 0x4 0x5 0x6 0xSP 0xIP", or "-1 0xSP 0xIP" */
int process_call_read(const struct call *call, int64_t *number_out, uint64_t args_out[6])
{
	char text[256];
	char *at, *end;
	ssize_t length = process_read(call, "syscall", text, sizeof(text));

	if (length < 0)
		return (int)length;
	*number_out = strtoll(text, &at, 10);
	if (at == text)
		return -EPROTO;
	for (unsigned i = 0; i < 6 && *number_out >= 0; i++, at = end) {
		args_out[i] = strtoull(at, &end, 16);
		if (end == at)
			return -EPROTO;
	}
	return 0;
}

/* Before 6.9 a pidfd is the process's; it is checked after it was opened by number. */
static int process_signal_leader(struct call *call, int number)
{
	const struct supervisor *supervisor = call->sandbox->supervisor;
	struct process_status status;
	int error = process_status_read(call, &status);
	AUTO_CLOSE int pidfd = error ? -1 : (int)cage_call(supervisor, SYS_pidfd_open, status.tgid, 0, 0, 0);

	if (error)
		return error;
	if (pidfd < 0)
		return -errno;
	error = call_revalidate(call);
	if (error)
		return error;
	return cage_call(supervisor, SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0 ? -errno : 0;
}

int process_signal(struct call *call, int number)
{
	const struct supervisor *supervisor = call->sandbox->supervisor;
	int pidfd;

	if (supervisor->remote_fd)
		return remote_signal(call, number);
	if (!supervisor->features.pidfd_thread)
		return process_signal_leader(call, number);
	pidfd = tracee_pidfd(call);
	if (pidfd < 0)
		return pidfd;
	return cage_call(supervisor, SYS_pidfd_send_signal, pidfd, number, NULL, PIDFD_SIGNAL_THREAD_GROUP) < 0 ? -errno
														: 0;
}

void process_signal_thread(const struct call *call, int number)
{
	cage_call(call->sandbox->supervisor, SYS_tkill, call->tid, number, 0, 0);
}

void process_command(struct call *call, char *buffer, size_t size)
{
	ssize_t length = process_read(call, "cmdline", buffer, size);

	if (length <= 0) {
		buffer[0] = '\0';
		return;
	}
	if (buffer[length - 1] == '\0')
		length--;
	for (ssize_t i = 0; i < length; i++)
		if (buffer[i] == '\0')
			buffer[i] = ' ';
}

void process_cwd(struct call *call, char *buffer, size_t size)
{
	char name[32];
	ssize_t length;

	snprintf(name, sizeof(name), "%d/cwd", (int)call->tid);
	length = readlinkat(call->sandbox->supervisor->proc_fd, name, buffer, size - 1);
	if (length < 0 && errno == EACCES && identity_lift(call)) {
		length = readlinkat(call->sandbox->supervisor->proc_fd, name, buffer, size - 1);
		identity_lower(call);
	}
	buffer[length < 0 ? 0 : length] = '\0';
}
