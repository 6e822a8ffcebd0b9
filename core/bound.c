/*
 * A ring of names with numbers. A socket that is bound for longer than all of them are kept tells its last component
 * again, as do those that a worker binds: its memory is not ours. Decides nothing.
 */
#include "core/bound.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/call.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

#define BOUND_NAMES 1024
#define BOUND_DIGITS 10 /* of two bits: a dot and so many slashes, and one */
#define BOUND_NUMBERS (UINT32_C(1) << 2 * BOUND_DIGITS)
#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

struct bound_name {
	uint32_t number;
	char written[BOUND_NAME_MAX + 1]; /* empty: free */
};

struct bound_names {
	uint32_t next;
	struct bound_name ring[BOUND_NAMES];
};

/* The number in front of base; its length. */
static size_t bound_write(uint32_t number, char *out)
{
	size_t length = 0;

	for (unsigned i = 0; i < BOUND_DIGITS; i++, number >>= 2) {
		out[length++] = '.';
		for (uint32_t slash = 0; slash <= (number & 3); slash++)
			out[length++] = '/';
	}
	return length;
}

/* What follows the number, or NULL where there is none. */
static const char *bound_read(const char *name, uint32_t *number_out)
{
	*number_out = 0;
	for (unsigned i = 0; i < BOUND_DIGITS; i++) {
		size_t slashes = name[0] == '.' ? strspn(name + 1, "/") : 0;

		if (slashes < 1 || slashes > 4)
			return NULL;
		*number_out |= (uint32_t)(slashes - 1) << 2 * i;
		name += 1 + slashes;
	}
	return *name == '\0' || strchr(name, '/') ? NULL : name;
}

static struct bound_names *bound_names(struct call *call)
{
	struct supervisor *supervisor = call->sandbox->supervisor;

	if (!supervisor->bound_names && !supervisor->remote_fd)
		supervisor->bound_names = calloc(1, sizeof(struct bound_names));
	return supervisor->bound_names;
}

size_t bound_begin(struct call *call, const char *written, const char *base, char name_out[BOUND_NAME_MAX + 1])
{
	struct bound_names *names = strcmp(written, base) != 0 ? bound_names(call) : NULL;
	size_t length = strlen(base);
	char number[BOUND_DIGITS * 5];
	size_t extra = names ? bound_write(names->next, number) : 0;

	if (length + extra > BOUND_NAME_MAX)
		extra = 0;
	if (length > BOUND_NAME_MAX)
		return 0;
	memcpy(name_out, number, extra);
	memcpy(name_out + extra, base, length + 1);
	return length + extra;
}

void bound_keep(struct call *call, const char *written, const char *name)
{
	struct bound_names *names = call->sandbox->supervisor->bound_names;
	struct bound_name *entry;
	uint32_t number;

	if (!names || !bound_read(name, &number) || number != names->next)
		return;
	entry = &names->ring[number % BOUND_NAMES];
	entry->number = number;
	snprintf(entry->written, sizeof(entry->written), "%s", written);
	names->next = (number + 1) % BOUND_NUMBERS;
}

static const char *bound_base(const char *written)
{
	const char *slash = strrchr(written, '/');

	return slash ? slash + 1 : written;
}

const char *bound_written(const struct call *call, const char *name)
{
	const struct bound_names *names = call->sandbox->supervisor->bound_names;
	const struct bound_name *entry;
	uint32_t number;
	const char *base = bound_read(name, &number);

	if (!base)
		return name;
	entry = names ? &names->ring[number % BOUND_NAMES] : NULL;
	/* Numbers come again after a million: then at least it is the same file name. */
	if (!entry || entry->number != number || strcmp(bound_base(entry->written), base) != 0)
		return base;
	return entry->written;
}

void bound_tell(const struct call *call, struct address_bytes *bytes)
{
	const struct sockaddr *address = (const struct sockaddr *)(const void *)bytes->bytes;
	char name[ADDRESS_BYTES_MAX];
	const char *written;

	if (bytes->length <= PATH_OFFSET || address->sa_family != AF_UNIX || !bytes->bytes[PATH_OFFSET])
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(bytes->length - PATH_OFFSET), (char *)bytes->bytes + PATH_OFFSET);
	written = bound_written(call, name);
	if (written == name)
		return;
	bytes->length = (socklen_t)(PATH_OFFSET + strlen(written) + 1);
	memcpy(bytes->bytes + PATH_OFFSET, written, strlen(written) + 1);
}

void bound_free(struct bound_names *names)
{
	free(names);
}
