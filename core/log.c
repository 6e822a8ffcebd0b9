/*
 * Where lines go, without ever waiting: pipes and terminals through a description of our
 * own with O_NONBLOCK (setting it on the inherited one would change the payload's),
 * sockets with MSG_DONTWAIT; writes to regular files do not wait.
 */
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/json.h"
#include "core/log_line.h"
#include "core/util.h"

#define LOG_MAGIC 0x4c4f4700U
#define LOG_PENDING_MAX 65536
#define LOG_FLUSH_MS 200

enum log_kind { LOG_FILE, LOG_NONBLOCK, LOG_SOCKET, LOG_POLLED };

struct log {
	uint32_t magic;
	int fd;
	enum log_kind kind;
	unsigned long dropped;
	size_t pending; /* bytes in buffer that a slow reader has not taken */
	char buffer[LOG_PENDING_MAX];
};

/* A description of our own where the kind of file has one; else the writes are polled. */
static void log_open(struct log *log, int fd)
{
	struct stat status;
	char name[PATH_OF_FD_SIZE];
	int own;

	log->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	log->kind = LOG_POLLED;
	if (log->fd < 0 || fstat(fd, &status) < 0)
		return;
	if (S_ISREG(status.st_mode)) {
		log->kind = LOG_FILE;
	} else if (S_ISSOCK(status.st_mode)) {
		log->kind = LOG_SOCKET;
	} else {
		path_of_fd(fd, name);
		own = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (own < 0)
			return;
		close(log->fd);
		log->fd = own;
		log->kind = LOG_NONBLOCK;
	}
}

struct log *log_new(int fd)
{
	struct log *log = malloc(sizeof(*log));

	if (!log)
		return NULL;
	/* The buffer is large, and mostly never needed: it is not touched. */
	memset(log, 0, offsetof(struct log, buffer));
	log->magic = LOG_MAGIC;
	log_open(log, fd);
	return log;
}

void log_free(struct log *log)
{
	if (!log)
		return;
	MAGIC_CHECK(log, LOG_MAGIC);
	if (log->fd >= 0)
		close(log->fd);
	log->magic = 0;
	free(log);
}

int log_fd(const struct log *log)
{
	return log->fd;
}

static bool log_writable(const struct log *log, int timeout_ms)
{
	struct pollfd pollfd = { .fd = log->fd, .events = POLLOUT };

	return poll(&pollfd, 1, timeout_ms) == 1 && (pollfd.revents & POLLOUT);
}

/* A description that is not ours and may block: asked not to, or given what a writable pipe is sure to take. */
static ssize_t log_write_polled(const struct log *log, const char *text, size_t length)
{
	struct iovec iovec = { .iov_base = (void *)(uintptr_t)text, .iov_len = length };
	ssize_t written = pwritev2(log->fd, &iovec, 1, -1, RWF_NOWAIT);

	if (written >= 0 || errno != EOPNOTSUPP)
		return written < 0 ? -errno : written;
	if (!log_writable(log, 0))
		return -EAGAIN;
	written = write(log->fd, text, length < PIPE_BUF ? length : PIPE_BUF);
	return written < 0 ? -errno : written;
}

/* Bytes taken, or -errno; -EAGAIN when the reader is slow. */
static ssize_t log_write(const struct log *log, const char *text, size_t length)
{
	ssize_t written;

	if (log->kind == LOG_SOCKET)
		written = send(log->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (log->kind == LOG_POLLED)
		return log_write_polled(log, text, length);
	else
		written = write(log->fd, text, length);
	return written < 0 ? -errno : written;
}

static void log_drain(struct log *log)
{
	while (log->pending) {
		ssize_t written = log_write(log, log->buffer, log->pending);

		if (written <= 0)
			return;
		log->pending -= (size_t)written;
		memmove(log->buffer, log->buffer + written, log->pending);
	}
}

static void log_keep(struct log *log, const char *line, size_t length)
{
	if (length > sizeof(log->buffer) - log->pending) {
		log->dropped++;
		return;
	}
	memcpy(log->buffer + log->pending, line, length);
	log->pending += length;
}

/* The count of dropped lines goes out as soon as there is room for it. */
static void log_report_dropped(struct log *log)
{
	char line[128];
	struct json json;

	if (!log->dropped || log->pending)
		return;
	json_begin(&json, line, sizeof(line));
	json_string(&json, "ctx", "log");
	json_number(&json, "dropped", (long)log->dropped);
	log->dropped = 0;
	log_keep(log, line, json_end(&json));
	log_drain(log);
}

void log_line(struct log *log, const char *line, size_t length)
{
	MAGIC_CHECK(log, LOG_MAGIC);
	if (log->fd < 0)
		return;
	if (!length) {
		log->dropped++;
		return;
	}
	log_drain(log);
	log_report_dropped(log);
	log_keep(log, line, length);
	log_drain(log);
}

void log_event(struct log *log, const char *context, const char *format, ...)
{
	char text[512];
	char line[2048];
	struct json json;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	json_begin(&json, line, sizeof(line));
	json_string(&json, "ctx", context);
	json_string(&json, "msg", text);
	log_line_time(&json);
	log_line(log, line, json_end(&json));
}

void log_flush(struct log *log)
{
	if (!log || log->fd < 0)
		return;
	log_drain(log);
	if (log->pending && log->kind != LOG_FILE && log_writable(log, LOG_FLUSH_MS))
		log_drain(log);
	log_report_dropped(log);
}
