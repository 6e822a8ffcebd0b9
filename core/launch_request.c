/*
 * Packing and unpacking of launch requests. Touches no process.
 */
#include "core/launch_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"

static uint32_t launch_request_count(char *const *strings, size_t *size)
{
	uint32_t count = 0;

	for (; strings[count]; count++)
		*size += strlen(strings[count]) + 1;
	return count;
}

static int launch_request_put(int fd, const void *data, size_t size)
{
	while (size) {
		ssize_t written = write(fd, data, size);

		if (written < 0)
			return -errno;
		data = (const char *)data + written;
		size -= (size_t)written;
	}
	return 0;
}

static char *launch_request_copy(char *to, char *const *strings)
{
	for (; *strings; strings++)
		to = stpcpy(to, *strings) + 1;
	return to;
}

/* All strings in one write: an environment has dozens. */
static int launch_request_put_strings(int fd, const struct launch_spec *spec, size_t size)
{
	AUTO_FREE char *buffer = malloc(size ? size : 1);

	if (!buffer)
		return -ENOMEM;
	launch_request_copy(launch_request_copy(buffer, spec->argv), spec->envp);
	return launch_request_put(fd, buffer, size);
}

static void launch_request_fill(struct launch_header *header, const struct launch_spec *spec)
{
	size_t size = 0;

	header->argc = launch_request_count(spec->argv, &size);
	header->envc = launch_request_count(spec->envp, &size);
	header->guard_count = spec->guard->len;
	header->filter_count = spec->filter->len;
	header->strings_size = (uint32_t)size;
	header->kept_count = spec->kept_count;
	if (spec->kept_count > 0)
		memcpy(header->kept, spec->kept, spec->kept_count * sizeof(int));
	header->process_group = spec->process_group;
	header->listens = spec->listens;
	header->scope_signals = spec->scope_signals;
	header->no_core = spec->no_core;
	header->ruleset = spec->ruleset >= 0;
	header->capabilities = spec->capabilities;
	header->inherited = *spec->inherited;
	header->limits = spec->limits;
}

int launch_request_write(const struct launch_spec *spec)
{
	struct launch_header header = { 0 };
	AUTO_CLOSE int fd = memfd_create("launch", MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	if (spec->kept_count > LAUNCH_KEPT_MAX)
		return -EINVAL;
	launch_request_fill(&header, spec);
	error = launch_request_put(fd, &header, sizeof(header));
	if (!error)
		error = launch_request_put(fd, spec->guard->filter, spec->guard->len * sizeof(struct sock_filter));
	if (!error)
		error = launch_request_put(fd, spec->filter->filter, spec->filter->len * sizeof(struct sock_filter));
	if (!error)
		error = launch_request_put_strings(fd, spec, header.strings_size);
	return error ? error : take_fd(&fd);
}

static char **launch_request_strings(char **cursor, uint32_t count)
{
	char **strings = calloc((size_t)count + 1, sizeof(char *));

	for (uint32_t i = 0; strings && i < count; i++) {
		strings[i] = *cursor;
		*cursor += strlen(*cursor) + 1;
	}
	return strings;
}

int launch_request_read(int memfd, struct launch_request *request_out)
{
	struct stat status;
	char *cursor;
	void *map;

	if (fstat(memfd, &status) < 0)
		return -errno;
	map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd, 0);
	if (map == MAP_FAILED)
		return -errno;
	request_out->header = map;
	cursor = (char *)map + sizeof(struct launch_header);
	request_out->guard.len = (unsigned short)request_out->header->guard_count;
	request_out->guard.filter = (struct sock_filter *)(void *)cursor;
	cursor += request_out->guard.len * sizeof(struct sock_filter);
	request_out->filter.len = (unsigned short)request_out->header->filter_count;
	request_out->filter.filter = (struct sock_filter *)(void *)cursor;
	cursor += request_out->filter.len * sizeof(struct sock_filter);
	request_out->argv = launch_request_strings(&cursor, request_out->header->argc);
	request_out->envp = launch_request_strings(&cursor, request_out->header->envc);
	return request_out->argv && request_out->envp ? 0 : -ENOMEM;
}
